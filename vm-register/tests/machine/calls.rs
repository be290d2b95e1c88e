//! Calls, windows, missing arguments, methods, constructors, modules.

use crate::common::{fails, gives, prints, run, run_within};
use runtime::Limits;

#[test]
fn recursion() {
    gives(
        ".function fib parameters 1 registers 4
            JUMP_NOT_LT_INT r0, 2, recurse
            RETURN_REG r0
        recurse:
            SUB_INT r1, r0, 1
            CALL_FUNC_CONST_REG r1, fib, 1
            SUB_INT r2, r0, 2
            CALL_FUNC_CONST_REG r2, fib, 1
            ADD_REG r0, r1, r2
            RETURN_REG r0
        .function <main> registers 2
            LOAD_REG r0, 15
            CALL_FUNC_CONST_REG r0, fib, 1
            RETURN_REG r0",
        "610",
    );
}

#[test]
fn windows_overlap() {
    // Each callee begins at another register of its caller; what lies below stays, the result comes where the arguments were.
    gives(
        ".function inner parameters 3 registers 6
            ADD_REG r3, r0, r1
            ADD_REG r4, r3, r2
            MOV_REG r5, r4
            RETURN_REG r5
        .function outer parameters 2 registers 9
            MOV_REG r6, r0
            MOV_REG r7, r1
            LOAD_INT r8, 100
            CALL_FUNC_CONST_REG r6, inner, 3
            MOV_REG r4, r6
            MOV_REG r5, r0
            LOAD_INT r6, 1000
            CALL_FUNC_CONST_REG r4, inner, 3
            MUL_INT r2, r4, 10
            ADD_REG r2, r2, r1
            RETURN_REG r2
        .function <main> registers 4
            LOAD_INT r0, 7
            LOAD_INT r1, 1
            LOAD_INT r2, 2
            CALL_FUNC_CONST_REG r1, outer, 2
            ADD_REG r0, r0, r1
            RETURN_REG r0",
        "11049",
    );
}

#[test]
fn missing_and_extra_arguments() {
    let program = |attributes: &str, arguments: usize| {
        format!(
            ".function f parameters 3 registers 4 {attributes}
                IS_SET_REG r3, r2
                BUILD_LIST_REG r1, 3
                RETURN_REG r1
            .function <main> registers 8
                LOAD_INT r1, 1
                LOAD_INT r2, 2
                LOAD_INT r3, 3
                LOAD_INT r4, 4
                CALL_FUNC_CONST_REG r1, f, {arguments}
                RETURN_REG r1"
        )
    };
    gives(&program("", 1), "[null, null, true]");
    gives(&program("", 2), "[2, null, true]");
    gives(&program("", 3), "[2, 3, true]");
    gives(&program("", 4), "[2, 3, true]");
    // The registers are not clean: the missing arguments were written over them.
    for arguments in 0..5 {
        let defaults = format!(
            ".function f parameters 3 registers 5 defaults
                IS_SET_REG r3, r0
                IS_SET_REG r4, r1
                IS_SET_REG r2, r2
                PRINT_REG r3, 2
                RETURN_REG r2
            .function <main> registers 8
                LOAD_INT r1, 1
                LOAD_INT r2, 2
                LOAD_INT r3, 3
                LOAD_INT r4, 4
                LOAD_REG r0, function f
                CALL_TOP_REG r1, r0, {arguments}
                RETURN_REG r1"
        );
        let outcome = run(&defaults);
        assert_eq!(outcome.output, format!("{} {}\n", arguments > 0, arguments > 1));
        assert_eq!(outcome.result, Ok((arguments > 2).to_string()));
    }
}

