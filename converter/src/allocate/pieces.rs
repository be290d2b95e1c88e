//! Split live ranges: an allocator says when which value is in which register, and the function is changed to make that so.
//!
//! A [`Piece`] is a stretch of points during which a virtual register has its value in one register. A virtual register whose pieces cover
//! all its segments with one and the same register stays as it is. Every other has a *home*, a spill slot, where its value is wherever
//! there is no piece. It is renamed, in each piece to a new virtual register that stands for it in the piece's register, and moves carry the
//! value:
//!
//! * where a piece begins in the middle of a block and not with a write, the value is loaded from its home;
//! * on an edge the value goes from where it is before to where it is after;
//! * a handler's block loads what it has in registers from home, because nothing can be moved on the way there.
//!
//! # When values go home
//!
//! For each virtual register one of two rules holds, whichever is thought to store less often: *at once*, after every write, so that the home
//! is always up to date and leaving a register costs nothing; or *late*, where a piece ends and on edges from a piece to none. What a handler
//! needs goes home at once.
//!
//! # Invariants
//!
//! Pieces of one virtual register do not overlap, nor do pieces with one register. Where an occurrence needs a register there is a piece. A
//! piece begins at the beginning of a block, at a read, or at a write.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use fxhash::FxHashMap;

use super::edges::EdgeMoves;
use super::timeline::{Stretch, Timeline};
use super::{Allocation, Location, assign_slots, at};
use crate::live::{Arrival, LiveRanges, Origin};
use crate::parallel::{Move, sequence};
use crate::tac::{Block, Function, Instruction, NONE, Operand, Terminator, VirtualRegister};

/// A stretch of points during which a value is in a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Whose value.
    pub register: VirtualRegister,
    /// Which register.
    pub place: u16,
    /// First point.
    pub start: u32,
    /// Last point.
    pub end: u32,
    /// Whether the value lives on after the piece, in its home.
    pub is_cut: bool,
}

/// What is known of a virtual register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It is never live.
    Dead,
    /// It is in one register wherever it is live.
    Whole(u16),
    /// It has a home; values go there at once or late.
    Split { at_once: bool },
}

/// Changes a function so that values are where the pieces say. `is_spilled` marks the virtual registers that are without a register
/// somewhere in their segments; `windows` are as in [`Allocation`].
pub fn settle(
    function: &mut Function,
    ranges: &LiveRanges,
    timeline: &Timeline,
    mut pieces: Vec<Piece>,
    is_spilled: &[bool],
    windows: Vec<u16>,
) -> Allocation {
    pieces.retain(|piece| piece.start <= piece.end);
    pieces.sort_unstable_by_key(|piece| (piece.start, piece.register));
    debug_assert_eq!(overlapping(&pieces), None, "a value is in one place, and a place holds one value");
    let mut fates = fates(function, timeline, &pieces, is_spilled);
    let mut locations = locations(&fates);
    let is_split = |register| matches!(fates[at(register)], Fate::Split { .. });
    let slots = assign_slots(ranges, is_split, &mut locations);
    pieces.retain(|piece| matches!(fates[at(piece.register)], Fate::Split { .. }));
    if slots == 0 {
        return Allocation { locations, slots, scratch: None, windows, arrivals: ranges.arrivals.clone() };
    }
    let borders = Borders::new(timeline, &pieces);
    choose_rules(function, ranges, timeline, &pieces, &borders, &mut fates);
    let mut names = Names { of: FxHashMap::default(), locations };
    let arrivals = arrivals(function, ranges, &borders, &fates, &mut names);
    let moves = edge_moves(function, ranges, timeline, &borders, &fates, &mut names);
    let mut rewriter = Rewriter::new(ranges, timeline, &pieces, &fates, names);
    let mut landings = function.landings();
    for stretch in &timeline.stretches {
        let landing = &mut landings[stretch.block as usize];
        *landing = rewriter.block(&mut function.blocks[stretch.block as usize], stretch, *landing);
    }
    for handler in &mut function.handlers {
        handler.landing = landings[handler.block as usize];
    }
    let names = rewriter.names;
    moves.insert(function);
    // The new ones cross blocks.
    function.registers = names.locations.len() as u32;
    function.globals = function.registers;
    Allocation { locations: names.locations, slots, scratch: None, windows, arrivals }
}

