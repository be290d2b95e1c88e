//! What instructions read and write and where they jump, in either form alike.
//!
//! A frame is one row of values: locals and the operand stack above them, or registers. Operands come in the order of the stack form,
//! so that an operation reads the same in both forms.

use std::ops::Range;

use smallvec::SmallVec;

use crate::module::{Function, Register, Stack};
use crate::register::{Lane, RegisterInstruction, RegisterOp};
use crate::stack::{StackInstruction, StackOp, StackOperand};

/// What an instruction reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operand {
    /// A place of the frame.
    Place(u32),
    /// A constant.
    Constant(u32),
    /// A number in the instruction.
    Integer(i64),
    /// An entry of another table of the module: a name, a global, a function, …
    Entry(u32),
    /// What a variable holds that was never set.
    Unset,
}

/// What an instruction reads and writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Operands {
    /// What it reads: an object before what is done with it, entries of tables last. What only moves values reads them in the order in which
    /// it writes them.
    pub reads: SmallVec<[Operand; 4]>,
    /// Places of the frame that it writes.
    pub writes: SmallVec<[u32; 2]>,
}

/// A jump to another place than the next instruction, conditional or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jump {
    /// Where it goes.
    pub target: u32,
    /// Whether it is taken if the condition does not hold.
    pub unless: bool,
    /// Whether it takes fuel when it is taken.
    pub takes_fuel: bool,
}

impl StackOp {
    /// The locals that it reads, counted from the one that its operand names.
    pub fn locals_read(self) -> Range<u32> {
        match self {
            Self::LoadLocal | Self::CheckLocal | Self::LoadCell | Self::StoreCell | Self::MakeCell | Self::IsSet => {
                0..1
            }
            Self::IterValue | Self::ForIter | Self::ForPair => 0..2,
            Self::ForLoop => 0..3,
            Self::ForPrepare => 1..3,
            _ => 0..0,
        }
    }

    /// Whether all it does is to move values, to drop them, or to go elsewhere.
    pub fn only_moves(self) -> bool {
        use StackOp as O;
        matches!(self, O::LoadConst | O::LoadLocal | O::StoreLocal | O::LoadLocals | O::LoadLocalConst | O::StoreLoad)
            || matches!(self, O::Nop | O::Jump | O::Pop | O::Dup | O::Unset)
    }

    /// The local that it writes, counted likewise.
    pub fn local_written(self) -> Option<u32> {
        match self {
            Self::StoreLocal | Self::Unset | Self::MakeCell | Self::ForPrepare | Self::ForLoop => Some(0),
            Self::ForIter | Self::ForPair => Some(1),
            _ => None,
        }
    }
}

impl StackInstruction {
    /// What it reads and writes where `depth` values are on the operand stack.
    pub fn operands(self, function: &Function<Stack>, depth: u32) -> Operands {
        if let Some([first, second]) = self.parts() {
            let mut both = first.operands(function, depth);
            let after = second.operands(function, depth - first.pops() + first.pushes());
            // What the first has just written is what it has read.
            let written = |read: &Operand| matches!(read, Operand::Place(place) if both.writes.contains(place));
            let reads = after.reads.iter().map(|read| if written(read) { both.reads[0] } else { *read });
            let reads: SmallVec<[Operand; 4]> = reads.collect();
            both.reads.extend(reads);
            both.writes.extend(after.writes);
            return both;
        }
        let (op, operand) = (self.op(), self.operand());
        let kept = function.locals + depth - self.pops();
        let popped = (kept..function.locals + depth).map(Operand::Place);
        let locals = op.locals_read().map(|local| Operand::Place(operand + local));
        let mut reads: SmallVec<[Operand; 4]> =
            if op == StackOp::StoreCell { locals.chain(popped).collect() } else { popped.chain(locals).collect() };
        use StackOperand as O;
        match op.facts().operand {
            O::Constant => reads.push(Operand::Constant(operand)),
            O::Local if matches!(op, StackOp::CheckLocal | StackOp::LoadCell) => {
                reads.push(Operand::Entry(function.local_names[operand as usize]));
            }
            O::GlobalCall | O::FunctionCall | O::BuiltinCall | O::MethodCall | O::TypeCall => {
                reads.push(Operand::Entry(self.call_index()));
            }
            O::Global | O::Capture | O::Function | O::Type | O::Name | O::Module => reads.push(Operand::Entry(operand)),
            O::Local if op == StackOp::Unset => reads.push(Operand::Unset),
            O::Gas => reads.push(Operand::Integer(i64::from(operand))),
            O::None | O::Local | O::Jump | O::Count | O::Arguments | O::LocalPair | O::LocalConstant => {}
        }
        let pushed = kept..kept + self.pushes();
        Operands { reads, writes: pushed.chain(op.local_written().map(|local| operand + local)).collect() }
    }

