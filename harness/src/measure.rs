//! Compares two configurations on one program.
//!
//! What is timed is execution alone: from the first instruction to the last byte of output. Reading, compiling, converting and linking are
//! done once beforehand, and each run gets a fresh runtime that is made before the clock starts and taken down after it has stopped.
//!
//! 1. Both sides run once with instructions counted. This gives the exact figures, and the answers to check.
//! 2. Both sides run until a sample is long enough to time: this also warms caches. A short program is repeated within a sample, and the
//!    sample is the mean of its runs.
//! 3. Rounds: a sample of each side, in an order drawn for each round.
//!
//! Every run's output is compared with what the program must print, or, where that is not known, with the first run of the other side. A
//! side that gives a wrong answer is not timed any further.

use std::collections::BTreeMap;
use std::time::Duration;

use engine::random::Random;
use engine::{Capture, Compiled, Configuration, Failure, Outcome, Prepared, Returned, find_executor};
use runtime::RunOptions;

use crate::metrics::{Facts, METRICS};
use crate::statistics::{self, Round};

/// A program to compare on.
#[derive(Debug)]
pub struct Program {
    /// Its name in the results.
    pub name: String,
    /// The program.
    pub compiled: Compiled,
    /// `__ARGS__`.
    pub arguments: Vec<String>,
    /// What it must print, if that is known.
    pub expected: Option<String>,
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
}

/// What was found out about one program.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// Samples, in nanoseconds a run. None if an answer was wrong.
    pub rounds: Vec<Round>,
    /// Runs in a sample of each side.
    pub runs_per_sample: [u32; 2],
    /// Figures of each side by name of the metric, or why there is none.
    pub figures: BTreeMap<&'static str, [Result<u64, String>; 2]>,
    /// What is wrong, if something is.
    pub wrong: Option<String>,
}

/// One side of a comparison.
struct Side<'c> {
    configuration: &'c Configuration,
    prepared: Box<dyn Prepared + 'c>,
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
            limits: self.configuration.limits,
            arguments: self.arguments.to_vec(),
            output: self.capture.writer(),
            ..RunOptions::default()
        }
    }

    /// Runs with instructions counted.
    fn count(&self) -> (Outcome, Answer) {
        let outcome = self.prepared.count(self.options());
        let answer = Answer { result: plain(&outcome.result), output: self.capture.take() };
        (outcome, answer)
    }

    /// Mean time of so many runs, if all of them give the answer.
    fn sample(&self, runs: u32, answer: &Answer) -> Result<Duration, String> {
        let mut total = Duration::ZERO;
        for _ in 0..runs {
            let outcome = self.prepared.run(self.options());
            total += outcome.time;
            let prints_it = self.capture.matches_and_clear(&answer.output);
            if !prints_it || plain(&outcome.result) != answer.result {
                return Err(format!("{} gave another answer than before", self.configuration));
            }
        }
        Ok(total / runs)
    }

    /// How many runs make a sample long enough. Doubles until they do, so that half of the time spent here is warming up.
    fn calibrate(&self, shortest: Duration, answer: &Answer) -> Result<u32, String> {
        const MOST_RUNS: u32 = 1 << 16;
        let mut runs = 1;
        loop {
            let each = self.sample(runs, answer)?;
            if each * runs >= shortest || runs >= MOST_RUNS {
                return Ok(runs);
            }
            runs *= 2;
        }
    }
}

/// The result without its trace: engines agree on it, but only kind and message are needed here.
fn plain(result: &Result<Returned, Failure>) -> Result<Returned, (&'static str, String)> {
    match result {
        Ok(returned) => Ok(returned.clone()),
        Err(failure) => Err((failure.kind.name(), failure.message.clone())),
    }
}

/// Compares two configurations on a program. `tick` is called after each round.
pub fn compare(
    program: &Program,
    configurations: [&Configuration; 2],
    plan: Plan,
    tick: &mut dyn FnMut(),
) -> Comparison {
    let mut comparison = Comparison::default();
    let mut sides = Vec::with_capacity(2);
    for configuration in configurations {
        match side(program, configuration) {
            Ok(side) => sides.push(side),
            Err(reason) => {
                comparison.wrong = Some(reason);
                return comparison;
            }
        }
    }
    let (executor, against) = (&sides[0], &sides[1]);
    let (executor_outcome, executor_answer) = executor.count();
    let (against_outcome, against_answer) = against.count();
    for metric in METRICS {
        let read = |side: &Side<'_>, outcome| {
            (metric.read)(&Facts { configuration: side.configuration, prepared: &*side.prepared, outcome })
        };
        let figures = [read(executor, &executor_outcome), read(against, &against_outcome)];
        comparison.figures.insert(metric.name, figures);
    }
    comparison.wrong = wrong_answer(program, [executor, against], [&executor_answer, &against_answer]);
    if comparison.wrong.is_some() {
        return comparison;
    }
    let answer = against_answer;
    if let Err(reason) = measure([executor, against], &answer, program, plan, &mut comparison, tick) {
        comparison.rounds.clear();
        comparison.wrong = Some(reason);
    }
    comparison
}

