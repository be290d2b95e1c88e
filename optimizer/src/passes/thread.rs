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
        let mut full = Full::of(body);
        (0..body.blocks.len()).rev().map(|block| thread_block(body, &mut full, block)).sum()
    }
}

/// For each block the first one from it on that held an instruction when it was last asked for. Blocks only ever become empty, so the way goes on from there, and a
/// chain of blocks that became empty one after the other is not walked for each of them.
struct Full(Vec<u32>);

impl Full {
    fn of(body: &Body) -> Self {
        let mut full: Vec<u32> = (0..body.blocks.len() as u32).collect();
        for block in (0..full.len().saturating_sub(1)).rev() {
            if body.blocks[block].code.is_empty() {
                full[block] = full[block + 1];
            }
        }
        Self(full)
    }

    /// As [`Body::settled`].
    fn settled(&mut self, body: &Body, block: u32) -> u32 {
        let Self(full) = self;
        let mut at = full[block as usize];
        while body.blocks[at as usize].code.is_empty() && at as usize + 1 < full.len() {
            at = full[at as usize].max(at + 1);
        }
        full[block as usize] = at;
        if body.blocks[at as usize].code.is_empty() { block } else { at }
    }
}

fn thread_block(body: &mut Body, full: &mut Full, block: usize) -> u64 {
    let Some(at) = body.blocks[block].code.len().checked_sub(1) else { return 0 };
    let jump = body.blocks[block].code[at];
    if !jump.is_jump() {
        return 0;
    }
    let target = destination(body, full, jump.operand);
    let mut threaded = u64::from(target != jump.operand && target != full.settled(body, jump.operand));
    body.blocks[block].code[at].operand = target;
    let is_next = block + 1 < body.blocks.len() && target == full.settled(body, block as u32 + 1);
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
fn destination(body: &Body, full: &mut Full, block: u32) -> u32 {
    let mut at = full.settled(body, block);
    while let Some(first) = body.blocks[at as usize].code.first().filter(|first| first.op == StackOp::Jump) {
        at = full.settled(body, first.operand);
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
