//! Expressions.

use isa::{Constant, StackOp};

use super::function::{FunctionCompiler, Label};
use super::returns::Outcome;
use crate::ast::{
    self, BinaryOperator, Expression, ExpressionKind, Function, LogicalOperator, MapEntry, Name, Target, UnaryOperator,
};
use crate::constant::literal;
use crate::resolver::{Binding, Storage};

/// Collections are built in pieces of this many elements, so that no operand stack or register window grows with the source text.
const BUILD_PIECE: usize = 64;
/// Stack left below which the compiler moves to a fresh segment, and the size of one.
const RED_ZONE: usize = 64 << 10;
const STACK_SEGMENT: usize = 1 << 20;

/// Runs what may nest as deeply as the program likes.
pub(super) fn on_fresh_stack<T>(run: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(RED_ZONE, STACK_SEGMENT, run)
}

fn stack_op(operator: BinaryOperator) -> StackOp {
    match operator {
        BinaryOperator::Add => StackOp::Add,
        BinaryOperator::Subtract => StackOp::Sub,
        BinaryOperator::Multiply => StackOp::Mul,
        BinaryOperator::Divide => StackOp::Div,
        BinaryOperator::Modulo => StackOp::Mod,
        BinaryOperator::Power => StackOp::Pow,
        BinaryOperator::Equal => StackOp::Eq,
        BinaryOperator::NotEqual => StackOp::Neq,
        BinaryOperator::Less => StackOp::Lt,
        BinaryOperator::Greater => StackOp::Gt,
        BinaryOperator::LessOrEqual => StackOp::Lte,
        BinaryOperator::GreaterOrEqual => StackOp::Gte,
        BinaryOperator::In => StackOp::In,
    }
}

/// True when the value of an expression is certainly a bool.
fn gives_bool(expression: &Expression<'_>) -> bool {
    match expression.kind {
        ExpressionKind::Bool(_) => true,
        ExpressionKind::Unary { operator, .. } => operator == UnaryOperator::Not,
        ExpressionKind::Binary { operator, .. } => matches!(
            operator,
            BinaryOperator::Equal
                | BinaryOperator::NotEqual
                | BinaryOperator::Less
                | BinaryOperator::Greater
                | BinaryOperator::LessOrEqual
                | BinaryOperator::GreaterOrEqual
                | BinaryOperator::In
        ),
        ExpressionKind::Logical { operator, .. } => operator != LogicalOperator::Coalesce,
        _ => false,
    }
}

impl<'a> FunctionCompiler<'a, '_, '_> {
    /// Compiles an expression; its value ends up on the stack.
    pub(super) fn expression(&mut self, expression: &'a Expression<'a>) {
        let position = expression.position();
        match expression.kind {
            ExpressionKind::Null => self.constant(Constant::Null, position),
            ExpressionKind::Bool(value) => self.constant(Constant::Bool(value), position),
            ExpressionKind::Integer(value) => self.constant(Constant::Int(value), position),
            ExpressionKind::Float(value) => self.constant(Constant::Float(value), position),
            ExpressionKind::String(text) => self.constant(Constant::String(text.into()), position),
            ExpressionKind::Name(name) | ExpressionKind::This(name) => self.load(name),
            ExpressionKind::Function(function) => self.function_value(function, position),
            // Everything below can nest as deeply as the program likes.
            _ => on_fresh_stack(|| self.compound(expression)),
        }
    }

