//! From intermediate representation to machine code.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::isa::{OwnedTargetIsa, TargetIsa};
use cranelift_codegen::settings::{self, Configurable};
use cranelift_codegen::{CodegenError, Context, FinalizedMachReloc, ir};

use crate::Tier;
use crate::body::Body;
use crate::lower::{self, Exit, Request, StubAddresses, lower};
use crate::memory::Executable;

/// Compiles for the processor that this runs on.
pub(crate) struct Compiler {
    baseline: OwnedTargetIsa,
    optimizing: OwnedTargetIsa,
    /// See [`lower::stubs`].
    stubs: [Executable; 5],
}

impl std::fmt::Debug for Compiler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compiler").field("for", &self.optimizing.name()).finish_non_exhaustive()
    }
}

/// Machine code of a function, and what is known of it.
#[derive(Debug)]
pub struct Made {
    /// The tier that made it.
    pub tier: Tier,
    /// The bytes.
    pub code: Box<[u8]>,
    /// Where the code of register instructions begins, by distance in bytes: `(distance, instruction)`, ascending; an entry holds up to the next. What leads
    /// into the code and around has none. The code of callees is that of the calls in whose place it stands.
    pub places: Vec<(u32, Option<u32>)>,
    /// Bytes that its frame takes on the native stack.
    pub frame: usize,
    /// Instructions at which it can be entered, by number.
    pub(crate) entries: Vec<u32>,
    pub(crate) exits: Vec<Exit>,
    /// How long it took.
    pub time: Duration,
    /// Register instructions that it was made of, those of callees included.
    pub instructions: usize,
    /// Calls in whose place the code of the callee stands.
    pub spliced: usize,
    /// What it was made of.
    pub(crate) body: Arc<Body>,
}

/// Machine code of a function that a program can run.
#[derive(Debug)]
pub(crate) struct Unit {
    pub(crate) made: Arc<Made>,
    pub(crate) code: Executable,
}

impl Unit {
    /// Makes code executable.
    ///
    /// # Errors
    /// As for [`Executable::new`].
    pub(crate) fn new(made: Arc<Made>) -> Result<Self, String> {
        Ok(Self { code: Executable::new(&made.code)?, made })
    }
}

impl Compiler {
    /// The one compiler of the process, with Cranelift's own checks if `verify`.
    ///
    /// # Errors
    /// When Cranelift has no back end for this processor; says so.
    pub(crate) fn get(verify: bool) -> Result<Arc<Self>, String> {
        static COMPILERS: [OnceLock<Result<Arc<Compiler>, String>>; 2] = [const { OnceLock::new() }; 2];
        COMPILERS[usize::from(verify)].get_or_init(|| Self::new(verify)).clone()
    }

    /// A compiler, with Cranelift's own checks if `verify`.
    ///
    /// # Errors
    /// When Cranelift has no back end for this processor; says so.
    fn new(verify: bool) -> Result<Arc<Self>, String> {
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
            // The one that takes a single pass compiles in two thirds of the time, but its code takes three times as long: longer than the interpreter.
            flags.set("regalloc_algorithm", "backtracking").map_err(|error| error.to_string())?;
            let builder = cranelift_native::builder()?;
            builder.finish(settings::Flags::new(flags)).map_err(|error| error.to_string())
        };
        let optimizing = of("speed")?;
        let made = lower::stubs(&*optimizing).map(|stub| Executable::new(&machine_code(stub, &*optimizing)?.bytes));
        let [enter, missing, step, call, branch] = made;
        Ok(Arc::new(Self { baseline: of("none")?, stubs: [enter?, missing?, step?, call?, branch?], optimizing }))
    }

    /// Where the trampoline is, and what stands in for functions without code.
    pub(crate) fn stubs(&self) -> [*const u8; 2] {
        [self.stubs[0].address(), self.stubs[1].address()]
    }

    /// Where the stubs are that native code calls.
    pub(crate) fn stub_addresses(&self) -> StubAddresses {
        let [_, _, step, call, branch] = self.stubs.each_ref().map(|stub| stub.address() as u64);
        StubAddresses { step, call, branch }
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
    pub(crate) fn compile(&self, request: &Request) -> Result<Made, String> {
        let begun = Instant::now();
        let isa = self.isa(request.tier);
        let lowered = lower(request, isa);
        let Code { bytes, frame, mut places } = machine_code(lowered.function, isa)?;
        for (_, place) in &mut places {
            *place = place.map(|at| request.body.own(at));
        }
        Ok(Made {
            tier: request.tier,
            code: bytes,
            frame,
            places,
            entries: lowered.entries,
            exits: lowered.exits,
            time: begun.elapsed(),
            instructions: lowered.instructions,
            spliced: request.body.contexts().len() - 1,
            body: Arc::clone(&request.body),
        })
    }
}

/// What Cranelift makes; see [`Made`].
struct Code {
    bytes: Box<[u8]>,
    frame: usize,
    places: Vec<(u32, Option<u32>)>,
}

/// Whether calls of the code itself can be filled in for a processor.
pub(crate) fn fills_calls_in(isa: &dyn TargetIsa) -> bool {
    isa.name() == "x64"
}

/// Fills in a call of the code itself, the only one by name that there is.
///
/// # Errors
/// When it is something else; says so.
fn fill_in(code: &mut [u8], relocation: &FinalizedMachReloc) -> Result<(), String> {
    let at = relocation.offset as usize;
    let distance = i32::try_from(relocation.addend - i64::from(relocation.offset)).ok();
    match (relocation.kind, distance, code.get_mut(at..at + 4)) {
        (Reloc::X86CallPCRel4, Some(distance), Some(place)) => {
            place.copy_from_slice(&distance.to_le_bytes());
            Ok(())
        }
        (kind, ..) => Err(format!("the code has a place to be filled in of a kind that is not known: {kind}")),
    }
}

/// Compiles intermediate code.
fn machine_code(function: ir::Function, isa: &dyn TargetIsa) -> Result<Code, String> {
    let mut context = Context::for_function(function);
    let compiled = context.compile(isa, &mut ControlPlane::default()).map_err(|error| match error.inner {
        CodegenError::Verifier(errors) => format!("{errors}\n{}", error.func.display()),
        other => other.to_string(),
    })?;
    let mut bytes: Box<[u8]> = compiled.code_buffer().into();
    for relocation in compiled.buffer.relocs() {
        fill_in(&mut bytes, relocation)?;
    }
    // Above what the layout knows of lie the caller's frame pointer and the return address.
    let frame = compiled.buffer.frame_layout().map_or(0, |layout| layout.frame_to_fp_offset as usize) + 16;
    let places = compiled.buffer.get_srclocs_sorted().iter();
    let places = places.map(|place| (place.start, (!place.loc.is_default()).then(|| place.loc.bits()))).collect();
    Ok(Code { bytes, frame, places })
}
