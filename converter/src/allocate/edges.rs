//! Moves on the edges between blocks.
//!
//! A move that belongs to an edge stands at the end of the block before it, if that goes nowhere else, or at the beginning of the block after
//! it, if nobody else comes there. Any other edge gets a block of its own, right behind the one it leaves. A jump back thereby becomes a jump
//! past it to there, and a `LOOP`.

use crate::tac::{Block, Function, Instruction, Terminator};

/// Which edge out of a block: the position of its target among [`Terminator::successors`].
pub type Exit = usize;

/// Moves to be put on edges.
#[derive(Debug)]
pub struct EdgeMoves {
    /// How often each block is entered: by edges, and block 0 by the call.
    entries: Vec<u32>,
    moves: Vec<(u32, Exit, Vec<Instruction>)>,
}

impl EdgeMoves {
    /// None so far.
    pub fn new(function: &Function) -> Self {
        let mut entries = vec![0; function.blocks.len()];
        entries[0] = 1;
        for block in function.blocks.iter().filter(|block| block.is_reachable) {
            block.terminator.successors().into_iter().flatten().for_each(|successor| entries[successor as usize] += 1);
        }
        Self { entries, moves: Vec::new() }
    }

    /// Puts moves on an edge, to be made in this order. At most once for each edge.
    pub fn add(&mut self, block: u32, exit: Exit, moves: Vec<Instruction>) {
        if !moves.is_empty() {
            self.moves.push((block, exit, moves));
        }
    }

    /// Changes the function.
    pub fn insert(mut self, function: &mut Function) {
        // Making a block of a block's first edge exchanges its edges, so that comes last.
        self.moves.sort_by_key(|&(block, exit, _)| (block, std::cmp::Reverse(exit)));
        let original = function.blocks.len();
        // Blocks to be laid out behind each block.
        let mut behind: Vec<Vec<u32>> = Vec::new();
        for (index, exit, moves) in self.moves {
            let successors = function.blocks[index as usize].terminator.successors();
            let target = successors[exit].expect("an edge leads somewhere");
            if successors.iter().flatten().count() == 1 {
                function.blocks[index as usize].instructions.extend(moves);
            } else if self.entries[target as usize] == 1 {
                let target = &mut function.blocks[target as usize];
                target.unguarded += moves.len() as u32;
                target.instructions.splice(0..0, moves);
            } else {
                behind.resize(original, Vec::new());
                behind[index as usize].insert(0, split(function, index, exit, moves));
            }
        }
        if behind.is_empty() {
            return;
        }
        let mut layout = Vec::with_capacity(function.blocks.len());
        for &index in &function.layout {
            layout.push(index);
            layout.extend(&behind[index as usize]);
        }
        function.layout = layout;
    }
}

/// Makes a block of an edge.
fn split(function: &mut Function, index: u32, exit: Exit, moves: Vec<Instruction>) -> u32 {
    let added = function.blocks.len() as u32;
    let block = &mut function.blocks[index as usize];
    let target = block.terminator.successors()[exit].expect("an edge leads somewhere");
    let mut position = 0;
    block.terminator.for_each_target(|successor| {
        if position == exit {
            *successor = added;
        }
        position += 1;
    });
    let mut is_loop = false;
    if exit == 0 {
        is_loop = take_loop(&mut block.terminator);
        fall_into(&mut block.terminator);
    }
    let (start_pc, terminator_pc, handler) = (block.start_pc, block.terminator_pc, block.handler);
    function.blocks.push(Block {
        start_pc,
        instructions: moves,
        terminator: if is_loop { Terminator::Loop(target) } else { Terminator::Jump(target) },
        terminator_pc,
        handler,
        unguarded: 0,
        is_loop_entry: false,
        is_reachable: true,
        is_island: false,
    });
    added
}

/// Whether the jump began an iteration; it no longer does.
fn take_loop(terminator: &mut Terminator) -> bool {
    match terminator {
        Terminator::Compare { is_loop, .. } | Terminator::Truth { is_loop, .. } => std::mem::take(is_loop),
        _ => false,
    }
}

/// Turns a branch around, so that control falls into where the jump went.
fn fall_into(terminator: &mut Terminator) {
    if let Terminator::Compare { sense, target, next, .. } | Terminator::Truth { sense, target, next, .. } = terminator
    {
        std::mem::swap(target, next);
        *sense = !*sense;
    }
}
