//! Lists with packed elements.
//!
//! A list of integers, floats or bools keeps bare payloads (8, 8 and 1 bytes an element); the first element of another kind turns it into
//! a list of whole values, once. An empty list takes the kind of the first element pushed.

use std::mem::offset_of;
use std::ops::Range;

use crate::error::{Error, Fault};
use crate::heap::{Header, Heap, Marker, ObjectKind};
use crate::value::{Tag, Value};

/// How a list keeps its elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ElementKind {
    /// Integers, 8 bytes each.
    Int = 0,
    /// Floats, 8 bytes each.
    Float = 1,
    /// Bools, 1 byte each.
    Bool = 2,
    /// Any values, 16 bytes each.
    Value = 3,
}

impl ElementKind {
    /// The tightest kind that can hold `value`.
    #[inline]
    pub fn of(value: Value) -> Self {
        match value.tag() {
            Tag::Int => Self::Int,
            Tag::Float => Self::Float,
            Tag::Bool => Self::Bool,
            _ => Self::Value,
        }
    }

    /// The kind that a list of such elements has in this heap.
    #[inline]
    fn in_heap(self, heap: &Heap) -> Self {
        if heap.has_packed_lists() { self } else { Self::Value }
    }

    /// The tightest kind that can hold what either can.
    #[inline]
    pub fn join(self, other: Self) -> Self {
        if self == other { self } else { Self::Value }
    }

    /// Bytes an element takes.
    #[inline]
    pub fn size(self) -> usize {
        match self {
            Self::Int | Self::Float => 8,
            Self::Bool => 1,
            Self::Value => 16,
        }
    }
}

/// A list. Shared by reference.
#[derive(Debug)]
#[repr(C)]
pub struct List {
    /// `flags` is the [`ElementKind`].
    header: Header,
    len: u32,
    capacity: u32,
    data: *mut u8,
}

const MAX_LENGTH: usize = u32::MAX as usize;

impl List {
    /// Where in a list its [`ElementKind`] is, a byte; for native code, as the two after it.
    pub const KIND_OFFSET: usize = offset_of!(Self, header) + offset_of!(Header, flags);
    /// Where its length is, 32 bits.
    pub const LENGTH_OFFSET: usize = offset_of!(Self, len);
    /// Where it says how many elements there is room for, 32 bits.
    pub const CAPACITY_OFFSET: usize = offset_of!(Self, capacity);
    /// Where the address of its elements is.
    pub const DATA_OFFSET: usize = offset_of!(Self, data);

    /// An empty list.
    pub fn create(heap: &mut Heap) -> Value {
        Self::allocate(heap, ElementKind::Int, 0)
    }

    fn allocate(heap: &mut Heap, kind: ElementKind, capacity: usize) -> Value {
        let kind = kind.in_heap(heap);
        let data = heap.allocate_buffer(capacity * kind.size());
        let list = heap.allocate(ObjectKind::List, kind as u8, 0, size_of::<Self>()).cast::<Self>();
        // SAFETY: freshly allocated with room for these fields.
        unsafe {
            (&raw mut (*list).len).write(0);
            (&raw mut (*list).capacity).write(capacity as u32);
            (&raw mut (*list).data).write(data);
        }
        Value::object(Tag::List, list)
    }

    /// An empty list with room for `capacity` elements of this kind; of whole values in a heap without packed lists.
    pub fn with_capacity(heap: &mut Heap, kind: ElementKind, capacity: usize) -> Result<Value, Fault> {
        if capacity > MAX_LENGTH {
            return Err(Error::heap(heap.limit()));
        }
        heap.reserve(capacity * kind.in_heap(heap).size() + size_of::<Self>())?;
        Ok(Self::allocate(heap, kind, capacity))
    }

    /// A list of these values.
    pub fn from_values(heap: &mut Heap, values: &[Value]) -> Result<Value, Fault> {
        let kind = match values.first() {
            None => return Ok(Self::create(heap)),
            Some(&first) => ElementKind::of(first),
        };
        let kind = if values.iter().all(|&value| ElementKind::of(value) == kind) { kind } else { ElementKind::Value };
        let result = Self::with_capacity(heap, kind, values.len())?;
        if let Some(list) = result.as_list() {
            for (index, &value) in values.iter().enumerate() {
                // SAFETY: the capacity is `values.len()`, and `kind` can hold every value.
                unsafe { list.write(index, value) };
            }
            list.len = values.len() as u32;
        }
        Ok(result)
    }

