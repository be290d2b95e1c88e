//! Tasks of a run: which there are, what each waits for, and which goes on next. All engines ask here, so they agree.
//!
//! # The order
//!
//! Tasks take turns, one at a time, and only where one waits or ends. A call of an `async` action starts a task *on top of* its caller: when the
//! task waits for the first time or ends, the caller goes on. What is spawned stands in the *queue*. When the program's main
//! task waits, or whoever was resumed waits or ends, the next one is
//!
//! 1. the front of the queue, which has what was spawned, and what waited for something that has ended since, in the order in which it was
//!    put there; those that waited for the same task in the order in which they began to wait;
//! 2. else whoever waits for the earliest timer: by due time, then by the order in which the timers were made;
//! 3. else nobody: if the main task waits, it gets an error that says who waits for whom; if it has ended, so has the run, or fails so.
//!
//! # Who knows what
//!
//! A *record* stands for each task that has not ended, for each timer, and for the main task, which has record 0. Engines keep what belongs
//! to a task that waits (frames, values) by its record's number. The [`Task`] that programs have outlives its record, which is
//! used again. How a task got where it is, on top of another or from the queue, is kept in a stack of those that run.
//!
//! A task that ends with another task as its value has the outcome of that one: it *adopts* it.
//!
//! Where somebody [helps](crate::apart), the program does not begin to call what it finds first in the queue before it has shown others what comes behind: who
//! only computes may be called ahead of its turn, and then its outcome is there when the turn comes.
//!
//! An error that leaves a task is its outcome, and thrown wherever it is awaited; it keeps the place and trace it had in the task. The run fails
//! with the first such error that nobody awaited.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::apart::{Ahead, Call, can_be_sent};
use crate::context::{Host, Runtime};
use crate::error::{Error, ErrorKind, Fault};
use crate::heap::Marker;
use crate::methods::NativeMethod;
use crate::objects::{Failure, Task};
use crate::operations::{Callee, Method};
use crate::value::{Tag, Value};

/// The record of the program's main task.
pub const MAIN: u32 = 0;
/// No record.
const NONE: u32 = u32::MAX;
/// How many of the tasks that wait in vain an error names.
const MOST_NAMED: usize = 8;
/// How many of those in the queue others are shown.
const SHOWN: usize = 64;

/// Who runs: a task, or the program's main task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunningTask {
    /// Its record, which later tasks may have, too.
    pub record: u32,
    /// Its number, counted from 1 in the order of beginnings, which no other task has; 0 for the main task.
    pub number: u64,
}

/// What runs next.
#[derive(Clone, Copy, Debug)]
pub enum Next {
    /// The main task goes on.
    Main,
    /// A task goes on with what it waited for: its record.
    Resume(u32),
    /// A task begins: it calls this function, whose closure is null if it captures nothing, with the elements of this list.
    Start {
        /// Index of the function.
        function: u32,
        /// Holder of its captured variables, or null.
        closure: Value,
        /// List of the arguments.
        arguments: Value,
    },
    /// A task begins that runs no guest code: [`Runtime::run_native_task`] gives its outcome.
    Native,
    /// Nobody: all tasks have ended.
    Done,
}

/// What a task in the queue is going to call.
#[derive(Clone, Copy, Debug)]
enum Work {
    /// Nothing: it has begun.
    Begun,
    /// A value.
    Call(Value),
    /// A method of the runtime.
    Native(NativeMethod),
}

/// A task that has not ended, a timer, or the main task.
#[derive(Debug)]
struct Record {
    /// The task; null for the main task, and when the record is free.
    task: Value,
    work: Work,
    /// List of the arguments for the work.
    arguments: Value,
    /// The task or timer that it waits for; null when it does not wait.
    waits_for: Value,
    /// Whether its outcome is that of what it waits for.
    adopts: bool,
    /// Those that wait for it, linked by `next_waiter`.
    first_waiter: u32,
    last_waiter: u32,
    next_waiter: u32,
    /// Its call, if others may make it ahead of its turn.
    ahead: Option<Box<dyn Ahead>>,
}

