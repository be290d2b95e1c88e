//! Where workers sleep that find nothing to do.
//!
//! A worker counts itself as asleep before it looks for work a last time; whoever makes work looks for sleepers after that. With a fence between
//! the two on each side, one of them sees the other.

use crate::sync::{Lock, Primitives, Word};

/// Where workers sleep.
pub(crate) struct Parking<S: Primitives> {
    /// How many sleep, or are about to.
    sleepers: S::Word,
    lock: S::Lock<()>,
    condition: S::Condition,
}

impl<S: Primitives> Parking<S> {
    pub(crate) fn new() -> Self {
        Parking { sleepers: S::Word::new(0), lock: S::Lock::new(()), condition: S::condition() }
    }

    /// Sleeps until there is something to do. `is_idle` looks only; it is asked while a lock is held.
    pub(crate) fn sleep_while(&self, is_idle: impl Fn() -> bool) {
        let mut guard = self.lock.lock();
        self.sleepers.add(1);
        S::fence();
        while is_idle() {
            guard = S::wait(&self.condition, guard);
        }
        self.sleepers.add(usize::MAX);
    }

    /// Says, after something to do was made visible, that there is: to one sleeper.
    pub(crate) fn wake_one(&self) {
        S::fence();
        if self.sleepers.load() > 0 {
            let _guard = self.lock.lock();
            S::notify_one(&self.condition);
        }
    }

    /// Says the same to all.
    pub(crate) fn wake_all(&self) {
        S::fence();
        if self.sleepers.load() > 0 {
            let _guard = self.lock.lock();
            S::notify_all(&self.condition);
        }
    }
}
