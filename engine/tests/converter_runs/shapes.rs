//! Shapes of code, one by one. `! …` is an error that ends the program.

use converter::{AllocatorKind, Options, Step};

use crate::runner::{agree, assemble, try_convert};

/// Runs the shape in both forms and holds it against what it should show.
#[track_caller]
fn shows(code: &str, expected: &str) {
    let shown = agree(&assemble(code)).unwrap_or_else(|difference| panic!("{difference}"));
    assert_eq!(shown.to_string(), expected, "{code}");
}

// Values on the stack across blocks.

#[test]
fn a_value_lies_below_a_branch() {
    let code = |condition| {
        format!(
            r#".function <main> locals 1
                LOAD_CONST 10
                LOAD_CONST {condition}
                JUMP_IF_FALSE else
                LOAD_CONST 1
                JUMP end
            else:
                LOAD_CONST 2
            end:
                ADD
                RETURN"#
        )
    };
    shows(&code("true"), "integer 11");
    shows(&code("false"), "integer 12");
}

#[test]
fn joins_have_different_producers() {
    // Each arm pushes the value another way: constant, local, result, copy of what lies below, captured, global.
    let code = |which: i32| {
        format!(
            r#".function id parameters 1
                .locals x
                LOAD_LOCAL x
                RETURN
            .function <main>
                .locals a b
                LOAD_CONST 7
                STORE_LOCAL a
                LOAD_CONST 8
                STORE_NAME "g"
                LOAD_CONST {which}
                STORE_LOCAL b
                LOAD_CONST 100
                LOAD_CONST 200
                LOAD_LOCAL b
                LOAD_CONST 0
                EQ
                JUMP_IF_TRUE constant
                LOAD_LOCAL b
                LOAD_CONST 1
                EQ
                JUMP_IF_TRUE local
                LOAD_LOCAL b
                LOAD_CONST 2
                EQ
                JUMP_IF_TRUE result
                LOAD_LOCAL b
                LOAD_CONST 3
                EQ
                JUMP_IF_TRUE copy
                LOAD_NAME "g"
                JUMP end
            constant:
                LOAD_CONST 5
                JUMP end
            local:
                LOAD_LOCAL a
                LOAD_CONST 70
                STORE_LOCAL a
                JUMP end
            result:
                LOAD_CONST 6
                CALL_FUNC_CONST id, 1
                JUMP end
            copy:
                DUP
            end:
                LOAD_LOCAL a
                BUILD_LIST 4
                RETURN"#
        )
    };
    shows(&code(0), "list [100, 200, 5, 7]");
    shows(&code(1), "list [100, 200, 7, 70]");
    shows(&code(2), "list [100, 200, 6, 7]");
    shows(&code(3), "list [100, 200, 200, 7]");
    shows(&code(4), "list [100, 200, 8, 7]");
}

#[test]
fn copies_cross_branches() {
    shows(
        r#".function pick parameters 1
            .locals c
            LOAD_CONST 5
            DUP
            DUP
            LOAD_LOCAL c
            JUMP_IF_TRUE keep
            POP
            LOAD_CONST 7
        keep:
            BUILD_LIST 3
            RETURN
        .function <main>
            LOAD_CONST true
            CALL_FUNC_CONST pick, 1
            LOAD_CONST false
            CALL_FUNC_CONST pick, 1
            BUILD_LIST 2
            RETURN"#,
        "list [[5, 5, 5], [5, 5, 7]]",
    );
}

#[test]
fn a_local_on_the_stack_is_assigned_in_an_arm() {
    shows(
        r#".function f parameters 2
            .locals a c
            LOAD_LOCAL a
            LOAD_LOCAL c
            JUMP_IF_FALSE skip
            LOAD_CONST 9
            STORE_LOCAL a
        skip:
            LOAD_LOCAL a
            BUILD_LIST 2
            RETURN
        .function <main>
            LOAD_CONST 1
            LOAD_CONST true
            CALL_FUNC_CONST f, 2
            LOAD_CONST 1
            LOAD_CONST false
            CALL_FUNC_CONST f, 2
            BUILD_LIST 2
            RETURN"#,
        "list [[1, 9], [1, 1]]",
    );
}

#[test]
fn a_local_on_the_stack_is_assigned_in_the_same_block() {
    shows(
        r#".function <main>
            .locals a
            LOAD_CONST 1
            STORE_LOCAL a
            LOAD_LOCAL a
            LOAD_LOCAL a
            LOAD_CONST 5
            ADD
            STORE_LOCAL a
            LOAD_LOCAL a
            LOAD_LOCAL a
            UNSET a
            IS_SET_A:
            IS_SET a
            LOAD_CONST 4
            STORE_LOCAL a
            LOAD_LOCAL a
            BUILD_LIST 5
            RETURN"#,
        "list [1, 6, 6, false, 4]",
    );
}

#[test]
fn an_accumulator_lies_on_the_stack_across_a_loop() {
    shows(
        r#".function <main>
            .locals i
            LOAD_CONST 1000
            LOAD_CONST 0
            STORE_LOCAL i
            LOAD_CONST 0
        top:
            LOAD_LOCAL i
            ADD
            LOAD_LOCAL i
            LOAD_CONST 1
            ADD
            STORE_LOCAL i
            LOAD_LOCAL i
            LOAD_CONST 5
            LT
            LOOP_IF_TRUE top
            ADD
            RETURN"#,
        "integer 1010",
    );
}

#[test]
fn two_accumulators_change_places_in_a_loop() {
    // The places of the operand stack swap, so one of the moves at the end of the block would lose the other's value.
    shows(
        r#".function <main>
            .locals i t u
            LOAD_CONST "a"
            LOAD_CONST "b"
        top:
            STORE_LOCAL t
            STORE_LOCAL u
            LOAD_LOCAL t
            LOAD_LOCAL u
            IS_SET i
            JUMP_IF_TRUE next
            LOAD_CONST 0
            STORE_LOCAL i
        next:
            LOAD_LOCAL i
            LOAD_CONST 1
            ADD
            STORE_LOCAL i
            LOAD_LOCAL i
            LOAD_CONST 3
            LT
            LOOP_IF_TRUE top
            ADD
            RETURN"#,
        "string ba",
    );
    // Three of them go round.
    shows(
        r#".function <main>
            .locals i a b c
            LOAD_CONST 0
            STORE_LOCAL i
            LOAD_CONST 1
            LOAD_CONST 2
            LOAD_CONST 3
        top:
            STORE_LOCAL c
            STORE_LOCAL b
            STORE_LOCAL a
            LOAD_LOCAL b
            LOAD_LOCAL c
            LOAD_LOCAL a
            LOAD_LOCAL i
            LOAD_CONST 1
            ADD
            STORE_LOCAL i
            LOAD_LOCAL i
            LOAD_CONST 4
            LT
            LOOP_IF_TRUE top
            BUILD_LIST 3
            RETURN"#,
        "list [2, 3, 1]",
    );
}

#[test]
fn fibonacci_on_the_operand_stack() {
    shows(
        r#".function <main>
            .locals i b
            LOAD_CONST 0
            STORE_LOCAL i
            LOAD_CONST 0
            LOAD_CONST 1
        top:
            DUP
            STORE_LOCAL b
            ADD
            LOAD_LOCAL b
            DUP
            STORE_LOCAL b
            POP
            LOAD_LOCAL b
            POP
            LOAD_LOCAL b
            LOAD_LOCAL i
            LOAD_CONST 1
            ADD
            DUP
            STORE_LOCAL i
            LOAD_CONST 10
            LT
            LOOP_IF_TRUE top
            BUILD_LIST 2
            RETURN"#,
        "list [10, 1]",
    );
}

#[test]
fn a_condition_is_kept_besides_being_tested() {
    shows(
        r#".function f parameters 2
            .locals a b
            LOAD_LOCAL a
            LOAD_LOCAL b
            LT
            DUP
            JUMP_IF_FALSE no
            LOAD_CONST "less"
            BUILD_LIST 2
            RETURN
        no: LOAD_CONST "not less"
            BUILD_LIST 2
            RETURN
        .function <main>
            LOAD_CONST 1
            LOAD_CONST 2
            CALL_FUNC_CONST f, 2
            LOAD_CONST 2
            LOAD_CONST 2
            CALL_FUNC_CONST f, 2
            BUILD_LIST 2
            RETURN"#,
        "list [[true, less], [false, not less]]",
    );
}

