//! Many sets of small numbers that have most of their members in common: a set for each block of a function, where what is live in one block is
//! nearly all live in the next.
//!
//! A set is a tree of fixed height over the numbers, whose leaves are bits. Sets never change: a set with one member more is made of a new path
//! from the root to that member, and shares the rest with the one that it was made from (Driscoll, Sarnak, Sleator and Tarjan, *Making Data
//! Structures Persistent*, JCSS 1989, §2). What two sets share is the same node in both, so uniting and comparing them skips it: that takes time
//! in what they differ in, not in how many members they have.

/// Words of bits in a leaf.
const LEAF: usize = 4;
/// Numbers that a leaf stands for: two to this power.
const LEAF_BITS: u32 = 8;
/// Children of other nodes: two to this power.
const BRANCH_BITS: u32 = 3;

type Leaf = [u64; LEAF];
type Branch = [u32; 1 << BRANCH_BITS];

/// One of some [`Sets`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Set(u32);

impl Set {
    /// The empty set. Any other has members.
    pub const EMPTY: Self = Self(0);
}

/// How many members nodes have, as far as that was counted; zero where it was not.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    leaves: Vec<u32>,
    branches: Vec<u32>,
}

/// How many nodes there are at some time.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    leaves: usize,
    branches: usize,
}

/// The nodes that sets are made of. Node 0 is the empty one, at each height.
#[derive(Clone, Debug)]
pub struct Sets {
    leaves: Vec<Leaf>,
    branches: Vec<Branch>,
    /// How many nodes are above a leaf.
    height: u32,
    /// Nodes from here on are part of no set but the one that is being changed.
    own: Mark,
}

impl Default for Sets {
    fn default() -> Self {
        Self::new(0)
    }
}

impl Sets {
    /// None yet, of numbers below this.
    pub fn new(numbers: u32) -> Self {
        let empty = (vec![[0; LEAF]], vec![[0; 1 << BRANCH_BITS]]);
        let mut sets = Self { leaves: empty.0, branches: empty.1, height: 0, own: Mark { leaves: 1, branches: 1 } };
        sets.begin(numbers);
        sets
    }

    /// Forgets all sets; from now on they are of numbers below this.
    pub fn begin(&mut self, numbers: u32) {
        let mut leaves = u64::from(numbers).div_ceil(1 << LEAF_BITS);
        self.height = 0;
        while leaves > 1 {
            leaves = leaves.div_ceil(1 << BRANCH_BITS);
            self.height += 1;
        }
        self.forget(Mark { leaves: 1, branches: 1 });
        self.mark();
    }

    /// Says that all sets there are now are to stay as they are: what is changed from now on is copied before.
    pub fn mark(&mut self) -> Mark {
        self.own = Mark { leaves: self.leaves.len(), branches: self.branches.len() };
        self.own
    }

    /// Forgets the sets that were made since.
    pub fn forget(&mut self, mark: Mark) {
        self.leaves.truncate(mark.leaves);
        self.branches.truncate(mark.branches);
    }

    /// A set with a number as well. The set itself is no more, unless it is older than the last [`Sets::mark`].
    #[must_use]
    pub fn with(&mut self, set: Set, number: u32) -> Set {
        Set(self.change(self.height, set.0, number, true))
    }

    /// A set without a number. The set itself is no more, unless it is older than the last [`Sets::mark`].
    #[must_use]
    pub fn without(&mut self, set: Set, number: u32) -> Set {
        Set(self.change(self.height, set.0, number, false))
    }

