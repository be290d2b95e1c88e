//! Strings: immutable, UTF-8, indexed by character.
//!
//! A short string carries its bytes inside the object. A long one is a view of a [`Buffer`] that it may share: `s + t` appends to the
//! buffer of `s` in place when `s` ends where the buffer's used part ends, so building a string by repeated `+` copies each character
//! a constant number of times, and nothing needs flattening later. Slices of long strings share the buffer too.
//! Indexing is O(1) where every character is ASCII.

use std::cell::UnsafeCell;

use crate::error::{Error, Fault};
use crate::heap::{Header, Heap, Marker, ObjectKind};
use crate::value::{Tag, Value};

/// Bytes that strings share. Only ever appended to.
#[derive(Debug)]
#[repr(C)]
pub struct Buffer {
    header: Header,
    used: usize,
    capacity: usize,
    data: *mut u8,
}

impl Buffer {
    fn create(heap: &mut Heap, capacity: usize) -> *mut Self {
        let data = heap.allocate_buffer(capacity);
        let buffer = heap.allocate(ObjectKind::Buffer, 0, 0, size_of::<Self>()).cast::<Self>();
        // SAFETY: freshly allocated with room for these fields.
        unsafe {
            (&raw mut (*buffer).used).write(0);
            (&raw mut (*buffer).capacity).write(capacity);
            (&raw mut (*buffer).data).write(data);
        }
        buffer
    }

    pub(crate) fn release(&mut self, heap: &mut Heap) {
        // SAFETY: called once, by the collector; the object owns the memory.
        unsafe { heap.free_buffer_of_garbage(self.data, self.capacity) };
    }

    pub(crate) fn trace(&self, marker: &mut Marker<'_>) {
        marker.buffer(self.data, self.capacity);
    }
}

const ASCII: u8 = 1;
/// The bytes lie in a buffer that `owner` names.
const SHARED: u8 = 2;
/// Longest string that carries its bytes itself.
const LONGEST_INLINE: usize = 72;
/// Longest string there can be, whatever the heap's limit.
pub(crate) const MAX_BYTES: usize = u32::MAX as usize;

/// A string.
#[repr(C)]
pub struct Str {
    /// `flags`: [`ASCII`], [`SHARED`]; `extra`: hash, 0 while unknown. In a cell because the hash is filled in on demand.
    header: UnsafeCell<Header>,
    len: u32,
    chars: u32,
    data: *const u8,
    /// The buffer of a shared string; the first of the bytes of another.
    owner: *mut Buffer,
}

const INLINE_OFFSET: usize = std::mem::offset_of!(Str, owner);

impl std::fmt::Debug for Str {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

impl Str {
    /// Where in a string its flags are, a byte; for native code, as all that follow.
    pub const FLAGS_OFFSET: usize = std::mem::offset_of!(Self, header) + std::mem::offset_of!(Header, flags);
    /// The flag of strings that are ASCII.
    pub const ASCII_FLAG: u8 = ASCII;
    /// Where its length in bytes is, 32 bits.
    pub const LENGTH_OFFSET: usize = std::mem::offset_of!(Self, len);
    /// Where the number of its characters is, 32 bits.
    pub const CHARS_OFFSET: usize = std::mem::offset_of!(Self, chars);
    /// Where the address of its bytes is.
    pub const DATA_OFFSET: usize = std::mem::offset_of!(Self, data);

    /// A string of this text. The caller has asked [`Heap::reserve`] if the text's length is the program's choice.
    pub fn create(heap: &mut Heap, text: &str) -> Value {
        let chars = count_chars(text);
        Self::from_parts(heap, text.as_bytes(), &[], chars, chars == text.len())
    }

