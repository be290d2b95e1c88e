//! One loop, one `match`: the portable technique.
//!
//! The compiler turns the match into a table of addresses and each handler into a piece of the one loop, with program counter, frame base
//! and machine in processor registers throughout. It needs nothing of the optimiser to be correct, so it is what debug builds and
//! Miri run, and what other techniques are held against.
//!
//! # What was tried
//!
//! Machine instructions (callgrind) and nanoseconds (least of many runs, Zen 4) for an iteration of `kernels sum`, which is
//! `MUL_INT, ADD_REG, ADD_INT, JUMP_LT`; each line on top of the one before unless it says otherwise. `cargo run --release -p vm-register --example
//! kernels` runs the loop.
//!
//! | | instructions | ns |
//! | --- | --- | --- |
//! | family's words, lanes by shift and mask | 93 | 7.1 |
//! | lanes loaded from memory one by one: a store in the handler makes the compiler load them again; not kept | 117 | 6.8 |
//! | lanes in another order, registers doubled (`Word`), opcode taken out of the word | 97 | 8.2 |
//! | opcode loaded by itself (`State::operation`) | 89 | 5.2 |
//! | a register is base and scaled index, not a sum of both (`Slot`) | 84 | |
//! | tags read again on the path of floats (`Slot::tag_again`) | 74 | 5.0 |
//! | LLVM copies the dispatch into each handler (`-Cllvm-args=-tail-dup-pred-size=1000 -Cllvm-args=-tail-dup-succ-size=1000`); not the default | 70 | 4.3 |

use runtime::probe::Probe;

use super::{Outline, Technique};
use crate::code::{A, B, C, Operation, State};
use crate::handlers::arithmetic::{self, Add, Divide, Modulo, Multiply, Subtract};
use crate::handlers::compare::{self, Equal, Greater, GreaterOrEqual, Less, LessOrEqual, Not};
use crate::handlers::operand::{I, K, R};
use crate::handlers::{access, branch, build, calls, data, loops};
use crate::machine::Machine;

/// Handlers return to the loop.
struct MatchLoop<const FUEL: bool>;

impl<const FUEL: bool> Technique for MatchLoop<FUEL> {
    type Out = State;

    const FUEL: bool = FUEL;

    #[inline(always)]
    fn go(_machine: &mut Machine<'_>, state: State) -> State {
        state
    }

    #[inline(always)]
    unsafe fn outline(machine: &mut Machine<'_>, state: State, outline: Outline) -> State {
        // SAFETY: the caller's promise.
        unsafe { outline(machine, state) }
    }
}

