//! Every engine gives the same answer: bundled programs, hand-made cases and random programs, on every executor and under several
//! configurations. What differs would be a wrong paper, so nothing here is approximate: output, value, kind of error, message, place
//! fuel and what became of the ledger are compared.

use std::path::{Path, PathBuf};

use engine::hybrid::Policy;
use engine::mechanism::{Mechanism, mechanisms};
use engine::random::{Checker, Summary, Verdict, program, shrink};
use engine::workloads::{Size, Workload, workloads};
use engine::{
    Capture, Compiled, Configuration, Dispatch, EngineError, Failure, JitMode, LedgerOutcome, Outcome, Returned,
    Source, axis, executors, find_executor,
};
use optimizer::pass::passes;
use runtime::heap::MemoryPolicy;
use runtime::{Collecting, RunOptions};

/// What a run shows to the outside.
#[derive(Clone, Debug, PartialEq)]
struct Shown {
    output: String,
    result: Result<Returned, Failure>,
    fuel_used: Option<u64>,
    /// Root of the state and events.
    ledger: Option<Box<LedgerOutcome>>,
}

/// Everything but the heap limit, which engines may reach at different points.
fn run(
    compiled: &Compiled,
    configuration: &Configuration,
    arguments: &[&str],
    collecting: Collecting,
) -> (Shown, Outcome) {
    let executor = find_executor(configuration.vm).unwrap();
    let prepared = executor.prepare(compiled, configuration).unwrap_or_else(|error| panic!("{configuration}: {error}"));
    let capture = Capture::new();
    let outcome = prepared.run(RunOptions {
        arguments: arguments.iter().map(ToString::to_string).collect(),
        output: capture.writer(),
        collecting,
        ..configuration.run_options()
    });
    let output = String::from_utf8(capture.take()).unwrap();
    let (result, ledger) = (outcome.result.clone(), outcome.ledger.clone());
    (Shown { output, result, fuel_used: outcome.fuel_used, ledger }, outcome)
}

/// The oracle first, then the machines with every dispatch technique: the stack machine plain and with superinstructions, the register machine
/// with plenty of registers and with few. Hybrid code by every policy, with plenty of registers under one technique and few under another.
fn configurations() -> Vec<Configuration> {
    let mut all = vec![Configuration::of("ast").unwrap()];
    let variants = [("stack", "superinstructions", &["off", "on"][..]), ("register", "registers", &["256", "16", "8"])];
    for (&dispatch, registers) in Dispatch::ALL.iter().zip([256, 9].into_iter().cycle()) {
        for &policy in Policy::ALL {
            let hybrid = Configuration::of("hybrid").unwrap();
            all.push(Configuration { dispatch, registers, policy, check: true, ..hybrid });
        }
        for (jit, threshold) in [(JitMode::Baseline, 1), (JitMode::Optimizing, 2), (JitMode::Tiered, 1)] {
            let thresholds = Configuration {
                jit_threshold: threshold,
                jit_second_threshold: 2,
                ..Configuration::of("jit").unwrap()
            };
            let mut configuration = Configuration { dispatch, jit, jit_background: false, ..thresholds };
            // All is compiled and entered, worth it or not.
            configuration.set("without", "selection").unwrap();
            all.push(configuration);
        }
        for (vm, axis, values) in variants {
            for value in values {
                let mut configuration = Configuration { dispatch, check: true, ..Configuration::of(vm).unwrap() };
                configuration.set(axis, value).unwrap();
                all.push(configuration);
            }
        }
    }
    all
}

/// Every allocator, from as few registers as there can be to plenty.
fn allocators() -> Vec<Configuration> {
    let mut all = Vec::new();
    for allocator in (axis("allocator").unwrap().choices)() {
        for registers in ["8", "10", "16", "256"] {
            let mut configuration = Configuration::of("register").unwrap();
            configuration.set("allocator", allocator.name).unwrap();
            configuration.set("registers", registers).unwrap();
            all.push(configuration);
        }
    }
    all
}

