//! Control-flow graph and data-flow analyses over stack code.

#![forbid(unsafe_code)]

pub mod bitset;
pub mod cfg;
pub mod liveness;

pub use bitset::BitMatrix;
pub use cfg::{Block, ControlFlowGraph};
