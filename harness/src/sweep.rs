//! Sweeps: programs under every combination of some values of some axes.
//!
//! A [`Plan`] says which programs, which axes with which values, and what else holds for all runs. Each combination is a *point*. At each point
//! every program runs once with instructions counted, its answer checked; these figures are exact. A plan can ask for times besides: of
//! conversions, the shortest of several, and of runs, in rounds in which every point takes part in an order drawn anew.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use engine::workloads::{OPERATION, Size, workload, workloads};
use engine::{Configuration, ConfigurationError, EngineError};
use serde::{Deserialize, Serialize};

use crate::environment::Environment;
use crate::measure::{self, Field, Program};
use crate::metrics::METRICS;
use crate::statistics;

/// What to sweep, as a file says it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Names of bundled programs; all of them when there are none.
    #[serde(default)]
    pub programs: Vec<String>,
    /// Their size.
    #[serde(default)]
    pub size: PlanSize,
    /// How often each program is converted at each point, to time that.
    #[serde(default)]
    pub conversions: u32,
    /// Timed rounds; with 0 nothing is timed.
    #[serde(default)]
    pub rounds: u32,
    /// Seed of orders.
    #[serde(default = "one")]
    pub seed: u64,
    /// Axes that have the same value at every point.
    #[serde(default)]
    pub base: BTreeMap<String, AxisValue>,
    /// What is varied. The last one varies fastest.
    pub axes: Vec<PlanAxis>,
}

fn one() -> u64 {
    1
}

/// A size of programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PlanSize {
    /// For looks and for counts.
    #[default]
    Small,
    /// For times.
    Full,
}

/// An axis and the values it takes.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PlanAxis {
    /// Its name: an option of `harness run`.
    pub name: String,
    /// The values.
    pub values: Vec<AxisValue>,
}

/// A value of an axis: text or a number.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub enum AxisValue {
    /// A number.
    Number(u64),
    /// Text.
    Text(String),
}

