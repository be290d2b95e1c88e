//! Linear scan (Poletto and Sarkar, TOPLAS 1999), with preferences that save moves.
//!
//! Ranges are visited by start; each takes a free register, and when there is none the range with the least use for its length goes to a
//! spill slot. A range prefers the register in which its value will be wanted: its place in the window of the call it is an argument
//! of, the register where a call leaves its result, or the register of the value it is copied from.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{Allocation, Location, RegisterAllocator, at};
use crate::live::{LiveRange, LiveRanges};
use crate::tac::{Function, NONE};

/// Registers that carry values to and from spill slots: as many as an instruction has operands.
const SCRATCH: u16 = 3;

/// Linear scan.
#[derive(Clone, Copy, Debug, Default)]
pub struct LinearScan;

impl RegisterAllocator for LinearScan {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn allocate(&self, function: &Function, ranges: &LiveRanges, registers: u16) -> Allocation {
        let without_spills = Scan::new(function, ranges, registers).run();
        if without_spills.slots == 0 {
            return without_spills;
        }
        Scan::new(function, ranges, registers - SCRATCH).run()
    }
}

struct Scan<'r> {
    function: &'r Function,
    ranges: &'r LiveRanges,
    /// Bit `r` is set while register `r` is free.
    free: Vec<u64>,
    registers: u16,
    /// Ranges that hold registers, by end.
    active: BinaryHeap<Reverse<(u32, u32)>>,
    /// For each register the range that holds it.
    holder: Vec<Option<LiveRange>>,
    locations: Vec<Location>,
    slots: u32,
    /// Spill slots whose ranges have ended, to be used again.
    free_slots: Vec<u32>,
    slot_ends: BinaryHeap<Reverse<(u32, u32)>>,
    windows: Vec<u16>,
}

impl<'r> Scan<'r> {
    fn new(function: &'r Function, ranges: &'r LiveRanges, registers: u16) -> Self {
        let mut free = vec![u64::MAX; usize::from(registers).div_ceil(64)];
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
            active: BinaryHeap::new(),
            holder: vec![None; usize::from(registers)],
            locations: vec![Location::Nowhere; function.registers as usize],
            slots: 0,
            free_slots: Vec::new(),
            slot_ends: BinaryHeap::new(),
            windows: Vec::with_capacity(ranges.windows.len()),
        }
    }

    fn run(mut self) -> Allocation {
        for &range in &self.ranges.ranges {
            self.place_windows(range.start);
            self.expire(range.start);
            self.place(range);
        }
        self.place_windows(u32::MAX);
        Allocation { locations: self.locations, slots: self.slots, scratch: self.registers, windows: self.windows }
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
            // A range that was evicted has left its register to another.
            if self.holder[register as usize].is_some_and(|holder| holder.end == end) {
                self.free[register as usize / 64] |= 1 << (register % 64);
            }
        }
        while let Some(&Reverse((end, slot))) = self.slot_ends.peek() {
            if end >= point {
                break;
            }
            self.slot_ends.pop();
            self.free_slots.push(slot);
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

    fn place(&mut self, range: LiveRange) {
        let preferred = self.preference(range).filter(|&register| self.is_free(register));
        if let Some(register) = preferred.or_else(|| self.lowest_free()) {
            self.assign(range, register);
            return;
        }
        let victim = self.cheapest(range);
        match victim {
            Some((register, evicted)) => {
                self.spill(evicted);
                self.assign(range, register);
            }
            None => self.spill(range),
        }
    }

    /// The held register whose range is used less for its length than `range`.
    fn cheapest(&self, range: LiveRange) -> Option<(u16, LiveRange)> {
        let cost = |range: &LiveRange| u64::from(range.weight) * 4096 / u64::from(range.end - range.start + 1);
        let held = self
            .holder
            .iter()
            .enumerate()
            .filter_map(|(register, holder)| holder.map(|holder| (register as u16, holder)));
        held.filter(|(_, holder)| holder.end >= range.start)
            .min_by_key(|(_, holder)| (cost(holder), Reverse(holder.end)))
            .filter(|(_, holder)| cost(holder) < cost(&range))
    }

    fn assign(&mut self, range: LiveRange, register: u16) {
        self.locations[at(range.register)] = Location::Register(register);
        self.free[usize::from(register) / 64] &= !(1 << (register % 64));
        self.holder[usize::from(register)] = Some(range);
        self.active.push(Reverse((range.end, u32::from(register))));
    }

    fn spill(&mut self, range: LiveRange) {
        // A range spilled after it began may overlap any slot that was free then, so only ranges that begin now reuse slots.
        let begins_now = self.locations[at(range.register)] == Location::Nowhere;
        let reused = if begins_now { self.free_slots.pop() } else { None };
        let slot = match reused {
            Some(slot) => slot,
            None => {
                self.slots += 1;
                self.slots - 1
            }
        };
        self.locations[at(range.register)] = Location::Slot(slot);
        self.slot_ends.push(Reverse((range.end, slot)));
    }
}
