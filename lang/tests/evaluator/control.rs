//! Statements: conditions, loops, `match`, `defer`.

use runtime::ErrorKind;

use crate::{fails, prints};

#[test]
fn conditions() {
    prints(
        r#"
        action f(x) {
            if x > 10 { return "big" } elif (x > 5) { return "middle" } else if x > 0 { return "small" } else { return "none" }
        }
        print(f(11), f(6), f(1), f(0))
        if (0.0) { print("t") } else { print("f") }
        if ("") { print("t") }
        if [0] { print("t") }
        "#,
        &["big middle small none", "f", "t"],
    );
}

#[test]
fn while_loops() {
    prints(
        r#"
        let i = 0
        while i < 10 {
            i += 1
            if (i == 2) { continue }
            if (i > 4) { break }
            print(i)
        }
        while true { i += 1 if i > 20 { break } }
        print(i)
        while false { print("never") }
        "#,
        &["1", "3", "4", "21"],
    );
}

#[test]
fn loops_walk_collections() {
    prints(
        r#"
        for each x in [10, 20] { print(x) }
        for each i, x in ["a", "b"] { print(i, x) }
        for each k in {a: 1, b: 2} { print(k) }
        for each k, v in {a: 1, b: 2} { print(k, v) }
        for each c in "aé" { print(c) }
        for each i, c in "xy" { print(i, c) }
        for x in [] { print("never") }
        print(x, i)
        "#,
        &["10", "20", "0 a", "1 b", "a", "b", "a 1", "b 2", "a", "é", "0 x", "1 y", "b 1"],
    );
}

#[test]
fn loops_see_what_their_body_adds() {
    prints(
        r#"
        let l = [1, 2, 3]
        let seen = []
        for each x in l { if (len(l) < 6) { l.push(x * 10) } seen.push(x) }
        print(seen)
        let m = {a: 1}
        for each k, v in m { if v < 3 { m["k" + v] = v + 1 } print(k, v) }
        let shrinking = [1, 2, 3, 4]
        for each x in shrinking { shrinking.pop() print(x) }
        "#,
        &["[1, 2, 3, 10, 20, 30]", "a 1", "k1 2", "k2 3", "1", "2"],
    );
}

#[test]
fn only_collections_are_walked() {
    fails(
        "for each x in null { }",
        &[],
        ErrorKind::Type,
        "Type error: cannot iterate over NULL",
        &["<main> main.zx:1:15"],
    );
    fails(
        "for each i, x in 5 { }",
        &[],
        ErrorKind::Type,
        "Type error: cannot iterate over INTEGER",
        &["<main> main.zx:1:18"],
    );
}

#[test]
fn ranges_count() {
    prints(
        r#"
        let l = []
        for each i in range(3) { l.push(i) }
        for each i in range(2, 4) { l.push(i) }
        for each i in range(0, 10, 4) { l.push(i) }
        for each i in range(5, 0, -2) { l.push(i) }
        for each i in range(3, 3) { l.push("never") }
        for each i in range(0, 2.9) { l.push(i) }
        for each i, x in range(5, 7) { l.push([i, x]) }
        print(l)
        print(range(4))
        "#,
        &["[0, 1, 2, 2, 3, 0, 4, 8, 5, 3, 1, 0, 1, [0, 5], [1, 6]]", "[0, 1, 2, 3]"],
    );
}

#[test]
fn the_body_may_assign_the_loop_variable() {
    prints(
        r#"
        for each i in range(3) { print(i) i = 10 }
        print(i)
        for each j in range(0) { print("never") }
        action f() { for each k in range(2) { for each k in range(5, 7) { print(k) } print(k) } return k }
        print(f())
        let fs = []
        for each c in range(3) { fs.push(() => c) }
        print(fs[0](), fs[2]())
        "#,
        &["0", "1", "2", "10", "5", "6", "6", "5", "6", "6", "6", "2 2"],
    );
}

#[test]
fn range_bounds_are_evaluated_before_any_is_checked() {
    fails(
        "action f(x) { print(x) return x }\nfor each i in range(f(\"a\"), f(2), f(0)) { }",
        &["a", "2", "0"],
        ErrorKind::Type,
        "Type error: range() expects numbers, not STRING",
        &["<main> main.zx:2:15"],
    );
    fails(
        "for each i in range(1, 2, 0) { }",
        &[],
        ErrorKind::Value,
        "range() step must not be zero",
        &["<main> main.zx:1:15"],
    );
}

#[test]
fn blocks_make_no_scope() {
    prints(
        r#"
        if true { let inner = 9 }
        print(inner)
        let x = 1
        if true { let x = 3 }
        print(x)
        for each i in [1, 2] { let t = i }
        print(i, t)
        "#,
        &["9", "3", "2 2"],
    );
}

