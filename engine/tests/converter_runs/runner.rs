//! Runs both forms of a module, and hybrid code of it, and compares what can be observed.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::io::Write;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;

use converter::regions::Region;
use converter::{AllocatorKind, ConvertError, Hybrid, Options, Step, StepSet, convert, convert_hybrid};
use isa::{RegCode, Stack, StackCode, StackOp, Verified};
use runtime::probe::NoProbe;
use runtime::{Collecting, Fault, Limits, Program, RunOptions, Runtime, Value};

/// Register counts at which code is converted: the fewest, odd ones, the most of a lane's byte and what lies beyond.
pub(crate) const REGISTERS: [u16; 7] = [8, 9, 11, 16, 64, 255, 256];

/// Iterations and calls that a run may begin.
pub(crate) const FUEL: u64 = 20_000;

/// An error: what it says, and the active calls with function, source and offset.
pub(crate) type Raised = (String, Vec<(String, u32, u32)>);

/// What a run shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Value with its type, or kind and message of the error and the active calls: function, source, offset.
    pub(crate) result: Result<String, Raised>,
    pub(crate) output: String,
    pub(crate) fuel_used: u64,
    /// Root of the state, and events.
    pub(crate) ledger: String,
}

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.output)?;
        match &self.result {
            Ok(value) => write!(f, "{value}"),
            Err((error, _)) => write!(f, "! {error}"),
        }
    }
}

#[derive(Clone, Default)]
struct Sink(Rc<RefCell<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// How to run.
#[derive(Clone, Copy)]
pub(crate) struct How {
    pub(crate) fuel: u64,
    pub(crate) max_heap: usize,
    pub(crate) collecting: Collecting,
}

impl Default for How {
    fn default() -> Self {
        Self { fuel: FUEL, max_heap: 64 << 20, collecting: Collecting::WhenDue }
    }
}

fn run(program: Arc<Program>, how: How, execute: impl FnOnce(&mut Runtime) -> Result<Value, Fault>) -> Shown {
    let sink = Sink::default();
    let mut runtime = Runtime::new(
        program,
        RunOptions {
            limits: Limits { max_depth: 100, max_heap: how.max_heap, fuel: Some(how.fuel), gas: None },
            output: Box::new(sink.clone()),
            collecting: how.collecting,
            ledger: Some(Box::new(ledger::Chain::in_memory())),
            ..RunOptions::default()
        },
    );
    let result = execute(&mut runtime);
    runtime.output.flush().unwrap();
    let result = match result {
        Ok(value) => Ok(format!("{} {}", runtime.typeof_name(value), runtime.format(value))),
        Err(fault) => {
            let trace = fault.origin.map(|origin| Arc::unwrap_or_clone(origin).trace).unwrap_or_default();
            let trace = trace.into_iter().map(|entry| (entry.function, entry.source, entry.offset)).collect();
            Err((format!("{}: {}", fault.kind.name(), fault.message), trace))
        }
    };
    let output = String::from_utf8(sink.0.take()).unwrap();
    runtime.abandon_transactions(None);
    let ledger = format!("{:?} {:?}", runtime.ledger.state_root(), runtime.ledger.events());
    Shown { result, output, fuel_used: how.fuel - runtime.fuel, ledger }
}

/// Runs stack code.
pub(crate) fn run_stack(code: &Verified<StackCode>, how: How) -> Shown {
    let linked = vm_stack::Linked::new(code).unwrap();
    run(Arc::clone(linked.program()), how, |runtime| vm_stack::execute(&linked, runtime, &mut NoProbe))
}

/// Runs register code.
pub(crate) fn run_register(code: &Verified<RegCode>, how: How) -> Shown {
    run_hybrid(code, &[], how)
}

/// Runs register code with islands of stack code.
fn run_hybrid(code: &Verified<RegCode>, islands: &[Vec<Range<u32>>], how: How) -> Shown {
    let linked = vm_register::Linked::with_islands(code, islands, vm_register::Options::default()).unwrap();
    run(Arc::clone(linked.program()), how, |runtime| vm_register::execute(&linked, runtime, &mut NoProbe))
}

/// Stack code from text. Every instruction comes from a place of its own, so that traces tell instructions apart.
pub(crate) fn assemble(text: &str) -> Verified<StackCode> {
    let module = isa::text::parse_form::<Stack>(text).unwrap_or_else(|error| panic!("{error} in\n{text}"));
    verify(module).unwrap_or_else(|error| panic!("{error} in\n{text}"))
}

/// Gives every instruction a place of its own and verifies. A jump that begins an iteration has the place of what decides about it, as in
/// compiled code: there the converter makes one instruction of both.
pub(crate) fn verify(mut module: StackCode) -> Result<Verified<StackCode>, isa::VerifyError> {
    for function in &mut module.functions {
        let code = &function.code;
        let is_part_of_last = |pc: usize| {
            pc > 0
                && (code[pc].op() == StackOp::LoopIfTrue
                    || code[pc].op() == StackOp::Loop
                        && code[pc - 1].op().skips()
                        && code[pc - 1].op() != StackOp::ForPrepare)
        };
        function.lines = (0..code.len()).filter(|&pc| !is_part_of_last(pc)).map(|pc| (pc as u32, pc as u32)).collect();
    }
    isa::verify::stack(module)
}

/// Converts; a panic is an error too.
pub(crate) fn try_convert(code: &Verified<StackCode>, options: Options) -> Result<Verified<RegCode>, String> {
    let options = Options { check: true, ..options };
    caught(code, options, || Ok(convert(code, options)?.0))
}

/// Makes hybrid code, with about half of the regions converted: which ones depends on them and the register count.
fn try_convert_half(code: &Verified<StackCode>, options: Options) -> Result<Hybrid, String> {
    let options = Options { check: true, ..options };
    let converts = |function: u32, region: &Region| {
        let place = u64::from(function) << 40 | u64::from(region.code[0].start) << 16 | u64::from(options.registers);
        place.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 63 != 0
    };
    caught(code, options, || Ok(convert_hybrid(code, options, converts)?.0))
}

/// What a conversion gives, or what to say of its error or panic.
fn caught<T>(
    code: &Verified<StackCode>,
    options: Options,
    convert: impl FnOnce() -> Result<T, ConvertError>,
) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(convert)) {
        Ok(Ok(converted)) => Ok(converted),
        Ok(Err(error @ (ConvertError::Unverified(_) | ConvertError::Unfaithful(_)))) => {
            let mut text = error.to_string();
            if let Ok((module, _)) = converter::convert_unverified(code, options) {
                let _ = write!(text, "\n{}", listings(&module));
            }
            Err(text)
        }
        Ok(Err(error)) => Err(error.to_string()),
        Err(panic) => {
            let message = panic.downcast_ref::<String>().cloned();
            let message = message.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
            Err(format!("the converter panics: {}", message.unwrap_or_default()))
        }
    }
}

