//! The register form as silent steps and events. What the lanes of an instruction mean is read from the table.

use isa::{Function, Lane, Register, RegisterInstruction, RegisterOp, StackOp};
use smallvec::SmallVec;

use super::places::Place;
use super::sides::{Action, CONDITION, Cursor, Event, Next, Side, State, branch, is_silent, memory};
use super::terms::{Term, Terms, Value};

/// A fused branch whose comparison is done.
const COMPARED: u32 = 1;
/// A branch back that is taken: the iteration is still to begin.
const TAKEN: u32 = 2;

/// A function in the register form.
pub(super) struct RegisterSide<'m> {
    function: &'m Function<Register>,
    /// The place of register 0.
    base: Place,
    entered: Vec<bool>,
}

impl<'m> RegisterSide<'m> {
    pub(super) fn new(function: &'m Function<Register>, base: Place) -> Self {
        let mut entered = vec![false; function.code.len()];
        for (pc, instruction) in function.code.iter().enumerate() {
            let skipped = instruction.op().skips().then_some(pc as u32 + 2);
            let target = instruction.offset().map(|offset| (pc as u32).wrapping_add_signed(offset));
            for target in target.into_iter().chain(skipped) {
                entered[target as usize] = true;
            }
        }
        function.handlers.iter().for_each(|handler| entered[handler.target as usize] = true);
        Self { function, base, entered }
    }

    /// The place of a register.
    pub(super) fn register(&self, register: impl Into<u32>) -> Place {
        self.base + register.into()
    }

    fn slot(&self, slot: u16) -> Place {
        self.register(self.function.spill_base + u32::from(slot))
    }

    /// What an instruction reads, in the order of the stack form, and what else it names.
    fn operands(
        &self,
        instruction: RegisterInstruction,
        state: &State,
        terms: &mut Terms<'_>,
    ) -> (SmallVec<[Value; 4]>, u32) {
        let (mut operands, mut data) = (SmallVec::new(), 0);
        for (kind, lane) in instruction.op().facts().lanes.into_iter().zip(instruction.lanes()) {
            match kind {
                Lane::Use | Lane::UseDef => operands.push(state.places.get(self.register(lane))),
                Lane::Int => operands.push(terms.integer(i64::from(lane as i16))),
                Lane::Constant => operands.push(terms.constant(u32::from(lane))),
                Lane::GlobalWide => data = instruction.wide_operand(),
                Lane::Global
                | Lane::Function
                | Lane::Type
                | Lane::Name
                | Lane::Module
                | Lane::Builtin
                | Lane::Capture
                | Lane::Index => data = u32::from(lane),
                _ => {}
            }
        }
        if let Some((first, count)) = instruction.window() {
            let first = self.register(first);
            operands.extend((first..first + u32::from(count)).map(|place| state.places.get(place)));
        }
        if instruction.op() == RegisterOp::CountedLoop {
            operands.push(terms.integer(1));
        }
        (operands, data)
    }

    /// Where an instruction jumps.
    fn target(&self, at: Cursor) -> Cursor {
        Cursor::at(at.pc.wrapping_add_signed(self.function.code[at.pc as usize].offset().unwrap_or(1)))
    }

    /// Where a conditional jump goes that is taken. Only a jump back begins an iteration.
    fn taken(&self, at: Cursor) -> Cursor {
        let target = self.target(at);
        if target.pc <= at.pc { Cursor { part: TAKEN, ..at } } else { target }
    }

    /// The branch of an instruction, on a value.
    fn branch(&self, at: Cursor, value: Value, jumps_if: bool, state: &State, terms: &Terms<'_>) -> Event {
        let (taken, next) = (self.taken(at), Cursor::at(at.pc + 1));
        branch(value, if jumps_if { [taken, next] } else { [next, taken] }, state, terms)
    }

    /// Where an event writes, and what is lost by it.
    fn writes(&self, instruction: RegisterInstruction, event: &mut Event) {
        let kinds = instruction.op().facts().lanes;
        for (kind, lane) in kinds.into_iter().zip(instruction.lanes()) {
            match kind {
                Lane::Def | Lane::UseDef => event.results.push(self.register(lane)),
                Lane::Clobber => event.lost = Some(self.register(lane)),
                _ => {}
            }
        }
        if instruction.window().is_some() && kinds[0] != Lane::UseWindow {
            event.lost = Some(self.register(instruction.a));
            event.results.push(self.register(instruction.a));
        }
    }
}

