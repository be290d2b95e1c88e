//! `harness disasm`

mod islands;
mod native;
mod ranges;
mod sides;

use std::fmt::Write;
use std::process::ExitCode;

use engine::profile::counted;
use engine::{Configuration, EngineError};
use isa::module::{Form, Module};
use isa::text::Printer;
use isa::{RegCode, Verified};

use super::{Usage, compiled};
use crate::cli::{DisasmForm, DisasmOptions};
use crate::terminal;
use crate::terminal::tell;

/// Functions that are named when the one asked for does not exist.
const MOST_NAMES: usize = 40;

pub(super) fn run(options: &DisasmOptions) -> anyhow::Result<ExitCode> {
    let mut configuration = Configuration::default();
    // Code is shown as the compiler writes it, unless an optimizer is asked for.
    configuration.set("opt", "0")?;
    options.axes.apply(&mut configuration)?;
    let compiled = compiled(&options.source)?;
    let optimized = compiled.optimized(&configuration)?;
    let stack_code = optimized.as_ref().map(|optimized| &*optimized.code);
    let no_stack_code = || Usage(format!("{} holds register code; show it with --form register", compiled.name()));
    let register = || -> anyhow::Result<Verified<RegCode>> {
        match (compiled.register_code(), stack_code) {
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
        let Some(code) = stack_code else {
            let reason = "live ranges are known only where stack code is converted, and the file holds register code";
            return Err(Usage(reason.to_string()).into());
        };
        let assignment = converter::explain::assignment(code, function, configuration.converter_options());
        let assignment = assignment.map_err(EngineError::from)?;
        Ok((ranges::beside(&listing, &assignment), ranges::list(&assignment)))
    };
    let text = match options.form {
        DisasmForm::Stack => {
            let code = stack_code.ok_or_else(no_stack_code)?;
            let printer = Printer::new(&**code);
            let listings = chosen(&**code, options)?.into_iter().map(|function| printer.listing(function, true) + "\n");
            listings.collect()
        }
        DisasmForm::Register => {
            let code = register()?;
            let printer = Printer::new(&*code);
            let mut text = String::new();
            for function in chosen(&*code, options)? {
                let (listing, ranges) = with_ranges(printer.listing(function, true), function)?;
                // Writing to a string cannot fail; likewise below.
                let _ = writeln!(text, "{listing}{ranges}");
            }
            text
        }
        DisasmForm::Hybrid => {
            let stack = stack_code.ok_or_else(no_stack_code)?;
            let (hybrid, _) = engine::hybrid::convert(stack, &configuration)?;
            let printer = Printer::new(&*hybrid.code);
            let mut text = String::new();
            for function in chosen(&*hybrid.code, options)? {
                let listing = printer.listing(function, true);
                let islands = &hybrid.islands[function as usize];
                let _ = writeln!(text, "{}", islands::beside(&listing, &hybrid.code, function, islands));
            }
            text
        }
        DisasmForm::Native => {
            // Code is shown as it runs: optimized as usual unless something else is asked for.
            let mut configuration = Configuration::default();
            options.axes.apply(&mut configuration)?;
            let code = match (compiled.register_code(), compiled.optimized(&configuration)?) {
                (Some(code), _) => code.clone(),
                (None, Some(stack)) => {
                    let converted = converter::convert(&stack.code, configuration.converter_options());
                    converted.map_err(EngineError::from)?.0
                }
                (None, None) => unreachable!("a program has code in one form or the other"),
            };
            native::show(&compiled, &code, &configuration, options)?
        }
        DisasmForm::Both => {
            let stack = stack_code.ok_or_else(no_stack_code)?;
            let register = register()?;
            let (left, right) = (Printer::new(&**stack), Printer::new(&*register));
            let mut text = String::new();
            for function in chosen(&**stack, options)? {
                let (register, ranges) = with_ranges(right.listing(function, true), function)?;
                text.push_str(&sides::by_side(&left.listing(function, true), &register));
                let _ = writeln!(text, "{ranges}");
            }
            text
        }
    };
    terminal::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Name of the source whose functions come with the language.
const PRELUDE: &str = "<prelude>";

/// The functions that were asked for: when none was, all of the program's own.
fn chosen<F: Form>(module: &Module<F>, options: &DisasmOptions) -> Result<Vec<u32>, Usage> {
    let name = |function: &isa::Function<F>| module.name(function.name);
    for wanted in &options.function {
        if !module.functions.iter().any(|function| name(function) == wanted) {
            let known: Vec<&str> = module.functions.iter().take(MOST_NAMES).map(name).collect();
            let more = module.functions.len() - known.len();
            let more = if more > 0 { format!(", … and {more} more") } else { String::new() };
            return Err(Usage(format!("there is no function '{wanted}'; there are: {}{more}", known.join(", "))));
        }
    }
    let is_own = |function: &isa::Function<F>| {
        module.sources.get(function.source as usize).is_none_or(|source| &*source.name != PRELUDE)
    };
    let is_chosen = |function: &isa::Function<F>| match options.function.as_slice() {
        [] => is_own(function),
        wanted => wanted.iter().any(|wanted| wanted == name(function)),
    };
    let chosen: Vec<u32> =
        (0..).zip(&module.functions).filter(|(_, function)| is_chosen(function)).map(|(index, _)| index).collect();
    let left_out = module.functions.len() - chosen.len();
    if options.function.is_empty() && left_out > 0 {
        let count = counted(left_out as u64, "library function");
        tell!("{count} not shown; --function NAME shows one");
    }
    Ok(chosen)
}

/// Columns to the left of others are at most this wide; what is longer is cut. Text literals can be of any length.
const WIDEST: usize = 72;

/// How wide a column of these lines is.
fn width<'l>(lines: impl IntoIterator<Item = &'l str>) -> usize {
    lines.into_iter().map(|line| line.chars().count()).max().unwrap_or(0).min(WIDEST)
}

/// The line cut or filled to this width.
fn fitted(line: &str, width: usize) -> String {
    match line.chars().count() {
        length if length > width => line.chars().take(width.saturating_sub(1)).chain(['…']).collect(),
        length => line.chars().chain(std::iter::repeat_n(' ', width - length)).collect(),
    }
}

/// Lines of a listing that show instructions.
fn instructions(listing: &str) -> impl Iterator<Item = &str> {
    listing.lines().filter(|line| line.starts_with("  "))
}

#[cfg(test)]
mod tests {
    use super::{WIDEST, fitted, width};

    #[test]
    fn columns_are_of_bounded_width() {
        let long = "é".repeat(70_000);
        assert_eq!(width(["a", "éé"]), 2);
        assert_eq!(width(["a", long.as_str()]), WIDEST);
        assert_eq!(
            (fitted("éé", 3).as_str(), fitted("abcd", 3).as_str(), fitted("abc", 3).as_str()),
            ("éé ", "ab…", "abc")
        );
        assert_eq!(fitted(&long, WIDEST).chars().count(), WIDEST);
    }
}
