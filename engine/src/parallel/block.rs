//! A block of transactions as the scheduler sees it: how one of them is executed on a view, and what the state was before.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use ledger::{Chain, Position};
use runtime::host::{Ledger, Status, Stored, Transaction, TransactionOutcome};
use scheduler::{State, Stop, Transactions, View};

use super::forecast::{Forecasted, Forecasts};
use super::ledger::{Left, Scratch, TransactionLedger};
use super::location::{Content, Location, Place};
use super::names::Names;
use super::program::ContractProgram;
use super::session::{Executed, Session};

/// A block on top of a ledger.
pub(super) struct Block {
    /// No other engine of this process has this number.
    engine: u64,
    pub(super) program: Arc<ContractProgram>,
    /// The state before the block.
    pub(super) chain: Chain,
    names: Names,
    /// See [`TransactionLedger`].
    maps_stay: AtomicBool,
    forecasts: Forecasts,
    transactions: Arc<[Transaction]>,
    /// Of these, the first that is executed.
    first: usize,
    /// Whether executions give up the processor now and then.
    is_disturbed: bool,
}

/// What a transaction leaves besides what it writes.
pub(super) struct Output {
    pub(super) outcome: TransactionOutcome,
    pub(super) value: Stored,
    pub(super) left: Left,
}

/// What a thread executes transactions of an engine with.
struct Worker {
    engine: u64,
    kept: Box<Kept>,
}

/// What it keeps from one transaction to the next.
struct Kept {
    session: Session,
    scratch: Scratch,
    random: Cell<u64>,
}

/// So many engines a thread is ready for.
const MOST_ENGINES: usize = 8;

static ENGINES: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// A run and all its values belong to one thread, so they stay with threads and not with the scheduler's contexts.
    static WORKERS: RefCell<Vec<Worker>> = const { RefCell::new(Vec::new()) };
}

impl Block {
    /// No transactions yet, on a ledger on which the program's top level has run.
    pub(super) fn new(program: Arc<ContractProgram>, chain: Chain) -> Self {
        let names = Names::new(&chain);
        let engine = ENGINES.fetch_add(1, Ordering::Relaxed);
        Self {
            engine,
            program,
            chain,
            names,
            maps_stay: true.into(),
            forecasts: Forecasts::new(),
            transactions: [].into(),
            first: 0,
            is_disturbed: false,
        }
    }

    /// Has executions give up the processor at random, so that they meet in more ways than they would.
    pub(super) fn disturb(&mut self) {
        self.is_disturbed = true;
    }

    /// Makes it the block of these transactions from one on.
    pub(super) fn begin(&mut self, transactions: &Arc<[Transaction]>, first: usize) {
        self.names.begin(&self.chain);
        *self.maps_stay.get_mut() = true;
        self.transactions = Arc::clone(transactions);
        self.first = first;
    }

    /// Its ledger, its names and its transactions.
    pub(super) fn parts(&mut self) -> (&mut Chain, &mut Names, &[Transaction]) {
        (&mut self.chain, &mut self.names, &self.transactions[self.first..])
    }

    /// Its transactions.
    fn transactions(&self) -> &[Transaction] {
        &self.transactions[self.first..]
    }

    /// Makes this thread ready.
    ///
    /// # Panics
    /// When the program's top level fails, which it did not when the ledger was begun.
    fn worker(&self) -> Worker {
        let engine = self.engine;
        let kept = WORKERS.with_borrow_mut(|workers| {
            let at = workers.iter().rposition(|worker| worker.engine == engine)?;
            Some(workers.swap_remove(at))
        });
        kept.unwrap_or_else(|| {
            let session = Session::again(&self.program).expect("the top level ran before");
            let kept = Kept { session, scratch: Scratch::new(), random: Cell::new(engine) };
            Worker { engine, kept: Box::new(kept) }
        })
    }

    /// Whether a contract was in the state before the block.
    fn is_settled(&self, address: &str) -> bool {
        let kind =
            self.chain.find_contract(address).and_then(|id| self.chain.find_field(id, runtime::chain::TYPE_FIELD));
        kind.is_some_and(|kind| matches!(self.chain.read(kind), Stored::String(_)))
    }
}

impl Transactions for Block {
    type Key = Location;
    type Value = Content;
    type Output = Output;
    type Context = ();

    fn count(&self) -> usize {
        self.transactions().len()
    }

    fn execute(&self, (): &mut (), index: usize, view: &mut View<'_, Location, Content>) -> Result<Output, Stop> {
        // After a panic the worker is gone, and another is made.
        let mut worker = self.worker();
        let Kept { session, scratch, random } = &mut *worker.kept;
        let mut ledger = TransactionLedger::new(&self.chain, &self.names, &self.maps_stay, view, scratch, index as u32);
        if self.is_disturbed {
            ledger = ledger.disturbed_by(random);
        }
        let index = self.first + index;
        let transaction = &self.transactions[index];
        let is_settled = |address: &str| self.is_settled(address);
        let Executed { outcome, value } = session.execute(&self.program, &mut ledger, transaction, index, is_settled);
        if outcome.status == Status::Success && self.forecasts.wants(transaction) {
            self.forecasts.learn(transaction, ledger.written());
        }
        let left = ledger.finish();
        WORKERS.with_borrow_mut(|workers| {
            if workers.len() == MOST_ENGINES {
                workers.remove(0);
            }
            workers.push(worker);
        });
        Ok(Output { outcome, value, left: left? })
    }

    fn hint(&self, index: usize, expect: &mut dyn FnMut(Location)) {
        self.forecasts.expect(&self.transactions()[index], |forecasted| {
            let place = match forecasted {
                Forecasted::Field(slot) => Place::Field(slot),
                Forecasted::Entry(map, key) => super::ledger::entry(&self.chain, &self.names, map, key),
                Forecasted::Log => Place::Log,
            };
            expect(place.into());
        });
    }
}

impl State<Location, Content> for Block {
    fn read(&self, key: &Location) -> Option<Content> {
        match key.place() {
            Place::Field(slot) => match self.chain.read(slot) {
                // What it says of its entries is elsewhere.
                Stored::Map(_) => Content::before(Stored::Map(Default::default())),
                stored => Content::before(stored.clone()),
            },
            Place::Entry(position) => Content::before(self.chain.entry(Position(position)).clone()),
            Place::New(_) => None,
            Place::Count(slot) => Content::before(Stored::Int(self.chain.len(slot) as i64)),
            Place::Log => Content::before(Stored::Int(self.chain.log_len() as i64)),
        }
    }
}
