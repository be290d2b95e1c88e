//! Result files: a manifest, a row for each workload, and a last row for their geometric mean.
//!
//! Everything a table or a paper shows is computed from these; the samples are kept, so nothing has to be measured again to look at it in
//! another way. A figure that cannot be had is `null`, with the reason under its name in `unavailable`.
//!
//! The two sides of a comparison have the figures of a row to themselves. Others that took part in its rounds, further configurations and
//! other languages, stand in `peers`: under each name an object of [`PeerFigures`], or `null`, with the reason under `peers.NAME` in
//! `unavailable`. The geometric mean of a language is over the kernels, which do the same work in every language; that of a configuration is over
//! all workloads.

use std::collections::BTreeMap;

use engine::random::Random;
use engine::{Configuration, axes};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::environment::Environment;
use crate::measure::{Comparison, Field, Obstacle, Other, Times, seed_for};
use crate::metrics::METRICS;
use crate::statistics::{self, Estimate, Round};

/// Name of the last row.
pub const GEOMEAN: &str = "geomean";

/// Kind of the workloads that are the same work in every language.
const KERNEL: &str = "kernel";

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
    /// Whoever else took part, in the order of the tables.
    #[serde(default)]
    pub peers: Vec<PeerEntry>,
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

/// Somebody who took part besides the two sides.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct PeerEntry {
    /// Its name in `peers` of each row.
    pub name: String,
    /// The configuration, axis by axis, if it is one of our own.
    pub configuration: Option<BTreeMap<String, String>>,
    /// The version of a language's implementation.
    pub version: Option<String>,
    /// How its process is started, without the names of files; empty for what runs in this process.
    pub command: Vec<String>,
    /// Why it took no part.
    pub unavailable: Option<String>,
}

/// How one of the others did on a workload.
///
/// A ratio is the time of one of the two sides over the time of this one: below 1, the side is faster. Intervals are of the same kind
/// as that of the speed-up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PeerFigures {
    /// Median time of a run.
    pub median_ns: Option<f64>,
    /// Median distance from the median, over the median.
    pub spread: Option<f64>,
    /// The executor's median over this one's.
    pub ratio: Option<f64>,
    /// Lower end of the ratio's 95 % interval.
    pub ci_low: Option<f64>,
    /// Upper end.
    pub ci_high: Option<f64>,
    /// The other side's median over this one's.
    pub against_ratio: Option<f64>,
    /// Lower end of that ratio's 95 % interval.
    pub against_ci_low: Option<f64>,
    /// Upper end.
    pub against_ci_high: Option<f64>,
    /// How many workloads a geometric mean is over; 1 for a workload.
    pub workloads: usize,
    /// Runs behind each sample.
    pub runs_per_sample: u32,
    /// Every sample, in nanoseconds a run, in the order of the rounds.
    pub samples_ns: Vec<f64>,
}

/// One workload.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Row {
    /// Its name, or `geomean`.
    pub workload: String,
    /// `kernel`, `program`, `contract` or `operation` for a bundled one, and empty for others.
    #[serde(default)]
    pub kind: String,
    /// The argument it was run with, which for a bundled one is its size; empty if there was none.
    #[serde(default)]
    pub argument: String,
    /// The executor of interest.
    pub executor: String,
    /// The executor it is compared with.
    pub against: String,
    /// Whether both sides, and all other configurations, gave the right answer every time.
    pub agrees: bool,
    /// What became of it: `timed`, `wrong answer`, `fails` (the program, on both sides alike), or `cannot run` (one of the sides).
    #[serde(default = "timed")]
    pub status: String,
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
    /// Times of further configurations, and of the same work in other languages.
    pub peers: BTreeMap<String, Option<PeerFigures>>,
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

/// The status of a row with times.
pub const TIMED: &str = "timed";

