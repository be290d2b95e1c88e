//! Second-chance binpacking, block by block.
//!
//! After Traub, Holloway and Smith, *Quality and Speed in Linear-scan Register Allocation*, PLDI 1998: one walk over the code, which keeps
//! account of what is in which register. A value that is needed and in no register gets one; when none is free, the value goes home that is
//! wanted last. What went home gets its second chance where it is needed next, in any register. How blocks begin is from Braun and Hack,
//! *Register Spilling and Live-Range Splitting for SSA-Form Programs*, CC 2009: with what a block before it ends with, but a loop without
//! what it does not use, if it has not registers enough to carry that along.
//!
//! Where blocks disagree about a value's place, moves on the edges between them make up for it (see [`pieces`](super::pieces)).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::headers::cut_at_headers;
use super::pieces::{Decided, Piece, settle};
use super::timeline::{Stretch, Timeline};
use super::{Allocation, RegisterAllocator, at};
use crate::live::{LiveRanges, Origin, uses_window};
use crate::tac::{Function, Instruction, NONE, Operand, Terminator, VirtualRegister};
use fxhash::FxHashSet;
use isa::RegisterOp;

/// Second-chance binpacking.
#[derive(Clone, Copy, Debug, Default)]
pub struct SecondChance;

impl RegisterAllocator for SecondChance {
    fn name(&self) -> &'static str {
        "second-chance"
    }

    fn allocate(&self, function: &mut Function, ranges: &LiveRanges, registers: u16) -> Allocation {
        let timeline = Timeline::new(function, ranges);
        let mut walk = Walk::new(function, ranges, &timeline, registers);
        walk.run();
        let Walk { mut pieces, mut is_spilled, windows, .. } = walk;
        join(&mut pieces);
        cut_at_headers(&timeline, &mut pieces, &mut is_spilled);
        settle(function, ranges, &timeline, Decided { pieces, is_spilled, windows, registers })
    }
}

/// A register number that is none.
const NOWHERE: u16 = u16::MAX;

/// What a register holds.
#[derive(Clone, Copy, Debug)]
struct Held {
    register: VirtualRegister,
    /// Since when.
    start: u32,
    /// Last point at which it is live.
    live_until: u32,
}

struct Walk<'r> {
    function: &'r Function,
    ranges: &'r LiveRanges,
    timeline: &'r Timeline,
    /// The most values live at once in each loop.
    pressures: Vec<usize>,
    /// What each loop has in registers where it begins.
    carried: Vec<FxHashSet<VirtualRegister>>,
    holder: Vec<Option<Held>>,
    /// How many registers have been held so far: all below this.
    used: usize,
    /// Registers that may be free: all that are, and some that have been taken meanwhile.
    free: BinaryHeap<Reverse<u16>>,
    /// When the values that are held die, soonest first, and some that were held.
    dying: BinaryHeap<Reverse<(u32, VirtualRegister)>>,
    /// For each virtual register where it is, and where it was last.
    place: Vec<u16>,
    last_place: Vec<u16>,
    /// For each virtual register the last point of the segment in which it was last held, and where in that it is wanted next: right until
    /// the walk gets there.
    live_until: Vec<u32>,
    wanted: Vec<u32>,
    /// What registers hold where blocks end, by block.
    ends: Vec<Option<Vec<(VirtualRegister, u16)>>>,
    pieces: Vec<Piece>,
    is_spilled: Vec<bool>,
    windows: Vec<u16>,
}

impl<'r> Walk<'r> {
    fn new(function: &'r Function, ranges: &'r LiveRanges, timeline: &'r Timeline, registers: u16) -> Self {
        let count = at(function.registers);
        let mut last_place = vec![NOWHERE; count];
        for arrival in &ranges.arrivals {
            if let Origin::Parameter(parameter) = arrival.from {
                last_place[at(arrival.to)] = parameter;
            }
        }
        // More registers than there are values are of no use.
        let places = registers.min(u16::try_from(count).unwrap_or(u16::MAX));
        Self {
            function,
            ranges,
            timeline,
            pressures: pressures(timeline),
            carried: vec![FxHashSet::default(); timeline.loops.len()],
            holder: vec![None; usize::from(places)],
            used: 0,
            free: (0..places).map(Reverse).collect(),
            dying: BinaryHeap::new(),
            place: vec![NOWHERE; count],
            last_place,
            live_until: vec![0; count],
            wanted: vec![0; count],
            ends: vec![None; function.blocks.len()],
            pieces: Vec::new(),
            is_spilled: vec![false; count],
            windows: Vec::with_capacity(ranges.windows.len()),
        }
    }

