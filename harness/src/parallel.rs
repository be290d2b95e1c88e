//! Blocks of transactions on several workers against the serial engine.
//!
//! Each round executes one block on every engine, each on a ledger of its own, in an order drawn for the round; the serial engine takes part twice, so that there is a
//! control. After each round all ledgers must have the same block. The first round is not kept. What is timed is the whole of an execution, up to a ledger that has
//! all of it; making the block with its roots, which is the same for all, is not. Time is what passes, as that is what workers save; beside it stands the processor
//! time of all threads.
//!
//! *Simulation* runs the scheduler on a virtual clock. An execution is charged what this block's transactions took one by one on the serial engine, times what the
//! view of a parallel execution makes them longer, which a run on one worker shows; chains are executed as on the serial engine. Entering the block in the ledger is not
//! divided among workers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::parallel::{
    BlockOutcome, BlockWorkload, Costs, Options, ParallelEngine, SerialEngine, Sizes, Statistics, Transaction,
};
use engine::random::Random;
use engine::{Configuration, clock};
use runtime::host::{BlockSummary, Ledger};
use serde::{Deserialize, Serialize};

use crate::environment::Environment;
use crate::statistics::{self, Estimate, Round, median};

/// How it is measured.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Sizes and contention.
    pub sizes: Sizes,
    /// How many workers, for a row each.
    pub workers: Vec<usize>,
    /// Blocks that are measured.
    pub rounds: usize,
    /// Seed of blocks and orders.
    pub seed: u64,
    /// Whether there may be more threads than processors.
    pub oversubscribe: bool,
}

/// A result file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Results {
    /// How it was made.
    pub manifest: Manifest,
    /// A row for each workload and number of workers.
    pub rows: Vec<Row>,
}

/// How results were made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// The command, without the path of the binary.
    pub command: Vec<String>,
    /// The machine and the build.
    pub environment: Environment,
    /// How transactions were run.
    pub configuration: String,
    /// Transactions of a block.
    pub transactions: usize,
    /// Accounts that transfers were drawn from.
    pub accounts: usize,
    /// Tokens of clusters.
    pub tokens: usize,
    /// Steps of work of a transaction.
    pub work: u32,
    /// Blocks that were measured.
    pub rounds: usize,
    /// Seed of the blocks.
    pub seed: u64,
    /// What was timed.
    pub timed: String,
    /// Seconds it took.
    pub duration_s: f64,
}

/// What a workload took on a number of workers. Figures that are not measured, or not projected, are null.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Row {
    /// The workload.
    pub workload: String,
    /// How many workers were asked for.
    pub workers: usize,
    /// How many threads there were: no more than processors, unless more were asked for.
    pub threads: Option<usize>,
    /// Time of the serial engine over that of the workers.
    pub speedup: Option<f64>,
    /// Lower end of its 95 % interval.
    pub ci_low: Option<f64>,
    /// Upper end.
    pub ci_high: Option<f64>,
    /// The serial engine against itself, in the same rounds.
    pub control: Option<f64>,
    /// Lower end of its 95 % interval.
    pub control_ci_low: Option<f64>,
    /// Upper end.
    pub control_ci_high: Option<f64>,
    /// Nanoseconds a transaction takes on the serial engine, median of the rounds.
    pub serial_ns_per_tx: f64,
    /// The same on the workers.
    pub ns_per_tx: Option<f64>,
    /// Of that, what entering the block in the ledger takes.
    pub entering_ns_per_tx: Option<f64>,
    /// Processor time of the workers over that of the serial engine.
    pub cpu_ratio: Option<f64>,
    /// Executions that were begun for each transaction.
    pub executions_per_tx: f64,
    /// Validations for each transaction.
    pub validations_per_tx: f64,
    /// Executions in vain, a block.
    pub aborts: f64,
    /// How often a transaction began to wait for another, a block.
    pub waits: f64,
    /// How often an execution was put off until all before it were committed, a block.
    pub deferrals: f64,
    /// Transactions that were executed one by one because they form a chain, a block.
    pub serial: f64,
    /// How often a worker went to sleep, a block.
    pub sleeps: f64,
    /// Blocks that were ended serially because of a doubt.
    pub fallbacks: usize,
    /// What the simulator projects for the speed-up.
    pub projected: Option<f64>,
    /// What no scheduler can exceed: the number of workers, or total work over the critical path.
    pub bound: Option<f64>,
    /// Times of a block on the serial engine, in nanoseconds.
    pub serial_samples_ns: Vec<f64>,
    /// Times of a block on the workers, in nanoseconds.
    pub samples_ns: Vec<f64>,
}

/// What one engine took for a block.
struct Taken {
    time: Duration,
    processor: Duration,
    outcome: BlockOutcome,
    summary: BlockSummary,
}

