//! The checker: proof that register code does what the stack code does that it was made from.
//!
//! It knows nothing of how code is converted and takes no hints from the converter: it gets two verified modules and runs them side by
//! side, function by function, with symbols in place of values (`walk`). What either form does between two *events* is a private
//! matter: moving values about, loading constants, jumping, spilling and reloading, computing what depends on memory alone that is read.
//! Events are what may be noticed: whatever can fail, print, take fuel, write, allocate, call or decide where to go on. Both forms must
//! come to the same event, with the same values, the same immediate data and the same place in the source, one event after the other;
//! its outcome is the same new value in both. Some instructions of the register form are several events: `JUMP_LT` is `LT` and a branch,
//! `COUNTED_LOOP` is `FOR_LOOP` and `LOOP`, and any branch back takes fuel.
//!
//! # What is known at a point of the code
//!
//! The places of both frames (locals, operand stack, registers, spill slots) fall into classes that hold the same value; of some values it
//! is known which constant or parameter they are, or that they are unset. Where control meets, two places stay in one class only if they
//! are in one on each way there. The classes start as the first way finds them and are refined until nothing changes, which is the greatest
//! solution, so that values which are the same around a loop are found to be the same. An error at an event that can fail must go to the
//! same kind of handler in both forms; what the frames hold at that moment meets in the handler, less what a failing call has overwritten.
//!
//! # Invariants
//!
//! * A value's number means one value at each time: outcomes are numbered by the node they follow, and where a way leads back to the
//!   node, the places that still hold an older outcome have met with those of the way that led there first, and got a number of their own.
//! * A value that depends on memory names the memory it was computed from, which is another after every event that may write.
//! * A register that a call overwrites holds nothing, and nothing is equal to nothing.
//! * Silent steps only go forward, because in verified code what goes back takes fuel; so no side runs on forever without the other.
//!
//! What is not reached is not compared. Errors that cannot be caught (fuel, output) have the same place, and need no handler.

mod places;
mod steps;
mod terms;
mod walk;

use isa::{Function, RegCode, Register, Stack, StackCode, Verified};

use places::{Place, Places};
use steps::Form;
use terms::{NOTHING, Term, Terms, Value};
use walk::{MEMORY, Walk};

/// Register code that was not shown to do what the stack code does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfaithful {
    /// The modules differ in a table.
    #[error("the modules differ in their {0}")]
    Table(&'static str),
    /// The forms of a function differ in what callers see of it.
    #[error("the forms of function '{function}' differ in their {what}")]
    Signature {
        /// Name of the function.
        function: String,
        /// What differs.
        what: &'static str,
    },
    /// Two instructions that control comes to together do different things.
    #[error("function '{function}': {stack} of the stack form and {register} of the register form: {difference}")]
    Instructions {
        /// Name of the function.
        function: String,
        /// The stack instruction, and where it is.
        stack: String,
        /// The register instruction, and where it is.
        register: String,
        /// What differs.
        difference: String,
    },
}

/// Proves that `register` does what `stack` does.
///
/// # Errors
/// The first difference found. Code may also be refused that does the same in a way that the checker does not see.
pub fn check(stack: &Verified<StackCode>, register: &Verified<RegCode>) -> Result<(), Unfaithful> {
    tables(stack, register)?;
    for (index, (before, after)) in stack.functions.iter().zip(&register.functions).enumerate() {
        let name = || stack.name(before.name).to_string();
        if let Some(what) = signature(before, after) {
            return Err(Unfaithful::Signature { function: name(), what });
        }
        let bases = [MEMORY + 1, MEMORY + 2 + stack.frame_size(index as u32)];
        let end = bases[1] + 1 + after.locals;
        let mut terms = Terms::new(end);
        let forms = [
            Form::of_stack(stack, before, bases[0], &mut terms),
            Form::of_register(&register.constants, after, bases[1], &mut terms),
        ];
        let beginning = beginning(&forms, before, end, &mut terms);
        Walk::new(&forms, terms).run(beginning).map_err(|([stack_pc, register_pc], difference)| {
            let (stack, register) = (before.code[stack_pc as usize], after.code[register_pc as usize]);
            Unfaithful::Instructions {
                function: name(),
                stack: format!("{stack:?} at {stack_pc}"),
                register: format!("{register:?} at {register_pc}"),
                difference,
            }
        })?;
    }
    Ok(())
}

/// What is where when a function begins.
fn beginning(forms: &[Form<'_>; 2], function: &Function<Stack>, end: Place, terms: &mut Terms<'_>) -> Places {
    let mut values = vec![NOTHING; end as usize];
    values[MEMORY as usize] = terms.joined();
    values[forms[0].frame as usize..][..function.locals as usize].fill(terms.number(Term::Unset));
    for parameter in 0..u32::from(function.parameters) {
        let value = terms.number(Term::Parameter(parameter));
        forms.iter().for_each(|form| values[(form.frame + parameter) as usize] = value);
    }
    values.extend(0..terms.terms.len() as Value);
    Places::new(&values)
}

/// What functions refer to must be the same.
fn tables(stack: &StackCode, register: &RegCode) -> Result<(), Unfaithful> {
    let same = [
        ("constants", stack.constants == register.constants),
        ("names", stack.names == register.names),
        ("globals", stack.globals == register.globals),
        ("functions", stack.functions.len() == register.functions.len()),
        ("types", stack.types == register.types),
        ("enums", stack.enums == register.enums),
        ("modules", stack.modules == register.modules),
        ("builtins", stack.builtins == register.builtins),
        ("library functions", stack.prelude == register.prelude),
        ("sources", stack.sources == register.sources),
        ("entry function", stack.entry == register.entry),
    ];
    same.into_iter().find(|(_, same)| !same).map_or(Ok(()), |(what, _)| Err(Unfaithful::Table(what)))
}

/// What callers see of a function must be the same. Gives what is not.
fn signature(stack: &Function<Stack>, register: &Function<Register>) -> Option<&'static str> {
    let parameters = usize::from(stack.parameters);
    let same = [
        ("names", stack.name == register.name),
        ("parameters", stack.parameters == register.parameters),
        ("defaults", stack.has_defaults == register.has_defaults),
        ("sources", stack.source == register.source),
        ("captured variables", stack.captures == register.captures),
        ("names of parameters", stack.local_names.get(..parameters) == Some(&register.local_names)),
        ("globals", stack.global == register.global),
    ];
    same.into_iter().find(|(_, same)| !same).map(|(what, _)| what)
}
