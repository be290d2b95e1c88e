//! Common subexpression elimination: what is known to have been computed already is not computed again.
//!
//! Every value gets a number: the same operation on values of the same numbers, with memory as it was, gives a value of the same number. An
//! expression whose number was seen before cannot fail and has no effect, because the first one succeeded, so any local that still holds the value
//! will do instead. If there is none, the first value is kept in a new local, provided that this pays.
//!
//! What holds at the end of a block holds in a block that control enters from there only, so numbers go down the tree of such blocks.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use isa::StackOp;
use isa::table::Effects;
use smallvec::SmallVec;

use crate::body::{Body, Instruction};
use crate::kinds::{Kinds, LocalKinds, local_kinds, walk};
use crate::locals;
use crate::operands::expression_start;
use crate::pass::{Context, Pass};

/// See the [module](self).
#[derive(Clone, Copy, Debug)]
pub struct Common;

/// Number of a value.
type Number = u32;

/// What a value is: operation, operand, numbers of the operands, and of the memory if the operation reads it.
type Term = (StackOp, u32, SmallVec<[Number; 3]>, u32);

/// What is known at a place.
#[derive(Clone, Default)]
struct Known {
    numbers: HashMap<Term, Number>,
    /// Numbers of the values of locals.
    locals: HashMap<u32, Number>,
    /// A local that got the value when it was stored; it may have another one by now.
    holders: HashMap<Number, u32>,
    memory: u32,
}

/// An instruction: block and index.
type Place = (usize, usize);

/// Where so many instructions go, and which come.
type Edit = (Place, usize, SmallVec<[(StackOp, u32); 2]>);

/// An expression that was computed before.
struct Repetition {
    block: usize,
    /// Its first and its last instruction.
    start: usize,
    end: usize,
    number: Number,
    /// A local that holds the value.
    holder: Option<u32>,
}

/// Terms known at a place are forgotten when there are more than these, so that handing them down stays cheap.
const MOST_TERMS: usize = 400;

impl Pass for Common {
    fn name(&self) -> &'static str {
        "common"
    }

    fn about(&self) -> &'static str {
        "common subexpression elimination: what was computed already is loaded"
    }

    fn run(&self, body: &mut Body, context: &mut Context<'_>) -> u64 {
        let Some(kinds) = local_kinds(body, context) else { return 0 };
        let mut finder = Finder { next: 0, first: HashMap::new(), found: Vec::new() };
        finder.search(body, context, kinds);
        replace(body, context, finder)
    }
}

struct Finder {
    next: Number,
    /// Where each number was first computed by an operation.
    first: HashMap<Number, Place>,
    found: Vec<Repetition>,
}

impl Finder {
    fn fresh(&mut self) -> Number {
        self.next += 1;
        self.next
    }

    fn search(&mut self, body: &Body, context: &Context<'_>, kinds: Vec<Option<LocalKinds>>) {
        let ways = body.ways_in();
        let mut arriving: Vec<Option<Rc<Known>>> = vec![None; body.blocks.len()];
        for (block, kinds) in kinds.into_iter().enumerate() {
            let Some(mut kinds) = kinds else { continue };
            let mut known = arriving[block].take().map_or_else(Known::default, |known| (*known).clone());
            if known.memory == 0 || known.numbers.len() > MOST_TERMS {
                known = Known { memory: self.fresh(), ..Known::default() };
            }
            self.block(block, &body.blocks[block].code, context, &mut known, &mut kinds);
            let known = Rc::new(known);
            for successor in body.successors(block).into_iter().map(|successor| successor as usize) {
                if ways[successor] == 1 && successor > block {
                    arriving[successor] = Some(Rc::clone(&known));
                }
            }
        }
    }

    fn block(
        &mut self,
        block: usize,
        code: &[Instruction],
        context: &Context<'_>,
        known: &mut Known,
        kinds: &mut LocalKinds,
    ) {
        let mut stack: Vec<Number> = Vec::new();
        walk(code, context, kinds, |at, operand_kinds, _| {
            let instruction = code[at];
            let pops = instruction.pops();
            while stack.len() < pops {
                let below = self.fresh();
                stack.insert(0, below);
            }
            let operands: SmallVec<[Number; 3]> = stack.drain(stack.len() - pops..).collect();
            let result = match instruction.op {
                StackOp::LoadLocal => self.local(instruction.operand, known),
                StackOp::Dup => operands[0],
                _ if is_repeatable(instruction, operand_kinds) => {
                    let mut operands = operands.clone();
                    if instruction.op == StackOp::LoadCell {
                        operands.push(self.local(instruction.operand, known));
                    }
                    self.term(instruction, operands, (block, at), code, known)
                }
                _ => self.fresh(),
            };
            stack.extend(std::iter::repeat_n(result, instruction.pushes()));
            if let Some((local, _)) = locals::write(instruction) {
                let stored = if instruction.op == StackOp::StoreLocal { operands[0] } else { self.fresh() };
                known.locals.insert(local, stored);
                known.holders.insert(stored, local);
            }
            if instruction.effects().contains(Effects::WRITE) {
                known.memory = self.fresh();
            }
        });
    }

