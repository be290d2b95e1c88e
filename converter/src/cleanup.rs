//! Copy and constant propagation, fusion of moves with the instruction before, and removal of what nobody reads. Islands are left alone, but
//! their reads and writes of locals count.

use isa::{Constant, RegisterOp};
use optimizer::liveness::{Fact, Liveness, LivenessInput, Node, Solver};
use smallvec::SmallVec;

use crate::Size;
use crate::notes::Notes;
use crate::step::{Step, StepSet};
use crate::tac::{
    Block, Function, Instruction, NONE, Operand, Terminator, VirtualRegister, allows_constant, is_removable,
};
use crate::webs::{Split, WebTables, split_webs};

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
    clean_up_with_liveness(function, constants, without, &mut Workspace::default()).0
}

/// Tables that one function after the other is cleaned up with: making them anew for each would take a third of the time.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    solver: Solver,
    /// What liveness is found from: of functions with no more registers that cross blocks than a machine word has bits, and of others.
    nodes: Vec<Node>,
    facts: Vec<(VirtualRegister, u32, Fact)>,
    seen: Notes<(bool, bool)>,
    copies: Copies,
    needed: Notes<bool>,
    places: Notes<Place>,
    /// Instructions of the current block that are to go.
    removed: Vec<usize>,
    /// A number for each block, or some blocks.
    blocks: Vec<u32>,
    /// Blocks with moves, islands left out; loads of constants for one instruction do not count. No step puts moves into others.
    with_moves: Vec<u32>,
    /// Blocks with instructions that can be left out when nobody reads their result, those moves included, islands left out.
    with_removable: Vec<u32>,
    /// Blocks that may read or write other registers than when liveness was found last; several times, perhaps.
    changed: Vec<u32>,
    /// Whether `nodes` say what blocks did before registers got other names, or blocks others to write.
    has_old_nodes: bool,
    /// What may be read before it is set.
    unset: Vec<VirtualRegister>,
    /// What is known of each register that crosses blocks.
    known: Vec<Known>,
    /// Which registers are set to constants alone, where there are few and they have the names that they had when that was looked at.
    set_to_constants: Option<u64>,
    /// Whether loops over elements begin somewhere.
    has_elements: bool,
    /// How many moves were removed.
    moves_removed: u64,
    /// Of splitting webs.
    webs: WebTables,
    /// Tables that liveness was in.
    spare: Vec<Liveness>,
}

impl Workspace {
    /// Tables of a size.
    pub(crate) fn new(size: Size) -> Self {
        Self {
            nodes: Vec::with_capacity(size.blocks + 1),
            copies: Copies { of: Vec::with_capacity(16), versions: Notes::with_capacity(size.registers) },
            needed: Notes::with_capacity(size.registers),
            places: Notes::with_capacity(size.registers),
            removed: Vec::with_capacity(16),
            blocks: Vec::with_capacity(size.blocks),
            with_moves: Vec::with_capacity(size.blocks),
            with_removable: Vec::with_capacity(size.blocks),
            unset: Vec::with_capacity(16),
            known: Vec::with_capacity(size.registers),
            webs: WebTables::new(size),
            // As many as are in use at a time, that of the function before included.
            spare: vec![Liveness::with_capacity(size.blocks), Liveness::with_capacity(size.blocks)],
            ..Self::default()
        }
    }

    /// Takes back liveness that nobody needs any more.
    pub(crate) fn recycle(&mut self, live: Liveness) {
        if !live.entering.is_of_few() {
            self.solver.recycle(live);
        } else if self.spare.len() < 4 {
            self.spare.push(live);
        }
    }
}

