//! `loop { match opcode }`: the portable technique, and the one that needs nothing from the compiler but a jump table.
//!
//! As it stands, all instructions are dispatched by one indirect jump. LLVM can copy that jump to the end of every handler, which gives
//! threaded code from the same source: `-C llvm-args=-tail-dup-size=20` asks for it (by default only what is written with computed
//! gotos gets it). A single jump has to be predicted from history alone, and in short loops whether that succeeds hangs on where the
//! handlers happen to lie: on Zen 4 the loop of `examples/kernels/sum.stack` took 12 to 31 ns an iteration in builds that differed only
//! in alignment and in the order of two stores, and 11 to 15 ns with a jump for each handler.

use isa::StackOp;
use runtime::probe::Probe;

use crate::handlers::{access, arithmetic, calls, collections, compare, control, variables};
use crate::machine::{Flow, Machine, Slow, Step};

/// Runs until the machine leaves. `FUEL` says whether the run counts fuel; a run that does not contains no trace of it.
///
/// # Safety
/// The machine stands at an instruction of verified code.
#[inline(never)]
pub(crate) unsafe fn run<P: Probe, const FUEL: bool>(machine: &mut Machine<'_>, probe: &mut P) {
    loop {
        let mut registers = machine.registers;
        let slow: Slow = 'fast: loop {
            // SAFETY: control never runs off verified code.
            let word = unsafe {
                registers.pc = registers.pc.add(1);
                *registers.pc
            };
            if P::ENABLED {
                // SAFETY: a function is running, and the registers are those of its instruction.
                unsafe { machine.tell(probe, registers, word) };
            }
            macro_rules! handle {
                ($handler:expr) => {
                    // SAFETY: control has reached this instruction of verified code.
                    match unsafe { $handler(&mut registers, machine, word) } {
                        Step::Next => continue 'fast,
                        Step::Slow(slow) => break 'fast slow,
                    }
                };
            }
            match word.op() {
                StackOp::LoadConst => handle!(variables::load_const),
                StackOp::LoadName => handle!(variables::load_name),
                StackOp::StoreName => handle!(variables::store_name),
                StackOp::StoreFunc => handle!(variables::store_func),
                StackOp::Pop => handle!(variables::pop),
                StackOp::Dup => handle!(variables::dup),
                StackOp::LoadLocal => handle!(variables::load_local),
                StackOp::StoreLocal => handle!(variables::store_local),
                StackOp::CheckLocal => handle!(variables::check_local),
                StackOp::Add => handle!(arithmetic::add),
                StackOp::Sub => handle!(arithmetic::sub),
                StackOp::Mul => handle!(arithmetic::mul),
                StackOp::Div => handle!(arithmetic::div),
                StackOp::Mod => handle!(arithmetic::modulo),
                StackOp::Pow => handle!(arithmetic::pow),
                StackOp::Neg => handle!(arithmetic::neg),
                StackOp::MakeCell => handle!(variables::make_cell),
                StackOp::LoadCell => handle!(variables::load_cell),
                StackOp::StoreCell => handle!(variables::store_cell),
                StackOp::Eq => handle!(compare::eq),
                StackOp::Neq => handle!(compare::neq),
                StackOp::Lt => handle!(compare::lt),
                StackOp::Gt => handle!(compare::gt),
                StackOp::Lte => handle!(compare::lte),
                StackOp::Gte => handle!(compare::gte),
                StackOp::In => handle!(compare::contains),
                StackOp::LoadCapture => handle!(variables::load_capture),
                StackOp::LoadCaptureCell => handle!(variables::load_capture_cell),
                StackOp::StoreCaptureCell => handle!(variables::store_capture_cell),
                StackOp::And => handle!(compare::and),
                StackOp::Or => handle!(compare::or),
                StackOp::Not => handle!(compare::not),
                StackOp::ToBool => handle!(compare::to_bool),
                StackOp::IsSet => handle!(variables::is_set),
                StackOp::Unset => handle!(variables::unset),
                StackOp::IsInstance => handle!(compare::is_instance),
                StackOp::RangeBound => handle!(arithmetic::range_bound),
                StackOp::Jump => handle!(control::jump),
                StackOp::JumpIfFalse => handle!(control::jump_if_false),
                StackOp::JumpIfTrue => handle!(control::jump_if_true),
                StackOp::Return => handle!(calls::return_value),
                StackOp::JumpIfNotNull => handle!(control::jump_if_not_null),
                StackOp::Loop => handle!(control::begin_iteration::<FUEL>),
                StackOp::ForPrepare => handle!(control::for_prepare),
                StackOp::ForLoop => handle!(control::for_loop),
                StackOp::IterPrepare => handle!(control::iter_prepare),
                StackOp::LoopIfTrue => handle!(control::begin_iteration_if_true::<FUEL>),
                StackOp::CallName => handle!(calls::call_name::<FUEL>),
                StackOp::CallFuncConst => handle!(calls::call_func_const::<FUEL>),
                StackOp::CallTop => handle!(calls::call_top::<FUEL>),
                StackOp::CallBuiltin => handle!(calls::call_builtin),
                StackOp::CallMethod => handle!(calls::call_method::<FUEL>),
                StackOp::MakeFunction => handle!(variables::make_function),
                StackOp::Construct => handle!(calls::construct),
                StackOp::NewRecord => handle!(collections::new_record),
                StackOp::ListAppend => handle!(collections::list_append),
                StackOp::BuildList => handle!(collections::build_list),
                StackOp::BuildMap => handle!(collections::build_map),
                StackOp::BuildSet => handle!(collections::build_set),
                StackOp::Index => handle!(access::index),
                StackOp::Slice => handle!(access::slice),
                StackOp::GetAttr => handle!(access::get_attr),
                StackOp::SetIndex => handle!(access::set_index),
                StackOp::SetAttr => handle!(access::set_attr),
                StackOp::GetLength => handle!(access::get_length),
                StackOp::BuildString => handle!(collections::build_string),
                StackOp::Import => handle!(calls::import),
                StackOp::Require => handle!(collections::require),
                StackOp::Throw => handle!(control::throw),
                StackOp::ForIter => handle!(control::for_iter),
                StackOp::ForPair => handle!(control::for_pair),
                StackOp::IterValue => handle!(control::iter_value),
                StackOp::Print => handle!(collections::print),
                StackOp::Nop => handle!(variables::nop),
            }
        };
        machine.registers = registers;
        // SAFETY: the handler of this instruction asked for it.
        if unsafe { slow(machine) } == Flow::Leave {
            return;
        }
    }
}