/// What has a mechanism, with each one left out and with all of them: the machines, the register machine at two register counts, and native code.
fn mechanisms_left_out() -> Vec<Configuration> {
    let mechanisms = mechanisms();
    let names = |of: fn(&Mechanism) -> bool| {
        let names: Vec<&str> =
            mechanisms.iter().filter(|mechanism| of(mechanism)).map(|mechanism| mechanism.name).collect();
        let all = names.join(",");
        names.into_iter().map(str::to_string).chain([all]).collect::<Vec<_>>()
    };
    let mut configurations = Vec::new();
    for without in names(|mechanism| mechanism.home != "native code") {
        for (vm, registers) in [("stack", "256"), ("hybrid", "256"), ("register", "8"), ("register", "256")] {
            let mut configuration = Configuration::of(vm).unwrap();
            configuration.set("without", &without).unwrap();
            configuration.set("registers", registers).unwrap();
            configurations.push(configuration);
        }
    }
    for without in names(|mechanism| mechanism.home == "native code") {
        let mut configuration = Configuration {
            jit: JitMode::Optimizing,
            jit_threshold: 2,
            jit_background: false,
            ..Configuration::of("jit").unwrap()
        };
        configuration.set("without", &without).unwrap();
        configurations.push(configuration);
    }
    configurations
}

/// The machines at every level, with each pass alone, and with each left out at the highest level; converted code is checked.
fn optimizers() -> Vec<Configuration> {
    let passes: Vec<&str> = passes().iter().map(|pass| pass.name()).collect();
    let settings = ["0", "1", "2", "3"].map(|level| vec![("opt", level)]).into_iter();
    let settings = settings.chain(passes.iter().map(|pass| vec![("passes", *pass)]));
    let settings = settings.chain(passes.iter().map(|pass| vec![("opt", "3"), ("no-pass", *pass)]));
    let mut all = Vec::new();
    for settings in settings {
        for vm in ["stack", "register"] {
            let mut configuration = Configuration { check: true, ..Configuration::of(vm).unwrap() };
            settings.iter().for_each(|(axis, value)| configuration.set(axis, value).unwrap());
            all.push(configuration);
        }
    }
    all
}

fn workload_source(workload: &Workload) -> Compiled {
    Compiled::new(&Source::text(&workload.file, workload.source()))
        .unwrap_or_else(|error| panic!("{}: {error}", workload.name))
}

/// What every executor shows must be what the oracle shows.
fn assert_agree(
    name: &str,
    compiled: &Compiled,
    arguments: &[&str],
    change: impl Fn(&mut Configuration),
    collecting: Collecting,
) -> Shown {
    let mut expected: Option<Shown> = None;
    for mut configuration in configurations() {
        change(&mut configuration);
        let (shown, _) = run(compiled, &configuration, arguments, collecting);
        match &expected {
            Some(expected) => assert_eq!(&shown, expected, "{name} on {configuration}"),
            None => expected = Some(shown),
        }
    }
    expected.unwrap()
}

#[test]
fn every_executor_is_compared() {
    let compared: Vec<&str> = configurations().iter().map(|configuration| configuration.vm).collect();
    for executor in executors() {
        assert!(
            executor.name() == "auto" || compared.contains(&executor.name()),
            "{} is compared with nothing",
            executor.name()
        );
    }
}

#[test]
fn bundled_programs() {
    for workload in workloads() {
        let compiled = workload_source(workload);
        let shown = assert_agree(&workload.name, &compiled, &[&workload.small], |_| {}, Collecting::WhenDue);
        assert_eq!(shown.output, workload.expected(Size::Small), "{}", workload.name);
        assert!(shown.result.is_ok(), "{}: {:?}", workload.name, shown.result);
    }
}

#[test]
fn bundled_programs_with_every_allocator_and_pass_and_without_each_mechanism() {
    for workload in workloads() {
        let compiled = workload_source(workload);
        for configuration in allocators().into_iter().chain(mechanisms_left_out()).chain(optimizers()) {
            let (shown, _) = run(&compiled, &configuration, &[&workload.small], Collecting::WhenDue);
            assert_eq!(shown.output, workload.expected(Size::Small), "{} on {configuration}", workload.name);
            assert!(shown.result.is_ok(), "{} on {configuration}: {:?}", workload.name, shown.result);
        }
    }
}

