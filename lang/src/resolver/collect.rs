//! First walk over a function: what it declares, without going into nested functions.

use smallvec::SmallVec;

use super::{Declaration, Resolver, Storage};
use crate::ast::{
    Block, Expression, ExpressionKind, MatchBody, Name, Pattern, Statement, StatementKind, Target, UseForm,
};
use crate::diagnostics::Diagnostic;

/// Names that a function assigns but may not declare.
type Assigned = Vec<Name>;

impl<'a> Resolver<'a, '_> {
    /// Declares what `statements` declare in the innermost function. Names that they only assign are declared there too, unless an
    /// enclosing function or the file has them.
    pub(super) fn collect(&mut self, statements: &'a [Statement<'a>]) {
        let mut assigned = Assigned::new();
        self.collect_statements(statements, &mut assigned);
        self.declare_assigned(&assigned);
    }

    /// The same for a function whose body is an expression.
    pub(super) fn collect_body_expression(&mut self, expression: &'a Expression<'a>) {
        let mut assigned = Assigned::new();
        self.collect_expression(expression, &mut assigned);
        self.declare_assigned(&assigned);
    }

    fn declare_assigned(&mut self, assigned: &Assigned) {
        for name in assigned {
            if self.current[name.symbol.0 as usize].depth == 0 && !self.is_contract_member(name.symbol) {
                self.declare(name.symbol, Declaration::Local);
            }
        }
    }

    fn collect_block(&mut self, block: &Block<'a>, assigned: &mut Assigned) {
        self.collect_statements(block.statements, assigned);
    }

    fn collect_statements(&mut self, statements: &'a [Statement<'a>], assigned: &mut Assigned) {
        for statement in statements {
            self.collect_statement(statement, assigned);
        }
    }

    fn collect_statement(&mut self, statement: &'a Statement<'a>, assigned: &mut Assigned) {
        let mut statement = statement;
        loop {
            match statement.kind {
                StatementKind::Let { name, value, .. } => {
                    self.declare(name.symbol, Declaration::Local);
                    if let Some(value) = value {
                        self.collect_expression(value, assigned);
                    }
                }
                StatementKind::LetMap { names, value, .. } => {
                    self.declare_all(names);
                    self.collect_expression(value, assigned);
                }
                StatementKind::LetList { names, rest, value, .. } => {
                    self.declare_all(names);
                    self.declare_all(rest.as_slice());
                    self.collect_expression(value, assigned);
                }
                StatementKind::Expression(expression)
                | StatementKind::Debug(expression)
                | StatementKind::Throw(expression) => {
                    self.collect_expression(expression, assigned);
                }
                StatementKind::Print(expressions) => {
                    expressions.iter().for_each(|value| self.collect_expression(value, assigned))
                }
                StatementKind::If { condition, ref then, ref otherwise } => {
                    self.collect_expression(condition, assigned);
                    self.collect_block(then, assigned);
                    match otherwise {
                        // Chains of `elif` may be long: they are walked, not recursed into.
                        Some(Block { statements: [only], .. }) if matches!(only.kind, StatementKind::If { .. }) => {
                            statement = only;
                            continue;
                        }
                        Some(block) => self.collect_block(block, assigned),
                        None => {}
                    }
                }
                StatementKind::While { condition, ref body } => {
                    self.collect_expression(condition, assigned);
                    self.collect_block(body, assigned);
                }
                StatementKind::ForEach { first, second, iterable, ref body } => {
                    self.declare(first.symbol, Declaration::Local);
                    self.declare_all(second.as_slice());
                    self.collect_expression(iterable, assigned);
                    self.collect_block(body, assigned);
                }
                StatementKind::Break | StatementKind::Continue | StatementKind::TypeAlias { .. } => {}
                StatementKind::Return(value) | StatementKind::Revert(value) => {
                    if let Some(value) = value {
                        self.collect_expression(value, assigned);
                    }
                }
                StatementKind::Try { ref body, ref catch, ref finally } => {
                    self.collect_block(body, assigned);
                    if let Some(catch) = catch {
                        self.declare_all(catch.name.as_slice());
                        self.collect_block(&catch.body, assigned);
                    }
                    if let Some(finally) = finally {
                        self.collect_block(finally, assigned);
                    }
                }
                StatementKind::Require { condition, message } => {
                    self.collect_expression(condition, assigned);
                    if let Some(message) = message {
                        self.collect_expression(message, assigned);
                    }
                }
                StatementKind::Defer(ref block) => self.collect_block(block, assigned),
                StatementKind::Transaction { ref body, .. } => self.collect_block(body, assigned),
                StatementKind::Emit { arguments, .. } => {
                    arguments.iter().for_each(|argument| self.collect_expression(argument, assigned));
                }
                StatementKind::Function(function) => {
                    if let Some(name) = function.name {
                        self.declare(name.symbol, Declaration::Function(function.id));
                        self.frame().scope.hoisted.push(function);
                    }
                }
                StatementKind::Entity(entity) => self.declare_type(entity),
                StatementKind::Enum(declaration) => {
                    let index = self.resolved.enums.len() as u32;
                    self.resolved.enums.push(declaration);
                    self.declare_fixed(declaration.name, Storage::Enum(index));
                }
                StatementKind::Protocol(protocol) => {
                    self.protocols.insert(protocol.name.symbol, protocol);
                    self.declare_fixed(protocol.name, Storage::Protocol);
                }
                StatementKind::Module(module) => self.declare_module(module),
                StatementKind::Use(use_) => {
                    if !self.frame().scope.is_top_level {
                        self.error(
                            Diagnostic::error("'use' stands at the top level of a file or module", use_.path_span)
                                .with_help("move it out of the function"),
                        );
                    } else {
                        self.declare_use(use_);
                    }
                }
                StatementKind::Export { names, declaration } => {
                    let frame = self.frame();
                    frame.exports.extend(names.iter().map(|name| name.symbol));
                    if !frame.scope.is_top_level {
                        self.error(
                            Diagnostic::error("'export' stands at the top level of a file or module", statement.span)
                                .with_help("move it out of the function"),
                        );
                    }
                    if let Some(declaration) = declaration {
                        statement = declaration;
                        continue;
                    }
                }
            }
            return;
        }
    }

    fn declare_all(&mut self, names: &[Name]) {
        for name in names {
            self.declare(name.symbol, Declaration::Local);
        }
    }

    pub(super) fn declare_fixed(&mut self, name: Name, storage: Storage) {
        let entry = self.current[name.symbol.0 as usize];
        if entry.depth == self.frames.len() as u32 {
            let text = self.text(name.symbol).to_string();
            self.error(
                Diagnostic::error(format!("'{text}' is declared twice"), name.span)
                    .with_help("give one of the two another name"),
            );
            return;
        }
        self.declare(name.symbol, Declaration::Fixed(storage));
    }

    fn collect_expression(&mut self, expression: &'a Expression<'a>, assigned: &mut Assigned) {
        // Most expressions are a name or a literal.
        if matches!(expression.kind, ExpressionKind::Name(_) | ExpressionKind::Integer(_) | ExpressionKind::String(_)) {
            return;
        }
        let mut pending: SmallVec<[&'a Expression<'a>; 16]> = SmallVec::new();
        pending.push(expression);
        while let Some(expression) = pending.pop() {
            match expression.kind {
                ExpressionKind::Assign { target: &Target::Name(name), .. } => assigned.push(name),
                ExpressionKind::Match(matching) => {
                    for arm in matching.arms {
                        self.collect_pattern(&arm.pattern);
                        if let MatchBody::Block(block) = &arm.body {
                            self.collect_block(block, assigned);
                        }
                    }
                }
                _ => {}
            }
            expression.for_each_child(|child| pending.push(child));
        }
    }

    fn collect_pattern(&mut self, pattern: &Pattern<'a>) {
        match *pattern {
            Pattern::Wildcard | Pattern::Value(_) => {}
            Pattern::Binding(name) => {
                self.declare(name.symbol, Declaration::Local);
            }
            Pattern::Instance { fields, .. } => fields.iter().for_each(|field| self.collect_pattern(field)),
        }
    }

    /// Declares the names that a `use` brings in.
    fn declare_use(&mut self, use_: &'a crate::ast::Use<'a>) {
        let Some(module) = self.module_of_use(use_) else {
            self.error(
                Diagnostic::error("'use' cannot stand inside an expression", use_.path_span)
                    .with_help("move it before the statement"),
            );
            return;
        };
        match use_.form {
            UseForm::As(name) => self.declare_fixed(name, Storage::Module(module)),
            UseForm::Names(names) => {
                for name in names {
                    let member = self.resolved.modules[module as usize]
                        .members
                        .iter()
                        .find(|member| member.0 == name.exported.symbol);
                    match member {
                        Some(&(_, global)) => self.declare_fixed(name.local, Storage::Global(global)),
                        None => {
                            let text = self.text(name.exported.symbol).to_string();
                            self.error(
                                Diagnostic::error(
                                    format!("'{text}' is not exported from {}", use_.path),
                                    name.exported.span,
                                )
                                .with_help("check the spelling, or export the name there"),
                            );
                        }
                    }
                }
            }
            UseForm::All => self.declare_all_members(module, use_),
        }
    }
}

