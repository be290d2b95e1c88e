//! The verifier of the register form.
//!
//! A function is checked in three steps.
//!
//! 1. **Operands** ([`operands`](RegisterVerifier::operands)): each lane against its table, each register against the frame and the
//!    region of spill slots, each jump against the code. On the way the ends of basic blocks are noted.
//! 2. **Blocks** ([`blocks`](RegisterVerifier::blocks)): one walk over each reachable block finds reads that the block itself
//!    justifies, and sums up the rest: registers it reads before it writes them (*exposed*), registers it leaves written (*gens*), and
//!    the lowest register it lost to another frame (*lost*).
//! 3. **Flow** ([`flow`](RegisterVerifier::flow)): *may be unwritten* is propagated over the blocks until nothing changes, a machine
//!    word of registers at a time. An exposed read that meets an unwritten register is an error. Only registers with exposed
//!    reads take part, which in usual code are few.
//!
//! A window operation reads its operands, loses every register from the window's first one up, and writes its result to
//! the first. Spill slots are registers to steps 2 and 3. In a handler's target, registers are unwritten that may be so on entry to
//! some guarded block or are lost in one; the landing register is written.

use super::error::{Problem, VerifyError};
use super::{HandlerMap, MAX_REGISTERS, UNGUARDED, count, tables};
use crate::module::{Function, RegCode};
use crate::register::{Lane, RegisterInstruction, RegisterOp};
use crate::stack::MAX_OPERAND;

/// Checks all functions and gives the size of each one's frame.
pub(super) fn check(module: &RegCode) -> Result<Vec<u32>, VerifyError> {
    let mut verifier = RegisterVerifier::new(module);
    (0..module.functions.len()).map(|index| verifier.function(index)).collect()
}

type RegFunction = Function<crate::Register>;

/// Summary of a basic block.
#[derive(Clone, Copy, Default)]
struct Block {
    /// First instruction.
    start: u32,
    /// Control reaches it.
    is_reached: bool,
    /// Lowest register that is lost to another frame in it; past all registers when none is.
    lost: u32,
    /// Its part of `gens` and `exposed` begins here; it ends where the next block's begins.
    gens: u32,
    exposed: u32,
}

struct RegisterVerifier<'m> {
    module: &'m RegCode,
    /// The most captured variables any function has.
    most_captures: u32,
    /// Function (plus one) that was last seen to make each function.
    makers: Vec<u32>,

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
    /// When each register was last written.
    written: Vec<u64>,
    /// When each register was last noted as exposed.
    noted: Vec<u64>,
    /// What was lost to other frames in the block: from which register up, and when. Later entries begin higher.
    losses: Vec<(u32, u64)>,
    /// Registers that blocks leave written.
    gens: Vec<u32>,
    /// Registers that blocks read before writing them, and where.
    exposed: Vec<(u32, u32)>,
    /// Registers in `exposed`, ascending: the columns of the flow problem.
    columns: Vec<u32>,
    /// Column of each register in `columns`.
    column_of: Vec<u32>,
    flow: Vec<FlowWord>,
}

/// What the flow problem knows of 64 registers at a block.
#[derive(Clone, Copy, Default)]
struct FlowWord {
    /// May be unwritten on entry.
    unwritten: u64,
    gens: u64,
    lost: u64,
    exposed: u64,
    is_pending: bool,
}

/// All windows of a function together may hold this many registers, and so many more for each instruction. A call loses its operands, so
/// that each has an instruction which writes it; only code that is made to keep the verifier busy comes near.
const WINDOWS: u64 = 1 << 20;
const WINDOWS_PER_INSTRUCTION: u64 = 64;

const NO_COLUMN: u32 = u32::MAX;

