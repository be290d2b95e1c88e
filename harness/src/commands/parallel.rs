//! `harness parallel`

use std::fmt::Write;
use std::process::ExitCode;
use std::time::Instant;

use engine::Configuration;
use engine::parallel::check::{WORKERS, check};
use engine::parallel::{BLOCK_WORKLOADS, BlockWorkload, Sizes, Statistics, block_workload};

use super::{Usage, check_writable, command_line, format_of, give};
use crate::cli::{Format, ParallelOptions};
use crate::environment::Environment;
use crate::metrics::show_time;
use crate::parallel::{Manifest, Plan, Results, Row, measure, simulate};
use crate::{tables, terminal};

/// Numbers of workers that are projected where none are given.
const PROJECTED: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];

pub(super) fn run(options: &ParallelOptions) -> anyhow::Result<ExitCode> {
    let mut configuration = Configuration::of("register")?;
    options.axes.0.apply(&mut configuration)?;
    if let Some(blocks) = options.verify {
        return run_verify(options, &configuration, blocks);
    }
    let workloads = workloads(options)?;
    let mut workers: Vec<usize> = options.workers.iter().map(|&workers| workers as usize).collect();
    if workers.is_empty() {
        workers = match options.simulate {
            true => PROJECTED.to_vec(),
            false => vec![std::thread::available_parallelism().map_or(1, usize::from)],
        };
    }
    let mut sorted = workers.clone();
    sorted.sort_unstable();
    if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Usage(format!("--workers has {} twice", twice[0])).into());
    }
    let sizes = Sizes {
        transactions: options.transactions as usize,
        accounts: options.accounts as usize,
        tokens: options.tokens as usize,
        work: options.work,
    };
    let plan = Plan {
        sizes,
        workers,
        rounds: options.rounds as usize,
        seed: options.seed,
        oversubscribe: options.oversubscribe,
    };
    if let Some(path) = &options.out {
        check_writable(path)?;
    }
    let environment = Environment::now();
    let begun = Instant::now();
    let bar = terminal::progress((workloads.len() * plan.rounds) as u64);
    let mut rows = Vec::with_capacity(workloads.len() * plan.workers.len());
    for workload in workloads {
        bar.set_message(workload.name);
        let measure = if options.simulate { simulate } else { measure };
        rows.extend(measure(workload, &configuration, &plan, &mut || bar.inc(1))?);
    }
    bar.finish_and_clear();
    let manifest = Manifest {
        command: command_line(),
        environment,
        configuration: configuration.to_string(),
        transactions: sizes.transactions,
        accounts: sizes.accounts,
        tokens: sizes.tokens,
        work: sizes.work,
        rounds: plan.rounds,
        seed: plan.seed,
        timed: "executing a block up to a ledger that has all of it, in time that passes; making the block with its roots is not"
            .to_string(),
        duration_s: begun.elapsed().as_secs_f64(),
    };
    let results = Results { manifest, rows };
    let text = match format_of(options.format, options.out.as_deref()) {
        Format::Table => table(&results),
        Format::Json => format!("{}\n", serde_json::to_string_pretty(&results)?),
        Format::Csv => csv(&results)?,
        Format::Markdown => markdown(&results),
    };
    match &options.out {
        Some(path) => give(&table(&results), Some((path, &text)))?,
        None => give(&text, None)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn workloads(options: &ParallelOptions) -> anyhow::Result<Vec<&'static BlockWorkload>> {
    if options.workload.is_empty() {
        return Ok(BLOCK_WORKLOADS.iter().collect());
    }
    let find = |name: &String| {
        block_workload(name).ok_or_else(|| {
            let known: Vec<&str> = BLOCK_WORKLOADS.iter().map(|workload| workload.name).collect();
            Usage(format!("there is no workload '{name}' of blocks; there are: {}", known.join(", "))).into()
        })
    };
    options.workload.iter().map(find).collect()
}

