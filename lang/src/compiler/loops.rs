//! Loops.

use isa::{Constant, StackOp};

use super::calls::is_length;
use super::function::{FunctionCompiler, Region};
use crate::ast::{Block, Expression, ExpressionKind, Name};
use crate::gas::Node;
use crate::resolver::{Binding, Storage};

impl<'a> FunctionCompiler<'a, '_, '_> {
    /// `while condition { body }`, tested at the bottom.
    pub(super) fn while_loop(&mut self, condition: &'a Expression<'a>, body: &Block<'a>, position: u32) {
        if self.is_dead {
            return;
        }
        let (start, next, end) = (self.new_label(), self.new_label(), self.new_label());
        self.jump(StackOp::Jump, next, position);
        self.place_loop(start);
        self.is_dead = false;
        // The condition runs before the body in every iteration, but only what the code before the loop assigned is certain in the
        // condition itself.
        let mark = self.assignments();
        self.begin_iteration(Node::body_of_loop(condition), position, &[]);
        self.regions.push(Region::Loop { end, next, depth: self.depth });
        self.block(body);
        self.regions.pop();
        self.undo_assignments(mark);
        self.place(next);
        self.iteration_test(condition, |compiler| {
            if matches!(condition.kind, ExpressionKind::Bool(true)) {
                compiler.jump(StackOp::Loop, start, condition.position());
            } else {
                compiler.loop_branch(condition, start, end);
                compiler.undo_assignments(mark);
            }
        });
        self.end_iteration();
        self.place(end);
    }

    /// `for each first[, second] in iterable { body }`.
    pub(super) fn for_each(
        &mut self,
        first: Name,
        second: Option<Name>,
        iterable: &'a Expression<'a>,
        body: &Block<'a>,
        position: u32,
    ) {
        if self.is_dead {
            return;
        }
        if second.is_none()
            && let Some(bounds) = self.range_bounds(iterable)
        {
            self.range_loop(first, bounds, iterable, body, position);
            return;
        }
        let mark = self.temporaries();
        let collection = self.new_temporaries(2);
        self.expression(iterable);
        self.emit(StackOp::IterPrepare, 0, iterable.position());
        self.emit(StackOp::StoreLocal, collection, position);
        self.constant(Constant::Int(0), position);
        self.emit(StackOp::StoreLocal, collection + 1, position);
        let (start, next, end) = (self.new_label(), self.new_label(), self.new_label());
        self.jump(StackOp::Jump, next, position);
        self.place_loop(start);
        self.is_dead = false;
        let assignments = self.assignments();
        self.depth += 1;
        let step = if second.is_some() { StackOp::ForPair } else { StackOp::ForIter };
        self.begin_iteration(Node::body_of_loop(iterable), position, &[step, StackOp::Loop]);
        self.store(first, position);
        if let Some(second) = second {
            self.emit(StackOp::IterValue, collection, position);
            self.store(second, position);
        }
        self.regions.push(Region::Loop { end, next, depth: self.depth });
        self.block(body);
        self.regions.pop();
        self.undo_assignments(assignments);
        self.end_iteration();
        self.place(next);
        self.unpaid(|compiler| {
            compiler.emit(step, collection, position);
            compiler.jump(StackOp::Loop, start, position);
            // FOR_ITER skips the LOOP when there is nothing more.
            compiler.is_dead = false;
            compiler.emit(StackOp::Pop, 0, position);
        });
        self.place(end);
        self.free_temporaries(mark);
    }

