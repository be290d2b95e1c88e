//! Proof that registers are written before they are read.
//!
//! A function is taken apart into basic blocks, and then checked in two steps.
//!
//! 1. **Blocks**: one walk over each reachable block settles reads that the block itself decides, and sums up the rest: registers it
//!    reads before it writes them (*exposed*), registers it leaves written (*gens*), and the lowest register it lost to another frame
//!    (*lost*).
//! 2. **Flow**: the set *may be unwritten* is propagated from the entry and from losses along all edges until nothing changes,
//!    a machine word of registers at a time. An exposed read that meets an unwritten register is an error. Only registers with exposed
//!    reads take part, which in usual code are few.
//!
//! Where a function has no more registers than a machine word has bits, both steps are taken with sets of registers that are words (`few`): the
//! same rules, without lists. Whatever that refuses is checked once more as above, which says where the fault is.
//!
//! # Rules
//!
//! A window operation reads its operands, loses every register from the window's first one up, and writes its result to the first.
//! Spill slots are registers like others here. In a handler's target a register may be unwritten that may be so on entry to some block
//! whose handler it is, or is lost in one; the landing register is written.

mod few;

use std::sync::LazyLock;

use self::few::Sets;
use super::HandlerMap;
use super::register::{RegFunction, window_size};
use crate::register::{Lane, RegisterInstruction, RegisterOp};

/// A read of a register that may not have been written.
pub(super) struct Unwritten {
    pub(super) pc: u32,
    pub(super) register: u32,
}

/// What a walk needs to know of an operation.
#[derive(Clone, Copy)]
struct Access {
    /// Lanes that are read, by bits; likewise those written.
    reads: u8,
    writes: u8,
    /// There is a window, spill slot or frame of another.
    has_more: bool,
    /// Control may go elsewhere than to the next instruction.
    is_control: bool,
}

impl Access {
    fn of(op: RegisterOp) -> Self {
        let lanes = op.facts().lanes;
        let mask = |kinds: &[Lane]| {
            lanes.iter().enumerate().map(|(lane, kind)| u8::from(kinds.contains(kind)) << lane).sum::<u8>()
        };
        let windows = [
            Lane::Window,
            Lane::ReceiverWindow,
            Lane::PairWindow,
            Lane::ConstructWindow,
            Lane::SliceWindow,
            Lane::UseWindow,
            Lane::Clobber,
            Lane::Slot,
        ];
        Self {
            reads: mask(&[Lane::Use, Lane::UseDef]),
            writes: mask(&[Lane::Def, Lane::UseDef]),
            has_more: mask(&windows) != 0,
            is_control: op.has_offset() || op.ends_block() || op.skips(),
        }
    }
}

static ACCESSES: LazyLock<Vec<Access>> = LazyLock::new(|| RegisterOp::ALL.iter().copied().map(Access::of).collect());

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
}

/// The two facts about one register in one block that the flow problem starts from.
#[derive(Clone, Copy)]
struct Event {
    column: u32,
    block: u32,
    is_gen: bool,
}

/// What the flow problem knows of 64 registers at a block. All zero between two problems.
#[derive(Clone, Copy, Default)]
struct Word {
    /// May be unwritten on entry.
    unwritten: u64,
    gens: u64,
    is_pending: bool,
}

/// The checker. What it holds between functions are buffers and clocks.
pub(super) struct Flow {
    accesses: &'static [Access],
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
    /// Registers that the block has written.
    gens: Vec<u32>,
    /// Registers that blocks read before writing them, and where.
    exposed: Vec<(u32, u32)>,
    /// Blocks that lose registers.
    losing: Vec<u32>,

    /// Registers in `exposed`, each once, later in ascending order: the columns of the flow problem.
    columns: Vec<u32>,
    /// Column of each register in `columns`; something else than [`NONE`] from when it is noted there.
    column_of: Vec<u32>,
    events: Vec<Event>,
    words: Vec<Word>,
    /// Blocks with something unwritten on entry.
    touched: Vec<u32>,
    /// What is known of each block of a function with few registers.
    sets: Vec<Sets>,
}

impl Flow {
    /// A checker of functions with at most so many registers, and hardly more instructions than so many.
    pub(super) fn new(registers: u32, instructions: usize) -> Self {
        let registers = registers as usize;
        Self {
            accesses: &ACCESSES,
            block_at: Vec::with_capacity(instructions),
            blocks: Vec::with_capacity(instructions / 2 + 2),
            handlers: HandlerMap::new(),
            pending: Vec::new(),
            clock: 0,
            entry: 0,
            written: vec![0; registers],
            noted: vec![0; registers],
            losses: Vec::new(),
            gens: Vec::new(),
            exposed: Vec::new(),
            losing: Vec::new(),
            columns: Vec::new(),
            column_of: vec![NONE; registers],
            events: Vec::new(),
            words: Vec::new(),
            touched: Vec::new(),
            sets: Vec::with_capacity(instructions / 2 + 2),
        }
    }

