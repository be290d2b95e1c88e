//! Frames, the register array, and what the collector may trust.
//!
//! # Frames are windows
//!
//! All registers of a run lie in one array. A frame is a window of it: `frame_size` values from `base` on. A call with its arguments at
//! `R[a]` enters the callee with `base + a`: the caller's registers from `a` up become the callee's first ones, nothing is copied, and
//! the result is written where the callee's frame begins, which is the caller's `R[a]`. The verifier proves that a caller
//! reads no register at or above `a` after the call, the result excepted.
//!
//! A [`Frame`] record is pushed for each active call into an array of its own. It does not name the function: an instruction's address
//! does ([`Linked::place`]), and only cold paths ask.
//!
//! # What frame entry checks
//!
//! Two comparisons: the callee's frame ends below [`Machine::value_limit`], and there is room for a record below
//! [`Machine::frame_limit`], which stands for the depth limit too. Either failing leads to [`Machine::call`], which raises the limits
//! (moving the arrays if they must grow) and makes the call, or raises the error. So every register that verified code
//! names exists: it lies below its function's `frame_size`, and the frame was entered only when that many values exist.
//!
//! # Stale registers
//!
//! Entering a frame clears nothing but missing arguments: verified code writes registers before it reads them. So the array is full of
//! values of calls that have returned. The collector takes every value up to the end of the running frame as a root, stale ones too; it
//! keeps them alive, and their owners will write before they read. Those beyond that end are dropped, and this is
//! where it could go wrong: an object dies, a later call's frame covers a register which still points to it, the next collection
//! takes that register as a root. Hence the invariant:
//!
//! > Every value in the array is an immediate or points to an object that is not freed.
//!
//! It is kept by overwriting, at each collection, everything from the end of the running frame up to the high-water mark with null, as Lua
//! clears the dead part of its stack. The mark must be at or above the end of every frame entered since the last collection, and
//! above the mark nothing has been written since it was last cleared. [`Machine::value_limit`] *is* that mark: a frame that ends above it
//! can be entered only through the cold path which raises it, so keeping it costs nothing. A collection lowers it again, to just above
//! the highest end of any active frame (a caller's frame may end above the running one's), so the part to clear stays small.

use runtime::heap::{Marker, ObjectKind};
use runtime::methods::NativeMethod;
use runtime::objects::Closure;
use runtime::operations::Divisor;
use runtime::probe::{Event, Probe};
use runtime::{Error, Fault, Limits, Runtime, Tag, Value};

use crate::code::{Instruction, Operation, State, Word};
use crate::link::{Linked, Target};
use crate::native::{NativeEntry, TierState};
use crate::slot::Slot;
use crate::tasks::TaskStates;

/// An active call.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Frame {
    /// The caller's next instruction; the halt instruction in the entry function's frame.
    pub(crate) return_to: *const Word,
    /// The closure that is running; null when the function captures nothing.
    pub(crate) closure: *mut Closure,
    /// Bytes from the caller's first register to this frame's first.
    pub(crate) window: usize,
}

const _: () = assert!(size_of::<Frame>() == 24);

pub(crate) const NO_FRAME: Frame = Frame { return_to: std::ptr::null(), closure: std::ptr::null_mut(), window: 0 };

/// What an access site remembers.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Site {
    /// The type whose field or method this is about.
    pub(crate) type_index: u32,
    /// Position of the field, or the method's function.
    pub(crate) found: u32,
    /// Position of the entry in a map.
    pub(crate) entry: u32,
    /// Where its row among [`Machine::members`] begins.
    pub(crate) row: u32,
    /// The name as a string.
    pub(crate) key: Value,
}

const _: () = assert!(size_of::<Site>() == 32);

/// The runtime's method that an access site found last, and for receivers of which tag. Kept apart from [`Site`], which stays half a
/// cache line.
pub(crate) type NativeSite = Option<(Tag, NativeMethod)>;

/// No type has this index.
const NO_TYPE: u32 = u32::MAX;

