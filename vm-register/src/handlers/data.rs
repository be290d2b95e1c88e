//! Moves, constants, globals, cells and captured variables.

use isa::module::CaptureSource;
use runtime::objects::{Cell, Closure};
use runtime::{Tag, Value};

use crate::code::{B, C, Instruction, State};
use crate::dispatch::Technique;
use crate::machine::Machine;
use crate::slot::{CELL, CLOSURE, Slot, UNSET};

/// Nothing.
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn nop<T: Technique>(m: &mut Machine<'_>, i: Instruction) -> T::Out {
    // SAFETY: the caller's promise.
    unsafe { T::go(m, i.next()) }
}

/// `R[a] := K[k]`
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn load_constant<T: Technique>(m: &mut Machine<'_>, i: Instruction) -> T::Out {
    // SAFETY: the caller's promise: lane `a` is a register, lanes `b` and `c` are a constant.
    unsafe {
        i.wide_a().copy_from(Slot::new(m.constants.byte_add(i.word.wide())));
        T::go(m, i.next())
    }
}

/// `R[a] := the integer i`
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn load_int<T: Technique>(m: &mut Machine<'_>, i: Instruction) -> T::Out {
    // SAFETY: the caller's promise: lane `a` is a register.
    unsafe {
        i.wide_a().set_int(i.word.signed_wide());
        T::go(m, i.next())
    }
}

/// Charges the gas that what follows costs.
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn meter<T: Technique>(m: &mut Machine<'_>, i: Instruction) -> T::Out {
    // SAFETY: the caller's promise: the instruction is in the code.
    unsafe {
        match m.runtime.gas.checked_sub(i.word.gas()) {
            Some(left) => {
                m.runtime.gas = left;
                T::go(m, i.next())
            }
            None => T::outline(m, i.state(), out_of_gas),
        }
    }
}

/// Raises the error that less gas is left than a region costs.
///
/// # Safety
/// See [`crate::handlers`].
#[cold]
#[inline(never)]
unsafe fn out_of_gas(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: the caller's promise.
    let gas = unsafe { state.fetch() }.word.gas();
    match m.runtime.take_gas(gas) {
        Ok(()) => unreachable!("it was too much"),
        Err(fault) => m.raise(state, fault),
    }
}

/// `R[a] := unset`
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn load_unset<T: Technique>(m: &mut Machine<'_>, i: Instruction) -> T::Out {
    // SAFETY: the caller's promise: lane `a` is a register.
    unsafe {
        i.a().set(UNSET, 0);
        T::go(m, i.next())
    }
}

/// `R[a] := R[b]`; of `LOAD_SPILL`, too: linking made the slot a register.
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn copy<T: Technique>(m: &mut Machine<'_>, i: Instruction) -> T::Out {
    // SAFETY: the caller's promise: lanes `a` and `b` are registers.
    unsafe {
        i.a().copy_from(i.b());
        T::go(m, i.next())
    }
}

/// `R[b] := R[a]`, which is what `STORE_SPILL` does.
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn spill<T: Technique>(m: &mut Machine<'_>, i: Instruction) -> T::Out {
    // SAFETY: as in `copy`.
    unsafe {
        i.b().copy_from(i.a());
        T::go(m, i.next())
    }
}

/// `R[a] := G[g]`; error if it was never set.
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn load_global<T: Technique>(m: &mut Machine<'_>, i: Instruction) -> T::Out {
    // SAFETY: the caller's promise: lane `a` is a register, lanes `b` and `c` are a global.
    unsafe {
        let global = Slot::new(m.globals.byte_add(i.word.wide()));
        if global.tag() == UNSET {
            return T::outline(m, i.state(), unset_global);
        }
        T::go_with(m, i.next(), i.wide_a().copy_and_keep(global))
    }
}

/// # Safety
/// See [`crate::handlers`].
#[cold]
#[inline(never)]
unsafe fn unset_global(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: as in `load_global`.
    unsafe {
        let i = state.fetch();
        let result = m.runtime.load_global((i.word.wide() / size_of::<Value>()) as u32);
        m.finish(i, i.wide_a(), result)
    }
}

