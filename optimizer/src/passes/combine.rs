//! Instruction combining: two instructions are one where the family has one for both.
//!
//! `LOAD_LOCAL`, `LOAD_LOCAL` is `LOAD_LOCALS`, and so on: nothing is done that was not done before, in fewer steps. Other passes see the two, as
//! [`Body::joins`] says; so what this pass does is the same wherever it stands in a sequence.

use crate::body::Body;
use crate::pass::{Context, Pass};

/// See the [module](self).
#[derive(Clone, Copy, Debug)]
pub struct Combine;

impl Pass for Combine {
    fn name(&self) -> &'static str {
        "combine"
    }

    fn about(&self) -> &'static str {
        "instruction combining: two loads, or a store and a load, are one instruction"
    }

    fn is_last(&self) -> bool {
        true
    }

    fn run(&self, body: &mut Body, _: &mut Context<'_>) -> u64 {
        let before = body.length();
        body.joins = true;
        (before - body.length()) as u64
    }
}
