//! Jumps, loops, counted loops, iteration, `throw`.

use runtime::objects::List;
use runtime::{Runtime, Value};

use super::{handlers, slow_paths};
use crate::link::Word;
use crate::machine::{Flow, Machine, Registers, Slow, Step};
use crate::slot::{self, BOOL, INT, LIST, NULL, Slot};

/// Goes to the instruction's target.
///
/// # Safety
/// [The contract](super), for an instruction with a target.
#[inline(always)]
pub(crate) unsafe fn jump_to(registers: &mut Registers, word: Word) {
    // SAFETY: the verifier saw that the target is inside the function.
    registers.pc = unsafe { registers.pc.offset(word.distance()) };
}

/// Skips the next instruction.
///
/// # Safety
/// [The contract](super), for an instruction that may.
#[inline(always)]
pub(crate) unsafe fn skip(registers: &mut Registers) {
    // SAFETY: the verifier saw that two instructions follow.
    registers.pc = unsafe { registers.pc.add(1) };
}

/// Pops a condition and jumps if it is `wanted`. What is not a bool is for `slow`.
///
/// # Safety
/// [The contract](super), for an instruction with a target that takes a value.
#[inline(always)]
unsafe fn branch(registers: &mut Registers, word: Word, wanted: bool, slow: Slow) -> Step {
    // SAFETY: the contract.
    unsafe {
        let condition = registers.sp.sub(1);
        if slot::tag(condition) != BOOL {
            return Step::Slow(slow);
        }
        registers.sp = condition;
        if (slot::payload(condition) != 0) == wanted {
            jump_to(registers, word);
        }
    }
    Step::Next
}

/// Takes a unit of fuel, if there is one.
#[inline(always)]
pub(crate) fn burn(machine: &mut Machine<'_>) -> bool {
    match machine.runtime.fuel.checked_sub(1) {
        Some(left) => {
            machine.runtime.fuel = left;
            true
        }
        None => machine.runtime.take_fuel_of_reserve(),
    }
}

/// The three integers of a counted loop: current, end, step.
///
/// # Safety
/// `first` is the first of three values.
#[inline(always)]
pub(crate) unsafe fn counters(first: Slot) -> Option<(i64, i64, i64)> {
    // SAFETY: the caller's promise.
    unsafe {
        let (end, step) = (first.add(1), first.add(2));
        if slot::tag(first) | slot::tag(end) | slot::tag(step) != INT {
            return None;
        }
        Some((slot::int(first), slot::int(end), slot::int(step)))
    }
}

/// The next element of a list, or with `PAIR` its index, for the iteration whose state begins at the instruction's local.
///
/// # Safety
/// [The contract](super), for `FOR_ITER` and `FOR_PAIR`.
#[inline(always)]
unsafe fn next_of_list<const PAIR: bool>(registers: &mut Registers, word: Word) -> Step {
    // SAFETY: the contract; the tag says that it is a list.
    unsafe {
        let collection = registers.base.byte_add(word.offset());
        let position = collection.add(1);
        if slot::tag(collection) != LIST {
            return Step::Slow(if PAIR { for_pair_slow } else { for_iter_slow });
        }
        let list = slot::object::<List>(collection);
        let at = slot::payload(position);
        if at < (*list).len() as u64 {
            if PAIR {
                slot::put_words(registers.sp, INT, at);
            } else {
                super::access::load_element(list, at as usize, registers.sp);
            }
            slot::put_words(position, INT, at + 1);
        } else {
            slot::put(registers.sp, Value::NULL);
            skip(registers);
        }
        registers.sp = registers.sp.add(1);
    }
    Step::Next
}

