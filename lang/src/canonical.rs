//! The canonical form of a program: equal for programs that differ in layout and comments only.
//!
//! A walk over the tree writes every node as a tag and its parts, lists and texts with their length first, so no two trees have one
//! form. Offsets are left out, but not which of them are equal and how they are ordered: for each node the form has the *rank* of its
//! place among all places of the file. Programs with one canonical form thus differ in offsets by a renaming that keeps their order. The
//! compiler only copies places, so its code differs by the same renaming; that is what makes code portable (see [`Places`]).
//!
//! All patterns name every field, without `..`, so that a node or field that is new does not compile before it is in the form. What is left
//! out is left out by name: spans that no code refers to, and [`NameId`]s, which only number the names in their order.

use crate::ast::*;
use crate::names::{Interner, Symbol};
use crate::places::Places;
use crate::program::{FileKind, SourceFile, SourceProgram, Used};

/// A program without its layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canonical {
    /// BLAKE3 of the canonical form of all files.
    pub hash: [u8; 32],
    /// The places of each file: its layout.
    pub places: Vec<Places>,
}

/// The canonical form of a program.
pub fn canonical(program: &SourceProgram<'_>) -> Canonical {
    let mut form = Vec::new();
    let places = program.files.iter().map(|file| file_form(&mut form, file, &program.names)).collect();
    Canonical { hash: blake3::hash(&form).into(), places }
}

/// Native stack that is left when the walk moves to a new segment of this size.
const RED_ZONE: usize = 64 * 1024;
const SEGMENT: usize = 1024 * 1024;

fn file_form(form: &mut Vec<u8>, source: &SourceFile<'_>, names: &Interner) -> Places {
    let SourceFile { name, text: _, file, kind, uses } = source;
    let File { statements, name_count: _, function_count, watched: _ } = file;
    let ends = vec![0; *function_count as usize];
    let mut walk = Walk { form, names, tokens: Vec::new(), ends };
    // Programs can ask for their name.
    walk.text(name);
    walk.tag(match kind {
        FileKind::Main => 0,
        FileKind::Module => 1,
        FileKind::Prelude => 2,
    });
    walk.list(uses, |walk, (_, used)| match used {
        Used::File(index) => {
            walk.tag(0);
            walk.number(*index as u32);
        }
        Used::Standard(_) => walk.tag(1),
    });
    walk.list(statements, Walk::statement);
    walk.ranks()
}

struct Walk<'w> {
    form: &'w mut Vec<u8>,
    names: &'w Interner,
    /// Where the nodes are, in the order of the walk.
    tokens: Vec<u32>,
    /// Where the bodies of functions end.
    ends: Vec<u32>,
}

