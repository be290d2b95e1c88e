//! Type annotations. They are kept for tools; nothing checks them.

use super::{Parse, Parser};
use crate::ast::{Label, TypeExpression};
use crate::lexer::{Token, TokenKind};

/// How many `[]` a type may have.
const MAX_DIMENSIONS: u32 = 32;

impl<'a> Parser<'a, '_> {
    /// `: T`, if it is there.
    pub(super) fn annotation(&mut self) -> Parse<Option<&'a TypeExpression<'a>>> {
        if !self.eat(TokenKind::Colon) {
            return Ok(None);
        }
        self.type_expression().map(Some)
    }

    /// `-> T`, if it is there.
    pub(super) fn result_type(&mut self) -> Parse<Option<&'a TypeExpression<'a>>> {
        if !self.eat(TokenKind::ThinArrow) {
            return Ok(None);
        }
        self.type_expression().map(Some)
    }

    /// A type: `integer`, `list<T>`, `T[]`, `module.Type`.
    pub(super) fn type_expression(&mut self) -> Parse<&'a TypeExpression<'a>> {
        let first = self.token;
        let mut name = self.label("a type")?;
        while self.at(TokenKind::Dot) && self.same_line() {
            self.advance();
            let last = self.label("a type")?;
            name.span.end = last.span.end;
        }
        if name.span.end != first.end {
            name.symbol = self.names.intern(&self.source[name.span.start as usize..name.span.end as usize]);
        }
        let arguments: &'a [TypeExpression<'a>] = match self.at(TokenKind::Less) {
            true => self.nested(Self::type_arguments)?,
            false => &[],
        };
        let mut result = TypeExpression { name, arguments, is_array: false };
        let mut dimensions = 0;
        while self.at(TokenKind::LeftBracket) && self.same_line() {
            self.advance();
            self.expect(TokenKind::RightBracket, "after `[` in a type")?;
            dimensions += 1;
            if dimensions > MAX_DIMENSIONS {
                return Err(self.error(format!("a type has at most {MAX_DIMENSIONS} dimensions")));
            }
            if result.is_array {
                // `T[][]` is `list<T[]>`.
                let list = Label { symbol: self.names.intern("list"), span: name.span };
                let element = std::slice::from_ref(self.arena.alloc(result));
                result = TypeExpression { name: list, arguments: element, is_array: false };
            } else {
                result.is_array = true;
            }
        }
        Ok(self.arena.alloc(result))
    }

    fn type_arguments(&mut self) -> Parse<&'a [TypeExpression<'a>]> {
        self.advance();
        let mut arguments = Vec::new();
        loop {
            arguments.push(*self.type_expression()?);
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        match self.token.kind {
            TokenKind::Greater => {
                self.advance();
            }
            // `list<T>= x`: the lexer cannot know that these are two marks.
            TokenKind::GreaterEqual => {
                self.token = Token { kind: TokenKind::Equal, start: self.token.start + 1, ..self.token };
            }
            _ => return Err(self.expected("`,` or `>` in a type")),
        }
        Ok(self.arena.alloc_slice_copy(&arguments))
    }
}
