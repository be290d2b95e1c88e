//! Both forms of a function, run side by side until nothing more is learned.
//!
//! A *node* is a pair of events, one in each form, at which control meets. It has a state: which places hold the same value on every way
//! found so far. A node is run until control branches or meets another way; the states in which it leaves go to the nodes it leaves for,
//! and a node whose state loses something by that is run again.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use fxhash::FxHashMap;
use isa::{Effects, StackOp};
use smallvec::SmallVec;

use super::places::{MEMORY, Places};
use super::steps::{Operand, Step, Steps};
use super::terms::{Met, NONE, NOTHING, Term, Terms, Value};

/// A step of each form.
type Pair = [u32; 2];

/// Where the forms differ, and how.
pub(super) struct Mismatch {
    /// The instructions.
    pub(super) at: Pair,
    pub(super) difference: String,
}

struct Node {
    at: Pair,
    state: Places,
    /// The values that were made here because places agree on each way here, and how many places hold each.
    joined: FxHashMap<Value, usize>,
    is_pending: bool,
}

/// A step that can be noticed, with what it reads.
struct Event<'s> {
    step: &'s Step,
    values: SmallVec<[Value; 4]>,
    next: SmallVec<[u32; 2]>,
}

pub(super) struct Walk<'s, 'm> {
    forms: &'s [Steps<'m>; 2],
    terms: Terms<'m>,
    nodes: Vec<Node>,
    numbers: FxHashMap<Pair, u32>,
    /// Nodes to be run, those that come first in the code first.
    pending: BinaryHeap<Reverse<(Pair, u32)>>,
}

/// How many operations one form may be ahead of the other where control meets.
const DEEPEST_RESULT: u32 = 16;

