//! Which kinds of values locals and operands can have.
//!
//! A forward analysis: each local has a set of kinds at the beginning of each block, and a walk through the block gives the kinds of the
//! operands of each instruction. A result's kind follows from the operation, for arithmetic from the operands' kinds too.

use isa::{Constant, StackOp};
use smallvec::SmallVec;

use crate::body::{Body, Instruction};
use crate::forward::{Facts, solve};
use crate::locals;
use crate::pass::Context;

/// A set of kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds(u8);

impl Kinds {
    /// No value: a local that was never set.
    pub const UNSET: Self = Self(1);
    /// `null`
    pub const NULL: Self = Self(1 << 1);
    /// `true`, `false`
    pub const BOOL: Self = Self(1 << 2);
    /// Integers.
    pub const INT: Self = Self(1 << 3);
    /// Floats.
    pub const FLOAT: Self = Self(1 << 4);
    /// Text.
    pub const STRING: Self = Self(1 << 5);
    /// Everything else.
    pub const OTHER: Self = Self(1 << 6);
    /// Integers and floats.
    pub const NUMBER: Self = Self(Self::INT.0 | Self::FLOAT.0);
    /// Any value.
    pub const VALUE: Self = Self(0x7e);
    /// Any value or none.
    pub const ANY: Self = Self(0x7f);

    /// Whether nothing is in it that is not in the other.
    pub fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// What is in either.
    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in it and not in the other.
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The kind of a constant.
    pub fn of(constant: &Constant) -> Self {
        match constant {
            Constant::Null => Self::NULL,
            Constant::Bool(_) => Self::BOOL,
            Constant::Int(_) => Self::INT,
            Constant::Float(_) => Self::FLOAT,
            Constant::String(_) => Self::STRING,
            _ => Self::OTHER,
        }
    }
}

/// Kinds of all locals at a place.
#[derive(Clone, Debug)]
pub struct LocalKinds(Vec<Kinds>);

impl LocalKinds {
    /// Those of one local.
    pub fn of(&self, local: u32) -> Kinds {
        self.0[local as usize]
    }
}

impl Facts for LocalKinds {
    fn meet(&mut self, other: &Self) -> bool {
        let mut is_less = false;
        for (kinds, other) in self.0.iter_mut().zip(&other.0) {
            let both = kinds.or(*other);
            is_less |= both != *kinds;
            *kinds = both;
        }
        is_less
    }
}

/// Functions with more blocks times locals than this are not analysed.
const LARGEST: usize = 1 << 20;

/// Kinds of locals at the beginning of each block that control gets to; none for a function that is too large.
pub fn local_kinds(body: &Body, context: &Context<'_>) -> Option<Vec<Option<LocalKinds>>> {
    let count = body.local_names.len();
    if count * body.blocks.len() > LARGEST {
        return None;
    }
    let entry = (0..count as u32).map(|local| if local < body.parameters { Kinds::ANY } else { Kinds::UNSET });
    let nothing = LocalKinds(vec![Kinds::ANY; count]);
    let transfer = |kinds: &mut LocalKinds, block: usize| walk(&body.blocks[block].code, context, kinds, |_, _, _| {});
    Some(solve(body, LocalKinds(entry.collect()), &nothing, transfer))
}

/// Goes through a block and calls `visit` with the index of each instruction, the kinds of its operands (the deepest first) and those of
/// the locals before it.
pub fn walk(
    code: &[Instruction],
    context: &Context<'_>,
    locals: &mut LocalKinds,
    mut visit: impl FnMut(usize, &[Kinds], &LocalKinds),
) {
    let mut stack: Vec<Kinds> = Vec::new();
    for (at, &instruction) in code.iter().enumerate() {
        let pops = instruction.pops();
        let missing = pops.saturating_sub(stack.len());
        // A parameter that was not given may be loaded unset, and stay on the stack.
        let mut operands: SmallVec<[Kinds; 4]> = SmallVec::from_elem(Kinds::ANY, missing);
        operands.extend(stack.drain(stack.len() + missing - pops..));
        visit(at, &operands, locals);
        let result = result(instruction, &operands, context, locals);
        stack.extend(std::iter::repeat_n(result, instruction.pushes()));
        change_local(instruction, &operands, locals);
    }
}

fn change_local(instruction: Instruction, operands: &[Kinds], locals: &mut LocalKinds) {
    use StackOp as S;
    if instruction.op == S::CheckLocal {
        let checked = &mut locals.0[instruction.operand as usize];
        *checked = checked.without(Kinds::UNSET);
    }
    let Some((local, is_certain)) = locals::write(instruction) else { return };
    let written = match instruction.op {
        S::StoreLocal => operands[0],
        S::Unset => Kinds::UNSET,
        S::MakeCell => Kinds::OTHER,
        S::ForPrepare => operands[0],
        S::ForLoop | S::ForIter | S::ForPair => Kinds::INT,
        _ => Kinds::ANY,
    };
    let before = &mut locals.0[local as usize];
    *before = if is_certain { written } else { before.or(written) };
}

/// The kinds of what an instruction leaves.
fn result(instruction: Instruction, operands: &[Kinds], context: &Context<'_>, locals: &LocalKinds) -> Kinds {
    use StackOp as S;
    match instruction.op {
        S::LoadConst => Kinds::of(context.constant(instruction.operand)),
        S::LoadLocal => locals.of(instruction.operand),
        S::Dup => operands[0],
        S::Eq | S::Neq | S::Lt | S::Gt | S::Lte | S::Gte | S::In => Kinds::BOOL,
        S::And | S::Or | S::Not | S::ToBool | S::IsSet | S::IsInstance => Kinds::BOOL,
        S::GetLength | S::RangeBound => Kinds::INT,
        S::BuildString => Kinds::STRING,
        S::Add | S::Sub | S::Mul | S::Mod | S::Div => arithmetic(instruction.op, operands),
        S::Neg => operands[0],
        S::BuildList | S::BuildMap | S::BuildSet | S::MakeFunction | S::NewRecord => Kinds::OTHER,
        _ => Kinds::VALUE,
    }
}

fn arithmetic(op: StackOp, operands: &[Kinds]) -> Kinds {
    let both = operands[0].or(operands[1]);
    if both.is_within(Kinds::INT) {
        return Kinds::INT;
    }
    if both.is_within(Kinds::NUMBER) {
        let is_float = operands.iter().any(|kinds| kinds.is_within(Kinds::FLOAT));
        return if is_float { Kinds::FLOAT } else { Kinds::NUMBER };
    }
    let is_text = operands.iter().any(|kinds| kinds.is_within(Kinds::STRING));
    if op == StackOp::Add && is_text { Kinds::STRING } else { Kinds::VALUE }
}
