//! The versions of a location that are not folded yet, in the block's order.
//!
//! Commit takes them away at the front, one after the other, while many may wait behind (deltas to a fee account, when one transaction is slow). So
//! the front is only marked as taken, and moved away when it is half of the list: taking one is constant time in the long run.

use smallvec::SmallVec;

use super::chain::Write;
use crate::traits::Value;
use crate::version::Version;

/// A version that is not folded yet.
pub(super) struct Entry<V: Value> {
    pub(super) version: Version,
    /// The incarnation that wrote it was aborted: the next will probably write here, too.
    pub(super) is_estimate: bool,
    pub(super) write: Write<V>,
}

/// Versions in the order of their transactions, at most one of each.
pub(super) struct Entries<V: Value> {
    list: SmallVec<[Entry<V>; 1]>,
    /// How many at the front are taken.
    taken: usize,
}

impl<V: Value> Entries<V> {
    pub(super) fn new() -> Self {
        Entries { list: SmallVec::new(), taken: 0 }
    }

    pub(super) fn clear(&mut self) {
        self.list.clear();
        self.taken = 0;
    }

    /// Those that are there, lowest first.
    pub(super) fn all(&self) -> &[Entry<V>] {
        &self.list[self.taken..]
    }

    /// Those of transactions below `index`.
    pub(super) fn below(&self, index: u32) -> &[Entry<V>] {
        &self.all()[..self.position(index)]
    }

    /// Those of transactions from `index` on.
    pub(super) fn from(&self, index: u32) -> &[Entry<V>] {
        &self.all()[self.position(index)..]
    }

    /// That of a transaction.
    pub(super) fn get_mut(&mut self, index: u32) -> Option<&mut Entry<V>> {
        let at = self.taken + self.position(index);
        self.list.get_mut(at).filter(|entry| entry.version.index == index)
    }

    /// Whether another one makes the list longer.
    pub(super) fn is_full(&self) -> bool {
        self.list.len() == self.list.capacity()
    }

    /// Adds that of a transaction which has none.
    pub(super) fn insert(&mut self, entry: Entry<V>) {
        if self.is_full() && self.taken > 0 {
            self.list.drain(..self.taken);
            self.taken = 0;
        }
        let at = self.taken + self.position(entry.version.index);
        self.list.insert(at, entry);
    }

    /// Removes that of a transaction, if it has one.
    pub(super) fn remove(&mut self, index: u32) {
        if self.get_mut(index).is_some() {
            self.list.remove(self.taken + self.position(index));
        }
    }

    /// Takes those of transactions below `index`, and gives the last.
    pub(super) fn take_below(&mut self, index: u32) -> Option<&Entry<V>> {
        if self.taken > 8 && self.taken > self.list.len() / 2 {
            self.list.drain(..self.taken);
            self.taken = 0;
        }
        let count = self.position(index);
        self.taken += count;
        (count > 0).then(|| &self.list[self.taken - 1])
    }

    /// How many are of transactions below `index`. Most often that is all or none.
    fn position(&self, index: u32) -> usize {
        let all = self.all();
        match all.last() {
            None => 0,
            Some(last) if last.version.index < index => all.len(),
            Some(_) if all[0].version.index >= index => 0,
            Some(_) => all.partition_point(|entry| entry.version.index < index),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::workload::Numbers;

    #[test]
    fn entries_are_a_sorted_map() {
        for seed in 0..200 {
            let mut numbers = Numbers(seed);
            let mut entries = Entries::<u64>::new();
            let mut model = BTreeMap::new();
            for value in 0..200 {
                let index = numbers.below(40) as u32;
                match numbers.below(6) {
                    0..3 => {
                        let version = Version { index, incarnation: value };
                        let entry = Entry { version, is_estimate: false, write: Write::Put(None) };
                        match entries.get_mut(index) {
                            Some(old) => *old = entry,
                            None => entries.insert(entry),
                        }
                        model.insert(index, value);
                    }
                    3 => {
                        entries.remove(index);
                        model.remove(&index);
                    }
                    4 => {
                        let taken = entries.take_below(index).map(|entry| entry.version.incarnation);
                        assert_eq!(taken, model.range(..index).next_back().map(|(_, value)| *value));
                        model.retain(|at, _| *at >= index);
                    }
                    _ => {
                        assert_eq!(entries.below(index).len(), model.range(..index).count());
                        assert_eq!(entries.from(index).len(), model.range(index..).count());
                    }
                }
                let all = entries.all().iter().map(|entry| (entry.version.index, entry.version.incarnation));
                assert!(all.eq(model.iter().map(|(at, value)| (*at, *value))), "seed {seed}");
            }
        }
    }
}
