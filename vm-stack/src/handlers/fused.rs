//! Superinstructions: several instructions in one dispatch, in their frequent cases.
//!
//! The program counter is at the first instruction of the sequence until all of it is done, so giving up is free: the first instruction runs
//! alone ([`alone`]), and the plain ones that follow do what they always do. See [`crate::superinstructions`].

use runtime::objects::List;
use runtime::{Runtime, Value};

use super::access::{get_attr, load_element};
use super::arithmetic::{Arithmetic, number};
use super::calls::return_value;
use super::compare::{Condition, holds};
use super::control::{burn, counters, jump_to, skip};
use super::variables::{load_const, load_local, push};
use crate::link::Word;
use crate::machine::{Machine, Registers, Slow, Step};
use crate::slot::{self, INT, LIST, Slot};

/// Where a superinstruction finds an operand.
pub(crate) trait Source {
    /// True when the first instruction of the sequence would push it.
    const IS_FIRST: bool;

    /// The place that holds it.
    ///
    /// # Safety
    /// [The contract](super), for a sequence with such an operand.
    unsafe fn place(registers: &Registers, machine: &Machine<'_>) -> *const Value;
}

/// The local that the sequence's instruction `AT` names.
pub(crate) struct Local<const AT: usize>;
/// The constant that the sequence's instruction `AT` names.
pub(crate) struct Const<const AT: usize>;
/// The value at this depth of the operand stack: 1 is the topmost.
pub(crate) struct Operand<const DEPTH: usize>;

/// The word of the sequence's instruction `at`.
///
/// # Safety
/// The sequence has that many instructions.
#[inline(always)]
unsafe fn part(registers: &Registers, at: usize) -> Word {
    // SAFETY: the caller's promise.
    unsafe { *registers.pc.add(at) }
}

/// The local that an instruction names.
///
/// # Safety
/// The instruction names a local.
#[inline(always)]
unsafe fn local(registers: &Registers, word: Word) -> Slot {
    // SAFETY: the caller's promise; the verifier saw that the local exists.
    unsafe { registers.base.byte_add(word.offset()) }
}

impl<const AT: usize> Source for Local<AT> {
    const IS_FIRST: bool = AT == 0;

    #[inline(always)]
    unsafe fn place(registers: &Registers, _machine: &Machine<'_>) -> *const Value {
        // SAFETY: the caller's promise.
        unsafe { local(registers, part(registers, AT)) }
    }
}

impl<const AT: usize> Source for Const<AT> {
    const IS_FIRST: bool = AT == 0;

    #[inline(always)]
    unsafe fn place(registers: &Registers, machine: &Machine<'_>) -> *const Value {
        // SAFETY: the caller's promise.
        unsafe { machine.constants.byte_add(part(registers, AT).offset()) }
    }
}

impl<const DEPTH: usize> Source for Operand<DEPTH> {
    const IS_FIRST: bool = false;

