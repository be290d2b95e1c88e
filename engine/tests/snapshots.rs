//! Source, stack code, register code and allocation of small programs, side by side.
//!
//! A case is a file in `snapshot_cases/`; its snapshot lies in `snapshots/`. `#: registers=8 allocator=graph` in its first line sets these axes
//! for the conversion; `opt=2` shows optimized code, which is not optimized otherwise; with `vm=hybrid` among them hybrid code is made of it, in which a second bar marks islands of stack code. A change of the compiler or the converter shows here as what it is: fewer instructions, or other ones. After having
//! looked, `INSTA_UPDATE=always cargo test -p engine --test snapshots` accepts it.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::ops::Range;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use converter::allocate::Location;
use converter::live::LiveRange;
use converter::{Hybrid, RegisterAllocator};
use engine::{Capture, Compiled, Configuration, EngineError, Optimized, Source, find_executor};
use isa::{Function, Module, RegCode, Register, RegisterInstruction, RegisterOp, Stack, StackCode, StackOp, Verified};
use runtime::RunOptions;

/// A program and what it was converted to.
struct Case {
    name: String,
    text: String,
    configuration: Configuration,
    compiled: Compiled,
    optimized: Arc<Optimized>,
}

fn paths() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshot_cases");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "zx"));
    paths.sort();
    paths
}

impl Case {
    fn new(path: &Path) -> Self {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(path).unwrap();
        let mut configuration = Configuration { check: true, ..Configuration::of("register").unwrap() };
        configuration.set("opt", "0").unwrap();
        let settings = text.lines().next().and_then(|line| line.strip_prefix("#: ")).unwrap_or_default();
        for setting in settings.split_whitespace() {
            let (axis, value) = setting.split_once('=').unwrap();
            configuration.set(axis, value).unwrap();
        }
        let compiled = Compiled::new(&Source::text(format!("{name}.zx"), text.clone()))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let optimized = compiled.optimized(&configuration).unwrap().expect("compiled from text");
        Self { name, text, configuration, compiled, optimized }
    }

    fn stack(&self) -> &Verified<StackCode> {
        &self.optimized.code
    }

