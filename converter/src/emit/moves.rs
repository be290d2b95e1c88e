//! Moves, and filling the windows of calls.

use isa::{Lane, RegisterOp};

use super::{Emitter, Place};
use crate::allocate::Location;
use crate::tac::{Instruction, NONE, Operand, VirtualRegister, WindowOperation};

impl Emitter<'_> {
    /// Brings an operand to a virtual register.
    pub(super) fn move_to(&mut self, destination: VirtualRegister, source: Operand) {
        match (self.location(destination), source) {
            (Location::Register(place), _) => self.move_to_place(u32::from(place), source),
            (Location::Slot(slot), Operand::Register(register)) => {
                if self.location(register) != Location::Slot(slot) {
                    let place = self.read(register, 0);
                    self.emit(RegisterOp::StoreSpill, place, slot, 0);
                }
            }
            (Location::Slot(slot), Operand::Constant(constant)) => {
                let scratch = self.scratch(0);
                self.load_constant(scratch, constant);
                self.emit(RegisterOp::StoreSpill, scratch, slot, 0);
            }
            (Location::Nowhere, _) => {}
        }
    }

    /// Brings an operand to a register.
    pub(super) fn move_to_place(&mut self, place: Place, source: Operand) {
        match source {
            Operand::Constant(constant) => self.load_constant(place, constant),
            Operand::Register(register) => match self.location(register) {
                Location::Register(from) if u32::from(from) == place => {}
                Location::Register(from) => self.emit(RegisterOp::MovReg, place, u32::from(from), 0),
                Location::Slot(slot) => self.emit(RegisterOp::LoadSpill, place, slot, 0),
                Location::Nowhere => unreachable!("a register that is read is live"),
            },
        }
    }

    /// Pushes a local on an island's operand stack, or pops one. A local in a spill slot is loaded and stored by that.
    pub(super) fn cross(&mut self, instruction: &Instruction) {
        let Operand::Register(source) = instruction.operands[0] else {
            unreachable!("pushed and popped are registers")
        };
        match (self.location(instruction.destination), self.location(source)) {
            (Location::Register(place), Location::Slot(slot)) => {
                self.emit(RegisterOp::LoadSpill, u32::from(place), slot, 0);
            }
            (Location::Slot(slot), Location::Register(place)) => {
                self.emit(RegisterOp::StoreSpill, u32::from(place), slot, 0);
            }
            (Location::Register(to), Location::Register(from)) => {
                self.emit(instruction.operation, u32::from(to), u32::from(from), 0);
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

    /// Where the window of an instruction begins that the allocator has placed.
    fn placed_window(&mut self) -> Place {
        let window = u32::from(self.allocation.windows[self.next_window]);
        self.next_window += 1;
        if self.allocation.slots != 0 { window.max(self.top()) } else { window }
    }

    /// Calls, collections being built, imports: operands go to a window above everything that lives on.
    pub(super) fn window_instruction(&mut self, instruction: &Instruction) {
        use RegisterOp as R;
        let operation = instruction.operation;
        let window = if self.is_island { self.island_window(instruction) } else { self.placed_window() };
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
            && let Location::Register(place) = self.location(*register)
        {
            self.emit(operation, u32::from(place), 0, 1);
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
        if destination == NONE || self.is_unread[destination as usize] {
            return;
        }
        match self.location(destination) {
            Location::Register(place) if u32::from(place) == window => {}
            Location::Register(place) => self.emit(R::MovReg, u32::from(place), window, 0),
            Location::Slot(slot) => self.emit(R::StoreSpill, window, slot, 0),
            Location::Nowhere => {}
        }
    }

    /// Brings operands to consecutive registers as if all moved at once: some may lie in the window already, at other places.
    fn fill(&mut self, window: Place, operands: &[Operand]) {
        let mut pending: Vec<(Place, Place)> = Vec::new();
        for (index, operand) in operands.iter().enumerate() {
            if let Operand::Register(register) = operand
                && let Location::Register(from) = self.location(*register)
            {
                let to = window + index as u32;
                if u32::from(from) != to {
                    pending.push((to, u32::from(from)));
                }
            }
        }
        while !pending.is_empty() {
            let ready = pending.iter().position(|&(to, _)| !pending.iter().any(|&(_, from)| from == to));
            match ready {
                Some(index) => {
                    let (to, from) = pending.swap_remove(index);
                    self.emit(RegisterOp::MovReg, to, from, 0);
                }
                None => {
                    // Every target is still to be read: a circle. Free one of them.
                    let spare = window + operands.len() as u32;
                    self.highest = self.highest.max(spare + 1);
                    let (to, _) = pending[0];
                    self.emit(RegisterOp::MovReg, spare, to, 0);
                    for (_, from) in &mut pending {
                        if *from == to {
                            *from = spare;
                        }
                    }
                }
            }
        }
        for (index, &operand) in operands.iter().enumerate() {
            let in_register = matches!(operand, Operand::Register(register) if matches!(self.location(register), Location::Register(_)));
            if !in_register {
                self.move_to_place(window + index as u32, operand);
            }
        }
    }
}
