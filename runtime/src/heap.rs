//! The heap: size-class blocks, raw buffers, exact accounting, and a precise mark-and-sweep collector.
//!
//! Objects of up to 256 bytes live in blocks of 32 KiB, each block cut into cells of one size class (multiples of 16 bytes); larger ones
//! are allocated alone. Objects never move. What can grow (list elements, map entries, long strings) lies in a raw buffer that its object
//! owns. Every cell and every buffer is counted in [`Heap::bytes`] from the moment it exists until it is freed.
//!
//! **Collections happen only at safepoints**, between two instructions, when an engine asks for one and names its roots. No operation
//! collects, so operations may hold references and build intermediate objects without registering them. A request that would exceed the
//! limit fails with [`ErrorKind::Heap`](crate::error::ErrorKind) before it has changed anything; the engine then collects and runs the
//! instruction once more.
//!
//! That is the [policy](MemoryPolicy) by default. Under `Arena` the same cells, and buffers, come from a region that is freed whole at the heap's end, and a
//! collection does nothing; what an object gave back counts until then. Under `Naive` each cell is an allocation of its own.

mod buffers;
mod collection;
mod marker;
mod policy;
mod region;

use std::alloc::{Layout, alloc, alloc_zeroed, dealloc, handle_alloc_error};
use std::mem::offset_of;
use std::ptr;
use std::time::Duration;

pub use collection::Collecting;
use collection::Cycle;
pub use marker::Marker;
use marker::Pending;
pub use policy::MemoryPolicy;
use region::Region;

use crate::error::{Error, Fault};
use crate::objects::Failure;

/// What an object is. A cell whose kind is `Free` holds none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ObjectKind {
    /// No object.
    Free = 0,
    /// [`Str`](crate::objects::Str).
    String,
    /// [`Buffer`](crate::objects::Buffer): bytes that strings share.
    Buffer,
    /// [`List`](crate::objects::List).
    List,
    /// [`Map`](crate::objects::Map).
    Map,
    /// [`Closure`](crate::objects::Closure).
    Closure,
    /// [`Record`](crate::objects::Record).
    Record,
    /// [`Record`](crate::objects::Record) that carries a table of its fields' names.
    TabledRecord,
    /// [`Cell`](crate::objects::Cell).
    Cell,
    /// [`Failure`].
    Failure,
    /// [`Task`](crate::objects::Task).
    Task,
    /// No object, but what one keeps outside its cell, a [small buffer](Heap::allocate_buffer).
    Storage,
}

/// First word of every object.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Header {
    /// What the object is.
    pub kind: ObjectKind,
    mark: u8,
    /// For the object's own use.
    pub flags: u8,
    class: u8,
    /// For the object's own use: a string's hash, a record's type, a closure's function.
    pub extra: u32,
}

const _: () = assert!(size_of::<Header>() == 8);

impl Header {
    /// Where in a header its [`ObjectKind`] is, a byte; for native code, as all that follow.
    pub const KIND_OFFSET: usize = offset_of!(Self, kind);
    /// Where the collector's mark is, a byte.
    pub const MARK_OFFSET: usize = offset_of!(Self, mark);

    /// All of a header but the mark, in the order of memory.
    pub const fn bytes(kind: ObjectKind, flags: u8, class: u8, extra: u32) -> [u8; 8] {
        let [e0, e1, e2, e3] = extra.to_ne_bytes();
        [kind as u8, 0, flags, class, e0, e1, e2, e3]
    }
}

const _: () = assert!(offset_of!(Header, flags) == 2 && offset_of!(Header, class) == 3);
const _: () = assert!(offset_of!(Header, mark) == 1 && offset_of!(Header, extra) == 4);

const GRANULE: usize = 16;
const CLASSES: usize = 16;
/// Largest object that lives in a block.
pub const LARGEST_CELL: usize = GRANULE * CLASSES;
const LARGE: u8 = u8::MAX;
// Miri's cost grows with what is done inside one allocation.
const BLOCK_SIZE: usize = if cfg!(miri) { 512 } else { 32 * 1024 };
/// A collection is not worth its while before this much was allocated; empty blocks of as much are kept for what comes next.
const SMALLEST_THRESHOLD: usize = 4 << 20;

#[repr(C)]
struct FreeCell {
    header: Header,
    next: *mut FreeCell,
}

struct Block {
    /// Null once it was given back, until the collection that did that is over.
    memory: *mut u8,
    class: u8,
}

/// What the collector did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeapStatistics {
    /// Collections begun.
    pub collections: u64,
    /// Objects freed by them.
    pub objects_freed: u64,
    /// Most bytes ever in use.
    pub peak_bytes: usize,
    /// Bytes ever allocated.
    pub allocated_bytes: u64,
}

