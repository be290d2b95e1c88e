//! Linear scan, with preferences that save moves, and with splitting where registers run out.
//!
//! The scan of Poletto and Sarkar (*Linear Scan Register Allocation*, TOPLAS 1999) visits live ranges by where they begin; each takes a free
//! register. A range prefers the register in which its value will be wanted: its place in the window of the call it is an argument of, the
//! register where a call leaves its result, or the register of the value it is copied from.
//!
//! Most functions have registers enough, and are done then. For the others `split` begins anew, with parts of ranges.

mod split;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use smallvec::SmallVec;

use super::{Allocation, Location, RegisterAllocator, at};
use crate::live::{LiveRange, LiveRanges};
use crate::tac::{Function, NONE};

/// Linear scan.
#[derive(Clone, Copy, Debug, Default)]
pub struct LinearScan;

impl RegisterAllocator for LinearScan {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn allocate(&self, function: &mut Function, ranges: &LiveRanges, registers: u16) -> Allocation {
        match whole(function, ranges, registers) {
            Some(allocation) => allocation,
            None => split::allocate(function, ranges, registers),
        }
    }
}

/// The scan over whole ranges; none when there are not registers enough.
pub(crate) fn whole(function: &Function, ranges: &LiveRanges, registers: u16) -> Option<Allocation> {
    Scan::new(function, ranges, registers).run()
}

/// The scan over whole ranges.
struct Scan<'r> {
    function: &'r Function,
    ranges: &'r LiveRanges,
    /// Bit `r` is set while register `r` is free.
    free: SmallVec<[u64; 4]>,
    registers: u16,
    /// Ranges that hold registers, by end.
    active: BinaryHeap<Reverse<(u32, u32)>>,
    /// For each register up to the highest that was ever held the range that holds it.
    holder: SmallVec<[Option<LiveRange>; 8]>,
    locations: Vec<Location>,
    windows: Vec<u16>,
}

impl<'r> Scan<'r> {
    fn new(function: &'r Function, ranges: &'r LiveRanges, registers: u16) -> Self {
        let mut free = SmallVec::from_elem(u64::MAX, usize::from(registers).div_ceil(64));
        if !registers.is_multiple_of(64)
            && let Some(last) = free.last_mut()
        {
            *last = (1 << (registers % 64)) - 1;
        }
        Self {
            function,
            ranges,
            free,
            registers,
            active: BinaryHeap::with_capacity(16),
            holder: SmallVec::new(),
            locations: vec![Location::Nowhere; function.registers as usize],
            windows: Vec::with_capacity(ranges.windows.len()),
        }
    }

    /// None when there are not registers enough.
    fn run(mut self) -> Option<Allocation> {
        for &range in &self.ranges.ranges {
            self.place_windows(range.start);
            self.expire(range.start);
            let preferred = self.preference(range).filter(|&register| self.is_free(register));
            let register = preferred.or_else(|| self.lowest_free())?;
            self.assign(range, register);
        }
        self.place_windows(u32::MAX);
        Some(Allocation {
            locations: self.locations,
            slots: 0,
            scratch: None,
            windows: self.windows,
            arrivals: self.ranges.arrivals.clone(),
        })
    }

    /// Fixes the beginning of every window before `point`: all ranges that can cross it are placed by then.
    fn place_windows(&mut self, point: u32) {
        while let Some(window) = self.ranges.windows.get(self.windows.len()) {
            if window.point >= point {
                break;
            }
            let mut first = self.first_free_above(window.point);
            if window.callee != NONE
                && let Location::Register(callee) = self.locations[at(window.callee)]
            {
                first = first.max(callee + 1);
            }
            self.windows.push(first);
        }
    }

    /// One past the highest register of a range that lives on after the instruction at `point`.
    fn first_free_above(&self, point: u32) -> u16 {
        let crosses =
            |holder: &Option<LiveRange>| holder.is_some_and(|range| range.start <= point && range.end > point + 1);
        self.holder.iter().rposition(crosses).map_or(0, |highest| highest as u16 + 1)
    }

    fn expire(&mut self, point: u32) {
        while let Some(&Reverse((end, register))) = self.active.peek() {
            if end >= point {
                break;
            }
            self.active.pop();
            self.free[register as usize / 64] |= 1 << (register % 64);
        }
    }

    fn is_free(&self, register: u16) -> bool {
        register < self.registers && self.free[usize::from(register) / 64] >> (register % 64) & 1 != 0
    }

    fn lowest_free(&self) -> Option<u16> {
        self.free
            .iter()
            .position(|&word| word != 0)
            .map(|index| (index * 64) as u16 + self.free[index].trailing_zeros() as u16)
    }

    /// The register in which the range's value will be wanted, if it can be told.
    fn preference(&self, range: LiveRange) -> Option<u16> {
        if range.start == 0 && range.register < self.function.parameters {
            return u16::try_from(range.register).ok();
        }
        if let Some((window, place)) = self.ranges.window_places[at(range.register)] {
            let window = self.ranges.windows[window as usize];
            // An argument that lives on must stay below its window.
            if range.end <= window.point + 1 && range.start < window.point {
                let mut first = self.first_free_above(window.point);
                if let Some(Location::Register(callee)) = self.locations.get(at(window.callee)) {
                    first = first.max(callee + 1);
                }
                return u16::try_from(u32::from(first) + place).ok();
            }
        }
        let result_of = self.ranges.windows.binary_search_by_key(&range.start, |window| window.point + 1);
        if let Ok(window) = result_of
            && self.ranges.windows[window].destination == range.register
        {
            return Some(self.windows[window]);
        }
        match self.locations.get(at(self.ranges.copied_from[at(range.register)])) {
            Some(&Location::Register(register)) => Some(register),
            _ => None,
        }
    }

    fn assign(&mut self, range: LiveRange, register: u16) {
        self.locations[at(range.register)] = Location::Register(register);
        self.free[usize::from(register) / 64] &= !(1 << (register % 64));
        if self.holder.len() <= usize::from(register) {
            self.holder.resize(usize::from(register) + 1, None);
        }
        self.holder[usize::from(register)] = Some(range);
        self.active.push(Reverse((range.end, u32::from(register))));
    }
}