    fn compound(&mut self, expression: &'a Expression<'a>) {
        let position = expression.position();
        match expression.kind {
            ExpressionKind::Interpolation(parts) => self.interpolation(parts, position),
            ExpressionKind::List(elements) => self.list(elements, position),
            ExpressionKind::Map(entries) => self.map(entries, position),
            ExpressionKind::Unary { operator, operand } => {
                if let Some(constant) = literal(expression) {
                    self.constant(constant, position);
                    return;
                }
                self.expression(operand);
                self.emit(if operator == UnaryOperator::Negate { StackOp::Neg } else { StackOp::Not }, 0, position);
            }
            ExpressionKind::Binary { operator, left, right, .. } => {
                self.expression(left);
                self.expression(right);
                self.emit(stack_op(operator), 0, position);
            }
            ExpressionKind::Logical { operator: LogicalOperator::Coalesce, left, right } => {
                let end = self.new_label();
                self.expression(left);
                self.emit(StackOp::Dup, 0, position);
                self.jump(StackOp::JumpIfNotNull, end, position);
                self.emit(StackOp::Pop, 0, position);
                let mark = self.assignments();
                self.region_of(right, |compiler| compiler.expression(right));
                self.undo_assignments(mark);
                self.place(end);
            }
            ExpressionKind::Logical { operator, left, right } => self.logical(operator, left, right, position),
            ExpressionKind::Conditional { condition, then, otherwise } => {
                self.conditional_expression(condition, then, otherwise, position)
            }
            ExpressionKind::Call { callee, arguments } => self.call_expression(callee, arguments, position),
            ExpressionKind::Construct { callee, leading, fields } => self.construct(callee, leading, fields, position),
            ExpressionKind::MethodCall { object, name, arguments } => self.method_call(object, name, arguments),
            ExpressionKind::Attribute { object, name } => self.attribute(object, name),
            ExpressionKind::Index { object, index, .. } => {
                self.expression(object);
                self.expression(index);
                self.emit(StackOp::Index, 0, position);
            }
            ExpressionKind::Slice { object, start, end, .. } => {
                self.expression(object);
                for bound in [start, end] {
                    match bound {
                        Some(bound) => self.expression(bound),
                        None => self.constant(Constant::Null, position),
                    }
                }
                self.emit(StackOp::Slice, 0, position);
            }
            ExpressionKind::Assign { .. } => self.assignment(expression, true),
            ExpressionKind::NewContract(name) => self.new_contract(name, position),
            ExpressionKind::Argument(name) => {
                if let Some(Storage::Slot(slot)) = self.storage(name) {
                    self.emit(StackOp::LoadLocal, slot, position);
                }
            }
            ExpressionKind::Await(task) => {
                self.expression(task);
                self.emit(StackOp::Await, 0, position);
            }
            ExpressionKind::Spawn(call) => self.spawn(call, position),
            ExpressionKind::Match(matching) => self.match_arms(matching, position, Outcome::Wanted),
            ExpressionKind::Null
            | ExpressionKind::Bool(_)
            | ExpressionKind::Integer(_)
            | ExpressionKind::Float(_)
            | ExpressionKind::String(_)
            | ExpressionKind::Name(_)
            | ExpressionKind::This(_)
            | ExpressionKind::Function(_) => unreachable!("simple expressions are compiled by `expression`"),
        }
    }

    /// Pushes the value of a name.
    pub(super) fn load(&mut self, name: Name) {
        let position = name.span.start;
        match self.binding(name) {
            Binding::Capture(index) => {
                let captures = &self.module.analysis.resolved.scope(self.file, self.id).captures;
                let is_cell = captures[index as usize].is_cell;
                self.emit(if is_cell { StackOp::LoadCaptureCell } else { StackOp::LoadCapture }, index, position);
            }
            Binding::Builtin(symbol) => self.predefined(symbol, position),
            Binding::Library(function) => self.constant(Constant::Function(function), position),
            Binding::Unknown(global) => self.emit(StackOp::LoadName, global, position),
            Binding::Member(owner) => {
                self.load_owner(owner, position);
                let index = self.module.tables.name(name.symbol);
                self.emit(StackOp::GetAttr, index, position);
            }
            Binding::Variable { .. } | Binding::Type(_) | Binding::None => match self.storage(name) {
                Some(Storage::Slot(slot)) if !self.is_assigned(slot) => match self.builtin_until_set(name) {
                    Some(builtin) => self.load_or_builtin(slot, builtin, position),
                    None => {
                        self.emit(StackOp::CheckLocal, slot, position);
                        self.emit(StackOp::LoadLocal, slot, position);
                    }
                },
                Some(Storage::Slot(slot)) => self.emit(StackOp::LoadLocal, slot, position),
                Some(Storage::Cell(slot)) => self.emit(StackOp::LoadCell, slot, position),
                Some(Storage::Global(global)) => match self.constant_variable(name) {
                    Some(constant) => self.constant(constant, position),
                    None => self.emit(StackOp::LoadName, global, position),
                },
                Some(Storage::Function(function)) => self.constant(Constant::Function(function), position),
                Some(Storage::Type(index)) => self.constant(Constant::Type(index), position),
                Some(Storage::Enum(index)) => self.constant(Constant::Enum(index), position),
                Some(Storage::Module(index)) => self.constant(Constant::Module(index), position),
                Some(Storage::Builtin(symbol)) => self.predefined(symbol, position),
                Some(Storage::Protocol) | None => self.constant(Constant::Null, position),
            },
        }
    }

