//! The allocator that registers are measured against: every value lies in a spill slot of its own.

use converter::allocate::{Allocation, Location, RegisterAllocator};
use converter::live::LiveRanges;
use converter::tac::Function;

/// Every value lies in a spill slot of its own.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Slots;

impl RegisterAllocator for Slots {
    fn name(&self) -> &'static str {
        "slots"
    }

    fn allocate(&self, function: &mut Function, ranges: &LiveRanges, _registers: u16) -> Allocation {
        let mut locations = vec![Location::Nowhere; function.registers as usize];
        for (slot, range) in ranges.ranges.iter().enumerate() {
            locations[range.register as usize] = Location::Slot(slot as u32);
        }
        Allocation {
            locations,
            slots: ranges.ranges.len() as u32,
            // Registers 0 to 2 carry values from and to the slots; nothing else is in registers, so windows begin anywhere.
            scratch: Some(0),
            windows: vec![0; ranges.windows.len()],
            arrivals: ranges.arrivals.clone(),
        }
    }
}
