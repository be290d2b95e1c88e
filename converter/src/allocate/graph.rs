//! Graph colouring with coalescing.
//!
//! After Chaitin, *Register Allocation and Spilling via Graph Coloring*, SIGPLAN 1982, with the improvements of Briggs, Cooper and Torczon,
//! *Improvements to Graph Coloring Register Allocation*, TOPLAS 1994: copies are coalesced only where that cannot make a graph harder to
//! colour (their test and that of George and Appel, *Iterated Register Coalescing*, TOPLAS 1996), and a value that looks as if it had to be
//! spilled may find a colour after all.
//!
//! ```text
//!        ┌──────────────────────── spill code ◄───────────────┐
//!        ▼                                                     │
//! liveness → interference → coalesce → simplify → select ── some have no colour?
//! ```
//!
//! Two virtual registers interfere when one is written where the other is live; no intervals are involved, so holes come for free. What finds
//! no colour is spilled everywhere: it lives in a slot, and each instruction that names it gets a virtual register of its own, which lives so
//! briefly that it is always coloured.
//!
//! A colour is chosen, of those that are free, by the same wishes as in [`linear`](super::linear).

mod colour;
mod interference;
mod spill;

use self::colour::colour;
use self::interference::Interference;
use super::linear::LinearScan;
use super::{Allocation, Location, RegisterAllocator, assign_slots, at};
use crate::cleanup::live_globals;
use crate::live::{LiveRanges, live_ranges};
use crate::tac::Function;

/// Graph colouring.
#[derive(Clone, Copy, Debug, Default)]
pub struct GraphColouring;

/// The graph is quadratic in what is live at once. Functions are left to linear scan for which one takes more steps to build than this, and so
/// many for each instruction: only code that is made to keep the allocator busy comes near.
const MOST_STEPS: usize = 1 << 17;
const MOST_STEPS_PER_INSTRUCTION: usize = 32;

impl RegisterAllocator for GraphColouring {
    fn name(&self) -> &'static str {
        "graph"
    }

    fn allocate(&self, function: &mut Function, ranges: &LiveRanges, registers: u16) -> Allocation {
        let mut changed = function.clone();
        match colour_all(&mut changed, ranges, registers) {
            Some(allocation) => {
                *function = changed;
                allocation
            }
            None => LinearScan.allocate(function, ranges, registers),
        }
    }
}

/// Colours the graph of a function, spilling until that works. None if the graph is too large.
fn colour_all(function: &mut Function, ranges: &LiveRanges, registers: u16) -> Option<Allocation> {
    let mut is_spilled = vec![false; at(function.registers)];
    // Virtual registers from here up are parts of spilled ones.
    let parts = function.registers;
    loop {
        let instructions: usize = function.blocks.iter().map(|block| block.instructions.len() + 1).sum();
        let most_steps = MOST_STEPS + MOST_STEPS_PER_INSTRUCTION * instructions;
        // Spill code crosses blocks.
        function.globals = function.registers;
        let live = live_globals(function);
        let graph = Interference::new(function, &live, &is_spilled, most_steps)?;
        let outcome = colour(function, ranges, graph, parts, registers);
        if outcome.spilled.is_empty() {
            let mut locations: Vec<Location> =
                outcome.colours.iter().map(|colour| colour.map_or(Location::Nowhere, Location::Register)).collect();
            let slots = if is_spilled.contains(&true) {
                assign_slots(&live_ranges(function), |register| is_spilled[at(register)], &mut locations)
            } else {
                0
            };
            let arrivals = ranges.arrivals.clone();
            return Some(Allocation { locations, slots, scratch: None, windows: outcome.windows, arrivals });
        }
        for register in outcome.spilled {
            is_spilled[at(register)] = true;
        }
        spill::insert(function, &live, &is_spilled);
        is_spilled.resize(at(function.registers), false);
    }
}