    /// Checks a function whose operands are in range. `leads` says where blocks begin.
    pub(super) fn check(&mut self, function: &RegFunction, leads: &[bool]) -> Result<(), Unwritten> {
        self.form_blocks(function, leads);
        if function.locals <= u64::BITS && self.holds_for_few(function) {
            return Ok(());
        }
        self.reach();
        self.walk(function)?;
        self.solve(function)
    }

    fn form_blocks(&mut self, function: &RegFunction, leads: &[bool]) {
        let new = Block {
            start: 0,
            is_reached: false,
            next: NONE,
            other: NONE,
            caught: NONE,
            landing: NONE,
            lost: NONE,
            exposed: 0,
        };
        self.blocks.clear();
        self.block_at.clear();
        let blocks = &mut self.blocks;
        let mut begun = 0;
        self.block_at.extend((0..).zip(leads).map(|(pc, &leads)| {
            if leads {
                blocks.push(Block { start: pc, ..new });
                begun += 1;
            }
            begun - 1_u32
        }));
        let end = self.blocks.len();
        self.blocks.push(Block { start: leads.len() as u32, ..new });
        for block in 0..end {
            let last = self.blocks[block + 1].start as usize - 1;
            let instruction = function.code[last];
            if !self.accesses[usize::from(instruction.opcode())].is_control {
                self.blocks[block].next = block as u32 + 1;
                continue;
            }
            let op = instruction.op();
            if !op.ends_block() {
                self.blocks[block].next = block as u32 + 1;
            }
            if let Some(offset) = instruction.offset() {
                self.blocks[block].other = self.block_at[(last as i64 + i64::from(offset)) as usize];
            } else if op.skips() {
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
        self.events.clear();
        self.losing.clear();
        let end = self.blocks.len() - 1;
        for block in 0..end {
            self.blocks[block].exposed = self.exposed.len() as u32;
            if !self.blocks[block].is_reached {
                continue;
            }
            self.clock += 1;
            self.entry = self.clock;
            self.losses.clear();
            self.gens.clear();
            for pc in self.blocks[block].start..self.blocks[block + 1].start {
                self.clock += 1;
                self.step(function, pc).map_err(|register| Unwritten { pc, register })?;
            }
            // The entry at the bottom begins lowest.
            if let Some(&(lowest, _)) = self.losses.first() {
                self.blocks[block].lost = lowest;
                self.losing.push(block as u32);
            }
            for at in 0..self.gens.len() {
                let register = self.gens[at];
                if self.written[register as usize] >= self.lost_at(register) {
                    self.events.push(Event { column: register, block: block as u32, is_gen: true });
                }
            }
        }
        self.blocks[end].exposed = self.exposed.len() as u32;
        Ok(())
    }

    /// Reads, losses and writes of one instruction, in this order. Fails with a register that is surely unwritten.
    #[inline]
    fn step(&mut self, function: &RegFunction, pc: u32) -> Result<(), u32> {
        let instruction = function.code[pc as usize];
        let access = self.accesses[usize::from(instruction.opcode())];
        let lanes = instruction.lanes();
        for (lane, &register) in lanes.iter().enumerate() {
            if access.reads >> lane & 1 != 0 {
                self.read(u32::from(register), pc)?;
            }
        }
        if access.has_more {
            self.step_more(function, pc, instruction)?;
        }
        for (lane, &register) in lanes.iter().enumerate() {
            if access.writes >> lane & 1 != 0 {
                self.write(u32::from(register));
            }
        }
        Ok(())
    }

    /// Windows, spill slots and frames of others.
    fn step_more(&mut self, function: &RegFunction, pc: u32, instruction: RegisterInstruction) -> Result<(), u32> {
        let kinds = instruction.op().facts().lanes;
        if let Some(size) = window_size(kinds[0], instruction) {
            let first = u32::from(instruction.a);
            for register in first..first + size {
                self.read(register, pc)?;
            }
            if kinds[0] != Lane::UseWindow {
                self.lose(first);
                self.write(first);
            }
        }
        for (&kind, lane) in kinds.iter().zip(instruction.lanes()) {
            let slot = function.spill_base + u32::from(lane);
            match kind {
                Lane::Clobber => self.lose(u32::from(lane)),
                Lane::Slot if instruction.op() == RegisterOp::LoadSpill => self.read(slot, pc)?,
                Lane::Slot => self.write(slot),
                _ => {}
            }
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
        self.number_events();
        self.words.clear();
        self.words.resize(self.blocks.len(), Word::default());
        let events = std::mem::take(&mut self.events);
        let result = events.chunk_by(|a, b| a.column / 64 == b.column / 64).try_for_each(|events| {
            let word = events[0].column / 64;
            self.solve_word(function, word, events);
            let result = self.judge_word(word, events);
            for event in events {
                self.words[event.block as usize].gens = 0;
            }
            for block in self.touched.drain(..) {
                self.words[block as usize].unwritten = 0;
            }
            result
        });
        self.events = events;
        for &register in &self.columns {
            self.column_of[register as usize] = NONE;
        }
        result
    }

    /// Turns registers into columns in all that the problem starts from, and sorts the events by words.
    fn number_events(&mut self) {
        let column_of = &self.column_of;
        self.events.retain_mut(|event| {
            event.column = column_of[event.column as usize];
            event.column != NONE
        });
        for block in 0..self.blocks.len() - 1 {
            let exposed = self.blocks[block].exposed as usize..self.blocks[block + 1].exposed as usize;
            for &(register, _) in &self.exposed[exposed] {
                let column = column_of[register as usize];
                self.events.push(Event { column, block: block as u32, is_gen: false });
            }
        }
        if self.columns.len() > 64 {
            self.events.sort_unstable_by_key(|event| event.column / 64);
        }
        for &block in &self.losing {
            let lost = &mut self.blocks[block as usize].lost;
            *lost = self.columns.partition_point(|register| register < lost) as u32;
        }
    }

    /// Propagates until nothing changes. A block is looked at again only when a bit was added to what may be unwritten on its entry, so
    /// at most 64 times.
    fn solve_word(&mut self, function: &RegFunction, word: u32, events: &[Event]) {
        for event in events.iter().filter(|event| event.is_gen) {
            self.words[event.block as usize].gens |= 1 << (event.column % 64);
        }
        self.pending.clear();
        let parameters = u32::from(function.parameters);
        let unwritten = self.columns.partition_point(|&register| register < parameters) as u32;
        let columns = self.columns.len() as u32;
        self.add(0, columns_from(word, unwritten, columns));
        for at in (0..self.losing.len()).rev() {
            let block = self.losing[at];
            if !self.words[block as usize].is_pending && self.blocks[block as usize].lost / 64 <= word {
                self.words[block as usize].is_pending = true;
                self.pending.push(block);
            }
        }
        while let Some(block) = self.pending.pop() {
            let Block { next, other, caught, landing, lost, .. } = self.blocks[block as usize];
            let state = &mut self.words[block as usize];
            state.is_pending = false;
            let before = state.unwritten | columns_from(word, lost, columns);
            let after = before & !state.gens;
            self.add(next, after);
            self.add(other, after);
            if caught != NONE {
                let column = self.column_of[landing as usize];
                let landing = if column / 64 == word { 1 << (column % 64) } else { 0 };
                self.add(caught, before & !landing);
            }
        }
    }

    /// Registers that may be unwritten on entry to a block.
    #[inline]
    fn add(&mut self, block: u32, unwritten: u64) {
        if unwritten == 0 || block == NONE {
            return;
        }
        let state = &mut self.words[block as usize];
        if unwritten & !state.unwritten == 0 {
            return;
        }
        if state.unwritten == 0 {
            self.touched.push(block);
        }
        state.unwritten |= unwritten;
        if !state.is_pending {
            state.is_pending = true;
            self.pending.push(block);
        }
    }

    fn judge_word(&self, word: u32, events: &[Event]) -> Result<(), Unwritten> {
        let is_wrong = |event: &&Event| {
            !event.is_gen && self.words[event.block as usize].unwritten >> (event.column % 64) & 1 != 0
        };
        let Some(event) = events.iter().filter(is_wrong).min_by_key(|event| event.block) else { return Ok(()) };
        debug_assert_eq!(event.column / 64, word);
        let block = event.block as usize;
        let exposed = self.blocks[block].exposed as usize..self.blocks[block + 1].exposed as usize;
        let unwritten = self.words[block].unwritten;
        let wrong = self.exposed[exposed].iter().find(|&&(register, _)| {
            let column = self.column_of[register as usize];
            column / 64 == word && unwritten >> (column % 64) & 1 != 0
        });
        wrong.map_or(Ok(()), |&(register, pc)| Err(Unwritten { pc, register }))
    }
}

/// Bits of the columns of a word that are `from` or above, of so many columns in all.
#[inline]
fn columns_from(word: u32, from: u32, columns: u32) -> u64 {
    if from >= columns {
        return 0;
    }
    match from.saturating_sub(word * 64) {
        shift @ 0..64 => u64::MAX << shift,
        _ => 0,
    }
}
