//! Spill code: each instruction that names a spilled virtual register gets a virtual register of its own for it.

use fxhash::FxHashMap;
use isa::RegisterOp;
use optimizer::liveness::Liveness;

use crate::allocate::at;
use crate::allocate::edges::EdgeMoves;
use crate::live::uses_window;
use crate::tac::{Function, Instruction, NONE, Operand, Terminator, VirtualRegister};

/// Puts loads before reads of what is spilled and stores behind writes. What was spilled before stays as it is: nothing but moves and windows
/// names it any more.
pub(super) fn insert(function: &mut Function, live: &Liveness, is_spilled: &[bool]) {
    let mut moves = EdgeMoves::new(function);
    let mut landings = function.landings();
    let mut spiller = Spiller { is_spilled, code: Vec::new(), registers: function.registers };
    for index in 0..function.blocks.len() as u32 {
        let block = &mut function.blocks[index as usize];
        if !block.is_reachable {
            continue;
        }
        let landing = &mut landings[index as usize];
        if spiller.is_spilled(*landing) {
            let part = spiller.new_part();
            spiller.code.push(Instruction::copy(*landing, part, block.start_pc));
            *landing = part;
            block.unguarded += 1;
        }
        for instruction in std::mem::take(&mut block.instructions) {
            spiller.instruction(instruction);
        }
        let pc = block.terminator_pc;
        let written = spiller.terminator(&mut block.terminator, pc);
        block.instructions = std::mem::take(&mut spiller.code);
        for (exit, successor) in block.terminator.successors().into_iter().enumerate() {
            let Some(successor) = successor else { continue };
            let needed = written.iter().filter(|&&(register, _)| live.entering.contains(successor as usize, register));
            moves.add(index, exit, needed.map(|&(register, part)| Instruction::copy(register, part, pc)).collect());
        }
    }
    for handler in &mut function.handlers {
        handler.landing = landings[handler.block as usize];
    }
    function.registers = spiller.registers;
    function.globals = spiller.registers;
    moves.insert(function);
}

struct Spiller<'s> {
    is_spilled: &'s [bool],
    code: Vec<Instruction>,
    registers: u32,
}

impl Spiller<'_> {
    fn is_spilled(&self, register: VirtualRegister) -> bool {
        register != NONE && self.is_spilled.get(at(register)).copied().unwrap_or(false)
    }

    fn new_part(&mut self) -> VirtualRegister {
        self.registers += 1;
        self.registers - 1
    }

    fn instruction(&mut self, mut instruction: Instruction) {
        let (destination, pc) = (instruction.destination, instruction.pc);
        let has_window = uses_window(instruction.operation);
        let is_copy = instruction.operation == RegisterOp::MovReg && instruction.operands[0].register().is_some();
        // A move loads or stores, and a window is filled from slots and its result goes to one.
        let loads_itself = is_copy && !self.is_spilled(destination);
        let callee_alone = usize::from(instruction.operation == RegisterOp::CallTopReg);
        let count = if has_window { callee_alone } else { instruction.operands.len() };
        if !loads_itself {
            let mut parts = FxHashMap::default();
            for operand in &mut instruction.operands[..count] {
                if let Operand::Register(register) = operand {
                    *register = self.part(*register, &mut parts, pc);
                }
            }
        }
        if has_window || is_copy || !self.is_spilled(destination) {
            self.code.push(instruction);
            return;
        }
        let part = self.new_part();
        instruction.destination = part;
        self.code.push(instruction);
        self.code.push(Instruction::copy(destination, part, pc));
    }

    /// The virtual register to read for one; loaded before, if that one is spilled.
    fn part(
        &mut self,
        register: VirtualRegister,
        parts: &mut FxHashMap<VirtualRegister, VirtualRegister>,
        pc: u32,
    ) -> VirtualRegister {
        if !self.is_spilled(register) {
            return register;
        }
        if let Some(&part) = parts.get(&register) {
            return part;
        }
        let part = self.new_part();
        parts.insert(register, part);
        self.code.push(Instruction::copy(part, register, pc));
        part
    }

    /// Renames in a terminator; returns what it writes that is to be stored, with the part that it is in.
    fn terminator(&mut self, terminator: &mut Terminator, pc: u32) -> Vec<(VirtualRegister, VirtualRegister)> {
        let written = terminator.definitions();
        let mut parts = FxHashMap::default();
        let mut reads = Vec::new();
        terminator.for_each_use(|register| reads.push(register));
        for register in reads {
            self.part(register, &mut parts, pc);
        }
        terminator.rename(|register| parts.get(&register).copied().unwrap_or(register));
        if let Terminator::ForIter { destination, .. } = terminator
            && self.is_spilled(*destination)
        {
            let part = self.new_part();
            parts.insert(*destination, part);
            *destination = part;
        }
        written.into_iter().flatten().filter_map(|register| Some((register, *parts.get(&register)?))).collect()
    }
}
