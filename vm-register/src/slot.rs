//! Registers, accessed by halves.
//!
//! A value is a tag and a payload of 8 bytes each, and almost every instruction wants one of them first: "both are integers" is one OR of
//! two tags. Copies go by halves too. A register was mostly written as two halves just before, and a 16-byte load cannot be served from
//! two 8-byte stores still on their way to the cache: it waits until both have got there, which costs more than everything else a copy
//! does. The loads of a copy are volatile because a compiler otherwise makes one vector load of the pair.

use runtime::{Tag, Value};

use crate::code::Cached;

pub(crate) const INT: u64 = Tag::Int as u64;
pub(crate) const FLOAT: u64 = Tag::Float as u64;
pub(crate) const BOOL: u64 = Tag::Bool as u64;
pub(crate) const NULL: u64 = Tag::Null as u64;
pub(crate) const UNSET: u64 = Tag::Unset as u64;
pub(crate) const FUNCTION: u64 = Tag::Function as u64;
pub(crate) const LIST: u64 = Tag::List as u64;
pub(crate) const MAP: u64 = Tag::Map as u64;
pub(crate) const CLOSURE: u64 = Tag::Closure as u64;
pub(crate) const RECORD: u64 = Tag::Record as u64;
pub(crate) const CELL: u64 = Tag::Cell as u64;
/// A map in the state of a contract: other values get copies of those.
pub(crate) const STATE_MAP: u64 = Tag::StateMap as u64;

// The tag is the first half, the payload the second, and "both are integers" is one OR.
const _: () = {
    assert!(size_of::<Value>() == 16 && align_of::<Value>() == 8 && INT == 0);
    // SAFETY: both are 16 bytes without padding.
    let halves = unsafe { std::mem::transmute::<Value, [u64; 2]>(Value::float(1.5)) };
    assert!(halves[0] == FLOAT && halves[1] == 1.5_f64.to_bits());
};

/// Where a value is kept: a register, a constant, a global, a field.
///
/// Whoever makes one vouches that the place exists and holds a value; the frames' invariants say so for registers (see
/// [`crate::machine`]).
#[derive(Clone, Copy)]
pub(crate) struct Slot(*mut u64, usize);

impl Slot {
    #[inline(always)]
    pub(crate) fn new(place: *mut Value) -> Self {
        Self(place.cast(), 0)
    }

    /// The place `halves` times 8 bytes behind `first`.
    #[inline(always)]
    pub(crate) fn at(first: *mut Value, halves: usize) -> Self {
        Self(first.cast(), halves)
    }

    #[inline(always)]
    unsafe fn first(self) -> *mut u64 {
        // SAFETY: the place exists.
        unsafe { self.0.add(self.1) }
    }

    #[inline(always)]
    unsafe fn second(self) -> *mut u64 {
        // SAFETY: the place exists.
        unsafe { self.0.add(self.1 + 1) }
    }

    /// The tag as a number.
    ///
    /// # Safety
    /// The place exists and holds a value.
    #[inline(always)]
    pub(crate) unsafe fn tag(self) -> u64 {
        // SAFETY: the caller's promise; the layout is asserted above.
        unsafe { self.first().read() }
    }

    /// True when the payload points to an object.
    ///
    /// # Safety
    /// As for [`Self::tag`].
    #[inline(always)]
    pub(crate) unsafe fn is_object(self) -> bool {
        // SAFETY: as for `tag`.
        unsafe { self.tag() >= Tag::String as u64 }
    }

    /// The tag, read once more. What is needed on a rarer path only is better read again there than kept in a register on the way:
    /// the first reading is then part of a comparison.
    ///
    /// # Safety
    /// As for [`Self::tag`].
    #[inline(always)]
    pub(crate) unsafe fn tag_again(self) -> u64 {
        // SAFETY: as for `tag`.
        unsafe { self.first().read_volatile() }
    }

    /// The payload.
    ///
    /// # Safety
    /// As for [`Self::tag`].
    #[inline(always)]
    pub(crate) unsafe fn payload(self) -> u64 {
        // SAFETY: as for `tag`.
        unsafe { self.second().read() }
    }

