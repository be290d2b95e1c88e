//! `+ - * / % **`, unary minus, range bounds.

use runtime::{Fault, Runtime, Value};

use super::{handlers, slow_paths};
use crate::machine::{Flow, Machine, Registers, Slow, Step};
use crate::slot::{self, FLOAT, INT};

/// A binary operation on numbers.
pub(crate) trait Arithmetic {
    /// Decides what the other two leave open.
    const SLOW: Slow;

    /// On integers, in the frequent cases.
    fn int(x: i64, y: i64) -> Option<i64>;

    /// On floats, in the frequent cases.
    fn float(x: f64, y: f64) -> Option<f64>;
}

macro_rules! arithmetic {
    ($($(#[$meta:meta])* $name:ident: $int:expr, $float:expr, $slow:ident;)*) => {$(
        $(#[$meta])*
        pub(crate) struct $name;

        impl Arithmetic for $name {
            const SLOW: Slow = $slow;

            #[inline(always)]
            fn int(x: i64, y: i64) -> Option<i64> {
                $int(x, y)
            }

            #[inline(always)]
            fn float(x: f64, y: f64) -> Option<f64> {
                let on_floats: fn(f64, f64) -> Option<f64> = $float;
                on_floats(x, y)
            }
        }
    )*};
}

arithmetic! {
    /// `+`
    Add: i64::checked_add, |x, y| Some(x + y), add_slow;
    /// `-`
    Sub: i64::checked_sub, |x, y| Some(x - y), sub_slow;
    /// `*`
    Mul: i64::checked_mul, |x, y| Some(x * y), mul_slow;
    /// `/`
    Div: floored_quotient, |x, y| if y != 0.0 { Some(x / y) } else { None }, div_slow;
    /// `%`. Remainders of floats are rare, and a call into the mathematics library anyway.
    Mod: floored_remainder, |_, _| None, mod_slow;
}

/// What an operation on numbers gives in the frequent cases: an integer or a float, as tag and payload.
///
/// # Safety
/// Both places hold values.
#[inline(always)]
pub(crate) unsafe fn number<F: Arithmetic>(a: *const Value, b: *const Value) -> Option<(u64, u64)> {
    // SAFETY: the caller's promise.
    unsafe {
        if slot::tag(a) | slot::tag(b) == INT {
            return F::int(slot::int(a), slot::int(b)).map(|result| (INT, result as u64));
        }
        let (tag_a, tag_b) = (slot::tag_again(a), slot::tag_again(b));
        if tag_a | tag_b != FLOAT {
            return None;
        }
        let (x, y) = if tag_a == tag_b {
            (slot::float(a), slot::float(b))
        } else if tag_a == INT {
            (slot::int(a) as f64, slot::float(b))
        } else {
            (slot::float(a), slot::int(b) as f64)
        };
        F::float(x, y).map(|result| (FLOAT, result.to_bits()))
    }
}

/// A binary operation on the two topmost values.
///
/// # Safety
/// [The contract](super), for an operation that takes two values and leaves one.
#[inline(always)]
unsafe fn binary<F: Arithmetic>(registers: &mut Registers) -> Step {
    // SAFETY: the contract.
    unsafe {
        let (a, b) = (registers.sp.sub(2), registers.sp.sub(1));
        if slot::tag(a) | slot::tag(b) == INT {
            if let Some(result) = F::int(slot::int(a), slot::int(b)) {
                // The tag is there already.
                slot::put_payload(a, result as u64);
                registers.sp = b;
                return Step::Next;
            }
        } else if let Some((tag, payload)) = number::<F>(a, b) {
            slot::put_words(a, tag, payload);
            registers.sp = b;
            return Step::Next;
        }
    }
    std::hint::cold_path();
    Step::Slow(F::SLOW)
}

/// The floored quotient, unless `y` is 0 (an error) or -1 (the quotient may overflow). With both excluded, `/` and `%` compile to one
/// division without a check.
#[inline(always)]
fn floored_quotient(x: i64, y: i64) -> Option<i64> {
    if y == 0 || y == -1 {
        return None;
    }
    let (quotient, remainder) = (x / y, x % y);
    Some(if remainder != 0 && (remainder ^ y) < 0 { quotient - 1 } else { quotient })
}

/// The remainder with the sign of `y`, unless `y` is 0 or -1.
#[inline(always)]
fn floored_remainder(x: i64, y: i64) -> Option<i64> {
    if y == 0 || y == -1 {
        return None;
    }
    let remainder = x % y;
    Some(if remainder != 0 && (remainder ^ y) < 0 { remainder + y } else { remainder })
}

handlers! {
    /// `ADD`: a b → a + b
    fn add(registers, _, _) {
        binary::<Add>(registers)
    }

    /// `SUB`: a b → a - b
    fn sub(registers, _, _) {
        binary::<Sub>(registers)
    }

    /// `MUL`: a b → a * b
    fn mul(registers, _, _) {
        binary::<Mul>(registers)
    }

    /// `DIV`: a b → a / b
    fn div(registers, _, _) {
        binary::<Div>(registers)
    }

    /// `MOD`: a b → a % b
    fn modulo(registers, _, _) {
        binary::<Mod>(registers)
    }

    /// `POW`: a b → a ** b
    fn pow(_, _, _) {
        Step::Slow(pow_slow)
    }

    /// `NEG`: a → -a
    fn neg(registers, _, _) {
        let a = registers.sp.sub(1);
        let tag = slot::tag(a);
        if tag == INT {
            if let Some(result) = slot::int(a).checked_neg() {
                slot::put_payload(a, result as u64);
                return Step::Next;
            }
        } else if tag == FLOAT {
            slot::put_payload(a, (-slot::float(a)).to_bits());
            return Step::Next;
        }
        Step::Slow(neg_slow)
    }

    /// `RANGE_BOUND`: v → v as an integer
    fn range_bound(registers, _, _) {
        if slot::tag(registers.sp.sub(1)) == INT { Step::Next } else { Step::Slow(range_bound_slow) }
    }
}

/// # Safety
/// [The contract](super), for an operation that takes two values and leaves one.
#[inline(always)]
unsafe fn meaning_of_two(
    machine: &mut Machine<'_>,
    meaning: impl FnOnce(&mut Runtime, Value, Value) -> Result<Value, Fault>,
) -> Flow {
    // SAFETY: the contract.
    unsafe {
        let operands = machine.top(2);
        let result = meaning(machine.runtime, operands[0], operands[1]);
        machine.replace(2, result)
    }
}

/// # Safety
/// [The contract](super), for an operation that takes one value and leaves one.
#[inline(always)]
unsafe fn meaning_of_one(
    machine: &mut Machine<'_>,
    meaning: impl FnOnce(&mut Runtime, Value) -> Result<Value, Fault>,
) -> Flow {
    // SAFETY: the contract.
    unsafe {
        let operand = machine.top(1)[0];
        let result = meaning(machine.runtime, operand);
        machine.replace(1, result)
    }
}

slow_paths! {
    fn add_slow(machine) { meaning_of_two(machine, Runtime::add) }
    fn sub_slow(machine) { meaning_of_two(machine, Runtime::subtract) }
    fn mul_slow(machine) { meaning_of_two(machine, Runtime::multiply) }
    fn div_slow(machine) { meaning_of_two(machine, Runtime::divide) }
    fn mod_slow(machine) { meaning_of_two(machine, Runtime::modulo) }
    fn pow_slow(machine) { meaning_of_two(machine, Runtime::power) }
    fn neg_slow(machine) { meaning_of_one(machine, Runtime::negate) }
    fn range_bound_slow(machine) { meaning_of_one(machine, Runtime::range_bound) }
}
