//! The command from outside.

mod cache;
mod cli;
mod ledger;
mod memory;
mod parallel;
mod run_ledger;

use std::process::Output;

/// What it printed.
fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What it told besides.
fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// How it ended.
fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}
