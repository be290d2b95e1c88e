//! Kinds of faults that a converter may have, each planted wherever it can be.

use isa::module::Handler;
use isa::{Lane, RegisterInstruction, RegisterOp as R};

use crate::edit::{Code, aim, drop, exchange, fails, handler, insert, is_event, lane, op, put, target};

/// Plants a fault at an instruction, if the instruction is of a kind that can have it.
pub(crate) type Plant = fn(&mut Code, usize) -> bool;

const ARITHMETIC: [R; 5] = [R::AddReg, R::SubReg, R::MulReg, R::DivReg, R::ModReg];

/// Faults by name.
pub(crate) const FAULTS: &[(&str, Plant)] = &[
    // Values in wrong places.
    ("wrong register read on the left", |code, pc| lane(code, pc, Lane::Use, 0, |r| r + 1)),
    ("wrong register read on the right", |code, pc| lane(code, pc, Lane::Use, 1, |r| r.wrapping_sub(1))),
    ("wrong register written", |code, pc| op(code, pc) != R::MovReg && lane(code, pc, Lane::Def, 0, |r| r + 1)),
    ("lost copy", |code, pc| op(code, pc) == R::MovReg && drop(code, pc)),
    ("copy of another register", |code, pc| op(code, pc) == R::MovReg && lane(code, pc, Lane::Use, 0, |r| r + 1)),
    ("stale local", |code, pc| {
        // The variable that is read and written is written elsewhere.
        let [a, b, c] = code.code[pc].lanes();
        let spare = code.locals as u16;
        ARITHMETIC.contains(&op(code, pc)) && (a == b || a == c) && {
            code.locals += 1;
            put(code, pc, op(code, pc), [spare, b, c])
        }
    }),
    ("clobbered live range", |code, pc| {
        let read = code.code[pc].b;
        ARITHMETIC.contains(&op(code, pc)) && insert(code, pc, RegisterInstruction::wide(R::LoadInt, read, 77))
    }),
    ("swapped operands", |code, pc| {
        let [a, b, c] = code.code[pc].lanes();
        ARITHMETIC.contains(&op(code, pc)) && put(code, pc, op(code, pc), [a, c, b])
    }),
    ("missing unset", |code, pc| op(code, pc) == R::LoadUnset && put(code, pc, R::LoadInt, [code.code[pc].a, 0, 0])),
    ("unset in place of a value", |code, pc| {
        op(code, pc) == R::LoadInt && put(code, pc, R::LoadUnset, [code.code[pc].a, 0, 0])
    }),
    ("missing move at a block's edge", |code, pc| {
        let is_edge = op(code, pc + 1).ends_block() || (0..code.code.len()).any(|at| target(code, at) == Some(pc + 1));
        is_edge && op(code, pc) == R::MovReg && drop(code, pc)
    }),
    ("swapped parallel moves", |code, pc| {
        // One reads what the other overwrites.
        let are_moves = op(code, pc) == R::MovReg && op(code, pc + 1) == R::MovReg;
        are_moves && (code.code[pc + 1].a == code.code[pc].b || code.code[pc + 1].b == code.code[pc].a) && {
            code.code.swap(pc, pc + 1);
            true
        }
    }),
    ("constant in place of a copy", |code, pc| {
        op(code, pc) == R::MovReg && put(code, pc, R::LoadInt, [code.code[pc].a, 0, 0])
    }),
    // Spill slots.
    ("spill to a wrong slot", |code, pc| op(code, pc) == R::StoreSpill && lane(code, pc, Lane::Slot, 0, |s| s ^ 1)),
    ("reload of a wrong slot", |code, pc| op(code, pc) == R::LoadSpill && lane(code, pc, Lane::Slot, 0, |s| s ^ 1)),
    ("missing spill store", |code, pc| op(code, pc) == R::StoreSpill && drop(code, pc)),
    ("spill of a wrong register", |code, pc| op(code, pc) == R::StoreSpill && lane(code, pc, Lane::Use, 0, |r| r + 1)),
    ("jump past a reload", |code, pc| {
        target(code, pc).is_some_and(|target| op(code, target) == R::LoadSpill && aim(code, pc, target + 1))
    }),
    ("missing reload", |code, pc| op(code, pc) == R::LoadSpill && drop(code, pc)),
    // Immediate data.
    ("off by one immediate", |code, pc| lane(code, pc, Lane::Int, 0, |i| i.wrapping_add(1))),
    ("off by one integer load", |code, pc| lane(code, pc, Lane::IntWide, 0, |i| i.wrapping_add(1))),
    ("wrong constant", |code, pc| lane(code, pc, Lane::Constant, 0, |k| k ^ 1)),
    ("wrong constant load", |code, pc| lane(code, pc, Lane::ConstantWide, 0, |k| k ^ 1)),
    ("wrong function", |code, pc| lane(code, pc, Lane::Function, 0, |f| f ^ 1)),
    ("wrong builtin", |code, pc| lane(code, pc, Lane::Builtin, 0, |b| b ^ 1)),
    ("wrong name", |code, pc| lane(code, pc, Lane::Name, 0, |n| n ^ 1)),
    ("wrong type", |code, pc| lane(code, pc, Lane::Type, 0, |t| t ^ 1)),
    ("wrong global read", |code, pc| op(code, pc) == R::LoadVarReg && lane(code, pc, Lane::GlobalWide, 0, |g| g ^ 1)),
    ("wrong global written", |code, pc| op(code, pc) == R::StoreReg && lane(code, pc, Lane::GlobalWide, 0, |g| g ^ 1)),
    ("wrong capture", |code, pc| lane(code, pc, Lane::Capture, 0, |c| c ^ 1)),
    ("capture handed over as another", |code, pc| lane(code, pc, Lane::Index, 0, |i| i ^ 1)),
    ("wrong variable captured", |code, pc| op(code, pc) == R::SetCapture && lane(code, pc, Lane::Use, 1, |r| r ^ 1)),
    ("capture not handed over", |code, pc| op(code, pc) == R::SetCapture && drop(code, pc)),
    // Windows.
    ("one argument less", |code, pc| lane(code, pc, Lane::Arguments, 0, |n| n.wrapping_sub(1))),
    ("one argument more", |code, pc| lane(code, pc, Lane::Arguments, 0, |n| n + 1)),
    ("window moved up", |code, pc| code.code[pc].window().is_some() && put_first(code, pc, 1)),
    ("window moved down", |code, pc| code.code[pc].window().is_some() && put_first(code, pc, u16::MAX)),
    ("wrong value called", |code, pc| op(code, pc) == R::CallTopReg && lane(code, pc, Lane::Use, 0, |r| r ^ 1)),
    // Operations.
    ("ADD for SUB", |code, pc| exchange(code, pc, &[(R::AddReg, R::SubReg), (R::MulReg, R::DivReg)])),
    ("SUB_INT for ADD_INT", |code, pc| exchange(code, pc, &[(R::AddInt, R::SubInt), (R::ModInt, R::DivInt)])),
    ("CONST_SUB for SUB_CONST", |code, pc| {
        let [a, b, c] = code.code[pc].lanes();
        exchange(code, pc, &[(R::SubConst, R::ConstSub), (R::MulConst, R::ConstMul), (R::AddConst, R::ConstAdd)])
            && put(code, pc, op(code, pc), [a, c, b])
    }),
    ("NOT for TO_BOOL", |code, pc| exchange(code, pc, &[(R::NotReg, R::ToBoolReg), (R::EqReg, R::NeqReg)])),
    ("LT for LTE", |code, pc| exchange(code, pc, &[(R::LtReg, R::LteReg), (R::GtReg, R::GteReg)])),
    ("list for set", |code, pc| exchange(code, pc, &[(R::BuildListReg, R::BuildSetReg)])),
    ("elements for pairs", |code, pc| exchange(code, pc, &[(R::ForIterReg, R::ForPairReg)])),
    ("RETURN for THROW", |code, pc| exchange(code, pc, &[(R::ReturnReg, R::ThrowReg)])),
    // Events.
    ("dropped event", |code, pc| {
        let is_droppable = is_event(op(code, pc)) && !op(code, pc).skips() && !op(code, pc).ends_block();
        is_droppable && !op(code, pc).has_offset() && drop(code, pc)
    }),
    ("duplicated event", |code, pc| {
        let instruction = code.code[pc];
        let is_plain = is_event(op(code, pc)) && !op(code, pc).skips() && !op(code, pc).has_offset();
        is_plain && !op(code, pc).ends_block() && insert(code, pc, instruction)
    }),
    ("reordered events", |code, pc| {
        let plain = |pc| is_event(op(code, pc)) && !op(code, pc).skips() && !op(code, pc).has_offset();
        let both = plain(pc) && plain(pc + 1) && !op(code, pc + 1).ends_block();
        both && code.code[pc] != code.code[pc + 1] && {
            code.code.swap(pc, pc + 1);
            true
        }
    }),
    ("comparison after a write", |code, pc| {
        // What is compared has changed by then.
        let reads = matches!(op(code, pc), R::EqReg | R::NeqReg | R::NotReg | R::ToBoolReg | R::AndReg | R::OrReg);
        let mut write = pc + 1;
        while matches!(op(code, write), R::MovReg | R::LoadInt | R::LoadReg) {
            write += 1;
        }
        reads && op(code, write).effects().contains(isa::Effects::WRITE) && {
            code.code[pc..=write].rotate_left(1);
            true
        }
    }),
    // Control.
    ("wrong branch sense", |code, pc| {
        exchange(
            code,
            pc,
            &[
                (R::JumpLt, R::JumpNotLt),
                (R::JumpGt, R::JumpNotGt),
                (R::JumpLte, R::JumpNotLte),
                (R::JumpGte, R::JumpNotGte),
                (R::JumpLtInt, R::JumpNotLtInt),
                (R::JumpGtInt, R::JumpNotGtInt),
                (R::JumpGteInt, R::JumpNotGteInt),
                (R::JumpEq, R::JumpNeq),
                (R::JumpEqInt, R::JumpNeqInt),
                (R::JumpEqConst, R::JumpNeqConst),
                (R::JumpIfFalseReg, R::JumpIfTrueReg),
            ],
        )
    }),
    ("JUMP_LT for JUMP_LTE", |code, pc| {
        exchange(
            code,
            pc,
            &[
                (R::JumpNotLt, R::JumpNotLte),
                (R::JumpLt, R::JumpLte),
                (R::JumpGt, R::JumpGte),
                (R::JumpNotGtInt, R::JumpNotGteInt),
            ],
        )
    }),
    ("unless less for greater or equal", |code, pc| {
        // Not the same: nothing holds of what is not a number, and errors name the operator.
        exchange(code, pc, &[(R::JumpNotLt, R::JumpGte), (R::JumpNotGtInt, R::JumpLteInt), (R::JumpGt, R::JumpNotLte)])
    }),
    ("test of truth for a test of null", |code, pc| exchange(code, pc, &[(R::JumpIfNotNullReg, R::JumpIfTrueReg)])),
    ("branch to the instruction after the target", |code, pc| {
        target(code, pc).is_some_and(|target| op(code, target) != R::JumpReg && aim(code, pc, target + 1))
    }),
    ("branch to the instruction before the target", |code, pc| {
        target(code, pc).is_some_and(|target| target > 0 && aim(code, pc, target - 1))
    }),
    ("swapped successors", |code, pc| {
        let (Some(a), true) = (target(code, pc), op(code, pc + 1) == R::JumpReg) else { return false };
        let Some(b) = target(code, pc + 1) else { return false };
        op(code, pc) != R::JumpReg && a != b && aim(code, pc, b) && aim(code, pc + 1, a)
    }),
    ("missing fuel", |code, pc| exchange_one(code, pc, R::LoopReg, R::JumpReg)),
    ("fuel for a jump", |code, pc| exchange_one(code, pc, R::JumpReg, R::LoopReg)),
    ("a step for an end", |code, pc| {
        let [a, b, c] = code.code[pc].lanes();
        matches!(op(code, pc), R::ForLoopReg | R::ForPrepareReg) && put(code, pc, op(code, pc), [a, c, b])
    }),
    ("a step of one for another step", |code, pc| {
        let [counter, end, _] = code.code[pc].lanes();
        let Some(target) = target(code, pc + 1).filter(|_| op(code, pc) == R::ForLoopReg) else { return false };
        put(code, pc, R::CountedLoop, [counter, end, 0]) && aim(code, pc, target) && drop(code, pc + 1)
    }),
    ("loop left for another place", |code, pc| {
        // The jump that is next when a loop does not begin.
        let is_exit = pc > 0 && op(code, pc - 1) == R::LoopReg && op(code, pc) == R::JumpReg;
        is_exit && target(code, pc).is_some_and(|target| aim(code, pc, target + 1))
    }),
    ("wrong loop bound", |code, pc| {
        let bound = usize::from(op(code, pc) == R::ForPrepareReg);
        matches!(op(code, pc), R::CountedLoop | R::ForLoopReg | R::ForPrepareReg)
            && lane(code, pc, Lane::Use, bound, |r| r ^ 1)
    }),
    ("wrong counter", |code, pc| lane(code, pc, Lane::UseDef, 0, |r| r ^ 1)),
    // Errors.
    ("guarded range begins late", |code, pc| {
        let Some(index) = handler(code, pc) else { return false };
        let first = (code.handlers[index].start as usize..=pc).find(|&at| fails(op(code, at)));
        first == Some(pc) && {
            code.handlers[index].start = pc as u32 + 1;
            true
        }
    }),
    ("guarded range ends early", |code, pc| {
        let Some(index) = handler(code, pc) else { return false };
        let last = (pc..code.handlers[index].end as usize).rfind(|&at| fails(op(code, at)));
        last == Some(pc) && {
            code.handlers[index].end = pc as u32;
            true
        }
    }),
    ("guarded range too long", |code, pc| {
        let is_after = |handler: &&mut Handler| (handler.end as usize..handler.target as usize).contains(&pc);
        fails(op(code, pc))
            && code.handlers.iter_mut().find(is_after).map(|handler| handler.end = pc as u32 + 1).is_some()
    }),
    ("wrong landing", |code, pc| change_handler(code, pc, |handler| handler.landing ^= 1)),
    ("handler of another range", |code, pc| {
        let Some(&Handler { target, landing, is_cleanup, .. }) = pc.checked_sub(1).and_then(|pc| code.handlers.get(pc))
        else {
            return false;
        };
        let go_on = |handler: &mut Handler| *handler = Handler { target, landing, is_cleanup, ..*handler };
        change_handler(code, pc, go_on)
    }),
    ("cleanup code for a catch", |code, pc| change_handler(code, pc, |handler| handler.is_cleanup ^= true)),
    ("missing handler", |code, pc| {
        pc < code.handlers.len() && {
            code.handlers.remove(pc);
            true
        }
    }),
    ("outer handler before the inner one", |code, pc| {
        let nested = |a: &Handler, b: &Handler| b.start <= a.start && a.end <= b.end;
        pc + 1 < code.handlers.len() && nested(&code.handlers[pc], &code.handlers[pc + 1]) && {
            code.handlers.swap(pc, pc + 1);
            true
        }
    }),
    ("wrong line", |code, pc| {
        let shown = |pc| fails(op(code, pc));
        let Some(line) = code.lines.iter().position(|line| line.0 as usize == pc && shown(pc)) else { return false };
        code.lines[line].1 += 1;
        true
    }),
    ("line of the instruction before", |code, pc| {
        let line = code.lines.iter().position(|line| line.0 as usize == pc && fails(op(code, pc)));
        line.is_some_and(|line| {
            code.lines.remove(line);
            line > 0
        })
    }),
];

fn put_first(code: &mut Code, pc: usize, step: u16) -> bool {
    let [a, b, c] = code.code[pc].lanes();
    // The frame is large enough for either.
    code.locals += 1;
    put(code, pc, op(code, pc), [a.wrapping_add(step), b, c])
}

fn exchange_one(code: &mut Code, pc: usize, from: R, to: R) -> bool {
    op(code, pc) == from && exchange(code, pc, &[(from, to)])
}

/// Handlers are counted by instructions, for want of other places.
fn change_handler(code: &mut Code, pc: usize, change: impl Fn(&mut Handler)) -> bool {
    let Some(handler) = code.handlers.get_mut(pc) else { return false };
    let old = *handler;
    change(handler);
    *handler != old
}
