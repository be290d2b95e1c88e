//! `stack`: the stack machine.

use std::sync::Arc;

use isa::{StackCode, StackOp, Verified};
use runtime::probe::{NoProbe, Watched, Watcher};
use runtime::{Fault, Program, Runtime, Value};
use vm_stack::Linked;

use crate::compiled::Compiled;
use crate::configuration::Configuration;
use crate::error::EngineError;
use crate::executor::{Executor, Prepared};
use crate::profile::ProgramCode;

pub(crate) struct Stack;

const NAME: &str = "stack";

impl Executor for Stack {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "runs stack code as the compiler wrote it"
    }

    fn prepare<'c>(
        &self,
        compiled: &'c Compiled,
        _configuration: &Configuration,
    ) -> Result<Box<dyn Prepared + 'c>, EngineError> {
        let Some(code) = compiled.stack_code() else {
            return Err(EngineError::Unsupported {
                executor: NAME,
                program: compiled.name().to_string(),
                reason: "the file holds register code".to_string(),
            });
        };
        Ok(Box::new(PreparedStack { linked: linked(Linked::new(code))?, code }))
    }
}

/// What linking gives, its fault as an error of the engine.
pub(crate) fn linked<T>(result: Result<T, Fault>) -> Result<T, EngineError> {
    result.map_err(|fault| {
        let help = fault.help.map(|help| format!(" ({help})")).unwrap_or_default();
        EngineError::Link(format!("{}{help}", fault.message))
    })
}

struct PreparedStack<'c> {
    linked: Linked,
    code: &'c Verified<StackCode>,
}

impl Prepared for PreparedStack<'_> {
    fn program(&self) -> &Arc<Program> {
        self.linked.program()
    }

    fn execute(&self, runtime: &mut Runtime) -> Result<Value, Fault> {
        vm_stack::execute(&self.linked, runtime, &mut NoProbe)
    }

    fn execute_watched(&self, runtime: &mut Runtime, watcher: &mut dyn Watcher) -> Result<Value, Fault> {
        vm_stack::execute(&self.linked, runtime, &mut Watched(watcher))
    }

    fn code(&self) -> Option<ProgramCode<'_>> {
        Some(ProgramCode::Stack(self.code))
    }

    fn opcode_name(&self, opcode: u16) -> Option<&'static str> {
        Some(StackOp::from_opcode(u8::try_from(opcode).ok()?)?.facts().mnemonic)
    }

    fn code_bytes(&self) -> Option<usize> {
        Some(self.linked.code_bytes())
    }
}
