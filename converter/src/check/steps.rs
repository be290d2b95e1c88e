//! The two forms seen alike: lists of steps.
//!
//! A step is what an instruction does, or a part of it where an instruction of one form is several of the other: `JUMP_LT` is `LT` and a
//! branch, `COUNTED_LOOP` is `FOR_LOOP` and `LOOP`, `MAKE_FUNCTION` also hands over variables one by one. The first step of the
//! instruction at `pc` is number `pc`; what further steps there are come after all of those.

use isa::module::{CaptureSource, Handler};
use isa::{Form, Function, Lane, RegCode, Register, RegisterOp, Stack, StackCode, StackOp, StackOperand};
use smallvec::{SmallVec, smallvec};

use super::places::Place;
use super::terms::{Term, Terms, Value};

/// What a step reads.
#[derive(Clone, Copy)]
pub(super) enum Operand {
    Place(Place),
    Value(Value),
}

/// What an instruction or a part of one does.
#[derive(Clone)]
pub(super) struct Step {
    /// The instruction.
    pub(super) pc: u32,
    /// `JUMP_IF_TRUE` is the branch of any instruction, on the truth of what it reads.
    pub(super) operation: StackOp,
    /// In the order of the stack form: a cell before what is stored there, an entry of a table last.
    pub(super) reads: SmallVec<[Operand; 4]>,
    pub(super) writes: SmallVec<[Place; 2]>,
    /// Where control goes on: nowhere, there, or if the condition holds or the loop goes on to the first and otherwise to the second.
    pub(super) next: SmallVec<[u32; 2]>,
}

/// A function in one of the forms.
pub(super) struct Steps<'m> {
    pub(super) steps: Vec<Step>,
    /// For each instruction where an error goes.
    pub(super) guards: Vec<Option<&'m Handler>>,
    /// For each instruction its place in the source.
    pub(super) positions: Vec<u32>,
    /// The place that landings of handlers are counted from: register 0 or the lowest of the operand stack.
    pub(super) landings: Place,
    /// Takes the outcome of the first half of a fused branch.
    condition: Place,
    /// How many ways lead to each step.
    ways: Vec<u32>,
}

impl<'m> Steps<'m> {
    fn new<F: Form>(function: &'m Function<F>, landings: Place, condition: Place) -> Self {
        let nothing = Step {
            pc: 0,
            operation: StackOp::Nop,
            reads: SmallVec::new(),
            writes: SmallVec::new(),
            next: SmallVec::new(),
        };
        let steps = vec![nothing; function.code.len()];
        let guards = function.guards().into_iter().map(|guard| Some(&function.handlers[guard? as usize])).collect();
        let positions = (0..steps.len() as u32).map(|pc| function.position(pc)).collect();
        Self { steps, guards, positions, landings, condition, ways: Vec::new() }
    }

    /// Whether control comes to a step in more ways than one.
    pub(super) fn is_met(&self, step: u32) -> bool {
        self.ways[step as usize] > 1
    }

    fn count_ways(mut self, handlers: &[Handler]) -> Self {
        self.ways = vec![0; self.steps.len()];
        let next = self.steps.iter().flat_map(|step| &step.next).copied();
        let ways = next.chain(handlers.iter().map(|handler| handler.target)).chain([0]);
        ways.for_each(|step| self.ways[step as usize] += 1);
        self
    }

    /// Adds a further step.
    fn push(&mut self, step: Step) -> u32 {
        self.steps.push(step);
        self.steps.len() as u32 - 1
    }

