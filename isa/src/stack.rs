//! The stack form: 32-bit words, an 8-bit opcode and a 24-bit operand.

use crate::table::Effects;

/// What the operand of a stack instruction means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StackOperand {
    /// There is none.
    None,
    /// Index into the constants.
    Constant,
    /// Index into the globals.
    Global,
    /// Slot of the frame.
    Local,
    /// Index into the running function's captured variables.
    Capture,
    /// Index into the functions.
    Function,
    /// Index into the types.
    Type,
    /// Index into the names.
    Name,
    /// Index into the modules.
    Module,
    /// Absolute index of the target instruction in the same function.
    Jump,
    /// An amount of gas.
    Gas,
    /// How many values are taken.
    Count,
    /// How many arguments are passed.
    Arguments,
    /// Global (16 bits) and argument count (8 bits).
    GlobalCall,
    /// Function (16 bits) and argument count (8 bits).
    FunctionCall,
    /// Builtin (16 bits) and argument count (8 bits).
    BuiltinCall,
    /// Method name (16 bits) and argument count (8 bits), the receiver not counted.
    MethodCall,
    /// Type (16 bits) and argument count (8 bits).
    TypeCall,
    /// Two slots of the frame (12 bits each), the first in the low bits.
    LocalPair,
    /// Slot of the frame (the low 12 bits) and index into the constants (12 bits).
    LocalConstant,
}

/// How many values an operation takes or leaves: `fixed + per_item * n`, `n` being the operand's count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StackCount {
    /// Always taken.
    pub fixed: u8,
    /// Taken for each unit of the operand's count.
    pub per_item: u8,
}

/// What the table says about a stack operation.
#[derive(Clone, Copy, Debug)]
pub struct StackFacts {
    /// Number in the family.
    pub number: u16,
    /// Name in the text form.
    pub mnemonic: &'static str,
    /// What its operand means.
    pub operand: StackOperand,
    /// Values taken from the stack.
    pub pops: StackCount,
    /// Values left on the stack.
    pub pushes: u8,
    /// What it does besides.
    pub effects: Effects,
    /// Base cost.
    pub gas: u64,
    /// Operands and meaning in one line.
    pub meaning: &'static str,
}

macro_rules! stack_count {
    (n) => {
        StackCount { fixed: 0, per_item: 1 }
    };
    ([n + $fixed:literal]) => {
        StackCount { fixed: $fixed, per_item: 1 }
    };
    ([$per_item:literal * n]) => {
        StackCount { fixed: 0, per_item: $per_item }
    };
    ($fixed:literal) => {
        StackCount { fixed: $fixed, per_item: 0 }
    };
}

macro_rules! define_stack {
    (
        stack { $($number:literal $variant:ident $mnemonic:literal $operand:ident, $pops:tt -> $pushes:literal, $($effect:ident)|+, $gas:literal, $meaning:literal;)* }
        register { $($register:tt)* }
    ) => {
        /// An operation of the stack form. The discriminant is dense; [`StackFacts::number`] is the family's.
        // Meanings write `R[a]`, which is no link.
        #[allow(rustdoc::broken_intra_doc_links)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum StackOp {
            $(#[doc = concat!("`", $mnemonic, "`: ", $meaning)] $variant,)*
        }

        impl StackOp {
            /// Every operation, in table order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            const FACTS: &'static [StackFacts] = &[$(StackFacts {
                number: $number,
                mnemonic: $mnemonic,
                operand: StackOperand::$operand,
                pops: stack_count!($pops),
                pushes: $pushes,
                effects: Effects::PURE$(.union(Effects::$effect))+,
                gas: $gas,
                meaning: $meaning,
            }),*];
        }
    };
}
crate::for_each_operation!(define_stack);

/// What passes over code ask of every instruction, in one word; for each opcode. Those that do not exist are `NOP`.
#[derive(Clone, Copy)]
struct Summary {
    op: StackOp,
    pops: StackCount,
    pushes: u8,
    /// What is pushed, less what is popped whatever the count.
    growth: i8,
    /// Where in the instruction the count that is multiplied begins, and which of the bits from there on are it.
    count_at: u8,
    is_jump: bool,
    is_control: bool,
    count_mask: u32,
}

