//! Values: 16-byte `Copy` words of a tag and a payload.
//!
//! The tag of an integer is 0, so "both operands are integers" is one OR and one branch; that of a float is the only odd one, so "both are
//! floats" is one AND and one branch. Tags from [`Tag::String`] up mean that the
//! payload points to an object of the [heap](crate::heap); all others carry their value in the payload.

use crate::heap::Header;
use crate::objects::{Cell, Closure, Failure, List, Map, Record, Str, Task};

/// What a [`Value`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u64)]
pub enum Tag {
    /// 64-bit signed integer.
    Int = 0,
    /// 64-bit float, its bits in the payload.
    Float = 1,
    /// Payload 0 or 1.
    Bool = 2,
    /// The null value; payload 0.
    Null = 4,
    /// No value: a variable that was never set. Never escapes into data.
    Unset = 6,
    /// Function that captures nothing; its index.
    Function = 8,
    /// Builtin function; its index in the program's builtins.
    Builtin = 10,
    /// Entity or data type; its index.
    Type = 12,
    /// Module; its index.
    Module = 14,
    /// Map in the state of a contract: which contract of the run, and which slot of the ledger.
    StateMap = 16,
    /// [`Str`].
    String = 32,
    /// [`List`].
    List = 34,
    /// [`Map`]; enums are frozen maps.
    Map = 36,
    /// [`Closure`].
    Closure = 38,
    /// [`Record`]: instance of an entity or data type.
    Record = 40,
    /// [`Cell`]: a captured variable. Never escapes into data.
    Cell = 42,
    /// [`Failure`]: an error on its way through cleanup code. Never escapes into data.
    Failure = 44,
    /// [`Task`].
    Task = 46,
}

const _: () = assert!(Tag::Int as u64 == 0 && Tag::Float as u64 == 1);

impl Tag {
    /// True when the payload points to an object.
    #[inline]
    pub fn is_object(self) -> bool {
        self as u64 >= Tag::String as u64
    }
}

/// A guest value.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Value {
    tag: Tag,
    payload: u64,
}

const _: () = assert!(size_of::<Value>() == 16);

impl Value {
    /// `null`.
    pub const NULL: Self = Self { tag: Tag::Null, payload: 0 };
    /// No value.
    pub const UNSET: Self = Self { tag: Tag::Unset, payload: 0 };
    /// `true`.
    pub const TRUE: Self = Self { tag: Tag::Bool, payload: 1 };
    /// `false`.
    pub const FALSE: Self = Self { tag: Tag::Bool, payload: 0 };

    /// An integer.
    #[inline]
    pub const fn int(value: i64) -> Self {
        Self { tag: Tag::Int, payload: value as u64 }
    }

    /// A float.
    #[inline]
    pub const fn float(value: f64) -> Self {
        Self { tag: Tag::Float, payload: value.to_bits() }
    }

    /// A bool.
    #[inline]
    pub const fn bool(value: bool) -> Self {
        Self { tag: Tag::Bool, payload: value as u64 }
    }

    /// A value whose payload is an index: [`Tag::Function`], [`Tag::Builtin`], [`Tag::Type`], [`Tag::Module`].
    #[inline]
    pub const fn indexed(tag: Tag, index: u32) -> Self {
        Self { tag, payload: index as u64 }
    }

    /// A value whose payload is more than an index. It must not be an object's tag.
    #[inline]
    pub(crate) const fn wide(tag: Tag, payload: u64) -> Self {
        Self { tag, payload }
    }

    /// The value of a tag, given by its number, and a payload.
    ///
    /// # Safety
    /// There is a tag of this number, and the payload is one of a value of that tag.
    #[inline(always)]
    pub(crate) unsafe fn from_bits(tag: u64, payload: u64) -> Self {
        // SAFETY: the caller's promise.
        Self { tag: unsafe { std::mem::transmute::<u64, Tag>(tag) }, payload }
    }

    /// A value that points to an object. `tag` must be the tag of that object's kind.
    #[inline]
    pub fn object<T>(tag: Tag, object: *mut T) -> Self {
        debug_assert!(tag.is_object());
        Self { tag, payload: object as u64 }
    }

    /// Its tag.
    #[inline]
    pub const fn tag(self) -> Tag {
        self.tag
    }

    /// Its payload.
    #[inline]
    pub const fn payload(self) -> u64 {
        self.payload
    }

    /// The payload as an index.
    #[inline]
    pub const fn index(self) -> u32 {
        self.payload as u32
    }

    /// True for an integer.
    #[inline]
    pub fn is_int(self) -> bool {
        self.tag as u64 == 0
    }

    /// True for a float.
    #[inline]
    pub fn is_float(self) -> bool {
        self.tag == Tag::Float
    }

    /// True for null.
    #[inline]
    pub fn is_null(self) -> bool {
        self.tag == Tag::Null
    }