    /// Adds the first step of an instruction, and those that make a jump of it.
    fn add(&mut self, mut step: Step, jump: Option<Jump>) {
        let pc = step.pc;
        step.next = match (step.operation, jump) {
            (StackOp::Jump | StackOp::Loop, Some(Jump { target, .. })) => smallvec![target],
            (StackOp::ForLoop, Some(jump)) => smallvec![self.taken(pc, jump), pc + 1],
            (StackOp::JumpIfTrue | StackOp::JumpIfFalse | StackOp::LoopIfTrue, Some(jump)) => {
                step.operation = StackOp::JumpIfTrue;
                self.branch(pc, jump)
            }
            (_, Some(jump)) => {
                step.writes.push(self.condition);
                let (reads, next) = (smallvec![Operand::Place(self.condition)], self.branch(pc, jump));
                let writes = SmallVec::new();
                smallvec![self.push(Step { pc, operation: StackOp::JumpIfTrue, reads, writes, next })]
            }
            (operation, None) if operation.skips() => smallvec![pc + 1, pc + 2],
            (operation, None) if operation.ends_block() => smallvec![],
            _ => smallvec![pc + 1],
        };
        self.steps[pc as usize] = step;
    }

    fn branch(&mut self, pc: u32, jump: Jump) -> SmallVec<[u32; 2]> {
        let taken = self.taken(pc, jump);
        if jump.unless { smallvec![pc + 1, taken] } else { smallvec![taken, pc + 1] }
    }

    /// Where a conditional jump goes that is taken.
    fn taken(&mut self, pc: u32, Jump { target, is_loop, .. }: Jump) -> u32 {
        if !is_loop {
            return target;
        }
        let (reads, writes, next) = (SmallVec::new(), SmallVec::new(), smallvec![target]);
        self.push(Step { pc, operation: StackOp::Loop, reads, writes, next })
    }
}

/// A jump, conditional or not.
#[derive(Clone, Copy)]
struct Jump {
    target: u32,
    /// It is taken if the condition does not hold.
    unless: bool,
    /// It begins an iteration.
    is_loop: bool,
}

/// The steps of a verified function in the stack form, whose places begin at `base`.
pub(super) fn of_stack<'m>(
    module: &'m StackCode,
    function: &'m Function<Stack>,
    base: Place,
    terms: &mut Terms<'m>,
) -> Steps<'m> {
    let mut steps = Steps::new(function, base + 1 + function.locals, base);
    let mut is_seen = vec![false; function.code.len()];
    // Places in the code, with how many values are on the operand stack there, whichever way control comes.
    let mut pending = vec![(0, 0)];
    while let Some((pc, depth)) = pending.pop() {
        if std::mem::replace(&mut is_seen[pc as usize], true) {
            continue;
        }
        let instruction = function.code[pc as usize];
        let (op, operand, target) = (instruction.op(), instruction.operand(), instruction.jump_target());
        let (local, kept) = (base + 1 + operand, depth - instruction.pops());
        let [kept_end, popped_end] = [kept, depth].map(|depth| steps.landings + depth);
        let popped = (kept_end..popped_end).map(Operand::Place);
        let locals = op.locals_read().map(|number| Operand::Place(local + number));
        let mut reads: SmallVec<_> =
            if op == StackOp::StoreCell { locals.chain(popped).collect() } else { popped.chain(locals).collect() };
        match op.facts().operand {
            StackOperand::Constant => reads.push(Operand::Value(terms.constant(&module.constants[operand as usize]))),
            StackOperand::Local if matches!(op, StackOp::CheckLocal | StackOp::LoadCell) => {
                reads.push(entry(function.local_names[operand as usize], terms));
            }
            _ => reads.extend(instruction.entry().map(|number| entry(number, terms))),
        }
        if op == StackOp::Unset {
            reads.push(Operand::Value(terms.number(Term::Unset)));
        }
        let pushed = (0..instruction.pushes()).map(|number| kept_end + number);
        let writes = pushed.chain(op.local_written().map(|number| local + number)).collect();
        let step = Step { pc, operation: op, reads, writes, next: SmallVec::new() };
        let [unless, is_loop] = [op == StackOp::JumpIfFalse, op == StackOp::LoopIfTrue];
        steps.add(step, target.map(|target| Jump { target, unless, is_loop }));
        if op == StackOp::MakeFunction {
            steps.hand_over(pc, &module.functions[operand as usize], [kept_end, base + 1], terms);
        }
        let next = [target, (!op.ends_block()).then_some(pc + 1), op.skips().then_some(pc + 2)];
        pending.extend(next.into_iter().flatten().map(|next| (next, kept + instruction.pushes())));
        pending.extend(steps.guards[pc as usize].map(|handler| (handler.target, handler.landing + 1)));
    }
    steps.count_ways(&function.handlers)
}

