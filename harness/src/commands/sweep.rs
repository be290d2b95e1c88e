//! `harness sweep`

use std::fs;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, bail};

use super::{Usage, check_writable, command_line, give};
use crate::cli::SweepOptions;
use crate::environment::Environment;
use crate::metrics::METRICS;
use crate::sweep::{Found, Plan, Sweep, SweepManifest, sweep};
use crate::{tables, terminal};

pub(super) fn run(options: &SweepOptions) -> anyhow::Result<ExitCode> {
    let write: Option<fn(&Sweep) -> anyhow::Result<String>> = match options.out.as_deref() {
        None => None,
        Some(path) => match path.extension().and_then(|extension| extension.to_str()) {
            Some("json") => Some(json),
            Some("csv") => Some(csv),
            _ => return Err(Usage(format!("{}: results are written to .json or .csv", path.display())).into()),
        },
    };
    let shown = options.plan.display();
    let text = fs::read_to_string(&options.plan).with_context(|| format!("cannot read {shown}"))?;
    let in_plan = |error| Usage(format!("{shown}: {error}"));
    let plan = Plan::read(&text).map_err(in_plan)?;
    let points = plan.points().map_err(in_plan)?;
    let programs = plan.programs().map_err(in_plan)?;
    if let Some(path) = &options.out {
        check_writable(path)?;
    }
    let environment = Environment::now();
    let begun = Instant::now();
    let bar = terminal::progress(programs.len() as u64);
    let found = sweep(&plan, &points, &programs, &mut |name| {
        bar.set_message(name.to_string());
        bar.inc(1);
    });
    bar.finish_and_clear();
    let points = match found {
        Ok(points) => points,
        Err(reason) => bail!(reason),
    };
    let phases = converter::Statistics::default().times.phases();
    let results = Sweep {
        manifest: SweepManifest {
            command: command_line(),
            environment,
            plan,
            duration_s: begun.elapsed().as_secs_f64(),
        },
        programs: programs.iter().map(|program| program.name.clone()).collect(),
        phases: phases.iter().map(|(name, _)| (*name).to_string()).collect(),
        points,
    };
    let text = write.map(|write| write(&results)).transpose()?;
    give(&table(&results), options.out.as_deref().zip(text.as_deref()))?;
    Ok(ExitCode::SUCCESS)
}

/// A line for each point, so that what changes shows as a changed line.
fn json(results: &Sweep) -> anyhow::Result<String> {
    let mut text = String::from("{\n");
    text.push_str(&format!("\"manifest\": {},\n", serde_json::to_string_pretty(&results.manifest)?));
    text.push_str(&format!("\"programs\": {},\n", serde_json::to_string(&results.programs)?));
    text.push_str(&format!("\"phases\": {},\n\"points\": [\n", serde_json::to_string(&results.phases)?));
    let points: Result<Vec<String>, _> = results.points.iter().map(serde_json::to_string).collect();
    text.push_str(&points?.join(",\n"));
    text.push_str("\n]\n}\n");
    Ok(text)
}

/// A line for each program at each point.
fn csv(results: &Sweep) -> anyhow::Result<String> {
    let axes: Vec<&str> = results.manifest.plan.axes.iter().map(|axis| axis.name.as_str()).collect();
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let figures = METRICS.iter().map(|metric| metric.name);
    writer
        .write_record(axes.iter().copied().chain(["workload"]).chain(figures).chain(["conversion_ns", "median_ns"]))?;
    for point in &results.points {
        for (at, program) in results.programs.iter().enumerate() {
            let mut record: Vec<String> = axes.iter().map(|&axis| point.at[axis].clone()).collect();
            record.push(program.clone());
            record.extend(METRICS.iter().map(|metric| show(point.figures[metric.name][at])));
            record.push(show(point.conversion_ns.get(at).map(|phases| phases.iter().sum::<u64>())));
            record.push(show(point.median_ns.get(at)));
            writer.write_record(record)?;
        }
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

fn show(figure: Option<impl ToString>) -> String {
    figure.map_or(String::new(), |figure| figure.to_string())
}

/// A line for each point: figures over all programs.
fn table(results: &Sweep) -> String {
    let axes = results.manifest.plan.axes.iter().map(|axis| axis.name.clone());
    let figures = ["instructions", "code", "moves", "spill stores", "reloads", "conversion", "time"];
    let first = &results.points[0];
    let has_times = !first.median_ns.is_empty();
    let has_conversions = !first.conversion_ns.is_empty();
    let keeps = |at: usize| at < 5 || at == 5 && has_conversions || at == 6 && has_times;
    let kept = |cells: Vec<String>| cells.into_iter().enumerate().filter(|&(at, _)| keeps(at)).map(|(_, cell)| cell);
    let header: Vec<String> = axes.chain(kept(figures.map(str::to_string).to_vec())).collect();
    let axis_count = results.manifest.plan.axes.len();
    let rows = results.points.iter().map(|point| {
        let at = results.manifest.plan.axes.iter().map(|axis| point.at[&axis.name].clone());
        at.chain(kept(cells(point, first))).collect()
    });
    let mut text = tables::plain(header, rows, |column| column >= axis_count);
    text.push_str(&format!(
        "\n{} programs at {} points. Instructions run, code bytes{}: over those at the first point, geometric mean.\nMoves, spill stores, \
         reloads: share of the instructions run, mean.{}\n",
        results.programs.len(),
        results.points.len(),
        if has_times { " and time" } else { "" },
        if has_conversions { " Conversion: time of all programs over that at the first point." } else { "" },
    ));
    text
}

fn cells(point: &Found, first: &Found) -> Vec<String> {
    let ratio = |metric| point.ratio(first, metric).map_or("-".to_string(), |ratio| format!("{ratio:.3}"));
    let share =
        |metric| point.share(metric, "instructions").map_or("-".to_string(), |share| format!("{:.2} %", 100.0 * share));
    let total = |found: &Found| found.conversion_ns.iter().flatten().sum::<u64>() as f64;
    let times: Vec<f64> = point.median_ns.iter().zip(&first.median_ns).map(|(own, first)| own / first).collect();
    vec![
        ratio("instructions"),
        ratio("code_bytes"),
        share("moves_run"),
        share("spill_stores_run"),
        share("reloads_run"),
        format!("{:.2}", total(point) / total(first)),
        if times.is_empty() { "-".to_string() } else { format!("{:.3}", crate::statistics::geometric_mean(&times)) },
    ]
}
