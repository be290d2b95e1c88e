//! Equality, order, membership, logic, type tests.

use runtime::Value;
use runtime::operations::{Comparison, equals};

use super::{handlers, slow_paths};
use crate::machine::{Flow, Machine, Registers, Slow, Step};
use crate::slot::{self, BOOL, FLOAT, INT};

/// A comparison of two numbers of one type. For all other operands, `slow` decides.
///
/// # Safety
/// [The contract](super), for an operation that takes two values and leaves one.
#[inline(always)]
unsafe fn compare(
    registers: &mut Registers,
    on_ints: impl Fn(i64, i64) -> bool,
    on_floats: impl Fn(f64, f64) -> bool,
    slow: Slow,
) -> Step {
    // SAFETY: the contract.
    unsafe {
        let (a, b) = (registers.sp.sub(2), registers.sp.sub(1));
        let holds = if slot::tag(a) | slot::tag(b) == INT {
            on_ints(slot::int(a), slot::int(b))
        } else if slot::tag_again(a) == FLOAT && slot::tag_again(b) == FLOAT {
            on_floats(slot::float(a), slot::float(b))
        } else {
            std::hint::cold_path();
            return Step::Slow(slow);
        };
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
        compare(registers, |x, y| x == y, |x, y| x == y, eq_slow)
    }

    /// `NEQ`: a b → a != b
    fn neq(registers, _, _) {
        compare(registers, |x, y| x != y, |x, y| x != y, neq_slow)
    }

    /// `LT`: a b → a < b
    fn lt(registers, _, _) {
        compare(registers, |x, y| x < y, |x, y| x < y, lt_slow)
    }

    /// `GT`: a b → a > b
    fn gt(registers, _, _) {
        compare(registers, |x, y| x > y, |x, y| x > y, gt_slow)
    }

    /// `LTE`: a b → a <= b
    fn lte(registers, _, _) {
        compare(registers, |x, y| x <= y, |x, y| x <= y, lte_slow)
    }

    /// `GTE`: a b → a >= b
    fn gte(registers, _, _) {
        compare(registers, |x, y| x >= y, |x, y| x >= y, gte_slow)
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
unsafe fn decide(machine: &mut Machine<'_>, taken: usize, decision: impl FnOnce(&[Value]) -> bool) -> Flow {
    // SAFETY: the contract. Nothing was allocated, so this is no safepoint.
    unsafe {
        let target = machine.registers.sp.sub(taken);
        slot::put_bool(target, decision(machine.top(taken)));
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
    fn eq_slow(machine) { decide(machine, 2, |operands| equals(operands[0], operands[1])) }
    fn neq_slow(machine) { decide(machine, 2, |operands| !equals(operands[0], operands[1])) }
    fn lt_slow(machine) { order(machine, Comparison::Less) }
    fn gt_slow(machine) { order(machine, Comparison::Greater) }
    fn lte_slow(machine) { order(machine, Comparison::LessOrEqual) }
    fn gte_slow(machine) { order(machine, Comparison::GreaterOrEqual) }
    fn and_slow(machine) { decide(machine, 2, |operands| operands[0].is_truthy() && operands[1].is_truthy()) }
    fn or_slow(machine) { decide(machine, 2, |operands| operands[0].is_truthy() || operands[1].is_truthy()) }
    fn not_slow(machine) { decide(machine, 1, |operands| !operands[0].is_truthy()) }
    fn to_bool_slow(machine) { decide(machine, 1, |operands| operands[0].is_truthy()) }

    fn contains_slow(machine) {
        let operands = machine.top(2);
        let result = machine.runtime.contains(operands[0], operands[1]);
        machine.replace(2, result.map(Value::bool))
    }

    fn is_instance_slow(machine) {
        let type_index = machine.word().operand() as u32;
        let holds = machine.runtime.is_instance(machine.top(1)[0], type_index);
        decide(machine, 1, |_| holds)
    }
}