/// Two pieces that overlap though they are of one virtual register or in one register. Pieces are given by start.
fn overlapping(pieces: &[Piece]) -> Option<(Piece, Piece)> {
    let mut last_of: FxHashMap<VirtualRegister, Piece> = FxHashMap::default();
    let mut last_in: FxHashMap<u16, Piece> = FxHashMap::default();
    pieces.iter().find_map(|&piece| {
        let before = [last_of.insert(piece.register, piece), last_in.insert(piece.place, piece)];
        let overlaps = |before: &Piece| before.end >= piece.start;
        before.into_iter().flatten().find(overlaps).map(|before| (before, piece))
    })
}

/// Tells what becomes of each virtual register, as far as that can be told before rules are chosen.
fn fates(function: &Function, timeline: &Timeline, pieces: &[Piece], is_spilled: &[bool]) -> Vec<Fate> {
    let mut fates = vec![Fate::Dead; at(function.registers)];
    for piece in pieces {
        let fate = &mut fates[at(piece.register)];
        *fate = match *fate {
            Fate::Dead if !is_spilled[at(piece.register)] => Fate::Whole(piece.place),
            Fate::Whole(place) if place == piece.place => *fate,
            _ => Fate::Split { at_once: false },
        };
    }
    for segment in &timeline.segments {
        if is_spilled[at(segment.register)] {
            fates[at(segment.register)] = Fate::Split { at_once: false };
        }
    }
    fates
}

fn locations(fates: &[Fate]) -> Vec<Location> {
    let location = |fate: &Fate| match *fate {
        Fate::Whole(place) => Location::Register(place),
        _ => Location::Nowhere,
    };
    fates.iter().map(location).collect()
}

/// Which pieces there are where blocks begin and end.
struct Borders {
    /// Virtual registers and their places, by block.
    at_start: Vec<Vec<(VirtualRegister, u16)>>,
    at_end: Vec<Vec<(VirtualRegister, u16)>>,
}

impl Borders {
    fn new(timeline: &Timeline, pieces: &[Piece]) -> Self {
        let blocks = timeline.stretches.iter().map(|stretch| stretch.block as usize + 1).max().unwrap_or(0);
        let mut borders = Self { at_start: vec![Vec::new(); blocks], at_end: vec![Vec::new(); blocks] };
        let mut next = 0;
        let mut active: Vec<Piece> = Vec::new();
        for stretch in &timeline.stretches {
            for (point, found) in [
                (stretch.start, &mut borders.at_start[stretch.block as usize]),
                (stretch.terminator + 1, &mut borders.at_end[stretch.block as usize]),
            ] {
                active.retain(|piece| piece.end >= point);
                while let Some(piece) = pieces.get(next)
                    && piece.start <= point
                {
                    next += 1;
                    if piece.end >= point {
                        active.push(*piece);
                    }
                }
                found.extend(active.iter().map(|piece| (piece.register, piece.place)));
            }
        }
        borders
    }
}

/// Decides for each split virtual register when its values go home.
fn choose_rules(
    function: &Function,
    ranges: &LiveRanges,
    timeline: &Timeline,
    pieces: &[Piece],
    borders: &Borders,
    fates: &mut [Fate],
) {
    let mut stores_late = vec![0_u64; fates.len()];
    for piece in pieces.iter().filter(|piece| piece.is_cut && needs_store(timeline, piece)) {
        stores_late[at(piece.register)] += timeline.weight(piece.end);
    }
    // The last edge at whose end each virtual register was seen in a register.
    let mut seen = vec![0_u32; fates.len()];
    let mut edge = 0;
    for_each_edge(function, timeline, |stretch, _, successor| {
        edge += 1;
        let weight = timeline.weight(stretch.terminator);
        borders.at_start[successor as usize].iter().for_each(|&(register, _)| seen[at(register)] = edge);
        for &(register, _) in &borders.at_end[stretch.block as usize] {
            if seen[at(register)] != edge && ranges.is_entering(successor, register) {
                stores_late[at(register)] += weight;
            }
        }
    });
    for register in 0..fates.len() as u32 {
        if let Fate::Split { at_once } = &mut fates[at(register)] {
            let writes = timeline.occurrences(register).iter().filter(|occurrence| occurrence.writes);
            let stores: u64 = writes.map(|write| timeline.weight(write.point)).sum();
            let arrives = u64::from(ranges.is_entering(0, register));
            *at_once = stores + arrives <= stores_late[at(register)];
        }
    }
    for handler in &function.handlers {
        for register in ranges.live.entering.iter(handler.block as usize) {
            if let Fate::Split { at_once } = &mut fates[at(register)] {
                *at_once = true;
            }
        }
    }
}

