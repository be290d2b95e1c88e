//! Tokens to syntax tree.
//!
//! A recursive-descent parser with precedence climbing for operators. It looks at one token, now and then at the next one or two;
//! nothing is ever parsed twice, so its time is linear in the source whatever the source looks like.
//!
//! **Newlines.** An expression goes on in the next line when that line begins with something that cannot begin a statement, or
//! when a bracket is open. `Mode` holds what the surroundings say about that, about blocks, and about `{`.
//!
//! **Blocks** are written in braces or by indentation (`blocks.rs`); the parser compares columns where it needs to, so there are no
//! indentation tokens and both styles nest in each other.
//!
//! **Keywords** are few. Most words are keywords only at the start of a statement and only if the token after them fits; the
//! functions of `statements.rs` that look ahead decide it.
//!
//! **Errors.** A function that finds an error reports it and returns `Reported`; the nearest loop over statements, members or
//! arms skips to where the next one probably begins (`recovery.rs`) and goes on. Per token there is one complaint at most.
//!
//! **Depth.** Brackets, blocks, unary operators and everything else that recurses here or deepens the tree to the right is counted
//! by `Parser::nested` and limited to [`MAX_NESTING`], which bounds the native stack of this parser and of the passes after it.
//! Chains of binary operators, postfix operators and `elif` are built by loops and may have any length.

mod blocks;
mod contracts;
mod declarations;
pub mod dump;
mod expressions;
mod functions;
mod hints;
mod literals;
mod matches;
mod recovery;
mod statements;
mod types;
mod watch;

use crate::ast::{Expression, File, FunctionId, Label, MapEntry, Name, NameId, Span, Statement};
use crate::diagnostics::{Diagnostic, line_and_column};
use crate::lexer::{Lexer, Token, TokenKind};
use crate::names::{Interner, Symbol};
use bumpalo::Bump;
use fxhash::FxHashSet;

/// How deep brackets, blocks and the like may be nested.
pub const MAX_NESTING: u32 = 1000;

/// How many errors are reported before the parser stops looking.
pub const MAX_ERRORS: usize = 50;

/// The largest source, in bytes: 1 GiB. Offsets in the tree are 32-bit.
pub const MAX_SOURCE_BYTES: usize = 1 << 30;

/// How many characters of indentation are counted.
const MAX_INDENTATION: usize = 1 << 16;

/// Native stack that must be left before a nested construct is parsed, and how much is added when it is not.
const STACK_RESERVE: usize = 128 * 1024;
const STACK_STEP: usize = 1024 * 1024;

/// What came of parsing a file.
#[derive(Debug)]
pub struct Parsed<'a> {
    /// The tree; where there were errors, what could be made out of the rest.
    pub file: File<'a>,
    /// What was wrong, in the order in which it was found.
    pub diagnostics: Vec<Diagnostic>,
}

/// Parses one file. The tree lives in `arena` and keeps nothing of `source`. Some [`NameId`]s below the file's count may belong to
/// no occurrence: what reads like a name at first may turn out to be the label of a field.
pub fn parse<'a>(arena: &'a Bump, names: &mut Interner, source: &str) -> Parsed<'a> {
    if source.len() > MAX_SOURCE_BYTES {
        let file = File { statements: &[], name_count: 0, function_count: 1, watched: &[] };
        return Parsed { file, diagnostics: vec![too_large(source.len())] };
    }
    let mut parser = Parser::new(arena, names, source);
    let statements = parser.statements();
    let watched = arena.alloc_slice_copy(&parser.watched);
    let file = File { statements, name_count: parser.name_count, function_count: parser.function_count, watched };
    hints::complete(&mut parser.diagnostics);
    Parsed { file, diagnostics: parser.diagnostics }
}

/// The text in a file's bytes: what [`parse`] wants. Bytes that are not UTF-8 and sources over [`MAX_SOURCE_BYTES`] are refused.
pub fn decode(bytes: &[u8]) -> Result<&str, Diagnostic> {
    if bytes.len() > MAX_SOURCE_BYTES {
        return Err(too_large(bytes.len()));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let offset = error.valid_up_to();
        let valid = std::str::from_utf8(&bytes[..offset]).unwrap_or_default();
        let (line, column) = line_and_column(valid, offset as u32);
        let message = format!(
            "the file is not UTF-8 text: byte 0x{:02x} at offset {offset} (line {line}, column {column})",
            bytes[offset]
        );
        Diagnostic::error(message, Span::new(offset as u32, offset as u32 + 1))
            .with_help("save the file as UTF-8, or remove that byte")
    })
}

fn too_large(length: usize) -> Diagnostic {
    let message = format!("the source is too large: {length} bytes; the limit is {MAX_SOURCE_BYTES} (1 GiB)");
    Diagnostic::error(message, Span::new(0, u32::MAX)).with_help("split the program into several files")
}