/// A run. What handlers need at every turn stands in front, as bare pointers into arrays that do not move while the
/// machine is between two instructions.
#[repr(C)]
pub(crate) struct Machine<'r> {
    /// One past the record of the running call.
    pub(crate) frame_top: *mut Frame,
    /// Records may be written below this.
    pub(crate) frame_limit: *mut Frame,
    /// Frames may end here: the high-water mark.
    pub(crate) value_limit: *mut Value,
    /// What calls enter, by function index.
    pub(crate) targets: *const Target,
    /// The runtime's constants.
    pub(crate) constants: *mut Value,
    /// The runtime's globals.
    pub(crate) globals: *mut Value,
    /// Access sites.
    pub(crate) sites: *mut Site,
    /// See [`Linked::members`].
    pub(crate) members: *const u32,
    /// The strings of one ASCII character.
    pub(crate) characters: *const Value,
    /// What specialised divisions divide by.
    pub(crate) divisors: *const Divisor,
    /// The first word of the code, in a program that gets native code.
    pub(crate) first_word: *const Word,
    /// Native code by function, in a program that gets any.
    pub(crate) entries: *mut NativeEntry,
    /// Native code may call as long as it writes records below this: there is room for them, and for native frames on the native stack.
    pub(crate) native_frame_limit: *mut Frame,
    /// The exit by which native code was left, if it left by one.
    pub(crate) exit: u64,
    /// What was found last for native code. The object that it points to, if it does, is alive for no longer than that goes on.
    pub(crate) found: Value,
    /// What is known of a program that gets native code; null for others.
    pub(crate) tiers: *mut TierState,
    /// The runtime's methods that access sites found.
    pub(crate) natives: Vec<NativeSite>,
    /// The running program.
    pub(crate) runtime: &'r mut Runtime,

    /// True when the instruction about to run has been counted before.
    pub(crate) repeats: bool,
    /// The error that found no handler.
    pub(crate) outcome: Option<Fault>,

    pub(crate) linked: &'r Linked,
    pub(crate) values: Vec<Value>,
    pub(crate) frames: Vec<Frame>,
    site_storage: Vec<Site>,
    /// What belongs to tasks, those that run and those that wait.
    pub(crate) tasks: TaskStates,
}

/// What a machine works in.
pub(crate) struct Arrays {
    pub(crate) values: Vec<Value>,
    /// The high-water mark: above it all values are null.
    pub(crate) mark: usize,
    pub(crate) frames: Vec<Frame>,
    pub(crate) sites: Vec<Site>,
    pub(crate) natives: Vec<NativeSite>,
}

impl Arrays {
    pub(crate) fn new(linked: &Linked, runtime: &Runtime) -> Self {
        let values = vec![Value::NULL; FIRST_VALUES.max(linked.largest_frame())];
        let site = |(number, &name): (usize, &u32)| {
            let key = runtime.names[name as usize];
            Site { type_index: NO_TYPE, found: 0, entry: 0, row: linked.row_of(number), key }
        };
        Self {
            mark: values.len(),
            values,
            frames: vec![NO_FRAME; FIRST_FRAMES.min(runtime.limits.max_depth.saturating_add(1))],
            sites: linked.sites().iter().enumerate().map(site).collect(),
            natives: vec![None; linked.sites().len()],
        }
    }
}

/// Values and frames at first.
const FIRST_VALUES: usize = 1024;
const FIRST_FRAMES: usize = 64;
/// How far above what is needed the high-water mark is put.
const MARK_STEP: usize = 256;

impl<'r> Machine<'r> {
    /// A machine about to run the entry function of `linked`, of which `runtime` is a fresh run.
    pub(crate) fn new(linked: &'r Linked, runtime: &'r mut Runtime) -> Self {
        let arrays = Arrays::new(linked, runtime);
        Self::within(arrays, linked, runtime)
    }

