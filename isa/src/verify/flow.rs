//! Proof that registers are written before they are read.
//!
//! A function is taken apart into basic blocks, and then checked in two steps.
//!
//! 1. **Blocks**: one walk over each reachable block settles reads that the block itself decides, and sums up the rest: registers it
//!    reads before it writes them (*exposed*), registers it leaves written (*gens*), and the lowest register it lost to another frame
//!    (*lost*).
//! 2. **Flow**: the set *may be unwritten* is propagated from the entry and from losses along all edges until nothing changes. Such sets
//!    share what they have in common ([`sets`](crate::sets)), so that blocks cost what they change. An exposed read that meets an
//!    unwritten register is an error. Only registers with exposed reads take part, which in usual code are few.
//!
//! Where a function has fewer registers than a machine word has bits, sets of registers are words, and *may be unwritten* is followed from
//! instruction to instruction (`few`): the same rules, without blocks. Whatever that refuses is checked once more as above, which says where
//! the fault is.
//!
//! # Rules
//!
//! A window operation reads its operands, loses every register from the window's first one up, and writes its result to the first.
//! Spill slots are registers like others here. In a handler's target a register may be unwritten that may be so on entry to some block
//! whose handler it is, or is lost in one; the landing register is written.

mod few;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use self::few::Few;
use super::HandlerMap;
use super::register::RegFunction;
use super::shape::Shape;
use crate::register::RegisterInstruction;
use crate::sets::{Set, Sets as SharedSets};

/// A read of a register that may not have been written.
pub(super) struct Unwritten {
    pub(super) pc: u32,
    pub(super) register: u32,
}

/// No block, column or register.
const NONE: u32 = u32::MAX;

/// A basic block and its summary.
#[derive(Clone, Copy)]
struct Block {
    /// First instruction.
    start: u32,
    is_reached: bool,
    /// Blocks that control goes to after it, and when something in it fails.
    next: u32,
    other: u32,
    caught: u32,
    /// Register that takes the thrown value there.
    landing: u32,
    /// Lowest register that is lost in it, later the lowest column.
    lost: u32,
    /// Its part of `exposed` begins here; it ends where the next block's begins.
    exposed: u32,
    /// So does its part of `gens`.
    gens: u32,
}

/// The checker. What it holds between functions are buffers and clocks.
#[derive(Default)]
pub(super) struct Flow {
    /// For each instruction whether a block begins there.
    leads: Vec<bool>,
    /// For each instruction its block.
    block_at: Vec<u32>,
    /// Blocks in code order, then one that marks the end.
    blocks: Vec<Block>,
    handlers: HandlerMap,
    /// Blocks to look at.
    pending: Vec<u32>,

    /// Counts instructions over all functions, so that nothing below needs to be cleared.
    clock: u64,
    /// When the current block was entered.
    entry: u64,
    /// When each register was last written.
    written: Vec<u64>,
    /// When each register was last noted as exposed.
    noted: Vec<u64>,
    /// What was lost in the block: from which register up, and when. Later entries begin higher.
    losses: Vec<(u32, u64)>,
    /// Registers that blocks leave written, as far as the walk has come; of the current block all that it has written.
    gens: Vec<u32>,
    /// Registers that blocks read before writing them, and where.
    exposed: Vec<(u32, u32)>,

    /// Registers in `exposed`, each once, later in ascending order: the columns of the flow problem.
    columns: Vec<u32>,
    /// Column of each register in `columns`; something else than [`NONE`] from when it is noted there.
    column_of: Vec<u32>,
    /// The sets of columns below.
    columns_in: SharedSets,
    /// For each block what may be unwritten on entry.
    unwritten: Vec<Set>,
    /// Blocks to look at again, and for each block whether it is among them.
    again: BinaryHeap<Reverse<u32>>,
    is_again: Vec<bool>,
    /// What is known of a function with few registers.
    few: Few,
}