/// `G[g] := R[a]`
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn store_global<T: Technique>(m: &mut Machine<'_>, i: Instruction) -> T::Out {
    // SAFETY: as in `load_global`.
    unsafe {
        Slot::new(m.globals.byte_add(i.word.wide())).copy_from(i.wide_a());
        T::go(m, i.next())
    }
}

/// `G[F[f].global] := F[f]`
///
/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
pub(crate) unsafe fn store_function(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: the caller's promise: lane `b` is a function.
    unsafe {
        let i = state.fetch();
        let function = i.word.lane::<B>() as u32;
        // Verified: there is one.
        if let Some(global) = m.linked.function(function).global {
            m.runtime.globals[global as usize] = Value::indexed(Tag::Function, function);
        }
        i.next()
    }
}

/// Error naming `N[m]` if `R[a]` was never set.
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn check<T: Technique>(m: &mut Machine<'_>, i: Instruction) -> T::Out {
    // SAFETY: the caller's promise: lane `a` is a register.
    unsafe {
        if i.a().tag() == UNSET {
            return T::outline(m, i.state(), unset_name::<B>);
        }
        T::go(m, i.next())
    }
}

/// Raises the error that the variable named in a lane was never set.
///
/// # Safety
/// See [`crate::handlers`].
#[cold]
#[inline(never)]
unsafe fn unset_name<const LANE: u32>(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: the caller's promise: the lane is a name.
    unsafe {
        let name = state.fetch().word.lane::<LANE>();
        let fault = m.runtime.unknown_name(name as u32);
        m.fail(state, fault)
    }
}

/// `R[a] := a new cell that holds R[b]`
///
/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
pub(crate) unsafe fn make_cell(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: the caller's promise: lanes `a` and `b` are registers.
    unsafe {
        let i = state.fetch();
        let cell = Cell::create(&mut m.runtime.heap, i.b().value());
        i.a().put(cell);
        m.safepoint(i)
    }
}

/// Where the cell that a slot holds keeps its value; none if it holds no cell, which verified code may try.
///
/// # Safety
/// The slot holds a value.
#[inline(always)]
unsafe fn cell_value(slot: Slot) -> Option<Slot> {
    // SAFETY: the tag says that the payload points to a live cell.
    unsafe { (slot.tag() == CELL).then(|| Slot::new(&raw mut (*(slot.payload() as *mut Cell)).value)) }
}

/// `R[a] := what cell R[b] holds`; error naming `N[m]` if it was never set.
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn load_cell<T: Technique>(m: &mut Machine<'_>, i: Instruction) -> T::Out {
    // SAFETY: the caller's promise: lanes `a` and `b` are registers, lane `c` is a name.
    unsafe {
        match cell_value(i.b()) {
            Some(value) if value.tag() != UNSET => T::go_with(m, i.next(), i.a().copy_and_keep(value)),
            _ => T::outline(m, i.state(), unset_name::<C>),
        }
    }
}

/// `cell R[a] := R[b]`
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn store_cell<T: Technique>(m: &mut Machine<'_>, i: Instruction) -> T::Out {
    // SAFETY: the caller's promise: lanes `a` and `b` are registers.
    unsafe {
        if let Some(value) = cell_value(i.a()) {
            if value.is_object() && m.runtime.heap.is_marking() {
                return T::outline(m, i.state(), store_cell_while_marking);
            }
            value.copy_from(i.b());
        }
        T::go(m, i.next())
    }
}

/// Captured variable in lane `b` of the running closure.
///
/// # Safety
/// The running function captures variables and lane `b` is one of them. Functions that capture run only through their closures, so the
/// frame has one.
#[inline(always)]
unsafe fn captured(m: &mut Machine<'_>, i: Instruction) -> Slot {
    // SAFETY: the caller's promise; the running call has a record.
    unsafe {
        let closure = (*m.frame_top.sub(1)).closure;
        Slot::new((*closure).captures().as_ptr().add(i.word.lane::<B>()).cast_mut())
    }
}

/// `R[a] := captured value i`; error if it was never set.
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn load_capture<T: Technique>(m: &mut Machine<'_>, i: Instruction) -> T::Out {
    // SAFETY: the caller's promise: lane `a` is a register, lane `b` is a captured variable.
    unsafe {
        let captured = captured(m, i);
        if captured.tag() == UNSET {
            return T::outline(m, i.state(), unset_capture);
        }
        T::go_with(m, i.next(), i.a().copy_and_keep(captured))
    }
}

