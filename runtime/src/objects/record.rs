//! Instances of entity and data types.

use std::mem::offset_of;

use crate::heap::{Header, Heap, ObjectKind};
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

impl Record {
    /// Where in a record its type's index is, 32 bits; for native code, as the one after it.
    pub const TYPE_OFFSET: usize = offset_of!(Self, header) + offset_of!(Header, extra);
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
