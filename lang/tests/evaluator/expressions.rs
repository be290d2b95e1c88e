//! Operators, literals, order of evaluation.

use runtime::ErrorKind;

use crate::{fails, gives, prints, refuses};

#[test]
fn arithmetic_follows_precedence() {
    gives("1 + 2 * 3", "7");
    gives("(1 + 2) * 3", "9");
    gives("10 - 2 - 3", "5");
    gives("2 ** 3 ** 2", "512");
    gives("-2 ** 2", "-4");
    gives("2 ** -1", "0.5");
    gives("2 * 3 % 4", "2");
    gives("1 < 2 == true", "true");
}

#[test]
fn division_is_floored() {
    gives("7 / 2", "3");
    gives("-7 / 2", "-4");
    gives("7 / -2", "-4");
    gives("-7 % 3", "2");
    gives("7 % -3", "-2");
    gives("7.5 % 2", "1.5");
    gives("7 / 2.0", "3.5");
}

#[test]
fn integers_overflow_into_errors() {
    refuses("9223372036854775807 + 1", ErrorKind::Arithmetic, "Integer overflow in addition");
    refuses("-9223372036854775807 - 2", ErrorKind::Arithmetic, "Integer overflow in subtraction");
    refuses("4611686018427387904 * 2", ErrorKind::Arithmetic, "Integer overflow in multiplication");
    refuses("2 ** 63", ErrorKind::Arithmetic, "Integer overflow in exponentiation");
    gives("9223372036854775806 + 1", "9223372036854775807");
}

#[test]
fn division_by_zero_is_an_error() {
    refuses("1 / 0", ErrorKind::Arithmetic, "Division by zero");
    refuses("1.0 / 0", ErrorKind::Arithmetic, "Division by zero");
    refuses("5 % 0", ErrorKind::Arithmetic, "Modulo by zero");
}