#[test]
fn depth_is_limited() {
    let program = ".function down parameters 1 registers 2
            JUMP_LTE_INT r0, 0, end
            SUB_INT r1, r0, 1
            CALL_FUNC_CONST_REG r1, down, 1
            ADD_INT r1, r1, 1
            RETURN_REG r1
        end:
            RETURN_REG r0
        .function <main> registers 2
            SETUP_TRY caught, r1
            LOAD_INT r0, DEPTH
            CALL_FUNC_CONST_REG r0, down, 1
            POP_TRY
            RETURN_REG r0
        caught:
            RETURN_REG r1";
    // `down(n)` makes n + 1 calls.
    for max_depth in [1, 2, 63, 64, 65, 1000, 10_000] {
        let limits = Limits { max_depth, ..Limits::default() };
        let fits = run_within(&program.replace("DEPTH", &(max_depth - 1).to_string()), limits);
        assert_eq!(fits.result, Ok((max_depth - 1).to_string()));
        let too_deep = run_within(&program.replace("DEPTH", &max_depth.to_string()), limits);
        assert_eq!(too_deep.result, Ok("Maximum recursion depth exceeded".to_owned()));
    }
    let none = run_within(&program.replace("DEPTH", "0"), Limits { max_depth: 0, ..Limits::default() });
    assert_eq!(none.result, Ok("Maximum recursion depth exceeded".to_owned()));
    let forever = ".function f registers 1
            CALL_FUNC_CONST_REG r0, f, 0
            RETURN_REG r0
        .function <main> registers 1
            CALL_FUNC_CONST_REG r0, f, 0
            RETURN_REG r0";
    let outcome = run(forever);
    assert_eq!(outcome.result, Err("depth: Maximum recursion depth exceeded".to_owned()));
    assert_eq!(outcome.origin.map(|origin| origin.trace.len()), Some(64));
    // Without a limit of depth, records of calls may take 64 MiB, though these calls take no registers.
    let outcome = run_within(forever, Limits { max_depth: usize::MAX, max_heap: 1 << 20, ..Limits::default() });
    assert_eq!(outcome.result, Err("heap: Out of memory: the heap limit is 1048576 bytes".to_owned()));
}

#[test]
fn every_callable_value() {
    let call = |callee: &str, arguments: &str| {
        format!(
            ".type Point
            .field \"x\" = 1
            .field \"y\" = 2
            .type Made constructor make
            .field \"x\" = 1
            .function make parameters 1 registers 2 defaults
                IS_SET_REG r1, r0
                BUILD_LIST_REG r1, 1
                RETURN_REG r1
            .function double parameters 1 registers 1
                MUL_INT r0, r0, 2
                RETURN_REG r0
            .function <main> registers 6
                LOAD_REG r0, {callee}
                {arguments}
                RETURN_REG r1"
        )
    };
    gives(&call("function double", "LOAD_INT r1, 4\nCALL_TOP_REG r1, r0, 1"), "8");
    gives(&call("builtin abs", "LOAD_INT r1, -4\nCALL_TOP_REG r1, r0, 1"), "4");
    gives(
        &call(
            "type Point",
            "LOAD_INT r1, 9\nCALL_TOP_REG r1, r0, 1\nGET_ATTR_REG r2, r1, \"x\"\nGET_ATTR_REG r3, r1, \"y\"\nBUILD_LIST_REG r2, 2\nMOV_REG r1, r2",
        ),
        "[9, 2]",
    );
    gives(&call("type Made", "CALL_TOP_REG r1, r0, 0"), "[false]");
    fails(&call("5", "CALL_TOP_REG r1, r0, 0"), "type: Not a function: INTEGER");
    // The callee may be one of the registers that the call loses.
    gives(&call("null", "LOAD_INT r1, 4\nLOAD_REG r2, function double\nCALL_TOP_REG r1, r2, 1"), "8");
    gives(&call("null", "LOAD_INT r1, -4\nCALL_BUILTIN_REG r1, abs, 1"), "4");
    fails(&call("null", "CALL_BUILTIN_REG r1, abs, 0"), "value: abs() takes 1 argument, 0 given");
}

