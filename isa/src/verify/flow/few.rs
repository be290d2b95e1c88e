//! Functions with no more registers than a machine word has bits: a set of registers is a word.

use super::{Flow, NONE, RegFunction};
use crate::register::RegisterInstruction;
use crate::verify::shape::Shape;

/// What is known of a block, with a bit for each register.
#[derive(Clone, Copy, Default)]
pub(super) struct Sets {
    /// May be unwritten on entry.
    unwritten: u64,
    /// Read before it is written in the block.
    exposed: u64,
    /// Left written.
    gens: u64,
    /// Lost to another frame somewhere in the block.
    lost: u64,
    is_reached: bool,
    is_summed_up: bool,
}

/// Code is gone through in order until nothing changes: as often as its loops are nested, and once more. What takes longer than this is left to the
/// way that goes only where something changes.
const MOST_ROUNDS: usize = 16;

impl Flow {
    /// Whether every register is written before it is read, as far as this finds out. Blocks are formed.
    pub(super) fn holds_for_few(&mut self, function: &RegFunction) -> bool {
        let end = self.blocks.len() - 1;
        self.sets.clear();
        self.sets.resize(end, Sets::default());
        let parameters = below(u32::from(function.parameters));
        self.sets[0] = Sets { unwritten: !parameters, is_reached: true, ..Sets::default() };
        for _ in 0..MOST_ROUNDS {
            // Whether a block has to be gone to again that lies behind.
            let mut goes_back = false;
            for block in 0..end {
                if !self.sets[block].is_reached {
                    continue;
                }
                if !self.sets[block].is_summed_up && !self.sum_up(function, block) {
                    return false;
                }
                let Sets { unwritten, exposed, gens, lost, .. } = self.sets[block];
                if unwritten & exposed != 0 {
                    return false;
                }
                let before = unwritten | lost;
                let super::Block { next, other, caught, landing, .. } = self.blocks[block];
                for successor in [next, other] {
                    goes_back |= self.bring(block as u32, successor, before & !gens);
                }
                if caught != NONE {
                    goes_back |= self.bring(block as u32, caught, before & !(1 << landing));
                }
            }
            if !goes_back {
                return true;
            }
        }
        false
    }

    /// Notes what may be unwritten on the way from a block to another. True if that is news and the other block does not come later in this round.
    #[inline]
    fn bring(&mut self, from: u32, to: u32, unwritten: u64) -> bool {
        if to == NONE {
            return false;
        }
        let sets = &mut self.sets[to as usize];
        let is_news = !sets.is_reached || unwritten & !sets.unwritten != 0;
        sets.is_reached = true;
        sets.unwritten |= unwritten;
        is_news && to <= from
    }

    /// Walks over a block. False if it reads a register that is surely unwritten.
    fn sum_up(&mut self, function: &RegFunction, block: usize) -> bool {
        let code = self.blocks[block].start as usize..self.blocks[block + 1].start as usize;
        let mut walk = Walk::default();
        for &instruction in &function.code[code] {
            let shape = Shape::of(instruction);
            let bits = instruction.lanes().map(|register| 1_u64 << (register % 64));
            let set = |lanes: [i8; 3]| {
                let [a, b, c] = lanes.map(|all| i64::from(all) as u64);
                bits[0] & a | bits[1] & b | bits[2] & c
            };
            walk.read(set(shape.reads));
            if shape.has(Shape::HIDDEN_REGISTERS) {
                walk.hidden(function, instruction, shape);
            }
            walk.written |= set(shape.writes);
        }
        let sets = &mut self.sets[block];
        (sets.exposed, sets.gens, sets.lost, sets.is_summed_up) = (walk.exposed, walk.written, walk.lost, true);
        walk.wrong == 0
    }
}

/// The walk over a block.
#[derive(Default)]
struct Walk {
    /// Written in the block, and not lost since.
    written: u64,
    /// Read before they were written in the block.
    exposed: u64,
    /// Lost in the block.
    lost: u64,
    /// Read though they were lost and not written again.
    wrong: u64,
}

