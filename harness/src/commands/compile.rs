//! `harness compile`

use std::process::ExitCode;

use anyhow::Context;
use engine::{Configuration, EngineError};

use super::{Usage, compiled};
use crate::cli::{CodeForm, CompileOptions};
use crate::terminal::tell;

pub(super) fn run(options: &CompileOptions) -> anyhow::Result<ExitCode> {
    if let (Some(source), Ok(output)) = (&options.source.file, options.output.canonicalize())
        && source.canonicalize().is_ok_and(|source| source == output)
    {
        return Err(Usage(format!("{} is the program itself; -o takes another file", output.display())).into());
    }
    let mut configuration = Configuration::default();
    options.axes.apply(&mut configuration)?;
    let compiled = compiled(&options.source)?;
    let Some(stack) = compiled.stack_code() else {
        return Err(Usage(format!("{} holds register code, which is compiled already", compiled.name())).into());
    };
    let bytes = match options.form {
        CodeForm::Stack => isa::binary::write(&**stack),
        CodeForm::Register => {
            let (code, _) = converter::convert(stack, configuration.converter_options()).map_err(EngineError::from)?;
            isa::binary::write(&*code)
        }
    };
    let path = &options.output;
    std::fs::write(path, &bytes).with_context(|| format!("cannot write {}", path.display()))?;
    tell!("{}: {} bytes", path.display(), bytes.len());
    Ok(ExitCode::SUCCESS)
}
