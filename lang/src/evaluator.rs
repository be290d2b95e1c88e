//! The tree-walking evaluator: the oracle that every other engine is compared with.
//!
//! It walks the tree that the parser made, with the names that the resolver resolved, and asks the [runtime](Runtime) for
//! the meaning of every operation; what is left to it is order and control flow. Nothing is translated beforehand but
//! names: the tables turn each occurrence of a name into the `Place` it means, so that no name is looked up by its text
//! while the program runs.
//!
//! # The value stack
//!
//! ```text
//!          caller's frame                         callee's frame
//! ┌────────┬────────────────┬───────────────────┬────────┬────────────────────┐
//! │ slots  │ values waiting │ arguments = first │ other  │ values waiting …
//! │        │ for others …   │ slots of callee   │ slots  │
//! └────────┴────────────────┴───────────────────┴────────┴────────────────────┘
//! ```
//!
//! A value that waits while something else is evaluated lies on the stack, because that something may collect garbage:
//! the stack, the closures of the active calls, the result of a `return` under way and the literals are all that a
//! collection has to mark. A value in a Rust variable is good only until the next evaluation or operation.
//!
//! # Ways out
//!
//! Whatever cannot go on ends in an `Exit`: an error, or a jump (`break`, `continue`, `return`), which may start inside an
//! expression, as arms of a `match` can be blocks. Whoever stops an exit – a loop, `catch`, `finally`, a call – cuts the
//! stack back to where it was; nobody else has to.
//!
//! # Native stack
//!
//! Guest calls and nested expressions are native recursion here. Every so many levels ask for more native stack if little
//! is left, so depth is bounded by the limits of the run alone.
//!
//! # Tasks
//!
//! A task waits in the midst of native recursion, so it has a native stack and an `Evaluator` of its own (`tasks.rs`). They take turns with the
//! runtime, which each hands on when it waits, ends, or starts another.

mod calls;
mod expressions;
mod loops;
mod patterns;
mod statements;
mod tables;
mod tasks;
mod variables;

use std::sync::Arc;

use runtime::coroutine::{self, Turn, on_new_stack, stack_pointer};
use runtime::tasks::MAIN;
use runtime::{Error, ErrorKind, Fault, Runtime, Value};

use crate::gas::{Charge, Charges, Node};
use crate::loader::Analysis;
use tables::Tables;
use tasks::{Shared, TaskScope};

/// Runs a program: the top level of its main file. The value is that of a top-level `return`, or null.
///
/// `runtime` belongs to a program that was compiled from the same analysis, so that functions, types, modules, globals and
/// names have the same indices in both. With `charges`, which come from compiling it to metered code, it takes gas.
///
/// # Errors
/// The error that ended the program, with its trace.
pub fn evaluate(analysis: &Analysis<'_>, charges: Option<&Charges>, runtime: &mut Runtime) -> Result<Value, Fault> {
    let program = Arc::clone(&runtime.program);
    let tables = Tables::new(analysis, &program, runtime);
    let shared = Shared::default();
    coroutine::scope(runtime, |scope, turn| {
        let left = stacker::remaining_stack().unwrap_or(0);
        let limit = stack_pointer().saturating_sub(left);
        let mut evaluator = Evaluator::new(&tables, charges, turn, scope, &shared, limit);
        let outcome = if left < ENOUGH { evaluator.on_more_stack(Evaluator::program) } else { evaluator.program() };
        match outcome {
            Ok(value) => Ok(value),
            Err(Exit::Fault(fault)) => Err(fault),
            Err(Exit::Jump) => unreachable!("loops and calls stop jumps"),
        }
    })
}

/// Every so many levels of native recursion, the evaluator looks how much native stack is left.
const STRIDE: u32 = 16;
/// Native stack that this many levels never use up.
const RED_ZONE: usize = 256 << 10;
/// A run begins on the native stack there is if so much of it is left: to add a segment takes longer than most short scripts.
const ENOUGH: usize = 1 << 20;
/// Native stack that is added when the rest is short. Untouched pages of it cost nothing, and few programs ever need more.
const SEGMENT: usize = 64 << 20;
/// Values that fit on the stack before it grows for the first time.
const FIRST_VALUES: usize = 1024;

/// Why an evaluation ended before it had a value.
#[derive(Debug)]
enum Exit {
    /// An error, with its trace.
    Fault(Fault),
    /// [`Evaluator::jump`] says where to.
    Jump,
}

