//! Tasks.

use super::{handlers, slow_paths};
use crate::machine::{Flow, Step};

handlers! {
    /// `SPAWN n`: f args → task that is going to call f
    fn spawn(_, _, _) { Step::Slow(spawn_slow) }

    /// `SPAWN_METHOD m, n`: o args → task that is going to call method N[m] of o
    fn spawn_method(_, _, _) { Step::Slow(spawn_method_slow) }

    /// `SPAWN_CALL`: the running call becomes a task
    fn spawn_call(_, _, _) { Step::Slow(spawn_call_slow) }

    /// `AWAIT`: v → its value if v is a task
    fn await_value(_, _, _) { Step::Slow(await_slow) }
}

slow_paths! {
    fn spawn_slow(machine) {
        let operands = machine.top(machine.word().operand() + 1);
        let result = machine.runtime.spawn(operands[0], &operands[1..]);
        machine.replace(operands.len(), result)
    }

    fn spawn_method_slow(machine) {
        let word = machine.word();
        let operands = machine.top(word.call_arguments() + 1);
        let result = machine.runtime.spawn_method(word.call_index() as u32, operands);
        machine.replace(operands.len(), result)
    }

    fn spawn_call_slow(machine) {
        let result = machine.begin_task();
        machine.take(0, result)
    }

    fn await_slow(machine) {
        let awaited = machine.top(1)[0];
        match machine.runtime.poll(awaited) {
            Ok(Some(value)) => {
                crate::slot::put(machine.registers.sp.sub(1), value);
                Flow::Continue
            }
            Ok(None) => machine.suspend(awaited),
            // An error of another task, whatever it is: running this again would be in vain.
            Err(fault) => machine.raise_final(fault),
        }
    }
}