impl Record {
    const NEW: Self = Self {
        task: Value::NULL,
        work: Work::Begun,
        arguments: Value::NULL,
        waits_for: Value::NULL,
        adopts: false,
        first_waiter: NONE,
        last_waiter: NONE,
        next_waiter: NONE,
        ahead: None,
    };
}

/// When a timer is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    /// Milliseconds of virtual time.
    Virtual(i64),
    /// Time of the system.
    Real(Instant),
}

impl Host {
    /// When a duration from now will have passed.
    pub(crate) fn due(&self, duration: Duration) -> Due {
        if self.deterministic {
            Due::Virtual(self.virtual_time.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
        } else {
            /// Some hundred years: for what lies beyond what the system can say.
            const NEVER: Duration = Duration::from_secs(1 << 32);
            let now = Instant::now();
            Due::Real(now.checked_add(duration).unwrap_or_else(|| now + NEVER))
        }
    }
}

/// The tasks of a run that have not ended.
#[derive(Debug)]
pub struct Tasks {
    /// By record number; the first is the main task's.
    records: Vec<Record>,
    /// Records that can be used again.
    free: Vec<u32>,
    /// Those who run: on top of the main task each one on top of the one that started it.
    running: Vec<u32>,
    /// Those who can go on, in order.
    ready: VecDeque<u32>,
    /// How many of those, from the front, others were shown.
    shown: usize,
    /// Timers: when they are due, the order in which they were made, and their records.
    timers: BinaryHeap<Reverse<(Due, u64, u32)>>,
    timers_made: u64,
    tasks_made: u64,
    /// Tasks that failed when nobody waited for them, in order.
    failed: Vec<Value>,
    /// When to look which of those were awaited later, and can be forgotten.
    failed_limit: usize,
    main_has_ended: bool,
    /// True when the error about to be raised is that of a task.
    pub(crate) is_rethrown: bool,
}

impl Default for Tasks {
    fn default() -> Self {
        Self {
            records: Vec::new(),
            free: Vec::new(),
            running: Vec::new(),
            ready: VecDeque::new(),
            shown: 0,
            timers: BinaryHeap::new(),
            timers_made: 0,
            tasks_made: 0,
            failed: Vec::new(),
            failed_limit: 64,
            main_has_ended: false,
            is_rethrown: false,
        }
    }
}

impl Tasks {
    /// Marks what it holds.
    pub(crate) fn trace(&self, marker: &mut Marker<'_>) {
        for record in &self.records {
            marker.value(record.task);
            marker.value(record.arguments);
            marker.value(record.waits_for);
            if let Work::Call(callee) = record.work {
                marker.value(callee);
            }
        }
        marker.values(&self.failed);
    }

    /// Whether the program has made tasks.
    pub fn is_used(&self) -> bool {
        !self.records.is_empty()
    }

    /// Whether the main task has ended well.
    pub fn main_has_ended(&self) -> bool {
        self.main_has_ended
    }

    /// The record of who runs.
    pub fn current(&self) -> u32 {
        self.running.last().copied().unwrap_or(MAIN)
    }

    /// Who runs.
    pub fn running_task(&self) -> RunningTask {
        let record = self.current();
        let task = self.records.get(record as usize).and_then(|record| record.task.as_task());
        RunningTask { record, number: task.map_or(0, |task| task.number()) }
    }

    /// The number that the next record will have. The record is taken by [`Self::fill`].
    fn next_record(&mut self) -> u32 {
        if self.records.is_empty() {
            self.records.push(Record::NEW);
        }
        match self.free.last() {
            Some(&record) => record,
            None => self.records.len() as u32,
        }
    }

    /// Takes the record that [`Self::next_record`] has named.
    fn fill(&mut self, number: u32, record: Record) {
        if number as usize == self.records.len() {
            self.records.push(record);
        } else {
            self.free.pop();
            self.records[number as usize] = record;
        }
    }

