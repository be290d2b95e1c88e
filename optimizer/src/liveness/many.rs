//! More variables than a machine word has bits.
//!
//! 1. Blocks are gone through from the end, each after all that control goes to from it, as if control never went back.
//! 2. What is live where a loop begins, and is not written in it, is live in all of it, and in the loops inside it. (For variables that are
//!    written once this is all there is to do: Boissinot, Brandner, Darte, Dupont de Dinechin and Rastello, *A Non-Iterative Data-Flow
//!    Algorithm for Computing Liveness Sets in Strict SSA Programs*, APLAS 2011, §3.)
//! 3. What is written in a loop, and still is live where it begins again, is followed from where control goes back until nothing changes,
//!    in outer loops before those inside them.
//!
//! Sets share what they have in common, so the first two steps take time in what blocks change. So does the third, but it goes to a block
//! again for each loop around it that has something to tell, at worst.

use std::collections::BinaryHeap;
use std::rc::Rc;

use isa::sets::{Set, Sets};
use smallvec::SmallVec;

use super::loops::{Loops, NONE, Order};
use super::{Fact, Form, LiveSets, Liveness, LivenessInput, Predecessors};

/// What is needed while a problem is solved.
#[derive(Clone, Debug, Default)]
pub(super) struct Solver {
    /// Where control goes from each block: the two successors and the handler; who has none of something names the number of blocks.
    ways: Vec<[u32; 3]>,
    order: Order,
    loops: Loops,
    /// For each block where its facts begin; then where the last one's end.
    first_fact: Vec<u32>,
    /// Places of blocks to go to again, and for each block whether it is among them.
    again: BinaryHeap<u32>,
    is_again: Vec<bool>,
    /// Edges that are still to be looked at, with the blocks that control goes back to at the end of the way that they begin.
    edges: Vec<(u32, u32, u32)>,
    /// For each block what is live there though not all that goes back to it knows that.
    missing: Vec<Set>,
    /// For each loop what is written in it, and later what is known to be live in all of it.
    of_loop: Vec<Set>,
    /// Tables that sets were in which nobody needs any more.
    spare: Vec<Found>,
}

/// What was found so far.
#[derive(Clone, Debug, Default)]
struct Found {
    sets: Sets,
    /// With one more than there are blocks, which is empty.
    entering: Vec<Set>,
    leaving: Vec<Set>,
}

