//! Numbers and strings.

use super::{Parse, Parser, span_of};
use crate::ast::{Expression, ExpressionKind, Span};
use crate::lexer::{Token, TokenKind};
use bumpalo::collections::String as ArenaString;

/// The one integer that can be written only with its minus.
const SMALLEST_MAGNITUDE: u64 = i64::MIN.unsigned_abs();

/// The value of an integer literal; nothing when it does not fit in 64 bits.
fn magnitude(text: &str) -> Option<u64> {
    let (base, digits) = match text.as_bytes() {
        [b'0', b'x' | b'X', digits @ ..] => (16, digits),
        [b'0', b'b' | b'B', digits @ ..] => (2, digits),
        digits => (10, digits),
    };
    let mut value = 0u64;
    for &byte in digits {
        // Underscores, and the letters of a malformed number, which was complained about, are skipped.
        if let Some(digit) = char::from(byte).to_digit(base) {
            value = value.checked_mul(u64::from(base))?.checked_add(u64::from(digit))?;
        }
    }
    Some(value)
}

impl<'a> Parser<'a, '_> {
    pub(super) fn integer(&mut self) -> Parse<ExpressionKind<'a>> {
        let value = magnitude(self.text(self.token)).and_then(|value| i64::try_from(value).ok());
        if value.is_none() {
            let shown = self.describe(self.token);
            self.error(format!("the integer {shown} does not fit in 64 bits"));
            self.help(format!("integers go up to {}; write a float, `1e19`, for more", i64::MAX));
        }
        self.advance();
        Ok(ExpressionKind::Integer(value.unwrap_or(0)))
    }

    /// True for the literal `9223372036854775808` when nothing that binds tighter than a minus before it follows.
    pub(super) fn is_smallest_integer(&self, token: Token) -> bool {
        use TokenKind::*;
        magnitude(self.text(token)) == Some(SMALLEST_MAGNITUDE)
            && !matches!(self.peek().kind, StarStar | Dot | LeftBracket | LeftParenthesis)
    }

    /// `-9223372036854775808`, of which the minus has been taken.
    pub(super) fn smallest_integer(&mut self, minus: Token) -> Parse<Expression<'a>> {
        self.advance();
        Ok(Expression { kind: ExpressionKind::Integer(i64::MIN), span: self.span_from(minus.start) })
    }

    pub(super) fn float(&mut self) -> Parse<ExpressionKind<'a>> {
        let text = self.text(self.token);
        let value = match text.contains('_') {
            true => text.replace('_', "").parse::<f64>(),
            false => text.parse::<f64>(),
        };
        // The lexer lets through only what Rust reads too.
        let mut value = value.unwrap_or(0.0);
        if value.is_infinite() {
            let shown = self.describe(self.token);
            self.error(format!("the number {shown} is too large for a float"));
            self.help("floats go up to about 1.8e308");
            value = 0.0;
        }
        self.advance();
        Ok(ExpressionKind::Float(value))
    }

    /// A string without `${…}`.
    pub(super) fn string(&mut self) -> Parse<&'a str> {
        let text = self.piece_text(self.token);
        self.advance();
        Ok(text)
    }

    /// A string with `${…}`: literal pieces and expressions in turn.
    pub(super) fn interpolation(&mut self) -> Parse<ExpressionKind<'a>> {
        let base = self.expressions.len();
        loop {
            let piece = self.token;
            let text = self.piece_text(piece);
            if !text.is_empty() {
                self.expressions.push(Expression { kind: ExpressionKind::String(text), span: span_of(piece) });
            }
            if piece.kind == TokenKind::StringEnd {
                self.advance();
                return Ok(ExpressionKind::Interpolation(self.take_expressions(base)));
            }
            let opening = Token { kind: TokenKind::StringStart, ..piece };
            let mode = self.open();
            if let Some(last) = self.open.last_mut() {
                *last = opening;
            }
            let value = self.with_mode(mode, |parser| {
                if parser.at(TokenKind::RightBrace) {
                    let error = parser.error("`${}` holds no expression");
                    parser.help("write `\\${}` for the characters themselves");
                    return Err(error);
                }
                parser.expression()
            })?;
            self.expressions.push(value);
            if !self.at(TokenKind::RightBrace) {
                return Err(self.unclosed(opening, "an operator or `}`"));
            }
            self.open.pop();
            self.resume_string(opening);
        }
    }

    /// From the `}` of a `${…}`, makes the next piece of the string the current token.
    pub(super) fn resume_string(&mut self, opening: Token) {
        let piece = self.lexer.resume_string(opening);
        self.previous = std::mem::replace(&mut self.token, piece);
        if piece.kind.is_faulty() {
            self.faulty_token();
        }
    }

    /// The text of a string or of one literal piece of it, escapes resolved.
    fn piece_text(&mut self, piece: Token) -> &'a str {
        let mut text = self.text(piece);
        if matches!(piece.kind, TokenKind::String | TokenKind::StringStart) {
            text = &text[if piece.is_triple_quoted() { 3 } else { 1 }..];
        }
        text = match piece.kind {
            TokenKind::StringStart | TokenKind::StringMiddle => text.strip_suffix("${").unwrap_or(text),
            // A string that is never closed has no quotes at its end; it was complained about.
            _ => {
                let single = piece.kind == TokenKind::String && self.text(piece).starts_with('\'');
                let quote = if single { '\'' } else { '"' };
                let quotes = if piece.is_triple_quoted() { 3 } else { 1 };
                let content = text.trim_end_matches(quote);
                &text[..content.len().max(text.len().saturating_sub(quotes))]
            }
        };
        if piece.has_escapes() { self.unescape(text) } else { self.arena.alloc_str(text) }
    }

    fn unescape(&mut self, text: &str) -> &'a str {
        let mut result = ArenaString::with_capacity_in(text.len(), self.arena);
        let mut rest = text;
        while let Some(backslash) = rest.find('\\') {
            result.push_str(&rest[..backslash]);
            let escape = &rest[backslash..];
            let Some(character) = escape[1..].chars().next() else {
                rest = "";
                break;
            };
            let mut length = 1 + character.len_utf8();
            match character {
                'n' => result.push('\n'),
                't' => result.push('\t'),
                'r' => result.push('\r'),
                '0' => result.push('\0'),
                'x' | 'u' => match code_point(escape) {
                    Some((character, used)) => {
                        result.push(character);
                        length = used;
                    }
                    None => {
                        let start = (escape.as_ptr() as usize - self.source.as_ptr() as usize) as u32;
                        self.error_at(Span::new(start, start + 2), format!("`\\{character}` needs hexadecimal digits"));
                        self.help("`\\xHH` takes two of them, `\\uHHHH` four that name a character");
                    }
                },
                other => result.push(other),
            }
            rest = &escape[length..];
        }
        result.push_str(rest);
        result.into_bump_str()
    }
}

/// The character of an escape that begins with `\x` or `\u`, and how many bytes the escape takes. Characters beyond `\uFFFF` are
/// written as two surrogates, as in JSON.
fn code_point(escape: &str) -> Option<(char, usize)> {
    let digits = |start: usize, count: usize| {
        let digits = escape.get(start..start + count)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        u32::from_str_radix(digits, 16).ok()
    };
    if escape.starts_with("\\x") {
        return Some((char::from_u32(digits(2, 2)?)?, 4));
    }
    let first = digits(2, 4)?;
    if let Some(character) = char::from_u32(first) {
        return Some((character, 6));
    }
    if !(0xd800..0xdc00).contains(&first) || escape.get(6..8) != Some("\\u") {
        return None;
    }
    let second = digits(8, 4)?;
    if !(0xdc00..0xe000).contains(&second) {
        return None;
    }
    let character = char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))?;
    Some((character, 12))
}
