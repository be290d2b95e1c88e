//! Stack code to three-address code: the operand stack is run symbolically, block by block.
//!
//! Inside a block the symbolic stack holds operands: constants, locals that were read, results of instructions. Nothing is moved until a
//! value is needed in a place. Two rules keep that right:
//!
//! * Before a local is written, every entry of the symbolic stack that still means its old value is moved to a register of its own.
//! * At the end of a block every entry is moved to the register that stands for its place on the stack, where the next block finds it.
//!
//! Blocks of an island are lifted one instruction to one: every entry of the symbolic stack is the place that stands for its depth, and locals
//! are pushed and popped by instructions of their own.

mod stack;

use std::ops::Range;

use isa::module::CaptureSource;
use isa::{RegisterOp, Stack, StackCode, StackInstruction, StackOp};
use optimizer::ControlFlowGraph;
use optimizer::cfg::is_comparison;
use smallvec::{SmallVec, smallvec};

use self::stack::SymbolicStack;
use crate::Size;
use crate::step::{Step, StepSet};
use crate::tac::{Block, Function, Handler, Instruction, NONE, Operand, Terminator, VirtualRegister, allows_constant};

/// Lifts a function of a verified module. Of the steps, those concern it that say what goes into one instruction.
pub fn lift(module: &StackCode, function: &isa::Function<Stack>, without: StepSet) -> Function {
    lift_around(module, function, &[], without)
}

/// Lifts a function of a verified module, but leaves stretches of it as they are: whole blocks, which values on the stack neither enter
/// from the others nor leave for them, in the order of the code.
pub fn lift_around(
    module: &StackCode,
    function: &isa::Function<Stack>,
    islands: &[Range<u32>],
    without: StepSet,
) -> Function {
    let mut lifted = Function::default();
    Tables::default().lift(module, function, islands, without, &mut lifted);
    lifted
}

/// What one function after the other is lifted in.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    graph: ControlFlowGraph,
    stack: SymbolicStack,
    /// Empty lists of instructions, of blocks that are not needed any more.
    lists: Vec<Vec<Instruction>>,
    landings: Landings,
}

/// What is found out about handlers and their blocks.
#[derive(Debug, Default)]
struct Landings {
    /// For each handler of the stack code its number among those that guard something.
    numbers: Vec<Option<u32>>,
    /// For each block of the stack code whether control gets there without an error.
    is_entered: Vec<bool>,
    /// For each block of the stack code the one that is to be laid out in front of it, if there is such a block at all.
    before: Vec<Option<u32>>,
}

impl Tables {
    /// Tables of a size.
    pub(crate) fn new(size: Size) -> Self {
        Self {
            graph: ControlFlowGraph::with_capacity(2 * size.instructions, size.blocks),
            stack: SymbolicStack::with_capacity(16),
            lists: Vec::with_capacity(size.blocks),
            landings: Landings::default(),
        }
    }

    /// Takes back the instructions of a function that nobody needs any more; it keeps its tables, without blocks.
    pub(crate) fn recycle(&mut self, function: &mut Function) {
        for mut block in function.blocks.drain(..).filter(|block| block.instructions.capacity() != 0) {
            block.instructions.clear();
            self.lists.push(block.instructions);
        }
    }

    /// Lifts a function into the tables of another one that has no blocks; see [`lift_around`].
    pub(crate) fn lift(
        &mut self,
        module: &StackCode,
        function: &isa::Function<Stack>,
        islands: &[Range<u32>],
        without: StepSet,
        lifted: &mut Function,
    ) {
        let Self { graph, stack, lists, landings } = self;
        graph.rebuild(function);
        let deepest =
            graph.blocks.iter().filter(|block| block.is_reachable).map(|block| block.depth).max().unwrap_or(0);
        // Blocks reached by falling or jumping find their stack at the depth that their predecessors leave, which is their own.
        let globals = function.locals + deepest;
        let places = if islands.is_empty() { 0 } else { deepest_stack(function, graph) };
        let mut lifter = Lifter {
            module,
            function,
            without,
            graph,
            islands,
            first_place: globals,
            is_island: false,
            registers: globals + places,
            stack,
            instructions: new_list(lists),
            lists,
            terminator_pc: 0,
        };
        let Function { mut blocks, mut layout, mut handlers, .. } = std::mem::take(lifted);
        blocks.extend((0..graph.blocks.len()).map(|index| lifter.block(index)));
        let registers = lifter.registers;
        let unused = std::mem::take(&mut lifter.instructions);
        lists.push(unused);
        find_handlers(&mut handlers, &mut blocks, function, graph, globals, &mut landings.numbers);
        split_landings(&mut blocks, &mut handlers, landings);
        split_loop_entries(&mut blocks, graph.blocks.len(), function, &landings.before, &mut layout, lists);
        *lifted = Function {
            blocks,
            layout,
            handlers,
            parameters: u32::from(function.parameters),
            globals,
            registers,
            has_islands: !islands.is_empty(),
            first_place: globals,
            places,
        };
    }
}

