//! How many machine instructions does each machine take for each kernel, and each part of the front and back end for all programs? And
//! what does it cost that a run can be watched: a run of `fib` by the loop that can be, unwatched and with its instructions counted?
//!
//! Counts come from callgrind, which runs the code on a processor of its own: they are the same every time up to a few in a million, so a
//! change of one in a hundred is a change of the code. They are no times: all instructions count alike, caches and branches are
//! not looked at. They mean something for release builds only, and differ between versions of the compiler.
//!
//! | | |
//! | --- | --- |
//! | `cargo bench -p benches --bench callgrind` | all counts, compared with those of the last time; by gungraun, which needs its runner |
//! | `harness check --baseline callgrind` | all counts, compared with those in `results/callgrind/` |
//! | `… -- --test` | everything once, without callgrind |
//! | `… -- --list`, `… -- --measure NAME` | what the check asks of this program: the names, and one run of one of them |

use std::hint::black_box;
use std::process::{Command, Stdio};

use benches::bundled;
use bumpalo::Bump;
use converter::Options;
use engine::workloads::{programs, workload};
use engine::{Compiled, Configuration, Dispatch, Prepared, Source, find_executor};
use lang::NoLoader;
use runtime::RunOptions;

/// Version of gungraun's runner: that of the library.
const RUNNER: &str = "0.20.0";

/// The kernels with their arguments: some millions of machine instructions each.
const KERNELS: [(&str, &str); 10] = [
    ("fib", "20"),
    ("arith", "40000"),
    ("matmul", "24"),
    ("sieve", "20000"),
    ("mandelbrot", "24"),
    ("nbody", "400"),
    ("spectral", "24"),
    ("strings", "1500"),
    ("map", "8000"),
    ("closure", "20000"),
];

const MACHINES: [&str; 2] = ["stack", "register"];

/// Something to be counted. What it needs is there already.
type Work = Box<dyn FnMut()>;

