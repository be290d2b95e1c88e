//! Tasks: each is a coroutine with an evaluator of its own.
//!
//! Whoever hands the runtime on *parks* what the collector has to see of it: its stack, and the closures of its calls. A task that starts runs in
//! the midst of the call that starts it, on its own native stack, until it waits for the first time. Those that wait are resumed by the
//! main program, when that waits itself or has ended.

use std::cell::{Cell, RefCell};

use fxhash::FxHashMap;
use runtime::coroutine::{NoStack, Scope, Switched, Turn};
use runtime::heap::Marker;
use runtime::tasks::{MAIN, Next};
use runtime::{Error, ErrorKind, Fault, Runtime, Value};

use super::tables::{Code, Place};
use super::{Evaluator, Exit, Frame, Jump};
use crate::ast::{Expression, ExpressionKind};
use crate::names::Symbol;

/// The coroutines of a run. One ends with the error that ends the run, if there is one.
pub(super) type TaskScope<'t, 'a> = Scope<'t, 'a, Runtime, Option<Fault>>;

/// What evaluators leave for the collector while another one runs.
#[derive(Debug)]
struct Parked {
    stack: Vec<Value>,
    callers: Vec<Frame>,
    closure: Value,
    result: Value,
}

impl Default for Parked {
    fn default() -> Self {
        Self { stack: Vec::new(), callers: Vec::new(), closure: Value::NULL, result: Value::NULL }
    }
}

/// What the evaluators of a run share besides the runtime.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Strings of literals by address and length of their text.
    pub(super) literals: RefCell<FxHashMap<(usize, usize), Value>>,
    /// By record.
    parked: RefCell<Vec<Parked>>,
    /// Whether the run has ended, and tasks that wait must not go on.
    pub(super) is_over: Cell<bool>,
}

impl Shared {
    /// Marks what evaluators left.
    pub(super) fn trace(&self, marker: &mut Marker<'_>) {
        self.literals.borrow().values().for_each(|&literal| marker.value(literal));
        for parked in &*self.parked.borrow() {
            marker.values(&parked.stack);
            parked.callers.iter().for_each(|caller| marker.value(caller.closure));
            marker.value(parked.closure);
            marker.value(parked.result);
        }
    }
}

/// What a task begins with.
struct Start {
    record: u32,
    function: u32,
    closure: Value,
    arguments: Vec<Value>,
    ground: usize,
    /// Whether the beginning of the function is paid for.
    is_paid: bool,
}

impl<'a, 't> Evaluator<'a, 't> {
    /// How deep calls are nested.
    pub(super) fn depth(&self) -> usize {
        self.ground + self.callers.len()
    }