    /// The 64 lower-case hexadecimal digits of a digest, written where they stay.
    pub(crate) fn hexadecimal(heap: &mut Heap, digest: &[u8; 32]) -> Value {
        const LEN: usize = 64;
        const _: () = assert!(LEN <= LONGEST_INLINE);
        let string = heap.allocate(ObjectKind::String, ASCII, 0, INLINE_OFFSET + LEN).cast::<Self>();
        // Without a table: compilers make a few vector instructions of it.
        let digit = |nibble: u8| nibble + if nibble < 10 { b'0' } else { b'a' - 10 };
        // SAFETY: the allocation has room for the fields up to `owner` and `LEN` bytes from there on, of which each is written, and is ASCII.
        unsafe {
            let bytes = string.cast::<u8>().add(INLINE_OFFSET);
            for (at, byte) in digest.iter().enumerate() {
                bytes.add(2 * at).write(digit(byte >> 4));
                bytes.add(2 * at + 1).write(digit(byte & 15));
            }
            (&raw mut (*string).len).write(LEN as u32);
            (&raw mut (*string).chars).write(LEN as u32);
            (&raw mut (*string).data).write(bytes);
        }
        Value::object(Tag::String, string)
    }

    /// A string of `first` followed by `second`, whose characters were counted.
    fn from_parts(heap: &mut Heap, first: &[u8], second: &[u8], chars: usize, ascii: bool) -> Value {
        let len = first.len() + second.len();
        assert!(len <= MAX_BYTES, "callers ask for the heap's permission, and for that of `MAX_BYTES`");
        let flags = if ascii { ASCII } else { 0 };
        if len <= LONGEST_INLINE {
            let string = heap.allocate(ObjectKind::String, flags, 0, INLINE_OFFSET + len.max(1)).cast::<Self>();
            // SAFETY: the allocation has room for the fields up to `owner` and `len` bytes from there on.
            unsafe {
                let bytes = string.cast::<u8>().add(INLINE_OFFSET);
                std::ptr::copy_nonoverlapping(first.as_ptr(), bytes, first.len());
                std::ptr::copy_nonoverlapping(second.as_ptr(), bytes.add(first.len()), second.len());
                (&raw mut (*string).len).write(len as u32);
                (&raw mut (*string).chars).write(chars as u32);
                (&raw mut (*string).data).write(bytes);
            }
            return Value::object(Tag::String, string);
        }
        // A string made of two parts is likely to grow on.
        let capacity = if second.is_empty() { len } else { (len * 2).min(len + (64 << 20)) };
        let buffer = Buffer::create(heap, capacity);
        // SAFETY: the buffer has room for `len` bytes.
        let data = unsafe {
            let data = (*buffer).data;
            std::ptr::copy_nonoverlapping(first.as_ptr(), data, first.len());
            std::ptr::copy_nonoverlapping(second.as_ptr(), data.add(first.len()), second.len());
            (*buffer).used = len;
            data
        };
        Self::view(heap, buffer, data, len, chars, flags)
    }

    fn view(heap: &mut Heap, owner: *mut Buffer, data: *const u8, len: usize, chars: usize, flags: u8) -> Value {
        let string = heap.allocate(ObjectKind::String, flags | SHARED, 0, size_of::<Self>()).cast::<Self>();
        // SAFETY: freshly allocated with room for these fields.
        unsafe {
            (&raw mut (*string).len).write(len as u32);
            (&raw mut (*string).chars).write(chars as u32);
            (&raw mut (*string).data).write(data);
            (&raw mut (*string).owner).write(owner);
        }
        Value::object(Tag::String, string)
    }

    /// The text `first` followed by `second`.
    pub fn concat(heap: &mut Heap, first: Value, second: &str) -> Result<Value, Fault> {
        let Some(string) = first.as_string() else { return Err(Error::type_error("not a string")) };
        if second.is_empty() {
            return Ok(first);
        }
        let len = string.len() + second.len();
        if len > MAX_BYTES {
            return Err(Error::heap(heap.limit()));
        }
        let second_chars = count_chars(second);
        let chars = string.char_count() + second_chars;
        let ascii = string.is_ascii() && second_chars == second.len();
        if let Some(owner) = string.owner() {
            // SAFETY: the owner is alive because the string is. Bytes past `used` belong to no string.
            unsafe {
                let end = string.data.add(string.len());
                if end == (*owner).data.add((*owner).used).cast_const()
                    && (*owner).capacity - (*owner).used >= second.len()
                {
                    std::ptr::copy(second.as_ptr(), end.cast_mut(), second.len());
                    (*owner).used += second.len();
                    return Ok(Self::view(heap, owner, string.data, len, chars, if ascii { ASCII } else { 0 }));
                }
            }
        }
        if len > LONGEST_INLINE {
            heap.reserve(len * 2)?;
        }
        Ok(Self::from_parts(heap, string.as_bytes(), second.as_bytes(), chars, ascii))
    }

