//! Instances of entity and data types.
//!
//! Under [`MemoryPolicy::Naive`](crate::heap::MemoryPolicy) a record carries behind its fields a hash table that leads from their names to their places, so that
//! it takes what records take in engines where each instance is a hash map. Its fields are where they always are: machines and native code need not know.

use std::mem::offset_of;

use crate::heap::{Header, Heap, Marker, ObjectKind};
use crate::objects::{Map, Str};
use crate::value::{Tag, Value};

/// An instance. Its type fixes its fields, so a field is a position and an access site needs to look its name up only once for each type.
#[derive(Debug)]
#[repr(C)]
pub struct Record {
    /// `extra` is the type's index, `flags` is 1 for `data`.
    header: Header,
    count: u64,
    fields: [Value; 0],
}

/// What a record with a table has behind its fields. The buffer has room for the entries of a general map of as many: their keys, then the slots of the index, and
/// what else of the entries the fields in the record do not make up for.
#[derive(Clone, Copy)]
#[repr(C)]
struct Table {
    /// The names of the fields, in order.
    keys: *mut Value,
    bytes: usize,
}

/// Fewest entries that a table has room for, as in a [`Map`].
const FEWEST_ENTRIES: usize = 4;

impl Table {
    /// Entries that there is room for in a table of `count` fields, and slots of its index.
    fn shape(count: usize) -> (usize, usize) {
        let entries = count.next_power_of_two().max(FEWEST_ENTRIES);
        (entries, entries * 2)
    }

    /// Bytes of its buffer.
    fn bytes(count: usize) -> usize {
        let (entries, slots) = Self::shape(count);
        entries * Map::WHOLE_ENTRY - count * size_of::<Value>() + slots * size_of::<u32>()
    }
}

impl Record {
    /// Where in a record its type's index is, 32 bits; for native code, as the one after it.
    pub const TYPE_OFFSET: usize = offset_of!(Self, header) + offset_of!(Header, extra);
    /// Where it says how many fields it has, a word.
    pub const COUNT_OFFSET: usize = offset_of!(Self, count);
    /// Where its fields begin.
    pub const FIELDS_OFFSET: usize = offset_of!(Self, fields);

    /// An instance of type `type_index` with these fields.
    #[inline]
    pub fn create(heap: &mut Heap, type_index: u32, is_data: bool, fields: &[Value]) -> Value {
        let size = size_of::<Self>() + size_of_val(fields);
        let record = heap.allocate(ObjectKind::Record, u8::from(is_data), type_index, size).cast::<Self>();
        // SAFETY: the allocation has room for the fields.
        unsafe {
            (&raw mut (*record).count).write(fields.len() as u64);
            let target = (&raw mut (*record).fields).cast::<Value>();
            for (index, &field) in fields.iter().enumerate() {
                target.add(index).write(field);
            }
        }
        Value::object(Tag::Record, record)
    }

    /// The same, with a table of its fields' names, which are strings.
    pub fn create_with_table(
        heap: &mut Heap,
        type_index: u32,
        is_data: bool,
        fields: &[Value],
        names: &[Value],
    ) -> Value {
        let count = fields.len();
        let size = size_of::<Self>() + size_of_val(fields) + size_of::<Table>();
        let bytes = Table::bytes(count);
        let keys = heap.allocate_zeroed_buffer(bytes).cast::<Value>();
        let record = heap.allocate(ObjectKind::TabledRecord, u8::from(is_data), type_index, size).cast::<Self>();
        let (entries, slots) = Table::shape(count);
        // SAFETY: the allocation has room for the fields and the table; the buffer for as many keys as there are entries, and for the slots behind them.
        unsafe {
            (&raw mut (*record).count).write(count as u64);
            let target = (&raw mut (*record).fields).cast::<Value>();
            target.copy_from_nonoverlapping(fields.as_ptr(), count);
            target.add(count).cast::<Table>().write(Table { keys, bytes });
            let index = keys.add(entries).cast::<u32>();
            for (place, &name) in names.iter().take(count).enumerate() {
                keys.add(place).write(name);
                let mut at = name.as_string().map_or(0, Str::hash) as usize % slots;
                // A name that was there already is at the place that it has last.
                while index.add(at).read().checked_sub(1).is_some_and(|there| !Self::is_key(keys, there, name)) {
                    at = (at + 1) % slots;
                }
                index.add(at).write(place as u32 + 1);
            }
        }
        Value::object(Tag::Record, record)
    }

