//! Fused branches and loops.

use crate::common::{count, fails, gives, link, main_fails, main_gives, run_once, run_within};
use isa::RegisterOp;
use runtime::{Collecting, Limits};

/// Whether `JUMP_<condition>` jumps, in all its operand forms.
#[track_caller]
fn jumps(condition: &str, a: &str, b: &str, expected: bool) {
    let end = "LOAD_REG r0, false\nRETURN_REG r0\nthere: LOAD_REG r0, true\nRETURN_REG r0";
    let mut forms = vec![
        format!("LOAD_REG r0, {a}\nLOAD_REG r1, {b}\nJUMP_{condition} r0, r1, there\n{end}"),
        format!("LOAD_REG r0, {a}\nJUMP_{condition}_CONST r0, {b}, there\n{end}"),
    ];
    if b.parse::<i16>().is_ok() {
        forms.push(format!("LOAD_REG r0, {a}\nJUMP_{condition}_INT r0, {b}, there\n{end}"));
    }
    for form in forms {
        main_gives(2, &form, &expected.to_string());
    }
}

#[test]
fn fused_branches() {
    for (a, b, [lt, gt, lte, gte, eq]) in [
        ("1", "2", [true, false, true, false, false]),
        ("3", "2", [false, true, false, true, false]),
        ("2", "2", [false, false, true, true, true]),
        ("1.5", "2", [true, false, true, false, false]),
        ("2.0", "2", [false, false, true, true, true]),
        ("2", "1.5", [false, true, false, true, false]),
        ("1.5", "2.5", [true, false, true, false, false]),
        ("9007199254740993", "9007199254740992.0", [false, true, false, true, false]),
        // `unless a < b` is not `if a >= b`: nothing holds of a NaN.
        ("nan", "1", [false, false, false, false, false]),
        ("nan", "nan", [false, false, false, false, false]),
        ("1", "nan", [false, false, false, false, false]),
        ("\"a\"", "\"b\"", [true, false, true, false, false]),
    ] {
        for (condition, holds) in [("LT", lt), ("GT", gt), ("LTE", lte), ("GTE", gte)] {
            jumps(condition, a, b, holds);
            jumps(&format!("NOT_{condition}"), a, b, !holds);
        }
        jumps("EQ", a, b, eq);
        jumps("NEQ", a, b, !eq);
    }
    jumps("EQ", "null", "null", true);
    jumps("NEQ", "\"1\"", "1", true);
    main_fails(
        2,
        "LOAD_REG r0, null\nLOAD_REG r1, 1\nthere: JUMP_LT r0, r1, there\nRETURN_REG r0",
        "type: Type error: cannot compare NULL < INTEGER",
    );
    main_fails(
        2,
        "LOAD_REG r0, true\nJUMP_NOT_GTE_INT r0, 1, there\nthere: RETURN_REG r0",
        "type: Type error: cannot compare BOOLEAN >= INTEGER",
    );
}

#[test]
fn branches_on_truth() {
    for (value, truth) in
        [("true", true), ("false", false), ("0", false), ("\"x\"", true), ("null", false), ("0.0", false)]
    {
        let end = "LOAD_REG r0, \"on\"\nRETURN_REG r0\nthere: LOAD_REG r0, \"there\"\nRETURN_REG r0";
        let expected = |jumps: bool| if jumps { "there" } else { "on" };
        main_gives(1, &format!("LOAD_REG r0, {value}\nJUMP_IF_TRUE_REG r0, there\n{end}"), expected(truth));
        main_gives(1, &format!("LOAD_REG r0, {value}\nJUMP_IF_FALSE_REG r0, there\n{end}"), expected(!truth));
        main_gives(
            1,
            &format!("LOAD_REG r0, {value}\nJUMP_IF_NOT_NULL_REG r0, there\n{end}"),
            expected(value != "null"),
        );
        main_gives(1, &format!("LOAD_REG r0, {value}\nLOOP_IF_TRUE_REG r0, there\n{end}"), expected(truth));
    }
    main_gives(1, "LOAD_REG r0, 1\nJUMP_REG over\nLOAD_REG r0, 2\nover: RETURN_REG r0", "1");
}

