//! The host interface: what programs may ask of a ledger, and the values that it keeps.
//!
//! The runtime knows the ledger only as [`Ledger`]; the crate `ledger` implements it. A run without one has [`NoLedger`], which refuses everything.
//! The operations of the family on top of this interface are methods of [`Runtime`], in `operations/ledger.rs`.
//!
//! *State* is a table of slots. A contract's field has a slot for as long as the ledger lives, so an engine looks it up once ([`Ledger::field`]) and from then on
//! names it by number: reading it is an access to an array. A field that is a map has its entries in slots of their own, found by
//! key; so an entry is one location, for undoing, for hashing and for conflicts between transactions. Entries keep the order in which they were
//! inserted, like those of ordinary maps.
//!
//! *Checkpoints* nest: [`begin`](Ledger::begin), then [`commit`](Ledger::commit) or [`revert`](Ledger::revert). Reverting undoes all writes, events and
//! appended entries since the matching `begin`. *Blocks* are made of what was committed since the last one.

mod handle;

use std::cell::Cell;
use std::sync::Arc;

use crate::canonical::{self, MapOrder};
use crate::context::Runtime;
use crate::error::{Error, ErrorKind, Fault};
use crate::value::{Tag, Value};

pub use handle::LedgerHandle;

/// A SHA-256, BLAKE3 or Keccak-256 digest.
pub type Digest = [u8; 32];

/// A way to make a digest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// SHA-256, FIPS 180-4.
    #[default]
    Sha256,
    /// BLAKE3 with 32 bytes of output.
    Blake3,
    /// Keccak-256 as Ethereum uses it: the padding of the competition's Keccak, not that of SHA-3.
    Keccak256,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sha256, Self::Blake3, Self::Keccak256];

    /// Its name in programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA256",
            Self::Blake3 => "BLAKE3",
            Self::Keccak256 => "KECCAK256",
        }
    }

    /// The algorithm of this name, in upper or lower case.
    ///
    /// # Errors
    /// When there is none; the message lists those there are.
    pub fn from_name(name: &str) -> Result<Self, Fault> {
        let found = Self::ALL.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name));
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::value_error(format!("Hash error: Unsupported hash algorithm: {name}. Supported: {names}"))
        })
    }
}

/// A contract's number in this ledger, for as long as the ledger lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ContractId(pub u32);

impl ContractId {
    /// The state that belongs to no contract: that of `STATE_READ` and `STATE_WRITE`.
    pub const GLOBAL: Self = Self(0);
}

/// The number of a field's slot, for as long as the ledger lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slot(pub u32);

impl Slot {
    /// The map whose entries `STATE_READ` and `STATE_WRITE` name: the field "" of [`ContractId::GLOBAL`].
    pub const GLOBAL: Self = Self(0);
}

/// Key of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key<'k> {
    /// An integer.
    Int(i64),
    /// A bool.
    Bool(bool),
    /// A string.
    String(&'k str),
}

impl<'k> Key<'k> {
    /// The key that a guest value is.
    ///
    /// # Errors
    /// When it is no string, integer or bool.
    #[inline]
    pub fn from_value(value: Value) -> Result<Key<'k>, Fault> {
        match value.tag() {
            Tag::Int => Ok(Key::Int(value.int_payload())),
            Tag::Bool => Ok(Key::Bool(value.payload() != 0)),
            Tag::String => Ok(Key::String(value.as_string().map(|string| string.as_str()).unwrap_or_default())),
            _ => Err(Error::type_error(format!(
                "Type error: keys of the state are strings, integers and bools, not {}",
                value.type_title()
            ))),
        }
    }
}

/// A key that owns its text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum OwnedKey {
    /// An integer.
    Int(i64),
    /// A bool.
    Bool(bool),
    /// A string.
    String(Arc<str>),
}

impl OwnedKey {
    /// The key as it is looked up.
    #[inline]
    pub fn borrowed(&self) -> Key<'_> {
        match self {
            Self::Int(value) => Key::Int(*value),
            Self::Bool(value) => Key::Bool(*value),
            Self::String(text) => Key::String(text),
        }
    }
}

impl From<Key<'_>> for OwnedKey {
    fn from(key: Key<'_>) -> Self {
        match key {
            Key::Int(value) => Self::Int(value),
            Key::Bool(value) => Self::Bool(value),
            Key::String(text) => Self::String(text.into()),
        }
    }
}

