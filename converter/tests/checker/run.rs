//! Running code, to see whether a change of it shows.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use isa::{RegCode, Verified};
use runtime::probe::NoProbe;
use runtime::{Limits, RunOptions, Runtime};
use vm_register::{Linked, execute};

/// More than the program takes: a loop without end is one that shows.
const FUEL: u64 = 10_000;

/// What a run shows: value or error with its place, output, fuel left.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shown(pub(crate) String, Vec<u8>, u64);

#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs a program.
pub(crate) fn run(code: &Verified<RegCode>) -> Shown {
    let linked = Linked::new(code).unwrap();
    let output = Output::default();
    let limits = Limits { fuel: Some(FUEL), max_heap: 1 << 24, ..Limits::default() };
    let options = RunOptions { limits, output: Box::new(output.clone()), ..RunOptions::default() };
    let mut runtime = Runtime::new(linked.program().clone(), options);
    let result = match execute(&linked, &mut runtime, &mut NoProbe) {
        Ok(value) => runtime.format(value),
        Err(fault) => format!("{:?}: {} {:?}", fault.kind, fault.message, fault.origin),
    };
    runtime.output.flush().unwrap();
    let printed = std::mem::take(&mut *output.0.lock().unwrap());
    Shown(result, printed, runtime.fuel)
}