/// How long programs waited for the collector. Times are no part of [`HeapStatistics`], which are the same for the same run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pauses {
    /// The longest: a whole collection, or a step of one.
    pub longest: Duration,
    /// All of them.
    pub total: Duration,
}

/// What is on a heap: live objects, and those that were not collected yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// How many objects.
    pub objects: u64,
    /// What they take, buffers included.
    pub bytes: usize,
}

/// A heap of guest objects. Belongs to one thread.
pub struct Heap {
    free: [*mut FreeCell; CLASSES],
    policy: MemoryPolicy,
    blocks: Vec<Block>,
    large: Vec<*mut Header>,
    /// Cells that are allocations of their own.
    alone: Vec<*mut Header>,
    /// Where everything comes from if nothing is freed before the end.
    region: Option<Box<Region>>,
    /// Large objects of the region.
    large_in_region: u64,
    bytes: usize,
    threshold: usize,
    limit: usize,
    /// Bytes that collections freed.
    freed_bytes: u64,
    /// A request was refused: the next collection is of everything.
    was_refused: bool,
    is_retrying: bool,
    is_marking: bool,
    has_packed_lists: bool,
    collecting: Collecting,
    /// The mark of what is alive, and of what is made.
    epoch: u8,
    cycle: Cycle,
    pending: Pending,
    statistics: HeapStatistics,
    pauses: Pauses,
    counted: Option<Box<Counted>>,
}

/// What a heap has besides while it [counts](Heap::count_objects).
///
/// Cells then are handed out one at a time: the lists that [`Heap::allocate`] takes them from are empty or hold one, and all others
/// wait here. So every allocation passes through the cold path, which can count, and a heap that does not count pays nothing.
struct Counted {
    objects: u64,
    free: [*mut FreeCell; CLASSES],
}

impl std::fmt::Debug for Heap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Heap")
            .field("bytes", &self.bytes)
            .field("limit", &self.limit)
            .field("statistics", &self.statistics)
            .finish()
    }
}

impl Heap {
    /// Where in a heap the lists of free cells begin, an address for each class; for native code, as all that follow.
    pub const FREE_OFFSET: usize = offset_of!(Self, free);
    /// Where in a free cell the address of the next one is; null in the last one.
    pub const NEXT_OFFSET: usize = offset_of!(FreeCell, next);
    /// Where it says how many bytes are in use.
    pub const BYTES_OFFSET: usize = offset_of!(Self, bytes);
    /// Where it says at how many a safepoint should collect.
    pub const THRESHOLD_OFFSET: usize = offset_of!(Self, threshold);
    /// Where the mark of what is alive is, a byte.
    pub const EPOCH_OFFSET: usize = offset_of!(Self, epoch);
    /// Where its [`MemoryPolicy`] is, a byte.
    pub const POLICY_OFFSET: usize = offset_of!(Self, policy);
    /// Where it says whether [it is marking](Self::is_marking), a byte.
    pub const IS_MARKING_OFFSET: usize = offset_of!(Self, is_marking);

    /// The class of objects of so many bytes, and how many their cells have; none if they are too large for a cell.
    pub const fn cell_of(bytes: usize) -> Option<(usize, usize)> {
        let granules = bytes.div_ceil(GRANULE);
        if bytes == 0 || granules > CLASSES { None } else { Some((granules - 1, granules * GRANULE)) }
    }

    /// An empty heap that may hold `limit` bytes, and collects.
    pub fn new(limit: usize) -> Self {
        Self::with_policy(MemoryPolicy::Collected, limit)
    }

    /// An empty heap that may hold `limit` bytes and manages its memory so.
    pub fn with_policy(policy: MemoryPolicy, limit: usize) -> Self {
        let mut heap = Self {
            free: [ptr::null_mut(); CLASSES],
            policy,
            blocks: Vec::new(),
            large: Vec::new(),
            alone: Vec::new(),
            region: (policy == MemoryPolicy::Arena).then(Box::default),
            large_in_region: 0,
            bytes: 0,
            threshold: 0,
            limit,
            freed_bytes: 0,
            was_refused: false,
            is_retrying: false,
            is_marking: false,
            has_packed_lists: policy != MemoryPolicy::Naive,
            collecting: Collecting::default(),
            epoch: 1,
            cycle: Cycle::NONE,
            pending: Pending::default(),
            statistics: HeapStatistics::default(),
            pauses: Pauses::default(),
            counted: None,
        };
        heap.set_threshold();
        heap
    }

