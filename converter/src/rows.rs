//! Rows of numbers, one made from the other, that share what is the same in both.
//!
//! Like [`isa::sets`], but with a number at each place in place of a bit: a row is a tree whose nodes never change once the next row is begun, and
//! comparing two rows skips the nodes that they share.

/// Places of a leaf, and children of other nodes: two to this power.
const BITS: u32 = 4;

type Node = [u32; 1 << BITS];

/// One of some [`Rows`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Row(u32);

/// The nodes that rows are made of. Node 0 has zero everywhere, at each height.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    nodes: Vec<Node>,
    /// How many nodes are above a leaf.
    height: u32,
    /// Nodes from here on are part of no row but the one that is being changed.
    own: usize,
}

impl Rows {
    /// None yet but the one that is zero everywhere, with so many places.
    pub(crate) fn new(places: u32) -> Self {
        let mut height = 0;
        while u64::from(places) > 1 << (BITS * (height + 1)) {
            height += 1;
        }
        Self { nodes: vec![Node::default()], height, own: 1 }
    }

    /// Says that all rows there are now are to stay as they are: what is changed from now on is copied before.
    pub(crate) fn mark(&mut self) {
        self.own = self.nodes.len();
    }

    /// A row with another number at a place. The row itself is no more, unless it is older than the last [`Rows::mark`].
    #[must_use]
    pub(crate) fn with(&mut self, row: Row, place: u32, number: u32) -> Row {
        Row(self.change(self.height, row.0, place, number))
    }

    fn change(&mut self, height: u32, at: u32, place: u32, number: u32) -> u32 {
        let mut node = self.nodes[at as usize];
        let entry = &mut node[entry_of(place, height)];
        let new = if height == 0 { number } else { self.change(height - 1, *entry, place, number) };
        if *entry == new {
            return at;
        }
        *entry = new;
        if at as usize >= self.own {
            self.nodes[at as usize] = node;
            return at;
        }
        self.nodes.push(node);
        self.nodes.len() as u32 - 1
    }

    /// The number at a place.
    pub(crate) fn get(&self, row: Row, place: u32) -> u32 {
        (0..=self.height).rev().fold(row.0, |at, height| self.nodes[at as usize][entry_of(place, height)])
    }

    /// Calls `visit` with each place where two rows differ, ascending, and the numbers there.
    pub(crate) fn for_each_difference(&self, a: Row, b: Row, mut visit: impl FnMut(u32, u32, u32)) {
        self.differ(self.height, 0, [a.0, b.0], &mut visit);
    }

    fn differ(&self, height: u32, first: u32, [a, b]: [u32; 2], visit: &mut impl FnMut(u32, u32, u32)) {
        if a == b {
            return;
        }
        let entries = self.nodes[a as usize].iter().zip(&self.nodes[b as usize]);
        for (at, (&a, &b)) in (0..).zip(entries).filter(|(_, (a, b))| a != b) {
            match height {
                0 => visit(first + at, a, b),
                _ => self.differ(height - 1, first + (at << (BITS * height)), [a, b], visit),
            }
        }
    }
}

fn entry_of(place: u32, height: u32) -> usize {
    (place >> (BITS * height)) as usize % (1 << BITS)
}

#[cfg(test)]
mod tests {
    use super::{Row, Rows};

    #[test]
    fn what_is_set_is_there_and_not_in_older_rows() {
        for places in [1, 15, 16, 17, 255, 256, 257, 5000] {
            let mut rows = Rows::new(places);
            let mut old = Row::default();
            for place in 0..places {
                old = rows.with(old, place, 7);
            }
            rows.mark();
            let mut new = old;
            for place in (0..places).step_by(7) {
                new = rows.with(new, place, place + 8);
            }
            let mut differing = Vec::new();
            rows.for_each_difference(old, new, |place, a, b| differing.push((place, a, b)));
            let expected: Vec<_> = (0..places).step_by(7).map(|place| (place, 7, place + 8)).collect();
            assert_eq!(differing, expected);
            for place in 0..places {
                let changed = if place % 7 == 0 { place + 8 } else { 7 };
                assert_eq!((rows.get(old, place), rows.get(new, place)), (7, changed), "{place} of {places}");
            }
        }
    }
}
