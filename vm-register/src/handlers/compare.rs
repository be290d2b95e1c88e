//! Comparisons and truth as values.

use std::marker::PhantomData;

use runtime::operations::Comparison;
use runtime::{Fault, Runtime, Value};

use crate::code::{C, Instruction, State};
use crate::dispatch::Technique;
use crate::handlers::operand::{Operand, are_floats};
use crate::machine::Machine;
use crate::slot::{BOOL, INT, UNSET};

/// A condition on two values.
pub(crate) trait Condition {
    /// On integers.
    fn int(x: i64, y: i64) -> bool;

    /// On floats.
    fn float(x: f64, y: f64) -> bool;

    /// On anything.
    fn any(runtime: &mut Runtime, x: Value, y: Value) -> Result<bool, Fault>;
}

/// `==`
pub(crate) struct Equal;
/// `<`
pub(crate) struct Less;
/// `>`
pub(crate) struct Greater;
/// `<=`
pub(crate) struct LessOrEqual;
/// `>=`
pub(crate) struct GreaterOrEqual;
/// Holds where another does not: no other comparison, because comparisons with a NaN hold neither way.
pub(crate) struct Not<F>(PhantomData<F>);

impl Condition for Equal {
    #[inline(always)]
    fn int(x: i64, y: i64) -> bool {
        x == y
    }

    #[inline(always)]
    fn float(x: f64, y: f64) -> bool {
        x == y
    }

    fn any(runtime: &mut Runtime, x: Value, y: Value) -> Result<bool, Fault> {
        Ok(runtime.equals(x, y))
    }
}

macro_rules! ordering {
    ($name:ident, $sign:tt) => {
        impl Condition for $name {
            #[inline(always)]
            fn int(x: i64, y: i64) -> bool {
                x $sign y
            }

            #[inline(always)]
            fn float(x: f64, y: f64) -> bool {
                x $sign y
            }

            fn any(runtime: &mut Runtime, x: Value, y: Value) -> Result<bool, Fault> {
                runtime.compare(Comparison::$name, x, y)
            }
        }
    };
}

ordering!(Less, <);
ordering!(Greater, >);
ordering!(LessOrEqual, <=);
ordering!(GreaterOrEqual, >=);

impl<F: Condition> Condition for Not<F> {
    #[inline(always)]
    fn int(x: i64, y: i64) -> bool {
        !F::int(x, y)
    }

    #[inline(always)]
    fn float(x: f64, y: f64) -> bool {
        !F::float(x, y)
    }

    fn any(runtime: &mut Runtime, x: Value, y: Value) -> Result<bool, Fault> {
        F::any(runtime, x, y).map(|holds| !holds)
    }
}

/// `R[a] := whether the condition holds for left and right`
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn compare<T: Technique, F: Condition, X: Operand, Y: Operand>(
    m: &mut Machine<'_>,
    i: Instruction,
) -> T::Out {
    // SAFETY: the caller's promise: lanes are as `X` and `Y` say, and lane `a` is a register.
    unsafe {
        let holds = if X::tag(m, i) | Y::tag(m, i) == INT {
            F::int(X::int(m, i), Y::int(m, i))
        } else if are_floats::<X, Y>(m, i) {
            F::float(X::float(m, i), Y::float(m, i))
        } else {
            return T::outline(m, i.state(), compare_slow::<F, X, Y>);
        };
        i.a().set_bool(holds);
        T::go(m, i.next())
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
            Ok(holds) => {
                i.a().set_bool(holds);
                i.next()
            }
            Err(fault) => m.fail(state, fault),
        }
    }
}

/// `R[a] := whether R[b] holds`, or whether it does not.
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn truth<T: Technique, const EXPECTED: bool>(m: &mut Machine<'_>, i: Instruction) -> T::Out {
    // SAFETY: the caller's promise: lanes `a` and `b` are registers.
    unsafe {
        let x = i.b();
        if x.tag() == BOOL {
            i.a().set_bool((x.payload() != 0) == EXPECTED);
            return T::go(m, i.next());
        }
        T::outline(m, i.state(), truth_slow::<EXPECTED>)
    }
}

/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
unsafe fn truth_slow<const EXPECTED: bool>(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: as in `truth`.
    unsafe {
        let i = state.fetch();
        i.a().set_bool(m.runtime.is_true(i.b().value()) == EXPECTED);
        i.next()
    }
}

/// `R[a] := whether R[b] and R[c] hold`
///
/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
pub(crate) unsafe fn and(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: the caller's promise: all lanes are registers.
    unsafe {
        let i = state.fetch();
        i.a().set_bool(m.runtime.is_true(i.b().value()) && m.runtime.is_true(i.c().value()));
        i.next()
    }
}

/// `R[a] := whether R[b] or R[c] holds`
///
/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
pub(crate) unsafe fn or(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: the caller's promise: all lanes are registers.
    unsafe {
        let i = state.fetch();
        i.a().set_bool(m.runtime.is_true(i.b().value()) || m.runtime.is_true(i.c().value()));
        i.next()
    }
}

/// `R[a] := whether R[c] contains R[b]`
///
/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
pub(crate) unsafe fn contains(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: the caller's promise: all lanes are registers.
    unsafe {
        let i = state.fetch();
        match m.runtime.contains(i.b().value(), i.c().value()) {
            Ok(holds) => {
                i.a().set_bool(holds);
                i.next()
            }
            Err(fault) => m.fail(state, fault),
        }
    }
}

/// `R[a] := whether R[b] is an instance of T[t]`
///
/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
pub(crate) unsafe fn is_instance(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: the caller's promise: lanes `a` and `b` are registers, lane `c` is a type.
    unsafe {
        let i = state.fetch();
        i.a().set_bool(m.runtime.is_instance(i.b().value(), i.word.lane::<C>() as u32));
        i.next()
    }
}

/// `R[a] := whether R[b] was ever set`
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn is_set<T: Technique>(m: &mut Machine<'_>, i: Instruction) -> T::Out {
    // SAFETY: the caller's promise: lanes `a` and `b` are registers.
    unsafe {
        i.a().set_bool(i.b().tag() != UNSET);
        T::go(m, i.next())
    }
}