fn side<'c>(program: &'c Program, configuration: &'c Configuration) -> Result<Side<'c>, String> {
    let executor = find_executor(configuration.vm).ok_or("the executor does not exist")?;
    let prepared = executor.prepare(&program.compiled, configuration).map_err(|error| error.to_string())?;
    Ok(Side { configuration, prepared, arguments: &program.arguments, capture: Capture::new() })
}

fn measure(
    sides: [&Side<'_>; 2],
    answer: &Answer,
    program: &Program,
    plan: Plan,
    comparison: &mut Comparison,
    tick: &mut dyn FnMut(),
) -> Result<(), String> {
    for (runs, side) in comparison.runs_per_sample.iter_mut().zip(sides) {
        *runs = side.calibrate(plan.shortest_sample, answer)?;
    }
    let mut random = Random::new(seed_for(plan.seed, &program.name));
    for _ in 0..plan.rounds {
        let mut times = [0.0; 2];
        let mut order = [0, 1];
        random.shuffle(&mut order);
        for at in order {
            let sample = sides[at].sample(comparison.runs_per_sample[at], answer)?;
            times[at] = sample.as_nanos() as f64;
        }
        comparison.rounds.push(Round { executor: times[0], against: times[1] });
        tick();
    }
    Ok(())
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

fn first_difference(output: &str, expected: &str) -> String {
    let (mut lines, mut expected_lines) = (output.lines(), expected.lines());
    for number in 1.. {
        match (lines.next(), expected_lines.next()) {
            (None, None) => break,
            (line, expected) if line == expected => {}
            (line, expected) => {
                let show = |line: Option<&str>| line.map_or("nothing".to_string(), |line| format!("{line:?}"));
                return format!("line {number} of the output is {}, not {}", show(line), show(expected));
            }
        }
    }
    "the output ends differently".to_string()
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
            arguments: Vec::new(),
            expected: expected.map(str::to_string),
        }
    }

    const PLAN: Plan = Plan { rounds: 6, seed: 1, shortest_sample: Duration::from_micros(200) };

    #[test]
    fn measures_both_sides() {
        let program = program("let i = 0\nwhile i < 100 { i += 1 }\nprint(i)\n", Some("100\n"));
        let (register, stack) = (Configuration::of("register").unwrap(), Configuration::of("stack").unwrap());
        let mut ticks = 0;
        let comparison = compare(&program, [&register, &stack], PLAN, &mut || ticks += 1);
        assert_eq!(comparison.wrong, None);
        assert_eq!((comparison.rounds.len(), ticks), (6, 6));
        assert!(comparison.rounds.iter().all(|round| round.executor > 0.0 && round.against > 0.0));
        let [executor, against] = &comparison.figures["instructions"];
        assert!(executor.as_ref().unwrap() < against.as_ref().unwrap());
    }

    #[test]
    fn wrong_output_is_reported_and_not_timed() {
        let program = program("print(1)\nprint(2)\n", Some("1\n3\n"));
        let (register, stack) = (Configuration::of("register").unwrap(), Configuration::of("stack").unwrap());
        let comparison = compare(&program, [&register, &stack], PLAN, &mut || {});
        assert_eq!(comparison.wrong.as_deref(), Some("register: line 2 of the output is \"2\", not \"3\""));
        assert!(comparison.rounds.is_empty());
    }

    #[test]
    fn programs_that_fail_alike_agree() {
        let program = program("print(1)\nthrow \"end\"\n", None);
        let (ast, stack) = (Configuration::of("ast").unwrap(), Configuration::of("stack").unwrap());
        let comparison = compare(&program, [&ast, &stack], PLAN, &mut || {});
        assert_eq!(comparison.wrong, None);
        assert_eq!(comparison.figures["instructions"][0], Err("executor 'ast' runs no instructions".to_string()));
    }
}
