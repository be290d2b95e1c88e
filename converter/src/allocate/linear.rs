//! Linear scan, with preferences that save moves, and with splitting where registers run out.
//!
//! The scan of Poletto and Sarkar (*Linear Scan Register Allocation*, TOPLAS 1999) visits live ranges by where they begin; each takes a free
//! register. A range prefers the register in which its value will be wanted: its place in the window of the call it is an argument of, the
//! register where a call leaves its result, or the register of the value it is copied from.
//!
//! Most functions have registers enough, and are done then. For the others `split` begins anew, with parts of ranges.

mod registers;
mod split;

use self::registers::Registers;
use super::{Allocation, Location, RegisterAllocator, at};
use crate::Size;
use crate::live::{LiveRange, LiveRanges};
use crate::tac::{Function, NONE, VirtualRegister};

/// Linear scan.
#[derive(Clone, Copy, Debug, Default)]
pub struct LinearScan;

impl RegisterAllocator for LinearScan {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn allocate(&self, function: &mut Function, ranges: &LiveRanges, registers: u16) -> Allocation {
        allocate(function, ranges, registers, &mut Tables::default())
    }
}

/// Allocates in given tables.
pub(super) fn allocate(
    function: &mut Function,
    ranges: &LiveRanges,
    registers: u16,
    tables: &mut Tables,
) -> Allocation {
    whole(function, ranges, registers, tables).unwrap_or_else(|| split::allocate(function, ranges, registers))
}

/// The scan over whole ranges; none when there are not registers enough.
pub(super) fn whole(
    function: &Function,
    ranges: &LiveRanges,
    registers: u16,
    tables: &mut Tables,
) -> Option<Allocation> {
    tables.registers.begin(registers);
    let Allocation { mut locations, mut windows, mut arrivals, .. } = std::mem::take(&mut tables.spare);
    locations.clear();
    locations.resize(function.registers as usize, Location::Nowhere);
    windows.clear();
    let mut scan =
        Scan { function, ranges, registers: &mut tables.registers, locations, windows, last: LastWindow::default() };
    let pressure = scan.run();
    let Scan { locations, windows, .. } = scan;
    tables.pressure = pressure;
    arrivals.clear();
    arrivals.extend_from_slice(&ranges.arrivals);
    let allocation = Allocation { locations, slots: 0, scratch: None, windows, arrivals };
    if pressure.is_some() {
        return Some(allocation);
    }
    tables.recycle(allocation);
    None
}

/// What one function after the other is scanned with.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    registers: Registers,
    /// An allocation that is not needed any more.
    spare: Allocation,
    /// The most ranges that overlapped in one point of the last function, if it was scanned to its end.
    pressure: Option<u32>,
}

impl Tables {
    /// Tables of a size.
    pub(crate) fn new(size: Size) -> Self {
        let spare = Allocation {
            locations: Vec::with_capacity(size.registers),
            windows: Vec::with_capacity(size.instructions / 4),
            ..Allocation::default()
        };
        Self { spare, ..Self::default() }
    }

    /// Forgets what was found out about the last function.
    pub(super) fn forget(&mut self) {
        self.pressure = None;
    }

    /// [`LiveRanges::pressure`] of the last function, if it was scanned to its end.
    pub(crate) fn pressure(&self) -> Option<u64> {
        self.pressure.map(u64::from)
    }

    /// Takes back an allocation that nobody needs any more.
    pub(crate) fn recycle(&mut self, allocation: Allocation) {
        self.spare = allocation;
    }
}

/// The scan over whole ranges.
struct Scan<'r> {
    function: &'r Function,
    ranges: &'r LiveRanges,
    registers: &'r mut Registers,
    locations: Vec<Location>,
    windows: Vec<u16>,
    last: LastWindow,
}

/// The last window that was placed.
#[derive(Default)]
struct LastWindow {
    /// Where its result is written; zero if there is none yet.
    point: u32,
    /// The virtual register that takes the result.
    destination: VirtualRegister,
    first: u16,
}

impl Scan<'_> {
    /// The most ranges that overlap; none when there are not registers enough.
    fn run(&mut self) -> Option<u32> {
        let (mut pressure, mut placed) = (0, self.place_windows(0));
        for &range in &self.ranges.ranges {
            if placed < range.start {
                placed = self.place_windows(range.start);
            }
            self.registers.expire(range.start);
            let preferred = self.preference(range).filter(|&register| self.registers.is_free(register));
            let register = preferred.or_else(|| self.registers.lowest_free())?;
            self.registers.hold(register, range.end);
            self.locations[at(range.register)] = Location::Register(register);
            pressure = pressure.max(self.registers.held());
        }
        self.place_windows(u32::MAX);
        Some(pressure)
    }

    /// Fixes the beginning of every window before `point`: all ranges that can cross it are placed by then. Returns the point of the next window.
    fn place_windows(&mut self, point: u32) -> u32 {
        while let Some(window) = self.ranges.windows.get(self.windows.len()) {
            if window.point >= point {
                return window.point;
            }
            let mut first = self.registers.first_free_above(window.point + 1);
            if window.callee != NONE
                && let Location::Register(callee) = self.locations[at(window.callee)]
            {
                first = first.max(callee + 1);
            }
            self.windows.push(first);
            self.last = LastWindow { point: window.point + 1, destination: window.destination, first };
        }
        u32::MAX
    }

    /// The register in which the range's value will be wanted, if it can be told.
    fn preference(&self, range: LiveRange) -> Option<u16> {
        if range.start == 0 && range.register < self.function.parameters {
            return u16::try_from(range.register).ok();
        }
        let hints = self.ranges.hints(range.register);
        if let Some((window, place)) = hints.window() {
            let window = self.ranges.windows[window as usize];
            // An argument that lives on must stay below its window.
            if range.end <= window.point + 1 && range.start < window.point {
                let mut first = self.registers.first_free_above(window.point + 1);
                if let Some(Location::Register(callee)) = self.locations.get(at(window.callee)) {
                    first = first.max(callee + 1);
                }
                return u16::try_from(u32::from(first) + place).ok();
            }
        }
        // The last window that is placed is the last one before the range.
        if self.last.point == range.start && self.last.destination == range.register {
            return Some(self.last.first);
        }
        match self.locations.get(at(hints.copied_from)) {
            Some(&Location::Register(register)) => Some(register),
            _ => None,
        }
    }
}
