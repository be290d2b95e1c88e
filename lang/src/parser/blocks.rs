//! Blocks in both styles, and the loop over statements.
//!
//! A block is `{ … }`, or a colon with either one line of statements or lines that are indented further than the line on which
//! its header begins. The two nest freely: braces inside an indented block suspend its columns until the closing brace.

use super::{Mode, Parse, Parser, Surroundings};
use crate::ast::{Block, ExpressionKind, Statement, StatementKind};
use crate::lexer::{Token, TokenKind};

impl<'a> Parser<'a, '_> {
    /// A block after the header that begins with the token `header`; `place` is for the message, as in "after the condition".
    pub(super) fn block(&mut self, header: Token, place: &str) -> Parse<Block<'a>> {
        self.block_of(header, place, false)
    }

    /// The block of a `case`: on one line it ends at the next `case`.
    pub(super) fn arm_block(&mut self, header: Token, place: &str) -> Parse<Block<'a>> {
        self.block_of(header, place, true)
    }

    fn block_of(&mut self, header: Token, place: &str, arm: bool) -> Parse<Block<'a>> {
        let start = self.token.start;
        let mut statements: &'a [Statement<'a>] = &[];
        self.enclosed(header, place, arm, |parser| {
            statements = parser.statements();
            Ok(())
        })?;
        Ok(Block { statements, span: self.span_from(start) })
    }

    /// What stands between a header and the end of its block, in either style, parsed by `contents`.
    pub(super) fn enclosed(
        &mut self,
        header: Token,
        place: &str,
        arm: bool,
        contents: impl FnOnce(&mut Self) -> Parse<()>,
    ) -> Parse<()> {
        match self.token.kind {
            TokenKind::LeftBrace => self.nested(|parser| {
                parser.open();
                parser.with_mode(Mode::block(Surroundings::Braces), contents)?;
                parser.close(TokenKind::RightBrace, "`}`")
            }),
            TokenKind::Colon => self.nested(|parser| {
                parser.advance();
                parser.after_colon(header, arm, contents)
            }),
            _ => {
                let error = self.expected(&format!("`{{` or `:` {place}"));
                self.help("a block stands in braces, or after a colon on indented lines");
                Err(error)
            }
        }
    }

    fn after_colon(&mut self, header: Token, arm: bool, contents: impl FnOnce(&mut Self) -> Parse<()>) -> Parse<()> {
        if self.same_line() && !self.at(TokenKind::End) {
            // Among the arguments of a call a comma is theirs.
            let comma_ends = self.mode.comma_ends || !self.mode.newlines_end;
            let mode = Mode { comma_ends, ..Mode::block(Surroundings::Line { arm }) };
            return self.with_mode(mode, |parser| {
                if parser.at_block_end() {
                    return Err(parser.expected("a statement after `:`"));
                }
                contents(parser)
            });
        }
        let outer = self.column(header.line_start);
        let inner = self.column(self.token.line_start);
        if self.at(TokenKind::End) || inner <= outer {
            self.expected("an indented block after `:`");
            self.help("indent the lines that belong to it further than the line with the `:`");
            return Ok(());
        }
        self.with_mode(Mode::block(Surroundings::Indented(inner)), contents)?;
        if self.token.newline_before() && !self.at(TokenKind::End) && !self.at_closing_bracket() {
            let column = self.column(self.token.line_start);
            if outer < column && column < inner {
                self.error("the indentation of this line matches no block around it");
                self.mixed_indentation_help();
            }
        }
        Ok(())
    }

    /// Hints at tabs when the indentation of the current line mixes them with spaces, or differs in that from the line before.
    fn mixed_indentation_help(&mut self) {
        let indentation = |line_start: u32| {
            let line = &self.source[line_start as usize..];
            let length = line.bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
            &line[..length]
        };
        let both = [indentation(self.token.line_start), indentation(self.previous.line_start)];
        if both.iter().any(|text| text.contains('\t')) && both.iter().any(|text| text.contains(' ')) {
            self.help("tabs and spaces are mixed here; a tab counts up to the next multiple of 8 columns");
        }
    }

    pub(super) fn at_closing_bracket(&self) -> bool {
        matches!(self.token.kind, TokenKind::RightBrace | TokenKind::RightParenthesis | TokenKind::RightBracket)
    }

    /// True when the current token begins a line that is no longer in the block around it, going by its column.
    pub(super) fn line_leaves_block(&self) -> bool {
        self.token.newline_before()
            && match self.mode.surroundings {
                Surroundings::File | Surroundings::Braces => false,
                Surroundings::Indented(column) => self.column(self.token.line_start) < column,
                Surroundings::Line { .. } => true,
            }
    }

    /// True where the block that is being parsed ends.
    pub(super) fn at_block_end(&self) -> bool {
        match (self.mode.surroundings, self.token.kind) {
            (_, TokenKind::End) => true,
            (Surroundings::File, _) => false,
            (Surroundings::Braces, kind) => kind == TokenKind::RightBrace,
            // The other closing brackets end a block in the arguments of a call.
            _ if self.at_closing_bracket() || self.at(TokenKind::Comma) => true,
            (Surroundings::Indented(_), _) => self.line_leaves_block(),
            (Surroundings::Line { arm }, kind) => {
                self.token.newline_before()
                    || matches!(kind, TokenKind::Else | TokenKind::Elif | TokenKind::Catch | TokenKind::Finally)
                    || (arm && self.arm_keyword().is_some())
            }
        }
    }

    /// True when the current token is a clause, such as `else`, of the statement just parsed.
    pub(super) fn at_clause(&self, kind: TokenKind) -> bool {
        self.at(kind) && !self.line_leaves_block()
    }

    /// Statements up to the end of the block that the mode names. Errors stop here.
    pub(super) fn statements(&mut self) -> &'a [Statement<'a>] {
        let base = self.statements.len();
        let safe_point = self.safe_point();
        while !self.at_block_end() {
            if self.eat(TokenKind::Semicolon) {
                continue;
            }
            let too_deep = self.line_is_too_deep();
            let start = self.token.start;
            let glued = self.same_line() && self.statements.len() > base && self.previous.kind.ends_operand();
            self.statement_start = start;
            let parsed = self.statement().and_then(|statement| {
                self.recovering &= too_deep;
                self.statements.push(statement);
                self.check_separation(&statement, glued)
            });
            if parsed.is_err() {
                self.recover(safe_point, start, false);
            }
        }
        let statements = self.arena.alloc_slice_copy(&self.statements[base..]);
        self.statements.truncate(base);
        statements
    }

    /// The members of a declaration or the arms of a `match`, with commas, semicolons or newlines between them, each parsed by
    /// `member`. Errors stop here.
    pub(super) fn members(&mut self, mut member: impl FnMut(&mut Self) -> Parse<()>) -> Parse<()> {
        let safe_point = self.safe_point();
        loop {
            if matches!(self.token.kind, TokenKind::Comma | TokenKind::Semicolon) {
                self.advance();
                continue;
            }
            if self.at_block_end() {
                return Ok(());
            }
            let too_deep = self.line_is_too_deep();
            let start = self.token.start;
            match member(self) {
                Ok(()) => self.recovering &= too_deep,
                Err(_) => self.recover(safe_point, start, true),
            }
        }
    }

    /// Whether the current line is indented further than its block, which means nothing. The first of such lines is an error,
    /// unless there was one just before.
    pub(super) fn line_is_too_deep(&mut self) -> bool {
        let Surroundings::Indented(column) = self.mode.surroundings else { return false };
        let too_deep = self.token.newline_before() && self.column(self.token.line_start) > column;
        if too_deep && !self.recovering {
            self.error("this line is indented further than the lines before it");
            self.help("only the lines after a `:` are indented further");
            self.mixed_indentation_help();
        }
        too_deep
    }

    /// Complains about two statements on one line that are more likely one statement with a mistake in it: `retrun x`, `5 5`,
    /// `x = y z`. `glued` says that this one began right behind another.
    fn check_separation(&mut self, statement: &Statement<'a>, glued: bool) -> Parse<()> {
        let bare = match statement.kind {
            StatementKind::Expression(expression) => matches!(
                expression.kind,
                ExpressionKind::Name(_)
                    | ExpressionKind::Integer(_)
                    | ExpressionKind::Float(_)
                    | ExpressionKind::String(_)
                    | ExpressionKind::Null
                    | ExpressionKind::Bool(_)
            ),
            _ => false,
        };
        // An unknown character between the two was complained about.
        if bare && glued && self.last_error != Some(statement.span.start) {
            let what = self.describe(self.previous);
            return Err(self.error_at(statement.span, format!("expected an operator, `;` or a new line before {what}")));
        }
        if self.token.newline_before() || self.at(TokenKind::Semicolon) || self.at_block_end() {
            return Ok(());
        }
        let missing_operator = self.previous.kind.ends_operand() && self.token.kind.is_literal();
        if !bare && !missing_operator {
            return Ok(());
        }
        let before = self.describe(self.previous);
        let error = self.expected(&format!("an operator, `;` or a new line after {before}"));
        if bare && self.previous.kind.is_name() {
            self.keyword_hint(self.previous);
        }
        Err(error)
    }
}

impl Mode {
    /// The mode at the beginning of a block.
    fn block(surroundings: Surroundings) -> Self {
        Self { newlines_end: true, header: false, arrow_ends: false, comma_ends: false, surroundings }
    }
}
