//! Machine code that was made before.
//!
//! Code depends on nothing of a program but what its key is a digest of: it has no addresses of a program's data in it, only distances. So a function that is compiled from the same
//! instructions, having met the same kinds of values, gets the same code, in another program or in the same one made ready anew. What is kept are bytes; each program has an executable copy of its
//! own, which is freed with it.

use std::sync::{Arc, OnceLock};

use isa::{Constant, Lane, RegisterInstruction};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::body::Guard;
use crate::compile::Made;
use crate::lower::Request;

/// The digest of all that code is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key([u8; 32]);

/// Weighs code by its bytes.
#[derive(Clone)]
struct Bytes;

impl Weighter<Key, Arc<Made>> for Bytes {
    fn weight(&self, _: &Key, made: &Arc<Made>) -> u64 {
        (made.code.len() + size_of::<Made>()) as u64
    }
}

/// Bytes of code that are kept, in the whole process.
const CAPACITY: u64 = 16 << 20;
/// Bytes that the code of a function is expected to take, for the table's first size.
const USUAL: u64 = 4 << 10;

fn cache() -> &'static Cache<Key, Arc<Made>, Bytes> {
    static CACHE: OnceLock<Cache<Key, Arc<Made>, Bytes>> = OnceLock::new();
    CACHE.get_or_init(|| Cache::with_weighter((CAPACITY / USUAL) as usize, CAPACITY, Bytes))
}

/// Code that was made from the same, if it is still there.
pub(crate) fn find(key: Key) -> Option<Arc<Made>> {
    cache().get(&key)
}

/// Keeps code.
pub(crate) fn keep(key: Key, made: &Arc<Made>) {
    cache().insert(key, Arc::clone(made));
}

impl Key {
    /// What everything that code is made from comes to.
    pub(crate) fn of(request: &Request) -> Self {
        let mut digested = Digested { request, bytes: Vec::with_capacity(96 * request.body.function.code.len()) };
        digested.function();
        for register in request.doubts.registers() {
            digested.words([u64::from(register.0), u64::from(register.1)]);
        }
        Self(*blake3::hash(&digested.bytes).as_bytes())
    }
}

/// What is to be digested.
struct Digested<'r> {
    request: &'r Request,
    bytes: Vec<u8>,
}

impl Digested<'_> {
    fn words<const N: usize>(&mut self, words: [u64; N]) {
        words.iter().for_each(|word| self.bytes.extend(word.to_le_bytes()));
    }

    fn function(&mut self) {
        let request = self.request;
        let function = &request.body.function;
        self.words([
            request.tier as u64,
            u64::from(request.without.bits()) << 2 | u64::from(request.counts_fuel) << 1 | u64::from(request.counts),
            request.around.map_or(0, |at| u64::from(at) + 1) << 32 | request.body.contexts().len() as u64,
            function.code.len() as u64,
            function.handlers.len() as u64,
        ]);
        for &context in request.body.contexts() {
            let guard = match context.guard {
                Guard::Nothing => 0,
                Guard::Closure => 1,
                Guard::Function => 2,
                Guard::Record(index) => 3 + u64::from(index),
            };
            self.words([u64::from(context.call), u64::from(context.first), u64::from(context.function), guard]);
            self.callee(context.function as usize);
        }
        for handler in &function.handlers {
            let places = [handler.start, handler.end, handler.target, handler.landing];
            self.words(places.map(u64::from));
        }
        for (pc, &instruction) in (0..).zip(&function.code) {
            self.instruction(pc, instruction);
        }
    }

    fn instruction(&mut self, pc: u32, instruction: RegisterInstruction) {
        let at = pc as usize;
        let seen = self.request.seen[at];
        let or_none = |number: Option<u32>| number.map_or(u64::MAX, u64::from);
        self.words([
            instruction.bits(),
            self.request.steps[at],
            or_none(self.request.sites[at]),
            or_none(self.request.fields[at]),
            u64::from(seen.kinds[0]) | u64::from(seen.kinds[1]) << 32,
            u64::from(seen.kinds[2]) | u64::from(seen.record) << 32,
            u64::from(self.request.stepped[at]) << 33
                | u64::from(self.request.doubts.has_range(pc)) << 34
                | u64::from(self.request.doubts.has(pc)) << 32
                | u64::from(self.request.body.origin(pc).1),
        ]);
        for (lane, value) in instruction.op().facts().lanes.into_iter().zip(instruction.lanes()) {
            match lane {
                Lane::Constant => self.constant(u32::from(value)),
                Lane::ConstantWide => self.constant(instruction.wide_operand()),
                Lane::Function => self.callee(usize::from(value)),
                _ => {}
            }
        }
    }

    /// The value of a number; all other constants are looked up where the code runs.
    fn constant(&mut self, constant: u32) {
        match self.request.code.constants[constant as usize] {
            Constant::Int(value) => self.words([1, value as u64]),
            Constant::Float(value) => self.words([2, value.to_bits()]),
            Constant::Bool(value) => self.words([3, u64::from(value)]),
            _ => self.words([0, 0]),
        }
    }

    fn callee(&mut self, function: usize) {
        let parameters = self.request.code.functions[function].parameters;
        self.words([
            u64::from(self.request.starts[function]),
            u64::from(self.request.frame_sizes[function]),
            u64::from(parameters),
        ]);
    }
}
