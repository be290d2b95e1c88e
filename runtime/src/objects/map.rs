//! Maps: insertion-ordered, keyed by strings, integers and bools.
//!
//! Entries lie in insertion order; an open-addressing index of 32-bit slots finds them. Up to eight entries are
//! searched without an index. A removed entry leaves a gap that is closed when the map is next rebuilt, so a position stays
//! meaningful while a loop walks the map.
//!
//! An entry takes 17 bytes: the payloads of its key and its value lie side by side in an array, and behind that array, in the same buffer, one byte for both tags.
//!
//! A slot of the index holds an entry's number plus one in as many low bits as the index has slots for, and in the others the same bits of the
//! key's hash; an empty one is zero. So nearly every entry that is not the one looked for is passed over without touching it, which in a
//! large map would be a cache miss each.

use std::mem::offset_of;
use std::ops::Range;
use std::ptr;

use crate::error::{Error, Fault};
use crate::heap::{Header, Heap, Marker, MemoryPolicy, ObjectKind};
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

/// Payloads of an entry: its key's and its value's.
type Payloads = [u64; 2];

/// Bytes of an entry.
const ENTRY_BYTES: usize = size_of::<Payloads>() + size_of::<Tags>();

/// Both tags of an entry: that of the value in the low bits, and above them what kind of key there is.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
struct Tags(u8);

impl Tags {
    const VALUE_BITS: u32 = 6;
    const VALUE: u8 = (1 << Self::VALUE_BITS) - 1;
    const STRING: u8 = 3 << Self::VALUE_BITS;
    const GAP: Self = Self(2 << Self::VALUE_BITS | Tag::Null as u8);

    #[inline(always)]
    fn new(key: Value, value: Value) -> Self {
        const { assert!(Tag::Task as u8 <= Self::VALUE) };
        Self(Self::kind_of(key) | value.tag() as u8)
    }

    /// What kind of key a value is, where [`Self::key`] has it.
    #[inline(always)]
    fn kind_of(key: Value) -> u8 {
        match key.tag() {
            Tag::Int => 0,
            Tag::Bool => 1 << Self::VALUE_BITS,
            _ => Self::STRING,
        }
    }

    #[inline(always)]
    fn key(self) -> u8 {
        self.0 & !Self::VALUE
    }

    #[inline(always)]
    fn key_tag(self) -> Tag {
        [Tag::Int, Tag::Bool, Tag::Unset, Tag::String][usize::from(self.0 >> Self::VALUE_BITS)]
    }

    #[inline(always)]
    fn value_bits(self) -> u64 {
        u64::from(self.0 & Self::VALUE)
    }
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
    /// `capacity` payloads, and behind them as many [`Tags`].
    entries: *mut Payloads,
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
/// A map of so many entries grows by an eighth each time; the system moves so large a buffer without copying it.
const LARGE: usize = 4096;

impl Map {
    /// Where in a map its [`MapKind`] is, a byte; for native code, as all that follow.
    pub const KIND_OFFSET: usize = offset_of!(Self, header) + offset_of!(Header, flags);
    /// Where it says how many entries there are, gaps included, 32 bits.
    pub const USED_OFFSET: usize = offset_of!(Self, used);
    /// Where it says for how many entries there is room, 32 bits.
    pub const CAPACITY_OFFSET: usize = offset_of!(Self, capacity);
    /// Where the address of its entries' payloads is: key and value in turn, eight bytes each. Behind those for which there is room lie the tags, a byte for each entry.
    pub const ENTRIES_OFFSET: usize = offset_of!(Self, entries);
    /// Bytes of an entry's payloads.
    pub const PAYLOADS_SIZE: usize = size_of::<Payloads>();
    /// Where among them its value's is.
    pub const VALUE_OFFSET: usize = size_of::<u64>();
    /// The bits of an entry's tags that are its value's tag.
    pub const VALUE_TAG: u8 = Tags::VALUE;
    /// Tags of entries that have a string for a key are no smaller.
    pub const STRING_KEY: u8 = Tags::STRING;
    /// Bytes of an entry that has both as whole values.
    pub(crate) const WHOLE_ENTRY: usize = 2 * size_of::<Value>();

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
        heap.reserve(size_of::<Self>() + entries * Self::entry_bytes(heap))?;
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
        let (key, value) = unsafe { (self.key_at(position), self.value_at(position)) };
        (!key.is_unset()).then_some((key, value))
    }

