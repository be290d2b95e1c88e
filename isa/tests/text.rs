//! The text form: reading what was printed, programs written by hand, and what is said of text that is no program.

mod modules;

use isa::{
    AnyModule, Constant, Function, Register, RegisterOp, Stack, StackCode, StackInstruction, StackOp, binary, text,
    verify,
};
use proptest::prelude::*;

proptest! {
    #[test]
    fn printed_stack_code_reads_back(module in modules::stack()) {
        let text = text::print(&module);
        let back = text::parse(&text);
        prop_assert_eq!(back, Ok(AnyModule::Stack(module)), "{}", text);
    }

    #[test]
    fn printed_register_code_reads_back(module in modules::register()) {
        let text = text::print(&module);
        let back = text::parse(&text);
        prop_assert_eq!(back, Ok(AnyModule::Register(module)), "{}", text);
    }

    #[test]
    fn verifiers_take_anything(stack in modules::stack(), register in modules::register()) {
        let _ = verify::stack(stack);
        let _ = verify::register(register);
    }

    #[test]
    fn listings_take_anything(stack in modules::stack(), register in modules::register()) {
        for function in 0..4 {
            let _ = text::listing(&stack, function, true);
            let _ = text::listing(&register, function, false);
        }
    }

    #[test]
    fn the_assembler_takes_anything(text in "(\\.(function|names|at|handler|capture|form|type|locals) |[a-zA-Z0-9_]{1,4}|JUMP|LOAD_CONST|SETUP_TRY|POP_TRY|[ \n,:=!#\"\\\\;-]|r0|l1|h0|\\PC){0,40}") {
        let _ = text::parse_form::<Stack>(&text);
        let _ = text::parse_form::<Register>(&text);
    }
}

/// What a person writes gets its tables made, and prints with them.
#[test]
fn tables_fill_themselves() {
    let module = text::parse_form::<Stack>(
        r#"
        ; the smallest programs need two lines
        .function double parameters 1
            .locals n
            LOAD_LOCAL n
            LOAD_CONST 2
            MUL
            RETURN
        .function <main> locals 1
            .at 0
            LOAD_CONST 21
            CALL_FUNC_CONST double, 1   ; defined above
            STORE_NAME "x"
            LOAD_NAME "x"
            CALL_BUILTIN str, 1
            JUMP_IF_FALSE no
            LOAD_CONST "yes\n"
            RETURN
        no: LOAD_CONST 1.5
            RETURN
        "#,
    )
    .unwrap();
    let expected = r#".form stack
.names "double" "n" "<main>" "x" ""
.builtins str
.constants 2 21 "yes\n" 1.5
.globals "x"

.source ""

.function double parameters 1 locals 1
    .locals n
    LOAD_LOCAL n
    LOAD_CONST 2
    MUL
    RETURN

.function <main> parameters 0 locals 1
    .locals ""
    .at 0
    LOAD_CONST 21
    CALL_FUNC_CONST double, 1
    STORE_NAME "x"
    LOAD_NAME "x"
    CALL_BUILTIN str, 1
    JUMP_IF_FALSE L0
    LOAD_CONST "yes\n"
    RETURN
  L0:
    LOAD_CONST 1.5
    RETURN

.entry <main>
"#;
    assert_eq!(text::print(&module), expected);
    verify::stack(module).unwrap();
}

#[test]
fn everything_has_its_line() {
    let text = r##".form register
.names "User" "name" "hi" "Base" "<main>" "math" "pi" "Color" "RED" "map" "n" "k" "f" "l1" "n" "two words"
.builtins len "odd name"
.constants 1 "text" null true -0.0 inf nan float 0x7ff8000000000001 function hi builtin len type User
.constants enum Color module math 1
.globals "pi" "f"

.source "main.zx"
    .text "let x = 1\n"
    .text "print(x)"

.source "other.zx"

.type Base
    .field "name" = null

.type User extends Base data constructor f
    .field "name" = "text"
    .method "hi" = hi

.enum Color
    .member "RED" = -3

.module math = f
    .member "pi" = "pi"
.prelude "map" = hi

.function hi parameters 2 registers 9 spills 2 at 6 defaults source 1 binds "f"
    .parameters n n
    .capture k = local 2 cell
    .capture l1 = capture 0
    .capture n#14 = local 1
    SETUP_TRY h1, L2, r1
    SETUP_TRY h0, L0, r2 cleanup
    LOAD_REG r0, "text"
    LOAD_REG r0, #13
    POP_TRY h0
    LOAD_REG r0, builtin len
  L0:
    LOAD_INT r0, -70000
    POP_TRY h1
    LOAD_CAPTURE_CELL_REG r1, k
    LOAD_CAPTURE_REG r1, l1
    STORE_SPILL r1, s0
    JUMP_LT_INT r0, -5, L0
    JUMP_EQ_CONST r0, nan, L2
    GET_ATTR_REG r0, r1, "n"#14
    SET_CAPTURE r0, c1, r1
    IMPORT_REG math, r8
    CALL_BUILTIN_REG r8, "odd name", 0
    NOP_REG !1, !0, !0
    JUMP_REG !0, !99, !0
  L2:
    RETURN_REG r0

.function f parameters 0 registers 1
    .at 4 ; main.zx:1:5
    LOAD_REG r0, type User
    .at 10 ; main.zx:2:1
    RETURN_REG r0

.function "two words" parameters 1 registers 1
    .parameters
    .handler 2 1 L0 r0
    RETURN_REG r0
  L0:

.function f parameters 0 registers 0
    .line 5 1
    .line 0 1

.function "two words" parameters 0 registers 2
    CALL_FUNC_CONST_REG r0, f#3, 0

.entry hi
"##;
    // Two functions are called `f` here, so every mention needs an index, and labels are numbered anew.
    let text =
        text.replace("constructor f\n", "constructor f#1\n").replace("math = f\n", "math = f#1\n").replace("L2", "L1");
    let module = text::parse_form::<Register>(&text).unwrap_or_else(|error| panic!("{error} in\n{text}"));
    assert_eq!(text::print(&module), text);
}

