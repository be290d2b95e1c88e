//! Runs a block of transactions on several workers, with the outcome of running them one after the other.
//!
//! Nothing is known beforehand of what a transaction reads or writes. So it is executed at once, against a view of the state in which
//! every transaction before it in the block has written what its last execution wrote; if one of them writes something else later, it is executed again. That is
//! Block-STM (Gelashvili, Spiegelman, Xiang, Danezis, Li, Malkhi, Xia, Zhou: *Block-STM: Scaling Blockchain Execution by Turning Ordering Curse
//! to a Performance Blessing*, 2022, arXiv 2203.06871) with what its successors found:
//!
//! - *Multi-version memory* keeps for each location the versions of all transactions (section 3.1; `memory`).
//! - *Estimates*: what an aborted incarnation wrote stays in memory as a guess where the next will write. Whoever reads one waits for that transaction
//!   instead of executing in vain.
//! - *Push validation*: memory knows who read a location, and a change tells exactly those (BlockSTMv2 in Aptos Core), so no transaction's reads are
//!   looked up again just in case.
//! - *Rolling commit*: a transaction is final as soon as all before it are and its reads still stand, not at the end of the block. Outputs and
//!   writes are handed out then, in order.
//! - *Deltas* (Aptos' aggregators, AIP-47): changes that commute are merged, and their bounds are checked at commit.
//! - *A gauge* reads the dependence graph off committed read sets, and goes on serially while it is a chain.
//!
//! The crate knows no machine and no ledger: keys, values, contexts and outputs are type parameters.
//!
//! ```
//! use scheduler::{Options, Scheduler, Stop, Transactions, View};
//!
//! /// Moves money from account to account, if it is there.
//! struct Transfers(Vec<(u32, u32, u64)>);
//!
//! impl Transactions for Transfers {
//!     type Key = u32;
//!     type Value = u64;
//!     type Output = bool;
//!     type Context = ();
//!
//!     fn count(&self) -> usize {
//!         self.0.len()
//!     }
//!
//!     fn execute(&self, _: &mut (), index: usize, view: &mut View<'_, u32, u64>) -> Result<bool, Stop> {
//!         let (from, to, amount) = self.0[index];
//!         let balance = view.read(&from)?.unwrap_or(0);
//!         let Some(rest) = balance.checked_sub(amount) else { return Ok(false) };
//!         view.write(from, rest)?;
//!         view.add(to, scheduler::Sum::new(amount as i64))
//!     }
//! }
//!
//! let block = Transfers(vec![(1, 2, 30), (2, 3, 20), (3, 1, 90)]);
//! let mut scheduler = Scheduler::new(Options { workers: 2, ..Options::default() });
//! let genesis = |account: &u32| (*account == 1).then_some(100);
//! let mut state = std::collections::BTreeMap::new();
//! let outcome = scheduler.run(&block, &genesis, &mut [(), ()], |_, _, writes| {
//!     state.extend(writes.iter().map(|(account, balance)| (*account, *balance.unwrap())));
//! });
//! assert_eq!(outcome.outputs, [true, true, false]);
//! assert_eq!(state, [(1, 70), (2, 10), (3, 20)].into());
//! ```

#![forbid(unsafe_code)]

mod baton;
mod block;
mod commit;
mod core;
mod delta;
pub mod dependence;
mod fault;
mod gauge;
mod memory;
mod mode;
mod options;
mod overlay;
mod parking;
mod ready;
mod record;
mod scheduler;
mod serial;
pub mod simulator;
mod status;
mod sync;
#[cfg(test)]
mod tests;
mod traits;
mod version;
mod view;
mod worker;
pub mod workload;
mod write_set;

pub use delta::{Delta, NoDelta, Sum};
pub use options::{Doubt, Options, Statistics};
pub use scheduler::{Outcome, Scheduler};
pub use traits::{Key, State, Transactions, Value};
pub use view::{Stop, View};
pub use write_set::Writes;

/// The hash by which all tables find a key; it is computed once for each access.
fn hash<K: Key>(key: &K) -> u64 {
    use std::hash::BuildHasher;
    fxhash::FxBuildHasher.hash_one(key)
}
