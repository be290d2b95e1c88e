//! `stack`: the stack machine.

use std::sync::Arc;

use runtime::apart::Apart;
use runtime::probe::{Watched, Watcher};
use runtime::{ErrorKind, Fault, Program, Runtime, Value};
use vm_stack::{Linked, Options};

use crate::apart::Helpers;
use crate::compiled::Compiled;
use crate::configuration::Configuration;
use crate::error::EngineError;
use crate::executor::{Executor, Prepared};
use crate::mechanism::Part;
use crate::optimized::Optimized;
use crate::profile::ProgramCode;
use crate::service::Service;

pub(crate) struct Stack;

const NAME: &str = "stack";

impl Executor for Stack {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "runs stack code"
    }

    fn prepare<'c>(
        &self,
        compiled: &'c Compiled,
        configuration: &Configuration,
    ) -> Result<Box<dyn Prepared + 'c>, EngineError> {
        Ok(Box::new(prepare_stack(compiled, configuration)?))
    }
}

/// Optimizes and links a program.
pub(crate) fn prepare_stack(compiled: &Compiled, configuration: &Configuration) -> Result<PreparedStack, EngineError> {
    let Some(optimized) = compiled.optimized(configuration)? else {
        return Err(EngineError::Unsupported {
            executor: NAME,
            program: compiled.name().to_string(),
            reason: "the file holds register code".to_string(),
        });
    };
    let Configuration { superinstructions, without, .. } = *configuration;
    let inline_caches = !without.parts.contains(Part::InlineCaches);
    let options = Options { superinstructions, inline_caches };
    let linked = Arc::new(linked(Linked::with_options(&optimized.code, options))?);
    let dispatch = configuration.dispatch.of_stack();
    let service = || Service::Stack { linked: Arc::clone(&linked), dispatch };
    let helpers = Helpers::of(compiled, configuration, service);
    Ok(PreparedStack { linked, optimized, dispatch, helpers })
}

/// What linking gives, its fault as an error of the engine. A value that does not fit is a program too large for the machine.
pub(crate) fn linked<T>(result: Result<T, Fault>) -> Result<T, EngineError> {
    result.map_err(|fault| {
        let help = fault.help.map(|help| format!(" ({help})")).unwrap_or_default();
        let reason = format!("{}{help}", fault.message);
        match fault.kind {
            ErrorKind::Value => EngineError::TooLarge(reason),
            _ => EngineError::Link(reason),
        }
    })
}

/// Stack code made ready.
pub(crate) struct PreparedStack {
    pub(crate) linked: Arc<Linked>,
    optimized: Arc<Optimized>,
    pub(crate) dispatch: vm_stack::Dispatch,
    pub(crate) helpers: Option<Arc<Helpers>>,
}

impl Prepared for PreparedStack {
    fn program(&self) -> &Arc<Program> {
        self.linked.program()
    }

    fn execute(&self, runtime: &mut Runtime) -> Result<Value, Fault> {
        vm_stack::execute_by(self.dispatch, &self.linked, runtime)
    }

    fn execute_watched(&self, runtime: &mut Runtime, watcher: &mut dyn Watcher) -> Result<Value, Fault> {
        vm_stack::execute(&self.linked, runtime, &mut Watched(watcher))
    }

    fn code(&self) -> Option<ProgramCode<'_>> {
        Some(ProgramCode::Stack(&self.optimized.code))
    }

    fn opcode_name(&self, opcode: u16) -> Option<&'static str> {
        vm_stack::opcode_name(opcode)
    }

    fn code_bytes(&self) -> Option<usize> {
        Some(self.linked.code_bytes())
    }

    fn helpers(&self) -> Option<Arc<dyn Apart>> {
        self.helpers.clone().map(|helpers| helpers as Arc<dyn Apart>)
    }

    fn optimization(&self) -> Option<&optimizer::Statistics> {
        Some(&self.optimized.statistics)
    }
}
