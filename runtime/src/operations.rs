//! The meaning of every operation, once. Engines inline the hot cases and call these for all others.

mod access;
mod arithmetic;
mod call;
mod compare;
mod divisor;
mod iterate;
mod ledger;

pub use access::element_position;
pub use arithmetic::{float_remainder, floored_remainder};
pub use call::{Callee, Method};
pub(crate) use compare::position_in;
pub use compare::{Comparison, equals};
pub use divisor::Divisor;
