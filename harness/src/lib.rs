//! The command `harness`: runs programs, compares engines, measures, reports.
//!
//! | part | what it is |
//! | --- | --- |
//! | [`cli`] | the command line |
//! | [`commands`] | a file for each verb |
//! | [`contestant`], [`peers`] | who takes part in a comparison: our engines, and other languages |
//! | [`measure`], [`statistics`], [`metrics`] | what is measured, and what the figures mean |
//! | [`code_cache`] | where compiled code is kept between runs |
//! | [`sweep`] | all combinations of some values of some axes |
//! | [`parallel`] | blocks of transactions on several workers |
//! | [`memory`] | what programs and objects take, beside other languages |
//! | [`warmup`] | runs in a row, and when they settle |
//! | [`results`], [`tables`], [`environment`] | result files and how they are shown |

#![forbid(unsafe_code)]
// They panic when nobody can read what they print; `terminal` has what does not.
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

pub mod axes;
pub mod cli;
pub mod code_cache;
pub mod commands;
pub mod contestant;
mod deferred;
pub mod environment;
pub mod measure;
pub mod memory;
pub mod metrics;
pub mod paper;
pub mod parallel;
pub mod peers;
pub mod results;
pub mod statistics;
pub mod sweep;
pub mod tables;
pub mod terminal;
pub mod warmup;