    fn run(&mut self) {
        let predecessors = predecessors(self.function, self.timeline);
        let landings = self.function.landings();
        let mut last = None;
        for stretch in &self.timeline.stretches {
            self.begin_block(stretch, last, &predecessors[stretch.block as usize]);
            if landings[stretch.block as usize] != NONE {
                self.write(landings[stretch.block as usize], stretch.start, true);
            }
            self.block(stretch);
            let held = (0_u16..)
                .zip(&self.holder[..self.used])
                .filter_map(|(place, held)| Some((held.as_ref()?.register, place)));
            self.ends[stretch.block as usize] = Some(held.collect());
            last = Some(stretch);
        }
        let end = last.map_or(0, |last| last.terminator + 1);
        for place in 0..self.used {
            self.let_go(place, end, false);
        }
    }

    /// Fills registers with what is there when a block begins; `last` is the block laid out before it, whose end they are left from.
    fn begin_block(&mut self, stretch: &Stretch, last: Option<&Stretch>, predecessors: &[u32]) {
        let header = stretch.innermost.filter(|&index| self.timeline.loops[index as usize].start == stretch.start);
        let before = predecessors.iter().find_map(|&block| self.ends[block as usize].as_ref());
        let mut candidates: Vec<(VirtualRegister, u16)> = match before {
            Some(before) => before.iter().filter(|held| self.is_live(held.0, stretch)).copied().collect(),
            // Errors lead here, or jumps back alone: wherever each value was last. Where many are live, some of them have to do.
            None => {
                let entering = self.ranges.live.entering.iter(stretch.block as usize).take(4 * self.holder.len());
                entering.map(|register| (register, self.last_place[at(register)])).collect()
            }
        };
        let missing: Vec<VirtualRegister> = match last {
            Some(last) => self.missing(stretch, last, &candidates),
            None => self.ranges.live.entering.iter(stretch.block as usize).collect(),
        };
        if let Some(header) = header {
            self.choose_carried(header, &mut candidates);
        }
        self.change_to(&candidates, stretch.start);
        // Everything else is at home.
        for register in missing {
            if self.place[at(register)] == NOWHERE {
                self.is_spilled[at(register)] = true;
            }
        }
        if let Some(header) = header {
            self.carried[header as usize] = self.holder.iter().flatten().map(|held| held.register).collect();
        }
    }

    /// Whether a virtual register is live where a block begins.
    fn is_live(&self, register: VirtualRegister, stretch: &Stretch) -> bool {
        self.live_until[at(register)] >= stretch.start || self.ranges.is_entering(stretch.block, register)
    }

    /// Virtual registers that are live where a block begins, and may be without a register there for the first time: what had one at the end
    /// of the block laid out before it, or could have one now, or was not live there.
    fn missing(
        &self,
        stretch: &Stretch,
        last: &Stretch,
        candidates: &[(VirtualRegister, u16)],
    ) -> Vec<VirtualRegister> {
        let live = &self.ranges.live;
        let held = self.holder[..self.used].iter().flatten().map(|held| held.register);
        let mut missing: Vec<VirtualRegister> = held.filter(|&register| self.is_live(register, stretch)).collect();
        missing.extend(candidates.iter().map(|candidate| candidate.0));
        let (left, entered) = (Some(last.block as usize), Some(stretch.block as usize));
        live.leaving.for_each_difference(left, &live.entering, entered, |register, begins| {
            if begins {
                missing.push(register);
            }
        });
        missing
    }

