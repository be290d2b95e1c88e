//! Contracts and transactions of a run: which contracts there are, which calls of them are under way, and what those have read of the state.
//!
//! The state itself is the [ledger](crate::host)'s. A field that is a map is never copied to the heap: programs get a handle
//! ([`Tag::StateMap`]), and each entry they read or write through it is one location. A list, or a container within an entry, is one location
//! as a whole. What programs read of it is a *working copy* on the heap, the same one for the whole call, so that they can change it in
//! place; whatever differs when a transaction begins or ends is written then. A working copy is good only as long as the ledger
//! holds the very value that it was made of, which is how reverts and other calls of the same contract show.

mod equality;
mod outside;

pub use outside::OutsideCall;

use std::sync::Arc;

use fxhash::FxHashMap;
use isa::module::Restrictions;
use smallvec::SmallVec;

use crate::canonical::{self, MapOrder};
use crate::context::Runtime;
use crate::error::{Error, ErrorKind, Fault};
use crate::heap::Marker;
use crate::host::{
    Algorithm, BlockSummary, ContractId, Digest, Immediate, Key, LOCATION, MapHead, OwnedKey, Slot, Status, Stored,
    Transaction, TransactionOutcome, footprint, footprint_of_size,
};
use crate::objects::{Map, MapKind, Record};
use crate::value::{Tag, Value};

/// Who calls when no contract does, as `msg.sender` has it.
pub const OUTSIDE: &str = "0x0000000000000000000000000000000000000000";
/// How deep calls of contracts may nest, as in the Ethereum yellow paper, section 9.
pub const DEEPEST_CALL: usize = 1024;
/// Name of the field that keeps how many contracts were made.
const COUNTER: &str = "contracts";
/// Name of the field of each contract that keeps the name of its type.
pub const TYPE_FIELD: &str = "";

/// A contract that this run has made or met.
struct Instance {
    /// The value that stands for it: always the same, as contracts are equal by identity.
    value: Value,
    type_index: u32,
    id: ContractId,
    address: Arc<str>,
    /// Slots of its fields, in the type's order.
    slots: Box<[Slot]>,
}

/// A container that was read from the state.
struct Working {
    value: Value,
    /// The encoding that it was made of, or last written as.
    made_of: Arc<[u8]>,
}

/// A transaction that is open.
struct Call {
    /// Name of the action that was called.
    action: u32,
    /// The contract whose code runs in it.
    contract: Option<u32>,
    /// The contract that called it.
    sender: Option<u32>,
    /// Whether it has a checkpoint in the ledger. A contract's call of itself has none: it is part of the call from outside.
    has_checkpoint: bool,
    /// True while nothing may be written.
    is_read_only: bool,
    /// Position of the call whose working copies it shares: its own, or one below.
    root: usize,
    working: FxHashMap<(Slot, Option<OwnedKey>), Working>,
    /// What was true when it began.
    before: Before,
    /// Gas that was left then.
    gas: u64,
}

/// What reverting brings back besides the ledger.
#[derive(Clone, Copy)]
struct Before {
    kept: i64,
    registrations: usize,
}

/// The contracts and open transactions of a run.
#[derive(Default)]
pub struct Chain {
    instances: Vec<Instance>,
    by_id: FxHashMap<ContractId, u32>,
    calls: Vec<Call>,
    handlers: FxHashMap<Arc<str>, Vec<Value>>,
    /// The event of each registration of a handler, in order.
    registrations: Vec<Arc<str>>,
    /// Bytes by which this run has made the ledger larger: see [`footprint`].
    kept: i64,
    is_used: bool,
    /// Each transaction is recorded, for the block that is made at the end.
    makes_block: bool,
    /// The error that code of the outermost transaction was left by last.
    failing: Option<(ErrorKind, String)>,
    /// Who calls from outside, where that is known.
    outside: Option<Arc<str>>,
    /// How many registrations of handlers stay when a call from outside has ended.
    lasting_registrations: usize,
    /// The [keys](FACTS) of what code knows of the call it runs in, once they were needed.
    facts: Vec<Value>,
    /// Room for encodings that are compared.
    encoded: Vec<u8>,
    /// Room for working copies, that of a call which has ended.
    room: FxHashMap<(Slot, Option<OwnedKey>), Working>,
}

/// What code knows of the call it runs in.
const FACTS: [&str; 6] = ["caller", "sender", "contract", "timestamp", "gas", "value"];

impl Chain {
    /// That of a run which has done nothing yet.
    pub(crate) fn new(makes_block: bool) -> Self {
        Self { makes_block, ..Self::default() }
    }

    /// Whether the program has done anything with contracts or transactions.
    pub fn is_used(&self) -> bool {
        self.is_used
    }

    /// Whether a transaction is open.
    pub fn has_open_transaction(&self) -> bool {
        !self.calls.is_empty()
    }

    /// Keeps the room of working copies that are no longer good, for the next call.
    fn keep_room(&mut self, mut working: FxHashMap<(Slot, Option<OwnedKey>), Working>) {
        const MOST: usize = 64;
        if (self.room.capacity() + 1..MOST).contains(&working.capacity()) {
            working.clear();
            self.room = working;
        }
    }

    /// Marks what it holds.
    pub(crate) fn trace(&self, marker: &mut Marker<'_>) {
        self.instances.iter().for_each(|instance| marker.value(instance.value));
        for call in &self.calls {
            call.working.values().for_each(|working| marker.value(working.value));
        }
        self.handlers.values().for_each(|handlers| marker.values(handlers));
        marker.values(&self.facts);
    }
}

