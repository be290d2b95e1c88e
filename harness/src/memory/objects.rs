//! What single objects cost: how many bytes they take, and how long it takes to make one.
//!
//! Bytes are exact, by the heap's own counters. A program keeps n objects of a kind in a list that has its size from the beginning, and another keeps one object n
//! times; how much more the first has than the second, for 2n less for n, is what n objects take. A map is as full as its size happens to make it, so an entry is measured at
//! eight sizes from one doubling to the next: their mean is given, and the largest.
//!
//! Time is that of a loop that makes a record of two fields in each turn less that of the same loop without, by the processor's time of the thread. Collections are in it.

use std::collections::BTreeMap;

use engine::{Capture, Compiled, Configuration, Outcome, Source, find_executor};
use runtime::RunOptions;
use serde::{Deserialize, Serialize};

use super::{MAX_HEAP, POLICIES};
use crate::statistics::{median, relative_spread};

/// What objects of a kind take.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Size {
    /// The kind.
    pub object: String,
    /// Bytes of each, by value of `--memory`.
    pub bytes: BTreeMap<String, f64>,
}

/// How long it takes to make an object.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Allocation {
    /// The configuration.
    pub configuration: String,
    /// Nanoseconds it takes, median of the rounds.
    pub ns: f64,
    /// Median distance from that, over it; none if there were too few rounds.
    pub spread: Option<f64>,
    /// Objects that were made in each round.
    pub objects: u64,
    /// Nanoseconds of each turn of the loop, round by round.
    pub samples_ns: Vec<f64>,
    /// The same of the loop that makes nothing.
    pub empty_samples_ns: Vec<f64>,
}

/// A kind of object.
struct Kind {
    name: &'static str,
    /// What is declared to make it.
    declared: &'static str,
    /// Makes one, of `i`.
    made: &'static str,
    /// How many parts it has among which its bytes are divided.
    parts: u64,
    /// How many are made.
    count: u64,
}

const KINDS: &[Kind] = &[
    Kind { name: "empty list", declared: "", made: "[]", parts: 1, count: 10_000 },
    Kind { name: "list of two integers", declared: "", made: "[i, i]", parts: 1, count: 10_000 },
    Kind {
        name: "list of 1000 integers, an element",
        declared: "action many(i) { let list = [] let k = 0 while k < 1000 { list.push(i + k) k = k + 1 } return list }",
        made: "many(i)",
        parts: 1000,
        count: 100,
    },
    Kind {
        name: "record of two fields",
        declared: "entity Pair { a: integer b: integer }",
        made: "Pair(i, i)",
        parts: 1,
        count: 10_000,
    },
    Kind {
        name: "record of four fields",
        declared: "entity Four { a: integer b: integer c: integer d: integer }",
        made: "Four(i, i, i, i)",
        parts: 1,
        count: 10_000,
    },
    Kind { name: "string of 8 characters", declared: "", made: "string(10000000 + i)", parts: 1, count: 10_000 },
    Kind {
        name: "closure over one variable",
        declared: "action over(x) { return action() { return x } }",
        made: "over(i)",
        parts: 1,
        count: 10_000,
    },
    Kind { name: "map of two entries", declared: "", made: "{a: i, b: i}", parts: 1, count: 10_000 },
];

/// A map of n entries; what its entries are besides their keys.
struct Map {
    name: &'static str,
    largest: &'static str,
    /// Makes a key, of `i`.
    key: &'static str,
}

/// Keys that are objects are made beforehand, and are in the program without the map too.
const MAPS: &[Map] = &[
    Map {
        name: "map entry, integer key in it, mean over sizes",
        largest: "map entry, integer key in it, at the worst size",
        key: "i * 7919 % 10000019",
    },
    Map {
        name: "map entry besides a string key, mean over sizes",
        largest: "map entry besides a string key, at the worst size",
        key: "string(10000000 + i)",
    },
];

/// The sizes at which a map is measured: eighths from one doubling to the next.
fn map_sizes() -> impl Iterator<Item = u64> {
    (0..8).map(|eighth| 8192 + 1024 * eighth)
}

/// The register machine with this memory.
pub(super) fn configuration(vm: &str, memory: &str) -> anyhow::Result<Configuration> {
    let mut configuration = Configuration::of(vm)?;
    configuration.set("memory", memory)?;
    configuration.set("max-heap", MAX_HEAP)?;
    Ok(configuration)
}

fn run(text: &str, n: u64, configuration: &Configuration) -> anyhow::Result<Outcome> {
    let compiled = Compiled::new(&Source::text("<objects>", text))?;
    let executor = find_executor(configuration.vm).ok_or_else(|| anyhow::anyhow!("there is no such executor"))?;
    let prepared = executor.prepare(&compiled, configuration)?;
    let options =
        RunOptions { arguments: vec![n.to_string()], output: Capture::new().writer(), ..configuration.run_options() };
    let outcome = prepared.run(options);
    match &outcome.result {
        Ok(_) => Ok(outcome),
        Err(failure) => anyhow::bail!("{configuration}: {}", failure.message),
    }
}

/// What is on the heap at the end of a program.
fn left(text: &str, n: u64, configuration: &Configuration) -> anyhow::Result<f64> {
    Ok(run(text, n, configuration)?.left.bytes as f64)
}

/// A program that keeps n of something.
fn keeping(declared: &str, kept: &str) -> String {
    format!(
        "let n = int(__ARGS__[0])\n{declared}\nlet shared = []\nlet all = [null] * n\nlet i = 0\nwhile i < n {{\n    all[i] = {kept}\n    i = i + 1\n}}\n"
    )
}

