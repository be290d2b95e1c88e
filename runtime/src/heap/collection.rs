//! Collecting: marking what is alive and sweeping up the rest, at once or in steps.
//!
//! A small heap is collected at once: that takes a few milliseconds. From [`STEPWISE_FROM`] on a collection is a cycle of steps, one at each safepoint behind so many bytes allocated:
//!
//! 1. The roots are marked, all of them in one step.
//! 2. While objects are marked the program goes on. What it makes is marked from the start, and of what it overwrites the collector is [told](Heap::forget): so everything is found that was
//!    alive when the cycle began (a snapshot at the beginning; Yuasa 1990), and no object has to be looked at twice, however much the program changes.
//! 3. Blocks are swept, in steps too, and by whoever needs a free cell first.
//!
//! A step does so much for each byte allocated that marking is over before the heap has grown by an eighth, and sweeping by another sixteenth. What dies during a cycle is found by the
//! next one. Where memory is short none of that is waited for: the cycle is finished, and everything is collected at once.

use std::alloc::{Layout, dealloc};
use std::ptr;
use std::time::Instant;

use super::{
    BLOCK_SIZE, Block, CLASSES, FreeCell, GRANULE, Header, Heap, Marker, MemoryPolicy, ObjectKind, SMALLEST_THRESHOLD,
    cell_layout, large_layout,
};
use crate::objects::{Buffer, Failure, List, Map, Record};

/// From how many bytes on a heap is collected in steps.
const STEPWISE_FROM: usize = 8 << 20;
/// Bytes allocated from one step to the next.
const STEP_BYTES: usize = 256 << 10;
/// A cycle is over with marking when the heap has grown by one in so many parts.
const MARKING_GROWTH: usize = 8;
/// And with sweeping by another one in so many.
const SWEEPING_GROWTH: usize = 16;
/// Most that one step does, in bytes looked at, however much was allocated before it.
const LARGEST_STEP: usize = 16 << 20;
/// What freeing an object that owns memory costs, in bytes that could be looked at meanwhile.
const FREEING_WORK: usize = 256;
/// Blocks that are swept for a cell before a new block is made.
const BLOCKS_FOR_A_CELL: usize = 8;

/// Objects that own nothing outside their cells, a bit for each kind.
const SIMPLE: u16 = 1 << ObjectKind::String as u8
    | 1 << ObjectKind::Closure as u8
    | 1 << ObjectKind::Record as u8
    | 1 << ObjectKind::Cell as u8
    | 1 << ObjectKind::Task as u8;

/// When to collect, for tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Collecting {
    /// When so much was allocated that it pays.
    #[default]
    WhenDue,
    /// Everything at every safepoint: finds objects that an engine forgot to name as roots.
    Always,
    /// A step as small as steps can be at every safepoint, one cycle after the other: finds what is overwritten without the collector being told.
    InSteps,
}

/// What a cycle of steps is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// There is none.
    Idle,
    /// Marking.
    Marking,
    /// Sweeping blocks from this one to that one, or large objects once they are the same.
    Sweeping { next: usize, end: usize },
}

/// How far a cycle is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cycle {
    pub(super) phase: Phase,
    /// Bytes in use when it began.
    began_with: usize,
    /// Bytes freed by collections when it began.
    freed_before: u64,
    /// Bytes in use after its last step.
    stepped_at: usize,
    /// Large objects that were swept.
    large_swept: usize,
    /// Bytes of empty blocks that were kept.
    spare: usize,
}

impl Cycle {
    pub(super) const NONE: Self =
        Self { phase: Phase::Idle, began_with: 0, freed_before: 0, stepped_at: 0, large_swept: 0, spare: 0 };
}

impl Heap {
    /// Collects so from now on.
    pub fn set_collecting(&mut self, collecting: Collecting) {
        self.collecting = collecting;
        self.set_threshold();
    }

