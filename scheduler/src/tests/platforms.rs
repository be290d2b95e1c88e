//! The scheduler's primitives on the types of shuttle and loom.

use crate::sync::{Lock, Primitives, Word};

/// A platform that can run workers.
pub(super) trait Threads: Primitives {
    /// Runs each of these in a thread of its own, to its end.
    fn run(workers: impl Iterator<Item = impl FnOnce() + Send>);
}

/// Random schedules, see <https://docs.rs/shuttle>. It knows sequential consistency only.
#[derive(Debug)]
pub(super) enum Shuttle {}

/// All schedules, see <https://docs.rs/loom>. It knows weaker orderings, too.
#[derive(Debug)]
pub(super) enum Loom {}

macro_rules! primitives {
    ($platform:ident, $library:ident, $load:ident, $store:ident, $both:ident) => {
        impl Word for $library::sync::atomic::AtomicUsize {
            fn new(value: usize) -> Self {
                Self::new(value)
            }
            fn load(&self) -> usize {
                self.load(std::sync::atomic::Ordering::$load)
            }
            fn store(&self, value: usize) {
                self.store(value, std::sync::atomic::Ordering::$store);
            }
            fn add(&self, value: usize) -> usize {
                self.fetch_add(value, std::sync::atomic::Ordering::$both)
            }
            fn raise(&self, value: usize) -> usize {
                self.fetch_max(value, std::sync::atomic::Ordering::$both)
            }
            fn exchange(&self, current: usize, new: usize) -> Result<usize, usize> {
                use std::sync::atomic::Ordering;
                self.compare_exchange(current, new, Ordering::$both, Ordering::$load)
            }
        }

        impl<T: Send> Lock<T> for $library::sync::Mutex<T> {
            type Guard<'a>
                = $library::sync::MutexGuard<'a, T>
            where
                T: 'a;
            fn new(value: T) -> Self {
                Self::new(value)
            }
            fn lock(&self) -> Self::Guard<'_> {
                self.lock().expect("no panic while it was held")
            }
            fn get_mut(&mut self) -> &mut T {
                self.get_mut().expect("no panic while it was held")
            }
        }

        impl Primitives for $platform {
            type Word = $library::sync::atomic::AtomicUsize;
            type Lock<T: Send> = $library::sync::Mutex<T>;
            type Condition = $library::sync::Condvar;

            fn condition() -> Self::Condition {
                $library::sync::Condvar::new()
            }
            fn wait<'a, T: Send + 'a>(
                condition: &Self::Condition,
                guard: $library::sync::MutexGuard<'a, T>,
            ) -> $library::sync::MutexGuard<'a, T> {
                condition.wait(guard).expect("no panic while it was held")
            }
            fn notify_one(condition: &Self::Condition) {
                condition.notify_one();
            }
            fn notify_all(condition: &Self::Condition) {
                condition.notify_all();
            }
            fn fence() {
                $library::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
            }
        }
    };
}

primitives!(Shuttle, shuttle, SeqCst, SeqCst, SeqCst);
primitives!(Loom, loom, Acquire, Release, AcqRel);

impl Threads for Shuttle {
    fn run(workers: impl Iterator<Item = impl FnOnce() + Send>) {
        shuttle::thread::scope(|scope| workers.for_each(|worker| drop(scope.spawn(worker))));
    }
}

impl Threads for crate::sync::Std {
    fn run(workers: impl Iterator<Item = impl FnOnce() + Send>) {
        std::thread::scope(|scope| workers.for_each(|worker| drop(scope.spawn(worker))));
    }
}