/// Cleans a function up, leaving steps out. Returns the liveness of the outcome as well.
pub(crate) fn clean_up_with_liveness(
    function: &mut Function,
    constants: &[Constant],
    without: StepSet,
    workspace: &mut Workspace,
) -> (Moves, Liveness) {
    let takes = |step| !without.contains(step);
    // A function of one block has no jumps.
    if function.blocks.len() > 1 {
        let has_threaded = takes(Step::ThreadJumps) && thread_jumps(function, &mut workspace.blocks);
        // A loop's entry may go past the block that begins the first iteration otherwise.
        if has_threaded || function.blocks.iter().any(|block| block.is_loop_entry) {
            leave_out_unreachable(function, &mut workspace.blocks);
        }
    }
    let before = survey(function, workspace);
    let mut live = solved(function, workspace);
    workspace.unset.clear();
    workspace.unset.extend(live.entering.iter(0));
    if takes(Step::SplitWebs) {
        let Workspace { nodes, unset, webs, .. } = &mut *workspace;
        match split_webs(function, nodes, &mut live, unset, webs) {
            Split::Unchanged => {}
            Split::Renamed => (workspace.has_old_nodes, workspace.set_to_constants) = (true, None),
            Split::RenamedWithoutLiveness => {
                workspace.set_to_constants = None;
                workspace.recycle(live);
                live = live_globals_in(function, workspace);
            }
        }
    }
    // What is done to moves is not to be done where there are none.
    let has_moves = !workspace.with_moves.is_empty();
    let takes_moves = |step| has_moves && takes(step);
    if takes_moves(Step::SingleConstants) {
        propagate_single_constants(function, constants, without, workspace);
    }
    if takes_moves(Step::LoopElements) {
        live = forward_loop_elements(function, live, workspace);
    }
    if takes_moves(Step::Copies) {
        let Workspace { copies, with_moves, .. } = workspace;
        copies.versions.begin(function.registers);
        for &index in &*with_moves {
            // The block reads the original where it is copied, so this changes nothing of what is live at its borders.
            propagate_copies(&mut function.blocks[index as usize], copies, without);
        }
    }
    live = renewed(live, function, workspace);
    if takes(Step::Dead) && !remove_all_dead(function, &live, workspace) {
        live = renewed(live, function, workspace);
    }
    if takes_moves(Step::Retarget) {
        let Workspace { places, removed, with_moves, moves_removed, .. } = workspace;
        places.begin(function.registers);
        for &index in &*with_moves {
            *moves_removed += retarget(function, index as usize, &live, places, removed);
        }
    }
    debug_assert!(live == live_globals(function));
    (Moves { before, after: before - workspace.moves_removed }, live)
}

/// Jumps to blocks that only jump on go straight to where those lead. False if there are no such blocks.
fn thread_jumps(function: &mut Function, destinations: &mut Vec<u32>) -> bool {
    // Jumps go forward, to blocks that are seen before those that lead there.
    let next = |index: u32, block: &Block| match block.terminator {
        Terminator::Jump(next) if next > index && block.instructions.is_empty() => Some(next),
        _ => None,
    };
    if !(0..).zip(&function.blocks).any(|(index, block)| block.is_reachable && next(index, block).is_some()) {
        return false;
    }
    destinations.clear();
    destinations.extend(0..function.blocks.len() as u32);
    for (index, block) in function.blocks.iter().enumerate().rev() {
        if let Some(next) = next(index as u32, block) {
            destinations[index] = destinations[next as usize];
        }
    }
    for block in function.blocks.iter_mut().filter(|block| !block.is_island) {
        block.terminator.for_each_target(|target| *target = destinations[*target as usize]);
    }
    true
}

/// Marks blocks that nobody goes to as unreachable. Those still to be gone to are `pending`.
pub(crate) fn leave_out_unreachable(function: &mut Function, pending: &mut Vec<u32>) {
    function.blocks.iter_mut().for_each(|block| block.is_reachable = false);
    pending.clear();
    pending.push(0);
    while let Some(block) = pending.pop() {
        let block = &mut function.blocks[block as usize];
        if !std::mem::replace(&mut block.is_reachable, true) {
            block.terminator.for_each_successor(|successor| pending.push(successor));
            if let Some(handler) = block.handler {
                pending.push(function.handlers[handler as usize].block);
            }
        }
    }
}

