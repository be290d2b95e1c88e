//! Three-address code: register operations over virtual registers, in basic blocks.
//!
//! Virtual registers `0..locals` are the local slots of the stack form; `locals..globals` stand for the places of the operand stack where
//! values cross from one block to another; all from `globals` up are values made and used inside one block.
//!
//! In hybrid code some blocks are *islands*: they do what the stack code does, instruction for instruction, and nothing cleans them up.
//! Their operand stack lies in virtual registers of its own, the *places*: the one at a depth is always the same, no allocator sees them,
//! and emission puts them above everything else, one behind the other, so that the values on top of the stack are the window of a call.

use isa::{Lane, RegisterOp};
use smallvec::{SmallVec, smallvec};

use crate::step::{Step, StepSet};

/// A virtual register.
pub type VirtualRegister = u32;

/// No virtual register.
pub const NONE: VirtualRegister = u32::MAX;

/// What an instruction reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// A virtual register.
    Register(VirtualRegister),
    /// A constant of the module.
    Constant(u32),
}

impl Operand {
    /// The virtual register, if it is one.
    pub fn register(self) -> Option<VirtualRegister> {
        match self {
            Self::Register(register) => Some(register),
            Self::Constant(_) => None,
        }
    }
}

/// One instruction.
///
/// `operation` is the plain register form: `ADD_REG` also where emission will choose `ADD_INT` or `CONST_ADD` because an operand is a
/// constant, `MOV_REG` also where it will load a constant.
#[derive(Clone, Debug)]
pub struct Instruction {
    /// The operation.
    pub operation: RegisterOp,
    /// The register it writes, or [`NONE`].
    pub destination: VirtualRegister,
    /// What it reads: operands in lane order, or the contents of its window (after the callee, for `CALL_TOP_REG`).
    pub operands: SmallVec<[Operand; 3]>,
    /// What its other lane holds: a name, a global, a function, …
    pub data: u32,
    /// The stack instruction it comes from.
    pub pc: u32,
}

/// How a block ends.
#[derive(Clone, Debug)]
pub enum Terminator {
    /// Go to the block.
    Jump(u32),
    /// Begin an iteration at the block.
    Loop(u32),
    /// Go to `target` if the comparison's outcome is `sense`, else to `next`.
    Compare {
        /// `EQ_REG` to `GTE_REG`.
        operation: RegisterOp,
        /// Outcome that jumps.
        sense: bool,
        /// Left and right side.
        operands: [Operand; 2],
        /// Where the jump goes.
        target: u32,
        /// Where control goes otherwise.
        next: u32,
        /// Whether the jump begins an iteration.
        is_loop: bool,
    },
    /// Go to `target` if the truth of the operand is `sense`, else to `next`.
    Truth {
        /// Truth that jumps.
        sense: bool,
        /// What is tested.
        operand: VirtualRegister,
        /// Where the jump goes.
        target: u32,
        /// Where control goes otherwise.
        next: u32,
        /// Whether the jump begins an iteration.
        is_loop: bool,
    },
    /// Go to `target` unless the operand is null.
    NotNull {
        /// What is tested.
        operand: VirtualRegister,
        /// Where the jump goes.
        target: u32,
        /// Where control goes otherwise.
        next: u32,
    },
    /// Go to `enter` if counting from the first operand to the second by the third takes a step, else to `exit`.
    ForPrepare {
        /// Start, end, step.
        operands: [VirtualRegister; 3],
        /// Where the loop begins.
        enter: u32,
        /// Where control goes otherwise.
        exit: u32,
    },
    /// Advance the counter and go to `more`, or leave it alone and go to `done`.
    ForLoop {
        /// Read and written.
        counter: VirtualRegister,
        /// The end.
        end: Operand,
        /// The step.
        step: Operand,
        /// Where the loop goes on.
        more: u32,
        /// Where it ends.
        done: u32,
    },
    /// Take the next element and go to `more`, or take null and go to `done`.
    ForIter {
        /// `FOR_ITER_REG` or `FOR_PAIR_REG`.
        operation: RegisterOp,
        /// The element.
        destination: VirtualRegister,
        /// What is walked.
        collection: VirtualRegister,
        /// Read and written.
        position: VirtualRegister,
        /// Where the loop goes on.
        more: u32,
        /// Where it ends.
        done: u32,
    },
    /// Leave the function.
    Return(VirtualRegister),
    /// Throw.
    Throw(VirtualRegister),
}

impl Terminator {
    /// Blocks that control can go to: at most two.
    #[inline]
    pub fn successors(&self) -> [Option<u32>; 2] {
        match *self {
            Self::Jump(target) | Self::Loop(target) => [Some(target), None],
            Self::Compare { target, next, .. }
            | Self::Truth { target, next, .. }
            | Self::NotNull { target, next, .. } => [Some(target), Some(next)],
            Self::ForPrepare { enter, exit, .. } => [Some(enter), Some(exit)],
            Self::ForLoop { more, done, .. } | Self::ForIter { more, done, .. } => [Some(more), Some(done)],
            Self::Return(_) | Self::Throw(_) => [None, None],
        }
    }

