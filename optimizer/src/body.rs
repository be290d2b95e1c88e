//! The form of a function that passes edit.
//!
//! A [`Body`] is a function as blocks in layout order. Jumps name blocks, every instruction carries its place in the source, and every block
//! says which handler guards it; so instructions and blocks can come and go, and nothing else has to be kept in step. [`Body::lower`] makes
//! instructions with absolute targets of it again.
//!
//! Invariants:
//!
//! - A block has at most one way out besides falling into the next: its last instruction. An operation that may skip the next instruction
//!   (`FOR_LOOP`, …) and that instruction, a jump, are the last two of their block.
//! - Blocks may be empty. Control falls through them.
//! - Only the loop operations go back; every other jump, and every handler, goes to a block that is further on.

use isa::module::Handler;
use isa::table::Effects;
use isa::{Function, Stack, StackInstruction, StackOp, StackOperand};
use smallvec::SmallVec;

use crate::cfg::ControlFlowGraph;

/// An instruction: as [`StackInstruction`], but a jump's operand is a block, and the place in the source is part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// What it does.
    pub op: StackOp,
    /// Its operand; of a jump the target's index in [`Body::blocks`].
    pub operand: u32,
    /// Byte offset in the source, where its errors are reported.
    pub position: u32,
}

impl Instruction {
    /// `op operand`, at a place in the source.
    pub fn new(op: StackOp, operand: u32, position: u32) -> Self {
        Self { op, operand, position }
    }

    /// The same place, another operation.
    #[must_use]
    pub fn replaced(self, op: StackOp, operand: u32) -> Self {
        Self { op, operand, ..self }
    }

    /// Its word; meaningless as to the target of a jump.
    pub fn word(self) -> StackInstruction {
        StackInstruction::new(self.op, self.operand)
    }

    /// How many values it takes from the stack.
    pub fn pops(self) -> usize {
        self.word().pops() as usize
    }

    /// How many values it leaves on the stack.
    pub fn pushes(self) -> usize {
        self.word().pushes() as usize
    }

    /// What it does besides.
    pub fn effects(self) -> Effects {
        self.op.facts().effects
    }

    /// Whether its operand is a block.
    pub fn is_jump(self) -> bool {
        self.op.facts().operand == StackOperand::Jump
    }

    /// Whether nobody would notice if it were gone, its results being wanted by nobody.
    ///
    /// It may read and allocate: where the heap's limit is reached may change.
    pub fn is_removable(self) -> bool {
        Effects::READ.union(Effects::ALLOCATE).contains(self.effects())
    }
}

/// Instructions that run one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// The instructions.
    pub code: Vec<Instruction>,
    /// The handler that an error goes to: index into [`Body::handlers`].
    pub handler: Option<u32>,
}

/// Where errors go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Landing {
    /// The block.
    pub target: u32,
    /// How many values stay on the stack; the thrown value is pushed on them.
    pub kept: u32,
    /// True for `finally` and `defer`.
    pub is_cleanup: bool,
}

/// A function as passes see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Body {
    /// Blocks in layout order; the first is the entry.
    pub blocks: Vec<Block>,
    /// Where errors go on, the innermost first.
    pub handlers: Vec<Landing>,
    /// How many of the locals are parameters.
    pub parameters: u32,
    /// Names of the locals.
    pub local_names: Vec<u32>,
    /// Whether lowering joins two instructions to one where the family has one for both. Here they are always two, so that passes need not
    /// know of such.
    pub joins: bool,
}

impl Body {
    /// The editable form of a verified function. None where something other than a plain jump can be skipped, or control enters between an
    /// operation that skips and its jump; the compiler makes no such code.
    pub fn new(function: &Function<Stack>) -> Option<Self> {
        let is_leader = leaders(function)?;
        let mut block_at = vec![0_u32; function.code.len() + 1];
        let mut count = 0;
        for (pc, block) in block_at.iter_mut().enumerate() {
            count += u32::from(is_leader[pc]);
            *block = count - 1;
        }
        let graph = ControlFlowGraph::new(function);
        let mut blocks = vec![Block::default(); count as usize];
        // The end of the code is a leader too, but begins no block.
        blocks.truncate(block_at[function.code.len() - 1] as usize + 1);
        let mut lines = function.lines.iter().peekable();
        let mut position = 0;
        for (pc, instruction) in function.code.iter().enumerate() {
            while let Some((_, offset)) = lines.next_if(|(first, _)| *first as usize <= pc) {
                position = *offset;
            }
            let operand = instruction.jump_target().map_or(instruction.operand(), |target| block_at[target as usize]);
            let block = &mut blocks[block_at[pc] as usize];
            block.handler = graph.blocks[graph.block_at(pc as u32) as usize].handler;
            match instruction.parts() {
                Some(parts) => {
                    block.code.extend(parts.map(|part| Instruction::new(part.op(), part.operand(), position)))
                }
                None => block.code.push(Instruction::new(instruction.op(), operand, position)),
            }
        }
        let landing = |handler: &Handler| Landing {
            target: block_at[handler.target as usize],
            kept: handler.landing,
            is_cleanup: handler.is_cleanup,
        };
        Some(Self {
            blocks,
            handlers: function.handlers.iter().map(landing).collect(),
            parameters: u32::from(function.parameters),
            local_names: function.local_names.clone(),
            joins: false,
        })
    }

