//! A ledger: state with its journal, and the chain of blocks over a store.

use std::path::Path;
use std::sync::Arc;

use runtime::Fault;
use runtime::canonical::{self, Writer};
use runtime::host::{
    Algorithm, BlockSummary, ContractId, Digest, Event, Immediate, Key, Leaves, Ledger, OwnedKey, SignatureCheck, Slot,
    Status, Stored, Transaction, TransactionOutcome,
};

use crate::block::{self, Block, Entry, Header, NO_HASH, Receipt};
use crate::digest::sha256;
use crate::disk::Disk;
use crate::error::LedgerError;
use crate::state::{Appended, Content, Location, State};
use crate::store::{LocationChange, Memory, Store};
use crate::tree::{Change, StateTree};
use crate::{merkle, signature};

/// A transaction that waits for its block.
#[derive(Clone, Debug)]
struct Recorded {
    transaction: Transaction,
    outcome: TransactionOutcome,
    /// How many events there were when it had ended.
    events: usize,
}

/// A ledger: what programs write, with its journal, and the chain of blocks made of it.
///
/// ```
/// use ledger::Chain;
/// use runtime::host::{Key, Ledger, Slot, Stored};
///
/// let mut chain = Chain::in_memory();
/// chain.begin()?;
/// chain.write_entry(Slot::GLOBAL, Key::String("n"), Stored::Int(1))?;
/// chain.begin()?;
/// chain.write_entry(Slot::GLOBAL, Key::String("n"), Stored::Int(2))?;
/// chain.revert()?;
/// chain.commit()?;
/// assert_eq!(chain.read_entry(Slot::GLOBAL, Key::String("n")), &Stored::Int(1));
/// assert_eq!(chain.commit_block(0)?.height, 1);
/// # Ok::<(), runtime::Fault>(())
/// ```
#[derive(Debug)]
pub struct Chain {
    pub(crate) state: State,
    /// The tree over the state as it was after the last block.
    tree: StateTree,
    store: Box<dyn Store>,
    /// Header of the last block.
    head: Option<Header>,
    recorded: Vec<Recorded>,
}

impl Chain {
    /// An empty ledger that lives as long as the process.
    pub fn in_memory() -> Self {
        Self {
            state: State::new(),
            tree: StateTree::new(),
            store: Box::new(Memory::default()),
            head: None,
            recorded: Vec::new(),
        }
    }

