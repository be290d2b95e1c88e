//! Words that are keywords only where they fit.

use crate::support::{parsed, snapshot, tree, trees};

/// The words that can name anything.
const CONTEXTUAL: &[&str] = &[
    "action",
    "as",
    "async",
    "await",
    "case",
    "const",
    "contract",
    "data",
    "debug",
    "default",
    "defer",
    "each",
    "emit",
    "entity",
    "enum",
    "event",
    "export",
    "extends",
    "find",
    "from",
    "function",
    "implements",
    "inline",
    "interface",
    "ledger",
    "limit",
    "load",
    "log",
    "match",
    "module",
    "native",
    "payable",
    "persistent",
    "print",
    "private",
    "protocol",
    "public",
    "pure",
    "require",
    "revert",
    "sealed",
    "secure",
    "spawn",
    "state",
    "storage",
    "then",
    "to",
    "tx",
    "type",
    "type_alias",
    "use",
    "view",
    "watch",
];

/// The words that cannot name a variable.
const RESERVED: &[&str] = &[
    "and", "break", "catch", "continue", "elif", "else", "false", "finally", "for", "if", "in", "lambda", "let", "not",
    "null", "or", "return", "this", "throw", "true", "try", "while",
];

#[test]
fn contextual_keywords_are_ordinary_names() {
    for word in CONTEXTUAL {
        assert_eq!(tree(&format!("let {word} = 1")), format!("(let {word} 1)\n"));
        assert_eq!(tree(&format!("{word} = {word} + 1")), format!("(= {word} (+ {word} 1))\n"));
        assert_eq!(tree(&format!("{word}.a = 1")), format!("(= (. {word} a) 1)\n"));
        assert_eq!(tree(&format!("{word} += 1\n{word}++")), format!("(+= {word} 1)\n(+= {word} 1)\n"));
        assert_eq!(tree(&format!("f({word}, [{word}])")), format!("(call f {word} (list {word}))\n"));
        assert_eq!(tree(&format!("x = {word} == 1 ? {word} : 2")), format!("(= x (? (== {word} 1) {word} 2))\n"));
        assert_eq!(tree(&format!("x = {word} => {word}")), format!("(= x (fn #1 ({word}) {word}))\n"));
        assert_eq!(tree(&format!("x = ({word}, b) => 1")), format!("(= x (fn #1 ({word} b) 1))\n"));
        assert_eq!(tree(&format!("action {word}({word}) {{ }}")), format!("(action #1 {word} ({word}) {{}})\n"));
        assert_eq!(tree(&format!("for each {word} in l {{ }}")), format!("(for {word} in l {{}})\n"));
        assert_eq!(tree(&format!("let {{{word}, b}} = m")), format!("(let {{ {word} b }} m)\n"));
        assert_eq!(tree(&format!("if {word} {{ }}")), format!("(if {word} {{}})\n"));
        assert_eq!(tree(&format!("x = {word}\ny = 1")), format!("(= x {word})\n(= y 1)\n"));
        assert_eq!(tree(&format!("entity E {{ {word}: int, x = 1 }}")), {
            format!("(entity E\n  (field {word} :int)\n  (field x 1))\n")
        });
    }
}

#[test]
fn every_word_may_follow_a_dot_and_be_a_key() {
    for word in CONTEXTUAL.iter().chain(RESERVED) {
        assert_eq!(tree(&format!("x = a.{word}.{word}(1)")), format!("(= x (call (. a {word}) .{word} 1))\n"));
        if !["true", "false"].contains(word) {
            assert_eq!(tree(&format!("x = {{{word}: 1, b: 2}}")), format!("(= x (map [\"{word}\" 1] [\"b\" 2]))\n"));
        }
        assert_eq!(tree(&format!("x = E{{{word}: 1}}")), format!("(= x (new E {word}=1))\n"));
    }
}

#[test]
fn reserved_words_name_no_variable() {
    for word in RESERVED {
        for source in [format!("let {word} = 1"), format!("action {word}() {{ }}"), format!("for {word} in l {{ }}")] {
            let (_, diagnostics) = parsed(&source);
            assert_eq!(diagnostics.len(), 1, "{source}: {diagnostics:?}");
        }
    }
}

#[test]
fn calls_of_functions_named_like_keywords() {
    snapshot!(trees(&[
        "match(a, b)",
        "x = match(a)",
        "if match(a) { b }",
        "emit(a)",
        "watch(a, b)",
        "data(1)",
        "use(1)",
        "state[x] = 1",
        "find(l, x)",
        "log(x)",
        "this.action(x)",
        "event.type = data.from",
        "spawn = await",
        "async\nawait\nspawn",
    ]));
}
