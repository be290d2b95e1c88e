//! Where a ledger's blocks and state are kept: a trait, and memory. [`disk`](crate::disk) has the file.

use runtime::canonical::{Item, Malformed, Reader, Writer};
use runtime::host::{MapHead, OwnedKey, Stored};

use crate::block::Block;
use crate::error::LedgerError;
use crate::state::{Content, Location};

/// A location whose content is new or gone.
#[derive(Clone, Debug, PartialEq)]
pub struct LocationChange {
    /// The location's encoding.
    pub location: Vec<u8>,
    /// The encoding of what it holds now; none when it holds nothing.
    pub content: Option<Vec<u8>>,
}

/// Where a ledger's blocks and state are kept.
pub trait Store: Send + Sync + std::fmt::Debug {
    /// The block at a height, from 1; none if there is none.
    ///
    /// # Errors
    /// When it cannot be read or is damaged.
    fn block(&self, height: u64) -> Result<Option<Block>, LedgerError>;

    /// Height of the last block; 0 without one.
    ///
    /// # Errors
    /// When it cannot be read.
    fn height(&self) -> Result<u64, LedgerError>;

    /// Hands over the whole state.
    ///
    /// # Errors
    /// When it cannot be read or is damaged, and those of `each`.
    fn load(&self, each: &mut dyn FnMut(Location, Content) -> Result<(), LedgerError>) -> Result<(), LedgerError>;

    /// Appends a block and changes the state, both or neither; durable, if the store is, when this returns.
    ///
    /// # Errors
    /// When it cannot be kept.
    fn commit(&mut self, block: Block, changes: &[LocationChange]) -> Result<(), LedgerError>;
}

/// The store of a ledger that lives as long as its process: it has the blocks; the state is in memory anyway.
#[derive(Debug, Default)]
pub struct Memory {
    blocks: Vec<Block>,
}

impl Store for Memory {
    fn block(&self, height: u64) -> Result<Option<Block>, LedgerError> {
        let index = height.checked_sub(1).and_then(|index| usize::try_from(index).ok());
        Ok(index.and_then(|index| self.blocks.get(index)).cloned())
    }

    fn height(&self) -> Result<u64, LedgerError> {
        Ok(self.blocks.len() as u64)
    }

    fn load(&self, _: &mut dyn FnMut(Location, Content) -> Result<(), LedgerError>) -> Result<(), LedgerError> {
        Ok(())
    }

    fn commit(&mut self, block: Block, _: &[LocationChange]) -> Result<(), LedgerError> {
        self.blocks.push(block);
        Ok(())
    }
}

impl Location {
    /// Its encoding: the list of contract, field and, for an entry, key.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(64);
        let mut writer = Writer::new(&mut bytes);
        writer.list(if self.key.is_some() { 3 } else { 2 });
        writer.string(&self.contract);
        writer.string(&self.field);
        match &self.key {
            None => {}
            Some(OwnedKey::Int(value)) => writer.int(*value),
            Some(OwnedKey::Bool(value)) => writer.bool(*value),
            Some(OwnedKey::String(text)) => writer.string(text),
        }
        bytes
    }

    /// The location that bytes encode.
    ///
    /// # Errors
    /// When they encode none.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let has_key = match reader.list()? {
            2 => false,
            3 => true,
            _ => return Err(Malformed { offset: 0, reason: "neither a field nor an entry" }),
        };
        let (contract, field) = (reader.string()?.into(), reader.string()?.into());
        let key = match has_key.then(|| reader.item()).transpose()? {
            None => None,
            Some(Item::Int(value)) => Some(OwnedKey::Int(value)),
            Some(Item::Bool(value)) => Some(OwnedKey::Bool(value)),
            Some(Item::String(text)) => Some(OwnedKey::String(text.into())),
            Some(_) => return Err(Malformed { offset: reader.offset(), reason: "not a key" }),
        };
        reader.end()?;
        Ok(Self { contract, field, key })
    }
}

const FIELD: u64 = 0;
const MAP: u64 = 1;
const ENTRY: u64 = 2;

impl Content {
    /// Its encoding: `[0, value]` for a field, `[1, length, next number]` for a field that is a map, `[2, number, value]` for an entry. None when it
    /// holds nothing.
    pub fn encode(&self, is_entry: bool) -> Option<Vec<u8>> {
        let mut bytes = Vec::with_capacity(32);
        let mut writer = Writer::new(&mut bytes);
        match &self.value {
            Stored::Absent => return None,
            Stored::Map(MapHead { len, next }) => {
                writer.list(3);
                writer.natural(MAP);
                writer.natural(u64::from(*len));
                writer.natural(u64::from(*next));
            }
            value if is_entry => {
                writer.list(3);
                writer.natural(ENTRY);
                writer.natural(u64::from(self.sequence));
                value.encode(&mut bytes);
            }
            value => {
                writer.list(2);
                writer.natural(FIELD);
                value.encode(&mut bytes);
            }
        }
        Some(bytes)
    }

    /// The content that bytes encode.
    ///
    /// # Errors
    /// When they encode none of this kind of location.
    pub fn decode(bytes: &[u8], is_entry: bool) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let number = |reader: &mut Reader<'_>| {
            let offset = reader.offset();
            u32::try_from(reader.natural()?).map_err(|_| Malformed { offset, reason: "a number of more than 32 bits" })
        };
        let len = reader.list()?;
        let content = match (len, reader.natural()?, is_entry) {
            (2, FIELD, false) => Self { value: Stored::decode(&mut reader)?, sequence: 0 },
            (3, MAP, false) => {
                let head = MapHead { len: number(&mut reader)?, next: number(&mut reader)? };
                Self { value: Stored::Map(head), sequence: 0 }
            }
            (3, ENTRY, true) => {
                let sequence = number(&mut reader)?;
                Self { value: Stored::decode(&mut reader)?, sequence }
            }
            _ => return Err(Malformed { offset: 0, reason: "not what such a location holds" }),
        };
        reader.end()?;
        Ok(content)
    }
}
