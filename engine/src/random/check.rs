//! Runs one program everywhere and compares what can be observed.
//!
//! The evaluator is the reference. The stack machine, the register machine at two register counts, one of them with any allocator and
//! without any subset of the mechanisms, and hybrid code must show the same, each on code that is
//! optimized to some level, by some single pass or by a random sequence of passes: the bytes printed, the value or the error with its whole trace, and the fuel used. Every conversion must pass the converter's checker. Every other program is metered, with a limit or without, and the gas is compared. One program in sixteen gets only little fuel, so that it ends
//! in the middle; another one in sixteen collects at every safepoint, so that a forgotten root is found.
//!
//! Heap use is not compared: which values are still reachable at some point differs between engines. So programs are given more heap
//! than they need, and one that comes near the limit all the same proves nothing either way.

use std::panic::{AssertUnwindSafe, catch_unwind};

use converter::AllocatorKind;
use optimizer::Level;
use optimizer::pass::passes;
use runtime::{Collecting, ErrorKind, Limits, RunOptions};

use super::numbers::Random;
use crate::compiled::{Compiled, Source};
use crate::configuration::Configuration;
use crate::dispatch::Dispatch;
use crate::error::EngineError;
use crate::executor::find_executor;
use crate::hybrid::Policy;
use crate::mechanism::{Mechanism, Without, mechanisms};
use crate::outcome::{Capture, Failure, LedgerOutcome, Outcome, Returned};
use crate::tiers::JitMode;

/// Name of random programs in messages.
const NAME: &str = "random.zx";
const MAX_HEAP: usize = 4 << 20;
const MAX_DEPTH: usize = 120;
const FUEL: u64 = 400;

/// What a run shows to the outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// Its value or error.
    pub result: Result<Returned, Failure>,
    /// What it printed.
    pub output: Vec<u8>,
    /// Fuel it used.
    pub fuel_used: Option<u64>,
    /// Gas it used.
    pub gas_used: Option<u64>,
    /// What became of the ledger.
    pub ledger: Option<Box<LedgerOutcome>>,
}

impl Observation {
    /// The kind of the error that ended the run.
    fn failed_with(&self) -> Option<ErrorKind> {
        self.result.as_ref().err().map(|failure| failure.kind)
    }
}

/// Two runs of one program that differ.
#[derive(Clone, Debug)]
pub struct Disagreement {
    /// The program.
    pub program: String,
    /// How the reference ran, and what it showed.
    pub reference: (String, Result<Observation, String>),
    /// The same of the run that differs.
    pub other: (String, Result<Observation, String>),
}

/// What a check found out.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// All runs show this.
    Agree(Observation),
    /// The program came too near the heap limit to prove anything.
    Inconclusive,
    /// The program does not compile; the generator never makes such programs, shrinking does.
    Invalid(String),
    /// The runs differ.
    Disagree(Box<Disagreement>),
}

