//! Every form of expression.

use crate::support::{snapshot, tree, trees};

#[test]
fn numbers() {
    snapshot!(trees(&[
        "x = [0, 42, 007, 1_000_000, 0xFF, 0Xff_ff, 0b1, 0b10_10]",
        "x = [1.5, 1e3, 1E3, 1.5e-7, 2e+2, 1_0.0_1]",
        "x = 9223372036854775807",
        "x = -9223372036854775808",
        "x = -0x8000000000000000",
        "x = 5.to_string() + 5 .b",
        "x = 1 - 1 -1",
    ]));
}

#[test]
fn strings() {
    snapshot!(trees(&[
        r#"x = ["", '', """""", "a", 'b', """c"""]"#,
        r#"x = "a\n\t\r\\\"\'\0\x41\u00e9\q\$z""#,
        r#"x = '\' " \n'"#,
        r#"x = "\uD83D\uDE00""#,
        "x = \"\"\"one\ntwo \"quoted\" \\\"\"\"\"",
        "x = 'a\nb'",
        "x = '''a'b'''",
        "x = \"é日本\"",
    ]));
}

#[test]
fn interpolation() {
    snapshot!(trees(&[
        r#"x = "${a}""#,
        r#"x = "n=${n} sum=${n + 1}!""#,
        r#"x = "${f("${"deep"}", {a: "}"})} $5 \${x} {y}""#,
        "x = \"\"\"a \"${b}\"\n${c}\"\"\"",
        "x = '${a}'",
        "x = \"${a\n + b}\"",
        r#"x = "${m["k"]}" + "y""#,
    ]));
}

#[test]
fn precedence() {
    snapshot!(trees(&[
        "10 - 2 - 3",
        "100 / 10 / 5",
        "7 % 4 * 2",
        "1 + 2 * 3 - 4",
        "2 ** 3 ** 2",
        "-2 ** 2",
        "2 ** -1",
        "2 ** -3 ** 2",
        "-x.y",
        "- - x",
        "--x",
        "!a == b",
        "not a and not b",
        "a || b && c or d",
        "a ?? b || c ?? d",
        "a == b != c",
        "1 < 2 == true",
        "a + 1 in b && c",
        "a ? b : c ? d : e",
        "a ? b ? c : d : e",
        "a ?? b ? c : d",
        "a = b = c ? d : e",
        "a += b -= c",
        "a **= 2",
        "(1 + 2) * 3",
        "x * -1 + -1",
    ]));
}

#[test]
fn postfix() {
    snapshot!(trees(&[
        "f()",
        "f(a, b,)",
        "f(a)(b)[c].d(e).f",
        "a.b.c = a[b][c]",
        "a[1].b += 1",
        "l[1:2]",
        "l[:]",
        "l[a:]",
        "l[:-1]",
        "l[a ? b : c]",
        "l[a ? b : c:d]",
        "\"abc\"[1]",
        "x = {a: 5}.a == [1, 2][0]",
        "x = (f)(a)",
        "a.if.while.data = b.not",
    ]));
}

#[test]
fn constructions() {
    snapshot!(trees(&[
        "User{name: \"a\", age: 5}",
        "User{name = \"a\",}",
        "User{}",
        "User(name = \"a\", age = 5)",
        "m.User{name: \"a\"}.name",
        "m.User(name = 1)",
        "f((a = 5))",
        "f(a == 5)",
        "Point(1, 2)",
        "if User { x }",
        "while (User{a: 1}).a { }",
        "for x in Users { y }",
    ]));
}

#[test]
fn lists_and_maps() {
    snapshot!(trees(&[
        "x = []",
        "x = [1, [2, 3,], {}]",
        "x = {a: 1, \"b c\": 2, 3: 4, -5: 6, true: 7, if: 8, data: 9,}",
        "x = {\n  a: [1,\n  2],\n  \"k${i}\": { b: null }\n}",
    ]));
}

#[test]
fn functions() {
    snapshot!(trees(&[
        "x = lambda(x) { return x }",
        "x = lambda(x): x + 1",
        "x = lambda(x) -> x + 1",
        "x = lambda(x) => x + 1",
        "x = lambda x: x + 1",
        "x = lambda x, y: x + y",
        "x = lambda: 5",
        "x = () => 5",
        "x = (x) => x + 1",
        "x = (x, y) => { return x }",
        "x = (x: int, y: list<int> = [], z = 3) => x",
        "x = (x = 5) => x",
        "x = (x = 5, y) => x",
        "x = x => y => x + y",
        "x = x => { y = x }",
        "x = x => { a: x }",
        "x = x => {}",
        "x = x => ({})",
        "x = x => print(x)",
        "f(x => print x, 2)",
        "f(action(x): print x, 2)",
        "x = x => throw \"no\"",
        "x = x => y = x",
        "x = action(x) { return x }",
        "x = function(x, y = 1) -> int { return x }",
        "x = action(x) => x",
        "x = action() { return 5 }()",
        "l.map(action(x) { return x }).each((x) => { print(x) })",
        "x = (y)",
        "x = (y = 5)",
    ]));
}

#[test]
fn conditionals() {
    snapshot!(trees(&[
        "x = if a then b else c",
        "x = if a then if b then c else d else if e then f else g",
        "x = [if a then 1 else 2, 3]",
        "x = 1 + if a then b else c + 2",
    ]));
}

#[test]
fn matches() {
    snapshot!(trees(&[
        "x = match y { 1 => \"one\", \"a\" => 2, _ => 3 }",
        "x = match y {\n  -1 => a\n  1.5 => b\n  true => c,\n  null => d\n  other => other\n}",
        "x = match p { Point(x, 0) => x, Line(Point(_, y), _) => y, Color.RED => 1, m.E.A => 2 }",
        "match y { 1 => { print(1) }, 2 => { a: 1 }, 3 => {}, 4 => print(4), 5 => z += 1, 6 => z++ }",
        "match y { case 1 { print(1) } case \"a\": print(2) case Color.RED => print(3), default { } }",
        "match y:\n    case 1:\n        a()\n        b()\n    case 2: c()\n    default: d()\nend",
        "match (y) { case -1 { } }",
        "match (a) + (b) { _ => 1 }",
        "match (y):\n  1 => a",
        "x = match y { default => 1 }",
        "x = c ? match(a) : b",
        "if match y { 1 => true } { z }",
        "x = match a { 1 => match b { 2 => 3 } }",
    ]));
}

#[test]
fn the_pieces_of_a_parenthesised_expression_keep_their_places() {
    // A parenthesised expression takes the span of its parentheses; errors of a call point at its first character.
    assert_eq!(tree("(a)(b)"), "(call a b)\n");
}
