//! `harness compare`

use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use engine::workloads::{self, Size, workloads};
use engine::{Compiled, Configuration, Source};

use super::{FAILED, Usage, bundled, check_writable, command_line, format_of, give};
use crate::cli::{CompareOptions, Format};
use crate::code_cache;
use crate::environment::Environment;
use crate::measure::{self, Field, Plan, Program};
use crate::peers::peer;
use crate::results::{self, Manifest, Results, Row};
use crate::terminal::tell;
use crate::{tables, terminal};

const ROUNDS: u32 = 15;
const QUICK_ROUNDS: u32 = 11;
const SHORTEST_SAMPLE: Duration = Duration::from_millis(10);
const SHORTEST_QUICK_SAMPLE: Duration = Duration::from_millis(4);
/// A run in the slowest language takes a second or two.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn run(options: &CompareOptions) -> anyhow::Result<ExitCode> {
    let field = field(options)?;
    let sides = [&field.sides[0], &field.sides[1]];
    let format = format_of(options.format, options.out.as_deref());
    let environment = Environment::now();
    let size = if options.quick { Size::Small } else { Size::Full };
    let mut programs = programs(options, size)?;
    keep(&mut programs, &field)?;
    let plan = Plan {
        rounds: options.rounds.unwrap_or(if options.quick { QUICK_ROUNDS } else { ROUNDS }) as usize,
        seed: options.seed,
        shortest_sample: if options.quick { SHORTEST_QUICK_SAMPLE } else { SHORTEST_SAMPLE },
        patience: PATIENCE,
    };
    if let Some(path) = &options.out {
        check_writable(path)?;
    }
    let begun = Instant::now();
    let bar = terminal::progress((programs.len() * plan.rounds) as u64);
    let mut rows = Vec::with_capacity(programs.len() + 1);
    for (index, program) in programs.iter().enumerate() {
        bar.set_message(program.name.clone());
        let comparison = measure::compare(program, &field, plan, &mut || bar.inc(1));
        bar.set_position(((index + 1) * plan.rounds) as u64);
        let kind = program.workload.map_or("", |workload| &workload.kind);
        let row = results::row(&program.name, kind, sides, &comparison, plan.seed);
        rows.push(Row { argument: program.arguments.join(" "), ..row });
    }
    bar.finish_and_clear();
    let peers = results::peer_entries(&field);
    rows.push(results::geomean(&rows, sides, &peers, plan.seed));
    let manifest = Manifest {
        command: command_line(),
        environment,
        executor: results::describe(sides[0]),
        against: results::describe(sides[1]),
        peers,
        size: size.name().to_string(),
        rounds: plan.rounds,
        seed: plan.seed,
        timed: "execution alone, output included; compiling, converting, linking and making the runtime are not"
            .to_string(),
        intervals: "95 % percentile bootstrap of the ratio of medians, rounds resampled in pairs".to_string(),
        duration_s: begun.elapsed().as_secs_f64(),
    };
    let results = Results { manifest, rows };
    let text = match format {
        Format::Table => tables::terminal(&results),
        Format::Json => format!("{}\n", serde_json::to_string_pretty(&results)?),
        Format::Csv => tables::csv(&results)?,
        Format::Markdown => tables::markdown(&results),
    };
    match &options.out {
        Some(path) => give(&tables::terminal(&results), Some((path, &text)))?,
        None => give(&text, None)?,
    }
    let complaints = tables::complaints(&results);
    if options.out.is_none() && !matches!(format, Format::Table | Format::Markdown) {
        // In tables they stand below the figures.
        complaints.iter().for_each(|complaint| tell!("{complaint}"));
    }
    Ok(if complaints.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

/// Who takes part. Peers that this machine does not have are named on standard error.
fn field(options: &CompareOptions) -> anyhow::Result<Field> {
    let sides = configurations(options)?;
    let also: Vec<_> =
        options.also.iter().map(|text| further_configuration(text, &sides[0])).collect::<Result<_, _>>()?;
    let peers: Vec<_> =
        options.peer.iter().filter_map(|name| peer(name)).map(|peer| (peer.name.to_string(), peer.find())).collect();
    let names = also.iter().map(ToString::to_string).chain(peers.iter().map(|(name, _)| name.clone()));
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name.clone()) {
            return Err(Usage(format!("'{name}' is given twice")).into());
        }
    }
    for (name, found) in &peers {
        if let Err(reason) = found {
            tell!("{name} is unavailable: {reason}");
        }
    }
    Ok(Field { sides, also, peers })
}

