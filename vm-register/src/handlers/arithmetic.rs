//! `+ - * / % **` and unary minus: two integers or two floats inline.

use runtime::{Fault, Runtime, Value};

use super::operand::{Operand, are_floats};
use crate::code::{C, Cached, Instruction, State};
use crate::dispatch::Technique;
use crate::machine::Machine;
use crate::slot::{FLOAT, INT};

/// An operation on two numbers.
pub(crate) trait Arithmetic {
    /// On integers; none where it is an error.
    fn int(x: i64, y: i64) -> Option<i64>;

    /// On floats; none where it is an error or takes long.
    fn float(x: f64, y: f64) -> Option<f64>;

    /// On anything.
    fn any(runtime: &mut Runtime, x: Value, y: Value) -> Result<Value, Fault>;
}

/// `+`
pub(crate) struct Add;
/// `-`
pub(crate) struct Subtract;
/// `*`
pub(crate) struct Multiply;
/// `/`
pub(crate) struct Divide;
/// `%`
pub(crate) struct Modulo;

impl Arithmetic for Add {
    #[inline(always)]
    fn int(x: i64, y: i64) -> Option<i64> {
        x.checked_add(y)
    }

    #[inline(always)]
    fn float(x: f64, y: f64) -> Option<f64> {
        Some(x + y)
    }

    fn any(runtime: &mut Runtime, x: Value, y: Value) -> Result<Value, Fault> {
        runtime.add(x, y)
    }
}

impl Arithmetic for Subtract {
    #[inline(always)]
    fn int(x: i64, y: i64) -> Option<i64> {
        x.checked_sub(y)
    }

    #[inline(always)]
    fn float(x: f64, y: f64) -> Option<f64> {
        Some(x - y)
    }

    fn any(runtime: &mut Runtime, x: Value, y: Value) -> Result<Value, Fault> {
        runtime.subtract(x, y)
    }
}

impl Arithmetic for Multiply {
    #[inline(always)]
    fn int(x: i64, y: i64) -> Option<i64> {
        x.checked_mul(y)
    }

    #[inline(always)]
    fn float(x: f64, y: f64) -> Option<f64> {
        Some(x * y)
    }

    fn any(runtime: &mut Runtime, x: Value, y: Value) -> Result<Value, Fault> {
        runtime.multiply(x, y)
    }
}

impl Arithmetic for Divide {
    #[inline(always)]
    fn int(x: i64, y: i64) -> Option<i64> {
        let (quotient, remainder) = (x.checked_div(y)?, x.checked_rem(y)?);
        // Rounded towards zero; the floor is one less where signs differ and something is left.
        Some(if remainder != 0 && (remainder ^ y) < 0 { quotient - 1 } else { quotient })
    }

    #[inline(always)]
    fn float(x: f64, y: f64) -> Option<f64> {
        (y != 0.0).then_some(x / y)
    }

    fn any(runtime: &mut Runtime, x: Value, y: Value) -> Result<Value, Fault> {
        runtime.divide(x, y)
    }
}

impl Arithmetic for Modulo {
    #[inline(always)]
    fn int(x: i64, y: i64) -> Option<i64> {
        let remainder = x.checked_rem(y)?;
        Some(if remainder != 0 && (remainder ^ y) < 0 { remainder + y } else { remainder })
    }

    #[inline(always)]
    fn float(_x: f64, _y: f64) -> Option<f64> {
        None
    }

    fn any(runtime: &mut Runtime, x: Value, y: Value) -> Result<Value, Fault> {
        runtime.modulo(x, y)
    }
}

/// `R[a] := left ∘ right`
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn binary<T: Technique, F: Arithmetic, X: Operand, Y: Operand>(
    m: &mut Machine<'_>,
    i: Instruction,
) -> T::Out {
    // SAFETY: the caller's promise: lanes are as `X` and `Y` say, and lane `a` is a register.
    unsafe {
        if X::tag(m, i) | Y::tag(m, i) == INT {
            if let Some(result) = F::int(X::int(m, i), Y::int(m, i)) {
                i.a().set_int(result);
                return T::go_with(m, i.next(), Cached::int(result));
            }
        } else if are_floats::<X, Y>(m, i)
            && let Some(result) = F::float(X::float(m, i), Y::float(m, i))
        {
            i.a().set_float(result);
            return T::go_with(m, i.next(), Cached::float(result));
        }
        T::outline(m, i.state(), binary_slow::<F, X, Y>)
    }
}

