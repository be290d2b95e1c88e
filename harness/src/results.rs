//! Result files: a manifest, a row for each workload, and a last row for their geometric mean.
//!
//! Everything a table or a paper shows is computed from these; the samples are kept, so nothing has to be measured again to look at it in
//! another way. A figure that cannot be had is `null`, with the reason under its name in `unavailable`.

use std::collections::BTreeMap;

use engine::random::Random;
use engine::{Configuration, axes};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::environment::Environment;
use crate::measure::{Comparison, seed_for};
use crate::metrics::METRICS;
use crate::statistics::{self, Estimate, Round};

/// Name of the last row.
pub const GEOMEAN: &str = "geomean";

/// A result file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Results {
    /// Where the figures come from.
    pub manifest: Manifest,
    /// A row for each workload, then the geometric mean.
    pub rows: Vec<Row>,
}

/// Where figures come from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// The command, without the path of the binary.
    pub command: Vec<String>,
    /// The machine and the build.
    pub environment: Environment,
    /// Configuration that is measured, axis by axis.
    pub executor: BTreeMap<String, String>,
    /// Configuration it is compared with.
    pub against: BTreeMap<String, String>,
    /// Size of the workloads: `small` or `full`.
    pub size: String,
    /// Rounds asked for.
    pub rounds: usize,
    /// Seed of orders and resamples.
    pub seed: u64,
    /// What is timed.
    pub timed: String,
    /// How intervals are made.
    pub intervals: String,
    /// Seconds the measuring took.
    pub duration_s: f64,
}

/// One workload.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Row {
    /// Its name, or `geomean`.
    pub workload: String,
    /// The executor of interest.
    pub executor: String,
    /// The executor it is compared with.
    pub against: String,
    /// Whether both gave the right answer every time.
    pub agrees: bool,
    /// What the interval says: `faster`, `slower`, `no difference` or `unknown`.
    pub verdict: String,
    /// Median time of a run.
    pub median_ns: Option<f64>,
    /// The same of the other side.
    pub against_median_ns: Option<f64>,
    /// `against_median_ns` over `median_ns`.
    pub speedup: Option<f64>,
    /// Lower end of the speed-up's 95 % interval.
    pub ci_low: Option<f64>,
    /// Upper end.
    pub ci_high: Option<f64>,
    /// Median distance from the median, over the median.
    pub spread: Option<f64>,
    /// The same of the other side.
    pub against_spread: Option<f64>,
    /// Metrics by name, those of the other side as `against_…`, and their ratio (executor over the other) as `…_ratio`.
    #[serde(flatten)]
    pub figures: BTreeMap<String, Value>,
    /// Times of the same work in other languages.
    pub peers: BTreeMap<String, Value>,
    /// Why figures are missing, by their name.
    pub unavailable: BTreeMap<String, String>,
    /// Runs behind each sample.
    pub runs_per_sample: u32,
    /// The same of the other side.
    pub against_runs_per_sample: u32,
    /// Every sample, in nanoseconds a run, in the order of the rounds.
    pub samples_ns: Vec<f64>,
    /// The same of the other side.
    pub against_samples_ns: Vec<f64>,
}

impl Row {
    /// A figure by its name.
    pub fn figure(&self, name: &str) -> Option<f64> {
        self.figures.get(name).and_then(Value::as_f64)
    }

    fn set_speedup(&mut self, estimate: Estimate) {
        self.speedup = Some(estimate.value);
        self.verdict = estimate.verdict().name().to_string();
        match estimate.interval {
            Some(interval) => (self.ci_low, self.ci_high) = (Some(interval.low), Some(interval.high)),
            None => {
                self.unavailable("ci_low ci_high", &format!("it takes {} rounds at least", statistics::FEWEST_ROUNDS))
            }
        }
    }

    /// Notes why these figures, named with spaces between them, are missing.
    fn unavailable(&mut self, names: &str, reason: &str) {
        for name in names.split(' ') {
            self.unavailable.insert(name.to_string(), reason.to_string());
        }
    }

