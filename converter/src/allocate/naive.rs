//! The simplest thing that works: every live range gets a register of its own for the whole function, in the order in which they begin,
//! and when there are no more, a spill slot. No register ever holds two values.
//!
//! It is what other allocators are measured against: the difference is what sharing registers buys.

use super::{Allocation, Location, RegisterAllocator, SCRATCH, assign_slots, at};
use crate::live::LiveRanges;
use crate::tac::Function;

/// A register for each value as long as there are any.
#[derive(Clone, Copy, Debug, Default)]
pub struct Naive;

impl RegisterAllocator for Naive {
    fn name(&self) -> &'static str {
        "naive"
    }

    fn allocate(&self, function: &mut Function, ranges: &LiveRanges, registers: u16) -> Allocation {
        let fits = ranges.ranges.len() <= usize::from(registers);
        let registers = if fits { registers } else { registers - SCRATCH };
        let mut locations = vec![Location::Nowhere; at(function.registers)];
        for (place, range) in (0..registers).zip(&ranges.ranges) {
            locations[at(range.register)] = Location::Register(place);
        }
        let has_register: Vec<bool> = locations.iter().map(|&location| location != Location::Nowhere).collect();
        let slots = assign_slots(ranges, |register| !has_register[at(register)], &mut locations);
        let used = usize::from(registers).min(ranges.ranges.len()) as u16;
        Allocation {
            locations,
            slots,
            scratch: (!fits).then_some(registers),
            // Above every register, so that no window takes one.
            windows: vec![used; ranges.windows.len()],
            arrivals: ranges.arrivals.clone(),
        }
    }
}
