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

    /// Calls, collections being built, imports: operands go to a window above everything that lives on.
    pub(super) fn window_instruction(&mut self, instruction: &Instruction) {
        use RegisterOp as R;
        let operation = instruction.operation;
        let mut window = u32::from(self.allocation.windows[self.next_window]);
        self.next_window += 1;
        if self.allocation.slots != 0 {
            window = window.max(self.top());
        }
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
