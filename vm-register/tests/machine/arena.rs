//! Calls of single functions in arrays that are kept.

use runtime::host::NoLedger;
use runtime::{Collecting, ErrorKind, Limits, RunOptions, Runtime, Value};
use vm_register::{Arena, Dispatch, Linked, call_by};

use crate::common::link;

/// `sum(n)` adds the numbers up to `n` recursively and makes garbage on the way; `pair(a, b)` is a list of its parameters.
const PROGRAM: &str = "
.function sum parameters 1 registers 4
    MOV_REG r1, r0
    BUILD_LIST_REG r1, 1
    LOAD_INT r1, 1
    LT_REG r1, r0, r1
    JUMP_IF_FALSE_REG r1, more
    LOAD_INT r1, 0
    RETURN_REG r1
more:
    LOAD_INT r1, 1
    SUB_REG r1, r0, r1
    CALL_FUNC_CONST_REG r1, sum, 1
    ADD_REG r1, r1, r0
    RETURN_REG r1
.function pair parameters 2 registers 4
    MOV_REG r2, r0
    MOV_REG r3, r1
    BUILD_LIST_REG r2, 2
    RETURN_REG r2
.function <main> registers 1
    LOAD_INT r0, 0
    RETURN_REG r0
";

fn runtime(linked: &Linked, max_depth: usize, collecting: Collecting) -> Runtime {
    let limits = Limits { max_depth, ..Limits::default() };
    Runtime::new(linked.program().clone(), RunOptions { limits, collecting, ..RunOptions::default() })
}

#[test]
fn calls_in_kept_arrays_are_like_first_calls() {
    let linked = link(PROGRAM);
    let function = |name: &str| {
        let found = linked.program().functions.iter().position(|facts| *facts.name == *name);
        found.expect("the program has it") as u32
    };
    let (sum, pair) = (function("sum"), function("pair"));
    for &dispatch in Dispatch::ALL {
        for collecting in [Collecting::WhenDue, Collecting::Always, Collecting::InSteps] {
            let arena = &mut Arena::new();
            let mut runtimes = [500, 50].map(|depth| runtime(&linked, depth, collecting));
            let mut call = |at: usize, function, arguments: &[Value]| {
                let runtime: &mut Runtime = &mut runtimes[at];
                let result = call_by(dispatch, &linked, arena, runtime, &mut NoLedger, function, arguments);
                result.map(|value| runtime.format(value)).map_err(|fault| (fault.kind, fault.message))
            };
            let deep = Err((ErrorKind::Depth, "Maximum recursion depth exceeded".to_string()));
            for _ in 0..3 {
                assert_eq!(call(0, sum, &[Value::int(400)]), Ok("80200".to_string()));
                assert_eq!(call(0, sum, &[Value::int(501)]), deep);
                assert_eq!(call(0, pair, &[Value::int(1)]), Ok("[1, null]".to_string()));
                let more = [1, 2, 3].map(Value::int);
                assert_eq!(call(0, pair, &more), Ok("[1, 2]".to_string()));
                // Another runtime, whose objects are others and whose limits are lower.
                assert_eq!(call(1, sum, &[Value::int(49)]), Ok("1225".to_string()));
                assert_eq!(call(1, sum, &[Value::int(400)]), deep);
                assert!(call(1, sum, &[]).is_err());
            }
        }
    }
}
