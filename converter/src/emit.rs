//! Allocated three-address code to register code.
//!
//! # Frame
//!
//! ```text
//! 0 .. parameters                 where parameters arrive: the first registers
//! parameters .. + spills          spill slots
//! parameters + spills ..          all other registers: values, and three for carrying values to and from slots if instructions name such
//! above all these ..              the operand stack of islands, when there are islands
//! first register above all that live on .. : the window of a call
//! ```
//!
//! An allocator numbers registers from 0 and does not see the slots in between. They lie that low because a callee's frame takes everything
//! from the window up: so windows can still begin right above what lives on, and arguments be made in place.

mod branches;
mod forms;
mod moves;

use std::ops::Range;

use isa::module::{Function as FunctionCode, Handler};
use isa::{Constant, Register, RegisterInstruction, RegisterOp, Stack, StackCode};
use smallvec::SmallVec;

use self::forms::{DATA, DESTINATION, FIRST_OPERAND, Form, Kind, Values};
use crate::Size;
use crate::allocate::{Allocation, Location};
use crate::live::{LiveRanges, Origin};
use crate::tac::{Function, Instruction, NONE, Operand, VirtualRegister};
use crate::{ConvertError, Statistics};

/// Offsets of fused branches have 16 bits: functions longer than this get branches in two steps.
const LONGEST_SHORT_CODE: usize = 32_000;

/// Emits a function.
///
/// # Errors
/// When it needs more registers than instructions can name.
pub fn emit(
    module: &StackCode,
    source: &isa::Function<Stack>,
    function: &Function,
    ranges: &LiveRanges,
    allocation: &Allocation,
    statistics: &mut Statistics,
) -> Result<FunctionCode<Register>, ConvertError> {
    Ok(emit_in(&mut Tables::default(), module, source, function, [ranges, ranges], allocation, statistics)?.code)
}

/// A function that was emitted.
#[derive(Clone, Debug)]
pub(crate) struct Emitted {
    /// The function.
    pub(crate) code: FunctionCode<Register>,
    /// Stretches of its instructions that are islands of stack code, in order.
    pub(crate) islands: Vec<Range<u32>>,
}

/// What is written of a function until it is whole; one function after the other is emitted in the same tables.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    code: Vec<RegisterInstruction>,
    /// For each instruction the point at which its operands are read, if anyone wants to know.
    pub(crate) points: Option<Vec<u32>>,
    lines: Vec<(u32, u32)>,
    /// Jumps to blocks, to be patched: instruction and block.
    jumps: Vec<(u32, u32)>,
    blocks: Vec<EmittedBlock>,
    /// How many ways lead to each block, if there are loops.
    entries: Vec<u32>,
}

/// Where a block is in the code.
#[derive(Clone, Copy, Debug)]
struct EmittedBlock {
    start: u32,
    /// Where its handler begins to guard it.
    guard_start: u32,
    end: u32,
    /// It does nothing but begin an iteration, and its only predecessor does that for it.
    is_inlined: bool,
    /// The register that takes what is thrown, if it is a handler's.
    landing: VirtualRegister,
}

/// Emits a function in given tables. The points are those of the second of two `ranges`, those of the function as the allocator has left it;
/// the first are those that the allocator was given.
///
/// # Errors
/// As for [`emit`].
pub(crate) fn emit_in(
    tables: &mut Tables,
    module: &StackCode,
    source: &isa::Function<Stack>,
    function: &Function,
    ranges: [&LiveRanges; 2],
    allocation: &Allocation,
    statistics: &mut Statistics,
) -> Result<Emitted, ConvertError> {
    let mut emitter = Emitter::new(tables, module, source, function, ranges, allocation, false);
    emitter.function();
    if emitter.tables.code.len() > LONGEST_SHORT_CODE {
        emitter = Emitter::new(tables, module, source, function, ranges, allocation, true);
        emitter.function();
    }
    emitter.count(statistics);
    let islands = emitter.islands();
    Ok(Emitted { code: emitter.finish()?, islands })
}