/// Whether the home may be out of date when a piece ends: not if the value came from there and was not written since.
fn needs_store(timeline: &Timeline, piece: &Piece) -> bool {
    let stretch = timeline.stretches[timeline.stretch_at(piece.start)];
    let begins_with_load = piece.start.is_multiple_of(2) && piece.start > stretch.start;
    let is_written = timeline
        .occurrences(piece.register)
        .iter()
        .any(|occurrence| occurrence.writes && (piece.start..=piece.end).contains(&occurrence.point));
    !begins_with_load || is_written || piece.end > stretch.terminator + 1
}

/// Calls `visit` with each edge between reachable blocks: the block, which exit it is, and the block it leads to.
fn for_each_edge(function: &Function, timeline: &Timeline, mut visit: impl FnMut(&Stretch, usize, u32)) {
    for stretch in &timeline.stretches {
        let successors = function.blocks[stretch.block as usize].terminator.successors();
        for (exit, successor) in successors.into_iter().enumerate() {
            if let Some(successor) = successor {
                visit(stretch, exit, successor);
            }
        }
    }
}

/// New virtual registers: a split one in a register.
struct Names {
    of: FxHashMap<(VirtualRegister, u16), VirtualRegister>,
    /// Locations of all virtual registers, the new ones included.
    locations: Vec<Location>,
}

impl Names {
    fn get(&mut self, register: VirtualRegister, place: u16) -> VirtualRegister {
        *self.of.entry((register, place)).or_insert_with(|| {
            self.locations.push(Location::Register(place));
            self.locations.len() as u32 - 1
        })
    }
}

/// Where the values go that are there when the function begins: to where they are when its first block does.
fn arrivals(
    function: &Function,
    ranges: &LiveRanges,
    borders: &Borders,
    fates: &[Fate],
    names: &mut Names,
) -> Vec<Arrival> {
    let mut arrivals = Vec::new();
    for &Arrival { from, to } in &ranges.arrivals {
        let Fate::Split { at_once } = fates[at(to)] else {
            arrivals.push(Arrival { from, to });
            continue;
        };
        let place = borders.at_start[0].iter().find(|(register, _)| *register == to).map(|&(_, place)| place);
        if at_once || place.is_none() {
            arrivals.push(Arrival { from, to });
        }
        if let Some(place) = place {
            arrivals.push(Arrival { from, to: names.get(to, place) });
        }
    }
    debug_assert!(arrivals.iter().all(|arrival| match arrival.from {
        Origin::Parameter(parameter) => u32::from(parameter) < function.parameters,
        Origin::Unset => true,
    }));
    arrivals
}

/// The moves that edges need.
fn edge_moves(
    function: &Function,
    ranges: &LiveRanges,
    timeline: &Timeline,
    borders: &Borders,
    fates: &[Fate],
    names: &mut Names,
) -> EdgeMoves {
    let mut moves = EdgeMoves::new(function);
    let mut edge = Edge { place_before: vec![None; fates.len()], place_after: vec![None; fates.len()], pc: 0 };
    for_each_edge(function, timeline, |stretch, exit, successor| {
        let block = &function.blocks[stretch.block as usize];
        edge.pc = block.terminator_pc;
        let (before, after) = (&borders.at_end[stretch.block as usize], &borders.at_start[successor as usize]);
        before.iter().for_each(|&(register, place)| edge.place_before[at(register)] = Some(place));
        after.iter().for_each(|&(register, place)| edge.place_after[at(register)] = Some(place));
        let written = block.terminator.definitions();
        let is_needed = |register| ranges.is_entering(successor, register);
        let goes_home = |register, stays: bool| match fates[at(register)] {
            Fate::Split { at_once: true } => written.contains(&Some(register)),
            _ => !stays,
        };
        moves.add(stretch.block, exit, edge.moves(before, after, is_needed, goes_home, names));
        before.iter().for_each(|&(register, _)| edge.place_before[at(register)] = None);
        after.iter().for_each(|&(register, _)| edge.place_after[at(register)] = None);
    });
    moves
}

