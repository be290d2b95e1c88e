//! Both forms of a function, run side by side until nothing more is learned.
//!
//! A *node* is a pair of places in the code, one in each form, at which control meets. It has a state: which places hold the same value
//! on every way found so far. A node is run until control branches or meets another way; the states in which it leaves go to the nodes it
//! leaves for, and a node whose state loses something by that is run again.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use fxhash::FxHashMap;
use isa::module::Handler;
use isa::{Effects, Function, Register, Stack, StackOp};
use smallvec::{SmallVec, smallvec};

use super::places::Places;
use super::register::RegisterSide;
use super::sides::{Action, Cursor, Event, FRAME, MEMORY, Next, Side, State};
use super::stack::StackSide;
use super::terms::{Met, NOTHING, Term, Terms, Value};

/// A pair of places in the code.
type Pair = (Cursor, Cursor);

/// Where the forms differ, and how.
pub(super) struct Mismatch {
    pub(super) at: Pair,
    pub(super) difference: String,
}

struct Node {
    at: Pair,
    state: State,
    /// The values that were made here because places agree on each way here, and how many places hold each.
    joined: FxHashMap<Value, usize>,
    is_pending: bool,
}

pub(super) struct Walk<'m> {
    stack: StackSide<'m>,
    register: RegisterSide<'m>,
    functions: (&'m Function<Stack>, &'m Function<Register>),
    guards: (Guards<'m>, Guards<'m>),
    terms: Terms<'m>,
    nodes: Vec<Node>,
    numbers: FxHashMap<Pair, u32>,
    /// Nodes to be run, those that come first in the code first.
    pending: BinaryHeap<Reverse<(Pair, u32)>>,
}

impl<'m> Walk<'m> {
    /// `frame` is the size of the stack form's frame.
    pub(super) fn new(
        stack: StackSide<'m>,
        frame: u32,
        register: &'m Function<Register>,
        constants: &'m [Term],
    ) -> Self {
        let base = FRAME + frame;
        let mut terms = Terms::new(constants);
        let mut places = Places::new(base + register.locals);
        let unset = terms.number(Term::Unset);
        places.set(MEMORY, terms.joined());
        for local in 0..stack.function.locals {
            places.set(FRAME + local, unset);
        }
        for parameter in 0..u32::from(register.parameters) {
            let value = terms.number(Term::Parameter(parameter));
            places.set(FRAME + parameter, value);
            places.set(base + parameter, value);
        }
        let mut walk = Self {
            functions: (stack.function, register),
            guards: (Guards::new(&stack.function.handlers), Guards::new(&register.handlers)),
            stack,
            register: RegisterSide::new(register, base),
            terms,
            nodes: Vec::new(),
            numbers: FxHashMap::default(),
            pending: BinaryHeap::new(),
        };
        walk.arrive((Cursor::at(0), Cursor::at(0)), State { places, depth: 0 });
        walk
    }

    /// Runs nodes until none has anything new to say.
    pub(super) fn run(mut self) -> Result<(), Mismatch> {
        while let Some(Reverse((_, node))) = self.pending.pop() {
            self.nodes[node as usize].is_pending = false;
            self.node(node)?;
        }
        Ok(())
    }

    fn node(&mut self, node: u32) -> Result<(), Mismatch> {
        let Node { at, state, .. } = &self.nodes[node as usize];
        let (mut at, mut state, mut has_moved) = (*at, state.clone(), false);
        let mut number = 0;
        loop {
            // What is computed from values that meet is computed when they have met.
            for computes in [false, true] {
                let left = advance(&self.stack, &mut at.0, [has_moved, computes], &mut state, &mut self.terms);
                let right = advance(&self.register, &mut at.1, [has_moved, computes], &mut state, &mut self.terms);
                if left || right {
                    self.arrive(at, state);
                    return Ok(());
                }
                has_moved = false;
            }
            let events =
                [self.stack.event(at.0, &state, &mut self.terms), self.register.event(at.1, &state, &mut self.terms)];
            let result = self.compare(at, &events).and_then(|()| self.fail(at, &events, &state, [node, number]));
            result.map_err(|difference| Mismatch { at, difference })?;
            let outcomes = self.outcomes(&events[0], [node, number + 1]);
            number += 1 + OUTCOMES;
            match events.each_ref().map(|event| event.next) {
                [Next::One(a), Next::One(b)] => {
                    self.finish(&mut state, &events, outcomes.yes);
                    (at, has_moved) = ((a, b), true);
                }
                [Next::Either(a, c), Next::Either(b, d)] => {
                    let mut other = state.clone();
                    self.finish(&mut state, &events, outcomes.yes);
                    self.finish(&mut other, &events, outcomes.no);
                    self.arrive((a, b), state);
                    self.arrive((c, d), other);
                    return Ok(());
                }
                _ => return Ok(()),
            }
        }
    }

