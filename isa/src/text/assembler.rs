//! The assembler: lines to a module.
//!
//! A directive opens a block (a source, type, enum, module or function) that lines after it belong to, until the next one opens.
//! Labels are resolved when their function ends.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::cursor::Cursor;
use super::error::{ParseError, ParseProblem};
use super::lexer::{Line, Token};
use super::operands::Operands;
use super::references::numbered;
use super::symbols::Symbols;
use crate::module::{
    Capture, CaptureSource, EnumDefinition, FieldDefinition, Form, Function, Handler, MethodDefinition, Module,
    ModuleDefinition, PreludeFunction, Register, Restrictions, Source, Stack, TypeDefinition,
};

/// What `.form` says.
pub(super) enum DeclaredForm {
    /// `stack`
    Stack,
    /// `register`
    Register,
}

/// The form that the text says it is in.
pub(super) fn form(lines: &[Line<'_>]) -> Result<DeclaredForm, ParseError> {
    const EXPECTED: &str = "`.form stack` or `.form register`";
    let is_form = |line: &&Line<'_>| matches!(line.tokens.first(), Some((_, Token::Word(".form"))));
    let Some(line) = lines.iter().find(is_form) else {
        let problem = ParseProblem::Expected { expected: EXPECTED.into(), found: "neither".into() };
        return Err(ParseError { line: 1, column: 1, problem });
    };
    let mut cursor = Cursor::new(line);
    cursor.advance();
    if cursor.eat_word(Stack::NAME) {
        Ok(DeclaredForm::Stack)
    } else if cursor.eat_word(Register::NAME) {
        Ok(DeclaredForm::Register)
    } else {
        Err(cursor.expected(EXPECTED))
    }
}

/// Reads a module.
pub(super) fn assemble<F: Operands>(lines: &[Line<'_>]) -> Result<Module<F>, ParseError> {
    let mut assembler = Assembler {
        symbols: Symbols::new(lines),
        block: Block::Outside,
        function: Function::default(),
        body: Body::default(),
        source_text: String::new(),
        has_sources: false,
        entry: None,
    };
    for line in lines {
        assembler.line(&mut Cursor::new(line))?;
    }
    assembler.finish()
}

/// Stands for the slot of a name that several slots have.
const SEVERAL: u32 = u32::MAX;

/// What the current line belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    Outside,
    Source,
    Type,
    Enum,
    Module,
    Function,
}

/// A place in the text that an error found later points to.
#[derive(Clone, Copy)]
struct Position {
    line: u32,
    column: u32,
}

impl Position {
    fn error(self, problem: ParseProblem) -> ParseError {
        ParseError { line: self.line, column: self.column, problem }
    }
}

/// A mention of a label, or a bare index that stands for one.
struct Target {
    label: Result<Box<str>, u32>,
    position: Position,
}

/// A handler whose target is not known yet.
struct OpenHandler {
    number: Option<u32>,
    start: u32,
    end: u32,
    target: Target,
    landing: u32,
    is_cleanup: bool,
}

/// What is known only of the function that is being read.
#[derive(Default)]
struct Body {
    labels: HashMap<Box<str>, u32>,
    jumps: Vec<(u32, Target)>,
    open: Vec<OpenHandler>,
    closed: Vec<OpenHandler>,
    /// Slots by the names of locals.
    locals: HashMap<Arc<str>, u32>,
    captures: HashMap<Arc<str>, u32>,
    /// `.locals` or `.parameters` was given.
    has_names: bool,
    /// The number of locals or registers was given.
    has_places: bool,
}

/// Reads lines into a module.
pub(super) struct Assembler<F: Operands> {
    symbols: Symbols<F>,
    block: Block,
    /// The function that is being read, while one is.
    function: Function<F>,
    body: Body,
    /// Text of the source that is being read.
    source_text: String,
    has_sources: bool,
    entry: Option<u32>,
}

impl<F: Operands> Assembler<F> {
    fn line(&mut self, cursor: &mut Cursor<'_, '_>) -> Result<(), ParseError> {
        match cursor.peek() {
            Some(&Token::Word(word)) if word.starts_with('.') => {
                cursor.advance();
                self.directive(word, cursor)?;
            }
            _ => self.code(cursor)?,
        }
        cursor.end()
    }

    fn directive(&mut self, word: &str, cursor: &mut Cursor<'_, '_>) -> Result<(), ParseError> {
        match word {
            ".form" => {
                let found = cursor.word("`stack` or `register`")?;
                if found != F::NAME {
                    let found = if found == Stack::NAME { Stack::NAME } else { Register::NAME };
                    return Err(cursor.error_before(ParseProblem::WrongForm { expected: F::NAME, found }));
                }
            }
            ".names" => {
                while !cursor.is_done() {
                    let name = cursor.word_or_text("a name")?;
                    self.symbols.add_name(name);
                }
            }
            ".constants" => {
                while !cursor.is_done() {
                    let value = self.symbols.value(cursor)?;
                    self.symbols.add_constant(value);
                }
            }
            ".globals" => {
                while !cursor.is_done() {
                    let name = self.symbols.name(cursor)?;
                    self.symbols.add_global(name);
                }
            }
            ".builtins" => {
                while !cursor.is_done() {
                    let name = cursor.word_or_text("the name of a builtin")?;
                    self.symbols.add_builtin(name);
                }
            }
            ".no_sources" => self.has_sources = true,
            ".source" => {
                self.open(Block::Source)?;
                self.has_sources = true;
                let name = cursor.text()?.into();
                self.module().sources.push(Source { name, text: "".into() });
            }
            ".type" => self.type_(cursor)?,
            ".enum" => {
                self.open(Block::Enum)?;
                let name = self.symbols.name(cursor)?;
                self.module().enums.push(EnumDefinition { name, members: Vec::new() });
            }
            ".module" => {
                self.open(Block::Module)?;
                let name = self.symbols.name(cursor)?;
                cursor.expect('=')?;
                let function = self.symbols.function(cursor)?;
                self.module().modules.push(ModuleDefinition { name, function, members: Vec::new() });
            }
            ".prelude" => {
                let name = self.symbols.name(cursor)?;
                cursor.expect('=')?;
                let function = self.symbols.function(cursor)?;
                self.module().prelude.push(PreludeFunction { name, function });
            }
            ".entry" => self.entry = Some(self.symbols.function(cursor)?),
            ".function" => self.header(cursor)?,
            _ => return self.part(word, cursor),
        }
        Ok(())
    }

    /// A directive that belongs to a block.
    fn part(&mut self, word: &str, cursor: &mut Cursor<'_, '_>) -> Result<(), ParseError> {
        let misplaced = |place| Err(cursor.error_before(ParseProblem::Misplaced { word: word.into(), place }));
        match (word, self.block) {
            (".text", Block::Source) => {
                let text = cursor.text()?;
                self.source_text.push_str(text);
            }
            (".text", _) => return misplaced("after `.source`"),
            (".field", Block::Type) => {
                let name = self.symbols.name(cursor)?;
                cursor.expect('=')?;
                let default = self.symbols.constant(cursor)?;
                if let Some(definition) = self.module().types.last_mut() {
                    definition.fields.push(FieldDefinition { name, default });
                }
            }
            (".method", Block::Type) => {
                let name = self.symbols.name(cursor)?;
                cursor.expect('=')?;
                let function = self.symbols.function(cursor)?;
                let mut restrictions = Restrictions::NONE;
                while !cursor.is_done() {
                    match Restrictions::WORDS.iter().find(|(_, word)| cursor.eat_word(word)) {
                        Some(&(restriction, _)) => restrictions = restrictions.with(restriction),
                        None => return Err(cursor.expected("`private`, `view` or `secure`")),
                    }
                }
                if let Some(definition) = self.module().types.last_mut() {
                    definition.methods.push(MethodDefinition { name, function, restrictions });
                }
            }
            (".field" | ".method", _) => return misplaced("after `.type`"),
            (".member", Block::Enum) => {
                let name = self.symbols.name(cursor)?;
                cursor.expect('=')?;
                let value = cursor.integer("value", i64::MIN, i64::MAX)?;
                if let Some(definition) = self.module().enums.last_mut() {
                    definition.members.push((name, value));
                }
            }
            (".member", Block::Module) => {
                let name = self.symbols.name(cursor)?;
                cursor.expect('=')?;
                let global = self.symbols.global(cursor)?;
                if let Some(definition) = self.module().modules.last_mut() {
                    definition.members.push((name, global));
                }
            }
            (".member", _) => return misplaced("after `.enum` or `.module`"),
            (".capture", Block::Function) => self.capture_directive(cursor)?,
            (".at", Block::Function) => {
                let offset = cursor.integer("offset", 0, u32::MAX)?;
                let pc = self.pc();
                self.function.lines.push((pc, offset));
            }
            (".refund", Block::Function) => {
                let offset = cursor.integer("offset", 0, u32::MAX)?;
                let gas = cursor.integer("gas", 0, u32::MAX)?;
                self.function.refunds.push((offset, gas));
            }
            (".line", Block::Function) => {
                let pc = cursor.integer("instruction", 0, u32::MAX)?;
                let offset = cursor.integer("offset", 0, u32::MAX)?;
                self.function.lines.push((pc, offset));
            }
            (".handler", Block::Function) => {
                let start = cursor.integer("instruction", 0, u32::MAX)?;
                let end = cursor.integer("instruction", 0, u32::MAX)?;
                let target = Self::target(cursor)?;
                let landing = F::read_landing(cursor)?;
                let is_cleanup = cursor.eat_word("cleanup");
                self.body.closed.push(OpenHandler { number: None, start, end, target, landing, is_cleanup });
            }
            (_, Block::Function) if word == F::NAMES_DIRECTIVE => {
                self.body.has_names = true;
                while !cursor.is_done() {
                    let name = self.symbols.name(cursor)?;
                    let slot = self.function.local_names.len() as u32;
                    self.function.local_names.push(name);
                    let text = self.symbols.module.names.get(name as usize).cloned().unwrap_or_default();
                    note(&mut self.body.locals, text, slot);
                }
            }
            (".capture" | ".at" | ".line" | ".refund" | ".handler" | ".locals" | ".parameters", _) => {
                return misplaced("in a function of the form that has it");
            }
            _ => return misplaced("to no version of this text form"),
        }
        Ok(())
    }

    fn type_(&mut self, cursor: &mut Cursor<'_, '_>) -> Result<(), ParseError> {
        self.open(Block::Type)?;
        let mut definition = TypeDefinition { name: self.symbols.name(cursor)?, ..TypeDefinition::default() };
        while !cursor.is_done() {
            if cursor.eat_word("extends") {
                definition.parent = Some(self.symbols.type_(cursor)?);
            } else if cursor.eat_word("data") {
                definition.is_data = true;
            } else if cursor.eat_word("contract") {
                definition.is_contract = true;
            } else if cursor.eat_word("constructor") {
                definition.constructor = Some(self.symbols.function(cursor)?);
            } else {
                return Err(cursor.expected("`extends`, `data`, `contract` or `constructor`"));
            }
        }
        self.module().types.push(definition);
        Ok(())
    }

    fn header(&mut self, cursor: &mut Cursor<'_, '_>) -> Result<(), ParseError> {
        self.open(Block::Function)?;
        let mut function = Function { name: self.symbols.name(cursor)?, ..Function::default() };
        while !cursor.is_done() {
            if cursor.eat_word("parameters") {
                function.parameters = cursor.integer("parameters", 0, u16::MAX)?;
            } else if cursor.eat_word(F::PLACES) {
                function.locals = cursor.integer(F::PLACES, 0, u32::MAX)?;
                self.body.has_places = true;
            } else if cursor.eat_word("spills") {
                function.spills = cursor.integer("spills", 0, u32::MAX)?;
                if !cursor.eat_word("at") {
                    return Err(cursor.expected("`at` and the first slot's register"));
                }
                function.spill_base = cursor.integer("register", 0, u32::MAX)?;
            } else if cursor.eat_word("defaults") {
                function.has_defaults = true;
            } else if cursor.eat_word("source") {
                function.source = cursor.integer("source", 0, u32::MAX)?;
            } else if cursor.eat_word("binds") {
                function.global = Some(self.symbols.global(cursor)?);
            } else {
                let expected = format!("`parameters`, `{}`, `spills`, `defaults`, `source` or `binds`", F::PLACES);
                return Err(cursor.expected(&expected));
            }
        }
        self.function = function;
        Ok(())
    }

    fn capture_directive(&mut self, cursor: &mut Cursor<'_, '_>) -> Result<(), ParseError> {
        let name = self.symbols.name(cursor)?;
        cursor.expect('=')?;
        let from = if cursor.eat_word("local") {
            CaptureSource::Local(cursor.integer("local", 0, u32::MAX)?)
        } else if cursor.eat_word("capture") {
            CaptureSource::Capture(cursor.integer("captured variable", 0, u32::MAX)?)
        } else {
            return Err(cursor.expected("`local` or `capture`"));
        };
        let is_cell = cursor.eat_word("cell");
        let index = self.function.captures.len() as u32;
        self.function.captures.push(Capture { name, from, is_cell });
        let text = self.symbols.module.names.get(name as usize).cloned().unwrap_or_default();
        note(&mut self.body.captures, text, index);
        Ok(())
    }

    /// Labels and an instruction.
    fn code(&mut self, cursor: &mut Cursor<'_, '_>) -> Result<(), ParseError> {
        if self.block != Block::Function {
            return Err(cursor.expected("a directive, such as `.function`"));
        }
        while cursor.peek_second() == Some(&Token::Mark(':')) {
            let label = cursor.word("a label")?;
            let pc = self.pc();
            if self.body.labels.insert(label.into(), pc).is_some() {
                return Err(cursor.error_before(ParseProblem::LabelTwice { label: label.into() }));
            }
            cursor.expect(':')?;
        }
        if cursor.is_done() {
            return Ok(());
        }
        match cursor.word("an operation or a directive")? {
            "SETUP_TRY" => self.setup_try(cursor),
            "POP_TRY" => self.pop_try(cursor),
            mnemonic => {
                let instruction = F::read(self, cursor, mnemonic)?;
                self.function.code.push(instruction);
                Ok(())
            }
        }
    }

    fn setup_try(&mut self, cursor: &mut Cursor<'_, '_>) -> Result<(), ParseError> {
        let is_numbered = matches!(cursor.peek(), Some(Token::Word(word)) if numbered(word, 'h').is_some())
            && cursor.peek_second() == Some(&Token::Mark(','));
        // `SETUP_TRY h0, L1, 2` has a number; `SETUP_TRY h0, 2` has a label that looks like one.
        let mut number = None;
        let mut target = Self::target(cursor)?;
        cursor.expect(',')?;
        if is_numbered && matches!(cursor.peek_second(), Some(Token::Mark(','))) {
            number = target.label.ok().and_then(|word| numbered(&word, 'h'));
            target = Self::target(cursor)?;
            cursor.expect(',')?;
        }
        let landing = F::read_landing(cursor)?;
        let is_cleanup = cursor.eat_word("cleanup");
        let start = self.pc();
        self.body.open.push(OpenHandler { number, start, end: start, target, landing, is_cleanup });
        Ok(())
    }

    fn pop_try(&mut self, cursor: &mut Cursor<'_, '_>) -> Result<(), ParseError> {
        let unpaired = cursor.error_before(ParseProblem::UnpairedTry);
        let at = if cursor.is_done() {
            self.body.open.len().checked_sub(1)
        } else {
            let number = Some(cursor.numbered('h', "a handler like `h0`")?);
            self.body.open.iter().rposition(|handler| handler.number == number)
        };
        let Some(at) = at else { return Err(unpaired) };
        let mut handler = self.body.open.remove(at);
        handler.end = self.pc();
        self.body.closed.push(handler);
        Ok(())
    }

    fn target(cursor: &mut Cursor<'_, '_>) -> Result<Target, ParseError> {
        let position = Position { line: cursor.line(), column: cursor.column() };
        if let Some(&Token::Index(index)) = cursor.peek() {
            cursor.advance();
            return Ok(Target { label: Err(index), position });
        }
        Ok(Target { label: Ok(cursor.word("a label")?.into()), position })
    }

    /// Ends the block that is open and opens another.
    fn open(&mut self, block: Block) -> Result<(), ParseError> {
        match self.block {
            Block::Function => self.end_function()?,
            Block::Source => {
                if let Some(source) = self.symbols.module.sources.last_mut() {
                    source.text = std::mem::take(&mut self.source_text).into();
                }
            }
            _ => {}
        }
        self.block = block;
        Ok(())
    }

    fn end_function(&mut self) -> Result<(), ParseError> {
        let Body { labels, jumps, open, closed, has_names, has_places, .. } = std::mem::take(&mut self.body);
        if let Some(handler) = open.first() {
            return Err(handler.target.position.error(ParseProblem::UnpairedTry));
        }
        let find = |target: &Target| match &target.label {
            Err(index) => Ok(*index),
            Ok(label) => labels.get(label).copied().ok_or_else(|| {
                target.position.error(ParseProblem::Unknown { what: "label in this function", name: label.clone() })
            }),
        };
        let function = &mut self.function;
        for (pc, target) in jumps {
            let to = find(&target)?;
            let jump = &mut function.code[pc as usize];
            *jump = F::aim(*jump, pc, to).map_err(|most| {
                target.position.error(ParseProblem::TooLarge {
                    what: "distance to the label",
                    value: i64::from(to) - i64::from(pc),
                    most,
                })
            })?;
        }
        function.handlers = order(closed, find)?;
        if !has_places {
            function.locals = (function.local_names.len() as u32).max(u32::from(function.parameters));
        }
        if !has_names {
            let expected = F::names_expected(function) as usize;
            if expected > 0 {
                let unnamed = self.symbols.name_index("");
                self.function.local_names = vec![unnamed; expected];
            }
        }
        let function = std::mem::take(&mut self.function);
        self.module().functions.push(function);
        Ok(())
    }

    fn finish(mut self) -> Result<Module<F>, ParseError> {
        self.open(Block::Outside)?;
        let entry = self.entry.or_else(|| self.symbols.function_named("<main>"));
        let mut module = self.symbols.module;
        module.entry = entry.unwrap_or(0);
        if !self.has_sources {
            module.sources.push(Source::default());
        }
        Ok(module)
    }

    fn module(&mut self) -> &mut Module<F> {
        &mut self.symbols.module
    }

    fn pc(&self) -> u32 {
        self.function.code.len() as u32
    }
}

/// What instructions' operands are read with.
impl<F: Operands> Assembler<F> {
    pub(super) fn constant(&mut self, cursor: &mut Cursor<'_, '_>) -> Result<u32, ParseError> {
        self.symbols.constant(cursor)
    }

    pub(super) fn global(&mut self, cursor: &mut Cursor<'_, '_>) -> Result<u32, ParseError> {
        self.symbols.global(cursor)
    }

    pub(super) fn name(&mut self, cursor: &mut Cursor<'_, '_>) -> Result<u32, ParseError> {
        self.symbols.name(cursor)
    }

    pub(super) fn builtin(&mut self, cursor: &mut Cursor<'_, '_>) -> Result<u32, ParseError> {
        self.symbols.builtin(cursor)
    }

    pub(super) fn function(&mut self, cursor: &mut Cursor<'_, '_>) -> Result<u32, ParseError> {
        self.symbols.function(cursor)
    }

    pub(super) fn type_operand(&mut self, cursor: &mut Cursor<'_, '_>) -> Result<u32, ParseError> {
        self.symbols.type_(cursor)
    }

    pub(super) fn module_operand(&mut self, cursor: &mut Cursor<'_, '_>) -> Result<u32, ParseError> {
        self.symbols.module(cursor)
    }

    pub(super) fn local(&mut self, cursor: &mut Cursor<'_, '_>) -> Result<u32, ParseError> {
        slot(cursor, "local", 'l', &self.body.locals)
    }

    pub(super) fn capture(&mut self, cursor: &mut Cursor<'_, '_>) -> Result<u32, ParseError> {
        slot(cursor, "captured variable", 'c', &self.body.captures)
    }

    /// A label; the jump is the instruction that comes next.
    pub(super) fn jump(&mut self, cursor: &mut Cursor<'_, '_>) -> Result<u32, ParseError> {
        let target = Self::target(cursor)?;
        let pc = self.pc();
        self.body.jumps.push((pc, target));
        Ok(0)
    }
}

/// A slot by number or by a name that it alone has.
fn slot(
    cursor: &mut Cursor<'_, '_>,
    what: &'static str,
    letter: char,
    names: &HashMap<Arc<str>, u32>,
) -> Result<u32, ParseError> {
    let word = cursor.word(&format!("a {what}: its name, or `{letter}0`"))?;
    if let Some(number) = numbered(word, letter) {
        return Ok(number);
    }
    match names.get(word) {
        Some(&SEVERAL) => Err(cursor.error_before(ParseProblem::Ambiguous { what, name: word.into() })),
        Some(&slot) => Ok(slot),
        None => Err(cursor.error_before(ParseProblem::Unknown { what, name: word.into() })),
    }
}

fn note(names: &mut HashMap<Arc<str>, u32>, name: Arc<str>, slot: u32) {
    match names.entry(name) {
        Entry::Occupied(mut known) => {
            known.insert(SEVERAL);
        }
        Entry::Vacant(free) => {
            free.insert(slot);
        }
    }
}

/// Handlers in the order of their numbers, or as they were closed.
fn order(
    closed: Vec<OpenHandler>,
    find: impl Fn(&Target) -> Result<u32, ParseError>,
) -> Result<Vec<Handler>, ParseError> {
    let mut handlers = Vec::with_capacity(closed.len());
    let is_numbered = closed.iter().any(|handler| handler.number.is_some());
    let mut keyed: Vec<(u32, &OpenHandler)> = Vec::with_capacity(closed.len());
    for (index, handler) in closed.iter().enumerate() {
        let number = if is_numbered { handler.number } else { Some(index as u32) };
        let number = number.ok_or_else(|| handler.target.position.error(ParseProblem::HandlerNumbers))?;
        keyed.push((number, handler));
    }
    keyed.sort_by_key(|&(number, _)| number);
    for (index, (number, handler)) in keyed.into_iter().enumerate() {
        if number != index as u32 {
            return Err(handler.target.position.error(ParseProblem::HandlerNumbers));
        }
        let &OpenHandler { start, end, ref target, landing, is_cleanup, .. } = handler;
        handlers.push(Handler { start, end, target: find(target)?, landing, is_cleanup });
    }
    Ok(handlers)
}