    /// Its samples, round by round.
    pub fn rounds(&self) -> Vec<Round> {
        let pairs = self.samples_ns.iter().zip(&self.against_samples_ns);
        pairs.map(|(&executor, &against)| Round { executor, against }).collect()
    }
}

/// A configuration as it stands in a manifest.
pub fn describe(configuration: &Configuration) -> BTreeMap<String, String> {
    axes().iter().map(|axis| (axis.name.to_string(), axis.value(configuration))).collect()
}

/// The row of a workload.
pub fn row(workload: &str, configurations: [&Configuration; 2], comparison: &Comparison, seed: u64) -> Row {
    let mut row = Row {
        workload: workload.to_string(),
        executor: configurations[0].vm.to_string(),
        against: configurations[1].vm.to_string(),
        agrees: comparison.wrong.is_none(),
        verdict: statistics::Verdict::Unknown.name().to_string(),
        runs_per_sample: comparison.runs_per_sample[0],
        against_runs_per_sample: comparison.runs_per_sample[1],
        ..Row::default()
    };
    [row.samples_ns, row.against_samples_ns] = comparison.times();
    let mut random = Random::new(seed_for(seed, workload));
    match comparison.speedup(&mut random) {
        Some(estimate) => {
            row.median_ns = Some(statistics::median(&row.samples_ns));
            row.against_median_ns = Some(statistics::median(&row.against_samples_ns));
            row.spread = Some(statistics::relative_spread(&row.samples_ns));
            row.against_spread = Some(statistics::relative_spread(&row.against_samples_ns));
            row.set_speedup(estimate);
        }
        None => {
            let reason = comparison.wrong.as_deref().unwrap_or("nothing was timed");
            row.unavailable("median_ns against_median_ns speedup ci_low ci_high spread against_spread", reason);
        }
    }
    for metric in METRICS {
        let names = [metric.name.to_string(), format!("against_{}", metric.name)];
        let missing = || [Err("the program was not run".to_string()), Err("the program was not run".to_string())];
        let figures = comparison.figures.get(metric.name).cloned().unwrap_or_else(missing);
        let ratio = match &figures {
            [Ok(executor), Ok(against)] if *against != 0 => Some(*executor as f64 / *against as f64),
            _ => None,
        };
        for (name, figure) in names.into_iter().zip(figures) {
            match figure {
                Ok(figure) => row.figures.insert(name, figure.into()),
                Err(reason) => {
                    row.unavailable(&name, &reason);
                    row.figures.insert(name, Value::Null)
                }
            };
        }
        let name = format!("{}_ratio", metric.name);
        if ratio.is_none() {
            row.unavailable(&name, "one side has no such figure, or none to divide by");
        }
        row.figures.insert(name, ratio.into());
    }
    row
}

