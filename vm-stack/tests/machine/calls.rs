//! Calls of everything that can be called, arguments, closures and cells, the depth limit, modules.

use crate::common::{error, link, main_of, result, result_of, run, run_limited, run_with};
use isa::StackOp;
use runtime::{Collecting, ErrorKind, Limits};

const FIB: &str = r"
.function fib parameters 1 locals 1
.locals n
    LOAD_LOCAL n
    LOAD_CONST 2
    LT
    JUMP_IF_FALSE recurse
    LOAD_LOCAL n
    RETURN
recurse:
    LOAD_LOCAL n
    LOAD_CONST 1
    SUB
    CALL_FUNC_CONST fib, 1
    LOAD_LOCAL n
    LOAD_CONST 2
    SUB
    CALL_FUNC_CONST fib, 1
    ADD
    RETURN
.function <main>
    LOAD_CONST 15
    CALL_FUNC_CONST fib, 1
    RETURN
";

#[test]
fn recursion() {
    let run = run(FIB);
    assert_eq!(run.outcome.result, Ok("610".to_string()));
    // fib(15) makes 1973 calls.
    assert_eq!(run.count(StackOp::CallFuncConst), 1973);
    assert_eq!(run.count(StackOp::Return), 1974);
}

/// `pair` returns its two parameters and a third local, which no argument may reach.
fn pair(attributes: &str, arguments: usize) -> String {
    let arguments_text: String = (0..arguments).map(|n| format!("LOAD_CONST {n}\n")).collect();
    result(&format!(
        "
        .function pair parameters 2 locals 3 {attributes}
        .locals x y z
            IS_SET x
            LOAD_LOCAL x
            IS_SET y
            LOAD_LOCAL y
            IS_SET z
            BUILD_LIST 5
            RETURN
        .function <main>
            {arguments_text}
            CALL_FUNC_CONST pair, {arguments}
            RETURN
        "
    ))
}

#[test]
fn arguments() {
    assert_eq!(pair("", 2), "[true, 0, true, 1, false]");
    assert_eq!(pair("", 1), "[true, 0, true, null, false]");
    assert_eq!(pair("", 0), "[true, null, true, null, false]");
    assert_eq!(pair("", 5), "[true, 0, true, 1, false]");
    // The third value is unset, which prints as null.
    assert_eq!(pair("defaults", 1), "[true, 0, false, null, false]");
    // A callee without locals drops them all.
    assert_eq!(
        result(
            "
            .function none
                LOAD_CONST 7
                RETURN
            .function <main>
                LOAD_CONST 1
                LOAD_CONST 2
                LOAD_CONST 3
                CALL_FUNC_CONST none, 2
                SUB
                RETURN
            "
        ),
        "-6"
    );
}

const CALLEES: &str = "
.type Plain
.field \"x\" = 1
.field \"y\" = 2
.type Made constructor make
.field \"x\" = 0
.field \"y\" = 0
.function make parameters 2 locals 2
.locals x y
    LOAD_LOCAL x
    LOAD_CONST 10
    ADD
    IS_SET y
    NEW_RECORD Made, 2
    RETURN
.function double parameters 1 locals 1 binds \"double\"
.locals n
    LOAD_LOCAL n
    LOAD_CONST 2
    MUL
    RETURN
";

#[test]
fn every_kind_of_callee() {
    let called = |callee: &str| {
        let text = format!("{CALLEES}\n{}", main_of(&format!("{callee}\n LOAD_CONST 21\n CALL_TOP 1\n RETURN")));
        result(&text)
    };
    assert_eq!(called("LOAD_CONST function double"), "42");
    assert_eq!(called("MAKE_FUNCTION double"), "42");
    assert_eq!(called("LOAD_CONST builtin str"), "21");
    assert_eq!(called("LOAD_CONST type Plain"), "Plain { x: 21, y: 2 }");
    assert_eq!(called("LOAD_CONST type Made"), "Made { x: 31, y: true }");
    let named = |main: &str| result(&format!("{CALLEES}\n{}", main_of(main)));
    assert_eq!(named("STORE_FUNC double\n LOAD_CONST 4\n CALL_NAME \"double\", 1\n RETURN"), "8");
    assert_eq!(
        named("LOAD_CONST builtin len\n STORE_NAME \"f\"\n LOAD_CONST \"four\"\n CALL_NAME \"f\", 1\n RETURN"),
        "4"
    );
    assert_eq!(named("LOAD_CONST -3\n CALL_BUILTIN abs, 1\n RETURN"), "3");
    let failed = error(&main_of("LOAD_CONST 5\n CALL_TOP 0\n RETURN"));
    assert_eq!((failed.kind, &*failed.message), (ErrorKind::Type, "Not a function: INTEGER"));
    let failed = error(&main_of("CALL_NAME \"nowhere\", 0\n RETURN"));
    assert_eq!((failed.kind, &*failed.message), (ErrorKind::Name, "Identifier 'nowhere' not found"));
}

