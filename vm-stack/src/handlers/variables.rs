//! Constants, locals, globals, cells, captured variables, and the closures that capture them.

use isa::module::CaptureSource;
use runtime::objects::{Cell, Closure};
use runtime::{Tag, Value};

use super::{handlers, slow_paths};
use crate::machine::{Flow, Machine, Registers, Slow, Step};
use crate::slot::{self, CELL, Slot, UNSET};

/// Pushes the value at `from`, unless it is unset.
///
/// # Safety
/// [The contract](super); `from` holds a value.
#[inline(always)]
unsafe fn push_set(registers: &mut Registers, from: *const Value, slow: Slow) -> Step {
    // SAFETY: the contract.
    unsafe {
        if slot::tag(from) == UNSET {
            return Step::Slow(slow);
        }
        push(registers, from)
    }
}

/// Pushes the value at `from`.
///
/// # Safety
/// [The contract](super); `from` holds a value.
#[inline(always)]
pub(crate) unsafe fn push(registers: &mut Registers, from: *const Value) -> Step {
    // SAFETY: the contract.
    unsafe {
        slot::copy(from, registers.sp);
        registers.sp = registers.sp.add(1);
    }
    Step::Next
}

/// Pops a value to `to`.
///
/// # Safety
/// [The contract](super); `to` may be written.
#[inline(always)]
unsafe fn pop_to(registers: &mut Registers, to: Slot) -> Step {
    // SAFETY: the contract.
    unsafe {
        registers.sp = registers.sp.sub(1);
        slot::copy(registers.sp, to);
    }
    Step::Next
}

/// What the cell in `variable` holds. Code that the verifier accepts may use a variable as a cell that is none; then there is nothing.
///
/// # Safety
/// `variable` holds a value.
#[inline(always)]
unsafe fn cell(variable: *const Value) -> Option<Slot> {
    // SAFETY: the tag says that it is a cell.
    unsafe { if slot::tag(variable) == CELL { Some(&raw mut (*slot::object::<Cell>(variable)).value) } else { None } }
}

/// Pops a value to what a cell holds, and tells the collector what it held.
///
/// # Safety
/// [The contract](super); `held` is the place of a live cell's value.
unsafe fn fill_while_marking(machine: &mut Machine<'_>, held: Option<Slot>) -> Flow {
    // SAFETY: the contract.
    unsafe {
        if let Some(held) = held {
            machine.runtime.heap.forget(slot::get(held));
            slot::put(held, machine.top(1)[0]);
        }
        machine.take(1, Ok(()))
    }
}

/// The place of a captured variable of the running function, `offset` bytes from that of the first.
///
/// # Safety
/// [The contract](super).
#[inline(always)]
unsafe fn capture(machine: &Machine<'_>, offset: usize) -> *const Value {
    // SAFETY: the contract.
    unsafe { (*(*machine.frame).closure).captures().as_ptr().byte_add(offset) }
}

