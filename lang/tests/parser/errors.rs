//! Every kind of error as the user sees it, and what is left of the program around it.

use crate::support::{errors, parsed, snapshot, tree_and_errors};
use lang::parser::decode;

#[test]
fn characters_and_literals() {
    snapshot!(errors(&[
        "let a = 5 & 3",
        "let a = b | c",
        "let a = $x",
        "let a = b @ c",
        "print(“hi”)",
        "let größe = 1",
        "let a =\u{a0}1",
        "let a = \0\0\0",
        "let a = 9223372036854775808",
        "let a = 0xFFFFFFFFFFFFFFFF",
        "let a = -9223372036854775808 ** 2",
        "let a = 12abc",
        "let a = 0x",
        "let a = 0b12",
        "let a = 1__0",
        "let a = 1_",
        "let a = 1e999",
        "let a = .5",
        "let a = \"\\x4\"",
        "let a = \"\\uD800\"",
        "let a = \"abc",
        "let a = 'abc\nlet b = 1",
        "let a = \"\"\"abc\"",
        "print(\"abc)\nprint(\"x\")\n",
        "let a = \"x ${b} y",
        "let a = \"x ${b",
        "let a = \"x ${} y\"",
        "let a = \"x ${b c} y\"",
        "/* a /* b */",
    ]));
}

#[test]
fn expressions() {
    snapshot!(errors(&[
        "print(1 + )",
        "x = = 3",
        "x = a ! = b",
        "x = a +",
        "x = ++b",
        "y = x++",
        "a + b = 3",
        "5 = x",
        "f() = x",
        "l[1:2] = x",
        "x = (a, b)",
        "x = ()",
        "x = a ? b",
        "x = a ? b\ny = 1",
        "x = if a { 1 } else { 2 }",
        "x = if a then b",
        "x = a.",
        "x = a[]",
        "x = a[1:2:3]",
        "f(a b)",
        "f(a, b = 1, c)",
        "f(a = 1, b)",
        "x = {a = 1}",
        "x = {a}",
        "x = {(a): 1}",
        "x = E{a 1}",
        "x = [1, 2",
        "f(1, [2, 3)",
        "f(1,\nlet x = 2",
        "f(1,\nif a { b() }",
        "x = lambda(x)",
        "x = action(x)",
        "x = (a, ...b) => a",
        "x = return 5",
        "x = [...a]",
        "x = match y { 1 -> 2 }",
        "x = match y { [a] => 2 }",
        "x = y z",
    ]));
}

#[test]
fn statements() {
    snapshot!(errors(&[
        "let = 5",
        "let if = 5",
        "let a == 5",
        "let a = 1, b = 2",
        "let a = 5 5",
        "let {a: b} = m",
        "let [...a, b] = l",
        "const K",
        "retrun x",
        "pritn \"x\"",
        "esle { a }",
        "class Foo { a: int }",
        "var x = 1",
        "import \"a\"",
        "if { a }",
        "if x = 1 { a }",
        "if (x > 3) print(1)",
        "if x > 3",
        "else { a }",
        "catch (e) { a }",
        "while { a }",
        "while: a",
        "for (i = 0; i < 3; i++) { a }",
        "for x of l { a }",
        "for each x, in l { a }",
        "try { a }",
        "try { a } catch (5) { b }",
        "match { }",
        "{ a: 1 }",
        "{ a() }",
        ")",
        "}",
        "a ]",
        ", a",
        "require(a, b, c)",
        "revert(a, b)",
        "debug(a, b)",
    ]));
}

#[test]
fn declarations() {
    snapshot!(errors(&[
        "action f { }",
        "action f() = 5",
        "action f() => 5",
        "action f()",
        "action f(a, { }",
        "action f(5) { }",
        "action f(...a) { }",
        "action f(a: ) { }",
        "action f() -> { }",
        "private let x = 1",
        "public view x",
        "entity { }",
        "entity E { name string }",
        "entity E { 5: int, ok: int }",
        "entity E { private x: int }",
        "data D { v: int require v > 0, w: int }",
        "enum E { A = \"x\", B }",
        "enum E { A = 9223372036854775807, B }",
        "enum E { 5 }",
        "protocol P { name: string }",
        "protocol P { action f() { } }",
        "module M",
        "use \"a\" as",
        "use { a } \"b\"",
        "use { a } from b",
        "use \"${a}\"",
        "use foo",
        "export 5",
        "export return 5",
        "type_alias T",
        "let x: list<int = 5",
        "let x: int[ = 5",
        "defer a()",
    ]));
}