impl Flow {
    /// Checks a function whose operands are in range.
    pub(super) fn check(&mut self, function: &RegFunction) -> Result<(), Unwritten> {
        if function.locals <= few::MOST_REGISTERS && self.few.holds(function) {
            return Ok(());
        }
        self.check_many(function)
    }

    /// Checks a function in the two steps.
    fn check_many(&mut self, function: &RegFunction) -> Result<(), Unwritten> {
        let registers = (function.locals as usize).max(self.written.len());
        self.written.resize(registers, 0);
        self.noted.resize(registers, 0);
        self.column_of.resize(registers, NONE);
        self.find_leads(function);
        self.form_blocks(function);
        self.reach();
        self.walk(function)?;
        self.solve(function)
    }

    /// Finds where blocks begin.
    fn find_leads(&mut self, function: &RegFunction) {
        self.leads.clear();
        // One beyond the end may be said to begin there too.
        self.leads.resize(function.code.len() + 1, false);
        self.leads[0] = true;
        for (pc, &instruction) in function.code.iter().enumerate() {
            let shape = Shape::of(instruction);
            if !shape.has(Shape::CONTROL) {
                continue;
            }
            self.leads[pc + 1] = true;
            if let Some(offset) = shape.offset(instruction) {
                self.leads[(pc as i64 + i64::from(offset)) as usize] = true;
            } else if shape.has(Shape::SKIPS) {
                self.leads[pc + 2] = true;
            }
        }
        for handler in &function.handlers {
            for place in [handler.start, handler.end, handler.target] {
                self.leads[place as usize] = true;
            }
        }
        self.leads.pop();
    }

    fn form_blocks(&mut self, function: &RegFunction) {
        let new = Block {
            start: 0,
            is_reached: false,
            next: NONE,
            other: NONE,
            caught: NONE,
            landing: NONE,
            lost: NONE,
            exposed: 0,
            gens: 0,
        };
        self.blocks.clear();
        self.block_at.clear();
        let blocks = &mut self.blocks;
        let mut begun = 0;
        self.block_at.extend((0..).zip(&self.leads).map(|(pc, &leads)| {
            if leads {
                blocks.push(Block { start: pc, ..new });
                begun += 1;
            }
            begun - 1_u32
        }));
        let end = self.blocks.len();
        self.blocks.push(Block { start: self.leads.len() as u32, ..new });
        for block in 0..end {
            let last = self.blocks[block + 1].start as usize - 1;
            let instruction = function.code[last];
            let shape = Shape::of(instruction);
            if !shape.has(Shape::ENDS_BLOCK) {
                self.blocks[block].next = block as u32 + 1;
            }
            if let Some(offset) = shape.offset(instruction) {
                self.blocks[block].other = self.block_at[(last as i64 + i64::from(offset)) as usize];
            } else if shape.has(Shape::SKIPS) {
                self.blocks[block].other = self.block_at[last + 2];
            }
        }
        if function.handlers.is_empty() {
            return;
        }
        let block_at = &self.block_at;
        let block = |pc: u32| block_at.get(pc as usize).copied().unwrap_or(end as u32);
        self.handlers.fill(end, &function.handlers, |handler| (block(handler.start), block(handler.end)));
        for at in 0..end {
            if let Some(handler) = function.handlers.get(self.handlers.owner(at) as usize) {
                self.blocks[at].caught = self.block_at[handler.target as usize];
                self.blocks[at].landing = handler.landing;
            }
        }
    }

    /// Marks the blocks that control reaches.
    fn reach(&mut self) {
        self.blocks[0].is_reached = true;
        self.pending.clear();
        self.pending.push(0);
        while let Some(block) = self.pending.pop() {
            let Block { next, other, caught, .. } = self.blocks[block as usize];
            for successor in [next, other, caught] {
                if successor != NONE && !self.blocks[successor as usize].is_reached {
                    self.blocks[successor as usize].is_reached = true;
                    self.pending.push(successor);
                }
            }
        }
    }

