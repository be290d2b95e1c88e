//! Register allocation, behind a trait; a file for each allocator.

pub mod linear;

use crate::live::LiveRanges;
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
#[derive(Clone, Debug)]
pub struct Allocation {
    /// Location of every virtual register.
    pub locations: Vec<Location>,
    /// How many spill slots are used.
    pub slots: u32,
    /// Registers kept free for values on their way to and from spill slots: three from this one on, when anything is spilled.
    pub scratch: u16,
    /// First register of each window, by its index in [`LiveRanges::windows`]; spill slots are not accounted for.
    pub windows: Vec<u16>,
}

/// Maps virtual registers to registers and spill slots.
pub trait RegisterAllocator {
    /// Its name on the command line.
    fn name(&self) -> &'static str;

    /// Gives every live range a location such that ranges which overlap differ. At most `registers` registers are used, the
    /// windows of calls not counted. Every window begins above all registers of ranges that live on after it, and above its callee.
    fn allocate(&self, function: &Function, ranges: &LiveRanges, registers: u16) -> Allocation;
}

/// The allocators there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AllocatorKind {
    /// [`linear::LinearScan`].
    Linear,
}

impl AllocatorKind {
    /// All allocators, the default first.
    pub const ALL: &'static [Self] = &[Self::Linear];

    /// Its name and what it does in a few words.
    pub fn about(self) -> (&'static str, &'static str) {
        match self {
            Self::Linear => ("linear", "linear scan over live ranges, the least used range is spilled"),
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

    fn allocate(&self, function: &Function, ranges: &LiveRanges, registers: u16) -> Allocation {
        match self {
            Self::Linear => linear::LinearScan.allocate(function, ranges, registers),
        }
    }
}

/// Place of a virtual register in a table.
fn at(register: VirtualRegister) -> usize {
    register as usize
}
