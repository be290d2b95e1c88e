//! Which pieces there are where blocks begin and end.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

use smallvec::SmallVec;

use super::Piece;
use crate::allocate::timeline::Timeline;
use crate::live::LiveRanges;
use crate::tac::VirtualRegister;

/// A virtual register and the register that it is in.
pub(super) type Placed = (VirtualRegister, u16);

/// Which pieces there are where blocks begin and end.
pub(super) struct Borders {
    /// By place, border after border; two borders between which nothing changes share theirs.
    placed: Vec<Placed>,
    /// By block, which of these.
    at_start: Vec<Range<usize>>,
    at_end: Vec<Range<usize>>,
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
        let mut borders = Self { placed: Vec::new(), at_start: vec![0..0; blocks], at_end: vec![0..0; blocks] };
        let mut walk = Walk { pieces, ends: BinaryHeap::new(), active: Vec::new() };
        let mut last = 0..0;
        for stretch in &timeline.stretches {
            for (point, found) in [
                (stretch.start, &mut borders.at_start[stretch.block as usize]),
                (stretch.terminator + 1, &mut borders.at_end[stretch.block as usize]),
            ] {
                if walk.advance(point) {
                    let first = borders.placed.len();
                    borders.placed.extend(&walk.active);
                    last = first..borders.placed.len();
                }
                *found = last.clone();
            }
        }
        borders
    }

    /// Where a block begins, by place.
    pub(super) fn at_start(&self, block: u32) -> &[Placed] {
        &self.placed[self.at_start[block as usize].clone()]
    }

    /// Where a block ends, by place.
    pub(super) fn at_end(&self, block: u32) -> &[Placed] {
        &self.placed[self.at_end[block as usize].clone()]
    }

    /// What the edge from a block to another one changes. Nearly all values stay where they are, so nothing is done for those.
    pub(super) fn changes(&self, block: u32, successor: u32, ranges: &LiveRanges) -> Changes {
        let mut changes = Changes::default();
        if self.at_end[block as usize] == self.at_start[successor as usize] {
            return changes;
        }
        let (mut before, mut after) =
            (self.at_end(block).iter().peekable(), self.at_start(successor).iter().peekable());
        loop {
            let place = |placed: Option<&&Placed>| placed.map_or(u32::MAX, |placed| u32::from(placed.1));
            let next = place(before.peek()).min(place(after.peek()));
            if next == u32::MAX {
                break;
            }
            let left = before.next_if(|placed| u32::from(placed.1) == next);
            let entered = after.next_if(|placed| u32::from(placed.1) == next);
            if left != entered {
                changes.left.extend(left.copied());
                changes.entered.extend(entered.copied());
            }
        }
        changes.left.retain(|placed| ranges.is_entering(successor, placed.0));
        changes.entered.retain(|placed| ranges.is_entering(successor, placed.0));
        changes
    }
}

/// A walk along the points.
struct Walk<'p> {
    /// Those that are still to begin.
    pieces: &'p [Piece],
    /// When the active ones end, and their places.
    ends: BinaryHeap<Reverse<(u32, u16)>>,
    /// By place.
    active: Vec<Placed>,
}

impl Walk<'_> {
    /// Goes on to a point; tells whether others are active there.
    fn advance(&mut self, point: u32) -> bool {
        let mut has_changed = false;
        while let Some(&Reverse((end, place))) = self.ends.peek()
            && end < point
        {
            self.ends.pop();
            let index = self.active.binary_search_by_key(&place, |&(_, place)| place);
            self.active.remove(index.expect("what ends has begun"));
            has_changed = true;
        }
        while let Some((piece, others)) = self.pieces.split_first()
            && piece.start <= point
        {
            self.pieces = others;
            if piece.end >= point {
                let index = self.active.partition_point(|&(_, place)| place < piece.place);
                self.active.insert(index, (piece.register, piece.place));
                self.ends.push(Reverse((piece.end, piece.place)));
                has_changed = true;
            }
        }
        has_changed
    }
}
