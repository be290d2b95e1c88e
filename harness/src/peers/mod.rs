//! Peers: the same work in other languages, timed beside ours.
//!
//! A [`Peer`] is a row of [`PEERS`]: a language and how its implementation is started. [`Peer::find`] looks for that on this machine and gives
//! an [`Installed`] peer or the reason why there is none. An installed peer takes part in a program's rounds as a [`Contestant`]:
//!
//! - `native` runs in this process, with the clock that our own engines are timed with;
//! - every other peer is one process a program ([`process`]), started before the first round and ended after the last. A driver
//!   script in its language loads the program's script, runs its main function as often as it is asked to, and answers with the processor time that
//!   took, as the process itself measures it, and with what was printed. So what is measured is execution alone, in a process
//!   that is warm: its JIT compiler has seen the program before. The exception is `zexus`, whose driver starts it anew for each run.
//!
//! Scripts and drivers lie in `programs/peers/` and are part of the binary.

mod find;
mod native;
pub mod process;

use std::time::Duration;

use engine::workloads::{Workload, bundled_file};

use crate::contestant::Contestant;
use native::Native;
use process::Process;

/// Something in another language that does the same work.
#[derive(Debug)]
pub struct Peer {
    /// Its name on the command line and in result files.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// The package that brings it; empty if it needs none.
    pub package: &'static str,
    /// How it is started; none for what runs in this process.
    interpreter: Option<Interpreter>,
}

/// How an implementation of a language is started.
#[derive(Debug)]
struct Interpreter {
    language: &'static Language,
    /// Names of the program, in the order in which they are tried.
    programs: &'static [&'static str],
    /// Makes it print its version.
    version_argument: &'static str,
    /// What its version begins with; another one is not the peer that is meant.
    version_begins: &'static str,
    /// What stands before the driver on its command line.
    arguments: &'static [&'static str],
    /// Programs that run the driver where the implementation cannot, in the order in which they are tried; empty where it can. Such a driver
    /// starts the implementation itself.
    drivers: &'static [&'static str],
}

/// A language that there are scripts in.
#[derive(Debug)]
pub struct Language {
    /// Its name.
    pub name: &'static str,
    /// Its folder in `programs/peers/`.
    folder: &'static str,
    /// What its files end with.
    pub extension: &'static str,
    /// What its driver ends with.
    driver_extension: &'static str,
}

static LUA: Language = Language { name: "Lua", folder: "lua", extension: "lua", driver_extension: "lua" };
static PYTHON: Language = Language { name: "Python", folder: "python", extension: "py", driver_extension: "py" };
static JAVASCRIPT: Language =
    Language { name: "JavaScript", folder: "javascript", extension: "js", driver_extension: "js" };
static ZEXUS: Language = Language { name: "Zexus", folder: "zexus", extension: "zx", driver_extension: "py" };

const fn luajit(arguments: &'static [&'static str]) -> Option<Interpreter> {
    Some(Interpreter {
        language: &LUA,
        programs: &["luajit"],
        version_argument: "-v",
        version_begins: "LuaJIT",
        arguments,
        drivers: &[],
    })
}

const fn node(arguments: &'static [&'static str]) -> Option<Interpreter> {
    Some(Interpreter {
        language: &JAVASCRIPT,
        programs: &["node", "nodejs"],
        version_argument: "--version",
        version_begins: "v",
        arguments,
        drivers: &[],
    })
}

/// Every peer.
pub static PEERS: [Peer; 8] = [
    Peer { name: "native", about: "the kernels in plain Rust, in this process", package: "", interpreter: None },
    Peer {
        name: "lua",
        about: "Lua 5.4, an interpreter of register code",
        package: "lua5.4",
        interpreter: Some(Interpreter {
            language: &LUA,
            programs: &["lua5.4", "lua54", "lua"],
            version_argument: "-v",
            version_begins: "Lua 5.4",
            arguments: &["-E"],
            drivers: &[],
        }),
    },
    Peer { name: "luajit", about: "LuaJIT with its tracing compiler", package: "luajit", interpreter: luajit(&["-E"]) },
    Peer {
        name: "luajit-joff",
        about: "LuaJIT's interpreter, written in assembly, alone",
        package: "luajit",
        interpreter: luajit(&["-E", "-joff"]),
    },
    Peer {
        name: "python",
        about: "CPython, an interpreter of stack code",
        package: "python3",
        interpreter: Some(Interpreter {
            language: &PYTHON,
            programs: &["python3", "python"],
            version_argument: "--version",
            version_begins: "Python 3",
            arguments: &["-I"],
            drivers: &[],
        }),
    },
    Peer { name: "node", about: "Node.js: V8 with its compilers", package: "nodejs", interpreter: node(&[]) },
    Peer {
        name: "node-jitless",
        about: "Node.js: V8's interpreter of register code alone",
        package: "nodejs",
        interpreter: node(&["--jitless"]),
    },
    Peer {
        name: "zexus",
        about: "the reference implementation of the language, in Python, started anew for each run",
        package: "zexus",
        interpreter: Some(Interpreter {
            language: &ZEXUS,
            programs: &["zx"],
            version_argument: "--version",
            version_begins: "Zexus",
            arguments: &[],
            drivers: &["python3", "python"],
        }),
    },
];

/// The peer of this name.
pub fn peer(name: &str) -> Option<&'static Peer> {
    PEERS.iter().find(|peer| peer.name == name)
}