impl<'m> RegisterVerifier<'m> {
    fn new(module: &'m RegCode) -> Self {
        let registers = module.functions.iter().map(|function| function.locals).max().unwrap_or(0).min(MAX_REGISTERS);
        Self {
            module,
            most_captures: module.functions.iter().map(|function| count(&function.captures)).max().unwrap_or(0),
            makers: vec![0; module.functions.len()],
            leads: Vec::new(),
            block_at: Vec::new(),
            blocks: Vec::new(),
            handlers: HandlerMap::new(),
            pending: Vec::new(),
            clock: 0,
            written: vec![0; registers as usize],
            noted: vec![0; registers as usize],
            losses: Vec::new(),
            gens: Vec::new(),
            exposed: Vec::new(),
            columns: Vec::new(),
            column_of: vec![NO_COLUMN; registers as usize],
            flow: Vec::new(),
        }
    }

    fn function(&mut self, index: usize) -> Result<u32, VerifyError> {
        let module = self.module;
        let function = &module.functions[index];
        frame(function).map_err(|problem| VerifyError::function(module, index, problem))?;
        self.operands(index, function)?;
        self.form_blocks(function);
        self.reach(function);
        self.blocks(index, function)?;
        self.flow(index, function)?;
        Ok(function.locals)
    }

    /// Step 1.
    fn operands(&mut self, index: usize, function: &RegFunction) -> Result<(), VerifyError> {
        let length = function.code.len();
        self.leads.clear();
        self.leads.resize(length, false);
        self.leads[0] = true;
        let mut windows = 0;
        for (pc, &instruction) in function.code.iter().enumerate() {
            self.instruction(index, function, pc, instruction)
                .map_err(|problem| VerifyError::instruction(self.module, index, pc, problem))?;
            windows += u64::from(window_size(instruction.op().facts().lanes[0], instruction).unwrap_or(0));
        }
        let limit = WINDOWS_PER_INSTRUCTION * length as u64 + WINDOWS;
        if windows > limit {
            let problem = Problem::TooManyOperands { operands: windows, limit };
            return Err(VerifyError::function(self.module, index, problem));
        }
        for handler in &function.handlers {
            register(function, handler.landing)
                .map_err(|problem| VerifyError::function(self.module, index, problem))?;
            for place in [handler.start, handler.end, handler.target] {
                if let Some(leads) = self.leads.get_mut(place as usize) {
                    *leads = true;
                }
            }
        }
        Ok(())
    }

