//! Superinstructions: which there are, and where linking puts them.
//!
//! A *superinstruction* stands for a sequence of instructions and does in one dispatch what they do in several (Ertl and Gregg, *The structure
//! and performance of efficient interpreters*, JILP 2003). Linking writes its opcode over that of the sequence's first instruction and leaves
//! all other words as they were. Three things follow:
//!
//! - A jump into the middle of a sequence needs no care: the plain instructions are still there.
//! - The superinstruction reads its operands from the words of the sequence.
//! - Where it cannot do the frequent case it runs the sequence's first instruction alone, and the rest follows as plain instructions. So it
//!   has no slow path of its own, no error is ever raised inside one, and the program counter always is at the instruction that failed.
//!
//! The set is static: what the compiler writes most often over the bundled programs, in the families that have a member among these. A sequence
//! has at most four instructions.

use std::cmp::Reverse;
use std::sync::LazyLock;

use isa::StackOp;

use crate::operation::Operation;

/// Calls `$callback!` with every superinstruction, behind the tokens given: its name, the name that people read, the sequence it stands for, and
/// its handler as in [`for_each_handler!`](crate::handlers::table).
macro_rules! for_each_superinstruction {
    ($callback:ident $($first:tt)*) => {
        $callback! {
            $($first)*
            // Arithmetic on two locals, or a local and a constant.
            LocalLocalAdd "LOAD_LOCAL+LOAD_LOCAL+ADD" [LoadLocal LoadLocal Add] plain fused::binary[Add, Local<0>, Local<1>, 0];
            LocalLocalSub "LOAD_LOCAL+LOAD_LOCAL+SUB" [LoadLocal LoadLocal Sub] plain fused::binary[Sub, Local<0>, Local<1>, 0];
            LocalLocalMul "LOAD_LOCAL+LOAD_LOCAL+MUL" [LoadLocal LoadLocal Mul] plain fused::binary[Mul, Local<0>, Local<1>, 0];
            LocalLocalDiv "LOAD_LOCAL+LOAD_LOCAL+DIV" [LoadLocal LoadLocal Div] plain fused::binary[Div, Local<0>, Local<1>, 0];
            LocalLocalMod "LOAD_LOCAL+LOAD_LOCAL+MOD" [LoadLocal LoadLocal Mod] plain fused::binary[Mod, Local<0>, Local<1>, 0];
            LocalConstAdd "LOAD_LOCAL+LOAD_CONST+ADD" [LoadLocal LoadConst Add] plain fused::binary[Add, Local<0>, Const<1>, 0];
            LocalConstSub "LOAD_LOCAL+LOAD_CONST+SUB" [LoadLocal LoadConst Sub] plain fused::binary[Sub, Local<0>, Const<1>, 0];
            LocalConstMul "LOAD_LOCAL+LOAD_CONST+MUL" [LoadLocal LoadConst Mul] plain fused::binary[Mul, Local<0>, Const<1>, 0];
            LocalConstDiv "LOAD_LOCAL+LOAD_CONST+DIV" [LoadLocal LoadConst Div] plain fused::binary[Div, Local<0>, Const<1>, 0];
            LocalConstMod "LOAD_LOCAL+LOAD_CONST+MOD" [LoadLocal LoadConst Mod] plain fused::binary[Mod, Local<0>, Const<1>, 0];

            // Arithmetic whose right side is a local or a constant.
            LocalAdd "LOAD_LOCAL+ADD" [LoadLocal Add] plain fused::binary[Add, Operand<1>, Local<0>, 1];
            LocalSub "LOAD_LOCAL+SUB" [LoadLocal Sub] plain fused::binary[Sub, Operand<1>, Local<0>, 1];
            LocalMul "LOAD_LOCAL+MUL" [LoadLocal Mul] plain fused::binary[Mul, Operand<1>, Local<0>, 1];
            LocalDiv "LOAD_LOCAL+DIV" [LoadLocal Div] plain fused::binary[Div, Operand<1>, Local<0>, 1];
            LocalMod "LOAD_LOCAL+MOD" [LoadLocal Mod] plain fused::binary[Mod, Operand<1>, Local<0>, 1];
            ConstAdd "LOAD_CONST+ADD" [LoadConst Add] plain fused::binary[Add, Operand<1>, Const<0>, 1];
            ConstSub "LOAD_CONST+SUB" [LoadConst Sub] plain fused::binary[Sub, Operand<1>, Const<0>, 1];
            ConstMul "LOAD_CONST+MUL" [LoadConst Mul] plain fused::binary[Mul, Operand<1>, Const<0>, 1];
            ConstDiv "LOAD_CONST+DIV" [LoadConst Div] plain fused::binary[Div, Operand<1>, Const<0>, 1];
            ConstMod "LOAD_CONST+MOD" [LoadConst Mod] plain fused::binary[Mod, Operand<1>, Const<0>, 1];

            // Arithmetic whose result goes to a local.
            AddStoreLocal "ADD+STORE_LOCAL" [Add StoreLocal] plain fused::binary_to_local[Add];
            SubStoreLocal "SUB+STORE_LOCAL" [Sub StoreLocal] plain fused::binary_to_local[Sub];
            MulStoreLocal "MUL+STORE_LOCAL" [Mul StoreLocal] plain fused::binary_to_local[Mul];
            DivStoreLocal "DIV+STORE_LOCAL" [Div StoreLocal] plain fused::binary_to_local[Div];
            ModStoreLocal "MOD+STORE_LOCAL" [Mod StoreLocal] plain fused::binary_to_local[Mod];

            // A comparison that decides a branch.
            LocalLocalEqJumpIfFalse "LOAD_LOCAL+LOAD_LOCAL+EQ+JUMP_IF_FALSE" [LoadLocal LoadLocal Eq JumpIfFalse] fuel fused::compare[Eq, Local<0>, Local<1>, JumpIfFalse, 0];
            LocalLocalNeqJumpIfFalse "LOAD_LOCAL+LOAD_LOCAL+NEQ+JUMP_IF_FALSE" [LoadLocal LoadLocal Neq JumpIfFalse] fuel fused::compare[Neq, Local<0>, Local<1>, JumpIfFalse, 0];
            LocalLocalLtJumpIfFalse "LOAD_LOCAL+LOAD_LOCAL+LT+JUMP_IF_FALSE" [LoadLocal LoadLocal Lt JumpIfFalse] fuel fused::compare[Lt, Local<0>, Local<1>, JumpIfFalse, 0];
            LocalLocalGtJumpIfFalse "LOAD_LOCAL+LOAD_LOCAL+GT+JUMP_IF_FALSE" [LoadLocal LoadLocal Gt JumpIfFalse] fuel fused::compare[Gt, Local<0>, Local<1>, JumpIfFalse, 0];
            LocalLocalLteJumpIfFalse "LOAD_LOCAL+LOAD_LOCAL+LTE+JUMP_IF_FALSE" [LoadLocal LoadLocal Lte JumpIfFalse] fuel fused::compare[Lte, Local<0>, Local<1>, JumpIfFalse, 0];
            LocalLocalGteJumpIfFalse "LOAD_LOCAL+LOAD_LOCAL+GTE+JUMP_IF_FALSE" [LoadLocal LoadLocal Gte JumpIfFalse] fuel fused::compare[Gte, Local<0>, Local<1>, JumpIfFalse, 0];
            LocalConstEqJumpIfFalse "LOAD_LOCAL+LOAD_CONST+EQ+JUMP_IF_FALSE" [LoadLocal LoadConst Eq JumpIfFalse] fuel fused::compare[Eq, Local<0>, Const<1>, JumpIfFalse, 0];
            LocalConstNeqJumpIfFalse "LOAD_LOCAL+LOAD_CONST+NEQ+JUMP_IF_FALSE" [LoadLocal LoadConst Neq JumpIfFalse] fuel fused::compare[Neq, Local<0>, Const<1>, JumpIfFalse, 0];
            LocalConstLtJumpIfFalse "LOAD_LOCAL+LOAD_CONST+LT+JUMP_IF_FALSE" [LoadLocal LoadConst Lt JumpIfFalse] fuel fused::compare[Lt, Local<0>, Const<1>, JumpIfFalse, 0];
            LocalConstGtJumpIfFalse "LOAD_LOCAL+LOAD_CONST+GT+JUMP_IF_FALSE" [LoadLocal LoadConst Gt JumpIfFalse] fuel fused::compare[Gt, Local<0>, Const<1>, JumpIfFalse, 0];
            LocalConstLteJumpIfFalse "LOAD_LOCAL+LOAD_CONST+LTE+JUMP_IF_FALSE" [LoadLocal LoadConst Lte JumpIfFalse] fuel fused::compare[Lte, Local<0>, Const<1>, JumpIfFalse, 0];
            LocalConstGteJumpIfFalse "LOAD_LOCAL+LOAD_CONST+GTE+JUMP_IF_FALSE" [LoadLocal LoadConst Gte JumpIfFalse] fuel fused::compare[Gte, Local<0>, Const<1>, JumpIfFalse, 0];
            ConstEqJumpIfFalse "LOAD_CONST+EQ+JUMP_IF_FALSE" [LoadConst Eq JumpIfFalse] fuel fused::compare[Eq, Operand<1>, Const<0>, JumpIfFalse, 1];
            ConstNeqJumpIfFalse "LOAD_CONST+NEQ+JUMP_IF_FALSE" [LoadConst Neq JumpIfFalse] fuel fused::compare[Neq, Operand<1>, Const<0>, JumpIfFalse, 1];
            ConstLtJumpIfFalse "LOAD_CONST+LT+JUMP_IF_FALSE" [LoadConst Lt JumpIfFalse] fuel fused::compare[Lt, Operand<1>, Const<0>, JumpIfFalse, 1];
            ConstGtJumpIfFalse "LOAD_CONST+GT+JUMP_IF_FALSE" [LoadConst Gt JumpIfFalse] fuel fused::compare[Gt, Operand<1>, Const<0>, JumpIfFalse, 1];
            ConstLteJumpIfFalse "LOAD_CONST+LTE+JUMP_IF_FALSE" [LoadConst Lte JumpIfFalse] fuel fused::compare[Lte, Operand<1>, Const<0>, JumpIfFalse, 1];
            ConstGteJumpIfFalse "LOAD_CONST+GTE+JUMP_IF_FALSE" [LoadConst Gte JumpIfFalse] fuel fused::compare[Gte, Operand<1>, Const<0>, JumpIfFalse, 1];
            EqJumpIfFalse "EQ+JUMP_IF_FALSE" [Eq JumpIfFalse] fuel fused::compare[Eq, Operand<2>, Operand<1>, JumpIfFalse, 2];
            NeqJumpIfFalse "NEQ+JUMP_IF_FALSE" [Neq JumpIfFalse] fuel fused::compare[Neq, Operand<2>, Operand<1>, JumpIfFalse, 2];
            LtJumpIfFalse "LT+JUMP_IF_FALSE" [Lt JumpIfFalse] fuel fused::compare[Lt, Operand<2>, Operand<1>, JumpIfFalse, 2];
            GtJumpIfFalse "GT+JUMP_IF_FALSE" [Gt JumpIfFalse] fuel fused::compare[Gt, Operand<2>, Operand<1>, JumpIfFalse, 2];
            LteJumpIfFalse "LTE+JUMP_IF_FALSE" [Lte JumpIfFalse] fuel fused::compare[Lte, Operand<2>, Operand<1>, JumpIfFalse, 2];
            GteJumpIfFalse "GTE+JUMP_IF_FALSE" [Gte JumpIfFalse] fuel fused::compare[Gte, Operand<2>, Operand<1>, JumpIfFalse, 2];
            LocalLocalEqLoopIfTrue "LOAD_LOCAL+LOAD_LOCAL+EQ+LOOP_IF_TRUE" [LoadLocal LoadLocal Eq LoopIfTrue] fuel fused::compare[Eq, Local<0>, Local<1>, LoopIfTrue, 0];
            LocalLocalNeqLoopIfTrue "LOAD_LOCAL+LOAD_LOCAL+NEQ+LOOP_IF_TRUE" [LoadLocal LoadLocal Neq LoopIfTrue] fuel fused::compare[Neq, Local<0>, Local<1>, LoopIfTrue, 0];
            LocalLocalLtLoopIfTrue "LOAD_LOCAL+LOAD_LOCAL+LT+LOOP_IF_TRUE" [LoadLocal LoadLocal Lt LoopIfTrue] fuel fused::compare[Lt, Local<0>, Local<1>, LoopIfTrue, 0];
            LocalLocalGtLoopIfTrue "LOAD_LOCAL+LOAD_LOCAL+GT+LOOP_IF_TRUE" [LoadLocal LoadLocal Gt LoopIfTrue] fuel fused::compare[Gt, Local<0>, Local<1>, LoopIfTrue, 0];
            LocalLocalLteLoopIfTrue "LOAD_LOCAL+LOAD_LOCAL+LTE+LOOP_IF_TRUE" [LoadLocal LoadLocal Lte LoopIfTrue] fuel fused::compare[Lte, Local<0>, Local<1>, LoopIfTrue, 0];
            LocalLocalGteLoopIfTrue "LOAD_LOCAL+LOAD_LOCAL+GTE+LOOP_IF_TRUE" [LoadLocal LoadLocal Gte LoopIfTrue] fuel fused::compare[Gte, Local<0>, Local<1>, LoopIfTrue, 0];
            LocalConstEqLoopIfTrue "LOAD_LOCAL+LOAD_CONST+EQ+LOOP_IF_TRUE" [LoadLocal LoadConst Eq LoopIfTrue] fuel fused::compare[Eq, Local<0>, Const<1>, LoopIfTrue, 0];
            LocalConstNeqLoopIfTrue "LOAD_LOCAL+LOAD_CONST+NEQ+LOOP_IF_TRUE" [LoadLocal LoadConst Neq LoopIfTrue] fuel fused::compare[Neq, Local<0>, Const<1>, LoopIfTrue, 0];
            LocalConstLtLoopIfTrue "LOAD_LOCAL+LOAD_CONST+LT+LOOP_IF_TRUE" [LoadLocal LoadConst Lt LoopIfTrue] fuel fused::compare[Lt, Local<0>, Const<1>, LoopIfTrue, 0];
            LocalConstGtLoopIfTrue "LOAD_LOCAL+LOAD_CONST+GT+LOOP_IF_TRUE" [LoadLocal LoadConst Gt LoopIfTrue] fuel fused::compare[Gt, Local<0>, Const<1>, LoopIfTrue, 0];
            LocalConstLteLoopIfTrue "LOAD_LOCAL+LOAD_CONST+LTE+LOOP_IF_TRUE" [LoadLocal LoadConst Lte LoopIfTrue] fuel fused::compare[Lte, Local<0>, Const<1>, LoopIfTrue, 0];
            LocalConstGteLoopIfTrue "LOAD_LOCAL+LOAD_CONST+GTE+LOOP_IF_TRUE" [LoadLocal LoadConst Gte LoopIfTrue] fuel fused::compare[Gte, Local<0>, Const<1>, LoopIfTrue, 0];
            ConstEqLoopIfTrue "LOAD_CONST+EQ+LOOP_IF_TRUE" [LoadConst Eq LoopIfTrue] fuel fused::compare[Eq, Operand<1>, Const<0>, LoopIfTrue, 1];
            ConstNeqLoopIfTrue "LOAD_CONST+NEQ+LOOP_IF_TRUE" [LoadConst Neq LoopIfTrue] fuel fused::compare[Neq, Operand<1>, Const<0>, LoopIfTrue, 1];
            ConstLtLoopIfTrue "LOAD_CONST+LT+LOOP_IF_TRUE" [LoadConst Lt LoopIfTrue] fuel fused::compare[Lt, Operand<1>, Const<0>, LoopIfTrue, 1];
            ConstGtLoopIfTrue "LOAD_CONST+GT+LOOP_IF_TRUE" [LoadConst Gt LoopIfTrue] fuel fused::compare[Gt, Operand<1>, Const<0>, LoopIfTrue, 1];
            ConstLteLoopIfTrue "LOAD_CONST+LTE+LOOP_IF_TRUE" [LoadConst Lte LoopIfTrue] fuel fused::compare[Lte, Operand<1>, Const<0>, LoopIfTrue, 1];
            ConstGteLoopIfTrue "LOAD_CONST+GTE+LOOP_IF_TRUE" [LoadConst Gte LoopIfTrue] fuel fused::compare[Gte, Operand<1>, Const<0>, LoopIfTrue, 1];
            EqLoopIfTrue "EQ+LOOP_IF_TRUE" [Eq LoopIfTrue] fuel fused::compare[Eq, Operand<2>, Operand<1>, LoopIfTrue, 2];
            NeqLoopIfTrue "NEQ+LOOP_IF_TRUE" [Neq LoopIfTrue] fuel fused::compare[Neq, Operand<2>, Operand<1>, LoopIfTrue, 2];
            LtLoopIfTrue "LT+LOOP_IF_TRUE" [Lt LoopIfTrue] fuel fused::compare[Lt, Operand<2>, Operand<1>, LoopIfTrue, 2];
            GtLoopIfTrue "GT+LOOP_IF_TRUE" [Gt LoopIfTrue] fuel fused::compare[Gt, Operand<2>, Operand<1>, LoopIfTrue, 2];
            LteLoopIfTrue "LTE+LOOP_IF_TRUE" [Lte LoopIfTrue] fuel fused::compare[Lte, Operand<2>, Operand<1>, LoopIfTrue, 2];
            GteLoopIfTrue "GTE+LOOP_IF_TRUE" [Gte LoopIfTrue] fuel fused::compare[Gte, Operand<2>, Operand<1>, LoopIfTrue, 2];

            // Accesses.
            LocalLocalIndex "LOAD_LOCAL+LOAD_LOCAL+INDEX" [LoadLocal LoadLocal Index] plain fused::index[Local<0>, Local<1>, 0];
            LocalIndex "LOAD_LOCAL+INDEX" [LoadLocal Index] plain fused::index[Operand<1>, Local<0>, 1];
            LocalGetAttr "LOAD_LOCAL+GET_ATTR" [LoadLocal GetAttr] plain fused::get_attr_of_local[];

            // Moves, returns, loops.
            LocalLocal "LOAD_LOCAL+LOAD_LOCAL" [LoadLocal LoadLocal] plain fused::push_two[];
            LocalStoreLocal "LOAD_LOCAL+STORE_LOCAL" [LoadLocal StoreLocal] plain fused::copy[];
            ConstStoreLocal "LOAD_CONST+STORE_LOCAL" [LoadConst StoreLocal] plain fused::set[];
            LocalReturn "LOAD_LOCAL+RETURN" [LoadLocal Return] plain fused::return_local[];
            ForLoopLoop "FOR_LOOP+LOOP" [ForLoop Loop] fuel fused::for_loop[];

            // Division by an integer constant as a multiplication: chosen where the constant allows it.
            LocalConstDivDivisor "LOAD_LOCAL+LOAD_CONST+DIV_DIVISOR" [LoadLocal LoadConst Div] plain fused::divide_by[Local<0>, 0, 2, false];
            LocalConstModDivisor "LOAD_LOCAL+LOAD_CONST+MOD_DIVISOR" [LoadLocal LoadConst Mod] plain fused::divide_by[Local<0>, 0, 2, true];
            ConstDivDivisor "LOAD_CONST+DIV_DIVISOR" [LoadConst Div] plain fused::divide_by[Operand<1>, 1, 1, false];
            ConstModDivisor "LOAD_CONST+MOD_DIVISOR" [LoadConst Mod] plain fused::divide_by[Operand<1>, 1, 1, true];
        }
    };
}
pub(crate) use for_each_superinstruction;