#[test]
fn null_tests_keep_the_value() {
    shows(
        r#".function f parameters 1
            .locals a
            LOAD_CONST 1
            LOAD_LOCAL a
            DUP
            JUMP_IF_NOT_NULL some
            POP
            LOAD_CONST "none"
        some:
            BUILD_LIST 2
            RETURN
        .function <main>
            LOAD_CONST null
            CALL_FUNC_CONST f, 1
            LOAD_CONST 0
            CALL_FUNC_CONST f, 1
            BUILD_LIST 2
            RETURN"#,
        "list [[1, none], [1, 0]]",
    );
}

// Branches.

#[test]
fn both_ways_of_a_branch_lead_to_the_same_place() {
    shows(
        r#".function <main>
            .locals a
            LOAD_CONST 3
            STORE_LOCAL a
            LOAD_LOCAL a
            JUMP_IF_TRUE one
        one:
            LOAD_LOCAL a
            LOAD_CONST 4
            LT
            JUMP_IF_FALSE two
        two:
            LOAD_LOCAL a
            JUMP_IF_NOT_NULL three
        three:
            LOAD_LOCAL a
            LOAD_CONST 9
            GT
            LOOP_IF_TRUE four
        four:
            LOAD_LOCAL a
            RETURN"#,
        "integer 3",
    );
    // The comparison that leads nowhere special still fails.
    shows(
        r#".function <main>
            LOAD_CONST 1
            LOAD_CONST "a"
            LT
            JUMP_IF_TRUE next
        next:
            LOAD_CONST null
            RETURN"#,
        "! type: Type error: cannot compare INTEGER < STRING",
    );
}

#[test]
fn chains_of_jumps_and_nothing() {
    shows(
        r#".function <main>
            JUMP a
        d:  NOP
            JUMP e
        a:  NOP
            NOP
            JUMP b
            LOAD_CONST "never"
            RETURN
        b:  LOOP c
            POP
            POP
            ADD
        c:  LOOP d
        e:  NOP
            LOAD_CONST "here"
            NOP
            RETURN"#,
        "string here",
    );
}

#[test]
fn loops_that_go_forward() {
    shows(
        r#".function f parameters 1
            .locals a
            LOAD_LOCAL a
            LOAD_CONST 2
            LT
            LOOP_IF_TRUE small
            LOAD_LOCAL a
            LOOP_IF_TRUE other
            LOAD_CONST "none"
            RETURN
        other:
            LOAD_LOCAL a
            LOAD_CONST 5
            EQ
            NOT
            LOOP_IF_TRUE not_five
            LOAD_CONST "five"
            RETURN
        not_five:
            LOAD_LOCAL a
            NOT
            LOOP_IF_TRUE small
            LOOP end
        small:
            LOAD_CONST "small"
            RETURN
        end:
            LOAD_CONST "large"
            RETURN
        .function <main>
            LOAD_CONST 1
            CALL_FUNC_CONST f, 1
            LOAD_CONST 5
            CALL_FUNC_CONST f, 1
            LOAD_CONST 7
            CALL_FUNC_CONST f, 1
            BUILD_LIST 3
            RETURN"#,
        "list [small, five, large]",
    );
}

#[test]
fn loops_that_go_back_while_something_does_not_hold() {
    for (negations, expected) in [("NOT", "integer 5"), ("NOT\nNOT\nNOT", "integer 5")] {
        shows(
            &format!(
                r#".function <main>
                .locals i
                LOAD_CONST 0
                STORE_LOCAL i
            top:
                LOAD_LOCAL i
                LOAD_CONST 1
                ADD
                STORE_LOCAL i
                LOAD_LOCAL i
                LOAD_CONST 5
                EQ
                {negations}
                LOOP_IF_TRUE top
                LOAD_LOCAL i
                RETURN"#
            ),
            expected,
        );
        shows(
            &format!(
                r#".function <main>
                .locals i list
                BUILD_LIST 0
                STORE_LOCAL list
                LOAD_CONST 0
                STORE_LOCAL i
            top:
                LOAD_LOCAL i
                LOAD_CONST 1
                ADD
                STORE_LOCAL i
                LOAD_LOCAL list
                LOAD_LOCAL i
                LOAD_CONST 4
                GT
                JUMP_IF_FALSE go
                LOAD_LOCAL i
                LIST_APPEND 1
                JUMP go
            go:
                {negations}
                LOOP_IF_TRUE top
                LOAD_LOCAL i
                RETURN"#
            ),
            expected,
        );
    }
}

#[test]
fn a_loop_that_is_its_own_beginning() {
    shows(".function <main>\n LOOP #0", "! fuel: Out of fuel");
    shows(
        ".function <main> locals 1\n top: LOOP_X: LOAD_CONST 1\n LOOP_IF_TRUE top\n LOAD_CONST 2\n RETURN",
        "! fuel: Out of fuel",
    );
    // A block that nothing leads into but itself and the entry.
    shows(
        r#".function <main>
            .locals i
        top:
            IS_SET i
            JUMP_IF_TRUE add
            LOAD_CONST 0
            STORE_LOCAL i
        add:
            LOAD_LOCAL i
            LOAD_CONST 1
            ADD
            STORE_LOCAL i
            LOAD_LOCAL i
            LOAD_CONST 3
            GTE
            JUMP_IF_TRUE done
            LOOP top
        done:
            LOAD_LOCAL i
            RETURN"#,
        "integer 3",
    );
}

#[test]
fn loops_with_two_entries() {
    shows(
        r#".function f parameters 1
            .locals c n
            LOAD_CONST 0
            STORE_LOCAL n
            LOAD_LOCAL c
            JUMP_IF_TRUE second
        first:
            LOAD_LOCAL n
            LOAD_CONST 10
            ADD
            STORE_LOCAL n
        second:
            LOAD_LOCAL n
            LOAD_CONST 1
            ADD
            STORE_LOCAL n
            LOAD_LOCAL n
            LOAD_CONST 30
            LT
            LOOP_IF_TRUE first
            LOAD_LOCAL n
            LOAD_CONST 35
            LT
            LOOP_IF_TRUE second
            LOAD_LOCAL n
            RETURN
        .function <main>
            LOAD_CONST true
            CALL_FUNC_CONST f, 1
            LOAD_CONST false
            CALL_FUNC_CONST f, 1
            BUILD_LIST 2
            RETURN"#,
        "list [35, 35]",
    );
}

#[test]
fn comparisons_of_constants_and_numbers_that_are_none() {
    let mut code = String::from(".function <main>\n.locals nan\nLOAD_CONST nan\nSTORE_LOCAL nan\n");
    for (index, op) in ["EQ", "NEQ", "LT", "GT", "LTE", "GTE"].into_iter().enumerate() {
        for (left, right) in
            [("LOAD_LOCAL nan", "LOAD_CONST 1.0"), ("LOAD_CONST 1", "LOAD_LOCAL nan"), ("LOAD_CONST 3", "LOAD_CONST 4")]
        {
            for (which, jump) in
                ["JUMP_IF_TRUE", "JUMP_IF_FALSE", "NOT\nJUMP_IF_TRUE", "NOT\nJUMP_IF_FALSE"].into_iter().enumerate()
            {
                let label = format!("L{index}_{which}_{}", code.len());
                code += &format!(
                    "{left}\n{right}\n{op}\n{jump} {label}\nLOAD_CONST 0\nPRINT 1\nJUMP {label}_end\n{label}: LOAD_CONST 1\nPRINT 1\n{label}_end:\n"
                );
            }
        }
    }
    code += "LOAD_CONST null\nRETURN\n";
    let expected = {
        let mut expected = String::new();
        let holds: [fn(f64, f64) -> bool; 6] =
            [|a, b| a == b, |a, b| a != b, |a, b| a < b, |a, b| a > b, |a, b| a <= b, |a, b| a >= b];
        for compare in holds {
            for (a, b) in [(f64::NAN, 1.0), (1.0, f64::NAN), (3.0, 4.0)] {
                let result = compare(a, b);
                for jumps in [result, !result, !result, result] {
                    expected += if jumps { "1\n" } else { "0\n" };
                }
            }
        }
        expected + "null null"
    };
    shows(&code, &expected);
}

