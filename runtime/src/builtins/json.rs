//! JSON.
//!
//! Reading is strict (RFC 8259) and, like writing, keeps the open containers in a list of its own, so nesting costs no native stack.
//! Whole numbers become integers, all others floats; numbers that fit neither are errors.

use std::borrow::Cow;

use super::{Builtin, builtin};
use crate::arguments::string;
use crate::context::Runtime;
use crate::error::{Error, Fault};
use crate::objects::{List, Map, MapKind};
use crate::value::Value;

pub(super) static TABLE: &[Builtin] = &[
    builtin("json_parse", (1, 1), parse, "json_parse(text): the value that JSON text stands for"),
    builtin(
        "json_stringify",
        (1, 1),
        stringify,
        "json_stringify(x): x as JSON; an error for functions, cycles, nan and inf",
    ),
    builtin("parse_json", (1, 1), parse, "parse_json(text): json_parse(text)"),
    builtin("stringify_json", (1, 1), stringify, "stringify_json(x): json_stringify(x)"),
];

fn parse(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    read(runtime, string("json_parse", arguments[0])?.as_str())
}

/// `json_stringify(x)`; also the method `toJSON`.
pub(crate) fn stringify(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let text = runtime.format_json(arguments[0])?;
    runtime.new_string(&text)
}

/// The value that JSON text stands for.
pub(super) fn read(runtime: &mut Runtime, text: &str) -> Result<Value, Fault> {
    Reader { runtime, text, at: 0 }.document()
}

/// A container whose end was not read yet.
enum Open {
    List(Value),
    /// A map and the key of the value being read.
    Map(Value, Value),
}

struct Reader<'r, 't> {
    runtime: &'r mut Runtime,
    text: &'t str,
    at: usize,
}

/// Bytes of an empty list or map.
const EMPTY_CONTAINER: usize = 64;

