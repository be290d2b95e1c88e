//! `harness env`

use std::process::ExitCode;

use crate::cli::EnvOptions;
use crate::environment::Environment;
use crate::terminal;

pub(super) fn run(options: &EnvOptions) -> anyhow::Result<ExitCode> {
    let environment = Environment::now();
    let text = if options.json {
        format!("{}\n", serde_json::to_string_pretty(&environment)?)
    } else {
        environment.entries().iter().map(|(name, value)| format!("{name:<14}{value}\n")).collect()
    };
    terminal::print(&text)?;
    Ok(ExitCode::SUCCESS)
}
