//! Papers: text with figures that a command puts in.
//!
//! `papers/NAME/paper.md` is a template; `results/NAME/*.json` are result files as `harness compare --out` writes them. Rendering gives
//! `papers/NAME/README.md`, and a test fails when that is not what template and data give. So every figure in a paper has its data
//! beside it, and every result file says which command made it.
//!
//! A template is [minijinja](https://docs.rs/minijinja)'s. A result file goes by its name without `.json`:
//!
//! | in a template | gives |
//! | --- | --- |
//! | `rows("compare")` | its rows, the geometric mean left out |
//! | `row("compare", "fib")` | one row; `"geomean"` for the last |
//! | `manifest("compare")` | its manifest |
//! | `speedup("compare", ["fib", "sieve"])` | speed-up over these workloads, with `value`, `low` and `high` from their samples |
//! | `relative("compare", "lua", "python", "fib")` | time of Python over that of Lua, with `value`, `low` and `high`; nothing if one has no times |
//! | `relative("compare", "lua", "python", ["fib", "sieve"])` | geometric mean of the same over workloads |
//! | `cost("compare", "hash_native", "executor")` | time for one of what the workload's argument counts; nothing if it was not timed |
//! | `cost_ratio(["compare", "hash_native", "executor"], ["other", "hash_guest", "lua"])` | how many times that the second takes of the first, with `value`, `low` and `high`; nothing if one was not timed |
//! | `drift("compare", "node", "fib")` | median time of the second half of the rounds over that of the first half |
//! | `geomean("compare", "instructions_ratio", ["fib"])` | geometric mean of a figure; without names, over all workloads |
//! | `sweep("sweep")` | of a file of `harness sweep`: its manifest, programs and phases |
//! | `ratio_at("sweep", "instructions", {"registers": 8}, {"registers": 256})` | geometric mean, over programs, of a figure at one point over that at another |
//! | `worst_at(…)` | with the same arguments, the program with the highest ratio, and that |
//! | `share_at("sweep", "reloads_run", "instructions", {"registers": 8})` | mean, over programs, of one figure as a part of another |
//! | `total_at("sweep", "moves", {"registers": 8})`, `programs_with(…)` | a figure over all programs; how many programs have it above 0 |
//! | `conversion_at("sweep", {"registers": 8}, "allocate")` | nanoseconds that a phase of converting took, over all programs; all phases without a name |
//! | `warmup("warmup")` | a file of `harness warmup`: its manifest and curves |
//! | `parallel("measured")` | a file of `harness parallel`: its manifest and rows |
//! | `memory("memory")` | a file of `harness memory`: its manifest, rows, lines, sizes, allocations, pause and means |
//! | `profile("fib")` | a file of `harness profile --format json`: tables by probe and name |
//! | `command \| shell` | a command as one types it |
//! | `list \| middle`, `list \| geometric_mean` | the median of numbers, and their geometric mean |
//! | `x \| fixed(2)`, `x \| percent(1)`, `x \| time`, `x \| count`, `x \| bytes` | a number for people |

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use engine::random::Random;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value, context};
use serde::Deserialize;

use crate::metrics::{Unit, show_time};
use crate::results::{GEOMEAN, Results, Row};
use crate::statistics::{self, Estimate};
use crate::sweep::{Found, Sweep};
use crate::warmup::Warmup;
use crate::{memory, parallel};

type Data = Arc<BTreeMap<String, File>>;

/// A result file.
#[derive(Deserialize)]
#[serde(untagged)]
enum File {
    /// Of `harness compare`.
    Comparison(Results),
    /// Of `harness sweep`.
    Sweep(Sweep),
    /// Of `harness warmup`.
    Warmup(Warmup),
    /// Of `harness parallel`.
    Parallel(parallel::Results),
    /// Of `harness memory`.
    Memory(memory::Results),
    /// Of `harness profile --format json`.
    Profile(Profile),
}

/// A result file of `harness profile`.
#[derive(Deserialize)]
struct Profile {
    /// Tables by probe and name.
    probes: serde_json::Value,
}

