//! Renames what pieces stand for, and puts the moves into blocks by which values come from home and go there.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{Fate, Names, Piece, needs_store};
use crate::allocate::at;
use crate::allocate::timeline::{Stretch, Timeline};
use crate::live::LiveRanges;
use crate::tac::{Block, Instruction, NONE, Operand, Terminator, VirtualRegister};

/// The walk that renames occurrences and puts moves into blocks. Blocks are visited in layout order, so that pieces begin and end in order.
pub(super) struct Rewriter<'p> {
    ranges: &'p LiveRanges,
    /// By start.
    pieces: &'p [Piece],
    fates: &'p [Fate],
    pub(super) names: Names,
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
    pub(super) fn new(
        ranges: &'p LiveRanges,
        timeline: &Timeline,
        pieces: &'p [Piece],
        fates: &'p [Fate],
        names: Names,
    ) -> Self {
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
    pub(super) fn block(&mut self, block: &mut Block, stretch: &Stretch, landing: VirtualRegister) -> VirtualRegister {
        self.end_before(stretch.start);
        while self.begin_at(stretch.start).is_some() {}
        let landing = if landing == NONE { NONE } else { self.handler(stretch, block.start_pc, landing) };
        block.unguarded = self.code.len() as u32;
        let mut point = stretch.start;
        for mut instruction in std::mem::take(&mut block.instructions) {
            let (pc, destination) = (instruction.pc, instruction.destination);
            self.before(point, pc, NONE);
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
        self.before(point, block.terminator_pc, element);
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
    fn before(&mut self, point: u32, pc: u32, element: VirtualRegister) {
        while let Some(&(end, index)) = self.stores.get(self.stored)
            && end <= point
        {
            self.stored += 1;
            let piece = self.pieces[index as usize];
            let name = self.names.get(piece.register, piece.place);
            self.code.push(Instruction::copy(piece.register, name, pc));
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
