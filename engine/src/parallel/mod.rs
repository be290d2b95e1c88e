//! Blocks of transactions, each a call of a contract's action: one after the other, or on several workers with the same outcome.
//!
//! ```text
//!                     ┌─ SerialEngine ─── Session ── machine ── Chain
//! ContractProgram ────┤
//!                     └─ ParallelEngine ─ scheduler ─┬─ Session ── machine ── TransactionLedger ── View ┐
//!                                                    ├─ Session ── machine ── TransactionLedger ── View ┤
//!                                                    └─ rolling commit ── Written ── Chain <────────────┘
//! ```
//!
//! A program's top level makes the contracts, and runs once on the ledger. After that a *session*, which is a run with its heap and the arrays of its machine,
//! executes transactions one after the other; each worker has one. A session keeps nothing of a transaction: what one leaves for the next is in the ledger. The
//! program must be fit for that ([`ContractProgram`]).
//!
//! On several workers, transactions see the ledger through the scheduler's view, location by location ([`Location`]), and it is entered in the ledger itself when all of
//! the block is committed. State root, receipts, gas, events and errors are those of the serial run, and so is the order of the entries in maps.

mod block;
pub mod check;
mod commit;
mod engines;
mod forecast;
mod held;
mod ledger;
mod location;
mod names;
mod program;
mod session;
mod workloads;

pub use engines::{BlockOutcome, ParallelEngine, SerialEngine};
pub use location::Location;
pub use program::{ContractProgram, DEFAULT_GAS};
pub use runtime::host::{Transaction, TransactionOutcome};
pub use scheduler::simulator::{Costs, Projection};
pub use scheduler::{Doubt, Options, Statistics};
pub use workloads::{BLOCK_WORKLOADS, BlockWorkload, Sizes, block_workload, texts};
