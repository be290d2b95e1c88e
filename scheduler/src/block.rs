//! One block as its workers see it: how a task is executed, and what comes after.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::commit::Commit;
use crate::core::{Core, Portion, Task};
use crate::fault::{Fault, Faults};
use crate::memory::{Location, Write};
use crate::options::{Doubt, Statistics};
use crate::status::State;
use crate::sync::{Lock, Primitives};
use crate::traits::{Transactions, Value};
use crate::version::Version;
use crate::view::{Read, Reason, Source, View};
use crate::write_set::{WriteEntry, WriteSet};

/// What a worker uses for one execution after the other.
pub(crate) struct Scratch<T: Transactions> {
    pub(crate) reads: Vec<Read>,
    pub(crate) writes: WriteSet<T::Key, T::Value>,
    pub(crate) statistics: Statistics,
    pub(crate) portion: Portion,
    invalidated: Vec<Version>,
    dependents: Vec<u32>,
    /// Which transactions wrote what the last one of a serial stretch read.
    pub(crate) writers: Vec<u32>,
}

impl<T: Transactions> Scratch<T> {
    pub(crate) fn new() -> Self {
        Scratch {
            reads: Vec::new(),
            writes: WriteSet::new(),
            statistics: Statistics::default(),
            portion: 0..0,
            invalidated: Vec::new(),
            dependents: Vec::new(),
            writers: Vec::new(),
        }
    }
}

/// How an execution went.
#[derive(Debug)]
pub(crate) enum Attempt<O> {
    /// To its end, with this output; writes and reads are in the worker's scratch.
    Executed(O),
    /// The view stopped it.
    Stopped(Reason),
    /// It was not begun: the last execution read what this transaction is about to write.
    Blocked(u32),
    /// It panicked, or broke the rules.
    Failed,
}

/// A block that runs.
pub(crate) struct Block<'a, 'c, T: Transactions, S: Primitives, F> {
    pub(crate) core: &'a Core<T::Key, T::Value, T::Output, S, F>,
    pub(crate) transactions: &'a T,
    pub(crate) base: &'a dyn crate::State<T::Key, T::Value>,
    pub(crate) commit: S::Lock<&'a mut Commit<'c, T>>,
}

impl<T: Transactions, S: Primitives, F: Faults> Block<'_, '_, T, S, F> {
    /// Executes a transaction against memory. Nobody sees anything of it yet.
    pub(crate) fn execute(&self, task: Task, context: &mut T::Context, scratch: &mut Scratch<T>) -> Attempt<T::Output> {
        let Task { version, is_at_commit_point } = task;
        let core = self.core;
        if let Some(dependency) = self.blocker(version)
            && !is_at_commit_point
        {
            return Attempt::Blocked(dependency);
        }
        scratch.statistics.executions += 1;
        scratch.reads.clear();
        if !core.faults.plants(Fault::WritesLeak) {
            scratch.writes.clear();
        }
        let source = Source::Versions { versions: core, version, reads: &mut scratch.reads, is_at_commit_point };
        let mut view = View::new(&mut scratch.writes, self.base, source);
        let index = version.index as usize;
        let outcome = catch_unwind(AssertUnwindSafe(|| self.transactions.execute(context, index, &mut view)));
        match (outcome, view.stopped()) {
            (Ok(_), Some(reason)) => Attempt::Stopped(reason),
            (Ok(Ok(output)), None) => Attempt::Executed(output),
            // On reads that no serial order gives anything may happen.
            _ if !is_at_commit_point && core.slots[index].status.is_invalidated(version.incarnation) => {
                Attempt::Stopped(Reason::Invalidated)
            }
            _ => Attempt::Failed,
        }
    }

    /// The transaction whose estimate the next execution would read, if it reads what the last one did or what a hint says. Makes it known where
    /// a hint says that it will write.
    fn blocker(&self, version: Version) -> Option<u32> {
        let Core { slots, memory, committed, .. } = self.core;
        let Version { index, incarnation } = version;
        if incarnation == 0 && !self.core.asks_hints(index) {
            return None;
        }
        let mut record = slots[index as usize].record.lock();
        record.renew(self.core.block);
        if incarnation > 0 {
            return record.reads.iter().find_map(|read| memory.blocker(read.location, index));
        }
        let mut blocker = None;
        record.writes.clear();
        self.transactions.hint(index as usize, &mut |key| {
            let hash = crate::hash(&key);
            let (location, dependency) = memory.expect(&key, hash, version, committed);
            record.writes.push(WriteEntry { key, hash, write: Write::Put(None), location: Some(location) });
            blocker = blocker.max(dependency);
        });
        blocker
    }

