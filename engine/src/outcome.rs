//! What a run gives.

use std::cell::RefCell;
use std::io::Write;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use runtime::error::{ErrorKind, TraceEntry};
use runtime::heap::{Census, HeapStatistics, Pauses};
use runtime::{Error, Fault, Runtime, Value};

/// What a run gives, whichever executor ran it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The value of the program, or the error that ended it.
    pub result: Result<Returned, Failure>,
    /// What the heap went through.
    pub heap: HeapStatistics,
    /// How long the program waited for the collector.
    pub pauses: Pauses,
    /// What was on the heap when the program had ended.
    pub left: Census,
    /// Fuel that was used, if the run had a limit.
    pub fuel_used: Option<u64>,
    /// Gas that was used, if the run was metered.
    pub gas_used: Option<u64>,
    /// What became of the ledger, if the program did anything with it.
    pub ledger: Option<Box<LedgerOutcome>>,
    /// Instructions dispatched, if they were counted.
    pub instructions: Option<InstructionTally>,
    /// How long it ran: from the first instruction to the last byte of output handed over. Making the [`Runtime`] and taking it down
    /// again are not part of it.
    pub time: Duration,
}

/// What a program did to the ledger.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerOutcome {
    /// Root of the state.
    pub state_root: [u8; 32],
    /// Events, in order.
    pub events: Vec<runtime::host::Event>,
    /// The block that was made of it, if one was.
    pub block: Option<runtime::host::BlockSummary>,
}

impl std::fmt::Display for LedgerOutcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("   state root: ")?;
        self.state_root.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        writeln!(f)?;
        for event in &self.events {
            writeln!(f, "   event {} of {:?}: {:?}", event.name, event.contract, event.data)?;
        }
        Ok(())
    }
}

/// The value of a program: what its top level returns, or null.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returned {
    /// Name of its type, as `typeof` gives it.
    pub type_name: &'static str,
    /// Its printed form.
    pub text: String,
}

/// An error that no handler took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What kind of error.
    pub kind: ErrorKind,
    /// What happened.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The active calls, innermost first.
    pub trace: Vec<TraceEntry>,
}

impl Failure {
    pub(crate) fn new(fault: Error) -> Self {
        Self {
            kind: fault.kind,
            message: fault.message,
            help: fault.help,
            trace: fault.origin.map(|origin| Arc::unwrap_or_clone(origin).trace).unwrap_or_default(),
        }
    }

    /// Line and column of the place where it was raised, from 1.
    pub fn place(&self, sources: &[isa::module::Source]) -> Option<(usize, usize)> {
        let raised = self.trace.first()?;
        let source = sources.get(raised.source as usize)?;
        Some(lang::diagnostics::line_and_column(&source.text, raised.offset))
    }
}

/// Instructions dispatched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstructionTally {
    /// All together.
    pub total: u64,
    /// By operation, most frequent first.
    pub by_operation: Vec<(&'static str, u64)>,
}

impl Outcome {
    pub(crate) fn new(runtime: &mut Runtime, result: Result<Value, Fault>, time: Duration) -> Self {
        let result = match result.and_then(|value| runtime.plain(value)) {
            Ok(value) => Ok(Returned { type_name: runtime.typeof_name(value), text: runtime.format(value) }),
            Err(fault) => Err(Failure::new(*fault)),
        };
        let fuel_used = runtime.limits.fuel.map(|limit| limit - runtime.fuel);
        let is_used = runtime.chain.is_used() || !runtime.ledger.events().is_empty();
        let events = runtime.ledger.events().to_vec();
        let state_root = is_used.then(|| runtime.ledger.state_root().ok()).flatten();
        let ledger = state_root.map(|state_root| Box::new(LedgerOutcome { state_root, events, block: None }));
        Self {
            result,
            heap: runtime.heap.statistics(),
            pauses: runtime.heap.pauses(),
            left: runtime.heap.census(),
            fuel_used,
            gas_used: runtime.gas_used(),
            ledger,
            instructions: None,
            time,
        }
    }
}

/// A place for a run's output: hand [`Capture::writer`] to the run, and look at the bytes afterwards.
#[derive(Clone, Debug, Default)]
pub struct Capture {
    bytes: Rc<RefCell<Vec<u8>>>,
}

impl Capture {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// What runs write to.
    pub fn writer(&self) -> Box<dyn Write> {
        Box::new(self.clone())
    }

    /// What was written so far, leaving none.
    pub fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.bytes.borrow_mut())
    }

    /// Forgets what was written but keeps the room for it, and tells whether it was `expected`.
    pub fn matches_and_clear(&self, expected: &[u8]) -> bool {
        let mut bytes = self.bytes.borrow_mut();
        let matches = *bytes == expected;
        bytes.clear();
        matches
    }
}

impl Write for Capture {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.bytes.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
