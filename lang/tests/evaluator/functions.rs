//! Functions, closures, scope.

use runtime::ErrorKind;

use crate::{fails, prints};

#[test]
fn every_spelling() {
    prints(
        r#"
        action add(a, b) { return a + b }
        function sub(a, b) { return a - b }
        let mul = action(a, b) { return a * b }
        let l1 = lambda(x) { return x + 1 }
        let l2 = lambda(x): x * 2
        let l3 = (x, y) => x + y
        let l4 = x => { return x * 10 }
        print(add(1, 2), sub(5, 2), mul(3, 4), l1(1), l2(4), l3(1, 2), l4(2), (x => x + 1)(4))
        "#,
        &["3 3 12 2 8 3 20 5"],
    );
}

#[test]
fn missing_arguments_are_null_and_extra_ones_ignored() {
    prints(
        r#"
        action f(a, b) { return [a, b] }
        print(f(1), f(1, 2, 3), f())
        action nothing() { }
        action bare() { return }
        print(nothing(), bare())
        "#,
        &["[1, null] [1, 2] [null, null]", "null null"],
    );
}

#[test]
fn defaults_are_computed_in_order() {
    prints(
        r#"
        action f(a, b = a + 1, c = [a, b], d) { return [a, b, c, d] }
        print(f(1), f(1, 5), f(1, 2, 3, 4), f(1, null))
        let calls = 0
        action count() { calls += 1 return calls }
        action g(x = count()) { return x }
        print(g(), g(7), g(), calls)
        action h(x = 1, get = () => x) { x += 1 return get() }
        print(h(), h(5))
        action early(x = match 1 { _ => { return "left" } }) { return x }
        print(early(), early(2))
        action inner(x = () => later()) { action later() { return "hoisted" } return x() }
        print(inner())
        "#,
        &[
            "[1, 2, [1, 2], null] [1, 5, [1, 5], null] [1, 2, 3, 4] [1, null, [1, null], null]",
            "1 7 2 2",
            "2 6",
            "left 2",
            "hoisted",
        ],
    );
}

#[test]
fn a_default_cannot_see_what_comes_after_it() {
    fails(
        "action f(a = b, b = 2) { return a }\nprint(f(1))\nf()",
        &["1"],
        ErrorKind::Name,
        "Identifier 'b' not found",
        &["f main.zx:1:14", "<main> main.zx:3:1"],
    );
}

#[test]
fn functions_are_hoisted() {
    prints(
        r#"
        print(later(2))
        action later(x) { return x * 2 }
        action even(n) { if n == 0 { return true } return odd(n - 1) }
        action odd(n) { if n == 0 { return false } return even(n - 1) }
        print(even(10))
        action outer() {
            let r = inner(1)
            action inner(x) { return x + base() }
            action base() { return 100 }
            return r
        }
        print(outer())
        if false { action hidden() { return "seen" } }
        print(hidden())
        "#,
        &["4", "true", "101", "seen"],
    );
}

#[test]
fn the_last_of_two_functions_of_one_name_counts() {
    prints("print(f())\naction f() { return 1 }\naction f() { return 2 }\nprint(f())", &["2", "2"]);
    prints("action f() { return 1 }\nprint(f())\nf = () => 3\nprint(f())", &["1", "3"]);
    prints("action g(f) { action f() { return \"inner\" } return f }\nprint(g(1)())", &["inner"]);
}

#[test]
fn closures_capture_variables() {
    prints(
        r#"
        action counter() { let n = 0 return action() { n += 1 return n } }
        let c = counter()
        let d = counter()
        print(c(), c(), d(), c())
        action pair() {
            let n = 0
            return [() => n, action(x) { n = x }]
        }
        let [get, set] = pair()
        set(5)
        print(get())
        action adder(n) { return x => x + n }
        print(adder(5)(1), adder(7)(1))
        action deep() { let a = 1 return () => () => { a += 1 return a } }
        let inner = deep()()
        print(inner(), inner())
        "#,
        &["1 2 1 3", "5", "6 8", "2 3"],
    );
}

#[test]
fn captured_variables_may_be_set_later() {
    prints(
        r#"
        action f() {
            let get = () => x
            let x = "late"
            return get()
        }
        print(f())
        action g(n) { action loop(i) { if i == 0 { return n } return loop(i - 1) } return loop(3) }
        print(g("n"))
        action h() {
            action a() { return b() + shared }
            action b() { return 1 }
            let shared = 10
            return a()
        }
        print(h())
        "#,
        &["late", "n", "11"],
    );
    fails(
        "action f() {\n  let get = () => x\n  get()\n  let x = 1\n}\nf()",
        &[],
        ErrorKind::Name,
        "Identifier 'x' not found",
        &["<lambda> main.zx:2:19", "f main.zx:3:3", "<main> main.zx:6:1"],
    );
}

#[test]
fn globals_are_shared() {
    prints(
        r#"
        let g = 1
        action inc() { g += 1 }
        inc()
        inc()
        print(g)
        action show() { return late }
        let late = 42
        print(show())
        action f() { let g = 7 return g }
        print(f(), g)
        action shadow(g) { g += 10 return g }
        print(shadow(5), g)
        "#,
        &["3", "42", "7 3", "15 3"],
    );
}

#[test]
fn names_declared_nowhere_are_locals_of_who_assigns_them() {
    fails(
        "action f() { q = 7 return q }\nprint(f())\nprint(q)",
        &["7"],
        ErrorKind::Name,
        "Identifier 'q' not found",
        &["<main> main.zx:3:7"],
    );
    prints("x = 5\nprint(x)", &["5"]);
}

#[test]
fn functions_are_values() {
    prints(
        r#"
        action twice(f, x) { return f(f(x)) }
        action inc(x) { return x + 1 }
        print(twice(inc, 1), twice(x => x * x, 3))
        let l = [inc, len, abs]
        print(l[0](1), l[1]("abc"), l[2](-4))
        action a() { return () => 5 }
        print(a()())
        print(inc == inc, [inc] == [inc])
        "#,
        &["3 81", "2 3 4", "5", "true true"],
    );
    fails(
        "let x = 5\nx(print_nothing())\naction print_nothing() { print(\"arguments first\") }",
        &["arguments first"],
        ErrorKind::Type,
        "Not a function: INTEGER",
        &["<main> main.zx:2:1"],
    );
}

#[test]
fn builtins_check_their_arguments() {
    fails(
        "print(len([1, 2]), length(\"abc\"), size({}))\nlen()",
        &["2 3 0"],
        ErrorKind::Value,
        "len() takes 1 argument, 0 given",
        &["<main> main.zx:2:1"],
    );
    fails("len(5)", &[], ErrorKind::Type, "Type error: len() is not supported for INTEGER", &["<main> main.zx:1:1"]);
    prints("let len = x => \"own\"\nprint(len([1]))", &["own"]);
}

#[test]
fn recursion_goes_as_deep_as_the_limit() {
    prints("action d(n) { if n == 0 { return 0 } return 1 + d(n - 1) }\nprint(d(9000))", &["9000"]);
}
