//! A place in a line of the text form.

use super::error::{ParseError, ParseProblem};
use super::lexer::{Line, Token};
use super::literal::{self, Number};
use super::references::numbered;

/// Walks along the items of a line.
pub(super) struct Cursor<'l, 't> {
    line: &'l Line<'t>,
    next: usize,
}

/// How an entry of a table is named: by text, index or both.
pub(super) struct Reference {
    pub(super) text: Option<String>,
    pub(super) index: Option<u32>,
    pub(super) column: u32,
}

impl<'l, 't> Cursor<'l, 't> {
    pub(super) fn new(line: &'l Line<'t>) -> Self {
        Self { line, next: 0 }
    }

    /// The item here, if the line goes on.
    pub(super) fn peek(&self) -> Option<&'l Token<'t>> {
        self.line.tokens.get(self.next).map(|(_, token)| token)
    }

    /// The item after it.
    pub(super) fn peek_second(&self) -> Option<&'l Token<'t>> {
        self.line.tokens.get(self.next + 1).map(|(_, token)| token)
    }

    /// Goes past the item here.
    pub(super) fn advance(&mut self) {
        self.next += 1;
    }

    /// The number of the line.
    pub(super) fn line(&self) -> u32 {
        self.line.number
    }

    /// The column of the item here.
    pub(super) fn column(&self) -> u32 {
        self.line.tokens.get(self.next).map_or(self.line.end, |&(column, _)| column)
    }

    /// An error at a column of this line.
    pub(super) fn error_at(&self, column: u32, problem: ParseProblem) -> ParseError {
        ParseError { line: self.line.number, column, problem }
    }

    /// An error at the item before this.
    pub(super) fn error_before(&self, problem: ParseProblem) -> ParseError {
        let column = self.next.checked_sub(1).map_or(1, |before| self.line.tokens[before].0);
        self.error_at(column, problem)
    }

    /// Something else should be here.
    pub(super) fn expected(&self, expected: &str) -> ParseError {
        let found = self.peek().map_or_else(|| "the end of the line".into(), Token::describe);
        self.error_at(self.column(), ParseProblem::Expected { expected: expected.into(), found: found.into() })
    }

    /// True when this mark is here.
    pub(super) fn at(&self, mark: char) -> bool {
        self.peek() == Some(&Token::Mark(mark))
    }

    /// Takes this mark if it is here.
    pub(super) fn eat(&mut self, mark: char) -> bool {
        let here = self.at(mark);
        self.next += usize::from(here);
        here
    }

    /// Takes this mark.
    pub(super) fn expect(&mut self, mark: char) -> Result<(), ParseError> {
        if self.eat(mark) { Ok(()) } else { Err(self.expected(&format!("`{mark}`"))) }
    }

    /// Takes this word if it is here.
    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let here = matches!(self.peek(), Some(Token::Word(found)) if *found == word);
        self.next += usize::from(here);
        here
    }

    /// Takes a word.
    pub(super) fn word(&mut self, expected: &str) -> Result<&'t str, ParseError> {
        match self.peek() {
            Some(Token::Word(word)) => {
                self.next += 1;
                Ok(word)
            }
            _ => Err(self.expected(expected)),
        }
    }

    /// Takes a string.
    pub(super) fn text(&mut self) -> Result<&'l str, ParseError> {
        match self.peek() {
            Some(Token::Text(text)) => {
                self.next += 1;
                Ok(text)
            }
            _ => Err(self.expected("a string")),
        }
    }

    /// Takes a word or a string.
    pub(super) fn word_or_text(&mut self, expected: &str) -> Result<&'l str, ParseError> {
        match self.peek() {
            Some(Token::Word(word)) => {
                self.next += 1;
                Ok(word)
            }
            Some(Token::Text(text)) => {
                self.next += 1;
                Ok(text)
            }
            _ => Err(self.expected(expected)),
        }
    }

    /// Takes a number.
    pub(super) fn number(&mut self) -> Result<Number, ParseError> {
        let number = match self.peek() {
            Some(Token::Number(text)) => literal::number(text),
            _ => None,
        };
        match number {
            Some(number) => {
                self.next += 1;
                Ok(number)
            }
            None => Err(self.expected("a number of 64 bits")),
        }
    }

    /// Takes an integer in a range.
    pub(super) fn integer<T>(&mut self, what: &'static str, least: T, most: T) -> Result<T, ParseError>
    where
        T: TryFrom<i64> + Into<i64> + PartialOrd + Copy,
    {
        let column = self.column();
        let value = match self.peek() {
            Some(Token::Number(text)) => literal::number(text),
            _ => None,
        };
        let Some(Number::Int(value)) = value else {
            return Err(self.expected(&format!("a whole number ({what})")));
        };
        match T::try_from(value) {
            Ok(fitting) if fitting >= least && fitting <= most => {
                self.next += 1;
                Ok(fitting)
            }
            _ => Err(self.error_at(column, ParseProblem::TooLarge { what, value, most: most.into() })),
        }
    }

    /// Takes a word like `r3`.
    pub(super) fn numbered(&mut self, letter: char, expected: &str) -> Result<u32, ParseError> {
        match self.peek() {
            Some(Token::Word(word)) if let Some(number) = numbered(word, letter) => {
                self.next += 1;
                Ok(number)
            }
            _ => Err(self.expected(expected)),
        }
    }

    /// Takes what names an entry of a table.
    pub(super) fn reference(&mut self, expected: &str) -> Result<Reference, ParseError> {
        let column = self.column();
        let text = match self.peek() {
            Some(Token::Word(word)) => Some((*word).to_owned()),
            Some(Token::Text(text)) => Some(text.clone()),
            Some(Token::Index(_)) => None,
            _ => return Err(self.expected(expected)),
        };
        self.next += usize::from(text.is_some());
        let index = match self.peek() {
            Some(&Token::Index(index)) if text.is_none() => {
                self.next += 1;
                Some(index)
            }
            Some(&Token::Suffix(index)) => {
                self.next += 1;
                Some(index)
            }
            _ => None,
        };
        Ok(Reference { text, index, column })
    }

    /// The line ends here.
    pub(super) fn end(&self) -> Result<(), ParseError> {
        if self.is_done() { Ok(()) } else { Err(self.expected("the end of the line")) }
    }

    /// True at the end of the line.
    pub(super) fn is_done(&self) -> bool {
        self.next >= self.line.tokens.len()
    }
}
