//! Who made the operands: the operand stack of a block, run with instructions for values.

use smallvec::SmallVec;

use crate::body::Instruction;

/// For each instruction of a block the instructions that made its operands, the deepest operand first. `None` stands for a value that
/// was on the stack when the block began.
///
/// `DUP` makes both values that it leaves.
pub fn makers(code: &[Instruction]) -> Vec<SmallVec<[Option<u32>; 3]>> {
    let mut stack: Vec<Option<u32>> = Vec::new();
    let mut all = Vec::with_capacity(code.len());
    for (at, instruction) in (0..).zip(code) {
        let pops = instruction.pops();
        let missing = pops.saturating_sub(stack.len());
        let mut operands: SmallVec<[Option<u32>; 3]> = SmallVec::from_elem(None, missing);
        operands.extend(stack.drain(stack.len() + missing - pops..));
        stack.extend(std::iter::repeat_n(Some(at), instruction.pushes()));
        all.push(operands);
    }
    all
}

/// The first instruction of the expression that ends here: the shortest run of instructions that takes nothing from below and leaves one
/// value. None if it began before the block.
pub fn expression_start(code: &[Instruction], end: usize) -> Option<usize> {
    if code[end].pushes() != 1 {
        return None;
    }
    let mut wanted = 1;
    for at in (0..=end).rev() {
        let (pops, pushes) = (code[at].pops(), code[at].pushes());
        // Something that leaves more than is wanted would leave it below the expression.
        if pushes > wanted || code[at].is_jump() {
            return None;
        }
        wanted = wanted - pushes + pops;
        if wanted == 0 {
            return Some(at);
        }
    }
    None
}
