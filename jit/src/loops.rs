//! What loops read of lists, and which indices a loop keeps within its lists.
//!
//! Where nothing in a loop can change how a list keeps its elements, how many it has and where they are, these are loaded on the ways into the loop, and not looked at in it ([`List`]). Where an index
//! only grows in a loop and was compared with a bound that stays, what it takes for the index to be one of a list at every access is checked on the ways into the loop, and no
//! access checks it ([`Range`]; the checks that loops make anew each time and need not are those of R. Gupta, *Optimizing Array Bound Checks Using Flow Analysis*, 1993).
//!
//! What is said here holds of sets of blocks, however control gets into them: an edge from outside a loop to any block of it is a way in.

use std::collections::{BTreeMap, HashMap, HashSet};

use isa::{Lane, RegisterInstruction, RegisterOp};
use runtime::objects::ElementKind;

use crate::Optimization;
use crate::flow::{Block, Flow};
use crate::lower::Request;
use crate::state::list_kind;

/// A list of which a loop keeps in variables what it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct List {
    /// The register that holds it in the whole loop.
    pub(crate) register: u32,
    /// How it was seen to keep its elements.
    pub(crate) kind: ElementKind,
}

/// What an index stays below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Bound {
    /// What a register holds, which is not written in the loop.
    Register(u32),
    /// This.
    Int(i64),
}

/// What an index is compared with: below it, or no more than it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Limit {
    pub(crate) bound: Bound,
    pub(crate) is_included: bool,
}

/// An index that is one of a list's wherever it is used with it after a comparison.
#[derive(Clone, Debug)]
pub(crate) struct Range {
    /// The register of the index.
    pub(crate) index: u32,
    /// The register of the list.
    pub(crate) list: u32,
    pub(crate) limit: Limit,
    /// Registers by which the index grows, which must not be negative.
    pub(crate) steps: Vec<u32>,
    /// For each block whether the index is known to be below the limit where it begins: whoever gets there from outside checks that.
    holds_at: Vec<bool>,
}

impl Range {
    /// Whether the index must be below the limit on a way into the loop that leads to this block.
    pub(crate) fn holds_at(&self, block: u32) -> bool {
        self.holds_at[block as usize]
    }
}

/// A loop.
#[derive(Debug)]
pub(crate) struct Loop {
    /// The block that control goes back to.
    header: u32,
    is_inside: Vec<bool>,
    pub(crate) lists: Vec<List>,
    pub(crate) ranges: Vec<Range>,
}

impl Loop {
    /// Whether an edge leads into it, from another block or from outside the code.
    pub(crate) fn is_entered(&self, from: Option<u32>, to: u32) -> bool {
        self.is_inside[to as usize] && !from.is_some_and(|from| self.is_inside[from as usize])
    }

    fn blocks(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.is_inside.len() as u32).filter(|&block| self.is_inside[block as usize])
    }
}

/// The loops of a body, outer ones first.
#[derive(Debug, Default)]
pub(crate) struct Loops {
    pub(crate) all: Vec<Loop>,
    /// Accesses whose index needs no check.
    safe: HashSet<u32>,
    /// Additions to a number that was just found to be below something; see [`Loops::growth`].
    growing: HashMap<u32, Bound>,
}

impl Loops {
    /// Finds loops and what they need not look at in each iteration; nothing for those whose header is among `changing`.
    pub(crate) fn find(request: &Request, flow: &Flow, changing: &HashSet<u32>) -> Self {
        if !request.speculates() {
            return Self::default();
        }
        let mut loops = Self { all: natural_loops(flow), ..Self::default() };
        if request.has(Optimization::Elements) && request.has(Optimization::LoopLoads) {
            for number in 0..loops.all.len() {
                if !changing.contains(&loops.all[number].header) {
                    loops.all[number].lists = loops.lists_of(number, request, flow);
                }
            }
        }
        if request.has(Optimization::IndexRanges) {
            loops.find_ranges(request, flow);
            loops.find_growth(request, flow);
        }
        loops.all.retain(|one| !one.lists.is_empty() || !one.ranges.is_empty());
        loops
    }

    /// What a register that holds a list is known to hold in a block, and the number of the loop that has it in variables.
    pub(crate) fn list(&self, block: u32, register: u32) -> Option<(usize, List)> {
        self.all.iter().enumerate().find_map(|(number, one)| {
            let list = one.lists.iter().find(|list| list.register == register)?;
            one.is_inside[block as usize].then_some((number, *list))
        })
    }

    /// Whether the index of an access is known to be one of its list's.
    pub(crate) fn is_safe(&self, pc: u32) -> bool {
        self.safe.contains(&pc)
    }

