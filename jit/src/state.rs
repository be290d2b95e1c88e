//! What is known of each register at a point of the code.

use isa::Lane;
use runtime::Tag;
use runtime::objects::ElementKind;
use vm_register::native::{MANY_TYPES, OUTSIDE, Seen, kind_bit, list_bit};

use crate::body::Body;
use crate::flow::{Flow, Registers};

/// A kind of value of which code can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Int,
    Float,
    Bool,
    String,
    List,
    Map,
    /// An instance of this type.
    Record(u32),
}

impl Kind {
    /// The tag of such values.
    pub(crate) fn tag(self) -> Tag {
        match self {
            Self::Int => Tag::Int,
            Self::Float => Tag::Float,
            Self::Bool => Tag::Bool,
            Self::String => Tag::String,
            Self::List => Tag::List,
            Self::Map => Tag::Map,
            Self::Record(_) => Tag::Record,
        }
    }
}

/// How a register's value is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// In its register of the frame; nothing is known of it.
    Memory,
    /// Its payload in a variable. `dirty` says that the register of the frame has something else.
    Variable { kind: Kind, dirty: bool },
}

/// All registers at a point.
pub(crate) type State = Vec<Held>;

/// What lies in a register both ways to a point.
pub(crate) fn meet(one: Held, other: Held) -> Held {
    match (one, other) {
        (Held::Variable { kind, dirty }, Held::Variable { kind: same, dirty: too }) if kind == same => {
            Held::Variable { kind, dirty: dirty || too }
        }
        _ => Held::Memory,
    }
}

/// What is expected in a register where it is next read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// It is not read, or was never seen.
    Nothing,
    /// This alone was seen.
    One(Kind),
    /// Several kinds were seen, or one that code is not made for.
    Many,
}

impl Expected {
    fn join(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nothing, other) => other,
            (one, Self::Nothing) => one,
            (Self::One(kind), Self::One(same)) if kind == same => self,
            _ => Self::Many,
        }
    }

    /// The one kind.
    pub(crate) fn kind(self) -> Option<Kind> {
        match self {
            Self::One(kind) => Some(kind),
            _ => None,
        }
    }

    /// What an instruction has met in a lane.
    pub(crate) fn seen(seen: &Seen, lane: usize) -> Self {
        let kinds = seen.kinds[lane] & !(lists() | OUTSIDE);
        if kinds == 0 {
            return Self::Nothing;
        }
        let of = |tag| kinds == kind_bit(tag);
        if of(Tag::Int) {
            Self::One(Kind::Int)
        } else if of(Tag::Float) {
            Self::One(Kind::Float)
        } else if of(Tag::Bool) {
            Self::One(Kind::Bool)
        } else if of(Tag::String) {
            Self::One(Kind::String)
        } else if of(Tag::List) {
            Self::One(Kind::List)
        } else if of(Tag::Map) {
            Self::One(Kind::Map)
        } else if of(Tag::Record) && seen.record != MANY_TYPES {
            Self::One(Kind::Record(seen.record - 1))
        } else {
            Self::Many
        }
    }
}

const LIST_KINDS: [ElementKind; 4] = [ElementKind::Int, ElementKind::Float, ElementKind::Bool, ElementKind::Value];

fn lists() -> u32 {
    LIST_KINDS.into_iter().map(list_bit).fold(0, |all, bit| all | bit)
}

/// The one way in which all lists that an instruction has met in a lane keep their elements, if all had those that were asked for.
pub(crate) fn list_kind(seen: &Seen, lane: usize) -> Option<ElementKind> {
    LIST_KINDS.into_iter().find(|&kind| seen.kinds[lane] & (lists() | OUTSIDE) == list_bit(kind))
}

/// For each block what is expected in each register that is live where it begins.
pub(crate) fn expectations(body: &Body, flow: &Flow, seen: &[Seen]) -> Vec<Vec<Expected>> {
    let registers = body.registers;
    let mut all = vec![vec![Expected::Nothing; registers]; flow.blocks.len()];
    // Far-away reads are found by going through the code again; loops need a second round, and more is not worth it.
    for _ in 0..3 {
        for &index in flow.order.iter().rev() {
            let block = &flow.blocks[index as usize];
            let mut expected = vec![Expected::Nothing; registers];
            for &successor in &block.successors {
                for (one, &other) in expected.iter_mut().zip(&all[successor as usize]) {
                    *one = one.join(other);
                }
            }
            for pc in (block.start..block.end).rev() {
                expect_back(body, pc, seen, &mut expected);
            }
            all[index as usize] = expected;
        }
    }
    all
}

/// From what is expected behind an instruction to what is expected before it.
fn expect_back(body: &Body, pc: u32, seen: &[Seen], expected: &mut [Expected]) {
    let instruction = body.function.code[pc as usize];
    if let Some(first) = body.lost_from(pc) {
        expected[first as usize..].fill(Expected::Nothing);
    }
    for &register in &body.operands(pc).writes {
        expected[register as usize] = Expected::Nothing;
    }
    let lanes = instruction.op().facts().lanes;
    for (lane, (kind, register)) in lanes.into_iter().zip(instruction.lanes()).enumerate() {
        if matches!(kind, Lane::Use | Lane::UseDef) {
            let here = Expected::seen(&seen[pc as usize], lane);
            let entry = &mut expected[usize::from(register)];
            // Reads that were never seen to happen say nothing.
            if here != Expected::Nothing {
                *entry = here;
            }
        }
    }
}

/// What is expected in each register behind each instruction of a block, the last one's last.
pub(crate) fn expected_in_block(
    body: &Body,
    flow: &Flow,
    index: u32,
    seen: &[Seen],
    at_blocks: &[Vec<Expected>],
) -> Vec<Vec<Expected>> {
    let block = &flow.blocks[index as usize];
    let registers = at_blocks[index as usize].len();
    let mut expected = vec![Expected::Nothing; registers];
    for &successor in &block.successors {
        for (one, &other) in expected.iter_mut().zip(&at_blocks[successor as usize]) {
            *one = one.join(other);
        }
    }
    let mut all = Vec::with_capacity((block.end - block.start) as usize);
    for pc in (block.start..block.end).rev() {
        all.push(expected.clone());
        expect_back(body, pc, seen, &mut expected);
    }
    all.reverse();
    all
}

/// What lies in registers where nothing is known, of those that are live.
pub(crate) fn unknown(registers: usize) -> State {
    vec![Held::Memory; registers]
}

/// Takes out of a state what is not live.
pub(crate) fn drop_dead(state: &mut State, live: &Registers) {
    for (register, held) in (0..).zip(state) {
        if !live.contains(register) {
            *held = Held::Memory;
        }
    }
}
