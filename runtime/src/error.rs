//! Errors of guest programs.

use std::sync::Arc;

use crate::value::Value;

/// What kind of error it is. Engines must agree on it; `catch` sees only the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// `throw`, `revert`.
    Thrown,
    /// `require`.
    Requirement,
    /// Operands of the wrong type.
    Type,
    /// Overflow, division by zero, a number out of range.
    Arithmetic,
    /// A name without a value.
    Name,
    /// An index, key, field or argument that does not fit.
    Value,
    /// What the ledger refuses: a write outside a transaction, unbalanced transactions, a block that cannot be kept.
    Ledger,
    /// A task that can never go on, or something that no task can do.
    Task,
    /// Calls nested too deeply.
    Depth,
    /// More live memory than `--max-heap` allows.
    Heap,
    /// No gas left for what comes next.
    Gas,
    /// No fuel left. Cannot be caught.
    Fuel,
    /// The output cannot be written. Cannot be caught.
    Output,
    /// The ledger cannot say yet what the state holds: the run has to be given up, and tried again. Cannot be caught.
    Stopped,
}

impl ErrorKind {
    /// A short word for it, as it stands in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Thrown => "thrown",
            Self::Requirement => "requirement",
            Self::Type => "type",
            Self::Arithmetic => "arithmetic",
            Self::Name => "name",
            Self::Value => "value",
            Self::Ledger => "ledger",
            Self::Task => "task",
            Self::Depth => "depth",
            Self::Heap => "heap",
            Self::Gas => "gas",
            Self::Fuel => "fuel",
            Self::Output => "output",
            Self::Stopped => "stopped",
        }
    }

    /// Whether `catch` can take it.
    pub fn is_catchable(self) -> bool {
        !matches!(self, Self::Fuel | Self::Output | Self::Stopped)
    }
}

/// An error on its way to a handler.
#[derive(Clone, Debug)]
pub struct Error {
    /// What kind of error it is.
    pub kind: ErrorKind,
    /// What happened, in one line; for a thrown value its printed form.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The thrown value. An error of the runtime has none: `catch` then binds the message.
    pub value: Option<Value>,
    /// Where it was raised, filled in by the engine. Shared, for each cleanup that an error passes through has a copy of it.
    pub origin: Option<Arc<Origin>>,
}

/// Where an error was raised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The innermost function first.
    pub trace: Vec<TraceEntry>,
}

/// One active call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceEntry {
    /// Name of the function.
    pub function: String,
    /// File it comes from: index into the program's sources.
    pub source: u32,
    /// Byte offset of what it was doing.
    pub offset: u32,
}

/// Errors are rare and travel boxed, so that a result stays two words.
pub type Fault = Box<Error>;

impl Error {
    /// An error of the runtime.
    #[cold]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Fault {
        Box::new(Self { kind, message: message.into(), help: None, value: None, origin: None })
    }

    /// The same with a hint what to do.
    #[cold]
    pub fn with_help(mut self: Box<Self>, help: impl Into<String>) -> Fault {
        self.help = Some(help.into());
        self
    }

    /// A value thrown by the program; `message` is its printed form.
    #[cold]
    pub fn thrown(value: Value, message: String) -> Fault {
        Box::new(Self { kind: ErrorKind::Thrown, message, help: None, value: Some(value), origin: None })
    }

    /// Operands of the wrong type.
    #[cold]
    pub fn type_error(message: impl Into<String>) -> Fault {
        Self::new(ErrorKind::Type, message)
    }

    /// An argument, index or key that does not fit.
    #[cold]
    pub fn value_error(message: impl Into<String>) -> Fault {
        Self::new(ErrorKind::Value, message)
    }

    /// Calls nested too deeply.
    #[cold]
    pub fn depth() -> Fault {
        Self::new(ErrorKind::Depth, "Maximum recursion depth exceeded")
            .with_help("raise the limit with --max-depth, or make the recursion end earlier")
    }

    /// No fuel left.
    #[cold]
    pub fn fuel() -> Fault {
        Self::new(ErrorKind::Fuel, "Out of fuel").with_help("raise the limit with --fuel")
    }

    /// What the state holds is not known.
    #[cold]
    pub fn stopped() -> Fault {
        Self::new(ErrorKind::Stopped, "The state is not known yet")
    }

    /// Too much live memory.
    #[cold]
    pub fn heap(limit: usize) -> Fault {
        Self::new(ErrorKind::Heap, format!("Out of memory: the heap limit is {limit} bytes"))
            .with_help("raise the limit with --max-heap")
    }
}