    /// The payload, read once more.
    ///
    /// # Safety
    /// As for [`Self::tag`].
    #[inline(always)]
    pub(crate) unsafe fn payload_again(self) -> u64 {
        // SAFETY: as for `tag`.
        unsafe { self.second().read_volatile() }
    }

    /// The payload as an integer.
    ///
    /// # Safety
    /// As for [`Self::tag`].
    #[inline(always)]
    pub(crate) unsafe fn int(self) -> i64 {
        // SAFETY: the caller's promise.
        unsafe { self.payload() as i64 }
    }

    /// The payload as a float.
    ///
    /// # Safety
    /// As for [`Self::tag`].
    #[inline(always)]
    pub(crate) unsafe fn float(self) -> f64 {
        // SAFETY: the caller's promise.
        f64::from_bits(unsafe { self.payload() })
    }

    /// The whole value.
    ///
    /// # Safety
    /// As for [`Self::tag`].
    #[inline(always)]
    pub(crate) unsafe fn value(self) -> Value {
        // SAFETY: the caller's promise; two halves of one value are a value.
        unsafe { std::mem::transmute::<[u64; 2], Value>(self.copy()) }
    }

    #[inline(always)]
    unsafe fn copy(self) -> [u64; 2] {
        // SAFETY: the caller's promise.
        unsafe { [self.first().read_volatile(), self.second().read_volatile()] }
    }

    /// Writes both halves.
    ///
    /// # Safety
    /// The place exists, and the payload fits the tag.
    #[inline(always)]
    pub(crate) unsafe fn set(self, tag: u64, payload: u64) {
        // SAFETY: the caller's promise.
        unsafe {
            self.first().write(tag);
            self.second().write(payload);
        }
    }

    /// Writes the payload only.
    ///
    /// # Safety
    /// The place holds a value to whose tag the payload fits.
    #[inline(always)]
    pub(crate) unsafe fn set_payload(self, payload: u64) {
        // SAFETY: the caller's promise.
        unsafe { self.second().write(payload) }
    }

    /// Writes an integer.
    ///
    /// # Safety
    /// The place exists.
    #[inline(always)]
    pub(crate) unsafe fn set_int(self, value: i64) {
        // SAFETY: the caller's promise.
        unsafe { self.set(INT, value as u64) }
    }

    /// Writes a float.
    ///
    /// # Safety
    /// The place exists.
    #[inline(always)]
    pub(crate) unsafe fn set_float(self, value: f64) {
        // SAFETY: the caller's promise.
        unsafe { self.set(FLOAT, value.to_bits()) }
    }

    /// Writes a bool.
    ///
    /// # Safety
    /// The place exists.
    #[inline(always)]
    pub(crate) unsafe fn set_bool(self, value: bool) {
        // SAFETY: the caller's promise.
        unsafe { self.set(BOOL, u64::from(value)) }
    }

    /// Writes a value.
    ///
    /// # Safety
    /// The place exists.
    #[inline(always)]
    pub(crate) unsafe fn put(self, value: Value) {
        // SAFETY: the caller's promise.
        unsafe { self.set(value.tag() as u64, value.payload()) }
    }

    /// Copies what `from` holds.
    ///
    /// # Safety
    /// Both places exist, and `from` holds a value.
    #[inline(always)]
    pub(crate) unsafe fn copy_from(self, from: Self) {
        // SAFETY: the caller's promise.
        unsafe {
            let [tag, payload] = from.copy();
            self.set(tag, payload);
        }
    }

    /// Copies what `from` holds, and hands it on.
    ///
    /// # Safety
    /// As for [`Self::copy_from`].
    #[inline(always)]
    pub(crate) unsafe fn copy_and_keep(self, from: Self) -> Cached {
        // SAFETY: the caller's promise.
        unsafe {
            let [tag, payload] = from.copy();
            let float = f64::from_bits(from.payload_again());
            self.set(tag, payload);
            Cached::parts(tag, payload, float)
        }
    }
}
