//! Errors on their way through cleanup code.

use crate::error::{Error, Fault};
use crate::heap::{Header, Heap, Marker, ObjectKind};
use crate::value::{Tag, Value};

/// An error that a cleanup handler (`finally`, `defer`) holds until it throws on.
#[derive(Debug)]
#[repr(C)]
pub struct Failure {
    header: Header,
    error: *mut Error,
}

impl Failure {
    /// Keeps `fault` on the heap.
    pub fn create(heap: &mut Heap, fault: Fault) -> Value {
        let failure = heap.allocate(ObjectKind::Failure, 0, 0, size_of::<Self>()).cast::<Self>();
        // SAFETY: freshly allocated with room for it.
        unsafe { (&raw mut (*failure).error).write(Box::into_raw(fault)) };
        heap.note_owner(failure.cast());
        Value::object(Tag::Failure, failure)
    }

    /// A copy of the error, to be thrown on.
    pub fn fault(&self) -> Fault {
        // SAFETY: `error` is valid until `release`, which runs when nothing refers to this object any more.
        unsafe { Box::new((*self.error).clone()) }
    }

    pub(crate) fn trace(&self, marker: &mut Marker<'_>) {
        // SAFETY: as in `fault`.
        if let Some(value) = unsafe { (*self.error).value } {
            marker.value(value);
        }
    }

    pub(crate) fn release(&mut self) {
        // SAFETY: called once, by the collector.
        drop(unsafe { Box::from_raw(self.error) });
    }
}
