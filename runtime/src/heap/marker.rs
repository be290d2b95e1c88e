//! Finding what is alive.
//!
//! What was reached and not yet looked at waits on a stack. On its way from there to being looked at it passes through a short queue, and its memory is asked for when it enters: most
//! of what a marker does is to wait for memory, and so it waits for several objects at once (Cher, Hosking, Vitek: "Software prefetching for mark-sweep garbage collection", ASPLOS 2004).
//!
//! Long lists and maps are looked at a part at a time, so that neither a step nor the stack grows with them.

use std::ptr;

use super::buffers::LARGEST_STORAGE;
use super::{Header, Heap, MemoryPolicy, ObjectKind};
use crate::objects::{Cell, Closure, Failure, List, Map, Record, Str, Task};
use crate::value::Value;

/// Elements of a list, or entries of a map, that are looked at in one go.
const PART: usize = 2048;
/// Objects whose memory was asked for.
const QUEUED: usize = 8;
/// What looking at an object costs besides its values, in bytes that could be read meanwhile.
const OBJECT_WORK: usize = 48;

/// A list or a map of which a part was looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Partly {
    pub(super) object: *mut Header,
    /// Where the rest begins.
    pub(super) next: usize,
}

/// What is left to be looked at.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// What was reached. Some of it may be marked by now, and then is done with.
    reached: Vec<*mut Header>,
    /// What is marked, but was not looked at.
    pub(super) marked: Vec<*mut Header>,
    pub(super) partly: Vec<Partly>,
}

/// Marks what roots reach.
#[derive(Debug)]
pub struct Marker<'h> {
    epoch: u8,
    has_storage: bool,
    pending: &'h mut Pending,
    work: usize,
}

impl<'h> Marker<'h> {
    pub(super) fn new(epoch: u8, policy: MemoryPolicy, pending: &'h mut Pending) -> Self {
        Self { epoch, has_storage: policy == MemoryPolicy::Collected, pending, work: 0 }
    }

    /// Marks what an object keeps in a buffer of so many bytes, in so far as that is in a cell.
    pub(crate) fn buffer(&mut self, buffer: *mut u8, bytes: usize) {
        if self.has_storage && bytes != 0 && bytes <= LARGEST_STORAGE {
            // SAFETY: so small a buffer has a header before it.
            unsafe { (*buffer.cast::<Header>().sub(1)).mark = self.epoch };
        }
    }

    /// Marks a value and what it reaches.
    #[inline]
    pub fn value(&mut self, value: Value) {
        if let Some(header) = value.header() {
            self.pending.reached.push(header);
        }
    }

    /// Notes that so many bytes of an object were read.
    pub(crate) fn has_read(&mut self, bytes: usize) {
        self.work += bytes;
    }

    /// Marks values.
    pub fn values(&mut self, values: &[Value]) {
        self.has_read(size_of_val(values));
        for &value in values {
            self.value(value);
        }
    }

    /// Looks at objects until none is left, or so much was done. True when none is left.
    pub(super) fn drain(&mut self, most_work: usize) -> bool {
        let mut queue = [ptr::null_mut::<Header>(); QUEUED];
        let (mut at, mut queued) = (0, 0);
        while self.work < most_work {
            let next = self.pending.reached.pop().unwrap_or(ptr::null_mut());
            if !next.is_null() {
                prefetch(next);
                queued += 1;
            } else if queued == 0 {
                if let Some(header) = self.pending.marked.pop() {
                    self.look_at(header);
                } else if !self.look_at_part() {
                    return true;
                }
                continue;
            }
            let header = std::mem::replace(&mut queue[at], next);
            at = (at + 1) % QUEUED;
            if header.is_null() {
                continue;
            }
            queued -= 1;
            // SAFETY: values point to objects that were not freed: the collector frees only what no root reaches.
            unsafe {
                if (*header).mark != self.epoch {
                    (*header).mark = self.epoch;
                    self.look_at(header);
                }
            }
        }
        self.pending.reached.extend(queue.iter().filter(|header| !header.is_null()));
        false
    }

