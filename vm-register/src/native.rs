//! Programs that get native code while they run.
//!
//! This machine does not make native code and does not know who does. It counts how often control comes to the places where native code could be
//! entered, notes what kinds of values instructions meet there, asks a [`Tiers`] when a place is hot, and goes on in native code where some was
//! installed. What native code may believe of the machine, and what it must keep, is said here; [`Layout`] says where things lie.
//!
//! # Native frames are disposable
//!
//! Native code works on the same frames as the interpreter: registers in the array of values, a record for each active call. It may keep values in
//! registers of the processor, but whenever it calls anything, every live value lies in its register of the frame. So a native frame holds nothing that
//! the guest's frame does not, and can be given up at any time by returning: native code that cannot or will not go on returns a [`Position`], and every
//! native caller that gets one returns it too, until the interpreter takes it up. No side exit has to build frames. Errors, tasks, the depth limit, running
//! out of fuel or gas, and a full native stack are all the same thing to native code: a step returned another position than the next instruction's.
//!
//! # Counting costs nothing where it is off
//!
//! A program that gets native code has words of its own. The first word of each function and of each iteration has the operation `COUNTED`, which counts and then
//! does what stood there before; where native code was installed, the word is `ENTER_NATIVE`. All other programs have neither.
//!
//! # The contract of native code
//!
//! Native code of a function is entered through a [`Trampoline`], or called by other native code in a convention that only the maker of native code knows. It is given
//! the machine, the base of the running frame and the number of the entry point, in a frame in which all registers that are live there hold values. It ends with
//!
//! - a null program counter and the base of its own frame when the function has returned: its record is taken off, and the result is handed over beside the
//!   position;
//! - any other position when the interpreter must go on there. The running frame's record is then the topmost one, and all live registers are written.
//!
//! Where the topmost record is, the machine has to know only when it looks: native code says so before each step and before it is left, and not at calls and
//! returns between native functions.
//!
//! # Leaves
//!
//! Parts of operations that neither fail nor allocate nor run guest code are functions of their own ([`LEAVES`]). Native code calls them in the midst of an instruction, without storing
//! anything.

use std::cell::UnsafeCell;
use std::mem::offset_of;
use std::sync::Arc;

use isa::{Lane, RegCode, RegisterOp, Verified};
use runtime::host::Ledger;
use runtime::objects::{ElementKind, Map, Str};
use runtime::{Fault, Runtime, Tag, Value};

use crate::arena::{Arena, call_prepared};
use crate::code::{Operation, State, Word};
use crate::dispatch::steps::STEPS;
pub use crate::link::NO_MEMBER;
use crate::link::{Linked, Target};
use crate::machine::{Frame, Machine, Site};
use crate::slot::Slot;
use crate::{Dispatch, drive};

/// Where a machine stands, as native code passes it.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Position {
    /// The instruction; null when a function has returned.
    pub pc: *const u64,
    /// The first register of the running frame.
    pub base: *mut Value,
}

impl From<State> for Position {
    #[inline(always)]
    fn from(State { pc, base }: State) -> Self {
        Self { pc: pc.cast(), base }
    }
}

