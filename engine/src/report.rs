//! How an error that no handler took is shown to people.
//!
//! ```text
//! error: Division by zero
//!   --> bank.zx:12:20
//!    |
//! 12 |     return total / count
//!    |                  ^
//!   help: check the divisor first: if (divisor != 0) { … }
//!   trace:
//!     in average at bank.zx:12:18
//!     in <main> at bank.zx:20:7
//! ```

use std::fmt::Write;

use isa::module::Source;
use lang::diagnostics::{line_and_column, printable, source_snippet};

use crate::outcome::Failure;

/// Calls shown at either end of a trace.
const SHOWN: usize = 8;

/// The error as text: message, place with its source line, what to do about it, and the active calls if there are any besides the main
/// program.
pub fn render_failure(failure: &Failure, sources: &[Source], colour: bool) -> String {
    let (red, bold, cyan, plain) =
        if colour { ("\x1b[1;31m", "\x1b[1m", "\x1b[36m", "\x1b[0m") } else { ("", "", "", "") };
    let title = match failure.kind {
        runtime::ErrorKind::Thrown => "uncaught",
        _ => "error",
    };
    // Writing to a string cannot fail; likewise below.
    let mut text = format!("{red}{title}{plain}: {bold}{}{plain}\n", printable(&failure.message));
    if let Some(raised) = failure.trace.first()
        && let Some(source) = sources.get(raised.source as usize)
    {
        text.push_str(&source_snippet(&source.name, &source.text, raised.offset));
    }
    if let Some(help) = &failure.help {
        let _ = writeln!(text, "  {cyan}help: {plain}{}", printable(help));
    }
    if failure.trace.len() > 1 {
        let _ = writeln!(text, "  {cyan}trace:{plain}");
        let hidden = failure.trace.len().saturating_sub(2 * SHOWN);
        for (index, call) in failure.trace.iter().enumerate() {
            if hidden > 0 && index == SHOWN {
                let _ = writeln!(text, "    … {hidden} more …");
            }
            if hidden > 0 && (SHOWN..SHOWN + hidden).contains(&index) {
                continue;
            }
            let _ = write!(text, "    in {}", printable(&call.function));
            if let Some(source) = sources.get(call.source as usize) {
                let (line, column) = line_and_column(&source.text, call.offset);
                let _ = write!(text, " at {}:{line}:{column}", source.name);
            }
            text.push('\n');
        }
    }
    text
}
