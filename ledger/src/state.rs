//! The state in memory, and the journal that undoes what was written.
//!
//! A location is a *cell* of one cache line. Fields are an array, whose indices are their slots for good; the entries of maps are a hash table ([`Table`]), whose
//! positions change when it grows. A [`Place`] is one or the other.
//!
//! The *journal* has a record for each cell written under an open checkpoint, with what the cell held before. A cell knows its latest record, so a second write under the same
//! checkpoint needs none. Reverting goes through the records since the checkpoint, backwards; closing an inner checkpoint hands its records to the
//! enclosing one, except those of cells that have one there already. So all three cost what was written, and the journal never has more records than cells
//! times open checkpoints. Closing the outermost checkpoint forgets the records, and touches no cell: records are numbered through all transactions, so
//! that a cell's record that is no more shows by its number.
//!
//! What was changed since the last block is *dirty*. Dirty places, events and appended entries only ever grow at their ends: a checkpoint
//! remembers how many there were.
//!
//! In a large state a write costs the one cache miss that its cell is. The processor goes on with later operations meanwhile, but only by a few hundred instructions, and not
//! beyond what has to wait for something. So what is done for each write is short, and avoids to store something in pieces and then load it
//! in one: such a load waits until the pieces are in the cache, which they reach in order, behind whatever is waiting for memory.

use std::sync::Arc;

use fxhash::FxHashMap;
use runtime::host::{ContractId, Event, Immediate, Key, MapHead, OwnedKey, Slot, Stored, footprint};

use crate::error::LedgerError;
use crate::table::{self, Hash, Moved, Table};

/// A location and what it holds.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Cell {
    pub(crate) value: Stored,
    /// The field's name, or the entry's key.
    pub(crate) key: OwnedKey,
    /// The field's contract, or the slot of the entry's map.
    pub(crate) parent: u32,
    /// The number of its latest record, which may be no more in the journal; 0 without one.
    last_record: u32,
    /// An entry's place in the order of insertion.
    pub(crate) sequence: u32,
    /// Changed since the last block.
    is_dirty: bool,
    /// What it is in the table.
    pub(crate) tag: u8,
}

const _: () = assert!(size_of::<Cell>() == 64);

impl Default for Cell {
    /// The cell of no location.
    fn default() -> Self {
        Self::new(u32::MAX, OwnedKey::Bool(false))
    }
}

impl Cell {
    pub(crate) fn new(parent: u32, key: OwnedKey) -> Self {
        Self { value: Stored::Absent, key, parent, last_record: 0, sequence: 0, is_dirty: false, tag: table::EMPTY }
    }

    /// Whether it is the entry of this map with this key.
    #[inline]
    pub(crate) fn is(&self, map: u32, key: Key<'_>) -> bool {
        self.parent == map && self.key.borrowed() == key
    }

    fn content(&self) -> Content {
        Content { value: self.value.clone(), sequence: self.sequence }
    }

    /// The hash of an entry.
    pub(crate) fn hash(&self) -> Hash {
        table::hash(self.parent, self.key.borrowed())
    }
}

/// Where a cell is: a field's slot, or [`Place::ENTRY`] and the position of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(u32);

impl Place {
    const ENTRY: u32 = 1 << 31;

    #[inline]
    pub(crate) fn entry(position: u32) -> Self {
        Self(position | Self::ENTRY)
    }

    /// The position of an entry.
    #[inline]
    fn position(self) -> Option<u32> {
        (self.0 & Self::ENTRY != 0).then_some(self.0 & !Self::ENTRY)
    }
}

/// What a cell held before it was written.
#[derive(Debug)]
struct Record {
    value: Stored,
    place: Place,
    sequence: u32,
    /// The cell's `last_record` before this one.
    previous: u32,
    /// Whether the cell was dirty.
    was_dirty: bool,
}

impl Record {
    /// A record of nothing.
    const NONE: Self = Self { value: Stored::Absent, place: Place(0), sequence: 0, previous: 0, was_dirty: false };
}