fn timed() -> String {
    TIMED.to_string()
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

    /// The samples of whoever took part: `executor`, `against`, or a name in `peers`.
    pub fn samples(&self, who: &str) -> Option<&[f64]> {
        let samples = match who {
            "executor" => &self.samples_ns,
            "against" => &self.against_samples_ns,
            name => &self.peers.get(name)?.as_ref()?.samples_ns,
        };
        (!samples.is_empty()).then_some(samples)
    }

    /// The rounds behind the time of one over the time of another, as [`statistics::speedup`] takes them.
    pub fn ratio_rounds(&self, numerator: &str, denominator: &str) -> Option<Vec<Round>> {
        let pairs = self.samples(denominator)?.iter().zip(self.samples(numerator)?);
        Some(pairs.map(|(&executor, &against)| Round { executor, against }).collect())
    }
}

impl PeerFigures {
    fn new(times: &Times) -> Self {
        Self {
            median_ns: Some(statistics::median(&times.samples)),
            spread: statistics::relative_spread(&times.samples),
            workloads: 1,
            runs_per_sample: times.runs_per_sample,
            samples_ns: times.samples.clone(),
            ..Self::default()
        }
    }

    fn set_ratios(&mut self, [executor, against]: [Estimate; 2]) {
        let ends = |estimate: Estimate| estimate.interval.map(|interval| (interval.low, interval.high)).unzip();
        self.ratio = Some(executor.value);
        (self.ci_low, self.ci_high) = ends(executor);
        self.against_ratio = Some(against.value);
        (self.against_ci_low, self.against_ci_high) = ends(against);
    }
}

/// The others as they stand in a manifest.
pub fn peer_entries(field: &Field) -> Vec<PeerEntry> {
    let own = field.also.iter().map(|configuration| PeerEntry {
        name: configuration.to_string(),
        configuration: Some(describe(configuration)),
        ..PeerEntry::default()
    });
    let peers = field.peers.iter().map(|(name, peer)| {
        let name = name.clone();
        match peer {
            Ok(peer) => PeerEntry {
                name,
                version: Some(peer.version.clone()),
                command: peer.command.clone(),
                ..PeerEntry::default()
            },
            Err(reason) => PeerEntry { name, unavailable: Some(reason.clone()), ..PeerEntry::default() },
        }
    });
    own.chain(peers).collect()
}

/// A configuration as it stands in a manifest.
pub fn describe(configuration: &Configuration) -> BTreeMap<String, String> {
    axes().iter().map(|axis| (axis.name.to_string(), axis.value(configuration))).collect()
}

