//! `match`.

use isa::{Constant, StackOp};

use super::function::{FunctionCompiler, Label};
use super::returns::Outcome;
use crate::ast::{Match, MatchBody, Pattern};
use crate::gas::Node;
use crate::resolver::Binding;

impl<'a> FunctionCompiler<'a, '_, '_> {
    /// A match, and what becomes of its value.
    pub(super) fn match_arms(&mut self, matching: &'a Match<'a>, position: u32, outcome: Outcome) {
        let mark = self.temporaries();
        let subject = self.new_temporary();
        self.expression(matching.subject);
        self.emit(StackOp::StoreLocal, subject, position);
        let depth = self.depth;
        let end = self.new_label();
        let assignments = self.assignments();
        let mut always_fits = false;
        for (index, arm) in matching.arms.iter().enumerate() {
            let next = self.new_label();
            // The first pattern is always looked at.
            if index > 0 {
                self.begin_region(Node::arm(arm), position);
            }
            self.pattern(&arm.pattern, subject, next, position);
            match arm.body {
                MatchBody::Expression(body) => self.region_of(body, |compiler| compiler.finish_value(body, outcome)),
                MatchBody::Block(ref block) => self.region_of_block(block, |compiler| {
                    compiler.block(block);
                    compiler.finish_null(outcome, position);
                }),
            }
            self.undo_assignments(assignments);
            let is_last = index + 1 == matching.arms.len();
            always_fits = is_last && !self.is_targeted(next);
            // Behind the last arm there is nothing to jump over, unless something is done when none fits.
            let ends_here = is_last && matching.is_statement && matches!(outcome, Outcome::Dropped);
            if !(always_fits || ends_here) {
                self.unpaid(|compiler| compiler.jump(StackOp::Jump, end, position));
            }
            if index > 0 {
                self.end_region();
            }
            self.place(next);
            self.depth = depth;
        }
        if !always_fits {
            self.unpaid(|compiler| compiler.no_arm_fits(matching, position, outcome));
        }
        self.place(end);
        self.depth = depth + u32::from(matches!(outcome, Outcome::Wanted));
        self.free_temporaries(mark);
    }

    fn no_arm_fits(&mut self, matching: &'a Match<'a>, position: u32, outcome: Outcome) {
        if matching.is_statement {
            self.finish_null(outcome, position);
        } else {
            self.constant(Constant::String("Match expression: no pattern matched".into()), position);
            self.emit(StackOp::Throw, 0, position);
        }
    }

    /// Goes on if the value in slot `subject` fits the pattern, and to `next` otherwise.
    fn pattern(&mut self, pattern: &Pattern<'a>, subject: u32, next: Label, position: u32) {
        match *pattern {
            Pattern::Wildcard => {}
            Pattern::Value(value) => {
                self.emit(StackOp::LoadLocal, subject, position);
                self.expression(value);
                self.emit(StackOp::Eq, 0, value.position());
                self.jump(StackOp::JumpIfFalse, next, position);
            }
            Pattern::Binding(name) => {
                self.emit(StackOp::LoadLocal, subject, position);
                self.store(name, name.span.start);
            }
            Pattern::Instance { entity, fields } => {
                let Binding::Type(index) = self.binding(entity.name) else { return };
                self.emit(StackOp::LoadLocal, subject, position);
                self.emit(StackOp::IsInstance, index, entity.span.start);
                self.jump(StackOp::JumpIfFalse, next, position);
                let symbols = self.module.field_symbols(index);
                if fields.len() > symbols.len() {
                    self.exceeds(
                        format!("the type has {} fields, the pattern {}", symbols.len(), fields.len()),
                        "leave out the last ones",
                        entity.span,
                    );
                    return;
                }
                for (field, symbol) in fields.iter().zip(symbols) {
                    if matches!(field, Pattern::Wildcard) {
                        continue;
                    }
                    let mark = self.temporaries();
                    let value = self.new_temporary();
                    let name = self.module.tables.name(symbol);
                    self.emit(StackOp::LoadLocal, subject, position);
                    self.emit(StackOp::GetAttr, name, entity.span.start);
                    self.emit(StackOp::StoreLocal, value, position);
                    self.pattern(field, value, next, position);
                    self.free_temporaries(mark);
                }
            }
        }
    }
}
