//! Dead code elimination: what control never gets to, stores that nobody reads, and values that nobody wants.
//!
//! A store to a local that is not live becomes a `POP`. A `POP` of what a harmless instruction makes takes that instruction away and leaves
//! a `POP` for each of its operands, at its place; those of loads need none, so whole expressions go.

use isa::{StackCode, StackOp};

use crate::body::{Body, Instruction};
use crate::locals;
use crate::operands::makers;
use crate::pass::{Context, Pass};

/// See the [module](self).
#[derive(Clone, Copy, Debug)]
pub struct Dead;

impl Pass for Dead {
    fn name(&self) -> &'static str {
        "dead"
    }

    fn about(&self) -> &'static str {
        "dead code elimination: unreachable blocks, stores nobody reads, values nobody wants"
    }

    fn run(&self, body: &mut Body, context: &mut Context<'_>) -> u64 {
        let unreachable = remove_unreachable(body);
        let stores = pop_dead_stores(body, context.module);
        let values: u64 = body.blocks.iter_mut().map(|block| remove_unwanted(&mut block.code)).sum();
        unreachable + stores + values
    }
}

fn remove_unreachable(body: &mut Body) -> u64 {
    let reached = body.reachable();
    let unreached = body.blocks.iter_mut().zip(reached).filter(|(block, reached)| !reached && !block.code.is_empty());
    unreached.map(|(block, _)| block.code.clear()).count() as u64
}

fn pop_dead_stores(body: &mut Body, module: &StackCode) -> u64 {
    let live = locals::live(module, body);
    let mut removed = 0;
    // The block, counted from 1, in which each local is live at the present instruction.
    let mut live_in = vec![0; body.local_names.len()];
    for block in 0..body.blocks.len() {
        live.leaving.iter(block).for_each(|local| live_in[local as usize] = block + 1);
        let target = body.blocks[block].handler.map(|handler| body.handlers[handler as usize].target as usize);
        let is_kept = |local: u32| target.is_some_and(|target| live.entering.contains(target, local));
        for instruction in body.blocks[block].code.iter_mut().rev() {
            if let Some((local, true)) = locals::write(*instruction) {
                let unread = match instruction.op {
                    StackOp::StoreLocal => Some(StackOp::Pop),
                    StackOp::Unset => Some(StackOp::Nop),
                    _ => None,
                };
                let is_live = live_in[local as usize] == block + 1;
                if let Some(op) = unread.filter(|_| !is_live) {
                    *instruction = instruction.replaced(op, 0);
                    removed += 1;
                }
                live_in[local as usize] = if is_kept(local) { block + 1 } else { 0 };
            }
            locals::reads(module, *instruction).into_iter().for_each(|local| live_in[local as usize] = block + 1);
        }
    }
    removed
}

/// Takes `POP`s away together with what makes the values they pop.
fn remove_unwanted(code: &mut Vec<Instruction>) -> u64 {
    let before = code.len();
    code.retain(|instruction| instruction.op != StackOp::Nop);
    let mut removed = (before - code.len()) as u64;
    while code.iter().any(|instruction| instruction.op == StackOp::Pop) {
        let makers = makers(code);
        // What becomes of each instruction: so many `POP`s in its place.
        let mut pops: Vec<Option<usize>> = vec![None; code.len()];
        for at in (0..code.len()).filter(|&at| code[at].op == StackOp::Pop) {
            let Some(maker) = makers[at][0].map(|maker| maker as usize) else { continue };
            let taken = match code[maker].op {
                // One of the two values of a DUP is the value it took.
                StackOp::Dup => 0,
                _ if code[maker].pushes() == 1 && code[maker].is_removable() => code[maker].pops(),
                _ => continue,
            };
            if pops[maker].is_none() {
                pops[maker] = Some(taken);
                pops[at] = Some(0);
            }
        }
        let found = pops.iter().flatten().count() as u64 / 2;
        if found == 0 {
            break;
        }
        removed += found;
        let parts = code.drain(..).zip(pops).flat_map(|(instruction, pops)| match pops {
            None => vec![instruction],
            Some(count) => vec![instruction.replaced(StackOp::Pop, 0); count],
        });
        *code = parts.collect();
    }
    removed
}