    fn record(&mut self, number: u32) -> &mut Record {
        &mut self.records[number as usize]
    }

    /// Lets `waiter` wait for `task`, which has not ended.
    fn add_waiter(&mut self, waiter: u32, task: Value, adopts: bool) {
        let Some(awaited) = task.as_task() else { return };
        awaited.set_awaited();
        let awaited = awaited.record();
        let record = self.record(waiter);
        (record.waits_for, record.adopts, record.next_waiter) = (task, adopts, NONE);
        let last = std::mem::replace(&mut self.record(awaited).last_waiter, waiter);
        match last {
            NONE => self.record(awaited).first_waiter = waiter,
            last => self.record(last).next_waiter = waiter,
        }
    }

    /// Ends the wait of the main task, though what it waits for has not ended.
    fn release_main(&mut self) {
        let awaited = std::mem::replace(&mut self.record(MAIN).waits_for, Value::NULL);
        let Some(awaited) = awaited.as_task().map(|task| task.record()) else { return };
        let (mut before, mut waiter) = (NONE, self.record(awaited).first_waiter);
        while waiter != MAIN {
            (before, waiter) = (waiter, self.record(waiter).next_waiter);
        }
        let after = self.record(MAIN).next_waiter;
        match before {
            NONE => self.record(awaited).first_waiter = after,
            before => self.record(before).next_waiter = after,
        }
        if self.record(awaited).last_waiter == MAIN {
            self.record(awaited).last_waiter = before;
        }
    }

    /// Ends a task, and those that adopt it, and wakes those that wait for them.
    fn end(&mut self, number: u32, outcome: Value) {
        // Rarely does anybody adopt.
        let (mut number, mut adopters, mut at) = (number, Vec::new(), 0);
        loop {
            let record = std::mem::replace(self.record(number), Record::NEW);
            self.free.push(number);
            if let Some(task) = record.task.as_task() {
                task.end(outcome);
                if outcome.tag() == Tag::Failure && !task.is_awaited() {
                    self.note_failed(record.task);
                }
            }
            let mut waiter = record.first_waiter;
            while waiter != NONE {
                let record = self.record(waiter);
                record.waits_for = Value::NULL;
                let next = std::mem::replace(&mut record.next_waiter, NONE);
                match record.adopts {
                    true => adopters.push(waiter),
                    false => self.ready.push_back(waiter),
                }
                waiter = next;
            }
            let Some(&next) = adopters.get(at) else { return };
            (number, at) = (next, at + 1);
        }
    }

    fn note_failed(&mut self, task: Value) {
        if self.failed.len() == self.failed_limit {
            self.failed.retain(|task| task.as_task().is_some_and(|task| !task.is_awaited()));
            self.failed_limit = (self.failed.len() * 2).max(64);
        }
        self.failed.push(task);
    }
}

impl Runtime {
    /// `SPAWN`: a task that is going to call `callee`. Making it takes a unit of fuel, which is that of the call.
    ///
    /// # Errors
    /// When `callee` cannot be called.
    pub fn spawn(&mut self, callee: Value, arguments: &[Value]) -> Result<Value, Fault> {
        let name = match self.callee(callee)? {
            Callee::Function(function, _) => Value::indexed(Tag::Function, function),
            Callee::Builtin(_) | Callee::Type(_) => callee,
        };
        self.queue(name, Work::Call(callee), arguments)
    }

    /// `SPAWN_METHOD`: a task that is going to call a method of the first of `operands` with the others.
    ///
    /// # Errors
    /// When there is no such method.
    pub fn spawn_method(&mut self, name: u32, operands: &[Value]) -> Result<Value, Fault> {
        let method = self.method(operands[0], name)?;
        let text = Value::int(i64::from(name));
        match method {
            Method::Guest(function) => {
                let function = Value::indexed(Tag::Function, function);
                self.queue(function, Work::Call(function), operands)
            }
            Method::Native(method) => self.queue(text, Work::Native(method), operands),
            Method::Value(callee) => self.spawn(callee, &operands[1..]),
        }
    }

