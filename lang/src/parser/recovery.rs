//! Complaining, and getting back on track afterwards.

use super::{MAX_ERRORS, MAX_NESTING, Mode, Parser, Reported, span_of};
use crate::ast::{Expression, ExpressionKind, Span, Statement, StatementKind};
use crate::diagnostics::{Diagnostic, line_and_column};
use crate::lexer::{Token, TokenKind};

/// How much of a name or number a message repeats.
const QUOTED_CHARACTERS: usize = 40;

/// Words of other languages and what they are called here.
const FOREIGN_WORDS: &[(&str, &str)] = &[
    ("class", "`entity` declares a type with fields and actions"),
    ("struct", "`data` declares a record"),
    ("def", "`action` declares a function"),
    ("fn", "`action` declares a function"),
    ("func", "`action` declares a function"),
    ("fun", "`action` declares a function"),
    ("var", "`let` declares a variable"),
    ("import", "`use \"file.zx\"` brings in another file"),
    ("elsif", "it is written `elif` or `else if`"),
    ("elseif", "it is written `elif` or `else if`"),
    ("foreach", "it is written `for each x in list { … }`"),
    ("switch", "`match` chooses between cases"),
    ("do", "loops are written `while c { … }` and `for each x in list { … }`"),
    ("raise", "`throw` raises an error"),
    ("except", "it is written `catch (e) { … }`"),
    ("new", "an instance is made by calling its type: `User(\"bob\")`"),
];

