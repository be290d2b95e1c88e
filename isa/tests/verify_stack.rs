//! What the stack verifier accepts and refuses, program by program.

use isa::{Stack, text, verify};

fn verdict(program: &str) -> Result<Vec<u32>, String> {
    let module = text::parse_form::<Stack>(program).unwrap_or_else(|error| panic!("{error} in\n{program}"));
    let functions = module.functions.len() as u32;
    let verified = verify::stack(module).map_err(|error| error.to_string())?;
    Ok((0..functions).map(|function| verified.frame_size(function)).collect())
}

#[track_caller]
fn accepts(program: &str, frame_sizes: &[u32]) {
    assert_eq!(verdict(program).as_deref(), Ok(frame_sizes), "{program}");
}

#[track_caller]
fn refuses(program: &str, message: &str) {
    assert_eq!(verdict(program), Err(message.to_owned()), "{program}");
}

#[test]
fn straight_code_and_calls() {
    accepts(
        r#"
        .function add parameters 2
            .locals a b
            LOAD_LOCAL a
            LOAD_LOCAL b
            ADD
            RETURN
        .function <main>
            LOAD_CONST 1
            LOAD_CONST "two"
            CALL_FUNC_CONST add, 2
            STORE_NAME "sum"
            LOAD_NAME "sum"
            PRINT 1
            LOAD_CONST null
            RETURN
        "#,
        &[4, 2],
    );
    // Missing arguments are null and further ones are ignored, so any count will do.
    accepts(
        ".function <main>\n CALL_FUNC_CONST f, 0\n RETURN\n.function f parameters 2\n LOAD_LOCAL l1\n RETURN",
        &[1, 3],
    );
}

#[test]
fn loops_and_joins() {
    accepts(
        r#"
        .function f
            .locals n i limit step
            LOAD_CONST 0
            FOR_PREPARE i
            JUMP done
        body:
            LOAD_LOCAL n
            JUMP_IF_FALSE skip
            LOAD_LOCAL i
            JUMP join
        skip:
            LOAD_CONST 7
        join:
            POP
            FOR_LOOP i
            LOOP body
        done:
            LOAD_CONST null
            RETURN
        "#,
        &[5],
    );
    // The condition at the end: the body is only reached backward.
    accepts(
        ".function f locals 1\n LOOP test\nbody: LOAD_LOCAL l0\n POP\ntest: LOAD_LOCAL l0\n LOOP_IF_TRUE body\n LOAD_CONST null\n RETURN",
        &[2],
    );
    // Both ways out of FOR_ITER have the element, or null, on the stack.
    accepts(
        ".function f locals 2\nnext: FOR_ITER l0\n JUMP got\n POP\n LOAD_CONST null\n RETURN\ngot: POP\n LOOP next",
        &[3],
    );
}

#[test]
fn handlers_land_at_their_depth() {
    accepts(
        r#"
        .function f
            LOAD_CONST 1
            SETUP_TRY caught, 1
            LOAD_CONST 2
            LOAD_CONST 0
            DIV
            POP_TRY
            JUMP end
        caught:
            NOP
        end:
            ADD
            RETURN
        "#,
        &[3],
    );
    // Only the first handler that covers an instruction takes its error, so the depth of the second does not matter.
    accepts(
        r#"
        .function f
            SETUP_TRY outer, 5
            SETUP_TRY inner, 0
            LOAD_CONST 1
            THROW
            POP_TRY
            POP_TRY
        inner:
            RETURN
        outer:
            RETURN
        "#,
        &[1],
    );
    // Code that is not reached makes no demands on its handler.
    accepts(".function f\n LOAD_CONST 1\n RETURN\n SETUP_TRY x, 3\n NOP\n POP_TRY\nx: RETURN", &[1]);
}

#[test]
fn unreachable_code_needs_no_depth() {
    accepts(".function f\n LOAD_CONST 1\n RETURN\n POP\n POP\n RETURN", &[1]);
}

