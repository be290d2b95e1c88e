//! Moves, and filling the windows of calls.

use isa::{Lane, RegisterOp};
use smallvec::SmallVec;

use super::{Emitter, Place, Spot};
use crate::allocate::SCRATCH;
use crate::parallel::{Move, sequence};
use crate::tac::{Instruction, NONE, Operand, VirtualRegister, WindowOperation};

impl Emitter<'_> {
    /// Brings an operand to a virtual register.
    pub(super) fn move_to(&mut self, destination: VirtualRegister, source: Operand) {
        match (self.location(destination), source) {
            (Spot::Register(place), _) => self.move_to_place(place, source),
            (Spot::Slot(slot), Operand::Register(register)) => {
                if self.location(register) != Spot::Slot(slot) {
                    let place = self.read(register, 0);
                    self.emit(RegisterOp::StoreSpill, place, slot, 0);
                }
            }
            (Spot::Slot(slot), Operand::Constant(constant)) => {
                let scratch = self.scratch(0);
                self.load_constant(scratch, constant);
                self.emit(RegisterOp::StoreSpill, scratch, slot, 0);
            }
            (Spot::Nowhere, _) => {}
        }
    }

    /// Brings an operand to a register.
    pub(super) fn move_to_place(&mut self, place: Place, source: Operand) {
        match source {
            Operand::Constant(constant) => self.load_constant(place, constant),
            Operand::Register(register) => match self.location(register) {
                Spot::Register(from) if from == place => {}
                Spot::Register(from) => self.emit_move(place, from),
                Spot::Slot(slot) => self.emit(RegisterOp::LoadSpill, place, slot, 0),
                Spot::Nowhere => unreachable!("a register that is read is live"),
            },
        }
    }

    /// Pushes a local on an island's operand stack, or pops one. A local in a spill slot is loaded and stored by that.
    pub(super) fn cross(&mut self, instruction: &Instruction) {
        let Operand::Register(source) = instruction.operands[0] else {
            unreachable!("pushed and popped are registers")
        };
        match (self.location(instruction.destination), self.location(source)) {
            (Spot::Register(place), Spot::Slot(slot)) => {
                self.emit(RegisterOp::LoadSpill, place, slot, 0);
            }
            (Spot::Slot(slot), Spot::Register(place)) => {
                self.emit(RegisterOp::StoreSpill, place, slot, 0);
            }
            (Spot::Register(to), Spot::Register(from)) => {
                self.emit(instruction.operation, to, from, 0);
            }
            _ => {
                unreachable!("one of the two is a place of the stack, and a local that is written or read has a place")
            }
        }
    }

    /// Where the window of an instruction in an island begins: where its operands lie, the callee of a `CALL_TOP_REG` not counted. One without
    /// operands and result takes what is above the stack.
    fn island_window(&mut self, instruction: &Instruction) -> Place {
        let is_call_top = instruction.operation == RegisterOp::CallTopReg;
        match (instruction.operands.first(), instruction.destination) {
            (Some(&Operand::Register(first)), _) => self.read(first, 0) + u32::from(is_call_top),
            (_, NONE) => self.top() + self.function.places,
            (_, destination) => self.write(destination),
        }
    }

    /// Calls, collections being built, imports: operands go to a window above everything that lives on.
    pub(super) fn window_instruction(&mut self, instruction: &Instruction) {
        use RegisterOp as R;
        let operation = instruction.operation;
        let window = if self.is_island { self.island_window(instruction) } else { self.window() };
        if operation == R::ImportReg {
            self.highest = self.highest.max(window + 1);
            self.emit(operation, instruction.data, 0, window);
            return;
        }
        let is_call_top = operation == R::CallTopReg;
        let operands = &instruction.operands[usize::from(is_call_top)..];
        let count = operands.len() as u32;
        // A single value can be printed where it is.
        if let (R::PrintReg, [Operand::Register(register)]) = (operation, operands)
            && let Spot::Register(place) = self.location(*register)
        {
            self.emit(operation, place, 0, 1);
            return;
        }
        self.highest = self.highest.max(window + count.max(1));
        self.fill(window, operands);
        let middle = match instruction.operands.first() {
            Some(Operand::Register(callee)) if is_call_top => self.read(*callee, 0),
            _ => instruction.data,
        };
        let arguments = match operation.window_lane() {
            Some(Lane::ReceiverWindow) => count - 1,
            Some(Lane::PairWindow) => count / 2,
            Some(Lane::ConstructWindow | Lane::SliceWindow) => 0,
            _ => count,
        };
        self.emit(operation, window, middle, arguments);
        let destination = instruction.destination;
        if destination == NONE || self.ranges.is_unread(destination) {
            return;
        }
        match self.location(destination) {
            Spot::Register(place) if place == window => {}
            Spot::Register(place) => self.emit_move(place, window),
            Spot::Slot(slot) => self.emit(R::StoreSpill, window, slot, 0),
            Spot::Nowhere => {}
        }
    }

    /// Where the next window begins: above slots, if there are any, and above what carries values to and from them.
    fn window(&mut self) -> Place {
        let mut window = self.allocation.windows[self.next_window];
        self.next_window += 1;
        if self.allocation.slots != 0 {
            window = window.max(self.function.parameters as u16);
        }
        if let Some(scratch) = self.allocation.scratch {
            window = window.max(scratch + SCRATCH);
        }
        self.place(window)
    }

    /// Brings operands to consecutive registers as if all moved at once: some may lie in the window already, at other places.
    fn fill(&mut self, window: Place, operands: &[Operand]) {
        let mut moves: SmallVec<[(Place, Place); 8]> = SmallVec::new();
        let mut are_all_in_registers = true;
        for (to, operand) in (window..).zip(operands) {
            match operand.register().map(|register| self.location(register)) {
                Some(Spot::Register(from)) if from == to => {}
                Some(Spot::Register(from)) => moves.push((to, from)),
                _ => are_all_in_registers = false,
            }
        }
        if !moves.is_empty() {
            self.move_all(&moves, window + operands.len() as u32);
        }
        if are_all_in_registers {
            return;
        }
        for (to, &operand) in (window..).zip(operands) {
            let in_register =
                matches!(operand, Operand::Register(register) if matches!(self.location(register), Spot::Register(_)));
            if !in_register {
                self.move_to_place(to, operand);
            }
        }
    }

    /// Makes moves `(to, from)` as if all at once; `spare` is a register that none of them names.
    pub(super) fn move_all(&mut self, moves: &[(Place, Place)], spare: Place) {
        if let [] | [_] = moves {
            // Most windows take one value that is elsewhere, or none.
            for &(to, from) in moves.iter().filter(|(to, from)| to != from) {
                self.highest = self.highest.max(to + 1);
                self.emit_move(to, from);
            }
            return;
        }
        for step in sequence(moves) {
            let (to, from) = match step {
                Move::Copy { to, from } => (to, from),
                Move::Save(from) => (spare, from),
                Move::Restore(to) => (to, spare),
            };
            self.highest = self.highest.max(to + 1);
            self.emit_move(to, from);
        }
    }
}