    fn instruction(
        &mut self,
        index: usize,
        function: &RegFunction,
        pc: usize,
        instruction: RegisterInstruction,
    ) -> Result<(), Problem> {
        let module = self.module;
        let op = instruction.op();
        let lanes = instruction.lanes();
        for (lane, &kind) in op.facts().lanes.iter().enumerate() {
            let value = u32::from(lanes[lane]);
            match kind {
                Lane::None if value != 0 => return Err(Problem::UnusedOperand),
                Lane::None | Lane::Int | Lane::IntWide | Lane::Wide | Lane::Arguments => {}
                Lane::Def | Lane::Use | Lane::UseDef => register(function, value)?,
                Lane::Constant => tables::in_range("constant", value, count(&module.constants))?,
                Lane::ConstantWide => {
                    tables::in_range("constant", instruction.wide_operand(), count(&module.constants))?;
                }
                Lane::Global => tables::in_range("global", value, count(&module.globals))?,
                Lane::GlobalWide => tables::in_range("global", instruction.wide_operand(), count(&module.globals))?,
                Lane::Function => tables::in_range("function", value, count(&module.functions))?,
                Lane::Type => tables::in_range("type", value, count(&module.types))?,
                Lane::Name => tables::in_range("name", value, count(&module.names))?,
                Lane::Module => tables::in_range("module", value, count(&module.modules))?,
                Lane::Builtin => tables::in_range("builtin", value, count(&module.builtins))?,
                Lane::Capture => tables::in_range("captured variable", value, count(&function.captures))?,
                Lane::Index => tables::in_range("captured variable", value, self.most_captures)?,
                Lane::Slot => tables::in_range("spill slot", value, function.spills)?,
                Lane::Offset | Lane::OffsetWide => self.jump(function, pc, instruction)?,
                Lane::Window
                | Lane::ReceiverWindow
                | Lane::PairWindow
                | Lane::ConstructWindow
                | Lane::SliceWindow
                | Lane::UseWindow => window(function, kind, value, instruction)?,
                Lane::Clobber => {
                    if value > function.locals {
                        return Err(Problem::WindowOutside { register: value, size: 0, registers: function.locals });
                    }
                    above_spills(function, value)?;
                }
            }
        }
        match op {
            RegisterOp::StoreFuncReg => tables::hoisted(module, u32::from(instruction.b))?,
            RegisterOp::CallFuncConstReg => {
                tables::captures_nothing(module, "what is called", u32::from(instruction.b))?;
            }
            RegisterOp::NewRecordReg => tables::record(module, u32::from(instruction.b), u32::from(instruction.c))?,
            RegisterOp::LoadCaptureReg => tables::capture_kind(function, u32::from(instruction.b), false)?,
            RegisterOp::LoadCaptureCellReg | RegisterOp::StoreCaptureCellReg => {
                tables::capture_kind(function, u32::from(instruction.b), true)?;
            }
            RegisterOp::MakeFunctionReg => {
                let maker = &mut self.makers[usize::from(instruction.b)];
                if *maker != index as u32 + 1 {
                    *maker = index as u32 + 1;
                    tables::makes(module, function, u32::from(instruction.b), |_, _| true)?;
                }
            }
            _ => {}
        }
        if op.ends_block() {
            self.lead(pc + 1);
        } else if op.skips() {
            if pc + 2 >= function.code.len() {
                return Err(Problem::SkipsPastEnd);
            }
            self.lead(pc + 1);
            self.lead(pc + 2);
        }
        Ok(())
    }

    fn lead(&mut self, pc: usize) {
        if let Some(leads) = self.leads.get_mut(pc) {
            *leads = true;
        }
    }

    fn jump(&mut self, function: &RegFunction, pc: usize, instruction: RegisterInstruction) -> Result<(), Problem> {
        let target = pc as i64 + i64::from(instruction.offset().unwrap_or(0));
        if target < 0 || target >= function.code.len() as i64 {
            return Err(Problem::JumpOutside { target, length: count(&function.code) });
        }
        let only_forward = matches!(
            instruction.op(),
            RegisterOp::JumpReg | RegisterOp::JumpIfFalseReg | RegisterOp::JumpIfTrueReg | RegisterOp::JumpIfNotNullReg
        );
        if only_forward && target <= pc as i64 {
            return Err(Problem::JumpBack { target });
        }
        self.lead(target as usize);
        self.lead(pc + 1);
        Ok(())
    }

    /// Turns the marks into blocks.
    fn form_blocks(&mut self, function: &RegFunction) {
        self.blocks.clear();
        self.block_at.clear();
        for (pc, &leads) in self.leads.iter().enumerate() {
            if leads {
                self.blocks.push(Block { start: pc as u32, ..Block::default() });
            }
            self.block_at.push(self.blocks.len() as u32 - 1);
        }
        let end = self.blocks.len() as u32;
        self.blocks.push(Block { start: count(&function.code), ..Block::default() });
        let block_at = &self.block_at;
        let block = |pc: u32| block_at.get(pc as usize).copied().unwrap_or(end);
        self.handlers.fill(end as usize, &function.handlers, |handler| (block(handler.start), block(handler.end)));
    }

    /// Blocks that control goes to after `block`, its handler's not counted.
    fn successors(&self, function: &RegFunction, block: usize) -> [Option<u32>; 2] {
        let last = self.blocks[block + 1].start as usize - 1;
        let instruction = function.code[last];
        let op = instruction.op();
        let next = (!op.ends_block()).then_some(block as u32 + 1);
        let other = match instruction.offset() {
            Some(offset) => Some((last as i64 + i64::from(offset)) as usize),
            None => op.skips().then_some(last + 2),
        };
        [next, other.map(|pc| self.block_at[pc])]
    }

