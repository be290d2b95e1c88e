//! Expressions.

use runtime::operations::Comparison;
use runtime::{Fault, Runtime, Value};

use super::tables::Place;
use super::{Evaluator, Exit};
use crate::ast::{
    BinaryOperator, Expression, ExpressionKind, Label, LogicalOperator, MapEntry, Name, Target, UnaryOperator,
};
use crate::gas::Node;

/// Collections are built in pieces of this many values, as compiled code does: what a later piece does shows in the order of errors.
const BUILD_PIECE: usize = 64;

impl<'a> Evaluator<'a, '_> {
    /// The value of an expression.
    pub(super) fn expression(&mut self, expression: &'a Expression<'a>) -> Result<Value, Exit> {
        match expression.kind {
            ExpressionKind::Name(name) | ExpressionKind::This(name) => self.read(name),
            ExpressionKind::Integer(value) => Ok(Value::int(value)),
            ExpressionKind::String(text) => Ok(self.literal(text)),
            ExpressionKind::Null => Ok(Value::NULL),
            ExpressionKind::Bool(value) => Ok(Value::bool(value)),
            ExpressionKind::Float(value) => Ok(Value::float(value)),
            _ => self.nested(|evaluator| evaluator.compound(expression)),
        }
    }

    /// The value of an expression that may have parts.
    fn compound(&mut self, expression: &'a Expression<'a>) -> Result<Value, Exit> {
        let position = expression.position();
        match expression.kind {
            ExpressionKind::Binary { operator, left, right, .. } => {
                let left = self.expression(left)?;
                self.binary(operator, left, right, position)
            }
            ExpressionKind::Call { callee, arguments } => self.call(callee, arguments, position),
            ExpressionKind::MethodCall { object, name, arguments } => {
                self.method_call(object, name, arguments, position)
            }
            ExpressionKind::Index { object, index, .. } => {
                let object = self.expression(object)?;
                self.push(object);
                let index = self.expression(index)?;
                let object = self.pop();
                self.apply([object, index], position, |runtime, [object, index]| runtime.index(object, index))
            }
            ExpressionKind::Attribute { object, name } => self.attribute(object, name, position),
            ExpressionKind::Assign { target, operator, value, .. } => self.assign(target, operator, value, position),
            ExpressionKind::Logical { operator, left, right } => self.logical(operator, left, right),
            ExpressionKind::Conditional { condition, then, otherwise } => {
                let chosen = if self.condition(condition)? { then } else { otherwise };
                self.pay(Node::expression(chosen))?;
                self.expression(chosen)
            }
            ExpressionKind::Unary { operator, operand } => {
                let value = self.expression(operand)?;
                match operator {
                    UnaryOperator::Not => Ok(Value::bool(!self.runtime.is_true(value))),
                    UnaryOperator::Negate => {
                        let outcome = self.runtime.negate(value);
                        self.checked(outcome, position)
                    }
                }
            }
            ExpressionKind::Function(function) => self.function_value(function.id, position),
            ExpressionKind::List(elements) => self.list(elements, position),
            ExpressionKind::Map(entries) => self.map(entries, position),
            ExpressionKind::Interpolation(parts) => self.interpolation(parts, position),
            ExpressionKind::Slice { object, start, end, .. } => self.slice(object, start, end, position),
            ExpressionKind::Construct { callee, leading, fields } => self.construct(callee, leading, fields, position),
            ExpressionKind::Await(task) => {
                let task = self.expression(task)?;
                self.await_value(task, position)
            }
            ExpressionKind::Spawn(call) => self.spawn(call, position),
            ExpressionKind::Match(matching) => self.match_expression(matching, position),
            ExpressionKind::NewContract(name) => self.new_contract(name, position),
            ExpressionKind::Argument(name) => Ok(self.argument(name)),
            ExpressionKind::Null
            | ExpressionKind::Bool(_)
            | ExpressionKind::Integer(_)
            | ExpressionKind::Float(_)
            | ExpressionKind::String(_)
            | ExpressionKind::Name(_)
            | ExpressionKind::This(_) => self.expression(expression),
        }
    }

    /// Evaluates expressions in order; their values stay on the stack.
    pub(super) fn push_all(&mut self, expressions: &'a [Expression<'a>]) -> Result<(), Exit> {
        for expression in expressions {
            let value = self.expression(expression)?;
            self.push(value);
        }
        Ok(())
    }

    /// The value of an expression, or null where there is none.
    fn optional(&mut self, expression: Option<&'a Expression<'a>>) -> Result<Value, Exit> {
        expression.map_or(Ok(Value::NULL), |expression| self.expression(expression))
    }

    /// `left operator right`, where `left` has been evaluated.
    #[inline]
    fn binary(
        &mut self,
        operator: BinaryOperator,
        left: Value,
        right: &'a Expression<'a>,
        position: u32,
    ) -> Result<Value, Exit> {
        self.push(left);
        let b = self.expression(right)?;
        let a = self.pop();
        match integers(operator, a, b) {
            Some(value) => Ok(value),
            None => self.operator(operator, a, b, position),
        }
    }

    /// `a operator b` for operands of any kind.
    fn operator(&mut self, operator: BinaryOperator, a: Value, b: Value, position: u32) -> Result<Value, Exit> {
        type Operation = fn(&mut Runtime, Value, Value) -> Result<Value, Fault>;
        let operation: Operation = match operator {
            BinaryOperator::Add => Runtime::add,
            BinaryOperator::Subtract => Runtime::subtract,
            BinaryOperator::Multiply => Runtime::multiply,
            BinaryOperator::Divide => Runtime::divide,
            BinaryOperator::Modulo => Runtime::modulo,
            BinaryOperator::Power => Runtime::power,
            BinaryOperator::Equal => |runtime, a, b| Ok(Value::bool(runtime.equals(a, b))),
            BinaryOperator::NotEqual => |runtime, a, b| Ok(Value::bool(!runtime.equals(a, b))),
            BinaryOperator::Less => |runtime, a, b| runtime.compare(Comparison::Less, a, b).map(Value::bool),
            BinaryOperator::Greater => |runtime, a, b| runtime.compare(Comparison::Greater, a, b).map(Value::bool),
            BinaryOperator::LessOrEqual => {
                |runtime, a, b| runtime.compare(Comparison::LessOrEqual, a, b).map(Value::bool)
            }
            BinaryOperator::GreaterOrEqual => {
                |runtime, a, b| runtime.compare(Comparison::GreaterOrEqual, a, b).map(Value::bool)
            }
            BinaryOperator::In => |runtime, a, b| runtime.contains(a, b).map(Value::bool),
        };
        self.apply([a, b], position, |runtime, [a, b]| operation(runtime, a, b))
    }

    /// Whether the value of an expression counts as true.
    #[inline]
    pub(super) fn condition(&mut self, condition: &'a Expression<'a>) -> Result<bool, Exit> {
        let value = self.expression(condition)?;
        Ok(self.runtime.is_true(value))
    }

    /// `&&` and `||` give a bool; `??` gives one of its sides.
    fn logical(
        &mut self,
        operator: LogicalOperator,
        left: &'a Expression<'a>,
        right: &'a Expression<'a>,
    ) -> Result<Value, Exit> {
        let left = self.expression(left)?;
        match operator {
            LogicalOperator::And if !self.runtime.is_true(left) => Ok(Value::FALSE),
            LogicalOperator::Or if self.runtime.is_true(left) => Ok(Value::TRUE),
            LogicalOperator::And | LogicalOperator::Or => {
                self.pay(Node::expression(right))?;
                self.condition(right).map(Value::bool)
            }
            LogicalOperator::Coalesce if left.is_null() => {
                self.pay(Node::expression(right))?;
                self.expression(right)
            }
            LogicalOperator::Coalesce => Ok(left),
        }
    }

    fn list(&mut self, elements: &'a [Expression<'a>], position: u32) -> Result<Value, Exit> {
        let first = self.stack.len();
        let (piece, others) = elements.split_at(elements.len().min(BUILD_PIECE));
        self.push_all(piece)?;
        let list = self.operate(first, position, Runtime::build_list)?;
        if others.is_empty() {
            return Ok(list);
        }
        self.push(list);
        for piece in others.chunks(BUILD_PIECE) {
            self.push_all(piece)?;
            self.operate(first + 1, position, |runtime, values| runtime.list_append(list, values))?;
        }
        Ok(self.pop())
    }

    fn map(&mut self, entries: &'a [MapEntry<'a>], position: u32) -> Result<Value, Exit> {
        let first = self.stack.len();
        let (piece, others) = entries.split_at(entries.len().min(BUILD_PIECE / 2));
        for entry in piece {
            let key = self.expression(&entry.key)?;
            self.push(key);
            let value = self.expression(&entry.value)?;
            self.push(value);
        }
        let map = self.operate(first, position, Runtime::build_map)?;
        if others.is_empty() {
            return Ok(map);
        }
        self.push(map);
        for entry in others {
            let key = self.expression(&entry.key)?;
            self.push(key);
            let value = self.expression(&entry.value)?;
            let key = self.pop();
            self.apply([map, key, value], position, |runtime, [map, key, value]| {
                runtime.set_index(map, key, value).map(|()| map)
            })?;
        }
        Ok(self.pop())
    }

    fn interpolation(&mut self, parts: &'a [Expression<'a>], position: u32) -> Result<Value, Exit> {
        let first = self.stack.len();
        let mut text = None;
        for piece in parts.chunks(BUILD_PIECE) {
            self.stack.extend(text);
            self.push_all(piece)?;
            text = Some(self.operate(first, position, Runtime::build_string)?);
        }
        match text {
            Some(text) => Ok(text),
            None => self.operate(first, position, Runtime::build_string),
        }
    }

    fn slice(
        &mut self,
        object: &'a Expression<'a>,
        start: Option<&'a Expression<'a>>,
        end: Option<&'a Expression<'a>>,
        position: u32,
    ) -> Result<Value, Exit> {
        let object = self.expression(object)?;
        self.push(object);
        let start = self.optional(start)?;
        self.push(start);
        let end = self.optional(end)?;
        let start = self.pop();
        let object = self.pop();
        self.apply([object, start, end], position, |runtime, [object, start, end]| runtime.slice(object, start, end))
    }

    fn attribute(&mut self, object: &'a Expression<'a>, name: Label, position: u32) -> Result<Value, Exit> {
        if let ExpressionKind::Name(owner) = object.kind
            && let Place::Enum(index) = self.place(owner)
        {
            return Ok(self.tables.enum_member(index, name.symbol));
        }
        let object = self.expression(object)?;
        let index = self.name_index(name.symbol);
        self.apply([object], position, |runtime, [object]| runtime.get_attribute(object, index))
    }

    /// A contract without fields, or the error for one that lacks what its protocols ask for.
    fn new_contract(&mut self, name: Name, position: u32) -> Result<Value, Exit> {
        let Place::Type(index) = self.place(name) else { return Ok(Value::NULL) };
        match &self.tables.analysis.resolved.types[index as usize].unfulfilled {
            Some(message) => {
                let message = self.literal(message);
                Err(self.throw(message, position))
            }
            None => self.apply([], position, |runtime, []| runtime.new_contract(index)),
        }
    }

    /// An assignment; its value is what was stored.
    fn assign(
        &mut self,
        target: &'a Target<'a>,
        operator: Option<BinaryOperator>,
        value: &'a Expression<'a>,
        position: u32,
    ) -> Result<Value, Exit> {
        match *target {
            Target::Name(name) if let Place::Member(owner) = self.place(name) => {
                let contract = self.value_of(self.tables.owners[owner as usize]);
                self.assign_attribute(
                    contract,
                    Label { symbol: name.symbol, span: name.span },
                    operator,
                    value,
                    position,
                )
            }
            Target::Name(name) => {
                let value = match operator {
                    None => self.expression(value)?,
                    Some(operator) => {
                        let old = self.read(name)?;
                        self.binary(operator, old, value, position)?
                    }
                };
                self.store(name, value);
                if !self.tables.notified.is_empty() {
                    self.push(value);
                    self.notify(name)?;
                    self.pop();
                }
                Ok(value)
            }
            Target::Attribute { object, name } => {
                let object = self.expression(object)?;
                self.assign_attribute(object, name, operator, value, position)
            }
            Target::Index { object, index, bracket } => {
                let target = object;
                let object = self.expression(object)?;
                self.push(object);
                let index = self.expression(index)?;
                self.push(index);
                let value = match operator {
                    None => self.expression(value)?,
                    Some(operator) => {
                        // Of what is in the state, what is read and what is written is one operation.
                        let is_member = |name| matches!(self.place(name), Place::Member(_));
                        let is_state = matches!(target.kind, ExpressionKind::Name(name) if is_member(name));
                        let bracket = if is_state { position } else { bracket };
                        let old = self
                            .apply([object, index], bracket, |runtime, [object, index]| runtime.index(object, index))?;
                        self.binary(operator, old, value, position)?
                    }
                };
                let index = self.pop();
                let object = self.pop();
                self.apply([object, index, value], position, |runtime, [object, index, value]| {
                    runtime.set_index(object, index, value).map(|()| value)
                })
            }
        }
    }
}

