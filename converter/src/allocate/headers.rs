//! Keeps loads off jumps back.
//!
//! A value that is in a register where a loop begins, and at home where it ends, has to be loaded on the jump back. That costs more than the
//! load: the edge gets a block of its own, and the jump can no longer be one instruction with the test that decides it. So such a value stays
//! at home where the loop begins, and is loaded where the loop first needs it, which is as often.

use super::at;
use super::pieces::Piece;
use super::timeline::{Loop, Timeline};
use smallvec::SmallVec;

/// Cuts pieces where loops begin at whose ends their values are at home.
pub fn cut_at_headers(timeline: &Timeline, pieces: &mut Vec<Piece>, is_spilled: &mut [bool]) {
    if timeline.loops.is_empty() {
        return;
    }
    pieces.retain(|piece| piece.start <= piece.end);
    pieces.sort_unstable_by_key(|piece| (piece.register, piece.start));
    let original = std::mem::take(pieces);
    for own in original.chunk_by(|a, b| a.register == b.register) {
        for &piece in own {
            cut(timeline, own, piece, pieces, is_spilled);
        }
    }
}

/// Adds what is left of a piece; `own` are all pieces of its virtual register.
fn cut(timeline: &Timeline, own: &[Piece], piece: Piece, pieces: &mut Vec<Piece>, is_spilled: &mut [bool]) {
    let mut rest = piece;
    // At the ends of loops that end before it does it is there itself.
    let begun = |around: &&Loop| around.start >= piece.start;
    let left: SmallVec<[&Loop; 8]> = timeline.loops_around(piece.end).take_while(begun).collect();
    for around in left.into_iter().rev().filter(|around| around.end > piece.end) {
        // Where it is live at the end of the loop is where it is carried around.
        let is_carried = timeline.is_live(piece.register, around.end);
        if around.start < rest.start || !is_carried || is_covered(own, around.end) {
            continue;
        }
        is_spilled[at(piece.register)] = true;
        if rest.start < around.start {
            pieces.push(Piece { end: around.start - 1, is_cut: true, ..rest });
        }
        match timeline.next_needed(piece.register, around.start).filter(|needed| needed.point <= piece.end) {
            Some(needed) => rest.start = needed.point,
            None => return,
        }
    }
    pieces.push(rest);
}

/// Whether there is a piece at a point.
fn is_covered(own: &[Piece], point: u32) -> bool {
    let after = own.partition_point(|piece| piece.start <= point);
    after > 0 && own[after - 1].end >= point
}
