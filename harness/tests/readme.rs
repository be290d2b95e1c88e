//! The README's console examples print what it says.
//!
//! Fences ` ```zx NAME ` are files; in ` ```console ` fences, each line that begins with `$ harness` is run beside those files, and what follows
//! it is what the command prints. Of a comparison only the words are compared: its figures are other ones each time.
//!
//! `UPDATE_GUIDE=1 cargo test -p harness --test readme` writes what is printed now into the page.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn page_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")
}

fn run(arguments: &str, folder: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_harness"))
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .env("HARNESS_CACHE", folder.join("code-cache"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The words of a text, without figures, units and the lines that are as wide as their table.
fn words(text: &str) -> Vec<&str> {
    const UNITS: [&str; 10] = ["ns", "µs", "ms", "s", "k", "M", "B", "KiB", "MiB", "="];
    let words = text.split_whitespace();
    words.filter(|word| word.contains(char::is_alphabetic) && !UNITS.contains(word)).collect()
}

/// The page with what its commands print now, and the commands that print something else than it says.
fn checked(page: &str, folder: &Path) -> (String, Vec<String>) {
    let (mut updated, mut wrong) = (String::new(), Vec::new());
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        updated.push_str(&format!("{line}\n"));
        let mut until_end = || {
            let mut content = String::new();
            while let Some(line) = lines.next_if(|line| *line != "```") {
                content.push_str(&format!("{line}\n"));
            }
            content
        };
        if let Some(name) = line.strip_prefix("```zx ") {
            let content = until_end();
            std::fs::write(folder.join(name), &content).unwrap();
            updated.push_str(&content);
        } else if line == "```console" {
            let content = until_end();
            let (command, said) = content.split_once('\n').unwrap();
            let printed = run(command.strip_prefix("$ harness ").expect("a console example runs harness"), folder);
            let same = if command.contains(" compare ") { words(said) == words(&printed) } else { said == printed };
            if !same {
                wrong.push(format!("{command}\n--- the page\n{said}--- the command\n{printed}"));
            }
            updated.push_str(&format!("{command}\n{}", if same { said } else { &printed }));
        }
    }
    (updated, wrong)
}

#[test]
fn console_examples_print_what_the_page_says() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("readme");
    std::fs::create_dir_all(&folder).unwrap();
    let page = std::fs::read_to_string(page_path()).unwrap();
    assert!(page.matches("```console").count() >= 3, "the page has no examples left");
    let (updated, wrong) = checked(&page, &folder);
    if std::env::var_os("UPDATE_GUIDE").is_some() {
        std::fs::write(page_path(), updated).unwrap();
        return;
    }
    assert!(wrong.is_empty(), "README.md differs:\n\n{}", wrong.join("\n\n"));
}
