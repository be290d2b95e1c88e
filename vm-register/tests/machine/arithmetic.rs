//! Arithmetic and comparisons, all operand forms, all kinds of operands.

use crate::common::{main_fails, main_gives};

/// `a OP b` with both in registers, and where there are such forms with one as constant or small integer.
#[track_caller]
fn binary(op: &str, a: &str, b: &str, expected: &str) {
    let forms = forms(op, a, b);
    for form in forms {
        main_gives(3, &form, expected);
    }
}

#[track_caller]
fn binary_fails(op: &str, a: &str, b: &str, expected: &str) {
    for form in forms(op, a, b) {
        main_fails(3, &form, expected);
    }
}

fn forms(op: &str, a: &str, b: &str) -> Vec<String> {
    let load = |register: &str, value: &str| format!("LOAD_REG {register}, {value}\n");
    let both = load("r1", a) + &load("r2", b);
    let mut forms = vec![
        format!("{both}{op}_REG r0, r1, r2\nRETURN_REG r0"),
        // The result may go where an operand is.
        format!("{both}{op}_REG r1, r1, r2\nRETURN_REG r1"),
        format!("{both}{op}_REG r2, r1, r2\nRETURN_REG r2"),
    ];
    if matches!(op, "ADD" | "SUB" | "MUL" | "DIV" | "MOD") {
        forms.push(format!("{}{op}_CONST r0, r1, {b}\nRETURN_REG r0", load("r1", a)));
        if b.parse::<i16>().is_ok() {
            forms.push(format!("{}{op}_INT r1, r1, {b}\nRETURN_REG r1", load("r1", a)));
        }
    }
    if matches!(op, "ADD" | "SUB" | "MUL" | "DIV") {
        forms.push(format!("{}CONST_{op} r2, {a}, r2\nRETURN_REG r2", load("r2", b)));
    }
    forms
}

#[test]
fn integers() {
    binary("ADD", "2", "3", "5");
    binary("ADD", "-2", "-30000", "-30002");
    binary("SUB", "2", "3", "-1");
    binary("MUL", "-4", "3", "-12");
    binary("MUL", "4000000000", "2000000000", "8000000000000000000");
    binary("DIV", "7", "2", "3");
    binary("POW", "3", "4", "81");
    binary("POW", "2", "-1", "0.5");
}

#[test]
fn division_is_floored() {
    for (a, b, quotient, remainder) in [
        ("7", "2", "3", "1"),
        ("-7", "2", "-4", "1"),
        ("7", "-2", "-4", "-1"),
        ("-7", "-2", "3", "-1"),
        ("6", "-3", "-2", "0"),
        ("-6", "3", "-2", "0"),
        ("0", "-5", "0", "0"),
        ("5", "-1", "-5", "0"),
        ("-9223372036854775808", "2", "-4611686018427387904", "0"),
        ("-9223372036854775808", "7", "-1317624576693539402", "6"),
        ("9223372036854775807", "-9223372036854775808", "-1", "-1"),
    ] {
        binary("DIV", a, b, quotient);
        binary("MOD", a, b, remainder);
    }
    binary("MOD", "-9223372036854775808", "-1", "0");
}

#[test]
fn integers_do_not_wrap() {
    binary_fails("ADD", "9223372036854775807", "1", "arithmetic: Integer overflow in addition");
    binary_fails("SUB", "-9223372036854775808", "1", "arithmetic: Integer overflow in subtraction");
    binary_fails("MUL", "4611686018427387904", "2", "arithmetic: Integer overflow in multiplication");
    binary_fails("DIV", "-9223372036854775808", "-1", "arithmetic: Integer overflow in division");
    binary_fails("POW", "2", "63", "arithmetic: Integer overflow in exponentiation");
    binary_fails("DIV", "1", "0", "arithmetic: Division by zero");
    binary_fails("MOD", "1", "0", "arithmetic: Modulo by zero");
    main_fails(
        2,
        "LOAD_REG r0, -9223372036854775808\nNEG_REG r1, r0\nRETURN_REG r1",
        "arithmetic: Integer overflow in negation",
    );
}

#[test]
fn floats_and_mixtures() {
    binary("ADD", "0.1", "0.2", "0.30000000000000004");
    binary("ADD", "1", "0.5", "1.5");
    binary("ADD", "0.5", "1", "1.5");
    binary("SUB", "0.5", "1", "-0.5");
    binary("SUB", "1", "0.5", "0.5");
    binary("MUL", "2", "0.25", "0.5");
    binary("MUL", "0.25", "-3", "-0.75");
    binary("DIV", "1", "4.0", "0.25");
    binary("DIV", "1.0", "4", "0.25");
    binary("DIV", "7.0", "2.0", "3.5");
    binary("MOD", "-7.5", "2", "0.5");
    binary("MOD", "7.5", "-2.0", "-0.5");
    binary("POW", "2.0", "3", "8.0");
    binary("ADD", "9007199254740993", "0.0", "9007199254740992.0");
    for zero in ["0", "0.0", "-0.0"] {
        binary_fails("DIV", "1.5", zero, "arithmetic: Division by zero");
        binary_fails("MOD", "1.5", zero, "arithmetic: Modulo by zero");
    }
    main_gives(2, "LOAD_REG r0, 2.5\nNEG_REG r1, r0\nRETURN_REG r1", "-2.5");
    main_gives(2, "LOAD_REG r0, 3\nNEG_REG r0, r0\nRETURN_REG r0", "-3");
}

