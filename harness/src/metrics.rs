//! Figures besides the time of a run: what it did, rather than how long it took. They come from one counting run of each side, and they are
//! exact: the same program gives the same figures every time. The exception is the time that it takes to make a program ready.
//!
//! A metric is a row of [`METRICS`]. Every result file has it for both sides, with their ratio.

use std::time::Duration;

use converter::Statistics;
use engine::{Configuration, Outcome, Prepared};
use isa::RegisterOp;

/// A figure about a program on an executor.
pub struct Metric {
    /// Its name in result files; `against_` and the name for the other side.
    pub name: &'static str,
    /// Heading in tables, if it stands in them.
    pub heading: Option<&'static str>,
    /// What it counts.
    pub unit: Unit,
    /// What it is, in one line.
    pub about: &'static str,
    /// The figure, or why there is none.
    pub read: fn(&Facts<'_>) -> Result<u64, String>,
}

/// How a figure is written for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Thousands as `k`.
    Count,
    /// 1024 bytes as `KiB`.
    Bytes,
}

/// What metrics are read from.
pub struct Facts<'r> {
    /// How the program was run.
    pub configuration: &'r Configuration,
    /// What was run.
    pub prepared: &'r (dyn Prepared + 'r),
    /// How long it took to make it ready: the least of several times.
    pub prepare_time: Duration,
    /// What the counting run gave.
    pub outcome: &'r Outcome,
}

/// Every metric.
pub static METRICS: &[Metric] = &[
    Metric {
        name: "instructions",
        heading: Some("instructions"),
        unit: Unit::Count,
        about: "VM instructions dispatched",
        read: |facts| match &facts.outcome.instructions {
            Some(tally) => Ok(tally.total),
            None => Err(format!("executor '{}' runs no instructions", facts.configuration.vm)),
        },
    },
    Metric {
        name: "code_bytes",
        heading: Some("code"),
        unit: Unit::Bytes,
        about: "size of the code of the whole program, without constants and tables",
        read: |facts| match facts.prepared.code_bytes() {
            Some(bytes) => Ok(bytes as u64),
            None => Err(format!("executor '{}' runs no code", facts.configuration.vm)),
        },
    },
    Metric {
        name: "converted_instructions",
        heading: None,
        unit: Unit::Count,
        about: "stack instructions of the whole program that were converted to register code",
        read: |facts| match facts.prepared.conversion() {
            Some(conversion) => Ok(conversion.stack_instructions - conversion.kept_instructions),
            None => Err(format!("executor '{}' converts nothing", facts.configuration.vm)),
        },
    },
    Metric {
        name: "prepare_ns",
        heading: None,
        unit: Unit::Count,
        about: "nanoseconds it takes to make optimized stack code ready to run: converting, verifying, linking, a trial run",
        read: |facts| Ok(facts.prepare_time.as_nanos() as u64),
    },
    Metric {
        name: "optimize_ns",
        heading: None,
        unit: Unit::Count,
        about: "nanoseconds that optimizing stack code took, verifying the outcome included",
        read: |facts| match facts.prepared.optimization() {
            Some(statistics) => Ok(statistics.time.as_nanos() as u64),
            None => Err(format!("executor '{}' optimizes nothing", facts.configuration.vm)),
        },
    },
    Metric {
        name: "peak_heap_bytes",
        heading: Some("peak heap"),
        unit: Unit::Bytes,
        about: "most bytes in use by guest objects at any time, garbage not yet collected included",
        read: |facts| Ok(facts.outcome.heap.peak_bytes as u64),
    },
    Metric {
        name: "allocated_bytes",
        heading: None,
        unit: Unit::Bytes,
        about: "bytes allocated for guest objects in the whole run",
        read: |facts| Ok(facts.outcome.heap.allocated_bytes),
    },
    Metric {
        name: "collections",
        heading: None,
        unit: Unit::Count,
        about: "garbage collections",
        read: |facts| Ok(facts.outcome.heap.collections),
    },
    Metric {
        name: "moves_run",
        heading: None,
        unit: Unit::Count,
        about: "instructions run that move from register to register",
        read: |facts| run(facts, RegisterOp::MovReg),
    },
    Metric {
        name: "spill_stores_run",
        heading: None,
        unit: Unit::Count,
        about: "instructions run that store to a spill slot",
        read: |facts| run(facts, RegisterOp::StoreSpill),
    },
    Metric {
        name: "reloads_run",
        heading: None,
        unit: Unit::Count,
        about: "instructions run that load from a spill slot",
        read: |facts| run(facts, RegisterOp::LoadSpill),
    },
    Metric {
        name: "moves",
        heading: None,
        unit: Unit::Count,
        about: "moves in converted code",
        read: |facts| converted(facts, |statistics| statistics.moves),
    },
    Metric {
        name: "moves_removed",
        heading: None,
        unit: Unit::Count,
        about: "moves that lifting made and cleaning up removed",
        read: |facts| converted(facts, |statistics| statistics.moves_removed),
    },
    Metric {
        name: "spill_stores",
        heading: None,
        unit: Unit::Count,
        about: "stores to spill slots in converted code",
        read: |facts| converted(facts, |statistics| statistics.spill_stores),
    },
    Metric {
        name: "reloads",
        heading: None,
        unit: Unit::Count,
        about: "loads from spill slots in converted code",
        read: |facts| converted(facts, |statistics| statistics.reloads),
    },
    Metric {
        name: "spilled",
        heading: None,
        unit: Unit::Count,
        about: "virtual registers that are in a spill slot for at least a part of their lives",
        read: |facts| converted(facts, |statistics| statistics.spilled),
    },
    Metric {
        name: "live_ranges",
        heading: None,
        unit: Unit::Count,
        about: "virtual registers that are live at all",
        read: |facts| converted(facts, |statistics| statistics.live_ranges),
    },
    Metric {
        name: "highest_pressure",
        heading: None,
        unit: Unit::Count,
        about: "most virtual registers live at one point of a function",
        read: |facts| converted(facts, |statistics| statistics.highest_pressure),
    },
];