#[test]
fn bundled_programs_whatever_becomes_of_what_is_not_reachable() {
    let mut native = Configuration { jit_threshold: 1, jit_background: false, ..Configuration::of("jit").unwrap() };
    native.set("without", "selection").unwrap();
    let engines = ["ast", "stack", "register", "hybrid"].map(|vm| Configuration::of(vm).unwrap());
    for workload in workloads() {
        let compiled = workload_source(workload);
        for &memory in MemoryPolicy::ALL {
            for configuration in engines.iter().chain([&native]) {
                let configuration = Configuration { memory, ..configuration.clone() };
                let (shown, _) = run(&compiled, &configuration, &[&workload.small], Collecting::WhenDue);
                assert_eq!(shown.output, workload.expected(Size::Small), "{} on {configuration}", workload.name);
                assert!(shown.result.is_ok(), "{} on {configuration}: {:?}", workload.name, shown.result);
            }
        }
    }
}

#[test]
fn bundled_programs_when_every_safepoint_collects() {
    // Kernels only: a collection at each safepoint makes a run some hundred times slower.
    for workload in
        workloads().iter().filter(|workload| ["fib", "closure", "exceptions", "roman"].contains(&&*workload.name))
    {
        let compiled = workload_source(workload);
        let shown = assert_agree(&workload.name, &compiled, &["3"], |_| {}, Collecting::Always);
        assert!(shown.result.is_ok(), "{}: {:?}", workload.name, shown.result);
    }
}

#[test]
fn bundled_programs_when_collected_in_steps() {
    for workload in workloads() {
        let compiled = workload_source(workload);
        let shown = assert_agree(&workload.name, &compiled, &[&workload.small], |_| {}, Collecting::InSteps);
        assert!(shown.result.is_ok(), "{}: {:?}", workload.name, shown.result);
    }
}

#[test]
fn fuel_runs_out_at_the_same_point() {
    for workload in workloads() {
        let compiled = workload_source(workload);
        let all = assert_agree(
            &workload.name,
            &compiled,
            &[&workload.small],
            |c| c.limits.fuel = Some(1 << 40),
            Collecting::WhenDue,
        );
        let used = all.fuel_used.unwrap();
        for part in [used / 3, used.saturating_sub(1)] {
            let shown = assert_agree(
                &workload.name,
                &compiled,
                &[&workload.small],
                |c| c.limits.fuel = Some(part),
                Collecting::WhenDue,
            );
            let failure = shown.result.expect_err("too little fuel");
            assert_eq!(failure.message, "Out of fuel", "{}", workload.name);
        }
    }
}

#[test]
fn depth_runs_out_at_the_same_point() {
    for workload in workloads() {
        let compiled = workload_source(workload);
        for depth in [1, 3, 7] {
            // A program that waits for what no task can do any more waits for ever.
            let bounded = |c: &mut Configuration| {
                c.limits.max_depth = depth;
                c.limits.fuel = Some(1 << 20);
            };
            assert_agree(&workload.name, &compiled, &[&workload.small], bounded, Collecting::WhenDue);
        }
    }
}

#[test]
fn heap_limits_end_every_engine() {
    let program = "let all = []\nlet i = 0\nwhile true {\n    all.push(\"item \" + i)\n    i += 1\n}\n";
    let compiled = Compiled::new(&Source::text("hoard.zx", program)).unwrap();
    for mut configuration in configurations() {
        configuration.set("max-heap", "2M").unwrap();
        let (shown, outcome) = run(&compiled, &configuration, &[], Collecting::WhenDue);
        let failure = shown.result.expect_err("the heap is finite");
        assert_eq!(failure.kind.name(), "heap", "{configuration}");
        let (line, _) = failure.place(compiled.sources()).unwrap();
        assert_eq!(line, 4, "{configuration}");
        assert!(outcome.heap.peak_bytes <= 2 << 20, "{configuration}: {} bytes", outcome.heap.peak_bytes);
    }
}

