//! Basic blocks, entry points and live registers of a body.

use isa::operands::Operand;
use isa::{RegisterInstruction, RegisterOp};

use crate::body::Body;

/// A set of registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Registers(Vec<u64>);

impl Registers {
    fn new(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)])
    }

    pub(crate) fn insert(&mut self, register: u32) {
        self.0[register as usize / 64] |= 1 << (register % 64);
    }

    pub(crate) fn remove(&mut self, register: u32) {
        self.0[register as usize / 64] &= !(1 << (register % 64));
    }

    /// Takes out all registers from this one up.
    fn truncate(&mut self, first: u32) {
        let (word, bit) = (first as usize / 64, first % 64);
        if let Some(bits) = self.0.get_mut(word) {
            *bits &= (1 << bit) - 1;
            self.0[word + 1..].fill(0);
        }
    }

    pub(crate) fn contains(&self, register: u32) -> bool {
        self.0[register as usize / 64] >> (register % 64) & 1 != 0
    }

    /// Adds all of another set; true if some were new.
    fn extend(&mut self, other: &Self) -> bool {
        let mut grows = false;
        for (bits, &more) in self.0.iter_mut().zip(&other.0) {
            grows |= more & !*bits != 0;
            *bits |= more;
        }
        grows
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.0.len() as u32 * 64).filter(|&register| self.contains(register))
    }
}

/// A basic block.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    /// First instruction.
    pub(crate) start: u32,
    /// One past the last.
    pub(crate) end: u32,
    /// Blocks that control goes to from the last instruction.
    pub(crate) successors: Vec<u32>,
    /// Blocks of handlers that guard it, with their landing registers.
    handlers: Vec<(u32, u32)>,
    /// Whether control that comes to it is counted: the function's beginning, and where iterations begin.
    pub(crate) is_counted: bool,
    /// Whether control goes back to it.
    pub(crate) is_loop_header: bool,
    /// Whether code is made of it: the region reaches so far, and control comes to it.
    pub(crate) is_reached: bool,
    /// Whether it is of the region that code is made of.
    is_inside: bool,
    /// Registers that are live where it begins.
    pub(crate) live: Registers,
    /// Registers that its handlers need.
    guarded: Registers,
}

impl Block {
    /// How many instructions it has.
    pub(crate) fn length(&self) -> usize {
        (self.end - self.start) as usize
    }
}

/// What is known of the control flow of a function.
pub(crate) struct Flow {
    pub(crate) blocks: Vec<Block>,
    /// The block that begins at an instruction.
    block_at: Vec<Option<u32>>,
    /// Reached blocks in reverse postorder.
    pub(crate) order: Vec<u32>,
    /// Instructions at which code may be entered: the function's beginning, iterations, where calls return to, and handlers.
    pub(crate) entries: Vec<u32>,
    registers: usize,
}

/// Whether an operation may run guest code, so that control comes back behind it from elsewhere.
pub(crate) fn may_call(op: RegisterOp) -> bool {
    use RegisterOp as R;
    matches!(
        op,
        R::CallNameReg
            | R::CallFuncConstReg
            | R::CallTopReg
            | R::CallMethodReg
            | R::ConstructReg
            | R::ImportReg
            | R::AwaitReg
            | R::SpawnCallReg
    )
}

/// Where control may go on from an instruction.
pub(crate) fn successors(instruction: RegisterInstruction, pc: u32) -> Vec<u32> {
    let op = instruction.op();
    let mut all = Vec::with_capacity(2);
    if !op.ends_block() {
        all.push(pc + 1);
        if op.skips() {
            all.push(pc + 2);
        }
    }
    all.extend(instruction.jump(pc).map(|jump| jump.target));
    all
}