/// The two sides: what is given for both, and what the other side has of its own.
fn configurations(options: &CompareOptions) -> anyhow::Result<[Configuration; 2]> {
    let mut executor = Configuration::of("register")?;
    options.axes.apply(&mut executor)?;
    let mut against = Configuration { vm: Configuration::of("stack")?.vm, ..executor.clone() };
    options.against.apply(&mut against)?;
    Ok([executor, against])
}

/// The configuration that a text like `stack registers=8` says. What it does not say is as in `base`.
pub(super) fn further_configuration(text: &str, base: &Configuration) -> anyhow::Result<Configuration> {
    let mut words = text.split_whitespace();
    let Some(vm) = words.next() else {
        return Err(Usage("--also takes a value of --vm, then option=value as often as needed".to_string()).into());
    };
    let mut configuration = base.clone();
    configuration.set("vm", vm)?;
    for word in words {
        let Some((axis, value)) = word.split_once('=') else {
            return Err(Usage(format!("'{word}' in --also '{text}' is not of the form option=value")).into());
        };
        configuration.set(axis, value)?;
    }
    crate::axes::time_by(&configuration);
    Ok(configuration)
}

fn programs(options: &CompareOptions, size: Size) -> anyhow::Result<Vec<Program>> {
    let mut programs = Vec::new();
    if options.workload.is_empty() && options.program.is_empty() && options.kind.is_empty() {
        for workload in workloads::programs() {
            programs.push(Program::bundled(workload, size)?);
        }
    }
    for kind in &options.kind {
        let of_kind = || workloads().iter().filter(|workload| workload.kind == *kind);
        if of_kind().next().is_none() {
            let kinds: BTreeSet<&str> = workloads().iter().map(|workload| workload.kind.as_str()).collect();
            let known = kinds.into_iter().collect::<Vec<_>>().join(", ");
            return Err(Usage(format!("there are no workloads of kind '{kind}'; there are: {known}")).into());
        }
        for workload in of_kind() {
            programs.push(Program::bundled(workload, size)?);
        }
    }
    for name in &options.workload {
        programs.push(Program::bundled(bundled(name)?, size)?);
    }
    let names = names(&options.program, &programs);
    for (path, name) in options.program.iter().zip(names) {
        let compiled = Compiled::new(&Source::file(path)?)?;
        programs.push(Program {
            name,
            compiled,
            kept: Vec::new(),
            arguments: Vec::new(),
            expected: None,
            workload: None,
        });
    }
    let mut seen = HashSet::new();
    if let Some(twice) = programs.iter().find(|program| !seen.insert(program.name.as_str())) {
        return Err(Usage(format!("'{}' is given twice", twice.name)).into());
    }
    Ok(programs)
}

/// Compiles the programs once more for the configurations that ask for a cache, so that what is run there comes from one: the first time
/// fills it.
fn keep(programs: &mut [Program], field: &Field) -> anyhow::Result<()> {
    for configuration in field.sides.iter().chain(&field.also) {
        let Some(cache) = code_cache::open(configuration.cache) else { continue };
        for program in &mut *programs {
            let source = program.source()?;
            cache.compile(&source, configuration)?;
            let (compiled, _) = cache.compile(&source, configuration)?;
            program.kept.push((configuration.clone(), compiled));
        }
    }
    Ok(())
}

/// What files are called in results: by the stem of their name where that is theirs alone, else by their path.
fn names(paths: &[PathBuf], bundled: &[Program]) -> Vec<String> {
    let stem = |path: &PathBuf| path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let stems: Vec<String> = paths.iter().map(stem).collect();
    let is_taken = |name: &String| {
        name == results::GEOMEAN
            || bundled.iter().any(|program| program.name == *name)
            || stems.iter().filter(|stem| *stem == name).count() > 1
    };
    let name = |(path, stem): (&PathBuf, &String)| match path.to_string_lossy().into_owned() {
        _ if !is_taken(stem) => stem.clone(),
        path if path == *stem => format!("./{path}"),
        path => path,
    };
    paths.iter().zip(&stems).map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::names;
    use crate::measure::Program;
    use engine::workloads::{Size, workload};

    #[test]
    fn names_of_files_are_told_apart() {
        let bundled = [Program::bundled(workload("fib").unwrap(), Size::Small).unwrap()];
        let paths = ["a/one.zx", "b/one.zx", "two.zx", "fib.zx", "geomean", "geomean.zx"].map(Into::into);
        assert_eq!(names(&paths, &bundled), ["a/one.zx", "b/one.zx", "two", "fib.zx", "./geomean", "geomean.zx"]);
        assert_eq!(names(&paths[3..4], &[]), ["fib"]);
    }
}
