//! Copy propagation: a local that is a copy of another one, or of a constant, is not looked at.
//!
//! After `x = y` a read of `x` reads `y`, as long as neither is written; after `x = 1` it is the constant. Nothing is shorter for it
//! by itself: constants fold further, and a store that nobody reads any more is dead code.

use std::collections::BTreeMap;

use isa::StackOp;

use crate::body::{Body, Instruction};
use crate::forward::{Facts, solve};
use crate::locals;
use crate::pass::{Context, Pass};

/// See the [module](self).
#[derive(Clone, Copy, Debug)]
pub struct Copies;

/// How many copies are known at a place, at most; a bound on the work that functions with very many variables make.
const MOST: usize = 200;

/// What locals are copies of, by the instruction that loads the same value: `LOAD_CONST` or `LOAD_LOCAL`.
#[derive(Clone, Default)]
struct Copied(BTreeMap<u32, (StackOp, u32)>);

impl Facts for Copied {
    fn meet(&mut self, other: &Self) -> bool {
        let before = self.0.len();
        self.0.retain(|local, source| other.0.get(local) == Some(source));
        self.0.len() < before
    }
}

impl Pass for Copies {
    fn name(&self) -> &'static str {
        "copies"
    }

    fn about(&self) -> &'static str {
        "copy propagation: reads the original of a copy, or the constant it is"
    }

    fn run(&self, body: &mut Body, _: &mut Context<'_>) -> u64 {
        let known = solve(body, Copied::default(), &Copied::default(), |copied, block| {
            walk(&body.blocks[block].code, copied, |_, _| {});
        });
        let mut replaced = 0;
        for (block, known) in body.blocks.iter_mut().zip(known) {
            let Some(mut copied) = known else { continue };
            let code = block.code.clone();
            walk(&code, &mut copied, |at, (op, operand)| {
                block.code[at] = code[at].replaced(op, operand);
                replaced += 1;
            });
        }
        replaced
    }
}

/// Goes through a block and calls `visit` for each load of a copy with what to load instead.
fn walk(code: &[Instruction], copied: &mut Copied, mut visit: impl FnMut(usize, (StackOp, u32))) {
    let mut previous: Option<(StackOp, u32)> = None;
    for (at, instruction) in code.iter().enumerate() {
        let mut loaded = (instruction.op, instruction.operand);
        if instruction.op == StackOp::LoadLocal
            && let Some(&source) = copied.0.get(&instruction.operand)
        {
            visit(at, source);
            loaded = source;
        }
        if let Some((local, _)) = locals::write(*instruction) {
            copied.0.retain(|&copy, source| copy != local && *source != (StackOp::LoadLocal, local));
            let source = previous.filter(|&source| source != (StackOp::LoadLocal, local));
            if let (StackOp::StoreLocal, Some(source)) = (instruction.op, source)
                && copied.0.len() < MOST
            {
                copied.0.insert(local, source);
            }
        }
        previous = matches!(loaded.0, StackOp::LoadLocal | StackOp::LoadConst).then_some(loaded);
    }
}
