//! The two ways to execute blocks: one transaction after the other, and on several workers.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ledger::Chain;
use runtime::Fault;
use runtime::host::{Ledger, Stored, Transaction, TransactionOutcome};
use scheduler::simulator::{Costs, Projection, simulate};
use scheduler::{Doubt, Options, Scheduler, Statistics};

use super::block::{Block, Output};
use super::commit::Written;
use super::program::ContractProgram;
use super::session::Session;
use crate::error::EngineError;

/// What a block came to.
#[derive(Debug)]
pub struct BlockOutcome {
    /// How each transaction ended, in order.
    pub outcomes: Vec<TransactionOutcome>,
    /// What each action returned; null where it failed.
    pub values: Vec<Stored>,
    /// What the scheduler did, if it was asked.
    pub statistics: Option<Statistics>,
    /// Why the parallel run was given up, if it was. The outcome is right all the same.
    pub doubt: Option<Doubt>,
    /// Of the time it took, that in which the outcome was entered in the ledger after all had been executed.
    pub entering: Duration,
}

/// Executes blocks one transaction after the other, on the ledger itself. It is what parallel runs are compared with, and knows nothing of them.
pub struct SerialEngine {
    program: Arc<ContractProgram>,
    session: Session,
    chain: Chain,
}

impl std::fmt::Debug for SerialEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SerialEngine").field("program", &self.program).finish_non_exhaustive()
    }
}

impl SerialEngine {
    /// An engine on a new ledger, on which the program's top level has run. Also gives what that returned.
    ///
    /// # Errors
    /// When the top level fails, or leaves something that transactions could change.
    pub fn new(program: &Arc<ContractProgram>) -> Result<(Self, Stored), EngineError> {
        let mut chain = Chain::in_memory();
        let (session, returned) = Session::begin(program, &mut chain)?;
        Ok((Self { program: Arc::clone(program), session, chain }, returned))
    }

    /// The ledger.
    pub fn chain(&mut self) -> &mut Chain {
        &mut self.chain
    }

    /// Executes a block. The ledger has it then, and waits for [`Ledger::commit_block`].
    ///
    /// # Errors
    /// When the ledger cannot record a transaction.
    pub fn run(&mut self, transactions: &[Transaction]) -> Result<BlockOutcome, Fault> {
        self.execute(transactions, || ())
    }

    /// The same; also gives how long each transaction took, in nanoseconds.
    ///
    /// # Errors
    /// As for [`Self::run`].
    pub fn run_timed(&mut self, transactions: &[Transaction]) -> Result<(BlockOutcome, Vec<u64>), Fault> {
        let mut times = Vec::with_capacity(transactions.len());
        let mut last = Instant::now();
        let outcome = self.execute(transactions, || {
            let now = Instant::now();
            times.push((now - last).as_nanos() as u64);
            last = now;
        })?;
        Ok((outcome, times))
    }

    fn execute(&mut self, transactions: &[Transaction], ended: impl FnMut()) -> Result<BlockOutcome, Fault> {
        let Self { program, session, chain } = self;
        let count = transactions.len();
        let mut outcome = BlockOutcome::with_capacity(count);
        execute_in_order(program, session, chain, transactions, 0..count, &mut outcome, ended)?;
        Ok(outcome)
    }
}

/// Executes transactions on the ledger itself, and tells when each has ended.
fn execute_in_order(
    program: &ContractProgram,
    session: &mut Session,
    chain: &mut Chain,
    transactions: &[Transaction],
    range: Range<usize>,
    outcome: &mut BlockOutcome,
    mut ended: impl FnMut(),
) -> Result<(), Fault> {
    for index in range {
        let transaction = &transactions[index];
        // What is in the ledger when a transaction begins is there for good.
        let executed = session.execute(program, chain, transaction, index, |_| true);
        chain.record(transaction.clone(), executed.outcome.clone())?;
        outcome.outcomes.push(executed.outcome);
        outcome.values.push(executed.value);
        ended();
    }
    Ok(())
}

impl BlockOutcome {
    /// That of no transaction yet, with room for so many.
    fn with_capacity(count: usize) -> Self {
        let (outcomes, values) = (Vec::with_capacity(count), Vec::with_capacity(count));
        Self { outcomes, values, statistics: None, doubt: None, entering: Duration::ZERO }
    }
}

/// Executes blocks on several workers, with the outcome of the serial order.
///
/// One worker has nobody to be ahead of: it does what the [`SerialEngine`] does.
pub struct ParallelEngine {
    block: Block,
    /// What one worker alone works with.
    session: Session,
    scheduler: Scheduler<Block>,
    contexts: Vec<()>,
    written: Written,
    alone: Alone,
    options: Options,
}

/// Transactions that form a chain are executed on the ledger itself, as the serial engine does: whoever goes on alone needs no view. Whether there is something to do
/// for more workers again is tried after so many transactions, and after twice as many each time that there is not.
#[derive(Debug)]
struct Alone {
    /// How many transactions are still to be executed so; the next block goes on with that.
    left: usize,
    /// How many it will be next time.
    next: usize,
}

impl Alone {
    const FEWEST: usize = 32;
    const MOST: usize = 4096;

    fn new() -> Self {
        Self { left: 0, next: Self::FEWEST }
    }

