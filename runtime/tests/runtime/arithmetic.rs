//! Arithmetic at its edges.

use proptest::prelude::*;
use runtime::operations::{float_remainder, floored_remainder};
use runtime::{ErrorKind, Fault, Runtime, Value};

use crate::support::{Make, runtime};

/// `a`, `b`, and what Python makes of `a // b` (none past 64 bits) and `a % b`.
const FLOORED: &[(i64, i64, Option<i64>, i64)] = &[
    (-3, 7, Some(-1), 4),
    (10, 1, Some(10), 0),
    (10, 2, Some(5), 0),
    (7, 10, Some(0), 7),
    (-2, 3, Some(-1), 1),
    (-7, -2, Some(3), -1),
    (2, 3, Some(0), 2),
    (2, -2, Some(-1), 0),
    (1, -1, Some(-1), 0),
    (0, -7, Some(0), 0),
    (-1, -2, Some(0), -1),
    (-3, 1, Some(-3), 0),
    (2, 10, Some(0), 2),
    (7, 3, Some(2), 1),
    (7, -2, Some(-4), -1),
    (-7, -3, Some(2), -1),
    (2, 1, Some(2), 0),
    (-3, -1, Some(3), 0),
    (10, 10, Some(1), 0),
    (-3, 3, Some(-1), 0),
    (-2, 1, Some(-2), 0),
    (-2, -3, Some(0), -2),
    (1, 10, Some(0), 1),
    (2, -3, Some(-1), -1),
    (-2147483648, -3, Some(715827882), -2),
    (-4611686018427387904, 9223372036854775807, Some(-1), 4611686018427387903),
    (9007199254740993, 2147483648, Some(4194304), 1),
    (9223372036854775807, 9007199254740992, Some(1023), 9007199254740991),
    (10, -2147483648, Some(-1), -2147483638),
    (10, i64::MIN, Some(-1), -9223372036854775798),
    (2, -4611686018427387904, Some(-1), -4611686018427387902),
    (-2147483648, 2147483648, Some(-1), 0),
    (2, 9007199254740992, Some(0), 2),
    (-9223372036854775807, -9223372036854775807, Some(1), 0),
    (9223372036854775807, 4611686018427387904, Some(1), 4611686018427387903),
    (-1, 4611686018427387904, Some(-1), 4611686018427387903),
    (1, 4611686018427387904, Some(0), 1),
    (-2147483648, 1, Some(-2147483648), 0),
    (7, 9007199254740992, Some(0), 7),
    (0, 4611686018427387904, Some(0), 0),
    (i64::MIN, 2147483648, Some(-4294967296), 0),
    (9223372036854775807, 1, Some(9223372036854775807), 0),
    (-9223372036854775807, 9007199254740992, Some(-1024), 1),
    (9007199254740992, 2147483648, Some(4194304), 0),
    (4611686018427387904, 9223372036854775807, Some(0), 4611686018427387904),
    (-7, 4611686018427387904, Some(-1), 4611686018427387897),
    (4611686018427387904, 9007199254740993, Some(511), 9007199254740481),
    (4611686018427387904, 7, Some(658812288346769700), 4),
    (-4611686018427387904, -2, Some(2305843009213693952), 0),
    (9007199254740992, -9223372036854775807, Some(-1), -9214364837600034815),
    (2147483648, 4611686018427387904, Some(0), 2147483648),
    (-2, -2147483648, Some(0), -2),
    (2, 2147483648, Some(0), 2),
    (9223372036854775807, 7, Some(1317624576693539401), 0),
    (i64::MIN, -1, None, 0),
];

