//! Names that come up in a block and that the ledger below does not know: contracts, fields and entries get numbers here, behind those of the ledger.
//!
//! Numbers say nothing about what exists: an execution that comes to nothing may have asked. All that was asked for is known to the ledger when the
//! block ends, under the same numbers for contracts and fields, so what workers remember of them stays good.

use std::hash::Hasher;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fxhash::{FxHashMap, FxHasher};
use hashbrown::HashTable;
use ledger::Chain;
use runtime::Fault;
use runtime::host::{ContractId, Key, Ledger, OwnedKey, Slot};

/// Entries are spread over so many tables, each behind a lock of its own.
const SHARDS: usize = 16;

/// The names of a block.
pub(super) struct Names {
    first_contract: u32,
    first_field: u32,
    owners: Mutex<Owners>,
    entries: [Mutex<Entries>; SHARDS],
}

#[derive(Default)]
struct Owners {
    contracts: Vec<Arc<str>>,
    ids: FxHashMap<Arc<str>, u32>,
    fields: Vec<(ContractId, Arc<str>)>,
    slots: FxHashMap<(ContractId, Arc<str>), u32>,
}

#[derive(Default)]
struct Entries {
    keys: Vec<(Slot, OwnedKey)>,
    table: HashTable<u32>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is behind the locks is whole between two statements.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn hash(map: Slot, key: Key<'_>) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_u32(map.0);
    match key {
        Key::Int(value) => hasher.write_i64(value),
        Key::Bool(value) => hasher.write_u8(value.into()),
        Key::String(text) => hasher.write(text.as_bytes()),
    }
    hasher.finish()
}

impl Names {
    /// None yet, on top of a ledger.
    pub(super) fn new(chain: &Chain) -> Self {
        let (first_contract, first_field) = (chain.contracts(), chain.fields());
        Self { first_contract, first_field, owners: Mutex::default(), entries: Default::default() }
    }

    /// Begins anew on top of a ledger. Buffers stay.
    pub(super) fn begin(&mut self, chain: &Chain) {
        (self.first_contract, self.first_field) = (chain.contracts(), chain.fields());
        let owners = self.owners.get_mut().unwrap_or_else(PoisonError::into_inner);
        owners.contracts.clear();
        owners.ids.clear();
        owners.fields.clear();
        owners.slots.clear();
        for entries in &mut self.entries {
            let entries = entries.get_mut().unwrap_or_else(PoisonError::into_inner);
            entries.keys.clear();
            entries.table.clear();
        }
    }

    /// The number of a contract that the ledger lacks.
    pub(super) fn contract(&self, address: &str) -> ContractId {
        let mut owners = lock(&self.owners);
        if let Some(&id) = owners.ids.get(address) {
            return ContractId(id);
        }
        let id = self.first_contract + owners.contracts.len() as u32;
        let address: Arc<str> = address.into();
        owners.contracts.push(Arc::clone(&address));
        owners.ids.insert(address, id);
        ContractId(id)
    }

    /// The address of a contract that the ledger lacks.
    pub(super) fn address(&self, contract: ContractId) -> Arc<str> {
        let owners = lock(&self.owners);
        let index = contract.0.checked_sub(self.first_contract).map(|index| index as usize);
        index.and_then(|index| owners.contracts.get(index)).cloned().unwrap_or_default()
    }

    /// The slot of a field that the ledger lacks.
    pub(super) fn field(&self, contract: ContractId, name: &str) -> Slot {
        let mut owners = lock(&self.owners);
        let key: (ContractId, Arc<str>) = (contract, name.into());
        if let Some(&slot) = owners.slots.get(&key) {
            return Slot(slot);
        }
        let slot = self.first_field + owners.fields.len() as u32;
        owners.fields.push(key.clone());
        owners.slots.insert(key, slot);
        Slot(slot)
    }

    /// Whether the ledger lacks a field.
    #[inline]
    pub(super) fn is_new(&self, field: Slot) -> bool {
        field.0 >= self.first_field
    }

