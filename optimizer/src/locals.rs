//! Which locals an instruction reads and writes, and which are live.

use isa::module::CaptureSource;
use isa::{StackCode, StackOp};
use smallvec::{SmallVec, smallvec};

use crate::body::{Body, Instruction};
use crate::liveness::{Fact, Liveness, LivenessInput, liveness};

/// The locals whose values an instruction needs.
pub fn reads(module: &StackCode, instruction: Instruction) -> SmallVec<[u32; 3]> {
    use StackOp as S;
    let local = instruction.operand;
    match instruction.op {
        S::LoadLocal | S::CheckLocal | S::IsSet | S::MakeCell | S::LoadCell | S::StoreCell => smallvec![local],
        S::ForPrepare => smallvec![local + 1, local + 2],
        S::ForLoop => smallvec![local, local + 1, local + 2],
        S::ForIter | S::ForPair | S::IterValue => smallvec![local, local + 1],
        S::MakeFunction => {
            let captures = &module.functions[local as usize].captures;
            let slots = captures.iter().filter_map(|capture| match capture.from {
                CaptureSource::Local(slot) => Some(slot),
                CaptureSource::Capture(_) => None,
            });
            slots.collect()
        }
        _ => SmallVec::new(),
    }
}

/// The local that an instruction writes, and whether it does so in any case.
pub fn write(instruction: Instruction) -> Option<(u32, bool)> {
    use StackOp as S;
    match instruction.op {
        S::StoreLocal | S::MakeCell | S::Unset => Some((instruction.operand, true)),
        S::ForPrepare | S::ForLoop => Some((instruction.operand, false)),
        S::ForIter | S::ForPair => Some((instruction.operand + 1, false)),
        _ => None,
    }
}

/// Locals that are live at the borders of blocks.
pub fn live(module: &StackCode, body: &Body) -> Liveness {
    let mut facts = Vec::new();
    // The block in which each local was last seen to be read before it was written, and in which it was written.
    let mut seen = vec![(u32::MAX, u32::MAX); body.local_names.len()];
    for (block, code) in (0..).zip(body.blocks.iter().map(|block| &block.code)) {
        for &instruction in code {
            for local in reads(module, instruction) {
                let (used, defined) = &mut seen[local as usize];
                if *used != block && *defined != block {
                    *used = block;
                    facts.push((local, block, Fact::Use));
                }
            }
            if let Some((local, true)) = write(instruction)
                && seen[local as usize].1 != block
            {
                seen[local as usize].1 = block;
                facts.push((local, block, Fact::Definition));
            }
        }
    }
    liveness(LivenessInput {
        facts: &facts,
        successors: |block| {
            let successors = body.successors(block);
            [successors.first().copied(), successors.get(1).copied()]
        },
        handler: |block: usize| body.blocks[block].handler.map(|handler| body.handlers[handler as usize].target),
        blocks: body.blocks.len(),
        variables: body.local_names.len(),
    })
}
