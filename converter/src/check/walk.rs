//! Both forms of a function, run side by side until nothing more is learned.
//!
//! Control comes to pairs of events, one in each form. Both forms must do the same with the same there; then each goes on silently to its
//! next event. A pair where ways meet is a *node*. It has a state: which places hold the same value on every way found so far. A node
//! whose state loses something when another way comes there is run again.

use std::collections::BTreeSet;
use std::fmt::Debug;

use fxhash::FxHashMap;
use isa::module::Handler;
use isa::{Effects, StackOp};
use smallvec::{SmallVec, smallvec};

use super::steps::{Form, Step};
use super::terms::{NONE, NOTHING, Term, Terms, Value};
use crate::shared::Shared;

/// Counts locals, places of the operand stack, registers, spill slots, and what else holds a value.
pub(super) type Place = u32;
/// Which value each place of both frames holds. Most stays the same from one event to the next.
pub(super) type State = Shared<Value>;
/// A step or an instruction of each form.
type Pair = [u32; 2];
/// What an event reads, and for a branch whether it is taken if that holds.
type Event = (SmallVec<[Value; 4]>, bool);

/// The place whose value is all that was ever written to memory: it is another after every event that may write.
pub(super) const MEMORY: Place = 0;
/// How many operations one form may be ahead of the other where control meets.
const DEEPEST_RESULT: u32 = 16;

struct Node {
    state: State,
    /// The values that were made here because places agree on each way here, and how many places hold each.
    joined: FxHashMap<Value, usize>,
}

struct Walk<'s, 'm> {
    forms: &'s [Form<'m>; 2],
    meets: [Vec<bool>; 2],
    terms: Terms,
    nodes: FxHashMap<Pair, Node>,
    /// Nodes to be run, in the order of the code.
    pending: BTreeSet<Pair>,
    /// Other pairs, to be run before the next node.
    ways: Vec<(Pair, State)>,
}

