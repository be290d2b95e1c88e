//! `harness repl`
//!
//! A program is compiled whole, so the prompt keeps what was entered and runs all of it again with each new entry, showing only what
//! is new. Runs are deterministic, so the rest comes out as before. That keeps the prompt honest: what it shows is what the engine
//! does with that program, and every engine can be asked. It also means that a slow entry is paid for again each time; `:reset`
//! forgets.

use std::borrow::Cow;
use std::cell::Cell;
use std::io::{BufRead, IsTerminal, Write};
use std::process::ExitCode;
use std::rc::Rc;

use engine::{Compiled, Configuration, EngineError, Failure, Outcome, Source, find_executor, render_failure};
use lang::ast::{ExpressionKind, StatementKind};
use lang::program::FileKind;
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Config, Editor, Helper};

use crate::cli::ReplOptions;
use crate::terminal;
use crate::terminal::{tell, tell_text};

const NAME: &str = "<prompt>";
/// The variable that holds the last value.
const LAST: &str = "_";
const HELP: &str = "\
Enter statements or an expression; its value is shown, and `_` holds it afterwards. Open brackets go on over lines.
  :vm NAME   run on another executor
  :list      show what was entered so far
  :reset     forget it
  :quit      leave (also Ctrl-D)
Ctrl-C drops what is being entered. While a program runs it ends the session; --fuel N bounds how long programs run.
";