    /// Makes an execution known: publishes its writes, tells whose reads that changes, wakes who waits, commits what can be committed.
    pub(crate) fn finish(&self, task: Task, attempt: Attempt<T::Output>, scratch: &mut Scratch<T>) {
        let core = self.core;
        let Task { version, is_at_commit_point } = task;
        let next = Version { incarnation: version.incarnation + 1, ..version };
        match attempt {
            Attempt::Executed(output) => self.publish(task, output, scratch),
            Attempt::Blocked(dependency) => core.wait(version, dependency, &mut scratch.statistics),
            Attempt::Stopped(Reason::GivenUp) => core.doubt(Doubt::GivenUp),
            Attempt::Stopped(_) if is_at_commit_point => core.doubt(Doubt::Stopped),
            Attempt::Stopped(Reason::Invalidated) => {
                scratch.statistics.aborts += 1;
                core.again(version, &mut scratch.statistics);
            }
            Attempt::Stopped(Reason::Dependency(dependency)) if !core.is_impatient(version) => {
                scratch.statistics.stops += 1;
                core.wait(next, dependency, &mut scratch.statistics);
            }
            Attempt::Stopped(_) => core.defer(version, &mut scratch.statistics),
            Attempt::Failed => core.doubt(Doubt::Failed),
        }
    }

    fn publish(&self, task: Task, output: T::Output, scratch: &mut Scratch<T>) {
        let core = self.core;
        let Task { version, is_at_commit_point } = task;
        let Scratch { reads, writes, statistics, invalidated, dependents, .. } = scratch;
        let slot = &core.slots[version.index as usize];
        statistics.validations += 1;
        let asked_early = core.faults.plants(Fault::CommitAskedEarly) && self.is_next(version.index);
        {
            let mut record = slot.record.lock();
            // A new value tells those who read the old one. Where it is known to be wrong, they are left alone until the next.
            let is_wrong = !is_at_commit_point
                && core.slots[version.index as usize].status.is_invalidated(version.incarnation)
                && !core.faults.plants(Fault::ValidationSkipped);
            for entry in &mut writes.entries {
                let write = entry.write.clone();
                let location = match write {
                    Write::Put(value) if is_at_commit_point => {
                        core.memory.write_settled(&entry.key, entry.hash, version, value, invalidated)
                    }
                    write if is_wrong => {
                        core.memory.write_estimate(&entry.key, entry.hash, version, write, &core.committed)
                    }
                    write => core.memory.write(&entry.key, entry.hash, version, write, &core.committed, invalidated),
                };
                entry.location = Some(location);
            }
            record.renew(core.block);
            if version.incarnation > 0 || !core.faults.plants(Fault::HintStays) {
                for location in no_longer_written(&record.writes, &writes.entries) {
                    core.memory.remove(location, version.index, invalidated);
                }
            }
            // Copied, not swapped: then the buffers of transactions lie in memory as they were made, in order.
            record.reads.clear();
            record.reads.extend_from_slice(reads);
            record.writes.clear();
            record.writes.append(&mut writes.entries);
            record.output = Some(output);
            record.is_settled = is_at_commit_point;
            core.invalidate(invalidated, statistics);
            if is_at_commit_point {
                slot.status.set(State::Executed, version.incarnation);
            } else if !slot.status.executed(version.incarnation, core.faults) {
                return core.abort(version, &record, statistics);
            }
            if !core.faults.plants(Fault::LostWakeUp) {
                std::mem::swap(&mut record.dependents, dependents);
            }
        }
        for dependent in dependents.drain(..) {
            core.wake(dependent);
        }
        // The commit may have come here before this was executed, and gone.
        S::fence();
        if if core.faults.plants(Fault::CommitAskedEarly) { asked_early } else { self.is_next(version.index) } {
            self.sweep(statistics);
        }
    }
}

/// Where an older incarnation wrote and the new one does not. Most write the same locations in the same order, which is looked at first.
fn no_longer_written<K: crate::Key, V: Value>(
    old: &[WriteEntry<K, V>],
    new: &[WriteEntry<K, V>],
) -> impl Iterator<Item = Location> {
    let is_at = |at: usize, location| new.get(at).is_some_and(|entry| entry.location == location);
    let stays = move |at, location| is_at(at, location) || new.iter().any(|entry| entry.location == location);
    old.iter().enumerate().filter_map(move |(at, entry)| entry.location.filter(|_| !stays(at, entry.location)))
}
