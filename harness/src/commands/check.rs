//! `harness check`: have machine instruction counts grown since the stored ones?
//!
//! The bench `callgrind` says what is counted. This builds it, runs each of its entries under callgrind, and compares.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{REGRESSION, Usage};
use crate::cli::CheckOptions;
use crate::environment::Environment;
use crate::metrics::Unit;
use crate::{tables, terminal};

/// Baselines there are, each a folder in `results/`.
const BASELINES: [&str; 1] = ["callgrind"];

/// Stored counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Baseline {
    /// What made the code that was counted. Counts of other toolchains are not comparable.
    toolchain: Toolchain,
    /// The commit that was counted.
    commit: Option<String>,
    /// When, in UTC.
    date: String,
    /// Model of the processor: the C library chooses some of its code by it.
    cpu: String,
    /// Machine instructions by name of the entry.
    instructions: BTreeMap<String, u64>,
}

/// What counts depend on besides the sources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Toolchain {
    rustc: String,
    llvm: String,
    target: String,
    flags: String,
    valgrind: String,
}

impl Toolchain {
    fn now() -> anyhow::Result<Self> {
        let compiler = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_string());
        let version = output(Command::new(&compiler).arg("-vV"))?;
        let field = |name: &str| {
            let line = version.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or("unknown").trim().to_string()
        };
        let valgrind = output(Command::new("valgrind").arg("--version"));
        Ok(Self {
            rustc: version.lines().next().unwrap_or("unknown").to_string(),
            llvm: field("LLVM version:"),
            target: field("host:"),
            flags: std::env::var("RUSTFLAGS").unwrap_or_default(),
            valgrind: valgrind.map_or("not installed".to_string(), |version| version.trim().to_string()),
        })
    }

    /// In what it differs from another: name, own value, the other's.
    fn differences(&self, other: &Self) -> Vec<(&'static str, String, String)> {
        let fields = [
            ("rustc", &self.rustc, &other.rustc),
            ("LLVM", &self.llvm, &other.llvm),
            ("target", &self.target, &other.target),
            ("RUSTFLAGS", &self.flags, &other.flags),
            ("valgrind", &self.valgrind, &other.valgrind),
        ];
        let differing = fields.into_iter().filter(|(_, own, others)| own != others);
        differing.map(|(name, own, others)| (name, own.clone(), others.clone())).collect()
    }
}

pub(super) fn run(options: &CheckOptions) -> anyhow::Result<ExitCode> {
    if !BASELINES.contains(&options.baseline.as_str()) {
        let known = BASELINES.join(", ");
        return Err(Usage(format!("there is no baseline '{}'; there are: {known}", options.baseline)).into());
    }
    let path = options.root.join("results").join(&options.baseline).join("baseline.json");
    let toolchain = Toolchain::now()?;
    let stored = if options.write { None } else { Some(read(&path)?) };
    if let Some(stored) = &stored {
        let differences = stored.toolchain.differences(&toolchain);
        if !differences.is_empty() && !options.force {
            terminal::print(&not_comparable(&differences))?;
            return Ok(ExitCode::SUCCESS);
        }
    }
    let counted = count_all(&options.root)?;
    let Some(stored) = stored else {
        let environment = Environment::now();
        let (commit, date, cpu) = (environment.commit, environment.date, environment.cpu);
        let baseline = Baseline { toolchain, commit, date, cpu, instructions: counted };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&path, format!("{}\n", serde_json::to_string_pretty(&baseline)?))?;
        terminal::print(&format!("{}: {} counts written\n", path.display(), baseline.instructions.len()))?;
        return Ok(ExitCode::SUCCESS);
    };
    let comparison = Comparison::new(&stored.instructions, &counted, options.tolerance / 100.0);
    terminal::print(&comparison.text(options.tolerance))?;
    Ok(if comparison.has(Verdict::Worse) { ExitCode::from(REGRESSION) } else { ExitCode::SUCCESS })
}

