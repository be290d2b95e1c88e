//! Which code is made of which operation.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, types};
use isa::{Constant, RegisterInstruction, RegisterOp};
use runtime::Tag;
use vm_register::native::LAYOUT;

use super::arithmetic::{Arithmetic, Comparison, Side};
use super::{Cause, Lowering, flags};
use crate::Optimization;
use crate::state::{Held, Kind};

impl Lowering<'_> {
    /// Makes the code of an instruction. False if control does not go on behind it.
    pub(super) fn instruction(&mut self, pc: u32) -> bool {
        use RegisterOp as R;
        let i = self.function.code[pc as usize];
        let [a, b, c] = i.lanes().map(u32::from);
        if let Some(context) = self.body.entered(pc) {
            self.enter(pc, context);
            return true;
        }
        if self.is_mere_step(pc, i.op()) {
            if i.op() == R::SetIndexReg {
                self.changes_lists();
            }
            self.step(pc);
            return true;
        }
        if let Some((operation, x, y)) = self.arithmetic_of(i) {
            self.arithmetic(pc, operation, a, x, y);
            return true;
        }
        if let Some((comparison, x, y)) = self.branch_of(i) {
            self.compare_and_branch(pc, comparison, x, y);
            return false;
        }
        match i.op() {
            R::NopReg => {}
            R::LoadInt => {
                let value = self.builder.ins().iconst(types::I64, i64::from(i.wide_operand() as i32));
                self.define(a, Kind::Int, value);
            }
            R::LoadReg => self.load_constant(a, i.wide_operand()),
            R::LoadUnset => {
                let payload = self.builder.ins().iconst(types::I64, 0);
                self.write_payload(a, Tag::Unset, payload);
                self.defined_in_frame(a);
            }
            R::MovReg | R::PushReg | R::PopReg => self.copy(a, b),
            R::LoadVarReg => self.load_global(pc, a, i.wide_operand()),
            R::StoreReg => self.store_global(a, i.wide_operand()),
            R::LoadCaptureReg => self.load_capture(pc, a, b, false),
            R::LoadCaptureCellReg => self.load_capture(pc, a, b, true),
            R::StoreCaptureCellReg => self.store_capture(pc, a, b),
            R::LoadCellReg => self.load_cell(pc, a, b),
            R::StoreCellReg => self.store_cell(pc, a, b),
            R::CheckReg => self.check_set(pc, a),
            R::IsSetReg => self.is_set(a, b),
            R::NegReg => self.negate(pc, a, b),
            R::NotReg => self.truth(pc, a, b, false),
            R::ToBoolReg => self.truth(pc, a, b, true),
            R::EqReg => self.compare(pc, Comparison::Equal, false, a, b, c),
            R::NeqReg => self.compare(pc, Comparison::Equal, true, a, b, c),
            R::LtReg => self.compare(pc, Comparison::Less, false, a, b, c),
            R::GtReg => self.compare(pc, Comparison::Greater, false, a, b, c),
            R::LteReg => self.compare(pc, Comparison::LessOrEqual, false, a, b, c),
            R::GteReg => self.compare(pc, Comparison::GreaterOrEqual, false, a, b, c),
            R::IndexReg => self.index(pc, a, b, c),
            R::SetIndexReg => self.set_index(pc, a, b, c),
            R::GetLengthReg => self.length(pc, a, b),
            R::GetAttrReg => self.get_attribute(pc, a, b),
            R::SetAttrReg => self.set_attribute(pc, a, c),
            R::NewRecordReg => self.new_record(pc, a, b),
            R::CallFuncConstReg | R::CallNameReg | R::CallTopReg if !self.request.has(Optimization::Calls) => {
                self.step(pc)
            }
            R::CallFuncConstReg => self.call_function(pc, a, b, c),
            R::CallNameReg => self.call_global(pc, a, b, c),
            R::CallTopReg => self.call_register(pc, a, b, c),
            R::CallMethodReg => self.call_method(pc, a, b, c),
            R::CallBuiltinReg => self.call_builtin(pc, a, b, c),
            R::MeterReg => self.meter(pc, i.wide_operand()),
            R::JumpReg | R::LoopReg => {
                let jump = i.jump(pc).expect("a jump");
                if i.op() == R::LoopReg {
                    self.take_fuel(pc);
                }
                let target = self.edge(jump.target);
                self.builder.ins().jump(target, &[]);
                return false;
            }
            R::JumpIfFalseReg | R::JumpIfTrueReg | R::LoopIfTrueReg => {
                self.branch_on_truth(pc, a, i.op() != R::JumpIfFalseReg);
                return false;
            }
            R::JumpIfNotNullReg => {
                let target = i.jump(pc).expect("a jump").target;
                let (tag, _) = self.parts(a);
                let is_null = self.is_tag(tag, Tag::Null);
                let (taken, next) = (self.edge(target), self.edge(pc + 1));
                self.builder.ins().brif(is_null, next, &[], taken, &[]);
                return false;
            }
            R::CountedLoop => {
                self.counted_loop(pc, a, b);
                return false;
            }
            R::ForLoopReg => {
                self.for_loop(pc, a, b, c);
                return false;
            }
            R::ForIterReg | R::ForPairReg => {
                self.for_iter(pc, a, b, c, i.op() == R::ForPairReg);
                return false;
            }
            R::ForPrepareReg => {
                self.for_prepare(pc, a, b, c);
                return false;
            }
            R::ReturnReg => {
                self.leave_function(a);
                return false;
            }
            // A call that becomes a task returns to nobody: no native caller may take its return for one.
            R::ThrowReg | R::SpawnCallReg => {
                self.flush(pc);
                self.step_elsewhere(pc);
                return false;
            }
            _ => self.step(pc),
        }
        true
    }

    /// Whether an instruction that does not branch has met nothing for which there is a fast case, and is believed never to.
    fn is_mere_step(&self, pc: u32, op: RegisterOp) -> bool {
        use RegisterOp as R;
        let branches = matches!(op, R::ForIterReg | R::ForPairReg | R::ThrowReg | R::SpawnCallReg)
            || self.function.code[pc as usize].jump(pc).is_some();
        self.request.speculates() && self.request.stepped[pc as usize] && !branches && !self.request.doubts.has(pc)
    }

    fn arithmetic_of(&self, i: RegisterInstruction) -> Option<(Arithmetic, Side, Side)> {
        use RegisterOp as R;
        let [_, b, c] = i.lanes();
        let register = |lane: u16| Side::Register(u32::from(lane));
        let number = Side::Int(i64::from(c as i16));
        let constant = |lane: u16| self.constant_side(u32::from(lane));
        Some(match i.op() {
            R::AddReg => (Arithmetic::Add, register(b), register(c)),
            R::SubReg => (Arithmetic::Subtract, register(b), register(c)),
            R::MulReg => (Arithmetic::Multiply, register(b), register(c)),
            R::DivReg => (Arithmetic::Divide, register(b), register(c)),
            R::ModReg => (Arithmetic::Modulo, register(b), register(c)),
            R::AddInt => (Arithmetic::Add, register(b), number),
            R::SubInt => (Arithmetic::Subtract, register(b), number),
            R::MulInt => (Arithmetic::Multiply, register(b), number),
            R::DivInt => (Arithmetic::Divide, register(b), number),
            R::ModInt => (Arithmetic::Modulo, register(b), number),
            R::AddConst => (Arithmetic::Add, register(b), constant(c)?),
            R::SubConst => (Arithmetic::Subtract, register(b), constant(c)?),
            R::MulConst => (Arithmetic::Multiply, register(b), constant(c)?),
            R::DivConst => (Arithmetic::Divide, register(b), constant(c)?),
            R::ModConst => (Arithmetic::Modulo, register(b), constant(c)?),
            R::ConstAdd => (Arithmetic::Add, constant(b)?, register(c)),
            R::ConstSub => (Arithmetic::Subtract, constant(b)?, register(c)),
            R::ConstMul => (Arithmetic::Multiply, constant(b)?, register(c)),
            R::ConstDiv => (Arithmetic::Divide, constant(b)?, register(c)),
            _ => return None,
        })
    }

    /// A constant as an operand, if it is a number.
    fn constant_side(&self, constant: u32) -> Option<Side> {
        match self.request.code.constants[constant as usize] {
            Constant::Int(value) => Some(Side::Int(value)),
            Constant::Float(value) => Some(Side::Float(value)),
            _ => None,
        }
    }

    /// Comparison, whether it must not hold, and both sides of a fused branch. On constants that are no numbers both sides are registers, the second
    /// of which does not exist.
    fn branch_of(&self, i: RegisterInstruction) -> Option<((Comparison, bool), Side, Side)> {
        use RegisterOp as R;
        let register = Side::Register(u32::from(i.a));
        let other = Side::Register(u32::from(i.b));
        let number = Side::Int(i64::from(i.b as i16));
        let constant = || match &self.request.code.constants[usize::from(i.b)] {
            Constant::String(_) => Side::Text(u32::from(i.b)),
            _ => self.constant_side(u32::from(i.b)).unwrap_or(Side::Other),
        };
        use Comparison as C;
        let (comparison, not, side) = match i.op() {
            R::JumpEq => (C::Equal, false, other),
            R::JumpNeq => (C::Equal, true, other),
            R::JumpLt => (C::Less, false, other),
            R::JumpNotLt => (C::Less, true, other),
            R::JumpGt => (C::Greater, false, other),
            R::JumpNotGt => (C::Greater, true, other),
            R::JumpLte => (C::LessOrEqual, false, other),
            R::JumpNotLte => (C::LessOrEqual, true, other),
            R::JumpGte => (C::GreaterOrEqual, false, other),
            R::JumpNotGte => (C::GreaterOrEqual, true, other),
            R::JumpEqInt => (C::Equal, false, number),
            R::JumpNeqInt => (C::Equal, true, number),
            R::JumpLtInt => (C::Less, false, number),
            R::JumpNotLtInt => (C::Less, true, number),
            R::JumpGtInt => (C::Greater, false, number),
            R::JumpNotGtInt => (C::Greater, true, number),
            R::JumpLteInt => (C::LessOrEqual, false, number),
            R::JumpNotLteInt => (C::LessOrEqual, true, number),
            R::JumpGteInt => (C::GreaterOrEqual, false, number),
            R::JumpNotGteInt => (C::GreaterOrEqual, true, number),
            R::JumpEqConst => (C::Equal, false, constant()),
            R::JumpNeqConst => (C::Equal, true, constant()),
            R::JumpLtConst => (C::Less, false, constant()),
            R::JumpNotLtConst => (C::Less, true, constant()),
            R::JumpGtConst => (C::Greater, false, constant()),
            R::JumpNotGtConst => (C::Greater, true, constant()),
            R::JumpLteConst => (C::LessOrEqual, false, constant()),
            R::JumpNotLteConst => (C::LessOrEqual, true, constant()),
            R::JumpGteConst => (C::GreaterOrEqual, false, constant()),
            R::JumpNotGteConst => (C::GreaterOrEqual, true, constant()),
            _ => return None,
        };
        Some(((comparison, not), register, side))
    }

    fn load_constant(&mut self, to: u32, constant: u32) {
        match self.request.code.constants[constant as usize] {
            Constant::Int(value) => {
                let value = self.builder.ins().iconst(types::I64, value);
                self.define(to, Kind::Int, value);
            }
            Constant::Float(value) => {
                let value = self.builder.ins().f64const(value);
                self.define(to, Kind::Float, value);
            }
            Constant::Bool(value) => {
                let value = self.builder.ins().iconst(types::I64, i64::from(value));
                self.define(to, Kind::Bool, value);
            }
            _ => {
                let constants = self.of_machine(LAYOUT.constants);
                self.copy_from_memory(to, constants, constant as i32 * super::REGISTER);
            }
        }
    }

    /// Copies a value from memory to a register of the frame.
    pub(super) fn copy_from_memory(&mut self, to: u32, from: cranelift_codegen::ir::Value, offset: i32) {
        let tag = self.builder.ins().load(types::I64, flags(), from, offset);
        let payload = self.builder.ins().load(types::I64, flags(), from, offset + super::PAYLOAD);
        self.write_parts(to, tag, payload);
        self.defined_in_frame(to);
    }

    fn copy(&mut self, to: u32, from: u32) {
        match self.state[from as usize] {
            Held::Variable { kind, .. } => {
                let variable = self.payload_variable(from, kind);
                let payload = self.builder.use_var(variable);
                self.define(to, kind, payload);
            }
            Held::Memory => {
                let (tag, payload) = self.parts(from);
                self.write_parts(to, tag, payload);
                self.defined_in_frame(to);
            }
        }
    }

    /// Takes a unit of fuel, if it is counted; without one the interpreter runs the instruction, which raises the error.
    pub(super) fn take_fuel(&mut self, pc: u32) {
        if self.request.counts_fuel {
            self.take_limited(pc, LAYOUT.fuel, 1);
        }
    }

    fn take_limited(&mut self, pc: u32, offset: i32, amount: i64) {
        let runtime = self.of_machine(LAYOUT.runtime);
        let left = self.builder.ins().load(types::I64, flags(), runtime, offset);
        let amount = self.builder.ins().iconst(types::I64, amount);
        let is_less = self.builder.ins().icmp(IntCC::UnsignedLessThan, left, amount);
        let otherwise = self.exit(pc, Cause::Limit, None);
        self.go_on_unless(is_less, otherwise);
        let left = self.builder.ins().isub(left, amount);
        self.builder.ins().store(flags(), left, runtime, offset);
    }

    fn meter(&mut self, pc: u32, gas: u32) {
        if gas != 0 {
            self.take_limited(pc, LAYOUT.gas, i64::from(gas));
        }
    }

    fn branch_on_truth(&mut self, pc: u32, register: u32, expected: bool) {
        let jump = self.function.code[pc as usize].jump(pc).expect("a jump");
        if let Some(Kind::Bool) = self.kind(pc, register, 0) {
            let value = self.ensure(pc, register, Kind::Bool);
            self.branch_if(pc, value, expected, jump.target, jump.takes_fuel);
            return;
        }
        let (tag, payload) = self.parts(register);
        let is_bool = self.is_tag(tag, Tag::Bool);
        let slow = self.slow_branch(pc, jump.target);
        self.go_on_if(is_bool, slow);
        self.branch_if(pc, payload, expected, jump.target, jump.takes_fuel);
    }

    /// Goes to `target` if a condition is as expected, else to the next instruction.
    pub(super) fn branch_if(
        &mut self,
        pc: u32,
        condition: cranelift_codegen::ir::Value,
        expected: bool,
        target: u32,
        takes_fuel: bool,
    ) {
        let taken = self.builder.create_block();
        let next = self.edge(pc + 1);
        if expected {
            self.builder.ins().brif(condition, taken, &[], next, &[]);
        } else {
            self.builder.ins().brif(condition, next, &[], taken, &[]);
        }
        self.builder.switch_to_block(taken);
        if takes_fuel {
            self.take_fuel(pc);
        }
        let target = self.edge(target);
        self.builder.ins().jump(target, &[]);
    }

    /// A block off the way in which the interpreter runs the branch at `pc`.
    pub(super) fn slow_branch(&mut self, pc: u32, target: u32) -> cranelift_codegen::ir::Block {
        let stores = self.dirty_among(self.live_at(pc));
        if self.lands_at(target) || self.lands_at(pc + 1) {
            return self.aside(stores, super::Then::Elsewhere { pc });
        }
        let (taken, next) = (self.edge(target), self.edge(pc + 1));
        self.aside(stores, super::Then::Branch { pc, target, taken, next })
    }
}
