//! Splits virtual registers into webs: parts that no value connects become registers of their own.
//!
//! A slot of the stack form holds one variable after another: the compiler's temporaries are reused, and a program may use one name for
//! several things. A *web* (Muchnick, Advanced Compiler Design and Implementation, §16.3) is a maximal set of definitions and uses that
//! reach each other. Webs have shorter live ranges than slots, and a web that is always set to the same constant is that constant.
//!
//! Between two definitions in a block, a register has a *segment*; segments are joined along the edges where the register is live, and into
//! the handler of a guarded block where the handler needs it. What remains apart is a web. Most registers are set in one place only: those are
//! one web each, and have one segment.

use optimizer::liveness::{LiveSets, Liveness, Node, NumberedSets, ones};

use crate::Size;
use crate::tac::{Function, NONE, Operand, Terminator, VirtualRegister};

/// What is alive where blocks begin may be so many registers over all blocks, and so many more for each instruction; with more the function
/// is left as it is. A segment is made of each, and only code that is made to keep the converter busy comes near.
const LARGEST: usize = 1 << 16;
const LARGEST_PER_INSTRUCTION: usize = 16;

/// Tables of the splitting of one function after the other.
#[derive(Debug, Default)]
pub(crate) struct WebTables {
    /// Registers that are set in several places, and those that are set at all.
    pub(crate) places: Places,
    /// Where webs have been followed to.
    followed: Vec<Followed>,
    /// Registers that are one web and have a name.
    named: Vec<u64>,
    /// With which of the registers set in several places blocks are entered.
    entering: NumberedSets,
    /// The segment of each of these, by its number.
    segments: Vec<u32>,
    /// The segment that each of them has at the point reached if it is live there, and then the name of that.
    current: Vec<u32>,
    /// The one segment of each other register, and then the name of that.
    fixed: Vec<u32>,
    /// Segments that belong together, as trees.
    parents: Vec<u32>,
    /// Name of each segment.
    names: Vec<VirtualRegister>,
}

/// In how many places registers are set that cross blocks. A bit of each list stands for one of them.
#[derive(Debug, Default)]
pub(crate) struct Places {
    registers: u32,
    once: Vec<u64>,
    several: Vec<u64>,
    /// Registers that are set several times in one block, where there are few.
    twice: u64,
}

impl Places {
    /// None of so many registers is set anywhere.
    pub(crate) fn begin(&mut self, registers: u32) {
        (self.registers, self.twice) = (registers, 0);
        for table in [&mut self.once, &mut self.several] {
            table.clear();
            table.resize((registers as usize).div_ceil(64), 0);
        }
    }

    /// A register is set in one more place, if it is one of those.
    #[inline]
    pub(crate) fn set(&mut self, register: VirtualRegister) {
        if register < self.registers {
            let (word, bit) = (register as usize / 64, 1 << (register % 64));
            self.several[word] |= self.once[word] & bit;
            self.once[word] |= bit;
        }
    }

    /// Some registers are set in a block, some of them several times, where there are few.
    pub(crate) fn set_few(&mut self, registers: u64, twice: u64) {
        if let ([once], [several]) = (&mut self.once[..], &mut self.several[..]) {
            *several |= *once & registers | twice;
            *once |= registers;
            self.twice |= twice;
        }
    }

    fn is_several(&self, register: VirtualRegister) -> bool {
        self.several[register as usize / 64] >> (register % 64) & 1 != 0
    }
}

/// What became of a function's registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Split {
    /// Each is one web already, as most are, or there are too many.
    Unchanged,
    /// They have other names, by which what is live is known as well.
    Renamed,
    /// They have other names, and what is live has to be found anew.
    RenamedWithoutLiveness,
}