    /// The characters from byte `start` to byte `end`, which must lie between characters; `chars` is their count.
    pub fn slice_bytes(heap: &mut Heap, string: Value, start: usize, end: usize, chars: usize) -> Value {
        let Some(this) = string.as_string() else { return Value::NULL };
        let bytes = &this.as_bytes()[start..end];
        let ascii = this.is_ascii() || bytes.len() == chars;
        match this.owner() {
            Some(owner) if bytes.len() > LONGEST_INLINE => {
                // Not from `bytes`: appending to the slice later writes behind them, which only the buffer's own pointer allows.
                // SAFETY: `start` is within the string.
                let data = unsafe { this.data.add(start) };
                Self::view(heap, owner, data, end - start, chars, if ascii { ASCII } else { 0 })
            }
            _ => Self::from_parts(heap, bytes, &[], chars, ascii),
        }
    }

    /// Bytes of UTF-8.
    #[inline]
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// True for `""`.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many characters it has.
    #[inline]
    pub fn char_count(&self) -> usize {
        self.chars as usize
    }

    /// True when every character is ASCII.
    #[inline]
    pub fn is_ascii(&self) -> bool {
        self.flags() & ASCII != 0
    }

    #[inline]
    fn flags(&self) -> u8 {
        // SAFETY: nothing holds a reference into the cell.
        unsafe { (*self.header.get()).flags }
    }

    /// Its bytes.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        // SAFETY: `data` points to `len` initialised bytes that live as long as the string.
        unsafe { std::slice::from_raw_parts(self.data, self.len as usize) }
    }

    /// Its text.
    #[inline]
    pub fn as_str(&self) -> &str {
        // SAFETY: strings are made of text only, and cut only between characters.
        unsafe { std::str::from_utf8_unchecked(self.as_bytes()) }
    }

    /// The buffer it shares, if it does.
    #[inline]
    pub fn owner(&self) -> Option<*mut Buffer> {
        (self.flags() & SHARED != 0).then_some(self.owner)
    }

    /// Byte at which character `index` begins; the length when there is none.
    pub fn byte_of_char(&self, index: usize) -> usize {
        if self.is_ascii() {
            index.min(self.len())
        } else {
            self.as_str().char_indices().nth(index).map_or(self.len(), |(at, _)| at)
        }
    }

    /// Its hash; equal texts have equal hashes.
    #[inline]
    pub fn hash(&self) -> u32 {
        // SAFETY: nothing holds a reference into the cell.
        let known = unsafe { (*self.header.get()).extra };
        if known != 0 { known } else { self.compute_hash() }
    }

    fn compute_hash(&self) -> u32 {
        use std::hash::Hasher;
        let mut hasher = fxhash::FxHasher::default();
        hasher.write(self.as_bytes());
        let hash = (hasher.finish() >> 16) as u32 | 1;
        // SAFETY: nothing holds a reference into the cell, and strings belong to one thread.
        unsafe { (*self.header.get()).extra = hash };
        hash
    }

    /// True when both have the same text.
    #[inline]
    pub fn equals(&self, other: &Self) -> bool {
        std::ptr::eq(self, other) || self.len == other.len && self.as_bytes() == other.as_bytes()
    }
}

/// How many characters `text` has.
pub(crate) fn count_chars(text: &str) -> usize {
    if text.len() < 32 && text.is_ascii() { text.len() } else { text.chars().count() }
}
