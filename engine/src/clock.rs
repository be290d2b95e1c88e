//! The clock that runs are timed with.
//!
//! Where the system has it, it is the processor time of the calling thread: what other programs on the machine do does not count, except
//! through caches and clock rates. A guest program runs on one thread and does not wait, so nothing that belongs to it is missed.

//!
//! A run that other threads help does wait for them. Whoever times such runs says so first ([`count_waiting`]).

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

static COUNTS_WAITING: AtomicBool = AtomicBool::new(false);

/// From now on the clock is that of the time that passes.
pub fn count_waiting() {
    COUNTS_WAITING.store(true, Ordering::Relaxed);
}

fn counts_waiting() -> bool {
    cfg!(not(unix)) || COUNTS_WAITING.load(Ordering::Relaxed)
}

/// Name of the clock, as result files record it.
pub fn name() -> &'static str {
    if counts_waiting() { "wall-clock time" } else { "thread CPU time" }
}

/// The time that has passed since the first reading.
fn passed() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

/// The time now. Differences of two readings on one thread mean something.
#[cfg(not(unix))]
pub fn now() -> Duration {
    passed()
}

/// The time now. Differences of two readings on one thread mean something.
#[cfg(unix)]
pub fn now() -> Duration {
    if counts_waiting() {
        return passed();
    }
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// Processor time of all threads of this process. Differences of two readings mean something.
#[cfg(unix)]
pub fn process() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// Processor time of all threads of this process, where the system says it; here it is the time that passes.
#[cfg(not(unix))]
pub fn process() -> Duration {
    now()
}
