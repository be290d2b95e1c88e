//! What one execution wrote so far.

use hashbrown::HashTable;

use crate::memory::{Location, Write};
use crate::traits::{Key, Value};

/// A location and what it is to hold.
pub(crate) struct WriteEntry<K, V: Value> {
    pub(crate) key: K,
    pub(crate) hash: u64,
    pub(crate) write: Write<V>,
    /// Where its version is, once there is one.
    pub(crate) location: Option<Location>,
}

/// The writes of one execution, one for each location, in the order of the first write to each.
pub(crate) struct WriteSet<K, V: Value> {
    pub(crate) entries: Vec<WriteEntry<K, V>>,
    /// Finds entries by hash where there are many; few are looked through.
    table: HashTable<u32>,
}

/// Up to so many entries are looked through, hash by hash, in less time than a table takes.
const FEW: usize = 12;

impl<K: Key, V: Value> WriteSet<K, V> {
    pub(crate) fn new() -> Self {
        WriteSet { entries: Vec::new(), table: HashTable::new() }
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.table.clear();
    }

    pub(crate) fn find(&mut self, key: &K, hash: u64) -> Option<&mut Write<V>> {
        let at = if self.entries.len() <= FEW {
            self.entries.iter().position(|entry| entry.hash == hash && entry.key == *key)
        } else {
            self.table.find(hash, |&at| self.entries[at as usize].key == *key).map(|&at| at as usize)
        };
        at.map(|at| &mut self.entries[at].write)
    }

    /// Adds a location that is not there yet.
    pub(crate) fn insert(&mut self, key: K, hash: u64, write: Write<V>) {
        self.entries.push(WriteEntry { key, hash, write, location: None });
        let count = self.entries.len();
        if count > FEW {
            let first_new = if count == FEW + 1 { 0 } else { count - 1 };
            let entries = &self.entries;
            for (at, entry) in entries.iter().enumerate().skip(first_new) {
                self.table.insert_unique(entry.hash, at as u32, |&at| entries[at as usize].hash);
            }
        }
    }
}

/// The final writes of a committed transaction, in the order in which it first wrote to each location.
pub struct Writes<'a, K, V: Value> {
    entries: &'a [WriteEntry<K, V>],
}

impl<'a, K: Key, V: Value> Writes<'a, K, V> {
    pub(crate) fn new(entries: &'a [WriteEntry<K, V>]) -> Self {
        Writes { entries }
    }

    /// Each location with the value it holds now; nothing for one that was removed.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&'a K, Option<&'a V>)> + use<'a, K, V> {
        self.entries.iter().map(|entry| match &entry.write {
            Write::Put(value) => (&entry.key, value.as_ref()),
            Write::Add(_) => unreachable!("deltas become values when they are committed"),
        })
    }
}

impl<K: Key + std::fmt::Debug, V: Value + std::fmt::Debug> std::fmt::Debug for Writes<'_, K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