    fn queue(&mut self, name: Value, work: Work, arguments: &[Value]) -> Result<Value, Fault> {
        self.heap.reserve(Task::SIZE)?;
        let arguments = self.build_list(arguments)?;
        if self.has_fuel_limit() {
            self.take_fuel()?;
        }
        let (number, task) = self.new_task(name);
        let record = self.tasks.record(number);
        (record.work, record.arguments) = (work, arguments);
        self.tasks.ready.push_back(number);
        Ok(task)
    }

    /// A new task's record, and the task.
    fn new_task(&mut self, name: Value) -> (u32, Value) {
        self.tasks.tasks_made += 1;
        let number = self.tasks.next_record();
        let task = Task::create(&mut self.heap, number, self.tasks.tasks_made, name);
        self.tasks.fill(number, Record { task, ..Record::NEW });
        (number, task)
    }

    /// A timer.
    pub(crate) fn new_timer(&mut self, duration: Duration) -> Result<Value, Fault> {
        self.heap.reserve(Task::SIZE)?;
        let due = self.host.due(duration);
        let number = self.tasks.next_record();
        let task = Task::create(&mut self.heap, number, 0, Value::NULL);
        self.tasks.fill(number, Record { task, ..Record::NEW });
        self.tasks.timers_made += 1;
        self.tasks.timers.push(Reverse((due, self.tasks.timers_made, number)));
        Ok(task)
    }

    /// `SPAWN_CALL`: the running call, of this function, becomes a task on top of what runs. Gives the task.
    ///
    /// # Errors
    /// When the heap is full.
    pub fn begin_task(&mut self, function: u32) -> Result<Value, Fault> {
        self.heap.reserve(Task::SIZE)?;
        let (number, task) = self.new_task(Value::indexed(Tag::Function, function));
        self.tasks.running.push(number);
        Ok(task)
    }

    /// `AWAIT`: what awaiting `value` gives now; none if whoever runs must wait for it ([`Self::wait`]).
    ///
    /// # Errors
    /// The error of a task that failed; or when a transaction is open, in which nobody can wait.
    pub fn poll(&mut self, value: Value) -> Result<Option<Value>, Fault> {
        let Some(task) = value.as_task() else { return Ok(Some(value)) };
        if !task.has_ended() {
            if self.chain.has_open_transaction() {
                return Err(Error::new(ErrorKind::Task, "A task cannot wait inside a transaction").with_help(
                    "await before or after it; what is spawned inside runs when the transaction has ended",
                ));
            }
            return Ok(None);
        }
        task.set_awaited();
        match task.outcome().as_failure() {
            Some(failure) => {
                self.tasks.is_rethrown = true;
                Err(failure.fault())
            }
            None => Ok(Some(task.outcome())),
        }
    }

    /// Whoever runs waits for `task`, which has not ended. Gives the record of who that was; what it was on top of runs now.
    pub fn wait(&mut self, task: Value) -> u32 {
        let waiter = self.tasks.running.pop().unwrap_or(MAIN);
        self.tasks.add_waiter(waiter, task, false);
        waiter
    }

    /// The running task ends: it returned a value, or an error left it. Gives its record, which it no longer has; what it was on top of
    /// runs now.
    pub fn end_task(&mut self, outcome: Result<Value, Fault>) -> u32 {
        let Some(number) = self.tasks.running.pop() else { return MAIN };
        let outcome = match outcome {
            Ok(value) => match value.as_task() {
                None => value,
                Some(adopted) if adopted.has_ended() => {
                    adopted.set_awaited();
                    adopted.outcome()
                }
                Some(_) => {
                    self.tasks.add_waiter(number, value, true);
                    return number;
                }
            },
            Err(fault) => Failure::create(&mut self.heap, fault),
        };
        self.tasks.end(number, outcome);
        number
    }