    /// What a number is below at the addition that makes it larger in each iteration, by so little that the sum is an integer if both are: what is below an integer is below the largest one.
    pub(crate) fn growth(&self, pc: u32) -> Option<Bound> {
        self.growing.get(&pc).copied()
    }

    /// Headers of the loops around a block that keep lists in variables.
    pub(crate) fn headers_with_lists(&self, block: u32) -> impl Iterator<Item = u32> + '_ {
        self.all.iter().filter(move |one| one.is_inside[block as usize] && !one.lists.is_empty()).map(|one| one.header)
    }

    /// The lists that a loop may keep in variables, and no loop around it does.
    fn lists_of(&self, number: usize, request: &Request, flow: &Flow) -> Vec<List> {
        let one = &self.all[number];
        let instructions = || {
            one.blocks().flat_map(|block| {
                let block = &flow.blocks[block as usize];
                block.start..block.end
            })
        };
        if !instructions().all(|pc| keeps_lists(request, pc)) {
            return Vec::new();
        }
        let mut found: BTreeMap<u32, Option<ElementKind>> = BTreeMap::new();
        for pc in instructions() {
            if let Some((lane, register)) = list_of_access(request.body.function.code[pc as usize])
                && !request.doubts.has(pc)
            {
                let seen = &request.seen[pc as usize];
                // An access that was never seen will be taken to be of the same kind.
                if seen.kinds[lane] == 0 {
                    continue;
                }
                let kind = list_kind(seen, lane);
                found.entry(register).and_modify(|known| *known = known.filter(|_| kind == *known)).or_insert(kind);
            }
        }
        let may_be_kept = |register: u32| {
            self.list(one.header, register).is_none()
                && stays(one, request, flow, register)
                && one.blocks().all(|block| !request.doubts.has_register(flow.blocks[block as usize].start, register))
        };
        let kept = found.into_iter().filter(|&(register, _)| may_be_kept(register));
        kept.filter_map(|(register, kind)| Some(List { register, kind: kind? })).collect()
    }

    fn find_growth(&mut self, request: &Request, flow: &Flow) {
        for one in &self.all {
            for block in one.blocks() {
                let &Block { start, end, .. } = &flow.blocks[block as usize];
                for pc in start..end {
                    let instruction = request.body.function.code[pc as usize];
                    let [index, from, by] = instruction.lanes();
                    if instruction.op() != RegisterOp::AddInt || index != from || by as i16 <= 0 {
                        continue;
                    }
                    let index = u32::from(index);
                    let suffices = |limit: &&Limit| match limit.bound {
                        Bound::Register(_) => by == 1 && !limit.is_included,
                        Bound::Int(_) => true,
                    };
                    let is_known = |&limit: &&Limit| {
                        let killed_by = |pc| kills(request, pc, index, *limit);
                        was_below(one, request, flow, index, *limit)[block as usize] && !(start..pc).any(killed_by)
                    };
                    let limits = limits_in(one, request, flow, index);
                    if let Some(limit) = limits.iter().filter(suffices).find(is_known) {
                        self.growing.insert(pc, limit.bound);
                    }
                }
            }
        }
    }

    fn find_ranges(&mut self, request: &Request, flow: &Flow) {
        for number in (0..self.all.len()).rev() {
            let one = &self.all[number];
            if one.blocks().any(|block| request.doubts.has_range(flow.blocks[block as usize].start)) {
                continue;
            }
            let mut accesses: BTreeMap<(u32, u32), Vec<(u32, u32)>> = BTreeMap::new();
            for block in one.blocks() {
                let &Block { start, end, .. } = &flow.blocks[block as usize];
                for pc in (start..end).filter(|pc| !self.safe.contains(pc)) {
                    let Some((list, index)) = element_of_access(request.body.function.code[pc as usize]) else {
                        continue;
                    };
                    // The list must be known on the way into the loop: it, or one around it, has it in variables.
                    let is_kept = |(number, _): (usize, List)| {
                        one.blocks().all(|block| self.all[number].is_inside[block as usize])
                    };
                    if self.list(block, list).is_some_and(is_kept) {
                        accesses.entry((list, index)).or_default().push((block, pc));
                    }
                }
            }
            let (mut ranges, mut safe) = (Vec::new(), Vec::new());
            for ((list, index), places) in accesses {
                let Some(steps) = steps_of(one, request, flow, index) else { continue };
                for limit in limits_of(one, request, flow, index) {
                    let holds_at = below(one, request, flow, index, limit);
                    let known = |&&(block, pc): &&(u32, u32)| {
                        let start = flow.blocks[block as usize].start;
                        holds_at[block as usize] && !(start..pc).any(|before| writes(request, before, index))
                    };
                    let known: Vec<u32> = places.iter().filter(known).map(|&(_, pc)| pc).collect();
                    if !known.is_empty() {
                        safe.extend(known);
                        ranges.push(Range { index, list, limit, steps, holds_at });
                        break;
                    }
                }
            }
            self.all[number].ranges = ranges;
            self.safe.extend(safe);
        }
    }
}

