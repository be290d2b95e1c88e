//! What objects keep outside their cells: elements of lists, entries of maps, bytes of long strings.
//!
//! A buffer belongs to one object, which says how many bytes it has. A small one lies in a cell of a block like an object, behind a header that says so, and takes no call of the system's
//! allocator: it is marked when its owner is looked at, and otherwise swept by itself. Its owner gives it back only when it takes another one.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error, realloc};
use std::ptr;

use super::{FreeCell, GRANULE, Header, Heap, LARGEST_CELL, MemoryPolicy, ObjectKind};

/// Whole values are the largest that lies in buffers.
const BUFFER_ALIGN: usize = align_of::<crate::Value>();
/// Largest buffer that lies in a block.
pub(super) const LARGEST_STORAGE: usize = LARGEST_CELL - size_of::<Header>();

impl Heap {
    /// Whether a buffer of so many bytes is in a cell of a block: then it is marked when its owner is, and swept like others.
    #[inline]
    fn is_storage(&self, bytes: usize) -> bool {
        bytes <= LARGEST_STORAGE && self.policy == MemoryPolicy::Collected
    }

    fn allocate_storage(&mut self, bytes: usize) -> *mut u8 {
        let header = self.allocate(ObjectKind::Storage, 0, 0, size_of::<Header>() + bytes);
        if let Some(counted) = &mut self.counted {
            counted.objects -= 1;
        }
        // SAFETY: the cell has room for a header and so many bytes.
        unsafe { header.add(1).cast() }
    }

    /// Gives a cell with a buffer back.
    ///
    /// # Safety
    /// `buffer` is in a cell of its own, and nothing refers to it any more.
    unsafe fn free_storage(&mut self, buffer: *mut u8) {
        // SAFETY: the caller's promise: the header is before the buffer.
        unsafe {
            let header = buffer.cast::<Header>().sub(1);
            if self.is_sweeping() {
                // Its block may be one that will be swept yet, and then puts the cell on the list of free ones.
                (*header).mark = 0;
                return;
            }
            let class = (*header).class as usize;
            (*header).kind = ObjectKind::Free;
            self.bytes -= (class + 1) * GRANULE;
            let free = match &mut self.counted {
                Some(counted) => &mut counted.free[class],
                None => &mut self.free[class],
            };
            let cell = header.cast::<FreeCell>();
            (*cell).next = *free;
            *free = cell;
        }
    }

    /// A raw buffer of `bytes` bytes, aligned for values. Null for none. A small one is in a cell of a block.
    pub fn allocate_buffer(&mut self, bytes: usize) -> *mut u8 {
        if bytes == 0 {
            return ptr::null_mut();
        }
        if self.is_storage(bytes) {
            return self.allocate_storage(bytes);
        }
        let layout = buffer_layout(bytes);
        let memory = self.raw(layout);
        if memory.is_null() {
            handle_alloc_error(layout);
        }
        self.bytes += bytes;
        memory
    }

    /// As [`Self::allocate_buffer`], all bytes zero. Of a large one the system makes pages when they are first touched.
    pub fn allocate_zeroed_buffer(&mut self, bytes: usize) -> *mut u8 {
        if bytes == 0 {
            return ptr::null_mut();
        }
        if self.is_storage(bytes) {
            let memory = self.allocate_storage(bytes);
            // SAFETY: it has so many bytes.
            unsafe { ptr::write_bytes(memory, 0, bytes) };
            return memory;
        }
        let layout = buffer_layout(bytes);
        let memory = match &self.region {
            Some(region) => region.allocate_zeroed(layout),
            // SAFETY: the size is not zero.
            None => unsafe { alloc_zeroed(layout) },
        };
        if memory.is_null() {
            handle_alloc_error(layout);
        }
        self.bytes += bytes;
        memory
    }

    /// Grows or shrinks a buffer, keeping what it holds.
    ///
    /// # Safety
    /// `buffer` came from this heap with `old` bytes and nothing else refers to it.
    pub unsafe fn resize_buffer(&mut self, buffer: *mut u8, old: usize, new: usize) -> *mut u8 {
        if old == 0 {
            return self.allocate_buffer(new);
        }
        if new == 0 {
            // SAFETY: the caller's promise.
            unsafe { self.free_buffer(buffer, old) };
            return ptr::null_mut();
        }
        let is_storage = [old, new].map(|bytes| self.is_storage(bytes));
        let cells = [old, new].map(|bytes| Self::cell_of(size_of::<Header>() + bytes));
        if is_storage == [true; 2] && cells[0] == cells[1] {
            return buffer;
        }
        if self.region.is_some() || is_storage != [false; 2] {
            let memory = self.allocate_buffer(new);
            // SAFETY: both have so many bytes, and what was just allocated is not the old one.
            unsafe {
                ptr::copy_nonoverlapping(buffer, memory, old.min(new));
                self.free_buffer(buffer, old);
            }
            return memory;
        }
        // SAFETY: the buffer was allocated with this layout; `new` is not zero.
        let memory = unsafe { realloc(buffer, buffer_layout(old), new) };
        if memory.is_null() {
            handle_alloc_error(buffer_layout(new));
        }
        self.bytes = self.bytes + new - old;
        memory
    }

    /// Frees a buffer whose owner is garbage. One in a cell is garbage too then, and found to be.
    ///
    /// # Safety
    /// `buffer` came from this heap with `bytes` bytes, and nothing but an object refers to it that a collection is about to free.
    pub(crate) unsafe fn free_buffer_of_garbage(&mut self, buffer: *mut u8, bytes: usize) {
        if !self.is_storage(bytes) {
            // SAFETY: the caller's promise.
            unsafe { self.free_buffer(buffer, bytes) };
        }
    }

    /// Frees a buffer.
    ///
    /// # Safety
    /// `buffer` came from this heap with `bytes` bytes and nothing refers to it any more.
    pub unsafe fn free_buffer(&mut self, buffer: *mut u8, bytes: usize) {
        // A region keeps it, and it goes on counting.
        if bytes == 0 || self.region.is_some() {
            return;
        }
        // SAFETY: the caller's promise.
        unsafe {
            if self.is_storage(bytes) {
                return self.free_storage(buffer);
            }
            dealloc(buffer, buffer_layout(bytes));
        }
        self.bytes -= bytes;
    }
}

fn buffer_layout(bytes: usize) -> Layout {
    Layout::from_size_align(bytes, BUFFER_ALIGN).expect("buffers are bounded by the heap limit")
}
