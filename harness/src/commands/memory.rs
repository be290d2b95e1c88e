//! `harness memory`

use std::collections::HashSet;
use std::process::ExitCode;
use std::time::Instant;

use super::{FAILED, Usage, check_writable, command_line, give};
use crate::cli::MemoryOptions;
use crate::environment::Environment;
use crate::memory::programs::{Program, program, programs};
use crate::memory::{Manifest, Means, OTHERS, POLICIES, Plan, Results, Row, UNAVAILABLE, complaints, measure, steps};
use crate::metrics::{Unit, show_time};
use crate::terminal::tell;
use crate::{tables, terminal};

/// What stands where there is no figure.
const NOTHING: &str = "-";

pub(super) fn run(options: &MemoryOptions) -> anyhow::Result<ExitCode> {
    let plan = Plan { programs: chosen(options)?, rounds: options.rounds as usize, quick: options.quick };
    if let Some(path) = &options.out {
        check_writable(path)?;
    }
    let environment = Environment::now();
    let begun = Instant::now();
    let bar = terminal::progress(steps(&plan));
    let found = measure(&plan, &mut |next| {
        bar.set_message(next.to_string());
        bar.inc(1);
    });
    bar.finish_and_clear();
    let (contestants, figures) = found?;
    let unavailable = contestants.iter().filter_map(|one| Some((&one.name, one.unavailable.as_ref()?)));
    for (name, reason) in unavailable {
        tell!("{name} is unavailable: {reason}");
    }
    let manifest = Manifest {
        command: command_line(),
        environment,
        contestants,
        size: if plan.quick { "small" } else { "full" }.to_string(),
        rounds: plan.rounds,
        measured: "the most memory that the process had when it had printed its line, as the system counts it (VmHWM)"
            .to_string(),
        duration_s: begun.elapsed().as_secs_f64(),
    };
    let results = Results { manifest, figures };
    let text = format!("{}\n", serde_json::to_string_pretty(&results)?);
    give(&table(&results), options.out.as_deref().map(|path| (path, text.as_str())))?;
    Ok(if complaints(&results).is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

fn chosen(options: &MemoryOptions) -> anyhow::Result<Vec<&'static Program>> {
    if options.program.is_empty() {
        return Ok(programs().iter().collect());
    }
    let mut seen = HashSet::new();
    if let Some(twice) = options.program.iter().find(|name| !seen.insert(name.as_str())) {
        return Err(Usage(format!("--program has '{twice}' twice")).into());
    }
    let find = |name: &String| {
        program(name).ok_or_else(|| {
            let known: Vec<&str> = programs().iter().map(|program| program.name.as_str()).collect();
            Usage(format!("there is no program '{name}' for memory; there are: {}", known.join(", "))).into()
        })
    };
    options.program.iter().map(find).collect()
}

/// The contestants, in the order of the columns.
fn names() -> impl Iterator<Item = &'static str> {
    POLICIES.into_iter().chain(OTHERS)
}

fn bytes(figure: Option<f64>) -> String {
    figure.map_or(NOTHING.to_string(), |figure| Unit::Bytes.show(figure))
}

fn figure(figure: Option<f64>, digits: usize) -> String {
    figure.map_or(NOTHING.to_string(), |figure| format!("{figure:.digits$}"))
}

/// The row of a program and a contestant.
fn of<'r>(rows: &'r [Row], program: &str, contestant: &str) -> Option<&'r Row> {
    rows.iter().find(|row| row.program == program && row.contestant == contestant)
}

/// The ratio of a figure of two contestants.
fn over(rows: &[Row], program: &str, read: fn(&Row) -> Option<f64>, who: &str, base: &str) -> Option<f64> {
    Some(read(of(rows, program, who)?)? / read(of(rows, program, base)?)?)
}

/// A table with a row for each program and a column for each contestant, and a ratio at the end.
fn by_contestant(
    results: &Results,
    title: &'static str,
    read: fn(&Row) -> Option<f64>,
    show: fn(Option<f64>) -> String,
    base: &str,
    mean: Option<f64>,
) -> String {
    let header = std::iter::once(title).chain(names()).map(str::to_string).chain([format!("gc / {base}")]).collect();
    let mut seen = HashSet::new();
    let programs = results.figures.rows.iter().map(|row| row.program.as_str()).filter(|&name| seen.insert(name));
    let mut rows: Vec<Vec<String>> = programs
        .map(|program| {
            let cells = names().map(|name| show(of(&results.figures.rows, program, name).and_then(read)));
            let ratio = figure(over(&results.figures.rows, program, read, "gc", base), 2);
            std::iter::once(program.to_string()).chain(cells).chain([ratio]).collect()
        })
        .collect();
    let empty = names().map(|_| String::new());
    rows.push(std::iter::once("geometric mean".to_string()).chain(empty).chain([figure(mean, 2)]).collect());
    format!("{}\n", tables::plain(header, rows, |column| column > 0))
}