#[test]
fn a_loop_by_hand() {
    main_gives(
        3,
        "LOAD_INT r0, 0\nLOAD_INT r1, 100\nLOAD_INT r2, 0\nagain: ADD_REG r2, r2, r0\nADD_INT r0, r0, 1\nJUMP_LT r0, r1, again\nRETURN_REG r2",
        "4950",
    );
    main_gives(
        3,
        "LOAD_INT r0, 0\nagain: JUMP_GTE_INT r0, 10, end\nADD_INT r0, r0, 3\nLOOP_REG again\nend: RETURN_REG r0",
        "12",
    );
    main_gives(
        3,
        "LOAD_INT r0, 5\nagain: SUB_INT r0, r0, 1\nLT_REG r1, r0, r0\nNOT_REG r1, r1\nGT_REG r2, r0, r0\nNEQ_REG r2, r0, r2\nJUMP_EQ_INT r0, 0, end\nLOOP_IF_TRUE_REG r1, again\nend: RETURN_REG r0",
        "0",
    );
}

/// The numbers that `for i in range(start, end, step)` visits, with FOR_LOOP and, when the step is 1, COUNTED_LOOP.
#[track_caller]
fn range(start: &str, end: &str, step: &str, expected: &str) {
    let program = |next: &str| {
        format!(
            ".function <main> registers 7
                LOAD_REG r0, {start}
                LOAD_REG r1, {end}
                LOAD_REG r2, {step}
                BUILD_LIST_REG r3, 0
                RANGE_BOUND_REG r0, r0
                RANGE_BOUND_REG r1, r1
                FOR_PREPARE_REG r0, r1, r2
                JUMP_REG body
                JUMP_REG end
            body:
                MOV_REG r4, r3
                MOV_REG r5, r0
                LIST_APPEND_REG r4, 1
                {next}
            end:
                RETURN_REG r3"
        )
    };
    gives(&program("FOR_LOOP_REG r0, r1, r2\nLOOP_REG body"), expected);
    if step == "1" {
        gives(&program("COUNTED_LOOP r0, r1, body"), expected);
    }
}

#[test]
fn counted_loops() {
    range("0", "4", "1", "[0, 1, 2, 3]");
    range("4", "4", "1", "[]");
    range("5", "4", "1", "[]");
    range("0", "10", "3", "[0, 3, 6, 9]");
    range("10", "0", "-4", "[10, 6, 2]");
    range("1.9", "3.9", "1", "[1, 2]");
    range("9223372036854775805", "9223372036854775807", "1", "[9223372036854775805, 9223372036854775806]");
    range("9223372036854775800", "9223372036854775807", "5", "[9223372036854775800, 9223372036854775805]");
    range("-9223372036854775807", "-9223372036854775808", "-1", "[-9223372036854775807]");
    main_fails(
        3,
        "LOAD_REG r0, 1\nLOAD_REG r1, 2\nLOAD_REG r2, 0\nFOR_PREPARE_REG r0, r1, r2\nRETURN_REG r0\nRETURN_REG r1",
        "value: range() step must not be zero",
    );
    main_fails(
        1,
        "LOAD_REG r0, \"a\"\nRANGE_BOUND_REG r0, r0\nRETURN_REG r0",
        "type: Type error: range() expects numbers, not STRING",
    );
}

#[test]
fn counted_loops_refuse_what_is_no_integer() {
    main_fails(
        2,
        "LOAD_REG r0, 0.5\nLOAD_REG r1, 3\nagain: COUNTED_LOOP r0, r1, again\nRETURN_REG r0",
        "type: Type error: range() expects numbers",
    );
    main_fails(
        2,
        "LOAD_REG r0, 0\nLOAD_REG r1, \"a\"\nagain: COUNTED_LOOP r0, r1, again\nRETURN_REG r0",
        "type: Type error: range() expects numbers",
    );
    main_fails(
        3,
        "LOAD_REG r0, 0\nLOAD_REG r1, 1\nLOAD_REG r2, null\nFOR_LOOP_REG r0, r1, r2\nRETURN_REG r0\nRETURN_REG r0",
        "type: Type error: range() expects numbers",
    );
}

