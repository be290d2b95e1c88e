//! The meaning of every operation, once. Engines inline the hot cases and call these for all others.

mod access;
mod arithmetic;
mod call;
mod compare;
mod iterate;

pub use call::{Callee, Method};
pub use compare::Comparison;
