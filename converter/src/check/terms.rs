//! Values as numbers: two places hold the same value if their numbers are the same.

use fxhash::FxHashMap;
use isa::{Constant, StackOp};

/// The number of a [`Term`].
pub(super) type Value = u32;

/// What pairs of values that hold on different ways to a place meet in there.
pub(super) type Met = FxHashMap<(Value, Value), Value>;

/// What is in a place of which nothing is known: never written, lost to a call, or different on different ways to it.
pub(super) const NOTHING: Value = 0;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Term {
    /// See [`NOTHING`].
    Nothing,
    /// What a variable holds that was never set.
    Unset,
    Null,
    Integer(i64),
    /// The first of the module's constants that is equal to it.
    Constant(u32),
    Parameter(u32),
    /// One of the outcomes of the events since a node.
    Outcome {
        node: u32,
        number: u32,
    },
    /// What several places hold that hold the same on each way to a node.
    Joined(u32),
    /// The result of an operation that only reads, and what the memory was then.
    Result {
        operation: StackOp,
        data: u32,
        operands: [Value; 2],
        memory: Value,
    },
}

/// All values of a function.
pub(super) struct Terms<'m> {
    constants: &'m [Term],
    terms: Vec<Term>,
    numbers: FxHashMap<Term, Value>,
    joined: u32,
}

/// The terms of a module's constants.
pub(super) fn constants(constants: &[Constant]) -> Vec<Term> {
    let mut first = FxHashMap::default();
    let term = |(index, constant)| match constant {
        &Constant::Int(value) => Term::Integer(value),
        Constant::Null => Term::Null,
        constant => Term::Constant(*first.entry(constant).or_insert(index as u32)),
    };
    constants.iter().enumerate().map(term).collect()
}

impl<'m> Terms<'m> {
    pub(super) fn new(constants: &'m [Term]) -> Self {
        let mut terms = Self { constants, terms: Vec::new(), numbers: FxHashMap::default(), joined: 0 };
        terms.number(Term::Nothing);
        terms
    }

    pub(super) fn number(&mut self, term: Term) -> Value {
        *self.numbers.entry(term).or_insert_with(|| {
            self.terms.push(term);
            self.terms.len() as u32 - 1
        })
    }

    pub(super) fn constant(&mut self, index: u32) -> Value {
        self.number(self.constants[index as usize])
    }

    pub(super) fn integer(&mut self, value: i64) -> Value {
        self.number(Term::Integer(value))
    }

    /// A value of which nothing is known but where it is.
    pub(super) fn joined(&mut self) -> Value {
        self.joined += 1;
        self.number(Term::Joined(self.joined))
    }

    /// The result of an operation that only reads. `!=` is the negation of `==`, and `==` has no order.
    pub(super) fn result(&mut self, operation: StackOp, data: u32, operands: &[Value], memory: Value) -> Value {
        let [a, b] = [operands[0], operands.get(1).copied().unwrap_or(NOTHING)];
        if operands.contains(&NOTHING) {
            return NOTHING;
        }
        match operation {
            StackOp::Neq => {
                let equal = self.result(StackOp::Eq, data, operands, memory);
                self.result(StackOp::Not, data, &[equal], memory)
            }
            StackOp::Eq => self.number(Term::Result { operation, data, operands: [a.min(b), a.max(b)], memory }),
            _ => self.number(Term::Result { operation, data, operands: [a, b], memory }),
        }
    }

    /// If two values are results of the same operation, its result on what their operands meet in: one form may have computed it when the
    /// other has not yet. `met` knows what values meet in, and learns it; results of results are looked into `depth` deep.
    pub(super) fn result_of_met(&mut self, a: Value, b: Value, met: &mut Met, depth: u32) -> Option<Value> {
        let [
            Term::Result { operation, data, operands: [left, right], memory },
            Term::Result { operands: [c, d], memory: other, .. },
        ] = [a, b].map(|value| self.terms[value as usize])
        else {
            return None;
        };
        let is_same = matches!(self.terms[b as usize],
            Term::Result { operation: also, data: same, .. } if (operation, data) == (also, same));
        let depth = depth.checked_sub(1).filter(|_| is_same)?;
        let memory = self.meet(memory, other, met, depth)?;
        let mut both = |c, d| Some([self.meet(left, c, met, depth)?, self.meet(right, d, met, depth)?]);
        let operands = both(c, d).or_else(|| both(d, c).filter(|_| operation == StackOp::Eq))?;
        let count = if right == NOTHING { 1 } else { 2 };
        let result = self.result(operation, data, &operands[..count], memory);
        met.insert((a, b), result);
        Some(result)
    }

    /// What two values meet in, if that is known or follows.
    fn meet(&mut self, a: Value, b: Value, met: &mut Met, depth: u32) -> Option<Value> {
        match met.get(&(a, b)) {
            _ if a == b => Some(a),
            Some(&known) => Some(known),
            None => self.result_of_met(a, b, met, depth),
        }
    }

    /// The value whose truth decides about the truth of `value` now, and whether it is the same truth.
    pub(super) fn condition(&self, mut value: Value, now: Value) -> (Value, bool) {
        let mut sense = true;
        while let Term::Result { operation: operation @ (StackOp::Not | StackOp::ToBool), operands, memory, .. } =
            self.terms[value as usize]
            && memory == now
        {
            sense ^= operation == StackOp::Not;
            value = operands[0];
        }
        (value, sense)
    }

    /// The value in words.
    pub(super) fn describe(&self, value: Value) -> String {
        match self.terms[value as usize] {
            Term::Nothing => "nothing known".to_string(),
            Term::Unset => "unset".to_string(),
            Term::Null => "null".to_string(),
            Term::Integer(value) => format!("the integer {value}"),
            Term::Constant(index) => format!("constant {index}"),
            Term::Parameter(index) => format!("parameter {index}"),
            Term::Outcome { number, .. } => format!("outcome v{value} (number {number} of its stretch)"),
            Term::Joined(_) => format!("joined v{value}"),
            Term::Result { operation, operands: [a, b], memory, .. } => {
                let operands: Vec<String> = [a, b].iter().filter(|&&v| v != NOTHING).map(|v| format!("v{v}")).collect();
                let memory = if memory == NOTHING { String::new() } else { format!(" of memory v{memory}") };
                format!("{}({}){memory}", operation.facts().mnemonic, operands.join(", "))
            }
        }
    }
}