#[test]
fn globals_hold_functions() {
    let program = |body: &str| {
        format!(
            ".function double parameters 1 registers 1 binds \"double\"
                MUL_INT r0, r0, 2
                RETURN_REG r0
            .function <main> registers 3
                {body}
                RETURN_REG r0"
        )
    };
    gives(&program("STORE_FUNC_REG double\nLOAD_INT r0, 21\nCALL_NAME_REG r0, \"double\", 1"), "42");
    fails(&program("LOAD_INT r0, 21\nCALL_NAME_REG r0, \"double\", 1"), "name: Identifier 'double' not found");
    gives(
        &program(
            "LOAD_REG r1, builtin abs\nSTORE_REG r1, \"double\"\nLOAD_INT r0, -3\nCALL_NAME_REG r0, \"double\", 1",
        ),
        "3",
    );
    fails(
        &program("LOAD_REG r1, 5\nSTORE_REG r1, \"double\"\nLOAD_INT r0, -3\nCALL_NAME_REG r0, \"double\", 1"),
        "type: Not a function: INTEGER",
    );
    gives(&program("LOAD_REG r1, 5\nSTORE_REG r1, \"double\"\nLOAD_VAR_REG r0, \"double\""), "5");
    fails(&program("LOAD_VAR_REG r0, \"double\""), "name: Identifier 'double' not found");
}

#[test]
fn methods_of_records() {
    prints(
        ".type Base
        .field \"n\" = 1
        .method \"name\" = Base.name
        .method \"add\" = Base.add
        .type Child extends Base
        .field \"n\" = 10
        .field \"call\" = function free
        .method \"name\" = Child.name
        .method \"add\" = Base.add
        .function Base.name parameters 1 registers 1
            LOAD_REG r0, \"base\"
            RETURN_REG r0
        .function Child.name parameters 1 registers 1
            LOAD_REG r0, \"child\"
            RETURN_REG r0
        .function Base.add parameters 3 registers 4
            GET_ATTR_REG r3, r0, \"n\"
            ADD_REG r3, r3, r1
            SET_ATTR_REG r0, \"n\", r3
            BUILD_LIST_REG r2, 2
            RETURN_REG r2
        .function free parameters 2 registers 2
            BUILD_LIST_REG r0, 2
            RETURN_REG r0
        .function ask parameters 1 registers 6
            ; one access site, several types
            MOV_REG r1, r0
            CALL_METHOD_REG r1, \"name\", 0
            PRINT_REG r1, 1
            MOV_REG r1, r0
            LOAD_INT r2, 5
            CALL_METHOD_REG r1, \"add\", 1
            PRINT_REG r1, 1
            RETURN_REG r0
        .function <main> registers 5
            NEW_RECORD_REG r0, Base, 0
            NEW_RECORD_REG r1, Child, 0
            LOAD_INT r2, 0
        again:
            MOV_REG r3, r0
            CALL_FUNC_CONST_REG r3, ask, 1
            MOV_REG r3, r1
            CALL_FUNC_CONST_REG r3, ask, 1
            ADD_INT r2, r2, 1
            JUMP_LT_INT r2, 2, again
            ; a function kept in a field gets no receiver
            MOV_REG r2, r1
            LOAD_INT r3, 1
            LOAD_INT r4, 2
            CALL_METHOD_REG r2, \"call\", 2
            PRINT_REG r2, 1
            RETURN_REG r2",
        "base\n[null, 6]\nchild\n[null, 15]\nbase\n[null, 11]\nchild\n[null, 20]\n[1, 2]\n",
    );
}