/// Whether one of these values is a map in the state of a contract.
#[inline]
pub(crate) fn has_state_map(values: &[Value]) -> bool {
    values.iter().any(|value| value.tag() == Tag::StateMap)
}

/// The contract that a record is, by its number in this run. Its only field keeps that.
fn instance_of(record: &Record) -> u32 {
    record.fields().first().map_or(u32::MAX, |field| field.int_payload() as u32)
}

impl Value {
    /// A handle of a map in the state.
    fn state_map(instance: u32, slot: Slot) -> Self {
        Self::wide(Tag::StateMap, u64::from(instance) << 32 | u64::from(slot.0))
    }

    /// The contract and slot of a map in the state, if it is a handle of one.
    fn as_state_map(self) -> Option<(u32, Slot)> {
        (self.tag() == Tag::StateMap).then(|| ((self.payload() >> 32) as u32, Slot(self.payload() as u32)))
    }
}

impl Runtime {
    // Contracts.

    /// `NEW_CONTRACT`: a new contract of a type, whose fields are not set. The transaction around it becomes a call of the new contract.
    ///
    /// # Errors
    /// Outside a transaction, when the type is no contract, and when there are too many.
    pub fn new_contract(&mut self, type_index: u32) -> Result<Value, Fault> {
        self.heap.reserve(64)?;
        let creator = self.chain.calls.last().and_then(|call| call.contract);
        self.check_writable()?;
        let facts = &self.program.types[type_index as usize];
        if !facts.is_contract {
            return Err(Error::type_error(format!("Type error: {} is no contract", facts.name)));
        }
        let counter = self.ledger.field(ContractId::GLOBAL, COUNTER)?;
        let number = self.ledger.read(counter).immediate().and_then(Value::as_int).unwrap_or(0);
        let name = self.program.types[type_index as usize].ledger_name.clone();
        let mut bytes = Vec::new();
        let mut writer = canonical::Writer::new(&mut bytes);
        writer.list(3);
        writer.string(&name);
        writer.string(self.address_of(creator));
        writer.int(number);
        let mut digest = Digest::default();
        self.ledger.digest(Algorithm::Keccak256, &[&bytes], &mut digest)?;
        let address = digest[12..].iter().fold(String::from("0x"), |text, byte| text + &format!("{byte:02x}"));
        self.keep(counter, Stored::Int(number + 1))?;
        let index = self.instance_at(type_index, &address)?;
        let kind = self.ledger.field(self.chain.instances[index as usize].id, TYPE_FIELD)?;
        self.keep(kind, Stored::String((*name).into()))?;
        let root = self.chain.calls.len().saturating_sub(1);
        if let Some(call) = self.chain.calls.last_mut() {
            (call.contract, call.sender, call.root) = (Some(index), creator, root);
        }
        Ok(self.chain.instances[index as usize].value)
    }

    fn add_instance(&mut self, type_index: u32, address: &str) -> Result<u32, Fault> {
        let id = self.ledger.contract(address)?;
        let program = Arc::clone(&self.program);
        let names = program.types[type_index as usize].field_names.iter();
        let slots = names.map(|name| self.ledger.field(id, name)).collect::<Result<_, _>>()?;
        let index = self.chain.instances.len() as u32;
        let value = Record::create(&mut self.heap, type_index, false, &[Value::int(i64::from(index))]);
        self.chain.instances.push(Instance { value, type_index, id, address: address.into(), slots });
        self.chain.by_id.insert(id, index);
        Ok(index)
    }

    /// The contract of a type at an address, which the state refers to.
    ///
    /// # Errors
    /// When there are too many.
    pub(crate) fn contract_at(&mut self, type_index: u32, address: &str) -> Result<Value, Fault> {
        let index = self.instance_at(type_index, address)?;
        Ok(self.chain.instances[index as usize].value)
    }

    /// The contract of a type at an address that a program gives; null if there is none.
    ///
    /// # Errors
    /// When the type or the address is none.
    pub(crate) fn find_contract(&mut self, type_: Value, address: Value) -> Result<Value, Fault> {
        let is_contract = type_.tag() == Tag::Type && self.program.types[type_.index() as usize].is_contract;
        let (true, Some(address)) = (is_contract, address.as_string()) else {
            return Err(Error::type_error(format!(
                "Type error: contract_at() expects a contract and an address, not {} and {}",
                type_.type_title(),
                address.type_title()
            )));
        };
        let address: Arc<str> = address.as_str().into();
        // The ledger remembers whatever it is asked for.
        let kept = self.room_for(2 * LOCATION as i64)?;
        let id = self.ledger.contract(&address)?;
        let kind = self.ledger.field(id, TYPE_FIELD)?;
        match self.ledger.read(kind) {
            Stored::Unknown => Err(Error::stopped()),
            Stored::String(name) if **name == *self.program.types[type_.index() as usize].ledger_name => {
                self.contract_at(type_.index(), &address)
            }
            _ => {
                self.chain.kept = kept;
                Ok(Value::NULL)
            }
        }
    }

    /// The contract of a type at an address, which the run may know already.
    fn instance_at(&mut self, type_index: u32, address: &str) -> Result<u32, Fault> {
        let id = self.ledger.contract(address)?;
        match self.chain.by_id.get(&id) {
            Some(&index) => Ok(index),
            None => self.add_instance(type_index, address),
        }
    }

