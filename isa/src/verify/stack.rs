//! The verifier of the stack form.
//!
//! Two walks over each function. The first goes through the instructions in order and checks operands: against a limit for the kind of
//! operand, which is all that most operations need, then whatever else the operation asks for. The second follows control from
//! the entry with the depth of the operand stack: each reached instruction gets the depth it is first reached with, and every
//! further way into it must bring the same.

use std::sync::LazyLock;

use super::error::{Problem, VerifyError};
use super::{HandlerMap, MAX_FRAME, UNGUARDED, count, tables};
use crate::module::{Function, StackCode};
use crate::stack::{MAX_OPERAND, StackInstruction, StackOp, StackOperand};

/// Checks all functions and gives the size of each one's frame.
pub(super) fn check(module: &StackCode) -> Result<Vec<u32>, VerifyError> {
    let mut verifier = StackVerifier::new(module);
    (0..module.functions.len()).map(|index| verifier.function(index)).collect()
}

/// What the walks need to know of an operation, in eight bytes.
#[derive(Clone, Copy)]
struct Shape {
    /// Its [`StackOperand`], as an index into the limits.
    operand: u8,
    /// True when an argument count stands above a 16-bit index.
    is_call: bool,
    /// True when the operand needs more than its limit.
    is_special: bool,
    flow: Flow,
    /// Values taken, and for each item of the count.
    pops: u8,
    pops_per_item: u8,
    /// Where the count begins in the word.
    count_shift: u8,
    pushes: u8,
}

/// Where control goes after an operation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    /// To the next instruction.
    Next,
    /// To the target.
    Jump,
    /// To the next instruction or the target.
    Branch,
    /// To the next instruction or past it.
    Skip,
    /// Out of the function.
    Leave,
}

impl Shape {
    fn of(op: StackOp) -> Self {
        use StackOperand as Operand;
        let facts = op.facts();
        let is_call = matches!(
            facts.operand,
            Operand::GlobalCall
                | Operand::FunctionCall
                | Operand::BuiltinCall
                | Operand::MethodCall
                | Operand::TypeCall
        );
        let flow = match (facts.operand, op.ends_block()) {
            (Operand::Jump, true) => Flow::Jump,
            (Operand::Jump, false) => Flow::Branch,
            (_, true) => Flow::Leave,
            _ if op.skips() => Flow::Skip,
            _ => Flow::Next,
        };
        let is_special = match op {
            StackOp::Loop | StackOp::LoopIfTrue => false,
            StackOp::IterValue | StackOp::MakeCell | StackOp::LoadCell | StackOp::StoreCell => true,
            StackOp::LoadLocals | StackOp::LoadLocalConst | StackOp::StoreLoad => true,
            _ => {
                flow != Flow::Next && flow != Flow::Leave
                    || matches!(facts.operand, Operand::Function | Operand::FunctionCall | Operand::Capture)
            }
        };
        Self {
            operand: facts.operand as u8,
            is_call,
            is_special,
            flow,
            pops: facts.pops.fixed,
            pops_per_item: facts.pops.per_item,
            count_shift: if is_call { 24 } else { 8 },
            pushes: facts.pushes,
        }
    }

    #[inline]
    fn pops(&self, instruction: StackInstruction) -> u32 {
        u32::from(self.pops) + u32::from(self.pops_per_item) * (instruction.bits() >> self.count_shift)
    }
}

/// Shapes by dense opcode; opcodes that do not exist have the shape of the first.
static SHAPES: LazyLock<[Shape; 256]> = LazyLock::new(|| {
    std::array::from_fn(|opcode| Shape::of(StackOp::from_opcode(opcode as u8).unwrap_or(StackOp::ALL[0])))
});

/// Kinds of operand.
const OPERANDS: usize = 32;

/// Not reached yet.
const UNREACHED: u32 = u32::MAX;

struct StackVerifier<'m> {
    module: &'m StackCode,
    shapes: &'static [Shape; 256],
    /// For each kind of operand, what it must be below. Those of the running function are set for it.
    limits: [u32; OPERANDS],
    /// Depth each instruction is entered with.
    depths: Vec<u32>,
    /// Instructions whose depth is known and that are still to be followed.
    pending: Vec<u32>,
    handlers: HandlerMap,
    /// Function (plus one) that last made each slot a cell.
    cells: Vec<u32>,
    /// Slots used as cells, and where.
    cell_uses: Vec<(u32, u32)>,
    /// Function (plus one) that was last seen to make each function.
    makers: Vec<u32>,
}