    /// Calls `visit` for every block that control can go to.
    #[inline]
    pub fn for_each_successor(&self, mut visit: impl FnMut(u32)) {
        let [first, second] = self.successors();
        if let Some(first) = first {
            visit(first);
        }
        if let Some(second) = second {
            visit(second);
        }
    }

    /// Calls `visit` for every block that control can go to, to be replaced.
    pub fn for_each_target(&mut self, mut visit: impl FnMut(&mut u32)) {
        match self {
            Self::Jump(target) | Self::Loop(target) => visit(target),
            Self::Compare { target, next, .. }
            | Self::Truth { target, next, .. }
            | Self::NotNull { target, next, .. } => {
                visit(target);
                visit(next);
            }
            Self::ForPrepare { enter, exit, .. } => {
                visit(enter);
                visit(exit);
            }
            Self::ForLoop { more, done, .. } | Self::ForIter { more, done, .. } => {
                visit(more);
                visit(done);
            }
            Self::Return(_) | Self::Throw(_) => {}
        }
    }

    /// Calls `visit` for every virtual register it reads.
    #[inline]
    pub fn for_each_use(&self, mut visit: impl FnMut(VirtualRegister)) {
        match *self {
            Self::Jump(_) | Self::Loop(_) => {}
            Self::Compare { operands, .. } => operands.into_iter().filter_map(Operand::register).for_each(visit),
            Self::Truth { operand, .. }
            | Self::NotNull { operand, .. }
            | Self::Return(operand)
            | Self::Throw(operand) => visit(operand),
            Self::ForPrepare { operands, .. } => operands.into_iter().for_each(visit),
            Self::ForLoop { counter, end, step, .. } => {
                visit(counter);
                [end, step].into_iter().filter_map(Operand::register).for_each(visit);
            }
            Self::ForIter { collection, position, .. } => {
                visit(collection);
                visit(position);
            }
        }
    }

    /// Replaces every virtual register it reads; those it both reads and writes are replaced as one.
    pub fn rename(&mut self, new: impl Fn(VirtualRegister) -> VirtualRegister) {
        let renew = |register: &mut VirtualRegister| *register = new(*register);
        let renew_operand = |operand: &mut Operand| {
            if let Operand::Register(register) = operand {
                renew(register);
            }
        };
        match self {
            Self::Jump(_) | Self::Loop(_) => {}
            Self::Compare { operands, .. } => operands.iter_mut().for_each(renew_operand),
            Self::Truth { operand, .. }
            | Self::NotNull { operand, .. }
            | Self::Return(operand)
            | Self::Throw(operand) => renew(operand),
            Self::ForPrepare { operands, .. } => operands.iter_mut().for_each(renew),
            Self::ForLoop { counter, end, step, .. } => {
                renew(counter);
                [end, step].into_iter().for_each(renew_operand);
            }
            Self::ForIter { collection, position, .. } => {
                renew(collection);
                renew(position);
            }
        }
    }

    /// Calls `visit` for every virtual register it writes.
    #[inline]
    pub fn for_each_definition(&self, mut visit: impl FnMut(VirtualRegister)) {
        match *self {
            Self::ForLoop { counter, .. } => visit(counter),
            Self::ForIter { destination, position, .. } => {
                visit(destination);
                visit(position);
            }
            _ => {}
        }
    }

    /// Virtual registers it writes.
    pub fn definitions(&self) -> [Option<VirtualRegister>; 2] {
        match *self {
            Self::ForLoop { counter, .. } => [Some(counter), None],
            Self::ForIter { destination, position, .. } => [Some(destination), Some(position)],
            _ => [None, None],
        }
    }
}

/// A basic block.
#[derive(Clone, Debug)]
pub struct Block {
    /// The stack instruction at which it begins.
    pub start_pc: u32,
    /// Instructions.
    pub instructions: Vec<Instruction>,
    /// How it ends.
    pub terminator: Terminator,
    /// The stack instruction that the terminator comes from.
    pub terminator_pc: u32,
    /// The innermost handler that guards it: index into [`Function::handlers`].
    pub handler: Option<u32>,
    /// How many of its first instructions the handler does not guard: moves that allocation put there, by which what the handler needs gets to
    /// where it finds it.
    pub unguarded: u32,
    /// True for a block that lifting put on the edge into a loop: one block alone goes there.
    pub is_loop_entry: bool,
    /// False when control never gets here; such a block is empty and is not emitted.
    pub is_reachable: bool,
    /// True for a block of stack code, to be left as it is.
    pub is_island: bool,
}

