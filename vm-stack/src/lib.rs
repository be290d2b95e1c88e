//! The stack machine: an interpreter for the stack form.
//!
//! It is the baseline that the other engines are measured against, so it is plain unless asked otherwise (one instruction after another, as
//! the compiler made them; superinstructions are an [option](Options), the top of the stack is not cached) and does well what a plain
//! interpreter can do well:
//!
//! - [`Linked`] is a private copy of the code with operands as the machine wants them: scaled, relative, and with an inline-cache site
//!   for every access by name.
//! - The loop keeps program counter, stack pointer and frame base in processor registers, and reads code, constants, locals and operands
//!   through raw pointers without bounds checks. `dispatch` holds the loop, `handlers` what the operations do.
//! - Frequent cases (numbers, packed lists, fields, calls of guest code) are inline in the loop. Everything else is the runtime's, and
//!   is reached from a tail position, so a frequent case pays nothing for it.
//! - Fuel and probes are parameters of the loop's type: a run without them runs code without them.
//!
//! ```
//! use runtime::probe::NoProbe;
//! use runtime::{RunOptions, Runtime};
//! use vm_stack::{Linked, execute};
//!
//! let module = isa::text::parse_form::<isa::Stack>(
//!     ".function <main>
//!          LOAD_CONST 20
//!          LOAD_CONST 22
//!          ADD
//!          RETURN",
//! )
//! .unwrap();
//! let linked = Linked::new(&isa::verify::stack(module).unwrap()).unwrap();
//! let mut runtime = Runtime::new(linked.program().clone(), RunOptions::default());
//! let value = execute(&linked, &mut runtime, &mut NoProbe).unwrap();
//! assert_eq!(value.as_int(), Some(42));
//! ```
//!
//! # Why the unchecked accesses are sound
//!
//! One argument serves the whole crate, and the SAFETY comments refer to its parts.
//!
//! **What the verifier proves** ([`isa::verify`], of which [`isa::Verified`] is the witness): operands name what exists; jumps and handlers
//! stay inside their function, which control cannot run off; the operand stack has the same depth whichever way an instruction is
//! reached, never negative and never above the frame size it reports; functions that capture variables are entered through closures only.
//!
//! **What a call checks**: there is room for another frame record, and on the value stack for the callee's frame size. It gives every local
//! a value. So between calls no access to locals or operands needs a check.
//!
//! **What the runtime promises**: a value's tag says what its payload is; an index in a payload is one of this program's; the tables of
//! constants, globals and names neither move nor change their length while a program runs; no operation collects.
//!
//! **What the machine keeps**: everything below the stack pointer is an initialised value, and nothing above it is ever read as one.
//! All that is live between two instructions lies there or in a frame's closure, so a collection that marks these frees
//! nothing that is still needed. Stacks move only in calls, off the fast path, and the pointers into them are rebased there.

use runtime::probe::{NoProbe, Probe};
use runtime::{Fault, Runtime, Value};

mod arena;
mod dispatch;
mod frame;
mod handlers;
mod link;
mod machine;
mod operation;
mod slot;
mod superinstructions;
mod tasks;
mod unwind;

pub use arena::{Arena, call_by};
pub use link::{Linked, Options};

use crate::machine::{Flow, Machine};
use crate::operation::Operation;

/// The name of a dense opcode that a probe was told of: a mnemonic, or those of a superinstruction's sequence joined by `+`.
pub fn opcode_name(opcode: u16) -> Option<&'static str> {
    Operation::name(u8::try_from(opcode).ok()?)
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

/// Runs the entry function and gives its result, which stays good until the runtime's next collection. A run that a probe watches is
/// dispatched by [`Dispatch::Match`].
///
/// # Errors
/// The error that no handler caught. Its origin holds the trace.
///
/// # Panics
/// When `runtime` was not made of `linked`'s program.
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
#[inline(never)]
pub fn execute_by(dispatch: Dispatch, linked: &Linked, runtime: &mut Runtime) -> Result<Value, Fault> {
    run(linked, runtime, dispatch, &mut NoProbe)
}

fn run<P: Probe>(linked: &Linked, runtime: &mut Runtime, dispatch: Dispatch, probe: &mut P) -> Result<Value, Fault> {
    let mut machine = Machine::new(linked, runtime);
    drive(&mut machine, dispatch, probe)
}

/// Runs a machine to its end, from where it stands at the beginning of its first function.
fn drive<P: Probe>(machine: &mut Machine<'_>, dispatch: Dispatch, probe: &mut P) -> Result<Value, Fault> {
    let counts_fuel = machine.runtime.has_fuel_limit();
    let mut go = |machine: &mut Machine<'_>| {
        // SAFETY: a new machine is about to run the first instruction of a function; later it stands where a task goes on.
        unsafe {
            match (dispatch, counts_fuel) {
                (Dispatch::Match, true) => dispatch::match_loop::run::<P, true>(machine, probe),
                (Dispatch::Match, false) => dispatch::match_loop::run::<P, false>(machine, probe),
                #[cfg(feature = "sibling-calls")]
                (Dispatch::SiblingCalls, true) => dispatch::sibling_calls::run::<true>(machine),
                #[cfg(feature = "sibling-calls")]
                (Dispatch::SiblingCalls, false) => dispatch::sibling_calls::run::<false>(machine),
            }
        }
    };
    go(machine);
    if machine.outcome.is_ok() && machine.runtime.tasks.is_used() {
        // SAFETY: the first function has returned.
        if unsafe { machine.end_main() } == Flow::Continue {
            go(machine);
        }
        let (result, ended) = machine.end();
        return machine.runtime.outcome_of_tasks(ended).map_or(Ok(result), Err);
    }
    std::mem::replace(&mut machine.outcome, Ok(Value::NULL))
}
