//! More variables than a machine word has bits.
//!
//! Blocks are gone through from the end: in a postorder of a depth-first search, in which a block comes after all that control goes to from it,
//! except where it goes back. A block is gone to again when more has become live where one of those begins, blocks of inner loops before those
//! around them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;

use isa::sets::{Set, Sets};

use super::{Fact, Form, LiveSets, Liveness, LivenessInput, Predecessors};

/// What is needed while a problem is solved.
#[derive(Clone, Debug, Default)]
pub(super) struct Solver {
    /// Where control goes from each block: the two successors and the handler; who has none of something names the number of blocks.
    ways: Vec<[u32; 3]>,
    /// Blocks in postorder, and the place of each.
    order: Vec<u32>,
    place: Vec<u32>,
    /// Blocks that the search is in, and which of their ways it takes next.
    path: Vec<(u32, u8)>,
    /// For each block where its facts begin; then where the last one's end.
    first_fact: Vec<u32>,
    /// Places of blocks to go to again, and for each block whether it is among them.
    again: BinaryHeap<Reverse<u32>>,
    is_again: Vec<bool>,
    /// Tables that sets were in which nobody needs any more.
    spare: Vec<(Sets, [Vec<Set>; 2])>,
}

/// The place of a block that the search has not come to, or has not left yet.
const UNSEEN: u32 = u32::MAX;
const ENTERED: u32 = u32::MAX - 1;

impl Solver {
    pub(super) fn solve<S, H>(&mut self, predecessors: &Predecessors, input: &LivenessInput<'_, S, H>) -> Liveness
    where
        S: Fn(usize) -> [Option<u32>; 2],
        H: Fn(usize) -> Option<u32>,
    {
        let blocks = input.blocks;
        self.begin(input);
        let (mut sets, [mut entering, mut leaving]) = self.spare.pop().unwrap_or_default();
        sets.begin(input.variables as u32);
        entering.clear();
        entering.resize(blocks + 1, Set::EMPTY);
        leaving.clear();
        leaving.resize(blocks, Set::EMPTY);
        let mut next = 0;
        loop {
            let (place, is_visited) = match self.again.pop() {
                Some(Reverse(place)) => (place, true),
                None if next < blocks => {
                    next += 1;
                    (next as u32 - 1, false)
                }
                None => break,
            };
            let block = self.order[place as usize];
            self.is_again[block as usize] = false;
            let before = sets.mark();
            let [first, second, handler] = self.ways[block as usize].map(|to| entering[to as usize]);
            let all = sets.union(first, second);
            let out = sets.union(all, handler);
            let is_known_out = sets.are_equal(out, leaving[block as usize]);
            if is_known_out && handler == Set::EMPTY && is_visited {
                sets.forget(before);
                continue;
            }
            sets.mark();
            let facts = &input.facts[self.facts_of(block)];
            let mut here = out;
            for &(variable, ..) in facts.iter().filter(|fact| fact.2 == Fact::Definition) {
                here = sets.without(here, variable);
            }
            for &(variable, ..) in facts.iter().filter(|fact| fact.2 == Fact::Use) {
                here = sets.with(here, variable);
            }
            here = sets.union(here, handler);
            let is_known_here = sets.are_equal(here, entering[block as usize]);
            if is_known_here && is_known_out {
                sets.forget(before);
                continue;
            }
            leaving[block as usize] = out;
            if is_known_here {
                continue;
            }
            entering[block as usize] = here;
            for &(predecessor, _) in &predecessors.edges[predecessors.of(block)] {
                let place = self.place[predecessor as usize];
                if (place as usize) < next && !std::mem::replace(&mut self.is_again[predecessor as usize], true) {
                    self.again.push(Reverse(place));
                }
            }
        }
        entering.truncate(blocks);
        let sets = Rc::new(sets);
        Liveness {
            entering: LiveSets(Form::Many(Rc::clone(&sets), entering)),
            leaving: LiveSets(Form::Many(sets, leaving)),
        }
    }

    pub(super) fn recycle(&mut self, live: Liveness) {
        if let (Form::Many(sets, entering), Form::Many(same, leaving)) = (live.entering.0, live.leaving.0) {
            drop(same);
            self.spare.extend(Rc::try_unwrap(sets).ok().map(|sets| (sets, [entering, leaving])));
        }
    }

    fn facts_of(&self, block: u32) -> std::ops::Range<usize> {
        self.first_fact[block as usize] as usize..self.first_fact[block as usize + 1] as usize
    }

    fn begin<S, H>(&mut self, input: &LivenessInput<'_, S, H>)
    where
        S: Fn(usize) -> [Option<u32>; 2],
        H: Fn(usize) -> Option<u32>,
    {
        let blocks = input.blocks;
        let nowhere = blocks as u32;
        self.ways.clear();
        self.ways.extend((0..blocks).map(|block| {
            let [first, second] = (input.successors)(block);
            [first, second, (input.handler)(block)].map(|to| to.unwrap_or(nowhere))
        }));
        debug_assert!(input.facts.is_sorted_by_key(|fact| fact.1));
        self.first_fact.clear();
        self.first_fact.resize(blocks + 1, 0);
        input.facts.iter().for_each(|fact| self.first_fact[fact.1 as usize + 1] += 1);
        for block in 0..blocks {
            self.first_fact[block + 1] += self.first_fact[block];
        }
        self.is_again.clear();
        self.is_again.resize(blocks, false);
        self.order.clear();
        self.place.clear();
        self.place.resize(blocks, UNSEEN);
        (0..nowhere).for_each(|block| self.search(block));
    }

    /// Puts all blocks in order that are reached from this one and are not in order yet.
    fn search(&mut self, from: u32) {
        let Self { ways, order, place, path, .. } = self;
        if place[from as usize] != UNSEEN {
            return;
        }
        place[from as usize] = ENTERED;
        path.push((from, 0));
        while let Some((block, way)) = path.last_mut() {
            let Some(&to) = ways[*block as usize].get(usize::from(*way)) else {
                place[*block as usize] = order.len() as u32;
                order.push(*block);
                path.pop();
                continue;
            };
            *way += 1;
            if place.get(to as usize) == Some(&UNSEEN) {
                place[to as usize] = ENTERED;
                path.push((to, 0));
            }
        }
    }
}
