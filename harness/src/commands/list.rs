//! `harness list`

use std::fmt::Write;
use std::process::ExitCode;

use engine::mechanism::mechanisms;
use engine::parallel::BLOCK_WORKLOADS;
use engine::probes::probes;
use engine::workloads::workloads;
use engine::{Choice, axis};
use optimizer::pass::passes;

use crate::cli::{ListOptions, Listing};
use crate::memory::programs::programs;
use crate::metrics::METRICS;
use crate::peers::PEERS;
use crate::terminal;

pub(super) fn run(options: &ListOptions) -> anyhow::Result<ExitCode> {
    let text = match options.what {
        Some(what) => section(what),
        None => all(),
    };
    terminal::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn all() -> String {
    let sections = [
        ("workloads", Listing::Workloads),
        ("blocks", Listing::Blocks),
        ("memory", Listing::Memory),
        ("executors", Listing::Executors),
        ("passes", Listing::Passes),
        ("allocators", Listing::Allocators),
        ("mechanisms", Listing::Mechanisms),
        ("policies", Listing::Policies),
        ("metrics", Listing::Metrics),
        ("probes", Listing::Probes),
        ("peers", Listing::Peers),
    ];
    let mut text = String::new();
    for (title, what) in sections {
        let section = section(what);
        if section.is_empty() {
            continue;
        }
        // Writing to a string cannot fail; likewise below.
        let _ = writeln!(text, "{}{title}", if text.is_empty() { "" } else { "\n" });
        for line in section.lines() {
            let _ = writeln!(text, "  {line}");
        }
    }
    text
}

fn section(what: Listing) -> String {
    match what {
        Listing::Workloads => lines(workloads().iter().map(|workload| {
            let sizes = format!("{}; small {}, full {}", workload.kind, workload.small, workload.full);
            (workload.name.as_str(), format!("{} ({sizes})", workload.about))
        })),
        Listing::Blocks => lines(BLOCK_WORKLOADS.iter().map(|workload| (workload.name, workload.about.to_string()))),
        Listing::Memory => lines(programs().iter().map(|program| {
            let sizes = format!("small {}, full {}", program.small, program.full);
            (program.name.as_str(), format!("{} ({sizes})", program.about))
        })),
        Listing::Executors => choices("vm"),
        Listing::Allocators => choices("allocator"),
        Listing::Mechanisms => lines(
            mechanisms().iter().map(|mechanism| (mechanism.name, format!("{} ({})", mechanism.about, mechanism.home))),
        ),
        Listing::Policies => choices("policy"),
        Listing::Metrics => {
            let time = ("median_ns", "nanoseconds a run takes, median of the rounds".to_string());
            lines(std::iter::once(time).chain(METRICS.iter().map(|metric| (metric.name, metric.about.to_string()))))
        }
        Listing::Probes => lines(probes().iter().map(|probe| (probe.name, probe.about.to_string()))),
        Listing::Passes => lines(passes().iter().map(|pass| (pass.name(), pass.about().to_string()))),
        Listing::Peers => lines(PEERS.iter().map(|peer| {
            let state = match peer.find() {
                Ok(installed) => installed.version,
                Err(reason) => format!("unavailable: {reason}"),
            };
            (peer.name, format!("{} ({state})", peer.about))
        })),
    }
}

fn choices(name: &str) -> String {
    let choices: Vec<Choice> = axis(name).map(|axis| (axis.choices)()).unwrap_or_default();
    lines(choices.iter().map(|choice| (choice.name, choice.about.to_string())))
}

fn lines<'n>(entries: impl Iterator<Item = (&'n str, String)>) -> String {
    let entries: Vec<(&str, String)> = entries.collect();
    let width = entries.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    entries.iter().fold(String::new(), |mut text, (name, about)| {
        let _ = writeln!(text, "{name:<width$}  {about}");
        text
    })
}
