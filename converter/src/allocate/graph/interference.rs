//! Which virtual registers interfere.

use fxhash::FxHashSet;
use isa::RegisterOp;
use optimizer::liveness::Liveness;

use crate::allocate::at;
use crate::live::{loop_depths, uses_window};
use crate::tac::{Block, Function, NONE, Operand, Terminator, VirtualRegister};

/// The graph, and what else one walk over the function gathers.
#[derive(Debug)]
pub(super) struct Interference {
    /// Neighbours of each virtual register, each once.
    pub(super) neighbours: Vec<Vec<VirtualRegister>>,
    /// Pairs of neighbours, the lower one first.
    pairs: FxHashSet<(VirtualRegister, VirtualRegister)>,
    /// Copies between virtual registers, with how often they are thought to be made.
    pub(super) copies: Vec<(u64, VirtualRegister, VirtualRegister)>,
    /// For each window what lives on across it.
    pub(super) crossing: Vec<Vec<VirtualRegister>>,
    /// For each window its callee, if that is in a register.
    pub(super) callees: Vec<Option<VirtualRegister>>,
    /// How often each virtual register is thought to be read and written.
    pub(super) weights: Vec<u64>,
    /// Place of each virtual register's first occurrence in the layout; [`NONE`] for those that have none.
    pub(super) order: Vec<u32>,
}

impl Interference {
    /// The graph of a function without what is spilled. None if it takes more than `most_steps`.
    pub(super) fn new(function: &Function, live: &Liveness, is_spilled: &[bool], most_steps: usize) -> Option<Self> {
        let count = at(function.registers);
        let graph = Self {
            neighbours: vec![Vec::new(); count],
            pairs: FxHashSet::default(),
            copies: Vec::new(),
            crossing: Vec::new(),
            callees: Vec::new(),
            weights: vec![0; count],
            order: vec![NONE; count],
        };
        let mut walk =
            Walk { function, live, is_spilled, graph, alive: Alive::new(count), weight: 1, steps_left: most_steps };
        let (landings, depths) = (function.landings(), loop_depths(function));
        let mut windows = Vec::new();
        for &index in &function.layout {
            let block = &function.blocks[index as usize];
            if !block.is_reachable {
                continue;
            }
            walk.weight = 10_u64.pow(depths[index as usize].min(3));
            let crossing = walk.block(index, block, landings[index as usize])?;
            windows.extend(crossing.into_iter().rev());
            walk.graph.callees.extend(callees(block));
        }
        // What is there when the function begins is so at once.
        let entering: Vec<VirtualRegister> =
            live.entering.iter(0).filter(|&register| !is_spilled[at(register)]).collect();
        for (index, &register) in entering.iter().enumerate() {
            walk.take_steps(index)?;
            for &other in &entering[..index] {
                walk.graph.add(register, other);
            }
        }
        let mut graph = walk.graph;
        graph.crossing = windows;
        graph.number(function);
        Some(graph)
    }

    /// Whether two virtual registers interfere.
    pub(super) fn contains(&self, a: VirtualRegister, b: VirtualRegister) -> bool {
        self.pairs.contains(&(a.min(b), a.max(b)))
    }

    /// Lets two virtual registers interfere; says whether that is new.
    pub(super) fn add(&mut self, a: VirtualRegister, b: VirtualRegister) -> bool {
        let is_new = a != b && self.pairs.insert((a.min(b), a.max(b)));
        if is_new {
            self.neighbours[at(a)].push(b);
            self.neighbours[at(b)].push(a);
        }
        is_new
    }

    fn number(&mut self, function: &Function) {
        let mut place = 0;
        let mut note = |order: &mut Vec<u32>, register: VirtualRegister| {
            let entry = &mut order[at(register)];
            *entry = (*entry).min(place);
            place += 1;
        };
        (0..function.parameters).for_each(|parameter| note(&mut self.order, parameter));
        for &index in &function.layout {
            let block = &function.blocks[index as usize];
            for instruction in &block.instructions {
                let reads = instruction.operands.iter().filter_map(|operand| operand.register());
                let written = Some(instruction.destination).filter(|&register| register != NONE);
                reads.chain(written).for_each(|register| note(&mut self.order, register));
            }
            block.terminator.for_each_use(|register| note(&mut self.order, register));
            block.terminator.definitions().into_iter().flatten().for_each(|register| note(&mut self.order, register));
        }
        for handler in &function.handlers {
            note(&mut self.order, handler.landing);
        }
    }
}

/// For each window of a block its callee, if that is in a register.
fn callees(block: &Block) -> impl Iterator<Item = Option<VirtualRegister>> + '_ {
    let windows = block.instructions.iter().filter(|instruction| uses_window(instruction.operation));
    windows.map(|instruction| match (instruction.operation, instruction.operands.first()) {
        (RegisterOp::CallTopReg, Some(&Operand::Register(callee))) => Some(callee),
        _ => None,
    })
}

