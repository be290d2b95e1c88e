//! Machines that call single functions of a program, for whoever serves it: a worker of blocks, or a helper of a run.

use std::sync::Arc;

use runtime::host::Ledger;
use runtime::{Fault, Program, Runtime, Value};

/// A machine with the code of a program in its form.
#[derive(Clone)]
pub(crate) enum Service {
    Stack { linked: Arc<vm_stack::Linked>, dispatch: vm_stack::Dispatch },
    Register { linked: Arc<vm_register::Linked>, dispatch: vm_register::Dispatch },
}

/// What a machine keeps from one call to the next.
#[derive(Debug, Default)]
pub(crate) struct Arena {
    stack: vm_stack::Arena,
    register: vm_register::Arena,
}

impl Service {
    /// The program's tables.
    pub(crate) fn program(&self) -> &Arc<Program> {
        match self {
            Self::Stack { linked, .. } => linked.program(),
            Self::Register { linked, .. } => linked.program(),
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
        }
    }
}
