//! How blocks end.

use isa::{Lane, RegisterInstruction, RegisterOp, StackOp};

use super::{Emitter, Place, Spot, Tables};
use crate::tac::{Block, Operand, Terminator, VirtualRegister};

/// The fused branches for a comparison and the outcome that jumps: with a register, a small integer, a constant on the right.
fn fused(comparison: RegisterOp, sense: bool) -> [RegisterOp; 3] {
    use RegisterOp as R;
    match (comparison, sense) {
        (R::EqReg, true) | (R::NeqReg, false) => [R::JumpEq, R::JumpEqInt, R::JumpEqConst],
        (R::EqReg, false) | (R::NeqReg, true) => [R::JumpNeq, R::JumpNeqInt, R::JumpNeqConst],
        (R::LtReg, true) => [R::JumpLt, R::JumpLtInt, R::JumpLtConst],
        (R::LtReg, false) => [R::JumpNotLt, R::JumpNotLtInt, R::JumpNotLtConst],
        (R::GtReg, true) => [R::JumpGt, R::JumpGtInt, R::JumpGtConst],
        (R::GtReg, false) => [R::JumpNotGt, R::JumpNotGtInt, R::JumpNotGtConst],
        (R::LteReg, true) => [R::JumpLte, R::JumpLteInt, R::JumpLteConst],
        (R::LteReg, false) => [R::JumpNotLte, R::JumpNotLteInt, R::JumpNotLteConst],
        (R::GteReg, true) => [R::JumpGte, R::JumpGteInt, R::JumpGteConst],
        (R::GteReg, false) => [R::JumpNotGte, R::JumpNotGteInt, R::JumpNotGteConst],
        _ => unreachable!("only comparisons are fused"),
    }
}

