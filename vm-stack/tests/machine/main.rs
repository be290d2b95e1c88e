//! The machine, instruction by instruction: code in the text form, and what running it gives.
//!
//! One test program for all, because each that runs the machine has all of its loops compiled into it.

mod access;
mod arena;
mod arithmetic;
mod calls;
mod common;
mod errors;
mod memory;
mod random;
