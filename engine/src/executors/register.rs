//! `register`: the register machine on code that the converter made.

use std::borrow::Cow;
use std::sync::Arc;

use isa::{RegCode, Verified};
use runtime::apart::Apart;
use runtime::probe::{Watched, Watcher};
use runtime::{Fault, Program, Runtime, Value};
use vm_register::{Linked, Options};

use super::stack::linked;
use crate::apart::Helpers;
use crate::compiled::Compiled;
use crate::configuration::Configuration;
use crate::dispatch::Dispatch;
use crate::error::EngineError;
use crate::executor::{Executor, Prepared};
use crate::mechanism::Part;
use crate::optimized::Optimized;
use crate::profile::ProgramCode;
use crate::service::Service;

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
        Ok(Box::new(prepare_register(compiled, configuration)?))
    }
}

/// Converts and links a program.
pub(crate) fn prepare_register<'c>(
    compiled: &'c Compiled,
    configuration: &Configuration,
) -> Result<PreparedRegister<'c>, EngineError> {
    let optimized = compiled.optimized(configuration)?;
    let (code, conversion) = match (compiled.register_code(), &optimized) {
        (Some(code), _) if configuration.is_metered() && !code.is_metered() => {
            return Err(EngineError::NotMetered { program: compiled.name().to_string() });
        }
        (Some(code), _) => (Cow::Borrowed(code), None),
        (None, Some(optimized)) => {
            let (code, statistics) = converter::convert(&optimized.code, configuration.converter_options())?;
            (Cow::Owned(code), Some(statistics))
        }
        (None, None) => unreachable!("a program has code in one form or the other"),
    };
    let linked = Arc::new(linked(Linked::with_options(&code, link_options(configuration)))?);
    let dispatch = configuration.dispatch.of_register();
    let service = || Service::Register { linked: Arc::clone(&linked), dispatch };
    let helpers = Helpers::of(compiled, configuration, service);
    Ok(PreparedRegister { linked, code, conversion, optimized, dispatch, helpers })
}

/// How code is linked for the register machine.
pub(super) fn link_options(configuration: &Configuration) -> Options {
    let has = |part| !configuration.without.parts.contains(part);
    Options {
        specialise: has(Part::Specialise),
        cache_results: has(Part::CacheResults),
        pairs: has(Part::Pairs) && configuration.dispatch != Dispatch::Match,
        inline_caches: has(Part::InlineCaches),
    }
}

/// Register code made ready, whoever made it.
pub(crate) struct PreparedRegister<'c> {
    pub(crate) linked: Arc<Linked>,
    /// What it was linked from.
    pub(super) code: Cow<'c, Verified<RegCode>>,
    pub(super) conversion: Option<converter::Statistics>,
    /// The stack code that was converted, if any was.
    pub(super) optimized: Option<Arc<Optimized>>,
    pub(crate) dispatch: vm_register::Dispatch,
    pub(crate) helpers: Option<Arc<Helpers>>,
}

impl Prepared for PreparedRegister<'_> {
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
        self.conversion.as_ref()
    }

    fn helpers(&self) -> Option<Arc<dyn Apart>> {
        self.helpers.clone().map(|helpers| helpers as Arc<dyn Apart>)
    }

    fn optimization(&self) -> Option<&optimizer::Statistics> {
        self.optimized.as_ref().map(|optimized| &optimized.statistics)
    }
}
