//! Both forms of a function, run side by side until nothing more is learned.
//!
//! A *node* is a pair of events, one in each form, that control comes to together. It has a state: which places hold the same value on
//! every way found so far. When a node is run, both forms must do the same with the same; then each goes on silently to its next event,
//! and the states in which they get there go to the nodes there. A node whose state loses something by that is run again.

use std::collections::BTreeSet;
use std::fmt::Debug;

use fxhash::FxHashMap;
use isa::{Effects, StackOp};
use smallvec::SmallVec;

use super::places::{Place, Places};
use super::steps::{Form, Step};
use super::terms::{Met, NONE, NOTHING, Term, Terms, Value};

/// The place whose value is all that was ever written to memory: it is another after every event that may write.
pub(super) const MEMORY: Place = 0;

/// How many operations one form may be ahead of the other where control meets.
const DEEPEST_RESULT: u32 = 16;

/// A step or an instruction of each form.
type Pair = [u32; 2];

/// What an event reads, and where control goes on.
type Event = (SmallVec<[Value; 4]>, SmallVec<[u32; 2]>);

struct Node {
    state: Places,
    /// The values that were made here because places agree on each way here, and how many places hold each.
    joined: FxHashMap<Value, usize>,
}

pub(super) struct Walk<'s, 'm> {
    forms: &'s [Form<'m>; 2],
    terms: Terms<'m>,
    nodes: FxHashMap<Pair, Node>,
    /// Nodes to be run, with their instructions: those that come first in the code first.
    pending: BTreeSet<(Pair, Pair)>,
}

