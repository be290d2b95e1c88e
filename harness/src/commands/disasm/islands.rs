//! Islands of stack code in a listing of hybrid code: beside each of their instructions stands the stack operation that it is, or `…` where
//! it belongs to the one before.

use std::fmt::Write;
use std::ops::Range;

use converter::Hybrid;
use isa::RegCode;

use super::{fitted, instructions, width};

/// The listing with stack operations to the right of islands' instructions.
pub(super) fn beside(listing: &str, code: &RegCode, function: u32, islands: &[Range<u32>]) -> String {
    let code = &code.functions[function as usize].code;
    let width = width(instructions(listing));
    let mut text = String::new();
    for line in listing.lines() {
        let pc = line.strip_prefix("  ").and_then(|line| line.split_whitespace().next()?.parse::<u32>().ok());
        // Islands stand in order.
        let holder = |pc: u32| islands.get(islands.partition_point(|island| island.end <= pc));
        let island = pc.filter(|&pc| holder(pc).is_some_and(|island| island.contains(&pc)));
        // Writing to a string cannot fail.
        let _ = match island.and_then(|pc| code.get(pc as usize)) {
            Some(instruction) => {
                let operation = Hybrid::stack_operation(instruction.op()).map_or("…", |op| op.facts().mnemonic);
                writeln!(text, "{}  │ {operation}", fitted(line, width))
            }
            None => writeln!(text, "{line}"),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::beside;

    #[test]
    fn islands_stand_out() {
        let module = isa::text::parse_form::<isa::Register>(
            ".function <main> registers 3\n LOAD_INT r0, 2\n PUSH_REG r1, r0\n ADD_REG r1, r1, r1\n RETURN_REG r1\n",
        );
        let listing = "function 0 <main>: 3 registers\na.zx:1: x\n  0  LOAD_INT r0, 2\n  1  PUSH_REG r1, r0\n  2  ADD_REG r1, r1, r1\n  3  RETURN_REG r1\n";
        let text = beside(listing, &module.unwrap(), 0, &[1..2, 2..3]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[2], "  0  LOAD_INT r0, 2");
        assert_eq!(lines[3], "  1  PUSH_REG r1, r0     │ LOAD_LOCAL");
        assert_eq!(lines[4], "  2  ADD_REG r1, r1, r1  │ ADD");
        assert_eq!(lines[5], "  3  RETURN_REG r1");
    }
}