impl Walk {
    #[inline]
    fn read(&mut self, registers: u64) {
        let exposed = registers & !self.written;
        self.exposed |= exposed;
        self.wrong |= exposed & self.lost;
    }

    /// Loses all registers from this one up.
    fn lose(&mut self, first: u32) {
        let lost = !below(first);
        self.written &= !lost;
        self.lost |= lost;
    }

    /// Windows, spill slots and frames of others.
    #[inline]
    fn hidden(&mut self, function: &RegFunction, instruction: RegisterInstruction, shape: &Shape) {
        if let Some(size) = shape.window_size(instruction) {
            let first = u32::from(instruction.a);
            self.read(below(first + size) & !below(first));
            if shape.has(Shape::RESULT) {
                self.lose(first);
            }
            return;
        }
        let slot = function.spill_base + u32::from(instruction.b);
        if shape.has(Shape::RELOAD) {
            self.read(1 << slot);
        } else if shape.has(Shape::SPILL) {
            self.written |= 1 << slot;
        } else {
            self.lose(u32::from(instruction.c));
        }
    }
}

/// The registers below a number.
#[inline]
fn below(register: u32) -> u64 {
    if register < u64::BITS { (1 << register) - 1 } else { u64::MAX }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::Handler;
    use crate::register::RegisterOp;
    use proptest::prelude::*;

    /// Registers of the functions that are made.
    const REGISTERS: u16 = 6;

    fn instruction(length: u32) -> impl Strategy<Value = RegisterInstruction> {
        let register = || 0..REGISTERS;
        (0..7_u8, register(), register(), register(), -i32::try_from(length).unwrap_or(0)..length as i32).prop_map(
            |(kind, a, b, c, to)| match kind {
                0 | 1 => RegisterInstruction::wide(RegisterOp::LoadInt, a, 1),
                2 => RegisterInstruction::new(RegisterOp::MovReg, a, b, 0),
                3 => RegisterInstruction::new(RegisterOp::AddReg, a, b, c),
                4 => RegisterInstruction::new(RegisterOp::JumpLt, a, b, to as i16 as u16),
                5 => RegisterInstruction::new(RegisterOp::CallFuncConstReg, a, 0, c.min(REGISTERS - a)),
                _ => RegisterInstruction::new(RegisterOp::ReturnReg, a, 0, 0),
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        /// Both ways of checking find the same, and what the quick one takes the other takes.
        #[test]
        fn words_and_lists_agree(
            body in prop::collection::vec(instruction(12), 1..24),
            parameters in 0..3_u16,
            guard in prop::option::of((0..24_u32, 0..24_u32, 0..24_u32, 0..u32::from(REGISTERS))),
        ) {
            let mut code = body;
            code.push(RegisterInstruction::new(RegisterOp::ReturnReg, 0, 0, 0));
            let length = code.len() as i32;
            for pc in 0..length {
                let instruction = &mut code[pc as usize];
                if instruction.op().has_offset() {
                    // Where the jump leads lies in the function.
                    let offset = i32::from(instruction.c as i16);
                    instruction.c = ((pc + offset).rem_euclid(length) - pc) as i16 as u16;
                }
            }
            let within = |pc: u32| pc % length as u32;
            let handlers = guard.map(|(start, size, target, landing)| Handler {
                start: within(start),
                end: (within(start) + 1 + size).min(length as u32),
                target: within(target),
                landing,
                is_cleanup: false,
            });
            let function = RegFunction {
                parameters,
                locals: u32::from(REGISTERS),
                spill_base: u32::from(REGISTERS),
                handlers: handlers.into_iter().collect(),
                code,
                ..RegFunction::default()
            };
            let leads = vec![true; function.code.len()];
            let mut flow = Flow::new(function.locals, function.code.len());
            flow.form_blocks(&function, &leads);
            let few = flow.holds_for_few(&function);
            let mut flow = Flow::new(function.locals, function.code.len());
            flow.form_blocks(&function, &leads);
            flow.reach();
            let lists = flow.walk(&function).and_then(|()| flow.solve(&function)).is_ok();
            prop_assert_eq!(few, lists);
        }
    }
}