impl std::fmt::Display for AxisValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// Why a plan cannot be carried out.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// It is no plan.
    #[error("{0}")]
    Syntax(#[from] toml::de::Error),
    /// An axis or value does not exist.
    #[error("{0}")]
    Configuration(#[from] ConfigurationError),
    /// A program does not exist.
    #[error("there is no workload '{name}'; there are: {known}")]
    NoProgram {
        /// What was asked for.
        name: String,
        /// What exists.
        known: String,
    },
    /// Something is there twice.
    #[error("'{0}' is given twice")]
    Twice(String),
    /// An axis has no values.
    #[error("the axis '{0}' has no values")]
    Empty(String),
    /// There is nothing to vary.
    #[error("a plan needs at least one [[axes]] with a name and values")]
    NoAxis,
    /// There are too many points.
    #[error("the axes have {0} combinations; {MOST_POINTS} are the most")]
    TooMany(usize),
}

/// The most points of a plan.
const MOST_POINTS: usize = 10_000;

/// A combination of values.
#[derive(Clone, Debug)]
pub struct Point {
    /// The values, in the order of the plan's axes.
    pub values: Vec<String>,
    /// How programs run there.
    pub configuration: Configuration,
}

impl Plan {
    /// Reads a plan.
    ///
    /// # Errors
    /// When it is none; the error shows the place.
    pub fn read(text: &str) -> Result<Self, PlanError> {
        Ok(toml::from_str(text)?)
    }

    /// Every combination.
    ///
    /// # Errors
    /// When an axis or a value does not exist, or there is nothing to vary.
    pub fn points(&self) -> Result<Vec<Point>, PlanError> {
        if self.axes.is_empty() {
            return Err(PlanError::NoAxis);
        }
        let mut seen: HashSet<&str> = self.base.keys().map(String::as_str).collect();
        let count = self.axes.iter().fold(1_usize, |count, axis| count.saturating_mul(axis.values.len()));
        if count > MOST_POINTS {
            return Err(PlanError::TooMany(count));
        }
        let mut base = Configuration::of("register")?;
        for (axis, value) in &self.base {
            base.set(axis, &value.to_string())?;
            crate::axes::time_by(&base);
        }
        let mut points = vec![Point { values: Vec::new(), configuration: base }];
        for axis in &self.axes {
            if !seen.insert(&axis.name) {
                return Err(PlanError::Twice(axis.name.clone()));
            }
            let mut values: HashSet<String> = HashSet::new();
            if let Some(twice) = axis.values.iter().find(|value| !values.insert(value.to_string())) {
                return Err(PlanError::Twice(format!("{} = {twice}", axis.name)));
            }
            if axis.values.is_empty() {
                return Err(PlanError::Empty(axis.name.clone()));
            }
            let mut more = Vec::with_capacity(points.len() * axis.values.len());
            for point in &points {
                for value in &axis.values {
                    let mut next = point.clone();
                    next.configuration.set(&axis.name, &value.to_string())?;
                    crate::axes::time_by(&next.configuration);
                    next.values.push(value.to_string());
                    more.push(next);
                }
            }
            points = more;
        }
        Ok(points)
    }

    /// The programs, compiled.
    ///
    /// # Errors
    /// When one does not exist or is there twice.
    pub fn programs(&self) -> Result<Vec<Program>, PlanError> {
        let size = match self.size {
            PlanSize::Small => Size::Small,
            PlanSize::Full => Size::Full,
        };
        let mut seen = HashSet::new();
        let mut programs = Vec::new();
        for name in &self.programs {
            if !seen.insert(name) {
                return Err(PlanError::Twice(name.clone()));
            }
            if workload(name).is_none() {
                let known: Vec<&str> = workloads().iter().map(|workload| workload.name.as_str()).collect();
                return Err(PlanError::NoProgram { name: name.clone(), known: known.join(", ") });
            }
        }
        let chosen = workloads().iter().filter(|workload| match &self.programs[..] {
            [] => workload.kind != OPERATION,
            names => names.contains(&workload.name),
        });
        for workload in chosen {
            let compiled: Result<Program, EngineError> = Program::bundled(workload, size);
            programs.push(compiled.expect("a test compiles every bundled program"));
        }
        Ok(programs)
    }
}

/// What a sweep found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sweep {
    /// How it was made.
    pub manifest: SweepManifest,
    /// Names of the programs: figures are in their order.
    pub programs: Vec<String>,
    /// Names of the phases of a conversion, in the order of their times.
    pub phases: Vec<String>,
    /// What was found at each point.
    pub points: Vec<Found>,
}

/// How a sweep was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SweepManifest {
    /// The command, without the path of the binary.
    pub command: Vec<String>,
    /// The machine and the build.
    pub environment: Environment,
    /// The plan.
    pub plan: Plan,
    /// Seconds it took.
    pub duration_s: f64,
}

/// What was found at one point.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Found {
    /// The values of the plan's axes.
    pub at: BTreeMap<String, String>,
    /// Figures by metric, one for each program; null where there is none, for the reason under the metric in `unavailable`.
    pub figures: BTreeMap<String, Vec<Option<u64>>>,
    /// Why figures are missing, by metric: the reason of the first program that lacks it.
    pub unavailable: BTreeMap<String, String>,
    /// For each program, nanoseconds of each phase of its conversion; nothing unless the plan asks for conversions.
    pub conversion_ns: Vec<Vec<u64>>,
    /// For each program, median nanoseconds of a run; nothing unless the plan asks for rounds.
    pub median_ns: Vec<f64>,
}

/// How long a sample lasts at least.
const SHORTEST_SAMPLE: Duration = Duration::from_millis(4);

