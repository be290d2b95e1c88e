//! Live variables: backward data flow over basic blocks.

use crate::bitset::BitMatrix;

/// What a block contributes. Rows are blocks, columns variables.
pub struct LivenessInput<'b> {
    /// Variables read before they are written in the block.
    pub uses: &'b BitMatrix,
    /// Variables written in the block.
    pub definitions: &'b BitMatrix,
    /// Where control goes from each block.
    pub successors: &'b dyn Fn(usize) -> [Option<u32>; 2],
    /// The handler's block, for blocks that are guarded: what is live there is live throughout the block.
    pub handler: &'b dyn Fn(usize) -> Option<u32>,
    /// Number of blocks.
    pub blocks: usize,
    /// Number of variables.
    pub variables: usize,
}

/// Variables live at the borders of blocks.
#[derive(Clone, Debug, Default)]
pub struct Liveness {
    /// At the beginning of each block.
    pub entering: BitMatrix,
    /// At the end of each block, what its handler needs included.
    pub leaving: BitMatrix,
}

/// Solves the equations `in = use ∪ (out − def) ∪ in(handler)`, `out = ⋃ in(successors) ∪ in(handler)` to their least fixed point.
pub fn liveness(input: &LivenessInput<'_>) -> Liveness {
    let mut entering = BitMatrix::new(input.blocks, input.variables);
    let mut leaving = BitMatrix::new(input.blocks, input.variables);
    let mut predecessors: Vec<Vec<u32>> = vec![Vec::new(); input.blocks];
    for block in 0..input.blocks {
        for successor in (input.successors)(block).into_iter().chain([(input.handler)(block)]).flatten() {
            predecessors[successor as usize].push(block as u32);
        }
    }
    let mut queued = vec![true; input.blocks];
    // Popped from the end: later blocks first, which is nearly the order of a backward walk.
    let mut pending: Vec<u32> = (0..input.blocks as u32).collect();
    let mut row = vec![0_u64; input.variables.div_ceil(64)];
    while let Some(block) = pending.pop() {
        let block = block as usize;
        queued[block] = false;
        row.fill(0);
        for successor in (input.successors)(block).into_iter().chain([(input.handler)(block)]).flatten() {
            for (word, other) in row.iter_mut().zip(entering.row(successor as usize)) {
                *word |= other;
            }
        }
        leaving.row_mut(block).copy_from_slice(&row);
        for ((word, uses), definitions) in row.iter_mut().zip(input.uses.row(block)).zip(input.definitions.row(block)) {
            *word = uses | (*word & !definitions);
        }
        if let Some(handler) = (input.handler)(block) {
            for (word, other) in row.iter_mut().zip(entering.row(handler as usize)) {
                *word |= other;
            }
        }
        if entering.row(block) != row {
            entering.row_mut(block).copy_from_slice(&row);
            for &predecessor in &predecessors[block] {
                if !std::mem::replace(&mut queued[predecessor as usize], true) {
                    pending.push(predecessor);
                }
            }
        }
    }
    Liveness { entering, leaving }
}
