//! The state in memory, and the journal that undoes what was written.
//!
//! A location is a *slot*: an element of one array, of one cache line. Fields are named by their slots; entries are found by the slot of their map and their key, in
//! one hash table of slot numbers ([`Index`]).
//!
//! The *journal* has a record for each slot written under an open checkpoint, with what the slot held before. A slot knows its latest record, so a second write under the same
//! checkpoint needs none. Reverting goes through the records since the checkpoint, backwards; closing an inner checkpoint hands its records to the
//! enclosing one, except those of slots that have one there already. So all three cost what was written, and the journal never has more records than slots
//! times open checkpoints. Events and appended entries only ever grow at their ends: a checkpoint remembers how many there were.
//!
//! What a closed outermost checkpoint has changed is *dirty* until the next block.

use std::sync::Arc;

use fxhash::{FxHashMap, FxHasher};
use runtime::host::{ContractId, Event, Key, MapHead, OwnedKey, Slot, Stored};
use std::hash::Hasher;

use crate::error::LedgerError;
use crate::index::{Hash, Index};

/// A location and what it holds.
#[derive(Debug)]
#[repr(align(64))]
struct Cell {
    value: Stored,
    /// The field's name, or the entry's key.
    key: OwnedKey,
    /// The field's contract with [`FIELD`], or the slot of the entry's map.
    parent: u32,
    /// One more than the number of its latest record in the journal; 0 without one.
    last_record: u32,
    /// An entry's place in the order of insertion.
    sequence: u32,
    /// Changed since the last block.
    is_dirty: bool,
}

const _: () = assert!(size_of::<Cell>() == 64);

/// Marks the parents of fields.
const FIELD: u32 = 1 << 31;

/// What a slot held before it was written.
#[derive(Debug)]
struct Record {
    value: Stored,
    slot: u32,
    sequence: u32,
    /// The slot's `last_record` before this one.
    previous: u32,
}

/// How long things were when a checkpoint was opened.
#[derive(Clone, Copy, Debug)]
struct Checkpoint {
    records: u32,
    events: usize,
    entries: usize,
}

/// Most checkpoints that may be open; an engine's limit of calls comes long before.
const MOST_CHECKPOINTS: usize = 1 << 20;

/// An entry of the log that is not in a block yet.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Appended {
    pub(crate) value: Stored,
    pub(crate) time: i64,
    /// Hash of the chain up to it.
    pub(crate) hash: runtime::host::Digest,
}

/// A location by its names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Location {
    /// Address of the contract; empty for the state that belongs to none.
    pub contract: Arc<str>,
    /// Name of the field.
    pub field: Arc<str>,
    /// Key, for the entry of a map.
    pub key: Option<OwnedKey>,
}

/// What a location holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    /// The value.
    pub value: Stored,
    /// An entry's number in the order of insertion; 0 for fields.
    pub sequence: u32,
}

/// The state in memory.
#[derive(Debug, Default)]
pub(crate) struct State {
    cells: Vec<Cell>,
    /// Slots by parent and key.
    index: Index,
    /// Slots of entries that are not in use.
    free: Vec<u32>,
    contracts: Vec<Arc<str>>,
    contract_ids: FxHashMap<Arc<str>, u32>,
    /// Slots that are or were entries of a map; those of others are passed over.
    members: FxHashMap<u32, Vec<u32>>,
    records: Vec<Record>,
    checkpoints: Vec<Checkpoint>,
    dirty: Vec<u32>,
    pub(crate) events: Vec<Event>,
    pub(crate) entries: Vec<Appended>,
}

