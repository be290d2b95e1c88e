//! Whether a block runs in parallel or serially at the moment.
//!
//! ```text
//! Parallel ──close──► Closing ──begin_stretch──► Stretch ──open──► Parallel
//! ```
//!
//! One worker at a time closes (it commits) and one opens (it is alone). The word counts how often it was closed, so that a worker which was held up
//! for long does not take one closing for another.

use crate::fault::{Fault, Faults};
use crate::sync::Word;

/// How a block runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Optimistically.
    Parallel,
    /// Nothing is begun any more but the transaction at the commit point, until all that was begun is committed.
    Closing,
    /// One worker executes transactions one after the other.
    Stretch,
}

const MODES: [Mode; 3] = [Mode::Parallel, Mode::Closing, Mode::Stretch];
/// Closings are counted in steps of this.
const STEP: usize = 4;

/// The mode, shared by all workers.
pub(crate) struct ModeWord<W>(W);

/// A closing that a worker has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Closing(usize);

impl<W: Word> ModeWord<W> {
    pub(crate) fn new() -> Self {
        ModeWord(W::new(0))
    }

    pub(crate) fn get(&self) -> Mode {
        MODES[self.0.load() % STEP]
    }

    /// The same with which closing it is.
    pub(crate) fn look(&self) -> (Mode, Closing) {
        let word = self.0.load();
        (MODES[word % STEP], Closing(word / STEP))
    }

    pub(crate) fn close(&self) {
        let Closing(count) = self.look().1;
        self.0.store((count + 1) * STEP + Mode::Closing as usize);
    }

    /// Makes this worker the one that goes on alone, if no other is since it saw this closing.
    pub(crate) fn begin_stretch<F: Faults>(&self, closing: Closing, faults: F) -> bool {
        let Closing(count) = if faults.plants(Fault::ClosedTwice) { self.look().1 } else { closing };
        let closed = count * STEP + Mode::Closing as usize;
        self.0.exchange(closed, count * STEP + Mode::Stretch as usize).is_ok()
    }

    pub(crate) fn open(&self) {
        let Closing(count) = self.look().1;
        self.0.store(count * STEP + Mode::Parallel as usize);
    }
}