    /// The jump that it makes, if it makes one.
    pub fn jump(self) -> Option<Jump> {
        let (unless, takes_fuel) = match self.op() {
            StackOp::JumpIfFalse => (true, false),
            StackOp::Loop | StackOp::LoopIfTrue => (false, true),
            _ => (false, false),
        };
        self.jump_target().map(|target| Jump { target, unless, takes_fuel })
    }
}

impl RegisterInstruction {
    /// What it reads and writes, except what a call loses.
    pub fn operands(self, function: &Function<Register>) -> Operands {
        let (op, lanes) = (self.op(), self.op().facts().lanes);
        let Operands { mut reads, mut writes } = Operands::default();
        let mut entry = None;
        for (kind, lane) in lanes.into_iter().zip(self.lanes()) {
            let register = u32::from(lane);
            match kind {
                Lane::Use => reads.push(Operand::Place(register)),
                Lane::Def => writes.push(register),
                Lane::UseDef => {
                    reads.push(Operand::Place(register));
                    writes.push(register);
                }
                Lane::Slot if op == RegisterOp::LoadSpill => reads.push(Operand::Place(function.spill_base + register)),
                Lane::Slot => writes.push(function.spill_base + register),
                Lane::Int => reads.push(Operand::Integer(i64::from(lane as i16))),
                Lane::IntWide => reads.push(Operand::Integer(i64::from(self.wide_operand() as i32))),
                Lane::Constant => reads.push(Operand::Constant(register)),
                Lane::ConstantWide => reads.push(Operand::Constant(self.wide_operand())),
                Lane::GlobalWide => entry = Some(self.wide_operand()),
                Lane::Global | Lane::Function | Lane::Type | Lane::Name => entry = Some(register),
                Lane::Module | Lane::Builtin | Lane::Capture | Lane::Index => entry = Some(register),
                Lane::None | Lane::Offset | Lane::OffsetWide | Lane::Wide | Lane::Arguments | Lane::Clobber => {}
                Lane::Window | Lane::ReceiverWindow | Lane::PairWindow => {}
                Lane::ConstructWindow | Lane::SliceWindow | Lane::UseWindow => {}
            }
        }
        if let Some((first, count)) = self.window() {
            let first = u32::from(first);
            reads.extend((first..first + u32::from(count)).map(Operand::Place));
            if lanes[0] != Lane::UseWindow {
                writes.push(first);
            }
        }
        reads.extend(entry.map(Operand::Entry));
        match op {
            RegisterOp::LoadUnset => reads.push(Operand::Unset),
            RegisterOp::CountedLoop => reads.push(Operand::Integer(1)),
            _ => {}
        }
        Operands { reads, writes }
    }

    /// The jump that it makes at `pc`, if it makes one. A jump back begins an iteration.
    pub fn jump(self, pc: u32) -> Option<Jump> {
        let (op, offset) = (self.op(), self.offset()?);
        let takes_fuel = op == RegisterOp::LoopReg || offset <= 0;
        Some(Jump { target: pc.wrapping_add_signed(offset), unless: op.jumps_unless(), takes_fuel })
    }
}

impl Function<Stack> {
    /// How many values are on the operand stack before each instruction of verified code; nothing where control never comes.
    pub fn depths(&self) -> Vec<Option<u32>> {
        let guards = self.guards();
        let mut depths = vec![None; self.code.len()];
        let mut pending = vec![(0_u32, 0_u32)];
        while let Some((mut pc, mut depth)) = pending.pop() {
            while depths[pc as usize].replace(depth).is_none() {
                if let Some(handler) = guards[pc as usize].map(|handler| self.handlers[handler as usize]) {
                    pending.push((handler.target, handler.landing + 1));
                }
                let instruction = self.code[pc as usize];
                let op = instruction.op();
                depth = depth - instruction.pops() + instruction.pushes();
                pending.extend(instruction.jump_target().map(|target| (target, depth)));
                if op.skips() {
                    pending.push((pc + 2, depth));
                }
                if op.ends_block() {
                    break;
                }
                pc += 1;
            }
        }
        depths
    }
}
