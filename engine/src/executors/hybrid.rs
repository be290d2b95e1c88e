//! `hybrid`: the register machine on code of which some regions are islands of stack code.

use std::borrow::Cow;
use std::sync::Arc;

use vm_register::Linked;

use super::register::{PreparedRegister, link_options};
use super::stack::linked;
use crate::apart::Helpers;
use crate::compiled::Compiled;
use crate::configuration::Configuration;
use crate::error::EngineError;
use crate::executor::{Executor, Prepared};
use crate::hybrid;
use crate::service::Service;

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
        let Some(optimized) = compiled.optimized(configuration)? else {
            return Err(EngineError::Unsupported {
                executor: NAME,
                program: compiled.name().to_string(),
                reason: "the file holds register code".to_string(),
            });
        };
        let (converter::Hybrid { code, islands }, conversion) = hybrid::convert(&optimized.code, configuration)?;
        let linked = linked(Linked::with_islands(&code, &islands, link_options(configuration)))?;
        let (code, conversion, optimized) = (Cow::Owned(code), Some(conversion), Some(optimized));
        let dispatch = configuration.dispatch.of_register();
        let linked = Arc::new(linked);
        let service = || Service::Register { linked: Arc::clone(&linked), dispatch };
        let helpers = Helpers::of(compiled, configuration, service);
        Ok(Box::new(PreparedRegister { linked, code, conversion, optimized, dispatch, helpers }))
    }
}