    /// The integers of `start..` in steps of `step`, `count` of them; none may overflow.
    pub fn from_range(heap: &mut Heap, start: i64, step: i64, count: usize) -> Result<Value, Fault> {
        let result = Self::with_capacity(heap, ElementKind::Int, count)?;
        if let Some(list) = result.as_list() {
            for index in 0..count {
                let value = Value::int(start.wrapping_add(step.wrapping_mul(index as i64)));
                // SAFETY: the capacity is `count`.
                unsafe { list.write(index, value) };
            }
            list.len = count as u32;
        }
        Ok(result)
    }

    /// How many elements it has.
    #[inline]
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// True without elements.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How it keeps its elements.
    #[inline]
    pub fn kind(&self) -> ElementKind {
        match self.header.flags {
            0 => ElementKind::Int,
            1 => ElementKind::Float,
            2 => ElementKind::Bool,
            _ => ElementKind::Value,
        }
    }

    /// Where its elements lie, as [`Self::kind`] says.
    #[inline]
    pub fn data(&self) -> *mut u8 {
        self.data
    }

    /// Element `index`, if there is one.
    #[inline]
    pub fn get(&self, index: usize) -> Option<Value> {
        // SAFETY: in range.
        (index < self.len()).then(|| unsafe { self.read(index) })
    }

    /// Element `index`, unchecked.
    ///
    /// # Safety
    /// `index` is below [`Self::len`].
    #[inline]
    pub unsafe fn read(&self, index: usize) -> Value {
        debug_assert!(index < self.len());
        // SAFETY: the caller's promise; the kind says how elements are kept.
        unsafe {
            match self.kind() {
                ElementKind::Int => Value::int(self.data.cast::<i64>().add(index).read()),
                ElementKind::Float => Value::float(self.data.cast::<f64>().add(index).read()),
                ElementKind::Bool => Value::bool(self.data.add(index).read() != 0),
                ElementKind::Value => self.data.cast::<Value>().add(index).read(),
            }
        }
    }

    /// # Safety
    /// `index` is below the capacity and the list's kind can hold `value`.
    #[inline]
    unsafe fn write(&mut self, index: usize, value: Value) {
        // SAFETY: the caller's promise.
        unsafe {
            match self.kind() {
                ElementKind::Int | ElementKind::Float => self.data.cast::<u64>().add(index).write(value.payload()),
                ElementKind::Bool => self.data.add(index).write(value.payload() as u8),
                ElementKind::Value => self.data.cast::<Value>().add(index).write(value),
            }
        }
    }

    #[inline]
    fn can_hold(&self, value: Value) -> bool {
        let kind = self.kind();
        kind == ElementKind::Value || kind == ElementKind::of(value)
    }

    /// Replaces element `index`, which must exist. False when it does not.
    #[inline]
    pub fn set(&mut self, heap: &mut Heap, index: usize, value: Value) -> Result<bool, Fault> {
        if index >= self.len() {
            return Ok(false);
        }
        if !self.can_hold(value) {
            self.generalize(heap)?;
        }
        // SAFETY: in range, and the kind holds the value now.
        unsafe {
            heap.forget(self.read(index));
            self.write(index, value);
        }
        Ok(true)
    }

    /// Appends `value`.
    #[inline]
    pub fn push(&mut self, heap: &mut Heap, value: Value) -> Result<(), Fault> {
        if self.len == self.capacity || !self.can_hold(value) {
            self.make_room(heap, value)?;
        }
        // SAFETY: there is room, and the kind holds the value.
        unsafe { self.write(self.len as usize, value) };
        self.len += 1;
        Ok(())
    }

    #[inline(never)]
    fn make_room(&mut self, heap: &mut Heap, value: Value) -> Result<(), Fault> {
        if self.len == 0 && self.kind() != ElementKind::of(value).in_heap(heap) {
            // An empty list takes the kind of its first element.
            self.become_empty(heap, ElementKind::of(value));
        }
        if !self.can_hold(value) {
            self.generalize(heap)?;
        }
        if self.len == self.capacity {
            self.grow(heap, 1)?;
        }
        Ok(())
    }

    /// Makes room for `additional` more elements of its kind.
    pub fn grow(&mut self, heap: &mut Heap, additional: usize) -> Result<(), Fault> {
        let needed = self.len() + additional;
        if needed <= self.capacity as usize {
            return Ok(());
        }
        if needed > MAX_LENGTH {
            return Err(Error::heap(heap.limit()));
        }
        let size = self.kind().size();
        let capacity = needed.max(self.capacity as usize * 2).clamp(4, MAX_LENGTH);
        // The old and the new buffer may exist at the same time.
        heap.reserve(capacity * size)?;
        // SAFETY: this list owns the buffer.
        self.data = unsafe { heap.resize_buffer(self.data, self.capacity as usize * size, capacity * size) };
        self.capacity = capacity as u32;
        Ok(())
    }

