//! `harness warmup`

use std::collections::HashSet;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::bail;
use engine::Configuration;
use engine::workloads::{self, Size, Workload};

use super::{Usage, bundled, check_writable, command_line, compare, give};
use crate::cli::WarmupOptions;
use crate::environment::Environment;
use crate::measure::Program;
use crate::metrics::show_time;
use crate::statistics::median;
use crate::warmup::{Class, Curve, Manifest, Warmup, curves};
use crate::{tables, terminal};

pub(super) fn run(options: &WarmupOptions) -> anyhow::Result<ExitCode> {
    let mut base = Configuration::of("jit")?;
    options.axes.apply(&mut base)?;
    let also = options.also.iter().map(|text| compare::further_configuration(text, &base));
    let configurations: Vec<Configuration> = std::iter::once(Ok(base.clone())).chain(also).collect::<Result<_, _>>()?;
    let mut seen = HashSet::new();
    if let Some(twice) = configurations.iter().map(ToString::to_string).find(|name| !seen.insert(name.clone())) {
        return Err(Usage(format!("'{twice}' is given twice")).into());
    }
    let size = if options.full { Size::Full } else { Size::Small };
    let programs = programs(options, size)?;
    if let Some(path) = &options.out {
        check_writable(path)?;
    }
    let (iterations, invocations) = (options.iterations as usize, options.invocations as usize);
    let environment = Environment::now();
    let begun = Instant::now();
    let bar = terminal::progress(programs.len() as u64);
    let mut all = Vec::with_capacity(programs.len() * configurations.len());
    for program in &programs {
        bar.set_message(program.name.clone());
        match curves(program, &configurations, iterations, invocations) {
            Ok(found) => all.extend(found),
            Err(reason) => bail!("{}: {reason}", program.name),
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    let results = Warmup {
        warmup: Manifest {
            command: command_line(),
            environment,
            iterations,
            invocations,
            size: size.name().to_string(),
            duration_s: begun.elapsed().as_secs_f64(),
        },
        curves: all,
    };
    let text = json(&results)?;
    give(&table(&results.curves), options.out.as_deref().map(|path| (path, text.as_str())))?;
    Ok(ExitCode::SUCCESS)
}

fn programs(options: &WarmupOptions, size: Size) -> anyhow::Result<Vec<Program>> {
    let chosen: Vec<&Workload> = match &options.workload[..] {
        [] => workloads::programs().collect(),
        names => names.iter().map(|name| bundled(name)).collect::<Result<_, _>>()?,
    };
    Ok(chosen.into_iter().map(|workload| Program::bundled(workload, size)).collect::<Result<_, _>>()?)
}

/// A line for each curve, so that what changes shows as a changed line.
fn json(results: &Warmup) -> anyhow::Result<String> {
    let curves: Result<Vec<String>, _> = results.curves.iter().map(serde_json::to_string).collect();
    let manifest = serde_json::to_string_pretty(&results.warmup)?;
    Ok(format!("{{\n\"warmup\": {manifest},\n\"curves\": [\n{}\n]\n}}\n", curves?.join(",\n")))
}

fn table(curves: &[Curve]) -> String {
    let header = ["program", "configuration", "warm-up", "first", "settled at", "then", "paid before"];
    let rows = curves.iter().map(|curve| {
        let of = |figure: fn(&crate::warmup::Invocation) -> f64| {
            median(&curve.invocations.iter().map(figure).collect::<Vec<_>>())
        };
        vec![
            curve.program.clone(),
            curve.configuration.clone(),
            classes(curve),
            show_time(curve.median_ns[0]),
            format!("{:.0}", of(|invocation| invocation.settled as f64)),
            show_time(of(|invocation| invocation.steady_ns)),
            show_time(of(|invocation| invocation.warm_up_ns)),
        ]
    });
    let mut text = tables::plain(header.map(str::to_string).to_vec(), rows, |column| column >= 3);
    text.push_str("\nMedians over the invocations: time of the first iteration, iteration from which on times are as at the end, time of an iteration then,\n");
    text.push_str("and how much longer the iterations before took altogether.\n");
    text
}

/// The class of a curve's invocations, or how many are of which.
fn classes(curve: &Curve) -> String {
    if let Some(class) = curve.class {
        return class.name().to_string();
    }
    let of = |class: Class| {
        let count = curve.invocations.iter().filter(|invocation| invocation.class == class).count();
        (count > 0).then(|| format!("{count} {}", class.name()))
    };
    Class::ALL.into_iter().filter_map(of).collect::<Vec<_>>().join(", ")
}
