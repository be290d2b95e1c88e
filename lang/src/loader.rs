//! Finds the files a program uses and runs the front end over them.

use std::path::{Path, PathBuf};

use bumpalo::Bump;

use crate::ast::{Block, Expression, ExpressionKind, MatchBody, Statement, StatementKind, Use};
use crate::diagnostics::{Diagnostic, Severity};
use crate::names::Interner;
use crate::parser;
use crate::program::{FileKind, SourceFile, SourceProgram, Used};
use crate::resolver::{self, Resolved};

/// Where used files come from.
pub trait SourceLoader {
    /// The name that identifies the file `path` used from the file `from`: two uses of one file give one name.
    fn identify(&self, path: &str, from: &str) -> String;

    /// The bytes of the file with this name.
    ///
    /// # Errors
    /// A sentence that says why it cannot be read.
    fn load(&self, name: &str) -> Result<Vec<u8>, String>;
}

/// Loads from the file system, relative to the using file.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileLoader;

impl SourceLoader for FileLoader {
    fn identify(&self, path: &str, from: &str) -> String {
        let joined = Path::new(from).parent().unwrap_or(Path::new("")).join(path);
        let mut normal = PathBuf::new();
        for component in joined.components() {
            match component {
                std::path::Component::CurDir => {}
                std::path::Component::ParentDir if normal.file_name().is_some() => {
                    normal.pop();
                }
                other => normal.push(other),
            }
        }
        normal.to_string_lossy().into_owned()
    }

    fn load(&self, name: &str) -> Result<Vec<u8>, String> {
        std::fs::read(name).map_err(|error| error.to_string())
    }
}

/// For programs that use no files.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoLoader;

impl SourceLoader for NoLoader {
    fn identify(&self, path: &str, _from: &str) -> String {
        path.to_string()
    }

    fn load(&self, _name: &str) -> Result<Vec<u8>, String> {
        Err("files cannot be used here".to_string())
    }
}

/// A program that parsed and resolved without errors.
#[derive(Debug)]
pub struct Analysis<'a> {
    /// Its files.
    pub program: SourceProgram<'a>,
    /// What its names mean.
    pub resolved: Resolved<'a>,
}

impl Analysis<'_> {
    /// The library function that calls the handlers of an event: its index, if the program can register any.
    pub fn event_dispatcher(&self) -> Option<u32> {
        self.program.names.find("register_event")?;
        let symbol = self.program.names.find("__dispatch_event")?;
        let found = self.resolved.library.iter().find(|(known, _)| *known == symbol)?;
        Some(found.1)
    }
}

/// The diagnostics of one file.
#[derive(Debug)]
pub struct FileDiagnostics {
    /// Name of the file.
    pub name: String,
    /// Its text, as far as it is text.
    pub text: String,
    /// What is wrong, in source order.
    pub diagnostics: Vec<Diagnostic>,
}

impl FileDiagnostics {
    /// The diagnostics as text for people.
    pub fn render(&self, colour: bool) -> String {
        crate::diagnostics::render(&self.diagnostics, &self.name, &self.text, colour)
    }
}

/// Library functions in guest code.
pub const PRELUDE: &str = include_str!("prelude.zx");
/// What that file is called.
pub const PRELUDE_NAME: &str = "<prelude>";
/// Names that bring the prelude in.
const PRELUDE_NAMES: [&str; 11] =
    ["map", "filter", "reduce", "for_each", "forEach", "any", "all", "find", "register_event", "sleep", "__notify"];

/// Loads, parses and resolves the program whose main file has this name and content.
///
/// # Errors
/// The diagnostics of every file that has some, when one of them is an error.
pub fn analyze<'a>(
    arena: &'a Bump,
    name: &str,
    bytes: &[u8],
    loader: &dyn SourceLoader,
) -> Result<Analysis<'a>, Vec<FileDiagnostics>> {
    let mut state =
        Loader { arena, loader, names: Interner::new(), files: Vec::new(), open: Vec::new(), diagnostics: Vec::new() };
    state.file(name.to_string(), bytes, FileKind::Main);
    if state.diagnostics.is_empty() && PRELUDE_NAMES.iter().any(|name| state.names.find(name).is_some()) {
        let parsed = parser::parse(arena, &mut state.names, PRELUDE);
        debug_assert!(parsed.diagnostics.is_empty(), "the prelude parses");
        let prelude = SourceFile {
            name: PRELUDE_NAME.to_string(),
            text: PRELUDE,
            file: parsed.file,
            kind: FileKind::Prelude,
            uses: Vec::new(),
        };
        state.files.insert(0, prelude);
        for file in &mut state.files[1..] {
            for (_, used) in &mut file.uses {
                if let Used::File(index) = used {
                    *index += 1;
                }
            }
        }
    }
    if !state.diagnostics.is_empty() {
        return Err(state.diagnostics);
    }
    let program = SourceProgram { names: state.names, files: state.files };
    let resolved = resolver::resolve(&program);
    if resolved.diagnostics.iter().any(|(_, diagnostic)| diagnostic.severity == Severity::Error) {
        return Err(by_file(&program, &resolved.diagnostics));
    }
    Ok(Analysis { program, resolved })
}