    /// The ledger in a file, at its last block; an empty one where there is no file. Takes time for the whole state.
    ///
    /// # Errors
    /// When the file cannot be opened, is in use, is something else, or is damaged.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        Self::load(Disk::open(path)?)
    }

    /// The ledger in a file, at its last block, to be looked at: the file is only read, and blocks made here are lost.
    ///
    /// # Errors
    /// When the file cannot be opened, is in use, is something else, or is damaged.
    pub fn copy_of(path: &Path) -> Result<Self, LedgerError> {
        Self::load(Disk::copy_of(path)?)
    }

    fn load(disk: Disk) -> Result<Self, LedgerError> {
        let mut state = State::new();
        disk.load(&mut |location, content| state.load(&location, content))?;
        let tree = tree_of(&state);
        let damaged = |part: String, reason: &str| LedgerError::Damaged {
            path: disk.path().to_path_buf(),
            part,
            reason: reason.to_string(),
        };
        let height = disk.height()?;
        let head = match disk.block(height)? {
            Some(block) if block.header.height == height => Some(block.header),
            None if height == 0 => None,
            _ => return Err(damaged(format!("block {height}"), "its height is not its place in the chain")),
        };
        let root = head.map_or_else(|| StateTree::new().root(), |header| header.state_root);
        if tree.root() != root {
            return Err(damaged("state".to_string(), &format!("it does not have the root in block {height}")));
        }
        Ok(Self { state, tree, store: Box::new(disk), head, recorded: Vec::new() })
    }

    /// The block at a height, from 1; none if there is none.
    ///
    /// # Errors
    /// When it cannot be read or is damaged.
    pub fn block(&self, height: u64) -> Result<Option<Block>, LedgerError> {
        self.store.block(height)
    }

    /// Header of the last block; none before the first.
    pub fn head(&self) -> Option<&Header> {
        self.head.as_ref()
    }

    /// The whole state as it is now, in the order of the locations' encodings.
    pub fn contents(&self) -> Vec<(Location, Content)> {
        let mut contents: Vec<_> = self.state.contents().collect();
        contents.sort_by_cached_key(|(location, _)| location.encode());
        contents
    }

    /// What proves that a location has what it holds after the last block, or that the state has no such location.
    /// Its [check](crate::tree::StateProof::check) takes [`Location::path`] and [`Content::digest`].
    pub fn prove(&self, location: &Location) -> crate::tree::StateProof {
        self.tree.prove(&location.path())
    }

    pub(crate) fn entry_chain(&self) -> (u64, Digest) {
        let (count, hash) = self.head.as_ref().map_or((0, NO_HASH), |head| (head.entries, head.last_entry));
        let last = self.state.entries.last().map_or(hash, |entry| entry.hash);
        (count + self.state.entries.len() as u64, last)
    }

    fn check_closed(&self, what: &'static str) -> Result<(), LedgerError> {
        match self.state.depth() {
            0 => Ok(()),
            open => Err(LedgerError::Open { what, open }),
        }
    }

    /// Changes since the last block, for store and tree.
    fn changes(&self) -> (Vec<LocationChange>, Vec<Change>) {
        self.state
            .changes()
            .map(|(location, content)| {
                let encoded = location.encode();
                let change = Change { path: sha256(&encoded), value: content.digest() };
                (LocationChange { location: encoded, content: content.encode(location.key.is_some()) }, change)
            })
            .unzip()
    }

    /// The block of everything since the last one.
    fn next_block(&self, time: i64, state_root: Digest) -> Block {
        let mut events = self.state.events.iter().cloned();
        let mut taken = 0;
        let (mut transactions, mut receipts) = (Vec::new(), Vec::new());
        for Recorded { transaction, outcome, events: end } in self.recorded.iter().cloned() {
            let TransactionOutcome { status, gas_used, error } = outcome;
            let events = events.by_ref().take(end - taken).collect();
            taken = end;
            transactions.push(transaction);
            receipts.push(Receipt { status, gas_used, error, events });
        }
        let rest: Vec<Event> = events.collect();
        if !rest.is_empty() {
            // Nobody recorded what emitted these; they are not to be lost.
            transactions.push(Transaction { arguments: Stored::Null, ..Transaction::default() });
            receipts.push(Receipt { status: Status::Success, gas_used: 0, error: None, events: rest });
        }
        let (entries, last_entry) = self.entry_chain();
        let header = Header {
            height: self.height() + 1,
            parent: self.head.as_ref().map_or(NO_HASH, Header::hash),
            time,
            transactions_root: block::transactions_root(&transactions),
            receipts_root: block::receipts_root(&receipts),
            state_root,
            entries,
            last_entry,
        };
        let entry = |appended: &Appended| Entry { time: appended.time, value: appended.value.clone() };
        let entries = self.state.entries.iter().map(entry).collect();
        Block { header, transactions, receipts, entries }
    }
}

/// A value that has an encoding of its own: nothing and maps of the state have none.
fn something(value: Stored) -> Stored {
    match value {
        Stored::Absent | Stored::Map(_) => Stored::Null,
        value => value,
    }
}

/// The tree over all of a state.
fn tree_of(state: &State) -> StateTree {
    let mut tree = StateTree::new();
    let changes = state.contents().map(|(location, content)| Change { path: location.path(), value: content.digest() });
    tree.update(changes.collect());
    tree
}

impl Location {
    /// Its path in the [tree over the state](crate::tree).
    pub fn path(&self) -> Digest {
        sha256(&self.encode())
    }
}

impl Content {
    /// What the [tree over the state](crate::tree) has of it: the digest of `[0, value]`, or of `[1, length]` for a field that is a map; none
    /// when it holds nothing.
    pub fn digest(&self) -> Option<Digest> {
        let mut bytes = Vec::with_capacity(32);
        let mut writer = Writer::new(&mut bytes);
        writer.list(2);
        match &self.value {
            Stored::Absent => return None,
            Stored::Map(head) => {
                writer.natural(1);
                writer.natural(u64::from(head.len));
            }
            value => {
                writer.natural(0);
                match value {
                    // What is kept is well formed.
                    Stored::Encoded(encoded) => match canonical::sorted(encoded) {
                        Ok(sorted) => writer.raw(&sorted),
                        Err(_) => writer.raw(encoded),
                    },
                    value => value.encode(&mut bytes),
                }
            }
        }
        Some(sha256(&bytes))
    }
}

// What is seldom done, or fails, is apart: it takes registers and memory, which what is done mostly would have to set up.

#[inline(never)]
fn begin(state: &mut State) -> Result<(), Fault> {
    Ok(state.begin()?)
}

#[inline(never)]
fn commit(state: &mut State) -> Result<(), Fault> {
    Ok(state.commit()?)
}

#[inline(never)]
fn write_immediate(state: &mut State, map: Slot, key: Key<'_>, value: Immediate) -> Result<i64, Fault> {
    Ok(state.write_immediate(map, key, value)?)
}

