//! A function as allocators see it that split live ranges: a line of points, on which each virtual register has occurrences and is live in
//! some segments.
//!
//! Points are those of [`LiveRanges`]: an instruction at `p` reads at `p`, which is even, and writes at `p + 1`; a terminator reads and
//! writes at its even point. A *segment* is a stretch of the layout throughout which a register is live; where a value is not needed, its
//! register has a hole. Holes are what a segment's neighbours in the layout make of control flow: at a hole's ends nothing is moved.

use optimizer::liveness::Liveness;

use super::at;
use crate::live::{LiveRanges, uses_window};
use crate::tac::{Function, NONE, Operand, Terminator, VirtualRegister};
use isa::RegisterOp;

/// A place where a virtual register is read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// The virtual register.
    pub register: VirtualRegister,
    /// Where.
    pub point: u32,
    /// Whether it is written here; a counter is both read and written.
    pub writes: bool,
    /// Whether its value has to be in a register. Windows are filled from slots as well, and moves go to slots as well.
    pub needs_register: bool,
}

/// A stretch of points throughout which a virtual register is live, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Segment {
    /// First point.
    pub start: u32,
    /// The virtual register.
    pub register: VirtualRegister,
    /// Last point.
    pub end: u32,
}

/// A loop: a stretch of the layout that a jump back closes.
#[derive(Clone, Copy, Debug)]
pub struct Loop {
    /// First point of its first block.
    pub start: u32,
    /// Last point of its last block.
    pub end: u32,
    /// The loop around it.
    pub parent: Option<u32>,
    /// A loop further out, to skip those between.
    jump: Option<u32>,
    /// How many loops there are around it.
    depth: u32,
}

/// A block's place on the line.
#[derive(Clone, Copy, Debug)]
pub struct Stretch {
    /// The block.
    pub block: u32,
    /// Its first point.
    pub start: u32,
    /// Point of its terminator; the block ends one point later.
    pub terminator: u32,
    /// The innermost loop it lies in.
    pub innermost: Option<u32>,
}

/// Occurrences, segments and loops of a function.
#[derive(Debug)]
pub struct Timeline {
    /// Reachable blocks in layout order.
    pub stretches: Vec<Stretch>,
    /// Loops, outer ones before those inside them.
    pub loops: Vec<Loop>,
    /// Segments by start.
    pub segments: Vec<Segment>,
    occurrences: Vec<Occurrence>,
    /// For each virtual register, where its occurrences begin.
    first: Vec<u32>,
    /// Segments of each virtual register, by start.
    by_register: Vec<u32>,
    /// For each virtual register, where its segments begin.
    first_segment: Vec<u32>,
}

impl Timeline {
    /// Lays a function out.
    pub fn new(function: &Function, ranges: &LiveRanges) -> Self {
        let mut stretches = stretches(function, ranges);
        let loops = loops(function, &mut stretches);
        let landings = function.landings();
        let (occurrences, first) = occurrences(function, &stretches, &landings);
        let segments = segments(function, &ranges.live, &stretches, &landings);
        let (by_register, first_segment) =
            grouped(at(function.registers), (0..).zip(&segments).map(|(index, segment)| (segment.register, index)));
        Self { stretches, loops, segments, occurrences, first, by_register, first_segment }
    }

    /// Occurrences of a virtual register, by point.
    pub fn occurrences(&self, register: VirtualRegister) -> &[Occurrence] {
        &self.occurrences[self.first[at(register)] as usize..self.first[at(register) + 1] as usize]
    }

    /// Occurrences of a virtual register at a point or after it.
    pub fn occurrences_from(&self, register: VirtualRegister, point: u32) -> &[Occurrence] {
        let occurrences = self.occurrences(register);
        &occurrences[occurrences.partition_point(|occurrence| occurrence.point < point)..]
    }

    /// The first of them.
    pub fn next(&self, register: VirtualRegister, point: u32) -> Option<&Occurrence> {
        self.occurrences_from(register, point).first()
    }

    /// The last occurrence of a virtual register before a point.
    pub fn last(&self, register: VirtualRegister, point: u32) -> Option<&Occurrence> {
        let occurrences = self.occurrences(register);
        occurrences[..occurrences.partition_point(|occurrence| occurrence.point < point)].last()
    }

