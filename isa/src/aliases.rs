//! Names of the family for what other operations do: those of parallel execution.
//!
//! A program of this family does not say what is to run on other threads. Tasks take turns, in one order, and only where one waits (see the runtime's `tasks`), so nothing
//! between two waits is ever interrupted: there is nothing to lock, and every update is atomic. Which calls run elsewhere is found by an analysis of effects, and no program can tell.
//! What remains of these operations is what the others do, so the text form takes their names for those.

use crate::register::RegisterOp;
use crate::stack::StackOp;

/// A name of the family for another operation.
#[derive(Clone, Copy, Debug)]
pub struct Alias {
    /// Its number in the family.
    pub number: u16,
    /// Its name there.
    pub mnemonic: &'static str,
    /// What it is in the stack form.
    pub stack: StackOp,
    /// What it is in the register form.
    pub register: RegisterOp,
    /// Why that is the same.
    pub because: &'static str,
}

const fn nothing(number: u16, mnemonic: &'static str, because: &'static str) -> Alias {
    Alias { number, mnemonic, stack: StackOp::Nop, register: RegisterOp::NopReg, because }
}

/// All of them, by number.
pub const ALIASES: &[Alias] = &[
    nothing(300, "PARALLEL_START", "calls that can be made on other threads are found, not marked"),
    nothing(301, "PARALLEL_END", "whoever needs a result waits for it"),
    nothing(302, "BARRIER", "what is called ahead of its turn has its effect at its turn"),
    Alias {
        number: 303,
        mnemonic: "SPAWN_TASK",
        stack: StackOp::Spawn,
        register: RegisterOp::SpawnReg,
        because: "a task that only computes is called ahead of its turn, on another thread",
    },
    Alias {
        number: 304,
        mnemonic: "TASK_JOIN",
        stack: StackOp::Await,
        register: RegisterOp::AwaitReg,
        because: "to wait for a task gives its value",
    },
    Alias {
        number: 305,
        mnemonic: "TASK_RESULT",
        stack: StackOp::Await,
        register: RegisterOp::AwaitReg,
        because: "the value of a task that has ended is there at once",
    },
    nothing(306, "LOCK_ACQUIRE", "nobody else runs between two waits"),
    nothing(307, "LOCK_RELEASE", "nobody else runs between two waits"),
    Alias {
        number: 308,
        mnemonic: "ATOMIC_ADD",
        stack: StackOp::AddIndex,
        register: RegisterOp::AddIndexReg,
        because: "transactions of a block that only add do not conflict",
    },
];

/// The alias of this name.
pub fn find(mnemonic: &str) -> Option<&'static Alias> {
    ALIASES.iter().find(|alias| alias.mnemonic == mnemonic)
}
