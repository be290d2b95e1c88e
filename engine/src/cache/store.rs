//! Where entries are: on disk, or in memory alone.

use std::sync::{Arc, Mutex, PoisonError};

use cache::{Bounds, Disk, Entry, Key, Memory, Policy, Statistics};

use super::build_identity;

#[derive(Debug)]
pub(super) enum Store {
    Disk(Disk),
    Memory(Memory<Arc<Entry>>, Mutex<Statistics>),
}

impl Store {
    pub(super) fn on_disk(disk: Disk) -> Self {
        Self::Disk(disk)
    }

    pub(super) fn in_memory(bounds: Bounds) -> Self {
        Self::Memory(Memory::new(bounds, Policy::default()), Mutex::default())
    }

    pub(super) fn load(&self, key: &Key) -> Option<Arc<Entry>> {
        match self {
            Self::Disk(disk) => disk.load(key).map(Arc::new),
            Self::Memory(memory, _) => memory.get(key),
        }
    }

    pub(super) fn save(&self, key: &Key, payload: &[u8], cost: u64) {
        match self {
            Self::Disk(disk) => disk.store(key, payload, cost),
            Self::Memory(memory, _) => {
                let entry = Entry::new(&build_identity(), key, payload, cost);
                let bytes = entry.file().len();
                memory.insert(*key, Arc::new(entry), bytes);
            }
        }
    }

    /// Removes an entry whose content is not what it should be.
    pub(super) fn discard(&self, key: &Key) {
        match self {
            Self::Disk(disk) => disk.discard(key),
            Self::Memory(memory, _) => {
                memory.remove(key);
                self.count(|statistics| statistics.damaged += 1);
            }
        }
    }

    pub(super) fn count(&self, count: impl FnOnce(&mut Statistics)) {
        match self {
            Self::Disk(disk) => disk.count(count),
            Self::Memory(_, statistics) => count(&mut statistics.lock().unwrap_or_else(PoisonError::into_inner)),
        }
    }

    pub(super) fn statistics(&self) -> Statistics {
        match self {
            Self::Disk(disk) => disk.statistics(),
            Self::Memory(_, statistics) => *statistics.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }
}