    /// The first occurrence of a virtual register at a point or after it where its value has to be in a register.
    pub fn next_needed(&self, register: VirtualRegister, point: u32) -> Option<&Occurrence> {
        self.occurrences_from(register, point).iter().find(|occurrence| occurrence.needs_register)
    }

    /// The segment of a virtual register that a point lies in.
    pub fn segment(&self, register: VirtualRegister, point: u32) -> Option<Segment> {
        let range = self.first_segment[at(register)] as usize..self.first_segment[at(register) + 1] as usize;
        let own = &self.by_register[range];
        let after = own.partition_point(|&index| self.segments[index as usize].start <= point);
        let segment = self.segments[*own[..after].last()? as usize];
        (segment.end >= point).then_some(segment)
    }

    /// Whether a virtual register is live at a point.
    pub fn is_live(&self, register: VirtualRegister, point: u32) -> bool {
        self.segment(register, point).is_some()
    }

    /// Whether its value has to be in a register at this very point.
    pub fn needs_register(&self, register: VirtualRegister, point: u32) -> bool {
        self.next(register, point).is_some_and(|occurrence| occurrence.point == point && occurrence.needs_register)
    }

    /// The block that a point lies in; the first one for points before it.
    pub fn stretch_at(&self, point: u32) -> usize {
        self.stretches.partition_point(|stretch| stretch.start <= point).saturating_sub(1)
    }

    /// The loops around a point, innermost first.
    pub fn loops_around(&self, point: u32) -> impl Iterator<Item = &Loop> {
        let innermost = self.stretches[self.stretch_at(point)].innermost;
        std::iter::successors(innermost, |&index| self.loops[index as usize].parent)
            .map(|index| &self.loops[index as usize])
    }

    /// Of the loops around a point, of which an outer one `holds` if one inside it does, the innermost that does.
    fn first_around(&self, point: u32, holds: impl Fn(&Loop) -> bool) -> Option<&Loop> {
        let mut at = self.stretches[self.stretch_at(point)].innermost;
        while let Some(index) = at {
            let around = &self.loops[index as usize];
            if holds(around) {
                return Some(around);
            }
            // What does not hold further out does not hold in between.
            let skips = around.jump.filter(|&jump| !holds(&self.loops[jump as usize]));
            at = skips.or(around.parent);
        }
        None
    }

    /// The innermost loop around a point that has begun by an earlier one.
    pub fn loop_since(&self, point: u32, earlier: u32) -> Option<&Loop> {
        self.first_around(point, |around| around.start <= earlier)
    }

    /// The outermost loop around a point that has ended before a later one.
    pub fn loop_until(&self, point: u32, later: u32) -> Option<&Loop> {
        self.inside(point, self.first_around(point, |around| around.end >= later))
    }

    /// The outermost loop around a point that begins behind an earlier one.
    pub fn loop_after(&self, point: u32, earlier: u32) -> Option<&Loop> {
        self.inside(point, self.loop_since(point, earlier))
    }

    /// Of the loops around a point the outermost inside a loop, or of all.
    fn inside(&self, point: u32, outer: Option<&Loop>) -> Option<&Loop> {
        let depth = outer.map_or(0, |outer| outer.depth + 1);
        self.first_around(point, |around| around.depth <= depth).filter(|around| around.depth == depth)
    }

    /// How many times a point is thought to be reached: ten for each loop around it, up to three.
    pub fn weight(&self, point: u32) -> u64 {
        10_u64.pow(self.loops_around(point).take(3).count() as u32)
    }
}

fn stretches(function: &Function, ranges: &LiveRanges) -> Vec<Stretch> {
    let reachable = function.layout.iter().filter(|&&block| function.blocks[block as usize].is_reachable);
    reachable
        .map(|&block| {
            let start = ranges.block_starts[block as usize];
            let length = function.blocks[block as usize].instructions.len() as u32;
            Stretch { block, start, terminator: start + 2 * length, innermost: None }
        })
        .collect()
}

