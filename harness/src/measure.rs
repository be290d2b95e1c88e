//! Compares two configurations on one program, and whoever else is asked to take part: further configurations, and other languages.
//!
//! What is timed is execution alone: from the first instruction to the last byte of output. Reading, compiling, converting and linking are
//! done once beforehand, and each run gets a fresh runtime that is made before the clock starts and taken down after it has stopped.
//!
//! 1. Both sides run once with instructions counted. This gives the exact figures, and the answers to check.
//! 2. Everybody runs until a sample is long enough to time: this also warms caches. A short program is repeated within a sample, and the
//!    sample is the mean of its runs.
//! 3. Rounds: a sample of everybody, in an order drawn for each round. The first one is not kept: it warms up what a calibrating run has not.
//!
//! Every run's output is compared with what the program must print, or, where that is not known, with the first run of the other side. Whoever
//! gives a wrong answer, or none, is not timed any further: if it is one of the two sides, the program is done with; if it is another, the
//! rounds go on without it.

use std::collections::BTreeMap;
use std::time::Duration;

use engine::random::Random;
use engine::workloads::{Size, Workload};
use engine::{
    Capture, Compiled, Configuration, EngineError, Failure, Outcome, Prepared, Returned, Source, clock, find_executor,
};
use runtime::RunOptions;

use crate::contestant::{Contestant, calibrate, first_difference, sample};
use crate::metrics::{Facts, METRICS};
use crate::peers::Installed;
use crate::statistics::{self, Round};

/// A program to compare on.
#[derive(Debug)]
pub struct Program {
    /// Its name in the results.
    pub name: String,
    /// The program.
    pub compiled: Compiled,
    /// Its code from a cache, for configurations that ask for one.
    pub kept: Vec<(Configuration, Compiled)>,
    /// `__ARGS__`.
    pub arguments: Vec<String>,
    /// What it must print, if that is known.
    pub expected: Option<String>,
    /// The bundled workload that it is; peers have versions of these only.
    pub workload: Option<&'static Workload>,
}

impl Program {
    /// A bundled program.
    ///
    /// # Errors
    /// When it does not compile.
    pub fn bundled(workload: &'static Workload, size: Size) -> Result<Self, EngineError> {
        Ok(Self {
            name: workload.name.clone(),
            compiled: Compiled::new(&Source::text(&workload.file, workload.source()))?,
            kept: Vec::new(),
            arguments: vec![workload.argument(size).to_string()],
            expected: Some(workload.expected(size).to_string()),
            workload: Some(workload),
        })
    }

    /// Where it was compiled from.
    ///
    /// # Errors
    /// When its file cannot be read any more.
    pub fn source(&self) -> Result<Source, EngineError> {
        match self.workload {
            Some(workload) => Ok(Source::text(&workload.file, workload.source())),
            None => Source::file(self.compiled.name()),
        }
    }

    /// The program as a configuration runs it.
    fn compiled(&self, configuration: &Configuration) -> &Compiled {
        let kept = self.kept.iter().find(|(wanted, _)| wanted == configuration);
        kept.map_or(&self.compiled, |(_, compiled)| compiled)
    }
}

/// Who takes part.
#[derive(Clone, Debug)]
pub struct Field {
    /// The configuration of interest, and the one it is compared with.
    pub sides: [Configuration; 2],
    /// Further configurations.
    pub also: Vec<Configuration>,
    /// Other languages, or why there is none of them.
    pub peers: Vec<(String, Result<Installed, String>)>,
}

/// How to measure.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Samples of each side.
    pub rounds: usize,
    /// Seed of orders and resamples.
    pub seed: u64,
    /// How long a sample lasts at least.
    pub shortest_sample: Duration,
    /// How long a process of another language may take to answer.
    pub patience: Duration,
}

/// Why a program was not timed on the two sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// One of them cannot run it at all.
    CannotRun(String),
    /// It fails, in the same way on both. Whether a failing program is fast is nobody's question, and most likely its author does not know.
    Fails(String),
    /// One of them gave a wrong answer.
    Wrong(String),
}

impl Obstacle {
    /// What happened.
    pub fn reason(&self) -> &str {
        let (Self::CannotRun(reason) | Self::Fails(reason) | Self::Wrong(reason)) = self;
        reason
    }

    /// What it is called in result files.
    pub fn status(&self) -> &'static str {
        match self {
            Self::CannotRun(_) => "cannot run",
            Self::Fails(_) => "fails",
            Self::Wrong(_) => "wrong answer",
        }
    }
}