/// Looks at all instructions once, and notes for the steps that come what each of them is going to ask. Returns how many moves there are.
fn survey(function: &Function, workspace: &mut Workspace) -> u64 {
    let Workspace { nodes, with_moves, with_removable, webs, .. } = workspace;
    with_moves.clear();
    with_removable.clear();
    nodes.clear();
    webs.places.begin(function.globals);
    let has_few = has_few(function);
    let (mut all, mut to_constants, mut to_others, mut has_elements) = (0, 0, 0, false);
    for (index, block) in (0..).zip(&function.blocks) {
        let (mut moves, mut crossing, mut removable) = (0, 0, 0);
        let Summary { node, twice, last } = summary(function, block, |instruction, definition| {
            // Moves are among those that can be removed.
            if !is_removable(instruction.operation) {
                to_others |= definition;
                return;
            }
            let is_move = instruction.operation == RegisterOp::MovReg;
            let is_load = is_move && matches!(instruction.operands[0], Operand::Constant(_));
            to_constants |= if is_load { definition } else { 0 };
            to_others |= if is_load { 0 } else { definition };
            // Where no register that crosses blocks is set, the constant is for an instruction that cannot take it, and needed as long as that is.
            let is_crossing = !is_load || instruction.destination < function.globals;
            moves += u64::from(is_move);
            crossing += u32::from(is_move & is_crossing);
            removable += u32::from(is_crossing);
        });
        to_others |= last;
        if has_few {
            webs.places.set_few(node.definitions, twice);
            nodes.push(node);
        } else if block.is_reachable {
            block.instructions.iter().for_each(|instruction| webs.places.set(instruction.destination));
            block.terminator.for_each_definition(|register| webs.places.set(register));
        }
        all += moves;
        has_elements |= matches!(block.terminator, Terminator::ForIter { .. });
        if block.is_island {
            continue;
        }
        if crossing != 0 {
            with_moves.push(index);
        }
        if removable != 0 {
            with_removable.push(index);
        }
    }
    workspace.set_to_constants = has_few.then_some(to_constants & !to_others);
    workspace.has_elements = has_elements;
    workspace.moves_removed = 0;
    all
}

/// Whether no more registers cross blocks than a machine word has bits.
fn has_few(function: &Function) -> bool {
    function.globals <= u64::BITS
}

/// Liveness of the virtual registers that cross blocks.
pub fn live_globals(function: &Function) -> Liveness {
    live_globals_in(function, &mut Workspace::default())
}

/// The same as [`live_globals`].
pub(crate) fn live_globals_in(function: &Function, workspace: &mut Workspace) -> Liveness {
    if has_few(function) {
        let nodes = &mut workspace.nodes;
        nodes.clear();
        nodes.extend(function.blocks.iter().map(|block| node(function, block)));
    }
    solved(function, workspace)
}

/// The same, given what each block does where there are few registers.
fn solved(function: &Function, workspace: &mut Workspace) -> Liveness {
    workspace.has_old_nodes = false;
    let Workspace { solver, nodes, facts, seen, spare, .. } = workspace;
    if has_few(function) {
        let mut live = spare.pop().unwrap_or_default();
        nodes.push(node_of_none(function));
        note_landings(function, nodes);
        solver.solve_nodes(nodes, function.layout.iter().rev().copied(), &mut live);
        return live;
    }
    find_facts(function, facts, seen);
    solver.liveness(LivenessInput {
        facts,
        successors: |block: usize| {
            let block = &function.blocks[block];
            if block.is_reachable { block.terminator.successors() } else { [None, None] }
        },
        handler: |block: usize| {
            let block = &function.blocks[block];
            block.handler.filter(|_| block.is_reachable).map(|handler| function.handlers[handler as usize].block)
        },
        blocks: function.blocks.len(),
        variables: function.globals as usize,
    })
}

