//! Each handler is a function that ends by calling the next one's.
//!
//! A call in tail position whose arguments are the caller's own is compiled to a jump (a sibling call), so handlers run one after the other in one
//! native frame, with program counter, frame base and machine in the registers that pass arguments. Every handler ends in an indirect jump of
//! its own, which the processor predicts from what that handler was followed by before. In one loop around one `match` all share a single
//! jump, and how well that is predicted hangs on where handlers happen to lie.
//!
//! Rust does not promise sibling calls. LLVM makes them when it optimises (from level 2 on) and nothing is left to be dropped, which is how handlers
//! are written; if one were missed, a long loop would use up the native stack. Hence this is a feature of the build, `cargo xtask`-free
//! checks stand beside it: a test runs loops of all sorts on a small stack, and `.ci/check-sibling-calls` looks at the machine code: every
//! handler must end in a jump.

use super::{Outline, Technique};
use crate::code::{Operation, State, Word};
use crate::handlers::table::for_each_handler;
use crate::handlers::table::names::*;
use crate::machine::Machine;
use runtime::Value;

/// A handler: runs the instruction at the program counter in the frame at the base, and everything after it.
type Handler = unsafe fn(&mut Machine<'_>, *const Word, *mut Value) -> State;

/// Handlers go on in the next one.
struct SiblingCalls<const FUEL: bool>;

impl<const FUEL: bool> SiblingCalls<FUEL> {
    const HANDLERS: [Handler; Operation::COUNT] = handlers::<FUEL>();
}

impl<const FUEL: bool> Technique for SiblingCalls<FUEL> {
    type Out = State;

    const FUEL: bool = FUEL;

    #[inline(always)]
    fn go(machine: &mut Machine<'_>, state: State) -> State {
        // SAFETY: handlers hand on states that are at an instruction of the running frame; there is a handler for each operation.
        unsafe {
            let handler = *const { &Self::HANDLERS }.get_unchecked(state.operation() as usize);
            handler(machine, state.pc, state.base)
        }
    }

    #[inline(always)]
    unsafe fn outline(machine: &mut Machine<'_>, state: State, outline: Outline) -> State {
        // SAFETY: the caller's promise.
        unsafe { go_on_after::<FUEL>(machine, state.pc, state.base, outline) }
    }
}

/// Runs one instruction out of line, then goes on. A function of its own, called in tail position, so that handlers need no native frame.
///
/// # Safety
/// As for [`Outline`].
#[cold]
#[inline(never)]
unsafe fn go_on_after<const FUEL: bool>(
    machine: &mut Machine<'_>,
    pc: *const Word,
    base: *mut Value,
    outline: Outline,
) -> State {
    // SAFETY: the caller's promise.
    let state = unsafe { outline(machine, State { pc, base }) };
    SiblingCalls::<FUEL>::go(machine, state)
}

/// The function of a row.
macro_rules! handler {
    (inline $($path:ident)::+ [$($generic:tt)*], $fuel:ident) => {{
        /// # Safety
        /// See [`crate::handlers`].
        unsafe fn handle<const FUEL: bool>(machine: &mut Machine<'_>, pc: *const Word, base: *mut Value) -> State {
            // SAFETY: the caller's promise.
            unsafe { $($path)::+::<SiblingCalls<FUEL>, $($generic)*>(machine, State { pc, base }.fetch()) }
        }
        handle::<$fuel>
    }};
    (outline $($path:ident)::+, $fuel:ident) => {{
        /// # Safety
        /// See [`crate::handlers`].
        unsafe fn handle<const FUEL: bool>(machine: &mut Machine<'_>, pc: *const Word, base: *mut Value) -> State {
            // SAFETY: the caller's promise.
            let state = unsafe { $($path)::+(machine, State { pc, base }) };
            SiblingCalls::<FUEL>::go(machine, state)
        }
        handle::<$fuel>
    }};
}

macro_rules! all_handlers {
    ($fuel:ident; $($name:ident $kind:ident $($path:ident)::+ $([$($generic:tt)*])?;)*) => {{
        let mut handlers: [Handler; Operation::COUNT] = [halt; Operation::COUNT];
        $(handlers[Operation::$name as usize] = handler!($kind $($path)::+ $([$($generic)*])?, $fuel);)*
        handlers
    }};
}

const fn handlers<const FUEL: bool>() -> [Handler; Operation::COUNT] {
    for_each_handler!(all_handlers FUEL;)
}

/// The end: returns to [`run`].
///
/// # Safety
/// None needed.
unsafe fn halt(_machine: &mut Machine<'_>, pc: *const Word, base: *mut Value) -> State {
    State { pc, base }
}

/// Runs from `state` to the halt instruction; gives the frame base there.
///
/// # Safety
/// `state` is at the beginning of the entry function's verified code, in its frame, which is the only one.
pub(crate) unsafe fn run<const FUEL: bool>(machine: &mut Machine<'_>, state: State) -> State {
    SiblingCalls::<FUEL>::go(machine, state)
}