#[test]
fn closures_take_what_their_maker_has() {
    accepts(
        r#"
        .function inner
            .capture n = local 0 cell
            .capture k = local 1
            LOAD_CAPTURE_CELL n
            LOAD_CAPTURE k
            ADD
            STORE_CAPTURE_CELL n
            LOAD_CONST null
            RETURN
        .function innermost
            .capture n = capture 0 cell
            LOAD_CAPTURE_CELL c0
            RETURN
        .function <main>
            .locals n k
            MAKE_CELL n
            LOAD_CONST 1
            STORE_CELL n
            LOAD_CELL n
            STORE_LOCAL k
            MAKE_FUNCTION inner
            RETURN
        "#,
        &[2, 1, 3],
    );
}

#[test]
fn types_modules_and_the_rest() {
    accepts(
        r#"
        .type Base
            .field "name" = null
            .method "hi" = hi
        .type Child extends Base data constructor make
            .field "name" = "x"
            .field "age" = 1
        .enum Color
            .member "RED" = 0
        .module math = top
            .member "pi" = "pi"
        .prelude "map" = hi
        .function hi parameters 1
            LOAD_LOCAL l0
            GET_ATTR "name"
            RETURN
        .function make
            LOAD_CONST 1
            LOAD_CONST 1
            LOAD_CONST 1
            NEW_RECORD Child, 3
            IS_INSTANCE Base
            RETURN
        .function top binds "top"
            LOAD_CONST enum Color
            RETURN
        .function <main>
            STORE_FUNC top
            IMPORT math
            LOAD_CONST module math
            CALL_METHOD "sin", 0
            CALL_BUILTIN len, 1
            RETURN
        "#,
        &[2, 3, 1, 1],
    );
}

#[test]
fn operands_must_exist() {
    refuses(
        ".function f\n LOAD_CONST #3\n RETURN",
        "function 0 `f`, instruction 0 (LOAD_CONST 3): constant 3 does not exist, there are 0; add it or name another",
    );
    refuses(
        ".function f\n LOAD_NAME #0\n RETURN",
        "function 0 `f`, instruction 0 (LOAD_NAME 0): global 0 does not exist, there are 0; add it or name another",
    );
    refuses(
        ".function f locals 2\n LOAD_LOCAL l2\n RETURN",
        "function 0 `f`, instruction 0 (LOAD_LOCAL 2): local slot 2 does not exist, there are 2; add it or name another",
    );
    refuses(
        ".function f\n LOAD_CAPTURE c0\n RETURN",
        "function 0 `f`, instruction 0 (LOAD_CAPTURE 0): captured variable 0 does not exist, there are 0; add it or name another",
    );
    refuses(
        ".function f\n CALL_FUNC_CONST #1, 0\n RETURN",
        "function 0 `f`, instruction 0 (CALL_FUNC_CONST 1): function 1 does not exist, there are 1; add it or name another",
    );
    refuses(
        ".function f\n LOAD_CONST 1\n IS_INSTANCE #0\n RETURN",
        "function 0 `f`, instruction 1 (IS_INSTANCE 0): type 0 does not exist, there are 0; add it or name another",
    );
    refuses(
        ".function f\n LOAD_CONST 1\n GET_ATTR #9\n RETURN",
        "function 0 `f`, instruction 1 (GET_ATTR 9): name 9 does not exist, there are 1; add it or name another",
    );
    refuses(
        ".function f\n IMPORT #0\n LOAD_CONST 1\n RETURN",
        "function 0 `f`, instruction 0 (IMPORT 0): module 0 does not exist, there are 0; add it or name another",
    );
    refuses(
        ".function f\n CALL_BUILTIN #0, 0\n RETURN",
        "function 0 `f`, instruction 0 (CALL_BUILTIN 0): builtin 0 does not exist, there are 0; add it or name another",
    );
    refuses(
        ".function f\n LOAD_CONST 1\n POP !3\n LOAD_CONST 1\n RETURN",
        "function 0 `f`, instruction 1 (POP 3): the operation has no such operand; leave it zero",
    );
    // Operands of code that is never reached too.
    refuses(
        ".function f\n LOAD_CONST 1\n RETURN\n LOAD_LOCAL l7\n RETURN",
        "function 0 `f`, instruction 2 (LOAD_LOCAL 7): local slot 7 does not exist, there are 0; add it or name another",
    );
}