/// The row of a workload of this kind.
pub fn row(workload: &str, kind: &str, configurations: [&Configuration; 2], comparison: &Comparison, seed: u64) -> Row {
    let mut row = Row {
        workload: workload.to_string(),
        kind: kind.to_string(),
        executor: configurations[0].vm.to_string(),
        against: configurations[1].vm.to_string(),
        agrees: matches!(comparison.obstacle, None | Some(Obstacle::Fails(_)))
            && !comparison.others.iter().any(|other| other.is_wrong),
        status: comparison.obstacle.as_ref().map_or(TIMED, Obstacle::status).to_string(),
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
            row.spread = statistics::relative_spread(&row.samples_ns);
            row.against_spread = statistics::relative_spread(&row.against_samples_ns);
            if row.spread.is_none() {
                let reason = format!("it takes {} rounds at least", statistics::FEWEST_FOR_SPREAD);
                row.unavailable("spread against_spread", &reason);
            }
            row.set_speedup(estimate);
        }
        None => {
            let reason = comparison.obstacle.as_ref().map_or("nothing was timed", Obstacle::reason);
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
    for other in &comparison.others {
        add_other(&mut row, other, seed);
    }
    row
}

/// Notes how one of the others did.
fn add_other(row: &mut Row, other: &Other, seed: u64) {
    let name = &other.name;
    match &other.times {
        Ok(times) => {
            row.peers.insert(name.clone(), Some(PeerFigures::new(times)));
            let random = &mut Random::new(seed_for(seed, &format!("{} {name}", row.workload)));
            let estimates = ["executor", "against"].map(|side| {
                let rounds = row.ratio_rounds(side, name).unwrap_or_default();
                statistics::speedup(&rounds, random)
            });
            if let Some(Some(figures)) = row.peers.get_mut(name) {
                figures.set_ratios(estimates);
            }
        }
        Err(reason) => {
            row.peers.insert(name.clone(), None);
            row.unavailable.insert(format!("peers.{name}"), reason.clone());
        }
    }
}

/// The last row: geometric means over the rows of workloads.
pub fn geomean(rows: &[Row], configurations: [&Configuration; 2], peers: &[PeerEntry], seed: u64) -> Row {
    let mut last = Row {
        workload: GEOMEAN.to_string(),
        executor: configurations[0].vm.to_string(),
        against: configurations[1].vm.to_string(),
        agrees: rows.iter().all(|row| row.agrees),
        status: timed(),
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
    for peer in peers {
        let figures = peer_geomean(rows, peer, seed);
        if figures.is_none() {
            let nothing = "no kernel was timed".to_string();
            let reason = peer.unavailable.clone().unwrap_or(nothing);
            last.unavailable.insert(format!("peers.{}", peer.name), reason);
        }
        last.peers.insert(peer.name.clone(), figures);
    }
    last
}

/// Geometric means of the ratios to one of the others, over the workloads that it has times of.
fn peer_geomean(rows: &[Row], peer: &PeerEntry, seed: u64) -> Option<PeerFigures> {
    let is_language = peer.configuration.is_none();
    let rows: Vec<&Row> = rows
        .iter()
        .filter(|row| row.kind == KERNEL || !is_language)
        .filter(|row| row.samples(&peer.name).is_some())
        .collect();
    if rows.is_empty() {
        return None;
    }
    let random = &mut Random::new(seed_for(seed, &format!("{GEOMEAN} {}", peer.name)));
    let mut figures = PeerFigures { workloads: rows.len(), ..PeerFigures::default() };
    figures.set_ratios(["executor", "against"].map(|side| {
        let rounds: Vec<Vec<Round>> = rows.iter().filter_map(|row| row.ratio_rounds(side, &peer.name)).collect();
        let rounds: Vec<&[Round]> = rounds.iter().map(Vec::as_slice).collect();
        statistics::geometric_mean_speedup(&rounds, random)
    }));
    Some(figures)
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
        let row = row("fib", KERNEL, [&register, &stack], &comparison(2.0), 1);
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
    fn failing_programs_and_single_rounds_lack_figures_with_a_reason() {
        let [register, stack] = sides();
        let obstacle = Some(Obstacle::Fails("arithmetic error: Division by zero".to_string()));
        let fails = row("mine", "", [&register, &stack], &Comparison { obstacle, ..Comparison::default() }, 1);
        assert!(fails.agrees && fails.speedup.is_none() && fails.status == "fails");
        assert!(fails.unavailable["speedup"].contains("Division by zero"));
        let mut once = comparison(2.0);
        once.rounds.truncate(1);
        let once = row("mine", "", [&register, &stack], &once, 1);
        assert_eq!((once.spread, once.against_spread, once.status.as_str()), (None, None, TIMED));
        assert!(once.unavailable["spread"].contains("2 rounds") && once.median_ns.is_some());
    }

    #[test]
    fn geomean_is_over_the_rows() {
        let [register, stack] = sides();
        let rows: Vec<Row> = [("a", 2.0), ("b", 8.0)]
            .iter()
            .map(|&(name, scale)| row(name, KERNEL, [&register, &stack], &comparison(scale), 1))
            .collect();
        let last = geomean(&rows, [&register, &stack], &[], 1);
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
        let obstacle = Some(Obstacle::Wrong("line 1 differs".to_string()));
        let wrong = Comparison { obstacle, ..Comparison::default() };
        let row = row("fib", KERNEL, [&register, &stack], &wrong, 1);
        assert!(!row.agrees && row.speedup.is_none() && row.status == "wrong answer");
        assert_eq!(row.unavailable["speedup"], "line 1 differs");
        assert!(!geomean(&[row], [&register, &stack], &[], 1).agrees);
    }

    /// A comparison in whose rounds `lua` takes twice the executor's time, a configuration half of it, and `node` has died.
    fn comparison_with_others(scale: f64) -> Comparison {
        let mut comparison = comparison(scale);
        let times = |factor: f64| {
            let samples = comparison.rounds.iter().map(|round| factor * round.executor).collect();
            Ok(Times { samples, runs_per_sample: 3 })
        };
        comparison.others = vec![
            Other { name: "register registers=8".to_string(), is_own: true, times: times(0.5), is_wrong: false },
            Other { name: "lua".to_string(), is_own: false, times: times(2.0), is_wrong: false },
            Other {
                name: "node".to_string(),
                is_own: false,
                times: Err("its process died".to_string()),
                is_wrong: false,
            },
        ];
        comparison
    }

    fn entries() -> Vec<PeerEntry> {
        let own = PeerEntry {
            name: "register registers=8".to_string(),
            configuration: Some(BTreeMap::new()),
            ..PeerEntry::default()
        };
        let language = |name: &str| PeerEntry { name: name.to_string(), ..PeerEntry::default() };
        vec![own, language("lua"), language("node")]
    }

    #[test]
    fn peers_have_the_time_of_both_sides_relative_to_them() {
        let [register, stack] = sides();
        let row = row("fib", KERNEL, [&register, &stack], &comparison_with_others(3.0), 1);
        let value = serde_json::to_value(&row).unwrap();
        let lua = &value["peers"]["lua"];
        let number = |name: &str| lua[name].as_f64().unwrap_or_else(|| panic!("{name} in {lua}"));
        assert_eq!((number("ratio"), number("against_ratio"), number("median_ns")), (0.5, 1.5, 207.0));
        assert!(number("ci_low") <= 0.5 && number("ci_high") >= 0.5 && number("against_ci_low") <= 1.5);
        assert_eq!(lua["samples_ns"].as_array().unwrap().len(), 8);
        assert_eq!(value["peers"]["register registers=8"]["ratio"], 2.0);
        assert_eq!(value["peers"]["node"], Value::Null);
        assert_eq!(value["unavailable"]["peers.node"], "its process died");
        assert!(row.agrees, "another language that fails is no disagreement of ours");
        let back: Row = serde_json::from_value(value).unwrap();
        assert_eq!(back.peers, row.peers);
    }

    #[test]
    fn geomeans_of_languages_are_over_the_kernels() {
        let [register, stack] = sides();
        let of =
            |name: &str, kind: &str, scale| row(name, kind, [&register, &stack], &comparison_with_others(scale), 1);
        let rows = [of("fib", KERNEL, 2.0), of("map", KERNEL, 8.0), of("bank", "program", 1.0)];
        let last = geomean(&rows, [&register, &stack], &entries(), 1);
        let lua = last.peers["lua"].as_ref().unwrap();
        assert_eq!((lua.workloads, lua.median_ns), (2, None));
        assert!((lua.ratio.unwrap() - 0.5).abs() < 1e-9 && (lua.against_ratio.unwrap() - 2.0).abs() < 1e-9);
        assert!(lua.ci_low.is_some() && lua.against_ci_high.is_some());
        assert_eq!(last.peers["register registers=8"].as_ref().unwrap().workloads, 3);
        assert_eq!(last.peers["node"], None);
        assert_eq!(last.unavailable["peers.node"], "no kernel was timed");
    }

    #[test]
    fn a_configuration_that_fails_is_a_disagreement() {
        let [register, stack] = sides();
        let mut comparison = comparison_with_others(2.0);
        comparison.others[0].times = Err("register registers=8 gave another answer than before".to_string());
        comparison.others[0].is_wrong = true;
        let row = row("fib", KERNEL, [&register, &stack], &comparison, 1);
        assert!(!row.agrees && row.speedup.is_some());
    }
}
