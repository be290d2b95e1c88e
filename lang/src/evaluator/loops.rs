//! Loops. Every iteration takes a unit of fuel before it begins.

use runtime::{Runtime, Value};

use super::tables::Place;
use super::{Evaluator, Exit, Jump};
use crate::ast::{Block, Expression, ExpressionKind, LogicalOperator, Name};
use crate::gas::Node;

impl<'a> Evaluator<'a, '_> {
    /// `while condition { body }`.
    pub(super) fn while_loop(&mut self, condition: &'a Expression<'a>, body: &Block<'a>) -> Result<(), Exit> {
        loop {
            self.pay(Node::expression(condition))?;
            let Some(position) = self.holds(condition)? else { break };
            self.take_fuel(position)?;
            self.pay(Node::body_of_loop(condition))?;
            if !self.iteration(body)? {
                break;
            }
        }
        Ok(())
    }

    /// Where a loop's condition is decided, if it holds: there, running out of fuel is reported.
    fn holds(&mut self, condition: &'a Expression<'a>) -> Result<Option<u32>, Exit> {
        match condition.kind {
            ExpressionKind::Logical { operator: LogicalOperator::And, left, right } => {
                if !self.condition(left)? {
                    return Ok(None);
                }
                self.pay(Node::expression(right))?;
                self.nested(|evaluator| evaluator.holds(right))
            }
            ExpressionKind::Logical { operator: LogicalOperator::Or, left, right } => {
                match self.nested(|evaluator| evaluator.holds(left))? {
                    None => {
                        self.pay(Node::expression(right))?;
                        self.nested(|evaluator| evaluator.holds(right))
                    }
                    decided => Ok(decided),
                }
            }
            _ => Ok(self.condition(condition)?.then(|| condition.position())),
        }
    }

    /// Runs a loop's body once. False when the loop is left.
    #[inline]
    fn iteration(&mut self, body: &Block<'a>) -> Result<bool, Exit> {
        let height = self.stack.len();
        match self.block(body) {
            Ok(()) => Ok(true),
            Err(Exit::Jump) if matches!(self.jump, Jump::Break | Jump::Continue) => {
                self.stack.truncate(height);
                Ok(self.jump == Jump::Continue)
            }
            Err(exit) => Err(exit),
        }
    }

    /// `for each first[, second] in iterable { body }`.
    pub(super) fn for_each(
        &mut self,
        first: Name,
        second: Option<Name>,
        iterable: &'a Expression<'a>,
        body: &Block<'a>,
        position: u32,
    ) -> Result<(), Exit> {
        match self.range_bounds(iterable) {
            Some(bounds) if second.is_none() => {
                let range = self.range(bounds, iterable.position())?;
                range.map_or(Ok(()), |range| self.range_loop(first, range, (iterable, body), position))
            }
            _ => {
                let value = self.expression(iterable)?;
                let collection =
                    self.apply([value], iterable.position(), |runtime, [value]| runtime.iter_prepare(value))?;
                self.push(collection);
                self.collection_loop(first, second, collection, (iterable, body), position)?;
                self.pop();
                Ok(())
            }
        }
    }

    /// The arguments of a call of the builtin `range`.
    fn range_bounds(&self, iterable: &Expression<'a>) -> Option<&'a [Expression<'a>]> {
        let ExpressionKind::Call { callee: Expression { kind: ExpressionKind::Name(name), .. }, arguments } =
            iterable.kind
        else {
            return None;
        };
        match self.place(*name) {
            Place::Builtin(index)
                if self.tables.builtins[index as usize].is_range && (1..=3).contains(&arguments.len()) =>
            {
                Some(arguments)
            }
            _ => None,
        }
    }

    /// Start, end and step of a range that takes a step. All bounds are evaluated before any is checked.
    fn range(&mut self, bounds: &'a [Expression<'a>], position: u32) -> Result<Option<[i64; 3]>, Exit> {
        let first = self.stack.len();
        self.push_all(bounds)?;
        for at in first..self.stack.len() {
            let outcome = self.runtime.range_bound(self.stack[at]);
            self.stack[at] = self.checked(outcome, position)?;
        }
        let (zero, one) = (Value::int(0), Value::int(1));
        let [start, end, step] = match self.stack[first..] {
            [start, end, step] => [start, end, step],
            [start, end] => [start, end, one],
            [end] => [zero, end, one],
            _ => [zero, zero, one],
        };
        self.stack.truncate(first);
        let outcome = self.runtime.range_begins(start, end, step);
        let begins = self.checked(outcome, position)?;
        Ok(begins.then(|| [start, end, step].map(Value::int_payload)))
    }

    /// Whether the variable of a loop over a range is its counter too.
    fn counts_itself(&self, variable: Name) -> bool {
        let file = self.tables.functions[self.frame.function as usize].file;
        self.tables.analysis.resolved.files[file as usize].counters.contains(&variable.id)
            && matches!(self.place(variable), Place::Slot(_))
    }

    /// Counts without making a list. The body may assign the variable; that does not change the count.
    fn range_loop(
        &mut self,
        variable: Name,
        [start, end, step]: [i64; 3],
        (range, body): (&'a Expression<'a>, &Block<'a>),
        position: u32,
    ) -> Result<(), Exit> {
        // Such a variable counts the loop in stack code, so it is set before the iteration is paid for.
        let counts_itself = self.counts_itself(variable);
        let mut next = Some(start);
        while let Some(number) = next {
            self.take_fuel(position)?;
            if counts_itself {
                self.store(variable, Value::int(number));
            }
            self.pay(Node::body_of_loop(range))?;
            if !counts_itself {
                self.store(variable, Value::int(number));
            }
            if !self.iteration(body)? {
                break;
            }
            next = Runtime::range_next(number, end, step);
        }
        Ok(())
    }

    /// Walks a list, map or string by position, so elements that the body adds are visited too.
    fn collection_loop(
        &mut self,
        first: Name,
        second: Option<Name>,
        collection: Value,
        (iterable, body): (&'a Expression<'a>, &Block<'a>),
        position: u32,
    ) -> Result<(), Exit> {
        let mut at = Value::int(0);
        while let Some((element, next)) = self.runtime.iter_next(collection, at, second.is_some()) {
            at = next;
            self.take_fuel(position)?;
            self.pay(Node::body_of_loop(iterable))?;
            self.store(first, element);
            if let Some(second) = second {
                let value = self.runtime.iter_value(collection, at);
                self.store(second, value);
            }
            if !self.iteration(body)? {
                break;
            }
        }
        Ok(())
    }
}
