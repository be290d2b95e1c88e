//! Regions: the pieces into which a function can be cut for hybrid code.
//!
//! A piece may run as register code or stay as stack code whatever its neighbours do, so nothing but locals may cross its border: the operand
//! stack is empty there. A region is the least set of basic blocks for which that holds. Two blocks with an edge between them on
//! which a value waits on the stack are in one region, and so are a guarded block and its handler's if the handler finds values that
//! the block has left there. (The thrown value is no such value: raising the error puts it where the handler wants it.)

use std::ops::Range;

use isa::{Function, Stack};
use optimizer::ControlFlowGraph;

/// A region of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Its instructions, as stretches of the code in order that do not touch. There is at least one.
    pub code: Vec<Range<u32>>,
}

impl Region {
    /// The indices of its instructions.
    pub fn instructions(&self) -> impl Iterator<Item = u32> + '_ {
        self.code.iter().cloned().flatten()
    }
}

/// Cuts a function of a verified module into regions, in the order of their first instructions. What control never reaches is in none.
pub fn regions(function: &Function<Stack>) -> Vec<Region> {
    let graph = ControlFlowGraph::new(function);
    let mut sets = Sets { parents: (0..graph.blocks.len()).collect() };
    for (index, block) in graph.blocks.iter().enumerate().filter(|(_, block)| block.is_reachable) {
        for &successor in &block.successors {
            if graph.blocks[successor as usize].depth > 0 {
                sets.join(index, successor as usize);
            }
        }
        if let Some(handler) = block.handler.map(|handler| &function.handlers[handler as usize])
            && handler.landing > 0
        {
            sets.join(index, graph.block_at(handler.target) as usize);
        }
    }
    let mut regions: Vec<Region> = Vec::new();
    let mut region_of = vec![usize::MAX; graph.blocks.len()];
    for (index, block) in graph.blocks.iter().enumerate().filter(|(_, block)| block.is_reachable) {
        let root = sets.find(index);
        if region_of[root] == usize::MAX {
            region_of[root] = regions.len();
            regions.push(Region { code: Vec::new() });
        }
        let code = &mut regions[region_of[root]].code;
        match code.last_mut() {
            Some(last) if last.end == block.start => last.end = block.end,
            _ => code.push(block.start..block.end),
        }
    }
    regions
}

/// Disjoint sets of blocks. The lowest block of a set is its root.
struct Sets {
    parents: Vec<usize>,
}

impl Sets {
    fn find(&mut self, mut block: usize) -> usize {
        while self.parents[block] != block {
            self.parents[block] = self.parents[self.parents[block]];
            block = self.parents[block];
        }
        block
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.find(a), self.find(b));
        self.parents[a.max(b)] = a.min(b);
    }
}