#[test]
fn indentation() {
    snapshot!(errors(&[
        "if a:\nb()",
        "if a:",
        "if a: else: b()",
        "if a:\n    b()\n      c()\n      d()\n    e()",
        "if a:\n    b()\n  c()\nd()",
        "if a:\n\tb()\n    c()",
        "if a:\n    b(\nif c:\n    d()",
        "action f():\n    x = = 1\n    y()\nz()",
        "if a:\n    b() )\n    c()",
    ]));
}

#[test]
fn what_is_not_there_yet_is_one_error_each() {
    snapshot!(errors(&["entity E { x: int require x > 0\n y: int }"]));
}

#[test]
fn tasks() {
    snapshot!(errors(&[
        "async action",
        "async action f",
        "async action f() => 1",
        "spawn f(",
        "watch x { }",
        "watch x =>",
        "watch {",
        "watch x:\n    print(x)",
        "watch x + => { }",
    ]));
}

#[test]
fn contracts() {
    snapshot!(errors(&[
        "contract { state n = 0 }",
        "contract C implements { }",
        "contract C extends D { }",
        "contract C {\n  state { a: 1 }\n",
        "contract C { state n = }",
        "contract C { private state n = 0 }",
        "contract C { action f(x { return x } }",
        "contract C { action f(x) return x }",
        "contract C { state { a: 1, b = } action f() { } }",
        "contract C { print(1) }",
        "emit E(a = 1)",
        "emit E(a b)",
        "event { a }",
        "event E(a: string",
        "tx { x = 2",
        "let x = tx { y = 1 }",
        "private contract C { }",
    ]));
}

#[test]
fn several_errors_in_one_run() {
    snapshot!(tree_and_errors(
        "action first(a) {
    let = 5
    let good = 1
    return good +
}

action second(a, b {
    return a
}

action third() {
    if a {
        x = [1, 2
        y = 3
    }
    f(x => { let = 1
        return x }, 2)
    print(\"a ${1 + } b\")
    return third
}
entity E {
    a: int = ,
    b: int
    action m(x) { return x + }
    c: int = 5
}
match x {
    1 => ,
    2 => b
    3 -> c
    4 => d
}
print(\"end\")
"
    ));
}

#[test]
fn a_missing_closing_brace_is_found_by_indentation() {
    snapshot!(errors(&[
        "action f() {\n    if a {\n        b()\n}\n\naction g() {\n    c()\n}\n",
        "action f() {\n    a()\n\naction g() {\n    b()\n}\n",
        "if a { b()",
    ]));
}

#[test]
fn an_extra_closing_brace_is_one_error() {
    snapshot!(tree_and_errors("action f() {\n    a()\n}}\naction g() {\n    b()\n}\n"));
}

#[test]
fn the_number_of_errors_is_limited() {
    let source = "let = 1\n".repeat(200);
    let (_, diagnostics) = parsed(&source);
    assert_eq!(diagnostics.len(), 51);
    assert_eq!(diagnostics[50].message, "50 errors; the rest of the file was not looked at");
}

#[test]
fn bytes_that_are_not_text() {
    assert_eq!(decode("é\n".as_bytes()).unwrap(), "é\n");
    assert_eq!(decode(b"").unwrap(), "");
    let error = decode(b"let a = 1\nlet b = \"\xff\"").unwrap_err();
    assert_eq!(error.message, "the file is not UTF-8 text: byte 0xff at offset 19 (line 2, column 10)");
    assert!(lang::diagnostics::render(&[error], "f.zx", "", false).starts_with("error: the file is not UTF-8"));
    assert!(decode(b"\xe6\x97").is_err());
    let large = vec![b' '; (1 << 30) + 1];
    assert!(decode(&large).unwrap_err().message.contains("too large"));
}
