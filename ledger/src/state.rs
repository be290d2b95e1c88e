//! The state in memory, and the journal that undoes what was written.
//!
//! A location is a *cell* of one cache line. Fields are an array, whose indices are their slots for good; the entries of maps are a hash table ([`Table`]), whose
//! positions change when it grows. A [`Place`] is one or the other.
//!
//! The *journal* has a record for each cell written under an open checkpoint, with what the cell held before. A cell knows its latest record, so a second write under the same
//! checkpoint needs none. Reverting goes through the records since the checkpoint, backwards; closing an inner checkpoint hands its records to the
//! enclosing one, except those of cells that have one there already. So all three cost what was written, and the journal never has more records than cells
//! times open checkpoints. Events and appended entries only ever grow at their ends: a checkpoint remembers how many there were.
//!
//! What a closed outermost checkpoint has changed is *dirty* until the next block.

use std::sync::Arc;

use fxhash::FxHashMap;
use runtime::host::{ContractId, Event, Key, MapHead, OwnedKey, Slot, Stored};

use crate::error::LedgerError;
use crate::table::{Hash, Moved, Table, hash};

/// A location and what it holds.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Cell {
    value: Stored,
    /// The field's name, or the entry's key.
    key: OwnedKey,
    /// The field's contract, or the slot of the entry's map.
    parent: u32,
    /// One more than the number of its latest record in the journal; 0 without one.
    last_record: u32,
    /// An entry's place in the order of insertion.
    sequence: u32,
    /// Changed since the last block.
    is_dirty: bool,
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
        Self { value: Stored::Absent, key, parent, last_record: 0, sequence: 0, is_dirty: false }
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
        hash(self.parent, self.key.borrowed())
    }
}

/// Where a cell is: a field's slot, or [`Place::ENTRY`] and the position of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place(u32);

impl Place {
    const ENTRY: u32 = 1 << 31;

