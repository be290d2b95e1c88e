//! A program whose contracts are called by transactions, made ready once for all workers.

use std::collections::BTreeSet;
use std::sync::Arc;

use isa::StackOp;
use runtime::objects::MapKind;
use runtime::{Program, RunOptions, Runtime, Tag, Value};

use crate::compiled::Compiled;
use crate::configuration::Configuration;
use crate::error::EngineError;
use crate::executors::jit::native_service;
use crate::executors::register::prepare_register;
use crate::executors::stack::prepare_stack;
use crate::service::Service;

/// Gas of a transaction that says nothing about it, in a configuration that does not either.
pub const DEFAULT_GAS: u64 = 10_000_000;

/// A program whose contracts are called by transactions.
///
/// Its top level makes the contracts, say, and registers handlers; what its functions use of its variables must not change afterwards, for a
/// transaction finds nothing that another has left but the ledger.
pub struct ContractProgram {
    name: String,
    pub(super) machine: Service,
    configuration: Configuration,
    arguments: Vec<String>,
    gas: u64,
    /// Globals that functions use.
    globals: BTreeSet<u32>,
}

impl std::fmt::Debug for ContractProgram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContractProgram").field("name", &self.name).finish_non_exhaustive()
    }
}

impl ContractProgram {
    /// Makes a program ready, with the arguments of its top level. Its code takes gas, so that every transaction ends, also one that sees a state which no serial run has.
    ///
    /// # Errors
    /// When the configuration's engine does not run single functions, the program cannot be made ready for it, or one of its functions sets a
    /// variable of its top level.
    pub fn new(
        compiled: &Compiled,
        configuration: &Configuration,
        arguments: Vec<String>,
    ) -> Result<Arc<Self>, EngineError> {
        let unsupported = |reason: String| EngineError::Unsupported {
            executor: "blocks of transactions",
            program: compiled.name().to_string(),
            reason,
        };
        let gas = configuration.limits.gas.unwrap_or(DEFAULT_GAS);
        let mut configuration = configuration.clone();
        // The top level has as much as it wants; each transaction has its own.
        configuration.limits.gas = Some(u64::MAX);
        let Some(code) = compiled.stack_code() else {
            return Err(unsupported("the file holds register code".to_string()));
        };
        let mut globals = BTreeSet::new();
        let is_top_level =
            |at: u32| at == code.entry || code.modules.iter().any(|definition| definition.function == at);
        for (at, function) in code.functions.iter().enumerate().filter(|&(at, _)| !is_top_level(at as u32)) {
            for instruction in &function.code {
                match instruction.op() {
                    StackOp::LoadName => drop(globals.insert(instruction.operand())),
                    StackOp::CallName => drop(globals.insert(instruction.call_index())),
                    StackOp::StoreName | StackOp::StoreFunc => {
                        let function = &code.names[code.functions[at].name as usize];
                        return Err(unsupported(format!(
                            "'{function}' sets a variable of the top level, which transactions cannot share"
                        )));
                    }
                    _ => {}
                }
            }
        }
        let machine = match configuration.vm {
            "stack" => {
                let prepared = prepare_stack(compiled, &configuration)?;
                Service::Stack { linked: prepared.linked, dispatch: prepared.dispatch }
            }
            "register" => {
                let prepared = prepare_register(compiled, &configuration)?;
                Service::Register { linked: prepared.linked, dispatch: prepared.dispatch }
            }
            "jit" => native_service(compiled, &configuration)?,
            other => {
                return Err(unsupported(format!("transactions run on --vm stack, register or jit, not on {other}")));
            }
        };
        Ok(Arc::new(Self { name: compiled.name().to_string(), machine, configuration, arguments, gas, globals }))
    }

    /// Name of its main file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Gas of a transaction that says nothing about it.
    pub fn gas(&self) -> u64 {
        self.gas
    }

    pub(super) fn program(&self) -> &Arc<Program> {
        self.machine.program()
    }

    /// A run that has done nothing yet and has no ledger.
    pub(super) fn runtime(&self) -> Runtime {
        let options = RunOptions { arguments: self.arguments.clone(), ..self.configuration.run_options() };
        Runtime::new(Arc::clone(self.program()), options)
    }

    /// Checks that nothing of what the top level has left can be changed by functions.
    ///
    /// # Errors
    /// Names what can.
    pub(super) fn check_unchangeable(&self, runtime: &Runtime) -> Result<(), EngineError> {
        let unsupported = |reason: String| EngineError::Unsupported {
            executor: "blocks of transactions",
            program: self.name.clone(),
            reason,
        };
        let program = self.program();
        for &global in &self.globals {
            let value = runtime.globals[global as usize];
            if !is_unchangeable(program, value) {
                let name = &program.names[program.globals[global as usize] as usize];
                return Err(unsupported(format!(
                    "the variable '{name}' of the top level holds a {}, which transactions could change",
                    value.type_title()
                )));
            }
        }
        if let Some(at) = runtime.modules_run.iter().position(|has_run| !has_run) {
            let name = &program.modules[at].name;
            return Err(unsupported(format!("module '{name}' would run its top level within a transaction")));
        }
        if !runtime.has_plain_handlers_only() {
            return Err(unsupported(
                "a handler of events has captured variables, which transactions cannot share".to_string(),
            ));
        }
        Ok(())
    }
}

fn is_unchangeable(program: &Program, value: Value) -> bool {
    match value.tag() {
        Tag::List | Tag::Closure | Tag::Cell | Tag::Task | Tag::StateMap => false,
        Tag::Map => value.as_map().is_some_and(|map| map.kind() == MapKind::Enum),
        Tag::Record => value.as_record().is_some_and(|record| program.types[record.type_index() as usize].is_contract),
        _ => true,
    }
}
