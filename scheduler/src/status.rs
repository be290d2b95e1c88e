//! Where each transaction stands, in one word.
//!
//! ```text
//! READY ──claim──► EXECUTING ──executed──► EXECUTED ──► COMMITTED
//!   ▲                  │  └─ something it read changed: INVALIDATED ─┐  │
//!   │                  ├─ stopped: WAITING for a transaction         │  │ something it read changed
//!   │                  └─ stopped: DEFERRED to the commit point      ▼  ▼
//!   └───────── next incarnation ◄─────────────────────────────────── ABORTING
//! ```

use crate::fault::{Fault, Faults};
use crate::sync::Word;
use crate::version::Version;

/// Where a transaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Somebody should execute it.
    Ready,
    /// A worker executes it.
    Executing,
    /// A worker executes it, and something it read has changed.
    Invalidated,
    /// Its writes are in memory.
    Executed,
    /// Its writes are becoming estimates.
    Aborting,
    /// It will be ready when the transaction it waits for is executed.
    Waiting,
    /// It will be ready when all before it are committed.
    Deferred,
    /// Its outcome is final.
    Committed,
}

const STATES: [State; 8] = [
    State::Ready,
    State::Executing,
    State::Invalidated,
    State::Executed,
    State::Aborting,
    State::Waiting,
    State::Deferred,
    State::Committed,
];

/// A transaction's state and incarnation.
pub(crate) struct Status<W>(W);

fn pack(state: State, incarnation: u32) -> usize {
    (incarnation as usize) << 3 | state as usize
}

fn unpack(word: usize) -> (State, u32) {
    (STATES[word & 7], (word >> 3) as u32)
}

/// What came of telling a transaction that something it read has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Invalidation {
    /// Another incarnation is under way, or none that has read anything.
    Stale,
    /// Whoever executes it will see.
    Noted,
    /// It was executed; whoever is told this aborts it.
    Abort,
}

impl<W: Word> Status<W> {
    pub(crate) fn new() -> Self {
        Status(W::new(pack(State::Ready, 0)))
    }

    /// Ready for the first time. The block must not run.
    pub(crate) fn reset(&self) {
        self.0.store(pack(State::Ready, 0));
    }

    pub(crate) fn get(&self) -> (State, u32) {
        unpack(self.0.load())
    }

    /// Makes a ready transaction one that this worker executes, and says which incarnation it is.
    pub(crate) fn claim<F: Faults>(&self, faults: F) -> Option<u32> {
        let (state, incarnation) = self.get();
        let is_claimable = state == State::Ready || faults.plants(Fault::ClaimedTwice) && state == State::Executing;
        let claimed =
            is_claimable && self.0.exchange(pack(state, incarnation), pack(State::Executing, incarnation)).is_ok();
        claimed.then_some(incarnation)
    }

    /// Ends an execution; false if something it read has changed, and it is to be aborted instead.
    pub(crate) fn executed<F: Faults>(&self, incarnation: u32, faults: F) -> bool {
        let is_valid = self.0.exchange(pack(State::Executing, incarnation), pack(State::Executed, incarnation)).is_ok();
        if !is_valid && faults.plants(Fault::ValidationSkipped) {
            self.0.store(pack(State::Executed, incarnation));
            return true;
        }
        is_valid
    }

    /// Goes from a state that only the caller can end to another; a ready one is a new incarnation.
    pub(crate) fn set(&self, state: State, incarnation: u32) {
        self.0.store(pack(state, incarnation));
    }

    /// Makes a transaction that waits a ready one.
    pub(crate) fn wake(&self, from: State) -> bool {
        let (state, incarnation) = self.get();
        state == from && self.0.exchange(pack(from, incarnation), pack(State::Ready, incarnation)).is_ok()
    }

    /// Whether something that this incarnation read has changed while it is executed.
    pub(crate) fn is_invalidated(&self, incarnation: u32) -> bool {
        self.get() != (State::Executing, incarnation)
    }

    /// Tells an execution that something it read has changed.
    pub(crate) fn invalidate<F: Faults>(&self, reader: Version, faults: F) -> Invalidation {
        loop {
            let (state, incarnation) = self.get();
            if incarnation != reader.incarnation {
                return Invalidation::Stale;
            }
            let (next, outcome) = match state {
                State::Executing => (State::Invalidated, Invalidation::Noted),
                State::Executed if faults.plants(Fault::AbortSkipped) => return Invalidation::Stale,
                State::Executed => (State::Aborting, Invalidation::Abort),
                _ => return Invalidation::Stale,
            };
            if self.0.exchange(pack(state, incarnation), pack(next, incarnation)).is_ok() {
                return outcome;
            }
        }
    }
}
