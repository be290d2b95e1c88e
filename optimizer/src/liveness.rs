//! Live variables: backward data flow over basic blocks.
//!
//! Where there are no more variables than a machine word has bits, a set of them is a word, and blocks are gone through until nothing changes.
//! Where there are more (`many`), sets are trees that share what they have in common: what is live where a block begins is nearly what is live
//! where it ends, so that takes time and space in what blocks change, not in blocks times variables.

mod loops;
mod many;

use std::rc::Rc;

use isa::sets::{Counts, Set, Sets};

/// What a block does with a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// It is read before it is written in the block.
    Use,
    /// It is written in the block.
    Definition,
}

/// What the problem starts from.
pub struct LivenessInput<'f, S, H> {
    /// Variable, block, and what that does with it, in the order of the blocks.
    pub facts: &'f [(u32, u32, Fact)],
    /// Where control goes from each block.
    pub successors: S,
    /// The handler's block, for blocks that are guarded: what is live there is live throughout the block.
    pub handler: H,
    /// Number of blocks.
    pub blocks: usize,
    /// Number of variables.
    pub variables: usize,
}

/// Variables live at the borders of blocks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Liveness {
    /// At the beginning of each block.
    pub entering: LiveSets,
    /// At the end of each block, what its handler needs included.
    pub leaving: LiveSets,
}

/// A set of variables for each block.
#[derive(Clone, Debug)]
pub struct LiveSets(Form);

#[derive(Clone, Debug)]
enum Form {
    /// Of no more than 64 variables: a bit for each.
    Few(Vec<u64>),
    /// Of more. Those of the two borders of blocks are among the same.
    Many(Rc<Sets>, Vec<Set>),
}

impl Default for LiveSets {
    fn default() -> Self {
        Self(Form::Few(Vec::new()))
    }
}

impl PartialEq for LiveSets {
    fn eq(&self, other: &Self) -> bool {
        self.blocks() == other.blocks() && (0..self.blocks()).all(|block| self.iter(block).eq(other.iter(block)))
    }
}

impl Eq for LiveSets {}

impl LiveSets {
    /// Room for sets of few variables for so many blocks.
    pub fn with_capacity(blocks: usize) -> Self {
        Self(Form::Few(Vec::with_capacity(blocks)))
    }

    fn blocks(&self) -> usize {
        match &self.0 {
            Form::Few(bits) => bits.len(),
            Form::Many(_, roots) => roots.len(),
        }
    }

    /// Whether there are no more than 64 variables.
    #[inline]
    pub fn is_of_few(&self) -> bool {
        matches!(self.0, Form::Few(_))
    }

    /// A block's set as bits, if there are no more than 64 variables.
    #[inline]
    pub fn bits(&self, block: usize) -> Option<u64> {
        match &self.0 {
            Form::Few(bits) => Some(bits[block]),
            Form::Many(..) => None,
        }
    }

    /// All sets as bits, block by block, if there are no more than 64 variables.
    #[inline]
    pub fn few(&self) -> Option<&[u64]> {
        match &self.0 {
            Form::Few(bits) => Some(bits),
            Form::Many(..) => None,
        }
    }

    /// Gives a block another set, if there are no more than 64 variables.
    #[inline]
    pub fn set_bits(&mut self, block: usize, bits: u64) {
        if let Form::Few(sets) = &mut self.0 {
            sets[block] = bits;
        }
    }

    /// Whether a variable is in a block's set.
    #[inline]
    pub fn contains(&self, block: usize, variable: u32) -> bool {
        match &self.0 {
            Form::Few(bits) => variable < 64 && bits.get(block).is_some_and(|bits| bits >> variable & 1 != 0),
            Form::Many(sets, roots) => sets.contains(roots[block], variable),
        }
    }

    /// Calls `visit` with each 64 variables of which some are in a block's set, ascending: the first of them divided by 64, and a bit for each.
    #[inline]
    pub fn for_each_word(&self, block: usize, mut visit: impl FnMut(u32, u64)) {
        match &self.0 {
            Form::Few(bits) if bits[block] == 0 => {}
            Form::Few(bits) => visit(0, bits[block]),
            Form::Many(sets, roots) => {
                sets.for_each_difference(Set::EMPTY, roots[block], |index, _, bits| visit(index, bits));
            }
        }
    }