/// A comparison and a branch in one.
fn is_fused(op: RegisterOp) -> bool {
    op.facts().lanes[2] == Lane::Offset && op != RegisterOp::CountedLoop
}

/// A fused branch that jumps unless its comparison holds.
fn jumps_unless(op: RegisterOp) -> bool {
    use RegisterOp as R;
    matches!(
        op,
        R::JumpNotLt
            | R::JumpNotLtInt
            | R::JumpNotLtConst
            | R::JumpNotGt
            | R::JumpNotGtInt
            | R::JumpNotGtConst
            | R::JumpNotLte
            | R::JumpNotLteInt
            | R::JumpNotLteConst
            | R::JumpNotGte
            | R::JumpNotGteInt
            | R::JumpNotGteConst
    )
}

impl Side for RegisterSide<'_> {
    fn step(&self, at: Cursor, computes: bool, state: &mut State, terms: &mut Terms<'_>) -> Option<Cursor> {
        use RegisterOp as R;
        let instruction = self.function.code[at.pc as usize];
        let (op, target) = (instruction.op(), self.register(instruction.a));
        let operation = op.facts().stack;
        if op == R::JumpReg {
            return Some(Cursor::at(at.pc + instruction.wide_operand()));
        }
        if at.part != 0 || op == R::SetCapture || !is_silent(operation) {
            return None;
        }
        let next = Cursor::at(at.pc + 1);
        let value = match op {
            R::NopReg => return Some(next),
            R::LoadReg => terms.constant(instruction.wide_operand()),
            R::LoadInt => terms.integer(i64::from(instruction.wide_operand() as i32)),
            R::LoadUnset => terms.number(Term::Unset),
            R::MovReg | R::PushReg | R::PopReg => state.places.get(self.register(instruction.b)),
            R::LoadSpill => state.places.get(self.slot(instruction.b)),
            R::StoreSpill => state.places.get(target),
            _ if !computes => return None,
            _ => {
                let (operands, data) = self.operands(instruction, state, terms);
                terms.result(operation, data, &operands, memory(operation, state))
            }
        };
        let (target, next) = match op {
            R::StoreSpill => (self.slot(instruction.b), next),
            _ if is_fused(op) => (CONDITION, Cursor { part: COMPARED, ..at }),
            _ => (target, next),
        };
        state.places.set(target, value);
        Some(next)
    }

    fn event(&self, at: Cursor, state: &State, terms: &mut Terms<'_>) -> Event {
        use RegisterOp as R;
        let instruction = self.function.code[at.pc as usize];
        let op = instruction.op();
        match (at.part, op) {
            (TAKEN, _) | (_, R::LoopReg) => {
                return Event::new(Action::Operation(StackOp::Loop), Next::One(self.target(at)));
            }
            (COMPARED, _) => return self.branch(at, state.places.get(CONDITION), !jumps_unless(op), state, terms),
            _ => {}
        }
        let (operands, data) = self.operands(instruction, state, terms);
        let operation = op.facts().stack;
        let next = Cursor::at(at.pc + 1);
        let next = match op {
            R::JumpIfTrueReg | R::LoopIfTrueReg => return self.branch(at, operands[0], true, state, terms),
            R::JumpIfFalseReg => return self.branch(at, operands[0], false, state, terms),
            R::JumpIfNotNullReg => {
                let is_not_null = terms.result(operation, 0, &operands, 0);
                return self.branch(at, is_not_null, true, state, terms);
            }
            R::CountedLoop => Next::Either(self.taken(at), next),
            _ if is_fused(op) => Next::One(Cursor { part: COMPARED, ..at }),
            _ if op.skips() => Next::Either(next, Cursor::at(at.pc + 2)),
            _ if op.ends_block() => Next::Leave,
            _ => Next::One(next),
        };
        let action = if op == R::SetCapture { Action::SetCapture } else { Action::Operation(operation) };
        let mut event = Event { operands, data, ..Event::new(action, next) };
        self.writes(instruction, &mut event);
        if is_fused(op) {
            event.results.push(CONDITION);
        }
        event
    }

    fn is_entered(&self, at: Cursor) -> bool {
        at.part == 0 && self.entered[at.pc as usize]
    }
}