    #[inline]
    fn entry(position: u32) -> Self {
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
    fields: Vec<Cell>,
    /// Entries of all maps.
    table: Table,
    contracts: Vec<Contract>,
    contract_ids: FxHashMap<Arc<str>, u32>,
    /// Positions that entries of a map have or had; those of others are passed over.
    members: FxHashMap<u32, Vec<u32>>,
    records: Vec<Record>,
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
    fn add(&mut self, map: u32, key: Key<'_>, hash: Hash) -> Result<u32, LedgerError> {
        if self.table.is_full() {
            let moved = self.table.make_room().ok_or_else(|| too_many("locations"))?;
            self.follow(&moved);
        }
        let position = self.table.insert(hash, Cell::new(map, key.into()));
        self.enlist(map, position);
        Ok(position)
    }

    /// Goes on naming the entries that it names where they are now.
    fn follow(&mut self, moved: &Moved) {
        let Self { records, dirty, members, .. } = self;
        for place in records.iter_mut().map(|record| &mut record.place).chain(dirty) {
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
        if cell.last_record == 0 && !cell.is_dirty && cell.value == Stored::Absent {
            self.table.remove(position);
        }
    }

    #[inline]
    pub(crate) fn read(&self, field: Slot) -> &Stored {
        self.fields.get(field.0 as usize).map_or(&ABSENT, |cell| &cell.value)
    }

    #[inline]
    pub(crate) fn read_entry(&self, map: Slot, key: Key<'_>) -> &Stored {
        match self.table.find(map.0, key, hash(map.0, key)) {
            Some(position) => &self.table.cell(position).value,
            None => &ABSENT,
        }
    }

    /// Sets a cell. A checkpoint is open, and there is room for a record.
    ///
    /// Where this is called it is known which kind of place it is, and values need not be moved about: while the cell is on its way from memory, the
    /// processor goes on with what follows only as far as there are few instructions.
    #[inline(always)]
    fn set(&mut self, place: Place, value: Stored, sequence: u32) {
        let start = self.checkpoints.last().map_or(0, |checkpoint| checkpoint.records);
        let Self { fields, table, records, .. } = self;
        let cell = cell_mut(fields, table, place);
        if cell.last_record <= start {
            let before = std::mem::replace(&mut cell.value, value);
            records.push(Record { value: before, place, sequence: cell.sequence, previous: cell.last_record });
            cell.last_record = records.len() as u32;
        } else {
            cell.value = value;
        }
        cell.sequence = sequence;
    }

    /// Whether so many cells may be written.
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
        self.check_writable(positions.len() + 1)?;
        for position in positions {
            self.set(Place::entry(position), Stored::Absent, 0);
        }
        let value = if matches!(value, Stored::Map(_)) { Stored::Map(MapHead::default()) } else { value };
        self.set(Place(field.0), value, 0);
        Ok(())
    }

    #[inline]
    pub(crate) fn write_entry(
        &mut self,
        map: Slot,
        key: Key<'_>,
        mut value: Stored,
    ) -> Result<Option<usize>, LedgerError> {
        self.check_writable(2)?;
        if matches!(value, Stored::Absent | Stored::Map(_)) {
            value = Stored::Null;
        }
        let hash = hash(map.0, key);
        let found = self.table.find(map.0, key, hash);
        if let Some(position) = found {
            let cell = self.table.cell(position);
            if cell.value != Stored::Absent {
                let (sequence, size) = (cell.sequence, cell.value.size());
                self.set(Place::entry(position), value, sequence);
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
        hash: Hash,
        found: Option<u32>,
        value: Stored,
    ) -> Result<(), LedgerError> {
        if map.0 as usize >= self.fields.len() {
            return Err(LedgerError::Foreign);
        }
        let MapHead { len, next } = self.head(map).unwrap_or_default();
        let Some(after) = next.checked_add(1) else { return Err(too_many("entries inserted into one map")) };
        let position = match found {
            Some(position) => position,
            None => self.add(map.0, key, hash)?,
        };
        self.set(Place(map.0), Stored::Map(MapHead { len: len + 1, next: after }), 0);
        self.set(Place::entry(position), value, next);
        Ok(())
    }

    pub(crate) fn remove_entry(&mut self, map: Slot, key: Key<'_>) -> Result<Stored, LedgerError> {
        self.check_writable(2)?;
        let Some(position) = self.table.find(map.0, key, hash(map.0, key)) else { return Ok(Stored::Absent) };
        let Some(MapHead { len, next }) = self.head(map) else { return Ok(Stored::Absent) };
        let before = self.table.cell(position).value.clone();
        if before == Stored::Absent {
            return Ok(before);
        }
        // An empty map is like a new one.
        let head = if len == 1 { MapHead::default() } else { MapHead { len: len - 1, next } };
        self.set(Place(map.0), Stored::Map(head), 0);
        self.set(Place::entry(position), Stored::Absent, 0);
        Ok(before)
    }

    /// Positions of a map's entries in order of insertion.
    fn positions(&self, map: Slot) -> Vec<u32> {
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
        let Self { fields, table, records, dirty, .. } = self;
        for &Record { place, .. } in &*records {
            let cell = cell_mut(fields, table, place);
            cell.last_record = 0;
            if !cell.is_dirty {
                cell.is_dirty = true;
                dirty.push(place);
            }
        }
        records.clear();
    }

    /// Hands the records from `start` on to the checkpoint whose own begin at `enclosing`.
    fn hand_over(&mut self, start: u32, enclosing: u32) {
        let mut end = start;
        for at in start..self.records.len() as u32 {
            let Record { place, previous, .. } = self.records[at as usize];
            if previous > enclosing {
                // The enclosing checkpoint has an older record of this cell.
                self.cell_mut(place).last_record = previous;
            } else {
                self.records.swap(end as usize, at as usize);
                end += 1;
                self.cell_mut(place).last_record = end;
            }
        }
        self.records.truncate(end as usize);
    }

    #[inline]
    pub(crate) fn revert(&mut self) -> Result<(), LedgerError> {
        let Some(checkpoint) = self.checkpoints.pop() else { return Err(LedgerError::Unbalanced { what: "revert" }) };
        while self.records.len() > checkpoint.records as usize {
            let Some(Record { value, place, sequence, previous }) = self.records.pop() else { break };
            let cell = self.cell_mut(place);
            (cell.value, cell.sequence, cell.last_record) = (value, sequence, previous);
            if cell.value == Stored::Absent {
                self.release(place);
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

    /// The location of a field's cell.
    fn location_of_field(&self, cell: &Cell) -> Location {
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
                let hash = hash(field.0, key);
                let found = self.table.find(field.0, key, hash);
                Place::entry(found.map_or_else(|| self.add(field.0, key, hash), Ok)?)
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
