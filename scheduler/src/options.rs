//! How a block is to be run, and what it took.

/// How blocks are to be run.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many workers execute transactions, the calling thread included. One is a plain serial run.
    pub workers: usize,
    /// Whether there may be more workers than processors. They never make a block faster; tests want them.
    pub oversubscribe: bool,
    /// Whether hints are asked for, see [`Transactions::hint`](crate::Transactions::hint).
    pub hints: bool,
    /// After so many executions a transaction waits until all before it are committed.
    pub patience: u32,
    /// After so many executions of one transaction something must be wrong, and the rest of the block is run serially.
    pub most_executions: u32,
    /// Below how many transactions for each one on the longest path of dependences the run becomes serial, until there are more. Zero is never.
    pub least_parallelism: f32,
    /// Of how many committed transactions that is measured: 64 at most.
    pub window: usize,
    /// How many transactions that follow each other a worker takes at once, where few conflict. What follows each other on one worker does not have to go from one
    /// processor's cache to another's when it is committed.
    pub portion: usize,
    /// Whether a run ends where it would go on serially, and leaves the rest of the block to the caller, who may have a faster way to execute it:
    /// [`Outcome::outputs`](crate::Outcome::outputs) then are those of the committed transactions.
    pub leaves_chains: bool,
    /// Whether the read set of each transaction is compared with memory once more at commit. A difference would be a mistake of the
    /// scheduler; the rest of the block is then run serially.
    pub verify: bool,
}

impl Default for Options {
    /// As many workers as there are processors.
    fn default() -> Self {
        Options {
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            oversubscribe: false,
            hints: true,
            patience: 16,
            most_executions: 64,
            least_parallelism: 1.5,
            window: 32,
            portion: 16,
            leaves_chains: false,
            verify: cfg!(debug_assertions),
        }
    }
}

/// What a block took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// How many transactions were committed.
    pub committed: usize,
    /// How many executions were begun. At least one for each transaction.
    pub executions: usize,
    /// How often a transaction was validated: at the end of its executions, when something it read has changed, and at commit.
    pub validations: usize,
    /// How many executions came to their end, or near it, in vain because something they read had changed.
    pub aborts: usize,
    /// How often a transaction began to wait for an earlier one.
    pub waits: usize,
    /// How many of those had been begun to execute: an estimate stopped them.
    pub stops: usize,
    /// How often a transaction was put off until all before it were committed.
    pub deferrals: usize,
    /// How many transactions passed a bound with a delta, and were executed again to be told so.
    pub bounds: usize,
    /// How many transactions were executed one by one because they depended on each other.
    pub serial: usize,
    /// How often a worker went to sleep.
    pub sleeps: usize,
    /// Whether the block was ended serially because something was in doubt: 0 or 1, so that sums count.
    pub fallbacks: usize,
}

impl Statistics {
    /// Adds what another block, or another worker, took.
    pub fn add(&mut self, other: &Statistics) {
        self.committed += other.committed;
        self.executions += other.executions;
        self.validations += other.validations;
        self.aborts += other.aborts;
        self.waits += other.waits;
        self.stops += other.stops;
        self.deferrals += other.deferrals;
        self.bounds += other.bounds;
        self.serial += other.serial;
        self.sleeps += other.sleeps;
        self.fallbacks += other.fallbacks;
    }

    /// Executions for each committed transaction; 1 is none in vain.
    pub fn executions_per_transaction(&self) -> f64 {
        self.executions as f64 / self.committed.max(1) as f64
    }
}

/// Why a parallel run was given up. What was committed until then is right, and the rest was run serially.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// A transaction panicked on reads that may be those of the serial order, or gave an error that is not the view's.
    Failed,
    /// A transaction was executed too often, see [`Options::most_executions`].
    TooOften,
    /// An execution stopped though all before it were committed.
    Stopped,
    /// A read set did not match memory at commit, see [`Options::verify`].
    NotVerified,
    /// An executed transaction had no output.
    NoOutput,
    /// A transaction found out that the block cannot be run in parallel, see [`View::give_up`](crate::View::give_up).
    GivenUp,
}

impl Doubt {
    /// All of them.
    pub const ALL: [Doubt; 6] =
        [Doubt::Failed, Doubt::TooOften, Doubt::Stopped, Doubt::NotVerified, Doubt::NoOutput, Doubt::GivenUp];
}
