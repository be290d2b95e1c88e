//! Tasks.

use crate::code::{B, C, State};
use crate::machine::Machine;

/// `R[a] := task that is going to call R[a] with R[a+1], … n arguments`
///
/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
pub(crate) unsafe fn spawn(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: the caller's promise: lane `a` is a window of `c` registers behind the first.
    unsafe {
        let i = state.fetch();
        let window = i.window(0, i.word.lane::<C>() + 1);
        let result = m.runtime.spawn(window[0], &window[1..]);
        m.finish(i, i.a(), result)
    }
}

/// `R[a] := task that is going to call method N[m] of R[a] with R[a+1], … n arguments`
///
/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
pub(crate) unsafe fn spawn_method(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: the caller's promise: lane `a` is a window of a receiver and `c` arguments.
    unsafe {
        let i = state.fetch();
        let window = i.window(0, i.word.lane::<C>() + 1);
        let result = m.runtime.spawn_method(i.word.lane::<B>() as u32, window);
        m.finish(i, i.a(), result)
    }
}

/// The running call becomes a task.
///
/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
pub(crate) unsafe fn spawn_call(m: &mut Machine<'_>, state: State) -> State {
    let result = m.begin_task(state);
    // SAFETY: the caller's promise.
    unsafe { m.finish_unit(state.fetch(), result) }
}

/// `R[a] := the value of task R[b], which is waited for`
///
/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
pub(crate) unsafe fn await_value(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: the caller's promise: lanes `a` and `b` are registers.
    unsafe {
        let i = state.fetch();
        let awaited = i.b().value();
        match m.runtime.poll(awaited) {
            Ok(Some(value)) => {
                i.a().put(value);
                i.next()
            }
            Ok(None) => m.suspend(state, awaited),
            // An error of another task, whatever it is: running this again would be in vain.
            Err(fault) => m.raise(state, fault),
        }
    }
}

/// The function that a task began with has returned.
///
/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
pub(crate) unsafe fn end(m: &mut Machine<'_>, state: State) -> State {
    m.end_task(state.base)
}