/// The records of what is to be undone.
#[derive(Debug, Default)]
struct Journal {
    /// The records, and behind them records of nothing, which wait to be used: to enter one is to write it, and to forget all is to forget their number.
    records: Vec<Record>,
    /// How many records there are.
    len: usize,
    /// Whether one of them may have a text or an encoding, which has to be dropped when it is forgotten.
    has_texts: bool,
    /// The number before that of the first record.
    base: u32,
}

impl Journal {
    /// The number of the last record.
    #[inline]
    fn last(&self) -> u32 {
        self.base + self.len as u32
    }

    /// Whether there is room for another record.
    #[inline]
    fn has_room(&self) -> bool {
        self.len < self.records.len()
    }

    /// Makes room for so many records.
    fn make_room(&mut self, count: usize) -> Result<(), LedgerError> {
        let least = self.len + count;
        if least <= self.records.len() {
            return Ok(());
        }
        if least > MOST_RECORDS {
            return Err(too_many("changes in one transaction"));
        }
        let size = (2 * self.records.len()).max(least).clamp(16, MOST_RECORDS);
        self.records.resize_with(size, || Record::NONE);
        Ok(())
    }

    /// Sets the value of a cell and enters what it held. There is room.
    #[inline(always)]
    fn replace(&mut self, place: Place, cell: &mut Cell, value: Stored) {
        let Cell { sequence, last_record: previous, is_dirty: was_dirty, .. } = *cell;
        self.has_texts |= matches!(cell.value, Stored::String(_) | Stored::Encoded(_));
        let before = std::mem::replace(&mut cell.value, value);
        let record = &mut self.records[self.len];
        // What waited to be used has no text and no encoding.
        std::mem::forget(std::mem::replace(&mut record.value, before));
        (record.place, record.sequence, record.previous, record.was_dirty) = (place, sequence, previous, was_dirty);
        self.len += 1;
        cell.last_record = self.last();
    }

    /// Forgets all records.
    #[inline]
    fn forget(&mut self) {
        self.base = self.last();
        if self.has_texts {
            self.truncate(0);
            self.has_texts = false;
        }
        self.len = 0;
    }

    /// Forgets all records but the first.
    #[inline(never)]
    fn truncate(&mut self, len: usize) {
        for record in &mut self.records[len..self.len] {
            record.value = Stored::Absent;
        }
        self.len = len;
    }
}

/// How long things were when a checkpoint was opened.
#[derive(Clone, Copy, Debug)]
struct Checkpoint {
    /// The number of the last record then.
    record: u32,
    dirty: usize,
    events: usize,
    entries: usize,
}

/// Most checkpoints that may be open; an engine's limit of calls comes long before.
const MOST_CHECKPOINTS: usize = 1 << 20;

/// Most records that there may be. So many more numbers are left when a transaction begins.
const MOST_RECORDS: usize = 1 << 31;

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

/// A contract.
#[derive(Debug)]
struct Contract {
    address: Arc<str>,
    /// Slots of its fields by their names.
    fields: FxHashMap<Arc<str>, u32>,
}

/// The state in memory.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Fields by their slots.
    pub(crate) fields: Vec<Cell>,
    /// Entries of all maps.
    pub(crate) table: Table,
    contracts: Vec<Contract>,
    contract_ids: FxHashMap<Arc<str>, u32>,
    /// Positions that entries of a map have or had; those of others are passed over.
    members: FxHashMap<u32, Vec<u32>>,
    journal: Journal,
    checkpoints: Vec<Checkpoint>,
    dirty: Vec<Place>,
    pub(crate) events: Vec<Event>,
    pub(crate) entries: Vec<Appended>,
}

#[cold]
fn too_many(what: &'static str) -> LedgerError {
    LedgerError::TooMany { what }
}

static ABSENT: Stored = Stored::Absent;