/// Renames the virtual registers of a function so that each is one web. `live` are those that are live at the borders of blocks; `unset` are
/// those that are live when the function begins. The function's [`Places`] are those of its instructions, and `nodes` say what its blocks do
/// where registers are few.
pub(crate) fn split_webs(
    function: &mut Function,
    nodes: &[Node],
    live: &mut Liveness,
    unset: &mut [VirtualRegister],
    tables: &mut WebTables,
) -> Split {
    let is_small = live.entering.are_at_most(LARGEST) || {
        let instructions: usize = function.blocks.iter().map(|block| block.instructions.len() + 1).sum();
        live.entering.are_at_most(LARGEST + LARGEST_PER_INSTRUCTION * instructions)
    };
    if !is_small {
        return Split::Unchanged;
    }
    let WebTables { places, followed, named, entering, segments, current, fixed, parents, names } = tables;
    // Where the function begins counts as a place.
    unset.iter().for_each(|&register| places.set(register));
    // Who comes to a handler's block brings what the landing register held.
    for handler in function.handlers.iter().filter(|handler| handler.landing < function.globals) {
        if function.blocks[handler.block as usize].is_reachable {
            places.set(handler.landing);
            places.set(handler.landing);
        }
    }
    if let [several] = &mut places.several[..]
        && *several != 0
    {
        *several = torn(function, nodes, live, *several, places.twice, followed);
    }
    if places.several.iter().all(|&registers| registers == 0) {
        return Split::Unchanged;
    }
    let globals = function.globals;
    let registers: u32 = places.once.iter().map(|registers| registers.count_ones()).sum();
    entering.restrict(&live.entering, &places.several);
    segments.clear();
    segments.resize(entering.len() as usize, NONE);
    fixed.clear();
    fixed.resize(globals as usize, NONE);
    current.resize(globals as usize, NONE);
    parents.clear();
    let mut webs = Webs { parents, entering, segments, places, fixed, count: 0 };
    for (word, (once, several)) in (0..).zip(places.once.iter().zip(&places.several)) {
        ones(once & !several).for_each(|bit| webs.fixed[word * 64 + bit as usize] = webs.new_segment());
    }
    let first = webs.parents.len() as u32;
    let handlers_of = HandlersByBlock::new(function);
    // First walk: number segments in the order in which they are met, and join them.
    let mut landings = vec![NONE; function.handlers.len()];
    for index in 0..function.blocks.len() {
        let block = &function.blocks[index];
        if !block.is_reachable {
            continue;
        }
        entering.for_each_numbered(index, |number, register| {
            if webs.segments[number as usize] == NONE {
                webs.segments[number as usize] = webs.new_segment();
            }
            current[register as usize] = webs.segments[number as usize];
        });
        let mut landed = None;
        for handler in handlers_of.of(index as u32) {
            let landing = function.handlers[handler].landing;
            landings[handler] = *landed.get_or_insert_with(|| match entering.number(index, landing) {
                Some(number) => webs.segments[number as usize],
                None if webs.places.is_several(landing) => webs.new_segment(),
                None => webs.fixed[landing as usize],
            });
            current[landing as usize] = landings[handler];
        }
        let handler = block.handler.map(|handler| function.handlers[handler as usize].block);
        for instruction in &block.instructions {
            if instruction.destination < globals {
                webs.define(instruction.destination, handler, current);
            }
        }
        let counted = counted(&block.terminator);
        block.terminator.for_each_definition(|register| {
            if register < globals {
                let before = current[register as usize];
                let after = webs.define(register, handler, current);
                if register == counted && webs.places.is_several(register) {
                    webs.join(before, after);
                }
            }
        });
        block.terminator.for_each_successor(|successor| {
            entering.for_each_numbered(successor as usize, |there, register| {
                webs.bring(current[register as usize], there);
            });
        });
    }
    webs.join_guarded(function);
    if webs.count == registers {
        return Split::Unchanged;
    }
    let names = webs.names(function, &live.entering, &landings, named, names);
    for fixed in fixed.iter_mut().filter(|fixed| **fixed != NONE) {
        *fixed = names.of[*fixed as usize];
    }
    // Second walk: the same segments in the same order, renamed.
    let mut next = first;
    // There may be fewer names than there were registers.
    let shift = names.count.wrapping_sub(globals);
    for index in 0..function.blocks.len() {
        let block = &mut function.blocks[index];
        if !block.is_reachable {
            block.instructions.clear();
            block.terminator = Terminator::Jump(0);
            continue;
        }
        entering.for_each_numbered(index, |number, register| {
            let segment = segments[number as usize];
            next += u32::from(segment == next);
            current[register as usize] = names.of[segment as usize];
        });
        for handler in handlers_of.of(index as u32) {
            let segment = landings[handler];
            next += u32::from(segment == next);
            current[function.handlers[handler].landing as usize] = names.of[segment as usize];
        }
        let mut define = |register: VirtualRegister, current: &mut [u32]| {
            if register >= globals {
                return if register == NONE { NONE } else { register.wrapping_add(shift) };
            }
            match fixed[register as usize] {
                NONE => {
                    let name = names.of[next as usize];
                    next += 1;
                    current[register as usize] = name;
                    name
                }
                name => name,
            }
        };
        let read = |register: VirtualRegister, current: &[u32]| {
            if register >= globals {
                return register.wrapping_add(shift);
            }
            match fixed[register as usize] {
                NONE => current[register as usize],
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
        let counted = counted(&block.terminator);
        let is_counted_several = counted < globals && places.is_several(counted);
        block.terminator.rename(|register| read(register, current));
        match &mut block.terminator {
            // Read and written as one: both are the same web already.
            Terminator::ForLoop { .. } => next += u32::from(is_counted_several),
            Terminator::ForIter { destination, .. } => {
                *destination = define(*destination, current);
                next += u32::from(is_counted_several);
            }
            _ => {}
        }
    }
    for (handler, landing) in function.handlers.iter_mut().zip(landings) {
        handler.landing = match landing {
            // A place of an island's stack, which is no web.
            _ if handler.landing >= globals => handler.landing - globals + names.count,
            NONE => names.spare,
            landing => names.of[landing as usize],
        };
    }
    function.first_place = function.first_place - globals + names.count;
    function.registers = function.registers - globals + names.count;
    function.globals = names.globals;
    let mut numbers = entering.first_number(0)..;
    for register in unset {
        *register = match fixed[*register as usize] {
            NONE => names.of[segments[numbers.next().expect("it does not end") as usize] as usize],
            name => name,
        };
    }
    if function.globals > u64::BITS || !live.entering.is_of_few() {
        return Split::RenamedWithoutLiveness;
    }
    live.rename(
        |block, registers| {
            let mut renamed = 0;
            ones(registers & !places.several[0]).for_each(|register| renamed |= 1 << fixed[register as usize]);
            entering.for_each_numbered(block, |number, _| renamed |= 1 << names.of[segments[number as usize] as usize]);
            renamed
        },
        |block| function.ways(block),
    );
    Split::Renamed
}

/// The register that a loop's terminator counts with, if it is one.
fn counted(terminator: &Terminator) -> VirtualRegister {
    match *terminator {
        Terminator::ForLoop { counter, .. } => counter,
        Terminator::ForIter { position, .. } => position,
        _ => NONE,
    }
}

/// Where a block begins: registers that belong to the web which a register's first place is of.
#[derive(Clone, Copy, Debug, Default)]
struct Followed {
    /// What is live there.
    entering: u64,
    /// What of that was followed to there.
    reached: u64,
    /// What of that is the same where the block ends.
    passing: u64,
}

/// Of the registers set in several places those that may be several webs, where there are few. All are followed at once from where each is
/// met first: who has not been followed everywhere is several webs. What is live where a block ends is live where another begins.
fn torn(
    function: &Function,
    nodes: &[Node],
    live: &Liveness,
    several: u64,
    twice: u64,
    followed: &mut Vec<Followed>,
) -> u64 {
    let blocks = function.blocks.len();
    let (Some(entering), Some(leaving)) = (live.entering.few(), live.leaving.few()) else { return several };
    followed.clear();
    let mut met = 0;
    followed.extend(entering.iter().map(|&entering| {
        let reached = entering & !met;
        met |= entering;
        Followed { entering, reached, passing: 0 }
    }));
    followed.push(Followed::default());
    // What is set and not live at the end of its block is a web of its own.
    let (mut local, mut torn) = (0, twice);
    for (block, (node, source)) in nodes[..blocks].iter().zip(&function.blocks).enumerate() {
        let ended = node.definitions & !leaving[block];
        torn |= ended & local;
        local |= ended;
        // A counter stays what it is, and so does what a handler needs in the blocks it guards.
        let counted = counted(&source.terminator);
        let kept = u64::from(counted < u64::BITS) << (counted % u64::BITS);
        let needed = followed[node.handler as usize].entering;
        followed[block].passing = entering[block] & leaving[block] & (!node.definitions | kept | needed);
        follow(followed, node, block);
    }
    torn |= local & met;
    let missing = |followed: &[Followed]| {
        let missing = followed.iter().fold(0, |all, block| all | block.entering & !block.reached);
        missing & several & !torn
    };
    // Forward once is enough for most code; the ways of loops may take longer.
    const ROUNDS: usize = 3;
    for round in 0..ROUNDS {
        if missing(followed) == 0 {
            break;
        }
        if round % 2 == 0 {
            nodes[..blocks].iter().enumerate().rev().for_each(|(block, node)| follow(followed, node, block));
        } else {
            nodes[..blocks].iter().enumerate().for_each(|(block, node)| follow(followed, node, block));
        }
    }
    torn & several | missing(followed)
}

/// Goes with webs from the beginning of a block to its end, and to where control goes from there; and back.
#[inline]
fn follow(followed: &mut [Followed], node: &Node, block: usize) {
    let [first, second] = node.successors;
    let ways = [first, second, node.handler].map(|way| way as usize);
    let Followed { reached, passing, .. } = followed[block];
    let leaving = ways.iter().fold(reached & passing, |leaving, &way| leaving | followed[way].reached);
    for way in ways {
        let way = &mut followed[way];
        way.reached |= leaving & way.entering;
    }
    followed[block].reached |= leaving & passing;
}

impl WebTables {
    /// Tables of a size.
    pub(crate) fn new(size: Size) -> Self {
        Self {
            places: Places { once: Vec::with_capacity(1), several: Vec::with_capacity(1), ..Places::default() },
            followed: Vec::with_capacity(size.blocks + 1),
            named: Vec::with_capacity(1),
            entering: NumberedSets::with_capacity(size.blocks),
            segments: Vec::with_capacity(size.registers),
            current: Vec::with_capacity(size.registers),
            fixed: Vec::with_capacity(size.registers),
            parents: Vec::with_capacity(size.registers),
            names: Vec::with_capacity(size.registers),
        }
    }
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
    /// Registers set in several places with which blocks are entered.
    entering: &'l NumberedSets,
    /// The segment of each of these, by its number, or [`NONE`] as long as none is known.
    segments: &'l mut [u32],
    places: &'l Places,
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

    /// Begins a segment at a definition. What a handler needs is one web throughout the blocks it guards.
    #[inline]
    fn define(&mut self, register: VirtualRegister, handler: Option<u32>, current: &mut [u32]) -> u32 {
        if !self.places.is_several(register) {
            return self.fixed[register as usize];
        }
        let segment = self.new_segment();
        current[register as usize] = segment;
        if let Some(needed) = handler.and_then(|handler| self.entering.number(handler as usize, register)) {
            self.bring(segment, needed);
        }
        segment
    }

    /// Brings a segment to where a block needs it. Mostly it is the one that others bring, or the first.
    #[inline]
    fn bring(&mut self, segment: u32, number: u32) {
        match self.segments[number as usize] {
            NONE => self.segments[number as usize] = segment,
            there if there == segment => {}
            there => self.join(there, segment),
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
        self.count -= u32::from(a != b);
        // The older segment stays the root.
        self.parents[a.max(b) as usize] = a.min(b);
    }

    /// Joins what guarded blocks hand over to their handlers wherever an error is raised.
    fn join_guarded(&mut self, function: &Function) {
        if function.handlers.is_empty() {
            return;
        }
        for (index, block) in function.blocks.iter().enumerate() {
            if let (true, Some(handler)) = (block.is_reachable, block.handler) {
                let handler = function.handlers[handler as usize].block;
                let entering = self.entering;
                entering.for_each_numbered(handler as usize, |there, register| {
                    let here = entering.number(index, register).expect("guarded blocks need what their handler does");
                    self.bring(self.segments[here as usize], there);
                });
            }
        }
    }

    fn names<'n>(
        &mut self,
        function: &Function,
        live: &LiveSets,
        landings: &[u32],
        named: &mut Vec<u64>,
        of: &'n mut Vec<VirtualRegister>,
    ) -> Names<'n> {
        named.clear();
        named.resize(self.places.several.len(), 0);
        // At first roots get names only.
        of.clear();
        of.resize(self.parents.len(), NONE);
        let mut count = function.parameters;
        for parameter in 0..function.parameters {
            let segment = match self.fixed[parameter as usize] {
                NONE => self.entering.number(0, parameter).map(|number| self.segments[number as usize]),
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
            named[index as usize] |= news & !webs.places.several[index as usize];
            while news != 0 {
                let register = index * 64 + news.trailing_zeros();
                news &= news - 1;
                let segment = match webs.fixed[register as usize] {
                    NONE => {
                        next += 1;
                        webs.find(webs.segments[next - 1])
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
