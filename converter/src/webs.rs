//! Splits virtual registers into webs: parts that no value connects become registers of their own.
//!
//! A slot of the stack form holds one variable after another: the compiler's temporaries are reused, and a program may use one name for
//! several things. A *web* (Muchnick, Advanced Compiler Design and Implementation, §16.3) is a maximal set of definitions and uses that
//! reach each other. Webs have shorter live ranges than slots, and a web that is always set to the same constant is that constant.
//!
//! Between two definitions in a block, a register has a *segment*; segments are joined along the edges where the register is live, and into
//! the handler of a guarded block where the handler needs it. What remains apart is a web.

use fxhash::FxHashMap;
use optimizer::liveness::Liveness;

use crate::cleanup::live_globals;
use crate::tac::{Function, NONE, Operand, Terminator, VirtualRegister};

/// Above this many pairs of blocks and registers the function is left as it is.
const LARGEST: usize = 1 << 26;

/// Renames the virtual registers of a function so that each is one web.
pub fn split_webs(function: &mut Function) {
    if function.blocks.len().saturating_mul(function.globals as usize) > LARGEST {
        return;
    }
    for block in function.blocks.iter_mut().filter(|block| !block.is_reachable) {
        block.instructions.clear();
        block.terminator = Terminator::Jump(0);
    }
    let live = live_globals(function);
    let mut webs = Webs { parents: Vec::new(), entering: FxHashMap::default() };
    for (index, block) in function.blocks.iter().enumerate() {
        if block.is_reachable {
            for register in live.entering.iter(index) {
                let segment = webs.new_segment();
                webs.entering.insert((index as u32, register), segment);
            }
        }
    }
    let crossing = webs.parents.len() as u32;
    // First walk: number segments in the order in which they are met, and join them.
    let mut landings = vec![NONE; function.handlers.len()];
    let mut current = vec![NONE; function.globals as usize];
    for index in 0..function.blocks.len() as u32 {
        let block = &function.blocks[index as usize];
        if !block.is_reachable {
            continue;
        }
        webs.enter(&live, index, &mut current);
        for (handler, landing) in function.handlers.iter().zip(&mut landings) {
            if handler.block == index && handler.landing < function.globals {
                if current[handler.landing as usize] == NONE {
                    current[handler.landing as usize] = webs.new_segment();
                }
                *landing = current[handler.landing as usize];
            }
        }
        let handler = block.handler.map(|handler| function.handlers[handler as usize].block);
        for instruction in &block.instructions {
            if instruction.destination < function.globals {
                webs.define(instruction.destination, handler, &mut current);
            }
        }
        let counted = match block.terminator {
            Terminator::ForLoop { counter, .. } => counter,
            Terminator::ForIter { position, .. } => position,
            _ => NONE,
        };
        for register in
            block.terminator.definitions().into_iter().flatten().filter(|&register| register < function.globals)
        {
            let before = current[register as usize];
            webs.define(register, handler, &mut current);
            if register == counted && before != NONE {
                webs.join(before, current[register as usize]);
            }
        }
        for successor in block.terminator.successors().into_iter().flatten() {
            for register in live.entering.iter(successor as usize) {
                let (there, here) = (webs.entering[&(successor, register)], current[register as usize]);
                webs.join(there, here);
            }
        }
        current.fill(NONE);
    }
    let names = webs.names(function, &live, crossing, &landings);
    // Second walk: the same segments in the same order, renamed.
    let mut next = crossing;
    for index in 0..function.blocks.len() as u32 {
        let block = &mut function.blocks[index as usize];
        if !block.is_reachable {
            continue;
        }
        webs.enter(&live, index, &mut current);
        for (handler, &landing) in function.handlers.iter().zip(&landings) {
            if handler.block == index && handler.landing < function.globals && current[handler.landing as usize] == NONE
            {
                debug_assert_eq!(landing, next);
                current[handler.landing as usize] = next;
                next += 1;
            }
        }
        let globals = function.globals;
        // There may be fewer names than there were registers.
        let shift = names.count.wrapping_sub(globals);
        let mut define = |register: VirtualRegister, current: &mut Vec<u32>| {
            if register == NONE || register >= globals {
                return if register == NONE { NONE } else { register.wrapping_add(shift) };
            }
            current[register as usize] = next;
            next += 1;
            names.of[next as usize - 1]
        };
        let read = |register: VirtualRegister, current: &[u32]| {
            if register >= globals {
                register.wrapping_add(shift)
            } else {
                names.of[current[register as usize] as usize]
            }
        };
        for instruction in &mut block.instructions {
            for operand in &mut instruction.operands {
                if let Operand::Register(register) = operand {
                    *register = read(*register, &current);
                }
            }
            instruction.destination = define(instruction.destination, &mut current);
        }
        block.terminator.rename(|register| read(register, &current));
        match &mut block.terminator {
            // Read and written as one: both are the same web already.
            Terminator::ForLoop { .. } => next += 1,
            Terminator::ForIter { destination, .. } => {
                *destination = define(*destination, &mut current);
                next += 1;
            }
            _ => {}
        }
        current.fill(NONE);
    }
    for (handler, landing) in function.handlers.iter_mut().zip(landings) {
        handler.landing = match landing {
            // A place of an island's stack, which is no web.
            _ if handler.landing >= function.globals => handler.landing - function.globals + names.count,
            NONE => names.spare,
            landing => names.of[landing as usize],
        };
    }
    function.first_place = function.first_place - function.globals + names.count;
    function.registers = function.registers - function.globals + names.count;
    function.globals = names.globals;
}