/// A handler.
#[derive(Clone, Copy, Debug)]
pub struct Handler {
    /// Block where it begins.
    pub block: u32,
    /// Takes the thrown value.
    pub landing: VirtualRegister,
    /// First guarded stack instruction.
    pub start_pc: u32,
    /// First stack instruction past the guarded ones.
    pub end_pc: u32,
    /// See [`isa::module::Handler::is_cleanup`].
    pub is_cleanup: bool,
}

/// A function.
#[derive(Clone, Debug, Default)]
pub struct Function {
    /// Blocks; block 0 is the entry.
    pub blocks: Vec<Block>,
    /// The order in which blocks are laid out: that of the stack code.
    pub layout: Vec<u32>,
    /// Handlers that guard something, in the order of the stack code. Nothing but errors leads to their blocks, and those with the same
    /// block have the same landing register.
    pub handlers: Vec<Handler>,
    /// How many parameters it has: virtual registers `0..parameters`.
    pub parameters: u32,
    /// Virtual registers below this may cross block borders.
    pub globals: u32,
    /// How many virtual registers there are.
    pub registers: u32,
    /// Whether some blocks are islands.
    pub has_islands: bool,
    /// First of the virtual registers that are the operand stack of islands.
    pub first_place: VirtualRegister,
    /// How many of these there are.
    pub places: u32,
}

impl Function {
    /// At which depth of the islands' operand stack a virtual register lies, if it does.
    pub fn depth_of(&self, register: VirtualRegister) -> Option<u32> {
        let depth = register.wrapping_sub(self.first_place);
        (depth < self.places).then_some(depth)
    }
}

impl Function {
    /// For each block the register that takes what is thrown, or [`NONE`] for a block that is no handler's.
    pub fn landings(&self) -> Vec<VirtualRegister> {
        let mut landings = vec![NONE; self.blocks.len()];
        for handler in &self.handlers {
            landings[handler.block as usize] = handler.landing;
        }
        landings
    }

    /// Blocks that control can go to from a block: its successors, and its handler's.
    #[inline]
    pub fn ways(&self, block: usize) -> [Option<u32>; 3] {
        let block = &self.blocks[block];
        if !block.is_reachable {
            return [None; 3];
        }
        let [first, second] = block.terminator.successors();
        [first, second, block.handler.map(|handler| self.handlers[handler as usize].block)]
    }

    /// A new virtual register.
    pub fn new_register(&mut self) -> VirtualRegister {
        self.registers += 1;
        self.registers - 1
    }
}

impl Instruction {
    /// A move.
    pub fn copy(destination: VirtualRegister, source: VirtualRegister, pc: u32) -> Self {
        let operands = smallvec![Operand::Register(source)];
        Self { operation: RegisterOp::MovReg, destination, operands, data: 0, pc }
    }
}

/// Which of an instruction's operands may be constants.
pub fn allows_constant(operation: RegisterOp, index: usize, others: &[Operand], without: StepSet) -> bool {
    use RegisterOp as R;
    let has_immediates = !without.contains(Step::Immediates);
    let other_is_constant =
        || others.iter().enumerate().any(|(at, operand)| at != index && matches!(operand, Operand::Constant(_)));
    match operation {
        R::MovReg => true,
        R::AddReg | R::SubReg | R::MulReg | R::DivReg => has_immediates && !other_is_constant(),
        R::ModReg => has_immediates && index == 1 && !other_is_constant(),
        // Windows are filled by moves, which load constants too. The callee of CALL_TOP_REG lies outside its window.
        R::CallTopReg => index != 0,
        operation => operation.window_lane().is_some(),
    }
}

/// True when leaving an instruction with this operation out is not noticed if nobody reads its result.
#[inline]
pub fn is_removable(operation: RegisterOp) -> bool {
    IS_REMOVABLE[operation as usize]
}

static IS_REMOVABLE: [bool; RegisterOp::ALL.len()] = {
    use RegisterOp as R;
    let mut is_removable = [false; RegisterOp::ALL.len()];
    let mut at = 0;
    while at < is_removable.len() {
        is_removable[at] = matches!(
            RegisterOp::ALL[at],
            R::MovReg
                | R::LoadUnset
                | R::IsSetReg
                | R::ToBoolReg
                | R::NotReg
                | R::AndReg
                | R::OrReg
                | R::IsInstanceReg
                | R::EqReg
                | R::NeqReg
        );
        at += 1;
    }
    is_removable
};

/// A register operation that fills a window.
pub trait WindowOperation {
    /// The kind of its window, if it has one.
    fn window_lane(self) -> Option<Lane>;
}

impl WindowOperation for RegisterOp {
    fn window_lane(self) -> Option<Lane> {
        let lane = self.facts().lanes[0];
        is_window(lane).then_some(lane)
    }
}

/// Whether a lane names the first register of a window.
pub const fn is_window(lane: Lane) -> bool {
    use Lane as L;
    matches!(lane, L::Window | L::ReceiverWindow | L::PairWindow | L::ConstructWindow | L::SliceWindow | L::UseWindow)
}
