//! `harness cache`

use std::process::ExitCode;
use std::time::Duration;

use cache::Disk;
use engine::profile::counted;
use serde_json::json;

use crate::cli::{CacheAction, CacheOptions};
use crate::code_cache;
use crate::metrics::{Unit, show_time};
use crate::terminal::{self, tell};

pub(super) fn run(options: &CacheOptions) -> anyhow::Result<ExitCode> {
    let disk = code_cache::disk()?;
    match options.action {
        CacheAction::Path => terminal::print(&format!("{}\n", disk.folder().display()))?,
        CacheAction::Clear => {
            let removed = disk.clear();
            let (files, bytes) = (counted(removed.entries, "file"), Unit::Bytes.show(removed.bytes as f64));
            tell!("{}: {files} removed, {bytes}", disk.folder().display());
            anyhow::ensure!(
                disk.statistics().failures == 0,
                "some files in {} cannot be removed",
                disk.folder().display()
            );
        }
        CacheAction::Stats if options.json => terminal::print(&format!("{}\n", stats_json(&disk)))?,
        CacheAction::Stats => terminal::print(&stats_table(&disk))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn stats_json(disk: &Disk) -> serde_json::Value {
    let (usage, recorded) = (disk.usage(), disk.recorded());
    let mut figures = json!({
        "folder": disk.folder(),
        "entries": usage.entries,
        "bytes": usage.bytes,
        "limit_bytes": disk.limit(),
        "saved_ns": recorded.saved().as_nanos() as u64,
    });
    for (name, count) in recorded.counts() {
        figures[name] = count.into();
    }
    figures
}

fn stats_table(disk: &Disk) -> String {
    let (usage, recorded) = (disk.usage(), disk.recorded());
    let count = |figure: u64| Unit::Count.show(figure as f64);
    let bytes = |figure: u64| Unit::Bytes.show(figure as f64);
    let time = |time: Duration| show_time(time.as_nanos() as f64);
    let share = |part: u64, whole: u64| match whole {
        0 => "-".to_string(),
        _ => format!("{:.1} %", 100.0 * part as f64 / whole as f64),
    };
    let lines = [
        ("folder", disk.folder().display().to_string()),
        ("entries", count(usage.entries)),
        ("bytes", format!("{} of {}", bytes(usage.bytes), bytes(disk.limit()))),
        ("hits", format!("{} ({})", count(recorded.hits), share(recorded.hits, recorded.hits + recorded.misses))),
        ("misses", count(recorded.misses)),
        ("read", bytes(recorded.bytes_read)),
        ("written", format!("{} in {}", bytes(recorded.bytes_written), count(recorded.stored))),
        ("evicted", format!("{} in {}", bytes(recorded.bytes_evicted), count(recorded.evictions))),
        ("damaged", count(recorded.damaged)),
        ("failures", count(recorded.failures)),
        ("time saved", time(recorded.saved())),
        ("time left", share(recorded.found_ns, recorded.made_ns)),
    ];
    lines.iter().map(|(name, value)| format!("{name:<12}{value}\n")).collect()
}
