//! The stack machine.

use runtime::probe::{NoProbe, Probe};
use runtime::{Fault, Runtime, Value};

mod dispatch;
mod frame;
mod handlers;
mod link;
mod machine;
mod slot;
mod unwind;

pub use link::Linked;

use crate::machine::Machine;

/// Runs the entry function and gives its result.
///
/// # Errors
/// The error that no handler caught. Its origin holds the trace.
///
/// # Panics
/// When `runtime` was not made of `linked`'s program.
pub fn execute<P: Probe>(linked: &Linked, runtime: &mut Runtime, probe: &mut P) -> Result<Value, Fault> {
    // The instances without a probe are compiled here, with this crate's settings, and not once more wherever they are used.
    if P::ENABLED { run(linked, runtime, probe) } else { run_unwatched(linked, runtime) }
}

#[inline(never)]
fn run_unwatched(linked: &Linked, runtime: &mut Runtime) -> Result<Value, Fault> {
    run(linked, runtime, &mut NoProbe)
}

fn run<P: Probe>(linked: &Linked, runtime: &mut Runtime, probe: &mut P) -> Result<Value, Fault> {
    let counts_fuel = runtime.has_fuel_limit();
    let mut machine = Machine::new(linked, runtime);
    // SAFETY: a new machine is about to run the first instruction of the entry function.
    unsafe {
        if counts_fuel {
            dispatch::match_loop::run::<P, true>(&mut machine, probe);
        } else {
            dispatch::match_loop::run::<P, false>(&mut machine, probe);
        }
    }
    machine.outcome
}
