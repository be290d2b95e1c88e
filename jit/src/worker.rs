//! The thread that compiles.
//!
//! There is one in the process, started when it is first needed. It has a native stack of its own, because compiling needs more than what the thread of a
//! program may have left.

use std::sync::{Arc, OnceLock};

use crossbeam::channel::{Receiver, Sender, bounded, unbounded};

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
}

/// As much as a main thread usually has.
const STACK: usize = 8 << 20;

fn jobs() -> Result<&'static Sender<Job>, String> {
    static JOBS: OnceLock<Result<Sender<Job>, String>> = OnceLock::new();
    let start = || {
        let (sender, receiver) = unbounded::<Job>();
        let work = move || {
            for Job { compiler, request, key, reply } in receiver {
                let made = compiler.compile(&request).map(Arc::new);
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
pub(crate) fn compile(
    compiler: &Arc<Compiler>,
    request: Request,
    key: Option<Key>,
) -> Result<Receiver<Outcome>, String> {
    let (reply, outcome) = bounded(1);
    let job = Job { compiler: Arc::clone(compiler), request, key, reply };
    jobs()?.send(job).map_err(|_| String::from("the thread that compiles is no more"))?;
    Ok(outcome)
}