/// An edge, and where values are at its ends.
struct Edge {
    place_before: Vec<Option<u16>>,
    place_after: Vec<Option<u16>>,
    pc: u32,
}

impl Edge {
    /// Stores, which only read registers; then moves between registers as if all at once; then loads, which only write registers.
    fn moves(
        &self,
        before: &[(VirtualRegister, u16)],
        after: &[(VirtualRegister, u16)],
        is_needed: impl Fn(VirtualRegister) -> bool,
        goes_home: impl Fn(VirtualRegister, bool) -> bool,
        names: &mut Names,
    ) -> Vec<Instruction> {
        let mut moves = Vec::new();
        // Which value is moved from each register.
        let mut between: Vec<(u32, u32)> = Vec::new();
        let mut moved: FxHashMap<u32, VirtualRegister> = FxHashMap::default();
        for &(register, place) in before.iter().filter(|&&(register, _)| is_needed(register)) {
            let after = self.place_after[at(register)];
            if goes_home(register, after.is_some()) {
                moves.push(Instruction::copy(register, names.get(register, place), self.pc));
            }
            if let Some(after) = after.filter(|&after| after != place) {
                between.push((u32::from(after), u32::from(place)));
                moved.insert(u32::from(after), register);
            }
        }
        for step in sequence(&between) {
            let copy = match step {
                Move::Copy { to, from } => {
                    let register = moved[&to];
                    (names.get(register, to as u16), names.get(register, from as u16))
                }
                // The value's own home holds it for the time being.
                Move::Save(from) => {
                    let reader = between.iter().find(|&&(_, source)| source == from).map_or(from, |&(to, _)| to);
                    let register = moved[&reader];
                    (register, names.get(register, from as u16))
                }
                Move::Restore(to) => {
                    let register = moved[&to];
                    (names.get(register, to as u16), register)
                }
            };
            moves.push(Instruction::copy(copy.0, copy.1, self.pc));
        }
        for &(register, place) in after.iter().filter(|&&(register, _)| is_needed(register)) {
            if self.place_before[at(register)].is_none() {
                moves.push(Instruction::copy(names.get(register, place), register, self.pc));
            }
        }
        moves
    }
}

/// The walk that renames occurrences and puts moves into blocks. Blocks are visited in layout order, so that pieces begin and end in order.
struct Rewriter<'p> {
    ranges: &'p LiveRanges,
    /// By start.
    pieces: &'p [Piece],
    fates: &'p [Fate],
    names: Names,
    /// The next piece to begin.
    next: usize,
    /// Pieces that have begun and not ended, by end.
    active: BinaryHeap<Reverse<(u32, u32)>>,
    /// Pieces after which values go home late, by end, and how many of them are done with.
    stores: Vec<(u32, u32)>,
    stored: usize,
    /// For each virtual register its name where the walk is, or [`NONE`] where it goes by its own.
    current: Vec<VirtualRegister>,
    /// New code of the block.
    code: Vec<Instruction>,
}

impl<'p> Rewriter<'p> {
    fn new(ranges: &'p LiveRanges, timeline: &Timeline, pieces: &'p [Piece], fates: &'p [Fate], names: Names) -> Self {
        let is_late = |piece: &Piece| fates[at(piece.register)] == Fate::Split { at_once: false };
        let mut stores: Vec<(u32, u32)> = (0..)
            .zip(pieces)
            .filter(|(_, piece)| piece.is_cut && is_late(piece) && needs_store(timeline, piece))
            .map(|(index, piece)| (piece.end, index))
            .collect();
        stores.sort_unstable();
        Self {
            ranges,
            pieces,
            fates,
            names,
            next: 0,
            active: BinaryHeap::new(),
            stores,
            stored: 0,
            current: vec![NONE; fates.len()],
            code: Vec::new(),
        }
    }