fn take(
    run: impl FnOnce() -> Result<BlockOutcome, runtime::Fault>,
) -> Result<(Duration, Duration, BlockOutcome), runtime::Fault> {
    let (begun, used) = (Instant::now(), clock::process());
    let outcome = run()?;
    Ok((begun.elapsed(), clock::process().saturating_sub(used), outcome))
}

fn serial_round(engine: &mut SerialEngine, block: &[Transaction], time: i64) -> Result<Taken, runtime::Fault> {
    let (passed, processor, outcome) = take(|| engine.run(block))?;
    Ok(Taken { time: passed, processor, outcome, summary: engine.chain().commit_block(time)? })
}

fn parallel_round(engine: &mut ParallelEngine, block: &Arc<[Transaction]>, time: i64) -> Result<Taken, runtime::Fault> {
    let (passed, processor, outcome) = take(|| engine.run(block))?;
    Ok(Taken { time: passed, processor, outcome, summary: engine.chain().commit_block(time)? })
}

/// Times of an engine, in nanoseconds, and what its scheduler did.
#[derive(Default)]
struct Samples {
    times: Vec<f64>,
    processor: Vec<f64>,
    entering: Vec<f64>,
    statistics: Statistics,
}

impl Samples {
    fn add(&mut self, taken: &Taken) {
        self.times.push(taken.time.as_nanos() as f64);
        self.processor.push(taken.processor.as_nanos() as f64);
        self.entering.push(taken.outcome.entering.as_nanos() as f64);
        self.statistics.add(&taken.outcome.statistics.unwrap_or_default());
    }
}

fn failed(fault: &runtime::Fault) -> String {
    format!("a block cannot be executed: {}", fault.message)
}

/// Measures a workload: a row for each number of workers.
///
/// # Errors
/// When the workload cannot be made ready, and when an engine gives another block than the serial one.
pub fn measure(
    workload: &BlockWorkload,
    configuration: &Configuration,
    plan: &Plan,
    tick: &mut dyn FnMut(),
) -> anyhow::Result<Vec<Row>> {
    let program = workload.program(&plan.sizes, configuration)?;
    let (serial, returned) = SerialEngine::new(&program)?;
    let mut serial = [serial, SerialEngine::new(&program)?.0];
    let mut parallel = Vec::with_capacity(plan.workers.len());
    for &workers in &plan.workers {
        let options = Options { workers, oversubscribe: plan.oversubscribe, verify: false, ..Options::default() };
        parallel.push(ParallelEngine::new(&program, options)?.0);
    }
    let count = serial.len() + parallel.len();
    let mut samples: Vec<Samples> = (0..count).map(|_| Samples::default()).collect();
    let random = &mut Random::new(plan.seed);
    let mut order: Vec<usize> = (0..count).collect();
    for round in 0..=plan.rounds {
        let block = workload.block(&plan.sizes, &returned, plan.seed.wrapping_add(round as u64));
        random.shuffle(&mut order);
        let mut taken: Vec<Option<Taken>> = (0..count).map(|_| None).collect();
        for &who in &order {
            let time = round as i64;
            let found = match who.checked_sub(serial.len()) {
                None => serial_round(&mut serial[who], &block, time),
                Some(who) => parallel_round(&mut parallel[who], &block, time),
            };
            taken[who] = Some(found.map_err(|fault| anyhow::anyhow!("{}: {}", workload.name, failed(&fault)))?);
        }
        let taken: Vec<Taken> = taken.into_iter().flatten().collect();
        for (who, other) in taken.iter().enumerate() {
            anyhow::ensure!(
                other.summary == taken[0].summary && other.outcome.values == taken[0].outcome.values,
                "{}: block {round} of {} is not that of the serial engine",
                workload.name,
                who.checked_sub(serial.len())
                    .map_or("the control".to_string(), |at| format!("{} workers", plan.workers[at])),
            );
        }
        if round > 0 {
            samples.iter_mut().zip(&taken).for_each(|(samples, taken)| samples.add(taken));
            tick();
        }
    }
    let control = ratio(&samples[1].times, &samples[0].times, random);
    let mut rows = Vec::with_capacity(parallel.len());
    for (at, engine) in parallel.iter().enumerate() {
        let own = &samples[serial.len() + at];
        let speedup = ratio(&own.times, &samples[0].times, random);
        let per_tx = |block: f64| block / plan.sizes.transactions as f64;
        let row = Row {
            workload: workload.name.to_string(),
            workers: plan.workers[at],
            threads: Some(engine.workers()),
            speedup: Some(speedup.value),
            ci_low: speedup.interval.map(|interval| interval.low),
            ci_high: speedup.interval.map(|interval| interval.high),
            control: Some(control.value),
            control_ci_low: control.interval.map(|interval| interval.low),
            control_ci_high: control.interval.map(|interval| interval.high),
            serial_ns_per_tx: per_tx(median(&samples[0].times)),
            ns_per_tx: Some(per_tx(median(&own.times))),
            entering_ns_per_tx: Some(per_tx(median(&own.entering))),
            cpu_ratio: Some(ratio(&samples[0].processor, &own.processor, random).value),
            serial_samples_ns: samples[0].times.clone(),
            samples_ns: own.times.clone(),
            ..counted(&own.statistics, plan.rounds)
        };
        rows.push(row);
    }
    Ok(rows)
}