impl Solver {
    pub(super) fn solve<S, H>(&mut self, predecessors: &Predecessors, input: &LivenessInput<'_, S, H>) -> Liveness
    where
        S: Fn(usize) -> [Option<u32>; 2],
        H: Fn(usize) -> Option<u32>,
    {
        self.begin(input);
        let mut found = self.spare.pop().unwrap_or_default();
        found.sets.begin(input.variables as u32);
        found.entering.clear();
        found.entering.resize(input.blocks + 1, Set::EMPTY);
        found.leaving.clear();
        found.leaving.resize(input.blocks, Set::EMPTY);
        for at in 0..input.blocks {
            self.visit(self.order.blocks[at], input.facts, &mut found);
        }
        self.find_missing(predecessors, input.facts, &mut found);
        let is_known = self.missing.iter().all(|&missing| missing == Set::EMPTY);
        if !is_known && self.loops.find(&self.order, predecessors) {
            self.fill_loops(input.facts, &mut found);
        }
        while let Some(place) = self.again.pop() {
            let block = self.order.blocks[place as usize];
            self.is_again[block as usize] = false;
            if self.visit(block, input.facts, &mut found) {
                for &(predecessor, _) in predecessors.edges_to(block) {
                    if !std::mem::replace(&mut self.is_again[predecessor as usize], true) {
                        self.again.push(self.order.place[predecessor as usize]);
                    }
                }
            }
        }
        let Found { sets, mut entering, leaving } = found;
        entering.truncate(input.blocks);
        let sets = Rc::new(sets);
        Liveness {
            entering: LiveSets(Form::Many(Rc::clone(&sets), entering)),
            leaving: LiveSets(Form::Many(sets, leaving)),
        }
    }

    pub(super) fn recycle(&mut self, live: Liveness) {
        if let (Form::Many(sets, entering), Form::Many(same, leaving)) = (live.entering.0, live.leaving.0) {
            drop(same);
            self.spare.extend(Rc::try_unwrap(sets).ok().map(|sets| Found { sets, entering, leaving }));
        }
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
        self.order.search(&self.ways);
    }

    /// What a block does with variables.
    fn facts_of<'f>(
        &self,
        block: u32,
        facts: &'f [(u32, u32, Fact)],
        fact: Fact,
    ) -> impl Iterator<Item = u32> + use<'f> {
        let own = self.first_fact[block as usize] as usize..self.first_fact[block as usize + 1] as usize;
        facts[own].iter().filter(move |entry| entry.2 == fact).map(|entry| entry.0)
    }

    /// Finds out what is live at the borders of a block from where control goes. True if that is more at its beginning than was known.
    fn visit(&self, block: u32, facts: &[(u32, u32, Fact)], found: &mut Found) -> bool {
        let Found { sets, entering, leaving } = found;
        let before = sets.mark();
        let [first, second, handler] = self.ways[block as usize].map(|to| entering[to as usize]);
        let both = sets.union(first, second);
        let out = sets.union(both, handler);
        sets.mark();
        let mut here = out;
        for variable in self.facts_of(block, facts, Fact::Definition) {
            here = sets.without(here, variable);
        }
        for variable in self.facts_of(block, facts, Fact::Use) {
            here = sets.with(here, variable);
        }
        here = sets.union(here, handler);
        let is_known = sets.are_equal(here, entering[block as usize]);
        if is_known && sets.are_equal(out, leaving[block as usize]) {
            sets.forget(before);
            return false;
        }
        leaving[block as usize] = out;
        if !is_known {
            entering[block as usize] = here;
        }
        !is_known
    }

    /// Finds what is live where control goes back to and was not known there when it was gone through. Blocks that only lead back, of which
    /// nothing was known, are gone through now.
    fn find_missing(&mut self, predecessors: &Predecessors, facts: &[(u32, u32, Fact)], found: &mut Found) {
        let blocks = found.leaving.len();
        self.missing.clear();
        self.missing.resize(blocks, Set::EMPTY);
        for block in 0..blocks as u32 {
            let back = |&to: &u32| (to as usize) < blocks && self.order.goes_back(block, to);
            let headers: SmallVec<[u32; 3]> = self.ways[block as usize].into_iter().filter(back).collect();
            self.edges.extend(headers.into_iter().map(|header| (block, header, header)));
            while let Some((block, to, header)) = self.edges.pop() {
                let before = found.sets.mark();
                let mut missing = found.sets.difference(found.entering[to as usize], found.leaving[block as usize]);
                if self.ways[block as usize][2] == to {
                    // What a handler needs is live in all of the block, whatever that writes.
                    let kept = found.sets.difference(found.entering[to as usize], found.entering[block as usize]);
                    missing = found.sets.union(missing, kept);
                }
                if missing == Set::EMPTY {
                    found.sets.forget(before);
                } else if found.leaving[block as usize] == Set::EMPTY && self.leads_only_to(block, to) {
                    self.visit(block, facts, found);
                    let before = predecessors.edges_to(block).iter().map(|edge| edge.0);
                    let forward = before.filter(|&before| !self.order.goes_back(before, block));
                    self.edges.extend(forward.map(|before| (before, block, header)));
                } else {
                    // What is live where the block begins was followed from there.
                    let news = found.sets.difference(missing, found.entering[block as usize]);
                    self.missing[header as usize] = found.sets.union(self.missing[header as usize], news);
                    if !std::mem::replace(&mut self.is_again[block as usize], true) {
                        self.again.push(self.order.place[block as usize]);
                    }
                }
            }
        }
    }

    fn leads_only_to(&self, block: u32, to: u32) -> bool {
        self.ways[block as usize].iter().all(|&way| way == to || way as usize == self.ways.len())
    }

    /// What is live where a loop begins, and is not written in it, becomes live in all of it.
    fn fill_loops(&mut self, facts: &[(u32, u32, Fact)], found: &mut Found) {
        let Found { sets, entering, leaving } = found;
        let mut of_loop = std::mem::take(&mut self.of_loop);
        of_loop.clear();
        of_loop.resize(leaving.len(), Set::EMPTY);
        let mut first = 0;
        for &(header, end) in &self.loops.all {
            let body = &self.loops.bodies[first as usize..end as usize];
            first = end;
            let mut written = Set::EMPTY;
            for &inner in body {
                written = sets.union(written, of_loop[inner as usize]);
            }
            sets.mark();
            for &block in body.iter().chain([&header]) {
                for variable in self.facts_of(block, facts, Fact::Definition) {
                    written = sets.with(written, variable);
                }
            }
            of_loop[header as usize] = written;
        }
        for &(header, _) in self.loops.all.iter().rev() {
            let around = self.loops.around[header as usize];
            let outside = if around == NONE { Set::EMPTY } else { of_loop[around as usize] };
            let own = sets.difference(self.missing[header as usize], of_loop[header as usize]);
            of_loop[header as usize] = sets.union(own, outside);
        }
        let mut first = 0;
        for &(header, end) in &self.loops.all {
            let carried = of_loop[header as usize];
            // Loops inside it have what this one has, and more.
            let is_block = |block: &&u32| of_loop[**block as usize] == Set::EMPTY;
            let body = &self.loops.bodies[first as usize..end as usize];
            first = end;
            for &block in body.iter().filter(is_block).chain([&header]) {
                entering[block as usize] = sets.union(entering[block as usize], carried);
                leaving[block as usize] = sets.union(leaving[block as usize], carried);
            }
        }
        self.of_loop = of_loop;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::liveness::{Fact, LivenessInput, Solver};

    /// Variables of the problems that are made: so many that sets have several leaves, of which few are named.
    const VARIABLES: u32 = 1000;

    fn variable() -> impl Strategy<Value = u32> {
        (0..6_u32).prop_map(|number| [0, 1, 63, 300, 301, 999][number as usize])
    }

    /// Facts, ways and handler of a block.
    type Block = (Vec<(u32, bool)>, [Option<u32>; 2], Option<u32>);

    fn block(blocks: u32) -> impl Strategy<Value = Block> {
        let facts = prop::collection::vec((variable(), any::<bool>()), 0..4);
        let way = move || prop::option::weighted(0.8, 0..blocks);
        (facts, way(), way(), prop::option::weighted(0.1, 0..blocks)).prop_map(|(facts, a, b, c)| (facts, [a, b], c))
    }

    /// The equations, applied to all blocks until nothing changes: variables live at the beginning and at the end of each block.
    fn expected(blocks: &[Block], facts: &[(u32, u32, Fact)]) -> Vec<[Vec<u32>; 2]> {
        let mut live: Vec<[Vec<u32>; 2]> = vec![Default::default(); blocks.len()];
        loop {
            let before = live.clone();
            for (index, (_, ways, handler)) in (0..).zip(blocks) {
                let own = |fact: Fact| {
                    facts.iter().filter(move |entry| entry.1 == index && entry.2 == fact).map(|entry| entry.0)
                };
                let kept: Vec<u32> = handler.map(|handler| live[handler as usize][0].clone()).unwrap_or_default();
                let mut leaving = kept.clone();
                ways.iter().flatten().for_each(|&way| leaving.extend(&live[way as usize][0]));
                leaving.sort_unstable();
                leaving.dedup();
                let written: Vec<u32> = own(Fact::Definition).collect();
                let mut entering: Vec<u32> =
                    leaving.iter().copied().filter(|variable| !written.contains(variable)).collect();
                entering.extend(own(Fact::Use).chain(kept));
                entering.sort_unstable();
                entering.dedup();
                live[index as usize] = [entering, leaving];
            }
            if live == before {
                return live;
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5000))]

        /// Whatever the graph, with loops that are entered anywhere and blocks that nobody reaches: the outcome is the least solution of the
        /// equations, also in tables that another problem was solved in.
        #[test]
        fn the_least_solution_is_found(problems in prop::collection::vec(
            (1..14_u32).prop_flat_map(|blocks| prop::collection::vec(block(blocks), blocks as usize)), 1..3)
        ) {
            let mut solver = Solver::default();
            for blocks in problems {
                let mut facts = Vec::new();
                for (index, (own, ..)) in (0..).zip(&blocks) {
                    for &(variable, is_use) in own {
                        facts.push((variable, index, if is_use { Fact::Use } else { Fact::Definition }));
                    }
                }
                let live = solver.liveness(LivenessInput {
                    facts: &facts,
                    successors: |block: usize| blocks[block].1,
                    handler: |block: usize| blocks[block].2,
                    blocks: blocks.len(),
                    variables: VARIABLES as usize,
                });
                for (index, [entering, leaving]) in expected(&blocks, &facts).into_iter().enumerate() {
                    prop_assert_eq!(live.entering.iter(index).collect::<Vec<_>>(), entering);
                    prop_assert_eq!(live.leaving.iter(index).collect::<Vec<_>>(), leaving);
                }
                solver.recycle(live);
            }
        }
    }
}
