//! Analyses of stack code, and passes that make it shorter.
//!
//! [`mod@cfg`] and [`mod@liveness`] serve everybody who reads stack code. The rest is the optimizer: a function becomes a [`Body`], which [`passes`]
//! edit one after the other, and then a function again.
//!
//! ```text
//! Verified<StackCode> → Body → pass → pass → … → StackCode, to be verified again
//! ```
//!
//! What a program shows must not change: output, value, errors with their places and traces, the moment of each, and fuel. Passes learn from
//! the family's table what an operation does besides; what it means only whoever runs it knows, so constants are folded by asking
//! ([`Meaning`]).

#![forbid(unsafe_code)]

pub mod body;
pub mod cfg;
pub mod forward;
pub mod kinds;
pub mod liveness;
pub mod locals;
pub mod manager;
pub mod operands;
pub mod pass;
pub mod passes;

pub use body::{Block as BodyBlock, Body, Instruction};
pub use cfg::{Block, ControlFlowGraph};
pub use manager::{Level, Options, PassStatistics, Statistics, optimize, optimize_by, optimize_watched};
pub use pass::{Context, Meaning, NoMeaning, Pass, find_pass};
