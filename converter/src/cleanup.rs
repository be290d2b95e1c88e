//! Copy and constant propagation, fusion of moves with the instruction before, and removal of what nobody reads. Islands are left alone, but
//! their reads and writes of locals count.

use fxhash::FxHashMap;
use isa::{Constant, RegisterOp};
use optimizer::BitMatrix;
use optimizer::liveness::{Liveness, LivenessInput, liveness};

use crate::step::{Step, StepSet};
use crate::tac::{
    Block, Function, Instruction, NONE, Operand, Terminator, VirtualRegister, allows_constant, is_removable,
};
use crate::webs::split_webs;

/// How many moves and constant loads a function has before cleaning up and after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moves {
    /// Before.
    pub before: u64,
    /// After.
    pub after: u64,
}

/// Cleans a function up, leaving steps out.
pub fn clean_up(function: &mut Function, constants: &[Constant], without: StepSet) -> Moves {
    let before = count_moves(function);
    let takes = |step| !without.contains(step);
    if takes(Step::ThreadJumps) {
        thread_jumps(function);
    }
    leave_out_unreachable(function);
    if takes(Step::SplitWebs) {
        split_webs(function);
    }
    if takes(Step::SingleConstants) {
        propagate_single_constants(function, constants, without);
    }
    if takes(Step::LoopElements) {
        forward_loop_elements(function);
    }
    if takes(Step::Copies) {
        for block in function.blocks.iter_mut().filter(|block| !block.is_island) {
            propagate_copies(block, without);
        }
    }
    let live = live_globals(function);
    for index in 0..function.blocks.len() {
        if function.blocks[index].is_island {
            continue;
        }
        if takes(Step::Dead) {
            remove_dead(function, index, &live);
        }
        if takes(Step::Retarget) {
            retarget(function, index);
        }
    }
    Moves { before, after: count_moves(function) }
}

/// Jumps to blocks that only jump on go straight to where those lead.
fn thread_jumps(function: &mut Function) {
    let destinations: Vec<u32> = (0..function.blocks.len() as u32)
        .map(|start| {
            let mut block = start;
            // Jumps go forward, so the walk ends.
            while let Block { instructions, terminator: Terminator::Jump(next), .. } = &function.blocks[block as usize]
                && instructions.is_empty()
                && *next > block
            {
                block = *next;
            }
            block
        })
        .collect();
    for block in function.blocks.iter_mut().filter(|block| !block.is_island) {
        block.terminator.for_each_target(|target| *target = destinations[*target as usize]);
    }
}

/// Marks blocks that nobody goes to as unreachable.
pub(crate) fn leave_out_unreachable(function: &mut Function) {
    let mut is_reachable = vec![false; function.blocks.len()];
    let mut pending = vec![0_u32];
    while let Some(block) = pending.pop() {
        if std::mem::replace(&mut is_reachable[block as usize], true) {
            continue;
        }
        let block = &function.blocks[block as usize];
        pending.extend(block.terminator.successors().into_iter().flatten());
        pending.extend(block.handler.map(|handler| function.handlers[handler as usize].block));
    }
    for (block, is_reachable) in function.blocks.iter_mut().zip(is_reachable) {
        block.is_reachable &= is_reachable;
    }
}

fn count_moves(function: &Function) -> u64 {
    function
        .blocks
        .iter()
        .flat_map(|block| &block.instructions)
        .filter(|instruction| instruction.operation == RegisterOp::MovReg)
        .count() as u64
}

/// Liveness of the virtual registers that cross blocks.
pub fn live_globals(function: &Function) -> Liveness {
    let (blocks, globals) = (function.blocks.len(), function.globals);
    let mut uses = BitMatrix::new(blocks, globals as usize);
    let mut definitions = BitMatrix::new(blocks, globals as usize);
    for (index, block) in function.blocks.iter().enumerate() {
        if !block.is_reachable {
            continue;
        }
        let mut read = |definitions: &BitMatrix, register: VirtualRegister| {
            if register < globals && !definitions.contains(index, register) {
                uses.insert(index, register);
            }
        };
        for instruction in &block.instructions {
            instruction
                .operands
                .iter()
                .filter_map(|operand| operand.register())
                .for_each(|register| read(&definitions, register));
            if instruction.destination < globals {
                definitions.insert(index, instruction.destination);
            }
        }
        block.terminator.for_each_use(|register| read(&definitions, register));
        for register in block.terminator.definitions().into_iter().flatten() {
            if register < globals {
                definitions.insert(index, register);
            }
        }
    }
    // What a handler's block reads of its landing register is written on the way there.
    for handler in function.handlers.iter().filter(|handler| handler.landing < globals) {
        uses.remove(handler.block as usize, handler.landing);
        definitions.insert(handler.block as usize, handler.landing);
    }
    liveness(&LivenessInput {
        uses: &uses,
        definitions: &definitions,
        successors: &|block| {
            let block = &function.blocks[block];
            if block.is_reachable { block.terminator.successors() } else { [None, None] }
        },
        handler: &|block| {
            let block = &function.blocks[block];
            block.handler.filter(|_| block.is_reachable).map(|handler| function.handlers[handler as usize].block)
        },
        blocks,
        variables: globals as usize,
    })
}

