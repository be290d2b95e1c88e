//! The two forms seen alike: lists of steps.
//!
//! A step is what an instruction does, or a part of it where one is several of the other form: `JUMP_LT` is `LT` and a branch, `COUNTED_LOOP`
//! is `FOR_LOOP` and `LOOP`. The first step of the instruction at `pc` is number `pc`; further ones come after all of those.

use isa::module::{CaptureSource, Handler};
use isa::operands::{Jump, Operand, Operands};
use isa::{Constant, Function, RegCode, StackCode, StackOp};
use smallvec::{SmallVec, smallvec};

use super::terms::Terms;
use super::walk::Place;

/// What an instruction or a part of one does.
#[derive(Clone)]
pub(super) struct Step {
    pub(super) pc: u32,
    /// `JUMP_IF_TRUE` is the branch of any instruction, on the truth of what it reads.
    pub(super) operation: StackOp,
    pub(super) reads: SmallVec<[Place; 4]>,
    pub(super) writes: SmallVec<[Place; 2]>,
    /// Where control goes on: nowhere, there, or if the condition holds or the loop goes on to the first and otherwise to the second.
    pub(super) next: SmallVec<[u32; 2]>,
}

/// A function in one of the forms. Its places are one for the outcome of the first half of a fused branch, then its frame.
pub(super) struct Form<'m> {
    pub(super) steps: Vec<Step>,
    /// For each instruction where an error goes, and its place in the source.
    pub(super) origins: Vec<(Option<&'m Handler>, u32)>,
    /// The place that landings of handlers count from.
    pub(super) landings: Place,
    base: Place,
    constants: &'m [Constant],
}

impl<'m> Form<'m> {
    pub(super) fn of_stack(module: &'m StackCode, index: usize, base: Place, terms: &mut Terms) -> Self {
        let function = &module.functions[index];
        let mut form = Self::new(function, &module.constants, base);
        form.landings += function.locals;
        for (pc, (depth, &instruction)) in (0..).zip(function.depths().into_iter().zip(&function.code)) {
            let Some(depth) = depth else { continue };
            let op = instruction.op();
            form.add(pc, op, instruction.operands(function, depth), instruction.jump(), terms);
            let made = (op == StackOp::MakeFunction).then(|| &module.functions[instruction.operand() as usize]);
            let mut last = pc;
            for (number, capture) in (0..).zip(made.into_iter().flat_map(|made| &made.captures)) {
                let CaptureSource::Local(local) = capture.from else { continue };
                let reads =
                    smallvec![form.landings + depth, form.base + 1 + local, terms.place(Operand::Entry(number))];
                let step = form.push(pc, StackOp::StoreCaptureCell, reads, smallvec![pc + 1]);
                form.steps[last as usize].next = smallvec![step];
                last = step;
            }
        }
        form
    }

    pub(super) fn of_register(module: &'m RegCode, index: usize, base: Place, terms: &mut Terms) -> Self {
        let function = &module.functions[index];
        let mut form = Self::new(function, &module.constants, base);
        for (pc, &instruction) in (0_u32..).zip(&function.code) {
            form.add(pc, instruction.op().facts().stack, instruction.operands(function), instruction.jump(pc), terms);
        }
        form
    }

    fn new<F: isa::Form>(function: &'m Function<F>, constants: &'m [Constant], base: Place) -> Self {
        let (reads, writes, next) = (SmallVec::new(), SmallVec::new(), SmallVec::new());
        let steps = vec![Step { pc: 0, operation: StackOp::Nop, reads, writes, next }; function.code.len()];
        let guards = function.guards().into_iter().map(|guard| Some(&function.handlers[guard? as usize]));
        let origins = guards.zip((0..).map(|pc| function.position(pc))).collect();
        Self { steps, origins, landings: base + 1, base, constants }
    }

    /// For each step whether several ways lead there. The function is entered, too, and many errors lead to a handler.
    pub(super) fn meets(&self) -> Vec<bool> {
        let mut ways = vec![0; self.steps.len()];
        let handlers = self.origins.iter().flat_map(|(handler, _)| *handler).map(|handler| handler.target);
        let nexts = self.steps.iter().flat_map(|step| step.next.iter().copied());
        nexts.chain(handlers.flat_map(|target| [target; 2])).chain([0]).for_each(|step| ways[step as usize] += 1);
        ways.into_iter().map(|ways| ways > 1).collect()
    }

    /// Adds the steps of an instruction.
    fn add(&mut self, pc: u32, operation: StackOp, operands: Operands, jump: Option<Jump>, terms: &mut Terms) {
        use StackOp as O;
        let frame = self.base + 1;
        let read = |operand| match operand {
            Operand::Place(place) => frame + place,
            Operand::Constant(index) => match self.constants[index as usize] {
                Constant::Int(value) => terms.place(Operand::Integer(value)),
                _ => terms.place(operand),
            },
            _ => terms.place(operand),
        };
        let reads = operands.reads.into_iter().map(read).collect();
        let writes = operands.writes.into_iter().map(|place| frame + place).collect();
        let mut step = Step { pc, operation, reads, writes, next: smallvec![] };
        step.next = match (operation, jump) {
            (O::Jump | O::Loop, Some(jump)) => smallvec![jump.target],
            (O::ForLoop, Some(jump)) => self.branch(pc, jump),
            (_, Some(jump)) => {
                if let O::JumpIfTrue | O::JumpIfFalse | O::LoopIfTrue = operation {
                    step.operation = O::Dup;
                }
                step.writes.push(self.base);
                let next = self.branch(pc, jump);
                smallvec![self.push(pc, O::JumpIfTrue, smallvec![self.base], next)]
            }
            _ if operation.skips() => smallvec![pc + 1, pc + 2],
            _ if operation.ends_block() => smallvec![],
            _ => smallvec![pc + 1],
        };
        self.steps[pc as usize] = step;
    }

    /// Where control goes if a condition holds, and if not.
    fn branch(&mut self, pc: u32, Jump { target, unless, takes_fuel }: Jump) -> SmallVec<[u32; 2]> {
        let taken = if takes_fuel { self.push(pc, StackOp::Loop, smallvec![], smallvec![target]) } else { target };
        if unless { smallvec![pc + 1, taken] } else { smallvec![taken, pc + 1] }
    }

    fn push(&mut self, pc: u32, operation: StackOp, reads: SmallVec<[Place; 4]>, next: SmallVec<[u32; 2]>) -> u32 {
        self.steps.push(Step { pc, operation, reads, writes: smallvec![], next });
        self.steps.len() as u32 - 1
    }
}