/// The most values on the operand stack at any time.
fn deepest_stack(function: &isa::Function<Stack>, graph: &ControlFlowGraph) -> u32 {
    let mut deepest = 0;
    for block in graph.blocks.iter().filter(|block| block.is_reachable) {
        let mut depth = block.depth;
        for instruction in &function.code[block.start as usize..block.end as usize] {
            depth = depth - instruction.pops() + instruction.pushes();
            deepest = deepest.max(depth);
        }
        deepest = deepest.max(block.depth);
    }
    deepest
}

/// An empty list of instructions.
fn new_list(lists: &mut Vec<Vec<Instruction>>) -> Vec<Instruction> {
    // Most blocks are short.
    lists.pop().unwrap_or_else(|| Vec::with_capacity(8))
}

struct Lifter<'m> {
    module: &'m StackCode,
    function: &'m isa::Function<Stack>,
    without: StepSet,
    graph: &'m ControlFlowGraph,
    /// Stretches of the code that are left as they are.
    islands: &'m [Range<u32>],
    /// What stands for the lowest value on the stack of an island.
    first_place: VirtualRegister,
    /// Whether the current block is one of an island.
    is_island: bool,
    registers: u32,
    stack: &'m mut SymbolicStack,
    /// Instructions of the current block.
    instructions: Vec<Instruction>,
    lists: &'m mut Vec<Vec<Instruction>>,
    /// Where an error of the current block's terminator is reported: at the comparison, when that is fused with its jump.
    terminator_pc: u32,
}