/// What was found out about one program.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// Samples, in nanoseconds a run. None if there was an obstacle.
    pub rounds: Vec<Round>,
    /// Runs in a sample of each side.
    pub runs_per_sample: [u32; 2],
    /// Figures of each side by name of the metric, or why there is none.
    pub figures: BTreeMap<&'static str, [Result<u64, String>; 2]>,
    /// Why nothing was timed, if nothing was.
    pub obstacle: Option<Obstacle>,
    /// The others that were asked to take part: further configurations, then other languages.
    pub others: Vec<Other>,
}

/// How another one did.
#[derive(Clone, Debug)]
pub struct Other {
    /// Its name in results.
    pub name: String,
    /// Whether it is one of our own configurations.
    pub is_own: bool,
    /// Its times, or why there are none.
    pub times: Result<Times, String>,
    /// Whether it gave a wrong answer, rather than none.
    pub is_wrong: bool,
}

/// Times of somebody.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Times {
    /// Samples, in nanoseconds a run, in the order of the rounds.
    pub samples: Vec<f64>,
    /// Runs in a sample.
    pub runs_per_sample: u32,
}

/// How often a program is made ready to find out how long that takes.
const PREPARATIONS: u32 = 5;

/// One side of a comparison.
struct Side<'c> {
    configuration: &'c Configuration,
    prepared: Box<dyn Prepared + 'c>,
    /// How long preparing takes.
    prepare_time: Duration,
    arguments: &'c [String],
    capture: Capture,
}

/// What a program showed.
#[derive(Debug, PartialEq)]
struct Answer {
    result: Result<Returned, (&'static str, String)>,
    output: Vec<u8>,
}

impl Side<'_> {
    fn options(&self) -> RunOptions {
        RunOptions {
            arguments: self.arguments.to_vec(),
            output: self.capture.writer(),
            ..self.configuration.run_options()
        }
    }

    /// Runs with instructions counted.
    fn count(&self) -> (Outcome, Answer) {
        let outcome = self.prepared.count(self.options());
        let answer = Answer { result: plain(&outcome.result), output: self.capture.take() };
        (outcome, answer)
    }
}

/// A configuration in the rounds.
struct Timed<'s> {
    side: &'s Side<'s>,
    answer: &'s Answer,
}

impl Contestant for Timed<'_> {
    fn run(&mut self, runs: u32) -> Result<Duration, String> {
        let Self { side, answer } = self;
        let mut total = Duration::ZERO;
        for _ in 0..runs {
            let outcome = side.prepared.run(side.options());
            total += outcome.time;
            let prints_it = side.capture.matches_and_clear(&answer.output);
            if !prints_it || plain(&outcome.result) != answer.result {
                return Err(format!("{} gave another answer than before", side.configuration));
            }
        }
        Ok(total)
    }
}

/// The result without its trace: engines agree on it, but only kind and message are needed here.
fn plain(result: &Result<Returned, Failure>) -> Result<Returned, (&'static str, String)> {
    match result {
        Ok(returned) => Ok(returned.clone()),
        Err(failure) => Err((failure.kind.name(), failure.message.clone())),
    }
}

/// Compares two configurations on a program, with the others beside them. `tick` is called after each round.
pub fn compare(program: &Program, field: &Field, plan: Plan, tick: &mut dyn FnMut()) -> Comparison {
    let mut comparison = Comparison::default();
    if let Err(obstacle) = compare_into(&mut comparison, program, field, plan, tick) {
        comparison.rounds.clear();
        comparison.others = others_without_times(field, "the two sides were not timed");
        comparison.obstacle = Some(obstacle);
    }
    comparison
}

