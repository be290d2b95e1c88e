//! Collections, the heap limit, and running an instruction again.

use crate::common::{link, main_of, run_limited, run_with};
use isa::StackOp;
use runtime::{Collecting, ErrorKind, Limits};

fn heap(max_heap: usize) -> Limits {
    Limits { max_heap, ..Limits::default() }
}

/// A list that grows for ever fills the heap; the error can be caught, and what was built is still there.
#[test]
fn growing_list_runs_into_the_limit() {
    let body = "
        BUILD_LIST 0
        STORE_LOCAL a
        SETUP_TRY h0, caught, 0
    again:
        LOAD_LOCAL a
        LOAD_CONST 1
        LIST_APPEND 1
        POP
        LOOP again
        POP_TRY h0
    caught:
        STORE_LOCAL b
        LOAD_LOCAL a
        GET_LENGTH
        STORE_LOCAL c
        LOAD_CONST null
        STORE_LOCAL a
        LOAD_LOCAL b
        LOAD_LOCAL c
        LOAD_CONST 60000
        GT
        BUILD_LIST 2
        RETURN
    ";
    let run = run_with(&link(&main_of(body)), heap(1 << 20), Collecting::WhenDue, false);
    assert_eq!(run.outcome.result, Ok("[Out of memory: the heap limit is 1048576 bytes, true]".to_string()));
    let failed = run_with(
        &link(&main_of(&body.replace("SETUP_TRY h0, caught, 0", "").replace("POP_TRY h0", ""))),
        heap(1 << 20),
        Collecting::WhenDue,
        false,
    );
    assert_eq!(failed.outcome.result.unwrap_err().kind, ErrorKind::Heap);
}

/// Each iteration makes most of a heap of garbage; the instruction that finds no room runs again after a collection.
#[test]
fn garbage_makes_room() {
    let body = "
        LOAD_CONST 20
        STORE_LOCAL a
    again:
        LOAD_CONST \"x\"
        LOAD_CONST 600000
        MUL
        STORE_LOCAL b
        LOAD_CONST null
        STORE_LOCAL b
        LOAD_LOCAL a
        LOAD_CONST 1
        SUB
        DUP
        STORE_LOCAL a
        LOOP_IF_TRUE again
        LOAD_LOCAL a
        RETURN
    ";
    let run = run_limited(&main_of(body), heap(1 << 20));
    assert_eq!(run.outcome.result, Ok("0".to_string()));
    // An instruction that ran again counts once.
    assert_eq!(run.count(StackOp::Mul), 20);
    // Twice as much at a time does not fit, however much is collected; the handler of the last resort still runs.
    let caught = body.replace("600000", "1200000").replace("MUL\n", "SETUP_TRY h0, caught, 0\n MUL\n POP_TRY h0\n")
        + "caught: RETURN\n";
    let run = run_limited(&main_of(&caught), heap(1 << 20));
    assert_eq!(run.outcome.result, Ok("Out of memory: the heap limit is 1048576 bytes".to_string()));
}

/// After a retry that failed, the next failure gets a retry of its own.
#[test]
fn every_failure_gets_one_retry() {
    let body = "
        LOAD_CONST 3
        STORE_LOCAL a
    again:
        SETUP_TRY h0, failed, 0
        LOAD_CONST \"x\"
        LOAD_CONST 5000000
        MUL
        POP
        POP_TRY h0
        LOAD_CONST \"unexpected\"
        RETURN
    failed:
        POP
        LOAD_CONST \"x\"
        LOAD_CONST 700000
        MUL
        STORE_LOCAL b
        LOAD_CONST null
        STORE_LOCAL b
        LOAD_CONST \"x\"
        LOAD_CONST 700000
        MUL
        STORE_LOCAL b
        LOAD_CONST null
        STORE_LOCAL b
        LOAD_LOCAL a
        LOAD_CONST 1
        SUB
        DUP
        STORE_LOCAL a
        LOOP_IF_TRUE again
        LOAD_CONST \"done\"
        RETURN
    ";
    let run = run_limited(&main_of(body), heap(1 << 20));
    assert_eq!(run.outcome.result, Ok("done".to_string()));
}

