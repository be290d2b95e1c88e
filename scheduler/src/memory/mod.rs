//! Multi-version memory: for each location, what every transaction wrote to it (Block-STM, section 3.1).
//!
//! A table is split in shards, each behind a lock that is held for one look. A location keeps its place for the whole block, so whoever
//! has been there once goes there without hashing. Shards keep their buffers from one block to the next.

mod chain;
mod entries;

use crossbeam::utils::CachePadded;
use hashbrown::HashTable;

use crate::fault::{Fault, Faults};
use crate::sync::{Guard, Lock, Primitives, Word};
use crate::traits::{Key, Value};
use crate::version::Version;
use chain::Chain;
pub(crate) use chain::{Found, Write};

/// Where a location's versions are, for one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    shard: u32,
    chain: u32,
}

/// The chains of a part of all locations.
struct Shard<K, V: Value> {
    table: HashTable<u32>,
    chains: Vec<Chain<K, V>>,
    /// How many chains are in use; those behind keep buffers of former blocks.
    used: usize,
}

impl<K: Key, V: Value> Shard<K, V> {
    fn find(&mut self, key: &K, hash: u64) -> usize {
        if let Some(&chain) = self.table.find(hash, |&chain| self.chains[chain as usize].key == *key) {
            return chain as usize;
        }
        let chain = self.used;
        self.used += 1;
        match self.chains.get_mut(chain) {
            Some(old) => old.reuse(key.clone()),
            None => self.chains.push(Chain::new(key.clone())),
        }
        let chains = &self.chains;
        self.table.insert_unique(hash, chain as u32, |&chain| crate::hash(&chains[chain as usize].key));
        chain
    }
}

/// All versions of a block.
pub(crate) struct Memory<K: Key, V: Value, S: Primitives, F> {
    shards: Vec<CachePadded<S::Lock<Shard<K, V>>>>,
    faults: F,
}

impl<K: Key, V: Value, S: Primitives, F: Faults> Memory<K, V, S, F> {
    /// Memory in this many shards, a power of two.
    pub(crate) fn new(shards: usize, faults: F) -> Self {
        assert!(shards.is_power_of_two(), "shards are chosen by bits");
        let shard = || Shard { table: HashTable::new(), chains: Vec::new(), used: 0 };
        Memory { shards: (0..shards).map(|_| CachePadded::new(S::Lock::new(shard()))).collect(), faults }
    }

    /// Forgets all versions.
    pub(crate) fn clear(&mut self) {
        for shard in &mut self.shards {
            let shard = shard.get_mut();
            shard.table.clear();
            shard.used = 0;
        }
    }

    /// What `reader` finds at a location. It is registered there if it is given how many transactions are committed, whose registrations may
    /// be forgotten; at the commit point nothing changes under a reader.
    pub(crate) fn read(&self, key: &K, hash: u64, reader: Version, register: Option<&S::Word>) -> (Location, Found<V>) {
        let (shard, mut guard) = self.shard(hash);
        let at = guard.find(key, hash);
        let chain = &mut guard.chains[at];
        let found = chain.read(reader.index, self.faults);
        if let Some(committed) = register
            && !matches!(found, Found::Estimate(_) | Found::TooMuch)
            && !self.faults.plants(Fault::ReaderForgotten)
            && !(self.faults.plants(Fault::EstimateRead) && chain.blocker(reader.index).is_some())
        {
            let is_stale = self.faults.plants(Fault::StaleIncarnation);
            let incarnation = if is_stale { reader.incarnation.wrapping_sub(1) } else { reader.incarnation };
            chain.register(Version { incarnation, ..reader }, || committed.load() as u32, self.faults);
        }
        (Location { shard, chain: at as u32 }, found)
    }

    /// Writes a version, and takes out whose read it changes. An estimate changes nothing yet.
    pub(crate) fn write(
        &self,
        key: &K,
        hash: u64,
        version: Version,
        write: Write<V>,
        committed: &S::Word,
        invalidated: &mut Vec<Version>,
    ) -> Location {
        let (shard, mut guard) = self.shard(hash);
        let at = guard.find(key, hash);
        let chain = &mut guard.chains[at];
        let was_there = chain.write(version, write, false, || committed.load() as u32, self.faults);
        let silent = if was_there { Fault::RewriteSilent } else { Fault::FirstWriteSilent };
        if !self.faults.plants(silent) {
            chain.changed(version.index, invalidated, self.faults);
        }
        Location { shard, chain: at as u32 }
    }

