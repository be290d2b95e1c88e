//! `hybrid`: the register machine on code of which some regions are islands of stack code.

use std::sync::Arc;

use isa::{RegCode, Verified};
use runtime::probe::{Watched, Watcher};
use runtime::{Fault, Program, Runtime, Value};
use vm_register::Linked;

use super::register::link_options;
use super::stack::linked;
use crate::compiled::Compiled;
use crate::configuration::Configuration;
use crate::error::EngineError;
use crate::executor::{Executor, Prepared};
use crate::hybrid;
use crate::profile::ProgramCode;

pub(crate) struct Hybrid;

const NAME: &str = "hybrid";

impl Executor for Hybrid {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "converts some regions to register code and leaves the others as islands of stack code"
    }

    fn prepare<'c>(
        &self,
        compiled: &'c Compiled,
        configuration: &Configuration,
    ) -> Result<Box<dyn Prepared + 'c>, EngineError> {
        let Some(code) = compiled.stack_code() else {
            return Err(EngineError::Unsupported {
                executor: NAME,
                program: compiled.name().to_string(),
                reason: "the file holds register code".to_string(),
            });
        };
        let (converter::Hybrid { code, islands }, conversion) = hybrid::convert(code, configuration)?;
        let linked = linked(Linked::with_islands(&code, &islands, link_options(configuration)))?;
        Ok(Box::new(PreparedHybrid { linked, code, conversion, dispatch: configuration.dispatch.of_register() }))
    }
}

struct PreparedHybrid {
    linked: Linked,
    /// What it was linked from.
    code: Verified<RegCode>,
    conversion: converter::Statistics,
    dispatch: vm_register::Dispatch,
}

impl Prepared for PreparedHybrid {
    fn program(&self) -> &Arc<Program> {
        self.linked.program()
    }

    fn execute(&self, runtime: &mut Runtime) -> Result<Value, Fault> {
        vm_register::execute_by(self.dispatch, &self.linked, runtime)
    }

    fn execute_watched(&self, runtime: &mut Runtime, watcher: &mut dyn Watcher) -> Result<Value, Fault> {
        vm_register::execute(&self.linked, runtime, &mut Watched(watcher))
    }

    fn code(&self) -> Option<ProgramCode<'_>> {
        Some(ProgramCode::Register(&self.code))
    }

    fn opcode_name(&self, opcode: u16) -> Option<&'static str> {
        vm_register::opcode_name(opcode)
    }

    fn code_bytes(&self) -> Option<usize> {
        Some(self.linked.code_bytes())
    }

    fn conversion(&self) -> Option<&converter::Statistics> {
        Some(&self.conversion)
    }
}
