//! Collections, the heap limit, and registers that hold values of calls long gone.

use crate::common::{link, run, run_once, run_within};
use runtime::{Collecting, Limits};

fn small(max_heap: usize) -> Limits {
    Limits { max_heap, ..Limits::default() }
}

#[test]
fn garbage_fits_a_small_heap() {
    // 50 lists of 100,000 integers, one alive at a time, where three would not fit: without another try the third would fail.
    let program = ".function <main> registers 4
            LOAD_INT r0, 0
        again:
            LOAD_INT r1, 0
            BUILD_LIST_REG r1, 1
            MUL_CONST r1, r1, 100000
            ADD_INT r0, r0, 1
            JUMP_LT_INT r0, 50, again
            GET_LENGTH_REG r1, r1
            RETURN_REG r1";
    let outcome = run_within(program, small(2_000_000));
    assert_eq!(outcome.result, Ok("100000".to_owned()));
    let (_, statistics, _) = run_once(&link(program), small(2_000_000), Collecting::WhenDue);
    assert!(statistics.collections > 20, "{statistics:?}");
    assert!(statistics.peak_bytes <= 2_000_000, "{statistics:?}");
}

#[test]
fn a_growing_list_runs_into_the_limit() {
    let program = ".function grow registers 3
            BUILD_LIST_REG r0, 0
        again:
            MOV_REG r1, r0
            LOAD_INT r2, 7
            LIST_APPEND_REG r1, 1
            LOOP_REG again
        .function <main> registers 3
            SETUP_TRY caught, r2
            CALL_FUNC_CONST_REG r0, grow, 0
            POP_TRY
            RETURN_REG r0
        caught:
            PRINT_REG r2, 1
            ; the list is garbage now, so there is room again
            LOAD_INT r0, 0
            BUILD_LIST_REG r0, 1
            MUL_CONST r0, r0, 100000
            GET_LENGTH_REG r0, r0
            RETURN_REG r0";
    let outcome = run_within(program, small(1_500_000));
    assert_eq!(outcome.output, "Out of memory: the heap limit is 1500000 bytes\n");
    assert_eq!(outcome.result, Ok("100000".to_owned()));
    let uncaught = ".function <main> registers 3
            LOAD_REG r0, \"x\"
        again:
            ADD_REG r0, r0, r0
            LOOP_REG again";
    assert_eq!(
        run_within(uncaught, small(1_500_000)).result,
        Err("heap: Out of memory: the heap limit is 1500000 bytes".to_owned())
    );
}

#[test]
fn many_small_objects_run_into_the_limit() {
    // Objects that ask nobody before they are made: the safepoint behind says that too much is in use.
    let program = ".function <main> registers 4
            LOAD_REG r0, null
        again:
            MOV_REG r1, r0
            LOAD_INT r2, 1
            BUILD_LIST_REG r1, 2
            MAKE_CELL_REG r0, r1
            LOOP_REG again";
    let outcome = run_within(program, small(200_000));
    assert_eq!(outcome.result, Err("heap: Out of memory: the heap limit is 200000 bytes".to_owned()));
}

#[test]
fn catching_in_a_loop_leaves_no_garbage() {
    // Messages are the only objects, and no instruction of the loop allocates.
    let program = ".function <main> registers 4
            LOAD_INT r0, 0
            LOAD_INT r1, 0
            LOAD_REG r2, null
        again:
            SETUP_TRY caught, r2
            DIV_REG r3, r0, r1
            POP_TRY
        caught:
            ADD_INT r0, r0, 1
            JUMP_LT_CONST r0, 50000, again
            RETURN_REG r2";
    let (outcome, statistics, _) = run_once(&link(program), small(1_000_000), Collecting::WhenDue);
    assert_eq!(outcome.result, Ok("Division by zero".to_owned()));
    assert!(statistics.peak_bytes < 1_100_000, "{statistics:?}");
}

#[test]
fn stale_registers_are_cleared_above_the_running_frame() {
    // `deep` fills high registers with objects and returns. They die in a collection of `shallow`, whose frame ends below them; then `wide`
    // has a frame over the same registers which it does not write, and collects. If they still pointed to the freed objects, that
    // collection would mark freed memory, or keep and later show whatever lies there now.
    let program = ".function deep registers 12
            LOAD_REG r1, \"fresh \"
            LOAD_INT r2, 1
            ADD_REG r3, r1, r2
            ADD_REG r4, r3, r2
            ADD_REG r5, r3, r4
            MOV_REG r6, r5
            MOV_REG r7, r4
            BUILD_LIST_REG r6, 2
            MOV_REG r8, r6
            MOV_REG r9, r6
            MOV_REG r10, r6
            MOV_REG r11, r5
            RETURN_REG r2
        .function shallow registers 2
            LOAD_INT r0, 0
        again:
            BUILD_LIST_REG r1, 0
            ADD_INT r0, r0, 1
            JUMP_LT_INT r0, 3, again
            RETURN_REG r0
        .function wide registers 12
            LOAD_INT r0, 0
        again:
            BUILD_LIST_REG r1, 0
            ADD_INT r0, r0, 1
            JUMP_LT_INT r0, 3, again
            RETURN_REG r0
        .function <main> registers 3
            LOAD_INT r0, 0
        again:
            CALL_FUNC_CONST_REG r1, deep, 0
            CALL_FUNC_CONST_REG r1, shallow, 0
            CALL_FUNC_CONST_REG r1, wide, 0
            CALL_FUNC_CONST_REG r1, deep, 0
            CALL_FUNC_CONST_REG r1, wide, 0
            ADD_INT r0, r0, 1
            JUMP_LT_INT r0, 20, again
            RETURN_REG r0";
    assert_eq!(run(program).result, Ok("20".to_owned()));
}