/// Says that an error was found and reported; whoever gets it has nothing to do but to find the way back to solid ground.
#[derive(Debug)]
struct Reported;

type Parse<T> = Result<T, Reported>;

/// Which block the parser is directly in: it decides what ends the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Surroundings {
    /// The file: only its end.
    File,
    /// `{ … }`: the closing brace.
    Braces,
    /// After a colon and a newline: the first line that begins to the left of this column.
    Indented(u32),
    /// After a colon, on the same line: the end of the line. In the arm of a `match` also the next `case` or `default`.
    Line { arm: bool },
}

/// What the surroundings say about how a token is to be read.
#[derive(Clone, Copy, Debug)]
struct Mode {
    /// False inside brackets, where an expression goes on across any newline.
    newlines_end: bool,
    /// True in the header of `if`, `while`, `for` and `match`, where `{` after an expression begins the block.
    header: bool,
    /// True in front of the `=>` of a `watch`, which begins no function.
    arrow_ends: bool,
    /// True where a comma belongs to what is around the statement, so that `print x` takes only one value: in `f(x => print x, 2)`.
    comma_ends: bool,
    surroundings: Surroundings,
}

/// The state of parsing one file. Its methods are spread over this folder by subject.
struct Parser<'a, 'p> {
    arena: &'a Bump,
    names: &'p mut Interner,
    source: &'p str,
    lexer: Lexer<'p>,
    /// The token to be looked at next; the lexer stands just behind it.
    token: Token,
    /// The token before it.
    previous: Token,
    mode: Mode,
    /// The opening brackets whose closing ones have not come yet; a [`TokenKind::StringStart`] stands for `${`.
    open: Vec<Token>,
    depth: u32,
    /// Where the statement that is being parsed begins.
    statement_start: u32,
    name_count: u32,
    function_count: u32,
    /// Variables that something watches, and their hidden variables.
    watched: Vec<(Symbol, Symbol)>,
    /// Stacks on which the parts of a list collect before they are copied to the arena in one piece; nested lists share them.
    expressions: Vec<Expression<'a>>,
    entries: Vec<MapEntry<'a>>,
    statements: Vec<Statement<'a>>,
    diagnostics: Vec<Diagnostic>,
    /// Start of the token at which the last error was found.
    last_error: Option<u32>,
    /// True when the last error was recorded, false when it was left out as one too many.
    error_is_new: bool,
    /// True when the end of the file is inside a string or comment, so that it tells nothing about what is missing.
    ended_early: bool,
    /// True after an error until the next statement: its line may be indented in any way.
    recovering: bool,
    /// True when the parser has given up: everything from here on is the end of the file and reports nothing.
    stopped: bool,
    /// Names of types that the file declares, once asked for.
    declared_types: Option<FxHashSet<&'p str>>,
    /// A `{` whose `}` is probably missing, as the next `}` at the start of a line stood too far to the left for it.
    suspect: Option<Token>,
}

impl<'a, 'p> Parser<'a, 'p> {
    fn new(arena: &'a Bump, names: &'p mut Interner, source: &'p str) -> Self {
        let mut parser = Self {
            arena,
            names,
            source,
            lexer: Lexer::new(source),
            token: Token::NONE,
            previous: Token::NONE,
            mode: Mode {
                newlines_end: true,
                header: false,
                arrow_ends: false,
                comma_ends: false,
                surroundings: Surroundings::File,
            },
            open: Vec::new(),
            depth: 0,
            statement_start: 0,
            name_count: 0,
            function_count: 1,
            watched: Vec::new(),
            expressions: Vec::new(),
            entries: Vec::new(),
            statements: Vec::new(),
            diagnostics: Vec::new(),
            last_error: None,
            error_is_new: false,
            ended_early: false,
            recovering: false,
            stopped: false,
            declared_types: None,
            suspect: None,
        };
        parser.advance();
        parser
    }

    // Tokens.

    /// Goes on to the next token and gives the one left behind.
    #[inline]
    fn advance(&mut self) -> Token {
        let token = self.lexer.next_token();
        self.previous = std::mem::replace(&mut self.token, token);
        if token.kind.is_faulty() {
            self.faulty_token();
        }
        self.previous
    }

    /// The token after the current one.
    fn peek(&self) -> Token {
        let mut ahead = self.lexer;
        ahead.next_token()
    }

    #[inline]
    fn at(&self, kind: TokenKind) -> bool {
        self.token.kind == kind
    }

    /// Takes the token if it is of that kind.
    #[inline]
    fn eat(&mut self, kind: TokenKind) -> bool {
        let found = self.at(kind);
        if found {
            self.advance();
        }
        found
    }

    /// Takes a token of that kind or complains; `place` says where it is wanted, as in "after the name".
    fn expect(&mut self, kind: TokenKind, place: &str) -> Parse<Token> {
        if self.at(kind) {
            return Ok(self.advance());
        }
        Err(self.expected(&format!("`{}` {place}", kind.text())))
    }

