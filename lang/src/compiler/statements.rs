//! Statements.

use isa::{Constant, StackOp};

use super::expressions::on_fresh_stack;
use super::function::{FunctionCompiler, Label, Region};
use super::returns::Outcome;
use crate::ast::{self, Block, Catch, Expression, ExpressionKind, Name, Statement, StatementKind};
use crate::gas::Node;

impl<'a> FunctionCompiler<'a, '_, '_> {
    /// Compiles a block.
    pub(super) fn block(&mut self, block: &Block<'a>) {
        self.statements(block.statements);
    }

    /// Compiles statements in order. What follows a `defer` is guarded by its block.
    pub(super) fn statements(&mut self, statements: &'a [Statement<'a>]) {
        for (index, statement) in statements.iter().enumerate() {
            self.renew_region_at(statement);
            if let StatementKind::Defer(ref deferred) = statement.kind {
                let rest = &statements[index + 1..];
                self.with_cleanup(deferred, statement.span.start, |compiler| compiler.statements(rest));
                return;
            }
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &'a Statement<'a>) {
        let position = statement.span.start;
        match statement.kind {
            StatementKind::Let { name, value, .. } => {
                match value {
                    Some(value) => self.expression(value),
                    None => self.constant(Constant::Null, position),
                }
                self.store(name, position);
                self.notify(name);
            }
            StatementKind::LetMap { names, value, .. } => self.destructure_map(names, value),
            StatementKind::LetList { names, rest, value, .. } => self.destructure_list(names, rest, value),
            StatementKind::Expression(expression) => self.effect(expression),
            StatementKind::Print(values) => {
                values.iter().for_each(|value| self.expression(value));
                self.emit(StackOp::Print, values.len() as u32, position);
            }
            StatementKind::Debug(value) => {
                self.expression(value);
                self.emit(StackOp::Print, 1, position);
            }
            StatementKind::If { .. } => self.conditional(statement),
            StatementKind::While { condition, ref body } => self.while_loop(condition, body, position),
            StatementKind::ForEach { first, second, iterable, ref body } => {
                self.for_each(first, second, iterable, body, position)
            }
            StatementKind::Break => self.leave_loop(true, position),
            StatementKind::Continue => self.leave_loop(false, position),
            StatementKind::Return(value) => self.return_statement(value, position),
            StatementKind::Throw(value) => {
                self.expression(value);
                self.emit(StackOp::Throw, 0, position);
            }
            StatementKind::Try { ref body, ref catch, ref finally } => match finally {
                Some(finally) => {
                    self.with_cleanup(finally, position, |compiler| compiler.try_catch(body, catch.as_ref(), position))
                }
                None => self.try_catch(body, catch.as_ref(), position),
            },
            StatementKind::Require { condition, message } => self.require(condition, message, position),
            StatementKind::Revert(reason) => {
                match reason {
                    Some(reason) => {
                        self.constant(Constant::String("Transaction reverted: ".into()), position);
                        self.expression(reason);
                        self.emit(StackOp::BuildString, 2, position);
                    }
                    None => self.constant(Constant::String("Transaction reverted".into()), position),
                }
                self.emit(StackOp::Throw, 0, position);
            }
            StatementKind::Transaction { contract, action, ref body } => {
                self.transaction(contract, action, body, position)
            }
            StatementKind::Emit { event, arguments } => self.emit_event(event, arguments, position),
            StatementKind::Module(module) => self.import(module.name, position),
            StatementKind::Use(use_) => {
                if let Some(module) = self.module_of_use(use_) {
                    self.emit(StackOp::Import, module, position);
                }
            }
            StatementKind::Export { declaration, .. } => {
                if let Some(declaration) = declaration {
                    self.statement(declaration);
                }
            }
            // Hoisted, or without effect at run time. `defer` is handled with the block it stands in.
            StatementKind::Function(_)
            | StatementKind::Entity(_)
            | StatementKind::Enum(_)
            | StatementKind::Protocol(_)
            | StatementKind::TypeAlias { .. }
            | StatementKind::Defer(_) => {}
        }
    }

    /// An expression as a statement: assignments leave nothing behind to discard.
    pub(super) fn effect(&mut self, expression: &'a Expression<'a>) {
        match expression.kind {
            ExpressionKind::Assign { .. } => self.assignment(expression, false),
            ExpressionKind::Match(matching) => {
                let position = expression.position();
                on_fresh_stack(|| self.match_arms(matching, position, Outcome::Dropped));
            }
            _ => {
                self.expression(expression);
                self.emit(StackOp::Pop, 0, expression.position());
            }
        }
    }

    /// `require(condition, message)`. A message that is plainly there is needed only if the condition does not hold.
    fn require(&mut self, condition: &'a Expression<'a>, message: Option<&'a Expression<'a>>, position: u32) {
        let past = self.new_label();
        if message.is_none_or(|message| self.cannot_fail(message)) {
            self.branch(condition, true, past);
            self.constant(Constant::Bool(false), position);
        } else {
            self.expression(condition);
        }
        match message {
            Some(message) => self.expression(message),
            None => self.constant(Constant::String("Requirement not met".into()), position),
        }
        self.emit(StackOp::Require, 0, position);
        self.place(past);
    }

    fn destructure_map(&mut self, names: &'a [Name], value: &'a Expression<'a>) {
        let position = value.position();
        let mark = self.temporaries();
        let temporary = self.new_temporary();
        self.expression(value);
        self.emit(StackOp::StoreLocal, temporary, position);
        for &name in names {
            let index = self.module.tables.name(name.symbol);
            self.emit(StackOp::LoadLocal, temporary, name.span.start);
            self.emit(StackOp::GetAttr, index, name.span.start);
            self.store(name, name.span.start);
            self.notify(name);
        }
        self.free_temporaries(mark);
    }

    fn destructure_list(&mut self, names: &'a [Name], rest: Option<Name>, value: &'a Expression<'a>) {
        let position = value.position();
        let mark = self.temporaries();
        let temporary = self.new_temporary();
        self.expression(value);
        self.emit(StackOp::StoreLocal, temporary, position);
        for (index, &name) in names.iter().enumerate() {
            self.emit(StackOp::LoadLocal, temporary, name.span.start);
            self.constant(Constant::Int(index as i64), name.span.start);
            self.emit(StackOp::Index, 0, name.span.start);
            self.store(name, name.span.start);
            self.notify(name);
        }
        if let Some(rest) = rest {
            self.emit(StackOp::LoadLocal, temporary, rest.span.start);
            self.constant(Constant::Int(names.len() as i64), rest.span.start);
            self.constant(Constant::Null, rest.span.start);
            self.emit(StackOp::Slice, 0, rest.span.start);
            self.store(rest, rest.span.start);
            self.notify(rest);
        }
        self.free_temporaries(mark);
    }

    /// `if` with its whole chain of `elif`, without recursion over the chain.
    fn conditional(&mut self, statement: &'a Statement<'a>) {
        let end = self.new_label();
        let outer = self.assignments();
        // Slots assigned by conditions so far hold on every later way; those of arms are kept apart.
        let mut ways: Vec<Option<Vec<u32>>> = Vec::new();
        let mut arms = 0;
        let mut statement = statement;
        loop {
            let StatementKind::If { condition, ref then, ref otherwise } = statement.kind else {
                self.statement(statement);
                break;
            };
            if let Some(target) = self.loop_exit(then) {
                self.branch(condition, true, target);
                self.close_loop_regions();
                ways.push(None);
                if otherwise.is_none() {
                    ways.push(Some(Vec::new()));
                }
            } else {
                let next = self.new_label();
                self.branch(condition, false, next);
                self.region_of_block(then, |compiler| {
                    ways.push(compiler.arm(then));
                    match otherwise {
                        Some(_) => compiler.jump(StackOp::Jump, end, statement.span.start),
                        None => ways.push(Some(Vec::new())),
                    }
                });
                self.place(next);
            }
            let Some(otherwise) = otherwise else { break };
            if let (Some(node), Some(first)) = (Node::block(otherwise), otherwise.statements.first()) {
                self.begin_region(node, first.span.start);
                arms += 1;
            }
            match otherwise.statements {
                [only] if matches!(only.kind, StatementKind::If { .. }) => statement = only,
                _ => {
                    ways.push(self.arm(otherwise));
                    break;
                }
            }
        }
        (0..arms).for_each(|_| self.end_region());
        self.place(end);
        debug_assert!(self.assignments() >= outer);
        self.join_assignments(&ways);
    }

    /// Compiles a block that may be left out; gives what it assigns, unless control never comes to its end.
    fn arm(&mut self, block: &Block<'a>) -> Option<Vec<u32>> {
        let mark = self.assignments();
        self.block(block);
        let is_dead = self.is_dead;
        let assigned = self.undo_assignments(mark);
        (!is_dead).then_some(assigned)
    }

    /// Where a block goes that is nothing but `break` or `continue`, if there is nothing to be done on the way.
    fn loop_exit(&self, block: &Block<'a>) -> Option<Label> {
        let [statement] = block.statements else { return None };
        let Some(&Region::Loop { end, next, depth }) = self.regions.last() else { return None };
        match statement.kind {
            StatementKind::Break if depth == self.depth => Some(end),
            StatementKind::Continue if depth == self.depth => Some(next),
            _ => None,
        }
    }

    /// `try { body } catch (name) { handler }`.
    fn try_catch(&mut self, body: &'a Block<'a>, catch: Option<&'a Catch<'a>>, position: u32) {
        let Some(catch) = catch else {
            self.block(body);
            return;
        };
        let end = self.new_label();
        let mark = self.assignments();
        self.close_regions();
        let guard = self.open_guard(false);
        self.regions.push(Region::Guarded { guard });
        self.region_of_block(body, |compiler| compiler.block(body));
        self.regions.pop();
        self.close_guard(guard);
        let is_dead = self.is_dead;
        let tried = self.undo_assignments(mark);
        let depth = self.depth;
        self.jump(StackOp::Jump, end, position);
        let mut ways = vec![(!is_dead).then_some(tried)];
        if self.guards_something(guard) {
            self.place_handler(guard);
            self.region_of_block(&catch.body, |compiler| {
                match catch.name {
                    Some(name) => compiler.store(name, name.span.start),
                    None => compiler.emit(StackOp::Pop, 0, position),
                }
                compiler.block(&catch.body);
            });
            let is_dead = self.is_dead;
            let caught = self.undo_assignments(mark);
            ways.push((!is_dead).then_some(caught));
        }
        self.place(end);
        self.depth = depth;
        self.join_assignments(&ways);
    }

    /// Compiles `body` so that `cleanup` runs on every way out of it.
    fn with_cleanup(&mut self, cleanup: &'a Block<'a>, position: u32, body: impl FnOnce(&mut Self)) {
        let mark = self.assignments();
        let depth = self.depth;
        self.close_regions();
        let guard = self.open_guard(true);
        self.regions.push(Region::Cleanup { block: cleanup, guard });
        body(self);
        self.regions.pop();
        self.close_guard(guard);
        let was_dead = self.is_dead;
        self.cleanup(cleanup);
        let end = self.new_label();
        self.jump(StackOp::Jump, end, position);
        let is_dead = self.is_dead && was_dead;
        let assigned = self.undo_assignments(mark);
        if self.guards_something(guard) {
            self.place_handler(guard);
            self.cleanup(cleanup);
            self.emit(StackOp::Throw, 0, position);
            self.undo_assignments(mark);
        }
        self.place(end);
        self.depth = depth;
        if !is_dead {
            self.join_assignments(&[Some(assigned)]);
        }
    }

    /// `tx { body }`, or the body of a contract's action: every way out of it commits, but an error reverts.
    fn transaction(&mut self, contract: Option<Name>, action: ast::Label, body: &'a Block<'a>, position: u32) {
        match contract {
            Some(this) => self.load(this),
            None => self.constant(Constant::Null, position),
        }
        let name = self.module.tables.name(action.symbol);
        self.emit(StackOp::TxBegin, name, position);
        let mark = self.assignments();
        let depth = self.depth;
        self.close_regions();
        let guard = self.open_guard(true);
        self.regions.push(Region::Transaction { guard, position });
        let is_dead = self.region_of_block(body, |compiler| {
            compiler.block(body);
            compiler.regions.pop();
            let is_dead = compiler.is_dead;
            if !is_dead {
                compiler.commit(false, position);
            }
            is_dead
        });
        self.close_guard(guard);
        let end = self.new_label();
        self.jump(StackOp::Jump, end, position);
        let assigned = self.undo_assignments(mark);
        self.place_handler(guard);
        self.unpaid(|compiler| {
            compiler.emit(StackOp::TxRevert, 0, position);
            compiler.emit(StackOp::Throw, 0, position);
        });
        self.place(end);
        self.depth = depth;
        if !is_dead {
            self.join_assignments(&[Some(assigned)]);
        }
    }

    /// Ends a transaction well. It is guarded like what stands before it: if the caller's copy of a returned value is too large for the heap,
    /// the transaction is still open. `returns` says that the value on the stack is returned.
    fn commit(&mut self, returns: bool, position: u32) {
        if self.is_dead {
            return;
        }
        if !returns {
            self.constant(Constant::Null, position);
        }
        self.emit(StackOp::TxCommit, 0, position);
        if !returns {
            self.emit(StackOp::Pop, 0, position);
        }
    }

    /// `emit event(arguments)`.
    fn emit_event(&mut self, event: ast::Label, arguments: &'a [Expression<'a>], position: u32) {
        arguments.iter().for_each(|argument| self.expression(argument));
        self.emit(StackOp::BuildList, arguments.len() as u32, position);
        let name = self.module.tables.name(event.symbol);
        match self.module.event_dispatcher() {
            Some(dispatcher) => {
                let mark = self.temporaries();
                let temporary = self.new_temporary();
                self.emit(StackOp::Dup, 0, position);
                self.emit(StackOp::StoreLocal, temporary, position);
                self.emit(StackOp::EmitEvent, name, position);
                self.emit(StackOp::LoadLocal, temporary, position);
                self.call(StackOp::CallFuncConst, dispatcher, 2, position);
                self.free_temporaries(mark);
            }
            None => self.emit(StackOp::EmitEvent, name, position),
        }
        self.emit(StackOp::Pop, 0, position);
    }

    /// Emits what leaves all regions from `outermost` on: their cleanup code, then `exit`. None of it is guarded by those regions.
    /// `returns` says that the value on the stack is what the function returns.
    pub(super) fn leave(&mut self, outermost: usize, returns: bool, exit: impl FnOnce(&mut Self)) {
        if self.is_dead {
            return;
        }
        let (depth, mark) = (self.depth, self.assignments());
        let left = self.regions.split_off(outermost);
        for (index, region) in left.iter().enumerate().rev() {
            match *region {
                Region::Loop { .. } => {}
                Region::Guarded { guard } => self.close_guard(guard),
                Region::Transaction { guard, position } => {
                    self.commit(returns, position);
                    self.close_guard(guard);
                }
                Region::Cleanup { block, guard } => {
                    self.close_guard(guard);
                    self.regions.extend_from_slice(&left[..index]);
                    self.cleanup(block);
                    self.regions.truncate(outermost);
                }
            }
        }
        exit(self);
        for region in &left {
            if let Region::Guarded { guard } | Region::Cleanup { guard, .. } | Region::Transaction { guard, .. } =
                *region
            {
                self.reopen_guard(guard);
            }
        }
        self.regions.extend(left);
        self.undo_assignments(mark);
        self.depth = depth;
        self.is_dead = true;
    }

    fn leave_loop(&mut self, is_break: bool, position: u32) {
        let Some(at) = self.regions.iter().rposition(|region| matches!(region, Region::Loop { .. })) else { return };
        let Region::Loop { end, next, depth } = self.regions[at] else { return };
        self.leave(at + 1, false, |compiler| {
            // Inside a match expression, operands of the expression around it may lie on the stack.
            while compiler.depth > depth && !compiler.is_dead {
                compiler.emit(StackOp::Pop, 0, position);
            }
            compiler.jump(StackOp::Jump, if is_break { end } else { next }, position);
        });
        self.close_loop_regions();
    }
}