/// Runs both forms of a function. Fails with the instructions where they differ, and how.
pub(super) fn walk(forms: &[Form<'_>; 2], terms: Terms, beginning: State) -> Result<(), (Pair, String)> {
    let (meets, nodes) = (forms.each_ref().map(Form::meets), FxHashMap::default());
    let mut walk = Walk { forms, meets, terms, nodes, pending: BTreeSet::new(), ways: Vec::new() };
    walk.go_on([0, 0], beginning);
    while let Some((at, state)) = walk.next() {
        let instructions = [0, 1].map(|form| forms[form].steps[at[form] as usize].pc);
        walk.run(at, state).map_err(|difference| (instructions, difference))?;
    }
    Ok(())
}

impl Walk<'_, '_> {
    fn next(&mut self) -> Option<(Pair, State)> {
        self.ways.pop().or_else(|| self.pending.pop_first().map(|at| (at, self.nodes[&at].state.clone())))
    }

    fn run(&mut self, at: Pair, mut state: State) -> Result<(), String> {
        let steps = [0, 1].map(|form| &self.forms[form].steps[at[form] as usize]);
        let events = steps.map(|step| self.event(step, &state));
        let handlers = self.compare(steps, &events)?;
        let mut outcome = |number| self.terms.number(Term::Outcome(at, number));
        if steps[0].operation.facts().effects.contains(Effects::WRITE) {
            state.set(MEMORY, outcome(2));
        }
        let [first, second, thrown] = [0, 1, 3].map(outcome);
        let outcomes: [&[Value]; 2] = match steps[0].operation {
            StackOp::ForPrepare => [&[events[0].0[0]], &[]],
            StackOp::ForLoop => [&[first], &[]],
            _ => [&[first, second], &[first]],
        };
        if let Some([(left, landing), (right, other)]) = handlers {
            let mut state = state.clone();
            [landing, other].into_iter().for_each(|place| state.set(place, thrown));
            self.go_on([left, right], state);
        }
        let states = std::iter::repeat_n(state, steps[0].next.len());
        for ((way, outcomes), mut after) in (0..).zip(outcomes).zip(states) {
            for step in steps {
                step.writes.iter().zip(outcomes).for_each(|(&place, &value)| after.set(place, value));
            }
            let next = |form: usize| steps[form].next[if events[form].1 { way } else { 1 - way }];
            self.go_on([next(0), next(1)], after);
        }
        Ok(())
    }

    /// What an event reads. The condition of a branch is what is left of its value without negations.
    fn event(&self, step: &Step, state: &State) -> Event {
        let mut values: SmallVec<_> = step.reads.iter().map(|&place| state.get(place)).collect();
        let mut sense = true;
        if step.operation == StackOp::JumpIfTrue {
            (values[0], sense) = self.terms.condition(values[0], state.get(MEMORY));
        }
        (values, sense)
    }

    /// Both forms must do the same with the same, and go on alike if that fails: gives where to, and the places for what is thrown.
    fn compare(&self, steps: [&Step; 2], events: &[Event; 2]) -> Result<Option<[(u32, Place); 2]>, String> {
        let differ = |what: &str, a: &dyn Debug, b: &dyn Debug| Err(format!("{what} {a:?} in one, {b:?} in the other"));
        let [a, b] = steps.map(|step| step.operation);
        if a != b {
            return differ("the operation is", &a, &b);
        }
        let [left, right] = events.each_ref().map(|event| &event.0);
        let differs = |&index: &usize| left.get(index) != right.get(index) || left[index] == NOTHING;
        if let Some(index) = (0..left.len().max(right.len())).find(differs) {
            let [a, b] = [left, right].map(|values| values.get(index).map(|&value| self.terms.terms[value as usize]));
            return differ(&format!("value {index} is"), &a, &b);
        }
        let [(a, from), (b, other)] = [0, 1].map(|form| self.forms[form].origins[steps[form].pc as usize]);
        if from != other && steps[0].operation != StackOp::JumpIfTrue {
            return differ("the byte of the source is", &from, &other);
        }
        let effects = steps[0].operation.facts().effects;
        let landing = |form: usize, handler: &Handler| (handler.target, self.forms[form].landings + handler.landing);
        match (a, b) {
            _ if !effects.contains(Effects::FAIL) && !effects.contains(Effects::ALLOCATE) => Ok(None),
            (None, None) => Ok(None),
            (Some(a), Some(b)) if a.is_cleanup == b.is_cleanup => Ok(Some([landing(0, a), landing(1, b)])),
            _ => differ("the handler of an error is", &a, &b),
        }
    }

    /// Runs both forms on to their next events.
    fn go_on(&mut self, mut at: Pair, mut state: State) {
        let mut meets = false;
        for (form, at) in at.iter_mut().enumerate() {
            meets |= self.meets[form][*at as usize];
            // In verified code control goes only forward by silent steps, so there is an end.
            while let step = &self.forms[form].steps[*at as usize]
                && let Some(values) = self.silent(step, &state)
            {
                let last = values.len().saturating_sub(1);
                (0..).zip(&step.writes).for_each(|(number, &place)| state.set(place, values[last.min(number)]));
                *at = step.next[0];
                meets |= self.meets[form][*at as usize];
            }
        }
        if meets { self.arrive(at, state) } else { self.ways.push((at, state)) }
    }

    /// What a step writes that only moves values, or computes one and at most reads memory for it. Of others nothing.
    fn silent(&mut self, step: &Step, state: &State) -> Option<SmallVec<[Value; 2]>> {
        let (operation, effects) = (step.operation, step.operation.facts().effects);
        if operation.only_moves() {
            return Some(step.reads.iter().map(|&place| state.get(place)).collect());
        }
        let read = |number: usize| step.reads.get(number).map_or(NONE, |&place| state.get(place));
        let memory = if effects.contains(Effects::READ) { state.get(MEMORY) } else { NONE };
        let is_silent = Effects::READ.contains(effects) || operation == StackOp::JumpIfNotNull;
        is_silent.then(|| smallvec![self.terms.result(operation, [read(0), read(1)], memory)])
    }

    /// Control comes to a node with a state: from now on the node knows only what holds in that state as well.
    fn arrive(&mut self, at: Pair, state: State) {
        let Some(node) = self.nodes.get_mut(&at) else {
            self.nodes.insert(at, Node { state, joined: FxHashMap::default() });
            self.pending.insert(at);
            return;
        };
        let mut differences: Vec<_> = node.state.differences(&state).filter(|&(old, ..)| old != NOTHING).collect();
        // Operands have lower numbers than results, so they meet before.
        differences.sort_unstable();
        let mut met = FxHashMap::default();
        for class in differences.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let (old, new, _) = class[0];
            let value = match self.terms.meet(old, new, &mut met, DEEPEST_RESULT) {
                _ if new == NOTHING => NOTHING,
                // All that held the same still do.
                _ if node.joined.get(&old) == Some(&class.len()) => old,
                Some(result) => result,
                None => {
                    let joined = self.terms.number(Term::Joined(self.terms.terms.len() as u32));
                    node.joined.insert(joined, class.len());
                    joined
                }
            };
            met.insert([old, new], value);
            if value != old {
                class.iter().for_each(|&(_, _, place)| node.state.set(place, value));
                node.joined.entry(old).and_modify(|count| *count -= class.len());
                self.pending.insert(at);
            }
        }
    }
}