impl Walk<'_> {
    /// Ends the form of a file with the ranks of its places.
    fn ranks(self) -> Places {
        let mut sorted = self.tokens.clone();
        sorted.sort_unstable();
        sorted.dedup();
        for token in &self.tokens {
            // Every one of them is there.
            let rank = sorted.binary_search(token).unwrap_or_default() as u32;
            self.form.extend_from_slice(&rank.to_le_bytes());
        }
        Places::new(&sorted, &self.ends)
    }

    fn tag(&mut self, tag: u8) {
        self.form.push(tag);
    }

    fn flag(&mut self, flag: bool) {
        self.tag(u8::from(flag));
    }

    fn number(&mut self, number: u32) {
        self.form.extend_from_slice(&number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u32);
        self.form.extend_from_slice(text.as_bytes());
    }

    fn symbol(&mut self, symbol: Symbol) {
        self.text(self.names.text(symbol));
    }

    fn place(&mut self, offset: u32) {
        self.tokens.push(offset);
    }

    fn list<T>(&mut self, items: &[T], mut each: impl FnMut(&mut Self, &T)) {
        self.number(items.len() as u32);
        items.iter().for_each(|item| each(self, item));
    }

    fn option<T>(&mut self, item: Option<T>, each: impl FnOnce(&mut Self, T)) {
        self.flag(item.is_some());
        if let Some(item) = item {
            each(self, item);
        }
    }

    fn name(&mut self, name: &Name) {
        let Name { symbol, span, id: _ } = *name;
        self.symbol(symbol);
        self.place(span.start);
    }

    fn label(&mut self, label: &Label) {
        let Label { symbol, span } = *label;
        self.symbol(symbol);
        self.place(span.start);
    }

    fn block(&mut self, block: &Block<'_>) {
        let Block { statements, span: _ } = *block;
        self.list(statements, Self::statement);
    }

    fn statement(&mut self, statement: &Statement<'_>) {
        stacker::maybe_grow(RED_ZONE, SEGMENT, || {
            let Statement { kind, span } = statement;
            self.place(span.start);
            self.statement_kind(kind);
        });
    }

    fn statement_kind(&mut self, kind: &StatementKind<'_>) {
        match *kind {
            StatementKind::Let { ref name, annotation, value, constant } => {
                self.tag(0);
                self.flag(constant);
                self.name(name);
                self.option(annotation, Self::annotation);
                self.option(value, Self::expression);
            }
            StatementKind::LetMap { names, value, constant } => {
                self.tag(1);
                self.flag(constant);
                self.list(names, Self::name);
                self.expression(value);
            }
            StatementKind::LetList { names, ref rest, value, constant } => {
                self.tag(2);
                self.flag(constant);
                self.list(names, Self::name);
                self.option(rest.as_ref(), Self::name);
                self.expression(value);
            }
            StatementKind::Expression(expression) => {
                self.tag(3);
                self.expression(expression);
            }
            StatementKind::Print(values) => {
                self.tag(4);
                self.list(values, Self::expression);
            }
            StatementKind::Debug(value) => {
                self.tag(5);
                self.expression(value);
            }
            StatementKind::If { condition, ref then, ref otherwise } => {
                self.tag(6);
                self.expression(condition);
                self.block(then);
                self.option(otherwise.as_ref(), Self::block);
            }
            StatementKind::While { condition, ref body } => {
                self.tag(7);
                self.expression(condition);
                self.block(body);
            }
            StatementKind::ForEach { ref first, ref second, iterable, ref body } => {
                self.tag(8);
                self.name(first);
                self.option(second.as_ref(), Self::name);
                self.expression(iterable);
                self.block(body);
            }
            StatementKind::Break => self.tag(9),
            StatementKind::Continue => self.tag(10),
            StatementKind::Return(value) => {
                self.tag(11);
                self.option(value, Self::expression);
            }
            StatementKind::Throw(value) => {
                self.tag(12);
                self.expression(value);
            }
            StatementKind::Try { ref body, ref catch, ref finally } => {
                self.tag(13);
                self.block(body);
                self.option(catch.as_ref(), |walk, Catch { name, body }| {
                    walk.option(name.as_ref(), Self::name);
                    walk.block(body);
                });
                self.option(finally.as_ref(), Self::block);
            }
            StatementKind::Require { condition, message } => {
                self.tag(14);
                self.expression(condition);
                self.option(message, Self::expression);
            }
            StatementKind::Revert(message) => {
                self.tag(15);
                self.option(message, Self::expression);
            }
            StatementKind::Defer(ref block) => {
                self.tag(16);
                self.block(block);
            }
            StatementKind::Transaction { ref contract, ref action, ref body } => {
                self.tag(25);
                self.option(contract.as_ref(), Self::name);
                self.label(action);
                self.block(body);
            }
            StatementKind::Emit { ref event, arguments } => {
                self.tag(26);
                self.label(event);
                self.list(arguments, Self::expression);
            }
            StatementKind::Function(function) => {
                self.tag(17);
                self.function(function);
            }
            StatementKind::Entity(entity) => {
                self.tag(18);
                self.entity(entity);
            }
            StatementKind::Enum(Enum { name, members }) => {
                self.tag(19);
                self.name(name);
                self.list(members, |walk, EnumMember { name, value }| {
                    walk.label(name);
                    walk.form.extend_from_slice(&value.to_le_bytes());
                });
            }
            StatementKind::Protocol(Protocol { name, methods }) => {
                self.tag(20);
                self.name(name);
                self.list(methods, Self::label);
            }
            StatementKind::Module(Module { name, id, body }) => {
                self.tag(21);
                self.name(name);
                self.number(id.0);
                self.block(body);
            }
            StatementKind::Use(use_) => {
                self.tag(22);
                self.use_(use_);
            }
            StatementKind::Export { names, declaration } => {
                self.tag(23);
                self.list(names, Self::name);
                self.option(declaration, Self::statement);
            }
            StatementKind::TypeAlias { ref name, target } => {
                self.tag(24);
                self.label(name);
                self.annotation(target);
            }
        }
    }

    fn annotation(&mut self, annotation: &TypeExpression<'_>) {
        let TypeExpression { name, arguments, is_array } = annotation;
        self.label(name);
        self.list(arguments, Self::annotation);
        self.flag(*is_array);
    }

    fn function(&mut self, function: &Function<'_>) {
        let Function { id, kind, name, parameters, result, body, modifiers, is_async, span } = function;
        self.place(span.start);
        self.number(id.0);
        self.tag(match kind {
            FunctionKind::Declaration => 0,
            FunctionKind::Literal => 1,
            FunctionKind::Method => 2,
            FunctionKind::Constructor { passes_defaults: false } => 3,
            FunctionKind::Constructor { passes_defaults: true } => 4,
        });
        self.option(name.as_ref(), Self::name);
        self.list(parameters, |walk, Parameter { name, annotation, default }| {
            walk.name(name);
            walk.option(*annotation, Self::annotation);
            walk.option(*default, Self::expression);
        });
        self.option(*result, Self::annotation);
        match body {
            FunctionBody::Block(block) => {
                self.tag(0);
                self.ends[id.0 as usize] = block.last_character();
                self.block(block);
            }
            FunctionBody::Expression(expression) => {
                self.tag(1);
                self.expression(expression);
            }
        }
        self.list(modifiers, Self::label);
        self.flag(*is_async);
    }

    fn entity(&mut self, entity: &Entity<'_>) {
        let Entity { name, parent, protocols, fields, methods, kind, constructor, span: _ } = entity;
        self.name(name);
        self.option(parent.as_ref(), Self::type_path);
        self.list(protocols, Self::name);
        self.list(fields, |walk, Field { name, annotation, default }| {
            walk.label(name);
            walk.option(*annotation, Self::annotation);
            // Those of a contract are in its constructor.
            let default = default.filter(|_| constructor.is_none());
            walk.option(default, |walk, default| {
                walk.place(default.span.start);
                walk.expression(default);
            });
        });
        self.list(methods, |walk, method| walk.function(method));
        self.option(*constructor, Self::function);
        self.tag(match kind {
            TypeKind::Entity => 0,
            TypeKind::Data => 1,
            TypeKind::Contract => 2,
        });
    }

    fn type_path(&mut self, path: &TypePath<'_>) {
        let TypePath { name, members, span } = path;
        self.place(span.start);
        self.name(name);
        self.list(members, Self::label);
    }

    fn use_(&mut self, use_: &Use<'_>) {
        let Use { path, path_span, form } = use_;
        self.text(path);
        self.place(path_span.start);
        match form {
            UseForm::All => self.tag(0),
            UseForm::As(name) => {
                self.tag(1);
                self.name(name);
            }
            UseForm::Names(names) => {
                self.tag(2);
                self.list(names, |walk, UseName { exported, local }| {
                    walk.label(exported);
                    walk.name(local);
                });
            }
        }
    }

    fn expression(&mut self, expression: &Expression<'_>) {
        stacker::maybe_grow(RED_ZONE, SEGMENT, || {
            self.place(expression.position());
            self.expression_kind(&expression.kind);
        });
    }

    fn expression_kind(&mut self, kind: &ExpressionKind<'_>) {
        match *kind {
            ExpressionKind::Null => self.tag(0),
            ExpressionKind::Bool(value) => {
                self.tag(1);
                self.flag(value);
            }
            ExpressionKind::Integer(value) => {
                self.tag(2);
                self.form.extend_from_slice(&value.to_le_bytes());
            }
            ExpressionKind::Float(value) => {
                self.tag(3);
                self.form.extend_from_slice(&value.to_bits().to_le_bytes());
            }
            ExpressionKind::String(text) => {
                self.tag(4);
                self.text(text);
            }
            ExpressionKind::Interpolation(pieces) => {
                self.tag(5);
                self.list(pieces, Self::expression);
            }
            ExpressionKind::Name(ref name) => {
                self.tag(6);
                self.name(name);
            }
            ExpressionKind::This(ref name) => {
                self.tag(7);
                self.name(name);
            }
            ExpressionKind::NewContract(ref name) => {
                self.tag(23);
                self.name(name);
            }
            ExpressionKind::Argument(ref name) => {
                self.tag(24);
                self.name(name);
            }
            ExpressionKind::Await(task) => {
                self.tag(25);
                self.expression(task);
            }
            ExpressionKind::Spawn(call) => {
                self.tag(26);
                self.expression(call);
            }
            ExpressionKind::List(elements) => {
                self.tag(8);
                self.list(elements, Self::expression);
            }
            ExpressionKind::Map(entries) => {
                self.tag(9);
                self.list(entries, |walk, MapEntry { key, value }| {
                    walk.expression(key);
                    walk.expression(value);
                });
            }
            ExpressionKind::Unary { operator, operand } => {
                self.tag(10);
                self.tag(operator as u8);
                self.expression(operand);
            }
            ExpressionKind::Binary { operator, operator_position, left, right } => {
                self.tag(11);
                self.tag(operator as u8);
                self.place(operator_position);
                self.expression(left);
                self.expression(right);
            }
            ExpressionKind::Logical { operator, left, right } => {
                self.tag(12);
                self.tag(operator as u8);
                self.expression(left);
                self.expression(right);
            }
            ExpressionKind::Conditional { condition, then, otherwise } => {
                self.tag(13);
                self.expression(condition);
                self.expression(then);
                self.expression(otherwise);
            }
            ExpressionKind::Call { callee, arguments } => {
                self.tag(14);
                self.expression(callee);
                self.list(arguments, Self::expression);
            }
            ExpressionKind::Construct { callee, leading, fields } => {
                self.tag(15);
                self.expression(callee);
                self.list(leading, Self::expression);
                self.list(fields, |walk, FieldInitializer { name, value }| {
                    walk.label(name);
                    walk.expression(value);
                });
            }
            ExpressionKind::MethodCall { object, ref name, arguments } => {
                self.tag(16);
                self.expression(object);
                self.label(name);
                self.list(arguments, Self::expression);
            }
            ExpressionKind::Attribute { object, ref name } => {
                self.tag(17);
                self.expression(object);
                self.label(name);
            }
            ExpressionKind::Index { object, index, bracket } => {
                self.tag(18);
                self.expression(object);
                self.expression(index);
                self.place(bracket);
            }
            ExpressionKind::Slice { object, start, end, bracket } => {
                self.tag(19);
                self.expression(object);
                self.option(start, Self::expression);
                self.option(end, Self::expression);
                self.place(bracket);
            }
            ExpressionKind::Function(function) => {
                self.tag(20);
                self.function(function);
            }
            ExpressionKind::Assign { target, operator, operator_position, value } => {
                self.tag(21);
                self.option(operator, |walk, operator| walk.tag(operator as u8));
                self.place(operator_position);
                self.target(target);
                self.expression(value);
            }
            ExpressionKind::Match(Match { subject, arms, is_statement }) => {
                self.tag(22);
                self.flag(*is_statement);
                self.expression(subject);
                self.list(arms, Self::arm);
            }
        }
    }

    fn target(&mut self, target: &Target<'_>) {
        match *target {
            Target::Name(ref name) => {
                self.tag(0);
                self.name(name);
            }
            Target::Attribute { object, ref name } => {
                self.tag(1);
                self.expression(object);
                self.label(name);
            }
            Target::Index { object, index, bracket } => {
                self.tag(2);
                self.expression(object);
                self.expression(index);
                self.place(bracket);
            }
        }
    }

    fn arm(&mut self, arm: &MatchArm<'_>) {
        let MatchArm { pattern, body } = arm;
        self.pattern(pattern);
        match body {
            MatchBody::Expression(expression) => {
                self.tag(0);
                self.expression(expression);
            }
            MatchBody::Block(block) => {
                self.tag(1);
                self.block(block);
            }
        }
    }

    fn pattern(&mut self, pattern: &Pattern<'_>) {
        match *pattern {
            Pattern::Wildcard => self.tag(0),
            Pattern::Value(value) => {
                self.tag(1);
                self.expression(value);
            }
            Pattern::Binding(ref name) => {
                self.tag(2);
                self.name(name);
            }
            Pattern::Instance { ref entity, fields } => {
                self.tag(3);
                self.type_path(entity);
                self.list(fields, Self::pattern);
            }
        }
    }
}