    /// Marks the blocks that control reaches.
    fn reach(&mut self, function: &RegFunction) {
        self.blocks[0].is_reached = true;
        self.pending.clear();
        self.pending.push(0);
        while let Some(block) = self.pending.pop() {
            let owner = self.handlers.owner(block as usize);
            let caught = function.handlers.get(owner as usize).map(|handler| self.block_at[handler.target as usize]);
            let [next, other] = self.successors(function, block as usize);
            for successor in [next, other, caught].into_iter().flatten() {
                let reached = &mut self.blocks[successor as usize].is_reached;
                if !*reached {
                    *reached = true;
                    self.pending.push(successor);
                }
            }
        }
    }

    /// Step 2.
    fn blocks(&mut self, index: usize, function: &RegFunction) -> Result<(), VerifyError> {
        self.gens.clear();
        self.exposed.clear();
        for block in 0..self.blocks.len() {
            self.blocks[block].gens = count(&self.gens);
            self.blocks[block].exposed = count(&self.exposed);
            self.blocks[block].lost = u32::MAX;
            if !self.blocks[block].is_reached {
                continue;
            }
            let first_gen = self.gens.len();
            self.clock += 1;
            self.losses.clear();
            let entry = self.clock;
            for pc in self.blocks[block].start..self.blocks[block + 1].start {
                self.clock += 1;
                self.step(function, block, entry, pc).map_err(|register| {
                    let problem = undefined(function, register);
                    VerifyError::instruction(self.module, index, pc as usize, problem)
                })?;
            }
            let mut kept = first_gen;
            for at in first_gen..self.gens.len() {
                let register = self.gens[at];
                if self.written[register as usize] >= self.lost_at(register) {
                    self.gens[kept] = register;
                    kept += 1;
                }
            }
            self.gens.truncate(kept);
        }
        Ok(())
    }

    /// Reads, losses and writes of one instruction, in this order. Fails with a register that is surely unwritten.
    fn step(&mut self, function: &RegFunction, block: usize, entry: u64, pc: u32) -> Result<(), u32> {
        let instruction = function.code[pc as usize];
        let lanes = instruction.lanes();
        let kinds = instruction.op().facts().lanes;
        for (&kind, &lane) in kinds.iter().zip(&lanes) {
            if matches!(kind, Lane::Use | Lane::UseDef) {
                self.read(u32::from(lane), entry, pc)?;
            }
        }
        if let Some(size) = window_size(kinds[0], instruction) {
            let first = u32::from(instruction.a);
            for register in first..first + size {
                self.read(register, entry, pc)?;
            }
            if kinds[0] != Lane::UseWindow {
                self.lose(block, first);
                self.write(first, entry);
            }
        }
        for (&kind, &lane) in kinds.iter().zip(&lanes) {
            let slot = function.spill_base + u32::from(lane);
            match kind {
                Lane::Def | Lane::UseDef => self.write(u32::from(lane), entry),
                Lane::Clobber => self.lose(block, u32::from(lane)),
                Lane::Slot if instruction.op() == RegisterOp::LoadSpill => self.read(slot, entry, pc)?,
                Lane::Slot => self.write(slot, entry),
                _ => {}
            }
        }
        Ok(())
    }

    fn read(&mut self, register: u32, entry: u64, pc: u32) -> Result<(), u32> {
        let written = self.written[register as usize];
        let lost = self.lost_at(register);
        if written >= entry.max(lost) {
            return Ok(());
        }
        if lost > 0 {
            return Err(register);
        }
        let noted = &mut self.noted[register as usize];
        if *noted < entry {
            *noted = self.clock;
            self.exposed.push((register, pc));
        }
        Ok(())
    }