#[test]
fn named_construction() {
    let constructed = |main: &str| result(&format!("{CALLEES}\n{}", main_of(main)));
    let map = "LOAD_CONST \"y\"\n LOAD_CONST 5\n BUILD_MAP 1\n";
    assert_eq!(constructed(&format!("LOAD_CONST type Plain\n {map} CONSTRUCT\n RETURN")), "Plain { x: 1, y: 5 }");
    let map = "LOAD_CONST \"x\"\n LOAD_CONST 5\n BUILD_MAP 1\n";
    // The constructor sees that `y` was not given.
    assert_eq!(constructed(&format!("LOAD_CONST type Made\n {map} CONSTRUCT\n RETURN")), "Made { x: 15, y: false }");
    let failed = error(&main_of(&format!("LOAD_CONST 1\n {map} CONSTRUCT\n RETURN")));
    assert_eq!(failed.kind, ErrorKind::Type);
}

/// Two closures share a cell; a third captures through a function in between.
#[test]
fn closures_share_cells() {
    let text = "
    .function increment locals 0
    .capture \"count\" = local 0 cell
        LOAD_CAPTURE_CELL count
        LOAD_CONST 1
        ADD
        STORE_CAPTURE_CELL count
        LOAD_CAPTURE_CELL count
        RETURN
    .function read
    .capture \"count\" = capture 0 cell
    .capture \"label\" = capture 1
        LOAD_CAPTURE label
        LOAD_CAPTURE_CELL count
        ADD
        RETURN
    .function maker
    .capture \"count\" = local 0 cell
    .capture \"label\" = local 1
        MAKE_FUNCTION read
        RETURN
    .function <main> locals 4
    .locals count label increment maker
        LOAD_CONST 10
        STORE_LOCAL count
        MAKE_CELL count
        LOAD_CONST \"n=\"
        STORE_LOCAL label
        MAKE_FUNCTION increment
        STORE_LOCAL increment
        MAKE_FUNCTION maker
        STORE_LOCAL maker
        LOAD_LOCAL increment
        CALL_TOP 0
        POP
        LOAD_CELL count
        LOAD_CONST 5
        ADD
        STORE_CELL count
        LOAD_LOCAL increment
        CALL_TOP 0
        LOAD_LOCAL maker
        CALL_TOP 0
        CALL_TOP 0
        BUILD_LIST 2
        RETURN
    ";
    assert_eq!(result(text), "[17, n=17]");
}

/// A closure that nothing but its own frame refers to survives a collection.
#[test]
fn running_closures_are_roots() {
    let text = "
    .function garbage parameters 1 locals 1
    .locals x
    .capture \"a\" = local 0
        LOAD_LOCAL x
        BUILD_LIST 1
        POP
        LOAD_CAPTURE a
        RETURN
    .function <main> locals 1
    .locals a
        LOAD_CONST \"some \"
        LOAD_CONST 1
        ADD
        STORE_LOCAL a
        MAKE_FUNCTION garbage
        UNSET a
        LOAD_CONST 7
        CALL_TOP 1
        RETURN
    ";
    assert_eq!(result(text), "some 1");
}

#[test]
fn unset_variables() {
    let name = |body: &str| {
        let failed = error(&main_of(body));
        assert_eq!(failed.kind, ErrorKind::Name, "{body}");
        failed.message
    };
    assert_eq!(name("CHECK_LOCAL b\n LOAD_LOCAL b\n RETURN"), "Identifier 'b' not found");
    assert_eq!(name("LOAD_NAME \"g\"\n RETURN"), "Identifier 'g' not found");
    assert_eq!(name("MAKE_CELL c\n LOAD_CELL c\n RETURN"), "Identifier 'c' not found");
    // Verified code need not have made the cell before it uses it.
    assert_eq!(name("LOAD_CELL c\n MAKE_CELL c\n RETURN"), "Identifier 'c' not found");
    assert_eq!(
        result_of("LOAD_CONST 1\n STORE_CELL c\n MAKE_CELL c\n LOAD_CONST 2\n STORE_CELL c\n LOAD_CELL c\n RETURN"),
        "2"
    );
    assert_eq!(result_of("LOAD_CONST 1\n STORE_LOCAL b\n UNSET b\n IS_SET b\n RETURN"), "false");
    let captured = |load: &str, cell: &str| {
        let text = format!(
            ".function f\n.capture \"v\" = local 0{cell}\n {load} v\n RETURN\n.function <main> locals 1\n.locals v\n {}MAKE_FUNCTION f\n CALL_TOP 0\n RETURN",
            if cell.is_empty() { "" } else { "MAKE_CELL v\n " }
        );
        error(&text).message
    };
    assert_eq!(captured("LOAD_CAPTURE", ""), "Identifier 'v' not found");
    assert_eq!(captured("LOAD_CAPTURE_CELL", " cell"), "Identifier 'v' not found");
}