    /// How it manages its memory.
    #[inline]
    pub fn policy(&self) -> MemoryPolicy {
        self.policy
    }

    /// Leaves lists of numbers or bools unpacked. Lists that exist stay as they are.
    pub fn leave_lists_unpacked(&mut self) {
        self.has_packed_lists = false;
    }

    /// True when lists of numbers or bools are packed.
    #[inline]
    pub(crate) fn has_packed_lists(&self) -> bool {
        self.has_packed_lists
    }

    /// Count objects from now on, for probes. Allocation becomes slower.
    pub fn count_objects(&mut self) {
        if self.counted.is_none() {
            self.finish_cycle();
            let free = std::mem::replace(&mut self.free, [ptr::null_mut(); CLASSES]);
            self.counted = Some(Box::new(Counted { objects: 0, free }));
        }
    }

    /// Objects allocated since [`Self::count_objects`].
    pub fn objects_counted(&self) -> u64 {
        self.counted.as_ref().map_or(0, |counted| counted.objects)
    }

    /// Bytes in use: cells of live and not yet collected objects, and their buffers.
    #[inline]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The most bytes it may hold.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// What the collector did so far.
    pub fn statistics(&self) -> HeapStatistics {
        let mut statistics = self.statistics;
        statistics.peak_bytes = statistics.peak_bytes.max(self.bytes);
        statistics.allocated_bytes = self.bytes as u64 + self.freed_bytes;
        statistics
    }

    fn note_peak(&mut self) {
        self.statistics.peak_bytes = self.statistics.peak_bytes.max(self.bytes);
    }

    /// How long programs waited for the collector.
    pub fn pauses(&self) -> Pauses {
        self.pauses
    }

    /// Counts what is there, by looking at every cell.
    pub fn census(&self) -> Census {
        let cells = self.blocks.iter().filter(|block| !block.memory.is_null()).flat_map(|block| {
            let cell_size = (block.class as usize + 1) * GRANULE;
            // SAFETY: the cell lies inside the block; a cell always holds a valid header or zeroes, which read as `Free`.
            (0..BLOCK_SIZE / cell_size)
                .map(move |at| unsafe { (*block.memory.add(at * cell_size).cast::<Header>()).kind })
        });
        let in_cells = cells.filter(|kind| !matches!(kind, ObjectKind::Free | ObjectKind::Storage)).count();
        let objects = (in_cells + self.large.len() + self.alone.len()) as u64 + self.large_in_region;
        Census { objects, bytes: self.bytes }
    }

    /// True when the next safepoint should collect.
    #[inline]
    pub fn wants_collection(&self) -> bool {
        self.bytes >= self.threshold
    }

    /// Says that a request was refused: the next collection frees whatever can be freed, however long that takes.
    pub fn note_refusal(&mut self) {
        self.was_refused = true;
    }

    /// Says that the instruction which ran into the limit runs once more after a collection. Until the next collection, which the
    /// safepoint after that instruction starts, [`Self::is_retrying`] holds, so that a second failure is final.
    pub fn begin_retry(&mut self) {
        self.is_retrying = true;
        self.threshold = 0;
    }

    /// True while an instruction runs once more after a collection.
    pub fn is_retrying(&self) -> bool {
        self.is_retrying
    }

    /// Gives up the retry: the error is about to be raised.
    pub fn end_retry(&mut self) {
        self.is_retrying = false;
        self.set_threshold();
    }

    /// Refuses a request of `bytes` more that would exceed the limit. Whoever is about to allocate an amount that the program chose asks
    /// first, before changing anything.
    #[inline]
    pub fn reserve(&self, bytes: usize) -> Result<(), Fault> {
        if bytes <= self.limit.saturating_sub(self.bytes) { Ok(()) } else { Err(Error::heap(self.limit)) }
    }

    /// Space for an object of `size` bytes with its header written. The rest is uninitialised.
    #[inline]
    pub fn allocate(&mut self, kind: ObjectKind, flags: u8, extra: u32, size: usize) -> *mut Header {
        if size > LARGEST_CELL {
            return self.allocate_large(kind, flags, extra, size);
        }
        let class = size.div_ceil(GRANULE) - 1;
        if self.free[class].is_null() {
            self.refill(class);
        }
        let cell = self.free[class];
        // SAFETY: `refill` made the list non-empty; cells on it are free, of this class, and their `next` is valid.
        unsafe {
            self.free[class] = (*cell).next;
            let header = cell.cast::<Header>();
            header.write(Header { kind, mark: self.epoch, flags, class: class as u8, extra });
            self.bytes += (class + 1) * GRANULE;
            header
        }
    }

