//! Watching a machine run.
//!
//! A probe is a type parameter of the machines' loops, so a machine compiled with [`NoProbe`] contains no trace of it. Each
//! other probe type is another copy of the loops. Whoever wants many kinds of probes without as many copies uses [`Watched`], which hands
//! every instruction on to a [`Watcher`] chosen at run time.

use crate::heap::Heap;
use crate::tasks::RunningTask;
use crate::value::Value;

/// An instruction about to run, and what it finds.
///
/// An instruction that runs once more after a collection is told of once.
#[derive(Clone, Copy, Debug)]
pub struct Event<'m> {
    /// The running function.
    pub function: u32,
    /// The instruction's index in it.
    pub pc: u32,
    /// Its dense opcode.
    pub opcode: u16,
    /// Who runs.
    pub task: RunningTask,
    /// How many calls of that task are active above its first.
    pub depth: usize,
    /// The running frame. Register machine: all its registers; verified code has written those that the instruction reads, others may
    /// hold anything. Stack machine: the locals, then the operand stack, its top last.
    pub frame: &'m [Value],
    /// The heap, for its counters.
    pub heap: &'m Heap,
}

/// Told of every instruction before it runs.
pub trait Probe {
    /// False when the machine need not call at all.
    const ENABLED: bool;

    /// This instruction is about to run.
    fn instruction(&mut self, event: &Event<'_>);
}

/// Watches nothing and costs nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProbe;

impl Probe for NoProbe {
    const ENABLED: bool = false;

    #[inline(always)]
    fn instruction(&mut self, _event: &Event<'_>) {}
}

/// What a probe does, without the constant that keeps [`Probe`] from being chosen at run time.
pub trait Watcher {
    /// This instruction is about to run.
    fn instruction(&mut self, event: &Event<'_>);
}

impl<P: Probe> Watcher for P {
    fn instruction(&mut self, event: &Event<'_>) {
        Probe::instruction(self, event);
    }
}

/// The one probe type for all watchers.
pub struct Watched<'w>(pub &'w mut dyn Watcher);

impl std::fmt::Debug for Watched<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watched").finish_non_exhaustive()
    }
}

impl Probe for Watched<'_> {
    const ENABLED: bool = true;

    #[inline]
    fn instruction(&mut self, event: &Event<'_>) {
        self.0.instruction(event);
    }
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
    fn instruction(&mut self, event: &Event<'_>) {
        let opcode = usize::from(event.opcode);
        if opcode >= self.counts.len() {
            self.counts.resize(opcode + 1, 0);
        }
        self.counts[opcode] += 1;
    }
}
