//! Redundant checks: questions whose answer is known from the kinds of values.
//!
//! `CHECK_LOCAL` and `IS_SET` of what is certainly set, `RANGE_BOUND` of an integer, `TO_BOOL` of a bool, `UNSET` of what is not set.

use isa::{Constant, StackOp};

use crate::body::{Body, Instruction};
use crate::kinds::{Kinds, local_kinds, walk};
use crate::pass::{Context, Pass};

/// See the [module](self).
#[derive(Clone, Copy, Debug)]
pub struct Checks;

/// What becomes of a check.
#[derive(Clone, Copy)]
enum Outcome {
    /// It goes.
    Nothing,
    /// It is the answer.
    Answer(bool),
}

impl Pass for Checks {
    fn name(&self) -> &'static str {
        "checks"
    }

    fn about(&self) -> &'static str {
        "redundant checks: drops tests of what the kinds of values tell"
    }

    fn run(&self, body: &mut Body, context: &mut Context<'_>) -> u64 {
        let is_check = |instruction: &Instruction| {
            use StackOp as S;
            matches!(instruction.op, S::CheckLocal | S::IsSet | S::RangeBound | S::ToBool | S::Unset)
        };
        if !body.blocks.iter().any(|block| block.code.iter().any(is_check)) {
            return 0;
        }
        let Some(kinds) = local_kinds(body, context) else { return 0 };
        let mut removed = 0;
        for (block, kinds) in body.blocks.iter_mut().zip(kinds) {
            let Some(mut locals) = kinds else { continue };
            let mut outcomes = Vec::new();
            walk(&block.code, context, &mut locals, |at, operands, locals| {
                let instruction = block.code[at];
                if is_check(&instruction) {
                    let known = operands.first().copied().unwrap_or_else(|| locals.of(instruction.operand));
                    outcomes.extend(outcome(instruction.op, known).map(|outcome| (at, outcome)));
                }
            });
            removed += outcomes.len() as u64;
            for (at, outcome) in outcomes {
                let instruction = &mut block.code[at];
                *instruction = match outcome {
                    Outcome::Nothing => instruction.replaced(StackOp::Nop, 0),
                    Outcome::Answer(answer) => {
                        instruction.replaced(StackOp::LoadConst, context.index_of(Constant::Bool(answer)))
                    }
                };
            }
            block.code.retain(|instruction| instruction.op != StackOp::Nop);
        }
        removed
    }
}

/// What becomes of a check of something of these kinds.
fn outcome(op: StackOp, known: Kinds) -> Option<Outcome> {
    let is_idle = match op {
        StackOp::CheckLocal => known.is_within(Kinds::VALUE),
        StackOp::RangeBound => known.is_within(Kinds::INT),
        StackOp::ToBool => known.is_within(Kinds::BOOL),
        StackOp::Unset => known.is_within(Kinds::UNSET),
        _ if known.is_within(Kinds::VALUE) => return Some(Outcome::Answer(true)),
        _ if known.is_within(Kinds::UNSET) => return Some(Outcome::Answer(false)),
        _ => false,
    };
    is_idle.then_some(Outcome::Nothing)
}