#[test]
fn names_without_a_value_are_errors_when_reached() {
    fails(
        "print(1)\nprint(later)\nlet later = 2",
        &["1"],
        ErrorKind::Name,
        "Identifier 'later' not found",
        &["<main> main.zx:2:7"],
    );
    fails(
        "action f() {\n  if false { let x = 1 }\n  return x\n}\nlet r = f()",
        &[],
        ErrorKind::Name,
        "Identifier 'x' not found",
        &["f main.zx:3:10", "<main> main.zx:5:9"],
    );
    fails("let a = zzz + 1", &[], ErrorKind::Name, "Identifier 'zzz' not found", &["<main> main.zx:1:9"]);
    prints("if false { print(zzz) }\nlet x\nprint(x)", &["null"]);
    fails("x += 1\nlet x = 0", &[], ErrorKind::Name, "Identifier 'x' not found", &["<main> main.zx:1:1"]);
}

#[test]
fn match_takes_the_first_arm_that_fits() {
    prints(
        r#"
        action name(x) {
            return match x { 1 => "one", "a" => "letter", null => "nothing", -2 => "minus", 2.5 => "float", _ => "other" }
        }
        print(name(1), name(1.0), name("a"), name(null), name(-2), name(2.5), name([]))
        print(match 5 { n => n + 1 })
        let y = match ([1, 2]) { l => l.push(3) }
        print(y)
        "#,
        &["one one letter nothing minus float other", "6", "[1, 2, 3]"],
    );
    fails(
        "let x = 5\nlet y = match x { 1 => 2 }",
        &[],
        ErrorKind::Thrown,
        "Match expression: no pattern matched",
        &["<main> main.zx:2:9"],
    );
}

#[test]
fn match_statements_may_fit_nothing() {
    prints(
        r#"
        action f(x) {
            match x {
                case 1 { print("one") }
                case "two" { print("two") return "early" }
                default { print("default") }
            }
            return "end"
        }
        print(f(1), f("two"), f(3))
        match 7 { case 1 { print("never") } }
        print("done")
        "#,
        &["one", "two", "default", "end early end", "done"],
    );
}

#[test]
fn match_takes_instances_apart() {
    prints(
        r#"
        data Point { x: number, y: number }
        entity Shape { name: string, at: Point }
        entity Circle extends Shape { r: number = 1 }
        enum Color { RED, GREEN = 5 }
        action f(v) {
            return match v {
                Point(0, 0) => "origin",
                Point(x, 0) => "on x at " + x,
                Circle(n, Point(x, _), r) => n + " round at " + x + " of " + r,
                Shape(n) => "shape " + n,
                Color.GREEN => "green",
                _ => "unknown"
            }
        }
        print(f(Point(0, 0)), f(Point(4, 0)), f(Point(1, 1)))
        print(f(Circle("c", Point(2, 3), 4)), f(Shape("s", null)), f(5), f("x"))
        "#,
        &["origin on x at 4 unknown", "c round at 2 of 4 shape s green unknown"],
    );
}

#[test]
fn arms_can_leave_what_is_around_them() {
    prints(
        r#"
        action f(x) {
            let l = [1, match x { 1 => { return "left" } _ => 5 }, 3]
            return l
        }
        print(f(1), f(2))
        let n = 0
        let seen = []
        for each i in range(6) {
            n = n + 10 * match i { 1 => { continue } 4 => { break } _ => i }
            seen.push(i)
        }
        print(n, seen)
        let g = x => match x { 0 => { return "zero" } _ => "more" }
        print(g(0), g(1))
        "#,
        &["left [1, 5, 3]", "50 [0, 2, 3]", "zero more"],
    );
}

#[test]
fn deferred_blocks_run_last_first() {
    prints(
        r#"
        action f() {
            defer { print("a") }
            defer { print("b") }
            print("body")
            return "result"
        }
        print(f())
        for each i in range(3) {
            defer { print("end", i) }
            if i == 1 { continue }
            print("in", i)
        }
        if true { defer { print("block") } print("then") }
        try { defer { print("cleanup") } throw "x" } catch (e) { print(e) }
        defer { print("exit") }
        print("top")
        "#,
        &[
            "body", "b", "a", "result", "in 0", "end 0", "end 1", "in 2", "end 2", "then", "block", "cleanup", "x",
            "top", "exit",
        ],
    );
}

#[test]
fn a_return_at_the_top_level_ends_the_program() {
    let outcome = crate::run("print(1)\nif true { return [1, \"x\"] }\nprint(2)", Default::default());
    assert_eq!(outcome, crate::Outcome { output: "1\n".to_string(), result: Ok("[1, x]".to_string()) });
    assert_eq!(crate::run("print()", Default::default()).result, Ok("null".to_string()));
}

#[test]
fn long_chains_of_conditions() {
    let mut source = "let x = 20000\nif x == 0 { print(0) }".to_string();
    for n in 1..=20_000 {
        source.push_str(&format!(" elif x == {n} {{ print({n}) }}"));
    }
    prints(&source, &["20000"]);
}
