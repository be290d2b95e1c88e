//! Warm-up: how long each run of a program takes from the first on, and whether that settles.
//!
//! An *invocation* makes a program ready anew and runs it many times in a row; each run is an *iteration*. Nothing is kept from one invocation to the next: native
//! code that was made in an earlier one is not taken again. The method is that of Barrett, Bolz-Tereick, Killick, Mount and Tratt, *Virtual Machine Warmup Blows Hot and Cold*
//! (OOPSLA 2017): iterations are cut into segments in which times do not change, and how the segments follow upon each other says what kind of warm-up it was.
//!
//! 1. Outliers are set aside: iterations that took longer than the median of those around them by more than [`OUTLIER`] times the distance of their 10 % and 90 % quantiles.
//! 2. The rest is cut where mean or variance change: the cut with the least sum of costs, a segment's cost being twice its negative log-likelihood as normal noise, and each
//!    further segment costing [`PENALTY`] times the logarithm of their number. All cuts are compared (Jackson et al., *An Algorithm for
//!    Optimal Partitioning of Data on an Interval*, IEEE Signal Processing Letters 12, 2005).
//! 3. Segments whose mean is within a standard deviation of the last one's, or within [`TOLERANCE`] of it, are as fast as the last one.

use std::collections::BTreeMap;

use engine::{Capture, Compiled, Configuration, find_executor};
use runtime::RunOptions;
use serde::{Deserialize, Serialize};

use crate::contestant::wrong_output;
use crate::environment::Environment;
use crate::measure::Program;
use crate::statistics::{median, quantile};

/// How far from those around them outliers are.
pub const OUTLIER: f64 = 3.0;
/// Iterations around one that say whether it is an outlier.
const WINDOW: usize = 51;
/// What a further segment costs, times the logarithm of how many iterations there are.
pub const PENALTY: f64 = 15.0;
/// The fewest iterations of a segment.
const SHORTEST: usize = 4;
/// Means that differ by so little are the same.
pub const TOLERANCE: f64 = 0.02;
/// A last segment that is a smaller part of the iterations is no steady state: a quarter, as in the paper.
const STEADY: usize = 4;

/// What kind of warm-up an invocation showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// All segments are as fast as the last one.
    Flat,
    /// Those that are not as fast as the last one are slower.
    WarmUp,
    /// One is faster than the last one.
    SlowDown,
    /// The times change until shortly before the end.
    NoSteadyState,
}

impl Class {
    /// All classes.
    pub const ALL: [Self; 4] = [Self::Flat, Self::WarmUp, Self::SlowDown, Self::NoSteadyState];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flat => "flat",
            Self::WarmUp => "warm-up",
            Self::SlowDown => "slow-down",
            Self::NoSteadyState => "no steady state",
        }
    }
}

/// What an invocation came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Invocation {
    /// Its class.
    pub class: Class,
    /// The iteration from which on it was as fast as at the end.
    pub settled: usize,
    /// Mean time of an iteration since then, outliers left out, in nanoseconds.
    pub steady_ns: f64,
    /// What the iterations up to then took longer than as many of the later ones, in nanoseconds; below 0 if they were faster.
    pub warm_up_ns: f64,
}

/// A program under a configuration.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Curve {
    /// The program's name.
    pub program: String,
    /// The configuration.
    pub configuration: String,
    /// The class of all invocations; none if they are not of one.
    pub class: Option<Class>,
    /// Each invocation.
    pub invocations: Vec<Invocation>,
    /// Time of each iteration in nanoseconds, the median over the invocations.
    pub median_ns: Vec<f64>,
    /// What native code was made and how it was left, in the last invocation; none where none ever is.
    pub native: Option<Native>,
}

/// Native code of an invocation. Figures of tiers are of the first, then of the second one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Native {
    /// Compilations.
    pub compilations: [u64; 2],
    /// Register instructions that were compiled.
    pub instructions: [u64; 2],
    /// Bytes of machine code.
    pub bytes: [u64; 2],
    /// Time of compiling, in nanoseconds.
    pub time_ns: [u64; 2],
    /// How often the interpreter went on in native code.
    pub entered: u64,
    /// Functions that were compiled again because an exit was taken often.
    pub recompilations: u64,
    /// How often native code was left, by cause.
    pub exits: BTreeMap<String, u64>,
    /// Functions that were given up on.
    pub given_up: usize,
}

impl From<jit::Statistics> for Native {
    fn from(statistics: jit::Statistics) -> Self {
        let mut exits = BTreeMap::new();
        for ((_, exit), taken) in &statistics.exits {
            *exits.entry(exit.cause.name().to_string()).or_default() += taken;
        }
        Self {
            compilations: statistics.compilations,
            instructions: statistics.instructions,
            bytes: statistics.bytes,
            time_ns: statistics.times.map(|time| time.as_nanos() as u64),
            entered: statistics.entered,
            recompilations: statistics.recompilations,
            exits,
            given_up: statistics.given_up.len(),
        }
    }
}