impl Flow {
    /// The control flow of a body. With `around`, code is made of a region alone: the outermost loop that has that instruction of the body in it, the first of a block, and what runs when something fails there.
    pub(crate) fn new(body: &Body, around: Option<u32>) -> Self {
        let (function, registers) = (&body.function, body.registers);
        let code = &function.code;
        let length = code.len();
        let mut leads = vec![false; length + 1];
        let (mut entries, mut iterations) = (vec![0], Vec::new());
        leads[0] = true;
        for (pc, &instruction) in (0..).zip(code) {
            let after = successors(instruction, pc);
            // A jump ends a block even where it goes to the next instruction.
            if after != [pc + 1] || instruction.jump(pc).is_some() {
                after.iter().for_each(|&target| leads[target as usize] = true);
                leads[pc as usize + 1] = true;
            }
            let iteration = instruction.jump(pc).filter(|jump| jump.takes_fuel).map(|jump| jump.target);
            // The interpreter comes to the function itself, and goes on in functions that it calls by code of their own.
            if body.is_own(pc) {
                iterations.extend(iteration);
                if may_call(instruction.op()) {
                    entries.push(body.own_after(pc));
                }
            }
        }
        entries.extend(&iterations);
        entries.extend(function.handlers.iter().map(|handler| handler.target));
        entries.sort_unstable();
        entries.dedup();
        entries.iter().for_each(|&entry| leads[entry as usize] = true);
        for handler in &function.handlers {
            [handler.start, handler.end, handler.target].iter().for_each(|&at| leads[at as usize] = true);
        }
        let mut block_at = vec![None; length + 1];
        let starts: Vec<u32> = (0..length as u32).filter(|&pc| leads[pc as usize]).collect();
        for (index, &start) in (0..).zip(&starts) {
            block_at[start as usize] = Some(index);
        }
        let block = |pc: u32| block_at[pc as usize].expect("a block begins there");
        let mut blocks = Vec::with_capacity(starts.len());
        for (index, &start) in starts.iter().enumerate() {
            let end = starts.get(index + 1).copied().unwrap_or(length as u32);
            let last = end - 1;
            let guards = function.handlers.iter().filter(|handler| handler.start <= start && start < handler.end);
            blocks.push(Block {
                start,
                end,
                successors: successors(code[last as usize], last).into_iter().map(block).collect(),
                handlers: guards.map(|handler| (block(handler.target), handler.landing)).collect(),
                is_counted: start == 0 || iterations.contains(&start),
                is_loop_header: false,
                is_reached: false,
                is_inside: true,
                live: Registers::new(registers),
                guarded: Registers::new(registers),
            });
        }
        let mut flow = Self { blocks, block_at, order: Vec::new(), entries, registers };
        if let Some(around) = around {
            flow.narrow(around);
        }
        flow.find_order();
        flow.find_live(body);
        flow
    }

    /// The block that begins at an instruction.
    pub(crate) fn block_at(&self, pc: u32) -> u32 {
        self.block_at[pc as usize].expect("a block begins there")
    }

    /// Whether a block begins at an instruction.
    pub(crate) fn starts(&self, pc: u32, block: u32) -> bool {
        self.block_at[pc as usize] == Some(block)
    }

    /// Narrows the region to the blocks that lead to an instruction's and that it leads to, by jumps and by failing.
    fn narrow(&mut self, around: u32) {
        let after = |block: &Block| -> Vec<u32> {
            block.successors.iter().copied().chain(block.handlers.iter().map(|&(handler, _)| handler)).collect()
        };
        let forward: Vec<Vec<u32>> = self.blocks.iter().map(after).collect();
        let mut back = vec![Vec::new(); forward.len()];
        for (index, successors) in (0..).zip(&forward) {
            successors.iter().for_each(|&successor| back[successor as usize].push(index));
        }
        let reached = |edges: &[Vec<u32>]| {
            let mut found = vec![false; edges.len()];
            let mut open = vec![self.block_at(around)];
            while let Some(block) = open.pop() {
                if !std::mem::replace(&mut found[block as usize], true) {
                    open.extend(&edges[block as usize]);
                }
            }
            found
        };
        let (leads, is_led_to) = (reached(&back), reached(&forward));
        for ((block, leads), is_led_to) in self.blocks.iter_mut().zip(leads).zip(is_led_to) {
            block.is_inside = leads && is_led_to;
        }
        let (blocks, block_at) = (&self.blocks, &self.block_at);
        let is_inside = |&entry: &u32| block_at[entry as usize].is_some_and(|block| blocks[block as usize].is_inside);
        self.entries.retain(is_inside);
    }

