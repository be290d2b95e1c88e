//! What depends on where output goes: colour, progress, broken pipes.

use std::cell::Cell;
use std::io::{ErrorKind, IsTerminal, Write};
use std::rc::Rc;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Whether messages on standard error are coloured: on a terminal, unless `NO_COLOR` says otherwise.
pub fn colours() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    std::io::stderr().is_terminal() && !refused && !dumb
}

/// A progress bar of so many steps on standard error, if that is a terminal.
pub fn progress(steps: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg} {eta_precise} left");
    let bar = ProgressBar::with_draw_target(Some(steps), ProgressDrawTarget::stderr());
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// Writes to standard error, as far as that can be written: nobody could be told that it cannot.
pub fn write_error(text: std::fmt::Arguments<'_>) {
    let _ = std::io::stderr().lock().write_fmt(text);
}

/// Standard error as [`write_error`] treats it, for output that is not what a command was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Messages;

impl Write for Messages {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let _ = std::io::stderr().lock().write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A line on standard error. Unlike `eprintln!` it does not panic when nobody can read it.
macro_rules! tell {
    ($($text:tt)*) => {
        $crate::terminal::write_error(format_args!("{}\n", format_args!($($text)*)))
    };
}
pub(crate) use tell;

/// Text on standard error; see [`tell!`].
macro_rules! tell_text {
    ($($text:tt)*) => {
        $crate::terminal::write_error(format_args!($($text)*))
    };
}
pub(crate) use tell_text;

/// Writes to standard output.
///
/// # Errors
/// When it cannot be written; see [`is_broken_pipe`].
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut output = std::io::stdout().lock();
    output.write_all(text.as_bytes())?;
    output.flush()?;
    Ok(())
}

/// Standard output for a guest program, which remembers whether its reader went away.
#[derive(Clone, Debug, Default)]
pub struct StandardOutput {
    is_broken_pipe: Rc<Cell<bool>>,
}

impl StandardOutput {
    /// True once nobody reads what is written.
    pub fn is_broken_pipe(&self) -> bool {
        self.is_broken_pipe.get()
    }

    fn noted<T>(&self, result: std::io::Result<T>) -> std::io::Result<T> {
        if result.as_ref().is_err_and(|error| error.kind() == ErrorKind::BrokenPipe) {
            self.is_broken_pipe.set(true);
        }
        result
    }
}

impl Write for StandardOutput {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.noted(std::io::stdout().write(bytes))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.noted(std::io::stdout().flush())
    }
}

/// True for an error that only says that nobody reads our output any more.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |error: &std::io::Error| error.kind() == ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref::<std::io::Error>().is_some_and(broken))
}