/// The last row: geometric means over the rows of workloads.
pub fn geomean(rows: &[Row], configurations: [&Configuration; 2], seed: u64) -> Row {
    let mut last = Row {
        workload: GEOMEAN.to_string(),
        executor: configurations[0].vm.to_string(),
        against: configurations[1].vm.to_string(),
        agrees: rows.iter().all(|row| row.agrees),
        verdict: statistics::Verdict::Unknown.name().to_string(),
        ..Row::default()
    };
    let rounds: Vec<Vec<Round>> = rows.iter().map(Row::rounds).filter(|rounds| !rounds.is_empty()).collect();
    let all = "a mean of times over different programs means nothing; see the ratios";
    last.unavailable("median_ns against_median_ns spread against_spread", all);
    if rounds.is_empty() {
        last.unavailable("speedup ci_low ci_high", "nothing was timed");
    } else {
        let rounds: Vec<&[Round]> = rounds.iter().map(Vec::as_slice).collect();
        last.set_speedup(statistics::geometric_mean_speedup(&rounds, &mut Random::new(seed_for(seed, GEOMEAN))));
    }
    for metric in METRICS {
        for name in [metric.name.to_string(), format!("against_{}", metric.name)] {
            last.unavailable(&name, all);
            last.figures.insert(name, Value::Null);
        }
        let name = format!("{}_ratio", metric.name);
        // A ratio of 0 (a program that allocates nothing, say) has no logarithm.
        let ratios: Vec<f64> = rows.iter().filter_map(|row| row.figure(&name)).filter(|&ratio| ratio > 0.0).collect();
        if ratios.is_empty() {
            last.unavailable(&name, "no workload has it");
            last.figures.insert(name, Value::Null);
        } else {
            last.figures.insert(name, statistics::geometric_mean(&ratios).into());
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comparison(scale: f64) -> Comparison {
        let rounds =
            (0..8).map(|i| Round { executor: 100.0 + f64::from(i), against: scale * (100.0 + f64::from(i)) }).collect();
        let mut comparison = Comparison { rounds, runs_per_sample: [1, 1], ..Comparison::default() };
        for metric in METRICS {
            comparison.figures.insert(metric.name, [Ok(50), Ok(100)]);
        }
        comparison.figures.insert("code_bytes", [Err("no code".to_string()), Ok(5)]);
        comparison
    }

    fn sides() -> [Configuration; 2] {
        [Configuration::of("register").unwrap(), Configuration::of("stack").unwrap()]
    }

    #[test]
    fn rows_have_what_the_contract_names() {
        let [register, stack] = sides();
        let row = row("fib", [&register, &stack], &comparison(2.0), 1);
        let value = serde_json::to_value(&row).unwrap();
        for name in [
            "workload",
            "executor",
            "against",
            "agrees",
            "median_ns",
            "against_median_ns",
            "speedup",
            "ci_low",
            "ci_high",
            "instructions",
            "against_instructions",
            "code_bytes",
            "against_code_bytes",
            "peak_heap_bytes",
            "against_peak_heap_bytes",
            "peers",
            "unavailable",
        ] {
            assert!(value.get(name).is_some(), "{name}");
        }
        assert_eq!(value["speedup"], 2.0);
        assert_eq!(value["verdict"], "faster");
        assert_eq!(value["instructions_ratio"], 0.5);
        assert_eq!(value["code_bytes"], Value::Null);
        assert_eq!(value["unavailable"]["code_bytes"], "no code");
        assert!(value["unavailable"].get("against_code_bytes").is_none());
        let back: Row = serde_json::from_value(value).unwrap();
        assert_eq!(back.figure("instructions"), Some(50.0));
        assert_eq!(back.samples_ns, row.samples_ns);
    }

    #[test]
    fn geomean_is_over_the_rows() {
        let [register, stack] = sides();
        let rows: Vec<Row> = [("a", 2.0), ("b", 8.0)]
            .iter()
            .map(|&(name, scale)| row(name, [&register, &stack], &comparison(scale), 1))
            .collect();
        let last = geomean(&rows, [&register, &stack], 1);
        assert_eq!(last.workload, "geomean");
        assert!((last.speedup.unwrap() - 4.0).abs() < 1e-9);
        assert_eq!(last.figure("instructions_ratio"), Some(0.5));
        assert_eq!(last.figure("instructions"), None);
        assert!(last.unavailable.contains_key("median_ns") && last.unavailable.contains_key("code_bytes_ratio"));
        assert!(last.agrees);
    }

    #[test]
    fn wrong_answers_leave_no_times() {
        let [register, stack] = sides();
        let wrong = Comparison { wrong: Some("line 1 differs".to_string()), ..Comparison::default() };
        let row = row("fib", [&register, &stack], &wrong, 1);
        assert!(!row.agrees && row.speedup.is_none());
        assert_eq!(row.unavailable["speedup"], "line 1 differs");
        assert!(!geomean(&[row], [&register, &stack], 1).agrees);
    }
}