#[test]
fn unreachable_code() {
    shows(
        r#".function <main>
            .locals a b c
            LOAD_CONST 1
            RETURN
            POP
            ADD
        dead:
            LOAD_LOCAL b
            PRINT 7
            CALL_TOP 4
            FOR_LOOP a
            LOOP dead
            FOR_ITER a
            LOOP dead
            LOAD_LOCAL c
            LOOP_IF_TRUE dead
            JUMP deader
        deader:
            THROW"#,
        "integer 1",
    );
    // Code that leads into live code from nowhere, and a handler for it.
    shows(
        r#".function <main>
            .locals a
            JUMP live
            SETUP_TRY h0, catch, 3000
            LOAD_CONST 1
            LOAD_CONST 2
        dead:
            DIV
            POP_TRY h0
            LOOP dead
        live:
            LOAD_CONST 5
            STORE_LOCAL a
            LOAD_LOCAL a
            RETURN
        catch:
            RETURN"#,
        "integer 5",
    );
}

#[test]
fn the_shortest_functions() {
    shows(".function <main>\n LOAD_CONST null\n RETURN", "null null");
    shows(".function <main>\n LOAD_CONST \"x\"\n THROW", "! thrown: x");
    shows(".function <main> locals 1\n LOAD_LOCAL l0\n POP\n LOAD_CONST 1\n RETURN", "integer 1");
    shows(
        ".function f parameters 3\n LOAD_LOCAL l2\n RETURN\n.function <main>\n CALL_FUNC_CONST f, 0\n RETURN",
        "null null",
    );
    shows(
        ".function f parameters 3\n LOAD_LOCAL l1\n RETURN\n.function <main>\n LOAD_CONST 1\n LOAD_CONST 2\n LOAD_CONST 3\n LOAD_CONST 4\n CALL_FUNC_CONST f, 4\n RETURN",
        "integer 2",
    );
}

// Counted loops.

#[test]
fn the_body_of_a_counted_loop_has_other_ways_in() {
    shows(
        r#".function f parameters 1
            .locals skip i end step n
            LOAD_CONST 0
            STORE_LOCAL n
            LOAD_CONST 3
            STORE_LOCAL end
            LOAD_CONST 1
            STORE_LOCAL step
            LOAD_CONST -50
            STORE_LOCAL i
            LOAD_LOCAL skip
            JUMP_IF_TRUE body
            LOAD_CONST 0
            FOR_PREPARE i
        body:
            NOP
            JUMP inside
        inside:
            LOAD_LOCAL n
            LOAD_CONST 1
            ADD
            STORE_LOCAL n
            FOR_LOOP i
            LOOP body
            LOAD_LOCAL n
            LOAD_LOCAL i
            BUILD_LIST 2
            RETURN
        .function <main>
            LOAD_CONST true
            CALL_FUNC_CONST f, 1
            LOAD_CONST false
            CALL_FUNC_CONST f, 1
            BUILD_LIST 2
            RETURN"#,
        "list [[53, 2], [3, 2]]",
    );
    // The same where the loop begins with LOOP, and something else jumps to that.
    shows(
        r#".function f parameters 1
            .locals skip i end step n
            LOAD_CONST 0
            STORE_LOCAL n
            LOAD_CONST 3
            STORE_LOCAL end
            LOAD_CONST 1
            STORE_LOCAL step
            LOAD_CONST 1
            STORE_LOCAL i
            LOAD_LOCAL skip
            JUMP_IF_TRUE begin
            LOAD_CONST 0
            FOR_PREPARE i
        begin:
            LOOP body
            JUMP end
        body:
            LOAD_LOCAL n
            LOAD_CONST 1
            ADD
            STORE_LOCAL n
            FOR_LOOP i
            LOOP body
        end:
            LOAD_LOCAL n
            LOAD_LOCAL i
            BUILD_LIST 2
            RETURN
        .function <main>
            LOAD_CONST true
            CALL_FUNC_CONST f, 1
            LOAD_CONST false
            CALL_FUNC_CONST f, 1
            BUILD_LIST 2
            RETURN"#,
        "list [[2, 2], [3, 2]]",
    );
}

#[test]
fn a_counted_loop_goes_on_to_something_else_than_a_loop() {
    // FOR_LOOP's next instruction does nothing and falls into code that does much and then loops.
    shows(
        r#".function <main>
            .locals i end step
            LOAD_CONST 3
            STORE_LOCAL end
            LOAD_CONST 1
            STORE_LOCAL step
            LOAD_CONST 0
            FOR_PREPARE i
            NOP
            JUMP more
        top:
            FOR_LOOP i
            NOP
            JUMP pass
            LOAD_CONST "never"
            RETURN
        pass:
            JUMP_OUT: LOAD_LOCAL i
            LOAD_CONST 2
            EQ
            JUMP_IF_FALSE more
            LOAD_LOCAL i
            RETURN
        more:
            LOAD_LOCAL i
            PRINT 1
            LOOP top"#,
        "0\n1\ninteger 2",
    );
    shows(
        r#".function <main>
            .locals i end step
            LOAD_CONST 3
            STORE_LOCAL end
            LOAD_CONST 1
            STORE_LOCAL step
            LOAD_CONST 0
            FOR_PREPARE i
            JUMP more
            JUMP done
        more:
            LOAD_LOCAL i
            PRINT 1
            LOOP next
        next:
            FOR_LOOP i
            JUMP go
            JUMP done
        go:
            LOAD_CONST "-"
            PRINT 1
            LOOP next
        done:
            LOAD_LOCAL i
            RETURN"#,
        "0\n-\n-\ninteger 2",
    );
}

#[test]
fn counted_loops_count_as_they_are_told() {
    let code = |start: &str, end: &str, step: &str, body: &str| {
        format!(
            r#".function <main>
                .locals i end step
                LOAD_CONST {end}
                STORE_LOCAL end
                LOAD_CONST {step}
                STORE_LOCAL step
                LOAD_CONST {start}
                FOR_PREPARE i
                LOOP begin
                JUMP done
            begin:
                LOAD_LOCAL i
                PRINT 1
                {body}
                FOR_LOOP i
                LOOP begin
            done:
                IS_SET i
                RETURN"#
        )
    };
    shows(&code("0", "3", "1", ""), "0\n1\n2\nboolean true");
    shows(&code("3", "0", "-1", ""), "3\n2\n1\nboolean true");
    shows(&code("0", "5", "2", ""), "0\n2\n4\nboolean true");
    shows(&code("0", "0", "1", ""), "boolean false");
    shows(&code("0", "3", "-1", ""), "boolean false");
    shows(&code("0", "3", "0", ""), "! value: range() step must not be zero");
    shows(&code("0", "\"x\"", "1", ""), "! type: Type error: range() expects numbers");
    let (low, high) = (i64::MIN, i64::MAX);
    shows(
        &code(&(high - 2).to_string(), &high.to_string(), "1", ""),
        &format!("{}\n{}\nboolean true", high - 2, high - 1),
    );
    shows(
        &code(&(high - 5).to_string(), &high.to_string(), "4", ""),
        &format!("{}\n{}\nboolean true", high - 5, high - 1),
    );
    shows(&code(&(low + 1).to_string(), &low.to_string(), "-1", ""), &format!("{}\nboolean true", low + 1));
    // The body changes end, step or counter, even to what does not count.
    shows(&code("0", "9", "1", "LOAD_CONST 2\nSTORE_LOCAL end"), "0\n1\nboolean true");
    shows(&code("0", "9", "1", "LOAD_CONST 4\nSTORE_LOCAL step"), "0\n4\n8\nboolean true");
    shows(&code("0", "9", "1", "LOAD_LOCAL i\nLOAD_CONST 3\nADD\nSTORE_LOCAL i"), "0\n4\n8\nboolean true");
    shows(&code("0", "9", "1", "LOAD_CONST \"x\"\nSTORE_LOCAL i"), "0\n! type: Type error: range() expects numbers");
    shows(&code("0", "9", "1", "LOAD_CONST 1.5\nSTORE_LOCAL end"), "0\n! type: Type error: range() expects numbers");
    shows(&code("0", "9", "1", "LOAD_CONST null\nSTORE_LOCAL step"), "0\n! type: Type error: range() expects numbers");
    shows(&code("0", "3", "1", "LOAD_CONST 0\nSTORE_LOCAL step"), "0\nboolean true");
}