#[test]
fn tables_may_be_huge() {
    let mut module = StackCode {
        names: (0..100_000).map(|index| format!("n{index}").into()).collect(),
        constants: (0..70_000).map(Constant::Int).collect(),
        ..StackCode::default()
    };
    let code = vec![
        StackInstruction::new(StackOp::LoadConst, 69_999),
        StackInstruction::new(StackOp::GetAttr, 99_999),
        StackInstruction::new(StackOp::Return, 0),
    ];
    for name in 0..1000 {
        module.functions.push(Function { name, code: code.clone(), ..Function::default() });
    }
    let text = text::print(&module);
    assert!(text.contains("LOAD_CONST 69999") && text.contains("GET_ATTR \"n99999\""));
    assert!(text::parse(&text) == Ok(module.clone().into()));
    assert!(binary::read(&binary::write(&module)) == Ok(module.into()));
}

#[test]
fn handlers_without_numbers_are_innermost_first() {
    let module = text::parse_form::<Stack>(
        ".function f\n SETUP_TRY a, 0\n NOP\n SETUP_TRY b, 0\n NOP\n POP_TRY\n NOP\n POP_TRY\na: NOP\nb: RETURN",
    )
    .unwrap();
    let ranges: Vec<_> =
        module.functions[0].handlers.iter().map(|handler| (handler.start, handler.end, handler.target)).collect();
    assert_eq!(ranges, [(1, 2, 4), (0, 3, 3)]);
}

#[test]
fn listings_show_source_lines() {
    let module = text::parse_form::<Stack>(
        r#"
        .source "main.zx"
            .text "let x = 1\n"
            .text "while x { }\n"
        .function <main>
            SETUP_TRY end, 0 cleanup
            .at 0
            LOAD_CONST 1
            STORE_NAME "x"
            .at 10
        again:
            LOAD_NAME "x"
            LOOP_IF_TRUE again
            POP_TRY
            LOAD_CONST null
        end:
            RETURN
        "#,
    )
    .unwrap();
    let expected = "\
function 0 <main>: 0 parameters, 0 locals, 6 instructions
main.zx:1: let x = 1
  0  LOAD_CONST 1
  1  STORE_NAME \"x\"
main.zx:2: while x { }
  2  LOAD_NAME \"x\"
  3  LOOP_IF_TRUE @2
  4  LOAD_CONST null
  5  RETURN
  handler 0: 0..4 goes on @5, 0 cleanup
";
    assert_eq!(text::listing(&module, 0, true), expected);
    let without: String =
        expected.lines().filter(|line| !line.starts_with("main")).map(|line| format!("{line}\n")).collect();
    assert_eq!(text::listing(&module, 0, false), without);
    assert_eq!(text::Printer::new(&module).instruction(0, 3), "LOOP_IF_TRUE @2");
    assert_eq!(text::listing(&module, 7, true), "");
}

#[track_caller]
fn refuses(program: &str, message: &str) {
    let error = text::parse_form::<Stack>(program).expect_err(program);
    assert_eq!(error.to_string(), message, "{program}");
}

