//! Calls, construction, and what happens at the beginning of a function.

use runtime::operations::{Callee, Method};
use runtime::{Error, Runtime, Tag, Value};

use super::tables::{Body, Code, Default, Parameter, Place};
use super::variables::content;
use super::{Evaluator, Exit, Frame, Jump};
use crate::ast::{Expression, ExpressionKind, FieldInitializer, Label};
use crate::gas::Node;
use crate::names::Symbol;

impl<'a, 't> Evaluator<'a, 't> {
    /// `callee(arguments)`.
    pub(super) fn call(
        &mut self,
        callee: &'a Expression<'a>,
        arguments: &'a [Expression<'a>],
        position: u32,
    ) -> Result<Value, Exit> {
        let first = self.stack.len();
        // The name of a function, type or builtin always means the same, so it does not wait on the stack for its arguments.
        if let ExpressionKind::Name(name) = callee.kind {
            match self.place(name) {
                Place::Function(function) => {
                    self.push_all(arguments)?;
                    return self.enter(function, Value::NULL, first, position);
                }
                Place::Type(index) => {
                    self.push_all(arguments)?;
                    return self.call_value(Value::indexed(Tag::Type, index), first, position);
                }
                Place::Builtin(index) => {
                    self.push_all(arguments)?;
                    return self.call_builtin(index, first, position);
                }
                Place::Member(owner) => {
                    let contract = self.value_of(self.tables.owners[owner as usize]);
                    self.push(contract);
                    self.push_all(arguments)?;
                    return self.call_member(contract, name.symbol, first, name.span.start);
                }
                _ => {}
            }
        }
        let callee = self.expression(callee)?;
        self.push(callee);
        self.push_all(arguments)?;
        let result = self.call_value(callee, first + 1, position)?;
        self.stack.truncate(first);
        Ok(result)
    }

    /// Calls a builtin by name with the arguments from `first` on.
    fn call_builtin(&mut self, index: u32, first: usize, position: u32) -> Result<Value, Exit> {
        let called = self.tables.builtins[index as usize];
        match self.stack[first..] {
            [argument] if called.is_length => {
                self.stack.truncate(first);
                let outcome = self.runtime.length(argument);
                self.checked(outcome, position)
            }
            _ => self.operate(first, position, |runtime, arguments| runtime.call_builtin(called.builtin, arguments)),
        }
    }

    /// Calls a value with the arguments from `first` on, which are taken off the stack.
    fn call_value(&mut self, callee: Value, first: usize, position: u32) -> Result<Value, Exit> {
        let outcome = self.runtime.callee(callee);
        match self.checked(outcome, position)? {
            Callee::Function(function, closure) => self.enter(function, closure, first, position),
            Callee::Builtin(builtin) => {
                self.operate(first, position, |runtime, arguments| runtime.call_builtin(builtin, arguments))
            }
            Callee::Type(index) => {
                self.operate(first, position, |runtime, arguments| runtime.new_record(index, arguments))
            }
        }
    }

    /// `object.name(arguments)`. The receiver is the first argument of what takes one.
    pub(super) fn method_call(
        &mut self,
        object: &'a Expression<'a>,
        name: Label,
        arguments: &'a [Expression<'a>],
        position: u32,
    ) -> Result<Value, Exit> {
        let first = self.stack.len();
        let receiver = self.expression(object)?;
        self.push(receiver);
        self.push_all(arguments)?;
        self.call_member(receiver, name.symbol, first, position)
    }

    /// Calls a method of `receiver`, which is the first of the values from `first` on; the others are the arguments.
    fn call_member(&mut self, receiver: Value, name: Symbol, first: usize, position: u32) -> Result<Value, Exit> {
        let name = self.name_index(name);
        let outcome = self.runtime.method(receiver, name);
        match self.checked(outcome, position)? {
            Method::Guest(function) => self.enter(function, Value::NULL, first, position),
            Method::Native(method) => {
                self.operate(first, position, |runtime, arguments| runtime.call_native(method, arguments))
            }
            Method::Value(callee) => {
                let result = self.call_value(callee, first + 1, position)?;
                self.stack.truncate(first);
                Ok(result)
            }
        }
    }

    /// `callee{field: value}`. Leading fields have their positions as keys.
    pub(super) fn construct(
        &mut self,
        callee: &'a Expression<'a>,
        leading: &'a [Expression<'a>],
        fields: &'a [FieldInitializer<'a>],
        position: u32,
    ) -> Result<Value, Exit> {
        let first = self.stack.len();
        let callee = self.expression(callee)?;
        self.push(callee);
        for (at, value) in leading.iter().enumerate() {
            self.push(Value::int(at as i64));
            let value = self.expression(value)?;
            self.push(value);
        }
        let names = &self.tables.analysis.program.names;
        for field in fields {
            let key = self.literal(names.text(field.name.symbol));
            self.push(key);
            let value = self.expression(&field.value)?;
            self.push(value);
        }
        let map = self.operate(first + 1, position, Runtime::build_map)?;
        self.push(map);
        let outcome = self.runtime.named_fields(callee, map);
        let (index, values) = self.checked(outcome, position)?;
        self.stack.extend(values);
        let result = match self.runtime.program.types[index as usize].constructor {
            Some(function) => self.enter(function, Value::NULL, first + 2, position)?,
            None => self.operate(first + 2, position, |runtime, fields| Ok(runtime.record_of_fields(index, fields)))?,
        };
        self.stack.truncate(first);
        Ok(result)
    }

    /// Runs a module unless it has begun to run.
    pub(super) fn import(&mut self, module: u32, position: u32) -> Result<(), Exit> {
        if std::mem::replace(&mut self.runtime.modules_run[module as usize], true) {
            return Ok(());
        }
        let function = self.runtime.program.modules[module as usize].function;
        self.enter(function, Value::NULL, self.stack.len(), position)?;
        Ok(())
    }

    /// Calls a function of the program with the arguments from `base` on, which become its first slots.
    pub(super) fn enter(&mut self, function: u32, closure: Value, base: usize, position: u32) -> Result<Value, Exit> {
        if self.depth() >= self.runtime.limits.max_depth {
            return Err(self.raise(Error::depth(), position));
        }
        self.take_fuel(position)?;
        let tables = self.tables;
        let code = &tables.functions[function as usize];
        if code.is_async {
            return self.start_task(function, closure, base, position);
        }
        self.frame.position = position;
        self.callers.push(self.frame);
        self.frame = Frame { function, names: code.names, base, closure, position: 0 };
        let outcome = self.nested(|evaluator| evaluator.run(code));
        self.stack.truncate(base);
        self.frame = self.callers.pop().expect("every call has a caller");
        // What a task leaves undone when it ends the run is not given back in what it ran on top of.
        if matches!(outcome, Err(Exit::Fault(_))) && self.charges.is_some() && !self.shared.is_over.get() {
            self.runtime.refund_call(self.frame.function, position);
        }
        outcome
    }

    /// Runs a function in the current frame, whose arguments are on the stack.
    pub(super) fn run(&mut self, code: &'t Code<'a>) -> Result<Value, Exit> {
        if let Some(charges) = self.charges {
            self.take_gas(charges.functions[self.frame.function as usize])?;
        }
        self.run_paid(code)
    }

    /// The same when its beginning is paid for.
    pub(super) fn run_paid(&mut self, code: &'t Code<'a>) -> Result<Value, Exit> {
        match self.begin(code).and_then(|()| self.body(&code.body)) {
            // Loops stop the other jumps.
            Err(Exit::Jump) if self.jump == Jump::Return => Ok(std::mem::replace(&mut self.result, Value::NULL)),
            outcome => outcome,
        }
    }

    fn body(&mut self, body: &'t Body<'a>) -> Result<Value, Exit> {
        match body {
            Body::Statements(statements) => self.statements(statements).map(|()| Value::NULL),
            Body::Expression(expression) => self.expression(expression),
            &Body::Constructor(index) => self.operate(self.frame.base, self.type_position(index), |runtime, fields| {
                runtime.new_record(index, fields)
            }),
            Body::Globals(members) => {
                self.set_globals(members);
                Ok(Value::NULL)
            }
        }
    }

    /// Where a type's constructor makes the instance.
    fn type_position(&self, index: u32) -> u32 {
        self.tables.analysis.resolved.types[index as usize].entity.name.span.start
    }

    /// Turns arguments into slots, makes cells and hoisted functions, and computes what was not given.
    fn begin(&mut self, code: &'t Code<'a>) -> Result<(), Exit> {
        let base = self.frame.base;
        let given = self.stack.len() - base;
        let parameters = code.parameters as usize;
        let has_defaults = !code.defaults.is_empty() || code.passes_defaults;
        if given != parameters {
            let missing = if has_defaults { Value::UNSET } else { Value::NULL };
            self.stack.resize(base + parameters, missing);
        }
        self.stack.resize(base + code.slots as usize, Value::UNSET);
        if !code.cells.is_empty() {
            code.cells.iter().for_each(|&slot| self.make_cell(slot));
            self.settle(Value::NULL, 0)?;
        }
        code.watchers.iter().for_each(|&place| self.store_place(place, Value::NULL));
        self.set_globals(&code.published);
        for &(place, function) in &code.hoisted {
            let value = self.make_function(function, 0)?;
            self.store_place(place, value);
        }
        for (index, parameter) in code.defaults.iter().enumerate() {
            self.compute_missing(parameter, index < given)?;
        }
        Ok(())
    }

    /// Gives a parameter without an argument its default. What passes arguments on may pass one that was not given.
    fn compute_missing(&mut self, parameter: &Parameter<'a>, is_given: bool) -> Result<(), Exit> {
        let is_missing = match parameter.place {
            Place::Slot(slot) => self.stack[self.frame.base + slot as usize].is_unset(),
            Place::Cell(slot) => content(self.stack[self.frame.base + slot as usize]).is_unset(),
            _ => !is_given,
        };
        if is_missing {
            let value = match parameter.default {
                Default::Null => Value::NULL,
                Default::Expression(default) => {
                    self.pay(Node::expression(default))?;
                    self.expression(default)?
                }
                Default::Call(function, position) => self.enter(function, Value::NULL, self.stack.len(), position)?,
            };
            self.store_place(parameter.place, value);
        }
        Ok(())
    }

    fn set_globals(&mut self, values: &[(u32, Value)]) {
        for &(global, value) in values {
            self.runtime.globals[global as usize] = value;
        }
    }
}
