//! The state above the state before the block, in a serial run.

use hashbrown::HashTable;

use crate::memory::Write;
use crate::traits::{Key, Value};
use crate::write_set::WriteEntry;

/// What the transactions so far wrote.
#[derive(Debug)]
pub(crate) struct Overlay<K, V> {
    table: HashTable<(K, Option<V>)>,
}

impl<K: Key, V: Value> Overlay<K, V> {
    pub(crate) fn new() -> Self {
        Overlay { table: HashTable::new() }
    }

    pub(crate) fn clear(&mut self) {
        self.table.clear();
    }

    /// What was written to a location; the inner nothing is a location that was removed.
    pub(crate) fn get(&self, key: &K, hash: u64) -> Option<&Option<V>> {
        self.table.find(hash, |(at, _)| at == key).map(|(_, value)| value)
    }

    /// Takes over the writes of a committed transaction.
    pub(crate) fn extend(&mut self, writes: impl Iterator<Item = WriteEntry<K, V>>) {
        for WriteEntry { key, hash, write, .. } in writes {
            let Write::Put(value) = write else { unreachable!("deltas become values when they are committed") };
            match self.table.find_mut(hash, |(at, _)| *at == key) {
                Some((_, old)) => *old = value,
                None => {
                    self.table.insert_unique(hash, (key, value), |(key, _)| crate::hash(key));
                }
            }
        }
    }
}
