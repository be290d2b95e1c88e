//! Transactions one after the other, without versions: the whole block of one worker, what a parallel run left that was given up, or a stretch
//! of transactions that depend on each other, while the other workers sleep.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::block::{Block, Scratch};
use crate::commit::Commit;
use crate::core::ENDED;
use crate::fault::Faults;
use crate::options::Doubt;
use crate::sync::{Lock, Primitives, Word};
use crate::traits::{State, Transactions};
use crate::version::Version;
use crate::view::{Source, View};
use crate::write_set::Writes;

/// Executes the transactions from `first` on, on top of what the overlay has.
///
/// # Panics
///
/// If a transaction does, or breaks the rules of [`Transactions::execute`].
pub(crate) fn run<T: Transactions>(
    transactions: &T,
    first: usize,
    base: &dyn State<T::Key, T::Value>,
    context: &mut T::Context,
    scratch: &mut Scratch<T>,
    commit: &mut Commit<'_, T>,
) {
    for index in first..transactions.count() {
        scratch.writes.clear();
        let mut view = View::new(&mut scratch.writes, base, Source::Serial(commit.overlay));
        let Ok(output) = transactions.execute(context, index, &mut view) else {
            panic!("transaction {index} stopped, but in a serial run nothing stops one");
        };
        (commit.on_commit)(index, &output, Writes::new(&scratch.writes.entries));
        commit.outputs.push(output);
        commit.overlay.extend(scratch.writes.entries.drain(..), index as u32);
        scratch.statistics.executions += 1;
        scratch.statistics.committed += 1;
    }
}

impl<T: Transactions, S: Primitives, F: Faults> Block<'_, '_, T, S, F> {
    /// Executes transactions from the commit point on until they no longer form a chain. All that was begun is committed.
    pub(crate) fn stretch(&self, context: &mut T::Context, scratch: &mut Scratch<T>) {
        let core = self.core;
        if core.options.leaves_chains {
            return core.end();
        }
        let mut commit = self.commit.lock();
        let first = core.committed.load();
        let mut index = first;
        // A panic is met again, and passed on, by the run after the doubt.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            while index < core.count {
                let is_parallel = self.step(index, context, scratch, &mut commit);
                index += 1;
                if is_parallel {
                    break;
                }
            }
        }));
        scratch.statistics.serial += index - first;
        core.committed.store(index);
        if outcome.is_ok() && index == core.count {
            commit.overlay.clear();
            core.phase.store(ENDED);
            return core.parking.wake_all();
        }
        let mut unread = Vec::new();
        for held in commit.overlay.drain() {
            let (hash, version) = (crate::hash(&held.key), Version { index: held.writer, incarnation: 0 });
            core.memory.write_settled(&held.key, hash, version, held.value, &mut unread);
        }
        match outcome {
            Ok(()) => core.open(first),
            Err(_) => core.doubt(Doubt::Failed),
        }
    }

    /// Executes and commits the next transaction of a stretch; whether there is something to do for more workers from now on.
    pub(crate) fn step(
        &self,
        index: usize,
        context: &mut T::Context,
        scratch: &mut Scratch<T>,
        commit: &mut Commit<'_, T>,
    ) -> bool {
        let Scratch { writes, writers, statistics, .. } = scratch;
        writes.clear();
        writers.clear();
        let source = Source::Stretch { overlay: commit.overlay, versions: self.core, index: index as u32, writers };
        let mut view = View::new(writes, self.base, source);
        let Ok(output) = self.transactions.execute(context, index, &mut view) else {
            panic!("transaction {index} stopped, but in a serial run nothing stops one");
        };
        (commit.on_commit)(index, &output, Writes::new(&writes.entries));
        commit.outputs.push(output);
        commit.overlay.extend(writes.entries.drain(..), index as u32);
        statistics.executions += 1;
        statistics.committed += 1;
        let parallelism = commit.gauge.commit(writers.iter().copied());
        parallelism.is_some_and(|parallelism| parallelism >= self.core.options.least_parallelism)
    }
}