/// How many times as long the second took as the first, by rounds.
fn ratio(times: &[f64], against: &[f64], random: &mut Random) -> Estimate {
    let rounds = times.iter().zip(against).map(|(&executor, &against)| Round { executor, against });
    statistics::speedup(&rounds.collect::<Vec<_>>(), random)
}

/// A row with what a scheduler did in so many blocks.
fn counted(statistics: &Statistics, blocks: usize) -> Row {
    let per_tx = |count: usize| count as f64 / statistics.committed.max(1) as f64;
    let per_block = |count: usize| count as f64 / blocks.max(1) as f64;
    Row {
        executions_per_tx: per_tx(statistics.executions),
        validations_per_tx: per_tx(statistics.validations),
        aborts: per_block(statistics.aborts),
        waits: per_block(statistics.waits),
        deferrals: per_block(statistics.deferrals),
        serial: per_block(statistics.serial),
        sleeps: per_block(statistics.sleeps),
        fallbacks: statistics.fallbacks,
        ..Row::default()
    }
}

/// Projects a workload on each number of workers, and measures it on those numbers that the machine has processors for.
///
/// # Errors
/// As for [`measure`].
pub fn simulate(
    workload: &BlockWorkload,
    configuration: &Configuration,
    plan: &Plan,
    tick: &mut dyn FnMut(),
) -> anyhow::Result<Vec<Row>> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let real = plan.workers.iter().copied().filter(|&workers| workers <= processors).collect();
    let measured = measure(workload, configuration, &Plan { workers: real, ..plan.clone() }, tick)?;
    let program = workload.program(&plan.sizes, configuration)?;
    let (mut serial, returned) = SerialEngine::new(&program)?;
    let options = Options { workers: 1, verify: false, ..Options::default() };
    let (mut engine, _) = ParallelEngine::new(&program, options)?;
    let block = workload.block(&plan.sizes, &returned, plan.seed);
    let fault = |fault: runtime::Fault| anyhow::anyhow!("{}: {}", workload.name, failed(&fault));
    // The same block again and again: what its transactions cost does not change with what accounts hold.
    let mut times = vec![Vec::with_capacity(plan.rounds); block.len()];
    let (mut of_serial, mut of_view) = (Samples::default(), Samples::default());
    for round in 0..=plan.rounds as i64 {
        let (_, of_block) = serial.run_timed(&block).map_err(fault)?;
        serial.chain().commit_block(round).map_err(fault)?;
        let plain = serial_round(&mut serial, &block, round).map_err(fault)?;
        let (passed, processor, outcome) = take(|| engine.run_on_view(&block)).map_err(fault)?;
        let summary = engine.chain().commit_block(round).map_err(fault)?;
        if round > 0 {
            of_block.into_iter().zip(&mut times).for_each(|(time, times)| times.push(time as f64));
            of_serial.add(&plain);
            of_view.add(&Taken { time: passed, processor, outcome, summary });
        }
    }
    let medians: Vec<f64> = times.iter().map(|times| median(times)).collect();
    let serial_block = median(&of_serial.times);
    let entering = median(&of_view.entering);
    let longer = (median(&of_view.times) - entering) / medians.iter().sum::<f64>();
    let executions = medians.iter().map(|time| (time * longer) as u64).collect();
    // Chains are left to the ledger itself.
    let alone = medians.iter().map(|time| *time as u64).collect();
    let costs = Costs { executions, alone, ..Costs::uniform(0, 0) };
    let mut rows = Vec::with_capacity(plan.workers.len());
    for &workers in &plan.workers {
        let projection = engine.simulate(&block, workers, &costs);
        let entered = 1.0 - projection.statistics.serial as f64 / block.len() as f64;
        let makespan = projection.makespan as f64 + entering * entered;
        let row = Row {
            // One worker does without the view, and without entering.
            projected: Some(if workers == 1 { 1.0 } else { serial_block / makespan }),
            bound: Some(projection.bound()),
            ..match measured.iter().find(|row| row.workers == workers) {
                Some(row) => row.clone(),
                None => {
                    Row { serial_ns_per_tx: serial_block / block.len() as f64, ..counted(&projection.statistics, 1) }
                }
            }
        };
        rows.push(Row { workload: workload.name.to_string(), workers, ..row });
    }
    Ok(rows)
}
