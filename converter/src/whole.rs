//! Functions that stay stack code as a whole: nothing in them is to be cleaned up, and an allocator would have nothing to choose.
//!
//! Each local lives in the register of its own number. All that has to be found out is which locals may be read before they are set.

use isa::Stack;

use crate::allocate::{Allocation, Location};
use crate::cleanup::live_globals;
use crate::live::{Arrival, LiveRanges, Origin};
use crate::tac::Function;

/// Whether islands are all of a function that control reaches.
pub(crate) fn is_whole(lifted: &Function) -> bool {
    lifted.blocks.iter().all(|block| block.is_island || !block.is_reachable)
}

/// What allocation would give, if there are registers enough.
pub(crate) fn in_place(
    source: &isa::Function<Stack>,
    lifted: &Function,
    registers: u16,
) -> Option<(LiveRanges, Allocation)> {
    let locals = u16::try_from(source.locals).ok().filter(|&locals| locals <= registers)?;
    let entering = live_globals(lifted).entering;
    // Parameters are where they belong.
    let unset = entering.iter(0).filter(|&register| register >= lifted.parameters);
    let arrivals = unset.map(|to| Arrival { from: Origin::Unset, to }).collect();
    let mut locations = vec![Location::Nowhere; lifted.registers as usize];
    for local in 0..locals {
        locations[usize::from(local)] = Location::Register(local);
    }
    let allocation = Allocation { locations, slots: 0, scratch: None, windows: Vec::new(), arrivals };
    Some((LiveRanges::default(), allocation))
}
