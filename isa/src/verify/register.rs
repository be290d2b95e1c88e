//! The verifier of the register form: operands. What the registers hold is for [`flow`](super::flow).
//!
//! Each lane of each instruction is held against a limit for the lane's kind, which is all that most operations need; then comes
//! whatever else the operation asks for. On the way it is noted where basic blocks begin.

use std::sync::LazyLock;

use super::error::{Problem, VerifyError};
use super::flow::{Flow, Unwritten};
use super::{MAX_REGISTERS, count, tables};
use crate::module::{Function, RegCode};
use crate::register::{Lane, RegisterInstruction, RegisterOp};
use crate::stack::MAX_OPERAND;

/// Checks all functions and gives the size of each one's frame.
pub(super) fn check(module: &RegCode) -> Result<Vec<u32>, VerifyError> {
    let mut verifier = RegisterVerifier::new(module);
    (0..module.functions.len()).map(|index| verifier.function(index)).collect()
}

pub(super) type RegFunction = Function<crate::Register>;

/// Kinds of lane.
const LANES: usize = 64;

/// What the operand check needs to know of an operation.
#[derive(Clone, Copy)]
struct Shape {
    /// Its [`Lane`]s, as indices into the limits.
    lanes: [u8; 3],
    /// True when some lane needs more than its limit, or the operation ends a block.
    is_special: bool,
}

impl Shape {
    fn of(op: RegisterOp) -> Self {
        let plain = |lane: &Lane| {
            matches!(
                lane,
                Lane::None
                    | Lane::Def
                    | Lane::Use
                    | Lane::UseDef
                    | Lane::Int
                    | Lane::IntWide
                    | Lane::Wide
                    | Lane::Constant
                    | Lane::Global
                    | Lane::Type
                    | Lane::Name
                    | Lane::Module
                    | Lane::Builtin
                    | Lane::Index
                    | Lane::Slot
            )
        };
        let lanes = &op.facts().lanes;
        let is_special = !lanes.iter().all(plain) || op.ends_block() || op.skips();
        Self { lanes: lanes.map(|lane| lane as u8), is_special }
    }
}

static SHAPES: LazyLock<Vec<Shape>> = LazyLock::new(|| RegisterOp::ALL.iter().copied().map(Shape::of).collect());

struct RegisterVerifier<'m> {
    module: &'m RegCode,
    shapes: &'static [Shape],
    /// For each kind of lane, what it must be below. Those of the running function are set for it.
    limits: [u32; LANES],
    /// Function (plus one) that was last seen to make each function.
    makers: Vec<u32>,
    /// For each instruction whether a block begins there.
    leads: Vec<bool>,
    /// Registers in all windows of the function.
    windows: u64,
    flow: Flow,
}

/// All windows of a function together may hold this many registers, and so many more for each instruction. A call loses its operands, so
/// that each has an instruction which writes it; only code that is made to keep the verifier busy comes near.
const WINDOWS: u64 = 1 << 20;
const WINDOWS_PER_INSTRUCTION: u64 = 64;

impl<'m> RegisterVerifier<'m> {
    fn new(module: &'m RegCode) -> Self {
        let most = |count: fn(&RegFunction) -> u32| module.functions.iter().map(count).max().unwrap_or(0);
        // Those of usual functions; for larger ones tables grow.
        let instructions = most(|function| count(&function.code)).min(1 << 12) as usize;
        let mut limits = [u32::MAX; LANES];
        let mut set = |kind: Lane, limit| limits[kind as usize] = limit;
        set(Lane::None, 1);
        set(Lane::Constant, count(&module.constants));
        set(Lane::Global, count(&module.globals));
        set(Lane::Function, count(&module.functions));
        set(Lane::Type, count(&module.types));
        set(Lane::Name, count(&module.names));
        set(Lane::Module, count(&module.modules));
        set(Lane::Builtin, count(&module.builtins));
        set(Lane::Index, most(|function| count(&function.captures)));
        Self {
            module,
            shapes: &SHAPES,
            limits,
            makers: vec![0; module.functions.len()],
            leads: Vec::with_capacity(instructions),
            windows: 0,
            flow: Flow::new(most(|function| function.locals).min(MAX_REGISTERS), instructions),
        }
    }

    fn function(&mut self, index: usize) -> Result<u32, VerifyError> {
        let module = self.module;
        let function = &module.functions[index];
        let in_function = |problem| VerifyError::function(module, index, problem);
        frame(function).map_err(in_function)?;
        self.operands(index, function)?;
        let limit = WINDOWS_PER_INSTRUCTION * function.code.len() as u64 + WINDOWS;
        if self.windows > limit {
            return Err(in_function(Problem::TooManyOperands { operands: self.windows, limit }));
        }
        for handler in &function.handlers {
            register(function, handler.landing).map_err(in_function)?;
            for place in [handler.start, handler.end, handler.target] {
                self.lead(place as usize);
            }
        }
        self.flow.check(function, &self.leads).map_err(|Unwritten { pc, register }| {
            let slot = register.wrapping_sub(function.spill_base);
            let slot = (slot < function.spills).then_some(slot);
            VerifyError::instruction(module, index, pc as usize, Problem::Undefined { register, slot })
        })?;
        Ok(function.locals)
    }

