//! Statements and blocks.

use runtime::{Runtime, Value};

use super::{Evaluator, Exit, Jump};
use crate::ast::{Block, Catch, Expression, Label, Name, Statement, StatementKind, Use};
use crate::gas::Node;
use crate::program::Used;
use crate::resolver::{ModuleBody, ModuleInfo};

use super::tables::Place;

impl<'a> Evaluator<'a, '_> {
    /// Runs a block.
    pub(super) fn block(&mut self, block: &Block<'a>) -> Result<(), Exit> {
        let statements = block.statements;
        self.nested(|evaluator| evaluator.statements(statements))
    }

    /// Runs statements in order. The block of a `defer` is the cleanup of what follows it.
    pub(super) fn statements(&mut self, statements: &'a [Statement<'a>]) -> Result<(), Exit> {
        for (index, statement) in statements.iter().enumerate() {
            self.pay(Node::statement(statement))?;
            if let StatementKind::Defer(ref deferred) = statement.kind {
                return self.with_cleanup(deferred, |evaluator| evaluator.statements(&statements[index + 1..]));
            }
            self.statement(statement)?;
        }
        Ok(())
    }

    fn statement(&mut self, statement: &'a Statement<'a>) -> Result<(), Exit> {
        let position = statement.span.start;
        match statement.kind {
            StatementKind::Expression(expression) => self.expression(expression).map(|_| ()),
            StatementKind::Let { name, value, .. } => {
                let value = value.map_or(Ok(Value::NULL), |value| self.expression(value))?;
                self.store(name, value);
                self.notify(name)
            }
            StatementKind::If { .. } => self.conditional(statement),
            StatementKind::While { condition, ref body } => self.while_loop(condition, body),
            StatementKind::ForEach { first, second, iterable, ref body } => {
                self.for_each(first, second, iterable, body, position)
            }
            StatementKind::Return(value) => {
                self.result = value.map_or(Ok(Value::NULL), |value| self.expression(value))?;
                self.leave(Jump::Return)
            }
            StatementKind::Break | StatementKind::Continue if self.is_idle(position) => Ok(()),
            StatementKind::Break => self.leave(Jump::Break),
            StatementKind::Continue => self.leave(Jump::Continue),
            StatementKind::Print(values) => self.print(values, position),
            StatementKind::Debug(value) => self.print(std::slice::from_ref(value), position),
            StatementKind::LetMap { names, value, .. } => self.destructure_map(names, value),
            StatementKind::LetList { names, rest, value, .. } => self.destructure_list(names, rest, value),
            StatementKind::Throw(value) => {
                let value = self.expression(value)?;
                Err(self.throw(value, position))
            }
            StatementKind::Try { ref body, ref catch, ref finally } => match finally {
                Some(finally) => {
                    self.with_cleanup(finally, |evaluator| evaluator.try_catch(body, catch.as_ref(), position))
                }
                None => self.try_catch(body, catch.as_ref(), position),
            },
            StatementKind::Require { condition, message } => self.require(condition, message, position),
            StatementKind::Revert(reason) => self.revert(reason, position),
            StatementKind::Transaction { contract, action, ref body } => {
                self.transaction(contract, action, body, position)
            }
            StatementKind::Emit { event, arguments } => self.emit_event(event, arguments, position),
            StatementKind::Module(module) => match self.place(module.name) {
                Place::Module(index) => self.import(index, position),
                _ => Ok(()),
            },
            StatementKind::Use(use_) => match self.module_of_use(use_) {
                Some(module) => self.import(module, position),
                None => Ok(()),
            },
            StatementKind::Export { declaration, .. } => {
                declaration.map_or(Ok(()), |declaration| self.statement(declaration))
            }
            // Hoisted, or without effect at run time. What a `defer` guards is the rest of its block, so alone it guards nothing.
            StatementKind::Function(_)
            | StatementKind::Entity(_)
            | StatementKind::Enum(_)
            | StatementKind::Protocol(_)
            | StatementKind::TypeAlias { .. }
            | StatementKind::Defer(_) => Ok(()),
        }
    }

    /// Whether the `break` or `continue` at `position` stands outside of a loop, where it does nothing.
    fn is_idle(&self, position: u32) -> bool {
        let file = self.tables.functions[self.frame.function as usize].file;
        self.tables.analysis.resolved.files[file as usize].idle_jumps.contains(&position)
    }

    /// Sets out on a jump.
    fn leave(&mut self, jump: Jump) -> Result<(), Exit> {
        self.jump = jump;
        Err(Exit::Jump)
    }

    /// `if` with its chain of `elif`, without recursion over the chain.
    fn conditional(&mut self, statement: &'a Statement<'a>) -> Result<(), Exit> {
        let mut statement = statement;
        while let StatementKind::If { condition, ref then, ref otherwise } = statement.kind {
            if self.condition(condition)? {
                self.pay(Node::block(then))?;
                return self.block(then);
            }
            self.pay(otherwise.as_ref().and_then(Node::block))?;
            match otherwise {
                None => return Ok(()),
                Some(Block { statements: [only], .. }) if matches!(only.kind, StatementKind::If { .. }) => {
                    statement = only
                }
                Some(block) => return self.block(block),
            }
        }
        Ok(())
    }

    fn print(&mut self, values: &'a [Expression<'a>], position: u32) -> Result<(), Exit> {
        let first = self.stack.len();
        self.push_all(values)?;
        self.operate(first, position, |runtime, values| runtime.print(values).map(|()| Value::NULL))?;
        Ok(())
    }

    fn require(
        &mut self,
        condition: &'a Expression<'a>,
        message: Option<&'a Expression<'a>>,
        position: u32,
    ) -> Result<(), Exit> {
        let condition = self.expression(condition)?;
        self.push(condition);
        let message = match message {
            Some(message) => self.expression(message)?,
            None => self.literal("Requirement not met"),
        };
        let condition = self.pop();
        let outcome = self.runtime.require(condition, message);
        self.checked(outcome, position)
    }

    fn revert(&mut self, reason: Option<&'a Expression<'a>>, position: u32) -> Result<(), Exit> {
        let message = match reason {
            Some(reason) => {
                let prefix = self.literal("Transaction reverted: ");
                let reason = self.expression(reason)?;
                self.apply([prefix, reason], position, |runtime, parts| runtime.build_string(&parts))?
            }
            None => self.literal("Transaction reverted"),
        };
        Err(self.throw(message, position))
    }

    /// `let {a, b} = map`.
    fn destructure_map(&mut self, names: &'a [Name], value: &'a Expression<'a>) -> Result<(), Exit> {
        let map = self.expression(value)?;
        self.push(map);
        for &name in names {
            let index = self.name_index(name.symbol);
            let outcome = self.runtime.get_attribute(map, index);
            let value = self.checked(outcome, name.span.start)?;
            self.store(name, value);
            self.notify(name)?;
        }
        self.pop();
        Ok(())
    }

    /// `let [a, b, ...rest] = list`.
    fn destructure_list(
        &mut self,
        names: &'a [Name],
        rest: Option<Name>,
        value: &'a Expression<'a>,
    ) -> Result<(), Exit> {
        let list = self.expression(value)?;
        self.push(list);
        for (index, &name) in names.iter().enumerate() {
            let operands = [list, Value::int(index as i64)];
            let value = self.apply(operands, name.span.start, |runtime, [list, index]| runtime.index(list, index))?;
            self.store(name, value);
            self.notify(name)?;
        }
        if let Some(rest) = rest {
            let operands = [list, Value::int(names.len() as i64), Value::NULL];
            let value =
                self.apply(operands, rest.span.start, |runtime, [list, from, to]| runtime.slice(list, from, to))?;
            self.store(rest, value);
            self.notify(rest)?;
        }
        self.pop();
        Ok(())
    }

    /// `try { body } catch (name) { handler }`.
    fn try_catch(&mut self, body: &Block<'a>, catch: Option<&Catch<'a>>, position: u32) -> Result<(), Exit> {
        let height = self.stack.len();
        let outcome = match catch {
            Some(_) => self.pay(Node::block(body)).and_then(|()| self.block(body)),
            None => self.block(body),
        };
        match (outcome, catch) {
            (Err(Exit::Fault(fault)), Some(catch)) if fault.kind.is_catchable() => {
                self.stack.truncate(height);
                let value = self.runtime.landing_value(fault, false);
                self.pay(Node::block(&catch.body))?;
                if let Some(name) = catch.name {
                    self.store(name, value);
                }
                // What was thrown may be all that a loop ever allocates. If too much is in use, the next operation says so.
                if self.runtime.heap.wants_collection() {
                    let _ = self.collect(position);
                }
                self.block(&catch.body)
            }
            (outcome, _) => outcome,
        }
    }

    /// Runs `body`, then `cleanup` on whatever way out of it; the way out is taken up again afterwards, unless the cleanup takes another.
    /// Only errors that nothing can catch skip it.
    fn with_cleanup(
        &mut self,
        cleanup: &Block<'a>,
        body: impl FnOnce(&mut Self) -> Result<(), Exit>,
    ) -> Result<(), Exit> {
        let height = self.stack.len();
        let outcome = self.nested(body);
        // What the way out carries waits on the stack.
        let carried = match &outcome {
            Err(Exit::Fault(fault)) if !fault.kind.is_catchable() => return outcome,
            Err(Exit::Jump) if self.jump == Jump::Cancel => return outcome,
            Err(Exit::Fault(fault)) => fault.value.unwrap_or(Value::NULL),
            _ => std::mem::replace(&mut self.result, Value::NULL),
        };
        let jump = self.jump;
        self.stack.truncate(height);
        self.push(carried);
        self.pay(Node::block(cleanup))?;
        self.block(cleanup)?;
        let carried = self.pop();
        if let Err(Exit::Jump) = outcome {
            (self.jump, self.result) = (jump, carried);
        }
        outcome
    }

    /// `tx { body }`, or the body of a contract's action: every way out of it commits, but an error reverts.
    fn transaction(
        &mut self,
        contract: Option<Name>,
        action: Label,
        body: &Block<'a>,
        position: u32,
    ) -> Result<(), Exit> {
        let contract = contract.map_or(Ok(Value::NULL), |this| self.read(this))?;
        let name = self.name_index(action.symbol);
        let outcome = self.runtime.begin_transaction(contract, name);
        self.checked(outcome, position)?;
        let outcome = self.pay(Node::block(body)).and_then(|()| self.block(body));
        let outcome = outcome.and_then(|()| self.commit(Value::NULL, position)).or_else(|exit| match exit {
            Exit::Jump if self.jump == Jump::Return => {
                let value = std::mem::replace(&mut self.result, Value::NULL);
                self.commit(value, position)?;
                self.leave(Jump::Return)
            }
            Exit::Jump => {
                let jump = self.jump;
                self.commit(Value::NULL, position)?;
                self.leave(jump)
            }
            fault => Err(fault),
        });
        if let Err(Exit::Fault(fault)) = &outcome
            && fault.kind.is_catchable()
        {
            self.runtime.note_failing(fault);
            let outcome = self.runtime.revert_transaction();
            self.checked(outcome, position)?;
        }
        outcome
    }

    /// Ends a transaction well; the value that a `return` out of it gives becomes the result.
    fn commit(&mut self, value: Value, position: u32) -> Result<(), Exit> {
        self.result = self.apply([value], position, |runtime, [value]| runtime.commit_transaction(value))?;
        Ok(())
    }

    /// `emit event(arguments)`.
    fn emit_event(&mut self, event: Label, arguments: &'a [Expression<'a>], position: u32) -> Result<(), Exit> {
        let first = self.stack.len();
        self.push_all(arguments)?;
        let list = self.operate(first, position, Runtime::build_list)?;
        self.push(list);
        let name = self.name_index(event.symbol);
        let handlers = self.apply([list], position, |runtime, [list]| runtime.emit_event(name, list))?;
        if let Some(dispatcher) = self.tables.event_dispatcher {
            let list = self.pop();
            self.push(handlers);
            self.push(list);
            self.enter(dispatcher, Value::NULL, first, position)?;
        }
        self.stack.truncate(first);
        Ok(())
    }

    /// The module that a `use` refers to.
    fn module_of_use(&self, use_: &Use<'a>) -> Option<u32> {
        let analysis = self.tables.analysis;
        let file = self.tables.functions[self.frame.function as usize].file;
        let uses = &analysis.program.files[file as usize].uses;
        let &(_, used) = uses.iter().find(|(offset, _)| *offset == use_.path_span.start)?;
        match used {
            Used::File(file) => analysis.resolved.files[file].module,
            Used::Standard(_) => {
                let is_it = |module: &ModuleInfo<'_>| {
                    matches!(module.body, ModuleBody::Standard(_)) && module.name == use_.path
                };
                analysis.resolved.modules.iter().position(is_it).map(|index| index as u32)
            }
        }
    }
}
