//! The ledger as one transaction sees it while it is executed: the scheduler's view of the state, under what the transaction has written.
//!
//! What is written stays here until the transaction has ended, with an undo log for the checkpoints that it opens and reverts; then the view gets what is left.
//! Entries are locations of their own. Whether a field is a map is one location, how many entries it has is another, to which insertions add without
//! reading it; and each entry knows [when it was inserted](Birth). So insertions of different keys do not conflict, while whoever goes through a
//! map depends on all that changes it.
//!
//! What is added to an integer is kept as a sum until the transaction reads that integer, so transactions that only add do not conflict either. It is taken to be allowed; where it turns
//! out otherwise, or if that was undone, too, the transaction is executed again when all before it are committed, and then it reads.
//!
//! When the view says that the execution cannot go on, all that is read from there on is [unknown](Stored::Unknown) and every write fails with an error that
//! nothing catches. So the machine soon comes to its end, wherever it is.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicBool, Ordering};

use ledger::{Chain, LedgerError, Position};
use runtime::host::{
    Algorithm, BlockSummary, ContractId, Digest, Event, Key, Leaves, Ledger, MapHead, OwnedKey, SignatureCheck, Slot,
    Stored, Transaction, TransactionOutcome, footprint,
};
use runtime::{Error, ErrorKind, Fault};
use scheduler::{Delta, Stop, Sum, View};
use smallvec::SmallVec;

use super::forecast::Written;
use super::held::{Held, HeldTable};
use super::location::{Birth, Change, Content, Location, Place};
use super::names::Names;

static UNKNOWN: Stored = Stored::Unknown;
/// A field that is a map, which says nothing of its entries.
static MAP: Stored = Stored::Map(MapHead { len: 0, next: 0 });

/// An entry of the log, and the time of its appending.
pub(super) type Appended = (Stored, i64);

/// What was before a write.
enum Undo {
    /// A location, by its place in the table.
    Held { at: u32, stored: Stored, birth: Birth, was_written: bool },
    /// By how many entries a map had grown.
    Growth { at: u32, growth: i64 },
    /// That no entry of a map had been inserted or removed.
    NoGrowth,
    /// What was added to a location. Undone by adding what takes it away: that it was allowed counts all the same.
    Added { at: u32, amount: i64 },
}

struct Checkpoint {
    undo: usize,
    events: usize,
    appended: usize,
}

/// What an execution needs, kept from one to the next.
pub(super) struct Scratch {
    table: HeldTable,
    undo: Vec<Undo>,
    checkpoints: Vec<Checkpoint>,
    /// By how many entries the transaction has made each map larger.
    growth: Vec<(Slot, i64)>,
    /// How many entries it has inserted.
    births: u32,
    events: Vec<Event>,
    appended: Vec<Appended>,
}

impl Scratch {
    pub(super) fn new() -> Self {
        Self {
            table: HeldTable::new(),
            undo: Vec::new(),
            checkpoints: Vec::new(),
            growth: Vec::new(),
            births: 0,
            events: Vec::new(),
            appended: Vec::new(),
        }
    }

    fn clear(&mut self) {
        let Self { table, undo, checkpoints, growth, births, events, appended } = self;
        table.clear();
        undo.clear();
        checkpoints.clear();
        growth.clear();
        events.clear();
        appended.clear();
        *births = 0;
    }
}

/// What a transaction leaves besides what it writes.
#[derive(Debug, Default)]
pub(super) struct Left {
    pub(super) events: Vec<Event>,
    pub(super) appended: Vec<Appended>,
}

/// The ledger of one execution.
pub(super) struct TransactionLedger<'t, 'v> {
    chain: &'t Chain,
    names: &'t Names,
    /// Whether no field that is a map below has become anything else. Nearly all stay maps for ever, so that is not looked up for each access, which all transactions
    /// of a contract would have in common.
    maps_stay: &'t AtomicBool,
    view: RefCell<&'t mut View<'v, Location, Content>>,
    scratch: &'t mut Scratch,
    /// The transaction's place in the block.
    index: u32,
    stopped: Cell<Option<Stop>>,
    /// A random number, if the processor is to be given up at random reads.
    disturbance: Option<&'t Cell<u64>>,
}

