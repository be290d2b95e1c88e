//! A cost model of the engines: what `harness calibrate` fits on a machine.
//!
//! A program costs an engine so much in any case, so much more a node of its tree to prepare, and so much a unit of estimated work to run. The
//! estimate of the work may be far off, and is so by the same factor for all engines; therefore the costs of a unit are fitted in two parts
//! that stand against that. How the engines' speeds relate is the geometric mean over the programs measured. What a unit takes on the slowest
//! of them is chosen such that the decisions which follow lose least.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{ENGINES, Facts};

/// What an engine costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EngineCost {
    /// The engine: a value of `--vm`.
    pub vm: String,
    /// Nanoseconds that a program takes in which there is nothing.
    pub fixed: f64,
    /// Nanoseconds it takes to prepare a node of the tree.
    pub prepare: f64,
    /// Nanoseconds it takes for a unit of work.
    pub run: f64,
}

/// What each engine costs on a machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CostModel {
    /// The engines.
    pub engines: Vec<EngineCost>,
}

/// What a program took on each engine.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The program.
    pub name: String,
    /// What can be told of it without running it.
    pub facts: Facts,
    /// Nanoseconds from verified stack code, which all engines begin with, to what the engine runs, and from there to the end of the run; by
    /// engine in the order of [`ENGINES`].
    pub times: [(f64, f64); ENGINES.len()],
}

impl Measured {
    /// What an engine took in all.
    pub fn total(&self, engine: &str) -> f64 {
        let (prepare, run) = self.times[place(engine)];
        prepare + run
    }

    /// The engine that took least.
    pub fn best(&self) -> &'static str {
        least(|engine| self.total(engine))
    }
}

/// How much is lost by decisions, against always taking the engine that was best.
#[derive(Clone, Debug, PartialEq)]
pub struct Regret {
    /// Programs.
    pub programs: usize,
    /// For how many of them the best engine was chosen.
    pub best: usize,
    /// Time of all programs together over that on the best engines.
    pub total: f64,
    /// Geometric mean of each program's time over that on its best engine.
    pub mean: f64,
    /// The program that lost most, and its time over that on its best engine.
    pub worst: (String, f64),
}

impl Regret {
    /// What these choices lose.
    pub fn of<'m>(choices: impl IntoIterator<Item = (&'m Measured, &'static str)>) -> Self {
        let mut regret = Self { programs: 0, best: 0, total: 1.0, mean: 1.0, worst: (String::new(), 1.0) };
        let (mut chosen, mut least, mut logarithms) = (0.0, 0.0, 0.0);
        for (measured, engine) in choices {
            let best = measured.best();
            let ratio = measured.total(engine) / measured.total(best);
            regret.programs += 1;
            regret.best += usize::from(engine == best);
            chosen += measured.total(engine);
            least += measured.total(best);
            logarithms += ratio.ln();
            if ratio > regret.worst.1 {
                regret.worst = (measured.name.clone(), ratio);
            }
        }
        if regret.programs > 0 {
            (regret.total, regret.mean) = (chosen / least, f64::exp(logarithms / regret.programs as f64));
        }
        regret
    }
}

/// A program runs for long if it takes so many times what a program does in which there is nothing.
const LONG: f64 = 100.0;

/// A model that loses so much more in all than another is as good as that one, and may be better on average.
const NEGLIGIBLE: f64 = 0.005;

/// Steps of the search for what a unit of work takes: a millionth of a nanosecond to ten thousand, twelve steps to a factor of ten.
const SCALES: std::ops::RangeInclusive<i32> = -72..=48;
const SCALES_A_DECADE: f64 = 12.0;

impl CostModel {
    /// What an engine is expected to take for a program, in nanoseconds; none when it is not known.
    pub fn estimate(&self, engine: &str, facts: &Facts) -> Option<f64> {
        let cost = self.engines.iter().find(|cost| cost.vm == engine)?;
        Some(cost.fixed + cost.prepare * f64::from(facts.nodes) + cost.run * facts.work)
    }

