//! What the register verifier accepts and refuses, program by program.

use isa::{Register, text, verify};

fn verdict(program: &str) -> Result<u32, String> {
    let module = text::parse_form::<Register>(program).unwrap_or_else(|error| panic!("{error} in\n{program}"));
    let verified = verify::register(module).map_err(|error| error.to_string())?;
    Ok(verified.frame_size(0))
}

#[track_caller]
fn accepts(program: &str) {
    if let Err(error) = verdict(program) {
        panic!("{error} in\n{program}");
    }
}

#[track_caller]
fn refuses(program: &str, message: &str) {
    assert_eq!(verdict(program), Err(message.to_owned()), "{program}");
}

/// A function after which the entry stands, so that it may have parameters.
fn with_main(function: &str) -> String {
    format!("{function}\n.function <main> registers 1\n LOAD_REG r0, null\n RETURN_REG r0")
}

const UNDEFINED: &str =
    "is read, but on some way here it was not written, or was lost to a call; write it on every way";

#[test]
fn usual_code() {
    let fib = r#"
        .function fib parameters 1 registers 4
            JUMP_NOT_LT_INT r0, 2, L0
            RETURN_REG r0
        L0: SUB_INT r1, r0, 1
            CALL_FUNC_CONST_REG r1, fib, 1
            SUB_INT r2, r0, 2
            CALL_FUNC_CONST_REG r2, fib, 1
            ADD_REG r0, r1, r2
            RETURN_REG r0
    "#;
    accepts(&with_main(fib));
    assert_eq!(verdict(&with_main(fib)), Ok(4));
}

#[test]
fn loops_carry_registers() {
    accepts(
        r#"
        .function <main> registers 6
            LOAD_INT r0, 0
            LOAD_INT r1, 10
            LOAD_INT r2, 1
            LOAD_INT r4, 0
            FOR_PREPARE_REG r0, r1, r2
            JUMP_REG done
        body:
            ADD_REG r4, r4, r0
            MOV_REG r5, r4
            PRINT_REG r5, 1
            COUNTED_LOOP r0, r1, body
        done:
            RETURN_REG r4
        "#,
    );
    // The condition at the end, and a fused branch back.
    accepts(
        ".function f registers 2\n LOAD_INT r0, 0\n LOOP_REG test\nbody: ADD_INT r0, r0, 1\ntest: JUMP_LT_INT r0, 9, body\n RETURN_REG r0",
    );
    accepts(
        r#"
        .function f registers 4
            BUILD_LIST_REG r0, 0
            ITER_PREPARE_REG r0, r0
            LOAD_INT r1, 0
        next:
            FOR_ITER_REG r2, r0, r1
            JUMP_REG got
            RETURN_REG r2
        got:
            PRINT_REG r2, 1
            LOOP_REG next
        "#,
    );
}

#[test]
fn windows_spills_and_closures() {
    accepts(
        r#"
        .function inner parameters 1 registers 2
            .capture n = local 0 cell
            LOAD_CAPTURE_CELL_REG r1, n
            STORE_CAPTURE_CELL_REG r0, n
            RETURN_REG r1
        .function <main> registers 8 spills 2 at 3
            LOAD_INT r0, 1
            MAKE_CELL_REG r1, r0
            STORE_SPILL r1, s1
            MAKE_FUNCTION_REG r2, inner
            SET_CAPTURE r2, c0, r1
            LOAD_SPILL r0, s1
            LOAD_CELL_REG r0, r0, "n"
            MOV_REG r6, r0
            CALL_TOP_REG r6, r2, 1
            LOAD_REG r5, "text"
            BUILD_STRING_REG r5, 2
            IMPORT_REG m, r6
            RETURN_REG r5
        .module m = top
        .function top registers 1
            LOAD_REG r0, null
            RETURN_REG r0
        "#,
    );
}

#[test]
fn handlers_see_what_is_written_before() {
    accepts(
        r#"
        .function f registers 5
            LOAD_INT r0, 1
            SETUP_TRY caught, r1
            CALL_BUILTIN_REG r2, rand, 0
            DIV_REG r3, r0, r2
            POP_TRY
            RETURN_REG r3
        caught:
            ADD_REG r0, r0, r1
            RETURN_REG r0
        "#,
    );
    // Code that is not reached makes no demands on its handler.
    accepts(
        ".function f registers 3\n LOAD_INT r0, 1\n RETURN_REG r0\n SETUP_TRY x, r1\n NOP_REG\n POP_TRY\nx: RETURN_REG r2",
    );
}

