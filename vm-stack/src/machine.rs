//! The machine: what handlers share besides the registers, and what they do off the fast path.

use std::sync::Arc;

use isa::{Function, Stack};
use runtime::heap::Marker;
use runtime::methods::NativeMethod;
use runtime::objects::Closure;
use runtime::operations::Divisor;
use runtime::probe::{Event, Probe};
use runtime::{Error, Fault, Runtime, Tag, Value};

use crate::frame::{Frame, FrameStack, NoRoom, ReturnAddress, ValueStack};
use crate::link::{Linked, LinkedFunction, Site, Word};
use crate::slot::{self, Slot};
use crate::tasks::TaskStates;

/// What the loop keeps in processor registers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Registers {
    /// The running instruction.
    pub(crate) pc: *const Word,
    /// One past the top of the operand stack.
    pub(crate) sp: Slot,
    /// Local 0.
    pub(crate) base: Slot,
}

/// How a handler ends.
pub(crate) enum Step {
    /// The instruction is done.
    Next,
    /// The instruction needs more than its fast path. The registers are as the instruction found them.
    Slow(Slow),
}

/// The rest of a handler, out of line. It finds the registers in [`Machine::registers`], and leaves there what the loop goes on with.
pub(crate) type Slow = unsafe fn(&mut Machine<'_>) -> Flow;

/// What the loop does after a slow path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// Go on with [`Machine::registers`], at the instruction after the one the program counter is at.
    Continue,
    /// End the run with [`Machine::outcome`].
    Leave,
}

/// A run.
pub(crate) struct Machine<'r> {
    /// The registers while a slow path runs.
    pub(crate) registers: Registers,
    /// The running call. The frame below the entry function's is that of no call.
    pub(crate) frame: *mut Frame,
    /// The last frame there is room for.
    pub(crate) last_frame: *mut Frame,
    /// End of the value stack.
    pub(crate) stack_end: Slot,
    /// Code of all functions.
    pub(crate) code: *const Word,
    /// All functions.
    pub(crate) functions: *const LinkedFunction,
    /// The runtime's constants.
    pub(crate) constants: *const Value,
    /// The runtime's globals.
    pub(crate) globals: Slot,
    /// What the access sites remember.
    pub(crate) sites: *mut Site,
    /// The runtime's methods that call sites found last, and for receivers of which tag. Method calls have the lowest sites.
    pub(crate) natives: Vec<Option<(Tag, NativeMethod)>>,
    /// What superinstructions divide by.
    pub(crate) divisors: *const Divisor,
    /// Meaning of everything that has no fast path.
    pub(crate) runtime: &'r mut Runtime,
    /// The program.
    pub(crate) linked: &'r Linked,
    /// True when the instruction about to run has run before, in vain.
    pub(crate) repeats: bool,
    /// What the run ends with.
    pub(crate) outcome: Result<Value, Fault>,
    pub(crate) frame_stack: FrameStack,
    pub(crate) value_stack: ValueStack,
    /// What belongs to tasks, those that run and those that wait.
    pub(crate) tasks: TaskStates,
    // Owns what `sites` points to.
    site_storage: Vec<Site>,
}

/// Sees to it that a runtime is of a program and has its tables.
pub(crate) fn check_runtime(linked: &Linked, runtime: &Runtime) {
    // The verifier checked indices against these tables. A runtime of another program would be read out of bounds.
    assert!(Arc::ptr_eq(&runtime.program, linked.program()), "the runtime belongs to another program");
    assert!(
        runtime.globals.len() == runtime.program.globals.len()
            && runtime.constants.len() == runtime.program.constants.len(),
        "the runtime's tables are not the program's"
    );
}

/// What a machine works in.
pub(crate) struct Arrays {
    frame_stack: FrameStack,
    value_stack: ValueStack,
    sites: Vec<Site>,
    natives: Vec<Option<(Tag, NativeMethod)>>,
}