    /// Puts the code into the function it came from.
    pub fn lower(&self, function: &mut Function<Stack>) {
        let mut starts = Vec::with_capacity(self.blocks.len());
        function.code.clear();
        function.lines.clear();
        for block in &self.blocks {
            starts.push(function.code.len() as u32);
            self.for_each_joined(block, |word, position| {
                if function.lines.last().is_none_or(|&(_, offset)| offset != position) {
                    function.lines.push((function.code.len() as u32, position));
                }
                function.code.push(word);
            });
        }
        for instruction in &mut function.code {
            if let Some(block) = instruction.jump_target() {
                *instruction = StackInstruction::new(instruction.op(), starts[block as usize]);
            }
        }
        function.handlers = self.ranges(&starts, function.code.len() as u32);
        function.locals = self.local_names.len() as u32;
        function.local_names.clone_from(&self.local_names);
    }

    /// The handler table: stretches of blocks that one handler guards. They do not overlap.
    fn ranges(&self, starts: &[u32], length: u32) -> Vec<Handler> {
        let mut ranges: Vec<(u32, Handler)> = Vec::new();
        for (index, block) in self.blocks.iter().enumerate().filter(|(_, block)| !block.code.is_empty()) {
            let Some(owner) = block.handler else { continue };
            let (start, end) = (starts[index], starts.get(index + 1).copied().unwrap_or(length));
            match ranges.last_mut() {
                Some((last, range)) if *last == owner && range.end == start => range.end = end,
                _ => {
                    let Landing { target, kept, is_cleanup } = self.handlers[owner as usize];
                    let target = starts[target as usize];
                    ranges.push((owner, Handler { start, end, target, landing: kept, is_cleanup }));
                }
            }
        }
        ranges.sort_by_key(|&(owner, _)| owner);
        ranges.into_iter().map(|(_, range)| range).collect()
    }

    /// Calls `visit` with each instruction of a block as it is when lowered, but for targets of jumps, and its place in the source.
    fn for_each_joined(&self, block: &Block, mut visit: impl FnMut(StackInstruction, u32)) {
        let mut code = block.code.iter().peekable();
        while let Some(first) = code.next() {
            let both = |second: &&&Instruction| StackInstruction::joined(first.word(), second.word());
            let joined = code.peek().filter(|_| self.joins).as_ref().and_then(both);
            if joined.is_some() {
                code.next();
            }
            visit(joined.unwrap_or_else(|| first.word()), first.position);
        }
    }

    /// How many instructions there are when it is lowered.
    pub fn length(&self) -> usize {
        let mut length = 0;
        self.blocks.iter().for_each(|block| self.for_each_joined(block, |_, _| length += 1));
        length
    }

    /// The first block from this one on that holds an instruction.
    pub fn settled(&self, block: u32) -> u32 {
        let full = self.blocks[block as usize..].iter().position(|block| !block.code.is_empty());
        full.map_or(block, |ahead| block + ahead as u32)
    }

    /// Where control goes from a block, errors aside: the jump's target first.
    pub fn successors(&self, block: usize) -> SmallVec<[u32; 2]> {
        let code = &self.blocks[block].code;
        let mut successors = SmallVec::new();
        let last = code.last();
        successors.extend(last.filter(|last| last.is_jump()).map(|last| last.operand));
        let falls = last.is_none_or(|last| !last.op.ends_block()) || is_skipped(code, code.len() - 1);
        if falls && block + 1 < self.blocks.len() {
            successors.push(block as u32 + 1);
        }
        successors
    }

    /// For each block whether control can get there.
    pub fn reachable(&self) -> Vec<bool> {
        self.reached_from(vec![0])
    }

    fn reached_from(&self, mut pending: Vec<u32>) -> Vec<bool> {
        let mut reached = vec![false; self.blocks.len()];
        while let Some(block) = pending.pop() {
            if std::mem::replace(&mut reached[block as usize], true) {
                continue;
            }
            pending.extend(self.successors(block as usize));
            pending.extend(self.blocks[block as usize].handler.map(|handler| self.handlers[handler as usize].target));
        }
        reached
    }