    /// True for a variable that was never set.
    #[inline]
    pub fn is_unset(self) -> bool {
        self.tag == Tag::Unset
    }

    /// The payload as an integer, whatever the tag.
    #[inline]
    pub const fn int_payload(self) -> i64 {
        self.payload as i64
    }

    /// The payload as a float, whatever the tag.
    #[inline]
    pub const fn float_payload(self) -> f64 {
        f64::from_bits(self.payload)
    }

    /// The integer, if it is one.
    #[inline]
    pub fn as_int(self) -> Option<i64> {
        self.is_int().then_some(self.payload as i64)
    }

    /// The number as a float, if it is a number.
    #[inline]
    pub fn as_number(self) -> Option<f64> {
        match self.tag {
            Tag::Int => Some(self.payload as i64 as f64),
            Tag::Float => Some(self.float_payload()),
            _ => None,
        }
    }

    /// Header of the object it points to, if it points to one.
    #[inline]
    pub fn header(self) -> Option<*mut Header> {
        self.tag.is_object().then_some(self.payload as *mut Header)
    }

    /// The string, if it is one.
    ///
    /// The reference and those of the other accessors below stay good until the next collection; collections happen only at
    /// safepoints, between instructions, never inside an operation.
    #[inline]
    pub fn as_string<'h>(self) -> Option<&'h Str> {
        // SAFETY: the tag says that the payload points to a live `Str`; values are made only with matching tags.
        (self.tag == Tag::String).then(|| unsafe { &*(self.payload as *const Str) })
    }

    /// The list, if it is one.
    #[inline]
    pub fn as_list<'h>(self) -> Option<&'h mut List> {
        // SAFETY: the tag says that the payload points to a live `List`. The heap is used by one thread, and no operation keeps a list's
        // reference while it obtains another to the same list: where two operands may be one list, operations copy first.
        (self.tag == Tag::List).then(|| unsafe { &mut *(self.payload as *mut List) })
    }

    /// The map, if it is one.
    #[inline]
    pub fn as_map<'h>(self) -> Option<&'h mut Map> {
        // SAFETY: as for lists.
        (self.tag == Tag::Map).then(|| unsafe { &mut *(self.payload as *mut Map) })
    }

    /// The closure, if it is one.
    #[inline]
    pub fn as_closure<'h>(self) -> Option<&'h mut Closure> {
        // SAFETY: as for lists.
        (self.tag == Tag::Closure).then(|| unsafe { &mut *(self.payload as *mut Closure) })
    }

    /// The instance, if it is one.
    #[inline]
    pub fn as_record<'h>(self) -> Option<&'h mut Record> {
        // SAFETY: as for lists.
        (self.tag == Tag::Record).then(|| unsafe { &mut *(self.payload as *mut Record) })
    }

    /// The cell, if it is one.
    #[inline]
    pub fn as_cell<'h>(self) -> Option<&'h mut Cell> {
        // SAFETY: as for lists.
        (self.tag == Tag::Cell).then(|| unsafe { &mut *(self.payload as *mut Cell) })
    }

    /// The failure, if it is one.
    #[inline]
    pub fn as_failure<'h>(self) -> Option<&'h mut Failure> {
        // SAFETY: as for lists.
        (self.tag == Tag::Failure).then(|| unsafe { &mut *(self.payload as *mut Failure) })
    }

    /// The task, if it is one.
    #[inline]
    pub fn as_task<'h>(self) -> Option<&'h mut Task> {
        // SAFETY: as for lists.
        (self.tag == Tag::Task).then(|| unsafe { &mut *(self.payload as *mut Task) })
    }

    /// True when both have the same tag and payload: the same object, or the same immediate value.
    #[inline]
    pub fn is_identical(self, other: Self) -> bool {
        self.tag == other.tag && self.payload == other.payload
    }

    /// Whether it counts as true: everything but `false`, `null`, `0`, `0.0`, `""`, `[]` and `{}`.
    #[inline]
    pub fn is_truthy(self) -> bool {
        if self.tag == Tag::Bool { self.payload != 0 } else { self.is_truthy_slow() }
    }

    #[inline(never)]
    fn is_truthy_slow(self) -> bool {
        match self.tag {
            Tag::Bool | Tag::Int => self.payload != 0,
            Tag::Float => self.float_payload() != 0.0,
            Tag::Null | Tag::Unset => false,
            Tag::String => self.as_string().is_some_and(|string| !string.is_empty()),
            Tag::List => self.as_list().is_some_and(|list| !list.is_empty()),
            Tag::Map => self.as_map().is_some_and(|map| !map.is_empty()),
            _ => true,
        }
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.tag {
            Tag::Int => write!(f, "{}", self.int_payload()),
            Tag::Float => write!(f, "{:?}", self.float_payload()),
            Tag::String => write!(f, "{:?}", self.as_string().map(Str::as_str).unwrap_or_default()),
            tag => write!(f, "{tag:?}({:#x})", self.payload),
        }
    }
}
