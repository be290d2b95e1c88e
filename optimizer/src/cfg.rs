//! The control-flow graph of a function in the stack form.

use std::ops::Deref;

use isa::{Function, Stack, StackOp};

use crate::liveness::ones;

/// At most two blocks that control can go to, in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Successors {
    blocks: [u32; 2],
    count: u8,
}

impl Successors {
    fn push(&mut self, block: u32) {
        self.blocks[usize::from(self.count)] = block;
        self.count += 1;
    }
}

impl Deref for Successors {
    type Target = [u32];

    #[inline]
    fn deref(&self) -> &[u32] {
        &self.blocks[..usize::from(self.count)]
    }
}

/// A basic block: instructions that run one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// First instruction.
    pub start: u32,
    /// One past the last instruction.
    pub end: u32,
    /// Blocks that control can go to. For an instruction that may skip the next: the next instruction's block, then the one after it. For
    /// a conditional jump: its target, then the next instruction's block.
    pub successors: Successors,
    /// The innermost handler that guards the block: index into the function's handlers. A block is guarded as a whole or not at all.
    pub handler: Option<u32>,
    /// Operand stack depth at its beginning.
    pub depth: u32,
    /// False when control never gets here.
    pub is_reachable: bool,
}

/// The control-flow graph of a function.
#[derive(Clone, Debug, Default)]
pub struct ControlFlowGraph {
    /// Blocks in code order; block 0 is the entry.
    pub blocks: Vec<Block>,
    /// A bit for each instruction at which a block begins.
    begins: Vec<u64>,
    /// For each of these instructions the block; for the others nothing is known.
    block_at: Vec<u32>,
    /// For each instruction how many more values were pushed than popped by all before it in the code.
    grown: Vec<i32>,
    /// For each block one at or after it, on the way to the first that no handler guards as yet.
    ahead: Vec<u32>,
    /// Blocks still to be gone to, and the depth there; empty.
    pending: Vec<(u32, u32)>,
}

impl ControlFlowGraph {
    /// Builds the graph of verified code.
    pub fn new(function: &Function<Stack>) -> Self {
        let mut graph = Self::default();
        graph.rebuild(function);
        graph
    }

    /// An empty graph with room for so many instructions and blocks.
    pub fn with_capacity(instructions: usize, blocks: usize) -> Self {
        Self {
            blocks: Vec::with_capacity(blocks),
            begins: Vec::with_capacity(instructions / 64 + 1),
            block_at: Vec::with_capacity(instructions),
            grown: Vec::with_capacity(instructions + 1),
            ahead: Vec::new(),
            pending: Vec::with_capacity(blocks),
        }
    }

    /// Becomes the graph of verified code, in the tables that it has.
    pub fn rebuild(&mut self, function: &Function<Stack>) {
        let Self { blocks, begins, block_at, grown, ahead, .. } = self;
        let length = function.code.len();
        // Two places more than there are instructions, for what follows the last.
        begins.clear();
        begins.resize(length / 64 + 2, 0);
        let begin = |begins: &mut [u64], pc: usize| begins[pc / 64] |= 1 << (pc % 64);
        begin(begins, 0);
        grown.clear();
        grown.resize(length + 1, 0);
        let mut growth = 0;
        for (pc, (instruction, grown)) in function.code.iter().zip(&mut *grown).enumerate() {
            *grown = growth;
            // Code that is not reached may pop what is not there.
            growth = growth.wrapping_add(instruction.growth());
            if !instruction.is_control() {
                continue;
            }
            begin(begins, pc + 1);
            if let Some(target) = instruction.jump_target() {
                begin(begins, target as usize);
            } else if instruction.op().skips() {
                begin(begins, pc + 2);
            }
        }
        grown[length] = growth;
        for handler in &function.handlers {
            for at in [handler.start, handler.end, handler.target] {
                begin(begins, at as usize);
            }
        }
        blocks.clear();
        block_at.resize(length, 0);
        for (word, &bits) in begins.iter().enumerate() {
            for start in ones(bits).map(|bit| word as u32 * u64::BITS + bit).take_while(|&pc| (pc as usize) < length) {
                block_at[start as usize] = blocks.len() as u32;
                blocks.push(Block {
                    start,
                    end: 0,
                    successors: Successors::default(),
                    handler: None,
                    depth: 0,
                    is_reachable: false,
                });
            }
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
        assign_handlers(blocks, block_at, function, ahead);
        self.find_depths(function);
    }

    /// The block that holds an instruction.
    pub fn block_at(&self, pc: u32) -> u32 {
        self.blocks.partition_point(|block| block.start <= pc) as u32 - 1
    }

    fn find_depths(&mut self, function: &Function<Stack>) {
        let Self { blocks, block_at, grown, pending, .. } = self;
        // One way out of a block is followed at once, and the others later.
        let mut next = Some((0_u32, 0_u32));
        while let Some((index, depth)) = next.take().or_else(|| pending.pop()) {
            let block = &mut blocks[index as usize];
            if block.is_reachable {
                continue;
            }
            block.is_reachable = true;
            block.depth = depth;
            let after = depth.wrapping_add_signed(grown[block.end as usize].wrapping_sub(grown[block.start as usize]));
            let Successors { blocks: [first, second], count } = block.successors;
            if count > 1 {
                pending.push((second, after));
            }
            if let Some(handler) = block.handler {
                let handler = function.handlers[handler as usize];
                pending.push((block_at[handler.target as usize], handler.landing + 1));
            }
            next = (count > 0).then_some((first, after));
        }
    }
}

/// Says for each block which handler guards it: of several the innermost, which come first.
fn assign_handlers(blocks: &mut [Block], block_at: &[u32], function: &Function<Stack>, ahead: &mut Vec<u32>) {
    if function.handlers.is_empty() {
        return;
    }
    ahead.clear();
    ahead.extend(0..=blocks.len() as u32);
    let mut free_from = |mut block: u32, taken: Option<u32>| {
        if let Some(taken) = taken {
            ahead[taken as usize] = taken + 1;
        }
        while ahead[block as usize] != block {
            ahead[block as usize] = ahead[ahead[block as usize] as usize];
            block = ahead[block as usize];
        }
        block
    };
    for (index, handler) in (0..).zip(&function.handlers).filter(|(_, handler)| handler.start < handler.end) {
        let last = block_at.get(handler.end as usize).map_or(blocks.len() as u32, |&next| next) - 1;
        let mut block = free_from(block_at[handler.start as usize], None);
        while block <= last {
            blocks[block as usize].handler = Some(index);
            block = free_from(block + 1, Some(block));
        }
    }
}

/// True for the operations that a conditional jump or a loop can follow on.
pub fn is_comparison(op: StackOp) -> bool {
    matches!(op, StackOp::Eq | StackOp::Neq | StackOp::Lt | StackOp::Gt | StackOp::Lte | StackOp::Gte)
}
