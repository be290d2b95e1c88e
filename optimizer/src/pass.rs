//! What a pass is, and which there are.

use std::collections::HashMap;

use isa::{Constant, StackCode, StackOp};

use crate::body::Body;
use crate::passes::{branches, checks, combine, common, copies, dead, fold, forward, peephole, strength, thread};

/// A way to make a function shorter or cheaper. What the function shows stays the same: its value, output, errors with their places, the
/// moment of each, and the fuel it takes.
pub trait Pass: Sync {
    /// Its name on the command line.
    fn name(&self) -> &'static str;

    /// What it does, in one line.
    fn about(&self) -> &'static str;

    /// Whether levels run it once, after all others have found nothing any more.
    fn is_last(&self) -> bool {
        false
    }

    /// Does it. Gives how often it found something to do.
    fn run(&self, body: &mut Body, context: &mut Context<'_>) -> u64;
}

/// Every pass, in the order in which levels run them. One line each.
pub fn passes() -> &'static [&'static dyn Pass] {
    &[
        &fold::Fold,
        &copies::Copies,
        &checks::Checks,
        &branches::Branches,
        &strength::Strength,
        &common::Common,
        &thread::Thread,
        &peephole::Peephole,
        &forward::Forward,
        &dead::Dead,
        &combine::Combine,
    ]
}

/// The pass of this name.
pub fn find_pass(name: &str) -> Option<&'static dyn Pass> {
    passes().iter().copied().find(|pass| pass.name() == name)
}

/// The meaning of operations, which the optimizer does not know: whoever runs the machines gives it.
pub trait Meaning {
    /// What an operation without effects gives for these operands; none if it fails, or its value can be no constant.
    fn evaluate(&mut self, op: StackOp, operands: &[Constant]) -> Option<Constant>;
}

/// No meaning: nothing is computed before the run.
#[derive(Clone, Copy, Debug)]
pub struct NoMeaning;

impl Meaning for NoMeaning {
    fn evaluate(&mut self, _: StackOp, _: &[Constant]) -> Option<Constant> {
        None
    }
}

/// What passes need besides the function.
pub struct Context<'m> {
    /// The module; the code of its functions is not what passes have made of them.
    pub module: &'m StackCode,
    /// What operations mean.
    pub meaning: &'m mut dyn Meaning,
    constants: Vec<Constant>,
    numbers: HashMap<Constant, u32>,
    /// Name of locals that have none.
    no_name: u32,
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("constants", &self.constants.len()).finish_non_exhaustive()
    }
}

impl<'m> Context<'m> {
    pub(crate) fn new(module: &'m StackCode, meaning: &'m mut dyn Meaning) -> Self {
        let constants = module.constants.clone();
        let numbers = constants.iter().cloned().zip(0..).collect();
        // Without one that is empty any name will do: nothing that is shown to the program's user ever names such a local. A new name would
        // be found by those who look for the nearest name.
        let no_name = module.names.iter().position(|name| name.is_empty()).unwrap_or(0) as u32;
        Self { module, meaning, constants, numbers, no_name }
    }

    /// All constants.
    pub fn constants(&self) -> &[Constant] {
        &self.constants
    }

    /// A constant by its index.
    pub fn constant(&self, index: u32) -> &Constant {
        &self.constants[index as usize]
    }

    /// The index of a constant, which is a new one if need be.
    pub fn index_of(&mut self, constant: Constant) -> u32 {
        let Self { constants, numbers, .. } = self;
        *numbers.entry(constant).or_insert_with_key(|constant| {
            constants.push(constant.clone());
            constants.len() as u32 - 1
        })
    }

    /// The name of locals that have none.
    pub fn no_name(&self) -> u32 {
        self.no_name
    }

    /// Gives all constants; the module's come first.
    pub(crate) fn into_constants(self) -> Vec<Constant> {
        self.constants
    }
}
