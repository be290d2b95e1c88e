//! Calls, returns, and what ends a function otherwise.

use runtime::objects::{Closure, Record};
use runtime::operations::{Callee, Method};
use runtime::{Tag, Value};

use super::access::site;
use super::branch::{out_of_fuel, paid, take_fuel};
use super::operand::Operand;
use crate::code::{A, B, C, Instruction, State};
use crate::dispatch::{Outline, Technique};
use crate::link::Target;
use crate::machine::{Frame, Machine};
use crate::slot::{CLOSURE, FUNCTION, RECORD, Slot};

const NO_CLOSURE: *mut Closure = std::ptr::null_mut();

/// Enters a function whose frame begins at `R[a]` and all of whose arguments are given. If there is no room for another frame, the call is
/// made by `otherwise`.
///
/// # Safety
/// See [`crate::handlers`]; `R[a]` begins a window; `closure` is of this function, and null only if that captures nothing.
#[inline(always)]
unsafe fn enter<T: Technique>(
    m: &mut Machine<'_>,
    i: Instruction,
    target: &Target,
    closure: *mut Closure,
    otherwise: Outline,
) -> T::Out {
    // SAFETY: the caller's promise; the two comparisons make sure that the frame and its record fit.
    unsafe {
        let window = i.word.offset::<A>();
        let base = i.base.byte_add(window);
        let frame = m.frame_top;
        if Machine::frame_end(base, target) > m.value_limit || frame >= m.frame_limit {
            return T::outline(m, i.state(), otherwise);
        }
        if T::FUEL && !take_fuel(m) {
            return T::outline(m, i.state(), out_of_fuel);
        }
        frame.write(Frame { return_to: i.pc.add(1), closure, window });
        m.frame_top = frame.add(1);
        let state = paid::<T>(m, State { pc: target.code, base });
        T::go(m, state)
    }
}

/// `R[a] := F[f](R[a], … n arguments)`
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn call_function<T: Technique>(m: &mut Machine<'_>, i: Instruction) -> T::Out {
    // SAFETY: the caller's promise: lane `a` is a window, lane `b` is a function that captures nothing. Linking put into lane `c` how
    // many arguments are missing.
    unsafe {
        if i.word.lane::<C>() != 0 {
            return T::outline(m, i.state(), call_function_outline);
        }
        let target = &*m.targets.add(i.word.lane::<B>());
        enter::<T>(m, i, target, NO_CLOSURE, call_function_outline)
    }
}

/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
unsafe fn call_function_outline(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: as in `call_function`.
    unsafe {
        let i = state.fetch();
        let missing = i.word.lane::<C>();
        m.call(i, i.word.register::<A>(), i.word.lane::<B>() as u32, NO_CLOSURE, |_, parameters| parameters - missing)
    }
}

/// Calls the value in `callee` with the `c` arguments from `R[a]` on, if it is a function or closure and they are all it wants; anything else `otherwise`.
///
/// # Safety
/// See [`crate::handlers`]; lane `a` is a window of `c` arguments.
#[inline(always)]
unsafe fn call_value<T: Technique>(m: &mut Machine<'_>, i: Instruction, callee: Slot, otherwise: Outline) -> T::Out {
    // SAFETY: the caller's promise. Values that are functions are of existing functions, and those without a closure capture nothing.
    unsafe {
        let (function, closure) = if callee.tag() == CLOSURE {
            let closure = callee.payload() as *mut Closure;
            ((*closure).function() as usize, closure)
        } else if callee.tag() == FUNCTION {
            (callee.payload() as usize, NO_CLOSURE)
        } else {
            return T::outline(m, i.state(), otherwise);
        };
        let target = &*m.targets.add(function);
        if usize::from(target.parameters) > i.word.lane::<C>() {
            return T::outline(m, i.state(), otherwise);
        }
        enter::<T>(m, i, target, closure, otherwise)
    }
}

/// `R[a] := R[b](R[a], … n arguments)`
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn call_register<T: Technique>(m: &mut Machine<'_>, i: Instruction) -> T::Out {
    // SAFETY: the caller's promise: lane `a` is a window, lane `b` is a register.
    unsafe { call_value::<T>(m, i, i.b(), call_register_outline) }
}