/// Executes random blocks and compares them.
fn run_verify(options: &ParallelOptions, configuration: &Configuration, blocks: u64) -> anyhow::Result<ExitCode> {
    let workers: Vec<usize> = match &options.workers[..] {
        [] => WORKERS.to_vec(),
        workers => workers.iter().map(|&workers| workers as usize).collect(),
    };
    let bar = terminal::progress(blocks);
    let mut statistics = Statistics::default();
    let seeds = options.seed..options.seed.saturating_add(blocks);
    check(configuration, &workers, seeds, |_, of_block| {
        statistics.add(&of_block);
        bar.inc(1);
    })?;
    bar.finish_and_clear();
    let workers = workers.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
    let Statistics { committed, executions, aborts, waits, .. } = statistics;
    terminal::print(&format!(
        "{blocks} blocks on {workers} workers came to what they came to one transaction after the other\n\
         {committed} transactions, {executions} executions, {aborts} in vain, {waits} waits\n"
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// The columns of tables: a name, and what stands there.
type Column = (&'static str, fn(&Row) -> String);

fn figure(value: Option<f64>, digits: usize) -> String {
    value.map_or("-".to_string(), |value| format!("{value:.digits$}"))
}

fn interval(low: Option<f64>, high: Option<f64>) -> String {
    match (low, high) {
        (Some(low), Some(high)) => format!("{low:.2}..{high:.2}"),
        _ => "-".to_string(),
    }
}

const COLUMNS: &[Column] = &[
    ("workload", |row| row.workload.clone()),
    ("workers", |row| row.workers.to_string()),
    ("serial", |row| show_time(row.serial_ns_per_tx)),
    ("parallel", |row| row.ns_per_tx.map_or("-".to_string(), show_time)),
    ("speed-up", |row| figure(row.speedup, 2)),
    ("95 %", |row| interval(row.ci_low, row.ci_high)),
    ("control", |row| interval(row.control_ci_low, row.control_ci_high)),
    ("processor", |row| figure(row.cpu_ratio, 2)),
    ("executions", |row| format!("{:.3}", row.executions_per_tx)),
    ("validations", |row| format!("{:.2}", row.validations_per_tx)),
    ("aborts", |row| format!("{:.1}", row.aborts)),
    ("waits", |row| format!("{:.1}", row.waits)),
    ("one by one", |row| format!("{:.0}", row.serial)),
    ("fallbacks", |row| row.fallbacks.to_string()),
];

const PROJECTION: &[Column] = &[("projected", |row| figure(row.projected, 2)), ("bound", |row| figure(row.bound, 2))];

fn columns(results: &Results) -> Vec<Column> {
    let is_projected = results.rows.iter().any(|row| row.projected.is_some());
    let projection = if is_projected { PROJECTION } else { &[] };
    COLUMNS[..2].iter().chain(projection).chain(&COLUMNS[2..]).copied().collect()
}

fn table(results: &Results) -> String {
    let columns = columns(results);
    let header = columns.iter().map(|(name, _)| (*name).to_string()).collect();
    let rows = results.rows.iter().map(|row| columns.iter().map(|(_, cell)| cell(row)).collect());
    let mut text = tables::plain(header, rows, |column| column > 0);
    text.push_str("\nTimes are those of a transaction, medians; speed-ups are over the serial engine, and control is that engine against itself. Processor is\n");
    text.push_str("processor time over that of the serial engine. Executions and validations are for each transaction, all other counts for each block.\n");
    text
}

fn markdown(results: &Results) -> String {
    let columns = columns(results);
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut text = line(columns.iter().map(|(name, _)| (*name).to_string()).collect());
    // Writing to a string cannot fail.
    let _ = writeln!(text, "| --- |{}", " ---: |".repeat(columns.len() - 1));
    text.extend(results.rows.iter().map(|row| line(columns.iter().map(|(_, cell)| cell(row)).collect())));
    text
}

/// The figures of a row, each with its name in files.
type Figure = (&'static str, fn(&Row) -> Option<f64>);

const FIGURES: &[Figure] = &[
    ("threads", |row| row.threads.map(|threads| threads as f64)),
    ("speedup", |row| row.speedup),
    ("ci_low", |row| row.ci_low),
    ("ci_high", |row| row.ci_high),
    ("control", |row| row.control),
    ("control_ci_low", |row| row.control_ci_low),
    ("control_ci_high", |row| row.control_ci_high),
    ("serial_ns_per_tx", |row| Some(row.serial_ns_per_tx)),
    ("ns_per_tx", |row| row.ns_per_tx),
    ("entering_ns_per_tx", |row| row.entering_ns_per_tx),
    ("cpu_ratio", |row| row.cpu_ratio),
    ("executions_per_tx", |row| Some(row.executions_per_tx)),
    ("validations_per_tx", |row| Some(row.validations_per_tx)),
    ("aborts", |row| Some(row.aborts)),
    ("waits", |row| Some(row.waits)),
    ("deferrals", |row| Some(row.deferrals)),
    ("serial", |row| Some(row.serial)),
    ("sleeps", |row| Some(row.sleeps)),
    ("fallbacks", |row| Some(row.fallbacks as f64)),
    ("projected", |row| row.projected),
    ("bound", |row| row.bound),
];

/// A line for each row: every figure, the samples left out.
fn csv(results: &Results) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["workload", "workers"].into_iter().chain(FIGURES.iter().map(|&(name, _)| name)))?;
    for row in &results.rows {
        let figures = FIGURES.iter().map(|(_, read)| read(row).map(|figure| figure.to_string()).unwrap_or_default());
        writer.write_record([row.workload.clone(), row.workers.to_string()].into_iter().chain(figures))?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}