/// A program that has n keys, and another that has a map of them too.
fn mapping(key: &str, with_map: bool) -> String {
    let entry = if with_map { "    map[keys[i]] = i\n" } else { "" };
    format!(
        "let n = int(__ARGS__[0])\nlet keys = [null] * n\nlet map = {{}}\nlet i = 0\nwhile i < n {{\n    keys[i] = {key}\n{entry}    i = i + 1\n}}\n"
    )
}

/// What objects of each kind take, in the order of the tables.
///
/// # Errors
/// When a program that makes them fails.
pub(super) fn sizes() -> anyhow::Result<Vec<Size>> {
    let configurations: Vec<(&str, Configuration)> = POLICIES
        .iter()
        .map(|&memory| anyhow::Ok((memory, configuration("register", memory)?)))
        .collect::<Result<_, _>>()?;
    let mut sizes = Vec::new();
    for kind in KINDS {
        let (own, shared) = (keeping(kind.declared, kind.made), keeping(kind.declared, "shared"));
        let mut bytes = BTreeMap::new();
        for (memory, configuration) in &configurations {
            let more = |n: u64| anyhow::Ok(left(&own, n, configuration)? - left(&shared, n, configuration)?);
            let all = more(2 * kind.count)? - more(kind.count)?;
            bytes.insert((*memory).to_string(), all / (kind.count * kind.parts) as f64);
        }
        sizes.push(Size { object: kind.name.to_string(), bytes });
    }
    for map in MAPS {
        let (own, keys) = (mapping(map.key, true), mapping(map.key, false));
        let (mut mean, mut largest) = (BTreeMap::new(), BTreeMap::new());
        for (memory, configuration) in &configurations {
            let empty = left(&own, 0, configuration)? - left(&keys, 0, configuration)?;
            let entry = |n: u64| {
                let all = left(&own, n, configuration)? - left(&keys, n, configuration)? - empty;
                anyhow::Ok(all / n as f64)
            };
            let entries: Vec<f64> = map_sizes().map(entry).collect::<Result<_, _>>()?;
            mean.insert((*memory).to_string(), entries.iter().sum::<f64>() / entries.len() as f64);
            largest.insert((*memory).to_string(), entries.iter().copied().fold(0.0, f64::max));
        }
        sizes.push(Size { object: map.name.to_string(), bytes: mean });
        sizes.push(Size { object: map.largest.to_string(), bytes: largest });
    }
    Ok(sizes)
}

/// A loop of n turns that keeps the last of what it makes.
fn making(made: &str) -> String {
    format!(
        "entity Pair {{ a: integer b: integer }}\naction make(n) {{\n    let last = null\n    let i = 0\n    while i < n {{\n        last = {made}\n        i = i + 1\n    }}\n    return last\n}}\nmake(int(__ARGS__[0]))\n"
    )
}

/// How long it takes to make a record, under each policy on the register machine, and with native code.
///
/// # Errors
/// When a loop fails.
pub(super) fn allocations(objects: u64, rounds: usize) -> anyhow::Result<Vec<Allocation>> {
    let mut configurations: Vec<Configuration> =
        POLICIES.iter().map(|memory| configuration("register", memory)).collect::<Result<_, _>>()?;
    configurations.push(configuration("jit", POLICIES[0])?);
    let (full, empty) = (making("Pair(i, i)"), making("i"));
    let each = |text: &str, configuration: &Configuration| {
        anyhow::Ok(run(text, objects, configuration)?.time.as_nanos() as f64 / objects as f64)
    };
    let mut allocations = Vec::with_capacity(configurations.len());
    for configuration in &configurations {
        let (mut samples_ns, mut empty_samples_ns) = (Vec::new(), Vec::new());
        for round in 0..=rounds {
            let (full, empty) = (each(&full, configuration)?, each(&empty, configuration)?);
            // The first round warms up.
            if round > 0 {
                samples_ns.push(full);
                empty_samples_ns.push(empty);
            }
        }
        let more: Vec<f64> = samples_ns.iter().zip(&empty_samples_ns).map(|(full, empty)| full - empty).collect();
        allocations.push(Allocation {
            configuration: named(configuration),
            ns: median(&more),
            spread: relative_spread(&more),
            objects,
            samples_ns,
            empty_samples_ns,
        });
    }
    Ok(allocations)
}

/// A configuration without the limit of its heap, which is the same for all.
fn named(configuration: &Configuration) -> String {
    format!("{} memory={}", configuration.vm, configuration.memory.about().0)
}

#[cfg(test)]
mod tests {
    use super::{configuration, keeping, left, sizes};

    #[test]
    fn sizes_are_those_of_the_objects_alone() {
        let sizes = sizes().unwrap();
        let of = |object: &str, memory: &str| {
            sizes.iter().find(|size| size.object == object).and_then(|size| size.bytes.get(memory)).copied().unwrap()
        };
        for size in &sizes {
            assert!(size.bytes.values().all(|&bytes| bytes > 0.0), "{size:?}");
        }
        // A packed list has eight bytes an integer, and what it grew beyond that.
        let element = of("list of 1000 integers, an element", "gc");
        assert!((8.0..9.0).contains(&element), "{element}");
        assert!(of("record of four fields", "gc") > of("record of two fields", "gc"));
        assert!(of("record of two fields", "naive") > of("record of two fields", "gc"));
        let (mean, worst) =
            ("map entry, integer key in it, mean over sizes", "map entry, integer key in it, at the worst size");
        assert!(of(mean, "gc") <= of(worst, "gc"));
    }

    #[test]
    fn shared_objects_take_nothing() {
        let configuration = configuration("register", "gc").unwrap();
        let text = keeping("", "shared");
        let more = |n: u64| left(&text, 2 * n, &configuration).unwrap() - left(&text, n, &configuration).unwrap();
        assert_eq!(more(20_000), 2.0 * more(10_000));
    }
}