impl<'t, 'v> TransactionLedger<'t, 'v> {
    pub(super) fn new(
        chain: &'t Chain,
        names: &'t Names,
        maps_stay: &'t AtomicBool,
        view: &'t mut View<'v, Location, Content>,
        scratch: &'t mut Scratch,
        index: u32,
    ) -> Self {
        scratch.clear();
        let (view, stopped) = (RefCell::new(view), Cell::new(None));
        Self { chain, names, maps_stay, view, scratch, index, stopped, disturbance: None }
    }

    /// Has it give up the processor at random reads.
    pub(super) fn disturbed_by(self, random: &'t Cell<u64>) -> Self {
        Self { disturbance: Some(random), ..self }
    }

    /// Hands what was written to the view.
    ///
    /// # Errors
    /// When the execution was stopped.
    pub(super) fn finish(self) -> Result<Left, Stop> {
        let Self { view, scratch, stopped, .. } = self;
        if let Some(stop) = stopped.get() {
            return Err(stop);
        }
        let view = view.into_inner();
        let mut inserted: SmallVec<[(Birth, usize); 8]> = SmallVec::new();
        let write = |view: &mut View<'v, Location, Content>, held: &Held| match held.stored() {
            Stored::Absent => view.remove(held.location()),
            stored => view.write(held.location(), Content { stored: stored.clone(), birth: held.birth.get() }),
        };
        for at in 0..scratch.table.len() {
            let held = scratch.table.get(at);
            if let Some(sum) = held.added() {
                view.add(held.location(), Change::Integer(sum))?;
            } else if held.is_written.get() {
                match held.birth.get() {
                    Birth::BEFORE => write(view, held)?,
                    birth => inserted.push((birth, at)),
                }
            }
        }
        // In this order they enter the ledger.
        inserted.sort_unstable();
        for (_, at) in inserted {
            write(view, scratch.table.get(at))?;
        }
        for &(map, growth) in &scratch.growth {
            // Also by nothing: other entries are there then.
            view.add(Place::Count(map).into(), Change::Count(Sum::new(growth)))?;
        }
        Ok(Left { events: std::mem::take(&mut scratch.events), appended: std::mem::take(&mut scratch.appended) })
    }

    /// Why the execution cannot go on, if it cannot.
    fn stop(&self) -> Result<(), Fault> {
        match self.stopped.get() {
            None => Ok(()),
            Some(_) => Err(Error::stopped()),
        }
    }

    /// The place in the table of a location, which is read if it was not before; none if that is not known now.
    fn look(&self, location: Location) -> Option<usize> {
        if self.stopped.get().is_some() {
            return None;
        }
        let known = self.scratch.table.find(location);
        if let Some(at) = known.filter(|&at| !self.scratch.table.get(at).is_added_to()) {
            return Some(at);
        }
        if let Some(state) = self.disturbance {
            // Multiplicative congruence: whether the processor is given up here has nothing to do with what is executed.
            let next = state.get().wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            state.set(next);
            if next >> 62 == 0 {
                std::thread::yield_now();
            }
        }
        let mut view = self.view.borrow_mut();
        let stop = match (view.read(&location), known) {
            (Ok(content), None) => return Some(self.scratch.table.add(location, content)),
            (Ok(content), Some(at)) => {
                let held = self.scratch.table.get(at);
                let sum = held.added().map(Change::Integer);
                match sum.and_then(|sum| sum.apply(content.as_ref())) {
                    Some(content) => {
                        held.settle(content);
                        return known;
                    }
                    None => view.defer(),
                }
            }
            (Err(stop), _) => stop,
        };
        self.stopped.set(Some(stop));
        None
    }

    fn read_place(&self, place: Place) -> &Stored {
        match self.look(place.into()) {
            Some(at) => self.scratch.table.get(at).stored(),
            None => &UNKNOWN,
        }
    }

    #[inline]
    fn entry(&self, map: Slot, key: Key<'_>) -> Place {
        entry(self.chain, self.names, map, key)
    }

    /// What the transaction has written so far.
    pub(super) fn written(&self) -> impl Iterator<Item = Written> {
        let table = &self.scratch.table;
        let held = (0..table.len()).map(|at| table.get(at)).filter(|held| held.is_written.get());
        held.filter_map(|held| match held.location().place() {
            Place::Field(slot) => Some(Written::Field(slot)),
            Place::Entry(position) => {
                let (map, key) = self.chain.entry_key(Position(position));
                Some(Written::Entry(map, key))
            }
            Place::New(number) => {
                let (map, key) = self.names.entry_key(number);
                Some(Written::Entry(map, key))
            }
            Place::Count(_) => None,
            Place::Log => Some(Written::Log),
        })
    }

    /// Entries of a map in order of insertion, with their places.
    fn members(&self, map: Slot) -> Vec<(Place, OwnedKey, Stored)> {
        // Whoever changes the set of entries changes their number, or at least writes it.
        if self.look(Place::Count(map).into()).is_none() {
            return Vec::new();
        }
        let mut members = Vec::new();
        let mut add = |place: Place, key: OwnedKey| {
            let Some(at) = self.look(place.into()) else { return };
            let held = self.scratch.table.get(at);
            if *held.stored() != Stored::Absent {
                members.push((held.birth.get(), place, key, held.stored().clone()));
            }
        };
        if !self.names.is_new(map) {
            for position in self.chain.entry_positions(map) {
                add(Place::Entry(position.0), self.chain.entry_key(position).1);
            }
        }
        for number in self.names.entries_of(map) {
            add(Place::New(number), self.names.entry_key(number).1);
        }
        // Those from before the block stay in their order.
        members.sort_by_key(|&(birth, ..)| birth);
        members.into_iter().map(|(_, place, key, stored)| (place, key, stored)).collect()
    }

    fn check_open(&self) -> Result<(), Fault> {
        self.stop()?;
        match self.scratch.checkpoints.is_empty() {
            true => Err(LedgerError::OutsideTransaction.into()),
            false => Ok(()),
        }
    }

    /// Writes a location that was read.
    fn set(&mut self, at: usize, stored: Stored, birth: Birth) {
        let Scratch { table, undo, .. } = &mut *self.scratch;
        let held = table.get_mut(at);
        let before = held.replace(stored);
        let (birth, was_written) = (held.birth.replace(birth), held.is_written.replace(true));
        undo.push(Undo::Held { at: at as u32, stored: before, birth, was_written });
    }

    /// Makes a map larger by so many entries.
    fn grow(&mut self, map: Slot, by: i64) {
        let Scratch { growth, undo, .. } = &mut *self.scratch;
        match growth.iter().position(|&(found, _)| found == map) {
            Some(at) => {
                undo.push(Undo::Growth { at: at as u32, growth: growth[at].1 });
                growth[at].1 += by;
            }
            None => {
                undo.push(Undo::NoGrowth);
                growth.push((map, by));
            }
        }
    }

    /// A field that is a map below is about to become something else.
    fn let_maps_change(&mut self) -> Result<(), Fault> {
        let view = self.view.get_mut();
        if self.maps_stay.load(Ordering::Relaxed) && !view.is_alone() {
            // Others rely on it who cannot be told.
            self.stopped.set(Some(view.give_up()));
        }
        self.stop()?;
        self.maps_stay.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// The place in the table of a location that is about to be written.
    fn look_to_write(&self, place: Place) -> Result<usize, Fault> {
        self.look(place.into()).ok_or_else(Error::stopped)
    }

    fn remove_at(&mut self, map: Slot, at: usize) {
        self.set(at, Stored::Absent, Birth::BEFORE);
        self.grow(map, -1);
    }
}

