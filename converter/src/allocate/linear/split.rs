//! Linear scan over segments, which are split where registers run out.
//!
//! After Wimmer and Mössenböck, *Optimized Interval Splitting in a Linear Scan Register Allocator*, VEE 2005: parts of live ranges wait in a
//! queue by where they begin. Each takes a free register. When there is none, the value goes without that is wanted last, be it the new one
//! or one that holds a register; it is split, and what is left of it queues again, to begin where it next has to be in a register.
//! Differences:
//!
//! * What queues at first are segments (see [`timeline`](crate::allocate::timeline)), not ranges with holes, so no register is ever blocked
//!   later on, and each part's search takes time in the number of registers alone.
//! * A value that loses its register loses it right after its last use, or if that was in a loop which has ended by then, at the end of that
//!   loop; and one that is loaded for a loop is so before the loop. So what a loop does not use is not carried around in it.
//! * A value that a loop uses, and has in a register where it begins, counts as used at its end, since the next iteration wants it.
//!
//! [`pieces`](crate::allocate::pieces) does the rest.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::allocate::headers::cut_at_headers;
use crate::allocate::pieces::{Decided, Piece, settle};
use crate::allocate::timeline::{Segment, Timeline};
use crate::allocate::{Allocation, at};
use crate::live::{LiveRanges, Origin};
use crate::tac::{Function, NONE, VirtualRegister};

/// A register number that is none.
const NOWHERE: u16 = u16::MAX;

pub(super) fn allocate(function: &mut Function, ranges: &LiveRanges, registers: u16) -> Allocation {
    let timeline = Timeline::new(function, ranges);
    let mut scan = Scan::new(function, ranges, &timeline, registers);
    scan.run();
    let Scan { pieces, mut is_spilled, windows, .. } = scan;
    let mut pieces: Vec<Piece> = pieces.into_iter().map(|held| held.piece).collect();
    cut_at_headers(&timeline, &mut pieces, &mut is_spilled);
    settle(function, ranges, &timeline, Decided { pieces, is_spilled, windows, registers })
}

/// A piece as long as it may still be cut.
#[derive(Clone, Copy, Debug)]
struct Held {
    piece: Piece,
    /// Where the segment ends that it is part of.
    segment_end: u32,
    /// Where the value is wanted next: right until the scan gets there.
    next: u32,
}

struct Scan<'r> {
    function: &'r Function,
    ranges: &'r LiveRanges,
    timeline: &'r Timeline,
    queue: BinaryHeap<Reverse<Segment>>,
    pieces: Vec<Held>,
    /// For each register the piece that holds it.
    holder: Vec<Option<u32>>,
    /// Pieces that hold registers, by end. Those that were cut have left.
    active: BinaryHeap<Reverse<(u32, u32)>>,
    /// Registers that may be free: all that are, and some that have been taken meanwhile.
    free: BinaryHeap<Reverse<u16>>,
    /// When the values of held registers are wanted next, and with which piece: all that are right, and some from before. The lowest of
    /// the registers that are wanted last comes first.
    wanted: BinaryHeap<(u32, Reverse<u16>, u32)>,
    /// The same pieces by when they are wanted, soonest first: until when that is right.
    passing: BinaryHeap<Reverse<(u32, u32)>>,
    /// For each virtual register where it was last.
    last_place: Vec<u16>,
    is_spilled: Vec<bool>,
    windows: Vec<u16>,
}

impl<'r> Scan<'r> {
    fn new(function: &'r Function, ranges: &'r LiveRanges, timeline: &'r Timeline, registers: u16) -> Self {
        let mut last_place = vec![NOWHERE; at(function.registers)];
        for arrival in &ranges.arrivals {
            if let Origin::Parameter(parameter) = arrival.from {
                last_place[at(arrival.to)] = parameter;
            }
        }
        // More registers than there are values are of no use.
        let places = registers.min(u16::try_from(function.registers).unwrap_or(u16::MAX));
        Self {
            function,
            ranges,
            timeline,
            queue: timeline.segments.iter().copied().map(Reverse).collect(),
            pieces: Vec::with_capacity(timeline.segments.len()),
            holder: vec![None; usize::from(places)],
            active: BinaryHeap::new(),
            free: (0..places).map(Reverse).collect(),
            wanted: BinaryHeap::new(),
            passing: BinaryHeap::new(),
            last_place,
            is_spilled: vec![false; at(function.registers)],
            windows: Vec::with_capacity(ranges.windows.len()),
        }
    }