    /// Turns it into a list of whole values.
    #[inline(never)]
    fn generalize(&mut self, heap: &mut Heap) -> Result<(), Fault> {
        if self.kind() == ElementKind::Value {
            return Ok(());
        }
        let capacity = self.len().max(4);
        let bytes = capacity * ElementKind::Value.size();
        heap.reserve(bytes)?;
        let data = heap.allocate_buffer(bytes).cast::<Value>();
        for index in 0..self.len() {
            // SAFETY: both buffers hold `len` elements.
            unsafe { data.add(index).write(self.read(index)) };
        }
        // SAFETY: this list owns the buffer.
        unsafe { heap.free_buffer(self.data, self.capacity as usize * self.kind().size()) };
        self.data = data.cast();
        self.capacity = capacity as u32;
        self.header.flags = ElementKind::Value as u8;
        Ok(())
    }

    /// Removes and returns the last element.
    #[inline]
    pub fn pop(&mut self, heap: &mut Heap) -> Option<Value> {
        let last = self.get(self.len().checked_sub(1)?)?;
        heap.forget(last);
        self.len -= 1;
        Some(last)
    }

    /// Puts `value` before element `index` (at the end when there is none).
    pub fn insert(&mut self, heap: &mut Heap, index: usize, value: Value) -> Result<(), Fault> {
        let index = index.min(self.len());
        self.push(heap, value)?;
        let size = self.kind().size();
        // SAFETY: `index..len - 1` are elements, and there is one more behind them.
        unsafe {
            let at = self.data.add(index * size);
            std::ptr::copy(at, at.add(size), (self.len() - 1 - index) * size);
            self.write(index, value);
        }
        Ok(())
    }

    /// Removes and returns element `index`.
    pub fn remove(&mut self, heap: &mut Heap, index: usize) -> Option<Value> {
        let removed = self.get(index)?;
        heap.forget(removed);
        heap.after_removal(&raw mut self.header, index);
        let size = self.kind().size();
        // SAFETY: `index + 1..len` are elements.
        unsafe {
            let at = self.data.add(index * size);
            std::ptr::copy(at.add(size), at, (self.len() - 1 - index) * size);
        }
        self.len -= 1;
        Some(removed)
    }

    /// Removes all elements.
    pub fn clear(&mut self, heap: &mut Heap) {
        if heap.is_marking() && self.kind() == ElementKind::Value {
            self.iter().for_each(|value| heap.forget(value));
        }
        self.len = 0;
    }

    /// Appends all elements of `other`, which may be the same list.
    pub fn extend(&mut self, heap: &mut Heap, other: Value) -> Result<(), Fault> {
        if other.header() == Some(&raw mut self.header) {
            let count = self.len();
            self.make_room_for(heap, self.kind(), count)?;
            // SAFETY: there is room for `count` more elements behind the `count` elements there are.
            unsafe { self.copy_to_end(self.data, count) };
            return Ok(());
        }
        let Some(other) = other.as_list() else { return Ok(()) };
        if other.is_empty() {
            return Ok(());
        }
        self.make_room_for(heap, other.kind(), other.len())?;
        if self.kind() == other.kind() {
            // SAFETY: there is room, both lists keep their elements alike, and they are not the same list.
            unsafe { self.copy_to_end(other.data, other.len()) };
            return Ok(());
        }
        for index in 0..other.len() {
            // SAFETY: `index` is below `other.len()`; there is room, and the kind holds every value of `other`.
            unsafe { self.write(self.len as usize, other.read(index)) };
            self.len += 1;
        }
        Ok(())
    }

    /// Appends these values: all of them, or none when the heap's limit is reached.
    pub fn extend_from_values(&mut self, heap: &mut Heap, values: &[Value]) -> Result<(), Fault> {
        let Some((&first, others)) = values.split_first() else { return Ok(()) };
        let kind = others.iter().fold(ElementKind::of(first), |kind, &value| kind.join(ElementKind::of(value)));
        self.make_room_for(heap, kind, values.len())?;
        for &value in values {
            // SAFETY: there is room, and the kind holds every one of the values.
            unsafe { self.write(self.len as usize, value) };
            self.len += 1;
        }
        Ok(())
    }

