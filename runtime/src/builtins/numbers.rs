//! Arithmetic functions.

use std::cmp::Ordering;

use super::convert::truncate;
use super::{Builtin, at_least, builtin};
use crate::arguments::{expected, int, list, number, overflow};
use crate::context::Runtime;
use crate::error::{Error, ErrorKind, Fault};
use crate::value::{Tag, Value};

pub(super) static TABLE: &[Builtin] = &[
    builtin("abs", (1, 1), abs, "abs(x): the magnitude of x"),
    builtin("sqrt", (1, 1), sqrt, "sqrt(x): the square root of x, a float; an error below 0"),
    builtin("pow", (2, 2), pow, "pow(a, b): a ** b"),
    builtin("min", at_least(1), min, "min(a, b, …) or min(list): the least; null of an empty list"),
    builtin("max", at_least(1), max, "max(a, b, …) or max(list): the greatest; null of an empty list"),
    builtin("sum", (1, 1), sum, "sum(list): the sum of its numbers; 0 of an empty list"),
    builtin("floor", (1, 1), floor, "floor(x): the greatest integer not above x"),
    builtin("ceil", (1, 1), ceil, "ceil(x): the least integer not below x"),
    builtin(
        "round",
        (1, 2),
        round,
        "round(x[, digits]): the nearest integer, the even one of two; with digits, a float with so many decimal places",
    ),
    builtin("exp", (1, 1), exp, "exp(x): e to the power of x"),
    builtin(
        "log",
        (1, 2),
        log,
        "log(x[, base]): the logarithm of x, the natural one without a base; an error at 0 and below",
    ),
    builtin("log2", (1, 1), log2, "log2(x): the logarithm of x to base 2"),
    builtin("log10", (1, 1), log10, "log10(x): the logarithm of x to base 10"),
    builtin("sin", (1, 1), sin, "sin(x): the sine of x radians"),
    builtin("cos", (1, 1), cos, "cos(x): the cosine of x radians"),
    builtin("tan", (1, 1), tan, "tan(x): the tangent of x radians"),
    builtin("asin", (1, 1), asin, "asin(x): the angle whose sine is x; an error outside -1 to 1"),
    builtin("acos", (1, 1), acos, "acos(x): the angle whose cosine is x; an error outside -1 to 1"),
    builtin("atan", (1, 1), atan, "atan(x): the angle whose tangent is x"),
    builtin("atan2", (2, 2), atan2, "atan2(y, x): the angle of the point (x, y)"),
    builtin("math_abs", (1, 1), abs, "math_abs(x): abs(x)"),
];

fn abs(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    match arguments[0].tag() {
        Tag::Int => arguments[0].int_payload().checked_abs().map(Value::int).ok_or_else(|| overflow("abs()")),
        Tag::Float => Ok(Value::float(arguments[0].float_payload().abs())),
        _ => Err(expected("abs", "a number", arguments[0])),
    }
}

fn pow(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    runtime.power(arguments[0], arguments[1])
}

#[cold]
fn outside_domain(function: &str, requirement: &str) -> Fault {
    Error::new(ErrorKind::Arithmetic, format!("{function}() is defined only for {requirement}"))
}

/// A function of one number, defined where `domain` holds; a NaN stays one.
fn real(
    function: &str,
    value: Value,
    domain: fn(f64) -> bool,
    requirement: &str,
    code: fn(f64) -> f64,
) -> Result<Value, Fault> {
    let x = number(function, value)?;
    if domain(x) || x.is_nan() { Ok(Value::float(code(x))) } else { Err(outside_domain(function, requirement)) }
}

fn sqrt(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    real("sqrt", arguments[0], |x| x >= 0.0, "numbers from 0 on", f64::sqrt)
}

fn exp(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    real("exp", arguments[0], |_| true, "", f64::exp)
}

fn log(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let Some(&base) = arguments.get(1) else { return logarithm("log", arguments[0], f64::ln) };
    let base = number("log", base)?;
    if base <= 0.0 || base == 1.0 {
        return Err(outside_domain("log", "bases above 0 other than 1"));
    }
    let x = number("log", arguments[0])?;
    if x <= 0.0 {
        return Err(outside_domain("log", "numbers above 0"));
    }
    Ok(Value::float(x.log(base)))
}

fn logarithm(function: &str, value: Value, code: fn(f64) -> f64) -> Result<Value, Fault> {
    real(function, value, |x| x > 0.0, "numbers above 0", code)
}

fn log2(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    logarithm("log2", arguments[0], f64::log2)
}

fn log10(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    logarithm("log10", arguments[0], f64::log10)
}

fn sin(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    real("sin", arguments[0], f64::is_finite, "finite numbers", f64::sin)
}

fn cos(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    real("cos", arguments[0], f64::is_finite, "finite numbers", f64::cos)
}

fn tan(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    real("tan", arguments[0], f64::is_finite, "finite numbers", f64::tan)
}