/// `R[a] := what captured cell i holds`; error if it was never set.
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn load_capture_cell<T: Technique>(m: &mut Machine<'_>, i: Instruction) -> T::Out {
    // SAFETY: the caller's promise: lane `a` is a register, lane `b` is a captured variable.
    unsafe {
        match cell_value(captured(m, i)) {
            Some(value) if value.tag() != UNSET => T::go_with(m, i.next(), i.a().copy_and_keep(value)),
            _ => T::outline(m, i.state(), unset_capture),
        }
    }
}

/// `captured cell i := R[a]`
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn store_capture_cell<T: Technique>(m: &mut Machine<'_>, i: Instruction) -> T::Out {
    // SAFETY: the caller's promise: lane `a` is a register, lane `b` is a captured variable.
    unsafe {
        if let Some(value) = cell_value(captured(m, i)) {
            if value.is_object() && m.runtime.heap.is_marking() {
                return T::outline(m, i.state(), store_capture_cell_while_marking);
            }
            value.copy_from(i.a());
        }
        T::go(m, i.next())
    }
}

/// # Safety
/// See [`crate::handlers`].
#[cold]
#[inline(never)]
unsafe fn store_cell_while_marking(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: as in `store_cell`.
    unsafe {
        let i = state.fetch();
        fill_while_marking(m, cell_value(i.a()), i.b());
        i.next()
    }
}

/// # Safety
/// See [`crate::handlers`].
#[cold]
#[inline(never)]
unsafe fn store_capture_cell_while_marking(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: as in `store_capture_cell`.
    unsafe {
        let i = state.fetch();
        let cell = cell_value(captured(m, i));
        fill_while_marking(m, cell, i.a());
        i.next()
    }
}

/// Copies a value to where a cell keeps its own, if there is one, and tells the collector what was there.
///
/// # Safety
/// The place is that of a live cell, and `from` holds a value.
unsafe fn fill_while_marking(m: &mut Machine<'_>, cell: Option<Slot>, from: Slot) {
    if let Some(value) = cell {
        // SAFETY: the caller's promise.
        unsafe {
            m.runtime.heap.forget(value.value());
            value.copy_from(from);
        }
    }
}

/// Raises the error that a captured variable was never set.
///
/// # Safety
/// See [`crate::handlers`].
#[cold]
#[inline(never)]
unsafe fn unset_capture(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: the caller's promise: lane `b` is a captured variable.
    let captured = unsafe { state.fetch() }.word.lane::<B>();
    let (function, _) = m.linked.place(state.pc);
    let fault = m.runtime.unknown_name(m.linked.function(function).captures[captured].name);
    m.fail(state, fault)
}

/// `R[a] := F[f]`; `SET_CAPTURE` gives it this frame's variables.
///
/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
pub(crate) unsafe fn make_function(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: the caller's promise: lane `a` is a register, lane `b` is a function.
    unsafe {
        let i = state.fetch();
        let function = i.word.lane::<B>() as u32;
        let made = match m.linked.function(function).captures.len() {
            0 => Value::indexed(Tag::Function, function),
            count => Closure::create(&mut m.runtime.heap, function, count),
        };
        // What the running function captured itself is handed on here; SET_CAPTURE hands on what lies in registers.
        if let Some(closure) = made.as_closure() {
            for (index, capture) in m.linked.function(function).captures.iter().enumerate() {
                if let CaptureSource::Capture(from) = capture.from {
                    let running = &*(*m.frame_top.sub(1)).closure;
                    closure.set_capture(index, running.capture_unchecked(from as usize));
                }
            }
        }
        i.a().put(made);
        m.safepoint(i)
    }
}

/// `captured variable i of the new function R[a] := R[c]`. Does nothing if there is no such variable.
///
/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
pub(crate) unsafe fn set_capture(_m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: the caller's promise: lanes `a` and `c` are registers.
    unsafe {
        let i = state.fetch();
        let made = i.a();
        if made.tag() == CLOSURE {
            (*(made.payload() as *mut Closure)).set_capture(i.word.lane::<B>(), i.c().value());
        }
        i.next()
    }
}