#[test]
fn a_counter_that_nobody_prepared() {
    shows(
        r#".function <main>
            .locals i end step
            LOAD_CONST 4
            STORE_LOCAL end
            LOAD_CONST 1
            STORE_LOCAL step
            FOR_LOOP i
            NOP
            LOAD_CONST "never"
            RETURN"#,
        "! type: Type error: range() expects numbers",
    );
    shows(
        r#".function <main>
            .locals i end step
            LOAD_CONST 4
            STORE_LOCAL end
            LOAD_CONST 1
            STORE_LOCAL step
            LOAD_CONST 2
            STORE_LOCAL i
            FOR_LOOP i
            NOP
            LOAD_LOCAL i
            RETURN"#,
        "integer 3",
    );
}

#[test]
fn the_start_of_a_counted_loop_is_the_counter_or_lies_deeper() {
    shows(
        r#".function <main>
            .locals i end step n
            LOAD_CONST 0
            STORE_LOCAL n
            LOAD_CONST 1
            STORE_LOCAL step
            LOAD_CONST 3
            STORE_LOCAL end
            LOAD_CONST 1
            STORE_LOCAL i
            LOAD_CONST "below"
            LOAD_LOCAL i
            LOAD_LOCAL i
            FOR_PREPARE i
            LOOP body
            JUMP done
        body:
            LOAD_LOCAL n
            LOAD_LOCAL i
            ADD
            STORE_LOCAL n
            FOR_LOOP i
            LOOP body
        done:
            LOAD_LOCAL n
            BUILD_LIST 3
            RETURN"#,
        "list [below, 1, 3]",
    );
    // The counter is live when the loop does not begin, and keeps its value then.
    shows(
        r#".function <main>
            .locals i end step
            LOAD_CONST "kept"
            STORE_LOCAL i
            LOAD_CONST 1
            STORE_LOCAL step
            LOAD_CONST 3
            STORE_LOCAL end
            LOAD_LOCAL end
            DUP
            FOR_PREPARE i
            LOOP body
            JUMP done
        body:
            FOR_LOOP i
            LOOP body
        done:
            LOAD_LOCAL i
            BUILD_LIST 2
            RETURN"#,
        "list [3, kept]",
    );
    // Start, end and step are one local.
    shows(
        r#".function <main>
            .locals a i end step
            LOAD_CONST 2
            STORE_LOCAL a
            LOAD_LOCAL a
            STORE_LOCAL step
            LOAD_LOCAL a
            LOAD_LOCAL a
            MUL
            STORE_LOCAL end
            LOAD_LOCAL a
            FOR_PREPARE i
            LOOP body
            JUMP done
        body:
            LOAD_LOCAL i
            PRINT 1
            FOR_LOOP i
            LOOP body
        done:
            LOAD_LOCAL i
            RETURN"#,
        "2\ninteger 2",
    );
}

#[test]
fn the_counter_is_on_the_stack_when_it_is_advanced() {
    shows(
        r#".function <main>
            .locals i end step
            LOAD_CONST 1
            STORE_LOCAL step
            LOAD_CONST 3
            STORE_LOCAL end
            LOAD_CONST 100
            LOAD_CONST 0
            FOR_PREPARE i
            LOOP body
            JUMP done
        body:
            POP
            LOAD_LOCAL i
            FOR_LOOP i
            LOOP body
        done:
            LOAD_LOCAL i
            BUILD_LIST 2
            RETURN"#,
        "list [2, 2]",
    );
}

// Iteration.

#[test]
fn elements_stay_on_the_stack() {
    shows(
        r#".function <main>
            .locals list at
            LOAD_CONST 1
            LOAD_CONST 2
            LOAD_CONST 3
            BUILD_LIST 3
            ITER_PREPARE
            STORE_LOCAL list
            LOAD_CONST 0
            STORE_LOCAL at
            LOAD_CONST 10
        top:
            FOR_ITER list
            LOOP body
            BUILD_LIST 2
            RETURN
        body:
            ADD
            LOOP top"#,
        "list [16, null]",
    );
}

#[test]
fn an_element_goes_to_a_variable_of_the_iteration_itself() {
    let code = |variable: &str| {
        format!(
            r#".function <main>
                .locals list at n
                LOAD_CONST 1
                LOAD_CONST 0
                LOAD_CONST 2
                LOAD_CONST 5
                BUILD_LIST 4
                ITER_PREPARE
                STORE_LOCAL list
                LOAD_CONST 0
                STORE_LOCAL at
                LOAD_CONST 0
                STORE_LOCAL n
                JUMP next
            body:
                STORE_LOCAL {variable}
                LOAD_LOCAL {variable}
                PRINT 1
                LOAD_LOCAL n
                LOAD_CONST 1
                ADD
                STORE_LOCAL n
                LOAD_LOCAL n
                LOAD_CONST 6
                GT
                JUMP_IF_TRUE enough
                LOAD_LOCAL list
                ITER_PREPARE
                STORE_LOCAL list
            next:
                FOR_ITER list
                LOOP body
                POP
            enough:
                LOAD_CONST "end"
                RETURN"#
        )
    };
    shows(&code("n"), "1\n0\n2\n5\nstring end");
    shows(&code("at"), "1\n0\n1\n0\n1\n0\n1\nstring end");
    shows(&code("list"), "1\n! type: Type error: cannot iterate over INTEGER");
}

#[test]
fn an_iteration_goes_on_by_a_jump() {
    shows(
        r#".function <main>
            .locals list at x
            LOAD_CONST "abc"
            ITER_PREPARE
            STORE_LOCAL list
            LOAD_CONST 0
            STORE_LOCAL at
        top:
            FOR_ITER list
            JUMP body
            RETURN
        body:
            STORE_LOCAL x
            LOAD_LOCAL x
            PRINT 1
            LOOP top"#,
        "a\nb\nc\nnull null",
    );
    // Both ways meet at once: the element and the null that ends the loop are told apart by the variable.
    shows(
        r#".function <main>
            .locals list at
            LOAD_CONST 7
            BUILD_LIST 1
            ITER_PREPARE
            STORE_LOCAL list
            LOAD_CONST 0
            STORE_LOCAL at
        top:
            FOR_ITER list
            NOP
            DUP
            PRINT 1
            LOOP_IF_TRUE top
            LOAD_CONST "end"
            RETURN"#,
        "7\nnull\nstring end",
    );
}

#[test]
fn pairs_keep_both_values() {
    shows(
        r#".function <main>
            .locals map at
            LOAD_CONST "a"
            LOAD_CONST 1
            LOAD_CONST "b"
            LOAD_CONST 2
            BUILD_MAP 2
            ITER_PREPARE
            STORE_LOCAL map
            LOAD_CONST 0
            STORE_LOCAL at
            LOAD_CONST "start"
        top:
            FOR_PAIR map
            LOOP body
            POP
            RETURN
        body:
            ITER_VALUE map
            BUILD_LIST 3
            LOOP top"#,
        "list [[start, a, 1], b, 2]",
    );
}

#[test]
fn the_position_is_on_the_stack_when_it_is_advanced() {
    shows(
        r#".function <main>
            .locals list at
            LOAD_CONST 7
            LOAD_CONST 8
            BUILD_LIST 2
            ITER_PREPARE
            STORE_LOCAL list
            LOAD_CONST 0
            STORE_LOCAL at
            BUILD_LIST 0
        top:
            LOAD_LOCAL at
            FOR_ITER list
            LOOP body
            POP
            LIST_APPEND 1
            RETURN
        body:
            LIST_APPEND 2
            LOOP top"#,
        "list [0, 7, 1, 8, 2]",
    );
}

// Calls and other windows.

