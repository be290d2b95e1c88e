//! Which value each place of both frames holds.
//!
//! What places hold is remembered at every join of a function, and most of it is the same from one join to the next. So places lie in
//! chunks that copies share until they are written, and where two maps share a chunk they are not compared.

use std::rc::Rc;

use super::terms::{NOTHING, Value};

/// A local, a place of the operand stack, a register or a spill slot; or [`MEMORY`].
pub(super) type Place = u32;

/// Its value stands for all that is written to memory: it is another after every event that may write.
pub(super) const MEMORY: Place = 0;

const CHUNK: usize = 64;

/// A map from places to values.
#[derive(Clone)]
pub(super) struct Places(Vec<Rc<[Value; CHUNK]>>);

impl Places {
    /// So many places of which nothing is known.
    pub(super) fn new(count: u32) -> Self {
        Self(vec![Rc::new([NOTHING; CHUNK]); (count as usize).div_ceil(CHUNK)])
    }

    pub(super) fn get(&self, place: Place) -> Value {
        self.0[place as usize / CHUNK][place as usize % CHUNK]
    }

    pub(super) fn set(&mut self, place: Place, value: Value) {
        Rc::make_mut(&mut self.0[place as usize / CHUNK])[place as usize % CHUNK] = value;
    }

    /// Where two maps differ: what the place holds in this one, what in the other, and the place.
    pub(super) fn differences(&self, other: &Self) -> Vec<(Value, Value, Place)> {
        let chunks = (0..).step_by(CHUNK).zip(self.0.iter().zip(&other.0));
        let places = |(first, (a, b)): (Place, (&Rc<[Value; CHUNK]>, &Rc<[Value; CHUNK]>))| {
            a.iter().zip(b.iter()).zip(first..).map(|((&a, &b), place)| (a, b, place)).collect::<Vec<_>>()
        };
        let differ = chunks.filter(|(_, (a, b))| !Rc::ptr_eq(a, b)).flat_map(places);
        differ.filter(|(a, b, _)| a != b).collect()
    }
}
