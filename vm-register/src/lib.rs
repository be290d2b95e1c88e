//! The register machine: an interpreter of verified register code.
//!
//! ```
//! use runtime::probe::NoProbe;
//! use runtime::{RunOptions, Runtime};
//! use vm_register::{Linked, execute};
//!
//! let module = isa::text::parse_form::<isa::Register>("
//!     .function <main> registers 2
//!         LOAD_INT r0, 40
//!         ADD_INT r1, r0, 2
//!         RETURN_REG r1
//! ").unwrap();
//! let linked = Linked::new(&isa::verify::register(module).unwrap())?;
//! let mut runtime = Runtime::new(linked.program().clone(), RunOptions::default());
//! let result = execute(&linked, &mut runtime, &mut NoProbe)?;
//! assert_eq!(result.as_int(), Some(42));
//! # Ok::<(), runtime::Fault>(())
//! ```
//!
//! # How it is made
//!
//! | file | what is there |
//! | --- | --- |
//! | `link` | from verified code to the machine's private copy |
//! | `results` | which instructions find the result of the one before at hand |
//! | `pairs` | which instructions run together with the next one |
//! | `code` | the words of that copy, and what they say |
//! | `machine` | frames, the register array, the collector's roots |
//! | `slot` | registers by halves |
//! | `dispatch/` | ways to get from one instruction to the next, a file each |
//! | `handlers/` | what instructions do, by topic, shared by all techniques |
//! | `unwind` | errors |
//! | `tasks` | what tasks take along when they wait |
//! | `arena` | calls of single functions, one after the other, in the same arrays |
//! | `native` | programs that get native code while they run |
//!
//! # What makes it fast
//!
//! - The machine's state between two instructions is a program counter and a frame base (`code::State`), both in processor registers. A
//!   handler reads its lanes from memory with one load each (`code::Lanes`).
//! - An instruction that works on the result of the one before finds it in processor registers (`results`, `dispatch::sibling_calls`).
//! - Frequent pairs of instructions are one operation, made of both handlers (`pairs`, `dispatch::then`).
//! - Handlers contain what fast programs do, two integers, two floats, a list indexed by an integer, and leave the rest to functions out
//!   of line, which they reach in tail position with nothing but that state. So no handler saves a register (`handlers`).
//! - An error is no `Result` on the way: functions out of line return where to go on, and raising an error is going on elsewhere
//!   (`unwind`). The end of the run is an instruction, so a return checks nothing.
//! - A call compares twice, stores four words, and copies no arguments (`machine`).
//! - Counting fuel and watching instructions are parameters of the loop's type: the usual loop has no trace of either.
//!
//! # What its unchecked accesses rest on
//!
//! `unsafe` here means: believed without a check, because the verifier proved it (see [`isa::verify`]) or because a frame was entered only
//! after a check. In detail:
//!
//! | believed | because |
//! | --- | --- |
//! | the program counter is at an instruction | jumps, handlers and skips are verified to stay in the function, which ends with an operation that never goes on |
//! | opcodes are operations | words are made of instructions only, by `link` |
//! | a register exists | its number is below the frame size (verified), and the frame was checked on entry to fit the array |
//! | a register holds a value | the array is initialised; that it is a *meaningful* value is verified: written before read |
//! | its object is alive | the invariant of `machine`: no register points to a freed object |
//! | constants, globals, functions, sites exist | indices are verified, and [`execute`] checks that the runtime is of this program |
//! | the running function has its closure | a function that captures runs through its closures only (verified) |
//! | a tag and its payload agree | values are made so, and both halves are written together |
//!
//! Tags are *not* believed: a handler looks at one before it takes a payload for a pointer.

mod arena;
mod code;
mod dispatch;
mod handlers;
mod link;
mod machine;
pub mod native;
mod pairs;
mod results;
mod slot;
mod tasks;
mod unwind;

use std::sync::Arc;

use runtime::probe::{NoProbe, Probe};
use runtime::{Fault, Runtime, Value};

pub use arena::{Arena, call_by};
pub use link::{Linked, Options};

use machine::Machine;

/// The name of a dense opcode that a probe was told of: a mnemonic of the register form, or of an operation of this machine's own.
pub fn opcode_name(opcode: u16) -> Option<&'static str> {
    code::Operation::name(opcode)
}

/// A way to get from one instruction to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dispatch {
    /// One loop around one `match`.
    Match,
    /// Handlers are functions that end by calling the next one.
    #[cfg(feature = "sibling-calls")]
    SiblingCalls,
}

