//! `register`: the register machine on code that the converter made.

use std::sync::Arc;

use runtime::probe::InstructionCounts;
use runtime::{Fault, Program, Runtime, Value};
use vm_register::{Linked, Options};

use super::stack::linked;
use crate::compiled::Compiled;
use crate::configuration::Configuration;
use crate::error::EngineError;
use crate::executor::{Executor, Prepared};

pub(crate) struct Register;

impl Executor for Register {
    fn name(&self) -> &'static str {
        "register"
    }

    fn about(&self) -> &'static str {
        "converts stack code to register code and runs that"
    }

    fn prepare<'c>(
        &self,
        compiled: &'c Compiled,
        configuration: &Configuration,
    ) -> Result<Box<dyn Prepared + 'c>, EngineError> {
        let Configuration { specialise, cache_results, inline_caches, .. } = *configuration;
        let options = Options { specialise, cache_results, inline_caches };
        let linked = match (compiled.register_code(), compiled.stack_code()) {
            (Some(code), _) => linked(Linked::with_options(code, options))?,
            (None, Some(code)) => {
                let (code, _) = converter::convert(code, configuration.converter_options())?;
                linked(Linked::with_options(&code, options))?
            }
            (None, None) => unreachable!("a program has code in one form or the other"),
        };
        Ok(Box::new(PreparedRegister { linked, dispatch: configuration.dispatch.of_register() }))
    }
}

struct PreparedRegister {
    linked: Linked,
    dispatch: vm_register::Dispatch,
}

impl Prepared for PreparedRegister {
    fn program(&self) -> &Arc<Program> {
        self.linked.program()
    }

    fn execute(&self, runtime: &mut Runtime) -> Result<Value, Fault> {
        vm_register::execute_by(self.dispatch, &self.linked, runtime)
    }

    fn execute_counting(&self, runtime: &mut Runtime, counts: &mut InstructionCounts) -> Result<Value, Fault> {
        vm_register::execute(&self.linked, runtime, counts)
    }

    fn opcode_name(&self, opcode: u16) -> Option<&'static str> {
        vm_register::opcode_name(opcode)
    }

    fn code_bytes(&self) -> Option<usize> {
        Some(self.linked.code_bytes())
    }
}
