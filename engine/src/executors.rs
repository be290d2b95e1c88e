//! The executors, a file each.

pub(crate) mod ast;
pub(crate) mod auto;
pub(crate) mod hybrid;
pub(crate) mod jit;
pub(crate) mod register;
pub(crate) mod stack;
