//! What must stay as it is: sizes of instruction words, numbers of the family, the grammar of names.

use std::collections::HashSet;

use isa::{Lane, RegisterInstruction, RegisterOp, StackInstruction, StackOp};

#[test]
fn instruction_words_keep_their_sizes() {
    assert_eq!(size_of::<StackInstruction>(), 4);
    assert_eq!(size_of::<RegisterInstruction>(), 8);
    assert_eq!(align_of::<RegisterInstruction>(), 8);
}

/// The numbers that files and papers know.
#[test]
fn family_numbers_are_those_of_the_language_page() {
    let stack = [
        (1, "LOAD_CONST"),
        (2, "LOAD_NAME"),
        (3, "STORE_NAME"),
        (4, "STORE_FUNC"),
        (5, "POP"),
        (6, "DUP"),
        (10, "ADD"),
        (11, "SUB"),
        (12, "MUL"),
        (13, "DIV"),
        (14, "MOD"),
        (15, "POW"),
        (16, "NEG"),
        (20, "EQ"),
        (21, "NEQ"),
        (22, "LT"),
        (23, "GT"),
        (24, "LTE"),
        (25, "GTE"),
        (30, "AND"),
        (31, "OR"),
        (32, "NOT"),
        (40, "JUMP"),
        (41, "JUMP_IF_FALSE"),
        (42, "JUMP_IF_TRUE"),
        (43, "RETURN"),
        (50, "CALL_NAME"),
        (51, "CALL_FUNC_CONST"),
        (52, "CALL_TOP"),
        (53, "CALL_BUILTIN"),
        (54, "CALL_METHOD"),
        (60, "BUILD_LIST"),
        (61, "BUILD_MAP"),
        (62, "BUILD_SET"),
        (63, "INDEX"),
        (64, "SLICE"),
        (65, "GET_ATTR"),
        (90, "IMPORT"),
        (130, "REQUIRE"),
        (142, "THROW"),
        (150, "FOR_ITER"),
        (250, "PRINT"),
        (255, "NOP"),
    ];
    for (number, mnemonic) in stack {
        let op = StackOp::from_mnemonic(mnemonic).unwrap_or_else(|| panic!("there is no {mnemonic}"));
        assert_eq!(op.facts().number, number, "{mnemonic}");
    }
    let register = [
        (200, "LOAD_REG"),
        (201, "LOAD_VAR_REG"),
        (202, "STORE_REG"),
        (203, "MOV_REG"),
        (210, "ADD_REG"),
        (211, "SUB_REG"),
        (212, "MUL_REG"),
        (213, "DIV_REG"),
        (214, "MOD_REG"),
        (215, "POW_REG"),
        (216, "NEG_REG"),
        (220, "EQ_REG"),
        (221, "NEQ_REG"),
        (222, "LT_REG"),
        (223, "GT_REG"),
        (224, "LTE_REG"),
        (225, "GTE_REG"),
        (230, "AND_REG"),
        (231, "OR_REG"),
        (232, "NOT_REG"),
    ];
    for (number, mnemonic) in register {
        let op = RegisterOp::from_mnemonic(mnemonic).unwrap_or_else(|| panic!("there is no {mnemonic}"));
        assert_eq!(op.facts().number, number, "{mnemonic}");
    }
}

#[test]
fn numbers_and_mnemonics_are_unique() {
    let mut numbers = HashSet::new();
    let mut mnemonics = HashSet::new();
    let stack = StackOp::ALL.iter().map(|op| (op.facts().number, op.facts().mnemonic));
    let register = RegisterOp::ALL.iter().map(|op| (op.facts().number, op.facts().mnemonic));
    for (number, mnemonic) in stack.chain(register) {
        assert!(numbers.insert(number), "number {number} ({mnemonic}) is taken");
        assert!(mnemonics.insert(mnemonic), "{mnemonic} is taken");
        let is_word = mnemonic.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        assert!(is_word, "{mnemonic} is no mnemonic");
    }
    assert!(StackOp::ALL.len() < 256, "opcodes of the stack form have 8 bits");
}

#[test]
fn numbers_say_which_form_an_operation_belongs_to() {
    for op in StackOp::ALL {
        assert!((1..=255).contains(&op.facts().number), "{op:?}");
    }
    for op in RegisterOp::ALL {
        let facts = op.facts();
        let stack = facts.stack.facts();
        match facts.number {
            200..=241 | 330..=399 => {}
            number => assert_eq!(number, 400 + stack.number, "{op:?} is a form of {}", stack.mnemonic),
        }
    }
}