    /// Address of a contract's record.
    pub(crate) fn contract_address(&self, contract: &Record) -> &str {
        self.address_of(Some(instance_of(contract)))
    }

    fn address_of(&self, contract: Option<u32>) -> &str {
        let instance = contract.and_then(|index| self.chain.instances.get(index as usize));
        instance.map_or("", |instance| &*instance.address)
    }

    /// A field of a contract, or its address; null where there is nothing of that name.
    pub(crate) fn contract_attribute(&mut self, contract: &Record, name: u32) -> Result<Value, Fault> {
        let facts = &self.program.types[contract.type_index() as usize];
        let Some(&field) = facts.state.get(&name) else {
            return match &*self.program.names[name as usize] {
                "address" => {
                    let address: Arc<str> = self.contract_address(contract).into();
                    self.new_string(&address)
                }
                _ => Ok(Value::NULL),
            };
        };
        let index = instance_of(contract);
        let slot = self.chain.instances[index as usize].slots[field as usize];
        self.location(index, slot, None)
    }

    /// Sets a field of a contract.
    ///
    /// # Errors
    /// When there is none of that name, when code of another contract does it, and when the value cannot be kept.
    pub(crate) fn set_contract_attribute(&mut self, contract: &Record, name: u32, value: Value) -> Result<(), Fault> {
        let facts = &self.program.types[contract.type_index() as usize];
        let Some(&field) = facts.state.get(&name) else {
            let text = &self.program.names[name as usize];
            return Err(Error::value_error(format!("Contract {} has no field '{text}'", facts.name))
                .with_help("declare it in the contract: `state name = value`"));
        };
        let index = instance_of(contract);
        let slot = self.chain.instances[index as usize].slots[field as usize];
        if value.as_state_map() == Some((index, slot)) {
            return Ok(());
        }
        let value = self.plain(value)?;
        self.writing(index, |runtime| {
            let Some(map) = value.as_map().filter(|map| map.kind() == MapKind::Plain) else {
                let stored = Stored::from_value(runtime, value)?;
                runtime.keep(slot, stored.clone())?;
                runtime.remember(index, slot, None, value, &stored);
                return Ok(());
            };
            // Everything that can fail comes before what is changed.
            let mut entries = Vec::with_capacity(map.len());
            for (key, value) in map.iter() {
                entries.push((OwnedKey::from(Key::from_value(key)?), Stored::from_value(runtime, value)?, value));
            }
            let size = entries.iter().map(|(key, stored, _)| footprint(Some(key.borrowed()), stored)).sum::<i64>();
            runtime.room_for(size + LOCATION as i64 - runtime.footprint_of(slot)?)?;
            runtime.keep(slot, Stored::Map(MapHead::default()))?;
            for (key, stored, value) in entries {
                runtime.keep_entry(slot, key.borrowed(), stored.clone())?;
                runtime.remember(index, slot, Some(key), value, &stored);
            }
            Ok(())
        })
    }

    /// Adds to a field of a contract without reading it. False where that cannot be done, and nothing has been done.
    ///
    /// # Errors
    /// Those of setting it.
    pub(crate) fn add_to_contract_attribute(&mut self, record: &Record, name: u32, amount: i64) -> Result<bool, Fault> {
        let facts = &self.program.types[record.type_index() as usize];
        let Some(&field) = facts.state.get(&name).filter(|_| facts.is_contract) else { return Ok(false) };
        let index = instance_of(record);
        let slot = self.chain.instances[index as usize].slots[field as usize];
        self.add_to_location(index, slot, None, amount)
    }

    /// Adds to an entry of a map of the state without reading it. False where that cannot be done, and nothing has been done.
    ///
    /// # Errors
    /// Those of setting it.
    pub(crate) fn add_to_state_map(&mut self, map: Value, key: Value, amount: i64) -> Result<bool, Fault> {
        let (Some((index, slot)), Ok(key)) = (map.as_state_map(), Key::from_value(key)) else { return Ok(false) };
        self.add_to_location(index, slot, Some(key), amount)
    }

    /// Only within a call of the contract's own: whoever else may do it is one of few. Integers are of one size, so nothing grows.
    fn add_to_location(&mut self, index: u32, slot: Slot, key: Option<Key<'_>>, amount: i64) -> Result<bool, Fault> {
        match self.chain.calls.last() {
            Some(call) if call.contract == Some(index) && !call.is_read_only => {
                let is_done = self.ledger.add(slot, key, amount)?;
                self.chain.is_used |= is_done;
                Ok(is_done)
            }
            _ => Ok(false),
        }
    }

    // The size of what is kept.

    /// How large this run's part of the ledger is if it grows by so many bytes.
    ///
    /// # Errors
    /// When that is more than may lie on the heap.
    pub(crate) fn room_for(&self, growth: i64) -> Result<i64, Fault> {
        if growth > 0 && !self.has_room_for(growth) {
            return Err(self.ledger_full());
        }
        Ok(self.chain.kept.saturating_add(growth))
    }

    /// Whether this run's part of the ledger may grow by so many bytes, which are not fewer than none.
    #[inline]
    fn has_room_for(&self, growth: i64) -> bool {
        self.chain.kept <= i64::try_from(self.heap.limit()).unwrap_or(i64::MAX) - growth
    }