fn compare_into(
    comparison: &mut Comparison,
    program: &Program,
    field: &Field,
    plan: Plan,
    tick: &mut dyn FnMut(),
) -> Result<(), Obstacle> {
    let [executor, against] = &field.sides;
    let executor = side(program, executor).map_err(Obstacle::CannotRun)?;
    let against = side(program, against).map_err(Obstacle::CannotRun)?;
    let (executor_outcome, executor_answer) = executor.count();
    let (against_outcome, answer) = against.count();
    for metric in METRICS {
        let read = |side: &Side<'_>, outcome| {
            let Side { configuration, ref prepared, prepare_time, .. } = *side;
            (metric.read)(&Facts { configuration, prepared: &**prepared, prepare_time, outcome })
        };
        let figures = [read(&executor, &executor_outcome), read(&against, &against_outcome)];
        comparison.figures.insert(metric.name, figures);
    }
    if let Some(reason) = wrong_answer(program, [&executor, &against], [&executor_answer, &answer]) {
        return Err(Obstacle::Wrong(reason));
    }
    if let Err(failure) = &against_outcome.result {
        return Err(Obstacle::Fails(failure_in_words(failure, &program.compiled)));
    }
    let also: Vec<_> = field.also.iter().map(|configuration| side(program, configuration)).collect();
    let mut contestants: Vec<Result<Box<dyn Contestant + '_>, String>> = Vec::new();
    for side in [&executor, &against] {
        contestants.push(Ok(Box::new(Timed { side, answer: &answer })));
    }
    for side in &also {
        contestants.push(match side {
            Ok(side) => Ok(Box::new(Timed { side, answer: &answer })),
            Err(reason) => Err(reason.clone()),
        });
    }
    for (_, peer) in &field.peers {
        contestants.push(start(peer, program, &answer, plan.patience));
    }
    let mut times = measure(contestants, program, plan, tick).map_err(Obstacle::Wrong)?;
    comparison.others = others_without_times(field, "");
    for (other, times) in comparison.others.iter_mut().zip(times.split_off(2)) {
        other.times = times;
    }
    for (other, side) in comparison.others.iter_mut().zip(&also) {
        other.is_wrong = side.is_ok() && other.times.is_err();
    }
    let mut times = times.into_iter();
    let (Some(Ok(executor)), Some(Ok(against))) = (times.next(), times.next()) else { return Ok(()) };
    comparison.runs_per_sample = [executor.runs_per_sample, against.runs_per_sample];
    let pairs = executor.samples.into_iter().zip(against.samples);
    comparison.rounds = pairs.map(|(executor, against)| Round { executor, against }).collect();
    Ok(())
}

/// Figures of one program under one configuration.
#[derive(Clone, Debug)]
pub struct Figures {
    /// By name of the metric, or why there is none.
    pub by_metric: BTreeMap<&'static str, Result<u64, String>>,
    /// The shortest time that each phase of the conversion took, if it was converted: in nanoseconds, in the order of
    /// [`converter::Times::phases`].
    pub conversion_ns: Option<Vec<u64>>,
}

/// Runs a program once under a configuration, with instructions counted, and prepares it `conversions` times.
///
/// # Errors
/// When it cannot be run, or its answer is wrong.
pub fn count(program: &Program, configuration: &Configuration, conversions: u32) -> Result<Figures, String> {
    let configuration = &Configuration { timed: true, ..configuration.clone() };
    let own = side(program, configuration)?;
    let (outcome, answer) = own.count();
    wrong_answer(program, [&own, &own], [&answer, &answer]).map_or(Ok(()), Err)?;
    let facts = Facts { configuration, prepared: &*own.prepared, prepare_time: own.prepare_time, outcome: &outcome };
    let by_metric = METRICS.iter().map(|metric| (metric.name, (metric.read)(&facts))).collect();
    let mut conversion_ns: Option<Vec<u64>> = None;
    for _ in 0..conversions {
        let again = side(program, configuration)?;
        let Some(statistics) = again.prepared.conversion() else { break };
        let phases = statistics.times.phases().map(|(_, time)| time.as_nanos() as u64);
        let least = conversion_ns.get_or_insert_with(|| phases.to_vec());
        least.iter_mut().zip(phases).for_each(|(least, phase)| *least = phase.min(*least));
    }
    Ok(Figures { by_metric, conversion_ns })
}

fn side<'c>(program: &'c Program, configuration: &'c Configuration) -> Result<Side<'c>, String> {
    let executor = find_executor(configuration.vm).ok_or("the executor does not exist")?;
    // Made once, and not part of preparing.
    program.compiled.optimized(configuration).map_err(|error| error.to_string())?;
    let prepare = || {
        let begun = clock::now();
        let prepared =
            executor.prepare(program.compiled(configuration), configuration).map_err(|error| error.to_string())?;
        Ok::<_, String>((clock::now().saturating_sub(begun), prepared))
    };
    let (mut prepare_time, mut prepared) = prepare()?;
    for _ in 1..PREPARATIONS {
        let (time, again) = prepare()?;
        (prepare_time, prepared) = (prepare_time.min(time), again);
    }
    Ok(Side { configuration, prepared, prepare_time, arguments: &program.arguments, capture: Capture::new() })
}