/// An odd number without pattern: 2^64 over the golden ratio (Knuth, *The Art of Computer Programming*, volume 3, section 6.4).
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Whole numbers that agree but for their last three bits are neighbours in the index.
#[inline]
fn hash(parent: u32, key: Key<'_>) -> Hash {
    let mut hasher = FxHasher::default();
    hasher.write_u32(parent);
    match key {
        Key::Int(value) => hasher.write_i64(value >> 3),
        Key::Bool(value) => hasher.write_u8(u8::from(value)),
        Key::String(text) => hasher.write(text.as_bytes()),
    }
    // The upper bits of a product are those that all of the key has changed; folded down and multiplied once more, all bits are.
    let folded = |product: u64| product ^ product >> 32;
    let mixed = folded(folded(hasher.finish()).wrapping_mul(SPREAD));
    if let Key::Int(value) = key { mixed << 3 | value as u64 & 7 } else { mixed }
}

#[cold]
fn too_many(what: &'static str) -> LedgerError {
    LedgerError::TooMany { what }
}

static ABSENT: Stored = Stored::Absent;

impl State {
    pub(crate) fn new() -> Self {
        let mut state = Self::default();
        // The first contract and slot are those of the state that belongs to no contract.
        let made = state.contract("").and_then(|contract| state.field(contract, ""));
        debug_assert_eq!(made.ok(), Some(Slot::GLOBAL));
        state
    }

    pub(crate) fn contract(&mut self, address: &str) -> Result<ContractId, LedgerError> {
        if let Some(&id) = self.contract_ids.get(address) {
            return Ok(ContractId(id));
        }
        let id = self.contracts.len() as u32;
        if id >= FIELD {
            return Err(too_many("contracts"));
        }
        let address: Arc<str> = address.into();
        self.contracts.push(Arc::clone(&address));
        self.contract_ids.insert(address, id);
        Ok(ContractId(id))
    }

    pub(crate) fn address(&self, contract: ContractId) -> Arc<str> {
        self.contracts.get(contract.0 as usize).cloned().unwrap_or_default()
    }

    pub(crate) fn field(&mut self, contract: ContractId, name: &str) -> Result<Slot, LedgerError> {
        if contract.0 as usize >= self.contracts.len() {
            return Err(LedgerError::Foreign);
        }
        let (parent, key) = (contract.0 | FIELD, Key::String(name));
        let hash = hash(parent, key);
        match self.find(parent, key, hash) {
            Some(slot) => Ok(Slot(slot)),
            None => self.add(parent, key, hash).map(Slot),
        }
    }

    #[inline]
    fn find(&self, parent: u32, key: Key<'_>, hash: u64) -> Option<u32> {
        self.index.find(hash, |slot| {
            let cell = &self.cells[slot as usize];
            cell.parent == parent && cell.key.borrowed() == key
        })
    }