/// Virtual registers that every definition sets to the same constant are that constant: the steps of range loops, above all.
fn propagate_single_constants(function: &mut Function, constants: &[Constant], without: StepSet) {
    #[derive(Clone, Copy, PartialEq)]
    enum Known {
        Nothing,
        Constant(u32),
        Varies,
    }
    let mut known = vec![Known::Nothing; function.globals as usize];
    let note = |known: &mut Vec<Known>, register: VirtualRegister, value: Known| {
        if let Some(entry) = known.get_mut(register as usize) {
            *entry = if *entry == Known::Nothing || *entry == value { value } else { Known::Varies };
        }
    };
    for parameter in 0..function.parameters {
        note(&mut known, parameter, Known::Varies);
    }
    for handler in &function.handlers {
        note(&mut known, handler.landing, Known::Varies);
    }
    for block in function.blocks.iter().filter(|block| block.is_reachable) {
        for instruction in &block.instructions {
            let value = match instruction.operands.as_slice() {
                [Operand::Constant(constant)] if instruction.operation == RegisterOp::MovReg => {
                    Known::Constant(*constant)
                }
                _ => Known::Varies,
            };
            note(&mut known, instruction.destination, value);
        }
        block
            .terminator
            .definitions()
            .into_iter()
            .flatten()
            .for_each(|register| note(&mut known, register, Known::Varies));
    }
    if !known.iter().any(|value| matches!(value, Known::Constant(_))) {
        return;
    }
    // A register that may be read before it is set does not always hold the constant.
    let live = live_globals(function);
    for register in live.entering.iter(0).collect::<Vec<_>>() {
        known[register as usize] = Known::Varies;
    }
    let constant = |operand: Operand| match operand {
        Operand::Register(register) => match known.get(register as usize) {
            Some(&Known::Constant(constant)) => Some(Operand::Constant(constant)),
            _ => None,
        },
        Operand::Constant(_) => None,
    };
    for block in function.blocks.iter_mut().filter(|block| !block.is_island) {
        // The counter of a loop begins in the register of its start value, unless that is replaced.
        let instructions = if block.is_loop_entry { &mut [][..] } else { &mut block.instructions[..] };
        for instruction in instructions {
            for index in 0..instruction.operands.len() {
                if let Some(replacement) = constant(instruction.operands[index])
                    && allows_constant(instruction.operation, index, &instruction.operands, without)
                {
                    instruction.operands[index] = replacement;
                }
            }
        }
        match &mut block.terminator {
            // The machine counts by one; any other step has to be in a register.
            Terminator::ForLoop { step, .. } if !without.contains(Step::CountedLoops) => {
                if let Some(Operand::Constant(one)) = constant(*step)
                    && constants[one as usize] == Constant::Int(1)
                {
                    *step = Operand::Constant(one);
                }
            }
            Terminator::Compare { operands, .. } if !without.contains(Step::Immediates) => {
                operands[1] = constant(operands[1]).unwrap_or(operands[1]);
            }
            _ => {}
        }
    }
}

