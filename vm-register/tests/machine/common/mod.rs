//! Runs programs in text form under every mode of the machine at once.

use std::cell::RefCell;
use std::io::Write;
use std::rc::Rc;

use isa::{Register, RegisterOp, text, verify};
use runtime::error::Origin;
use runtime::heap::HeapStatistics;
use runtime::probe::{InstructionCounts, NoProbe};
use runtime::{Collecting, Limits, RunOptions, Runtime};
use vm_register::{Linked, execute};

/// What a run came to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outcome {
    /// The result's printed form, or `kind: message`.
    pub(crate) result: Result<String, String>,
    /// What was printed.
    pub(crate) output: String,
    /// Where the error was raised.
    pub(crate) origin: Option<Origin>,
    /// Fuel that was taken, if it is limited.
    pub(crate) fuel_taken: Option<u64>,
}

#[derive(Clone, Default)]
struct Shared(Rc<RefCell<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

pub(crate) fn link(program: &str) -> Linked {
    let module = text::parse_form::<Register>(program).unwrap_or_else(|error| panic!("{error} in\n{program}"));
    let verified = verify::register(module).unwrap_or_else(|error| panic!("{error} in\n{program}"));
    Linked::new(&verified).unwrap_or_else(|fault| panic!("{} in\n{program}", fault.message))
}

/// One run, with what the heap and a counting probe saw.
pub(crate) fn run_once(
    linked: &Linked,
    limits: Limits,
    collecting: Collecting,
) -> (Outcome, HeapStatistics, InstructionCounts) {
    let output = Shared::default();
    let options = RunOptions { limits, collecting, output: Box::new(output.clone()), ..RunOptions::default() };
    let mut runtime = Runtime::new(linked.program().clone(), options);
    let mut counts = InstructionCounts::default();
    let (result, origin) = match execute(linked, &mut runtime, &mut counts) {
        Ok(value) => (Ok(runtime.format(value)), None),
        Err(fault) => (Err(format!("{}: {}", fault.kind.name(), fault.message)), fault.origin.as_deref().cloned()),
    };
    runtime.output.flush().expect("the output can be written");
    let outcome = Outcome {
        result,
        output: String::from_utf8(output.0.take()).expect("text is printed"),
        origin,
        fuel_taken: limits.fuel.map(|fuel| fuel - runtime.fuel),
    };
    (outcome, runtime.heap.statistics(), counts)
}

/// Runs a program within these limits in every mode (with and without collections everywhere, fuel and a probe): they must agree.
#[track_caller]
pub(crate) fn run_within(program: &str, limits: Limits) -> Outcome {
    let linked = link(program);
    let (first, _, counts) = run_once(&linked, limits, Collecting::WhenDue);
    for collecting in [Collecting::Always, Collecting::InSteps] {
        let (stressed, _, stressed_counts) = run_once(&linked, limits, collecting);
        assert_eq!(stressed, first, "collecting {collecting:?} makes a difference in\n{program}");
        assert_eq!(stressed_counts.by_opcode(), counts.by_opcode(), "{program}");
    }
    if limits.fuel.is_none() {
        let (fueled, _, fueled_counts) =
            run_once(&linked, Limits { fuel: Some(u64::MAX), ..limits }, Collecting::Always);
        assert_eq!(Outcome { fuel_taken: None, ..fueled }, first, "counting fuel makes a difference in\n{program}");
        assert_eq!(fueled_counts.by_opcode(), counts.by_opcode(), "{program}");
        let mut runtime = Runtime::new(linked.program().clone(), RunOptions { limits, ..RunOptions::default() });
        let unwatched = execute(&linked, &mut runtime, &mut NoProbe).map(|value| runtime.format(value));
        let unwatched = unwatched.map_err(|fault| format!("{}: {}", fault.kind.name(), fault.message));
        assert_eq!(unwatched, first.result, "a probe makes a difference in\n{program}");
    }
    first
}

/// As [`run_within`], within the usual limits.
#[track_caller]
pub(crate) fn run(program: &str) -> Outcome {
    run_within(program, Limits::default())
}

/// The program's result has this printed form.
#[track_caller]
pub(crate) fn gives(program: &str, expected: &str) {
    assert_eq!(run(program).result, Ok(expected.to_owned()), "{program}");
}

/// The program fails with this kind and message.
#[track_caller]
pub(crate) fn fails(program: &str, expected: &str) {
    assert_eq!(run(program).result, Err(expected.to_owned()), "{program}");
}

/// The program prints this.
#[track_caller]
pub(crate) fn prints(program: &str, expected: &str) {
    let outcome = run(program);
    assert_eq!(outcome.output, expected, "{program}\n{:?}", outcome.result);
}

/// What a main function of these instructions gives: `r0` if they are for their results only.
#[track_caller]
pub(crate) fn main_gives(registers: u32, body: &str, expected: &str) {
    gives(&format!(".function <main> registers {registers}\n{body}\n"), expected);
}

/// What a main function of these instructions fails with.
#[track_caller]
pub(crate) fn main_fails(registers: u32, body: &str, expected: &str) {
    fails(&format!(".function <main> registers {registers}\n{body}\n"), expected);
}

/// How often an operation ran.
pub(crate) fn count(counts: &InstructionCounts, op: RegisterOp) -> u64 {
    counts.by_opcode().get(op as usize).copied().unwrap_or(0)
}
