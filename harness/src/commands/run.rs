//! `harness run`

use std::io::BufReader;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use engine::orchestrator::Decision;
use engine::profile::counted;
use engine::{Configuration, Found, Keeping, Outcome, Prepared, find_executor, render_failure};
use optimizer::Statistics;
use runtime::ErrorKind;
use serde_json::json;

use super::{FAILED, program};
use crate::cli::{RunOptions, StatsFormat};
use crate::code_cache;
use crate::metrics::{Unit, show_time};
use crate::terminal::{self, StandardOutput};
use crate::terminal::{tell, tell_text};

/// Operations shown in the table of counters.
const SHOWN_OPERATIONS: usize = 10;

pub(super) fn run(options: &RunOptions) -> anyhow::Result<ExitCode> {
    // A deterministic run leaves nothing behind unless it is told to.
    let cache = if options.deterministic { Keeping::Off } else { Keeping::Disk };
    let mut configuration = Configuration { cache, ..Configuration::default() };
    options.axes.apply(&mut configuration)?;
    let (source, arguments) = program(options.file.as_deref(), options.code.as_deref(), &options.arguments)?;
    let begun = Instant::now();
    let cache = code_cache::open(configuration.cache);
    let (compiled, found) = code_cache::compile(cache.as_ref(), &source, &configuration)?;
    let compile_time = begun.elapsed();
    let Some(executor) = find_executor(configuration.vm) else { unreachable!("the axis checks its values") };
    let begun = Instant::now();
    let prepared = executor.prepare(&compiled, &configuration)?;
    let prepare_time = begun.elapsed();
    if options.explain {
        tell_text!("{}", explain(configuration.vm, prepared.decision()));
    }
    let output = StandardOutput::default();
    let run_options = runtime::RunOptions {
        arguments,
        output: Box::new(output.clone()),
        input: Box::new(BufReader::new(std::io::stdin())),
        seed: options.seed,
        deterministic: options.deterministic,
        makes_block: options.ledger.is_some(),
        ledger: options.ledger.as_deref().map(super::ledger::open).transpose()?,
        ..configuration.run_options()
    };
    // Whoever counts instructions interprets them.
    let counts = options.stats.is_some() && prepared.native().is_none();
    let outcome = if counts { prepared.count(run_options) } else { prepared.run(run_options) };
    if let Err(failure) = &outcome.result {
        if failure.kind == ErrorKind::Output && output.is_broken_pipe() {
            return Ok(ExitCode::SUCCESS);
        }
        tell_text!("{}", render_failure(failure, compiled.sources(), terminal::colours()));
    }
    let times = [compile_time, prepare_time];
    let stats = Stats { configuration: &configuration, found, times, outcome: &outcome, prepared: &*prepared };
    match options.stats {
        Some(StatsFormat::Json) => tell!("{}", stats.json()),
        Some(StatsFormat::Table) => tell_text!("{}", stats.table()),
        None => {}
    }
    Ok(if outcome.result.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

/// What is known of a program, which engine was chosen, and why.
fn explain(vm: &str, decision: Option<&Decision>) -> String {
    let Some(decision) = decision else { return format!("engine            {vm}: asked for by --vm\n") };
    let mut text = String::new();
    if let Some(facts) = decision.facts {
        let lines = [
            ("lines", Unit::Count.show(f64::from(facts.lines))),
            ("nodes", Unit::Count.show(f64::from(facts.nodes))),
            ("functions", facts.functions.to_string()),
            ("loops", facts.loops.to_string()),
            ("recursion", if facts.is_recursive { "yes" } else { "no" }.to_string()),
            ("arithmetic", format!("{:.0} % of the work", 100.0 * facts.arithmetic)),
            ("estimated work", format!("{} nodes", Unit::Count.show(facts.work))),
        ];
        lines.iter().for_each(|(name, value)| text.push_str(&format!("{name:<18}{value}\n")));
    }
    for (engine, reason) in &decision.refusals {
        text.push_str(&format!("{:<18}{engine}: {reason}\n", "refused by"));
    }
    let because = if decision.refusals.is_empty() {
        decision.reason.clone()
    } else {
        format!("it takes larger programs; {} came first because {}", decision.order[0], decision.reason)
    };
    text.push_str(&format!("{:<18}{}: {because}\n", "engine", decision.engine()));
    text
}

/// What is known of a run when it is over.
struct Stats<'r> {
    configuration: &'r Configuration,
    found: Found,
    /// How long compiling and preparing took.
    times: [Duration; 2],
    outcome: &'r Outcome,
    prepared: &'r dyn Prepared,
}

impl Stats<'_> {
    fn json(&self) -> serde_json::Value {
        let Self { configuration, found, times: [compile, prepare], outcome, prepared } = *self;
        let operations = outcome.instructions.as_ref().map(|tally| {
            tally
                .by_operation
                .iter()
                .map(|&(name, count)| (name.to_string(), json!(count)))
                .collect::<serde_json::Map<_, _>>()
        });
        json!({
            "configuration": crate::results::describe(configuration),
            "engine": prepared.decision().map_or(configuration.vm, |decision| decision.engine()),
            "refused_by": prepared.decision().map(|decision| {
                decision.refusals.iter().map(|(engine, _)| *engine).collect::<Vec<_>>()
            }),
            "cache": found.describe(),
            "compile_ns": compile.as_nanos() as u64,
            "prepare_ns": prepare.as_nanos() as u64,
            "run_ns": outcome.time.as_nanos() as u64,
            "instructions": outcome.instructions.as_ref().map(|tally| tally.total),
            "operations": operations,
            "code_bytes": prepared.code_bytes(),
            "passes": prepared.optimization().map(passes_json),
            "native": prepared.native().map(|statistics| native_json(&statistics, prepared)),
            "peak_heap_bytes": outcome.heap.peak_bytes,
            "allocated_bytes": outcome.heap.allocated_bytes,
            "collections": outcome.heap.collections,
            "objects_freed": outcome.heap.objects_freed,
            "objects_allocated": outcome.heap.objects_freed + outcome.left.objects,
            "objects_left": outcome.left.objects,
            "bytes_left": outcome.left.bytes,
            "longest_pause_ns": outcome.pauses.longest.as_nanos() as u64,
            "pauses_ns": outcome.pauses.total.as_nanos() as u64,
            "fuel_used": outcome.fuel_used,
            "gas_used": outcome.gas_used,
        })
    }

    fn table(&self) -> String {
        let Self { configuration, found, times: [compile, prepare], outcome, prepared } = *self;
        let time = |time: Duration| show_time(time.as_nanos() as f64);
        let count = |figure: u64| Unit::Count.show(figure as f64);
        let bytes = |figure: u64| Unit::Bytes.show(figure as f64);
        let mut lines = vec![
            ("configuration", configuration.to_string()),
            ("engine", engine(configuration, prepared)),
            ("compile", format!("{} ({})", time(compile), found.describe())),
            ("convert and link", time(prepare)),
            (if prepared.native().is_some() { "run" } else { "run, counting" }, time(outcome.time)),
        ];
        if let Some(code) = prepared.code_bytes() {
            lines.push(("code", bytes(code as u64)));
        }
        lines.push(("peak heap", bytes(outcome.heap.peak_bytes as u64)));
        let allocated = count(outcome.heap.objects_freed + outcome.left.objects);
        lines.push(("allocated", format!("{}, {allocated} objects", bytes(outcome.heap.allocated_bytes))));
        lines.push(("left", format!("{}, {} objects", bytes(outcome.left.bytes as u64), count(outcome.left.objects))));
        let pauses = format!("{} in all, {} the longest", time(outcome.pauses.total), time(outcome.pauses.longest));
        lines.push(("collections", format!("{}, {pauses}", count(outcome.heap.collections))));
        if let Some(fuel) = outcome.fuel_used {
            lines.push(("fuel used", count(fuel)));
        }
        if let Some(gas) = outcome.gas_used {
            lines.push(("gas used", gas.to_string()));
        }
        match &outcome.instructions {
            Some(tally) => lines.push(("instructions", count(tally.total))),
            None if prepared.native().is_some() => {}
            None => lines
                .push(("instructions", format!("none: '{}' runs no instructions", engine(configuration, prepared)))),
        }
        let mut text: String = lines.iter().map(|(name, value)| format!("{name:<18}{value}\n")).collect();
        if let Some(tally) = &outcome.instructions {
            for &(name, figure) in tally.by_operation.iter().take(SHOWN_OPERATIONS) {
                let share = 100.0 * figure as f64 / tally.total.max(1) as f64;
                text.push_str(&format!("  {name:<24}{:>10}{share:>7.1} %\n", count(figure)));
            }
        }
        if let Some(statistics) = prepared.native() {
            text.push_str(&native_table(&statistics, prepared));
        }
        text + &prepared.optimization().map(passes_table).unwrap_or_default()
    }
}