struct Walk<'f> {
    function: &'f Function,
    live: &'f Liveness,
    is_spilled: &'f [bool],
    graph: Interference,
    alive: Alive,
    weight: u64,
    /// How many steps may still be taken.
    steps_left: usize,
}

impl Walk<'_> {
    /// Walks a block backwards; returns what crosses its windows, the last one first.
    fn block(&mut self, index: u32, block: &Block, landing: VirtualRegister) -> Option<Vec<Vec<VirtualRegister>>> {
        let (function, live) = (self.function, self.live);
        let handler = block.handler.map(|handler| function.handlers[handler as usize].block as usize);
        // A handler may need what a register held before it was written.
        let is_kept = |register| handler.is_some_and(|handler| live.entering.contains(handler, register));
        self.alive.clear();
        for register in live.leaving.iter(index as usize) {
            self.take_steps(1)?;
            self.insert(register);
        }
        if let Terminator::ForIter { destination, .. } = block.terminator {
            self.terminator_write(destination, block)?;
            if !is_kept(destination) {
                self.alive.remove(destination);
            }
        }
        block.terminator.for_each_use(|register| self.read(register));
        for register in block.terminator.definitions().into_iter().flatten() {
            self.terminator_write(register, block)?;
        }
        let mut crossing = Vec::new();
        for instruction in block.instructions.iter().rev() {
            let destination = instruction.destination;
            let source = match (instruction.operation, instruction.operands.as_slice()) {
                (RegisterOp::MovReg, &[Operand::Register(source)]) => source,
                _ => NONE,
            };
            if destination != NONE {
                self.write(destination, source)?;
                if !is_kept(destination) {
                    self.alive.remove(destination);
                }
                if source != NONE && !self.is_spilled[at(source)] && !self.is_spilled[at(destination)] {
                    self.graph.copies.push((self.weight, destination, source));
                }
            }
            if uses_window(instruction.operation) {
                self.take_steps(self.alive.members.len())?;
                crossing.push(self.alive.members.clone());
            }
            instruction
                .operands
                .iter()
                .filter_map(|operand| operand.register())
                .for_each(|register| self.read(register));
        }
        if landing != NONE {
            self.write(landing, NONE)?;
        }
        Some(crossing)
    }

    /// None if that many steps may not be taken any more.
    fn take_steps(&mut self, steps: usize) -> Option<()> {
        self.steps_left = self.steps_left.checked_sub(steps)?;
        Some(())
    }

    fn insert(&mut self, register: VirtualRegister) {
        if !self.is_spilled[at(register)] {
            self.alive.insert(register);
        }
    }

    fn read(&mut self, register: VirtualRegister) {
        self.graph.weights[at(register)] += self.weight;
        self.insert(register);
    }

    /// A write interferes with all that is live after it, except the value it copies.
    fn write(&mut self, register: VirtualRegister, source: VirtualRegister) -> Option<()> {
        self.graph.weights[at(register)] += self.weight;
        if self.is_spilled[at(register)] {
            return Some(());
        }
        self.take_steps(self.alive.members.len())?;
        for index in 0..self.alive.members.len() {
            let other = self.alive.members[index];
            if other != source {
                self.graph.add(register, other);
            }
        }
        Some(())
    }

    /// Whatever a loop instruction writes, it writes while it still reads its operands.
    fn terminator_write(&mut self, register: VirtualRegister, block: &Block) -> Option<()> {
        self.write(register, NONE)?;
        if !self.is_spilled[at(register)] {
            block.terminator.for_each_use(|other| {
                if !self.is_spilled[at(other)] {
                    self.graph.add(register, other);
                }
            });
        }
        Some(())
    }
}

/// A set of virtual registers that can be listed.
#[derive(Debug)]
struct Alive {
    members: Vec<VirtualRegister>,
    /// For each virtual register its place among the members, or [`NONE`].
    places: Vec<u32>,
}

impl Alive {
    fn new(count: usize) -> Self {
        Self { members: Vec::new(), places: vec![NONE; count] }
    }

    fn clear(&mut self) {
        for register in self.members.drain(..) {
            self.places[at(register)] = NONE;
        }
    }

    fn insert(&mut self, register: VirtualRegister) {
        if self.places[at(register)] == NONE {
            self.places[at(register)] = self.members.len() as u32;
            self.members.push(register);
        }
    }

    fn remove(&mut self, register: VirtualRegister) {
        let place = std::mem::replace(&mut self.places[at(register)], NONE);
        if place == NONE {
            return;
        }
        self.members.swap_remove(place as usize);
        if let Some(&moved) = self.members.get(place as usize) {
            self.places[at(moved)] = place;
        }
    }
}
