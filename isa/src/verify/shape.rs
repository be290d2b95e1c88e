//! What the verifier of the register form asks of each operation, in one table.

use crate::register::{Lane, RegisterInstruction, RegisterOp};

/// What is asked of an operation.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(super) struct Shape {
    /// Its [`Lane`]s, as numbers.
    pub(super) lanes: [u8; 3],
    /// All bits for lanes that name registers which are read, none for others.
    pub(super) reads: [u64; 3],
    /// The same for those that are written, the first register of a window that takes a result included.
    pub(super) writes: [u64; 3],
    window: Window,
    traits: u16,
}

/// How many registers a window holds: some, and some for each argument.
#[derive(Clone, Copy)]
struct Window {
    fixed: u8,
    per_argument: u8,
}

impl Shape {
    /// The first lane names a window.
    const WINDOW: u16 = 1;
    /// The window takes a result.
    pub(super) const RESULT: u16 = 1 << 1;
    /// The third lane names the first register of another frame.
    pub(super) const CLOBBER: u16 = 1 << 2;
    /// The second lane names a spill slot, which is read.
    pub(super) const RELOAD: u16 = 1 << 3;
    /// The second lane names a spill slot, which is written.
    pub(super) const SPILL: u16 = 1 << 4;
    /// There is a jump distance.
    pub(super) const OFFSET: u16 = 1 << 5;
    /// Control never goes on to the next instruction.
    pub(super) const ENDS_BLOCK: u16 = 1 << 6;
    /// Control may skip the next instruction.
    pub(super) const SKIPS: u16 = 1 << 7;
    /// Something is asked of the operation that nothing else here says.
    pub(super) const SINGULAR: u16 = 1 << 8;
    /// The jump distance takes two lanes.
    const WIDE_OFFSET: u16 = 1 << 9;
    /// Registers are read, written or lost that no lane names by itself.
    pub(super) const HIDDEN_REGISTERS: u16 = Self::WINDOW | Self::CLOBBER | Self::RELOAD | Self::SPILL;
    /// Control may go elsewhere than to the next instruction.
    pub(super) const CONTROL: u16 = Self::OFFSET | Self::ENDS_BLOCK | Self::SKIPS;
    /// More is asked of the operands than that each lane is below the limit for its kind.
    pub(super) const SPECIAL: u16 = Self::WINDOW | Self::CLOBBER | Self::CONTROL | Self::SINGULAR;

    /// What is asked of an instruction's operation.
    #[inline]
    pub(super) fn of(instruction: RegisterInstruction) -> &'static Self {
        &SHAPES[usize::from(instruction.opcode())]
    }

    /// Whether it has one of some traits.
    #[inline]
    pub(super) fn has(&self, traits: u16) -> bool {
        self.traits & traits != 0
    }

    /// How many registers the window of an instruction of this shape holds; none if it has no window.
    #[inline]
    pub(super) fn window_size(&self, instruction: RegisterInstruction) -> Option<u32> {
        let Window { fixed, per_argument } = self.window;
        self.has(Self::WINDOW).then(|| u32::from(fixed) + u32::from(per_argument) * u32::from(instruction.c))
    }

    /// The jump distance of an instruction of this shape, if it has one.
    #[inline]
    pub(super) fn offset(&self, instruction: RegisterInstruction) -> Option<i32> {
        let short = i32::from(instruction.c as i16);
        let distance = if self.has(Self::WIDE_OFFSET) { instruction.wide_operand() as i32 } else { short };
        self.has(Self::OFFSET).then_some(distance)
    }

    const fn new(op: RegisterOp) -> Self {
        let facts = op.facts();
        let mut shape = Self {
            lanes: [0; 3],
            reads: [0; 3],
            writes: [0; 3],
            window: Window { fixed: 0, per_argument: 0 },
            traits: 0,
        };
        let mut at = 0;
        while at < facts.lanes.len() {
            let lane = facts.lanes[at];
            shape.lanes[at] = lane as u8;
            shape.reads[at] = if matches!(lane, Lane::Use | Lane::UseDef) { u64::MAX } else { 0 };
            let takes_result = matches!(
                lane,
                Lane::Window | Lane::ReceiverWindow | Lane::PairWindow | Lane::ConstructWindow | Lane::SliceWindow
            );
            shape.writes[at] = if takes_result || matches!(lane, Lane::Def | Lane::UseDef) { u64::MAX } else { 0 };
            shape.traits |= match lane {
                _ if takes_result => Self::WINDOW | Self::RESULT,
                Lane::UseWindow => Self::WINDOW,
                Lane::Clobber => Self::CLOBBER,
                Lane::Slot if matches!(op, RegisterOp::LoadSpill) => Self::RELOAD,
                Lane::Slot => Self::SPILL,
                Lane::Offset => Self::OFFSET,
                Lane::OffsetWide => Self::OFFSET | Self::WIDE_OFFSET,
                Lane::ConstantWide | Lane::GlobalWide | Lane::Function | Lane::Capture => Self::SINGULAR,
                _ => 0,
            };
            at += 1;
        }
        let (fixed, per_argument) = match facts.lanes[0] {
            Lane::Window | Lane::UseWindow => (0, 1),
            Lane::ReceiverWindow => (1, 1),
            Lane::PairWindow => (0, 2),
            Lane::ConstructWindow => (2, 0),
            Lane::SliceWindow => (3, 0),
            _ => (0, 0),
        };
        shape.window = Window { fixed, per_argument };
        if op.ends_block() {
            shape.traits |= Self::ENDS_BLOCK;
        }
        if op.skips() {
            shape.traits |= Self::SKIPS;
        }
        shape
    }
}

static SHAPES: [Shape; RegisterOp::ALL.len()] = {
    let mut shapes = [Shape::new(RegisterOp::NopReg); RegisterOp::ALL.len()];
    let mut at = 0;
    while at < shapes.len() {
        shapes[at] = Shape::new(RegisterOp::ALL[at]);
        at += 1;
    }
    shapes
};