impl Lifter<'_> {
    fn block(&mut self, index: usize) -> Block {
        let source = &self.graph.blocks[index];
        self.is_island = !self.islands.is_empty() && {
            let after = self.islands.partition_point(|island| island.start <= source.start);
            after > 0 && self.islands[after - 1].contains(&source.start)
        };
        let mut block = Block {
            start_pc: source.start,
            instructions: Vec::new(),
            terminator: Terminator::Jump(index as u32),
            terminator_pc: source.end - 1,
            handler: source.handler,
            unguarded: 0,
            is_loop_entry: false,
            is_reachable: source.is_reachable,
            is_island: self.is_island,
        };
        if !source.is_reachable {
            return block;
        }
        self.stack.begin(self.place(0), source.depth);
        let kept = source.handler.map_or(0, |handler| self.function.handlers[handler as usize].landing);
        let code = &self.function.code[source.start as usize..source.end as usize];
        let last = source.end - 1;
        let (body, jump) = match code {
            [body @ .., jump] if jump.is_control() => (body, Some(*jump)),
            body => (body, None),
        };
        for (pc, &instruction) in (source.start..).zip(body) {
            if !self.is_island || !self.in_island(instruction, pc) {
                self.instruction(instruction, pc);
            }
            if kept != 0 {
                self.settle_kept(kept, pc);
            }
        }
        self.terminator_pc = last;
        block.terminator = match jump {
            Some(jump) => self.jump(jump, last, index),
            None => {
                self.settle_stack(&mut [], last);
                Terminator::Jump(index as u32 + 1)
            }
        };
        block.terminator_pc = self.terminator_pc;
        if !self.instructions.is_empty() {
            block.instructions = std::mem::replace(&mut self.instructions, new_list(self.lists));
        }
        block
    }

    /// The register that stands for a depth of the stack between blocks, and in an island always.
    fn place(&self, depth: usize) -> VirtualRegister {
        depth as u32 + if self.is_island { self.first_place } else { self.function.locals }
    }

    /// The register for a value that is about to be pushed.
    fn pushed_register(&mut self) -> VirtualRegister {
        if self.is_island { self.place(self.stack.len()) } else { self.new_register() }
    }

    fn new_register(&mut self) -> VirtualRegister {
        self.registers += 1;
        self.registers - 1
    }

    fn pop(&mut self) -> Operand {
        self.stack.pop().expect("verified code does not pop an empty stack")
    }

    #[inline]
    fn emit(
        &mut self,
        operation: RegisterOp,
        destination: VirtualRegister,
        operands: SmallVec<[Operand; 3]>,
        data: u32,
        pc: u32,
    ) {
        self.instructions.push(Instruction { operation, destination, operands, data, pc });
    }

    fn emit_move(&mut self, destination: VirtualRegister, source: Operand, pc: u32) {
        self.emit(RegisterOp::MovReg, destination, smallvec![source], 0, pc);
    }

    /// The operand in a register: constants are loaded into a new one.
    fn in_register(&mut self, operand: Operand, pc: u32) -> VirtualRegister {
        match operand {
            Operand::Register(register) => register,
            Operand::Constant(_) => {
                let register = self.new_register();
                self.emit_move(register, operand, pc);
                register
            }
        }
    }

    fn pop_register(&mut self, pc: u32) -> VirtualRegister {
        let operand = self.pop();
        self.in_register(operand, pc)
    }

    /// Emits an operation on `operands` whose result is pushed.
    fn result(&mut self, operation: RegisterOp, operands: SmallVec<[Operand; 3]>, data: u32, pc: u32) {
        let operands = self.legal(operation, operands, pc);
        let destination = self.pushed_register();
        self.emit(operation, destination, operands, data, pc);
        self.stack.push(Operand::Register(destination));
    }

    /// The same for an operation without a result. A register is given to it all the same.
    fn effect(&mut self, operation: RegisterOp, operands: SmallVec<[Operand; 3]>, data: u32, pc: u32) {
        let operands = self.legal(operation, operands, pc);
        self.pushed_register();
        self.emit(operation, NONE, operands, data, pc);
    }

    /// Operands that the operation can have: those constants that it cannot have are loaded.
    #[inline]
    fn legal(
        &mut self,
        operation: RegisterOp,
        mut operands: SmallVec<[Operand; 3]>,
        pc: u32,
    ) -> SmallVec<[Operand; 3]> {
        self.make_legal(operation, &mut operands, pc);
        operands
    }

    #[inline]
    fn make_legal(&mut self, operation: RegisterOp, operands: &mut [Operand], pc: u32) {
        if operands.iter().all(|operand| matches!(operand, Operand::Register(_))) {
            return;
        }
        for index in 0..operands.len() {
            // Operands already made legal count as they are now.
            if matches!(operands[index], Operand::Constant(_))
                && !allows_constant(operation, index, operands, self.without)
            {
                operands[index] = Operand::Register(self.in_register(operands[index], pc));
            }
        }
    }

    /// Takes so many operands from the stack, such as the operation can have.
    #[inline]
    fn pop_many(&mut self, operation: RegisterOp, count: usize, pc: u32) -> SmallVec<[Operand; 3]> {
        let mut popped = self.stack.pop_many(count);
        self.make_legal(operation, &mut popped, pc);
        popped
    }

    /// Makes sure that nothing on the stack means the value that `local` has now.
    fn release_local(&mut self, local: VirtualRegister, pc: u32) {
        if !self.stack.contains(local) {
            return;
        }
        let kept = self.new_register();
        self.emit_move(kept, Operand::Register(local), pc);
        self.stack.replace(local, kept);
    }

    fn store_local(&mut self, local: VirtualRegister, pc: u32) {
        let value = self.pop();
        if self.is_island {
            self.emit(RegisterOp::PopReg, local, smallvec![value], 0, pc);
            return;
        }
        self.release_local(local, pc);
        if value == Operand::Register(local) {
            return;
        }
        // The instruction that has just made the value can write the local itself, unless the value is needed again.
        if !self.without.contains(Step::Retarget)
            && let Some(last) = self.instructions.last_mut()
            && last.destination >= self.function.locals
            && value == Operand::Register(last.destination)
            && !self.stack.contains(last.destination)
        {
            last.destination = local;
            return;
        }
        self.emit_move(local, value, pc);
    }

    /// Lifts an instruction that does not end a block by what it does, and in an island does more than [`Self::in_island`] takes care of.
    fn instruction(&mut self, instruction: StackInstruction, pc: u32) {
        use RegisterOp as R;
        let operand = instruction.operand();
        match instruction.op() {
            StackOp::Nop => {}
            StackOp::LoadConst => self.stack.push(Operand::Constant(operand)),
            StackOp::LoadLocal => self.stack.push(Operand::Register(operand)),
            StackOp::StoreLocal => self.store_local(operand, pc),
            StackOp::LoadLocals => {
                instruction.indices().into_iter().for_each(|local| self.stack.push(Operand::Register(local)));
            }
            StackOp::LoadLocalConst => {
                let [local, constant] = instruction.indices();
                self.stack.push(Operand::Register(local));
                self.stack.push(Operand::Constant(constant));
            }
            StackOp::StoreLoad => {
                let [stored, loaded] = instruction.indices();
                self.store_local(stored, pc);
                self.stack.push(Operand::Register(loaded));
            }
            StackOp::Pop => {
                self.pop();
            }
            StackOp::Dup => {
                let top = self.stack.last().expect("verified code does not copy from an empty stack");
                self.stack.push(top);
            }
            StackOp::LoadName => self.result(R::LoadVarReg, SmallVec::new(), operand, pc),
            StackOp::StoreName => {
                let value = self.pop();
                self.effect(R::StoreReg, smallvec![value], operand, pc);
            }
            StackOp::StoreFunc => self.effect(R::StoreFuncReg, SmallVec::new(), operand, pc),
            StackOp::CheckLocal => self.effect(
                R::CheckReg,
                smallvec![Operand::Register(operand)],
                self.function.local_names[operand as usize],
                pc,
            ),
            StackOp::Add => self.binary(R::AddReg, pc),
            StackOp::Sub => self.binary(R::SubReg, pc),
            StackOp::Mul => self.binary(R::MulReg, pc),
            StackOp::Div => self.binary(R::DivReg, pc),
            StackOp::Mod => self.binary(R::ModReg, pc),
            StackOp::Pow => self.binary(R::PowReg, pc),
            StackOp::Eq => self.binary(R::EqReg, pc),
            StackOp::Neq => self.binary(R::NeqReg, pc),
            StackOp::Lt => self.binary(R::LtReg, pc),
            StackOp::Gt => self.binary(R::GtReg, pc),
            StackOp::Lte => self.binary(R::LteReg, pc),
            StackOp::Gte => self.binary(R::GteReg, pc),
            StackOp::In => self.binary(R::InReg, pc),
            StackOp::And => self.binary(R::AndReg, pc),
            StackOp::Or => self.binary(R::OrReg, pc),
            StackOp::Index => self.binary(R::IndexReg, pc),
            StackOp::Neg => self.unary(R::NegReg, 0, pc),
            StackOp::Not => self.unary(R::NotReg, 0, pc),
            StackOp::ToBool => self.unary(R::ToBoolReg, 0, pc),
            StackOp::RangeBound => self.unary(R::RangeBoundReg, 0, pc),
            StackOp::IterPrepare => self.unary(R::IterPrepareReg, 0, pc),
            StackOp::GetLength => self.unary(R::GetLengthReg, 0, pc),
            StackOp::IsInstance => self.unary(R::IsInstanceReg, operand, pc),
            StackOp::GetAttr => self.unary(R::GetAttrReg, operand, pc),
            StackOp::IsSet => self.result(R::IsSetReg, smallvec![Operand::Register(operand)], 0, pc),
            StackOp::Unset => {
                self.release_local(operand, pc);
                self.emit(R::LoadUnset, operand, SmallVec::new(), 0, pc);
            }
            StackOp::MakeCell => {
                self.release_local(operand, pc);
                self.emit(R::MakeCellReg, operand, smallvec![Operand::Register(operand)], 0, pc);
            }
            StackOp::LoadCell => {
                self.result(
                    R::LoadCellReg,
                    smallvec![Operand::Register(operand)],
                    self.function.local_names[operand as usize],
                    pc,
                );
            }
            StackOp::StoreCell => {
                let value = self.pop();
                self.effect(R::StoreCellReg, smallvec![Operand::Register(operand), value], 0, pc);
            }
            StackOp::LoadCapture => self.result(R::LoadCaptureReg, SmallVec::new(), operand, pc),
            StackOp::LoadCaptureCell => self.result(R::LoadCaptureCellReg, SmallVec::new(), operand, pc),
            StackOp::StoreCaptureCell => {
                let value = self.pop();
                self.effect(R::StoreCaptureCellReg, smallvec![value], operand, pc);
            }
            StackOp::CallName => {
                self.window(R::CallNameReg, instruction.call_arguments(), instruction.call_index(), pc)
            }
            StackOp::CallFuncConst => {
                self.window(R::CallFuncConstReg, instruction.call_arguments(), instruction.call_index(), pc)
            }
            StackOp::CallTop => self.window(R::CallTopReg, operand + 1, 0, pc),
            StackOp::CallBuiltin => {
                self.window(R::CallBuiltinReg, instruction.call_arguments(), instruction.call_index(), pc)
            }
            StackOp::CallMethod => {
                self.window(R::CallMethodReg, instruction.call_arguments() + 1, instruction.call_index(), pc)
            }
            StackOp::Spawn => self.window(R::SpawnReg, operand + 1, 0, pc),
            StackOp::SpawnMethod => {
                self.window(R::SpawnMethodReg, instruction.call_arguments() + 1, instruction.call_index(), pc)
            }
            StackOp::Await => self.unary(R::AwaitReg, 0, pc),
            StackOp::SpawnCall => self.effect(R::SpawnCallReg, SmallVec::new(), 0, pc),
            StackOp::NewRecord => {
                self.window(R::NewRecordReg, instruction.call_arguments(), instruction.call_index(), pc)
            }
            StackOp::Construct => self.window(R::ConstructReg, 2, 0, pc),
            StackOp::Slice => self.window(R::SliceReg, 3, 0, pc),
            StackOp::ListAppend => self.window(R::ListAppendReg, operand + 1, 0, pc),
            StackOp::BuildList => self.window(R::BuildListReg, operand, 0, pc),
            StackOp::BuildMap => self.window(R::BuildMapReg, operand * 2, 0, pc),
            StackOp::BuildSet => self.window(R::BuildSetReg, operand, 0, pc),
            StackOp::BuildString => self.window(R::BuildStringReg, operand, 0, pc),
            StackOp::Print => {
                self.sink(R::PrintReg, operand as usize, 0, pc);
            }
            StackOp::MakeFunction => self.make_function(operand, pc),
            StackOp::SetIndex => {
                self.sink(R::SetIndexReg, 3, 0, pc);
            }
            StackOp::SetAttr => {
                self.sink(R::SetAttrReg, 2, operand, pc);
            }
            StackOp::AddAttr => {
                self.sink(R::AddAttrReg, 2, operand, pc);
            }
            StackOp::AddIndex => {
                self.sink(R::AddIndexReg, 3, 0, pc);
            }
            StackOp::NewContract => self.result(R::NewContractReg, SmallVec::new(), operand, pc),
            StackOp::EmitEvent => self.unary(R::EmitEventReg, operand, pc),
            StackOp::HashBlock => self.binary(R::HashBlockReg, pc),
            StackOp::VerifySignature => self.window(R::VerifySignatureReg, 3, 0, pc),
            StackOp::MerkleRoot => self.unary(R::MerkleRootReg, 0, pc),
            StackOp::StateRead => self.unary(R::StateReadReg, 0, pc),
            StackOp::TxCommit => self.unary(R::TxCommitReg, 0, pc),
            StackOp::LedgerAppend => self.unary(R::LedgerAppendReg, 0, pc),
            StackOp::RegisterEvent => {
                self.sink(R::RegisterEventReg, 2, 0, pc);
            }
            StackOp::StateWrite => {
                self.sink(R::StateWriteReg, 2, 0, pc);
            }
            StackOp::TxBegin => {
                self.sink(R::TxBeginReg, 1, operand, pc);
            }
            StackOp::TxRevert => self.effect(R::TxRevertReg, SmallVec::new(), 0, pc),
            StackOp::GasCharge => {
                self.sink(R::GasChargeReg, 1, 0, pc);
            }
            StackOp::Meter => self.effect(R::MeterReg, SmallVec::new(), operand, pc),
            StackOp::Import => self.effect(R::ImportReg, SmallVec::new(), operand, pc),
            StackOp::Require => {
                self.sink(R::RequireReg, 2, 0, pc);
            }
            StackOp::IterValue => {
                let operands = smallvec![Operand::Register(operand), Operand::Register(operand + 1)];
                self.result(R::IterValueReg, operands, 0, pc);
            }
            StackOp::Jump
            | StackOp::JumpIfFalse
            | StackOp::JumpIfTrue
            | StackOp::JumpIfNotNull
            | StackOp::Loop
            | StackOp::LoopIfTrue
            | StackOp::Return
            | StackOp::Throw
            | StackOp::ForPrepare
            | StackOp::ForLoop
            | StackOp::ForIter
            | StackOp::ForPair => unreachable!("these end blocks"),
        }
    }

    /// In an island: instructions that only move values, or do nothing that shows, are instructions there too. False for any other.
    #[cold]
    fn in_island(&mut self, instruction: StackInstruction, pc: u32) -> bool {
        if let Some(parts) = instruction.parts() {
            return parts.into_iter().all(|part| self.in_island(part, pc));
        }
        let operand = instruction.operand();
        let (operation, source) = match instruction.op() {
            StackOp::StoreLocal => {
                self.store_local(operand, pc);
                return true;
            }
            StackOp::LoadConst => (RegisterOp::MovReg, Operand::Constant(operand)),
            StackOp::LoadLocal => (RegisterOp::PushReg, Operand::Register(operand)),
            StackOp::Dup => (RegisterOp::PushReg, self.stack.last().expect("verified code copies from a full stack")),
            StackOp::Pop | StackOp::Nop => {
                if instruction.op() == StackOp::Pop {
                    self.pop();
                }
                self.emit(RegisterOp::NopReg, NONE, SmallVec::new(), 0, pc);
                return true;
            }
            _ => return false,
        };
        let place = self.pushed_register();
        self.emit(operation, place, smallvec![source], 0, pc);
        self.stack.push(Operand::Register(place));
        true
    }

    #[inline]
    fn unary(&mut self, operation: RegisterOp, data: u32, pc: u32) {
        let mut operands = [self.pop()];
        self.make_legal(operation, &mut operands, pc);
        let destination = self.pushed_register();
        self.emit(operation, destination, SmallVec::from_slice(&operands), data, pc);
        self.stack.push(Operand::Register(destination));
    }

    fn binary(&mut self, operation: RegisterOp, pc: u32) {
        let right = self.pop();
        let mut operands = [self.pop(), right];
        self.make_legal(operation, &mut operands, pc);
        let destination = self.pushed_register();
        self.emit(operation, destination, SmallVec::from_slice(&operands), 0, pc);
        self.stack.push(Operand::Register(destination));
    }

    #[inline]
    fn window(&mut self, operation: RegisterOp, count: u32, data: u32, pc: u32) {
        let operands = self.pop_many(operation, count as usize, pc);
        let destination = self.pushed_register();
        self.emit(operation, destination, operands, data, pc);
        self.stack.push(Operand::Register(destination));
    }

    /// Emits an operation without a result on operands from the stack. A register is given to it all the same.
    fn sink(&mut self, operation: RegisterOp, count: usize, data: u32, pc: u32) {
        let operands = self.pop_many(operation, count, pc);
        self.pushed_register();
        self.emit(operation, NONE, operands, data, pc);
    }

    /// The closure first, then the variables of this frame that it captures, one by one.
    fn make_function(&mut self, index: u32, pc: u32) {
        self.result(RegisterOp::MakeFunctionReg, SmallVec::new(), index, pc);
        let closure = self.stack.last().expect("just pushed");
        for (number, capture) in self.module.functions[index as usize].captures.iter().enumerate() {
            if let CaptureSource::Local(local) = capture.from {
                self.effect(RegisterOp::SetCapture, smallvec![closure, Operand::Register(local)], number as u32, pc);
            }
        }
    }

    /// In a guarded block, keeps the values that its handler finds on the stack in the registers that stand for their places.
    fn settle_kept(&mut self, kept: u32, pc: u32) {
        for depth in self.stack.settled()..self.stack.len().min(kept as usize) {
            let place = self.place(depth);
            let entry = self.stack.get(depth);
            if entry != Operand::Register(place) {
                self.release_local(place, pc);
                self.emit_move(place, entry, pc);
            }
            self.stack.settle();
        }
    }

    /// Moves what is left on the stack to the registers that stand for its places. `reads` are the registers that the block's terminator
    /// is going to read: they follow a value that is made in its place in the first place.
    fn settle_stack(&mut self, reads: &mut [VirtualRegister], pc: u32) {
        for depth in self.stack.settled()..self.stack.len() {
            let place = self.place(depth);
            let entry = self.stack.get(depth);
            if entry == Operand::Register(place) {
                continue;
            }
            if !self.without.contains(Step::Retarget)
                && let Some(last) = self.instructions.last_mut()
                && last.destination >= self.function.locals
                && entry == Operand::Register(last.destination)
                && depth + 1 == self.stack.len()
                && !self.stack.has_below_top(last.destination)
            {
                for read in reads.iter_mut().filter(|read| **read == last.destination) {
                    *read = place;
                }
                last.destination = place;
            } else {
                self.emit_move(place, entry, pc);
            }
        }
    }

    /// Lifts an instruction that ends a block.
    fn jump(&mut self, instruction: StackInstruction, pc: u32, index: usize) -> Terminator {
        let successors = &self.graph.blocks[index].successors;
        let operand = instruction.operand();
        let op = instruction.op();
        match op {
            StackOp::Return => Terminator::Return(self.pop_register(pc)),
            StackOp::Throw => Terminator::Throw(self.pop_register(pc)),
            StackOp::Jump => {
                self.settle_stack(&mut [], pc);
                Terminator::Jump(successors[0])
            }
            StackOp::Loop => {
                self.settle_stack(&mut [], pc);
                Terminator::Loop(successors[0])
            }
            StackOp::JumpIfFalse | StackOp::JumpIfTrue | StackOp::LoopIfTrue => self.conditional(
                op != StackOp::JumpIfFalse,
                op == StackOp::LoopIfTrue,
                successors[0],
                successors[1],
                pc,
            ),
            StackOp::JumpIfNotNull => {
                let mut operand = [self.pop_register(pc)];
                self.settle_stack(&mut operand, pc);
                let [operand] = operand;
                Terminator::NotNull { operand, target: successors[0], next: successors[1] }
            }
            StackOp::ForPrepare => {
                let mut start = [self.pop_register(pc)];
                self.settle_stack(&mut start, pc);
                let [start] = start;
                Terminator::ForPrepare {
                    operands: [start, operand + 1, operand + 2],
                    enter: successors[0],
                    exit: successors[1],
                }
            }
            StackOp::ForLoop => {
                self.release_local(operand, pc);
                self.settle_stack(&mut [], pc);
                Terminator::ForLoop {
                    counter: operand,
                    end: Operand::Register(operand + 1),
                    step: Operand::Register(operand + 2),
                    more: successors[0],
                    done: successors[1],
                }
            }
            StackOp::ForIter | StackOp::ForPair => {
                self.release_local(operand + 1, pc);
                self.settle_stack(&mut [], pc);
                let destination = self.place(self.stack.len());
                Terminator::ForIter {
                    operation: if op == StackOp::ForIter { RegisterOp::ForIterReg } else { RegisterOp::ForPairReg },
                    destination,
                    collection: operand,
                    position: operand + 1,
                    more: successors[0],
                    done: successors[1],
                }
            }
            _ => unreachable!("no other instruction ends a block"),
        }
    }

    /// A conditional jump, fused with the comparison before it when nobody else wants its outcome.
    fn conditional(&mut self, sense: bool, is_loop: bool, target: u32, next: u32, pc: u32) -> Terminator {
        let condition = self.pop();
        let (mut sense, mut condition) = (sense, condition);
        while !self.is_island
            && !self.without.contains(Step::FuseBranches)
            && let Some(last) = self.instructions.last()
            && condition == Operand::Register(last.destination)
            && last.destination >= self.function.locals
            && !self.stack.contains(last.destination)
        {
            if last.operation == RegisterOp::NotReg {
                condition = last.operands[0];
                sense = !sense;
                self.instructions.pop();
                continue;
            }
            // A loop's jump reports running out of fuel at its own place, which in compiled code is the comparison's unless it was negated.
            let same_place = || self.function.position(last.pc) == self.function.position(pc);
            if !is_comparison(last.operation.facts().stack) || is_loop && !same_place() {
                break;
            }
            let comparison = self.instructions.pop().expect("just seen");
            let compared = [comparison.operands[0], self.without_load(comparison.operands[1])];
            let mut operands = self.branch_operands(comparison.operation, compared, comparison.pc);
            let mut reads = operands.map(|operand| operand.register().unwrap_or(NONE));
            self.settle_stack(&mut reads, pc);
            for (operand, read) in operands.iter_mut().zip(reads) {
                if read != NONE {
                    *operand = Operand::Register(read);
                }
            }
            self.terminator_pc = comparison.pc;
            return Terminator::Compare { operation: comparison.operation, sense, operands, target, next, is_loop };
        }
        let mut operand = [self.in_register(condition, pc)];
        self.settle_stack(&mut operand, pc);
        let [operand] = operand;
        Terminator::Truth { sense, operand, target, next, is_loop }
    }

    /// The constant that the last instruction loads for the right operand of a comparison, which a branch can take as it is; that instruction
    /// goes. If it does not, the operand.
    fn without_load(&mut self, operand: Operand) -> Operand {
        if let Some(last) = self.instructions.last()
            && !self.without.contains(Step::Immediates)
            && last.operation == RegisterOp::MovReg
            && operand == Operand::Register(last.destination)
            && last.destination >= self.function.locals
            && let constant @ Operand::Constant(_) = last.operands[0]
        {
            self.instructions.pop();
            return constant;
        }
        operand
    }

    /// Operands of a fused branch: the right one may be a constant; equality has no order.
    fn branch_operands(&mut self, operation: RegisterOp, operands: [Operand; 2], pc: u32) -> [Operand; 2] {
        let [left, right] = operands;
        if self.without.contains(Step::Immediates) {
            return [left, right].map(|operand| Operand::Register(self.in_register(operand, pc)));
        }
        match (left, right) {
            (Operand::Register(_), _) => operands,
            (Operand::Constant(_), Operand::Register(_))
                if matches!(operation, RegisterOp::EqReg | RegisterOp::NeqReg) =>
            {
                [right, left]
            }
            (Operand::Constant(_), _) => [Operand::Register(self.in_register(left, pc)), right],
        }
    }
}

