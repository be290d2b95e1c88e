//! What loops walk: counted ranges and collections.

use crate::context::Runtime;
use crate::error::{Error, Fault};
use crate::objects::{List, Str};
use crate::value::{Tag, Value};

impl Runtime {
    /// A bound of `range()`: an integer as it is, a float truncated.
    pub fn range_bound(&mut self, value: Value) -> Result<Value, Fault> {
        match value.tag() {
            Tag::Int => Ok(value),
            // Casts saturate, and a range that long never ends anyway.
            Tag::Float => Ok(Value::int(value.float_payload() as i64)),
            _ => Err(Error::type_error(format!("Type error: range() expects numbers, not {}", value.type_title()))),
        }
    }

    /// Whether counting from `start` to `end` by `step` takes a step.
    pub fn range_begins(&mut self, start: Value, end: Value, step: Value) -> Result<bool, Fault> {
        let (Some(start), Some(end), Some(step)) = (start.as_int(), end.as_int(), step.as_int()) else {
            return Err(Error::type_error("Type error: range() expects numbers"));
        };
        match step {
            0 => Err(Error::value_error("range() step must not be zero")),
            1.. => Ok(start < end),
            _ => Ok(start > end),
        }
    }

    /// The next number of a counted loop, if there is one.
    #[inline]
    pub fn range_next(current: i64, end: i64, step: i64) -> Option<i64> {
        let next = current.checked_add(step)?;
        (if step > 0 { next < end } else { next > end }).then_some(next)
    }

    /// What a loop over `value` walks: lists, maps and ASCII strings as they are, other strings as the list of their characters.
    pub fn iter_prepare(&mut self, value: Value) -> Result<Value, Fault> {
        match value.tag() {
            Tag::List | Tag::Map => Ok(value),
            Tag::StateMap => self.plain(value),
            Tag::String => match value.as_string() {
                Some(string) if !string.is_ascii() => self.characters_of(string),
                _ => Ok(value),
            },
            _ => Err(Error::type_error(format!("Type error: cannot iterate over {}", value.type_title()))
                .with_help("loops walk lists, maps and strings")),
        }
    }

    /// The list of a string's characters.
    pub fn characters_of(&mut self, string: &Str) -> Result<Value, Fault> {
        self.heap.reserve(string.char_count() * 48)?;
        let result = List::create(&mut self.heap);
        if let Some(list) = result.as_list() {
            for character in string.as_str().chars() {
                let text = self.new_string(character.encode_utf8(&mut [0; 4]))?;
                list.push(&mut self.heap, text)?;
            }
        }
        Ok(result)
    }

    /// The element at `position` or the next one after it, and the position behind it. Of a map: the key. `pair` asks for the
    /// first of two loop variables: of a list or string the index.
    #[inline]
    pub fn iter_next(&mut self, collection: Value, position: Value, pair: bool) -> Option<(Value, Value)> {
        let at = position.int_payload() as usize;
        if let Some(list) = collection.as_list() {
            let element = list.get(at)?;
            return Some((if pair { position } else { element }, Value::int(at as i64 + 1)));
        }
        if let Some(map) = collection.as_map() {
            let mut at = at;
            while at < map.end() {
                if let Some((key, _)) = map.entry_at(at) {
                    return Some((key, Value::int(at as i64 + 1)));
                }
                at += 1;
            }
            return None;
        }
        let string = collection.as_string()?;
        let &byte = string.as_bytes().get(at)?;
        let character = *self.characters.get(usize::from(byte))?;
        Some((if pair { position } else { character }, Value::int(at as i64 + 1)))
    }

    /// The element or map value that the last step of a loop with two variables visited; `position` is the one behind it.
    pub fn iter_value(&mut self, collection: Value, position: Value) -> Value {
        let at = position.int_payload().wrapping_sub(1) as usize;
        if let Some(list) = collection.as_list() {
            return list.get(at).unwrap_or(Value::NULL);
        }
        if let Some(map) = collection.as_map() {
            return map.entry_at(at).map_or(Value::NULL, |(_, value)| value);
        }
        let byte = collection.as_string().and_then(|string| string.as_bytes().get(at).copied());
        byte.and_then(|byte| self.characters.get(usize::from(byte)).copied()).unwrap_or(Value::NULL)
    }
}
