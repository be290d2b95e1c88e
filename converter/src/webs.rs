//! Splits virtual registers into webs: parts that no value connects become registers of their own.
//!
//! A slot of the stack form holds one variable after another: the compiler's temporaries are reused, and a program may use one name for
//! several things. A *web* (Muchnick, Advanced Compiler Design and Implementation, §16.3) is a maximal set of definitions and uses that
//! reach each other. Webs have shorter live ranges than slots, and a web that is always set to the same constant is that constant.
//!
//! Between two definitions in a block, a register has a *segment*; segments are joined along the edges where the register is live, and into
//! the handler of a guarded block where the handler needs it. What remains apart is a web. Most registers are set in one place only: those are
//! one web each, and have one segment.

use optimizer::liveness::{LiveSets, NumberedSets};

use crate::Size;
use crate::notes::Notes;
use crate::tac::{Function, NONE, Operand, Terminator, VirtualRegister};

/// What is alive where blocks begin may be so many registers over all blocks, and so many more for each instruction; with more the function
/// is left as it is. A segment is made of each, and only code that is made to keep the converter busy comes near.
const LARGEST: usize = 1 << 16;
const LARGEST_PER_INSTRUCTION: usize = 16;

/// Tables of the splitting of one function after the other.
#[derive(Debug, Default)]
pub(crate) struct WebTables {
    /// Registers that are set at all: where the function begins counts as a place. Later those that are one web and have a name.
    once: Vec<u64>,
    /// Registers that are set in several places.
    several: Vec<u64>,
    /// With which of these blocks are entered. The numbers in it are their first segments.
    entering: NumberedSets,
    /// The segment that each register set in several places has at the point reached.
    current: Notes<u32>,
    /// The one segment of each other register, and then the name of that.
    fixed: Vec<u32>,
    /// Segments that belong together, as trees.
    parents: Vec<u32>,
    /// Name of each segment.
    names: Vec<VirtualRegister>,
}