#[test]
fn arguments_change_places() {
    let code = |order: &str| {
        let loads: String = order.split(' ').map(|name| format!("LOAD_LOCAL {name}\n")).collect();
        let count = order.split(' ').count();
        format!(
            r#".function show parameters 4
                .locals a b c d
                LOAD_LOCAL a
                LOAD_LOCAL b
                LOAD_LOCAL c
                LOAD_LOCAL d
                PRINT 4
                LOAD_CONST null
                RETURN
            .function f parameters 4
                .locals a b c d
                {loads}
                CALL_FUNC_CONST show, {count}
                RETURN
            .function keep parameters 4
                .locals a b c d
                {loads}
                CALL_FUNC_CONST show, {count}
                POP
                LOAD_LOCAL c
                LOAD_LOCAL a
                ADD
                RETURN
            .function <main>
                LOAD_CONST 1
                LOAD_CONST 2
                LOAD_CONST 3
                LOAD_CONST 4
                CALL_FUNC_CONST f, 4
                POP
                LOAD_CONST 1
                LOAD_CONST 2
                LOAD_CONST 3
                LOAD_CONST 4
                CALL_FUNC_CONST keep, 4
                RETURN"#
        )
    };
    for order in [
        "a b c d", "b a c d", "d c b a", "b c d a", "d a b c", "b a d c", "a a b b", "d d d a", "c a b", "b", "b c a a",
    ] {
        let number = |name: &str| ["a", "b", "c", "d"].iter().position(|&other| other == name).unwrap() + 1;
        let mut line: Vec<String> = order.split(' ').map(|name| number(name).to_string()).collect();
        line.resize(4, "null".to_string());
        let line = line.join(" ");
        shows(&code(order), &format!("{line}\n{line}\ninteger 4"));
    }
}

#[test]
fn a_called_value_lies_below_its_arguments() {
    shows(
        r#".function second parameters 2
            .locals a b
            LOAD_LOCAL b
            RETURN
        .function f parameters 3
            .locals f a b
            LOAD_LOCAL f
            LOAD_LOCAL a
            LOAD_LOCAL b
            CALL_TOP 2
            RETURN
        .function g parameters 3
            .locals a b f
            LOAD_LOCAL f
            LOAD_LOCAL b
            LOAD_LOCAL a
            CALL_TOP 2
            LOAD_LOCAL f
            LOAD_LOCAL f
            LOAD_LOCAL f
            CALL_TOP 2
            BUILD_LIST 2
            RETURN
        .function h parameters 2
            .locals f a
            LOAD_LOCAL f
            LOAD_LOCAL f
            LOAD_CONST null
            STORE_LOCAL f
            LOAD_LOCAL a
            LOAD_CONST function second
            STORE_LOCAL a
            CALL_TOP 2
            LOAD_LOCAL f
            LOAD_LOCAL a
            BUILD_LIST 3
            RETURN
        .function <main>
            LOAD_CONST function second
            LOAD_CONST 1
            LOAD_CONST 2
            CALL_FUNC_CONST f, 3
            LOAD_CONST 3
            LOAD_CONST 4
            LOAD_CONST function second
            CALL_FUNC_CONST g, 3
            LOAD_CONST function second
            LOAD_CONST 9
            CALL_FUNC_CONST h, 2
            LOAD_CONST true
            JUMP_IF_TRUE call
        call:
            BUILD_LIST 3
            RETURN"#,
        "list [2, [3, <action second>], [9, null, <action second>]]",
    );
}

#[test]
fn results_are_used_often_or_never() {
    shows(
        r#".function count
            LOAD_NAME "n"
            LOAD_CONST 1
            ADD
            DUP
            STORE_NAME "n"
            RETURN
        .function <main>
            .locals a
            LOAD_CONST 0
            STORE_NAME "n"
            CALL_FUNC_CONST count, 0
            POP
            CALL_FUNC_CONST count, 0
            DUP
            DUP
            DUP
            STORE_LOCAL a
            CALL_FUNC_CONST count, 0
            STORE_LOCAL a
            CALL_FUNC_CONST count, 0
            POP
            LOAD_CONST 5
            POP
            BUILD_LIST 0
            POP
            LOAD_LOCAL a
            BUILD_LIST 4
            RETURN"#,
        "list [2, 2, 2, 3]",
    );
}

#[test]
fn deep_nests_of_calls() {
    let mut code = String::from(
        ".function add parameters 3\n.locals a b c\nLOAD_LOCAL a\nLOAD_LOCAL b\nADD\nLOAD_LOCAL c\nADD\nRETURN\n.function <main>\n.locals x\nLOAD_CONST 1\nSTORE_LOCAL x\n",
    );
    for _ in 0..40 {
        code += "LOAD_LOCAL x\nLOAD_LOCAL x\nLOAD_CONST 1\nADD\nDUP\nSTORE_LOCAL x\n";
    }
    code += "LOAD_CONST 0\n";
    for _ in 0..40 {
        code += "CALL_FUNC_CONST add, 3\n";
    }
    code += "RETURN\n";
    let expected: i64 = (1..=40).map(|x| 2 * x + 1).sum();
    shows(&code, &format!("integer {expected}"));
}

#[test]
fn windows_of_every_kind_lie_above_what_lives_on() {
    shows(
        r#".type P
            .field "x" = 1
            .field "y" = 2
        .module m = top
            .member "v" = "v"
        .function top
            LOAD_CONST 3
            STORE_NAME "v"
            LOAD_CONST null
            RETURN
        .function <main>
            .locals a b
            LOAD_CONST "a"
            STORE_LOCAL a
            LOAD_CONST "below"
            LOAD_LOCAL a
            LOAD_CONST 1
            LOAD_CONST 2
            BUILD_LIST 2
            LOAD_CONST 3
            LOAD_LOCAL a
            LIST_APPEND 2
            LOAD_CONST 1
            LOAD_CONST null
            SLICE
            LOAD_LOCAL a
            LOAD_LOCAL a
            LOAD_CONST 7
            BUILD_SET 3
            LOAD_CONST "k"
            LOAD_LOCAL a
            LOAD_CONST "l"
            LOAD_CONST 2
            BUILD_MAP 2
            LOAD_CONST 5
            NEW_RECORD P, 1
            LOAD_CONST type P
            LOAD_CONST "y"
            LOAD_LOCAL a
            BUILD_MAP 1
            CONSTRUCT
            IMPORT m
            LOAD_CONST module m
            GET_ATTR "v"
            LOAD_LOCAL a
            LOAD_CONST 4
            BUILD_STRING 2
            LOAD_LOCAL a
            CALL_BUILTIN len, 1
            LOAD_LOCAL a
            CALL_METHOD "upper", 0
            BUILD_LIST 11
            RETURN"#,
        "list [below, a, [2, 3, a], [a, 7], {k: a, l: 2}, P { x: 5, y: 2 }, P { x: 1, y: a }, 3, a4, 1, A]",
    );
}

#[test]
fn printing_takes_values_from_anywhere() {
    shows(
        r#".function <main>
            .locals a b
            LOAD_CONST 1
            STORE_LOCAL a
            LOAD_CONST 2
            STORE_LOCAL b
            PRINT 0
            LOAD_LOCAL b
            PRINT 1
            LOAD_CONST "c"
            PRINT 1
            LOAD_LOCAL b
            LOAD_LOCAL a
            LOAD_LOCAL b
            LOAD_CONST null
            PRINT 4
            LOAD_LOCAL a
            LOAD_LOCAL b
            ADD
            DUP
            PRINT 1
            RETURN"#,
        "2\nc\n2 1 2 null\n3\ninteger 3",
    );
}

// Parameters.

