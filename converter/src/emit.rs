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
mod moves;

use std::ops::Range;

use isa::module::{Function as FunctionCode, Handler};
use isa::{Constant, Lane, Register, RegisterInstruction, RegisterOp, Stack, StackCode};

use crate::allocate::{Allocation, Location};
use crate::live::{LiveRanges, Origin, uses_window};
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
    Ok(emit_all(module, source, function, [ranges, ranges], allocation, statistics)?.code)
}

/// A function that was emitted, and what is known about its instructions.
#[derive(Clone, Debug)]
pub struct Emitted {
    /// The function.
    pub code: FunctionCode<Register>,
    /// For each instruction the point at which its operands are read.
    pub points: Vec<u32>,
    /// Stretches of its instructions that are islands of stack code, in order.
    pub islands: Vec<Range<u32>>,
}

/// Emits a function with all that is known about its instructions. The points are those of the second of two `ranges`, those of the function as
/// the allocator has left it; the first are those that the allocator was given.
///
/// # Errors
/// As for [`emit`].
pub fn emit_all(
    module: &StackCode,
    source: &isa::Function<Stack>,
    function: &Function,
    ranges: [&LiveRanges; 2],
    allocation: &Allocation,
    statistics: &mut Statistics,
) -> Result<Emitted, ConvertError> {
    let mut emitter = Emitter::new(module, source, function, ranges, allocation, false);
    emitter.function();
    if emitter.code.len() > LONGEST_SHORT_CODE {
        emitter = Emitter::new(module, source, function, ranges, allocation, true);
        emitter.function();
    }
    statistics.moves += emitter.count(&[RegisterOp::MovReg]);
    statistics.spill_stores += emitter.count(&[RegisterOp::StoreSpill]);
    statistics.reloads += emitter.count(&[RegisterOp::LoadSpill]);
    let points = std::mem::take(&mut emitter.points);
    let islands = emitter.islands();
    Ok(Emitted { code: emitter.finish()?, points, islands })
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
    code: Vec<RegisterInstruction>,
    /// For each instruction the point at which it reads.
    points: Vec<u32>,
    point: u32,
    /// The point at which each block begins, if it had one when points were counted.
    block_points: &'e [u32],
    lines: Vec<(u32, u32)>,
    /// Jumps to blocks, to be patched: instruction and block.
    jumps: Vec<(u32, u32)>,
    block_starts: Vec<u32>,
    /// Where the blocks' handlers begin to guard them.
    guard_starts: Vec<u32>,
    block_ends: Vec<u32>,
    /// Blocks that do nothing but begin an iteration, and whose only predecessor does that for them.
    inlined: Vec<bool>,
    /// For each block the register that takes what is thrown.
    landings: Vec<VirtualRegister>,
    /// Virtual registers whose value nobody reads.
    is_unread: Vec<bool>,
    /// How many registers there are besides slots and windows.
    registers: u32,
    /// Whether the block that is emitted belongs to an island.
    is_island: bool,
    next_window: usize,
    /// One past the highest register named.
    highest: Place,
    /// The first instruction with a number that does not fit its lane, and that number.
    beyond_reach: Option<(RegisterOp, u32)>,
    position: u32,
}

