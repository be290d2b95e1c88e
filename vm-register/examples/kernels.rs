//! Times small hand-assembled loops on this machine alone: `kernels [name [size]]`.
//!
//! Prints time and dispatched instructions for each unit of work. For counts of machine instructions run it under callgrind at two sizes
//! and divide the difference.

use std::time::Instant;

use runtime::probe::InstructionCounts;
use runtime::{RunOptions, Runtime};
use vm_register::{Dispatch, Linked, execute, execute_by};

struct Kernel {
    name: &'static str,
    size: i64,
    /// Units of work in a run of this size.
    units: fn(i64) -> f64,
    text: &'static str,
}

fn same(size: i64) -> f64 {
    size as f64
}

/// Calls that `fib(n)` makes.
fn fib_calls(n: i64) -> f64 {
    let (mut a, mut b) = (1.0, 1.0);
    for _ in 0..n {
        (a, b) = (b, a + b + 1.0);
    }
    a
}

const KERNELS: &[Kernel] = &[
    Kernel {
        name: "fib",
        size: 30,
        units: fib_calls,
        text: r#"
            .function fib parameters 1 registers 4
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
                LOAD_REG r0, SIZE
                CALL_FUNC_CONST_REG r0, fib, 1
                RETURN_REG r0
        "#,
    },
    Kernel {
        name: "sum",
        size: 10_000_000,
        units: same,
        text: r#"
            .function <main> registers 4
                LOAD_REG r0, 0
                LOAD_REG r1, 0
                LOAD_REG r3, SIZE
            again:
                MUL_INT r2, r1, 3
                ADD_REG r0, r0, r2
                ADD_INT r1, r1, 1
                JUMP_LT r1, r3, again
                RETURN_REG r0
        "#,
    },
    Kernel {
        name: "float",
        size: 10_000_000,
        units: same,
        text: r#"
            .function <main> registers 4
                LOAD_REG r0, 0.5
                LOAD_REG r1, 0.0
                LOAD_REG r3, SIZE.0
            again:
                MUL_CONST r2, r1, 3.0
                ADD_REG r0, r0, r2
                ADD_INT r1, r1, 1
                JUMP_LT r1, r3, again
                RETURN_REG r0
        "#,
    },
    Kernel {
        name: "arith",
        size: 5_000_000,
        units: same,
        text: r#"
            .function <main> registers 5
                LOAD_REG r0, 0
                LOAD_REG r1, 0
                LOAD_REG r4, SIZE
            again:
                MUL_INT r2, r0, 3
                ADD_REG r2, r2, r1
                MOD_INT r3, r1, 7
                SUB_REG r2, r2, r3
                MOD_CONST r0, r2, 1000003
                COUNTED_LOOP r1, r4, again
                RETURN_REG r0
        "#,
    },
    Kernel {
        name: "sieve",
        size: 500_000,
        units: same,
        text: r#"
            .function <main> registers 8
                ; r0 n, r1 flags, r2 i, r3 j, r4 count
                LOAD_REG r0, SIZE
                LOAD_REG r5, true
                BUILD_LIST_REG r5, 1
                MOV_REG r1, r5
                ADD_INT r6, r0, 1
                MUL_REG r1, r1, r6
                LOAD_REG r4, 0
                LOAD_REG r2, 2
                LOAD_REG r7, false
            outer:
                INDEX_REG r5, r1, r2
                JUMP_IF_FALSE_REG r5, next
                ADD_INT r4, r4, 1
                MUL_REG r3, r2, r2
                JUMP_GT r3, r0, next
            inner:
                SET_INDEX_REG r1, r3, r7
                ADD_REG r3, r3, r2
                JUMP_LTE r3, r0, inner
            next:
                ADD_INT r2, r2, 1
                JUMP_LTE r2, r0, outer
                RETURN_REG r4
        "#,
    },
    Kernel {
        name: "closure",
        size: 5_000_000,
        units: same,
        text: r#"
            .function add parameters 1 registers 3
            .capture "total" = local 0 cell
                LOAD_CAPTURE_CELL_REG r1, total
                ADD_REG r1, r1, r0
                STORE_CAPTURE_CELL_REG r1, total
                RETURN_REG r1
            .function <main> registers 6
                LOAD_REG r0, 0
                MAKE_CELL_REG r0, r0
                MAKE_FUNCTION_REG r1, add
                SET_CAPTURE r1, c0, r0
                LOAD_REG r2, 0
                LOAD_REG r3, SIZE
            again:
                MOV_REG r4, r2
                CALL_TOP_REG r4, r1, 1
                COUNTED_LOOP r2, r3, again
                RETURN_REG r4
        "#,
    },
    Kernel {
        name: "fields",
        size: 5_000_000,
        units: same,
        text: r#"
            .type Point
            .field "x" = 0
            .field "y" = 1
            .method "step" = step
            .function step parameters 1 registers 3
                GET_ATTR_REG r1, r0, "x"
                GET_ATTR_REG r2, r0, "y"
                ADD_REG r1, r1, r2
                SET_ATTR_REG r0, "x", r1
                RETURN_REG r1
            .function <main> registers 6
                NEW_RECORD_REG r1, Point, 0
                LOAD_REG r2, 0
                LOAD_REG r3, SIZE
            again:
                MOV_REG r4, r1
                CALL_METHOD_REG r4, "step", 0
                COUNTED_LOOP r2, r3, again
                RETURN_REG r4
        "#,
    },
    Kernel {
        name: "map",
        size: 2_000_000,
        units: same,
        text: r#"
            .function <main> registers 8
                LOAD_REG r0, SIZE
                BUILD_MAP_REG r1, 0
                LOAD_REG r2, 0
            again:
                MOD_INT r3, r2, 1000
                INDEX_REG r4, r1, r3
                JUMP_IF_NOT_NULL_REG r4, known
                LOAD_REG r4, 0
            known:
                ADD_INT r4, r4, 1
                SET_INDEX_REG r1, r3, r4
                COUNTED_LOOP r2, r0, again
                RETURN_REG r4
        "#,
    },
    Kernel {
        name: "push",
        size: 2_000_000,
        units: same,
        text: r#"
            .function <main> registers 8
                LOAD_REG r0, SIZE
                BUILD_LIST_REG r1, 0
                LOAD_REG r2, 0
            again:
                MOV_REG r3, r1
                MOV_REG r4, r2
                CALL_METHOD_REG r3, "push", 1
                COUNTED_LOOP r2, r0, again
                GET_LENGTH_REG r4, r1
                RETURN_REG r4
        "#,
    },
    Kernel {
        name: "builtin",
        size: 5_000_000,
        units: same,
        text: r#"
            .function <main> registers 8
                LOAD_REG r0, SIZE
                LOAD_REG r1, 0
                LOAD_REG r2, 0
            again:
                MOV_REG r3, r2
                CALL_BUILTIN_REG r3, abs, 1
                ADD_REG r1, r1, r3
                COUNTED_LOOP r2, r0, again
                RETURN_REG r1
        "#,
    },
    Kernel {
        name: "chars",
        size: 5_000_000,
        units: same,
        text: r#"
            .function <main> registers 8
                LOAD_REG r0, SIZE
                LOAD_REG r1, "the quick brown fox"
                LOAD_REG r2, 0
                LOAD_REG r5, 0
            again:
                MOD_INT r3, r2, 19
                INDEX_REG r4, r1, r3
                JUMP_NEQ_CONST r4, "o", other
                ADD_INT r5, r5, 1
            other:
                COUNTED_LOOP r2, r0, again
                RETURN_REG r5
        "#,
    },
    Kernel {
        name: "concat",
        size: 500_000,
        units: same,
        text: r#"
            .function <main> registers 8
                LOAD_REG r0, SIZE
                LOAD_REG r1, ""
                LOAD_REG r2, 0
            again:
                ADD_CONST r1, r1, "x"
                COUNTED_LOOP r2, r0, again
                GET_LENGTH_REG r1, r1
                RETURN_REG r1
        "#,
    },
    Kernel {
        name: "walk",
        size: 5_000_000,
        units: same,
        text: r#"
            .function <main> registers 8
                LOAD_REG r0, 1
                BUILD_LIST_REG r0, 1
                MUL_CONST r0, r0, SIZE
                LOAD_REG r1, 0
                LOAD_REG r2, 0
            again:
                FOR_ITER_REG r3, r0, r1
                JUMP_REG body
                RETURN_REG r2
            body:
                ADD_REG r2, r2, r3
                LOOP_REG again
        "#,
    },
    Kernel {
        name: "mapattr",
        size: 5_000_000,
        units: same,
        text: r#"
            .function <main> registers 8
                LOAD_REG r0, SIZE
                LOAD_REG r1, "x"
                LOAD_REG r2, 1
                LOAD_REG r3, "y"
                LOAD_REG r4, 0
                BUILD_MAP_REG r1, 2
                LOAD_REG r2, 0
            again:
                GET_ATTR_REG r3, r1, "x"
                GET_ATTR_REG r4, r1, "y"
                ADD_REG r4, r4, r3
                SET_ATTR_REG r1, "y", r4
                COUNTED_LOOP r2, r0, again
                RETURN_REG r4
        "#,
    },
];