    /// The same in arrays that were made for this program and runtime, and in which all values are good.
    pub(crate) fn within(arrays: Arrays, linked: &'r Linked, runtime: &'r mut Runtime) -> Self {
        let Arrays { mut values, mark, mut frames, sites: mut site_storage, natives } = arrays;
        let mut machine = Self {
            frame_top: frames.as_mut_ptr(),
            // SAFETY: one past the array's end.
            frame_limit: unsafe { frames.as_mut_ptr().add(frames.len()) },
            // SAFETY: at most one past the array's end.
            value_limit: unsafe { values.as_mut_ptr().add(mark.min(values.len())) },
            targets: linked.targets().as_ptr(),
            constants: runtime.constants.as_mut_ptr(),
            globals: runtime.globals.as_mut_ptr(),
            sites: site_storage.as_mut_ptr(),
            members: linked.members().as_ptr(),
            characters: runtime.characters.as_ptr(),
            divisors: linked.divisors().as_ptr(),
            first_word: std::ptr::null(),
            entries: std::ptr::null_mut(),
            native_frame_limit: std::ptr::null_mut(),
            exit: 0,
            found: Value::NULL,
            tiers: std::ptr::null_mut(),
            repeats: false,
            outcome: None,
            natives,
            runtime,
            linked,
            values,
            frames,
            site_storage,
            tasks: TaskStates::default(),
        };
        // There may be more records than the depth limit allows, left by tasks.
        machine.set_frame_limit();
        machine
    }

    /// The arrays, when the run has ended.
    pub(crate) fn into_arrays(self) -> Arrays {
        let mark = self.index_of(self.value_limit);
        let Self { values, frames, site_storage: sites, natives, .. } = self;
        Arrays { values, mark, frames, sites, natives }
    }

    /// Enters a function that captures nothing, with these arguments.
    ///
    /// # Errors
    /// When there is no room for its frame.
    pub(crate) fn start_call(&mut self, function: u32, arguments: &[Value]) -> Result<State, Fault> {
        let target = self.linked.targets()[function as usize];
        let size = self.linked.frame_size(function);
        if size > self.index_of(self.value_limit) {
            self.extend_values(size)?;
        }
        let parameters = usize::from(target.parameters);
        let given = arguments.len().min(parameters);
        self.values[..given].copy_from_slice(&arguments[..given]);
        let base = self.values.as_mut_ptr();
        // SAFETY: there is room for the frame, whose first registers are the parameters; the array of records is never empty, and nothing is active.
        unsafe {
            fill_missing(base, &target, parameters - given);
            self.frame_top = self.frames.as_mut_ptr();
            self.frame_top.write(Frame { return_to: self.linked.halt(), ..NO_FRAME });
            self.frame_top = self.frame_top.add(1);
        }
        Ok(State { pc: target.code, base })
    }

    /// Enters the entry function.
    pub(crate) fn start(&mut self) -> State {
        let entry = self.linked.targets()[self.linked.program().entry as usize];
        // SAFETY: the array of frames is never empty, and nothing is active.
        unsafe {
            self.frame_top = self.frames.as_mut_ptr();
            self.frame_top.write(Frame { return_to: self.linked.halt(), ..NO_FRAME });
            self.frame_top = self.frame_top.add(1);
        }
        State { pc: entry.code, base: self.values.as_mut_ptr() }
    }

    /// Records in use.
    pub(crate) fn active(&self) -> usize {
        (self.frame_top as usize - self.frames.as_ptr() as usize) / size_of::<Frame>()
    }

    /// How deep calls are nested: above the entry function, or above what a task runs on.
    pub(crate) fn depth(&self) -> usize {
        self.active() - 1 - self.tasks.ground_depth()
    }

    pub(crate) fn index_of(&self, place: *mut Value) -> usize {
        (place as usize - self.values.as_ptr() as usize) / size_of::<Value>()
    }

    /// The depth limit, checked before a call.
    pub(crate) fn check_depth(&self) -> Result<(), Fault> {
        if self.depth() >= self.runtime.limits.max_depth { Err(Error::depth()) } else { Ok(()) }
    }

    /// Makes room for another frame record. The depth limit allows it; the bytes that frames may take, or the system, may not.
    pub(crate) fn make_room_for_frame(&mut self) -> Result<(), Fault> {
        if self.frame_top < self.frame_limit {
            return Ok(());
        }
        // The depth limit allows more, so all the records there are are in use.
        let active = self.active();
        let most = self.runtime.limits.frame_bytes() / size_of::<Frame>();
        let length = (active * 2).min(self.most_frames()).min(most);
        self.extend_frames(length.max(active + 1))
    }

