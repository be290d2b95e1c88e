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
    /// How many of the members are functions of the current batch.
    count: usize,
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
#[derive(Default)]
pub(crate) struct Converted {
    /// The functions.
    pub(crate) functions: Vec<FunctionCode<Register>>,
    /// For each the stretches of its instructions that are islands, in order; for none if there are no islands at all.
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
            count: 0,
        }
    }

    /// Converts all functions of a program, leaving `islands` in each; where there are none at all, nothing is given for any function.
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
            let islands = islands.get(first..past).unwrap_or_default();
            self.lift(code, &code.functions[first..past], islands, options, statistics);
            self.clean_up(code, &code.functions[first..past], options, statistics);
            self.find_ranges(options, statistics);
            self.allocate(islands, options, statistics);
            self.emit(code, &code.functions[first..past], options, statistics, &mut converted)?;
            first = past;
        }
        Ok(converted)
    }

    /// Begins a batch.
    fn lift(
        &mut self,
        code: &StackCode,
        functions: &[isa::Function<Stack>],
        islands: &[Vec<Range<u32>>],
        options: Options,
        statistics: &mut Statistics,
    ) {
        let mut clock = Clock::start(options);
        // Whatever members there are more keep their tables for a larger batch.
        self.count = functions.len();
        if self.members.len() < self.count {
            self.members.resize_with(self.count, Member::default);
        }
        for (index, (member, function)) in self.members.iter_mut().zip(functions).enumerate() {
            let islands = islands.get(index).map_or(&[][..], Vec::as_slice);
            self.lifting.recycle(&mut member.lifted);
            self.lifting.lift(code, function, islands, options.without, &mut member.lifted);
            statistics.kept_instructions += islands.iter().map(|island| island.len() as u64).sum::<u64>();
        }
        statistics.times.lift += clock.lap();
    }

    fn clean_up(
        &mut self,
        code: &StackCode,
        functions: &[isa::Function<Stack>],
        options: Options,
        statistics: &mut Statistics,
    ) {
        let mut clock = Clock::start(options);
        for (member, function) in self.members.iter_mut().zip(functions) {
            let Member { lifted, ranges, allocation, pressure, is_whole, .. } = member;
            let in_place =
                if whole::is_whole(lifted) { whole::in_place(function, lifted, options.registers) } else { None };
            *is_whole = in_place.is_some();
            if let Some(in_place) = in_place {
                (*ranges, *allocation) = in_place;
                *pressure = 0;
                cleanup::leave_out_unreachable(lifted, &mut Vec::new());
                continue;
            }
            let (moves, live) =
                cleanup::clean_up_with_liveness(lifted, &code.constants, options.without, &mut self.workspace);
            self.workspace.recycle(std::mem::replace(&mut ranges.live, live));
            statistics.moves_lifted += moves.before;
            statistics.moves_removed += moves.before.saturating_sub(moves.after);
        }
        statistics.times.clean_up += clock.lap();
    }

    fn find_ranges(&mut self, options: Options, statistics: &mut Statistics) {
        let mut clock = Clock::start(options);
        for Member { lifted, ranges, .. } in self.members[..self.count].iter_mut().filter(|member| !member.is_whole) {
            ranges.find(lifted);
        }
        statistics.times.live += clock.lap();
    }

    fn allocate(&mut self, islands: &[Vec<Range<u32>>], options: Options, statistics: &mut Statistics) {
        let mut clock = Clock::start(options);
        for (index, member) in self.members[..self.count].iter_mut().enumerate().filter(|(_, member)| !member.is_whole)
        {
            let Member { lifted, ranges, allocation, pressure, .. } = member;
            let has_islands = islands.get(index).is_some_and(|islands| !islands.is_empty());
            let Options { allocator, registers, .. } = options;
            self.allocating.recycle(std::mem::take(allocation));
            *allocation =
                allocate::allocate_in(&mut self.allocating, allocator, has_islands, lifted, ranges, registers);
            *pressure = self.allocating.pressure().unwrap_or_else(|| ranges.pressure());
        }
        statistics.times.allocate += clock.lap();
    }

    /// Ends the batch.
    fn emit(
        &mut self,
        code: &StackCode,
        functions: &[isa::Function<Stack>],
        options: Options,
        statistics: &mut Statistics,
        converted: &mut Converted,
    ) -> Result<(), ConvertError> {
        let mut clock = Clock::start(options);
        let has_islands = converted.islands.capacity() != 0;
        for (Member { lifted, ranges, allocation, pressure, .. }, function) in self.members.iter_mut().zip(functions) {
            let emitted =
                emit::emit_in(&mut self.emitting, code, function, lifted, [ranges, ranges], allocation, statistics)?;
            statistics.functions += 1;
            statistics.stack_instructions += function.code.len() as u64;
            statistics.register_instructions += emitted.code.code.len() as u64;
            statistics.live_ranges += ranges.ranges.len() as u64;
            statistics.spilled += allocation.spilled();
            statistics.highest_pressure = statistics.highest_pressure.max(*pressure);
            converted.functions.push(emitted.code);
            if has_islands {
                converted.islands.push(emitted.islands);
            }
        }
        statistics.times.emit += clock.lap();
        Ok(())
    }
}
