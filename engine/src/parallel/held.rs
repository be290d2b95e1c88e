//! What one execution has seen and written, location by location.
//!
//! A ledger gives references to what it holds, also to whoever only reads it. So what was read is kept in a table that grows while it is lent out: in chunks that
//! never move, each value set once. Writing takes the table exclusively, as writing to a ledger does. The table stays from one execution to the next.

use std::cell::{Cell, OnceCell, RefCell};

use fxhash::FxHashMap;
use runtime::host::Stored;
use scheduler::Sum;

use super::location::{Birth, Content, Location, Place};

/// A location as the execution sees it.
pub(super) struct Held {
    location: Cell<Location>,
    /// Unset where it was only added to.
    stored: OnceCell<Stored>,
    /// What the transaction has added to it, as long as it has not read it.
    added: Cell<Option<Sum>>,
    pub(super) birth: Cell<Birth>,
    /// Whether the transaction has written it, and not undone that.
    pub(super) is_written: Cell<bool>,
}

impl Held {
    pub(super) fn location(&self) -> Location {
        self.location.get()
    }

    pub(super) fn stored(&self) -> &Stored {
        self.stored.get().unwrap_or(&Stored::Absent)
    }

    /// Whether it was only added to.
    pub(super) fn is_added_to(&self) -> bool {
        self.stored.get().is_none()
    }

    /// What was added to it.
    pub(super) fn added(&self) -> Option<Sum> {
        let added = self.added.take();
        self.added.set(added.clone());
        added
    }

    /// Sets what was added to it.
    pub(super) fn set_added(&self, sum: Sum) {
        self.added.set(Some(sum));
    }

    /// Gives what it holds to a location that was only added to.
    pub(super) fn settle(&self, content: Content) {
        self.birth.set(content.birth);
        self.is_written.set(true);
        self.added.set(None);
        let is_free = self.stored.set(content.stored).is_ok();
        debug_assert!(is_free, "only what is not known is settled");
    }

    /// Takes away what was added.
    pub(super) fn take_away(&mut self, amount: i64) {
        match self.stored.get_mut() {
            Some(Stored::Int(value)) => *value = value.wrapping_sub(amount),
            Some(_) => unreachable!("only integers are added to, and what came after that was undone"),
            None => {
                let fits = self.added.get_mut().as_mut().is_some_and(|sum| sum.then(&Sum::new(-amount)));
                debug_assert!(fits, "the sum was there before");
            }
        }
    }

    /// Replaces the value; gives what it was.
    pub(super) fn replace(&mut self, stored: Stored) -> Stored {
        let before = self.stored.take().unwrap_or_default();
        self.stored = OnceCell::from(stored);
        before
    }
}

/// Locations of the first chunk; each further one has twice as many as the one before.
const FIRST: usize = 16;
/// With all chunks there are more locations than memory can hold.
const CHUNKS: usize = 28;

/// All locations that an execution has seen.
pub(super) struct HeldTable {
    chunks: [OnceCell<Box<[Held]>>; CHUNKS],
    len: Cell<usize>,
    /// Finds locations where there are more than the first chunk has; those are looked through.
    index: RefCell<FxHashMap<Location, u32>>,
}

/// Chunk and place there.
fn split(at: usize) -> (usize, usize) {
    let chunk = (at / FIRST + 1).ilog2() as usize;
    (chunk, at - FIRST * ((1 << chunk) - 1))
}

impl HeldTable {
    pub(super) fn new() -> Self {
        Self { chunks: Default::default(), len: Cell::new(0), index: RefCell::default() }
    }

    /// Forgets all. Buffers stay.
    pub(super) fn clear(&mut self) {
        for at in 0..self.len.get() {
            self.get_mut(at).stored.take();
        }
        self.len.set(0);
        self.index.get_mut().clear();
    }

    pub(super) fn len(&self) -> usize {
        self.len.get()
    }

    #[inline]
    pub(super) fn find(&self, location: Location) -> Option<usize> {
        let len = self.len.get();
        if len <= FIRST {
            let first = self.chunks[0].get()?;
            return first[..len].iter().position(|held| held.location.get() == location);
        }
        self.index.borrow().get(&location).map(|&at| at as usize)
    }

    #[inline]
    pub(super) fn get(&self, at: usize) -> &Held {
        let (chunk, place) = split(at);
        &self.chunks[chunk].get().expect("what has a place has a chunk")[place]
    }

    pub(super) fn get_mut(&mut self, at: usize) -> &mut Held {
        let (chunk, place) = split(at);
        &mut self.chunks[chunk].get_mut().expect("what has a place has a chunk")[place]
    }

    /// Adds a location that is not there, with what it holds.
    pub(super) fn add(&self, location: Location, content: Option<Content>) -> usize {
        let at = self.add_unread(location);
        let held = self.get(at);
        let (stored, birth) = content.map_or_else(Default::default, |content| (content.stored, content.birth));
        held.birth.set(birth);
        let is_free = held.stored.set(stored).is_ok();
        debug_assert!(is_free, "cleared places hold nothing");
        at
    }

    /// Adds a location that is not there, of which nothing is known.
    pub(super) fn add_unread(&self, location: Location) -> usize {
        let at = self.len.get();
        let (chunk, place) = split(at);
        let nowhere = || Held {
            location: Cell::new(Place::Log.into()),
            stored: OnceCell::new(),
            added: Cell::default(),
            birth: Cell::default(),
            is_written: Cell::default(),
        };
        let held = &self.chunks[chunk].get_or_init(|| (0..FIRST << chunk).map(|_| nowhere()).collect())[place];
        held.location.set(location);
        held.birth.set(Birth::BEFORE);
        held.is_written.set(false);
        held.added.set(None);
        self.len.set(at + 1);
        if at >= FIRST {
            let mut index = self.index.borrow_mut();
            if at == FIRST {
                index.extend((0..FIRST).map(|at| (self.get(at).location.get(), at as u32)));
            }
            index.insert(location, at as u32);
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use runtime::host::Slot;

    use super::*;

    #[test]
    fn places_are_chunk_by_chunk() {
        assert_eq!(
            [0, 15, 16, 47, 48, 111, 112].map(split),
            [(0, 0), (0, 15), (1, 0), (1, 31), (2, 0), (2, 63), (3, 0)]
        );
    }

    #[test]
    fn what_was_read_stays_where_it_is() {
        let mut table = HeldTable::new();
        for round in 0..3 {
            let location = |number: i64| Location::from(Place::Field(Slot((number * 7) as u32)));
            let mut seen = Vec::new();
            for number in 0..200 {
                assert_eq!(table.find(location(number)), None);
                let at = table.add(location(number), Content::before(Stored::Int(number + round)));
                seen.push(table.get(at).stored());
                assert_eq!(table.find(location(number)), Some(at));
            }
            assert!(seen.iter().enumerate().all(|(number, stored)| **stored == Stored::Int(number as i64 + round)));
            let at = table.find(location(150)).unwrap();
            assert_eq!(table.get_mut(at).replace(Stored::Null), Stored::Int(150 + round));
            assert_eq!(*table.get(at).stored(), Stored::Null);
            table.clear();
        }
    }
}