/// Exits from native code, the most frequent first: how often, and where and why.
fn exits(statistics: &jit::Statistics, prepared: &dyn Prepared) -> Vec<(u64, String)> {
    let name = |function: u32| prepared.program().functions[function as usize].name.to_string();
    let mut exits: Vec<(u64, String)> = statistics
        .exits
        .iter()
        .map(|(&(function, exit), &taken)| {
            let what = exit.register.map_or_else(String::new, |register| format!(" of r{register}"));
            let way = if exit.is_edge { "on the way to" } else { "at" };
            let within = if function == exit.function { String::new() } else { format!(" within {}", name(function)) };
            let place = format!("{} instruction {}{within}", name(exit.function), exit.pc);
            (taken, format!("{}{what} {way} {place}", exit.cause.name()))
        })
        .collect();
    exits.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
    exits
}

/// What was compiled to native code, and how it was left.
fn native_table(statistics: &jit::Statistics, prepared: &dyn Prepared) -> String {
    let mut text = String::new();
    for tier in [jit::Tier::Baseline, jit::Tier::Optimizing] {
        let at = tier as usize;
        let (compiled, instructions) = (statistics.compilations[at], statistics.instructions[at]);
        let time = show_time(statistics.times[at].as_nanos() as f64);
        let each = show_time(statistics.times[at].as_nanos() as f64 / instructions.max(1) as f64);
        let bytes = Unit::Bytes.show(statistics.bytes[at] as f64);
        let line = format!(
            "{}, {} of which reused, {bytes}; {instructions} instructions in {time}, {each} each",
            counted(compiled, "compilation"),
            statistics.reused[at]
        );
        text.push_str(&format!("{:<18}{line}\n", tier.name()));
    }
    text.push_str(&format!("{:<18}{}\n", "recompiled", statistics.recompilations));
    text.push_str(&format!("{:<18}{}\n", "entered", Unit::Count.show(statistics.entered as f64)));
    for (function, why) in &statistics.given_up {
        text.push_str(&format!("{:<18}{}: {why}\n", "given up", prepared.program().functions[*function as usize].name));
    }
    let all = exits(statistics, prepared);
    let total: u64 = all.iter().map(|(taken, _)| taken).sum();
    text.push_str(&format!("{:<18}{}\n", "side exits", Unit::Count.show(total as f64)));
    for (taken, exit) in all.iter().take(SHOWN_OPERATIONS) {
        text.push_str(&format!("  {:>10}  {exit}\n", Unit::Count.show(*taken as f64)));
    }
    text
}