    /// Makes registers hold these values at a point, at the places named if these are free, and lets go of all others.
    fn change_to(&mut self, values: &[(VirtualRegister, u16)], point: u32) {
        // Where something is, was, or can be displaced to.
        let places = self.used.max(at(self.function.parameters)) + values.len();
        let mut wanted = vec![NONE; places.min(self.holder.len())];
        let mut displaced = Vec::new();
        for &(register, place) in values {
            match wanted.get_mut(usize::from(place)) {
                Some(wanted) if *wanted == NONE => *wanted = register,
                _ => displaced.push(register),
            }
        }
        let free = wanted.iter_mut().filter(|wanted| **wanted == NONE);
        free.zip(displaced).for_each(|(wanted, register)| *wanted = register);
        let stays = |held: &Held, wanted: VirtualRegister| held.register == wanted && held.live_until >= point;
        for (place, &wanted) in wanted.iter().enumerate() {
            if !self.holder[place].is_some_and(|held| stays(&held, wanted)) {
                self.let_go(place, point - 1, false);
            }
        }
        for (place, wanted) in (0_u16..).zip(wanted) {
            if wanted != NONE && self.holder[usize::from(place)].is_none() {
                self.hold(wanted, place, point);
            }
        }
    }

    /// A loop carries along what it uses, and of the rest as much as it has registers left for.
    fn choose_carried(&self, header: u32, candidates: &mut Vec<(VirtualRegister, u16)>) {
        let around = self.timeline.loops[header as usize];
        let is_used =
            |register| self.timeline.next(register, around.start).is_some_and(|next| next.point <= around.end);
        let through = candidates.iter().filter(|&&(register, _)| !is_used(register)).count();
        let excess = self.pressures[header as usize].saturating_sub(self.holder.len());
        let mut left_out = excess.min(through);
        candidates.retain(|&(register, _)| {
            let stays = left_out == 0 || is_used(register);
            left_out -= usize::from(!stays);
            stays
        });
    }

    fn block(&mut self, stretch: &Stretch) {
        let function = self.function;
        let block = &function.blocks[stretch.block as usize];
        let mut point = stretch.start;
        for instruction in &block.instructions {
            self.instruction(instruction, point);
            point += 2;
        }
        let mut reads = Vec::with_capacity(3);
        block.terminator.for_each_use(|register| reads.push(register));
        self.read(&reads, point);
        if let Terminator::ForIter { destination, .. } = block.terminator {
            self.write(destination, point, true);
        }
    }

    fn instruction(&mut self, instruction: &Instruction, point: u32) {
        let has_window = uses_window(instruction.operation);
        let operands = if !has_window {
            &instruction.operands[..]
        } else if instruction.operation == RegisterOp::CallTopReg {
            &instruction.operands[..1]
        } else {
            &[]
        };
        let reads: Vec<VirtualRegister> = operands.iter().filter_map(|operand| operand.register()).collect();
        self.read(&reads, point);
        if has_window {
            let mut first = self.first_free_above(point);
            if let Some(&callee) = reads.first() {
                first = first.max(self.place[at(callee)] + 1);
            }
            // Above the slots, should there be any: where arguments prefer to be.
            self.windows.push(first.max(self.function.parameters as u16));
        }
        self.expire(point + 1);
        if instruction.destination != NONE {
            let is_copy =
                instruction.operation == RegisterOp::MovReg && matches!(instruction.operands[0], Operand::Register(_));
            self.write(instruction.destination, point + 1, !has_window && !is_copy);
        }
    }

    /// Sees to it that values are in registers at a point.
    fn read(&mut self, registers: &[VirtualRegister], point: u32) {
        self.expire(point);
        for &register in registers {
            if self.place[at(register)] == NOWHERE {
                self.is_spilled[at(register)] = true;
                let place = self.find_place(register, point, registers);
                self.hold(register, place, point);
            }
        }
    }

    /// Finds a register for a value that is written at a point, if it needs one or one is free.
    fn write(&mut self, register: VirtualRegister, point: u32, needs_register: bool) {
        if self.place[at(register)] != NOWHERE {
            return;
        }
        self.expire(point);
        if needs_register || self.lowest_free().is_some() {
            let place = self.find_place(register, point, &[]);
            self.hold(register, place, point);
        } else {
            self.is_spilled[at(register)] = true;
        }
    }

