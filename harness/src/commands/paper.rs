//! `harness paper`

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};

use super::{FAILED, Usage};
use crate::cli::PaperOptions;
use crate::paper;
use crate::terminal::tell;

pub(super) fn run(options: &PaperOptions) -> anyhow::Result<ExitCode> {
    let mut stale = Vec::new();
    for name in papers(options)? {
        let text = paper::render(&options.root, &name)?;
        let path = options.root.join("papers").join(&name).join("README.md");
        if options.check {
            if fs::read_to_string(&path).ok().as_deref() != Some(text.as_str()) {
                stale.push(path.display().to_string());
            }
        } else {
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
            tell!("{}", path.display());
        }
    }
    for path in &stale {
        tell!("{path} is not what its template and data give; `harness paper` renders it");
    }
    Ok(if stale.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

/// The papers that are asked for.
fn papers(options: &PaperOptions) -> anyhow::Result<Vec<String>> {
    let folder = options.root.join("papers");
    let has_template = |path: &Path| path.join("paper.md").is_file();
    if let Some(name) = &options.name {
        if !has_template(&folder.join(name)) {
            return Err(Usage(format!("there is no {}", folder.join(name).join("paper.md").display())).into());
        }
        return Ok(vec![name.clone()]);
    }
    let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut folders: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| has_template(path)).collect();
    folders.sort();
    if folders.is_empty() {
        bail!(Usage(format!("there are no papers in {}", folder.display())));
    }
    Ok(folders.iter().filter_map(|path| Some(path.file_name()?.to_str()?.to_string())).collect())
}
