//! Words, strings, numbers and marks of the text form, a line at a time.

use super::error::{ParseError, ParseProblem};
use super::literal;

/// One item of a line.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'t> {
    /// A word: mnemonic, directive, name, register.
    Word(&'t str),
    /// A number, as written.
    Number(&'t str),
    /// A string, without its quotes and escapes.
    Text(String),
    /// `#12` by itself
    Index(u32),
    /// `#12` right behind a word or string
    Suffix(u32),
    /// A mark: one of `, : = !`.
    Mark(char),
}

impl Token<'_> {
    /// How an error message shows it.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Word(text) | Self::Number(text) => format!("`{text}`"),
            Self::Text(text) => {
                let mut out = String::new();
                literal::quote(&mut out, text);
                out
            }
            Self::Index(index) | Self::Suffix(index) => format!("`#{index}`"),
            Self::Mark(mark) => format!("`{mark}`"),
        }
    }
}

/// A line that is not empty.
#[derive(Clone, Debug)]
pub(super) struct Line<'t> {
    /// Its number, from 1.
    pub(super) number: u32,
    /// Its items, each with its column.
    pub(super) tokens: Vec<(u32, Token<'t>)>,
    /// The column past its last item.
    pub(super) end: u32,
}

/// Splits text into lines of items; comments and empty lines are left out.
pub(super) fn lines(text: &str) -> Result<Vec<Line<'_>>, ParseError> {
    let mut lines = Vec::new();
    for (index, line) in text.split('\n').enumerate() {
        let line = Scanner { line: index as u32 + 1, column: 1, rest: line }.line()?;
        if !line.tokens.is_empty() {
            lines.push(line);
        }
    }
    Ok(lines)
}

struct Scanner<'t> {
    line: u32,
    column: u32,
    rest: &'t str,
}

impl<'t> Scanner<'t> {
    fn line(mut self) -> Result<Line<'t>, ParseError> {
        let mut tokens = Vec::new();
        loop {
            let is_apart = !self.take(char::is_whitespace).is_empty();
            let column = self.column;
            let Some(first) = self.rest.chars().next() else { break };
            let token = match first {
                ';' => break,
                '"' => self.text()?,
                '#' => match (self.index()?, tokens.last()) {
                    (index, Some((_, Token::Word(_) | Token::Text(_)))) if !is_apart => Token::Suffix(index),
                    (index, _) => Token::Index(index),
                },
                ',' | ':' | '=' | '!' => {
                    self.advance(1);
                    Token::Mark(first)
                }
                '-' => self.number(),
                _ if first.is_ascii_digit() => self.number(),
                _ if literal::starts_word(first) => Token::Word(self.take(literal::continues_word)),
                _ => return self.error(ParseProblem::Character { character: first }),
            };
            tokens.push((column, token));
        }
        Ok(Line { number: self.line, tokens, end: self.column })
    }

    /// Takes `bytes` bytes.
    fn advance(&mut self, bytes: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.column += taken.chars().count() as u32;
        self.rest = rest;
        taken
    }

    /// Takes characters while they fit.
    fn take(&mut self, fits: impl Fn(char) -> bool) -> &'t str {
        let bytes = self.rest.find(|character| !fits(character)).unwrap_or(self.rest.len());
        self.advance(bytes)
    }

    fn number(&mut self) -> Token<'t> {
        let mut before = '\0';
        let mut bytes = 0;
        let is_hexadecimal = self.rest.starts_with("0x");
        for (at, character) in self.rest.char_indices() {
            let is_sign = matches!(character, '-' | '+') && (at == 0 || matches!(before, 'e' | 'E') && !is_hexadecimal);
            if !(character.is_ascii_alphanumeric() || character == '.' || is_sign) {
                break;
            }
            before = character;
            bytes = at + 1;
        }
        Token::Number(self.advance(bytes))
    }

    fn index(&mut self) -> Result<u32, ParseError> {
        let start = self.column;
        self.advance(1);
        let digits = self.take(|character| character.is_ascii_digit());
        match digits.parse() {
            Ok(index) => Ok(index),
            Err(_) => {
                self.column = start;
                self.error(ParseProblem::Expected {
                    expected: "an index of 32 bits after `#`".into(),
                    found: format!("`#{digits}`").into(),
                })
            }
        }
    }

    fn text(&mut self) -> Result<Token<'t>, ParseError> {
        let start = self.column;
        self.advance(1);
        let mut text = String::new();
        loop {
            text.push_str(self.take(|character| !matches!(character, '"' | '\\')));
            if self.rest.starts_with('"') {
                self.advance(1);
                return Ok(Token::Text(text));
            }
            if self.rest.is_empty() {
                self.column = start;
                return self.error(ParseProblem::OpenString);
            }
            text.push(self.escape()?);
        }
    }

    fn escape(&mut self) -> Result<char, ParseError> {
        let (character, bytes) = match self.rest.as_bytes().get(1) {
            Some(b'n') => (Some('\n'), 2),
            Some(b'r') => (Some('\r'), 2),
            Some(b't') => (Some('\t'), 2),
            Some(b'\\') => (Some('\\'), 2),
            Some(b'"') => (Some('"'), 2),
            _ => {
                let digits =
                    self.rest.strip_prefix("\\u{").and_then(|rest| rest.split_once('}')).map(|(digits, _)| digits);
                let character = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32);
                (character, digits.map_or(0, |digits| digits.len() + 4))
            }
        };
        match character {
            Some(character) => {
                self.advance(bytes);
                Ok(character)
            }
            None => self.error(ParseProblem::Escape),
        }
    }

    fn error<T>(&self, problem: ParseProblem) -> Result<T, ParseError> {
        Err(ParseError { line: self.line, column: self.column, problem })
    }
}
