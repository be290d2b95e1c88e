//! The clock that runs are timed with.
//!
//! Where the system has it, it is the processor time of the calling thread: what other programs on the machine do does not count, except
//! through caches and clock rates. A guest program runs on one thread and does not wait, so nothing that belongs to it is missed.

use std::time::Duration;

/// Name of the clock, as result files record it.
#[cfg(unix)]
pub const NAME: &str = "thread CPU time";

/// The time now. Differences of two readings on one thread mean something.
#[cfg(unix)]
pub fn now() -> Duration {
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

/// Name of the clock, as result files record it.
#[cfg(not(unix))]
pub const NAME: &str = "wall-clock time";

/// The time now. Differences of two readings on one thread mean something.
#[cfg(not(unix))]
pub fn now() -> Duration {
    use std::sync::OnceLock;
    use std::time::Instant;
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}
