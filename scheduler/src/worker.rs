//! What each worker does, whichever thread it is.

use crate::block::{Block, Scratch};
use crate::core::Next;
use crate::fault::Faults;
use crate::sync::Primitives;
use crate::traits::Transactions;

impl<T: Transactions, S: Primitives, F: Faults> Block<'_, '_, T, S, F> {
    /// Executes transactions until there are none, and sleeps when there is nothing to do.
    pub(crate) fn work(&self, context: &mut T::Context, scratch: &mut Scratch<T>) {
        loop {
            match self.core.next(&mut scratch.portion) {
                Next::Execute(task) => {
                    let attempt = self.execute(task, context, scratch);
                    self.finish(task, attempt, scratch);
                }
                Next::Stretch => self.stretch(context, scratch),
                Next::Idle => {
                    scratch.statistics.sleeps += 1;
                    self.core.parking.sleep_while(|| self.core.is_idle());
                }
                Next::End => return,
            }
        }
    }
}