/// The text of a paper.
///
/// # Errors
/// When the template or its data cannot be read, or the template asks for what the data does not have.
pub fn render(root: &Path, name: &str) -> anyhow::Result<String> {
    let path = root.join("papers").join(name).join("paper.md");
    let template = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let data = Arc::new(data(&root.join("results").join(name))?);
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_keep_trailing_newline(true);
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    add_functions(&mut environment, &data);
    add_sweep_functions(&mut environment, &data);
    add_filters(&mut environment);
    let text = environment
        .render_str(&template, context! {})
        .map_err(|error| anyhow::anyhow!("{}: {error:#}", path.display()))?;
    Ok(format!("<!-- Made from paper.md and results/{name} by `harness paper {name}`; edit those. -->\n\n{text}"))
}

fn data(folder: &Path) -> anyhow::Result<BTreeMap<String, File>> {
    let mut data = BTreeMap::new();
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let Some(name) = path.file_stem().and_then(|stem| stem.to_str()) else { continue };
        if path.extension().is_some_and(|extension| extension == "json") {
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let results =
                serde_json::from_str(&text).with_context(|| format!("{} is no result file", path.display()))?;
            data.insert(name.to_string(), results);
        }
    }
    Ok(data)
}

fn missing(what: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, what)
}

fn file<'d>(data: &'d Data, name: &str) -> Result<&'d Results, Error> {
    match data.get(name) {
        Some(File::Comparison(results)) => Ok(results),
        Some(File::Sweep(_)) => Err(missing(format!("{name}.json is a sweep, not a comparison"))),
        Some(File::Warmup(_)) => Err(missing(format!("{name}.json has warm-up curves, and is no comparison"))),
        Some(File::Parallel(_)) => Err(missing(format!("{name}.json is about blocks, and is no comparison"))),
        Some(File::Memory(_)) => Err(missing(format!("{name}.json is about memory, and is no comparison"))),
        Some(File::Profile(_)) => Err(missing(format!("{name}.json is a profile, and no comparison"))),
        None => Err(missing(format!("there is no result file {name}.json"))),
    }
}

fn sweep<'d>(data: &'d Data, name: &str) -> Result<&'d Sweep, Error> {
    match data.get(name) {
        Some(File::Sweep(sweep)) => Ok(sweep),
        Some(File::Comparison(_)) => Err(missing(format!("{name}.json is a comparison, not a sweep"))),
        Some(File::Warmup(_)) => Err(missing(format!("{name}.json has warm-up curves, and is no sweep"))),
        Some(File::Parallel(_)) => Err(missing(format!("{name}.json is about blocks, and is no sweep"))),
        Some(File::Memory(_)) => Err(missing(format!("{name}.json is about memory, and is no sweep"))),
        Some(File::Profile(_)) => Err(missing(format!("{name}.json is a profile, and no sweep"))),
        None => Err(missing(format!("there is no result file {name}.json"))),
    }
}

/// The point of a sweep at which axes have these values: an object of names and values.
fn point<'s>(sweep: &'s Sweep, at: &Value) -> Result<&'s Found, Error> {
    let mut wanted = Vec::new();
    for axis in at.try_iter()? {
        wanted.push((axis.to_string(), at.get_item(&axis)?.to_string()));
    }
    let mut points =
        sweep.points.iter().filter(|point| wanted.iter().all(|(axis, value)| point.at.get(axis) == Some(value)));
    match (points.next(), points.next()) {
        (Some(point), None) => Ok(point),
        (None, _) => Err(missing(format!("the sweep has no point at {at}"))),
        (Some(_), Some(_)) => Err(missing(format!("the sweep has several points at {at}"))),
    }
}

/// A figure that a template needs, or an error that says it is not there.
fn needed(figure: Option<f64>, what: &str) -> Result<f64, Error> {
    figure.ok_or_else(|| missing(format!("no program has '{what}'")))
}