/// Finds the handlers that guard something which is reached, and numbers them. Nothing is proved about what the others keep.
fn find_handlers(
    handlers: &mut Vec<Handler>,
    blocks: &mut [Block],
    function: &isa::Function<Stack>,
    graph: &ControlFlowGraph,
    first_place: VirtualRegister,
    numbers: &mut Vec<Option<u32>>,
) {
    handlers.clear();
    if function.handlers.is_empty() {
        return;
    }
    numbers.clear();
    numbers.resize(function.handlers.len(), None);
    for block in blocks.iter_mut().filter(|block| block.is_reachable) {
        if let Some(handler) = block.handler {
            numbers[handler as usize] = Some(0);
        }
    }
    for (source, number) in function.handlers.iter().zip(&mut *numbers) {
        if number.is_some() {
            *number = Some(handlers.len() as u32);
            let block = graph.block_at(source.target);
            let first = if blocks[block as usize].is_island { first_place } else { function.locals };
            handlers.push(Handler {
                block,
                landing: first + source.landing,
                start_pc: source.start,
                end_pc: source.end,
                is_cleanup: source.is_cleanup,
            });
        }
    }
    for block in blocks {
        block.handler = block.handler.and_then(|handler| numbers[handler as usize]);
    }
}

/// Only errors lead to a handler's block: where control gets to it in another way as well, the errors get an empty block of their own
/// that goes on there.
fn split_landings(blocks: &mut Vec<Block>, handlers: &mut [Handler], landings: &mut Landings) {
    let Landings { is_entered, before, .. } = landings;
    before.clear();
    if handlers.is_empty() {
        return;
    }
    is_entered.clear();
    is_entered.resize(blocks.len(), false);
    for block in blocks.iter().filter(|block| block.is_reachable) {
        block.terminator.for_each_successor(|successor| is_entered[successor as usize] = true);
    }
    before.resize(blocks.len(), None);
    for handler in handlers {
        let entered = handler.block as usize;
        if !is_entered[entered] {
            continue;
        }
        handler.block = *before[entered].get_or_insert_with(|| {
            let Block { start_pc, handler, is_island, .. } = blocks[entered];
            blocks.push(Block {
                start_pc,
                instructions: Vec::new(),
                terminator: Terminator::Jump(entered as u32),
                terminator_pc: start_pc,
                handler,
                unguarded: 0,
                is_loop_entry: false,
                is_reachable: true,
                is_island,
            });
            blocks.len() as u32 - 1
        });
    }
}

