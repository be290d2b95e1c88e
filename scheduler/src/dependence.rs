//! Dependences within a straight line of instructions, and how parallel they could be.
//!
//! Instructions are given as what they read and write, whatever that is: registers, slots, locations. There are three kinds of dependence (Hennessy and
//! Patterson, *Computer Architecture*, section 3.1): read after write is true; write after read and write after write are only about names,
//! and go away where each write has a place of its own. The graph has an edge to the last instruction of each kind that matters, so it has no
//! more edges than operands; what follows from others is left out.

use std::collections::HashMap;
use std::hash::Hash;

/// What an instruction reads and writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects<L> {
    /// What it reads.
    pub reads: Vec<L>,
    /// What it writes, after it has read.
    pub writes: Vec<L>,
}

impl<L> Effects<L> {
    /// Reads these, then writes those.
    pub fn new(reads: impl Into<Vec<L>>, writes: impl Into<Vec<L>>) -> Self {
        Effects { reads: reads.into(), writes: writes.into() }
    }
}

/// Why an instruction must come after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// It reads what the other wrote.
    ReadAfterWrite,
    /// It overwrites what the other read.
    WriteAfterRead,
    /// It overwrites what the other wrote.
    WriteAfterWrite,
}

/// An instruction must come after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edge {
    /// The earlier one, by its place in the line.
    pub from: usize,
    /// The later one.
    pub to: usize,
    /// Why.
    pub kind: Kind,
}

/// The dependences within a line of instructions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    count: usize,
    /// By the later instruction, then the earlier, then the kind; each once.
    edges: Vec<Edge>,
}

impl Graph {
    /// The graph of a line of instructions. Takes time in proportion to their operands, and to sorting the edges.
    pub fn new<L: Clone + Eq + Hash>(line: &[Effects<L>]) -> Self {
        /// Who wrote a location last, and who has read it since.
        #[derive(Default)]
        struct Last {
            writer: Option<usize>,
            readers: Vec<usize>,
        }
        let mut locations: HashMap<&L, Last> = HashMap::new();
        let mut edges = Vec::new();
        for (to, effects) in line.iter().enumerate() {
            for location in &effects.reads {
                let last = locations.entry(location).or_default();
                edges.extend(last.writer.map(|from| Edge { from, to, kind: Kind::ReadAfterWrite }));
                last.readers.push(to);
            }
            for location in &effects.writes {
                let last = locations.entry(location).or_default();
                let readers = last.readers.drain(..).filter(|&from| from != to);
                edges.extend(readers.map(|from| Edge { from, to, kind: Kind::WriteAfterRead }));
                let writer = last.writer.replace(to).filter(|&from| from != to);
                edges.extend(writer.map(|from| Edge { from, to, kind: Kind::WriteAfterWrite }));
            }
        }
        edges.sort_unstable_by_key(|edge| (edge.to, edge.from, edge.kind));
        edges.dedup();
        Graph { count: line.len(), edges }
    }

    /// All edges, by the later instruction.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// The same without dependences that are only about names.
    pub fn renamed(&self) -> Graph {
        let is_true = |edge: &&Edge| edge.kind == Kind::ReadAfterWrite;
        Graph { count: self.count, edges: self.edges.iter().filter(is_true).copied().collect() }
    }

    /// When each instruction could end if there were no limit but the graph, where `cost` says how long each one takes.
    pub fn ends(&self, cost: impl Fn(usize) -> u64) -> Vec<u64> {
        let mut ends: Vec<u64> = Vec::with_capacity(self.count);
        let mut edges = self.edges.iter().peekable();
        for at in 0..self.count {
            let mut begin = 0;
            while let Some(edge) = edges.next_if(|edge| edge.to == at) {
                begin = begin.max(ends[edge.from]);
            }
            ends.push(begin + cost(at));
        }
        ends
    }

    /// The longest path, where `cost` says how long each instruction takes.
    pub fn critical_path(&self, cost: impl Fn(usize) -> u64) -> u64 {
        self.ends(cost).into_iter().max().unwrap_or(0)
    }

    /// Instructions by levels: those of one level depend on those of levels before it only, and could be executed at once.
    pub fn levels(&self) -> Vec<Vec<usize>> {
        let mut levels = Vec::new();
        for (at, end) in self.ends(|_| 1).into_iter().enumerate() {
            let level = end as usize - 1;
            levels.resize_with(levels.len().max(level + 1), Vec::new);
            levels[level].push(at);
        }
        levels
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::Numbers;

    /// `a = 1; b = a; a = 2; c = a + b`
    fn line() -> Vec<Effects<char>> {
        vec![
            Effects::new([], ['a']),
            Effects::new(['a'], ['b']),
            Effects::new([], ['a']),
            Effects::new(['a', 'b'], ['c']),
        ]
    }

    #[test]
    fn all_three_kinds() {
        let edge = |from, to, kind| Edge { from, to, kind };
        let expected = [
            edge(0, 1, Kind::ReadAfterWrite),
            edge(0, 2, Kind::WriteAfterWrite),
            edge(1, 2, Kind::WriteAfterRead),
            edge(1, 3, Kind::ReadAfterWrite),
            edge(2, 3, Kind::ReadAfterWrite),
        ];
        assert_eq!(Graph::new(&line()).edges(), expected);
    }

    #[test]
    fn names_make_the_path_longer() {
        let graph = Graph::new(&line());
        assert_eq!(graph.critical_path(|_| 1), 4);
        assert_eq!(graph.levels(), [[0], [1], [2], [3]]);
        let renamed = graph.renamed();
        assert_eq!(renamed.critical_path(|_| 1), 3);
        assert_eq!(renamed.levels(), [vec![0, 2], vec![1], vec![3]]);
        assert_eq!(renamed.critical_path(|at| [5, 1, 20, 1][at]), 21);
    }

    #[test]
    fn an_instruction_does_not_depend_on_itself() {
        let graph = Graph::new(&[Effects::new([1], [1]), Effects::new([1, 1], [1, 1])]);
        assert!(graph.edges().iter().all(|edge| (edge.from, edge.to) == (0, 1)));
        assert_eq!(graph.edges().len(), 2);
        assert_eq!(Graph::new::<u8>(&[]).levels(), Vec::<Vec<usize>>::new());
    }

    /// What must stay in order stays in order: two instructions that touch the same location, one of which writes, are on a path.
    #[test]
    fn random_lines_keep_every_conflict_in_order() {
        for seed in 0..300 {
            let mut numbers = Numbers(seed);
            let mut some = || (0..numbers.below(3)).map(|_| numbers.below(4)).collect::<Vec<_>>();
            let line: Vec<_> = (0..12).map(|_| Effects { reads: some(), writes: some() }).collect();
            let graph = Graph::new(&line);
            let mut before = vec![vec![false; line.len()]; line.len()];
            for edge in graph.edges() {
                let through = before[edge.from].clone();
                before[edge.to].iter_mut().zip(through).for_each(|(known, more)| *known |= more);
                before[edge.to][edge.from] = true;
            }
            let meet = |these: &[u64], those: &[u64]| these.iter().any(|location| those.contains(location));
            for (to, later) in line.iter().enumerate() {
                for (from, earlier) in line[..to].iter().enumerate() {
                    let conflict = meet(&earlier.writes, &later.reads)
                        || meet(&earlier.reads, &later.writes)
                        || meet(&earlier.writes, &later.writes);
                    assert!(!conflict || before[to][from], "seed {seed}: {from} before {to}");
                }
            }
        }
    }
}
