//! The entries of all maps: one hash table, with the entries in the table itself.
//!
//! In a large state a write costs what its cache misses cost, and a miss that has to wait for another costs all of it again. A table of numbers
//! of slots that lie elsewhere has two, one after the other. Here an entry is a cache line of the table, which its hash alone leads to: one miss.
//!
//! Beside the entries there is a byte for each place, its *tag*: whether there is an entry, and seven bits of its hash. A search goes over the tags, which
//! are 64 to a cache line, and compares keys only where the tag is the right one. A processor that
//! expects the entry at home fetches both at once.
//!
//! Open addressing: an entry is in the first free one of the places of its hash, which are its home, then those from another one on (linear probing,
//! Knuth, *The Art of Computer Programming*, volume 3, section 6.4). Whole numbers have homes side by side, so a map of consecutive numbers lies
//! in the table like an array. Numbers that come in each other's way, such as multiples of a power of two, are spread by the second place. What is removed leaves a
//! mark until the table is made anew, so an entry keeps its position until then.

use std::hash::Hasher;

use fxhash::FxHasher;
use runtime::host::Key;

use crate::state::Cell;

/// What an entry is looked up by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hash {
    /// The lower bits are the entry's first place.
    home: u64,
    /// The lower bits are those of the places after that; the upper ones are the entry's tag.
    mixed: u64,
}

/// Places of the smallest table.
const SMALLEST: usize = 256;

/// Most places that a table may have.
const MOST: usize = 1 << 31;

/// The tag of a place where there has been nothing since the table was made.
const EMPTY: u8 = 0;
/// The tag of a place where there is nothing any more.
const REMOVED: u8 = 1;
/// Set in the tags of entries.
const ENTRY: u8 = 0x80;

/// An odd number without pattern: 2^64 over the golden ratio (Knuth, *The Art of Computer Programming*, volume 3, section 6.4).
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// The hash of a key of a map.
#[inline]
pub(crate) fn hash(map: u32, key: Key<'_>) -> Hash {
    let mut hasher = FxHasher::default();
    hasher.write_u32(map);
    match key {
        Key::Int(value) => hasher.write_i64(value),
        Key::Bool(value) => hasher.write_u8(u8::from(value)),
        Key::String(text) => hasher.write(text.as_bytes()),
    }
    // The upper bits of a product are those that all of the key has changed; folded down and multiplied once more, all bits are.
    let folded = |product: u64| product ^ product >> 32;
    let mixed = folded(folded(hasher.finish()).wrapping_mul(SPREAD));
    let home = match key {
        // The numbers of each map begin elsewhere.
        Key::Int(value) => (u64::from(map).wrapping_mul(SPREAD) >> 32).wrapping_add(value as u64),
        _ => mixed.rotate_left(32),
    };
    Hash { home, mixed }
}

impl Hash {
    #[inline]
    fn tag(self) -> u8 {
        ENTRY | (self.mixed >> 57) as u8
    }

    /// The place to look at after `step` others, in a table whose size is a power of two and one more than the mask.
    #[inline]
    fn place(self, step: usize, mask: usize) -> usize {
        match step {
            0 => self.home as usize & mask,
            _ => (self.mixed as usize).wrapping_add(step) & mask,
        }
    }
}

/// Entries by map and key.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// Their number is a power of two, or 0.
    tags: Vec<u8>,
    /// As many as there are tags.
    cells: Vec<Cell>,
    /// How many tags are not empty.
    used: usize,
    /// How many of those are of entries.
    len: usize,
}

/// Where entries are after a table was made anew.
pub(crate) struct Moved(Vec<u32>);

impl Moved {
    /// No position.
    const NOWHERE: u32 = u32::MAX;

    /// Where the entry is that was at a position; none if there was none.
    pub(crate) fn to(&self, position: u32) -> Option<u32> {
        self.0.get(position as usize).copied().filter(|&moved| moved != Self::NOWHERE)
    }
}

impl Table {
    /// Position of the entry of a map with a key.
    #[inline]
    pub(crate) fn find(&self, map: u32, key: Key<'_>, hash: Hash) -> Option<u32> {
        let mask = self.tags.len().wrapping_sub(1);
        let tag = hash.tag();
        // There is an empty one, unless there are none at all.
        for step in 0.. {
            let at = hash.place(step, mask);
            match *self.tags.get(at)? {
                EMPTY => return None,
                found if found == tag && self.cells[at].is(map, key) => return Some(at as u32),
                _ => {}
            }
        }
        None
    }

    /// Whether the next entry needs [room](Self::make_room).
    pub(crate) fn is_full(&self) -> bool {
        // At least three of eight stay empty.
        (self.used + 1) * 8 > self.tags.len() * 5
    }

    /// Adds an entry that is not there, and for which there is room. Gives its position.
    pub(crate) fn insert(&mut self, hash: Hash, cell: Cell) -> u32 {
        let mask = self.tags.len() - 1;
        let (mut step, mut at) = (0, hash.place(0, mask));
        while self.tags[at] & ENTRY != 0 {
            step += 1;
            at = hash.place(step, mask);
        }
        self.used += usize::from(self.tags[at] == EMPTY);
        self.len += 1;
        (self.tags[at], self.cells[at]) = (hash.tag(), cell);
        at as u32
    }