    /// Notes how large this run's part of the ledger has become by a write.
    #[inline]
    pub(crate) fn grown_to(&mut self, kept: i64) {
        self.chain.kept = kept;
        self.chain.is_used = true;
    }

    #[cold]
    fn ledger_full(&self) -> Fault {
        let limit = self.heap.limit();
        Error::new(ErrorKind::Ledger, format!("The program keeps more than {limit} bytes in the ledger"))
            .with_help("raise the limit with --max-heap, or keep less")
    }

    /// What a field counts, with its entries if it is a map.
    ///
    /// # Errors
    /// When the ledger cannot say what it is.
    fn footprint_of(&self, slot: Slot) -> Result<i64, Fault> {
        let stored = self.ledger.read(slot);
        let entries = match stored {
            Stored::Map(_) => self.ledger.entries(slot),
            _ => Vec::new(),
        };
        let entries = entries.iter().map(|(key, stored)| footprint(Some(key.borrowed()), stored));
        let size = footprint(None, stored) + entries.sum::<i64>();
        match stored {
            Stored::Map(_) | Stored::Unknown => self.ledger.check().map(|()| size),
            _ => Ok(size),
        }
    }

    /// Sets a field.
    ///
    /// # Errors
    /// Outside a transaction, and when the ledger would become too large.
    pub(crate) fn keep(&mut self, slot: Slot, value: Stored) -> Result<(), Fault> {
        let kept = self.room_for(footprint(None, &value) - self.footprint_of(slot)?)?;
        self.ledger.write(slot, value)?;
        self.grown_to(kept);
        Ok(())
    }

    /// Sets an entry of a map.
    ///
    /// # Errors
    /// As for a field.
    #[inline(never)]
    pub(crate) fn keep_entry(&mut self, slot: Slot, key: Key<'_>, value: Stored) -> Result<(), Fault> {
        let after = footprint(Some(key), &value);
        // What is there need not be looked up where there is room for both.
        if !self.has_room_for(after) {
            self.room_for(after - footprint(Some(key), self.ledger.read_entry(slot, key)))?;
        }
        let growth = self.ledger.write_entry(slot, key, value)?;
        self.grown_to(self.chain.kept + growth);
        Ok(())
    }

    /// The same for a value that needs no heap.
    #[inline]
    pub(crate) fn keep_immediate(&mut self, slot: Slot, key: Key<'_>, value: Immediate) -> Result<(), Fault> {
        if !self.has_room_for(footprint_of_size(Some(key), 0)) {
            return self.keep_entry(slot, key, value.into());
        }
        let growth = self.ledger.write_immediate(slot, key, value)?;
        self.grown_to(self.chain.kept + growth);
        Ok(())
    }

    /// Checks that the running code may change the state.
    ///
    /// # Errors
    /// In a call of a `view` action.
    #[inline]
    pub(crate) fn check_writable(&self) -> Result<(), Fault> {
        match self.chain.calls.last() {
            Some(call) if call.is_read_only => Err(read_only()),
            _ => Ok(()),
        }
    }

    /// What [`Self::bring_back`] needs.
    fn before(&self) -> Before {
        Before { kept: self.chain.kept, registrations: self.chain.registrations.len() }
    }

    /// Undoes what the ledger does not.
    fn bring_back(&mut self, before: Before) {
        self.chain.kept = before.kept;
        self.forget_registrations(before.registrations);
    }

    /// Forgets all registrations of handlers but the first.
    fn forget_registrations(&mut self, kept: usize) {
        for event in self.chain.registrations.drain(kept..).rev() {
            self.chain.handlers.get_mut(&event).map(Vec::pop);
        }
    }

    // Locations.

    /// What the state has at a location of a contract.
    fn location(&mut self, index: u32, slot: Slot, key: Option<Key<'_>>) -> Result<Value, Fault> {
        let stored = match key {
            None => self.ledger.read(slot),
            Some(key) => self.ledger.read_entry(slot, key),
        };
        if let Some(value) = stored.immediate() {
            return Ok(value);
        }
        match stored.clone() {
            Stored::Map(_) => Ok(Value::state_map(index, slot)),
            Stored::Encoded(bytes) => self.working_copy(index, slot, key, &bytes),
            stored => stored.to_value(self),
        }
    }

    /// The container that an encoding at a location stands for: in code of the contract itself the same one each time.
    fn working_copy(
        &mut self,
        index: u32,
        slot: Slot,
        key: Option<Key<'_>>,
        bytes: &Arc<[u8]>,
    ) -> Result<Value, Fault> {
        let root = match self.chain.calls.last() {
            Some(call) if call.contract == Some(index) => call.root,
            _ => return canonical::decode(self, bytes, MapOrder::Insertion),
        };
        let place = (slot, key.map(OwnedKey::from));
        if let Some(value) = self.existing_copy(index, &place, bytes) {
            return Ok(value);
        }
        let value = canonical::decode(self, bytes, MapOrder::Insertion)?;
        self.chain.calls[root].working.insert(place, Working { value, made_of: Arc::clone(bytes) });
        Ok(value)
    }

    /// The working copy of a container in the running call of a contract, if there is one and it is good.
    fn existing_copy(&self, index: u32, place: &(Slot, Option<OwnedKey>), bytes: &Arc<[u8]>) -> Option<Value> {
        let call = self.chain.calls.last().filter(|call| call.contract == Some(index))?;
        let working = self.chain.calls[call.root].working.get(place)?;
        Arc::ptr_eq(&working.made_of, bytes).then_some(working.value)
    }

