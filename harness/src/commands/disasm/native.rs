//! Machine code beside the register code that it was made of.
//!
//! What native code there is depends on what the program did, so it is run, with its arguments and without showing what it prints; shown is the code that each function had
//! got last. Under each register instruction stands the machine code that was made of it, at all places where there is some: checks of kinds and exits lie apart. What belongs to no
//! instruction, the way in and moves between blocks, stands in front.

use std::fmt::Write;

use engine::profile::counted;
use engine::{Compiled, Configuration, find_executor};
use isa::text::Printer;
use isa::{RegCode, Verified};
use jit::Made;

use super::chosen;
use crate::cli::DisasmOptions;
use crate::terminal::tell;

/// Runs a program on the engine with native tiers and shows the code that its functions have got.
pub(super) fn show(
    compiled: &Compiled,
    code: &Verified<RegCode>,
    configuration: &Configuration,
    options: &DisasmOptions,
) -> anyhow::Result<String> {
    let configuration = Configuration { vm: "jit", ..configuration.clone() };
    let Some(executor) = find_executor(configuration.vm) else { unreachable!("there is such an engine") };
    let prepared = executor.prepare(compiled, &configuration)?;
    let run_options = runtime::RunOptions {
        arguments: options.arguments.clone(),
        output: Box::new(std::io::sink()),
        input: Box::new(std::io::empty()),
        ..configuration.run_options()
    };
    if let Err(failure) = prepared.run(run_options).result {
        tell!("the program ended with an error: {}", failure.message);
    }
    let made = prepared.native().unwrap_or_default().code;
    let printer = Printer::new(&**code);
    let (mut text, mut without) = (String::new(), 0);
    for function in chosen(&**code, options)? {
        match made.get(&function) {
            Some(made) => {
                let _ = writeln!(text, "{}", beside(&printer.listing(function, true), made));
            }
            None => without += 1,
        }
    }
    if without > 0 {
        let count = counted(without, "function");
        tell!(
            "{count} got no native code; --jit-threshold 1 compiles all that runs, and arguments behind -- make a run longer"
        );
    }
    Ok(text)
}

/// A listing of register code with the machine code of each instruction under it.
fn beside(listing: &str, made: &Made) -> String {
    let instructions = decode(&made.code);
    let place_of = |offset: u32| {
        let at = made.places.partition_point(|&(start, _)| start <= offset);
        at.checked_sub(1).and_then(|at| made.places[at].1)
    };
    let mut text = String::new();
    let write_all = |text: &mut String, place: Option<u32>| {
        for (offset, instruction) in instructions.iter().filter(|(offset, _)| place_of(*offset) == place) {
            let _ = writeln!(text, "        {offset:>5x}  {instruction}");
        }
    };
    let mut pc = 0;
    for line in listing.lines() {
        // The head of the function, then quoted source and instructions, which are set in.
        let is_head = text.is_empty();
        let is_instruction = line.starts_with("  ");
        text.push_str(line);
        if is_head {
            let _ =
                write!(text, ", {} code: {} bytes, {} of native stack", made.tier.name(), made.code.len(), made.frame);
        }
        text.push('\n');
        if is_head {
            write_all(&mut text, None);
        } else if is_instruction {
            write_all(&mut text, Some(pc));
            pc += 1;
        }
    }
    text
}

/// Machine instructions with their distances from the beginning.
#[cfg(target_arch = "x86_64")]
fn decode(code: &[u8]) -> Vec<(u32, String)> {
    use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter};
    let mut formatter = IntelFormatter::new();
    formatter.options_mut().set_space_after_operand_separator(true);
    formatter.options_mut().set_hex_prefix("0x");
    formatter.options_mut().set_hex_suffix("");
    let mut all = Vec::new();
    for instruction in Decoder::with_ip(64, code, 0, DecoderOptions::NONE) {
        let mut line = String::new();
        formatter.format(&instruction, &mut line);
        all.push((instruction.ip() as u32, line));
    }
    all
}

/// Words in hexadecimal digits: on this processor nothing here knows how to read them.
#[cfg(not(target_arch = "x86_64"))]
fn decode(code: &[u8]) -> Vec<(u32, String)> {
    let word = |(at, bytes): (usize, &[u8])| {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        (4 * at as u32, digits)
    };
    code.chunks(4).enumerate().map(word).collect()
}