    /// Both forms must do the same with the same.
    fn compare(&self, at: Pair, [left, right]: &[Event; 2]) -> Result<(), String> {
        if left.action != right.action {
            return Err(format!("one does {}, the other {}", left.action.name(), right.action.name()));
        }
        if left.data != right.data {
            return Err(format!("one names entry {} of its table, the other {}", left.data, right.data));
        }
        if left.operands.len() != right.operands.len() {
            return Err(format!("one takes {} values, the other {}", left.operands.len(), right.operands.len()));
        }
        for (index, (&a, &b)) in left.operands.iter().zip(&right.operands).enumerate() {
            if a != b || a == NOTHING {
                let [a, b] = [a, b].map(|value| self.terms.describe(value));
                return Err(format!("value {index} is {a} in one, {b} in the other"));
            }
        }
        let (a, b) = (self.functions.0.position(at.0.pc), self.functions.1.position(at.1.pc));
        if a != b && left.action != Action::Branch {
            return Err(format!("one stands at byte {a} of the source, the other at {b}"));
        }
        Ok(())
    }

    /// If the event can fail, both forms must go on alike when it does.
    fn fail(
        &mut self,
        at: Pair,
        [left, right]: &[Event; 2],
        state: &State,
        [node, number]: [u32; 2],
    ) -> Result<(), String> {
        let effects = left.action.effects();
        if !effects.contains(Effects::FAIL) && !effects.contains(Effects::ALLOCATE) {
            return Ok(());
        }
        let handlers = (self.guards.0.at(at.0.pc), self.guards.1.at(at.1.pc));
        let (a, b) = match handlers {
            (None, None) => return Ok(()),
            (Some(a), Some(b)) if a.is_cleanup == b.is_cleanup => (a, b),
            (Some(_), Some(_)) => return Err("an error goes to cleanup code in one, to a `catch` in the other".into()),
            _ => return Err("an error is handled in one and leaves the other".into()),
        };
        let thrown = self.terms.number(Term::Outcome { node, number });
        let mut state = state.clone();
        if let Some(lost) = right.lost {
            state.places.forget_from(lost);
        }
        self.stack.cut(&mut state, a.landing);
        state.places.set(self.stack.stack(a.landing), thrown);
        state.depth += 1;
        state.places.set(self.register.register(b.landing), thrown);
        self.arrive((Cursor::at(a.target), Cursor::at(b.target)), state);
        Ok(())
    }

    /// What an event leaves behind.
    fn outcomes(&mut self, event: &Event, [node, first]: [u32; 2]) -> Outcomes {
        let mut outcome = |number| self.terms.number(Term::Outcome { node, number: first + number });
        let effects = event.action.effects();
        let memory = effects.contains(Effects::WRITE).then(|| outcome(2));
        let (yes, no): (Values, Values) = match event.action {
            Action::Branch => (smallvec![], smallvec![]),
            Action::Operation(StackOp::ForPrepare) => (smallvec![event.operands[0]], smallvec![]),
            Action::Operation(StackOp::ForLoop) => (smallvec![outcome(0)], smallvec![]),
            Action::Operation(StackOp::ForIter | StackOp::ForPair) => {
                (smallvec![outcome(0), outcome(1)], smallvec![self.terms.number(Term::Null)])
            }
            _ => (smallvec![outcome(0)], smallvec![]),
        };
        Outcomes { yes: Outcome { values: yes, memory }, no: Outcome { values: no, memory } }
    }

    /// Brings what an event leaves behind to its places.
    fn finish(&self, state: &mut State, events: &[Event; 2], outcome: Outcome) {
        let [left, right] = events;
        self.stack.cut(state, state.depth - left.pops);
        state.depth += left.pushes;
        if let Some(lost) = right.lost {
            state.places.forget_from(lost);
        }
        for event in events {
            for (&place, &value) in event.results.iter().zip(&outcome.values) {
                state.places.set(place, value);
            }
        }
        if let Some(memory) = outcome.memory {
            state.places.set(MEMORY, memory);
        }
    }

