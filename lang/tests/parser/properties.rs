//! Properties that hold for any input.

use bumpalo::Bump;
use lang::diagnostics::{render, source_snippet};
use lang::names::Interner;
use lang::parser::{dump::dump, parse};
use proptest::prelude::*;

/// Pieces of programs: with these, random text gets far into the parser.
const PIECES: &[&str] = &[
    "a",
    "b",
    "User",
    "x1",
    "1",
    "2.5",
    "0x1F",
    "9223372036854775808",
    "\"s\"",
    "'t'",
    "\"${",
    "}",
    "\"",
    "'",
    "\"\"\"",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ";",
    ":",
    ".",
    "...",
    "?",
    "??",
    "->",
    "=>",
    "=",
    "+=",
    "==",
    "!=",
    "<",
    ">",
    "+",
    "++",
    "-",
    "--",
    "*",
    "**",
    "/",
    "%",
    "!",
    "&&",
    "||",
    "&",
    "$",
    "é",
    "\0",
    "\n",
    "\n",
    "\n    ",
    "\n        ",
    "\n\t",
    " ",
    " ",
    "# c\n",
    "/* c */",
    "/*",
    "\\",
    "and",
    "or",
    "not",
    "in",
    "if",
    "elif",
    "else",
    "while",
    "for",
    "each",
    "break",
    "continue",
    "return",
    "throw",
    "try",
    "catch",
    "finally",
    "let",
    "const",
    "lambda",
    "this",
    "true",
    "null",
    "action",
    "function",
    "print",
    "debug",
    "require",
    "revert",
    "defer",
    "match",
    "case",
    "default",
    "_",
    "entity",
    "data",
    "enum",
    "protocol",
    "module",
    "use",
    "from",
    "as",
    "export",
    "type_alias",
    "extends",
    "implements",
    "private",
    "async",
    "await",
    "spawn",
    "contract",
    "emit",
    "event",
    "watch",
    "tx",
    "state",
    "persistent",
    "storage",
    "then",
    "f(",
    "x = ",
    "if a {",
    "if a:\n    ",
    "User{a: ",
    "action f(a) {",
    "entity E {\n",
    "match a {\n",
    "1 => ",
    "case 1 {",
];

fn soup() -> impl Strategy<Value = String> {
    let piece = (prop::sample::select(PIECES), any::<bool>());
    prop::collection::vec(piece, 0..200).prop_map(|pieces| {
        pieces.into_iter().map(|(piece, space)| if space { format!("{piece} ") } else { piece.to_owned() }).collect()
    })
}

/// Parses, shows and reports; checks what must hold of the diagnostics.
fn check(source: &str) -> Result<(), TestCaseError> {
    let arena = Bump::new();
    let mut names = Interner::new();
    let parsed = parse(&arena, &mut names, source);
    dump(&parsed.file, &names);
    prop_assert!(parsed.diagnostics.len() <= 51);
    for diagnostic in &parsed.diagnostics {
        let span = diagnostic.span;
        prop_assert!(span.start <= span.end && span.end as usize <= source.len(), "{diagnostic:?}");
        prop_assert!(diagnostic.help.is_some(), "no hint: {}", diagnostic.message);
        source_snippet("f.zx", source, span.start);
    }
    render(&parsed.diagnostics, "f.zx", source, true);
    for statement in parsed.file.statements {
        prop_assert!(statement.span.start <= statement.span.end && statement.span.end as usize <= source.len());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_tokens_never_panic(source in soup()) {
        check(&source)?;
    }

    #[test]
    fn random_text_never_panics(source in "\\PC{0,200}") {
        check(&source)?;
    }

    /// A prefix of a correct program has errors at its end at most.
    #[test]
    fn prefixes_of_a_program_never_panic(length in 0usize..PROGRAM.len()) {
        let source = &PROGRAM[..PROGRAM.floor_char_boundary(length)];
        check(source)?;
    }

    /// Nothing is lost when one piece of a correct program is replaced.
    #[test]
    fn damaged_programs_never_panic(
        place in 0usize..PROGRAM.len(),
        length in 0usize..20,
        piece in prop::sample::select(PIECES),
    ) {
        let start = PROGRAM.floor_char_boundary(place);
        let end = PROGRAM.floor_char_boundary((place + length).min(PROGRAM.len()));
        check(&format!("{}{piece}{}", &PROGRAM[..start], &PROGRAM[end..]))?;
    }
}

/// A bit of everything.
const PROGRAM: &str = r#"
use "math" as math
use { a, b as c } from "./other.zx"
export enum Color { RED, GREEN = 5 }
data Point { x: number, y: number = 7 }
entity User extends Base implements Named {
    name: string, tags: list<string> = []
    action hello(other = null) -> string { return "hi ${other ?? this.name}, ${f({a: "}"})}" }
}
protocol Named { action hello(other) }
action fib(n: integer) -> integer {
    if n < 2 { return n } elif (n == 3) { return 2 }
    return fib(n - 1) + fib(n - 2)
}
module Tools:
    let limit = 10
    action clamp(x):
        if x > limit: return limit
        else:
            return x
let [first, ...rest] = [1, 2.5, -3 ** 2, 0xFF].map(x => x * 2)
for each key, value in {one: 1, "two words": 2, 3: 4} {
    try { require(value > 1, "small"); print(key, value) } catch (e) { print "error " + e } finally { count += 1 }
}
let kind = match first { 1 => "one", Point(x, 0) => { print(x) }, Color.RED => "red", _ => "many" }
while (count < 10 && not done) { count++ if count in [3, 4] { continue } else { break } }
let later = (x, y = 2) => lambda(z): x ? y : z[1:-1]
defer { close() }
print(User{name: "é日本"}.hello(), if a then b else c)
"#;

#[test]
fn the_program_of_the_properties_is_correct() {
    let arena = Bump::new();
    let parsed = parse(&arena, &mut Interner::new(), PROGRAM);
    assert!(parsed.diagnostics.is_empty(), "{}", render(&parsed.diagnostics, "f.zx", PROGRAM, false));
}