/// The place of an entry.
#[inline]
pub(super) fn entry(chain: &Chain, names: &Names, map: Slot, key: Key<'_>) -> Place {
    let known = if names.is_new(map) { None } else { chain.find_entry(map, key) };
    match known {
        Some(Position(position)) => Place::Entry(position),
        None => Place::New(names.entry(map, key)),
    }
}

#[cold]
fn refused<T>(what: &str) -> Result<T, Fault> {
    Err(Error::new(ErrorKind::Ledger, format!("A transaction of a block cannot {what}")))
}

impl Ledger for TransactionLedger<'_, '_> {
    fn digest(&self, algorithm: Algorithm, parts: &[&[u8]], digest: &mut Digest) -> Result<(), Fault> {
        self.chain.digest(algorithm, parts, digest)
    }

    fn merkle_root(&self, leaves: &Leaves) -> Result<Digest, Fault> {
        self.chain.merkle_root(leaves)
    }

    fn verify_signature(&self, message: &[u8], signature: &[u8], public_key: &[u8]) -> Result<SignatureCheck, Fault> {
        self.chain.verify_signature(message, signature, public_key)
    }

    fn contract(&mut self, address: &str) -> Result<ContractId, Fault> {
        Ok(self.chain.find_contract(address).unwrap_or_else(|| self.names.contract(address)))
    }

