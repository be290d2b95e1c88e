//! Errors, handlers, cleanup, traces.

use crate::common::{fails, gives, prints, run};
use runtime::error::TraceEntry;

/// A main function that runs `body` (registers 0 to 5) and gives what a handler around it catches.
fn caught(body: &str) -> String {
    format!(
        ".function <main> registers 7
            SETUP_TRY caught, r6
            {body}
            POP_TRY
            LOAD_REG r6, \"nothing\"
        caught:
            RETURN_REG r6"
    )
}

#[test]
fn catch_binds_what_was_thrown_or_the_message() {
    gives(&caught("LOAD_INT r0, 42\nTHROW_REG r0"), "42");
    gives(&caught("LOAD_INT r0, 1\nLOAD_INT r1, 0\nDIV_REG r0, r0, r1"), "Division by zero");
    gives(&caught("NOP_REG"), "nothing");
    gives(&caught("LOAD_REG r0, null\nLOAD_REG r1, \"why\"\nREQUIRE_REG r0, r1"), "Requirement failed: why");
    gives(&caught("LOAD_UNSET r0\nCHECK_REG r0, \"x\""), "Identifier 'x' not found");
    gives(
        &caught("LOAD_INT r0, 1\nBUILD_LIST_REG r0, 1\nLOAD_INT r1, 3\nSET_INDEX_REG r0, r1, r1"),
        "Index out of range: 3 in a list of 1",
    );
    fails(".function <main> registers 1\n LOAD_REG r0, \"boom\"\n THROW_REG r0", "thrown: boom");
}

#[test]
fn the_innermost_handler_takes_it() {
    prints(
        ".function <main> registers 4
            SETUP_TRY outer, r3
            SETUP_TRY inner, r2
            LOAD_INT r0, 1
            THROW_REG r0
            POP_TRY
        inner:
            PRINT_REG r2, 1
            LOAD_INT r0, 2
            THROW_REG r0
            POP_TRY
        outer:
            PRINT_REG r3, 1
            RETURN_REG r3",
        "1\n2\n",
    );
}

#[test]
fn handlers_of_callers() {
    // Through two frames that have handlers elsewhere; the registers below the call are intact.
    prints(
        ".function thrower parameters 1 registers 9
            SETUP_TRY no, r8
            NOP_REG
            POP_TRY
            ADD_INT r7, r0, 1
            THROW_REG r7
        no:
            RETURN_REG r8
        .function middle parameters 1 registers 5
            MOV_REG r4, r0
            CALL_FUNC_CONST_REG r4, thrower, 1
            SETUP_TRY no, r1
            NOP_REG
            POP_TRY
        no:
            RETURN_REG r0
        .function <main> registers 6
            LOAD_REG r0, \"kept\"
            LOAD_INT r1, 0
        again:
            SETUP_TRY caught, r2
            MOV_REG r3, r1
            CALL_FUNC_CONST_REG r3, middle, 1
            POP_TRY
            RETURN_REG r3
        caught:
            ADD_INT r1, r1, 1
            PRINT_REG r0, 3
            JUMP_LT_INT r1, 3, again
            RETURN_REG r1",
        "kept 1 1\nkept 2 2\nkept 3 3\n",
    );
}

#[test]
fn closures_of_callers_are_back_after_unwinding() {
    gives(
        ".function thrower registers 1
            LOAD_REG r0, \"thrown\"
            THROW_REG r0
        .function f registers 2
        .capture \"x\" = local 0
            SETUP_TRY caught, r0
            CALL_FUNC_CONST_REG r0, thrower, 0
            POP_TRY
        caught:
            LOAD_CAPTURE_REG r0, x
            RETURN_REG r0
        .function <main> registers 2
            LOAD_REG r0, \"captured\"
            MAKE_FUNCTION_REG r1, f
            SET_CAPTURE r1, c0, r0
            CALL_TOP_REG r1, r1, 0
            RETURN_REG r1",
        "captured",
    );
}

const CLEANUP: &str = ".source \"main.zx\"
.function fail parameters 1 registers 2
.at 10
    LOAD_INT r1, 0
.at 11
    DIV_REG r0, r0, r1
    RETURN_REG r0
.function clean parameters 1 registers 4
    SETUP_TRY cleanup, r3 cleanup
.at 20
    MOV_REG r1, r0
    CALL_FUNC_CONST_REG r1, fail, 1
    POP_TRY
    RETURN_REG r1
cleanup:
.at 21
    LOAD_REG r1, \"cleaned up\"
    PRINT_REG r1, 1
.at 22
    THROW_REG r3
.function <main> registers 3
.at 30
    LOAD_INT r0, 5
    CALL_FUNC_CONST_REG r0, clean, 1
    RETURN_REG r0