struct Webs {
    parents: Vec<u32>,
    /// Segment with which a register enters a block.
    entering: FxHashMap<(u32, VirtualRegister), u32>,
}

/// New names: those that cross blocks first, then the others.
struct Names {
    /// Name of each segment.
    of: Vec<VirtualRegister>,
    globals: u32,
    count: u32,
    /// A name that nothing else has, for landing registers of handlers that are never reached.
    spare: VirtualRegister,
}

impl Webs {
    fn new_segment(&mut self) -> u32 {
        self.parents.push(self.parents.len() as u32);
        self.parents.len() as u32 - 1
    }

    fn enter(&self, live: &Liveness, block: u32, current: &mut [u32]) {
        for register in live.entering.iter(block as usize) {
            current[register as usize] = self.entering[&(block, register)];
        }
    }

    /// Begins a segment at a definition. What a handler needs is one web throughout the blocks it guards.
    fn define(&mut self, register: VirtualRegister, handler: Option<u32>, current: &mut [u32]) {
        let segment = self.new_segment();
        current[register as usize] = segment;
        if let Some(&needed) = handler.and_then(|handler| self.entering.get(&(handler, register))) {
            self.join(segment, needed);
        }
    }

    fn find(&mut self, segment: u32) -> u32 {
        let mut root = segment;
        while self.parents[root as usize] != root {
            self.parents[root as usize] = self.parents[self.parents[root as usize] as usize];
            root = self.parents[root as usize];
        }
        root
    }

    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.find(a), self.find(b));
        // The older segment stays the root.
        self.parents[a.max(b) as usize] = a.min(b);
    }

    fn names(&mut self, function: &Function, live: &Liveness, crossing: u32, landings: &[u32]) -> Names {
        let mut name_of_root = vec![NONE; self.parents.len()];
        // Guarded blocks hand what their handler needs over wherever an error is raised.
        for (index, block) in function.blocks.iter().enumerate() {
            if let (true, Some(handler)) = (block.is_reachable, block.handler) {
                let handler = function.handlers[handler as usize].block;
                for register in live.entering.iter(handler as usize) {
                    let (here, there) = (self.entering[&(index as u32, register)], self.entering[&(handler, register)]);
                    self.join(here, there);
                }
            }
        }
        let mut count = function.parameters;
        for parameter in 0..function.parameters {
            if let Some(&segment) = self.entering.get(&(0, parameter)) {
                let root = self.find(segment);
                name_of_root[root as usize] = parameter;
            }
        }
        for segment in (0..crossing).chain(landings.iter().copied().filter(|&landing| landing != NONE)) {
            let root = self.find(segment);
            if name_of_root[root as usize] == NONE {
                name_of_root[root as usize] = count;
                count += 1;
            }
        }
        let spare = count;
        count += 1;
        let globals = count;
        let mut of = Vec::with_capacity(self.parents.len());
        for segment in 0..self.parents.len() as u32 {
            let root = self.find(segment) as usize;
            if name_of_root[root] == NONE {
                name_of_root[root] = count;
                count += 1;
            }
            of.push(name_of_root[root]);
        }
        Names { of, globals, count, spare }
    }
}
