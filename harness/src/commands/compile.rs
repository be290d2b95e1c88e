//! `harness compile`

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use engine::{Compiled, Configuration, EngineError};

use super::{Usage, compiled};
use crate::cli::{CodeForm, CompileOptions};
use crate::terminal::tell;

pub(super) fn run(options: &CompileOptions) -> anyhow::Result<ExitCode> {
    let mut configuration = Configuration::default();
    options.axes.apply(&mut configuration)?;
    let compiled = compiled(&options.source)?;
    let path = &options.output;
    if is_part(&compiled, path) {
        return Err(Usage(format!("{} is part of the program itself; -o takes another file", path.display())).into());
    }
    let Some(plain) = compiled.stack_code() else {
        return Err(Usage(format!("{} holds register code, which is compiled already", compiled.name())).into());
    };
    let metered = if configuration.is_metered() { Some(compiled.metered()?) } else { None };
    let stack = metered.as_ref().map_or(plain, |metered| &metered.code);
    let bytes = match options.form {
        CodeForm::Stack => isa::binary::write(&**stack),
        CodeForm::Register => {
            let (code, _) = converter::convert(stack, configuration.converter_options()).map_err(EngineError::from)?;
            isa::binary::write(&*code)
        }
    };
    std::fs::write(path, &bytes).with_context(|| format!("cannot write {}", path.display()))?;
    tell!("{}: {} bytes", path.display(), bytes.len());
    Ok(ExitCode::SUCCESS)
}

/// Whether the file is one that the program was made from.
fn is_part(compiled: &Compiled, path: &Path) -> bool {
    let Ok(path) = path.canonicalize() else { return false };
    let sources = compiled.sources().iter().map(|source| &*source.name);
    sources.chain([compiled.name()]).any(|name| Path::new(name).canonicalize().is_ok_and(|name| name == path))
}
