//! Which instructions are not worth code of their own, and which functions are not worth being compiled.
//!
//! Where native code has no fast case for what an instruction meets, it has the interpreter run the instruction, which takes more than the interpreter alone would: the way there
//! and back, and registers that have to be in the frame. A function that does little else is slower as native code, and compiling it takes time. So an estimate is made of what
//! a function gains: its instructions as often as its loops make them run, those with a fast case against those without.

use isa::{Constant, Lane, RegCode, RegisterInstruction, RegisterOp};
use runtime::context::Program;
use runtime::heap::Heap;
use runtime::objects::Record;
use runtime::{Tag, Value};
use vm_register::native::{MANY_TYPES, Seen, kind_bit};

/// So many instructions with a fast case make up for one that the interpreter runs. In a program of contracts (`flash_loan`) the interpreter takes 16 machine instructions for one
/// instruction besides the work of the runtime; by the listings of native code it takes about 8 for one with a fast case, and about 40 for a step there and back.
const PRICE_OF_STEP: i64 = 4;

/// So many for entering native code from the interpreter: about 100 machine instructions by the same count.
const PRICE_OF_ENTERING: i64 = 12;

/// And so many for one by which native frames are given up, and native code entered again later: about 85 machine instructions by the same count.
const PRICE_OF_LEAVING: i64 = 10;

/// A loop is taken to go around so often, and no more than this many loops to be within each other.
const TURNS: i64 = 8;
const DEEPEST: usize = 4;

const NUMBERS: u32 = kind_bit(Tag::Int) | kind_bit(Tag::Float);
const SMALL: u32 = NUMBERS | kind_bit(Tag::Bool);
const LIST: u32 = kind_bit(Tag::List);
const STRING: u32 = kind_bit(Tag::String);
const MAP: u32 = kind_bit(Tag::Map);
const RECORD: u32 = kind_bit(Tag::Record);

