//! The checker: proof that register code does what the stack code does that it was made from.
//!
//! It shares nothing with the converter: it gets two verified modules and runs them side by side, function by function, with numbers in
//! place of values. Most steps of either form are silent: they move values about, or compute what depends on nothing but values and memory.
//! The others are *events*: whatever can fail, print, take fuel, write, allocate, call or decide where to go on. Both forms must come to
//! the same event with the same values and at the same place in the source, one event after the other; its outcome is the same new value
//! in both. If it fails, the same kind of handler must take it.
//!
//! What is known at an event are classes of places (locals, operand stack, registers, spill slots) that hold the same value on each way
//! there, and of some values what they are. The classes start as the first way finds them and are refined until nothing changes, which is
//! the greatest solution: what is the same around a loop is found to be the same.
//!
//! # Invariants
//!
//! * A number means one value at each time: where a way leads back to a node, places that still hold an older outcome of it have met with
//!   those of the way that led there first, and got a number of their own.
//! * A result that depends on memory names the memory it was computed from, which is another after every event that may write.
//! * What a call overwrites seems to stay, and so does what is popped, but verified code does not read either.
//! * What is not reached is not compared. Errors that cannot be caught (fuel, output) have the same place, and need no handler.

mod steps;
mod terms;
mod walk;

use isa::operands::Operand;
use isa::{RegCode, StackCode, Verified};

use crate::Unfaithful;
use steps::Form;
use terms::{NOTHING, Term, Terms};
use walk::{MEMORY, State, walk};

/// Proves that `register` does what `stack` does.
///
/// # Errors
/// The first difference found. Code may also be refused that does the same in a way that the checker does not see.
pub fn check(stack: &Verified<StackCode>, register: &Verified<RegCode>) -> Result<(), Unfaithful> {
    match stack.differing_table(register) {
        Some(table) => Err(Unfaithful::Table(table)),
        None => (0..stack.functions.len()).try_for_each(|index| function(stack, register, index)),
    }
}

fn function(stack: &Verified<StackCode>, register: &Verified<RegCode>, index: usize) -> Result<(), Unfaithful> {
    let (before, after) = (&stack.functions[index], &register.functions[index]);
    let function = stack.name(before.name).to_string();
    if let Some(what) = before.differing_signature(after) {
        return Err(Unfaithful::Signature(function, what));
    }
    let bases = [MEMORY + 1, MEMORY + 2 + stack.frame_size(index as u32)];
    let end = bases[1] + 1 + after.locals;
    let mut terms = Terms::new(end);
    let left = Form::of_stack(stack, index, bases[0], &mut terms);
    let right = Form::of_register(register, index, bases[1], &mut terms);
    let mut beginning = vec![NOTHING; end as usize];
    beginning.extend(0..terms.terms.len() as u32);
    beginning[MEMORY as usize] = terms.number(Term::Known(Operand::Place(MEMORY)));
    beginning[bases[0] as usize + 1..][..before.locals as usize].fill(terms.number(Term::Known(Operand::Unset)));
    for parameter in 0..u32::from(before.parameters) {
        let value = terms.number(Term::Known(Operand::Place(bases[0] + 1 + parameter)));
        bases.iter().for_each(|base| beginning[(base + 1 + parameter) as usize] = value);
    }
    walk(&[left, right], terms, State::new(&beginning)).map_err(|([left, right], difference)| {
        let (stack, register) = (before.code[left as usize], after.code[right as usize]);
        let both = format!("{stack:?} at {left} of the stack form and {register:?} at {right} of the register form");
        Unfaithful::Instructions(function, format!("{both}: {difference}"))
    })
}