/// `FOR_PREPARE` writes the counter only where the loop begins: puts that move on the edge, in a block of its own right after it.
/// Finds the order in which blocks are laid out as well; `before` are the blocks that go in front of the first `count`, those of the stack code.
fn split_loop_entries(
    blocks: &mut Vec<Block>,
    count: usize,
    function: &isa::Function<Stack>,
    before: &[Option<u32>],
    layout: &mut Vec<u32>,
    lists: &mut Vec<Vec<Instruction>>,
) {
    layout.clear();
    for index in 0..count {
        layout.extend(before.get(index).copied().flatten());
        layout.push(index as u32);
        let Terminator::ForPrepare { operands, enter, .. } = blocks[index].terminator else { continue };
        let pc = blocks[index].terminator_pc;
        // Usually the loop's first block does nothing but begin the first iteration, which the new block does as well.
        let (terminator, terminator_pc) = match &blocks[enter as usize] {
            Block { instructions, terminator: Terminator::Loop(target), terminator_pc, handler, .. }
                if instructions.is_empty() && *handler == blocks[index].handler =>
            {
                (Terminator::Loop(*target), *terminator_pc)
            }
            _ => (Terminator::Jump(enter), pc),
        };
        let added = blocks.len() as u32;
        let mut instructions = new_list(lists);
        instructions.push(Instruction::copy(function.code[pc as usize].operand(), operands[0], pc));
        blocks.push(Block {
            start_pc: pc,
            instructions,
            terminator,
            terminator_pc,
            handler: blocks[index].handler,
            unguarded: 0,
            is_loop_entry: true,
            is_reachable: blocks[index].is_reachable,
            is_island: blocks[index].is_island,
        });
        layout.push(added);
        if let Terminator::ForPrepare { enter, .. } = &mut blocks[index].terminator {
            *enter = added;
        }
    }
}
