//! Equality, order and membership.

use std::cmp::Ordering;

use runtime::objects::Record;
use runtime::operations::{Comparison, equals};
use runtime::{Runtime, Value};

use crate::support::{Make, POINT, USER, runtime};

#[test]
fn numbers_are_equal_by_value() {
    let two_53 = 1_i64 << 53;
    for (a, b, expected) in [
        (Value::int(1), Value::float(1.0), true),
        (Value::int(0), Value::float(-0.0), true),
        (Value::float(0.0), Value::float(-0.0), true),
        (Value::float(f64::NAN), Value::float(f64::NAN), false),
        (Value::int(two_53), Value::float(two_53 as f64), true),
        (Value::int(two_53 + 1), Value::float(two_53 as f64), false),
        (Value::int(i64::MAX), Value::float(9_223_372_036_854_775_808.0), false),
        (Value::int(i64::MIN), Value::float(-9_223_372_036_854_775_808.0), true),
        (Value::int(1), Value::TRUE, false),
        (Value::int(0), Value::NULL, false),
        (Value::FALSE, Value::NULL, false),
    ] {
        assert_eq!(equals(a, b), expected, "{a:?} == {b:?}");
        assert_eq!(equals(b, a), expected, "{b:?} == {a:?}");
    }
}

#[test]
fn containers_are_equal_by_content() {
    let mut runtime = runtime();
    for (a, b, expected) in [
        ("[1, [2, {\"a\": \"x\"}]]", "[1, [2, {\"a\": \"x\"}]]", true),
        ("[1, 2]", "[1.0, 2.0]", true),
        ("[1, 2]", "[1, 2, 3]", false),
        ("{\"a\": 1, \"b\": 2}", "{\"b\": 2, \"a\": 1}", true),
        ("{\"a\": 1}", "{\"a\": null}", false),
        ("{\"a\": 1}", "{\"b\": 1}", false),
        ("[]", "{}", false),
        ("[true]", "[1]", false),
        ("\"1\"", "1", false),
    ] {
        let (a, b) = (runtime.json(a), runtime.json(b));
        assert_eq!(equals(a, b), expected);
        assert_eq!(equals(b, a), expected);
    }
    let (map, colors) = (runtime.map(&[("RED", Value::int(0))]), runtime.enumeration(&[("RED", 0)]));
    assert!(!equals(map, colors));
}

#[test]
fn entities_are_equal_by_identity_and_data_by_value() {
    let mut runtime = runtime();
    let mut make = |kind| runtime.new_record(kind, &[Value::int(1)]).expect("room");
    let (user, other_user, point, other_point) = (make(USER), make(USER), make(POINT), make(POINT));
    assert!(equals(user, user) && !equals(user, other_user));
    assert!(equals(point, other_point));
    let (left, right) = (runtime.list(&[point, user]), runtime.list(&[other_point, user]));
    assert!(equals(left, right));
}

fn cycle(runtime: &mut Runtime, length: usize, tail: Value) -> Value {
    let last = runtime.list(&[tail]);
    let first = (1..length).fold(last, |inner, _| runtime.list(&[tail, inner]));
    last.as_list().expect("a list").push(&mut runtime.heap, first).expect("room");
    first
}

#[test]
fn cycles_are_compared_to_their_end() {
    let mut runtime = runtime();
    let (a, b, other) = (
        cycle(&mut runtime, 3, Value::int(1)),
        cycle(&mut runtime, 3, Value::int(1)),
        cycle(&mut runtime, 3, Value::int(2)),
    );
    assert!(equals(a, b) && !equals(a, other));
    // Two walks around cycles of different lengths see the same.
    let longer = cycle(&mut runtime, 5, Value::int(1));
    assert!(equals(a, longer));
}

#[test]
fn nesting_takes_no_native_stack() {
    let mut runtime = runtime();
    let depth = if cfg!(miri) { 100 } else { 1_000_000 };
    let mut nested = |innermost: i64| {
        let start = runtime.list(&[Value::int(innermost)]);
        (0..depth).fold(start, |inner, _| runtime.list(&[inner]))
    };
    let (a, b, other) = (nested(1), nested(1), nested(2));
    assert!(equals(a, b) && !equals(a, other));
    let mut nested =
        || (0..depth).fold(Value::NULL, |inner, _| Record::create(&mut runtime.heap, POINT, true, &[inner]));
    let (a, b) = (nested(), nested());
    assert!(equals(a, b));
    let fault = runtime.compare(Comparison::Less, a, b).expect_err("no order");
    assert_eq!(fault.message, "Type error: cannot compare ENTITY < ENTITY");
}

#[test]
fn shared_parts_are_not_compared_again_and_again() {
    let mut runtime = runtime();
    let mut shared = |leaf| {
        let start = runtime.list(&[leaf]);
        (0..60).fold(start, |inner, _| runtime.list(&[inner, inner]))
    };
    let (a, b, other) = (shared(Value::int(1)), shared(Value::int(1)), shared(Value::int(2)));
    assert!(equals(a, b) && !equals(a, other));
}