    fn run(&mut self) {
        while let Some(Reverse(segment)) = self.queue.pop() {
            self.place_windows(segment.start);
            self.expire(segment.start);
            self.place(segment);
        }
        self.place_windows(u32::MAX);
    }

    fn held(&self, place: usize) -> Option<&Held> {
        self.holder[place].map(|index| &self.pieces[index as usize])
    }

    fn place(&mut self, segment: Segment) {
        let needs_register = self.timeline.needs_register(segment.register, segment.start);
        // Writes have odd points: a parameter that is read once, at the beginning of a block, is no result.
        let is_result = segment.start % 2 == 1 && segment.start == segment.end;
        if is_result && !needs_register && self.timeline.occurrences(segment.register).len() == 1 {
            // A result that nobody reads, and that is all there is to it.
            return;
        }
        let preferred = self.preference(segment).filter(|&place| self.is_free(place));
        if let Some(place) = preferred.or_else(|| self.lowest_free()) {
            self.assign(segment, place);
            return;
        }
        let own_next = self.next_use(segment, segment.start + 1);
        let (victim, next) = self.wanted_last(segment.start);
        if needs_register || next > own_next {
            self.evict(victim, segment.start);
            self.assign(segment, victim);
        } else {
            self.is_spilled[at(segment.register)] = true;
            self.resume(segment.register, segment.start, segment.end);
        }
    }

    fn assign(&mut self, segment: Segment, place: u16) {
        let Segment { register, start, end } = segment;
        let index = self.pieces.len() as u32;
        let next = self.next_use(segment, start);
        self.holder[usize::from(place)] = Some(index);
        self.active.push(Reverse((end, index)));
        self.wanted.push((next, Reverse(place), index));
        self.passing.push(Reverse((next, index)));
        self.pieces.push(Held { piece: Piece { register, place, start, end, is_cut: false }, segment_end: end, next });
        self.last_place[at(register)] = place;
    }

    fn expire(&mut self, point: u32) {
        while let Some(&Reverse((end, index))) = self.active.peek()
            && end < point
        {
            self.active.pop();
            let holder = &mut self.holder[usize::from(self.pieces[index as usize].piece.place)];
            if *holder == Some(index) {
                *holder = None;
                self.free.push(Reverse(self.pieces[index as usize].piece.place));
            }
        }
    }

    /// The register whose value is wanted last from a point on, and where that is. What needs its register at the point keeps it.
    fn wanted_last(&mut self, point: u32) -> (u16, u32) {
        self.pass(point);
        loop {
            let &(next, Reverse(place), index) =
                self.wanted.peek().expect("no instruction has as many operands as there are registers");
            let is_right = self.is_held(index) && self.pieces[index as usize].next == next;
            // What is wanted here is so at this point alone, and comes again when that is passed.
            if is_right && !(next == point && self.timeline.needs_register(self.piece(index).register, point)) {
                return (place, next);
            }
            self.wanted.pop();
        }
    }

    /// Looks again where values are wanted next that were wanted before a point.
    fn pass(&mut self, point: u32) {
        while let Some(&Reverse((next, index))) = self.passing.peek()
            && next < point
        {
            self.passing.pop();
            if self.is_held(index) {
                let Held { piece, segment_end, .. } = self.pieces[index as usize];
                let segment = Segment { start: piece.start, register: piece.register, end: segment_end };
                let next = self.next_use(segment, point);
                self.pieces[index as usize].next = next;
                self.wanted.push((next, Reverse(piece.place), index));
                self.passing.push(Reverse((next, index)));
            }
        }
    }

    fn piece(&self, index: u32) -> &Piece {
        &self.pieces[index as usize].piece
    }

    /// Whether a piece holds its register still.
    fn is_held(&self, index: u32) -> bool {
        self.holder[usize::from(self.piece(index).place)] == Some(index)
    }

    /// Where in a segment the value is wanted next, at a point or after it, if it has been in a register from the segment's start.
    fn next_use(&self, segment: Segment, point: u32) -> u32 {
        let Segment { start, register, end } = segment;
        let next = self.timeline.next(register, point).map_or(u32::MAX, |occurrence| occurrence.point);
        // The innermost loop in which it was used before.
        let last = if self.timeline.loops.is_empty() { None } else { self.timeline.last(register, point) };
        if let Some(around) = last.and_then(|last| self.timeline.loop_since(point, last.point))
            && around.end < next
            && around.end <= end
            && start <= around.start
        {
            return around.end;
        }
        if next <= end { next } else { u32::MAX }
    }