#[test]
fn more_parameters_than_registers() {
    let loads: String = (0..20).map(|index| format!("LOAD_LOCAL p{index}\n")).collect();
    let reversed: String = (0..20).rev().map(|index| format!("LOAD_LOCAL p{index}\n")).collect();
    let odd: String =
        (0..20).filter(|index| [5, 12].contains(index)).map(|index| format!("LOAD_LOCAL p{index}\n")).collect();
    let names: String = (0..20).map(|index| format!("p{index} ")).collect();
    let values: String = (0..20).map(|index| format!("LOAD_CONST {index}\n")).collect();
    shows(
        &format!(
            r#".function all parameters 20
                .locals {names}
                {loads}
                BUILD_LIST 20
                RETURN
            .function reversed parameters 20
                .locals {names}
                {reversed}
                BUILD_LIST 20
                RETURN
            .function some parameters 20
                .locals {names}
                {odd}
                BUILD_LIST 2
                RETURN
            .function last parameters 20
                .locals {names}
                LOAD_LOCAL p19
                RETURN
            .function none parameters 20
                .locals {names}
                LOAD_CONST "none"
                RETURN
            .function changed parameters 20
                .locals {names}
                LOAD_LOCAL p19
                LOAD_LOCAL p0
                LOAD_LOCAL p18
                STORE_LOCAL p0
                STORE_LOCAL p18
                STORE_LOCAL p1
                {loads}
                BUILD_LIST 20
                RETURN
            .function <main>
                {values}
                CALL_FUNC_CONST all, 20
                PRINT 1
                {values}
                CALL_FUNC_CONST reversed, 20
                PRINT 1
                {values}
                CALL_FUNC_CONST some, 20
                PRINT 1
                {values}
                CALL_FUNC_CONST last, 20
                PRINT 1
                {values}
                CALL_FUNC_CONST none, 20
                PRINT 1
                {values}
                CALL_FUNC_CONST changed, 20
                RETURN"#
        ),
        "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]\n\
         [19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]\n\
         [5, 12]\n19\nnone\n\
         list [18, 19, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 0, 19]",
    );
}

#[test]
fn parameters_in_cells_and_left_out() {
    let names: String = (0..12).map(|index| format!("p{index} ")).collect();
    let cells: String = (0..12).map(|index| format!("MAKE_CELL p{index}\n")).collect();
    let stores: String =
        (0..12).map(|index| format!("LOAD_CELL p{index}\nLOAD_CONST {index}\nADD\nSTORE_CELL p{index}\n")).collect();
    let loads: String = (0..12).map(|index| format!("LOAD_CELL p{index}\n")).collect();
    let captures: String = (0..12).map(|index| format!(".capture p{index} = local {index} cell\n")).collect();
    let captured: String = (0..12).map(|index| format!("LOAD_CAPTURE_CELL p{index}\n")).collect();
    let values: String = (0..12).map(|index| format!("LOAD_CONST {}\n", index * 100)).collect();
    shows(
        &format!(
            r#".function inner
                {captures}
                {captured}
                BUILD_LIST 12
                LOAD_CONST "changed"
                STORE_CAPTURE_CELL p5
                RETURN
            .function f parameters 12
                .locals {names}
                {cells}
                {stores}
                MAKE_FUNCTION inner
                CALL_TOP 0
                {loads}
                BUILD_LIST 13
                RETURN
            .function g parameters 12 defaults
                .locals {names}
                IS_SET p1
                JUMP_IF_TRUE one
                LOAD_CONST "one"
                STORE_LOCAL p1
            one:
                IS_SET p11
                JUMP_IF_TRUE two
                LOAD_CONST "two"
                STORE_LOCAL p11
            two:
                LOAD_LOCAL p0
                LOAD_LOCAL p1
                LOAD_LOCAL p11
                BUILD_LIST 3
                RETURN
            .function <main>
                {values}
                CALL_FUNC_CONST f, 12
                LOAD_CONST 0
                CALL_FUNC_CONST g, 1
                {values}
                CALL_FUNC_CONST g, 12
                BUILD_LIST 3
                RETURN"#
        ),
        "list [[[0, 101, 202, 303, 404, 505, 606, 707, 808, 909, 1010, 1111], 0, 101, 202, 303, 404, changed, 606, 707, 808, 909, 1010, 1111], \
         [0, one, two], [0, 100, 1100]]",
    );
}

#[test]
fn closures_copy_what_the_variable_is_then() {
    shows(
        r#".function inner
            .capture a = local 0
            .capture b = local 1 cell
            LOAD_CAPTURE a
            LOAD_CAPTURE_CELL b
            BUILD_LIST 2
            RETURN
        .function <main>
            .locals a b f
            LOAD_CONST 1
            STORE_LOCAL a
            LOAD_CONST 10
            STORE_LOCAL b
            LOAD_LOCAL b
            MAKE_CELL b
            LOAD_LOCAL a
            MAKE_FUNCTION inner
            STORE_LOCAL a
            LOAD_CONST 20
            STORE_CELL b
            LOAD_LOCAL a
            CALL_TOP 0
            LOAD_LOCAL a
            IS_SET f
            BUILD_LIST 5
            RETURN"#,
        "list [10, 1, [1, 20], <action inner>, false]",
    );
}

// Handlers.

#[test]
fn a_handler_finds_the_variables_of_the_moment() {
    let code = |divisors: [i32; 3]| {
        let [first, second, third] = divisors;
        format!(
            r#".function <main>
                .locals x y
                LOAD_CONST 0
                STORE_LOCAL x
                SETUP_TRY catch, 0
                LOAD_CONST 1
                STORE_LOCAL x
                LOAD_CONST 1
                LOAD_CONST {first}
                DIV
                STORE_LOCAL y
                LOAD_CONST 2
                STORE_LOCAL x
                LOAD_CONST 10
                LOAD_CONST {second}
                DIV
                STORE_LOCAL y
                LOAD_CONST 3
                STORE_LOCAL x
                LOAD_CONST 100
                LOAD_CONST {third}
                DIV
                STORE_LOCAL y
                POP_TRY
                JUMP end
            catch:
                POP
            end:
                LOAD_LOCAL x
                IS_SET y
                JUMP_IF_TRUE set
                LOAD_CONST "unset"
                BUILD_LIST 2
                RETURN
            set:
                LOAD_LOCAL y
                BUILD_LIST 2
                RETURN"#
        )
    };
    shows(&code([0, 1, 1]), "list [1, unset]");
    shows(&code([1, 0, 1]), "list [2, 1]");
    shows(&code([1, 1, 0]), "list [3, 10]");
    shows(&code([1, 1, 1]), "list [3, 100]");
}

#[test]
fn a_handler_is_also_reached_by_the_way() {
    let code = |divisor, locals: usize| {
        let names: String = (0..locals).map(|index| format!("v{index} ")).collect();
        let sets: String = (0..locals).map(|index| format!("LOAD_CONST {index}\nSTORE_LOCAL v{index}\n")).collect();
        let gets: String = (0..locals).map(|index| format!("LOAD_LOCAL v{index}\n")).collect();
        format!(
            r#".function <main>
                .locals {names}
                {sets}
                LOAD_CONST "kept"
                SETUP_TRY catch, 1
                LOAD_CONST 6
                LOAD_CONST {divisor}
                DIV
                POP_TRY
            catch:
                {gets}
                BUILD_LIST {}
                RETURN"#,
            locals + 2
        )
    };
    let list = |middle: &str, locals: usize| {
        let values: String = (0..locals).map(|index| format!(", {index}")).collect();
        format!("list [kept, {middle}{values}]")
    };
    for locals in [0, 1, 5, 12] {
        shows(&code(2, locals), &list("3", locals));
        shows(&code(0, locals), &list("Division by zero", locals));
    }
}

#[test]
fn a_handler_is_jumped_to_from_several_places() {
    shows(
        r#".function f parameters 1
            .locals n
            LOAD_LOCAL n
            LOAD_CONST 0
            EQ
            JUMP_IF_FALSE one
            LOAD_CONST "zero"
            JUMP catch
        one:
            SETUP_TRY h0, catch, 0
            LOAD_LOCAL n
            LOAD_CONST 1
            EQ
            JUMP_IF_FALSE two
            LOAD_CONST "one"
            THROW
        two:
            LOAD_LOCAL n
            LOAD_CONST 2
            EQ
            JUMP_IF_FALSE three
            LOAD_CONST "two"
            JUMP catch
            POP_TRY h0
        three:
            LOAD_LOCAL n
        catch:
            LOAD_CONST "!"
            BUILD_LIST 2
            RETURN
        .function <main>
            LOAD_CONST 0
            CALL_FUNC_CONST f, 1
            LOAD_CONST 1
            CALL_FUNC_CONST f, 1
            LOAD_CONST 2
            CALL_FUNC_CONST f, 1
            LOAD_CONST 3
            CALL_FUNC_CONST f, 1
            BUILD_LIST 4
            RETURN"#,
        "list [[zero, !], [one, !], [two, !], [3, !]]",
    );
}

