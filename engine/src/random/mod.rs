//! Random programs, run everywhere, made small where engines disagree.
//!
//! [`program`] grows the program of a seed, [`Checker`] runs it on every executor under several configurations and compares what can be
//! observed, and [`shrink()`] reduces a program that makes them disagree. All of it is deterministic: the seed is the bug report.

mod check;
mod grow;
mod numbers;
mod shrink;
mod tree;

pub use check::{Checker, Disagreement, Observation, Summary, Verdict};
pub use grow::program;
pub use numbers::Random;
pub use shrink::shrink;
pub use tree::Node;
