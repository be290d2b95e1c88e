//! Calls of single functions, one after the other, by a machine that keeps its arrays.
//!
//! A run of a program makes its arrays and drops them at its end. Who calls a function every microsecond keeps them in an [`Arena`]: a call then allocates
//! nothing, and access sites still know what they met in the calls before.

use std::sync::Arc;

use runtime::host::Ledger;
use runtime::probe::NoProbe;
use runtime::{Fault, Program, Runtime, Value};

use crate::link::Linked;
use crate::machine::{Arrays, Machine};
use crate::{Dispatch, check_runtime, drive};

/// What a machine works in, kept from one call to the next. It serves any program and runtime, but keeps what it has for the last one only.
#[derive(Default)]
pub struct Arena {
    kept: Option<Kept>,
}

struct Kept {
    arrays: Arrays,
    /// The [identity](Runtime::identity) of the runtime that they are for.
    identity: u64,
    program: Arc<Program>,
}

impl std::fmt::Debug for Arena {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Arena").field("is_used", &self.kept.is_some()).finish_non_exhaustive()
    }
}

impl Arena {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// The arrays, in which all values are null.
    fn take(&mut self, linked: &Linked, runtime: &Runtime) -> Arrays {
        // What sites remember are objects of the runtime's and functions of the program's.
        let is_same = |kept: &Kept| kept.identity == runtime.identity() && Arc::ptr_eq(&kept.program, linked.program());
        match self.kept.take().filter(is_same) {
            Some(Kept { mut arrays, .. }) => {
                // Objects that are left there may be freed before the next collection of this machine.
                let mark = arrays.mark;
                arrays.values[..mark].fill(Value::NULL);
                arrays
            }
            None => {
                let arrays = Arrays::new(linked, runtime);
                // As low as may be, so that little is cleared.
                Arrays { mark: FIRST_MARK.min(arrays.values.len()), ..arrays }
            }
        }
    }
}

/// Values that are cleared for each call at least.
const FIRST_MARK: usize = 64;

/// Calls a function that captures nothing, on a ledger that is lent to the run for this call. Missing arguments are null or have their defaults, and those
/// that are too many are dropped. What an error leaves open is undone. The result stays good until the runtime's next collection.
///
/// # Errors
/// As for [`crate::execute`].
///
/// # Panics
/// If `runtime` is of another program, and if there is no such function or it captures something.
pub fn call_by(
    dispatch: Dispatch,
    linked: &Linked,
    arena: &mut Arena,
    runtime: &mut Runtime,
    ledger: &mut dyn Ledger,
    function: u32,
    arguments: &[Value],
) -> Result<Value, Fault> {
    call_prepared(dispatch, linked, arena, runtime, ledger, (function, arguments), |_| ())
}

/// As [`call_by`], on a machine that somebody does something to first.
pub(crate) fn call_prepared(
    dispatch: Dispatch,
    linked: &Linked,
    arena: &mut Arena,
    runtime: &mut Runtime,
    ledger: &mut dyn Ledger,
    (function, arguments): (u32, &[Value]),
    prepare: impl FnOnce(&mut Machine<'_>),
) -> Result<Value, Fault> {
    check_runtime(linked, runtime);
    let captures = linked.program().functions[function as usize].captures;
    assert_eq!(captures, 0, "function {function} has captured variables, of which nobody knows here");
    let arrays = arena.take(linked, runtime);
    let identity = runtime.identity();
    let call = |runtime: &mut Runtime| {
        let mut machine = Machine::within(arrays, linked, runtime);
        prepare(&mut machine);
        let result = match machine.start_call(function, arguments) {
            Ok(start) => drive(&mut machine, start, dispatch, &mut NoProbe),
            Err(fault) => Err(fault),
        };
        let arrays = machine.into_arrays();
        if let Err(fault) = &result {
            // What no handler could take has left transactions open.
            runtime.abandon_transactions(Some(fault));
        }
        (result, arrays)
    };
    // SAFETY: a machine uses the runtime's ledger where it is, and so do all operations.
    let (result, arrays) = unsafe { runtime.lend(ledger, call) };
    arena.kept = Some(Kept { arrays, identity, program: Arc::clone(linked.program()) });
    result
}
