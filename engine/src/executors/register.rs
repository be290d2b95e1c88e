//! `register`: the register machine on code that the converter made.

use std::sync::Arc;

use isa::RegisterOp;
use runtime::probe::{InstructionCounts, NoProbe};
use runtime::{Fault, Program, Runtime, Value};
use vm_register::Linked;

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
        let (linked, conversion) = match (compiled.register_code(), compiled.stack_code()) {
            (Some(code), _) => (linked(Linked::new(code))?, None),
            (None, Some(code)) => {
                let (code, statistics) = converter::convert(code, configuration.converter_options())?;
                (linked(Linked::new(&code))?, Some(statistics))
            }
            (None, None) => unreachable!("a program has code in one form or the other"),
        };
        Ok(Box::new(PreparedRegister { linked, conversion }))
    }
}

struct PreparedRegister {
    linked: Linked,
    conversion: Option<converter::Statistics>,
}

impl Prepared for PreparedRegister {
    fn program(&self) -> &Arc<Program> {
        self.linked.program()
    }

    fn execute(&self, runtime: &mut Runtime) -> Result<Value, Fault> {
        vm_register::execute(&self.linked, runtime, &mut NoProbe)
    }

    fn execute_counting(&self, runtime: &mut Runtime, counts: &mut InstructionCounts) -> Result<Value, Fault> {
        vm_register::execute(&self.linked, runtime, counts)
    }

    fn opcode_name(&self, opcode: u16) -> Option<&'static str> {
        Some(RegisterOp::from_opcode(opcode)?.facts().mnemonic)
    }

    fn code_bytes(&self) -> Option<usize> {
        Some(self.linked.code_bytes())
    }

    fn conversion(&self) -> Option<&converter::Statistics> {
        self.conversion.as_ref()
    }
}
