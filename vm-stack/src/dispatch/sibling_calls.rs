//! Each handler is a function that ends by calling the next one's.
//!
//! A call in tail position whose arguments fit in registers is compiled to a jump (a sibling call), so handlers run one after the other in one native
//! frame, with the machine's registers in the processor registers that pass arguments. Every handler ends in an indirect jump of its own, which
//! the processor predicts from what followed that handler before; in one loop around one `match` all share a single jump.
//!
//! Rust does not promise sibling calls. LLVM makes them when it optimises (from level 2 on) and nothing is left to be dropped, which is how
//! handlers are written; if one were missed, a long loop would use up the native stack. Hence this is a feature of the build; a test runs
//! long loops on a small stack.

use crate::handlers::table::for_each_handler;
use crate::handlers::table::names::*;
use crate::link::Word;
use crate::machine::{Flow, Machine, Registers, Slow, Step};
use crate::operation::Operation;
use crate::slot::Slot;

/// A handler: runs the instruction at the program counter and everything after it. The arguments behind the machine are the registers.
type Handler = unsafe fn(&mut Machine<'_>, *const Word, Slot, Slot);

/// Handlers by opcode, for runs that count fuel or do not.
struct Handlers<const FUEL: bool>;

impl<const FUEL: bool> Handlers<FUEL> {
    const TABLE: [Handler; Operation::COUNT] = table::<FUEL>();
}

/// Runs the instruction behind the one at the program counter, and everything after it.
///
/// # Safety
/// Control has reached that instruction of verified code.
#[inline(always)]
unsafe fn go<const FUEL: bool>(machine: &mut Machine<'_>, registers: Registers) {
    // SAFETY: the caller's promise; there is a handler for each operation.
    unsafe {
        let pc = registers.pc.add(1);
        let handler = *const { &Handlers::<FUEL>::TABLE }.get_unchecked(usize::from((*pc).opcode()));
        handler(machine, pc, registers.sp, registers.base);
    }
}

/// Runs an instruction's slow path and goes on after it, unless that ends the run. A function of its own, called in tail position, so that
/// handlers need no native frame.
///
/// # Safety
/// As for [`Slow`].
#[cold]
#[inline(never)]
unsafe fn go_on_after<const FUEL: bool>(machine: &mut Machine<'_>, pc: *const Word, sp: Slot, base: Slot, slow: Slow) {
    machine.registers = Registers { pc, sp, base };
    // SAFETY: the caller's promise.
    unsafe {
        if slow(machine) != Flow::Leave {
            go::<FUEL>(machine, machine.registers);
        }
    }
}

/// The function of a row.
macro_rules! handler {
    ($kind:ident $($path:ident)::+ [$($generic:tt)*], $fuel:ident) => {{
        /// # Safety
        /// [The contract](crate::handlers).
        unsafe fn handle<const FUEL: bool>(machine: &mut Machine<'_>, pc: *const Word, sp: Slot, base: Slot) {
            let mut registers = Registers { pc, sp, base };
            // SAFETY: the caller's promise.
            unsafe {
                match step!($kind $($path)::+ [$($generic)*], FUEL)(&mut registers, machine, *pc) {
                    Step::Next => go::<FUEL>(machine, registers),
                    Step::Slow(slow) => go_on_after::<FUEL>(machine, registers.pc, registers.sp, registers.base, slow),
                }
            }
        }
        handle::<$fuel>
    }};
}

macro_rules! step {
    (plain $($path:ident)::+ [$($generic:tt)*], $fuel:ident) => { $($path)::+::<$($generic)*> };
    (fuel $($path:ident)::+ [$($generic:tt)*], $fuel:ident) => { $($path)::+::<$fuel, $($generic)*> };
}

macro_rules! all_handlers {
    (
        $fuel:ident;
        { $($name:ident $kind:ident $($path:ident)::+;)* }
        $($fused:ident $text:literal [$($part:ident)+] $fused_kind:ident $($fused_path:ident)::+ [$($generic:tt)*];)*
    ) => {{
        let mut table: [Option<Handler>; Operation::COUNT] = [None; Operation::COUNT];
        $(table[Operation::$name as usize] = Some(handler!($kind $($path)::+ [], $fuel));)*
        $(table[Operation::$fused as usize] = Some(handler!($fused_kind $($fused_path)::+ [$($generic)*], $fuel));)*
        table
    }};
}

/// Every operation's handler; one without does not compile.
const fn table<const FUEL: bool>() -> [Handler; Operation::COUNT] {
    let handlers = for_each_handler!(all_handlers FUEL;);
    let mut table: [Handler; Operation::COUNT] = [missing; Operation::COUNT];
    let mut opcode = 0;
    while opcode < Operation::COUNT {
        table[opcode] = handlers[opcode].expect("every operation has a row");
        opcode += 1;
    }
    table
}

/// Stands in the table until it is filled.
///
/// # Safety
/// None needed.
unsafe fn missing(_machine: &mut Machine<'_>, _pc: *const Word, _sp: Slot, _base: Slot) {}

/// Runs until the machine leaves. `FUEL` says whether the run counts fuel; a run that does not contains no trace of it.
///
/// # Safety
/// The machine stands at an instruction of verified code.
pub(crate) unsafe fn run<const FUEL: bool>(machine: &mut Machine<'_>) {
    // SAFETY: the caller's promise.
    unsafe { go::<FUEL>(machine, machine.registers) }
}