    /// Records that the depth limit allows.
    fn most_frames(&self) -> usize {
        let Limits { max_depth, .. } = self.runtime.limits;
        self.tasks.ground_depth().saturating_add(max_depth).saturating_add(1)
    }

    /// Sets the limit of records to what there are and may be.
    pub(crate) fn set_frame_limit(&mut self) {
        let limit = self.frames.len().min(self.most_frames());
        // SAFETY: at most one past the array's end.
        self.frame_limit = unsafe { self.frames.as_mut_ptr().add(limit) };
    }

    /// Makes the array of frame records at least so long.
    pub(crate) fn extend_frames(&mut self, length: usize) -> Result<(), Fault> {
        let active = self.active();
        if length > self.frames.len() {
            let most = self.runtime.limits.frame_bytes() / size_of::<Frame>();
            if length > most || self.frames.try_reserve_exact(length - self.frames.len()).is_err() {
                return Err(Error::heap(self.runtime.heap.limit()));
            }
            self.frames.resize(length, NO_FRAME);
        }
        // SAFETY: `active` records are in use.
        self.frame_top = unsafe { self.frames.as_mut_ptr().add(active) };
        self.set_frame_limit();
        Ok(())
    }

    /// Raises the high-water mark to `end`, which lies above it, and tells where `base` is now.
    fn make_room_for_values(&mut self, base: *mut Value, end: *mut Value) -> Result<*mut Value, Fault> {
        let at = self.index_of(base);
        self.extend_values(self.index_of(end))?;
        // SAFETY: it lies in the array, as before.
        Ok(unsafe { self.values.as_mut_ptr().add(at) })
    }

    /// Makes sure that the high-water mark is at `needed` values at least. Pointers into the array are no longer good.
    pub(crate) fn extend_values(&mut self, needed: usize) -> Result<(), Fault> {
        let mark = self.index_of(self.value_limit);
        if needed > self.values.len() {
            let most = self.runtime.limits.frame_bytes() / size_of::<Value>();
            let length = needed.max((self.values.len() * 2).min(most));
            if needed > most || self.values.try_reserve_exact(length - self.values.len()).is_err() {
                return Err(Error::heap(self.runtime.heap.limit()));
            }
            self.values.resize(length, Value::NULL);
        }
        let mark = mark.max((needed + MARK_STEP).min(self.values.len()));
        // SAFETY: at most the array's length.
        self.value_limit = unsafe { self.values.as_mut_ptr().add(mark) };
        Ok(())
    }

    /// Where a frame at `window` of a function would end. The place need not exist.
    #[inline(always)]
    pub(crate) fn frame_end(window: *mut Value, target: &Target) -> *mut Value {
        window.wrapping_byte_add(target.frame_bytes as usize)
    }

    /// Enters `function` in a window that begins at the caller's register `first`, out of line. `place` puts the arguments into the window,
    /// not more than the function has parameters, and tells how many there are.
    ///
    /// # Safety
    /// `first` is a register of the caller's frame or the first behind it, all above are lost to the caller; `closure` is
    /// of this function, and null only if that captures nothing; `place` writes parameters only.
    pub(crate) unsafe fn call(
        &mut self,
        i: Instruction,
        first: usize,
        function: u32,
        closure: *mut Closure,
        place: impl FnOnce(*mut Value, usize) -> usize,
    ) -> State {
        // SAFETY: function indices are verified.
        let target = unsafe { *self.targets.add(function as usize) };
        if let Err(fault) = self.check_depth() {
            return self.raise(i.state(), fault);
        }
        if self.runtime.has_fuel_limit()
            && let Err(fault) = self.runtime.take_fuel()
        {
            return self.raise(i.state(), fault);
        }
        if let Err(fault) = self.make_room_for_frame() {
            return self.raise(i.state(), fault);
        }
        let mut window = i.base.wrapping_add(first);
        let end = Self::frame_end(window, &target);
        if end > self.value_limit {
            match self.make_room_for_values(i.base, end) {
                Ok(base) => window = base.wrapping_add(first),
                Err(fault) => return self.raise(i.state(), fault),
            }
        }
        let parameters = usize::from(target.parameters);
        let given = place(window, parameters).min(parameters);
        // SAFETY: there is room for a record and the frame, whose first registers are the parameters.
        unsafe {
            fill_missing(window, &target, parameters - given);
            let return_to = i.pc.add(1);
            self.frame_top.write(Frame { return_to, closure, window: first * size_of::<Value>() });
            self.frame_top = self.frame_top.add(1);
        }
        State { pc: target.code, base: window }
    }

