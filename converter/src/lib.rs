//! Stack code to register code: a small compiler.
//!
//! ```text
//! stack code → control-flow graph → lift → three-address code → clean up → liveness → allocate → emit → register code
//! ```
//!
//! [`tac`] is the three-address code: register operations over an unbounded number of virtual registers. [`lift`] makes it by running
//! the operand stack symbolically, [`cleanup`] removes the moves that this leaves, [`allocate`] maps virtual registers to registers and
//! spill slots, [`emit`] writes the instructions. The result is verified before anyone gets it. [`mod@check`] proves, without looking at any of
//! this, that the result does what the stack code does. What can be left out, to see what it is worth, is in [`step`].
//!
//! [`convert_hybrid`] converts some [`mod@regions`] of the functions only and leaves the others as islands of stack code in the same frames.

#![forbid(unsafe_code)]

pub mod allocate;
mod batch;
pub mod check;
pub mod cleanup;
pub mod emit;
pub mod explain;
pub mod large;
pub mod lift;
pub mod live;
pub mod notes;
pub mod parallel;
pub mod regions;
mod rows;
mod shared;
pub mod step;
pub mod tac;
pub mod webs;
mod whole;

use std::cell::Cell;
use std::ops::Range;
use std::time::{Duration, Instant};

use isa::verify::VerifyError;
use isa::{RegCode, RegisterOp, StackCode, StackOp, Verified};

use batch::{Converted, Tables};

pub use allocate::{AllocatorKind, RegisterAllocator};
pub use check::check;
use regions::{Region, regions};
pub use step::{Step, StepSet};

/// The fewest registers a frame can be limited to.
pub const FEWEST_REGISTERS: u16 = 8;

/// How to convert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Options {
    /// How many registers a frame may use before values are spilled; at least [`FEWEST_REGISTERS`].
    pub registers: u16,
    /// Who assigns them.
    pub allocator: AllocatorKind,
    /// What is left out.
    pub without: StepSet,
    /// Whether the result is checked against the stack code.
    pub check: bool,
    /// Whether phases are timed. Reading the clock for each phase of each function takes time itself: a fortieth of a conversion.
    pub timed: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { registers: 256, allocator: AllocatorKind::Linear, without: StepSet::EMPTY, check: false, timed: false }
    }
}

/// What a conversion did. Counts are of the code, not of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Functions converted.
    pub functions: u64,
    /// Stack instructions read.
    pub stack_instructions: u64,
    /// Of these, such as stay stack code in islands.
    pub kept_instructions: u64,
    /// Register instructions written.
    pub register_instructions: u64,
    /// Bytes of the register code.
    pub code_bytes: u64,
    /// Moves and constant loads that lifting made.
    pub moves_lifted: u64,
    /// How many of them cleaning up removed.
    pub moves_removed: u64,
    /// Moves written: those that were left, and those that calls, edges between blocks and parameters took.
    pub moves: u64,
    /// Instructions that store to spill slots.
    pub spill_stores: u64,
    /// Instructions that load from spill slots.
    pub reloads: u64,
    /// Virtual registers that are in a slot, at least for a part of their lives.
    pub spilled: u64,
    /// Virtual registers that were live at all.
    pub live_ranges: u64,
    /// The most virtual registers live at one point of a function.
    pub highest_pressure: u64,
    /// Where the time went, if it was asked for by [`Options::timed`].
    pub times: Times,
}

/// Time for each phase of a conversion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// Lifting.
    pub lift: Duration,
    /// Cleaning up.
    pub clean_up: Duration,
    /// Live ranges.
    pub live: Duration,
    /// Allocation, with what the allocator changes in the function.
    pub allocate: Duration,
    /// Emission.
    pub emit: Duration,
    /// Verifying the outcome.
    pub verify: Duration,
}

impl Times {
    /// The phases by name, in order.
    pub fn phases(&self) -> [(&'static str, Duration); 6] {
        [
            ("lift", self.lift),
            ("clean up", self.clean_up),
            ("live ranges", self.live),
            ("allocate", self.allocate),
            ("emit", self.emit),
            ("verify", self.verify),
        ]
    }

    /// All phases together.
    pub fn total(&self) -> Duration {
        self.phases().into_iter().map(|(_, time)| time).sum()
    }
}

/// Measures phases, if it is to: each ends where the next begins.
struct Clock(Option<Instant>);

impl Clock {
    fn start(options: Options) -> Self {
        Self(options.timed.then(Instant::now))
    }