fn add_sweep_functions(environment: &mut Environment<'_>, data: &Data) {
    let own = Arc::clone(data);
    environment.add_function("sweep", move |name: &str| -> Result<Value, Error> {
        let sweep = sweep(&own, name)?;
        Ok(context! {
            manifest => Value::from_serialize(&sweep.manifest),
            programs => Value::from_serialize(&sweep.programs),
            phases => Value::from_serialize(&sweep.phases),
        })
    });
    let own = Arc::clone(data);
    environment.add_function("warmup", move |name: &str| -> Result<Value, Error> {
        match own.get(name) {
            Some(File::Warmup(warmup)) => Ok(Value::from_serialize(warmup)),
            _ => Err(missing(format!("there is no result file {name}.json with warm-up curves"))),
        }
    });
    let own = Arc::clone(data);
    environment.add_function("parallel", move |name: &str| -> Result<Value, Error> {
        match own.get(name) {
            Some(File::Parallel(results)) => Ok(Value::from_serialize(results)),
            _ => Err(missing(format!("there is no result file {name}.json about blocks"))),
        }
    });
    let own = Arc::clone(data);
    environment.add_function("memory", move |name: &str| -> Result<Value, Error> {
        match own.get(name) {
            Some(File::Memory(results)) => Ok(Value::from_serialize(results)),
            _ => Err(missing(format!("there is no result file {name}.json about memory"))),
        }
    });
    let own = Arc::clone(data);
    environment.add_function("profile", move |name: &str| -> Result<Value, Error> {
        match own.get(name) {
            Some(File::Profile(profile)) => Ok(Value::from_serialize(&profile.probes)),
            _ => Err(missing(format!("there is no profile {name}.json"))),
        }
    });
    let own = Arc::clone(data);
    environment.add_function("total_at", move |name: &str, metric: &str, at: Value| -> Result<f64, Error> {
        Ok(point(sweep(&own, name)?, &at)?.all(metric).iter().sum())
    });
    let own = Arc::clone(data);
    environment.add_function(
        "ratio_at",
        move |name: &str, metric: &str, at: Value, base: Value| -> Result<f64, Error> {
            let sweep = sweep(&own, name)?;
            needed(point(sweep, &at)?.ratio(point(sweep, &base)?, metric), metric)
        },
    );
    let own = Arc::clone(data);
    environment.add_function("share_at", move |name: &str, metric: &str, of: &str, at: Value| -> Result<f64, Error> {
        needed(point(sweep(&own, name)?, &at)?.share(metric, of), metric)
    });
    let own = Arc::clone(data);
    environment.add_function("programs_with", move |name: &str, metric: &str, at: Value| -> Result<usize, Error> {
        Ok(point(sweep(&own, name)?, &at)?.all(metric).iter().filter(|&&figure| figure > 0.0).count())
    });
    let own = Arc::clone(data);
    environment.add_function(
        "worst_at",
        move |name: &str, metric: &str, at: Value, base: Value| -> Result<Value, Error> {
            let sweep = sweep(&own, name)?;
            let (own, base) = (point(sweep, &at)?, point(sweep, &base)?);
            let ratios = own.ratios(base, metric);
            let worst = ratios.into_iter().max_by(|a, b| a.1.total_cmp(&b.1));
            let (program, ratio) = worst.ok_or_else(|| missing(format!("no program has '{metric}'")))?;
            Ok(context! { program => sweep.programs[program], ratio => ratio })
        },
    );
    let own = Arc::clone(data);
    environment.add_function(
        "conversion_at",
        move |name: &str, at: Value, phase: Option<&str>| -> Result<f64, Error> {
            let sweep = sweep(&own, name)?;
            let phase = match phase {
                Some(phase) => Some(
                    sweep
                        .phases
                        .iter()
                        .position(|known| known == phase)
                        .ok_or_else(|| missing(format!("no phase '{phase}'")))?,
                ),
                None => None,
            };
            let times = point(sweep, &at)?.conversion_ns.iter();
            let of_program = |phases: &Vec<u64>| phase.map_or_else(|| phases.iter().sum(), |at| phases[at]);
            Ok(times.map(of_program).sum::<u64>() as f64)
        },
    );
}

fn find<'r>(results: &'r Results, workload: &str) -> Result<&'r Row, Error> {
    results
        .rows
        .iter()
        .find(|row| row.workload == workload)
        .ok_or_else(|| missing(format!("there is no row '{workload}'")))
}

/// The rows of these workloads, or of all.
fn chosen<'r>(results: &'r Results, names: Option<&[String]>) -> Result<Vec<&'r Row>, Error> {
    match names {
        Some(names) => names.iter().map(|name| find(results, name)).collect(),
        None => Ok(results.rows.iter().filter(|row| row.workload != GEOMEAN).collect()),
    }
}

/// A ratio with its interval, as templates see it.
fn estimate(estimate: Estimate) -> Result<Value, Error> {
    let interval = estimate.interval.ok_or_else(|| missing("too few rounds for an interval".to_string()))?;
    Ok(context! { value => estimate.value, low => interval.low, high => interval.high })
}

