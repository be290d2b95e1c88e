//! Memory: what programs take under each of our policies, and beside them in other languages.
//!
//! Each of the [`programs`] makes n objects and keeps them. Every contestant runs it in a process of its own, once with n and once with nothing to make; both
//! times the most memory that the process had is [read](mod@watch) when it has printed its line. What it takes more for n is divided by the number of objects alive at the
//! end. That is what a user of the machine pays: it has garbage in it, room for growth, and what the allocator rounds up. Beside it stands what a contestant itself counts as in use, where
//! it does: our heap's bytes at the end, garbage of before the end included, and Lua's `collectgarbage("count")`.
//!
//! All contestants must print the same. Single objects are measured in this process, and how long the collector stops a program with a large heap in one more.

mod objects;
pub mod programs;
pub mod watch;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;
use engine::workloads::bundled_file;
use serde::{Deserialize, Serialize};

pub use objects::{Allocation, Size};

use crate::environment::Environment;
use crate::peers::peer;
use crate::statistics::{geometric_mean, median};
use programs::{Language, Program, ZEXUS};
use watch::{complete, watch};

/// Our policies: values of `--memory`, and names of contestants.
pub const POLICIES: [&str; 3] = ["gc", "arena", "naive"];
/// The other languages, by their names among the peers.
pub const OTHERS: [&str; 4] = ["lua", "luajit", "python", "node"];
/// Bytes that our heaps may have: more than any of the programs needs.
const MAX_HEAP: &str = "8589934592";
/// A program takes some seconds in the slowest language, and more in a build that is not optimized.
const PATIENCE: Duration = Duration::from_secs(300);

/// How it is measured.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Programs, in the order of the tables.
    pub programs: Vec<&'static Program>,
    /// How often each process is started.
    pub rounds: usize,
    /// Small sizes, for a quick look.
    pub quick: bool,
}

/// A result file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Results {
    /// How it was made.
    pub manifest: Manifest,
    /// What was found out.
    #[serde(flatten)]
    pub figures: Figures,
}

/// What [`measure`] found out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Figures {
    /// A row for each program and contestant.
    pub rows: Vec<Row>,
    /// What it takes to print one line: a row for each contestant, with no objects.
    pub lines: Vec<Row>,
    /// What single objects take.
    pub sizes: Vec<Size>,
    /// How long it takes to make one.
    pub allocations: Vec<Allocation>,
    /// How long the collector stops a program.
    pub pause: Pause,
    /// Geometric means over the programs, and what they are taken of.
    pub means: Means,
}

/// How results were made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// The command, without the path of the binary.
    pub command: Vec<String>,
    /// The machine and the build.
    pub environment: Environment,
    /// Who took part, in the order of the tables.
    pub contestants: Vec<Entry>,
    /// `small` or `full`.
    pub size: String,
    /// How often each process was started.
    pub rounds: usize,
    /// What is said of memory.
    pub measured: String,
    /// Seconds it took.
    pub duration_s: f64,
}

/// Somebody who took part.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// The version of a language's implementation.
    pub version: Option<String>,
    /// How its process is started, without the names of files.
    pub command: Vec<String>,
    /// Why it took no part.
    pub unavailable: Option<String>,
}

/// The status of a row with figures.
pub const MEASURED: &str = "measured";
/// The status of a contestant that is not on this machine.
pub const UNAVAILABLE: &str = "unavailable";
/// The status of a contestant that does not print what the first one printed.
pub const WRONG: &str = "wrong answer";
/// The status of a contestant that could not be watched to its end.
pub const FAILED: &str = "failed";

/// What a contestant took for a program. Figures that are not there are null.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Row {
    /// The program.
    pub program: String,
    /// Who ran it.
    pub contestant: String,
    /// How many it made.
    pub n: u64,
    /// Objects that were alive at its end.
    pub objects: u64,
    /// `measured`, `wrong answer`, `failed` or `unavailable`.
    pub status: String,
    /// Why it was not measured.
    pub reason: Option<String>,
    /// What it printed.
    pub prints: Option<String>,
    /// The most memory its process had, median of the rounds.
    pub peak_bytes: Option<f64>,
    /// The same with nothing to make.
    pub floor_bytes: Option<f64>,
    /// What it had more, for each object.
    pub bytes_per_object: Option<f64>,
    /// Bytes in use at the end by its own count.
    pub counted_bytes: Option<f64>,
    /// The same with nothing to make.
    pub counted_floor_bytes: Option<f64>,
    /// What was counted more, for each object.
    pub counted_per_object: Option<f64>,
    /// What our own heap went through.
    pub heap: Option<HeapFigures>,
    /// The most memory, round by round.
    pub peak_samples: Vec<f64>,
    /// The same with nothing to make.
    pub floor_samples: Vec<f64>,
}

