//! What builtins and methods of the runtime ask of their arguments, with the errors for arguments that are something else.

use crate::error::{Error, ErrorKind, Fault};
use crate::objects::{List, Map, MapKind, Str};
use crate::value::Value;

/// The error of a function that got a `value` where it takes only `what`.
#[cold]
pub(crate) fn expected(function: &str, what: &str, value: Value) -> Fault {
    Error::type_error(format!("Type error: {function}() expects {what}, not {}", value.type_title()))
}

/// The error for a whole number that does not fit the 64 bits of integers.
#[cold]
pub(crate) fn overflow(operation: &str) -> Fault {
    Error::new(ErrorKind::Arithmetic, format!("Integer overflow in {operation}"))
        .with_help("integers are 64 bits wide; use floats for larger magnitudes")
}

/// A list.
#[inline]
pub(crate) fn list<'h>(function: &str, value: Value) -> Result<&'h mut List, Fault> {
    value.as_list().ok_or_else(|| expected(function, "a list", value))
}

/// A map.
#[inline]
pub(crate) fn map<'h>(function: &str, value: Value) -> Result<&'h mut Map, Fault> {
    value.as_map().ok_or_else(|| expected(function, "a map", value))
}

/// A map that may be changed.
#[inline]
pub(crate) fn plain_map<'h>(function: &str, value: Value) -> Result<&'h mut Map, Fault> {
    let map = map(function, value)?;
    if map.kind() == MapKind::Enum {
        return Err(Error::type_error("Type error: the members of an enum cannot be changed"));
    }
    Ok(map)
}

/// A string.
#[inline]
pub(crate) fn string<'h>(function: &str, value: Value) -> Result<&'h Str, Fault> {
    value.as_string().ok_or_else(|| expected(function, "a string", value))
}

/// An integer.
#[inline]
pub(crate) fn int(function: &str, value: Value) -> Result<i64, Fault> {
    value.as_int().ok_or_else(|| expected(function, "an integer", value))
}

/// A number as a float.
#[inline]
pub(crate) fn number(function: &str, value: Value) -> Result<f64, Fault> {
    value.as_number().ok_or_else(|| expected(function, "a number", value))
}

/// An optional argument: null where it was left out.
#[inline]
pub(crate) fn optional(arguments: &[Value], index: usize) -> Value {
    arguments.get(index).copied().unwrap_or(Value::NULL)
}

/// Text as it stands in an error message: in quotes, and cut short.
#[cold]
pub(crate) fn quoted(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        None => format!("'{text}'"),
        Some((end, _)) => format!("'{}…'", &text[..end]),
    }
}
