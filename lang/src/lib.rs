//! The guest language: from text to a resolved tree, and from there to stack code or straight to a result.
//!
//! [`analyze`] loads a program's files, parses them and resolves their names. [`compile`] turns the outcome into stack code;
//! [`evaluate`] walks the tree itself and is the oracle that every other engine is compared with.

#![forbid(unsafe_code)]

pub mod ast;
mod canonical;
pub mod compiler;
mod constant;
pub mod diagnostics;
pub mod evaluator;
pub mod gas;
pub mod lexer;
pub mod loader;
pub mod names;
pub mod parser;
mod places;
pub mod program;
pub mod resolver;
pub mod walk;

pub use canonical::{Canonical, canonical};
pub use compiler::{compile, compile_metered, compile_portable};
pub use evaluator::evaluate;
pub use loader::{Analysis, FileDiagnostics, FileLoader, NoLoader, SourceLoader, analyze};
pub use places::Places;