impl Arrays {
    pub(crate) fn new(linked: &Linked, runtime: &Runtime) -> Self {
        let sites = linked.fresh_sites(runtime);
        let entry = &linked.functions()[runtime.program.entry as usize];
        Self {
            frame_stack: FrameStack::new(&runtime.limits),
            value_stack: ValueStack::new(entry.frame_bytes as usize / size_of::<Value>(), &runtime.limits),
            natives: vec![None; sites.len()],
            sites,
        }
    }
}

impl<'r> Machine<'r> {
    /// A machine about to run the entry function.
    pub(crate) fn new(linked: &'r Linked, runtime: &'r mut Runtime) -> Self {
        check_runtime(linked, runtime);
        let entry = runtime.program.entry;
        let arrays = Arrays::new(linked, runtime);
        Self::within(arrays, linked, runtime, entry, &[])
    }

    /// A machine about to run a function that captures nothing, with these arguments, in arrays that were made for this program and runtime.
    pub(crate) fn within(
        arrays: Arrays,
        linked: &'r Linked,
        runtime: &'r mut Runtime,
        function: u32,
        arguments: &[Value],
    ) -> Self {
        let Arrays { mut frame_stack, mut value_stack, mut sites, natives } = arrays;
        let callee = &linked.functions()[function as usize];
        value_stack.make_room(callee.frame_bytes as usize / size_of::<Value>());
        frame_stack.set_ground(0);
        let frame = frame_stack.first();
        let base = value_stack.start();
        let mut machine = Self {
            registers: Registers { pc: linked.code(), sp: base, base },
            frame,
            last_frame: frame_stack.last(),
            stack_end: value_stack.end(),
            code: linked.code(),
            functions: linked.functions().as_ptr(),
            constants: runtime.constants.as_ptr(),
            globals: runtime.globals.as_mut_ptr(),
            sites: sites.as_mut_ptr(),
            natives,
            divisors: linked.divisors().as_ptr(),
            runtime,
            linked,
            repeats: false,
            outcome: Ok(Value::NULL),
            frame_stack,
            value_stack,
            tasks: TaskStates::default(),
            site_storage: sites,
        };
        let given = arguments.len().min(callee.parameters as usize);
        for (at, &argument) in arguments[..given].iter().enumerate() {
            // SAFETY: there is room for the function's frame, which begins with its parameters.
            unsafe { slot::put(base.add(at), argument) };
        }
        let call = Call { callee, closure: std::ptr::null(), base, given, return_to: ReturnAddress::EXIT };
        // SAFETY: there is room for the function's frame; that it captures nothing the caller or the verifier has seen.
        unsafe { machine.begin(call) };
        machine
    }

    /// The arrays, when the run has ended.
    pub(crate) fn into_arrays(self) -> Arrays {
        let Self { frame_stack, value_stack, site_storage: sites, natives, .. } = self;
        Arrays { frame_stack, value_stack, sites, natives }
    }

    /// The instruction that is running.
    ///
    /// # Safety
    /// An instruction is running.
    #[inline]
    pub(crate) unsafe fn word(&self) -> Word {
        // SAFETY: the program counter is at the running instruction.
        unsafe { *self.registers.pc }
    }

