//! Where the values of converted code live, for people to look at.

use std::ops::Range;

use isa::StackCode;

use crate::allocate::{Location, RegisterAllocator};
use crate::live::LiveRange;
use crate::{ConvertError, Options, Statistics, cleanup, emit, lift, live};

/// How the registers of a function were assigned.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// Live ranges with where they live, by start.
    pub ranges: Vec<(LiveRange, Location)>,
    /// For each virtual register how often it is read and written, weighted by loops.
    pub weights: Vec<u32>,
    /// For each register instruction the point at which it reads its operands; it writes at the next one.
    pub points: Vec<u32>,
}

impl Assignment {
    /// For each range the first and the last instruction at which it holds a value: it is written by the first, unless it is there from the
    /// beginning, and read last by the last. None for a range of whose points no instruction is left.
    pub fn instructions(&self) -> Vec<Option<(u32, u32)>> {
        // Points do not ascend where a loop's entry was put into the block before it.
        let mut by_point: Vec<(u32, u32)> = self.points.iter().copied().zip(0..).collect();
        by_point.sort_unstable();
        let extremes = Extremes::new(by_point.iter().map(|&(_, instruction)| instruction));
        let instructions = |(range, _): &(LiveRange, Location)| {
            let first = by_point.partition_point(|&(point, _)| point + 1 < range.start);
            let past = by_point.partition_point(|&(point, _)| point <= range.end);
            extremes.of(first..past)
        };
        self.ranges.iter().map(instructions).collect()
    }
}

/// The least and the greatest of any stretch of a row of numbers: a binary tree with the numbers as its leaves, whose nodes have the extremes
/// of their children.
struct Extremes {
    /// Node `n` has the children `2 n` and `2 n + 1`; the leaves come last.
    nodes: Vec<(u32, u32)>,
    leaves: usize,
}

impl Extremes {
    fn new(numbers: impl ExactSizeIterator<Item = u32>) -> Self {
        let leaves = numbers.len();
        let mut nodes = vec![(0, 0); leaves];
        nodes.extend(numbers.map(|number| (number, number)));
        for node in (1..leaves).rev() {
            nodes[node] = both(nodes[2 * node], nodes[2 * node + 1]);
        }
        Self { nodes, leaves }
    }

    fn of(&self, range: Range<usize>) -> Option<(u32, u32)> {
        let (mut low, mut high) = (range.start + self.leaves, range.end + self.leaves);
        let mut found: Option<(u32, u32)> = None;
        while low < high {
            // What lies at the edge and is not covered by a node of the next level.
            if low % 2 == 1 {
                found = Some(found.map_or(self.nodes[low], |found| both(found, self.nodes[low])));
                low += 1;
            }
            if high % 2 == 1 {
                high -= 1;
                found = Some(found.map_or(self.nodes[high], |found| both(found, self.nodes[high])));
            }
            (low, high) = (low / 2, high / 2);
        }
        found
    }
}

fn both(left: (u32, u32), right: (u32, u32)) -> (u32, u32) {
    (left.0.min(right.0), left.1.max(right.1))
}

/// Converts a function once more and tells how its registers were assigned.
///
/// # Errors
/// As for [`convert`](crate::convert).
pub fn assignment(code: &StackCode, function: u32, options: Options) -> Result<Assignment, ConvertError> {
    let source = &code.functions[function as usize];
    let mut lifted = lift::lift(code, source, options.without);
    cleanup::clean_up(&mut lifted, &code.constants, options.without);
    let ranges = live::live_ranges(&lifted);
    let allocation = options.allocator.allocate(&mut lifted, &ranges, options.registers);
    // Splitting changes the function.
    let after = live::live_ranges(&lifted);
    let mut statistics = Statistics::default();
    let mut tables = emit::Tables::with_points();
    emit::emit_in(&mut tables, code, source, &lifted, [&ranges, &after], &allocation, &mut statistics)?;
    let located = |range: &LiveRange| (*range, allocation.locations[range.register as usize]);
    Ok(Assignment {
        ranges: after.ranges.iter().map(located).collect(),
        weights: live::weights(&lifted),
        points: tables.points.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::Assignment;
    use crate::allocate::Location;
    use crate::live::LiveRange;

    #[test]
    fn instructions_are_those_that_a_search_finds() {
        // Loops' entries come before what they were behind.
        let points = vec![2, 4, 10, 6, 6, 8, 16, 18, 12, 14, 30];
        let bounds = (0..32).flat_map(|start| (start..32).map(move |end| (start, end)));
        let ranges = bounds.map(|(start, end)| (LiveRange { register: 0, start, end }, Location::Nowhere));
        let assignment = Assignment { ranges: ranges.collect(), weights: vec![1], points };
        for ((range, _), found) in assignment.ranges.iter().zip(assignment.instructions()) {
            let holds = |&point: &u32| range.start <= point + 1 && point <= range.end;
            let first = assignment.points.iter().position(holds).map(|first| first as u32);
            let last = assignment.points.iter().rposition(holds).map(|last| last as u32);
            assert_eq!(found, first.zip(last), "{range:?}");
        }
    }
}