    fn write(&mut self, register: u32, entry: u64) {
        let written = &mut self.written[register as usize];
        if *written < entry {
            self.gens.push(register);
        }
        *written = self.clock;
    }

    fn lose(&mut self, block: usize, from: u32) {
        while self.losses.last().is_some_and(|&(first, _)| first >= from) {
            self.losses.pop();
        }
        self.losses.push((from, self.clock));
        let lost = &mut self.blocks[block].lost;
        *lost = from.min(*lost);
    }

    /// When the register was last lost in this block; 0 if it was not.
    fn lost_at(&self, register: u32) -> u64 {
        match self.losses.partition_point(|&(first, _)| first <= register) {
            0 => 0,
            after => self.losses[after - 1].1,
        }
    }

    /// Step 3.
    fn flow(&mut self, index: usize, function: &RegFunction) -> Result<(), VerifyError> {
        self.columns.clear();
        self.columns.extend(self.exposed.iter().map(|&(register, _)| register));
        self.columns.sort_unstable();
        self.columns.dedup();
        for (column, &register) in self.columns.iter().enumerate() {
            self.column_of[register as usize] = column as u32;
        }
        let result = (0..count(&self.columns).div_ceil(64)).try_for_each(|word| {
            self.prepare_word(function, word);
            self.solve_word(function, word);
            self.judge_word(index, function, word)
        });
        for &register in &self.columns {
            self.column_of[register as usize] = NO_COLUMN;
        }
        result
    }

    /// Bits of the columns of this word whose registers are `from` or above.
    fn columns_from(&self, word: u32, from: u32) -> u64 {
        let first = self.columns.partition_point(|&register| register < from) as u32;
        match first.saturating_sub(word * 64) {
            shift @ 0..64 => u64::MAX << shift,
            _ => 0,
        }
    }

    /// The bit of a register in this word, if it is there.
    fn bit(&self, word: u32, register: u32) -> u64 {
        let column = self.column_of[register as usize];
        if column / 64 == word { 1 << (column % 64) } else { 0 }
    }

    fn prepare_word(&mut self, function: &RegFunction, word: u32) {
        let blocks = self.blocks.len() - 1;
        self.flow.clear();
        self.flow.resize(blocks, FlowWord::default());
        self.pending.clear();
        for block in (0..blocks).rev() {
            let Block { gens, exposed, lost, is_reached, .. } = self.blocks[block];
            if !is_reached {
                continue;
            }
            let next = self.blocks[block + 1];
            let mut state = FlowWord { is_pending: true, ..FlowWord::default() };
            for &register in &self.gens[gens as usize..next.gens as usize] {
                state.gens |= self.bit(word, register);
            }
            for &(register, _) in &self.exposed[exposed as usize..next.exposed as usize] {
                state.exposed |= self.bit(word, register);
            }
            if lost != u32::MAX {
                state.lost = self.columns_from(word, lost);
            }
            self.flow[block] = state;
            self.pending.push(block as u32);
        }
        self.flow[0].unwritten = self.columns_from(word, u32::from(function.parameters));
    }

    /// Propagates until nothing changes. A block is looked at again only when a bit was added to what may be unwritten on its entry, so
    /// at most 64 times.
    fn solve_word(&mut self, function: &RegFunction, word: u32) {
        while let Some(block) = self.pending.pop() {
            let block = block as usize;
            self.flow[block].is_pending = false;
            let FlowWord { unwritten, gens, lost, .. } = self.flow[block];
            let after = (unwritten | lost) & !gens;
            let [next, other] = self.successors(function, block);
            for successor in [next, other].into_iter().flatten() {
                self.add(successor, after);
            }
            let owner = self.handlers.owner(block);
            if owner != UNGUARDED {
                let handler = function.handlers[owner as usize];
                let caught = (unwritten | lost) & !self.bit(word, handler.landing);
                self.add(self.block_at[handler.target as usize], caught);
            }
        }
    }

