//! Operands in lanes: registers, small integers, constants.

use runtime::Value;

use crate::code::Instruction;
use crate::machine::Machine;
use crate::slot::{FLOAT, INT, Slot};

/// Where an operand comes from. Most forms of an operation differ in this only.
pub(crate) trait Operand {
    /// True when it is an integer in the instruction itself.
    const IS_IMMEDIATE: bool = false;

    /// That integer.
    #[inline(always)]
    fn immediate(_i: Instruction) -> i64 {
        0
    }

    /// Where it is, unless it is immediate.
    ///
    /// # Safety
    /// See [`crate::handlers`].
    unsafe fn slot(m: &Machine<'_>, i: Instruction) -> Slot;

    /// The value.
    ///
    /// # Safety
    /// See [`crate::handlers`].
    #[inline(always)]
    unsafe fn value(m: &Machine<'_>, i: Instruction) -> Value {
        // SAFETY: the caller's promise.
        if Self::IS_IMMEDIATE { Value::int(Self::immediate(i)) } else { unsafe { Self::slot(m, i).value() } }
    }

    /// The tag.
    ///
    /// # Safety
    /// See [`crate::handlers`].
    #[inline(always)]
    unsafe fn tag(m: &Machine<'_>, i: Instruction) -> u64 {
        // SAFETY: the caller's promise.
        if Self::IS_IMMEDIATE { INT } else { unsafe { Self::slot(m, i).tag() } }
    }

    /// The payload as an integer.
    ///
    /// # Safety
    /// See [`crate::handlers`].
    #[inline(always)]
    unsafe fn int(m: &Machine<'_>, i: Instruction) -> i64 {
        // SAFETY: the caller's promise.
        if Self::IS_IMMEDIATE { Self::immediate(i) } else { unsafe { Self::slot(m, i).int() } }
    }

    /// The tag, read once more, or that of a float for an immediate integer, whose value as a float is exact.
    ///
    /// # Safety
    /// See [`crate::handlers`].
    #[inline(always)]
    unsafe fn float_tag(m: &Machine<'_>, i: Instruction) -> u64 {
        // SAFETY: the caller's promise.
        if Self::IS_IMMEDIATE { FLOAT } else { unsafe { Self::slot(m, i).tag_again() } }
    }

    /// The payload, or the immediate integer, as a float.
    ///
    /// # Safety
    /// See [`crate::handlers`].
    #[inline(always)]
    unsafe fn float(m: &Machine<'_>, i: Instruction) -> f64 {
        // SAFETY: the caller's promise.
        if Self::IS_IMMEDIATE { Self::immediate(i) as f64 } else { unsafe { Self::slot(m, i).float() } }
    }
}

/// A register.
pub(crate) struct R<const LANE: u32>;
/// A signed 16-bit integer.
pub(crate) struct I<const LANE: u32>;
/// A constant.
pub(crate) struct K<const LANE: u32>;

impl<const LANE: u32> Operand for R<LANE> {
    #[inline(always)]
    unsafe fn slot(_m: &Machine<'_>, i: Instruction) -> Slot {
        // SAFETY: the caller's promise.
        unsafe { i.register::<LANE>() }
    }
}

impl<const LANE: u32> Operand for I<LANE> {
    const IS_IMMEDIATE: bool = true;

    #[inline(always)]
    fn immediate(i: Instruction) -> i64 {
        i.word.signed::<LANE>()
    }

    #[inline(always)]
    unsafe fn slot(_m: &Machine<'_>, _i: Instruction) -> Slot {
        Slot::new(std::ptr::null_mut())
    }
}

impl<const LANE: u32> Operand for K<LANE> {
    #[inline(always)]
    unsafe fn slot(m: &Machine<'_>, i: Instruction) -> Slot {
        // SAFETY: the caller's promise.
        Slot::new(unsafe { m.constants.add(i.word.lane::<LANE>()) })
    }
}

/// True when both operands are floats, or immediate integers. One AND of two tags: that of a float is the only odd one.
///
/// # Safety
/// See [`crate::handlers`].
#[inline(always)]
pub(crate) unsafe fn are_floats<X: Operand, Y: Operand>(m: &Machine<'_>, i: Instruction) -> bool {
    // SAFETY: the caller's promise.
    unsafe { X::float_tag(m, i) & Y::float_tag(m, i) == FLOAT }
}