#[test]
fn registers_are_written_before_they_are_read() {
    refuses(
        ".function f registers 2\n ADD_REG r0, r1, r1\n RETURN_REG r0",
        &format!("function 0 `f`, instruction 0 (ADD_REG 0, 1, 1): register r1 {UNDEFINED}"),
    );
    // On one of two ways only.
    refuses(
        ".function f registers 2\n LOAD_REG r0, true\n JUMP_IF_FALSE_REG r0, join\n LOAD_INT r1, 2\njoin: RETURN_REG r1",
        &format!("function 0 `f`, instruction 3 (RETURN_REG 1, 0, 0): register r1 {UNDEFINED}"),
    );
    // In the second iteration.
    refuses(
        ".function f registers 3\n LOAD_INT r0, 0\n MOV_REG r2, r0\nagain: PRINT_REG r2, 1\n CALL_BUILTIN_REG r1, b, 0\n LOOP_REG again",
        &format!("function 0 `f`, instruction 2 (PRINT_REG 2, 0, 1): register r2 {UNDEFINED}"),
    );
    // One past the parameters.
    refuses(
        &with_main(".function f parameters 1 registers 2\n RETURN_REG r1"),
        &format!("function 0 `f`, instruction 0 (RETURN_REG 1, 0, 0): register r1 {UNDEFINED}"),
    );
    // A window's operands.
    refuses(
        ".function f registers 3\n LOAD_INT r0, 1\n LOAD_INT r1, 1\n BUILD_LIST_REG r0, 3\n RETURN_REG r0",
        &format!("function 0 `f`, instruction 2 (BUILD_LIST_REG 0, 0, 3): register r2 {UNDEFINED}"),
    );
    refuses(
        ".function f registers 3\n LOAD_INT r1, 1\n CALL_METHOD_REG r0, \"m\", 1\n RETURN_REG r0",
        &format!("function 0 `f`, instruction 1 (CALL_METHOD_REG 0, 1, 1): register r0 {UNDEFINED}"),
    );
    // Many registers, of which the last are not written: beyond the first machine word.
    let mut program = String::from(".function f registers 201\n LOAD_REG r200, true\n");
    for register in 0..199 {
        program += &format!(" LOAD_INT r{register}, 1\n");
    }
    program += " JUMP_IF_FALSE_REG r200, end\n NOP_REG\nend: PRINT_REG r0, 200\n RETURN_REG r0";
    refuses(&program, &format!("function 0 `f`, instruction 202 (PRINT_REG 0, 0, 200): register r199 {UNDEFINED}"));
}

#[test]
fn calls_lose_what_lies_above() {
    refuses(
        ".function f registers 3\n LOAD_INT r1, 1\n LOAD_INT r0, 1\n CALL_BUILTIN_REG r0, b, 1\n RETURN_REG r1",
        &format!("function 0 `f`, instruction 3 (RETURN_REG 1, 0, 0): register r1 {UNDEFINED}"),
    );
    refuses(
        ".module m = <main>\n.function <main> registers 2\n LOAD_INT r1, 1\n IMPORT_REG m, r1\n RETURN_REG r1",
        &format!("function 0 `<main>`, instruction 2 (RETURN_REG 1, 0, 0): register r1 {UNDEFINED}"),
    );
    // Also when the loss is in another block.
    refuses(
        ".function f registers 3\n LOAD_INT r0, 1\n LOAD_INT r2, 1\n JUMP_IF_FALSE_REG r0, join\n BUILD_LIST_REG r1, 0\njoin: RETURN_REG r2",
        &format!("function 0 `f`, instruction 4 (RETURN_REG 2, 0, 0): register r2 {UNDEFINED}"),
    );
    // What is written after the call is there.
    accepts(
        ".function f registers 3\n LOAD_INT r0, 1\n JUMP_IF_FALSE_REG r0, join\n BUILD_LIST_REG r1, 0\njoin: LOAD_INT r2, 1\n RETURN_REG r2",
    );
    // Printing loses nothing.
    accepts(".function f registers 2\n LOAD_INT r0, 1\n LOAD_INT r1, 1\n PRINT_REG r0, 2\n RETURN_REG r1");
}