    fn operands(&mut self, index: usize, function: &RegFunction) -> Result<(), VerifyError> {
        let module = self.module;
        for kind in [Lane::Def, Lane::Use, Lane::UseDef] {
            self.limits[kind as usize] = function.locals;
        }
        self.limits[Lane::Capture as usize] = count(&function.captures);
        self.limits[Lane::Slot as usize] = function.spills;
        self.leads.clear();
        self.leads.resize(function.code.len(), false);
        self.leads[0] = true;
        self.windows = 0;
        let spills = function.spills > 0;
        for (pc, &instruction) in function.code.iter().enumerate() {
            let shape = self.shapes[usize::from(instruction.opcode())];
            let fits = |(kind, value): (u8, u16)| u32::from(value) < self.limits[usize::from(kind) % LANES];
            let all_fit = shape.lanes.into_iter().zip(instruction.lanes()).all(fits);
            let result = if !all_fit {
                Err(self.beyond(instruction))
            } else if shape.is_special {
                self.special(index, function, pc, instruction)
            } else {
                Ok(())
            };
            let result = result.and_then(|()| if spills { no_spill_slots(function, instruction) } else { Ok(()) });
            result.map_err(|problem| VerifyError::instruction(module, index, pc, problem))?;
        }
        Ok(())
    }

    /// What to say of a lane that is not below its limit.
    #[cold]
    fn beyond(&self, instruction: RegisterInstruction) -> Problem {
        for (&kind, lane) in instruction.op().facts().lanes.iter().zip(instruction.lanes()) {
            let what = match kind {
                Lane::None if lane != 0 => return Problem::UnusedOperand,
                Lane::Def | Lane::Use | Lane::UseDef => "register",
                Lane::Constant => "constant",
                Lane::Global => "global",
                Lane::Function => "function",
                Lane::Type => "type",
                Lane::Name => "name",
                Lane::Module => "module",
                Lane::Builtin => "builtin",
                Lane::Capture | Lane::Index => "captured variable",
                Lane::Slot => "spill slot",
                _ => continue,
            };
            let limit = self.limits[kind as usize];
            if let Err(problem) = tables::in_range(what, u32::from(lane), limit) {
                return problem;
            }
        }
        Problem::UnusedOperand
    }

    /// What lanes demand that are not done with their limit, and what single operations demand.
    fn special(
        &mut self,
        index: usize,
        function: &RegFunction,
        pc: usize,
        instruction: RegisterInstruction,
    ) -> Result<(), Problem> {
        let module = self.module;
        let op = instruction.op();
        let [a, b, c] = instruction.lanes().map(u32::from);
        let [first, second, third] = op.facts().lanes;
        if let Some(size) = window_size(first, instruction) {
            self.windows += u64::from(size);
            window(function, first, a, size)?;
        }
        if third == Lane::Clobber {
            if c > function.locals {
                return Err(Problem::WindowOutside { register: c, size: 0, registers: function.locals });
            }
            above_spills(function, c)?;
        }
        match second {
            Lane::ConstantWide => {
                tables::in_range("constant", instruction.wide_operand(), count(&module.constants))?;
            }
            Lane::GlobalWide => tables::in_range("global", instruction.wide_operand(), count(&module.globals))?,
            _ => {}
        }
        match op {
            RegisterOp::StoreFuncReg => tables::hoisted(module, b)?,
            RegisterOp::CallFuncConstReg => tables::captures_nothing(module, "what is called", b)?,
            RegisterOp::LoadCaptureReg => tables::capture_kind(function, b, false)?,
            RegisterOp::LoadCaptureCellReg | RegisterOp::StoreCaptureCellReg => {
                tables::capture_kind(function, b, true)?;
            }
            RegisterOp::MakeFunctionReg => {
                let maker = &mut self.makers[b as usize];
                if *maker != index as u32 + 1 {
                    *maker = index as u32 + 1;
                    tables::makes(module, function, b, |_, _| true)?;
                }
            }
            _ => {}
        }
        if let Some(offset) = instruction.offset() {
            self.jump(function, pc, op, offset)?;
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

    fn jump(&mut self, function: &RegFunction, pc: usize, op: RegisterOp, offset: i32) -> Result<(), Problem> {
        let target = pc as i64 + i64::from(offset);
        if target < 0 || target >= function.code.len() as i64 {
            return Err(Problem::JumpOutside { target, length: count(&function.code) });
        }
        let only_forward = matches!(
            op,
            RegisterOp::JumpReg | RegisterOp::JumpIfFalseReg | RegisterOp::JumpIfTrueReg | RegisterOp::JumpIfNotNullReg
        );
        if only_forward && offset <= 0 {
            return Err(Problem::JumpBack { target });
        }
        self.lead(target as usize);
        self.lead(pc + 1);
        Ok(())
    }

    /// A block begins at `pc`, if there is such an instruction.
    fn lead(&mut self, pc: usize) {
        if let Some(leads) = self.leads.get_mut(pc) {
            *leads = true;
        }
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

/// No lane that names a register names a spill slot.
fn no_spill_slots(function: &RegFunction, instruction: RegisterInstruction) -> Result<(), Problem> {
    for (&kind, lane) in instruction.op().facts().lanes.iter().zip(instruction.lanes()) {
        if matches!(kind, Lane::Def | Lane::Use | Lane::UseDef) {
            register(function, u32::from(lane))?;
        }
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
pub(super) fn window_size(kind: Lane, instruction: RegisterInstruction) -> Option<u32> {
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

fn window(function: &RegFunction, kind: Lane, first: u32, size: u32) -> Result<(), Problem> {
    // A window is never empty: at least its first register takes the result.
    let end = first + size.max(1);
    if end > function.locals || size > u32::from(u16::MAX) {
        return Err(Problem::WindowOutside { register: first, size, registers: function.locals });
    }
    if kind != Lane::UseWindow {
        return above_spills(function, first);
    }
    let spills = function.spill_base..function.spill_base + function.spills;
    if !spills.is_empty() && first < spills.end && spills.start < end {
        return Err(Problem::SpillRegister { register: first.max(spills.start) });
    }
    Ok(())
}