    /// Control comes to a node with a state: from now on the node knows only what holds in that state as well.
    fn arrive(&mut self, at: Pair, state: State) {
        let Some(&number) = self.numbers.get(&at) else {
            let number = self.nodes.len() as u32;
            self.numbers.insert(at, number);
            self.pending.push(Reverse((at, number)));
            self.nodes.push(Node { at, state, joined: FxHashMap::default(), is_pending: true });
            return;
        };
        let node = &mut self.nodes[number as usize];
        debug_assert_eq!(node.state.depth, state.depth, "the stack form is verified");
        let mut differences = Vec::new();
        node.state.places.differences(&state.places, |place, old, new| {
            if old != NOTHING {
                differences.push((old, new, place));
            }
        });
        differences.sort_unstable();
        let mut is_changed = false;
        // Operands have lower numbers than results, so they have met before.
        let mut met = Met::default();
        for class in differences.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let (old, new, _) = class[0];
            // All that held the same still do.
            if new != NOTHING && node.joined.get(&old) == Some(&class.len()) {
                met.insert((old, new), old);
                continue;
            }
            if let Some(size) = node.joined.get_mut(&old) {
                *size -= class.len();
            }
            let value = match self.terms.result_of_met(old, new, &mut met, DEEPEST_RESULT) {
                _ if new == NOTHING => NOTHING,
                Some(result) => result,
                None => {
                    let joined = self.terms.joined();
                    node.joined.insert(joined, class.len());
                    joined
                }
            };
            met.insert((old, new), value);
            class.iter().for_each(|&(_, _, place)| node.state.places.set(place, value));
            is_changed |= value != old;
        }
        if is_changed && !std::mem::replace(&mut node.is_pending, true) {
            self.pending.push(Reverse((at, number)));
        }
    }
}

type Values = SmallVec<[Value; 2]>;

/// How many operations one form may be ahead of the other where control meets.
const DEEPEST_RESULT: u32 = 16;

/// The most values an event leaves behind, the state of memory included.
const OUTCOMES: u32 = 3;

/// What an event leaves behind: values for its results, and another memory if it may have written.
struct Outcome {
    values: Values,
    memory: Option<Value>,
}

/// What an event leaves behind when control goes on, and when it goes to the second of two places.
struct Outcomes {
    yes: Outcome,
    no: Outcome,
}

/// Runs silent steps; control in verified code goes only forward by them, so there is an end. Says whether control may have come another
/// way to where it has got. From there on nothing is computed.
fn advance(
    side: &impl Side,
    at: &mut Cursor,
    [has_moved, computes]: [bool; 2],
    state: &mut State,
    terms: &mut Terms<'_>,
) -> bool {
    let mut is_met = has_moved && side.is_entered(*at);
    while let Some(next) = side.step(*at, computes && !is_met, state, terms) {
        *at = next;
        is_met |= side.is_entered(next);
    }
    is_met
}

/// Which handler guards each instruction.
struct Guards<'m> {
    handlers: &'m [Handler],
    /// From which instruction on which handler guards, if any.
    from: Vec<(u32, Option<usize>)>,
}

impl<'m> Guards<'m> {
    fn new(handlers: &'m [Handler]) -> Self {
        let mut borders: Vec<(u32, usize, bool)> = Vec::new();
        for (index, handler) in handlers.iter().enumerate().filter(|(_, handler)| handler.start < handler.end) {
            borders.extend([(handler.start, index, true), (handler.end, index, false)]);
        }
        borders.sort_unstable();
        let mut active = BTreeSet::new();
        let from = borders.into_iter().map(|(pc, index, begins)| {
            if begins {
                active.insert(index)
            } else {
                active.remove(&index)
            };
            (pc, active.first().copied())
        });
        Self { from: from.collect(), handlers }
    }

    fn at(&self, pc: u32) -> Option<&'m Handler> {
        let after = self.from.partition_point(|&(from, _)| from <= pc);
        Some(&self.handlers[self.from[after.checked_sub(1)?].1?])
    }
}
