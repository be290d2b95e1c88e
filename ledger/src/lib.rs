//! State with an undo journal, blocks in memory and on disk, Merkle trees, digests and signatures.
//!
//! | part | what it is |
//! | --- | --- |
//! | [`Chain`] | a ledger, as programs use it through [`runtime::host::Ledger`] |
//! | `state`, `table` | what was written, and the journal that undoes it; the entries of maps |
//! | [`tree`] | the Merkle tree over the state, and what the state root is |
//! | [`block`] | blocks, receipts and entries, their hashes and encodings |
//! | [`store`], [`disk`] | where blocks and state are kept: memory, a file |
//! | [`verify`] | checks everything that a file says |
//! | [`merkle`], [`digest`], [`signature`] | Merkle trees over lists, digests, signatures |
//!
//! How values become bytes is told in [`runtime::canonical`].

#![forbid(unsafe_code)]

pub mod block;
mod chain;
pub mod digest;
pub mod disk;
mod error;
mod look;
pub mod merkle;
pub mod signature;
mod state;
pub mod store;
mod table;
pub mod tree;
pub mod verify;

pub use chain::Chain;
pub use error::LedgerError;
pub use look::Position;
pub use state::{Content, Location};