    /// The engine that is expected to take least, and why.
    pub fn cheapest(&self, facts: &Facts) -> (&'static str, String) {
        let estimate = |engine: &str| self.estimate(engine, facts).unwrap_or(f64::INFINITY);
        let engine = least(estimate);
        let estimates: Vec<String> =
            ENGINES.iter().map(|engine| format!("{engine} {:.0} µs", estimate(engine) / 1000.0)).collect();
        (engine, format!("it is expected to take least: {}", estimates.join(", ")))
    }

    /// The model in a file; none when there is no such file, or no model in it.
    pub fn read(path: &Path) -> Option<Self> {
        let model: Self = toml::from_str(&std::fs::read_to_string(path).ok()?).ok()?;
        let is_cost = |cost: &EngineCost| [cost.fixed, cost.prepare, cost.run].iter().all(|cost| cost.is_finite());
        let has = |engine: &str| model.engines.iter().any(|cost| cost.vm == engine && is_cost(cost));
        ENGINES.iter().all(|engine| has(engine)).then_some(model)
    }

    /// The model as the text of a file.
    pub fn text(&self) -> String {
        toml::to_string(self).expect("a list of costs can be written")
    }

    /// Fits a model to what was measured of programs, and of one in which there is nothing. None when there are no programs.
    pub fn fit(measured: &[Measured], nothing: &Measured) -> Option<Self> {
        if measured.is_empty() {
            return None;
        }
        // What is left of a figure without the fixed part; never nothing, because ratios are made of it.
        let beyond = |figure: f64, fixed: f64| (figure - fixed).max(figure / 100.0).max(1.0);
        let prepare = ENGINES.map(|engine| {
            let of = |one: &Measured| one.times[place(engine)].0;
            median(
                measured.iter().map(|one| beyond(of(one), of(nothing)) / f64::from(one.facts.nodes.max(1))).collect(),
            )
        });
        let [slowest, ..] = ENGINES;
        // How fast engines are shows in programs that run for longer than it takes to begin.
        let is_long = |one: &&Measured| one.times[place(slowest)].1 > LONG * nothing.total(slowest);
        let mut long: Vec<&Measured> = measured.iter().filter(is_long).collect();
        if long.is_empty() {
            long = measured.iter().collect();
        }
        let relative = ENGINES.map(|engine| {
            let run = |one: &Measured, engine| beyond(one.times[place(engine)].1, nothing.times[place(engine)].1);
            let logarithms: Vec<f64> = long.iter().map(|one| (run(one, engine) / run(one, slowest)).ln()).collect();
            f64::exp(logarithms.iter().sum::<f64>() / logarithms.len() as f64)
        });
        let model = |scale: i32| {
            let unit = 10_f64.powf(f64::from(scale) / SCALES_A_DECADE);
            let cost = |engine: &str| EngineCost {
                vm: engine.to_string(),
                fixed: nothing.total(engine),
                prepare: prepare[place(engine)],
                run: unit * relative[place(engine)],
            };
            Self { engines: ENGINES.iter().map(|engine| cost(engine)).collect() }
        };
        let regret = |scale: i32| {
            let model = model(scale);
            Regret::of(measured.iter().map(|one| (one, model.cheapest(&one.facts).0)))
        };
        let mut regrets: Vec<(i32, Regret)> = SCALES.map(|scale| (scale, regret(scale))).collect();
        let least = |regrets: &[(i32, Regret)], of: fn(&Regret) -> f64| {
            regrets.iter().map(|(_, regret)| of(regret)).fold(f64::INFINITY, f64::min)
        };
        let total = least(&regrets, |regret| regret.total) + NEGLIGIBLE;
        regrets.retain(|(_, regret)| regret.total <= total);
        let mean = least(&regrets, |regret| regret.mean) + 1e-9;
        regrets.retain(|(_, regret)| regret.mean <= mean);
        // Of those that are left the one in the middle: it is farthest from where decisions change.
        Some(model(regrets[regrets.len() / 2].0))
    }