/// A way out of a block that is no error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Jump {
    /// Out of the innermost loop.
    Break,
    /// To its next iteration.
    Continue,
    /// Out of the function, with [`Evaluator::result`].
    Return,
    /// Out of the task, which waits when the run ends: nothing of the program runs any more.
    Cancel,
}

/// One active call.
#[derive(Clone, Copy, Debug)]
struct Frame {
    /// The function: its index in the program.
    function: u32,
    /// Where the names of its file begin among the tables' places.
    names: u32,
    /// Where its slots begin on the stack.
    base: usize,
    /// Holder of its captured variables, if it has any.
    closure: Value,
    /// Offset of what it is doing, as of its last call or error.
    position: u32,
}

/// An operation on the topmost values.
type Operation<'o> = dyn Fn(&mut Runtime, &[Value]) -> Result<Value, Fault> + 'o;

/// The main program or a task of a run.
struct Evaluator<'a, 't> {
    tables: &'t Tables<'a, 't>,
    runtime: Turn<'t, Runtime>,
    scope: &'t TaskScope<'t, 'a>,
    shared: &'t Shared,
    /// The record of the task; that of the main program is 0.
    record: u32,
    /// What regions cost, if gas is metered.
    charges: Option<&'t Charges>,
    /// Slots of active calls, and values that wait.
    stack: Vec<Value>,
    /// The call that runs.
    frame: Frame,
    /// The calls that wait for it, outermost first.
    callers: Vec<Frame>,
    /// Meaning of the last [`Exit::Jump`].
    jump: Jump,
    /// What the `return` under way gives; null when none is.
    result: Value,
    /// Calls that the first of its own is nested in.
    ground: usize,
    /// How deep native recursion is.
    native_depth: u32,
    /// The lowest address of the native stack that may be used.
    native_limit: usize,
}

impl<'a, 't> Evaluator<'a, 't> {
    fn new(
        tables: &'t Tables<'a, 't>,
        charges: Option<&'t Charges>,
        runtime: Turn<'t, Runtime>,
        scope: &'t TaskScope<'t, 'a>,
        shared: &'t Shared,
        native_limit: usize,
    ) -> Self {
        let main = &tables.functions[tables.main as usize];
        Self {
            tables,
            runtime,
            scope,
            shared,
            record: MAIN,
            charges,
            stack: Vec::with_capacity(FIRST_VALUES),
            frame: Frame { function: tables.main, names: main.names, base: 0, closure: Value::NULL, position: 0 },
            callers: Vec::new(),
            jump: Jump::Return,
            result: Value::NULL,
            ground: 0,
            native_depth: 0,
            native_limit,
        }
    }

    /// Runs the main file, and what tasks are left then.
    fn program(&mut self) -> Result<Value, Exit> {
        let outcome = self.run(&self.tables.functions[self.tables.main as usize]);
        if !self.runtime.tasks.is_used() {
            return outcome;
        }
        let outcome = outcome.and_then(|value| self.end_main(value));
        self.cancel_tasks();
        outcome
    }

    // The stack.

    fn push(&mut self, value: Value) {
        self.stack.push(value);
    }

    fn pop(&mut self) -> Value {
        self.stack.pop().expect("what was pushed is still there")
    }

    /// Runs one level of native recursion.
    #[inline]
    fn nested<T>(&mut self, run: impl FnOnce(&mut Self) -> Result<T, Exit>) -> Result<T, Exit> {
        self.native_depth += 1;
        let result = if self.native_depth.is_multiple_of(STRIDE) && stack_pointer() < self.native_limit + RED_ZONE {
            self.on_more_stack(run)
        } else {
            run(self)
        };
        self.native_depth -= 1;
        result
    }

    /// Runs something on a new segment of native stack.
    #[inline(never)]
    fn on_more_stack<T>(&mut self, run: impl FnOnce(&mut Self) -> Result<T, Exit>) -> Result<T, Exit> {
        let limit = self.native_limit;
        let outcome = on_new_stack(SEGMENT, |limit| {
            self.native_limit = limit;
            run(self)
        });
        self.native_limit = limit;
        outcome.unwrap_or_else(|_| {
            let fault = Error::heap(self.runtime.heap.limit());
            Err(self.raise(fault, self.frame.position))
        })
    }

    // Errors.

    /// An error that happens at `position`, with the calls that led there.
    #[cold]
    fn raise(&mut self, mut fault: Fault, position: u32) -> Exit {
        self.frame.position = position;
        if self.charges.is_some() {
            self.runtime.refund(&fault, std::iter::once((self.frame.function, position)));
        }
        let active = std::iter::once(&self.frame).chain(self.callers.iter().rev());
        let calls =
            active.map(|frame| (frame.function, self.tables.functions[frame.function as usize].file, frame.position));
        self.runtime.locate(&mut fault, calls);
        Exit::Fault(fault)
    }