/// The natural loops of the reached blocks, by header, those of more blocks first. Those that are entered past their header by a jump have none here.
fn natural_loops(flow: &Flow) -> Vec<Loop> {
    let count = flow.blocks.len();
    let mut position = vec![usize::MAX; count];
    for (at, &block) in flow.order.iter().enumerate() {
        position[block as usize] = at;
    }
    let mut before: Vec<Vec<u32>> = vec![Vec::new(); count];
    for &block in &flow.order {
        for &successor in &flow.blocks[block as usize].successors {
            before[successor as usize].push(block);
        }
    }
    let mut all = Vec::new();
    for &header in &flow.order {
        let goes_back = |&&from: &&u32| position[from as usize] >= position[header as usize];
        let mut open: Vec<u32> = before[header as usize].iter().filter(goes_back).copied().collect();
        if open.is_empty() {
            continue;
        }
        let mut is_inside = vec![false; count];
        is_inside[header as usize] = true;
        let mut is_natural = true;
        while let Some(block) = open.pop() {
            if !std::mem::replace(&mut is_inside[block as usize], true) {
                is_natural &= position[block as usize] > position[header as usize];
                open.extend(&before[block as usize]);
            }
        }
        if is_natural {
            all.push(Loop { header, is_inside, lists: Vec::new(), ranges: Vec::new() });
        }
    }
    all.sort_by_key(|one| std::cmp::Reverse(one.blocks().count()));
    all
}

/// Whether an instruction leaves every list with as many elements, kept in the same way in the same place. Of [`RegisterOp::SetIndexReg`] that is known only when code is made of it.
fn keeps_lists(request: &Request, pc: u32) -> bool {
    use RegisterOp as R;
    let instruction = request.body.function.code[pc as usize];
    match instruction.op() {
        R::NopReg | R::LoadInt | R::LoadReg | R::LoadUnset | R::MovReg | R::PushReg | R::PopReg => true,
        R::LoadSpill | R::StoreSpill | R::LoadVarReg | R::StoreReg | R::LoadCaptureReg => true,
        R::LoadCaptureCellReg | R::StoreCaptureCellReg | R::LoadCellReg | R::StoreCellReg => true,
        R::CheckReg | R::IsSetReg | R::NotReg | R::ToBoolReg | R::MeterReg | R::JumpReg | R::LoopReg => true,
        R::JumpIfNotNullReg | R::JumpIfFalseReg | R::JumpIfTrueReg | R::LoopIfTrueReg => true,
        R::CountedLoop | R::ForLoopReg | R::ForPrepareReg | R::ForIterReg | R::ForPairReg => true,
        R::NegReg | R::AddReg | R::SubReg | R::MulReg | R::DivReg | R::ModReg => true,
        R::AddInt | R::SubInt | R::MulInt | R::DivInt | R::ModInt => true,
        R::AddConst | R::SubConst | R::MulConst | R::DivConst | R::ModConst => true,
        R::ConstAdd | R::ConstSub | R::ConstMul | R::ConstDiv => true,
        R::EqReg | R::NeqReg | R::LtReg | R::GtReg | R::LteReg | R::GteReg => true,
        R::IndexReg | R::SetIndexReg | R::GetLengthReg | R::GetAttrReg | R::SetAttrReg => true,
        R::CallBuiltinReg => {
            let builtin = request.code.builtins.get(usize::from(instruction.b));
            builtin.is_some_and(|name| matches!(&**name, "max" | "min" | "abs" | "sqrt" | "int" | "float"))
        }
        op if comparison(op).is_some() => true,
        R::JumpEq | R::JumpNeq | R::JumpEqInt | R::JumpNeqInt | R::JumpEqConst | R::JumpNeqConst => true,
        // The callee's code takes the place of the call.
        _ => request.body.entered(pc).is_some(),
    }
}