/// A register number while emitting; checked to fit a lane at the end.
type Place = u32;

/// Where a virtual register lives in the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spot {
    /// It is never live.
    Nowhere,
    /// A register.
    Register(Place),
    /// A spill slot.
    Slot(u32),
}

struct Emitter<'e> {
    module: &'e StackCode,
    source: &'e isa::Function<Stack>,
    function: &'e Function,
    allocation: &'e Allocation,
    has_long_branches: bool,
    /// Ranges as the allocator was given them.
    ranges: &'e LiveRanges,
    tables: &'e mut Tables,
    /// The point at which the current instruction reads.
    point: u32,
    /// The point at which each block begins, if it had one when points were counted.
    block_points: &'e [u32],
    /// How many registers there are besides slots and windows.
    registers: u32,
    /// Whether the block that is emitted belongs to an island.
    is_island: bool,
    next_window: usize,
    /// One past the highest register named.
    highest: Place,
    /// Moves written.
    moves: u64,
    /// The first instruction with a number that does not fit its lane, and that number.
    beyond_reach: Option<(RegisterOp, u32)>,
    /// Where in the source the stack instructions from `line` on come from, as far as the first that the rest of the line table is of.
    position: u32,
    line: u32,
    lines_ahead: &'e [(u32, u32)],
    /// Where the last instruction written comes from; before the first one, something else than where that does.
    noted: u32,
}

impl Tables {
    /// Tables of a size.
    pub(crate) fn new(size: Size) -> Self {
        Self {
            code: Vec::with_capacity(size.instructions),
            points: None,
            lines: Vec::with_capacity(size.instructions),
            jumps: Vec::with_capacity(size.blocks),
            blocks: Vec::with_capacity(size.blocks),
            entries: Vec::with_capacity(size.blocks),
        }
    }

    /// Tables in which points are noted.
    pub(crate) fn with_points() -> Self {
        Self { points: Some(Vec::new()), ..Self::default() }
    }

    fn begin(&mut self, function: &Function) {
        self.code.clear();
        self.points.iter_mut().for_each(Vec::clear);
        self.lines.clear();
        self.jumps.clear();
        self.blocks.clear();
        let block = EmittedBlock { start: 0, guard_start: 0, end: 0, is_inlined: false, landing: NONE };
        self.blocks.resize(function.blocks.len(), block);
        for handler in &function.handlers {
            self.blocks[handler.block as usize].landing = handler.landing;
        }
    }
}