    /// Sets at how many bytes in use a safepoint collects next, when no cycle is under way and so many of them are known to be alive.
    fn set_threshold_after(&mut self, alive: usize) {
        let most = self.limit.max(1);
        let next = match self.policy {
            // Whoever asks for a collection then is told that the heap is full.
            MemoryPolicy::Arena => most,
            _ => (alive * 2).max(self.bytes + SMALLEST_THRESHOLD),
        };
        let next = if next >= STEPWISE_FROM && self.can_step() {
            // By the end of the cycle it will be about as much.
            (alive / 4 * 7).max(self.bytes + alive / 8).max(STEPWISE_FROM)
        } else {
            next
        };
        self.threshold = if self.collecting == Collecting::WhenDue { next.min(most) } else { 0 };
    }

    pub(super) fn set_threshold(&mut self) {
        match self.cycle.phase {
            Phase::Idle => self.set_threshold_after(self.bytes),
            _ if self.collecting != Collecting::WhenDue => self.threshold = 0,
            _ => self.threshold = (self.bytes + STEP_BYTES).min(self.limit.max(1)),
        }
    }

    /// Whether collections may be in steps: cells that are no allocations of their own, and that nobody counts.
    fn can_step(&self) -> bool {
        self.policy == MemoryPolicy::Collected && self.counted.is_none()
    }