/// `down(n)` calls itself n times, with values on the operand stack and enough locals for the value stack to move many times.
fn down(n: u64) -> String {
    format!(
        "
        .function down parameters 1 locals 3
        .locals n kept unused
            LOAD_LOCAL n
            STORE_LOCAL kept
            LOAD_LOCAL n
            LOAD_CONST 0
            EQ
            JUMP_IF_TRUE end
            LOAD_CONST 1
            LOAD_LOCAL n
            LOAD_CONST 1
            SUB
            CALL_FUNC_CONST down, 1
            ADD
            LOAD_LOCAL kept
            LOAD_LOCAL n
            SUB
            ADD
            RETURN
        end:
            LOAD_CONST 0
            RETURN
        .function <main>
            LOAD_CONST {n}
            CALL_FUNC_CONST down, 1
            RETURN
        "
    )
}

#[test]
fn depth_limit() {
    let limits = |max_depth| Limits { max_depth, ..Limits::default() };
    // The entry function is no call: down(n) is n + 1 calls.
    for depth in [1, 2, 3, 100, 126, 127, 128, 129, 300] {
        let run = run_limited(&down(depth - 1), limits(depth as usize));
        assert_eq!(run.outcome.result, Ok((depth - 1).to_string()), "within a depth of {depth}");
        let failed = run_limited(&down(depth), limits(depth as usize)).outcome.result.unwrap_err();
        assert_eq!((failed.kind, &*failed.message), (ErrorKind::Depth, "Maximum recursion depth exceeded"));
    }
    let failed = run_limited(&down(0), limits(0)).outcome.result.unwrap_err();
    assert_eq!(failed.kind, ErrorKind::Depth);
    // Deep recursion takes no native stack.
    let linked = link(&down(1_000_000));
    let run = run_with(&linked, limits(2_000_000), Collecting::WhenDue, false);
    assert_eq!(run.outcome.result, Ok("1000000".to_string()));
}

/// The value stack may take as much as the heap and no more.
#[test]
fn value_stack_limit() {
    let linked = link(&down(100_000_000));
    let run = run_with(
        &linked,
        Limits { max_depth: usize::MAX, max_heap: 1 << 20, fuel: None, gas: None },
        Collecting::WhenDue,
        false,
    );
    let failed = run.outcome.result.unwrap_err();
    assert_eq!(failed.kind, ErrorKind::Heap);
    // A trace shows only part of so many calls.
    assert!(failed.trace.len() <= 128, "{}", failed.trace.len());
}

/// Records of calls are bounded in the same way, though these calls put nothing on the value stack.
#[test]
fn frame_stack_limit() {
    let linked = link(
        "
        .function forever
            CALL_FUNC_CONST forever, 0
            RETURN
        .function <main>
            CALL_FUNC_CONST forever, 0
            RETURN
        ",
    );
    let run = run_with(
        &linked,
        Limits { max_depth: usize::MAX, max_heap: 1 << 20, fuel: None, gas: None },
        Collecting::WhenDue,
        false,
    );
    let failed = run.outcome.result.unwrap_err();
    assert_eq!((failed.kind, &*failed.message), (ErrorKind::Heap, "Out of memory: the heap limit is 1048576 bytes"));
}

#[test]
fn depth_errors_are_caught_at_the_call() {
    let text = "
    .function forever parameters 1 locals 1
    .locals n
        LOAD_LOCAL n
        LOAD_CONST 1
        ADD
        STORE_NAME \"reached\"
        LOAD_NAME \"reached\"
        CALL_FUNC_CONST forever, 1
        RETURN
    .function <main> locals 1
    .locals e
        SETUP_TRY h0, caught, 0
        LOAD_CONST 0
        CALL_FUNC_CONST forever, 1
        POP_TRY h0
        RETURN
    caught:
        LOAD_CONST \": \"
        ADD
        LOAD_NAME \"reached\"
        ADD
        RETURN
    ";
    let run = run_limited(text, Limits { max_depth: 50, ..Limits::default() });
    assert_eq!(run.outcome.result, Ok("Maximum recursion depth exceeded: 50".to_string()));
}

