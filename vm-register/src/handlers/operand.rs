//! Operands in lanes: registers, small integers, constants.

use runtime::Value;

use crate::code::{Cached, Instruction};
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

    /// The payload of what is no float.
    ///
    /// # Safety
    /// See [`crate::handlers`]; the value is no float.
    #[inline(always)]
    unsafe fn payload(m: &Machine<'_>, i: Instruction) -> u64 {
        // SAFETY: the caller's promise.
        if Self::IS_IMMEDIATE { Self::immediate(i) as u64 } else { unsafe { Self::slot(m, i).payload() } }
    }

    /// The payload as an integer.
    ///
    /// # Safety
    /// See [`crate::handlers`]; the value is an integer.
    #[inline(always)]
    unsafe fn int(m: &Machine<'_>, i: Instruction) -> i64 {
        // SAFETY: the caller's promise.
        unsafe { Self::payload(m, i) as i64 }
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

    /// All of it, to be handed on. The operand is not immediate.
    ///
    /// # Safety
    /// See [`crate::handlers`].
    #[inline(always)]
    unsafe fn cached(m: &Machine<'_>, i: Instruction) -> Cached {
        // SAFETY: the caller's promise.
        unsafe { Cached::load(Self::slot(m, i)) }
    }

    /// The payload, or the immediate integer, as a float.
    ///
    /// # Safety
    /// See [`crate::handlers`]; the value is a float, or the operand an immediate integer.
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
/// A register that the instruction before has just written, and whose value is [at hand](crate::code::Cached).
pub(crate) struct Last<const LANE: u32>;

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

impl<const LANE: u32> Operand for Last<LANE> {
    #[inline(always)]
    unsafe fn slot(_m: &Machine<'_>, i: Instruction) -> Slot {
        // SAFETY: the caller's promise.
        unsafe { i.register::<LANE>() }
    }

    #[inline(always)]
    unsafe fn tag(_m: &Machine<'_>, i: Instruction) -> u64 {
        // SAFETY: such an operation runs right after an instruction that hands on its result.
        unsafe { i.cached.tag.assume_init() }
    }

    #[inline(always)]
    unsafe fn payload(_m: &Machine<'_>, i: Instruction) -> u64 {
        // SAFETY: as for `tag`; the value is no float, so this half is there.
        unsafe { i.cached.payload.assume_init() }
    }

    #[inline(always)]
    unsafe fn float_tag(_m: &Machine<'_>, i: Instruction) -> u64 {
        // SAFETY: as for `tag`.
        unsafe { i.cached.tag.assume_init() }
    }

    #[inline(always)]
    unsafe fn cached(_m: &Machine<'_>, i: Instruction) -> Cached {
        i.cached
    }

    #[inline(always)]
    unsafe fn float(_m: &Machine<'_>, i: Instruction) -> f64 {
        // SAFETY: as for `tag`; the value is a float, so this half is there.
        unsafe { i.cached.float.assume_init() }
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