    /// The main task ends well. The others go on as long as they can.
    pub fn end_main(&mut self) {
        self.tasks.main_has_ended = true;
    }

    /// Who runs next, when the main task waits or has ended, and nobody runs on top of it.
    ///
    /// # Errors
    /// When nobody can go on although somebody waits, and when output cannot be written before the run sleeps. It is an error of the
    /// main task's `await`, or of the run if the main task has ended.
    pub fn next_task(&mut self) -> Result<Next, Fault> {
        loop {
            let Some(number) = self.tasks.ready.pop_front() else {
                if self.next_timer()? {
                    continue;
                }
                return self.nobody();
            };
            self.tasks.shown = self.tasks.shown.saturating_sub(1);
            if number == MAIN {
                return Ok(Next::Main);
            }
            self.tasks.running.push(number);
            let record = &mut self.tasks.records[number as usize];
            let arguments = record.arguments;
            let next = match record.work {
                Work::Begun => return Ok(Next::Resume(number)),
                Work::Native(_) => Next::Native,
                Work::Call(callee) => match self.callee(callee) {
                    Ok(Callee::Function(function, closure)) => {
                        let record = self.tasks.record(number);
                        (record.work, record.arguments) = (Work::Begun, Value::NULL);
                        Next::Start { function, closure, arguments }
                    }
                    _ => Next::Native,
                },
            };
            if self.limits.max_depth == 0 {
                self.end_task(Err(Error::depth()));
                continue;
            }
            if self.apart.is_some() {
                if let Some(value) = self.take_ahead(number) {
                    self.end_task(Ok(value));
                    continue;
                }
                self.show_ahead();
            }
            return Ok(next);
        }
    }

    /// What the call of a task came to that somebody made ahead of its turn, which is now. It is as if it had been made now.
    fn take_ahead(&mut self, number: u32) -> Option<Value> {
        let ahead = self.tasks.record(number).ahead.take()?;
        let (sent, used) = ahead.take(&self.globals)?;
        // Where there is no room for it, the program finds that out by itself.
        let value = sent.arrive(self).ok()?;
        self.take_used(used).then_some(value)
    }

    /// Shows others what else is in the queue.
    fn show_ahead(&mut self) {
        let Some(apart) = self.apart.clone() else { return };
        while self.tasks.shown < SHOWN.min(self.tasks.ready.len()) {
            let number = self.tasks.ready[self.tasks.shown];
            self.tasks.shown += 1;
            let record = &self.tasks.records[number as usize];
            let Work::Call(callee) = record.work else { continue };
            if callee.tag() != Tag::Function || !apart.wants(callee.index()) {
                continue;
            }
            let Some(list) = record.arguments.as_list().filter(|list| list.iter().all(can_be_sent)) else { continue };
            let arguments: Vec<Value> = list.iter().collect();
            // A task's calls are on top of the main program's.
            let surroundings = self.surroundings(1);
            let call = Call { function: callee.index(), arguments: &arguments, surroundings };
            let ahead = Arc::clone(&apart).begin(&call);
            self.tasks.record(number).ahead = ahead;
        }
    }

    /// Lets the earliest timer that somebody waits for end. False if there is none.
    fn next_timer(&mut self) -> Result<bool, Fault> {
        while let Some(&Reverse((due, _, number))) = self.tasks.timers.peek() {
            if self.tasks.record(number).first_waiter != NONE {
                self.pass_time_until(due)?;
                self.tasks.timers.pop();
                self.tasks.end(number, Value::NULL);
                return Ok(true);
            }
            self.tasks.timers.pop();
            self.tasks.end(number, Value::NULL);
        }
        Ok(false)
    }

