//! The canonical encoding: one sequence of bytes for a value, the same everywhere, for hashing and for keeping.
//!
//! It is a subset of CBOR ([RFC 8949](https://www.rfc-editor.org/rfc/rfc8949)), so any CBOR decoder reads it. Every item begins with a byte
//! of a 3-bit type and a 5-bit argument; an argument of 24 or more stands behind that byte, big-endian, in as few of 1, 2, 4 or
//! 8 bytes as it fits, announced by 24, 25, 26 or 27 (section 4.2.1, "preferred serialization").
//!
//! | value | bytes |
//! | --- | --- |
//! | integer `n >= 0` | type 0, argument `n`: `00`-`17`, `18 xx`, `19 xx xx`, `1a` and 4 bytes, `1b` and 8 bytes |
//! | integer `n < 0` | type 1, argument `-1 - n`: `20` is -1, `38 63` is -100 |
//! | bytes | type 2 (`40`-`5b`), argument: how many; then the bytes. No guest value has this form; blocks use it for hashes |
//! | string | type 3 (`60`-`7b`), argument: how many bytes of UTF-8; then these |
//! | list | type 4 (`80`-`9b`), argument: how many elements; then these in order |
//! | map, enum | type 5 (`a0`-`bb`), argument: how many entries; then key, value, key, value |
//! | instance | `d8 1b` (tag 27, "serialised language-independent object"), then a list of the type's name and the fields in the type's order |
//! | `false`, `true`, `null` | `f4`, `f5`, `f6` |
//! | float | `fb`, then the 8 bytes of its IEEE 754 form. All NaNs are `fb 7f f8 00 00 00 00 00 00`; -0.0 and 0.0 differ |
//!
//! Nothing else is an encoding: no shorter floats, no indefinite lengths, no longer arguments than needed, no other tags. So `1` and `1.0` have
//! different bytes although they are equal, and no two values of different types share an encoding.
//!
//! *Maps* have their entries in the order of the keys' encodings, compared as bytes ([`MapOrder::Sorted`]; section 4.2.1): what is hashed does not depend on the order of
//! insertion. What is *kept* must come back as it was, and programs see the order; so there the entries stand in order of insertion
//! ([`MapOrder::Insertion`]), and everything else is the same. Keys are strings, integers and bools, and no key comes twice.
//!
//! Functions, types, modules and tasks have no encoding, nor has a value that contains itself or is nested deeper than [`DEEPEST`].

use std::ops::Range;

use smallvec::SmallVec;

use crate::context::Runtime;
use crate::error::{Error, Fault};
use crate::extent::{WORTH_MEASURING, least_length};
use crate::objects::{List, Map, MapKind};
use crate::value::{Tag, Value};

/// How deep lists, maps and instances of an encoded value may be nested.
pub const DEEPEST: usize = 1000;

/// Tag of an instance of an entity or data type.
const INSTANCE: u64 = 27;

/// In which order a map's entries are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapOrder {
    /// By the bytes of their keys' encodings: for hashing.
    Sorted,
    /// As they were inserted: for keeping.
    Insertion,
}

/// Types of items: the upper three bits of the first byte.
mod major {
    pub(super) const NATURAL: u8 = 0;
    pub(super) const NEGATIVE: u8 = 1;
    pub(super) const BYTES: u8 = 2;
    pub(super) const STRING: u8 = 3;
    pub(super) const LIST: u8 = 4;
    pub(super) const MAP: u8 = 5;
    pub(super) const TAG: u8 = 6;
    pub(super) const SIMPLE: u8 = 7;
}

const FALSE: u8 = 0xf4;
const TRUE: u8 = 0xf5;
const NULL: u8 = 0xf6;
const FLOAT: u8 = 0xfb;
const NAN: u64 = 0x7ff8_0000_0000_0000;

/// What an item begins with: its kind, and its value or length.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    bytes: [u8; 9],
    len: u8,
}