/// What a slot that is a map keeps about its entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MapHead {
    /// How many there are.
    pub len: u32,
    /// Number of the next one to be inserted; numbers give the order.
    pub next: u32,
}

/// A value outside any heap, as the ledger keeps it.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Stored {
    /// Nothing: a location that was never written, or was removed.
    #[default]
    Absent,
    /// `null`.
    Null,
    /// A bool.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// A string.
    String(Arc<str>),
    /// A list, map or instance: its [encoding](canonical) with maps in order of insertion.
    Encoded(Arc<[u8]>),
    /// A field that is a map; its entries are in slots of their own. Only fields are.
    Map(MapHead),
    /// What is there cannot be said yet, so the run has to end: a ledger that runs ahead of others says so to whoever reads. It is never kept.
    Unknown,
}

const _: () = assert!(size_of::<Stored>() == 24);

impl Stored {
    /// Bytes of what it has besides itself: of text, or of an encoding.
    #[inline]
    pub fn size(&self) -> usize {
        match self {
            Self::String(text) => text.len(),
            Self::Encoded(bytes) => bytes.len(),
            _ => 0,
        }
    }

    /// Whether it is what an [`Immediate`] can be.
    #[inline]
    pub fn is_immediate(&self) -> bool {
        matches!(self, Self::Null | Self::Bool(_) | Self::Int(_) | Self::Float(_))
    }

    /// Keeps a guest value.
    ///
    /// # Errors
    /// When it has no [encoding](canonical).
    #[inline]
    pub fn from_value(runtime: &Runtime, value: Value) -> Result<Self, Fault> {
        match Immediate::from_value(value) {
            Some(value) => Ok(value.into()),
            None => Self::from_object(runtime, value),
        }
    }

    #[inline(never)]
    fn from_object(runtime: &Runtime, value: Value) -> Result<Self, Fault> {
        if let Some(string) = value.as_string() {
            return Ok(Self::String(string.as_str().into()));
        }
        // Of a length that is not known, so it is encoded in a buffer that is kept, and copied to where it stays.
        thread_local! {
            static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
        }
        const KEPT: usize = 1 << 16;
        let mut bytes = BUFFER.take();
        bytes.clear();
        let encoded = canonical::encode(runtime, value, MapOrder::Insertion, &mut bytes);
        let stored = encoded.map(|()| Self::Encoded(bytes.as_slice().into()));
        if bytes.capacity() <= KEPT {
            BUFFER.set(bytes);
        }
        stored
    }

    /// The guest value, if it needs no heap. Nothing reads as `null`.
    #[inline]
    pub fn immediate(&self) -> Option<Value> {
        match *self {
            Self::Int(value) => Some(Value::int(value)),
            Self::Float(value) => Some(Value::float(value)),
            Self::Bool(value) => Some(Value::bool(value)),
            Self::Absent | Self::Null => Some(Value::NULL),
            Self::String(_) | Self::Encoded(_) | Self::Map(_) | Self::Unknown => None,
        }
    }

    /// The guest value. A map that has its entries in slots of their own gives `null`: whoever wants it reads them.
    ///
    /// # Errors
    /// When it does not fit the heap, or has an instance of a type that the program lacks, and when it is not known.
    pub fn to_value(&self, runtime: &mut Runtime) -> Result<Value, Fault> {
        match self {
            Self::String(text) => runtime.new_string(text),
            Self::Encoded(bytes) => canonical::decode(runtime, bytes, MapOrder::Insertion),
            Self::Unknown => Err(Error::stopped()),
            _ => Ok(self.immediate().unwrap_or(Value::NULL)),
        }
    }

    /// Appends its encoding.
    pub fn encode(&self, bytes: &mut Vec<u8>) {
        let mut writer = canonical::Writer::new(bytes);
        match self {
            Self::Absent | Self::Null | Self::Map(_) | Self::Unknown => writer.null(),
            Self::Bool(value) => writer.bool(*value),
            Self::Int(value) => writer.int(*value),
            Self::Float(value) => writer.float(*value),
            Self::String(text) => writer.string(text),
            Self::Encoded(encoded) => writer.raw(encoded),
        }
    }

