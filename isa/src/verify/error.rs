//! What a verifier says when it refuses a module.

use std::fmt;

use crate::module::{Form, Module};

/// A module that the verifier refuses: where and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct VerifyError {
    /// Where it is.
    pub place: Place,
    /// What is wrong there, and what would put it right.
    pub problem: Problem,
}

/// Part of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The module as a whole.
    Module,
    /// An entry of a table.
    Table {
        /// What the entry is.
        what: &'static str,
        /// Its index.
        index: u32,
    },
    /// A function.
    Function {
        /// Its index.
        index: u32,
        /// Its name.
        name: Box<str>,
    },
    /// An instruction.
    Instruction {
        /// Index of the function.
        function: u32,
        /// Name of the function.
        name: Box<str>,
        /// Index of the instruction.
        index: u32,
        /// The instruction, with its operands as numbers.
        text: Box<str>,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Module => f.write_str("module"),
            Self::Table { what, index } => write!(f, "{what} {index}"),
            Self::Function { index, name } => write!(f, "function {index} `{name}`"),
            Self::Instruction { function, name, index, text } => {
                write!(f, "function {function} `{name}`, instruction {index} ({text})")
            }
        }
    }
}

/// What is wrong, and what would put it right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// An index past the end of its table.
    #[error("{what} {index} does not exist, there are {count}; add it or name another")]
    OutOfRange {
        /// What is indexed.
        what: &'static str,
        /// The index.
        index: u32,
        /// Length of the table.
        count: u32,
    },
    /// A function with captured variables where none can be given.
    #[error(
        "{role} is function {function}, which captures variables; only MAKE_FUNCTION gives a function its captured variables"
    )]
    Captures {
        /// What the function is used as.
        role: &'static str,
        /// The function.
        function: u32,
    },
    /// A function that is run without arguments but has parameters.
    #[error("{role} is function {function}, which has {parameters} parameters; it is run without arguments")]
    HasParameters {
        /// What the function is used as.
        role: &'static str,
        /// The function.
        function: u32,
        /// How many it has.
        parameters: u16,
    },
    /// A method without a place for its receiver.
    #[error("{role} is function {function}, which has no parameters; parameter 0 takes the receiver")]
    NoReceiver {
        /// What the function is used as.
        role: &'static str,
        /// The function.
        function: u32,
    },
    /// Inheritance in a circle.
    #[error("the type is its own ancestor; break the cycle of parents")]
    ParentCycle,
    /// A type whose first fields are not its parent's.
    #[error(
        "the type's first fields are not those of its parent, type {parent}; inherited fields come first, in order"
    )]
    ParentFields {
        /// The parent.
        parent: u32,
    },
    /// More parameters than places for them.
    #[error("there are {parameters} parameters but {locals} locals; parameters are the first locals")]
    ParametersBeyondLocals {
        /// Parameters.
        parameters: u16,
        /// Local slots or registers.
        locals: u32,
    },
    /// A wrong number of names for locals.
    #[error("{names} names are given for {expected} {what}; give one name each")]
    LocalNames {
        /// Names given.
        names: u32,
        /// Names needed.
        expected: u32,
        /// What is named.
        what: &'static str,
    },
    /// Line information out of order.
    #[error("line entry {entry} begins before the one ahead of it or past the code; sort the entries by instruction")]
    Lines {
        /// The entry.
        entry: u32,
    },
    /// Code longer than a jump can span.
    #[error("the function has {length} instructions and the limit is {limit}; split it")]
    TooLong {
        /// Its length.
        length: u32,
        /// The limit.
        limit: u32,
    },
    /// No end.
    #[error("control can run off the end of the function; end it with a return, throw, jump or loop")]
    FallsOff,
    /// A guarded range that is not one.
    #[error(
        "handler {handler} guards instructions {start} to {end} of {length}; a range begins and ends inside the code"
    )]
    HandlerRange {
        /// The handler.
        handler: u32,
        /// First guarded instruction.
        start: u32,
        /// First past them.
        end: u32,
        /// Instructions in the function.
        length: u32,
    },
    /// A handler that goes on outside the code.
    #[error("handler {handler} goes on at instruction {target} of {length}; it must be inside the code")]
    HandlerTarget {
        /// The handler.
        handler: u32,
        /// Where it goes on.
        target: u32,
        /// Instructions in the function.
        length: u32,
    },
    /// A handler that goes back, so that an error in it could go round without end.
    #[error(
        "handler {handler} goes on at instruction {target}, but guards up to {end}; it must go on behind what it guards"
    )]
    HandlerBack {
        /// The handler.
        handler: u32,
        /// Where it goes on.
        target: u32,
        /// First instruction past the guarded ones.
        end: u32,
    },
    /// A handler that keeps more values than there are.
    #[error(
        "handler {handler} keeps {landing} values of the stack, but only {depth} are there; keep no more than that"
    )]
    HandlerLanding {
        /// The handler.
        handler: u32,
        /// Values it keeps.
        landing: u32,
        /// Values there are.
        depth: u32,
    },
    /// An operand that the operation does not have.
    #[error("the operation has no such operand; leave it zero")]
    UnusedOperand,
    /// A jump outside the function.
    #[error("the jump goes to instruction {target} of {length}; it must stay inside the function")]
    JumpOutside {
        /// Where to.
        target: i64,
        /// Instructions in the function.
        length: u32,
    },
    /// A backward jump that takes no fuel.
    #[error("the jump goes back to instruction {target}; only the loop operations go back, because they take fuel")]
    JumpBack {
        /// Where to.
        target: i64,
    },
    /// Nothing to skip.
    #[error("the operation may skip the next instruction; two instructions must follow it")]
    SkipsPastEnd,
    /// Too few values on the stack.
    #[error("the operation takes {needs} values, but the stack holds {depth} here; push them first")]
    Underflow {
        /// Values it takes.
        needs: u32,
        /// Values there are.
        depth: u32,
    },
    /// Different depths where ways meet.
    #[error(
        "instruction {target} is reached with {found} values on the stack, elsewhere with {expected}; all ways into it must agree"
    )]
    DepthMismatch {
        /// Where they meet.
        target: u32,
        /// Depth found first.
        expected: u32,
        /// Depth on this way.
        found: u32,
    },
    /// A frame past the limit.
    #[error("a frame of this function needs {size} values and the limit is {limit}; split the function")]
    FrameTooLarge {
        /// Its size.
        size: u64,
        /// The limit.
        limit: u32,
    },
    /// A local used as a cell that is none.
    #[error("local {slot} is used as a cell, but no MAKE_CELL of the function makes it one")]
    NotACell {
        /// The slot.
        slot: u32,
    },
    /// A captured variable used the wrong way.
    #[error("captured variable {capture} {} a cell; use the operation for {}", if *.is_cell { "is" } else { "is not" }, if *.is_cell { "captured cells" } else { "captured values" })]
    CaptureKind {
        /// The captured variable.
        capture: u32,
        /// What it is.
        is_cell: bool,
    },
    /// A captured variable that the maker does not have, or not so.
    #[error("function {function} captures {what} {index} as variable {capture}, but the function that makes it {has}")]
    CaptureSource {
        /// Function that is made.
        function: u32,
        /// Its captured variable.
        capture: u32,
        /// `local` or `captured variable`.
        what: &'static str,
        /// Index in the maker.
        index: u32,
        /// What is the matter with it.
        has: &'static str,
    },
    /// `STORE_FUNC` of a function that is bound to nothing.
    #[error("function {function} is bound to no global; name one in its `global`")]
    NoGlobal {
        /// The function.
        function: u32,
    },
    /// A register operand in the region of spill slots.
    #[error("register r{register} is a spill slot; only LOAD_SPILL and STORE_SPILL touch those")]
    SpillRegister {
        /// The register.
        register: u32,
    },
    /// A spill region outside the frame.
    #[error("spill slots are registers {first} to {end}, but the function has {registers} registers")]
    SpillRegion {
        /// First slot's register.
        first: u32,
        /// First register past them.
        end: u64,
        /// Registers.
        registers: u32,
    },
    /// A window of a call that would overwrite spill slots.
    #[error(
        "another frame begins at r{register}, at or below the spill slots, which end at r{end}; put windows above them"
    )]
    WindowOverSpills {
        /// First register of the window.
        register: u32,
        /// First register past the spill slots.
        end: u32,
    },
    /// A window past the last register.
    #[error("the window from r{register} holds {size} registers, but the function has {registers}")]
    WindowOutside {
        /// First register.
        register: u32,
        /// Registers in it.
        size: u32,
        /// Registers of the function.
        registers: u32,
    },
    /// Windows far beyond what instructions can have filled.
    #[error(
        "the windows of the function hold {operands} registers together and the limit is {limit}; split the function"
    )]
    TooManyOperands {
        /// Registers in all windows.
        operands: u64,
        /// The limit.
        limit: u64,
    },
    /// A register that may not have been written.
    #[error("{} is read, but on some way here it was not written, or was lost to a call; write it on every way", Register(*.register, *.slot))]
    Undefined {
        /// The register.
        register: u32,
        /// Spill slot, when it is one.
        slot: Option<u32>,
    },
}

