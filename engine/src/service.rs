//! Machines that call single functions of a program, for whoever serves it: a worker of blocks, or a helper of a run.

use std::sync::Arc;

use isa::{RegCode, Verified};
use jit::Jit;
use runtime::host::Ledger;
use runtime::{Fault, Program, Runtime, Value};
use vm_register::native::Native;

use crate::executors::jit::{NATIVE_STACK, native};

/// A machine with the code of a program in its form.
#[derive(Clone)]
pub(crate) enum Service {
    Stack {
        linked: Arc<vm_stack::Linked>,
        dispatch: vm_stack::Dispatch,
    },
    Register {
        linked: Arc<vm_register::Linked>,
        dispatch: vm_register::Dispatch,
    },
    /// The register machine, with native code that each arena has for itself.
    Native {
        linked: Arc<vm_register::Linked>,
        dispatch: vm_register::Dispatch,
        code: Arc<Verified<RegCode>>,
        options: jit::Options,
    },
}

/// What a machine keeps from one call to the next.
#[derive(Debug, Default)]
pub(crate) struct Arena {
    stack: vm_stack::Arena,
    register: vm_register::Arena,
    /// For calls without a fuel limit, and for those with one.
    native: [Option<Box<NativeArena>>; 2],
}

/// Native code of a program, and what it runs in.
#[derive(Debug)]
struct NativeArena {
    native: Native,
    arena: vm_register::Arena,
}

impl Service {
    /// The program's tables.
    pub(crate) fn program(&self) -> &Arc<Program> {
        match self {
            Self::Stack { linked, .. } => linked.program(),
            Self::Register { linked, .. } | Self::Native { linked, .. } => linked.program(),
        }
    }

    /// Calls a function that captures nothing, on a ledger that is lent for the call.
    pub(crate) fn call(
        &self,
        arena: &mut Arena,
        runtime: &mut Runtime,
        ledger: &mut dyn Ledger,
        function: u32,
        arguments: &[Value],
    ) -> Result<Value, Fault> {
        match self {
            Self::Stack { linked, dispatch } => {
                vm_stack::call_by(*dispatch, linked, &mut arena.stack, runtime, ledger, function, arguments)
            }
            Self::Register { linked, dispatch } => {
                vm_register::call_by(*dispatch, linked, &mut arena.register, runtime, ledger, function, arguments)
            }
            Self::Native { linked, dispatch, code, options } => {
                let counts_fuel = runtime.has_fuel_limit();
                let kept = &mut arena.native[usize::from(counts_fuel)];
                if !kept.as_ref().is_some_and(|kept| Arc::ptr_eq(kept.native.program(), linked.program())) {
                    // Whoever made the service has seen that there is a compiler.
                    *kept = Jit::new(*options).ok().map(|jit| {
                        let native = native(linked, code, options.threshold, counts_fuel, jit);
                        Box::new(NativeArena { native, arena: vm_register::Arena::new() })
                    });
                }
                match kept {
                    Some(kept) => {
                        let NativeArena { native, arena } = &mut **kept;
                        native.call((*dispatch, NATIVE_STACK), arena, runtime, ledger, function, arguments)
                    }
                    None => vm_register::call_by(
                        *dispatch,
                        linked,
                        &mut arena.register,
                        runtime,
                        ledger,
                        function,
                        arguments,
                    ),
                }
            }
        }
    }
}
