//! Tasks: what `await` waits for.

use crate::heap::{Header, Heap, Marker, ObjectKind};
use crate::value::{Tag, Value};

/// It ended well.
const SUCCEEDED: u8 = 1;
/// It ended with an error.
const FAILED: u8 = 2;
/// Somebody got its outcome, or will.
const AWAITED: u8 = 4;

/// A task, or a timer. How it goes on is the business of [`Tasks`](crate::tasks::Tasks) and of the engine; this is what programs see.
#[derive(Debug)]
#[repr(C)]
pub struct Task {
    /// `extra` is its record among the run's tasks while it has not ended.
    header: Header,
    /// Its place in the order in which tasks were made, from 1; 0 for a timer.
    number: u64,
    /// What it runs: a function, builtin or type, or the index of a method's name; null for a timer.
    work: Value,
    /// Its value, or the [`Failure`](super::Failure) that it ended with.
    outcome: Value,
}

impl Task {
    /// Bytes that a task takes.
    pub(crate) const SIZE: usize = size_of::<Self>();

    /// A task that has not ended.
    pub(crate) fn create(heap: &mut Heap, record: u32, number: u64, work: Value) -> Value {
        let task = heap.allocate(ObjectKind::Task, 0, record, Self::SIZE).cast::<Self>();
        // SAFETY: freshly allocated with room for it.
        unsafe {
            (&raw mut (*task).number).write(number);
            (&raw mut (*task).work).write(work);
            (&raw mut (*task).outcome).write(Value::NULL);
        }
        Value::object(Tag::Task, task)
    }

    /// Its place in the order in which tasks were made, from 1; 0 for a timer.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// What it runs: a function, builtin or type, or the index of a method's name; null for a timer.
    pub(crate) fn work(&self) -> Value {
        self.work
    }

    /// Its record among the run's tasks, while it has not ended.
    pub(crate) fn record(&self) -> u32 {
        self.header.extra
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        self.header.flags & (SUCCEEDED | FAILED) != 0
    }

    /// Whether somebody got its outcome, or will.
    pub(crate) fn is_awaited(&self) -> bool {
        self.header.flags & AWAITED != 0
    }

    /// Notes that somebody gets its outcome.
    pub(crate) fn set_awaited(&mut self) {
        self.header.flags |= AWAITED;
    }

    /// Its value, or the failure that it ended with; null while it has not ended.
    pub(crate) fn outcome(&self) -> Value {
        self.outcome
    }

    /// Ends it. An outcome that is a failure is its error.
    pub(crate) fn end(&mut self, outcome: Value) {
        self.header.flags |= if outcome.tag() == Tag::Failure { FAILED } else { SUCCEEDED };
        self.outcome = outcome;
    }

    pub(crate) fn trace(&self, marker: &mut Marker<'_>) {
        marker.value(self.outcome);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_of_a_task() {
        assert_eq!(Task::SIZE, 48);
    }
}