impl<'t> Reader<'_, 't> {
    fn document(&mut self) -> Result<Value, Fault> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            // A value begins here. A container that does not end at once begins another one inside.
            let mut value = match self.next_byte() {
                Some(b'[') => {
                    self.at += 1;
                    self.runtime.heap.reserve(EMPTY_CONTAINER)?;
                    let list = List::create(&mut self.runtime.heap);
                    if !self.take(b']') {
                        open.push(Open::List(list));
                        continue;
                    }
                    list
                }
                Some(b'{') => {
                    self.at += 1;
                    self.runtime.heap.reserve(EMPTY_CONTAINER)?;
                    let map = Map::create(&mut self.runtime.heap, MapKind::Plain);
                    if !self.take(b'}') {
                        let key = self.key()?;
                        open.push(Open::Map(map, key));
                        continue;
                    }
                    map
                }
                _ => self.scalar()?,
            };
            // The value has ended, and perhaps the containers around it end with it.
            loop {
                match open.last_mut() {
                    None => {
                        return if self.next_byte().is_none() {
                            Ok(value)
                        } else {
                            Err(self.error("expected the end of the text"))
                        };
                    }
                    Some(&mut Open::List(list)) => {
                        if let Some(list) = list.as_list() {
                            list.push(&mut self.runtime.heap, value)?;
                        }
                        if self.take(b',') {
                            break;
                        }
                        self.expect(b']', "',' or ']'")?;
                        value = list;
                    }
                    Some(Open::Map(map, key)) => {
                        self.runtime.set_key(*map, *key, value)?;
                        if self.take(b',') {
                            *key = self.key()?;
                            break;
                        }
                        self.expect(b'}', "',' or '}'")?;
                        value = *map;
                    }
                }
                open.pop();
            }
        }
    }

    #[cold]
    fn error(&self, problem: &str) -> Fault {
        let before = &self.text.as_bytes()[..self.at];
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        let line_start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
        let column = String::from_utf8_lossy(&before[line_start..]).chars().count() + 1;
        Error::value_error(format!("JSON error: {problem} at line {line}, column {column}"))
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is not white space.
    fn next_byte(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
        self.peek()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.next_byte() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8, what: &str) -> Result<(), Fault> {
        if self.take(byte) { Ok(()) } else { Err(self.error(&format!("expected {what}"))) }
    }

    /// The key of an entry and the colon behind it. A key that the program has as a name becomes that name's object, which access
    /// sites recognise by its address.
    fn key(&mut self) -> Result<Value, Fault> {
        self.expect(b'"', "a key in double quotes")?;
        let text = self.string_text()?;
        let key = match self.runtime.program.name_indices.get(&*text) {
            Some(&name) => self.runtime.names[name as usize],
            None => self.runtime.new_string(&text)?,
        };
        self.expect(b':', "':'")?;
        Ok(key)
    }

    fn scalar(&mut self) -> Result<Value, Fault> {
        const WORDS: [(&str, Value); 3] = [("true", Value::TRUE), ("false", Value::FALSE), ("null", Value::NULL)];
        match self.peek() {
            Some(b'"') => {
                self.at += 1;
                let text = self.string_text()?;
                self.runtime.new_string(&text)
            }
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => {
                let rest = &self.text[self.at..];
                match WORDS.into_iter().find(|(word, _)| rest.starts_with(word)) {
                    Some((word, value)) => {
                        self.at += word.len();
                        Ok(value)
                    }
                    None => Err(self.error("expected a value")),
                }
            }
        }
    }

    fn digits(&mut self) -> Result<(), Fault> {
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return Err(self.error("expected a digit"));
        }
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Value, Fault> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        let mut is_whole = true;
        if self.peek() == Some(b'.') {
            is_whole = false;
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            is_whole = false;
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        let text = &self.text[start..self.at];
        let value = if is_whole {
            text.parse().ok().map(Value::int)
        } else {
            text.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::float)
        };
        value.ok_or_else(|| {
            self.at = start;
            self.error("the number is too large")
        })
    }

    /// The text up to the closing quote, escapes replaced.
    fn string_text(&mut self) -> Result<Cow<'t, str>, Fault> {
        let text = self.text;
        let mut unescaped = String::new();
        loop {
            // Quotes, backslashes and control characters are ASCII, so pieces begin and end between characters.
            let rest = &text[self.at..];
            let Some(plain) = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)) else {
                self.at = text.len();
                return Err(self.error("expected '\"'"));
            };
            let piece = &rest[..plain];
            self.at += plain + 1;
            match rest.as_bytes()[plain] {
                b'"' if unescaped.is_empty() => return Ok(Cow::Borrowed(piece)),
                b'"' => return Ok(Cow::Owned(unescaped + piece)),
                b'\\' => {
                    unescaped.push_str(piece);
                    let character = self.escape()?;
                    unescaped.push(character);
                }
                _ => {
                    self.at -= 1;
                    return Err(self.error("control characters in strings must be escaped"));
                }
            }
        }
    }

    /// The character that the rest of an escape stands for.
    fn escape(&mut self) -> Result<char, Fault> {
        let kind = self.peek();
        self.at += 1;
        Ok(match kind {
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'u') => {
                let first = self.code_unit()?;
                let units = if (0xd800..0xdc00).contains(&first) && self.text[self.at..].starts_with("\\u") {
                    self.at += 2;
                    [first, self.code_unit()?]
                } else {
                    [first, 0]
                };
                let count = if units[1] == 0 { 1 } else { 2 };
                match char::decode_utf16(units.into_iter().take(count)).next() {
                    Some(Ok(character)) => character,
                    _ => return Err(self.error("a surrogate without its other half")),
                }
            }
            _ => {
                self.at -= 1;
                return Err(self.error("expected an escape"));
            }
        })
    }

    /// Four hexadecimal digits.
    fn code_unit(&mut self) -> Result<u16, Fault> {
        let digits =
            self.text.get(self.at..self.at + 4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match digits.and_then(|digits| u16::from_str_radix(digits, 16).ok()) {
            Some(unit) => {
                self.at += 4;
                Ok(unit)
            }
            None => Err(self.error("expected four hexadecimal digits")),
        }
    }
}
