//! The pass of the guide: constants that are printed side by side are printed as one text.

use isa::{Constant, StackOp};
use optimizer::{Body, Context, Instruction, Pass};

/// `LOAD_CONST a`, `LOAD_CONST b`, `PRINT 2` is `LOAD_CONST "a b"`, `PRINT 1`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prints;

impl Pass for Prints {
    fn name(&self) -> &'static str {
        "prints"
    }

    fn about(&self) -> &'static str {
        "constants that are printed side by side are printed as one text"
    }

    fn run(&self, body: &mut Body, context: &mut Context<'_>) -> u64 {
        let mut joined = 0;
        for block in &mut body.blocks {
            let mut code: Vec<Instruction> = Vec::with_capacity(block.code.len());
            for &instruction in &block.code {
                code.push(instruction);
                while let [.., first, second, print] = *code.as_slice()
                    && (first.op, second.op, print.op) == (StackOp::LoadConst, StackOp::LoadConst, StackOp::Print)
                    && print.operand >= 2
                {
                    let [a, b] = [first, second].map(|load| context.constant(load.operand).clone());
                    let space = Constant::String(" ".into());
                    let Some(text) = context.meaning.evaluate(StackOp::BuildString, &[a, space, b]) else { break };
                    code.truncate(code.len() - 3);
                    code.push(first.replaced(StackOp::LoadConst, context.index_of(text)));
                    code.push(print.replaced(StackOp::Print, print.operand - 1));
                    joined += 1;
                }
            }
            block.code = code;
        }
        joined
    }
}