/// How often an operation of the register form was run.
fn run(facts: &Facts<'_>, operation: RegisterOp) -> Result<u64, String> {
    let tally = facts.outcome.instructions.as_ref().filter(|_| facts.prepared.conversion().is_some());
    let tally = tally.ok_or_else(|| not_converted(facts))?;
    let own = tally.by_operation.iter().find(|(name, _)| *name == operation.facts().mnemonic);
    Ok(own.map_or(0, |&(_, count)| count))
}

fn converted(facts: &Facts<'_>, figure: fn(&Statistics) -> u64) -> Result<u64, String> {
    facts.prepared.conversion().map(figure).ok_or_else(|| not_converted(facts))
}

fn not_converted(facts: &Facts<'_>) -> String {
    format!("executor '{}' runs no converted code", facts.configuration.vm)
}

impl Unit {
    /// The figure for people.
    pub fn show(self, figure: f64) -> String {
        match self {
            Self::Count => scaled(figure, 1000.0, &["", "k", "M", "G", "T"]),
            Self::Bytes => scaled(figure, 1024.0, &["B", "KiB", "MiB", "GiB"]),
        }
    }
}

/// Nanoseconds for people.
pub fn show_time(nanoseconds: f64) -> String {
    scaled(nanoseconds, 1000.0, &["ns", "µs", "ms", "s"])
}

/// Three digits and a unit; whole numbers below the first step stay whole.
fn scaled(figure: f64, step: f64, units: &[&str]) -> String {
    let mut figure = figure;
    let mut unit = 0;
    while figure.abs() >= step * 0.999_5 && unit + 1 < units.len() {
        figure /= step;
        unit += 1;
    }
    let digits = match figure.abs() {
        _ if unit == 0 && figure.fract() == 0.0 => 0,
        size if size < 9.995 => 2,
        size if size < 99.95 => 1,
        _ => 0,
    };
    let separator = if units[unit].is_empty() { "" } else { " " };
    format!("{figure:.digits$}{separator}{}", units[unit])
}

#[cfg(test)]
mod tests {
    use super::{Unit, show_time};

    #[test]
    fn figures_have_three_digits() {
        assert_eq!(show_time(950.0), "950 ns");
        assert_eq!(show_time(1234.0), "1.23 µs");
        assert_eq!(show_time(45_678_000.0), "45.7 ms");
        assert_eq!(show_time(999_600.0), "1.00 ms");
        assert_eq!(show_time(123_456_000_000.0), "123 s");
        assert_eq!(Unit::Count.show(0.0), "0");
        assert_eq!(Unit::Count.show(12.0), "12");
        assert_eq!(Unit::Count.show(1_500_000.0), "1.50 M");
        assert_eq!(Unit::Bytes.show(1536.0), "1.50 KiB");
        assert_eq!(Unit::Bytes.show(100.0), "100 B");
    }
}