/// What one of our heaps went through, as `harness run --stats=json` says. Times are medians of the rounds, but for the longest.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HeapFigures {
    /// Most bytes in use at any time.
    pub peak_bytes: u64,
    /// Bytes in use at the end, not yet collected garbage included.
    pub left_bytes: u64,
    /// Bytes allocated in the whole run.
    pub allocated_bytes: u64,
    /// Collections.
    pub collections: u64,
    /// The longest one of all rounds, in nanoseconds.
    pub longest_pause_ns: f64,
    /// All of them together, in nanoseconds.
    pub pauses_ns: f64,
}

/// How long the collector stops a program that has much alive.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pause {
    /// Objects that are alive all the time.
    pub objects: u64,
    /// What they take.
    pub live_bytes: u64,
    /// Collections of a run.
    pub collections: u64,
    /// The longest one of all rounds, in nanoseconds.
    pub longest_ns: f64,
    /// All of them together, median of the rounds, in nanoseconds.
    pub all_ns: f64,
    /// The longest one of each round.
    pub longest_samples_ns: Vec<f64>,
}

/// Geometric means over the programs. A mean is null when one of the programs has no such figure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Means {
    /// Most memory of the process under `gc`, over that under `naive`.
    pub peak_over_naive: Option<f64>,
    /// Most bytes on the heap under `gc`, over that under `naive`.
    pub heap_over_naive: Option<f64>,
    /// Bytes of memory an object under `gc`, over Lua's.
    pub bytes_over_lua: Option<f64>,
    /// Counted bytes an object under `gc`, over Lua's.
    pub counted_over_lua: Option<f64>,
}