impl std::fmt::Display for Disagreement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}", self.program)?;
        for (configuration, observation) in [&self.reference, &self.other] {
            writeln!(f, "--- {configuration}")?;
            match observation {
                Err(reason) => writeln!(f, "{reason}")?,
                Ok(observation) => {
                    f.write_str(&String::from_utf8_lossy(&observation.output))?;
                    match &observation.result {
                        Ok(returned) => writeln!(f, "=> {} {}", returned.type_name, returned.text)?,
                        Err(failure) => {
                            writeln!(f, "=> error {}: {}", failure.kind.name(), failure.message)?;
                            for call in &failure.trace {
                                writeln!(f, "   in {} at offset {}", call.function, call.offset)?;
                            }
                        }
                    }
                    if let Some(fuel) = observation.fuel_used {
                        writeln!(f, "   fuel used: {fuel}")?;
                    }
                    if let Some(gas) = observation.gas_used {
                        writeln!(f, "   gas used: {gas}")?;
                    }
                    if let Some(ledger) = &observation.ledger {
                        write!(f, "{ledger}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// What became of many programs.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Programs that ended with a value, everywhere alike.
    pub values: u64,
    /// Programs that ended with an error, everywhere alike: by name of its kind.
    pub errors: std::collections::BTreeMap<&'static str, u64>,
    /// Programs that proved nothing.
    pub inconclusive: u64,
    /// Programs that were no programs.
    pub invalid: u64,
    /// Programs that engines disagree about.
    pub disagreements: u64,
}

impl Summary {
    /// Counts a verdict.
    pub fn count(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Agree(Observation { result: Ok(_), .. }) => self.values += 1,
            Verdict::Agree(Observation { result: Err(failure), .. }) => {
                *self.errors.entry(failure.kind.name()).or_default() += 1;
            }
            Verdict::Inconclusive => self.inconclusive += 1,
            Verdict::Invalid(_) => self.invalid += 1,
            Verdict::Disagree(_) => self.disagreements += 1,
        }
    }

    /// Adds what another counted.
    pub fn merge(&mut self, other: &Self) {
        self.values += other.values;
        self.inconclusive += other.inconclusive;
        self.invalid += other.invalid;
        self.disagreements += other.disagreements;
        for (kind, count) in &other.errors {
            *self.errors.entry(kind).or_default() += count;
        }
    }

    /// How many programs were counted.
    pub fn programs(&self) -> u64 {
        self.values + self.errors.values().sum::<u64>() + self.inconclusive + self.invalid + self.disagreements
    }
}

/// Runs programs everywhere and compares. Keep one for many programs.
#[derive(Debug)]
pub struct Checker {
    capture: Capture,
    /// Executors besides the reference; the register machine stands for all its configurations.
    executors: Vec<&'static str>,
}

impl Default for Checker {
    fn default() -> Self {
        Self::new()
    }
}

/// The executor that the others are held against.
const REFERENCE: &str = "ast";

impl Checker {
    /// Checks every executor.
    pub fn new() -> Self {
        Self { capture: Capture::new(), executors: vec!["stack", "register", "hybrid", "jit"] }
    }

    /// Checks this executor alone against the reference.
    pub fn only(executor: &'static str) -> Self {
        Self { capture: Capture::new(), executors: vec![executor] }
    }

    /// Checks the random program of a seed.
    pub fn check_seed(&self, seed: u64) -> Verdict {
        self.check(&super::program(seed).to_program(), seed)
    }

    /// Checks a program. The seed decides about its limits and which register counts it is tried with.
    pub fn check(&self, program: &str, seed: u64) -> Verdict {
        self.check_named(NAME, program, seed)
    }

    /// As [`Self::check`]; messages call the program `name`.
    pub fn check_named(&self, name: &str, program: &str, seed: u64) -> Verdict {
        let compiled = catch_unwind(AssertUnwindSafe(|| Compiled::new(&Source::text(name, program))));
        let compiled = match compiled.map_err(|panic| panic_text(&*panic)) {
            Ok(Ok(compiled)) => compiled,
            Ok(Err(EngineError::Diagnostics(files))) => {
                return Verdict::Invalid(EngineError::Diagnostics(files).to_string());
            }
            Ok(Err(error)) => return front_end_failed(program, error.to_string()),
            Err(panic) => return front_end_failed(program, panic),
        };
        let run = Plan::new(seed);
        let reference = run.configuration(REFERENCE);
        let expected = self.observe(&compiled, &reference, &run);
        let mut configurations = Vec::with_capacity(5);
        for &executor in &self.executors {
            match executor {
                "register" => run.register_configurations(&mut configurations),
                "stack" => run.stack_configurations(&mut configurations),
                "hybrid" => configurations.push(run.hybrid_configuration()),
                "jit" => configurations.push(run.jit_configuration()),
                _ => configurations.push(run.configuration(executor)),
            }
        }
        for (configuration, optimizer) in configurations.iter_mut().zip(run.optimizers.iter().cycle()) {
            configuration.optimizer.clone_from(optimizer);
        }
        // Metering changes nothing that is not gas.
        if run.limits.gas == Some(u64::MAX)
            && let Ok(Observed::Shown(metered)) = &expected
        {
            let mut unmetered = reference.clone();
            unmetered.limits.gas = None;
            let observed = self.observe(&compiled, &unmetered, &run);
            let metered = Observed::Shown(Observation { gas_used: None, ..metered.clone() });
            if !matches!(&observed, Ok(observed) if matches!(observed, Observed::HeapExhausted) || *observed == metered)
            {
                return Verdict::Disagree(Box::new(Disagreement {
                    program: program.to_string(),
                    reference: (reference.to_string(), expected.map(Observed::into_observation)),
                    other: (unmetered.to_string(), observed.map(Observed::into_observation)),
                }));
            }
        }
        // Runs that count no fuel are other code. They end, because this one did.
        let expected = match expected {
            Ok(Observed::Shown(observation))
                if run.forgets_fuel && observation.failed_with() != Some(ErrorKind::Fuel) =>
            {
                configurations.iter_mut().for_each(|configuration| configuration.limits.fuel = None);
                Ok(Observed::Shown(Observation { fuel_used: None, ..observation }))
            }
            expected => expected,
        };
        for configuration in configurations {
            let observed = self.observe(&compiled, &configuration, &run);
            if let (Ok(Observed::HeapExhausted), _) | (_, Ok(Observed::HeapExhausted)) = (&expected, &observed) {
                return Verdict::Inconclusive;
            }
            let agree = match (&expected, &observed) {
                (Ok(expected), Ok(observed)) => expected == observed,
                _ => false,
            };
            if !agree {
                return Verdict::Disagree(Box::new(Disagreement {
                    program: program.to_string(),
                    reference: (reference.to_string(), expected.map(Observed::into_observation)),
                    other: (configuration.to_string(), observed.map(Observed::into_observation)),
                }));
            }
        }
        match expected {
            Ok(Observed::Shown(observation)) => Verdict::Agree(observation),
            _ => Verdict::Inconclusive,
        }
    }

    fn observe(&self, compiled: &Compiled, configuration: &Configuration, plan: &Plan) -> Result<Observed, String> {
        let run = || {
            let executor = find_executor(configuration.vm).ok_or("the executor does not exist")?;
            let prepared = executor.prepare(compiled, configuration).map_err(|error| error.to_string())?;
            let run = || {
                let outcome = prepared.run(RunOptions {
                    output: self.capture.writer(),
                    collecting: plan.collecting,
                    ..configuration.run_options()
                });
                let output = self.capture.take();
                let is_heap = matches!(&outcome.result, Err(failure) if failure.kind == ErrorKind::Heap);
                if is_heap || outcome.heap.peak_bytes > MAX_HEAP / 2 {
                    return Observed::HeapExhausted;
                }
                let Outcome { result, fuel_used, gas_used, ledger, .. } = outcome;
                Observed::Shown(Observation { result, output, fuel_used, gas_used, ledger })
            };
            let first = run();
            // What has got native code begins with it the next time.
            if prepared.native().is_some() {
                let again = run();
                if again != first {
                    return Err(format!("another run gives something else: {again:?} after {first:?}"));
                }
                if let Some(failure) = prepared.native().and_then(|statistics| statistics.failures.first().cloned()) {
                    return Err(format!("compiling fails: {failure}"));
                }
            }
            Ok(first)
        };
        let observed = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| Err(panic_text(&*panic)));
        self.capture.take();
        observed
    }
}

/// The front end refuses its own output, or panics.
fn front_end_failed(program: &str, reason: String) -> Verdict {
    let (program, reference) = (program.to_string(), ("source text".to_string(), Err("is a program".to_string())));
    Verdict::Disagree(Box::new(Disagreement { program, reference, other: ("front end".to_string(), Err(reason)) }))
}

#[derive(Clone, Debug, PartialEq)]
enum Observed {
    Shown(Observation),
    HeapExhausted,
}

impl Observed {
    fn into_observation(self) -> Observation {
        match self {
            Self::Shown(observation) => observation,
            Self::HeapExhausted => unreachable!("such runs are not compared"),
        }
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    format!("panic: {}", text.unwrap_or("without a message"))
}

/// How the program of a seed is run.
struct Plan {
    limits: Limits,
    collecting: Collecting,
    forgets_fuel: bool,
    takes_fewest: bool,
    registers: u16,
    allocator: AllocatorKind,
    policy: Policy,
    without: Without,
    /// Of each of the machines' configurations, in turn.
    optimizers: [optimizer::Options; 5],
    /// Of the two configurations of a machine.
    dispatch: [Dispatch; 2],
    /// Of the configuration with native code: the tiers, both thresholds, whether the program goes on meanwhile, and what goes wrong.
    native: (JitMode, u32, u32, bool, Option<u64>),
    /// Workers of the other machines' first configurations, and how long lists are that they divide.
    workers: (usize, usize),
}

impl Plan {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(!seed);
        let fuel = if random.below(16) == 0 { random.between(0, 60) as u64 } else { FUEL };
        // Limits of all sizes, so that some programs run out of gas soon, and some nearly at their end.
        let gas = match random.below(4) {
            0 => {
                let most = 1 << random.between(1, 13);
                Some(random.between(1, most) as u64)
            }
            1 => Some(u64::MAX),
            _ => None,
        };
        Self {
            limits: Limits { max_depth: MAX_DEPTH, max_heap: MAX_HEAP, fuel: Some(fuel), gas },
            collecting: match random.below(16) {
                0 => Collecting::Always,
                1 | 2 => Collecting::InSteps,
                _ => Collecting::WhenDue,
            },
            takes_fewest: random.chance(50),
            registers: *random.choose(&[8, 9, 10, 11, 12, 14, 16, 20, 24, 32, 64, 256]),
            allocator: *random.choose(AllocatorKind::ALL),
            without: if random.chance(50) { Without::default() } else { some_mechanisms(&mut random) },
            forgets_fuel: random.below(4) == 0,
            dispatch: [*random.choose(Dispatch::ALL), *random.choose(Dispatch::ALL)],
            policy: *random.choose(Policy::ALL),
            optimizers: std::array::from_fn(|_| some_optimizer(&mut random)),
            native: {
                let mode =
                    *random.choose(&[JitMode::Tiered, JitMode::Baseline, JitMode::Optimizing, JitMode::Optimizing]);
                let faults = (random.below(3) == 0).then(|| random.below(1 << 32) as u64);
                (mode, random.between(1, 4) as u32, random.between(1, 4) as u32, random.below(4) == 0, faults)
            },
            workers: if random.below(8) == 0 { (random.between(2, 4), random.between(2, 5)) } else { (1, 2) },
        }
    }

    fn configuration(&self, vm: &'static str) -> Configuration {
        Configuration { vm, limits: self.limits, ..Configuration::default() }
    }

    fn with_workers(&self, configuration: Configuration) -> Configuration {
        let (workers, workers_from) = self.workers;
        Configuration { workers, workers_from, ..configuration }
    }

    /// Two register counts: one from in between, and every other time all there are or as few as there can be. Converting is most of
    /// the work of a check, and over many programs all counts meet all shapes of code.
    fn register_configurations(&self, configurations: &mut Vec<Configuration>) {
        let [dispatch, other_dispatch] = self.dispatch;
        let all = Configuration { dispatch, check: true, ..self.configuration("register") };
        let (registers, allocator, without) = (self.registers, self.allocator, self.without);
        let some = Configuration { registers, allocator, without, dispatch: other_dispatch, ..all.clone() };
        let fewest = Configuration { registers: converter::FEWEST_REGISTERS, ..all.clone() };
        configurations.extend([self.with_workers(if self.takes_fewest { fewest } else { all }), some]);
    }

    /// Native code from nearly the first time on, whole or with exits that are taken for no reason.
    fn jit_configuration(&self) -> Configuration {
        let (jit, jit_threshold, jit_second_threshold, jit_background, jit_faults) = self.native;
        let Self { registers, without, dispatch: [dispatch, _], .. } = *self;
        let tiers = Configuration { jit, jit_threshold, jit_second_threshold, ..self.configuration("jit") };
        Configuration { jit_background, jit_faults, registers, without, dispatch, ..tiers }
    }

    /// One policy for what is converted: over many programs all policies meet all shapes of code.
    fn hybrid_configuration(&self) -> Configuration {
        let Self { policy, registers, allocator, without, dispatch: [_, dispatch], .. } = *self;
        Configuration { policy, registers, allocator, without, dispatch, check: true, ..self.configuration("hybrid") }
    }

    /// Plain code, and code with superinstructions.
    fn stack_configurations(&self, configurations: &mut Vec<Configuration>) {
        let [dispatch, other_dispatch] = self.dispatch;
        let plain = Configuration { dispatch, ..self.configuration("stack") };
        let (dispatch, without) = (other_dispatch, self.without);
        let fused = Configuration { superinstructions: true, dispatch, without, ..plain.clone() };
        configurations.extend([self.with_workers(plain), fused]);
    }
}

/// Each mechanism or not.
fn some_mechanisms(random: &mut Random) -> Without {
    let left_out: Vec<Mechanism> = mechanisms().into_iter().filter(|_| random.chance(40)).collect();
    left_out.iter().fold(Without::default(), Without::with)
}

/// A level, a pass by itself, or a sequence of passes.
fn some_optimizer(random: &mut Random) -> optimizer::Options {
    let level = *random.choose(Level::ALL);
    let length = match random.below(4) {
        0 => 1,
        1 => random.between(2, 12),
        _ => return optimizer::Options::of(level),
    };
    let names = (0..length).map(|_| random.choose(passes()).name()).collect();
    optimizer::Options { passes: Some(names), ..optimizer::Options::of(level) }
}
