//! Live ranges: where in the laid-out function each virtual register holds a value that is still needed.
//!
//! Instructions are numbered in layout order; an instruction at `p` reads at `2p` and writes at `2p + 1`. A range is the hull of all places
//! where its register is live: one interval without holes. The places of the islands' operand stack have no ranges, and calls in islands no
//! windows that are to be placed.

use crate::cleanup::live_globals;
use crate::tac::{Function, Instruction, NONE, Operand, VirtualRegister, is_window};
use isa::RegisterOp;
use optimizer::liveness::{LiveSets, Liveness};

/// Where a virtual register is live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveRange {
    /// The virtual register.
    pub register: VirtualRegister,
    /// First point.
    pub start: u32,
    /// Last point.
    pub end: u32,
}

impl LiveRange {
    /// What ranges are sorted by.
    fn key(&self) -> (u32, VirtualRegister) {
        (self.start, self.register)
    }
}

/// A place where a window of registers is used: a call, a collection being built, an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowUse {
    /// Point at which its operands are read.
    pub point: u32,
    /// The callee that must not lie in the window, if it has one.
    pub callee: VirtualRegister,
    /// The register that takes the result, or [`NONE`].
    pub destination: VirtualRegister,
}

/// What is there when a function begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A parameter: it arrives in the register of the same number.
    Parameter(u16),
    /// Nothing: a variable that was not set yet.
    Unset,
}

/// Where something goes that is there when a function begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// What.
    pub from: Origin,
    /// The virtual register that it is in from then on.
    pub to: VirtualRegister,
}

/// Live ranges of a function.
#[derive(Clone, Debug, Default)]
pub struct LiveRanges {
    /// Ranges by start.
    pub ranges: Vec<LiveRange>,
    /// Window uses by point.
    pub windows: Vec<WindowUse>,
    /// Parameters that are needed, and virtual registers that may be read before they are set and so begin unset.
    pub arrivals: Vec<Arrival>,
    /// First point of each block, by block.
    pub block_starts: Vec<u32>,
    /// The virtual registers below [`Function::globals`] that are live at the borders of blocks.
    pub live: Liveness,
    /// [`Function::globals`]
    pub globals: u32,
    /// Every point is below this.
    pub points: u32,
    /// Of each virtual register.
    notes: Vec<Note>,
    /// Whether ranges were found in order, as they are except for those that begin in handlers or together.
    is_sorted: bool,
}

/// What is noted of a virtual register while ranges are being found.
#[derive(Clone, Copy, Debug)]
struct Note {
    /// Its range, or [`NONE`].
    range: u32,
    hints: Hints,
}

/// Where the value of a virtual register comes from and where it goes to, for allocators that want to save moves.
#[derive(Clone, Copy, Debug)]
pub struct Hints {
    window: u32,
    place: u32,
    /// The window that it is the result of, or [`NONE`]. Of several the last counts.
    pub result_of: u32,
    /// The virtual register that a move to this one reads, or [`NONE`].
    pub copied_from: VirtualRegister,
}

impl Hints {
    const NONE: Self = Self { window: NONE, place: NONE, result_of: NONE, copied_from: NONE };

    /// The window that it is an operand of, and its place there. Of several the first counts.
    #[inline]
    pub fn window(self) -> Option<(u32, u32)> {
        (self.window != NONE).then_some((self.window, self.place))
    }
}

impl LiveRanges {
    /// Whether a virtual register is live where a block begins.
    pub fn is_entering(&self, block: u32, register: VirtualRegister) -> bool {
        register < self.globals && self.live.entering.contains(block as usize, register)
    }

    /// Where the value of a virtual register comes from and goes to; nothing is known of those that an allocator has made.
    #[inline]
    pub fn hints(&self, register: VirtualRegister) -> Hints {
        self.notes.get(register as usize).map_or(Hints::NONE, |note| note.hints)
    }

    /// Whether nobody reads what a virtual register holds.
    pub(crate) fn is_unread(&self, register: VirtualRegister) -> bool {
        let range = self.notes.get(register as usize).and_then(|note| self.ranges.get(note.range as usize));
        range.is_some_and(|range| range.start == range.end)
    }

    /// The most ranges that overlap in one point.
    pub fn pressure(&self) -> u64 {
        let mut ended = vec![0_u32; self.points as usize + 1];
        self.ranges.iter().for_each(|range| ended[range.end as usize + 1] += 1);
        let (mut overlapping, mut highest, mut point) = (0, 0, 0);
        for range in &self.ranges {
            while point < range.start as usize {
                point += 1;
                overlapping -= ended[point];
            }
            overlapping += 1;
            highest = highest.max(overlapping);
        }
        u64::from(highest)
    }
}

