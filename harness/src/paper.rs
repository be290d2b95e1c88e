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
//! | `geomean("compare", "instructions_ratio", ["fib"])` | geometric mean of a figure; without names, over all workloads |
//! | `x \| fixed(2)`, `x \| percent(1)`, `x \| time`, `x \| count`, `x \| bytes` | a number for people |

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use engine::random::Random;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value, context};

use crate::metrics::{Unit, show_time};
use crate::results::{GEOMEAN, Results, Row};
use crate::statistics;

type Data = Arc<BTreeMap<String, Results>>;

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
    add_filters(&mut environment);
    let text = environment
        .render_str(&template, context! {})
        .map_err(|error| anyhow::anyhow!("{}: {error:#}", path.display()))?;
    Ok(format!("<!-- Made from paper.md and results/{name} by `harness paper {name}`; edit those. -->\n\n{text}"))
}

fn data(folder: &Path) -> anyhow::Result<BTreeMap<String, Results>> {
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
    data.get(name).ok_or_else(|| missing(format!("there is no result file {name}.json")))
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
        let estimate = statistics::geometric_mean_speedup(&rounds, &mut Random::new(results.manifest.seed));
        let interval = estimate.interval.ok_or_else(|| missing("too few rounds for an interval".to_string()))?;
        Ok(context! { value => estimate.value, low => interval.low, high => interval.high })
    });
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
    environment.add_filter("fixed", |number: f64, digits: usize| format!("{number:.digits$}"));
    environment.add_filter("percent", |number: f64, digits: usize| format!("{:.digits$} %", 100.0 * number));
    environment.add_filter("time", |number: f64| show_time(number));
    environment.add_filter("count", |number: f64| Unit::Count.show(number));
    environment.add_filter("bytes", |number: f64| Unit::Bytes.show(number));
}