/// Diagnostics sorted into their files.
pub(crate) fn by_file(program: &SourceProgram<'_>, diagnostics: &[(usize, Diagnostic)]) -> Vec<FileDiagnostics> {
    let mut files = Vec::new();
    for (index, file) in program.files.iter().enumerate() {
        let mut own: Vec<Diagnostic> =
            diagnostics.iter().filter(|(at, _)| *at == index).map(|(_, diagnostic)| diagnostic.clone()).collect();
        if !own.is_empty() {
            own.sort_by_key(|diagnostic| diagnostic.span.start);
            files.push(FileDiagnostics { name: file.name.clone(), text: file.text.to_string(), diagnostics: own });
        }
    }
    files
}

struct Loader<'a, 'l> {
    arena: &'a Bump,
    loader: &'l dyn SourceLoader,
    names: Interner,
    files: Vec<SourceFile<'a>>,
    /// Files being loaded, outermost first: using one of them again is a circle.
    open: Vec<String>,
    diagnostics: Vec<FileDiagnostics>,
}

/// Files that use each other deeper than this are refused.
const DEEPEST_USE: usize = 100;

impl<'a> Loader<'a, '_> {
    /// Loads a file after the files it uses, and returns its index.
    fn file(&mut self, name: String, bytes: &[u8], kind: FileKind) -> Option<usize> {
        let text = match parser::decode(bytes) {
            Ok(text) => &*self.arena.alloc_str(text),
            Err(diagnostic) => {
                let text = String::from_utf8_lossy(bytes).into_owned();
                self.diagnostics.push(FileDiagnostics { name, text, diagnostics: vec![diagnostic] });
                return None;
            }
        };
        let parsed = parser::parse(self.arena, &mut self.names, text);
        let mut diagnostics = parsed.diagnostics;
        self.open.push(name.clone());
        let mut uses = Vec::new();
        self.uses(parsed.file.statements, &name, &mut uses, &mut diagnostics);
        self.open.pop();
        if diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
            diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
            self.diagnostics.push(FileDiagnostics { name, text: text.to_string(), diagnostics });
            return None;
        }
        self.files.push(SourceFile { name, text, file: parsed.file, kind, uses });
        Some(self.files.len() - 1)
    }

    fn uses(
        &mut self,
        statements: &'a [Statement<'a>],
        from: &str,
        uses: &mut Vec<(u32, Used)>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        for statement in statements {
            if let StatementKind::Use(use_) = statement.kind {
                match self.used(use_, from) {
                    Ok(Some(used)) => uses.push((use_.path_span.start, used)),
                    Ok(None) => {}
                    Err(diagnostic) => diagnostics.push(diagnostic),
                }
            }
            for_each_block(statement, &mut |block| self.uses(block.statements, from, uses, diagnostics));
        }
    }

    /// What a `use` refers to; none when that file has errors of its own.
    fn used(&mut self, use_: &Use<'a>, from: &str) -> Result<Option<Used>, Diagnostic> {
        if let Some(members) = runtime::builtins::standard_module(use_.path) {
            return Ok(Some(Used::Standard(members)));
        }
        let name = self.loader.identify(use_.path, from);
        if let Some(known) = self.files.iter().position(|file| file.name == name) {
            return Ok(Some(Used::File(known)));
        }
        if self.diagnostics.iter().any(|file| file.name == name) {
            return Ok(None);
        }
        if self.open.contains(&name) {
            let circle = self.open.join("' uses '");
            return Err(Diagnostic::error(format!("Circular use: '{circle}' uses '{name}'"), use_.path_span)
                .with_help("move what both need into a third file"));
        }
        if self.open.len() >= DEEPEST_USE {
            return Err(Diagnostic::error(
                format!("files use each other more than {DEEPEST_USE} levels deep"),
                use_.path_span,
            ));
        }
        let bytes = self.loader.load(&name).map_err(|reason| {
            Diagnostic::error(format!("Module not found or failed to load: {name}: {reason}"), use_.path_span)
                .with_help("paths are relative to the file that uses them; standard modules are math, json and crypto")
        })?;
        Ok(self.file(name, &bytes, FileKind::Module).map(Used::File))
    }
}

/// Calls `visit` for every block that is part of a statement, not for bodies of functions, nor for blocks inside expressions that
/// are not the whole statement.
fn for_each_block<'a>(statement: &Statement<'a>, visit: &mut dyn FnMut(&Block<'a>)) {
    let mut statement = statement;
    // Chains of `elif` may be long: they are walked, not recursed into.
    while let StatementKind::If { ref then, ref otherwise, .. } = statement.kind {
        visit(then);
        match otherwise {
            Some(Block { statements: [only], .. }) if matches!(only.kind, StatementKind::If { .. }) => statement = only,
            Some(block) => return visit(block),
            None => return,
        }
    }
    match statement.kind {
        StatementKind::While { ref body, .. } | StatementKind::ForEach { ref body, .. } => visit(body),
        StatementKind::Try { ref body, ref catch, ref finally } => {
            visit(body);
            catch.iter().for_each(|catch| visit(&catch.body));
            finally.iter().for_each(visit);
        }
        StatementKind::Defer(ref block) => visit(block),
        StatementKind::Module(module) => visit(&module.body),
        StatementKind::Expression(Expression { kind: ExpressionKind::Match(matching), .. }) => {
            for arm in matching.arms {
                if let MatchBody::Block(block) = &arm.body {
                    visit(block);
                }
            }
        }
        _ => {}
    }
}