    fn field(&mut self, contract: ContractId, name: &str) -> Result<Slot, Fault> {
        Ok(self.chain.find_field(contract, name).unwrap_or_else(|| self.names.field(contract, name)))
    }

    fn read(&self, field: Slot) -> &Stored {
        if matches!(self.chain.read(field), Stored::Map(_)) && self.maps_stay.load(Ordering::Relaxed) {
            return &MAP;
        }
        self.read_place(Place::Field(field))
    }

    fn write(&mut self, field: Slot, value: Stored) -> Result<(), Fault> {
        self.check_open()?;
        let was_map = matches!(self.read(field), Stored::Map(_));
        self.stop()?;
        if was_map {
            for (place, ..) in self.members(field) {
                let entry = self.look_to_write(place)?;
                self.remove_at(field, entry);
            }
            self.stop()?;
        }
        let value = match value {
            Stored::Map(_) if was_map => return Ok(()),
            Stored::Map(_) => MAP.clone(),
            value => value,
        };
        if was_map {
            self.let_maps_change()?;
        }
        let at = self.look_to_write(Place::Field(field))?;
        self.set(at, value, Birth::BEFORE);
        Ok(())
    }

    fn read_entry(&self, map: Slot, key: Key<'_>) -> &Stored {
        self.read_place(self.entry(map, key))
    }

    fn write_entry(&mut self, map: Slot, key: Key<'_>, value: Stored) -> Result<i64, Fault> {
        self.check_open()?;
        let value = if matches!(value, Stored::Absent | Stored::Map(_)) { Stored::Null } else { value };
        let at = self.look_to_write(self.entry(map, key))?;
        let held = self.scratch.table.get(at);
        if *held.stored() != Stored::Absent {
            let growth = value.size() as i64 - held.stored().size() as i64;
            let birth = held.birth.get();
            self.set(at, value, birth);
            return Ok(growth);
        }
        if !matches!(self.read(map), Stored::Map(_)) {
            let field = self.look_to_write(Place::Field(map))?;
            self.set(field, MAP.clone(), Birth::BEFORE);
        }
        let growth = footprint(Some(key), &value);
        let birth = Birth::of(self.index, self.scratch.births);
        self.scratch.births += 1;
        self.set(at, value, birth);
        self.grow(map, 1);
        Ok(growth)
    }

    fn add(&mut self, field: Slot, key: Option<Key<'_>>, amount: i64) -> Result<bool, Fault> {
        self.check_open()?;
        let place = match key {
            None if matches!(self.chain.read(field), Stored::Int(_)) => Place::Field(field),
            Some(key) if !self.names.is_new(field) => match self.chain.find_entry(field, key) {
                Some(position) if matches!(self.chain.entry(position), Stored::Int(_)) => Place::Entry(position.0),
                _ => return Ok(false),
            },
            _ => return Ok(false),
        };
        let location = Location::from(place);
        let Scratch { table, undo, .. } = &mut *self.scratch;
        let known = table.find(location);
        let mut sum = match known.map(|at| table.get(at)) {
            Some(held) if !held.is_added_to() => return Ok(false),
            Some(held) => held.added().unwrap_or_else(|| Sum::new(0)),
            None => Sum::new(0),
        };
        if amount == i64::MIN || !sum.then(&Sum::new(amount)) {
            return Ok(false);
        }
        let view = self.view.get_mut();
        if view.is_exact() {
            match view.allows(&location, &Change::Integer(sum.clone())) {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                Err(stop) => {
                    self.stopped.set(Some(stop));
                    return Err(Error::stopped());
                }
            }
        }
        let at = known.unwrap_or_else(|| table.add_unread(location));
        table.get(at).set_added(sum);
        undo.push(Undo::Added { at: at as u32, amount });
        Ok(true)
    }

