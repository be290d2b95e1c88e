//! Linked instructions: words, what they say, and where the machine stands.

use std::mem::MaybeUninit;

use isa::{Lane, RegisterInstruction, RegisterOp};
use runtime::Value;

use crate::handlers::table::for_each_cached_handler;
use crate::slot::{FLOAT, INT, Slot};

macro_rules! define_operations {
    (
        [$($variant:ident $meaning:literal)*]
        { $($cached:ident of $base:ident lane $lane:ident $($path:ident)::+ [$($generic:tt)*] else [$($plain:tt)*];)* }
        $($pair:ident of $first:ident $($first_path:ident)::+ [$($first_generic:tt)*]
            then $second:ident $($second_path:ident)::+ [$($second_generic:tt)*];)*
    ) => {
        /// What a linked instruction does: an operation of the register form, or the machine's own end of the run.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u16)]
        pub(crate) enum Operation {
            $(#[doc = $meaning] $variant,)*
            /// `R[a] := R[b] / D[c]`, `D` being the program's [divisors](runtime::operations::Divisor)
            DivDivisor,
            /// `R[a] := R[b] % D[c]`
            ModDivisor,
            /// `FOR_LOOP_REG` and the `LOOP_REG` behind it
            ForLoopAndLoop,
            /// `FOR_ITER_REG` and the `LOOP_REG` behind it
            ForIterAndLoop,
            /// `FOR_PAIR_REG` and the `LOOP_REG` behind it
            ForPairAndLoop,
            /// Counts that control came here, then does what the instruction says.
            Counted,
            /// Goes on in native code.
            EnterNative,
            /// The function that a task began with has returned.
            TaskEnd,
            /// The entry function has returned, or an error found no handler.
            Halt,
            $(#[doc = concat!("`", stringify!($base), "` on the result of the instruction before")] $cached,)*
            $(#[doc = concat!("`", stringify!($first), "`, then `", stringify!($second), "` of the next instruction")] $pair,)*
        }

        impl Operation {
            /// How many there are.
            pub(crate) const COUNT: usize = Self::Halt as usize + 1 + [$(stringify!($cached)),*].len() + [$(stringify!($pair)),*].len();

            /// The operation that this one is when the instruction before does not hand on its result, and it is run by itself.
            pub(crate) fn alone(self) -> Self {
                match self {
                    $(Self::$cached => Self::$base,)*
                    $(Self::$pair => Self::$first.alone(),)*
                    other => other,
                }
            }

            /// The operation that runs an instruction with `first` and the next one, with `second`.
            pub(crate) fn pair(first: Self, second: Self) -> Option<Self> {
                $(if first == Self::$first && second == Self::$second {
                    return Some(Self::$pair);
                })*
                None
            }

            /// This operation where the operand in `lane` is the result of the instruction before, if there is such a one.
            pub(crate) fn cached(self, lane: u32) -> Option<Self> {
                $(if self == Self::$base && lane == $lane {
                    return Some(Self::$cached);
                })*
                None
            }

            /// The operation of the register form, under the same number: probes are told of opcodes of the family.
            pub(crate) const fn of(op: RegisterOp) -> Self {
                match op {
                    $(RegisterOp::$variant => Self::$variant,)*
                }
            }

            /// The name of an opcode that probes are told of.
            pub(crate) fn name(opcode: u16) -> Option<&'static str> {
                const OWN: [(Operation, &str); 5] = [
                    (Operation::DivDivisor, "DIV_DIVISOR"),
                    (Operation::ModDivisor, "MOD_DIVISOR"),
                    (Operation::ForLoopAndLoop, "FOR_LOOP_REG+LOOP_REG"),
                    (Operation::ForIterAndLoop, "FOR_ITER_REG+LOOP_REG"),
                    (Operation::ForPairAndLoop, "FOR_PAIR_REG+LOOP_REG"),
                ];
                match RegisterOp::from_opcode(opcode) {
                    Some(op) => Some(op.facts().mnemonic),
                    None => OWN.iter().find(|(own, _)| *own as u16 == opcode).map(|&(_, name)| name),
                }
            }
        }

        const _: () = {
            $(assert!(Operation::$variant as u16 == RegisterOp::$variant as u16);)*
        };
    };
}

macro_rules! with_register_operations {
    (
        stack { $($stack:tt)* }
        register { $($number:literal $variant:ident $mnemonic:literal of $of:ident, $lanes:tt, $meaning:literal;)* }
    ) => {
        for_each_cached_handler!(define_operations [$($variant $meaning)*]);
    };
}
isa::for_each_operation!(with_register_operations);

/// Names of the lanes, for const parameters: where they begin in a word.
pub(crate) const A: u32 = 0;
pub(crate) const B: u32 = 16;
pub(crate) const C: u32 = 48;
/// Lanes `b` and `c`, where one operation reads the same register twice.
pub(crate) const BOTH: u32 = u32::MAX;

/// A linked instruction.
///
/// ```text
/// bits      63 … 48   47 … 32   31 … 16   15 … 0
///           c         opcode    b         a
///           a         opcode    wide operand        LOAD_REG, JUMP_REG, …: lane b has 32 bits
/// ```
///
/// A lane that names a register holds twice its index, because the processor multiplies an index by 8 for free and a value has 16 bytes. That is
/// why a function must have fewer than [`MOST_REGISTERS`] registers.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct Word(u64);

/// Functions have fewer registers than this: twice the index of one fits a lane, even of the first behind the frame.
pub(crate) const MOST_REGISTERS: u32 = 1 << 15;

/// How much a register's lane counts.
const REGISTER_SCALE: usize = size_of::<Value>() / REGISTER_STEP;
const REGISTER_STEP: usize = 8;

/// Which sixteenth bits of a word in memory are its opcode.
const OPCODE_LANE: usize = if cfg!(target_endian = "little") { 2 } else { 1 };

impl Word {
    /// What the machine finds where the entry function returns to.
    pub(crate) const HALT: Self = Self((Operation::Halt as u64) << 32);
    /// What it finds where the function returns to that a task began with.
    pub(crate) const TASK_END: Self = Self((Operation::TaskEnd as u64) << 32);

    /// What it does.
    pub(crate) fn operation(self) -> Operation {
        // SAFETY: words are made of operations only.
        unsafe { std::mem::transmute::<u16, Operation>((self.0 >> 32) as u16) }
    }

    /// The same word with another operation.
    pub(crate) fn with_operation(self, operation: Operation) -> Self {
        Self(self.0 & !(0xffff << 32) | (operation as u64) << 32)
    }

    /// The same word with another lane `c`.
    pub(crate) fn with_c(self, c: u16) -> Self {
        Self(self.0 & !(0xffff << C) | u64::from(c) << C)
    }

    /// The word of an instruction whose lanes are as the machine wants them, register numbers and wide indices excepted.
    pub(crate) fn new(instruction: RegisterInstruction) -> Self {
        let kinds = instruction.op().facts().lanes;
        let lanes = instruction.lanes();
        let lane = |at: usize| {
            let value = u64::from(lanes[at]);
            if names_register(kinds[at]) { (value * REGISTER_SCALE as u64) & 0xffff } else { value }
        };
        let opcode = (Operation::of(instruction.op()) as u64) << 32;
        let wide = instruction.wide_operand();
        match kinds[1] {
            Lane::IntWide | Lane::OffsetWide => Self(opcode | lane(0) << C | u64::from(wide)),
            Lane::ConstantWide | Lane::GlobalWide => {
                Self(opcode | lane(0) << C | u64::from(wide.wrapping_mul(size_of::<Value>() as u32)))
            }
            _ => Self(opcode | lane(0) << A | lane(1) << B | lane(2) << C),
        }
    }
}

/// The lanes of the instruction at a program counter. Each is a load of its own, which takes no instruction besides; taking them out of a
/// word that was loaded once takes a move and a shift each.
#[derive(Clone, Copy)]
pub(crate) struct Lanes(*const Word);

impl Lanes {
    #[inline(always)]
    fn read<T>(self, byte: usize) -> T {
        // SAFETY: made by `State::fetch` only, of an instruction; the bytes lie in its word and any are a number.
        unsafe { self.0.cast::<u8>().add(byte).cast::<T>().read() }
    }

    /// Those of the next instruction.
    ///
    /// # Safety
    /// There is one.
    #[inline(always)]
    pub(crate) unsafe fn following(self) -> Self {
        // SAFETY: the caller's promise.
        Self(unsafe { self.0.add(1) })
    }

    /// A lane as an unsigned number.
    #[inline(always)]
    pub(crate) fn lane<const LANE: u32>(self) -> usize {
        usize::from(self.read::<u16>(lane_byte(LANE)))
    }

    /// A lane as a signed number.
    #[inline(always)]
    pub(crate) fn signed<const LANE: u32>(self) -> i64 {
        i64::from(self.read::<i16>(lane_byte(LANE)))
    }

    /// The wide operand as an unsigned number: of constants and globals, bytes from the first one.
    #[inline(always)]
    pub(crate) fn wide(self) -> usize {
        self.read::<u32>(WIDE_BYTE) as usize
    }

    /// The wide operand as a signed number.
    #[inline(always)]
    pub(crate) fn signed_wide(self) -> i64 {
        i64::from(self.read::<i32>(WIDE_BYTE))
    }

    /// The gas that a `METER_REG` takes.
    #[inline(always)]
    pub(crate) fn gas(self) -> u64 {
        u64::from(self.read::<u32>(WIDE_BYTE))
    }

    /// The number of the register that a lane names.
    #[inline(always)]
    pub(crate) fn register<const LANE: u32>(self) -> usize {
        self.lane::<LANE>() / REGISTER_SCALE
    }

    /// How many bytes behind the frame's first register a lane's register lies.
    #[inline(always)]
    pub(crate) fn offset<const LANE: u32>(self) -> usize {
        self.lane::<LANE>() * REGISTER_STEP
    }
}

/// Where in a word a lane lies.
const fn lane_byte(lane: u32) -> usize {
    if cfg!(target_endian = "little") { lane as usize / 8 } else { 6 - lane as usize / 8 }
}

/// Where in a word the wide operand lies.
const WIDE_BYTE: usize = if cfg!(target_endian = "little") { 0 } else { 4 };

/// Whether a lane of this kind names a register, once spill slots are registers.
fn names_register(kind: Lane) -> bool {
    matches!(
        kind,
        Lane::Def
            | Lane::Use
            | Lane::UseDef
            | Lane::Slot
            | Lane::Clobber
            | Lane::Window
            | Lane::UseWindow
            | Lane::ReceiverWindow
            | Lane::PairWindow
            | Lane::ConstructWindow
            | Lane::SliceWindow
    )
}

/// Where the machine stands: the next instruction and the first register of the running frame. Two machine words, so it is passed and
/// returned in registers of the processor.
#[derive(Clone, Copy)]
pub(crate) struct State {
    pub(crate) pc: *const Word,
    pub(crate) base: *mut Value,
}

impl State {
    /// What the instruction there does.
    ///
    /// This is a load of its own, apart from that of the word. Taking the opcode out of the word would cost a move and two shifts on the way to
    /// the next jump, and a compiler does just that when it sees two loads from one place, unless one is volatile.
    ///
    /// # Safety
    /// `pc` points to a linked instruction.
    #[inline(always)]
    pub(crate) unsafe fn operation(self) -> Operation {
        // SAFETY: the caller's promise; words are made of operations only.
        unsafe { std::mem::transmute::<u16, Operation>(self.pc.cast::<u16>().add(OPCODE_LANE).read_volatile()) }
    }

    /// The instruction there.
    ///
    /// # Safety
    /// `pc` points to an instruction of the function whose frame begins at `base`.
    #[inline(always)]
    pub(crate) unsafe fn fetch(self) -> Instruction {
        // SAFETY: the caller's promise.
        Instruction { pc: self.pc, base: self.base, word: Lanes(self.pc), cached: Cached::NOTHING }
    }
}

/// The result of the instruction before, as processor registers hold it: the value is in its register of the frame all the same, but a value
/// that was just stored takes its time to be loaded again. Which parts are there depends on the tag: of a float `float`, of all else `payload`.
/// Without a result nothing is there.
#[derive(Clone, Copy)]
pub(crate) struct Cached {
    pub(crate) tag: MaybeUninit<u64>,
    pub(crate) payload: MaybeUninit<u64>,
    pub(crate) float: MaybeUninit<f64>,
}

impl Cached {
    /// No result.
    pub(crate) const NOTHING: Self =
        Self { tag: MaybeUninit::uninit(), payload: MaybeUninit::uninit(), float: MaybeUninit::uninit() };

    /// An integer.
    #[inline(always)]
    pub(crate) fn int(value: i64) -> Self {
        Self { tag: MaybeUninit::new(INT), payload: MaybeUninit::new(value as u64), ..Self::NOTHING }
    }

    /// A float.
    #[inline(always)]
    pub(crate) fn float(value: f64) -> Self {
        Self { tag: MaybeUninit::new(FLOAT), float: MaybeUninit::new(value), ..Self::NOTHING }
    }

    /// What a place holds, whatever it is.
    ///
    /// # Safety
    /// The place holds a value.
    #[inline(always)]
    pub(crate) unsafe fn load(place: Slot) -> Self {
        // SAFETY: the caller's promise.
        let [tag, payload, float] = unsafe { [place.tag_again(), place.payload_again(), place.payload_again()] };
        Self::parts(tag, payload, f64::from_bits(float))
    }

    /// A value of any kind, its payload in both forms.
    #[inline(always)]
    pub(crate) fn parts(tag: u64, payload: u64, float: f64) -> Self {
        Self { tag: MaybeUninit::new(tag), payload: MaybeUninit::new(payload), float: MaybeUninit::new(float) }
    }
}

/// An instruction in its frame.
#[derive(Clone, Copy)]
pub(crate) struct Instruction {
    pub(crate) pc: *const Word,
    pub(crate) base: *mut Value,
    pub(crate) word: Lanes,
    /// The result of the instruction before, if this one is an operation on it.
    pub(crate) cached: Cached,
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
        Slot::at(self.base, self.word.lane::<LANE>())
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

    /// `R[a]` of an instruction with a wide operand.
    ///
    /// # Safety
    /// The instruction has one, and lane `a` names a register.
    #[inline(always)]
    pub(crate) unsafe fn wide_a(self) -> Slot {
        // SAFETY: the caller's promise; lane `a` stands where others have lane `c`.
        unsafe { self.register::<C>() }
    }

    /// `count` registers from `skip` behind `R[a]` on.
    ///
    /// # Safety
    /// The registers lie inside the frame and are written; nothing writes them while the slice is used.
    #[inline(always)]
    pub(crate) unsafe fn window<'v>(self, skip: usize, count: usize) -> &'v [Value] {
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts(self.base.add(self.word.register::<A>() + skip), count) }
    }
}