    /// Marks from roots and frees what was not reached, or does a step of that. `roots` names every value the program can still reach. Does nothing where nothing is freed before the end.
    pub fn collect(&mut self, roots: impl FnOnce(&mut Marker<'_>)) {
        if self.region.is_some() {
            self.is_retrying = false;
            return self.set_threshold();
        }
        let begun = Instant::now();
        self.note_peak();
        let is_short = std::mem::take(&mut self.was_refused) || self.bytes > self.limit;
        self.is_retrying = false;
        let is_stepwise = match self.collecting {
            Collecting::WhenDue => self.bytes >= STEPWISE_FROM || self.cycle.phase != Phase::Idle,
            Collecting::Always => false,
            Collecting::InSteps => true,
        };
        if is_short || !is_stepwise || !self.can_step() {
            self.finish_cycle();
            self.collect_all(roots);
        } else {
            match self.cycle.phase {
                Phase::Idle => self.begin_cycle(roots),
                Phase::Marking => self.mark_step(),
                Phase::Sweeping { .. } => self.sweep_step(),
            }
            self.cycle.stepped_at = self.bytes;
        }
        let pause = begun.elapsed();
        self.pauses.longest = self.pauses.longest.max(pause);
        self.pauses.total += pause;
    }

    /// Collects at once, when no cycle is under way.
    fn collect_all(&mut self, roots: impl FnOnce(&mut Marker<'_>)) {
        self.begin_cycle(roots);
        self.is_marking = false;
        self.mark(usize::MAX);
        self.begin_sweep();
        self.sweep(usize::MAX);
    }

    /// Marks what roots refer to. From here on what is made is marked.
    fn begin_cycle(&mut self, roots: impl FnOnce(&mut Marker<'_>)) {
        self.statistics.collections += 1;
        self.epoch = if self.epoch == 1 { 2 } else { 1 };
        roots(&mut Marker::new(self.epoch, self.policy, &mut self.pending));
        self.is_marking = true;
        self.cycle = Cycle {
            phase: Phase::Marking,
            began_with: self.bytes,
            freed_before: self.freed_bytes,
            stepped_at: self.bytes,
            ..Cycle::NONE
        };
        self.set_threshold();
    }

    /// Whether blocks are being swept.
    pub(super) fn is_sweeping(&self) -> bool {
        matches!(self.cycle.phase, Phase::Sweeping { .. })
    }

    /// Does all that is left of a cycle.
    pub(super) fn finish_cycle(&mut self) {
        if self.cycle.phase == Phase::Marking {
            self.mark(usize::MAX);
            self.begin_sweep();
        }
        if self.cycle.phase != Phase::Idle {
            self.sweep(usize::MAX);
        }
    }

    /// What a step does, in bytes looked at, so that a phase is over when the heap has grown by one in so many parts.
    fn step_work(&self, growth: usize) -> usize {
        if self.collecting == Collecting::InSteps {
            return 1;
        }
        let grown = self.bytes.saturating_sub(self.cycle.stepped_at).max(STEP_BYTES);
        grown.saturating_mul(growth).min(LARGEST_STEP)
    }

    /// Marks until nothing is left, or so much was done. True when nothing is left.
    fn mark(&mut self, most_work: usize) -> bool {
        Marker::new(self.epoch, self.policy, &mut self.pending).drain(most_work)
    }

    fn mark_step(&mut self) {
        if self.mark(self.step_work(MARKING_GROWTH)) {
            self.begin_sweep();
        }
        self.set_threshold();
    }

    /// From here on free cells are those that sweeping finds.
    fn begin_sweep(&mut self) {
        self.is_marking = false;
        self.free = [ptr::null_mut(); CLASSES];
        self.cycle.phase = Phase::Sweeping { next: 0, end: self.blocks.len() };
    }

    fn sweep_step(&mut self) {
        self.sweep(self.step_work(SWEEPING_GROWTH));
        if self.cycle.phase != Phase::Idle {
            self.set_threshold();
        }
    }

    /// Sweeps a few blocks in the hope of a free cell of this class. False if there is none, then or because no cycle is sweeping.
    pub(super) fn sweep_for(&mut self, class: usize) -> bool {
        let Phase::Sweeping { mut next, end } = self.cycle.phase else { return false };
        self.note_peak();
        let before = self.bytes;
        let last = end.min(next + BLOCKS_FOR_A_CELL);
        while next < last && self.free[class].is_null() {
            self.sweep_block(next);
            next += 1;
        }
        self.cycle.phase = Phase::Sweeping { next, end };
        // The next step is due after so much was allocated, whatever was freed for that.
        let freed = before - self.bytes;
        self.threshold = self.threshold.saturating_sub(freed);
        self.cycle.stepped_at = self.cycle.stepped_at.saturating_sub(freed);
        !self.free[class].is_null()
    }

    /// Sweeps until nothing is left, or so much was done.
    fn sweep(&mut self, most_work: usize) {
        let mut work = 0_usize;
        while let Phase::Sweeping { next, end } = self.cycle.phase {
            if work >= most_work {
                return;
            }
            if next < end {
                self.cycle.phase = Phase::Sweeping { next: next + 1, end };
                work = work.saturating_add(BLOCK_SIZE + self.sweep_block(next) * FREEING_WORK);
            } else if self.cycle.large_swept < self.large.len() {
                work = work.saturating_add(FREEING_WORK);
                self.sweep_large(self.cycle.large_swept);
            } else {
                self.end_cycle();
            }
        }
    }

    fn end_cycle(&mut self) {
        self.sweep_alone();
        self.blocks.retain(|block| !block.memory.is_null());
        if let Some(counted) = &mut self.counted {
            counted.free = std::mem::replace(&mut self.free, [ptr::null_mut(); CLASSES]);
        }
        // What was made meanwhile may be garbage by now.
        let freed = (self.freed_bytes - self.cycle.freed_before) as usize;
        let alive = self.cycle.began_with.saturating_sub(freed).min(self.bytes);
        self.cycle = Cycle::NONE;
        self.set_threshold_after(alive);
    }

    /// Counts what an action frees as freed by a collection.
    fn freeing<T>(&mut self, action: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.bytes;
        let result = action(self);
        self.freed_bytes += (before - self.bytes) as u64;
        result
    }

    /// Frees what is in a block and was not reached, and puts its free cells on their list, before those that are there. Returns how many objects were freed that owned memory.
    fn sweep_block(&mut self, index: usize) -> usize {
        self.freeing(|heap| {
            let &Block { memory, class } = &heap.blocks[index];
            if memory.is_null() {
                return 0;
            }
            let (class, cell_size) = (class as usize, (class as usize + 1) * GRANULE);
            let mut head: *mut FreeCell = ptr::null_mut();
            let mut tail: *mut *mut FreeCell = &raw mut head;
            let (mut live, mut dead, mut storages, mut owners) = (0, 0, 0, 0);
            for index in 0..BLOCK_SIZE / cell_size {
                // SAFETY: the cell lies inside the block; a cell always holds a valid header or zeroes, which read as `Free`.
                unsafe {
                    let header = memory.add(index * cell_size).cast::<Header>();
                    let kind = (*header).kind;
                    if kind != ObjectKind::Free {
                        if (*header).mark == heap.epoch {
                            live += 1;
                            continue;
                        }
                        if SIMPLE >> kind as u8 & 1 == 0 {
                            if kind == ObjectKind::Storage {
                                storages += 1;
                            } else {
                                owners += 1;
                                heap.free_owned(header);
                            }
                        }
                        (*header).kind = ObjectKind::Free;
                        dead += 1;
                    }
                    let cell = header.cast::<FreeCell>();
                    *tail = cell;
                    tail = &raw mut (*cell).next;
                }
            }
            heap.bytes -= dead * cell_size;
            heap.statistics.objects_freed += (dead - storages) as u64;
            if live == 0 {
                heap.cycle.spare += BLOCK_SIZE;
                if heap.cycle.spare > SMALLEST_THRESHOLD {
                    heap.blocks[index].memory = ptr::null_mut();
                    // SAFETY: no object lives in the block and its cells are on no list yet.
                    unsafe { dealloc(memory, Layout::from_size_align(BLOCK_SIZE, GRANULE).expect("block layout")) };
                    return owners;
                }
            }
            // SAFETY: the tail is the `next` of the last free cell, or `head` itself if there is none.
            unsafe { *tail = heap.free[class] };
            heap.free[class] = head;
            owners
        })
    }

    /// Frees a large object that was not reached, and puts the last one in its place; goes on behind it otherwise.
    fn sweep_large(&mut self, index: usize) {
        let header = self.large[index];
        // SAFETY: large objects stay valid until freed here.
        unsafe {
            if (*header).mark == self.epoch {
                self.cycle.large_swept += 1;
                return;
            }
            self.large.swap_remove(index);
            self.freeing(|heap| {
                heap.free_owned(header);
                heap.statistics.objects_freed += 1;
                heap.free_large(header);
            });
        }
    }

    /// Frees the cells that are allocations of their own and were not reached.
    fn sweep_alone(&mut self) {
        let mut alone = std::mem::take(&mut self.alone);
        self.freeing(|heap| {
            alone.retain(|&header| {
                // SAFETY: such cells stay valid until freed here, and were made into objects as soon as they were allocated.
                unsafe {
                    if (*header).mark == heap.epoch {
                        return true;
                    }
                    heap.free_owned(header);
                    let class = (*header).class as usize;
                    heap.bytes -= (class + 1) * GRANULE;
                    heap.statistics.objects_freed += 1;
                    dealloc(header.cast(), cell_layout(class));
                }
                false
            });
        });
        self.alone = alone;
    }

    /// Frees everything.
    pub(super) fn sweep_all(&mut self) {
        // Nothing is marked with this epoch.
        self.epoch = 3;
        self.begin_sweep();
        (self.cycle.large_swept, self.cycle.spare) = (0, 0);
        self.sweep(usize::MAX);
    }

    /// # Safety
    /// `header` is a large object that nothing refers to any more.
    unsafe fn free_large(&mut self, header: *mut Header) {
        // SAFETY: `allocate_large` put the size one granule before the object.
        unsafe {
            let memory = header.cast::<u8>().sub(GRANULE);
            let size = memory.cast::<usize>().read();
            dealloc(memory, large_layout(size));
            self.bytes -= size;
        }
    }

    /// Frees what an object owns outside its cell.
    ///
    /// # Safety
    /// `header` is a valid object that nothing refers to any more.
    #[inline(never)]
    unsafe fn free_owned(&mut self, header: *mut Header) {
        // SAFETY: the kind says which object it is.
        unsafe {
            match (*header).kind {
                ObjectKind::Buffer => (*header.cast::<Buffer>()).release(self),
                ObjectKind::List => (*header.cast::<List>()).release(self),
                ObjectKind::Map => (*header.cast::<Map>()).release(self),
                ObjectKind::Failure => (*header.cast::<Failure>()).release(),
                ObjectKind::TabledRecord => (*header.cast::<Record>()).release(self),
                _ => {}
            }
        }
    }
}
