//! Each handler is a function that ends by calling the next one's.
//!
//! A call in tail position whose arguments fit in processor registers is compiled to a jump (a sibling call), so handlers run one after the
//! other in one native frame, with program counter, frame base and machine in the registers that pass arguments. Every handler ends in an
//! indirect jump of its own, which the processor predicts from what that handler was followed by before. In one loop around one `match` all share
//! a single jump, and how well that is predicted hangs on where handlers happen to lie.
//!
//! # Results at hand
//!
//! Three more arguments carry the result of the instruction before ([`Cached`]). A value that was just stored takes four cycles or more to be loaded
//! again, and a chain of operations on one another's results consists of little else. So where an instruction works on the result of the one before,
//! linking gives it an operation that finds it there; this is what caching the top of the stack is to a stack machine (Ertl, *Stack Caching
//! for Interpreters*, PLDI 1995). The value is in its register of the frame all the same: whoever gets to such an instruction another way,
//! from a function out of line, runs the ordinary operation instead ([`go_on_after`]).
//!
//! # Why this is sound
//!
//! Rust does not promise sibling calls. LLVM makes them when it optimises (from level 2 on) and nothing is left to be dropped, which is how handlers
//! are written; if one were missed, a long loop would use up the native stack. Hence this is a feature of the build, and a test of the
//! engine runs everything on a small stack.

use std::marker::PhantomData;
use std::mem::MaybeUninit;

use runtime::Value;

use super::then::{Run, Then};
use super::{Bounds, Outline, Technique};
use crate::code::{Cached, Instruction, Operation, State, Word};
use crate::handlers::table::for_each_handler;
use crate::handlers::table::names::*;
use crate::machine::Machine;