fn native_json(statistics: &jit::Statistics, prepared: &dyn Prepared) -> serde_json::Value {
    let tier = |tier: jit::Tier| {
        let at = tier as usize;
        json!({
            "compilations": statistics.compilations[at],
            "reused": statistics.reused[at],
            "instructions": statistics.instructions[at],
            "bytes": statistics.bytes[at],
            "time_ns": statistics.times[at].as_nanos() as u64,
        })
    };
    let given_up = statistics.given_up.iter().map(
        |(function, why)| json!({ "function": &*prepared.program().functions[*function as usize].name, "why": why }),
    );
    json!({
        "baseline": tier(jit::Tier::Baseline),
        "optimizing": tier(jit::Tier::Optimizing),
        "recompilations": statistics.recompilations,
        "entered": statistics.entered,
        "given_up": given_up.collect::<Vec<_>>(),
        "exits": exits(statistics, prepared).into_iter().map(|(taken, exit)| json!({ "taken": taken, "exit": exit })).collect::<Vec<_>>(),
    })
}

fn passes_json(statistics: &Statistics) -> serde_json::Value {
    let passes = statistics.passes.iter().map(|pass| {
        let figures = json!({
            "applied": pass.applied,
            "removed": pass.removed,
            "time_ns": pass.time.as_nanos() as u64,
        });
        (pass.name.to_string(), figures)
    });
    passes.collect::<serde_json::Map<_, _>>().into()
}

/// What each pass did to the code: how often it applied, by how many instructions the code is shorter for it, and its time.
fn passes_table(statistics: &Statistics) -> String {
    if statistics.passes.is_empty() {
        return String::new();
    }
    let time = |time: Duration| show_time(time.as_nanos() as f64);
    let head = format!("{} instructions, {} before", statistics.after, statistics.before);
    let mut text = format!("{:<18}{head}, in {}\n", "stack code", time(statistics.time));
    for pass in &statistics.passes {
        let applied = counted(pass.applied, "time");
        text.push_str(&format!("  {:<16}{applied:>10}{:>8} removed{:>12}\n", pass.name, pass.removed, time(pass.time)));
    }
    text
}

/// The engine that ran the program.
fn engine(configuration: &Configuration, prepared: &dyn Prepared) -> String {
    match prepared.decision() {
        None => configuration.vm.to_string(),
        Some(decision) if decision.refusals.is_empty() => decision.engine().to_string(),
        Some(decision) => {
            let refused: Vec<&str> = decision.refusals.iter().map(|(engine, _)| *engine).collect();
            format!("{}, refused by {}", decision.engine(), refused.join(" and "))
        }
    }
}
