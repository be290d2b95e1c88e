//! Results as tables: for people, for spreadsheets, for documents.

use std::collections::BTreeMap;
use std::fmt::Write;

use comfy_table::{CellAlignment, ContentArrangement, ContentLineStyle, LineStyle, Table, TableStyle};

use crate::metrics::{METRICS, show_time};
use crate::results::{GEOMEAN, PeerEntry, PeerFigures, Results, Row, TIMED};
use crate::statistics::{FEWEST_ROUNDS, Verdict};

/// What stands where there is no figure.
const NOTHING: &str = "-";

type PeerColumn = (&'static str, fn(&PeerFigures) -> Option<f64>);

/// What a spreadsheet gets of each of the others; the name stands before the name of the column.
const PEER_COLUMNS: [PeerColumn; 7] = [
    ("median_ns", |figures| figures.median_ns),
    ("ratio", |figures| figures.ratio),
    ("ci_low", |figures| figures.ci_low),
    ("ci_high", |figures| figures.ci_high),
    ("against_ratio", |figures| figures.against_ratio),
    ("against_ci_low", |figures| figures.against_ci_low),
    ("against_ci_high", |figures| figures.against_ci_high),
];

/// The table that people read.
pub fn terminal(results: &Results) -> String {
    let mut text = plain(header(results), results.rows.iter().map(|row| cells(results, row)), |column| column > 0);
    text.push('\n');
    notes(results, &mut text);
    text
}

/// A table without borders; `is_figure` says which columns are set to the right.
pub fn plain(
    header: Vec<String>,
    rows: impl IntoIterator<Item = Vec<String>>,
    is_figure: impl Fn(usize) -> bool,
) -> String {
    const STYLE: TableStyle = TableStyle::new()
        .header_lines(ContentLineStyle::none())
        .header_separator(LineStyle::none().fill('─'))
        .content_lines(ContentLineStyle::none());
    let mut table = Table::new();
    table.load_style(STYLE).set_content_arrangement(ContentArrangement::Disabled).set_header(header);
    table.add_rows(rows);
    for (_, column) in table.column_iter_mut().enumerate().filter(|(index, _)| is_figure(*index)) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string().lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// The same as a Markdown table.
pub fn markdown(results: &Results) -> String {
    let header = header(results);
    let line = |cells: &[String]| {
        let cells: Vec<&str> = cells.iter().map(|cell| cell.trim()).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let mut text = line(&header);
    let _ = writeln!(text, "|---|{}", "---:|".repeat(header.len() - 1));
    for row in &results.rows {
        text.push_str(&line(&cells(results, row)));
    }
    text.push('\n');
    notes(results, &mut text);
    text
}

fn header(results: &Results) -> Vec<String> {
    let (executor, against) = names(results);
    let mut header = vec!["workload".to_string(), executor, against.clone(), "speed-up [95 %]".to_string()];
    for heading in METRICS.iter().filter_map(|metric| metric.heading) {
        header.extend([heading.to_string(), against.clone(), "ratio".to_string()]);
    }
    header.extend(results.manifest.peers.iter().map(|peer| format!("/ {}", peer.name)));
    header.push("agrees".to_string());
    header
}

/// What the two sides are called: the executors, with what else tells them apart.
fn names(results: &Results) -> (String, String) {
    let name = |own: &BTreeMap<String, String>, other: &BTreeMap<String, String>| {
        let mut name = own.get("vm").cloned().unwrap_or_default();
        for (axis, value) in own.iter().filter(|(axis, value)| *axis != "vm" && other.get(*axis) != Some(value)) {
            let _ = write!(name, " {axis}={value}");
        }
        name
    };
    let manifest = &results.manifest;
    (name(&manifest.executor, &manifest.against), name(&manifest.against, &manifest.executor))
}

fn cells(results: &Results, row: &Row) -> Vec<String> {
    let time = |nanoseconds: Option<f64>| nanoseconds.map_or(NOTHING.to_string(), show_time);
    let mut cells = vec![row.workload.clone(), time(row.median_ns), time(row.against_median_ns), speedup(row)];
    for metric in METRICS.iter().filter(|metric| metric.heading.is_some()) {
        let shown = |name: &str| row.figure(name).map_or(NOTHING.to_string(), |figure| metric.unit.show(figure));
        cells.push(shown(metric.name));
        cells.push(shown(&format!("against_{}", metric.name)));
        cells.push(
            row.figure(&format!("{}_ratio", metric.name)).map_or(NOTHING.to_string(), |ratio| format!("{ratio:.2}")),
        );
    }
    for peer in &results.manifest.peers {
        let ratio = peer_figures(row, peer).and_then(|figures| figures.ratio);
        cells.push(ratio.map_or(NOTHING.to_string(), |ratio| format!("{ratio:.2}")));
    }
    let answer = match row.status.as_str() {
        status @ ("fails" | "cannot run") => status,
        _ if row.agrees => "yes",
        _ => "NO",
    };
    cells.push(answer.to_string());
    cells
}

fn peer_figures<'r>(row: &'r Row, peer: &PeerEntry) -> Option<&'r PeerFigures> {
    row.peers.get(&peer.name)?.as_ref()
}

/// `1.93 [1.90, 1.97]`, with `=` behind it when the interval contains 1.
fn speedup(row: &Row) -> String {
    let Some(value) = row.speedup else { return NOTHING.to_string() };
    let interval = match (row.ci_low, row.ci_high) {
        (Some(low), Some(high)) => format!(" [{low:.2}, {high:.2}]"),
        _ => String::new(),
    };
    let mark = if row.verdict == Verdict::NoDifference.name() { " =" } else { "  " };
    format!("{value:.2}{interval}{mark}")
}

fn notes(results: &Results, text: &mut String) {
    let (executor, against) = names(results);
    let manifest = &results.manifest;
    let programs = results.rows.iter().filter(|row| row.workload != GEOMEAN);
    let count = |verdict: Verdict| programs.clone().filter(|row| row.verdict == verdict.name()).count();
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "{executor} is faster than {against} on {} programs, slower on {}, and no different (=) on {}",
        count(Verdict::Faster),
        count(Verdict::Slower),
        count(Verdict::NoDifference),
    );
    // Those without times are complained of below.
    let open = programs.clone().filter(|row| row.status == TIMED && row.verdict == Verdict::Unknown.name()).count();
    if open > 0 {
        let _ = write!(text, "; of {open} it cannot be said: that takes {FEWEST_ROUNDS} rounds at least");
    }
    text.push_str(".\n");
    let _ = writeln!(
        text,
        "Speed-up: {against} over {executor}, medians of {} rounds, size {}; other ratios: {executor} over {against}.",
        manifest.rounds, manifest.size
    );
    peer_notes(results, &executor, text);
    for complaint in complaints(results) {
        let _ = writeln!(text, "{complaint}");
    }
}