/// Finds loops, and the innermost one around each block. Loops that overlap without one being inside the other, which structured code does
/// not have, are made to nest by letting the outer one last longer.
fn loops(function: &Function, stretches: &mut [Stretch]) -> Vec<Loop> {
    let mut position = vec![u32::MAX; function.blocks.len()];
    for (order, stretch) in stretches.iter().enumerate() {
        position[stretch.block as usize] = order as u32;
    }
    // For each block the last one that jumps back to it.
    let mut last = vec![None; stretches.len()];
    for (order, stretch) in stretches.iter().enumerate() {
        for successor in function.blocks[stretch.block as usize].terminator.successors().into_iter().flatten() {
            let header = position[successor as usize] as usize;
            if header <= order {
                last[header] = Some(order);
            }
        }
    }
    let mut loops: Vec<Loop> = Vec::new();
    // Loops around the block, with the position of their last one.
    let mut open: Vec<(u32, usize)> = Vec::new();
    for order in 0..=stretches.len() {
        while let Some(&(index, until)) = open.last()
            && (until < order || order == stretches.len())
        {
            loops[index as usize].end = stretches[until].terminator + 1;
            open.pop();
            if let Some((_, outer)) = open.last_mut() {
                *outer = until.max(*outer);
            }
        }
        let Some(stretch) = stretches.get_mut(order) else { break };
        if let Some(last) = last[order] {
            let parent = open.last().map(|&(index, _)| index);
            open.push((loops.len() as u32, last));
            let (jump, depth) = parent.map_or((None, 0), |parent| jump(&loops, parent));
            loops.push(Loop { start: stretch.start, end: stretch.start, parent, jump, depth });
        }
        stretch.innermost = open.last().map(|&(index, _)| index);
    }
    loops
}

/// Where a loop inside `parent` jumps to, and its depth: so that any loop around it is a number of jumps and steps away that is logarithmic in the
/// depth (Myers, *An Applicative Random-Access Stack*, Information Processing Letters 17, 1983).
fn jump(loops: &[Loop], parent: u32) -> (Option<u32>, u32) {
    let depth_of = |index: Option<u32>| index.map_or(-1, |index| i64::from(loops[index as usize].depth));
    let around = &loops[parent as usize];
    let further = around.jump.and_then(|jump| loops[jump as usize].jump);
    let is_even = i64::from(around.depth) - depth_of(around.jump) == depth_of(around.jump) - depth_of(further);
    (if is_even && around.jump.is_some() { further } else { Some(parent) }, around.depth + 1)
}

/// Occurrences by register and point, and where those of each register begin.
fn occurrences(
    function: &Function,
    stretches: &[Stretch],
    landings: &[VirtualRegister],
) -> (Vec<Occurrence>, Vec<u32>) {
    let mut found = Vec::new();
    for stretch in stretches {
        let register = landings[stretch.block as usize];
        if register != NONE {
            found.push(Occurrence { register, point: stretch.start, writes: true, needs_register: true });
        }
        for_each_occurrence(function, stretch, |occurrence| found.push(occurrence));
    }
    grouped(at(function.registers), found.iter().map(|occurrence| (occurrence.register, *occurrence)))
}

/// Groups entries by virtual register, in the order in which they come, with where the entries of each begin.
fn grouped<T: Copy>(count: usize, entries: impl Iterator<Item = (VirtualRegister, T)> + Clone) -> (Vec<T>, Vec<u32>) {
    let mut first = vec![0_u32; count + 1];
    entries.clone().for_each(|(register, _)| first[at(register) + 1] += 1);
    for index in 1..first.len() {
        first[index] += first[index - 1];
    }
    let mut next = first.clone();
    let Some((_, any)) = entries.clone().next() else { return (Vec::new(), first) };
    let mut grouped = vec![any; first[count] as usize];
    for (register, entry) in entries {
        let place = &mut next[at(register)];
        grouped[*place as usize] = entry;
        *place += 1;
    }
    (grouped, first)
}