    #[inline(always)]
    unsafe fn place(registers: &Registers, _machine: &Machine<'_>) -> *const Value {
        // SAFETY: the caller's promise: the operand stack has that many.
        unsafe { registers.sp.sub(DEPTH) }
    }
}

/// Gives up on a sequence: runs its first instruction alone, which pushes an operand, or is an operation on operands that are there already.
///
/// # Safety
/// [The contract](super), for a sequence of operands `X` and `Y` and an operation with this slow path.
#[inline(always)]
unsafe fn alone<X: Source, Y: Source>(registers: &mut Registers, machine: &Machine<'_>, slow: Slow) -> Step {
    std::hint::cold_path();
    // SAFETY: the contract.
    unsafe {
        if X::IS_FIRST {
            push(registers, X::place(registers, machine))
        } else if Y::IS_FIRST {
            push(registers, Y::place(registers, machine))
        } else {
            Step::Slow(slow)
        }
    }
}

/// Arithmetic on `X` and `Y`, of which `POPS` are on the operand stack already.
///
/// # Safety
/// [The contract](super), for such a sequence.
#[inline(always)]
pub(crate) unsafe fn binary<F: Arithmetic, X: Source, Y: Source, const POPS: usize>(
    registers: &mut Registers,
    machine: &mut Machine<'_>,
    _word: Word,
) -> Step {
    // SAFETY: the contract.
    unsafe {
        let Some((tag, payload)) = number::<F>(X::place(registers, machine), Y::place(registers, machine)) else {
            return alone::<X, Y>(registers, machine, F::SLOW);
        };
        let target = registers.sp.sub(POPS);
        slot::put_words(target, tag, payload);
        registers.sp = target.add(1);
        registers.pc = registers.pc.add(2 - POPS);
        Step::Next
    }
}

/// `X / k`, or the remainder, where `X` is on the operand stack already if `POPS` is 1, the sequence's instruction `AT` is the division, and its
/// operand is the divisor which `k` was made into.
///
/// # Safety
/// [The contract](super), for such a sequence.
#[inline(always)]
pub(crate) unsafe fn divide_by<X: Source, const POPS: usize, const AT: usize, const REMAINDER: bool>(
    registers: &mut Registers,
    machine: &mut Machine<'_>,
    word: Word,
) -> Step {
    // SAFETY: the contract; linking put the divisor's index there.
    unsafe {
        let x = X::place(registers, machine);
        if slot::tag(x) != INT {
            std::hint::cold_path();
            return if X::IS_FIRST {
                load_local(registers, machine, word)
            } else {
                load_const(registers, machine, word)
            };
        }
        let divisor = &*machine.divisors.add(part(registers, AT).operand());
        let result = if REMAINDER { divisor.remainder(slot::int(x)) } else { divisor.quotient(slot::int(x)) };
        let target = registers.sp.sub(POPS);
        slot::put_words(target, INT, result as u64);
        registers.sp = target.add(1);
        registers.pc = registers.pc.add(AT);
        Step::Next
    }
}

/// Arithmetic on the two topmost values whose result goes to a local.
///
/// # Safety
/// [The contract](super), for such a sequence.
#[inline(always)]
pub(crate) unsafe fn binary_to_local<F: Arithmetic>(
    registers: &mut Registers,
    _machine: &mut Machine<'_>,
    _word: Word,
) -> Step {
    // SAFETY: the contract.
    unsafe {
        let (a, b) = (registers.sp.sub(2), registers.sp.sub(1));
        let Some((tag, payload)) = number::<F>(a, b) else {
            std::hint::cold_path();
            return Step::Slow(F::SLOW);
        };
        slot::put_words(local(registers, part(registers, 1)), tag, payload);
        registers.sp = a;
        registers.pc = registers.pc.add(1);
        Step::Next
    }
}

/// How a sequence that compares goes on.
pub(crate) trait Branch {
    /// The outcome that jumps.
    const WANTED: bool;
    /// Whether the jump begins an iteration.
    const IS_LOOP: bool;
}

/// `JUMP_IF_FALSE`
pub(crate) struct JumpIfFalse;
/// `LOOP_IF_TRUE`
pub(crate) struct LoopIfTrue;

impl Branch for JumpIfFalse {
    const WANTED: bool = false;
    const IS_LOOP: bool = false;
}

impl Branch for LoopIfTrue {
    const WANTED: bool = true;
    const IS_LOOP: bool = true;
}

/// A comparison of `X` and `Y`, of which `POPS` are on the operand stack already, and the branch that it decides.
///
/// # Safety
/// [The contract](super), for such a sequence.
#[inline(always)]
pub(crate) unsafe fn compare<const FUEL: bool, F: Condition, X: Source, Y: Source, B: Branch, const POPS: usize>(
    registers: &mut Registers,
    machine: &mut Machine<'_>,
    _word: Word,
) -> Step {
    // SAFETY: the contract. Without fuel the branch itself, run alone, raises the error.
    unsafe {
        let Some(holds) = holds::<F>(X::place(registers, machine), Y::place(registers, machine)) else {
            return alone::<X, Y>(registers, machine, F::SLOW);
        };
        if FUEL && B::IS_LOOP && holds == B::WANTED && !burn(machine) {
            return alone::<X, Y>(registers, machine, F::SLOW);
        }
        registers.sp = registers.sp.sub(POPS);
        registers.pc = registers.pc.add(3 - POPS);
        if holds == B::WANTED {
            jump_to(registers, part(registers, 0));
        }
        Step::Next
    }
}

/// `X[Y]`, of which `POPS` are on the operand stack already, if `X` is a list.
///
/// # Safety
/// [The contract](super), for such a sequence.
#[inline(always)]
pub(crate) unsafe fn index<X: Source, Y: Source, const POPS: usize>(
    registers: &mut Registers,
    machine: &mut Machine<'_>,
    word: Word,
) -> Step {
    // SAFETY: the contract; the tag says that it is a list.
    unsafe {
        let (object, index) = (X::place(registers, machine), Y::place(registers, machine));
        if slot::tag(object) == LIST && slot::tag(index) == INT {
            let (list, at) = (slot::object::<List>(object), slot::payload(index));
            if at < (*list).len() as u64 {
                let target = registers.sp.sub(POPS);
                load_element(list, at as usize, target);
                registers.sp = target.add(1);
                registers.pc = registers.pc.add(2 - POPS);
                return Step::Next;
            }
        }
        load_local(registers, machine, word)
    }
}

/// `L[n].N[m]`
///
/// # Safety
/// [The contract](super), for such a sequence.
#[inline(always)]
pub(crate) unsafe fn get_attr_of_local(registers: &mut Registers, machine: &mut Machine<'_>, word: Word) -> Step {
    // SAFETY: the contract. After its first instruction the sequence is the access, which may need its slow path.
    unsafe {
        load_local(registers, machine, word);
        registers.pc = registers.pc.add(1);
        get_attr(registers, machine, part(registers, 0))
    }
}

/// Pushes two locals.
///
/// # Safety
/// [The contract](super), for such a sequence.
#[inline(always)]
pub(crate) unsafe fn push_two(registers: &mut Registers, machine: &mut Machine<'_>, word: Word) -> Step {
    // SAFETY: the contract.
    unsafe {
        load_local(registers, machine, word);
        registers.pc = registers.pc.add(1);
        load_local(registers, machine, part(registers, 0))
    }
}

/// Copies a local to another.
///
/// # Safety
/// [The contract](super), for such a sequence.
#[inline(always)]
pub(crate) unsafe fn copy(registers: &mut Registers, _machine: &mut Machine<'_>, word: Word) -> Step {
    // SAFETY: the contract.
    unsafe {
        slot::copy(local(registers, word), local(registers, part(registers, 1)));
        registers.pc = registers.pc.add(1);
    }
    Step::Next
}

/// Sets a local to a constant.
///
/// # Safety
/// [The contract](super), for such a sequence.
#[inline(always)]
pub(crate) unsafe fn set(registers: &mut Registers, machine: &mut Machine<'_>, word: Word) -> Step {
    // SAFETY: the contract.
    unsafe {
        slot::copy(machine.constants.byte_add(word.offset()), local(registers, part(registers, 1)));
        registers.pc = registers.pc.add(1);
    }
    Step::Next
}

/// Leaves the function with a local.
///
/// # Safety
/// [The contract](super), for such a sequence.
#[inline(always)]
pub(crate) unsafe fn return_local(registers: &mut Registers, machine: &mut Machine<'_>, word: Word) -> Step {
    // SAFETY: the contract. After its first instruction the sequence is the return, which may need its slow path.
    unsafe {
        load_local(registers, machine, word);
        registers.pc = registers.pc.add(1);
        return_value(registers, machine, part(registers, 0))
    }
}

/// Advances a counted loop and begins its next iteration, or leaves it.
///
/// # Safety
/// [The contract](super), for such a sequence.
#[inline(always)]
pub(crate) unsafe fn for_loop<const FUEL: bool>(
    registers: &mut Registers,
    machine: &mut Machine<'_>,
    word: Word,
) -> Step {
    // SAFETY: the contract. Where counting goes on without fuel left, the loop's own jump, run alone, raises the error.
    unsafe {
        let first = local(registers, word);
        let Some((current, end, step)) = counters(first) else {
            std::hint::cold_path();
            return super::control::for_loop(registers, machine, word);
        };
        match Runtime::range_next(current, end, step) {
            Some(next) => {
                slot::put_payload(first, next as u64);
                if FUEL && !burn(machine) {
                    return Step::Next;
                }
                registers.pc = registers.pc.add(1);
                jump_to(registers, part(registers, 0));
            }
            None => skip(registers),
        }
        Step::Next
    }
}
