//! Runs a program in a process of its own and looks at how much memory that has had at most.
//!
//! The system counts this per address space: `VmHWM` in `/proc/PID/status`. What it says of a process that has ended (`ru_maxrss`) is of no use here, because
//! it begins with the pages of whoever started the process: a small interpreter that is started by a large one would seem as large. So a program that is watched
//! prints its line and then waits for one; meanwhile its figure is read.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use crate::peers::process::Folder;

/// More than this is no line of ours.
const LONGEST_LINE: u64 = 4096;

/// What was seen of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What it printed.
    pub line: String,
    /// The most bytes of memory it had until then.
    pub peak_bytes: u64,
    /// What it wrote to standard error.
    pub said: String,
}

/// A process that does not outlive this.
struct Running(Child);

impl Drop for Running {
    /// It may have ended before, so what cannot be done need not be.
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Writes a program to a temporary file and runs it, with its file and its arguments behind those of the command. It must print one line, wait for
/// one, and end well, each within `patience`.
///
/// # Errors
/// When it cannot be started, fails, prints anything else, takes too long, or this system does not tell.
pub fn watch(
    command: &[String],
    name: &str,
    text: &str,
    arguments: &[String],
    patience: Duration,
) -> Result<Seen, String> {
    let folder = Folder::new().map_err(cannot)?;
    let mut running = start(command, name, text, arguments, &folder)?;
    let (output, mut input) = match (running.0.stdout.take(), running.0.stdin.take()) {
        (Some(output), Some(input)) => (output, input),
        _ => return Err("cannot be talked to".to_string()),
    };
    let (sender, texts) = sync_channel(2);
    std::thread::spawn(move || {
        let mut output = BufReader::new(output);
        let (mut line, mut rest) = (Vec::new(), Vec::new());
        // Whoever waits for them finds out by their length that they could not be read.
        let _ = output.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line);
        let _ = sender.send(line);
        let _ = output.take(LONGEST_LINE).read_to_end(&mut rest);
        let _ = sender.send(rest);
    });
    let line = next(&texts, patience)?;
    if line.is_empty() {
        return Err(ended(&mut running, &folder, patience).err().unwrap_or_else(|| "prints nothing".to_string()));
    }
    let peak_bytes = peak_bytes(running.0.id())?;
    // A process that has ended meanwhile says why below.
    let _ = writeln!(input);
    drop(input);
    let rest = next(&texts, patience)?;
    let said = ended(&mut running, &folder, patience)?;
    if !rest.is_empty() {
        return Err("prints more than one line".to_string());
    }
    Ok(Seen { line: String::from_utf8_lossy(&line).trim_end().to_string(), peak_bytes, said })
}

/// Writes a program to a temporary file and runs it to its end. Gives what it wrote to standard error.
///
/// # Errors
/// When it cannot be started, fails, or takes too long.
pub fn complete(
    command: &[String],
    name: &str,
    text: &str,
    arguments: &[String],
    patience: Duration,
) -> Result<String, String> {
    let folder = Folder::new().map_err(cannot)?;
    let mut running = start(command, name, text, arguments, &folder)?;
    drop(running.0.stdin.take());
    let output = running.0.stdout.take();
    std::thread::spawn(move || output.map(|mut output| std::io::copy(&mut output, &mut std::io::sink())));
    ended(&mut running, &folder, patience)
}

fn cannot(error: std::io::Error) -> String {
    format!("cannot be started: {error}")
}

fn start(command: &[String], name: &str, text: &str, arguments: &[String], folder: &Folder) -> Result<Running, String> {
    let (program, before) = command.split_first().ok_or("there is no command to start it with")?;
    let file = folder.write(name, text).map_err(cannot)?;
    let errors = File::create(folder.errors()).map_err(cannot)?;
    let mut command = Command::new(program);
    // Options of the user's own would change what is measured.
    command.args(before).arg(file).args(arguments).env_remove("NODE_OPTIONS");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors);
    command.spawn().map(Running).map_err(cannot)
}

