//! Functions by the batch: each phase goes through several functions before the next phase begins.
//!
//! Most functions are short, and the machine code of all phases together is more than a processor holds close by. If each function went through
//! all phases alone, every phase would be fetched anew for every function; that takes longer than the work itself.

use std::ops::Range;

use isa::module::Function as FunctionCode;
use isa::{Register, Stack, StackCode};

use crate::allocate::{self, Allocation};
use crate::cleanup;
use crate::live::LiveRanges;
use crate::tac::Function;
use crate::{Clock, ConvertError, Options, Size, Statistics, emit, lift, whole};

/// A batch is closed before it has more stack instructions than this, unless it has one function only: what its functions have become is to
/// stay close by as well.
const MOST_INSTRUCTIONS: usize = 512;

/// What functions are converted in, batch after batch.
pub(crate) struct Tables {
    lifting: lift::Tables,
    workspace: cleanup::Workspace,
    allocating: allocate::linear::Tables,
    emitting: emit::Tables,
    members: Vec<Member>,
}

/// Functions that go through the phases together.
#[derive(Clone, Copy)]
struct Batch<'c> {
    code: &'c StackCode,
    functions: &'c [isa::Function<Stack>],
    /// For each the stretches of its code that are left as they are; nothing if there are none.
    islands: &'c [Vec<Range<u32>>],
    options: Options,
}

impl Batch<'_> {
    fn islands_of(&self, index: usize) -> &[Range<u32>] {
        self.islands.get(index).map_or(&[], Vec::as_slice)
    }
}

/// A function on its way through the phases.
#[derive(Default)]
struct Member {
    lifted: Function,
    ranges: LiveRanges,
    allocation: Allocation,
    /// The most ranges that overlap.
    pressure: u64,
    /// Whether it is an island as a whole, which is neither cleaned up nor given to an allocator.
    is_whole: bool,
}

/// Functions as they have become, in order.
pub(crate) struct Converted {
    /// The functions.
    pub(crate) functions: Vec<FunctionCode<Register>>,
    /// For each the stretches of its instructions that are islands, in order; nothing if islands were not given.
    pub(crate) islands: Vec<Vec<Range<u32>>>,
}

impl Tables {
    pub(crate) fn new(size: Size) -> Self {
        Self {
            lifting: lift::Tables::new(size),
            workspace: cleanup::Workspace::new(size),
            allocating: allocate::linear::Tables::new(size),
            emitting: emit::Tables::new(size),
            members: Vec::new(),
        }
    }

    /// Converts all functions of a program, leaving the `islands` of each as they are. Where no function has any, none are given at all.
    pub(crate) fn convert(
        &mut self,
        code: &StackCode,
        islands: &[Vec<Range<u32>>],
        options: Options,
        statistics: &mut Statistics,
    ) -> Result<Converted, ConvertError> {
        let count = code.functions.len();
        let mut converted =
            Converted { functions: Vec::with_capacity(count), islands: Vec::with_capacity(islands.len()) };
        let mut first = 0;
        while first < count {
            let mut instructions = 0;
            let fits = |function: &&isa::Function<Stack>| {
                instructions += function.code.len();
                instructions <= MOST_INSTRUCTIONS
            };
            let past = first + code.functions[first..].iter().take_while(fits).count().max(1);
            let functions = &code.functions[first..past];
            let batch = Batch { code, functions, islands: islands.get(first..past).unwrap_or_default(), options };
            let mut clock = Clock::start(options);
            self.lift(batch, statistics);
            statistics.times.lift += clock.lap();
            self.clean_up(batch, statistics);
            statistics.times.clean_up += clock.lap();
            self.find_ranges(batch);
            statistics.times.live += clock.lap();
            self.allocate(batch);
            statistics.times.allocate += clock.lap();
            self.emit(batch, statistics, &mut converted)?;
            statistics.times.emit += clock.lap();
            first = past;
        }
        Ok(converted)
    }

    fn lift(&mut self, batch: Batch<'_>, statistics: &mut Statistics) {
        // Members that the batch does not need keep their tables for a larger one.
        let count = batch.functions.len();
        if self.members.len() < count {
            self.members.resize_with(count, Member::default);
        }
        for (index, (member, function)) in self.members.iter_mut().zip(batch.functions).enumerate() {
            let islands = batch.islands_of(index);
            self.lifting.recycle(&mut member.lifted);
            self.lifting.lift(batch.code, function, islands, batch.options.without, &mut member.lifted);
            statistics.kept_instructions += islands.iter().map(|island| island.len() as u64).sum::<u64>();
        }
    }

    fn clean_up(&mut self, batch: Batch<'_>, statistics: &mut Statistics) {
        let Options { registers, without, .. } = batch.options;
        for (member, function) in self.members.iter_mut().zip(batch.functions) {
            let Member { lifted, ranges, allocation, pressure, is_whole } = member;
            let in_place = if whole::is_whole(lifted) { whole::in_place(function, lifted, registers) } else { None };
            *is_whole = in_place.is_some();
            if let Some(in_place) = in_place {
                (*ranges, *allocation) = in_place;
                *pressure = 0;
                cleanup::leave_out_unreachable(lifted, &mut Vec::new());
                continue;
            }
            let constants = &batch.code.constants;
            let (moves, live) = cleanup::clean_up_with_liveness(lifted, constants, without, &mut self.workspace);
            self.workspace.recycle(std::mem::replace(&mut ranges.live, live));
            statistics.moves_lifted += moves.before;
            statistics.moves_removed += moves.before.saturating_sub(moves.after);
        }
    }

    fn find_ranges(&mut self, batch: Batch<'_>) {
        let members = self.members[..batch.functions.len()].iter_mut().filter(|member| !member.is_whole);
        members.for_each(|Member { lifted, ranges, .. }| ranges.find(lifted));
    }

    fn allocate(&mut self, batch: Batch<'_>) {
        let Options { allocator, registers, .. } = batch.options;
        let members = self.members[..batch.functions.len()].iter_mut().enumerate();
        for (index, member) in members.filter(|(_, member)| !member.is_whole) {
            let Member { lifted, ranges, allocation, pressure, .. } = member;
            let has_islands = !batch.islands_of(index).is_empty();
            self.allocating.recycle(std::mem::take(allocation));
            *allocation =
                allocate::allocate_in(&mut self.allocating, allocator, has_islands, lifted, ranges, registers);
            *pressure = self.allocating.pressure().unwrap_or_else(|| ranges.pressure());
        }
    }

    fn emit(
        &mut self,
        batch: Batch<'_>,
        statistics: &mut Statistics,
        converted: &mut Converted,
    ) -> Result<(), ConvertError> {
        for (member, function) in self.members.iter().zip(batch.functions) {
            let Member { lifted, ranges, allocation, pressure, .. } = member;
            let ranges = [ranges, ranges];
            let emitted =
                emit::emit_in(&mut self.emitting, batch.code, function, lifted, ranges, allocation, statistics)?;
            statistics.functions += 1;
            statistics.stack_instructions += function.code.len() as u64;
            statistics.register_instructions += emitted.code.code.len() as u64;
            statistics.live_ranges += member.ranges.ranges.len() as u64;
            statistics.spilled += allocation.spilled();
            statistics.highest_pressure = statistics.highest_pressure.max(*pressure);
            converted.functions.push(emitted.code);
            if !batch.islands.is_empty() {
                converted.islands.push(emitted.islands);
            }
        }
        Ok(())
    }
}