/// Runs one instruction of a running frame and gives where to go on.
///
/// # Safety
/// The machine stands at the instruction, which is one that the function is for.
pub(crate) type Step = unsafe extern "C" fn(*mut Machine<'_>, *const Word, *mut Value) -> Position;

/// Enters native code: machine, base, number of the entry point, where the code is, and where to put tag and payload of the result if the function returns.
///
/// # Safety
/// See the contract of native code.
pub type Trampoline = unsafe extern "C" fn(
    machine: *mut (),
    base: *mut Value,
    number: u64,
    code: *const u8,
    result: *mut [u64; 2],
) -> Position;

/// What the maker of native code brings along for a program.
#[derive(Clone, Copy, Debug)]
pub struct Stubs {
    /// Enters native code.
    pub enter: Trampoline,
    /// Stands in for the code of functions that have none: whoever calls it leaves native code, and the interpreter goes on at the function's beginning.
    pub missing: *const u8,
}

/// Where in memory native code finds what it needs: distances in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// One past the record of the running call, from the machine on, as everything down to `exit`.
    pub frame_top: i32,
    /// Frames may end here.
    pub value_limit: i32,
    /// The constants.
    pub constants: i32,
    /// The globals.
    pub globals: i32,
    /// Access sites.
    pub sites: i32,
    /// What access sites find in records: from where a site's row begins on, a word of 32 bits for each type, [`NO_MEMBER`] if that has nothing.
    pub members: i32,
    /// The first word of the code.
    pub first_word: i32,
    /// Call targets by function.
    pub targets: i32,
    /// The strings of one ASCII character.
    pub characters: i32,
    /// Native code by function.
    pub entries: i32,
    /// Calls write their records below this.
    pub native_frame_limit: i32,
    /// Where an exit leaves its number.
    pub exit: i32,
    /// The runtime.
    pub runtime: i32,
    /// Fuel that is left, from the runtime on.
    pub fuel: i32,
    /// Gas that is left, from the runtime on.
    pub gas: i32,
    /// The heap, from the runtime on.
    pub heap: i32,
    /// Size of a call's record; in it, from its beginning on: where to return to, the closure, and the window.
    pub frame_size: i32,
    /// Where to return to.
    pub frame_return: i32,
    /// The closure.
    pub frame_closure: i32,
    /// Bytes from the caller's first register to the callee's.
    pub frame_window: i32,
    /// Size of an access site; in it: the type last seen, and where it has the field or which function the method is.
    pub site_size: i32,
    /// The type.
    pub site_type: i32,
    /// The field's position or the method's function.
    pub site_found: i32,
    /// The position of the entry in a map that had the name.
    pub site_entry: i32,
    /// Where its row of members begins.
    pub site_row: i32,
    /// The name as a key.
    pub site_key: i32,
    /// Size of a function's entry among those of native code; in it: where the code begins, and what it counts down.
    pub entry_size: i32,
    /// Where the code begins, or what stands in for it.
    pub entry_code: i32,
    /// What code that counts counts down.
    pub entry_counter: i32,
    /// Size of a call target; in it: how many bytes its frame has and how many parameters it takes.
    pub target_size: i32,
    /// The target's code.
    pub target_code: i32,
    /// The frame's size in bytes.
    pub target_frame: i32,
    /// How many parameters there are, 16 bits.
    pub target_parameters: i32,
}