    /// Makes a container that was written to a location its working copy, so that later changes of it count.
    fn remember(&mut self, index: u32, slot: Slot, key: Option<OwnedKey>, value: Value, stored: &Stored) {
        let Some(call) = self.chain.calls.last().filter(|call| call.contract == Some(index)) else { return };
        let root = call.root;
        if let Stored::Encoded(bytes) = stored {
            let working = Working { value, made_of: Arc::clone(bytes) };
            self.chain.calls[root].working.insert((slot, key), working);
        }
    }

    /// Writes the working copies of the innermost call that have changed.
    fn write_back(&mut self) -> Result<(), Fault> {
        let Some(call) = self.chain.calls.last() else { return Ok(()) };
        let (root, is_read_only) = (call.root, call.is_read_only);
        if self.chain.calls[root].working.is_empty() {
            return Ok(());
        }
        let mut working = std::mem::take(&mut self.chain.calls[root].working);
        let mut places: SmallVec<[_; 4]> = working.keys().cloned().collect();
        // In an order that does not depend on the table's.
        places.sort_unstable_by(|a, b| (a.0.0, sort_key(&a.1)).cmp(&(b.0.0, sort_key(&b.1))));
        let mut bytes = std::mem::take(&mut self.chain.encoded);
        let mut outcome = Ok(());
        for place in places {
            let Some(copy) = working.get_mut(&place) else { continue };
            let stored = match &place.1 {
                None => self.ledger.read(place.0),
                Some(key) => self.ledger.read_entry(place.0, key.borrowed()),
            };
            if !matches!(stored, Stored::Encoded(current) if Arc::ptr_eq(current, &copy.made_of)) {
                working.remove(&place);
                continue;
            }
            bytes.clear();
            outcome = canonical::encode(self, copy.value, MapOrder::Insertion, &mut bytes).and_then(|()| {
                if *bytes == *copy.made_of {
                    return Ok(());
                }
                if is_read_only {
                    return Err(read_only());
                }
                let changed: Arc<[u8]> = bytes.as_slice().into();
                let stored = Stored::Encoded(Arc::clone(&changed));
                match &place.1 {
                    None => self.keep(place.0, stored)?,
                    Some(key) => self.keep_entry(place.0, key.borrowed(), stored)?,
                }
                copy.made_of = changed;
                Ok(())
            });
            if outcome.is_err() {
                break;
            }
        }
        self.chain.calls[root].working = working;
        self.chain.encoded = bytes;
        outcome
    }

    /// Forgets working copies of the innermost call that others have changed while it waited for them: they are its caller's alone to change.
    fn resume(&mut self) {
        let Some(root) = self.chain.calls.last().map(|call| call.root) else { return };
        if self.chain.calls[root].working.is_empty() {
            return;
        }
        let mut working = std::mem::take(&mut self.chain.calls[root].working);
        let mut bytes = std::mem::take(&mut self.chain.encoded);
        working.retain(|_, copy| {
            bytes.clear();
            canonical::encode(self, copy.value, MapOrder::Insertion, &mut bytes).is_ok() && *bytes == *copy.made_of
        });
        self.chain.calls[root].working = working;
        self.chain.encoded = bytes;
    }

    /// Writes to the state of a contract, if the running code may: the contract's own, or the program around all contracts.
    fn writing(&mut self, index: u32, write: impl FnOnce(&mut Self) -> Result<(), Fault>) -> Result<(), Fault> {
        match self.chain.calls.last() {
            Some(call) if call.is_read_only => Err(read_only()),
            Some(call) if call.contract == Some(index) || call.contract.is_none() => write(self),
            Some(_) => {
                let name = self.type_name_of(index);
                Err(Error::new(
                    ErrorKind::Ledger,
                    format!("The state of contract {name} is changed by its own actions"),
                )
                .with_help("call an action of it"))
            }
            None => {
                let before = self.before();
                self.ledger.begin()?;
                match write(self) {
                    Ok(()) => self.ledger.commit(),
                    Err(fault) => {
                        self.ledger.revert()?;
                        self.bring_back(before);
                        Err(fault)
                    }
                }
            }
        }
    }

    fn type_name_of(&self, index: u32) -> Arc<str> {
        let instance = &self.chain.instances[index as usize];
        self.program.types[instance.type_index as usize].name.clone()
    }

    // Transactions.

