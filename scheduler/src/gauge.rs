//! How parallel the committed transactions could have been.
//!
//! Conflicts say little about that: how often an execution is in vain depends on the number of workers and on chance. The reads of committed
//! transactions say whose writes they found, which gives the dependence graph of the block and its longest path. A path as long as the window
//! is a chain: however many workers there are, one goes on and the others are in the way. So the run becomes serial; it still sees its reads,
//! and becomes parallel again where the graph does.

/// The most transactions that one measurement can be of.
pub(crate) const MOST: usize = 64;

/// How many make the first: a block that is a chain should be found out soon.
const FIRST: usize = 8;

/// The longest path through the dependences within a window of committed transactions.
#[derive(Debug)]
pub(crate) struct Gauge {
    /// How many transactions make this measurement, and those after it.
    window: usize,
    next_window: usize,
    /// The window's first transaction.
    first: u32,
    /// How many transactions of the window are on the longest path that ends with each one.
    depths: [u8; MOST],
    count: usize,
    longest: u8,
}

impl Gauge {
    /// A gauge for a block.
    pub(crate) fn new(window: usize) -> Self {
        let window = window.clamp(1, MOST);
        Gauge { window: window.min(FIRST), next_window: window, first: 0, depths: [0; MOST], count: 0, longest: 0 }
    }

    /// Notes the next committed transaction with the writers it read from, where the state before the block is a writer that is none of them. At
    /// the end of a window, says how many transactions there were for each on the longest path: 1 is a chain.
    pub(crate) fn commit(&mut self, writers: impl Iterator<Item = u32>) -> Option<f32> {
        let within = &self.depths[..self.count];
        let depths = writers.filter_map(|writer| within.get(writer.wrapping_sub(self.first) as usize));
        let depth = 1 + depths.copied().max().unwrap_or(0);
        self.depths[self.count] = depth;
        self.longest = self.longest.max(depth);
        self.count += 1;
        if self.count < self.window {
            return None;
        }
        let parallelism = self.window as f32 / f32::from(self.longest);
        self.first += self.window as u32;
        (self.window, self.count, self.longest) = (self.next_window, 0, 0);
        Some(parallelism)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measure(writers: impl Fn(u32) -> Option<u32>) -> Vec<f32> {
        let mut gauge = Gauge::new(32);
        (0..72).filter_map(|index| gauge.commit(writers(index).into_iter())).collect()
    }

    #[test]
    fn a_chain_is_one_and_clusters_are_many() {
        assert_eq!(measure(|index| index.checked_sub(1)), [1.0; 3]);
        assert_eq!(measure(|index| index.checked_sub(4)), [4.0; 3]);
        assert_eq!(measure(|_| None), [8.0, 32.0, 32.0]);
    }
}
