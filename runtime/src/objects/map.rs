//! Maps: insertion-ordered, keyed by strings, integers and bools.
//!
//! Entries lie in one array in insertion order; an open-addressing index of 32-bit slots finds them. Up to eight entries are
//! searched without an index. A removed entry leaves a gap that is closed when the map is next rebuilt, so a position in the array stays
//! meaningful while a loop walks the map.
//!
//! A slot of the index holds an entry's number plus one in as many low bits as the index has slots for, and in the others the same bits of the
//! key's hash; an empty one is zero. So nearly every entry that is not the one looked for is passed over without touching it, which in a
//! large map would be a cache miss each.

use std::mem::offset_of;
use std::ops::Range;

use crate::error::{Error, Fault};
use crate::heap::{Header, Heap, Marker, ObjectKind};
use crate::value::{Tag, Value};

/// What a map stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum MapKind {
    /// An ordinary map.
    Plain = 0,
    /// An enum: members cannot be changed.
    Enum = 1,
}

#[derive(Clone, Copy)]
#[repr(C)]
struct Entry {
    /// Unset in a gap.
    key: Value,
    value: Value,
}

/// A map. Shared by reference.
#[repr(C)]
pub struct Map {
    /// `flags` is the [`MapKind`].
    header: Header,
    len: u32,
    used: u32,
    capacity: u32,
    index_size: u32,
    entries: *mut Entry,
    index: *mut u32,
}

impl std::fmt::Debug for Map {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

const EMPTY: u32 = 0;
const LARGEST_UNINDEXED: u32 = 8;
const MAX_ENTRIES: usize = 1 << 30;

impl Map {
    /// Where in a map its [`MapKind`] is, a byte; for native code, as all that follow.
    pub const KIND_OFFSET: usize = offset_of!(Self, header) + offset_of!(Header, flags);
    /// Where it says how many entries there are, gaps included, 32 bits.
    pub const USED_OFFSET: usize = offset_of!(Self, used);
    /// Where the address of its entries is.
    pub const ENTRIES_OFFSET: usize = offset_of!(Self, entries);
    /// Bytes of an entry.
    pub const ENTRY_SIZE: usize = size_of::<Entry>();
    /// Where in an entry its key is.
    pub const KEY_OFFSET: usize = offset_of!(Entry, key);
    /// Where its value is.
    pub const VALUE_OFFSET: usize = offset_of!(Entry, value);

    /// An empty map.
    pub fn create(heap: &mut Heap, kind: MapKind) -> Value {
        let map = heap.allocate(ObjectKind::Map, kind as u8, 0, size_of::<Self>()).cast::<Self>();
        // SAFETY: freshly allocated with room for these fields.
        unsafe {
            (&raw mut (*map).len).write(0);
            (&raw mut (*map).used).write(0);
            (&raw mut (*map).capacity).write(0);
            (&raw mut (*map).index_size).write(0);
            (&raw mut (*map).entries).write(std::ptr::null_mut());
            (&raw mut (*map).index).write(std::ptr::null_mut());
        }
        Value::object(Tag::Map, map)
    }

    /// An empty map with room for so many entries.
    ///
    /// # Errors
    /// When there is no room for them.
    pub fn with_room(heap: &mut Heap, kind: MapKind, entries: usize) -> Result<Value, Fault> {
        heap.reserve(size_of::<Self>() + entries * size_of::<Entry>())?;
        let map = Self::create(heap, kind);
        let Some(made) = map.as_map() else { unreachable!("just made") };
        made.rebuild(heap, entries)?;
        Ok(map)
    }

    /// What it stands for.
    #[inline]
    pub fn kind(&self) -> MapKind {
        if self.header.flags == MapKind::Enum as u8 { MapKind::Enum } else { MapKind::Plain }
    }

    /// How many entries it has.
    #[inline]
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// True without entries.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// One past the last position that may hold an entry.
    #[inline]
    pub fn end(&self) -> usize {
        self.used as usize
    }

    /// Key and value at a position; none in a gap and past the end.
    #[inline]
    pub fn entry_at(&self, position: usize) -> Option<(Value, Value)> {
        if position >= self.used as usize {
            return None;
        }
        // SAFETY: below `used`.
        let entry = unsafe { *self.entries.add(position) };
        (!entry.key.is_unset()).then_some((entry.key, entry.value))
    }

    /// Whether a value can be a key.
    #[inline]
    pub fn can_be_key(key: Value) -> bool {
        matches!(key.tag(), Tag::String | Tag::Int | Tag::Bool)
    }

