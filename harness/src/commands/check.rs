//! `harness check`: have machine instruction counts grown since the stored ones?
//!
//! Counts say something about each other only if the same toolchain made the code. So stored counts name theirs, and with another one
//! nothing is checked, which is said and is no success.

mod callgrind;
mod comparison;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitCode};

use serde::{Deserialize, Serialize};

use self::callgrind::Toolchain;
use self::comparison::{Comparison, Verdict};
use super::{REGRESSION, Usage};
use crate::cli::CheckOptions;
use crate::environment::Environment;
use crate::terminal;
use crate::terminal::tell;

/// Baselines there are, each a folder in `results/`.
const BASELINES: [&str; 1] = ["callgrind"];

/// Counts with what they were made by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Counts {
    toolchain: Toolchain,
    /// The commit that was counted, and whether there were changes to it.
    commit: Option<String>,
    /// When, in UTC.
    date: String,
    /// Model of the processor: the C library chooses some of its code by it.
    cpu: String,
    /// Machine instructions by name of the entry.
    instructions: BTreeMap<String, u64>,
}

impl Counts {
    /// Counts what the source tree at `root` makes.
    fn now(root: &Path, toolchain: Toolchain) -> anyhow::Result<Self> {
        let instructions = callgrind::count_all(root)?;
        let Environment { date, cpu, .. } = Environment::now();
        Ok(Self { toolchain, commit: commit(root), date, cpu, instructions })
    }

    fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Usage(format!("cannot read the counts in {}: {error}", path.display())))?;
        let counts = serde_json::from_str(&text);
        counts.map_err(|error| Usage(format!("{} is no file of counts: {error}", path.display())).into())
    }

    fn write(&self, path: &Path) -> anyhow::Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, format!("{}\n", serde_json::to_string_pretty(self)?))?;
        Ok(())
    }
}

/// The commit of a source tree, if git knows.
fn commit(root: &Path) -> Option<String> {
    let describe = ["describe", "--always", "--abbrev=40", "--exclude=*", "--dirty"];
    let output = Command::new("git").current_dir(root).args(describe).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_string())
}

pub(super) fn run(options: &CheckOptions) -> anyhow::Result<ExitCode> {
    let CheckOptions { baseline, root, tolerance, .. } = options;
    if !BASELINES.contains(&baseline.as_str()) {
        let known = BASELINES.join(", ");
        return Err(Usage(format!("there is no baseline '{baseline}'; there are: {known}")).into());
    }
    let path = root.join("results").join(baseline).join("baseline.json");
    if options.write {
        let counts = Counts::now(root, Toolchain::now(root)?)?;
        counts.write(&path)?;
        terminal::print(&format!("{}: {} counts written\n", path.display(), counts.instructions.len()))?;
        return Ok(ExitCode::SUCCESS);
    }
    if !path.exists() {
        let renew = format!("harness check --baseline {baseline} --write");
        return Err(Usage(format!("no counts are stored in {}; `{renew}` stores those of now", path.display())).into());
    }
    let stored = Counts::read(&path)?;
    let now = match &options.counts {
        Some(file) => {
            let counts = Counts::read(file)?;
            comparable(&stored, &counts.toolchain, options.force)?;
            counts
        }
        None => {
            let toolchain = Toolchain::now(root)?;
            comparable(&stored, &toolchain, options.force)?;
            Counts::now(root, toolchain)?
        }
    };
    let comparison = Comparison::new(&stored.instructions, &now.instructions, tolerance / 100.0);
    terminal::print(&comparison.text(*tolerance))?;
    if stored.cpu != now.cpu {
        tell!(
            "note: the C library chooses some of its code by the processor: '{}' then, '{}' now",
            stored.cpu,
            now.cpu
        );
    }
    Ok(if comparison.has(Verdict::Worse) { ExitCode::from(REGRESSION) } else { ExitCode::SUCCESS })
}

/// Counts of another toolchain are compared on demand only.
fn comparable(stored: &Counts, now: &Toolchain, is_forced: bool) -> anyhow::Result<()> {
    let differences = stored.toolchain.differences(now);
    if differences.is_empty() {
        return Ok(());
    }
    let mut text = "the stored counts are of another toolchain".to_string();
    for (name, stored, now) in &differences {
        text.push_str(&format!("\n  {name}: '{stored}' then, '{now}' now"));
    }
    if is_forced {
        tell!("note: {text}");
        return Ok(());
    }
    text.push_str("\n--force compares nevertheless, --write stores counts of this toolchain");
    Err(Usage(format!("nothing was checked: {text}")).into())
}
