//! Records what this binary was built from and by, for the manifests of result files.

use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_string());
    let version = Command::new(rustc).arg("--version").output().ok();
    let version = version.and_then(|output| String::from_utf8(output.stdout).ok()).unwrap_or_default();
    set("HARNESS_RUSTC", version.trim());
    for (name, variable) in
        [("HARNESS_TARGET", "TARGET"), ("HARNESS_PROFILE", "PROFILE"), ("HARNESS_OPT_LEVEL", "OPT_LEVEL")]
    {
        set(name, &std::env::var(variable).unwrap_or_default());
    }
    set("HARNESS_COMMIT", &commit().unwrap_or_default());
    let linux = std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux");
    let gnu = std::env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|environment| environment == "gnu");
    if linux && gnu {
        // At a fixed address nothing is relocated when the program starts, which else dirties every page of
        // tables of addresses and reads the list of them: two megabytes of the memory of a short run.
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
    println!("cargo::rerun-if-changed=build.rs");
}

fn set(name: &str, value: &str) {
    println!("cargo::rustc-env={name}={value}");
}

/// The commit that is checked out, read from the repository's files.
fn commit() -> Option<String> {
    let mut folder = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").ok()?);
    folder.pop();
    let repository = repository(&folder)?;
    let head = watched(&repository.join("HEAD"))?;
    let Some(reference) = head.strip_prefix("ref: ") else { return Some(head) };
    let common = watched(&repository.join("commondir")).map_or(repository.clone(), |path| repository.join(path));
    if let Some(commit) = watched(&common.join(reference)) {
        return Some(commit);
    }
    let packed = watched(&common.join("packed-refs"))?;
    packed.lines().find_map(|line| line.strip_suffix(reference).map(|commit| commit.trim().to_string()))
}

/// `.git`, or what it refers to when it is a file.
fn repository(folder: &Path) -> Option<PathBuf> {
    let git = folder.join(".git");
    if git.is_dir() {
        return Some(git);
    }
    let text = watched(&git)?;
    Some(folder.join(text.strip_prefix("gitdir: ")?))
}

/// The text of a file that a rebuild depends on.
fn watched(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    println!("cargo::rerun-if-changed={}", path.display());
    Some(text.trim().to_string())
}
