//! Which handler guards what.

use crate::module::Handler;

/// Marks each of `length` places with the first handler that covers it.
///
/// `range` gives the places a handler covers. A union-find over the places that are still unmarked makes this nearly linear however the
/// ranges nest or overlap.
#[derive(Default)]
pub(crate) struct HandlerMap {
    owner: Vec<u32>,
    next_free: Vec<u32>,
}

/// No handler covers the place.
pub(crate) const UNGUARDED: u32 = u32::MAX;

impl HandlerMap {
    pub(crate) fn fill(&mut self, length: usize, handlers: &[Handler], range: impl Fn(&Handler) -> (u32, u32)) {
        self.owner.clear();
        self.owner.resize(length, UNGUARDED);
        self.next_free.clear();
        self.next_free.extend(0..=length as u32);
        for (index, handler) in handlers.iter().enumerate() {
            let (start, end) = range(handler);
            let mut place = self.free_from(start);
            while place < end {
                self.owner[place as usize] = index as u32;
                self.next_free[place as usize] = place + 1;
                place = self.free_from(place + 1);
            }
        }
    }

    /// The first unmarked place at or after `place`.
    fn free_from(&mut self, mut place: u32) -> u32 {
        while self.next_free[place as usize] != place {
            let next = self.next_free[place as usize];
            self.next_free[place as usize] = self.next_free[next as usize];
            place = next;
        }
        place
    }

    /// The number of the handler that covers a place, or [`UNGUARDED`].
    pub(crate) fn owner(&self, place: usize) -> u32 {
        self.owner[place]
    }
}