fn read(path: &Path) -> anyhow::Result<Baseline> {
    let text =
        std::fs::read_to_string(path).map_err(|error| Usage(format!("cannot read {}: {error}", path.display())))?;
    serde_json::from_str(&text).with_context(|| format!("{} is no baseline", path.display()))
}

fn not_comparable(differences: &[(&str, String, String)]) -> String {
    let mut text = "not comparable: the stored counts are of another toolchain; nothing was checked\n".to_string();
    for (name, stored, now) in differences {
        text.push_str(&format!("  {name}: '{stored}' then, '{now}' now\n"));
    }
    text.push_str("--force compares nevertheless, --write stores counts of this toolchain\n");
    text
}

/// Runs a command to its end and gives what it printed.
fn output(command: &mut Command) -> anyhow::Result<String> {
    let shown = format!("{command:?}");
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("cannot start {shown}"))?;
    if !output.status.success() {
        bail!("{shown} failed: {}", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Builds the bench and counts each of its entries.
fn count_all(root: &Path) -> anyhow::Result<BTreeMap<String, u64>> {
    let bench = build(root)?;
    let names = output(Command::new(&bench).arg("--list"))?;
    let bar = terminal::progress(names.lines().count() as u64);
    let mut counted = BTreeMap::new();
    for name in names.lines() {
        bar.set_message(name.to_string());
        counted.insert(name.to_string(), count(&bench, name)?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(counted)
}

/// Builds the bench as `cargo bench` does; gives its path.
fn build(root: &Path) -> anyhow::Result<String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_string());
    let mut command = Command::new(cargo);
    command.current_dir(root).args(["bench", "--package", "benches", "--bench", "callgrind", "--no-run", "--locked"]);
    let messages = output(command.arg("--message-format=json-render-diagnostics"))?;
    let executable = messages.lines().rev().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let is_bench = message["target"]["name"] == "callgrind";
        message["executable"].as_str().filter(|_| is_bench).map(str::to_string)
    });
    executable.context("cargo did not say where it put the bench")
}

/// Counts the machine instructions of one entry. What it prepares is not counted.
fn count(bench: &str, name: &str) -> anyhow::Result<u64> {
    let file = std::env::temp_dir().join(format!("harness-check-{}.out", std::process::id()));
    let mut command = Command::new("valgrind");
    command
        .args(["--quiet", "--tool=callgrind", "--collect-atstart=no", "--toggle-collect=callgrind::measured*"])
        .arg(format!("--callgrind-out-file={}", file.display()))
        .args([bench, "--measure", name])
        // The environment lies on the stack of the process, so its length shifts what comes after it.
        .env_clear();
    output(&mut command).context("counting needs valgrind, a package of that name")?;
    let text = std::fs::read_to_string(&file)?;
    std::fs::remove_file(&file)?;
    instructions(&text).filter(|&count| count > 0).with_context(|| format!("callgrind counted nothing for {name}"))
}

/// The total of a file that callgrind wrote.
fn instructions(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("summary:").or_else(|| line.strip_prefix("totals:")))?;
    line.split_whitespace().next()?.parse().ok()
}

/// What became of a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Worse,
    Better,
    Same,
    /// There is no stored count.
    New,
    /// It is counted no longer.
    Gone,
}

impl Verdict {
    fn name(self) -> &'static str {
        match self {
            Self::Worse => "WORSE",
            Self::Better => "better",
            Self::Same => "",
            Self::New => "new",
            Self::Gone => "gone",
        }
    }
}

/// Stored counts beside those of now.
struct Comparison {
    rows: Vec<(String, Option<u64>, Option<u64>, Verdict)>,
}

