//! Methods of strings.
//!
//! Positions are counted in characters. Where a string is all ASCII they are byte positions, and nothing needs to be counted.

use super::{Row, row};
use crate::arguments::{expected, int, list, optional, quoted, string};
use crate::builtins;
use crate::context::Runtime;
use crate::error::{Error, Fault};
use crate::objects::{ElementKind, List, Str, count_chars};
use crate::value::{Tag, Value};

pub(super) static TABLE: &[Row] = &[
    row(&["len", "length", "size"], (0, 0), length, "len(): how many characters it has"),
    row(&["is_empty", "isEmpty"], (0, 0), is_empty, "is_empty(): whether it is \"\""),
    row(&["upper", "uppercase", "to_upper", "toUpperCase"], (0, 0), upper, "upper(): in upper case"),
    row(&["lower", "lowercase", "to_lower", "toLowerCase"], (0, 0), lower, "lower(): in lower case"),
    row(&["trim", "strip"], (0, 0), trim, "trim(): without white space at both ends"),
    row(&["trim_start", "trimStart"], (0, 0), trim_start, "trim_start(): without white space at the start"),
    row(&["trim_end", "trimEnd"], (0, 0), trim_end, "trim_end(): without white space at the end"),
    row(&["contains", "includes"], (1, 1), contains, "contains(part): whether part occurs in it"),
    row(&["starts_with", "startsWith"], (1, 1), starts_with, "starts_with(prefix): whether it begins with prefix"),
    row(&["ends_with", "endsWith"], (1, 1), ends_with, "ends_with(suffix): whether it ends with suffix"),
    row(&["index_of", "indexOf"], (1, 1), index_of, "index_of(part): where part first occurs; -1 when it does not"),
    row(
        &["last_index_of", "lastIndexOf"],
        (1, 1),
        last_index_of,
        "last_index_of(part): where part last occurs; -1 when it does not",
    ),
    row(
        &["slice", "substring"],
        (1, 2),
        slice,
        "slice(start[, end]): its characters from start to before end; negative ones count from the end",
    ),
    row(&["char_at", "charAt"], (1, 1), char_at, "char_at(i): its character i; null where there is none"),
    row(
        &["char_code_at", "charCodeAt"],
        (1, 1),
        builtins::char_code,
        "char_code_at(i): the code point of its character i; null where there is none",
    ),
    row(&["chars"], (0, 0), chars, "chars(): the list of its characters"),
    row(
        &["split"],
        (0, 1),
        split,
        "split([separator]): its parts; its words without a separator, its characters with an empty one",
    ),
    row(&["lines"], (0, 0), lines, "lines(): its lines"),
    row(&["join"], (1, 1), join, "join(list): the printed forms of the elements, with it between"),
    row(&["replace"], (2, 2), replace, "replace(old, new): with every old replaced by new"),
    row(&["concat"], (1, 1), concat, "concat(x): followed by the printed form of x"),
    row(&["repeat"], (1, 1), repeat, "repeat(n): n times over"),
    row(&["reverse"], (0, 0), reverse, "reverse(): its characters in reverse order"),
    row(
        &["pad_start", "padStart"],
        (1, 2),
        pad_start,
        "pad_start(width[, fill]): with fill before it up to width characters",
    ),
    row(&["pad_end", "padEnd"], (1, 2), pad_end, "pad_end(width[, fill]): with fill behind it up to width characters"),
    row(&["to_int", "toInt"], (0, 0), builtins::to_int, "to_int(): the integer it is in decimal"),
    row(&["to_float", "toFloat"], (0, 0), builtins::to_float, "to_float(): the float it is in decimal"),
    row(&["to_hex", "toHex"], (0, 0), builtins::to_hex, "to_hex(): its bytes in hexadecimal"),
    row(&["from_hex", "fromHex"], (0, 0), from_hex, "from_hex(): the text whose bytes it is in hexadecimal"),
];

fn length(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    runtime.length(arguments[0])
}

fn is_empty(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    Ok(Value::bool(string("is_empty", arguments[0])?.is_empty()))
}

/// Bytes that a character may grow to when its case changes: three characters of up to three bytes, out of at least two.
const CASE_GROWTH: usize = 3;

pub(crate) fn upper(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let text = string("uppercase", arguments[0])?;
    if text.is_ascii() {
        runtime.heap.reserve(text.len())?;
        return runtime.new_string(&text.as_str().to_ascii_uppercase());
    }
    runtime.heap.reserve(text.len().saturating_mul(CASE_GROWTH))?;
    runtime.new_string(&text.as_str().to_uppercase())
}