    /// The next item of an encoding, kept.
    ///
    /// # Errors
    /// When it is not in canonical form with maps in order of insertion.
    pub fn decode(reader: &mut canonical::Reader<'_>) -> Result<Self, canonical::Malformed> {
        let bytes = reader.raw(MapOrder::Insertion)?;
        Ok(match canonical::Reader::new(bytes).item()? {
            canonical::Item::Null => Self::Null,
            canonical::Item::Bool(value) => Self::Bool(value),
            canonical::Item::Int(value) => Self::Int(value),
            canonical::Item::Float(value) => Self::Float(value),
            canonical::Item::String(text) => Self::String(text.into()),
            _ => Self::Encoded(bytes.into()),
        })
    }
}

/// A guest value that needs no heap and that the ledger keeps: a number, bool or `null`. It travels in registers, and a [`Stored`] in memory.
#[derive(Clone, Copy, Debug)]
pub struct Immediate(Value);

impl Immediate {
    /// The guest value, if it is one of these.
    #[inline]
    pub fn from_value(value: Value) -> Option<Self> {
        matches!(value.tag(), Tag::Int | Tag::Float | Tag::Bool | Tag::Null).then_some(Self(value))
    }
}

impl From<Immediate> for Stored {
    #[inline]
    fn from(Immediate(value): Immediate) -> Self {
        if value.is_int() {
            return Self::Int(value.int_payload());
        }
        match value.tag() {
            Tag::Float => Self::Float(value.float_payload()),
            Tag::Bool => Self::Bool(value.payload() != 0),
            _ => Self::Null,
        }
    }
}

/// Bytes that every location, event and entry of the log counts besides what it holds.
pub const LOCATION: usize = 64;

/// How many bytes something in the ledger counts against the limit of the heap. It is what is kept, not what some engine needs for that, so
/// all engines reach the limit at the same write.
pub fn footprint(key: Option<Key<'_>>, stored: &Stored) -> i64 {
    match stored {
        Stored::Absent => 0,
        stored => footprint_of_size(key, stored.size()),
    }
}

/// The same of something of this [size](Stored::size).
#[inline]
pub(crate) fn footprint_of_size(key: Option<Key<'_>>, size: usize) -> i64 {
    let key = if let Some(Key::String(text)) = key { text.len() } else { 0 };
    (LOCATION + key + size) as i64
}

/// Leaves of a Merkle tree, one behind the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leaves {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Leaves {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a leaf: whatever `write` appends to the bytes.
    ///
    /// # Errors
    /// Those of `write`; then there is no new leaf.
    pub fn push_with<E>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<(), E> {
        let start = self.bytes.len();
        let result = write(&mut self.bytes);
        match result {
            Ok(()) => self.ends.push(self.bytes.len()),
            Err(_) => self.bytes.truncate(start),
        }
        result
    }

    /// Appends a leaf.
    pub fn push(&mut self, leaf: &[u8]) {
        self.bytes.extend_from_slice(leaf);
        self.ends.push(self.bytes.len());
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// How many bytes they have together.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// True without leaves.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Leaf number `index`; empty when there is none.
    #[inline]
    pub fn get(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.ends.get(index).and_then(|&end| self.bytes.get(start..end)).unwrap_or_default()
    }
}

/// What came of checking a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureCheck {
    /// The signature is the key owner's, over this message.
    Valid,
    /// It is not, or something is malformed.
    Invalid {
        /// Why, for people.
        reason: &'static str,
    },
}

impl SignatureCheck {
    /// True when it is valid.
    pub fn is_valid(self) -> bool {
        self == Self::Valid
    }
}

/// An event that a program has emitted.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Address of the contract that emitted it; empty outside contracts.
    pub contract: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// Its arguments.
    pub data: Stored,
}

/// A call from outside, as the chain records it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transaction {
    /// Who calls.
    pub sender: Arc<str>,
    /// Address of the contract that is called; empty for code of no contract.
    pub contract: Arc<str>,
    /// The action that is called.
    pub action: Arc<str>,
    /// Its arguments; an encoded list.
    pub arguments: Stored,
    /// Most gas it may take.
    pub gas_limit: Option<u64>,
}

/// How a transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It did what it should.
    Success,
    /// An error undid it.
    Reverted,
    /// It took more gas than it might, which undid it.
    OutOfGas,
}

impl Status {
    /// All of them; the position of each is its number in encodings.
    pub const ALL: [Self; 3] = [Self::Success, Self::Reverted, Self::OutOfGas];

    /// A word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Reverted => "reverted",
            Self::OutOfGas => "out of gas",
        }
    }
}

/// What is known of a transaction when it has ended; its events the ledger knows by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct TransactionOutcome {
    /// How it ended.
    pub status: Status,
    /// Gas it has taken.
    pub gas_used: u64,
    /// Message of the error that ended it.
    pub error: Option<String>,
}