    /// Makes room for `count` more elements of any kind that `kind` can hold.
    fn make_room_for(&mut self, heap: &mut Heap, kind: ElementKind, count: usize) -> Result<(), Fault> {
        if self.kind().join(kind) != self.kind() {
            if self.len == 0 {
                self.become_empty(heap, kind);
            } else {
                self.generalize(heap)?;
            }
        }
        self.grow(heap, count)
    }

    /// # Safety
    /// `elements` are `count` elements of this list's kind, and there is room for as many behind its own.
    unsafe fn copy_to_end(&mut self, elements: *const u8, count: usize) {
        let size = self.kind().size();
        if count != 0 {
            // SAFETY: the caller's promise; the elements end before the free room begins, even when they are this list's own.
            unsafe { std::ptr::copy_nonoverlapping(elements, self.data.add(self.len() * size), count * size) };
            self.len += count as u32;
        }
    }

    /// Turns an empty list into an empty list of another kind, without room.
    fn become_empty(&mut self, heap: &mut Heap, kind: ElementKind) {
        debug_assert!(self.len == 0);
        // SAFETY: this list owns the buffer.
        unsafe { heap.free_buffer(self.data, self.capacity as usize * self.kind().size()) };
        self.data = std::ptr::null_mut();
        self.capacity = 0;
        self.header.flags = kind.in_heap(heap) as u8;
    }

    /// A new list of elements `start..end`, which must exist.
    pub fn slice(&self, heap: &mut Heap, start: usize, end: usize) -> Result<Value, Fault> {
        let end = end.min(self.len());
        let count = end.saturating_sub(start);
        let kind = self.kind();
        let result = Self::with_capacity(heap, kind, count)?;
        if let Some(list) = result.as_list()
            && count != 0
        {
            // SAFETY: both have `count` elements of this kind there.
            unsafe {
                std::ptr::copy_nonoverlapping(self.data.add(start * kind.size()), list.data, count * kind.size())
            };
            list.len = count as u32;
        }
        Ok(result)
    }

    /// Reverses the elements in place.
    pub fn reverse(&mut self, heap: &mut Heap) {
        heap.before_moving(&raw mut self.header);
        let len = self.len();
        for index in 0..len / 2 {
            // SAFETY: both are in range and keep their kind.
            unsafe {
                let (low, high) = (self.read(index), self.read(len - 1 - index));
                self.write(index, high);
                self.write(len - 1 - index, low);
            }
        }
    }

    /// The elements in order. The list may change meanwhile; the walk ends where it then ends.
    pub fn iter(&self) -> impl Iterator<Item = Value> + '_ {
        let mut index = 0;
        std::iter::from_fn(move || {
            let value = self.get(index)?;
            index += 1;
            Some(value)
        })
    }

    /// The integers, when it is a list of integers.
    pub fn as_ints(&self) -> Option<&[i64]> {
        if self.len == 0 {
            return (self.kind() == ElementKind::Int).then_some(&[]);
        }
        // SAFETY: the kind says so, and `len` elements are initialised.
        (self.kind() == ElementKind::Int).then(|| unsafe { std::slice::from_raw_parts(self.data.cast(), self.len()) })
    }

    /// The integers, when it is a list of integers.
    pub fn as_ints_mut(&mut self) -> Option<&mut [i64]> {
        if self.len == 0 || self.kind() != ElementKind::Int {
            return None;
        }
        // SAFETY: the kind says so, `len` elements are initialised, and only this list refers to them.
        Some(unsafe { std::slice::from_raw_parts_mut(self.data.cast(), self.len()) })
    }

    /// Marks the elements in a range, as far as there are so many. True if there are none behind it.
    pub(crate) fn trace(&self, range: Range<usize>, marker: &mut Marker<'_>) -> bool {
        marker.buffer(self.data, self.capacity as usize * self.kind().size());
        if self.kind() == ElementKind::Value && range.start < self.len() {
            let count = self.len().min(range.end) - range.start;
            // SAFETY: `len` values are initialised.
            marker.values(unsafe { std::slice::from_raw_parts(self.data.cast::<Value>().add(range.start), count) });
        }
        self.kind() != ElementKind::Value || self.len() <= range.end
    }

    pub(crate) fn release(&mut self, heap: &mut Heap) {
        // SAFETY: called once, by the collector; the list owns the buffer.
        unsafe { heap.free_buffer_of_garbage(self.data, self.capacity as usize * self.kind().size()) };
    }
}
