//! From intermediate representation to machine code.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::isa::{OwnedTargetIsa, TargetIsa};
use cranelift_codegen::settings::{self, Configurable};
use cranelift_codegen::{CodegenError, Context, ir};

use crate::Tier;
use crate::lower::{self, Exit, Request, lower};
use crate::memory::Executable;

/// Compiles for the processor that this runs on.
pub(crate) struct Compiler {
    baseline: OwnedTargetIsa,
    optimizing: OwnedTargetIsa,
    /// The trampoline, and what stands in for functions without code.
    stubs: [Executable; 2],
}

impl std::fmt::Debug for Compiler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compiler").field("for", &self.optimizing.name()).finish_non_exhaustive()
    }
}

/// A compiled function.
#[derive(Debug)]
pub(crate) struct Unit {
    pub(crate) tier: Tier,
    pub(crate) code: Executable,
    /// Instructions at which it can be entered, by number.
    pub(crate) entries: Vec<u32>,
    pub(crate) exits: Vec<Exit>,
    /// How long it took.
    pub(crate) time: Duration,
    /// Register instructions that it was made of.
    pub(crate) instructions: usize,
}

impl Compiler {
    /// A compiler, with Cranelift's own checks if `verify`.
    ///
    /// # Errors
    /// When Cranelift has no back end for this processor; says so.
    pub(crate) fn new(verify: bool) -> Result<Arc<Self>, String> {
        let of = |level: &str| -> Result<OwnedTargetIsa, String> {
            let mut flags = settings::builder();
            let settings = [
                ("opt_level", level),
                ("enable_verifier", if verify { "true" } else { "false" }),
                ("enable_probestack", "false"),
                ("unwind_info", "false"),
            ];
            for (name, value) in settings {
                flags.set(name, value).map_err(|error| error.to_string())?;
            }
            let builder = cranelift_native::builder()?;
            builder.finish(settings::Flags::new(flags)).map_err(|error| error.to_string())
        };
        let optimizing = of("speed")?;
        let stubs = [lower::trampoline(&*optimizing), lower::missing(&*optimizing)];
        let [enter, missing] = stubs.map(|stub| machine_code(stub, &*optimizing));
        Ok(Arc::new(Self { baseline: of("none")?, stubs: [enter?, missing?], optimizing }))
    }

    /// Where the trampoline is, and what stands in for functions without code.
    pub(crate) fn stubs(&self) -> [*const u8; 2] {
        [self.stubs[0].address(), self.stubs[1].address()]
    }

    fn isa(&self, tier: Tier) -> &dyn TargetIsa {
        match tier {
            Tier::Baseline => &*self.baseline,
            Tier::Optimizing => &*self.optimizing,
        }
    }

    /// Compiles.
    ///
    /// # Errors
    /// When Cranelift refuses the code, or there is no memory for it; says why.
    pub(crate) fn compile(&self, request: &Request) -> Result<Unit, String> {
        let begun = Instant::now();
        let isa = self.isa(request.tier);
        let lowered = lower(request, isa);
        let code = machine_code(lowered.function, isa)?;
        Ok(Unit {
            tier: request.tier,
            code,
            entries: lowered.entries,
            exits: lowered.exits,
            time: begun.elapsed(),
            instructions: request.function().code.len(),
        })
    }
}

/// Compiles intermediate code and makes it executable.
fn machine_code(function: ir::Function, isa: &dyn TargetIsa) -> Result<Executable, String> {
    let mut context = Context::for_function(function);
    let compiled = context.compile(isa, &mut ControlPlane::default()).map_err(|error| match error.inner {
        CodegenError::Verifier(errors) => format!("{errors}\n{}", error.func.display()),
        other => other.to_string(),
    })?;
    if !compiled.buffer.relocs().is_empty() {
        return Err(String::from("the code calls functions by name"));
    }
    Executable::new(compiled.code_buffer()).map_err(|error| error.to_string())
}