handlers! {
    /// `JUMP t`: go to t
    fn jump(registers, _, word) {
        jump_to(registers, word);
        Step::Next
    }

    /// `JUMP_IF_FALSE t`: c → ; go to t unless c holds
    fn jump_if_false(registers, _, word) {
        branch(registers, word, false, jump_if_false_slow)
    }

    /// `JUMP_IF_TRUE t`: c → ; go to t if c holds
    fn jump_if_true(registers, _, word) {
        branch(registers, word, true, jump_if_true_slow)
    }

    /// `JUMP_IF_NOT_NULL t`: v → ; go to t unless v is null
    fn jump_if_not_null(registers, _, word) {
        registers.sp = registers.sp.sub(1);
        if slot::tag(registers.sp) != NULL {
            jump_to(registers, word);
        }
        Step::Next
    }

    /// `LOOP t`: begin a loop iteration at t
    fn begin_iteration[const FUEL: bool](registers, machine, word) {
        if FUEL && !burn(machine) {
            return Step::Slow(out_of_fuel);
        }
        jump_to(registers, word);
        Step::Next
    }

    /// `LOOP_IF_TRUE t`: c → ; begin a loop iteration at t if c holds
    fn begin_iteration_if_true[const FUEL: bool](registers, machine, word) {
        let condition = registers.sp.sub(1);
        if FUEL && slot::tag(condition) == BOOL && slot::payload(condition) != 0 && !burn(machine) {
            return Step::Slow(out_of_fuel);
        }
        branch(registers, word, true, loop_if_true_slow)
    }

    /// `FOR_PREPARE n`: start → ; if counting from start to L[n+1] by L[n+2] takes a step, L[n] := start; otherwise skip the next
    /// instruction
    fn for_prepare(_, _, _) {
        Step::Slow(for_prepare_slow)
    }

    /// `FOR_LOOP n`: add the step L[n+2] to L[n]; if that reaches L[n+1], leave L[n] as it was and skip the next instruction
    fn for_loop(registers, _, word) {
        let first = registers.base.byte_add(word.offset());
        let Some((current, end, step)) = counters(first) else {
            std::hint::cold_path();
            return Step::Slow(for_loop_slow);
        };
        match Runtime::range_next(current, end, step) {
            Some(next) => slot::put_payload(first, next as u64),
            None => skip(registers),
        }
        Step::Next
    }

    /// `ITER_PREPARE`: v → what FOR_ITER walks
    fn iter_prepare(registers, _, _) {
        if slot::tag(registers.sp.sub(1)) == LIST { Step::Next } else { Step::Slow(iter_prepare_slow) }
    }

    /// `FOR_ITER n`: push the next element of L[n] and advance position L[n+1]; at the end push null and skip the next instruction
    fn for_iter(registers, _, word) {
        next_of_list::<false>(registers, word)
    }

    /// `FOR_PAIR n`: as FOR_ITER, pushing the index (of a map: the key)
    fn for_pair(registers, _, word) {
        next_of_list::<true>(registers, word)
    }

    /// `ITER_VALUE n`: push the element or map value that the last FOR_PAIR visited
    fn iter_value(_, _, _) {
        Step::Slow(iter_value_slow)
    }

    /// `THROW`: v → ; throw v
    fn throw(_, _, _) {
        Step::Slow(throw_slow)
    }
}

/// Pops a condition of any kind and jumps if it is `wanted`.
///
/// # Safety
/// [The contract](super), for an instruction with a target that takes a value.
unsafe fn branch_slow(machine: &mut Machine<'_>, wanted: bool) -> Flow {
    // SAFETY: the contract.
    unsafe {
        let holds = machine.runtime.is_true(machine.top(1)[0]);
        machine.registers.sp = machine.registers.sp.sub(1);
        if holds == wanted {
            let word = machine.word();
            jump_to(&mut machine.registers, word);
        }
    }
    Flow::Continue
}

/// A step of an iteration over anything.
///
/// # Safety
/// [The contract](super), for `FOR_ITER` and `FOR_PAIR`.
unsafe fn next_of_any(machine: &mut Machine<'_>, pair: bool) -> Flow {
    // SAFETY: the contract.
    unsafe {
        let collection = machine.registers.base.add(machine.word().index());
        let position = collection.add(1);
        let item = match machine.runtime.iter_next(collection.read(), position.read(), pair) {
            Some((item, next)) => {
                slot::put(position, next);
                item
            }
            None => {
                skip(&mut machine.registers);
                Value::NULL
            }
        };
        machine.replace(0, Ok(item))
    }
}

slow_paths! {
    fn jump_if_false_slow(machine) { branch_slow(machine, false) }
    fn jump_if_true_slow(machine) { branch_slow(machine, true) }

    fn loop_if_true_slow(machine) {
        if machine.runtime.has_fuel_limit() && machine.runtime.is_true(machine.top(1)[0]) && !burn(machine) {
            return out_of_fuel(machine);
        }
        branch_slow(machine, true)
    }

    #[cold]
    fn out_of_fuel(machine) {
        machine.raise(runtime::Error::fuel())
    }

    fn for_prepare_slow(machine) {
        let first = machine.registers.base.add(machine.word().index());
        let start = machine.top(1)[0];
        match machine.runtime.range_begins(start, first.add(1).read(), first.add(2).read()) {
            Ok(begins) => {
                machine.registers.sp = machine.registers.sp.sub(1);
                if begins {
                    slot::put(first, start);
                } else {
                    skip(&mut machine.registers);
                }
                Flow::Continue
            }
            Err(fault) => machine.raise(fault),
        }
    }

    /// Counters that are no integers, which no `FOR_PREPARE` has seen.
    #[cold]
    fn for_loop_slow(machine) {
        let first = machine.registers.base.add(machine.word().index());
        match machine.runtime.range_begins(first.read(), first.add(1).read(), first.add(2).read()) {
            Ok(_) => Flow::Continue,
            Err(fault) => machine.raise(fault),
        }
    }

    fn iter_prepare_slow(machine) {
        let result = machine.runtime.iter_prepare(machine.top(1)[0]);
        machine.replace(1, result)
    }

    fn for_iter_slow(machine) { next_of_any(machine, false) }
    fn for_pair_slow(machine) { next_of_any(machine, true) }

    fn iter_value_slow(machine) {
        let collection = machine.registers.base.add(machine.word().index());
        let value = machine.runtime.iter_value(collection.read(), collection.add(1).read());
        machine.replace(0, Ok(value))
    }

    #[cold]
    fn throw_slow(machine) {
        let fault = machine.runtime.throw(machine.top(1)[0]);
        // What a cleanup handler throws on may be a lack of memory; collecting would not make THROW succeed.
        machine.raise_final(fault)
    }
}