    fn remove_entry(&mut self, map: Slot, key: Key<'_>) -> Result<Stored, Fault> {
        self.check_open()?;
        let at = self.look_to_write(self.entry(map, key))?;
        let before = self.scratch.table.get(at).stored().clone();
        if before != Stored::Absent {
            self.remove_at(map, at);
        }
        Ok(before)
    }

    fn len(&self, map: Slot) -> usize {
        let Stored::Map(_) = self.read(map) else { return 0 };
        let Stored::Int(before) = *self.read_place(Place::Count(map)) else { return 0 };
        let growth = self.scratch.growth.iter().find(|&&(found, _)| found == map);
        (before + growth.map_or(0, |&(_, growth)| growth)) as usize
    }

    fn check(&self) -> Result<(), Fault> {
        self.stop()
    }

    fn entries(&self, map: Slot) -> Vec<(OwnedKey, Stored)> {
        self.members(map).into_iter().map(|(_, key, stored)| (key, stored)).collect()
    }

    fn begin(&mut self) -> Result<(), Fault> {
        let Scratch { checkpoints, undo, events, appended, .. } = &mut *self.scratch;
        checkpoints.push(Checkpoint { undo: undo.len(), events: events.len(), appended: appended.len() });
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Fault> {
        self.stop()?;
        match self.scratch.checkpoints.pop() {
            Some(_) => Ok(()),
            None => Err(LedgerError::Unbalanced { what: "commit" }.into()),
        }
    }

    fn revert(&mut self) -> Result<(), Fault> {
        let Scratch { table, undo, checkpoints, growth, events, appended, .. } = &mut *self.scratch;
        let Some(checkpoint) = checkpoints.pop() else {
            return Err(LedgerError::Unbalanced { what: "revert" }.into());
        };
        for entry in undo.drain(checkpoint.undo..).rev() {
            match entry {
                Undo::Held { at, stored, birth, was_written } => {
                    let held = table.get_mut(at as usize);
                    held.replace(stored);
                    held.birth.set(birth);
                    held.is_written.set(was_written);
                }
                Undo::Growth { at, growth: before } => growth[at as usize].1 = before,
                Undo::NoGrowth => {
                    growth.pop();
                }
                Undo::Added { at, amount } => table.get_mut(at as usize).take_away(amount),
            }
        }
        events.truncate(checkpoint.events);
        appended.truncate(checkpoint.appended);
        Ok(())
    }

    fn depth(&self) -> usize {
        self.scratch.checkpoints.len()
    }

    fn emit(&mut self, contract: ContractId, name: &str, data: Stored) -> Result<(), Fault> {
        let contract = match contract.0 < self.chain.contracts() {
            true => self.chain.address(contract),
            false => self.names.address(contract),
        };
        let data = if matches!(data, Stored::Absent | Stored::Map(_)) { Stored::Null } else { data };
        self.scratch.events.push(Event { contract, name: name.into(), data });
        Ok(())
    }

    fn events(&self) -> &[Event] {
        &self.scratch.events
    }

    fn append(&mut self, entry: Stored, time: i64) -> Result<u64, Fault> {
        let at = self.look_to_write(Place::Log)?;
        let index = match *self.scratch.table.get(at).stored() {
            Stored::Int(count) => count,
            _ => 0,
        };
        self.set(at, Stored::Int(index + 1), Birth::BEFORE);
        let entry = if matches!(entry, Stored::Absent | Stored::Map(_)) { Stored::Null } else { entry };
        self.scratch.appended.push((entry, time));
        Ok(index as u64)
    }

    fn record(&mut self, _: Transaction, _: TransactionOutcome) -> Result<(), Fault> {
        refused("be recorded by itself")
    }

    fn commit_block(&mut self, _: i64) -> Result<BlockSummary, Fault> {
        refused("end its block")
    }

    fn height(&self) -> u64 {
        self.chain.height()
    }

    fn state_root(&mut self) -> Result<Digest, Fault> {
        refused("ask for the root of the state")
    }
}