    /// Hands the runtime on for as long as `switch` takes.
    fn hand_on<T>(&mut self, switch: impl FnOnce(&TaskScope<'t, 'a>, &mut Turn<'t, Runtime>) -> T) -> T {
        let record = self.record as usize;
        let parked = Parked {
            stack: std::mem::take(&mut self.stack),
            callers: std::mem::take(&mut self.callers),
            closure: self.frame.closure,
            result: self.result,
        };
        {
            let mut list = self.shared.parked.borrow_mut();
            if list.len() <= record {
                list.resize_with(record + 1, Parked::default);
            }
            list[record] = parked;
        }
        let outcome = switch(self.scope, &mut self.runtime);
        let parked = std::mem::take(&mut self.shared.parked.borrow_mut()[record]);
        (self.stack, self.callers) = (parked.stack, parked.callers);
        outcome
    }

    /// Calls an `async` function with the arguments from `base` on, which are taken off the stack. Gives the task.
    pub(super) fn start_task(
        &mut self,
        function: u32,
        closure: Value,
        base: usize,
        position: u32,
    ) -> Result<Value, Exit> {
        self.frame.position = position;
        self.pay_for_task(function, closure, base, position)?;
        let task = match self.runtime.begin_task(function) {
            Ok(task) => task,
            Err(fault) => {
                let first = self.stack.len();
                self.push(closure);
                let task = self.retry(first, fault, position, &|runtime, _| runtime.begin_task(function))?;
                self.stack.truncate(first);
                task
            }
        };
        let record = self.runtime.tasks.current();
        let arguments = self.stack.split_off(base);
        let ground = self.depth() + 1;
        self.switch_to(Start { record, function, closure, arguments, ground, is_paid: true })?;
        self.settle(task, position)
    }

    /// Pays for the beginning of a function, in its call, which is no task yet.
    fn pay_for_task(&mut self, function: u32, closure: Value, base: usize, position: u32) -> Result<(), Exit> {
        let Some(charges) = self.charges else { return Ok(()) };
        let names = self.tables.functions[function as usize].names;
        self.callers.push(self.frame);
        self.frame = Frame { function, names, base, closure, position: 0 };
        let paid = self.take_gas(charges.functions[function as usize]);
        self.frame = self.callers.pop().expect("it was pushed");
        if paid.is_err() {
            self.runtime.refund_call(self.frame.function, position);
        }
        paid
    }

    /// Runs a task until it waits for the first time or ends.
    fn switch_to(&mut self, start: Start) -> Result<(), Exit> {
        let (tables, charges, shared, scope) = (self.tables, self.charges, self.shared, self.scope);
        let record = start.record;
        let switched = self.hand_on(|_, turn| {
            scope.start(turn, record, move |turn, native_limit| {
                let code = &tables.functions[start.function as usize];
                let is_paid = start.is_paid;
                let evaluator = Evaluator::new(tables, charges, turn, scope, shared, native_limit);
                let mut evaluator = evaluator.of_task(start);
                let outcome = evaluator.task(code, is_paid);
                (evaluator.runtime, outcome)
            })
        });
        match switched {
            Ok(switched) => self.after(switched),
            Err(NoStack) => {
                let fault = Error::heap(self.runtime.heap.limit());
                self.runtime.end_task(Err(fault));
                Ok(())
            }
        }
    }

    /// What comes after a task has handed the runtime back.
    fn after(&mut self, switched: Switched<Option<Fault>>) -> Result<(), Exit> {
        match switched {
            Switched::Ended(Some(fault)) => {
                self.shared.is_over.set(true);
                Err(Exit::Fault(fault))
            }
            Switched::Ended(None) | Switched::Suspended => Ok(()),
        }
    }

    /// This evaluator for a task.
    fn of_task(self, start: Start) -> Self {
        let Start { record, function, closure, arguments, ground, .. } = start;
        let names = self.tables.functions[function as usize].names;
        let frame = Frame { function, names, base: 0, closure, position: 0 };
        Self { stack: arguments, frame, record, ground, ..self }
    }

    /// Runs the function that the task begins with, and ends the task. Gives the error that ends the run.
    fn task(&mut self, code: &'t Code<'a>, is_paid: bool) -> Option<Fault> {
        match if is_paid { self.run_paid(code) } else { self.run(code) } {
            Ok(value) => {
                self.runtime.end_task(Ok(value));
                None
            }
            Err(Exit::Fault(fault)) if fault.kind.is_catchable() => {
                self.runtime.end_task(Err(fault));
                None
            }
            Err(Exit::Fault(fault)) => Some(fault),
            // The run has ended.
            Err(Exit::Jump) => None,
        }
    }

    /// `await`: waits until the task has ended, if it is one.
    pub(super) fn await_value(&mut self, value: Value, position: u32) -> Result<Value, Exit> {
        loop {
            let outcome = self.runtime.poll(value);
            if let Some(value) = self.checked(outcome, position)? {
                return Ok(value);
            }
            self.frame.position = position;
            self.push(value);
            self.runtime.wait(value);
            if self.record == MAIN {
                self.run_others()?;
            } else {
                self.hand_on(|scope, turn| scope.suspend(turn));
                if self.shared.is_over.get() {
                    self.jump = Jump::Cancel;
                    return Err(Exit::Jump);
                }
                // It goes on on top of the main program.
                self.ground = 1;
            }
            self.pop();
        }
    }

    /// In the main program: lets tasks run until it can go on itself, or all have ended.
    fn run_others(&mut self) -> Result<(), Exit> {
        loop {
            match self.runtime.next_task() {
                Ok(Next::Main | Next::Done) => return Ok(()),
                Ok(Next::Resume(record)) => {
                    let switched = self.hand_on(|scope, turn| scope.resume(turn, record));
                    self.after(switched)?;
                }
                Ok(Next::Start { function, closure, arguments }) => {
                    let list = arguments.as_list();
                    let arguments = list.map(|list| (0..list.len()).filter_map(|index| list.get(index)).collect());
                    let record = self.runtime.tasks.current();
                    let arguments = arguments.unwrap_or_default();
                    self.switch_to(Start { record, function, closure, arguments, ground: 1, is_paid: false })?;
                }
                Ok(Next::Native) => {
                    let mut result = self.runtime.run_native_task();
                    let position = self.frame.position;
                    if matches!(&result, Err(fault) if fault.kind == ErrorKind::Heap) && self.collect(position).is_ok()
                    {
                        self.runtime.heap.begin_retry();
                        result = self.runtime.run_native_task();
                        self.runtime.heap.end_retry();
                    }
                    self.runtime.end_task(result);
                    if self.runtime.heap.wants_collection() {
                        // When too much is in use, the next operation says so.
                        let _ = self.collect(position);
                    }
                }
                Err(fault) if self.runtime.tasks.main_has_ended() => return Err(Exit::Fault(fault)),
                Err(fault) => return Err(self.raise(fault, self.frame.position)),
            }
        }
    }

    /// The main program has ended with `value`; the tasks that are left go on.
    pub(super) fn end_main(&mut self, value: Value) -> Result<Value, Exit> {
        self.runtime.end_main();
        self.push(value);
        let ended = match self.run_others() {
            Ok(()) => None,
            Err(Exit::Fault(fault)) => Some(fault),
            Err(exit) => return Err(exit),
        };
        let value = self.pop();
        self.runtime.outcome_of_tasks(ended).map_or(Ok(value), |fault| Err(Exit::Fault(fault)))
    }

    /// Lets tasks that wait end at once, without running any more of the program.
    pub(super) fn cancel_tasks(&mut self) {
        self.shared.is_over.set(true);
        while let Some(record) = self.scope.waiting() {
            self.hand_on(|scope, turn| scope.resume(turn, record));
        }
    }

    /// `spawn call`.
    pub(super) fn spawn(&mut self, call: &'a Expression<'a>, position: u32) -> Result<Value, Exit> {
        let first = self.stack.len();
        match call.kind {
            ExpressionKind::Call { callee, arguments } => {
                if let ExpressionKind::Name(name) = callee.kind
                    && let Place::Member(owner) = self.place(name)
                {
                    let contract = self.value_of(self.tables.owners[owner as usize]);
                    return self.spawn_member(contract, name.symbol, arguments, name.span.start);
                }
                let callee = self.expression(callee)?;
                self.push(callee);
                self.push_all(arguments)?;
                self.operate(first, position, |runtime, operands| runtime.spawn(operands[0], &operands[1..]))
            }
            ExpressionKind::MethodCall { object, name, arguments } => {
                let object = self.expression(object)?;
                self.spawn_member(object, name.symbol, arguments, name.span.start)
            }
            _ => {
                let value = self.expression(call)?;
                let Some(builtin) = runtime::builtins::find("__task") else { return Ok(value) };
                self.apply([value], position, |runtime, [value]| runtime.call_builtin(builtin, &[value]))
            }
        }
    }

    fn spawn_member(
        &mut self,
        object: Value,
        name: Symbol,
        arguments: &'a [Expression<'a>],
        position: u32,
    ) -> Result<Value, Exit> {
        let first = self.stack.len();
        self.push(object);
        self.push_all(arguments)?;
        let name = self.name_index(name);
        self.operate(first, position, |runtime, operands| runtime.spawn_method(name, operands))
    }
}