/// Liveness of a function some of whose blocks have changed since it was `live`.
fn renewed(mut live: Liveness, function: &Function, workspace: &mut Workspace) -> Liveness {
    if workspace.changed.is_empty() {
        return live;
    }
    if workspace.has_old_nodes || !live.entering.is_of_few() {
        workspace.changed.clear();
        workspace.recycle(live);
        return live_globals_in(function, workspace);
    }
    let Workspace { solver, nodes, changed, .. } = workspace;
    for index in changed.drain(..) {
        nodes[index as usize] = node(function, &function.blocks[index as usize]);
    }
    note_landings(function, nodes);
    solver.solve_nodes(nodes, function.layout.iter().rev().copied(), &mut live);
    live
}

/// What a block does with the registers that cross blocks if there are no more than 64, and where control goes.
fn node(function: &Function, block: &Block) -> Node {
    summary(function, block, |_, _| ()).node
}

/// What a block does with the registers that cross blocks if there are no more than 64: a bit for each.
struct Summary {
    node: Node,
    /// Those that it sets several times.
    twice: u64,
    /// Those that its terminator sets.
    last: u64,
}

/// Sums a block up. Calls `visit` with each instruction and the register that it sets.
#[inline]
fn summary(function: &Function, block: &Block, mut visit: impl FnMut(&Instruction, u64)) -> Summary {
    if !block.is_reachable {
        return Summary { node: node_of_none(function), twice: 0, last: 0 };
    }
    let globals = function.globals;
    let bit = |register: VirtualRegister| u64::from(register < globals) << (register % u64::BITS);
    let (mut uses, mut definitions, mut twice, mut last) = (0, 0, 0, 0);
    for instruction in &block.instructions {
        for operand in &instruction.operands {
            if let Operand::Register(register) = *operand {
                uses |= bit(register) & !definitions;
            }
        }
        let definition = bit(instruction.destination);
        twice |= definitions & definition;
        definitions |= definition;
        visit(instruction, definition);
    }
    block.terminator.for_each_use(|register| uses |= bit(register) & !definitions);
    block.terminator.for_each_definition(|register| last |= bit(register));
    twice |= definitions & last;
    definitions |= last;
    let nowhere = function.blocks.len() as u32;
    let successors = block.terminator.successors().map(|successor| successor.unwrap_or(nowhere));
    let handler = block.handler.map_or(nowhere, |handler| function.handlers[handler as usize].block);
    Summary { node: Node::new(uses, definitions, successors, handler), twice, last }
}

/// A block that does nothing and that nothing comes after.
fn node_of_none(function: &Function) -> Node {
    let nowhere = function.blocks.len() as u32;
    Node::new(0, 0, [nowhere; 2], nowhere)
}

/// What a handler's block reads of its landing register is written on the way there.
fn note_landings(function: &Function, nodes: &mut [Node]) {
    for handler in function.handlers.iter().filter(|handler| handler.landing < function.globals) {
        let node = &mut nodes[handler.block as usize];
        node.uses &= !(1 << handler.landing);
        node.definitions |= 1 << handler.landing;
    }
}

/// What blocks do with the registers that cross blocks: each use and each definition once. `seen` notes whether a register was used in the
/// block, and whether it was defined.
fn find_facts(function: &Function, facts: &mut Vec<(VirtualRegister, u32, Fact)>, seen: &mut Notes<(bool, bool)>) {
    let globals = function.globals;
    facts.clear();
    seen.begin(globals);
    let landings = if function.handlers.is_empty() { Vec::new() } else { function.landings() };
    for (index, block) in (0..).zip(&function.blocks) {
        seen.clear();
        let define = |facts: &mut Vec<_>, seen: &mut Notes<(bool, bool)>, register: VirtualRegister| {
            if register < globals && !std::mem::replace(&mut seen.entry(register).1, true) {
                facts.push((register, index, Fact::Definition));
            }
        };
        // What a handler's block reads of its landing register is written on the way there.
        define(facts, seen, landings.get(index as usize).copied().unwrap_or(NONE));
        if !block.is_reachable {
            continue;
        }
        let read = |facts: &mut Vec<_>, seen: &mut Notes<(bool, bool)>, register: VirtualRegister| {
            if register < globals && seen.get(register).is_none() {
                seen.set(register, (true, false));
                facts.push((register, index, Fact::Use));
            }
        };
        for instruction in &block.instructions {
            let operands = instruction.operands.iter().filter_map(|operand| operand.register());
            operands.for_each(|register| read(facts, seen, register));
            define(facts, seen, instruction.destination);
        }
        block.terminator.for_each_use(|register| read(facts, seen, register));
        block.terminator.for_each_definition(|register| define(facts, seen, register));
    }
}

