//! Values, heap and collector, and the meaning of every operation.
//!
//! What `ADD` does to every pair of kinds is written here once. Engines inline the hot cases and call [`Runtime`] for the rest, so the
//! evaluator, the machines and the native tiers cannot disagree about it.

pub mod apart;
mod arguments;
pub mod builtins;
pub mod canonical;
pub mod chain;
pub mod context;
pub mod coroutine;
pub mod error;
mod extent;
pub mod format;
pub mod gas;
pub mod heap;
pub mod host;
pub mod methods;
pub mod objects;
pub mod operations;
pub mod pages;
pub mod probe;
pub mod suggest;
pub mod tasks;
pub mod value;

pub use context::{Limits, Program, RunOptions, Runtime};
pub use error::{Error, ErrorKind, Fault};
pub use heap::{Collecting, Heap};
pub use value::{Tag, Value};
