//! Functions with fewer registers than a machine word has bits: a set of registers is a word.

use super::{HandlerMap, RegFunction};
use crate::register::RegisterInstruction;
use crate::verify::shape::Shape;

/// The most registers that are few: sets of them have room for one bit more.
pub(super) const MOST_REGISTERS: u32 = 63;
/// In what may be unwritten before an instruction: control gets there.
const REACHED: u64 = 1 << MOST_REGISTERS;

/// Code is gone through in order until nothing changes: as often as its loops are nested, and once more. What takes longer than this is left to the
/// way that goes only where something changes.
const MOST_ROUNDS: usize = 16;

/// What registers of a function hold, followed from instruction to instruction.
#[derive(Default)]
pub(super) struct Few {
    /// For each instruction what may be unwritten before it, as far as that is known; zero where control does not get.
    before: Vec<u64>,
    handlers: HandlerMap,
}

impl Few {
    /// Whether every register is written before it is read, as far as this finds out.
    pub(super) fn holds(&mut self, function: &RegFunction) -> bool {
        let length = function.code.len();
        if self.before.len() < length {
            self.before.resize(length, 0);
        }
        self.before[..length].fill(0);
        self.before[0] = REACHED | registers_from(u32::from(function.parameters));
        if !function.handlers.is_empty() {
            self.handlers.fill(function.code.len(), &function.handlers, |handler| (handler.start, handler.end));
        }
        let mut first = 0;
        for _ in 0..MOST_ROUNDS {
            match self.round(function, first) {
                Round::Wrong => return false,
                Round::Done => return true,
                Round::Again(from) => first = from,
            }
        }
        false
    }

    /// Goes through the instructions from one on.
    fn round(&mut self, function: &RegFunction, first: usize) -> Round {
        let mut back = Back { first: usize::MAX, brought: 0 };
        let (code, before) = (&function.code[..], &mut self.before[..]);
        // What may be unwritten, if control goes on to the next instruction; what was written since control could last come from elsewhere, and
        // what was read from there.
        let (mut unwritten, mut written, mut exposed) = (0, 0, 0);
        for pc in first..code.len().min(before.len()) {
            let brought = before[pc];
            if brought != 0 {
                unwritten |= brought;
                written = 0;
            }
            before[pc] = unwritten;
            if unwritten == 0 {
                continue;
            }
            // Reads, losses and writes, in this order.
            let instruction = code[pc];
            let shape = Shape::of(instruction);
            let bits = instruction.lanes().map(|register| 1_u64 << (register % 64));
            let set = |[a, b, c]: [u64; 3]| bits[0] & a | bits[1] & b | bits[2] & c;
            let mut read = set(shape.reads);
            let mut kept = unwritten;
            if shape.has(Shape::HIDDEN_REGISTERS) {
                let hidden = Hidden::of(function, instruction, shape);
                read |= hidden.read;
                unwritten = unwritten & !hidden.written | hidden.lost;
                written = (written | hidden.written) & !hidden.lost;
            }
            if kept & read != 0 {
                return Round::Wrong;
            }
            exposed |= read & !written;
            if !function.handlers.is_empty()
                && let Some(handler) = function.handlers.get(self.handlers.owner(pc) as usize)
            {
                kept = (kept | unwritten) & !(1 << (handler.landing % u64::BITS));
                back.bring(code, before, pc, handler.target as usize, kept);
            }
            let writes = set(shape.writes);
            unwritten &= !writes;
            written |= writes;
            if shape.has(Shape::CONTROL) {
                written = 0;
                if let Some(offset) = shape.offset(instruction) {
                    back.bring(code, before, pc, (pc as i64 + i64::from(offset)) as usize, unwritten);
                } else if shape.has(Shape::SKIPS) {
                    before[pc + 2] |= unwritten;
                }
                if shape.has(Shape::ENDS_BLOCK) {
                    unwritten = 0;
                }
            }
        }
        // Mostly what jumps back bring is written wherever it is read, before control can come from elsewhere.
        if back.first == usize::MAX || first == 0 && back.brought & (exposed | REACHED) == 0 {
            Round::Done
        } else {
            Round::Again(back.first)
        }
    }
}

/// How going through the instructions ended.
enum Round {
    /// A register is read that may be unwritten.
    Wrong,
    /// All is known.
    Done,
    /// From this instruction on there is more to know.
    Again(usize),
}

/// What jumps back bring that was not known.
struct Back {
    /// The first instruction that they go to.
    first: usize,
    /// What they bring there.
    brought: u64,
}

impl Back {
    /// Notes what may be unwritten on the way from an instruction to another.
    #[inline]
    fn bring(&mut self, code: &[RegisterInstruction], before: &mut [u64], from: usize, to: usize, unwritten: u64) {
        let news = unwritten & !before[to];
        before[to] |= unwritten;
        if to <= from && news != 0 {
            self.first = self.first.min(to);
            // Where control was taken to come from the instruction before alone, more may be read from there than was thought.
            let is_start = to == 0 || Shape::of(code[to - 1]).has(Shape::CONTROL);
            self.brought |= if is_start { news } else { REACHED };
        }
    }
}

/// What an instruction does to registers that no lane of it names by itself.
#[derive(Default)]
struct Hidden {
    read: u64,
    written: u64,
    lost: u64,
}

impl Hidden {
    /// Windows, spill slots and frames of others.
    #[inline]
    fn of(function: &RegFunction, instruction: RegisterInstruction, shape: &Shape) -> Self {
        if let Some(size) = shape.window_size(instruction) {
            let first = u32::from(instruction.a);
            let from_first = registers_from(first);
            let read = from_first & !registers_from(first + size);
            return Self { read, lost: if shape.has(Shape::RESULT) { from_first } else { 0 }, written: 0 };
        }
        let slot = 1 << ((function.spill_base + u32::from(instruction.b)) % u64::BITS);
        if shape.has(Shape::RELOAD) {
            Self { read: slot, ..Self::default() }
        } else if shape.has(Shape::SPILL) {
            Self { written: slot, ..Self::default() }
        } else {
            Self { lost: registers_from(u32::from(instruction.c)), ..Self::default() }
        }
    }
}

/// The registers from a number on.
#[inline]
fn registers_from(register: u32) -> u64 {
    if register < MOST_REGISTERS { REACHED - (1 << register) } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::Handler;
    use crate::register::RegisterOp;
    use crate::verify::flow::Flow;
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
            let mut flow = Flow::default();
            let few = flow.few.holds(&function);
            let lists = flow.check_many(&function).is_ok();
            prop_assert_eq!(few, lists);
        }
    }
}
