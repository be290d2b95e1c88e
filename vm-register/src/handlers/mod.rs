//! What instructions do, by topic.
//!
//! A handler is the hot part of an operation: the kinds of operands that fast programs have, inline, with nothing that can fail or
//! allocate. Everything else an operation may meet is in a function out of line (`…_slow` or, where it is the usual way, `…_outline`),
//! which runs the whole instruction by the runtime's definition and returns where to go on. A handler calls it in tail position with
//! nothing but the machine's state, so no handler keeps anything across a call.
//!
//! # Safety
//!
//! Handlers and functions out of line are `unsafe` with one contract: *the instruction is one this handler is for, in verified code,
//! in the running frame*. What follows from it is what their blocks rely on:
//!
//! - lanes are what the table says: registers inside the frame, indices of existing constants, globals, functions, names, types,
//!   modules, builtins and captured variables of the running function;
//! - registers that are read hold values, and their objects are alive ([`crate::machine`]);
//! - a window lies inside the frame;
//! - jump distances lead to instructions of the function, and control may go behind an instruction that does not end a block.
//!
//! Kinds of values are *not* verified; a handler looks at a tag before it believes a payload to be a pointer.

pub(crate) mod access;
pub(crate) mod arithmetic;
pub(crate) mod branch;
pub(crate) mod build;
pub(crate) mod calls;
pub(crate) mod chain;
pub(crate) mod compare;
pub(crate) mod data;
pub(crate) mod loops;
pub(crate) mod operand;
pub(crate) mod table;
pub(crate) mod tasks;
pub(crate) mod tiers;