    /// So many transactions were executed in parallel until the block ended, or they formed a chain. What was begun is executed before a chain is left, so more workers
    /// take longer to.
    fn parallel_run_ended(&mut self, executed: usize, has_block_ended: bool, workers: usize) {
        if has_block_ended || executed > self.next.max(Self::FEWEST * workers) {
            self.next = Self::FEWEST;
        }
        if !has_block_ended {
            self.left = self.next;
            self.next = (2 * self.next).min(Self::MOST);
        }
    }
}

impl std::fmt::Debug for ParallelEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParallelEngine").field("scheduler", &self.scheduler).finish_non_exhaustive()
    }
}

impl ParallelEngine {
    /// An engine on a new ledger, on which the program's top level has run. Also gives what that returned.
    ///
    /// # Errors
    /// When the top level fails, or leaves something that transactions could change.
    pub fn new(program: &Arc<ContractProgram>, options: Options) -> Result<(Self, Stored), EngineError> {
        let mut chain = Chain::in_memory();
        let (session, returned) = Session::begin(program, &mut chain)?;
        let options = Options { leaves_chains: true, ..options };
        let scheduler = Scheduler::new(options.clone());
        let contexts = vec![(); scheduler.workers()];
        let block = Block::new(Arc::clone(program), chain);
        Ok((
            Self { block, session, scheduler, contexts, written: Written::default(), alone: Alone::new(), options },
            returned,
        ))
    }

    /// The ledger.
    pub fn chain(&mut self) -> &mut Chain {
        &mut self.block.chain
    }

    /// Has executions give up the processor at random reads, so that they meet in more ways than they would: for tests.
    pub fn disturb(&mut self) {
        self.block.disturb();
    }

    /// How many workers there are, the calling thread included.
    pub fn workers(&self) -> usize {
        self.scheduler.workers()
    }

    /// Executes a block. The ledger has it then, and waits for [`Ledger::commit_block`].
    ///
    /// # Errors
    /// When the ledger cannot have what the transactions wrote.
    pub fn run(&mut self, transactions: &Arc<[Transaction]>) -> Result<BlockOutcome, Fault> {
        let count = transactions.len();
        let mut outcome = BlockOutcome::with_capacity(count);
        let mut statistics = Statistics::default();
        let mut done = 0;
        while done < count {
            if self.workers() == 1 {
                self.alone.left = count;
            }
            let until = done + self.alone.left.min(count - done);
            if until > done {
                let Block { program, chain, .. } = &mut self.block;
                let session = &mut self.session;
                execute_in_order(program, session, chain, transactions, done..until, &mut outcome, || ())?;
                let executed = until - done;
                self.alone.left -= executed;
                statistics.add(&Statistics {
                    committed: executed,
                    executions: executed,
                    serial: executed,
                    ..Statistics::default()
                });
                done = until;
                continue;
            }
            let committed = self.run_from(transactions, done, &mut outcome, &mut statistics)?;
            done += committed;
            let workers = self.workers();
            self.alone.parallel_run_ended(committed, done == count, workers);
        }
        if self.workers() == 1 {
            (self.alone.left, statistics.serial) = (0, 0);
        }
        outcome.statistics = Some(statistics);
        Ok(outcome)
    }

    /// The same by the scheduler's view, however many workers there are: one worker shows what that costs.
    ///
    /// # Errors
    /// As for [`Self::run`].
    pub fn run_on_view(&mut self, transactions: &Arc<[Transaction]>) -> Result<BlockOutcome, Fault> {
        let mut outcome = BlockOutcome::with_capacity(transactions.len());
        let mut statistics = Statistics::default();
        let mut done = 0;
        while done < transactions.len() {
            done += self.run_from(transactions, done, &mut outcome, &mut statistics)?;
        }
        outcome.statistics = Some(statistics);
        Ok(outcome)
    }

    /// Executes a block from one transaction on, in parallel, until it ends or forms a chain. Gives how many were executed.
    fn run_from(
        &mut self,
        transactions: &Arc<[Transaction]>,
        first: usize,
        into: &mut BlockOutcome,
        statistics: &mut Statistics,
    ) -> Result<usize, Fault> {
        let Self { block, scheduler, contexts, written, .. } = self;
        block.begin(transactions, first);
        written.clear();
        let on_commit = |index, _: &Output, writes: scheduler::Writes<'_, _, _>| written.add(index, writes.iter());
        let mut outcome = scheduler.run(block, block, contexts, on_commit);
        let executed = Instant::now();
        written.enter(block, &mut outcome.outputs)?;
        into.entering += executed.elapsed();
        statistics.add(&outcome.statistics);
        into.doubt = into.doubt.or(outcome.doubt);
        let committed = outcome.outputs.len();
        for output in outcome.outputs {
            into.outcomes.push(output.outcome);
            into.values.push(output.value);
        }
        Ok(committed)
    }

    /// What a block would take on so many workers, where each transaction takes as long as is said. The ledger stays as it is.
    pub fn simulate(&mut self, transactions: &Arc<[Transaction]>, workers: usize, costs: &Costs) -> Projection {
        let Self { block, options, .. } = self;
        block.begin(transactions, 0);
        let options = Options { workers, oversubscribe: true, ..options.clone() };
        simulate(&*block, &*block, || (), &options, costs)
    }
}
