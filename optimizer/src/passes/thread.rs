//! Jump threading: a jump to a jump goes where that one goes.
//!
//! A jump to the next instruction is nothing, a jump to `RETURN`, or to a load and `RETURN`, is those, and a jump to `LOOP` is that `LOOP`.

use isa::StackOp;

use crate::body::{Body, Instruction, is_skipped};
use crate::pass::{Context, Pass};

/// See the [module](self).
#[derive(Clone, Copy, Debug)]
pub struct Thread;

impl Pass for Thread {
    fn name(&self) -> &'static str {
        "thread"
    }

    fn about(&self) -> &'static str {
        "jump threading: jumps to jumps, to returns and to the next instruction"
    }

    fn run(&self, body: &mut Body, _: &mut Context<'_>) -> u64 {
        // From the last to the first, so that chains are followed in one go: plain jumps only go ahead.
        (0..body.blocks.len()).rev().map(|block| thread_block(body, block)).sum()
    }
}

fn thread_block(body: &mut Body, block: usize) -> u64 {
    let Some(at) = body.blocks[block].code.len().checked_sub(1) else { return 0 };
    let jump = body.blocks[block].code[at];
    if !jump.is_jump() {
        return 0;
    }
    let target = destination(body, jump.operand);
    let mut threaded = u64::from(target != jump.operand && target != body.settled(jump.operand));
    body.blocks[block].code[at].operand = target;
    let is_next = target == body.settled(block as u32 + 1) && block + 1 < body.blocks.len();
    let is_skipped = is_skipped(&body.blocks[block].code, at);
    let end = match jump.op {
        _ if is_skipped => return threaded,
        StackOp::Jump if is_next => Vec::new(),
        StackOp::JumpIfFalse | StackOp::JumpIfTrue | StackOp::JumpIfNotNull if is_next => {
            vec![jump.replaced(StackOp::Pop, 0)]
        }
        StackOp::Jump => match short_tail(body, block, target) {
            Some(tail) => tail,
            None => return threaded,
        },
        _ => return threaded,
    };
    threaded += 1;
    body.blocks[block].code.truncate(at);
    body.blocks[block].code.extend(end);
    threaded
}

/// Where a jump to a block leads in the end.
fn destination(body: &Body, block: u32) -> u32 {
    let mut at = body.settled(block);
    while let Some(first) = body.blocks[at as usize].code.first().filter(|first| first.op == StackOp::Jump) {
        at = body.settled(first.operand);
    }
    at
}

/// What a block does that leaves at once: a jump to it can do the same.
fn short_tail(body: &Body, from: usize, target: u32) -> Option<Vec<Instruction>> {
    let tail = &body.blocks[target as usize];
    let is_load = |op| matches!(op, StackOp::LoadConst | StackOp::LoadLocal);
    match tail.code.as_slice() {
        [last] if last.op == StackOp::Return => {}
        [load, last] if is_load(load.op) && last.op == StackOp::Return => {}
        // It may run out of fuel, so errors must go to the same place.
        [last] if last.op == StackOp::Loop && tail.handler == body.blocks[from].handler => {}
        _ => return None,
    }
    Some(tail.code.clone())
}
