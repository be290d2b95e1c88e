//! Conversions between types, and their names.

use super::{Builtin, builtin};
use crate::arguments::{expected, int, optional, quoted, string};
use crate::context::Runtime;
use crate::error::{Error, Fault};
use crate::format::{LONGEST_INT, int_text, write_float};
use crate::objects::Str;
use crate::operations::element_position;
use crate::value::{Tag, Value};

pub(super) static TABLE: &[Builtin] = &[
    builtin("string", (1, 1), to_string, "string(x): the printed form of x"),
    builtin("str", (1, 1), to_string, "str(x): the printed form of x"),
    builtin("int", (1, 1), to_int, "int(x): x as an integer; floats are truncated, text is read as decimal"),
    builtin("float", (1, 1), to_float, "float(x): x as a float; text is read as decimal"),
    builtin("bool", (1, 1), to_bool, "bool(x): whether x counts as true"),
    builtin("type", (1, 1), type_of, "type(x): the name of x's type, as in Integer"),
    builtin(
        "typeof",
        (1, 1),
        typeof_of,
        "typeof(x): the name of x's type in lower case; function for all that can be called",
    ),
    builtin("to_hex", (1, 1), to_hex, "to_hex(n): n in hexadecimal, as in 0xff; of a string its bytes, as in 6162"),
    builtin("from_hex", (1, 1), from_hex, "from_hex(s): the integer that s is in hexadecimal, with or without 0x"),
    builtin("chr", (1, 1), chr, "chr(n): the character of code point n"),
    builtin("ord", (1, 1), char_code, "ord(s): the code point of the first character of s"),
    builtin(
        "char_code",
        (1, 2),
        char_code,
        "char_code(s[, i]): the code point of character i of s; null where there is none",
    ),
];

/// `string(x)`; also the method `toString`.
pub(crate) fn to_string(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let value = arguments[0];
    match value.tag() {
        Tag::String => Ok(value),
        Tag::Int => runtime.new_string(int_text(value.int_payload(), &mut [0; LONGEST_INT])),
        _ => {
            let text = runtime.format_within_limit(value)?;
            runtime.new_string(&text)
        }
    }
}

/// The integer nearest to a float in the direction of zero.
///
/// # Errors
/// When it does not fit an integer.
pub(crate) fn truncate(value: f64) -> Result<i64, Fault> {
    // 2^63 is exact as a float. No range contains NaN.
    const BOUND: f64 = 9_223_372_036_854_775_808.0;
    if (-BOUND..BOUND).contains(&value) {
        return Ok(value as i64);
    }
    let mut text = String::new();
    write_float(&mut text, value);
    Err(Error::value_error(format!("Cannot convert {text} to integer")).with_help("integers are 64 bits wide"))
}

/// The integer that `text` is, spaces around it aside.
pub(crate) fn parse_int(text: &str) -> Result<i64, Fault> {
    text.trim().parse().map_err(|_| Error::value_error(format!("Cannot convert {} to integer", quoted(text))))
}

/// The float that `text` is, spaces around it aside.
pub(crate) fn parse_float(text: &str) -> Result<f64, Fault> {
    text.trim().parse().map_err(|_| Error::value_error(format!("Cannot convert {} to float", quoted(text))))
}

#[cold]
fn not_convertible(value: Value, target: &str) -> Fault {
    Error::type_error(format!("Type error: cannot convert {} to {target}", value.type_title()))
}

/// `int(x)`; also the method `to_int`.
pub(crate) fn to_int(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let value = arguments[0];
    match value.tag() {
        Tag::Int => Ok(value),
        Tag::Float => truncate(value.float_payload()).map(Value::int),
        Tag::Bool => Ok(Value::int(value.int_payload())),
        Tag::String => parse_int(value.as_string().map_or("", Str::as_str)).map(Value::int),
        _ => Err(not_convertible(value, "integer")),
    }
}

