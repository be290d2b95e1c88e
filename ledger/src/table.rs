//! The entries of all maps: one hash table, with the entries in the table itself.
//!
//! In a large state a write costs what its cache misses cost, and a miss that has to wait for another costs all of it again. A table of numbers
//! of slots that lie elsewhere has two, one after the other. Here an entry is a cache line of the table, which its hash alone leads to: one miss.
//!
//! Each place has a byte that is its *tag*: whether there is an entry, and seven bits of its hash. Texts, which lie elsewhere, are compared only where the tag is
//! the right one. Tags lie in the entries' cache lines: an array of their own would be short, but too long for the caches near the processor, so it would be
//! one more line to wait for. And a large table lies in huge pages where the operating system has them, so that the line's address is not one more thing to wait for.
//!
//! Open addressing: an entry is in the first free one of the places of its hash, which are its home, then those from another one on (linear probing,
//! Knuth, *The Art of Computer Programming*, volume 3, section 6.4). Whole numbers have homes side by side, so a map of consecutive numbers lies
//! in the table like an array. Numbers that come in each other's way, such as multiples of a power of two, are spread by the second place. What is removed leaves a
//! mark until the table is made anew, so an entry keeps its position until then.

use std::hash::Hasher;

use fxhash::FxHasher;
use runtime::host::Key;
use runtime::pages;

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
pub(crate) const EMPTY: u8 = 0;
/// The tag of a place where there is nothing any more.
const REMOVED: u8 = 1;
/// Set in the tags of entries.
const ENTRY: u8 = 0x80;

/// An odd number without pattern: 2^64 over the golden ratio (Knuth, *The Art of Computer Programming*, volume 3, section 6.4).
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// The [home](Hash::home) of a number.
#[inline]
fn home_of_number(map: u32, value: i64) -> u64 {
    // The numbers of each map begin elsewhere.
    (u64::from(map).wrapping_mul(SPREAD) >> 32).wrapping_add(value as u64)
}

/// The hash of a key of a map.
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
        Key::Int(value) => home_of_number(map, value),
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
    cells: Vec<Cell>,
    /// How many have a tag that is not empty.
    used: usize,
    /// How many of those are entries.
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
    pub(crate) fn find(&self, map: u32, key: Key<'_>) -> Option<usize> {
        if let Some(at) = self.find_at_home(map, key) {
            return Some(at);
        }
        self.search(map, key)
    }

    /// The same for a number that is at home, as most are: then there is little to compute.
    #[inline]
    pub(crate) fn find_at_home(&self, map: u32, key: Key<'_>) -> Option<usize> {
        let Key::Int(value) = key else { return None };
        let at = home_of_number(map, value) as usize & self.cells.len().wrapping_sub(1);
        self.cells.get(at)?.is(map, key).then_some(at)
    }

    /// The same, wherever it is.
    fn search(&self, map: u32, key: Key<'_>) -> Option<usize> {
        let hash = hash(map, key);
        let mask = self.cells.len().wrapping_sub(1);
        let tag = hash.tag();
        // There is an empty one, unless there are none at all.
        for step in 0.. {
            let at = hash.place(step, mask);
            let cell = self.cells.get(at)?;
            match cell.tag {
                EMPTY => return None,
                found if found == tag && cell.is(map, key) => return Some(at),
                _ => {}
            }
        }
        None
    }

    /// Whether the next entry needs [room](Self::make_room).
    pub(crate) fn is_full(&self) -> bool {
        // At least three of eight stay empty.
        (self.used + 1) * 8 > self.cells.len() * 5
    }

    /// Adds an entry that is not there, and for which there is room. Gives its position.
    pub(crate) fn insert(&mut self, mut cell: Cell) -> usize {
        let hash = cell.hash();
        let mask = self.cells.len() - 1;
        let (mut step, mut at) = (0, hash.place(0, mask));
        while self.cells[at].tag & ENTRY != 0 {
            step += 1;
            at = hash.place(step, mask);
        }
        self.used += usize::from(self.cells[at].tag == EMPTY);
        self.len += 1;
        cell.tag = hash.tag();
        self.cells[at] = cell;
        at
    }

    /// Takes the entry at a position out.
    pub(crate) fn remove(&mut self, position: u32) {
        let cell = self.cell_mut(position);
        if cell.tag & ENTRY != 0 {
            *cell = Cell::default();
            cell.tag = REMOVED;
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
        self.cells.reserve_exact(size);
        pages::advise_huge(self.cells.spare_capacity_mut());
        self.cells.resize_with(size, Cell::default);
        let moved = before.cells.into_iter().map(|cell| match cell.tag & ENTRY {
            0 => Moved::NOWHERE,
            _ => self.insert(cell) as u32,
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

    /// All places, also those without an entry.
    pub(crate) fn cells_mut(&mut self) -> &mut [Cell] {
        &mut self.cells
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
        table.insert(Cell::new(1, key)) as u32
    }

    fn find(table: &Table, key: &OwnedKey) -> Option<u32> {
        table.find(1, key.borrowed()).map(|position| position as u32)
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
            assert!(table.cells.len() <= 512, "marks do not make it grow: {}", table.cells.len());
        }
        assert_eq!(table.len, model.len());
    }

    #[test]
    fn consecutive_numbers_are_an_array() {
        let mut table = Table::default();
        let positions: Vec<u32> = (0..100).map(|number| add(&mut table, OwnedKey::Int(number))).collect();
        let mask = table.cells.len() as u32 - 1;
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
            let mask = table.cells.len() - 1;
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
