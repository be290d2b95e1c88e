//! Random blocks that look for mistakes: executed one transaction after the other and on several workers, they must come to the same in everything that shows.

use std::ops::Range;
use std::sync::Arc;

use runtime::canonical::Writer;
use runtime::host::{Ledger, Slot, Stored, Transaction};
use scheduler::{Doubt, Options, Statistics};

use super::engines::{BlockOutcome, ParallelEngine, SerialEngine};
use super::program::ContractProgram;
use super::workloads::texts;
use crate::compiled::{Compiled, Source};
use crate::configuration::Configuration;
use crate::error::EngineError;
use crate::random::Random;
use crate::workloads::bundled_file;

/// Engines that execute random blocks, each on a ledger of its own, and are held to the serial one.
#[derive(Debug)]
pub struct Checker {
    serial: SerialEngine,
    parallel: Vec<ParallelEngine>,
    addresses: Vec<Arc<str>>,
}

/// A block on which engines differ.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("seed {seed} on {workers} workers: {what}")]
pub struct Disagreement {
    /// Seed of the block; together with those before it, it makes the difference.
    pub seed: u64,
    /// How many workers there were.
    pub workers: usize,
    /// What is not the same.
    pub what: String,
}

/// How many workers the parallel engines have.
pub const WORKERS: [usize; 6] = [1, 2, 3, 4, 8, 16];

/// Blocks after which ledgers are begun anew, so that the state stays small.
const LASTING: u64 = 100;

/// Executes the blocks of seeds with these numbers of workers, and hands what each came to to `each`.
///
/// # Errors
/// The first difference, or why there is nothing to execute.
pub fn check(
    configuration: &Configuration,
    workers: &[usize],
    seeds: Range<u64>,
    mut each: impl FnMut(BlockOutcome, Statistics),
) -> Result<(), CheckError> {
    let mut first = seeds.start;
    while first < seeds.end {
        let mut checker = Checker::new(configuration, workers)?;
        let end = (first + LASTING).min(seeds.end);
        for seed in first..end {
            let (outcome, statistics) = checker.check(seed)?;
            each(outcome, statistics);
        }
        first = end;
    }
    Ok(())
}

/// Why random blocks were not executed to the end.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// Engines differ.
    #[error(transparent)]
    Disagreement(#[from] Disagreement),
    /// There are no engines.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl Checker {
    /// Engines with these numbers of workers.
    ///
    /// # Errors
    /// When the program cannot be made ready for this configuration.
    pub fn new(configuration: &Configuration, workers: &[usize]) -> Result<Self, EngineError> {
        let file = "blocks/bazaar.zx";
        let text = bundled_file(file).unwrap_or_else(|| panic!("programs/{file} is bundled"));
        let program = ContractProgram::new(&Compiled::new(&Source::text(file, text))?, configuration, Vec::new())?;
        let (serial, returned) = SerialEngine::new(&program)?;
        let options = |(at, &workers)| {
            let usual = Options { workers, oversubscribe: true, verify: true, ..Options::default() };
            // Half of them go on in parallel where transactions form a chain.
            if at % 2 == 0 { Options { least_parallelism: 0.0, ..usual } } else { usual }
        };
        let engines = workers.iter().enumerate().map(options);
        let parallel = engines.map(|options| {
            let (mut engine, _) = ParallelEngine::new(&program, options)?;
            engine.disturb();
            Ok(engine)
        });
        let parallel = parallel.collect::<Result<_, EngineError>>()?;
        let addresses = texts(&returned).expect("the program returns the addresses of its contracts");
        Ok(Self { serial, parallel, addresses })
    }

    /// Executes the block of a seed on top of those before. Gives how each transaction ended in the serial run, and what the schedulers did.
    ///
    /// # Errors
    /// The first difference.
    pub fn check(&mut self, seed: u64) -> Result<(BlockOutcome, Statistics), Disagreement> {
        let random = &mut Random::new(seed);
        let count = 1 + random.below(40);
        // Some blocks keep to a few contracts, so that some have long chains and others hardly a conflict.
        let variety = if seed.is_multiple_of(3) { random.between(1, 3) } else { random.between(1, KINDS.len() - 1) };
        let first = random.below(KINDS.len());
        let transactions: Arc<[Transaction]> = (0..count)
            .map(|_| {
                let kind = (first + random.below(variety)) % KINDS.len();
                self.transaction(random, KINDS[kind])
            })
            .collect();
        let Self { serial, parallel, .. } = self;
        let expected = serial.run(&transactions);
        let time = seed as i64;
        let expected = expected.and_then(|outcome| Ok((outcome, serial.chain().commit_block(time)?)));
        let differs = |workers, what: String| Err(Disagreement { seed, workers, what });
        let (expected, summary) = match expected {
            Ok(expected) => expected,
            Err(fault) => return differs(0, format!("the serial engine failed: {}", fault.message)),
        };
        let mut statistics = Statistics::default();
        for engine in parallel {
            let workers = engine.workers();
            let found = engine.run(&transactions);
            let found = match found.and_then(|outcome| Ok((outcome, engine.chain().commit_block(time)?))) {
                Ok(found) => found,
                Err(fault) => return differs(workers, format!("the engine failed: {}", fault.message)),
            };
            // Fields that are maps and become something else end the parallel run; nothing else does.
            if let Some(doubt) = found.0.doubt.filter(|&doubt| doubt != Doubt::GivenUp) {
                return differs(workers, format!("the parallel run was given up: {doubt:?}"));
            }
            for (at, transaction) in transactions.iter().enumerate() {
                let serial = (&expected.outcomes[at], &expected.values[at]);
                let parallel = (&found.0.outcomes[at], &found.0.values[at]);
                if serial != parallel {
                    let call = (&transaction.sender, &transaction.action, &transaction.arguments);
                    return differs(workers, format!("transaction {at}, {call:?}: {serial:?}, here {parallel:?}"));
                }
            }
            // Of the block's header all is a hash: transactions, receipts with events, entries of the log, state.
            let blocks = [serial.chain().block(summary.height), engine.chain().block(found.1.height)];
            let [Ok(Some(here)), Ok(Some(there))] = blocks else {
                return differs(workers, "there is no block".to_string());
            };
            if here != there {
                let part = if here.receipts == there.receipts { "state or log" } else { "events" };
                return differs(workers, format!("blocks are not the same: {part}"));
            }
            // The root leaves out the order in which maps have their entries.
            let fields = serial.chain().fields().max(engine.chain().fields());
            for slot in (0..fields).map(Slot) {
                let located = |chain: &ledger::Chain| chain.field_name(slot);
                let Some((address, name)) = located(serial.chain()) else { continue };
                let same = engine.chain().find_contract(&address);
                let same = same.and_then(|contract| engine.chain().find_field(contract, &name));
                let there = same.map_or_else(Vec::new, |slot| engine.chain().entries(slot));
                if serial.chain().entries(slot) != there {
                    return differs(workers, format!("entries of {address}.{name} are in another order"));
                }
            }
            statistics.add(&found.0.statistics.unwrap_or_default());
        }
        Ok((expected, statistics))
    }

    fn transaction(&self, random: &mut Random, kind: (usize, &str, &[Argument])) -> Transaction {
        let (contract, action, parameters) = kind;
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes);
        writer.list(parameters.len());
        for parameter in parameters {
            match parameter {
                Argument::Amount => writer.int(AMOUNTS[random.below(AMOUNTS.len())]),
                Argument::Small => writer.int(random.below(6) as i64),
                Argument::Name => writer.string(NAMES[random.below(NAMES.len())]),
                Argument::Names => {
                    let count = random.below(4);
                    writer.list(count);
                    (0..count).for_each(|_| writer.string(NAMES[random.below(NAMES.len())]));
                }
                Argument::Anything => match random.below(4) {
                    0 => writer.null(),
                    1 => writer.int(-1),
                    2 => writer.string("text"),
                    _ => writer.list(0),
                },
            }
        }
        let contract = match contract.checked_sub(1) {
            None => "".into(),
            Some(_) if random.chance(1) => "0x00".into(),
            Some(at) => Arc::clone(&self.addresses[at]),
        };
        // Most have enough; some end in the midst of what they do.
        let gas_limit = match random.below(8) {
            0 => Some(random.between(50, 2000) as u64),
            1 => Some(random.between(1, 20_000) as u64),
            _ => Some(50_000),
        };
        let sender = NAMES[random.below(4)].into();
        Transaction { sender, contract, action: action.into(), arguments: Stored::Encoded(bytes.into()), gas_limit }
    }
}

