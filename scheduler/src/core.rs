//! What workers share: where transactions stand, memory, and what is to be done next. It stays from one block to the next.
//!
//! This is the state machine of the scheme without anybody who drives it. Threads do ([`parallel`](crate::parallel)), the simulator's virtual workers, and
//! the tests' model checkers. A driver asks [`Core::next`] what to do, does it, and says how it went.

use crossbeam::utils::CachePadded;

use crate::baton::Baton;
use crate::fault::{Fault, Faults};
use crate::memory::{Found, Location, Memory};
use crate::mode::{Closing, Mode, ModeWord};
use crate::options::{Doubt, Options, Statistics};
use crate::parking::Parking;
use crate::ready::Ready;
use crate::record::{Record, Slot};
use crate::status::{Invalidation, State};
use crate::sync::{Lock, Primitives, Word};
use crate::traits::{Key, Value};
use crate::version::Version;
use crate::view::Versions;

/// An execution that a worker is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Task {
    pub(crate) version: Version,
    /// All before it are committed.
    pub(crate) is_at_commit_point: bool,
}

/// Transactions that a worker has taken and not begun.
pub(crate) type Portion = std::ops::Range<usize>;

/// What the cursor is while no transaction is to be begun.
const CLOSED: usize = usize::MAX / 2;

/// What a worker is to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Execute(Task),
    /// Transactions one after the other from the commit point on: nobody else does anything.
    Stretch,
    /// Nothing now.
    Idle,
    /// Nothing any more.
    End,
}

/// Conflicts are few where there is less than one for so many transactions.
const FEW_CONFLICTS: usize = 64;

/// And many where there is more than one for so many: then hints pay, which cost about what a second execution of one transaction of so many does.
const MANY_CONFLICTS: usize = 16;

/// So many transactions a worker may wait for others.
const WAITING: usize = 4;

/// The block runs.
pub(crate) const RUNNING: usize = 0;
/// All is committed.
pub(crate) const ENDED: usize = 1;
/// This and above: something is in doubt, namely [`Doubt::ALL`] at the distance. Workers stop, and the rest is run serially.
pub(crate) const IN_DOUBT: usize = 2;

/// What workers share.
pub(crate) struct Core<K: Key, V: Value, O: Send, S: Primitives, F> {
    pub(crate) slots: Vec<CachePadded<Slot<K, V, O, S>>>,
    pub(crate) memory: Memory<K, V, S, F>,
    pub(crate) baton: CachePadded<Baton<S::Word>>,
    /// The commit point: how many transactions are committed.
    pub(crate) committed: CachePadded<S::Word>,
    /// Transactions below were begun at least once.
    pub(crate) cursor: CachePadded<S::Word>,
    pub(crate) ready: CachePadded<Ready<S>>,
    pub(crate) parking: CachePadded<Parking<S>>,
    /// [`RUNNING`], or why workers stop.
    pub(crate) phase: CachePadded<S::Word>,
    mode: CachePadded<ModeWord<S::Word>>,
    /// How often a transaction was aborted or had to wait. Hints are asked for where there were many: without conflicts they are a waste.
    conflicts: CachePadded<S::Word>,
    /// How many transactions wait for another.
    waiting: CachePadded<S::Word>,
    /// While closing: how many transactions were begun.
    closed_at: S::Word,
    /// Up to where the block was run serially when it became parallel.
    opened_at: S::Word,
    pub(crate) count: usize,
    /// How many blocks there were.
    pub(crate) block: usize,
    pub(crate) options: Options,
    pub(crate) faults: F,
}