    /// Time since this was last asked for; none if nothing is measured.
    fn lap(&mut self) -> Duration {
        let Some(last) = &mut self.0 else { return Duration::ZERO };
        let now = Instant::now();
        now - std::mem::replace(last, now)
    }
}

/// Why code cannot be converted.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// The register count is too small to hold an instruction's operands.
    #[error("a frame needs at least {FEWEST_REGISTERS} registers, {0} were asked for")]
    TooFewRegisters(u16),
    /// The function needs more registers than an instruction can name.
    #[error(
        "function {function} needs {needed} registers, windows of calls and spill slots included; instructions can name 65535; \
         divide the function, or run the program with --vm stack"
    )]
    TooLarge {
        /// Name of the function, and where it begins.
        function: String,
        /// Registers it needs.
        needed: u64,
    },
    /// An instruction refers to an entry of a table of the module that lies beyond what its lane can name.
    #[error(
        "function {function}: {operation} names entry {index} of a table, instructions can name 65535; \
         use keys of a map in place of so many names, or run the program with --vm stack"
    )]
    BeyondReach {
        /// Name of the function, and where it begins.
        function: String,
        /// The register operation.
        operation: &'static str,
        /// The entry.
        index: u32,
    },
    /// The converter wrote code that the verifier refuses: a defect of the converter.
    #[error("converted code does not verify: {0}")]
    Unverified(#[from] VerifyError),
    /// The converter wrote code that does not do what the stack code does: a defect of the converter.
    #[error("converted code is not faithful: {0}")]
    Unfaithful(#[from] Unfaithful),
}

/// Register code that was not shown to do what the stack code does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfaithful {
    /// The modules differ in a table.
    #[error("the modules differ in their {0}")]
    Table(&'static str),
    /// The forms of a function, which is named, differ in what callers see of it.
    #[error("the forms of function '{0}' differ in their {1}")]
    Signature(String, &'static str),
    /// Two instructions of a function, which is named, do different things though control comes to them together.
    #[error("function '{0}': {1}")]
    Instructions(String, String),
}

/// Converts one program after the other in the same tables, which are as large as the largest function has needed. [`convert`] does so as well
/// within a thread, but keeps no tables of functions that are larger than most.
#[derive(Default)]
pub struct Converter {
    tables: Option<Tables>,
}

impl std::fmt::Debug for Converter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Converter").field("has_tables", &self.tables.is_some()).finish()
    }
}

impl Converter {
    /// One that has no tables yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn tables(&mut self, code: &StackCode) -> &mut Tables {
        self.tables.get_or_insert_with(|| Tables::new(Size::of(code)))
    }

    /// Converts a program.
    ///
    /// # Errors
    /// See [`ConvertError`].
    pub fn convert(
        &mut self,
        code: &Verified<StackCode>,
        options: Options,
    ) -> Result<(Verified<RegCode>, Statistics), ConvertError> {
        let (module, mut statistics) = convert_in(self.tables(code), code, options)?;
        let mut clock = Clock::start(options);
        let verified = isa::verify::register(module)?;
        statistics.times.verify = clock.lap();
        if options.check {
            check(code, &verified)?;
        }
        Ok((verified, statistics))
    }
}

/// Converts a program.
///
/// # Errors
/// See [`ConvertError`].
pub fn convert(code: &Verified<StackCode>, options: Options) -> Result<(Verified<RegCode>, Statistics), ConvertError> {
    with_kept(code, |converter| converter.convert(code, options))
}

thread_local! {
    /// What has converted the last program. Most programs are small, and to make tables for each takes longer than to fill them.
    static KEPT: Cell<Option<Box<Converter>>> = const { Cell::new(None) };
}

/// Does something with the thread's converter, which is kept afterwards unless a function of the program is large.
fn with_kept<T>(code: &StackCode, convert: impl FnOnce(&mut Converter) -> T) -> T {
    let mut converter = KEPT.take().unwrap_or_default();
    let outcome = convert(&mut converter);
    if code.functions.iter().all(|function| function.code.len().max(function.locals as usize) <= Size::MOST) {
        KEPT.set(Some(converter));
    }
    outcome
}