    /// The outcome of an operation that allocates nothing.
    #[inline]
    fn checked<T>(&mut self, outcome: Result<T, Fault>, position: u32) -> Result<T, Exit> {
        outcome.map_err(|fault| self.raise(fault, position))
    }

    /// Takes a unit of fuel, if the run counts it.
    #[inline]
    fn take_fuel(&mut self, position: u32) -> Result<(), Exit> {
        if !self.runtime.has_fuel_limit() {
            return Ok(());
        }
        let outcome = self.runtime.take_fuel();
        self.checked(outcome, position)
    }

    // Gas.

    /// Pays for the region that begins at a node, if gas is metered and one does.
    #[inline]
    fn pay(&mut self, node: impl Into<Option<Node>>) -> Result<(), Exit> {
        let Some(charges) = self.charges else { return Ok(()) };
        match node.into().and_then(|node| charges.nodes.get(&node)) {
            Some(&charge) => self.take_gas(charge),
            None => Ok(()),
        }
    }

    fn take_gas(&mut self, charge: Charge) -> Result<(), Exit> {
        let outcome = self.runtime.take_gas(u64::from(charge.gas));
        self.checked(outcome, charge.position)
    }

    // Operations and collections.

    /// The outcome of an operation that may allocate.
    #[inline]
    fn apply<const N: usize>(
        &mut self,
        operands: [Value; N],
        position: u32,
        operation: impl Fn(&mut Runtime, [Value; N]) -> Result<Value, Fault>,
    ) -> Result<Value, Exit> {
        match operation(&mut self.runtime, operands) {
            Ok(value) => self.settle(value, position),
            Err(fault) => {
                let first = self.stack.len();
                self.stack.extend(operands);
                let value = self.retry(first, fault, position, &|runtime, values| {
                    let mut operands = [Value::NULL; N];
                    operands.copy_from_slice(values);
                    operation(runtime, operands)
                })?;
                self.stack.truncate(first);
                Ok(value)
            }
        }
    }

    /// The outcome of an operation on the values from `first` on, which are taken off the stack.
    #[inline]
    fn operate(
        &mut self,
        first: usize,
        position: u32,
        operation: impl Fn(&mut Runtime, &[Value]) -> Result<Value, Fault>,
    ) -> Result<Value, Exit> {
        let value = match operation(&mut self.runtime, &self.stack[first..]) {
            Ok(value) => value,
            Err(fault) => self.retry(first, fault, position, &operation)?,
        };
        self.stack.truncate(first);
        self.settle(value, position)
    }

    /// Goes on after an operation failed: when the heap was full, collects and runs it once more.
    #[cold]
    fn retry(&mut self, first: usize, fault: Fault, position: u32, operation: &Operation<'_>) -> Result<Value, Exit> {
        if fault.kind != ErrorKind::Heap {
            return Err(self.raise(fault, position));
        }
        self.runtime.heap.note_refusal();
        self.collect(position)?;
        self.runtime.heap.begin_retry();
        match operation(&mut self.runtime, &self.stack[first..]) {
            Ok(value) => self.collect_keeping(value, position),
            Err(fault) => {
                self.runtime.heap.end_retry();
                Err(self.raise(fault, position))
            }
        }
    }

    /// The safepoint after an operation whose result is `value`.
    #[inline]
    fn settle(&mut self, value: Value, position: u32) -> Result<Value, Exit> {
        if self.runtime.heap.wants_collection() { self.collect_keeping(value, position) } else { Ok(value) }
    }

    #[cold]
    fn collect_keeping(&mut self, value: Value, position: u32) -> Result<Value, Exit> {
        self.push(value);
        self.collect(position)?;
        Ok(self.pop())
    }

    /// Frees what the program can no longer reach.
    #[cold]
    fn collect(&mut self, position: u32) -> Result<(), Exit> {
        let Self { runtime, stack, frame, callers, result, shared, .. } = self;
        let outcome = runtime.collect(|marker| {
            marker.values(stack);
            marker.value(*result);
            marker.value(frame.closure);
            callers.iter().for_each(|caller| marker.value(caller.closure));
            shared.trace(marker);
        });
        self.checked(outcome, position)
    }

    /// What throwing a value ends in.
    #[cold]
    fn throw(&mut self, value: Value, position: u32) -> Exit {
        let fault = self.runtime.throw(value);
        self.raise(fault, position)
    }
}
