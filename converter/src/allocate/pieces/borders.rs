//! Which pieces there are where blocks begin and end.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use smallvec::SmallVec;

use super::Piece;
use crate::allocate::timeline::Timeline;
use crate::live::LiveRanges;
use crate::rows::{Row, Rows};
use crate::tac::VirtualRegister;

/// A virtual register and the register that it is in.
pub(super) type Placed = (VirtualRegister, u16);

/// Which pieces there are where blocks begin and end.
pub(super) struct Borders {
    /// What registers hold: for each the virtual register plus one, or zero.
    rows: Rows,
    /// By block.
    at_start: Vec<Row>,
    at_end: Vec<Row>,
    /// How many registers there are.
    places: u16,
}

/// What an edge changes of the values that are needed behind it.
#[derive(Default)]
pub(super) struct Changes {
    /// Those in registers where they are not behind the edge, be they elsewhere then or at home.
    pub(super) left: SmallVec<[Placed; 8]>,
    /// Those in registers where they were not before the edge.
    pub(super) entered: SmallVec<[Placed; 8]>,
}

impl Borders {
    /// Of pieces given by start.
    pub(super) fn new(timeline: &Timeline, pieces: &[Piece]) -> Self {
        let blocks = timeline.stretches.iter().map(|stretch| stretch.block as usize + 1).max().unwrap_or(0);
        let places = pieces.iter().map(|piece| piece.place + 1).max().unwrap_or(0);
        let mut walk =
            Walk { pieces, ends: BinaryHeap::new(), rows: Rows::new(u32::from(places)), row: Row::default() };
        let (mut at_start, mut at_end) = (vec![Row::default(); blocks], vec![Row::default(); blocks]);
        for stretch in &timeline.stretches {
            at_start[stretch.block as usize] = walk.advance(stretch.start);
            at_end[stretch.block as usize] = walk.advance(stretch.terminator + 1);
        }
        Self { rows: walk.rows, at_start, at_end, places }
    }

    /// Where a virtual register is when a block begins, if it is in a register.
    pub(super) fn place_at_start(&self, block: u32, register: VirtualRegister) -> Option<u16> {
        self.place_in(self.at_start[block as usize], register)
    }

    /// Where a virtual register is when a block ends, if it is in a register.
    pub(super) fn place_at_end(&self, block: u32, register: VirtualRegister) -> Option<u16> {
        self.place_in(self.at_end[block as usize], register)
    }

    fn place_in(&self, row: Row, register: VirtualRegister) -> Option<u16> {
        (0..self.places).find(|&place| self.rows.get(row, u32::from(place)) == register + 1)
    }

    /// What the edge from a block to another one changes. Nearly all values stay where they are, so nothing is done for those.
    pub(super) fn changes(&self, block: u32, successor: u32, ranges: &LiveRanges) -> Changes {
        let mut changes = Changes::default();
        let (before, after) = (self.at_end[block as usize], self.at_start[successor as usize]);
        self.rows.for_each_difference(before, after, |place, left, entered| {
            let needed = |held: u32| {
                let register = held.checked_sub(1).filter(|&register| ranges.is_entering(successor, register));
                register.map(|register| (register, place as u16))
            };
            changes.left.extend(needed(left));
            changes.entered.extend(needed(entered));
        });
        changes
    }
}

/// A walk along the points.
struct Walk<'p> {
    /// Those that are still to begin.
    pieces: &'p [Piece],
    /// When the active ones end, and their places.
    ends: BinaryHeap<Reverse<(u32, u16)>>,
    rows: Rows,
    row: Row,
}

impl Walk<'_> {
    /// Goes on to a point; tells what registers hold there.
    fn advance(&mut self, point: u32) -> Row {
        self.rows.mark();
        while let Some(&Reverse((end, place))) = self.ends.peek()
            && end < point
        {
            self.ends.pop();
            self.row = self.rows.with(self.row, u32::from(place), 0);
        }
        while let Some((piece, others)) = self.pieces.split_first()
            && piece.start <= point
        {
            self.pieces = others;
            if piece.end >= point {
                self.row = self.rows.with(self.row, u32::from(piece.place), piece.register + 1);
                self.ends.push(Reverse((piece.end, piece.place)));
            }
        }
        self.row
    }
}