/// Renames the virtual registers of a function so that each is one web. `live` are those that are live where blocks begin; `unset` are those
/// that are live when the function begins, and get their new names. False if nothing was renamed, because each register is one web already, as
/// most are.
pub(crate) fn split_webs(
    function: &mut Function,
    live: &LiveSets,
    unset: &mut [VirtualRegister],
    tables: &mut WebTables,
) -> bool {
    let instructions: usize = function.blocks.iter().map(|block| block.instructions.len() + 1).sum();
    if !live.are_at_most(LARGEST + LARGEST_PER_INSTRUCTION * instructions) {
        return false;
    }
    for block in function.blocks.iter_mut().filter(|block| !block.is_reachable) {
        block.instructions.clear();
        block.terminator = Terminator::Jump(0);
    }
    if !tables.find_several(function, unset) {
        return false;
    }
    let WebTables { once: named, several, entering, current, fixed, parents, names, .. } = tables;
    let registers: u32 = named.iter().map(|registers| registers.count_ones()).sum();
    named.fill(0);
    entering.restrict(live, several);
    fixed.clear();
    fixed.resize(function.globals as usize, NONE);
    parents.clear();
    parents.extend(0..entering.len());
    let mut webs = Webs { parents, entering, several, fixed, count: entering.len() };
    for &register in &*unset {
        if !webs.is_several(register) {
            webs.fixed[register as usize] = webs.new_segment();
        }
    }
    let first = webs.parents.len() as u32;
    let handlers_of = HandlersByBlock::new(function);
    // First walk: number segments in the order in which they are met, and join them.
    let mut landings = vec![NONE; function.handlers.len()];
    current.begin(function.globals);
    for index in 0..function.blocks.len() as u32 {
        let block = &function.blocks[index as usize];
        if !block.is_reachable {
            continue;
        }
        enter(entering, index, current);
        for handler in handlers_of.of(index) {
            let landing = function.handlers[handler].landing;
            landings[handler] = current.get(landing).unwrap_or_else(|| webs.new_segment());
            current.set(landing, landings[handler]);
        }
        let handler = block.handler.map(|handler| function.handlers[handler as usize].block);
        for instruction in &block.instructions {
            if instruction.destination < function.globals {
                webs.define(instruction.destination, handler, current);
            }
        }
        let counted = match block.terminator {
            Terminator::ForLoop { counter, .. } => counter,
            Terminator::ForIter { position, .. } => position,
            _ => NONE,
        };
        block.terminator.for_each_definition(|register| {
            if register < function.globals {
                let before = current.get(register);
                let after = webs.define(register, handler, current);
                if let (true, Some(before)) = (register == counted, before) {
                    webs.join(before, after);
                }
            }
        });
        block.terminator.for_each_successor(|successor| {
            entering.for_each_numbered(successor as usize, |there, register| {
                let here = current.get(register).expect("what a successor needs is there");
                webs.join(there, here);
            });
        });
    }
    webs.join_guarded(function);
    if webs.count == registers {
        return false;
    }
    let names = webs.names(function, live, &landings, named, names);
    for fixed in fixed.iter_mut().filter(|fixed| **fixed != NONE) {
        *fixed = names.of[*fixed as usize];
    }
    // Second walk: the same segments in the same order, renamed.
    let mut next = first;
    let globals = function.globals;
    // There may be fewer names than there were registers.
    let shift = names.count.wrapping_sub(globals);
    for index in 0..function.blocks.len() as u32 {
        let block = &mut function.blocks[index as usize];
        if !block.is_reachable {
            continue;
        }
        enter(entering, index, current);
        for handler in handlers_of.of(index) {
            let landing = function.handlers[handler].landing;
            if current.get(landing).is_none() {
                debug_assert_eq!(landings[handler], next);
                current.set(landing, next);
                next += 1;
            }
        }
        let mut define = |register: VirtualRegister, current: &mut Notes<u32>| {
            if register >= globals {
                return if register == NONE { NONE } else { register.wrapping_add(shift) };
            }
            next += 1;
            match fixed[register as usize] {
                NONE => {
                    current.set(register, next - 1);
                    names.of[next as usize - 1]
                }
                name => name,
            }
        };
        let read = |register: VirtualRegister, current: &Notes<u32>| {
            if register >= globals {
                return register.wrapping_add(shift);
            }
            match fixed[register as usize] {
                NONE => names.of[current.get(register).expect("what is read is there") as usize],
                name => name,
            }
        };
        for instruction in &mut block.instructions {
            for operand in &mut instruction.operands {
                if let Operand::Register(register) = operand {
                    *register = read(*register, current);
                }
            }
            instruction.destination = define(instruction.destination, current);
        }
        block.terminator.rename(|register| read(register, current));
        match &mut block.terminator {
            // Read and written as one: both are the same web already.
            Terminator::ForLoop { .. } => next += 1,
            Terminator::ForIter { destination, .. } => {
                *destination = define(*destination, current);
                next += 1;
            }
            _ => {}
        }
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
    let mut segments = entering.first_number(0)..;
    for register in unset {
        *register = match fixed[*register as usize] {
            NONE => names.of[segments.next().expect("it does not end") as usize],
            name => name,
        };
    }
    true
}

impl WebTables {
    /// Tables of a size.
    pub(crate) fn new(size: Size) -> Self {
        Self {
            once: Vec::with_capacity(1),
            several: Vec::with_capacity(1),
            entering: NumberedSets::with_capacity(size.blocks),
            current: Notes::with_capacity(size.registers),
            fixed: Vec::with_capacity(size.registers),
            parents: Vec::with_capacity(size.registers),
            names: Vec::with_capacity(size.registers),
        }
    }

    /// Finds which registers are set in several places, and whether there are any.
    fn find_several(&mut self, function: &Function, unset: &[VirtualRegister]) -> bool {
        let Self { once, several, .. } = self;
        let words = (function.globals as usize).div_ceil(64);
        for table in [&mut *once, &mut *several] {
            table.clear();
            table.resize(words, 0);
        }
        let mut set = |register: VirtualRegister| {
            if register < function.globals {
                let (word, bit) = (register as usize / 64, 1 << (register % 64));
                several[word] |= once[word] & bit;
                once[word] |= bit;
            }
        };
        unset.iter().copied().for_each(&mut set);
        // Who comes to a handler's block brings what the landing register held.
        for handler in function.handlers.iter().filter(|handler| function.blocks[handler.block as usize].is_reachable) {
            set(handler.landing);
            set(handler.landing);
        }
        for block in function.blocks.iter().filter(|block| block.is_reachable) {
            block.instructions.iter().for_each(|instruction| set(instruction.destination));
            block.terminator.for_each_definition(&mut set);
        }
        several.iter().any(|&registers| registers != 0)
    }
}

/// Notes the segments with which registers enter a block, and nothing else.
#[inline]
fn enter(entering: &NumberedSets, block: u32, current: &mut Notes<u32>) {
    current.clear();
    entering.for_each_numbered(block as usize, |segment, register| current.set(register, segment));
}

/// The handlers that begin at each block, in order.
struct HandlersByBlock {
    /// Block and handler, sorted.
    pairs: Vec<(u32, u32)>,
}

impl HandlersByBlock {
    fn new(function: &Function) -> Self {
        // The places of an island's stack are no webs.
        let handlers = (0..).zip(&function.handlers).filter(|(_, handler)| handler.landing < function.globals);
        let mut pairs: Vec<(u32, u32)> = handlers.map(|(number, handler)| (handler.block, number)).collect();
        pairs.sort_unstable();
        Self { pairs }
    }

    #[inline]
    fn of(&self, block: u32) -> impl Iterator<Item = usize> + '_ {
        let first = self.pairs.partition_point(|&(other, _)| other < block);
        self.pairs[first..].iter().take_while(move |&&(other, _)| other == block).map(|&(_, handler)| handler as usize)
    }
}