impl Head {
    #[inline]
    fn new(major: u8, argument: u64) -> Self {
        // The argument in as few bytes as it takes, 1, 2, 4 or 8, or in the first byte itself.
        let (first, size) = match argument {
            0..24 => (argument as u8, 0),
            24..0x100 => (24, 1),
            0x100..0x1_0000 => (25, 2),
            0x1_0000..0x1_0000_0000 => (26, 4),
            _ => (27, 8),
        };
        let mut bytes = [0; 9];
        bytes[0] = major << 5 | first;
        bytes[1..].copy_from_slice(&(argument << (64 - 8 * size.max(1))).to_be_bytes());
        Self { bytes, len: 1 + size as u8 }
    }

    /// That of a text, whose bytes follow.
    #[inline]
    pub fn of_string(text: &str) -> Self {
        Self::new(major::STRING, text.len() as u64)
    }

    /// The bytes.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

/// Appends items to bytes.
///
/// ```
/// use runtime::canonical::Writer;
///
/// let mut bytes = Vec::new();
/// let mut writer = Writer::new(&mut bytes);
/// writer.list(2);
/// writer.int(-100);
/// writer.string("ab");
/// assert_eq!(bytes, [0x82, 0x38, 0x63, 0x62, b'a', b'b']);
/// ```
#[derive(Debug)]
pub struct Writer<'b> {
    bytes: &'b mut Vec<u8>,
}

impl<'b> Writer<'b> {
    /// Appends to these bytes.
    pub fn new(bytes: &'b mut Vec<u8>) -> Self {
        Self { bytes }
    }

    #[inline]
    fn head(&mut self, major: u8, argument: u64) {
        match argument {
            0..24 => self.bytes.push(major << 5 | argument as u8),
            _ => self.bytes.extend_from_slice(Head::new(major, argument).as_bytes()),
        }
    }

    /// `null`.
    pub fn null(&mut self) {
        self.bytes.push(NULL);
    }

    /// A bool.
    pub fn bool(&mut self, value: bool) {
        self.bytes.push(if value { TRUE } else { FALSE });
    }

    /// An integer.
    #[inline]
    pub fn int(&mut self, value: i64) {
        // -1 - n is the complement of n.
        if value >= 0 { self.head(major::NATURAL, value as u64) } else { self.head(major::NEGATIVE, !value as u64) }
    }

    /// An integer without a sign; the reader gives those above [`i64::MAX`] only as [`Reader::natural`].
    pub fn natural(&mut self, value: u64) {
        self.head(major::NATURAL, value);
    }

    /// A float.
    pub fn float(&mut self, value: f64) {
        let bits = if value.is_nan() { NAN } else { value.to_bits() };
        self.bytes.push(FLOAT);
        self.bytes.extend_from_slice(&bits.to_be_bytes());
    }

    /// A string.
    #[inline]
    pub fn string(&mut self, text: &str) {
        self.head(major::STRING, text.len() as u64);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// Bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.head(major::BYTES, bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }

    /// The beginning of a list; its elements are written next.
    pub fn list(&mut self, len: usize) {
        self.head(major::LIST, len as u64);
    }

    /// The beginning of a map; its entries are written next, key and value in turn, in the order that the encoding asks for.
    pub fn map(&mut self, len: usize) {
        self.head(major::MAP, len as u64);
    }

    /// The beginning of an instance of the type `name`; its fields are written next.
    pub fn instance(&mut self, name: &str, fields: usize) {
        self.head(major::TAG, INSTANCE);
        self.list(fields + 1);
        self.string(name);
    }

    /// A whole item that is encoded already.
    pub fn raw(&mut self, item: &[u8]) {
        self.bytes.extend_from_slice(item);
    }
}

/// What is wrong with bytes that are no encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Where: how many bytes stand before it.
    pub offset: usize,
    /// What is wrong there.
    pub reason: &'static str,
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "byte {}: {}", self.offset, self.reason)
    }
}

impl std::error::Error for Malformed {}

