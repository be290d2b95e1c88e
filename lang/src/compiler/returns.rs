//! `return`, and what becomes of the value of an expression with several ways.
//!
//! A choice that is returned returns on each of its ways, so that none of them jumps to a common end only to return there.

use isa::{Constant, StackOp};

use super::expressions::on_fresh_stack;
use super::function::{FunctionCompiler, Region};
use crate::ast::{Expression, ExpressionKind};

/// What becomes of a value.
#[derive(Clone, Copy)]
pub(super) enum Outcome {
    /// It is left on the stack.
    Wanted,
    /// Nothing: only the effects count.
    Dropped,
    /// The function returns it, by the statement at this offset.
    Returned(u32),
}

impl<'a> FunctionCompiler<'a, '_, '_> {
    /// `return value`.
    pub(super) fn return_statement(&mut self, value: Option<&'a Expression<'a>>, position: u32) {
        let depth = self.depth;
        let needs_cleanup = self.regions.iter().any(|region| !matches!(region, Region::Loop { .. }));
        match value {
            Some(value) if !needs_cleanup => self.return_value(value, position),
            Some(value) => self.expression(value),
            None => self.constant(Constant::Null, position),
        }
        if value.is_none() || needs_cleanup {
            self.leave(0, true, |compiler| compiler.emit(StackOp::Return, 0, position));
        }
        self.depth = depth;
    }

    /// Returns the value of an expression where no cleanup is needed.
    pub(super) fn return_value(&mut self, expression: &'a Expression<'a>, position: u32) {
        match expression.kind {
            ExpressionKind::Conditional { condition, then, otherwise } => {
                on_fresh_stack(|| self.return_choice(condition, then, otherwise, position));
            }
            ExpressionKind::Match(matching) => {
                let at = expression.position();
                on_fresh_stack(|| self.match_arms(matching, at, Outcome::Returned(position)));
            }
            _ => {
                self.expression(expression);
                self.emit(StackOp::Return, 0, position);
            }
        }
    }

    fn return_choice(
        &mut self,
        condition: &'a Expression<'a>,
        then: &'a Expression<'a>,
        otherwise: &'a Expression<'a>,
        position: u32,
    ) {
        let other = self.new_label();
        self.branch(condition, false, other);
        let (depth, mark) = (self.depth, self.assignments());
        self.region_of(then, |compiler| compiler.return_value(then, position));
        self.undo_assignments(mark);
        self.place(other);
        self.depth = depth;
        self.region_of(otherwise, |compiler| compiler.return_value(otherwise, position));
        self.undo_assignments(mark);
        self.depth = depth;
    }

    /// Does with the value of an expression what is to become of it.
    pub(super) fn finish_value(&mut self, expression: &'a Expression<'a>, outcome: Outcome) {
        match outcome {
            Outcome::Wanted => self.expression(expression),
            Outcome::Dropped => self.effect(expression),
            Outcome::Returned(position) => self.return_value(expression, position),
        }
    }

    /// The same for null.
    pub(super) fn finish_null(&mut self, outcome: Outcome, position: u32) {
        match outcome {
            Outcome::Wanted => self.constant(Constant::Null, position),
            Outcome::Dropped => {}
            Outcome::Returned(at) => {
                self.constant(Constant::Null, position);
                self.emit(StackOp::Return, 0, at);
            }
        }
    }
}