    /// The first step.
    fn walk(&mut self, function: &RegFunction) -> Result<(), Unwritten> {
        self.exposed.clear();
        self.columns.clear();
        self.gens.clear();
        let end = self.blocks.len() - 1;
        for block in 0..end {
            self.blocks[block].exposed = self.exposed.len() as u32;
            self.blocks[block].gens = self.gens.len() as u32;
            if !self.blocks[block].is_reached {
                continue;
            }
            self.clock += 1;
            self.entry = self.clock;
            self.losses.clear();
            for pc in self.blocks[block].start..self.blocks[block + 1].start {
                self.clock += 1;
                self.step(function, pc).map_err(|register| Unwritten { pc, register })?;
            }
            // The entry at the bottom begins lowest.
            if let Some(&(lowest, _)) = self.losses.first() {
                self.blocks[block].lost = lowest;
                let first = self.blocks[block].gens as usize;
                let mut kept = first;
                for at in first..self.gens.len() {
                    let register = self.gens[at];
                    if self.written[register as usize] >= self.lost_at(register) {
                        self.gens[kept] = register;
                        kept += 1;
                    }
                }
                self.gens.truncate(kept);
            }
        }
        self.blocks[end].exposed = self.exposed.len() as u32;
        self.blocks[end].gens = self.gens.len() as u32;
        Ok(())
    }

    /// Reads, losses and writes of one instruction, in this order. Fails with a register that is surely unwritten.
    #[inline]
    fn step(&mut self, function: &RegFunction, pc: u32) -> Result<(), u32> {
        let instruction = function.code[pc as usize];
        let shape = Shape::of(instruction);
        let lanes = instruction.lanes();
        for (lane, &register) in lanes.iter().enumerate() {
            if shape.reads[lane] != 0 {
                self.read(u32::from(register), pc)?;
            }
        }
        if shape.has(Shape::HIDDEN_REGISTERS) {
            self.step_hidden(function, pc, instruction, shape)?;
        }
        for (lane, &register) in lanes.iter().enumerate() {
            if shape.writes[lane] != 0 {
                self.write(u32::from(register));
            }
        }
        Ok(())
    }

    /// Windows, spill slots and frames of others.
    fn step_hidden(
        &mut self,
        function: &RegFunction,
        pc: u32,
        instruction: RegisterInstruction,
        shape: &Shape,
    ) -> Result<(), u32> {
        if let Some(size) = shape.window_size(instruction) {
            let first = u32::from(instruction.a);
            for register in first..first + size {
                self.read(register, pc)?;
            }
            if shape.has(Shape::RESULT) {
                self.lose(first);
            }
        }
        let slot = function.spill_base + u32::from(instruction.b);
        if shape.has(Shape::RELOAD) {
            self.read(slot, pc)?;
        } else if shape.has(Shape::SPILL) {
            self.write(slot);
        } else if shape.has(Shape::CLOBBER) {
            self.lose(u32::from(instruction.c));
        }
        Ok(())
    }

    #[inline]
    fn read(&mut self, register: u32, pc: u32) -> Result<(), u32> {
        let lost = self.lost_at(register);
        if self.written[register as usize] >= self.entry.max(lost) {
            return Ok(());
        }
        if lost > 0 {
            return Err(register);
        }
        let noted = &mut self.noted[register as usize];
        if *noted < self.entry {
            *noted = self.clock;
            self.exposed.push((register, pc));
            let column = &mut self.column_of[register as usize];
            if *column == NONE {
                *column = 0;
                self.columns.push(register);
            }
        }
        Ok(())
    }

    #[inline]
    fn write(&mut self, register: u32) {
        let written = &mut self.written[register as usize];
        if *written < self.entry {
            self.gens.push(register);
        }
        *written = self.clock;
    }

    fn lose(&mut self, from: u32) {
        while self.losses.last().is_some_and(|&(first, _)| first >= from) {
            self.losses.pop();
        }
        self.losses.push((from, self.clock));
    }