/// A handler: runs the instruction at the program counter in the frame at the base, and everything after it. Behind these stand the parts of
/// the result of the instruction before.
type Handler =
    unsafe fn(&mut Machine<'_>, *const Word, *mut Value, MaybeUninit<u64>, MaybeUninit<u64>, MaybeUninit<f64>) -> State;

/// Handlers go on in the next one.
struct SiblingCalls<Counted>(PhantomData<Counted>);

impl<Counted: Bounds> SiblingCalls<Counted> {
    /// Handlers by opcode.
    const HANDLERS: [Handler; Operation::COUNT] = table::<Counted>(true);

    /// The same, but no operation relies on the result of the instruction before.
    const UNCACHED: [Handler; Operation::COUNT] = table::<Counted>(false);
}

impl<Counted: Bounds> Technique for SiblingCalls<Counted> {
    type Out = State;

    const FUEL: bool = Counted::FUEL;

    const PAYS_AHEAD: bool = Counted::GAS;

    #[inline(always)]
    fn go(machine: &mut Machine<'_>, state: State) -> State {
        Self::go_with(machine, state, Cached::NOTHING)
    }

    #[inline(always)]
    fn go_with(machine: &mut Machine<'_>, state: State, result: Cached) -> State {
        // SAFETY: handlers hand on states that are at an instruction of the running frame; there is a handler for each operation.
        unsafe {
            let handler = *const { &Self::HANDLERS }.get_unchecked(state.operation() as usize);
            handler(machine, state.pc, state.base, result.tag, result.payload, result.float)
        }
    }

    #[inline(always)]
    unsafe fn outline(machine: &mut Machine<'_>, state: State, outline: Outline) -> State {
        // SAFETY: the caller's promise.
        unsafe { go_on_after::<Counted>(machine, state.pc, state.base, outline) }
    }
}

/// Runs one instruction out of line, then goes on. A function of its own, called in tail position, so that handlers need no native frame.
///
/// # Safety
/// As for [`Outline`].
#[cold]
#[inline(never)]
unsafe fn go_on_after<Counted: Bounds>(
    machine: &mut Machine<'_>,
    pc: *const Word,
    base: *mut Value,
    outline: Outline,
) -> State {
    // SAFETY: the caller's promise.
    unsafe {
        let state = outline(machine, State { pc, base });
        go_uncached::<Counted>(machine, state)
    }
}

/// Goes on at `state` without a result at hand.
///
/// # Safety
/// The state is at an instruction of the running frame.
#[inline(always)]
unsafe fn go_uncached<Counted: Bounds>(machine: &mut Machine<'_>, state: State) -> State {
    // SAFETY: the caller's promise.
    unsafe {
        let handler = *const { &SiblingCalls::<Counted>::UNCACHED }.get_unchecked(state.operation() as usize);
        let Cached { tag, payload, float } = Cached::NOTHING;
        handler(machine, state.pc, state.base, tag, payload, float)
    }
}

/// The function of a row. An inlined handler goes on as `goes_on` says: at the next one's, or in a second handler first.
macro_rules! handler {
    (inline $($path:ident)::+ [$($generic:tt)*], $bounds:ident) => {
        handler!(goes_on SiblingCalls<Counted>; $($path)::+ [$($generic)*], $bounds)
    };
    (goes_on $technique:ty; $($path:ident)::+ [$($generic:tt)*], $bounds:ident) => {{
        /// # Safety
        /// See [`crate::handlers`].
        unsafe fn handle<Counted: Bounds>(
            machine: &mut Machine<'_>,
            pc: *const Word,
            base: *mut Value,
            tag: MaybeUninit<u64>,
            payload: MaybeUninit<u64>,
            float: MaybeUninit<f64>,
        ) -> State {
            // SAFETY: the caller's promise.
            unsafe {
                let instruction = Instruction { cached: Cached { tag, payload, float }, ..State { pc, base }.fetch() };
                $($path)::+::<$technique, $($generic)*>(machine, instruction)
            }
        }
        handle::<$bounds>
    }};
    (outline $($path:ident)::+, $bounds:ident) => {{
        /// # Safety
        /// See [`crate::handlers`].
        unsafe fn handle<Counted: Bounds>(
            machine: &mut Machine<'_>,
            pc: *const Word,
            base: *mut Value,
            _: MaybeUninit<u64>,
            _: MaybeUninit<u64>,
            _: MaybeUninit<f64>,
        ) -> State {
            // SAFETY: the caller's promise.
            unsafe {
                let state = $($path)::+(machine, State { pc, base });
                go_uncached::<Counted>(machine, state)
            }
        }
        handle::<$bounds>
    }};
}

/// The function of a row of two handlers.
macro_rules! pair_handler {
    ([$($first_path:ident)::+ [$($first:tt)*]] [$($second_path:ident)::+ [$($second:tt)*]], $bounds:ident) => {{
        struct Second;

        impl<Counted: Bounds> Run<SiblingCalls<Counted>> for Second {
            #[inline(always)]
            unsafe fn run(machine: &mut Machine<'_>, instruction: Instruction) -> State {
                // SAFETY: the caller's promise.
                unsafe { $($second_path)::+::<SiblingCalls<Counted>, $($second)*>(machine, instruction) }
            }
        }

        handler!(goes_on Then<SiblingCalls<Counted>, Second>; $($first_path)::+ [$($first)*], $bounds)
    }};
}

macro_rules! all_handlers {
    (
        $bounds:ident, $caches:ident;
        { $($name:ident $kind:ident $($path:ident)::+ $([$($generic:tt)*])?;)* }
        { $($cached:ident of $base:ident lane $lane:ident $($cached_path:ident)::+ [$($last:tt)*] else [$($plain:tt)*];)* }
        $($pair:ident of $first:ident $($first_path:ident)::+ [$($first_generic:tt)*]
            then $second:ident $($second_path:ident)::+ [$($second_generic:tt)*];)*
    ) => {{
        let mut table: [Handler; Operation::COUNT] = [halt; Operation::COUNT];
        $(table[Operation::$name as usize] = handler!($kind $($path)::+ $([$($generic)*])?, $bounds);)*
        $(table[Operation::$cached as usize] = if $caches {
            handler!(inline $($cached_path)::+ [$($last)*], $bounds)
        } else {
            table[Operation::$base as usize]
        };)*
        // A first instruction that relies on the result of the one before is run by itself where that is not at hand.
        $(table[Operation::$pair as usize] = if $caches || !relies_on_result(Operation::$first) {
            pair_handler!([$($first_path)::+ [$($first_generic)*]] [$($second_path)::+ [$($second_generic)*]], $bounds)
        } else {
            table[Operation::$first as usize]
        };)*
        table
    }};
}

/// Whether an operation is on the result of the instruction before.
const fn relies_on_result(operation: Operation) -> bool {
    operation as usize > Operation::Halt as usize
}

const fn table<Counted: Bounds>(caches: bool) -> [Handler; Operation::COUNT] {
    for_each_handler!(all_handlers Counted, caches;)
}

/// The end: returns to [`run`].
///
/// # Safety
/// None needed.
unsafe fn halt(
    _machine: &mut Machine<'_>,
    pc: *const Word,
    base: *mut Value,
    _: MaybeUninit<u64>,
    _: MaybeUninit<u64>,
    _: MaybeUninit<f64>,
) -> State {
    State { pc, base }
}

/// Runs from `state` to the halt instruction; gives the frame base there.
///
/// # Safety
/// `state` is at the beginning of the entry function's verified code, in its frame, which is the only one.
pub(crate) unsafe fn run<Counted: Bounds>(machine: &mut Machine<'_>, state: State) -> State {
    // SAFETY: the caller's promise.
    unsafe { go_uncached::<Counted>(machine, state) }
}