fn next(texts: &Receiver<Vec<u8>>, patience: Duration) -> Result<Vec<u8>, String> {
    texts.recv_timeout(patience).map_err(|error| match error {
        RecvTimeoutError::Timeout => format!("prints nothing within {patience:?}"),
        RecvTimeoutError::Disconnected => "cannot be read".to_string(),
    })
}

/// Waits for a process to end well, and gives what it wrote to standard error.
fn ended(running: &mut Running, folder: &Folder, patience: Duration) -> Result<String, String> {
    const STEP: Duration = Duration::from_millis(2);
    let mut waited = Duration::ZERO;
    let status = loop {
        match running.0.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if waited >= patience => return Err(format!("does not end within {patience:?}")),
            Ok(None) => std::thread::sleep(STEP),
            Err(error) => return Err(format!("cannot be waited for: {error}")),
        }
        waited += STEP;
    };
    let said = fs::read(folder.errors()).unwrap_or_default();
    let said = String::from_utf8_lossy(&said).into_owned();
    if status.success() {
        return Ok(said);
    }
    let last = said.lines().rev().find(|line| !line.trim().is_empty());
    Err(format!("its process died: {status}{}", last.map(|line| format!(": {line}")).unwrap_or_default()))
}

/// The most memory a process has had so far.
fn peak_bytes(process: u32) -> Result<u64, String> {
    let path = format!("/proc/{process}/status");
    let text = fs::read_to_string(&path).map_err(|error| format!("this system has no {path}: {error}"))?;
    high_water_mark(&text).ok_or_else(|| format!("{path} has no VmHWM"))
}

fn high_water_mark(status: &str) -> Option<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = value.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn shell(script: &str) -> Result<Seen, String> {
        watch(&["sh".to_string()], "script", script, &["7".to_string()], LONG)
    }

    #[test]
    fn a_line_and_a_peak_are_seen() {
        let seen = shell("echo line $1; read wait; echo done >&2").unwrap();
        assert_eq!((seen.line.as_str(), seen.said.as_str()), ("line 7", "done\n"));
        assert!(seen.peak_bytes > 4096, "{seen:?}");
    }

    /// What the system says of children that have ended would include this.
    #[test]
    fn the_memory_of_whoever_starts_it_is_not_counted() {
        let large = vec![1_u8; 256 << 20];
        assert!(shell("echo small; read wait").unwrap().peak_bytes < 64 << 20);
        assert_eq!(large.iter().map(|&byte| usize::from(byte)).sum::<usize>(), large.len());
    }

    #[test]
    fn whatever_else_happens_is_an_error() {
        for (script, said) in [
            ("exit 3", "exit status: 3"),
            ("echo 'no luck' >&2; exit 1", ": no luck"),
            ("echo line; read wait; exit 4", "exit status: 4"),
            ("echo line; echo another; read wait", "more than one line"),
            ("exit 0", "prints nothing"),
        ] {
            let wrong = shell(script).unwrap_err();
            assert!(wrong.contains(said), "{script}: {wrong}");
        }
        let hangs = ["sleep 1000", "echo line; read wait; exec sleep 1000"];
        for script in hangs {
            let wrong = watch(&["sh".to_string()], "script", script, &[], Duration::from_millis(50)).unwrap_err();
            assert!(wrong.ends_with("within 50ms"), "{script}: {wrong}");
        }
        assert!(
            watch(&["no-such-program".to_string()], "a", "b", &[], LONG).unwrap_err().starts_with("cannot be started")
        );
    }

    #[test]
    fn high_water_marks_are_read() {
        assert_eq!(high_water_mark("Name:\tlua\nVmHWM:\t    2560 kB\nVmRSS:\t 2000 kB\n"), Some(2560 * 1024));
        assert_eq!(high_water_mark("Name:\tlua\n"), None);
    }
}
