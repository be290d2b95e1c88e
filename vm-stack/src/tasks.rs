//! What tasks take along when they wait.
//!
//! ```text
//! values   main program │ task started by it │ one started by that        while the main program runs
//!          main program (waits) │ task resumed │ one started by that      while it waits
//! ```
//!
//! A task runs on top of who started it, like any call; only that its first frame returns to [`ReturnAddress::TASK`], and that an [`Activation`]
//! knows where the caller goes on. When it waits, its frames and values are copied off the stacks, and the caller goes on. When it is
//! resumed they are copied back, on top of the main program, which waits then too, and its `AWAIT` runs once more. So waiting costs what the
//! task itself has in use, and programs without tasks pay nothing.

use runtime::heap::Marker;
use runtime::objects::Closure;
use runtime::tasks::Next;
use runtime::{Error, ErrorKind, Fault, Value};

use crate::frame::{Frame, ReturnAddress};
use crate::link::{LinkedFunction, Word};
use crate::machine::{Call, Flow, Machine, Registers, mark_closure};
use crate::slot::{self, Slot};

/// A task that runs, or that what runs was started by.
struct Activation {
    /// Index of its first frame.
    frame: usize,
    /// The task, for who started it.
    task: Value,
    /// Where who started it goes on; none for one that was resumed on top of the main program.
    return_to: Option<ReturnAddress>,
}

/// A frame of a task that waits.
#[derive(Clone, Copy)]
struct KeptFrame {
    return_to: ReturnAddress,
    /// Where its local 0 is among the values.
    base: usize,
    function: *const LinkedFunction,
    closure: *const Closure,
}

/// What belongs to a task that waits.
struct Waiting {
    frames: Vec<KeptFrame>,
    values: Vec<Value>,
    /// Where it waits.
    pc: *const Word,
    /// Bytes that its frames may need, from where its first begins.
    bytes: usize,
}

impl Waiting {
    /// Bytes that keeping it takes.
    fn size(&self) -> usize {
        size_of_val(&*self.frames) + size_of_val(&*self.values)
    }
}

/// Where the main program stands, if it waits or has ended: offsets in values, and the index of its frame.
#[derive(Clone, Copy)]
struct Place {
    pc: *const Word,
    sp: usize,
    base: usize,
    frame: usize,
}

/// What belongs to tasks.
#[derive(Default)]
pub(crate) struct TaskStates {
    running: Vec<Activation>,
    /// By record.
    waiting: Vec<Option<Waiting>>,
    /// Emptied ones, for their buffers.
    spare: Vec<Waiting>,
    /// Bytes that `waiting` takes.
    bytes: usize,
    main: Option<Place>,
}

/// Buffers that are kept to be used again.
const MOST_SPARE: usize = 64;

impl TaskStates {
    /// Whether a task runs.
    pub(crate) fn is_running(&self) -> bool {
        !self.running.is_empty()
    }

    /// Marks what tasks that wait have.
    pub(crate) fn trace(&self, marker: &mut Marker<'_>) {
        for waiting in self.waiting.iter().flatten() {
            marker.values(&waiting.values);
            waiting.frames.iter().for_each(|frame| mark_closure(frame.closure, marker));
        }
    }
}