/// The cell at a place. The journal stays free to be changed with it.
#[inline]
fn cell_mut<'s>(fields: &'s mut [Cell], table: &'s mut Table, place: Place) -> &'s mut Cell {
    match place.position() {
        Some(position) => table.cell_mut(position),
        None => &mut fields[place.0 as usize],
    }
}

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
        let id = u32::try_from(self.contracts.len()).map_err(|_| too_many("contracts"))?;
        let address: Arc<str> = address.into();
        self.contracts.push(Contract { address: Arc::clone(&address), fields: FxHashMap::default() });
        self.contract_ids.insert(address, id);
        Ok(ContractId(id))
    }

    /// The number of the contract at an address, if there is one.
    pub(crate) fn find_contract(&self, address: &str) -> Option<ContractId> {
        self.contract_ids.get(address).copied().map(ContractId)
    }

    pub(crate) fn contract_count(&self) -> u32 {
        self.contracts.len() as u32
    }

    /// The slot of a contract's field, if it has one.
    pub(crate) fn find_field(&self, contract: ContractId, name: &str) -> Option<Slot> {
        self.contracts.get(contract.0 as usize)?.fields.get(name).copied().map(Slot)
    }

    pub(crate) fn field_count(&self) -> u32 {
        self.fields.len() as u32
    }

    pub(crate) fn address(&self, contract: ContractId) -> Arc<str> {
        self.contracts.get(contract.0 as usize).map(|contract| Arc::clone(&contract.address)).unwrap_or_default()
    }

    pub(crate) fn field(&mut self, contract: ContractId, name: &str) -> Result<Slot, LedgerError> {
        let Some(Contract { fields: slots, .. }) = self.contracts.get_mut(contract.0 as usize) else {
            return Err(LedgerError::Foreign);
        };
        if let Some(&slot) = slots.get(name) {
            return Ok(Slot(slot));
        }
        let slot = self.fields.len() as u32;
        if slot >= Place::ENTRY {
            return Err(too_many("locations"));
        }
        let name: Arc<str> = name.into();
        slots.insert(Arc::clone(&name), slot);
        self.fields.push(Cell::new(contract.0, OwnedKey::String(name)));
        Ok(Slot(slot))
    }

    #[inline]
    fn cell(&self, place: Place) -> &Cell {
        match place.position() {
            Some(position) => self.table.cell(position),
            None => &self.fields[place.0 as usize],
        }
    }

    #[inline]
    fn cell_mut(&mut self, place: Place) -> &mut Cell {
        cell_mut(&mut self.fields, &mut self.table, place)
    }

    /// Adds an entry that is not there.
    fn add(&mut self, map: u32, key: Key<'_>) -> Result<usize, LedgerError> {
        if self.table.is_full() {
            let moved = self.table.make_room().ok_or_else(|| too_many("locations"))?;
            self.follow(&moved);
        }
        let position = self.table.insert(Cell::new(map, key.into()));
        self.enlist(map, position as u32);
        Ok(position)
    }

    /// Goes on naming the entries that it names where they are now.
    fn follow(&mut self, moved: &Moved) {
        let Self { journal, dirty, members, .. } = self;
        for place in journal.records[..journal.len].iter_mut().map(|record| &mut record.place).chain(dirty) {
            // What has a record or is dirty is not removed.
            if let Some(position) = place.position().and_then(|position| moved.to(position)) {
                *place = Place::entry(position);
            }
        }
        members.retain(|_, positions| {
            *positions = positions.iter().filter_map(|&position| moved.to(position)).collect();
            !positions.is_empty()
        });
    }

    /// Enters an entry among those of its map.
    fn enlist(&mut self, map: u32, position: u32) {
        let Self { fields, table, members, .. } = self;
        let live = match fields[map as usize].value {
            Stored::Map(head) => head.len as usize,
            _ => 0,
        };
        let positions = members.entry(map).or_default();
        // Positions that were given back are forgotten before they become the majority.
        if positions.len() > 2 * live + 16 && positions.len() == positions.capacity() {
            positions.sort_unstable();
            positions.dedup();
            positions.retain(|&member| member != position && table.cell(member).parent == map);
        }
        positions.push(position);
    }

    /// Takes an entry out of the table that holds nothing and that nothing will bring back.
    fn release(&mut self, place: Place) {
        let Some(position) = place.position() else { return };
        let cell = self.table.cell(position);
        if cell.last_record <= self.journal.base && !cell.is_dirty && cell.value == Stored::Absent {
            self.table.remove(position);
        }
    }

    #[inline]
    pub(crate) fn read(&self, field: Slot) -> &Stored {
        self.fields.get(field.0 as usize).map_or(&ABSENT, |cell| &cell.value)
    }

    #[inline]
    pub(crate) fn read_entry(&self, map: Slot, key: Key<'_>) -> &Stored {
        match self.table.find(map.0, key) {
            Some(position) => &self.table.cells()[position].value,
            None => &ABSENT,
        }
    }

    /// Sets a cell. A checkpoint is open, and there is room for a record.
    pub(crate) fn set(&mut self, place: Place, value: Stored, sequence: u32) {
        let Self { fields, table, journal, checkpoints, dirty, .. } = self;
        let cell = cell_mut(fields, table, place);
        if cell.last_record <= checkpoints.last().map_or(journal.base, |checkpoint| checkpoint.record) {
            journal.replace(place, cell, value);
        } else {
            cell.value = value;
        }
        cell.sequence = sequence;
        if !cell.is_dirty {
            cell.is_dirty = true;
            dirty.push(place);
        }
    }

    /// Checks that a cell may be written, and makes room for so many records.
    pub(crate) fn prepare(&mut self, count: usize) -> Result<(), LedgerError> {
        if self.checkpoints.is_empty() {
            return Err(LedgerError::OutsideTransaction);
        }
        self.journal.make_room(count)
    }

    fn head(&self, map: Slot) -> Option<MapHead> {
        match *self.read(map) {
            Stored::Map(head) => Some(head),
            _ => None,
        }
    }

    #[inline]
    pub(crate) fn write(&mut self, field: Slot, value: Stored) -> Result<(), LedgerError> {
        self.prepare(1)?;
        let Some(cell) = self.fields.get(field.0 as usize) else { return Err(LedgerError::Foreign) };
        if matches!(cell.value, Stored::Map(_)) || matches!(value, Stored::Map(_)) {
            return self.write_map(field, value);
        }
        self.set(Place(field.0), value, 0);
        Ok(())
    }

    /// Sets a field that is a map or becomes one.
    #[inline(never)]
    fn write_map(&mut self, field: Slot, value: Stored) -> Result<(), LedgerError> {
        let positions = self.positions(field);
        self.prepare(positions.len() + 1)?;
        for position in positions {
            self.set(Place::entry(position), Stored::Absent, 0);
        }
        let value = if matches!(value, Stored::Map(_)) { Stored::Map(MapHead::default()) } else { value };
        self.set(Place(field.0), value, 0);
        Ok(())
    }

    /// [`Self::write_entry`] of what needs no heap, if its key is [at home](Table::find_at_home) and all is done soon.
    #[inline]
    pub(crate) fn write_at_home(&mut self, map: Slot, key: Key<'_>, value: Immediate) -> bool {
        self.table.find_at_home(map.0, key).is_some_and(|position| self.write_soon(position, value))
    }

    /// The same wherever its key is, and whatever there is to do.
    #[inline(never)]
    pub(crate) fn write_immediate(&mut self, map: Slot, key: Key<'_>, value: Immediate) -> Result<i64, LedgerError> {
        match self.table.find(map.0, key) {
            Some(position) if self.write_soon(position, value) => Ok(0),
            _ => self.write_entry(map, key, value.into()),
        }
    }

    /// Writes the entry at a position, if that is soon done: not the first write since the last block, not the second one in a transaction, and what
    /// is there is of no other size.
    #[inline(always)]
    fn write_soon(&mut self, position: usize, value: Immediate) -> bool {
        let Self { table, journal, checkpoints, .. } = self;
        let (Some(cell), Some(checkpoint)) = (table.cells_mut().get_mut(position), checkpoints.last()) else {
            return false;
        };
        let is_soon_done = cell.value.is_immediate() && cell.is_dirty && cell.last_record <= checkpoint.record;
        if !is_soon_done || !journal.has_room() {
            return false;
        }
        journal.replace(Place::entry(position as u32), cell, value.into());
        true
    }

    /// Sets an entry. Gives by how much its footprint has grown.
    #[inline(never)]
    pub(crate) fn write_entry(&mut self, map: Slot, key: Key<'_>, value: Stored) -> Result<i64, LedgerError> {
        self.prepare(2)?;
        let value = if matches!(value, Stored::Absent | Stored::Map(_)) { Stored::Null } else { value };
        let found = self.table.find(map.0, key);
        if let Some(position) = found {
            let Cell { value: ref before, sequence, .. } = self.table.cells()[position];
            if *before != Stored::Absent {
                let growth = value.size() as i64 - before.size() as i64;
                self.set(Place::entry(position as u32), value, sequence);
                return Ok(growth);
            }
        }
        if map.0 as usize >= self.fields.len() {
            return Err(LedgerError::Foreign);
        }
        let MapHead { len, next } = self.head(map).unwrap_or_default();
        let Some(after) = next.checked_add(1) else { return Err(too_many("entries inserted into one map")) };
        let position = match found {
            Some(position) => position,
            None => self.add(map.0, key)?,
        };
        let growth = footprint(Some(key), &value);
        self.set(Place(map.0), Stored::Map(MapHead { len: len + 1, next: after }), 0);
        self.set(Place::entry(position as u32), value, next);
        Ok(growth)
    }

    pub(crate) fn remove_entry(&mut self, map: Slot, key: Key<'_>) -> Result<Stored, LedgerError> {
        self.prepare(2)?;
        let Some(position) = self.table.find(map.0, key) else { return Ok(Stored::Absent) };
        let Some(MapHead { len, next }) = self.head(map) else { return Ok(Stored::Absent) };
        let before = self.table.cells()[position].value.clone();
        if before == Stored::Absent {
            return Ok(before);
        }
        // An empty map is like a new one.
        let head = if len == 1 { MapHead::default() } else { MapHead { len: len - 1, next } };
        self.set(Place(map.0), Stored::Map(head), 0);
        self.set(Place::entry(position as u32), Stored::Absent, 0);
        Ok(before)
    }

    /// Positions of a map's entries in order of insertion.
    pub(crate) fn positions(&self, map: Slot) -> Vec<u32> {
        let members = self.members.get(&map.0).map(Vec::as_slice).unwrap_or_default();
        let is_entry = |position: u32| {
            let cell = self.table.cell(position);
            cell.parent == map.0 && cell.value != Stored::Absent
        };
        let mut positions: Vec<u32> = members.iter().copied().filter(|&position| is_entry(position)).collect();
        positions.sort_unstable_by_key(|&position| (self.table.cell(position).sequence, position));
        // A position given back and taken again stands there twice.
        positions.dedup();
        positions
    }

    pub(crate) fn entries_of(&self, map: Slot) -> Vec<(OwnedKey, Stored)> {
        let entry = |position: u32| {
            let cell = self.table.cell(position);
            (cell.key.clone(), cell.value.clone())
        };
        self.positions(map).into_iter().map(entry).collect()
    }

    /// Whether there is room for another checkpoint.
    #[inline]
    pub(crate) fn has_room_for_checkpoint(&self) -> bool {
        self.checkpoints.len() < self.checkpoints.capacity()
    }

    /// Makes room for another checkpoint.
    #[cold]
    pub(crate) fn make_room_for_checkpoint(&mut self) -> Result<(), LedgerError> {
        let open = self.checkpoints.len();
        if open >= MOST_CHECKPOINTS {
            return Err(too_many("open transactions"));
        }
        // Not beyond the limit, which is looked at only when this is full.
        self.checkpoints.reserve_exact(open.clamp(1, MOST_CHECKPOINTS - open));
        Ok(())
    }

    #[inline]
    pub(crate) fn begin(&mut self) -> Result<(), LedgerError> {
        if !self.has_room_for_checkpoint() {
            self.make_room_for_checkpoint()?;
        }
        self.checkpoints.push(Checkpoint {
            record: self.journal.last(),
            dirty: self.dirty.len(),
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
            Some(&enclosing) => self.hand_over(closed.record, enclosing.record),
        }
        Ok(())
    }

    /// Forgets the journal: nothing will be undone.
    #[inline]
    fn keep(&mut self) {
        if self.journal.last() as usize > u32::MAX as usize - MOST_RECORDS {
            return self.renumber();
        }
        self.journal.forget();
    }

    /// The same, and begins with the numbers of records anew. This goes through everything, once in two thousand million writes.
    #[cold]
    fn renumber(&mut self) {
        self.journal.forget();
        self.journal.base = 0;
        for cell in self.fields.iter_mut().chain(self.table.cells_mut()) {
            cell.last_record = 0;
        }
    }

    /// Hands the records with numbers after `start` on to the checkpoint whose own have numbers after `enclosing`.
    fn hand_over(&mut self, start: u32, enclosing: u32) {
        let base = self.journal.base;
        let first = start - base;
        let mut end = first;
        for at in first..self.journal.len as u32 {
            let Record { place, previous, .. } = self.journal.records[at as usize];
            if previous > enclosing {
                // The enclosing checkpoint has an older record of this cell.
                self.cell_mut(place).last_record = previous;
            } else {
                self.journal.records.swap(end as usize, at as usize);
                end += 1;
                self.cell_mut(place).last_record = base + end;
            }
        }
        self.journal.truncate(end as usize);
    }

    #[inline]
    pub(crate) fn revert(&mut self) -> Result<(), LedgerError> {
        let Some(checkpoint) = self.checkpoints.pop() else { return Err(LedgerError::Unbalanced { what: "revert" }) };
        while self.journal.last() > checkpoint.record {
            self.journal.len -= 1;
            let record = std::mem::replace(&mut self.journal.records[self.journal.len], Record::NONE);
            let Record { value, place, sequence, previous, was_dirty } = record;
            let cell = self.cell_mut(place);
            (cell.value, cell.sequence, cell.last_record, cell.is_dirty) = (value, sequence, previous, was_dirty);
            if cell.value == Stored::Absent {
                self.release(place);
            }
        }
        self.dirty.truncate(checkpoint.dirty);
        self.events.truncate(checkpoint.events);
        self.entries.truncate(checkpoint.entries);
        Ok(())
    }

    #[inline]
    pub(crate) fn depth(&self) -> usize {
        self.checkpoints.len()
    }

    /// The location of a field's cell.
    pub(crate) fn location_of_field(&self, cell: &Cell) -> Location {
        let field = match &cell.key {
            OwnedKey::String(name) => Arc::clone(name),
            _ => Arc::default(),
        };
        Location { contract: self.address(ContractId(cell.parent)), field, key: None }
    }

    /// The location of an entry's cell.
    fn location_of_entry(&self, cell: &Cell) -> Location {
        Location { key: Some(cell.key.clone()), ..self.location_of_field(&self.fields[cell.parent as usize]) }
    }

    /// What has changed since the last block: locations and what they hold now.
    pub(crate) fn changes(&self) -> impl Iterator<Item = (Location, Content)> + '_ {
        self.dirty.iter().map(|&place| {
            let cell = self.cell(place);
            let location = match place.position() {
                Some(_) => self.location_of_entry(cell),
                None => self.location_of_field(cell),
            };
            (location, cell.content())
        })
    }

    /// Takes note that what has changed is in a block.
    pub(crate) fn settle(&mut self) {
        self.events.clear();
        self.entries.clear();
        for place in std::mem::take(&mut self.dirty) {
            self.cell_mut(place).is_dirty = false;
            self.release(place);
        }
    }

    /// Puts a location of a store in its place.
    pub(crate) fn load(&mut self, location: &Location, content: Content) -> Result<(), LedgerError> {
        let contract = self.contract(&location.contract)?;
        let field = self.field(contract, &location.field)?;
        let place = match &location.key {
            None => Place(field.0),
            Some(key) => {
                let key = key.borrowed();
                let found = self.table.find(field.0, key);
                Place::entry(found.map_or_else(|| self.add(field.0, key), Ok)? as u32)
            }
        };
        let cell = self.cell_mut(place);
        (cell.value, cell.sequence) = (content.value, content.sequence);
        Ok(())
    }

    /// Everything the state has, in no particular order.
    pub(crate) fn contents(&self) -> impl Iterator<Item = (Location, Content)> + '_ {
        let is_set = |cell: &&Cell| cell.value != Stored::Absent;
        let fields = self.fields.iter().filter(is_set).map(|cell| (self.location_of_field(cell), cell.content()));
        let entries =
            self.table.cells().iter().filter(is_set).map(|cell| (self.location_of_entry(cell), cell.content()));
        fields.chain(entries)
    }
}