    /// `TX_BEGIN`: begins a transaction, which is a call of an action of a contract unless that is null.
    ///
    /// # Errors
    /// When the action may not be called from here, transactions nest too deeply, and when it is no contract.
    pub fn begin_transaction(&mut self, contract: Value, action: u32) -> Result<(), Fault> {
        let outer = self.chain.calls.last();
        let (current, sender) = outer.map_or((None, None), |call| (call.contract, call.sender));
        let was_read_only = outer.is_some_and(|call| call.is_read_only);
        let depth = self.chain.calls.len();
        let mut call = Call {
            action,
            contract: current,
            sender,
            has_checkpoint: true,
            is_read_only: was_read_only,
            root: outer.map_or(depth, |call| call.root),
            working: std::mem::take(&mut self.chain.room),
            before: self.before(),
            gas: self.gas,
        };
        if !contract.is_null() && !self.is_contract(contract) {
            return Err(Error::type_error(format!(
                "Type error: a transaction is a call of a contract, not of {}",
                contract.type_title()
            )));
        }
        if let Some(record) = contract.as_record() {
            let index = instance_of(record);
            let facts = &self.program.types[record.type_index() as usize];
            let restrictions = facts.restrictions.get(&action).copied().unwrap_or_default();
            call.is_read_only |= restrictions.contains(Restrictions::READ_ONLY);
            if current == Some(index) {
                call.has_checkpoint = false;
            } else {
                let name = || (&self.program.names[action as usize], &facts.name);
                if restrictions.contains(Restrictions::PRIVATE) {
                    let (action, contract) = name();
                    return Err(Error::new(
                        ErrorKind::Ledger,
                        format!("Action '{action}' of contract {contract} is private"),
                    )
                    .with_help("only the contract itself can call it"));
                }
                let is_open = |call: &Call| call.contract == Some(index);
                if restrictions.contains(Restrictions::GUARDED) && self.chain.calls.iter().any(is_open) {
                    let (action, contract) = name();
                    return Err(Error::new(
                        ErrorKind::Ledger,
                        format!("Reentrant call of secure action '{action}' of contract {contract}"),
                    )
                    .with_help("a call of the contract is under way; it can be called again when that has ended"));
                }
                (call.contract, call.sender, call.root) = (Some(index), current, depth);
            }
        }
        if call.has_checkpoint && self.ledger.depth() >= DEEPEST_CALL {
            return Err(Error::new(ErrorKind::Depth, format!("Transactions nested more than {DEEPEST_CALL} deep"))
                .with_help("a call of a contract by another is a transaction too"));
        }
        if call.has_checkpoint {
            self.write_back()?;
            self.ledger.begin()?;
            call.before = self.before();
        }
        self.chain.calls.push(call);
        self.chain.is_used = true;
        Ok(())
    }

    /// `TX_COMMIT`: ends the innermost transaction; `value` as the caller gets it: a map of the state is copied.
    ///
    /// # Errors
    /// When none is open, or what was changed cannot be kept. The transaction is then still open.
    pub fn commit_transaction(&mut self, value: Value) -> Result<Value, Fault> {
        let Some(call) = self.chain.calls.last() else { return Err(none_open()) };
        if !call.has_checkpoint {
            self.chain.calls.pop();
            return Ok(value);
        }
        let leaves_contract = call.root + 1 == self.chain.calls.len();
        let value = if leaves_contract { self.plain(value)? } else { value };
        self.write_back()?;
        self.ledger.commit()?;
        if let Some(call) = self.chain.calls.pop() {
            self.record(&call, true)?;
            self.chain.keep_room(call.working);
        }
        if leaves_contract {
            self.resume();
        }
        Ok(value)
    }

    /// `TX_REVERT`: ends the innermost transaction and undoes what it did.
    ///
    /// # Errors
    /// When none is open.
    pub fn revert_transaction(&mut self) -> Result<(), Fault> {
        let Some(call) = self.chain.calls.pop() else { return Err(none_open()) };
        if !call.has_checkpoint {
            return Ok(());
        }
        self.ledger.revert()?;
        self.bring_back(call.before);
        self.record(&call, false)?;
        if let Some(outer) = self.chain.calls.last() {
            let root = outer.root;
            // Working copies may have been changed since the transaction began, and were written when it did.
            if call.root == root {
                self.chain.calls[root].working.clear();
            } else {
                self.resume();
            }
        }
        Ok(())
    }

    /// Notes the error that the running code is left by, in case it ends a transaction: which has a receipt that says so.
    #[inline]
    pub fn note_failing(&mut self, fault: &Error) {
        if self.chain.makes_block && self.chain.calls.len() == 1 {
            self.chain.failing = Some((fault.kind, fault.message.clone()));
        }
    }

    /// Undoes what an error that nothing can catch has left open. The program is over, and ended with this error.
    pub fn abandon_transactions(&mut self, fault: Option<&Error>) {
        let outermost = self.chain.calls.drain(..).next();
        while self.ledger.depth() != 0 && self.ledger.revert().is_ok() {}
        if let Some(call) = outermost {
            self.chain.failing = fault.map(|fault| (fault.kind, fault.message.clone()));
            // It cannot fail, as nothing is open.
            let _ = self.record(&call, false);
        }
    }

    /// Records a transaction that is over, if it was an outermost one and records are kept.
    fn record(&mut self, call: &Call, is_success: bool) -> Result<(), Fault> {
        if !self.chain.makes_block || !self.chain.calls.is_empty() {
            return Ok(());
        }
        let transaction = Transaction {
            sender: OUTSIDE.into(),
            contract: self.address_of(call.contract).into(),
            action: Arc::clone(&self.program.names[call.action as usize]),
            gas_limit: self.limits.gas.filter(|&limit| limit != u64::MAX).map(|_| call.gas),
            ..Transaction::default()
        };
        let failing = self.chain.failing.take();
        let status = match failing {
            _ if is_success => Status::Success,
            Some((ErrorKind::Gas, _)) => Status::OutOfGas,
            _ => Status::Reverted,
        };
        let error = failing.map(|(_, message)| message).filter(|_| !is_success);
        // Nothing where gas is not metered. An error may give back more than was taken since: what was charged before and covers what comes after.
        let gas_used = call.gas.saturating_sub(self.gas);
        self.ledger.record(transaction, TransactionOutcome { status, gas_used, error })
    }

