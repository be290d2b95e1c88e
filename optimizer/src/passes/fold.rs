//! Constant folding: an operation on constants is its value.
//!
//! What the value is says [`Meaning`](crate::Meaning), so it is the machines' value by construction. An operation that fails stays
//! where it is, and fails there.

use isa::table::Effects;
use isa::{Constant, StackOp};

use crate::body::{Body, Instruction};
use crate::pass::{Context, Pass};

/// See the [module](self).
#[derive(Clone, Copy, Debug)]
pub struct Fold;

impl Pass for Fold {
    fn name(&self) -> &'static str {
        "fold"
    }

    fn about(&self) -> &'static str {
        "constant folding: computes operations on constants"
    }

    fn run(&self, body: &mut Body, context: &mut Context<'_>) -> u64 {
        let mut folded = 0;
        for block in &mut body.blocks {
            let mut code: Vec<Instruction> = Vec::with_capacity(block.code.len());
            for &instruction in &block.code {
                let operands = code.len().saturating_sub(instruction.pops());
                match value(instruction, &code[operands..], context) {
                    Some(value) => {
                        code.truncate(operands);
                        code.push(instruction.replaced(StackOp::LoadConst, context.index_of(value)));
                        folded += 1;
                    }
                    None => code.push(instruction),
                }
            }
            block.code = code;
        }
        folded
    }
}

/// The value of an instruction whose operands are what these instructions load, if it has one before the run.
fn value(instruction: Instruction, operands: &[Instruction], context: &mut Context<'_>) -> Option<Constant> {
    const HARMLESS: Effects = Effects::READ.union(Effects::FAIL).union(Effects::ALLOCATE);
    let are_constants = operands.iter().all(|operand| operand.op == StackOp::LoadConst);
    let is_operation = instruction.pops() > 0 && instruction.pushes() == 1 && HARMLESS.contains(instruction.effects());
    if !are_constants || !is_operation || operands.len() < instruction.pops() {
        return None;
    }
    let operands: Vec<Constant> = operands.iter().map(|operand| context.constant(operand.operand).clone()).collect();
    context.meaning.evaluate(instruction.op, &operands)
}