/// A result file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Warmup {
    /// How it was made.
    pub warmup: Manifest,
    /// A curve for each program and configuration.
    pub curves: Vec<Curve>,
}

/// How the curves were made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// The command, without the path of the binary.
    pub command: Vec<String>,
    /// The machine and the build.
    pub environment: Environment,
    /// Iterations of each invocation.
    pub iterations: usize,
    /// Invocations of each program under each configuration.
    pub invocations: usize,
    /// Size of the programs.
    pub size: String,
    /// Seconds it took.
    pub duration_s: f64,
}

/// Runs a program so many times under each configuration, in so many invocations, whose order goes round the configurations.
///
/// # Errors
/// When a run fails or gives a wrong answer.
pub fn curves(
    program: &Program,
    configurations: &[Configuration],
    iterations: usize,
    invocations: usize,
) -> Result<Vec<Curve>, String> {
    let mut found = vec![(Vec::with_capacity(invocations), None); configurations.len()];
    for _ in 0..invocations {
        for (configuration, (times, native)) in configurations.iter().zip(&mut found) {
            let (of_iterations, made) = invoke(program, configuration, iterations)?;
            times.push(of_iterations);
            *native = made;
        }
    }
    let curve = |(configuration, (times, native)): (&Configuration, (Vec<Vec<f64>>, Option<Native>))| {
        let invocations: Vec<Invocation> = times.iter().map(|times| classify(times)).collect();
        let class = invocations[0].class;
        let at = |iteration: usize| median(&times.iter().map(|times| times[iteration]).collect::<Vec<_>>());
        Curve {
            program: program.name.clone(),
            configuration: configuration.to_string(),
            class: invocations.iter().all(|invocation| invocation.class == class).then_some(class),
            median_ns: (0..iterations).map(at).collect(),
            invocations,
            native,
        }
    };
    Ok(configurations.iter().zip(found).map(curve).collect())
}

/// Times of the iterations of one invocation, in nanoseconds, and what native code was made.
fn invoke(
    program: &Program,
    configuration: &Configuration,
    iterations: usize,
) -> Result<(Vec<f64>, Option<Native>), String> {
    let configuration = &Configuration { jit_reuse: false, ..configuration.clone() };
    let executor = find_executor(configuration.vm).ok_or("the executor does not exist")?;
    let compiled: &Compiled = &program.compiled;
    let prepared = executor.prepare(compiled, configuration).map_err(|error| error.to_string())?;
    let capture = Capture::new();
    let mut times = Vec::with_capacity(iterations);
    for _ in 0..iterations {
        let options = RunOptions {
            arguments: program.arguments.clone(),
            output: capture.writer(),
            ..configuration.run_options()
        };
        let outcome = prepared.run(options);
        times.push(outcome.time.as_nanos() as f64);
        let output = capture.take();
        if let Err(failure) = outcome.result {
            return Err(format!("{configuration}: {} error: {}", failure.kind.name(), failure.message));
        }
        if let Some(problem) = program.expected.as_ref().and_then(|expected| wrong_output(&output, expected.as_bytes()))
        {
            return Err(format!("{configuration}: {problem}"));
        }
    }
    Ok((times, prepared.native().map(Native::from)))
}

/// Which iterations are no outliers.
fn usual(times: &[f64]) -> Vec<usize> {
    let is_usual = |&at: &usize| {
        let first = at.saturating_sub(WINDOW / 2).min(times.len().saturating_sub(WINDOW));
        let mut around = times[first..(first + WINDOW).min(times.len())].to_vec();
        around.sort_by(f64::total_cmp);
        let reach = OUTLIER * (quantile(&around, 0.9) - quantile(&around, 0.1));
        times[at] <= quantile(&around, 0.5) + reach
    };
    (0..times.len()).filter(is_usual).collect()
}

/// A part of the iterations, by their numbers among those that are no outliers.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Segment {
    start: usize,
    end: usize,
    mean: f64,
    deviation: f64,
}