impl<'a> Parser<'a, '_> {
    // Complaining.

    /// Records an error found at the current token, unless one was found there already.
    pub(super) fn report(&mut self, diagnostic: Diagnostic) -> Reported {
        let at = self.token.start;
        self.recovering = true;
        let follows_from_last = self.last_error == Some(at) || (self.ended_early && self.at(TokenKind::End));
        self.error_is_new = !self.stopped && !follows_from_last;
        if !self.error_is_new {
            return Reported;
        }
        self.last_error = Some(at);
        self.diagnostics.push(diagnostic);
        if self.diagnostics.len() >= MAX_ERRORS {
            let message = format!("{MAX_ERRORS} errors; the rest of the file was not looked at");
            self.diagnostics.push(Diagnostic::error(message, span_of(self.token)));
            self.error_is_new = false;
            self.give_up();
        }
        Reported
    }

    /// Records an error about the current token.
    pub(super) fn error(&mut self, message: impl Into<String>) -> Reported {
        self.error_at(span_of(self.token), message)
    }

    /// Records an error about some earlier stretch, found at the current token.
    pub(super) fn error_at(&mut self, span: Span, message: impl Into<String>) -> Reported {
        self.report(Diagnostic::error(message, span))
    }

    /// Adds a hint to the error that was just reported, if it was worth reporting and has none.
    pub(super) fn help(&mut self, help: impl Into<String>) {
        if self.error_is_new
            && let Some(diagnostic) = self.diagnostics.last_mut()
        {
            diagnostic.help.get_or_insert(help.into());
        }
    }

    /// Complains that something else was wanted. When the line ended too early, the caret stands at its end.
    pub(super) fn expected(&mut self, wanted: &str) -> Reported {
        let found = self.describe(self.token);
        let (span, place) = if self.token.newline_before() || self.at(TokenKind::End) {
            let end = self.previous.end;
            (Span::new(end, end), if self.at(TokenKind::End) { "" } else { " on the next line" })
        } else {
            (span_of(self.token), "")
        };
        let after_long_string = self.previous.kind == TokenKind::String
            && !self.previous.is_triple_quoted()
            && self.text(self.previous).contains('\n');
        let before = self.previous;
        let error = self.error_at(span, format!("expected {wanted}, found {found}{place}"));
        if after_long_string {
            let line = self.line_of(before.start);
            self.help(format!("the string before it begins on line {line}; is its closing quote missing?"));
        }
        error
    }

    /// Complains that the bracket opened by `opening` is not closed here.
    pub(super) fn unclosed(&mut self, opening: Token, wanted: &str) -> Reported {
        let (mark, start) = opening_mark(opening);
        if self.at(TokenKind::End) {
            let suspect = self.suspect.filter(|_| opening.kind == TokenKind::LeftBrace);
            let start = suspect.map_or(start, |suspect| suspect.start);
            let span = Span::new(start, start + mark.len() as u32);
            let error = self.error_at(span, format!("this `{mark}` is never closed"));
            if suspect.is_some() {
                self.help(
                    "the `}` that closes it stands further left than this line, so one is probably missing before it",
                );
            }
            return error;
        }
        let error = self.expected(wanted);
        self.help(still_open(mark, line_and_column(self.source, start)));
        error
    }

    /// Points to the bracket around the current token as the likely culprit, if its contents may span lines.
    pub(super) fn open_bracket_help(&mut self) {
        if !self.mode.newlines_end
            && let Some(&opening) = self.open.last()
        {
            let (mark, start) = opening_mark(opening);
            self.help(still_open(mark, line_and_column(self.source, start)));
        }
    }

    pub(super) fn line_of(&self, offset: u32) -> usize {
        line_and_column(self.source, offset).0
    }

    /// What a message calls a token.
    pub(super) fn describe(&self, token: Token) -> String {
        match token.kind {
            TokenKind::Name | TokenKind::Integer | TokenKind::Float | TokenKind::Unknown => {
                let text = self.text(token);
                let shown: String = text.chars().take(QUOTED_CHARACTERS).collect();
                if shown.len() < text.len() { format!("`{shown}…`") } else { format!("`{shown}`") }
            }
            kind if kind.is_reserved() => format!("the keyword `{}`", kind.text()),
            TokenKind::End => TokenKind::End.text().to_owned(),
            TokenKind::String
            | TokenKind::StringStart
            | TokenKind::StringMiddle
            | TokenKind::StringEnd
            | TokenKind::UnterminatedString => "a string".to_owned(),
            kind => format!("`{}`", kind.text()),
        }
    }

    /// What to say about a word that looks like a misspelt or foreign keyword.
    pub(super) fn keyword_hint(&mut self, word: Token) {
        const STARTERS: &[&str] = &[
            "action", "break", "const", "continue", "data", "defer", "elif", "else", "entity", "enum", "export", "for",
            "function", "if", "let", "match", "module", "print", "protocol", "require", "return", "revert", "throw",
            "try", "use", "while",
        ];
        let text = self.text(word);
        if let Some((_, hint)) = FOREIGN_WORDS.iter().find(|(foreign, _)| *foreign == text) {
            self.help(*hint);
        } else if let Some(keyword) = crate::diagnostics::nearest(text, STARTERS.iter().copied()) {
            self.help(format!("did you mean `{keyword}`?"));
        }
    }

    /// Complains about what the lexer could make nothing of, and puts something sensible in its place.
    #[cold]
    pub(super) fn faulty_token(&mut self) {
        while self.token.kind.is_faulty() {
            let token = self.token;
            match token.kind {
                TokenKind::UnterminatedString => {
                    self.ended_early = true;
                    self.error("this string is never closed");
                    let quotes = match (token.is_triple_quoted(), self.text(token).starts_with('\'')) {
                        (true, true) => "'''",
                        (true, false) => "\"\"\"",
                        (false, true) => "'",
                        (false, false) => "\"",
                    };
                    self.help(format!("add the closing `{quotes}`; or was that of a string before it forgotten?"));
                    self.token.kind = TokenKind::String;
                }
                TokenKind::UnterminatedPiece => {
                    self.ended_early = true;
                    self.error("this string is never closed");
                    self.help("add the closing `\"` after the `}` of `${…}`");
                    self.token.kind = TokenKind::StringEnd;
                }
                TokenKind::UnterminatedComment => {
                    self.ended_early = true;
                    self.error_at(Span::new(token.start, token.start + 2), "this comment is never closed");
                    self.help("it ends with `*/`; comments nest, so every `/*` inside needs its own");
                    self.token = self.lexer.next_token();
                }
                TokenKind::MalformedNumber => {
                    self.malformed_number(token);
                    self.token.kind = TokenKind::Integer;
                }
                _ => {
                    self.unknown_character(token);
                    let next = self.lexer.next_token();
                    self.token = if token.newline_before() { next.after_newline() } else { next };
                    // What follows it may well look wrong without it.
                    self.last_error = Some(self.token.start);
                }
            }
        }
    }

    fn malformed_number(&mut self, token: Token) {
        let text = self.text(token);
        let message = format!("{} is not a number", self.describe(Token { kind: TokenKind::Integer, ..token }));
        let help = match text.as_bytes() {
            [b'0', b'x' | b'X', ..] => "a hexadecimal number is written `0xFF`",
            [b'0', b'b' | b'B', ..] => "a binary number is written `0b101`",
            _ if text.contains('_') => "underscores stand singly between digits: `1_000_000`",
            _ => "a name cannot begin with a digit; put an operator or a space between a number and a word",
        };
        self.error(message);
        self.help(help);
    }

    fn unknown_character(&mut self, token: Token) {
        let character = self.text(token).chars().next().unwrap_or('\0');
        let shown = if character.is_control() || character.is_whitespace() || character == '\u{feff}' {
            format!("U+{:04X}", u32::from(character))
        } else {
            character.to_string()
        };
        let help = match character {
            '&' => "`&&` or `and` joins conditions; there are no operators on single bits",
            '|' => "`||` or `or` joins conditions; there are no operators on single bits",
            '$' => "`${…}` has a meaning only inside a string in double quotes",
            '@' => "there are no annotations",
            '“' | '”' | '„' | '‘' | '’' | '`' => "strings stand in straight quotes: \"…\" or '…'",
            '\u{a0}' | '\u{2000}'..='\u{200b}' | '\u{feff}' => "it looks like a space; type an ordinary one",
            '\0' => "the file seems to be damaged, or is no text",
            '≤' | '≥' | '≠' => "comparisons are written `<=`, `>=` and `!=`",
            '×' | '÷' | '–' | '—' | '−' => "the operators are `*`, `/` and `-`",
            _ if character.is_alphabetic() => "names are made of the letters a to z, digits and `_`",
            _ => "it can stand only in a string or a comment",
        };
        self.error(format!("unexpected character `{shown}`"));
        self.help(help);
    }

    /// Complains that nesting went too far, and stops: nothing sensible can follow.
    #[cold]
    pub(super) fn nested_too_deep(&mut self) -> Reported {
        self.error(format!("nested too deeply: more than {MAX_NESTING} levels of brackets, blocks or operators"));
        self.help("give parts of it names of their own, or move them into actions");
        self.give_up();
        Reported
    }

    /// Makes this the end of the file.
    fn give_up(&mut self) {
        self.stopped = true;
        self.lexer.finish();
        self.token = self.lexer.next_token();
    }

    // Getting back on track.

    /// What must be put back when an error comes up to here.
    pub(super) fn safe_point(&self) -> SafePoint {
        SafePoint {
            mode: self.mode,
            open: self.open.len(),
            expressions: self.expressions.len(),
            entries: self.entries.len(),
        }
    }

    /// After an error: goes back to the state of `safe_point` and skips to where the next statement probably begins. `failed_at`
    /// is where the failed part began; at least one token of it is skipped. A member of a list (`in_list`) also ends at a comma.
    ///
    /// Brackets are skipped in pairs. The brackets of the failed part itself may be what is wrong, so for them a line that begins
    /// with a keyword counts as outside.
    pub(super) fn recover(&mut self, safe_point: SafePoint, failed_at: u32, in_list: bool) {
        self.mode = safe_point.mode;
        self.expressions.truncate(safe_point.expressions);
        self.entries.truncate(safe_point.entries);
        let mut groups = Groups::default();
        for opening in self.open.drain(safe_point.open..) {
            groups.push(Group { opening, opaque: false });
        }
        if self.token.start == failed_at {
            self.skip_token(&mut groups);
        }
        loop {
            match self.token.kind {
                TokenKind::End => return,
                TokenKind::Semicolon if groups.is_empty() => {
                    self.advance();
                    return;
                }
                TokenKind::Comma if groups.is_empty() && in_list => {
                    self.advance();
                    return;
                }
                TokenKind::RightBrace if groups.braces == 0 => return,
                _ if self.token.newline_before() && groups.opaque == 0 => {
                    let outside = match groups.is_empty() {
                        true => self.may_begin_statement(),
                        false => self.surely_begins_statement(),
                    };
                    if outside || self.line_leaves_block() {
                        return;
                    }
                }
                _ => {}
            }
            self.skip_token(&mut groups);
        }
    }

    /// Whether a line that begins with the current token is probably a statement and not the rest of the one before.
    fn may_begin_statement(&self) -> bool {
        use TokenKind::*;
        let kind = self.token.kind;
        kind.is_name()
            || matches!(kind, Integer | Float | String | StringStart | LeftParenthesis | LeftBracket | Minus | Bang)
            || (kind.is_reserved() && !matches!(kind, Else | Elif | Catch | Finally | And | Or | In))
    }

    /// Whether a line that begins with the current token is a statement even if a bracket is open.
    fn surely_begins_statement(&self) -> bool {
        use TokenKind::*;
        match self.token.kind {
            Let | While | For | Return | Break | Continue | Throw | Try | Print => true,
            Const | Action | Function | Entity | Data | Enum | Protocol | Interface | Contract | Module | Use
            | Export => self.peek().kind.is_name() && !self.peek().newline_before(),
            _ => false,
        }
    }

    /// Skips one token, keeping track of the brackets it opens and closes.
    fn skip_token(&mut self, groups: &mut Groups) {
        match self.token.kind {
            TokenKind::LeftParenthesis | TokenKind::LeftBracket | TokenKind::LeftBrace | TokenKind::StringStart => {
                groups.push(Group { opening: self.token, opaque: self.at(TokenKind::LeftBrace) });
            }
            TokenKind::RightParenthesis => groups.close(TokenKind::LeftParenthesis),
            TokenKind::RightBracket => groups.close(TokenKind::LeftBracket),
            TokenKind::RightBrace => {
                if let Some(opening) = groups.close_brace() {
                    // That was the end of `${…}`: the string goes on.
                    self.resume_string(opening);
                    if self.at(TokenKind::StringMiddle) {
                        groups.push(Group { opening, opaque: false });
                    }
                }
            }
            _ => {}
        }
        self.advance();
    }

    // What this version does not have.

    /// Complains about a construct that is not there yet.
    pub(super) fn unsupported(&mut self, what: &str) {
        self.error(format!("{what} not supported by this version"));
    }

    /// A statement without effect, in place of one that could not be made. The file has an error, so it never runs.
    pub(super) fn placeholder(&self, start: u32) -> Statement<'a> {
        let span = self.span_from(start);
        let nothing = self.arena.alloc(Expression { kind: ExpressionKind::Null, span });
        Statement { kind: StatementKind::Expression(nothing), span }
    }
}

