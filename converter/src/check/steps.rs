//! The two forms seen alike: lists of steps.
//!
//! A step is what an instruction does, or a part of it where an instruction of one form is several of the other: `JUMP_LT` is `LT` and a
//! branch, `COUNTED_LOOP` is `FOR_LOOP` and `LOOP`, `MAKE_FUNCTION` also hands over variables one by one. The first step of the
//! instruction at `pc` is number `pc`; what further steps there are come after all of those.

use isa::module::{CaptureSource, Handler};
use isa::operands::{Operand, Operands};
use isa::{Constant, Function, Register, RegisterOp, Stack, StackCode, StackOp};
use smallvec::{SmallVec, smallvec};

use super::places::Place;
use super::terms::{Term, Terms};

/// What an instruction or a part of one does.
#[derive(Clone)]
pub(super) struct Step {
    /// Its instruction.
    pub(super) pc: u32,
    /// `JUMP_IF_TRUE` is the branch of any instruction, on the truth of what it reads.
    pub(super) operation: StackOp,
    pub(super) reads: SmallVec<[Place; 4]>,
    pub(super) writes: SmallVec<[Place; 2]>,
    /// Where control goes on: nowhere, there, or if the condition holds or the loop goes on to the first and otherwise to the second.
    pub(super) next: SmallVec<[u32; 2]>,
}

/// A function in one of the forms.
pub(super) struct Form<'m> {
    pub(super) steps: Vec<Step>,
    /// For each instruction where an error goes, and its place in the source.
    pub(super) origins: Vec<(Option<&'m Handler>, u32)>,
    /// The first place of its frame.
    pub(super) frame: Place,
    /// The place that landings of handlers count from.
    pub(super) landings: Place,
    /// Between the halves of a fused branch: the outcome of the first.
    condition: Place,
}

/// A conditional jump or a loop.
struct Jump {
    target: u32,
    /// It is taken if the condition does not hold.
    jumps_unless: bool,
    /// It takes fuel when it is taken.
    takes_fuel: bool,
}

impl<'m> Form<'m> {
    /// Without steps yet.
    fn new<F: isa::Form>(function: &'m Function<F>, [condition, frame, landings]: [Place; 3]) -> Self {
        let nothing =
            Step { pc: 0, operation: StackOp::Nop, reads: smallvec![], writes: smallvec![], next: smallvec![] };
        let steps = vec![nothing; function.code.len()];
        let origin = |(pc, guard): (u32, Option<u32>)| {
            (guard.map(|handler| &function.handlers[handler as usize]), function.position(pc))
        };
        Self { steps, origins: (0..).zip(function.guards()).map(origin).collect(), frame, landings, condition }
    }

    pub(super) fn of_stack(
        module: &'m StackCode,
        function: &'m Function<Stack>,
        base: Place,
        terms: &mut Terms<'m>,
    ) -> Self {
        let frame = base + 1;
        let mut form = Self::new(function, [base, frame, frame + function.locals]);
        for (pc, (depth, &instruction)) in (0..).zip(function.depths().into_iter().zip(&function.code)) {
            // Where control never comes there is nothing.
            let Some(depth) = depth else { continue };
            let (op, operands) = (instruction.op(), instruction.operands(function, depth));
            let jump = instruction.jump_target().map(|target| Jump {
                target,
                jumps_unless: op == StackOp::JumpIfFalse,
                takes_fuel: op == StackOp::LoopIfTrue,
            });
            form.instruction(pc, op, operands, jump, &module.constants, terms);
            if op == StackOp::MakeFunction {
                form.hand_over(
                    pc,
                    &module.functions[instruction.operand() as usize],
                    frame + function.locals + depth,
                    terms,
                );
            }
        }
        form
    }

    pub(super) fn of_register(
        constants: &'m [Constant],
        function: &'m Function<Register>,
        base: Place,
        terms: &mut Terms<'m>,
    ) -> Self {
        let mut form = Self::new(function, [base, base + 1, base + 1]);
        for (pc, &instruction) in (0_u32..).zip(&function.code) {
            let (op, mut operands) = (instruction.op(), instruction.operands(function));
            if op == RegisterOp::CountedLoop {
                operands.reads.push(Operand::Integer(1));
            }
            let jump = instruction.offset().map(|offset| Jump {
                target: pc.wrapping_add_signed(offset),
                jumps_unless: op.jumps_unless(),
                takes_fuel: offset <= 0,
            });
            form.instruction(pc, op.facts().stack, operands, jump, constants, terms);
        }
        form
    }

    /// Adds the steps of an instruction.
    fn instruction(
        &mut self,
        pc: u32,
        mut operation: StackOp,
        operands: Operands,
        jump: Option<Jump>,
        constants: &'m [Constant],
        terms: &mut Terms<'m>,
    ) {
        use StackOp as O;
        let mut reads: SmallVec<[Place; 4]> = SmallVec::new();
        for operand in operands.reads {
            reads.push(match operand {
                Operand::Place(place) => self.frame + place,
                Operand::Constant(constant) => terms.place(Term::constant(&constants[constant as usize])),
                Operand::Integer(value) => terms.place(Term::Integer(value)),
                Operand::Entry(entry) => terms.place(Term::Entry(entry)),
            });
        }
        if operation == O::Unset {
            reads.push(terms.place(Term::Unset));
        }
        let mut writes: SmallVec<[Place; 2]> = operands.writes.into_iter().map(|place| self.frame + place).collect();
        let next = match (operation, jump) {
            (O::Jump | O::Loop, Some(jump)) => smallvec![jump.target],
            (O::ForLoop, Some(jump)) => self.branch(pc, jump),
            (_, Some(jump)) => {
                if let O::JumpIfTrue | O::JumpIfFalse | O::LoopIfTrue = operation {
                    operation = O::Dup;
                }
                writes.push(self.condition);
                let (reads, next) = (smallvec![self.condition], self.branch(pc, jump));
                smallvec![self.push(Step { pc, operation: O::JumpIfTrue, reads, writes: smallvec![], next })]
            }
            _ if operation.skips() => smallvec![pc + 1, pc + 2],
            _ if operation.ends_block() => smallvec![],
            _ => smallvec![pc + 1],
        };
        self.steps[pc as usize] = Step { pc, operation, reads, writes, next };
    }

    /// Where control goes if a condition holds, and if not.
    fn branch(&mut self, pc: u32, Jump { mut target, jumps_unless, takes_fuel }: Jump) -> SmallVec<[u32; 2]> {
        if takes_fuel {
            let next = smallvec![target];
            target = self.push(Step { pc, operation: StackOp::Loop, reads: smallvec![], writes: smallvec![], next });
        }
        if jumps_unless { smallvec![pc + 1, target] } else { smallvec![target, pc + 1] }
    }

    /// Adds the steps that give a new function the locals it captures.
    fn hand_over(&mut self, pc: u32, made: &Function<Stack>, function: Place, terms: &mut Terms<'m>) {
        let mut last = pc;
        for (number, capture) in (0..).zip(&made.captures) {
            let CaptureSource::Local(local) = capture.from else { continue };
            let reads = smallvec![function, self.frame + local, terms.place(Term::Entry(number))];
            let (writes, next) = (smallvec![], smallvec![pc + 1]);
            let step = self.push(Step { pc, operation: StackOp::StoreCaptureCell, reads, writes, next });
            self.steps[last as usize].next = smallvec![step];
            last = step;
        }
    }

    fn push(&mut self, step: Step) -> u32 {
        self.steps.push(step);
        self.steps.len() as u32 - 1
    }
}
