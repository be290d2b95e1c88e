//! Errors: raising, catching, cleaning up.

use runtime::ErrorKind;

use crate::{fails, prints};

#[test]
fn catch_binds_the_thrown_value_or_the_message() {
    prints(
        r#"
        try { throw "boom" } catch (e) { print("caught", e) }
        try { throw {code: [5]} } catch e { print(e.code) }
        try { throw 42 } catch (e) { print(e + 1) }
        try { throw null } catch (e) { print(e) }
        try { 1 / 0 } catch (e) { print(e, e.message) }
        try { nope } catch (e) { print(e) }
        try { throw "unnamed" } catch { print("no name") }
        print(e)
        "#,
        &[
            "caught boom",
            "[5]",
            "43",
            "null",
            "Division by zero null",
            "Identifier 'nope' not found",
            "no name",
            "Identifier 'nope' not found",
        ],
    );
}

#[test]
fn uncaught_errors_carry_their_trace() {
    fails(
        "print(\"before\")\naction f(x) {\n  throw \"de\" + \"ep\"\n}\naction g() { return 1 + f(2) }\ng()",
        &["before"],
        ErrorKind::Thrown,
        "deep",
        &["f main.zx:3:3", "g main.zx:5:25", "<main> main.zx:6:1"],
    );
    fails(
        "let m = {run: x => x.y.z}\n[1].map(v => m.run(v))\nm.run(1)(2)",
        &[],
        ErrorKind::Type,
        "Not a function: NULL",
        &["<main> main.zx:3:1"],
    );
    fails(
        "action f(l) { return l.map(x => 10 / x) }\nf([1, 0])",
        &[],
        ErrorKind::Arithmetic,
        "Division by zero",
        &["<lambda> main.zx:1:36", "map <prelude>:9:44", "f main.zx:1:24", "<main> main.zx:2:1"],
    );
}

#[test]
fn errors_pass_through_calls_and_loops() {
    prints(
        r#"
        action bad(n) { for each i in range(5) { while true { if i == n { throw i } break } } return "none" }
        try { print(bad(7)) print(bad(3)) print("never") } catch (e) { print("caught", e) }
        let r = 5
        try { r = nope() } catch (e) { r = 9 }
        print(r)
        try {
            try { throw "in" } catch (e) { print("1", e) throw "out" }
        } catch (e) { print("2", e) }
        action f() { try { return [1, 2, 1 / 0] } catch (e) { return e } }
        print([f(), f()])
        "#,
        &["none", "caught 3", "9", "1 in", "2 out", "[Division by zero, Division by zero]"],
    );
}

#[test]
fn finally_runs_on_every_way_out() {
    prints(
        r#"
        try { print("ok") } finally { print("f1") }
        try { throw "a" } catch (e) { print(e) } finally { print("f2") }
        action f() { try { return "value" } finally { print("f3") } }
        print(f())
        for each i in range(4) {
            try { if i == 1 { continue } if i == 2 { break } print(i) } finally { print("f", i) }
        }
        action g() {
            try { try { return "inner" } finally { print("first") } } finally { print("second") }
        }
        print(g())
        try { try { throw "x" } finally { print("passing") } } catch (e) { print("then", e) }
        try { try { throw "y" } catch (e) { throw e + "2" } finally { print("after catch") } } catch (e) { print(e) }
        "#,
        &[
            "ok",
            "f1",
            "a",
            "f2",
            "f3",
            "value",
            "0",
            "f 0",
            "f 1",
            "f 2",
            "first",
            "second",
            "inner",
            "passing",
            "then x",
            "after catch",
            "y2",
        ],
    );
}

#[test]
fn finally_may_take_another_way_out() {
    prints(
        r#"
        action f() { try { throw "lost" } finally { return "kept" } }
        print(f())
        action g() { try { return 1 } finally { return 2 } }
        print(g())
        action h() { for each i in range(3) { try { return "no" } finally { if i < 2 { continue } break } } return "after" }
        print(h())
        try { try { throw "first" } finally { throw "second" } } catch (e) { print(e) }
        action k() { try { return [1] } finally { try { throw "inside" } catch (e) { print(e) } let filler = [2, 3] } }
        print(k())
        "#,
        &["kept", "2", "after", "second", "inside", "[1]"],
    );
}

#[test]
fn errors_keep_their_place_through_cleanup() {
    fails(
        "action f() {\n  try {\n    1 % 0\n  } finally {\n    print(\"cleanup\", [1] + [2])\n  }\n}\nf()",
        &["cleanup [1, 2]"],
        ErrorKind::Arithmetic,
        "Modulo by zero",
        &["f main.zx:3:7", "<main> main.zx:8:1"],
    );
    fails(
        "try { throw [\"va\" + \"lue\"] } finally { let x = [[1], \"gar\" + \"bage\"] }",
        &[],
        ErrorKind::Thrown,
        "[value]",
        &["<main> main.zx:1:7"],
    );
    fails("try { throw \"a\" }\ncatch (e) { throw e }", &[], ErrorKind::Thrown, "a", &["<main> main.zx:2:13"]);
}

#[test]
fn requirements() {
    prints(
        r#"
        require(1 == 1, "fine")
        try { require(false, "msg " + [1]) } catch (e) { print(e) }
        try { require(0) } catch (e) { print(e) }
        try { require false, "bare" } catch (e) { print(e) }
        "#,
        &["Requirement failed: msg [1]", "Requirement failed: Requirement not met", "Requirement failed: bare"],
    );
    fails(
        "let x = 1\n  require(x > 1, \"bad\")",
        &[],
        ErrorKind::Requirement,
        "Requirement failed: bad",
        &["<main> main.zx:2:3"],
    );
}

#[test]
fn reverts() {
    prints(
        r#"
        try { revert("why " + 1) } catch (e) { print(e) }
        try { revert() } catch (e) { print(e) }
        "#,
        &["Transaction reverted: why 1", "Transaction reverted"],
    );
    fails("revert([1])", &[], ErrorKind::Thrown, "Transaction reverted: [1]", &["<main> main.zx:1:1"]);
}

#[test]
fn places_of_errors() {
    fails(
        "let a = [1]\nprint(a[0] + a[\"x\"])",
        &[],
        ErrorKind::Type,
        "Type error: a LIST is indexed by integers, not STRING",
        &["<main> main.zx:2:15"],
    );
    fails(
        "print(1 +\n  null)",
        &[],
        ErrorKind::Type,
        "Type error: cannot add INTEGER and NULL",
        &["<main> main.zx:1:9"],
    );
    fails(
        "let x = 1\nx += null",
        &[],
        ErrorKind::Type,
        "Type error: cannot add INTEGER and NULL",
        &["<main> main.zx:2:3"],
    );
    fails(
        "let m = {}\nm.n += 1",
        &[],
        ErrorKind::Type,
        "Type error: cannot add NULL and INTEGER",
        &["<main> main.zx:2:5"],
    );
    fails(
        "let l = [\"a\"]\n\nl[0] -= 1",
        &[],
        ErrorKind::Type,
        "Type error: cannot subtract STRING and INTEGER",
        &["<main> main.zx:3:6"],
    );
    fails("5[0:1]", &[], ErrorKind::Type, "Type error: cannot slice INTEGER", &["<main> main.zx:1:2"]);
    fails("-null", &[], ErrorKind::Type, "Unknown operator: -NULL", &["<main> main.zx:1:1"]);
    fails(
        "let {a} = 1\nlet x = [1].nope()",
        &[],
        ErrorKind::Type,
        "Method 'nope' not supported for LIST",
        &["<main> main.zx:2:13"],
    );
}
