//! Running programs in the text form.

use std::cell::RefCell;
use std::io::Write;
use std::rc::Rc;

use isa::{Stack, StackOp};
use runtime::heap::HeapStatistics;
use runtime::probe::{InstructionCounts, NoProbe};
use runtime::{Collecting, ErrorKind, Limits, RunOptions, Runtime};
use vm_stack::{Linked, execute};

/// How a run ended, and what it did.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outcome {
    /// Printed form of the result, or the error.
    pub(crate) result: Result<String, Failed>,
    /// What was printed.
    pub(crate) output: String,
}

/// An error that no handler caught.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failed {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
    /// Function and source offset of each active call, innermost first.
    pub(crate) trace: Vec<(String, u32)>,
}

/// A run with everything there is to know about it.
pub(crate) struct Run {
    pub(crate) outcome: Outcome,
    pub(crate) counts: InstructionCounts,
    pub(crate) heap: HeapStatistics,
    pub(crate) fuel: u64,
}

impl Run {
    /// How often an operation ran.
    pub(crate) fn count(&self, op: StackOp) -> u64 {
        self.counts.by_opcode().get(op as usize).copied().unwrap_or(0)
    }
}

/// Where a run prints to.
#[derive(Clone, Default)]
struct Output(Rc<RefCell<Vec<u8>>>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Links a program in the text form.
pub(crate) fn link(text: &str) -> Linked {
    let module = isa::text::parse_form::<Stack>(text).unwrap_or_else(|error| panic!("{error}"));
    let code = isa::verify::stack(module).unwrap_or_else(|error| panic!("{error}"));
    Linked::new(&code).unwrap_or_else(|fault| panic!("{}", fault.message))
}

/// Runs a program within limits, collecting at every safepoint if asked, watched by a probe if asked.
pub(crate) fn run_with(linked: &Linked, limits: Limits, collecting: Collecting, watched: bool) -> Run {
    let output = Output::default();
    let options = RunOptions { limits, output: Box::new(output.clone()), collecting, ..RunOptions::default() };
    let mut runtime = Runtime::new(linked.program().clone(), options);
    let mut counts = InstructionCounts::default();
    let result =
        if watched { execute(linked, &mut runtime, &mut counts) } else { execute(linked, &mut runtime, &mut NoProbe) };
    runtime.output.flush().unwrap();
    let result = match result {
        Ok(value) => Ok(runtime.format(value)),
        Err(fault) => Err(Failed {
            kind: fault.kind,
            message: fault.message.clone(),
            trace: fault
                .origin
                .iter()
                .flat_map(|origin| &origin.trace)
                .map(|entry| (entry.function.clone(), entry.offset))
                .collect(),
        }),
    };
    let output = String::from_utf8(output.0.take()).unwrap();
    Run { outcome: Outcome { result, output }, counts, heap: runtime.heap.statistics(), fuel: runtime.fuel }
}

/// Runs a program in every way there is, which must not make a difference: collecting only when the heap asks for it and at every
/// safepoint, with and without a fuel limit, with and without a probe.
pub(crate) fn run_limited(text: &str, limits: Limits) -> Run {
    let linked = link(text);
    let plain = run_with(&linked, limits, Collecting::WhenDue, false);
    let watched = run_with(&linked, limits, Collecting::WhenDue, true);
    assert_eq!(plain.outcome, watched.outcome, "with a probe");
    for collecting in [Collecting::Always, Collecting::InSteps] {
        let collected = run_with(&linked, limits, collecting, true);
        assert_eq!(plain.outcome, collected.outcome, "collecting {collecting:?}");
        assert_eq!(watched.counts.by_opcode(), collected.counts.by_opcode(), "collecting {collecting:?}");
    }
    if limits.fuel.is_none() {
        let fuelled = run_with(&linked, Limits { fuel: Some(u64::MAX), ..limits }, Collecting::Always, true);
        assert_eq!(plain.outcome, fuelled.outcome, "with fuel");
        assert_eq!(watched.counts.by_opcode(), fuelled.counts.by_opcode(), "with fuel");
    }
    watched
}

/// Runs a program in every way there is.
pub(crate) fn run(text: &str) -> Run {
    run_limited(text, Limits::default())
}

/// The printed form of a program's result.
#[track_caller]
pub(crate) fn result(text: &str) -> String {
    run(text).outcome.result.unwrap_or_else(|failed| panic!("{failed:?}"))
}

/// Kind and message of the error a program ends with.
#[track_caller]
pub(crate) fn error(text: &str) -> Failed {
    match run(text).outcome.result {
        Ok(value) => panic!("no error, but {value}"),
        Err(failed) => failed,
    }
}

/// The result of a main function with these instructions and eight locals named `a` to `h`.
#[track_caller]
pub(crate) fn result_of(body: &str) -> String {
    result(&main_of(body))
}

/// A program whose main function has these instructions and eight locals named `a` to `h`.
pub(crate) fn main_of(body: &str) -> String {
    format!(".function <main> locals 8\n.locals a b c d e f g h\n{body}\n")
}