/// Makes a peer ready to run the program.
fn start(
    peer: &Result<Installed, String>,
    program: &Program,
    answer: &Answer,
    patience: Duration,
) -> Result<Box<dyn Contestant>, String> {
    let peer = peer.as_ref().map_err(Clone::clone)?;
    let workload = program.workload.ok_or("other languages have versions of the bundled programs only")?;
    let argument = program.arguments.first().map_or("", String::as_str);
    peer.start(workload, argument, &answer.output, patience)
}

/// The others, with the same reason why they have no times.
fn others_without_times(field: &Field, reason: &str) -> Vec<Other> {
    let own = field.also.iter().map(|configuration| (configuration.to_string(), true));
    let peers = field.peers.iter().map(|(name, _)| (name.clone(), false));
    let other = |(name, is_own)| Other { name, is_own, times: Err(reason.to_string()), is_wrong: false };
    own.chain(peers).map(other).collect()
}

/// Kind, message and place of an error that ends a program.
fn failure_in_words(failure: &Failure, compiled: &Compiled) -> String {
    let place = failure.place(compiled.sources()).map(|(line, column)| format!(", line {line}, column {column}"));
    format!("{} error: {}{}", failure.kind.name(), failure.message, place.unwrap_or_default())
}

/// Times of everybody who stays to the end, the two sides first.
///
/// # Errors
/// When one of the two sides fails.
fn measure(
    mut contestants: Vec<Result<Box<dyn Contestant + '_>, String>>,
    program: &Program,
    plan: Plan,
    tick: &mut dyn FnMut(),
) -> Result<Vec<Result<Times, String>>, String> {
    let mut times = vec![Times::default(); contestants.len()];
    for (times, place) in times.iter_mut().zip(&mut contestants) {
        attempt(place, |contestant| {
            times.runs_per_sample = calibrate(contestant, plan.shortest_sample)?;
            Ok(())
        });
    }
    sides_are_there(&contestants)?;
    let mut random = Random::new(seed_for(plan.seed, &program.name));
    for round in 0..=plan.rounds {
        let mut order: Vec<usize> = (0..contestants.len()).collect();
        random.shuffle(&mut order);
        for at in order {
            let times = &mut times[at];
            attempt(&mut contestants[at], |contestant| {
                times.samples.push(sample(contestant, times.runs_per_sample)?);
                Ok(())
            });
        }
        sides_are_there(&contestants)?;
        if round == 0 {
            times.iter_mut().for_each(|times| times.samples.clear());
        } else {
            tick();
        }
    }
    let ends = contestants.into_iter().zip(times);
    Ok(ends.map(|(contestant, times)| contestant.map(|_| times)).collect())
}

