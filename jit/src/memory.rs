//! Memory for machine code: written first, executable then, never both.

use std::sync::atomic::{AtomicUsize, Ordering};

use memmap2::{Mmap, MmapMut};

/// Bytes of executable memory that a process may have, all programs together: what LuaJIT has for a state, and a thousand times what a large program gets.
pub const MOST_EXECUTABLE: usize = 64 << 20;

/// Bytes that it has.
static IN_USE: AtomicUsize = AtomicUsize::new(0);

/// What the system gives is a multiple of this; a larger page does no harm to a bound.
const PAGE: usize = 4096;

/// Machine code that can be run. Its memory is freed with it.
#[derive(Debug)]
pub(crate) struct Executable {
    memory: Mmap,
    _share: Share,
}

/// A part of what may be executable.
#[derive(Debug)]
struct Share(usize);

impl Share {
    fn take(bytes: usize) -> Result<Self, String> {
        let bytes = bytes.next_multiple_of(PAGE);
        let fits = |used: usize| used.checked_add(bytes).filter(|&all| all <= MOST_EXECUTABLE);
        match IN_USE.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits) {
            Ok(_) => Ok(Self(bytes)),
            Err(used) => Err(format!("{used} bytes of machine code are in use, and {bytes} more would be too many")),
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        IN_USE.fetch_sub(self.0, Ordering::Relaxed);
    }
}

impl Executable {
    /// Makes machine code executable.
    ///
    /// # Errors
    /// When there is too much of it, or the system gives no memory, or does not let it be executed; says so.
    pub(crate) fn new(code: &[u8]) -> Result<Self, String> {
        let share = Share::take(code.len().max(1))?;
        let make = || -> std::io::Result<Mmap> {
            let mut memory = MmapMut::map_anon(code.len().max(1))?;
            memory[..code.len()].copy_from_slice(code);
            memory.make_exec()
        };
        let memory = make().map_err(|error| format!("no memory for machine code: {error}"))?;
        Ok(Self { memory, _share: share })
    }

    /// Where it begins.
    pub(crate) fn address(&self) -> *const u8 {
        self.memory.as_ptr()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_no_more_than_there_may_be() {
        let most = Share::take(MOST_EXECUTABLE / 2).unwrap();
        let error = Executable::new(&vec![0; MOST_EXECUTABLE / 2 + 1]).unwrap_err();
        assert!(error.contains("bytes of machine code are in use"), "{error}");
        drop(most);
        let code = Executable::new(&[0xc3; 5000]).unwrap();
        assert_eq!(code.memory[..5000], [0xc3; 5000]);
    }
}
