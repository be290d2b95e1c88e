//! `harness disasm`

mod islands;
mod ranges;

use std::fmt::Write;
use std::process::ExitCode;

use engine::{Configuration, EngineError};
use isa::module::{Form, Module};
use isa::text::TextForm;
use isa::{RegCode, Verified};

use super::{Usage, compiled};
use crate::cli::{DisasmForm, DisasmOptions};
use crate::terminal;

pub(super) fn run(options: &DisasmOptions) -> anyhow::Result<ExitCode> {
    let mut configuration = Configuration::default();
    options.axes.apply(&mut configuration)?;
    let compiled = compiled(&options.source)?;
    let no_stack_code = || Usage(format!("{} holds register code; show it with --form register", compiled.name()));
    let register = || -> anyhow::Result<Verified<RegCode>> {
        match (compiled.register_code(), compiled.stack_code()) {
            (Some(code), _) => Ok(code.clone()),
            (None, Some(code)) => {
                Ok(converter::convert(code, configuration.converter_options()).map_err(EngineError::from)?.0)
            }
            (None, None) => unreachable!("a program has code in one form or the other"),
        }
    };
    // The listing of a function's register code, with its live ranges beside and below it if they are wanted.
    let with_ranges = |listing: String, function: u32| -> anyhow::Result<(String, String)> {
        if !options.ranges {
            return Ok((listing, String::new()));
        }
        let Some(code) = compiled.stack_code() else {
            let reason = "live ranges are known only where stack code is converted, and the file holds register code";
            return Err(Usage(reason.to_string()).into());
        };
        let assignment = converter::explain::assignment(code, function, configuration.converter_options());
        let assignment = assignment.map_err(EngineError::from)?;
        Ok((ranges::beside(&listing, &assignment), ranges::list(&assignment)))
    };
    let mut text = String::new();
    match options.form {
        DisasmForm::Stack => {
            let code = compiled.stack_code().ok_or_else(no_stack_code)?;
            for function in chosen(&**code, options)? {
                let _ = writeln!(text, "{}", isa::text::listing(&**code, function, true));
            }
        }
        DisasmForm::Register => {
            let code = register()?;
            for function in chosen(&*code, options)? {
                let (listing, ranges) = with_ranges(listing(&*code, function), function)?;
                let _ = writeln!(text, "{listing}{ranges}");
            }
        }
        DisasmForm::Hybrid => {
            let stack = compiled.stack_code().ok_or_else(no_stack_code)?;
            let (hybrid, _) = engine::hybrid::convert(stack, &configuration)?;
            for function in chosen(&*hybrid.code, options)? {
                let listing = listing(&*hybrid.code, function);
                let islands = &hybrid.islands[function as usize];
                let _ = writeln!(text, "{}", islands::beside(&listing, &hybrid.code, function, islands));
            }
        }
        DisasmForm::Both => {
            let stack = compiled.stack_code().ok_or_else(no_stack_code)?;
            let register = register()?;
            for function in chosen(&**stack, options)? {
                let (register, ranges) = with_ranges(listing(&*register, function), function)?;
                text.push_str(&side_by_side(&listing(&**stack, function), &register));
                let _ = writeln!(text, "{ranges}");
            }
        }
    }
    terminal::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn listing<F: TextForm>(module: &Module<F>, function: u32) -> String {
    isa::text::listing(module, function, true)
}

/// The functions that were asked for: all of them when none was.
fn chosen<F: Form>(module: &Module<F>, options: &DisasmOptions) -> Result<Vec<u32>, Usage> {
    let name = |function: &isa::Function<F>| module.name(function.name);
    for wanted in &options.function {
        if !module.functions.iter().any(|function| name(function) == wanted) {
            let known: Vec<&str> = module.functions.iter().map(name).collect();
            return Err(Usage(format!("there is no function '{wanted}'; there are: {}", known.join(", "))));
        }
    }
    let is_chosen = |function: &isa::Function<F>| {
        options.function.is_empty() || options.function.iter().any(|wanted| wanted == name(function))
    };
    Ok((0..).zip(&module.functions).filter(|(_, function)| is_chosen(function)).map(|(index, _)| index).collect())
}

/// Lines of a listing that come from one line of source, under that line.
struct Section<'l> {
    title: &'l str,
    lines: Vec<&'l str>,
}

