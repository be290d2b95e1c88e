//! Live variables: backward data flow over basic blocks, 64 variables at a time.
//!
//! Code with many variables has few of them alive at most places. So the problem is solved for a machine word of variables after the other,
//! each time only at the blocks that these variables touch, and of the outcome only words with something in them are kept. That takes time
//! and space in the number of such words, not in that of blocks times variables.

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
    /// Variable, block, and what that does with it. In the order of the blocks the problem is solved fastest. They are sorted on the way.
    pub facts: &'f mut [(u32, u32, Fact)],
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

/// Some of the 64 variables from `64 * index` on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LiveWord {
    /// Which word of the set.
    pub index: u32,
    /// Members of all words before this one, those of the sets of earlier blocks included.
    pub before: u32,
    /// A bit for each variable.
    pub bits: u64,
}

impl LiveWord {
    /// Its members, ascending.
    #[inline]
    pub fn variables(self) -> impl Iterator<Item = u32> {
        ones(self.bits).map(move |bit| self.index * 64 + bit)
    }
}

/// A set of variables for each block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveSets {
    /// Words of all sets, block by block, ascending.
    words: Vec<LiveWord>,
    /// For each block where its words begin; then where the last one's end. Nothing when there are no more variables than a word has: then
    /// each block has one, which may be zero.
    first: Vec<u32>,
}

impl LiveSets {
    /// Room for one word for each of so many blocks.
    pub fn with_capacity(blocks: usize) -> Self {
        Self { words: Vec::with_capacity(blocks), first: Vec::new() }
    }

    /// Forgets all sets.
    fn clear(&mut self) {
        self.words.clear();
        self.first.clear();
    }

    /// Becomes the part of other sets that `kept`, a bit for each variable, has.
    pub fn restrict(&mut self, other: &Self, kept: &[u64]) {
        self.clear();
        self.first.extend_from_slice(&other.first);
        let mut before = 0;
        self.words.extend(other.words.iter().map(|word| {
            let bits = word.bits & kept.get(word.index as usize).copied().unwrap_or(0);
            let restricted = LiveWord { before, bits, ..*word };
            before += bits.count_ones();
            restricted
        }));
    }

    /// The words of a block's set, ascending.
    #[inline]
    pub fn words(&self, block: usize) -> &[LiveWord] {
        if self.first.is_empty() {
            let word = &self.words[block];
            return if word.bits == 0 { &[] } else { std::slice::from_ref(word) };
        }
        &self.words[self.first[block] as usize..self.first[block + 1] as usize]
    }

    /// The word of a block's set, if sets have one word each.
    #[inline]
    pub fn only_word(&self, block: usize) -> Option<u64> {
        self.first.is_empty().then(|| self.words[block].bits)
    }

    /// Whether a variable is in a block's set.
    #[inline]
    pub fn contains(&self, block: usize, variable: u32) -> bool {
        self.word(block, variable).is_some_and(|word| word.bits >> (variable % 64) & 1 != 0)
    }

    /// Members of a block's set, ascending.
    pub fn iter(&self, block: usize) -> impl Iterator<Item = u32> + '_ {
        self.words(block).iter().flat_map(|word| word.variables())
    }

    /// How many members all sets have together.
    pub fn len(&self) -> usize {
        self.words.last().map_or(0, |word| word.before as usize + word.bits.count_ones() as usize)
    }

    /// Whether all sets are empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Numbers the members of all sets, from 0 to [`Self::len`], in the order of [`Self::iter`]: the number of a variable in a block's set.
    pub fn number(&self, block: usize, variable: u32) -> Option<u32> {
        let word = self.word(block, variable)?;
        let below = word.bits & ((1 << (variable % 64)) - 1);
        (word.bits >> (variable % 64) & 1 != 0).then(|| word.before + below.count_ones())
    }

    /// The number of the first member of a block's set; those of the others follow.
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

    /// Becomes sets of the first 64 variables, for each block in turn.
    fn fill(&mut self, sets: impl Iterator<Item = u64>) {
        self.clear();
        let mut before = 0;
        self.words.extend(sets.map(|bits| {
            let word = LiveWord { index: 0, before, bits };
            before += bits.count_ones();
            word
        }));
    }

    fn word(&self, block: usize, variable: u32) -> Option<&LiveWord> {
        if self.first.is_empty() {
            return self.words.get(block).filter(|_| variable < 64);
        }
        let words = self.words(block);
        match words.binary_search_by_key(&(variable / 64), |word| word.index) {
            Ok(at) => Some(&words[at]),
            Err(_) => None,
        }
    }
}