impl<'s, 'm> Walk<'s, 'm> {
    pub(super) fn new(forms: &'s [Steps<'m>; 2], terms: Terms<'m>) -> Self {
        Self { forms, terms, nodes: Vec::new(), numbers: FxHashMap::default(), pending: BinaryHeap::new() }
    }

    /// Runs nodes until none has anything new to say.
    pub(super) fn run(mut self, beginning: Places) -> Result<(), Mismatch> {
        self.go([0, 0], beginning);
        while let Some(Reverse((_, node))) = self.pending.pop() {
            self.nodes[node as usize].is_pending = false;
            self.node(node)?;
        }
        Ok(())
    }

    fn node(&mut self, node: u32) -> Result<(), Mismatch> {
        let Node { mut at, ref state, .. } = self.nodes[node as usize];
        let mut state = state.clone();
        let null = self.terms.number(Term::Null);
        for event in 0.. {
            let events = [0, 1].map(|side| self.event(&self.forms[side].steps[at[side] as usize], &state));
            let outcome = |number| self.terms.number(Term::Outcome { node, event, number });
            let [first, second, written, thrown] = [0, 1, 2, 3].map(outcome);
            let result = self.compare(&events).and_then(|()| self.fail(&events, &state, [written, thrown]));
            result.map_err(|difference| Mismatch { at: events.each_ref().map(|event| event.step.pc), difference })?;
            let (yes, no): (&[Value], &[Value]) = match events[0].step.operation {
                StackOp::ForPrepare => (&[events[0].values[0]], &[]),
                StackOp::ForIter | StackOp::ForPair => (&[first, second], &[null]),
                _ => (&[first], &[]),
            };
            match events.each_ref().map(|event| &event.next[..]) {
                [&[a], &[b]] => {
                    finish(&mut state, &events, yes, written);
                    at = [a, b];
                    if self.advance(&mut at, &mut state) {
                        self.arrive(at, state);
                        break;
                    }
                }
                [&[a, c], &[b, d]] => {
                    let mut other = state.clone();
                    finish(&mut state, &events, yes, written);
                    finish(&mut other, &events, no, written);
                    self.go([a, b], state);
                    self.go([c, d], other);
                    break;
                }
                _ => break,
            }
        }
        Ok(())
    }

    /// Runs both forms to their next events. In verified code control goes only forward on that way, so there is an end. Says whether
    /// control may have come another way to where it has got.
    fn advance(&mut self, at: &mut Pair, state: &mut Places) -> bool {
        let mut is_met = false;
        for (form, at) in self.forms.iter().zip(at) {
            is_met |= form.is_met(*at);
            while let Some(value) = self.silent(&form.steps[*at as usize], state) {
                let step = &form.steps[*at as usize];
                step.writes.iter().for_each(|&place| state.set(place, value));
                *at = step.next[0];
                is_met |= form.is_met(*at);
            }
        }
        is_met
    }

    /// What a step writes that only moves a value or computes one that depends on nothing but what it reads.
    fn silent(&mut self, step: &Step, state: &Places) -> Option<Value> {
        use StackOp as O;
        let read = |number: usize| step.reads.get(number).map(|&operand| value(operand, state));
        let effects = step.operation.facts().effects;
        match step.operation {
            O::Nop | O::Jump | O::Pop | O::Dup | O::LoadConst | O::LoadLocal | O::StoreLocal | O::Unset => {
                Some(read(0).unwrap_or(NOTHING))
            }
            operation if operation == O::JumpIfNotNull || Effects::READ.contains(effects) => {
                let memory = if effects.contains(Effects::READ) { state.get(MEMORY) } else { NONE };
                Some(self.terms.result(operation, [read(0)?, read(1).unwrap_or(NONE)], memory))
            }
            _ => None,
        }
    }

    /// The condition of a branch is what is left of its value without negations.
    fn event(&self, step: &'s Step, state: &Places) -> Event<'s> {
        let mut values: SmallVec<_> = step.reads.iter().map(|&operand| value(operand, state)).collect();
        let mut next = step.next.clone();
        if step.operation == StackOp::JumpIfTrue {
            let (condition, sense) = self.terms.condition(values[0], state.get(MEMORY));
            values[0] = condition;
            if !sense {
                next.reverse();
            }
        }
        Event { step, values, next }
    }

    /// Both forms must do the same with the same.
    fn compare(&self, [left, right]: &[Event<'_>; 2]) -> Result<(), String> {
        let (a, b) = (left.step.operation, right.step.operation);
        if a != b {
            return Err(format!("one does {}, the other {}", a.facts().mnemonic, b.facts().mnemonic));
        }
        if left.values.len() != right.values.len() {
            return Err(format!("one takes {} values, the other {}", left.values.len(), right.values.len()));
        }
        for (index, (&a, &b)) in left.values.iter().zip(&right.values).enumerate() {
            if a != b || a == NOTHING {
                let [a, b] = [a, b].map(|value| self.terms.describe(value));
                return Err(format!("value {index} is {a} in one, {b} in the other"));
            }
        }
        let [a, b] = [(0, left), (1, right)].map(|(side, event)| self.forms[side].positions[event.step.pc as usize]);
        if a != b && left.step.operation != StackOp::JumpIfTrue {
            return Err(format!("one stands at byte {a} of the source, the other at {b}"));
        }
        Ok(())
    }

    /// If the event can fail, both forms must go on alike when it does.
    fn fail(&mut self, events: &[Event<'_>; 2], state: &Places, [written, thrown]: [Value; 2]) -> Result<(), String> {
        let effects = events[0].step.operation.facts().effects;
        if !effects.contains(Effects::FAIL) && !effects.contains(Effects::ALLOCATE) {
            return Ok(());
        }
        let [left, right] = self.forms;
        let handlers = [left.guards[events[0].step.pc as usize], right.guards[events[1].step.pc as usize]];
        let [Some(a), Some(b)] = handlers else {
            let is_same = handlers == [None, None];
            return if is_same { Ok(()) } else { Err("an error is handled in one and leaves the other".into()) };
        };
        if a.is_cleanup != b.is_cleanup {
            return Err("an error goes to cleanup code in one, to a `catch` in the other".into());
        }
        let mut state = state.clone();
        state.set(left.landings + a.landing, thrown);
        state.set(right.landings + b.landing, thrown);
        if effects.contains(Effects::WRITE) {
            state.set(MEMORY, written);
        }
        self.go([a.target, b.target], state);
        Ok(())
    }

    /// Control goes on to a pair of steps.
    fn go(&mut self, mut at: Pair, mut state: Places) {
        self.advance(&mut at, &mut state);
        self.arrive(at, state);
    }

    /// Control comes to a node with a state: from now on the node knows only what holds in that state as well.
    fn arrive(&mut self, at: Pair, state: Places) {
        let order = [0, 1].map(|side| self.forms[side].steps[at[side] as usize].pc);
        let Some(&number) = self.numbers.get(&at) else {
            let number = self.nodes.len() as u32;
            self.numbers.insert(at, number);
            self.pending.push(Reverse((order, number)));
            self.nodes.push(Node { at, state, joined: FxHashMap::default(), is_pending: true });
            return;
        };
        let node = &mut self.nodes[number as usize];
        let mut differences = node.state.differences(&state);
        differences.retain(|&(old, ..)| old != NOTHING);
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
            let value = match self.terms.meet(old, new, &mut met, DEEPEST_RESULT) {
                _ if new == NOTHING => NOTHING,
                Some(result) => result,
                None => {
                    let joined = self.terms.joined();
                    node.joined.insert(joined, class.len());
                    joined
                }
            };
            met.insert((old, new), value);
            class.iter().for_each(|&(_, _, place)| node.state.set(place, value));
            is_changed |= value != old;
        }
        if is_changed && !std::mem::replace(&mut node.is_pending, true) {
            self.pending.push(Reverse((order, number)));
        }
    }
}

fn value(operand: Operand, state: &Places) -> Value {
    match operand {
        Operand::Place(place) => state.get(place),
        Operand::Value(value) => value,
    }
}

/// Brings what an event leaves behind to its places.
fn finish(state: &mut Places, events: &[Event<'_>; 2], values: &[Value], written: Value) {
    for event in events {
        event.step.writes.iter().zip(values).for_each(|(&place, &value)| state.set(place, value));
    }
    if events[0].step.operation.facts().effects.contains(Effects::WRITE) {
        state.set(MEMORY, written);
    }
}
