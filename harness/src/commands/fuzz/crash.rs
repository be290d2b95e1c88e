//! Programs that kill the process which runs them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use anyhow::Context;
use engine::random::{program, shrink};

use super::{FAILED, save_or_tell, threads};
use crate::cli::FuzzOptions;
use crate::terminal::tell;

/// Attempts to make a program smaller; each starts a process.
const SHRINK_ATTEMPTS: usize = 2000;

/// Where a thread notes what it is at: the first seed of a run of programs, and how many they are.
pub(super) fn note_of(notes: &Path, thread: usize) -> PathBuf {
    notes.with_extension(thread.to_string())
}

/// Lets a child process do the work. When it dies, finds out of which program, and makes that small.
pub(super) fn supervise(options: &FuzzOptions) -> anyhow::Result<ExitCode> {
    let notes = std::env::temp_dir().join(format!("harness-fuzz-{}", std::process::id()));
    let status = child(std::env::args().skip(1), &notes)?.status().context("cannot start a process")?;
    let noted = take_notes(&notes, threads(options));
    if let Some(code) = status.code() {
        return Ok(ExitCode::from(u8::try_from(code).unwrap_or(FAILED)));
    }
    tell!("the process was killed ({status}); looking for the program that did it");
    for (first, count) in noted {
        for seed in (first..).take(count) {
            if dies(options, &program(seed).to_program(), seed, &notes)?.is_some() {
                return report(options, seed, &notes);
            }
        }
    }
    tell!("no program does it by itself");
    Ok(ExitCode::from(FAILED))
}

fn child(arguments: impl Iterator<Item = String>, notes: &Path) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe().context("cannot find the own binary")?);
    command.args(arguments).arg("--notes").arg(notes);
    Ok(command)
}

/// What the threads noted; the files are removed.
fn take_notes(notes: &Path, threads: usize) -> Vec<(u64, usize)> {
    let mut noted = Vec::new();
    for thread in 0..threads {
        let path = note_of(notes, thread);
        let Ok(text) = fs::read_to_string(&path) else { continue };
        // A note that stays behind does no harm.
        let _ = fs::remove_file(&path);
        let mut numbers = text.split(' ');
        if let (Some(first), Some(count)) = (numbers.next(), numbers.next())
            && let (Ok(first), Ok(count)) = (first.parse(), count.parse())
        {
            noted.push((first, count));
        }
    }
    noted
}

/// How a process that checks this program is killed, if it is.
fn dies(options: &FuzzOptions, program: &str, seed: u64, notes: &Path) -> anyhow::Result<Option<ExitStatus>> {
    let path = notes.with_extension("zx");
    fs::write(&path, program).with_context(|| format!("cannot write {}", path.display()))?;
    let mut arguments = vec!["fuzz".to_string(), "--seed".to_string(), seed.to_string()];
    arguments.extend(options.vm.iter().flat_map(|vm| ["--vm".to_string(), vm.clone()]));
    let mut command = child(arguments.into_iter(), notes)?;
    command.arg("--check").arg(&path).stdout(Stdio::null()).stderr(Stdio::null());
    let status = command.status().context("cannot start a process")?;
    // Removed for tidiness only.
    let _ = fs::remove_file(&path);
    Ok(status.code().is_none().then_some(status))
}

fn report(options: &FuzzOptions, seed: u64, notes: &Path) -> anyhow::Result<ExitCode> {
    let still_dies = |text: &str| matches!(dies(options, text, seed, notes), Ok(Some(_)));
    let small = shrink(program(seed), SHRINK_ATTEMPTS, |candidate| still_dies(&candidate.to_program())).to_program();
    let end = dies(options, &small, seed, notes)?.map_or("killed".to_string(), |status| status.to_string());
    let text = format!("{small}\n--- the process that checks it ends with {end}\n");
    tell!("seed {seed}: {text}");
    save_or_tell(&options.save, seed, &small, &text);
    Ok(ExitCode::from(FAILED))
}