    /// Members of a block's set, ascending.
    pub fn iter(&self, block: usize) -> impl Iterator<Item = u32> + use<> {
        // An empty list takes no space.
        let (few, mut many) = (self.bits(block).unwrap_or(0), Vec::new());
        if !self.is_of_few() {
            self.for_each_word(block, |index, bits| many.push((index, bits)));
        }
        ones(few).chain(many.into_iter().flat_map(|(index, bits)| ones(bits).map(move |bit| index * 64 + bit)))
    }

    /// Whether all sets together have no more members than this.
    pub fn are_at_most(&self, most: usize) -> bool {
        let count: u64 = match &self.0 {
            Form::Few(bits) if bits.len() * 64 <= most => return true,
            Form::Few(bits) => bits.iter().map(|bits| u64::from(bits.count_ones())).sum(),
            Form::Many(sets, roots) => {
                let mut counts = Counts::default();
                roots.iter().map(|&root| sets.count(root, &mut counts)).sum()
            }
        };
        count <= most as u64
    }

    /// Calls `visit` with each variable that is in a block's set or in another block's, but not in both, and whether it is in the other, ascending.
    /// The other is one of the same [`Liveness`]; of no block the set is empty.
    #[inline]
    pub fn for_each_difference(
        &self,
        block: Option<usize>,
        other: &Self,
        other_block: Option<usize>,
        mut visit: impl FnMut(u32, bool),
    ) {
        let mut word = |index: u32, before: u64, after: u64| {
            let mut bits = before ^ after;
            while bits != 0 {
                let bit = bits.trailing_zeros();
                visit(index * 64 + bit, after >> bit & 1 != 0);
                bits &= bits - 1;
            }
        };
        match (&self.0, &other.0) {
            (Form::Few(sets), Form::Few(others)) => {
                word(0, block.map_or(0, |block| sets[block]), other_block.map_or(0, |block| others[block]));
            }
            (Form::Many(sets, roots), Form::Many(same, others)) => {
                debug_assert!(Rc::ptr_eq(sets, same));
                let root = |roots: &[Set], block: Option<usize>| block.map_or(Set::EMPTY, |block| roots[block]);
                sets.for_each_difference(root(roots, block), root(others, other_block), word);
            }
            _ => unreachable!("sets of one liveness have one form"),
        }
    }

    /// Becomes sets of no more than 64 variables, for each block in turn.
    fn fill(&mut self, sets: impl Iterator<Item = u64>) {
        let mut bits = match std::mem::take(self).0 {
            Form::Few(bits) => bits,
            Form::Many(..) => Vec::new(),
        };
        bits.clear();
        bits.extend(sets);
        self.0 = Form::Few(bits);
    }
}

/// Some of the 64 variables from `64 * index` on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct NumberedWord {
    /// Which word of the set.
    index: u32,
    /// Members of all words before this one, those of the sets of earlier blocks included.
    before: u32,
    /// A bit for each variable.
    bits: u64,
}

/// A set of variables for each block, all of whose members are numbered, from 0, in the order of the blocks and ascending in each.
#[derive(Clone, Debug, Default)]
pub struct NumberedSets {
    /// Words of all sets, block by block, ascending.
    words: Vec<NumberedWord>,
    /// For each block where its words begin; then where the last one's end. Nothing when there are no more variables than a word has: then
    /// each block has one, which may be zero.
    first: Vec<u32>,
    len: u32,
}

impl NumberedSets {
    /// Room for one word for each of so many blocks.
    pub fn with_capacity(blocks: usize) -> Self {
        Self { words: Vec::with_capacity(blocks), first: Vec::new(), len: 0 }
    }

