//! What tasks take along when they wait.
//!
//! ```text
//! registers   main program │ task started by it │ one started by that        while the main program runs
//!             main program (waits) │ task resumed │ one started by that      while it waits
//! ```
//!
//! A task runs on top of who started it, like any call; only that its first frame returns to [`Linked::task_end`](crate::link::Linked::task_end), and
//! that an [`Activation`] knows where the caller goes on. When it waits, its frames and registers are copied out of the arrays, and the caller
//! goes on. When it is resumed they are copied in again, on top of the main program, which waits then too, and its `AWAIT` runs
//! once more. So waiting costs what the task itself has in use, and programs without tasks pay nothing.
//!
//! Copied registers are roots of the collector as they are, stale ones included: what is in the array points to objects that are not freed, and that
//! stays true of the copy as long as it keeps them alive.

use runtime::heap::Marker;
use runtime::objects::Closure;
use runtime::tasks::{MAIN, Next};
use runtime::{Error, ErrorKind, Fault, Value};

use crate::code::{State, Word};
use crate::machine::{Frame, Machine, NO_FRAME, fill_missing, mark_closures};

/// A task that runs, or that what runs was started by.
pub(crate) struct Activation {
    /// Index of the record of its first frame.
    pub(crate) frame: usize,
    /// The task, for who started it.
    task: Value,
    /// How who started it goes on; none for one that was resumed on top of the main program.
    caller: Option<Caller>,
}

/// Where a call returns to, as in a [`Frame`].
#[derive(Clone, Copy)]
struct Caller {
    return_to: *const Word,
    window: usize,
}

/// What belongs to a task that waits.
struct Waiting {
    /// Its frames, the first one first.
    frames: Vec<Frame>,
    /// Its registers, from the beginning of its first frame to the end of its last.
    values: Vec<Value>,
    /// Where it waits.
    pc: *const Word,
    /// Where its last frame begins among the registers.
    base: usize,
    /// Where the highest of its frames ends, from where its first begins.
    end: usize,
}

impl Waiting {
    fn bytes(&self) -> usize {
        size_of_val(&*self.frames) + size_of_val(&*self.values)
    }
}

/// Where the main program stands, if it waits.
#[derive(Clone, Copy)]
struct Place {
    pc: *const Word,
    base: usize,
}

/// What belongs to tasks.
#[derive(Default)]
pub(crate) struct TaskStates {
    running: Vec<Activation>,
    /// By record.
    waiting: Vec<Option<Waiting>>,
    /// Emptied ones, for their buffers.
    spare: Vec<Waiting>,
    /// Bytes in `waiting`.
    bytes: usize,
    main: Option<Place>,
    /// Frame records and values that lie below what is resumed.
    ground: (usize, usize),
    /// Whether what runs was resumed, or is on top of what was.
    is_resumed: bool,
}

/// Buffers that are kept to be used again.
const MOST_SPARE: usize = 64;

impl TaskStates {
    /// Tasks that run, each on top of the one before.
    pub(crate) fn running(&self) -> std::slice::Iter<'_, Activation> {
        self.running.iter()
    }

    /// Calls that do not count towards the depth of what runs: those below what was resumed, but for the main program itself.
    pub(crate) fn ground_depth(&self) -> usize {
        if self.is_resumed { self.ground.0 - 1 } else { 0 }
    }

    /// Marks what tasks that wait have.
    pub(crate) fn trace(&self, marker: &mut Marker<'_>) {
        for waiting in self.waiting.iter().flatten() {
            marker.values(&waiting.values);
            mark_closures(&waiting.frames, marker);
        }
    }
}

