//! The memory of a heap that frees nothing before its end.
//!
//! Blocks of cells, large objects and buffers are cut off one after the other from a few large chunks, which go back to the system together.
//! Nothing in it needs to be visited then, but errors that objects own.

use std::alloc::Layout;
use std::ptr;

use bumpalo::Bump;

use super::Header;

/// Memory that is freed whole.
#[derive(Debug, Default)]
pub(super) struct Region {
    bump: Bump,
    /// Objects that own memory outside the region.
    pub(super) owners: Vec<*mut Header>,
}

impl Region {
    /// Memory that is not initialised, good until the region ends.
    pub(super) fn allocate(&self, layout: Layout) -> *mut u8 {
        self.bump.alloc_layout(layout).as_ptr()
    }

    /// The same with all bytes zero.
    pub(super) fn allocate_zeroed(&self, layout: Layout) -> *mut u8 {
        let memory = self.allocate(layout);
        // SAFETY: so many bytes were just allocated. What a chunk gives is used once, but the chunk may have been used before by whoever had it from the allocator.
        unsafe { ptr::write_bytes(memory, 0, layout.size()) };
        memory
    }
}