#[test]
fn garbage_does_not_count_against_the_heap_limit() {
    let program = "let i = 0\nwhile i < 20000 {\n    let waste = [i, \"garbage \" + i]\n    i += 1\n}\nprint(i)\n";
    let compiled = Compiled::new(&Source::text("waste.zx", program)).unwrap();
    for mut configuration in configurations() {
        configuration.set("max-heap", "1M").unwrap();
        let (shown, _) = run(&compiled, &configuration, &[], Collecting::WhenDue);
        assert_eq!(shown.output, "20000\n", "{configuration}");
    }
}

/// What is kept in the ledger counts against the heap limit, wherever an engine has its own values: the limit is reached at the same write.
#[test]
fn the_heap_limit_bounds_the_ledger_at_the_same_write() {
    let program = r#"
contract Hoard {
    state m = {}
    state l = []
    state n = 0
    action add(k) { m[k] = "item " + k n += 1 emit Added(k) }
    action grow() { l = "x" * 300000 n += 1 }
    action clear() { m.clear() l = null }
}
let h = Hoard()
let i = 0
try { while true { h.add("key " + i) i += 1 } } catch (e) { print(e, i, h.n, len(h.m)) }
h.clear()
h.add("again")
let rounds = 0
while rounds < 50 { try { tx { h.grow() throw "undo" } } catch (e) { } h.grow() h.clear() rounds += 1 }
print(h.n, h.m)
try { tx { state_write("s", "y" * 600000) } } catch (e) { print(e) }
print(state_read("s"))
try { while true { ledger_append("entry") } } catch (e) { print(e) }
while true { emit Endless("x") }
"#;
    let compiled = Compiled::new(&Source::text("hoard.zx", program)).unwrap();
    let mut expected: Option<Shown> = None;
    for mut configuration in configurations() {
        configuration.set("max-heap", "600K").unwrap();
        let (shown, _) = run(&compiled, &configuration, &[], Collecting::WhenDue);
        let failure = shown.result.as_ref().expect_err("the ledger is finite");
        assert_eq!(failure.kind.name(), "ledger", "{configuration}: {}", failure.message);
        let expected = expected.get_or_insert_with(|| shown.clone());
        assert_eq!(&shown, expected, "{configuration}");
    }
    let output = expected.unwrap().output;
    assert_eq!(output.matches("The program keeps more than").count(), 3, "{output}");
}

/// An error that cannot be caught ends the program in the middle of transactions: they are undone.
#[test]
fn transactions_are_undone_when_fuel_runs_out() {
    let program = r#"
contract C {
    state n = 0
    action count() { n += 1 emit Counted(n) return n }
    action endless() { n = 100 while true { n += 1 tx { state_write("n", n) } } }
}
let c = C()
let i = 0
while i < 3 { c.count() i += 1 }
try { tx { c.count() c.endless() } } finally { c.count() }
"#;
    let compiled = Compiled::new(&Source::text("endless.zx", program)).unwrap();
    let done = |fuel| assert_agree("endless", &compiled, &[], |c| c.limits.fuel = Some(fuel), Collecting::WhenDue);
    let outcome = done(60);
    assert_eq!(outcome.result.expect_err("there is little fuel").message, "Out of fuel");
    let ledger = outcome.ledger.unwrap();
    assert_eq!(ledger.events.len(), 3);
    let kept = "contract C {\n state n = 0\n action count() { n += 1 emit Counted(n) return n }\n }\nlet c = C()\nc.count() c.count() c.count()\n";
    let kept = Compiled::new(&Source::text("kept.zx", kept)).unwrap();
    let kept = assert_agree("kept", &kept, &[], |_| {}, Collecting::WhenDue).ledger.unwrap();
    assert_eq!(ledger, kept);
    for fuel in 0..40 {
        done(fuel);
    }
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut cases: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "zx"))
        .collect();
    cases.sort();
    cases
}