/// # Safety
/// See [`crate::handlers`].
#[cold]
#[inline(never)]
unsafe fn binary_slow<F: Arithmetic, X: Operand, Y: Operand>(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: as in `binary`.
    unsafe {
        let i = state.fetch();
        let (x, y) = (X::value(m, i), Y::value(m, i));
        // An integer and a float: the runtime would do the same, after looking at everything else it might be.
        if !(x.is_int() && y.is_int())
            && let (Some(x), Some(y)) = (x.as_number(), y.as_number())
            && let Some(result) = F::float(x, y)
        {
            i.a().set_float(result);
            return i.next();
        }
        let result = F::any(m.runtime, x, y);
        m.finish(i, i.a(), result)
    }
}

/// `R[a] := R[b] / D[c]`, or the remainder.
///
/// # Safety
/// See [`crate::handlers`]; lane `c` is a divisor of the program.
#[inline(always)]
pub(crate) unsafe fn divide_by<T: Technique, X: Operand, const REMAINDER: bool>(
    m: &mut Machine<'_>,
    i: Instruction,
) -> T::Out {
    // SAFETY: the caller's promise: lane `a` is a register, lane `b` as `X` says.
    unsafe {
        let divisor = &*m.divisors.add(i.word.lane::<C>());
        if X::tag(m, i) == INT {
            let x = X::int(m, i);
            let result = if REMAINDER { divisor.remainder(x) } else { divisor.quotient(x) };
            i.a().set_int(result);
            return T::go_with(m, i.next(), Cached::int(result));
        }
        if !REMAINDER && X::float_tag(m, i) == FLOAT {
            let result = X::float(m, i) / divisor.value() as f64;
            i.a().set_float(result);
            return T::go_with(m, i.next(), Cached::float(result));
        }
        T::outline(m, i.state(), divide_by_slow::<REMAINDER>)
    }
}

/// # Safety
/// See [`crate::handlers`].
#[cold]
#[inline(never)]
unsafe fn divide_by_slow<const REMAINDER: bool>(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: as in `divide_by`.
    unsafe {
        let i = state.fetch();
        let (x, divisor) = (i.b().value(), Value::int((*m.divisors.add(i.word.lane::<C>())).value()));
        let result = if REMAINDER { m.runtime.modulo(x, divisor) } else { m.runtime.divide(x, divisor) };
        m.finish(i, i.a(), result)
    }
}

/// `R[a] := R[b] ** R[c]`
///
/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
pub(crate) unsafe fn power(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: the caller's promise: all lanes are registers.
    unsafe {
        let i = state.fetch();
        let result = m.runtime.power(i.b().value(), i.c().value());
        m.finish(i, i.a(), result)
    }
}

/// `R[a] := -R[b]`
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn negate<T: Technique>(m: &mut Machine<'_>, i: Instruction) -> T::Out {
    // SAFETY: the caller's promise: lanes `a` and `b` are registers.
    unsafe {
        let x = i.b();
        if x.tag() == INT {
            if let Some(result) = x.int().checked_neg() {
                i.a().set_int(result);
                return T::go(m, i.next());
            }
        } else if x.tag() == FLOAT {
            i.a().set_float(-x.float());
            return T::go(m, i.next());
        }
        T::outline(m, i.state(), negate_slow)
    }
}

/// # Safety
/// See [`crate::handlers`].
#[cold]
#[inline(never)]
unsafe fn negate_slow(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: as in `negate`.
    unsafe {
        let i = state.fetch();
        let result = m.runtime.negate(i.b().value());
        m.finish(i, i.a(), result)
    }
}
