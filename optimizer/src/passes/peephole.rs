//! Peephole: short sequences that something shorter does as well.

use isa::StackOp;

use crate::body::{Body, Instruction};
use crate::pass::{Context, Pass};

/// See the [module](self).
#[derive(Clone, Copy, Debug)]
pub struct Peephole;

impl Pass for Peephole {
    fn name(&self) -> &'static str {
        "peephole"
    }

    fn about(&self) -> &'static str {
        "peephole: short sequences that something shorter does as well"
    }

    fn run(&self, body: &mut Body, _: &mut Context<'_>) -> u64 {
        let mut replaced = 0;
        for block in &mut body.blocks {
            let mut code: Vec<Instruction> = Vec::with_capacity(block.code.len());
            for &instruction in &block.code {
                code.push(instruction);
                // What is shorter now may end another sequence.
                while let Some((length, shorter)) = shorter(&code) {
                    code.truncate(code.len() - length);
                    code.extend(shorter);
                    replaced += 1;
                }
            }
            block.code = code;
        }
        replaced
    }
}

/// How many instructions at the end have a shorter equal, and that.
fn shorter(code: &[Instruction]) -> Option<(usize, Option<Instruction>)> {
    use StackOp as S;
    match *code {
        [.., nothing] if nothing.op == S::Nop => Some((1, None)),
        [.., load, pop] if pop.op == S::Pop && is_load(load) => Some((2, None)),
        [.., load, store] if load.op == S::LoadLocal && store.op == S::StoreLocal && load.operand == store.operand => {
            Some((2, None))
        }
        [.., dup, store, pop] if (dup.op, store.op, pop.op) == (S::Dup, S::StoreLocal, S::Pop) => {
            Some((3, Some(store)))
        }
        [.., first, second] => truth_of_truth(first, second).map(|both| (2, Some(both))),
        _ => None,
    }
}

/// Whether an instruction pushes a value and does nothing else.
fn is_load(instruction: Instruction) -> bool {
    instruction.effects().is_pure() && instruction.pushes() == 1 + instruction.pops() && !instruction.op.skips()
}

/// The one operation that does what these two do, which ask whether something holds.
fn truth_of_truth(first: Instruction, second: Instruction) -> Option<Instruction> {
    use StackOp as S;
    let op = match (first.op, second.op) {
        (S::Not, S::Not) => S::ToBool,
        (S::Not | S::ToBool, S::ToBool) => first.op,
        (S::ToBool, S::Not) => S::Not,
        (S::Eq, S::Not) => S::Neq,
        (S::Neq, S::Not) => S::Eq,
        _ => return None,
    };
    Some(first.replaced(op, 0))
}
