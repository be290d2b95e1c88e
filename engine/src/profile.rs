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
use runtime::tasks::{MAIN, RunningTask};

pub use code::{Code, Instruction, Operand, PerSite, ProgramCode, Touched};
pub use table::{Cell, Table, counted};

use crate::configuration::Configuration;
use crate::mechanism::{Part, Without};

/// The configuration under which a run is watched: the register machine runs the operations that the code has, and none that it would
/// put in their place at linking, which act for several instructions or skip one.
pub fn watched_as(configuration: &Configuration) -> Configuration {
    let Without { parts, .. } = configuration.without;
    // There is nothing to watch in an engine that runs no instructions, and `auto` may choose one.
    let vm = if configuration.vm == "auto" { "register" } else { configuration.vm };
    Configuration {
        vm,
        without: Without { parts: parts.with(Part::Specialise), ..configuration.without },
        ..configuration.clone()
    }
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
    /// The function was entered, from this instruction of another function's call. None is the start of the program or of a spawned task.
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
    /// Record of the task that runs, and its calls.
    running: (u32, ActiveCalls),
    /// Those of other tasks, by record.
    others: Vec<ActiveCalls>,
}

/// Where each active call of a task stands, the innermost last.
#[derive(Debug, Default)]
struct ActiveCalls {
    /// The task's number.
    task: u64,
    places: Vec<Place>,
}

impl<'p> Profiler<'p> {
    pub(crate) fn new(code: &'p Code<'p>, recorders: &'p mut [Box<dyn Recorder>]) -> Self {
        Self { code, recorders, running: (MAIN, ActiveCalls::default()), others: Vec::new() }
    }

    /// How control came to the instruction at `here`, at this depth of calls of a task. Calls do not share instructions, so between two
    /// instructions of a task at most one call begins, and any number end.
    fn arrive(&mut self, task: RunningTask, depth: usize, here: Place) -> Arrival {
        let left = self.running.1.places.last().copied();
        let is_switch = (task.record, task.number) != (self.running.0, self.running.1.task);
        if is_switch {
            self.switch_to(task);
        }
        let places = &mut self.running.1.places;
        if is_switch && places.is_empty() {
            places.push(here);
            // An asynchronous call has begun already: an instruction of its own makes it a task.
            let began = left.filter(|left| left.function == here.function && left.pc + 1 == here.pc);
            return began.map_or(Arrival::Called(None), |left| Arrival::From(left.pc));
        }
        if depth >= places.len() {
            let caller = places.last().copied();
            places.push(here);
            return Arrival::Called(caller);
        }
        let returned = depth + 1 < places.len();
        places.truncate(depth + 1);
        let before = std::mem::replace(&mut places[depth], here);
        if returned { Arrival::Returned(before.pc) } else { Arrival::From(before.pc) }
    }

    /// Puts the calls of who ran aside, and takes out those of who runs; none if it has just begun.
    fn switch_to(&mut self, task: RunningTask) {
        let most = self.running.0.max(task.record) as usize;
        if self.others.len() <= most {
            self.others.resize_with(most + 1, ActiveCalls::default);
        }
        let mut calls = std::mem::take(&mut self.others[task.record as usize]);
        if calls.task != task.number {
            calls.places.clear();
            calls.task = task.number;
        }
        let (record, left) = std::mem::replace(&mut self.running, (task.record, calls));
        // Who began in the record of one that has ended must not find its calls.
        if record != task.record {
            self.others[record as usize] = left;
        }
    }
}

impl Watcher for Profiler<'_> {
    fn instruction(&mut self, event: &Event<'_>) {
        let here = Place { function: event.function, pc: event.pc };
        let arrival = self.arrive(event.task, event.depth, here);
        let moment = Moment { event, instruction: self.code.instruction(here), arrival };
        for recorder in self.recorders.iter_mut() {
            recorder.instruction(&moment);
        }
    }
}