/// Carries a plan out. `tick` is called with the name of each program that is done.
///
/// # Errors
/// When a program gives a wrong answer at a point.
pub fn sweep(
    plan: &Plan,
    points: &[Point],
    programs: &[Program],
    tick: &mut dyn FnMut(&str),
) -> Result<Vec<Found>, String> {
    let mut found: Vec<Found> = points.iter().map(|point| Found::nothing(plan, point)).collect();
    for program in programs {
        for (point, found) in points.iter().zip(&mut found) {
            let figures = measure::count(program, &point.configuration, plan.conversions)
                .map_err(|reason| format!("{} at {}: {reason}", program.name, point.values.join(", ")))?;
            found.add(figures);
        }
        if plan.rounds > 0 {
            for (time, found) in times(plan, points, program)?.into_iter().zip(&mut found) {
                found.median_ns.push(time);
            }
        }
        tick(&program.name);
    }
    Ok(found)
}

/// Median time of a program at each point.
fn times(plan: &Plan, points: &[Point], program: &Program) -> Result<Vec<f64>, String> {
    let configurations: Vec<Configuration> = points.iter().map(|point| point.configuration.clone()).collect();
    // A comparison has two sides; a single point is compared with itself.
    let sides = [configurations[0].clone(), configurations.get(1).unwrap_or(&configurations[0]).clone()];
    let field = Field { sides, also: configurations.iter().skip(2).cloned().collect(), peers: Vec::new() };
    let how = measure::Plan {
        rounds: plan.rounds as usize,
        seed: plan.seed,
        shortest_sample: SHORTEST_SAMPLE,
        patience: Duration::ZERO,
    };
    let comparison = measure::compare(program, &field, how, &mut || {});
    if let Some(obstacle) = comparison.obstacle {
        return Err(format!("{}: {}", program.name, obstacle.reason()));
    }
    let mut medians: Vec<f64> = comparison.times().iter().map(|times| statistics::median(times)).collect();
    for other in comparison.others {
        let times = other.times.map_err(|reason| format!("{}: {}: {reason}", program.name, other.name))?;
        medians.push(statistics::median(&times.samples));
    }
    medians.truncate(points.len());
    Ok(medians)
}

impl Found {
    fn nothing(plan: &Plan, point: &Point) -> Self {
        Self {
            at: plan.axes.iter().map(|axis| axis.name.clone()).zip(point.values.iter().cloned()).collect(),
            figures: METRICS.iter().map(|metric| (metric.name.to_string(), Vec::new())).collect(),
            unavailable: BTreeMap::new(),
            conversion_ns: Vec::new(),
            median_ns: Vec::new(),
        }
    }

    fn add(&mut self, figures: measure::Figures) {
        for (metric, figure) in figures.by_metric {
            if let Err(reason) = &figure {
                self.unavailable.entry(metric.to_string()).or_insert_with(|| reason.clone());
            }
            self.figures.entry(metric.to_string()).or_default().push(figure.ok());
        }
        self.conversion_ns.extend(figures.conversion_ns);
    }

    /// The figures of a metric, those of programs that have none left out; empty when there is no such metric.
    pub fn all(&self, metric: &str) -> Vec<f64> {
        self.figures.get(metric).into_iter().flatten().flatten().map(|&figure| figure as f64).collect()
    }

    /// For each program that has a figure at both points, both above 0: its index, and the figure here over that there.
    pub fn ratios(&self, base: &Self, metric: &str) -> Vec<(usize, f64)> {
        let of = |found: &Self| found.figures.get(metric).cloned().unwrap_or_default();
        let pairs = of(self).into_iter().zip(of(base)).enumerate();
        pairs
            .filter_map(|(at, (own, base))| {
                Some((at, own.filter(|&own| own > 0)? as f64 / base.filter(|&base| base > 0)? as f64))
            })
            .collect()
    }

    /// Geometric mean, over programs, of a figure here over the same figure at another point; those that are 0 at one of them left out.
    pub fn ratio(&self, base: &Self, metric: &str) -> Option<f64> {
        let ratios: Vec<f64> = self.ratios(base, metric).into_iter().map(|(_, ratio)| ratio).collect();
        (!ratios.is_empty()).then(|| statistics::geometric_mean(&ratios))
    }