/// A superinstruction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Superinstruction {
    /// What the loop runs.
    pub(crate) operation: Operation,
    /// Its name for people: the mnemonics of its sequence.
    pub(crate) name: &'static str,
    /// What it stands for.
    pub(crate) sequence: &'static [StackOp],
}

macro_rules! define_table {
    ($($name:ident $text:literal [$($part:ident)+] $kind:ident $($path:ident)::+ [$($generic:tt)*];)*) => {
        /// All superinstructions, by opcode: the first follows the last operation of the stack form.
        pub(crate) const SUPERINSTRUCTIONS: &[Superinstruction] = &[$(
            Superinstruction { operation: Operation::$name, name: $text, sequence: &[$(StackOp::$part),+] },
        )*];
    };
}
for_each_superinstruction!(define_table);

/// Superinstructions by the first operation of their sequences, longer ones first.
static BY_FIRST: LazyLock<Vec<Vec<&'static Superinstruction>>> = LazyLock::new(|| {
    let mut by_first = vec![Vec::new(); StackOp::ALL.len()];
    let is_special = |operation| SUPERINSTRUCTIONS.iter().any(|other| other.operation.by_divisor() == Some(operation));
    for superinstruction in SUPERINSTRUCTIONS.iter().filter(|superinstruction| !is_special(superinstruction.operation))
    {
        by_first[superinstruction.sequence[0] as usize].push(superinstruction);
    }
    by_first.iter_mut().for_each(|candidates| candidates.sort_by_key(|candidate| Reverse(candidate.sequence.len())));
    by_first
});