/// Where things lie.
pub const LAYOUT: Layout = Layout {
    frame_top: offset_of!(Machine<'_>, frame_top) as i32,
    value_limit: offset_of!(Machine<'_>, value_limit) as i32,
    constants: offset_of!(Machine<'_>, constants) as i32,
    globals: offset_of!(Machine<'_>, globals) as i32,
    sites: offset_of!(Machine<'_>, sites) as i32,
    members: offset_of!(Machine<'_>, members) as i32,
    first_word: offset_of!(Machine<'_>, first_word) as i32,
    targets: offset_of!(Machine<'_>, targets) as i32,
    characters: offset_of!(Machine<'_>, characters) as i32,
    entries: offset_of!(Machine<'_>, entries) as i32,
    native_frame_limit: offset_of!(Machine<'_>, native_frame_limit) as i32,
    exit: offset_of!(Machine<'_>, exit) as i32,
    runtime: offset_of!(Machine<'_>, runtime) as i32,
    fuel: offset_of!(Runtime, fuel) as i32,
    gas: offset_of!(Runtime, gas) as i32,
    heap: offset_of!(Runtime, heap) as i32,
    frame_size: size_of::<Frame>() as i32,
    frame_return: offset_of!(Frame, return_to) as i32,
    frame_closure: offset_of!(Frame, closure) as i32,
    frame_window: offset_of!(Frame, window) as i32,
    site_size: size_of::<Site>() as i32,
    site_type: offset_of!(Site, type_index) as i32,
    site_found: offset_of!(Site, found) as i32,
    site_entry: offset_of!(Site, entry) as i32,
    site_row: offset_of!(Site, row) as i32,
    site_key: offset_of!(Site, key) as i32,
    entry_size: size_of::<NativeEntry>() as i32,
    entry_code: offset_of!(NativeEntry, code) as i32,
    entry_counter: offset_of!(NativeEntry, counter) as i32,
    target_size: size_of::<Target>() as i32,
    target_code: offset_of!(Target, code) as i32,
    target_frame: offset_of!(Target, frame_bytes) as i32,
    target_parameters: offset_of!(Target, parameters) as i32,
};

/// Functions that native code calls for parts of operations.
#[derive(Clone, Copy, Debug)]
pub struct Leaves {
    /// Whether two strings have the same bytes: 1 or 0.
    pub equal_strings: unsafe extern "C" fn(*const Str, *const Str) -> u64,
    /// Where the native code begins of a function that a step has called for the frame whose record ends at an address, so that native code can go on there; null if it has none, or
    /// the step did something else. Takes the machine, that address, and what the step reached.
    pub find_entry: unsafe extern "C" fn(*const (), *const (), *const u64) -> *const u8,
    /// Where the value is that a map has for a key, given as tag and payload, or null where it has none: in the machine, until the next call.
    pub find_in_map: unsafe extern "C" fn(*mut (), *const Map, u64, u64) -> *const Value,
    /// Sets an entry of a map, which is no enum: key and value are given as tag and payload. 0 if the interpreter has to, because there is no room, or the key can be none.
    pub set_in_map: unsafe extern "C" fn(*mut Runtime, *mut Map, u64, u64, u64, u64) -> u64,
    /// Tells the collector that a value, given as tag and payload, is no longer in an object that held it. Gives 0.
    pub forget: unsafe extern "C" fn(*mut Runtime, u64, u64) -> u64,
}

/// These functions.
pub static LEAVES: Leaves = Leaves { equal_strings, find_entry, find_in_map, set_in_map, forget };

/// See [`Leaves::equal_strings`].
///
/// # Safety
/// Both are strings.
unsafe extern "C" fn equal_strings(one: *const Str, other: *const Str) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { u64::from((*one).as_bytes() == (*other).as_bytes()) }
}

/// See [`Leaves::find_entry`].
///
/// # Safety
/// It is a machine that runs a program with native code, and stands at the instruction.
unsafe extern "C" fn find_entry(machine: *const (), top: *const (), reached: *const u64) -> *const u8 {
    // SAFETY: the caller's promise.
    unsafe {
        let m = &*machine.cast::<Machine<'_>>();
        let tiers = &*m.tiers;
        let has_called = m.frame_top.sub(1).cast_const().cast() == top && m.frame_top < m.native_frame_limit;
        if !has_called || m.linked.is_end(reached.cast()) {
            return std::ptr::null();
        }
        let Installed { code, number } = tiers.installed[tiers.index(reached.cast())];
        // Number 0 is where functions begin.
        if number == 0 && code != tiers.stubs.missing { code } else { std::ptr::null() }
    }
}

/// See [`Leaves::find_in_map`].
///
/// # Safety
/// It is a machine, and a map, and tag and payload are those of a value.
unsafe extern "C" fn find_in_map(machine: *mut (), map: *const Map, tag: u64, payload: u64) -> *const Value {
    // SAFETY: the caller's promise. Nobody refers to the place.
    unsafe {
        let found = &raw mut (*machine.cast::<Machine<'_>>()).found;
        found.write((*map).get(value_of(tag, payload)).unwrap_or(Value::NULL));
        found
    }
}

/// See [`Leaves::set_in_map`].
///
/// # Safety
/// It is the machine's runtime and a map that is no enum, and both pairs of tag and payload are those of a value.
unsafe extern "C" fn set_in_map(
    runtime: *mut Runtime,
    map: *mut Map,
    key_tag: u64,
    key: u64,
    tag: u64,
    payload: u64,
) -> u64 {
    // SAFETY: the caller's promise.
    unsafe {
        let (heap, key) = (&mut (*runtime).heap, value_of(key_tag, key));
        u64::from(Map::can_be_key(key) && (*map).insert_in_place(heap, key, value_of(tag, payload)))
    }
}

/// See [`Leaves::forget`].
///
/// # Safety
/// It is the machine's runtime, and tag and payload are those of a value.
unsafe extern "C" fn forget(runtime: *mut Runtime, tag: u64, payload: u64) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { (*runtime).heap.forget(value_of(tag, payload)) };
    0
}

/// The value of this tag and payload.
///
/// # Safety
/// There is one.
unsafe fn value_of(tag: u64, payload: u64) -> Value {
    let mut value = [Value::NULL];
    // SAFETY: the caller's promise.
    unsafe { Slot::new(value.as_mut_ptr()).set(tag, payload) };
    value[0]
}

/// A place in the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Function.
    pub function: u32,
    /// Instruction in it.
    pub pc: u32,
}

/// Who enters native code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Whoever comes there.
    All,
    /// Calls in native code; the interpreter runs the function itself when it calls it.
    NativeCode,
}

/// What an instruction met: kinds of values by lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// For each lane that names a register which is read, a bit for each kind of value it held ([`kind_bit`]).
    pub kinds: [u32; 3],
    /// One more than the type of the record that the object was, [`MANY_TYPES`] if there were several, 0 if none was one. For a call by value: one more than the function that was called.
    pub record: u32,
}

/// More than one type of record was seen.
pub const MANY_TYPES: u32 = u32::MAX;

/// The bit for values of a kind.
pub const fn kind_bit(tag: Tag) -> u32 {
    let number = tag as u32;
    1 << if number <= 2 { number } else { number / 2 + 1 }
}

/// The bit for lists that keep their elements in such a way; set beside that of lists.
pub const fn list_bit(kind: ElementKind) -> u32 {
    1 << (28 + kind as u32)
}

/// The bit for lists that had no such element when one was read or set; set beside that of lists.
pub const OUTSIDE: u32 = 1 << 27;

impl Seen {
    fn note(&mut self, lane: usize, value: Value) {
        self.kinds[lane] |= kind_bit(value.tag());
        if matches!(value.tag(), Tag::Int | Tag::Float | Tag::Bool | Tag::Null) {
            return;
        }
        if let Some(list) = value.as_list() {
            self.kinds[lane] |= list_bit(list.kind());
        } else if let Some(record) = value.as_record() {
            self.note_type(record.type_index());
        }
    }

    /// Notes whether a list has an element that is read or set there without counting from the end.
    fn note_element(&mut self, lane: usize, list: Value, index: Value) {
        if let (Some(list), Some(index)) = (list.as_list(), index.as_int())
            && usize::try_from(index).map_or(true, |index| index >= list.len())
        {
            self.kinds[lane] |= OUTSIDE;
        }
    }

    fn note_type(&mut self, number: u32) {
        let seen = number + 1;
        self.record = if self.record == 0 || self.record == seen { seen } else { MANY_TYPES };
    }

    /// Notes which function a call by value was of.
    fn note_callee(&mut self, value: Value) {
        if let Some(closure) = value.as_closure() {
            self.note_type(closure.function());
        } else if value.tag() == Tag::Function {
            self.note_type(value.index());
        }
    }
}

/// Makes native code.
pub trait Tiers {
    /// Control has come to a place as often as its counter said. What is to be done next is told to `code`; if nothing is, the place is
    /// not counted any more.
    fn hot(&mut self, place: Place, code: &mut Code<'_>);

    /// Native code was left by an exit, which left its number.
    fn left_by(&mut self, exit: u64, code: &mut Code<'_>);
}

/// A place that has native code.
#[derive(Clone, Copy)]
struct Installed {
    code: *const u8,
    number: u64,
}

/// Native code of a function, for those that call it.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct NativeEntry {
    /// Where it begins, or what stands in for it.
    code: *const u8,
    /// What code that counts counts down.
    counter: u64,
}

const _: () = assert!(size_of::<NativeEntry>() == 16);

/// What a run of a program that gets native code changes.
pub(crate) struct TierState {
    /// What each word did before it was changed.
    originals: Vec<Operation>,
    /// How often control has yet to come to each word until it is hot.
    counters: Vec<u32>,
    installed: Vec<Installed>,
    /// By function.
    entries: Vec<NativeEntry>,
    stubs: Stubs,
    seen: Vec<Seen>,
    /// By word.
    reads: Vec<Reads>,
    /// The same code in the form of the family.
    code: Arc<Verified<RegCode>>,
    first: *mut Word,
    starts: Vec<u32>,
    tiers: Box<dyn Tiers>,
    counts_fuel: bool,
    /// Bytes of native stack that native code may use.
    stack: usize,
    /// Bytes that the largest native frame takes.
    largest_native_frame: usize,
    /// The native stack is used up after so many native frames, whichever they are.
    most_native_frames: usize,
    /// How often the interpreter went on in native code.
    entered: u64,
}

/// A program that gets native code. It is run by one thread at a time, and what it has got stays from run to run.
pub struct Native {
    linked: Linked,
    state: Box<UnsafeCell<TierState>>,
}

impl std::fmt::Debug for Native {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Native").field("linked", &self.linked).finish_non_exhaustive()
    }
}

// SAFETY: the pointers in the state point to words that `linked` owns and nobody else has, and the tiers can be sent: `Native::new` takes no others.
unsafe impl Send for Native {}

/// Set in counters of places that only wait.
const WAITS: u32 = 1 << 31;

/// The last so many times that control comes to a place before it is hot, what instructions meet is noted.
pub const RECORDED: u32 = 8;
/// Before that it is noted once in so many times: what is met now and then is not always met in a row.
const SAMPLED: u32 = 16;
/// Each time it is noted of so many instructions, or until control is back at the place: instructions that are noted take several times as long, and an iteration says what the next one does.
const RECORDED_INSTRUCTIONS: u32 = 100;

impl Native {
    /// A program all of whose functions and iterations are counted from `threshold`. `code` is what was linked; `counts_fuel` says whether runs have a fuel limit.
    pub fn new(
        linked: &Linked,
        code: Arc<Verified<RegCode>>,
        threshold: u32,
        counts_fuel: bool,
        stubs: Stubs,
        tiers: Box<dyn Tiers + Send>,
    ) -> Self {
        let linked = linked.copy();
        let words = linked.words();
        let first = linked.first_word().as_ptr();
        // SAFETY: there are so many words, and nobody changes them meanwhile.
        let originals = (0..words).map(|at| unsafe { (*first.add(at)).operation() }).collect();
        let mut state = TierState {
            originals,
            counters: vec![0; words],
            installed: vec![Installed { code: stubs.missing, number: 0 }; words],
            entries: vec![NativeEntry { code: stubs.missing, counter: 0 }; code.functions.len()],
            stack: 0,
            largest_native_frame: 0,
            most_native_frames: 0,
            entered: 0,
            stubs,
            seen: vec![Seen::default(); words],
            reads: reads_of_words(&code, linked.starts(), words),
            code,
            first,
            starts: linked.starts().to_vec(),
            tiers,
            counts_fuel,
        };
        for function in 0..state.code.functions.len() as u32 {
            Code { state: &mut state, linked: &linked }.count_function(function, threshold);
        }
        Self { linked, state: Box::new(UnsafeCell::new(state)) }
    }

    /// The program's tables.
    pub fn program(&self) -> &Arc<runtime::Program> {
        self.linked.program()
    }

    /// Bytes of code, as the family's words.
    pub fn code_bytes(&self) -> usize {
        self.linked.code_bytes()
    }

    /// Tells the tiers something between two runs.
    pub fn with_code<T>(&mut self, tell: impl FnOnce(&mut Code<'_>) -> T) -> T {
        tell(&mut Code { state: self.state.get_mut(), linked: &self.linked })
    }

    /// Runs the program's entry function and gives its result.
    ///
    /// # Errors
    /// As for [`crate::execute`].
    ///
    /// # Panics
    /// If `runtime` is of another program, or has a fuel limit where none was said or none where one was.
    pub fn execute(&mut self, dispatch: Dispatch, stack: usize, runtime: &mut Runtime) -> Result<Value, Fault> {
        crate::check_runtime(&self.linked, runtime);
        let mut machine = Machine::new(&self.linked, runtime);
        let start = machine.start();
        // SAFETY: nobody else has the state while the program runs.
        unsafe { attach(self.state.get(), stack, &mut machine) };
        drive(&mut machine, start, dispatch, &mut runtime::probe::NoProbe)
    }

    /// Calls a function that captures nothing, in the arrays of an arena that nothing but this is called in, and on a ledger that is lent for the call.
    ///
    /// # Errors
    /// As for [`crate::call_by`].
    ///
    /// # Panics
    /// As for [`Self::execute`], and if there is no such function or it captures something.
    pub fn call(
        &mut self,
        (dispatch, stack): (Dispatch, usize),
        arena: &mut Arena,
        runtime: &mut Runtime,
        ledger: &mut dyn Ledger,
        function: u32,
        arguments: &[Value],
    ) -> Result<Value, Fault> {
        let state = self.state.get();
        // SAFETY: nobody else has the state while the program runs.
        let prepare = |machine: &mut Machine<'_>| unsafe { attach(state, stack, machine) };
        call_prepared(dispatch, &self.linked, arena, runtime, ledger, (function, arguments), prepare)
    }
}

/// Lets a machine go on in native code.
///
/// # Safety
/// The state is of the machine's program, and nobody else has it as long as the machine runs.
unsafe fn attach(state: *mut TierState, stack: usize, machine: &mut Machine<'_>) {
    machine.tiers = state;
    // SAFETY: the caller's promise.
    unsafe {
        assert_eq!((*state).counts_fuel, machine.runtime.has_fuel_limit(), "code counts fuel if runs do");
        (*state).stack = stack;
        (*state).limit_native_frames();
        machine.first_word = (*state).first;
        machine.entries = (*state).entries.as_mut_ptr();
    }
}

/// A program's code and what is known of it, as whoever makes native code sees it.
pub struct Code<'s> {
    state: &'s mut TierState,
    linked: &'s Linked,
}

impl std::fmt::Debug for Code<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Code").finish_non_exhaustive()
    }
}

impl Code<'_> {
    /// The code in the form of the family.
    pub fn functions(&self) -> &Arc<Verified<RegCode>> {
        &self.state.code
    }

    /// The program's tables.
    pub fn program(&self) -> &Arc<runtime::Program> {
        self.linked.program()
    }

    /// Whether code takes fuel.
    pub fn counts_fuel(&self) -> bool {
        self.state.counts_fuel
    }

    /// Whether access sites remember anything.
    pub fn has_inline_caches(&self) -> bool {
        self.linked.has_inline_caches()
    }

    fn at(&self, place: Place) -> usize {
        (self.state.starts[place.function as usize] + place.pc) as usize
    }

    /// Counts a place down from `from`, and calls it hot then.
    pub fn count(&mut self, place: Place, from: u32) {
        self.set_counter_of(place, from.clamp(1, WAITS - 1));
    }

    fn set_counter_of(&mut self, place: Place, counter: u32) {
        let at = self.at(place);
        self.state.counters[at] = counter;
        self.set_operation(at, Operation::Counted);
    }

    /// The same without noting anything of what instructions meet meanwhile: for who is hot, and only waits.
    pub fn wait(&mut self, place: Place, turns: u32) {
        self.set_counter_of(place, turns.clamp(1, WAITS - 1) | WAITS);
    }

    /// How often control has yet to come to a place that is counted until it is hot.
    pub fn left(&self, place: Place) -> u32 {
        self.state.counters[self.at(place)] & !WAITS
    }

    /// Counts a function's beginning and where its iterations begin down from `from`.
    pub fn count_function(&mut self, function: u32, from: u32) {
        self.count(Place { function, pc: 0 }, from);
        self.count_loops(function, from);
    }

    /// Counts where a function's iterations begin down from `from`.
    pub fn count_loops(&mut self, function: u32, from: u32) {
        let all = Arc::clone(&self.state.code);
        for (pc, instruction) in (0..).zip(&all.functions[function as usize].code) {
            if let Some(jump) = instruction.jump(pc).filter(|jump| jump.takes_fuel) {
                self.count(Place { function, pc: jump.target }, from);
            }
        }
    }

    /// Lets control enter native code at a place, by these. Its frame takes so many bytes of the native stack.
    ///
    /// # Safety
    /// The code keeps the contract of native code, is for this place, and stays until the place is [released](Self::release).
    pub unsafe fn install(&mut self, place: Place, code: *const u8, number: u64, frame: usize, by: By) {
        let at = self.at(place);
        self.state.largest_native_frame = self.state.largest_native_frame.max(frame);
        self.state.limit_native_frames();
        self.state.installed[at] = Installed { code, number };
        let operation = match by {
            By::All => Operation::EnterNative,
            By::NativeCode => self.state.originals[at],
        };
        self.set_operation(at, operation);
        if place.pc == 0 {
            self.state.entries[place.function as usize].code = code;
        }
    }

    /// Lets a place be interpreted again.
    pub fn release(&mut self, place: Place) {
        let at = self.at(place);
        self.state.installed[at] = Installed { code: self.state.stubs.missing, number: 0 };
        let original = self.state.originals[at];
        self.set_operation(at, original);
        if place.pc == 0 {
            self.state.entries[place.function as usize].code = self.state.stubs.missing;
        }
    }

    fn set_operation(&mut self, at: usize, operation: Operation) {
        // SAFETY: there is such a word, and this program has its words to itself; nobody holds a reference to one.
        unsafe {
            let word = self.state.first.add(at);
            word.write(word.read().with_operation(operation));
        }
    }

    /// What the instructions of a function have met.
    pub fn seen(&self, function: u32) -> &[Seen] {
        let first = self.state.starts[function as usize] as usize;
        &self.state.seen[first..first + self.state.code.functions[function as usize].code.len()]
    }

    /// How many words lie before a place, in the whole code.
    pub fn words_before(&self, place: Place) -> u32 {
        self.at(place) as u32
    }

    /// Gives the code of a function, if that counts, so many turns.
    pub fn set_counter(&mut self, function: u32, turns: u64) {
        self.state.entries[function as usize].counter = turns;
    }

    /// How often the interpreter went on in native code.
    pub fn entered(&self) -> u64 {
        self.state.entered
    }

    /// The address of the function that runs an instruction's operation, for native code to call with the machine, the instruction's address and the base.
    pub fn step(&self, place: Place) -> u64 {
        let operation = match self.state.originals[self.at(place)] {
            // Native code has the jump behind it too.
            Operation::ForLoopAndLoop => Operation::ForLoopReg,
            Operation::ForIterAndLoop => Operation::ForIterReg,
            Operation::ForPairAndLoop => Operation::ForPairReg,
            other => other,
        };
        STEPS[usize::from(self.state.counts_fuel)][operation as usize] as *const () as u64
    }

    /// The access site of an instruction that has one.
    pub fn site(&self, place: Place) -> Option<u32> {
        let op = self.state.code.functions[place.function as usize].code[place.pc as usize].op();
        // SAFETY: places lie in the code.
        let word =
            unsafe { State { pc: self.state.first.add(self.at(place)), base: std::ptr::null_mut() }.fetch() }.word;
        match op {
            RegisterOp::GetAttrReg => Some(word.lane::<{ crate::code::C }>() as u32),
            RegisterOp::SetAttrReg | RegisterOp::CallMethodReg => Some(word.lane::<{ crate::code::B }>() as u32),
            _ => None,
        }
    }

    /// Registers in a frame of a function.
    pub fn frame_size(&self, function: u32) -> usize {
        self.linked.frame_size(function)
    }
}

impl TierState {
    fn limit_native_frames(&mut self) {
        self.most_native_frames = self.stack / self.largest_native_frame.max(1);
    }

    fn index(&self, pc: *const Word) -> usize {
        (pc as usize - self.first as usize) / size_of::<Word>()
    }

    /// The place of a word.
    fn place(&self, at: usize) -> Place {
        let function = self.starts.partition_point(|&start| start as usize <= at) - 1;
        Place { function: function as u32, pc: at as u32 - self.starts[function] }
    }

    /// Notes what the instruction at a word is about to read.
    ///
    /// # Safety
    /// The instruction is about to run in the frame at `base`.
    unsafe fn record(&mut self, at: usize, base: *mut Value) {
        let Reads { registers, lanes, what } = self.reads[at];
        let seen = &mut self.seen[at];
        for (lane, register) in registers.into_iter().enumerate() {
            if lanes >> lane & 1 != 0 {
                // SAFETY: the caller's promise: the register is one of the frame, and what is read was written.
                let value = unsafe { base.add(usize::from(register)).read() };
                seen.note(lane, value);
                match what {
                    What::Values => {}
                    What::Callee(callee) if lane == callee => seen.note_callee(value),
                    What::Element(list) if lane == list => {
                        // SAFETY: as above: the index is in the lane behind the list's.
                        let index = unsafe { base.add(usize::from(registers[list + 1])).read() };
                        seen.note_element(lane, value, index);
                    }
                    What::Callee(_) | What::Element(_) => {}
                }
            }
        }
    }
}

/// What is noted of an instruction.
#[derive(Clone, Copy, Default)]
struct Reads {
    /// Its lanes.
    registers: [u16; 3],
    /// A bit for each lane that names a register which is read.
    lanes: u8,
    /// What else is noted.
    what: What,
}

/// What is noted of an instruction besides kinds of values.
#[derive(Clone, Copy, Default)]
enum What {
    /// Nothing.
    #[default]
    Values,
    /// Which function is called by the value in a lane.
    Callee(usize),
    /// Whether the list in a lane has the element that the next lane says.
    Element(usize),
}

/// What is noted of the instruction at each word, if there is one.
fn reads_of_words(code: &RegCode, starts: &[u32], words: usize) -> Vec<Reads> {
    let mut all = vec![Reads::default(); words];
    for (function, &start) in code.functions.iter().zip(starts) {
        for (at, instruction) in (start as usize..).zip(&function.code) {
            let reads = |kind: &Lane| match kind {
                Lane::Use | Lane::UseDef | Lane::ReceiverWindow => true,
                Lane::Window => instruction.c > 0,
                _ => false,
            };
            let lanes = instruction.op().facts().lanes.iter().enumerate();
            all[at] = Reads {
                registers: instruction.lanes(),
                lanes: lanes.map(|(lane, kind)| u8::from(reads(kind)) << lane).sum(),
                what: match instruction.op() {
                    RegisterOp::CallTopReg => What::Callee(1),
                    RegisterOp::IndexReg => What::Element(1),
                    RegisterOp::SetIndexReg => What::Element(0),
                    _ => What::Values,
                },
            };
        }
    }
    all
}

/// Runs the instruction at a state by what it did before its word was changed.
///
/// # Safety
/// The machine stands at the state, in a program that gets native code.
unsafe fn step(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: the caller's promise.
    unsafe {
        let tiers = &*m.tiers;
        let operation = tiers.originals[tiers.index(state.pc)];
        let step = STEPS[usize::from(tiers.counts_fuel)][operation as usize];
        let Position { pc, base } = step(m, state.pc, state.base);
        State { pc: pc.cast(), base }
    }
}

/// See [`crate::handlers::tiers::count`].
///
/// # Safety
/// The machine stands at a counted word, in a program that gets native code.
pub(crate) unsafe fn count(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: the caller's promise. Nothing else refers to what is known of the program meanwhile: steps do not, and tiers get it by what they are called with.
    unsafe {
        let tiers = &mut *m.tiers;
        let at = tiers.index(state.pc);
        let left = tiers.counters[at].saturating_sub(1);
        tiers.counters[at] = left;
        if left & !WAITS == 0 {
            let place = tiers.place(at);
            let mut code = Code { state: tiers, linked: m.linked };
            // Whoever is called hot is not counted any more unless that is said again.
            code.release(place);
            tell(&mut code, |tiers, code| tiers.hot(place, code));
            if state.operation() == Operation::EnterNative {
                return enter(m, state);
            }
        } else if left <= RECORDED || left < WAITS && left.is_multiple_of(SAMPLED) {
            return record(m, state);
        }
        step(m, state)
    }
}

/// Tells the tiers of a program something about its code.
fn tell(code: &mut Code<'_>, event: impl FnOnce(&mut dyn Tiers, &mut Code<'_>)) {
    let mut tiers = std::mem::replace(&mut code.state.tiers, Box::new(NoTiers));
    event(&mut *tiers, code);
    code.state.tiers = tiers;
}

/// Stands in for tiers while they are told something.
struct NoTiers;

impl Tiers for NoTiers {
    fn hot(&mut self, _place: Place, _code: &mut Code<'_>) {}

    fn left_by(&mut self, _exit: u64, _code: &mut Code<'_>) {}
}

/// Runs some instructions and notes what they meet.
///
/// # Safety
/// As for [`count`].
unsafe fn record(m: &mut Machine<'_>, mut state: State) -> State {
    let begun_at = state.pc;
    for _ in 0..RECORDED_INSTRUCTIONS {
        // SAFETY: the caller's promise at first; then steps say where to go on.
        unsafe {
            if m.linked.is_end(state.pc) {
                break;
            }
            let tiers = &mut *m.tiers;
            tiers.record(tiers.index(state.pc), state.base);
            state = step(m, state);
        }
        if state.pc == begun_at {
            break;
        }
    }
    state
}

/// See [`crate::handlers::tiers::enter`].
///
/// # Safety
/// The machine stands at a word where native code was installed.
pub(crate) unsafe fn enter(m: &mut Machine<'_>, state: State) -> State {
    // SAFETY: the caller's promise; native code keeps its contract. No native code is running: it never gets here, because it does not run changed words.
    unsafe {
        let tiers = &mut *m.tiers;
        tiers.entered += 1;
        let Installed { code, number } = tiers.installed[tiers.index(state.pc)];
        m.exit = 0;
        let room = (m.frame_limit as usize - m.frame_top as usize) / size_of::<Frame>();
        m.native_frame_limit = m.frame_top.add(tiers.most_native_frames.min(room));
        let mut result = [0; 2];
        let position = (tiers.stubs.enter)((&raw mut *m).cast(), state.base, number, code, &raw mut result);
        let exit = std::mem::take(&mut m.exit);
        if exit != 0 {
            tell(&mut Code { state: &mut *m.tiers, linked: m.linked }, |tiers, code| tiers.left_by(exit, code));
        }
        if position.pc.is_null() {
            // The record that was taken off is still there, and the result goes where the frame began.
            let [tag, payload] = result;
            Slot::new(position.base).set(tag, payload);
            let Frame { return_to, window, .. } = *m.frame_top;
            return State { pc: return_to, base: position.base.byte_sub(window) };
        }
        let reached = State { pc: position.pc.cast(), base: position.base };
        // Native code that gives up where it begins would be entered again and again.
        if reached.pc == state.pc { step(m, reached) } else { reached }
    }
}
