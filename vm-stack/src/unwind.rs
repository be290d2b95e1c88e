//! Errors: running an instruction again after a collection, finding the handler, unwinding to it.

use isa::module::Handler;
use runtime::{ErrorKind, Fault, Value};

use crate::frame::Frame;
use crate::link::LinkedFunction;
use crate::machine::{Flow, Machine};
use crate::slot;

/// A handler and the call it belongs to.
struct Landing {
    frame: *mut Frame,
    handler: Handler,
}

impl<'r> Machine<'r> {
    /// The running instruction failed. When it wanted more memory than the heap may hold, garbage is collected and it runs once more;
    /// otherwise, and the second time, the error is raised.
    ///
    /// # Safety
    /// The running instruction changed nothing, and its operands are still on the stack.
    #[cold]
    #[inline(never)]
    pub(crate) unsafe fn raise(&mut self, fault: Fault) -> Flow {
        if fault.kind != ErrorKind::Heap || self.runtime.heap.is_retrying() {
            // SAFETY: the program counter is at the running instruction.
            return unsafe { self.raise_final(fault) };
        }
        self.runtime.heap.note_refusal();
        // SAFETY: everything the instruction needs is below `sp`.
        match unsafe { self.collect() } {
            Ok(()) => {
                self.runtime.heap.begin_retry();
                self.repeats = true;
                // SAFETY: there is a word before every instruction.
                self.registers.pc = unsafe { self.registers.pc.sub(1) };
                Flow::Continue
            }
            // SAFETY: as above.
            Err(fault) => unsafe { self.raise_final(fault) },
        }
    }

    /// Raises an error at the running instruction: goes on at the nearest handler, or ends the run.
    ///
    /// # Safety
    /// The program counter is at the running instruction.
    #[cold]
    #[inline(never)]
    pub(crate) unsafe fn raise_final(&mut self, mut fault: Fault) -> Flow {
        if self.runtime.heap.is_retrying() {
            self.runtime.heap.end_retry();
        }
        // SAFETY: the caller's promise.
        let landing = if fault.kind.is_catchable() { unsafe { self.find_handler() } } else { None };
        if self.runtime.is_metered() {
            let last = landing.as_ref().map(|landing| landing.frame);
            let linked = self.linked;
            let mut is_past = false;
            // SAFETY: the caller's promise.
            let calls = unsafe { self.active() }
                .take_while(|active| !std::mem::replace(&mut is_past, Some(active.frame) == last))
                .map(|active| (active.function.index, linked.declaration(active.function.index).position(active.pc)));
            self.runtime.refund(&fault, calls);
        }
        // A handler that only wants the value needs no trace. Code that throws on must keep the place where it all began.
        if landing.as_ref().is_none_or(|landing| landing.handler.is_cleanup) {
            // SAFETY: the caller's promise.
            let calls = unsafe { self.calls() };
            self.runtime.locate(&mut fault, calls);
        }
        match landing {
            // SAFETY: the landing is one of an active call.
            Some(landing) => unsafe { self.land(&landing, fault) },
            // SAFETY: the caller's promise; a task runs.
            None if fault.kind.is_catchable() && self.tasks.is_running() => unsafe { self.fail_task(fault) },
            None => {
                self.outcome = Err(fault);
                Flow::Leave
            }
        }
    }

    /// Goes on at a handler.
    ///
    /// # Safety
    /// `landing` belongs to an active call.
    unsafe fn land(&mut self, landing: &Landing, fault: Fault) -> Flow {
        let Landing { frame, handler } = *landing;
        // SAFETY: the verifier saw that the handler's landing lies in its function's operand stack with room for one more value, and that
        // its target is an instruction of the function.
        unsafe {
            let Frame { base, function, .. } = *frame;
            let kept = base.byte_add((*function).locals_bytes as usize).add(handler.landing as usize);
            // A handler may keep operands that the failing instruction, or a callee, has consumed already, though no compiler asks for that.
            // They lie above `sp`, where a collection may have freed what they point to, so they are gone.
            while self.registers.sp < kept {
                slot::put(self.registers.sp, Value::NULL);
                self.registers.sp = self.registers.sp.add(1);
            }
            slot::put(kept, self.runtime.landing_value(fault, handler.is_cleanup));
            self.frame = frame;
            self.registers.base = base;
            self.registers.sp = kept.add(1);
            self.registers.pc = self.code.add((*function).before as usize + handler.target as usize);
            // What was thrown may be all that a loop ever allocates. If too much is in use, the next safepoint says so.
            if self.runtime.heap.wants_collection() {
                let _ = self.collect();
            }
        }
        Flow::Continue
    }

    /// The nearest handler of the running instruction, or of the call instructions that led to it.
    ///
    /// # Safety
    /// The program counter is at the running instruction.
    unsafe fn find_handler(&mut self) -> Option<Landing> {
        // SAFETY: the caller's promise.
        for active in unsafe { self.active() } {
            let handlers = &self.linked.declaration(active.function.index).handlers;
            if let Some(&handler) = handlers.iter().find(|handler| (handler.start..handler.end).contains(&active.pc)) {
                return Some(Landing { frame: active.frame, handler });
            }
        }
        None
    }

    /// The active calls for a trace, innermost first: function, source file, offset in it.
    ///
    /// # Safety
    /// The program counter is at the running instruction.
    unsafe fn calls(&mut self) -> impl Iterator<Item = (u32, u32, u32)> + use<'r> {
        let linked = self.linked;
        // SAFETY: the caller's promise.
        unsafe { self.active() }.map(|active| {
            let declaration = linked.declaration(active.function.index);
            (active.function.index, declaration.source, declaration.position(active.pc))
        })
    }

    /// The active calls of what runs, the main program or a task, innermost first, with the instruction each is at.
    ///
    /// # Safety
    /// The program counter is at the running instruction. The calls stay active while the iterator is used.
    unsafe fn active(&mut self) -> impl Iterator<Item = Active<'r>> + use<'r> {
        let no_frame = self.no_frame();
        let (code, mut frame, mut at) = (self.code, self.frame, self.registers.pc);
        let mut is_over = false;
        std::iter::from_fn(move || {
            if is_over || frame.cast_const() == no_frame {
                return None;
            }
            // SAFETY: frames above `no_frame` are those of active calls. The program counter and return addresses are the
            // instructions they are at.
            unsafe {
                let function = &*(*frame).function;
                let pc = at.offset_from_unsigned(code.add(function.before as usize)) as u32 - 1;
                let active = Active { frame, function, pc };
                is_over = (*frame).return_to.is_task();
                at = (*frame).return_to.call();
                frame = frame.sub(1);
                Some(active)
            }
        })
    }
}

/// An active call.
struct Active<'r> {
    frame: *mut Frame,
    function: &'r LinkedFunction,
    pc: u32,
}
