//! Moves that happen as if all at once, put into an order in which they can be made one after the other.
//!
//! A move can be made as soon as nothing still waits to read the place it writes. What is left when no move can be made are circles; each is
//! opened by saving one value elsewhere.

use fxhash::FxHashMap;
use smallvec::SmallVec;

/// One step of a sequence of moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// Bring the value at `from` to `to`.
    Copy {
        /// Place that is written.
        to: u32,
        /// Place that is read.
        from: u32,
    },
    /// Save the value at the place elsewhere; there is at most one saved value at a time.
    Save(u32),
    /// Bring the saved value to the place.
    Restore(u32),
}

/// Steps in order.
pub type Moves = SmallVec<[Move; 8]>;

/// Up to so many moves are looked through rather than hashed.
const FEW: usize = 16;

/// Orders moves `(to, from)`, whose targets all differ. Moves of a place to itself are left out.
pub fn sequence(moves: &[(u32, u32)]) -> Moves {
    match moves {
        [] => Moves::new(),
        few if few.len() <= FEW => sequence_few(few),
        many => sequence_many(many),
    }
}

/// The same as [`sequence_many`], in time quadratic in the number of moves.
fn sequence_few(moves: &[(u32, u32)]) -> Moves {
    let mut steps = Moves::new();
    let mut left: SmallVec<[(u32, u32); FEW]> = moves.iter().copied().filter(|(to, from)| to != from).collect();
    let is_read = |left: &[(u32, u32)], place: u32| left.iter().any(|&(_, from)| from == place);
    let take = |left: &mut SmallVec<[(u32, u32); FEW]>, place: u32| {
        left.iter().position(|&(to, _)| to == place).map(|at| left.swap_remove(at).1)
    };
    let mut ready: SmallVec<[u32; FEW]> = left.iter().map(|&(to, _)| to).filter(|&to| !is_read(&left, to)).collect();
    while let Some(to) = ready.pop() {
        let Some(from) = take(&mut left, to) else { continue };
        steps.push(Move::Copy { to, from });
        if !is_read(&left, from) {
            ready.push(from);
        }
    }
    open_circles(moves, |place| take(&mut left, place), &mut steps);
    steps
}

/// What is left are circles: makes the moves of each, by way of a saved value. `take` gives the source of a place that is still to be
/// written, once.
fn open_circles(moves: &[(u32, u32)], mut take: impl FnMut(u32) -> Option<u32>, steps: &mut Moves) {
    for &(first, _) in moves {
        let Some(mut from) = take(first) else { continue };
        steps.push(Move::Save(first));
        let mut to = first;
        while from != first {
            steps.push(Move::Copy { to, from });
            to = from;
            from = take(from).expect("what is left are circles");
        }
        steps.push(Move::Restore(to));
    }
}

fn sequence_many(moves: &[(u32, u32)]) -> Moves {
    let mut steps = Moves::with_capacity(moves.len());
    let mut source: FxHashMap<u32, u32> = FxHashMap::default();
    let mut readers: FxHashMap<u32, u32> = FxHashMap::default();
    for &(to, from) in moves.iter().filter(|(to, from)| to != from) {
        source.insert(to, from);
        *readers.entry(from).or_default() += 1;
    }
    let mut ready: Vec<u32> =
        moves.iter().map(|&(to, _)| to).filter(|to| source.contains_key(to) && !readers.contains_key(to)).collect();
    while let Some(to) = ready.pop() {
        let Some(from) = source.remove(&to) else { continue };
        steps.push(Move::Copy { to, from });
        if let Some(count) = readers.get_mut(&from) {
            *count -= 1;
            if *count == 0 {
                readers.remove(&from);
                ready.push(from);
            }
        }
    }
    open_circles(moves, |place| source.remove(&place), &mut steps);
    steps
}

#[cfg(test)]
mod tests {
    use super::{Move, sequence, sequence_many};

    /// Places hold their own numbers at first.
    fn perform(moves: &[(u32, u32)]) -> Vec<u32> {
        let mut places: Vec<u32> = (0..10).collect();
        let mut saved = None;
        for step in sequence(moves) {
            match step {
                Move::Copy { to, from } => places[to as usize] = places[from as usize],
                Move::Save(from) => assert_eq!(saved.replace(places[from as usize]), None),
                Move::Restore(to) => places[to as usize] = saved.take().unwrap(),
            }
        }
        places
    }

    #[test]
    fn values_arrive_as_if_moved_at_once() {
        let cases: [&[(u32, u32)]; 6] = [
            &[],
            &[(1, 1)],
            &[(0, 1), (1, 2), (2, 3)],
            &[(2, 1), (1, 0), (3, 0), (0, 5)],
            &[(0, 1), (1, 2), (2, 0), (4, 2), (5, 6), (6, 5), (7, 7)],
            &[(9, 8), (8, 9), (1, 9), (2, 9)],
        ];
        for moves in cases {
            let mut expected: Vec<u32> = (0..10).collect();
            moves.iter().for_each(|&(to, from)| expected[to as usize] = from);
            assert_eq!(perform(moves), expected, "{moves:?}");
            assert_eq!(sequence(moves), sequence_many(moves), "{moves:?}");
        }
    }

    #[test]
    fn only_circles_save() {
        assert!(!sequence(&[(0, 1), (1, 2)]).iter().any(|step| matches!(step, Move::Save(_))));
    }
}