/// A block as it is known when it was committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockSummary {
    /// Its height: the first block's is 1.
    pub height: u64,
    /// Its hash.
    pub hash: Digest,
    /// Root of the state after it.
    pub state_root: Digest,
}

/// What programs may ask of a ledger.
///
/// All methods that write say so with an error of kind [`ErrorKind::Ledger`] when no checkpoint is open. No method changes anything when it fails.
pub trait Ledger {
    /// Puts the digest of bytes where it is wanted, so that it is not moved from one place to another. The bytes lie in parts, to be taken one after the other.
    ///
    /// # Errors
    /// In a run without a ledger.
    fn digest(&self, algorithm: Algorithm, parts: &[&[u8]], digest: &mut Digest) -> Result<(), Fault>;

    /// Root of the Merkle tree over leaves: SHA-256 as in RFC 9162, section 2.1.1.
    fn merkle_root(&self, leaves: &Leaves) -> Result<Digest, Fault>;

    /// Whether `signature` is a signature of `message` by the owner of `public_key`. The key's length tells the scheme: 32 bytes are
    /// Ed25519's, 33 and 65 (SEC 1) those of ECDSA over secp256k1 with SHA-256. A signature has 64 bytes in both.
    fn verify_signature(&self, message: &[u8], signature: &[u8], public_key: &[u8]) -> Result<SignatureCheck, Fault>;

    /// The number of the contract at an address. The ledger knows from then on that there is one.
    ///
    /// # Errors
    /// When there are too many.
    fn contract(&mut self, address: &str) -> Result<ContractId, Fault>;

    /// The slot of a contract's field. Ask once and keep it: this looks the name up.
    ///
    /// # Errors
    /// When there are too many slots.
    fn field(&mut self, contract: ContractId, name: &str) -> Result<Slot, Fault>;

    /// What a field holds.
    fn read(&self, field: Slot) -> &Stored;

    /// Sets a field. A map that it held loses its entries; set to [`Stored::Map`] with no entries it becomes an empty one.
    ///
    /// # Errors
    /// Without an open checkpoint.
    fn write(&mut self, field: Slot, value: Stored) -> Result<(), Fault>;

