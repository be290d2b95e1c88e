//! Which value each place of both frames holds.

use std::rc::Rc;

use super::terms::{NOTHING, Value};

/// Counts places of both frames, and what else holds a value.
pub(super) type Place = u32;

const WIDTH: usize = 32;

type Chunk = Rc<[Value; WIDTH]>;

/// A map from places to values: a tree of two levels below its root, whose parts are shared by copies until they are written. Most of
/// what places hold stays the same from one event to the next.
#[derive(Clone)]
pub(super) struct Places(Vec<Rc<[Chunk; WIDTH]>>);

impl Places {
    pub(super) fn new(values: &[Value]) -> Self {
        let chunk = |values: &[Value]| Chunk::new(std::array::from_fn(|at| values.get(at).copied().unwrap_or(NOTHING)));
        let block = |values: &[Value]| {
            let mut chunks = values.chunks(WIDTH).map(chunk);
            Rc::new(std::array::from_fn(|_| chunks.next().unwrap_or_else(|| chunk(&[]))))
        };
        Self(values.chunks(WIDTH * WIDTH).map(block).collect())
    }

    pub(super) fn get(&self, place: Place) -> Value {
        let place = place as usize;
        self.0[place / WIDTH / WIDTH][place / WIDTH % WIDTH][place % WIDTH]
    }

    pub(super) fn set(&mut self, place: Place, value: Value) {
        let place = place as usize;
        let block = Rc::make_mut(&mut self.0[place / WIDTH / WIDTH]);
        Rc::make_mut(&mut block[place / WIDTH % WIDTH])[place % WIDTH] = value;
    }

    /// Where two maps differ: what the place holds in this one, what in the other, and the place. Shared parts are passed over.
    pub(super) fn differences(&self, other: &Self) -> Vec<(Value, Value, Place)> {
        let mut differences = Vec::new();
        for (block, (a, b)) in self.0.iter().zip(&other.0).enumerate().filter(|(_, (a, b))| !Rc::ptr_eq(a, b)) {
            for (chunk, (a, b)) in a.iter().zip(b.iter()).enumerate().filter(|(_, (a, b))| !Rc::ptr_eq(a, b)) {
                for (at, (&a, &b)) in a.iter().zip(b.iter()).enumerate().filter(|(_, (a, b))| a != b) {
                    differences.push((a, b, ((block * WIDTH + chunk) * WIDTH + at) as Place));
                }
            }
        }
        differences
    }
}
