//! Where locations are: a hash table of slot numbers, whose keys lie in the slots.
//!
//! In a large state each step of a lookup is a cache miss. Tables that keep what they know of an entry apart from the entry, as those of
//! hashbrown do, miss twice before the slot itself is looked at. Here both are one word, so a lookup is one miss and the slot's; and keys that follow one
//! another are eight to a cache line ([`Hash`] of whole numbers).
//!
//! Linear probing from the home of a hash (Knuth, *The Art of Computer Programming*, volume 3, section 6.4); what is removed leaves a mark until the table
//! is made anew.

/// What a location is looked up by. The lower bits say where it belongs, the upper 32 tell most of those apart that belong there.
pub(crate) type Hash = u64;

/// No slot, and never one.
const EMPTY: u64 = 0;
/// No slot any more.
const REMOVED: u64 = 1 << 32;
const SLOT: u64 = 0xffff_ffff;

/// Slots by the hashes of their keys.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// The upper half of a hash, then one more than the number of its slot. Their number is a power of two, or 0.
    entries: Vec<u64>,
    /// How many are not empty.
    used: usize,
    /// How many of those are slots.
    len: usize,
}

fn entry(hash: Hash, slot: u32) -> u64 {
    hash & !SLOT | (u64::from(slot) + 1)
}

impl Index {
    /// Position of the slot with this hash for which `is_it` holds.
    #[inline]
    fn position(&self, hash: Hash, mut is_it: impl FnMut(u32) -> bool) -> Option<usize> {
        let mask = self.entries.len().wrapping_sub(1);
        let mut at = hash as usize & mask;
        // There is an empty one, unless there are none at all.
        loop {
            match *self.entries.get(at)? {
                EMPTY => return None,
                found if (found ^ hash) & !SLOT == 0 && found & SLOT != 0 && is_it((found & SLOT) as u32 - 1) => {
                    return Some(at);
                }
                _ => at = (at + 1) & mask,
            }
        }
    }

    /// The slot with this hash for which `is_it` holds.
    #[inline]
    pub(crate) fn find(&self, hash: Hash, is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        self.position(hash, is_it).map(|at| (self.entries[at] & SLOT) as u32 - 1)
    }

    /// Adds a slot that is not there, below `u32::MAX`. `hash_of` gives the hashes of others.
    pub(crate) fn insert(&mut self, hash: Hash, slot: u32, hash_of: impl Fn(u32) -> Hash) {
        // At least three of eight stay empty.
        if (self.used + 1) * 8 > self.entries.len() * 5 {
            self.make_room(hash_of);
        }
        self.put(hash, slot);
        self.len += 1;
    }

    fn put(&mut self, hash: Hash, slot: u32) {
        let mask = self.entries.len() - 1;
        let mut at = hash as usize & mask;
        while self.entries[at] & SLOT != 0 {
            at = (at + 1) & mask;
        }
        self.used += usize::from(self.entries[at] == EMPTY);
        self.entries[at] = entry(hash, slot);
    }

    /// Takes a slot out, if it is there.
    pub(crate) fn remove(&mut self, hash: Hash, slot: u32) {
        if let Some(at) = self.position(hash, |other| other == slot) {
            self.entries[at] = REMOVED;
            self.len -= 1;
        }
    }

    #[cold]
    fn make_room(&mut self, hash_of: impl Fn(u32) -> Hash) {
        // Where marks take up the room, there is enough of it without them.
        let size = ((self.len + 1) * 16 / 5).next_power_of_two().max(16);
        let before = std::mem::replace(&mut self.entries, vec![EMPTY; size]);
        self.used = 0;
        for found in before {
            if found & SLOT != 0 {
                let slot = (found & SLOT) as u32 - 1;
                self.put(hash_of(slot), slot);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Hashes of few homes and few upper halves, so that all of them meet.
    fn hash_of(slot: u32) -> Hash {
        let mixed = u64::from(slot).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 62) << 32 | mixed >> 40 & 0x1f
    }

    #[test]
    fn what_is_put_in_is_found_until_it_is_taken_out() {
        let (mut index, mut model) = (Index::default(), BTreeMap::new());
        let mut seed = 7u32;
        for _ in 0..20_000 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let slot = seed >> 16 & 0x7f;
            if model.remove(&slot).is_some() {
                index.remove(hash_of(slot), slot);
            } else {
                model.insert(slot, ());
                index.insert(hash_of(slot), slot, hash_of);
            }
            let other = seed >> 8 & 0x7f;
            let found = index.find(hash_of(other), |slot| slot == other);
            assert_eq!(found, model.contains_key(&other).then_some(other));
            assert!(index.entries.len() <= 512, "marks do not make it grow: {}", index.entries.len());
        }
        for slot in 0..128 {
            index.remove(hash_of(slot), slot);
        }
        assert_eq!((index.len, index.find(0, |_| true)), (0, None));
    }

    #[test]
    fn the_last_slot_is_one() {
        let mut index = Index::default();
        index.insert(u64::MAX, u32::MAX - 1, |_| u64::MAX);
        assert_eq!(index.find(u64::MAX, |_| true), Some(u32::MAX - 1));
    }
}
