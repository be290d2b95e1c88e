//! Jumps, and comparisons fused with them. A jump back begins an iteration of a loop and takes fuel.

use runtime::Error;

use super::compare::Condition;
use super::operand::{Operand, are_floats};
use crate::code::{C, Instruction, Operation, State};
use crate::dispatch::Technique;
use crate::machine::Machine;
use crate::slot::{BOOL, INT, NULL};

/// Takes a unit of fuel, if there is one left.
#[inline(always)]
pub(crate) fn take_fuel(m: &mut Machine<'_>) -> bool {
    match m.runtime.fuel.checked_sub(1) {
        Some(left) => {
            m.runtime.fuel = left;
            true
        }
        None => m.runtime.take_fuel_of_reserve(),
    }
}

/// Raises the error that no fuel is left.
///
/// # Safety
/// See [`crate::handlers`].
#[cold]
#[inline(never)]
pub(crate) unsafe fn out_of_fuel(m: &mut Machine<'_>, state: State) -> State {
    m.raise(state, Error::fuel())
}

/// Where to go on instead of at `state`, which control just came to: behind a `METER_REG` there, when what follows is paid for. So a `METER_REG` at the
/// beginning of a function, or where a jump goes, is no dispatch of its own. When too little gas is left, it runs and raises the error.
///
/// # Safety
/// The state is at an instruction of the running frame.
#[inline(always)]
pub(crate) unsafe fn paid<T: Technique>(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: the caller's promise; there is an instruction behind every `METER_REG`.
    unsafe {
        if T::PAYS_AHEAD && state.operation() == Operation::MeterReg {
            let instruction = state.fetch();
            if let Some(left) = m.runtime.gas.checked_sub(instruction.word.gas()) {
                m.runtime.gas = left;
                return instruction.next();
            }
        }
        state
    }
}

/// Goes to the instruction `distance` from here.
///
/// # Safety
/// See [`crate::handlers`]; the distance is that of the instruction's operand.
#[inline(always)]
pub(crate) unsafe fn go_to<T: Technique>(m: &mut Machine<'_>, i: Instruction, distance: i64) -> T::Out {
    // SAFETY: the caller's promise.
    unsafe {
        if T::FUEL && distance <= 0 && !take_fuel(m) {
            return T::outline(m, i.state(), out_of_fuel);
        }
        let target = paid::<T>(m, i.at(distance));
        T::go(m, target)
    }
}

/// Goes on behind a branch that is not taken.
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
unsafe fn go_on<T: Technique>(m: &mut Machine<'_>, i: Instruction) -> T::Out {
    // SAFETY: the caller's promise.
    unsafe {
        let next = paid::<T>(m, i.next());
        T::go(m, next)
    }
}

/// As [`go_to`], out of line.
///
/// # Safety
/// As for [`go_to`].
unsafe fn go_to_slow(m: &mut Machine<'_>, i: Instruction, distance: i64) -> State {
    // SAFETY: the caller's promise.
    unsafe {
        if distance <= 0 && m.runtime.has_fuel_limit() && !take_fuel(m) {
            return out_of_fuel(m, i.state());
        }
        i.at(distance)
    }
}

/// Goes to `t` if the condition holds for left and right.
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn compare<T: Technique, F: Condition, X: Operand, Y: Operand>(
    m: &mut Machine<'_>,
    i: Instruction,
) -> T::Out {
    // SAFETY: the caller's promise: lanes are as `X` and `Y` say, lane `c` is a distance.
    unsafe {
        let holds = if X::tag(m, i) | Y::tag(m, i) == INT {
            F::int(X::int(m, i), Y::int(m, i))
        } else if are_floats::<X, Y>(m, i) {
            F::float(X::float(m, i), Y::float(m, i))
        } else {
            return T::outline(m, i.state(), compare_slow::<F, X, Y>);
        };
        if holds { go_to::<T>(m, i, i.word.signed::<C>()) } else { go_on::<T>(m, i) }
    }
}

/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
unsafe fn compare_slow<F: Condition, X: Operand, Y: Operand>(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: as in `compare`.
    unsafe {
        let i = state.fetch();
        match F::any(m.runtime, X::value(m, i), Y::value(m, i)) {
            Ok(true) => go_to_slow(m, i, i.word.signed::<C>()),
            Ok(false) => i.next(),
            Err(fault) => m.fail(state, fault),
        }
    }
}

/// Goes to `t`, which is ahead.
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn jump<T: Technique>(m: &mut Machine<'_>, i: Instruction) -> T::Out {
    // SAFETY: the caller's promise: lanes `b` and `c` are a distance.
    unsafe { T::go(m, i.at(i.word.signed_wide())) }
}

/// Begins an iteration at `t`, wherever that is.
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn begin_iteration<T: Technique>(m: &mut Machine<'_>, i: Instruction) -> T::Out {
    // SAFETY: as in `jump`.
    unsafe {
        if T::FUEL && !take_fuel(m) {
            return T::outline(m, i.state(), out_of_fuel);
        }
        let target = paid::<T>(m, i.at(i.word.signed_wide()));
        T::go(m, target)
    }
}

/// Goes to `t` if `R[a]` holds, or if it does not.
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn truth<T: Technique, const EXPECTED: bool>(m: &mut Machine<'_>, i: Instruction) -> T::Out {
    // SAFETY: the caller's promise: lane `a` is a register, lanes `b` and `c` are a distance.
    unsafe {
        let x = i.wide_a();
        if x.tag() != BOOL {
            return T::outline(m, i.state(), truth_slow::<EXPECTED>);
        }
        if (x.payload() != 0) == EXPECTED { go_to::<T>(m, i, i.word.signed_wide()) } else { go_on::<T>(m, i) }
    }
}

/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
unsafe fn truth_slow<const EXPECTED: bool>(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: as in `truth`.
    unsafe {
        let i = state.fetch();
        if m.runtime.is_true(i.wide_a().value()) == EXPECTED {
            go_to_slow(m, i, i.word.signed_wide())
        } else {
            i.next()
        }
    }
}

/// Goes to `t` unless `R[a]` is null.
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn not_null<T: Technique>(m: &mut Machine<'_>, i: Instruction) -> T::Out {
    // SAFETY: as in `truth`.
    unsafe { if i.wide_a().tag() != NULL { T::go(m, i.at(i.word.signed_wide())) } else { T::go(m, i.next()) } }
}
