//! Frames and the stacks they live on.
//!
//! A guest call uses no native stack. The *frame stack* has a [`Frame`] for each active call. The *value stack* holds what the calls
//! work on, without gaps:
//!
//! ```text
//!          caller's frame                         callee's frame
//! ┌────────┬────────────────┬───────────────────┬────────┬────────────────────┐
//! │ locals │ operands …     │ arguments = first │ other  │ operands …         │ free …
//! │        │                │ locals of callee  │ locals │                    │
//! └────────┴────────────────┴───────────────────┴────────┴────────────────────┘
//! base                       base of callee                                   sp
//! ```
//!
//! Everything below `sp` is an initialised value; what lies at `sp` and above is never read as one. Both stacks move when they grow.

use std::mem::MaybeUninit;

use runtime::objects::Closure;
use runtime::{Limits, Value};

use crate::link::{LinkedFunction, Word};
use crate::slot::Slot;

/// One active call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    /// The call instruction in the caller, after which it goes on.
    pub(crate) return_to: ReturnAddress,
    /// Local 0.
    pub(crate) base: Slot,
    /// What runs.
    pub(crate) function: *const LinkedFunction,
    /// Holder of its captured variables; null for a function that captures nothing.
    pub(crate) closure: *const Closure,
}

// Four words, two frames a cache line.
const _: () = assert!(size_of::<Frame>() == 32);

impl Frame {
    /// No call.
    const NONE: Self = Self {
        return_to: ReturnAddress(std::ptr::null()),
        base: std::ptr::null_mut(),
        function: std::ptr::null(),
        closure: std::ptr::null(),
    };
}

/// Where a call returns to. Instructions are 4-byte aligned, so the low bits can say that this return is not an ordinary one; one test of
/// both finds out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReturnAddress(*const Word);

/// The caller is an `IMPORT`, which takes no result.
const DISCARDS: usize = 1;
/// There is no caller: the run ends.
const LEAVES: usize = 2;
/// The call is a task, which ends.
const ENDS_TASK: usize = DISCARDS | LEAVES;
const _: () = assert!(align_of::<Word>() == 4);

impl ReturnAddress {
    /// The run ends.
    pub(crate) const EXIT: Self = Self(std::ptr::without_provenance(LEAVES));

    /// A task ends.
    pub(crate) const TASK: Self = Self(std::ptr::without_provenance(ENDS_TASK));

    /// The call instruction at `pc` has put its result on the stack.
    #[inline(always)]
    pub(crate) fn ordinary(pc: *const Word) -> Self {
        Self(pc)
    }

    /// The instruction at `pc` wants no result.
    pub(crate) fn discarding(pc: *const Word) -> Self {
        Self(pc.map_addr(|address| address | DISCARDS))
    }

    /// True when the caller gets the result and goes on.
    #[inline(always)]
    pub(crate) fn is_ordinary(self) -> bool {
        self.0.addr() & (DISCARDS | LEAVES) == 0
    }

    /// True when there is no caller.
    pub(crate) fn is_exit(self) -> bool {
        self.0.addr() & ENDS_TASK == LEAVES
    }

    /// True when the call is the first of a task.
    pub(crate) fn is_task(self) -> bool {
        self.0.addr() & ENDS_TASK == ENDS_TASK
    }

    /// The instruction that made the call.
    #[inline(always)]
    pub(crate) fn call(self) -> *const Word {
        if self.is_ordinary() { self.0 } else { self.0.map_addr(|address| address & !(DISCARDS | LEAVES)) }
    }
}

/// The frame stack. Frame 0 belongs to no call, so that every call has a frame below its own; frame 1 is the entry function's.
#[derive(Debug)]
pub(crate) struct FrameStack {
    frames: Vec<Frame>,
    /// Most frames there may be, by depth: so many above those that do not count.
    deepest: usize,
    /// Frames that do not count towards the depth.
    ground: usize,
    /// Most frames there may ever be, by the bytes they take.
    most: usize,
}

/// Why there is no room for another frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRoom {
    /// Calls are nested as deeply as they may be.
    Depth,
    /// Frames take as many bytes as they may, or as the system has.
    Bytes,
}

/// Frames that fit before the frame stack grows for the first time.
const FIRST_FRAMES: usize = 128;