impl Dispatch {
    /// Those that are built.
    pub const ALL: &'static [Self] = &[
        Self::Match,
        #[cfg(feature = "sibling-calls")]
        Self::SiblingCalls,
    ];
}

/// Runs a program's entry function and gives its result. A run that a probe watches is dispatched by [`Dispatch::Match`].
///
/// # Errors
/// The error that no handler took; its `origin` says where it was raised.
///
/// # Panics
/// If `runtime` is of another program.
pub fn execute<P: Probe>(linked: &Linked, runtime: &mut Runtime, probe: &mut P) -> Result<Value, Fault> {
    // The loop without a probe is compiled here, with this crate's settings, and not once more wherever it is used.
    if P::ENABLED { run(linked, runtime, Dispatch::Match, probe) } else { execute_by(Dispatch::Match, linked, runtime) }
}

/// As [`execute`], unwatched, dispatched as said.
///
/// # Errors
/// As for [`execute`].
///
/// # Panics
/// As for [`execute`].
pub fn execute_by(dispatch: Dispatch, linked: &Linked, runtime: &mut Runtime) -> Result<Value, Fault> {
    run(linked, runtime, dispatch, &mut NoProbe)
}

fn run<P: Probe>(linked: &Linked, runtime: &mut Runtime, dispatch: Dispatch, probe: &mut P) -> Result<Value, Fault> {
    check_runtime(linked, runtime);
    let mut machine = Machine::new(linked, runtime);
    let start = machine.start();
    drive(&mut machine, start, dispatch, probe)
}

/// Sees to it that a runtime is of a program and has its tables.
fn check_runtime(linked: &Linked, runtime: &Runtime) {
    let program = linked.program();
    assert!(Arc::ptr_eq(program, &runtime.program), "the runtime is of another program");
    assert!(
        runtime.constants.len() == program.constants.len()
            && runtime.globals.len() == program.globals.len()
            && runtime.names.len() == program.names.len(),
        "the runtime's tables are not those it was made with"
    );
}

/// Runs a machine to its end, from where it stands at the beginning of its first function.
fn drive<P: Probe>(
    machine: &mut Machine<'_>,
    start: code::State,
    dispatch: Dispatch,
    probe: &mut P,
) -> Result<Value, Fault> {
    let linked = machine.linked;
    let (has_fuel_limit, is_metered) = (machine.runtime.has_fuel_limit(), machine.runtime.is_metered());
    let mut go = |machine: &mut Machine<'_>, start: code::State| {
        use dispatch::match_loop;
        #[cfg(feature = "sibling-calls")]
        use dispatch::{Fuelled, Metered, Unbounded, sibling_calls};
        // SAFETY: the machine stands at the beginning of a function of verified code, or where a task goes on; and the runtime has
        // its tables.
        unsafe {
            match (dispatch, has_fuel_limit, linked.has_pairs()) {
                (Dispatch::Match, true, true) => match_loop::run::<P, true, true>(machine, start, probe),
                (Dispatch::Match, true, false) => match_loop::run::<P, true, false>(machine, start, probe),
                (Dispatch::Match, false, true) => match_loop::run::<P, false, true>(machine, start, probe),
                (Dispatch::Match, false, false) => match_loop::run::<P, false, false>(machine, start, probe),
                #[cfg(feature = "sibling-calls")]
                (Dispatch::SiblingCalls, true, _) => sibling_calls::run::<Fuelled>(machine, start),
                #[cfg(feature = "sibling-calls")]
                (Dispatch::SiblingCalls, false, _) if is_metered => sibling_calls::run::<Metered>(machine, start),
                #[cfg(feature = "sibling-calls")]
                (Dispatch::SiblingCalls, false, _) => sibling_calls::run::<Unbounded>(machine, start),
            }
        }
    };
    let end = go(machine, start);
    if machine.outcome.is_none() && machine.runtime.tasks.is_used() {
        // SAFETY: the first function left its result where its frame begins.
        let result = unsafe { end.base.read() };
        let state = machine.end_main(result);
        if state.pc != linked.halt() {
            go(machine, state);
        }
        let outcome = machine.outcome.take();
        return machine.runtime.outcome_of_tasks(outcome).map_or_else(|| Ok(machine.values[0]), Err);
    }
    match machine.outcome.take() {
        Some(fault) => Err(fault),
        // SAFETY: the first function left its result where its frame begins.
        None => Ok(unsafe { end.base.read() }),
    }
}