fn link(kernel: &Kernel, size: i64) -> Linked {
    let text = kernel.text.replace("SIZE", &size.to_string());
    let module = isa::text::parse_form::<isa::Register>(&text).expect("the text is well formed");
    let verified = isa::verify::register(module).expect("the code is valid");
    Linked::new(&verified).expect("the program links")
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let wanted = arguments.next();
    let size = arguments.next().map(|size| size.parse::<i64>().expect("a size"));
    for kernel in KERNELS.iter().filter(|kernel| wanted.as_deref().is_none_or(|wanted| wanted == kernel.name)) {
        let size = size.unwrap_or(kernel.size);
        let linked = link(kernel, size);
        let mut best = vec![f64::INFINITY; Dispatch::ALL.len()];
        let mut result = None;
        let runs = if std::env::var_os("ONCE").is_some() { 1 } else { 7 };
        // In turn, so that a change of the machine's speed meets all of them.
        for _ in 0..runs {
            for (best, &dispatch) in best.iter_mut().zip(Dispatch::ALL) {
                let mut runtime = Runtime::new(linked.program().clone(), RunOptions::default());
                let start = Instant::now();
                result = Some(execute_by(dispatch, &linked, &mut runtime).expect("no error"));
                *best = best.min(start.elapsed().as_secs_f64());
            }
        }
        let units = (kernel.units)(size);
        if runs == 1 {
            continue;
        }
        let mut counts = InstructionCounts::default();
        let mut runtime = Runtime::new(linked.program().clone(), RunOptions::default());
        execute(&linked, &mut runtime, &mut counts).expect("no error");
        print!(
            "{:8} {:?}: {:5.2} instructions a unit",
            kernel.name,
            result.expect("it ran"),
            counts.total() as f64 / units
        );
        for (best, dispatch) in best.iter().zip(Dispatch::ALL) {
            print!(
                "; {dispatch:?} {:6.2} ns a unit, {:5.2} ns an instruction",
                best * 1e9 / units,
                best * 1e9 / counts.total() as f64
            );
        }
        println!();
    }
}
