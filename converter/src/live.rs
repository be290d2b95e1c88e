//! Live ranges: where in the laid-out function each virtual register holds a value that is still needed.
//!
//! Instructions are numbered in layout order; an instruction at `p` reads at `2p` and writes at `2p + 1`. A range is the hull of all places
//! where its register is live: one interval without holes. The places of the islands' operand stack have no ranges, and calls in islands no
//! windows that are to be placed.

use crate::cleanup::live_globals;
use crate::tac::{Function, NONE, Operand, VirtualRegister, WindowOperation};
use isa::RegisterOp;
use optimizer::liveness::Liveness;

/// Where a virtual register is live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveRange {
    /// The virtual register.
    pub register: VirtualRegister,
    /// First point.
    pub start: u32,
    /// Last point.
    pub end: u32,
    /// Reads and writes, those in loops counted ten times for each level of nesting (up to three).
    pub weight: u32,
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
    /// For each virtual register that is an operand of a window: which window and which place in it. Of several the first counts.
    pub window_places: Vec<Option<(u32, u32)>>,
    /// For each virtual register that is the result of a window: which window, or [`NONE`]. Of several the last counts.
    pub results: Vec<u32>,
    /// For each virtual register that is written by a move from another one: that one.
    pub copied_from: Vec<VirtualRegister>,
    /// Parameters that are needed, and virtual registers that may be read before they are set and so begin unset.
    pub arrivals: Vec<Arrival>,
    /// First point of each block, by block.
    pub block_starts: Vec<u32>,
    /// How many loops each block lies in, by block.
    pub depths: Vec<u32>,
    /// The virtual registers below [`Function::globals`] that are live at the borders of blocks.
    pub live: Liveness,
    /// [`Function::globals`]
    pub globals: u32,
}

impl LiveRanges {
    /// Whether a virtual register is live where a block begins.
    pub fn is_entering(&self, block: u32, register: VirtualRegister) -> bool {
        register < self.globals && self.live.entering.contains(block as usize, register)
    }

    /// The most ranges that overlap in one point.
    pub fn pressure(&self) -> u64 {
        let mut ends: Vec<u32> = self.ranges.iter().map(|range| range.end).collect();
        ends.sort_unstable();
        let (mut ended, mut highest) = (0, 0);
        for (begun, range) in self.ranges.iter().enumerate() {
            while ends[ended] < range.start {
                ended += 1;
            }
            highest = highest.max(begun + 1 - ended);
        }
        highest as u64
    }
}

/// True for operations that use the registers above everything that stays alive.
pub fn uses_window(operation: RegisterOp) -> bool {
    operation == RegisterOp::ImportReg || operation.window_lane().is_some()
}

/// Computes live ranges.
pub fn live_ranges(function: &Function) -> LiveRanges {
    let live = live_globals(function);
    let count = function.registers as usize;
    let mut builder = Builder { start: vec![u32::MAX; count], end: vec![0; count], weight: vec![0; count] };
    let mut result = LiveRanges {
        window_places: vec![None; count],
        copied_from: vec![NONE; count],
        results: vec![NONE; count],
        block_starts: vec![0; function.blocks.len()],
        ..LiveRanges::default()
    };
    let depths = loop_depths(function);
    // Parameters and what begins unset are there before the first instruction.
    let mut point = 2;
    for register in live.entering.iter(0) {
        builder.touch(register, 0, 0);
        let from = if register < function.parameters { Origin::Parameter(register as u16) } else { Origin::Unset };
        result.arrivals.push(Arrival { from, to: register });
    }
    for &index in &function.layout {
        let block = &function.blocks[index as usize];
        result.block_starts[index as usize] = point;
        if !block.is_reachable {
            continue;
        }
        let weight = 10_u32.pow(depths[index as usize].min(3));
        for register in live.entering.iter(index as usize) {
            builder.touch(register, point, 0);
        }
        for instruction in &block.instructions {
            let operands = instruction.operands.iter().filter_map(|operand| operand.register());
            operands.for_each(|register| builder.touch(register, point, weight));
            if uses_window(instruction.operation) && !block.is_island {
                let is_call_top = instruction.operation == RegisterOp::CallTopReg;
                let callee = if is_call_top { instruction.operands[0].register().unwrap_or(NONE) } else { NONE };
                let window = result.windows.len() as u32;
                result.windows.push(WindowUse { point, callee, destination: instruction.destination });
                if instruction.destination != NONE {
                    result.results[instruction.destination as usize] = window;
                }
                for (place, operand) in instruction.operands[usize::from(is_call_top)..].iter().enumerate() {
                    if let Operand::Register(register) = *operand {
                        result.window_places[register as usize].get_or_insert((window, place as u32));
                    }
                }
            }
            if instruction.destination != NONE {
                builder.touch(instruction.destination, point + 1, weight);
                if let (RegisterOp::MovReg, [Operand::Register(source)]) =
                    (instruction.operation, instruction.operands.as_slice())
                {
                    result.copied_from[instruction.destination as usize] = *source;
                }
            }
            point += 2;
        }
        block.terminator.for_each_use(|register| builder.touch(register, point, weight));
        // Whatever a loop instruction writes, it writes while it still reads its operands.
        block
            .terminator
            .definitions()
            .into_iter()
            .flatten()
            .for_each(|register| builder.touch(register, point, weight));
        for register in live.leaving.iter(index as usize) {
            builder.touch(register, point + 1, 0);
        }
        point += 2;
    }
    for handler in &function.handlers {
        if function.blocks[handler.block as usize].is_reachable {
            builder.touch(handler.landing, result.block_starts[handler.block as usize], 0);
        }
    }
    for register in (0..function.registers).filter(|&register| function.depth_of(register).is_none()) {
        let index = register as usize;
        if builder.start[index] != u32::MAX {
            let (start, end, weight) = (builder.start[index], builder.end[index], builder.weight[index]);
            result.ranges.push(LiveRange { register, start, end, weight });
        }
    }
    // Parameters first among those that are there from the beginning, so that they find their registers free.
    result.ranges.sort_by_key(|range| (range.start, range.register));
    (result.depths, result.live, result.globals) = (depths, live, function.globals);
    result
}

struct Builder {
    start: Vec<u32>,
    end: Vec<u32>,
    weight: Vec<u32>,
}

impl Builder {
    fn touch(&mut self, register: VirtualRegister, point: u32, weight: u32) {
        let index = register as usize;
        self.start[index] = self.start[index].min(point);
        self.end[index] = self.end[index].max(point);
        self.weight[index] = self.weight[index].saturating_add(weight);
    }
}

/// How many loops each block lies in. Loops of structured code are stretches of the layout that a jump back closes.
fn loop_depths(function: &Function) -> Vec<u32> {
    let mut order = vec![0; function.blocks.len()];
    for (position, &block) in function.layout.iter().enumerate() {
        order[block as usize] = position;
    }
    let mut change = vec![0_i64; function.layout.len() + 1];
    for (position, &block) in function.layout.iter().enumerate() {
        let block = &function.blocks[block as usize];
        if block.is_reachable {
            for successor in block.terminator.successors().into_iter().flatten() {
                if order[successor as usize] <= position {
                    change[order[successor as usize]] += 1;
                    change[position + 1] -= 1;
                }
            }
        }
    }
    let mut depths = vec![0; function.blocks.len()];
    let mut depth = 0;
    for (position, &block) in function.layout.iter().enumerate() {
        depth += change[position];
        depths[block as usize] = depth.max(0) as u32;
    }
    depths
}
