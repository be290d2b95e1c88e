//! Large, deep, long and damaged input.

use crate::support::parsed;
use bumpalo::Bump;
use lang::diagnostics::{Diagnostic, render};
use lang::names::Interner;
use lang::parser::parse;

/// The errors alone: the trees of these sources are large.
fn errors(source: &str) -> Vec<Diagnostic> {
    parse(&Bump::new(), &mut Interner::new(), source).diagnostics
}

#[track_caller]
fn is_fine(source: &str) {
    let diagnostics = errors(source);
    assert!(diagnostics.is_empty(), "{}", render(&diagnostics, "generated.zx", source, false));
}

#[track_caller]
fn is_too_deep(source: &str) {
    let diagnostics = errors(source);
    assert_eq!(diagnostics.len(), 1, "{}", render(&diagnostics, "generated.zx", source, false));
    assert!(diagnostics[0].message.starts_with("nested too deeply"), "{}", diagnostics[0].message);
}

#[test]
fn nesting_has_a_limit() {
    let deep = 100_000;
    is_too_deep(&"(".repeat(deep));
    is_too_deep(&format!("x = {}1{}", "(".repeat(deep), ")".repeat(deep)));
    is_too_deep(&"[".repeat(deep));
    is_too_deep(&"x = {a: ".repeat(deep));
    is_too_deep(&"f(".repeat(deep));
    is_too_deep(&format!("x = {}", "a[".repeat(deep)));
    is_too_deep(&"while x { ".repeat(deep));
    is_too_deep(&format!("x = {}1", "-".repeat(deep)));
    is_too_deep(&format!("x = {}1", "- ".repeat(deep)));
    is_too_deep(&format!("x = {}1", "not ".repeat(deep)));
    is_too_deep(&format!("x = {}1", "2 ** ".repeat(deep)));
    is_too_deep(&format!("{}1", "x = ".repeat(deep)));
    is_too_deep(&format!("x = {}1", "x => ".repeat(deep)));
    is_too_deep(&format!("x = {}1", "lambda x: ".repeat(deep)));
    is_too_deep(&format!("x = {}1", "a ? b : ".repeat(deep)));
    is_too_deep(&format!("x = {}1", "if a then b else ".repeat(deep)));
    is_too_deep(&"if a then ".repeat(deep));
    is_too_deep(&format!("x = {}", "\"${".repeat(deep)));
    is_too_deep(&format!("let x: {}", "list<".repeat(deep)));
    is_too_deep(&format!("match x {{ {}", "A(".repeat(deep)));
    is_too_deep(&"match x { a => ".repeat(deep));
    is_too_deep(&"if x: ".repeat(deep));
    is_too_deep(&"action f() { ".repeat(deep));
    is_too_deep(&format!("x = {}", "action(x = ".repeat(deep)));
    is_too_deep(&"export module M { ".repeat(deep));
    is_too_deep(&(0..2000).map(|depth| format!("{}if x:\n", " ".repeat(depth))).collect::<String>());
}

#[test]
fn nesting_below_the_limit_is_fine() {
    let deep = 900;
    is_fine(&format!("x = {}1{}", "(".repeat(deep), ")".repeat(deep)));
    is_fine(&format!("{}{}", "while x { ".repeat(deep), "}".repeat(deep)));
    is_fine(&format!("x = {}1", "-".repeat(deep)));
    is_fine(&format!("x = {}1{}", "f(x => ".repeat(deep / 2), ")".repeat(deep / 2)));
}

#[test]
fn chains_have_no_limit() {
    let long = 100_000;
    is_fine(&format!("x = 1{}", " + 1".repeat(long)));
    is_fine(&format!("x = a{}", " && b || c".repeat(long)));
    is_fine(&format!("x = a{}", ".b".repeat(long)));
    is_fine(&format!("x = a{}", "(1)".repeat(long)));
    is_fine(&format!("x = a{}", "[1]".repeat(long)));
    is_fine(&format!("x = a{}", ".f(1)\n".repeat(long)));
    is_fine(&format!("x = [{}]", "1, ".repeat(long)));
    is_fine(&format!("x = {{{}}}", "a: 1, ".repeat(long)));
    is_fine(&format!("x = \"{}\"", "a${b}".repeat(long)));
    is_fine(&format!("if a {{ }}{}", " elif b { c() }".repeat(long)));
    is_fine(&format!("if a {{ }}{}", " else if b { }".repeat(long)));
    is_fine(&format!("if a:\n  b()\n{}", "elif c:\n  d()\n".repeat(long)));
    is_fine(&format!("match x {{ {} }}", "1 => 2, ".repeat(long)));
    is_fine(&"x++;".repeat(long));
}

#[test]
fn deep_trees_can_be_shown() {
    let (tree, _) = parsed(&format!("x = 1{}", " + 1".repeat(100_000)));
    assert!(tree.ends_with(" 1))\n"));
    let (tree, _) = parsed(&format!("if a {{ }}{}", " elif b { }".repeat(10_000)));
    assert_eq!(tree.matches("elif").count(), 10_000);
}

#[test]
fn long_lines() {
    let size = 100_000_000;
    is_fine(&format!("x = \"{}\"", "a".repeat(size)));
    is_fine(&format!("# {}", "a".repeat(size)));
    is_fine(&format!("/*{}*/", "/*".repeat(size / 4) + &"*/".repeat(size / 4)));
    is_fine(&" ".repeat(size));
    let source = format!("{} x = )", " ".repeat(size));
    assert!(render(&errors(&source), "f.zx", &source, false).contains(&format!("f.zx:1:{}", size + 6)));
}

#[test]
fn a_line_of_many_statements_with_an_error_at_its_end() {
    let source = "x = [1, 2, 3]; ".repeat(500_000) + ")";
    let diagnostics = errors(&source);
    assert_eq!(diagnostics.len(), 1);
    assert!(render(&diagnostics, "f.zx", &source, false).len() < 1000);
}

#[test]
fn damaged_files_end_soon() {
    for piece in [
        "\0",
        "é",
        "\u{202e}",
        "&",
        "\"",
        "'",
        "\"${",
        "}",
        ")",
        "]",
        "(",
        "{",
        "{(",
        ":",
        ":\n ",
        "=>",
        ".",
        "if ",
        "else ",
        "case ",
        "match ",
        "match(",
        "print ",
        "let ",
        "entity ",
        "action ",
        "export ",
        "x {",
        "X{",
        "/*",
        "\\",
        "a\n  b:",
        "contract c ",
        "emit a ",
        "use {",
        "lambda ",
        "1 ",
        "-",
        "a b ",
        "for x in ",
    ] {
        let source = piece.repeat(50_000);
        let diagnostics = errors(&source);
        assert!(diagnostics.len() <= 51, "{piece:?}: {} errors", diagnostics.len());
        render(&diagnostics, "f.zx", &source, true);
    }
}
