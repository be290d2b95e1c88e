//! Values as numbers: two places hold the same value if their numbers are the same.

use fxhash::FxHashMap;
use isa::{Constant, StackOp};

use super::places::Place;

/// The number of a [`Term`].
pub(super) type Value = u32;

/// What is in a place of which nothing is known: never written, or different on different ways to it.
pub(super) const NOTHING: Value = 0;
/// In place of a second operand, and of the memory, where an operation has none.
pub(super) const NONE: Value = 1;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Term<'m> {
    Nothing,
    None,
    /// What a variable holds that was never set.
    Unset,
    Integer(i64),
    /// Any other constant.
    Constant(&'m Constant),
    /// An entry of a table of the module: a name, a global, a function, …
    Entry(u32),
    Parameter(u32),
    /// One of the outcomes of the events at a node.
    Outcome {
        node: [u32; 2],
        number: u32,
    },
    /// What several places hold that hold the same on each way to a node.
    Joined(u32),
    /// The result of an operation that at most reads, and what the memory was then.
    Result {
        operation: StackOp,
        operands: [Value; 2],
        memory: Value,
    },
}

/// All values of a function.
pub(super) struct Terms<'m> {
    pub(super) terms: Vec<Term<'m>>,
    numbers: FxHashMap<Term<'m>, Value>,
    /// The first of the places that hold what is known from the code.
    known: Place,
}

/// What pairs of values that hold on different ways to a node meet in there.
pub(super) type Met = FxHashMap<(Value, Value), Value>;

impl<'m> Terms<'m> {
    pub(super) fn new(known: Place) -> Self {
        let numbers = FxHashMap::from_iter([(Term::Nothing, NOTHING), (Term::None, NONE)]);
        Self { terms: vec![Term::Nothing, Term::None], numbers, known }
    }

    pub(super) fn number(&mut self, term: Term<'m>) -> Value {
        *self.numbers.entry(term).or_insert_with(|| {
            self.terms.push(term);
            self.terms.len() as Value - 1
        })
    }

    /// The place that holds what is known from the code.
    pub(super) fn place(&mut self, term: Term<'m>) -> Place {
        self.known + self.number(term)
    }

    /// A value of which nothing is known but where it is.
    pub(super) fn joined(&mut self) -> Value {
        self.number(Term::Joined(self.terms.len() as u32))
    }

    /// The result of an operation that at most reads. `!=` is the negation of `==`, and `==` has no order.
    pub(super) fn result(&mut self, operation: StackOp, operands: [Value; 2], memory: Value) -> Value {
        let [a, b] = operands;
        match operation {
            _ if operands.contains(&NOTHING) => NOTHING,
            StackOp::Neq => {
                let equal = self.result(StackOp::Eq, operands, memory);
                self.result(StackOp::Not, [equal, NONE], memory)
            }
            StackOp::Eq => self.number(Term::Result { operation, operands: [a.min(b), a.max(b)], memory }),
            _ => self.number(Term::Result { operation, operands, memory }),
        }
    }

    /// What two values meet in, if that follows from what others do: results of an operation meet in its result on what their operands
    /// meet in, for one form may have computed it when the other has not yet. `depth` says how deep results of results are looked into.
    pub(super) fn meet(&mut self, a: Value, b: Value, met: &mut Met, depth: u32) -> Option<Value> {
        if let Some(known) = if a == b { Some(a) } else { met.get(&(a, b)).copied() } {
            return Some(known);
        }
        let Term::Result { operation, operands: [left, right], memory } = self.terms[a as usize] else { return None };
        let Term::Result { operation: same, operands: [c, d], memory: now } = self.terms[b as usize] else {
            return None;
        };
        let depth = depth.checked_sub(1).filter(|_| operation == same)?;
        let memory = self.meet(memory, now, met, depth)?;
        let mut both = |c, d| Some([self.meet(left, c, met, depth)?, self.meet(right, d, met, depth)?]);
        let operands = both(c, d).or_else(|| both(d, c).filter(|_| operation == StackOp::Eq))?;
        let result = self.result(operation, operands, memory);
        met.insert((a, b), result);
        Some(result)
    }

    /// The value whose truth decides about the truth of `value` now, and whether it is the same truth.
    pub(super) fn condition(&self, mut value: Value, now: Value) -> (Value, bool) {
        let mut sense = true;
        while let Term::Result { operation: operation @ (StackOp::Not | StackOp::ToBool), operands, memory } =
            self.terms[value as usize]
            && memory == now
        {
            sense ^= operation == StackOp::Not;
            value = operands[0];
        }
        (value, sense)
    }
}