impl Machine<'_> {
    /// Index of the record of the first frame of what runs.
    pub(crate) fn first_frame(&self) -> usize {
        self.tasks.running.last().map_or(0, |activation| activation.frame)
    }

    /// Where that stands which a task runs on top of. `base` is the index of the first register of the task.
    pub(crate) fn below(&self, activation: &Activation, base: usize) -> Option<State> {
        let (pc, base) = match activation.caller {
            // SAFETY: the call stands before the instruction that it returns to.
            Some(caller) => (unsafe { caller.return_to.sub(1) }, base - caller.window / size_of::<Value>()),
            None => self.tasks.main.map(|place| (place.pc, place.base))?,
        };
        Some(State { pc, base: self.values.as_ptr().wrapping_add(base).cast_mut() })
    }

    /// `SPAWN_CALL`: makes the running call a task, unless it is the first of the program or of a task.
    ///
    /// # Errors
    /// When the heap is full.
    pub(crate) fn begin_task(&mut self, state: State) -> Result<(), Fault> {
        let at = self.active() - 1;
        if at == self.first_frame() {
            return Ok(());
        }
        let (function, _) = self.linked.place(state.pc);
        let task = self.runtime.begin_task(function)?;
        let frame = &mut self.frames[at];
        let caller = Some(Caller { return_to: frame.return_to, window: frame.window });
        (frame.return_to, frame.window) = (self.linked.task_end(), 0);
        self.tasks.running.push(Activation { frame: at, task, caller });
        Ok(())
    }

    /// What runs waits at `state`, an `AWAIT`, for `task`, which has not ended.
    #[cold]
    pub(crate) fn suspend(&mut self, state: State, task: Value) -> State {
        let (function, _) = self.linked.place(state.pc);
        let live = self.index_of(state.base) + self.linked.frame_size(function);
        let Some(activation) = self.tasks.running.last() else {
            self.runtime.wait(task);
            self.tasks.main = Some(Place { pc: state.pc, base: self.index_of(state.base) });
            self.tasks.ground = (self.active(), live);
            return self.schedule();
        };
        let frame = activation.frame;
        let (mut first, mut end) = (0, 0);
        for call in self.calls(state) {
            first = self.index_of(call.state.base);
            let (function, _) = self.linked.place(call.state.pc);
            end = end.max(first + self.linked.frame_size(function));
        }
        let bytes = (self.active() - frame) * size_of::<Frame>() + (live - first) * size_of::<Value>();
        if self.tasks.bytes + bytes > self.runtime.limits.frame_bytes() {
            return self.raise(state, Error::heap(self.runtime.heap.limit()));
        }
        let spare = self.tasks.spare.pop();
        let (mut frames, mut values) = spare.map(|spare| (spare.frames, spare.values)).unwrap_or_default();
        frames.extend_from_slice(&self.frames[frame..self.active()]);
        values.extend_from_slice(&self.values[first..live]);
        let base = self.index_of(state.base) - first;
        let waiting = Waiting { frames, values, pc: state.pc, base, end: end - first };
        let record = self.runtime.wait(task) as usize;
        if record >= self.tasks.waiting.len() {
            self.tasks.waiting.resize_with(record + 1, || None);
        }
        self.tasks.bytes += waiting.bytes();
        self.tasks.waiting[record] = Some(waiting);
        self.leave_task(first)
    }

    /// The function that a task began with has returned: its result lies at `base`, where its frame began.
    #[cold]
    pub(crate) fn end_task(&mut self, base: *mut Value) -> State {
        let first = self.index_of(base);
        self.runtime.end_task(Ok(self.values[first]));
        self.leave_task(first)
    }

    /// An error at `state` leaves the running task.
    #[cold]
    pub(crate) fn fail_task(&mut self, state: State, fault: Fault) -> State {
        let base = self.calls(state).last().map_or(state.base, |call| call.state.base);
        let first = self.index_of(base);
        self.runtime.end_task(Err(fault));
        self.leave_task(first)
    }

    /// Goes on with what the running task is on top of, or with the next task. The task's registers begin at `first`.
    fn leave_task(&mut self, first: usize) -> State {
        let Some(activation) = self.tasks.running.pop() else { return self.schedule() };
        // SAFETY: the index of a record.
        self.frame_top = unsafe { self.frames.as_mut_ptr().add(activation.frame) };
        let Some(caller) = activation.caller else { return self.schedule() };
        self.values[first] = activation.task;
        // SAFETY: the caller's frame begins that much lower.
        State { pc: caller.return_to, base: unsafe { self.values.as_mut_ptr().add(first).byte_sub(caller.window) } }
    }

    /// The entry function has returned `result`; the tasks that are left go on.
    pub(crate) fn end_main(&mut self, result: Value) -> State {
        self.values[0] = result;
        self.runtime.end_main();
        self.tasks.main = None;
        self.tasks.ground = (1, 1);
        self.schedule()
    }

    /// Goes on with whoever is next, when nobody runs on top of the main program, which waits or has ended.
    fn schedule(&mut self) -> State {
        loop {
            let (frames, _) = self.tasks.ground;
            // SAFETY: so many records are those of the main program.
            self.frame_top = unsafe { self.frames.as_mut_ptr().add(frames) };
            self.tasks.is_resumed = false;
            let next = self.runtime.next_task();
            self.tasks.is_resumed = !matches!(next, Ok(Next::Main | Next::Done) | Err(_));
            self.set_frame_limit();
            let resumed = match next {
                Ok(Next::Main) => return self.main_state(true),
                Ok(Next::Resume(record)) => self.resume(record),
                Ok(Next::Start { function, closure, arguments }) => self.begin(function, closure, arguments),
                Ok(Next::Native) => {
                    let mut result = self.runtime.run_native_task();
                    if matches!(&result, Err(fault) if fault.kind == ErrorKind::Heap) && self.collect_ground().is_ok() {
                        self.runtime.heap.begin_retry();
                        result = self.runtime.run_native_task();
                        self.runtime.heap.end_retry();
                    }
                    self.runtime.end_task(result);
                    if self.runtime.heap.wants_collection() {
                        // When too much is in use, the next safepoint says so.
                        let _ = self.collect_ground();
                    }
                    continue;
                }
                Ok(Next::Done) => return self.halt_state(),
                Err(fault) if self.tasks.main.is_some() => {
                    let state = self.main_state(false);
                    return self.raise(state, fault);
                }
                Err(fault) => Err(fault),
            };
            return resumed.unwrap_or_else(|fault| {
                self.outcome = Some(fault);
                self.halt_state()
            });
        }
    }

    /// Collects when nobody runs.
    fn collect_ground(&mut self) -> Result<(), Fault> {
        let (_, live) = self.tasks.ground;
        let highest = match self.tasks.main {
            Some(Place { pc, base }) => {
                let base = self.values.as_mut_ptr().wrapping_add(base);
                self.highest_end(State { pc, base })
            }
            None => live,
        };
        self.collect_below(live, highest)
    }

    /// The main program goes on where it waits.
    fn main_state(&mut self, repeats: bool) -> State {
        self.repeats = repeats;
        match self.tasks.main.take() {
            Some(Place { pc, base }) => State { pc, base: self.values.as_mut_ptr().wrapping_add(base) },
            None => self.halt_state(),
        }
    }

    fn halt_state(&mut self) -> State {
        State { pc: self.linked.halt(), base: self.values.as_mut_ptr() }
    }

    /// Copies a task that waits onto the ground.
    fn resume(&mut self, record: u32) -> Result<State, Fault> {
        let waiting = self.tasks.waiting.get_mut(record as usize).and_then(Option::take);
        let mut waiting = waiting.expect("a task that can go on has waited");
        self.tasks.bytes -= waiting.bytes();
        let (frame, first) = self.tasks.ground;
        self.extend_frames(frame + waiting.frames.len())?;
        self.extend_values(first + waiting.end)?;
        self.frames[frame..frame + waiting.frames.len()].copy_from_slice(&waiting.frames);
        self.values[first..first + waiting.values.len()].copy_from_slice(&waiting.values);
        // SAFETY: so many records are in use.
        self.frame_top = unsafe { self.frames.as_mut_ptr().add(frame + waiting.frames.len()) };
        self.tasks.running.push(Activation { frame, task: Value::NULL, caller: None });
        self.repeats = true;
        let state = State { pc: waiting.pc, base: self.values.as_mut_ptr().wrapping_add(first + waiting.base) };
        if self.tasks.spare.len() < MOST_SPARE {
            waiting.frames.clear();
            waiting.values.clear();
            self.tasks.spare.push(waiting);
        }
        Ok(state)
    }

    /// Calls the function that a task in the queue begins with.
    fn begin(&mut self, function: u32, closure: Value, arguments: Value) -> Result<State, Fault> {
        let target = self.linked.targets()[function as usize];
        let (frame, first) = self.tasks.ground;
        self.extend_frames(frame + 1)?;
        self.extend_values(first + self.linked.frame_size(function))?;
        let parameters = usize::from(target.parameters);
        let mut given = 0;
        if let Some(list) = arguments.as_list() {
            given = list.len().min(parameters);
            for index in 0..given {
                self.values[first + index] = list.get(index).unwrap_or(Value::NULL);
            }
        }
        let closure = closure.as_closure().map_or(std::ptr::null_mut(), |closure: &mut Closure| &raw mut *closure);
        self.frames[frame] = Frame { return_to: self.linked.task_end(), closure, ..NO_FRAME };
        let base = self.values.as_mut_ptr().wrapping_add(first);
        // SAFETY: the frame exists.
        unsafe {
            fill_missing(base, &target, parameters - given);
            self.frame_top = self.frames.as_mut_ptr().add(frame + 1);
        }
        self.tasks.running.push(Activation { frame, task: Value::NULL, caller: None });
        Ok(State { pc: target.code, base })
    }
}

const _: () = assert!(MAIN == 0);
