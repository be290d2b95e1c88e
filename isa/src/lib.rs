//! The instruction-set family: one table, both forms, the module container, text, binary, verifiers.
//!
//! Start at [`table`], which declares every operation once; [`stack`] and [`register`] derive the two forms from it.

#![forbid(unsafe_code)]

pub mod aliases;
pub mod binary;
mod handlers;
pub mod module;
pub mod operands;
pub mod reference;
pub mod register;
pub mod sets;
pub mod stack;
pub mod table;
pub mod text;
pub mod verified;
pub mod verify;

pub use module::{AnyModule, Constant, Form, Function, Module, RegCode, Register, Stack, StackCode};
pub use register::{Lane, RegisterInstruction, RegisterOp};
pub use stack::{StackInstruction, StackOp, StackOperand};
pub use table::Effects;
pub use verified::Verified;
pub use verify::VerifyError;
