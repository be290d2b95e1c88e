//! The optimizer's passes: what each does to small functions, that every step verifies, and that the classic patterns get as short as they
//! should. That optimized programs show the same is held by `agree.rs`.
//!
//! A case is a file in `cases/`, in the text form; `; passes: NAMES` in its first line says which passes run on it. Its snapshot has every function
//! before and after. After having looked, `INSTA_UPDATE=always cargo test -p engine --test optimizer` accepts it.

mod patterns;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use engine::random::program;
use engine::workloads::workloads;
use engine::{Compiled, MachineMeaning, Source};
use isa::text::Printer;
use isa::{Constant, Stack, StackCode, Verified};
use optimizer::pass::passes;
use optimizer::{Body, Level, Options, find_pass, optimize, optimize_watched};

/// A program of these functions in the text form, verified. One without `<main>` gets one that does nothing.
fn assemble(text: &str) -> Verified<StackCode> {
    let main = if text.contains("<main>") { "" } else { "\n.function <main> locals 0\nLOAD_CONST null\nRETURN\n" };
    isa::verify::stack(isa::text::parse_form::<Stack>(&format!("{text}{main}")).unwrap()).unwrap()
}

/// These passes, in this order.
fn sequence(names: &[&str]) -> Options {
    let names = names.iter().map(|name| find_pass(name).unwrap_or_else(|| panic!("there is no {name}")).name());
    Options { passes: Some(names.collect()), ..Options::default() }
}

fn listing(module: &StackCode, function: usize) -> String {
    let listing = Printer::new(module).listing(function as u32, false);
    listing.lines().skip(1).map(|line| format!("{}\n", line.trim_end())).collect()
}

fn show(text: &str) -> String {
    let names =
        text.lines().next().and_then(|line| line.strip_prefix("; passes: ")).expect("the first line names passes");
    let before = assemble(text);
    let options = sequence(&names.split(' ').collect::<Vec<_>>());
    let (after, _) = optimize(&before, &options, &mut MachineMeaning::default());
    let after = isa::verify::stack(after).unwrap();
    let mut out = format!("{names}\n");
    for (index, function) in before.functions.iter().enumerate() {
        if !text.contains(before.name(function.name)) {
            continue;
        }
        let (length, shorter) = (function.code.len(), after.functions[index].code.len());
        // Writing to a string cannot fail.
        let _ = writeln!(out, "\n{}: {length} → {shorter} instructions", before.name(function.name));
        let _ = writeln!(out, "{}  →\n{}", listing(&before, index), listing(&after, index));
    }
    out
}

#[test]
fn passes_do_what_they_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/optimizer/cases");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let texts: Vec<String> = paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    for pass in passes() {
        let alone = format!("; passes: {}\n", pass.name());
        assert!(texts.iter().any(|text| text.starts_with(&alone)), "there is no case of {} alone", pass.name());
    }
    for (path, text) in paths.iter().zip(&texts) {
        let mut settings = insta::Settings::clone_current();
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(path.file_stem().unwrap().to_str().unwrap(), show(text)));
    }
}

fn bundled() -> impl Iterator<Item = (String, Compiled)> {
    workloads().iter().map(|workload| {
        let compiled = Compiled::new(&Source::text(&workload.file, workload.source())).unwrap();
        (workload.name.clone(), compiled)
    })
}

fn random() -> impl Iterator<Item = (String, Compiled)> {
    (0..300).filter_map(|seed| {
        let source = Source::text("random.zx", program(seed).to_program());
        Some((format!("random program {seed}"), Compiled::new(&source).ok()?))
    })
}

/// Optimizes, and verifies the program after every run of a pass that changed something.
fn verify_each_step(name: &str, code: &Verified<StackCode>, options: &Options) {
    let mut module: StackCode = (**code).clone();
    let mut verify = |pass: &str, function: usize, body: &Body, constants: &[Constant]| {
        module.constants = constants.to_vec();
        body.lower(&mut module.functions[function]);
        isa::verify::stack(module.clone()).unwrap_or_else(|error| panic!("{name} after {pass}: {error}"));
    };
    optimize_watched(code, options, &mut MachineMeaning::default(), &mut |pass, function, body, constants| {
        verify(pass.name(), function, body, constants);
    });
}

#[test]
fn every_step_verifies() {
    for (name, compiled) in bundled().chain(random()) {
        let code = compiled.stack_code().unwrap();
        verify_each_step(&name, code, &Options::of(Level::All));
        for pass in passes() {
            verify_each_step(&name, code, &sequence(&[pass.name()]));
        }
    }
}

#[test]
fn levels_end_before_their_bound() {
    let mut shorter = 0;
    for (name, compiled) in bundled().chain(random()) {
        let code = compiled.stack_code().unwrap();
        let (once, _) = optimize(code, &Options::of(Level::All), &mut MachineMeaning::default());
        let once = isa::verify::stack(once).unwrap();
        // At a fixed point nothing is left to do.
        let (twice, statistics) = optimize(&once, &Options::of(Level::All), &mut MachineMeaning::default());
        assert_eq!(statistics.before, statistics.after, "{name}");
        assert_eq!(*once, twice, "{name}");
        shorter += statistics.after;
    }
    assert!(shorter > 0);
}

#[test]
fn lowering_gives_back_what_was_not_edited() {
    let mut functions = 0;
    for (name, compiled) in bundled().chain(random()) {
        let code = compiled.stack_code().unwrap();
        for function in &code.functions {
            let body =
                Body::new(function).unwrap_or_else(|| panic!("{name}: the compiler makes code that can be edited"));
            let mut lowered = function.clone();
            body.lower(&mut lowered);
            assert_eq!(lowered.code, function.code, "{name}");
            for pc in 0..function.code.len() as u32 {
                assert_eq!(lowered.position(pc), function.position(pc), "{name}");
                let handler = |function: &isa::Function<Stack>| {
                    let found = function.handlers.iter().find(|handler| (handler.start..handler.end).contains(&pc));
                    found.map(|handler| (handler.target, handler.landing, handler.is_cleanup))
                };
                assert_eq!(handler(&lowered), handler(function), "{name}");
            }
            functions += 1;
        }
    }
    assert!(functions > 1000, "{functions}");
}