/// Virtual registers that every definition sets to the same constant are that constant: the steps of range loops, above all.
fn propagate_single_constants(
    function: &mut Function,
    constants: &[Constant],
    without: StepSet,
    workspace: &mut Workspace,
) {
    if workspace.set_to_constants == Some(0) {
        return;
    }
    let mut known = std::mem::take(&mut workspace.known);
    known.clear();
    known.resize(function.globals as usize, Known::Nothing);
    if find_constants(function, workspace, &mut known) {
        replace_constants(function, &known, constants, without, &mut workspace.changed);
    }
    workspace.known = known;
}

/// What is known of a register.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Known {
    /// It is set nowhere.
    Nothing,
    /// It is set to this constant only.
    Constant(u32),
    /// It is set to something else, or to several things.
    Varies,
}

/// Finds what registers are set to; only blocks with moves set any to constants. Returns whether any is set to one constant only.
fn find_constants(function: &Function, workspace: &Workspace, known: &mut [Known]) -> bool {
    let note = |known: &mut [Known], register: VirtualRegister, value: Known| {
        if let Some(entry) = known.get_mut(register as usize) {
            *entry = if *entry == Known::Nothing || *entry == value { value } else { Known::Varies };
        }
    };
    let constant_of = |instruction: &Instruction| match (instruction.operation, instruction.operands.as_slice()) {
        (RegisterOp::MovReg, [Operand::Constant(constant)]) => Some(*constant),
        _ => None,
    };
    let blocks = workspace.with_moves.iter().map(|&index| &function.blocks[index as usize]);
    for instruction in blocks.filter(|block| block.is_reachable).flat_map(|block| &block.instructions) {
        if let Some(constant) = constant_of(instruction) {
            note(known, instruction.destination, Known::Constant(constant));
        }
    }
    // A register that may be read before it is set does not always hold the constant.
    let landings = function.handlers.iter().map(|handler| handler.landing);
    for register in (0..function.parameters).chain(landings).chain(workspace.unset.iter().copied()) {
        note(known, register, Known::Varies);
    }
    if known.iter().all(|value| !matches!(value, Known::Constant(_))) {
        return false;
    }
    for block in function.blocks.iter().filter(|block| block.is_reachable) {
        for instruction in block.instructions.iter().filter(|instruction| constant_of(instruction).is_none()) {
            note(known, instruction.destination, Known::Varies);
        }
        block.terminator.for_each_definition(|register| note(known, register, Known::Varies));
    }
    known.iter().any(|value| matches!(value, Known::Constant(_)))
}

/// Replaces reads of registers that are known to be constants, and tells in which blocks.
fn replace_constants(
    function: &mut Function,
    known: &[Known],
    constants: &[Constant],
    without: StepSet,
    changed: &mut Vec<u32>,
) {
    let constant = |operand: Operand| match operand {
        Operand::Register(register) => match known.get(register as usize) {
            Some(&Known::Constant(constant)) => Some(Operand::Constant(constant)),
            _ => None,
        },
        Operand::Constant(_) => None,
    };
    for (at, block) in (0..).zip(&mut function.blocks).filter(|(_, block)| !block.is_island) {
        let mut is_changed = false;
        // The counter of a loop begins in the register of its start value, unless that is replaced.
        let instructions = if block.is_loop_entry { &mut [][..] } else { &mut block.instructions[..] };
        for instruction in instructions {
            for index in 0..instruction.operands.len() {
                if let Some(replacement) = constant(instruction.operands[index])
                    && allows_constant(instruction.operation, index, &instruction.operands, without)
                {
                    instruction.operands[index] = replacement;
                    is_changed = true;
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
                    is_changed = true;
                }
            }
            Terminator::Compare { operands, .. } if !without.contains(Step::Immediates) => {
                if let Some(replacement) = constant(operands[1]) {
                    operands[1] = replacement;
                    is_changed = true;
                }
            }
            _ => {}
        }
        if is_changed {
            changed.push(at);
        }
    }
}

