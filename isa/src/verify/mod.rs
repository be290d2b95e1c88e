//! The verifiers: what stands between code from anywhere and machines that do not check.
//!
//! [`stack()`] and [`register()`] take any module whatsoever and either refuse it, saying where and why, or wrap it as
//! [`Verified`], which nothing else can make. What they prove is what the machines' unchecked accesses rest on:
//!
//! - **Tables** (both forms): every index in every table is in range, inheritance has no cycle, functions that run without
//!   a closure capture nothing.
//! - **Operands** (both forms): every constant, global, name, type, local, register, … an instruction names exists; every jump
//!   lands inside the function; control cannot run off the end.
//! - **Cycles** (both forms): only the loop operations and fused compare-and-branch go backward; handlers lie behind what they
//!   guard. So every cycle takes fuel.
//! - **Stack form**: the depth of the operand stack is the same whichever way an instruction is reached, and never negative.
//! - **Register form**: every register and spill slot is written before it is read on every path, and nothing that a call
//!   overwrites is read after it.
//!
//! # Handlers
//!
//! An error at an instruction goes to the *first* handler in the function's list whose range holds it. Only that handler is
//! held against the instruction: its landing must fit there, and its target is reached from there.
//!
//! # What is left to run time
//!
//! Kinds of values, whether a variable was set, and whether a local holds a cell are checked where they are used. The verifier
//! only demands that `LOAD_CELL` and `STORE_CELL` name a slot that some `MAKE_CELL` of the function makes a cell. That `SET_CAPTURE`
//! is applied to a function with so many captured variables is checked at run time too; the verifier holds its index against
//! the most that any function has.
//!
//! # Cost
//!
//! The stack verifier visits each instruction twice, whatever its shape. So does the register verifier where registers are few, and loops, mostly
//! once more; where they are many it follows over the basic blocks which registers may be unwritten, in time in what blocks change of that.
//! Neither recurses.

mod error;
mod flow;
mod register;
mod shape;
mod stack;
mod tables;

pub use error::{Place, Problem, VerifyError};

use crate::handlers::{HandlerMap, UNGUARDED};
use crate::module::{RegCode, StackCode};
use crate::verified::Verified;

/// The largest frame: locals and the deepest operand stack together.
pub const MAX_FRAME: u32 = 1 << 20;
/// The most registers a function can have.
pub const MAX_REGISTERS: u32 = 1 << 16;

/// Verifies a program in the stack form.
pub fn stack(module: StackCode) -> Result<Verified<StackCode>, VerifyError> {
    tables::check(&module)?;
    let frame_sizes = stack::check(&module)?;
    Ok(Verified::new(module, frame_sizes))
}

/// Verifies a program in the register form.
pub fn register(module: RegCode) -> Result<Verified<RegCode>, VerifyError> {
    tables::check(&module)?;
    let frame_sizes = register::check(&module)?;
    Ok(Verified::new(module, frame_sizes))
}

/// Length of a table as the index type; tables that are longer cannot be indexed past it.
fn count<T>(table: &[T]) -> u32 {
    u32::try_from(table.len()).unwrap_or(u32::MAX)
}