static SUMMARIES: [Summary; 256] = {
    let nop = Summary {
        op: StackOp::Nop,
        pops: StackCount { fixed: 0, per_item: 0 },
        pushes: 0,
        growth: 0,
        count_at: 0,
        is_jump: false,
        is_control: false,
        count_mask: 0,
    };
    let mut summaries = [nop; 256];
    let mut at = 0;
    while at < StackOp::ALL.len() {
        let op = StackOp::ALL[at];
        let facts = &StackOp::FACTS[at];
        let (count_at, count_mask) = match facts.operand {
            StackOperand::GlobalCall
            | StackOperand::FunctionCall
            | StackOperand::BuiltinCall
            | StackOperand::MethodCall
            | StackOperand::TypeCall => (24, MAX_ARGUMENTS),
            StackOperand::Arguments | StackOperand::Count => (8, MAX_OPERAND),
            _ => (0, 0),
        };
        let is_jump = matches!(facts.operand, StackOperand::Jump);
        summaries[at] = Summary {
            op,
            pops: facts.pops,
            pushes: facts.pushes,
            growth: facts.pushes as i8 - facts.pops.fixed as i8,
            count_at,
            count_mask,
            is_jump,
            is_control: is_jump || op.ends_block() || op.skips(),
        };
        at += 1;
    }
    summaries
};

impl StackOp {
    /// What the table says about it.
    #[inline]
    pub fn facts(self) -> &'static StackFacts {
        &Self::FACTS[self as usize]
    }

    /// The operation with this dense opcode.
    #[inline]
    pub fn from_opcode(opcode: u8) -> Option<Self> {
        Self::ALL.get(opcode as usize).copied()
    }

    /// The operation with this name in the text form, or with this [alias](crate::aliases).
    pub fn from_mnemonic(mnemonic: &str) -> Option<Self> {
        let own = Self::ALL.iter().copied().find(|op| op.facts().mnemonic == mnemonic);
        own.or_else(|| crate::aliases::find(mnemonic).map(|alias| alias.stack))
    }

    /// The operation with this number in the family.
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|op| op.facts().number == number)
    }

    /// True when control never goes on to the next instruction.
    pub const fn ends_block(self) -> bool {
        matches!(self, Self::Jump | Self::Loop | Self::Return | Self::Throw)
    }

    /// True when the operation may skip the instruction after it.
    pub const fn skips(self) -> bool {
        matches!(self, Self::ForPrepare | Self::ForLoop | Self::ForIter | Self::ForPair)
    }
}

/// One instruction of the stack form: opcode in the low 8 bits, operand in the high 24.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct StackInstruction(u32);

/// The largest operand of a stack instruction.
pub const MAX_OPERAND: u32 = (1 << 24) - 1;
/// The largest index in an instruction that also carries an argument count.
pub const MAX_CALL_INDEX: u32 = u16::MAX as u32;
/// The largest index in an instruction that carries two.
pub const MAX_PAIR_INDEX: u32 = (1 << 12) - 1;
/// The most arguments a call can pass.
pub const MAX_ARGUMENTS: u32 = u8::MAX as u32;

impl StackInstruction {
    /// `op operand`. The operand must not exceed [`MAX_OPERAND`]; what the compiler makes is checked before it gets here.
    #[inline]
    pub fn new(op: StackOp, operand: u32) -> Self {
        debug_assert!(operand <= MAX_OPERAND);
        Self(op as u32 | operand << 8)
    }

    /// A call of `index` with `arguments` arguments.
    #[inline]
    pub fn call(op: StackOp, index: u32, arguments: u32) -> Self {
        debug_assert!(index <= MAX_CALL_INDEX && arguments <= MAX_ARGUMENTS);
        Self::new(op, index | arguments << 16)
    }

    /// An instruction with two indices.
    #[inline]
    pub fn pair(op: StackOp, first: u32, second: u32) -> Self {
        debug_assert!(first <= MAX_PAIR_INDEX && second <= MAX_PAIR_INDEX);
        Self::new(op, first | second << 12)
    }

