//! What the scheduler takes from the platform: words, locks, a condition to wait for.
//!
//! The core is written over [`Primitives`], so the same code runs on the standard library ([`Std`]) and, in tests, on the types of
//! loom, which tries every schedule of a small piece, and of shuttle, which tries random schedules of the whole. Neither needs a
//! special build.
//!
//! Orderings are fixed here: loads acquire, stores release, read-modify-writes do both, and [`Primitives::fence`] is sequentially
//! consistent. Where two workers each write one word and then read the other's, the code has a fence between the two.

use std::ops::DerefMut;
use std::sync::atomic::{AtomicUsize, Ordering, fence};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A word that workers share.
pub(crate) trait Word: Send + Sync {
    /// A word with this value.
    fn new(value: usize) -> Self;
    /// Reads it.
    fn load(&self) -> usize;
    /// Writes it.
    fn store(&self, value: usize);
    /// Adds to it, and gives what it was.
    fn add(&self, value: usize) -> usize;
    /// Raises it to at least this value, and gives what it was.
    fn raise(&self, value: usize) -> usize;
    /// Writes `new` if it is `current`; an error says what it is instead.
    ///
    /// # Errors
    ///
    /// The value found, if it is not `current`.
    fn exchange(&self, current: usize, new: usize) -> Result<usize, usize>;
}

/// A lock around a value. A panic of somebody who held it does not poison it: whoever finds a panic gives up the whole parallel run.
pub(crate) trait Lock<T>: Send + Sync {
    /// Access to the value until it is dropped.
    type Guard<'a>: DerefMut<Target = T>
    where
        Self: 'a,
        T: 'a;
    /// A lock around `value`.
    fn new(value: T) -> Self;
    /// Waits for the value.
    fn lock(&self) -> Self::Guard<'_>;
    /// The value, which nobody else can see.
    fn get_mut(&mut self) -> &mut T;
}

/// What holds the lock of a platform around a value.
pub(crate) type Guard<'a, S, T> = <<S as Primitives>::Lock<T> as Lock<T>>::Guard<'a>;

/// A platform: the words, locks and conditions of one library.
pub(crate) trait Primitives: Sized + Send + Sync + 'static {
    /// Its words.
    type Word: Word;
    /// Its locks.
    type Lock<T: Send>: Lock<T>;
    /// Its conditions.
    type Condition: Send + Sync;

    /// A condition that nobody waits for.
    fn condition() -> Self::Condition;
    /// Lets go of the lock, waits until somebody notifies, takes the lock again. May return without reason.
    fn wait<'a, T: Send + 'a>(condition: &Self::Condition, guard: Guard<'a, Self, T>) -> Guard<'a, Self, T>
    where
        Self::Lock<T>: 'a;
    /// Wakes one that waits.
    fn notify_one(condition: &Self::Condition);
    /// Wakes all that wait.
    fn notify_all(condition: &Self::Condition);
    /// A sequentially consistent fence.
    fn fence();
}

/// The standard library.
#[derive(Debug)]
pub(crate) enum Std {}

impl Word for AtomicUsize {
    #[inline]
    fn new(value: usize) -> Self {
        AtomicUsize::new(value)
    }
    #[inline]
    fn load(&self) -> usize {
        self.load(Ordering::Acquire)
    }
    #[inline]
    fn store(&self, value: usize) {
        self.store(value, Ordering::Release);
    }
    #[inline]
    fn add(&self, value: usize) -> usize {
        self.fetch_add(value, Ordering::AcqRel)
    }
    #[inline]
    fn raise(&self, value: usize) -> usize {
        self.fetch_max(value, Ordering::AcqRel)
    }
    #[inline]
    fn exchange(&self, current: usize, new: usize) -> Result<usize, usize> {
        self.compare_exchange(current, new, Ordering::AcqRel, Ordering::Acquire)
    }
}

impl<T: Send> Lock<T> for Mutex<T> {
    type Guard<'a>
        = MutexGuard<'a, T>
    where
        T: 'a;
    #[inline]
    fn new(value: T) -> Self {
        Mutex::new(value)
    }
    #[inline]
    fn lock(&self) -> MutexGuard<'_, T> {
        self.lock().unwrap_or_else(PoisonError::into_inner)
    }
    #[inline]
    fn get_mut(&mut self) -> &mut T {
        self.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Primitives for Std {
    type Word = AtomicUsize;
    type Lock<T: Send> = Mutex<T>;
    type Condition = Condvar;

    fn condition() -> Condvar {
        Condvar::new()
    }
    fn wait<'a, T: Send + 'a>(condition: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        condition.wait(guard).unwrap_or_else(PoisonError::into_inner)
    }
    fn notify_one(condition: &Condvar) {
        condition.notify_one();
    }
    fn notify_all(condition: &Condvar) {
        condition.notify_all();
    }
    #[inline]
    fn fence() {
        fence(Ordering::SeqCst);
    }
}