    /// Becomes the part of other sets that `kept`, a bit for each variable, has.
    pub fn restrict(&mut self, other: &LiveSets, kept: &[u64]) {
        let Self { words, first, len } = self;
        words.clear();
        first.clear();
        *len = 0;
        let mut numbered = |index: u32, bits: u64| {
            let word = NumberedWord { index, before: *len, bits };
            *len += bits.count_ones();
            word
        };
        if let Form::Few(sets) = &other.0 {
            let kept = kept.first().copied().unwrap_or(0);
            words.extend(sets.iter().map(|bits| numbered(0, bits & kept)));
            return;
        }
        for block in 0..other.blocks() {
            first.push(words.len() as u32);
            other.for_each_word(block, |index, bits| {
                let bits = bits & kept.get(index as usize).copied().unwrap_or(0);
                if bits != 0 {
                    words.push(numbered(index, bits));
                }
            });
        }
        first.push(words.len() as u32);
    }

    #[inline]
    fn words(&self, block: usize) -> &[NumberedWord] {
        if self.first.is_empty() {
            let word = &self.words[block];
            return if word.bits == 0 { &[] } else { std::slice::from_ref(word) };
        }
        &self.words[self.first[block] as usize..self.first[block + 1] as usize]
    }

    /// How many members all sets have together.
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether all sets are empty.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The number of a variable in a block's set.
    #[inline]
    pub fn number(&self, block: usize, variable: u32) -> Option<u32> {
        let words = self.words(block);
        let word = match words {
            [word] => word,
            words => words.get(words.partition_point(|word| word.index < variable / 64))?,
        };
        if word.index != variable / 64 {
            return None;
        }
        let below = word.bits & ((1 << (variable % 64)) - 1);
        (word.bits >> (variable % 64) & 1 != 0).then(|| word.before + below.count_ones())
    }

    /// The number of the first member of a block's set, if it has one; those of the others follow.
    pub fn first_number(&self, block: usize) -> u32 {
        self.words(block).first().map_or(0, |word| word.before)
    }

    /// Calls `visit` with the number and the name of each member of a block's set, ascending.
    #[inline]
    pub fn for_each_numbered(&self, block: usize, mut visit: impl FnMut(u32, u32)) {
        for word in self.words(block) {
            let (mut bits, mut number) = (word.bits, word.before);
            while bits != 0 {
                visit(number, word.index * 64 + bits.trailing_zeros());
                number += 1;
                bits &= bits - 1;
            }
        }
    }
}

/// Positions of the bits that are set, ascending.
#[inline]
pub fn ones(mut bits: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        if bits == 0 {
            return None;
        }
        let bit = bits.trailing_zeros();
        bits &= bits - 1;
        Some(bit)
    })
}

