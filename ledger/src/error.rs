//! What can go wrong with a ledger.

use std::path::PathBuf;

use runtime::{Error, ErrorKind, Fault};
use thiserror::Error as ThisError;

/// What can go wrong with a ledger.
#[derive(Debug, ThisError)]
pub enum LedgerError {
    /// Something was written while no transaction was open.
    #[error("State write outside a transaction")]
    OutsideTransaction,
    /// A transaction was to be closed while none was open.
    #[error("Transaction {what} without a begin")]
    Unbalanced {
        /// `commit` or `revert`.
        what: &'static str,
    },
    /// A block was to be made while a transaction was open.
    #[error("{what} while transactions are open: {open}")]
    Open {
        /// What was to be done.
        what: &'static str,
        /// How many transactions are open.
        open: usize,
    },
    /// A limit of the implementation.
    #[error("the ledger has too many {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
    },
    /// A number that this ledger has not given.
    #[error("the slot or contract is not one of this ledger")]
    Foreign,
    /// The file cannot be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was to be done.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// Another process has the file open.
    #[error("{} is in use by another process", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file is something else than a ledger.
    #[error("{} is not a ledger: {reason}", path.display())]
    NotALedger {
        /// The file.
        path: PathBuf,
        /// What gave it away.
        reason: String,
    },
    /// The file's format is another version's.
    #[error("{} has version {found} of the ledger's format, and this program reads version {known}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The version that this program reads.
        known: u32,
    },
    /// The file is damaged.
    #[error("{} is damaged: {part}: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Which part of it.
        part: String,
        /// What is wrong there.
        reason: String,
    },
    /// The block cannot be kept.
    #[error("cannot write a block to {}: {reason}", path.display())]
    Commit {
        /// The file.
        path: PathBuf,
        /// Why it failed.
        reason: String,
    },
}

impl LedgerError {
    fn help(&self) -> Option<&'static str> {
        Some(match self {
            Self::OutsideTransaction => "open one first: tx { … }, or a contract's action",
            Self::Unbalanced { .. } => "each begin has one commit or one revert",
            Self::Open { .. } => "commit or revert them first",
            Self::InUse { .. } => "wait until it has ended, or use another file",
            Self::Damaged { .. } => "`harness ledger verify` tells what else is damaged; restore the file from a copy",
            _ => return None,
        })
    }
}

impl From<LedgerError> for Fault {
    #[cold]
    fn from(error: LedgerError) -> Self {
        let fault = Error::new(ErrorKind::Ledger, error.to_string());
        match error.help() {
            Some(help) => fault.with_help(help),
            None => fault,
        }
    }
}