/// True for operations that use the registers above everything that stays alive.
#[inline]
pub const fn uses_window(operation: RegisterOp) -> bool {
    USES_WINDOW[operation as usize]
}

static USES_WINDOW: [bool; RegisterOp::ALL.len()] = {
    let mut uses = [false; RegisterOp::ALL.len()];
    let mut at = 0;
    while at < uses.len() {
        let operation = RegisterOp::ALL[at];
        uses[at] = matches!(operation, RegisterOp::ImportReg) || is_window(operation.facts().lanes[0]);
        at += 1;
    }
    uses
};

/// Computes live ranges.
pub fn live_ranges(function: &Function) -> LiveRanges {
    let mut ranges = LiveRanges { live: live_globals(function), ..LiveRanges::default() };
    ranges.find(function);
    ranges
}

impl LiveRanges {
    /// Computes live ranges from what is live at the borders of blocks, which is known already, in the tables of those of another function.
    pub(crate) fn find(&mut self, function: &Function) {
        self.begin(function);
        let live = std::mem::take(&mut self.live);
        let mut border = Border { sets: &live.entering, block: None, bits: 0, point: 0 };
        // Parameters and what begins unset are there before the first instruction.
        let mut point = 2;
        for register in live.entering.iter(0) {
            self.touch(register, 0);
            let from = if register < function.parameters { Origin::Parameter(register as u16) } else { Origin::Unset };
            self.arrivals.push(Arrival { from, to: register });
        }
        for &index in &function.layout {
            let block = &function.blocks[index as usize];
            self.block_starts[index as usize] = point;
            if !block.is_reachable {
                continue;
            }
            self.pass(&mut border, &live.entering, index, point);
            for instruction in &block.instructions {
                self.instruction(instruction, point);
                if uses_window(instruction.operation) && !block.is_island {
                    self.window(instruction, point);
                }
                point += 2;
            }
            block.terminator.for_each_use(|register| self.touch(register, point));
            // Whatever a loop instruction writes, it writes while it still reads its operands.
            block.terminator.for_each_definition(|register| self.touch(register, point));
            self.pass(&mut border, &live.leaving, index, point + 1);
            point += 2;
        }
        self.end(border);
        for handler in &function.handlers {
            if function.blocks[handler.block as usize].is_reachable {
                self.touch_landing(handler.landing, self.block_starts[handler.block as usize]);
            }
        }
        self.points = point + 1;
        self.sort(function);
        self.live = live;
    }

    /// Empty tables of the sizes that the function needs. While ranges are being found there is one for each register, in order.
    fn begin(&mut self, function: &Function) {
        self.ranges.clear();
        self.notes.clear();
        self.notes.resize(function.registers as usize, Note { range: NONE, hints: Hints::NONE });
        self.is_sorted = true;
        self.windows.clear();
        self.arrivals.clear();
        self.block_starts.clear();
        self.block_starts.resize(function.blocks.len(), 0);
        self.globals = function.globals;
    }

    /// Sorts ranges by where they begin. Those that begin together come in the order of their registers: parameters first among those that are
    /// there from the beginning, so that they find their registers free.
    fn sort(&mut self, function: &Function) {
        if self.is_sorted && function.places == 0 {
            return;
        }
        // Those of an island's operand stack have no ranges.
        self.ranges.retain(|range| function.depth_of(range.register).is_none());
        self.ranges.sort_unstable_by_key(LiveRange::key);
        self.notes.iter_mut().for_each(|note| note.range = NONE);
        for (index, range) in (0..).zip(&self.ranges) {
            self.notes[range.register as usize].range = index;
        }
    }

    /// Notes that a register is live at a point, which no earlier range begins behind.
    #[inline]
    fn touch(&mut self, register: VirtualRegister, point: u32) {
        let note = &mut self.notes[register as usize];
        if let Some(range) = self.ranges.get_mut(note.range as usize) {
            range.end = range.end.max(point);
            return;
        }
        note.range = self.ranges.len() as u32;
        let range = LiveRange { register, start: point, end: point };
        self.is_sorted &= self.ranges.last().is_none_or(|last| last.key() < range.key());
        self.ranges.push(range);
    }

    /// A handler's block takes what is thrown in a register, which is met there last of all.
    fn touch_landing(&mut self, register: VirtualRegister, point: u32) {
        self.touch(register, point);
        let range = &mut self.ranges[self.notes[register as usize].range as usize];
        if point < range.start {
            range.start = point;
            self.is_sorted = false;
        }
    }

