//! Looks for interpreters on this machine.

use std::process::{Command, Stdio};

use super::Interpreter;

/// Version and command line of an interpreter.
///
/// # Errors
/// When none of its programs is there, or all of them are of another version.
pub(super) fn interpreter(interpreter: &Interpreter) -> Result<(String, Vec<String>), String> {
    let mut others = Vec::new();
    for program in interpreter.programs {
        let Some(version) = version(program, interpreter.version_argument) else { continue };
        if version.starts_with(interpreter.version_begins) {
            let program = match interpreter.drivers {
                [] => program,
                drivers => drivers
                    .iter()
                    .find(|driver| self::version(driver, "--version").is_some())
                    .ok_or_else(|| format!("{} is not installed, which is to start {program}", drivers.join(" or ")))?,
            };
            let words = std::iter::once(program).chain(interpreter.arguments);
            return Ok((version, words.map(ToString::to_string).collect()));
        }
        others.push(format!("{program} is '{version}'"));
    }
    let missing = format!("{} is not installed", interpreter.programs.join(" or "));
    Err(if others.is_empty() { missing } else { format!("{missing} in the version wanted ({})", others.join(", ")) })
}

/// What a program says its version is, if there is such a program.
fn version(program: &str, argument: &str) -> Option<String> {
    let output = Command::new(program).arg(argument).stdin(Stdio::null()).output().ok()?;
    // Some write it to standard output, some to standard error.
    let text = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    let text = String::from_utf8_lossy(&text);
    // The lines of Lua and LuaJIT go on with a copyright notice.
    let line = text.lines().next()?.split(" Copyright").next()?;
    output.status.success().then(|| line.trim_end_matches(['-', ' ']).to_string())
}

#[cfg(test)]
mod tests {
    use super::super::{Interpreter, LUA};

    /// Every machine that builds this has cargo.
    fn cargo(programs: &'static [&'static str], version_begins: &'static str) -> Interpreter {
        Interpreter {
            language: &LUA,
            programs,
            version_argument: "--version",
            version_begins,
            arguments: &["-x"],
            drivers: &[],
        }
    }

    #[test]
    fn the_first_program_that_fits_is_taken() {
        let (version, command) = super::interpreter(&cargo(&["no-such-program", "cargo"], "cargo ")).unwrap();
        assert!(version.starts_with("cargo 1."), "{version}");
        assert_eq!(command, ["cargo", "-x"]);
    }

    #[test]
    fn a_driver_of_another_language_is_looked_for_too() {
        let other = Interpreter { drivers: &["no-such-program", "rustc"], ..cargo(&["cargo"], "cargo ") };
        let (version, command) = super::interpreter(&other).unwrap();
        assert!(version.starts_with("cargo 1."), "{version}");
        assert_eq!(command, ["rustc", "-x"]);
        let none = Interpreter { drivers: &["no-such-program"], ..cargo(&["cargo"], "cargo ") };
        let reason = super::interpreter(&none).unwrap_err();
        assert_eq!(reason, "no-such-program is not installed, which is to start cargo");
    }

    #[test]
    fn reasons_say_what_was_looked_for() {
        let missing = super::interpreter(&cargo(&["no-such-program", "nor-this"], "")).unwrap_err();
        assert_eq!(missing, "no-such-program or nor-this is not installed");
        let other = super::interpreter(&cargo(&["cargo"], "Lua 9")).unwrap_err();
        assert!(other.starts_with("cargo is not installed in the version wanted (cargo is 'cargo 1."), "{other}");
    }
}
