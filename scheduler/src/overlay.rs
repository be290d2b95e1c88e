//! The state above the state before the block, in a serial run.

use hashbrown::HashTable;

use crate::memory::Write;
use crate::traits::{Key, Value};
use crate::write_set::WriteEntry;

/// What the transactions so far wrote, and which of them did last.
pub(crate) struct Overlay<K, V> {
    table: HashTable<Held<K, V>>,
}

/// A location in the overlay.
pub(crate) struct Held<K, V> {
    pub(crate) key: K,
    /// What it holds; nothing if it was removed.
    pub(crate) value: Option<V>,
    /// The transaction that wrote it.
    pub(crate) writer: u32,
}

impl<K: Key, V: Value> Overlay<K, V> {
    pub(crate) fn new() -> Self {
        Overlay { table: HashTable::new() }
    }

    pub(crate) fn clear(&mut self) {
        self.table.clear();
    }

    /// What was written to a location.
    pub(crate) fn get(&self, key: &K, hash: u64) -> Option<&Held<K, V>> {
        self.table.find(hash, |held| held.key == *key)
    }

    /// Holds a value at a location.
    pub(crate) fn put(&mut self, key: K, hash: u64, value: Option<V>, writer: u32) {
        match self.table.find_mut(hash, |held| held.key == key) {
            Some(held) => (held.value, held.writer) = (value, writer),
            None => {
                self.table.insert_unique(hash, Held { key, value, writer }, |held| crate::hash(&held.key));
            }
        }
    }

    /// Takes over the writes of a committed transaction.
    pub(crate) fn extend(&mut self, writes: impl Iterator<Item = WriteEntry<K, V>>, writer: u32) {
        for WriteEntry { key, hash, write, .. } in writes {
            let Write::Put(value) = write else { unreachable!("deltas become values when they are committed") };
            self.put(key, hash, value, writer);
        }
    }

    /// Takes out everything.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Held<K, V>> {
        self.table.drain()
    }
}