#[test]
fn loop_slots_must_exist() {
    refuses(
        ".function f locals 2\n FOR_PREPARE l0\n NOP\n LOAD_CONST 1\n RETURN",
        "function 0 `f`, instruction 0 (FOR_PREPARE 0): local slot 2 does not exist, there are 2; add it or name another",
    );
    refuses(
        ".function f locals 1\n FOR_ITER l0\n NOP\n RETURN",
        "function 0 `f`, instruction 0 (FOR_ITER 0): local slot 1 does not exist, there are 1; add it or name another",
    );
    refuses(
        ".function f locals 1\n ITER_VALUE l0\n RETURN",
        "function 0 `f`, instruction 0 (ITER_VALUE 0): local slot 1 does not exist, there are 1; add it or name another",
    );
    refuses(
        ".function f locals 3\n LOAD_CONST 1\n FOR_LOOP l0\n RETURN",
        "function 0 `f`, instruction 1 (FOR_LOOP 0): the operation may skip the next instruction; two instructions must follow it",
    );
}

#[test]
fn jumps_stay_inside_and_go_forward() {
    refuses(
        ".function f\n JUMP !9\n RETURN",
        "function 0 `f`, instruction 0 (JUMP 9): the jump goes to instruction 9 of 2; it must stay inside the function",
    );
    refuses(
        ".function f\nagain: LOAD_CONST 1\n JUMP_IF_TRUE again\n LOAD_CONST 1\n RETURN",
        "function 0 `f`, instruction 1 (JUMP_IF_TRUE 0): the jump goes back to instruction 0; only the loop operations go back, because they take fuel",
    );
    refuses(
        ".function f\n NOP\nself: JUMP self",
        "function 0 `f`, instruction 1 (JUMP 1): the jump goes back to instruction 1; only the loop operations go back, because they take fuel",
    );
    refuses(
        ".function f\n LOAD_CONST 1\n POP",
        "function 0 `f`: control can run off the end of the function; end it with a return, throw, jump or loop",
    );
    refuses(
        ".function f",
        "function 0 `f`: control can run off the end of the function; end it with a return, throw, jump or loop",
    );
}

#[test]
fn depth_must_agree() {
    refuses(
        ".function f\n LOAD_CONST 1\n ADD\n RETURN",
        "function 0 `f`, instruction 1 (ADD 0): the operation takes 2 values, but the stack holds 1 here; push them first",
    );
    refuses(
        ".function f\n LOAD_CONST 1\n BUILD_MAP 1\n RETURN",
        "function 0 `f`, instruction 1 (BUILD_MAP 1): the operation takes 2 values, but the stack holds 1 here; push them first",
    );
    refuses(
        ".function f\n CALL_METHOD \"m\", 1\n RETURN",
        "function 0 `f`, instruction 0 (CALL_METHOD 65537): the operation takes 2 values, but the stack holds 0 here; push them first",
    );
    refuses(
        ".function f\n LOAD_CONST 1\n JUMP_IF_FALSE join\n LOAD_CONST 2\njoin: LOAD_CONST 3\n RETURN",
        "function 0 `f`, instruction 2 (LOAD_CONST 1): instruction 3 is reached with 1 values on the stack, elsewhere with 0; all ways into it must agree",
    );
    refuses(
        ".function f\nagain: LOAD_CONST 1\n LOOP again",
        "function 0 `f`, instruction 1 (LOOP 0): instruction 0 is reached with 1 values on the stack, elsewhere with 0; all ways into it must agree",
    );
    refuses(
        ".function f locals 2\n FOR_ITER l0\n POP\n LOAD_CONST 1\n RETURN",
        "function 0 `f`, instruction 1 (POP 0): instruction 2 is reached with 0 values on the stack, elsewhere with 1; all ways into it must agree",
    );
}

