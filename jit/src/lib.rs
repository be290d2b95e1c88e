//! Native code for the register machine's hot functions and loops.
//!
//! The machine counts and interprets ([`vm_register::native`]); what is hot is compiled here, function by function, by Cranelift, from the register code that the machine
//! runs and from what its instructions were seen to meet.
//!
//! | file | what is there |
//! | --- | --- |
//! | `body` | the code that is compiled: a function's with that of its callees |
//! | `flow` | basic blocks, entry points, live registers |
//! | `loops` | what loops need not look at in each iteration |
//! | `state` | what is known and expected of each register |
//! | `lower/` | from instructions to Cranelift's intermediate representation |
//! | `compile` | from that to machine code |
//! | `optimization` | what code can be made without |
//! | `memory` | memory for machine code |
//! | `cache` | machine code that was made before |
//! | `worker` | the thread that compiles |
//! | `gain` | which instructions and functions are not worth it |
//! | `policy` | what is compiled when, and what happens after exits |
//!
//! # Two tiers, one translation
//!
//! *Baseline* code looks at tags at every instruction and keeps all values in the frame: no dispatch, no decoding. *Optimizing* code believes what was seen: it checks kinds where values
//! come in, keeps payloads in registers of the processor and leaves by an exit where something else turns up. Both are made by the same functions; baseline code is what comes out when
//! nothing is known.
//!
//! # What is compiled when
//!
//! A place that control has come to often is hot. With [`Mode::Tiered`] its function gets baseline code, which counts on, and then optimizing code, or that at once where both thresholds are
//! the same, as they are by default. An exit that is taken often means that something is not as it was seen: the function is compiled again without believing that. A function for which
//! this does not end keeps baseline code.

mod body;
mod cache;
mod compile;
mod flow;
mod gain;
mod loops;
mod lower;
mod memory;
mod optimization;
mod policy;
mod state;
mod worker;

pub use compile::Made;
pub use lower::{Cause, Exit};
pub use memory::MOST_EXECUTABLE;
pub use optimization::{Optimization, OptimizationSet};
pub use policy::{Jit, Mode, Options, Statistics};

use std::collections::HashSet;

use crate::body::Body;

/// How much code is made to believe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tier {
    /// Nothing is known of any value.
    Baseline,
    /// What was seen is expected.
    Optimizing,
}

impl Tier {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Optimizing => "optimizing",
        }
    }
}

/// What turned out not to be as it was seen, in any body: what is wrong of a function's instruction in one place is soon found wrong in the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Doubts {
    /// Instructions by function and place.
    instructions: HashSet<(u32, u32)>,
    /// Registers where blocks begin: function, place, and number from the first of that function's own.
    registers: HashSet<(u32, u32, i64)>,
    /// Where loops begin that do not keep an index within its list: function and place.
    ranges: HashSet<(u32, u32)>,
}

impl Doubts {
    /// Whether nothing is to be expected of what an instruction of a function meets.
    pub(crate) fn has(&self, function: u32, pc: u32) -> bool {
        self.instructions.contains(&(function, pc))
    }

    /// Doubts what an exit from a body was about.
    pub(crate) fn add(&mut self, exit: Exit, body: &Body) {
        let (function, pc) = body.origin(exit.at);
        if exit.cause == Cause::Range {
            self.ranges.insert((function, pc));
            return;
        }
        match exit.body_register {
            Some(register) if exit.is_edge => {
                let first = body.context(exit.at).first;
                self.registers.insert((function, pc, i64::from(register) - i64::from(first)));
            }
            _ => {
                self.instructions.insert((function, pc));
            }
        }
    }

    /// The same by the instructions of a body.
    pub(crate) fn within(&self, body: &Body) -> BodyDoubts {
        let mut found = BodyDoubts::default();
        if *self == Self::default() {
            return found;
        }
        for at in 0..body.function.code.len() as u32 {
            let (function, pc) = body.origin(at);
            if self.has(function, pc) {
                found.instructions.insert(at);
            }
            if self.ranges.contains(&(function, pc)) {
                found.ranges.insert(at);
            }
            let first = i64::from(body.context(at).first);
            let here = self.registers.iter().filter(|&&(of, place, _)| (of, place) == (function, pc));
            found
                .registers
                .extend(here.filter_map(|&(_, _, register)| Some((at, u32::try_from(first + register).ok()?))));
        }
        found
    }
}

/// What turned out not to be as it was seen, in a body.
#[derive(Clone, Debug, Default)]
pub(crate) struct BodyDoubts {
    instructions: HashSet<u32>,
    registers: HashSet<(u32, u32)>,
    ranges: HashSet<u32>,
}

impl BodyDoubts {
    /// Whether nothing is to be expected of what an instruction meets.
    pub(crate) fn has(&self, pc: u32) -> bool {
        self.instructions.contains(&pc)
    }

    /// Whether nothing is to be expected of a register where a block begins.
    pub(crate) fn has_register(&self, pc: u32, register: u32) -> bool {
        self.registers.contains(&(pc, register))
    }

    /// Whether an index was found not to stay within its list in a loop that is entered where a block begins.
    pub(crate) fn has_range(&self, pc: u32) -> bool {
        self.ranges.contains(&pc)
    }

    /// Registers of which nothing is to be expected where blocks begin, in order.
    pub(crate) fn registers(&self) -> Vec<(u32, u32)> {
        let mut all: Vec<_> = self.registers.iter().copied().collect();
        all.sort_unstable();
        all
    }
}

/// Whether what happens by chance does, once in `of` times: a number of a seed that is the same every time (Steele, Lea and Flood, *Fast Splittable Pseudorandom Number Generators*,
/// OOPSLA 2014).
pub(crate) fn chance(seed: u64, event: u64, of: u64) -> bool {
    let mut bits = seed.wrapping_add(event.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    (bits ^ bits >> 31).is_multiple_of(of)
}
