//! The two ways to execute blocks: one transaction after the other, and on several workers.

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
        self.execute(transactions, |_| ())
    }

    /// The same; also gives how long each transaction took, in nanoseconds.
    ///
    /// # Errors
    /// As for [`Self::run`].
    pub fn run_timed(&mut self, transactions: &[Transaction]) -> Result<(BlockOutcome, Vec<u64>), Fault> {
        let mut times = Vec::with_capacity(transactions.len());
        let mut last = Instant::now();
        let outcome = self.execute(transactions, |_| {
            let now = Instant::now();
            times.push((now - last).as_nanos() as u64);
            last = now;
        })?;
        Ok((outcome, times))
    }

    fn execute(&mut self, transactions: &[Transaction], ended: impl FnMut(usize)) -> Result<BlockOutcome, Fault> {
        let Self { program, session, chain } = self;
        execute_in_order(program, session, chain, transactions, ended)
    }
}

/// Executes transactions on the ledger itself, and tells when each has ended.
fn execute_in_order(
    program: &ContractProgram,
    session: &mut Session,
    chain: &mut Chain,
    transactions: &[Transaction],
    mut ended: impl FnMut(usize),
) -> Result<BlockOutcome, Fault> {
    let mut outcomes = Vec::with_capacity(transactions.len());
    let mut values = Vec::with_capacity(transactions.len());
    for (index, transaction) in transactions.iter().enumerate() {
        // What is in the ledger when a transaction begins is there for good.
        let executed = session.execute(program, chain, transaction, index, |_| true);
        chain.record(transaction.clone(), executed.outcome.clone())?;
        outcomes.push(executed.outcome);
        values.push(executed.value);
        ended(index);
    }
    Ok(BlockOutcome { outcomes, values, statistics: None, doubt: None, entering: Duration::ZERO })
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
    options: Options,
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
        let scheduler = Scheduler::new(options.clone());
        let contexts = vec![(); scheduler.workers()];
        let block = Block::new(Arc::clone(program), chain);
        Ok((Self { block, session, scheduler, contexts, written: Written::default(), options }, returned))
    }

    /// The ledger.
    pub fn chain(&mut self) -> &mut Chain {
        &mut self.block.chain
    }

    /// How many workers there are, the calling thread included.
    pub fn workers(&self) -> usize {
        self.scheduler.workers()
    }

    /// Executes a block. The ledger has it then, and waits for [`Ledger::commit_block`].
    ///
    /// # Errors
    /// When the ledger cannot have what the transactions wrote.
    pub fn run(&mut self, transactions: &[Transaction]) -> Result<BlockOutcome, Fault> {
        if self.workers() > 1 {
            return self.run_on_view(transactions);
        }
        let Block { program, chain, .. } = &mut self.block;
        let mut outcome = execute_in_order(program, &mut self.session, chain, transactions, |_| ())?;
        let count = transactions.len();
        outcome.statistics = Some(Statistics { committed: count, executions: count, ..Statistics::default() });
        Ok(outcome)
    }

    /// The same by the scheduler, however many workers there are: one worker shows what its view costs.
    ///
    /// # Errors
    /// As for [`Self::run`].
    pub fn run_on_view(&mut self, transactions: &[Transaction]) -> Result<BlockOutcome, Fault> {
        let Self { block, scheduler, contexts, written, .. } = self;
        block.names.begin(&block.chain);
        block.transactions.clear();
        block.transactions.extend_from_slice(transactions);
        written.clear();
        let on_commit = |index, _: &Output, writes: scheduler::Writes<'_, _, _>| written.add(index, writes.iter());
        let mut outcome = scheduler.run(block, block, contexts, on_commit);
        let executed = Instant::now();
        written.enter(block, &mut outcome.outputs)?;
        let entering = executed.elapsed();
        let (outcomes, values) = outcome.outputs.into_iter().map(|output| (output.outcome, output.value)).unzip();
        Ok(BlockOutcome { outcomes, values, statistics: Some(outcome.statistics), doubt: outcome.doubt, entering })
    }

    /// What a block would take on so many workers, where each transaction takes as long as is said. The ledger stays as it is.
    pub fn simulate(&mut self, transactions: &[Transaction], workers: usize, costs: &Costs) -> Projection {
        let Self { block, options, .. } = self;
        block.names.begin(&block.chain);
        block.transactions.clear();
        block.transactions.extend_from_slice(transactions);
        let options = Options { workers, oversubscribe: true, ..options.clone() };
        simulate(&*block, &*block, || (), &options, costs)
    }
}