    /// Reaches what a marked object refers to.
    fn look_at(&mut self, header: *mut Header) {
        self.work += OBJECT_WORK;
        // SAFETY: as in `drain`; the kind says which object it is.
        unsafe {
            match (*header).kind {
                ObjectKind::Free | ObjectKind::Buffer | ObjectKind::Storage => {}
                ObjectKind::String => {
                    if let Some(buffer) = (*header.cast::<Str>()).owner() {
                        (*buffer.cast::<Header>()).mark = self.epoch;
                        (*buffer).trace(self);
                    }
                }
                ObjectKind::List | ObjectKind::Map => self.look_at_rest(Partly { object: header, next: 0 }),
                ObjectKind::Closure => self.values((*header.cast::<Closure>()).captures()),
                ObjectKind::Record => self.values((*header.cast::<Record>()).fields()),
                ObjectKind::TabledRecord => (*header.cast::<Record>()).trace_table(self),
                ObjectKind::Cell => self.value((*header.cast::<Cell>()).value),
                ObjectKind::Failure => (*header.cast::<Failure>()).trace(self),
                ObjectKind::Task => (*header.cast::<Task>()).trace(self),
            }
        }
    }

    /// Looks at the next part of a long list or map. False if there is none.
    fn look_at_part(&mut self) -> bool {
        let Some(partly) = self.pending.partly.pop() else { return false };
        self.look_at_rest(partly);
        true
    }

    /// Looks at the next part of a list or map, and notes what is left of it.
    fn look_at_rest(&mut self, Partly { object, next }: Partly) {
        let end = next + PART;
        // SAFETY: the caller's object is one of both, and was not freed.
        let is_done = unsafe {
            if (*object).kind == ObjectKind::List {
                (*object.cast::<List>()).trace(next..end, self)
            } else {
                (*object.cast::<Map>()).trace(next..end, self)
            }
        };
        if !is_done {
            self.pending.partly.push(Partly { object, next: end });
        }
    }

    /// Looks at all that is left of a list or map that was partly looked at.
    pub(super) fn look_at_whole_rest(&mut self, object: *mut Header) {
        while let Some(at) = self.pending.partly.iter().position(|partly| partly.object == object) {
            let partly = self.pending.partly.swap_remove(at);
            self.look_at_rest(partly);
        }
    }
}

impl Heap {
    /// True while what is alive is being found, a step at a time. Whoever overwrites or drops the place of a value in an object then [says so](Self::forget).
    #[inline(always)]
    pub fn is_marking(&self) -> bool {
        self.is_marking
    }

    /// Notes that an object no longer holds a value that it held: the barrier of a collection in steps, which has to find everything that was alive when it began (Yuasa: "Real-time
    /// garbage collection on general-purpose machines", 1990).
    #[inline(always)]
    pub fn forget(&mut self, value: Value) {
        if self.is_marking
            && let Some(header) = value.header()
        {
            self.keep(header);
        }
    }

    /// Keeps an object, and all it refers to, through this collection.
    ///
    /// It is marked at once, so that it is kept once however often it is forgotten.
    #[cold]
    #[inline(never)]
    fn keep(&mut self, header: *mut Header) {
        // SAFETY: values point to objects that were not freed.
        unsafe {
            if (*header).mark != self.epoch {
                (*header).mark = self.epoch;
                self.pending.marked.push(header);
            }
        }
    }

    /// Notes that the elements of a list, or the entries of a map, are about to change their places.
    pub(crate) fn before_moving(&mut self, object: *mut Header) {
        if self.is_marking {
            Marker::new(self.epoch, self.policy, &mut self.pending).look_at_whole_rest(object);
        }
    }

    /// Notes that element `index` of a list was removed, and those behind it moved down.
    pub(crate) fn after_removal(&mut self, object: *mut Header, index: usize) {
        if self.is_marking {
            let moved = self.pending.partly.iter_mut().filter(|partly| partly.object == object && index < partly.next);
            moved.for_each(|partly| partly.next -= 1);
        }
    }
}

/// Asks for the memory at an address, which will be looked at soon.
#[inline(always)]
fn prefetch(header: *mut Header) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: the instruction reads nothing that a program could tell.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(header.cast());
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = header;
}