#[test]
fn guarded_code_changes_what_its_handler_keeps() {
    // Guarded code never takes away what its handler keeps, but the uppermost value can become another one in its place.
    let code = |fails: usize| {
        let part = |number: usize| format!("LOAD_CONST 1\nLOAD_CONST {}\nDIV\nPOP\n", i32::from(fails != number));
        format!(
            r#".function <main>
                .locals a
                LOAD_CONST 7
                STORE_LOCAL a
                LOAD_LOCAL a
                LOAD_LOCAL a
                SETUP_TRY catch, 2
                {}
                LOAD_CONST 3
                STORE_LOCAL a
                {}
                DUP
                LOAD_LOCAL a
                SUB
                BUILD_LIST 2
                POP_TRY
                LOAD_CONST 5
                SETUP_TRY catch2, 2
                {}
                NEG
                {}
                DUP
                DUP
                BUILD_LIST 3
                {}
                POP_TRY
                LOAD_CONST "fine"
            catch2:
                NOP
            catch:
                LOAD_LOCAL a
                BUILD_LIST 4
                RETURN"#,
            part(0),
            part(1),
            part(2),
            part(3),
            part(4)
        )
    };
    let code = |fails: usize| {
        code(fails)
            .replace("BUILD_LIST 2\n                POP_TRY", "ADD\n                POP_TRY\n                POP")
    };
    shows(&code(0), "list [7, 7, Division by zero, 7]");
    shows(&code(1), "list [7, 7, Division by zero, 3]");
    shows(&code(2), "list [7, 5, Division by zero, 3]");
    shows(&code(3), "list [7, -5, Division by zero, 3]");
    shows(&code(4), "list [7, [-5, -5, -5], Division by zero, 3]");
    shows(&code(5), "list [7, [-5, -5, -5], fine, 3]");
}

#[test]
fn a_kept_value_is_replaced_while_its_copies_are_in_use() {
    shows(
        r#".function f parameters 1
            .locals x
            LOAD_CONST 2
            SETUP_TRY catch, 1
            DUP
            DUP
            STORE_LOCAL x
            ADD
            LOAD_LOCAL x
            DUP
            LOAD_CONST 0
            MOD
            POP_TRY
            POP
            POP
            RETURN
        catch:
            LOAD_LOCAL x
            BUILD_LIST 3
            RETURN
        .function <main>
            LOAD_CONST 0
            CALL_FUNC_CONST f, 1
            RETURN"#,
        "list [4, Modulo by zero, 2]",
    );
}

#[test]
fn handlers_around_and_inside_loops() {
    shows(
        r#".function <main>
            .locals i end step n
            LOAD_CONST 0
            STORE_LOCAL n
            LOAD_CONST 4
            STORE_LOCAL end
            LOAD_CONST 1
            STORE_LOCAL step
            SETUP_TRY h1, outer, 0
            LOAD_CONST 0
            FOR_PREPARE i
            LOOP body
            JUMP done
        body:
            SETUP_TRY h0, inner, 0
            LOAD_LOCAL n
            LOAD_CONST 12
            LOAD_LOCAL i
            LOAD_CONST 1
            SUB
            DIV
            ADD
            STORE_LOCAL n
            POP_TRY h0
            JUMP next
        inner:
            PRINT 1
            LOAD_CONST 1000
            LOAD_LOCAL n
            ADD
            STORE_LOCAL n
        next:
            LOAD_LOCAL i
            LOAD_CONST 3
            EQ
            JUMP_IF_FALSE go
            LOAD_CONST "out of here"
            THROW
        go:
            FOR_LOOP i
            LOOP body
            POP_TRY h1
        done:
            LOAD_CONST "never"
            RETURN
        outer:
            LOAD_LOCAL i
            LOAD_LOCAL n
            BUILD_LIST 3
            RETURN"#,
        "Division by zero\nlist [out of here, 3, 1006]",
    );
}

#[test]
fn a_loop_goes_round_through_its_handler() {
    shows(
        r#".function <main>
            .locals n e
            LOAD_CONST 0
            STORE_LOCAL n
        again:
            SETUP_TRY catch, 0
            LOAD_LOCAL n
            LOAD_CONST 1
            ADD
            STORE_LOCAL n
            LOAD_LOCAL n
            THROW
            POP_TRY
        catch:
            STORE_LOCAL e
            LOAD_LOCAL e
            LOAD_CONST 3
            LT
            LOOP_IF_TRUE again
            LOAD_LOCAL e
            LOAD_LOCAL n
            BUILD_LIST 2
            RETURN"#,
        "list [3, 3]",
    );
}

#[test]
fn handlers_overlap_and_hide_each_other() {
    // Handler 0 takes what both cover; the third is hidden by the first throughout, and keeps more than there is.
    let code = |fails: usize| {
        let part = |number: usize| format!("LOAD_CONST {}\nLOAD_CONST {number}\nREQUIRE\n", fails != number);
        format!(
            r#".function <main>
                LOAD_CONST "below"
                SETUP_TRY h0, first, 1
                SETUP_TRY h2, third, 77
                {}
                POP_TRY h2
                SETUP_TRY h1, second, 0
                {}
                POP_TRY h0
                {}
                POP_TRY h1
                {}
                LOAD_CONST "fine"
                RETURN
            first:
                LOAD_CONST "first"
                BUILD_LIST 3
                RETURN
            second:
                LOAD_CONST "second"
                BUILD_LIST 2
                RETURN
            third:
                RETURN"#,
            part(0),
            part(1),
            part(2),
            part(3)
        )
    };
    shows(&code(0), "list [below, Requirement failed: 0, first]");
    shows(&code(1), "list [below, Requirement failed: 1, first]");
    shows(&code(2), "list [Requirement failed: 2, second]");
    shows(&code(3), "! requirement: Requirement failed: 3");
    shows(&code(4), "string fine");
}

#[test]
fn handlers_that_guard_nothing() {
    shows(
        r#".function <main>
            .handler 1 1 back 4000000000
            .handler 0 0 back 1
            LOAD_CONST 4
            LOAD_CONST 5
            ADD
        back:
            RETURN"#,
        "integer 9",
    );
    // The hidden handler's target is reached by the way, with another depth than it asks for.
    shows(
        r#".function <main>
            SETUP_TRY h0, first, 0
            SETUP_TRY h1, join, 900
            LOAD_CONST 1
            LOAD_CONST 0
            DIV
            POP_TRY h1
            POP_TRY h0
            RETURN
        first:
            LOAD_CONST 2
            LOAD_CONST 3
        join:
            BUILD_LIST 3
            RETURN"#,
        "list [Division by zero, 2, 3]",
    );
}

#[test]
fn one_target_for_several_handlers() {
    shows(
        r#".function f parameters 1
            .locals n
            LOAD_CONST "kept"
            LOAD_LOCAL n
            JUMP_IF_FALSE other
            SETUP_TRY h0, catch, 1
            LOAD_CONST "a"
            THROW
            POP_TRY h0
        other:
            LOAD_CONST "more"
            SETUP_TRY h1, catch, 1
            LOAD_CONST "b"
            THROW
            POP_TRY h1
        catch:
            BUILD_LIST 2
            RETURN
        .function <main>
            LOAD_CONST true
            CALL_FUNC_CONST f, 1
            LOAD_CONST false
            CALL_FUNC_CONST f, 1
            BUILD_LIST 2
            RETURN"#,
        "list [[kept, a], [kept, b]]",
    );
}

#[test]
fn cleanup_throws_on() {
    shows(
        r#".function risky
            .locals n
            LOAD_CONST 1
            STORE_LOCAL n
            SETUP_TRY cleanup, 0 cleanup
            LOAD_CONST 2
            STORE_LOCAL n
            LOAD_CONST 1
            LOAD_CONST 0
            DIV
            POP_TRY
            RETURN
        cleanup:
            LOAD_LOCAL n
            PRINT 1
            THROW
        .function <main>
            SETUP_TRY catch, 0
            CALL_FUNC_CONST risky, 0
            POP_TRY
            RETURN
        catch:
            PRINT 1
            CALL_FUNC_CONST risky, 0
            RETURN"#,
        "2\nDivision by zero\n2\n! arithmetic: Division by zero",
    );
}

