//! Values in memory, within bounds.
//!
//! A hash table leads from keys to slots, and the slots are linked to a list from the one to keep to the one to drop. A
//! [`Policy`] says what a use changes in that order. Finding, adding and dropping a value each take constant time.
//!
//! Invariants: the list holds exactly the slots that the table leads to; `bytes` is the sum of their sizes; neither exceeds its bound
//! between two calls.

use std::sync::{Mutex, MutexGuard, PoisonError};

use fxhash::FxHashMap;

use crate::key::Key;
use crate::statistics::Statistics;

/// Which value is dropped when there is no room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// The one that was not used for longest.
    #[default]
    LeastRecentlyUsed,
    /// The oldest one that was not used since it was last considered; a use only sets a mark.
    SecondChance,
    /// The oldest one, used or not.
    Oldest,
}

impl Policy {
    /// All policies, the default first.
    pub const ALL: &'static [Self] = &[Self::LeastRecentlyUsed, Self::SecondChance, Self::Oldest];
}

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How many values.
    pub entries: usize,
    /// Their sizes together.
    pub bytes: usize,
}

/// Values by key.
#[derive(Debug)]
pub struct Memory<V> {
    table: Mutex<Table<V>>,
}

/// No slot.
const NONE: u32 = u32::MAX;

#[derive(Debug)]
struct Slot<V> {
    key: Key,
    /// None in a slot that is free.
    value: Option<V>,
    bytes: usize,
    /// Neighbours in the order of dropping.
    newer: u32,
    older: u32,
    is_used: bool,
}

#[derive(Debug)]
struct Table<V> {
    slots_by_key: FxHashMap<Key, u32>,
    slots: Vec<Slot<V>>,
    free: Vec<u32>,
    newest: u32,
    oldest: u32,
    bytes: usize,
    bounds: Bounds,
    policy: Policy,
    statistics: Statistics,
}

impl<V: Clone> Memory<V> {
    /// Nothing yet.
    pub fn new(bounds: Bounds, policy: Policy) -> Self {
        let table = Table {
            slots_by_key: FxHashMap::default(),
            slots: Vec::new(),
            free: Vec::new(),
            newest: NONE,
            oldest: NONE,
            bytes: 0,
            bounds,
            policy,
            statistics: Statistics::default(),
        };
        Self { table: Mutex::new(table) }
    }

    /// A panic elsewhere leaves the table whole: nothing in it panics half-way.
    fn table(&self) -> MutexGuard<'_, Table<V>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The value of a key.
    pub fn get(&self, key: &Key) -> Option<V> {
        self.table().get(key)
    }

    /// Keeps a value of this size, and drops others until there is room. One that alone exceeds the bounds is not kept.
    pub fn insert(&self, key: Key, value: V, bytes: usize) {
        self.table().insert(key, value, bytes);
    }

    /// Drops a value.
    pub fn remove(&self, key: &Key) {
        let mut table = self.table();
        if let Some(&at) = table.slots_by_key.get(key) {
            table.drop_slot(at);
        }
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.table().slots_by_key.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The sizes of all values together.
    pub fn bytes(&self) -> usize {
        self.table().bytes
    }

    /// What has been counted.
    pub fn statistics(&self) -> Statistics {
        self.table().statistics
    }
}

impl<V: Clone> Table<V> {
    fn get(&mut self, key: &Key) -> Option<V> {
        let Some(&at) = self.slots_by_key.get(key) else {
            self.statistics.misses += 1;
            return None;
        };
        self.statistics.hits += 1;
        match self.policy {
            Policy::LeastRecentlyUsed if self.newest != at => {
                self.unlink(at);
                self.link(at);
            }
            Policy::SecondChance => self.slots[at as usize].is_used = true,
            Policy::LeastRecentlyUsed | Policy::Oldest => {}
        }
        self.slots[at as usize].value.clone()
    }

    fn insert(&mut self, key: Key, value: V, bytes: usize) {
        if let Some(&at) = self.slots_by_key.get(&key) {
            self.drop_slot(at);
        }
        if bytes > self.bounds.bytes || self.bounds.entries == 0 {
            return;
        }
        while self.slots_by_key.len() >= self.bounds.entries || self.bytes > self.bounds.bytes - bytes {
            self.evict();
        }
        let slot = Slot { key, value: Some(value), bytes, newer: NONE, older: NONE, is_used: false };
        let at = match self.free.pop() {
            Some(at) => {
                self.slots[at as usize] = slot;
                at
            }
            None => {
                self.slots.push(slot);
                self.slots.len() as u32 - 1
            }
        };
        self.slots_by_key.insert(key, at);
        self.bytes += bytes;
        self.statistics.stored += 1;
        self.statistics.bytes_written += bytes as u64;
        self.link(at);
    }

    /// Drops the value that the policy names.
    fn evict(&mut self) {
        // Each round takes a mark away, so this ends.
        while self.slots[self.oldest as usize].is_used {
            let spared = self.oldest;
            self.slots[spared as usize].is_used = false;
            self.unlink(spared);
            self.link(spared);
        }
        self.statistics.evictions += 1;
        self.statistics.bytes_evicted += self.slots[self.oldest as usize].bytes as u64;
        self.drop_slot(self.oldest);
    }