    /// True when the token stands on the same line as the one before it.
    #[inline]
    fn same_line(&self) -> bool {
        !self.token.newline_before()
    }

    /// True when the token may go on with what came before it: it stands on the same line, or a bracket is open.
    #[inline]
    fn adjoins(&self) -> bool {
        !self.token.newline_before() || !self.mode.newlines_end
    }

    fn text(&self, token: Token) -> &'p str {
        &self.source[token.start as usize..token.end as usize]
    }

    /// From the first byte of `start` to the end of the last token taken.
    fn span_from(&self, start: u32) -> Span {
        Span::new(start, self.previous.end.max(start))
    }

    /// The column of the first thing on a line, from 0; a tab goes to the next multiple of 8. Counting ends at
    /// [`MAX_INDENTATION`], so that a line of nothing but blanks costs little however often it is looked at.
    fn column(&self, line_start: u32) -> u32 {
        let mut column = 0;
        for byte in self.source.as_bytes()[line_start as usize..].iter().take(MAX_INDENTATION) {
            match byte {
                b' ' => column += 1,
                b'\t' => column = (column / 8 + 1) * 8,
                _ => break,
            }
        }
        column
    }

    // Names.

    fn intern(&mut self, token: Token) -> Symbol {
        let text = self.text(token);
        self.names.intern(text)
    }

    fn new_name(&mut self, symbol: Symbol, span: Span) -> Name {
        let id = NameId(self.name_count);
        self.name_count += 1;
        Name { symbol, span, id }
    }

    fn new_function(&mut self) -> FunctionId {
        let id = FunctionId(self.function_count);
        self.function_count += 1;
        id
    }

    /// Takes the current word as an occurrence of a variable's name.
    fn take_name(&mut self) -> Name {
        let token = self.advance();
        let symbol = self.intern(token);
        self.new_name(symbol, span_of(token))
    }

    /// Takes the name of a variable or complains; `what` says what it names, as in "the variable".
    fn name(&mut self, what: &str) -> Parse<Name> {
        if self.token.kind.is_name() {
            return Ok(self.take_name());
        }
        let reserved = self.token.kind.is_word();
        let error = self.expected(&format!("the name of {what}"));
        if reserved {
            self.help(format!("`{}` is a keyword and cannot name anything", self.token.kind.text()));
        }
        Err(error)
    }

    /// Takes any word as a label or complains.
    fn label(&mut self, what: &str) -> Parse<Label> {
        if !self.token.kind.is_word() {
            return Err(self.expected(&format!("the name of {what}")));
        }
        let token = self.advance();
        Ok(Label { symbol: self.intern(token), span: span_of(token) })
    }

    // Brackets.

    /// Takes an opening bracket. Inside `(`, `[` and the `{` of a map newlines mean nothing and `{` is not special.
    fn open(&mut self) -> Mode {
        self.open.push(self.token);
        self.advance();
        Mode { newlines_end: false, header: false, arrow_ends: false, comma_ends: false, ..self.mode }
    }

    /// Takes the bracket that closes the last open one, or complains about both. `wanted` is what else could stand here.
    fn close(&mut self, kind: TokenKind, wanted: &str) -> Parse<()> {
        if self.at(kind) {
            let opening = self.open.pop();
            if let (TokenKind::RightBrace, Some(opening)) = (kind, opening) {
                self.compare_columns(opening);
            }
            self.advance();
            return Ok(());
        }
        let Some(&opening) = self.open.last() else { return Err(self.expected(kind.text())) };
        Err(self.unclosed(opening, wanted))
    }

    /// Remembers an opening brace as suspect when its `}` begins a line further left than the line of the brace.
    fn compare_columns(&mut self, opening: Token) {
        if self.token.newline_before()
            && self.suspect.is_none()
            && opening.line_start != self.token.line_start
            && self.column(self.token.line_start) < self.column(opening.line_start)
        {
            self.suspect = Some(opening);
        }
    }

    // Depth.

    /// Parses something that is one level deeper than what surrounds it.
    #[inline]
    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parse<T>) -> Parse<T> {
        if self.depth == MAX_NESTING {
            return Err(self.nested_too_deep());
        }
        self.depth += 1;
        let result = stacker::maybe_grow(STACK_RESERVE, STACK_STEP, || parse(self));
        self.depth -= 1;
        result
    }

    /// Parses with another mode and comes back to the present one.
    #[inline]
    fn with_mode<T>(&mut self, mode: Mode, parse: impl FnOnce(&mut Self) -> Parse<T>) -> Parse<T> {
        let outer = std::mem::replace(&mut self.mode, mode);
        let result = parse(self);
        self.mode = outer;
        result
    }
}

fn span_of(token: Token) -> Span {
    Span::new(token.start, token.end)
}
