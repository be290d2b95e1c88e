//! Where the values of converted code live, for people to look at.

use isa::StackCode;

use crate::allocate::{Location, RegisterAllocator};
use crate::live::LiveRange;
use crate::{ConvertError, Options, Statistics, cleanup, emit, lift, live};

/// How the registers of a function were assigned.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// Live ranges with where they live, by start.
    pub ranges: Vec<(LiveRange, Location)>,
    /// For each register instruction the point at which it reads its operands; it writes at the next one.
    pub points: Vec<u32>,
}

impl Assignment {
    /// The first and the last instruction at which a range holds a value: it is written by the first, unless it is there from the beginning,
    /// and read last by the last. None for a range of whose points no instruction is left.
    pub fn instructions(&self, range: &LiveRange) -> Option<(u32, u32)> {
        // Points do not ascend where a loop's entry was put into the block before it, so they are searched one by one.
        let holds = |&point: &u32| range.start <= point + 1 && point <= range.end;
        let first = self.points.iter().position(holds)?;
        let last = self.points.iter().rposition(holds)?;
        Some((first as u32, last as u32))
    }
}

/// Converts a function once more and tells how its registers were assigned.
///
/// # Errors
/// As for [`convert`](crate::convert).
pub fn assignment(code: &StackCode, function: u32, options: Options) -> Result<Assignment, ConvertError> {
    let source = &code.functions[function as usize];
    let mut lifted = lift::lift(code, source, options.without);
    cleanup::clean_up(&mut lifted, &code.constants, options.without);
    let ranges = live::live_ranges(&lifted);
    let allocation = options.allocator.allocate(&mut lifted, &ranges, options.registers);
    // Splitting changes the function.
    let after = live::live_ranges(&lifted);
    let mut statistics = Statistics::default();
    let mut tables = emit::Tables::default();
    emit::emit_in(&mut tables, code, source, &lifted, [&ranges, &after], &allocation, &mut statistics)?;
    let located = |range: &LiveRange| (*range, allocation.locations[range.register as usize]);
    Ok(Assignment { ranges: after.ranges.iter().map(located).collect(), points: tables.points })
}
