//! Works out the build's identity: a hash of everything that decides which code this build makes of a program.
//!
//! That is the sources of all crates which have a part in it, the versions of the crates they depend on, and the compiler. It is exact in one
//! direction: whoever changes any of these gets another identity, for cargo runs this script again whenever it sees a change in them, and
//! builds nothing anew if it sees none. A change that makes no difference to any code gives another identity too; it costs one compilation a
//! program.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The crates of this workspace that make code, and this one. A test holds the list to the manifests.
const CRATES: [&str; 12] = [
    "isa",
    "cache",
    "runtime",
    "ledger",
    "scheduler",
    "lang",
    "optimizer",
    "converter",
    "vm-stack",
    "vm-register",
    "jit",
    "engine",
];

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = vec![PathBuf::from("Cargo.toml"), PathBuf::from("Cargo.lock"), PathBuf::from("engine/build.rs")];
    for name in CRATES {
        files.push(Path::new(name).join("Cargo.toml"));
        collect(&root, &Path::new(name).join("src"), &mut files);
        println!("cargo::rerun-if-changed={}", root.join(name).join("src").display());
    }
    files.sort();
    let mut hasher = blake3::Hasher::new();
    let mut part = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
    };
    for file in &files {
        let path = root.join(file);
        println!("cargo::rerun-if-changed={}", path.display());
        part(file.to_string_lossy().replace('\\', "/").as_bytes());
        // A workspace that is used as a dependency has no lock file of its own.
        part(&std::fs::read(&path).unwrap_or_default());
    }
    let compiler = std::env::var_os("RUSTC").unwrap_or("rustc".into());
    let version = Command::new(compiler).arg("-vV").output().expect("the compiler says its version");
    part(&version.stdout);
    part(std::env::var("TARGET").unwrap_or_default().as_bytes());
    println!("cargo::rustc-env=BUILD_IDENTITY={}", hasher.finalize().to_hex());
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(root.join(folder)).expect("the crates of the workspace lie side by side");
    for entry in entries {
        let entry = entry.expect("the folder can be read");
        let path = folder.join(entry.file_name());
        if entry.path().is_dir() {
            collect(root, &path, files);
        } else {
            files.push(path);
        }
    }
}
