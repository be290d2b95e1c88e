//! Files: reading what was written, and standing whatever else there is to read.

mod modules;

use isa::binary::{self, ReadProblem};
use isa::{AnyModule, StackCode, StackInstruction, StackOp, verify};
use proptest::prelude::*;

/// Reads and, if it can be read, verifies.
fn take(bytes: &[u8]) {
    match binary::read(bytes) {
        Ok(AnyModule::Stack(module)) => drop(verify::stack(module)),
        Ok(AnyModule::Register(module)) => drop(verify::register(module)),
        Err(error) => assert!(error.offset <= bytes.len(), "{error}"),
    }
}

proptest! {
    #[test]
    fn written_modules_read_back(stack in modules::stack(), register in modules::register()) {
        prop_assert_eq!(binary::read(&binary::write(&stack)), Ok(AnyModule::Stack(stack)));
        prop_assert_eq!(binary::read(&binary::write(&register)), Ok(AnyModule::Register(register)));
    }

    #[test]
    fn a_changed_byte_is_noticed(module in modules::stack(), at in any::<prop::sample::Index>(), change in 1..=255_u8) {
        let mut bytes = binary::write(&module);
        let at = at.index(bytes.len());
        bytes[at] ^= change;
        prop_assert!(binary::read(&bytes).is_err());
    }

    #[test]
    fn a_cut_file_is_noticed(module in modules::register(), at in any::<prop::sample::Index>()) {
        let bytes = binary::write(&module);
        prop_assert!(binary::read(&bytes[..at.index(bytes.len())]).is_err());
    }

    #[test]
    fn trailing_bytes_are_noticed(module in modules::register(), rest in prop::collection::vec(any::<u8>(), 1..9)) {
        let mut bytes = binary::write(&module);
        bytes.extend(rest);
        prop_assert!(binary::read(&bytes).is_err());
    }

    #[test]
    fn changes_with_a_right_checksum_do_no_harm(
        stack in modules::stack(),
        register in modules::register(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        for mut bytes in [binary::write(&stack), binary::write(&register)] {
            for (at, value) in &changes {
                let at = at.index(bytes.len());
                bytes[at] = *value;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            binary::seal(&mut bytes);
            take(&bytes);
        }
    }

    #[test]
    fn any_payload_does_no_harm(form in 1..=2_u8, payload in prop::collection::vec(prop_oneof![0..6_u8, any::<u8>()], 0..200)) {
        let mut bytes = b"\x7fZXC\x01\0".to_vec();
        bytes.extend([form, 0]);
        bytes.resize(24, 0);
        bytes.extend(payload);
        binary::seal(&mut bytes);
        take(&bytes);
    }
}

/// The smallest module with something in it.
fn small() -> StackCode {
    let mut module = StackCode { names: vec!["f".into()], ..StackCode::default() };
    let code = vec![StackInstruction::new(StackOp::BuildList, 0), StackInstruction::new(StackOp::Return, 0)];
    module.functions.push(isa::Function { code, ..isa::Function::default() });
    module
}

/// The layout is fixed: files of this version stay readable.
#[test]
fn layout_is_pinned() {
    let bytes = binary::write(&small());
    let payload = [
        2, 43, 60, // operations: RETURN and BUILD_LIST
        1, 1, b'f', // names
        0, 0, 0, 0, 0, 0, 0, 0, // builtins, constants, globals, sources, types, enums, modules, library functions
        1, 0, 0, 0, 0, 0, 0, 0, // a function's numbers and flags
        0, 0, 0, 0, 0, // captured variables, names of locals, handlers, line entries, refunds
        2, 1, 0, 0, 0, 0, 0, 0, 0, // its instructions
        0, // the entry
    ];
    assert_eq!(bytes[24..], payload);
    assert_eq!(bytes[..16], *b"\x7fZXC\x02\0\x01\0\x25\0\0\0\0\0\0\0");
}

#[test]
fn every_single_bit_counts() {
    let bytes = binary::write(&small());
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(binary::read(&changed).is_err(), "bit {bit}");
    }
}

#[test]
fn errors_say_where_and_what() {
    let error = |change: fn(&mut Vec<u8>)| {
        let mut bytes = binary::write(&small());
        change(&mut bytes);
        binary::seal(&mut bytes);
        binary::read(&bytes).unwrap_err().to_string()
    };
    let cases = [
        error(|bytes| bytes[0] = b'x'),
        error(|bytes| bytes[4] = 9),
        error(|bytes| bytes[6] = 3),
        error(|bytes| bytes[7] = 1),
        error(|bytes| bytes.truncate(20)),
        error(|bytes| bytes[25] = 255),
        error(|bytes| bytes[25] = 38),
        error(|bytes| bytes[27] = 200),
        error(|bytes| bytes[29] = 255),
        error(|bytes| bytes[45] = 8),
        error(|bytes| bytes[52] = 7),
        error(|bytes| bytes.push(0)),
        error(|bytes| bytes.truncate(60)),
    ];
    let expected = [
        "byte 0: this is no compiled program: it does not begin with 7f 5a 58 43",
        "byte 4: the file has version 9 of the layout, this build reads version 2; compile the program again",
        "byte 6: there is no form 3; 1 is the stack form and 2 the register form",
        "byte 7: 1 is no zero byte",
        "byte 20: the file ends inside the header",
        "byte 25: the code uses operation 7807 of the family, which this build does not have; update it",
        "byte 25: the code uses operation 38 of the family, which this build does not have; update it",
        "byte 27: 200 entries are announced for names, but only 32 bytes are left",
        "byte 29: a name is no valid UTF-8",
        "byte 45: 8 is no set of function flags",
        "byte 52: the instruction's operation is not among those the file lists",
        "byte 61: the module ends here, but more bytes follow",
        "byte 60: the file ends inside the entry",
    ];
    for (index, (found, expected)) in cases.iter().zip(expected).enumerate() {
        assert_eq!(found, expected, "case {index}");
    }
    let bytes = binary::write(&small());
    let cut = binary::read(&bytes[..bytes.len() - 1]).unwrap_err();
    assert!(matches!(cut.problem, ReadProblem::Length { announced: 37, found: 36 }), "{cut}");
}

/// A count far beyond the file must not be believed.
#[test]
fn counts_reserve_nothing_they_cannot_fill() {
    for count in [[0xff, 0xff, 0xff, 0xff, 0x0f].as_slice(), &[0xff; 9], &[0xff; 20]] {
        let mut bytes = binary::write(&small());
        bytes.truncate(24);
        bytes.extend(count);
        bytes.extend([0; 8]);
        binary::seal(&mut bytes);
        assert!(binary::read(&bytes).is_err());
    }
}