/// Cuts times into segments.
fn segments(times: &[f64]) -> Vec<Segment> {
    let count = times.len();
    // From the mean of all, so that squares do not swallow small differences.
    let middle = times.iter().sum::<f64>() / count.max(1) as f64;
    let (mut sums, mut squares) = (vec![0.0], vec![0.0]);
    for (at, time) in times.iter().map(|time| time - middle).enumerate() {
        sums.push(sums[at] + time);
        squares.push(squares[at] + time * time);
    }
    let segment = |start: usize, end: usize| {
        let count = (end - start) as f64;
        let mean = (sums[end] - sums[start]) / count;
        let variance = ((squares[end] - squares[start]) / count - mean * mean).max(0.0);
        Segment { start, end, mean: middle + mean, deviation: variance.sqrt() }
    };
    // A clock does not tell better than so.
    let least = (1e-3 * middle).powi(2).max(1.0);
    let cost = |start: usize, end: usize| {
        let variance = segment(start, end).deviation.powi(2).max(least);
        (end - start) as f64 * (variance.ln() + 1.0)
    };
    let penalty = PENALTY * (count.max(2) as f64).ln();
    // For each end the least cost of all before it, and where its last segment begins.
    let mut best = vec![(f64::INFINITY, 0); count + 1];
    best[0].0 = -penalty;
    for end in SHORTEST.min(count)..=count {
        for start in 0..=end.saturating_sub(SHORTEST) {
            let total = best[start].0 + penalty + cost(start, end.max(1));
            if total < best[end].0 {
                best[end] = (total, start);
            }
        }
    }
    let (mut found, mut end) = (Vec::new(), count);
    while end > 0 {
        let start = best[end].1;
        found.push(segment(start, end));
        end = start;
    }
    found.reverse();
    found
}

/// What the times of an invocation's iterations come to.
pub fn classify(times: &[f64]) -> Invocation {
    let usual = usual(times);
    let kept: Vec<f64> = usual.iter().map(|&at| times[at]).collect();
    let segments = segments(&kept);
    let Some(&last) = segments.last() else {
        return Invocation { class: Class::NoSteadyState, settled: 0, steady_ns: f64::NAN, warm_up_ns: 0.0 };
    };
    let reach = last.deviation.max(TOLERANCE * last.mean);
    let is_same = |segment: &Segment| (segment.mean - last.mean).abs() <= reach;
    let steady = segments.iter().rposition(|segment| !is_same(segment)).map_or(0, |other| other + 1);
    let first = segments[steady].start;
    let class = if kept.len() - first < times.len() / STEADY {
        Class::NoSteadyState
    } else if steady == 0 {
        Class::Flat
    } else if segments.iter().any(|segment| !is_same(segment) && segment.mean < last.mean) {
        Class::SlowDown
    } else {
        Class::WarmUp
    };
    let settled = if steady == 0 { 0 } else { usual[first] };
    let steady_ns = kept[first..].iter().sum::<f64>() / (kept.len() - first) as f64;
    let warm_up_ns = times[..settled].iter().map(|time| time - steady_ns).sum();
    Invocation { class, settled, steady_ns, warm_up_ns }
}

#[cfg(test)]
mod tests {
    use engine::random::Random;

    use super::{Class, classify, segments};

    /// Times around a level with some noise.
    fn around(random: &mut Random, level: f64, count: usize) -> Vec<f64> {
        (0..count).map(|_| level * (1.0 + 0.01 * (random.below(200) as f64 / 100.0 - 1.0))).collect()
    }

    #[test]
    fn levels_are_found() {
        let random = &mut Random::new(1);
        let times = [around(random, 9e5, 20), around(random, 3e5, 50), around(random, 1e5, 130)].concat();
        let cuts: Vec<usize> = segments(&times).iter().map(|segment| segment.start).collect();
        assert_eq!(cuts, [0, 20, 70]);
        assert_eq!(segments(&around(random, 5e4, 200)).len(), 1);
    }

    #[test]
    fn each_kind_is_told() {
        let random = &mut Random::new(2);
        let flat = classify(&around(random, 1e5, 200));
        assert_eq!((flat.class, flat.settled), (Class::Flat, 0));
        let warm = classify(&[around(random, 5e5, 30), around(random, 1e5, 170)].concat());
        assert_eq!((warm.class, warm.settled), (Class::WarmUp, 30));
        assert!((warm.warm_up_ns / (30.0 * 4e5) - 1.0).abs() < 0.05, "{warm:?}");
        let slow = classify(&[around(random, 1e5, 60), around(random, 2e5, 140)].concat());
        assert_eq!((slow.class, slow.settled), (Class::SlowDown, 60));
        assert!(slow.warm_up_ns < 0.0);
        let late = classify(&[around(random, 2e5, 180), around(random, 1e5, 20)].concat());
        assert_eq!(late.class, Class::NoSteadyState);
    }

    #[test]
    fn single_slow_iterations_are_no_warm_up() {
        let random = &mut Random::new(3);
        let mut times = around(random, 1e5, 200);
        for at in [0, 40, 77, 150, 199] {
            times[at] *= 20.0;
        }
        let found = classify(&times);
        assert_eq!((found.class, found.settled), (Class::Flat, 0));
        assert!((found.steady_ns / 1e5 - 1.0).abs() < 0.01);
    }

    #[test]
    fn few_iterations_are_one_segment() {
        assert_eq!(classify(&[3e5]).class, Class::Flat);
        assert_eq!(segments(&[1e5, 2e5, 3e5]).len(), 1);
    }
}