    /// For each block how many ways lead there: jumps, falling, and one for each guarded block of a handler that begins there. The entry
    /// has one more. Unreachable code counts as long as it is there; empty blocks that it does not lead to either count no more.
    pub fn ways_in(&self) -> Vec<u32> {
        let full = (0..).zip(&self.blocks).filter(|(_, block)| !block.code.is_empty()).map(|(index, _)| index);
        let counts = self.reached_from(full.chain([0]).collect());
        let mut ways = vec![0; self.blocks.len()];
        ways[0] = 1;
        for (block, _) in counts.into_iter().enumerate().filter(|&(_, counts)| counts) {
            let landing = self.blocks[block].handler.map(|handler| self.handlers[handler as usize].target);
            self.successors(block).into_iter().chain(landing).for_each(|to| ways[to as usize] += 1);
        }
        ways
    }

    /// Joins blocks with those they fall into, where nothing else leads there, and drops empty ones.
    pub fn tidy(&mut self) {
        self.merge();
        let mut kept = 0;
        let place = |block: &Block| {
            let place = kept;
            kept += u32::from(!block.code.is_empty());
            place
        };
        let places: Vec<u32> = self.blocks.iter().map(place).collect();
        self.blocks.retain(|block| !block.code.is_empty());
        for jump in self.blocks.iter_mut().flat_map(|block| &mut block.code).filter(|found| found.is_jump()) {
            jump.operand = places[jump.operand as usize];
        }
        // Where a handler that guards nothing any more leads may be gone.
        let last = self.blocks.len() as u32 - 1;
        self.handlers.iter_mut().for_each(|handler| handler.target = places[handler.target as usize].min(last));
    }

    fn merge(&mut self) {
        let ways = self.ways_in();
        let mut into = 0;
        for block in 1..self.blocks.len() {
            let falls = match self.blocks[into].code.last() {
                Some(last) => !last.is_jump() && !last.op.ends_block(),
                None => ways[into] > 0,
            };
            if falls && ways[block] == 1 && self.blocks[block].handler == self.blocks[into].handler {
                let code = std::mem::take(&mut self.blocks[block].code);
                self.blocks[into].code.extend(code);
            } else {
                into = block;
            }
        }
    }

    /// Puts new blocks in front of others: pairs of a block's index and what comes before it, ascending. Jumps go on going to where they
    /// went, also those of the new blocks, which are given the targets of before. Gives where each new block is.
    pub fn insert(&mut self, new: Vec<(u32, Block)>) -> Vec<u32> {
        let befores: Vec<u32> = new.iter().map(|&(before, _)| before).collect();
        let moved = |block: u32| block + befores.partition_point(|&before| before <= block) as u32;
        let mut new = new.into_iter().peekable();
        let mut blocks = Vec::with_capacity(self.blocks.len() + befores.len());
        for (index, block) in (0..).zip(std::mem::take(&mut self.blocks)) {
            while let Some((_, added)) = new.next_if(|&(before, _)| before == index) {
                blocks.push(added);
            }
            blocks.push(block);
        }
        for instruction in blocks.iter_mut().flat_map(|block| &mut block.code).filter(|found| found.is_jump()) {
            instruction.operand = moved(instruction.operand);
        }
        self.handlers.iter_mut().for_each(|handler| handler.target = moved(handler.target));
        self.blocks = blocks;
        befores.into_iter().zip(0..).map(|(before, earlier)| before + earlier).collect()
    }

    /// A new local, which has no name.
    pub fn new_local(&mut self, no_name: u32) -> u32 {
        self.local_names.push(no_name);
        self.local_names.len() as u32 - 1
    }
}

/// Whether the instruction runs only if the one before does not skip it.
pub fn is_skipped(code: &[Instruction], at: usize) -> bool {
    at > 0 && code[at - 1].op.skips()
}

/// For each instruction and the end whether a block begins there; none if the function cannot be edited.
fn leaders(function: &Function<Stack>) -> Option<Vec<bool>> {
    let mut is_leader = vec![false; function.code.len() + 1];
    is_leader[0] = true;
    for (pc, instruction) in function.code.iter().enumerate() {
        if let Some(target) = instruction.jump_target() {
            is_leader[target as usize] = true;
        }
        if instruction.jump_target().is_some() || instruction.op().ends_block() {
            is_leader[pc + 1] = true;
        }
    }
    for handler in &function.handlers {
        for at in [handler.start, handler.end, handler.target] {
            is_leader[at as usize] = true;
        }
    }
    let is_plain = |(pc, instruction): (usize, &StackInstruction)| {
        !instruction.op().skips()
            || matches!(function.code[pc + 1].op(), StackOp::Jump | StackOp::Loop) && !is_leader[pc + 1]
    };
    function.code.iter().enumerate().all(is_plain).then_some(is_leader)
}