/// Methods and builtins may fail for want of memory too, and appending twice would show.
#[test]
fn natives_run_again() {
    let body = "
        BUILD_LIST 0
        STORE_LOCAL a
        LOAD_CONST 0
        STORE_LOCAL b
    again:
        LOAD_LOCAL a
        LOAD_LOCAL b
        CALL_METHOD \"push\", 1
        POP
        LOAD_CONST \"garbage \"
        LOAD_LOCAL b
        ADD
        CALL_BUILTIN uppercase, 1
        POP
        LOAD_LOCAL b
        LOAD_CONST 1
        ADD
        STORE_LOCAL b
        LOAD_LOCAL b
        LOAD_CONST 20000
        LT
        LOOP_IF_TRUE again
        LOAD_LOCAL a
        GET_LENGTH
        LOAD_LOCAL a
        LOAD_CONST -1
        INDEX
        BUILD_LIST 2
        RETURN
    ";
    let linked = link(&main_of(body));
    for limit in [500_000, 600_000, 700_000, 1 << 20] {
        let run = run_with(&linked, heap(limit), Collecting::WhenDue, false);
        assert_eq!(run.outcome.result, Ok("[20000, 19999]".to_string()), "{limit}");
        assert!(run.heap.collections > 0, "{limit}");
    }
}

/// Values that only operand stacks of callers hold survive.
#[test]
fn operands_of_callers_are_roots() {
    let text = "
    .function churn parameters 1 locals 1
    .locals n
        LOAD_LOCAL n
        LOAD_CONST \"!\"
        ADD
        BUILD_LIST 1
        LOAD_LOCAL n
        BUILD_LIST 1
        POP
        RETURN
    .function <main>
        LOAD_CONST \"a\"
        LOAD_CONST 1
        ADD
        LOAD_CONST \"b\"
        LOAD_CONST 2
        ADD
        LOAD_CONST \"c\"
        LOAD_CONST 3
        ADD
        CALL_FUNC_CONST churn, 1
        BUILD_LIST 3
        RETURN
    ";
    assert_eq!(crate::common::result(text), "[a1, b2, [c3!]]");
}

/// Lists, maps, strings, records and closures made and dropped in a heap that holds only a few of them.
#[test]
fn churn() {
    let text = "
    .type Node
    .field \"next\" = null
    .field \"value\" = 0
    .function make parameters 1 locals 1
    .locals n
    .capture \"kept\" = local 1
        LOAD_CAPTURE kept
        LOAD_LOCAL n
        BUILD_STRING 2
        RETURN
    .function <main> locals 4
    .locals i kept last f
        LOAD_CONST \"kept \"
        LOAD_CONST 0
        ADD
        STORE_LOCAL kept
        LOAD_CONST null
        STORE_LOCAL last
        LOAD_CONST 0
        STORE_LOCAL i
    again:
        MAKE_FUNCTION make
        STORE_LOCAL f
        LOAD_LOCAL last
        LOAD_LOCAL i
        NEW_RECORD Node, 2
        LOAD_LOCAL i
        LOAD_LOCAL f
        LOAD_LOCAL i
        CALL_TOP 1
        BUILD_MAP 1
        BUILD_LIST 2
        STORE_LOCAL last
        LOAD_LOCAL i
        LOAD_CONST 100
        MOD
        JUMP_IF_TRUE keep
        LOAD_CONST null
        STORE_LOCAL last
    keep:
        LOAD_LOCAL i
        LOAD_CONST 1
        ADD
        STORE_LOCAL i
        LOAD_LOCAL i
        LOAD_CONST 3001
        LT
        LOOP_IF_TRUE again
        LOAD_LOCAL f
        LOAD_LOCAL i
        CALL_TOP 1
        RETURN
    ";
    let run = run_limited(text, heap(200_000));
    assert_eq!(run.outcome.result, Ok("kept 03001".to_string()));
}
