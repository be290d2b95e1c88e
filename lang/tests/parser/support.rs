//! What the tests share.

use bumpalo::Bump;
use lang::diagnostics::{Diagnostic, render};
use lang::names::Interner;
use lang::parser::{dump::dump, parse};

/// The tree as text, and the diagnostics.
pub(crate) fn parsed(source: &str) -> (String, Vec<Diagnostic>) {
    let arena = Bump::new();
    let mut names = Interner::new();
    let parsed = parse(&arena, &mut names, source);
    (dump(&parsed.file, &names), parsed.diagnostics)
}

/// The tree of a correct program.
#[track_caller]
pub(crate) fn tree(source: &str) -> String {
    let (tree, diagnostics) = parsed(source);
    assert!(diagnostics.is_empty(), "{source}\n{}", render(&diagnostics, "test.zx", source, false));
    tree
}

/// The trees of correct programs, each under its source.
#[track_caller]
pub(crate) fn trees(sources: &[&str]) -> String {
    sources.iter().map(|source| format!("{}\n{}\n", quoted(source), tree(source))).collect()
}

/// The rendered errors of wrong programs, each under its source; every one must have some.
#[track_caller]
pub(crate) fn errors(sources: &[&str]) -> String {
    sources
        .iter()
        .map(|source| {
            let (_, diagnostics) = parsed(source);
            assert!(!diagnostics.is_empty(), "no error in {source}");
            for diagnostic in &diagnostics {
                assert!(diagnostic.help.is_some(), "no hint in {source}: {}", diagnostic.message);
            }
            format!("{}\n{}\n", quoted(source), render(&diagnostics, "test.zx", source, false))
        })
        .collect()
}

/// What is left of a wrong program, and its errors.
pub(crate) fn tree_and_errors(source: &str) -> String {
    let (tree, diagnostics) = parsed(source);
    format!("{tree}----\n{}", render(&diagnostics, "test.zx", source, false))
}

/// The source with a bar before every line, and with escapes for what an editor would not show.
fn quoted(source: &str) -> String {
    let lines = source.lines().map(|line| {
        let shown = line.chars().map(|character| match character {
            ' '..='~' => character.to_string(),
            _ if character.is_control() || character.is_whitespace() => character.escape_unicode().to_string(),
            _ => character.to_string(),
        });
        format!("¦ {}", shown.collect::<String>())
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A snapshot named after the test, without a copy of the test's code in it.
macro_rules! snapshot {
    ($text:expr) => {
        insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!($text) })
    };
}
pub(crate) use snapshot;
