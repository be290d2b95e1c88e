//! `harness fuzz`
//!
//! The machines contain unsafe code, so a defect may end the process instead of giving a wrong answer. Therefore the programs are checked by a
//! child process, which notes what it is at; when it dies, [`crash`] finds the program that it died of.

mod crash;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use engine::random::{Checker, Disagreement, Node, Summary, Verdict, program, shrink};
use engine::{Configuration, ConfigurationError, EngineError};

use super::{FAILED, Usage};
use crate::cli::FuzzOptions;
use crate::terminal;
use crate::terminal::tell;

/// Seconds to go on for when nothing else says when to stop.
const SECONDS: u64 = 10;
/// Programs that a thread takes at a time.
const CHUNK: u64 = 64;
/// Disagreements after which it is pointless to go on.
const MOST_DISAGREEMENTS: usize = 20;
/// Attempts to make a program smaller.
const SHRINK_ATTEMPTS: usize = 20_000;

pub(super) fn run(options: &FuzzOptions) -> anyhow::Result<ExitCode> {
    if options.show {
        for seed in (options.seed..).take(options.programs.unwrap_or(1) as usize) {
            terminal::print(&format!("# seed {seed}\n{}\n", program(seed).to_program()))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let only = options.vm.as_deref().map(executor).transpose()?;
    if let Some(path) = &options.check {
        return check(path, options.seed, only);
    }
    let Some(notes) = options.notes.clone() else { return crash::supervise(options) };
    let job = Job {
        only,
        notes,
        first: options.seed,
        most: options.programs.unwrap_or(u64::MAX),
        until: deadline(options),
        next: AtomicU64::new(0),
        stop: AtomicBool::new(false),
        found: Mutex::new((Summary::default(), Vec::new())),
    };
    let threads = threads(options);
    let begun = Instant::now();
    quietly(|| watch(&job, threads));
    let elapsed = begun.elapsed();
    let (summary, mut disagreements) = job.found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    disagreements.sort_by_key(|&(seed, _)| seed);
    for (seed, disagreement) in &disagreements {
        tell!("seed {seed}: engines disagree\n{disagreement}");
        save_or_tell(&options.save, *seed, &disagreement.program, &disagreement.to_string());
    }
    let rate = summary.programs() as f64 / elapsed.as_secs_f64().max(1e-9);
    let errors: u64 = summary.errors.values().sum();
    terminal::print(&format!(
        "{} programs in {:.1} s, {rate:.0} a second on {threads} threads: {} gave a value, {errors} an error, {} proved nothing; {} disagreements\n",
        summary.programs(),
        elapsed.as_secs_f64(),
        summary.values,
        summary.inconclusive + summary.invalid,
        summary.disagreements,
    ))?;
    Ok(if disagreements.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

/// The executor to check, by its name.
fn executor(name: &str) -> anyhow::Result<&'static str> {
    let vm = Configuration::of(name).map_err(|error: ConfigurationError| anyhow::Error::from(error))?.vm;
    if vm == "ast" {
        return Err(Usage("the evaluator is what others are compared with; name another executor".to_string()).into());
    }
    Ok(vm)
}

fn threads(options: &FuzzOptions) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    options.jobs.map_or_else(cores, |jobs| jobs as usize)
}

fn deadline(options: &FuzzOptions) -> Option<Instant> {
    let seconds = match (options.seconds, options.programs) {
        (None, Some(_)) => return None,
        (seconds, _) => seconds.unwrap_or(SECONDS),
    };
    Instant::now().checked_add(Duration::from_secs(seconds))
}

/// Checks one program.
fn check(path: &Path, seed: u64, only: Option<&'static str>) -> anyhow::Result<ExitCode> {
    let program = fs::read_to_string(path).map_err(|source| EngineError::Read { path: path.to_path_buf(), source })?;
    match only.map_or_else(Checker::new, Checker::only).check_named(&path.to_string_lossy(), &program, seed) {
        Verdict::Disagree(disagreement) => {
            terminal::print(&disagreement.to_string())?;
            Ok(ExitCode::from(FAILED))
        }
        Verdict::Invalid(reason) => {
            tell!("{reason}");
            Ok(ExitCode::from(FAILED))
        }
        Verdict::Agree(_) => {
            terminal::print("all agree\n")?;
            Ok(ExitCode::SUCCESS)
        }
        Verdict::Inconclusive => {
            terminal::print("nothing proved: the program comes too near the heap limit\n")?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

struct Job {
    /// Files of this name and the number of the thread say what it is at.
    notes: PathBuf,
    only: Option<&'static str>,
    first: u64,
    most: u64,
    until: Option<Instant>,
    next: AtomicU64,
    stop: AtomicBool,
    found: Mutex<(Summary, Vec<(u64, Disagreement)>)>,
}

/// Panics of an engine are findings; their messages come with the report, not in between.
fn quietly(work: impl FnOnce()) {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    work();
    std::panic::set_hook(hook);
}

fn watch(job: &Job, threads: usize) {
    let bar = terminal::progress(0);
    bar.set_style(indicatif::ProgressStyle::default_spinner());
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|thread| scope.spawn(move || job.work(thread))).collect();
        while workers.iter().any(|worker| !worker.is_finished()) {
            std::thread::sleep(Duration::from_millis(20));
            let disagreements = job.found.lock().map_or(0, |found| found.1.len());
            bar.set_message(format!(
                "{} programs, {disagreements} disagreements",
                job.next.load(Ordering::Relaxed).min(job.most)
            ));
            bar.tick();
        }
    });
    bar.finish_and_clear();
}

impl Job {
    fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.until.is_some_and(|until| Instant::now() >= until)
    }

    fn work(&self, thread: usize) {
        let notes = crash::note_of(&self.notes, thread);
        let checker = self.only.map_or_else(Checker::new, Checker::only);
        let mut summary = Summary::default();
        while !self.is_over() {
            let start = self.next.fetch_add(CHUNK, Ordering::Relaxed);
            if start >= self.most {
                break;
            }
            let end = (start + CHUNK).min(self.most);
            // Without notes a crash cannot be explained, but it is still noticed.
            let _ = fs::write(&notes, format!("{} {}", self.first.wrapping_add(start), end - start));
            for offset in start..end {
                let seed = self.first.wrapping_add(offset);
                let verdict = checker.check_seed(seed);
                summary.count(&verdict);
                match verdict {
                    Verdict::Disagree(disagreement) => self.report(&checker, seed, *disagreement),
                    Verdict::Invalid(reason) => {
                        tell!("seed {seed} is no program, a defect of the generator: {reason}")
                    }
                    Verdict::Agree(_) | Verdict::Inconclusive => {}
                }
                if self.is_over() {
                    break;
                }
            }
        }
        if let Ok(mut found) = self.found.lock() {
            found.0.merge(&summary);
        }
    }

    fn report(&self, checker: &Checker, seed: u64, disagreement: Disagreement) {
        let disagrees = |node: &Node| match checker.check(&node.to_program(), seed) {
            Verdict::Disagree(disagreement) => Some(disagreement),
            _ => None,
        };
        let small = shrink(program(seed), SHRINK_ATTEMPTS, |candidate| disagrees(candidate).is_some());
        let disagreement = disagrees(&small).map_or(disagreement, |smaller| *smaller);
        if let Ok(mut found) = self.found.lock() {
            found.1.push((seed, disagreement));
            if found.1.len() >= MOST_DISAGREEMENTS {
                self.stop.store(true, Ordering::Relaxed);
            }
        }
    }
}

/// Saves a finding, or says why not: by its seed it can be had again, so the rest is not to be lost for a folder.
fn save_or_tell(folder: &Path, seed: u64, small: &str, report: &str) {
    match save(folder, seed, small, report) {
        Ok(()) => tell!("saved in {}", folder.display()),
        Err(error) => tell!("seed {seed} is not saved: {error:#}"),
    }
}

/// Saves the small program, the one it was made from, and what the engines show.
fn save(folder: &Path, seed: u64, small: &str, report: &str) -> anyhow::Result<()> {
    let write = |name: String, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    };
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    write(format!("{seed}.zx"), small)?;
    write(format!("{seed}.original.zx"), &program(seed).to_program())?;
    write(format!("{seed}.txt"), report)
}

#[cfg(test)]
mod tests {
    use super::save;

    #[test]
    fn findings_are_saved_beside_what_they_were_made_from() {
        let folder = std::env::temp_dir().join(format!("harness-fuzz-test-{}", std::process::id()));
        save(&folder, 7, "print(1)\n", "report").unwrap();
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        assert_eq!((read("7.zx").as_str(), read("7.txt").as_str()), ("print(1)\n", "report"));
        assert_eq!(read("7.original.zx"), super::program(7).to_program());
        // A file is no folder; the error names it.
        let error = save(&folder.join("7.zx"), 7, "", "").unwrap_err();
        assert!(error.to_string().contains("7.zx"), "{error}");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
