//! Transactions that are to be executed again, lowest first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use crate::sync::{Lock, Primitives, Word};

/// The queue of transactions to execute again. An entry may be out of date; whoever takes it looks at the transaction's status.
pub(crate) struct Ready<S: Primitives> {
    /// How many there are, so that nobody takes the lock where there are none.
    count: S::Word,
    heap: S::Lock<BinaryHeap<Reverse<u32>>>,
}

impl<S: Primitives> Ready<S> {
    pub(crate) fn new() -> Self {
        Ready { count: S::Word::new(0), heap: S::Lock::new(BinaryHeap::new()) }
    }

    pub(crate) fn clear(&mut self) {
        self.count.store(0);
        self.heap.get_mut().clear();
    }

    pub(crate) fn push(&self, index: u32) {
        let mut heap = self.heap.lock();
        heap.push(Reverse(index));
        self.count.store(heap.len());
    }

    /// Takes the lowest, if it is below this.
    pub(crate) fn pop_below(&self, limit: u32) -> Option<u32> {
        if self.is_empty() {
            return None;
        }
        let mut heap = self.heap.lock();
        let lowest = heap.peek_mut().filter(|lowest| lowest.0 < limit).map(PeekMut::pop);
        self.count.store(heap.len());
        lowest.map(|Reverse(index)| index)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count.load() == 0
    }
}