/// The lane and the register of the list that an instruction reads or sets an element of, or the length.
fn list_of_access(instruction: RegisterInstruction) -> Option<(usize, u32)> {
    let [a, b, _] = instruction.lanes().map(u32::from);
    match instruction.op() {
        RegisterOp::IndexReg | RegisterOp::ForIterReg | RegisterOp::ForPairReg => Some((1, b)),
        RegisterOp::SetIndexReg => Some((0, a)),
        _ => None,
    }
}

/// The registers of the list and of the index by which an instruction reads or sets an element.
fn element_of_access(instruction: RegisterInstruction) -> Option<(u32, u32)> {
    let [a, b, c] = instruction.lanes().map(u32::from);
    match instruction.op() {
        RegisterOp::IndexReg => Some((b, c)),
        RegisterOp::SetIndexReg => Some((a, b)),
        _ => None,
    }
}

/// Whether an instruction writes a register, or loses it.
fn writes(request: &Request, pc: u32, register: u32) -> bool {
    request.body.operands(pc).writes.contains(&register)
        || request.body.lost_from(pc).is_some_and(|first| register >= first)
}

/// Whether a register is live in all of a loop and written nowhere in it.
fn stays(one: &Loop, request: &Request, flow: &Flow, register: u32) -> bool {
    one.blocks().all(|block| {
        let block = &flow.blocks[block as usize];
        block.live.contains(register) && !(block.start..block.end).any(|pc| writes(request, pc, register))
    })
}

/// Registers by which an index grows in a loop; nothing if it does anything else there, or not at all.
fn steps_of(one: &Loop, request: &Request, flow: &Flow, index: u32) -> Option<Vec<u32>> {
    use RegisterOp as R;
    let mut steps = Vec::new();
    for block in one.blocks() {
        let block = &flow.blocks[block as usize];
        if !block.live.contains(index) {
            return None;
        }
        for pc in (block.start..block.end).filter(|&pc| writes(request, pc, index)) {
            let instruction = request.body.function.code[pc as usize];
            let [a, b, c] = instruction.lanes().map(u32::from);
            match instruction.op() {
                R::CountedLoop if a == index => {}
                R::AddInt if (a, b) == (index, index) && c as i16 >= 0 => {}
                R::AddReg if a == index && (b == index) != (c == index) => {
                    let step = if b == index { c } else { b };
                    if !stays(one, request, flow, step) {
                        return None;
                    }
                    steps.push(step);
                }
                _ => return None,
            }
        }
    }
    steps.sort_unstable();
    steps.dedup();
    Some(steps)
}

/// What a comparison of integers says of the left side.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Relation {
    Below,
    NotAbove,
    Above,
    NotBelow,
}

impl Relation {
    fn negated(self) -> Self {
        match self {
            Self::Below => Self::NotBelow,
            Self::NotAbove => Self::Above,
            Self::Above => Self::NotAbove,
            Self::NotBelow => Self::Below,
        }
    }
}

/// Whether the right side of a branch is a register, and what holds where it is taken.
fn comparison(op: RegisterOp) -> Option<(bool, Relation)> {
    use RegisterOp as R;
    Some(match op {
        R::JumpLt => (true, Relation::Below),
        R::JumpNotLt => (true, Relation::NotBelow),
        R::JumpGt => (true, Relation::Above),
        R::JumpNotGt => (true, Relation::NotAbove),
        R::JumpLte => (true, Relation::NotAbove),
        R::JumpNotLte => (true, Relation::Above),
        R::JumpGte => (true, Relation::NotBelow),
        R::JumpNotGte => (true, Relation::Below),
        R::JumpLtInt => (false, Relation::Below),
        R::JumpNotLtInt => (false, Relation::NotBelow),
        R::JumpGtInt => (false, Relation::Above),
        R::JumpNotGtInt => (false, Relation::NotAbove),
        R::JumpLteInt => (false, Relation::NotAbove),
        R::JumpNotLteInt => (false, Relation::Above),
        R::JumpGteInt => (false, Relation::NotBelow),
        R::JumpNotGteInt => (false, Relation::Below),
        R::JumpLtConst | R::JumpNotLtConst | R::JumpGtConst | R::JumpNotGtConst => (false, Relation::Above),
        R::JumpLteConst | R::JumpNotLteConst | R::JumpGteConst | R::JumpNotGteConst => (false, Relation::Above),
        _ => return None,
    })
}

