//! Types, modules, and what passes between files.

use super::functions::Words;
use super::statements::{is_function_word, is_modifier};
use super::{Parse, Parser, span_of};
use crate::ast::{
    Entity, Enum, EnumMember, Expression, ExpressionKind, Field, Function, FunctionBody, FunctionKind, Label, Module,
    Name, Protocol, Statement, StatementKind, TypeKind, TypePath, UnaryOperator, Use, UseForm, UseName,
};
use crate::lexer::{Token, TokenKind};
use crate::walk::{Node, children};

impl<'a> Parser<'a, '_> {
    // Entities.

    /// `entity` or `data`.
    pub(super) fn entity(&mut self, start: Token) -> Parse<&'a Entity<'a>> {
        let kind = if self.advance().kind == TokenKind::Data { TypeKind::Data } else { TypeKind::Entity };
        let name = self.name("the type")?;
        if self.at(TokenKind::Less) {
            self.type_parameters()?;
        }
        let mut parent = None;
        let mut protocols = Vec::new();
        loop {
            if parent.is_none() && self.eat(TokenKind::Extends) {
                parent = Some(self.type_path("the type that it extends")?);
            } else if protocols.is_empty() && self.eat(TokenKind::Implements) {
                protocols.push(self.name("a protocol")?);
                while self.eat(TokenKind::Comma) {
                    protocols.push(self.name("a protocol")?);
                }
            } else {
                break;
            }
        }
        let mut fields = Vec::new();
        let mut methods = Vec::new();
        self.enclosed(start, "after the name of the type", false, |parser| {
            parser.members(|parser| parser.entity_member(&mut fields, &mut methods))
        })?;
        let entity = Entity {
            name,
            parent,
            protocols: self.arena.alloc_slice_copy(&protocols),
            fields: self.arena.alloc_slice_copy(&fields),
            methods: self.arena.alloc_slice_copy(&methods),
            kind,
            constructor: None,
            span: self.span_from(start.start),
        };
        Ok(self.arena.alloc(entity))
    }

    /// `T`, or `m.T`; `what` says what the name stands for.
    pub(super) fn type_path(&mut self, what: &str) -> Parse<TypePath<'a>> {
        let name = self.name(what)?;
        let mut members = Vec::new();
        while self.eat(TokenKind::Dot) {
            members.push(self.label("the member")?);
        }
        let members = self.arena.alloc_slice_copy(&members);
        Ok(TypePath { name, members, span: self.span_from(name.span.start) })
    }

    /// `<T, U>` after the name of a type. Nothing checks types, so they are read over.
    fn type_parameters(&mut self) -> Parse<()> {
        self.advance();
        loop {
            self.label("a type parameter")?;
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        self.expect(TokenKind::Greater, "after the type parameters")?;
        Ok(())
    }

    fn entity_member(&mut self, fields: &mut Vec<Field<'a>>, methods: &mut Vec<&'a Function<'a>>) -> Parse<()> {
        let start = self.token;
        let mut modifiers: &'a [Label] = &[];
        if is_modifier(start.kind) && self.next_on_line().is_some_and(TokenKind::is_name) {
            modifiers = self.modifiers()?;
        }
        if is_function_word(self.token.kind) && self.next_on_line().is_some_and(TokenKind::is_name) {
            let words = Words { modifiers, is_async: self.function_words() };
            methods.push(self.named_function(start, FunctionKind::Method, words)?);
            return Ok(());
        }
        if self.token.kind.is_name() && self.next_on_line() == Some(TokenKind::LeftParenthesis) {
            let words = Words { modifiers, is_async: false };
            methods.push(self.named_function(start, FunctionKind::Method, words)?);
            return Ok(());
        }
        if let [modifier, ..] = modifiers {
            let error = self.error_at(modifier.span, "only actions have modifiers");
            return Err(error);
        }
        let mut field = self.field()?;
        field.default = field.default.map(|default| self.with_its_own_variables(default));
        fields.push(field);
        Ok(())
    }

    /// A default in which variables are made, in the arms of a `match`, is computed by a function of its own: the type's constructor has none of them.
    fn with_its_own_variables(&mut self, default: &'a Expression<'a>) -> &'a Expression<'a> {
        let mut pending = vec![Node::Expression(default)];
        let mut makes_variables = false;
        while let Some(node) = pending.pop() {
            match node {
                Node::Function(_) => continue,
                Node::Expression(Expression { kind: ExpressionKind::Match(_), .. }) => makes_variables = true,
                _ => {}
            }
            children(node, &mut |child| pending.push(child));
        }
        if !makes_variables {
            return default;
        }
        let id = self.new_function();
        let function = self.literal_function(default.span.start, id, &[], None, FunctionBody::Expression(default));
        let callee = self.arena.alloc(function);
        self.arena.alloc(Expression { kind: ExpressionKind::Call { callee, arguments: &[] }, span: default.span })
    }

    pub(super) fn field(&mut self) -> Parse<Field<'a>> {
        if !self.token.kind.is_word() {
            let error = self.expected("a field or an action");
            self.help("a field is written `name: type` or `name: type = value`");
            return Err(error);
        }
        let name = self.label("a field")?;
        let annotation = self.annotation()?;
        let default = match self.eat(TokenKind::Equal) {
            true => Some(self.allocated_expression()?),
            false => None,
        };
        if self.at(TokenKind::Require) && self.same_line() && self.next_on_line() != Some(TokenKind::Colon) {
            self.unsupported("conditions on fields are");
            self.advance();
            self.expression()?;
        }
        if self.token.kind.is_word() && self.same_line() && annotation.is_none() && default.is_none() {
            let error = self.expected("`:` and a type, `=` and a value, or `,` after the field");
            self.keyword_hint(self.previous);
            return Err(error);
        }
        Ok(Field { name, annotation, default })
    }

    /// The kind of the next token if it stands on the same line.
    pub(super) fn next_on_line(&self) -> Option<TokenKind> {
        let next = self.peek();
        (!next.newline_before()).then_some(next.kind)
    }

    // Enums and protocols.

    pub(super) fn enumeration(&mut self, start: Token) -> Parse<&'a Enum<'a>> {
        self.advance();
        let name = self.name("the enum")?;
        let mut members = Vec::new();
        self.enclosed(start, "after the name of the enum", false, |parser| {
            let mut next = Some(0i64);
            parser.members(|parser| {
                let member = parser.enum_member(next)?;
                next = member.value.checked_add(1);
                members.push(member);
                Ok(())
            })
        })?;
        Ok(self.arena.alloc(Enum { name, members: self.arena.alloc_slice_copy(&members) }))
    }

    fn enum_member(&mut self, next: Option<i64>) -> Parse<EnumMember> {
        let name = self.label("a member of the enum")?;
        if !self.eat(TokenKind::Equal) {
            return match next {
                Some(value) => Ok(EnumMember { name, value }),
                None => Err(self.error_at(name.span, "the value of this member does not fit in 64 bits")),
            };
        }
        let value = self.unary()?;
        let value = match value.kind {
            ExpressionKind::Integer(value) => value,
            ExpressionKind::Unary { operator: UnaryOperator::Negate, operand }
                if let ExpressionKind::Integer(value) = operand.kind =>
            {
                -value
            }
            _ => return Err(self.error_at(value.span, "the value of an enum member is an integer literal")),
        };
        Ok(EnumMember { name, value })
    }

    /// `protocol` or `interface`.
    pub(super) fn protocol(&mut self, start: Token) -> Parse<&'a Protocol<'a>> {
        self.advance();
        let name = self.name("the protocol")?;
        let mut methods = Vec::new();
        self.enclosed(start, "after the name of the protocol", false, |parser| {
            parser.members(|parser| {
                methods.push(parser.protocol_method()?);
                Ok(())
            })
        })?;
        Ok(self.arena.alloc(Protocol { name, methods: self.arena.alloc_slice_copy(&methods) }))
    }

    fn protocol_method(&mut self) -> Parse<Label> {
        while (is_modifier(self.token.kind) || is_function_word(self.token.kind))
            && self.next_on_line().is_some_and(TokenKind::is_name)
        {
            self.advance();
        }
        let name = self.label("an action")?;
        if !self.at(TokenKind::LeftParenthesis) {
            let error = self.expected("`(` after the name of the action");
            self.help("a protocol lists actions without bodies: `action transfer(to, amount)`");
            return Err(error);
        }
        self.parameter_list(Vec::new())?;
        self.result_type()?;
        if self.at(TokenKind::LeftBrace) {
            let error = self.error("the actions of a protocol have no bodies");
            self.help("the entity that implements it has them");
            return Err(error);
        }
        Ok(name)
    }

    // Modules and files.

    pub(super) fn module(&mut self, start: Token) -> Parse<&'a Module<'a>> {
        self.advance();
        let name = self.name("the module")?;
        let id = self.new_function();
        let body = self.block(start, "after the name of the module")?;
        Ok(self.arena.alloc(Module { name, id, body }))
    }

    /// `use "path"`, `use "path" as m`, `use { a, b as c } from "path"`.
    pub(super) fn use_statement(&mut self) -> Parse<&'a Use<'a>> {
        self.advance();
        if self.at(TokenKind::LeftBrace) {
            let names = self.use_names()?;
            self.expect(TokenKind::From, "and the file after the names")?;
            let (path, path_span) = self.path()?;
            return Ok(self.arena.alloc(Use { path, path_span, form: UseForm::Names(names) }));
        }
        let (path, path_span) = self.path()?;
        let form = match self.at(TokenKind::As) && self.same_line() {
            true => {
                self.advance();
                UseForm::As(self.name("the module")?)
            }
            false => UseForm::All,
        };
        Ok(self.arena.alloc(Use { path, path_span, form }))
    }

    /// `from "path" use { a, b }`.
    pub(super) fn use_from_statement(&mut self) -> Parse<&'a Use<'a>> {
        self.advance();
        let (path, path_span) = self.path()?;
        self.expect(TokenKind::Use, "after the file")?;
        if !self.at(TokenKind::LeftBrace) {
            return Err(self.expected("`{` and the names"));
        }
        let names = self.use_names()?;
        Ok(self.arena.alloc(Use { path, path_span, form: UseForm::Names(names) }))
    }

    fn path(&mut self) -> Parse<(&'a str, crate::ast::Span)> {
        let token = self.token;
        if !self.at(TokenKind::String) {
            return Err(match self.token.kind {
                TokenKind::StringStart => self.error("the name of a file cannot contain `${…}`"),
                _ => self.expected("the file, as a string"),
            });
        }
        Ok((self.string()?, span_of(token)))
    }

    fn use_names(&mut self) -> Parse<&'a [UseName]> {
        let mut names = Vec::new();
        let mode = self.open();
        self.with_mode(mode, |parser| {
            while !parser.at(TokenKind::RightBrace) {
                let name = parser.name("something to use")?;
                let exported = Label { symbol: name.symbol, span: name.span };
                let local = match parser.eat(TokenKind::As) {
                    true => parser.name("it here")?,
                    false => name,
                };
                names.push(UseName { exported, local });
                if !parser.eat(TokenKind::Comma) {
                    break;
                }
            }
            Ok(())
        })?;
        self.close(TokenKind::RightBrace, "`,` or `}`")?;
        Ok(self.arena.alloc_slice_copy(&names))
    }

    /// `export a`, `export { a, b }`, or `export` before a declaration.
    pub(super) fn export(&mut self) -> Parse<StatementKind<'a>> {
        self.advance();
        if self.at(TokenKind::LeftBrace) {
            self.open();
            let names = self.name_list(TokenKind::RightBrace, false)?.0;
            self.close(TokenKind::RightBrace, "`,` or `}`")?;
            return Ok(StatementKind::Export { names, declaration: None });
        }
        if !self.at_declaration() {
            let mut names = vec![self.name("what is exported")?];
            while self.eat(TokenKind::Comma) {
                names.push(self.name("what is exported")?);
            }
            return Ok(StatementKind::Export { names: self.arena.alloc_slice_copy(&names), declaration: None });
        }
        let start = self.token;
        let declaration = self.nested(Self::statement)?;
        let mut names = Vec::new();
        match declaration.kind {
            StatementKind::Let { name, .. } => names.push(name),
            StatementKind::LetMap { names: declared, .. } => names.extend(declared),
            StatementKind::LetList { names: declared, rest, .. } => names.extend(declared.iter().chain(&rest)),
            StatementKind::Function(function) => names.extend(function.name),
            StatementKind::Entity(entity) => names.push(entity.name),
            StatementKind::Enum(enumeration) => names.push(enumeration.name),
            StatementKind::Protocol(protocol) => names.push(protocol.name),
            StatementKind::Module(module) => names.push(module.name),
            // What this version does not have was complained about, and left nothing behind.
            _ if self.recovering => {}
            _ => return Err(self.error_at(span_of(start), "only names and declarations can be exported")),
        }
        // The export is an occurrence of its own.
        let names: Vec<Name> = names.into_iter().map(|name| self.new_name(name.symbol, name.span)).collect();
        let declaration: &'a Statement<'a> = self.arena.alloc(declaration);
        Ok(StatementKind::Export { names: self.arena.alloc_slice_copy(&names), declaration: Some(declaration) })
    }

    /// True when what follows `export` is a declaration and not a name, going by the word and the token after it.
    fn at_declaration(&self) -> bool {
        let kind = self.token.kind;
        kind.is_word()
            && kind != TokenKind::Name
            && (kind.is_reserved()
                || self.next_on_line().is_some_and(|next| {
                    next.is_word() || matches!(next, TokenKind::LeftBrace | TokenKind::LeftBracket)
                }))
    }

    /// `type_alias T = U`.
    pub(super) fn type_alias(&mut self) -> Parse<StatementKind<'a>> {
        self.advance();
        let name = self.label("the type")?;
        self.expect(TokenKind::Equal, "after the name")?;
        Ok(StatementKind::TypeAlias { name, target: self.type_expression()? })
    }
}