/// Calls `visit` with the occurrences in a block's code, by point.
fn for_each_occurrence(function: &Function, stretch: &Stretch, mut visit: impl FnMut(Occurrence)) {
    let block = &function.blocks[stretch.block as usize];
    let mut point = stretch.start;
    for instruction in &block.instructions {
        let has_window = uses_window(instruction.operation);
        for (index, operand) in instruction.operands.iter().enumerate() {
            if let Operand::Register(register) = *operand {
                let is_callee = index == 0 && instruction.operation == RegisterOp::CallTopReg;
                visit(Occurrence { register, point, writes: false, needs_register: !has_window || is_callee });
            }
        }
        if instruction.destination != NONE {
            let is_copy = instruction.operation == RegisterOp::MovReg && instruction.operands[0].register().is_some();
            visit(Occurrence {
                register: instruction.destination,
                point: point + 1,
                writes: true,
                needs_register: !has_window && !is_copy,
            });
        }
        point += 2;
    }
    let point = stretch.terminator;
    let written = block.terminator.definitions();
    block.terminator.for_each_use(|register| {
        visit(Occurrence { register, point, writes: written.contains(&Some(register)), needs_register: true });
    });
    if let Terminator::ForIter { destination, .. } = block.terminator {
        visit(Occurrence { register: destination, point, writes: true, needs_register: true });
    }
}

const CLOSED: u32 = u32::MAX;

/// The backward walk that finds segments: what is open is live just after the point reached.
struct Walk<'f> {
    live: &'f Liveness,
    globals: u32,
    /// For each register the end of its open segment.
    ends: Vec<u32>,
    segments: Vec<Segment>,
}

/// Segments by start.
fn segments(function: &Function, live: &Liveness, stretches: &[Stretch], landings: &[VirtualRegister]) -> Vec<Segment> {
    let ends = vec![CLOSED; at(function.registers)];
    let mut walk = Walk { live, globals: function.globals, ends, segments: Vec::new() };
    let mut following = None;
    for stretch in stretches.iter().rev() {
        walk.enter_from_below(stretch, following);
        walk.block(function, stretch, landings[stretch.block as usize]);
        following = Some(stretch);
    }
    // What is open now is there when the function begins.
    for register in 0..function.registers {
        walk.close(register, 0);
    }
    walk.segments.sort_unstable();
    walk.segments
}

impl Walk<'_> {
    /// Closes what is open where the next block begins but not needed after this one, and opens what is needed after this one only.
    fn enter_from_below(&mut self, stretch: &Stretch, following: Option<&Stretch>) {
        let live = self.live;
        let entered = following.map(|following| following.block as usize);
        let left = Some(stretch.block as usize);
        live.entering.for_each_difference(entered, &live.leaving, left, |register, opens| match following {
            Some(following) if !opens => self.close(register, following.start),
            _ => self.ends[at(register)] = stretch.terminator + 1,
        });
    }

    fn block(&mut self, function: &Function, stretch: &Stretch, landing: VirtualRegister) {
        let block = &function.blocks[stretch.block as usize];
        let handler = block.handler.map(|handler| function.handlers[handler as usize].block as usize);
        // A handler may need what a register held before it was written.
        let is_kept = |walk: &Self, register: VirtualRegister| {
            register < walk.globals && handler.is_some_and(|handler| walk.live.entering.contains(handler, register))
        };
        let mut point = stretch.terminator;
        if let Terminator::ForIter { destination, .. } = block.terminator {
            self.write(destination, point, is_kept(self, destination));
        }
        block.terminator.for_each_use(|register| self.read(register, point));
        for instruction in block.instructions.iter().rev() {
            point -= 2;
            if instruction.destination != NONE {
                self.write(instruction.destination, point + 1, is_kept(self, instruction.destination));
            }
            instruction
                .operands
                .iter()
                .filter_map(|operand| operand.register())
                .for_each(|register| self.read(register, point));
        }
        if landing != NONE {
            self.write(landing, stretch.start, is_kept(self, landing));
        }
    }

    fn read(&mut self, register: VirtualRegister, point: u32) {
        let end = &mut self.ends[at(register)];
        if *end == CLOSED {
            *end = point;
        }
    }

    /// A write begins a segment, unless the value before it is still needed.
    fn write(&mut self, register: VirtualRegister, point: u32, is_kept: bool) {
        if self.ends[at(register)] == CLOSED {
            self.ends[at(register)] = point;
        } else if is_kept {
            return;
        }
        self.close(register, point);
    }

    fn close(&mut self, register: VirtualRegister, start: u32) {
        let end = std::mem::replace(&mut self.ends[at(register)], CLOSED);
        if end != CLOSED {
            self.segments.push(Segment { start, register, end });
        }
    }
}
