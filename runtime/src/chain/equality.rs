//! Truth and equality of maps that are in the state. They are those of other maps, but a handle has to ask the ledger.
//!
//! Neither can fail, so neither may make anything on the heap: what is kept encoded is compared as it is read.

use fxhash::FxHashMap;

use crate::canonical::{Item, MapOrder, Reader};
use crate::context::Runtime;
use crate::host::{Key, Slot, Stored};
use crate::objects::{Map, MapKind};
use crate::operations::equals;
use crate::value::{Tag, Value};

/// Something to compare: a value, or what the ledger has of one.
#[derive(Clone, Copy)]
enum Side<'s> {
    Value(Value),
    Text(&'s str),
    Encoded(&'s [u8]),
}

impl<'s> Side<'s> {
    /// What is kept outside of maps that have their entries in slots of their own.
    fn of(stored: &'s Stored) -> Self {
        match stored {
            Stored::String(text) => Self::Text(text),
            Stored::Encoded(bytes) => Self::Encoded(bytes),
            simple => Self::Value(simple.immediate().unwrap_or(Value::NULL)),
        }
    }

    fn text(self) -> Option<&'s str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Value(value) => value.as_string().map(|string| string.as_str()),
            Self::Encoded(_) => None,
        }
    }
}

/// The next item of an encoding as something to compare. The ledger has well-formed encodings only.
fn next<'s>(reader: &mut Reader<'s>) -> Option<Side<'s>> {
    let bytes = reader.raw(MapOrder::Insertion).ok()?;
    Some(match Reader::new(bytes).item().ok()? {
        Item::Null => Side::Value(Value::NULL),
        Item::Bool(value) => Side::Value(Value::bool(value)),
        Item::Int(value) => Side::Value(Value::int(value)),
        Item::Float(value) => Side::Value(Value::float(value)),
        Item::String(text) => Side::Text(text),
        _ => Side::Encoded(bytes),
    })
}

fn key<'s>(item: Item<'s>) -> Option<Key<'s>> {
    match item {
        Item::Int(value) => Some(Key::Int(value)),
        Item::Bool(value) => Some(Key::Bool(value)),
        Item::String(text) => Some(Key::String(text)),
        _ => None,
    }
}

/// The entries of an encoded map, whose head was read.
fn entries<'s>(reader: &mut Reader<'s>, count: usize) -> Option<FxHashMap<Key<'s>, Side<'s>>> {
    (0..count).map(|_| Some((key(reader.item().ok()?)?, next(reader)?))).collect()
}

impl Runtime {
    /// Whether a value counts as true.
    #[inline]
    pub fn is_true(&self, value: Value) -> bool {
        match value.tag() {
            Tag::StateMap => self.state_map_len(value) != 0,
            _ => value.is_truthy(),
        }
    }

    /// `a == b`, for maps in the state too: see [`equals`].
    #[inline]
    pub fn equals(&self, a: Value, b: Value) -> bool {
        match (a.tag(), b.tag()) {
            (Tag::StateMap, _) => self.state_map_equals(a, b),
            (_, Tag::StateMap) => self.state_map_equals(b, a),
            _ => equals(a, b),
        }
    }

    #[cold]
    fn state_map_equals(&self, map: Value, other: Value) -> bool {
        let Some((index, slot)) = map.as_state_map() else { return false };
        if let Some((other_index, other_slot)) = other.as_state_map() {
            return map.is_identical(other)
                || self.state_map_len(map) == self.state_map_len(other)
                    && self.ledger.entries(slot).iter().all(|(key, stored)| {
                        let found = self.ledger.read_entry(other_slot, key.borrowed());
                        let side = self.side(index, slot, key.borrowed(), stored);
                        *found != Stored::Absent
                            && self.sides_equal(side, self.side(other_index, other_slot, key.borrowed(), found))
                    });
        }
        let Some(other) = other.as_map().filter(|other| other.kind() == MapKind::Plain) else { return false };
        other.len() == self.state_map_len(map)
            && other.iter().all(|(key, value)| {
                let Ok(key) = Key::from_value(key) else { return false };
                let stored = self.ledger.read_entry(slot, key);
                *stored != Stored::Absent && self.sides_equal(self.side(index, slot, key, stored), Side::Value(value))
            })
    }

