//! Building lists, maps, strings and records; `print` and `require`.

use super::{handlers, slow_paths};
use crate::machine::Step;

handlers! {
    /// `BUILD_LIST n`: v1..vn → new list
    fn build_list(_, _, _) { Step::Slow(build_list_slow) }

    /// `BUILD_MAP n`: k1 v1..kn vn → new map
    fn build_map(_, _, _) { Step::Slow(build_map_slow) }

    /// `BUILD_SET n`: v1..vn → new list of the distinct values
    fn build_set(_, _, _) { Step::Slow(build_set_slow) }

    /// `BUILD_STRING n`: v1..vn → their printed forms joined
    fn build_string(_, _, _) { Step::Slow(build_string_slow) }

    /// `LIST_APPEND n`: l v1..vn → l with the values appended in place
    fn list_append(_, _, _) { Step::Slow(list_append_slow) }

    /// `NEW_RECORD t, n`: args → instance of T[t] with its leading fields given
    fn new_record(_, _, _) { Step::Slow(new_record_slow) }

    /// `PRINT n`: v1..vn → ; print them
    fn print(_, _, _) { Step::Slow(print_slow) }

    /// `REQUIRE`: c m → ; error unless c holds
    fn require(_, _, _) { Step::Slow(require_slow) }
}

slow_paths! {
    fn build_list_slow(machine) {
        let count = machine.word().operand();
        let result = machine.runtime.build_list(machine.top(count));
        machine.replace(count, result)
    }

    fn build_map_slow(machine) {
        let count = machine.word().operand() * 2;
        let result = machine.runtime.build_map(machine.top(count));
        machine.replace(count, result)
    }

    fn build_set_slow(machine) {
        let count = machine.word().operand();
        let result = machine.runtime.build_set(machine.top(count));
        machine.replace(count, result)
    }

    fn build_string_slow(machine) {
        let count = machine.word().operand();
        let result = machine.runtime.build_string(machine.top(count));
        machine.replace(count, result)
    }

    fn list_append_slow(machine) {
        let count = machine.word().operand();
        let operands = machine.top(count + 1);
        let result = machine.runtime.list_append(operands[0], &operands[1..]);
        machine.replace(count + 1, result)
    }

    fn new_record_slow(machine) {
        let word = machine.word();
        let count = word.call_arguments();
        let result = machine.runtime.new_record(word.call_index() as u32, machine.top(count));
        machine.replace(count, result)
    }

    fn print_slow(machine) {
        let count = machine.word().operand();
        let result = machine.runtime.print(machine.top(count));
        machine.take(count, result)
    }

    fn require_slow(machine) {
        let operands = machine.top(2);
        let result = machine.runtime.require(operands[0], operands[1]);
        machine.take(2, result)
    }
}