/// What a loop over a collection visits: elements with one variable, pairs with two.
fn walk(make: &str, pairs: bool) -> String {
    let (step, body) = if pairs {
        ("FOR_PAIR_REG r4, r1, r2", "ITER_VALUE_REG r5, r1, r2\nPRINT_REG r4, 2")
    } else {
        ("FOR_ITER_REG r4, r1, r2", "PRINT_REG r4, 1")
    };
    format!(
        ".function <main> registers 8
            {make}
            ITER_PREPARE_REG r1, r1
            LOAD_INT r2, 0
        again:
            {step}
            JUMP_REG body
            PRINT_REG r4, 1
            LOAD_REG r0, \"end\"
            RETURN_REG r0
        body:
            {body}
            LOOP_REG again"
    )
}

#[test]
fn loops_over_collections() {
    let list = |values: &str| {
        let values: Vec<&str> = values.split_whitespace().collect();
        let loads: String =
            values.iter().enumerate().map(|(at, value)| format!("LOAD_REG r{}, {value}\n", at + 1)).collect();
        format!("{loads}BUILD_LIST_REG r1, {}", values.len())
    };
    crate::common::prints(&walk(&list("1 2 3"), false), "1\n2\n3\nnull\n");
    crate::common::prints(&walk(&list("1 2 3"), true), "0 1\n1 2\n2 3\nnull\n");
    crate::common::prints(&walk(&list("1.5 2.5"), false), "1.5\n2.5\nnull\n");
    crate::common::prints(&walk(&list("true false"), false), "true\nfalse\nnull\n");
    crate::common::prints(&walk(&list("1 \"x\" null"), false), "1\nx\nnull\nnull\n");
    crate::common::prints(&walk(&list(""), false), "null\n");
    let map = "LOAD_REG r1, \"a\"\nLOAD_REG r2, 1\nLOAD_REG r3, 2\nLOAD_REG r4, \"two\"\nBUILD_MAP_REG r1, 2";
    crate::common::prints(&walk(map, false), "a\n2\nnull\n");
    crate::common::prints(&walk(map, true), "a 1\n2 two\nnull\n");
    crate::common::prints(&walk("LOAD_REG r1, \"ab\"", false), "a\nb\nnull\n");
    crate::common::prints(&walk("LOAD_REG r1, \"ab\"", true), "0 a\n1 b\nnull\n");
    crate::common::prints(&walk("LOAD_REG r1, \"åb\"", true), "0 å\n1 b\nnull\n");
    fails(&walk("LOAD_REG r1, 5", false), "type: Type error: cannot iterate over INTEGER");
}

#[test]
fn a_list_that_grows_while_it_is_walked() {
    main_gives(
        8,
        "LOAD_REG r1, 1
        BUILD_LIST_REG r1, 1
        ITER_PREPARE_REG r2, r1
        LOAD_INT r3, 0
    again:
        FOR_ITER_REG r4, r2, r3
        JUMP_REG body
        RETURN_REG r1
    body:
        JUMP_GTE_INT r3, 4, again
        MOV_REG r5, r1
        MUL_INT r6, r4, 2
        LIST_APPEND_REG r5, 1
        LOOP_REG again",
        "[1, 2, 4, 8]",
    );
}

