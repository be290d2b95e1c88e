//! Which instructions find the result of the one before at hand.
//!
//! An instruction gets the operation for that ([`Operation::cached`]) where three things hold:
//!
//! - the instruction before always goes on right here, and hands on its result: an operation with a result, or a call, whose callee's return
//!   hands it on;
//! - it leaves that result in the very register that this one reads;
//! - control comes no other way: this is not the target of a jump, a handler or a skip.
//!
//! Functions out of line hand nothing on, and after one the ordinary operation runs, whatever the word says.

use isa::{Function, Register, RegisterInstruction, RegisterOp};

use crate::code::{A, B, BOTH, C, Operation, Word};

/// Gives such instructions of a function their operations.
pub(crate) fn cache(function: &Function<Register>, words: &mut [Word]) {
    let code = &function.code;
    let is_target = targets(function);
    for at in 1..code.len() {
        let before = code[at - 1];
        if is_target[at] || !hands_on(before.op()) {
            continue;
        }
        let operation = words[at].operation();
        words[at] = words[at].with_operation(reading_result_of(before, code[at], operation));
    }
}

/// The operation of an instruction behind one that hands on its result: `operation`, or that which finds an operand in the result.
pub(crate) fn reading_result_of(
    before: RegisterInstruction,
    instruction: RegisterInstruction,
    operation: Operation,
) -> Operation {
    let RegisterInstruction { a, b, c, .. } = instruction;
    // A lane that holds no register has no such operation.
    let candidates =
        [(BOTH, b == before.a && c == before.a), (A, a == before.a), (B, b == before.a), (C, c == before.a)];
    let mut reading = candidates.into_iter().filter(|&(_, reads_it)| reads_it);
    reading.find_map(|(lane, _)| operation.cached(lane)).unwrap_or(operation)
}

/// Whether an operation leaves its result in `R[a]` and hands it on.
pub(crate) fn hands_on(op: RegisterOp) -> bool {
    use RegisterOp as R;
    matches!(
        op,
        R::AddReg
            | R::SubReg
            | R::MulReg
            | R::DivReg
            | R::ModReg
            | R::AddInt
            | R::SubInt
            | R::MulInt
            | R::DivInt
            | R::ModInt
            | R::AddConst
            | R::SubConst
            | R::MulConst
            | R::DivConst
            | R::ModConst
            | R::ConstAdd
            | R::ConstSub
            | R::ConstMul
            | R::ConstDiv
            | R::IndexReg
            | R::GetAttrReg
            | R::LoadVarReg
            | R::LoadCellReg
            | R::LoadCaptureReg
            | R::LoadCaptureCellReg
            | R::CallFuncConstReg
            | R::CallNameReg
            | R::CallTopReg
            | R::CallMethodReg
    )
}

/// Which instructions control can reach by a jump, a handler or a skip.
fn targets(function: &Function<Register>) -> Vec<bool> {
    let mut is_target = vec![false; function.code.len() + 2];
    for (at, instruction) in function.code.iter().enumerate() {
        if let Some(offset) = instruction.offset() {
            is_target[at.wrapping_add_signed(offset as isize)] = true;
        }
        if skips(*instruction) {
            is_target[at + 2] = true;
        }
    }
    for handler in &function.handlers {
        is_target[handler.target as usize] = true;
    }
    is_target
}

/// Whether an instruction may skip the next one.
fn skips(instruction: RegisterInstruction) -> bool {
    use RegisterOp as R;
    matches!(instruction.op(), R::ForPrepareReg | R::ForLoopReg | R::ForIterReg | R::ForPairReg)
}
