//! Enters what a block came to in the ledger, as a serial run would have left it.
//!
//! An entry that was there before the block and was there all the time is written where it is. All that changes which entries a map has comes after, in the
//! order of the transactions: insertions may move entries in memory, and their order is that of the map.

use ledger::{Chain, Position};
use runtime::Fault;
use runtime::host::{Ledger, OwnedKey, Slot, Stored};

use super::block::{Block, Output};
use super::location::{Birth, Content, Location, Place};

/// What transactions wrote, one after the other.
#[derive(Default)]
pub(super) struct Written {
    writes: Vec<(u32, Location, Option<Content>)>,
    later: Vec<Later>,
}

/// A write that is made after those to entries that stay where they are.
enum Later {
    Field(Slot, Stored),
    Entry { map: Slot, key: OwnedKey, content: Option<Content>, transaction: u32 },
}

impl Written {
    /// Forgets all. Buffers stay.
    pub(super) fn clear(&mut self) {
        self.writes.clear();
    }

    /// Takes note of the final writes of a transaction, after all those before it.
    pub(super) fn add<'w>(&mut self, index: usize, writes: impl Iterator<Item = (&'w Location, Option<&'w Content>)>) {
        // Counts come of the entries themselves.
        let is_kept = |location: &Location| !matches!(location.place(), Place::Count(_) | Place::Log);
        let writes = writes.filter(|(location, _)| is_kept(location));
        self.writes.extend(writes.map(|(location, content)| (index as u32, *location, content.cloned())));
    }

    /// Enters all of it in the ledger, with the events and entries of the log, and records the transactions.
    ///
    /// # Errors
    /// When the ledger cannot have so much.
    pub(super) fn enter(&mut self, block: &mut Block, outputs: &mut [Output]) -> Result<(), Fault> {
        let (chain, names, transactions) = block.parts();
        names.introduce(chain)?;
        chain.begin()?;
        let mut fields_become_maps = false;
        for (transaction, location, content) in self.writes.drain(..) {
            let ((map, key), content) = match (location.place(), content) {
                (Place::Entry(position), Some(Content { stored, birth: Birth::BEFORE })) => {
                    chain.replace_entry(Position(position), stored)?;
                    continue;
                }
                (Place::Field(slot), content) => {
                    let stored = content.map(|content| content.stored).unwrap_or_default();
                    let is_map = |stored: &Stored| matches!(stored, Stored::Map(_));
                    fields_become_maps |= is_map(&stored) || is_map(chain.read(slot));
                    match fields_become_maps {
                        true => self.later.push(Later::Field(slot, stored)),
                        false => chain.write(slot, stored)?,
                    }
                    continue;
                }
                (Place::Entry(position), content) => (chain.entry_key(Position(position)), content),
                (Place::New(number), content) => (names.entry_key(number), content),
                (Place::Count(_) | Place::Log, _) => continue,
            };
            self.later.push(Later::Entry { map, key, content, transaction });
        }
        for write in self.later.drain(..) {
            write.enter(chain)?;
        }
        chain.commit()?;
        for (transaction, output) in transactions.iter().zip(outputs) {
            output.left.events.drain(..).for_each(|event| chain.append_event(event));
            for (entry, time) in output.left.appended.drain(..) {
                chain.append(entry, time)?;
            }
            chain.record(transaction.clone(), output.outcome.clone())?;
        }
        Ok(())
    }
}

impl Later {
    fn enter(self, chain: &mut Chain) -> Result<(), Fault> {
        match self {
            // A map that is emptied loses its entries one by one.
            Self::Field(slot, Stored::Map(_)) if matches!(chain.read(slot), Stored::Map(_)) => {}
            Self::Field(slot, stored) => chain.write(slot, stored)?,
            Self::Entry { map, key, content: None, .. } => drop(chain.remove_entry(map, key.borrowed())?),
            Self::Entry { map, key, content: Some(content), transaction } => {
                if content.birth.transaction() == Some(transaction) {
                    // It may have been there, removed, and inserted again by the same transaction: then it is the last one now.
                    chain.remove_entry(map, key.borrowed())?;
                }
                chain.write_entry(map, key.borrowed(), content.stored)?;
            }
        }
        Ok(())
    }
}