    /// Makes a block of what the run has done to the ledger, if it did anything and was asked to.
    ///
    /// # Errors
    /// When the block cannot be kept.
    pub fn finish_block(&mut self) -> Result<Option<BlockSummary>, Fault> {
        if !self.chain.makes_block || !self.chain.is_used {
            return Ok(None);
        }
        let time = crate::builtins::current_time(self);
        self.ledger.commit_block(time).map(Some)
    }

    // Events.

    /// `REGISTER_EVENT`: `handler` is called with the arguments whenever the event of this name is emitted.
    ///
    /// # Errors
    /// When the name is no string, or the handler cannot be called.
    pub fn register_event(&mut self, event: Value, handler: Value) -> Result<(), Fault> {
        let Some(name) = event.as_string() else {
            return Err(Error::type_error(format!(
                "Type error: register_event() expects the name of an event, not {}",
                event.type_title()
            )));
        };
        self.callee(handler)?;
        let name: Arc<str> = name.as_str().into();
        let handlers = self.chain.handlers.entry(Arc::clone(&name)).or_default();
        // Registered twice it is called once, where it was first.
        if !handlers.iter().any(|known| known.is_identical(handler)) {
            handlers.push(handler);
            self.chain.registrations.push(name);
        }
        Ok(())
    }

    /// `EMIT_EVENT`: appends an event to the log; gives the list of the handlers to call.
    ///
    /// # Errors
    /// When an argument cannot be kept, and in code that may not change the state.
    pub fn emit_event(&mut self, name: u32, arguments: Value) -> Result<Value, Fault> {
        self.check_writable()?;
        let contract = self.chain.calls.last().and_then(|call| call.contract);
        let id = contract.map_or(ContractId::GLOBAL, |index| self.chain.instances[index as usize].id);
        let program = Arc::clone(&self.program);
        let name = &*program.names[name as usize];
        let handlers = self.chain.handlers.get(name).cloned().unwrap_or_default();
        let list = self.build_list(&handlers)?;
        let data = Stored::from_value(self, arguments)?;
        let kept = self.room_for(footprint(Some(Key::String(name)), &data))?;
        let is_open = self.ledger.depth() != 0;
        if !is_open {
            self.ledger.begin()?;
        }
        let outcome = self.ledger.emit(id, name, data);
        if !is_open {
            self.ledger.commit()?;
        }
        outcome?;
        self.grown_to(kept);
        Ok(list)
    }

    // What code knows of the call it runs in.

    /// `TX` or `msg`: a map of who calls and when.
    pub(crate) fn call_facts(&mut self, outside: &str) -> Result<Value, Fault> {
        let call = self.chain.calls.last();
        let (caller, contract) = (call.and_then(|call| call.sender), call.and_then(|call| call.contract));
        let address = |index: u32| Arc::clone(&self.chain.instances[index as usize].address);
        let (caller, contract) = (caller.map(address), contract.map(address));
        let caller = caller.or_else(|| self.chain.outside.clone());
        if self.chain.facts.is_empty() {
            self.chain.facts = FACTS.into_iter().map(|name| self.new_string(name)).collect::<Result<_, _>>()?;
        }
        let sender = self.new_string(caller.as_deref().unwrap_or(outside))?;
        let contract = self.new_string(contract.as_deref().unwrap_or(""))?;
        let time = Value::int(crate::builtins::current_time(self).div_euclid(1000));
        let values = [sender, sender, contract, time, self.gas_left(), Value::int(0)];
        let facts = Map::with_room(&mut self.heap, MapKind::Plain, FACTS.len())?;
        let Some(map) = facts.as_map() else { return Ok(facts) };
        for (at, value) in values.into_iter().enumerate() {
            map.insert(&mut self.heap, self.chain.facts[at], value)?;
        }
        Ok(facts)
    }

    // Maps of the state.

    /// `value`, or a copy of it if it is a map of the state: what may enter other values, and what operations look into.
    #[inline]
    pub fn plain(&mut self, value: Value) -> Result<Value, Fault> {
        match value.tag() {
            Tag::StateMap => self.copy_of_state_map(value),
            _ => Ok(value),
        }
    }

    /// The same for several values, which are copied only if one of them is such a map.
    #[inline]
    pub(crate) fn all_plain(&mut self, values: &[Value]) -> Result<Option<Vec<Value>>, Fault> {
        if has_state_map(values) { self.plain_copies(values).map(Some) } else { Ok(None) }
    }

    #[cold]
    fn plain_copies(&mut self, values: &[Value]) -> Result<Vec<Value>, Fault> {
        values.iter().map(|&value| self.plain(value)).collect()
    }

    #[cold]
    fn copy_of_state_map(&mut self, value: Value) -> Result<Value, Fault> {
        let Some((index, slot)) = value.as_state_map() else { return Ok(value) };
        let entries = self.ledger.entries(slot);
        self.ledger.check()?;
        self.heap.reserve(entries.len() * 64)?;
        let copy = Map::create(&mut self.heap, MapKind::Plain);
        for (key, _) in entries {
            let element = self.location(index, slot, Some(key.borrowed()))?;
            let key = match key {
                OwnedKey::Int(value) => Value::int(value),
                OwnedKey::Bool(value) => Value::bool(value),
                OwnedKey::String(text) => self.new_string(&text)?,
            };
            self.set_key(copy, key, element)?;
        }
        Ok(copy)
    }