/// Inside a block: reads of a register that is a copy read the original instead, or the constant.
fn propagate_copies(block: &mut Block, copies: &mut Copies, without: StepSet) {
    copies.clear();
    let is_move = |instruction: &Instruction| instruction.operation == RegisterOp::MovReg;
    let Some(first) = block.instructions.iter().position(is_move) else { return };
    for instruction in &mut block.instructions[first..] {
        for index in 0..instruction.operands.len() {
            let Some(original) = copies.original(instruction.operands[index]) else { continue };
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
    let replace_register = |register: &mut VirtualRegister| {
        if let Some(Operand::Register(original)) = copies.original(Operand::Register(*register)) {
            *register = original;
        }
    };
    match &mut block.terminator {
        Terminator::Compare { operands, .. } => {
            for (index, operand) in operands.iter_mut().enumerate() {
                match copies.original(*operand) {
                    Some(original @ Operand::Register(_)) => *operand = original,
                    Some(original) if index == 1 && !without.contains(Step::Immediates) => *operand = original,
                    _ => {}
                }
            }
        }
        Terminator::Truth { operand, .. }
        | Terminator::NotNull { operand, .. }
        | Terminator::Return(operand)
        | Terminator::Throw(operand) => replace_register(operand),
        // The block on the edge into the loop reads the start as well.
        Terminator::ForPrepare { operands: [_, others @ ..], .. } => others.iter_mut().for_each(replace_register),
        Terminator::Jump(_) | Terminator::Loop(_) | Terminator::ForLoop { .. } | Terminator::ForIter { .. } => {}
    }
}

/// Which registers are copies at the point reached. A copy is good as long as neither it nor its original was written since.
#[derive(Debug, Default)]
struct Copies {
    /// Original of each copy, and the original's version then.
    of: Vec<(Operand, u32)>,
    /// How often each register was written so far, and its copy in `of` plus one.
    versions: Notes<(u32, u32)>,
}

impl Copies {
    fn clear(&mut self) {
        self.of.clear();
        self.versions.clear();
    }

    fn version(&self, register: VirtualRegister) -> u32 {
        self.versions.get(register).map_or(0, |entry| entry.0)
    }

    fn original(&self, operand: Operand) -> Option<Operand> {
        let register = operand.register()?;
        let (_, copy) = self.versions.get(register)?;
        let &(original, version) = self.of.get(copy.checked_sub(1)? as usize)?;
        match original {
            Operand::Register(source) => (self.version(source) == version).then_some(original),
            Operand::Constant(_) => Some(original),
        }
    }

    fn written(&mut self, register: VirtualRegister) {
        let entry = self.versions.entry(register);
        *entry = (entry.0 + 1, 0);
    }

    fn copied(&mut self, register: VirtualRegister, original: Operand) {
        let version = original.register().map_or(0, |source| self.version(source));
        self.of.push((original, version));
        let copy = self.of.len() as u32;
        self.versions.entry(register).1 = copy;
    }
}

/// A loop's element goes straight to the variable that the body's first move would copy it to, when nobody else reads either of them.
/// Takes and returns the liveness found last.
fn forward_loop_elements(function: &mut Function, mut live: Liveness, workspace: &mut Workspace) -> Liveness {
    if !workspace.has_elements {
        return live;
    }
    let mut entries = std::mem::take(&mut workspace.blocks);
    entries.clear();
    entries.resize(function.blocks.len(), 0);
    for block in function.blocks.iter().filter(|block| block.is_reachable) {
        block.terminator.for_each_successor(|successor| entries[successor as usize] += 1);
    }
    for handler in &function.handlers {
        entries[handler.block as usize] += 1;
    }
    let mut is_renewed = false;
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
        if !std::mem::replace(&mut is_renewed, true) {
            live = renewed(live, function, workspace);
        }
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
        workspace.moves_removed += 1;
        if let Terminator::ForIter { destination, .. } = &mut function.blocks[index].terminator {
            *destination = variable;
        }
        if live.entering.is_of_few() {
            // The element is live from here into the body as the variable is from now on, and nowhere else.
            let first = node(function, &function.blocks[body as usize]);
            let [leaving, after] = [live.leaving.bits(body as usize), live.entering.bits(done as usize)];
            let entering = first.uses | leaving.unwrap_or(0) & !first.definitions;
            live.entering.set_bits(body as usize, entering);
            live.entering.set_bits(more as usize, entering);
            live.leaving.set_bits(more as usize, entering);
            live.leaving.set_bits(index, entering | after.unwrap_or(0));
            workspace.has_old_nodes = true;
        } else {
            workspace.changed.extend([index as u32, body]);
        }
    }
    workspace.blocks = entries;
    live
}

/// Removes dead instructions from all blocks. False if the function may have another liveness without them.
fn remove_all_dead(function: &mut Function, live: &Liveness, workspace: &mut Workspace) -> bool {
    let Workspace { needed: noted, removed: dead, changed, with_removable, moves_removed, .. } = workspace;
    noted.begin(function.registers);
    let mut needed = Needed { globals: function.globals, live, block: 0, changed: noted };
    let mut still_holds = true;
    for &index in &*with_removable {
        still_holds &= find_dead(function, index as usize, &mut needed, dead);
        if !dead.is_empty() {
            *moves_removed += remove(&mut function.blocks[index as usize], dead);
            changed.push(index);
        }
    }
    if still_holds {
        changed.clear();
    }
    still_holds
}

/// Finds instructions whose result nobody reads and whose execution nobody notices: those are `dead`. False when there may be another liveness
/// without them.
fn find_dead(function: &Function, index: usize, needed: &mut Needed<'_>, dead: &mut Vec<usize>) -> bool {
    let globals = function.globals;
    let block = &function.blocks[index];
    dead.clear();
    if !block.is_reachable {
        return true;
    }
    needed.begin(index);
    block.terminator.for_each_definition(|register| {
        if block.handler.is_none() {
            needed.remove(register);
        }
    });
    block.terminator.for_each_use(|register| needed.insert(register));
    for (at, instruction) in block.instructions.iter().enumerate().rev() {
        let destination = instruction.destination;
        let is_self_move =
            instruction.operation == RegisterOp::MovReg && instruction.operands[0] == Operand::Register(destination);
        if is_self_move || destination != NONE && !needed.contains(destination) && is_removable(instruction.operation) {
            dead.push(at);
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
    if dead.is_empty() {
        return true;
    }
    dead.reverse();
    let reads: SmallVec<[VirtualRegister; 8]> = dead
        .iter()
        .flat_map(|&at| &block.instructions[at].operands)
        .filter_map(|operand| operand.register().filter(|&register| register < globals))
        .collect();
    reads.len() <= MOST_READS && reads.iter().all(|&register| is_used_without(block, register, dead))
}

/// In a block that loses more reads of registers that cross blocks, it is not looked at whether that changes liveness.
const MOST_READS: usize = 8;

/// Whether a block without its `dead` instructions reads a register before it writes it, or did not do so with them.
fn is_used_without(block: &Block, register: VirtualRegister, dead: &[usize]) -> bool {
    let mut was_used = false;
    for (at, instruction) in block.instructions.iter().enumerate() {
        let is_dead = dead.binary_search(&at).is_ok();
        if instruction.operands.contains(&Operand::Register(register)) {
            if !is_dead {
                return true;
            }
            was_used = true;
        }
        if instruction.destination == register && !is_dead {
            return !was_used;
        }
    }
    let mut is_used = false;
    block.terminator.for_each_use(|other| is_used |= other == register);
    is_used
}

/// Takes instructions out of a block, given by their ascending places. Returns how many moves are among them.
fn remove(block: &mut Block, places: &[usize]) -> u64 {
    let mut moves = 0;
    if places.is_empty() {
        return moves;
    }
    let (mut at, mut next) = (0, 0);
    block.instructions.retain(|instruction| {
        let is_removed = places.get(next) == Some(&at);
        moves += u64::from(is_removed && instruction.operation == RegisterOp::MovReg);
        next += usize::from(is_removed);
        at += 1;
        !is_removed
    });
    moves
}

/// Registers whose values are read later in the block or after it.
struct Needed<'l> {
    globals: u32,
    live: &'l Liveness,
    block: usize,
    changed: &'l mut Notes<bool>,
}

impl Needed<'_> {
    /// Goes to the end of a block.
    fn begin(&mut self, block: usize) {
        self.block = block;
        self.changed.clear();
    }

    fn contains(&self, register: VirtualRegister) -> bool {
        match self.changed.get(register) {
            Some(needed) => needed,
            None => register < self.globals && self.live.leaving.contains(self.block, register),
        }
    }

    fn insert(&mut self, register: VirtualRegister) {
        self.changed.set(register, true);
    }

    fn remove(&mut self, register: VirtualRegister) {
        self.changed.set(register, false);
    }
}

/// What happens to a register in a block. Instructions are counted from one, so that zero is none.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// Where its value is made.
    made: u32,
    /// How often it is read.
    reads: u32,
    /// Where it was last read or written.
    touched: u32,
}