    /// When the register was last lost in this block; 0 if it was not.
    #[inline]
    fn lost_at(&self, register: u32) -> u64 {
        if self.losses.is_empty() {
            return 0;
        }
        match self.losses.partition_point(|&(first, _)| first <= register) {
            0 => 0,
            after => self.losses[after - 1].1,
        }
    }

    /// The second step.
    fn solve(&mut self, function: &RegFunction) -> Result<(), Unwritten> {
        if self.exposed.is_empty() {
            return Ok(());
        }
        self.columns.sort_unstable();
        for (column, &register) in self.columns.iter().enumerate() {
            self.column_of[register as usize] = column as u32;
        }
        self.propagate(function);
        let result = self.judge();
        for &register in &self.columns {
            self.column_of[register as usize] = NONE;
        }
        result
    }

    /// Propagates until nothing changes. Blocks are looked at in order, and again when something was added to what may be unwritten on their
    /// entry, those that come first before the others.
    fn propagate(&mut self, function: &RegFunction) {
        let end = self.blocks.len() - 1;
        let columns = self.columns.len() as u32;
        self.columns_in.begin(columns);
        self.unwritten.clear();
        self.unwritten.resize(end, Set::EMPTY);
        self.is_again.clear();
        self.is_again.resize(end, false);
        let parameters = u32::from(function.parameters);
        let parameters = self.columns.partition_point(|&register| register < parameters) as u32;
        self.unwritten[0] = self.columns_in.range(parameters..columns);
        // From where registers are lost, and the set of those.
        let mut lost_from = (columns, Set::EMPTY);
        let mut next = 0;
        loop {
            let block = match self.again.pop() {
                Some(Reverse(block)) => block as usize,
                None if next < end => {
                    next += 1;
                    next - 1
                }
                None => break,
            };
            self.is_again[block] = false;
            let Block { is_reached, next: following, other, caught, landing, lost, gens, .. } = self.blocks[block];
            if !is_reached {
                continue;
            }
            let mut before = self.unwritten[block];
            if lost != NONE {
                let from = self.columns.partition_point(|&register| register < lost) as u32;
                if from != lost_from.0 {
                    lost_from = (from, self.columns_in.range(from..columns));
                }
                before = self.columns_in.union(before, lost_from.1);
            }
            self.columns_in.mark();
            let mut after = before;
            for at in gens..self.blocks[block + 1].gens {
                let column = self.column_of[self.gens[at as usize] as usize];
                if column != NONE {
                    after = self.columns_in.without(after, column);
                }
            }
            self.add(following, after, next);
            self.add(other, after, next);
            if caught != NONE {
                self.columns_in.mark();
                let column = self.column_of[landing as usize];
                let caught_with = if column == NONE { before } else { self.columns_in.without(before, column) };
                self.add(caught, caught_with, next);
            }
        }
    }

    /// Registers may be unwritten on entry to a block. The blocks before `next` have been looked at.
    fn add(&mut self, block: u32, unwritten: Set, next: usize) {
        if block == NONE {
            return;
        }
        let block = block as usize;
        let all = self.columns_in.union(self.unwritten[block], unwritten);
        if all != self.unwritten[block] {
            self.unwritten[block] = all;
            if block < next && !std::mem::replace(&mut self.is_again[block], true) {
                self.again.push(Reverse(block as u32));
            }
        }
    }

    /// Whether all exposed reads meet what was written.
    fn judge(&self) -> Result<(), Unwritten> {
        for (block, &unwritten) in self.unwritten.iter().enumerate().filter(|&(_, &set)| set != Set::EMPTY) {
            let exposed = self.blocks[block].exposed as usize..self.blocks[block + 1].exposed as usize;
            let is_wrong =
                |&&(register, _): &&(u32, u32)| self.columns_in.contains(unwritten, self.column_of[register as usize]);
            if let Some(&(register, pc)) = self.exposed[exposed].iter().find(is_wrong) {
                return Err(Unwritten { pc, register });
            }
        }
        Ok(())
    }
}
