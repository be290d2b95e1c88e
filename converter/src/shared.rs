//! Rows of values whose copies share what is not written.

use std::rc::Rc;

const WIDTH: usize = 16;

type Chunk<T> = Rc<[T; WIDTH]>;

/// A row of values. It is a tree of two levels below its root: copying it costs little, writing to a copy copies one chunk, and what two
/// rows share is not compared.
#[derive(Clone, Debug)]
pub(crate) struct Shared<T>(Vec<Rc<[Chunk<T>; WIDTH]>>);

impl<T: Copy + Default + PartialEq> Shared<T> {
    pub(crate) fn new(values: &[T]) -> Self {
        let value = |index: usize| values.get(index).copied().unwrap_or_default();
        let chunk = |first: usize| Chunk::new(std::array::from_fn(|at| value(first + at)));
        let block = |first: usize| Rc::new(std::array::from_fn(|at| chunk(first + at * WIDTH)));
        Self((0..values.len()).step_by(WIDTH * WIDTH).map(block).collect())
    }

    pub(crate) fn get(&self, index: u32) -> T {
        let (chunk, at) = (index as usize / WIDTH, index as usize % WIDTH);
        self.0[chunk / WIDTH][chunk % WIDTH][at]
    }

    pub(crate) fn set(&mut self, index: u32, value: T) {
        let (chunk, at) = (index as usize / WIDTH, index as usize % WIDTH);
        Rc::make_mut(&mut Rc::make_mut(&mut self.0[chunk / WIDTH])[chunk % WIDTH])[at] = value;
    }

    /// Where two rows of the same length differ: the value in this one, that in the other, and the index.
    pub(crate) fn differences(&self, other: &Self) -> impl Iterator<Item = (T, T, u32)> {
        let blocks = self.0.iter().zip(&other.0).enumerate().filter(|(_, (a, b))| !Rc::ptr_eq(a, b));
        let chunks = blocks.flat_map(|(block, (a, b))| (block * WIDTH..).zip(a.iter().zip(b.iter())));
        let values = chunks
            .filter(|(_, (a, b))| !Rc::ptr_eq(a, b))
            .flat_map(|(chunk, (a, b))| (chunk * WIDTH..).zip(a.iter().zip(b.iter())));
        values.filter(|(_, (a, b))| a != b).map(|(index, (&a, &b))| (a, b, index as u32))
    }
}

#[cfg(test)]
mod tests {
    use super::Shared;

    #[test]
    fn what_is_set_is_there_and_not_in_copies() {
        for count in [1, 15, 16, 17, 255, 256, 257, 5000] {
            let old = Shared::new(&vec![7; count as usize]);
            let mut new = old.clone();
            (0..count).step_by(7).for_each(|index| new.set(index, index));
            for index in 0..count {
                assert_eq!((old.get(index), new.get(index)), (7, if index % 7 == 0 { index } else { 7 }), "{index}");
            }
        }
    }

    #[test]
    fn differences_are_those_places_and_no_others() {
        let old = Shared::new(&(0..5000).collect::<Vec<_>>());
        let mut new = old.clone();
        assert_eq!(old.differences(&new).count(), 0);
        [(17, 2), (4999, 3), (100, 100)].into_iter().for_each(|(index, value)| new.set(index, value));
        assert_eq!(old.differences(&new).collect::<Vec<_>>(), [(17, 2, 17), (4999, 3, 4999)]);
    }
}
