//! Values as numbers: two places hold the same value if their numbers are the same.

use fxhash::FxHashMap;
use isa::StackOp;
use isa::operands::Operand;

use super::walk::Place;

/// The number of a [`Term`].
pub(super) type Value = u32;

/// What is in a place of which nothing is known: never written, or different on different ways to it.
pub(super) const NOTHING: Value = 0;
/// In place of a second operand, and of the memory, where an operation has none.
pub(super) const NONE: Value = 1;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Term {
    Nothing,
    None,
    /// What is known from the code: a constant, an entry of a table, …; or what a place held at the beginning.
    Known(Operand),
    /// One of the outcomes of the events at a node.
    Outcome([u32; 2], u32),
    /// What several places hold that hold the same on each way to a node.
    Joined(u32),
    /// The result of an operation that at most reads, on two operands, and the memory that it read.
    Result(StackOp, [Value; 2], Value),
}

/// All values of a function.
pub(super) struct Terms {
    pub(super) terms: Vec<Term>,
    numbers: FxHashMap<Term, Value>,
    /// The first of the places that hold what is known from the code.
    known: Place,
}

impl Terms {
    pub(super) fn new(known: Place) -> Self {
        let numbers = FxHashMap::from_iter([(Term::Nothing, NOTHING), (Term::None, NONE)]);
        Self { terms: vec![Term::Nothing, Term::None], numbers, known }
    }

    pub(super) fn number(&mut self, term: Term) -> Value {
        *self.numbers.entry(term).or_insert_with(|| {
            self.terms.push(term);
            self.terms.len() as Value - 1
        })
    }

    /// The place that holds what is known from the code.
    pub(super) fn place(&mut self, operand: Operand) -> Place {
        self.known + self.number(Term::Known(operand))
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
            StackOp::Eq => self.number(Term::Result(operation, [a.min(b), a.max(b)], memory)),
            _ => self.number(Term::Result(operation, operands, memory)),
        }
    }

    /// What two values that hold on different ways to a node meet in, if that follows from what others do, which `met` says: results of an
    /// operation meet in its result on what their operands meet in, for one form may have computed it when the other has not yet.
    pub(super) fn meet(
        &mut self,
        a: Value,
        b: Value,
        met: &mut FxHashMap<[Value; 2], Value>,
        depth: u32,
    ) -> Option<Value> {
        if let Some(known) = if a == b { Some(a) } else { met.get(&[a, b]).copied() } {
            return Some(known);
        }
        let Term::Result(operation, [left, right], memory) = self.terms[a as usize] else { return None };
        let Term::Result(same, [c, d], now) = self.terms[b as usize] else { return None };
        let depth = depth.checked_sub(1).filter(|_| operation == same)?;
        let memory = self.meet(memory, now, met, depth)?;
        let mut both = |c, d| Some([self.meet(left, c, met, depth)?, self.meet(right, d, met, depth)?]);
        let operands = both(c, d).or_else(|| both(d, c).filter(|_| operation == StackOp::Eq))?;
        let result = self.result(operation, operands, memory);
        met.insert([a, b], result);
        Some(result)
    }

    /// The value whose truth decides about the truth of `value` now, and whether it is the same truth.
    pub(super) fn condition(&self, mut value: Value, now: Value) -> (Value, bool) {
        let mut sense = true;
        while let Term::Result(operation @ (StackOp::Not | StackOp::ToBool), [of, _], memory) =
            self.terms[value as usize]
            && memory == now
        {
            (value, sense) = (of, sense ^ (operation == StackOp::Not));
        }
        (value, sense)
    }
}