    /// Puts a cell of this class at least on its list.
    #[inline(never)]
    fn refill(&mut self, class: usize) {
        let Some(mut counted) = self.counted.take() else { return self.add_cells(class) };
        if counted.free[class].is_null() {
            self.add_cells(class);
            counted.free[class] = self.free[class];
        }
        let cell = counted.free[class];
        // SAFETY: the list is not empty, its cells are free and their `next` is valid.
        unsafe { counted.free[class] = std::mem::replace(&mut (*cell).next, ptr::null_mut()) };
        self.free[class] = cell;
        counted.objects += 1;
        self.counted = Some(counted);
    }

    /// Puts new cells of this class on its list, which is empty.
    fn add_cells(&mut self, class: usize) {
        if self.policy == MemoryPolicy::Naive {
            self.add_cell(class);
        } else if !self.sweep_for(class) {
            self.add_block(class);
        }
    }

    /// A cell that is an allocation of its own.
    fn add_cell(&mut self, class: usize) {
        let layout = cell_layout(class);
        // SAFETY: the layout's size is not zero. Zeroed memory is a cell whose kind is `Free`, and the last one of its list.
        let cell = unsafe { alloc_zeroed(layout) };
        if cell.is_null() {
            handle_alloc_error(layout);
        }
        self.alone.push(cell.cast());
        self.free[class] = cell.cast();
    }

    fn add_block(&mut self, class: usize) {
        let cell_size = (class + 1) * GRANULE;
        let layout = Layout::from_size_align(BLOCK_SIZE, GRANULE).expect("block layout");
        let memory = match &self.region {
            Some(region) => region.allocate_zeroed(layout),
            // SAFETY: the layout's size is not zero. Zeroed memory is a block of cells whose kind is `Free`.
            None => unsafe { alloc_zeroed(layout) },
        };
        if memory.is_null() {
            handle_alloc_error(layout);
        }
        self.blocks.push(Block { memory, class: class as u8 });
        let mut head = ptr::null_mut();
        for index in (0..BLOCK_SIZE / cell_size).rev() {
            // SAFETY: the cell lies inside the block.
            unsafe {
                let cell = memory.add(index * cell_size).cast::<FreeCell>();
                (*cell).next = head;
                head = cell;
            }
        }
        self.free[class] = head;
    }

    #[cold]
    fn allocate_large(&mut self, kind: ObjectKind, flags: u8, extra: u32, size: usize) -> *mut Header {
        let layout = large_layout(size);
        let memory = self.raw(layout);
        if memory.is_null() {
            handle_alloc_error(layout);
        }
        // The word before the object keeps its size for `free_large`.
        // SAFETY: the layout has room for that word and the object, both aligned.
        let header = unsafe {
            memory.cast::<usize>().write(size);
            memory.add(GRANULE).cast::<Header>()
        };
        // SAFETY: freshly allocated.
        unsafe { header.write(Header { kind, mark: self.epoch, flags, class: LARGE, extra }) };
        match self.region {
            Some(_) => self.large_in_region += 1,
            None => self.large.push(header),
        }
        self.bytes += size;
        if let Some(counted) = &mut self.counted {
            counted.objects += 1;
        }
        header
    }

    /// Memory of the system, or of the region if there is one, for a layout of some bytes; null if there is none.
    #[inline]
    fn raw(&self, layout: Layout) -> *mut u8 {
        match &self.region {
            Some(region) => region.allocate(layout),
            // SAFETY: the caller's layout has some bytes.
            None => unsafe { alloc(layout) },
        }
    }

    /// Notes that an object owns memory that the region does not have.
    pub(crate) fn note_owner(&mut self, object: *mut Header) {
        if let Some(region) = &mut self.region {
            region.owners.push(object);
        }
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        if let Some(region) = &mut self.region {
            for owner in std::mem::take(&mut region.owners) {
                // SAFETY: only failures own something, and the region has them until it is dropped, after this.
                unsafe { (*owner.cast::<Failure>()).release() };
            }
            return;
        }
        self.sweep_all();
        for block in &self.blocks {
            // SAFETY: allocated with this layout; no object is left in it.
            unsafe { dealloc(block.memory, Layout::from_size_align(BLOCK_SIZE, GRANULE).expect("block layout")) };
        }
    }
}

fn cell_layout(class: usize) -> Layout {
    Layout::from_size_align((class + 1) * GRANULE, GRANULE).expect("cells are small")
}

fn large_layout(size: usize) -> Layout {
    Layout::from_size_align(size + GRANULE, GRANULE).expect("objects are bounded by the heap limit")
}