    /// An entry of a map in the state as programs see it: its working copy, if there is one.
    fn side<'s>(&self, index: u32, slot: Slot, key: Key<'_>, stored: &'s Stored) -> Side<'s> {
        match stored {
            Stored::Encoded(bytes) => match self.existing_copy(index, &(slot, Some(key.into())), bytes) {
                Some(copy) => Side::Value(copy),
                None => Side::Encoded(bytes),
            },
            stored => Side::of(stored),
        }
    }

    /// Encodings are nested no deeper than [`DEEPEST`](crate::canonical::DEEPEST), so this may call itself.
    fn sides_equal(&self, a: Side<'_>, b: Side<'_>) -> bool {
        match (a, b) {
            (Side::Encoded(a), Side::Encoded(b)) => self.encodings_equal(a, b).unwrap_or(false),
            (Side::Encoded(bytes), Side::Value(value)) | (Side::Value(value), Side::Encoded(bytes)) => {
                self.encoding_equals(bytes, value).unwrap_or(false)
            }
            (Side::Value(a), Side::Value(b)) => equals(a, b),
            _ => match (a.text(), b.text()) {
                (Some(a), Some(b)) => a == b,
                _ => false,
            },
        }
    }

    /// Whether an encoded container equals a value. An instance of an entity never does, as it would be a new one.
    fn encoding_equals(&self, bytes: &[u8], value: Value) -> Option<bool> {
        let mut reader = Reader::new(bytes);
        Some(match reader.item().ok()? {
            Item::List(count) => match value.as_list().filter(|list| list.len() == count) {
                Some(list) => list
                    .iter()
                    .all(|element| next(&mut reader).is_some_and(|side| self.sides_equal(side, Side::Value(element)))),
                None => false,
            },
            Item::Map(count) => {
                let is_like = |map: &&mut Map| map.len() == count && map.kind() == MapKind::Plain;
                let Some(map) = value.as_map().filter(is_like) else { return Some(false) };
                let entries = entries(&mut reader, count)?;
                map.iter().all(|(key, value)| {
                    let entry = Key::from_value(key).ok().and_then(|key| entries.get(&key));
                    entry.is_some_and(|&entry| self.sides_equal(entry, Side::Value(value)))
                })
            }
            Item::Instance(name, count) => {
                let Some(record) = value.as_record() else { return Some(false) };
                let facts = &self.program.types[record.type_index() as usize];
                if *facts.ledger_name != *name {
                    return Some(false);
                }
                if facts.is_contract {
                    return Some(next(&mut reader)?.text()? == self.contract_address(record));
                }
                facts.is_data
                    && record.fields().len() == count
                    && record
                        .fields()
                        .iter()
                        .all(|&field| next(&mut reader).is_some_and(|side| self.sides_equal(side, Side::Value(field))))
            }
            _ => false,
        })
    }

    /// Whether two encoded containers are equal.
    fn encodings_equal(&self, a: &[u8], b: &[u8]) -> Option<bool> {
        let (mut a, mut b) = (Reader::new(a), Reader::new(b));
        let all = |runtime: &Self, a: &mut Reader<'_>, b: &mut Reader<'_>, count: usize| {
            (0..count).all(|_| match (next(a), next(b)) {
                (Some(a), Some(b)) => runtime.sides_equal(a, b),
                _ => false,
            })
        };
        Some(match (a.item().ok()?, b.item().ok()?) {
            (Item::List(count), Item::List(other)) => count == other && all(self, &mut a, &mut b, count),
            (Item::Map(count), Item::Map(other)) => {
                let (first, second) = (entries(&mut a, count)?, entries(&mut b, other)?);
                count == other
                    && first
                        .iter()
                        .all(|(key, &side)| second.get(key).is_some_and(|&other| self.sides_equal(side, other)))
            }
            (Item::Instance(name, count), Item::Instance(other, fields)) => {
                let facts = self.program.types.iter().find(|facts| *facts.ledger_name == *name)?;
                name == other
                    && count == fields
                    && (facts.is_data || facts.is_contract)
                    && all(self, &mut a, &mut b, count)
            }
            _ => false,
        })
    }
}
