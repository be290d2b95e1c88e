//! Changes between parallel and serial, back and forth, with nothing in between: transactions do nothing, and only the core runs.
//!
//! A worker that is held up between two looks at the core while others close and open it again is rare in whole blocks; here it is not.

use std::sync::atomic::{AtomicUsize, Ordering};

use shuttle::scheduler::PctScheduler;
use shuttle::sync::Mutex;
use shuttle::{Config, FailurePersistence, MaxSteps, Runner};

use super::platforms::{Shuttle, Threads};
use crate::core::{Core, Next};
use crate::fault::{Faults, NoFaults};
use crate::options::Options;
use crate::status::State;
use crate::sync::Word;

const TRANSACTIONS: usize = 6;

struct Closings<F> {
    core: Core<u64, u64, (), Shuttle, F>,
    /// How often each transaction was executed.
    executions: [AtomicUsize; TRANSACTIONS],
    /// Held by whoever commits, and by whoever is in a serial stretch.
    commit: Mutex<()>,
    /// How many workers are in a serial stretch.
    alone: AtomicUsize,
}

impl<F: Faults> Closings<F> {
    fn new(faults: F) -> Self {
        let mut core = Core::new(Options { workers: 3, ..Options::default() }, faults);
        core.begin(TRANSACTIONS);
        core.close();
        Closings { core, executions: Default::default(), commit: Mutex::new(()), alone: AtomicUsize::new(0) }
    }

    fn work(&self) {
        // Where there is nothing to do, others have it: nobody sleeps here.
        let mut portion = 0..0;
        for _ in 0..TRANSACTIONS {
            match self.core.next(&mut portion) {
                Next::Execute(task) => self.execute(task.version.index as usize),
                Next::Stretch => self.stretch(),
                Next::Idle | Next::End => {}
            }
        }
    }

    /// Executes one transaction, commits what can be, and closes.
    fn execute(&self, index: usize) {
        self.executions[index].fetch_add(1, Ordering::Relaxed);
        self.core.slots[index].status.set(State::Executed, 0);
        let _commit = self.commit.lock().unwrap();
        while let Some(slot) = self.core.slots.get(self.core.committed())
            && slot.status.get() == (State::Executed, 0)
        {
            slot.status.set(State::Committed, 0);
            self.core.committed.add(1);
        }
        if self.core.is_parallel() {
            self.core.close();
        }
    }

    /// Executes one transaction alone, and opens.
    fn stretch(&self) {
        assert_eq!(self.alone.fetch_add(1, Ordering::Relaxed), 0, "one worker is alone");
        let commit = self.commit.lock().unwrap();
        let first = self.core.committed();
        if first < TRANSACTIONS {
            self.executions[first].fetch_add(1, Ordering::Relaxed);
            self.core.committed.add(1);
        }
        drop(commit);
        self.alone.fetch_sub(1, Ordering::Relaxed);
        self.core.open(first);
    }
}

/// Runs some random schedules. The seed determines them.
pub(super) fn try_closings(seed: u64, faults: impl Faults) {
    let mut config = Config::new();
    config.failure_persistence = FailurePersistence::None;
    config.max_steps = MaxSteps::FailAfter(10_000);
    config.silence_warnings = true;
    let test = move || {
        let closings = Closings::new(faults);
        Shuttle::run((0..3).map(|_| || closings.work()));
        let executions = closings.executions.each_ref().map(|count| count.load(Ordering::Relaxed));
        let committed = closings.core.committed();
        assert!(executions[..committed].iter().all(|&count| count == 1), "executed once each: {executions:?}");
    };
    Runner::new(PctScheduler::new_from_seed(seed, 3, 10), config).run(test);
}

#[test]
fn each_transaction_is_executed_once() {
    (0..300).for_each(|seed| try_closings(seed, NoFaults));
}