    /// Pushes the contract whose member a bare name is.
    pub(super) fn load_owner(&mut self, owner: u32, position: u32) {
        self.load_hidden(self.module.analysis.resolved.files[self.file].owners[owner as usize], position);
    }

    /// A contract without fields, or the error for one that lacks what its protocols ask for.
    fn new_contract(&mut self, name: Name, position: u32) {
        let Some(Storage::Type(index)) = self.storage(name) else {
            return self.constant(Constant::Null, position);
        };
        match self.module.analysis.resolved.types[index as usize].unfulfilled.as_deref() {
            Some(message) => {
                self.constant(Constant::String(message.into()), position);
                self.emit(StackOp::Throw, 0, position);
            }
            None => self.emit(StackOp::NewContract, index, position),
        }
    }

    /// Pushes a variable, or the builtin that it means if it was not set.
    fn load_or_builtin(&mut self, slot: u32, builtin: Binding, position: u32) {
        let (set, end) = (self.new_label(), self.new_label());
        self.emit(StackOp::IsSet, slot, position);
        self.jump(StackOp::JumpIfTrue, set, position);
        let depth = self.depth;
        self.builtin_value(builtin, position);
        self.jump(StackOp::Jump, end, position);
        self.place(set);
        self.depth = depth;
        self.emit(StackOp::LoadLocal, slot, position);
        self.place(end);
    }

    /// A builtin as a value, or a fact about the file.
    fn predefined(&mut self, symbol: crate::names::Symbol, position: u32) {
        let text = self.module.text(symbol);
        let source = &self.module.analysis.program.files[self.file];
        match text {
            "__ARGS__" | "__ARGV__" => {
                let builtin = self.module.tables.builtin_text("__ARGS__");
                self.call(StackOp::CallBuiltin, builtin, 0, position);
            }
            "TX" | "msg" => {
                let builtin = self.module.tables.builtin_text(if text == "TX" { "__TX__" } else { "__msg__" });
                self.call(StackOp::CallBuiltin, builtin, 0, position);
            }
            "__FILE__" | "__file__" => self.constant(Constant::String(source.name.as_str().into()), position),
            "__DIR__" => self.constant(Constant::String(directory(&source.name).into()), position),
            "__MODULE__" => self.constant(Constant::String(module_name(source).into()), position),
            "__PACKAGE__" => self.constant(Constant::String("".into()), position),
            _ => {
                let builtin = self.module.tables.builtin(symbol);
                self.constant(Constant::Builtin(builtin), position);
            }
        }
    }

    /// Pushes a function with what it captures.
    pub(super) fn function_value(&mut self, function: &'a Function<'a>, position: u32) {
        let index = self.program_function(function.id);
        if self.module.analysis.resolved.scope(self.file, function.id).captures.is_empty() {
            self.constant(Constant::Function(index), position);
        } else {
            self.emit(StackOp::MakeFunction, index, position);
        }
    }

