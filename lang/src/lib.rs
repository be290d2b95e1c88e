//! The guest language.

pub mod ast;
pub mod names;