    fn add(&mut self, block: u32, unwritten: u64) {
        let state = &mut self.flow[block as usize];
        if unwritten & !state.unwritten != 0 {
            state.unwritten |= unwritten;
            if !state.is_pending {
                state.is_pending = true;
                self.pending.push(block);
            }
        }
    }

    fn judge_word(&self, index: usize, function: &RegFunction, word: u32) -> Result<(), VerifyError> {
        for (block, state) in self.flow.iter().enumerate() {
            if state.exposed & state.unwritten == 0 {
                continue;
            }
            let exposed = self.blocks[block].exposed as usize..self.blocks[block + 1].exposed as usize;
            for &(register, pc) in &self.exposed[exposed] {
                if self.bit(word, register) & state.unwritten != 0 {
                    let problem = undefined(function, register);
                    return Err(VerifyError::instruction(self.module, index, pc as usize, problem));
                }
            }
        }
        Ok(())
    }
}

fn frame(function: &RegFunction) -> Result<(), Problem> {
    let length = count(&function.code);
    if length > MAX_OPERAND {
        return Err(Problem::TooLong { length, limit: MAX_OPERAND });
    }
    if function.locals > MAX_REGISTERS {
        return Err(Problem::FrameTooLarge { size: u64::from(function.locals), limit: MAX_REGISTERS });
    }
    let names = count(&function.local_names);
    if names != u32::from(function.parameters) {
        return Err(Problem::LocalNames { names, expected: u32::from(function.parameters), what: "parameters" });
    }
    let end = u64::from(function.spill_base) + u64::from(function.spills);
    if end > u64::from(function.locals) {
        return Err(Problem::SpillRegion { first: function.spill_base, end, registers: function.locals });
    }
    if !function.code.last().is_some_and(|last| last.op().ends_block()) {
        return Err(Problem::FallsOff);
    }
    Ok(())
}

/// The register exists and is no spill slot.
fn register(function: &RegFunction, register: u32) -> Result<(), Problem> {
    tables::in_range("register", register, function.locals)?;
    if register.wrapping_sub(function.spill_base) < function.spills {
        return Err(Problem::SpillRegister { register });
    }
    Ok(())
}

/// Another frame may begin at `register`.
fn above_spills(function: &RegFunction, register: u32) -> Result<(), Problem> {
    let end = function.spill_base + function.spills;
    if function.spills > 0 && register < end {
        return Err(Problem::WindowOverSpills { register, end });
    }
    Ok(())
}

/// How many registers a window of this kind holds; none if the lane is no window.
fn window_size(kind: Lane, instruction: RegisterInstruction) -> Option<u32> {
    let arguments = u32::from(instruction.c);
    match kind {
        Lane::Window | Lane::UseWindow => Some(arguments),
        Lane::ReceiverWindow => Some(arguments + 1),
        Lane::PairWindow => Some(arguments * 2),
        Lane::ConstructWindow => Some(2),
        Lane::SliceWindow => Some(3),
        _ => None,
    }
}

fn window(function: &RegFunction, kind: Lane, first: u32, instruction: RegisterInstruction) -> Result<(), Problem> {
    let size = window_size(kind, instruction).unwrap_or(0);
    // A window is never empty: at least its first register takes the result.
    let end = first + size.max(1);
    if end > function.locals || size > u32::from(u16::MAX) {
        return Err(Problem::WindowOutside { register: first, size, registers: function.locals });
    }
    if kind != Lane::UseWindow {
        return above_spills(function, first);
    }
    let spills = function.spill_base..function.spill_base + function.spills;
    if first < spills.end && spills.start < end {
        return Err(Problem::SpillRegister { register: first.max(spills.start) });
    }
    Ok(())
}

fn undefined(function: &RegFunction, register: u32) -> Problem {
    let slot = register.wrapping_sub(function.spill_base);
    Problem::Undefined { register, slot: (slot < function.spills).then_some(slot) }
}
