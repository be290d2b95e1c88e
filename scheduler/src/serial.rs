//! Transactions one after the other, without versions: the whole block of one worker, or what a parallel run left.

use crate::block::Scratch;
use crate::commit::Commit;
use crate::overlay::Overlay;
use crate::traits::{State, Transactions};
use crate::view::{Source, View};
use crate::write_set::Writes;

/// Executes the transactions from `first` on, on top of what `overlay` has.
///
/// # Panics
///
/// If a transaction does, or breaks the rules of [`Transactions::execute`].
pub(crate) fn run<T: Transactions>(
    transactions: &T,
    first: usize,
    base: &dyn State<T::Key, T::Value>,
    overlay: &mut Overlay<T::Key, T::Value>,
    context: &mut T::Context,
    scratch: &mut Scratch<T>,
    commit: &mut Commit<'_, T>,
) {
    for index in first..transactions.count() {
        scratch.writes.clear();
        let mut view = View::new(&mut scratch.writes, base, Source::Serial(overlay));
        let Ok(output) = transactions.execute(context, index, &mut view) else {
            panic!("transaction {index} stopped, but in a serial run nothing stops one");
        };
        (commit.on_commit)(index, &output, Writes::new(&scratch.writes.entries));
        commit.outputs.push(output);
        overlay.extend(scratch.writes.entries.drain(..));
        scratch.statistics.executions += 1;
        scratch.statistics.committed += 1;
    }
}