    /// Collects garbage.
    ///
    /// # Errors
    /// When more than the limit is still in use afterwards.
    #[cold]
    #[inline(never)]
    pub(crate) fn collect(&mut self, state: State) -> Result<(), Fault> {
        let (function, _) = self.linked.place(state.pc);
        let live = self.index_of(state.base) + self.linked.frame_size(function);
        let highest = self.highest_end(state);
        self.collect_below(live, highest)
    }

    /// Collects when values from `live` on mean nothing, and active frames end at `highest` at most.
    pub(crate) fn collect_below(&mut self, live: usize, highest: usize) -> Result<(), Fault> {
        let mark = self.index_of(self.value_limit);
        self.values[live..mark].fill(Value::NULL);
        let kept = (highest + MARK_STEP).min(mark);
        // SAFETY: `kept` is at most the array's length.
        self.value_limit = unsafe { self.values.as_mut_ptr().add(kept) };
        let frames = &self.frames[..self.active()];
        let values = &self.values[..live];
        let tasks = &self.tasks;
        debug_assert!(values.iter().copied().all(points_to_its_kind), "a register points to an object that was freed");
        self.runtime.collect(|marker| {
            marker.values(values);
            mark_closures(frames, marker);
            tasks.trace(marker);
        })
    }

    /// Where the highest of the active frames ends: an index into the values.
    pub(crate) fn highest_end(&self, state: State) -> usize {
        let mut highest = 0;
        let (mut state, mut frame) = (state, self.frame_top);
        let mut activations = self.tasks.running().rev();
        loop {
            let mut base = 0;
            for call in self.calls_below(state, frame) {
                base = self.index_of(call.state.base);
                if base + self.linked.largest_frame() <= highest {
                    // Callers begin lower still.
                    return highest;
                }
                let (function, _) = self.linked.place(call.state.pc);
                highest = highest.max(base + self.linked.frame_size(function));
            }
            // What the task runs on top of.
            let below = activations.next().and_then(|activation| Some((activation, self.below(activation, base)?)));
            let Some((activation, below)) = below else { return highest };
            state = below;
            // SAFETY: the task's first record is one of the array.
            frame = unsafe { self.frames.as_ptr().add(activation.frame).cast_mut() };
        }
    }

    /// The active calls of what runs, the main program or a task, innermost first: where each stands.
    pub(crate) fn calls(&self, state: State) -> Calls<'r> {
        self.calls_below(state, self.frame_top)
    }

    /// The same when `frame` is one past the innermost one's record.
    fn calls_below(&self, state: State, frame: *mut Frame) -> Calls<'r> {
        Calls { state, frame, linked: self.linked, is_over: false }
    }

    /// Collects after an instruction that allocated, if the heap asks for it.
    ///
    /// # Safety
    /// The instruction has done its work, and control may go behind it.
    #[inline(always)]
    pub(crate) unsafe fn safepoint(&mut self, i: Instruction) -> State {
        if self.runtime.heap.wants_collection()
            && let Err(fault) = self.collect(i.state())
        {
            return self.raise(i.state(), fault);
        }
        // SAFETY: the caller's promise.
        unsafe { i.next() }
    }

    /// Puts an operation's result into `target` and goes on behind the instruction, or fails.
    ///
    /// # Safety
    /// `target` is the register that the instruction writes, and control may go behind it.
    #[inline(always)]
    pub(crate) unsafe fn finish(&mut self, i: Instruction, target: Slot, result: Result<Value, Fault>) -> State {
        match result {
            // SAFETY: the caller's promise.
            Ok(value) => unsafe {
                target.put(value);
                self.safepoint(i)
            },
            Err(fault) => self.fail(i.state(), fault),
        }
    }

    /// Goes on behind the instruction after an operation without a result, or fails.
    ///
    /// # Safety
    /// Control may go behind the instruction.
    #[inline(always)]
    pub(crate) unsafe fn finish_unit(&mut self, i: Instruction, result: Result<(), Fault>) -> State {
        match result {
            // SAFETY: the caller's promise.
            Ok(()) => unsafe { self.safepoint(i) },
            Err(fault) => self.fail(i.state(), fault),
        }
    }
}