    /// An entry of a map of the state; null where there is none, and for what cannot be a key.
    pub(crate) fn state_map_get(&mut self, map: Value, key: Value) -> Result<Value, Fault> {
        let Some((index, slot)) = map.as_state_map() else { return Ok(Value::NULL) };
        match Key::from_value(key) {
            Ok(key) => self.location(index, slot, Some(key)),
            Err(_) => Ok(Value::NULL),
        }
    }

    /// Whether a map of the state has an entry.
    ///
    /// # Errors
    /// When the ledger cannot say.
    pub(crate) fn state_map_has(&self, map: Value, key: Value) -> Result<bool, Fault> {
        let (Some((_, slot)), Ok(key)) = (map.as_state_map(), Key::from_value(key)) else { return Ok(false) };
        match self.ledger.read_entry(slot, key) {
            Stored::Unknown => Err(Error::stopped()),
            stored => Ok(*stored != Stored::Absent),
        }
    }

    /// Sets an entry of a map of the state.
    ///
    /// # Errors
    /// As for fields.
    pub(crate) fn state_map_set(&mut self, map: Value, key: Value, value: Value) -> Result<(), Fault> {
        let Some((index, slot)) = map.as_state_map() else { return Ok(()) };
        if !Map::can_be_key(key) {
            return Err(Error::type_error(format!("Type error: {} cannot be a map key", key.type_title()))
                .with_help("keys are strings, integers or bools"));
        }
        let value = self.plain(value)?;
        if let Some(value) = Immediate::from_value(value) {
            let key = Key::from_value(key)?;
            return self.writing(index, |runtime| runtime.keep_immediate(slot, key, value));
        }
        let stored = Stored::from_value(self, value)?;
        let key = Key::from_value(key)?;
        self.writing(index, |runtime| {
            if let Stored::Encoded(_) = stored {
                runtime.keep_entry(slot, key, stored.clone())?;
                runtime.remember(index, slot, Some(key.into()), value, &stored);
                return Ok(());
            }
            runtime.keep_entry(slot, key, stored)
        })
    }

    /// Removes an entry of a map of the state; gives its value.
    ///
    /// # Errors
    /// As for fields.
    pub(crate) fn state_map_remove(&mut self, map: Value, key: Value) -> Result<Value, Fault> {
        let Some((index, slot)) = map.as_state_map() else { return Ok(Value::NULL) };
        let value = self.state_map_get(map, key)?;
        let Ok(key) = Key::from_value(key) else { return Ok(Value::NULL) };
        self.writing(index, |runtime| {
            let removed = runtime.ledger.remove_entry(slot, key)?;
            let kept = runtime.chain.kept - footprint(Some(key), &removed);
            runtime.grown_to(kept);
            Ok(())
        })?;
        Ok(value)
    }

    /// Removes all entries of a map of the state.
    ///
    /// # Errors
    /// As for fields.
    pub(crate) fn state_map_clear(&mut self, map: Value) -> Result<(), Fault> {
        let Some((index, slot)) = map.as_state_map() else { return Ok(()) };
        self.writing(index, |runtime| runtime.keep(slot, Stored::Map(MapHead::default())))
    }

    /// How many entries a map of the state has.
    pub(crate) fn state_map_len(&self, map: Value) -> usize {
        map.as_state_map().map_or(0, |(_, slot)| self.ledger.len(slot))
    }

    /// The same as a value.
    ///
    /// # Errors
    /// When the ledger cannot say.
    pub(crate) fn state_map_count(&self, map: Value) -> Result<i64, Fault> {
        let len = self.state_map_len(map);
        self.ledger.check().map(|()| len as i64)
    }

    // Digests and signatures.

    /// `HASH_BLOCK`: the digest of a value's encoding by the algorithm of that name; SHA-256 for null.
    ///
    /// # Errors
    /// When there is no such algorithm, or the value has no encoding.
    pub fn block_hash(&mut self, value: Value, algorithm: Value) -> Result<Value, Fault> {
        let algorithm = match (algorithm.as_string(), algorithm.is_null()) {
            (Some(name), _) => Algorithm::from_name(name.as_str())?,
            (None, true) => Algorithm::default(),
            _ => {
                return Err(Error::type_error(format!(
                    "Type error: hash_block() expects the name of an algorithm, not {}",
                    algorithm.type_title()
                )));
            }
        };
        let value = self.plain(value)?;
        self.hash_block(value, algorithm)
    }

    /// `VERIFY_SIGNATURE` as a value.
    ///
    /// # Errors
    /// When the message has no encoding.
    pub fn has_signed(&mut self, message: Value, signature: Value, key: Value) -> Result<Value, Fault> {
        let message = self.plain(message)?;
        self.verify_signature(message, signature, key).map(|check| Value::bool(check.is_valid()))
    }
}

fn sort_key(key: &Option<OwnedKey>) -> (u8, i64, Option<&str>) {
    match key {
        None => (0, 0, None),
        Some(OwnedKey::Bool(value)) => (1, i64::from(*value), None),
        Some(OwnedKey::Int(value)) => (2, *value, None),
        Some(OwnedKey::String(text)) => (3, 0, Some(text)),
    }
}

#[cold]
fn read_only() -> Fault {
    Error::new(ErrorKind::Ledger, "A view action cannot change the state")
        .with_help("leave out `view` or `pure` where the action is declared")
}

#[cold]
fn none_open() -> Fault {
    Error::new(ErrorKind::Ledger, "No transaction is open")
}