impl Emitter<'_> {
    /// Emits a jump instruction to a block, to be patched.
    fn jump(&mut self, operation: RegisterOp, a: Place, b: Place, block: u32) {
        self.tables.jumps.push((self.tables.code.len() as u32, block));
        self.emit(operation, a, b, 0);
    }

    fn go(&mut self, block: u32, next: Option<u32>) {
        if next != Some(block) {
            self.jump(RegisterOp::JumpReg, 0, 0, block);
        }
    }

    /// True for a block of an island that ends with a jump and not by running into the next block.
    fn is_kept_jump(&self, index: u32) -> bool {
        let block = &self.function.blocks[index as usize];
        block.is_island && self.source.code[block.terminator_pc as usize].op() == StackOp::Jump
    }

    /// True when `block` is laid out at or before block `from`, so that a jump there goes back.
    fn is_behind(&self, from: u32, block: u32) -> bool {
        self.function.blocks[block as usize].start_pc <= self.function.blocks[from as usize].start_pc
    }

    /// Emits the end of block `index`; `next` is the block whose code follows.
    pub(super) fn terminator(&mut self, index: u32, next: Option<u32>) {
        use RegisterOp as R;
        match self.function.blocks[index as usize].terminator {
            Terminator::Jump(target) if self.is_kept_jump(index) => self.jump(R::JumpReg, 0, 0, target),
            Terminator::Jump(target) => self.go(target, next),
            Terminator::Loop(target) => self.jump(R::LoopReg, 0, 0, target),
            Terminator::Compare { operation, sense, operands, target, next: other, is_loop } => {
                let [with_register, with_integer, with_constant] = fused(operation, sense);
                let Operand::Register(left) = operands[0] else { unreachable!("the left operand is in a register") };
                let left = self.read(left, 0);
                let (operation, right) = match operands[1] {
                    Operand::Register(right) => (with_register, self.read(right, 1)),
                    Operand::Constant(constant) => match self.small_integer(constant) {
                        Some(value) => (with_integer, u32::from(value as u16)),
                        None if constant <= u32::from(u16::MAX) => (with_constant, constant),
                        None => (with_register, self.far_constant(constant)),
                    },
                };
                self.fused_branch(operation, left, right, target, is_loop, is_loop && !self.is_behind(index, target));
                self.go(other, next);
            }
            Terminator::Truth { sense, operand, target, next: other, is_loop } => {
                let operand = self.read(operand, 0);
                match (is_loop, sense) {
                    (true, true) if !self.is_behind(index, target) => {
                        // Only a jump back takes fuel.
                        self.emit_wide(R::JumpIfFalseReg, operand, 2);
                        self.jump(R::LoopReg, 0, 0, target);
                    }
                    (true, true) => self.jump(R::LoopIfTrueReg, operand, 0, target),
                    (false, true) => self.jump(R::JumpIfTrueReg, operand, 0, target),
                    (false, false) => self.jump(R::JumpIfFalseReg, operand, 0, target),
                    (true, false) => {
                        // There is no such instruction: pass over a LOOP if the operand holds.
                        self.emit_wide(R::JumpIfTrueReg, operand, 2);
                        self.jump(R::LoopReg, 0, 0, target);
                    }
                }
                self.go(other, next);
            }
            Terminator::NotNull { operand, target, next: other } => {
                let operand = self.read(operand, 0);
                self.jump(R::JumpIfNotNullReg, operand, 0, target);
                self.go(other, next);
            }
            Terminator::ForPrepare { operands, enter, exit } => {
                let [start, end, step] = [0, 1, 2].map(|number| self.read(operands[number as usize], number));
                self.emit(R::ForPrepareReg, start, end, step);
                self.go_on(enter);
                self.go(exit, next);
            }
            Terminator::ForLoop { counter, end, step, more, done } => {
                self.for_loop(index, [counter, more, done], end, step, next)
            }
            Terminator::ForIter { operation, destination, collection, position, more, done } => {
                self.for_iter(operation, [destination, collection, position], more, done, next);
            }
            Terminator::Return(value) => {
                let value = self.read(value, 0);
                self.emit(R::ReturnReg, value, 0, 0);
            }
            Terminator::Throw(value) => {
                let value = self.read(value, 0);
                self.emit(R::ThrowReg, value, 0, 0);
            }
        }
    }

    /// A fused branch; in two steps where its offset is too short, or where it begins an iteration without going back.
    fn fused_branch(
        &mut self,
        operation: RegisterOp,
        left: Place,
        right: Place,
        target: u32,
        is_loop: bool,
        is_ahead: bool,
    ) {
        if !self.has_long_branches && !is_ahead {
            self.jump(operation, left, right, target);
            return;
        }
        self.emit(operation, left, right, 2);
        self.emit_wide(RegisterOp::JumpReg, 0, 2);
        self.jump(if is_loop { RegisterOp::LoopReg } else { RegisterOp::JumpReg }, 0, 0, target);
    }

    /// Finds the blocks that loop instructions can take over.
    pub(super) fn plan_inlining(&mut self) {
        let is_loop = |block: &Block| {
            use Terminator as T;
            matches!(block.terminator, T::ForPrepare { .. } | T::ForLoop { .. } | T::ForIter { .. })
        };
        if !self.function.blocks.iter().any(is_loop) {
            return;
        }
        let mut entries = std::mem::take(&mut self.tables.entries);
        entries.clear();
        entries.resize(self.function.blocks.len(), 0);
        for block in self.function.blocks.iter().filter(|block| block.is_reachable) {
            block.terminator.for_each_successor(|successor| entries[successor as usize] += 1);
        }
        for handler in &self.function.handlers {
            entries[handler.block as usize] += 1;
        }
        for block in self.function.blocks.iter().filter(|block| block.is_reachable) {
            let (Terminator::ForPrepare { enter: more, .. }
            | Terminator::ForLoop { more, .. }
            | Terminator::ForIter { more, .. }) = block.terminator
            else {
                continue;
            };
            self.tables.blocks[more as usize].is_inlined =
                entries[more as usize] == 1 && self.begins_iteration(more).is_some();
        }
        self.tables.entries = entries;
    }

    /// The block whose iteration `block` begins without doing anything else.
    fn begins_iteration(&self, block: u32) -> Option<u32> {
        let block = &self.function.blocks[block as usize];
        let Terminator::Loop(target) = block.terminator else { return None };
        let does_nothing = block.instructions.iter().all(|instruction| {
            instruction.operation == RegisterOp::MovReg
                && matches!(instruction.operands[0], Operand::Register(source)
                    if self.location(source) == self.location(instruction.destination))
        });
        does_nothing.then_some(target)
    }

    /// The instruction that a loop instruction goes on to when the loop goes on.
    fn go_on(&mut self, more: u32) {
        match self.begins_iteration(more) {
            Some(target) => {
                self.at(self.function.blocks[more as usize].terminator_pc);
                self.jump(RegisterOp::LoopReg, 0, 0, target);
            }
            None => self.jump(RegisterOp::JumpReg, 0, 0, more),
        }
    }

    fn for_loop(
        &mut self,
        index: u32,
        [counter, more, done]: [u32; 3],
        end: Operand,
        step: Operand,
        next: Option<u32>,
    ) {
        use RegisterOp as R;
        let is_unit = matches!(step, Operand::Constant(constant) if self.small_integer(constant) == Some(1));
        // An instruction that both counts and takes fuel fails in one place only.
        let begins_in = self.source.position(self.function.blocks[more as usize].terminator_pc);
        // Nor does it reach far, or begin an iteration without going back.
        let reaches = |target: &u32| !self.has_long_branches && self.is_behind(index, *target);
        let begins_at = self.begins_iteration(more).filter(reaches).filter(|_| begins_in == self.position);
        if let (Spot::Register(place), Operand::Register(end), true, Some(target)) =
            (self.location(counter), end, is_unit, begins_at)
        {
            let end = self.read(end, 1);
            self.jump(R::CountedLoop, place, end, target);
            self.go(done, next);
            return;
        }
        let place = self.read(counter, 0);
        let end = self.operand_in_register(end, 1);
        let step = self.operand_in_register(step, 2);
        self.emit(R::ForLoopReg, place, end, step);
        if self.is_slot(counter) {
            self.emit_wide(R::JumpReg, 0, 2);
            self.jump(R::JumpReg, 0, 0, done);
            self.written(counter, place);
            self.go_on(more);
        } else {
            self.go_on(more);
            self.go(done, next);
        }
    }

    fn for_iter(
        &mut self,
        operation: RegisterOp,
        registers: [VirtualRegister; 3],
        more: u32,
        done: u32,
        next: Option<u32>,
    ) {
        use RegisterOp as R;
        let [destination, collection, position] = registers;
        let collection = self.read(collection, 1);
        let position_place = self.read(position, 2);
        let destination_place = self.write(destination);
        self.emit(operation, destination_place, collection, position_place);
        let is_spilled =
            [destination, position].iter().any(|&register| matches!(self.location(register), Spot::Slot(_)));
        if is_spilled {
            self.emit_wide(
                R::JumpReg,
                0,
                4 - u32::from(!self.is_slot(destination)) - u32::from(!self.is_slot(position)),
            );
            self.written(destination, destination_place);
            self.written(position, position_place);
            self.jump(R::JumpReg, 0, 0, done);
            self.written(destination, destination_place);
            self.written(position, position_place);
            self.go_on(more);
            return;
        }
        self.go_on(more);
        self.go(done, next);
    }

    fn is_slot(&self, register: VirtualRegister) -> bool {
        matches!(self.location(register), Spot::Slot(_))
    }

    fn operand_in_register(&mut self, operand: Operand, number: u32) -> Place {
        match operand {
            Operand::Register(register) => self.read(register, number),
            Operand::Constant(constant) => self.far_constant(constant),
        }
    }

    /// Writes jump distances.
    pub(super) fn patch(&mut self) {
        let Tables { code, jumps, blocks, .. } = &mut *self.tables;
        for &(at, block) in &*jumps {
            let instruction = code[at as usize];
            let offset = blocks[block as usize].start as i32 - at as i32;
            code[at as usize] = if instruction.op().facts().lanes[2] == Lane::Offset {
                RegisterInstruction::new(instruction.op(), instruction.a, instruction.b, offset as i16 as u16)
            } else {
                RegisterInstruction::wide(instruction.op(), instruction.a, offset as u32)
            };
        }
    }
}