fn table(results: &Results) -> String {
    let Means { peak_over_naive, bytes_over_lua, counted_over_lua, .. } = results.figures.means;
    let of_objects = |read: fn(&Row) -> Option<f64>, title: &'static str, mean| {
        by_contestant(results, title, read, |value| figure(value, 1), "lua", mean)
    };
    let mut text = by_contestant(results, "most memory", |row| row.peak_bytes, bytes, "naive", peak_over_naive);
    text.push_str(&of_objects(|row| row.bytes_per_object, "bytes an object", bytes_over_lua));
    text.push_str(&of_objects(|row| row.counted_per_object, "by own count", counted_over_lua));
    text.push_str(&of_heaps(results));
    let header = std::iter::once("one line").chain(names()).map(str::to_string).collect();
    let cells = names().map(|name| bytes(of(&results.figures.lines, "one line", name).and_then(|row| row.peak_bytes)));
    let row = std::iter::once("most memory".to_string()).chain(cells).collect();
    text.push_str(&format!("{}\n", tables::plain(header, [row], |column| column > 0)));
    let header = std::iter::once("bytes of each").chain(POLICIES).map(str::to_string).collect();
    let rows = results.figures.sizes.iter().map(|size| {
        let cells = POLICIES.into_iter().map(|memory| figure(size.bytes.get(memory).copied(), 1));
        std::iter::once(size.object.clone()).chain(cells).collect()
    });
    text.push_str(&format!("{}\n", tables::plain(header, rows, |column| column > 0)));
    let header = ["making a record of two fields", "each"].map(str::to_string).to_vec();
    let rows = results.figures.allocations.iter().map(|one| vec![one.configuration.clone(), show_time(one.ns)]);
    text.push_str(&format!("{}\n", tables::plain(header, rows, |column| column > 0)));
    text.push_str(&notes(results));
    text
}

/// What our own heaps went through.
fn of_heaps(results: &Results) -> String {
    let header = ["heap", "memory", "peak", "left", "collections", "longest pause", "all pauses"];
    let rows = results.figures.rows.iter().filter_map(|row| {
        let heap = row.heap.as_ref()?;
        Some(vec![
            row.program.clone(),
            row.contestant.clone(),
            bytes(Some(heap.peak_bytes as f64)),
            bytes(Some(heap.left_bytes as f64)),
            heap.collections.to_string(),
            show_time(heap.longest_pause_ns),
            show_time(heap.pauses_ns),
        ])
    });
    let table = tables::plain(header.map(str::to_string).to_vec(), rows, |column| column > 1);
    let mean = figure(results.figures.means.heap_over_naive, 2);
    format!("{table}peak of gc over that of naive, geometric mean: {mean}\n\n")
}

fn notes(results: &Results) -> String {
    let pause = &results.figures.pause;
    let mut text = format!(
        "With {} alive the collector stopped a program for {} at most, and for {} altogether, in {} collections.\n",
        Unit::Bytes.show(pause.live_bytes as f64),
        show_time(pause.longest_ns),
        show_time(pause.all_ns),
        pause.collections,
    );
    text.push_str("Memory is that of the whole process, medians of the rounds. Bytes an object are what a process has more than with nothing to make, over the\n");
    text.push_str("objects alive at the end; own counts are those of our heap and of Lua's after a collection. The longest pause is that of all rounds, all pauses are a median.\n");
    complaints(results).iter().for_each(|complaint| text.push_str(&format!("{complaint}\n")));
    let missing: HashSet<&str> = results
        .figures
        .rows
        .iter()
        .filter(|row| row.status == UNAVAILABLE)
        .map(|row| row.contestant.as_str())
        .collect();
    for name in names().filter(|name| missing.contains(name)) {
        text.push_str(&format!("{name} is unavailable\n"));
    }
    text
}