impl Ledger for Chain {
    fn digest(&self, algorithm: Algorithm, parts: &[&[u8]], digest: &mut Digest) -> Result<(), Fault> {
        *digest = crate::digest::digest(algorithm, parts);
        Ok(())
    }

    fn merkle_root(&self, leaves: &Leaves) -> Result<Digest, Fault> {
        Ok(merkle::root(leaves))
    }

    fn verify_signature(&self, message: &[u8], signature: &[u8], public_key: &[u8]) -> Result<SignatureCheck, Fault> {
        Ok(signature::verify(message, signature, public_key))
    }

    fn contract(&mut self, address: &str) -> Result<ContractId, Fault> {
        Ok(self.state.contract(address)?)
    }

    fn field(&mut self, contract: ContractId, name: &str) -> Result<Slot, Fault> {
        Ok(self.state.field(contract, name)?)
    }

    #[inline]
    fn read(&self, field: Slot) -> &Stored {
        self.state.read(field)
    }

    #[inline]
    fn write(&mut self, field: Slot, value: Stored) -> Result<(), Fault> {
        Ok(self.state.write(field, value)?)
    }

    #[inline]
    fn read_entry(&self, map: Slot, key: Key<'_>) -> &Stored {
        self.state.read_entry(map, key)
    }

    fn write_entry(&mut self, map: Slot, key: Key<'_>, value: Stored) -> Result<i64, Fault> {
        Ok(self.state.write_entry(map, key, value)?)
    }

    #[inline]
    fn write_immediate(&mut self, map: Slot, key: Key<'_>, value: Immediate) -> Result<i64, Fault> {
        if self.state.write_at_home(map, key, value) {
            return Ok(0);
        }
        write_immediate(&mut self.state, map, key, value)
    }

    fn remove_entry(&mut self, map: Slot, key: Key<'_>) -> Result<Stored, Fault> {
        Ok(self.state.remove_entry(map, key)?)
    }

    fn entries(&self, map: Slot) -> Vec<(OwnedKey, Stored)> {
        self.state.entries_of(map)
    }

    #[inline]
    fn begin(&mut self) -> Result<(), Fault> {
        if !self.state.has_room_for_checkpoint() {
            return begin(&mut self.state);
        }
        Ok(self.state.begin()?)
    }

    #[inline]
    fn commit(&mut self) -> Result<(), Fault> {
        if self.state.depth() == 0 {
            return commit(&mut self.state);
        }
        Ok(self.state.commit()?)
    }

    #[inline]
    fn revert(&mut self) -> Result<(), Fault> {
        Ok(self.state.revert()?)
    }

    fn depth(&self) -> usize {
        self.state.depth()
    }

    fn emit(&mut self, contract: ContractId, name: &str, data: Stored) -> Result<(), Fault> {
        const LOOKED_AT: usize = 8;
        let contract = self.state.address(contract);
        // Most events have the name of one shortly before.
        let alike = self.state.events.iter().rev().take(LOOKED_AT).find(|event| *event.name == *name);
        let name = alike.map_or_else(|| name.into(), |event| Arc::clone(&event.name));
        self.state.events.push(Event { contract, name, data: something(data) });
        Ok(())
    }

    fn events(&self) -> &[Event] {
        &self.state.events
    }

    fn append(&mut self, entry: Stored, time: i64) -> Result<u64, Fault> {
        let entry = something(entry);
        let (index, before) = self.entry_chain();
        let hash = block::entry_hash(&before, index, self.height() + 1, time, &entry);
        self.state.entries.push(Appended { value: entry, time, hash });
        Ok(index)
    }

    fn record(&mut self, mut transaction: Transaction, outcome: TransactionOutcome) -> Result<(), Fault> {
        self.check_closed("a transaction cannot be recorded")?;
        transaction.arguments = something(transaction.arguments);
        self.recorded.push(Recorded { transaction, outcome, events: self.state.events.len() });
        Ok(())
    }

    fn commit_block(&mut self, time: i64) -> Result<BlockSummary, Fault> {
        self.check_closed("a block cannot be made")?;
        let (locations, changes) = self.changes();
        self.tree.update(changes);
        let block = self.next_block(time, self.tree.root());
        let header = block.header;
        // All of it stays as it is when this fails.
        self.store.commit(block, &locations)?;
        self.state.settle();
        self.recorded.clear();
        self.head = Some(header);
        Ok(BlockSummary { height: header.height, hash: header.hash(), state_root: header.state_root })
    }

    fn height(&self) -> u64 {
        self.head.as_ref().map_or(0, |head| head.height)
    }

    fn state_root(&mut self) -> Result<Digest, Fault> {
        self.check_closed("the state has no root")?;
        let (_, changes) = self.changes();
        self.tree.update(changes);
        Ok(self.tree.root())
    }
}
