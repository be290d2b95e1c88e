//! The verbs, a file each.

mod cache;
mod calibrate;
mod check;
mod compare;
mod compile;
mod disasm;
mod env;
mod fuzz;
mod ledger;
mod list;
mod memory;
mod paper;
mod parallel;
mod profile;
mod repl;
mod run;
mod sweep;
mod verify;
mod warmup;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use engine::workloads::{Workload, workload, workloads};
use engine::{Compiled, ConfigurationError, EngineError, Source};

use crate::cli::{Cli, Format, ProgramSource, Verb};
use crate::terminal;
use crate::terminal::{tell, tell_text};

/// The program failed, or an engine gave a wrong answer.
const FAILED: u8 = 1;
/// Usage, or a file that cannot be read.
const USAGE: u8 = 2;
/// A regression was found.
const REGRESSION: u8 = 3;

/// Asked for what cannot be done.
#[derive(Debug)]
struct Usage(String);

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let result = match Cli::parse().verb {
        Verb::Run(options) => run::run(&options),
        Verb::Compare(options) => compare::run(&options),
        Verb::List(options) => list::run(&options),
        Verb::Disasm(options) => disasm::run(&options),
        Verb::Profile(options) => profile::run(&options),
        Verb::Compile(options) => compile::run(&options),
        Verb::Verify(options) => verify::run(&options),
        Verb::Check(options) => check::run(&options),
        Verb::Env(options) => env::run(&options),
        Verb::Repl(options) => repl::run(&options),
        Verb::Fuzz(options) => fuzz::run(&options),
        Verb::Sweep(options) => sweep::run(&options),
        Verb::Warmup(options) => warmup::run(&options),
        Verb::Parallel(options) => parallel::run(&options),
        Verb::Memory(options) => memory::run(&options),
        Verb::Calibrate(options) => calibrate::run(&options),
        Verb::Paper(options) => paper::run(&options),
        Verb::Cache(options) => cache::run(&options),
        Verb::Ledger(options) => ledger::run(&options),
    };
    match result {
        Ok(code) => code,
        Err(error) if terminal::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => report(&error),
    }
}

/// Says what went wrong, and gives the exit code for it.
fn report(error: &anyhow::Error) -> ExitCode {
    if let Some(error) = error.downcast_ref::<EngineError>() {
        tell_text!("{}", error.render(terminal::colours()));
        let is_usage = matches!(error, EngineError::Read { .. } | EngineError::Configuration(_));
        return ExitCode::from(if is_usage { USAGE } else { FAILED });
    }
    tell!("error: {error:#}");
    let is_usage = error.is::<Usage>() || error.is::<ConfigurationError>() || error.is::<std::io::Error>();
    ExitCode::from(if is_usage { USAGE } else { FAILED })
}

/// Finds out before anything is measured whether results can be written to a file: hours of measuring are not to be lost for a folder that is not
/// there. The file is left as it is.
///
/// # Errors
/// When it cannot be written.
fn check_writable(path: &Path) -> anyhow::Result<()> {
    let is_new = !path.exists();
    let opened = std::fs::OpenOptions::new().append(true).create(true).open(path);
    opened.with_context(|| format!("cannot write {}", path.display()))?;
    if is_new {
        std::fs::remove_file(path).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// The command, without the path of the binary, as results keep it.
fn command_line() -> Vec<String> {
    std::iter::once("harness".to_string()).chain(std::env::args().skip(1)).collect()
}

/// The format that is asked for, or else the one that the name of the file says.
fn format_of(asked: Option<Format>, file: Option<&Path>) -> Format {
    let by_extension = || match file.and_then(Path::extension)?.to_str()? {
        "json" => Some(Format::Json),
        "csv" => Some(Format::Csv),
        "md" => Some(Format::Markdown),
        _ => None,
    };
    asked.or_else(by_extension).unwrap_or(Format::Table)
}

/// Shows results, and writes them to a file if there is one. If the disk has filled up meanwhile, what is shown at least is not lost.
///
/// # Errors
/// When one of the two cannot be done.
fn give(shown: &str, file: Option<(&Path, &str)>) -> anyhow::Result<()> {
    let write = |(path, text): (&Path, &str)| {
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
    };
    let written = file.map(write).transpose();
    terminal::print(shown)?;
    written.map(|_| ())
}

/// The bundled program of this name.
///
/// # Errors
/// When there is none; names those that there are.
fn bundled(name: &str) -> anyhow::Result<&'static Workload> {
    workload(name).ok_or_else(|| {
        let known: Vec<&str> = workloads().iter().map(|workload| workload.name.as_str()).collect();
        Usage(format!("there is no workload '{name}'; there are: {}", known.join(", "))).into()
    })
}

/// Name of a program that has no file.
const EVALUATED: &str = "<eval>";
const STANDARD_INPUT: &str = "<stdin>";

/// The program and its arguments, as the command line gives them: with `-e` the first positional argument is the program's own.
fn program(file: Option<&str>, code: Option<&str>, arguments: &[String]) -> anyhow::Result<(Source, Vec<String>)> {
    let (file, own) = if code.is_some() { (None, file) } else { (file, None) };
    let arguments = own.map(str::to_string).into_iter().chain(arguments.iter().cloned()).collect();
    Ok((source(file.map(Path::new), code)?, arguments))
}

/// The source that `file` (`-` for standard input) or `code` names.
fn source(file: Option<&Path>, code: Option<&str>) -> anyhow::Result<Source> {
    match (code, file) {
        (Some(code), _) => Ok(Source::with_files(EVALUATED, code)),
        (None, Some(file)) if file.as_os_str() == "-" => Ok(Source::reader(STANDARD_INPUT, std::io::stdin().lock())?),
        (None, Some(file)) => Ok(Source::file(file)?),
        (None, None) => {
            Err(Usage("no program was given; name a file, or - for standard input, or write -e CODE".to_string())
                .into())
        }
    }
}

fn compiled(options: &ProgramSource) -> anyhow::Result<Compiled> {
    Ok(Compiled::new(&source(options.file.as_deref(), options.code.as_deref())?)?)
}