    /// What models lose on programs that they were not fitted on: each is decided about by a model of those that are not in its part, of so
    /// many parts.
    pub fn held_out(measured: &[Measured], nothing: &Measured, parts: usize) -> Regret {
        let model_without = |part: usize| {
            let others = measured.iter().enumerate().filter(|(index, _)| index % parts != part);
            Self::fit(&others.map(|(_, one)| one.clone()).collect::<Vec<_>>(), nothing).unwrap_or_default()
        };
        let models: Vec<Self> = (0..parts).map(model_without).collect();
        let choice = |(index, one): (usize, _)| {
            let one: &Measured = one;
            (one, models[index % parts].cheapest(&one.facts).0)
        };
        Regret::of(measured.iter().enumerate().map(choice))
    }
}

fn place(engine: &str) -> usize {
    ENGINES.iter().position(|&other| other == engine).expect("only these engines are asked about")
}

/// The engine for which `of` is least; of equals the one that needs least preparation.
fn least(of: impl Fn(&str) -> f64) -> &'static str {
    let [mut best, others @ ..] = ENGINES;
    for engine in others {
        if of(engine) < of(best) {
            best = engine;
        }
    }
    best
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::{CostModel, Measured, Regret};
    use crate::orchestrator::Facts;

    /// A machine on which any program costs 500 nanoseconds, preparing 0, 50 and 100 a node, and a unit of work 60, 20 and 10.
    fn measured(name: &str, nodes: u32, work: f64) -> Measured {
        let facts =
            Facts { lines: nodes / 8, nodes, functions: 0, loops: 0, is_recursive: false, arithmetic: 0.2, work };
        let cost = |prepare: f64, run: f64| (500.0 + prepare * f64::from(nodes), run * work);
        Measured { name: name.to_string(), facts, times: [cost(0.0, 60.0), cost(50.0, 20.0), cost(100.0, 10.0)] }
    }

    fn some() -> Vec<Measured> {
        (1..40).map(|n| measured(&format!("p{n}"), 50 * n, f64::from(50 * n) * 1.3_f64.powi(n as i32 % 12))).collect()
    }

    #[test]
    fn a_machine_that_is_as_the_model_says_is_found_again() {
        let model = CostModel::fit(&some(), &measured("nothing", 0, 0.0)).unwrap();
        let [ast, stack, register] = [0, 1, 2].map(|engine| model.engines[engine].clone());
        assert_eq!([ast.fixed, stack.fixed, register.fixed], [500.0; 3]);
        assert!(ast.prepare < 1.0);
        assert_eq!([stack.prepare, register.prepare], [50.0, 100.0]);
        assert!((stack.run / ast.run - 1.0 / 3.0).abs() < 1e-9 && (register.run / ast.run - 1.0 / 6.0).abs() < 1e-9);
        assert!((30.0..120.0).contains(&ast.run), "{ast:?}");
        let regret = Regret::of(some().iter().map(|one| (one, model.cheapest(&one.facts).0)));
        assert!(regret.mean < 1.05 && regret.best * 4 > regret.programs * 3, "{regret:?}");
        assert!(CostModel::held_out(&some(), &measured("nothing", 0, 0.0), 5).mean < 1.1);
        assert_eq!(CostModel::fit(&[], &measured("nothing", 0, 0.0)), None);
    }

    #[test]
    fn regret_is_what_was_taken_over_what_was_best() {
        // 100 nodes: the evaluator takes 6500 for 100 units, the stack machine 7500, the register machine 11500.
        let one = measured("one", 100, 100.0);
        assert_eq!(one.best(), "ast");
        let regret = Regret::of([(&one, "ast"), (&one, "stack")]);
        assert_eq!((regret.programs, regret.best), (2, 1));
        assert!((regret.total - 14.0 / 13.0).abs() < 1e-9 && (regret.worst.1 - 7.5 / 6.5).abs() < 1e-9);
        assert!((regret.mean - (7.5_f64 / 6.5).sqrt()).abs() < 1e-9);
    }
}