impl<'m> StackVerifier<'m> {
    fn new(module: &'m StackCode) -> Self {
        use StackOperand as Operand;
        let mut limits = [0; OPERANDS];
        let mut set = |kind: Operand, limit| limits[kind as usize] = limit;
        set(Operand::None, 1);
        set(Operand::Gas, u32::MAX);
        set(Operand::Count, u32::MAX);
        set(Operand::Arguments, u32::MAX);
        set(Operand::LocalPair, u32::MAX);
        set(Operand::LocalConstant, u32::MAX);
        set(Operand::Constant, count(&module.constants));
        set(Operand::Global, count(&module.globals));
        set(Operand::GlobalCall, count(&module.globals));
        set(Operand::Function, count(&module.functions));
        set(Operand::FunctionCall, count(&module.functions));
        set(Operand::Type, count(&module.types));
        set(Operand::TypeCall, count(&module.types));
        set(Operand::Name, count(&module.names));
        set(Operand::MethodCall, count(&module.names));
        set(Operand::Module, count(&module.modules));
        set(Operand::BuiltinCall, count(&module.builtins));
        Self {
            module,
            shapes: &SHAPES,
            limits,
            depths: Vec::new(),
            pending: Vec::new(),
            handlers: HandlerMap::default(),
            cells: Vec::new(),
            cell_uses: Vec::new(),
            makers: vec![0; module.functions.len()],
        }
    }

    fn function(&mut self, index: usize) -> Result<u32, VerifyError> {
        let module = self.module;
        let function = &module.functions[index];
        self.frame(function).map_err(|problem| VerifyError::function(module, index, problem))?;
        self.operands(index, function)?;
        let depth = self.depths(index, function)?;
        let size = u64::from(function.locals) + u64::from(depth);
        if size > u64::from(MAX_FRAME) {
            return Err(VerifyError::function(module, index, Problem::FrameTooLarge { size, limit: MAX_FRAME }));
        }
        Ok(size as u32)
    }

    fn frame(&mut self, function: &Function<crate::Stack>) -> Result<(), Problem> {
        let length = count(&function.code);
        if length > MAX_OPERAND {
            return Err(Problem::TooLong { length, limit: MAX_OPERAND });
        }
        if function.locals > MAX_FRAME {
            return Err(Problem::FrameTooLarge { size: u64::from(function.locals), limit: MAX_FRAME });
        }
        let names = count(&function.local_names);
        if names != function.locals {
            return Err(Problem::LocalNames { names, expected: function.locals, what: "locals" });
        }
        if !function.code.last().is_some_and(|last| last.op().ends_block()) {
            return Err(Problem::FallsOff);
        }
        Ok(())
    }

    /// The first walk.
    fn operands(&mut self, index: usize, function: &Function<crate::Stack>) -> Result<(), VerifyError> {
        let module = self.module;
        self.limits[StackOperand::Jump as usize] = count(&function.code);
        self.limits[StackOperand::Local as usize] = function.locals;
        self.limits[StackOperand::Capture as usize] = count(&function.captures);
        if self.cells.len() < function.locals as usize {
            self.cells.resize(function.locals as usize, 0);
        }
        self.cell_uses.clear();
        for (pc, &instruction) in function.code.iter().enumerate() {
            let shape = self.shapes[usize::from(instruction.opcode())];
            let operand = if shape.is_call { instruction.call_index() } else { instruction.operand() };
            let limit = self.limits[usize::from(shape.operand) % OPERANDS];
            if operand >= limit {
                return Err(VerifyError::instruction(module, index, pc, beyond(instruction, operand, limit)));
            }
            if shape.is_special {
                self.special(index, function, pc, instruction)
                    .map_err(|problem| VerifyError::instruction(module, index, pc, problem))?;
            }
        }
        for &(slot, pc) in &self.cell_uses {
            if self.cells[slot as usize] != index as u32 + 1 {
                return Err(VerifyError::instruction(module, index, pc as usize, Problem::NotACell { slot }));
            }
        }
        Ok(())
    }

