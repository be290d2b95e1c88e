//! Calls and returns.

use runtime::objects::{Closure, Record};
use runtime::operations::{Callee, Method};
use runtime::{Tag, Value};

use super::control::burn;
use super::{handlers, slow_paths};
use crate::frame::ReturnAddress;
use crate::link::LinkedFunction;
use crate::machine::{Call, Flow, Machine, Registers, Slow, Step, push_frame, slide};
use crate::slot::{self, CLOSURE, FUNCTION, RECORD, Slot};

/// Enters guest code with the `given` topmost values as arguments. Its frame begins at `window`, where the first argument lies or the
/// callee itself, which the arguments then move over. Where the call needs more room, or must not be made, `slow` decides.
///
/// # Safety
/// [The contract](super), for a call; `closure` as in [`Machine::call`].
#[inline(always)]
unsafe fn enter<const FUEL: bool>(
    registers: &mut Registers,
    machine: &mut Machine<'_>,
    callee: *const LinkedFunction,
    closure: *const Closure,
    given: usize,
    window: Slot,
    slow: Slow,
) -> Step {
    // SAFETY: the contract. The comparisons are those of `Machine::admit`.
    unsafe {
        if machine.frame == machine.last_frame
            || window.addr() + (*callee).frame_bytes as usize > machine.stack_end.addr()
            || (FUEL && !burn(machine))
        {
            return Step::Slow(slow);
        }
        slide(registers.sp.sub(given), window, given);
        let return_to = ReturnAddress::ordinary(registers.pc);
        push_frame(registers, machine, Call { callee, closure, base: window, given, return_to });
    }
    Step::Next
}

/// Calls the value at `callee`, if it is guest code, as [`enter`].
///
/// # Safety
/// [The contract](super), for a call.
#[inline(always)]
unsafe fn enter_value<const FUEL: bool>(
    registers: &mut Registers,
    machine: &mut Machine<'_>,
    callee: *const Value,
    given: usize,
    window: Slot,
    slow: Slow,
) -> Step {
    // SAFETY: the contract; the tag says what the payload is.
    unsafe {
        let tag = slot::tag(callee);
        let (function, closure) = if tag == FUNCTION {
            (slot::payload(callee) as u32, std::ptr::null())
        } else if tag == CLOSURE {
            let closure = slot::object::<Closure>(callee).cast_const();
            ((*closure).function(), closure)
        } else {
            return Step::Slow(slow);
        };
        let function = machine.functions.add(function as usize);
        enter::<FUEL>(registers, machine, function, closure, given, window, slow)
    }
}

handlers! {
    /// `CALL_FUNC_CONST f, n`: args → r; call F[f]
    fn call_func_const[const FUEL: bool](registers, machine, word) {
        let given = word.call_arguments();
        let function = machine.functions.add(word.call_index());
        let window = registers.sp.sub(given);
        enter::<FUEL>(registers, machine, function, std::ptr::null(), given, window, call_func_const_slow)
    }

    /// `CALL_NAME g, n`: args → r; call G[g]
    fn call_name[const FUEL: bool](registers, machine, word) {
        let given = word.call_arguments();
        let callee = machine.globals.add(word.call_index());
        let window = registers.sp.sub(given);
        enter_value::<FUEL>(registers, machine, callee, given, window, call_name_slow)
    }

    /// `CALL_TOP n`: f args → r; call f
    fn call_top[const FUEL: bool](registers, machine, word) {
        let given = word.operand();
        let callee = registers.sp.sub(given + 1);
        enter_value::<FUEL>(registers, machine, callee, given, callee, call_top_slow)
    }

    /// `CALL_METHOD m, n`: o args → r; call method N[m] of o
    fn call_method[const FUEL: bool](registers, machine, word) {
        let given = word.call_arguments() + 1;
        let receiver = registers.sp.sub(given);
        if slot::tag(receiver) == RECORD {
            let site = machine.sites.add(word.call_index());
            if (*slot::object::<Record>(receiver)).type_index() == (*site).type_index {
                let function = machine.functions.add((*site).found as usize);
                return enter::<FUEL>(registers, machine, function, std::ptr::null(), given, receiver, call_method_slow);
            }
        }
        Step::Slow(call_method_slow)
    }

    /// `CALL_BUILTIN b, n`: args → r; call builtin b
    fn call_builtin(_, _, _) {
        Step::Slow(call_builtin_slow)
    }

    /// `CONSTRUCT`: t m → instance of type t with the fields of map m
    fn construct(_, _, _) {
        Step::Slow(construct_slow)
    }

    /// `IMPORT m`: run module m unless it has run
    fn import(_, _, _) {
        Step::Slow(import_slow)
    }

    /// `RETURN`: v → ; leave the function with v
    fn return_value(registers, machine, _) {
        let frame = machine.frame;
        let return_to = (*frame).return_to;
        if !return_to.is_ordinary() {
            return Step::Slow(return_slow);
        }
        slot::copy(registers.sp.sub(1), registers.base);
        let caller = frame.sub(1);
        machine.frame = caller;
        *registers = Registers { pc: return_to.call(), sp: registers.base.add(1), base: (*caller).base };
        Step::Next
    }
}

/// Calls any value with the `given` topmost values as arguments; the result goes to `window`, at or below them.
///
/// # Safety
/// [The contract](super), for a call.
unsafe fn call_value(machine: &mut Machine<'_>, callee: Value, given: usize, window: Slot) -> Flow {
    // SAFETY: the contract.
    unsafe {
        let result = match machine.runtime.callee(callee) {
            Ok(Callee::Function(function, closure)) => {
                let closure = closure.as_closure().map_or(std::ptr::null(), |closure| &raw const *closure);
                return machine.call(function, closure, given, window);
            }
            Ok(Callee::Builtin(builtin)) => machine.runtime.call_builtin(builtin, machine.top(given)),
            Ok(Callee::Type(type_index)) => machine.runtime.new_record(type_index, machine.top(given)),
            Err(fault) => Err(fault),
        };
        machine.replace(machine.registers.sp.offset_from_unsigned(window), result)
    }
}

