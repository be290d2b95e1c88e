//! What each operation does: a handler apiece, shared by every dispatch technique.
//!
//! A handler is an inlined function that does the frequent case on the [registers](Registers) and ends with [`Step::Next`]. Everything
//! else it leaves to a slow path by ending with [`Step::Slow`]: the loop stores the registers, calls it, and loads them again. So a fast
//! path contains no call, and no handler pays for what rarely happens.
//!
//! # The contract
//!
//! Handlers and slow paths run only for an instruction of verified code, when control has reached it. They may rely on this:
//!
//! - The program counter is at the instruction; what its operand names exists; its jump target, and the instruction it may skip, are inside
//!   the function too. *(The verifier.)*
//! - The operand stack holds as many values as the instruction takes, and there is room for what it leaves. *(The verifier knows the depth
//!   at every instruction; a call checks that the value stack has room for the deepest.)*
//! - Locals, constants, globals, captured variables and everything below `sp` are initialised values. *(Calls set every local;
//!   slots are written before `sp` moves past them.)*
//! - The running frame's closure, if the function captures variables, is one of that function. *(The verifier: such functions are
//!   called through closures only.)*
//! - A tag says what the payload is; an index in a payload is one of this program's; an object that a value points to is alive. *(The
//!   runtime. Collections see everything below `sp`, which is all that is live between two instructions.)*
//!
//! In return they keep it: what they write below `sp` are values, `sp` ends where the table says, and no reference to a heap object is
//! held across a call into the runtime that may change the object.
//!
//! The macros below write the signatures, so that a handler is its name, its meaning and its code.

pub(crate) mod access;
pub(crate) mod arithmetic;
pub(crate) mod calls;
pub(crate) mod chain;
pub(crate) mod collections;
pub(crate) mod compare;
pub(crate) mod control;
pub(crate) mod fused;
pub(crate) mod table;
pub(crate) mod tasks;
pub(crate) mod variables;

/// Handlers: fast paths.
macro_rules! handlers {
    ($(
        $(#[$meta:meta])*
        fn $name:ident $([const $generic:ident: bool])? ($registers:pat, $machine:pat, $word:pat) $body:block
    )*) => {$(
        $(#[$meta])*
        ///
        /// # Safety
        /// [The contract](crate::handlers).
        #[inline(always)]
        #[allow(unused_unsafe)]
        pub(crate) unsafe fn $name $(<const $generic: bool>)? (
            $registers: &mut $crate::machine::Registers,
            $machine: &mut $crate::machine::Machine<'_>,
            $word: $crate::link::Word,
        ) -> $crate::machine::Step {
            // SAFETY: the contract is what the code was written for.
            unsafe { $body }
        }
    )*};
}
use handlers;

/// Slow paths.
macro_rules! slow_paths {
    ($(
        $(#[$meta:meta])*
        fn $name:ident ($machine:ident) $body:block
    )*) => {$(
        $(#[$meta])*
        ///
        /// # Safety
        /// [The contract](crate::handlers), for the instruction that [`Machine::word`](crate::machine::Machine::word) gives.
        #[inline(never)]
        #[allow(unused_unsafe)]
        unsafe fn $name($machine: &mut $crate::machine::Machine<'_>) -> $crate::machine::Flow {
            // SAFETY: the contract is what the code was written for.
            unsafe { $body }
        }
    )*};
}
use slow_paths;