pub(crate) fn lower(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let text = string("lowercase", arguments[0])?;
    if text.is_ascii() {
        runtime.heap.reserve(text.len())?;
        return runtime.new_string(&text.as_str().to_ascii_lowercase());
    }
    runtime.heap.reserve(text.len().saturating_mul(CASE_GROWTH))?;
    runtime.new_string(&text.as_str().to_lowercase())
}

/// The part of `whole` that `part`, a slice of its text, is. Shares memory where that pays.
fn part_of(runtime: &mut Runtime, whole: Value, part: &str) -> Value {
    let Some(string) = whole.as_string() else { return Value::NULL };
    if let [byte @ 0..0x80] = *part.as_bytes() {
        return runtime.characters[usize::from(byte)];
    }
    if part.len() == string.len() {
        return whole;
    }
    let start = part.as_ptr() as usize - string.as_str().as_ptr() as usize;
    let chars = if string.is_ascii() { part.len() } else { count_chars(part) };
    Str::slice_bytes(&mut runtime.heap, whole, start, start + part.len(), chars)
}

pub(crate) fn trim(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let text = string("trim", arguments[0])?.as_str();
    Ok(part_of(runtime, arguments[0], text.trim()))
}

fn trim_start(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let text = string("trim_start", arguments[0])?.as_str();
    Ok(part_of(runtime, arguments[0], text.trim_start()))
}

fn trim_end(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let text = string("trim_end", arguments[0])?.as_str();
    Ok(part_of(runtime, arguments[0], text.trim_end()))
}

fn contains(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    runtime.contains(arguments[1], arguments[0]).map(Value::bool)
}

pub(crate) fn starts_with(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let (text, prefix) = (string("starts_with", arguments[0])?, string("starts_with", arguments[1])?);
    Ok(Value::bool(text.as_bytes().starts_with(prefix.as_bytes())))
}

pub(crate) fn ends_with(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let (text, suffix) = (string("ends_with", arguments[0])?, string("ends_with", arguments[1])?);
    Ok(Value::bool(text.as_bytes().ends_with(suffix.as_bytes())))
}

/// The position in characters of what was found at a byte; -1 for nothing.
fn character_position(text: &Str, found: Option<usize>) -> Value {
    Value::int(match found {
        None => -1,
        Some(at) if text.is_ascii() => at as i64,
        Some(at) => count_chars(&text.as_str()[..at]) as i64,
    })
}

pub(crate) fn index_of(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let (text, part) = (string("index_of", arguments[0])?, string("index_of", arguments[1])?);
    Ok(character_position(text, text.as_str().find(part.as_str())))
}

fn last_index_of(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let (text, part) = (string("last_index_of", arguments[0])?, string("last_index_of", arguments[1])?);
    Ok(character_position(text, text.as_str().rfind(part.as_str())))
}

pub(crate) fn slice(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    string("substring", arguments[0])?;
    runtime.slice(arguments[0], arguments[1], optional(arguments, 2))
}

fn char_at(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    runtime.index(arguments[0], arguments[1])
}

fn chars(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let text = string("chars", arguments[0])?;
    runtime.characters_of(text)
}

/// The list of these parts of a string.
fn parts_of<'t>(
    runtime: &mut Runtime,
    whole: Value,
    parts: impl Iterator<Item = &'t str> + Clone,
) -> Result<Value, Fault> {
    /// A part takes an element, the fields of a string object, and rounding up.
    const BYTES_PER_PART: usize = 16 + 32 + 16;
    let count = parts.clone().count();
    let length = whole.as_string().map_or(0, |string| string.len());
    runtime.heap.reserve(count.saturating_mul(BYTES_PER_PART).saturating_add(length))?;
    let result = List::with_capacity(&mut runtime.heap, ElementKind::Value, count)?;
    if let Some(list) = result.as_list() {
        for part in parts {
            let part = part_of(runtime, whole, part);
            list.push(&mut runtime.heap, part)?;
        }
    }
    Ok(result)
}

pub(crate) fn split(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let text = string("split", arguments[0])?;
    let separator = optional(arguments, 1);
    if separator.is_null() {
        return parts_of(runtime, arguments[0], text.as_str().split_whitespace());
    }
    let separator = string("split", separator)?;
    if separator.is_empty() {
        return runtime.characters_of(text);
    }
    match *separator.as_bytes() {
        [byte @ 0..0x80] => parts_of(runtime, arguments[0], text.as_str().split(char::from(byte))),
        _ => parts_of(runtime, arguments[0], text.as_str().split(separator.as_str())),
    }
}

