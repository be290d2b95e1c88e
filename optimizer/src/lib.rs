//! Control-flow graph and data-flow analyses over stack code.

#![forbid(unsafe_code)]

pub mod cfg;
pub mod liveness;

pub use cfg::{Block, ControlFlowGraph};