impl<K: Key, V: Value, O: Send, S: Primitives, F: Faults> Core<K, V, O, S, F> {
    pub(crate) fn new(options: Options, faults: F) -> Self {
        let shards = (options.workers * 32).clamp(64, 4096).next_power_of_two();
        Core {
            slots: Vec::new(),
            memory: Memory::new(shards, faults),
            baton: CachePadded::new(Baton::new()),
            committed: CachePadded::new(S::Word::new(0)),
            cursor: CachePadded::new(S::Word::new(0)),
            ready: CachePadded::new(Ready::new()),
            parking: CachePadded::new(Parking::new()),
            phase: CachePadded::new(S::Word::new(ENDED)),
            mode: CachePadded::new(ModeWord::new()),
            conflicts: CachePadded::new(S::Word::new(0)),
            waiting: CachePadded::new(S::Word::new(0)),
            closed_at: S::Word::new(0),
            opened_at: S::Word::new(0),
            count: 0,
            block: 0,
            options,
            faults,
        }
    }

    /// Makes ready for a block of this many transactions.
    pub(crate) fn begin(&mut self, count: usize) {
        assert!(
            u32::try_from(count).is_ok_and(|count| count < u32::MAX),
            "a block has less than 2^32 - 1 transactions"
        );
        self.memory.clear();
        self.ready.clear();
        *self.baton = Baton::new();
        for slot in self.slots.iter_mut().take(count) {
            slot.status.reset();
            slot.record.get_mut().dependents.clear();
        }
        self.slots.resize_with(count.max(self.slots.len()), || CachePadded::new(Slot::new()));
        // A block begins as the last one went: by hints if one of fifty transactions or more was in another's way.
        self.conflicts.store(usize::from(self.conflicts.load() > self.count / 50));
        self.waiting.store(0);
        self.count = count;
        self.block += 1;
        self.committed.store(0);
        if self.options.leaves_chains {
            // Whether the last one was left or noticed to be a chain when all of it had been begun: whoever takes chains decides about the next.
            self.mode.open();
        }
        let is_serial = !self.is_parallel();
        if is_serial {
            self.mode.close();
        }
        self.closed_at.store(0);
        self.opened_at.store(0);
        self.cursor.store(if is_serial { CLOSED } else { 0 });
        self.phase.store(if count == 0 { ENDED } else { RUNNING });
    }

    /// Whether there is anything to do, now or later.
    pub(crate) fn is_running(&self) -> bool {
        self.phase.load() == RUNNING
    }

    /// How many transactions are committed.
    pub(crate) fn committed(&self) -> usize {
        self.committed.load()
    }

    /// Whether transactions are executed optimistically.
    pub(crate) fn is_parallel(&self) -> bool {
        self.mode.get() == Mode::Parallel
    }

    /// What a worker is to do next, who keeps its portion of the transactions from one time to the next.
    pub(crate) fn next(&self, portion: &mut Portion) -> Next {
        loop {
            if !self.is_running() {
                return Next::End;
            }
            match self.mode.look() {
                (Mode::Parallel, _) => {}
                (Mode::Closing, closing) => return self.next_while_closing(closing),
                (Mode::Stretch, _) => return Next::Idle,
            }
            // Earlier transactions go first: later ones may depend on them, and be executed in vain until then.
            let below = if portion.start < portion.end { portion.start } else { self.count };
            while let Some(index) = self.ready.pop_below(below as u32) {
                if let Some(incarnation) = self.slots[index as usize].status.claim(self.faults) {
                    return self.task(index as usize, incarnation);
                }
            }
            let Some(index) = portion.next() else {
                let begun = self.cursor.load();
                if begun >= self.count || self.is_crowded() {
                    return Next::Idle;
                }
                let size = self.size_of_portion(begun);
                let first = self.cursor.add(size);
                *portion = first.min(self.count)..(first + size).min(self.count);
                continue;
            };
            // What is left of a portion that was taken before others closed is committed, and cannot be claimed.
            if let Some(incarnation) = self.slots[index].status.claim(self.faults) {
                return self.task(index, incarnation);
            }
        }
    }

