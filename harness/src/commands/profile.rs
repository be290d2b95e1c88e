//! `harness profile`

use std::fmt::Write;
use std::io::BufReader;
use std::process::ExitCode;

use engine::probes::{find_probe, probes};
use engine::profile::{Cell, ProbeKind, Table, watched_as};
use engine::{Compiled, Configuration, Outcome, find_executor, render_failure};
use serde_json::{Map, Value, json};

use super::{FAILED, Usage, program};
use crate::cli::{ProfileFormat, ProfileOptions};
use crate::metrics::Unit;
use crate::terminal::tell_text;
use crate::{results, tables, terminal};

/// Rows that people get to see of a table, and of one in the summary.
const ROWS: usize = 20;
const SUMMARY_ROWS: usize = 5;
/// Texts of source lines are cut to this many characters in tables for people.
const SOURCE_WIDTH: usize = 60;

/// What a probe saw.
struct Seen {
    probe: &'static ProbeKind,
    tables: Vec<Table>,
}

pub(super) fn run(options: &ProfileOptions) -> anyhow::Result<ExitCode> {
    let mut configuration = Configuration::default();
    options.axes.apply(&mut configuration)?;
    let configuration = watched_as(&configuration);
    let chosen = chosen(&options.probe, &configuration)?;
    let (source, arguments) = program(options.file.as_deref(), options.code.as_deref(), &options.arguments)?;
    let compiled = Compiled::new(&source)?;
    let Some(executor) = find_executor(configuration.vm) else { unreachable!("the axis checks its values") };
    let prepared = executor.prepare(&compiled, &configuration)?;
    let run_options = runtime::RunOptions {
        arguments,
        output: Box::new(terminal::Messages),
        input: Box::new(BufReader::new(std::io::stdin())),
        seed: options.seed,
        deterministic: options.deterministic,
        ..configuration.run_options()
    };
    let Some((outcome, tables)) = prepared.profile(run_options, &chosen) else {
        return Err(
            Usage(format!("'{}' runs no instructions, so there is nothing to profile", configuration.vm)).into()
        );
    };
    if let Err(failure) = &outcome.result {
        tell_text!("{}", render_failure(failure, compiled.sources(), terminal::colours()));
    }
    let seen: Vec<Seen> = chosen.into_iter().zip(tables).map(|(probe, tables)| Seen { probe, tables }).collect();
    let text = match options.format {
        ProfileFormat::Table => {
            let rows = if options.probe.is_empty() { SUMMARY_ROWS } else { ROWS };
            for_people(&seen, options.top.unwrap_or(rows))
        }
        ProfileFormat::Json => json_text(&configuration, &outcome, &seen, options.top)?,
        ProfileFormat::Csv => csv(&seen, options.top)?,
    };
    terminal::print(&text)?;
    Ok(if outcome.result.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

/// The probes that were asked for: all of them when none was. Those that need plain code are refused, or left out, when it is not run.
fn chosen(names: &[String], configuration: &Configuration) -> Result<Vec<&'static ProbeKind>, Usage> {
    let is_fused = configuration.vm == "stack" && configuration.superinstructions;
    if names.is_empty() {
        return Ok(probes().iter().filter(|probe| !(is_fused && probe.needs_plain_code)).collect());
    }
    let mut chosen: Vec<&ProbeKind> = Vec::new();
    for name in names {
        let Some(probe) = find_probe(name) else {
            let known: Vec<&str> = probes().iter().map(|probe| probe.name).collect();
            return Err(Usage(format!("there is no probe '{name}'; there are: {}", known.join(", "))));
        };
        if is_fused && probe.needs_plain_code {
            return Err(Usage(format!("'{name}' cannot look into superinstructions; leave --superinstructions off")));
        }
        if chosen.iter().all(|known| known.name != probe.name) {
            chosen.push(probe);
        }
    }
    Ok(chosen)
}

/// Rows that are written, and how many are not.
fn rows(table: &Table, top: Option<usize>) -> (&[Vec<Cell>], usize) {
    let shown = top.unwrap_or(usize::MAX).min(table.rows.len());
    (&table.rows[..shown], table.rows.len() - shown)
}

fn for_people(seen: &[Seen], top: usize) -> String {
    let mut text = String::new();
    for Seen { probe, tables } in seen {
        for table in tables {
            // Writing to a string cannot fail; likewise below.
            let _ = writeln!(text, "{}{}: {}", if text.is_empty() { "" } else { "\n" }, probe.name, table.title);
            let (rows, more) = rows(table, Some(top));
            if rows.is_empty() {
                text.push_str(" nothing\n");
                continue;
            }
            let header = table.columns.iter().map(|column| column.to_string()).collect();
            let shown =
                rows.iter().map(|row| row.iter().zip(table.columns).map(|(cell, column)| show(cell, column)).collect());
            let is_figure = |column: usize| !rows.iter().any(|row| matches!(row[column], Cell::Text(_)));
            text.push_str(&tables::plain(header, shown, is_figure));
            if more > 0 {
                let _ = writeln!(text, " … and {more} more");
            }
            for note in &table.notes {
                let _ = writeln!(text, " {note}");
            }
        }
    }
    text
}

fn show(cell: &Cell, column: &str) -> String {
    match cell {
        Cell::Text(source) if column == "source" && source.chars().count() > SOURCE_WIDTH => {
            source.chars().take(SOURCE_WIDTH - 1).chain(['…']).collect()
        }
        Cell::Text(text) => text.clone(),
        Cell::Count(count) => count.to_string(),
        Cell::Bytes(bytes) => Unit::Bytes.show(*bytes as f64),
        Cell::Share(share) => format!("{:.1} %", 100.0 * share),
        Cell::Ratio(ratio) => format!("{ratio:.2}"),
        Cell::None => "-".to_string(),
    }
}

fn json_text(
    configuration: &Configuration,
    outcome: &Outcome,
    seen: &[Seen],
    top: Option<usize>,
) -> anyhow::Result<String> {
    let value = |cell: &Cell| match cell {
        Cell::Text(text) => json!(text),
        Cell::Count(figure) | Cell::Bytes(figure) => json!(figure),
        Cell::Share(figure) | Cell::Ratio(figure) => json!(figure),
        Cell::None => Value::Null,
    };
    let object = |table: &Table, row: &Vec<Cell>| -> Value {
        table.columns.iter().map(|column| column.to_string()).zip(row.iter().map(value)).collect()
    };
    let mut by_probe = Map::new();
    for Seen { probe, tables } in seen {
        let tables: Map<String, Value> = tables
            .iter()
            .map(|table| {
                let (rows, left_out) = rows(table, top);
                let rows: Vec<Value> = rows.iter().map(|row| object(table, row)).collect();
                let shown = json!({ "title": table.title, "rows": rows, "left_out": left_out, "notes": table.notes });
                (table.name.to_string(), shown)
            })
            .collect();
        by_probe.insert(probe.name.to_string(), tables.into());
    }
    let all = json!({
        "configuration": results::describe(configuration),
        "failed": outcome.result.is_err(),
        "probes": by_probe,
    });
    Ok(format!("{}\n", serde_json::to_string_pretty(&all)?))
}

fn csv(seen: &[Seen], top: Option<usize>) -> anyhow::Result<String> {
    let mut parts = Vec::new();
    for table in seen.iter().flat_map(|seen| &seen.tables) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(table.columns)?;
        for row in rows(table, top).0 {
            writer.write_record(row.iter().map(|cell| match cell {
                Cell::Text(text) => text.clone(),
                Cell::Count(figure) | Cell::Bytes(figure) => figure.to_string(),
                Cell::Share(figure) | Cell::Ratio(figure) => figure.to_string(),
                Cell::None => String::new(),
            }))?;
        }
        parts.push(String::from_utf8(writer.into_inner()?)?);
    }
    Ok(parts.join("\n"))
}