#[test]
fn handlers_do_not_see_what_may_be_unwritten() {
    refuses(
        r#"
        .function f registers 3
            SETUP_TRY caught, r0
            LOAD_INT r1, 1
            DIV_INT r1, r1, 0
            POP_TRY
            RETURN_REG r1
        caught:
            RETURN_REG r1
        "#,
        &format!("function 0 `f`, instruction 3 (RETURN_REG 1, 0, 0): register r1 {UNDEFINED}"),
    );
    // The failing call has overwritten the register, although nothing else does.
    refuses(
        r#"
        .function f registers 3
            LOAD_INT r1, 1
            SETUP_TRY caught, r0
            CALL_BUILTIN_REG r1, rand, 1
            POP_TRY
            RETURN_REG r1
        caught:
            RETURN_REG r1
        "#,
        &format!("function 0 `f`, instruction 3 (RETURN_REG 1, 0, 0): register r1 {UNDEFINED}"),
    );
    // The landing register itself is written.
    accepts(".function f registers 1\n SETUP_TRY x, r0\n LOAD_REG r0, null\n THROW_REG r0\n POP_TRY\nx: RETURN_REG r0");
    refuses(
        ".function f registers 1\n SETUP_TRY x, r7\n LOAD_REG r0, null\n POP_TRY\nx: RETURN_REG r0",
        "function 0 `f`: register 7 does not exist, there are 1; add it or name another",
    );
}

#[test]
fn spill_slots_are_kept_apart() {
    refuses(
        ".function f registers 4 spills 2 at 1\n LOAD_INT r2, 1\n RETURN_REG r2",
        "function 0 `f`, instruction 0 (LOAD_INT 2, 1, 0): register r2 is a spill slot; only LOAD_SPILL and STORE_SPILL touch those",
    );
    refuses(
        ".function f registers 4 spills 2 at 1\n LOAD_SPILL r0, s2\n RETURN_REG r0",
        "function 0 `f`, instruction 0 (LOAD_SPILL 0, 2, 0): spill slot 2 does not exist, there are 2; add it or name another",
    );
    refuses(
        ".function f registers 4 spills 2 at 1\n LOAD_SPILL r0, s1\n RETURN_REG r0",
        &format!("function 0 `f`, instruction 0 (LOAD_SPILL 0, 1, 0): spill slot s1 {UNDEFINED}"),
    );
    refuses(
        ".function f registers 4 spills 2 at 1\n LOAD_INT r0, 1\n CALL_BUILTIN_REG r0, b, 1\n RETURN_REG r0",
        "function 0 `f`, instruction 1 (CALL_BUILTIN_REG 0, 0, 1): another frame begins at r0, at or below the spill slots, which end at r3; put windows above them",
    );
    refuses(
        ".module m = f\n.function f registers 4 spills 2 at 1\n IMPORT_REG m, r2\n LOAD_INT r0, 1\n RETURN_REG r0",
        "function 0 `f`, instruction 0 (IMPORT_REG 0, 0, 2): another frame begins at r2, at or below the spill slots, which end at r3; put windows above them",
    );
    refuses(
        ".function f registers 4 spills 2 at 1\n LOAD_INT r0, 1\n PRINT_REG r0, 2\n RETURN_REG r0",
        "function 0 `f`, instruction 1 (PRINT_REG 0, 0, 2): register r1 is a spill slot; only LOAD_SPILL and STORE_SPILL touch those",
    );
    refuses(
        ".function f registers 4 spills 2 at 3\n LOAD_INT r0, 1\n RETURN_REG r0",
        "function 0 `f`: spill slots are registers 3 to 5, but the function has 4 registers",
    );
    // Parameters may lie in the slots, where they have been written.
    accepts(&with_main(".function f parameters 3 registers 4 spills 2 at 1\n LOAD_SPILL r0, s1\n RETURN_REG r0"));
}

