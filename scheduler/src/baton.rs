//! One worker at a time commits, and nobody waits to.
//!
//! Whoever asks while another commits leaves it to that one, who looks once more before it stops. So no request is lost, and commits are in order
//! without a lock that anybody waits for (the armed lock of Aptos' rolling commit, as a count of requests).

use crate::fault::{Fault, Faults};
use crate::sync::Word;

/// The right to commit.
pub(crate) struct Baton<W> {
    /// How often somebody asked since it was last laid down.
    requests: W,
}

impl<W: Word> Baton<W> {
    pub(crate) fn new() -> Self {
        Baton { requests: W::new(0) }
    }

    /// Runs `work` on this worker, or has whoever runs it now run it once more.
    pub(crate) fn run<F: Faults>(&self, mut work: impl FnMut(), faults: F) {
        if self.requests.add(1) > 0 {
            return;
        }
        let mut seen = 1;
        loop {
            work();
            if faults.plants(Fault::BatonDropped) {
                return self.requests.store(0);
            }
            match self.requests.exchange(seen, 0) {
                Ok(_) => return,
                Err(requests) => seen = requests,
            }
        }
    }
}
