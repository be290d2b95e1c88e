//! Errors: trying again after a collection, finding the handler, unwinding.
//!
//! Nothing here is on a path that a program without errors takes.

use runtime::error::ErrorKind;
use runtime::{Error, Fault};

use crate::code::State;
use crate::machine::{Call, Machine};
use isa::module::Handler;

/// A handler that takes an error.
struct Found {
    call: Call,
    function: u32,
    handler: Handler,
}

impl Machine<'_> {
    /// An operation failed at `state`. One that ran into the heap limit runs again after a collection, once; any other error, and a second
    /// failure, is raised. Operations fail before they have changed anything, so running one again is harmless.
    #[cold]
    #[inline(never)]
    pub(crate) fn fail(&mut self, state: State, fault: Fault) -> State {
        if fault.kind == ErrorKind::Heap && !self.runtime.heap.is_retrying() {
            self.runtime.heap.note_refusal();
            return match self.collect(state) {
                Ok(()) => {
                    self.runtime.heap.begin_retry();
                    self.repeats = true;
                    state
                }
                Err(fault) => self.raise(state, fault),
            };
        }
        self.raise(state, fault)
    }

    /// Raises an error at `state` and goes on in its handler, or at the halt instruction when there is none.
    #[cold]
    #[inline(never)]
    pub(crate) fn raise(&mut self, state: State, mut fault: Fault) -> State {
        if self.runtime.heap.is_retrying() {
            self.runtime.heap.end_retry();
        }
        let found = if fault.kind.is_catchable() { self.handler(state) } else { None };
        if self.runtime.is_metered() {
            self.refund(state, &fault, found.as_ref());
        }
        if found.as_ref().is_none_or(|found| found.handler.is_cleanup) {
            self.locate(state, &mut fault);
        }
        let Some(Found { call, function, handler }) = found else {
            if fault.kind.is_catchable() && self.tasks.running().len() != 0 {
                return self.fail_task(state, fault);
            }
            self.outcome = Some(fault);
            return State { pc: self.linked.halt(), base: state.base };
        };
        self.frame_top = call.frame;
        let value = self.runtime.landing_value(fault, handler.is_cleanup);
        let base = call.state.base;
        let target = self.linked.targets()[function as usize].code;
        // SAFETY: handlers are verified: the landing register is one of the frame, the target an instruction of the function.
        let state = unsafe {
            base.add(handler.landing as usize).write(value);
            State { pc: target.add(handler.target as usize), base }
        };
        if self.runtime.heap.wants_collection() {
            // A loop may do nothing but fail. When too much is in use, the next safepoint says so.
            let _ = self.collect(state);
        }
        state
    }

    /// The innermost handler that guards where the active calls stand.
    fn handler(&self, state: State) -> Option<Found> {
        self.calls(state).find_map(|call| {
            let (function, pc) = self.linked.place(call.state.pc);
            let handlers = &self.linked.function(function).handlers;
            let handler = *handlers.iter().find(|handler| handler.start <= pc && pc < handler.end)?;
            Some(Found { call, function, handler })
        })
    }

    /// Gives back the gas for what the error leaves undone.
    fn refund(&mut self, state: State, fault: &Error, found: Option<&Found>) {
        let linked = self.linked;
        let last = found.map(|found| found.call.frame);
        let mut is_past = false;
        let calls = self.calls(state).take_while(|call| !std::mem::replace(&mut is_past, Some(call.frame) == last));
        let places = calls.map(|call| {
            let (index, pc) = linked.place(call.state.pc);
            (index, linked.function(index).position(pc))
        });
        self.runtime.refund(fault, places);
    }

    /// Notes on an error where it was raised.
    fn locate(&self, state: State, fault: &mut Error) {
        let calls = self.calls(state).map(|call| {
            let (index, pc) = self.linked.place(call.state.pc);
            let function = self.linked.function(index);
            (index, function.source, function.position(pc))
        });
        self.runtime.locate(fault, calls);
    }
}
