//! Counting on the way to native code, and going on in it.

use crate::code::State;
use crate::machine::Machine;

/// Control came to a place that is counted.
///
/// # Safety
/// See [`crate::handlers`]; the program gets native code.
#[inline(never)]
pub(crate) unsafe fn count(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: the caller's promise.
    unsafe { crate::native::count(m, state) }
}

/// Control came to a place that has native code.
///
/// # Safety
/// See [`crate::handlers`]; the program gets native code.
#[inline(never)]
pub(crate) unsafe fn enter(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: the caller's promise.
    unsafe { crate::native::enter(m, state) }
}