#[test]
fn stale_registers_of_a_caller_wider_than_its_callee() {
    // The callee's frame ends far below the caller's. Its collections clear the part of the caller's frame above it, and the mark must
    // stay above that frame's end, because the caller goes on writing there.
    let program = ".function collect registers 2
            LOAD_INT r0, 0
        again:
            BUILD_LIST_REG r1, 0
            ADD_INT r0, r0, 1
            JUMP_LT_INT r0, 3, again
            RETURN_REG r0
        .function outer parameters 1 registers 3000
            LOAD_INT r2990, 0
            LOAD_REG r2995, \"text \"
        again:
            ; high registers get objects after the callee collected, and lose them to it
            CALL_FUNC_CONST_REG r1, collect, 0
            LOAD_REG r2995, \"text \"
            ADD_REG r2996, r2995, r1
            ADD_REG r2997, r2996, r1
            MOV_REG r2998, r2997
            BUILD_LIST_REG r2998, 1
            GET_LENGTH_REG r1, r2997
            MOV_REG r2, r1
            ADD_INT r0, r0, 1
            JUMP_LT_INT r0, 10, again
            RETURN_REG r2
        .function <main> registers 4
            LOAD_INT r0, 0
            MOV_REG r1, r0
            CALL_FUNC_CONST_REG r1, outer, 1
            CALL_FUNC_CONST_REG r2, collect, 0
            ADD_REG r0, r1, r2
            RETURN_REG r0";
    assert_eq!(run(program).result, Ok("10".to_owned()));
}

#[test]
fn objects_of_all_active_frames_stay() {
    // Each level keeps a fresh string below its call, across the growth of the array and collections at every level.
    let program = ".function level parameters 1 registers 6
            LOAD_REG r1, \"level \"
            ADD_REG r1, r1, r0
            JUMP_LTE_INT r0, 0, end
            SUB_INT r2, r0, 1
            CALL_FUNC_CONST_REG r2, level, 1
            ADD_REG r3, r2, r1
            GET_LENGTH_REG r4, r3
            JUMP_LT_INT r4, 60, end
            MOV_REG r3, r3
            LOAD_INT r4, 0
            LOAD_INT r5, 40
            SLICE_REG r3
            MOV_REG r1, r3
        end:
            RETURN_REG r1
        .function <main> registers 1
            LOAD_INT r0, 300
            CALL_FUNC_CONST_REG r0, level, 1
            GET_LENGTH_REG r0, r0
            RETURN_REG r0";
    let outcome = run(program);
    assert!(
        outcome.result.as_ref().is_ok_and(|length| length.parse::<u32>().is_ok_and(|length| length > 0)),
        "{outcome:?}"
    );
}

#[test]
fn deep_frames_grow_the_array() {
    let program = ".function down parameters 1 registers 1000
            JUMP_LTE_INT r0, 0, end
            LOAD_REG r998, \"kept\"
            SUB_INT r999, r0, 1
            CALL_FUNC_CONST_REG r999, down, 1
            ADD_INT r999, r999, 1
            RETURN_REG r999
        end:
            RETURN_REG r0
        .function <main> registers 1
            LOAD_INT r0, 3000
            CALL_FUNC_CONST_REG r0, down, 1
            RETURN_REG r0";
    assert_eq!(run(program).result, Ok("3000".to_owned()));
    // 10,000 frames of 30,000 registers are more than registers may take.
    let huge = program
        .replace("1000", "30000")
        .replace("r998", "r29998")
        .replace("r999", "r29999")
        .replace("3000\n", "9000\n");
    let outcome = run_within(&huge, Limits { max_heap: 1 << 20, ..Limits::default() });
    assert_eq!(outcome.result, Err("heap: Out of memory: the heap limit is 1048576 bytes".to_owned()));
}

#[test]
fn a_failed_instruction_keeps_its_operands() {
    // The slice fails for want of room, then works: its operand must still be there. Same for the others that write where they read.
    let program = ".function <main> registers 6
            LOAD_INT r0, 0
        again:
            LOAD_INT r1, 3
            BUILD_LIST_REG r1, 1
            MUL_CONST r1, r1, 50000
            LOAD_REG r2, null
            LOAD_REG r3, null
            SLICE_REG r1
            MOV_REG r2, r1
            ADD_REG r1, r1, r2
            GET_LENGTH_REG r2, r1
            ADD_INT r0, r0, 1
            JUMP_LT_INT r0, 20, again
            RETURN_REG r2";
    assert_eq!(run_within(program, small(1_700_000)).result, Ok("100000".to_owned()));
}