/// Whether a value's object, if it has one, is what its tag says: not so when the object was freed, and most likely not when its place was
/// taken by another.
fn points_to_its_kind(value: Value) -> bool {
    let expected = match value.tag() {
        Tag::String => ObjectKind::String,
        Tag::List => ObjectKind::List,
        Tag::Map => ObjectKind::Map,
        Tag::Closure => ObjectKind::Closure,
        Tag::Record => ObjectKind::Record,
        Tag::Cell => ObjectKind::Cell,
        Tag::Failure => ObjectKind::Failure,
        _ => return true,
    };
    // SAFETY: blocks of freed objects stay readable as long as the heap keeps them, which is good enough for a check in debug builds; in
    // a machine that keeps its invariant the object is alive.
    let found = value.header().map(|header| unsafe { (*header).kind });
    found == Some(expected) || found == Some(ObjectKind::TabledRecord) && expected == ObjectKind::Record
}

/// Marks the closures of active calls.
pub(crate) fn mark_closures(frames: &[Frame], marker: &mut Marker<'_>) {
    for frame in frames.iter().filter(|frame| !frame.closure.is_null()) {
        marker.value(Value::object(Tag::Closure, frame.closure));
    }
}

/// Writes the last `missing` parameters of a frame.
///
/// # Safety
/// The frame exists.
pub(crate) unsafe fn fill_missing(window: *mut Value, target: &Target, missing: usize) {
    let absent = if target.has_defaults { Value::UNSET } else { Value::NULL };
    let parameters = usize::from(target.parameters);
    for parameter in parameters - missing..parameters {
        // SAFETY: parameters are the frame's first registers.
        unsafe { window.add(parameter).write(absent) };
    }
}

/// Where an active call stands: the running one at its instruction, the others at their calls.
#[derive(Clone, Copy)]
pub(crate) struct Call {
    pub(crate) state: State,
    /// One past its record.
    pub(crate) frame: *mut Frame,
}

/// See [`Machine::calls`].
#[derive(Clone)]
pub(crate) struct Calls<'l> {
    state: State,
    frame: *mut Frame,
    linked: &'l Linked,
    is_over: bool,
}

impl Iterator for Calls<'_> {
    type Item = Call;

    fn next(&mut self) -> Option<Call> {
        if self.is_over {
            return None;
        }
        let call = Call { state: self.state, frame: self.frame };
        // SAFETY: a running call has a record; only the first ones of the program and of tasks return to no function, and all others
        // were entered by the instruction before the one they return to, from a frame `window` bytes lower.
        unsafe {
            self.frame = self.frame.sub(1);
            let frame = *self.frame;
            if self.linked.is_end(frame.return_to) {
                self.is_over = true;
            } else {
                self.state = State { pc: frame.return_to.sub(1), base: self.state.base.byte_sub(frame.window) };
            }
        }
        Some(call)
    }
}

impl Machine<'_> {
    /// Tells a probe of the instruction about to run, unless it was told before.
    #[inline]
    pub(crate) fn tell<P: Probe>(&mut self, probe: &mut P, state: State, operation: Operation) {
        if matches!(operation, Operation::Halt | Operation::TaskEnd) || std::mem::replace(&mut self.repeats, false) {
            return;
        }
        let (function, pc) = self.linked.place(state.pc);
        // SAFETY: the running frame lies inside the array, all of whose values are initialised, and nobody writes to it meanwhile.
        let frame = unsafe { std::slice::from_raw_parts(state.base, self.linked.frame_size(function)) };
        let depth = self.active() - 1 - self.first_frame();
        let (opcode, task, heap) = (operation.alone() as u16, self.runtime.tasks.running_task(), &self.runtime.heap);
        probe.instruction(&Event { function, pc, opcode, task, depth, frame, heap });
    }
}