#[test]
fn methods_of_everything_else() {
    let program = |body: &str| {
        format!(
            ".prelude \"twice\" = twice
            .module tools = top
            .member \"double\" = \"double\"
            .type Point
            .field \"x\" = 1
            .function top registers 1
                LOAD_REG r0, function double
                STORE_REG r0, \"double\"
                RETURN_REG r0
            .function double parameters 1 registers 1
                MUL_INT r0, r0, 2
                RETURN_REG r0
            .function twice parameters 2 registers 3
                ADD_REG r2, r0, r0
                RETURN_REG r2
            .function <main> registers 6
                {body}
                RETURN_REG r0"
        )
    };
    gives(
        &program(
            "LOAD_INT r0, 1\nBUILD_LIST_REG r0, 1\nMOV_REG r1, r0\nLOAD_INT r2, 5\nCALL_METHOD_REG r1, \"push\", 1",
        ),
        "[1, 5]",
    );
    gives(&program("LOAD_REG r0, \"abc\"\nCALL_METHOD_REG r0, \"upper\", 0"), "ABC");
    // A library function in guest code.
    gives(&program("LOAD_INT r0, 1\nBUILD_LIST_REG r0, 1\nCALL_METHOD_REG r0, \"twice\", 0"), "[1, 1]");
    // Values found in the receiver: functions, builtins, types; they do not get it.
    for (value, expected) in [("function double", "6"), ("builtin abs", "3")] {
        let body = format!(
            "LOAD_REG r0, \"f\"\nLOAD_REG r1, {value}\nBUILD_MAP_REG r0, 1\nLOAD_INT r1, 3\nLOAD_INT r2, 4\nCALL_METHOD_REG r0, \"f\", 1"
        );
        gives(&program(&body), expected);
    }
    gives(
        &program(
            "LOAD_REG r0, \"f\"\nLOAD_REG r1, type Point\nBUILD_MAP_REG r0, 1\nLOAD_INT r1, 3\nCALL_METHOD_REG r0, \"f\", 1\nGET_ATTR_REG r0, r0, \"x\"",
        ),
        "3",
    );
    gives(
        &program("IMPORT_REG tools, r0\nLOAD_REG r0, module tools\nLOAD_INT r1, 3\nCALL_METHOD_REG r0, \"double\", 1"),
        "6",
    );
    fails(
        &program("LOAD_REG r0, module tools\nLOAD_INT r1, 3\nCALL_METHOD_REG r0, \"double\", 1"),
        "name: Identifier 'double' not found",
    );
    fails(
        &program("LOAD_REG r0, \"abc\"\nCALL_METHOD_REG r0, \"upp\", 0"),
        "type: Method 'upp' not supported for STRING",
    );
    fails(
        &program("LOAD_REG r0, null\nCALL_METHOD_REG r0, \"upper\", 0"),
        "type: Method 'upper' not supported for NULL",
    );
}

#[test]
fn construction() {
    let program = |body: &str| {
        format!(
            ".type Point
            .field \"x\" = 1
            .field \"y\" = 2
            .type Wide constructor wide
            .field \"a\" = null
            .field \"b\" = null
            .field \"c\" = null
            .field \"d\" = null
            .function wide parameters 4 registers 9 defaults
                IS_SET_REG r4, r0
                IS_SET_REG r5, r1
                IS_SET_REG r6, r2
                IS_SET_REG r7, r3
                PRINT_REG r4, 4
                JUMP_IF_TRUE_REG r5, given
                LOAD_INT r1, 22
            given:
                MOV_REG r4, r1
                BUILD_LIST_REG r4, 1
                RETURN_REG r4
            .function <main> registers 2
                {body}
                RETURN_REG r0"
        )
    };
    let point = "LOAD_REG r0, type Point\nBUILD_MAP_REG r1, 0\nCONSTRUCT_REG r0\nGET_ATTR_REG r0, r0, \"y\"";
    gives(&program(point), "2");
    // The window has two registers; the constructor takes four parameters.
    let wide = "LOAD_REG r0, \"c\"\nLOAD_INT r1, 3\nBUILD_MAP_REG r0, 1\nMOV_REG r1, r0\nLOAD_REG r0, type Wide\nCONSTRUCT_REG r0";
    prints(&program(wide), "false false true false\n");
    gives(&program(wide), "[22]");
    let wide = "LOAD_REG r0, \"b\"\nLOAD_INT r1, 3\nBUILD_MAP_REG r0, 1\nMOV_REG r1, r0\nLOAD_REG r0, type Wide\nCONSTRUCT_REG r0";
    gives(&program(wide), "[3]");
    fails(&program("LOAD_INT r0, 5\nBUILD_MAP_REG r1, 0\nCONSTRUCT_REG r0"), "type: Not a function: INTEGER");
}