/// An item, or the beginning of one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Item<'b> {
    /// `null`.
    Null,
    /// A bool.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// A string.
    String(&'b str),
    /// Bytes.
    Bytes(&'b [u8]),
    /// A list of so many elements, which follow.
    List(usize),
    /// A map of so many entries, which follow, key and value in turn.
    Map(usize),
    /// An instance of this type with so many fields, which follow.
    Instance(&'b str, usize),
}

/// Reads items one after another.
///
/// ```
/// use runtime::canonical::{Item, Reader};
///
/// let mut reader = Reader::new(&[0x82, 0x38, 0x63, 0x62, b'a', b'b']);
/// assert_eq!(reader.item(), Ok(Item::List(2)));
/// assert_eq!(reader.item(), Ok(Item::Int(-100)));
/// assert_eq!(reader.item(), Ok(Item::String("ab")));
/// assert_eq!(reader.end(), Ok(()));
/// // 1 in two bytes where one is enough.
/// assert_eq!(Reader::new(&[0x18, 0x01]).item().unwrap_err().offset, 0);
/// ```
#[derive(Clone, Debug)]
pub struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Reader<'b> {
    /// Reads from the beginning of these bytes.
    pub fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bytes were read.
    pub fn offset(&self) -> usize {
        self.at
    }

    /// The bytes from one offset to another.
    pub fn slice(&self, range: Range<usize>) -> &'b [u8] {
        self.bytes.get(range).unwrap_or_default()
    }

    fn malformed<T>(&self, offset: usize, reason: &'static str) -> Result<T, Malformed> {
        Err(Malformed { offset, reason })
    }

    fn take(&mut self, count: usize) -> Result<&'b [u8], Malformed> {
        match self.bytes[self.at..].get(..count) {
            Some(bytes) => {
                self.at += count;
                Ok(bytes)
            }
            None => self.malformed(self.bytes.len(), "the encoding ends too early"),
        }
    }

    fn number(&mut self, count: usize) -> Result<u64, Malformed> {
        Ok(self.take(count)?.iter().fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    /// First byte and argument of an item.
    fn head(&mut self) -> Result<(u8, u64), Malformed> {
        let start = self.at;
        let first = self.take(1)?[0];
        if first == FLOAT {
            return Ok((first, self.number(8)?));
        }
        let (argument, least) = match first & 31 {
            direct @ 0..24 => (u64::from(direct), 0),
            24 => (self.number(1)?, 24),
            25 => (self.number(2)?, 0x100),
            26 => (self.number(4)?, 0x1_0000),
            27 => (self.number(8)?, 0x1_0000_0000),
            _ => return self.malformed(start, "a length that is not given at once"),
        };
        if argument < least {
            return self.malformed(start, "a number that is longer than needed");
        }
        Ok((first, argument))
    }

    /// A count of things of which each has at least `size` bytes.
    fn count(&self, start: usize, argument: u64, size: usize) -> Result<usize, Malformed> {
        let most = (self.bytes.len() - self.at) / size;
        match usize::try_from(argument) {
            Ok(count) if count <= most => Ok(count),
            _ => self.malformed(start, "it has more elements than bytes are left"),
        }
    }

    /// The next item.
    ///
    /// # Errors
    /// When there is none, or it is not in canonical form.
    pub fn item(&mut self) -> Result<Item<'b>, Malformed> {
        let start = self.at;
        let (first, argument) = self.head()?;
        Ok(match first >> 5 {
            major::NATURAL => match i64::try_from(argument) {
                Ok(value) => Item::Int(value),
                Err(_) => return self.malformed(start, "an integer of more than 64 bits"),
            },
            major::NEGATIVE => match i64::try_from(argument) {
                Ok(value) => Item::Int(!value),
                Err(_) => return self.malformed(start, "an integer of more than 64 bits"),
            },
            major::BYTES => {
                let count = self.count(start, argument, 1)?;
                Item::Bytes(self.take(count)?)
            }
            major::STRING => {
                let count = self.count(start, argument, 1)?;
                match std::str::from_utf8(self.take(count)?) {
                    Ok(text) => Item::String(text),
                    Err(_) => return self.malformed(start, "a string that is not UTF-8"),
                }
            }
            major::LIST => Item::List(self.count(start, argument, 1)?),
            major::MAP => Item::Map(self.count(start, argument, 2)?),
            major::TAG if argument == INSTANCE => {
                let Item::List(count @ 1..) = self.item()? else {
                    return self.malformed(start, "an instance without the name of its type");
                };
                Item::Instance(self.string()?, count - 1)
            }
            major::SIMPLE => match first {
                FALSE => Item::Bool(false),
                TRUE => Item::Bool(true),
                NULL => Item::Null,
                FLOAT => {
                    let value = f64::from_bits(argument);
                    if value.is_nan() && argument != NAN {
                        return self.malformed(start, "a NaN in another form");
                    }
                    Item::Float(value)
                }
                _ => return self.malformed(start, "no value has this form"),
            },
            _ => return self.malformed(start, "an unknown tag"),
        })
    }

    /// The next item, an integer of 0 to [`u64::MAX`].
    ///
    /// # Errors
    /// When it is something else.
    pub fn natural(&mut self) -> Result<u64, Malformed> {
        let start = self.at;
        match self.head()? {
            (first, argument) if first >> 5 == major::NATURAL => Ok(argument),
            _ => self.malformed(start, "not a natural number"),
        }
    }

    /// The next item, an integer.
    ///
    /// # Errors
    /// When it is something else.
    pub fn int(&mut self) -> Result<i64, Malformed> {
        let start = self.at;
        match self.item()? {
            Item::Int(value) => Ok(value),
            _ => self.malformed(start, "not an integer"),
        }
    }

    /// The next item, a string.
    ///
    /// # Errors
    /// When it is something else.
    pub fn string(&mut self) -> Result<&'b str, Malformed> {
        let start = self.at;
        match self.item()? {
            Item::String(text) => Ok(text),
            _ => self.malformed(start, "not a string"),
        }
    }

    /// The next item, 32 bytes.
    ///
    /// # Errors
    /// When it is something else.
    pub fn digest(&mut self) -> Result<[u8; 32], Malformed> {
        let start = self.at;
        match self.item()? {
            Item::Bytes(bytes) => match bytes.try_into() {
                Ok(digest) => Ok(digest),
                Err(_) => self.malformed(start, "not 32 bytes"),
            },
            _ => self.malformed(start, "not 32 bytes"),
        }
    }

    /// The beginning of a list.
    ///
    /// # Errors
    /// When the next item is something else.
    pub fn list(&mut self) -> Result<usize, Malformed> {
        let start = self.at;
        match self.item()? {
            Item::List(count) => Ok(count),
            _ => self.malformed(start, "not a list"),
        }
    }

    /// The beginning of a list of `count` elements.
    ///
    /// # Errors
    /// When the next item is something else.
    pub fn list_of(&mut self, count: usize) -> Result<(), Malformed> {
        let start = self.at;
        if self.list()? == count { Ok(()) } else { self.malformed(start, "a list of another length") }
    }

    /// The bytes of the next item, which is checked as far as it reaches.
    ///
    /// # Errors
    /// When it is not in canonical form.
    pub fn raw(&mut self, order: MapOrder) -> Result<&'b [u8], Malformed> {
        let start = self.at;
        self.skip(order, 0)?;
        Ok(self.slice(start..self.at))
    }

    fn skip(&mut self, order: MapOrder, depth: usize) -> Result<(), Malformed> {
        let start = self.at;
        let item = self.item()?;
        if depth > DEEPEST {
            return self.malformed(start, "it is nested too deeply");
        }
        match item {
            Item::List(count) | Item::Instance(_, count) => (0..count).try_for_each(|_| self.skip(order, depth + 1)),
            Item::Map(count) => {
                let mut keys = Keys::new(order);
                for _ in 0..count {
                    keys.read(self)?;
                    self.skip(order, depth + 1)?;
                }
                keys.finish(self)
            }
            _ => Ok(()),
        }
    }

    /// Checks that nothing follows.
    ///
    /// # Errors
    /// When something does.
    pub fn end(&self) -> Result<(), Malformed> {
        if self.at == self.bytes.len() { Ok(()) } else { self.malformed(self.at, "something follows the encoding") }
    }
}

