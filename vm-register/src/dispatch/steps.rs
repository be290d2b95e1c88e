//! Each handler as a function that runs one instruction and returns.
//!
//! This is no way to run programs. Native code calls such a function for whatever it does not do itself, and counted instructions of programs that are
//! about to get native code are run this way. What an instruction means is thus written once for all tiers.

use super::Returning;
use crate::code::{Operation, State};
use crate::handlers::table::for_each_handler;
use crate::handlers::table::names::*;
use crate::machine::Machine;
use crate::native::{Position, Step};

macro_rules! step {
    (inline $($path:ident)::+ [$($generic:tt)*], $fuel:ident) => {{
        /// # Safety
        /// See [`Step`].
        unsafe extern "C" fn step<const FUEL: bool>(
            machine: *mut Machine<'_>,
            pc: *const crate::code::Word,
            base: *mut runtime::Value,
        ) -> Position {
            // SAFETY: the caller's promise.
            unsafe {
                let instruction = State { pc, base }.fetch();
                Position::from($($path)::+::<Returning<FUEL>, $($generic)*>(&mut *machine, instruction))
            }
        }
        step::<$fuel>
    }};
    (outline $($path:ident)::+, $fuel:ident) => {{
        /// # Safety
        /// See [`Step`].
        unsafe extern "C" fn step(
            machine: *mut Machine<'_>,
            pc: *const crate::code::Word,
            base: *mut runtime::Value,
        ) -> Position {
            // SAFETY: the caller's promise.
            unsafe { Position::from($($path)::+(&mut *machine, State { pc, base })) }
        }
        step
    }};
}

macro_rules! all_steps {
    (
        $fuel:ident;
        { $($name:ident $kind:ident $($path:ident)::+ $([$($generic:tt)*])?;)* }
        { $($cached:ident of $base:ident lane $lane:ident $($cached_path:ident)::+ [$($last:tt)*] else [$($plain:tt)*];)* }
        $($pair:ident of $first:ident $($first_path:ident)::+ [$($first_generic:tt)*]
            then $second:ident $($second_path:ident)::+ [$($second_generic:tt)*];)*
    ) => {{
        let mut table: [Step; Operation::COUNT] = [halt; Operation::COUNT];
        $(table[Operation::$name as usize] = step!($kind $($path)::+ $([$($generic)*])?, $fuel);)*
        // Nothing is at hand here, and pairs run one by one.
        $(table[Operation::$cached as usize] = table[Operation::$base as usize];)*
        $(table[Operation::$pair as usize] = table[Operation::$first as usize];)*
        table
    }};
}

const fn table<const FUEL: bool>() -> [Step; Operation::COUNT] {
    for_each_handler!(all_steps FUEL;)
}

/// Steps by opcode, of runs that count fuel and of others.
pub(crate) static STEPS: [[Step; Operation::COUNT]; 2] = [table::<false>(), table::<true>()];

/// The end of a run, where nobody steps.
unsafe extern "C" fn halt(
    _machine: *mut Machine<'_>,
    pc: *const crate::code::Word,
    base: *mut runtime::Value,
) -> Position {
    Position { pc: pc.cast(), base }
}