/// `float(x)`; also the method `to_float`.
pub(crate) fn to_float(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let value = arguments[0];
    match value.tag() {
        Tag::Float => Ok(value),
        Tag::Int | Tag::Bool => Ok(Value::float(value.int_payload() as f64)),
        Tag::String => parse_float(value.as_string().map_or("", Str::as_str)).map(Value::float),
        _ => Err(not_convertible(value, "float")),
    }
}

fn to_bool(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    Ok(Value::bool(arguments[0].is_truthy()))
}

fn type_of(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let name = runtime.type_name(arguments[0]);
    runtime.new_string(name)
}

fn typeof_of(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let name = runtime.typeof_name(arguments[0]);
    runtime.new_string(name)
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// `to_hex(x)`; also the method of strings.
pub(crate) fn to_hex(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let value = arguments[0];
    if let Some(string) = value.as_string() {
        runtime.heap.reserve(string.len().saturating_mul(2))?;
        return runtime.new_string(&hex(string.as_bytes()));
    }
    let Some(number) = value.as_int() else { return Err(expected("to_hex", "an integer or a string", value)) };
    let sign = if number < 0 { "-" } else { "" };
    runtime.new_string(&format!("{sign}0x{:x}", number.unsigned_abs()))
}

fn from_hex(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let text = string("from_hex", arguments[0])?.as_str();
    let trimmed = text.trim();
    let (sign, digits) = match trimmed.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", trimmed),
    };
    let digits = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")).unwrap_or(digits);
    // The parser would accept one more sign.
    if !digits.starts_with(['+', '-'])
        && let Ok(number) = i64::from_str_radix(&format!("{sign}{digits}"), 16)
    {
        return Ok(Value::int(number));
    }
    Err(Error::value_error(format!("Cannot convert {} from hexadecimal to integer", quoted(text))))
}

fn chr(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let code = int("chr", arguments[0])?;
    match u32::try_from(code).ok().and_then(char::from_u32) {
        Some(character) => runtime.new_string(character.encode_utf8(&mut [0; 4])),
        None => Err(Error::value_error(format!("{code} is not the code point of a character"))),
    }
}

/// `char_code(s[, i])`; also the method `char_code_at`.
pub(crate) fn char_code(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let text = string("char_code", arguments[0])?;
    let index = match optional(arguments, 1) {
        given if given.is_null() => 0,
        given => int("char_code", given)?,
    };
    let Some(at) = element_position(index, text.char_count()) else { return Ok(Value::NULL) };
    let code = if text.is_ascii() {
        u32::from(text.as_bytes()[at])
    } else {
        text.as_str().chars().nth(at).map_or(0, u32::from)
    };
    Ok(Value::int(i64::from(code)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truncation_stops_where_integers_end() {
        for (value, expected) in
            [(3.9, 3), (-3.9, -3), (-0.0, 0), (9_223_372_036_854_774_784.0, 9_223_372_036_854_774_784)]
        {
            assert_eq!(truncate(value).ok(), Some(expected), "{value}");
        }
        assert_eq!(truncate(-9_223_372_036_854_775_808.0).ok(), Some(i64::MIN));
        for value in
            [9_223_372_036_854_775_808.0, -9_223_372_036_854_777_856.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN]
        {
            assert!(truncate(value).is_err(), "{value}");
        }
    }

    #[test]
    fn text_is_read_as_decimal() {
        assert_eq!(parse_int(" 5 ").ok(), Some(5));
        assert_eq!(parse_int("-9223372036854775808").ok(), Some(i64::MIN));
        for text in ["", "abc", "1.5", "0x10", "9223372036854775808", "1 2"] {
            assert!(parse_int(text).is_err(), "{text}");
        }
        assert_eq!(parse_float("1e3").ok(), Some(1000.0));
        assert_eq!(parse_float(" -.5 ").ok(), Some(-0.5));
        assert!(parse_float("1,5").is_err());
    }

    #[test]
    fn bytes_become_two_digits_each() {
        assert_eq!(hex(&[0, 1, 0x7f, 0xff]), "00017fff");
    }
}
