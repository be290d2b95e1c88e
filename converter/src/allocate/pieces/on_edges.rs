//! The moves that edges between blocks need.

use std::cell::OnceCell;

use fxhash::FxHashMap;

use super::borders::{Borders, Changes};
use super::{Fate, Names, Piece, for_each_edge};
use crate::allocate::at;
use crate::allocate::edges::EdgeMoves;
use crate::allocate::timeline::Timeline;
use crate::live::LiveRanges;
use crate::parallel::{Move, sequence};
use crate::tac::{Block, Function, Instruction, VirtualRegister};

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
        for_each_edge(function, timeline, |stretch, exit, successor| {
            let block = &function.blocks[stretch.block as usize];
            edge.pc = block.terminator_pc;
            edge.points = [stretch.terminator + 1, self.ranges.block_starts[successor as usize]];
            let mut needed = Vec::new();
            self.write_home(stretch.block, successor, block, &mut needed);
            let changes = self.borders.changes(stretch.block, successor, self.ranges);
            changes.left.iter().for_each(|&(register, place)| edge.place_before[at(register)] = Some(place));
            changes.entered.iter().for_each(|&(register, place)| edge.place_after[at(register)] = Some(place));
            self.edge(&edge, &changes, &mut needed);
            moves.add(stretch.block, exit, needed);
            changes.left.iter().for_each(|&(register, _)| edge.place_before[at(register)] = None);
            changes.entered.iter().for_each(|&(register, _)| edge.place_after[at(register)] = None);
        });
        moves
    }

    /// What the block's terminator writes goes home that has to at once.
    fn write_home(&mut self, from: u32, successor: u32, block: &Block, moves: &mut Vec<Instruction>) {
        for register in block.terminator.definitions().into_iter().flatten() {
            if self.is_always_home(register)
                && self.ranges.is_entering(successor, register)
                && let Some(place) = self.borders.place_at_end(from, register)
            {
                moves.push(Instruction::copy(register, self.names.get(register, place), block.terminator_pc));
            }
        }
    }

    /// Stores, which only read registers; then moves between registers as if all at once; then loads, which only write registers.
    fn edge(&mut self, edge: &Edge, changes: &Changes, moves: &mut Vec<Instruction>) {
        let mut between = Vec::new();
        for &(register, place) in &changes.left {
            match edge.place_after[at(register)] {
                Some(after) => between.push((register, after, place)),
                None if self.is_always_home(register) => {}
                None => moves.push(Instruction::copy(register, self.names.get(register, place), edge.pc)),
            }
        }
        self.between(edge, &between, moves);
        for &(register, place) in &changes.entered {
            if edge.place_before[at(register)].is_none() {
                moves.push(Instruction::copy(self.names.get(register, place), register, edge.pc));
            }
        }
    }

    /// Whether the value goes home at once, so that it is there whenever it is wanted.
    fn is_always_home(&self, register: VirtualRegister) -> bool {
        self.fates[at(register)] == (Fate::Split { at_once: true })
    }

    /// Moves between registers, of a value to a place from a place. Where values change places in a circle, one of them waits in a spare
    /// register, or where there is none, at home.
    fn between(&mut self, edge: &Edge, values: &[(VirtualRegister, u16, u16)], moves: &mut Vec<Instruction>) {
        if values.is_empty() {
            return;
        }
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