/// What is drawn for a parameter.
#[derive(Clone, Copy)]
enum Argument {
    Amount,
    Small,
    Name,
    Names,
    Anything,
}

const NAMES: [&str; 7] = ["ann", "bob", "cid", "dee", "first", "", "forgotten"];
const AMOUNTS: [i64; 9] = [0, 1, 2, 5, 10, 30, 99, -1, i64::MAX];

/// Contract, from 1, or none; action; what it is given.
type Kind = (usize, &'static str, &'static [Argument]);

const KINDS: &[Kind] = {
    use Argument::{Amount, Anything, Name, Names, Small};
    &[
        (0, "transfer", &[Name, Amount]),
        (1, "transfer", &[Name, Amount]),
        (1, "mint", &[Name, Amount]),
        (1, "approve", &[Name, Amount]),
        (1, "transfer_from", &[Name, Name, Amount]),
        (1, "sweep", &[]),
        (1, "snapshot", &[]),
        (2, "transfer", &[Name, Amount]),
        (2, "holders", &[]),
        (2, "move", &[Name, Name, Amount]),
        (3, "claim", &[Name, Small]),
        (3, "rename", &[Name, Name]),
        (3, "release", &[Name]),
        (3, "reset", &[Small]),
        (3, "reshape", &[Small]),
        (3, "forget", &[]),
        (3, "list", &[]),
        (3, "count", &[]),
        (3, "empty", &[]),
        (4, "swap", &[Amount]),
        (4, "rebalance", &[]),
        (5, "make", &[Small]),
        (5, "use", &[Small, Amount]),
        (5, "mint_latest", &[Amount]),
        (6, "pay_some", &[Names, Amount]),
        (6, "attempt", &[Name, Small]),
        (6, "dive", &[Amount]),
        (6, "spin", &[Small]),
        (6, "overflow", &[Amount]),
        (6, "divide", &[Small]),
        (6, "guess", &[]),
        (6, "write_down", &[Name]),
        (6, "bump", &[Name]),
        (6, "stubborn", &[Amount]),
        (6, "guarded", &[]),
        (6, "peek", &[]),
        (6, "sly", &[]),
        (6, "nothing", &[Anything]),
        (7, "count", &[Name, Amount]),
        (7, "count", &[Name, Small]),
        (7, "open", &[Name, Anything]),
        (7, "open", &[Name, Amount]),
        (7, "close", &[Name]),
        (7, "write", &[Anything]),
        (7, "write", &[Amount]),
        (7, "count_all", &[Small]),
        (7, "try_count", &[Name, Amount]),
        (7, "undo_what_was_read", &[Small]),
        (7, "read", &[]),
        (1, "mint", &[Anything, Anything]),
        (3, "claim", &[Anything, Anything]),
        (6, "bump", &[Anything]),
    ]
};