    fn change(&mut self, height: u32, node: u32, number: u32, is_in: bool) -> u32 {
        if node == 0 && !is_in {
            return 0;
        }
        if height == 0 {
            let mut leaf = self.leaves[node as usize];
            let (word, bit) = (word_in_leaf(number), 1 << (number % 64));
            if (leaf[word] & bit != 0) == is_in {
                return node;
            }
            leaf[word] ^= bit;
            if leaf == [0; LEAF] {
                return 0;
            }
            if node as usize >= self.own.leaves {
                self.leaves[node as usize] = leaf;
                return node;
            }
            self.leaves.push(leaf);
            return self.leaves.len() as u32 - 1;
        }
        let at = child_at(number, height);
        let child = self.branches[node as usize][at];
        let new = self.change(height - 1, child, number, is_in);
        if new == child {
            return node;
        }
        let mut branch = self.branches[node as usize];
        branch[at] = new;
        if new == 0 && branch == [0; 1 << BRANCH_BITS] {
            return 0;
        }
        if node as usize >= self.own.branches {
            self.branches[node as usize][at] = new;
            return node;
        }
        self.branches.push(branch);
        self.branches.len() as u32 - 1
    }

    /// What is in one of two sets. Nobody may change the outcome before the next [`Sets::mark`], as it can be part of what it was made from.
    #[must_use]
    pub fn union(&mut self, a: Set, b: Set) -> Set {
        Set(self.unite(self.height, a.0, b.0))
    }

    fn unite(&mut self, height: u32, a: u32, b: u32) -> u32 {
        if a == b || b == 0 {
            return a;
        }
        if a == 0 {
            return b;
        }
        if height == 0 {
            let (left, right) = (self.leaves[a as usize], self.leaves[b as usize]);
            let both: Leaf = std::array::from_fn(|at| left[at] | right[at]);
            return match both {
                _ if both == left => a,
                _ if both == right => b,
                _ => {
                    self.leaves.push(both);
                    self.leaves.len() as u32 - 1
                }
            };
        }
        let (left, right) = (self.branches[a as usize], self.branches[b as usize]);
        let both: Branch = std::array::from_fn(|at| self.unite(height - 1, left[at], right[at]));
        match both {
            _ if both == left => a,
            _ if both == right => b,
            _ => {
                self.branches.push(both);
                self.branches.len() as u32 - 1
            }
        }
    }

    /// What is in the first of two sets alone. Of the outcome holds what [`Sets::union`] says.
    #[must_use]
    pub fn difference(&mut self, a: Set, b: Set) -> Set {
        Set(self.subtract(self.height, a.0, b.0))
    }

    fn subtract(&mut self, height: u32, a: u32, b: u32) -> u32 {
        if a == b {
            return 0;
        }
        if a == 0 || b == 0 {
            return a;
        }
        if height == 0 {
            let (left, right) = (self.leaves[a as usize], self.leaves[b as usize]);
            let rest: Leaf = std::array::from_fn(|at| left[at] & !right[at]);
            return match rest {
                _ if rest == left => a,
                _ if rest == [0; LEAF] => 0,
                _ => {
                    self.leaves.push(rest);
                    self.leaves.len() as u32 - 1
                }
            };
        }
        let (left, right) = (self.branches[a as usize], self.branches[b as usize]);
        let rest: Branch = std::array::from_fn(|at| self.subtract(height - 1, left[at], right[at]));
        match rest {
            _ if rest == left => a,
            _ if rest == [0; 1 << BRANCH_BITS] => 0,
            _ => {
                self.branches.push(rest);
                self.branches.len() as u32 - 1
            }
        }
    }

    /// The set of all numbers in a range.
    #[must_use]
    pub fn range(&mut self, numbers: std::ops::Range<u32>) -> Set {
        Set(if numbers.is_empty() { 0 } else { self.fill(self.height, 0, numbers.start, numbers.end - 1) })
    }

