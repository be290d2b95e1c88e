//! `ast`: the tree-walking evaluator, the oracle of all others.

use std::sync::Arc;

use lang::Analysis;
use runtime::probe::Watcher;
use runtime::{Fault, Program, Runtime, Value};

use super::stack::linked;
use crate::compiled::{Compiled, Metered};
use crate::configuration::Configuration;
use crate::error::EngineError;
use crate::executor::{Executor, Prepared};
use crate::profile::ProgramCode;

pub(crate) struct Ast;

const NAME: &str = "ast";

impl Executor for Ast {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "walks the syntax tree; slow and simple, the oracle of the others"
    }

    fn prepare<'c>(
        &self,
        compiled: &'c Compiled,
        configuration: &Configuration,
    ) -> Result<Box<dyn Prepared + 'c>, EngineError> {
        let (Some(tree), Some(code)) = (compiled.tree(), compiled.stack_code()) else {
            return Err(EngineError::Unsupported {
                executor: NAME,
                program: compiled.name().to_string(),
                reason: "it needs the source text, and bytecode has no tree".to_string(),
            });
        };
        let metered = if configuration.is_metered() { Some(compiled.metered()?) } else { None };
        let code = metered.as_ref().map_or(code, |metered| &metered.code);
        Ok(Box::new(PreparedTree { tree, program: linked(Program::link(code))?, metered }))
    }
}

struct PreparedTree<'c> {
    tree: &'c Analysis<'c>,
    program: Arc<Program>,
    metered: Option<Arc<Metered>>,
}

impl PreparedTree<'_> {
    fn evaluate(&self, runtime: &mut Runtime) -> Result<Value, Fault> {
        let charges = self.metered.as_ref().and_then(|metered| metered.charges.as_ref());
        lang::evaluate(self.tree, charges, runtime)
    }
}

impl Prepared for PreparedTree<'_> {
    fn program(&self) -> &Arc<Program> {
        &self.program
    }

    fn execute(&self, runtime: &mut Runtime) -> Result<Value, Fault> {
        self.evaluate(runtime)
    }

    fn execute_watched(&self, runtime: &mut Runtime, _watcher: &mut dyn Watcher) -> Result<Value, Fault> {
        self.evaluate(runtime)
    }

    fn code(&self) -> Option<ProgramCode<'_>> {
        None
    }

    fn opcode_name(&self, _opcode: u16) -> Option<&'static str> {
        None
    }

    fn code_bytes(&self) -> Option<usize> {
        None
    }
}