/// Inside a block: reads of a register that is a copy read the original instead, or the constant.
fn propagate_copies(block: &mut Block, without: StepSet) {
    if !block.instructions.iter().any(|instruction| instruction.operation == RegisterOp::MovReg) {
        return;
    }
    let mut copies = Copies { of: Vec::new(), versions: FxHashMap::default() };
    for instruction in &mut block.instructions {
        for index in 0..instruction.operands.len() {
            let operand = instruction.operands[index];
            let Some(original) = copies.original(operand) else { continue };
            let allowed = match original {
                Operand::Register(_) => true,
                Operand::Constant(_) => allows_constant(instruction.operation, index, &instruction.operands, without),
            };
            if allowed {
                instruction.operands[index] = original;
            }
        }
        let destination = instruction.destination;
        if destination != NONE {
            copies.written(destination);
            if instruction.operation == RegisterOp::MovReg && instruction.operands[0] != Operand::Register(destination)
            {
                copies.copied(destination, instruction.operands[0]);
            }
        }
    }
    let register_of = |copies: &Copies, register: VirtualRegister| match copies.original(Operand::Register(register)) {
        Some(Operand::Register(original)) => original,
        _ => register,
    };
    match &mut block.terminator {
        Terminator::Compare { operands, .. } => {
            for index in 0..2 {
                match copies.original(operands[index]) {
                    Some(original @ Operand::Register(_)) => operands[index] = original,
                    Some(original) if index == 1 && !without.contains(Step::Immediates) => operands[1] = original,
                    _ => {}
                }
            }
        }
        Terminator::Truth { operand, .. }
        | Terminator::NotNull { operand, .. }
        | Terminator::Return(operand)
        | Terminator::Throw(operand) => {
            *operand = register_of(&copies, *operand);
        }
        Terminator::ForPrepare { operands, .. } => {
            operands.iter_mut().for_each(|operand| *operand = register_of(&copies, *operand))
        }
        Terminator::Jump(_) | Terminator::Loop(_) | Terminator::ForLoop { .. } | Terminator::ForIter { .. } => {}
    }
}

/// Which registers are copies at the point reached. A copy is good as long as neither it nor its original was written since.
struct Copies {
    /// Original of each copy, and the original's version then.
    of: Vec<(Operand, u32)>,
    /// How often each register was written so far, and its copy in `of` plus one.
    versions: FxHashMap<VirtualRegister, (u32, u32)>,
}

impl Copies {
    fn version(&self, register: VirtualRegister) -> u32 {
        self.versions.get(&register).map_or(0, |entry| entry.0)
    }

    fn original(&self, operand: Operand) -> Option<Operand> {
        let register = operand.register()?;
        let &(_, copy) = self.versions.get(&register)?;
        let &(original, version) = self.of.get(copy.checked_sub(1)? as usize)?;
        match original {
            Operand::Register(source) => (self.version(source) == version).then_some(original),
            Operand::Constant(_) => Some(original),
        }
    }

    fn written(&mut self, register: VirtualRegister) {
        let entry = self.versions.entry(register).or_default();
        *entry = (entry.0 + 1, 0);
    }

    fn copied(&mut self, register: VirtualRegister, original: Operand) {
        let version = original.register().map_or(0, |source| self.version(source));
        self.of.push((original, version));
        let copy = self.of.len() as u32;
        self.versions.entry(register).or_default().1 = copy;
    }
}

/// A loop's element goes straight to the variable that the body's first move would copy it to, when nobody else reads either of them.
fn forward_loop_elements(function: &mut Function) {
    let mut entries = vec![0_u32; function.blocks.len()];
    for block in function.blocks.iter().filter(|block| block.is_reachable) {
        block.terminator.successors().into_iter().flatten().for_each(|successor| entries[successor as usize] += 1);
    }
    for handler in &function.handlers {
        entries[handler.block as usize] += 1;
    }
    let mut live = None;
    for index in 0..function.blocks.len() {
        let Terminator::ForIter { destination, collection, position, more, done, .. } =
            function.blocks[index].terminator
        else {
            continue;
        };
        if !function.blocks[index].is_reachable {
            continue;
        }
        let Terminator::Loop(body) = function.blocks[more as usize].terminator else { continue };
        if !function.blocks[more as usize].instructions.is_empty()
            || entries[more as usize] != 1
            || entries[body as usize] != 1
        {
            continue;
        }
        let Some(first) = function.blocks[body as usize].instructions.first() else { continue };
        let variable = first.destination;
        let is_copy = first.operation == RegisterOp::MovReg && first.operands[0] == Operand::Register(destination);
        if !is_copy || variable >= function.globals || variable == collection || variable == position {
            continue;
        }
        let live: &Liveness = live.get_or_insert_with(|| live_globals(function));
        let is_guarded =
            [index, more as usize, body as usize].iter().any(|&block| function.blocks[block].handler.is_some());
        let mut element_read_again = live.leaving.contains(body as usize, destination)
            || live.entering.contains(done as usize, destination)
            || function.blocks[body as usize].instructions[1..]
                .iter()
                .any(|instruction| instruction.operands.contains(&Operand::Register(destination)));
        function.blocks[body as usize]
            .terminator
            .for_each_use(|register| element_read_again |= register == destination);
        if is_guarded || element_read_again || live.entering.contains(done as usize, variable) {
            continue;
        }
        function.blocks[body as usize].instructions.remove(0);
        if let Terminator::ForIter { destination, .. } = &mut function.blocks[index].terminator {
            *destination = variable;
        }
    }
}

