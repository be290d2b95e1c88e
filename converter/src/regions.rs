//! Regions: the pieces into which a function can be cut for hybrid code.
//!
//! A piece may run as register code or stay as stack code whatever its neighbours do, so nothing but locals may cross its border: the operand
//! stack is empty there. A region is the least set of basic blocks for which that holds. Two blocks with an edge between them on
//! which a value waits on the stack are in one region, and so are a guarded block and its handler's if the handler finds values that
//! the block has left there. (The thrown value is no such value: raising the error puts it where the handler wants it.)

use std::ops::Range;

use isa::{Function, Stack};
use optimizer::ControlFlowGraph;
use optimizer::cfg::Block;

/// A region of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Its instructions, as stretches of the code in order that do not touch. There is at least one.
    pub code: Vec<Range<u32>>,
    /// True when it cannot stay stack code: an instruction takes values from the stack that the handler which guards it keeps. In an island
    /// a call loses what it takes, also when it fails. Compiled code has no such region.
    pub must_convert: bool,
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
        for &successor in block.successors.iter() {
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
            regions.push(Region { code: Vec::new(), must_convert: false });
        }
        let region = &mut regions[region_of[root]];
        region.must_convert |= takes_kept_values(function, block);
        match region.code.last_mut() {
            Some(last) if last.end == block.start => last.end = block.end,
            _ => region.code.push(block.start..block.end),
        }
    }
    regions
}

/// Whether an instruction of a block takes values from the stack that the block's handler keeps.
fn takes_kept_values(function: &Function<Stack>, block: &Block) -> bool {
    let Some(kept) = block.handler.map(|handler| function.handlers[handler as usize].landing) else { return false };
    let mut depth = block.depth;
    function.code[block.start as usize..block.end as usize].iter().any(|instruction| {
        let left = depth - instruction.pops();
        depth = left + instruction.pushes();
        left < kept
    })
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

#[cfg(test)]
mod tests {
    use super::{Region, regions};

    fn of(text: &str) -> Vec<Region> {
        regions(&isa::text::parse_form::<isa::Stack>(text).unwrap().functions[0])
    }

    #[test]
    fn blocks_with_a_value_between_them_are_one_region() {
        // 0-3 and 5-6 decide what is pushed, 7 finds it; 4 is the other way.
        let regions = of(".function <main> parameters 1 locals 1
             LOAD_LOCAL l0
             STORE_LOCAL l0
             LOAD_LOCAL l0
             JUMP_IF_FALSE L0
             LOAD_CONST 1
             JUMP L1
           L0:
             LOAD_CONST 2
           L1:
             RETURN");
        let code: Vec<_> = regions.iter().map(|region| region.code.clone()).collect();
        assert_eq!(code, [std::iter::once(0..4).collect::<Vec<_>>(), std::iter::once(4..8).collect()]);
        assert!(regions.iter().all(|region| !region.must_convert));
    }

    #[test]
    fn handlers_that_keep_values_belong_to_what_they_guard() {
        let text = |landing| {
            format!(
                ".function <main>
                     LOAD_CONST 1
                     SETUP_TRY h0, L0, {landing}
                     LOAD_CONST 2
                     POP
                     POP_TRY h0
                     RETURN
                   L0:
                     THROW"
            )
        };
        assert_eq!(of(&text(0)).len(), 2);
        assert_eq!(of(&text(1)).len(), 1);
    }

    #[test]
    fn what_a_handler_keeps_and_its_code_takes_must_be_converted() {
        let regions = of(".function <main>
             LOAD_CONST 1
             SETUP_TRY h0, L0, 1
             LOAD_CONST 2
             BUILD_LIST 2
             POP_TRY h0
             RETURN
           L0:
             THROW");
        assert_eq!(regions.len(), 1);
        assert!(regions[0].must_convert);
    }
}