fn sides_are_there(contestants: &[Result<Box<dyn Contestant + '_>, String>]) -> Result<(), String> {
    contestants.iter().take(2).try_for_each(|side| side.as_ref().map(|_| ()).map_err(Clone::clone))
}

/// Does something with who is still there. Whoever fails is there no longer; a process is ended by that.
fn attempt(
    place: &mut Result<Box<dyn Contestant + '_>, String>,
    deed: impl FnOnce(&mut dyn Contestant) -> Result<(), String>,
) {
    if let Ok(contestant) = place
        && let Err(reason) = deed(&mut **contestant)
    {
        *place = Err(reason);
    }
}

/// Each program has its own sequence, whichever others are measured beside it.
pub(crate) fn seed_for(seed: u64, name: &str) -> u64 {
    let hash = blake3::hash(name.as_bytes());
    let (bytes, _) = hash.as_bytes().split_first_chunk().unwrap_or((&[0; 8], &[]));
    seed ^ u64::from_le_bytes(*bytes)
}

/// Says what is wrong with the two answers, if something is.
fn wrong_answer(program: &Program, sides: [&Side<'_>; 2], answers: [&Answer; 2]) -> Option<String> {
    if let Some(expected) = &program.expected {
        for (side, answer) in sides.iter().zip(answers) {
            if let Err((kind, message)) = &answer.result {
                return Some(format!("{}: {kind} error: {message}", side.configuration));
            }
            if answer.output != expected.as_bytes() {
                let output = String::from_utf8_lossy(&answer.output);
                return Some(format!("{}: {}", side.configuration, first_difference(&output, expected)));
            }
        }
    }
    let [executor, against] = answers;
    if executor.output != against.output {
        let (executor, against) = (String::from_utf8_lossy(&executor.output), String::from_utf8_lossy(&against.output));
        return Some(format!("{}: {}", sides[0].configuration, first_difference(&executor, &against)));
    }
    (executor.result != against.result)
        .then(|| format!("{}: ends with {:?}, not with {:?}", sides[0].configuration, executor.result, against.result))
}

impl Comparison {
    /// Times of the two sides.
    pub fn times(&self) -> [Vec<f64>; 2] {
        [
            self.rounds.iter().map(|round| round.executor).collect(),
            self.rounds.iter().map(|round| round.against).collect(),
        ]
    }

    /// Speed-up with its interval, if there are times.
    pub fn speedup(&self, random: &mut Random) -> Option<statistics::Estimate> {
        (!self.rounds.is_empty()).then(|| statistics::speedup(&self.rounds, random))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::Source;

    fn program(text: &str, expected: Option<&str>) -> Program {
        Program {
            name: "test".to_string(),
            compiled: Compiled::new(&Source::text("test.zx", text)).unwrap(),
            kept: Vec::new(),
            arguments: Vec::new(),
            expected: expected.map(str::to_string),
            workload: None,
        }
    }

    const PLAN: Plan =
        Plan { rounds: 6, seed: 1, shortest_sample: Duration::from_micros(200), patience: Duration::from_secs(60) };

    fn field(executor: &str, against: &str) -> Field {
        let sides = [Configuration::of(executor).unwrap(), Configuration::of(against).unwrap()];
        Field { sides, also: Vec::new(), peers: Vec::new() }
    }

    #[test]
    fn measures_both_sides() {
        let program = program("let i = 0\nwhile i < 100 { i += 1 }\nprint(i)\n", Some("100\n"));
        let mut ticks = 0;
        let comparison = compare(&program, &field("register", "stack"), PLAN, &mut || ticks += 1);
        assert_eq!(comparison.obstacle, None);
        assert_eq!((comparison.rounds.len(), ticks), (6, 6));
        assert!(comparison.rounds.iter().all(|round| round.executor > 0.0 && round.against > 0.0));
        let [executor, against] = &comparison.figures["instructions"];
        assert!(executor.as_ref().unwrap() < against.as_ref().unwrap());
    }

    #[test]
    fn wrong_output_is_reported_and_not_timed() {
        let program = program("print(1)\nprint(2)\n", Some("1\n3\n"));
        let comparison = compare(&program, &field("register", "stack"), PLAN, &mut || {});
        let reason = "register: line 2 of the output is \"2\", not \"3\"".to_string();
        assert_eq!(comparison.obstacle, Some(Obstacle::Wrong(reason)));
        assert!(comparison.rounds.is_empty());
    }

    #[test]
    fn programs_that_fail_alike_are_not_timed() {
        let program = program("print(1)\nthrow \"end\"\n", None);
        let comparison = compare(&program, &field("ast", "stack"), PLAN, &mut || {});
        let reason = "thrown error: end, line 2, column 1".to_string();
        assert_eq!((comparison.obstacle, comparison.rounds.len()), (Some(Obstacle::Fails(reason)), 0));
        assert_eq!(comparison.figures["instructions"][0], Err("executor 'ast' runs no instructions".to_string()));
    }

    #[test]
    fn programs_that_a_side_cannot_run_are_no_wrong_answers() {
        let source = program("print(1)\n", None);
        let bytes = isa::binary::write(&**source.compiled.stack_code().unwrap());
        let compiled = Compiled::new(&Source::text("test.zxc", bytes)).unwrap();
        let program = Program { compiled, ..source };
        let comparison = compare(&program, &field("ast", "stack"), PLAN, &mut || {});
        assert!(matches!(&comparison.obstacle, Some(Obstacle::CannotRun(reason)) if reason.contains("source text")));
        let mut field = field("register", "stack");
        field.also = vec![Configuration::of("ast").unwrap()];
        let comparison = compare(&program, &field, PLAN, &mut || {});
        assert_eq!((comparison.obstacle, comparison.rounds.len()), (None, 6));
        assert!(comparison.others[0].times.is_err() && !comparison.others[0].is_wrong);
    }

    /// A bundled program with its small size.
    fn fib() -> Program {
        let workload = engine::workloads::workload("fib").unwrap();
        Program {
            name: "fib".to_string(),
            compiled: Compiled::new(&Source::text(&workload.file, workload.source())).unwrap(),
            kept: Vec::new(),
            arguments: vec!["12".to_string()],
            expected: Some("fib 12 144\n".to_string()),
            workload: Some(workload),
        }
    }

    #[test]
    fn others_run_in_the_same_rounds() {
        let mut field = field("register", "stack");
        let mut few = Configuration::of("register").unwrap();
        few.set("registers", "8").unwrap();
        field.also = vec![few, Configuration::of("ast").unwrap()];
        let missing = "perl is not installed".to_string();
        field.peers = vec![
            ("native".to_string(), crate::peers::peer("native").unwrap().find()),
            ("perl".to_string(), Err(missing.clone())),
        ];
        let comparison = compare(&fib(), &field, PLAN, &mut || {});
        assert_eq!((comparison.obstacle, comparison.rounds.len()), (None, 6));
        let names: Vec<(&str, bool)> =
            comparison.others.iter().map(|other| (other.name.as_str(), other.is_own)).collect();
        assert_eq!(names, [("register registers=8", true), ("ast", true), ("native", false), ("perl", false)]);
        for other in &comparison.others[..3] {
            let times = other.times.as_ref().unwrap();
            assert_eq!(times.samples.len(), 6, "{}", other.name);
            assert!(times.runs_per_sample > 0 && times.samples.iter().all(|&time| time > 0.0), "{}", other.name);
        }
        assert_eq!(comparison.others[3].times, Err(missing));
    }

    #[test]
    fn other_languages_have_no_version_of_other_programs() {
        let mut field = field("register", "stack");
        field.peers = vec![("native".to_string(), crate::peers::peer("native").unwrap().find())];
        let comparison = compare(&program("print(1)\n", None), &field, PLAN, &mut || {});
        assert!(comparison.obstacle.is_none());
        let reason = comparison.others[0].times.as_ref().unwrap_err();
        assert_eq!(reason, "other languages have versions of the bundled programs only");
    }

    /// Peers in place of which a shell script runs: one that dies, one that lies after a while, and one that hangs do not disturb the rest.
    #[cfg(unix)]
    #[test]
    fn peers_that_fail_leave_the_others_alone() {
        let answer = r#"echo "1000000 $((runs * 11))"; for _ in $(seq $runs); do echo "fib 12 144"; done"#;
        let lies_at_last =
            format!("n=0; while read word runs; do n=$((n + 1)); [ $n -gt 3 ] && echo 5 0 || {{ {answer}; }}; done");
        let scripts = [
            ("honest", format!("while read word runs; do {answer}; done")),
            ("dies", "read request; exit 7".to_string()),
            ("lies", lies_at_last),
            ("hangs", "exec sleep 1000".to_string()),
        ];
        let python = crate::peers::peer("python").unwrap();
        let mut field = field("register", "stack");
        field.peers = scripts
            .map(|(name, script)| {
                let installed = Installed {
                    name: name.to_string(),
                    version: "1".to_string(),
                    command: ["sh", "-c", &script].map(str::to_string).to_vec(),
                    language: Some(python.language().unwrap()),
                };
                (name.to_string(), Ok(installed))
            })
            .to_vec();
        let plan = Plan { patience: Duration::from_secs(2), ..PLAN };
        let comparison = compare(&fib(), &field, plan, &mut || {});
        assert_eq!((comparison.obstacle, comparison.rounds.len()), (None, 6));
        let ends: Vec<Result<usize, &str>> = comparison
            .others
            .iter()
            .map(|other| other.times.as_ref().map(|times| times.samples.len()).map_err(String::as_str))
            .collect();
        assert_eq!(ends[0], Ok(6));
        assert!(
            ends[1].unwrap_err().starts_with("its process died: ") && ends[1].unwrap_err().contains('7'),
            "{ends:?}"
        );
        assert_eq!(ends[2], Err("wrong answer: not as many outputs as runs"));
        assert_eq!(ends[3], Err("gave no answer within 2s"));
    }

    #[test]
    fn others_are_not_timed_when_the_sides_disagree() {
        let mut field = field("register", "stack");
        field.peers = vec![("native".to_string(), crate::peers::peer("native").unwrap().find())];
        let wrong = Program { expected: Some("fib 12 145\n".to_string()), ..fib() };
        let comparison = compare(&wrong, &field, PLAN, &mut || {});
        assert!(comparison.obstacle.is_some() && comparison.rounds.is_empty());
        assert_eq!(comparison.others[0].times.as_ref().unwrap_err(), "the two sides were not timed");
    }
}