    fn add(&mut self, parent: u32, key: Key<'_>, hash_of_key: u64) -> Result<u32, LedgerError> {
        let cell =
            Cell { value: Stored::Absent, key: key.into(), parent, last_record: 0, sequence: 0, is_dirty: false };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.cells[slot as usize] = cell;
                slot
            }
            None if self.cells.len() >= FIELD as usize => return Err(too_many("locations")),
            None => {
                self.cells.push(cell);
                self.cells.len() as u32 - 1
            }
        };
        let cells = &self.cells;
        self.index.insert(hash_of_key, slot, |slot| {
            let cell = &cells[slot as usize];
            hash(cell.parent, cell.key.borrowed())
        });
        if parent & FIELD == 0 {
            self.enlist(parent, slot);
        }
        Ok(slot)
    }

    /// Enters an entry among those of its map.
    fn enlist(&mut self, map: u32, slot: u32) {
        let Self { cells, members, .. } = self;
        let live = match cells[map as usize].value {
            Stored::Map(head) => head.len as usize,
            _ => 0,
        };
        let slots = members.entry(map).or_default();
        // Slots that were given back are forgotten before they become the majority.
        if slots.len() > 2 * live + 16 && slots.len() == slots.capacity() {
            slots.sort_unstable();
            slots.dedup();
            slots.retain(|&member| member != slot && cells[member as usize].parent == map);
        }
        slots.push(slot);
    }

    /// Gives an entry's slot back that holds nothing and that nothing will bring back.
    fn release(&mut self, slot: u32) {
        let cell = &mut self.cells[slot as usize];
        if cell.parent & FIELD != 0 || cell.last_record != 0 || cell.is_dirty || cell.value != Stored::Absent {
            return;
        }
        let hash = hash(cell.parent, cell.key.borrowed());
        self.index.remove(hash, slot);
        // Nothing has such a parent.
        (cell.parent, cell.key) = (UNUSED, OwnedKey::Bool(false));
        self.free.push(slot);
    }

    #[inline]
    pub(crate) fn read(&self, field: Slot) -> &Stored {
        self.cells.get(field.0 as usize).map_or(&ABSENT, |cell| &cell.value)
    }

    #[inline]
    pub(crate) fn read_entry(&self, map: Slot, key: Key<'_>) -> &Stored {
        match self.find(map.0, key, hash(map.0, key)) {
            Some(slot) => &self.cells[slot as usize].value,
            None => &ABSENT,
        }
    }

    /// Sets a slot. A checkpoint is open, and there is room for a record.
    #[inline]
    fn set(&mut self, slot: u32, value: Stored, sequence: u32) {
        let start = self.checkpoints.last().map_or(0, |checkpoint| checkpoint.records);
        let cell = &mut self.cells[slot as usize];
        if cell.last_record <= start {
            let before = std::mem::replace(&mut cell.value, value);
            self.records.push(Record { value: before, slot, sequence: cell.sequence, previous: cell.last_record });
            cell.last_record = self.records.len() as u32;
        } else {
            cell.value = value;
        }
        cell.sequence = sequence;
    }

    /// Whether so many slots may be written.
    #[inline]
    fn check_writable(&self, count: usize) -> Result<(), LedgerError> {
        if self.checkpoints.is_empty() {
            return Err(LedgerError::OutsideTransaction);
        }
        if self.records.len() + count > u32::MAX as usize {
            return Err(too_many("changes in one transaction"));
        }
        Ok(())
    }

    fn head(&self, map: Slot) -> Option<MapHead> {
        match *self.read(map) {
            Stored::Map(head) => Some(head),
            _ => None,
        }
    }

    #[inline]
    pub(crate) fn write(&mut self, field: Slot, value: Stored) -> Result<(), LedgerError> {
        self.check_writable(1)?;
        match self.cells.get(field.0 as usize) {
            Some(Cell { parent, value: old, .. }) if parent & FIELD != 0 => {
                if matches!(old, Stored::Map(_)) || matches!(value, Stored::Map(_)) {
                    return self.write_map(field, value);
                }
            }
            _ => return Err(LedgerError::Foreign),
        }
        self.set(field.0, value, 0);
        Ok(())
    }

    /// Sets a field that is a map or becomes one.
    #[inline(never)]
    fn write_map(&mut self, field: Slot, value: Stored) -> Result<(), LedgerError> {
        let slots = self.entry_slots(field);
        self.check_writable(slots.len() + 1)?;
        for slot in slots {
            self.set(slot, Stored::Absent, 0);
        }
        let value = if matches!(value, Stored::Map(_)) { Stored::Map(MapHead::default()) } else { value };
        self.set(field.0, value, 0);
        Ok(())
    }

    #[inline]
    pub(crate) fn write_entry(&mut self, map: Slot, key: Key<'_>, value: Stored) -> Result<Option<usize>, LedgerError> {
        self.check_writable(2)?;
        let value = if matches!(value, Stored::Absent | Stored::Map(_)) { Stored::Null } else { value };
        let hash = hash(map.0, key);
        let found = self.find(map.0, key, hash);
        if let Some(slot) = found {
            let cell = &self.cells[slot as usize];
            if cell.value != Stored::Absent {
                let (sequence, size) = (cell.sequence, cell.value.size());
                self.set(slot, value, sequence);
                return Ok(Some(size));
            }
        }
        self.insert_entry(map, key, hash, found, value).map(|()| None)
    }

    #[inline(never)]
    fn insert_entry(
        &mut self,
        map: Slot,
        key: Key<'_>,
        hash: u64,
        found: Option<u32>,
        value: Stored,
    ) -> Result<(), LedgerError> {
        if self.cells.get(map.0 as usize).is_none_or(|cell| cell.parent & FIELD == 0) {
            return Err(LedgerError::Foreign);
        }
        let MapHead { len, next } = self.head(map).unwrap_or_default();
        let Some(after) = next.checked_add(1) else { return Err(too_many("entries inserted into one map")) };
        let slot = match found {
            Some(slot) => slot,
            None => self.add(map.0, key, hash)?,
        };
        self.set(map.0, Stored::Map(MapHead { len: len + 1, next: after }), 0);
        self.set(slot, value, next);
        Ok(())
    }

    pub(crate) fn remove_entry(&mut self, map: Slot, key: Key<'_>) -> Result<Stored, LedgerError> {
        self.check_writable(2)?;
        let Some(slot) = self.find(map.0, key, hash(map.0, key)) else { return Ok(Stored::Absent) };
        let (Some(MapHead { len, next }), Some(cell)) = (self.head(map), self.cells.get(slot as usize)) else {
            return Ok(Stored::Absent);
        };
        let before = cell.value.clone();
        if before == Stored::Absent {
            return Ok(before);
        }
        // An empty map is like a new one.
        let head = if len == 1 { MapHead::default() } else { MapHead { len: len - 1, next } };
        self.set(map.0, Stored::Map(head), 0);
        self.set(slot, Stored::Absent, 0);
        Ok(before)
    }

    /// Slots of a map's entries in order of insertion.
    fn entry_slots(&self, map: Slot) -> Vec<u32> {
        let members = self.members.get(&map.0).map(Vec::as_slice).unwrap_or_default();
        let is_entry = |slot: u32| {
            let cell = &self.cells[slot as usize];
            cell.parent == map.0 && cell.value != Stored::Absent
        };
        let mut slots: Vec<u32> = members.iter().copied().filter(|&slot| is_entry(slot)).collect();
        slots.sort_unstable_by_key(|&slot| (self.cells[slot as usize].sequence, slot));
        // A slot given back and taken again stands there twice.
        slots.dedup();
        slots
    }

    pub(crate) fn entries_of(&self, map: Slot) -> Vec<(OwnedKey, Stored)> {
        let entry = |slot: u32| {
            let cell = &self.cells[slot as usize];
            (cell.key.clone(), cell.value.clone())
        };
        self.entry_slots(map).into_iter().map(entry).collect()
    }

    #[inline]
    pub(crate) fn begin(&mut self) -> Result<(), LedgerError> {
        if self.checkpoints.len() >= MOST_CHECKPOINTS {
            return Err(too_many("open transactions"));
        }
        self.checkpoints.push(Checkpoint {
            records: self.records.len() as u32,
            events: self.events.len(),
            entries: self.entries.len(),
        });
        Ok(())
    }

    #[inline]
    pub(crate) fn commit(&mut self) -> Result<(), LedgerError> {
        let Some(closed) = self.checkpoints.pop() else { return Err(LedgerError::Unbalanced { what: "commit" }) };
        match self.checkpoints.last() {
            None => self.keep(),
            Some(&enclosing) => self.hand_over(closed.records, enclosing.records),
        }
        Ok(())
    }

    /// Forgets the journal: nothing will be undone.
    #[inline]
    fn keep(&mut self) {
        for record in self.records.drain(..) {
            let cell = &mut self.cells[record.slot as usize];
            cell.last_record = 0;
            if !cell.is_dirty {
                cell.is_dirty = true;
                self.dirty.push(record.slot);
            }
        }
    }

    /// Hands the records from `start` on to the checkpoint whose own begin at `enclosing`.
    fn hand_over(&mut self, start: u32, enclosing: u32) {
        let mut end = start;
        for at in start..self.records.len() as u32 {
            let Record { slot, previous, .. } = self.records[at as usize];
            let cell = &mut self.cells[slot as usize];
            if previous > enclosing {
                // The enclosing checkpoint has an older record of this slot.
                cell.last_record = previous;
            } else {
                self.records.swap(end as usize, at as usize);
                end += 1;
                cell.last_record = end;
            }
        }
        self.records.truncate(end as usize);
    }

    #[inline]
    pub(crate) fn revert(&mut self) -> Result<(), LedgerError> {
        let Some(checkpoint) = self.checkpoints.pop() else { return Err(LedgerError::Unbalanced { what: "revert" }) };
        while self.records.len() > checkpoint.records as usize {
            let Some(record) = self.records.pop() else { break };
            let cell = &mut self.cells[record.slot as usize];
            cell.value = record.value;
            cell.sequence = record.sequence;
            cell.last_record = record.previous;
            if cell.value == Stored::Absent {
                self.release(record.slot);
            }
        }
        self.events.truncate(checkpoint.events);
        self.entries.truncate(checkpoint.entries);
        Ok(())
    }

    #[inline]
    pub(crate) fn depth(&self) -> usize {
        self.checkpoints.len()
    }

    fn location(&self, slot: u32) -> Location {
        let cell = &self.cells[slot as usize];
        let (field, key) = if cell.parent & FIELD == 0 {
            (&self.cells[cell.parent as usize], Some(cell.key.clone()))
        } else {
            (cell, None)
        };
        let name = match &field.key {
            OwnedKey::String(name) => Arc::clone(name),
            _ => Arc::default(),
        };
        Location { contract: self.address(ContractId(field.parent & !FIELD)), field: name, key }
    }

    /// What has changed since the last block: locations and what they hold now.
    pub(crate) fn changes(&self) -> impl Iterator<Item = (Location, Content)> + '_ {
        self.dirty.iter().map(|&slot| {
            let cell = &self.cells[slot as usize];
            (self.location(slot), Content { value: cell.value.clone(), sequence: cell.sequence })
        })
    }

    /// Takes note that what has changed is in a block.
    pub(crate) fn settle(&mut self) {
        self.events.clear();
        self.entries.clear();
        for slot in std::mem::take(&mut self.dirty) {
            self.cells[slot as usize].is_dirty = false;
            self.release(slot);
        }
    }

    /// Puts a location of a store in its place.
    pub(crate) fn load(&mut self, location: &Location, content: Content) -> Result<(), LedgerError> {
        let contract = self.contract(&location.contract)?;
        let field = self.field(contract, &location.field)?;
        let slot = match &location.key {
            None => field.0,
            Some(key) => {
                let hash = hash(field.0, key.borrowed());
                match self.find(field.0, key.borrowed(), hash) {
                    Some(slot) => slot,
                    None => self.add(field.0, key.borrowed(), hash)?,
                }
            }
        };
        let cell = &mut self.cells[slot as usize];
        (cell.value, cell.sequence) = (content.value, content.sequence);
        Ok(())
    }

    /// Everything the state has, in no particular order.
    pub(crate) fn contents(&self) -> impl Iterator<Item = (Location, Content)> + '_ {
        let is_set = |slot: &u32| {
            let cell = &self.cells[*slot as usize];
            cell.parent != UNUSED && cell.value != Stored::Absent
        };
        (0..self.cells.len() as u32).filter(is_set).map(|slot| {
            let cell = &self.cells[slot as usize];
            (self.location(slot), Content { value: cell.value.clone(), sequence: cell.sequence })
        })
    }
}

/// Parent of slots that are not in use: no map has this slot.
const UNUSED: u32 = FIELD - 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_far_apart_belong_to_different_places() {
        // Whatever the distance, so that no run of the index becomes long: 4096 keys have almost as many homes in 65,536 places.
        for shift in 0..52 {
            let mut homes: Vec<u64> = (0..4096_i64).map(|number| hash(1, Key::Int(number << shift)) & 0xffff).collect();
            homes.sort_unstable();
            homes.dedup();
            assert!(homes.len() > 3000, "{} homes of numbers that are 2^{shift} apart", homes.len());
        }
    }
}