/// The name of some work, and how to get ready for it.
type Part = (&'static str, fn() -> Work);

/// What is counted besides the kernels.
const PARTS: [Part; 9] = [
    ("watching/stack-off", || watched("stack", false)),
    ("watching/stack-on", || watched("stack", true)),
    ("watching/register-off", || watched("register", false)),
    ("watching/register-on", || watched("register", true)),
    ("front-end/resolve", || on_sources(analyze)),
    ("front-end/compile", || on_sources(|text| drop(black_box(compile(text))))),
    ("front-end/verify", || {
        let codes: Vec<isa::StackCode> = programs().map(|workload| compile(workload.source())).collect();
        let mut codes = codes.into_iter();
        Box::new(move || codes.by_ref().for_each(|code| drop(black_box(isa::verify::stack(code)))))
    }),
    ("converter/256-registers", || convert(256)),
    ("converter/8-registers", || convert(8)),
];

fn names() -> Vec<String> {
    let kernel = |machine: &str| KERNELS.map(|(kernel, _)| format!("{machine}/{kernel}"));
    let kernels = MACHINES.iter().flat_map(|machine| kernel(machine));
    kernels.chain(PARTS.iter().map(|(name, _)| name.to_string())).collect()
}

/// Gets ready for the work of this name.
fn prepare(name: &str) -> Work {
    if let Some((_, prepare)) = PARTS.iter().find(|(known, _)| *known == name) {
        return prepare();
    }
    let known = name.split_once('/').and_then(|(machine, kernel)| {
        Some((MACHINES.iter().find(|known| **known == machine)?, KERNELS.iter().find(|(known, _)| *known == kernel)?))
    });
    let Some((machine, (kernel, argument))) = known else { panic!("there is no bench '{name}'") };
    run(machine, kernel, argument)
}

/// Runs a kernel on a machine in its default configuration.
fn run(machine: &str, kernel: &str, argument: &'static str) -> Work {
    let prepared = ready(kernel, &Configuration::of(machine).expect("the executor exists"));
    Box::new(move || {
        let outcome = prepared.run(arguments(argument));
        assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    })
}

/// Runs a kernel by the loop that can be watched: with a probe that counts instructions, or with none.
fn watched(machine: &str, is_watched: bool) -> Work {
    let configuration = Configuration::of(machine).expect("the executor exists");
    let prepared = ready("fib", &Configuration { dispatch: Dispatch::Match, ..configuration });
    Box::new(move || {
        let outcome = if is_watched { prepared.count(arguments("18")) } else { prepared.run(arguments("18")) };
        assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    })
}

fn arguments(argument: &str) -> RunOptions {
    RunOptions { arguments: vec![argument.to_string()], ..RunOptions::default() }
}

/// A kernel ready to be run in a configuration.
fn ready(kernel: &str, configuration: &Configuration) -> Box<dyn Prepared> {
    let workload = workload(kernel).expect("the kernel is bundled");
    let compiled = Compiled::new(&Source::text(&workload.file, workload.source())).expect("bundled programs compile");
    // What is prepared borrows it, and the process ends soon.
    let compiled: &'static Compiled = Box::leak(Box::new(compiled));
    let executor = find_executor(configuration.vm).expect("the executor exists");
    executor.prepare(compiled, configuration).expect("kernels run on the machines")
}

fn on_sources(work: fn(&str)) -> Work {
    let sources: Vec<&str> = programs().map(|workload| workload.source()).collect();
    Box::new(move || sources.iter().for_each(|source| work(source)))
}

fn analyze(text: &str) {
    let arena = Bump::new();
    black_box(lang::analyze(&arena, "bench.zx", text.as_bytes(), &NoLoader).expect("bundled programs compile"));
}

fn compile(text: &str) -> isa::StackCode {
    let arena = Bump::new();
    let analysis = lang::analyze(&arena, "bench.zx", text.as_bytes(), &NoLoader).expect("bundled programs compile");
    lang::compile(&analysis).expect("bundled programs compile")
}

/// Converts and verifies.
fn convert(registers: u16) -> Work {
    let programs = bundled();
    let options = Options { registers, ..Options::default() };
    Box::new(move || {
        for program in &programs {
            let code = program.stack_code().expect("compiled from text");
            drop(black_box(converter::convert(code, options).expect("bundled programs convert")));
        }
    })
}

/// What is counted: `harness check` has callgrind collect inside this function only.
#[inline(never)]
fn measured(work: &mut Work) {
    black_box(work)();
}

/// The same work as gungraun benches.
mod counted {
    use gungraun::{library_benchmark, library_benchmark_group, main};

    use super::{Work, prepare};

    #[library_benchmark(setup = prepare)]
    #[bench::fib("stack/fib")]
    #[bench::arith("stack/arith")]
    #[bench::matmul("stack/matmul")]
    #[bench::sieve("stack/sieve")]
    #[bench::mandelbrot("stack/mandelbrot")]
    #[bench::nbody("stack/nbody")]
    #[bench::spectral("stack/spectral")]
    #[bench::strings("stack/strings")]
    #[bench::map("stack/map")]
    #[bench::closure("stack/closure")]
    fn stack(mut work: Work) {
        crate::measured(&mut work);
    }

    #[library_benchmark(setup = prepare)]
    #[bench::fib("register/fib")]
    #[bench::arith("register/arith")]
    #[bench::matmul("register/matmul")]
    #[bench::sieve("register/sieve")]
    #[bench::mandelbrot("register/mandelbrot")]
    #[bench::nbody("register/nbody")]
    #[bench::spectral("register/spectral")]
    #[bench::strings("register/strings")]
    #[bench::map("register/map")]
    #[bench::closure("register/closure")]
    fn register(mut work: Work) {
        crate::measured(&mut work);
    }

    #[library_benchmark(setup = prepare)]
    #[bench::resolve("front-end/resolve")]
    #[bench::compile("front-end/compile")]
    #[bench::verify("front-end/verify")]
    fn front_end(mut work: Work) {
        crate::measured(&mut work);
    }

    #[library_benchmark(setup = prepare)]
    #[bench::many_registers("converter/256-registers")]
    #[bench::few_registers("converter/8-registers")]
    fn converter(mut work: Work) {
        crate::measured(&mut work);
    }

    #[library_benchmark(setup = prepare)]
    #[bench::stack_off("watching/stack-off")]
    #[bench::stack_on("watching/stack-on")]
    #[bench::register_off("watching/register-off")]
    #[bench::register_on("watching/register-on")]
    fn watching(mut work: Work) {
        crate::measured(&mut work);
    }

    library_benchmark_group!(name = machines; benchmarks = stack, register, watching);
    library_benchmark_group!(name = parts; benchmarks = front_end, converter);
    main!(library_benchmark_groups = machines, parts);

    /// Hands over to gungraun: either it is to start the runner, or the runner has started it.
    pub(super) fn start() {
        main();
    }
}

/// Whether a program can be started.
fn exists(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// What keeps gungraun from counting here, if anything does.
fn obstacle() -> Option<String> {
    if !exists("valgrind") {
        return Some("valgrind is not installed; `apt-get install valgrind` or the like installs it".to_string());
    }
    // Where gungraun looks for it.
    let runner = option_env!("GUNGRAUN_RUNNER").unwrap_or("gungraun-runner");
    (!exists(runner)).then(|| {
        format!("{runner} is not installed; this installs it: cargo install --locked gungraun-runner@{RUNNER}")
    })
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_given = |option: &str| arguments.iter().any(|argument| argument == option);
    if is_given("--list") {
        println!("{}", names().join("\n"));
    } else if let Some(at) = arguments.iter().position(|argument| argument == "--measure") {
        let mut work = prepare(arguments.get(at + 1).map_or("", String::as_str));
        measured(&mut work);
    } else if is_given("--test") {
        for name in names() {
            measured(&mut prepare(&name));
            println!("{name}: runs");
        }
    } else if let Some(obstacle) = obstacle() {
        // No failure: `cargo bench` runs all benches on a machine that has nothing but Rust.
        eprintln!("nothing is counted: {obstacle}");
        eprintln!("`harness check --baseline callgrind` needs valgrind only");
    } else {
        counted::start();
    }
}