#[test]
fn errors_say_where_and_what() {
    refuses("NOP", "line 1, column 1: expected a directive, such as `.function`, found `NOP`");
    refuses(".function f\n ADDD", "line 2, column 2: the stack form has no operation `ADDD`");
    refuses(".function f\n ADD_REG r0, r1, r2", "line 2, column 2: the stack form has no operation `ADD_REG`");
    refuses(".function f\n ADD 3", "line 2, column 6: expected the end of the line, found `3`");
    refuses(
        ".function f\n LOAD_CONST",
        "line 2, column 12: expected a constant: a number, a string, null, true, false, or function, builtin, type, enum or module and a name, found the end of the line",
    );
    refuses(
        ".function f\n LOAD_CONST x",
        "line 2, column 13: expected a constant: a number, a string, null, true, false, or function, builtin, type, enum or module and a name, found `x`",
    );
    refuses(
        ".function f\n LOAD_CONST 9223372036854775808",
        "line 2, column 13: expected a number of 64 bits, found `9223372036854775808`",
    );
    refuses(
        ".function f\n LOAD_CONST \"abc",
        "line 2, column 13: the string is not closed; it ends with `\"` on the same line",
    );
    refuses(
        ".function f\n LOAD_CONST \"\\q\"",
        "line 2, column 14: unknown escape in a string; there are \\n \\r \\t \\\\ \\\" and \\u{hex}",
    );
    refuses(".function f\n LOAD_LOCAL x", "line 2, column 13: there is no local `x`");
    refuses(
        ".function f\n .locals x x\n LOAD_LOCAL x",
        "line 3, column 13: there is more than one local `x`; say which by its index",
    );
    refuses(".function f\n JUMP there", "line 2, column 7: there is no label in this function `there`");
    refuses(".function f\nx: NOP\nx: NOP", "line 3, column 1: label `x` stands in the function twice");
    refuses(".function f\n CALL_FUNC_CONST g, 0", "line 2, column 18: there is no function `g`");
    refuses(
        ".function f\n.function f\n CALL_FUNC_CONST f, 0",
        "line 3, column 18: there is more than one function `f`; say which by its index",
    );
    refuses(".function f\n CALL_FUNC_CONST g#0, 0", "line 2, column 18: function 0 is not `g`");
    refuses(".function f\n CALL_FUNC_CONST f 0", "line 2, column 20: expected `,`, found `0`");
    refuses(
        ".function f\n CALL_FUNC_CONST f, 256",
        "line 2, column 21: argument count 256 does not fit; the most is 255",
    );
    refuses(".function f\n BUILD_LIST -1", "line 2, column 13: count -1 does not fit; the most is 16777215");
    refuses(".function f\n CALL_NAME #65536, 0", "line 2, column 12: index 65536 does not fit; the most is 65535");
    refuses(".function f\n POP_TRY", "line 2, column 2: SETUP_TRY and POP_TRY come in pairs; this one has no partner");
    refuses(
        ".function f\n SETUP_TRY x, 0\nx: NOP",
        "line 2, column 12: SETUP_TRY and POP_TRY come in pairs; this one has no partner",
    );
    refuses(
        ".function f\nx: SETUP_TRY h1, x, 0\n POP_TRY h1",
        "line 2, column 18: handlers are numbered from h0 up, each number once, or not at all",
    );
    refuses(".form register", "line 1, column 7: the text is in the register form, not in the stack form");
    refuses(
        ".function f parameters 1 registers 2",
        "line 1, column 26: expected `parameters`, `locals`, `spills`, `defaults`, `source` or `binds`, found `registers`",
    );
    refuses(".field \"x\" = 1", "line 1, column 1: `.field` belongs after `.type`");
    refuses(".at 3", "line 1, column 1: `.at` belongs in a function of the form that has it");
    refuses(".wrong", "line 1, column 1: `.wrong` belongs to no version of this text form");
    refuses(".names \"ä\" §", "line 1, column 12: `§` begins nothing here");
    refuses(
        ".function f\n LOAD_CONST #99999999999",
        "line 2, column 13: expected an index of 32 bits after `#`, found `#99999999999`",
    );
    let error = text::parse(".function f").unwrap_err();
    assert_eq!(error.to_string(), "line 1, column 1: expected `.form stack` or `.form register`, found neither");
    let error = text::parse_form::<Register>(".function f\n LOAD_REG l1, 5").unwrap_err();
    assert_eq!(error.to_string(), "line 2, column 11: expected a register like `r0`, found `l1`");
    let far = format!(".function f\n JUMP_EQ_INT r0, 0, far\n{}far: NOP_REG", " NOP_REG\n".repeat(40_000));
    let error = text::parse_form::<Register>(&far).unwrap_err();
    assert_eq!(error.to_string(), "line 2, column 21: distance to the label 40001 does not fit; the most is 32767");
}

#[test]
fn names_of_the_family_stand_for_operations_that_do_the_same() {
    for alias in isa::aliases::ALIASES {
        assert!(StackOp::from_number(alias.number).is_none() && RegisterOp::from_number(alias.number).is_none());
        assert_eq!(StackOp::from_mnemonic(alias.mnemonic), Some(alias.stack), "{}", alias.mnemonic);
        assert_eq!(RegisterOp::from_mnemonic(alias.mnemonic), Some(alias.register), "{}", alias.mnemonic);
    }
    let named = ".function <main> locals 1\nPARALLEL_START\nLOAD_CONST 3\nTASK_JOIN\nPARALLEL_END\nRETURN";
    let plain = ".function <main> locals 1\nNOP\nLOAD_CONST 3\nAWAIT\nNOP\nRETURN";
    assert_eq!(text::parse_form::<Stack>(named), text::parse_form::<Stack>(plain));
}