#[test]
fn modules_run_once() {
    let program = |registers: u32, free: u32| {
        format!(
            ".module first = first
            .module second = second
            .function first registers 5
                LOAD_REG r0, \"first\"
                PRINT_REG r0, 1
                IMPORT_REG second, r1
                PRINT_REG r0, 1
                RETURN_REG r0
            .function second registers 1
                LOAD_REG r0, \"second\"
                PRINT_REG r0, 1
                ; a cycle: it has begun to run
                IMPORT_REG first, r1
                RETURN_REG r0
            .function <main> registers {registers}
                LOAD_REG r0, \"kept\"
                IMPORT_REG first, r{free}
                IMPORT_REG first, r{free}
                IMPORT_REG second, r{free}
                PRINT_REG r0, 1
                RETURN_REG r0"
        )
    };
    prints(&program(2, 1), "first\nsecond\nfirst\nkept\n");
    // The module's frame begins behind the last register.
    prints(&program(1, 1), "first\nsecond\nfirst\nkept\n");
}

#[test]
fn a_module_that_fails_has_run() {
    prints(
        ".module bad = bad
        .function bad registers 2
            LOAD_REG r0, \"bad\"
            PRINT_REG r0, 1
            THROW_REG r0
        .function <main> registers 2
            SETUP_TRY caught, r0
            IMPORT_REG bad, r0
            POP_TRY
        caught:
            IMPORT_REG bad, r0
            LOAD_REG r0, \"end\"
            PRINT_REG r0, 1
            RETURN_REG r0",
        "bad\nend\n",
    );
}

#[test]
fn requirements_and_output() {
    prints(
        ".function <main> registers 4
            LOAD_REG r0, true
            LOAD_REG r1, \"fine\"
            REQUIRE_REG r0, r1
            PRINT_REG r0, 2
            PRINT_REG r0, 0
            LOAD_REG r0, 0
            REQUIRE_REG r0, r1
            RETURN_REG r0",
        "true fine\n",
    );
    fails(
        ".function <main> registers 2\n LOAD_REG r0, 0\n LOAD_REG r1, \"no\"\n REQUIRE_REG r0, r1\n RETURN_REG r0",
        "requirement: Requirement failed: no",
    );
}

#[test]
fn spills() {
    gives(
        ".function add parameters 2 registers 5 spills 2 at 2
            STORE_SPILL r0, s0
            STORE_SPILL r1, s1
            LOAD_INT r0, 0
            LOAD_SPILL r1, s1
            LOAD_SPILL r4, s0
            SUB_REG r0, r1, r4
            RETURN_REG r0
        .function <main> registers 8 spills 3 at 2
            LOAD_INT r0, 10
            STORE_SPILL r0, s0
            LOAD_INT r0, 20
            STORE_SPILL r0, s2
            LOAD_SPILL r6, s2
            LOAD_SPILL r5, s0
            CALL_FUNC_CONST_REG r5, add, 2
            LOAD_SPILL r1, s2
            ADD_REG r0, r5, r1
            RETURN_REG r0",
        "30",
    );
}

#[test]
fn frames_at_the_machines_limit() {
    let last = 32_766;
    let program = |registers: u32| {
        format!(
            ".function <main> registers {registers}\n LOAD_INT r{last}, 7\n MOV_REG r0, r{last}\n STORE_REG r0, \"g\"\n LOAD_VAR_REG r{last}, \"g\"\n RETURN_REG r{last}"
        )
    };
    gives(&program(last + 1), "7");
    let module = isa::text::parse_form::<isa::Register>(&program(last + 2)).unwrap();
    let refused = vm_register::Linked::new(&isa::verify::register(module).unwrap()).unwrap_err();
    assert_eq!(refused.message, "'<main>' has 32768 registers, and the register machine takes fewer than 32768");
}