    /// The part from `first` to `last` of the node whose numbers begin with `start`.
    fn fill(&mut self, height: u32, start: u32, first: u32, last: u32) -> u32 {
        let end = u64::from(start) + (1 << (LEAF_BITS + height * BRANCH_BITS));
        if first > last || u64::from(first) >= end || last < start {
            return 0;
        }
        if height == 0 {
            let leaf: Leaf = std::array::from_fn(|at| {
                let from = start + 64 * at as u32;
                let below = |number: u32| match number.saturating_sub(from) {
                    count @ 0..64 => (1 << count) - 1,
                    _ => u64::MAX,
                };
                below(last.saturating_add(1)) & !below(first)
            });
            self.leaves.push(leaf);
            return self.leaves.len() as u32 - 1;
        }
        let width = LEAF_BITS + (height - 1) * BRANCH_BITS;
        // Children that are filled up are all the same.
        let mut full = 0;
        let mut branch = [0; 1 << BRANCH_BITS];
        for (at, child) in (0_u64..).zip(&mut branch) {
            let Ok(begin) = u32::try_from(u64::from(start) + (at << width)) else { break };
            let is_full = first <= begin && u64::from(last) >= u64::from(begin) + (1 << width) - 1;
            if is_full && full != 0 {
                *child = full;
                continue;
            }
            *child = self.fill(height - 1, begin, first, last);
            if is_full {
                full = *child;
            }
        }
        self.branches.push(branch);
        self.branches.len() as u32 - 1
    }

    /// Whether a number is in a set.
    #[inline]
    pub fn contains(&self, set: Set, number: u32) -> bool {
        let mut node = set.0;
        for height in (1..=self.height).rev() {
            node = self.branches[node as usize][child_at(number, height)];
        }
        self.leaves[node as usize][word_in_leaf(number)] >> (number % 64) & 1 != 0
    }

    /// Counts the members of sets, each node once: what was counted is in `counts`, which is for these sets alone.
    pub fn count(&self, set: Set, counts: &mut Counts) -> u64 {
        counts.leaves.resize(self.leaves.len(), 0);
        counts.branches.resize(self.branches.len(), 0);
        self.count_in(self.height, set.0, counts)
    }

    fn count_in(&self, height: u32, node: u32, counts: &mut Counts) -> u64 {
        if node == 0 {
            return 0;
        }
        let known = if height == 0 { counts.leaves[node as usize] } else { counts.branches[node as usize] };
        if known != 0 {
            return u64::from(known);
        }
        let count = if height == 0 {
            self.leaves[node as usize].iter().map(|word| u64::from(word.count_ones())).sum()
        } else {
            self.branches[node as usize].iter().map(|&child| self.count_in(height - 1, child, counts)).sum::<u64>()
        };
        *(if height == 0 { &mut counts.leaves[node as usize] } else { &mut counts.branches[node as usize] }) =
            count as u32;
        count
    }

    /// Whether two sets have the same members.
    pub fn are_equal(&self, a: Set, b: Set) -> bool {
        self.is_same(self.height, a.0, b.0)
    }

    fn is_same(&self, height: u32, a: u32, b: u32) -> bool {
        if a == b {
            return true;
        }
        // No node without members has another number than 0.
        if a == 0 || b == 0 {
            return false;
        }
        if height == 0 {
            return self.leaves[a as usize] == self.leaves[b as usize];
        }
        let children = self.branches[a as usize].iter().zip(&self.branches[b as usize]);
        children.into_iter().all(|(&a, &b)| self.is_same(height - 1, a, b))
    }

    /// Calls `visit` with each 64 numbers of which some are in one of two sets only, ascending: the first of them divided by 64, and the bits of
    /// both sets.
    pub fn for_each_difference(&self, a: Set, b: Set, mut visit: impl FnMut(u32, u64, u64)) {
        self.differ(self.height, 0, [a.0, b.0], &mut visit);
    }

    fn differ(&self, height: u32, start: u32, [a, b]: [u32; 2], visit: &mut impl FnMut(u32, u64, u64)) {
        if a == b {
            return;
        }
        if height == 0 {
            let words = self.leaves[a as usize].iter().zip(&self.leaves[b as usize]);
            for (index, (&a, &b)) in (start / 64..).zip(words).filter(|(_, (a, b))| a != b) {
                visit(index, a, b);
            }
            return;
        }
        let width = LEAF_BITS + (height - 1) * BRANCH_BITS;
        for (at, (&a, &b)) in (0..).zip(self.branches[a as usize].iter().zip(&self.branches[b as usize])) {
            // What lies beyond all numbers is empty in both.
            if a != b {
                self.differ(height - 1, start + (at << width), [a, b], visit);
            }
        }
    }
}

