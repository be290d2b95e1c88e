//! Linked instructions: words, what they say, and where the machine stands.

use isa::{RegisterInstruction, RegisterOp};
use runtime::Value;

use crate::slot::Slot;

macro_rules! define_operations {
    (
        stack { $($stack:tt)* }
        register { $($number:literal $variant:ident $mnemonic:literal of $of:ident, $lanes:tt, $meaning:literal;)* }
    ) => {
        /// What a linked instruction does: an operation of the register form, or the machine's own end of the run.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum Operation {
            $(#[doc = $meaning] $variant,)*
            /// The entry function has returned, or an error found no handler.
            Halt,
        }

        impl Operation {
            /// The operation of the register form, under the same number: probes are told of opcodes of the family.
            pub(crate) const fn of(op: RegisterOp) -> Self {
                match op {
                    $(RegisterOp::$variant => Self::$variant,)*
                }
            }
        }

        const _: () = {
            $(assert!(Operation::$variant as u16 == RegisterOp::$variant as u16);)*
        };
    };
}
isa::for_each_operation!(define_operations);

/// Names of the lanes, for const parameters.
pub(crate) const A: u32 = 0;
pub(crate) const B: u32 = 1;
pub(crate) const C: u32 = 2;

/// A linked instruction: opcode in the lowest 16 bits, then lanes `a`, `b`, `c`, as in [`RegisterInstruction`].
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct Word(u64);

impl Word {
    /// What the machine finds where the entry function returns to.
    pub(crate) const HALT: Self = Self(Operation::Halt as u64);

    pub(crate) fn new(instruction: RegisterInstruction) -> Self {
        let word = Self(instruction.bits());
        debug_assert_eq!(word.operation(), Operation::of(instruction.op()));
        word
    }

    /// What it does.
    #[inline(always)]
    pub(crate) fn operation(self) -> Operation {
        // SAFETY: words are made from instructions, whose opcodes are those of operations, and as `HALT`.
        unsafe { std::mem::transmute::<u8, Operation>(self.0 as u8) }
    }

    /// A lane as an unsigned number.
    #[inline(always)]
    pub(crate) fn lane<const LANE: u32>(self) -> usize {
        usize::from((self.0 >> (16 * (LANE + 1))) as u16)
    }

    /// A lane as a signed number.
    #[inline(always)]
    pub(crate) fn signed<const LANE: u32>(self) -> i64 {
        i64::from((self.0 >> (16 * (LANE + 1))) as i16)
    }

    /// Lanes `b` and `c` together as an unsigned number.
    #[inline(always)]
    pub(crate) fn wide(self) -> usize {
        (self.0 >> 32) as usize
    }

    /// Lanes `b` and `c` together as a signed number.
    #[inline(always)]
    pub(crate) fn signed_wide(self) -> i64 {
        self.0 as i64 >> 32
    }

    /// A lane times the size of a value: where a register lies behind the frame's first.
    #[inline(always)]
    fn register_offset<const LANE: u32>(self) -> usize {
        const _: () = assert!(size_of::<Value>() == 1 << 4);
        (self.0 >> (16 * (LANE + 1) - 4)) as usize & 0xf_fff0
    }
}

/// Where the machine stands: the next instruction and the first register of the running frame. Two machine words, so it is passed and
/// returned in registers of the processor.
#[derive(Clone, Copy)]
pub(crate) struct State {
    pub(crate) pc: *const Word,
    pub(crate) base: *mut Value,
}

impl State {
    /// The instruction there.
    ///
    /// # Safety
    /// `pc` points to an instruction of the function whose frame begins at `base`.
    #[inline(always)]
    pub(crate) unsafe fn fetch(self) -> Instruction {
        // SAFETY: the caller's promise.
        Instruction { pc: self.pc, base: self.base, word: unsafe { *self.pc } }
    }
}

/// An instruction in its frame.
#[derive(Clone, Copy)]
pub(crate) struct Instruction {
    pub(crate) pc: *const Word,
    pub(crate) base: *mut Value,
    pub(crate) word: Word,
}

impl Instruction {
    /// Where the machine stands while it runs this.
    #[inline(always)]
    pub(crate) fn state(self) -> State {
        State { pc: self.pc, base: self.base }
    }

    /// Behind this instruction.
    ///
    /// # Safety
    /// Control may go there: the verifier proves that no other operation stands at a function's end.
    #[inline(always)]
    pub(crate) unsafe fn next(self) -> State {
        // SAFETY: the caller's promise.
        State { pc: unsafe { self.pc.add(1) }, base: self.base }
    }

    /// Behind the next instruction.
    ///
    /// # Safety
    /// As for [`Self::next`]; operations that skip never stand where they would skip past the end.
    #[inline(always)]
    pub(crate) unsafe fn skip(self) -> State {
        // SAFETY: the caller's promise.
        State { pc: unsafe { self.pc.add(2) }, base: self.base }
    }

    /// The instruction `distance` from here.
    ///
    /// # Safety
    /// The distance is that of this instruction's operand.
    #[inline(always)]
    pub(crate) unsafe fn at(self, distance: i64) -> State {
        // SAFETY: the caller's promise: the verifier proves that the target lies inside the function.
        State { pc: unsafe { self.pc.offset(distance as isize) }, base: self.base }
    }

    /// The register that a lane names.
    ///
    /// # Safety
    /// The lane names a register.
    #[inline(always)]
    pub(crate) unsafe fn register<const LANE: u32>(self) -> Slot {
        // SAFETY: the verifier proves that registers lie inside the frame, and a frame is entered only when it fits.
        Slot::new(unsafe { self.base.byte_add(self.word.register_offset::<LANE>()) })
    }

    /// `R[a]`.
    ///
    /// # Safety
    /// Lane `a` names a register.
    #[inline(always)]
    pub(crate) unsafe fn a(self) -> Slot {
        // SAFETY: the caller's promise.
        unsafe { self.register::<A>() }
    }

    /// `R[b]`.
    ///
    /// # Safety
    /// Lane `b` names a register.
    #[inline(always)]
    pub(crate) unsafe fn b(self) -> Slot {
        // SAFETY: the caller's promise.
        unsafe { self.register::<B>() }
    }

    /// `R[c]`.
    ///
    /// # Safety
    /// Lane `c` names a register.
    #[inline(always)]
    pub(crate) unsafe fn c(self) -> Slot {
        // SAFETY: the caller's promise.
        unsafe { self.register::<C>() }
    }

    /// `count` registers from `R[a]` on.
    ///
    /// # Safety
    /// The registers lie inside the frame and are written; nothing writes them while the slice is used.
    #[inline(always)]
    pub(crate) unsafe fn window<'v>(self, skip: usize, count: usize) -> &'v [Value] {
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts(self.base.add(self.word.lane::<A>() + skip), count) }
    }
}
