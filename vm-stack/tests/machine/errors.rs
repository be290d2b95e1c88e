//! Handlers: which one takes an error, what it receives, what stays on the stack, where the error says it came from.

use crate::common::{Failed, error, main_of, result, result_of};
use runtime::{Collecting, ErrorKind};

#[test]
fn thrown_values_and_messages() {
    let caught =
        |body: &str| result_of(&format!("SETUP_TRY h0, caught, 0\n {body}\n POP_TRY h0\n RETURN\ncaught: RETURN"));
    assert_eq!(caught("LOAD_CONST 1\n BUILD_LIST 1\n THROW\n NOP"), "[1]");
    assert_eq!(caught("LOAD_CONST 1\n LOAD_CONST 0\n DIV"), "Division by zero");
    assert_eq!(caught("LOAD_CONST false\n LOAD_CONST \"why\"\n REQUIRE\n LOAD_CONST 1"), "Requirement failed: why");
    assert_eq!(caught("LOAD_CONST true\n LOAD_CONST \"why\"\n REQUIRE\n LOAD_CONST 1"), "1");
}

#[test]
fn operands_below_the_landing_stay() {
    let body = "
        LOAD_CONST 100
        LOAD_CONST 20
        SETUP_TRY h0, caught, 1
        LOAD_CONST 3
        LOAD_CONST 4
        LOAD_CONST \"x\"
        SUB
        POP_TRY h0
        POP
        POP
        RETURN
    caught:
        POP
        RETURN
    ";
    assert_eq!(result_of(body), "100");
}

/// A handler may keep more than the failing instruction leaves. No compiler asks for that, but verified code can.
#[test]
fn landings_above_what_is_left() {
    // The handler of SUB keeps both of SUB's operands.
    let body = "
        LOAD_CONST 1
        LOAD_CONST \"x\"
        SETUP_TRY h0, caught, 2
        SUB
        POP_TRY h0
        RETURN
    caught:
        BUILD_LIST 3
        RETURN
    ";
    assert_eq!(result_of(body), "[1, x, Type error: cannot subtract INTEGER and STRING]");
    // The handler of a call keeps its arguments, which the callee has dropped.
    let text = "
    .function fail
        LOAD_CONST null
        NEG
        RETURN
    .function <main>
        LOAD_CONST 1
        LOAD_CONST 2
        SETUP_TRY h0, caught, 2
        CALL_FUNC_CONST fail, 2
        POP_TRY h0
        RETURN
    caught:
        GET_LENGTH
        BUILD_LIST 3
        GET_LENGTH
        RETURN
    ";
    assert_eq!(result(text), "3");
}

#[test]
fn the_innermost_handler_wins() {
    let body = "
        SETUP_TRY h1, outer, 0
        SETUP_TRY h0, inner, 0
        LOAD_CONST \"a\"
        THROW
        POP_TRY h0
    inner:
        LOAD_CONST \"b\"
        ADD
        THROW
        POP_TRY h1
    outer:
        LOAD_CONST \"c\"
        ADD
        RETURN
    ";
    assert_eq!(result_of(body), "abc");
}

#[test]
fn errors_cross_calls() {
    let text = "
    .function fail parameters 1 locals 1
    .locals n
        LOAD_LOCAL n
        JUMP_IF_TRUE deeper
        LOAD_CONST \"bottom\"
        THROW
    deeper:
        LOAD_LOCAL n
        LOAD_CONST 1
        SUB
        CALL_FUNC_CONST fail, 1
        RETURN
    .function <main>
        LOAD_CONST 5
        SETUP_TRY h0, caught, 1
        LOAD_CONST 20
        CALL_FUNC_CONST fail, 1
        POP_TRY h0
        RETURN
    caught:
        ADD
        RETURN
    ";
    assert_eq!(result(text), "5bottom");
}

/// A cleanup handler gets the failure as it is; throwing it on keeps kind, message and the place where it began.
#[test]
fn cleanup_keeps_the_origin() {
    let text = "
    .function fail
        .at 70
        LOAD_CONST 1
        .at 71
        LOAD_CONST 0
        .at 72
        DIV
        RETURN
    .function middle locals 1
    .locals failure
        .at 60
        SETUP_TRY h0, cleanup, 0 cleanup
        CALL_FUNC_CONST fail, 0
        POP_TRY h0
        RETURN
    cleanup:
        STORE_LOCAL failure
        LOAD_CONST \"cleaning up\"
        PRINT 1
        .at 65
        LOAD_LOCAL failure
        THROW
    .function <main>
        .at 50
        CALL_FUNC_CONST middle, 0
        RETURN
    ";
    let run = crate::common::run(text);
    assert_eq!(run.outcome.output, "cleaning up\n");
    assert_eq!(
        run.outcome.result,
        Err(Failed {
            kind: ErrorKind::Arithmetic,
            message: "Division by zero".to_string(),
            trace: vec![("fail".to_string(), 72), ("middle".to_string(), 60), ("<main>".to_string(), 50)],
        })
    );
    // Caught further out, it is what it was at first: the message.
    let caught = text.replace(
        "CALL_FUNC_CONST middle, 0\n        RETURN",
        "SETUP_TRY h0, caught, 0\n CALL_FUNC_CONST middle, 0\n POP_TRY h0\n RETURN\ncaught: RETURN",
    );
    assert_eq!(result(&caught), "Division by zero");
    // A thrown value keeps being that value.
    let thrown = caught.replace("DIV", "BUILD_LIST 2\n THROW");
    assert_eq!(result(&thrown), "[1, 0]");
}

#[test]
fn traces() {
    let text = "
    .function inner parameters 1 locals 1
    .locals x
        .at 3
        LOAD_LOCAL x
        .at 4
        LOAD_CONST 1
        SUB
        RETURN
    .function outer
        .at 2
        LOAD_CONST \"text\"
        CALL_FUNC_CONST inner, 1
        .at 9
        RETURN
    .function <main>
        .at 1
        CALL_FUNC_CONST outer, 0
        .at 9
        RETURN
    ";
    let failed = error(text);
    assert_eq!(failed.message, "Type error: cannot subtract STRING and INTEGER");
    let expected = [("inner", 4), ("outer", 2), ("<main>", 1)].map(|(name, at)| (name.to_string(), at));
    assert_eq!(failed.trace, expected);
}

/// An error in a loop, caught each time, must not fill the heap with messages.
#[test]
fn caught_errors_do_not_pile_up() {
    let body = "
        LOAD_CONST 200000
        STORE_LOCAL a
    again:
        SETUP_TRY h0, caught, 0
        LOAD_CONST 1
        LOAD_CONST 0
        DIV
        POP_TRY h0
    caught:
        POP
        LOAD_LOCAL a
        LOAD_CONST 1
        SUB
        DUP
        STORE_LOCAL a
        LOAD_CONST 0
        GT
        LOOP_IF_TRUE again
        LOAD_LOCAL a
        RETURN
    ";
    let linked = crate::common::link(&main_of(body));
    let limits = runtime::Limits { max_heap: 1 << 20, ..runtime::Limits::default() };
    let run = crate::common::run_with(&linked, limits, Collecting::WhenDue, false);
    assert_eq!(run.outcome.result, Ok("0".to_string()));
    assert!(run.heap.collections > 0);
    assert!(run.heap.peak_bytes < 2 << 20, "{}", run.heap.peak_bytes);
}
