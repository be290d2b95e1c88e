//! Puts the machines together.
//!
//! ```text
//! Source ── Compiled ──┬─ executor `ast` ──────┐
//!  text     front end  ├─ executor `stack` ────┤ Prepared ── run, count ── Outcome
//!           runs once  ├─ executor `register` ─┤
//!                      └─ executor `hybrid` ───┘
//! ```
//!
//! A [`Source`] is compiled once; every [`Executor`] prepares its own form of the outcome under a [`Configuration`], and what
//! it prepared runs any number of times. All of them give an [`Outcome`] of the same shape, so whoever compares engines compares
//! outcomes. [`workloads`] are the bundled programs with their expected output, [`random`] programs search for disagreements.

#![forbid(unsafe_code)]

mod ahead;
mod apart;
pub mod cache;
pub mod clock;
mod compiled;
mod configuration;
mod dispatch;
pub mod effects;
mod error;
mod executor;
mod executors;
mod files;
pub mod hybrid;
pub mod mechanism;
mod optimized;
pub mod orchestrator;
mod outcome;
pub mod parallel;
pub mod probes;
pub mod profile;
pub mod random;
mod report;
mod service;
mod tiers;
pub mod workloads;

pub use cache::{CodeCache, Found, Keeping};
pub use compiled::{Compiled, Source};
pub use configuration::{Axis, Choice, CodeForm, Configuration, ConfigurationError, Shapes, axes, axis, parse_bytes};
pub use dispatch::Dispatch;
pub use error::EngineError;
pub use executor::{Executor, Prepared, executors, find_executor};
pub use optimized::{MachineMeaning, Optimized};
pub use outcome::{Capture, Failure, InstructionTally, LedgerOutcome, Outcome, Returned};
pub use report::render_failure;
pub use tiers::JitMode;
