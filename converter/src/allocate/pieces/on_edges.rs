//! The moves that edges between blocks need.

use std::cell::OnceCell;

use fxhash::FxHashMap;

use super::{Borders, Fate, Names, Piece, for_each_edge};
use crate::allocate::at;
use crate::allocate::edges::EdgeMoves;
use crate::allocate::timeline::Timeline;
use crate::live::LiveRanges;
use crate::parallel::{Move, sequence};
use crate::tac::{Function, Instruction, VirtualRegister};

/// What is known where moves are put on edges.
pub(super) struct OnEdges<'p> {
    pub(super) ranges: &'p LiveRanges,
    pub(super) borders: &'p Borders,
    pub(super) fates: &'p [Fate],
    pub(super) spare: Spare<'p>,
    pub(super) names: &'p mut Names,
}

/// An edge, and where values are at its ends.
struct Edge {
    place_before: Vec<Option<u16>>,
    place_after: Vec<Option<u16>>,
    /// Last point of the block before it, first point of the block after it.
    points: [u32; 2],
    pc: u32,
}

impl OnEdges<'_> {
    /// The moves that edges need.
    pub(super) fn moves(&mut self, function: &Function, timeline: &Timeline) -> EdgeMoves {
        let mut moves = EdgeMoves::new(function);
        let none = vec![None; self.fates.len()];
        let mut edge = Edge { place_before: none.clone(), place_after: none, points: [0; 2], pc: 0 };
        let borders = self.borders;
        for_each_edge(function, timeline, |stretch, exit, successor| {
            let block = &function.blocks[stretch.block as usize];
            edge.pc = block.terminator_pc;
            edge.points = [stretch.terminator + 1, self.ranges.block_starts[successor as usize]];
            let (before, after) = (&borders.at_end[stretch.block as usize], &borders.at_start[successor as usize]);
            before.iter().for_each(|&(register, place)| edge.place_before[at(register)] = Some(place));
            after.iter().for_each(|&(register, place)| edge.place_after[at(register)] = Some(place));
            let written = block.terminator.definitions();
            let is_needed = |&&(register, _): &&(VirtualRegister, u16)| self.ranges.is_entering(successor, register);
            let before_needed: Vec<_> = before.iter().filter(is_needed).copied().collect();
            let after_needed: Vec<_> = after.iter().filter(is_needed).copied().collect();
            moves.add(stretch.block, exit, self.edge(&edge, &before_needed, &after_needed, written));
            before.iter().for_each(|&(register, _)| edge.place_before[at(register)] = None);
            after.iter().for_each(|&(register, _)| edge.place_after[at(register)] = None);
        });
        moves
    }

    /// Stores, which only read registers; then moves between registers as if all at once; then loads, which only write registers. Given are
    /// the values that are needed after the edge and in registers before it, or after it.
    fn edge(
        &mut self,
        edge: &Edge,
        before: &[(VirtualRegister, u16)],
        after: &[(VirtualRegister, u16)],
        written: [Option<VirtualRegister>; 2],
    ) -> Vec<Instruction> {
        let mut moves = Vec::new();
        let mut between = Vec::new();
        for &(register, place) in before {
            let after = edge.place_after[at(register)];
            let goes_home =
                if self.is_always_home(register) { written.contains(&Some(register)) } else { after.is_none() };
            if goes_home {
                moves.push(Instruction::copy(register, self.names.get(register, place), edge.pc));
            }
            if let Some(after) = after.filter(|&after| after != place) {
                between.push((register, after, place));
            }
        }
        self.between(edge, &between, &mut moves);
        for &(register, place) in after {
            if edge.place_before[at(register)].is_none() {
                moves.push(Instruction::copy(self.names.get(register, place), register, edge.pc));
            }
        }
        moves
    }

    /// Whether the value goes home at once, so that it is there whenever it is wanted.
    fn is_always_home(&self, register: VirtualRegister) -> bool {
        self.fates[at(register)] == (Fate::Split { at_once: true })
    }

    /// Moves between registers, of a value to a place from a place. Where values change places in a circle, one of them waits in a spare
    /// register, or where there is none, at home.
    fn between(&mut self, edge: &Edge, values: &[(VirtualRegister, u16, u16)], moves: &mut Vec<Instruction>) {
        let places: Vec<(u32, u32)> = values.iter().map(|&(_, to, from)| (u32::from(to), u32::from(from))).collect();
        let moved: FxHashMap<u32, VirtualRegister> =
            values.iter().map(|&(register, to, _)| (u32::from(to), register)).collect();
        let steps = sequence(&places);
        let has_circle = steps.iter().any(|step| matches!(step, Move::Save(_)));
        let spare = if has_circle { self.spare.find(edge.points) } else { None };
        for step in steps {
            let (to, from) = match step {
                Move::Copy { to, from } => {
                    (self.names.get(moved[&to], to as u16), self.names.get(moved[&to], from as u16))
                }
                Move::Save(from) => {
                    let &(register, ..) =
                        values.iter().find(|value| u32::from(value.2) == from).expect("what is saved is moved");
                    if spare.is_none() && self.is_always_home(register) {
                        continue;
                    }
                    (self.waiting(register, spare), self.names.get(register, from as u16))
                }
                Move::Restore(to) => (self.names.get(moved[&to], to as u16), self.waiting(moved[&to], spare)),
            };
            moves.push(Instruction::copy(to, from, edge.pc));
        }
    }

    /// What a value is called that waits for its place.
    fn waiting(&mut self, register: VirtualRegister, spare: Option<u16>) -> VirtualRegister {
        spare.map_or(register, |place| self.names.get(register, place))
    }
}

/// Finds registers that nobody holds.
pub(super) struct Spare<'p> {
    registers: u16,
    /// All pieces by start, those of virtual registers included that stay in one register.
    pieces: &'p [Piece],
    /// For each register when it is held. Few functions ask.
    held: OnceCell<Vec<Vec<(u32, u32)>>>,
}

impl<'p> Spare<'p> {
    /// Of so many registers, with these pieces by start.
    pub(super) fn new(registers: u16, pieces: &'p [Piece]) -> Self {
        Self { registers, pieces, held: OnceCell::new() }
    }

    /// The lowest register that is free at all these points.
    fn find(&self, points: [u32; 2]) -> Option<u16> {
        (0..self.registers).find(|&place| points.iter().all(|&point| !self.is_held(place, point)))
    }

    fn is_held(&self, place: u16, point: u32) -> bool {
        let Some(held) = self.held.get_or_init(|| self.held()).get(usize::from(place)) else { return false };
        let begun = held.partition_point(|&(start, _)| start <= point);
        begun > 0 && held[begun - 1].1 >= point
    }

    fn held(&self) -> Vec<Vec<(u32, u32)>> {
        let places = self.pieces.iter().map(|piece| usize::from(piece.place) + 1).max().unwrap_or(0);
        let mut held = vec![Vec::new(); places];
        self.pieces.iter().for_each(|piece| held[usize::from(piece.place)].push((piece.start, piece.end)));
        held
    }
}