    /// Mean, over programs, of a figure as a part of another one.
    pub fn share(&self, metric: &str, of: &str) -> Option<f64> {
        let own = self.figures.get(metric)?.iter().zip(self.figures.get(of)?);
        let shares: Vec<f64> =
            own.filter_map(|(part, whole)| Some((*part)? as f64 / whole.filter(|&whole| whole > 0)? as f64)).collect();
        (!shares.is_empty()).then(|| shares.iter().sum::<f64>() / shares.len() as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::{Plan, sweep};

    const SMALL: &str = "
programs = [\"fib\", \"sieve\"]
conversions = 1
[base]
vm = \"register\"
[[axes]]
name = \"allocator\"
values = [\"linear\", \"naive\"]
[[axes]]
name = \"registers\"
values = [8, 256]
";

    #[test]
    fn every_program_has_its_figures_at_every_point() {
        let plan = Plan::read(SMALL).unwrap();
        let (points, programs) = (plan.points().unwrap(), plan.programs().unwrap());
        let mut done = Vec::new();
        let found = sweep(&plan, &points, &programs, &mut |name| done.push(name.to_string())).unwrap();
        assert_eq!(done, ["fib", "sieve"]);
        let places: Vec<Vec<&str>> =
            found.iter().map(|found| found.at.values().map(String::as_str).collect()).collect();
        assert_eq!(places, [["linear", "8"], ["linear", "256"], ["naive", "8"], ["naive", "256"]]);
        for found in &found {
            assert!(found.figures.values().all(|figures| figures.len() == 2 && figures.iter().all(Option::is_some)));
            assert_eq!((found.conversion_ns.len(), found.median_ns.len()), (2, 0));
        }
        let (few, plenty) = (&found[2], &found[3]);
        assert!(few.ratio(plenty, "instructions").unwrap() >= 1.0);
        assert_eq!(plenty.share("reloads_run", "instructions"), Some(0.0));
        assert!(few.share("reloads_run", "instructions").unwrap() > 0.0);
    }

    #[test]
    fn times_are_measured_when_they_are_asked_for() {
        let text = "programs = [\"fib\"]\nrounds = 2\n[[axes]]\nname = \"registers\"\nvalues = [8, 16, 256]\n";
        let plan = Plan::read(text).unwrap();
        let found = sweep(&plan, &plan.points().unwrap(), &plan.programs().unwrap(), &mut |_| {}).unwrap();
        assert!(found.iter().all(|found| found.median_ns.len() == 1 && found.median_ns[0] > 0.0));
    }

    #[test]
    fn plans_that_cannot_be_carried_out_say_why() {
        let cases = [
            ("", "missing field `axes`"),
            ("axes = []", "at least one"),
            ("[[axes]]\nname = \"registers\"\nvalues = [8]\n[base]\nregister = 8", "there is no option 'register'"),
            ("[[axes]]\nname = \"registers\"\nvalues = [7]", "'7' is no value of --registers"),
            ("[[axes]]\nname = \"registers\"\nvalues = [8, 8]", "'registers = 8' is given twice"),
            ("[[axes]]\nname = \"registers\"\nvalues = []", "has no values"),
            ("[[axes]]\nname = \"registers\"\nvalues = [8]\n[base]\nregisters = 9", "'registers' is given twice"),
            ("sizes = \"small\"\naxes = []", "unknown field `sizes`"),
            ("size = \"medium\"\naxes = []", "unknown variant `medium`"),
            ("[[axes]\n", "line 1"),
        ];
        for (text, expected) in cases {
            let error = Plan::read(text).and_then(|plan| plan.points()).unwrap_err().to_string();
            assert!(error.contains(expected), "{text:?}: {error}");
        }
        let plan = Plan::read("programs = [\"fibb\"]\naxes = []").unwrap();
        assert!(plan.programs().unwrap_err().to_string().starts_with("there is no workload 'fibb'; there are: fib, "));
    }
}