/// A register or spill slot, as the text form writes it.
struct Register(u32, Option<u32>);

impl fmt::Display for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self(_, Some(slot)) => write!(f, "spill slot s{slot}"),
            Self(register, None) => write!(f, "register r{register}"),
        }
    }
}

impl VerifyError {
    pub(super) fn module(problem: Problem) -> Self {
        Self { place: Place::Module, problem }
    }

    pub(super) fn table(what: &'static str, index: usize, problem: Problem) -> Self {
        Self { place: Place::Table { what, index: index as u32 }, problem }
    }

    pub(super) fn function<F: Form>(module: &Module<F>, index: usize, problem: Problem) -> Self {
        Self { place: Place::Function { index: index as u32, name: function_name(module, index) }, problem }
    }

    #[cold]
    pub(super) fn instruction<F: Form>(module: &Module<F>, function: usize, pc: usize, problem: Problem) -> Self {
        let text = format!("{:?}", module.functions[function].code[pc]);
        let place = Place::Instruction {
            function: function as u32,
            name: function_name(module, function),
            index: pc as u32,
            text: text.into(),
        };
        Self { place, problem }
    }
}

fn function_name<F: Form>(module: &Module<F>, index: usize) -> Box<str> {
    module.names.get(module.functions[index].name as usize).map_or("?", |name| name).into()
}