/// The outcome of a case as its `.out` file has it: what it prints, then for a program that fails a line that says where and why.
fn case_text(source: &Source, configuration: &Configuration, collecting: Collecting) -> String {
    let compiled = match Compiled::new(source) {
        Ok(compiled) => compiled,
        Err(EngineError::Diagnostics(files)) => {
            let lines: Vec<usize> = files
                .iter()
                .flat_map(|file| {
                    file.diagnostics.iter().map(|d| lang::diagnostics::line_and_column(&file.text, d.span.start).0)
                })
                .collect();
            return format!("! does not compile, line {}\n", lines[0]);
        }
        Err(error) => panic!("{}: {error}", source.name()),
    };
    let (shown, _) = run(&compiled, configuration, &[], collecting);
    let mut text = shown.output;
    if let Err(failure) = shown.result {
        let line = failure.place(compiled.sources()).map_or(0, |(line, _)| line);
        text.push_str(&format!("! line {line}: {}\n", failure.message));
    }
    text
}

#[test]
fn cases_give_what_the_language_page_says() {
    let cases = cases();
    assert!(cases.len() >= 130, "{} cases", cases.len());
    let mut failures = Vec::new();
    for path in cases {
        let expected = std::fs::read_to_string(path.with_extension("out")).unwrap();
        let source = Source::file(&path).unwrap();
        for configuration in configurations().into_iter().chain(allocators()) {
            for collecting in [Collecting::WhenDue, Collecting::Always, Collecting::InSteps] {
                if collecting != Collecting::WhenDue && configuration.allocator != Configuration::default().allocator {
                    continue;
                }
                // Deep recursion and thousands of tasks with a collection at each call take minutes.
                let is_long = ["strings_built_in_loops.zx", "tasks_at_once.zx"].iter().any(|name| path.ends_with(name));
                if collecting == Collecting::Always && (is_long || expected.contains("recursion")) {
                    continue;
                }
                let text = case_text(&source, &configuration, collecting);
                // A case may leave open which line a program is refused for.
                let matches = text == expected
                    || expected.trim_end() == "! does not compile" && text.starts_with("! does not compile");
                if !matches {
                    let name = path.file_stem().unwrap().to_string_lossy().into_owned();
                    failures.push(format!(
                        "=== {name} on {configuration}, collecting {collecting:?}\n--- expected\n{expected}--- shown\n{text}"
                    ));
                    break;
                }
            }
        }
    }
    assert!(failures.is_empty(), "{} differ\n{}", failures.len(), failures.join("\n"));
}

/// Random programs in a test run; `harness fuzz` runs more.
const RANDOM_PROGRAMS: u64 = 2000;

#[test]
fn random_programs() {
    let checker = Checker::new();
    let mut summary = Summary::default();
    for seed in 0..RANDOM_PROGRAMS {
        let verdict = checker.check_seed(seed);
        summary.count(&verdict);
        match verdict {
            Verdict::Disagree(_) => {
                let disagrees = |text: &str| matches!(checker.check(text, seed), Verdict::Disagree(_));
                let small = shrink(program(seed), 5000, |candidate| disagrees(&candidate.to_program()));
                match checker.check(&small.to_program(), seed) {
                    Verdict::Disagree(disagreement) => panic!("seed {seed}: engines disagree\n{disagreement}"),
                    _ => unreachable!("shrinking keeps the disagreement"),
                }
            }
            Verdict::Invalid(reason) => panic!("seed {seed}: the generator makes programs that compile\n{reason}"),
            Verdict::Agree(_) | Verdict::Inconclusive => {}
        }
    }
    // A generator whose programs all fail at once, or are all alike, tests nothing.
    assert!(summary.values > RANDOM_PROGRAMS * 2 / 5, "{summary:?}");
    assert!(summary.inconclusive < RANDOM_PROGRAMS / 20, "{summary:?}");
    assert!(summary.errors.len() >= 6, "{summary:?}");
}