impl Operation {
    /// For a superinstruction that divides by a constant: the one that does it by multiplication.
    pub(crate) fn by_divisor(self) -> Option<Self> {
        match self {
            Self::LocalConstDiv => Some(Self::LocalConstDivDivisor),
            Self::LocalConstMod => Some(Self::LocalConstModDivisor),
            Self::ConstDiv => Some(Self::ConstDivDivisor),
            Self::ConstMod => Some(Self::ConstModDivisor),
            _ => None,
        }
    }
}

/// The longest superinstruction that stands for the instructions which begin here.
pub(crate) fn longest(code: impl Iterator<Item = StackOp> + Clone) -> Option<Operation> {
    let candidates = &BY_FIRST[code.clone().next()? as usize];
    let matches = |candidate: &&&Superinstruction| {
        let mut code = code.clone();
        candidate.sequence.iter().all(|&op| code.next() == Some(op))
    };
    candidates.iter().find(matches).map(|found| found.operation)
}

#[cfg(test)]
mod tests {
    use super::{SUPERINSTRUCTIONS, longest};
    use crate::operation::Operation;
    use isa::StackOp;

    #[test]
    fn names_are_those_of_the_sequences() {
        for superinstruction in SUPERINSTRUCTIONS {
            let mnemonics: Vec<&str> = superinstruction.sequence.iter().map(|op| op.facts().mnemonic).collect();
            assert_eq!(superinstruction.name.replace("_DIVISOR", ""), mnemonics.join("+"));
            assert_eq!(Operation::name(superinstruction.operation as u8), Some(superinstruction.name));
        }
    }

    #[test]
    fn the_longest_sequence_wins() {
        use StackOp as S;
        let found = |code: &[StackOp]| longest(code.iter().copied());
        assert_eq!(found(&[S::LoadLocal, S::LoadLocal, S::Add, S::Return]), Some(Operation::LocalLocalAdd));
        assert_eq!(
            found(&[S::LoadLocal, S::LoadLocal, S::Lt, S::JumpIfFalse]),
            Some(Operation::LocalLocalLtJumpIfFalse)
        );
        assert_eq!(found(&[S::LoadLocal, S::LoadLocal, S::Lt, S::Return]), Some(Operation::LocalLocal));
        assert_eq!(found(&[S::Return]), None);
    }
}
