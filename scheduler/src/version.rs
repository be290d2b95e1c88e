//! Which execution of which transaction.

/// One execution of a transaction: its index in the block, and how many executions of it came before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    /// The transaction's index in the block.
    pub(crate) index: u32,
    /// How many executions of it were begun before this one.
    pub(crate) incarnation: u32,
}

impl Version {
    /// No execution: the state before the block.
    pub(crate) const BASE: Version = Version { index: u32::MAX, incarnation: 0 };
}