impl<'s, 'm> Walk<'s, 'm> {
    pub(super) fn new(forms: &'s [Form<'m>; 2], terms: Terms<'m>) -> Self {
        Self { forms, terms, nodes: FxHashMap::default(), pending: BTreeSet::new() }
    }

    /// Runs nodes until none has anything new to say. Fails with the instructions where the forms differ, and how.
    pub(super) fn run(mut self, beginning: Places) -> Result<(), (Pair, String)> {
        self.go_on([0, 0], beginning);
        while let Some((instructions, at)) = self.pending.pop_first() {
            self.node(at).map_err(|difference| (instructions, difference))?;
        }
        Ok(())
    }

    fn node(&mut self, at: Pair) -> Result<(), String> {
        let steps = [0, 1].map(|form| &self.forms[form].steps[at[form] as usize]);
        let mut state = self.nodes[&at].state.clone();
        let events = steps.map(|step| self.event(step, &state));
        let handlers = self.compare(steps, &events)?;
        let outcome = |number| self.terms.number(Term::Outcome { node: at, number });
        let [first, second, written, thrown] = [0, 1, 2, 3].map(outcome);
        if steps[0].operation.facts().effects.contains(Effects::WRITE) {
            state.set(MEMORY, written);
        }
        let outcomes: [&[Value]; 2] = match steps[0].operation {
            StackOp::ForPrepare => [&[events[0].0[0]], &[]],
            StackOp::ForLoop => [&[first], &[]],
            _ => [&[first, second], &[first]],
        };
        for (way, outcomes) in (0..events[0].1.len()).zip(outcomes) {
            let mut after = state.clone();
            for step in steps {
                step.writes.iter().zip(outcomes).for_each(|(&place, &value)| after.set(place, value));
            }
            self.go_on(events.each_ref().map(|event| event.1[way]), after);
        }
        if let Some([(left, landing), (right, other)]) = handlers {
            [landing, other].into_iter().for_each(|place| state.set(place, thrown));
            self.go_on([left, right], state);
        }
        Ok(())
    }

    /// What an event reads. The condition of a branch is what is left of its value without negations.
    fn event(&self, step: &Step, state: &Places) -> Event {
        let mut values: SmallVec<_> = step.reads.iter().map(|&place| state.get(place)).collect();
        let mut next = step.next.clone();
        if step.operation == StackOp::JumpIfTrue {
            let (condition, sense) = self.terms.condition(values[0], state.get(MEMORY));
            values[0] = condition;
            if !sense {
                next.reverse();
            }
        }
        (values, next)
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
            let value = |value: Option<&Value>| value.map_or(Term::None, |&value| self.terms.terms[value as usize]);
            return differ(&format!("value {index} is"), &value(left.get(index)), &value(right.get(index)));
        }
        let [(a, from), (b, other)] = [0, 1].map(|form| self.forms[form].origins[steps[form].pc as usize]);
        if from != other && steps[0].operation != StackOp::JumpIfTrue {
            return differ("the byte of the source is", &from, &other);
        }
        let effects = steps[0].operation.facts().effects;
        match (a, b) {
            _ if !effects.contains(Effects::FAIL) && !effects.contains(Effects::ALLOCATE) => Ok(None),
            (None, None) => Ok(None),
            (Some(a), Some(b)) if a.is_cleanup == b.is_cleanup => {
                let [left, right] = self.forms;
                Ok(Some([(a.target, left.landings + a.landing), (b.target, right.landings + b.landing)]))
            }
            _ => differ("the handler of an error is", &a, &b),
        }
    }

    /// Runs both forms on to their next events, and brings the state to the node there.
    fn go_on(&mut self, mut at: Pair, mut state: Places) {
        for (form, at) in self.forms.iter().zip(&mut at) {
            // In verified code control goes only forward by silent steps, so there is an end.
            while let Some(value) = self.silent(&form.steps[*at as usize], &state) {
                let step = &form.steps[*at as usize];
                step.writes.iter().for_each(|&place| state.set(place, value));
                *at = step.next[0];
            }
        }
        self.arrive(at, state);
    }

    /// What a step writes that only moves a value, or computes one and at most reads memory for it. Of others nothing.
    fn silent(&mut self, step: &Step, state: &Places) -> Option<Value> {
        use StackOp as O;
        let read = |number: usize| step.reads.get(number).map_or(NONE, |&place| state.get(place));
        let effects = step.operation.facts().effects;
        match step.operation {
            O::Nop | O::Jump | O::Pop | O::Dup | O::LoadConst | O::LoadLocal | O::StoreLocal | O::Unset => {
                Some(read(0))
            }
            operation if operation == O::JumpIfNotNull || Effects::READ.contains(effects) => {
                let memory = if effects.contains(Effects::READ) { state.get(MEMORY) } else { NONE };
                Some(self.terms.result(operation, [read(0), read(1)], memory))
            }
            _ => None,
        }
    }

    /// Control comes to a node with a state: from now on the node knows only what holds in that state as well.
    fn arrive(&mut self, at: Pair, state: Places) {
        let instructions = [0, 1].map(|form| self.forms[form].steps[at[form] as usize].pc);
        let Some(node) = self.nodes.get_mut(&at) else {
            self.nodes.insert(at, Node { state, joined: FxHashMap::default() });
            self.pending.insert((instructions, at));
            return;
        };
        let mut differences = node.state.differences(&state);
        differences.retain(|&(old, ..)| old != NOTHING);
        // Operands have lower numbers than results, so they meet before.
        differences.sort_unstable();
        let mut met = Met::default();
        for class in differences.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let (old, new, _) = class[0];
            let value = if new == NOTHING {
                NOTHING
            } else if node.joined.get(&old) == Some(&class.len()) {
                // All that held the same still do.
                old
            } else if let Some(result) = self.terms.meet(old, new, &mut met, DEEPEST_RESULT) {
                result
            } else {
                let joined = self.terms.joined();
                node.joined.insert(joined, class.len());
                joined
            };
            met.insert((old, new), value);
            if value != old {
                class.iter().for_each(|&(_, _, place)| node.state.set(place, value));
                node.joined.entry(old).and_modify(|count| *count -= class.len());
                self.pending.insert((instructions, at));
            }
        }
    }
}