impl Comparison {
    fn new(stored: &BTreeMap<String, u64>, now: &BTreeMap<String, u64>, tolerance: f64) -> Self {
        let mut names: Vec<&String> = stored.keys().chain(now.keys()).collect();
        names.sort();
        names.dedup();
        let row = |name: &String| {
            let (before, after) = (stored.get(name).copied(), now.get(name).copied());
            let verdict = match (before, after) {
                (Some(before), Some(after)) => match after as f64 / before as f64 {
                    ratio if ratio > 1.0 + tolerance => Verdict::Worse,
                    ratio if ratio < 1.0 - tolerance => Verdict::Better,
                    _ => Verdict::Same,
                },
                (None, _) => Verdict::New,
                (_, None) => Verdict::Gone,
            };
            (name.clone(), before, after, verdict)
        };
        Self { rows: names.into_iter().map(row).collect() }
    }

    fn has(&self, verdict: Verdict) -> bool {
        self.rows.iter().any(|row| row.3 == verdict)
    }

    fn text(&self, tolerance: f64) -> String {
        let show = |count: &Option<u64>| count.map_or("-".to_string(), |count| Unit::Count.show(count as f64));
        let change = |before: &Option<u64>, after: &Option<u64>| match (before, after) {
            (Some(before), Some(after)) => format!("{:+.3} %", 100.0 * (*after as f64 / *before as f64 - 1.0)),
            _ => "-".to_string(),
        };
        let header = ["entry", "stored", "now", "change", ""].map(str::to_string).to_vec();
        let rows = self.rows.iter().map(|(name, before, after, verdict)| {
            vec![name.clone(), show(before), show(after), change(before, after), verdict.name().to_string()]
        });
        let mut text = tables::plain(header, rows, |column| (1..4).contains(&column));
        let count = |verdict: Verdict| self.rows.iter().filter(|row| row.3 == verdict).count();
        text.push_str(&format!(
            "\n{} worse and {} better by more than {tolerance} %, of {} counts of machine instructions.\n",
            count(Verdict::Worse),
            count(Verdict::Better),
            self.rows.len()
        ));
        if self.has(Verdict::Better) || self.has(Verdict::New) || self.has(Verdict::Gone) {
            text.push_str("--write stores the counts of now.\n");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::{Comparison, Toolchain, Verdict, instructions};

    #[test]
    fn regressions_are_what_exceeds_the_tolerance() {
        let stored = [("a", 1000), ("b", 1000), ("c", 1000), ("gone", 1)];
        let now = [("a", 1020), ("b", 1021), ("c", 979), ("new", 1)];
        let counts = |counts: &[(&str, u64)]| counts.iter().map(|&(name, count)| (name.to_string(), count)).collect();
        let comparison = Comparison::new(&counts(&stored), &counts(&now), 0.02);
        let verdicts: Vec<(&str, Verdict)> = comparison.rows.iter().map(|row| (row.0.as_str(), row.3)).collect();
        let expected = [
            ("a", Verdict::Same),
            ("b", Verdict::Worse),
            ("c", Verdict::Better),
            ("gone", Verdict::Gone),
            ("new", Verdict::New),
        ];
        assert_eq!(verdicts, expected);
        let text = comparison.text(2.0);
        assert!(text.contains("1 worse and 1 better by more than 2 %, of 5") && text.contains("+2.100 %"), "{text}");
    }

    #[test]
    fn totals_are_found_in_callgrind_files() {
        assert_eq!(instructions("version: 1\nevents: Ir\nsummary: 1234567\n\nfn=(1) main\n"), Some(1_234_567));
        assert_eq!(instructions("events: Ir\n\ntotals: 89\n"), Some(89));
        assert_eq!(instructions("events: Ir\n"), None);
    }

    #[test]
    fn toolchains_differ_in_what_they_say() {
        let toolchain = |rustc: &str| Toolchain {
            rustc: rustc.to_string(),
            llvm: "22".to_string(),
            target: "here".to_string(),
            flags: String::new(),
            valgrind: "valgrind-3".to_string(),
        };
        assert_eq!(toolchain("1").differences(&toolchain("1")), []);
        let difference = ("rustc", "1".to_string(), "2".to_string());
        assert_eq!(toolchain("1").differences(&toolchain("2")), [difference]);
    }
}