#[test]
fn nested_handlers_keep_growing_stacks() {
    let mut code = String::from(".function <main>\n.locals a\nLOAD_CONST \"a\"\nSTORE_LOCAL a\n");
    for level in 0..12 {
        code += &format!("LOAD_CONST {level}\nSETUP_TRY h{}, catch{level}, {}\n", 11 - level, level + 1);
    }
    code += "LOAD_CONST 1\nLOAD_CONST 0\nDIV\n";
    for level in (0..12).rev() {
        code += &format!("POP_TRY h{}\n", 11 - level);
    }
    code += "RETURN\n";
    for level in (0..12).rev() {
        code += &format!("catch{level}:\n");
        if level > 0 {
            code += "LOAD_LOCAL a\nBUILD_LIST 3\n";
        } else {
            code += "BUILD_LIST 2\nRETURN\n";
        }
    }
    // Each handler's block is also where the one inside it falls to.
    let mut expected = String::from("Division by zero");
    for level in (0..12).rev() {
        expected = if level > 0 { format!("[{level}, {expected}, a]") } else { format!("list [{level}, {expected}]") };
    }
    shows(&code, &expected);
}

#[test]
fn errors_tell_their_place_and_calls() {
    let shown = agree(&assemble(
        r#".function bad parameters 2
            .locals a b
            LOAD_CONST 1
            LOAD_LOCAL a
            LOAD_LOCAL b
            LT
            JUMP_IF_FALSE no
            RETURN
        no: RETURN
        .function <main>
            NOP
            LOAD_CONST 5
            LOAD_CONST 5
            LOAD_CONST "x"
            CALL_FUNC_CONST bad, 2
            ADD
            RETURN"#,
    ))
    .unwrap();
    let (error, trace) = shown.result.unwrap_err();
    assert_eq!(error, "type: Type error: cannot compare INTEGER < STRING");
    assert_eq!(trace, [("bad".to_string(), 0, 3), ("<main>".to_string(), 0, 4)]);
}

#[test]
fn reads_of_what_was_never_set() {
    shows(
        r#".function <main>
            .locals a b
            LOAD_CONST true
            JUMP_IF_FALSE skip
            UNSET b
        skip:
            CHECK_LOCAL b
            LOAD_LOCAL b
            RETURN"#,
        "! name: Identifier 'b' not found",
    );
    shows(
        r#".function <main>
            .locals a b
            LOAD_CONST 3
            STORE_LOCAL a
            LOAD_LOCAL a
            STORE_LOCAL b
            UNSET a
            CHECK_LOCAL b
            CHECK_LOCAL a
            LOAD_LOCAL a
            RETURN"#,
        "! name: Identifier 'a' not found",
    );
    shows(
        r#".function <main>
            .locals a
            MAKE_CELL a
            LOAD_CELL a
            RETURN"#,
        "! name: Identifier 'a' not found",
    );
}

#[test]
fn a_loop_is_entered_in_its_middle_with_a_value_that_it_evicts() {
    // `l2` is set before the loop, which is entered behind its first block, and lives in a register until the loop's pressure takes that.
    let code = r#".function <main>
        .locals l0 l1 l2 l3 l4 l5 l6 l7 l8 l9
    again:
        MAKE_CELL l1
        LOAD_CONST 1
        LOAD_CONST 1
        LOAD_CONST 1
        STORE_LOCAL l2
        JUMP_IF_TRUE middle
        STORE_LOCAL l7
        LOOP again
    header:
        JUMP leave
    middle:
        LOAD_CONST 1
        STORE_LOCAL l8
        LOAD_LOCAL l2
        LOAD_CONST 1
        MOD
        STORE_LOCAL l3
        LOAD_CONST 1
        LOAD_CONST 1
        SUB
        LOAD_CELL l1
        LOAD_CONST 1
        BUILD_LIST 4
        LOAD_LOCAL l3
        JUMP_IF_NOT_NULL end
        LOAD_LOCAL l4
        STORE_CELL l1
        LOAD_LOCAL l7
        LOAD_CONST 1
        LOAD_CONST 1
        LOAD_LOCAL l3
        LOOP_IF_TRUE header
    leave:
        STORE_LOCAL l3
        POP
        STORE_LOCAL l9
        FOR_LOOP l2
        LOOP end
    end:
        THROW"#;
    shows(code, "! name: Identifier 'l1' not found");
    let without = [Step::ThreadJumps, Step::SingleConstants, Step::Dead, Step::Retarget].into_iter().collect();
    for &allocator in AllocatorKind::ALL {
        let options = Options { registers: 8, allocator, without, check: true, ..Options::default() };
        try_convert(&assemble(code), options).unwrap_or_else(|error| panic!("{error}"));
    }
}

// Transactions that do not match, and contracts that are none: the language has no way to write them.

#[test]
fn transactions_without_a_beginning() {
    shows(".function <main>\nLOAD_CONST 5\nTX_COMMIT\nRETURN", "! ledger: No transaction is open");
    shows(".function <main>\nTX_REVERT\nLOAD_CONST 5\nRETURN", "! ledger: No transaction is open");
    let twice = "LOAD_CONST null\nTX_BEGIN \"a\"\nLOAD_CONST 5\nTX_COMMIT\nTX_COMMIT\nRETURN";
    shows(&format!(".function <main>\n{twice}"), "! ledger: No transaction is open");
    shows(".function <main>\nLOAD_CONST 1\nLOAD_CONST 2\nSTATE_WRITE\nLOAD_CONST 5\nRETURN", OUTSIDE);
    shows(
        ".function <main>\nLOAD_CONST 5\nTX_BEGIN \"a\"\nLOAD_CONST 5\nRETURN",
        "! type: Type error: a transaction is a call of a contract, not of INTEGER",
    );
}

const OUTSIDE: &str = "! ledger: State write outside a transaction";

#[test]
fn transactions_without_an_end_are_undone() {
    // What is left open when the program ends is undone: the state is as after the inner commit alone, which is nothing.
    let code = r#".function <main>
        LOAD_CONST null
        TX_BEGIN "outer"
        LOAD_CONST "k"
        LOAD_CONST 1
        STATE_WRITE
        LOAD_CONST null
        TX_BEGIN "inner"
        LOAD_CONST "k"
        LOAD_CONST 2
        STATE_WRITE
        LOAD_CONST null
        TX_COMMIT
        POP
        LOAD_CONST "k"
        STATE_READ
        RETURN"#;
    let open = agree(&assemble(code)).unwrap_or_else(|difference| panic!("{difference}"));
    assert_eq!(open.to_string(), "integer 2");
    let nothing = agree(&assemble(".function <main>\nLOAD_CONST 2\nRETURN")).unwrap();
    assert_eq!(open.ledger, nothing.ledger);
}

#[test]
fn contracts_that_are_none() {
    let types = r#".type C contract
        .field "n" = null
    .type E
        .field "n" = null
        .field "m" = null
    "#;
    let made =
        |operation: &str| format!("{types}.function <main>\nLOAD_CONST null\nTX_BEGIN \"a\"\n{operation}\nRETURN");
    shows(&made("NEW_CONTRACT E"), "! type: Type error: E is no contract");
    shows(&made("NEW_RECORD C, 0"), "! type: Type error: contract C is made by its constructor");
    shows(&made("LOAD_CONST type C\nCALL_TOP 0"), "! type: Type error: contract C is made by its constructor");
    shows(
        &made("NEW_RECORD E, 0\nTX_BEGIN \"b\"\nLOAD_CONST 1"),
        "! type: Type error: a transaction is a call of a contract, not of ENTITY",
    );
    shows(&made("NEW_CONTRACT C\nGET_ATTR \"n\""), "null null");
    let outside = format!("{types}.function <main>\nNEW_CONTRACT C\nRETURN");
    shows(&outside, OUTSIDE);
}