impl<'m> Steps<'m> {
    /// Adds steps that give a new function the locals it captures.
    fn hand_over(&mut self, pc: u32, made: &Function<Stack>, [function, locals]: [Place; 2], terms: &mut Terms<'m>) {
        let mut last = pc;
        for (number, capture) in (0..).zip(&made.captures) {
            let CaptureSource::Local(local) = capture.from else { continue };
            let [function, local] = [function, locals + local].map(Operand::Place);
            let (reads, writes) = (smallvec![function, local, entry(number, terms)], SmallVec::new());
            let step = Step { pc, operation: StackOp::StoreCaptureCell, reads, writes, next: smallvec![pc + 1] };
            let step = self.push(step);
            self.steps[last as usize].next = smallvec![step];
            last = step;
        }
    }
}

/// The steps of a verified function in the register form, whose places begin at `base`.
pub(super) fn of_register<'m>(
    module: &'m RegCode,
    function: &'m Function<Register>,
    base: Place,
    terms: &mut Terms<'m>,
) -> Steps<'m> {
    let registers = base + 1;
    let mut steps = Steps::new(function, registers, base);
    for (pc, &instruction) in (0..).zip(&function.code) {
        let (op, wide) = (instruction.op(), instruction.wide_operand());
        let (mut reads, mut writes) = (SmallVec::new(), SmallVec::new());
        for (kind, lane) in op.facts().lanes.into_iter().zip(instruction.lanes()) {
            let (register, slot) = (registers + u32::from(lane), registers + function.spill_base + u32::from(lane));
            match kind {
                Lane::Use => reads.push(Operand::Place(register)),
                Lane::Def => writes.push(register),
                Lane::UseDef => {
                    reads.push(Operand::Place(register));
                    writes.push(register);
                }
                Lane::Slot if op == RegisterOp::LoadSpill => reads.push(Operand::Place(slot)),
                Lane::Slot => writes.push(slot),
                Lane::Int => reads.push(integer(i64::from(lane as i16), terms)),
                Lane::IntWide => reads.push(integer(i64::from(wide as i32), terms)),
                Lane::Constant => reads.push(Operand::Value(terms.constant(&module.constants[usize::from(lane)]))),
                Lane::ConstantWide => reads.push(Operand::Value(terms.constant(&module.constants[wide as usize]))),
                _ => {}
            }
        }
        if let Some((first, count)) = instruction.window() {
            let first = registers + u32::from(first);
            reads.extend((first..first + u32::from(count)).map(Operand::Place));
            if op.facts().lanes[0] != Lane::UseWindow {
                writes.push(first);
            }
        }
        match op {
            RegisterOp::CountedLoop => reads.push(integer(1, terms)),
            RegisterOp::LoadUnset => reads.push(Operand::Value(terms.number(Term::Unset))),
            _ => reads.extend(instruction.entry().map(|number| entry(number, terms))),
        }
        let step = Step { pc, operation: op.facts().stack, reads, writes, next: SmallVec::new() };
        let jump = instruction.offset().map(|offset| Jump {
            target: pc.wrapping_add_signed(offset),
            unless: op.jumps_unless(),
            is_loop: offset <= 0,
        });
        steps.add(step, jump);
    }
    steps.count_ways(&function.handlers)
}

fn entry(number: u32, terms: &mut Terms<'_>) -> Operand {
    Operand::Value(terms.number(Term::Entry(number)))
}

fn integer(value: i64, terms: &mut Terms<'_>) -> Operand {
    Operand::Value(terms.number(Term::Integer(value)))
}
