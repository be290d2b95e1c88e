//! Functions: declarations, methods, and the many spellings of literals.

use super::{Parse, Parser};
use crate::ast::{
    Expression, ExpressionKind, Function, FunctionBody, FunctionId, FunctionKind, Label, Name, Parameter, Span,
    TypeExpression,
};
use crate::lexer::{Token, TokenKind};

/// The words before the name of an action.
#[derive(Clone, Copy, Default)]
pub(super) struct Words<'a> {
    /// `public`, `private` and the like.
    pub(super) modifiers: &'a [Label],
    /// `async`.
    pub(super) is_async: bool,
}

impl<'a> Parser<'a, '_> {
    /// A declared action or method from its name on. `start` is its first token, for the span and the indentation of its block.
    pub(super) fn named_function(
        &mut self,
        start: Token,
        kind: FunctionKind,
        Words { modifiers, is_async }: Words<'a>,
    ) -> Parse<&'a Function<'a>> {
        let id = self.new_function();
        let name = self.name("the action")?;
        let mut parameters = Vec::new();
        if kind == FunctionKind::Method {
            let symbol = self.names.intern(TokenKind::This.text());
            let span = Span::new(name.span.start, name.span.start);
            let this = self.new_name(symbol, span);
            parameters.push(Parameter { name: this, annotation: None, default: None });
        }
        let parameters = self.parameter_list(parameters)?;
        let result = self.result_type()?;
        if self.at(TokenKind::FatArrow) || self.at(TokenKind::Equal) {
            let error = self.expected("`{` or `:` after the parameters");
            self.help("the body of a named action is a block: `{ return … }`");
            return Err(error);
        }
        let body = FunctionBody::Block(self.block(start, "after the parameters")?);
        let span = self.span_from(start.start);
        Ok(self.arena.alloc(Function {
            id,
            kind,
            name: Some(name),
            parameters,
            result,
            body,
            modifiers,
            is_async,
            span,
        }))
    }

    // Parameters.

    /// `(a, b: T = 5)`, put behind those that are there already.
    pub(super) fn parameter_list(&mut self, parameters: Vec<Parameter<'a>>) -> Parse<&'a [Parameter<'a>]> {
        if !self.at(TokenKind::LeftParenthesis) {
            return Err(self.expected("`(` and the parameters"));
        }
        let mode = self.open();
        let parameters = self.with_mode(mode, |parser| parser.parameters(parameters))?;
        self.close(TokenKind::RightParenthesis, "`,` or `)`")?;
        Ok(parameters)
    }

    fn parameters(&mut self, mut parameters: Vec<Parameter<'a>>) -> Parse<&'a [Parameter<'a>]> {
        while !self.at(TokenKind::RightParenthesis) {
            if self.at(TokenKind::Ellipsis) {
                let error = self.error("an action cannot collect the rest of its arguments");
                self.help("pass a list instead");
                return Err(error);
            }
            let name = self.name("a parameter")?;
            parameters.push(self.parameter_after(name)?);
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        Ok(self.arena.alloc_slice_copy(&parameters))
    }

    /// The rest of a parameter list whose first parameter was read as an expression before it was known to be one.
    pub(super) fn parameters_after(&mut self, first: Parameter<'a>) -> Parse<&'a [Parameter<'a>]> {
        let first = match first.default {
            Some(_) => first,
            None => self.parameter_after(first.name)?,
        };
        if self.eat(TokenKind::Comma) {
            return self.parameters(vec![first]);
        }
        Ok(std::slice::from_ref(self.arena.alloc(first)))
    }

    fn parameter_after(&mut self, name: Name) -> Parse<Parameter<'a>> {
        let annotation = self.annotation()?;
        let default = match self.eat(TokenKind::Equal) {
            true => Some(self.allocated_expression()?),
            false => None,
        };
        Ok(Parameter { name, annotation, default })
    }

    // Literals.

    /// `x => …`, after the name.
    pub(super) fn arrow_of_name(&mut self, name: Name) -> Parse<Expression<'a>> {
        let parameter = Parameter { name, annotation: None, default: None };
        let parameters = std::slice::from_ref(self.arena.alloc(parameter));
        self.arrow_of_parameters(name.span.start, parameters)
    }

    /// `(a, b) => …`, after the parameters.
    pub(super) fn arrow_of_parameters(&mut self, start: u32, parameters: &'a [Parameter<'a>]) -> Parse<Expression<'a>> {
        let header = self.previous;
        if !self.at(TokenKind::FatArrow) {
            let error = self.expected("`=>` after the parameters");
            self.help(match parameters {
                [] => "there is nothing between the parentheses",
                _ => "values are grouped in a list, `[a, b]`; parentheses with a comma are the parameters of `(a, b) => …`",
            });
            return Err(error);
        }
        let id = self.new_function();
        self.advance();
        let body = self.arrow_body(header)?;
        Ok(self.literal_function(start, id, parameters, None, body))
    }

    /// `lambda(x) { }`, `lambda(x): e`, `lambda(x) -> e`, `lambda x: e` and so on.
    pub(super) fn lambda(&mut self) -> Parse<Expression<'a>> {
        let header = self.advance();
        let id = self.new_function();
        let parameters = match self.at(TokenKind::LeftParenthesis) {
            true => self.parameter_list(Vec::new())?,
            false => self.bare_parameters(),
        };
        let body = match self.token.kind {
            TokenKind::LeftBrace => FunctionBody::Block(self.block(header, "after the parameters")?),
            TokenKind::Colon if self.peek().newline_before() => {
                FunctionBody::Block(self.block(header, "after the parameters")?)
            }
            TokenKind::Colon | TokenKind::ThinArrow | TokenKind::FatArrow => {
                self.advance();
                self.arrow_body(header)?
            }
            _ => {
                let error = self.expected("the body of the `lambda`");
                self.help("it is written `lambda(x): x + 1` or `lambda(x) { return x + 1 }`");
                return Err(error);
            }
        };
        Ok(self.literal_function(header.start, id, parameters, None, body))
    }

    /// `x, y` before the colon of a lambda.
    fn bare_parameters(&mut self) -> &'a [Parameter<'a>] {
        let mut parameters = Vec::new();
        while self.token.kind.is_name() {
            parameters.push(Parameter { name: self.take_name(), annotation: None, default: None });
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        self.arena.alloc_slice_copy(&parameters)
    }

    /// `action(x) { … }`, `function(x) { … }`.
    pub(super) fn function_literal(&mut self) -> Parse<Expression<'a>> {
        let header = self.advance();
        let id = self.new_function();
        let parameters = self.parameter_list(Vec::new())?;
        let result = self.result_type()?;
        let body = match self.eat(TokenKind::FatArrow) {
            true => self.arrow_body(header)?,
            false => FunctionBody::Block(self.block(header, "after the parameters")?),
        };
        Ok(self.literal_function(header.start, id, parameters, result, body))
    }

    /// The literal that stands behind `async`, made a function whose calls are tasks.
    pub(super) fn async_literal(&self, literal: &Function<'a>, span: Span) -> Expression<'a> {
        let function = Function { is_async: true, span, ..*literal };
        Expression { kind: ExpressionKind::Function(self.arena.alloc(function)), span }
    }

    pub(super) fn literal_function(
        &mut self,
        start: u32,
        id: FunctionId,
        parameters: &'a [Parameter<'a>],
        result: Option<&'a TypeExpression<'a>>,
        body: FunctionBody<'a>,
    ) -> Expression<'a> {
        let span = self.span_from(start);
        let kind = FunctionKind::Literal;
        let (modifiers, is_async): (&[Label], bool) = (&[], false);
        let function = Function { id, kind, name: None, parameters, result, body, modifiers, is_async, span };
        Expression { kind: ExpressionKind::Function(self.arena.alloc(function)), span }
    }

    /// What stands after `=>` and the like: a block, a map, one statement such as `print(x)`, or an expression. Braces are a block
    /// unless they begin with `key:`; empty ones are an empty block.
    pub(super) fn arrow_body(&mut self, header: Token) -> Parse<FunctionBody<'a>> {
        if self.at(TokenKind::LeftBrace) && !self.brace_begins_map() {
            return Ok(FunctionBody::Block(self.block(header, "after `=>`")?));
        }
        if self.at_plain_statement() {
            return Ok(FunctionBody::Block(self.plain_statement()?));
        }
        Ok(FunctionBody::Expression(self.allocated_expression()?))
    }
}
