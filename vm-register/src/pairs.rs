//! Which instructions run together with the next one.
//!
//! An instruction and the next one become one operation where the table of handlers has a row for both
//! ([`for_each_pair!`](crate::handlers::table::for_each_pair)). Only the first one's opcode changes: the second stays where it is, its lanes
//! are read from there, and a jump to it runs it by itself. So each instruction may be first in one pair and second in another.

use isa::RegisterInstruction;

use crate::code::{Operation, Word};
use crate::results::reading_result_of;

/// Joins a function's instructions in pairs.
pub(crate) fn join(code: &[RegisterInstruction], words: &mut [Word]) {
    // Backwards would see seconds that are pairs by now.
    let alone: Vec<Operation> = words.iter().map(|word| word.operation()).collect();
    for at in 1..code.len() {
        let first = alone[at - 1];
        // A jump's target relies on no result, but in a pair it is not jumped to.
        let ordinary = Operation::of(code[at].op());
        let candidates = [alone[at], reading_result_of(code[at - 1], code[at], alone[at]), ordinary];
        if let Some(pair) = candidates.into_iter().find_map(|second| Operation::pair(first, second)) {
            words[at - 1] = words[at - 1].with_operation(pair);
        }
    }
}

#[cfg(test)]
mod tests {
    use isa::RegisterOp;

    use crate::code::Operation;
    use crate::handlers::table::for_each_pair;
    use crate::results::hands_on;

    macro_rules! operations {
        ($($pair:ident of $first:ident $($first_path:ident)::+ [$($first_generic:tt)*]
            then $second:ident $($second_path:ident)::+ [$($second_generic:tt)*];)*) => {
            [$((Operation::$first, Operation::$second)),*]
        };
    }

    #[test]
    fn a_second_instruction_relies_only_on_a_result_that_is_handed_on() {
        let pairs = for_each_pair!(operations);
        let relying: Vec<_> = pairs.into_iter().filter(|(_, second)| second.alone() != *second).collect();
        assert!(relying.len() >= 10);
        for (first, second) in relying {
            let op = match first.alone() {
                Operation::DivDivisor => RegisterOp::DivInt,
                Operation::ModDivisor => RegisterOp::ModInt,
                other => RegisterOp::from_opcode(other as u16).unwrap(),
            };
            assert!(hands_on(op), "{first:?} before {second:?}");
        }
    }
}
