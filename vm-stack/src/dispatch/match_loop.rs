//! `loop { match opcode }`: the portable technique, and the one that needs nothing from the compiler but a jump table.
//!
//! As it stands, all instructions are dispatched by one indirect jump. LLVM can copy that jump to the end of every handler, which gives
//! threaded code from the same source: `-C llvm-args=-tail-dup-size=20` asks for it (by default only what is written with computed
//! gotos gets it). A single jump has to be predicted from history alone, and in short loops whether that succeeds hangs on where the
//! handlers happen to lie: on Zen 4 the loop of `examples/kernels/sum.stack` took 12 to 31 ns an iteration in builds that differed only
//! in alignment and in the order of two stores, and 11 to 15 ns with a jump for each handler.

use runtime::probe::Probe;

use crate::handlers::table::for_each_handler;
use crate::handlers::table::names::*;
use crate::machine::{Flow, Machine, Slow, Step};
use crate::operation::Operation;

/// What a row's handler makes of the registers.
macro_rules! handle {
    (plain $($path:ident)::+ [$($generic:tt)*], $fuel:ident, $registers:ident, $machine:ident, $word:ident) => {
        $($path)::+::<$($generic)*>(&mut $registers, $machine, $word)
    };
    (fuel $($path:ident)::+ [$($generic:tt)*], $fuel:ident, $registers:ident, $machine:ident, $word:ident) => {
        $($path)::+::<$fuel, $($generic)*>(&mut $registers, $machine, $word)
    };
}

macro_rules! handle_all {
    (
        $fuel:ident, $registers:ident, $machine:ident, $word:ident;
        { $($name:ident $kind:ident $($path:ident)::+;)* }
        $($fused:ident $text:literal [$($part:ident)+] $fused_kind:ident $($fused_path:ident)::+ [$($generic:tt)*];)*
    ) => {
        match $word.operation() {
            $(Operation::$name => handle!($kind $($path)::+ [], $fuel, $registers, $machine, $word),)*
            $(Operation::$fused => handle!($fused_kind $($fused_path)::+ [$($generic)*], $fuel, $registers, $machine, $word),)*
        }
    };
}

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
            // SAFETY: control has reached this instruction of verified code.
            match unsafe { for_each_handler!(handle_all FUEL, registers, machine, word;) } {
                Step::Next => continue 'fast,
                Step::Slow(slow) => break 'fast slow,
            }
        };
        machine.registers = registers;
        // SAFETY: the handler of this instruction asked for it.
        if unsafe { slow(machine) } == Flow::Leave {
            return;
        }
    }
}