#[test]
fn names_of_register_operations_follow_the_grammar() {
    for op in RegisterOp::ALL {
        let facts = op.facts();
        let stack = facts.stack.facts().mnemonic;
        match facts.number {
            400.. => {
                let base =
                    facts.mnemonic.strip_suffix("_REG").unwrap_or_else(|| panic!("{} is no _REG", facts.mnemonic));
                assert!(stack.starts_with(base), "{} is a form of {stack}", facts.mnemonic);
            }
            200..=241 => assert!(facts.mnemonic.ends_with("_REG"), "{}", facts.mnemonic),
            336..=345 => assert!(
                facts.mnemonic == format!("{stack}_INT") || facts.mnemonic == format!("{stack}_CONST"),
                "{}",
                facts.mnemonic
            ),
            346..=349 => assert_eq!(facts.mnemonic, format!("CONST_{stack}")),
            350..=379 => {
                let comparison = facts.mnemonic.trim_end_matches("_INT").trim_end_matches("_CONST");
                let expected = [format!("JUMP_{stack}"), format!("JUMP_NOT_{stack}")];
                assert!(expected.contains(&comparison.to_owned()), "{}", facts.mnemonic);
            }
            _ => {}
        }
    }
}

/// Only what moves values between the stack and slots, and what does so twice, has no register form.
#[test]
fn stack_operations_have_register_forms() {
    let without: Vec<_> = StackOp::ALL
        .iter()
        .filter(|&&op| !RegisterOp::ALL.iter().any(|register| register.facts().stack == op))
        .map(|op| op.facts().mnemonic)
        .collect();
    assert_eq!(without, ["POP", "DUP", "LOAD_LOCALS", "LOAD_LOCAL_CONST", "STORE_LOAD"]);
}

/// Wide lanes come in pairs at the end, windows in lane `a` with their count in lane `c`; the verifier and the text form build on it.
#[test]
fn lanes_are_laid_out_alike() {
    for op in RegisterOp::ALL {
        let [a, b, c] = op.facts().lanes;
        let is_wide = |lane| matches!(lane, Lane::IntWide | Lane::ConstantWide | Lane::GlobalWide | Lane::OffsetWide);
        assert!(!is_wide(a) && !is_wide(c) && a != Lane::Wide && b != Lane::Wide, "{op:?}");
        assert_eq!(is_wide(b), c == Lane::Wide, "{op:?}");
        let is_counted =
            |lane| matches!(lane, Lane::Window | Lane::ReceiverWindow | Lane::PairWindow | Lane::UseWindow);
        let is_window = |lane| is_counted(lane) || matches!(lane, Lane::ConstructWindow | Lane::SliceWindow);
        assert!(!is_window(b) && !is_window(c), "{op:?}");
        assert_eq!(is_counted(a), c == Lane::Arguments, "{op:?}");
        assert!(a != Lane::Offset && b != Lane::Offset, "{op:?}");
        assert!(a != Lane::Clobber && b != Lane::Clobber, "{op:?}");
        assert!(!matches!(a, Lane::Constant | Lane::Global | Lane::Function), "{op:?}");
    }
}

#[test]
fn words_keep_their_operands() {
    for &op in StackOp::ALL {
        let instruction = StackInstruction::new(op, 0xabcdef);
        assert_eq!((instruction.op(), instruction.operand()), (op, 0xabcdef));
        assert_eq!(StackInstruction::from_bits(instruction.bits()), Some(instruction));
        assert_eq!(StackOp::from_number(op.facts().number), Some(op));
    }
    for &op in RegisterOp::ALL {
        let instruction = RegisterInstruction::new(op, 1, 0xfffe, 0xffff);
        assert_eq!((instruction.op(), instruction.lanes()), (op, [1, 0xfffe, 0xffff]));
        assert_eq!(RegisterInstruction::from_bits(instruction.bits()), Some(instruction));
        assert_eq!(RegisterOp::from_number(op.facts().number), Some(op));
    }
    assert_eq!(StackInstruction::from_bits(0xff), None);
    assert_eq!(RegisterInstruction::from_bits(0xffff), None);
}