fn listings<F: isa::text::TextForm>(module: &isa::Module<F>) -> String {
    (0..module.functions.len() as u32).map(|function| isa::text::listing(module, function, false)).collect()
}

/// All allocators at some register counts, and at each count one of them without some of the steps.
fn all_options(code: &Verified<StackCode>, registers: &[u16]) -> Vec<Options> {
    let length: usize = code.functions.iter().map(|function| function.code.len()).sum();
    let mut all = Vec::new();
    for (index, &registers) in registers.iter().enumerate() {
        all.extend(AllocatorKind::ALL.iter().map(|&allocator| Options { registers, allocator, ..Options::default() }));
        // Any subset; over many programs, all kinds of them.
        let bits = (length + index).wrapping_mul(0x9e37_79b9) >> 7;
        let without: StepSet =
            Step::ALL.iter().enumerate().filter(|(at, _)| bits >> at & 1 != 0).map(|(_, &step)| step).collect();
        let allocator = AllocatorKind::ALL[(bits >> 12) % AllocatorKind::ALL.len()];
        all.push(Options { registers, allocator, without, check: true, ..Options::default() });
    }
    all
}

/// What is different between both forms at some register count, or what both show.
pub(crate) fn compare(code: &Verified<StackCode>, registers: &[u16], how: How) -> Result<Shown, String> {
    let expected = run_stack(code, how);
    for options in all_options(code, registers) {
        let Options { registers, allocator, without, .. } = options;
        let left_out: Vec<&str> = without.iter().map(|step| step.about().0).collect();
        let at = format!("{} without [{}] at {registers} registers", allocator.about().0, left_out.join(","));
        let converted = match try_convert(code, options) {
            Ok(converted) => converted,
            Err(error) => return Err(format!("{at}: {error}\n{}", listings(code))),
        };
        let shown = run_register(&converted, how);
        if shown != expected {
            return Err(format!(
                "{at}:\n--- stack\n{expected:?}\n--- register\n{shown:?}\n{}\n{}",
                listings(code),
                listings(&converted)
            ));
        }
    }
    for &registers in registers {
        let options = Options { registers, ..Options::default() };
        let hybrid = match try_convert_half(code, options) {
            Ok(hybrid) => hybrid,
            Err(error) => return Err(format!("hybrid at {registers} registers: {error}\n{}", listings(code))),
        };
        let shown = run_hybrid(&hybrid.code, &hybrid.islands, how);
        if shown != expected {
            return Err(format!(
                "hybrid at {registers} registers:\n--- stack\n{expected:?}\n--- hybrid\n{shown:?}\n{}\n{}\n{:?}",
                listings(code),
                listings(&hybrid.code),
                hybrid.islands
            ));
        }
    }
    Ok(expected)
}

/// Both forms show the same, with plenty of fuel and when it runs out on the way, and when every safepoint collects.
pub(crate) fn agree(code: &Verified<StackCode>) -> Result<Shown, String> {
    let shown = compare(code, &REGISTERS, How::default())?;
    for collecting in [Collecting::Always, Collecting::InSteps] {
        compare(code, &[8, 256], How { collecting, ..How::default() })?;
    }
    for fuel in [0, shown.fuel_used / 2, shown.fuel_used.saturating_sub(1)] {
        compare(code, &[8, 256], How { fuel, ..How::default() })?;
    }
    Ok(shown)
}
