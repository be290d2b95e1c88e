//! Changing register code without losing what jumps, handlers and lines refer to.

use isa::{Function, Lane, Register, RegisterInstruction, RegisterOp};

/// A function in the register form.
pub(crate) type Code = Function<Register>;

/// The operation of an instruction; past the end there is nothing.
pub(crate) fn op(code: &Code, pc: usize) -> RegisterOp {
    code.code.get(pc).map_or(RegisterOp::NopReg, |instruction| instruction.op())
}

/// True when the operation does something that can be noticed.
pub(crate) fn is_event(op: RegisterOp) -> bool {
    !isa::Effects::READ.contains(op.effects()) && op != RegisterOp::JumpReg
}

/// True when the operation may fail in a way that a handler takes.
pub(crate) fn fails(op: RegisterOp) -> bool {
    op.effects().contains(isa::Effects::FAIL) && op != RegisterOp::JumpReg
}

/// Replaces the operation and the lanes of an instruction.
pub(crate) fn put(code: &mut Code, pc: usize, op: RegisterOp, [a, b, c]: [u16; 3]) -> bool {
    let new = RegisterInstruction::new(op, a, b, c);
    std::mem::replace(&mut code.code[pc], new) != new
}

/// Replaces the operation by the one it is paired with.
pub(crate) fn exchange(code: &mut Code, pc: usize, pairs: &[(RegisterOp, RegisterOp)]) -> bool {
    let (old, lanes) = (op(code, pc), code.code[pc].lanes());
    let new = pairs.iter().find_map(|&(a, b)| if a == old { Some(b) } else { (b == old).then_some(a) });
    new.is_some_and(|new| put(code, pc, new, lanes))
}

/// Replaces the `number`th lane of a kind.
pub(crate) fn lane(code: &mut Code, pc: usize, kind: Lane, number: usize, new: impl Fn(u16) -> u16) -> bool {
    let (op, mut lanes) = (op(code, pc), code.code[pc].lanes());
    let kinds = op.facts().lanes;
    let Some(at) = (0..3).filter(|&at| kinds[at] == kind).nth(number) else { return false };
    lanes[at] = new(lanes[at]);
    put(code, pc, op, lanes)
}

/// Puts nothing in place of an instruction.
pub(crate) fn drop(code: &mut Code, pc: usize) -> bool {
    put(code, pc, RegisterOp::NopReg, [0; 3])
}

/// Where an instruction jumps.
pub(crate) fn target(code: &Code, pc: usize) -> Option<usize> {
    let offset = code.code.get(pc)?.offset()?;
    Some((pc as i64 + i64::from(offset)) as usize)
}

/// Lets an instruction jump elsewhere.
pub(crate) fn aim(code: &mut Code, pc: usize, target: usize) -> bool {
    let (instruction, offset) = (code.code[pc], target as i64 - pc as i64);
    let [a, b, _] = instruction.lanes();
    let new = if instruction.op().facts().lanes[2] == Lane::Offset {
        RegisterInstruction::new(instruction.op(), a, b, offset as i16 as u16)
    } else {
        RegisterInstruction::wide(instruction.op(), a, offset as i32 as u32)
    };
    std::mem::replace(&mut code.code[pc], new) != new
}

/// Puts an instruction before the one at `pc`, in the same handlers and at the same place in the source. Jumps to `pc` go to it.
pub(crate) fn insert(code: &mut Code, pc: usize, instruction: RegisterInstruction) -> bool {
    let targets: Vec<Option<usize>> = (0..code.code.len()).map(|at| target(code, at)).collect();
    // What is skipped is one instruction.
    if (0..code.code.len()).any(|at| op(code, at).skips() && (at + 1..at + 3).contains(&pc)) {
        return false;
    }
    code.code.insert(pc, instruction);
    let moved = |at: usize| if at > pc { at + 1 } else { at };
    for (at, target) in targets.into_iter().enumerate() {
        if let Some(target) = target {
            aim(code, if at >= pc { at + 1 } else { at }, moved(target));
        }
    }
    for handler in &mut code.handlers {
        for place in [&mut handler.start, &mut handler.end, &mut handler.target] {
            *place = moved(*place as usize) as u32;
        }
    }
    for line in &mut code.lines {
        line.0 = moved(line.0 as usize) as u32;
    }
    true
}

/// The first handler that guards an instruction.
pub(crate) fn handler(code: &Code, pc: usize) -> Option<usize> {
    code.handlers.iter().position(|handler| (handler.start..handler.end).contains(&(pc as u32)))
}