/// Runs from `state` to the halt instruction; gives the frame base there.
///
/// # Safety
/// `state` is at the beginning of the entry function's verified code, in its frame, which is the only one.
pub(crate) unsafe fn run<P: Probe, const FUEL: bool>(m: &mut Machine<'_>, mut state: State, probe: &mut P) -> State {
    type T<const FUEL: bool> = MatchLoop<FUEL>;
    loop {
        // SAFETY: the caller's promise at first; from then on handlers, which verified code hands only to instructions they are for, say
        // where to go on: at an instruction of the running frame's function, or at the halt instruction.
        unsafe {
            let i = state.fetch();
            let operation = state.operation();
            if P::ENABLED {
                m.tell(probe, state, operation);
            }
            state = match operation {
                Operation::LoadReg => data::load_constant::<T<FUEL>>(m, i),
                Operation::LoadVarReg => data::load_global::<T<FUEL>>(m, i),
                Operation::StoreReg => data::store_global::<T<FUEL>>(m, i),
                Operation::MovReg | Operation::LoadSpill => data::copy::<T<FUEL>>(m, i),
                Operation::StoreSpill => data::spill::<T<FUEL>>(m, i),
                Operation::LoadInt => data::load_int::<T<FUEL>>(m, i),
                Operation::LoadUnset => data::load_unset::<T<FUEL>>(m, i),
                Operation::StoreFuncReg => data::store_function(m, state),
                Operation::CheckReg => data::check::<T<FUEL>>(m, i),
                Operation::MakeCellReg => data::make_cell(m, state),
                Operation::LoadCellReg => data::load_cell::<T<FUEL>>(m, i),
                Operation::StoreCellReg => data::store_cell::<T<FUEL>>(m, i),
                Operation::LoadCaptureReg => data::load_capture::<T<FUEL>>(m, i),
                Operation::LoadCaptureCellReg => data::load_capture_cell::<T<FUEL>>(m, i),
                Operation::StoreCaptureCellReg => data::store_capture_cell::<T<FUEL>>(m, i),
                Operation::SetCapture => data::set_capture(m, state),
                Operation::MakeFunctionReg => data::make_function(m, state),
                Operation::NopReg => i.next(),

                Operation::AddReg => arithmetic::binary::<T<FUEL>, Add, R<B>, R<C>>(m, i),
                Operation::SubReg => arithmetic::binary::<T<FUEL>, Subtract, R<B>, R<C>>(m, i),
                Operation::MulReg => arithmetic::binary::<T<FUEL>, Multiply, R<B>, R<C>>(m, i),
                Operation::DivReg => arithmetic::binary::<T<FUEL>, Divide, R<B>, R<C>>(m, i),
                Operation::ModReg => arithmetic::binary::<T<FUEL>, Modulo, R<B>, R<C>>(m, i),
                Operation::AddInt => arithmetic::binary::<T<FUEL>, Add, R<B>, I<C>>(m, i),
                Operation::SubInt => arithmetic::binary::<T<FUEL>, Subtract, R<B>, I<C>>(m, i),
                Operation::MulInt => arithmetic::binary::<T<FUEL>, Multiply, R<B>, I<C>>(m, i),
                Operation::DivInt => arithmetic::binary::<T<FUEL>, Divide, R<B>, I<C>>(m, i),
                Operation::ModInt => arithmetic::binary::<T<FUEL>, Modulo, R<B>, I<C>>(m, i),
                Operation::AddConst => arithmetic::binary::<T<FUEL>, Add, R<B>, K<C>>(m, i),
                Operation::SubConst => arithmetic::binary::<T<FUEL>, Subtract, R<B>, K<C>>(m, i),
                Operation::MulConst => arithmetic::binary::<T<FUEL>, Multiply, R<B>, K<C>>(m, i),
                Operation::DivConst => arithmetic::binary::<T<FUEL>, Divide, R<B>, K<C>>(m, i),
                Operation::ModConst => arithmetic::binary::<T<FUEL>, Modulo, R<B>, K<C>>(m, i),
                Operation::ConstAdd => arithmetic::binary::<T<FUEL>, Add, K<B>, R<C>>(m, i),
                Operation::ConstSub => arithmetic::binary::<T<FUEL>, Subtract, K<B>, R<C>>(m, i),
                Operation::ConstMul => arithmetic::binary::<T<FUEL>, Multiply, K<B>, R<C>>(m, i),
                Operation::ConstDiv => arithmetic::binary::<T<FUEL>, Divide, K<B>, R<C>>(m, i),
                Operation::PowReg => arithmetic::power(m, state),
                Operation::NegReg => arithmetic::negate::<T<FUEL>>(m, i),

                Operation::EqReg => compare::compare::<T<FUEL>, Equal, R<B>, R<C>>(m, i),
                Operation::NeqReg => compare::compare::<T<FUEL>, Not<Equal>, R<B>, R<C>>(m, i),
                Operation::LtReg => compare::compare::<T<FUEL>, Less, R<B>, R<C>>(m, i),
                Operation::GtReg => compare::compare::<T<FUEL>, Greater, R<B>, R<C>>(m, i),
                Operation::LteReg => compare::compare::<T<FUEL>, LessOrEqual, R<B>, R<C>>(m, i),
                Operation::GteReg => compare::compare::<T<FUEL>, GreaterOrEqual, R<B>, R<C>>(m, i),
                Operation::AndReg => compare::and(m, state),
                Operation::OrReg => compare::or(m, state),
                Operation::NotReg => compare::truth::<T<FUEL>, false>(m, i),
                Operation::ToBoolReg => compare::truth::<T<FUEL>, true>(m, i),
                Operation::InReg => compare::contains(m, state),
                Operation::IsSetReg => compare::is_set::<T<FUEL>>(m, i),
                Operation::IsInstanceReg => compare::is_instance(m, state),

                Operation::JumpEq => branch::compare::<T<FUEL>, Equal, R<A>, R<B>>(m, i),
                Operation::JumpNeq => branch::compare::<T<FUEL>, Not<Equal>, R<A>, R<B>>(m, i),
                Operation::JumpLt => branch::compare::<T<FUEL>, Less, R<A>, R<B>>(m, i),
                Operation::JumpNotLt => branch::compare::<T<FUEL>, Not<Less>, R<A>, R<B>>(m, i),
                Operation::JumpGt => branch::compare::<T<FUEL>, Greater, R<A>, R<B>>(m, i),
                Operation::JumpNotGt => branch::compare::<T<FUEL>, Not<Greater>, R<A>, R<B>>(m, i),
                Operation::JumpLte => branch::compare::<T<FUEL>, LessOrEqual, R<A>, R<B>>(m, i),
                Operation::JumpNotLte => branch::compare::<T<FUEL>, Not<LessOrEqual>, R<A>, R<B>>(m, i),
                Operation::JumpGte => branch::compare::<T<FUEL>, GreaterOrEqual, R<A>, R<B>>(m, i),
                Operation::JumpNotGte => branch::compare::<T<FUEL>, Not<GreaterOrEqual>, R<A>, R<B>>(m, i),
                Operation::JumpEqInt => branch::compare::<T<FUEL>, Equal, R<A>, I<B>>(m, i),
                Operation::JumpNeqInt => branch::compare::<T<FUEL>, Not<Equal>, R<A>, I<B>>(m, i),
                Operation::JumpLtInt => branch::compare::<T<FUEL>, Less, R<A>, I<B>>(m, i),
                Operation::JumpNotLtInt => branch::compare::<T<FUEL>, Not<Less>, R<A>, I<B>>(m, i),
                Operation::JumpGtInt => branch::compare::<T<FUEL>, Greater, R<A>, I<B>>(m, i),
                Operation::JumpNotGtInt => branch::compare::<T<FUEL>, Not<Greater>, R<A>, I<B>>(m, i),
                Operation::JumpLteInt => branch::compare::<T<FUEL>, LessOrEqual, R<A>, I<B>>(m, i),
                Operation::JumpNotLteInt => branch::compare::<T<FUEL>, Not<LessOrEqual>, R<A>, I<B>>(m, i),
                Operation::JumpGteInt => branch::compare::<T<FUEL>, GreaterOrEqual, R<A>, I<B>>(m, i),
                Operation::JumpNotGteInt => branch::compare::<T<FUEL>, Not<GreaterOrEqual>, R<A>, I<B>>(m, i),
                Operation::JumpEqConst => branch::compare::<T<FUEL>, Equal, R<A>, K<B>>(m, i),
                Operation::JumpNeqConst => branch::compare::<T<FUEL>, Not<Equal>, R<A>, K<B>>(m, i),
                Operation::JumpLtConst => branch::compare::<T<FUEL>, Less, R<A>, K<B>>(m, i),
                Operation::JumpNotLtConst => branch::compare::<T<FUEL>, Not<Less>, R<A>, K<B>>(m, i),
                Operation::JumpGtConst => branch::compare::<T<FUEL>, Greater, R<A>, K<B>>(m, i),
                Operation::JumpNotGtConst => branch::compare::<T<FUEL>, Not<Greater>, R<A>, K<B>>(m, i),
                Operation::JumpLteConst => branch::compare::<T<FUEL>, LessOrEqual, R<A>, K<B>>(m, i),
                Operation::JumpNotLteConst => branch::compare::<T<FUEL>, Not<LessOrEqual>, R<A>, K<B>>(m, i),
                Operation::JumpGteConst => branch::compare::<T<FUEL>, GreaterOrEqual, R<A>, K<B>>(m, i),
                Operation::JumpNotGteConst => branch::compare::<T<FUEL>, Not<GreaterOrEqual>, R<A>, K<B>>(m, i),
                Operation::JumpReg => branch::jump::<T<FUEL>>(m, i),
                Operation::JumpIfFalseReg => branch::truth::<T<FUEL>, false>(m, i),
                Operation::JumpIfTrueReg | Operation::LoopIfTrueReg => branch::truth::<T<FUEL>, true>(m, i),
                Operation::JumpIfNotNullReg => branch::not_null::<T<FUEL>>(m, i),
                Operation::LoopReg => branch::begin_iteration::<T<FUEL>>(m, i),

                Operation::ForPrepareReg => loops::for_prepare(m, state),
                Operation::ForLoopReg => loops::for_loop::<T<FUEL>>(m, i),
                Operation::CountedLoop => loops::counted_loop::<T<FUEL>>(m, i),
                Operation::RangeBoundReg => loops::range_bound(m, state),
                Operation::IterPrepareReg => loops::iter_prepare(m, state),
                Operation::ForIterReg => loops::for_iter::<T<FUEL>, false>(m, i),
                Operation::ForPairReg => loops::for_iter::<T<FUEL>, true>(m, i),
                Operation::IterValueReg => loops::iter_value(m, state),

                Operation::IndexReg => access::index::<T<FUEL>>(m, i),
                Operation::SetIndexReg => access::set_index::<T<FUEL>>(m, i),
                Operation::SliceReg => access::slice(m, state),
                Operation::GetLengthReg => access::length::<T<FUEL>>(m, i),
                Operation::GetAttrReg => access::get_attribute::<T<FUEL>>(m, i),
                Operation::SetAttrReg => access::set_attribute::<T<FUEL>>(m, i),

                Operation::BuildListReg => build::list(m, state),
                Operation::BuildMapReg => build::map(m, state),
                Operation::BuildSetReg => build::set(m, state),
                Operation::BuildStringReg => build::string(m, state),
                Operation::ListAppendReg => build::append(m, state),
                Operation::NewRecordReg => build::record(m, state),

                Operation::CallFuncConstReg => calls::call_function::<T<FUEL>>(m, i),
                Operation::CallNameReg => calls::call_global::<T<FUEL>>(m, i),
                Operation::CallTopReg => calls::call_register::<T<FUEL>>(m, i),
                Operation::CallMethodReg => calls::call_method::<T<FUEL>>(m, i),
                Operation::CallBuiltinReg => calls::call_builtin(m, state),
                Operation::ConstructReg => calls::construct(m, state),
                Operation::ImportReg => calls::import(m, state),
                Operation::ReturnReg => calls::leave::<T<FUEL>>(m, i),
                Operation::ThrowReg => calls::throw(m, state),
                Operation::RequireReg => calls::require(m, state),
                Operation::PrintReg => calls::print(m, state),

                Operation::Halt => return state,
            };
        }
    }
}
