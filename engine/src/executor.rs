//! Executors: ways to run a program. One file each in `executors/`, one line each in [`executors`].

use std::hint::black_box;
use std::sync::Arc;

use runtime::apart::Apart;
use runtime::probe::{InstructionCounts, Watcher};
use runtime::{Fault, Program, RunOptions, Runtime, Value};

use crate::clock;
use crate::compiled::Compiled;
use crate::configuration::Configuration;
use crate::error::EngineError;
use crate::executors::{ast, auto, hybrid, jit, register, stack};
use crate::orchestrator::Decision;
use crate::outcome::{Failure, InstructionTally, Outcome};
use crate::profile::{Code, ProbeKind, Profiler, ProgramCode, Recorder, Table};

/// A way to run programs.
pub trait Executor: Send + Sync {
    /// Its name: a value of `--vm`.
    fn name(&self) -> &'static str;

    /// What it is, in one line.
    fn about(&self) -> &'static str;

    /// Makes a program ready to be run any number of times.
    ///
    /// # Errors
    /// When it cannot run this program.
    fn prepare<'c>(
        &self,
        compiled: &'c Compiled,
        configuration: &Configuration,
    ) -> Result<Box<dyn Prepared + 'c>, EngineError>;
}

/// A program that an executor has made ready.
///
/// Implementations say how to execute in a fresh [`Runtime`]; `run` and `count`, methods of `dyn Prepared`, do the
/// rest the same way for all.
pub trait Prepared {
    /// The tables that a runtime for it is made from.
    fn program(&self) -> &Arc<Program>;

    /// Executes without watching.
    ///
    /// # Errors
    /// The error that ended the program.
    fn execute(&self, runtime: &mut Runtime) -> Result<Value, Fault>;

    /// Executes and tells of every instruction. An executor that has none executes and tells nothing.
    ///
    /// # Errors
    /// The error that ended the program.
    fn execute_watched(&self, runtime: &mut Runtime, watcher: &mut dyn Watcher) -> Result<Value, Fault>;

    /// The code it runs; none when the executor runs no instructions.
    fn code(&self) -> Option<ProgramCode<'_>>;

    /// The name of a dense opcode; none when the executor runs no instructions.
    fn opcode_name(&self, opcode: u16) -> Option<&'static str>;

    /// Bytes of the code it runs, if it runs code.
    fn code_bytes(&self) -> Option<usize>;

    /// What converting the program did, if it was converted.
    fn conversion(&self) -> Option<&converter::Statistics> {
        None
    }

    /// What the optimizer did to the stack code that it runs or that was converted; none when there is no stack code.
    fn optimization(&self) -> Option<&optimizer::Statistics> {
        None
    }

    /// What was compiled to native code so far, over all runs; none where nothing ever is.
    fn native(&self) -> Option<::jit::Statistics> {
        None
    }

    /// Who makes calls for a run of the program, if anybody does.
    fn helpers(&self) -> Option<Arc<dyn Apart>> {
        None
    }

    /// Why this engine runs the program, if one was chosen.
    fn decision(&self) -> Option<&Decision> {
        None
    }
}

impl dyn Prepared + '_ {
    fn runtime(&self, mut options: RunOptions) -> Runtime {
        options.ledger.get_or_insert_with(|| Box::new(ledger::Chain::in_memory()));
        Runtime::new(Arc::clone(self.program()), options)
    }

    /// Runs the program once.
    pub fn run(&self, mut options: RunOptions) -> Outcome {
        // Where somebody watches, the program does everything itself.
        options.apart = self.helpers();
        let mut runtime = self.runtime(options);
        measure(&mut runtime, |runtime| self.execute(runtime))
    }

    /// Runs the program once, counting instructions. Its time is that of a watched run.
    pub fn count(&self, options: RunOptions) -> Outcome {
        let mut runtime = self.runtime(options);
        let mut counts = InstructionCounts::default();
        let mut outcome = measure(&mut runtime, |runtime| self.execute_watched(runtime, &mut counts));
        outcome.instructions = self.tally(&counts);
        outcome
    }

    /// Runs the program once, watched by these probes. Gives what the run gave and, for each probe, what it saw; nothing when the
    /// executor runs no instructions. Its time is that of a watched run.
    pub fn profile(&self, options: RunOptions, probes: &[&ProbeKind]) -> Option<(Outcome, Vec<Vec<Table>>)> {
        let code = Code::new(self.code()?, |opcode| self.opcode_name(opcode));
        let mut recorders: Vec<Box<dyn Recorder>> = probes.iter().map(|probe| (probe.begin)(&code)).collect();
        let mut runtime = self.runtime(options);
        runtime.heap.count_objects();
        let mut profiler = Profiler::new(&code, &mut recorders);
        let outcome = measure(&mut runtime, |runtime| self.execute_watched(runtime, &mut profiler));
        recorders.iter_mut().for_each(|recorder| recorder.end(&runtime.heap));
        Some((outcome, recorders.iter().map(|recorder| recorder.tables(&code)).collect()))
    }

    fn tally(&self, counts: &InstructionCounts) -> Option<InstructionTally> {
        let mut by_operation = Vec::new();
        for (opcode, &count) in counts.by_opcode().iter().enumerate() {
            if count > 0 {
                by_operation.push((self.opcode_name(opcode as u16)?, count));
            }
        }
        self.opcode_name(0)?;
        by_operation.sort_by_key(|&(name, count)| (std::cmp::Reverse(count), name));
        Some(InstructionTally { total: counts.total(), by_operation })
    }
}

fn measure(runtime: &mut Runtime, execute: impl FnOnce(&mut Runtime) -> Result<Value, Fault>) -> Outcome {
    let begun = clock::now();
    let result = execute(black_box(runtime));
    // Output that cannot be written is an error like any other, unless there is one already.
    let result = match (result, runtime.output.flush()) {
        (Ok(_), Err(fault)) => Err(fault),
        (result, _) => result,
    };
    let time = clock::now().saturating_sub(begun);
    runtime.abandon_transactions(result.as_ref().err().map(|fault| &**fault));
    let mut outcome = Outcome::new(runtime, black_box(result), time);
    match runtime.finish_block() {
        Ok(block) => {
            if let Some(ledger) = &mut outcome.ledger {
                ledger.block = block;
            }
        }
        // What the program printed is not true if it was not kept.
        Err(fault) => outcome.result = Err(Failure::new(*fault)),
    }
    outcome
}

/// Every executor, the default first.
pub fn executors() -> &'static [&'static dyn Executor] {
    &[&auto::Auto, &ast::Ast, &stack::Stack, &register::Register, &hybrid::Hybrid, &jit::JitExecutor]
}

/// The executor of this name.
pub fn find_executor(name: &str) -> Option<&'static dyn Executor> {
    executors().iter().copied().find(|executor| executor.name() == name)
}