    /// Finds what is reached from entries, the order to make code in, and where control goes back.
    fn find_order(&mut self) {
        #[derive(Clone, Copy, PartialEq)]
        enum Mark {
            New,
            Open,
            Done,
        }
        let mut marks = vec![Mark::New; self.blocks.len()];
        let mut order = Vec::with_capacity(self.blocks.len());
        let roots: Vec<u32> = self.entries.iter().map(|&pc| self.block_at(pc)).collect();
        for root in roots {
            if marks[root as usize] != Mark::New {
                continue;
            }
            let mut stack = vec![(root, 0)];
            marks[root as usize] = Mark::Open;
            while let Some((block, next)) = stack.last_mut() {
                let block = *block;
                let Some(&successor) = self.blocks[block as usize].successors.get(*next) else {
                    marks[block as usize] = Mark::Done;
                    order.push(block);
                    stack.pop();
                    continue;
                };
                *next += 1;
                if !self.blocks[successor as usize].is_inside {
                    continue;
                }
                match marks[successor as usize] {
                    Mark::New => {
                        marks[successor as usize] = Mark::Open;
                        stack.push((successor, 0));
                    }
                    Mark::Open => self.blocks[successor as usize].is_loop_header = true,
                    Mark::Done => {}
                }
            }
        }
        order.reverse();
        order.iter().for_each(|&block| self.blocks[block as usize].is_reached = true);
        self.order = order;
    }

    fn find_live(&mut self, body: &Body) {
        let mut changes = true;
        while changes {
            changes = false;
            for index in (0..self.blocks.len()).rev() {
                let mut guarded = Registers::new(self.registers);
                for &(handler, landing) in &self.blocks[index].handlers {
                    let mut needed = self.blocks[handler as usize].live.clone();
                    needed.remove(landing);
                    guarded.extend(&needed);
                }
                self.blocks[index].guarded = guarded;
                let mut live = self.live_at_end(index);
                let block = &self.blocks[index];
                for pc in (block.start..block.end).rev() {
                    step_back(body, pc, &mut live, &block.guarded);
                }
                changes |= self.blocks[index].live.extend(&live);
            }
        }
    }

    fn live_at_end(&self, index: usize) -> Registers {
        let mut live = self.blocks[index].guarded.clone();
        for &successor in &self.blocks[index].successors {
            live.extend(&self.blocks[successor as usize].live);
        }
        live
    }

    /// The registers that are live before each instruction of a block, and behind the last.
    pub(crate) fn live_in_block(&self, body: &Body, index: u32) -> Vec<Registers> {
        let block = &self.blocks[index as usize];
        let mut live = self.live_at_end(index as usize);
        let mut all = vec![live.clone()];
        for pc in (block.start..block.end).rev() {
            step_back(body, pc, &mut live, &block.guarded);
            all.push(live.clone());
        }
        all.reverse();
        all
    }
}

/// From the registers that are live behind an instruction to those that are live before it.
fn step_back(body: &Body, pc: u32, live: &mut Registers, guarded: &Registers) {
    let operands = body.operands(pc);
    if let Some(first) = body.lost_from(pc) {
        live.truncate(first);
    }
    operands.writes.iter().for_each(|&register| live.remove(register));
    live.extend(guarded);
    for read in &operands.reads {
        if let Operand::Place(register) = *read {
            live.insert(register);
        }
    }
}
