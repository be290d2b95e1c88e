//! Two instructions in one dispatch.
//!
//! A handler ends by going on at the next instruction, however its [`Technique`] does that. One that "goes on" by running the next
//! instruction's handler in place makes one function of two handlers, and neither knows. The compiler then sees both: what the first stores and
//! the second loads stays in processor registers, and a check of a tag that was just set is gone. What leaves the fast path of the first, an
//! error, another kind of operand, goes on at the second instruction, which still stands in the code, by itself.

use std::marker::PhantomData;

use super::{Outline, Technique};
use crate::code::{Cached, Instruction, State};
use crate::machine::Machine;

/// A handler as a type.
pub(super) trait Run<T: Technique> {
    /// Runs the instruction.
    ///
    /// # Safety
    /// See [`crate::handlers`].
    unsafe fn run(machine: &mut Machine<'_>, instruction: Instruction) -> T::Out;
}

/// Goes on in `Second`, whichever instruction is next; for handlers of instructions which go nowhere but to the next one.
pub(super) struct Then<T, Second>(PhantomData<(T, Second)>);

impl<T: Technique, Second: Run<T>> Technique for Then<T, Second> {
    type Out = T::Out;

    const FUEL: bool = T::FUEL;

    const PAYS_AHEAD: bool = T::PAYS_AHEAD;

    #[inline(always)]
    fn go(machine: &mut Machine<'_>, state: State) -> T::Out {
        Self::go_with(machine, state, Cached::NOTHING)
    }

    #[inline(always)]
    fn go_with(machine: &mut Machine<'_>, state: State, result: Cached) -> T::Out {
        // SAFETY: the state is behind the first instruction, where linking found the second one.
        unsafe { Second::run(machine, Instruction { cached: result, ..state.fetch() }) }
    }

    #[inline(always)]
    unsafe fn outline(machine: &mut Machine<'_>, state: State, outline: Outline) -> T::Out {
        // SAFETY: the caller's promise.
        unsafe { T::outline(machine, state, outline) }
    }
}
