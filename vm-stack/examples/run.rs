//! Runs a program in the text form: `cargo run --release -p vm-stack --example run -- FILE [--count]`.
//!
//! Prints the result and the time, and with `--count` how many instructions of each kind ran. `kernels/` has small loops for looking
//! at single handlers, under callgrind for example.

use std::time::Instant;

use isa::{Stack, StackOp};
use runtime::probe::{InstructionCounts, NoProbe};
use runtime::{RunOptions, Runtime};
use vm_stack::{Linked, execute};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("which file?")?;
    let counts = arguments.next().is_some_and(|flag| flag == "--count");
    let module = isa::text::parse_form::<Stack>(&std::fs::read_to_string(path)?)?;
    let code = isa::verify::stack(module)?;
    let linked = Linked::new(&code).map_err(|fault| fault.message)?;
    let mut runtime = Runtime::new(linked.program().clone(), RunOptions::default());
    let start = Instant::now();
    let mut probe = InstructionCounts::default();
    let result =
        if counts { execute(&linked, &mut runtime, &mut probe) } else { execute(&linked, &mut runtime, &mut NoProbe) };
    let time = start.elapsed();
    match result {
        Ok(value) => println!("{} in {time:?}", runtime.format(value)),
        Err(fault) => println!("{}: {} in {time:?}", fault.kind.name(), fault.message),
    }
    if counts {
        println!("{:>12} instructions", probe.total());
        for (op, &count) in StackOp::ALL.iter().zip(probe.by_opcode()).filter(|(_, count)| **count != 0) {
            println!("{count:>12} {}", op.facts().mnemonic);
        }
    }
    Ok(())
}
