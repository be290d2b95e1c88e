//! `jit`: the register machine, whose hot functions and loops become native code.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use isa::{RegCode, Verified};
use jit::Jit;
use runtime::apart::Apart;
use runtime::probe::Watcher;
use runtime::{Fault, Program, Runtime, Value};
use vm_register::Linked;
use vm_register::native::Native;

use super::register::{PreparedRegister, prepare_register};
use crate::apart::Helpers;
use crate::compiled::Compiled;
use crate::configuration::Configuration;
use crate::error::EngineError;
use crate::executor::{Executor, Prepared};
use crate::profile::ProgramCode;
use crate::service::Service;

pub(crate) struct JitExecutor;

const NAME: &str = "jit";

impl Executor for JitExecutor {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "runs register code and compiles what is hot to native code meanwhile"
    }

    fn prepare<'c>(
        &self,
        compiled: &'c Compiled,
        configuration: &Configuration,
    ) -> Result<Box<dyn Prepared + 'c>, EngineError> {
        let mut interpreted = prepare_register(compiled, configuration)?;
        let Some(options) = configuration.jit_options() else { return Ok(Box::new(interpreted)) };
        let code = Arc::new(interpreted.code.clone().into_owned());
        interpreted.helpers = Helpers::of(compiled, configuration, || {
            let (linked, dispatch) = (Arc::clone(&interpreted.linked), interpreted.dispatch);
            Service::Native { linked, dispatch, code: Arc::clone(&code), options }
        });
        let make = |counts_fuel| -> Result<Slot, EngineError> {
            let jit = compiler(compiled, options)?;
            Ok(Slot { statistics: jit.statistics(), jit: Mutex::new(Some(jit)), native: OnceLock::new(), counts_fuel })
        };
        let (free, fuelled) = (make(false)?, make(true)?);
        Ok(Box::new(PreparedJit { interpreted, code, threshold: options.threshold, free, fuelled }))
    }
}

/// A compiler for a program.
fn compiler(compiled: &Compiled, options: jit::Options) -> Result<Jit, EngineError> {
    Jit::new(options).map_err(|reason| EngineError::Unsupported {
        executor: NAME,
        program: compiled.name().to_string(),
        reason: format!("no native code can be made here: {reason}"),
    })
}

/// A machine for single functions of a program, that makes native code of them if that is wanted.
///
/// # Errors
/// When the program cannot be converted, or no native code can be made here.
pub(crate) fn native_service(compiled: &Compiled, configuration: &Configuration) -> Result<Service, EngineError> {
    let PreparedRegister { linked, dispatch, code, .. } = prepare_register(compiled, configuration)?;
    let Some(options) = configuration.jit_options() else { return Ok(Service::Register { linked, dispatch }) };
    compiler(compiled, options)?;
    Ok(Service::Native { linked, dispatch, code: Arc::new(code.into_owned()), options })
}

/// A program that gets native code by a compiler.
pub(crate) fn native(
    linked: &Linked,
    code: &Arc<Verified<RegCode>>,
    threshold: u32,
    counts_fuel: bool,
    jit: Jit,
) -> Native {
    Native::new(linked, Arc::clone(code), threshold, counts_fuel, jit.stubs(), Box::new(jit))
}

/// A program and the native code that it has got. It has its own words, and they are made for the first run that needs them.
struct Slot {
    jit: Mutex<Option<Jit>>,
    native: OnceLock<Mutex<Native>>,
    statistics: Arc<Mutex<jit::Statistics>>,
    counts_fuel: bool,
}

/// Register code made ready, and its native code for runs without a fuel limit and for those with one.
struct PreparedJit<'c> {
    interpreted: PreparedRegister<'c>,
    code: Arc<Verified<RegCode>>,
    threshold: u32,
    free: Slot,
    fuelled: Slot,
}

impl Slot {
    fn native(&self, prepared: &PreparedJit<'_>) -> MutexGuard<'_, Native> {
        let make = || {
            let jit = lock(&self.jit).take().expect("it is taken once");
            let linked = &prepared.interpreted.linked;
            Mutex::new(native(linked, &prepared.code, prepared.threshold, self.counts_fuel, jit))
        };
        lock(self.native.get_or_init(make))
    }

    fn statistics(&self) -> jit::Statistics {
        let mut statistics = lock(&self.statistics).clone();
        if let Some(native) = self.native.get() {
            statistics.entered = lock(native).with_code(|code| code.entered());
        }
        statistics
    }
}

/// Bytes of native stack that native code may use before it goes back to the interpreter to begin anew. Threads have more than that left.
pub(crate) const NATIVE_STACK: usize = 48 << 10;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Prepared for PreparedJit<'_> {
    fn program(&self) -> &Arc<Program> {
        self.interpreted.program()
    }

    fn execute(&self, runtime: &mut Runtime) -> Result<Value, Fault> {
        let slot = if runtime.has_fuel_limit() { &self.fuelled } else { &self.free };
        slot.native(self).execute(self.interpreted.dispatch, NATIVE_STACK, runtime)
    }

    fn execute_watched(&self, runtime: &mut Runtime, watcher: &mut dyn Watcher) -> Result<Value, Fault> {
        self.interpreted.execute_watched(runtime, watcher)
    }

    fn code(&self) -> Option<ProgramCode<'_>> {
        self.interpreted.code()
    }

    fn opcode_name(&self, opcode: u16) -> Option<&'static str> {
        self.interpreted.opcode_name(opcode)
    }

    fn code_bytes(&self) -> Option<usize> {
        self.interpreted.code_bytes()
    }

    fn helpers(&self) -> Option<Arc<dyn Apart>> {
        self.interpreted.helpers()
    }

    fn conversion(&self) -> Option<&converter::Statistics> {
        self.interpreted.conversion()
    }

    fn optimization(&self) -> Option<&optimizer::Statistics> {
        self.interpreted.optimization()
    }

    fn native(&self) -> Option<jit::Statistics> {
        let mut all = self.free.statistics();
        all.add(&self.fuelled.statistics());
        Some(all)
    }
}