    /// The running function.
    ///
    /// # Safety
    /// A function is running.
    #[inline]
    pub(crate) unsafe fn function(&self) -> &'r LinkedFunction {
        // SAFETY: frames hold functions of `linked`, which outlives the run.
        unsafe { &*(*self.frame).function }
    }

    /// The running function as declared.
    ///
    /// # Safety
    /// A function is running.
    pub(crate) unsafe fn declaration(&self) -> &'r Function<Stack> {
        // SAFETY: the caller's promise.
        self.linked.declaration(unsafe { self.function() }.index)
    }

    /// The `count` topmost values, lowest first.
    ///
    /// # Safety
    /// The operand stack has that many, and they stay where they are while the slice is used.
    #[inline]
    pub(crate) unsafe fn top<'v>(&self, count: usize) -> &'v [Value] {
        // SAFETY: values below `sp` are initialised.
        unsafe { std::slice::from_raw_parts(self.registers.sp.sub(count), count) }
    }

    /// Ends an instruction that takes `taken` values and leaves the result.
    ///
    /// # Safety
    /// The operand stack has room for the result where the lowest taken value was.
    #[inline]
    pub(crate) unsafe fn replace(&mut self, taken: usize, result: Result<Value, Fault>) -> Flow {
        match result {
            Ok(value) => {
                // SAFETY: the caller's promise.
                unsafe {
                    let target = self.registers.sp.sub(taken);
                    slot::put(target, value);
                    self.registers.sp = target.add(1);
                    self.safepoint()
                }
            }
            // SAFETY: an instruction is running, with its operands still on the stack.
            Err(fault) => unsafe { self.raise(fault) },
        }
    }

    /// Ends an instruction that takes `taken` values and leaves none.
    ///
    /// # Safety
    /// The operand stack has that many.
    #[inline]
    pub(crate) unsafe fn take(&mut self, taken: usize, result: Result<(), Fault>) -> Flow {
        match result {
            Ok(()) => {
                // SAFETY: the caller's promise.
                unsafe {
                    self.registers.sp = self.registers.sp.sub(taken);
                    self.safepoint()
                }
            }
            // SAFETY: as in `replace`.
            Err(fault) => unsafe { self.raise(fault) },
        }
    }

    /// Collects if the heap wants it. Every instruction that may have allocated ends here.
    ///
    /// # Safety
    /// An instruction has just ended.
    #[inline]
    pub(crate) unsafe fn safepoint(&mut self) -> Flow {
        if self.runtime.heap.wants_collection() {
            // SAFETY: the caller's promise.
            unsafe { self.collect_or_raise() }
        } else {
            Flow::Continue
        }
    }

    #[cold]
    #[inline(never)]
    unsafe fn collect_or_raise(&mut self) -> Flow {
        // SAFETY: between two instructions everything live is below `sp` or in frames.
        match unsafe { self.collect() } {
            Ok(()) => Flow::Continue,
            // The instruction has ended; it must not run again.
            // SAFETY: the program counter is at it.
            Err(fault) => unsafe { self.raise_final(fault) },
        }
    }

    /// Collects: the roots are the values below `sp` and the closures of all frames.
    ///
    /// # Safety
    /// Everything else that is still needed is reached from those or from the runtime's own tables.
    pub(crate) unsafe fn collect(&mut self) -> Result<(), Fault> {
        let (start, first) = (self.value_stack.start(), self.frame_stack.first());
        // SAFETY: all values between the start of the stack and `sp` are initialised, and so are all frames up to the running one.
        let (values, frames) = unsafe {
            (
                std::slice::from_raw_parts(start, self.registers.sp.offset_from_unsigned(start)),
                std::slice::from_raw_parts(first, self.frame.offset_from_unsigned(first) + 1),
            )
        };
        let tasks = &self.tasks;
        self.runtime.collect(|marker| {
            marker.values(values);
            frames.iter().for_each(|frame| mark_closure(frame.closure, marker));
            tasks.trace(marker);
        })
    }

    /// Tells a probe of the instruction about to run, unless it was told before: an instruction that runs once more after a collection is
    /// one instruction.
    ///
    /// # Safety
    /// A function is running, and `registers` are at its instruction `word`.
    pub(crate) unsafe fn tell<P: Probe>(&mut self, probe: &mut P, registers: Registers, word: Word) {
        if std::mem::take(&mut self.repeats) {
            return;
        }
        let depth = self.frame_index() - self.first_frame();
        // SAFETY: the program counter is inside the running function's code; everything from local 0 up to the stack pointer is initialised, and nobody writes to it meanwhile.
        let (function, pc, frame) = unsafe {
            let function = self.function();
            let first = self.code.add(function.before as usize + 1);
            (
                function.index,
                registers.pc.offset_from_unsigned(first) as u32,
                std::slice::from_raw_parts(registers.base, registers.sp.offset_from_unsigned(registers.base)),
            )
        };
        let (opcode, task, heap) = (u16::from(word.opcode()), self.runtime.tasks.running_task(), &self.runtime.heap);
        probe.instruction(&Event { function, pc, opcode, task, depth, frame, heap });
    }

    /// The frame of no call, which lies below the entry function's.
    pub(crate) fn no_frame(&mut self) -> *const Frame {
        self.frame_stack.first()
    }

    /// Calls a function with the `given` topmost values. Its result replaces the value at `window`, which is the first argument or lies
    /// below it; nothing in between is kept.
    ///
    /// # Safety
    /// `function` is an index of the program's; if it captures variables, `closure` is a closure of it. `window` lies in the operand stack,
    /// at or below the first argument, or at `sp` where there are none.
    pub(crate) unsafe fn call(&mut self, function: u32, closure: *const Closure, given: usize, window: Slot) -> Flow {
        // SAFETY: the caller's promise. The arguments are below `sp`, so they move with the stack if it does.
        unsafe {
            let callee = self.functions.add(function as usize);
            let base = match self.admit(callee, window) {
                Ok(base) => base,
                Err(fault) => return self.raise_final(fault),
            };
            let arguments = self.registers.sp.sub(given);
            slide(arguments, base, given);
            self.begin(Call { callee, closure, base, given, return_to: ReturnAddress::ordinary(self.registers.pc) });
        }
        Flow::Continue
    }

    /// Makes ready for a call of `callee` with its frame at `window`: checks the depth, makes room, takes fuel. Gives where `window`
    /// is now.
    ///
    /// # Errors
    /// When the call must not be made. The error is final: a collection would not help.
    ///
    /// # Safety
    /// `callee` is a function of the program's and `window` lies in the used part of the value stack, or at `sp`.
    pub(crate) unsafe fn admit(&mut self, callee: *const LinkedFunction, window: Slot) -> Result<Slot, Fault> {
        if self.frame == self.last_frame {
            self.grow_frames()?;
        }
        let mut window = window;
        // SAFETY: `callee` is valid.
        let frame_bytes = unsafe { (*callee).frame_bytes } as usize;
        if window.addr() + frame_bytes > self.stack_end.addr() {
            // SAFETY: the caller's promise.
            window = unsafe { self.grow_values(window, frame_bytes)? };
        }
        if self.runtime.has_fuel_limit() {
            self.runtime.take_fuel()?;
        }
        Ok(window)
    }

    /// How deep calls are nested: above the entry function, or above what a task runs on.
    #[cold]
    pub(crate) fn depth(&mut self) -> usize {
        // SAFETY: both lie in the frame stack.
        let frames = unsafe { self.frame.offset_from_unsigned(self.frame_stack.first()) };
        (frames - 1).saturating_sub(self.frame_stack.ground())
    }

    #[cold]
    fn grow_frames(&mut self) -> Result<(), Fault> {
        // SAFETY: both lie in the frame stack.
        let depth = unsafe { self.frame.offset_from_unsigned(self.frame_stack.first()) };
        let grown = self.frame_stack.grow();
        // SAFETY: the stack has not become smaller. Growing may have moved it even if it failed half-way.
        self.frame = unsafe { self.frame_stack.first().add(depth) };
        self.last_frame = self.frame_stack.last();
        grown.map_err(|reason| match reason {
            NoRoom::Depth => Error::depth(),
            NoRoom::Bytes => Error::heap(self.runtime.heap.limit()),
        })
    }

    /// # Safety
    /// `window` lies in the used part of the value stack, or at `sp`.
    #[cold]
    pub(crate) unsafe fn grow_values(&mut self, window: Slot, frame_bytes: usize) -> Result<Slot, Fault> {
        let start = self.value_stack.start();
        // SAFETY: all lie in the value stack.
        let (used, needed) = unsafe {
            (
                self.registers.sp.offset_from_unsigned(start),
                window.offset_from_unsigned(start) + frame_bytes / size_of::<Value>(),
            )
        };
        let Some(moved) = self.value_stack.grow(used, needed) else {
            return Err(Error::heap(self.runtime.heap.limit()));
        };
        self.stack_end = self.value_stack.end();
        self.registers.sp = moved.rebase(self.registers.sp);
        self.registers.base = moved.rebase(self.registers.base);
        let mut frame = self.frame;
        while frame != self.frame_stack.first() {
            // SAFETY: frames above the first, which belongs to no call, are those of active calls.
            unsafe {
                (*frame).base = moved.rebase((*frame).base);
                frame = frame.sub(1);
            }
        }
        Ok(moved.rebase(window))
    }

    /// Begins a call that was admitted.
    ///
    /// # Safety
    /// As for [`push_frame`].
    pub(crate) unsafe fn begin(&mut self, call: Call) {
        let mut registers = self.registers;
        // SAFETY: the caller's promise.
        unsafe { push_frame(&mut registers, self, call) };
        self.registers = registers;
    }
}

