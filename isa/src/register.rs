//! The register form: 64-bit words, a 16-bit opcode and three 16-bit lanes `a`, `b`, `c`.

use crate::stack::StackOp;
use crate::table::Effects;

/// What a lane of a register instruction means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Unused; zero.
    None,
    /// Register that is written.
    Def,
    /// Register that is read.
    Use,
    /// Register that is read, then written.
    UseDef,
    /// Signed 16-bit integer.
    Int,
    /// Signed 32-bit integer, low half here, high half in the next lane.
    IntWide,
    /// Index into the constants.
    Constant,
    /// Index into the constants, 32 bits.
    ConstantWide,
    /// Index into the globals.
    Global,
    /// Index into the globals, 32 bits.
    GlobalWide,
    /// Signed distance to the target from this instruction.
    Offset,
    /// The same, 32 bits.
    OffsetWide,
    /// High half of the lane before.
    Wide,
    /// Index into the functions.
    Function,
    /// Index into the types.
    Type,
    /// Index into the names.
    Name,
    /// Index into the modules.
    Module,
    /// Index into the builtins.
    Builtin,
    /// Index into the running function's captured variables.
    Capture,
    /// A captured variable of another function, counted from 0.
    Index,
    /// Spill slot.
    Slot,
    /// How many arguments or items the window holds.
    Arguments,
    /// First of `Arguments` registers that are read; the first is written with the result, all after it are lost.
    Window,
    /// As `Window`, with one register (the receiver) before the arguments.
    ReceiverWindow,
    /// As `Window`, with two registers to each item.
    PairWindow,
    /// As `Window`, with exactly two registers: a type and a map.
    ConstructWindow,
    /// As `Window`, with exactly three registers: an object and two bounds.
    SliceWindow,
    /// First of `Arguments` registers that are read; nothing is written.
    UseWindow,
    /// First register that is lost because another frame begins there.
    Clobber,
}

/// What the table says about a register operation.
#[derive(Clone, Copy, Debug)]
pub struct RegisterFacts {
    /// Number in the family.
    pub number: u16,
    /// Name in the text form.
    pub mnemonic: &'static str,
    /// The stack operation whose meaning it has.
    pub stack: StackOp,
    /// What its lanes mean.
    pub lanes: [Lane; 3],
    /// Operands and meaning in one line.
    pub meaning: &'static str,
}

macro_rules! define_register {
    (
        stack { $($stack:tt)* }
        register { $($number:literal $variant:ident $mnemonic:literal of $stack_variant:ident, ($a:ident, $b:ident, $c:ident), $meaning:literal;)* }
    ) => {
        /// An operation of the register form. The discriminant is dense; [`RegisterFacts::number`] is the family's.
        // Meanings write `R[a]`, which is no link.
        #[allow(rustdoc::broken_intra_doc_links)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u16)]
        pub enum RegisterOp {
            $(#[doc = concat!("`", $mnemonic, "`: ", $meaning)] $variant,)*
        }

        impl RegisterOp {
            /// Every operation, in table order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            const FACTS: &'static [RegisterFacts] = &[$(RegisterFacts {
                number: $number,
                mnemonic: $mnemonic,
                stack: StackOp::$stack_variant,
                lanes: [Lane::$a, Lane::$b, Lane::$c],
                meaning: $meaning,
            }),*];
        }
    };
}
crate::for_each_operation!(define_register);