fn sections(listing: &str) -> Vec<Section<'_>> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    for line in listing.lines() {
        match (line.starts_with("  "), sections.last_mut()) {
            (true, Some(section)) => section.lines.push(line),
            _ => sections.push(Section { title: line, lines: Vec::new() }),
        }
    }
    sections
}

/// Two listings of one function: what comes from the same line of source stands side by side under it.
fn side_by_side(stack: &str, register: &str) -> String {
    let (left, right) = (sections(stack), sections(register));
    let width =
        left.iter().flat_map(|section| &section.lines).map(|line| line.chars().count()).max().unwrap_or(0).max(24);
    let mut text = String::new();
    let mut rows = |title: &str, left: &[&str], right: &[&str]| {
        text.push_str(title);
        text.push('\n');
        for row in 0..left.len().max(right.len()) {
            let (left, right) = (left.get(row).unwrap_or(&""), right.get(row).unwrap_or(&""));
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{}", format!("{left:<width$} │{right}").trim_end());
        }
    };
    let (Some(left_head), Some(right_head)) = (left.first(), right.first()) else { return text };
    let counts = right_head.title.split_once(": ").map_or("", |(_, counts)| counts);
    rows(&format!("{}  │ {counts}", left_head.title), &left_head.lines, &right_head.lines);
    let (left, right) = (&left[1..], &right[1..]);
    let (mut at, mut other) = (0, 0);
    for (left_match, right_match) in matches(left, right) {
        for section in &left[at..left_match] {
            rows(section.title, &section.lines, &[]);
        }
        for section in &right[other..right_match] {
            rows(section.title, &[], &section.lines);
        }
        if let (Some(left), Some(right)) = (left.get(left_match), right.get(right_match)) {
            rows(left.title, &left.lines, &right.lines);
        }
        (at, other) = (left_match + 1, right_match + 1);
    }
    text
}

/// Sections with the same title, as many as can be had in order (longest common subsequence); last comes the pair of ends.
fn matches(left: &[Section<'_>], right: &[Section<'_>]) -> Vec<(usize, usize)> {
    let columns = right.len() + 1;
    let mut longest = vec![0_u32; (left.len() + 1) * columns];
    for at in (0..left.len()).rev() {
        for other in (0..right.len()).rev() {
            longest[at * columns + other] = if left[at].title == right[other].title {
                longest[(at + 1) * columns + other + 1] + 1
            } else {
                longest[(at + 1) * columns + other].max(longest[at * columns + other + 1])
            };
        }
    }
    let (mut at, mut other) = (0, 0);
    let mut pairs = Vec::new();
    while at < left.len() && other < right.len() {
        if left[at].title == right[other].title {
            pairs.push((at, other));
            (at, other) = (at + 1, other + 1);
        } else if longest[(at + 1) * columns + other] >= longest[at * columns + other + 1] {
            at += 1;
        } else {
            other += 1;
        }
    }
    pairs.push((left.len(), right.len()));
    pairs
}

#[cfg(test)]
mod tests {
    use super::side_by_side;

    #[test]
    fn sections_of_one_line_stand_side_by_side() {
        let stack = "function 0 f: 1 locals\na.zx:1: let x = 1\n  0  LOAD_CONST 1\n  1  STORE_LOCAL x\na.zx:2: return x\n  2  LOAD_LOCAL x\n";
        let register = "function 0 f: 1 registers\na.zx:1: let x = 1\n  0  LOAD_INT r0, 1\na.zx:3: end\n  1  NOP_REG\n";
        let text = side_by_side(stack, register);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "function 0 f: 1 locals  │ 1 registers");
        assert_eq!(lines[1], "a.zx:1: let x = 1");
        assert_eq!(lines[2], "  0  LOAD_CONST 1        │  0  LOAD_INT r0, 1");
        assert_eq!(lines[3], "  1  STORE_LOCAL x       │");
        assert!(lines.contains(&"a.zx:2: return x") && lines.contains(&"a.zx:3: end"));
        assert!(text.contains("                         │  1  NOP_REG"), "{text}");
    }
}