    /// Bytes that an entry takes in this heap. Without anything that keeps objects small, it is two whole values.
    fn entry_bytes(heap: &Heap) -> usize {
        if heap.policy() == MemoryPolicy::Naive { Self::WHOLE_ENTRY } else { ENTRY_BYTES }
    }

    /// Where the tags of an entry are.
    ///
    /// # Safety
    /// The position is below `capacity`.
    #[inline(always)]
    unsafe fn tags_at(&self, position: usize) -> *mut Tags {
        // SAFETY: tags lie behind the payloads of `capacity` entries.
        unsafe { self.entries.add(self.capacity as usize).cast::<Tags>().add(position) }
    }

    /// The key at a position; unset in a gap.
    ///
    /// # Safety
    /// The position is below `used`.
    #[inline(always)]
    unsafe fn key_at(&self, position: usize) -> Value {
        // SAFETY: the caller's promise; the tag is that of this payload.
        unsafe { Value::from_bits((*self.tags_at(position)).key_tag() as u64, (*self.entries.add(position))[0]) }
    }

    /// The value at a position.
    ///
    /// # Safety
    /// The position is below `used`.
    #[inline(always)]
    unsafe fn value_at(&self, position: usize) -> Value {
        // SAFETY: the caller's promise; the tag is that of this payload.
        unsafe { Value::from_bits((*self.tags_at(position)).value_bits(), (*self.entries.add(position))[1]) }
    }

    /// Writes an entry.
    ///
    /// # Safety
    /// The position is below `capacity`.
    #[inline(always)]
    unsafe fn put(&mut self, position: usize, key: Value, value: Value) {
        // SAFETY: the caller's promise.
        unsafe {
            self.entries.add(position).write([key.payload(), value.payload()]);
            self.tags_at(position).write(Tags::new(key, value));
        }
    }

    /// Replaces the value at a position.
    ///
    /// # Safety
    /// The position is below `used`.
    #[inline(always)]
    unsafe fn replace(&mut self, heap: &mut Heap, position: usize, value: Value) {
        // SAFETY: the caller's promise.
        unsafe {
            if heap.is_marking() {
                heap.forget(self.value_at(position));
            }
            let tags = self.tags_at(position);
            tags.write(Tags((*tags).key() | value.tag() as u8));
            (*self.entries.add(position))[1] = value.payload();
        }
    }

    /// Whether the entry at a position has this key, which is of this kind: a string, if it `IS_STRING`.
    ///
    /// # Safety
    /// The position is below `used`.
    #[inline(always)]
    unsafe fn has_key<const IS_STRING: bool>(&self, position: usize, key: Value, kind: u8) -> bool {
        // SAFETY: the caller's promise.
        unsafe {
            let payload = (*self.entries.add(position))[0];
            let is_same = payload == key.payload();
            if IS_STRING {
                (*self.tags_at(position)).key() == Tags::STRING
                    && (is_same || Self::strings_equal(Value::from_bits(Tag::String as u64, payload), key))
            } else {
                is_same && (*self.tags_at(position)).key() == kind
            }
        }
    }

    #[inline]
    fn strings_equal(a: Value, b: Value) -> bool {
        match (a.as_string(), b.as_string()) {
            (Some(a), Some(b)) => a.hash() == b.hash() && a.equals(b),
            _ => false,
        }
    }

    /// Whether a value can be a key.
    #[inline]
    pub fn can_be_key(key: Value) -> bool {
        matches!(key.tag(), Tag::String | Tag::Int | Tag::Bool)
    }

    #[inline]
    fn hash(key: Value) -> u32 {
        match key.as_string() {
            Some(string) => string.hash(),
            None => hash_of_payload(key.payload(), Tags::kind_of(key)),
        }
    }