    #[inline]
    fn hash(key: Value) -> u32 {
        match key.tag() {
            Tag::String => key.as_string().map_or(0, |string| string.hash()),
            // The golden ratio spreads runs of integers; the high half has the good bits.
            _ => ((key.payload().wrapping_add(key.tag() as u64)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32,
        }
    }

    #[inline]
    fn keys_equal(a: Value, b: Value) -> bool {
        if a.is_identical(b) {
            return true;
        }
        match (a.as_string(), b.as_string()) {
            (Some(a), Some(b)) => a.hash() == b.hash() && a.equals(b),
            _ => false,
        }
    }

    /// Position of `key`, if it is there.
    #[inline]
    pub fn find(&self, key: Value) -> Option<usize> {
        if self.index_size == 0 { self.find_unindexed(key) } else { self.find_indexed(key, Self::hash(key)).ok() }
    }

    /// Position of `key`, or the empty slot of the index where the search for it ends.
    #[inline]
    fn find_indexed(&self, key: Value, hash: u32) -> Result<usize, usize> {
        let mask = self.index_size - 1;
        let mut at = hash & mask;
        loop {
            // SAFETY: `at <= mask < index_size`; entries named by the index are below `used`.
            unsafe {
                let slot = *self.index.add(at as usize);
                if slot == EMPTY {
                    return Err(at as usize);
                }
                let position = ((slot & mask) - 1) as usize;
                if (slot ^ hash) & !mask == 0 && Self::keys_equal((*self.entries.add(position)).key, key) {
                    return Ok(position);
                }
            }
            at = (at + 1) & mask;
        }
    }

    fn find_unindexed(&self, key: Value) -> Option<usize> {
        // SAFETY: below `used`.
        (0..self.used as usize).find(|&position| Self::keys_equal(unsafe { (*self.entries.add(position)).key }, key))
    }

    /// The value of `key`, if it is there.
    #[inline]
    pub fn get(&self, key: Value) -> Option<Value> {
        // SAFETY: `find` gives positions below `used`.
        self.find(key).map(|position| unsafe { (*self.entries.add(position)).value })
    }

    /// The address of the value that `key` has, or of null, good until the map is changed otherwise; for native code.
    #[inline]
    pub fn address_of(&self, key: Value) -> *const Value {
        static NOTHING: Value = Value::NULL;
        // SAFETY: `find` gives positions below `used`.
        self.find(key).map_or(&raw const NOTHING, |position| unsafe { &raw const (*self.entries.add(position)).value })
    }

    /// The value at `position` if the entry there has exactly this key object: what an access site remembers of an earlier lookup.
    #[inline]
    pub fn get_cached(&self, position: usize, key: Value) -> Option<Value> {
        if position < self.used as usize {
            // SAFETY: below `used`.
            let entry = unsafe { &*self.entries.add(position) };
            if entry.key.is_identical(key) {
                return Some(entry.value);
            }
        }
        None
    }

    /// Replaces the value at `position` if the entry there has exactly this key object and the map can be changed.
    #[inline]
    pub fn set_cached(&mut self, heap: &mut Heap, position: usize, key: Value, value: Value) -> bool {
        if position < self.used as usize && self.kind() == MapKind::Plain {
            // SAFETY: below `used`.
            let entry = unsafe { &mut *self.entries.add(position) };
            if entry.key.is_identical(key) {
                heap.forget(entry.value);
                entry.value = value;
                return true;
            }
        }
        false
    }

    /// Sets the value of `key`, at the end if it is new. The caller has checked [`Self::can_be_key`] and [`Self::kind`].
    #[inline]
    pub fn insert(&mut self, heap: &mut Heap, key: Value, value: Value) -> Result<(), Fault> {
        if self.insert_in_place(heap, key, value) { Ok(()) } else { self.insert_in_more_room(heap, key, value) }
    }

    #[inline(never)]
    fn insert_in_more_room(&mut self, heap: &mut Heap, key: Value, value: Value) -> Result<(), Fault> {
        self.make_room(heap)?;
        let hash = Self::hash(key);
        let end = if self.index_size == 0 { 0 } else { self.end_of_search(hash) };
        self.append(key, value, (hash, end));
        Ok(())
    }

    /// Sets the value of `key` where that takes no memory: if it is there, or there is room for another entry. False if not, when nothing has changed. The caller has checked
    /// [`Self::can_be_key`] and [`Self::kind`].
    #[inline(always)]
    pub fn insert_in_place(&mut self, heap: &mut Heap, key: Value, value: Value) -> bool {
        let hash = if self.index_size == 0 { 0 } else { Self::hash(key) };
        let found = match self.index_size {
            0 => self.find_unindexed(key).ok_or(0),
            _ => self.find_indexed(key, hash),
        };
        match found {
            // SAFETY: `find` gives positions below `used`.
            Ok(position) => unsafe {
                let entry = &mut *self.entries.add(position);
                heap.forget(entry.value);
                entry.value = value;
            },
            Err(at) if self.used < self.capacity => self.append(key, value, (hash, at)),
            Err(_) => return false,
        }
        true
    }

    /// Adds an entry for which there is room: its key, of this hash, is not there, and the search for it in the index, if there is one, ended at this slot.
    #[inline(always)]
    fn append(&mut self, key: Value, value: Value, (hash, at): (u32, usize)) {
        // SAFETY: the caller says that there is room, and that the slot is empty.
        unsafe {
            if self.index_size != 0 {
                let mask = self.index_size - 1;
                self.index.add(at).write((self.used + 1) | hash & !mask);
            }
            self.entries.add(self.used as usize).write(Entry { key, value });
        }
        self.used += 1;
        self.len += 1;
    }

    /// Enters a key that is not in the index under the number of its entry.
    #[inline]
    fn index_entry(&mut self, key: Value, position: u32) {
        let (mask, hash) = (self.index_size - 1, Self::hash(key));
        // SAFETY: the slot is one of the index.
        unsafe { self.index.add(self.end_of_search(hash)).write((position + 1) | hash & !mask) };
    }

    /// The empty slot of the index, which there is, where the search ends for a key of this hash that is not there.
    #[inline]
    fn end_of_search(&self, hash: u32) -> usize {
        let mask = self.index_size - 1;
        let mut at = hash & mask;
        // SAFETY: `at <= mask < index_size`; the index always has an empty slot.
        while unsafe { *self.index.add(at as usize) } != EMPTY {
            at = (at + 1) & mask;
        }
        at as usize
    }

    fn make_room(&mut self, heap: &mut Heap) -> Result<(), Fault> {
        // Rebuilding without gaps is enough when a quarter of the entries are gaps.
        let live = self.len as usize;
        let capacity = if live + live / 3 < self.used as usize {
            self.capacity as usize
        } else {
            (self.capacity as usize * 2).max(4)
        };
        self.rebuild(heap, capacity)
    }

    /// Closes the gaps and makes room for `capacity` entries, which are no fewer than before.
    fn rebuild(&mut self, heap: &mut Heap, capacity: usize) -> Result<(), Fault> {
        let index_size = Self::index_size_for(heap, capacity)?;
        let (old_bytes, bytes) = (self.capacity as usize * size_of::<Entry>(), capacity * size_of::<Entry>());
        heap.reserve(bytes - old_bytes + index_size * size_of::<u32>())?;
        self.close_gaps(heap);
        // SAFETY: the map owns both buffers, and the index is made anew.
        unsafe {
            self.entries = heap.resize_buffer(self.entries.cast(), old_bytes, bytes).cast();
            heap.free_buffer(self.index.cast(), self.index_size as usize * size_of::<u32>());
        }
        self.capacity = capacity as u32;
        self.index = heap.allocate_zeroed_buffer(index_size * size_of::<u32>()).cast();
        self.index_size = index_size as u32;
        self.index_all();
        Ok(())
    }

    /// How many slots the index for `capacity` entries has: a power of two, more than entries, so that an entry's number plus one fits in
    /// the bits that number slots and a search always ends.
    fn index_size_for(heap: &Heap, capacity: usize) -> Result<usize, Fault> {
        if capacity > MAX_ENTRIES {
            return Err(Error::heap(heap.limit()));
        }
        let is_indexed = capacity > LARGEST_UNINDEXED as usize;
        Ok(if is_indexed { (capacity * 4 / 3).next_power_of_two() } else { 0 })
    }

    /// Moves the entries down over the gaps.
    fn close_gaps(&mut self, heap: &mut Heap) {
        if self.len == self.used {
            return;
        }
        heap.before_moving(&raw mut self.header);
        let mut kept = 0;
        for position in 0..self.used as usize {
            // SAFETY: both are below `used`.
            unsafe {
                let entry = *self.entries.add(position);
                if !entry.key.is_unset() {
                    self.entries.add(kept).write(entry);
                    kept += 1;
                }
            }
        }
        self.used = kept as u32;
    }

    /// Puts every entry into an index that is empty; there are no gaps.
    fn index_all(&mut self) {
        if self.index_size != 0 {
            for position in 0..self.used {
                // SAFETY: below `used`.
                let key = unsafe { (*self.entries.add(position as usize)).key };
                self.index_entry(key, position);
            }
        }
    }

    /// An ordinary map with the same entries and room for `additional` more.
    pub fn copy(&self, heap: &mut Heap, additional: usize) -> Result<Value, Fault> {
        let capacity = self.len() + additional;
        let index_size = Self::index_size_for(heap, capacity)?;
        let bytes = capacity * size_of::<Entry>();
        heap.reserve(bytes + index_size * size_of::<u32>())?;
        let copy = Self::create(heap, MapKind::Plain);
        if let Some(map) = copy.as_map() {
            map.entries = heap.allocate_buffer(bytes).cast();
            map.index = heap.allocate_zeroed_buffer(index_size * size_of::<u32>()).cast();
            for (key, value) in self.iter() {
                // SAFETY: the array has room for every entry.
                unsafe { map.entries.add(map.used as usize).write(Entry { key, value }) };
                map.used += 1;
            }
            map.len = map.used;
            map.capacity = capacity as u32;
            map.index_size = index_size as u32;
            map.index_all();
        }
        Ok(copy)
    }

    /// Removes all entries. The caller has checked [`Self::kind`].
    pub fn clear(&mut self, heap: &mut Heap) {
        if heap.is_marking() {
            for (key, value) in self.iter() {
                heap.forget(key);
                heap.forget(value);
            }
        }
        let [entries, index] = self.buffer_bytes();
        // SAFETY: the map owns both buffers, and they are replaced.
        unsafe {
            heap.free_buffer(self.entries.cast(), entries);
            heap.free_buffer(self.index.cast(), index);
        }
        self.entries = std::ptr::null_mut();
        self.index = std::ptr::null_mut();
        (self.len, self.used, self.capacity, self.index_size) = (0, 0, 0, 0);
    }

    /// Removes `key` and returns its value.
    pub fn remove(&mut self, heap: &mut Heap, key: Value) -> Option<Value> {
        let position = self.find(key)?;
        if self.index_size != 0 {
            self.unindex(key, position as u32);
        }
        // SAFETY: `find` gives positions below `used`.
        let entry = unsafe { &mut *self.entries.add(position) };
        let value = entry.value;
        heap.forget(entry.key);
        heap.forget(value);
        *entry = Entry { key: Value::UNSET, value: Value::NULL };
        self.len -= 1;
        while self.used > 0 && self.entry_at(self.used as usize - 1).is_none() {
            self.used -= 1;
        }
        Some(value)
    }

    /// Takes an entry's number out of the index, moving later ones of its run up (backward shift deletion), so that no marks of
    /// removed entries pile up.
    fn unindex(&mut self, key: Value, position: u32) {
        let mask = self.index_size - 1;
        let mut at = Self::hash(key) & mask;
        // SAFETY: slots stay below `index_size`; the entry is in the index; entries named by it are below `used`.
        unsafe {
            while *self.index.add(at as usize) & mask != position + 1 {
                at = (at + 1) & mask;
            }
            let mut next = (at + 1) & mask;
            loop {
                let other = *self.index.add(next as usize);
                if other == EMPTY {
                    break;
                }
                let home = Self::hash((*self.entries.add(((other & mask) - 1) as usize)).key) & mask;
                if next.wrapping_sub(home) & mask >= next.wrapping_sub(at) & mask {
                    *self.index.add(at as usize) = other;
                    at = next;
                }
                next = (next + 1) & mask;
            }
            *self.index.add(at as usize) = EMPTY;
        }
    }

    /// Entries in insertion order.
    pub fn iter(&self) -> impl Iterator<Item = (Value, Value)> + '_ {
        (0..self.used as usize).filter_map(|position| self.entry_at(position))
    }

    /// Marks keys and values at positions of a range, as far as there are so many. True if there are none behind it.
    pub(crate) fn trace(&self, range: Range<usize>, marker: &mut Marker<'_>) -> bool {
        let [entries, index] = self.buffer_bytes();
        marker.buffer(self.entries.cast(), entries);
        marker.buffer(self.index.cast(), index);
        let used = self.used as usize;
        if range.start < used {
            // SAFETY: `used` entries are initialised: two values each. Those of a gap are no objects.
            marker.values(unsafe {
                let first = self.entries.add(range.start).cast::<Value>();
                std::slice::from_raw_parts(first, (used.min(range.end) - range.start) * 2)
            });
        }
        used <= range.end
    }

    /// Bytes of the entries and of the index.
    fn buffer_bytes(&self) -> [usize; 2] {
        [self.capacity as usize * size_of::<Entry>(), self.index_size as usize * size_of::<u32>()]
    }

    pub(crate) fn release(&mut self, heap: &mut Heap) {
        let [entries, index] = self.buffer_bytes();
        // SAFETY: called once, by the collector; the map owns both buffers.
        unsafe {
            heap.free_buffer_of_garbage(self.entries.cast(), entries);
            heap.free_buffer_of_garbage(self.index.cast(), index);
        }
    }
}