/// Lets the instruction that makes a value write it where a later move of the block would put it, when the value is read by that move
/// alone and the place is not touched in between. Those moves are `removed`; returns how many there are.
fn retarget(
    function: &mut Function,
    index: usize,
    live: &Liveness,
    places: &mut Notes<Place>,
    removed: &mut Vec<usize>,
) -> u64 {
    let globals = function.globals;
    let stays = |register: VirtualRegister| register >= globals || !live.leaving.contains(index, register);
    let block = &mut function.blocks[index];
    let moves_register = |instruction: &Instruction| {
        instruction.operation == RegisterOp::MovReg && matches!(instruction.operands[0], Operand::Register(_))
    };
    // What is moved first has to be made before.
    if !block.instructions.iter().skip(1).any(moves_register) {
        return 0;
    }
    places.clear();
    for (at, instruction) in (1..).zip(&block.instructions) {
        if instruction.destination != NONE {
            places.entry(instruction.destination).made = at;
        }
        for register in instruction.operands.iter().filter_map(|operand| operand.register()) {
            places.entry(register).reads += 1;
        }
    }
    block.terminator.for_each_use(|register| places.entry(register).reads += 1);
    let mut last_failing = 0;
    removed.clear();
    for index in 0..block.instructions.len() {
        let at = index as u32 + 1;
        let Instruction { operation, destination, ref operands, .. } = block.instructions[index];
        if operation == RegisterOp::MovReg
            && let Operand::Register(source) = operands[0]
            && let Some(Place { made: made @ 1.., reads: 1, .. }) = places.get(source)
            && made < at
            && stays(source)
            && places.get(destination).is_none_or(|place| place.touched <= made)
            && (block.handler.is_none() || last_failing <= made)
            // The maker may read the place; it must not write it as well.
            && block.instructions[made as usize - 1].destination == source
        {
            block.instructions[made as usize - 1].destination = destination;
            let place = places.entry(destination);
            place.touched = at;
            place.made = made;
            removed.push(index);
            continue;
        }
        for register in operands.iter().filter_map(|operand| operand.register()) {
            places.entry(register).touched = at;
        }
        if destination != NONE {
            places.entry(destination).touched = at;
        }
        if !matches!(operation, RegisterOp::MovReg | RegisterOp::LoadUnset) {
            last_failing = at;
        }
    }
    remove(block, removed)
}