impl FrameStack {
    /// A stack for an entry function and as many calls above it as the limits allow.
    pub(crate) fn new(limits: &Limits) -> Self {
        let deepest = limits.max_depth.saturating_add(2);
        let most = limits.frame_bytes() / size_of::<Frame>();
        Self { frames: vec![Frame::NONE; deepest.min(FIRST_FRAMES)], deepest, ground: 0, most }
    }

    /// Frame 0.
    pub(crate) fn first(&mut self) -> *mut Frame {
        self.frames.as_mut_ptr()
    }

    /// The last frame there is room for.
    pub(crate) fn last(&mut self) -> *mut Frame {
        let room = self.frames.len().min(self.deepest());
        // SAFETY: there is at least one frame.
        unsafe { self.frames.as_mut_ptr().add(room - 1) }
    }

    fn deepest(&self) -> usize {
        self.deepest.saturating_add(self.ground)
    }

    /// How many frames do not count towards the depth.
    pub(crate) fn ground(&self) -> usize {
        self.ground
    }

    /// Says how many frames do not count towards the depth.
    pub(crate) fn set_ground(&mut self, ground: usize) {
        self.ground = ground;
    }

    /// Makes room for so many frames at least. Pointers to frames are no longer good. False when there may not be so many.
    pub(crate) fn extend(&mut self, needed: usize) -> bool {
        if needed > self.frames.len() {
            if needed > self.most || self.frames.try_reserve_exact(needed - self.frames.len()).is_err() {
                return false;
            }
            self.frames.resize(needed, Frame::NONE);
        }
        true
    }

    /// Makes room for more frames. Pointers to frames are no longer good.
    ///
    /// # Errors
    /// When there may be no more.
    pub(crate) fn grow(&mut self) -> Result<(), NoRoom> {
        let room = self.frames.len();
        if room >= self.deepest() {
            return Err(NoRoom::Depth);
        }
        let target = room.saturating_mul(2).min(self.deepest()).min(self.most);
        if target <= room || self.frames.try_reserve_exact(target - room).is_err() {
            return Err(NoRoom::Bytes);
        }
        self.frames.resize(target, Frame::NONE);
        Ok(())
    }
}

/// The value stack.
#[derive(Debug)]
pub(crate) struct ValueStack {
    slots: Vec<MaybeUninit<Value>>,
    /// Most slots there may ever be, but for those of the first frame.
    most: usize,
}

/// Values that fit before the value stack grows for the first time.
const FIRST_SLOTS: usize = 1024;

impl ValueStack {
    /// A stack with room for a first frame of `slots` values.
    pub(crate) fn new(slots: usize, limits: &Limits) -> Self {
        Self {
            slots: uninitialised(Vec::with_capacity(slots.max(FIRST_SLOTS))),
            most: limits.frame_bytes() / size_of::<Value>(),
        }
    }

    /// Makes sure that a first frame of `slots` values fits. Nothing is kept.
    pub(crate) fn make_room(&mut self, slots: usize) {
        if slots > self.slots.len() {
            self.slots = uninitialised(Vec::with_capacity(slots));
        }
    }

    /// The lowest slot.
    pub(crate) fn start(&mut self) -> Slot {
        self.slots.as_mut_ptr().cast()
    }

    /// One past the highest slot.
    pub(crate) fn end(&mut self) -> Slot {
        self.slots.as_mut_ptr_range().end.cast()
    }

    /// Moves to a place with at least `needed` slots, keeping the lowest `used`. None when there may not be so many.
    pub(crate) fn grow(&mut self, used: usize, needed: usize) -> Option<Move> {
        if needed > self.most {
            return None;
        }
        let mut slots: Vec<MaybeUninit<Value>> = Vec::new();
        slots.try_reserve_exact(needed.max((self.slots.len() * 2).min(self.most))).ok()?;
        slots.extend_from_slice(&self.slots[..used]);
        let from = self.start().addr();
        self.slots = uninitialised(slots);
        Some(Move { from, to: self.start() })
    }
}

/// The same slots, and as many uninitialised ones as fit behind them.
fn uninitialised(mut slots: Vec<MaybeUninit<Value>>) -> Vec<MaybeUninit<Value>> {
    // SAFETY: the slots fit, and slots need no initialisation.
    unsafe { slots.set_len(slots.capacity()) };
    slots
}

/// A move of the value stack.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Move {
    from: usize,
    to: Slot,
}

impl Move {
    /// Where the slot that was at `slot` is now.
    pub(crate) fn rebase(self, slot: Slot) -> Slot {
        self.to.wrapping_byte_add(slot.addr() - self.from)
    }
}