fn word_in_leaf(number: u32) -> usize {
    number as usize / 64 % LEAF
}

fn child_at(number: u32, height: u32) -> usize {
    (number >> (LEAF_BITS + (height - 1) * BRANCH_BITS)) as usize % (1 << BRANCH_BITS)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::{Counts, Set, Sets};

    fn members(sets: &Sets, set: Set) -> BTreeSet<u32> {
        let mut members = BTreeSet::new();
        sets.for_each_difference(Set::EMPTY, set, |index, _, bits| {
            members.extend((0..64).filter(|bit| bits >> bit & 1 != 0).map(|bit| index * 64 + bit));
        });
        members
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        /// Whatever is done to sets, they have the members that sets of another kind have to which the same is done.
        #[test]
        fn sets_have_the_members_they_should(
            numbers in prop::sample::select(vec![1_u32, 64, 256, 257, 4096, 5000]),
            steps in prop::collection::vec((0..6_u8, 0..8_usize, 0..8_usize, any::<u32>(), any::<u32>()), 1..60),
        ) {
            let mut sets = Sets::new(numbers);
            let mut made = vec![(Set::EMPTY, BTreeSet::new())];
            for (kind, a, b, number, other) in steps {
                let ((a, left), (b, right)) = (made[a % made.len()].clone(), made[b % made.len()].clone());
                let (number, other) = (number % numbers, other % (numbers + 1));
                sets.mark();
                let (set, expected) = match kind {
                    0 => (sets.with(a, number), left.iter().copied().chain([number]).collect()),
                    1 => (sets.without(a, number), left.iter().copied().filter(|&member| member != number).collect()),
                    2 => {
                        // The second change is made to the copy that the first one has made.
                        let once = sets.with(a, number);
                        let twice = sets.without(once, other);
                        let expected = left.iter().copied().chain([number]).filter(|&member| member != other);
                        (twice, expected.collect())
                    }
                    3 => (sets.union(a, b), left.union(&right).copied().collect()),
                    4 => (sets.difference(a, b), left.difference(&right).copied().collect()),
                    _ => (sets.range(number..other), (number..other).collect::<BTreeSet<u32>>()),
                };
                made.push((set, expected));
            }
            let mut counts = Counts::default();
            for (set, expected) in &made {
                prop_assert_eq!(sets.count(*set, &mut counts), expected.len() as u64);
                prop_assert_eq!(&members(&sets, *set), expected);
                prop_assert_eq!(*set == Set::EMPTY, expected.is_empty());
                let some = expected.iter().copied().take(20).chain((0..20).map(|step| step * 97 % numbers));
                for number in some {
                    prop_assert_eq!(sets.contains(*set, number), expected.contains(&number));
                }
                for (other, members) in made.iter().take(5) {
                    prop_assert_eq!(sets.are_equal(*set, *other), expected == members);
                    let mut differing = BTreeSet::new();
                    sets.for_each_difference(*set, *other, |index, a, b| {
                        differing.extend((0..64).filter(|bit| (a ^ b) >> bit & 1 != 0).map(|bit| index * 64 + bit));
                    });
                    prop_assert_eq!(differing, expected.symmetric_difference(members).copied().collect());
                }
            }
        }
    }

    #[test]
    fn what_is_forgotten_takes_no_space() {
        let mut sets = Sets::new(1000);
        let kept = sets.with(Set::EMPTY, 500);
        let mark = sets.mark();
        let more = sets.with(kept, 7);
        assert!(sets.contains(more, 7) && sets.contains(more, 500) && !sets.contains(kept, 7));
        sets.forget(mark);
        assert_eq!((sets.leaves.len(), sets.branches.len()), (mark.leaves, mark.branches));
        assert_eq!(members(&sets, kept), BTreeSet::from([500]));
    }
}