/// Somebody who runs programs.
struct Contestant {
    name: String,
    /// Its version, the language it runs and how it is started, or why there is none.
    found: Result<(Option<String>, &'static Language, Vec<String>), String>,
}

/// Everybody: our policies first.
fn contestants() -> anyhow::Result<Vec<Contestant>> {
    let own = std::env::current_exe().context("cannot find this command")?.to_string_lossy().into_owned();
    let of_policy = |memory: &str| Contestant {
        name: memory.to_string(),
        found: Ok((None, &ZEXUS, [own.clone()].into_iter().chain(own_arguments(memory)).collect())),
    };
    let of_peer = |name: &str| {
        let found = peer(name).ok_or_else(|| format!("there is no peer '{name}'")).and_then(|peer| {
            let installed = peer.find()?;
            let extension = peer.language().map_or("", |language| language.extension);
            let language = Language::of(extension).ok_or("the programs are not written in its language")?;
            Ok((Some(installed.version), language, installed.command))
        });
        Contestant { name: name.to_string(), found }
    };
    Ok(POLICIES.into_iter().map(of_policy).chain(OTHERS.into_iter().map(of_peer)).collect())
}

/// How we run a program with this memory; the file and its arguments stand behind.
fn own_arguments(memory: &str) -> Vec<String> {
    let words = ["run", "--vm", "register", "--cache", "off", "--memory", memory, "--max-heap", MAX_HEAP];
    words.map(str::to_string).to_vec()
}

/// The contestants as they stand in a manifest, and what is measured of each.
fn entries(contestants: &[Contestant]) -> Vec<Entry> {
    let entry = |contestant: &Contestant| {
        let is_own = POLICIES.contains(&contestant.name.as_str());
        let (version, command, unavailable) = match &contestant.found {
            Ok((version, _, command)) => (version.clone(), command.clone(), None),
            Err(reason) => (None, Vec::new(), Some(reason.clone())),
        };
        let command = match is_own {
            true => std::iter::once("harness".to_string()).chain(own_arguments(&contestant.name)).collect(),
            false => command,
        };
        Entry { name: contestant.name.clone(), version, command, unavailable }
    };
    contestants.iter().map(entry).collect()
}

/// How many steps [`measure`] takes: one for each contestant's program and line, and three besides.
pub fn steps(plan: &Plan) -> u64 {
    ((plan.programs.len() + 1) * (POLICIES.len() + OTHERS.len()) + 3) as u64
}

/// Measures everything. `tick` is called at each step with what comes next.
///
/// # Errors
/// When our own measuring programs fail. A contestant that fails has a row that says so.
pub fn measure(plan: &Plan, tick: &mut dyn FnMut(&str)) -> anyhow::Result<(Vec<Entry>, Figures)> {
    let contestants = contestants()?;
    let mut rows = Vec::with_capacity(plan.programs.len() * contestants.len());
    for program in &plan.programs {
        let n = if plan.quick { program.small } else { program.full };
        let first = rows.len();
        for contestant in &contestants {
            tick(&format!("{} {}", program.name, contestant.name));
            rows.push(row(program, n, contestant, plan.rounds));
        }
        compare_answers(&mut rows[first..]);
    }
    let mut lines = Vec::with_capacity(contestants.len());
    for contestant in &contestants {
        tick(&format!("one line {}", contestant.name));
        lines.push(line(contestant, plan.rounds));
    }
    compare_answers(&mut lines);
    tick("sizes of objects");
    let sizes = objects::sizes()?;
    tick("allocation");
    let allocations = objects::allocations(if plan.quick { 100_000 } else { 3_000_000 }, 5.max(plan.rounds))?;
    tick("pauses");
    let pause = pause(if plan.quick { 16 << 20 } else { 1 << 30 }, plan.rounds)?;
    let means = means(&rows);
    Ok((entries(&contestants), Figures { rows, lines, sizes, allocations, pause, means }))
}

/// A row of a contestant that is not measured yet, and how it is to be started.
fn begin<'c>(program: &str, contestant: &'c Contestant) -> (Row, Option<(&'static Language, &'c [String])>) {
    let row = Row { program: program.to_string(), contestant: contestant.name.clone(), ..Row::default() };
    match &contestant.found {
        Ok((_, language, command)) => (row, Some((language, command))),
        Err(reason) => (Row { status: UNAVAILABLE.to_string(), reason: Some(reason.clone()), ..row }, None),
    }
}

/// A row with its status.
fn finish(row: Row, outcome: Result<(), String>) -> Row {
    match outcome {
        Ok(()) => Row { status: MEASURED.to_string(), ..row },
        Err(reason) => Row { status: FAILED.to_string(), reason: Some(reason), ..row },
    }
}

fn row(program: &Program, n: u64, contestant: &Contestant, rounds: usize) -> Row {
    let (row, start) = begin(&program.name, contestant);
    let mut row = Row { n, objects: n * program.objects, ..row };
    let Some((language, command)) = start else { return row };
    let outcome = language.text(program).and_then(|text| fill(&mut row, language, command, text, rounds));
    finish(row, outcome)
}

/// Runs a program with n and with nothing, and notes what it took.
fn fill(row: &mut Row, language: &Language, command: &[String], text: &str, rounds: usize) -> Result<(), String> {
    let name = format!("{}.{}", row.program, language.extension);
    let (watched, n) = (language.watched(text), row.n);
    let look = |n: u64| watch(command, &name, &watched, &[n.to_string()], PATIENCE);
    for _ in 0..rounds {
        let (all, none) = (look(n)?, look(0)?);
        row.peak_samples.push(all.peak_bytes as f64);
        row.floor_samples.push(none.peak_bytes as f64);
        row.prints = Some(all.line);
        (row.counted_bytes, row.counted_floor_bytes) = (counted(&all.said), counted(&none.said));
    }
    if POLICIES.contains(&row.contestant.as_str()) {
        let all = heap(command, &name, text, &[n], rounds)?;
        let none = heap(command, &name, text, &[0], 1)?;
        (row.counted_bytes, row.counted_floor_bytes) = (Some(all.left_bytes as f64), Some(none.left_bytes as f64));
        row.heap = Some(all);
    }
    let (peak, floor) = (median(&row.peak_samples), median(&row.floor_samples));
    (row.peak_bytes, row.floor_bytes) = (Some(peak), Some(floor));
    let each = |more: f64| more / row.objects.max(1) as f64;
    row.bytes_per_object = Some(each(peak - floor));
    row.counted_per_object = row.counted_bytes.zip(row.counted_floor_bytes).map(|(all, none)| each(all - none));
    Ok(())
}

