//! Literals of the text form: how values and names are written, so that reading them gives the same bits.

use std::fmt::Write;

/// Writes `text` in double quotes.
pub(super) fn quote(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if character.is_control() || is_confusing(character) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out.push('"');
}

/// Characters that are not seen or turn the text around them.
fn is_confusing(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Writes a name: bare where it reads back as one word, else in quotes.
pub(super) fn word(out: &mut String, text: &str) {
    if is_word(text) { out.push_str(text) } else { quote(out, text) }
}

/// True when `text` is one word of the text form, directives not counted.
pub(super) fn is_word(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|first| first != '.' && starts_word(first)) && characters.all(continues_word)
}

/// True for the first character of a word.
pub(super) fn starts_word(character: char) -> bool {
    character.is_ascii_alphabetic() || matches!(character, '_' | '<' | '$' | '.')
}

/// True for a further character of a word.
pub(super) fn continues_word(character: char) -> bool {
    starts_word(character) || character.is_ascii_digit() || character == '>'
}

/// Writes a float so that it reads back with the same bits and is no integer.
pub(super) fn float(out: &mut String, value: f64) {
    const NAN: u64 = f64::NAN.to_bits();
    match value.to_bits() {
        NAN => out.push_str("nan"),
        bits if value.is_nan() => {
            let _ = write!(out, "float {bits:#x}");
        }
        _ => {
            let _ = write!(out, "{value:?}");
        }
    }
}

/// A number as the text form writes it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    /// Without point and exponent, or hexadecimal.
    Int(i64),
    /// With either, or `-inf`.
    Float(f64),
}

/// Reads a number.
pub(super) fn number(text: &str) -> Option<Number> {
    if let Some(digits) = text.strip_prefix("0x") {
        return i64::from_str_radix(digits, 16).ok().map(Number::Int);
    }
    if text == "-inf" {
        return Some(Number::Float(f64::NEG_INFINITY));
    }
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return text.parse().ok().map(Number::Int);
    }
    text.bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E'))
        .then(|| text.parse().ok().map(Number::Float))
        .flatten()
}