    /// What a map's entry holds; [`Stored::Absent`] without such an entry.
    fn read_entry(&self, map: Slot, key: Key<'_>) -> &Stored;

    /// Sets a map's entry; at the end of the map if it is new. A field that holds something else becomes a map. Gives by how much the entry's
    /// [footprint] has grown.
    ///
    /// # Errors
    /// Without an open checkpoint, and when there are too many entries.
    fn write_entry(&mut self, map: Slot, key: Key<'_>, value: Stored) -> Result<i64, Fault>;

    /// The same for a value that needs no heap.
    ///
    /// # Errors
    /// As there.
    fn write_immediate(&mut self, map: Slot, key: Key<'_>, value: Immediate) -> Result<i64, Fault> {
        self.write_entry(map, key, value.into())
    }

    /// Adds to the integer that a field, or an entry of a map, holds, without saying what that is. False where whoever asks has to read and write instead, and
    /// then nothing has changed; so it is where this ledger gains nothing by it.
    ///
    /// # Errors
    /// Without an open checkpoint.
    fn add(&mut self, _field: Slot, _key: Option<Key<'_>>, _amount: i64) -> Result<bool, Fault> {
        Ok(false)
    }

    /// Removes a map's entry; gives what it held.
    ///
    /// # Errors
    /// Without an open checkpoint.
    fn remove_entry(&mut self, map: Slot, key: Key<'_>) -> Result<Stored, Fault>;

    /// How many entries a field that is a map has; none for another. Who only wants to know whether it is a map should not ask this.
    fn len(&self, map: Slot) -> usize {
        match self.read(map) {
            Stored::Map(head) => head.len as usize,
            _ => 0,
        }
    }

    /// Fails if something that was asked for was [not known](Stored::Unknown): then what was done since makes no sense.
    ///
    /// # Errors
    /// As said, with one of kind [`ErrorKind::Stopped`].
    fn check(&self) -> Result<(), Fault> {
        Ok(())
    }

    /// Entries of a map in order of insertion. Takes time for all of them.
    fn entries(&self, map: Slot) -> Vec<(OwnedKey, Stored)>;

    /// Opens a checkpoint.
    ///
    /// # Errors
    /// When too many are open.
    fn begin(&mut self) -> Result<(), Fault>;

    /// Closes the innermost checkpoint and keeps what was written since, for the enclosing one to undo, if there is one.
    ///
    /// # Errors
    /// When none is open.
    fn commit(&mut self) -> Result<(), Fault>;

    /// Closes the innermost checkpoint and undoes what was written, emitted and appended since.
    ///
    /// # Errors
    /// When none is open.
    fn revert(&mut self) -> Result<(), Fault>;

    /// How many checkpoints are open. An engine that abandons a call reverts down to the depth at which the call began.
    fn depth(&self) -> usize;

    /// Appends an event.
    fn emit(&mut self, contract: ContractId, name: &str, data: Stored) -> Result<(), Fault>;

    /// The events emitted since the last block and not undone.
    fn events(&self) -> &[Event];

    /// Appends an entry to the log that is chained by hash; gives its index, from 0. `time` is in milliseconds since 1970, virtual in deterministic runs.
    fn append(&mut self, entry: Stored, time: i64) -> Result<u64, Fault>;

    /// Records a transaction that has ended, with the events emitted since the last one recorded, for the next block.
    ///
    /// # Errors
    /// When a checkpoint is open.
    fn record(&mut self, transaction: Transaction, outcome: TransactionOutcome) -> Result<(), Fault>;

    /// Makes a block of everything since the last one. On disk it is durable when this returns.
    ///
    /// # Errors
    /// When a checkpoint is open, or the block cannot be kept; it may be tried again.
    fn commit_block(&mut self, time: i64) -> Result<BlockSummary, Fault>;

    /// Height of the last block; 0 before the first.
    fn height(&self) -> u64;

    /// Root of the state as it is now; with an open checkpoint too.
    fn state_root(&mut self) -> Result<Digest, Fault>;
}

/// The ledger of a run that has none.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoLedger;

#[cold]
fn refused<T>() -> Result<T, Fault> {
    Err(Error::new(ErrorKind::Ledger, "this run has no ledger").with_help("give the run one: RunOptions::ledger"))
}

impl Ledger for NoLedger {
    fn digest(&self, _: Algorithm, _: &[&[u8]], _: &mut Digest) -> Result<(), Fault> {
        refused()
    }

    fn merkle_root(&self, _: &Leaves) -> Result<Digest, Fault> {
        refused()
    }

    fn verify_signature(&self, _: &[u8], _: &[u8], _: &[u8]) -> Result<SignatureCheck, Fault> {
        refused()
    }

    fn contract(&mut self, _: &str) -> Result<ContractId, Fault> {
        refused()
    }

    fn field(&mut self, _: ContractId, _: &str) -> Result<Slot, Fault> {
        refused()
    }

    fn read(&self, _: Slot) -> &Stored {
        &Stored::Absent
    }

    fn write(&mut self, _: Slot, _: Stored) -> Result<(), Fault> {
        refused()
    }

    fn read_entry(&self, _: Slot, _: Key<'_>) -> &Stored {
        &Stored::Absent
    }

    fn write_entry(&mut self, _: Slot, _: Key<'_>, _: Stored) -> Result<i64, Fault> {
        refused()
    }

    fn remove_entry(&mut self, _: Slot, _: Key<'_>) -> Result<Stored, Fault> {
        refused()
    }

    fn entries(&self, _: Slot) -> Vec<(OwnedKey, Stored)> {
        Vec::new()
    }

    fn begin(&mut self) -> Result<(), Fault> {
        refused()
    }

    fn commit(&mut self) -> Result<(), Fault> {
        refused()
    }

    fn revert(&mut self) -> Result<(), Fault> {
        refused()
    }

    fn depth(&self) -> usize {
        0
    }

    fn emit(&mut self, _: ContractId, _: &str, _: Stored) -> Result<(), Fault> {
        refused()
    }

    fn events(&self) -> &[Event] {
        &[]
    }

    fn append(&mut self, _: Stored, _: i64) -> Result<u64, Fault> {
        refused()
    }

    fn record(&mut self, _: Transaction, _: TransactionOutcome) -> Result<(), Fault> {
        refused()
    }

    fn commit_block(&mut self, _: i64) -> Result<BlockSummary, Fault> {
        refused()
    }

    fn height(&self) -> u64 {
        0
    }

    fn state_root(&mut self) -> Result<Digest, Fault> {
        refused()
    }
}
