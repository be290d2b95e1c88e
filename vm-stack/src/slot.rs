//! Value slots as pairs of words.
//!
//! A handler looks at tags and payloads where they lie and moves values as two 8-byte words. The width matters: results are written
//! as a tag and a payload, and a 16-byte load of a slot that two 8-byte stores have just written cannot be forwarded from the store buffer,
//! which costs some fifteen cycles. The compiler likes to merge a load pair with its store pair into 16-byte moves, so the stores are
//! volatile: volatile accesses are never merged, while the loads stay free to become memory operands.

use runtime::{Tag, Value};

/// A place on the value stack, or any other place that holds a value.
pub(crate) type Slot = *mut Value;

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

// A value is its tag, then its payload. "Both are integers" and "both are numbers, not both integers" are tests of the tags' OR.
const _: () = {
    // SAFETY: a value is two initialised words; `Value` is `repr(C)`.
    let words = unsafe { std::mem::transmute::<Value, [u64; 2]>(Value::bool(true)) };
    assert!(words[0] == BOOL && words[1] == 1 && INT == 0 && FLOAT == 1);
};

/// The tag of a value.
///
/// # Safety
/// `slot` holds a value.
#[inline(always)]
pub(crate) unsafe fn tag(slot: *const Value) -> u64 {
    // SAFETY: the caller's promise; the tag is the first word.
    unsafe { slot.cast::<u64>().read() }
}

/// True when a value's payload points to an object.
///
/// # Safety
/// `slot` holds a value.
#[inline(always)]
pub(crate) unsafe fn is_object(slot: *const Value) -> bool {
    // SAFETY: the caller's promise.
    unsafe { tag(slot) >= Tag::String as u64 }
}

/// The tag of a value that was looked at before, read once more. Where the first look was for the frequent case alone, this keeps the
/// compiler from carrying the tag to here in a register that the frequent case would have to load.
///
/// # Safety
/// `slot` holds a value.
#[inline(always)]
pub(crate) unsafe fn tag_again(slot: *const Value) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { slot.cast::<u64>().read_volatile() }
}

/// The payload of a value.
///
/// # Safety
/// `slot` holds a value.
#[inline(always)]
pub(crate) unsafe fn payload(slot: *const Value) -> u64 {
    // SAFETY: the caller's promise; the payload is the second word.
    unsafe { slot.cast::<u64>().add(1).read() }
}

/// The payload of a value as an integer, whatever the tag.
///
/// # Safety
/// `slot` holds a value.
#[inline(always)]
pub(crate) unsafe fn int(slot: *const Value) -> i64 {
    // SAFETY: the caller's promise.
    unsafe { payload(slot) as i64 }
}

/// The payload of a value as a float, whatever the tag.
///
/// # Safety
/// `slot` holds a value.
#[inline(always)]
pub(crate) unsafe fn float(slot: *const Value) -> f64 {
    // SAFETY: the caller's promise.
    f64::from_bits(unsafe { payload(slot) })
}

/// The object a value points to, whatever the tag.
///
/// # Safety
/// `slot` holds a value. The result may be used as a `T` only if the tag says that it is one.
#[inline(always)]
pub(crate) unsafe fn object<T>(slot: *const Value) -> *mut T {
    // SAFETY: the caller's promise.
    unsafe { payload(slot) as *mut T }
}

/// A value, loaded as two words: for handing to code that stores it as one.
///
/// # Safety
/// `slot` holds a value.
#[inline(always)]
pub(crate) unsafe fn get(slot: *const Value) -> Value {
    // SAFETY: the caller's promise; a value is its tag, then its payload.
    unsafe {
        let slot = slot.cast::<u64>();
        std::mem::transmute::<[u64; 2], Value>([slot.read_volatile(), slot.add(1).read_volatile()])
    }
}

/// Writes a value as two words.
///
/// # Safety
/// `slot` may be written, and `tag` and `payload` make a value.
#[inline(always)]
pub(crate) unsafe fn put_words(slot: Slot, tag: u64, payload: u64) {
    // SAFETY: the caller's promise.
    unsafe {
        slot.cast::<u64>().write_volatile(tag);
        slot.cast::<u64>().add(1).write_volatile(payload);
    }
}

/// Writes a payload below the tag that is there.
///
/// # Safety
/// `slot` may be written, and its tag and `payload` make a value.
#[inline(always)]
pub(crate) unsafe fn put_payload(slot: Slot, payload: u64) {
    // SAFETY: the caller's promise.
    unsafe { slot.cast::<u64>().add(1).write_volatile(payload) }
}

/// Writes a value.
///
/// # Safety
/// `slot` may be written.
#[inline(always)]
pub(crate) unsafe fn put(slot: Slot, value: Value) {
    // SAFETY: the caller's promise.
    unsafe { put_words(slot, value.tag() as u64, value.payload()) }
}

/// Writes a bool.
///
/// # Safety
/// `slot` may be written.
#[inline(always)]
pub(crate) unsafe fn put_bool(slot: Slot, value: bool) {
    // SAFETY: the caller's promise.
    unsafe { put_words(slot, BOOL, u64::from(value)) }
}

/// Copies a value.
///
/// # Safety
/// `from` holds a value and `to` may be written.
#[inline(always)]
pub(crate) unsafe fn copy(from: *const Value, to: Slot) {
    // SAFETY: the caller's promise.
    unsafe { put_words(to, tag(from), payload(from)) }
}