pub(super) fn run(options: &ReplOptions) -> anyhow::Result<ExitCode> {
    let mut session = Session { configuration: Configuration::default(), entries: Vec::new(), printed: 0 };
    options.axes.apply(&mut session.configuration)?;
    let mut entries: Box<dyn Entries> =
        if std::io::stdin().is_terminal() { Box::new(typed()?) } else { Box::new(Piped(std::io::stdin().lock())) };
    tell!("harness {}, executor {}; :help says more", env!("CARGO_PKG_VERSION"), session.configuration);
    while let Some(entry) = entries.next()? {
        let input = entry.trim();
        if input.is_empty() {
            continue;
        }
        match input.strip_prefix(':').map(|command| command.split_once(' ').unwrap_or((command, ""))) {
            Some(("quit" | "q" | "exit", _)) => return Ok(ExitCode::SUCCESS),
            Some((command, argument)) => session.command(command, argument.trim())?,
            None => session.enter(input)?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Where entries come from.
trait Entries {
    /// The next one; none when there are no more. One that is dropped is empty.
    ///
    /// # Errors
    /// When it cannot be read.
    fn next(&mut self) -> anyhow::Result<Option<String>>;
}

/// Typed at a terminal.
type Typed = Editor<Brackets, MemHistory>;

fn typed() -> anyhow::Result<Typed> {
    let mut editor = Editor::with_history(Config::default(), MemHistory::new())?;
    editor.set_helper(Some(Brackets));
    Ok(editor)
}

impl Entries for Typed {
    fn next(&mut self) -> anyhow::Result<Option<String>> {
        match self.readline("> ") {
            Ok(entry) => {
                // A history that cannot be kept is no reason to stop.
                let _ = self.add_history_entry(entry.trim());
                Ok(Some(entry))
            }
            Err(ReadlineError::Interrupted) => {
                tell!("dropped; :quit or Ctrl-D leaves");
                Ok(Some(String::new()))
            }
            Err(ReadlineError::Eof) => Ok(None),
            Err(ReadlineError::Io(error)) if error.kind() == std::io::ErrorKind::InvalidData => {
                tell!("{NOT_TEXT}");
                Ok(Some(String::new()))
            }
            Err(error) => Err(error.into()),
        }
    }
}

const NOT_TEXT: &str = "dropped: it is not UTF-8 text";

/// From a file or another program. What is unfinished at the end is an entry all the same: the parser says best what it lacks.
struct Piped<R>(R);

impl<R: BufRead> Entries for Piped<R> {
    fn next(&mut self) -> anyhow::Result<Option<String>> {
        let mut entry = String::new();
        loop {
            let mut line = Vec::new();
            if self.0.read_until(b'\n', &mut line)? == 0 {
                return Ok((!entry.is_empty()).then_some(entry));
            }
            let Ok(line) = String::from_utf8(line) else {
                tell!("{NOT_TEXT}");
                return Ok(Some(String::new()));
            };
            entry.push_str(&line);
            if is_complete(entry.strip_suffix('\n').unwrap_or(&entry)) {
                return Ok(Some(entry));
            }
        }
    }
}

struct Session {
    configuration: Configuration,
    /// What was entered and ran well, as it stands in the program.
    entries: Vec<String>,
    /// Bytes that the entries print.
    printed: usize,
}

impl Session {
    fn command(&mut self, command: &str, argument: &str) -> anyhow::Result<()> {
        match command {
            "help" => terminal::print(HELP)?,
            "list" => terminal::print(&self.entries.concat())?,
            "reset" => {
                self.entries.clear();
                self.printed = 0;
            }
            "vm" => match self.configuration.set("vm", argument) {
                Ok(()) => tell!("executor {}", self.configuration),
                Err(error) => tell!("{error}"),
            },
            _ => tell!("there is no command ':{command}'; :help lists them"),
        }
        Ok(())
    }

    fn enter(&mut self, input: &str) -> anyhow::Result<()> {
        let earlier = self.entries.concat();
        // An expression shows its value. Whatever is no expression is taken as statements.
        let as_expression =
            Entry { before: "return (", input, after: "\n)\n", kept: format!("let {LAST} = ({input}\n)\n") };
        let as_statements = Entry { before: "", input, after: "\n", kept: format!("{input}\n") };
        let statements = as_statements.compile(&earlier);
        let is_expression = statements.as_ref().map_or(true, |compiled| is_expression(compiled, earlier.len()));
        let expression = if is_expression { as_expression.compile(&earlier).ok() } else { None };
        let (entry, compiled) = match expression {
            Some(compiled) => (as_expression, Ok(compiled)),
            None => (as_statements, statements),
        };
        let compiled = match compiled {
            Ok(compiled) => compiled,
            Err(error) => {
                tell_text!("{}", entry.error(error, earlier.len()).render(terminal::colours()));
                return Ok(());
            }
        };
        let (outcome, printed) = match self.run(&compiled) {
            Ok(ran) => ran,
            Err(error) => {
                tell_text!("{}", error.render(terminal::colours()));
                return Ok(());
            }
        };
        match outcome.result {
            Ok(returned) => {
                if returned.type_name != "null" {
                    terminal::print(&format!("{}\n", returned.text))?;
                }
                self.entries.push(entry.kept);
                self.printed = printed;
            }
            Err(failure) => {
                let (failure, sources) = self.failure(failure, &compiled, &entry, earlier.len());
                tell_text!("{}", render_failure(&failure, &sources, terminal::colours()));
            }
        }
        Ok(())
    }

    /// Runs a program whose beginning ran before. Gives the number of bytes printed, too.
    fn run(&self, compiled: &Compiled) -> Result<(Outcome, usize), EngineError> {
        let Some(executor) = find_executor(self.configuration.vm) else { unreachable!("the axis checks its values") };
        let prepared = executor.prepare(compiled, &self.configuration)?;
        let output = NewOutput { known: self.printed, seen: Rc::default() };
        let seen = Rc::clone(&output.seen);
        let outcome =
            prepared.run(runtime::RunOptions { output: Box::new(output), ..self.configuration.run_options() });
        Ok((outcome, seen.get()))
    }

    /// The failure with its places in the entries instead of the program that they make up.
    fn failure(
        &self,
        mut failure: Failure,
        compiled: &Compiled,
        entry: &Entry<'_>,
        earlier: usize,
    ) -> (Failure, Vec<isa::module::Source>) {
        let mut sources = compiled.sources().to_vec();
        let Some(program) = sources.iter().position(|source| &*source.name == NAME) else { return (failure, sources) };
        let first = sources.len();
        let starts: Vec<usize> =
            self.entries.iter().scan(0, |end, entry| Some(std::mem::replace(end, *end + entry.len()))).collect();
        for (number, text) in self.entries.iter().enumerate() {
            sources.push(isa::module::Source {
                name: format!("<entry {}>", number + 1).into(),
                text: text.as_str().into(),
            });
        }
        sources.push(isa::module::Source { name: NAME.into(), text: entry.input.into() });
        for call in failure.trace.iter_mut().filter(|call| call.source as usize == program) {
            let offset = call.offset as usize;
            let (source, start) = if offset >= earlier {
                (sources.len() - 1, (earlier + entry.before.len()).min(offset))
            } else {
                let number = starts.partition_point(|&start| start <= offset).saturating_sub(1);
                (first + number, starts[number])
            };
            call.source = source as u32;
            call.offset = (offset - start) as u32;
        }
        (failure, sources)
    }
}

/// True when all that the program has from `start` on is one expression other than an assignment.
fn is_expression(compiled: &Compiled, start: usize) -> bool {
    let files = compiled.tree().map(|tree| &tree.program.files);
    let main = files.and_then(|files| files.iter().find(|file| file.kind == FileKind::Main));
    let new = main.map(|file| file.file.statements.iter().filter(|statement| statement.span.start as usize >= start));
    let new: Option<Vec<_>> = new.map(Iterator::collect);
    let Some([statement]) = new.as_deref() else { return false };
    match statement.kind {
        StatementKind::Expression(expression) => !matches!(expression.kind, ExpressionKind::Assign { .. }),
        _ => false,
    }
}

/// An entry, and what is put around it to make it part of a program.
struct Entry<'i> {
    before: &'static str,
    input: &'i str,
    after: &'static str,
    /// What stays of it for later entries.
    kept: String,
}

impl Entry<'_> {
    fn compile(&self, earlier: &str) -> Result<Compiled, EngineError> {
        let text = [earlier, self.before, self.input, self.after].concat();
        Compiled::new(&Source::with_files(NAME, text))
    }

    /// The error with its places in the entry instead of the whole program.
    fn error(&self, error: EngineError, earlier: usize) -> EngineError {
        let EngineError::Diagnostics(mut files) = error else { return error };
        let start = (earlier + self.before.len()) as u32;
        let end = self.input.len() as u32;
        for file in files.iter_mut().filter(|file| file.name == NAME) {
            file.text = self.input.to_string();
            for diagnostic in &mut file.diagnostics {
                diagnostic.span.start = diagnostic.span.start.saturating_sub(start).min(end);
                diagnostic.span.end = diagnostic.span.end.saturating_sub(start).min(end);
            }
        }
        EngineError::Diagnostics(files)
    }
}

/// Standard output without the bytes that are known already.
struct NewOutput {
    known: usize,
    seen: Rc<Cell<usize>>,
}

impl Write for NewOutput {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let seen = self.seen.get();
        self.seen.set(seen + bytes.len());
        let known = self.known.saturating_sub(seen).min(bytes.len());
        std::io::stdout().write_all(&bytes[known..])?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stdout().flush()
    }
}