#[test]
fn fuel() {
    // Each call takes a unit, LOOP always, LOOP_IF_TRUE when it goes back.
    let limits = |fuel| Limits { fuel: Some(fuel), ..Limits::default() };
    assert_eq!(run_limited(FIB, limits(1973)).outcome.result, Ok("610".to_string()));
    let failed = run_limited(FIB, limits(1972)).outcome.result.unwrap_err();
    assert_eq!((failed.kind, &*failed.message), (ErrorKind::Fuel, "Out of fuel"));
    let loops = |end: &str| {
        main_of(&format!(
            "LOAD_CONST 10\n STORE_LOCAL a\nbody: LOAD_LOCAL a\n LOAD_CONST 1\n SUB\n DUP\n STORE_LOCAL a\n {end}\n LOAD_LOCAL a\n RETURN"
        ))
    };
    let conditional = loops("LOOP_IF_TRUE body");
    // The condition is an integer here, which is decided off the fast path; then a bool.
    assert_eq!(run_limited(&conditional, limits(9)).outcome.result, Ok("0".to_string()));
    assert_eq!(run_limited(&conditional, limits(8)).outcome.result.unwrap_err().kind, ErrorKind::Fuel);
    let conditional = loops("TO_BOOL\n LOOP_IF_TRUE body");
    assert_eq!(run_limited(&conditional, limits(9)).fuel, 0);
    assert_eq!(run_limited(&conditional, limits(8)).outcome.result.unwrap_err().kind, ErrorKind::Fuel);
    let plain = loops("JUMP_IF_TRUE go\n LOAD_LOCAL a\n RETURN\ngo: LOOP body");
    assert_eq!(run_limited(&plain, limits(9)).outcome.result, Ok("0".to_string()));
    assert_eq!(run_limited(&plain, limits(8)).outcome.result.unwrap_err().kind, ErrorKind::Fuel);
    // No handler catches it.
    let text = main_of("SETUP_TRY h0, end, 0\nagain: LOOP again\n POP_TRY h0\nend: RETURN");
    assert_eq!(run_limited(&text, limits(1000)).outcome.result.unwrap_err().kind, ErrorKind::Fuel);
    // The depth is checked before fuel is taken.
    let failed =
        run_limited(&down(5), Limits { max_depth: 3, fuel: Some(3), ..Limits::default() }).outcome.result.unwrap_err();
    assert_eq!(failed.kind, ErrorKind::Depth);
}

#[test]
fn modules_run_once() {
    let text = "
    .module m = top
    .member \"pi\" = \"pi\"
    .function top
        LOAD_CONST \"running\"
        PRINT 1
        LOAD_CONST 3
        STORE_NAME \"pi\"
        IMPORT m
        LOAD_CONST \"discarded\"
        RETURN
    .function again
        IMPORT m
        LOAD_CONST module m
        GET_ATTR \"pi\"
        RETURN
    .function <main>
        LOAD_CONST \"kept\"
        IMPORT m
        IMPORT m
        CALL_FUNC_CONST again, 0
        ADD
        RETURN
    ";
    let run = run(text);
    assert_eq!(run.outcome.result, Ok("kept3".to_string()));
    assert_eq!(run.outcome.output, "running\n");
}

#[test]
fn errors_inside_modules_name_the_import() {
    let text = "
    .module m = top
    .function top
        .at 30
        LOAD_CONST null
        NEG
        RETURN
    .function <main>
        .at 10
        LOAD_CONST 1
        .at 20
        IMPORT m
        RETURN
    ";
    let failed = error(text);
    assert_eq!(failed.trace, [("top".to_string(), 30), ("<main>".to_string(), 20)]);
}

#[test]
fn prelude_and_native_methods() {
    let text = "
    .prelude \"twice\" = twice
    .function twice parameters 2 locals 2
    .locals list x
        LOAD_LOCAL list
        LOAD_LOCAL x
        CALL_METHOD \"push\", 1
        POP
        LOAD_LOCAL list
        LOAD_LOCAL x
        CALL_METHOD \"push\", 1
        POP
        LOAD_LOCAL list
        RETURN
    .function <main>
        LOAD_CONST 1
        BUILD_LIST 1
        LOAD_CONST \"a\"
        CALL_METHOD \"twice\", 1
        RETURN
    ";
    assert_eq!(result(text), "[1, a, a]");
    assert_eq!(result_of("LOAD_CONST \"abc\"\n CALL_METHOD \"upper\", 0\n RETURN"), "ABC");
    let failed = error(&main_of("LOAD_CONST \"abc\"\n CALL_METHOD \"nosuch\", 0\n RETURN"));
    assert_eq!(failed.kind, ErrorKind::Type);
}
