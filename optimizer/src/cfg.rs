//! The control-flow graph of a function in the stack form.

use isa::{Function, Stack, StackOp};
use smallvec::SmallVec;

/// A basic block: instructions that run one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// First instruction.
    pub start: u32,
    /// One past the last instruction.
    pub end: u32,
    /// Blocks that control can go to. For an instruction that may skip the next: the next instruction's block, then the one after it. For
    /// a conditional jump: its target, then the next instruction's block.
    pub successors: SmallVec<[u32; 2]>,
    /// The innermost handler that guards the block: index into the function's handlers. A block is guarded as a whole or not at all.
    pub handler: Option<u32>,
    /// Operand stack depth at its beginning.
    pub depth: u32,
    /// False when control never gets here.
    pub is_reachable: bool,
}

/// The control-flow graph of a function.
#[derive(Clone, Debug)]
pub struct ControlFlowGraph {
    /// Blocks in code order; block 0 is the entry.
    pub blocks: Vec<Block>,
    block_at: Vec<u32>,
}

impl ControlFlowGraph {
    /// Builds the graph of verified code.
    pub fn new(function: &Function<Stack>) -> Self {
        let length = function.code.len();
        let mut is_leader = vec![false; length + 2];
        is_leader[0] = true;
        for (pc, instruction) in function.code.iter().enumerate() {
            let op = instruction.op();
            if let Some(target) = instruction.jump_target() {
                is_leader[target as usize] = true;
                is_leader[pc + 1] = true;
            } else if op.ends_block() {
                is_leader[pc + 1] = true;
            } else if op.skips() {
                is_leader[pc + 1] = true;
                is_leader[pc + 2] = true;
            }
        }
        for handler in &function.handlers {
            for at in [handler.start, handler.end, handler.target] {
                is_leader[at as usize] = true;
            }
        }
        let mut blocks = Vec::new();
        let mut block_at = vec![0; length];
        for pc in 0..length {
            if is_leader[pc] {
                blocks.push(Block {
                    start: pc as u32,
                    end: 0,
                    successors: SmallVec::new(),
                    handler: None,
                    depth: 0,
                    is_reachable: false,
                });
            }
            block_at[pc] = blocks.len() as u32 - 1;
        }
        for index in 0..blocks.len() {
            let end = blocks.get(index + 1).map_or(length as u32, |next| next.start);
            let last = function.code[end as usize - 1];
            let op = last.op();
            let block = &mut blocks[index];
            block.end = end;
            if let Some(target) = last.jump_target() {
                block.successors.push(block_at[target as usize]);
            }
            if !op.ends_block() && (end as usize) < length {
                block.successors.push(block_at[end as usize]);
                if op.skips() {
                    block.successors.push(block_at[end as usize + 1]);
                }
            }
        }
        if !function.handlers.is_empty() {
            let guards = function.guards();
            blocks.iter_mut().for_each(|block| block.handler = guards[block.start as usize]);
        }
        let depths = function.depths();
        for block in &mut blocks {
            let depth = depths[block.start as usize];
            (block.depth, block.is_reachable) = (depth.unwrap_or(0), depth.is_some());
        }
        Self { blocks, block_at }
    }

    /// The block that holds an instruction.
    pub fn block_at(&self, pc: u32) -> u32 {
        self.block_at[pc as usize]
    }
}

/// True for the operations that a conditional jump or a loop can follow on.
pub fn is_comparison(op: StackOp) -> bool {
    matches!(op, StackOp::Eq | StackOp::Neq | StackOp::Lt | StackOp::Gt | StackOp::Lte | StackOp::Gte)
}