#[test]
fn handlers_must_fit() {
    refuses(
        ".function f\n LOAD_CONST 1\n SETUP_TRY x, 1\n POP\n NOP\n POP_TRY\n LOAD_CONST 1\nx: RETURN",
        "function 0 `f`, instruction 2 (NOP 0): handler 0 keeps 1 values of the stack, but only 0 are there; keep no more than that",
    );
    refuses(
        ".function f\n SETUP_TRY x, 0\n NOP\n POP_TRY\nx: LOAD_CONST 1\n RETURN",
        "function 0 `f`, instruction 0 (NOP 0): instruction 1 is reached with 0 values on the stack, elsewhere with 1; all ways into it must agree",
    );
    refuses(
        ".function f\n .handler 1 9 #0 0\n LOAD_CONST 1\n RETURN",
        "function 0 `f`: handler 0 guards instructions 1 to 9 of 2; a range begins and ends inside the code",
    );
    refuses(
        ".function f\n .handler 1 0 #0 0\n LOAD_CONST 1\n RETURN",
        "function 0 `f`: handler 0 guards instructions 1 to 0 of 2; a range begins and ends inside the code",
    );
    refuses(
        ".function f\n .handler 0 1 #2 0\n LOAD_CONST 1\n RETURN",
        "function 0 `f`: handler 0 goes on at instruction 2 of 2; it must be inside the code",
    );
    // An error that is thrown again and again would take no fuel.
    refuses(
        ".function f\n LOAD_CONST 1\nback: SETUP_TRY back, 0\n THROW\n POP_TRY",
        "function 0 `f`: handler 0 goes on at instruction 1, but guards up to 2; it must go on behind what it guards",
    );
}

#[test]
fn frames_have_limits_and_names() {
    refuses(
        ".function f parameters 2 locals 1\n .locals a\n LOAD_CONST 1\n RETURN",
        "function 0 `f`: there are 2 parameters but 1 locals; parameters are the first locals",
    );
    refuses(
        ".function f locals 2\n .locals a\n LOAD_CONST 1\n RETURN",
        "function 0 `f`: 1 names are given for 2 locals; give one name each",
    );
    refuses(
        ".function f locals 3000000\n .locals\n LOAD_CONST 1\n RETURN",
        "function 0 `f`: a frame of this function needs 3000000 values and the limit is 1048576; split the function",
    );
    refuses(
        ".function f source 1\n LOAD_CONST 1\n RETURN",
        "function 0 `f`: source 1 does not exist, there are 1; add it or name another",
    );
    refuses(
        ".function f\n .line 1 5\n .line 0 5\n LOAD_CONST 1\n RETURN",
        "function 0 `f`: line entry 1 begins before the one ahead of it or past the code; sort the entries by instruction",
    );
    refuses(
        ".function f\n .line 3 5\n LOAD_CONST 1\n RETURN",
        "function 0 `f`: line entry 0 begins before the one ahead of it or past the code; sort the entries by instruction",
    );
    refuses(
        ".function #7\n LOAD_CONST 1\n RETURN",
        "function 0 `?`: name 7 does not exist, there are 0; add it or name another",
    );
}

#[test]
fn cells_and_captures_are_used_as_what_they_are() {
    refuses(
        ".function f\n .locals n\n LOAD_CELL n\n RETURN",
        "function 0 `f`, instruction 0 (LOAD_CELL 0): local 0 is used as a cell, but no MAKE_CELL of the function makes it one",
    );
    refuses(
        ".function g\n .capture n = local 0 cell\n LOAD_CAPTURE n\n RETURN\n.function <main>\n LOAD_CONST 1\n RETURN",
        "function 0 `g`, instruction 0 (LOAD_CAPTURE 0): captured variable 0 is a cell; use the operation for captured cells",
    );
    refuses(
        ".function g\n .capture n = local 0\n LOAD_CAPTURE_CELL n\n RETURN\n.function <main>\n LOAD_CONST 1\n RETURN",
        "function 0 `g`, instruction 0 (LOAD_CAPTURE_CELL 0): captured variable 0 is not a cell; use the operation for captured values",
    );
    let inner = |source: &str| format!(".function g\n .capture n = {source}\n LOAD_CONST 1\n RETURN\n");
    refuses(
        &(inner("local 3") + ".function <main> locals 2\n MAKE_FUNCTION g\n RETURN"),
        "function 1 `<main>`, instruction 0 (MAKE_FUNCTION 0): function 0 captures local 3 as variable 0, but the function that makes it has no such local",
    );
    refuses(
        &(inner("capture 0") + ".function <main>\n MAKE_FUNCTION g\n RETURN"),
        "function 1 `<main>`, instruction 0 (MAKE_FUNCTION 0): function 0 captures captured variable 0 as variable 0, but the function that makes it has no such captured variable",
    );
    refuses(
        &(inner("capture 0")
            + ".function h\n .capture n = local 0 cell\n MAKE_FUNCTION g\n RETURN\n.function <main>\n LOAD_CONST 1\n RETURN"),
        "function 1 `h`, instruction 0 (MAKE_FUNCTION 0): function 0 captures captured variable 0 as variable 0, but the function that makes it has it as a cell where this has a value, or the reverse",
    );
    refuses(
        &(inner("local 0 cell") + ".function <main> locals 1\n MAKE_FUNCTION g\n RETURN"),
        "function 1 `<main>`, instruction 0 (MAKE_FUNCTION 0): local 0 is used as a cell, but no MAKE_CELL of the function makes it one",
    );
}