impl<'a> Evaluator<'a, '_> {
    /// `object.name operator= value`; the value stored.
    fn assign_attribute(
        &mut self,
        object: Value,
        name: Label,
        operator: Option<BinaryOperator>,
        value: &'a Expression<'a>,
        position: u32,
    ) -> Result<Value, Exit> {
        self.push(object);
        let index = self.name_index(name.symbol);
        let value = match operator {
            None => self.expression(value)?,
            Some(operator) => {
                let old =
                    self.apply([object], name.span.start, |runtime, [object]| runtime.get_attribute(object, index))?;
                self.binary(operator, old, value, position)?
            }
        };
        let object = self.pop();
        self.apply([object, value], position, |runtime, [object, value]| {
            runtime.set_attribute(object, index, value).map(|()| value)
        })
    }
}

/// What most operations of most programs are: arithmetic and comparisons of two integers whose result is one too, or a bool.
#[inline]
fn integers(operator: BinaryOperator, a: Value, b: Value) -> Option<Value> {
    let (a, b) = (a.as_int()?, b.as_int()?);
    match operator {
        BinaryOperator::Add => a.checked_add(b).map(Value::int),
        BinaryOperator::Subtract => a.checked_sub(b).map(Value::int),
        BinaryOperator::Multiply => a.checked_mul(b).map(Value::int),
        BinaryOperator::Equal => Some(Value::bool(a == b)),
        BinaryOperator::NotEqual => Some(Value::bool(a != b)),
        BinaryOperator::Less => Some(Value::bool(a < b)),
        BinaryOperator::Greater => Some(Value::bool(a > b)),
        BinaryOperator::LessOrEqual => Some(Value::bool(a <= b)),
        BinaryOperator::GreaterOrEqual => Some(Value::bool(a >= b)),
        BinaryOperator::Divide | BinaryOperator::Modulo | BinaryOperator::Power | BinaryOperator::In => None,
    }
}
