//! The two forms seen alike: silent steps and events.
//!
//! Between events a form only moves values about, loads constants and computes what depends on nothing but memory that is read. Such
//! steps are run symbolically and leave no trace but the values in places. An [`Event`] is what may be noticed: it can fail, print, take
//! fuel, write, allocate, call or decide where to go on.

use isa::{Effects, StackOp};
use smallvec::SmallVec;

use super::places::{Place, Places};
use super::terms::{Terms, Value};

/// Counts what was written to memory so far: its value is another after every event that may write.
pub(super) const MEMORY: Place = 0;
/// The outcome of the first half of a fused branch, between its halves.
pub(super) const CONDITION: Place = 1;
/// The first place of the frames.
pub(super) const FRAME: Place = 2;

/// What both frames hold.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) places: Places,
    /// How many values are on the operand stack.
    pub(super) depth: u32,
}

/// Where a form stands: before an instruction, or inside one that is several events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Cursor {
    pub(super) pc: u32,
    pub(super) part: u32,
}

impl Cursor {
    pub(super) fn at(pc: u32) -> Self {
        Self { pc, part: 0 }
    }
}

/// What an event does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// A branch on the truth of its operand.
    Branch,
    /// A new function is given a captured variable.
    SetCapture,
    /// The operation, whose jump is an event of its own.
    Operation(StackOp),
}

impl Action {
    pub(super) fn effects(self) -> Effects {
        match self {
            Self::Branch => Effects::CONTROL,
            Self::SetCapture => Effects::WRITE,
            Self::Operation(operation) => operation.facts().effects,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Branch => "a branch",
            Self::SetCapture => "SET_CAPTURE",
            Self::Operation(operation) => operation.facts().mnemonic,
        }
    }
}

/// Where control goes after an event.
#[derive(Clone, Copy, Debug)]
pub(super) enum Next {
    /// On.
    One(Cursor),
    /// If the branch's condition holds or the loop goes on, to the first, otherwise to the second.
    Either(Cursor, Cursor),
    /// Out of the function, or to the handler.
    Leave,
}

/// What can be noticed of a step, and what it does to its frame.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) action: Action,
    /// Whatever else the instruction names: a name, a global, a function, …
    pub(super) data: u32,
    pub(super) operands: SmallVec<[Value; 4]>,
    /// How many values leave the operand stack.
    pub(super) pops: u32,
    /// How many then come.
    pub(super) pushes: u32,
    /// Places that take the outcomes.
    pub(super) results: SmallVec<[Place; 2]>,
    /// All places from this one up are lost.
    pub(super) lost: Option<Place>,
    pub(super) next: Next,
}

impl Event {
    pub(super) fn new(action: Action, next: Next) -> Self {
        let (operands, results) = (SmallVec::new(), SmallVec::new());
        Self { action, data: 0, operands, pops: 0, pushes: 0, results, lost: None, next }
    }
}

/// One of the two forms of a function.
pub(super) trait Side {
    /// Runs the instruction if it is a silent step, and says where control goes on. Steps that compute something are only run if that is
    /// asked for.
    fn step(&self, at: Cursor, computes: bool, state: &mut State, terms: &mut Terms<'_>) -> Option<Cursor>;

    /// The event at an instruction that is no silent step.
    fn event(&self, at: Cursor, state: &State, terms: &mut Terms<'_>) -> Event;

    /// Whether control comes to the instruction from elsewhere than the one before.
    fn is_entered(&self, at: Cursor) -> bool;
}

/// The branch on a value: its condition is what is left of the value without negations.
pub(super) fn branch(value: Value, [yes, no]: [Cursor; 2], state: &State, terms: &Terms<'_>) -> Event {
    let (condition, sense) = terms.condition(value, state.places.get(MEMORY));
    let next = if sense { Next::Either(yes, no) } else { Next::Either(no, yes) };
    Event { operands: SmallVec::from_slice(&[condition]), ..Event::new(Action::Branch, next) }
}

/// Whether the operation is a silent step: at most it reads.
pub(super) fn is_silent(operation: StackOp) -> bool {
    Effects::READ.contains(operation.facts().effects)
}

/// What the memory is to an operation: nothing, if it does not read.
pub(super) fn memory(operation: StackOp, state: &State) -> Value {
    if operation.facts().effects.is_pure() { 0 } else { state.places.get(MEMORY) }
}