#[test]
fn operands_must_exist() {
    refuses(
        ".function f registers 2\n LOAD_INT r2, 1\n RETURN_REG r2",
        "function 0 `f`, instruction 0 (LOAD_INT 2, 1, 0): register 2 does not exist, there are 2; add it or name another",
    );
    refuses(
        ".function f registers 1\n LOAD_REG r0, #65536\n RETURN_REG r0",
        "function 0 `f`, instruction 0 (LOAD_REG 0, 0, 1): constant 65536 does not exist, there are 0; add it or name another",
    );
    refuses(
        ".function f registers 1\n LOAD_VAR_REG r0, #65537\n RETURN_REG r0",
        "function 0 `f`, instruction 0 (LOAD_VAR_REG 0, 1, 1): global 65537 does not exist, there are 0; add it or name another",
    );
    refuses(
        ".function f registers 2\n LOAD_INT r0, 1\n BUILD_MAP_REG r0, 2\n RETURN_REG r0",
        "function 0 `f`, instruction 1 (BUILD_MAP_REG 0, 0, 2): the window from r0 holds 4 registers, but the function has 2",
    );
    refuses(
        ".function f registers 2\n LOAD_INT r0, 1\n SET_CAPTURE r0, c0, r0\n RETURN_REG r0",
        "function 0 `f`, instruction 1 (SET_CAPTURE 0, 0, 0): captured variable 0 does not exist, there are 0; add it or name another",
    );
    refuses(
        ".function f registers 2\n NOP_REG !0, !4, !0\n LOAD_INT r0, 1\n RETURN_REG r0",
        "function 0 `f`, instruction 0 (NOP_REG 0, 4, 0): the operation has no such operand; leave it zero",
    );
    refuses(
        ".function f registers 2\n .capture n = local 0\n LOAD_CAPTURE_CELL_REG r0, n\n RETURN_REG r0\n.function <main> registers 1\n LOAD_REG r0, null\n RETURN_REG r0",
        "function 0 `f`, instruction 0 (LOAD_CAPTURE_CELL_REG 0, 0, 0): captured variable 0 is not a cell; use the operation for captured values",
    );
    refuses(
        ".function f registers 70000\n LOAD_INT r0, 1\n RETURN_REG r0",
        "function 0 `f`: a frame of this function needs 70000 values and the limit is 65536; split the function",
    );
    refuses(
        &with_main(".function f parameters 1 registers 1\n .parameters\n RETURN_REG r0"),
        "function 0 `f`: 0 names are given for 1 parameters; give one name each",
    );
}

#[test]
fn jumps_stay_inside_and_go_forward() {
    refuses(
        ".function f registers 1\n JUMP_REG !0, !5, !0\n RETURN_REG r0",
        "function 0 `f`, instruction 0 (JUMP_REG 0, 5, 0): the jump goes to instruction 5 of 2; it must stay inside the function",
    );
    refuses(
        ".function f registers 1\n NOP_REG\n JUMP_EQ_INT !0, !0, !65534\n RETURN_REG r0",
        "function 0 `f`, instruction 1 (JUMP_EQ_INT 0, 0, 65534): the jump goes to instruction -1 of 3; it must stay inside the function",
    );
    refuses(
        ".function f registers 1\n LOAD_REG r0, true\nx: JUMP_IF_TRUE_REG r0, x\n RETURN_REG r0",
        "function 0 `f`, instruction 1 (JUMP_IF_TRUE_REG 0, 0, 0): the jump goes back to instruction 1; only the loop operations go back, because they take fuel",
    );
    refuses(
        ".function f registers 1\n LOAD_REG r0, true",
        "function 0 `f`: control can run off the end of the function; end it with a return, throw, jump or loop",
    );
    refuses(
        ".function f registers 2\n LOAD_INT r0, 1\n LOAD_INT r1, 0\n FOR_ITER_REG r0, r0, r1\n RETURN_REG r0",
        "function 0 `f`, instruction 2 (FOR_ITER_REG 0, 0, 1): the operation may skip the next instruction; two instructions must follow it",
    );
}

#[test]
fn windows_that_cannot_have_been_filled_are_refused() {
    let mut program = String::from(".function f registers 60000\n");
    for _ in 0..40 {
        program += " PRINT_REG r0, 60000\n";
    }
    program += " RETURN_REG r0";
    refuses(
        &program,
        "function 0 `f`: the windows of the function hold 2400000 registers together and the limit is 1051200; split the function",
    );
}
