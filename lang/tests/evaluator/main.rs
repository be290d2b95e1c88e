//! The evaluator on small programs: what they print, return and fail with.
//!
//! Every program runs twice, once as usual and once collecting garbage at every safepoint, and must do the same both times.

mod collections;
mod control;
mod errors;
mod expressions;
mod functions;
mod limits;
mod modules;
mod types;

use std::cell::RefCell;
use std::io::Write;
use std::rc::Rc;

use bumpalo::Bump;
use lang::{Analysis, FileDiagnostics, SourceLoader};
use runtime::{Collecting, ErrorKind, Limits, Program, RunOptions, Runtime};

/// What a run did.
#[derive(Debug, PartialEq)]
struct Outcome {
    output: String,
    result: Result<String, Failure>,
}

/// The error that ended a run.
#[derive(Debug, PartialEq)]
struct Failure {
    kind: ErrorKind,
    message: String,
    /// The active calls, innermost first: function, file, line and column.
    trace: Vec<String>,
}

/// Files of a program besides its main file.
struct Files(&'static [(&'static str, &'static str)]);

impl SourceLoader for Files {
    fn identify(&self, path: &str, _from: &str) -> String {
        path.trim_start_matches("./").to_string()
    }

    fn load(&self, name: &str) -> Result<Vec<u8>, String> {
        let file = self.0.iter().find(|(known, _)| *known == name);
        file.map(|(_, text)| text.as_bytes().to_vec()).ok_or_else(|| "no such file".to_string())
    }
}

/// Output that the test reads afterwards.
#[derive(Clone, Default)]
struct Sink(Rc<RefCell<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn run_once(analysis: &Analysis<'_>, limits: Limits, collecting: Collecting) -> Outcome {
    let module = lang::compile(analysis).unwrap_or_else(|errors| panic!("does not compile:\n{}", render(&errors)));
    let verified = isa::verify::stack(module).expect("compiled code is valid");
    let program = Program::link(&verified).expect("the program links");
    let sink = Sink::default();
    let output = Box::new(sink.clone());
    let mut runtime = Runtime::new(program, RunOptions { limits, output, collecting, ..RunOptions::default() });
    let result = lang::evaluate(analysis, None, &mut runtime);
    runtime.output.flush().expect("the sink takes everything");
    let result = match result {
        Ok(value) => Ok(runtime.format(value)),
        Err(fault) => Err(failure(analysis, *fault)),
    };
    let output = String::from_utf8(sink.0.borrow().clone()).expect("output is text");
    Outcome { output, result }
}

fn failure(analysis: &Analysis<'_>, fault: runtime::Error) -> Failure {
    let place = |source: u32, offset: u32| {
        let file = &analysis.program.files[source as usize];
        let before = &file.text[..offset as usize];
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|&character| character != '\n').count() + 1;
        format!("{}:{line}:{column}", file.name)
    };
    let origin = fault.origin.expect("every error has a place");
    let trace = origin.trace.iter().map(|entry| format!("{} {}", entry.function, place(entry.source, entry.offset)));
    Failure { kind: fault.kind, message: fault.message, trace: trace.collect() }
}

fn render(errors: &[FileDiagnostics]) -> String {
    errors.iter().map(|file| file.render(false)).collect()
}

/// Runs a program of several files, the first one being the main file.
fn run_files(files: &'static [(&'static str, &'static str)], limits: Limits) -> Outcome {
    let arena = Bump::new();
    let (name, text) = files[0];
    let analysis = lang::analyze(&arena, name, text.as_bytes(), &Files(&files[1..]))
        .unwrap_or_else(|errors| panic!("does not parse:\n{}", render(&errors)));
    let outcome = run_once(&analysis, limits, Collecting::WhenDue);
    for collecting in [Collecting::Always, Collecting::InSteps] {
        let stressed = run_once(&analysis, limits, collecting);
        assert_eq!(outcome, stressed, "collecting {collecting:?} changes what the program does");
    }
    outcome
}

fn run(source: &str, limits: Limits) -> Outcome {
    let arena = Bump::new();
    let analysis = lang::analyze(&arena, "main.zx", source.as_bytes(), &Files(&[]))
        .unwrap_or_else(|errors| panic!("does not parse:\n{}", render(&errors)));
    let outcome = run_once(&analysis, limits, Collecting::WhenDue);
    for collecting in [Collecting::Always, Collecting::InSteps] {
        let stressed = run_once(&analysis, limits, collecting);
        assert_eq!(outcome, stressed, "collecting {collecting:?} changes what the program does");
    }
    outcome
}

/// The program prints these lines and ends well.
#[track_caller]
fn prints(source: &str, lines: &[&str]) {
    let outcome = run(source, Limits::default());
    if let Err(failure) = &outcome.result {
        panic!("fails: {failure:?}\nafter printing:\n{}", outcome.output);
    }
    assert_eq!(outcome.output.lines().collect::<Vec<_>>(), lines);
}

/// The expression has this printed form.
#[track_caller]
fn gives(expression: &str, printed: &str) {
    assert_eq!(run(&format!("return {expression}"), Limits::default()).result, Ok(printed.to_string()), "{expression}");
}

/// The program fails with this error after printing these lines; the trace is innermost first.
#[track_caller]
fn fails(source: &str, lines: &[&str], kind: ErrorKind, message: &str, trace: &[&str]) {
    let outcome = run(source, Limits::default());
    assert_eq!(outcome.output.lines().collect::<Vec<_>>(), lines);
    let trace = trace.iter().map(|entry| entry.to_string()).collect();
    assert_eq!(outcome.result, Err(Failure { kind, message: message.to_string(), trace }));
}

/// The expression fails with this error.
#[track_caller]
fn refuses(expression: &str, kind: ErrorKind, message: &str) {
    match run(&format!("return {expression}"), Limits::default()).result {
        Err(failure) => assert_eq!((failure.kind, &*failure.message), (kind, message), "{expression}"),
        Ok(value) => panic!("{expression} gives {value}"),
    }
}
