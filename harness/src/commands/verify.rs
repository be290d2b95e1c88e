//! `harness verify`

use std::process::ExitCode;

use engine::profile::counted;
use engine::{Compiled, EngineError, Source};
use isa::module::{Form, Module};

use crate::cli::VerifyOptions;
use crate::terminal;

pub(super) fn run(options: &VerifyOptions) -> anyhow::Result<ExitCode> {
    let source = Source::file(&options.file)?;
    if !source.is_bytecode() {
        let name = source.name().to_string();
        return Err(EngineError::Bytecode { name, reason: "it does not begin as bytecode does".to_string() }.into());
    }
    let compiled = Compiled::new(&source)?;
    let summary = match (compiled.stack_code(), compiled.register_code()) {
        (Some(code), _) => summary(code),
        (None, Some(code)) => summary(code),
        (None, None) => unreachable!("a program has code in one form or the other"),
    };
    terminal::print(&format!("{}: valid, {summary}\n", compiled.name()))?;
    Ok(ExitCode::SUCCESS)
}

fn summary<F: Form>(module: &Module<F>) -> String {
    let instructions: usize = module.functions.iter().map(|function| function.code.len()).sum();
    let parts =
        [(module.functions.len(), "function"), (instructions, "instruction"), (module.constants.len(), "constant")];
    let parts = parts.map(|(count, noun)| counted(count as u64, noun));
    format!("{} form, {}", F::NAME, parts.join(", "))
}