/// Removes instructions whose result nobody reads and whose execution nobody notices.
fn remove_dead(function: &mut Function, index: usize, live: &Liveness) {
    let globals = function.globals;
    let block = &mut function.blocks[index];
    if !block.is_reachable {
        return;
    }
    let mut needed = Needed::new(globals, live, index);
    block.terminator.definitions().into_iter().flatten().for_each(|register| {
        if block.handler.is_none() {
            needed.remove(register);
        }
    });
    block.terminator.for_each_use(|register| needed.insert(register));
    let mut keep = vec![true; block.instructions.len()];
    for (at, instruction) in block.instructions.iter().enumerate().rev() {
        let destination = instruction.destination;
        let is_self_move =
            instruction.operation == RegisterOp::MovReg && instruction.operands[0] == Operand::Register(destination);
        if is_self_move || destination != NONE && !needed.contains(destination) && is_removable(instruction) {
            keep[at] = false;
            continue;
        }
        // A handler may need what the register held before, so a write does not end its life in a guarded block.
        if destination != NONE && (block.handler.is_none() || destination >= globals) {
            needed.remove(destination);
        }
        instruction
            .operands
            .iter()
            .filter_map(|operand| operand.register())
            .for_each(|register| needed.insert(register));
    }
    let mut at = 0;
    block.instructions.retain(|_| {
        at += 1;
        keep[at - 1]
    });
}

/// Registers whose values are read later in the block or after it.
struct Needed<'l> {
    globals: u32,
    live: &'l Liveness,
    block: usize,
    changed: FxHashMap<VirtualRegister, bool>,
}

impl<'l> Needed<'l> {
    fn new(globals: u32, live: &'l Liveness, block: usize) -> Self {
        Self { globals, live, block, changed: FxHashMap::default() }
    }

    fn contains(&self, register: VirtualRegister) -> bool {
        match self.changed.get(&register) {
            Some(&needed) => needed,
            None => register < self.globals && self.live.leaving.contains(self.block, register),
        }
    }

    fn insert(&mut self, register: VirtualRegister) {
        self.changed.insert(register, true);
    }

    fn remove(&mut self, register: VirtualRegister) {
        self.changed.insert(register, false);
    }
}

/// Lets the instruction that makes a value write it where a later move of the block would put it, when the value is read by that move
/// alone and the place is not touched in between.
fn retarget(function: &mut Function, index: usize) {
    let globals = function.globals;
    let block = &mut function.blocks[index];
    if !block.is_reachable || !block.instructions.iter().any(|instruction| instruction.operation == RegisterOp::MovReg)
    {
        return;
    }
    let mut made: FxHashMap<VirtualRegister, usize> = FxHashMap::default();
    let mut reads: FxHashMap<VirtualRegister, u32> = FxHashMap::default();
    for (at, instruction) in block.instructions.iter().enumerate() {
        if instruction.destination != NONE && instruction.destination >= globals {
            made.insert(instruction.destination, at);
        }
        for register in instruction.operands.iter().filter_map(|operand| operand.register()) {
            *reads.entry(register).or_default() += 1;
        }
    }
    block.terminator.for_each_use(|register| *reads.entry(register).or_default() += 1);
    let mut touched: FxHashMap<VirtualRegister, usize> = FxHashMap::default();
    let mut last_failing = None;
    let mut removed = Vec::new();
    for at in 0..block.instructions.len() {
        let Instruction { operation, destination, ref operands, .. } = block.instructions[at];
        if operation == RegisterOp::MovReg
            && let Operand::Register(source) = operands[0]
            && source >= globals
            && reads.get(&source) == Some(&1)
            && let Some(&made_at) = made.get(&source)
            && touched.get(&destination).is_none_or(|&touched_at| touched_at <= made_at)
            && (block.handler.is_none() || last_failing.is_none_or(|failing| failing <= made_at))
            // The maker may read the place; it must not write it as well.
            && block.instructions[made_at].destination == source
        {
            block.instructions[made_at].destination = destination;
            if destination >= globals {
                made.insert(destination, made_at);
            }
            touched.insert(destination, at);
            removed.push(at);
            continue;
        }
        for register in operands.iter().filter_map(|operand| operand.register()) {
            touched.insert(register, at);
        }
        if destination != NONE {
            touched.insert(destination, at);
        }
        if !matches!(operation, RegisterOp::MovReg | RegisterOp::LoadUnset) {
            last_failing = Some(at);
        }
    }
    let mut at = 0;
    block.instructions.retain(|_| {
        at += 1;
        removed.binary_search(&(at - 1)).is_err()
    });
}
