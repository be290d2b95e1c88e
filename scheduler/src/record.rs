//! What is kept of a transaction from one execution to the next.

use crate::status::Status;
use crate::sync::{Lock, Primitives};
use crate::traits::{Key, Value};
use crate::view::Read;
use crate::write_set::WriteEntry;

/// What the last execution of a transaction left, or of one in an earlier block: see [`Record::renew`].
pub(crate) struct Record<K, V: Value, O> {
    block: usize,
    pub(crate) reads: Vec<Read>,
    /// Before the first execution, where a hint says that it will write.
    pub(crate) writes: Vec<WriteEntry<K, V>>,
    pub(crate) output: Option<O>,
    /// It was executed at the commit point: its writes are settled, and there is nothing to validate.
    pub(crate) is_settled: bool,
    /// Transactions that wait for this one.
    pub(crate) dependents: Vec<u32>,
}

impl<K: Key, V: Value, O> Record<K, V, O> {
    fn new() -> Self {
        let (reads, writes, dependents) = (Vec::new(), Vec::new(), Vec::new());
        Record { block: usize::MAX, reads, writes, output: None, is_settled: false, dependents }
    }

    /// Forgets what an earlier block left.
    pub(crate) fn renew(&mut self, block: usize) {
        if self.block != block {
            self.block = block;
            self.reads.clear();
            self.writes.clear();
        }
    }
}

/// A transaction. Locks of two records are taken in the order of the block, locks of memory under those.
pub(crate) struct Slot<K: Key, V: Value, O: Send, S: Primitives> {
    pub(crate) status: Status<S::Word>,
    pub(crate) record: S::Lock<Record<K, V, O>>,
}

impl<K: Key, V: Value, O: Send, S: Primitives> Slot<K, V, O, S> {
    pub(crate) fn new() -> Self {
        Slot { status: Status::new(), record: S::Lock::new(Record::new()) }
    }
}