slow_paths! {
    fn call_func_const_slow(machine) {
        let word = machine.word();
        let given = word.call_arguments();
        machine.call(word.call_index() as u32, std::ptr::null(), given, machine.registers.sp.sub(given))
    }

    fn call_name_slow(machine) {
        let word = machine.word();
        let given = word.call_arguments();
        match machine.runtime.load_global(word.call_index() as u32) {
            Ok(callee) => call_value(machine, callee, given, machine.registers.sp.sub(given)),
            Err(fault) => machine.raise(fault),
        }
    }

    fn call_top_slow(machine) {
        let given = machine.word().operand();
        let callee = machine.registers.sp.sub(given + 1);
        call_value(machine, callee.read(), given, callee)
    }

    /// Natives and functions kept in maps come here as well.
    fn call_method_slow(machine) {
        let word = machine.word();
        let given = word.call_arguments();
        let receiver_slot = machine.registers.sp.sub(given + 1);
        let receiver = receiver_slot.read();
        let site = &mut *machine.sites.add(word.call_index());
        if let Some((tag, method)) = machine.natives[word.call_index()]
            && tag == receiver.tag()
        {
            let result = machine.runtime.call_native(method, machine.top(given + 1));
            return machine.replace(given + 1, result);
        }
        let remembers = machine.linked.has_inline_caches();
        if let Some(map) = receiver.as_map()
            && let Some(entry) = map.get_cached(site.position as usize, site.key)
            && matches!(entry.tag(), Tag::Function | Tag::Closure)
        {
            return call_value(machine, entry, given, receiver_slot);
        }
        match machine.runtime.method(receiver, site.name) {
            Ok(Method::Guest(function)) => {
                if remembers && let Some(record) = receiver.as_record() {
                    site.type_index = record.type_index();
                    site.found = function;
                }
                machine.call(function, std::ptr::null(), given + 1, receiver_slot)
            }
            Ok(Method::Native(method)) => {
                // What other kinds of receivers run depends on the receiver, too.
                if remembers && matches!(receiver.tag(), Tag::List | Tag::String) {
                    machine.natives[word.call_index()] = Some((receiver.tag(), method));
                }
                let result = machine.runtime.call_native(method, machine.top(given + 1));
                machine.replace(given + 1, result)
            }
            Ok(Method::Value(callee)) => {
                if remembers && let Some(position) = receiver.as_map().and_then(|map| map.find(site.key)) {
                    site.position = position as u32;
                }
                call_value(machine, callee, given, receiver_slot)
            }
            Err(fault) => machine.raise(fault),
        }
    }

    fn call_builtin_slow(machine) {
        let word = machine.word();
        let given = word.call_arguments();
        let builtin = machine.runtime.program.builtins[word.call_index()];
        if builtin.asks_depth {
            machine.runtime.depth = machine.depth();
        }
        let result = machine.runtime.call_builtin(builtin, machine.top(given));
        machine.replace(given, result)
    }

    fn construct_slow(machine) {
        let operands = machine.top(2);
        let (type_index, fields) = match machine.runtime.named_fields(operands[0], operands[1]) {
            Ok(found) => found,
            Err(fault) => return machine.raise(fault),
        };
        let Some(constructor) = machine.runtime.program.types[type_index as usize].constructor else {
            let record = machine.runtime.record_of_fields(type_index, &fields);
            return machine.replace(2, Ok(record));
        };
        let callee = machine.functions.add(constructor as usize);
        let base = match machine.admit(callee, machine.registers.sp.sub(2)) {
            Ok(base) => base,
            Err(fault) => return machine.raise_final(fault),
        };
        // There may be more fields than the operand stack has room for, but parameters are part of the constructor's frame.
        let given = fields.len().min((*callee).parameters as usize);
        for (index, &field) in fields[..given].iter().enumerate() {
            slot::put(base.add(index), field);
        }
        let return_to = ReturnAddress::ordinary(machine.registers.pc);
        machine.begin(Call { callee, closure: std::ptr::null(), base, given, return_to });
        Flow::Continue
    }

    fn import_slow(machine) {
        let module = machine.word().operand();
        if std::mem::replace(&mut machine.runtime.modules_run[module], true) {
            return Flow::Continue;
        }
        let callee = machine.functions.add(machine.runtime.program.modules[module].function as usize);
        match machine.admit(callee, machine.registers.sp) {
            Ok(base) => {
                let return_to = ReturnAddress::discarding(machine.registers.pc);
                machine.begin(Call { callee, closure: std::ptr::null(), base, given: 0, return_to });
                Flow::Continue
            }
            Err(fault) => machine.raise_final(fault),
        }
    }

    /// The end of a module's top level, of a task, or of the run.
    fn return_slow(machine) {
        let frame = machine.frame;
        let return_to = (*frame).return_to;
        if return_to.is_task() {
            return machine.end_task();
        }
        if return_to.is_exit() {
            machine.outcome = Ok(machine.top(1)[0]);
            return Flow::Leave;
        }
        let caller = frame.sub(1);
        machine.frame = caller;
        machine.registers = Registers { pc: return_to.call(), sp: machine.registers.base, base: (*caller).base };
        Flow::Continue
    }
}
