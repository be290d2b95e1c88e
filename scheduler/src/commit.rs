//! Rolling commit: transactions become final one after the other while later ones are executed.

use smallvec::SmallVec;

use crate::block::Block;
use crate::core::ENDED;
use crate::delta::Delta;
use crate::fault::{Fault, Faults};
use crate::gauge::Gauge;
use crate::memory::Write;
use crate::options::{Doubt, Statistics};
use crate::overlay::Overlay;
use crate::record::Record;
use crate::status::State;
use crate::sync::{Lock, Primitives, Word};
use crate::traits::{Transactions, Value};
use crate::version::Version;
use crate::write_set::Writes;

/// Told of each transaction when it is final, in the block's order, with its output and its writes.
pub(crate) type OnCommit<'a, T> = dyn FnMut(usize, &<T as Transactions>::Output, Writes<'_, <T as Transactions>::Key, <T as Transactions>::Value>)
    + Send
    + 'a;

/// What only the worker that commits has to do with.
pub(crate) struct Commit<'a, T: Transactions> {
    pub(crate) outputs: Vec<T::Output>,
    pub(crate) on_commit: &'a mut OnCommit<'a, T>,
    pub(crate) gauge: Gauge,
    /// What a serial stretch wrote and memory does not have yet.
    pub(crate) overlay: &'a mut Overlay<T::Key, T::Value>,
}

/// The values that deltas come to, by their places among the writes.
type Sums<V> = SmallVec<[(usize, V); 2]>;

impl<T: Transactions, S: Primitives, F: Faults> Block<'_, '_, T, S, F> {
    /// Whether this is the next transaction to commit.
    pub(crate) fn is_next(&self, index: u32) -> bool {
        self.core.committed.load() == index as usize
    }

    /// Commits all that can be committed, on this worker or on the one that is at it.
    pub(crate) fn sweep(&self, statistics: &mut Statistics) {
        let work = || {
            let mut commit = self.commit.lock();
            while self.commit_next(&mut commit, statistics) {}
        };
        self.core.baton.run(work, self.core.faults);
    }

    /// Commits the transaction at the commit point if it is executed.
    fn commit_next(&self, commit: &mut Commit<'_, T>, statistics: &mut Statistics) -> bool {
        let core = self.core;
        let mut index = core.committed.load();
        let Some(mut slot) = core.slots[..core.count].get(index) else { return false };
        if core.faults.plants(Fault::CommitOutOfOrder)
            && slot.status.get().0 != State::Executed
            && let Some(later) = core.slots[..core.count].get(index + 1)
        {
            (index, slot) = (index + 1, later);
        }
        let (state, incarnation) = slot.status.get();
        match state {
            State::Executed => {}
            State::Deferred => {
                core.release(index as u32);
                return false;
            }
            // Whoever ends that state looks here.
            _ => return false,
        }
        let version = Version { index: index as u32, incarnation };
        let mut record = slot.record.lock();
        statistics.validations += 1;
        if core.options.verify && !record.is_settled && !self.verify(&record, version.index) {
            core.doubt(Doubt::NotVerified);
            return false;
        }
        let Some(sums) = self.sums(&record, version.index) else {
            slot.status.set(State::Aborting, incarnation);
            statistics.bounds += 1;
            core.abort(version, &record, statistics);
            return false;
        };
        for (at, value) in sums {
            let entry = &mut record.writes[at];
            core.memory.settle(entry.location.expect("published"), version, Some(value.clone()));
            entry.write = Write::Put(Some(value));
        }
        let Some(output) = record.output.take() else {
            core.doubt(Doubt::NoOutput);
            return false;
        };
        slot.status.set(State::Committed, incarnation);
        statistics.committed += 1;
        (commit.on_commit)(index, &output, Writes::new(&record.writes));
        commit.outputs.push(output);
        let writers = record.reads.iter().map(|read| read.version.index);
        let parallelism = commit.gauge.commit(writers);
        drop(record);
        core.committed.store(index + 1);
        if index + 1 == core.count {
            core.phase.store(ENDED);
            if !core.faults.plants(Fault::EndNotAnnounced) {
                core.parking.wake_all();
            }
            return false;
        }
        // Whoever executes the next one may be done, and have looked before this.
        S::fence();
        let is_chain = parallelism.is_some_and(|parallelism| parallelism < core.options.least_parallelism);
        if is_chain && core.is_parallel() {
            core.close();
        }
        true
    }

    /// Whether all reads of a transaction at the commit point found what is there now.
    fn verify(&self, record: &Record<T::Key, T::Value, T::Output>, index: u32) -> bool {
        record.reads.iter().all(|read| self.core.memory.last_writer(read.location, index) == read.version)
    }

    /// What the deltas of a transaction at the commit point come to; nothing if a bound is passed.
    fn sums(&self, record: &Record<T::Key, T::Value, T::Output>, index: u32) -> Option<Sums<T::Value>> {
        let mut sums = Sums::new();
        for (at, entry) in record.writes.iter().enumerate() {
            if let Write::Add(delta) = &entry.write {
                let settled = self.core.memory.settled(entry.location.expect("published"), index);
                let below = settled.unwrap_or_else(|| self.base.read(&entry.key));
                match add::<T::Value>(delta, below.as_ref()) {
                    Some(sum) => sums.push((at, sum)),
                    None if self.core.faults.plants(Fault::BoundUnchecked) => sums.extend(below.map(|sum| (at, sum))),
                    None => return None,
                }
            }
        }
        Some(sums)
    }
}

fn add<V: Value>(delta: &V::Delta, below: Option<&V>) -> Option<V> {
    delta.apply(below)
}
