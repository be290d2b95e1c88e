//! Stack forwarding: a value that is stored only to be loaded once more stays on the stack.
//!
//! `STORE_LOCAL x; …; LOAD_LOCAL x`, where what stands between leaves the stack as it was and `x` is not read otherwise, is what stands
//! between, with the value below it.

use isa::{StackCode, StackOp};

use crate::body::{Body, Instruction};
use crate::locals;
use crate::pass::{Context, Pass};

/// See the [module](self).
#[derive(Clone, Copy, Debug)]
pub struct Forward;

impl Pass for Forward {
    fn name(&self) -> &'static str {
        "forward"
    }

    fn about(&self) -> &'static str {
        "stack forwarding: values that are stored to be loaded once stay on the stack"
    }

    fn run(&self, body: &mut Body, context: &mut Context<'_>) -> u64 {
        let live = locals::live(context.module, body);
        let mut forwarded = 0;
        for (index, block) in body.blocks.iter_mut().enumerate() {
            let target = block.handler.map(|handler| body.handlers[handler as usize].target as usize);
            let is_live = |local| live.leaving.contains(index, local);
            let is_needed_on_error = |local| target.is_some_and(|target| live.entering.contains(target, local));
            for store in 0..block.code.len() {
                let Instruction { op, operand: local, .. } = block.code[store];
                if op != StackOp::StoreLocal || is_needed_on_error(local) {
                    continue;
                }
                if let Some(load) = only_load(&block.code, store, context.module, is_live) {
                    for at in [store, load] {
                        block.code[at] = block.code[at].replaced(StackOp::Nop, 0);
                    }
                    forwarded += 1;
                }
            }
            block.code.retain(|instruction| instruction.op != StackOp::Nop);
        }
        forwarded
    }
}

/// How far ahead is looked for a load, and for the end of its local's life.
const REACH: usize = 100;

/// The only instruction that reads what was stored, if it is a load and finds the stack as the store left it.
fn only_load(
    code: &[Instruction],
    store: usize,
    module: &StackCode,
    is_live_behind: impl Fn(u32) -> bool,
) -> Option<usize> {
    let local = code[store].operand;
    let mut depth = 0_usize;
    let mut load = None;
    for (at, &instruction) in code.iter().enumerate().skip(store + 1) {
        if at > store + REACH {
            return None;
        }
        if locals::reads(module, instruction).contains(&local) {
            if load.is_some() || depth != 0 || instruction.op != StackOp::LoadLocal {
                return None;
            }
            load = Some(at);
        }
        if let Some((written, is_certain)) = locals::write(instruction)
            && written == local
        {
            return load.filter(|_| is_certain);
        }
        if load.is_none() {
            depth = depth.checked_sub(instruction.pops())? + instruction.pushes();
        }
    }
    load.filter(|_| !is_live_behind(local))
}
