//! Which value each place of both frames holds.

use std::rc::Rc;

use super::terms::{NOTHING, Value};

/// Counts locals, places of the operand stack, registers, spill slots, and what else holds a value.
pub(super) type Place = u32;

const WIDTH: usize = 16;

type Chunk = Rc<[Value; WIDTH]>;

/// A map from places to values. Most of what places hold stays the same from one event to the next: copies share all parts that are not
/// written, and shared parts are not compared.
#[derive(Clone)]
pub(super) struct Places(Vec<Rc<[Chunk; WIDTH]>>);

impl Places {
    pub(super) fn new(values: &[Value]) -> Self {
        let value = |place: usize| values.get(place).copied().unwrap_or(NOTHING);
        let chunk = |first: usize| Chunk::new(std::array::from_fn(|at| value(first + at)));
        let block = |first: usize| Rc::new(std::array::from_fn(|at| chunk(first + at * WIDTH)));
        Self((0..values.len()).step_by(WIDTH * WIDTH).map(block).collect())
    }

    pub(super) fn get(&self, place: Place) -> Value {
        let (chunk, at) = (place as usize / WIDTH, place as usize % WIDTH);
        self.0[chunk / WIDTH][chunk % WIDTH][at]
    }

    pub(super) fn set(&mut self, place: Place, value: Value) {
        let (chunk, at) = (place as usize / WIDTH, place as usize % WIDTH);
        Rc::make_mut(&mut Rc::make_mut(&mut self.0[chunk / WIDTH])[chunk % WIDTH])[at] = value;
    }

    /// Where two maps differ: what the place holds in this one, what in the other, and the place.
    pub(super) fn differences(&self, other: &Self) -> Vec<(Value, Value, Place)> {
        let blocks = self.0.iter().zip(&other.0).enumerate().filter(|(_, (a, b))| !Rc::ptr_eq(a, b));
        let chunks = blocks.flat_map(|(block, (a, b))| (block * WIDTH..).zip(a.iter().zip(b.iter())));
        let places = chunks
            .filter(|(_, (a, b))| !Rc::ptr_eq(a, b))
            .flat_map(|(chunk, (a, b))| (chunk * WIDTH..).zip(a.iter().zip(b.iter())));
        places.filter(|(_, (a, b))| a != b).map(|(place, (&a, &b))| (a, b, place as Place)).collect()
    }
}
