//! Forward data flow: what is known at the beginning of each block.

use std::collections::BTreeSet;

use crate::body::Body;

/// Facts that hold at a place, whichever way control came there.
pub trait Facts: Clone {
    /// Keeps what both say. Gives whether that is less than before.
    fn meet(&mut self, other: &Self) -> bool;
}

/// Solves for the facts at the beginning of each block; none for blocks that control never gets to.
///
/// `entry` holds at the beginning of the function, `nothing` where a handler begins. `transfer` makes what holds at the beginning of a block
/// into what holds at its end.
pub fn solve<F: Facts>(body: &Body, entry: F, nothing: &F, transfer: impl Fn(&mut F, usize)) -> Vec<Option<F>> {
    let mut facts: Vec<Option<F>> = vec![None; body.blocks.len()];
    facts[0] = Some(entry);
    // The earliest first, which is nearly the order of control.
    let mut pending = BTreeSet::from([0]);
    while let Some(block) = pending.pop_first() {
        let Some(known) = &facts[block] else { continue };
        let mut known = known.clone();
        transfer(&mut known, block);
        let handler = body.blocks[block].handler.map(|handler| body.handlers[handler as usize].target as usize);
        let reached = body.successors(block).into_iter().map(|to| (to as usize, &known));
        for (to, arriving) in reached.chain(handler.map(|to| (to, nothing))) {
            let is_less = match &mut facts[to] {
                Some(before) => before.meet(arriving),
                unknown => {
                    *unknown = Some(arriving.clone());
                    true
                }
            };
            if is_less {
                pending.insert(to);
            }
        }
    }
    facts
}