handlers! {
    /// `LOAD_CONST k`: push K[k]
    fn load_const(registers, machine, word) {
        push(registers, machine.constants.byte_add(word.offset()))
    }

    /// `LOAD_LOCAL n`: push L[n]
    fn load_local(registers, _, word) {
        push(registers, registers.base.byte_add(word.offset()))
    }

    /// `STORE_LOCAL n`: v → ; L[n] := v
    fn store_local(registers, _, word) {
        pop_to(registers, registers.base.byte_add(word.offset()))
    }

    /// `LOAD_LOCALS n, m`: push L[n], push L[m]
    fn load_locals(registers, _, word) {
        let [first, second] = word.indices();
        push(registers, registers.base.add(first));
        push(registers, registers.base.add(second))
    }

    /// `LOAD_LOCAL_CONST n, k`: push L[n], push K[k]
    fn load_local_const(registers, machine, word) {
        let [local, constant] = word.indices();
        push(registers, registers.base.add(local));
        push(registers, machine.constants.add(constant))
    }

    /// `STORE_LOAD n, m`: v → ; L[n] := v, push L[m]
    fn store_load(registers, _, word) {
        let [to, from] = word.indices();
        pop_to(registers, registers.base.add(to));
        push(registers, registers.base.add(from))
    }

    /// `LOAD_NAME g`: push G[g]
    fn load_name(registers, machine, word) {
        push_set(registers, machine.globals.byte_add(word.offset()), unset_global)
    }

    /// `STORE_NAME g`: v → ; G[g] := v
    fn store_name(registers, machine, word) {
        pop_to(registers, machine.globals.byte_add(word.offset()))
    }

    /// `STORE_FUNC f`: G[F[f].global] := F[f]
    fn store_func(_, _, _) {
        Step::Slow(store_func_slow)
    }

    /// `POP`: v →
    fn pop(registers, _, _) {
        registers.sp = registers.sp.sub(1);
        Step::Next
    }

    /// `DUP`: v → v v
    fn dup(registers, _, _) {
        push(registers, registers.sp.sub(1))
    }

    /// `CHECK_LOCAL n`: error if L[n] was never set
    fn check_local(registers, _, word) {
        if slot::tag(registers.base.byte_add(word.offset())) == UNSET { Step::Slow(unset_local) } else { Step::Next }
    }

    /// `IS_SET n`: push whether L[n] was ever set
    fn is_set(registers, _, word) {
        slot::put_bool(registers.sp, slot::tag(registers.base.byte_add(word.offset())) != UNSET);
        registers.sp = registers.sp.add(1);
        Step::Next
    }

    /// `UNSET n`: L[n] := unset
    fn unset(registers, _, word) {
        slot::put(registers.base.byte_add(word.offset()), Value::UNSET);
        Step::Next
    }

    /// `MAKE_CELL n`: L[n] := a new cell that holds L[n]
    fn make_cell(_, _, _) {
        Step::Slow(make_cell_slow)
    }

    /// `LOAD_CELL n`: push what cell L[n] holds
    fn load_cell(registers, _, word) {
        match cell(registers.base.byte_add(word.offset())) {
            Some(held) => push_set(registers, held, unset_local),
            None => Step::Slow(unset_local),
        }
    }

    /// `STORE_CELL n`: v → ; cell L[n] := v
    fn store_cell(registers, machine, word) {
        match cell(registers.base.byte_add(word.offset())) {
            Some(held) if slot::is_object(held) && machine.runtime.heap.is_marking() => {
                Step::Slow(store_cell_while_marking)
            }
            Some(held) => pop_to(registers, held),
            None => pop_to(registers, registers.sp.sub(1)),
        }
    }

    /// `LOAD_CAPTURE c`: push captured value c
    fn load_capture(registers, machine, word) {
        push_set(registers, capture(machine, word.offset()), unset_capture)
    }

    /// `LOAD_CAPTURE_CELL c`: push what captured cell c holds
    fn load_capture_cell(registers, machine, word) {
        match cell(capture(machine, word.offset())) {
            Some(held) => push_set(registers, held, unset_capture),
            None => Step::Slow(unset_capture),
        }
    }

    /// `STORE_CAPTURE_CELL c`: v → ; captured cell c := v
    fn store_capture_cell(registers, machine, word) {
        match cell(capture(machine, word.offset())) {
            Some(held) if slot::is_object(held) && machine.runtime.heap.is_marking() => {
                Step::Slow(store_capture_cell_while_marking)
            }
            Some(held) => pop_to(registers, held),
            None => pop_to(registers, registers.sp.sub(1)),
        }
    }

    /// `MAKE_FUNCTION f`: push F[f] with the variables it captures
    fn make_function(_, _, _) {
        Step::Slow(make_function_slow)
    }

    /// `NOP`: nothing. The read is for LLVM: a handler without any instruction would be an edge from the dispatch to itself, and it
    /// duplicates dispatch into the handlers, where its flags ask for that, only if there is none.
    fn nop(registers, _, _) {
        registers.pc.read_volatile();
        Step::Next
    }
}

slow_paths! {
    fn store_func_slow(machine) {
        let function = machine.word().operand() as u32;
        if let Some(global) = machine.linked.declaration(function).global {
            machine.runtime.globals[global as usize] = Value::indexed(Tag::Function, function);
        }
        Flow::Continue
    }

    #[cold]
    fn unset_global(machine) {
        let global = machine.word().index();
        let fault = machine.runtime.unknown_name(machine.runtime.program.globals[global]);
        machine.raise(fault)
    }

    #[cold]
    fn unset_local(machine) {
        let name = machine.declaration().local_names[machine.word().index()];
        let fault = machine.runtime.unknown_name(name);
        machine.raise(fault)
    }

    #[cold]
    fn unset_capture(machine) {
        let name = machine.declaration().captures[machine.word().index()].name;
        let fault = machine.runtime.unknown_name(name);
        machine.raise(fault)
    }

    #[cold]
    fn store_cell_while_marking(machine) {
        let variable = machine.registers.base.add(machine.word().index());
        fill_while_marking(machine, cell(variable))
    }

    #[cold]
    fn store_capture_cell_while_marking(machine) {
        let variable = capture(machine, machine.word().offset());
        fill_while_marking(machine, cell(variable))
    }

    fn make_cell_slow(machine) {
        let local = machine.registers.base.add(machine.word().index());
        slot::put(local, Cell::create(&mut machine.runtime.heap, local.read()));
        machine.safepoint()
    }

    fn make_function_slow(machine) {
        let function = machine.word().operand() as u32;
        let captures = &machine.linked.declaration(function).captures;
        let value = if captures.is_empty() {
            Value::indexed(Tag::Function, function)
        } else {
            let value = Closure::create(&mut machine.runtime.heap, function, captures.len());
            let closure = slot::object::<Closure>(&value);
            for (index, captured) in captures.iter().enumerate() {
                let from = match captured.from {
                    CaptureSource::Local(local) => machine.registers.base.add(local as usize).cast_const(),
                    CaptureSource::Capture(outer) => capture(machine, outer as usize * size_of::<Value>()),
                };
                (*closure).set_capture(index, from.read());
            }
            value
        };
        machine.replace(0, Ok(value))
    }
}