/// Time of one of those who took part over the time of another: on one workload, or in geometric mean over several. Who took part are
/// `executor`, `against`, and the names in `peers`. Nothing when one of the two has no times on one of the workloads.
fn relative(results: &Results, base: &str, who: &str, names: &[String]) -> Result<Value, Error> {
    let mut rounds = Vec::with_capacity(names.len());
    for name in names {
        match find(results, name)?.ratio_rounds(who, base) {
            Some(pairs) => rounds.push(pairs),
            None => return Ok(Value::from(())),
        }
    }
    let rounds: Vec<_> = rounds.iter().map(Vec::as_slice).collect();
    estimate(statistics::geometric_mean_speedup(&rounds, &mut Random::new(results.manifest.seed)))
}

/// Nanoseconds for one of what the workload's argument counts, sample by sample; nothing if there are no times.
fn costs(results: &Results, workload: &str, who: &str) -> Result<Option<Vec<f64>>, Error> {
    let row = find(results, workload)?;
    let count: f64 = row.argument.parse().map_err(|_| missing(format!("the argument of {workload} is no number")))?;
    Ok(row.samples(who).map(|samples| samples.iter().map(|time| time / count).collect()))
}

/// The same for a file, a workload in it, and who ran it, as a template names them.
fn costs_at(data: &Data, at: &Value) -> Result<Option<Vec<f64>>, Error> {
    let [name, workload, who] = &names(at)?[..] else {
        return Err(missing(format!("{at} is not a result file, a workload and who ran it")));
    };
    costs(file(data, name)?, workload, who)
}

/// Median of the second half of somebody's samples over that of the first half.
fn drift(results: &Results, who: &str, workload: &str) -> Result<Value, Error> {
    let Some(samples) = find(results, workload)?.samples(who) else { return Ok(Value::from(())) };
    let (first, second) = samples.split_at(samples.len() / 2);
    Ok(Value::from(statistics::median(second) / statistics::median(first)))
}

/// A command as one types it: words with a space in them are quoted.
fn shell(words: &[String]) -> String {
    let quoted = words.iter().map(|word| if word.contains(' ') { format!("\"{word}\"") } else { word.clone() });
    quoted.collect::<Vec<_>>().join(" ")
}

/// Names that a template gives one by one or as a list.
fn names(value: &Value) -> Result<Vec<String>, Error> {
    match value.as_str() {
        Some(name) => Ok(vec![name.to_string()]),
        None => value.try_iter()?.map(|name| Ok(name.to_string())).collect(),
    }
}

fn add_functions(environment: &mut Environment<'_>, data: &Data) {
    let own = Arc::clone(data);
    environment.add_function("rows", move |name: &str| -> Result<Value, Error> {
        Ok(Value::from_serialize(chosen(file(&own, name)?, None)?))
    });
    let own = Arc::clone(data);
    environment.add_function("row", move |name: &str, workload: &str| -> Result<Value, Error> {
        Ok(Value::from_serialize(find(file(&own, name)?, workload)?))
    });
    let own = Arc::clone(data);
    environment.add_function("manifest", move |name: &str| -> Result<Value, Error> {
        Ok(Value::from_serialize(&file(&own, name)?.manifest))
    });
    let own = Arc::clone(data);
    environment.add_function("speedup", move |name: &str, names: Option<Vec<String>>| -> Result<Value, Error> {
        let results = file(&own, name)?;
        let rounds: Vec<_> = chosen(results, names.as_deref())?.into_iter().map(Row::rounds).collect();
        if rounds.iter().any(Vec::is_empty) {
            return Err(missing(format!("a workload of {name}.json was not timed")));
        }
        let rounds: Vec<_> = rounds.iter().map(Vec::as_slice).collect();
        estimate(statistics::geometric_mean_speedup(&rounds, &mut Random::new(results.manifest.seed)))
    });
    let own = Arc::clone(data);
    environment.add_function("relative", move |name: &str, base: &str, who: &str, over: Value| {
        relative(file(&own, name)?, base, who, &names(&over)?)
    });
    let own = Arc::clone(data);
    environment.add_function("cost", move |name: &str, workload: &str, who: &str| -> Result<Value, Error> {
        let costs = costs(file(&own, name)?, workload, who)?;
        Ok(costs.map_or(Value::from(()), |costs| Value::from(statistics::median(&costs))))
    });
    let own = Arc::clone(data);
    environment.add_function("cost_ratio", move |base: Value, who: Value| -> Result<Value, Error> {
        let (Some(base), Some(who)) = (costs_at(&own, &base)?, costs_at(&own, &who)?) else {
            return Ok(Value::from(()));
        };
        estimate(statistics::independent_ratio(&base, &who, &mut Random::new(1)))
    });
    let own = Arc::clone(data);
    environment
        .add_function("drift", move |name: &str, who: &str, workload: &str| drift(file(&own, name)?, who, workload));
    let own = Arc::clone(data);
    environment.add_function(
        "geomean",
        move |name: &str, figure: &str, names: Option<Vec<String>>| -> Result<f64, Error> {
            let rows = chosen(file(&own, name)?, names.as_deref())?;
            let value = |row: &&Row| match figure {
                "speedup" => row.speedup,
                _ => row.figure(figure),
            };
            let values: Vec<f64> = rows.iter().filter_map(value).filter(|&value| value > 0.0).collect();
            if values.is_empty() {
                return Err(missing(format!("no row of {name}.json has '{figure}'")));
            }
            Ok(statistics::geometric_mean(&values))
        },
    );
}