    /// The two indices of an instruction that carries two.
    #[inline]
    pub fn indices(self) -> [u32; 2] {
        [self.operand() & MAX_PAIR_INDEX, self.operand() >> 12]
    }

    /// The two instructions that this one stands for, if it stands for two.
    pub fn parts(self) -> Option<[Self; 2]> {
        let [first, second] = match self.op() {
            StackOp::LoadLocals => [StackOp::LoadLocal, StackOp::LoadLocal],
            StackOp::LoadLocalConst => [StackOp::LoadLocal, StackOp::LoadConst],
            StackOp::StoreLoad => [StackOp::StoreLocal, StackOp::LoadLocal],
            _ => return None,
        };
        let indices = self.indices();
        Some([Self::new(first, indices[0]), Self::new(second, indices[1])])
    }

    /// The instruction that stands for two, if there is one.
    pub fn joined(first: Self, second: Self) -> Option<Self> {
        let op = match (first.op(), second.op()) {
            (StackOp::LoadLocal, StackOp::LoadLocal) => StackOp::LoadLocals,
            (StackOp::LoadLocal, StackOp::LoadConst) => StackOp::LoadLocalConst,
            (StackOp::StoreLocal, StackOp::LoadLocal) => StackOp::StoreLoad,
            _ => return None,
        };
        let fits = first.operand() <= MAX_PAIR_INDEX && second.operand() <= MAX_PAIR_INDEX;
        fits.then(|| Self::pair(op, first.operand(), second.operand()))
    }

    /// The instruction with these bits, if its opcode exists.
    pub fn from_bits(bits: u32) -> Option<Self> {
        StackOp::from_opcode(bits as u8).map(|_| Self(bits))
    }

    /// Its bits.
    #[inline]
    pub fn bits(self) -> u32 {
        self.0
    }

    /// The operation.
    #[inline]
    pub fn op(self) -> StackOp {
        self.summary().op
    }

    /// The dense opcode.
    #[inline]
    pub fn opcode(self) -> u8 {
        self.0 as u8
    }

    /// The whole operand.
    #[inline]
    pub fn operand(self) -> u32 {
        self.0 >> 8
    }

    /// Index of what a call instruction calls (global, function, builtin, method name or type).
    #[inline]
    pub fn call_index(self) -> u32 {
        self.0 >> 8 & 0xffff
    }

    /// Argument count of a call instruction.
    #[inline]
    pub fn call_arguments(self) -> u32 {
        self.0 >> 24
    }

    /// The count that [`StackCount::per_item`] multiplies: arguments of a call, else the operand itself.
    #[inline]
    pub fn count(self) -> u32 {
        let Summary { count_at, count_mask, .. } = *self.summary();
        self.0 >> count_at & count_mask
    }

    /// How many values it takes from the stack.
    #[inline]
    pub fn pops(self) -> u32 {
        let pops = self.summary().pops;
        u32::from(pops.fixed) + u32::from(pops.per_item) * self.count()
    }

    /// How many values it leaves on the stack.
    #[inline]
    pub fn pushes(self) -> u32 {
        u32::from(self.summary().pushes)
    }

    /// How many more values are on the stack after it than before.
    #[inline]
    pub fn growth(self) -> i32 {
        let Summary { growth, pops, .. } = *self.summary();
        i32::from(growth) - (u32::from(pops.per_item) * self.count()) as i32
    }

    /// The target, when the operand is one.
    #[inline]
    pub fn jump_target(self) -> Option<u32> {
        self.summary().is_jump.then(|| self.operand())
    }

    /// Whether control may go elsewhere than to the next instruction.
    #[inline]
    pub fn is_control(self) -> bool {
        self.summary().is_control
    }

    #[inline]
    fn summary(self) -> &'static Summary {
        &SUMMARIES[(self.0 & 0xff) as usize]
    }
}

impl std::fmt::Debug for StackInstruction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.op().facts().mnemonic, self.operand())
    }
}
