//! The versions of one location, and who read them.
//!
//! Versions are in the block's order. Those of committed transactions are folded into one value at the bottom, so a chain is as long as
//! there are uncommitted writers, which is nearly always one or two.
//!
//! Readers are registered with the incarnation that read. When transaction `j` changes the location, exactly those are told whose read found
//! `j`'s version or would have: all above `j` up to, and including, the next transaction that writes a value. (That one may have read before it wrote;
//! who is above it read its value, or was told when that came.) This is the push validation of BlockSTMv2, which makes it needless to look up the
//! read set of every transaction once more.

use smallvec::SmallVec;

use super::entries::{Entries, Entry};
use crate::delta::Delta;
use crate::fault::{Fault, Faults};
use crate::traits::Value;
use crate::version::Version;

/// What a transaction does to a location.
#[derive(Clone)]
pub(crate) enum Write<V: Value> {
    /// Holds this value from now on, or nothing.
    Put(Option<V>),
    /// Is changed by this.
    Add(V::Delta),
}

/// What a read finds below the reader.
pub(crate) enum Found<V: Value> {
    /// No version: the state before the block has it.
    Base,
    /// The value that this execution wrote.
    Written(Version, Option<V>),
    /// Deltas, the highest by this execution, on the value at the bottom; without a bottom, on the state before the block.
    Deltas { top: Version, bottom: Option<Option<V>>, delta: V::Delta },
    /// This transaction was aborted and will probably write here.
    Estimate(u32),
    /// Deltas that do not fit in one.
    TooMuch,
}

/// The versions of one location, and who read them.
pub(crate) struct Chain<K, V: Value> {
    pub(crate) key: K,
    /// The value after the committed transactions whose versions are folded, and the last of those.
    folded: Option<(Version, Option<V>)>,
    entries: Entries<V>,
    readers: SmallVec<[Version; 2]>,
}

impl<K, V: Value> Chain<K, V> {
    pub(crate) fn new(key: K) -> Self {
        Chain { key, folded: None, entries: Entries::new(), readers: SmallVec::new() }
    }

    /// Makes it the chain of another location; its buffers stay.
    pub(crate) fn reuse(&mut self, key: K) {
        self.key = key;
        self.folded = None;
        self.entries.clear();
        self.readers.clear();
    }

    /// What a reader with this index finds.
    pub(crate) fn read<F: Faults>(&self, reader: u32, faults: F) -> Found<V> {
        let mut deltas: Option<(Version, V::Delta)> = None;
        let is_future = faults.plants(Fault::ReadsTheFuture);
        let below = if is_future { self.entries.all() } else { self.entries.below(reader) };
        for entry in below.iter().rev().filter(|entry| entry.version.index != reader) {
            if entry.is_estimate && !faults.plants(Fault::EstimateRead) {
                return Found::Estimate(entry.version.index);
            }
            match &entry.write {
                Write::Put(value) => {
                    return match deltas {
                        None => Found::Written(entry.version, value.clone()),
                        Some((top, delta)) => Found::Deltas { top, bottom: Some(value.clone()), delta },
                    };
                }
                Write::Add(_) if faults.plants(Fault::DeltaDropped) => {}
                Write::Add(delta) => match &mut deltas {
                    None => deltas = Some((entry.version, delta.clone())),
                    Some((_, above)) => {
                        let mut both = delta.clone();
                        if !both.then(above) {
                            return Found::TooMuch;
                        }
                        *above = both;
                    }
                },
            }
        }
        match (deltas, &self.folded) {
            (None, None) => Found::Base,
            (None, Some((version, value))) => Found::Written(*version, value.clone()),
            (Some((top, delta)), folded) => {
                Found::Deltas { top, bottom: folded.as_ref().map(|(_, value)| value.clone()), delta }
            }
        }
    }

