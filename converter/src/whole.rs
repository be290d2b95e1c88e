//! Functions that stay stack code as a whole: nothing in them is to be cleaned up, and an allocator would have nothing to choose.
//!
//! Each local lives in the register of its own number. All that has to be found out is which locals may be read before they are set.

use isa::Stack;

use crate::allocate::{Allocation, Location};
use crate::cleanup::live_globals;
use crate::live::LiveRanges;
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
    let ranges = LiveRanges {
        unset: entering.iter(0).filter(|&register| register >= lifted.parameters).collect(),
        block_starts: vec![0; lifted.blocks.len()],
        ..LiveRanges::default()
    };
    let mut locations = vec![Location::Nowhere; lifted.registers as usize];
    for local in 0..locals {
        locations[usize::from(local)] = Location::Register(local);
    }
    Some((ranges, Allocation { locations, slots: 0, scratch: 0, windows: Vec::new() }))
}