#[test]
fn strings_and_lists() {
    binary("ADD", "\"n=\"", "5", "n=5");
    binary("ADD", "5", "\" apples\"", "5 apples");
    binary("ADD", "\"a\"", "\"b\"", "ab");
    binary("MUL", "\"ab\"", "3", "ababab");
    binary("MUL", "2", "\"ab\"", "abab");
    binary_fails("SUB", "\"a\"", "1", "type: Type error: cannot subtract STRING and INTEGER");
    binary_fails("ADD", "1", "true", "type: Type error: cannot add INTEGER and BOOLEAN");
    binary_fails("MUL", "null", "1.5", "type: Type error: cannot multiply NULL and FLOAT");
    main_gives(
        4,
        "LOAD_REG r0, 1\nBUILD_LIST_REG r0, 1\nMOV_REG r1, r0\nADD_REG r2, r0, r1\nMUL_INT r2, r2, 2\nRETURN_REG r2",
        "[1, 1, 1, 1]",
    );
    main_fails(1, "LOAD_REG r0, \"x\"\nNEG_REG r0, r0\nRETURN_REG r0", "type: Unknown operator: -STRING");
}

#[test]
fn comparisons() {
    let table = [
        // a, b, <, >, <=, >=, ==
        ("1", "2", [true, false, true, false, false]),
        ("2", "2", [false, false, true, true, true]),
        ("1.5", "2.5", [true, false, true, false, false]),
        ("1", "1.0", [false, false, true, true, true]),
        ("1", "1.5", [true, false, true, false, false]),
        ("-1", "-1.5", [false, true, false, true, false]),
        // Not equal, although they are as floats.
        ("9007199254740993", "9007199254740992.0", [false, true, false, true, false]),
        ("nan", "1.0", [false, false, false, false, false]),
        ("1", "nan", [false, false, false, false, false]),
        ("nan", "nan", [false, false, false, false, false]),
        ("\"a\"", "\"b\"", [true, false, true, false, false]),
        ("\"b\"", "\"b\"", [false, false, true, true, true]),
    ];
    for (a, b, [lt, gt, lte, gte, eq]) in table {
        for (op, expected) in [("LT", lt), ("GT", gt), ("LTE", lte), ("GTE", gte), ("EQ", eq), ("NEQ", !eq)] {
            binary(op, a, b, &expected.to_string());
        }
    }
    for (a, b, equal) in [
        ("null", "null", true),
        ("true", "true", true),
        ("true", "1", false),
        ("null", "0", false),
        ("\"1\"", "1", false),
    ] {
        binary("EQ", a, b, &equal.to_string());
        binary("NEQ", a, b, &(!equal).to_string());
    }
    binary_fails("LT", "1", "\"a\"", "type: Type error: cannot compare INTEGER < STRING");
    binary_fails("GTE", "null", "null", "type: Type error: cannot compare NULL >= NULL");
}

#[test]
fn truth() {
    for (value, truth) in [
        ("true", true),
        ("false", false),
        ("null", false),
        ("0", false),
        ("7", true),
        ("0.0", false),
        ("0.5", true),
        ("\"\"", false),
        ("\"a\"", true),
        ("builtin len", true),
    ] {
        main_gives(2, &format!("LOAD_REG r1, {value}\nTO_BOOL_REG r0, r1\nRETURN_REG r0"), &truth.to_string());
        main_gives(2, &format!("LOAD_REG r1, {value}\nNOT_REG r1, r1\nRETURN_REG r1"), &(!truth).to_string());
        for other in [true, false] {
            let load = format!("LOAD_REG r1, {value}\nLOAD_REG r2, {other}\n");
            main_gives(3, &format!("{load}AND_REG r0, r1, r2\nRETURN_REG r0"), &(truth && other).to_string());
            main_gives(3, &format!("{load}OR_REG r0, r2, r1\nRETURN_REG r0"), &(truth || other).to_string());
        }
    }
}

#[test]
fn contains() {
    let list = "LOAD_REG r1, 1\nLOAD_REG r2, \"x\"\nBUILD_LIST_REG r1, 2\nLOAD_REG r2, \"x\"\n";
    main_gives(3, &format!("{list}IN_REG r0, r2, r1\nRETURN_REG r0"), "true");
    main_gives(3, "LOAD_REG r1, \"el\"\nLOAD_REG r2, \"hello\"\nIN_REG r0, r1, r2\nRETURN_REG r0", "true");
    main_fails(
        3,
        "LOAD_REG r1, 1\nLOAD_REG r2, \"hello\"\nIN_REG r0, r1, r2\nRETURN_REG r0",
        "type: Type error: a STRING cannot contain INTEGER",
    );
}