/// Marks the closure of an active call.
pub(crate) fn mark_closure(closure: *const Closure, marker: &mut Marker<'_>) {
    if !closure.is_null() {
        marker.value(Value::object(Tag::Closure, closure.cast_mut()));
    }
}

/// A call about to begin.
#[derive(Clone, Copy)]
pub(crate) struct Call {
    /// What is called.
    pub(crate) callee: *const LinkedFunction,
    /// Holder of its captured variables; null if it captures nothing.
    pub(crate) closure: *const Closure,
    /// Where its frame begins; the arguments lie there.
    pub(crate) base: Slot,
    /// How many arguments there are.
    pub(crate) given: usize,
    /// The call instruction in the caller, after which it goes on.
    pub(crate) return_to: ReturnAddress,
}

/// Pushes the frame of a call, sets the locals that no argument sets, and points the registers at the callee's beginning.
///
/// # Safety
/// The frame stack has room for a frame, and the value stack for `callee`'s from `base` up. The closure is one of `callee`.
#[inline(always)]
pub(crate) unsafe fn push_frame(registers: &mut Registers, machine: &mut Machine<'_>, call: Call) {
    let Call { callee, closure, base, given, return_to } = call;
    // SAFETY: the caller's promise. The verifier counts a function's locals, parameters among them, into its frame.
    unsafe {
        let function = &*callee;
        let mut local = base.add(given);
        if given != function.parameters as usize {
            local = fit_arguments(function, base, given);
        }
        let operands = base.byte_add(function.locals_bytes as usize);
        while local < operands {
            slot::put(local, Value::UNSET);
            local = local.add(1);
        }
        let frame = machine.frame.add(1);
        frame.write(Frame { return_to, base, function: callee, closure });
        machine.frame = frame;
        *registers = Registers { pc: machine.code.add(function.before as usize), sp: operands, base };
    }
}

/// Sets the parameters that got no argument. Gives the first local past the parameters; arguments that lie there are dropped.
///
/// # Safety
/// As for [`push_frame`].
#[cold]
#[inline(never)]
unsafe fn fit_arguments(function: &LinkedFunction, base: Slot, given: usize) -> Slot {
    let missing = if function.has_defaults { Value::UNSET } else { Value::NULL };
    let parameters = function.parameters as usize;
    // SAFETY: parameters are locals.
    unsafe {
        for parameter in given..parameters {
            slot::put(base.add(parameter), missing);
        }
        base.add(parameters)
    }
}

/// Moves `count` values down from `from` to `to`.
///
/// # Safety
/// `from` holds that many values; `to` lies at or below it on the value stack.
#[inline(always)]
pub(crate) unsafe fn slide(from: Slot, to: Slot, count: usize) {
    if from != to {
        for index in 0..count {
            // SAFETY: the caller's promise.
            unsafe { slot::copy(from.add(index), to.add(index)) };
        }
    }
}