/// Asks for more lines while brackets are open.
struct Brackets;

impl Helper for Brackets {}
impl Highlighter for Brackets {}

impl Hinter for Brackets {
    type Hint = String;
}

impl Completer for Brackets {
    type Candidate = String;
}

impl Validator for Brackets {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(if is_complete(context.input()) { ValidationResult::Valid(None) } else { ValidationResult::Incomplete })
    }
}

/// False while brackets, a string over several lines, or a comment are open, and in blocks by colon until an empty line.
fn is_complete(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0_i64, 0);
    while at < bytes.len() {
        let rest = &text[at..];
        let skipped: Cow<'_, str> = match bytes[at] {
            b'#' => rest.lines().next().unwrap_or("").into(),
            _ if rest.starts_with("//") => rest.lines().next().unwrap_or("").into(),
            _ if rest.starts_with("/*") => match rest.find("*/") {
                Some(end) => rest[..end + 2].into(),
                None => return false,
            },
            _ if rest.starts_with("\"\"\"") => match rest[3..].find("\"\"\"") {
                Some(end) => rest[..end + 6].into(),
                None => return false,
            },
            quote @ (b'"' | b'\'') => quoted(rest, quote).into(),
            b'(' | b'[' | b'{' => {
                depth += 1;
                rest[..1].into()
            }
            b')' | b']' | b'}' => {
                depth -= 1;
                rest[..1].into()
            }
            _ => rest.chars().next().map(String::from).unwrap_or_default().into(),
        };
        at += skipped.len().max(1);
    }
    let mut lines = text.lines();
    let opens_block = lines.next().is_some_and(|first| first.trim_end().ends_with(':'));
    depth <= 0 && (!opens_block || text.ends_with('\n'))
}

/// A string, or the rest of its line if it does not end there: a mistake that the parser explains better.
fn quoted(text: &str, quote: u8) -> &str {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() && bytes[at] != quote && bytes[at] != b'\n' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    text.get(..(at + 1).min(bytes.len())).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::{Entries, Piped, is_complete};

    #[test]
    fn nothing_that_is_piped_is_lost() {
        let mut piped = Piped(&b"let x = 1\n\nf(\n2)\r\nbad \xff\nif x:\n  y\n\n[1,\n"[..]);
        let mut entries = Vec::new();
        while let Some(entry) = piped.next().unwrap() {
            entries.push(entry);
        }
        assert_eq!(entries, ["let x = 1\n", "\n", "f(\n2)\r\n", "", "if x:\n  y\n\n", "[1,\n"]);
    }

    #[test]
    fn open_brackets_go_on() {
        assert!(is_complete("let x = f(1)"));
        assert!(!is_complete("action f() {"));
        assert!(is_complete("action f() {\n}"));
        assert!(!is_complete("[1,\n2"));
        assert!(is_complete("print(\"( [ {\")"));
        assert!(is_complete("print('it\\'s (') # ("));
        assert!(!is_complete("let t = \"\"\"two"));
        assert!(is_complete("let t = \"\"\"two\nlines\"\"\""));
        assert!(!is_complete("/* open"));
        assert!(is_complete("x) too many"));
        assert!(is_complete("let broken = \"no end"));
        assert!(is_complete("é(ü)"));
    }

    #[test]
    fn blocks_by_colon_end_with_an_empty_line() {
        assert!(!is_complete("if x:"));
        assert!(!is_complete("if x:\n    print(1)"));
        assert!(is_complete("if x:\n    print(1)\n"));
    }
}
