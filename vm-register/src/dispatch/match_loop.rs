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

use super::Returning;
use crate::code::{Operation, State};
use crate::handlers::table::for_each_handler;
use crate::handlers::table::names::*;
use crate::machine::Machine;

/// The new state after an instruction.
macro_rules! handle {
    (inline $($path:ident)::+ [$($generic:tt)*], $fuel:ident, $m:ident, $state:ident, $i:ident) => {
        $($path)::+::<Returning<$fuel>, $($generic)*>($m, $i)
    };
    (outline $($path:ident)::+, $fuel:ident, $m:ident, $state:ident, $i:ident) => {
        $($path)::+($m, $state)
    };
}

macro_rules! handle_all {
    (
        $operation:ident, $fuel:ident, $m:ident, $state:ident, $i:ident;
        { $($name:ident $kind:ident $($path:ident)::+ $([$($generic:tt)*])?;)* }
        { $($cached:ident of $base:ident lane $lane:ident $($cached_path:ident)::+ [$($last:tt)*] else [$($plain:tt)*];)* }
        $($pair:ident of $first:ident $($first_path:ident)::+ [$($first_generic:tt)*]
            then $second:ident $($second_path:ident)::+ [$($second_generic:tt)*];)*
    ) => {
        match $operation {
            $(Operation::$name => handle!($kind $($path)::+ $([$($generic)*])?, $fuel, $m, $state, $i),)*
            // Results are not handed on here, but they are in their registers.
            $(Operation::$cached => handle!(inline $($cached_path)::+ [$($plain)*], $fuel, $m, $state, $i),)*
            Operation::Halt => return $state,
            // Pairs are taken apart before, where there can be any.
            $(Operation::$pair => std::hint::unreachable_unchecked(),)*
        }
    };
}

/// Runs from `state` to the halt instruction; gives the frame base there. Instructions that were linked in pairs run one by one.
///
/// # Safety
/// `state` is at the beginning of the entry function's verified code, in its frame, which is the only one. Unless `PAIRED`, no instructions were
/// linked in pairs.
pub(crate) unsafe fn run<P: Probe, const FUEL: bool, const PAIRED: bool>(
    m: &mut Machine<'_>,
    mut state: State,
    probe: &mut P,
) -> State {
    loop {
        // SAFETY: the caller's promise at first; from then on handlers, which verified code hands only to instructions they are for, say
        // where to go on: at an instruction of the running frame's function, or at the halt instruction.
        unsafe {
            let i = state.fetch();
            let operation = if PAIRED { state.operation().alone() } else { state.operation() };
            if P::ENABLED {
                m.tell(probe, state, operation);
            }
            state = for_each_handler!(handle_all operation, FUEL, m, state, i;);
        }
    }
}