    /// The arguments of a call of the builtin `range`.
    fn range_bounds(&self, iterable: &Expression<'a>) -> Option<&'a [Expression<'a>]> {
        let ExpressionKind::Call { callee: Expression { kind: ExpressionKind::Name(name), .. }, arguments } =
            iterable.kind
        else {
            return None;
        };
        match self.binding(*name) {
            Binding::Builtin(symbol) if self.module.text(symbol) == "range" && (1..=3).contains(&arguments.len()) => {
                Some(arguments)
            }
            _ => None,
        }
    }

    /// Puts the end and the step of a range behind its counter and leaves its start on the stack. All bounds are evaluated before any is
    /// checked, and checked in order; that can be noticed only where something that is evaluated later can do more than give a value.
    fn range_start(&mut self, bounds: &'a [Expression<'a>], counter: u32, at: u32) {
        let (start, end, step) = match bounds {
            [end] => (None, Some(end), None),
            [start, end] => (Some(start), Some(end), None),
            [start, end, step, ..] => (Some(start), Some(end), Some(step)),
            [] => (None, None, None),
        };
        let is_plain = |bound: Option<_>| bound.is_none_or(|bound| self.cannot_fail(bound));
        let is_checked = |bound: Option<_>| bound.is_some_and(|bound| !self.is_integer(bound));
        let start_waits = is_checked(start) && !(is_plain(end) && is_plain(step));
        let end_waits = is_checked(end) && (start_waits || !is_plain(step));
        let step_waits = is_checked(step) && (start_waits || end_waits);
        let is_start_known = start.is_none_or(|start| matches!(self.known_constant(start), Some(Constant::Int(_))));
        if !is_start_known {
            self.bound(start, 0, !start_waits, at);
        }
        for (bound, slot, default, waits) in [(end, counter + 1, 0, end_waits), (step, counter + 2, 1, step_waits)] {
            self.bound(bound, default, !waits, at);
            self.emit(StackOp::StoreLocal, slot, at);
        }
        if is_start_known {
            self.bound(start, 0, false, at);
        }
        if start_waits {
            self.emit(StackOp::RangeBound, 0, at);
        }
        for (slot, waits) in [(counter + 1, end_waits), (counter + 2, step_waits)] {
            if waits {
                self.emit(StackOp::LoadLocal, slot, at);
                self.emit(StackOp::RangeBound, 0, at);
                self.emit(StackOp::StoreLocal, slot, at);
            }
        }
    }

    /// Pushes a bound, checked if it needs to be and its turn has come.
    fn bound(&mut self, bound: Option<&'a Expression<'a>>, default: i64, is_turn: bool, at: u32) {
        match bound {
            Some(bound) => {
                self.expression(bound);
                if is_turn && !self.is_integer(bound) {
                    self.emit(StackOp::RangeBound, 0, at);
                }
            }
            None => self.constant(Constant::Int(default), at),
        }
    }

    /// True when an expression gives an integer if it gives anything.
    fn is_integer(&self, expression: &Expression<'a>) -> bool {
        match expression.kind {
            ExpressionKind::Call { callee: Expression { kind: ExpressionKind::Name(name), .. }, arguments: [_] } => {
                matches!(self.binding(*name), Binding::Builtin(symbol) if is_length(self.module.text(symbol)))
            }
            _ => matches!(self.known_constant(expression), Some(Constant::Int(_))),
        }
    }

    /// A loop over `range(…)`: counts without making a list.
    fn range_loop(
        &mut self,
        variable: Name,
        bounds: &'a [Expression<'a>],
        iterable: &'a Expression<'a>,
        body: &Block<'a>,
        position: u32,
    ) {
        let at = iterable.position();
        let mark = self.temporaries();
        // The variable counts by itself when the body leaves it alone.
        let counts_itself = self.module.analysis.resolved.files[self.file].counters.contains(&variable.id);
        let counter = match self.storage(variable) {
            Some(Storage::Slot(slot)) if counts_itself => slot,
            _ => self.new_temporaries(3),
        };
        let is_variable = matches!(self.storage(variable), Some(Storage::Slot(slot)) if slot == counter);
        self.range_start(bounds, counter, at);
        let (begin, next, end) = (self.new_label(), self.new_label(), self.new_label());
        self.emit(StackOp::ForPrepare, counter, at);
        self.jump(StackOp::Loop, begin, position);
        self.is_dead = false;
        self.unpaid(|compiler| compiler.jump(StackOp::Jump, end, position));
        self.place_loop(begin);
        self.is_dead = false;
        let assignments = self.assignments();
        self.begin_iteration(Node::body_of_loop(iterable), position, &[StackOp::ForLoop, StackOp::Loop]);
        if is_variable {
            self.mark_assigned(variable);
        } else {
            self.emit(StackOp::LoadLocal, counter, position);
            self.store(variable, position);
        }
        self.regions.push(Region::Loop { end, next, depth: self.depth });
        self.block(body);
        self.regions.pop();
        self.undo_assignments(assignments);
        self.end_iteration();
        self.place(next);
        self.unpaid(|compiler| {
            compiler.emit(StackOp::ForLoop, counter, position);
            compiler.jump(StackOp::Loop, begin, position);
        });
        // FOR_LOOP skips the LOOP at the end.
        self.place(end);
        self.free_temporaries(mark);
    }
}