/// The limits that an index is below where a block's last instruction is left for another one.
fn limits_on_edge(request: &Request, flow: &Flow, from: u32, to: u32, index: u32) -> Vec<Limit> {
    let block = &flow.blocks[from as usize];
    let pc = block.end - 1;
    let instruction = request.body.function.code[pc as usize];
    let Some(jump) = instruction.jump(pc) else { return Vec::new() };
    let (is_taken, falls) = (flow.starts(jump.target, to), flow.starts(pc + 1, to));
    if is_taken == falls {
        return Vec::new();
    }
    let (left, right) = (u32::from(instruction.a), u32::from(instruction.b));
    if instruction.op() == RegisterOp::CountedLoop {
        let limit = Limit { bound: Bound::Register(right), is_included: false };
        return if left == index && is_taken { vec![limit] } else { Vec::new() };
    }
    let Some((has_register, taken)) = comparison(instruction.op()) else { return Vec::new() };
    let right = match (has_register, instruction.op()) {
        (true, _) => Bound::Register(right),
        (false, op) if is_with_constant(op) => return Vec::new(),
        (false, _) => Bound::Int(i64::from(instruction.b as i16)),
    };
    let relation = if is_taken { taken } else { taken.negated() };
    let mut limits = Vec::new();
    if left == index {
        match relation {
            Relation::Below => limits.push(Limit { bound: right, is_included: false }),
            Relation::NotAbove => limits.push(Limit { bound: right, is_included: true }),
            Relation::Above | Relation::NotBelow => {}
        }
    }
    if right == Bound::Register(index) {
        let bound = Bound::Register(left);
        match relation {
            Relation::Above => limits.push(Limit { bound, is_included: false }),
            Relation::NotBelow => limits.push(Limit { bound, is_included: true }),
            Relation::Below | Relation::NotAbove => {}
        }
    }
    limits
}

/// Whether a branch compares with a constant by number.
fn is_with_constant(op: RegisterOp) -> bool {
    op.facts().lanes.contains(&Lane::Constant)
}

/// All limits that an index is compared with in a loop.
fn limits_in(one: &Loop, request: &Request, flow: &Flow, index: u32) -> Vec<Limit> {
    let mut all = Vec::new();
    for from in one.blocks() {
        for &to in flow.blocks[from as usize].successors.iter().filter(|&&to| one.is_inside[to as usize]) {
            all.extend(limits_on_edge(request, flow, from, to, index));
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// Those of them that stay.
fn limits_of(one: &Loop, request: &Request, flow: &Flow, index: u32) -> Vec<Limit> {
    let mut all = limits_in(one, request, flow, index);
    all.retain(|limit| match limit.bound {
        Bound::Register(register) => stays(one, request, flow, register),
        Bound::Int(_) => true,
    });
    all
}

/// For each block of a loop whether an index is below a limit where it begins, if that is so on all ways into the loop.
fn below(one: &Loop, request: &Request, flow: &Flow, index: u32, limit: Limit) -> Vec<bool> {
    let mut holds = one.is_inside.clone();
    let holds_behind = |from: u32, to: u32, at_start: bool| {
        let block = &flow.blocks[from as usize];
        limits_on_edge(request, flow, from, to, index).contains(&limit)
            || at_start && !(block.start..block.end).any(|pc| writes(request, pc, index))
    };
    let mut changes = true;
    while changes {
        changes = false;
        for from in one.blocks() {
            for &to in &flow.blocks[from as usize].successors {
                if holds[to as usize] && !holds_behind(from, to, holds[from as usize]) {
                    holds[to as usize] = false;
                    changes = true;
                }
            }
        }
    }
    holds
}

/// Whether an instruction changes an index or what it was compared with.
fn kills(request: &Request, pc: u32, index: u32, limit: Limit) -> bool {
    writes(request, pc, index) || matches!(limit.bound, Bound::Register(bound) if writes(request, pc, bound))
}

/// For each block of a loop whether an index was found to be below a limit on all ways to where it begins, and neither has changed since. That is so too where code is entered from outside: the
/// interpreter has gone one of these ways.
fn was_below(one: &Loop, request: &Request, flow: &Flow, index: u32, limit: Limit) -> Vec<bool> {
    let mut holds = one.is_inside.clone();
    let handlers = &request.body.function.handlers;
    for block in one.blocks() {
        let start = flow.blocks[block as usize].start;
        holds[block as usize] &= start != 0 && !handlers.iter().any(|handler| handler.target == start);
    }
    let mut changes = true;
    while changes {
        changes = false;
        for (from, block) in (0..).zip(&flow.blocks) {
            let stays = holds[from as usize] && !(block.start..block.end).any(|pc| kills(request, pc, index, limit));
            for &to in block.successors.iter().filter(|&&to| one.is_inside[to as usize]) {
                if holds[to as usize] && !stays && !limits_on_edge(request, flow, from, to, index).contains(&limit) {
                    holds[to as usize] = false;
                    changes = true;
                }
            }
        }
    }
    holds
}
