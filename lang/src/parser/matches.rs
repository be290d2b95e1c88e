//! `match` and its patterns.
//!
//! Arms are `pattern => …`, or `case pattern …` and `default …` with a block. `match` may also be the name of an action or a list, so
//! with a bracket or a minus after it the parser looks ahead whether arms follow on the same line.

use super::statements::{begins_operand, begins_other_operand};
use super::{Mode, Parse, Parser};
use crate::ast::{Expression, ExpressionKind, Match, MatchArm, MatchBody, Pattern, Span};
use crate::lexer::{Token, TokenKind};

/// How many tokens are looked at to find the arms of `match (…`, or the message of `verify (…`. What is longer would have to be a variable.
pub(super) const LOOK_AHEAD: usize = 256;

impl<'a> Parser<'a, '_> {
    /// At the word `match`: a match expression, or a name.
    pub(super) fn match_or_name(&mut self) -> Parse<Expression<'a>> {
        let word = self.token;
        let next = self.peek();
        let may_go_on = next.kind == TokenKind::LeftParenthesis || begins_other_operand(next.kind);
        if next.newline_before() || !(may_go_on || begins_operand(next.kind)) || (may_go_on && !self.arms_follow()) {
            return self.name_or_arrow();
        }
        self.advance();
        let subject = self.header("match")?;
        self.arms(word, subject)
    }

    /// Whether the current `match`, with a bracket or a minus after it, is followed by arms on the same line. A colon begins them only
    /// if the `match` is the whole statement; elsewhere it may be that of `?:`.
    fn arms_follow(&self) -> bool {
        let mut ahead = self.lexer;
        let mut depth = 0u32;
        for position in 0..LOOK_AHEAD {
            let token = ahead.next_token();
            if depth == 0 && token.newline_before() {
                return false;
            }
            match token.kind {
                // A brace right behind the word begins what is matched: a map.
                TokenKind::LeftBrace if depth == 0 && position > 0 => return !self.mode.header,
                TokenKind::Colon if depth == 0 => {
                    return self.token.start == self.statement_start && ahead.next_token().newline_before();
                }
                TokenKind::LeftParenthesis | TokenKind::LeftBracket | TokenKind::LeftBrace => depth += 1,
                TokenKind::RightParenthesis | TokenKind::RightBracket | TokenKind::RightBrace if depth > 0 => {
                    depth -= 1
                }
                TokenKind::RightParenthesis
                | TokenKind::RightBracket
                | TokenKind::RightBrace
                | TokenKind::Comma
                | TokenKind::Semicolon
                | TokenKind::FatArrow
                | TokenKind::Match
                    if depth == 0 =>
                {
                    return false;
                }
                TokenKind::End => return false,
                // Looking past `${` would take parsing it. Matching on such a string is likelier than calling an action `match`.
                TokenKind::StringStart => return !self.mode.header,
                _ => {}
            }
        }
        false
    }

    fn arms(&mut self, word: Token, subject: &'a Expression<'a>) -> Parse<Expression<'a>> {
        let mut arms = Vec::new();
        let mut is_statement = false;
        self.enclosed(word, "after what is matched", false, |parser| {
            parser.members(|parser| {
                let (arm, has_keyword) = parser.arm()?;
                arms.push(arm);
                is_statement |= has_keyword;
                Ok(())
            })
        })?;
        let arms = self.arena.alloc_slice_copy(&arms);
        let kind = ExpressionKind::Match(self.arena.alloc(Match { subject, arms, is_statement }));
        Ok(Expression { kind, span: self.span_from(word.start) })
    }

    /// `case` or `default`, when it begins an arm here and is no name.
    pub(super) fn arm_keyword(&self) -> Option<TokenKind> {
        use TokenKind::*;
        let next = self.peek().kind;
        let fits = match self.token.kind {
            Case => {
                next.is_name() || matches!(next, Integer | Float | String | StringStart | Minus | True | False | Null)
            }
            Default => matches!(next, FatArrow | LeftBrace | Colon),
            _ => false,
        };
        fits.then_some(self.token.kind)
    }

    /// One arm, and whether it is one of a `match` statement.
    fn arm(&mut self) -> Parse<(MatchArm<'a>, bool)> {
        use TokenKind::*;
        let word = self.token;
        let keyword = self.arm_keyword();
        let (is_case, is_default) = (keyword == Some(Case), keyword == Some(Default));
        if keyword.is_some() {
            self.advance();
        }
        let pattern = if is_default { Pattern::Wildcard } else { self.pattern()? };
        if self.at(FatArrow) {
            self.advance();
            return Ok((MatchArm { pattern, body: self.arm_body(word)? }, is_case));
        }
        if !is_case && !is_default {
            let error = self.expected("`=>` after the pattern");
            self.help("an arm is written `pattern => value`, or `case pattern { … }`");
            return Err(error);
        }
        let block = self.arm_block(word, "after the pattern")?;
        Ok((MatchArm { pattern, body: MatchBody::Block(block) }, true))
    }

    /// What stands after the `=>` of an arm.
    fn arm_body(&mut self, word: Token) -> Parse<MatchBody<'a>> {
        if self.at(TokenKind::LeftBrace) && !self.brace_begins_map() {
            return Ok(MatchBody::Block(self.block(word, "after `=>`")?));
        }
        if self.at_plain_statement() {
            return Ok(MatchBody::Block(self.plain_statement()?));
        }
        let expression = self.expression()?;
        let expression = self.increment_after(expression)?;
        Ok(MatchBody::Expression(self.arena.alloc(expression)))
    }

    fn pattern(&mut self) -> Parse<Pattern<'a>> {
        use TokenKind::*;
        match self.token.kind {
            Integer | Float | String | StringStart | True | False | Null => {
                let value = self.operand()?;
                Ok(Pattern::Value(self.arena.alloc(value)))
            }
            Minus if matches!(self.peek().kind, Integer | Float) => {
                let value = self.unary()?;
                Ok(Pattern::Value(self.arena.alloc(value)))
            }
            kind if kind.is_name() => self.named_pattern(),
            _ => {
                let error = self.expected("a pattern");
                self.help("a pattern is a literal, a name, `_`, `Color.RED` or `Point(x, 0)`");
                Err(error)
            }
        }
    }

    fn named_pattern(&mut self) -> Parse<Pattern<'a>> {
        if self.text(self.token) == "_" {
            self.advance();
            return Ok(Pattern::Wildcard);
        }
        let path = self.type_path("a type or a variable")?;
        if self.at(TokenKind::LeftParenthesis) && self.same_line() {
            let fields = self.nested(Self::pattern_fields)?;
            return Ok(Pattern::Instance { entity: path, fields });
        }
        if path.members.is_empty() {
            return Ok(Pattern::Binding(path.name));
        }
        let start = path.span.start;
        let mut value = Expression { kind: ExpressionKind::Name(path.name), span: path.name.span };
        for &name in path.members {
            let kind = ExpressionKind::Attribute { object: self.arena.alloc(value), name };
            value = Expression { kind, span: Span::new(start, name.span.end) };
        }
        Ok(Pattern::Value(self.arena.alloc(value)))
    }

    fn pattern_fields(&mut self) -> Parse<&'a [Pattern<'a>]> {
        let mut fields = Vec::new();
        let mode: Mode = self.open();
        self.with_mode(mode, |parser| {
            while !parser.at(TokenKind::RightParenthesis) {
                fields.push(parser.pattern()?);
                if !parser.eat(TokenKind::Comma) {
                    break;
                }
            }
            Ok(())
        })?;
        self.close(TokenKind::RightParenthesis, "`,` or `)`")?;
        Ok(self.arena.alloc_slice_copy(&fields))
    }
}