impl<'a> Expression<'a> {
    /// Calls `visit` for each direct part that is an expression of the same function; not for bodies of functions, nor blocks of match
    /// arms.
    pub fn for_each_child(&self, mut visit: impl FnMut(&'a Expression<'a>)) {
        match self.kind {
            ExpressionKind::Null
            | ExpressionKind::Bool(_)
            | ExpressionKind::Integer(_)
            | ExpressionKind::Float(_)
            | ExpressionKind::String(_)
            | ExpressionKind::Name(_)
            | ExpressionKind::This(_)
            | ExpressionKind::NewContract(_)
            | ExpressionKind::Argument(_)
            | ExpressionKind::Function(_) => {}
            ExpressionKind::Interpolation(parts) | ExpressionKind::List(parts) => parts.iter().for_each(visit),
            ExpressionKind::Map(entries) => entries.iter().for_each(|entry| {
                visit(&entry.key);
                visit(&entry.value);
            }),
            ExpressionKind::Unary { operand, .. } | ExpressionKind::Await(operand) | ExpressionKind::Spawn(operand) => {
                visit(operand)
            }
            ExpressionKind::Binary { left, right, .. } | ExpressionKind::Logical { left, right, .. } => {
                visit(left);
                visit(right);
            }
            ExpressionKind::Conditional { condition, then, otherwise } => {
                visit(condition);
                visit(then);
                visit(otherwise);
            }
            ExpressionKind::Call { callee, arguments }
            | ExpressionKind::MethodCall { object: callee, arguments, .. } => {
                visit(callee);
                arguments.iter().for_each(visit);
            }
            ExpressionKind::Construct { callee, leading, fields } => {
                visit(callee);
                leading.iter().for_each(&mut visit);
                fields.iter().for_each(|field| visit(&field.value));
            }
            ExpressionKind::Attribute { object, .. } => visit(object),
            ExpressionKind::Index { object, index, .. } => {
                visit(object);
                visit(index);
            }
            ExpressionKind::Slice { object, start, end, .. } => {
                visit(object);
                start.into_iter().chain(end).for_each(visit);
            }
            ExpressionKind::Assign { target, value, .. } => {
                match *target {
                    Target::Name(_) => {}
                    Target::Attribute { object, .. } => visit(object),
                    Target::Index { object, index, .. } => {
                        visit(object);
                        visit(index);
                    }
                }
                visit(value);
            }
            ExpressionKind::Match(matching) => {
                visit(matching.subject);
                for arm in matching.arms {
                    arm.pattern.for_each_value(&mut visit);
                    if let MatchBody::Expression(body) = arm.body {
                        visit(body);
                    }
                }
            }
        }
    }
}

impl<'a> Pattern<'a> {
    fn for_each_value(&self, visit: &mut impl FnMut(&'a Expression<'a>)) {
        match *self {
            Pattern::Value(value) => visit(value),
            Pattern::Instance { fields, .. } => fields.iter().for_each(|field| field.for_each_value(visit)),
            Pattern::Wildcard | Pattern::Binding(_) => {}
        }
    }
}
