//! Contracts, transactions and events.
//!
//! A contract is written as the type it is: its state are fields, its actions methods. Two things are made of it here that the source does not
//! say, so that every engine does them alike. The body of each action becomes a [`StatementKind::Transaction`] of its contract. And the
//! contract gets a constructor, which is
//!
//! ```text
//! action C(a, b) { tx { let this = NEW; this.x = default of x; …; this.init(a, b); return this } }
//! ```

use super::expressions::Arguments;
use super::functions::Words;
use super::statements::{is_function_word, is_modifier};
use super::{Parse, Parser};
use crate::ast::{
    Block, Entity, Expression, ExpressionKind, Field, Function, FunctionBody, FunctionKind, Label, Name, Parameter,
    Span, Statement, StatementKind, Target, TypeKind,
};
use crate::lexer::{Token, TokenKind};

/// The parts of a contract read so far.
#[derive(Default)]
struct Members<'a> {
    fields: Vec<Field<'a>>,
    actions: Vec<&'a Function<'a>>,
}

impl<'a> Parser<'a, '_> {
    /// `contract C implements P { … }`.
    pub(super) fn contract(&mut self, start: Token) -> Parse<&'a Entity<'a>> {
        self.advance();
        let name = self.name("the contract")?;
        let mut protocols = Vec::new();
        if self.eat(TokenKind::Implements) {
            protocols.push(self.name("a protocol")?);
            while self.eat(TokenKind::Comma) {
                protocols.push(self.name("a protocol")?);
            }
        }
        let mut members = Members::default();
        self.enclosed(start, "after the name of the contract", false, |parser| {
            parser.members(|parser| parser.contract_member(&mut members))
        })?;
        let constructor = self.constructor(name, &members);
        let entity = Entity {
            name,
            parent: None,
            protocols: self.arena.alloc_slice_copy(&protocols),
            fields: self.arena.alloc_slice_copy(&members.fields),
            methods: self.arena.alloc_slice_copy(&members.actions),
            kind: TypeKind::Contract,
            constructor: Some(constructor),
            span: self.span_from(start.start),
        };
        Ok(self.arena.alloc(entity))
    }

    fn contract_member(&mut self, members: &mut Members<'a>) -> Parse<()> {
        use TokenKind::*;
        let start = self.token;
        let mut modifiers: &'a [Label] = &[];
        if is_modifier(start.kind) && self.next_on_line().is_some_and(TokenKind::is_name) {
            modifiers = self.modifiers()?;
        }
        let next = self.next_on_line();
        let before_name = next.is_some_and(TokenKind::is_name);
        let mut is_async = false;
        let is_action = if is_function_word(self.token.kind) && before_name {
            is_async = self.function_words();
            true
        } else {
            self.token.kind.is_name() && next == Some(LeftParenthesis)
        };
        if is_action {
            let words = Words { modifiers, is_async };
            members.actions.push(self.contract_action(start, words)?);
            return Ok(());
        }
        if let [modifier, ..] = modifiers {
            let error = self.error_at(modifier.span, "only actions have modifiers");
            self.help("fields are read by everybody and written by the contract's own actions: leave the word out");
            return Err(error);
        }
        match self.token.kind {
            Event if before_name => self.event_declaration(),
            Persistent if matches!(next, Some(Storage | State | Data)) => {
                self.advance();
                self.state_fields(members)
            }
            State | Data | Storage | Let | Const | Persistent if before_name || next == Some(LeftBrace) => {
                self.state_fields(members)
            }
            _ => {
                let field = self.field()?;
                members.fields.push(field);
                Ok(())
            }
        }
    }

    /// `state n = v`, `state { a: 1, b: 2 }`, from the word on.
    fn state_fields(&mut self, members: &mut Members<'a>) -> Parse<()> {
        let word = self.advance();
        if !self.at(TokenKind::LeftBrace) {
            let field = self.field()?;
            members.fields.push(field);
            return Ok(());
        }
        self.enclosed(word, "after `state`", false, |parser| {
            parser.members(|parser| {
                let name = parser.label("a field")?;
                let field = match parser.eat(TokenKind::Colon) {
                    true => Field { name, annotation: None, default: Some(parser.allocated_expression()?) },
                    false => {
                        let default = match parser.eat(TokenKind::Equal) {
                            true => Some(parser.allocated_expression()?),
                            false => None,
                        };
                        Field { name, annotation: None, default }
                    }
                };
                members.fields.push(field);
                Ok(())
            })
        })
    }

    /// An action of a contract from its name on: its body is a transaction.
    fn contract_action(&mut self, start: Token, words: Words<'a>) -> Parse<&'a Function<'a>> {
        let function = self.named_function(start, FunctionKind::Method, words)?;
        let (Some(name), FunctionBody::Block(body)) = (function.name, function.body) else { return Ok(function) };
        let this = self.this_at(name.span.start);
        let action = Label { symbol: name.symbol, span: name.span };
        let kind = StatementKind::Transaction { contract: Some(this), action, body };
        let body = FunctionBody::Block(Block { statements: self.only(kind, name.span), span: body.span });
        Ok(self.arena.alloc(Function { body, ..*function }))
    }

    fn this_at(&mut self, offset: u32) -> Name {
        let symbol = self.names.intern(TokenKind::This.text());
        self.new_name(symbol, Span::new(offset, offset))
    }

    fn only(&self, kind: StatementKind<'a>, span: Span) -> &'a [Statement<'a>] {
        std::slice::from_ref(self.arena.alloc(Statement { kind, span }))
    }

    /// What calling the contract's type runs.
    fn constructor(&mut self, name: Name, members: &Members<'a>) -> &'a Function<'a> {
        let span = name.span;
        let id = self.new_function();
        let named = |action: &&&'a Function<'a>, text: &str, parser: &Self| {
            action.name.is_some_and(|name| parser.names.text(name.symbol) == text)
        };
        let init = ["init", "constructor"]
            .into_iter()
            .find_map(|text| members.actions.iter().rev().find(|action| named(action, text, self)).copied());
        let given = init.map_or(&[][..], |init| &init.parameters[1..]);
        let parameters: Vec<Parameter<'a>> = (0..given.len())
            .map(|at| {
                // No program can write this name, so it hides none of the program's.
                let symbol = self.names.intern(&format!("init.{at}"));
                Parameter { name: self.new_name(symbol, span), annotation: None, default: None }
            })
            .collect();
        let passes_defaults = given.iter().any(|parameter| parameter.default.is_some());
        let mut statements = Vec::new();
        let made = self.new_name(name.symbol, span);
        let made = self.arena.alloc(Expression { kind: ExpressionKind::NewContract(made), span });
        let this = self.this_at(span.start);
        let kind = StatementKind::Let { name: this, annotation: None, value: Some(made), constant: false };
        statements.push(Statement { kind, span });
        for field in &members.fields {
            let span = field.name.span;
            let object = self.this_expression(span);
            let value = match field.default {
                Some(default) => default,
                None => self.arena.alloc(Expression { kind: ExpressionKind::Null, span }),
            };
            let target = self.arena.alloc(Target::Attribute { object, name: field.name });
            let kind = ExpressionKind::Assign { target, operator: None, operator_position: span.start, value };
            let assignment = self.arena.alloc(Expression { kind, span });
            statements.push(Statement { kind: StatementKind::Expression(assignment), span });
        }
        if let Some(Name { symbol, span: at, .. }) = init.and_then(|init| init.name) {
            let arguments: Vec<Expression<'a>> = parameters
                .iter()
                .map(|parameter| {
                    let argument = self.new_name(parameter.name.symbol, span);
                    Expression { kind: ExpressionKind::Argument(argument), span }
                })
                .collect();
            let arguments = self.arena.alloc_slice_copy(&arguments);
            let kind = ExpressionKind::MethodCall {
                object: self.this_expression(span),
                name: Label { symbol, span: at },
                arguments,
            };
            let call = self.arena.alloc(Expression { kind, span });
            statements.push(Statement { kind: StatementKind::Expression(call), span });
        }
        statements.push(Statement { kind: StatementKind::Return(Some(self.this_expression(span))), span });
        let body = Block { statements: self.arena.alloc_slice_copy(&statements), span };
        let action = Label { symbol: name.symbol, span };
        let kind = StatementKind::Transaction { contract: None, action, body };
        let body = FunctionBody::Block(Block { statements: self.only(kind, span), span });
        let name = self.new_name(name.symbol, span);
        let function = Function {
            id,
            kind: FunctionKind::Constructor { passes_defaults },
            name: Some(name),
            parameters: self.arena.alloc_slice_copy(&parameters),
            result: None,
            body,
            modifiers: &[],
            is_async: false,
            span,
        };
        self.arena.alloc(function)
    }

    fn this_expression(&mut self, span: Span) -> &'a Expression<'a> {
        let this = self.this_at(span.start);
        self.arena.alloc(Expression { kind: ExpressionKind::This(this), span })
    }

    /// `tx { … }`.
    pub(super) fn transaction(&mut self, start: Token) -> Parse<StatementKind<'a>> {
        let action = self.label("the transaction")?;
        let body = self.block(start, "after `tx`")?;
        Ok(StatementKind::Transaction { contract: None, action, body })
    }

    /// `emit Name`, `emit Name(a, b)`.
    pub(super) fn emit(&mut self) -> Parse<StatementKind<'a>> {
        self.advance();
        let event = self.label("the event")?;
        let arguments = match self.at(TokenKind::LeftParenthesis) && self.same_line() {
            true => match self.arguments()? {
                Arguments::Positional(values) => values,
                Arguments::Named(_, fields) => {
                    let error = self.error_at(fields[0].name.span, "the arguments of an event have no names");
                    self.help("leave the name and `=` out: they are passed on in order");
                    return Err(error);
                }
            },
            false => &[],
        };
        Ok(StatementKind::Emit { event, arguments })
    }

    /// `event Name { from: string }`, `event Name(from, to)`, `event Name`: read over, as nothing checks the arguments of events.
    pub(super) fn event_declaration(&mut self) -> Parse<()> {
        let start = self.advance();
        self.label("the event")?;
        if self.at(TokenKind::LeftParenthesis) {
            self.parameter_list(Vec::new())?;
        } else if self.at(TokenKind::LeftBrace) || (self.at(TokenKind::Colon) && self.peek().newline_before()) {
            self.enclosed(start, "after the name of the event", false, |parser| {
                parser.members(|parser| parser.field().map(|_| ()))
            })?;
        }
        Ok(())
    }
}