/// The keys of a map being read.
///
/// In sorted order each key must come behind the one before. In order of insertion nothing can be seen at once, and they are compared when all are read.
#[derive(Debug)]
pub struct Keys<'b> {
    order: MapOrder,
    last: &'b [u8],
    seen: Vec<&'b [u8]>,
}

impl<'b> Keys<'b> {
    /// None yet.
    pub fn new(order: MapOrder) -> Self {
        Self { order, last: &[], seen: Vec::new() }
    }

    /// Reads the next key.
    ///
    /// # Errors
    /// When it is not in canonical form, cannot be a key, or does not come behind the one before.
    pub fn read(&mut self, reader: &mut Reader<'b>) -> Result<Item<'b>, Malformed> {
        let start = reader.at;
        let item = reader.item()?;
        if !matches!(item, Item::String(_) | Item::Int(_) | Item::Bool(_)) {
            return reader.malformed(start, "a key that is no string, integer or bool");
        }
        let key = reader.slice(start..reader.at);
        match self.order {
            MapOrder::Insertion => self.seen.push(key),
            MapOrder::Sorted if key <= self.last => return reader.malformed(start, "keys out of order"),
            MapOrder::Sorted => self.last = key,
        }
        Ok(item)
    }

    /// Checks that no key came twice.
    ///
    /// # Errors
    /// When one did.
    pub fn finish(mut self, reader: &Reader<'b>) -> Result<(), Malformed> {
        self.seen.sort_unstable();
        if self.seen.windows(2).any(|pair| pair[0] == pair[1]) {
            return reader.malformed(reader.at, "a map has a key twice");
        }
        Ok(())
    }
}

/// The encoding with sorted maps of the value that `bytes` encode with maps in order of insertion.
///
/// # Errors
/// When they encode none.
pub fn sorted(bytes: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut reader = Reader::new(bytes);
    let mut result = Vec::with_capacity(bytes.len());
    sort(&mut reader, 0, &mut result)?;
    reader.end()?;
    Ok(result)
}

fn sort(reader: &mut Reader<'_>, depth: usize, result: &mut Vec<u8>) -> Result<(), Malformed> {
    let start = reader.at;
    let item = reader.item()?;
    if depth > DEEPEST {
        return reader.malformed(start, "it is nested too deeply");
    }
    result.extend_from_slice(reader.slice(start..reader.at));
    match item {
        Item::List(count) | Item::Instance(_, count) => (0..count).try_for_each(|_| sort(reader, depth + 1, result)),
        Item::Map(count) => {
            let mut keys = Keys::new(MapOrder::Insertion);
            let mut entries = Vec::with_capacity(count);
            for _ in 0..count {
                let start = reader.at;
                keys.read(reader)?;
                let key = reader.slice(start..reader.at);
                let mut value = Vec::new();
                sort(reader, depth + 1, &mut value)?;
                entries.push((key, value));
            }
            keys.finish(reader)?;
            entries.sort_unstable();
            for (key, value) in entries {
                result.extend_from_slice(key);
                result.extend_from_slice(&value);
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Appends the encoding of a guest value to `bytes`.
///
/// # Errors
/// When the value has no encoding, or `bytes` would not fit the heap. What was appended until then stays.
pub fn encode(runtime: &Runtime, value: Value, order: MapOrder, bytes: &mut Vec<u8>) -> Result<(), Fault> {
    let room = runtime.heap.limit().saturating_sub(runtime.heap.bytes());
    let whole = Some((bytes.len(), value));
    Encoder { runtime, order, room, whole, open: SmallVec::new(), bytes }.value(value)
}

struct Encoder<'r, 'b> {
    runtime: &'r Runtime,
    order: MapOrder,
    /// Most bytes.
    room: usize,
    /// What is encoded, and how many bytes there were before, until it was measured.
    whole: Option<(usize, Value)>,
    /// The containers that are being encoded, outermost first.
    open: SmallVec<[u64; FEW]>,
    bytes: &'b mut Vec<u8>,
}

impl Encoder<'_, '_> {
    fn value(&mut self, value: Value) -> Result<(), Fault> {
        let mut writer = Writer::new(self.bytes);
        match value.tag() {
            Tag::Int => writer.int(value.int_payload()),
            Tag::Float => writer.float(value.float_payload()),
            Tag::Bool => writer.bool(value.payload() != 0),
            Tag::Null => writer.null(),
            Tag::String => {
                let text = value.as_string().map(|string| string.as_str()).unwrap_or_default();
                if text.len() > self.room.saturating_sub(writer.bytes.len()) {
                    return Err(Error::heap(self.runtime.heap.limit()));
                }
                writer.string(text);
            }
            Tag::List | Tag::Map | Tag::Record => return self.container(value),
            Tag::Unset
            | Tag::Function
            | Tag::Builtin
            | Tag::Type
            | Tag::Module
            | Tag::StateMap
            | Tag::Closure
            | Tag::Cell
            | Tag::Failure
            | Tag::Task => return Err(self.refused(value)),
        }
        Ok(())
    }

    #[cold]
    fn refused(&self, value: Value) -> Fault {
        Error::type_error(format!("Type error: {} cannot be hashed or kept in the ledger", value.type_title()))
            .with_help("values made of numbers, strings, bools, null, lists, maps, entities and data can")
    }

    fn container(&mut self, value: Value) -> Result<(), Fault> {
        if self.open.contains(&value.payload()) {
            return Err(Error::value_error("a value that contains itself cannot be hashed or kept in the ledger"));
        }
        if self.open.len() == DEEPEST {
            return Err(Error::value_error(format!(
                "a value nested more than {DEEPEST} deep cannot be hashed or kept in the ledger"
            )));
        }
        // Shared parts are written each time, so a small value can have a large encoding.
        if self.bytes.len() > self.room {
            return Err(Error::heap(self.runtime.heap.limit()));
        }
        if let Some((_, whole)) = self.whole.take_if(|(begun, _)| self.bytes.len() - *begun > WORTH_MEASURING)
            && least_length(whole) > self.room
        {
            return Err(Error::heap(self.runtime.heap.limit()));
        }
        self.open.push(value.payload());
        if let Some(list) = value.as_list() {
            self.list(list)?;
        } else if let Some(map) = value.as_map() {
            self.map(map)?;
        } else if let Some(record) = value.as_record() {
            let facts = &self.runtime.program.types[record.type_index() as usize];
            if facts.is_contract {
                let mut writer = Writer::new(self.bytes);
                writer.instance(&facts.ledger_name, 1);
                writer.string(self.runtime.contract_address(record));
                self.open.pop();
                return Ok(());
            }
            Writer::new(self.bytes).instance(&facts.ledger_name, record.fields().len());
            record.fields().iter().try_for_each(|&field| self.value(field))?;
        }
        self.open.pop();
        Ok(())
    }

    fn list(&mut self, list: &List) -> Result<(), Fault> {
        let mut writer = Writer::new(self.bytes);
        writer.list(list.len());
        if let Some(ints) = list.as_ints() {
            ints.iter().for_each(|&int| writer.int(int));
            return Ok(());
        }
        list.iter().try_for_each(|element| self.value(element))
    }

    fn map(&mut self, map: &Map) -> Result<(), Fault> {
        Writer::new(self.bytes).map(map.len());
        if self.order == MapOrder::Insertion || map.len() < 2 {
            return map.iter().try_for_each(|(key, value)| {
                self.value(key)?;
                self.value(value)
            });
        }
        let mut keys = Vec::new();
        let mut entries = Vec::with_capacity(map.len());
        for (key, value) in map.iter() {
            let start = keys.len();
            let mut writer = Writer::new(&mut keys);
            match (key.as_string(), key.as_int()) {
                (Some(string), _) => writer.string(string.as_str()),
                (_, Some(int)) => writer.int(int),
                _ => writer.bool(key.is_truthy()),
            }
            entries.push((start..keys.len(), value));
        }
        entries.sort_unstable_by(|(a, _), (b, _)| keys[a.clone()].cmp(&keys[b.clone()]));
        for (key, value) in entries {
            self.bytes.extend_from_slice(&keys[key]);
            self.value(value)?;
        }
        Ok(())
    }
}

/// The guest value that an encoding stands for.
///
/// # Errors
/// When the bytes are no encoding with maps in this order, when the program has no such type as an instance is of, and when the value does not
/// fit the heap.
pub fn decode(runtime: &mut Runtime, bytes: &[u8], order: MapOrder) -> Result<Value, Fault> {
    let mut decoder = Decoder { runtime, order, reader: Reader::new(bytes) };
    let value = decoder.value(0)?;
    decoder.reader.end()?;
    Ok(value)
}

impl From<Malformed> for Fault {
    fn from(malformed: Malformed) -> Self {
        Error::value_error(format!("malformed encoding of a value, {malformed}"))
    }
}

struct Decoder<'r, 'b> {
    runtime: &'r mut Runtime,
    order: MapOrder,
    reader: Reader<'b>,
}

/// Elements or fields that are decoded, and levels that are encoded, without an allocation of their own.
const FEW: usize = 4;

impl Decoder<'_, '_> {
    fn value(&mut self, depth: usize) -> Result<Value, Fault> {
        let start = self.reader.at;
        let item = self.reader.item()?;
        if depth > DEEPEST {
            return Err(Malformed { offset: start, reason: "it is nested too deeply" }.into());
        }
        Ok(match item {
            Item::Null => Value::NULL,
            Item::Bool(value) => Value::bool(value),
            Item::Int(value) => Value::int(value),
            Item::Float(value) => Value::float(value),
            Item::String(text) => self.runtime.new_string(text)?,
            Item::Bytes(_) => return Err(Malformed { offset: start, reason: "bytes are not a guest value" }.into()),
            Item::List(count) => {
                let elements = self.values(count, depth)?;
                self.runtime.build_list(&elements)?
            }
            Item::Map(count) => {
                let value = Map::create(&mut self.runtime.heap, MapKind::Plain);
                let mut keys = Keys::new(self.order);
                for _ in 0..count {
                    let key = match keys.read(&mut self.reader)? {
                        Item::String(text) => self.runtime.new_string(text)?,
                        Item::Int(int) => Value::int(int),
                        Item::Bool(bool) => Value::bool(bool),
                        _ => return Err(Malformed { offset: start, reason: "not a key" }.into()),
                    };
                    let element = self.value(depth + 1)?;
                    if let Some(map) = value.as_map() {
                        map.insert(&mut self.runtime.heap, key, element)?;
                    }
                }
                keys.finish(&self.reader)?;
                value
            }
            Item::Instance(name, count) => {
                let fields = self.values(count, depth)?;
                let program = &self.runtime.program;
                let found = program.types.iter().position(|facts| *facts.ledger_name == *name);
                if let (Some(index), &[address]) = (found.filter(|&index| program.types[index].is_contract), &*fields)
                    && let Some(address) = address.as_string()
                {
                    return self.runtime.contract_at(index as u32, address.as_str());
                }
                let is_alike = |&index: &usize| {
                    !program.types[index].is_contract && program.types[index].field_names.len() == count
                };
                let Some(index) = found.filter(is_alike) else {
                    return Err(Error::value_error(format!(
                        "the ledger has an instance of '{name}' with {count} fields, and the program has no such type"
                    ))
                    .with_help("run it with the program that made it, or one that declares the type alike"));
                };
                self.runtime.heap.reserve(size_of_val(&*fields) + 64)?;
                self.runtime.instance(index as u32, &fields)
            }
        })
    }

    fn values(&mut self, count: usize, depth: usize) -> Result<SmallVec<[Value; FEW]>, Fault> {
        // No more than the values themselves will take on the heap.
        self.runtime.heap.reserve(count.saturating_mul(size_of::<Value>()))?;
        (0..count).map(|_| self.value(depth + 1)).collect()
    }
}