    /// A register for a value: the one where it will be wanted, any that is free, or that of the value that is wanted last.
    fn find_place(&mut self, register: VirtualRegister, point: u32, kept: &[VirtualRegister]) -> u16 {
        let is_free = |place: &u16| self.holder.get(usize::from(*place)).is_some_and(Option::is_none);
        let preferred = self.preference(register, point).filter(is_free);
        preferred.or_else(|| self.lowest_free()).unwrap_or_else(|| {
            let last = self.wanted_last(point, kept);
            self.let_go(last, point - 1, true);
            last as u16
        })
    }

    fn lowest_free(&mut self) -> Option<u16> {
        while let Some(&Reverse(place)) = self.free.peek() {
            if self.holder[usize::from(place)].is_none() {
                return Some(place);
            }
            self.free.pop();
        }
        None
    }

    fn wanted_last(&mut self, point: u32, kept: &[VirtualRegister]) -> usize {
        let mut last = None;
        for place in 0..self.used {
            let Some(held) = self.holder[place].filter(|held| !kept.contains(&held.register)) else { continue };
            if self.wanted[at(held.register)] < point {
                self.wanted[at(held.register)] = self.next_use(&held, point);
            }
            let next = self.wanted[at(held.register)];
            let is_needed = next == point && self.timeline.needs_register(held.register, point);
            if !is_needed && last.is_none_or(|(_, latest)| next > latest) {
                last = Some((place, next));
            }
        }
        last.expect("no instruction has as many operands as there are registers").0
    }

    /// Where a value is wanted next, at a point or after it.
    fn next_use(&self, held: &Held, point: u32) -> u32 {
        let next = self.timeline.next(held.register, point).map_or(u32::MAX, |occurrence| occurrence.point);
        let stretch = self.timeline.stretches[self.timeline.stretch_at(point)];
        let loops = std::iter::successors(stretch.innermost, |&index| self.timeline.loops[index as usize].parent);
        for index in loops {
            let around = self.timeline.loops[index as usize];
            if next <= around.end || around.end > held.live_until {
                break;
            }
            let is_used =
                || self.timeline.next(held.register, around.start).is_some_and(|first| first.point <= around.end);
            if self.carried[index as usize].contains(&held.register) && is_used() {
                return around.end;
            }
        }
        if next <= held.live_until { next } else { u32::MAX }
    }

    fn hold(&mut self, register: VirtualRegister, place: u16, start: u32) {
        if self.live_until[at(register)] < start {
            self.live_until[at(register)] = self.timeline.segment(register, start).map_or(start, |segment| segment.end);
            self.wanted[at(register)] = 0;
        }
        let live_until = self.live_until[at(register)];
        self.dying.push(Reverse((live_until, register)));
        self.holder[usize::from(place)] = Some(Held { register, start, live_until });
        self.used = self.used.max(usize::from(place) + 1);
        self.place[at(register)] = place;
        self.last_place[at(register)] = place;
    }

    /// Ends what a register holds.
    fn let_go(&mut self, place: usize, end: u32, is_cut: bool) {
        let Some(Held { register, start, live_until }) = self.holder[place].take() else { return };
        self.place[at(register)] = NOWHERE;
        self.free.push(Reverse(place as u16));
        if is_cut {
            self.is_spilled[at(register)] = true;
        }
        let end = end.min(live_until);
        if start <= end {
            self.pieces.push(Piece { register, place: place as u16, start, end, is_cut });
        }
    }

    /// Lets go of what is dead before a point.
    fn expire(&mut self, point: u32) {
        while let Some(&Reverse((end, register))) = self.dying.peek()
            && end < point
        {
            self.dying.pop();
            let place = usize::from(self.place[at(register)]);
            if self.holder.get(place).copied().flatten().is_some_and(|held| held.live_until == end) {
                self.let_go(place, end, false);
            }
        }
    }

    /// One past the highest register of a value that lives on after the instruction at a point.
    fn first_free_above(&self, point: u32) -> u16 {
        let crosses = |held: &Option<Held>| held.is_some_and(|held| held.live_until > point + 1);
        self.holder[..self.used].iter().rposition(crosses).map_or(0, |highest| highest as u16 + 1)
    }