/// `a`, `b`, and what Python makes of `a % b`.
const FLOAT_REMAINDERS: &[(f64, f64, f64)] = &[
    (-7.5, 2.0, 0.5),
    (-7.5, -2.0, -1.5),
    (-7.5, 0.3, 0.2999999999999997),
    (-7.5, -0.3, -2.7755575615628914e-16),
    (-7.5, f64::INFINITY, f64::INFINITY),
    (-7.5, f64::NEG_INFINITY, -7.5),
    (7.5, 2.0, 1.5),
    (7.5, -2.0, -0.5),
    (7.5, 0.3, 2.7755575615628914e-16),
    (7.5, -0.3, -0.2999999999999997),
    (7.5, f64::INFINITY, 7.5),
    (7.5, f64::NEG_INFINITY, f64::NEG_INFINITY),
    (-0.0, 2.0, 0.0),
    (-0.0, -2.0, -0.0),
    (-0.0, 0.3, 0.0),
    (-0.0, -0.3, -0.0),
    (-0.0, f64::INFINITY, 0.0),
    (-0.0, f64::NEG_INFINITY, -0.0),
    (0.0, 2.0, 0.0),
    (0.0, -2.0, -0.0),
    (0.0, 0.3, 0.0),
    (0.0, -0.3, -0.0),
    (0.0, f64::INFINITY, 0.0),
    (0.0, f64::NEG_INFINITY, -0.0),
    (5.0, 2.0, 1.0),
    (5.0, -2.0, -1.0),
    (5.0, 0.3, 0.20000000000000018),
    (5.0, -0.3, -0.09999999999999981),
    (5.0, f64::INFINITY, 5.0),
    (5.0, f64::NEG_INFINITY, f64::NEG_INFINITY),
    (-5.0, 2.0, 1.0),
    (-5.0, -2.0, -1.0),
    (-5.0, 0.3, 0.09999999999999981),
    (-5.0, -0.3, -0.20000000000000018),
    (-5.0, f64::INFINITY, f64::INFINITY),
    (-5.0, f64::NEG_INFINITY, -5.0),
    (0.1, 2.0, 0.1),
    (0.1, -2.0, -1.9),
    (0.1, 0.3, 0.1),
    (0.1, -0.3, -0.19999999999999998),
    (0.1, f64::INFINITY, 0.1),
    (0.1, f64::NEG_INFINITY, f64::NEG_INFINITY),
    (1e+300, 2.0, 0.0),
    (1e+300, -2.0, -0.0),
    (1e+300, 0.3, 0.15321850028067768),
    (1e+300, -0.3, -0.1467814997193223),
    (1e+300, f64::INFINITY, 1e+300),
    (1e+300, f64::NEG_INFINITY, f64::NEG_INFINITY),
    (-1e-300, 2.0, 2.0),
    (-1e-300, -2.0, -1e-300),
    (-1e-300, 0.3, 0.3),
    (-1e-300, -0.3, -1e-300),
    (-1e-300, f64::INFINITY, f64::INFINITY),
    (-1e-300, f64::NEG_INFINITY, -1e-300),
];

fn message(result: Result<Value, Fault>) -> String {
    result.expect_err("an error").message
}

#[test]
fn division_is_floored() {
    let mut runtime = runtime();
    for &(a, b, quotient, remainder) in FLOORED {
        let result = runtime.divide(Value::int(a), Value::int(b));
        match quotient {
            Some(quotient) => assert_eq!(result.ok().and_then(Value::as_int), Some(quotient), "{a} / {b}"),
            None => assert_eq!(message(result), "Integer overflow in division", "{a} / {b}"),
        }
        let result = runtime.modulo(Value::int(a), Value::int(b));
        assert_eq!(result.ok().and_then(Value::as_int), Some(remainder), "{a} % {b}");
    }
}

#[test]
fn float_remainders_have_the_sign_of_the_divisor() {
    for &(a, b, expected) in FLOAT_REMAINDERS {
        let found = float_remainder(a, b);
        assert_eq!(found.to_bits(), expected.to_bits(), "{a} % {b} gives {found}, not {expected}");
    }
}

#[test]
fn integers_overflow_into_errors() {
    let mut runtime = runtime();
    let (low, high, one) = (Value::int(i64::MIN), Value::int(i64::MAX), Value::int(1));
    assert_eq!(message(runtime.add(high, one)), "Integer overflow in addition");
    assert_eq!(message(runtime.add(low, Value::int(-1))), "Integer overflow in addition");
    assert_eq!(message(runtime.subtract(low, one)), "Integer overflow in subtraction");
    assert_eq!(message(runtime.subtract(Value::int(0), low)), "Integer overflow in subtraction");
    assert_eq!(message(runtime.multiply(high, Value::int(2))), "Integer overflow in multiplication");
    assert_eq!(message(runtime.multiply(low, Value::int(-1))), "Integer overflow in multiplication");
    assert_eq!(message(runtime.divide(low, Value::int(-1))), "Integer overflow in division");
    assert_eq!(message(runtime.negate(low)), "Integer overflow in negation");
    assert_eq!(message(runtime.power(Value::int(2), Value::int(63))), "Integer overflow in exponentiation");
    assert_eq!(message(runtime.power(Value::int(10), high)), "Integer overflow in exponentiation");
    assert_eq!(runtime.modulo(low, Value::int(-1)).ok().and_then(Value::as_int), Some(0));
}