    /// The hash of the key at a position, which is no gap.
    ///
    /// # Safety
    /// The position is below `used`.
    #[inline(always)]
    unsafe fn hash_at(&self, position: usize) -> u32 {
        // SAFETY: the caller's promise.
        unsafe {
            let payload = (*self.entries.add(position))[0];
            match (*self.tags_at(position)).key() {
                Tags::STRING => Self::hash(Value::from_bits(Tag::String as u64, payload)),
                kind => hash_of_payload(payload, kind),
            }
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
        match Tags::kind_of(key) {
            Tags::STRING => self.search::<true>(key, Tags::STRING, hash),
            kind => self.search::<false>(key, kind, hash),
        }
    }

    #[inline(always)]
    fn search<const IS_STRING: bool>(&self, key: Value, kind: u8, hash: u32) -> Result<usize, usize> {
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
                if (slot ^ hash) & !mask == 0 && self.has_key::<IS_STRING>(position, key, kind) {
                    return Ok(position);
                }
            }
            at = (at + 1) & mask;
        }
    }

    fn find_unindexed(&self, key: Value) -> Option<usize> {
        let mut positions = 0..self.used as usize;
        match Tags::kind_of(key) {
            // SAFETY: below `used`.
            Tags::STRING => positions.find(|&at| unsafe { self.has_key::<true>(at, key, Tags::STRING) }),
            // SAFETY: below `used`.
            kind => positions.find(|&at| unsafe { self.has_key::<false>(at, key, kind) }),
        }
    }

    /// The value of `key`, if it is there.
    #[inline]
    pub fn get(&self, key: Value) -> Option<Value> {
        // SAFETY: `find` gives positions below `used`.
        self.find(key).map(|position| unsafe { self.value_at(position) })
    }

    /// The value at `position` if the entry there has exactly this key object: what an access site remembers of an earlier lookup.
    #[inline]
    pub fn get_cached(&self, position: usize, key: Value) -> Option<Value> {
        // SAFETY: below `used`.
        unsafe {
            (position < self.used as usize && self.key_at(position).is_identical(key)).then(|| self.value_at(position))
        }
    }

    /// Replaces the value at `position` if the entry there has exactly this key object and the map can be changed.
    #[inline]
    pub fn set_cached(&mut self, heap: &mut Heap, position: usize, key: Value, value: Value) -> bool {
        // SAFETY: below `used`.
        unsafe {
            let is_there = position < self.used as usize
                && self.kind() == MapKind::Plain
                && self.key_at(position).is_identical(key);
            if is_there {
                self.replace(heap, position, value);
            }
            is_there
        }
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
            Ok(position) => unsafe { self.replace(heap, position, value) },
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
            self.put(self.used as usize, key, value);
        }
        self.used += 1;
        self.len += 1;
    }

    /// Enters the key of an entry that is not in the index, and no gap, under the entry's number.
    ///
    /// # Safety
    /// The position is below `used`.
    #[inline]
    unsafe fn index_entry(&mut self, position: u32) {
        // SAFETY: the caller's promise.
        let (mask, hash) = (self.index_size - 1, unsafe { self.hash_at(position as usize) });
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
        let (live, capacity) = (self.len as usize, self.capacity as usize);
        let has_gaps = live + live / 3 < self.used as usize;
        let capacity = if has_gaps { capacity } else { self.capacity_after(heap) };
        self.rebuild(heap, capacity)
    }

    /// For how many entries there is room when it has grown.
    fn capacity_after(&self, heap: &Heap) -> usize {
        let capacity = self.capacity as usize;
        // A region keeps what a buffer has outgrown.
        if capacity < LARGEST_UNINDEXED as usize || heap.policy() != MemoryPolicy::Collected {
            return (capacity * 2).max(4);
        }
        let grown = if capacity < LARGE { capacity + capacity / 2 } else { capacity + capacity / 8 };
        let indexed = most_indexed(self.index_size as usize);
        if capacity < indexed { grown.min(indexed) } else { grown }
    }

    /// Makes room for `capacity` entries, which are no fewer than before. Closes the gaps if there is no room for more, or the index is made anew.
    fn rebuild(&mut self, heap: &mut Heap, capacity: usize) -> Result<(), Fault> {
        let index_size = Self::index_size_for(heap, capacity)?;
        let old_capacity = self.capacity as usize;
        let [old_bytes, bytes] = [old_capacity, capacity].map(|capacity| capacity * Self::entry_bytes(heap));
        let keeps_index = index_size == self.index_size as usize && capacity > old_capacity;
        let index_bytes = if keeps_index { 0 } else { index_size * size_of::<u32>() };
        heap.reserve(bytes - old_bytes + index_bytes)?;
        if !keeps_index {
            self.close_gaps(heap);
        }
        // SAFETY: the map owns the buffer. It has room for tags behind the payloads of the old capacity, and behind those of the new one.
        unsafe {
            self.entries = heap.resize_buffer(self.entries.cast(), old_bytes, bytes).cast();
            if self.used > 0 {
                let old = self.entries.add(old_capacity).cast::<Tags>();
                ptr::copy(old, self.entries.add(capacity).cast(), self.used as usize);
            }
        }
        self.capacity = capacity as u32;
        if keeps_index {
            return Ok(());
        }
        // SAFETY: the map owns the index, which is made anew.
        unsafe { heap.free_buffer(self.index.cast(), self.index_size as usize * size_of::<u32>()) };
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
        let slots = match heap.policy() {
            _ if capacity <= LARGEST_UNINDEXED as usize => return Ok(0),
            MemoryPolicy::Naive => (capacity * 4 / 3).next_power_of_two(),
            _ => capacity.next_power_of_two(),
        };
        Ok(if capacity > most_indexed(slots) { slots * 2 } else { slots })
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
                let (payloads, tags) = (*self.entries.add(position), *self.tags_at(position));
                if tags != Tags::GAP {
                    self.entries.add(kept).write(payloads);
                    self.tags_at(kept).write(tags);
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
                unsafe { self.index_entry(position) };
            }
        }
    }

    /// An ordinary map with the same entries and room for `additional` more.
    pub fn copy(&self, heap: &mut Heap, additional: usize) -> Result<Value, Fault> {
        let capacity = self.len() + additional;
        let index_size = Self::index_size_for(heap, capacity)?;
        let bytes = capacity * Self::entry_bytes(heap);
        heap.reserve(bytes + index_size * size_of::<u32>())?;
        let copy = Self::create(heap, MapKind::Plain);
        if let Some(map) = copy.as_map() {
            map.entries = heap.allocate_buffer(bytes).cast();
            map.index = heap.allocate_zeroed_buffer(index_size * size_of::<u32>()).cast();
            map.capacity = capacity as u32;
            for (key, value) in self.iter() {
                // SAFETY: the array has room for every entry.
                unsafe { map.put(map.used as usize, key, value) };
                map.used += 1;
            }
            map.len = map.used;
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
        let [entries, index] = self.buffer_bytes(heap);
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
        let value = unsafe {
            let value = self.value_at(position);
            heap.forget(self.key_at(position));
            heap.forget(value);
            self.entries.add(position).write([0; 2]);
            self.tags_at(position).write(Tags::GAP);
            value
        };
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
                let home = self.hash_at(((other & mask) - 1) as usize) & mask;
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
        marker.buffer(self.entries.cast(), self.capacity as usize * ENTRY_BYTES);
        marker.buffer(self.index.cast(), self.index_size as usize * size_of::<u32>());
        let used = self.used as usize;
        let is_done = used <= range.end;
        let range = range.start..used.min(range.end);
        marker.has_read(range.len() * ENTRY_BYTES);
        for position in range {
            // SAFETY: below `used`. Those of a gap are no objects.
            unsafe {
                marker.value(self.key_at(position));
                marker.value(self.value_at(position));
            }
        }
        is_done
    }

    /// Bytes of the entries and of the index.
    fn buffer_bytes(&self, heap: &Heap) -> [usize; 2] {
        [self.capacity as usize * Self::entry_bytes(heap), self.index_size as usize * size_of::<u32>()]
    }

    pub(crate) fn release(&mut self, heap: &mut Heap) {
        let [entries, index] = self.buffer_bytes(heap);
        // SAFETY: called once, by the collector; the map owns both buffers.
        unsafe {
            heap.free_buffer_of_garbage(self.entries.cast(), entries);
            heap.free_buffer_of_garbage(self.index.cast(), index);
        }
    }
}

/// The hash of a key that is no object, of a kind.
#[inline(always)]
fn hash_of_payload(payload: u64, kind: u8) -> u32 {
    // The golden ratio spreads runs of integers; the high half has the good bits.
    (payload.wrapping_add(u64::from(kind)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32
}

/// How many entries an index of so many slots is for: fuller ones take too long to search.
fn most_indexed(slots: usize) -> usize {
    slots - slots / 8
}