    /// What single operations demand of an operand that is in range.
    fn special(
        &mut self,
        index: usize,
        function: &Function<crate::Stack>,
        pc: usize,
        instruction: StackInstruction,
    ) -> Result<(), Problem> {
        let module = self.module;
        let operand = instruction.operand();
        match instruction.op() {
            StackOp::Jump | StackOp::JumpIfFalse | StackOp::JumpIfTrue | StackOp::JumpIfNotNull
                if operand as usize <= pc =>
            {
                return Err(Problem::JumpBack { target: i64::from(operand) });
            }
            op
            @ (StackOp::ForPrepare | StackOp::ForLoop | StackOp::ForIter | StackOp::ForPair | StackOp::IterValue) => {
                tables::in_range("local slot", operand + op.locals_read().end - 1, function.locals)?;
                if op.skips() {
                    skippable(function, pc)?;
                }
            }
            StackOp::LoadLocals | StackOp::StoreLoad => {
                for slot in instruction.indices() {
                    tables::in_range("local slot", slot, function.locals)?;
                }
            }
            StackOp::LoadLocalConst => {
                let [slot, constant] = instruction.indices();
                tables::in_range("local slot", slot, function.locals)?;
                tables::in_range("constant", constant, count(&module.constants))?;
            }
            StackOp::MakeCell => self.cells[operand as usize] = index as u32 + 1,
            StackOp::LoadCell | StackOp::StoreCell => self.cell_uses.push((operand, pc as u32)),
            StackOp::LoadCapture => tables::capture_kind(function, operand, false)?,
            StackOp::LoadCaptureCell | StackOp::StoreCaptureCell => tables::capture_kind(function, operand, true)?,
            StackOp::StoreFunc => tables::hoisted(module, operand)?,
            StackOp::CallFuncConst => tables::captures_nothing(module, "what is called", instruction.call_index())?,
            StackOp::MakeFunction => {
                let maker = &mut self.makers[operand as usize];
                if *maker != index as u32 + 1 {
                    *maker = index as u32 + 1;
                    let cell_uses = &mut self.cell_uses;
                    tables::makes(module, function, operand, |slot, is_cell| {
                        if is_cell && slot < function.locals {
                            cell_uses.push((slot, pc as u32));
                        }
                        slot < function.locals
                    })?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The second walk. Gives the deepest stack.
    fn depths(&mut self, index: usize, function: &Function<crate::Stack>) -> Result<u32, VerifyError> {
        let module = self.module;
        let code = &function.code;
        let at = |pc: usize, problem| Err(VerifyError::instruction(module, index, pc, problem));
        let guarded = !function.handlers.is_empty();
        if guarded {
            self.handlers.fill(code.len(), &function.handlers, |handler| (handler.start, handler.end));
        }
        self.depths.clear();
        self.depths.resize(code.len(), UNREACHED);
        self.depths[0] = 0;
        self.pending.clear();
        self.pending.push(0);
        let mut deepest = 0;
        while let Some(from) = self.pending.pop() {
            let mut pc = from as usize;
            let mut depth = self.depths[pc];
            // The value that a handler's target is entered with was pushed by no instruction.
            deepest = deepest.max(depth);
            loop {
                if guarded && let Err(problem) = self.guard(function, pc, depth) {
                    return at(pc, problem);
                }
                let instruction = code[pc];
                let shape = self.shapes[usize::from(instruction.opcode())];
                let needs = shape.pops(instruction);
                if depth < needs {
                    return at(pc, Problem::Underflow { needs, depth });
                }
                depth = depth - needs + u32::from(shape.pushes);
                deepest = deepest.max(depth);
                let reached = match shape.flow {
                    Flow::Next => Ok(()),
                    Flow::Jump | Flow::Branch => self.reach(instruction.operand(), depth),
                    Flow::Skip => self.reach(pc as u32 + 2, depth),
                    Flow::Leave => break,
                };
                if let Err(problem) = reached {
                    return at(pc, problem);
                }
                if shape.flow == Flow::Jump {
                    break;
                }
                pc += 1;
                let next = &mut self.depths[pc];
                if *next == UNREACHED {
                    *next = depth;
                } else if *next == depth {
                    break;
                } else {
                    let expected = *next;
                    return at(pc - 1, Problem::DepthMismatch { target: pc as u32, expected, found: depth });
                }
            }
        }
        Ok(deepest)
    }

    /// Control goes to `target` with `depth` values on the stack.
    #[inline]
    fn reach(&mut self, target: u32, depth: u32) -> Result<(), Problem> {
        let known = &mut self.depths[target as usize];
        if *known == UNREACHED {
            *known = depth;
            self.pending.push(target);
        } else if *known != depth {
            return Err(Problem::DepthMismatch { target, expected: *known, found: depth });
        }
        Ok(())
    }

    /// The handler of the instruction at `pc`, if any, finds what it keeps.
    fn guard(&mut self, function: &Function<crate::Stack>, pc: usize, depth: u32) -> Result<(), Problem> {
        let owner = self.handlers.owner(pc);
        if owner == UNGUARDED {
            return Ok(());
        }
        let handler = function.handlers[owner as usize];
        if handler.landing > depth {
            return Err(Problem::HandlerLanding { handler: owner, landing: handler.landing, depth });
        }
        self.reach(handler.target, handler.landing + 1)
    }
}

/// Two instructions follow.
fn skippable(function: &Function<crate::Stack>, pc: usize) -> Result<(), Problem> {
    if pc + 2 < function.code.len() { Ok(()) } else { Err(Problem::SkipsPastEnd) }
}

/// What to say of an operand that is not below its limit.
fn beyond(instruction: StackInstruction, operand: u32, limit: u32) -> Problem {
    use StackOperand as Operand;
    let what = match instruction.op().facts().operand {
        Operand::None => return Problem::UnusedOperand,
        Operand::Jump => return Problem::JumpOutside { target: i64::from(operand), length: limit },
        Operand::Constant => "constant",
        Operand::Global | Operand::GlobalCall => "global",
        Operand::Local => "local slot",
        Operand::Capture => "captured variable",
        Operand::Function | Operand::FunctionCall => "function",
        Operand::Type | Operand::TypeCall => "type",
        Operand::Name | Operand::MethodCall => "name",
        Operand::Module => "module",
        Operand::BuiltinCall => "builtin",
        Operand::Gas | Operand::Count | Operand::Arguments => "count",
        Operand::LocalPair | Operand::LocalConstant => "index",
    };
    Problem::OutOfRange { what, index: operand, count: limit }
}
