//! How instructions of each operation are written.

use isa::{Lane, RegisterOp};

use crate::live::uses_window;

/// Who writes the instructions of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Each lane is what [`Form::lanes`] says.
    Plain,
    /// `MOV_REG`.
    Move,
    /// `PUSH_REG` and `POP_REG` of islands.
    Cross,
    /// Operations whose opcode depends on their operands.
    Arithmetic,
    /// Operations with operands in a window.
    Window,
}

/// What the lanes of an instruction can be: nothing, its data, its destination, its operands.
pub(super) type Values = [u32; 8];

/// The place of an instruction's data among its [`Values`]. Nothing comes first.
pub(super) const DATA: usize = 1;
/// The place of its destination.
pub(super) const DESTINATION: usize = 2;
/// The place of its first operand; the others follow.
pub(super) const FIRST_OPERAND: usize = 3;

/// How the instructions of an operation are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    pub(super) kind: Kind,
    /// For each lane its place among [`Values`].
    lanes: [u8; 3],
    /// Whether the second lane has 32 bits, and there is no third.
    pub(super) is_wide: bool,
}

impl Form {
    /// How instructions of an operation are written.
    #[inline]
    pub(super) fn of(operation: RegisterOp) -> &'static Self {
        &FORMS[operation as usize]
    }

    /// The lanes of an instruction.
    #[inline]
    pub(super) fn lanes(&self, values: Values) -> [u32; 3] {
        self.lanes.map(|place| values[usize::from(place) % values.len()])
    }

    const fn new(operation: RegisterOp) -> Self {
        use RegisterOp as R;
        let kind = match operation {
            R::MovReg => Kind::Move,
            R::PushReg | R::PopReg => Kind::Cross,
            R::AddReg | R::SubReg | R::MulReg | R::DivReg | R::ModReg => Kind::Arithmetic,
            _ if uses_window(operation) => Kind::Window,
            _ => Kind::Plain,
        };
        let facts = operation.facts();
        let mut lanes = [0; 3];
        let (mut at, mut operand) = (0, FIRST_OPERAND);
        while at < lanes.len() {
            lanes[at] = match facts.lanes[at] {
                Lane::None | Lane::Wide => 0,
                Lane::Def => DESTINATION as u8,
                Lane::Use => {
                    operand += 1;
                    operand as u8 - 1
                }
                _ => DATA as u8,
            };
            at += 1;
        }
        Self { kind, lanes, is_wide: matches!(facts.lanes[2], Lane::Wide) }
    }
}

static FORMS: [Form; RegisterOp::ALL.len()] = {
    let mut forms = [Form::new(RegisterOp::NopReg); RegisterOp::ALL.len()];
    let mut at = 0;
    while at < forms.len() {
        forms[at] = Form::new(RegisterOp::ALL[at]);
        at += 1;
    }
    forms
};
