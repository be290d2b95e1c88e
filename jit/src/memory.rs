//! Memory for machine code: written first, executable then, never both.

use memmap2::{Mmap, MmapMut};

/// Machine code that can be run. Its memory is freed with it.
#[derive(Debug)]
pub(crate) struct Executable {
    memory: Mmap,
    length: usize,
}

impl Executable {
    /// Makes machine code executable.
    ///
    /// # Errors
    /// When the system gives no memory, or does not let it be executed.
    pub(crate) fn new(code: &[u8]) -> std::io::Result<Self> {
        let mut memory = MmapMut::map_anon(code.len().max(1))?;
        memory[..code.len()].copy_from_slice(code);
        Ok(Self { memory: memory.make_exec()?, length: code.len() })
    }

    /// Where it begins.
    pub(crate) fn address(&self) -> *const u8 {
        self.memory.as_ptr()
    }

    /// The bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.memory[..self.length]
    }
}
