//! Watching a machine run.
//!
//! A probe is a type parameter of the machines' loops, so a machine compiled with [`NoProbe`] contains no trace of it.

/// Told of every instruction before it runs.
pub trait Probe {
    /// False when the machine need not call at all.
    const ENABLED: bool;

    /// `function`'s instruction at `pc` with this dense opcode is about to run.
    fn instruction(&mut self, function: u32, pc: u32, opcode: u16);
}

/// Watches nothing and costs nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProbe;

impl Probe for NoProbe {
    const ENABLED: bool = false;

    #[inline(always)]
    fn instruction(&mut self, _function: u32, _pc: u32, _opcode: u16) {}
}

/// Counts dispatched instructions by opcode.
#[derive(Clone, Debug, Default)]
pub struct InstructionCounts {
    counts: Vec<u64>,
}

impl InstructionCounts {
    /// How often each opcode ran, by dense opcode.
    pub fn by_opcode(&self) -> &[u64] {
        &self.counts
    }

    /// How many instructions ran.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }
}

impl Probe for InstructionCounts {
    const ENABLED: bool = true;

    #[inline]
    fn instruction(&mut self, _function: u32, _pc: u32, opcode: u16) {
        let opcode = usize::from(opcode);
        if opcode >= self.counts.len() {
            self.counts.resize(opcode + 1, 0);
        }
        self.counts[opcode] += 1;
    }
}