fn asin(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    real("asin", arguments[0], |x| x.abs() <= 1.0, "numbers from -1 to 1", f64::asin)
}

fn acos(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    real("acos", arguments[0], |x| x.abs() <= 1.0, "numbers from -1 to 1", f64::acos)
}

fn atan(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    real("atan", arguments[0], |_| true, "", f64::atan)
}

fn atan2(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    Ok(Value::float(number("atan2", arguments[0])?.atan2(number("atan2", arguments[1])?)))
}

/// A number made whole: integers are, floats by `code`.
fn whole(function: &str, value: Value, code: fn(f64) -> f64) -> Result<Value, Fault> {
    match value.tag() {
        Tag::Int => Ok(value),
        Tag::Float => truncate(code(value.float_payload())).map(Value::int),
        _ => Err(expected(function, "a number", value)),
    }
}

fn floor(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    whole("floor", arguments[0], f64::floor)
}

fn ceil(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    whole("ceil", arguments[0], f64::ceil)
}

fn round(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    match arguments.get(1) {
        None => whole("round", arguments[0], f64::round_ties_even),
        Some(&digits) => {
            let digits = int("round", digits)?;
            number("round", arguments[0]).map(|x| Value::float(round_to(x, digits)))
        }
    }
}

/// `x` rounded to so many decimal places, judged by its exact value; ties go to the even digit.
fn round_to(x: f64, digits: i64) -> f64 {
    /// No float has more decimal places than this.
    const MOST_PLACES: i64 = 1074;
    /// Every float is below half of ten to this power.
    const MOST_ZEROES: i64 = 309;
    if !x.is_finite() || digits > MOST_PLACES {
        return x;
    }
    if digits < -MOST_ZEROES {
        return 0.0_f64.copysign(x);
    }
    if digits >= 0 {
        // Formatting rounds the exact value, which no multiplication by a power of ten would.
        return format!("{x:.*}", digits as usize).parse().unwrap_or(x);
    }
    let unit = 10_f64.powi(-digits as i32);
    let rounded = (x / unit).round_ties_even() * unit;
    if rounded.is_nan() { 0.0_f64.copysign(x) } else { rounded }
}

/// `min(a, b, …)`; also the method of lists.
pub(crate) fn min(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    extreme(runtime, "min", arguments, Ordering::Less)
}

/// `max(a, b, …)`; also the method of lists.
pub(crate) fn max(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    extreme(runtime, "max", arguments, Ordering::Greater)
}

/// The first of the values that no other one is `wanted` than.
fn extreme(runtime: &mut Runtime, function: &str, arguments: &[Value], wanted: Ordering) -> Result<Value, Fault> {
    if let [only] = arguments {
        let list = list(function, *only)?;
        if let Some(numbers) = list.as_ints() {
            let found = if wanted == Ordering::Less { numbers.iter().min() } else { numbers.iter().max() };
            return Ok(found.map_or(Value::NULL, |&number| Value::int(number)));
        }
        return best(runtime, list.iter(), wanted);
    }
    best(runtime, arguments.iter().copied(), wanted)
}

fn best(runtime: &mut Runtime, mut values: impl Iterator<Item = Value>, wanted: Ordering) -> Result<Value, Fault> {
    let Some(mut best) = values.next() else { return Ok(Value::NULL) };
    for value in values {
        if runtime.order(value, best)? == wanted {
            best = value;
        }
    }
    Ok(best)
}

/// `sum(list)`; also the method.
pub(crate) fn sum(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let list = list("sum", arguments[0])?;
    if let Some(numbers) = list.as_ints() {
        let sum = numbers.iter().try_fold(0_i64, |sum, &number| sum.checked_add(number));
        return sum.map(Value::int).ok_or_else(|| overflow("addition"));
    }
    let mut sum = Value::int(0);
    for value in list.iter() {
        if value.as_number().is_none() {
            return Err(expected("sum", "numbers", value));
        }
        sum = runtime.add(sum, value)?;
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_judges_the_exact_value() {
        // What Python's round() gives.
        for (x, digits, expected) in [
            (2.675, 2, 2.67),
            (0.25, 1, 0.2),
            (0.35, 1, 0.3),
            (0.5, 0, 0.0),
            (1.5, 0, 2.0),
            (2.5, 0, 2.0),
            (-2.5, 0, -2.0),
            (1.005, 2, 1.0),
            (123.456, 1, 123.5),
            (1e300, 5, 1e300),
            (1234.5, -2, 1200.0),
            (1250.0, -2, 1200.0),
            (1350.0, -2, 1400.0),
            (5e-324, 1074, 5e-324),
            (1e308, -309, 0.0),
            (1.7, i64::MAX, 1.7),
            (1.7, i64::MIN, 0.0),
        ] {
            assert_eq!(round_to(x, digits), expected, "round({x}, {digits})");
        }
        assert!(round_to(f64::NAN, 2).is_nan());
        assert_eq!(round_to(f64::INFINITY, 2), f64::INFINITY);
    }
}
