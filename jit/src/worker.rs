//! The thread that compiles.
//!
//! There is one in the process, started when it is first needed. It has a native stack of its own, because compiling needs more than what the thread of a
//! program may have left.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock, Weak};

use crossbeam::channel::{Receiver, Sender, TryRecvError, bounded, unbounded};

use crate::cache::{self, Key};
use crate::compile::{Compiler, Made};
use crate::lower::Request;

/// What became of a request.
pub(crate) type Outcome = Result<Arc<Made>, String>;

struct Job {
    compiler: Arc<Compiler>,
    request: Request,
    key: Option<Key>,
    reply: Sender<Outcome>,
    /// Gone when nobody waits any more.
    wanted: Weak<()>,
}

/// A compilation that was asked for. Dropping it takes the request back, unless the thread is at it already.
#[derive(Debug)]
pub(crate) struct Pending {
    outcome: Receiver<Outcome>,
    _wanted: Arc<()>,
}

impl Pending {
    /// What became of it, if that is there.
    ///
    /// # Errors
    /// When it is not there yet, or the thread is no more.
    pub(crate) fn poll(&self) -> Result<Outcome, TryRecvError> {
        self.outcome.try_recv()
    }

    /// Waits for what becomes of it.
    ///
    /// # Errors
    /// When the thread is no more.
    pub(crate) fn wait(&self) -> Result<Outcome, TryRecvError> {
        self.outcome.recv().map_err(TryRecvError::from)
    }
}

/// As much as a main thread usually has.
const STACK: usize = 8 << 20;

fn jobs() -> Result<&'static Sender<Job>, String> {
    static JOBS: OnceLock<Result<Sender<Job>, String>> = OnceLock::new();
    let start = || {
        let (sender, receiver) = unbounded::<Job>();
        let work = move || {
            for Job { compiler, request, key, reply, wanted } in receiver {
                // The program may be gone, and there may be others who wait.
                if wanted.strong_count() == 0 {
                    continue;
                }
                // Whatever goes wrong in one function, others are still to be compiled.
                let compiled = catch_unwind(AssertUnwindSafe(|| compiler.compile(&request)));
                let made = compiled.unwrap_or_else(|_| Err(String::from("the compiler has panicked"))).map(Arc::new);
                if let (Ok(made), Some(key)) = (&made, key) {
                    cache::keep(key, made);
                }
                // Whoever asked may not want it any more.
                let _ = reply.send(made);
            }
        };
        let thread = std::thread::Builder::new().name(String::from("compiler")).stack_size(STACK).spawn(work);
        thread.map(|_| sender).map_err(|error| format!("the thread that compiles cannot be started: {error}"))
    };
    JOBS.get_or_init(start).as_ref().map_err(Clone::clone)
}

/// Has a function compiled, to be kept under `key`. The outcome will be there some time later.
///
/// # Errors
/// When the thread cannot be started or is no more.
pub(crate) fn compile(compiler: &Arc<Compiler>, request: Request, key: Option<Key>) -> Result<Pending, String> {
    let (reply, outcome) = bounded(1);
    let wanted = Arc::new(());
    let job = Job { compiler: Arc::clone(compiler), request, key, reply, wanted: Arc::downgrade(&wanted) };
    jobs()?.send(job).map_err(|_| String::from("the thread that compiles is no more"))?;
    Ok(Pending { outcome, _wanted: wanted })
}