    /// Waits until then.
    pub(crate) fn pass_time_until(&mut self, due: Due) -> Result<(), Fault> {
        match due {
            Due::Virtual(due) => self.host.virtual_time = self.host.virtual_time.max(due),
            Due::Real(due) => loop {
                let left = due.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    break;
                }
                self.output.flush()?;
                std::thread::sleep(left);
            },
        }
        Ok(())
    }

    /// What happens when nobody can go on.
    fn nobody(&mut self) -> Result<Next, Fault> {
        let waiting: Vec<u32> = (0..self.tasks.records.len() as u32)
            .filter(|&number| !self.tasks.records[number as usize].waits_for.is_null())
            .collect();
        if waiting.is_empty() {
            return Ok(Next::Done);
        }
        let name = |number: u32| self.task_name(self.tasks.records[number as usize].task);
        let mut text = String::from("Deadlock: ");
        for (at, &number) in waiting.iter().take(MOST_NAMED).enumerate() {
            let awaited = self.task_name(self.tasks.records[number as usize].waits_for);
            text += if at == 0 { "" } else { ", " };
            text += &format!("{} waits for {awaited}", name(number));
        }
        if waiting.len() > MOST_NAMED {
            text += &format!(", and {} more wait", waiting.len() - MOST_NAMED);
        }
        if !self.tasks.main_has_ended {
            self.tasks.release_main();
        }
        Err(Error::new(ErrorKind::Task, text).with_help("a task must not await one that, in the end, awaits it"))
    }

    /// Runs what the running task is to call, which is no guest code.
    ///
    /// # Errors
    /// Those of what is called. When the heap was full, it may be run once more.
    pub fn run_native_task(&mut self) -> Result<Value, Fault> {
        let result = self.call_native_task();
        if matches!(&result, Err(fault) if fault.kind == ErrorKind::Heap) {
            self.heap.note_refusal();
        }
        result
    }

    fn call_native_task(&mut self) -> Result<Value, Fault> {
        let record = &self.tasks.records[self.tasks.current() as usize];
        let (work, list) = (record.work, record.arguments);
        let list = list.as_list();
        let arguments: Vec<Value> =
            list.map(|list| (0..list.len()).filter_map(|index| list.get(index)).collect()).unwrap_or_default();
        match work {
            Work::Begun => Ok(Value::NULL),
            Work::Native(method) => self.call_native(method, &arguments),
            Work::Call(callee) => match self.callee(callee)? {
                Callee::Builtin(builtin) => self.call_builtin(builtin, &arguments),
                Callee::Type(type_index) => self.new_record(type_index, &arguments),
                Callee::Function(..) => Ok(Value::NULL),
            },
        }
    }

    /// The error of a run whose main task ended well: that of the first task that failed and that nobody awaited, else `ended`, which
    /// ended it afterwards.
    pub fn outcome_of_tasks(&self, ended: Option<Fault>) -> Option<Fault> {
        if ended.as_ref().is_some_and(|fault| !fault.kind.is_catchable()) {
            return ended;
        }
        let failed = self.tasks.failed.iter().filter_map(|task| task.as_task());
        let unhandled = failed.filter(|task| !task.is_awaited()).find_map(|task| task.outcome().as_failure());
        unhandled.map(|failure| failure.fault()).or(ended)
    }

    /// What an error calls a task.
    fn task_name(&self, task: Value) -> String {
        match task.as_task() {
            None => "<main>".to_string(),
            Some(task) if task.work().is_null() => "a timer".to_string(),
            Some(task) => format!("task {} ({})", task.number(), self.name_of_work(task)),
        }
    }

    /// Name of what a task runs.
    pub(crate) fn name_of_work(&self, task: &Task) -> &str {
        let (program, work) = (&self.program, task.work());
        match work.tag() {
            Tag::Function => &program.functions[work.index() as usize].name,
            Tag::Builtin => program.builtins[work.index() as usize].name,
            Tag::Type => &program.types[work.index() as usize].name,
            Tag::Int => &program.names[work.index() as usize],
            _ => "timer",
        }
    }
}