/// Calls `visit` with each variable that is in one of two sets only, and whether that is the second.
#[inline]
pub fn for_each_difference(first: &[LiveWord], second: &[LiveWord], mut visit: impl FnMut(u32, bool)) {
    let (mut left, mut right) = (0, 0);
    while left < first.len() || right < second.len() {
        let index_at = |words: &[LiveWord], at: usize| words.get(at).map_or(u32::MAX, |word| word.index);
        let index = index_at(first, left).min(index_at(second, right));
        let take = |words: &[LiveWord], at: &mut usize| match words.get(*at) {
            Some(word) if word.index == index => {
                *at += 1;
                word.bits
            }
            _ => 0,
        };
        let (before, after) = (take(first, &mut left), take(second, &mut right));
        let mut bits = before ^ after;
        while bits != 0 {
            let bit = bits.trailing_zeros();
            visit(index * 64 + bit, after >> bit & 1 != 0);
            bits &= bits - 1;
        }
    }
}

/// Positions of the bits that are set, ascending.
#[inline]
fn ones(mut bits: u64) -> impl Iterator<Item = u32> {
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

/// What is known of the current 64 variables at a block. All zero between two words.
#[derive(Clone, Copy, Debug, Default)]
struct State {
    definitions: u64,
    entering: u64,
    leaving: u64,
    is_pending: bool,
    is_touched: bool,
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
    /// Blocks whose state is not all zero.
    touched: Vec<u32>,
}

impl Solver {
    /// Solves the equations `in = use ∪ (out − def) ∪ in(handler)`, `out = ⋃ in(successors) ∪ in(handler)` to their least fixed point.
    pub fn liveness<S, H>(&mut self, input: LivenessInput<'_, S, H>) -> Liveness
    where
        S: Fn(usize) -> [Option<u32>; 2],
        H: Fn(usize) -> Option<u32>,
    {
        self.predecessors.fill(&input);
        self.states.clear();
        self.states.resize(input.blocks, State::default());
        self.touched.clear();
        if input.variables <= 64 {
            self.solve(input.facts);
            let mut live = Liveness::default();
            live.entering.fill(self.states.iter().map(|state| state.entering));
            live.leaving.fill(self.states.iter().map(|state| state.leaving));
            return live;
        }
        // By word only, so that blocks stay in order.
        input.facts.sort_by_key(|&(variable, _, _)| variable / 64);
        let mut found = Found::new(input.blocks);
        for facts in input.facts.chunk_by(|a, b| a.0 / 64 == b.0 / 64) {
            self.solve(facts);
            found.take(facts[0].0 / 64, self);
        }
        Liveness { entering: found.entering.by_block(input.blocks), leaving: found.leaving.by_block(input.blocks) }
    }

    /// Solves the same equations for no more than 64 variables. There is one node more than blocks, for those that name none; `backwards` is
    /// an order of the blocks in which they mostly come after those that control goes to from them.
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
            live.leaving.fill(nodes[..blocks].iter().map(|node| node.leaving));
            return;
        }
        let mut facts: Vec<(u32, u32, Fact)> = Vec::new();
        for (block, node) in (0..).zip(&nodes[..blocks]) {
            facts.extend(ones(node.uses).map(|variable| (variable, block, Fact::Use)));
            facts.extend(ones(node.definitions).map(|variable| (variable, block, Fact::Definition)));
        }
        let there = |block: u32| Some(block).filter(|&block| (block as usize) < blocks);
        *live = self.liveness(LivenessInput {
            facts: &mut facts,
            successors: |block: usize| nodes[block].successors.map(there),
            handler: |block: usize| there(nodes[block].handler),
            blocks,
            variables: 64,
        });
    }

    fn solve(&mut self, facts: &[(u32, u32, Fact)]) {
        for &(variable, block, fact) in facts {
            let bit = 1 << (variable % 64);
            self.touch(block);
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
                self.touch(predecessor);
                self.enter(predecessor, reaches);
            }
        }
    }

    fn touch(&mut self, block: u32) {
        if !std::mem::replace(&mut self.states[block as usize].is_touched, true) {
            self.touched.push(block);
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

/// The outcome so far.
struct Found {
    entering: Words,
    leaving: Words,
}

/// Words in the order in which they were found, with their blocks.
#[derive(Default)]
struct Words(Vec<(u32, LiveWord)>);

impl Found {
    fn new(blocks: usize) -> Self {
        Self { entering: Words(Vec::with_capacity(blocks)), leaving: Words(Vec::with_capacity(blocks)) }
    }

    /// Takes what was found of a word, and makes the solver ready for the next.
    fn take(&mut self, index: u32, solver: &mut Solver) {
        for block in solver.touched.drain(..) {
            let state = std::mem::take(&mut solver.states[block as usize]);
            self.entering.push(block, index, state.entering);
            self.leaving.push(block, index, state.leaving);
        }
    }
}

impl Words {
    fn push(&mut self, block: u32, index: u32, bits: u64) {
        if bits != 0 {
            self.0.push((block, LiveWord { index, before: 0, bits }));
        }
    }

    /// Sorts them by block; those of a block come in order.
    fn by_block(self, blocks: usize) -> LiveSets {
        // Counted two places further on, so that filling leaves each place where its words begin.
        let mut first = vec![0_u32; blocks + 2];
        self.0.iter().for_each(|&(block, _)| first[block as usize + 2] += 1);
        for block in 2..first.len() {
            first[block] += first[block - 1];
        }
        let mut words = vec![LiveWord::default(); self.0.len()];
        for (block, word) in self.0 {
            let place = &mut first[block as usize + 1];
            words[*place as usize] = word;
            *place += 1;
        }
        let mut before = 0;
        for word in &mut words {
            word.before = before;
            before += word.bits.count_ones();
        }
        first.truncate(blocks + 1);
        LiveSets { words, first }
    }
}

#[cfg(test)]
mod tests {
    use super::{Fact, Liveness, LivenessInput, Node, Solver, for_each_difference, liveness};

    /// Block 0 branches to 1 and 2; 1 goes back to itself or on to 2; an error in 1 leads to 3. Variable 70 is set in 0 and read in 2,
    /// variable 3 is set in 1 and read in 3, variable 5 is read in 1.
    fn solved() -> super::Liveness {
        let facts = &mut [
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
        let entering = solved().entering;
        let numbers: Vec<Option<u32>> = (0..4)
            .flat_map(|block| entering.iter(block).map(move |variable| (block, variable)))
            .map(|(block, variable)| entering.number(block, variable))
            .collect();
        assert_eq!(numbers, (0..entering.len() as u32).map(Some).collect::<Vec<_>>());
        assert_eq!((entering.number(0, 70), entering.number(2, 3)), (None, None));
        assert_eq!((0..4).map(|block| entering.first_number(block)).collect::<Vec<_>>(), [0, 2, 5, 6]);
    }

    #[test]
    fn differences_are_those_of_the_sets() {
        let live = solved();
        let mut found = Vec::new();
        for_each_difference(live.entering.words(0), live.entering.words(2), |variable, is_second| {
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