impl Machine<'_> {
    /// Index of the first frame of what runs.
    pub(crate) fn first_frame(&self) -> usize {
        self.tasks.running.last().map_or(1, |activation| activation.frame)
    }

    /// Index of the running frame.
    pub(crate) fn frame_index(&mut self) -> usize {
        // SAFETY: both lie in the frame stack.
        unsafe { self.frame.offset_from_unsigned(self.frame_stack.first()) }
    }

    fn index_of(&mut self, slot: Slot) -> usize {
        // SAFETY: both lie in the value stack.
        unsafe { slot.offset_from_unsigned(self.value_stack.start()) }
    }

    /// `SPAWN_CALL`: makes the running call a task, unless it is the first of the program or of a task.
    ///
    /// # Errors
    /// When the heap is full.
    ///
    /// # Safety
    /// A function is running.
    pub(crate) unsafe fn begin_task(&mut self) -> Result<(), Fault> {
        let at = self.frame_index();
        if at == self.first_frame() {
            return Ok(());
        }
        // SAFETY: the caller's promise.
        let function = unsafe { self.function() }.index;
        let task = self.runtime.begin_task(function)?;
        // SAFETY: the running frame is one of the stack.
        let return_to = unsafe { std::mem::replace(&mut (*self.frame).return_to, ReturnAddress::TASK) };
        self.tasks.running.push(Activation { frame: at, task, return_to: Some(return_to) });
        Ok(())
    }

    /// What runs waits at the running instruction, an `AWAIT`, for `task`, which has not ended.
    ///
    /// # Safety
    /// An `AWAIT` is running.
    #[cold]
    pub(crate) unsafe fn suspend(&mut self, task: Value) -> Flow {
        let Some(activation) = self.tasks.running.last() else {
            self.runtime.wait(task);
            let Registers { pc, sp, base } = self.registers;
            let (sp, base, frame) = (self.index_of(sp), self.index_of(base), self.frame_index());
            self.tasks.main = Some(Place { pc, sp, base, frame });
            return self.schedule();
        };
        let (first, last) = (activation.frame, self.frame_index());
        let start = self.value_stack.start();
        // SAFETY: these are the frames of the task, and all values from its first one's base to the stack pointer are initialised.
        let (frames, values, base) = unsafe {
            let frames = std::slice::from_raw_parts(self.frame_stack.first().add(first), last - first + 1);
            let base = frames[0].base;
            (frames, std::slice::from_raw_parts(base, self.registers.sp.offset_from_unsigned(base)), base)
        };
        let size = size_of::<KeptFrame>() * frames.len() + size_of_val(values);
        if self.tasks.bytes + size > self.runtime.limits.frame_bytes() {
            let fault = Error::heap(self.runtime.heap.limit());
            // SAFETY: the program counter is at the running instruction.
            return unsafe { self.raise_final(fault) };
        }
        debug_assert!(base >= start);
        let spare = self.tasks.spare.pop();
        let (mut kept, mut copied) = spare.map(|spare| (spare.frames, spare.values)).unwrap_or_default();
        let mut bytes = 0;
        for frame in frames {
            // SAFETY: frames of a task begin where its first one does, or above; functions of frames are valid.
            let (offset, frame_bytes) =
                unsafe { (frame.base.offset_from_unsigned(base), (*frame.function).frame_bytes as usize) };
            bytes = bytes.max(offset * size_of::<Value>() + frame_bytes);
            let Frame { return_to, function, closure, .. } = *frame;
            kept.push(KeptFrame { return_to, base: offset, function, closure });
        }
        copied.extend_from_slice(values);
        let waiting = Waiting { frames: kept, values: copied, pc: self.registers.pc, bytes };
        let record = self.runtime.wait(task) as usize;
        if record >= self.tasks.waiting.len() {
            self.tasks.waiting.resize_with(record + 1, || None);
        }
        self.tasks.bytes += waiting.size();
        self.tasks.waiting[record] = Some(waiting);
        self.leave_task()
    }

    /// The function that a task began with returns the topmost value.
    ///
    /// # Safety
    /// It does.
    #[cold]
    pub(crate) unsafe fn end_task(&mut self) -> Flow {
        // SAFETY: the caller's promise.
        let result = unsafe { self.top(1)[0] };
        self.runtime.end_task(Ok(result));
        self.leave_task()
    }

    /// An error leaves the running task.
    ///
    /// # Safety
    /// A task is running.
    #[cold]
    pub(crate) unsafe fn fail_task(&mut self, fault: Fault) -> Flow {
        self.runtime.end_task(Err(fault));
        self.leave_task()
    }

    /// Goes on with what the running task is on top of, or with the next task.
    fn leave_task(&mut self) -> Flow {
        let Some(activation) = self.tasks.running.pop() else { return self.schedule() };
        let Some(return_to) = activation.return_to else { return self.schedule() };
        // SAFETY: the task's first frame has its caller's below it, whose operand stack has room for a result where the task's frame begins.
        unsafe {
            let first = self.frame_stack.first().add(activation.frame);
            let window = (*first).base;
            self.frame = first.sub(1);
            slot::put(window, activation.task);
            let sp = if return_to.is_ordinary() { window.add(1) } else { window };
            self.registers = Registers { pc: return_to.call(), sp, base: (*self.frame).base };
        }
        Flow::Continue
    }

    /// The entry function has returned; the tasks that are left go on.
    ///
    /// # Safety
    /// It has.
    pub(crate) unsafe fn end_main(&mut self) -> Flow {
        let result = self.outcome.as_ref().map_or(Value::NULL, |&result| result);
        // SAFETY: the value stack has room for the entry function's result at least.
        unsafe { slot::put(self.value_stack.start(), result) };
        self.runtime.end_main();
        self.tasks.main = Some(Place { pc: self.code, sp: 1, base: 0, frame: 1 });
        self.schedule()
    }

    /// The entry function's result, and the error that ended the run after it.
    pub(crate) fn end(&mut self) -> (Value, Option<Fault>) {
        let ended = std::mem::replace(&mut self.outcome, Ok(Value::NULL)).err();
        // SAFETY: `end_main` put it there, and nothing lower is ever written.
        (unsafe { self.value_stack.start().read() }, ended)
    }

    /// Makes the main program the one that runs. It waits, or has ended.
    fn stand_on_main(&mut self) {
        let Some(Place { pc, sp, base, frame }) = self.tasks.main else { return };
        let start = self.value_stack.start();
        // SAFETY: the places are those of the main program, all of whose values and frames are still there.
        unsafe {
            self.frame = self.frame_stack.first().add(frame);
            self.registers = Registers { pc, sp: start.add(sp), base: start.add(base) };
        }
    }

    /// Says how many frames do not count towards the depth of what runs.
    fn set_ground(&mut self, ground: usize) {
        self.frame_stack.set_ground(ground);
        self.last_frame = self.frame_stack.last();
    }

    /// Goes on with whoever is next, when nobody runs on top of the main program, which waits or has ended.
    fn schedule(&mut self) -> Flow {
        loop {
            self.stand_on_main();
            let ground = self.frame_index() - 1;
            let resumed = match self.runtime.next_task() {
                Ok(Next::Main) => {
                    self.set_ground(0);
                    self.tasks.main = None;
                    self.repeats = true;
                    // SAFETY: there is a word before every instruction.
                    self.registers.pc = unsafe { self.registers.pc.sub(1) };
                    return Flow::Continue;
                }
                Ok(Next::Resume(record)) => {
                    self.set_ground(ground);
                    self.resume(record)
                }
                Ok(Next::Start { function, closure, arguments }) => {
                    self.set_ground(ground);
                    self.begin_queued(function, closure, arguments)
                }
                Ok(Next::Native) => {
                    let mut result = self.runtime.run_native_task();
                    let is_full = matches!(&result, Err(fault) if fault.kind == ErrorKind::Heap);
                    // SAFETY: everything that is needed is below the stack pointer, in frames, or known to the runtime.
                    if is_full && unsafe { self.collect() }.is_ok() {
                        self.runtime.heap.begin_retry();
                        result = self.runtime.run_native_task();
                        self.runtime.heap.end_retry();
                    }
                    self.runtime.end_task(result);
                    if self.runtime.heap.wants_collection() {
                        // When too much is in use, the next safepoint says so.
                        // SAFETY: as above.
                        let _ = unsafe { self.collect() };
                    }
                    continue;
                }
                Ok(Next::Done) => return Flow::Leave,
                Err(fault) if !self.runtime.tasks.main_has_ended() => {
                    self.set_ground(0);
                    self.tasks.main = None;
                    // SAFETY: the main program stands at its `AWAIT`.
                    return unsafe { self.raise_final(fault) };
                }
                Err(fault) => Err(fault),
            };
            return match resumed {
                Ok(()) => Flow::Continue,
                Err(fault) => {
                    self.outcome = Err(fault);
                    Flow::Leave
                }
            };
        }
    }

    /// Makes room for so many frames and bytes of values on top of the main program, on which the machine stands.
    fn make_room(&mut self, frames: usize, bytes: usize) -> Result<(), Fault> {
        let at = self.frame_index();
        let has_room = self.frame_stack.extend(at + 1 + frames);
        // SAFETY: the frame stack has not become smaller; it may have moved.
        self.frame = unsafe { self.frame_stack.first().add(at) };
        self.last_frame = self.frame_stack.last();
        if !has_room {
            return Err(Error::heap(self.runtime.heap.limit()));
        }
        if self.registers.sp.addr() + bytes > self.stack_end.addr() {
            // SAFETY: the stack pointer is in the used part.
            unsafe { self.grow_values(self.registers.sp, bytes)? };
        }
        Ok(())
    }

    /// Copies a task that waits onto the main program.
    fn resume(&mut self, record: u32) -> Result<(), Fault> {
        let waiting = self.tasks.waiting.get_mut(record as usize).and_then(Option::take);
        let mut waiting = waiting.expect("a task that can go on has waited");
        self.tasks.bytes -= waiting.size();
        self.make_room(waiting.frames.len(), waiting.bytes)?;
        let (at, start) = (self.frame_index() + 1, self.registers.sp);
        // SAFETY: there is room for the values and the frames.
        unsafe {
            std::ptr::copy_nonoverlapping(waiting.values.as_ptr(), start, waiting.values.len());
            for kept in &waiting.frames {
                let KeptFrame { return_to, base, function, closure } = *kept;
                self.frame = self.frame.add(1);
                self.frame.write(Frame { return_to, base: start.add(base), function, closure });
            }
            let sp = start.add(waiting.values.len());
            self.registers = Registers { pc: waiting.pc.sub(1), sp, base: (*self.frame).base };
        }
        self.repeats = true;
        self.tasks.running.push(Activation { frame: at, task: Value::NULL, return_to: None });
        if self.tasks.spare.len() < MOST_SPARE {
            waiting.frames.clear();
            waiting.values.clear();
            self.tasks.spare.push(waiting);
        }
        Ok(())
    }

    /// Calls the function that a task in the queue begins with.
    fn begin_queued(&mut self, function: u32, closure: Value, arguments: Value) -> Result<(), Fault> {
        // SAFETY: function indices are verified.
        let callee = unsafe { &*self.functions.add(function as usize) };
        self.make_room(1, callee.frame_bytes as usize)?;
        let (at, base) = (self.frame_index() + 1, self.registers.sp);
        let mut given = 0;
        if let Some(list) = arguments.as_list() {
            given = list.len().min(callee.parameters as usize);
            for index in 0..given {
                // SAFETY: parameters are part of the frame.
                unsafe { slot::put(base.add(index), list.get(index).unwrap_or(Value::NULL)) };
            }
        }
        let closure = closure.as_closure().map_or(std::ptr::null(), |closure| &raw const *closure);
        // SAFETY: there is room for the frame; the closure is one of the function.
        unsafe { self.begin(Call { callee, closure, base, given, return_to: ReturnAddress::TASK }) };
        self.tasks.running.push(Activation { frame: at, task: Value::NULL, return_to: None });
        Ok(())
    }
}