/// Solves one problem; see [`Solver::liveness`].
pub fn liveness<S, H>(input: LivenessInput<'_, S, H>) -> Liveness
where
    S: Fn(usize) -> [Option<u32>; 2],
    H: Fn(usize) -> Option<u32>,
{
    Solver::default().liveness(input)
}

/// Where control comes from to each block.
#[derive(Clone, Debug, Default)]
struct Predecessors {
    /// Block and whether it is guarded by a handler that begins here, for all blocks one after the other.
    edges: Vec<(u32, bool)>,
    /// For each block where its edges begin; then where the last one's end.
    first: Vec<u32>,
}

impl Predecessors {
    fn fill<S, H>(&mut self, input: &LivenessInput<'_, S, H>)
    where
        S: Fn(usize) -> [Option<u32>; 2],
        H: Fn(usize) -> Option<u32>,
    {
        let Self { edges, first } = self;
        first.clear();
        first.resize(input.blocks + 2, 0);
        // Counted two places further on, so that filling leaves each place where its edges begin.
        for_each_edge(input, |_, to, _| first[to as usize + 2] += 1);
        for block in 2..first.len() {
            first[block] += first[block - 1];
        }
        edges.clear();
        edges.resize(first[input.blocks + 1] as usize, (0, false));
        for_each_edge(input, |from, to, is_handler| {
            let place = &mut first[to as usize + 1];
            edges[*place as usize] = (from, is_handler);
            *place += 1;
        });
    }

    /// The edges to a block.
    fn edges_to(&self, block: u32) -> &[(u32, bool)] {
        &self.edges[self.of(block)]
    }

    fn of(&self, block: u32) -> std::ops::Range<usize> {
        self.first[block as usize] as usize..self.first[block as usize + 1] as usize
    }
}

fn for_each_edge<S, H>(input: &LivenessInput<'_, S, H>, mut visit: impl FnMut(u32, u32, bool))
where
    S: Fn(usize) -> [Option<u32>; 2],
    H: Fn(usize) -> Option<u32>,
{
    for block in 0..input.blocks {
        (input.successors)(block).into_iter().flatten().for_each(|successor| visit(block as u32, successor, false));
        if let Some(handler) = (input.handler)(block) {
            visit(block as u32, handler, true);
        }
    }
}

/// What is known of no more than 64 variables at a block.
#[derive(Clone, Copy, Debug, Default)]
struct State {
    definitions: u64,
    entering: u64,
    leaving: u64,
    is_pending: bool,
}

/// What a block does with 64 variables, where there are no more, and where control goes from it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Node {
    /// Variables that it reads before it writes them.
    pub uses: u64,
    /// Variables that it writes.
    pub definitions: u64,
    /// Blocks that control goes to. Who has none of something here names the number of blocks instead.
    pub successors: [u32; 2],
    /// The block of the handler that guards it.
    pub handler: u32,
    entering: u64,
    leaving: u64,
    /// The last round in which another block, or this one, asked what is live where it begins.
    asked: u32,
}

impl Liveness {
    /// Room for so many blocks.
    pub fn with_capacity(blocks: usize) -> Self {
        Self { entering: LiveSets::with_capacity(blocks), leaving: LiveSets::with_capacity(blocks) }
    }

    /// Gives variables other names, where there are no more than 64: `rename` gives the new set for a block and the set of those live at its
    /// beginning, `ways` the blocks that control can go to from a block.
    ///
    /// # Panics
    /// When there are more variables.
    pub fn rename(&mut self, mut rename: impl FnMut(usize, u64) -> u64, ways: impl Fn(usize) -> [Option<u32>; 3]) {
        let (Form::Few(entering), Form::Few(leaving)) = (&mut self.entering.0, &mut self.leaving.0) else {
            panic!("there are more than 64 variables")
        };
        for (block, live) in entering.iter_mut().enumerate() {
            *live = rename(block, *live);
        }
        for (block, live) in leaving.iter_mut().enumerate() {
            *live = ways(block).into_iter().flatten().fold(0, |live, way| live | entering[way as usize]);
        }
    }
}

impl Node {
    /// A block of which this is known.
    #[inline]
    pub fn new(uses: u64, definitions: u64, successors: [u32; 2], handler: u32) -> Self {
        Self { uses, definitions, successors, handler, ..Self::default() }
    }
}

/// Code is gone through once, and once more for each loop around a loop. Code whose loops are nested more deeply is solved with a list of what is
/// still to be done.
const MOST_ROUNDS: u32 = 16;

/// Solves one problem after the other in the same tables, which saves making them for each of many small ones.
#[derive(Clone, Debug, Default)]
pub struct Solver {
    predecessors: Predecessors,
    states: Vec<State>,
    /// Blocks at whose beginning more is live than their predecessors know.
    pending: Vec<u32>,
    many: many::Solver,
}

impl Solver {
    /// Solves the equations `in = use ∪ (out − def) ∪ in(handler)`, `out = ⋃ in(successors) ∪ in(handler)` to their least fixed point.
    pub fn liveness<S, H>(&mut self, input: LivenessInput<'_, S, H>) -> Liveness
    where
        S: Fn(usize) -> [Option<u32>; 2],
        H: Fn(usize) -> Option<u32>,
    {
        self.predecessors.fill(&input);
        if input.variables > 64 {
            return self.many.solve(&self.predecessors, &input);
        }
        self.states.clear();
        self.states.resize(input.blocks, State::default());
        self.solve(input.facts);
        let mut live = Liveness::default();
        live.entering.fill(self.states.iter().map(|state| state.entering));
        live.leaving.fill(self.states.iter().map(|state| state.leaving));
        live
    }

    /// Takes back what was found and nobody needs any more: the next problem of many variables is solved in its tables.
    pub fn recycle(&mut self, live: Liveness) {
        self.many.recycle(live);
    }

    /// Solves the same equations for no more than 64 variables. There is one node more than blocks, for those that name none; `backwards` is
    /// an order of the blocks in which they mostly come after those that control goes to from them. Nodes may have been solved before.
    pub fn solve_nodes(
        &mut self,
        nodes: &mut [Node],
        backwards: impl Iterator<Item = u32> + Clone,
        live: &mut Liveness,
    ) {
        let is_solved = (1..=MOST_ROUNDS).any(|round| {
            // Whether a block was asked for what is live there before that changed.
            let mut is_stale = false;
            for block in backwards.clone() {
                let Node { uses, definitions, successors, handler, .. } = nodes[block as usize];
                let mut entering = |of: u32| {
                    let node = &mut nodes[of as usize];
                    node.asked = round;
                    node.entering
                };
                let kept = entering(handler);
                let leaving = entering(successors[0]) | entering(successors[1]) | kept;
                let node = &mut nodes[block as usize];
                let entering = uses | leaving & !definitions | kept;
                is_stale |= node.asked == round && entering != node.entering;
                (node.entering, node.leaving) = (entering, leaving);
            }
            !is_stale
        });
        let blocks = nodes.len() - 1;
        if is_solved {
            live.entering.fill(nodes[..blocks].iter().map(|node| node.entering));
            // The next time begins anew.
            live.leaving.fill(nodes[..blocks].iter_mut().map(|node| {
                (node.entering, node.asked) = (0, 0);
                node.leaving
            }));
            return;
        }
        let mut facts: Vec<(u32, u32, Fact)> = Vec::new();
        for (block, node) in (0..).zip(&mut nodes[..blocks]) {
            (node.entering, node.asked) = (0, 0);
            facts.extend(ones(node.uses).map(|variable| (variable, block, Fact::Use)));
            facts.extend(ones(node.definitions).map(|variable| (variable, block, Fact::Definition)));
        }
        let there = |block: u32| Some(block).filter(|&block| (block as usize) < blocks);
        *live = self.liveness(LivenessInput {
            facts: &facts,
            successors: |block: usize| nodes[block].successors.map(there),
            handler: |block: usize| there(nodes[block].handler),
            blocks,
            variables: 64,
        });
    }

    fn solve(&mut self, facts: &[(u32, u32, Fact)]) {
        for &(variable, block, fact) in facts {
            let bit = 1 << variable;
            match fact {
                Fact::Definition => self.states[block as usize].definitions |= bit,
                Fact::Use => self.enter(block, bit),
            }
        }
        // Popped from the end: later blocks first, which is nearly the order of a backward walk.
        while let Some(block) = self.pending.pop() {
            let state = &mut self.states[block as usize];
            state.is_pending = false;
            let entering = state.entering;
            for edge in self.predecessors.of(block) {
                let (predecessor, is_handler) = self.predecessors.edges[edge];
                let state = &mut self.states[predecessor as usize];
                let reaches = if is_handler { entering } else { entering & !state.definitions };
                state.leaving |= entering;
                self.enter(predecessor, reaches);
            }
        }
    }

    /// Adds to what is live at the beginning of a block.
    fn enter(&mut self, block: u32, bits: u64) {
        let state = &mut self.states[block as usize];
        if bits & !state.entering != 0 {
            state.entering |= bits;
            if !std::mem::replace(&mut state.is_pending, true) {
                self.pending.push(block);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Fact, Liveness, LivenessInput, Node, NumberedSets, Solver, liveness};

    /// Block 0 branches to 1 and 2; 1 goes back to itself or on to 2; an error in 1 leads to 3. Variable 70 is set in 0 and read in 2,
    /// variable 3 is set in 1 and read in 3, variable 5 is read in 1.
    fn solved() -> super::Liveness {
        let facts = &[
            (70, 0, Fact::Definition),
            (3, 1, Fact::Definition),
            (5, 1, Fact::Use),
            (70, 2, Fact::Use),
            (3, 3, Fact::Use),
        ];
        liveness(LivenessInput {
            facts,
            successors: |block: usize| [[Some(1), Some(2)], [Some(1), Some(2)], [None, None], [None, None]][block],
            handler: |block: usize| (block == 1).then_some(3),
            blocks: 4,
            variables: 71,
        })
    }

    #[test]
    fn what_is_read_later_is_live() {
        let live = solved();
        let members =
            |sets: &super::LiveSets| (0..4).map(|block| sets.iter(block).collect::<Vec<_>>()).collect::<Vec<_>>();
        assert_eq!(members(&live.entering), [vec![3, 5], vec![3, 5, 70], vec![70], vec![3]]);
        assert_eq!(members(&live.leaving), [vec![3, 5, 70], vec![3, 5, 70], vec![], vec![]]);
        assert!(live.entering.contains(1, 70) && !live.entering.contains(0, 70) && !live.entering.contains(3, 70));
    }

    #[test]
    fn members_are_numbered_in_order() {
        let mut entering = NumberedSets::default();
        entering.restrict(&solved().entering, &[u64::MAX; 2]);
        let numbers: Vec<Option<u32>> = (0..4)
            .flat_map(|block| solved().entering.iter(block).map(move |variable| (block, variable)))
            .map(|(block, variable)| entering.number(block, variable))
            .collect();
        assert_eq!(numbers, (0..entering.len()).map(Some).collect::<Vec<_>>());
        assert_eq!((entering.number(0, 70), entering.number(2, 3)), (None, None));
        assert_eq!((0..4).map(|block| entering.first_number(block)).collect::<Vec<_>>(), [0, 2, 5, 6]);
        entering.restrict(&solved().entering, &[1 << 5, 1 << (70 - 64)]);
        let mut third = Vec::new();
        entering.for_each_numbered(1, |number, variable| third.push((number, variable)));
        assert_eq!((third, entering.len()), (vec![(1, 5), (2, 70)], 4));
    }

    #[test]
    fn differences_are_those_of_the_sets() {
        let live = solved();
        let mut found = Vec::new();
        live.entering.for_each_difference(Some(0), &live.leaving, Some(2), |variable, is_second| {
            found.push((variable, is_second));
        });
        live.leaving.for_each_difference(None, &live.entering, Some(2), |variable, is_second| {
            found.push((variable, is_second));
        });
        assert_eq!(found, [(3, false), (5, false), (70, true)]);
    }

    /// Loops nested so deeply, each with the block where it ends, and a variable that is set before them and read in the outermost: the outcome
    /// with nodes is that with facts.
    #[test]
    fn nodes_are_solved_as_facts_are() {
        for depth in [0, 1, 5, 40] {
            let blocks = 2 * depth + 2;
            let last = blocks as u32;
            let mut nodes = vec![Node::new(0, 0, [last; 2], last); blocks + 1];
            nodes[0] = Node::new(0, 0b111, [1, last], last);
            let facts = &mut vec![(0, 0, Fact::Definition), (1, 0, Fact::Definition), (2, 0, Fact::Definition)];
            for inner in 1..=depth {
                let latch = blocks - 1 - inner;
                nodes[inner] =
                    Node::new(0, 0, [inner as u32 + 1, latch as u32 + 1], if inner == 3 { last - 1 } else { last });
                nodes[latch] = Node::new(0, 0, [inner as u32, last], last);
            }
            for (block, variable) in [(1, 0), (blocks - 1, 1)] {
                nodes[block].uses |= 1 << variable;
                facts.push((variable, block as u32, Fact::Use));
            }
            let there = |block: u32| Some(block).filter(|&block| block < last);
            let expected = liveness(LivenessInput {
                facts,
                successors: |block: usize| nodes[block].successors.map(there),
                handler: |block: usize| there(nodes[block].handler),
                blocks,
                variables: 64,
            });
            let mut live = Liveness::default();
            Solver::default().solve_nodes(&mut nodes.clone(), (0..last).rev(), &mut live);
            assert_eq!(live, expected, "{depth}");
        }
    }
}