    /// The number of a local's value.
    fn local(&mut self, local: u32, known: &mut Known) -> Number {
        if let Some(&number) = known.locals.get(&local) {
            return number;
        }
        let number = self.fresh();
        known.locals.insert(local, number);
        known.holders.insert(number, local);
        number
    }

    /// The number of what an operation gives, noting it if it was computed before.
    fn term(
        &mut self,
        instruction: Instruction,
        operands: SmallVec<[Number; 3]>,
        (block, at): Place,
        code: &[Instruction],
        known: &mut Known,
    ) -> Number {
        let memory = if instruction.effects().contains(Effects::READ) { known.memory } else { 0 };
        let term = (instruction.op, instruction.operand, operands, memory);
        let Some(&number) = known.numbers.get(&term) else {
            let number = self.fresh();
            known.numbers.insert(term, number);
            self.first.insert(number, (block, at));
            return number;
        };
        let start = expression_start(code, at).filter(|&start| start < at && code[start..at].iter().all(is_plain));
        if let Some(start) = start {
            let holder = known.holders.get(&number).copied();
            let holder = holder.filter(|holder| known.locals.get(holder) == Some(&number));
            // The expression is the larger one of those that it ends.
            while self.found.last().is_some_and(|last| last.block == block && last.start >= start) {
                self.found.pop();
            }
            self.found.push(Repetition { block, start, end: at, number, holder });
        }
        number
    }
}

/// Whether an instruction does nothing but make a value of those below it.
fn is_plain(instruction: &Instruction) -> bool {
    instruction.pushes() > 0 && locals::write(*instruction).is_none() && is_harmless(*instruction)
}

fn is_harmless(instruction: Instruction) -> bool {
    const HARMLESS: Effects = Effects::READ.union(Effects::FAIL).union(Effects::ALLOCATE);
    HARMLESS.contains(instruction.effects())
}

/// Whether an operation gives the same value again, not only an equal one: lists and maps that are made twice are two.
fn is_repeatable(instruction: Instruction, operands: &[Kinds]) -> bool {
    use StackOp as S;
    const SIMPLE: Kinds = Kinds::NUMBER;
    match instruction.op {
        S::LoadConst => true,
        S::Add => operands.iter().any(|kinds| kinds.is_within(SIMPLE.or(Kinds::STRING))),
        S::Mul => operands.iter().all(|kinds| kinds.is_within(SIMPLE.or(Kinds::STRING))),
        S::Index | S::BuildString => true,
        _ => {
            let makes_objects = instruction.effects().contains(Effects::ALLOCATE);
            instruction.pushes() == 1 && !makes_objects && is_harmless(instruction) && instruction.op != S::IsSet
        }
    }
}

/// Loads what is held by locals, after having chosen what to keep.
fn replace(body: &mut Body, context: &Context<'_>, finder: Finder) -> u64 {
    let Finder { first, found, .. } = finder;
    let mut gain: BTreeMap<Number, usize> = BTreeMap::new();
    for repetition in found.iter().filter(|repetition| repetition.holder.is_none()) {
        // In another block it may never run.
        let is_near = first[&repetition.number].0 == repetition.block;
        let saved = repetition.end - repetition.start;
        *gain.entry(repetition.number).or_default() += if is_near { 2 * saved } else { saved };
    }
    let mut kept: Vec<(Place, u32)> = Vec::new();
    let mut keepers: HashMap<Number, u32> = HashMap::new();
    // Keeping takes two instructions.
    for (number, _) in gain.into_iter().filter(|&(_, gain)| gain > 2 * 2) {
        let keeper = body.new_local(context.no_name());
        keepers.insert(number, keeper);
        kept.push((first[&number], keeper));
    }
    let mut edits: Vec<Edit> = Vec::new();
    for repetition in &found {
        if let Some(holder) = repetition.holder.or_else(|| keepers.get(&repetition.number).copied()) {
            let load = SmallVec::from_slice(&[(StackOp::LoadLocal, holder)]);
            edits.push(((repetition.block, repetition.start), repetition.end + 1 - repetition.start, load));
        }
    }
    let replaced = edits.len() as u64;
    for ((block, at), keeper) in kept {
        let keep = SmallVec::from_slice(&[(StackOp::Dup, 0), (StackOp::StoreLocal, keeper)]);
        edits.push(((block, at + 1), 0, keep));
    }
    // From the last to the first, so that places stay what they are.
    edits.sort_by_key(|&(place, length, _)| std::cmp::Reverse((place, length)));
    for ((block, at), length, new) in edits {
        let code = &mut body.blocks[block].code;
        let place = code[at.min(code.len() - 1)];
        code.splice(at..at + length, new.into_iter().map(|(op, operand)| place.replaced(op, operand)));
    }
    replaced
}