    /// Writes a version that is known to be wrong but says where the next incarnation will probably write.
    pub(crate) fn write_estimate(
        &self,
        key: &K,
        hash: u64,
        version: Version,
        write: Write<V>,
        committed: &S::Word,
    ) -> Location {
        let (shard, mut guard) = self.shard(hash);
        let at = guard.find(key, hash);
        guard.chains[at].write(version, write, true, || committed.load() as u32, self.faults);
        Location { shard, chain: at as u32 }
    }

    /// Has readers above a transaction wait for it, as it will probably write here; says whom it must wait for itself to read here.
    pub(crate) fn expect(&self, key: &K, hash: u64, version: Version, committed: &S::Word) -> (Location, Option<u32>) {
        let (shard, mut guard) = self.shard(hash);
        let at = guard.find(key, hash);
        let chain = &mut guard.chains[at];
        chain.write(version, Write::Put(None), true, || committed.load() as u32, self.faults);
        (Location { shard, chain: at as u32 }, chain.blocker(version.index))
    }

    /// Writes the value of the transaction at the commit point: it is the value after all before it, and final.
    pub(crate) fn write_settled(
        &self,
        key: &K,
        hash: u64,
        version: Version,
        value: Option<V>,
        invalidated: &mut Vec<Version>,
    ) -> Location {
        let (shard, mut guard) = self.shard(hash);
        let at = guard.find(key, hash);
        let chain = &mut guard.chains[at];
        chain.settle(version, value);
        chain.changed(version.index, invalidated, self.faults);
        Location { shard, chain: at as u32 }
    }

    /// Marks a transaction's version of a location as an estimate.
    pub(crate) fn estimate(&self, location: Location, index: u32) {
        self.chain(location, |chain| chain.estimate(index));
    }

    /// Removes a transaction's version of a location, and takes out whose read that changes.
    pub(crate) fn remove(&self, location: Location, index: u32, invalidated: &mut Vec<Version>) {
        if self.faults.plants(Fault::OldWriteStays) {
            return;
        }
        self.chain(location, |chain| {
            chain.remove(index);
            if !self.faults.plants(Fault::RemovalSilent) {
                chain.changed(index, invalidated, self.faults);
            }
        });
    }

    /// The value before a transaction, all before which are committed; nothing if the state before the block has it.
    pub(crate) fn settled(&self, location: Location, index: u32) -> Option<Option<V>> {
        self.chain(location, |chain| chain.settled(index).map(|(_, value)| value.clone()))
    }

    /// The value at a location after all transactions before `index`, all of which are committed, and the last of them that wrote it.
    pub(crate) fn find_settled(&self, key: &K, hash: u64, index: u32) -> Option<(Version, Option<V>)> {
        let (_, mut guard) = self.shard(hash);
        let Shard { table, chains, .. } = &mut *guard;
        let chain = *table.find(hash, |&chain| chains[chain as usize].key == *key)?;
        chains[chain as usize].settled(index).cloned()
    }

    /// Hands out all that transactions before `committed` wrote, all of which are committed.
    pub(crate) fn all_settled(&mut self, committed: u32, mut take: impl FnMut(&K, &Option<V>)) {
        for shard in &mut self.shards {
            let shard = shard.get_mut();
            for chain in &mut shard.chains[..shard.used] {
                let key = chain.key.clone();
                if let Some((_, value)) = chain.settled(committed) {
                    take(&key, value);
                }
            }
        }
    }

    /// Replaces the delta of a transaction that is being committed by the value after it.
    pub(crate) fn settle(&self, location: Location, version: Version, value: Option<V>) {
        self.chain(location, |chain| {
            if self.faults.plants(Fault::DeltaMergedTwice) {
                chain.settle(Version { index: version.index.saturating_sub(1), ..version }, value);
            } else {
                chain.settle(version, value);
            }
        });
    }

    /// The transaction that a reader of this location would have to wait for.
    pub(crate) fn blocker(&self, location: Location, reader: u32) -> Option<u32> {
        self.chain(location, |chain| chain.blocker(reader))
    }

    /// The last execution below a reader that wrote to this location.
    pub(crate) fn last_writer(&self, location: Location, reader: u32) -> Version {
        self.chain(location, |chain| chain.last_writer(reader))
    }

    fn chain<R>(&self, location: Location, look: impl FnOnce(&mut Chain<K, V>) -> R) -> R {
        look(&mut self.shards[location.shard as usize].lock().chains[location.chain as usize])
    }

    fn shard(&self, hash: u64) -> (u32, Guard<'_, S, Shard<K, V>>) {
        // The table of a shard uses the lowest bits and the seven highest.
        let shard = (hash >> 16) as usize & (self.shards.len() - 1);
        (shard as u32, self.shards[shard].lock())
    }
}