fn lines(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let text = string("lines", arguments[0])?.as_str();
    parts_of(runtime, arguments[0], text.lines())
}

fn joined(runtime: &mut Runtime, elements: &List, separator: &str) -> Result<Value, Fault> {
    let mut text = String::new();
    for (index, element) in elements.iter().enumerate() {
        if index != 0 {
            text.push_str(separator);
        }
        runtime.format_into(&mut text, element)?;
    }
    runtime.new_string(&text)
}

fn join(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let (separator, elements) = (string("join", arguments[0])?, list("join", arguments[1])?);
    joined(runtime, elements, separator.as_str())
}

/// `join(list[, separator])`; also the method of lists.
pub(crate) fn join_list(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let elements = list("join", arguments[0])?;
    let separator = match optional(arguments, 1) {
        separator if separator.is_null() => "",
        separator => string("join", separator)?.as_str(),
    };
    joined(runtime, elements, separator)
}

pub(crate) fn replace(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let text = string("replace", arguments[0])?;
    let (old, new) = (string("replace", arguments[1])?, string("replace", arguments[2])?);
    let count = occurrences(text.as_bytes(), old.as_str());
    if count == 0 {
        return Ok(arguments[0]);
    }
    let removed = count.saturating_mul(old.len());
    runtime.heap.reserve((text.len() - removed).saturating_add(count.saturating_mul(new.len())))?;
    runtime.new_string(&text.as_str().replace(old.as_str(), new.as_str()))
}

/// How often a text stands in another, without overlaps. An empty one stands before every character and at the end.
fn occurrences(text: &[u8], wanted: &str) -> usize {
    match wanted.as_bytes() {
        [] => text.iter().filter(|&&byte| byte & 0xc0 != 0x80).count() + 1,
        &[byte] => memchr::memchr_iter(byte, text).count(),
        wanted => memchr::memmem::find_iter(text, wanted).count(),
    }
}

fn concat(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    runtime.add(arguments[0], arguments[1])
}

pub(crate) fn repeat(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    if !matches!(arguments[0].tag(), Tag::String | Tag::List) {
        return Err(expected("repeat", "a string or a list", arguments[0]));
    }
    let count = int("repeat", arguments[1])?;
    runtime.repeat(arguments[0], count)
}

pub(crate) fn reverse(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let text = string("reverse", arguments[0])?;
    runtime.heap.reserve(text.len())?;
    let reversed: String = text.as_str().chars().rev().collect();
    runtime.new_string(&reversed)
}

/// The padding that `text` needs to be as wide as asked.
fn padding(runtime: &mut Runtime, function: &str, arguments: &[Value]) -> Result<String, Fault> {
    let text = string(function, arguments[0])?;
    let width = usize::try_from(int(function, arguments[1])?).unwrap_or(0);
    let fill = match optional(arguments, 2) {
        fill if fill.is_null() => " ",
        fill => string(function, fill)?.as_str(),
    };
    let missing = width.saturating_sub(text.char_count());
    if missing == 0 || fill.is_empty() {
        return Ok(String::new());
    }
    const LARGEST_CHARACTER: usize = 4;
    runtime.heap.reserve(missing.saturating_mul(fill.len().min(LARGEST_CHARACTER)).saturating_add(text.len()))?;
    Ok(fill.chars().cycle().take(missing).collect())
}

fn pad_start(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let padding = padding(runtime, "pad_start", arguments)?;
    let text = string("pad_start", arguments[0])?.as_str();
    if padding.is_empty() { Ok(arguments[0]) } else { runtime.new_string(&(padding + text)) }
}

fn pad_end(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let padding = padding(runtime, "pad_end", arguments)?;
    if padding.is_empty() {
        return Ok(arguments[0]);
    }
    Str::concat(&mut runtime.heap, arguments[0], &padding)
}

fn from_hex(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let text = string("from_hex", arguments[0])?.as_str();
    let digits = text.strip_prefix("0x").unwrap_or(text).as_bytes();
    runtime.heap.reserve(digits.len() / 2)?;
    let (pairs, rest) = digits.as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let bytes: Option<Vec<u8>> =
        pairs.iter().map(|&[high, low]| Some((digit(high)? * 16 + digit(low)?) as u8)).collect();
    match bytes.filter(|_| rest.is_empty()).map(String::from_utf8) {
        Some(Ok(decoded)) => runtime.new_string(&decoded),
        _ => Err(Error::value_error(format!("Cannot convert {} from hexadecimal to text", quoted(text)))),
    }
}
