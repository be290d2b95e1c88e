//! What the loop tells apart: the operations of the stack form, then superinstructions.

use isa::StackOp;

use crate::superinstructions::{SUPERINSTRUCTIONS, for_each_superinstruction};

macro_rules! define_operation {
    (
        [$($variant:ident $meaning:literal)*]
        $($name:ident $text:literal [$($part:ident)+] $kind:ident $($path:ident)::+ [$($generic:tt)*];)*
    ) => {
        /// What a linked instruction does.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum Operation {
            $(#[doc = $meaning] $variant,)*
            $(#[doc = $text] $name,)*
        }

        impl Operation {
            /// How many there are.
            pub(crate) const COUNT: usize = [$(stringify!($variant),)* $(stringify!($name),)*].len();
        }

        // Probes are told of opcodes of the family.
        const _: () = {
            $(assert!(Operation::$variant as u8 == StackOp::$variant as u8);)*
        };
    };
}

macro_rules! with_stack_operations {
    (
        stack {
            $($number:literal $variant:ident $mnemonic:literal $operand:ident, $pops:tt -> $pushes:tt, $effects:expr, $gas:literal, $meaning:literal;)*
        }
        register { $($register:tt)* }
    ) => {
        for_each_superinstruction!(define_operation [$($variant $meaning)*]);
    };
}
isa::for_each_operation!(with_stack_operations);

impl Operation {
    /// The name of an opcode.
    pub(crate) fn name(opcode: u8) -> Option<&'static str> {
        match StackOp::from_opcode(opcode) {
            Some(op) => Some(op.facts().mnemonic),
            None => SUPERINSTRUCTIONS.get(usize::from(opcode) - StackOp::ALL.len()).map(|found| found.name),
        }
    }
}