struct Webs<'l> {
    parents: &'l mut Vec<u32>,
    /// Registers set in several places with which blocks are entered; their numbers are their segments.
    entering: &'l NumberedSets,
    several: &'l [u64],
    /// The segment of each other register.
    fixed: &'l mut [u32],
    /// How many webs there are, as far as segments have been joined.
    count: u32,
}

/// New names: those that cross blocks first, then the others.
struct Names<'n> {
    /// Name of each segment.
    of: &'n [VirtualRegister],
    globals: u32,
    count: u32,
    /// A name that nothing else has, for landing registers of handlers that are never reached.
    spare: VirtualRegister,
}

impl Webs<'_> {
    fn new_segment(&mut self) -> u32 {
        self.count += 1;
        self.parents.push(self.parents.len() as u32);
        self.parents.len() as u32 - 1
    }

    fn is_several(&self, register: VirtualRegister) -> bool {
        self.several[register as usize / 64] >> (register % 64) & 1 != 0
    }

    /// Begins a segment at a definition. What a handler needs is one web throughout the blocks it guards.
    fn define(&mut self, register: VirtualRegister, handler: Option<u32>, current: &mut Notes<u32>) -> u32 {
        let segment = self.new_segment();
        if !self.is_several(register) {
            self.fixed[register as usize] = segment;
            return segment;
        }
        current.set(register, segment);
        if let Some(needed) = handler.and_then(|handler| self.entering.number(handler as usize, register)) {
            self.join(segment, needed);
        }
        segment
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
        self.count -= u32::from(a != b);
        // The older segment stays the root.
        self.parents[a.max(b) as usize] = a.min(b);
    }

    /// Joins what guarded blocks hand over to their handlers wherever an error is raised.
    fn join_guarded(&mut self, function: &Function) {
        for (index, block) in function.blocks.iter().enumerate() {
            if let (true, Some(handler)) = (block.is_reachable, block.handler) {
                let handler = function.handlers[handler as usize].block;
                let entering = self.entering;
                entering.for_each_numbered(handler as usize, |there, register| {
                    let here = entering.number(index, register).expect("guarded blocks need what their handler does");
                    self.join(here, there);
                });
            }
        }
    }

    fn names<'n>(
        &mut self,
        function: &Function,
        live: &LiveSets,
        landings: &[u32],
        named: &mut [u64],
        of: &'n mut Vec<VirtualRegister>,
    ) -> Names<'n> {
        // At first roots get names only.
        of.clear();
        of.resize(self.parents.len(), NONE);
        let mut count = function.parameters;
        for parameter in 0..function.parameters {
            let segment = match self.fixed[parameter as usize] {
                NONE => self.entering.number(0, parameter),
                segment => live.contains(0, parameter).then_some(segment),
            };
            if let Some(segment) = segment {
                of[self.find(segment) as usize] = parameter;
            }
        }
        let mut name = |of: &mut Vec<VirtualRegister>, root: u32| {
            let name = &mut of[root as usize];
            if *name == NONE {
                *name = count;
                count += 1;
            }
        };
        // Names in the order in which registers first enter blocks.
        let mut next = 0;
        let mut enter = |webs: &mut Self, index: u32, bits: u64| {
            // Registers that are one web are looked at once.
            let mut news = bits & !named[index as usize];
            if news == 0 {
                return;
            }
            named[index as usize] |= news & !webs.several[index as usize];
            while news != 0 {
                let register = index * 64 + news.trailing_zeros();
                news &= news - 1;
                let segment = match webs.fixed[register as usize] {
                    NONE => {
                        next += 1;
                        webs.find(next - 1)
                    }
                    segment => segment,
                };
                name(of, segment);
            }
        };
        for block in 0..function.blocks.len() {
            live.for_each_word(block, |index, bits| enter(self, index, bits));
        }
        for &landing in landings.iter().filter(|&&landing| landing != NONE) {
            name(of, self.find(landing));
        }
        let spare = count;
        count += 1;
        let globals = count;
        for segment in 0..self.parents.len() as u32 {
            // A root comes before all others of its web.
            let root = self.find(segment) as usize;
            if of[root] == NONE {
                of[root] = count;
                count += 1;
            }
            of[segment as usize] = of[root];
        }
        Names { of, globals, count, spare }
    }
}