/// Whether there is no fast case for anything that an instruction was seen to meet. Of one that was not seen anything is possible.
pub(crate) fn is_stepped(code: &RegCode, program: &Program, instruction: RegisterInstruction, seen: &Seen) -> bool {
    use RegisterOp as R;
    // Whether a lane has met one of these kinds, or nothing.
    let met = |lane: usize, kinds: u32| seen.kinds[lane] == 0 || seen.kinds[lane] & kinds != 0;
    // The same of an object, whose fields or methods are found fast if it is no contract. Of several types some may be.
    let is_known = || {
        let number = seen.record.checked_sub(1);
        let facts = number.and_then(|number| program.types.get(number as usize));
        seen.record == MANY_TYPES || facts.is_some_and(|facts| !facts.is_contract)
    };
    let object = |lane: usize, others: u32| met(lane, others) || seen.kinds[lane] & RECORD != 0 && is_known();
    let text = || matches!(code.constants.get(usize::from(instruction.b)), Some(Constant::String(_)));
    match instruction.op() {
        R::NopReg | R::LoadInt | R::LoadReg | R::LoadUnset | R::MovReg | R::PushReg | R::PopReg => false,
        R::LoadVarReg | R::StoreReg | R::LoadCaptureReg | R::LoadCaptureCellReg | R::StoreCaptureCellReg => false,
        R::LoadCellReg | R::StoreCellReg | R::CheckReg | R::IsSetReg | R::NotReg | R::ToBoolReg => false,
        R::MeterReg | R::JumpReg | R::LoopReg | R::JumpIfNotNullReg | R::ReturnReg => false,
        R::JumpIfFalseReg | R::JumpIfTrueReg | R::LoopIfTrueReg => false,
        R::CallFuncConstReg | R::CallNameReg | R::CallTopReg => false,
        R::CountedLoop | R::ForLoopReg | R::ForPrepareReg => false,
        R::ForIterReg | R::ForPairReg => !met(1, LIST),
        R::NegReg => !met(1, NUMBERS),
        R::AddReg | R::SubReg | R::MulReg | R::DivReg | R::ModReg => !(met(1, NUMBERS) && met(2, NUMBERS)),
        R::AddInt | R::SubInt | R::MulInt | R::DivInt | R::ModInt => !met(1, NUMBERS),
        R::AddConst | R::SubConst | R::MulConst | R::DivConst | R::ModConst => !met(1, NUMBERS),
        R::ConstAdd | R::ConstSub | R::ConstMul | R::ConstDiv => !met(2, NUMBERS),
        R::EqReg | R::NeqReg => !(met(1, SMALL) && met(2, SMALL)),
        R::LtReg | R::GtReg | R::LteReg | R::GteReg => !(met(1, NUMBERS) && met(2, NUMBERS)),
        R::JumpEq | R::JumpNeq => !(met(0, SMALL) && met(1, SMALL)),
        R::JumpLt
        | R::JumpNotLt
        | R::JumpGt
        | R::JumpNotGt
        | R::JumpLte
        | R::JumpNotLte
        | R::JumpGte
        | R::JumpNotGte => !(met(0, NUMBERS) && met(1, NUMBERS)),
        R::JumpEqInt | R::JumpNeqInt => !met(0, SMALL),
        R::JumpLtInt | R::JumpNotLtInt | R::JumpGtInt | R::JumpNotGtInt => !met(0, NUMBERS),
        R::JumpLteInt | R::JumpNotLteInt | R::JumpGteInt | R::JumpNotGteInt => !met(0, NUMBERS),
        R::JumpEqConst | R::JumpNeqConst => !met(0, if text() { STRING } else { SMALL }),
        R::JumpLtConst | R::JumpNotLtConst | R::JumpGtConst | R::JumpNotGtConst => !met(0, NUMBERS),
        R::JumpLteConst | R::JumpNotLteConst | R::JumpGteConst | R::JumpNotGteConst => !met(0, NUMBERS),
        R::IndexReg => !met(1, LIST | STRING | MAP),
        R::SetIndexReg => !met(0, LIST | MAP),
        R::GetLengthReg => !met(1, LIST | STRING),
        R::GetAttrReg => !object(1, MAP),
        R::SetAttrReg => !object(0, MAP),
        // Where many types are met the interpreter finds the method, but it is called by native code.
        R::CallMethodReg => {
            let is_push = code.names.get(usize::from(instruction.b)).is_some_and(|name| &**name == "push");
            !object(0, if is_push { LIST } else { 0 })
        }
        R::CallBuiltinReg => {
            let builtin = code.builtins.get(usize::from(instruction.b));
            !builtin.is_some_and(|name| matches!(&**name, "max" | "min" | "abs" | "sqrt" | "int" | "float"))
        }
        R::NewRecordReg => record_shape(program, instruction).is_none(),
        _ => true,
    }
}

/// How many fields the record has that an instruction makes, and in the lowest bit whether it cannot be changed, if it is one that native code makes: all its fields are given, and it is no larger than the
/// heap's cells.
pub(crate) fn record_shape(program: &Program, instruction: RegisterInstruction) -> Option<u32> {
    if instruction.op() != RegisterOp::NewRecordReg {
        return None;
    }
    let facts = program.types.get(usize::from(instruction.b))?;
    let count = facts.defaults.len();
    let is_made = !facts.is_contract
        && count == usize::from(instruction.c)
        && Heap::cell_of(Record::FIELDS_OFFSET + count * size_of::<Value>()).is_some();
    is_made.then(|| (count as u32) << 1 | u32::from(facts.is_data))
}

/// What compiling a function is likely to gain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gain {
    /// Instructions that have run.
    pub(crate) run: usize,
    /// Those of them that the interpreter would run in any case.
    pub(crate) stepped: usize,
    /// By how much those with a fast case outweigh the others.
    pub(crate) balance: i64,
    /// Whether it is worth it to enter the function's native code where the interpreter calls it, and not only where native code does. What calls further functions is entered at any price:
    /// what happens there may be worth more.
    pub(crate) is_worth_entering: bool,
    /// Whether native frames are given up on every way through the function, those of its callers too.
    pub(crate) leaves: bool,
}

