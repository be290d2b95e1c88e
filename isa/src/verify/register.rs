//! The verifier of the register form: operands. What the registers hold is for [`flow`](super::flow).
//!
//! Each lane of each instruction is held against a limit for the lane's kind, which is all that most operations need; then comes
//! whatever else the operation asks for.

use std::cell::Cell;

use super::error::{Problem, VerifyError};
use super::flow::{Flow, Unwritten};
use super::shape::Shape;
use super::{MAX_REGISTERS, count, tables};
use crate::module::{Function, RegCode};
use crate::register::{Lane, RegisterInstruction, RegisterOp};
use crate::stack::MAX_OPERAND;

thread_local! {
    /// What has followed registers through the last module. Most modules are small, and to make tables for each takes longer than to fill them.
    static KEPT: Cell<Option<Box<Flow>>> = const { Cell::new(None) };
}

/// Checks all functions and gives the size of each one's frame.
pub(super) fn check(module: &RegCode) -> Result<Vec<u32>, VerifyError> {
    let mut verifier = RegisterVerifier::new(module);
    let mut flow = KEPT.take().unwrap_or_default();
    let mut frame_sizes = Vec::with_capacity(module.functions.len());
    for index in 0..module.functions.len() {
        frame_sizes.push(verifier.function(index, &mut flow)?);
    }
    if most(module, |function| count(&function.code).max(function.locals)) <= MOST_KEPT {
        KEPT.set(Some(flow));
    }
    Ok(frame_sizes)
}

pub(super) type RegFunction = Function<crate::Register>;

/// Instructions and registers of usual functions. Tables in which there were larger ones are not kept.
const MOST_KEPT: u32 = 1 << 12;

/// The most that a function of the module has of something.
fn most(module: &RegCode, count: fn(&RegFunction) -> u32) -> u32 {
    module.functions.iter().map(count).max().unwrap_or(0)
}

/// Kinds of lane.
const LANES: usize = 64;

struct RegisterVerifier<'m> {
    module: &'m RegCode,
    /// For each kind of lane, what it must be below. Those of the running function are set for it.
    limits: [u32; LANES],
    /// Function (plus one) that was last seen to make each function.
    makers: Vec<u32>,
    /// Registers in all windows of the function.
    windows: u64,
}

/// All windows of a function together may hold this many registers, and so many more for each instruction. A call loses its operands, so
/// that each has an instruction which writes it; only code that is made to keep the verifier busy comes near.
const WINDOWS: u64 = 1 << 20;
const WINDOWS_PER_INSTRUCTION: u64 = 64;

impl<'m> RegisterVerifier<'m> {
    fn new(module: &'m RegCode) -> Self {
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
        set(Lane::Index, most(module, |function| count(&function.captures)));
        Self { module, limits, makers: vec![0; module.functions.len()], windows: 0 }
    }

    fn function(&mut self, index: usize, flow: &mut Flow) -> Result<u32, VerifyError> {
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
        }
        flow.check(function).map_err(|Unwritten { pc, register }| {
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
        self.windows = 0;
        let spills = function.spills > 0;
        for (pc, &instruction) in function.code.iter().enumerate() {
            let shape = Shape::of(instruction);
            let [a, b, c] = shape.lanes.map(|kind| self.limits[usize::from(kind) % LANES]);
            let lanes = instruction.lanes().map(u32::from);
            // All three are looked at: there is nothing to guess for the processor then.
            let all_fit = (lanes[0] < a) & (lanes[1] < b) & (lanes[2] < c);
            if all_fit && !spills && !shape.has(Shape::SPECIAL) {
                continue;
            }
            let result =
                if all_fit { self.special(index, function, pc, instruction) } else { Err(self.beyond(instruction)) };
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
        let shape = Shape::of(instruction);
        if let Some(size) = shape.window_size(instruction) {
            self.windows += u64::from(size);
            window(function, shape, u32::from(instruction.a), size)?;
        }
        if shape.has(Shape::CLOBBER) {
            let first = u32::from(instruction.c);
            if first > function.locals {
                return Err(Problem::WindowOutside { register: first, size: 0, registers: function.locals });
            }
            above_spills(function, first)?;
        }
        if shape.has(Shape::SINGULAR) {
            self.singular(index, function, instruction)?;
        }
        if let Some(offset) = shape.offset(instruction) {
            jump(function, pc, instruction.op(), offset)?;
        }
        if shape.has(Shape::SKIPS) && pc + 2 >= function.code.len() {
            return Err(Problem::SkipsPastEnd);
        }
        Ok(())
    }

    /// What single operations demand.
    fn singular(
        &mut self,
        index: usize,
        function: &RegFunction,
        instruction: RegisterInstruction,
    ) -> Result<(), Problem> {
        let module = self.module;
        let operand = u32::from(instruction.b);
        match instruction.op() {
            RegisterOp::LoadReg => {
                tables::in_range("constant", instruction.wide_operand(), count(&module.constants))?;
            }
            RegisterOp::LoadVarReg | RegisterOp::StoreReg => {
                tables::in_range("global", instruction.wide_operand(), count(&module.globals))?;
            }
            RegisterOp::StoreFuncReg => tables::hoisted(module, operand)?,
            RegisterOp::CallFuncConstReg => tables::captures_nothing(module, "what is called", operand)?,
            RegisterOp::LoadCaptureReg => tables::capture_kind(function, operand, false)?,
            RegisterOp::LoadCaptureCellReg | RegisterOp::StoreCaptureCellReg => {
                tables::capture_kind(function, operand, true)?;
            }
            RegisterOp::MakeFunctionReg => {
                let maker = &mut self.makers[operand as usize];
                if *maker != index as u32 + 1 {
                    *maker = index as u32 + 1;
                    tables::makes(module, function, operand, |_, _| true)?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn jump(function: &RegFunction, pc: usize, op: RegisterOp, offset: i32) -> Result<(), Problem> {
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
    Ok(())
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

fn window(function: &RegFunction, shape: &Shape, first: u32, size: u32) -> Result<(), Problem> {
    // A window is never empty: at least its first register takes the result.
    let end = first + size.max(1);
    if end > function.locals || size > u32::from(u16::MAX) {
        return Err(Problem::WindowOutside { register: first, size, registers: function.locals });
    }
    if shape.has(Shape::RESULT) {
        return above_spills(function, first);
    }
    let spills = function.spill_base..function.spill_base + function.spills;
    if !spills.is_empty() && first < spills.end && spills.start < end {
        return Err(Problem::SpillRegister { register: first.max(spills.start) });
    }
    Ok(())
}
