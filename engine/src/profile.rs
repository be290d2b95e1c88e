//! Profiles: what a run of a machine looks like from the inside.
//!
//! A machine tells of every instruction before it runs ([`runtime::probe`]). This adds what all probes want to know and none should find out
//! for itself: what the instruction is ([`Code`]) and how control came to it ([`Arrival`]). A probe is a [`Recorder`] with a name, a file each
//! in `probes/`; it counts what it is after and gives [`Table`]s.
//!
//! Nothing here is paid for by runs that are not profiled, and the machines' loops are compiled once for all probes.

mod code;
mod table;

use runtime::heap::Heap;
use runtime::probe::{Event, Watcher};

pub use code::{Code, Instruction, Operand, PerSite, ProgramCode};
pub use table::{Cell, Table, counted};

use crate::configuration::Configuration;
use crate::mechanism::{Part, Without};

/// The configuration under which a run is watched: the register machine runs the operations that the code has, and none that it would
/// put in their place at linking, which act for several instructions or skip one.
pub fn watched_as(configuration: &Configuration) -> Configuration {
    let Without { steps, parts } = configuration.without;
    // There is nothing to watch in an engine that runs no instructions, and `auto` may choose one.
    let vm = if configuration.vm == "auto" { "register" } else { configuration.vm };
    Configuration { vm, without: Without { steps, parts: parts.with(Part::Specialise) }, ..configuration.clone() }
}

/// A probe: a name on the command line, and how to begin with it.
pub struct ProbeKind {
    /// Its name: a value of `--probe`.
    pub name: &'static str,
    /// What it shows, in one line.
    pub about: &'static str,
    /// True when it must see every instruction of the code by itself: a run with superinstructions does not show those inside a sequence.
    pub needs_plain_code: bool,
    /// Makes one for a run of this code.
    pub begin: fn(&Code<'_>) -> Box<dyn Recorder>,
}

impl std::fmt::Debug for ProbeKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProbeKind").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What a probe does.
pub trait Recorder {
    /// An instruction is about to run.
    fn instruction(&mut self, moment: &Moment<'_>);

    /// The run has ended; this is its heap.
    fn end(&mut self, _heap: &Heap) {}

    /// What was seen.
    fn tables(&self, code: &Code<'_>) -> Vec<Table>;
}

/// How control came to an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// From the instruction of this index in the same call of the function.
    From(u32),
    /// From a call that the instruction of this index made; or an error that the callee did not handle led to a handler.
    Returned(u32),
    /// The function was entered, from this instruction of another function's call. None is the start of the program.
    Called(Option<Place>),
}

/// An instruction of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The function.
    pub function: u32,
    /// The instruction's index in it.
    pub pc: u32,
}

/// An instruction about to run.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'m> {
    /// What the machine says.
    pub event: &'m Event<'m>,
    /// What the instruction is.
    pub instruction: &'m Instruction,
    /// How control came to it.
    pub arrival: Arrival,
}

impl Moment<'_> {
    /// Which instruction it is.
    pub fn place(&self) -> Place {
        Place { function: self.event.function, pc: self.event.pc }
    }
}

/// The recorders of a run, and the active calls that arrivals are told by.
pub(crate) struct Profiler<'p> {
    code: &'p Code<'p>,
    recorders: &'p mut [Box<dyn Recorder>],
    /// Where each active call stands, the running one last.
    calls: Vec<Place>,
}

impl<'p> Profiler<'p> {
    pub(crate) fn new(code: &'p Code<'p>, recorders: &'p mut [Box<dyn Recorder>]) -> Self {
        Self { code, recorders, calls: Vec::new() }
    }

    /// How control came to the instruction at `here`, at this depth of calls. Calls do not share instructions, so between two instructions
    /// at most one call begins, and any number end. A task that goes on may be many calls deep at once: all of them stand where it does then, and
    /// tell of no caller.
    fn arrive(&mut self, here: Place, depth: usize) -> Arrival {
        if depth > self.calls.len() {
            self.calls.resize(depth + 1, here);
            return Arrival::Called(None);
        }
        if depth == self.calls.len() {
            let caller = self.calls.last().copied();
            self.calls.push(here);
            return Arrival::Called(caller);
        }
        let returned = depth + 1 < self.calls.len();
        self.calls.truncate(depth + 1);
        let before = std::mem::replace(&mut self.calls[depth], here);
        if returned { Arrival::Returned(before.pc) } else { Arrival::From(before.pc) }
    }
}

impl Watcher for Profiler<'_> {
    fn instruction(&mut self, event: &Event<'_>) {
        let here = Place { function: event.function, pc: event.pc };
        let arrival = self.arrive(here, event.depth);
        let moment = Moment { event, instruction: self.code.instruction(here), arrival };
        for recorder in self.recorders.iter_mut() {
            recorder.instruction(&moment);
        }
    }
}