#[test]
fn integers_and_floats_are_ordered_without_rounding() {
    let mut runtime = runtime();
    let two_53 = 1_i64 << 53;
    let two_63 = 9_223_372_036_854_775_808.0;
    for (a, b, expected) in [
        (two_53 + 1, two_53 as f64, Ordering::Greater),
        (two_53 + 1, two_53 as f64 + 2.0, Ordering::Less),
        (-two_53 - 1, -two_53 as f64, Ordering::Less),
        (i64::MAX, two_63, Ordering::Less),
        (i64::MAX, two_63 - 1024.0, Ordering::Greater),
        (i64::MIN, -two_63, Ordering::Equal),
        (i64::MIN, -two_63 - 2048.0, Ordering::Greater),
        (i64::MIN + 1, -two_63, Ordering::Greater),
        (i64::MAX, f64::INFINITY, Ordering::Less),
        (i64::MIN, f64::NEG_INFINITY, Ordering::Greater),
        (2, 2.5, Ordering::Less),
        (-2, -2.5, Ordering::Greater),
        (0, -0.0, Ordering::Equal),
        (0, 5e-324, Ordering::Less),
    ] {
        let (int, float) = (Value::int(a), Value::float(b));
        assert_eq!(runtime.order(int, float).ok(), Some(expected), "{a} and {b}");
        assert_eq!(runtime.order(float, int).ok(), Some(expected.reverse()), "{b} and {a}");
        assert_eq!(equals(int, float), expected == Ordering::Equal);
        for (comparison, holds) in [
            (Comparison::Less, expected.is_lt()),
            (Comparison::LessOrEqual, expected.is_le()),
            (Comparison::Greater, expected.is_gt()),
            (Comparison::GreaterOrEqual, expected.is_ge()),
        ] {
            assert_eq!(runtime.compare(comparison, int, float).ok(), Some(holds), "{a} {comparison:?} {b}");
        }
    }
}

#[test]
fn nan_is_unordered_but_sorts_last() {
    let mut runtime = runtime();
    let (nan, one) = (Value::float(f64::NAN), Value::int(1));
    for comparison in [Comparison::Less, Comparison::LessOrEqual, Comparison::Greater, Comparison::GreaterOrEqual] {
        assert_eq!(runtime.compare(comparison, nan, one).ok(), Some(false));
        assert_eq!(runtime.compare(comparison, nan, nan).ok(), Some(false));
    }
    assert_eq!(runtime.order(nan, one).ok(), Some(Ordering::Greater));
    assert_eq!(runtime.order(one, nan).ok(), Some(Ordering::Less));
    assert_eq!(runtime.order(nan, nan).ok(), Some(Ordering::Equal));
}

#[test]
fn strings_and_lists_have_an_order() {
    let mut runtime = runtime();
    for (a, b) in [
        (r#""""#, r#""a""#),
        (r#""A""#, r#""a""#),
        (r#""a""#, r#""ab""#),
        (r#""z""#, r#""é""#),
        (r#""é""#, r#""😀""#),
        ("[]", "[0]"),
        ("[1, 2]", "[1, 3]"),
        ("[1, 2]", "[1, 2, 0]"),
        ("[[1], 5]", "[[2], 0]"),
        (r#"["a", 1]"#, r#"["b", "x"]"#),
    ] {
        let (a, b) = (runtime.json(a), runtime.json(b));
        assert_eq!(runtime.compare(Comparison::Less, a, b).ok(), Some(true));
        assert_eq!(runtime.compare(Comparison::GreaterOrEqual, a, b).ok(), Some(false));
        assert_eq!(runtime.compare(Comparison::LessOrEqual, a, a).ok(), Some(true));
    }
}

#[test]
#[cfg_attr(miri, ignore = "slow")]
fn other_types_have_no_order() {
    let mut runtime = runtime();
    let (text, list, map) = (runtime.text("a"), runtime.list(&[]), runtime.map(&[]));
    for (a, b, expected) in [
        (text, Value::int(1), "STRING < INTEGER"),
        (Value::NULL, Value::int(1), "NULL < INTEGER"),
        (Value::TRUE, Value::FALSE, "BOOLEAN < BOOLEAN"),
        (list, map, "LIST < MAP"),
        (map, map, "MAP < MAP"),
    ] {
        let fault = runtime.compare(Comparison::Less, a, b).expect_err("no order");
        assert_eq!(fault.message, format!("Type error: cannot compare {expected}"));
    }
    let deep = (0..1000).fold(list, |inner, _| runtime.list(&[inner]));
    let deeper = runtime.list(&[deep]);
    assert!(runtime.compare(Comparison::Less, deep, deeper).is_err());
}

#[test]
fn membership() {
    let mut runtime = runtime();
    let list = runtime.json(r#"[1, "1", true, [2]]"#);
    let map = runtime.json(r#"{"a": null}"#);
    let text = runtime.text("héllo");
    let (one, a, part, pair) = (runtime.text("1"), runtime.text("a"), runtime.text("él"), runtime.json("[2]"));
    for (needle, container, expected) in [
        (one, list, true),
        (Value::int(2), list, false),
        (Value::float(1.0), list, true),
        (pair, list, true),
        (a, map, true),
        (one, map, false),
        (list, map, false),
        (part, text, true),
        (one, text, false),
    ] {
        assert_eq!(runtime.contains(needle, container).ok(), Some(expected), "{needle:?} in {container:?}");
    }
    assert!(runtime.contains(Value::int(1), text).is_err());
    assert!(runtime.contains(Value::int(1), Value::int(1)).is_err());
}
