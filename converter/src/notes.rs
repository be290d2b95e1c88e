//! Notes on virtual registers that are forgotten all at once.
//!
//! Passes that go block by block note something of the few registers that a block names. A table with a place for every register finds a note
//! without hashing; each note says in which round it was taken, so that forgetting all of them is beginning a new round.

use crate::tac::VirtualRegister;

/// A note on some of the virtual registers.
#[derive(Clone, Debug, Default)]
pub struct Notes<T> {
    /// For each register the round in which its note was taken, and the note.
    entries: Vec<(u32, T)>,
    /// Never zero when notes are taken: that is the round of registers that never had one.
    round: u32,
}

impl<T: Copy + Default> Notes<T> {
    /// No notes, on so many registers.
    pub fn new(registers: u32) -> Self {
        let mut notes = Self::default();
        notes.begin(registers);
        notes
    }

    /// No notes, with room for those on so many registers.
    pub fn with_capacity(registers: usize) -> Self {
        Self { entries: Vec::with_capacity(registers), round: 0 }
    }

    /// Forgets all notes; from now on there are so many registers.
    pub fn begin(&mut self, registers: u32) {
        self.entries.resize(registers as usize, (0, T::default()));
        self.clear();
    }

    /// Forgets all notes.
    pub fn clear(&mut self) {
        if self.round == u32::MAX {
            self.entries.fill((0, T::default()));
            self.round = 0;
        }
        self.round += 1;
    }

    /// The note on a register.
    pub fn get(&self, register: VirtualRegister) -> Option<T> {
        let (round, note) = self.entries[register as usize];
        (round == self.round).then_some(note)
    }

    /// Notes something of a register.
    pub fn set(&mut self, register: VirtualRegister, note: T) {
        self.entries[register as usize] = (self.round, note);
    }

    /// The note on a register, to be changed; if there was none, the default one.
    pub fn entry(&mut self, register: VirtualRegister) -> &mut T {
        let (round, note) = &mut self.entries[register as usize];
        if *round != self.round {
            (*round, *note) = (self.round, T::default());
        }
        note
    }
}

#[cfg(test)]
mod tests {
    use super::Notes;

    #[test]
    fn notes_last_until_they_are_cleared() {
        let mut notes = Notes::new(3);
        notes.set(1, 5_u32);
        *notes.entry(2) += 7;
        assert_eq!([notes.get(0), notes.get(1), notes.get(2)], [None, Some(5), Some(7)]);
        notes.clear();
        assert_eq!([notes.get(0), notes.get(1), notes.get(2)], [None; 3]);
        *notes.entry(2) += 1;
        assert_eq!(notes.get(2), Some(1));
    }
}