    /// How many transactions a worker takes at once. One where conflicts are frequent: those in a portion begin earlier than the last ones of the portion before,
    /// on which they may depend. Few at the beginning, when that is not known yet, and towards the end, so that all workers end together.
    fn size_of_portion(&self, begun: usize) -> usize {
        let known = begun.saturating_sub(self.opened_at.load());
        if self.conflicts.load() * FEW_CONFLICTS > known {
            return 1;
        }
        let workers = self.options.workers;
        (known / (4 * workers)).min((self.count - begun) / (2 * workers)).clamp(1, self.options.portion)
    }

    /// Whether so many transactions wait that no more should be begun: they would only wait, too, and a chain could not be left before all of them are committed.
    /// Whoever they wait for is begun, and each that goes on wakes a worker.
    fn is_crowded(&self) -> bool {
        self.waiting.load() >= WAITING * self.options.workers
    }

    /// Goes on at the commit point, until all that was begun is committed and one worker goes on alone.
    fn next_while_closing(&self, closing: Closing) -> Next {
        let committed = self.committed.load();
        if committed < self.closed_at.load() {
            let incarnation = self.slots[committed].status.claim(self.faults);
            return incarnation.map_or(Next::Idle, |incarnation| self.task(committed, incarnation));
        }
        match self.mode.begin_stretch(closing, self.faults) {
            true => Next::Stretch,
            false => Next::Idle,
        }
    }

    /// Lets no transaction be begun any more, so that one worker can go on alone.
    pub(crate) fn close(&self) {
        let begun = self.cursor.raise(CLOSED).min(self.count);
        self.closed_at.store(begun);
        self.mode.close();
    }

    /// Lets transactions be begun again from the commit point on, after a serial stretch from `first`.
    pub(crate) fn open(&self, first: usize) {
        if !self.faults.plants(Fault::StretchUnmarked) {
            // A worker that was held up may still try to claim one of them.
            for slot in &self.slots[first..self.committed.load()] {
                slot.status.set(State::Committed, 0);
            }
        }
        self.opened_at.store(self.committed.load());
        let skipped = usize::from(self.faults.plants(Fault::CursorTooHigh));
        self.cursor.store(self.committed.load() + skipped);
        self.mode.open();
        self.parking.wake_all();
    }

    /// Ends the run where it is, at the beginning of a serial stretch.
    pub(crate) fn end(&self) {
        self.phase.store(ENDED);
        self.parking.wake_all();
    }

    /// Whether a transaction should be asked for hints: where more than one of so many before it was in another's way.
    pub(crate) fn asks_hints(&self, index: u32) -> bool {
        self.options.hints && self.conflicts.load() * MANY_CONFLICTS > index as usize
    }

    fn task(&self, index: usize, incarnation: u32) -> Next {
        let committed = self.committed.load() + usize::from(self.faults.plants(Fault::CommitPointEarly));
        let version = Version { index: index as u32, incarnation };
        Next::Execute(Task { version, is_at_commit_point: committed >= index })
    }

    /// Whether [`Core::next`] has nothing to give now.
    pub(crate) fn is_idle(&self) -> bool {
        if !self.is_running() {
            return false;
        }
        match self.mode.get() {
            Mode::Parallel => self.ready.is_empty() && (self.cursor.load() >= self.count || self.is_crowded()),
            Mode::Closing => {
                let committed = self.committed.load();
                committed < self.closed_at.load() && self.slots[committed].status.get().0 != State::Ready
            }
            Mode::Stretch => true,
        }
    }

    /// Tells executions that something they read has changed, and aborts those that have ended.
    pub(crate) fn invalidate(&self, readers: &mut Vec<Version>, statistics: &mut Statistics) {
        for reader in readers.drain(..) {
            let slot = &self.slots[reader.index as usize];
            if slot.status.invalidate(reader, self.faults) == Invalidation::Abort {
                statistics.validations += 1;
                let record = slot.record.lock();
                self.abort(reader, &record, statistics);
            }
        }
    }

    /// Makes the writes of an execution estimates, and has the transaction executed again. Its state must be one that only the caller ends.
    pub(crate) fn abort(&self, version: Version, record: &Record<K, V, O>, statistics: &mut Statistics) {
        statistics.aborts += 1;
        for entry in &record.writes {
            if let Some(location) = entry.location {
                self.memory.estimate(location, version.index);
            }
        }
        self.again(version, statistics);
    }