    fn interpolation(&mut self, parts: &'a [Expression<'a>], position: u32) {
        let mut pieces = parts.chunks(BUILD_PIECE);
        let first = pieces.next().unwrap_or_default();
        first.iter().for_each(|part| self.expression(part));
        self.emit(StackOp::BuildString, first.len() as u32, position);
        for piece in pieces {
            piece.iter().for_each(|part| self.expression(part));
            self.emit(StackOp::BuildString, piece.len() as u32 + 1, position);
        }
    }

    fn list(&mut self, elements: &'a [Expression<'a>], position: u32) {
        let mut pieces = elements.chunks(BUILD_PIECE);
        let first = pieces.next().unwrap_or_default();
        first.iter().for_each(|element| self.expression(element));
        self.emit(StackOp::BuildList, first.len() as u32, position);
        for piece in pieces {
            piece.iter().for_each(|element| self.expression(element));
            self.emit(StackOp::ListAppend, piece.len() as u32, position);
        }
    }

    fn map(&mut self, entries: &'a [MapEntry<'a>], position: u32) {
        let (first, others) = entries.split_at(entries.len().min(BUILD_PIECE / 2));
        for entry in first {
            self.expression(&entry.key);
            self.expression(&entry.value);
        }
        self.emit(StackOp::BuildMap, first.len() as u32, position);
        for entry in others {
            self.emit(StackOp::Dup, 0, position);
            self.expression(&entry.key);
            self.expression(&entry.value);
            self.emit(StackOp::SetIndex, 0, position);
        }
    }

    /// `&&` and `||` as a value, which is a bool.
    fn logical(
        &mut self,
        operator: LogicalOperator,
        left: &'a Expression<'a>,
        right: &'a Expression<'a>,
        position: u32,
    ) {
        if literal(right).is_some() || self.cannot_fail(right) && !self.is_metered_cleanup() {
            // Evaluating the right side needlessly cannot be noticed, and costs less than a branch.
            self.expression(left);
            self.expression(right);
            self.emit(if operator == LogicalOperator::And { StackOp::And } else { StackOp::Or }, 0, position);
            return;
        }
        let is_and = operator == LogicalOperator::And;
        let (short, end) = (self.new_label(), self.new_label());
        self.branch(left, !is_and, short);
        let depth = self.depth;
        let mark = self.assignments();
        self.region_of(right, |compiler| {
            compiler.expression(right);
            compiler.undo_assignments(mark);
            if !gives_bool(right) {
                compiler.emit(StackOp::ToBool, 0, position);
            }
            compiler.jump(StackOp::Jump, end, position);
        });
        self.place(short);
        self.depth = depth;
        self.constant(Constant::Bool(!is_and), position);
        self.place(end);
        self.depth = depth + 1;
    }

    /// True for literals and variables that certainly have a value.
    pub(super) fn cannot_fail(&self, expression: &Expression<'a>) -> bool {
        match expression.kind {
            ExpressionKind::Name(name) | ExpressionKind::This(name) => match self.storage(name) {
                Some(Storage::Slot(slot)) => self.is_assigned(slot),
                Some(Storage::Global(_)) => self.constant_variable(name).is_some(),
                _ => false,
            },
            _ => literal(expression).is_some(),
        }
    }

    /// The constant that an expression plainly is, also by the name of a variable.
    pub(super) fn known_constant(&self, expression: &Expression<'a>) -> Option<Constant> {
        match expression.kind {
            ExpressionKind::Name(name) => self.constant_variable(name),
            _ => literal(expression),
        }
    }

    /// The constant that a variable of the file's top level certainly is here.
    fn constant_variable(&self, name: Name) -> Option<Constant> {
        let Binding::Variable { owner, .. } = self.binding(name) else { return None };
        let Some(Storage::Global(global)) = self.storage(name) else { return None };
        let constant = self.module.constant_globals.get(&global)?;
        let is_set = constant.file == self.file && (owner != self.id || name.span.start >= constant.set_at);
        is_set.then(|| literal(constant.value)).flatten()
    }

    fn conditional_expression(
        &mut self,
        condition: &'a Expression<'a>,
        then: &'a Expression<'a>,
        otherwise: &'a Expression<'a>,
        position: u32,
    ) {
        let (other, end) = (self.new_label(), self.new_label());
        self.branch(condition, false, other);
        let depth = self.depth;
        let mark = self.assignments();
        self.region_of(then, |compiler| {
            compiler.expression(then);
            compiler.undo_assignments(mark);
            compiler.jump(StackOp::Jump, end, position);
        });
        self.place(other);
        self.depth = depth;
        self.region_of(otherwise, |compiler| compiler.expression(otherwise));
        self.undo_assignments(mark);
        self.place(end);
        self.depth = depth + 1;
    }

    /// Jumps ahead to `target` if the condition's truth is `sense`; goes on otherwise.
    pub(super) fn branch(&mut self, condition: &'a Expression<'a>, sense: bool, target: Label) {
        let position = condition.position();
        match condition.kind {
            ExpressionKind::Unary { operator: UnaryOperator::Not, operand } => {
                on_fresh_stack(|| self.branch(operand, !sense, target));
            }
            ExpressionKind::Logical {
                operator: operator @ (LogicalOperator::And | LogicalOperator::Or),
                left,
                right,
            } => {
                on_fresh_stack(|| {
                    if (operator == LogicalOperator::Or) == sense {
                        self.branch(left, sense, target);
                        let mark = self.assignments();
                        self.region_of(right, |compiler| compiler.branch(right, sense, target));
                        self.undo_assignments(mark);
                    } else {
                        let past = self.new_label();
                        self.branch(left, !sense, past);
                        let mark = self.assignments();
                        self.region_of(right, |compiler| compiler.branch(right, sense, target));
                        self.undo_assignments(mark);
                        self.place(past);
                    }
                });
            }
            ExpressionKind::Bool(value) => {
                if value == sense {
                    self.jump(StackOp::Jump, target, position);
                }
            }
            _ => {
                self.expression(condition);
                self.jump(if sense { StackOp::JumpIfTrue } else { StackOp::JumpIfFalse }, target, position);
            }
        }
    }

    /// Begins another iteration at `start` if the condition holds, goes on (or ahead to `end`) otherwise.
    pub(super) fn loop_branch(&mut self, condition: &'a Expression<'a>, start: Label, end: Label) {
        match condition.kind {
            ExpressionKind::Logical { operator: LogicalOperator::And, left, right } => on_fresh_stack(|| {
                self.branch(left, false, end);
                self.region_of(right, |compiler| compiler.loop_branch(right, start, end));
            }),
            ExpressionKind::Logical { operator: LogicalOperator::Or, left, right } => on_fresh_stack(|| {
                let past = self.new_label();
                self.loop_branch(left, start, past);
                let mark = self.assignments();
                self.place(past);
                self.region_of(right, |compiler| compiler.loop_branch(right, start, end));
                self.undo_assignments(mark);
            }),
            _ => {
                self.expression(condition);
                self.jump(StackOp::LoopIfTrue, start, condition.position());
            }
        }
    }

    /// An assignment; its value is left on the stack if it is wanted.
    pub(super) fn assignment(&mut self, expression: &'a Expression<'a>, is_wanted: bool) {
        let ExpressionKind::Assign { target, operator, value, .. } = expression.kind else { return };
        let position = expression.position();
        match *target {
            Target::Name(name)
                if let (Binding::Member(owner), Some(BinaryOperator::Add), false) =
                    (self.binding(name), operator, is_wanted)
                    && self.cannot_fail(value) =>
            {
                self.load_owner(owner, name.span.start);
                self.expression(value);
                let index = self.module.tables.name(name.symbol);
                self.emit(StackOp::AddAttr, index, position);
            }
            Target::Name(name) if let Binding::Member(owner) = self.binding(name) => {
                self.load_owner(owner, name.span.start);
                let member = ast::Label { symbol: name.symbol, span: name.span };
                self.assign_attribute(member, operator, value, is_wanted, position);
            }
            Target::Name(name) => {
                if operator.is_some() {
                    self.load(name);
                }
                self.expression(value);
                if let Some(operator) = operator {
                    self.emit(stack_op(operator), 0, position);
                }
                if is_wanted {
                    self.emit(StackOp::Dup, 0, position);
                }
                self.store(name, position);
                self.notify(name);
            }
            Target::Attribute { object, name } => {
                self.expression(object);
                self.assign_attribute(name, operator, value, is_wanted, position);
            }
            Target::Index { object, index, .. }
                if (operator, is_wanted) == (Some(BinaryOperator::Add), false)
                    && self.is_member(object)
                    && self.cannot_fail(value) =>
            {
                self.expression(object);
                self.expression(index);
                self.expression(value);
                self.emit(StackOp::AddIndex, 0, position);
            }
            Target::Index { object, index, bracket } => {
                let bracket = if self.is_member(object) { position } else { bracket };
                let mark = self.temporaries();
                if let Some(operator) = operator {
                    if self.is_stable(object, value) && self.is_stable(index, value) {
                        for _ in 0..2 {
                            self.expression(object);
                            self.expression(index);
                        }
                    } else {
                        let temporary = self.new_temporaries(2);
                        self.expression(object);
                        self.emit(StackOp::StoreLocal, temporary, position);
                        self.expression(index);
                        self.emit(StackOp::StoreLocal, temporary + 1, position);
                        for slot in [temporary, temporary + 1, temporary, temporary + 1] {
                            self.emit(StackOp::LoadLocal, slot, position);
                        }
                    }
                    self.emit(StackOp::Index, 0, bracket);
                    self.expression(value);
                    self.emit(stack_op(operator), 0, position);
                } else {
                    self.expression(object);
                    self.expression(index);
                    self.expression(value);
                }
                self.keeping_value(is_wanted, position, |compiler| compiler.emit(StackOp::SetIndex, 0, position));
                self.free_temporaries(mark);
            }
        }
    }

    /// Whether an expression is the name of a field of the contract around it.
    fn is_member(&self, expression: &Expression<'a>) -> bool {
        matches!(expression.kind, ExpressionKind::Name(name) if matches!(self.binding(name), Binding::Member(_)))
    }

    /// Assigns to attribute `name` of the object on the stack.
    fn assign_attribute(
        &mut self,
        name: ast::Label,
        operator: Option<BinaryOperator>,
        value: &'a Expression<'a>,
        is_wanted: bool,
        position: u32,
    ) {
        let index = self.module.tables.name(name.symbol);
        if let Some(operator) = operator {
            self.emit(StackOp::Dup, 0, position);
            self.emit(StackOp::GetAttr, index, name.span.start);
            self.expression(value);
            self.emit(stack_op(operator), 0, position);
        } else {
            self.expression(value);
        }
        self.keeping_value(is_wanted, position, |compiler| compiler.emit(StackOp::SetAttr, index, position));
    }

    /// Emits a store that takes the top of the stack, leaving a copy of that if it is wanted.
    fn keeping_value(&mut self, is_wanted: bool, position: u32, store: impl FnOnce(&mut Self)) {
        if !is_wanted {
            store(self);
            return;
        }
        let mark = self.temporaries();
        let temporary = self.new_temporary();
        self.emit(StackOp::Dup, 0, position);
        self.emit(StackOp::StoreLocal, temporary, position);
        store(self);
        self.emit(StackOp::LoadLocal, temporary, position);
        self.free_temporaries(mark);
    }

    /// True when evaluating `expression` again after `between` gives the same value and cannot be noticed.
    fn is_stable(&self, expression: &Expression<'a>, between: &Expression<'a>) -> bool {
        match expression.kind {
            ExpressionKind::Name(_) | ExpressionKind::This(_) => self.cannot_fail(expression) && !assigns(between),
            _ => literal(expression).is_some(),
        }
    }
}

/// True when evaluating an expression may assign a variable of its own function.
fn assigns(expression: &Expression<'_>) -> bool {
    let mut pending = vec![expression];
    while let Some(expression) = pending.pop() {
        if matches!(expression.kind, ExpressionKind::Assign { .. } | ExpressionKind::Match(_)) {
            return true;
        }
        expression.for_each_child(|child| pending.push(child));
    }
    false
}

fn directory(file: &str) -> &str {
    file.rsplit_once('/').map_or(".", |(directory, _)| directory)
}

fn module_name<'n>(source: &'n crate::program::SourceFile<'_>) -> &'n str {
    if source.kind == crate::program::FileKind::Main { "__main__" } else { &source.name }
}