    /// Takes the entry at a position out.
    pub(crate) fn remove(&mut self, position: u32) {
        let at = position as usize;
        if self.tags[at] & ENTRY != 0 {
            (self.tags[at], self.cells[at]) = (REMOVED, Cell::default());
            self.len -= 1;
        }
    }

    /// Makes the table anew, with room for as many entries again at least; none if that would be too large. All positions change. This comes after as many
    /// insertions as a part of the table that is always the same, so it costs each of them the same.
    #[cold]
    pub(crate) fn make_room(&mut self) -> Option<Moved> {
        // Where marks take up the room, there is enough of it without them.
        let size = ((self.len + 1) * 16 / 5).next_power_of_two().max(SMALLEST);
        if size > MOST {
            return None;
        }
        let before = std::mem::take(self);
        self.tags = vec![EMPTY; size];
        self.cells.resize_with(size, Cell::default);
        let moved = before.tags.into_iter().zip(before.cells).map(|(tag, cell)| match tag & ENTRY {
            0 => Moved::NOWHERE,
            _ => self.insert(cell.hash(), cell),
        });
        Some(Moved(moved.collect()))
    }

    /// What is at a position.
    #[inline]
    pub(crate) fn cell(&self, position: u32) -> &Cell {
        &self.cells[position as usize]
    }

    /// What is at a position.
    #[inline]
    pub(crate) fn cell_mut(&mut self, position: u32) -> &mut Cell {
        &mut self.cells[position as usize]
    }

    /// All places, also those without an entry.
    pub(crate) fn cells(&self) -> &[Cell] {
        &self.cells
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use runtime::host::OwnedKey;

    use super::*;

    /// Adds an entry, with room for it.
    fn add(table: &mut Table, key: OwnedKey) -> u32 {
        if table.is_full() {
            table.make_room().expect("there is room");
        }
        let hash = hash(1, key.borrowed());
        table.insert(hash, Cell::new(1, key))
    }

    fn find(table: &Table, key: &OwnedKey) -> Option<u32> {
        table.find(1, key.borrowed(), hash(1, key.borrowed()))
    }

    #[test]
    fn what_is_put_in_is_found_until_it_is_taken_out() {
        let (mut table, mut model) = (Table::default(), BTreeMap::new());
        let mut seed = 7_u32;
        for _ in 0..20_000 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let key_of = |number: u32| match number % 2 {
                0 => OwnedKey::Int(i64::from(number) << 20),
                _ => OwnedKey::String(number.to_string().into()),
            };
            let number = seed >> 16 & 0x7f;
            if model.remove(&number).is_some() {
                let position = find(&table, &key_of(number)).expect("it is there");
                table.remove(position);
            } else {
                model.insert(number, ());
                add(&mut table, key_of(number));
            }
            let other = seed >> 8 & 0x7f;
            assert_eq!(find(&table, &key_of(other)).is_some(), model.contains_key(&other));
            assert!(table.tags.len() <= 512, "marks do not make it grow: {}", table.tags.len());
        }
        assert_eq!(table.len, model.len());
    }

    #[test]
    fn consecutive_numbers_are_an_array() {
        let mut table = Table::default();
        let positions: Vec<u32> = (0..100).map(|number| add(&mut table, OwnedKey::Int(number))).collect();
        let mask = table.tags.len() as u32 - 1;
        assert!(positions.windows(2).all(|pair| pair[1] == (pair[0] + 1) & mask), "{positions:?}");
    }

    #[test]
    fn moved_entries_are_found_where_they_are_said_to_be() {
        let mut table = Table::default();
        let before: Vec<u32> = (0..100).map(|number| add(&mut table, OwnedKey::Int(number))).collect();
        table.remove(before[7]);
        let moved = table.make_room().expect("there is room");
        for (number, &position) in before.iter().enumerate() {
            assert_eq!(find(&table, &OwnedKey::Int(number as i64)), moved.to(position));
            assert_eq!(moved.to(position).is_some(), number != 7);
        }
    }

    #[test]
    fn numbers_far_apart_do_not_queue_up() {
        // Whatever the distance, the entries are found after a few places.
        for shift in 0..52 {
            let mut table = Table::default();
            for number in 0..4096_i64 {
                add(&mut table, OwnedKey::Int(number << shift));
            }
            let mask = table.tags.len() - 1;
            let steps = |number: i64| {
                let key = OwnedKey::Int(number << shift);
                let (hash, position) = (hash(1, key.borrowed()), find(&table, &key).expect("it is there"));
                (0..).position(|step| hash.place(step, mask) == position as usize).expect("it is on its way")
            };
            let all: usize = (0..4096).map(steps).sum();
            assert!(all < 3 * 4096, "{all} steps to 4096 numbers that are 2^{shift} apart");
        }
    }
}