#[test]
fn strings_concatenate_with_anything() {
    gives(r#""n=" + 5"#, "n=5");
    gives(r#"5 + "x""#, "5x");
    gives(r#""x" + null + true + 1.5 + [1, "a"]"#, "xnulltrue1.5[1, a]");
    gives(r#""ab" * 3"#, "ababab");
    gives("[1, 2] + [3]", "[1, 2, 3]");
    gives("[0] * 3", "[0, 0, 0]");
}

#[test]
fn other_mixtures_are_type_errors() {
    refuses("null + 1", ErrorKind::Type, "Type error: cannot add NULL and INTEGER");
    refuses("true + true", ErrorKind::Type, "Type error: cannot add BOOLEAN and BOOLEAN");
    refuses(r#""ab" - "b""#, ErrorKind::Type, "Type error: cannot subtract STRING and STRING");
    refuses(r#""a" < 1"#, ErrorKind::Type, "Type error: cannot compare STRING < INTEGER");
    refuses(r#"-"a""#, ErrorKind::Type, "Unknown operator: -STRING");
}

#[test]
fn comparisons_are_by_value() {
    gives("[1 == 1.0, \"1\" == 1, true == 1, null == false, null == null]", "[true, false, false, false, true]");
    gives("[[1, [2]] == [1, [2]], {a: 1} == {a: 1}, {a: 1} == {a: 2}]", "[true, true, false]");
    gives(r#"["a" < "b", 1 < 2.5, 2 >= 2.0, [1, 2] < [1, 3], [1] < [1, 0]]"#, "[true, true, true, true, true]");
    gives("[1 != 2, 3 <= 3, 3 > 3]", "[true, true, false]");
}

#[test]
fn membership() {
    gives(
        r#"[2 in [1, 2], 3 in [1, 2], "a" in {a: 1}, "b" in {a: 1}, "ell" in "hello"]"#,
        "[true, false, true, false, true]",
    );
    refuses("1 in 2", ErrorKind::Type, "Type error: cannot search in INTEGER");
}

#[test]
fn logical_operators_give_bools_and_stop_early() {
    prints(
        r#"
        action f(x) { print("called", x) return x }
        print(0 && f(1))
        print(5 || f(2))
        print(1 && f("x"))
        print("" || f([]))
        print(f(0) and f(1) or f(2))
        print(not 0, !null, !!5)
        "#,
        &["false", "true", "called x", "true", "called []", "false", "called 0", "called 2", "true", "true true true"],
    );
}

#[test]
fn coalescing_takes_the_right_side_of_null_only() {
    prints(
        r#"
        action f() { print("right") return 7 }
        print(null ?? f())
        print(0 ?? f(), false ?? f(), "" ?? f())
        print(null ?? null ?? 3)
        "#,
        &["right", "7", "0 false ", "3"],
    );
}

#[test]
fn conditionals_evaluate_one_side() {
    prints(
        r#"
        action f(x) { print("f", x) return x }
        print(true ? f(1) : f(2))
        print([] ? "t" : {} ? "t" : "f")
        print(if 3 > 2 then "big" else "small")
        "#,
        &["f 1", "1", "f", "big"],
    );
}

#[test]
fn evaluation_goes_from_left_to_right() {
    prints(
        r#"
        let order = []
        action n(x) { order.push(x) return x }
        let l = [n(1), n(2)]
        let m = {a: n(3), "b": n(4)}
        let s = n(5) + n(6) * n(7)
        l[n(0)] = n(8)
        m.a = n(9)
        action three(a, b, c) { return a + b + c }
        three(n(10), n(11), n(12))
        "${n(13)} ${n(14)}"
        [1, 2, 3][n(0):n(1)]
        print(order)
        "#,
        &["[1, 2, 3, 4, 5, 6, 7, 0, 8, 9, 10, 11, 12, 13, 14, 0, 1]"],
    );
}

#[test]
fn the_callee_is_evaluated_before_the_arguments() {
    fails(
        "action f() { print(\"f\") return 1 }\nnope(f())",
        &[],
        ErrorKind::Name,
        "Identifier 'nope' not found",
        &["<main> main.zx:2:1"],
    );
    prints(
        r#"
        action a() { return "a" }
        action b() { return "b" }
        let f = a
        action swap() { f = b return 0 }
        print(f(swap()))
        print(f())
        "#,
        &["a", "b"],
    );
}

#[test]
fn compound_assignment_reads_its_target_first() {
    prints(
        r#"
        let x = 1
        x += (x = 10)
        print(x)
        let l = [1, 2]
        let i = 0
        l[i] += (i = 1)
        print(l, i)
        let m = {a: 1}
        m.a *= (m.a = 5) + 2
        print(m)
        x -= 1 x *= 3 x /= 4 x %= 5
        print(x)
        x++
        print(x)
        "#,
        &["11", "[2, 2] 1", "{a: 7}", "2", "3"],
    );
}

#[test]
fn assignments_are_expressions() {
    prints(
        r#"
        let a = 0
        let b = 0
        a = b = 7
        print(a, b)
        let l = [0]
        let m = {}
        print(l[0] = m.x = 3, l, m)
        print((a += 1) + 1)
        "#,
        &["7 7", "3 [3] {x: 3}", "9"],
    );
}

#[test]
fn interpolation_prints_what_it_holds() {
    prints(
        r#"
        let n = 5
        print("n=${n} sum=${n + 1} f=${1.5} l=${[1, "a"]} nul=${null} ${"in ${n}"}")
        print("${n}" == "5", "a${""}b")
        "#,
        &["n=5 sum=6 f=1.5 l=[1, a] nul=null in 5", "true ab"],
    );
}

#[test]
fn chains_may_be_longer_than_any_native_stack() {
    let sum = format!("return {}1", "1 + ".repeat(100_000));
    assert_eq!(crate::run(&sum, Default::default()).result, Ok("100001".to_string()));
    let text = format!("return len({}\"\")", "\"a\" + ".repeat(20_000));
    assert_eq!(crate::run(&text, Default::default()).result, Ok("20000".to_string()));
}

#[test]
fn facts_about_the_file() {
    gives(r#"__FILE__ + " " + __MODULE__ + " " + __DIR__ + "[" + __PACKAGE__ + "]""#, "main.zx __main__ .[]");
}