impl<'e> Emitter<'e> {
    fn new(
        tables: &'e mut Tables,
        module: &'e StackCode,
        source: &'e isa::Function<Stack>,
        function: &'e Function,
        [ranges, after]: [&'e LiveRanges; 2],
        allocation: &'e Allocation,
        has_long_branches: bool,
    ) -> Self {
        tables.begin(function);
        let past = |location: &Location| match *location {
            Location::Register(register) => u32::from(register) + 1,
            Location::Nowhere | Location::Slot(_) => 0,
        };
        let carrying = allocation.scratch.map_or(0, |scratch| u32::from(scratch) + 3);
        let registers = allocation.locations.iter().map(past).fold(function.parameters.max(carrying), u32::max);
        let top = registers + allocation.slots;
        Self {
            module,
            source,
            function,
            allocation,
            has_long_branches,
            ranges,
            block_points: &after.block_starts,
            tables,
            point: 0,
            registers,
            is_island: false,
            next_window: 0,
            highest: top + function.places,
            moves: 0,
            beyond_reach: None,
            position: 0,
            noted: 0,
            line: 0,
            lines_ahead: &source.lines,
        }
    }

    fn function(&mut self) {
        self.plan_inlining();
        self.at(0);
        self.noted = !self.position;
        self.prologue();
        for order in 0..self.function.layout.len() {
            let index = self.function.layout[order];
            let block = &self.function.blocks[index as usize];
            self.is_island = block.is_island;
            let here = self.tables.code.len() as u32;
            let emitted = &mut self.tables.blocks[index as usize];
            (emitted.start, emitted.guard_start) = (here, here);
            if block.is_reachable && !emitted.is_inlined {
                // Points are counted as `live` counts them.
                self.point = self.block_points.get(index as usize).copied().unwrap_or_default();
                self.landing(index);
                let (moves, code) = block.instructions.split_at(block.unguarded as usize);
                self.instructions(moves);
                self.tables.blocks[index as usize].guard_start = self.tables.code.len() as u32;
                self.instructions(code);
                self.at(block.terminator_pc);
                let follows = |&next: &u32| {
                    self.function.blocks[next as usize].is_reachable && !self.tables.blocks[next as usize].is_inlined
                };
                let next = self.function.layout[order + 1..].iter().copied().find(follows);
                self.terminator(index, next);
            }
            self.tables.blocks[index as usize].end = self.tables.code.len() as u32;
        }
        self.patch();
    }

    /// Says which stack instruction is being translated. Mostly it is one soon after the last.
    #[inline]
    fn at(&mut self, pc: u32) {
        const SOON: usize = 6;
        let passed = self.lines_ahead.iter().take(SOON).take_while(|&&(first, _)| first <= pc).count();
        if passed == SOON || pc < self.line {
            self.seek_line(pc);
        } else if let Some(last) = passed.checked_sub(1) {
            (self.line, self.position) = self.lines_ahead[last];
            self.lines_ahead = &self.lines_ahead[passed..];
        }
    }

    #[cold]
    fn seek_line(&mut self, pc: u32) {
        let lines = &self.source.lines[..];
        let next = lines.partition_point(|&(first, _)| first <= pc);
        (self.line, self.position) = next.checked_sub(1).map_or((0, 0), |at| lines[at]);
        self.lines_ahead = &lines[next..];
    }

    #[inline]
    fn push(&mut self, instruction: RegisterInstruction) {
        let tables = &mut *self.tables;
        if self.noted != self.position {
            self.noted = self.position;
            tables.lines.push((tables.code.len() as u32, self.position));
        }
        tables.code.push(instruction);
        if let Some(points) = &mut tables.points {
            points.push(self.point);
        }
    }

    #[inline]
    fn emit(&mut self, operation: RegisterOp, a: Place, b: Place, c: Place) {
        if a | b | c > u32::from(u16::MAX) {
            self.note_beyond_reach(operation, a.max(b).max(c));
        }
        self.push(RegisterInstruction::new(operation, a as u16, b as u16, c as u16));
    }

    /// Numbers that do not fit a lane are reported by `finish`.
    #[cold]
    fn note_beyond_reach(&mut self, operation: RegisterOp, number: u32) {
        self.beyond_reach.get_or_insert((operation, number));
    }

    /// Emits a move between two registers.
    fn emit_move(&mut self, to: Place, from: Place) {
        self.moves += 1;
        self.emit(RegisterOp::MovReg, to, from, 0);
    }

    #[inline]
    fn emit_wide(&mut self, operation: RegisterOp, a: Place, wide: u32) {
        self.push(RegisterInstruction::wide(operation, a as u16, wide));
    }

    #[inline]
    fn location(&self, register: VirtualRegister) -> Spot {
        match self.allocation.locations[register as usize] {
            Location::Register(register) => Spot::Register(self.place(register)),
            Location::Slot(slot) => Spot::Slot(slot),
            // The places of an island's operand stack come in order.
            Location::Nowhere => match self.function.depth_of(register) {
                Some(depth) => Spot::Register(self.top() + depth),
                None => Spot::Nowhere,
            },
        }
    }

    /// The place in the frame of a register as an allocator numbers it: slots lie above the parameters.
    #[inline]
    fn place(&self, register: u16) -> Place {
        let register = u32::from(register);
        register + self.allocation.slots * u32::from(register >= self.function.parameters)
    }

    /// The register that holds a virtual register's value: its own, or the `number`th scratch register, loaded from its slot.
    #[inline]
    fn read(&mut self, register: VirtualRegister, number: u32) -> Place {
        match self.location(register) {
            Spot::Register(place) => place,
            Spot::Slot(slot) => self.reload(slot, number),
            Spot::Nowhere => unreachable!("a register that is read is live"),
        }
    }

    #[cold]
    fn reload(&mut self, slot: u32, number: u32) -> Place {
        let scratch = self.scratch(number);
        self.emit(RegisterOp::LoadSpill, scratch, slot, 0);
        scratch
    }

    /// The register to write for a virtual register; [`Self::written`] must follow.
    #[inline]
    fn write(&mut self, register: VirtualRegister) -> Place {
        match self.location(register) {
            Spot::Register(place) => place,
            _ => self.scratch(0),
        }
    }

    /// Stores what was written for a virtual register, if that lives in a slot.
    #[inline]
    fn written(&mut self, register: VirtualRegister, place: Place) {
        if self.allocation.slots != 0
            && let Spot::Slot(slot) = self.location(register)
        {
            self.emit(RegisterOp::StoreSpill, place, slot, 0);
        }
    }

    /// A register for carrying a value to or from its slot. Where the allocator keeps none free, that happens when the function begins, alone.
    fn scratch(&mut self, number: u32) -> Place {
        match self.allocation.scratch {
            Some(first) => self.place(first + number as u16),
            None => {
                let place = self.top() + number;
                self.highest = self.highest.max(place + 1);
                place
            }
        }
    }

    /// Parameters go to where they belong, and what begins unset becomes so.
    fn prologue(&mut self) {
        let mut moves: SmallVec<[(Place, Place); 8]> = SmallVec::new();
        for arrival in &self.allocation.arrivals {
            if let Origin::Parameter(parameter) = arrival.from {
                match self.location(arrival.to) {
                    Spot::Slot(slot) => self.emit(RegisterOp::StoreSpill, u32::from(parameter), slot, 0),
                    // Most parameters stay where they arrive.
                    Spot::Register(place) if place != u32::from(parameter) => {
                        moves.push((place, u32::from(parameter)));
                    }
                    Spot::Register(_) | Spot::Nowhere => {}
                }
            }
        }
        let spare = self.top();
        self.move_all(&moves, spare);
        for arrival in self.allocation.arrivals.iter().filter(|arrival| arrival.from == Origin::Unset) {
            let place = self.write(arrival.to);
            self.emit(RegisterOp::LoadUnset, place, 0, 0);
            self.written(arrival.to, place);
        }
    }

    /// A handler's block begins by keeping the thrown value, when that lives in a slot.
    fn landing(&mut self, block: u32) {
        let landing = self.tables.blocks[block as usize].landing;
        if landing != NONE
            && let Spot::Slot(slot) = self.location(landing)
        {
            let scratch = self.scratch(0);
            self.emit(RegisterOp::StoreSpill, scratch, slot, 0);
        }
    }

    fn instructions(&mut self, instructions: &[Instruction]) {
        for instruction in instructions {
            self.at(instruction.pc);
            self.instruction(instruction);
            self.point += 2;
        }
    }

    #[inline]
    fn instruction(&mut self, instruction: &Instruction) {
        let operation = instruction.operation;
        let form = Form::of(operation);
        match form.kind {
            Kind::Window => self.window_instruction(instruction),
            Kind::Move => self.move_to(instruction.destination, instruction.operands[0]),
            Kind::Cross => self.cross(instruction),
            Kind::Arithmetic => self.arithmetic(instruction),
            Kind::Plain => {
                let mut values = Values::default();
                values[DATA] = instruction.data;
                for (number, operand) in (0..).zip(&instruction.operands) {
                    let register = operand.register().expect("operands are legal");
                    values[FIRST_OPERAND + number as usize] = self.read(register, number);
                }
                let destination = instruction.destination;
                if destination != NONE {
                    values[DESTINATION] = self.write(destination);
                }
                let [a, b, c] = form.lanes(values);
                if form.is_wide {
                    self.emit_wide(operation, a, b);
                } else {
                    self.emit(operation, a, b, c);
                }
                if destination != NONE {
                    self.written(destination, a);
                }
            }
        }
    }

    /// Arithmetic with the form that its operands allow.
    fn arithmetic(&mut self, instruction: &Instruction) {
        use RegisterOp as R;
        let operation = instruction.operation;
        let destination = self.write(instruction.destination);
        match (instruction.operands[0], instruction.operands[1]) {
            (Operand::Register(left), Operand::Register(right)) => {
                let (left, right) = (self.read(left, 0), self.read(right, 1));
                self.emit(operation, destination, left, right);
            }
            (Operand::Register(left), Operand::Constant(constant)) => {
                let (int, other) = match operation {
                    R::AddReg => (R::AddInt, R::AddConst),
                    R::SubReg => (R::SubInt, R::SubConst),
                    R::MulReg => (R::MulInt, R::MulConst),
                    R::DivReg => (R::DivInt, R::DivConst),
                    _ => (R::ModInt, R::ModConst),
                };
                let left = self.read(left, 0);
                match self.small_integer(constant) {
                    Some(value) => self.emit(int, destination, left, u32::from(value as u16)),
                    None if constant <= u32::from(u16::MAX) => self.emit(other, destination, left, constant),
                    None => {
                        let right = self.far_constant(constant);
                        self.emit(operation, destination, left, right);
                    }
                }
            }
            (Operand::Constant(constant), Operand::Register(right)) => {
                let other = match operation {
                    R::AddReg => R::ConstAdd,
                    R::SubReg => R::ConstSub,
                    R::MulReg => R::ConstMul,
                    _ => R::ConstDiv,
                };
                let right = self.read(right, 1);
                if constant <= u32::from(u16::MAX) {
                    self.emit(other, destination, constant, right);
                } else {
                    let left = self.far_constant(constant);
                    self.emit(operation, destination, left, right);
                }
            }
            (Operand::Constant(_), Operand::Constant(_)) => unreachable!("one operand is in a register"),
        }
        self.written(instruction.destination, destination);
    }

    /// A register above all others that holds a constant whose index does not fit a lane.
    fn far_constant(&mut self, constant: u32) -> Place {
        let place = self.top();
        self.highest = self.highest.max(place + 1);
        self.load_constant(place, constant);
        place
    }

    /// The first register that nothing below a window's reach can occupy.
    fn top(&self) -> Place {
        self.registers + self.allocation.slots
    }

    fn small_integer(&self, constant: u32) -> Option<i16> {
        match self.module.constants[constant as usize] {
            Constant::Int(value) => i16::try_from(value).ok(),
            _ => None,
        }
    }

    fn load_constant(&mut self, place: Place, constant: u32) {
        match self.module.constants[constant as usize] {
            Constant::Int(value) if i32::try_from(value).is_ok() => {
                self.emit_wide(RegisterOp::LoadInt, place, value as i32 as u32)
            }
            _ => self.emit_wide(RegisterOp::LoadReg, place, constant),
        }
    }

    fn count(&self, statistics: &mut Statistics) {
        statistics.moves += self.moves;
        if self.allocation.slots != 0 {
            let count = |operation: RegisterOp| {
                let is_such = |instruction: &&RegisterInstruction| instruction.opcode() == operation as u16;
                self.tables.code.iter().filter(is_such).count() as u64
            };
            statistics.spill_stores += count(RegisterOp::StoreSpill);
            statistics.reloads += count(RegisterOp::LoadSpill);
        }
    }

    /// The function's name, and where its code begins if that is known.
    fn described(&self) -> String {
        let name = self.module.name(self.source.name);
        let begin = self.source.lines.first().zip(self.module.sources.get(self.source.source as usize));
        let text = begin.and_then(|(&(_, offset), file)| Some((file, file.text.get(..offset as usize)?)));
        match text {
            Some((file, before)) if !file.name.is_empty() => {
                let line = before.matches('\n').count() + 1;
                let column = before.chars().rev().take_while(|&character| character != '\n').count() + 1;
                format!("'{name}' at {}:{line}:{column}", file.name)
            }
            _ => format!("'{name}'"),
        }
    }

    fn finish(mut self) -> Result<FunctionCode<Register>, ConvertError> {
        let handlers = self.handlers();
        // Window instructions put the count beside the first register, so the highest register bounds every lane.
        if self.highest > u32::from(u16::MAX) {
            let function = self.described();
            return Err(ConvertError::TooLarge { function, needed: u64::from(self.highest) });
        }
        if let Some((operation, index)) = self.beyond_reach {
            let function = self.described();
            return Err(ConvertError::BeyondReach { function, operation: operation.facts().mnemonic, index });
        }
        Ok(FunctionCode {
            name: self.source.name,
            parameters: self.source.parameters,
            has_defaults: self.source.has_defaults,
            locals: self.highest,
            spill_base: if self.allocation.slots == 0 { self.registers } else { self.function.parameters },
            spills: self.allocation.slots,
            code: self.tables.code.clone(),
            handlers,
            lines: self.tables.lines.clone(),
            refunds: self.source.refunds.clone(),
            source: self.source.source,
            captures: self.source.captures.clone(),
            local_names: self.source.local_names[..usize::from(self.source.parameters)].to_vec(),
            global: self.source.global,
        })
    }

    /// Where what a block's handler guards of it ends.
    fn end_of(&self, block: u32) -> u32 {
        let EmittedBlock { guard_start, end, .. } = self.tables.blocks[block as usize];
        end.max(guard_start)
    }

    /// Stretches of the code that come from islands.
    fn islands(&self) -> Vec<Range<u32>> {
        let mut islands: Vec<Range<u32>> = Vec::new();
        if !self.function.has_islands {
            return islands;
        }
        for &block in self.function.layout.iter().filter(|&&block| self.function.blocks[block as usize].is_island) {
            let EmittedBlock { start, end, .. } = self.tables.blocks[block as usize];
            match islands.last_mut() {
                _ if start == end => {}
                Some(last) if last.end == start => last.end = end,
                _ => islands.push(start..end),
            }
        }
        islands
    }

    /// The handler table: each handler guards the code of the blocks that it guarded in the stack code, with gaps where a block's first moves
    /// are not guarded.
    fn handlers(&mut self) -> Vec<Handler> {
        let function = self.function;
        let layout = &function.layout;
        let start_pc = |block: &u32| function.blocks[*block as usize].start_pc;
        if function.handlers.is_empty() {
            return Vec::new();
        }
        let mut handlers = Vec::with_capacity(function.handlers.len());
        // Places in the layout before which there is a gap.
        let gaps: Vec<usize> = (1..layout.len())
            .filter(|&order| self.end_of(layout[order - 1]) != self.tables.blocks[layout[order] as usize].guard_start)
            .collect();
        for handler in &function.handlers {
            let first = layout.partition_point(|block| start_pc(block) < handler.start_pc);
            let last = layout.partition_point(|block| start_pc(block) < handler.end_pc);
            if !function.blocks[handler.block as usize].is_reachable {
                continue;
            }
            let landing = match self.location(handler.landing) {
                Spot::Register(place) => place,
                _ => self.scratch(0),
            };
            if first == last {
                continue;
            }
            let target = self.tables.blocks[handler.block as usize].start;
            let inside = gaps.partition_point(|&gap| gap <= first)..gaps.partition_point(|&gap| gap < last);
            let starts = std::iter::once(first).chain(gaps[inside.clone()].iter().copied());
            let ends = gaps[inside].iter().copied().chain([last]);
            for (from, to) in starts.zip(ends) {
                let start = self.tables.blocks[layout[from] as usize].guard_start;
                let end = self.end_of(layout[to - 1]);
                if start < end {
                    handlers.push(Handler { start, end, target, landing, is_cleanup: handler.is_cleanup });
                }
            }
        }
        handlers
    }
}