    /// # Safety
    /// There is a key at this place.
    unsafe fn is_key(keys: *mut Value, place: u32, name: Value) -> bool {
        // SAFETY: the caller's promise.
        let key = unsafe { keys.add(place as usize).read() };
        key.as_string().zip(name.as_string()).is_some_and(|(key, name)| key.equals(name))
    }

    /// The table behind the fields, if it has one.
    fn table(&self) -> Option<Table> {
        (self.header.kind == ObjectKind::TabledRecord)
            // SAFETY: `create_with_table` put it there.
            .then(|| unsafe { self.fields.as_ptr().add(self.count as usize).cast::<Table>().read() })
    }

    /// The place that its own table has for a name; none if it has no table, or the table not the name.
    pub fn place_in_table(&self, name: Value) -> Option<usize> {
        let Table { keys, .. } = self.table()?;
        let (entries, slots) = Table::shape(self.count as usize);
        let text = name.as_string()?;
        let mut at = text.hash() as usize % slots;
        // SAFETY: the table has so many slots, one of which is empty, and they name keys that were written.
        unsafe {
            let index = keys.add(entries).cast::<u32>();
            loop {
                let place = index.add(at).read().checked_sub(1)?;
                if Self::is_key(keys, place, name) {
                    return Some(place as usize);
                }
                at = (at + 1) % slots;
            }
        }
    }

    pub(crate) fn trace_table(&self, marker: &mut Marker<'_>) {
        marker.values(self.fields());
        if let Some(Table { keys, .. }) = self.table() {
            // SAFETY: there is a key for each field, or zeroes, which are integers.
            marker.values(unsafe { std::slice::from_raw_parts(keys, self.count as usize) });
        }
    }

    pub(crate) fn release(&mut self, heap: &mut Heap) {
        if let Some(Table { keys, bytes }) = self.table() {
            // SAFETY: called once, by the collector; the record owns the buffer.
            unsafe { heap.free_buffer(keys.cast(), bytes) };
        }
    }

    /// Index of its type.
    #[inline]
    pub fn type_index(&self) -> u32 {
        self.header.extra
    }

    /// True for an instance of a `data` type: immutable, equal by value.
    #[inline]
    pub fn is_data(&self) -> bool {
        self.header.flags != 0
    }

    /// Its fields in the type's order.
    #[inline]
    pub fn fields(&self) -> &[Value] {
        // SAFETY: `create` initialised `count` values behind the object.
        unsafe { std::slice::from_raw_parts(self.fields.as_ptr(), self.count as usize) }
    }

    /// Its fields, to be changed.
    #[inline]
    pub fn fields_mut(&mut self) -> &mut [Value] {
        // SAFETY: as in `fields`.
        unsafe { std::slice::from_raw_parts_mut(self.fields.as_mut_ptr(), self.count as usize) }
    }

    /// Field `index`, unchecked.
    ///
    /// # Safety
    /// `index` is below the number of the type's fields.
    #[inline]
    pub unsafe fn field_unchecked(&self, index: usize) -> Value {
        debug_assert!(index < self.count as usize);
        // SAFETY: the caller's promise.
        unsafe { self.fields.as_ptr().add(index).read() }
    }

    /// Replaces field `index`, unchecked.
    ///
    /// # Safety
    /// `index` is below the number of the type's fields.
    #[inline]
    pub unsafe fn set_field_unchecked(&mut self, index: usize, value: Value) {
        debug_assert!(index < self.count as usize);
        // SAFETY: the caller's promise.
        unsafe { self.fields.as_mut_ptr().add(index).write(value) };
    }
}