    fn drop_slot(&mut self, at: u32) {
        self.unlink(at);
        let slot = &mut self.slots[at as usize];
        slot.value = None;
        self.bytes -= slot.bytes;
        self.slots_by_key.remove(&slot.key);
        self.free.push(at);
    }

    /// Puts a slot at the new end.
    fn link(&mut self, at: u32) {
        let next = std::mem::replace(&mut self.newest, at);
        match self.slots.get_mut(next as usize) {
            Some(next) => next.newer = at,
            None => self.oldest = at,
        }
        let slot = &mut self.slots[at as usize];
        (slot.newer, slot.older) = (NONE, next);
    }

    /// Takes a slot out of the list.
    fn unlink(&mut self, at: u32) {
        let Slot { newer, older, .. } = self.slots[at as usize];
        match self.slots.get_mut(newer as usize) {
            Some(slot) => slot.older = older,
            None => self.newest = older,
        }
        match self.slots.get_mut(older as usize) {
            Some(slot) => slot.newer = newer,
            None => self.oldest = newer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Bounds, Memory, Policy};
    use crate::key::Key;

    fn key(number: u32) -> Key {
        Key::of(&number.to_le_bytes())
    }

    fn memory(entries: usize, bytes: usize, policy: Policy) -> Memory<u32> {
        Memory::new(Bounds { entries, bytes }, policy)
    }

    fn kept(memory: &Memory<u32>, numbers: std::ops::Range<u32>) -> Vec<u32> {
        numbers.filter_map(|number| memory.get(&key(number))).collect()
    }

    /// What each policy drops when 0, 1, 2 are there, 0 was used, and 3 comes, and then 4.
    #[test]
    fn policies_differ_in_what_a_use_is_worth() {
        let after = |policy| {
            let memory = memory(3, 100, policy);
            (0..3).for_each(|number| memory.insert(key(number), number, 1));
            memory.get(&key(0));
            memory.insert(key(3), 3, 1);
            memory.insert(key(4), 4, 1);
            kept(&memory, 0..5)
        };
        assert_eq!(after(Policy::LeastRecentlyUsed), [0, 3, 4]);
        assert_eq!(after(Policy::SecondChance), [0, 3, 4]);
        assert_eq!(after(Policy::Oldest), [2, 3, 4]);
    }

    #[test]
    fn a_second_chance_is_given_once() {
        let memory = memory(2, 100, Policy::SecondChance);
        memory.insert(key(0), 0, 1);
        memory.insert(key(1), 1, 1);
        memory.get(&key(0));
        memory.get(&key(1));
        memory.insert(key(2), 2, 1);
        assert_eq!(kept(&memory, 0..3), [1, 2], "both were used, so the oldest goes");
    }

    #[test]
    fn both_bounds_hold() {
        let memory = memory(4, 10, Policy::LeastRecentlyUsed);
        (0..8).for_each(|number| memory.insert(key(number), number, 1));
        assert_eq!((memory.len(), memory.bytes()), (4, 4));
        memory.insert(key(8), 8, 8);
        assert_eq!((kept(&memory, 0..9), memory.bytes()), (vec![6, 7, 8], 10));
        memory.insert(key(9), 9, 11);
        assert_eq!(memory.get(&key(9)), None, "larger than all that fits");
        memory.insert(key(8), 80, 2);
        assert_eq!((kept(&memory, 0..9), memory.bytes()), (vec![6, 7, 80], 4), "replaced");
        memory.remove(&key(6));
        assert_eq!((kept(&memory, 0..9), memory.bytes()), (vec![7, 80], 3));
    }

    /// A list of keys from the one used last to the one to drop: slow and obviously right.
    #[test]
    fn least_recently_used_agrees_with_a_plain_list() {
        let memory = memory(5, 40, Policy::LeastRecentlyUsed);
        let mut model: Vec<(u32, usize)> = Vec::new();
        let mut state = 1_u32;
        for step in 0..20_000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (number, bytes) = (state >> 8 & 15, (state >> 16 & 15) as usize);
            let known = model.iter().position(|&(other, _)| other == number);
            match state >> 28 {
                0..8 => {
                    let found = memory.get(&key(number));
                    assert_eq!(found, known.map(|_| number), "step {step}");
                    if let Some(at) = known {
                        let used = model.remove(at);
                        model.insert(0, used);
                    }
                }
                8..15 => {
                    memory.insert(key(number), number, bytes);
                    known.map(|at| model.remove(at));
                    model.insert(0, (number, bytes));
                    while model.len() > 5 || model.iter().map(|&(_, bytes)| bytes).sum::<usize>() > 40 {
                        model.pop();
                    }
                }
                _ => {
                    memory.remove(&key(number));
                    known.map(|at| model.remove(at));
                }
            }
            assert_eq!(memory.len(), model.len(), "step {step}");
            assert_eq!(memory.bytes(), model.iter().map(|&(_, bytes)| bytes).sum::<usize>(), "step {step}");
        }
        let statistics = memory.statistics();
        assert!(statistics.hits > 1000 && statistics.misses > 1000 && statistics.evictions > 1000, "{statistics:?}");
    }
}