/// An opening bracket as it is written, and where. Of the piece of a string that ends with `${`, only that end is meant.
fn opening_mark(opening: Token) -> (&'static str, u32) {
    match opening.kind {
        TokenKind::StringStart => ("${", opening.end - 2),
        kind => (kind.text(), opening.start),
    }
}

fn still_open(mark: &str, (line, column): (usize, usize)) -> String {
    format!("the `{mark}` at line {line}, column {column} is still open")
}

/// The state of a loop over statements or members, to which an error in one of them goes back.
#[derive(Clone, Copy)]
pub(super) struct SafePoint {
    mode: Mode,
    open: usize,
    expressions: usize,
    entries: usize,
}

/// An opened bracket while tokens are skipped.
struct Group {
    opening: Token,
    /// True for a brace met while skipping: it may be a block, so whatever is in it is skipped with it.
    opaque: bool,
}

impl Group {
    fn is_brace(&self) -> bool {
        matches!(self.opening.kind, TokenKind::LeftBrace | TokenKind::StringStart)
    }
}

/// The brackets open while tokens are skipped. The counts keep every step constant in time.
#[derive(Default)]
struct Groups {
    stack: Vec<Group>,
    /// Braces and `${`.
    braces: usize,
    opaque: usize,
}

impl Groups {
    fn is_empty(&self) -> bool {
        self.stack.is_empty()
    }

    fn push(&mut self, group: Group) {
        self.braces += usize::from(group.is_brace());
        self.opaque += usize::from(group.opaque);
        self.stack.push(group);
    }

    fn pop(&mut self) -> Option<Group> {
        let group = self.stack.pop()?;
        self.braces -= usize::from(group.is_brace());
        self.opaque -= usize::from(group.opaque);
        Some(group)
    }

    /// Closes the innermost bracket of that kind and those within it, but no brace.
    fn close(&mut self, opening: TokenKind) {
        while self.stack.last().is_some_and(|group| !group.is_brace()) {
            if self.pop().is_some_and(|group| group.opening.kind == opening) {
                return;
            }
        }
    }

    /// Closes the innermost brace; if it is that of a `${`, gives the piece of the string before it.
    fn close_brace(&mut self) -> Option<Token> {
        while self.braces > 0 {
            let group = self.pop()?;
            match group.opening.kind {
                TokenKind::StringStart => return Some(group.opening),
                TokenKind::LeftBrace => return None,
                _ => {}
            }
        }
        None
    }
}
