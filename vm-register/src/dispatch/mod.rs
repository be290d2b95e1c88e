//! Ways to get from one instruction to the next.
//!
//! Handlers are written once, over a [`Technique`]. A technique says what a handler returns, how it goes on with another instruction, and
//! how it hands an instruction to a function out of line. Both happen only in tail position, so a technique may as well
//! jump there.

pub(crate) mod match_loop;
#[cfg(feature = "sibling-calls")]
pub(crate) mod sibling_calls;
pub(crate) mod steps;
#[cfg(feature = "sibling-calls")]
mod then;

use crate::code::{Cached, State};
use crate::machine::Machine;

/// A function that runs one instruction out of line and tells where to go on.
///
/// # Safety
/// The state is at an instruction which this function is for, in the running frame.
pub(crate) type Outline = unsafe fn(&mut Machine<'_>, State) -> State;

/// What a run counts, as a type: each kind of run has handlers of its own.
#[cfg(feature = "sibling-calls")]
pub(crate) trait Bounds {
    /// Whether calls and iterations take fuel.
    const FUEL: bool;
    /// Whether code takes gas.
    const GAS: bool;
}

/// Counts nothing.
#[cfg(feature = "sibling-calls")]
pub(crate) struct Unbounded;

/// Counts gas.
#[cfg(feature = "sibling-calls")]
pub(crate) struct Metered;

/// Counts fuel, and gas where code takes any: a set of handlers for runs that count fuel alone would be one more for what is not timed.
#[cfg(feature = "sibling-calls")]
pub(crate) struct Fuelled;

#[cfg(feature = "sibling-calls")]
impl Bounds for Unbounded {
    const FUEL: bool = false;
    const GAS: bool = false;
}

#[cfg(feature = "sibling-calls")]
impl Bounds for Metered {
    const FUEL: bool = false;
    const GAS: bool = true;
}

#[cfg(feature = "sibling-calls")]
impl Bounds for Fuelled {
    const FUEL: bool = true;
    const GAS: bool = true;
}

/// A dispatch technique.
pub(crate) trait Technique {
    /// What handlers return.
    type Out;

    /// Whether what control comes to by a call, a jump or a branch is paid for at once, if it begins with a `METER_REG`.
    const PAYS_AHEAD: bool = false;
    /// Whether calls and iterations take fuel.
    const FUEL: bool;

    /// Goes on at `state`.
    fn go(machine: &mut Machine<'_>, state: State) -> Self::Out;

    /// Goes on at `state`, behind an instruction with this result. A technique need not hand it on.
    #[inline(always)]
    fn go_with(machine: &mut Machine<'_>, state: State, result: Cached) -> Self::Out {
        let _ = result;
        Self::go(machine, state)
    }

    /// Goes on where `outline` says.
    ///
    /// # Safety
    /// As for [`Outline`].
    unsafe fn outline(machine: &mut Machine<'_>, state: State, outline: Outline) -> Self::Out;
}

/// Handlers return where to go on: to a loop, or to whoever wants one instruction run.
pub(crate) struct Returning<const FUEL: bool>;

impl<const FUEL: bool> Technique for Returning<FUEL> {
    type Out = State;

    const FUEL: bool = FUEL;

    #[inline(always)]
    fn go(_machine: &mut Machine<'_>, state: State) -> State {
        state
    }

    #[inline(always)]
    unsafe fn outline(machine: &mut Machine<'_>, state: State, outline: Outline) -> State {
        // SAFETY: the caller's promise.
        unsafe { outline(machine, state) }
    }
}