/// The number that Lua writes at its end.
fn counted(said: &str) -> Option<f64> {
    said.trim().parse().ok()
}

/// What it takes to print one line.
fn line(contestant: &Contestant, rounds: usize) -> Row {
    let (mut row, start) = begin("one line", contestant);
    let Some((language, command)) = start else { return row };
    let name = format!("line.{}", language.extension);
    let text = language.watched(language.line());
    let outcome = (0..rounds).try_for_each(|_| {
        let seen = watch(command, &name, &text, &[], PATIENCE)?;
        row.peak_samples.push(seen.peak_bytes as f64);
        row.prints = Some(seen.line);
        Ok(())
    });
    if outcome.is_ok() {
        row.peak_bytes = Some(median(&row.peak_samples));
    }
    finish(row, outcome)
}

/// What `harness run --stats=json` says of a program's heap.
fn heap(command: &[String], name: &str, text: &str, arguments: &[u64], rounds: usize) -> Result<HeapFigures, String> {
    let command: Vec<String> = command.iter().cloned().chain(["--stats=json".to_string()]).collect();
    let arguments: Vec<String> = arguments.iter().map(u64::to_string).collect();
    let mut figures = HeapFigures::default();
    let mut pauses = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let said = complete(&command, name, text, &arguments, PATIENCE)?;
        let stats: BTreeMap<String, serde_json::Value> =
            serde_json::from_str(said.trim()).map_err(|error| format!("its counters cannot be read: {error}"))?;
        let of = |name: &str| {
            let figure = stats.get(name).and_then(serde_json::Value::as_u64);
            figure.ok_or_else(|| format!("its counters have no {name}"))
        };
        pauses.push(of("pauses_ns")? as f64);
        figures = HeapFigures {
            peak_bytes: of("peak_heap_bytes")?,
            left_bytes: of("bytes_left")?,
            allocated_bytes: of("allocated_bytes")?,
            collections: of("collections")?,
            longest_pause_ns: figures.longest_pause_ns.max(of("longest_pause_ns")? as f64),
            pauses_ns: median(&pauses),
        };
    }
    Ok(figures)
}

/// How long the collector stops a program that has so many bytes alive, while it makes as many again twice.
fn pause(live_bytes: u64, rounds: usize) -> anyhow::Result<Pause> {
    const PROBE: u64 = 100_000;
    let text = bundled_file("memory/lasting.zx").context("programs/memory/lasting.zx is not bundled")?;
    let own = std::env::current_exe().context("cannot find this command")?.to_string_lossy().into_owned();
    let command: Vec<String> = std::iter::once(own).chain(own_arguments(POLICIES[0])).collect();
    let run = |objects: u64, garbage: u64, rounds: usize| {
        heap(&command, "lasting.zx", text, &[objects, garbage], rounds)
            .map_err(|reason| anyhow::anyhow!("lasting: {reason}"))
    };
    let left = |objects: u64| anyhow::Ok(run(objects, 0, 1)?.left_bytes);
    let each = (left(2 * PROBE)? - left(PROBE)?) as f64 / PROBE as f64;
    let objects = (live_bytes as f64 / each) as u64;
    let (mut longest_samples_ns, mut all) = (Vec::with_capacity(rounds), Vec::with_capacity(rounds));
    let mut collections = 0;
    for _ in 0..rounds {
        let figures = run(objects, 2 * objects, 1)?;
        longest_samples_ns.push(figures.longest_pause_ns);
        all.push(figures.pauses_ns);
        collections = figures.collections;
    }
    Ok(Pause {
        objects,
        live_bytes: (each * objects as f64) as u64,
        collections,
        longest_ns: longest_samples_ns.iter().copied().fold(0.0, f64::max),
        all_ns: median(&all),
        longest_samples_ns,
    })
}

