//! `auto`: lets the orchestrator choose another executor.

use std::sync::Arc;

use runtime::apart::Apart;
use runtime::probe::Watcher;
use runtime::{Fault, Program, Runtime, Value};

use crate::compiled::Compiled;
use crate::configuration::Configuration;
use crate::error::EngineError;
use crate::executor::{Executor, Prepared, find_executor};
use crate::orchestrator::{Decision, Policy};
use crate::profile::ProgramCode;

pub(crate) struct Auto;

impl Executor for Auto {
    fn name(&self) -> &'static str {
        "auto"
    }

    fn about(&self) -> &'static str {
        "the engine that suits the program: ast, stack or register"
    }

    fn prepare<'c>(
        &self,
        compiled: &'c Compiled,
        configuration: &Configuration,
    ) -> Result<Box<dyn Prepared + 'c>, EngineError> {
        let mut decision = match compiled.facts() {
            Some(facts) => configuration.orchestrator.decide(facts),
            None => Policy::decide_bytecode(compiled.stack_code().is_some()),
        };
        let mut first = None;
        for engine in decision.order.clone() {
            let executor = find_executor(engine).expect("the orchestrator chooses among executors");
            match executor.prepare(compiled, configuration) {
                Ok(prepared) => return Ok(Box::new(Chosen { prepared, decision })),
                // Whatever else is wrong is not to be hidden by another executor.
                Err(error) if !error.is_about_size() => return Err(error),
                Err(error) => {
                    decision.refusals.push((engine, error.to_string()));
                    first.get_or_insert(error);
                }
            }
        }
        Err(first.expect("there are engines to try"))
    }
}

/// A program that the chosen engine has made ready.
struct Chosen<'c> {
    prepared: Box<dyn Prepared + 'c>,
    decision: Decision,
}

impl Prepared for Chosen<'_> {
    fn program(&self) -> &Arc<Program> {
        self.prepared.program()
    }

    fn execute(&self, runtime: &mut Runtime) -> Result<Value, Fault> {
        self.prepared.execute(runtime)
    }

    fn execute_watched(&self, runtime: &mut Runtime, watcher: &mut dyn Watcher) -> Result<Value, Fault> {
        self.prepared.execute_watched(runtime, watcher)
    }

    fn code(&self) -> Option<ProgramCode<'_>> {
        self.prepared.code()
    }

    fn opcode_name(&self, opcode: u16) -> Option<&'static str> {
        self.prepared.opcode_name(opcode)
    }

    fn code_bytes(&self) -> Option<usize> {
        self.prepared.code_bytes()
    }

    fn conversion(&self) -> Option<&converter::Statistics> {
        self.prepared.conversion()
    }

    fn optimization(&self) -> Option<&optimizer::Statistics> {
        self.prepared.optimization()
    }

    fn helpers(&self) -> Option<Arc<dyn Apart>> {
        self.prepared.helpers()
    }

    fn decision(&self) -> Option<&Decision> {
        Some(&self.decision)
    }
}