/// Estimates what compiling a function gains from what its instructions have met; of the loop alone whose iterations begin at `around`, if code is to be made of that.
///
/// Native frames do not outlast a call of what has no native code: the interpreter runs it, and native code is entered again where the call returns to. `leaves` says of an instruction and
/// what it has met whether it is such a call.
pub(crate) fn of_function(
    code: &RegCode,
    program: &Program,
    function: u32,
    seen: &[Seen],
    around: Option<u32>,
    leaves: impl Fn(RegisterInstruction, &Seen) -> bool,
) -> Gain {
    let function = &code.functions[function as usize];
    let instructions = &function.code;
    let length = instructions.len();
    let mut nesting = vec![0_i32; length + 1];
    let mut region = 0..length;
    for (pc, instruction) in (0_u32..).zip(instructions) {
        if let Some(jump) = instruction.jump(pc).filter(|jump| jump.target <= pc) {
            nesting[jump.target as usize] += 1;
            nesting[pc as usize + 1] -= 1;
            if around == Some(jump.target) {
                region = jump.target as usize..pc as usize + 1;
            }
        }
    }
    let guards = function.guards();
    // For each instruction whether native frames were given up on every way there, as far as ways are known yet.
    let mut left: Vec<Option<bool>> = vec![None; length];
    let come = |left: &mut [Option<bool>], pc: usize, has_left: bool| {
        if let Some(place) = left.get_mut(pc) {
            *place = Some(place.unwrap_or(true) && has_left);
        }
    };
    let mut gain = Gain { run: 0, stepped: 0, balance: 0, is_worth_entering: false, leaves: true };
    let (mut returns, mut calls) = (false, false);
    let (mut loops, mut has_run) = (0_i32, true);
    for (pc, (instruction, seen)) in instructions.iter().zip(seen).enumerate() {
        let op = instruction.op();
        loops += nesting[pc];
        let mut has_left = left[pc].unwrap_or(false);
        // Of an instruction that reads nothing it is not known whether it has run: it is taken to have if the one before has.
        if op.facts().lanes.iter().any(|lane| matches!(lane, Lane::Use | Lane::UseDef)) {
            has_run = *seen != Seen::default();
        }
        if has_run && region.contains(&pc) {
            let weight = TURNS.pow((loops.max(0) as usize).min(DEEPEST) as u32);
            gain.run += 1;
            calls |= matches!(
                op,
                RegisterOp::CallFuncConstReg
                    | RegisterOp::CallNameReg
                    | RegisterOp::CallTopReg
                    | RegisterOp::CallMethodReg
            );
            if leaves(*instruction, seen) {
                gain.stepped += 1;
                gain.balance -= PRICE_OF_LEAVING * weight;
                has_left = true;
            } else if is_stepped(code, program, *instruction, seen) {
                gain.stepped += 1;
                gain.balance -= PRICE_OF_STEP * weight;
            } else {
                gain.balance += weight;
            }
            if op == RegisterOp::ReturnReg {
                returns = true;
                gain.leaves &= has_left;
            }
        }
        if let Some(jump) = instruction.jump(pc as u32).filter(|jump| jump.target as usize > pc) {
            come(&mut left, jump.target as usize, has_left);
        }
        if let Some(handler) = guards[pc] {
            come(&mut left, function.handlers[handler as usize].target as usize, has_left);
        }
        if op.skips() {
            come(&mut left, pc + 2, has_left);
        }
        if !op.ends_block() {
            come(&mut left, pc + 1, has_left);
        }
    }
    gain.leaves &= returns;
    gain.is_worth_entering = calls || gain.balance >= PRICE_OF_ENTERING || nesting.iter().any(|&change| change > 0);
    gain
}
