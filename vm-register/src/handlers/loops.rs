//! Counted loops and loops over collections.

use runtime::{Runtime, Value};

use super::access::read_element;
use super::branch::{go_to, paid, take_fuel};
use crate::code::{C, Instruction, State};
use crate::dispatch::Technique;
use crate::machine::Machine;
use crate::slot::{INT, LIST};

/// Skips the next instruction if counting from `R[a]` to `R[b]` by `R[c]` takes no step; error if the step is 0.
///
/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
pub(crate) unsafe fn for_prepare(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: the caller's promise: all lanes are registers.
    unsafe {
        let i = state.fetch();
        match m.runtime.range_begins(i.a().value(), i.b().value(), i.c().value()) {
            Ok(true) => i.next(),
            Ok(false) => i.skip(),
            Err(fault) => m.fail(state, fault),
        }
    }
}

/// Goes on in the loop after an instruction that skips the next one to leave it: at the next one, which if `FUSED` is a `LOOP_REG` and is
/// done here.
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
unsafe fn go_on_in_loop<T: Technique, const FUSED: bool>(m: &mut Machine<'_>, i: Instruction) -> T::Out {
    // SAFETY: the caller's promise: there is a next instruction, and its wide operand is a distance.
    unsafe {
        // Without fuel the loop's own instruction, run by itself, raises the error.
        if !FUSED || T::FUEL && !take_fuel(m) {
            return T::go(m, i.next());
        }
        let state = paid::<T>(m, i.at(1 + i.word.following().signed_wide()));
        T::go(m, state)
    }
}

/// If `R[a] + R[c]` stays before `R[b]`, `R[a]` becomes it; otherwise skips the next instruction.
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn for_loop<T: Technique, const FUSED: bool>(m: &mut Machine<'_>, i: Instruction) -> T::Out {
    // SAFETY: the caller's promise: all lanes are registers.
    unsafe {
        let (current, end, step) = (i.a(), i.b(), i.c());
        if current.tag() | end.tag() | step.tag() != INT {
            return T::outline(m, i.state(), not_counting::<true>);
        }
        match Runtime::range_next(current.int(), end.int(), step.int()) {
            Some(next) => {
                current.set_payload(next as u64);
                go_on_in_loop::<T, FUSED>(m, i)
            }
            None => T::go(m, i.skip()),
        }
    }
}

/// If `R[a] + 1 < R[b]`: `R[a] := R[a] + 1`, and an iteration begins at `t`.
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn counted_loop<T: Technique>(m: &mut Machine<'_>, i: Instruction) -> T::Out {
    // SAFETY: the caller's promise: lanes `a` and `b` are registers, lane `c` is a distance.
    unsafe {
        let (current, end) = (i.a(), i.b());
        if current.tag() | end.tag() != INT {
            return T::outline(m, i.state(), not_counting::<false>);
        }
        match current.int().checked_add(1) {
            Some(next) if next < end.int() => {
                current.set_payload(next as u64);
                go_to::<T>(m, i, i.word.signed::<C>())
            }
            _ => T::go(m, i.next()),
        }
    }
}

/// Raises the error that a counted loop does not count by integers, which code that prepared the loop never meets.
///
/// # Safety
/// See [`crate::handlers`].
#[cold]
#[inline(never)]
unsafe fn not_counting<const HAS_STEP: bool>(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: as in `for_loop` and `counted_loop`.
    unsafe {
        let i = state.fetch();
        let step = if HAS_STEP { i.c().value() } else { Value::int(1) };
        match m.runtime.range_begins(i.a().value(), i.b().value(), step) {
            Ok(_) => i.next(),
            Err(fault) => m.fail(state, fault),
        }
    }
}

/// `R[a] := R[b] as an integer bound of range()`
///
/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
pub(crate) unsafe fn range_bound(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: the caller's promise: lanes `a` and `b` are registers.
    unsafe {
        let i = state.fetch();
        let result = m.runtime.range_bound(i.b().value());
        m.finish(i, i.a(), result)
    }
}

/// `R[a] := what FOR_ITER walks of R[b]`
///
/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
pub(crate) unsafe fn iter_prepare(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: the caller's promise: lanes `a` and `b` are registers.
    unsafe {
        let i = state.fetch();
        let result = m.runtime.iter_prepare(i.b().value());
        m.finish(i, i.a(), result)
    }
}

/// `R[a] := element (of a map: key) at position R[c] of R[b]`, or its index if `PAIR`, and `R[c]` advances; at the end
/// `R[a] := null`, and the next instruction is skipped.
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn for_iter<T: Technique, const PAIR: bool, const FUSED: bool>(
    m: &mut Machine<'_>,
    i: Instruction,
) -> T::Out {
    // SAFETY: the caller's promise: all lanes are registers.
    unsafe {
        let (collection, position) = (i.b(), i.c());
        if collection.tag() == LIST && position.tag() == INT {
            let list = &*(collection.payload() as *const runtime::objects::List);
            let at = position.int();
            if (at as u64) < list.len() as u64 {
                if PAIR {
                    i.a().set_int(at);
                } else {
                    let _ = read_element(list, at as usize, i.a());
                }
                position.set_int(at + 1);
                return go_on_in_loop::<T, FUSED>(m, i);
            }
        }
        T::outline(m, i.state(), for_iter_slow::<PAIR>)
    }
}

/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
unsafe fn for_iter_slow<const PAIR: bool>(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: as in `for_iter`.
    unsafe {
        let i = state.fetch();
        match m.runtime.iter_next(i.b().value(), i.c().value(), PAIR) {
            Some((element, position)) => {
                i.a().put(element);
                i.c().put(position);
                i.next()
            }
            None => {
                i.a().put(Value::NULL);
                i.skip()
            }
        }
    }
}

/// `R[a] := element or map value that the last FOR_PAIR_REG over R[b], R[c] visited`
///
/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
pub(crate) unsafe fn iter_value(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: the caller's promise: all lanes are registers.
    unsafe {
        let i = state.fetch();
        let value = m.runtime.iter_value(i.b().value(), i.c().value());
        i.a().put(value);
        i.next()
    }
}
