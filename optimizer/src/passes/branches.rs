//! Branch simplification: conditions that are known, negated, or tests for null, and branches around jumps.

use isa::{Constant, StackOp};

use crate::body::{Body, Instruction};
use crate::pass::{Context, Pass};

/// See the [module](self).
#[derive(Clone, Copy, Debug)]
pub struct Branches;

impl Pass for Branches {
    fn name(&self) -> &'static str {
        "branches"
    }

    fn about(&self) -> &'static str {
        "branch simplification: decides known conditions, turns negated ones, tests for null at once"
    }

    fn run(&self, body: &mut Body, context: &mut Context<'_>) -> u64 {
        let mut simplified = 0;
        for block in &mut body.blocks {
            while simplify(&mut block.code, context) {
                simplified += 1;
            }
        }
        simplified + turn_around_jumps(body)
    }
}

/// Simplifies the branch that ends a block by the instructions before it.
fn simplify(code: &mut Vec<Instruction>, context: &mut Context<'_>) -> bool {
    use StackOp as S;
    let [before @ .., condition, branch] = code.as_slice() else { return false };
    let (condition, branch) = (*condition, *branch);
    let turned = match branch.op {
        S::JumpIfFalse => Some(S::JumpIfTrue),
        S::JumpIfTrue => Some(S::JumpIfFalse),
        S::LoopIfTrue => None,
        S::JumpIfNotNull if condition.op == S::LoadConst => {
            let is_null = *context.constant(condition.operand) == Constant::Null;
            return decide(code, (!is_null).then_some(S::Jump));
        }
        _ => return false,
    };
    let is_loop = branch.op == S::LoopIfTrue;
    match condition.op {
        S::LoadConst => {
            let constant = context.constant(condition.operand).clone();
            let Some(Constant::Bool(holds)) = context.meaning.evaluate(S::ToBool, &[constant]) else { return false };
            let is_taken = holds == (branch.op != S::JumpIfFalse);
            decide(code, is_taken.then_some(if is_loop { S::Loop } else { S::Jump }))
        }
        S::ToBool => replace_end(code, 2, Some(branch)),
        S::Not => turned.is_some_and(|op| replace_end(code, 2, Some(branch.replaced(op, branch.operand)))),
        // A value that is not null goes to the target.
        S::Eq | S::Neq if !is_loop && (condition.op == S::Eq) == (branch.op == S::JumpIfFalse) => {
            let is_null =
                |load: &Instruction| load.op == S::LoadConst && *context.constant(load.operand) == Constant::Null;
            let is_test = before.last().is_some_and(is_null);
            is_test && replace_end(code, 3, Some(branch.replaced(S::JumpIfNotNull, branch.operand)))
        }
        _ => false,
    }
}

/// The branch at the end, whose condition is a constant, becomes this, or nothing.
fn decide(code: &mut Vec<Instruction>, op: Option<StackOp>) -> bool {
    let branch = code[code.len() - 1];
    replace_end(code, 2, op.map(|op| branch.replaced(op, branch.operand)))
}

fn replace_end(code: &mut Vec<Instruction>, count: usize, end: Option<Instruction>) -> bool {
    code.truncate(code.len() - count);
    code.extend(end);
    true
}

/// `JUMP_IF_FALSE a; JUMP b; a:` becomes `JUMP_IF_TRUE b; a:`, if nothing else leads to the jump.
fn turn_around_jumps(body: &mut Body) -> u64 {
    let ways = body.ways_in();
    let mut turned = 0;
    for block in 0..body.blocks.len().saturating_sub(2) {
        let [only] = body.blocks[block + 1].code.as_slice() else { continue };
        let (StackOp::Jump, 1, target) = (only.op, ways[block + 1], only.operand) else { continue };
        let around = body.settled(block as u32 + 2);
        let Some(branch) = body.blocks[block].code.last().copied() else { continue };
        let op = match branch.op {
            StackOp::JumpIfFalse => StackOp::JumpIfTrue,
            StackOp::JumpIfTrue => StackOp::JumpIfFalse,
            _ => continue,
        };
        if body.settled(branch.operand) == around {
            let last = body.blocks[block].code.len() - 1;
            body.blocks[block].code[last] = branch.replaced(op, target);
            body.blocks[block + 1].code.clear();
            turned += 1;
        }
    }
    turned
}
