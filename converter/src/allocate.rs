//! Register allocation, behind a trait; a file for each allocator.
//!
//! An allocator gives each virtual register one [`Location`]. One that wants a value now here, now there *splits* its live range: it changes
//! the function so that the parts are virtual registers of their own, with moves between them. [`pieces`] does that for allocators that
//! think of parts as stretches of time, and [`edges`] puts moves between blocks.

pub mod edges;
pub mod graph;
pub mod headers;
pub mod linear;
pub mod naive;
pub mod pieces;
pub mod second_chance;
pub mod timeline;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::live::{Arrival, LiveRanges};
use crate::tac::{Function, VirtualRegister};

/// Where a virtual register lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// It is never live.
    Nowhere,
    /// A register.
    Register(u16),
    /// A spill slot.
    Slot(u32),
}

/// The outcome of register allocation.
#[derive(Clone, Debug, Default)]
pub struct Allocation {
    /// Location of every virtual register of the function, those included that the allocator has made.
    pub locations: Vec<Location>,
    /// How many spill slots are used.
    pub slots: u32,
    /// Registers kept free for values on their way to and from spill slots: three from this one on. None when no instruction but moves and
    /// windows names a virtual register in a slot.
    pub scratch: Option<u16>,
    /// First register of each window, by its index in [`LiveRanges::windows`]; spill slots are not accounted for.
    pub windows: Vec<u16>,
    /// Where the values go that are there when the function begins: [`LiveRanges::arrivals`], unless the allocator has made other virtual
    /// registers for them. A value may go to several.
    pub arrivals: Vec<Arrival>,
}

impl Allocation {
    /// How many virtual registers are in slots.
    pub fn spilled(&self) -> u64 {
        if self.slots == 0 {
            return 0;
        }
        self.locations.iter().filter(|location| matches!(location, Location::Slot(_))).count() as u64
    }
}

/// Maps virtual registers to registers and spill slots.
pub trait RegisterAllocator {
    /// Its name on the command line.
    fn name(&self) -> &'static str;

    /// Gives every live range a location such that ranges which overlap differ. At most `registers` registers are used, the
    /// windows of calls not counted. Every window begins above all registers of ranges that live on after it, and above its callee. The
    /// function may be changed, as long as it goes on to do the same and has the same windows in the same order.
    fn allocate(&self, function: &mut Function, ranges: &LiveRanges, registers: u16) -> Allocation;
}

/// The allocators there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AllocatorKind {
    /// [`linear::LinearScan`].
    Linear,
    /// [`graph::GraphColouring`].
    Graph,
    /// [`second_chance::SecondChance`].
    SecondChance,
    /// [`naive::Naive`].
    Naive,
}

impl AllocatorKind {
    /// All allocators, the default first.
    pub const ALL: &'static [Self] = &[Self::Linear, Self::Graph, Self::SecondChance, Self::Naive];

    /// Its name and what it does in a few words.
    pub fn about(self) -> (&'static str, &'static str) {
        match self {
            Self::Linear => ("linear", "linear scan over live ranges, which are split where registers run out"),
            Self::Graph => ("graph", "graph colouring with coalescing, the cheapest values are spilled everywhere"),
            Self::SecondChance => {
                ("second-chance", "binpacking block by block: what is evicted may come back to any register")
            }
            Self::Naive => ("naive", "a register for each value as long as there are any, the rest is spilled"),
        }
    }

    /// The allocator of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.about().0 == name)
    }
}

impl RegisterAllocator for AllocatorKind {
    fn name(&self) -> &'static str {
        self.about().0
    }

    fn allocate(&self, function: &mut Function, ranges: &LiveRanges, registers: u16) -> Allocation {
        match self {
            Self::Linear => linear::LinearScan.allocate(function, ranges, registers),
            Self::Graph => graph::GraphColouring.allocate(function, ranges, registers),
            Self::SecondChance => second_chance::SecondChance.allocate(function, ranges, registers),
            Self::Naive => naive::Naive.allocate(function, ranges, registers),
        }
    }
}

/// Allocates in given tables, around islands of stack code if there are any: then it is a linear scan over whole ranges, and where registers run
/// out, [`naive`]. To split ranges would put moves between the instructions of islands.
pub(crate) fn allocate_in(
    tables: &mut linear::Tables,
    kind: AllocatorKind,
    has_islands: bool,
    function: &mut Function,
    ranges: &LiveRanges,
    registers: u16,
) -> Allocation {
    tables.forget();
    match kind {
        _ if has_islands => linear::whole(function, ranges, registers, tables)
            .unwrap_or_else(|| naive::Naive.allocate(function, ranges, registers)),
        AllocatorKind::Linear => linear::allocate(function, ranges, registers, tables),
        kind => kind.allocate(function, ranges, registers),
    }
}

/// Registers that carry values to and from spill slots: as many as an instruction has operands.
pub(crate) const SCRATCH: u16 = 3;

/// Gives slots to the virtual registers that want one, such that those whose ranges overlap differ; returns how many slots there are.
fn assign_slots(ranges: &LiveRanges, wants_slot: impl Fn(VirtualRegister) -> bool, locations: &mut [Location]) -> u32 {
    let mut slots = 0;
    let mut free = Vec::new();
    let mut ends: BinaryHeap<Reverse<(u32, u32)>> = BinaryHeap::new();
    for range in ranges.ranges.iter().filter(|range| wants_slot(range.register)) {
        while let Some(&Reverse((end, slot))) = ends.peek()
            && end < range.start
        {
            ends.pop();
            free.push(slot);
        }
        let slot = free.pop().unwrap_or_else(|| {
            slots += 1;
            slots - 1
        });
        ends.push(Reverse((range.end, slot)));
        locations[at(range.register)] = Location::Slot(slot);
    }
    slots
}

/// Place of a virtual register in a table.
fn at(register: VirtualRegister) -> usize {
    register as usize
}