    /// The register in which a value will be wanted, if it can be told.
    fn preference(&self, register: VirtualRegister, point: u32) -> Option<u16> {
        let last = self.last_place[at(register)];
        if last != NOWHERE {
            return Some(last);
        }
        let end = self.timeline.segment(register, point).map_or(point, |segment| segment.end);
        let hints = self.ranges.hints(register);
        if let Some((window, place)) = hints.window() {
            let window = self.ranges.windows[window as usize];
            if end <= window.point + 1 && point < window.point {
                let first = u32::from(self.first_free_above(window.point)).max(self.function.parameters);
                return u16::try_from(first + place).ok();
            }
        }
        let result_of = self.ranges.windows.binary_search_by_key(&point, |window| window.point + 1);
        if let Ok(window) = result_of
            && self.ranges.windows[window].destination == register
        {
            return Some(self.windows[window]);
        }
        self.last_place.get(hints.copied_from as usize).copied().filter(|&place| place != NOWHERE)
    }
}

/// Makes one piece of those that follow each other in the same register.
fn join(pieces: &mut Vec<Piece>) {
    pieces.sort_unstable_by_key(|piece| (piece.register, piece.start));
    pieces.dedup_by(|next, last| {
        let follows = (next.register, next.place, next.start) == (last.register, last.place, last.end + 1);
        let is_one = follows && !last.is_cut;
        if is_one {
            (last.end, last.is_cut) = (next.end, next.is_cut);
        }
        is_one
    });
}

/// The most values live at once in each loop.
fn pressures(timeline: &Timeline) -> Vec<usize> {
    let mut ends: Vec<u32> = timeline.segments.iter().map(|segment| segment.end).collect();
    ends.sort_unstable();
    let mut pressures = vec![0; timeline.loops.len()];
    let (mut begun, mut ended) = (0, 0);
    for stretch in &timeline.stretches {
        let Some(innermost) = stretch.innermost else { continue };
        let mut highest = 0;
        let mut count = |point: u32, begun: &mut usize, ended: &mut usize| {
            while ends.get(*ended).is_some_and(|&end| end < point) {
                *ended += 1;
            }
            highest = highest.max(begun.saturating_sub(*ended));
        };
        while timeline.segments.get(begun).is_some_and(|segment| segment.start <= stretch.terminator + 1) {
            begun += 1;
            count(timeline.segments[begun - 1].start, &mut begun, &mut ended);
        }
        count(stretch.start.max(stretch.terminator), &mut begun, &mut ended);
        pressures[innermost as usize] = highest.max(pressures[innermost as usize]);
    }
    // Inner loops come after those around them.
    for index in (0..timeline.loops.len()).rev() {
        if let Some(parent) = timeline.loops[index].parent {
            pressures[parent as usize] = pressures[parent as usize].max(pressures[index]);
        }
    }
    pressures
}

/// Blocks before each block, the most frequent first.
fn predecessors(function: &Function, timeline: &Timeline) -> Vec<Vec<u32>> {
    let mut predecessors = vec![Vec::new(); function.blocks.len()];
    for stretch in &timeline.stretches {
        for successor in function.blocks[stretch.block as usize].terminator.successors().into_iter().flatten() {
            predecessors[successor as usize].push((std::cmp::Reverse(timeline.weight(stretch.start)), stretch.block));
        }
    }
    predecessors
        .into_iter()
        .map(|mut blocks: Vec<(std::cmp::Reverse<u64>, u32)>| {
            blocks.sort_by_key(|&(weight, _)| weight);
            blocks.into_iter().map(|(_, block)| block).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Piece, join};

    #[test]
    fn pieces_that_follow_each_other_become_one() {
        let piece = |start, end, is_cut| Piece { register: 0, place: 1, start, end, is_cut };
        // The last one of three is cut off: what was joined with it is one piece, which is cut, and nothing is left of the others.
        let mut pieces = vec![piece(2, 5, false), piece(6, 9, false), piece(10, 12, true), piece(13, 14, false)];
        join(&mut pieces);
        assert_eq!(pieces, [piece(2, 12, true), piece(13, 14, false)]);
    }
}