    #[inline]
    fn instruction(&mut self, instruction: &Instruction, point: u32) {
        for operand in &instruction.operands {
            if let Operand::Register(register) = *operand {
                self.touch(register, point);
            }
        }
        if instruction.destination == NONE {
            return;
        }
        self.touch(instruction.destination, point + 1);
        if instruction.operation == RegisterOp::MovReg
            && let Operand::Register(source) = instruction.operands[0]
        {
            self.notes[instruction.destination as usize].hints.copied_from = source;
        }
    }

    fn window(&mut self, instruction: &Instruction, point: u32) {
        let is_call_top = instruction.operation == RegisterOp::CallTopReg;
        let callee = if is_call_top { instruction.operands[0].register().unwrap_or(NONE) } else { NONE };
        let window = self.windows.len() as u32;
        self.windows.push(WindowUse { point, callee, destination: instruction.destination });
        if instruction.destination != NONE {
            self.notes[instruction.destination as usize].hints.result_of = window;
        }
        for (place, operand) in (0..).zip(&instruction.operands[usize::from(is_call_top)..]) {
            if let Operand::Register(register) = *operand {
                let hints = &mut self.notes[register as usize].hints;
                if hints.window == NONE {
                    (hints.window, hints.place) = (window, place);
                }
            }
        }
    }

    /// Goes on to the next border. It is enough to look at what is live at one of the two only: of the others neither end is here.
    #[inline]
    fn pass<'l>(&mut self, border: &mut Border<'l>, live: &'l LiveSets, block: u32, point: u32) {
        let before = std::mem::replace(&mut border.point, point);
        let Some(bits) = live.bits(block as usize) else {
            self.pass_many(border, before, live, block);
            return;
        };
        let mut changed = border.bits ^ bits;
        border.bits = bits;
        while changed != 0 {
            let register = changed.trailing_zeros();
            self.touch(register, if bits >> register & 1 != 0 { point } else { before });
            changed &= changed - 1;
        }
    }

    #[cold]
    fn pass_many<'l>(&mut self, border: &mut Border<'l>, before: u32, live: &'l LiveSets, block: u32) {
        let block = Some(block as usize);
        border.sets.for_each_difference(border.block, live, block, |register, begins| {
            self.touch(register, if begins { border.point } else { before });
        });
        (border.sets, border.block) = (live, block);
    }

    /// Goes on to the end, where nothing is live.
    fn end(&mut self, border: Border<'_>) {
        let mut bits = border.bits;
        while bits != 0 {
            self.touch(bits.trailing_zeros(), border.point);
            bits &= bits - 1;
        }
        if let Some(block) = border.block {
            border.sets.iter(block).for_each(|register| self.touch(register, border.point));
        }
    }
}

/// How many loops each block lies in, by block. Loops of structured code are stretches of the layout that a jump back closes.
pub fn loop_depths(function: &Function) -> Vec<u32> {
    let mut order = vec![0; function.blocks.len()];
    for (position, &block) in (0..).zip(&function.layout) {
        order[block as usize] = position;
    }
    // For each place in the layout how many more loops there are around it than around the one before.
    let mut change = vec![0; function.layout.len() + 1];
    for (position, &block) in function.layout.iter().enumerate() {
        let block = &function.blocks[block as usize];
        if block.is_reachable {
            block.terminator.for_each_successor(|successor| {
                let successor = order[successor as usize];
                if successor <= position {
                    change[successor] += 1;
                    change[position + 1] -= 1;
                }
            });
        }
    }
    let mut depths = vec![0; function.blocks.len()];
    let mut depth = 0_i32;
    for (&block, change) in function.layout.iter().zip(change) {
        depth += change;
        depths[block as usize] = depth.max(0) as u32;
    }
    depths
}

/// How often each virtual register is read and written, in loops ten times for each level of nesting (up to three).
pub fn weights(function: &Function) -> Vec<u32> {
    let depths = loop_depths(function);
    let mut weights = vec![0_u32; function.registers as usize];
    for (block, depth) in function.blocks.iter().zip(depths).filter(|(block, _)| block.is_reachable) {
        let mut touch = |register: VirtualRegister| {
            if let Some(weight) = weights.get_mut(register as usize) {
                *weight = weight.saturating_add(10_u32.pow(depth.min(3)));
            }
        };
        for instruction in &block.instructions {
            instruction.operands.iter().filter_map(|operand| operand.register()).for_each(&mut touch);
            touch(instruction.destination);
        }
        block.terminator.for_each_use(&mut touch);
        block.terminator.for_each_definition(&mut touch);
    }
    weights
}

/// The border of a block passed last, and what is live there: bits where there are no more registers than a word has, or a block's set.
struct Border<'l> {
    sets: &'l LiveSets,
    block: Option<usize>,
    bits: u64,
    point: u32,
}
