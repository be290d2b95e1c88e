//! How long a block would take on any number of workers, by a virtual clock.
//!
//! A machine with two processors can't show what sixteen would do. So the scheduler itself runs here, on one thread, with virtual workers: the one
//! whose clock is lowest takes its next step, and its clock is charged what the step is said to cost. Executions read when they begin and
//! publish when they end. What comes out is the same each time.
//!
//! What it leaves out: the memory bus, caches, and waiting for locks. The costs should be measured on a real run of the same block.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::block::{Attempt, Block, Scratch};
use crate::commit::Commit;
use crate::core::{Next, Task};
use crate::fault::NoFaults;
use crate::gauge::Gauge;
use crate::options::{Options, Statistics};
use crate::overlay::Overlay;
use crate::scheduler::Shared;
use crate::sync::{Lock, Std};
use crate::traits::{State, Transactions};

/// What steps cost, in nanoseconds.
#[derive(Clone, Debug)]
pub struct Costs {
    /// The execution of each transaction.
    pub executions: Vec<u64>,
    /// The same in a serial stretch, where nobody else does anything.
    pub alone: Vec<u64>,
    /// Taking a task, and publishing what came of it.
    pub scheduling: u64,
    /// One validation.
    pub validation: u64,
    /// The part of an execution, in percent, that is done when an estimate stops it.
    pub stopped_after: u64,
    /// Until a worker that sleeps is awake.
    pub waking: u64,
}

impl Costs {
    /// The same for each of so many transactions, and what scheduling costs on a usual machine.
    pub fn uniform(count: usize, execution: u64) -> Self {
        let executions = vec![execution; count];
        Costs {
            alone: executions.clone(),
            executions,
            scheduling: 150,
            validation: 30,
            stopped_after: 20,
            waking: 2000,
        }
    }
}

/// What a block would take.
#[derive(Clone, Debug, PartialEq)]
pub struct Projection {
    /// On how many workers.
    pub workers: usize,
    /// Until all is committed, in nanoseconds.
    pub makespan: u64,
    /// All executions one after the other, once each, in nanoseconds.
    pub serial: u64,
    /// The dearest chain of transactions each of which reads what one before it wrote, in nanoseconds. Deltas depend on nothing.
    pub critical_path: u64,
    /// What the scheduler did.
    pub statistics: Statistics,
}

impl Projection {
    /// How many times as fast as a serial run.
    pub fn speed_up(&self) -> f64 {
        self.serial as f64 / self.makespan.max(1) as f64
    }

    /// What no scheduler can exceed: the number of workers, or what the critical path allows.
    pub fn bound(&self) -> f64 {
        (self.workers as f64).min(self.serial as f64 / self.critical_path.max(1) as f64)
    }
}

/// Simulates a block on as many workers as the options say.
///
/// # Panics
///
/// If there are not as many costs as transactions, or a transaction panics.
pub fn simulate<T: Transactions>(
    transactions: &T,
    base: &dyn State<T::Key, T::Value>,
    mut context: impl FnMut() -> T::Context,
    options: &Options,
    costs: &Costs,
) -> Projection {
    assert_eq!(costs.executions.len(), transactions.count(), "each transaction has a cost");
    let critical_path = critical_path(transactions, base, &mut context(), costs);
    let serial = costs.executions.iter().sum();
    // All of the block is simulated.
    let options = &Options { leaves_chains: false, ..options.clone() };
    let mut shared = Shared::<T, Std, NoFaults>::new(options.clone(), NoFaults);
    let mut contexts: Vec<T::Context> = (0..options.workers).map(|_| context()).collect();
    let mut makespan = serial;
    let outcome = shared.run(transactions, base, &mut contexts, &mut |_, _, _| (), |block, contexts, scratches| {
        let workers = contexts.iter_mut().zip(scratches);
        let workers = workers.map(|(context, scratch)| Worker { context, scratch, task: None, cost: 0 });
        makespan =
            Simulation { block, costs, workers: workers.collect(), events: BinaryHeap::new(), asleep: Vec::new() }
                .run();
    });
    Projection { workers: options.workers, makespan, serial, critical_path, statistics: outcome.statistics }
}

/// A virtual worker.
struct Worker<'a, T: Transactions> {
    context: &'a mut T::Context,
    scratch: &'a mut Scratch<T>,
    /// What it executes.
    task: Option<(Task, Attempt<T::Output>)>,
    /// What its last steps cost.
    cost: u64,
}