/// What is wrong with programs and configurations, a line each. Nothing is wrong when this is empty.
pub fn complaints(results: &Results) -> Vec<String> {
    let own = results.manifest.peers.iter().filter(|peer| peer.configuration.is_some());
    let own: Vec<&str> = own.map(|peer| peer.name.as_str()).collect();
    let mut complaints = Vec::new();
    for row in results.rows.iter().filter(|row| row.workload != GEOMEAN) {
        let workload = &row.workload;
        if row.status != TIMED {
            let reason = row.unavailable.get("speedup").map_or("nothing was timed", String::as_str);
            complaints.push(match row.status.as_str() {
                "fails" => format!("{workload} fails: {reason}"),
                "cannot run" => format!("{workload} was not compared: {reason}"),
                _ => format!("{workload} does not agree: {reason}"),
            });
            continue;
        }
        for name in &own {
            if let Some(reason) = row.unavailable.get(&format!("peers.{name}")) {
                let what = if row.agrees { "was not compared" } else { "does not agree" };
                complaints.push(format!("{workload} {what} under {name}: {reason}"));
            }
        }
    }
    complaints
}

/// What the columns of others mean, and why some of their figures are missing.
fn peer_notes(results: &Results, executor: &str, text: &mut String) {
    let peers = &results.manifest.peers;
    if peers.is_empty() {
        return;
    }
    let _ =
        writeln!(text, "/ NAME: time of {executor} over that of NAME; below 1, {executor} is faster. Geometric means");
    let _ = writeln!(text, "over other languages are over the kernels.");
    // Our own configurations are among the complaints.
    for peer in peers.iter().filter(|peer| peer.configuration.is_none()) {
        for (reason, workloads) in missing(results, peer) {
            let programs =
                if workloads.len() > 3 { format!("{} programs", workloads.len()) } else { workloads.join(", ") };
            let _ = writeln!(text, "{} has no figure for {programs}: {reason}", peer.name);
        }
    }
}

/// The workloads that one of the others has no figure for, by reason.
fn missing<'r>(results: &'r Results, peer: &PeerEntry) -> BTreeMap<&'r str, Vec<&'r str>> {
    let name = format!("peers.{}", peer.name);
    let mut missing: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in results.rows.iter().filter(|row| row.workload != GEOMEAN) {
        if let Some(reason) = row.unavailable.get(&name) {
            missing.entry(reason).or_default().push(&row.workload);
        }
    }
    missing
}

/// A line for each row: every figure, the samples left out.
pub fn csv(results: &Results) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut header: Vec<String> = [
        "workload",
        "executor",
        "against",
        "agrees",
        "verdict",
        "median_ns",
        "against_median_ns",
        "speedup",
        "ci_low",
        "ci_high",
    ]
    .map(str::to_string)
    .to_vec();
    header.extend(["spread", "against_spread", "status"].map(str::to_string));
    let figures: Vec<String> = METRICS
        .iter()
        .flat_map(|metric| {
            [metric.name.to_string(), format!("against_{}", metric.name), format!("{}_ratio", metric.name)]
        })
        .collect();
    header.extend(figures.iter().cloned());
    for peer in &results.manifest.peers {
        header.extend(PEER_COLUMNS.map(|(name, _)| format!("{} {name}", peer.name)));
    }
    writer.write_record(&header)?;
    for row in &results.rows {
        let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
        let mut record = vec![
            row.workload.clone(),
            row.executor.clone(),
            row.against.clone(),
            row.agrees.to_string(),
            row.verdict.clone(),
        ];
        let times = [
            row.median_ns,
            row.against_median_ns,
            row.speedup,
            row.ci_low,
            row.ci_high,
            row.spread,
            row.against_spread,
        ];
        record.extend(times.map(number));
        record.push(row.status.clone());
        record.extend(figures.iter().map(|name| number(row.figure(name))));
        for peer in &results.manifest.peers {
            let figures = peer_figures(row, peer);
            record.extend(PEER_COLUMNS.map(|(_, read)| number(figures.and_then(read))));
        }
        writer.write_record(&record)?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}
