//! The ledger that a run has: its own, or one that is lent to it for the length of a call.

use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use super::Ledger;
use crate::context::Runtime;

/// A run's ledger. It is used as what it stands for.
pub struct LedgerHandle {
    ledger: NonNull<dyn Ledger>,
    /// It came in a box; otherwise it is lent.
    is_owned: bool,
}

impl From<Box<dyn Ledger>> for LedgerHandle {
    fn from(ledger: Box<dyn Ledger>) -> Self {
        Self { ledger: NonNull::from(Box::leak(ledger)), is_owned: true }
    }
}

impl Deref for LedgerHandle {
    type Target = dyn Ledger;

    #[inline(always)]
    fn deref(&self) -> &Self::Target {
        // SAFETY: an owned ledger lives until the handle is dropped; a lent one is lent exclusively, for longer than the handle lives (`Runtime::lend`).
        unsafe { self.ledger.as_ref() }
    }
}

impl DerefMut for LedgerHandle {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Self::Target {
        // SAFETY: as in `deref`.
        unsafe { self.ledger.as_mut() }
    }
}

impl Drop for LedgerHandle {
    fn drop(&mut self) {
        if self.is_owned {
            // SAFETY: it was a box, and nobody else has it.
            drop(unsafe { Box::from_raw(self.ledger.as_ptr()) });
        }
    }
}

impl std::fmt::Debug for LedgerHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LedgerHandle").field("is_owned", &self.is_owned).finish_non_exhaustive()
    }
}

/// Gives a run its own ledger back, also when a panic ends the loan.
struct Loan<'r> {
    runtime: &'r mut Runtime,
    /// The run's own ledger meanwhile, and the lent one after.
    other: LedgerHandle,
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        std::mem::swap(&mut self.runtime.ledger, &mut self.other);
    }
}

impl Runtime {
    /// Runs something on a ledger that is lent to this run meanwhile, in place of its own.
    ///
    /// # Safety
    /// `run` does not take the runtime's ledger out of it, and leaves the runtime where it is: it must not exchange it for another.
    pub unsafe fn lend<R>(&mut self, ledger: &mut dyn Ledger, run: impl FnOnce(&mut Self) -> R) -> R {
        let ledger: NonNull<dyn Ledger + '_> = NonNull::from(ledger);
        // SAFETY: only the lifetime is another. The handle made of it is gone when this function is left, for it is nowhere but in this runtime (the caller's
        // promise) and is taken from there when the loan is dropped; and until then the ledger is borrowed exclusively.
        let ledger: NonNull<dyn Ledger> =
            unsafe { std::mem::transmute::<NonNull<dyn Ledger + '_>, NonNull<dyn Ledger>>(ledger) };
        let lent = LedgerHandle { ledger, is_owned: false };
        let other = std::mem::replace(&mut self.ledger, lent);
        let loan = Loan { runtime: self, other };
        run(loan.runtime)
    }
}
