//! The tree as text: one nested list in parentheses per node, for tests and for looking at what the parser made of something.
//!
//! Statements stand on lines of their own, indented by their blocks; an expression stands on one line, unless it has blocks in it.

use super::{STACK_RESERVE, STACK_STEP};
use crate::ast::*;
use crate::names::{Interner, Symbol};
use std::fmt::Write;

/// The whole file as text.
pub fn dump(file: &File, names: &Interner) -> String {
    let mut dump = Dump { names, output: String::new(), indentation: 0 };
    for (number, statement) in file.statements.iter().enumerate() {
        if number > 0 {
            dump.output.push('\n');
        }
        dump.statement(statement);
    }
    if !dump.output.is_empty() {
        dump.output.push('\n');
    }
    dump.output
}

struct Dump<'n> {
    names: &'n Interner,
    output: String,
    indentation: usize,
}

impl<'n> Dump<'n> {
    fn put(&mut self, text: &str) {
        self.output.push_str(text);
    }

    fn text(&self, symbol: Symbol) -> &'n str {
        self.names.text(symbol)
    }

    fn new_line(&mut self) {
        self.output.push('\n');
        for _ in 0..self.indentation {
            self.output.push_str("  ");
        }
    }

    /// `(head …)` around what `inside` writes.
    fn node(&mut self, head: &str, inside: impl FnOnce(&mut Self)) {
        self.put("(");
        self.put(head);
        inside(self);
        self.put(")");
    }

    fn word(&mut self, symbol: Symbol) {
        let text = self.text(symbol);
        self.put(" ");
        self.put(text);
    }

    fn names(&mut self, names: &[Name]) {
        for name in names {
            self.word(name.symbol);
        }
    }

    fn space_and(&mut self, expression: &Expression) {
        self.put(" ");
        self.expression(expression);
    }

    fn expressions(&mut self, expressions: &[Expression]) {
        for expression in expressions {
            self.space_and(expression);
        }
    }

    fn optional(&mut self, expression: Option<&Expression>) {
        match expression {
            Some(expression) => self.space_and(expression),
            None => self.put(" -"),
        }
    }

    fn annotation(&mut self, annotation: Option<&TypeExpression>) {
        if let Some(annotation) = annotation {
            self.put(" :");
            self.type_expression(annotation);
        }
    }

    fn type_expression(&mut self, expression: &TypeExpression) {
        self.put(self.text(expression.name.symbol));
        if !expression.arguments.is_empty() {
            self.put("<");
            for (number, argument) in expression.arguments.iter().enumerate() {
                if number > 0 {
                    self.put(",");
                }
                self.type_expression(argument);
            }
            self.put(">");
        }
        if expression.is_array {
            self.put("[]");
        }
    }

    /// The statements of a block, each on a line of its own, one step further in.
    fn block(&mut self, block: &Block) {
        if block.statements.is_empty() {
            self.put(" {}");
        }
        self.indentation += 1;
        for statement in block.statements {
            self.new_line();
            self.statement(statement);
        }
        self.indentation -= 1;
    }

    /// A word for the second block of a statement, on a line of its own.
    fn clause(&mut self, word: &str, block: &Block) {
        self.new_line();
        self.put(word);
        self.block(block);
    }

    fn statement(&mut self, statement: &Statement) {
        stacker::maybe_grow(STACK_RESERVE, STACK_STEP, || self.statement_inner(statement));
    }

    fn statement_inner(&mut self, statement: &Statement) {
        match &statement.kind {
            StatementKind::Let { name, annotation, value, constant } => self.node(let_word(*constant), |dump| {
                dump.word(name.symbol);
                dump.annotation(*annotation);
                if let Some(value) = value {
                    dump.space_and(value);
                }
            }),
            StatementKind::LetMap { names, value, constant } => self.node(let_word(*constant), |dump| {
                dump.put(" {");
                dump.names(names);
                dump.put(" }");
                dump.space_and(value);
            }),
            StatementKind::LetList { names, rest, value, constant } => self.node(let_word(*constant), |dump| {
                dump.put(" [");
                dump.names(names);
                if let Some(rest) = rest {
                    let _ = write!(dump.output, " ...{}", dump.names.text(rest.symbol));
                }
                dump.put(" ]");
                dump.space_and(value);
            }),
            StatementKind::Expression(expression) => self.expression(expression),
            StatementKind::Print(values) => self.node("print", |dump| dump.expressions(values)),
            StatementKind::Debug(value) => self.node("debug", |dump| dump.space_and(value)),
            StatementKind::If { condition, then, otherwise } => self.if_chain(condition, then, *otherwise),
            StatementKind::While { condition, body } => self.node("while", |dump| {
                dump.space_and(condition);
                dump.block(body);
            }),
            StatementKind::ForEach { first, second, iterable, body } => self.node("for", |dump| {
                dump.word(first.symbol);
                if let Some(second) = second {
                    dump.word(second.symbol);
                }
                dump.put(" in");
                dump.space_and(iterable);
                dump.block(body);
            }),
            StatementKind::Break => self.put("(break)"),
            StatementKind::Continue => self.put("(continue)"),
            StatementKind::Return(value) => self.node("return", |dump| {
                if let Some(value) = value {
                    dump.space_and(value);
                }
            }),
            StatementKind::Throw(value) => self.node("throw", |dump| dump.space_and(value)),
            StatementKind::Try { body, catch, finally } => self.node("try", |dump| {
                dump.block(body);
                if let Some(catch) = catch {
                    dump.new_line();
                    dump.put("catch");
                    if let Some(name) = catch.name {
                        dump.word(name.symbol);
                    }
                    dump.block(&catch.body);
                }
                if let Some(finally) = finally {
                    dump.clause("finally", finally);
                }
            }),
            StatementKind::Require { condition, message } => self.node("require", |dump| {
                dump.space_and(condition);
                if let Some(message) = message {
                    dump.space_and(message);
                }
            }),
            StatementKind::Revert(reason) => self.node("revert", |dump| {
                if let Some(reason) = reason {
                    dump.space_and(reason);
                }
            }),
            StatementKind::Defer(block) => self.node("defer", |dump| dump.block(block)),
            StatementKind::Transaction { contract, action, body } => self.node("transaction", |dump| {
                if let Some(this) = contract {
                    dump.word(this.symbol);
                }
                dump.word(action.symbol);
                dump.block(body);
            }),
            StatementKind::Emit { event, arguments } => self.node("emit", |dump| {
                dump.word(event.symbol);
                dump.expressions(arguments);
            }),
            StatementKind::Function(function) => self.function(function),
            StatementKind::Entity(entity) => self.entity(entity),
            StatementKind::Enum(enumeration) => self.node("enum", |dump| {
                dump.word(enumeration.name.symbol);
                for member in enumeration.members {
                    let _ = write!(dump.output, " {}={}", dump.names.text(member.name.symbol), member.value);
                }
            }),
            StatementKind::Protocol(protocol) => self.node("protocol", |dump| {
                dump.word(protocol.name.symbol);
                for method in protocol.methods {
                    dump.word(method.symbol);
                }
            }),
            StatementKind::Module(module) => self.node("module", |dump| {
                dump.word(module.name.symbol);
                let _ = write!(dump.output, " #{}", module.id.0);
                dump.block(&module.body);
            }),
            StatementKind::Use(use_statement) => self.use_statement(use_statement),
            StatementKind::Export { names, declaration } => self.node("export", |dump| {
                dump.names(names);
                if let Some(declaration) = declaration {
                    dump.indentation += 1;
                    dump.new_line();
                    dump.statement(declaration);
                    dump.indentation -= 1;
                }
            }),
            StatementKind::TypeAlias { name, target } => self.node("type_alias", |dump| {
                dump.word(name.symbol);
                dump.annotation(Some(target));
            }),
        }
    }

    /// An `if` with its `else if`s, by a loop.
    fn if_chain(&mut self, condition: &Expression, then: &Block, mut otherwise: Option<Block>) {
        self.put("(if ");
        self.expression(condition);
        self.block(then);
        while let Some(block) = otherwise {
            let [Statement { kind: StatementKind::If { condition, then, otherwise: next }, .. }] = block.statements
            else {
                self.clause("else", &block);
                break;
            };
            self.new_line();
            self.put("elif ");
            self.expression(condition);
            self.block(then);
            otherwise = *next;
        }
        self.put(")");
    }

    fn use_statement(&mut self, use_statement: &Use) {
        self.node("use", |dump| {
            let _ = write!(dump.output, " {:?}", use_statement.path);
            match use_statement.form {
                UseForm::All => {}
                UseForm::As(name) => {
                    dump.put(" as");
                    dump.word(name.symbol);
                }
                UseForm::Names(names) => {
                    for name in names {
                        dump.word(name.exported.symbol);
                        if name.local.symbol != name.exported.symbol {
                            dump.put(" as");
                            dump.word(name.local.symbol);
                        }
                    }
                }
            }
        });
    }

    fn entity(&mut self, entity: &Entity) {
        let head = match entity.kind {
            TypeKind::Entity => "entity",
            TypeKind::Data => "data",
            TypeKind::Contract => "contract",
        };
        self.node(head, |dump| {
            dump.word(entity.name.symbol);
            if let Some(parent) = entity.parent {
                dump.put(" extends");
                dump.type_path(&parent);
            }
            if !entity.protocols.is_empty() {
                dump.put(" implements");
                dump.names(entity.protocols);
            }
            dump.indentation += 1;
            for field in entity.fields {
                dump.new_line();
                dump.node("field", |dump| {
                    dump.word(field.name.symbol);
                    dump.annotation(field.annotation);
                    if let Some(default) = field.default {
                        dump.space_and(default);
                    }
                });
            }
            for method in entity.methods.iter().chain(entity.constructor.as_slice()) {
                dump.new_line();
                dump.function(method);
            }
            dump.indentation -= 1;
        });
    }

    fn function(&mut self, function: &Function) {
        let head = match function.kind {
            FunctionKind::Declaration => "action",
            FunctionKind::Literal => "fn",
            FunctionKind::Method => "method",
            FunctionKind::Constructor { .. } => "constructor",
        };
        self.node(head, |dump| {
            let _ = write!(dump.output, " #{}", function.id.0);
            if let Some(name) = function.name {
                dump.word(name.symbol);
            }
            if function.is_async {
                dump.put(" async");
            }
            for modifier in function.modifiers {
                let _ = write!(dump.output, " @{}", dump.names.text(modifier.symbol));
            }
            dump.put(" (");
            for (number, parameter) in function.parameters.iter().enumerate() {
                if number > 0 {
                    dump.put(" ");
                }
                dump.put(dump.text(parameter.name.symbol));
                dump.annotation(parameter.annotation);
                if let Some(default) = parameter.default {
                    dump.put(" =");
                    dump.space_and(default);
                }
            }
            dump.put(")");
            if let Some(result) = function.result {
                dump.put(" ->");
                dump.type_expression(result);
            }
            match &function.body {
                FunctionBody::Block(block) => dump.block(block),
                FunctionBody::Expression(expression) => dump.space_and(expression),
            }
        });
    }

    fn expression(&mut self, expression: &Expression) {
        stacker::maybe_grow(STACK_RESERVE, STACK_STEP, || self.expression_inner(expression));
    }

    fn expression_inner(&mut self, expression: &Expression) {
        match &expression.kind {
            ExpressionKind::Null => self.put("null"),
            ExpressionKind::Bool(value) => self.put(if *value { "true" } else { "false" }),
            ExpressionKind::Integer(value) => {
                let _ = write!(self.output, "{value}");
            }
            ExpressionKind::Float(value) => {
                let _ = write!(self.output, "{value:?}");
            }
            ExpressionKind::String(text) => {
                let _ = write!(self.output, "{text:?}");
            }
            ExpressionKind::Interpolation(pieces) => self.node("$", |dump| dump.expressions(pieces)),
            ExpressionKind::Name(name) | ExpressionKind::This(name) | ExpressionKind::Argument(name) => {
                self.put(self.text(name.symbol))
            }
            ExpressionKind::Await(task) => self.node("await", |dump| dump.space_and(task)),
            ExpressionKind::Spawn(call) => self.node("spawn", |dump| dump.space_and(call)),
            ExpressionKind::NewContract(name) => self.node("new", |dump| dump.word(name.symbol)),
            ExpressionKind::List(elements) => self.node("list", |dump| dump.expressions(elements)),
            ExpressionKind::Map(entries) => self.node("map", |dump| {
                for entry in *entries {
                    dump.put(" [");
                    dump.expression(&entry.key);
                    dump.space_and(&entry.value);
                    dump.put("]");
                }
            }),
            ExpressionKind::Unary { operator, operand } => {
                self.node(unary_text(*operator), |dump| dump.space_and(operand));
            }
            ExpressionKind::Binary { operator, left, right, .. } => self.node(binary_text(*operator), |dump| {
                dump.space_and(left);
                dump.space_and(right);
            }),
            ExpressionKind::Logical { operator, left, right } => self.node(logical_text(*operator), |dump| {
                dump.space_and(left);
                dump.space_and(right);
            }),
            ExpressionKind::Conditional { condition, then, otherwise } => self.node("?", |dump| {
                dump.space_and(condition);
                dump.space_and(then);
                dump.space_and(otherwise);
            }),
            ExpressionKind::Call { callee, arguments } => self.node("call", |dump| {
                dump.space_and(callee);
                dump.expressions(arguments);
            }),
            ExpressionKind::Construct { callee, leading, fields } => self.node("new", |dump| {
                dump.space_and(callee);
                dump.expressions(leading);
                for field in *fields {
                    let _ = write!(dump.output, " {}=", dump.names.text(field.name.symbol));
                    dump.expression(&field.value);
                }
            }),
            ExpressionKind::MethodCall { object, name, arguments } => {
                let head = format!(".{}", self.text(name.symbol));
                self.node("call", |dump| {
                    dump.space_and(object);
                    dump.put(" ");
                    dump.put(&head);
                    dump.expressions(arguments);
                });
            }
            ExpressionKind::Attribute { object, name } => self.node(".", |dump| {
                dump.space_and(object);
                dump.word(name.symbol);
            }),
            ExpressionKind::Index { object, index, .. } => self.node("at", |dump| {
                dump.space_and(object);
                dump.space_and(index);
            }),
            ExpressionKind::Slice { object, start, end, .. } => self.node("slice", |dump| {
                dump.space_and(object);
                dump.optional(*start);
                dump.optional(*end);
            }),
            ExpressionKind::Function(function) => self.function(function),
            ExpressionKind::Assign { target, operator, value, .. } => {
                let head = operator.map_or(String::from("="), |operator| format!("{}=", binary_text(operator)));
                self.node(&head, |dump| {
                    dump.put(" ");
                    dump.target(target);
                    dump.space_and(value);
                });
            }
            ExpressionKind::Match(found) => self.match_expression(found),
        }
    }

    fn target(&mut self, target: &Target) {
        match target {
            Target::Name(name) => self.put(self.text(name.symbol)),
            Target::Attribute { object, name } => self.node(".", |dump| {
                dump.space_and(object);
                dump.word(name.symbol);
            }),
            Target::Index { object, index, .. } => self.node("at", |dump| {
                dump.space_and(object);
                dump.space_and(index);
            }),
        }
    }

    fn match_expression(&mut self, found: &Match) {
        self.node(if found.is_statement { "match-cases" } else { "match" }, |dump| {
            dump.space_and(found.subject);
            dump.indentation += 1;
            for arm in found.arms {
                dump.new_line();
                dump.put("[");
                dump.pattern(&arm.pattern);
                match &arm.body {
                    MatchBody::Expression(expression) => dump.space_and(expression),
                    MatchBody::Block(block) => {
                        dump.put(" do");
                        dump.block(block);
                    }
                }
                dump.put("]");
            }
            dump.indentation -= 1;
        });
    }

    fn pattern(&mut self, pattern: &Pattern) {
        match pattern {
            Pattern::Wildcard => self.put("_"),
            Pattern::Value(value) => self.expression(value),
            Pattern::Binding(name) => self.node("bind", |dump| dump.word(name.symbol)),
            Pattern::Instance { entity, fields } => self.node("instance", |dump| {
                dump.type_path(entity);
                for field in *fields {
                    dump.put(" ");
                    dump.pattern(field);
                }
            }),
        }
    }

    fn type_path(&mut self, path: &TypePath) {
        self.word(path.name.symbol);
        for member in path.members {
            self.put(".");
            self.put(self.names.text(member.symbol));
        }
    }
}

fn let_word(constant: bool) -> &'static str {
    if constant { "const" } else { "let" }
}

fn unary_text(operator: UnaryOperator) -> &'static str {
    match operator {
        UnaryOperator::Negate => "-",
        UnaryOperator::Not => "!",
    }
}

fn binary_text(operator: BinaryOperator) -> &'static str {
    match operator {
        BinaryOperator::Add => "+",
        BinaryOperator::Subtract => "-",
        BinaryOperator::Multiply => "*",
        BinaryOperator::Divide => "/",
        BinaryOperator::Modulo => "%",
        BinaryOperator::Power => "**",
        BinaryOperator::Equal => "==",
        BinaryOperator::NotEqual => "!=",
        BinaryOperator::Less => "<",
        BinaryOperator::Greater => ">",
        BinaryOperator::LessOrEqual => "<=",
        BinaryOperator::GreaterOrEqual => ">=",
        BinaryOperator::In => "in",
    }
}

fn logical_text(operator: LogicalOperator) -> &'static str {
    match operator {
        LogicalOperator::And => "&&",
        LogicalOperator::Or => "||",
        LogicalOperator::Coalesce => "??",
    }
}
