//! Equality, order, membership, logic, type tests.

use runtime::Runtime;
use runtime::Value;
use runtime::operations::Comparison;

use super::{handlers, slow_paths};
use crate::machine::{Flow, Machine, Registers, Slow, Step};
use crate::slot::{self, BOOL, FLOAT, INT};

/// A comparison.
pub(crate) trait Condition {
    /// Compares what is not two numbers of one type.
    const SLOW: Slow;

    /// On integers.
    fn int(x: i64, y: i64) -> bool;

    /// On floats.
    fn float(x: f64, y: f64) -> bool;
}

macro_rules! condition {
    ($($(#[$meta:meta])* $name:ident: $sign:tt, $slow:ident;)*) => {$(
        $(#[$meta])*
        pub(crate) struct $name;

        impl Condition for $name {
            const SLOW: Slow = $slow;

            #[inline(always)]
            fn int(x: i64, y: i64) -> bool {
                x $sign y
            }

            #[inline(always)]
            fn float(x: f64, y: f64) -> bool {
                x $sign y
            }
        }
    )*};
}

condition! {
    /// `==`
    Eq: ==, eq_slow;
    /// `!=`
    Neq: !=, neq_slow;
    /// `<`
    Lt: <, lt_slow;
    /// `>`
    Gt: >, gt_slow;
    /// `<=`
    Lte: <=, lte_slow;
    /// `>=`
    Gte: >=, gte_slow;
}

/// Whether a comparison holds, if it is one of two numbers of one type.
///
/// # Safety
/// Both places hold values.
#[inline(always)]
pub(crate) unsafe fn holds<F: Condition>(a: *const Value, b: *const Value) -> Option<bool> {
    // SAFETY: the caller's promise.
    unsafe {
        if slot::tag(a) | slot::tag(b) == INT {
            Some(F::int(slot::int(a), slot::int(b)))
        } else if slot::tag_again(a) & slot::tag_again(b) == FLOAT {
            Some(F::float(slot::float(a), slot::float(b)))
        } else {
            std::hint::cold_path();
            None
        }
    }
}

/// A comparison of the two topmost values.
///
/// # Safety
/// [The contract](super), for an operation that takes two values and leaves one.
#[inline(always)]
unsafe fn compare<F: Condition>(registers: &mut Registers) -> Step {
    // SAFETY: the contract.
    unsafe {
        let (a, b) = (registers.sp.sub(2), registers.sp.sub(1));
        let Some(holds) = holds::<F>(a, b) else { return Step::Slow(F::SLOW) };
        slot::put_bool(a, holds);
        registers.sp = b;
        Step::Next
    }
}

/// A connective of two bools. For all other operands, `slow` decides.
///
/// # Safety
/// [The contract](super), for an operation that takes two values and leaves one.
#[inline(always)]
unsafe fn connect(registers: &mut Registers, connective: impl Fn(u64, u64) -> u64, slow: Slow) -> Step {
    // SAFETY: the contract.
    unsafe {
        let (a, b) = (registers.sp.sub(2), registers.sp.sub(1));
        if slot::tag(a) != BOOL || slot::tag(b) != BOOL {
            return Step::Slow(slow);
        }
        slot::put_payload(a, connective(slot::payload(a), slot::payload(b)));
        registers.sp = b;
        Step::Next
    }
}

handlers! {
    /// `EQ`: a b → a == b
    fn eq(registers, _, _) {
        compare::<Eq>(registers)
    }

    /// `NEQ`: a b → a != b
    fn neq(registers, _, _) {
        compare::<Neq>(registers)
    }

    /// `LT`: a b → a < b
    fn lt(registers, _, _) {
        compare::<Lt>(registers)
    }

    /// `GT`: a b → a > b
    fn gt(registers, _, _) {
        compare::<Gt>(registers)
    }

    /// `LTE`: a b → a <= b
    fn lte(registers, _, _) {
        compare::<Lte>(registers)
    }

    /// `GTE`: a b → a >= b
    fn gte(registers, _, _) {
        compare::<Gte>(registers)
    }

    /// `IN`: a b → whether b contains a
    fn contains(_, _, _) {
        Step::Slow(contains_slow)
    }

    /// `AND`: a b → whether both hold
    fn and(registers, _, _) {
        connect(registers, |x, y| x & y, and_slow)
    }

    /// `OR`: a b → whether either holds
    fn or(registers, _, _) {
        connect(registers, |x, y| x | y, or_slow)
    }

    /// `NOT`: a → whether a does not hold
    fn not(registers, _, _) {
        let a = registers.sp.sub(1);
        if slot::tag(a) != BOOL {
            return Step::Slow(not_slow);
        }
        slot::put_payload(a, slot::payload(a) ^ 1);
        Step::Next
    }

    /// `TO_BOOL`: a → whether a holds
    fn to_bool(registers, _, _) {
        if slot::tag(registers.sp.sub(1)) == BOOL { Step::Next } else { Step::Slow(to_bool_slow) }
    }

    /// `IS_INSTANCE t`: v → whether v is an instance of T[t] or of a type that extends it
    fn is_instance(_, _, _) {
        Step::Slow(is_instance_slow)
    }
}

/// # Safety
/// [The contract](super), for an operation that takes `taken` values and leaves one.
#[inline(always)]
unsafe fn decide(machine: &mut Machine<'_>, taken: usize, decision: impl FnOnce(&Runtime, &[Value]) -> bool) -> Flow {
    // SAFETY: the contract. Nothing was allocated, so this is no safepoint.
    unsafe {
        let target = machine.registers.sp.sub(taken);
        slot::put_bool(target, decision(machine.runtime, machine.top(taken)));
        machine.registers.sp = target.add(1);
    }
    Flow::Continue
}

/// # Safety
/// [The contract](super), for an operation that takes two values and leaves one.
#[inline(always)]
unsafe fn order(machine: &mut Machine<'_>, comparison: Comparison) -> Flow {
    // SAFETY: the contract.
    unsafe {
        let operands = machine.top(2);
        let result = machine.runtime.compare(comparison, operands[0], operands[1]);
        machine.replace(2, result.map(Value::bool))
    }
}

slow_paths! {
    fn eq_slow(machine) { decide(machine, 2, |runtime, operands| runtime.equals(operands[0], operands[1])) }
    fn neq_slow(machine) { decide(machine, 2, |runtime, operands| !runtime.equals(operands[0], operands[1])) }
    fn lt_slow(machine) { order(machine, Comparison::Less) }
    fn gt_slow(machine) { order(machine, Comparison::Greater) }
    fn lte_slow(machine) { order(machine, Comparison::LessOrEqual) }
    fn gte_slow(machine) { order(machine, Comparison::GreaterOrEqual) }
    fn and_slow(machine) { decide(machine, 2, |runtime, operands| runtime.is_true(operands[0]) && runtime.is_true(operands[1])) }
    fn or_slow(machine) { decide(machine, 2, |runtime, operands| runtime.is_true(operands[0]) || runtime.is_true(operands[1])) }
    fn not_slow(machine) { decide(machine, 1, |runtime, operands| !runtime.is_true(operands[0])) }
    fn to_bool_slow(machine) { decide(machine, 1, |runtime, operands| runtime.is_true(operands[0])) }

    fn contains_slow(machine) {
        let operands = machine.top(2);
        let result = machine.runtime.contains(operands[0], operands[1]);
        machine.replace(2, result.map(Value::bool))
    }

    fn is_instance_slow(machine) {
        let type_index = machine.word().operand() as u32;
        let holds = machine.runtime.is_instance(machine.top(1)[0], type_index);
        decide(machine, 1, |_, _| holds)
    }
}
