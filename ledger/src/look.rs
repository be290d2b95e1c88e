//! What can be asked of a ledger without changing it, by several threads at a time; and writes that whoever asked so makes later.
//!
//! Programs ask through [`Ledger`](runtime::host::Ledger), which remembers contracts and fields that it is asked for. Who runs transactions in parallel on top of a ledger
//! asks here, and keeps what is new to itself meanwhile.

use std::sync::Arc;

use runtime::Fault;
use runtime::host::{ContractId, Event, Key, OwnedKey, Slot, Stored};

use crate::chain::Chain;
use crate::state::State;

/// Where an entry of a map is: found once, it need not be looked up again as long as nothing is written to the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Position(pub u32);

impl Chain {
    /// The number of the contract at an address, if the ledger knows it.
    pub fn find_contract(&self, address: &str) -> Option<ContractId> {
        self.state.find_contract(address)
    }

    /// How many contracts it knows; their numbers are those below.
    pub fn contracts(&self) -> u32 {
        self.state.contract_count()
    }

    /// Address of a contract; empty if there is none of that number.
    pub fn address(&self, contract: ContractId) -> Arc<str> {
        self.state.address(contract)
    }

    /// The slot of a contract's field, if the ledger knows it.
    pub fn find_field(&self, contract: ContractId, name: &str) -> Option<Slot> {
        self.state.find_field(contract, name)
    }

    /// The contract's address and the name of the field with a slot, if the ledger knows it.
    pub fn field_name(&self, field: Slot) -> Option<(Arc<str>, Arc<str>)> {
        self.state.field_name(field)
    }

    /// How many fields it knows; their slots are the numbers below.
    pub fn fields(&self) -> u32 {
        self.state.field_count()
    }

    /// Where the entry of a map with a key is, if there is one.
    #[inline]
    pub fn find_entry(&self, map: Slot, key: Key<'_>) -> Option<Position> {
        self.state.find_entry(map, key)
    }

    /// What the entry at a position holds.
    #[inline]
    pub fn entry(&self, position: Position) -> &Stored {
        self.state.entry(position)
    }

    /// Map and key of the entry at a position.
    pub fn entry_key(&self, position: Position) -> (Slot, OwnedKey) {
        self.state.entry_key(position)
    }

    /// Where the entries of a map are, in order of insertion.
    pub fn entry_positions(&self, map: Slot) -> Vec<Position> {
        self.state.positions(map).into_iter().map(Position).collect()
    }

    /// How many entries the log has.
    pub fn log_len(&self) -> u64 {
        self.entry_chain().0
    }

    /// Appends an event that was made elsewhere.
    pub fn append_event(&mut self, event: Event) {
        self.state.events.push(event);
    }

    /// Sets the entry at a position, which holds something.
    ///
    /// # Errors
    /// Without an open checkpoint.
    pub fn replace_entry(&mut self, position: Position, value: Stored) -> Result<(), Fault> {
        Ok(self.state.replace_entry(position, value)?)
    }
}

impl State {
    fn field_name(&self, field: Slot) -> Option<(Arc<str>, Arc<str>)> {
        let location = self.location_of_field(self.fields.get(field.0 as usize)?);
        Some((location.contract, location.field))
    }

    fn find_entry(&self, map: Slot, key: Key<'_>) -> Option<Position> {
        let position = self.table.find(map.0, key)?;
        (self.table.cells()[position].value != Stored::Absent).then_some(Position(position as u32))
    }

    fn entry(&self, position: Position) -> &Stored {
        &self.table.cell(position.0).value
    }

    fn entry_key(&self, position: Position) -> (Slot, OwnedKey) {
        let cell = self.table.cell(position.0);
        (Slot(cell.parent), cell.key.clone())
    }

    fn replace_entry(&mut self, position: Position, value: Stored) -> Result<(), crate::LedgerError> {
        self.prepare(1)?;
        let sequence = self.table.cell(position.0).sequence;
        self.set(crate::state::Place::entry(position.0), value, sequence);
        Ok(())
    }
}