";

fn entry(function: &str, offset: u32) -> TraceEntry {
    TraceEntry { function: function.to_owned(), source: 0, offset }
}

#[test]
fn cleanup_throws_on_with_kind_and_place() {
    let outcome = run(CLEANUP);
    assert_eq!(outcome.output, "cleaned up\n");
    assert_eq!(outcome.result, Err("arithmetic: Division by zero".to_owned()));
    let trace = outcome.origin.map(|origin| origin.trace);
    assert_eq!(trace, Some(vec![entry("fail", 11), entry("clean", 20), entry("<main>", 30)]));
}

#[test]
fn a_caught_error_that_was_cleaned_up_after() {
    let program = CLEANUP.replace(
        "    LOAD_INT r0, 5\n    CALL_FUNC_CONST_REG r0, clean, 1\n    RETURN_REG r0",
        "    SETUP_TRY caught, r2\n    LOAD_INT r0, 5\n    CALL_FUNC_CONST_REG r0, clean, 1\n    POP_TRY\n    RETURN_REG r0\ncaught:\n    RETURN_REG r2",
    );
    let outcome = run(&program);
    assert_eq!((outcome.result, outcome.output.as_str()), (Ok("Division by zero".to_owned()), "cleaned up\n"));
}

#[test]
fn cleanup_inside_cleanup() {
    prints(
        ".function <main> registers 5
            SETUP_TRY caught, r4
            SETUP_TRY outer, r3 cleanup
            SETUP_TRY inner, r2 cleanup
            LOAD_REG r0, \"first\"
            THROW_REG r0
            POP_TRY
        inner:
            LOAD_REG r0, \"inner\"
            PRINT_REG r0, 1
            LOAD_REG r0, \"second\"
            THROW_REG r0
            POP_TRY
        outer:
            LOAD_REG r0, \"outer\"
            PRINT_REG r0, 1
            THROW_REG r3
            POP_TRY
        caught:
            PRINT_REG r4, 1
            RETURN_REG r4",
        "inner\nouter\nsecond\n",
    );
}

#[test]
fn a_thrown_object_survives_cleanup() {
    gives(
        ".function <main> registers 6
            SETUP_TRY caught, r4
            SETUP_TRY clean, r0 cleanup
            LOAD_INT r2, 1
            LOAD_INT r3, 2
            BUILD_LIST_REG r2, 2
            THROW_REG r2
            POP_TRY
        clean:
            LOAD_INT r1, 0
        again:
            BUILD_LIST_REG r2, 0
            ADD_INT r1, r1, 1
            JUMP_LT_INT r1, 5, again
            THROW_REG r0
            POP_TRY
        caught:
            RETURN_REG r4",
        "[1, 2]",
    );
}

#[test]
fn traces() {
    let outcome = run(".source \"main.zx\"
        .function inner parameters 1 registers 2
        .at 100
            LOAD_REG r1, null
            NEG_REG r0, r1
            RETURN_REG r0
        .type T
        .field \"x\" = 0
        .method \"m\" = m
        .function m parameters 1 registers 2
        .at 50
            LOAD_INT r1, 1
        .at 51
            CALL_FUNC_CONST_REG r1, inner, 1
        .at 52
            RETURN_REG r1
        .function <main> registers 2
        .at 7
            NEW_RECORD_REG r0, T, 0
            CALL_METHOD_REG r0, \"m\", 0
        .at 8
            RETURN_REG r0");
    assert_eq!(outcome.result, Err("type: Unknown operator: -NULL".to_owned()));
    let trace = outcome.origin.map(|origin| origin.trace);
    assert_eq!(trace, Some(vec![entry("inner", 100), entry("m", 51), entry("<main>", 7)]));
}

#[test]
fn errors_in_every_window_operation_are_caught() {
    for body in [
        "LOAD_INT r0, 1\nLOAD_INT r1, 2\nLOAD_REG r2, null\nSLICE_REG r0",
        "LOAD_REG r0, null\nLOAD_INT r1, 2\nBUILD_MAP_REG r0, 1",
        "LOAD_INT r0, 1\nCALL_METHOD_REG r0, \"nope\", 0",
        "LOAD_INT r0, 1\nLOAD_INT r1, 1\nCONSTRUCT_REG r0",
        "LOAD_INT r0, 1\nCALL_TOP_REG r1, r0, 0",
        "CALL_NAME_REG r0, \"nope\", 0",
        "CALL_BUILTIN_REG r0, abs, 0",
    ] {
        let outcome = run(&caught(body));
        assert!(outcome.result.as_ref().is_ok_and(|message| message != "nothing"), "{body}: {outcome:?}");
    }
}
