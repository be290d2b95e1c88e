//! Blocks, and their encodings.
//!
//! Everything is in the [canonical encoding](runtime::canonical) with maps in order of insertion; lists stand for structures.
//!
//! | what | encoding |
//! | --- | --- |
//! | header | `[format version, height, parent's hash, time, transactions root, receipts root, state root, number of entries so far, hash of the last entry]` |
//! | transaction | `[sender, contract, action, arguments, gas limit or null]` |
//! | receipt | `[status, gas used, error or null, [event, …]]`; status 0 is success, 1 reverted, 2 out of gas |
//! | event | `[contract, name, data]` |
//! | entry of a block | `[time, value]` |
//! | block | `[header, [transaction, …], [receipt, …], [entry, …]]` |
//!
//! A block's hash is the SHA-256 of its header's encoding; that of the block before the first is 32 zero bytes. The roots of transactions and receipts are those
//! of [Merkle trees](crate::merkle) whose leaves are their encodings. Entries are chained: an entry's hash is the SHA-256 of
//! `[hash of the entry before, index, height of its block, time, value]`, and that before the first is 32 zero bytes.

use runtime::canonical::{Item, Malformed, Reader, Writer};
use runtime::host::{Digest, Event, Leaves, Status, Stored, Transaction};

use crate::digest::sha256;
use crate::merkle;

/// Version of the format, in every header and in every file.
pub const FORMAT: u32 = 1;

/// Hash of the block before the first, and of the entry before the first.
pub const NO_HASH: Digest = [0; 32];

/// What a block's hash is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Its height: the first block's is 1.
    pub height: u64,
    /// Hash of the block before.
    pub parent: Digest,
    /// Milliseconds since 1970, virtual in deterministic runs.
    pub time: i64,
    /// Root of the tree over its transactions.
    pub transactions_root: Digest,
    /// Root of the tree over its receipts.
    pub receipts_root: Digest,
    /// Root of the [tree over the state](crate::tree) after it.
    pub state_root: Digest,
    /// How many entries the log has up to this block.
    pub entries: u64,
    /// Hash of the last of them.
    pub last_entry: Digest,
}

/// How a transaction ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Receipt {
    /// Success or not.
    pub status: Status,
    /// Gas it has taken.
    pub gas_used: u64,
    /// Message of the error that ended it.
    pub error: Option<String>,
    /// Its events in order.
    pub events: Vec<Event>,
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Milliseconds since 1970, virtual in deterministic runs.
    pub time: i64,
    /// What was appended.
    pub value: Stored,
}

/// A block.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// What its hash is of.
    pub header: Header,
    /// Its transactions in order.
    pub transactions: Vec<Transaction>,
    /// Their receipts.
    pub receipts: Vec<Receipt>,
    /// The entries appended in it.
    pub entries: Vec<Entry>,
}

fn optional<T>(writer: &mut Writer<'_>, value: Option<T>, write: impl FnOnce(&mut Writer<'_>, T)) {
    match value {
        Some(value) => write(writer, value),
        None => writer.null(),
    }
}

fn stored(bytes: &mut Vec<u8>, value: &Stored) {
    value.encode(bytes);
}

impl Header {
    /// Appends its encoding.
    pub fn encode(&self, bytes: &mut Vec<u8>) {
        let mut writer = Writer::new(bytes);
        writer.list(9);
        writer.natural(u64::from(FORMAT));
        writer.natural(self.height);
        writer.bytes(&self.parent);
        writer.int(self.time);
        writer.bytes(&self.transactions_root);
        writer.bytes(&self.receipts_root);
        writer.bytes(&self.state_root);
        writer.natural(self.entries);
        writer.bytes(&self.last_entry);
    }

    /// Its block's hash.
    pub fn hash(&self) -> Digest {
        let mut bytes = Vec::with_capacity(256);
        self.encode(&mut bytes);
        sha256(&bytes)
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.list_of(9)?;
        let offset = reader.offset();
        if reader.natural()? != u64::from(FORMAT) {
            return Err(Malformed { offset, reason: "a block of another version" });
        }
        Ok(Self {
            height: reader.natural()?,
            parent: reader.digest()?,
            time: reader.int()?,
            transactions_root: reader.digest()?,
            receipts_root: reader.digest()?,
            state_root: reader.digest()?,
            entries: reader.natural()?,
            last_entry: reader.digest()?,
        })
    }
}

fn encode_transaction(transaction: &Transaction, bytes: &mut Vec<u8>) {
    let mut writer = Writer::new(bytes);
    writer.list(5);
    writer.string(&transaction.sender);
    writer.string(&transaction.contract);
    writer.string(&transaction.action);
    stored(bytes, &transaction.arguments);
    optional(&mut Writer::new(bytes), transaction.gas_limit, |writer, limit| writer.natural(limit));
}

fn decode_transaction(reader: &mut Reader<'_>) -> Result<Transaction, Malformed> {
    reader.list_of(5)?;
    Ok(Transaction {
        sender: reader.string()?.into(),
        contract: reader.string()?.into(),
        action: reader.string()?.into(),
        arguments: Stored::decode(reader)?,
        gas_limit: decode_optional(reader, Reader::natural)?,
    })
}

/// Reads `null`, or what `read` reads.
fn decode_optional<'b, T>(
    reader: &mut Reader<'b>,
    read: impl FnOnce(&mut Reader<'b>) -> Result<T, Malformed>,
) -> Result<Option<T>, Malformed> {
    let mut ahead = reader.clone();
    if ahead.item() == Ok(Item::Null) {
        *reader = ahead;
        return Ok(None);
    }
    read(reader).map(Some)
}