impl<'e> Emitter<'e> {
    fn new(
        module: &'e StackCode,
        source: &'e isa::Function<Stack>,
        function: &'e Function,
        [ranges, after]: [&'e LiveRanges; 2],
        allocation: &'e Allocation,
        has_long_branches: bool,
    ) -> Self {
        let registers = allocation.locations.iter().filter_map(|location| match location {
            Location::Register(register) => Some(u32::from(*register) + 1),
            _ => None,
        });
        let scratch = allocation.scratch.map_or(0, |scratch| u32::from(scratch) + 3);
        let registers = registers.max().unwrap_or(0).max(function.parameters).max(scratch);
        let mut is_unread = vec![false; function.registers as usize];
        for range in &ranges.ranges {
            is_unread[range.register as usize] = range.start == range.end;
        }
        Self {
            module,
            source,
            function,
            allocation,
            has_long_branches,
            block_points: &after.block_starts,
            code: Vec::new(),
            points: Vec::new(),
            point: 0,
            lines: Vec::new(),
            jumps: Vec::new(),
            block_starts: vec![0; function.blocks.len()],
            guard_starts: vec![0; function.blocks.len()],
            block_ends: vec![0; function.blocks.len()],
            inlined: vec![false; function.blocks.len()],
            landings: function.landings(),
            is_unread,
            registers,
            is_island: false,
            next_window: 0,
            highest: registers + allocation.slots + function.places,
            beyond_reach: None,
            position: 0,
        }
    }

    fn function(&mut self) {
        self.plan_inlining();
        self.at(0);
        self.prologue();
        for order in 0..self.function.layout.len() {
            let index = self.function.layout[order];
            let block = &self.function.blocks[index as usize];
            self.block_starts[index as usize] = self.code.len() as u32;
            self.is_island = block.is_island;
            self.guard_starts[index as usize] = self.code.len() as u32;
            if block.is_reachable && !self.inlined[index as usize] {
                // Points are counted as `live` counts them.
                self.point = self.block_points.get(index as usize).copied().unwrap_or_default();
                self.landing(index);
                let (moves, code) = block.instructions.split_at(block.unguarded as usize);
                self.instructions(moves);
                self.guard_starts[index as usize] = self.code.len() as u32;
                self.instructions(code);
                self.at(block.terminator_pc);
                let follows =
                    |&next: &u32| self.function.blocks[next as usize].is_reachable && !self.inlined[next as usize];
                let next = self.function.layout[order + 1..].iter().copied().find(follows);
                self.terminator(index, next);
            }
            self.block_ends[index as usize] = self.code.len() as u32;
        }
        self.patch();
    }

    /// Says which stack instruction is being translated.
    fn at(&mut self, pc: u32) {
        self.position = self.source.position(pc);
    }

    fn push(&mut self, instruction: RegisterInstruction) {
        let at = self.code.len() as u32;
        if self.lines.last().is_none_or(|line| line.1 != self.position) {
            self.lines.push((at, self.position));
        }
        self.code.push(instruction);
        self.points.push(self.point);
    }

    fn emit(&mut self, operation: RegisterOp, a: Place, b: Place, c: Place) {
        // Numbers that do not fit a lane are reported by `finish`.
        let largest = a.max(b).max(c);
        if largest > u32::from(u16::MAX) {
            self.beyond_reach.get_or_insert((operation, largest));
        }
        self.push(RegisterInstruction::new(operation, a as u16, b as u16, c as u16));
    }

    fn emit_wide(&mut self, operation: RegisterOp, a: Place, wide: u32) {
        self.push(RegisterInstruction::wide(operation, a as u16, wide));
    }

    fn location(&self, register: VirtualRegister) -> Spot {
        if let Some(depth) = self.function.depth_of(register) {
            return Spot::Register(self.top() + depth);
        }
        match self.allocation.locations[register as usize] {
            Location::Nowhere => Spot::Nowhere,
            Location::Register(register) => Spot::Register(self.place(register)),
            Location::Slot(slot) => Spot::Slot(slot),
        }
    }

    /// The place in the frame of a register as an allocator numbers it: slots lie above the parameters.
    fn place(&self, register: u16) -> Place {
        let register = u32::from(register);
        if register < self.function.parameters { register } else { register + self.allocation.slots }
    }

    /// The register that holds a virtual register's value: its own, or the `number`th scratch register, loaded from its slot.
    fn read(&mut self, register: VirtualRegister, number: u32) -> Place {
        match self.location(register) {
            Spot::Register(place) => place,
            Spot::Slot(slot) => {
                let scratch = self.scratch(number);
                self.emit(RegisterOp::LoadSpill, scratch, slot, 0);
                scratch
            }
            Spot::Nowhere => unreachable!("a register that is read is live"),
        }
    }

    /// The register to write for a virtual register; [`Self::written`] must follow.
    fn write(&mut self, register: VirtualRegister) -> Place {
        match self.location(register) {
            Spot::Register(place) => place,
            _ => self.scratch(0),
        }
    }

    fn written(&mut self, register: VirtualRegister, place: Place) {
        if let Spot::Slot(slot) = self.location(register) {
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
        let mut moves = Vec::new();
        for arrival in &self.allocation.arrivals {
            if let Origin::Parameter(parameter) = arrival.from {
                match self.location(arrival.to) {
                    Spot::Slot(slot) => self.emit(RegisterOp::StoreSpill, u32::from(parameter), slot, 0),
                    Spot::Register(place) => moves.push((place, u32::from(parameter))),
                    Spot::Nowhere => {}
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
        let landing = self.landings[block as usize];
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

    fn instruction(&mut self, instruction: &Instruction) {
        use RegisterOp as R;
        if uses_window(instruction.operation) {
            self.window_instruction(instruction);
            return;
        }
        match instruction.operation {
            R::MovReg => self.move_to(instruction.destination, instruction.operands[0]),
            R::PushReg | R::PopReg => self.cross(instruction),
            R::AddReg | R::SubReg | R::MulReg | R::DivReg | R::ModReg => self.arithmetic(instruction),
            operation => {
                let mut lanes = [0; 3];
                let mut operands = instruction.operands.iter();
                let mut scratch = 0;
                let mut written = NONE;
                for (lane, kind) in lanes.iter_mut().zip(operation.facts().lanes) {
                    *lane = match kind {
                        Lane::None | Lane::Wide => 0,
                        Lane::Def => {
                            written = instruction.destination;
                            self.write(written)
                        }
                        Lane::Use => {
                            let register =
                                operands.next().and_then(|operand| operand.register()).expect("operands are legal");
                            let place = self.read(register, scratch);
                            scratch += 1;
                            place
                        }
                        _ => instruction.data,
                    };
                }
                if operation.facts().lanes[2] == Lane::Wide {
                    self.emit_wide(operation, lanes[0], lanes[1]);
                } else {
                    self.emit(operation, lanes[0], lanes[1], lanes[2]);
                }
                if written != NONE {
                    self.written(written, lanes[0]);
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

    fn count(&self, operations: &[RegisterOp]) -> u64 {
        self.code.iter().filter(|instruction| operations.contains(&instruction.op())).count() as u64
    }

    fn finish(mut self) -> Result<FunctionCode<Register>, ConvertError> {
        let handlers = self.handlers();
        // Window instructions put the count beside the first register, so the highest register bounds every lane.
        if self.highest > u32::from(u16::MAX) {
            let function = self.module.name(self.source.name).to_string();
            return Err(ConvertError::TooLarge { function, needed: u64::from(self.highest) });
        }
        if let Some((operation, index)) = self.beyond_reach {
            let function = self.module.name(self.source.name).to_string();
            return Err(ConvertError::BeyondReach { function, operation: operation.facts().mnemonic, index });
        }
        Ok(FunctionCode {
            name: self.source.name,
            parameters: self.source.parameters,
            has_defaults: self.source.has_defaults,
            locals: self.highest,
            spill_base: if self.allocation.slots == 0 { self.registers } else { self.function.parameters },
            spills: self.allocation.slots,
            code: self.code,
            handlers,
            lines: self.lines,
            source: self.source.source,
            captures: self.source.captures.clone(),
            local_names: self.source.local_names[..usize::from(self.source.parameters)].to_vec(),
            global: self.source.global,
        })
    }

    /// Stretches of the code that come from islands.
    fn islands(&self) -> Vec<Range<u32>> {
        let mut islands: Vec<Range<u32>> = Vec::new();
        for &block in self.function.layout.iter().filter(|&&block| self.function.blocks[block as usize].is_island) {
            let (start, end) = (self.block_starts[block as usize], self.block_ends[block as usize]);
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
        let mut handlers = Vec::new();
        for handler in &function.handlers {
            if !function.blocks[handler.block as usize].is_reachable {
                continue;
            }
            let first = layout.partition_point(|block| start_pc(block) < handler.start_pc);
            let last = layout.partition_point(|block| start_pc(block) < handler.end_pc);
            let landing = match self.location(handler.landing) {
                Spot::Register(place) => place,
                _ => self.scratch(0),
            };
            let target = self.block_starts[handler.block as usize];
            let mut add = |start: u32, end: u32| {
                if start < end {
                    handlers.push(Handler { start, end, target, landing, is_cleanup: handler.is_cleanup });
                }
            };
            let (mut start, mut end) = (0, 0);
            for &block in &layout[first..last] {
                let guarded = self.guard_starts[block as usize];
                if guarded != end {
                    add(start, end);
                    start = guarded;
                }
                end = self.block_ends[block as usize].max(guarded);
            }
            add(start, end);
        }
        handlers
    }
}