/// Converts a program without verifying the result, for those who look at what the converter writes.
///
/// # Errors
/// See [`ConvertError`].
pub fn convert_unverified(code: &Verified<StackCode>, options: Options) -> Result<(RegCode, Statistics), ConvertError> {
    with_kept(code, |converter| convert_in(converter.tables(code), code, options))
}

fn convert_in(
    tables: &mut Tables,
    code: &Verified<StackCode>,
    options: Options,
) -> Result<(RegCode, Statistics), ConvertError> {
    if options.registers < FEWEST_REGISTERS {
        return Err(ConvertError::TooFewRegisters(options.registers));
    }
    let mut statistics = Statistics::default();
    let functions = tables.convert(code, &[], options, &mut statistics)?.functions;
    statistics.code_bytes = statistics.register_instructions * size_of::<isa::RegisterInstruction>() as u64;
    Ok((code.with_functions(functions), statistics))
}

/// Code of which some stretches are register code and the others islands of stack code: what these do, the stack code does instruction for
/// instruction. It is register code to the verifier, the checker and the machine, because the depth of the operand stack is known at
/// every instruction, and so is the register of the frame that each instruction of an island takes its operands from.
#[derive(Clone, Debug)]
pub struct Hybrid {
    /// The code.
    pub code: Verified<RegCode>,
    /// For each function the stretches of its instructions that are islands, in order.
    pub islands: Vec<Vec<Range<u32>>>,
}

impl Hybrid {
    /// The stack operation that an instruction of an island is; none for the few that carry out another one together with an instruction
    /// before them: they set a loop's counter, move a called value's result down to where the value was, or give a closure its variables.
    pub fn stack_operation(op: RegisterOp) -> Option<StackOp> {
        (!matches!(op, RegisterOp::MovReg | RegisterOp::SetCapture)).then(|| op.facts().stack)
    }
}

/// Converts the regions of a program for which `converts` says so, given the function and the region, and those that must be converted.
///
/// # Errors
/// See [`ConvertError`].
pub fn convert_hybrid(
    code: &Verified<StackCode>,
    options: Options,
    mut converts: impl FnMut(u32, &Region) -> bool,
) -> Result<(Hybrid, Statistics), ConvertError> {
    if options.registers < FEWEST_REGISTERS {
        return Err(ConvertError::TooFewRegisters(options.registers));
    }
    let mut statistics = Statistics::default();
    let kept = (0..).zip(&code.functions).map(|(index, function)| {
        let stays = |region: &Region| !converts(index, region) && !region.must_convert;
        let kept = regions(function).into_iter().filter(stays);
        let mut kept: Vec<Range<u32>> = kept.flat_map(|region| region.code).collect();
        kept.sort_unstable_by_key(|stretch| stretch.start);
        kept
    });
    let kept: Vec<_> = kept.collect();
    let mut tables = Tables::new(Size::of(code));
    let Converted { functions, islands } = tables.convert(code, &kept, options, &mut statistics)?;
    statistics.code_bytes = statistics.register_instructions * size_of::<isa::RegisterInstruction>() as u64;
    let mut clock = Clock::start(options);
    let converted = isa::verify::register(code.with_functions(functions))?;
    statistics.times.verify = clock.lap();
    if options.check {
        check(code, &converted)?;
    }
    Ok((Hybrid { code: converted, islands }, statistics))
}

/// How large tables are made in the first place: as the largest function of a program is likely to need them. Most programs are small, and to let
/// tables grow would take much of their time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// Instructions.
    pub(crate) instructions: usize,
    /// Basic blocks.
    pub(crate) blocks: usize,
    /// Virtual registers.
    pub(crate) registers: usize,
}

impl Size {
    /// Tables of larger functions may grow.
    const MOST: usize = 1 << 12;

    fn of(code: &StackCode) -> Self {
        let instructions = code.functions.iter().map(|function| function.code.len()).max().unwrap_or(0);
        let locals = code.functions.iter().map(|function| function.locals as usize).max().unwrap_or(0);
        let instructions = instructions.min(Self::MOST);
        Self {
            instructions: instructions / 2 + 8,
            blocks: instructions / 5 + 4,
            registers: locals.min(Self::MOST) + instructions / 3 + 4,
        }
    }
}
