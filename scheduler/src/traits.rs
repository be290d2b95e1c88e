//! What a caller brings: keys, values, the state before the block, and the transactions.

use std::hash::Hash;

use crate::delta::Delta;
use crate::view::{Stop, View};

/// Names one location of the state, the unit of conflict. Hashed by a fast hash that is not for keys an attacker picks.
pub trait Key: Clone + Eq + Hash + Send + Sync {}

impl<K: Clone + Eq + Hash + Send + Sync> Key for K {}

/// What a location holds. It is cloned for each version that is kept and for each read, so it should be cheap to clone.
pub trait Value: Clone + Send + Sync {
    /// How it may be changed without being read; [`NoDelta`](crate::NoDelta) if it can't.
    type Delta: Delta<Self>;
}

/// The state before the block. It does not change while the block runs.
pub trait State<K, V>: Sync {
    /// What the location holds, or nothing.
    fn read(&self, key: &K) -> Option<V>;
}

impl<K, V, F: Fn(&K) -> Option<V> + Sync> State<K, V> for F {
    fn read(&self, key: &K) -> Option<V> {
        self(key)
    }
}

/// A block of transactions, and how one of them is executed.
pub trait Transactions: Sync {
    /// Names a location of the state.
    type Key: Key;
    /// What a location holds.
    type Value: Value;
    /// What a transaction leaves besides its writes: its receipt.
    type Output: Send;
    /// What a worker keeps from one transaction to the next: the heap and the arena of a machine, say.
    type Context: Send;

    /// How many there are.
    fn count(&self) -> usize;

    /// Executes one transaction. Given what it reads, the outcome must always be the same; it must touch the state by the view only, and pass on
    /// the view's errors. It may run several times, and sometimes on reads that no serial order gives: such an execution is not
    /// committed, and ends at its next read. A transaction that fails on its own account is an output, not an error.
    ///
    /// # Errors
    ///
    /// What the view said: the execution can't go on now, and the scheduler knows when it can.
    fn execute(
        &self,
        context: &mut Self::Context,
        index: usize,
        view: &mut View<'_, Self::Key, Self::Value>,
    ) -> Result<Self::Output, Stop>;

    /// Names the locations that the transaction will probably read and then write, as far as that is known without executing it (sender and
    /// receiver of a transfer). Whoever reads them then waits for it instead of executing twice. A wrong hint costs time only.
    fn hint(&self, index: usize, expect: &mut dyn FnMut(Self::Key)) {
        let _ = (index, expect);
    }
}
