//! Closures and the cells of captured variables.

use std::mem::offset_of;

use crate::heap::{Header, Heap, ObjectKind};
use crate::value::{Tag, Value};

/// A function together with the variables it captured.
#[derive(Debug)]
#[repr(C)]
pub struct Closure {
    /// `extra` is the function's index.
    header: Header,
    count: u64,
    captures: [Value; 0],
}

impl Closure {
    /// Where in a closure its function's index is, 32 bits; for native code, as the one after it.
    pub const FUNCTION_OFFSET: usize = offset_of!(Self, header) + offset_of!(Header, extra);
    /// Where its captured values begin.
    pub const CAPTURES_OFFSET: usize = offset_of!(Self, captures);

    /// A closure of `function` with `count` captured variables, all unset.
    pub fn create(heap: &mut Heap, function: u32, count: usize) -> Value {
        let size = size_of::<Self>() + count * size_of::<Value>();
        let closure = heap.allocate(ObjectKind::Closure, 0, function, size).cast::<Self>();
        // SAFETY: the allocation has room for the captures.
        unsafe {
            (&raw mut (*closure).count).write(count as u64);
            let captures = (&raw mut (*closure).captures).cast::<Value>();
            for index in 0..count {
                captures.add(index).write(Value::UNSET);
            }
        }
        Value::object(Tag::Closure, closure)
    }

    /// The function's index.
    #[inline]
    pub fn function(&self) -> u32 {
        self.header.extra
    }

    /// The captured values and cells.
    #[inline]
    pub fn captures(&self) -> &[Value] {
        // SAFETY: `create` initialised `count` values behind the object.
        unsafe { std::slice::from_raw_parts(self.captures.as_ptr(), self.count as usize) }
    }

    /// Captured value or cell `index`, unchecked.
    ///
    /// # Safety
    /// `index` is below the number of captures; verified code guarantees it.
    #[inline]
    pub unsafe fn capture_unchecked(&self, index: usize) -> Value {
        debug_assert!(index < self.count as usize);
        // SAFETY: the caller's promise.
        unsafe { self.captures.as_ptr().add(index).read() }
    }

    /// Replaces captured value `index`, if there is one.
    pub fn set_capture(&mut self, index: usize, value: Value) {
        if index < self.count as usize {
            // SAFETY: in range.
            unsafe { self.captures.as_mut_ptr().add(index).write(value) };
        }
    }
}

/// A variable that closures share.
#[derive(Debug)]
#[repr(C)]
pub struct Cell {
    header: Header,
    /// What the variable holds.
    pub value: Value,
}

impl Cell {
    /// Where in a cell its value is; for native code.
    pub const VALUE_OFFSET: usize = offset_of!(Self, value);

    /// A cell that holds `value`.
    pub fn create(heap: &mut Heap, value: Value) -> Value {
        let cell = heap.allocate(ObjectKind::Cell, 0, 0, size_of::<Self>()).cast::<Self>();
        // SAFETY: freshly allocated with room for it.
        unsafe { (&raw mut (*cell).value).write(value) };
        Value::object(Tag::Cell, cell)
    }
}