#[test]
fn functions_without_closure_capture_nothing() {
    let inner = ".function g parameters 1\n .capture n = local 0\n LOAD_CONST 1\n RETURN\n";
    let main = ".function <main>\n LOAD_CONST 1\n RETURN\n";
    let refuses = |rest: &str, message: &str| refuses(&format!("{rest}\n{inner}{main}"), message);
    const HINT: &str = "captures variables; only MAKE_FUNCTION gives a function its captured variables";
    refuses(
        ".function h\n CALL_FUNC_CONST g, 0\n RETURN",
        &format!("function 0 `h`, instruction 0 (CALL_FUNC_CONST 1): what is called is function 1, which {HINT}"),
    );
    refuses(".constants function g", &format!("constant 0: it is function 0, which {HINT}"));
    refuses(".entry g", &format!("module: the entry is function 0, which {HINT}"));
    refuses(".module m = g", &format!("module 0: its top level is function 0, which {HINT}"));
    refuses(".prelude \"map\" = g", &format!("prelude function 0: it is function 0, which {HINT}"));
    refuses(".type T\n .method \"m\" = g", &format!("type 0: a method is function 0, which {HINT}"));
    refuses(".type T constructor g", &format!("type 0: its constructor is function 0, which {HINT}"));
    refuses(
        ".function h\n STORE_FUNC g\n LOAD_CONST 1\n RETURN",
        &format!("function 0 `h`, instruction 0 (STORE_FUNC 1): a hoisted function is function 1, which {HINT}"),
    );
}

#[test]
fn tables_must_make_sense() {
    let main = "\n.function <main>\n LOAD_CONST 1\n RETURN\n";
    let refuses = |rest: &str, message: &str| refuses(&format!("{rest}{main}"), message);
    refuses(".type A extends B\n.type B extends A", "type 0: the type is its own ancestor; break the cycle of parents");
    refuses(".type A extends A", "type 0: the type is its own ancestor; break the cycle of parents");
    refuses(".type A extends #4", "type 0: type 4 does not exist, there are 1; add it or name another");
    refuses(
        ".type A\n .field \"x\" = 1\n.type B extends A\n .field \"y\" = 1",
        "type 1: the type's first fields are not those of its parent, type 0; inherited fields come first, in order",
    );
    refuses(".type A\n .field \"x\" = #8", "type 0: constant 8 does not exist, there are 1; add it or name another");
    refuses(
        ".type A\n .method \"m\" = <main>",
        "type 0: a method is function 0, which has no parameters; parameter 0 takes the receiver",
    );
    refuses(".enum E\n .member #9 = 1", "enum 0: name 9 does not exist, there are 2; add it or name another");
    refuses(
        ".module m = <main>\n .member \"x\" = #5",
        "module 0: global 5 does not exist, there are 0; add it or name another",
    );
    refuses(".globals #6", "global 0: name 6 does not exist, there are 1; add it or name another");
    refuses(".constants enum #2", "constant 0: enum 2 does not exist, there are 0; add it or name another");
    refuses(".entry #3", "module: function 3 does not exist, there are 1; add it or name another");
    refuses(
        ".function f parameters 1\n LOAD_CONST 1\n RETURN\n.entry f",
        "module: the entry is function 0, which has 1 parameters; it is run without arguments",
    );
    refuses(
        ".function f\n STORE_FUNC f\n LOAD_CONST 1\n RETURN",
        "function 0 `f`, instruction 0 (STORE_FUNC 0): function 0 is bound to no global; name one in its `global`",
    );
}