impl RegisterOp {
    /// What the table says about it.
    #[inline]
    pub const fn facts(self) -> &'static RegisterFacts {
        &Self::FACTS[self as usize]
    }

    /// What it does besides computing its result: the effects of its stack operation, and control for fused branches.
    pub fn effects(self) -> Effects {
        let effects = self.facts().stack.facts().effects;
        if self.has_offset() { effects | Effects::CONTROL } else { effects }
    }

    /// The operation with this dense opcode.
    #[inline]
    pub fn from_opcode(opcode: u16) -> Option<Self> {
        Self::ALL.get(opcode as usize).copied()
    }

    /// The operation with this name in the text form, or with this [alias](crate::aliases).
    pub fn from_mnemonic(mnemonic: &str) -> Option<Self> {
        let own = Self::ALL.iter().copied().find(|op| op.facts().mnemonic == mnemonic);
        own.or_else(|| crate::aliases::find(mnemonic).map(|alias| alias.register))
    }

    /// The operation with this number in the family.
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|op| op.facts().number == number)
    }

    /// True when it carries a jump distance.
    pub fn has_offset(self) -> bool {
        self.facts().lanes.iter().any(|lane| matches!(lane, Lane::Offset | Lane::OffsetWide))
    }

    /// True when control never goes on to the next instruction.
    pub const fn ends_block(self) -> bool {
        matches!(self, Self::JumpReg | Self::LoopReg | Self::ReturnReg | Self::ThrowReg)
    }

    /// True when the operation may skip the instruction after it.
    pub const fn skips(self) -> bool {
        matches!(self, Self::ForPrepareReg | Self::ForLoopReg | Self::ForIterReg | Self::ForPairReg)
    }

    /// True when its jump is taken if the condition does not hold.
    pub fn jumps_unless(self) -> bool {
        self == Self::JumpIfFalseReg || self.facts().mnemonic.starts_with("JUMP_NOT_")
    }
}

/// One instruction of the register form.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(C, align(8))]
pub struct RegisterInstruction {
    opcode: u16,
    /// First lane.
    pub a: u16,
    /// Second lane.
    pub b: u16,
    /// Third lane.
    pub c: u16,
}

impl RegisterInstruction {
    /// `op a, b, c`.
    #[inline]
    pub const fn new(op: RegisterOp, a: u16, b: u16, c: u16) -> Self {
        Self { opcode: op as u16, a, b, c }
    }

    /// `op a, wide`: lanes `b` and `c` together hold 32 bits.
    #[inline]
    pub const fn wide(op: RegisterOp, a: u16, wide: u32) -> Self {
        Self::new(op, a, wide as u16, (wide >> 16) as u16)
    }

    /// The instruction with these bits, if its opcode exists.
    pub fn from_bits(bits: u64) -> Option<Self> {
        let opcode = bits as u16;
        RegisterOp::from_opcode(opcode)?;
        Some(Self { opcode, a: (bits >> 16) as u16, b: (bits >> 32) as u16, c: (bits >> 48) as u16 })
    }

    /// Its bits: opcode lowest, lane `c` highest.
    pub fn bits(self) -> u64 {
        u64::from(self.opcode) | u64::from(self.a) << 16 | u64::from(self.b) << 32 | u64::from(self.c) << 48
    }

    /// The operation.
    #[inline]
    pub fn op(self) -> RegisterOp {
        RegisterOp::ALL[self.opcode as usize]
    }

    /// The dense opcode.
    #[inline]
    pub fn opcode(self) -> u16 {
        self.opcode
    }

    /// Lanes `b` and `c` as 32 bits.
    #[inline]
    pub const fn wide_operand(self) -> u32 {
        self.b as u32 | (self.c as u32) << 16
    }

    /// Lanes in order.
    pub fn lanes(self) -> [u16; 3] {
        [self.a, self.b, self.c]
    }

    /// The jump distance, when it has one: the target is this instruction's index plus it.
    pub fn offset(self) -> Option<i32> {
        let lanes = self.op().facts().lanes;
        if lanes[2] == Lane::Offset {
            Some(i32::from(self.c as i16))
        } else if lanes[1] == Lane::OffsetWide {
            Some(self.wide_operand() as i32)
        } else {
            None
        }
    }

    /// The registers it reads as a window: first and how many.
    pub fn window(self) -> Option<(u16, u16)> {
        let first = self.a;
        match self.op().facts().lanes[0] {
            Lane::Window | Lane::UseWindow => Some((first, self.c)),
            Lane::ReceiverWindow => Some((first, self.c.saturating_add(1))),
            Lane::PairWindow => Some((first, self.c.saturating_mul(2))),
            Lane::ConstructWindow => Some((first, 2)),
            Lane::SliceWindow => Some((first, 3)),
            _ => None,
        }
    }
}

impl std::fmt::Debug for RegisterInstruction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}, {}, {}", self.op().facts().mnemonic, self.a, self.b, self.c)
    }
}
