//! The register machine.
mod code;
mod dispatch;
mod handlers;
mod link;
mod machine;
mod slot;
mod unwind;

use std::sync::Arc;

use runtime::probe::Probe;
use runtime::{Fault, Runtime, Value};

pub use link::Linked;

/// Runs a program's entry function and gives its result.
///
/// # Errors
/// The error that no handler took; its `origin` says where it was raised.
///
/// # Panics
/// If `runtime` is of another program.
pub fn execute<P: Probe>(linked: &Linked, runtime: &mut Runtime, probe: &mut P) -> Result<Value, Fault> {
    assert!(Arc::ptr_eq(linked.program(), &runtime.program), "the runtime is of another program");
    let counts_fuel = runtime.has_fuel_limit();
    let mut machine = machine::Machine::new(linked, runtime);
    let start = machine.start();
    // SAFETY: the machine stands at the beginning of the entry function of verified code, whose tables the runtime was made from.
    let end = unsafe {
        if counts_fuel {
            dispatch::match_loop::run::<P, true>(&mut machine, start, probe)
        } else {
            dispatch::match_loop::run::<P, false>(&mut machine, start, probe)
        }
    };
    match machine.outcome.take() {
        Some(fault) => Err(fault),
        // SAFETY: the entry function's result is where its frame begins.
        None => Ok(unsafe { end.base.read() }),
    }
}
