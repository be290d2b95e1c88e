//! Builtins of numbers.
//!
//! They are calls in register code; of those that take one or two numbers and are a few machine instructions, code is made.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, Value, types};

use super::{Cause, Lowering};
use crate::Optimization;
use crate::state::{Held, Kind};

impl Lowering<'_> {
    /// `R[first] := builtin(R[first], … count arguments)`
    pub(super) fn call_builtin(&mut self, pc: u32, first: u32, builtin: u32, count: u32) {
        // Of metered code builtins take gas for their work.
        let is_made = self.is_optimizing()
            && self.request.has(Optimization::Builtins)
            && !self.request.doubts.has(pc)
            && !self.request.code.is_metered();
        let made = is_made
            .then(|| match (&*self.request.code.builtins[builtin as usize], count) {
                ("max", 2) => self.extreme(pc, first, IntCC::SignedGreaterThan),
                ("min", 2) => self.extreme(pc, first, IntCC::SignedLessThan),
                ("abs", 1) => self.magnitude(pc, first),
                ("sqrt", 1) => self.square_root(pc, first),
                ("int", 1) if self.kind(pc, first, 0) == Some(Kind::Int) => {
                    Some((Kind::Int, self.ensure(pc, first, Kind::Int)))
                }
                ("float", 1) if self.kind(pc, first, 0) == Some(Kind::Int) => {
                    let value = self.ensure(pc, first, Kind::Int);
                    Some((Kind::Float, self.builder.ins().fcvt_from_sint(types::F64, value)))
                }
                _ => None,
            })
            .flatten();
        match made {
            Some((kind, value)) => {
                self.written_by_step(pc);
                self.define(first, kind, value);
            }
            None => self.step(pc),
        }
    }

    /// The greater or the lesser of two integers, the first of equal ones.
    fn extreme(&mut self, pc: u32, first: u32, wanted: IntCC) -> Option<(Kind, Value)> {
        // Only the first argument's kind was noted.
        let is_int = |this: &Self, register: u32| match this.held(register) {
            Held::Variable { kind, .. } => kind == Kind::Int,
            Held::Memory => true,
        };
        if self.kind(pc, first, 0) != Some(Kind::Int) || !is_int(self, first + 1) {
            return None;
        }
        let one = self.ensure(pc, first, Kind::Int);
        let other = self.ensure(pc, first + 1, Kind::Int);
        let is_wanted = self.builder.ins().icmp(wanted, other, one);
        Some((Kind::Int, self.builder.ins().select(is_wanted, other, one)))
    }

    fn magnitude(&mut self, pc: u32, first: u32) -> Option<(Kind, Value)> {
        match self.kind(pc, first, 0) {
            Some(Kind::Int) => {
                let value = self.ensure(pc, first, Kind::Int);
                let otherwise = self.exit(pc, Cause::Arithmetic, None);
                let is_least = self.builder.ins().icmp_imm_s(IntCC::Equal, value, i64::MIN);
                self.go_on_unless(is_least, otherwise);
                Some((Kind::Int, self.builder.ins().iabs(value)))
            }
            Some(Kind::Float) => {
                let value = self.ensure(pc, first, Kind::Float);
                Some((Kind::Float, self.builder.ins().fabs(value)))
            }
            _ => None,
        }
    }

    fn square_root(&mut self, pc: u32, first: u32) -> Option<(Kind, Value)> {
        if self.kind(pc, first, 0) != Some(Kind::Float) {
            return None;
        }
        let value = self.ensure(pc, first, Kind::Float);
        let zero = self.builder.ins().f64const(0.0);
        let otherwise = self.exit(pc, Cause::Arithmetic, None);
        let is_defined = self.builder.ins().fcmp(FloatCC::GreaterThanOrEqual, value, zero);
        self.go_on_if(is_defined, otherwise);
        Some((Kind::Float, self.builder.ins().sqrt(value)))
    }
}