/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
unsafe fn call_register_outline(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: as in `call_register`.
    unsafe {
        let i = state.fetch();
        call_any(m, i, i.b().value(), 0)
    }
}

/// `R[a] := G[g](R[a], … n arguments)`
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn call_global<T: Technique>(m: &mut Machine<'_>, i: Instruction) -> T::Out {
    // SAFETY: the caller's promise: lane `a` is a window, lane `b` is a global.
    unsafe { call_value::<T>(m, i, Slot::new(m.globals.add(i.word.lane::<B>())), call_global_outline) }
}

/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
unsafe fn call_global_outline(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: as in `call_global`.
    unsafe {
        let i = state.fetch();
        match m.runtime.load_global(i.word.lane::<B>() as u32) {
            Ok(callee) => call_any(m, i, callee, 0),
            Err(fault) => m.fail(state, fault),
        }
    }
}

/// Calls a value with the `c` arguments that lie `skip` registers behind `R[a]`.
///
/// # Safety
/// See [`crate::handlers`]; lane `a` is a window of `skip` registers and `c` arguments.
unsafe fn call_any(m: &mut Machine<'_>, i: Instruction, callee: Value, skip: usize) -> State {
    let count = i.word.lane::<C>();
    // SAFETY: the caller's promise. Builtins do not touch registers. The window of a guest function is the caller's, whose arguments
    // are moved to its beginning, parameters only.
    unsafe {
        let result = match m.runtime.callee(callee) {
            Ok(Callee::Function(function, closure)) => {
                let closure =
                    if closure.tag() == Tag::Closure { closure.payload() as *mut Closure } else { NO_CLOSURE };
                return m.call(i, i.word.register::<A>(), function, closure, |window, parameters| {
                    if skip != 0 {
                        std::ptr::copy(window.add(skip), window, count.min(parameters));
                    }
                    count
                });
            }
            Ok(Callee::Builtin(builtin)) => m.runtime.call_builtin(builtin, i.window(skip, count)),
            Ok(Callee::Type(type_index)) => m.runtime.new_record(type_index, i.window(skip, count)),
            Err(fault) => Err(fault),
        };
        m.finish(i, i.a(), result)
    }
}

/// `R[a] := builtin b(R[a], … n arguments)`
///
/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
pub(crate) unsafe fn call_builtin(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: the caller's promise: lane `a` is a window, lane `b` is a builtin. Builtins do not touch registers.
    unsafe {
        let i = state.fetch();
        let builtin = m.runtime.program.builtins[i.word.lane::<B>()];
        if builtin.asks_depth {
            m.runtime.depth = m.depth();
        }
        let result = m.runtime.call_builtin(builtin, i.window(0, i.word.lane::<C>()));
        m.finish(i, i.a(), result)
    }
}

/// `R[a] := R[a].N[m](R[a+1], … n arguments)`
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn call_method<T: Technique>(m: &mut Machine<'_>, i: Instruction) -> T::Out {
    // SAFETY: the caller's promise: lane `a` is a window of a receiver and `c` arguments, lane `b` is a site. The receiver is where
    // the method's parameter 0 is. Methods capture nothing.
    unsafe {
        let receiver = i.a();
        if receiver.tag() == RECORD {
            let record = &*(receiver.payload() as *const Record);
            let site = site::<B>(m, i);
            if record.type_index() == site.type_index {
                let target = &*m.targets.add(site.found as usize);
                if usize::from(target.parameters) <= i.word.lane::<C>() + 1 {
                    return enter::<T>(m, i, target, NO_CLOSURE, call_method_outline);
                }
            }
        }
        T::outline(m, i.state(), call_method_outline)
    }
}