    /// The transaction below `reader` that a read would wait for.
    pub(crate) fn blocker(&self, reader: u32) -> Option<u32> {
        for entry in self.entries.below(reader).iter().rev() {
            if entry.is_estimate {
                return Some(entry.version.index);
            }
            if matches!(entry.write, Write::Put(_)) {
                return None;
            }
        }
        None
    }

    /// The last execution below `reader` that wrote here.
    pub(crate) fn last_writer(&self, reader: u32) -> Version {
        let entry = self.entries.below(reader).last();
        entry.map(|entry| entry.version).or(self.folded.as_ref().map(|(version, _)| *version)).unwrap_or(Version::BASE)
    }

    /// Registers who reads. Where the list is full, readers below `committed` are dropped, whom nothing invalidates any more.
    pub(crate) fn register<F: Faults>(&mut self, reader: Version, committed: impl FnOnce() -> u32, faults: F) {
        if self.readers.last() == Some(&reader) {
            return;
        }
        if faults.plants(Fault::ReadersPruned) {
            self.readers.clear();
        } else if self.readers.len() == self.readers.capacity() {
            let committed = committed();
            self.readers.retain(|reader| reader.index >= committed);
        }
        self.readers.push(reader);
    }

    /// Takes out those whose read transaction `index` has changed.
    pub(crate) fn changed<F: Faults>(&mut self, index: u32, invalidated: &mut Vec<Version>, faults: F) {
        if self.readers.is_empty() {
            return;
        }
        let mut above = self.entries.from(index + 1).iter();
        let shield = above
            .find(|entry| matches!(entry.write, Write::Put(_)) || faults.plants(Fault::DeltaShields))
            .map(|entry| entry.version.index);
        let shield = if faults.plants(Fault::WriterNotReader) { shield.map(|at| at - 1) } else { shield };
        self.readers.retain(|reader| {
            let is_told = reader.index > index && shield.is_none_or(|shield| reader.index <= shield);
            if is_told {
                invalidated.push(*reader);
            }
            !is_told
        });
    }

    /// Writes a version, in place of an older incarnation's if there is one. Folds what is committed if the list is full.
    pub(crate) fn write<F: Faults>(
        &mut self,
        version: Version,
        write: Write<V>,
        is_estimate: bool,
        committed: impl FnOnce() -> u32,
        faults: F,
    ) -> bool {
        if let Some(entry) = self.entries.get_mut(version.index) {
            let is_estimate = is_estimate || faults.plants(Fault::EstimateStays) && entry.is_estimate;
            *entry = Entry { version, is_estimate, write };
            return true;
        }
        if self.entries.is_full() || faults.plants(Fault::FoldsTooFar) {
            self.fold(committed() + u32::from(faults.plants(Fault::FoldsTooFar)));
        }
        self.entries.insert(Entry { version, is_estimate, write });
        false
    }

    /// Marks the version of this transaction as an estimate.
    pub(crate) fn estimate(&mut self, index: u32) {
        if let Some(entry) = self.entries.get_mut(index) {
            entry.is_estimate = true;
        }
    }

    /// Removes the version of this transaction.
    pub(crate) fn remove(&mut self, index: u32) {
        self.entries.remove(index);
    }

    /// Makes this the value after all up to this transaction, which is about to be committed.
    pub(crate) fn settle(&mut self, version: Version, value: Option<V>) {
        self.entries.take_below(version.index + 1);
        self.folded = Some((version, value));
    }

    /// The value below this transaction, all before which are committed; nothing if the state before the block has it.
    pub(crate) fn settled(&mut self, index: u32) -> Option<&(Version, Option<V>)> {
        self.fold(index);
        self.folded.as_ref()
    }

    /// Folds the versions of transactions below `committed`. Their deltas were settled when they were committed.
    fn fold(&mut self, committed: u32) {
        if let Some(Entry { version, write: Write::Put(value), .. }) = self.entries.take_below(committed) {
            self.folded = Some((*version, value.clone()));
        }
    }
}
