//! Blocks in braces, by indentation, and both mixed.

use crate::support::{snapshot, tree, trees};

#[test]
fn both_styles_give_the_same_tree() {
    let pairs = [
        ("if a { b() } else { c() }", "if a:\n    b()\nelse:\n    c()"),
        ("if a { b() } elif c { d() } else { e() }", "if a:\n  b()\nelif c:\n  d()\nelse:\n  e()"),
        ("if a { b() } else if c { d() }", "if a:\n  b()\nelse if c:\n  d()"),
        ("if a { b() } else { c() }", "if a: b()\nelse: c()"),
        ("if a { b() } else { c() }", "if a: b() else: c()"),
        ("if a { b(); c() }", "if a: b(); c()"),
        ("while a { b()\n c() }", "while a:\n\tb()\n\tc()"),
        ("for each x in l { f(x) }", "for each x in l:\n f(x)"),
        ("for k, v in m { f(k) }", "for k, v in m: f(k)"),
        ("action f(a) -> int { return a }", "action f(a) -> int:\n    return a"),
        ("function f() { return 1 }", "function f(): return 1"),
        ("try { a() } catch (e) { b() } finally { c() }", "try:\n  a()\ncatch (e):\n  b()\nfinally:\n  c()"),
        ("try { a() } catch e { b() }", "try: a()\ncatch e: b()"),
        ("defer { a() }", "defer:\n  a()"),
        ("module M { let a = 1 }", "module M:\n  let a = 1"),
        ("f(action(x) { return x }, 2)", "f(action(x):\n    return x\n, 2)"),
        ("let f = lambda(x) { return x }", "let f = lambda(x):\n    return x"),
        ("enum E { A, B }", "enum E:\n  A\n  B"),
    ];
    for (braces, indented) in pairs {
        assert_eq!(tree(braces), tree(indented), "{indented}");
    }
}

#[test]
fn nesting() {
    snapshot!(trees(&[
        "if a:\n    if b:\n        c()\n    else:\n        d()\n    e()\nelse:\n    f()\ng()",
        "if a:\n    while b:\n        c()\n\n\n# comment\n        d() # comment\n    // comment\n\n    e()\nf()",
        "action f():\n    if a { b()\nc() }\n    d()\ne()",
        "while x {\n  if a:\n    b()\n  c()\n}\nd()",
        "if a: if b: c()\nelse: d()",
        "if a:\n    x = [\n1,\n2\n]\n    y = f(\n  3)\n    z()\nw()",
        "if a:\n    x = b\n        + c\n    s = \"\"\"\ntext\n\"\"\"\n    y()\nz()",
        "if a:\n\tb()\n\tif c:\n\t\td()\n\te()\nf()",
        "if a:\n\tb()\n        c()",
        "if (a\n    && b):\n    c()",
        "x.each(y => {\n  if y:\n    z()\n  else: w()\n})",
        "if a:\n    b()\n    /* c\n */ d()\ne()",
        "if a:\r\n    b()\r\n\r\n    c()\r\nd()",
    ]));
}
