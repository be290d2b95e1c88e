//! Which value each place holds, as a tree that copies share.
//!
//! A checker remembers what places hold at every join of a function, and most of it is the same from one join to the next. So the map is
//! a tree of fixed height whose parts are shared until they are written. Two maps are compared by walking both at once and passing over
//! every part that they share: the cost is that of what differs.

use std::rc::Rc;

use super::terms::{NOTHING, Value};

/// A local, a place of the operand stack, a register or a spill slot.
pub(super) type Place = u32;

const BITS: u32 = 4;
const WIDTH: usize = 1 << BITS;

#[derive(Clone, Debug)]
enum Tree {
    /// Nothing is known of any place in it.
    Empty,
    Leaf(Rc<[Value; WIDTH]>),
    Branch(Rc<[Tree; WIDTH]>),
}

/// A map from places to values.
#[derive(Clone, Debug)]
pub(super) struct Places {
    root: Tree,
    /// Bits of a place's number below those that choose the root's part.
    shift: u32,
}

impl Places {
    /// So many places that hold nothing known.
    pub(super) fn new(count: u32) -> Self {
        let bits = u32::BITS - count.leading_zeros();
        Self { root: Tree::Empty, shift: bits.saturating_sub(1) / BITS * BITS }
    }

    pub(super) fn get(&self, place: Place) -> Value {
        let (mut tree, mut shift) = (&self.root, self.shift);
        loop {
            let part = (place >> shift) as usize % WIDTH;
            tree = match tree {
                Tree::Empty => return NOTHING,
                Tree::Leaf(values) => return values[part],
                Tree::Branch(parts) => &parts[part],
            };
            shift -= BITS;
        }
    }

    pub(super) fn set(&mut self, place: Place, value: Value) {
        let (mut tree, mut shift) = (&mut self.root, self.shift);
        loop {
            let part = (place >> shift) as usize % WIDTH;
            if matches!(tree, Tree::Empty) {
                *tree = match shift {
                    0 => Tree::Leaf(Rc::new([NOTHING; WIDTH])),
                    _ => Tree::Branch(Rc::new([const { Tree::Empty }; WIDTH])),
                };
            }
            tree = match tree {
                Tree::Empty => unreachable!("it has just got parts"),
                Tree::Leaf(values) => return Rc::make_mut(values)[part] = value,
                Tree::Branch(parts) => &mut Rc::make_mut(parts)[part],
            };
            shift -= BITS;
        }
    }

    /// Forgets what all places from this one up hold.
    pub(super) fn forget_from(&mut self, first: Place) {
        let (mut tree, mut shift) = (&mut self.root, self.shift);
        loop {
            let part = (first >> shift) as usize % WIDTH;
            tree = match tree {
                Tree::Empty => return,
                Tree::Leaf(values) => return Rc::make_mut(values)[part..].fill(NOTHING),
                Tree::Branch(parts) => {
                    let parts = Rc::make_mut(parts);
                    parts[part + 1..].fill(Tree::Empty);
                    &mut parts[part]
                }
            };
            shift -= BITS;
        }
    }

    /// Calls `visit` for every place that holds different values in both maps, which have the same size.
    pub(super) fn differences(&self, other: &Self, mut visit: impl FnMut(Place, Value, Value)) {
        differences(&self.root, &other.root, self.shift, 0, &mut visit);
    }
}

fn differences(a: &Tree, b: &Tree, shift: u32, base: Place, visit: &mut impl FnMut(Place, Value, Value)) {
    let is_shared = match (a, b) {
        (Tree::Empty, Tree::Empty) => true,
        (Tree::Leaf(a), Tree::Leaf(b)) => Rc::ptr_eq(a, b),
        (Tree::Branch(a), Tree::Branch(b)) => Rc::ptr_eq(a, b),
        _ => false,
    };
    if is_shared {
        return;
    }
    for part in 0..WIDTH {
        let place = base + ((part as Place) << shift);
        if shift > 0 {
            differences(a.branch(part), b.branch(part), shift - BITS, place, visit);
        } else if a.leaf(part) != b.leaf(part) {
            visit(place, a.leaf(part), b.leaf(part));
        }
    }
}

impl Tree {
    fn branch(&self, part: usize) -> &Self {
        match self {
            Self::Branch(parts) => &parts[part],
            _ => &Self::Empty,
        }
    }

    fn leaf(&self, part: usize) -> Value {
        match self {
            Self::Leaf(values) => values[part],
            _ => NOTHING,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Places;

    #[test]
    fn what_is_set_is_there_until_it_is_forgotten() {
        for count in [1, 15, 16, 17, 255, 256, 257, 70_000] {
            let mut places = Places::new(count);
            assert_eq!(places.get(count - 1), 0);
            for place in (0..count).step_by(7) {
                places.set(place, place + 1);
            }
            for place in 0..count {
                assert_eq!(places.get(place), if place % 7 == 0 { place + 1 } else { 0 }, "{place} of {count}");
            }
            let half = count / 2;
            places.forget_from(half);
            for place in 0..count {
                assert_eq!(places.get(place), if place % 7 == 0 && place < half { place + 1 } else { 0 });
            }
        }
    }

    #[test]
    fn differences_are_those_places_and_no_others() {
        let mut a = Places::new(5000);
        for place in 0..5000 {
            a.set(place, 1);
        }
        let mut b = a.clone();
        b.set(17, 2);
        b.set(4999, 3);
        b.set(100, 1);
        b.forget_from(4998);
        let mut seen = Vec::new();
        a.differences(&b, |place, old, new| seen.push((place, old, new)));
        assert_eq!(seen, [(17, 1, 2), (4998, 1, 0), (4999, 1, 0)]);
        a.differences(&a.clone(), |place, _, _| panic!("{place} differs from itself"));
    }
}