impl Receipt {
    /// Appends its encoding.
    pub fn encode(&self, bytes: &mut Vec<u8>) {
        let mut writer = Writer::new(bytes);
        writer.list(4);
        writer.natural(Status::ALL.iter().position(|&status| status == self.status).unwrap_or_default() as u64);
        writer.natural(self.gas_used);
        optional(&mut writer, self.error.as_deref(), |writer, error| writer.string(error));
        writer.list(self.events.len());
        for event in &self.events {
            let mut writer = Writer::new(bytes);
            writer.list(3);
            writer.string(&event.contract);
            writer.string(&event.name);
            stored(bytes, &event.data);
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.list_of(4)?;
        let offset = reader.offset();
        let number = reader.natural()?;
        let status = usize::try_from(number).ok().and_then(|number| Status::ALL.get(number));
        let Some(&status) = status else { return Err(Malformed { offset, reason: "an unknown status" }) };
        let gas_used = reader.natural()?;
        let error = decode_optional(reader, |reader| reader.string().map(str::to_string))?;
        let events = reader.list()?;
        let event = |_| {
            reader.list_of(3)?;
            Ok(Event {
                contract: reader.string()?.into(),
                name: reader.string()?.into(),
                data: Stored::decode(reader)?,
            })
        };
        let events = (0..events).map(event).collect::<Result<_, _>>()?;
        Ok(Self { status, gas_used, error, events })
    }
}

/// Root of the tree over transactions.
pub fn transactions_root(transactions: &[Transaction]) -> Digest {
    let mut leaves = Leaves::new();
    for transaction in transactions {
        let _: Result<(), std::convert::Infallible> = leaves.push_with(|bytes| {
            encode_transaction(transaction, bytes);
            Ok(())
        });
    }
    merkle::root(&leaves)
}

/// Root of the tree over receipts.
pub fn receipts_root(receipts: &[Receipt]) -> Digest {
    let mut leaves = Leaves::new();
    for receipt in receipts {
        let _: Result<(), std::convert::Infallible> = leaves.push_with(|bytes| {
            receipt.encode(bytes);
            Ok(())
        });
    }
    merkle::root(&leaves)
}

/// Hash of an entry of the log.
pub fn entry_hash(before: &Digest, index: u64, height: u64, time: i64, value: &Stored) -> Digest {
    let mut bytes = Vec::with_capacity(128);
    let mut writer = Writer::new(&mut bytes);
    writer.list(5);
    writer.bytes(before);
    writer.natural(index);
    writer.natural(height);
    writer.int(time);
    stored(&mut bytes, value);
    sha256(&bytes)
}

impl Block {
    /// Its encoding.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        Writer::new(&mut bytes).list(4);
        self.header.encode(&mut bytes);
        Writer::new(&mut bytes).list(self.transactions.len());
        self.transactions.iter().for_each(|transaction| encode_transaction(transaction, &mut bytes));
        Writer::new(&mut bytes).list(self.receipts.len());
        self.receipts.iter().for_each(|receipt| receipt.encode(&mut bytes));
        Writer::new(&mut bytes).list(self.entries.len());
        for entry in &self.entries {
            let mut writer = Writer::new(&mut bytes);
            writer.list(2);
            writer.int(entry.time);
            stored(&mut bytes, &entry.value);
        }
        bytes
    }

    /// The block that bytes encode.
    ///
    /// # Errors
    /// When they encode none.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        reader.list_of(4)?;
        let header = Header::decode(&mut reader)?;
        let count = reader.list()?;
        let transactions = (0..count).map(|_| decode_transaction(&mut reader)).collect::<Result<_, _>>()?;
        let count = reader.list()?;
        let receipts = (0..count).map(|_| Receipt::decode(&mut reader)).collect::<Result<_, _>>()?;
        let count = reader.list()?;
        let entry = |_| {
            reader.list_of(2)?;
            Ok(Entry { time: reader.int()?, value: Stored::decode(&mut reader)? })
        };
        let entries = (0..count).map(entry).collect::<Result<_, _>>()?;
        reader.end()?;
        Ok(Self { header, transactions, receipts, entries })
    }

    /// Checks what it says of itself: the roots in its header.
    ///
    /// # Errors
    /// What is wrong, if anything is.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.transactions.len() != self.receipts.len() {
            return Err("it does not have a receipt for each transaction");
        }
        if self.header.transactions_root != transactions_root(&self.transactions) {
            return Err("its transactions do not have the root in its header");
        }
        if self.header.receipts_root != receipts_root(&self.receipts) {
            return Err("its receipts do not have the root in its header");
        }
        Ok(())
    }

    /// Checks that it continues the chain behind the block with this header; none for the first block.
    ///
    /// # Errors
    /// What is wrong, if anything is.
    pub fn check_behind(&self, parent: Option<&Header>) -> Result<(), &'static str> {
        let header = &self.header;
        let (height, hash, mut index, mut last) = match parent {
            Some(parent) => (parent.height, parent.hash(), parent.entries, parent.last_entry),
            None => (0, NO_HASH, 0, NO_HASH),
        };
        if header.height != height.wrapping_add(1) {
            return Err("its height is not its place in the chain");
        }
        if header.parent != hash {
            return Err("it does not name the hash of the block before");
        }
        for entry in &self.entries {
            last = entry_hash(&last, index, header.height, entry.time, &entry.value);
            index = index.wrapping_add(1);
        }
        if (header.entries, header.last_entry) != (index, last) {
            return Err("its entries do not continue the chain of entries");
        }
        Ok(())
    }
}