fn add_filters(environment: &mut Environment<'_>) {
    environment.add_filter("shell", |words: Vec<String>| shell(&words));
    environment.add_filter("fixed", |number: f64, digits: usize| format!("{number:.digits$}"));
    environment.add_filter("percent", |number: f64, digits: usize| format!("{:.digits$} %", 100.0 * number));
    environment.add_filter("middle", |numbers: Vec<f64>| statistics::median(&numbers));
    environment.add_filter("geometric_mean", |numbers: Vec<f64>| statistics::geometric_mean(&numbers));
    environment.add_filter("time", |number: f64| show_time(number));
    environment.add_filter("count", |number: f64| Unit::Count.show(number));
    environment.add_filter("bytes", |number: f64| Unit::Bytes.show(number));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use minijinja::Environment;

    use super::{File, add_functions, shell};

    /// Two workloads, the second of which does four times as many of something that takes three times as long.
    #[test]
    fn costs_are_those_of_one_of_what_the_argument_counts() {
        let row = |workload: &str, argument: &str, samples: [f64; 6]| {
            serde_json::json!({
                "workload": workload, "argument": argument, "executor": "register", "against": "stack", "agrees": true,
                "verdict": "unknown", "peers": {}, "unavailable": {}, "runs_per_sample": 1, "against_runs_per_sample": 1,
                "samples_ns": samples, "against_samples_ns": [],
            })
        };
        let rows = [
            row("native", "10", [100.0, 110.0, 90.0, 100.0, 100.0, 100.0]),
            row("guest", "40", [1200.0; 6]),
            row("named", "fib", [1200.0; 6]),
        ];
        let rows = rows.map(|row| serde_json::from_value(row).unwrap()).to_vec();
        let data = Arc::new(BTreeMap::from([("made".to_string(), File::Comparison(made(rows)))]));
        let mut environment = Environment::new();
        add_functions(&mut environment, &data);
        let render = |template: &str| environment.render_str(template, ()).map_err(|error| format!("{error:#}"));
        assert_eq!(render("{{ cost('made', 'native', 'executor') }}").unwrap(), "10.0");
        assert_eq!(render("{{ cost('made', 'native', 'against') or 'nothing' }}").unwrap(), "nothing");
        let both = "[['made', 'native', 'executor'], ['made', 'guest', 'executor']]";
        let ratio =
            format!("{{% set r = cost_ratio({both}[0], {both}[1]) %}}{{{{ r.value }}}} {{{{ 'low' if r.low < 3.0 }}}}");
        assert_eq!(render(&ratio).unwrap(), "3.0 low");
        assert!(render("{{ cost('made', 'named', 'executor') }}").unwrap_err().contains("is no number"));
        assert!(render("{{ cost_ratio(['made'], ['made']) }}").unwrap_err().contains("who ran it"));
    }

    fn made(rows: Vec<crate::results::Row>) -> crate::results::Results {
        let manifest = serde_json::from_value(serde_json::json!({
            "command": [], "environment": crate::environment::Environment::now(), "executor": {}, "against": {},
            "size": "small", "rounds": 6, "seed": 1, "timed": "", "intervals": "", "duration_s": 1.0,
        }));
        crate::results::Results { manifest: manifest.unwrap(), rows }
    }

    #[test]
    fn commands_can_be_typed_again() {
        let words = ["harness", "compare", "--also", "stack registers=8"].map(str::to_string);
        assert_eq!(shell(&words), "harness compare --also \"stack registers=8\"");
    }
}