/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
unsafe fn call_method_outline(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: as in `call_method`. Native methods do not touch registers.
    unsafe {
        let i = state.fetch();
        let count = i.word.lane::<C>() + 1;
        let (receiver, site) = (i.a().value(), site::<B>(m, i));
        if let Some((tag, method)) = m.natives[i.word.lane::<B>()]
            && tag == receiver.tag()
        {
            let result = m.runtime.call_native(method, i.window(0, count));
            return m.finish(i, i.a(), result);
        }
        if let Some(record) = receiver.as_record()
            && let Some(function) = site.member(m, record)
        {
            (site.type_index, site.found) = (record.type_index(), function);
            return m.call(i, i.word.register::<A>(), function, NO_CLOSURE, |_, _| count);
        }
        match m.runtime.method(receiver, m.linked.sites()[i.word.lane::<B>()]) {
            Ok(Method::Guest(function)) => {
                if m.linked.has_inline_caches()
                    && let Some(record) = receiver.as_record()
                {
                    (site.type_index, site.found) = (record.type_index(), function);
                }
                m.call(i, i.word.register::<A>(), function, NO_CLOSURE, |_, _| count)
            }
            Ok(Method::Native(method)) => {
                // What other kinds of receivers run depends on the receiver, too.
                if m.linked.has_inline_caches() && matches!(receiver.tag(), Tag::List | Tag::String) {
                    m.natives[i.word.lane::<B>()] = Some((receiver.tag(), method));
                }
                let result = m.runtime.call_native(method, i.window(0, count));
                m.finish(i, i.a(), result)
            }
            Ok(Method::Value(callee)) => call_any(m, i, callee, 1),
            Err(fault) => m.fail(state, fault),
        }
    }
}

/// `R[a] := instance of type R[a] with the fields of map R[a+1]`
///
/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
pub(crate) unsafe fn construct(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: the caller's promise: `R[a]` and `R[a+1]` are a window. A constructor captures nothing.
    unsafe {
        let i = state.fetch();
        let &[type_value, map] = i.window(0, 2) else { return i.next() };
        let (type_index, fields) = match m.runtime.named_fields(type_value, map) {
            Ok(found) => found,
            Err(fault) => return m.fail(state, fault),
        };
        if let Some(constructor) = m.runtime.program.types[type_index as usize].constructor {
            return m.call(i, i.word.register::<A>(), constructor, NO_CLOSURE, |window, parameters| {
                let given = fields.len().min(parameters);
                std::ptr::copy_nonoverlapping(fields.as_ptr(), window, given);
                given
            });
        }
        let record = m.runtime.record_of_fields(type_index, &fields);
        m.finish(i, i.a(), Ok(record))
    }
}

/// Runs module `m` unless it has run; its frame begins at `R[c]`.
///
/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
pub(crate) unsafe fn import(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: the caller's promise: lane `a` is a module, whose top level captures nothing; registers from `R[c]` on are lost.
    unsafe {
        let i = state.fetch();
        let module = i.word.lane::<A>();
        if std::mem::replace(&mut m.runtime.modules_run[module], true) {
            return i.next();
        }
        let function = m.runtime.program.modules[module].function;
        m.call(i, i.word.register::<C>(), function, NO_CLOSURE, |_, _| 0)
    }
}

/// Leaves the function with `R[a]`.
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn leave<T: Technique, X: Operand>(m: &mut Machine<'_>, i: Instruction) -> T::Out {
    // SAFETY: the caller's promise: lane `a` is a register; the running call has a record. The result goes where the frame begins.
    unsafe {
        let frame = m.frame_top.sub(1);
        m.frame_top = frame;
        let result = X::cached(m, i);
        Slot::new(i.base).copy_from(i.a());
        let state = State { pc: (*frame).return_to, base: i.base.byte_sub((*frame).window) };
        T::go_with(m, state, result)
    }
}

/// Throws `R[a]`.
///
/// # Safety
/// See [`crate::handlers`].
#[cold]
#[inline(never)]
pub(crate) unsafe fn throw(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: the caller's promise: lane `a` is a register.
    let value = unsafe { state.fetch().a().value() };
    let fault = m.runtime.throw(value);
    m.raise(state, fault)
}

/// Error `Requirement failed: R[b]` unless `R[a]` holds.
///
/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
pub(crate) unsafe fn require(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: the caller's promise: lanes `a` and `b` are registers.
    unsafe {
        let i = state.fetch();
        let result = m.runtime.require(i.a().value(), i.b().value());
        m.finish_unit(i, result)
    }
}

/// Prints `R[a], … n values`.
///
/// # Safety
/// See [`crate::handlers`].
#[inline(never)]
pub(crate) unsafe fn print(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: the caller's promise: lane `a` is a window of `c` registers.
    unsafe {
        let i = state.fetch();
        let result = m.runtime.print(i.window(0, i.word.lane::<C>()));
        m.finish_unit(i, result)
    }
}
