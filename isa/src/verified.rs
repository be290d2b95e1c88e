//! Verified code is a type.

use std::ops::Deref;

use crate::module::{Form, Module, Source};

/// A module that the verifier has accepted.
///
/// Only [`crate::verify`] makes one, so whoever holds it may rely on everything the verifier proves: every index is in range, jumps
/// land on instructions, stack depth agrees at every join, every register is written before it is read, control cannot run off the
/// end of a function. The machines' unchecked accesses are justified by exactly this.
#[derive(Clone, Debug)]
pub struct Verified<M> {
    module: M,
    frame_sizes: Vec<u32>,
}

impl<M> Verified<M> {
    /// For the verifier alone.
    pub(crate) fn new(module: M, frame_sizes: Vec<u32>) -> Self {
        Self { module, frame_sizes }
    }

    /// Values a frame of this function needs: locals and the deepest operand stack, or registers with spill slots and windows.
    pub fn frame_size(&self, function: u32) -> u32 {
        self.frame_sizes[function as usize]
    }

    /// The module, no longer known to be verified.
    pub fn into_inner(self) -> M {
        self.module
    }
}

impl<F: Form> Verified<Module<F>> {
    /// The same code with other positions and sources: see [`Module::relocate`]. It needs no other proof, for what is proved of positions is
    /// that their instructions ascend, and of sources how many there are; neither changes.
    pub fn relocated(mut self, sources: Vec<Source>, offsets: &[&[u32]]) -> Option<Self> {
        self.module.relocate(sources, offsets).then_some(self)
    }
}

impl<M> Deref for Verified<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.module
    }
}