#[test]
fn fuel_is_taken_by_calls_and_iterations() {
    let program = "
        .function id parameters 1 registers 1
            RETURN_REG r0
        .function <main> registers 4
            LOAD_INT r0, 0
            LOAD_INT r1, 10
        again:
            MOV_REG r2, r0
            CALL_FUNC_CONST_REG r2, id, 1
            COUNTED_LOOP r0, r1, again      ; 9 times
        back:
            SUB_INT r0, r0, 1
            JUMP_GT_INT r0, 4, back         ; 4 times
            LOOP_REG forward                ; once, although it goes forward
        forward:
            LOAD_REG r2, true
            LOOP_IF_TRUE_REG r2, end        ; forward: none
        end:
            JUMP_LT_INT r0, 9, last         ; forward: none
        last:
            RETURN_REG r0";
    let taken = 10 + 9 + 4 + 1;
    let enough = run_within(program, Limits { fuel: Some(taken), ..Limits::default() });
    assert_eq!((enough.result, enough.fuel_taken), (Ok("4".to_owned()), Some(taken)));
    for fuel in 0..taken {
        let short = run_within(program, Limits { fuel: Some(fuel), ..Limits::default() });
        assert_eq!(short.result, Err("fuel: Out of fuel".to_owned()));
        assert!(short.origin.is_some());
    }
}

#[test]
fn running_out_of_fuel_is_not_caught() {
    let program = "
        .function <main> registers 2
            SETUP_TRY caught, r0
        again:
            LOOP_REG again
            POP_TRY
        caught:
            RETURN_REG r0";
    let outcome = run_within(program, Limits { fuel: Some(1000), ..Limits::default() });
    assert_eq!((outcome.result, outcome.fuel_taken), (Err("fuel: Out of fuel".to_owned()), Some(1000)));
}

#[test]
fn every_kind_of_call_takes_fuel() {
    let program = "
        .names \"step\" \"x\"
        .type Point constructor make
        .field \"x\" = 0
        .method \"step\" = step
        .module other = top
        .prelude \"twice\" = twice
        .function step parameters 1 registers 1
            RETURN_REG r0
        .function make parameters 1 registers 2 defaults
            NEW_RECORD_REG r0, Point, 1
            RETURN_REG r0
        .function top registers 1
            LOAD_REG r0, null
            RETURN_REG r0
        .function twice parameters 1 registers 1
            RETURN_REG r0
        .function <main> registers 4
            IMPORT_REG other, r0
            LOAD_REG r0, type Point
            LOAD_REG r1, \"x\"
            LOAD_REG r2, 5
            BUILD_MAP_REG r1, 1
            CONSTRUCT_REG r0
            CALL_METHOD_REG r0, \"step\", 0
            LOAD_REG r1, type Point
            LOAD_REG r2, 1
            CALL_TOP_REG r2, r1, 1
            BUILD_LIST_REG r2, 0
            CALL_METHOD_REG r2, \"twice\", 0
            IMPORT_REG other, r3
            RETURN_REG r2";
    let outcome = run_within(program, Limits { fuel: Some(100), ..Limits::default() });
    assert_eq!((outcome.result, outcome.fuel_taken), (Ok("[]".to_owned()), Some(5)));
}

#[test]
fn a_probe_sees_every_instruction_once() {
    let linked = link(
        ".function down parameters 1 registers 400
            JUMP_LTE_INT r0, 0, end
            SUB_INT r300, r0, 1
            CALL_FUNC_CONST_REG r300, down, 1
            RETURN_REG r300
        end:
            RETURN_REG r0
        .function <main> registers 1
            LOAD_INT r0, 200
            CALL_FUNC_CONST_REG r0, down, 1
            RETURN_REG r0",
    );
    // The array of registers grows under these calls, which run again then.
    let (outcome, _, counts) = run_once(&linked, Limits::default(), Collecting::WhenDue);
    assert_eq!(outcome.result, Ok("0".to_owned()));
    assert_eq!(count(&counts, RegisterOp::CallFuncConstReg), 201);
    assert_eq!(count(&counts, RegisterOp::SubInt), 200);
    assert_eq!(count(&counts, RegisterOp::ReturnReg), 202);
    assert_eq!(counts.total(), 201 + 200 + 202 + 201 + 1);
}
