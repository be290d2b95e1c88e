//! The passes, a file each.

pub mod branches;
pub mod checks;
pub mod combine;
pub mod common;
pub mod copies;
pub mod dead;
pub mod fold;
pub mod forward;
pub mod peephole;
pub mod strength;
pub mod thread;
