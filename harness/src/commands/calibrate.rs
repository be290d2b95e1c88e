//! `harness calibrate`

use std::fs;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use engine::orchestrator::{CostModel, ENGINES, Facts, Measured, Policy, Regret};
use engine::random::{self, Random};
use engine::workloads::{self, Size};
use engine::{Capture, Compiled, Configuration, Executor, Source, clock, find_executor};

use super::check_writable;
use crate::cli::CalibrateOptions;
use crate::measure::Program;
use crate::metrics::show_time;
use crate::statistics::median;
use crate::{tables, terminal};

/// A sample repeats a program until it has taken so long.
const SHORTEST_SAMPLE: Duration = Duration::from_millis(2);

/// No further round is begun with a program after this.
const PATIENCE: Duration = Duration::from_millis(500);

/// What a model has never seen is decided about by one that was fitted on all but so large a part.
const PARTS: usize = 5;

/// Random programs may run for so much fuel.
const FUEL: u64 = 100_000;

pub(super) fn run(options: &CalibrateOptions) -> anyhow::Result<ExitCode> {
    if let Some(path) = &options.out {
        check_writable(path)?;
    }
    let programs = programs(options)?;
    let bar = terminal::progress(programs.len() as u64);
    let mut measured = Vec::with_capacity(programs.len());
    for program in &programs {
        bar.set_message(program.name.clone());
        measured.push(measure(program, options.rounds)?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let nothing = measure(&nothing()?, options.rounds)?;
    let Some(model) = CostModel::fit(&measured, &nothing) else { bail!("there is nothing to measure") };
    let mut text = String::new();
    if options.each {
        text.push_str(&each(&measured, &model));
        text.push('\n');
    }
    text.push_str(&costs(&model));
    text.push('\n');
    text.push_str(&regrets(&measured, &nothing, &model));
    terminal::print(&text)?;
    if let Some(path) = &options.out {
        fs::write(path, model.text()).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The bundled programs, and random ones that stand for short scripts: those that end without an error.
fn programs(options: &CalibrateOptions) -> anyhow::Result<Vec<Program>> {
    let sizes: &[Size] = if options.quick { &[Size::Small] } else { &[Size::Small, Size::Full] };
    let mut programs = Vec::new();
    for &size in sizes {
        for workload in workloads::programs() {
            let mut program = Program::bundled(workload, size)?;
            program.name = format!("{} ({})", workload.name, size.name());
            programs.push(program);
        }
    }
    let scripts = (0..).map(script).filter_map(Result::transpose).take(options.scripts as usize);
    for script in scripts {
        programs.push(script?);
    }
    Ok(programs)
}

/// A program in which there is nothing: what it takes, any program takes.
fn nothing() -> anyhow::Result<Program> {
    let name = "nothing".to_string();
    let compiled = Compiled::new(&Source::text(&name, ""))?;
    Ok(Program {
        name,
        compiled,
        kept: Vec::new(),
        arguments: Vec::new(),
        expected: Some(String::new()),
        workload: None,
    })
}

/// The random program of a seed; nothing if it ends with an error.
fn script(seed: u64) -> anyhow::Result<Option<Program>> {
    let name = format!("script {seed}");
    let compiled = Compiled::new(&Source::text(&name, random::program(seed).to_program()))?;
    let mut configuration = Configuration::of(ENGINES[0])?;
    configuration.limits.fuel = Some(FUEL);
    let outcome = executor(ENGINES[0]).prepare(&compiled, &configuration)?.run(configuration.run_options());
    Ok(outcome.result.is_ok().then(|| Program {
        name,
        compiled,
        kept: Vec::new(),
        arguments: Vec::new(),
        expected: None,
        workload: None,
    }))
}

fn executor(engine: &str) -> &'static dyn Executor {
    find_executor(engine).expect("the orchestrator chooses among executors")
}

/// Measures a program on all engines, in an order that is drawn for each round.
fn measure(program: &Program, rounds: u32) -> anyhow::Result<Measured> {
    let tree = program.compiled.tree().context("bundled programs and scripts are compiled from text")?;
    let mut samples = [const { (Vec::new(), Vec::new()) }; ENGINES.len()];
    let mut random = Random::new(1);
    let begun = clock::now();
    // The first round warms up, unless it is the only one.
    for round in 0..=rounds {
        if round > 0 && clock::now().saturating_sub(begun) > PATIENCE {
            break;
        }
        if round == 1 {
            samples = [const { (Vec::new(), Vec::new()) }; ENGINES.len()];
        }
        let mut order: Vec<usize> = (0..ENGINES.len()).collect();
        random.shuffle(&mut order);
        for engine in order {
            let (prepare, run) = sample(program, ENGINES[engine])?;
            samples[engine].0.push(prepare);
            samples[engine].1.push(run);
        }
    }
    let times = samples.map(|(prepare, run)| (median(&prepare), median(&run)));
    Ok(Measured { name: program.name.clone(), facts: Facts::new(tree), times })
}

/// Nanoseconds of preparing a program and of running it, each the mean of some.
fn sample(program: &Program, engine: &str) -> anyhow::Result<(f64, f64)> {
    let configuration = Configuration::of(engine)?;
    let (mut prepare, mut run, mut times) = (Duration::ZERO, Duration::ZERO, 0_u32);
    while prepare + run < SHORTEST_SAMPLE {
        let begun = clock::now();
        let prepared = executor(engine).prepare(&program.compiled, &configuration)?;
        prepare += clock::now().saturating_sub(begun);
        let output = Capture::default();
        let outcome = prepared.run(runtime::RunOptions {
            arguments: program.arguments.clone(),
            output: output.writer(),
            ..configuration.run_options()
        });
        if let Err(failure) = outcome.result {
            bail!("{} on {engine}: {}", program.name, failure.message);
        }
        if program.expected.as_ref().is_some_and(|expected| !output.matches_and_clear(expected.as_bytes())) {
            bail!("{} on {engine}: wrong answer", program.name);
        }
        run += outcome.time;
        times += 1;
    }
    Ok((prepare.as_nanos() as f64 / f64::from(times), run.as_nanos() as f64 / f64::from(times)))
}

fn each(measured: &[Measured], model: &CostModel) -> String {
    let header = ["program", "lines", "nodes", "work", "ast", "stack", "register", "best", "rules", "model"];
    let rows = measured.iter().map(|one| {
        let facts = one.facts;
        let mut row =
            vec![one.name.clone(), facts.lines.to_string(), facts.nodes.to_string(), format!("{:.1e}", facts.work)];
        row.extend(ENGINES.map(|engine| show_time(one.total(engine))));
        row.extend([one.best(), Policy::Rules.decide(facts).engine(), model.cheapest(&facts).0].map(String::from));
        row
    });
    tables::plain(header.map(String::from).to_vec(), rows, |column| (1..7).contains(&column))
}

fn costs(model: &CostModel) -> String {
    let header = ["engine", "in any case", "to prepare a node", "a unit of work"].map(String::from).to_vec();
    let rows = model.engines.iter().map(|cost| {
        let [fixed, prepare, run] = [cost.fixed, cost.prepare, cost.run].map(|cost| format!("{cost:.4} ns"));
        vec![cost.vm.clone(), fixed, prepare, run]
    });
    tables::plain(header, rows, |column| column > 0)
}

/// What each way of choosing loses.
fn regrets(measured: &[Measured], nothing: &Measured, model: &CostModel) -> String {
    let of = |choose: &dyn Fn(&Facts) -> &'static str| Regret::of(measured.iter().map(|one| (one, choose(&one.facts))));
    let mut rows = vec![
        ("rules".to_string(), of(&|facts| Policy::Rules.decide(*facts).engine())),
        ("model".to_string(), of(&|facts| model.cheapest(facts).0)),
        ("model, held out".to_string(), CostModel::held_out(measured, nothing, PARTS)),
    ];
    rows.extend(ENGINES.map(|engine| (format!("always {engine}"), of(&|_| engine))));
    let per_cent = |ratio: f64| format!("{:+.1} %", 100.0 * (ratio - 1.0));
    let header = ["who chooses", "best chosen", "lost in all", "lost on average", "most lost", "on"];
    let rows = rows.into_iter().map(|(name, regret)| {
        let best = format!("{} of {}", regret.best, regret.programs);
        vec![name, best, per_cent(regret.total), per_cent(regret.mean), per_cent(regret.worst.1), regret.worst.0]
    });
    let mut text = tables::plain(header.map(String::from).to_vec(), rows, |column| (1..5).contains(&column));
    text.push_str(
        "\nTimes are those from verified stack code to the end of the run, against always taking the engine that was best. In all: of the sums of \
         all\nprograms' times. On average: geometric mean over programs. Held out: each program is decided about by a model that was not fitted \
         on it.\n",
    );
    text
}
