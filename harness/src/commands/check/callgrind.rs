//! Machine instructions by callgrind.
//!
//! The bench `callgrind` says what is counted: `--list` gives its entries, `--measure NAME` runs one of them, and callgrind collects
//! inside its function `measured` only, so what an entry prepares is not counted.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::commands::Usage;
use crate::terminal;

/// What counts depend on besides the sources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Toolchain {
    rustc: String,
    llvm: String,
    target: String,
    flags: String,
    valgrind: String,
}

impl Toolchain {
    /// The one that the source tree at `root` is built and counted with. Without valgrind there is none.
    pub(super) fn now(root: &Path) -> anyhow::Result<Self> {
        let valgrind = Command::new("valgrind").arg("--version").output().map_err(|error| {
            let install = "`apt-get install valgrind` or the like installs it";
            Usage(format!("counting needs valgrind, which cannot be started ({error}); {install}"))
        })?;
        let compiler = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_string());
        let version = output(Command::new(&compiler).current_dir(root).arg("-vV"))?;
        let field = |name: &str| {
            let line = version.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or("unknown").trim().to_string()
        };
        Ok(Self {
            rustc: version.lines().next().unwrap_or("unknown").to_string(),
            llvm: field("LLVM version:"),
            target: field("host:"),
            flags: std::env::var("RUSTFLAGS").unwrap_or_default(),
            valgrind: String::from_utf8_lossy(&valgrind.stdout).trim().to_string(),
        })
    }

    /// In what it differs from another: name, own value, the other's.
    pub(super) fn differences(&self, other: &Self) -> Vec<(&'static str, String, String)> {
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

/// Builds the bench of the source tree at `root` and counts each of its entries.
pub(super) fn count_all(root: &Path) -> anyhow::Result<BTreeMap<String, u64>> {
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

/// Counts the machine instructions of one entry.
fn count(bench: &str, name: &str) -> anyhow::Result<u64> {
    let file = std::env::temp_dir().join(format!("harness-check-{}.out", std::process::id()));
    let mut command = Command::new("valgrind");
    command
        .args(["--quiet", "--tool=callgrind", "--collect-atstart=no", "--toggle-collect=callgrind::measured*"])
        .arg(format!("--callgrind-out-file={}", file.display()))
        .args([bench, "--measure", name])
        // The environment lies on the stack of the process, so its length shifts what comes after it.
        .env_clear();
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    output(&mut command)?;
    let text = std::fs::read_to_string(&file)?;
    std::fs::remove_file(&file)?;
    instructions(&text).filter(|&count| count > 0).with_context(|| format!("callgrind counted nothing for {name}"))
}

/// The total of a file that callgrind wrote.
fn instructions(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("summary:").or_else(|| line.strip_prefix("totals:")))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Toolchain, instructions};

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