    /// The converted code, and the islands of stack code in each function.
    fn converted(&self) -> Hybrid {
        let converted = if self.is_hybrid() {
            engine::hybrid::convert(self.stack(), &self.configuration).map(|(hybrid, _)| hybrid)
        } else {
            let converted = converter::convert(self.stack(), self.configuration.converter_options());
            let without_islands =
                |code: Verified<RegCode>| Hybrid { islands: vec![Vec::new(); code.functions.len()], code };
            converted.map(|(code, _)| without_islands(code)).map_err(EngineError::from)
        };
        converted.unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    fn is_hybrid(&self) -> bool {
        self.configuration.vm == "hybrid"
    }

    /// What it prints, on every machine, with the axes of the case.
    fn output(&self) -> String {
        let mut outputs = ["ast", "stack", "register", "hybrid"].map(|vm| {
            let configuration = Configuration { vm, ..self.configuration.clone() };
            let prepared = find_executor(vm).unwrap().prepare(&self.compiled, &configuration).unwrap();
            let capture = Capture::new();
            let outcome = prepared.run(RunOptions { output: capture.writer(), ..RunOptions::default() });
            let mut output = String::from_utf8(capture.take()).unwrap();
            if let Err(failure) = outcome.result {
                let _ = writeln!(output, "! {}", failure.message);
            }
            output
        });
        for other in &outputs[1..] {
            assert_eq!(&outputs[0], other, "{}", self.name);
        }
        std::mem::take(&mut outputs[0])
    }

    fn show(&self) -> String {
        let stack = self.stack();
        let converted = self.converted();
        let mut out = format!("{}\n", self.text.trim_end());
        for index in 0..stack.functions.len() {
            let source = stack.functions[index].source as usize;
            if *stack.sources[source].name == *self.compiled.name() {
                self.show_function(&mut out, stack, &converted, index as u32);
            }
        }
        let output = self.output();
        if !output.is_empty() {
            let _ = write!(
                out,
                "\nprints\n{}",
                output.trim_end().lines().map(|line| format!("  {line}\n")).collect::<String>()
            );
        }
        out
    }

    fn show_function(&self, out: &mut String, stack: &StackCode, converted: &Hybrid, index: u32) {
        let before: &Function<Stack> = &stack.functions[index as usize];
        let after: &Function<Register> = &converted.code.functions[index as usize];
        let names = |function: &Function<Stack>, range: std::ops::Range<usize>| {
            let names = function.local_names[range].iter().map(|&name| stack.name(name));
            names.map(|name| if name.is_empty() { "_" } else { name }.to_string()).collect::<Vec<_>>().join(" ")
        };
        let parameters = usize::from(before.parameters);
        let _ = write!(out, "\n{}({})", stack.name(before.name), names(before, 0..parameters));
        let locals = names(before, parameters..before.locals as usize);
        let _ = writeln!(out, "{}{locals}", if locals.is_empty() { "" } else { " " });
        let islands = &converted.islands[index as usize];
        side_by_side(out, &lines(stack, index), &mark(lines(&*converted.code, index), &after.code, islands));
        let count = |operation| after.code.iter().filter(|instruction| instruction.op() == operation).count();
        let _ = write!(
            out,
            "  {} → {} instructions, {} moves, {} registers",
            before.code.len(),
            after.code.len(),
            count(RegisterOp::MovReg),
            after.locals - after.spills
        );
        if after.spills > 0 {
            let (stores, loads) = (count(RegisterOp::StoreSpill), count(RegisterOp::LoadSpill));
            let _ = write!(out, ", {} spilled ({stores} stores, {loads} loads)", after.spills);
        }
        let allocation = if self.is_hybrid() { "hybrid code".to_string() } else { self.allocation(stack, before) };
        let _ = writeln!(out, "\n  {allocation}");
    }

    /// Where values live: for each register and spill slot the instructions, by number before emission, from and to which it holds one.
    fn allocation(&self, stack: &StackCode, function: &Function<Stack>) -> String {
        let options = self.configuration.converter_options();
        let mut lifted = converter::lift::lift(stack, function, options.without);
        converter::cleanup::clean_up(&mut lifted, &stack.constants, options.without);
        let ranges = converter::live::live_ranges(&lifted);
        let allocation = options.allocator.allocate(&mut lifted, &ranges, options.registers);
        // The allocator may have split ranges.
        let ranges = converter::live::live_ranges(&lifted);
        let mut places: Vec<(String, Vec<LiveRange>)> = Vec::new();
        let mut located: Vec<(bool, u32, LiveRange)> = Vec::new();
        for &range in &ranges.ranges {
            match allocation.locations[range.register as usize] {
                Location::Register(register) => located.push((false, u32::from(register), range)),
                Location::Slot(slot) => located.push((true, slot, range)),
                Location::Nowhere => {}
            }
        }
        located.sort_by_key(|&(is_slot, number, range)| (is_slot, number, range.start));
        for (is_slot, number, range) in located {
            let place = format!("{}{number}", if is_slot { 's' } else { 'r' });
            match places.last_mut() {
                Some((last, ranges)) if *last == place => ranges.push(range),
                _ => places.push((place, vec![range])),
            }
        }
        // Points count reads and writes apart and begin with the parameters.
        let shown = |range: &LiveRange| format!("{}–{}", range.start / 2, range.end / 2);
        let places: Vec<String> = places
            .into_iter()
            .map(|(place, ranges)| format!("{place} {}", ranges.iter().map(shown).collect::<Vec<_>>().join(" ")))
            .collect();
        if places.is_empty() { "nothing allocated".to_string() } else { places.join(", ") }
    }
}

/// The instructions and handlers of a function as people read them.
fn lines<F: isa::text::TextForm>(module: &Module<F>, function: u32) -> Vec<String> {
    isa::text::listing(module, function, false).lines().skip(1).map(|line| line[2..].to_string()).collect()
}

/// Writes the stack operation beside each instruction of an island, or `…` where that belongs to the one before.
fn mark(mut lines: Vec<String>, code: &[RegisterInstruction], islands: &[Range<u32>]) -> Vec<String> {
    for (pc, (line, instruction)) in (0..).zip(lines.iter_mut().zip(code)) {
        if islands.iter().any(|island| island.contains(&pc)) {
            let operation = Hybrid::stack_operation(instruction.op()).map_or("…", |op| op.facts().mnemonic);
            *line = format!("{line:<36} │ {operation}");
        }
    }
    lines
}

fn side_by_side(out: &mut String, left: &[String], right: &[String]) {
    let width = left.iter().map(|line| line.chars().count()).max().unwrap_or(0).clamp(30, 60);
    for row in 0..left.len().max(right.len()) {
        let left = left.get(row).map_or("", String::as_str);
        let right = right.get(row).map_or("", String::as_str);
        let _ = writeln!(out, "{}", format!("  {left:<width$}  │ {right}").trim_end());
    }
}

#[test]
fn converted_code() {
    let mut failed = Vec::new();
    for path in paths() {
        // One that differs must not keep the others from being looked at.
        let outcome = catch_unwind(|| {
            let case = Case::new(&path);
            let mut settings = insta::Settings::clone_current();
            settings.set_prepend_module_to_snapshot(false);
            settings.set_omit_expression(true);
            settings.bind(|| insta::assert_snapshot!(case.name.as_str(), case.show()));
        });
        if outcome.is_err() {
            failed.push(path.file_stem().unwrap().to_string_lossy().into_owned());
        }
    }
    assert!(failed.is_empty(), "{} cases: {}", failed.len(), failed.join(", "));
}

/// Operations that the compiler does not emit.
const NOT_COMPILED: [StackOp; 3] = [
    // For code made by hand, and for passes that leave nothing where something was.
    StackOp::Nop,
    // The language has no syntax for them.
    StackOp::BuildSet,
    StackOp::Unset,
];

/// Operations that the converter does not emit, whatever the stack code, or only in code that is too long to be looked at.
const NOT_CONVERTED: [RegisterOp; 1] = [RegisterOp::BuildSetReg];

#[test]
fn every_operation_occurs_in_some_case() {
    let mut stack: BTreeSet<u16> = BTreeSet::new();
    let mut register: BTreeSet<u16> = BTreeSet::new();
    for path in paths() {
        let case = Case::new(&path);
        let code = case.stack().functions.iter().flat_map(|function| &function.code);
        stack.extend(code.map(|instruction| instruction.op().facts().number));
        let converted = case.converted().code;
        let code = converted.functions.iter().flat_map(|function| &function.code);
        register.extend(code.map(|instruction| instruction.op().facts().number));
    }
    let missing = |occurs: bool, is_exempt: bool, mnemonic: &str| match (occurs, is_exempt) {
        (false, false) => Some(format!("{mnemonic} occurs in no case")),
        (true, true) => Some(format!("{mnemonic} occurs after all")),
        _ => None,
    };
    let mut problems = Vec::new();
    for op in StackOp::ALL {
        let facts = op.facts();
        problems.extend(missing(stack.contains(&facts.number), NOT_COMPILED.contains(op), facts.mnemonic));
    }
    for op in RegisterOp::ALL {
        let facts = op.facts();
        problems.extend(missing(register.contains(&facts.number), NOT_CONVERTED.contains(op), facts.mnemonic));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn snapshots_have_cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    let cases: BTreeSet<String> =
        paths().iter().map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "snap") {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            assert!(cases.contains(&name), "snapshots/{name}.snap has no case");
        }
    }
    assert!(cases.len() >= 70, "{} cases", cases.len());
}
