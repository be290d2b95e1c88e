//! Arithmetic, comparison, logic: what is done inline and what is left to the runtime must give the same.

use crate::common::{error, main_of, result_of};
use runtime::ErrorKind;

/// The result of an operation on constants.
#[track_caller]
fn binary(a: &str, op: &str, b: &str) -> String {
    result_of(&format!("LOAD_CONST {a}\n LOAD_CONST {b}\n {op}\n RETURN"))
}

#[track_caller]
fn fails(a: &str, op: &str, b: &str) -> (ErrorKind, String) {
    let failed = error(&main_of(&format!("LOAD_CONST {a}\n LOAD_CONST {b}\n {op}\n RETURN")));
    (failed.kind, failed.message)
}

#[test]
fn integers() {
    for (a, op, b, expected) in [
        ("2", "ADD", "3", "5"),
        ("9223372036854775806", "ADD", "1", "9223372036854775807"),
        ("2", "SUB", "3", "-1"),
        ("-4", "MUL", "3", "-12"),
        ("7", "DIV", "2", "3"),
        ("-7", "DIV", "2", "-4"),
        ("7", "DIV", "-2", "-4"),
        ("-7", "DIV", "-2", "3"),
        ("6", "DIV", "-2", "-3"),
        ("7", "DIV", "-1", "-7"),
        ("7", "MOD", "3", "1"),
        ("-7", "MOD", "3", "2"),
        ("7", "MOD", "-3", "-2"),
        ("-7", "MOD", "-3", "-1"),
        ("-6", "MOD", "3", "0"),
        ("7", "MOD", "-1", "0"),
        ("-9223372036854775808", "MOD", "-1", "0"),
        ("2", "POW", "10", "1024"),
        ("2", "POW", "-1", "0.5"),
    ] {
        assert_eq!(binary(a, op, b), expected, "{a} {op} {b}");
    }
}

#[test]
fn floats_and_mixtures() {
    for (a, op, b, expected) in [
        ("1.5", "ADD", "2.25", "3.75"),
        ("1", "ADD", "0.5", "1.5"),
        ("0.5", "ADD", "1", "1.5"),
        ("1.5", "SUB", "1", "0.5"),
        ("3", "SUB", "0.5", "2.5"),
        ("1.5", "MUL", "2", "3.0"),
        ("1.0", "DIV", "4", "0.25"),
        ("1", "DIV", "4.0", "0.25"),
        ("7.5", "MOD", "2", "1.5"),
        ("-7.5", "MOD", "2.0", "0.5"),
        ("2.0", "POW", "3", "8.0"),
    ] {
        assert_eq!(binary(a, op, b), expected, "{a} {op} {b}");
    }
}

#[test]
fn other_kinds() {
    assert_eq!(binary("\"n=\"", "ADD", "5"), "n=5");
    assert_eq!(binary("\"ab\"", "MUL", "3"), "ababab");
    assert_eq!(result_of("LOAD_CONST 1\n BUILD_LIST 1\n LOAD_CONST 2\n BUILD_LIST 1\n ADD\n RETURN"), "[1, 2]");
    assert_eq!(result_of("LOAD_CONST 5\n NEG\n RETURN"), "-5");
    assert_eq!(result_of("LOAD_CONST 2.5\n NEG\n RETURN"), "-2.5");
    assert_eq!(result_of("LOAD_CONST 2.9\n RANGE_BOUND\n RETURN"), "2");
    assert_eq!(result_of("LOAD_CONST 2\n RANGE_BOUND\n RETURN"), "2");
}

#[test]
fn errors_of_arithmetic() {
    use ErrorKind::{Arithmetic, Type};
    for (a, op, b, kind, message) in [
        ("9223372036854775807", "ADD", "1", Arithmetic, "Integer overflow in addition"),
        ("-9223372036854775808", "SUB", "1", Arithmetic, "Integer overflow in subtraction"),
        ("9223372036854775807", "MUL", "2", Arithmetic, "Integer overflow in multiplication"),
        ("-9223372036854775808", "DIV", "-1", Arithmetic, "Integer overflow in division"),
        ("1", "DIV", "0", Arithmetic, "Division by zero"),
        ("1.0", "DIV", "0.0", Arithmetic, "Division by zero"),
        ("1.0", "DIV", "-0.0", Arithmetic, "Division by zero"),
        ("1", "MOD", "0", Arithmetic, "Modulo by zero"),
        ("1", "SUB", "\"x\"", Type, "Type error: cannot subtract INTEGER and STRING"),
    ] {
        assert_eq!(fails(a, op, b), (kind, message.to_string()), "{a} {op} {b}");
    }
    assert_eq!(
        error(&main_of("LOAD_CONST -9223372036854775808\n NEG\n RETURN")).message,
        "Integer overflow in negation"
    );
}

#[test]
fn comparisons() {
    let values = ["-1", "2", "2.0", "2.5", "nan"];
    let number = |text: &str| text.parse::<f64>().unwrap_or(f64::NAN);
    for a in values {
        for b in values {
            let (x, y) = (number(a), number(b));
            for (op, expected) in
                [("EQ", x == y), ("NEQ", x != y), ("LT", x < y), ("GT", x > y), ("LTE", x <= y), ("GTE", x >= y)]
            {
                assert_eq!(binary(a, op, b), expected.to_string(), "{a} {op} {b}");
            }
        }
    }
    assert_eq!(binary("\"a\"", "EQ", "\"a\""), "true");
    assert_eq!(binary("\"a\"", "LT", "\"b\""), "true");
    assert_eq!(binary("null", "EQ", "null"), "true");
    assert_eq!(binary("null", "NEQ", "0"), "true");
    assert_eq!(binary("true", "EQ", "1"), "false");
    // 2^53 + 1 is no float: the comparison must be exact.
    assert_eq!(binary("9007199254740993", "GT", "9007199254740992.0"), "true");
    assert_eq!(fails("1", "LT", "\"a\"").0, ErrorKind::Type);
    assert_eq!(binary("\"b\"", "IN", "\"abc\""), "true");
}

#[test]
fn logic() {
    for (a, op, b, expected) in [
        ("true", "AND", "false", "false"),
        ("true", "AND", "true", "true"),
        ("false", "OR", "true", "true"),
        ("false", "OR", "false", "false"),
        ("1", "AND", "\"\"", "false"),
        ("0", "OR", "\"x\"", "true"),
    ] {
        assert_eq!(binary(a, op, b), expected, "{a} {op} {b}");
    }
    for (value, holds) in
        [("true", true), ("false", false), ("0", false), ("0.0", false), ("\"\"", false), ("null", false), ("7", true)]
    {
        assert_eq!(result_of(&format!("LOAD_CONST {value}\n TO_BOOL\n RETURN")), holds.to_string(), "{value}");
        assert_eq!(result_of(&format!("LOAD_CONST {value}\n NOT\n RETURN")), (!holds).to_string(), "{value}");
        let branch = |op| {
            format!("LOAD_CONST {value}\n {op} yes\n LOAD_CONST \"no\"\n RETURN\nyes: LOAD_CONST \"yes\"\n RETURN")
        };
        assert_eq!(result_of(&branch("JUMP_IF_TRUE")), if holds { "yes" } else { "no" }, "{value}");
        assert_eq!(result_of(&branch("JUMP_IF_FALSE")), if holds { "no" } else { "yes" }, "{value}");
        assert_eq!(result_of(&branch("JUMP_IF_NOT_NULL")), if value == "null" { "no" } else { "yes" }, "{value}");
    }
}