    /// Takes the register away from what holds it, for something that begins at a point.
    fn evict(&mut self, place: u16, point: u32) {
        let index = self.holder[usize::from(place)].take().expect("only what is held is evicted") as usize;
        let Held { piece, segment_end, .. } = self.pieces[index];
        let last = self.timeline.last(piece.register, point).filter(|last| last.point >= piece.start);
        // What was never used in the register need not have been there: an empty stretch, which is dropped later.
        let end = last.map(|last| self.after_use(last.point, point));
        let piece = &mut self.pieces[index].piece;
        (piece.start, piece.end) = end.map_or((1, 0), |end| (piece.start, end));
        piece.is_cut = true;
        let register = piece.register;
        self.is_spilled[at(register)] = true;
        self.resume(register, point, segment_end);
    }

    /// The last point for which to keep a value in a register after a use, when the register is taken for something else at `point`.
    fn after_use(&self, used: u32, point: u32) -> u32 {
        let left = self.timeline.loop_until(used, point);
        let is_same_block = self.timeline.stretch_at(used) == self.timeline.stretch_at(point);
        match left {
            Some(left) => left.end,
            None if is_same_block => point - 1,
            None => (used | 1).min(point - 1),
        }
    }

    /// Queues what is left of a segment from a point on: from where the value next has to be in a register, or from the beginning of a loop
    /// in which that is.
    fn resume(&mut self, register: VirtualRegister, point: u32, segment_end: u32) {
        let wanted = self.timeline.next_needed(register, point);
        let Some(wanted) = wanted.filter(|wanted| wanted.point <= segment_end) else { return };
        let is_loaded = wanted.point % 2 == 0;
        let entered = self.timeline.loop_after(wanted.point, point);
        let start = match entered {
            Some(entered) if is_loaded => entered.start,
            _ => wanted.point,
        };
        self.queue.push(Reverse(Segment { start, register, end: segment_end }));
    }

    fn lowest_free(&mut self) -> Option<u16> {
        while let Some(&Reverse(place)) = self.free.peek() {
            if self.is_free(place) {
                return Some(place);
            }
            self.free.pop();
        }
        None
    }

    fn is_free(&self, place: u16) -> bool {
        self.holder.get(usize::from(place)).is_some_and(Option::is_none)
    }

    /// Fixes the beginning of every window before `point`: all that can live across it is placed by then.
    fn place_windows(&mut self, point: u32) {
        while let Some(window) = self.ranges.windows.get(self.windows.len())
            && window.point < point
        {
            let first = self.first_free_above(window.point).max(self.above_callee(window.callee));
            // Above the slots, should there be any: where arguments prefer to be.
            self.windows.push(first.max(self.function.parameters as u16));
        }
    }

    fn above_callee(&self, callee: VirtualRegister) -> u16 {
        if callee == NONE || self.last_place[at(callee)] == NOWHERE { 0 } else { self.last_place[at(callee)] + 1 }
    }

    /// One past the highest register of a value that lives on after the instruction at `point`.
    fn first_free_above(&self, point: u32) -> u16 {
        let crosses = |&place: &usize| {
            self.held(place).is_some_and(|held| held.piece.start <= point && held.piece.end > point + 1)
        };
        (0..self.holder.len()).rev().find(crosses).map_or(0, |highest| highest as u16 + 1)
    }

    /// The register in which the segment's value will be wanted, if it can be told.
    fn preference(&self, segment: Segment) -> Option<u16> {
        let last = self.last_place[at(segment.register)];
        if last != NOWHERE {
            return Some(last);
        }
        let hints = self.ranges.hints(segment.register);
        if let Some((window, place)) = hints.window() {
            let window = self.ranges.windows[window as usize];
            // An argument that lives on must stay below its window.
            if segment.end <= window.point + 1 && segment.start < window.point {
                let first = self.first_free_above(window.point).max(self.above_callee(window.callee));
                let first = u32::from(first).max(self.function.parameters);
                return u16::try_from(first + place).ok();
            }
        }
        let result_of = self.ranges.windows.binary_search_by_key(&segment.start, |window| window.point + 1);
        if let Ok(window) = result_of
            && self.ranges.windows[window].destination == segment.register
        {
            return Some(self.windows[window]);
        }
        self.last_place.get(hints.copied_from as usize).copied().filter(|&place| place != NOWHERE)
    }
}
