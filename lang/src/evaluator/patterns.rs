//! `match`.

use runtime::Value;

use super::tables::Place;
use super::{Evaluator, Exit};
use crate::ast::{Match, MatchBody, Pattern};
use crate::gas::Node;

impl<'a> Evaluator<'a, '_> {
    /// `match subject { … }`: the value of the first arm that fits.
    pub(super) fn match_expression(&mut self, matching: &'a Match<'a>, position: u32) -> Result<Value, Exit> {
        let height = self.stack.len();
        let subject = self.expression(matching.subject)?;
        self.push(subject);
        for arm in matching.arms {
            if self.charges.is_some() {
                self.pay(Node::arm(arm))?;
            }
            if self.fits(&arm.pattern, subject)? {
                self.stack.truncate(height);
                return match arm.body {
                    MatchBody::Expression(body) => {
                        self.pay_for(body)?;
                        self.expression(body)
                    }
                    MatchBody::Block(ref block) => {
                        self.pay_for_block(block)?;
                        self.block(block).map(|()| Value::NULL)
                    }
                };
            }
        }
        self.stack.truncate(height);
        if matching.is_statement {
            return Ok(Value::NULL);
        }
        let message = self.literal("Match expression: no pattern matched");
        Err(self.throw(message, position))
    }

    /// Whether a value that lies on the stack fits a pattern. Names in the pattern are bound as far as it fits.
    fn fits(&mut self, pattern: &'a Pattern<'a>, subject: Value) -> Result<bool, Exit> {
        match *pattern {
            Pattern::Wildcard => Ok(true),
            Pattern::Value(value) => self.expression(value).map(|value| self.runtime.equals(subject, value)),
            Pattern::Binding(name) => {
                self.store(name, subject);
                Ok(true)
            }
            Pattern::Instance { entity, fields } => {
                let Place::Type(index) = self.place(entity.name) else { return Ok(true) };
                Ok(self.runtime.is_instance(subject, index)
                    && self.nested(|evaluator| evaluator.fields_fit(index, fields, subject, entity.span.start))?)
            }
        }
    }

    /// Whether the leading fields of an instance fit these patterns.
    fn fields_fit(
        &mut self,
        index: u32,
        patterns: &'a [Pattern<'a>],
        subject: Value,
        position: u32,
    ) -> Result<bool, Exit> {
        let tables = self.tables;
        for (pattern, &name) in patterns.iter().zip(&tables.fields[index as usize]) {
            if matches!(pattern, Pattern::Wildcard) {
                continue;
            }
            let value = self.apply([subject], position, |runtime, [subject]| runtime.get_attribute(subject, name))?;
            self.push(value);
            let fits = self.fits(pattern, value)?;
            self.pop();
            if !fits {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
