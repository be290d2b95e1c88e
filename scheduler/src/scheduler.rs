//! The scheduler as its users see it.

use rayon::ThreadPool;

use crate::block::{Block, Scratch};
use crate::commit::{Commit, OnCommit};
use crate::core::{Core, Next};
use crate::fault::{Fault, Faults, NoFaults};
use crate::gauge::Gauge;
use crate::options::{Doubt, Options, Statistics};
use crate::overlay::Overlay;
use crate::sync::{Lock, Primitives, Std, Word};
use crate::traits::{State, Transactions};
use crate::write_set::Writes;

/// Runs blocks of transactions. It keeps its threads and all its buffers from one block to the next, so that in the steady state a transaction
/// allocates nothing here.
pub struct Scheduler<T: Transactions> {
    shared: Shared<T, Std, NoFaults>,
    /// All workers but the calling thread. Its threads sleep between blocks.
    pool: Option<ThreadPool>,
}

/// What a block came to.
#[derive(Debug)]
pub struct Outcome<O> {
    /// What each transaction left, in order; not of all where [chains are left](Options::leaves_chains).
    pub outputs: Vec<O>,
    /// What it took.
    pub statistics: Statistics,
    /// Why the parallel run was given up, if it was.
    pub doubt: Option<Doubt>,
}

impl<T: Transactions> std::fmt::Debug for Scheduler<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scheduler").field("options", &self.shared.core.options).finish_non_exhaustive()
    }
}

impl<T: Transactions> Scheduler<T> {
    /// A scheduler with its workers.
    ///
    /// # Panics
    ///
    /// If the platform gives no threads.
    pub fn new(options: Options) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let workers = if options.oversubscribe { options.workers } else { options.workers.min(processors) }.max(1);
        let name = |index| format!("transactions {}", index + 1);
        let pool = (workers > 1).then(|| {
            let builder = rayon::ThreadPoolBuilder::new().num_threads(workers - 1).thread_name(name);
            builder.build().expect("threads for the workers")
        });
        Scheduler { shared: Shared::new(Options { workers, ..options }, NoFaults), pool }
    }

    /// How many workers there are, the calling thread included.
    pub fn workers(&self) -> usize {
        self.shared.workers()
    }

    /// Runs a block on top of a state. The outcome, outputs and writes, is the same as when its transactions are executed one after the other;
    /// `on_commit` gets both, in order, as transactions become final.
    ///
    /// Each worker has a context of its own, of which there must be [`Scheduler::workers`] at least. After a panic of a transaction its context is
    /// used again.
    ///
    /// # Panics
    ///
    /// If a transaction panics in the serial order, or there are too few contexts.
    pub fn run(
        &mut self,
        transactions: &T,
        base: &dyn State<T::Key, T::Value>,
        contexts: &mut [T::Context],
        mut on_commit: impl FnMut(usize, &T::Output, Writes<'_, T::Key, T::Value>) + Send,
    ) -> Outcome<T::Output> {
        let pool = self.pool.as_ref();
        self.shared.run(transactions, base, contexts, &mut on_commit, |block, contexts, scratches| {
            let Some(pool) = pool else { return };
            let ((context, contexts), (scratch, scratches)) = (split(contexts), split(scratches));
            // What begins serially may end so; the other workers are not even woken then.
            if !block.core.is_parallel() && block.core.next(&mut scratch.portion) == Next::Stretch {
                block.stretch(context, scratch);
            }
            if !block.core.is_running() {
                return;
            }
            pool.in_place_scope(|scope| {
                for (context, scratch) in contexts.iter_mut().zip(scratches) {
                    scope.spawn(move |_| block.work(context, scratch));
                }
                block.work(context, scratch);
            });
        })
    }
}

fn split<E>(slice: &mut [E]) -> (&mut E, &mut [E]) {
    slice.split_first_mut().expect("there is at least one worker")
}

/// A scheduler without threads: whoever runs a block drives its workers.
pub(crate) struct Shared<T: Transactions, S: Primitives, F> {
    pub(crate) core: Core<T::Key, T::Value, T::Output, S, F>,
    overlay: Overlay<T::Key, T::Value>,
    scratches: Vec<Scratch<T>>,
}

impl<T: Transactions, S: Primitives, F: Faults> Shared<T, S, F> {
    pub(crate) fn new(options: Options, faults: F) -> Self {
        let scratches = (0..options.workers).map(|_| Scratch::new()).collect();
        Shared { core: Core::new(options, faults), overlay: Overlay::new(), scratches }
    }

    pub(crate) fn workers(&self) -> usize {
        self.scratches.len()
    }

    /// Runs a block; `drive` has its workers work until there is no more to do, unless there is only one.
    pub(crate) fn run<'c>(
        &mut self,
        transactions: &T,
        base: &dyn State<T::Key, T::Value>,
        contexts: &mut [T::Context],
        on_commit: &'c mut OnCommit<'c, T>,
        drive: impl FnOnce(&Block<'_, '_, T, S, F>, &mut [T::Context], &mut [Scratch<T>]),
    ) -> Outcome<T::Output> {
        let workers = self.scratches.len();
        assert!(contexts.len() >= workers, "each of {workers} workers needs a context");
        let count = transactions.count();
        self.overlay.clear();
        for scratch in &mut self.scratches {
            scratch.statistics = Statistics::default();
            scratch.portion = 0..0;
        }
        let outputs = Vec::with_capacity(count);
        let mut commit =
            Commit { outputs, on_commit, gauge: Gauge::new(self.core.options.window), overlay: &mut self.overlay };
        let mut first = 0;
        let mut doubt = None;
        if workers > 1 && count > 1 {
            self.core.begin(count);
            let block = Block { core: &self.core, transactions, base, commit: S::Lock::new(&mut commit) };
            drive(&block, &mut contexts[..workers], &mut self.scratches);
            drop(block);
            first = count;
            doubt = self.core.doubted();
            if doubt.is_some() {
                first = self.core.committed.load();
                self.core.memory.all_settled(first as u32, |key, value| {
                    commit.overlay.put(key.clone(), crate::hash(key), value.clone(), 0);
                });
                first += usize::from(self.core.faults.plants(Fault::FallbackSkipsOne));
            }
        }
        let scratch = &mut self.scratches[0];
        crate::serial::run(transactions, first, base, &mut contexts[0], scratch, &mut commit);
        let mut statistics = Statistics { fallbacks: doubt.is_some().into(), ..Statistics::default() };
        for scratch in &self.scratches {
            statistics.add(&scratch.statistics);
        }
        Outcome { outputs: commit.outputs, statistics, doubt }
    }
}
