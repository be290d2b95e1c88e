//! The stack form as silent steps and events.

use isa::module::CaptureSource;
use isa::{Function, Stack, StackCode, StackInstruction, StackOp, StackOperand};
use smallvec::SmallVec;

use super::places::Place;
use super::sides::{Action, Cursor, Event, FRAME, Next, Side, State, branch, is_silent, memory};
use super::terms::{Term, Terms, Value};

/// A function in the stack form.
pub(super) struct StackSide<'m> {
    module: &'m StackCode,
    pub(super) function: &'m Function<Stack>,
    entered: Vec<bool>,
}

impl<'m> StackSide<'m> {
    pub(super) fn new(module: &'m StackCode, function: &'m Function<Stack>) -> Self {
        let mut entered = vec![false; function.code.len()];
        for (pc, instruction) in function.code.iter().enumerate() {
            let skipped = instruction.op().skips().then_some(pc as u32 + 2);
            for target in instruction.jump_target().into_iter().chain(skipped) {
                entered[target as usize] = true;
            }
        }
        function.handlers.iter().for_each(|handler| entered[handler.target as usize] = true);
        Self { module, function, entered }
    }

    /// The place of a value on the operand stack.
    pub(super) fn stack(&self, depth: u32) -> Place {
        FRAME + self.function.locals + depth
    }

    fn push(&self, state: &mut State, value: Value) {
        state.places.set(self.stack(state.depth), value);
        state.depth += 1;
    }

    fn pop(&self, state: &mut State) -> Value {
        let top = self.stack(state.depth - 1);
        let value = state.places.get(top);
        self.cut(state, state.depth - 1);
        value
    }

    /// Leaves so many values on the operand stack.
    pub(super) fn cut(&self, state: &mut State, depth: u32) {
        (depth..state.depth).for_each(|depth| state.places.set(self.stack(depth), super::terms::NOTHING));
        state.depth = depth;
    }

    /// The locals that an instruction reads besides what it takes from the operand stack.
    fn locals(instruction: StackInstruction) -> std::ops::Range<Place> {
        let first = FRAME + instruction.operand();
        match instruction.op() {
            StackOp::CheckLocal | StackOp::LoadCell | StackOp::StoreCell | StackOp::MakeCell | StackOp::IsSet => {
                first..first + 1
            }
            StackOp::IterValue | StackOp::ForIter | StackOp::ForPair => first..first + 2,
            StackOp::ForLoop => first..first + 3,
            StackOp::ForPrepare => first + 1..first + 3,
            _ => 0..0,
        }
    }

    /// What an instruction reads: a cell before what is stored there, a counter's start before its end.
    fn operands(&self, instruction: StackInstruction, state: &State) -> SmallVec<[Value; 4]> {
        let taken = self.stack(state.depth - instruction.pops())..self.stack(state.depth);
        let locals = Self::locals(instruction);
        let (first, second) = if instruction.op() == StackOp::StoreCell { (locals, taken) } else { (taken, locals) };
        first.chain(second).map(|place| state.places.get(place)).collect()
    }

    /// What the instruction names besides locals and places to go.
    fn data(&self, instruction: StackInstruction) -> u32 {
        use StackOperand as O;
        match (instruction.op(), instruction.op().facts().operand) {
            (StackOp::CheckLocal | StackOp::LoadCell, _) => self.function.local_names[instruction.operand() as usize],
            (_, O::GlobalCall | O::FunctionCall | O::BuiltinCall | O::MethodCall | O::TypeCall) => {
                instruction.call_index()
            }
            (_, O::Global | O::Capture | O::Function | O::Type | O::Name | O::Module) => instruction.operand(),
            _ => 0,
        }
    }

    /// The first local that a function captures of those from number `from` on, as the part of its instruction that hands it over.
    fn next_capture(&self, made: u32, from: u32, pc: u32) -> Cursor {
        let captures = &self.module.functions[made as usize].captures;
        let is_local = |&number: &u32| matches!(captures[number as usize].from, CaptureSource::Local(_));
        (from..captures.len() as u32)
            .find(is_local)
            .map_or(Cursor::at(pc + 1), |number| Cursor { pc, part: number + 1 })
    }

