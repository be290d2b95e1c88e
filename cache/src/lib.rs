//! A content-addressed store of bytes, in memory and on disk.
//!
//! What is stored is found by a [`Key`], a hash of everything that decides what it is, so an entry never becomes stale: something else
//! has another key. [`Memory`] holds values of any type within bounds, and drops what was not used for longest. [`Disk`] holds
//! bytes, a file an entry, for any number of processes at once.
//!
//! A cache must never make anything worse than having none. So whatever goes wrong, a read-only or vanished folder, a full disk, a damaged
//! file, is a miss that is counted in [`Statistics`], never an error.

#![forbid(unsafe_code)]

mod disk;
mod entry;
mod file_system;
mod key;
mod memory;
mod statistics;

pub use disk::{Disk, MOST_BYTES, Usage, default_folder};
pub use entry::Entry;
pub use file_system::{FileSystem, Listed, Real};
pub use key::{Key, KeyBuilder};
pub use memory::{Bounds, Memory, Policy};
pub use statistics::Statistics;