#[test]
fn powers() {
    let mut runtime = runtime();
    for (base, exponent, expected) in [
        (2, 62, 1 << 62),
        (-2, 63, i64::MIN),
        (3, 39, 4_052_555_153_018_976_267),
        (0, 0, 1),
        (1, i64::MAX, 1),
        (-1, i64::MAX, -1),
        (-1, i64::MAX - 1, 1),
        (7, 1, 7),
        (i64::MIN, 1, i64::MIN),
    ] {
        let result = runtime.power(Value::int(base), Value::int(exponent));
        assert_eq!(result.ok().and_then(Value::as_int), Some(expected), "{base} ** {exponent}");
    }
    let half = runtime.power(Value::int(2), Value::int(-1)).expect("a float");
    assert!(half.is_identical(Value::float(0.5)));
    assert_eq!(message(runtime.power(Value::int(0), Value::int(-1))), "Division by zero");
    assert_eq!(message(runtime.power(Value::float(0.0), Value::float(-0.5))), "Division by zero");
}

#[test]
fn nothing_divides_by_zero() {
    let mut runtime = runtime();
    for zero in [Value::int(0), Value::float(0.0), Value::float(-0.0)] {
        for number in [Value::int(1), Value::float(1.0), Value::int(0)] {
            assert_eq!(message(runtime.divide(number, zero)), "Division by zero");
            assert_eq!(message(runtime.modulo(number, zero)), "Modulo by zero");
        }
    }
}

#[test]
fn mixtures_name_both_types() {
    let mut runtime = runtime();
    let (list, map) = (runtime.list(&[]), runtime.map(&[]));
    for (result, expected) in [
        (runtime.add(Value::NULL, Value::int(1)), "Type error: cannot add NULL and INTEGER"),
        (runtime.add(list, Value::int(1)), "Type error: cannot add LIST and INTEGER"),
        (runtime.subtract(map, list), "Type error: cannot subtract MAP and LIST"),
        (runtime.multiply(Value::TRUE, Value::int(2)), "Type error: cannot multiply BOOLEAN and INTEGER"),
        (runtime.divide(Value::int(2), Value::TRUE), "Type error: cannot divide INTEGER and BOOLEAN"),
        (runtime.negate(list), "Unknown operator: -LIST"),
    ] {
        let fault = result.expect_err("a type error");
        assert_eq!((fault.kind, fault.message.as_str()), (ErrorKind::Type, expected));
    }
}

fn shown(runtime: &Runtime, result: Result<Value, Fault>) -> String {
    result.map_or_else(|fault| fault.message, |value| runtime.format(value))
}

#[test]
fn strings_add_anything_and_repeat() {
    let mut runtime = runtime();
    let text = runtime.text("n=");
    let list = runtime.json(r#"[1, "a", null]"#);
    for (value, expected) in
        [(Value::int(5), "5"), (Value::NULL, "null"), (Value::float(2.0), "2.0"), (list, "[1, a, null]")]
    {
        let (after, before) = (runtime.add(text, value), runtime.add(value, text));
        assert_eq!(shown(&runtime, after), format!("n={expected}"));
        assert_eq!(shown(&runtime, before), format!("{expected}n="));
    }
    for (count, expected) in [(3, "n=n=n="), (0, ""), (-1, ""), (i64::MIN, "")] {
        let (left, right) = (runtime.multiply(text, Value::int(count)), runtime.multiply(Value::int(count), text));
        assert_eq!(shown(&runtime, left), expected);
        assert_eq!(shown(&runtime, right), expected);
    }
    let repeated = runtime.multiply(list, Value::int(2));
    assert_eq!(shown(&runtime, repeated), "[1, a, null, 1, a, null]");
    let empty = runtime.list(&[]);
    let repeated = runtime.multiply(empty, Value::int(i64::MAX));
    assert_eq!(shown(&runtime, repeated), "[]");
    let refused = runtime.multiply(list, Value::int(i64::MAX));
    assert!(refused.is_err_and(|fault| fault.kind == ErrorKind::Heap));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 512 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn quotient_and_remainder_make_up_the_dividend(a in any::<i64>(), b in any::<i64>().prop_filter("not zero", |b| *b != 0)) {
        let remainder = floored_remainder(a, b);
        prop_assert!(remainder == 0 || (remainder < 0) == (b < 0));
        prop_assert!(remainder.unsigned_abs() < b.unsigned_abs());
        if let Ok(quotient) = runtime().divide(Value::int(a), Value::int(b)) {
            prop_assert_eq!(i128::from(quotient.int_payload()) * i128::from(b) + i128::from(remainder), i128::from(a));
        }
    }
}