/// Marks those that do not print what the first one printed.
fn compare_answers(rows: &mut [Row]) {
    let first = rows.iter().find(|row| row.status == MEASURED).map(|row| (row.contestant.clone(), row.prints.clone()));
    let Some((first, expected)) = first else { return };
    for row in rows.iter_mut().filter(|row| row.status == MEASURED && row.prints != expected) {
        let said = |line: &Option<String>| line.clone().unwrap_or_default();
        row.status = WRONG.to_string();
        row.reason = Some(format!("prints \"{}\", and {first} prints \"{}\"", said(&row.prints), said(&expected)));
    }
}

/// Ratios of a figure of two contestants, program by program; none when one of the programs lacks it.
fn ratio(rows: &[Row], figure: impl Fn(&Row) -> Option<f64>, who: &str, base: &str) -> Option<f64> {
    let of = |row: &Row| figure(row).filter(|&figure| row.status == MEASURED && figure > 0.0);
    let ratios: Option<Vec<f64>> = rows
        .iter()
        .filter(|row| row.contestant == who)
        .map(|own| {
            let other = rows.iter().find(|row| row.contestant == base && row.program == own.program)?;
            Some(of(own)? / of(other)?)
        })
        .collect();
    ratios.filter(|ratios| !ratios.is_empty()).map(|ratios| geometric_mean(&ratios))
}

/// Geometric means over the programs.
fn means(rows: &[Row]) -> Means {
    let heap = |row: &Row| row.heap.as_ref().map(|heap| heap.peak_bytes as f64);
    Means {
        peak_over_naive: ratio(rows, |row| row.peak_bytes, "gc", "naive"),
        heap_over_naive: ratio(rows, heap, "gc", "naive"),
        bytes_over_lua: ratio(rows, |row| row.bytes_per_object, "gc", "lua"),
        counted_over_lua: ratio(rows, |row| row.counted_per_object, "gc", "lua"),
    }
}

/// What is wrong with contestants, a line each. Nothing is wrong when this is empty; who is not on this machine is not wrong.
pub fn complaints(results: &Results) -> Vec<String> {
    let rows = results.figures.rows.iter().chain(&results.figures.lines);
    let wrong = rows.filter(|row| row.status == WRONG || row.status == FAILED);
    wrong
        .map(|row| {
            let reason = row.reason.as_deref().unwrap_or_default();
            format!("{} on {}: {}: {reason}", row.program, row.contestant, row.status)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{MEASURED, Row, UNAVAILABLE, WRONG, compare_answers, counted, ratio};

    fn made(program: &str, contestant: &str, prints: &str, bytes: f64) -> Row {
        Row {
            program: program.to_string(),
            contestant: contestant.to_string(),
            status: MEASURED.to_string(),
            prints: Some(prints.to_string()),
            bytes_per_object: Some(bytes),
            ..Row::default()
        }
    }

    #[test]
    fn ratios_are_over_all_programs_or_none() {
        let mut rows = vec![
            made("a", "gc", "1", 10.0),
            made("a", "lua", "1", 40.0),
            made("b", "gc", "1", 20.0),
            made("b", "lua", "1", 20.0),
        ];
        let of = |rows: &[Row]| ratio(rows, |row| row.bytes_per_object, "gc", "lua");
        assert!((of(&rows).unwrap() - 0.5).abs() < 1e-12);
        rows[3].status = WRONG.to_string();
        assert_eq!(of(&rows), None);
        rows.truncate(3);
        assert_eq!(of(&rows), None);
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn other_answers_are_marked() {
        let mut rows = [made("a", "gc", "1", 1.0), made("a", "lua", "2", 1.0), made("a", "node", "1", 1.0)];
        compare_answers(&mut rows);
        let statuses = rows.each_ref().map(|row| row.status.as_str());
        assert_eq!(statuses, [MEASURED, WRONG, MEASURED]);
        assert_eq!(rows[1].reason.as_deref(), Some("prints \"2\", and gc prints \"1\""));
        let mut rows = [Row { status: UNAVAILABLE.to_string(), ..Row::default() }];
        compare_answers(&mut rows);
        assert_eq!(rows[0].status, UNAVAILABLE);
    }

    #[test]
    fn own_counts_are_read() {
        assert_eq!(counted("123456\n"), Some(123_456.0));
        assert_eq!(counted(""), None);
    }
}
