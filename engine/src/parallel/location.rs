//! Locations of the state as the scheduler knows them: numbers, and what they hold.
//!
//! A transaction names a field by its slot and an entry by map and key. Keys are texts as often as not, so each entry gets a number at its first look-up: that
//! of its place in the ledger below, which a look-up there gives anyway, or, if the ledger lacks it, one of the block's [`Names`]. All else is done by number.

use runtime::host::{Slot, Stored};
use scheduler::{Delta, Sum};

/// A location: what conflicts are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Location(u64);

/// What a location is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A field. One that is a map holds that it is one, and nothing about its entries.
    Field(Slot),
    /// An entry that the ledger below has a place for.
    Entry(u32),
    /// An entry that only the block knows, by its number there.
    New(u32),
    /// How many entries a map has. Inserting and removing add to it without reading it, so insertions of different keys do not conflict.
    Count(Slot),
    /// How many entries the log has.
    Log,
}

impl Location {
    const KIND: u32 = 32;

    fn numbered(kind: u64, number: u32) -> Self {
        Self(kind << Self::KIND | u64::from(number))
    }

    pub(super) fn place(self) -> Place {
        let number = self.0 as u32;
        match self.0 >> Self::KIND {
            0 => Place::Field(Slot(number)),
            1 => Place::Entry(number),
            2 => Place::New(number),
            3 => Place::Count(Slot(number)),
            _ => Place::Log,
        }
    }
}

impl From<Place> for Location {
    #[inline]
    fn from(place: Place) -> Self {
        match place {
            Place::Field(slot) => Self::numbered(0, slot.0),
            Place::Entry(position) => Self::numbered(1, position),
            Place::New(number) => Self::numbered(2, number),
            Place::Count(slot) => Self::numbered(3, slot.0),
            Place::Log => Self::numbered(4, 0),
        }
    }
}

/// When an entry was inserted: after those with lower ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Birth(u64);

impl Birth {
    /// Before the block.
    pub(super) const BEFORE: Self = Self(0);

    /// As the so many-th of a transaction.
    pub(super) fn of(transaction: u32, number: u32) -> Self {
        Self((u64::from(transaction) + 1) << 32 | u64::from(number))
    }

    /// The transaction that inserted it; none if it was there before the block.
    pub(super) fn transaction(self) -> Option<u32> {
        (self.0 >> 32).checked_sub(1).map(|index| index as u32)
    }
}

/// What a location holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Content {
    pub(super) stored: Stored,
    /// For entries, so that their order is that of the serial run whoever asks for it.
    pub(super) birth: Birth,
}

impl Content {
    /// What was there before the block; none where nothing was.
    pub(super) fn before(stored: Stored) -> Option<Self> {
        (stored != Stored::Absent).then_some(Self { stored, birth: Birth::BEFORE })
    }
}

impl scheduler::Value for Content {
    type Delta = Change;
}

/// What is added to a location that is not read.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Change {
    /// To how many entries a map has. None is 0.
    Count(Sum),
    /// To an integer of the program's.
    Integer(Sum),
}

impl Delta<Content> for Change {
    fn then(&mut self, next: &Self) -> bool {
        match (self, next) {
            (Self::Count(sum), Self::Count(next)) | (Self::Integer(sum), Self::Integer(next)) => sum.then(next),
            _ => false,
        }
    }

    fn apply(&self, value: Option<&Content>) -> Option<Content> {
        let (sum, before, birth) = match (self, value) {
            (Self::Count(sum), None) => (sum, 0, Birth::BEFORE),
            (Self::Count(sum) | Self::Integer(sum), Some(&Content { stored: Stored::Int(value), birth })) => {
                (sum, value, birth)
            }
            _ => return None,
        };
        // Within one transaction a count may go below what it was before the block, in an order that is not kept.
        let sum = sum.within(i128::from(before), i128::from(i64::MIN), i128::from(i64::MAX))?;
        Some(Content { stored: Stored::Int(i64::try_from(sum).ok()?), birth })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_what_they_are_made_of() {
        let (slot, most) = (Slot(7), u32::MAX);
        let places = [
            Place::Field(slot),
            Place::Field(Slot(most)),
            Place::Entry(7),
            Place::New(7),
            Place::Count(slot),
            Place::Log,
            Place::Entry(most),
        ];
        for (at, place) in places.into_iter().enumerate() {
            assert_eq!(Location::from(place).place(), place);
            assert!(places[..at].iter().all(|&other| Location::from(other) != Location::from(place)));
        }
    }

    #[test]
    fn births_are_in_order() {
        assert!(
            Birth::BEFORE < Birth::of(0, 0) && Birth::of(0, 9) < Birth::of(1, 0) && Birth::of(1, 0) < Birth::of(1, 1)
        );
        assert_eq!([Birth::BEFORE, Birth::of(0, 5), Birth::of(3, 0)].map(Birth::transaction), [None, Some(0), Some(3)]);
    }
}