    /// Has the next incarnation executed, now or when all before it are committed.
    pub(crate) fn again(&self, version: Version, statistics: &mut Statistics) {
        let Version { index, incarnation } = version;
        self.conflicts.add(1);
        if incarnation + 1 >= self.options.most_executions {
            self.doubt(Doubt::TooOften);
        }
        if self.is_impatient(version) && self.committed.load() < index as usize {
            return self.defer(version, statistics);
        }
        self.slots[index as usize].status.set(State::Ready, incarnation + 1);
        self.queue(index);
    }

    /// Whether a transaction was executed so often that it should wait for the commit of all before it.
    pub(crate) fn is_impatient(&self, version: Version) -> bool {
        version.incarnation + 1 >= self.options.patience
    }

    /// Has the next incarnation executed when all before it are committed.
    pub(crate) fn defer(&self, version: Version, statistics: &mut Statistics) {
        statistics.deferrals += 1;
        self.slots[version.index as usize].status.set(State::Deferred, version.incarnation + 1);
        // The commit may have come here before that was visible, and then found somebody at work.
        S::fence();
        if self.committed.load() == version.index as usize {
            self.release(version.index);
        }
    }

    /// Makes a deferred transaction ready, whose turn it is.
    pub(crate) fn release(&self, index: u32) {
        if !self.faults.plants(Fault::DeferredForgotten) && self.slots[index as usize].status.wake(State::Deferred) {
            self.queue(index);
        }
    }

    /// Has a transaction wait until another, before it, is executed. `version` is what it will be then.
    pub(crate) fn wait(&self, version: Version, dependency: u32, statistics: &mut Statistics) {
        statistics.waits += 1;
        self.conflicts.add(1);
        let slot = &self.slots[version.index as usize];
        self.waiting.add(1);
        slot.status.set(State::Waiting, version.incarnation);
        let other = &self.slots[dependency as usize];
        {
            let mut record = other.record.lock();
            let is_executed = matches!(other.status.get().0, State::Executed | State::Committed);
            if !is_executed || self.faults.plants(Fault::WaitUnchecked) {
                return record.dependents.push(version.index);
            }
        }
        self.wake(version.index);
    }

    /// Makes a transaction ready that waited.
    pub(crate) fn wake(&self, index: u32) {
        if self.slots[index as usize].status.wake(State::Waiting) {
            // Less one.
            self.waiting.add(1usize.wrapping_neg());
            self.queue(index);
        }
    }

    fn queue(&self, index: u32) {
        if !self.faults.plants(Fault::AbortNotQueued) {
            self.ready.push(index);
        }
        self.parking.wake_one();
    }

    /// Ends the parallel run; what is committed stays.
    pub(crate) fn doubt(&self, doubt: Doubt) {
        self.phase.raise(IN_DOUBT + doubt as usize);
        self.parking.wake_all();
    }

    /// Why the parallel run was ended, if it was.
    pub(crate) fn doubted(&self) -> Option<Doubt> {
        self.phase.load().checked_sub(IN_DOUBT).map(|doubt| Doubt::ALL[doubt])
    }
}

impl<K: Key, V: Value, O: Send, S: Primitives, F: Faults> Versions<K, V> for Core<K, V, O, S, F> {
    fn find(&self, key: &K, hash: u64, reader: Version, register: bool) -> (Location, Found<V>) {
        self.memory.read(key, hash, reader, register.then_some(&*self.committed))
    }

    fn is_invalidated(&self, reader: Version) -> bool {
        self.slots[reader.index as usize].status.is_invalidated(reader.incarnation)
    }

    fn settled(&self, key: &K, hash: u64, reader: u32) -> Option<(Version, Option<V>)> {
        self.memory.find_settled(key, hash, reader)
    }
}