    /// Rewrites a block; gives the new name of its landing register.
    fn block(&mut self, block: &mut Block, stretch: &Stretch, landing: VirtualRegister) -> VirtualRegister {
        self.end_before(stretch.start);
        while self.begin_at(stretch.start).is_some() {}
        let landing = if landing == NONE { NONE } else { self.handler(stretch, block.start_pc, landing) };
        block.unguarded = self.code.len() as u32;
        let mut point = stretch.start;
        for mut instruction in std::mem::take(&mut block.instructions) {
            let (pc, destination) = (instruction.pc, instruction.destination);
            self.before(point, stretch, pc, NONE);
            for operand in &mut instruction.operands {
                if let Operand::Register(register) = operand {
                    *register = self.name(*register);
                }
            }
            self.end_before(point + 1);
            while self.begin_at(point + 1).is_some() {}
            if destination != NONE {
                instruction.destination = self.name(destination);
            }
            self.code.push(instruction);
            if destination != NONE {
                self.store_at_once(destination, pc);
            }
            point += 2;
        }
        let element = match block.terminator {
            Terminator::ForIter { destination, .. } => destination,
            _ => NONE,
        };
        self.before(point, stretch, block.terminator_pc, element);
        block.terminator.rename(|register| self.name(register));
        if let Terminator::ForIter { destination, .. } = &mut block.terminator {
            *destination = self.name(*destination);
        }
        block.instructions = std::mem::take(&mut self.code);
        landing
    }

    /// The name that a virtual register goes by where the walk is.
    fn name(&self, register: VirtualRegister) -> VirtualRegister {
        match self.current[at(register)] {
            NONE => register,
            name => name,
        }
    }

    /// What happens before the instruction at a point: values go home whose pieces end, and come from there where pieces begin. `element` is
    /// written by the instruction at its even point.
    fn before(&mut self, point: u32, stretch: &Stretch, pc: u32, element: VirtualRegister) {
        while let Some(&(end, index)) = self.stores.get(self.stored)
            && end <= point
        {
            self.stored += 1;
            let piece = self.pieces[index as usize];
            // Where a block ends, edges see to it.
            if end >= stretch.start {
                let name = self.names.get(piece.register, piece.place);
                self.code.push(Instruction::copy(piece.register, name, pc));
            }
        }
        self.end_before(point);
        while let Some(piece) = self.begin_at(point) {
            if piece.register != element {
                let name = self.current[at(piece.register)];
                self.code.push(Instruction::copy(name, piece.register, pc));
            }
        }
    }

    /// Begins the next piece, if it does so at this point or before.
    fn begin_at(&mut self, point: u32) -> Option<Piece> {
        let piece = *self.pieces.get(self.next).filter(|piece| piece.start <= point)?;
        self.active.push(Reverse((piece.end, self.next as u32)));
        self.current[at(piece.register)] = self.names.get(piece.register, piece.place);
        self.next += 1;
        Some(piece)
    }

    /// Ends pieces that end before a point.
    fn end_before(&mut self, point: u32) {
        while let Some(&Reverse((end, index))) = self.active.peek()
            && end < point
        {
            self.active.pop();
            self.current[at(self.pieces[index as usize].register)] = NONE;
        }
    }

    /// A handler's block begins: nothing was moved on the way there, so all that is split comes from its home.
    fn handler(&mut self, stretch: &Stretch, pc: u32, landing: VirtualRegister) -> VirtualRegister {
        let mut registers: Vec<VirtualRegister> =
            self.active.iter().map(|&Reverse((_, index))| self.pieces[index as usize].register).collect();
        registers.sort_unstable();
        let name = self.name(landing);
        self.store_at_once(landing, pc);
        for register in registers {
            if register != landing && self.ranges.is_entering(stretch.block, register) {
                self.code.push(Instruction::copy(self.name(register), register, pc));
            }
        }
        name
    }

    fn store_at_once(&mut self, register: VirtualRegister, pc: u32) {
        if self.fates[at(register)] == (Fate::Split { at_once: true }) && self.current[at(register)] != NONE {
            self.code.push(Instruction::copy(register, self.current[at(register)], pc));
        }
    }
}