    fn set_capture(&self, made: u32, at: Cursor, state: &State) -> Event {
        let number = at.part - 1;
        let CaptureSource::Local(local) = self.module.functions[made as usize].captures[number as usize].from else {
            unreachable!("only locals are handed over");
        };
        let operands = [self.stack(state.depth - 1), FRAME + local].map(|place| state.places.get(place));
        let next = Next::One(self.next_capture(made, at.part, at.pc));
        Event { data: number, operands: SmallVec::from_slice(&operands), ..Event::new(Action::SetCapture, next) }
    }
}

impl Side for StackSide<'_> {
    fn step(&self, at: Cursor, computes: bool, state: &mut State, terms: &mut Terms<'_>) -> Option<Cursor> {
        let mut instruction = self.function.code[at.pc as usize];
        let mut next = Cursor::at(at.pc + 1);
        if let Some(parts) = instruction.parts() {
            instruction = parts[at.part as usize];
            next = if at.part == 0 { Cursor { part: 1, ..at } } else { next };
        }
        let (op, operand) = (instruction.op(), instruction.operand());
        if op == StackOp::Jump {
            return Some(Cursor::at(operand));
        }
        if !is_silent(op) {
            return None;
        }
        let local = FRAME + operand;
        match op {
            StackOp::Nop => {}
            StackOp::LoadConst => self.push(state, terms.constant(operand)),
            StackOp::LoadLocal => self.push(state, state.places.get(local)),
            StackOp::Dup => self.push(state, state.places.get(self.stack(state.depth - 1))),
            StackOp::StoreLocal => {
                let value = self.pop(state);
                state.places.set(local, value);
            }
            StackOp::Unset => state.places.set(local, terms.number(Term::Unset)),
            StackOp::Pop => {
                self.pop(state);
            }
            _ if !computes => return None,
            _ => {
                let operands = self.operands(instruction, state);
                let result = terms.result(op, self.data(instruction), &operands, memory(op, state));
                self.cut(state, state.depth - instruction.pops());
                self.push(state, result);
            }
        }
        Some(next)
    }

    fn event(&self, at: Cursor, state: &State, terms: &mut Terms<'_>) -> Event {
        let instruction = self.function.code[at.pc as usize];
        let (op, operand) = (instruction.op(), instruction.operand());
        let (next, after) = (Cursor::at(at.pc + 1), Cursor::at(at.pc + 2));
        match op {
            StackOp::MakeFunction if at.part > 0 => return self.set_capture(operand, at, state),
            StackOp::LoopIfTrue if at.part > 0 => {
                return Event::new(Action::Operation(StackOp::Loop), Next::One(Cursor::at(operand)));
            }
            _ => {}
        }
        let operands = self.operands(instruction, state);
        let target = Cursor::at(operand);
        let mut event = match op {
            StackOp::JumpIfTrue => branch(operands[0], [target, next], state, terms),
            StackOp::JumpIfFalse => branch(operands[0], [next, target], state, terms),
            StackOp::LoopIfTrue => branch(operands[0], [Cursor { part: 1, ..at }, next], state, terms),
            StackOp::JumpIfNotNull => branch(terms.result(op, 0, &operands, 0), [target, next], state, terms),
            _ => {
                let next = match op {
                    StackOp::Loop => Next::One(target),
                    StackOp::MakeFunction => Next::One(self.next_capture(operand, 0, at.pc)),
                    _ if op.skips() => Next::Either(next, after),
                    _ if op.ends_block() => Next::Leave,
                    _ => Next::One(next),
                };
                Event { operands, data: self.data(instruction), ..Event::new(Action::Operation(op), next) }
            }
        };
        (event.pops, event.pushes) = (instruction.pops(), instruction.pushes());
        event.results.extend((0..event.pushes).map(|_| self.stack(state.depth - event.pops)));
        match op {
            StackOp::MakeCell | StackOp::ForPrepare | StackOp::ForLoop => event.results.push(FRAME + operand),
            StackOp::ForIter | StackOp::ForPair => event.results.push(FRAME + operand + 1),
            _ => {}
        }
        event
    }

    fn is_entered(&self, at: Cursor) -> bool {
        at.part == 0 && self.entered[at.pc as usize]
    }
}