    /// The number of an entry that the ledger lacks.
    pub(super) fn entry(&self, map: Slot, key: Key<'_>) -> u32 {
        let hash = hash(map, key);
        // The table uses the highest and lowest bits.
        let shard = (hash >> 32) as usize % SHARDS;
        let mut entries = lock(&self.entries[shard]);
        let Entries { keys, table } = &mut *entries;
        let is_it = |&at: &u32| {
            let (found_map, found_key) = &keys[at as usize];
            *found_map == map && found_key.borrowed() == key
        };
        let at = match table.find(hash, is_it) {
            Some(&at) => at,
            None => {
                let at = keys.len() as u32;
                keys.push((map, key.into()));
                table.insert_unique(hash, at, |&at| {
                    let (map, key) = &keys[at as usize];
                    self::hash(*map, key.borrowed())
                });
                at
            }
        };
        at * SHARDS as u32 + shard as u32
    }

    /// Map and key of an entry.
    pub(super) fn entry_key(&self, number: u32) -> (Slot, OwnedKey) {
        let (shard, at) = (number as usize % SHARDS, number as usize / SHARDS);
        lock(&self.entries[shard]).keys[at].clone()
    }

    /// The numbers of all entries of a map that were asked for. Takes time for all maps.
    pub(super) fn entries_of(&self, map: Slot) -> Vec<u32> {
        let mut numbers = Vec::new();
        for (shard, entries) in self.entries.iter().enumerate() {
            let entries = lock(entries);
            let of_map = entries.keys.iter().enumerate().filter(|(_, (found, _))| *found == map);
            numbers.extend(of_map.map(|(at, _)| (at * SHARDS + shard) as u32));
        }
        numbers
    }

    /// Makes the ledger know all contracts and fields, under their numbers here.
    ///
    /// # Errors
    /// When it cannot have so many.
    pub(super) fn introduce(&mut self, chain: &mut Chain) -> Result<(), Fault> {
        let owners = self.owners.get_mut().unwrap_or_else(PoisonError::into_inner);
        for (index, address) in owners.contracts.iter().enumerate() {
            let id = chain.contract(address)?;
            debug_assert_eq!(id.0, self.first_contract + index as u32, "contracts are numbered one after the other");
        }
        for (index, (contract, name)) in owners.fields.iter().enumerate() {
            let slot = chain.field(*contract, name)?;
            debug_assert_eq!(slot.0, self.first_field + index as u32, "fields are numbered one after the other");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_ledgers_afterwards() {
        let mut chain = Chain::in_memory();
        let known = chain.contract("known").unwrap();
        let mut names = Names::new(&chain);
        let (a, b) = (names.contract("a"), names.contract("b"));
        assert_eq!((names.contract("a"), &*names.address(b)), (a, "b"));
        let fields = [names.field(b, "x"), names.field(known, "x"), names.field(b, "y")];
        assert_eq!(names.field(known, "x"), fields[1]);
        assert!(fields.iter().all(|&slot| names.is_new(slot)) && !names.is_new(Slot::GLOBAL));
        names.introduce(&mut chain).unwrap();
        assert_eq!([chain.find_contract("a"), chain.find_contract("b")], [Some(a), Some(b)]);
        let found = [chain.find_field(b, "x"), chain.find_field(known, "x"), chain.find_field(b, "y")];
        assert_eq!(found, fields.map(Some));
    }

    #[test]
    fn entries_have_numbers_of_their_own() {
        let names = Names::new(&Chain::in_memory());
        let keys = [Key::Int(1), Key::Bool(true), Key::String("1"), Key::String(""), Key::Int(-1)];
        let maps = [Slot(1), Slot(2)];
        let all: Vec<u32> = maps.iter().flat_map(|&map| keys.map(|key| names.entry(map, key))).collect();
        assert!(all.iter().enumerate().all(|(at, number)| !all[..at].contains(number)));
        for (number, (map, key)) in all.iter().zip(maps.iter().flat_map(|&map| keys.map(|key| (map, key)))) {
            assert_eq!(names.entry(map, key), *number);
            assert_eq!(names.entry_key(*number), (map, key.into()));
        }
        let mut of_first = names.entries_of(Slot(1));
        of_first.sort_unstable();
        let mut expected = all[..keys.len()].to_vec();
        expected.sort_unstable();
        assert_eq!(of_first, expected);
    }
}