#[cfg(test)]
mod tests {
    use runtime::Value;

    use super::*;

    #[test]
    fn undone_entries_leave_room_for_others() {
        let mut state = State::new();
        for round in 0..1000 {
            state.begin().unwrap();
            for key in 0..10 {
                state.write_entry(Slot::GLOBAL, Key::Int(round * 10 + key), Stored::Int(1)).unwrap();
            }
            state.revert().unwrap();
        }
        assert_eq!(state.contents().count(), 0);
        assert_eq!(state.table.cells().len(), 256);
    }

    #[test]
    fn records_are_numbered_anew_when_numbers_run_out() {
        let mut state = State::new();
        state.journal.base = u32::MAX - MOST_RECORDS as u32 - 20;
        let write = |state: &mut State, value: i64| {
            for key in [1, 2] {
                let value = Immediate::from_value(Value::int(value)).expect("it is a number");
                state.write_immediate(Slot::GLOBAL, Key::Int(key), value).unwrap();
            }
        };
        let is = |state: &State, value: i64| {
            [1, 2].map(|key| state.read_entry(Slot::GLOBAL, Key::Int(key)).clone()) == [value, value].map(Stored::Int)
        };
        let mut is_anew = false;
        for round in 0..20 {
            state.begin().unwrap();
            write(&mut state, round);
            state.begin().unwrap();
            write(&mut state, -1);
            state.revert().unwrap();
            assert!(is(&state, round));
            state.commit().unwrap();
            state.begin().unwrap();
            write(&mut state, -2);
            state.revert().unwrap();
            assert!(is(&state, round));
            is_anew |= state.journal.base < 100;
        }
        assert!(is_anew);
    }

    #[test]
    fn the_journal_follows_entries_when_the_table_grows() {
        let mut state = State::new();
        let value = |state: &State, key: i64| state.read_entry(Slot::GLOBAL, Key::Int(key)).clone();
        state.begin().unwrap();
        state.write_entry(Slot::GLOBAL, Key::Int(0), Stored::Int(1)).unwrap();
        state.commit().unwrap();
        state.begin().unwrap();
        state.write_entry(Slot::GLOBAL, Key::Int(0), Stored::Int(2)).unwrap();
        state.begin().unwrap();
        for key in 0..10_000 {
            state.write_entry(Slot::GLOBAL, Key::Int(key << 32), Stored::Int(3)).unwrap();
        }
        let in_order: Vec<_> = (0..10_000).map(|key| (OwnedKey::Int(key << 32), Stored::Int(3))).collect();
        assert_eq!(state.entries_of(Slot::GLOBAL), in_order);
        state.revert().unwrap();
        assert_eq!(value(&state, 0), Stored::Int(2));
        state.revert().unwrap();
        assert_eq!((value(&state, 0), state.contents().count()), (Stored::Int(1), 2));
        assert_eq!(state.changes().count(), 2);
    }
}
