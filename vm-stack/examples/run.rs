//! Runs a program in the text form: `cargo run --release -p vm-stack --example run -- FILE [--superinstructions]`.
//!
//! Prints the result, how many instructions of each kind ran, and the least time of some runs for each dispatch technique that is built.
//! `kernels/` has small loops for looking at single handlers, under callgrind for example.

use std::time::{Duration, Instant};

use isa::Stack;
use runtime::probe::InstructionCounts;
use runtime::{RunOptions, Runtime};
use vm_stack::{Dispatch, Linked, Options, execute, execute_by, opcode_name};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("which file?")?;
    let superinstructions = arguments.next().is_some_and(|flag| flag == "--superinstructions");
    let module = isa::text::parse_form::<Stack>(&std::fs::read_to_string(path)?)?;
    let code = isa::verify::stack(module)?;
    let linked = Linked::with_options(&code, Options { superinstructions, ..Options::default() })
        .map_err(|fault| fault.message)?;
    let mut probe = InstructionCounts::default();
    let mut runtime = Runtime::new(linked.program().clone(), RunOptions::default());
    match execute(&linked, &mut runtime, &mut probe) {
        Ok(value) => println!("{}", runtime.format(value)),
        Err(fault) => println!("{}: {}", fault.kind.name(), fault.message),
    }
    println!("{:>12} instructions", probe.total());
    let counts = probe.by_opcode().iter().enumerate().filter(|(_, count)| **count != 0);
    for (opcode, count) in counts {
        println!("{count:>12} {}", opcode_name(opcode as u16).unwrap_or("unknown"));
    }
    let mut best = vec![Duration::MAX; Dispatch::ALL.len()];
    for _ in 0..5 {
        for (best, &dispatch) in best.iter_mut().zip(Dispatch::ALL) {
            let mut runtime = Runtime::new(linked.program().clone(), RunOptions::default());
            let start = Instant::now();
            let _ = execute_by(dispatch, &linked, &mut runtime);
            *best = (*best).min(start.elapsed());
        }
    }
    for (best, dispatch) in best.iter().zip(Dispatch::ALL) {
        println!("{dispatch:?}: {best:?}");
    }
    Ok(())
}