/// A peer that this machine has.
#[derive(Clone, Debug)]
pub struct Installed {
    /// Its name in result files.
    pub name: String,
    /// Which version it is, in its own words.
    pub version: String,
    /// The program and its arguments, without those that name driver, script and size; empty for what runs in this process.
    pub command: Vec<String>,
    /// The language of its scripts; none for what runs in this process.
    pub language: Option<&'static Language>,
}

impl Peer {
    /// Looks for it on this machine.
    ///
    /// # Errors
    /// When it is not there. The error says what brings it.
    pub fn find(&self) -> Result<Installed, String> {
        let (version, command) = match &self.interpreter {
            None => (native::version(), Vec::new()),
            Some(interpreter) => find::interpreter(interpreter)
                .map_err(|reason| format!("{reason}; the package '{}' brings it", self.package))?,
        };
        Ok(Installed { name: self.name.to_string(), version, command, language: self.language() })
    }

    /// The language of its scripts; none for what runs in this process.
    pub fn language(&self) -> Option<&'static Language> {
        self.interpreter.as_ref().map(|interpreter| interpreter.language)
    }
}

impl Installed {
    /// Makes it ready to run a workload.
    ///
    /// # Errors
    /// When it has no version of the workload, or cannot be started.
    pub fn start(
        &self,
        workload: &Workload,
        argument: &str,
        expected: &[u8],
        patience: Duration,
    ) -> Result<Box<dyn Contestant>, String> {
        let Some(language) = self.language else {
            return Ok(Box::new(Native::new(&workload.name, argument, expected)?));
        };
        let Language { name, folder, extension, driver_extension } = language;
        // What two programs share is one of them, or neither.
        let script = [workload.name.as_str(), workload.model()]
            .iter()
            .find_map(|name| bundled_file(&format!("peers/{folder}/{name}.{extension}")))
            .ok_or_else(|| format!("there is no {name} version of this program"))?;
        let driver = bundled_file(&format!("peers/{folder}/driver.{driver_extension}"))
            .ok_or_else(|| format!("there is no driver for {name}"))?;
        let files =
            [(format!("driver.{driver_extension}"), driver), (format!("{}.{extension}", workload.name), script)];
        Ok(Box::new(Process::start(&self.command, &files, argument, expected, patience)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::workloads::{Size, workload, workloads};

    const PATIENCE: Duration = Duration::from_secs(120);

    /// Every installed peer against the expected output of every program it has a script of. A peer that is not installed is named on
    /// standard error; one that is there and does not do what it should is a failure.
    #[test]
    fn installed_peers_run_their_scripts() {
        for peer in &PEERS {
            let installed = match peer.find() {
                Ok(installed) => installed,
                Err(reason) => {
                    eprintln!("not tested: {}: {reason}", peer.name);
                    continue;
                }
            };
            let mut programs = 0;
            for workload in workloads() {
                let (argument, expected) = (workload.argument(Size::Small), workload.expected(Size::Small).as_bytes());
                match installed.start(workload, argument, expected, PATIENCE) {
                    Err(reason) => {
                        let must = workload.kind == "kernel" && peer.name != "zexus";
                        assert!(!must, "{} on {}: {reason}", workload.name, peer.name);
                        assert!(reason.starts_with("there is no "), "{} on {}: {reason}", workload.name, peer.name);
                    }
                    Ok(mut contestant) => {
                        programs += 1;
                        for runs in [1, 3] {
                            let time = contestant.run(runs);
                            assert!(time.is_ok(), "{} on {}: {time:?}", workload.name, peer.name);
                        }
                    }
                }
            }
            let all = match peer.name {
                "python" => workloads().len(),
                "native" => 12,
                _ => 10,
            };
            assert_eq!(programs, all, "{}", peer.name);
        }
    }

    #[test]
    fn times_of_peers_grow_with_the_work() {
        for name in ["native", "python"] {
            let Ok(installed) = peer(name).unwrap().find() else {
                eprintln!("not tested: {name} is not installed");
                continue;
            };
            let fib = workload("fib").unwrap();
            let mut small = installed.start(fib, "5", b"fib 5 5\n", PATIENCE).unwrap();
            let mut large = installed.start(fib, "24", b"fib 24 46368\n", PATIENCE).unwrap();
            // 10,000 times the calls: no noise hides that.
            assert!(large.run(5).unwrap() > small.run(5).unwrap(), "{name}");
        }
    }

    #[test]
    fn peers_that_lie_are_found_out() {
        for peer in &PEERS {
            let Ok(installed) = peer.find() else { continue };
            let (name, right, wrong) = match peer.name {
                "zexus" => ("gas_guest", "10 charges", "11 charges"),
                _ => ("fib", "fib 10 55", "fib 10 54"),
            };
            let expected = format!("{wrong}\n");
            let mut contestant = installed.start(workload(name).unwrap(), "10", expected.as_bytes(), PATIENCE).unwrap();
            let said = contestant.run(2).unwrap_err();
            let line = format!("wrong answer: line 1 of the output is \"{right}\", not \"{wrong}\"");
            assert_eq!(said, line, "{}", peer.name);
        }
    }

    #[test]
    fn names_are_those_of_the_contract() {
        let names: Vec<&str> = PEERS.iter().map(|peer| peer.name).collect();
        assert_eq!(names, ["native", "lua", "luajit", "luajit-joff", "python", "node", "node-jitless", "zexus"]);
        assert!(peer("native").unwrap().find().is_ok());
        assert!(peer("perl").is_none());
    }
}
