//! A peer in a process of its own.
//!
//! The process is started with the paths of a driver and of a program's script, and the program's size, as its last arguments. A request is a
//! line on its standard input, and it answers on standard output:
//!
//! ```text
//! run RUNS
//! NANOSECONDS BYTES
//! … so many bytes: what the runs printed, one after another
//! ```
//!
//! Nothing that a process does may stop or hang a comparison. A thread reads its answers, so that waiting for one can have an end; what it
//! writes to standard error goes to a file, so that it never waits for a reader; an answer must have the length and the text that are
//! expected. Whatever else happens is an error. The process is ended when the value is dropped; after an error it is of no more use.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use crate::contestant::{Contestant, wrong_output};

/// Output of one run that is longer than this is not read: it is nobody's right answer, and reading it might not end.
const LONGEST_ANSWER: u64 = 1 << 28;

/// A running process.
#[derive(Debug)]
pub struct Process {
    child: Child,
    requests: ChildStdin,
    answers: Receiver<Result<Answer, String>>,
    expected: Vec<u8>,
    patience: Duration,
    folder: Folder,
}

#[derive(Debug)]
struct Answer {
    time: Duration,
    output: Vec<u8>,
}

impl Process {
    /// Writes the files to a temporary folder and starts `command`, with the paths of the files and the size behind it. It must answer
    /// a request within `patience`, and print `expected` in each run.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(
        command: &[String],
        files: &[(String, &str)],
        size: &str,
        expected: &[u8],
        patience: Duration,
    ) -> Result<Self, String> {
        let cannot = |error: std::io::Error| format!("cannot be started: {error}");
        let (program, arguments) = command.split_first().ok_or("there is no command to start it with")?;
        let folder = Folder::new().map_err(cannot)?;
        let mut command = Command::new(program);
        command.args(arguments);
        for (name, text) in files {
            command.arg(folder.write(name, text).map_err(cannot)?);
        }
        let errors = File::create(folder.errors()).map_err(cannot)?;
        // Options of the user's own would change what is measured.
        command.arg(size).env_remove("NODE_OPTIONS");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors);
        let mut child = command.spawn().map_err(cannot)?;
        let (requests, output) = (child.stdin.take(), child.stdout.take());
        let (Some(requests), Some(output)) = (requests, output) else {
            return Err("cannot be talked to".to_string());
        };
        let (sender, answers) = sync_channel(1);
        std::thread::spawn(move || send_answers(output, &sender));
        Ok(Self { child, requests, answers, expected: expected.to_vec(), patience, folder })
    }

    /// Says how the process ended, if it ends by itself within a moment.
    fn death(&mut self) -> String {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(1) {
            if let Ok(Some(status)) = self.child.try_wait() {
                return format!("its process died: {}", self.last_words(status));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        "its process answers no more".to_string()
    }

    /// The last line on standard error, or else the status.
    fn last_words(&self, status: ExitStatus) -> String {
        let text = fs::read(self.folder.errors()).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let line = text.lines().rev().find(|line| !line.trim().is_empty());
        line.map_or_else(|| status.to_string(), |line| format!("{status}: {line}"))
    }
}

impl Contestant for Process {
    fn run(&mut self, runs: u32) -> Result<Duration, String> {
        if writeln!(self.requests, "run {runs}").and_then(|()| self.requests.flush()).is_err() {
            return Err(self.death());
        }
        let answer = match self.answers.recv_timeout(self.patience) {
            Ok(answer) => answer?,
            Err(RecvTimeoutError::Timeout) => return Err(format!("gave no answer within {:?}", self.patience)),
            Err(RecvTimeoutError::Disconnected) => return Err(self.death()),
        };
        if answer.output != self.expected.repeat(runs as usize) {
            let mut outputs = answer.output.chunks(self.expected.len().max(1));
            let wrong = outputs.find_map(|output| wrong_output(output, &self.expected));
            return Err(wrong.unwrap_or_else(|| "wrong answer: not as many outputs as runs".to_string()));
        }
        Ok(answer.time)
    }
}

impl Drop for Process {
    /// Ends the process. It may have ended before, so what cannot be done need not be.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads answers and sends them on, until there are no more or nobody wants them.
fn send_answers(output: ChildStdout, answers: &SyncSender<Result<Answer, String>>) {
    let mut output = BufReader::new(output);
    while let Some(answer) = read_answer(&mut output) {
        let is_last = answer.is_err();
        if answers.send(answer).is_err() || is_last {
            break;
        }
    }
}

/// The next answer; none at the end.
fn read_answer(output: &mut impl BufRead) -> Option<Result<Answer, String>> {
    const LONGEST_HEADER: u64 = 64;
    let mut header = Vec::new();
    output.by_ref().take(LONGEST_HEADER).read_until(b'\n', &mut header).ok().filter(|&bytes| bytes > 0)?;
    let header = String::from_utf8_lossy(&header);
    let Some((nanoseconds, length)) = parse_header(&header) else {
        return Some(Err(format!("answers {header:?} instead of a time and a length")));
    };
    let mut bytes = Vec::new();
    output.by_ref().take(length).read_to_end(&mut bytes).ok().filter(|&read| read as u64 == length)?;
    Some(Ok(Answer { time: Duration::from_nanos(nanoseconds), output: bytes }))
}

fn parse_header(header: &str) -> Option<(u64, u64)> {
    let (nanoseconds, length) = header.strip_suffix('\n')?.split_once(' ')?;
    let length = length.parse().ok().filter(|&length| length <= LONGEST_ANSWER)?;
    Some((nanoseconds.parse().ok()?, length))
}

/// A temporary folder, removed with everything in it when it is dropped.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
}

impl Folder {
    pub(crate) fn new() -> std::io::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("harness-peer-{}-{number}", std::process::id()));
        // A folder of this name that is left from another process is in nobody's use: its owner had our number.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path)?;
        Ok(Self { path })
    }

    /// Writes a file in it, and gives its path.
    pub(crate) fn write(&self, name: &str, text: &str) -> std::io::Result<PathBuf> {
        let path = self.path.join(name);
        fs::write(&path, text)?;
        Ok(path)
    }

    /// Where a process that it is for writes its standard error.
    pub(crate) fn errors(&self) -> PathBuf {
        Path::new(&self.path).join("errors.txt")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// A process that runs a shell script in place of an interpreter with its driver.
    fn start(script: &str, patience: Duration) -> Process {
        let command = ["sh", "-c", script].map(str::to_string);
        let files = [("driver.txt".to_string(), "the driver"), ("program.txt".to_string(), "the program")];
        Process::start(&command, &files, "7", b"right\n", patience).unwrap()
    }

    const LONG: Duration = Duration::from_secs(60);

    /// Answers every request with as many outputs as it asks for.
    const HONEST: &str = r#"while read word runs; do
        echo "$((runs * 1000)) $((runs * 6))"; for _ in $(seq $runs); do echo right; done
    done"#;

    #[test]
    fn answers_are_times() {
        let mut process = start(HONEST, LONG);
        assert_eq!(process.run(1), Ok(Duration::from_micros(1)));
        assert_eq!(process.run(3), Ok(Duration::from_micros(3)));
    }

    #[test]
    fn driver_program_and_size_are_the_last_arguments() {
        let script = r#"read request; text="$(cat "$0") $(cat "$1") $2"; echo "5 ${#text}"; printf %s "$text""#;
        let mut process = start(script, LONG);
        process.expected = b"the driver the program 7".to_vec();
        assert_eq!(process.run(1), Ok(Duration::from_nanos(5)));
    }

    #[test]
    fn wrong_answers_are_errors() {
        let mut process = start("read request; echo '5 6'; echo wrong", LONG);
        assert_eq!(process.run(1).unwrap_err(), "wrong answer: line 1 of the output is \"wrong\", not \"right\"");
        let mut process = start("read request; echo '5 12'; echo right; echo wrong", LONG);
        assert_eq!(process.run(2).unwrap_err(), "wrong answer: line 1 of the output is \"wrong\", not \"right\"");
        let mut process = start("read request; echo '5 6'; echo right", LONG);
        assert_eq!(process.run(2).unwrap_err(), "wrong answer: not as many outputs as runs");
        let mut process = start("read request; echo '5 0'", LONG);
        assert_eq!(process.run(1).unwrap_err(), "wrong answer: not as many outputs as runs");
    }

    #[test]
    fn answers_that_are_none_are_errors() {
        for (script, said) in [
            ("read request; echo hello there", "\"hello there\\n\""),
            ("read request; echo 5", "\"5\\n\""),
            ("read request; echo -5 6; echo right", "\"-5 6\\n\""),
            ("read request; echo 5 99999999999999", "\"5 99999999999999\\n\""),
            ("yes | tr -d '\\n'", "instead of a time and a length"),
        ] {
            let wrong = start(script, LONG).run(1).unwrap_err();
            assert!(wrong.starts_with("answers ") && wrong.contains(said), "{script}: {wrong}");
        }
    }

    #[test]
    fn deaths_are_errors_with_their_last_words() {
        let dies = start("read request; echo 'out of luck' >&2; exit 3", LONG).run(1).unwrap_err();
        assert!(dies.starts_with("its process died: ") && dies.ends_with("3: out of luck"), "{dies}");
        let dies = start("read request; echo '5 6'; printf ri", LONG).run(1).unwrap_err();
        assert!(dies.starts_with("its process died: "), "{dies}");
        let mut process = start("exit 4", LONG);
        process.child.wait().unwrap();
        let dies = process.run(1).unwrap_err();
        assert!(dies.contains('4'), "{dies}");
        let silent = start("exec >&-; exec sleep 1000", LONG).run(1).unwrap_err();
        assert_eq!(silent, "its process answers no more");
    }

    #[test]
    fn hanging_has_an_end() {
        let mut process = start("exec sleep 1000", Duration::from_millis(50));
        assert_eq!(process.run(1).unwrap_err(), "gave no answer within 50ms");
        let mut process = start("read request; echo '5 6'; exec sleep 1000", Duration::from_millis(50));
        assert_eq!(process.run(1).unwrap_err(), "gave no answer within 50ms");
    }

    #[test]
    fn nothing_is_left_behind() {
        let process = start("exec sleep 1000", LONG);
        let (id, folder) = (process.child.id(), process.folder.path.clone());
        assert!(folder.join("driver.txt").is_file());
        drop(process);
        assert!(!folder.exists());
        let still_there = Command::new("kill").args(["-0", &id.to_string()]).stderr(Stdio::null()).status().unwrap();
        assert!(!still_there.success());
    }

    #[test]
    fn what_cannot_be_started_says_so() {
        let command = ["no-such-interpreter".to_string()];
        let error = Process::start(&command, &[], "7", b"", LONG).unwrap_err();
        assert!(error.starts_with("cannot be started: "), "{error}");
    }
}