struct Simulation<'s, 'b, 'c, T: Transactions> {
    block: &'s Block<'b, 'c, T, Std, NoFaults>,
    costs: &'s Costs,
    workers: Vec<Worker<'s, T>>,
    /// When which worker takes its next step.
    events: BinaryHeap<Reverse<(u64, usize)>>,
    asleep: Vec<usize>,
}

impl<T: Transactions> Simulation<'_, '_, '_, T> {
    /// Runs the block, and says when all is committed.
    fn run(mut self) -> u64 {
        self.events.extend((0..self.workers.len()).map(|worker| Reverse((0, worker))));
        let mut alone_until = 0;
        let mut end = 0;
        while let Some(Reverse((now, index))) = self.events.pop() {
            if now < alone_until {
                // In a serial stretch nobody else does anything.
                self.events.push(Reverse((alone_until, index)));
                continue;
            }
            let core = self.block.core;
            let worker = &mut self.workers[index];
            let validations = worker.scratch.statistics.validations;
            worker.cost = 0;
            if let Some((task, attempt)) = worker.task.take() {
                self.block.finish(task, attempt, worker.scratch);
                worker.cost += self.costs.scheduling;
            }
            worker.cost += (worker.scratch.statistics.validations - validations) as u64 * self.costs.validation;
            end = end.max(now + worker.cost);
            match core.next(&mut worker.scratch.portion) {
                Next::Execute(task) => {
                    let attempt = self.block.execute(task, worker.context, worker.scratch);
                    let execution = self.costs.executions[task.version.index as usize];
                    worker.cost += match attempt {
                        Attempt::Executed(_) | Attempt::Failed => execution,
                        Attempt::Stopped(_) => execution * self.costs.stopped_after / 100,
                        Attempt::Blocked(_) => 0,
                    };
                    worker.task = Some((task, attempt));
                    self.events.push(Reverse((now + worker.cost, index)));
                }
                Next::Stretch => {
                    let first = worker.scratch.statistics.committed;
                    let begun = core.committed();
                    self.block.stretch(worker.context, worker.scratch);
                    let count = worker.scratch.statistics.committed - first;
                    worker.cost += self.costs.alone[begun..begun + count].iter().sum::<u64>();
                    alone_until = now + worker.cost;
                    end = end.max(alone_until);
                    self.events.push(Reverse((alone_until, index)));
                }
                Next::Idle => {
                    worker.scratch.statistics.sleeps += 1;
                    self.asleep.push(index);
                }
                Next::End => {}
            }
            if !core.is_idle() {
                let wake = now + self.workers[index].cost.min(self.costs.scheduling) + self.costs.waking;
                self.events.extend(self.asleep.drain(..).map(|worker| Reverse((wake, worker))));
            }
        }
        end
    }
}

/// The dearest chain of transactions each of which reads what one before it wrote, in a serial run.
fn critical_path<T: Transactions>(
    transactions: &T,
    base: &dyn State<T::Key, T::Value>,
    context: &mut T::Context,
    costs: &Costs,
) -> u64 {
    let options = Options { workers: 1, least_parallelism: f32::INFINITY, ..Options::default() };
    let shared = Shared::<T, Std, NoFaults>::new(options, NoFaults);
    let mut scratch = Scratch::new();
    let mut overlay = Overlay::new();
    let mut on_commit = |_: usize, _: &T::Output, _: crate::Writes<'_, T::Key, T::Value>| ();
    let (outputs, gauge) = (Vec::new(), Gauge::new(1));
    let mut commit = Commit { outputs, on_commit: &mut on_commit, gauge, overlay: &mut overlay };
    let mut ends = Vec::with_capacity(transactions.count());
    let mut unused = Commit {
        outputs: Vec::new(),
        on_commit: &mut |_, _, _| (),
        gauge: Gauge::new(1),
        overlay: &mut Overlay::new(),
    };
    let block = Block { core: &shared.core, transactions, base, commit: Lock::new(&mut unused) };
    for (index, cost) in costs.executions.iter().enumerate() {
        block.step(index, context, &mut scratch, &mut commit);
        let begin = scratch.writers.iter().map(|&writer| ends[writer as usize]).max().unwrap_or(0);
        ends.push(begin + cost);
    }
    ends.into_iter().max().unwrap_or(0)
}
