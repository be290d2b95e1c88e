//! What is compiled when, and what happens after exits.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use crossbeam::channel::TryRecvError;
use isa::{Function, Register, RegisterInstruction, RegisterOp};
use runtime::Tag;
use runtime::context::Program;
use vm_register::native::{By, Code, MANY_TYPES, Place, RECORDED, Seen, Stubs, Tiers, Trampoline, kind_bit};

use crate::body::{Body, Call, Guard, Source, can_be_spliced};
use crate::cache::{self, Key};
use crate::compile::{Compiler, Made, Unit};
use crate::gain::{self, Gain};
use crate::lower::{Cause, Exit, Request, exit_of};
use crate::worker::{self, Pending};
use crate::{Doubts, Optimization, OptimizationSet, Tier};

/// Which tiers there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Baseline code first, optimizing code for what stays hot. Where that is to come no later than the first, optimizing code at once.
    #[default]
    Tiered,
    /// Baseline code alone.
    Baseline,
    /// Optimizing code at once.
    Optimizing,
}

/// How native code is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Options {
    /// Which tiers there are.
    pub mode: Mode,
    /// How often control comes to a place until it is hot.
    pub threshold: u32,
    /// How often it comes to a place in baseline code until that is made again. Up to [`threshold`](Self::threshold), there is no baseline code.
    pub second_threshold: u32,
    /// Whether Cranelift checks the intermediate code.
    pub verify: bool,
    /// Whether the program goes on while functions are compiled.
    pub background: bool,
    /// Whether code that was made before from the same is taken again.
    pub reuse: bool,
    /// The seed of what goes wrong for no reason: exits that are always taken, compilations that fail. For tests.
    pub faults: Option<u64>,
    /// What code is made without.
    pub without: OptimizationSet,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            mode: Mode::Tiered,
            // What whole runs of the bundled programs take the least time with: `papers/jit-tiers`. Baseline code does not pay for itself where another thread
            // makes optimizing code while the interpreter goes on.
            threshold: 500,
            second_threshold: 500,
            verify: cfg!(debug_assertions),
            background: has_threads(),
            reuse: true,
            faults: None,
            without: OptimizationSet::EMPTY,
        }
    }
}

/// Whether another thread can run beside the program's. Asking the system takes reading files.
fn has_threads() -> bool {
    static THREADS: OnceLock<bool> = OnceLock::new();
    *THREADS.get_or_init(|| std::thread::available_parallelism().is_ok_and(|threads| threads.get() > 1))
}

/// What was done, over all runs of a program.
#[derive(Clone, Debug, Default)]
pub struct Statistics {
    /// Compilations by tier, those that were spared included.
    pub compilations: [u64; 2],
    /// Compilations that were spared because the same had been compiled before, by tier.
    pub reused: [u64; 2],
    /// Register instructions that were compiled and not known, by tier.
    pub instructions: [u64; 2],
    /// Bytes of machine code that were made, by tier.
    pub bytes: [u64; 2],
    /// Time that it took, by tier.
    pub times: [Duration; 2],
    /// How often the interpreter went on in native code.
    pub entered: u64,
    /// How often exits were taken, by function, place and cause.
    pub exits: HashMap<(u32, Exit), u64>,
    /// Functions that were compiled again because an exit was taken often.
    pub recompilations: u64,
    /// Functions given up on, and why.
    pub given_up: Vec<(u32, String)>,
    /// What went wrong in compilations, which is a fault of this project: such functions are given up on, too.
    pub failures: Vec<String>,
    /// The code that each function has got last.
    pub code: BTreeMap<u32, Arc<Made>>,
}

impl Statistics {
    /// Adds what was done for another program, or for other runs of the same.
    pub fn add(&mut self, other: &Self) {
        for tier in 0..2 {
            self.compilations[tier] += other.compilations[tier];
            self.reused[tier] += other.reused[tier];
            self.instructions[tier] += other.instructions[tier];
            self.bytes[tier] += other.bytes[tier];
            self.times[tier] += other.times[tier];
        }
        self.entered += other.entered;
        for (&exit, &taken) in &other.exits {
            *self.exits.entry(exit).or_default() += taken;
        }
        self.recompilations += other.recompilations;
        self.given_up.extend(other.given_up.iter().cloned());
        self.failures.extend(other.failures.iter().cloned());
        self.code.extend(other.code.iter().map(|(&function, made)| (function, Arc::clone(made))));
    }
}

/// What is believed is given up when an exit is taken so often, and so often more for each instruction of the function: an exit costs about what the interpreter takes for the rest of an
/// iteration, compiling a function anew some hundred times that for each of its instructions. That is for a threshold of [`EXITS_FOR`]; patience is in proportion to it.
const MOST_EXITS: u64 = 8;
const EXITS_EACH: u64 = 4;
const EXITS_FOR: u32 = 100;
/// A function that was compiled so often is compiled to believe nothing.
const MOST_ATTEMPTS: u32 = 10;
/// A function whose exits are taken too often is interpreted, and what it meets is noted, until control has come to a place of it so often again.
const LEARNS_AGAIN: u32 = 2 * RECORDED;
/// While a function is compiled, the program asks for it each time that control has come to a place so often.
const ASKS_AGAIN: u32 = 200;
/// To tell whether a call leaves native code, so many calls are followed that may lead there.
const CALLS_FOLLOWED: u32 = 2;
/// Functions of more instructions are left to the interpreter: compiling them would take longer than what can be gained.
const LARGEST: usize = 6000;
/// Functions of more registers are, too.
const MOST_REGISTERS: usize = 1024;

/// All that is known of a function.
#[derive(Debug, Default)]
struct Known {
    unit: Option<Unit>,
    attempts: u32,
    /// Taken exits by index.
    taken: Vec<u64>,
    /// Where the outcome of compiling it will be.
    pending: Option<Pending>,
    is_given_up: bool,
    /// Whether only native code is to call its native code, because entering it takes the interpreter longer than what is gained.
    is_for_callers: bool,
    /// Whether native frames, its callers' too, are given up in it, whatever way control takes.
    leaves: bool,
    /// Whether its next code is to be made by the optimizing tier because its last was.
    was_optimized: bool,
    /// The beginning of a loop's iterations in the function: code is made of that loop alone.
    around: Option<u32>,
}

/// Makes native code for a program's hot functions.
#[derive(Debug)]
pub struct Jit {
    options: Options,
    compiler: Arc<Compiler>,
    functions: HashMap<u32, Known>,
    doubts: Doubts,
    /// Registers in a frame of each function, and the words before its first.
    layout: Option<[Arc<[u32]>; 2]>,
    statistics: Arc<Mutex<Statistics>>,
}

impl Jit {
    /// A compiler for one program.
    ///
    /// # Errors
    /// When this processor is none that native code can be made for; says so.
    pub fn new(options: Options) -> Result<Self, String> {
        Ok(Self {
            options,
            compiler: Compiler::get(options.verify)?,
            functions: HashMap::new(),
            doubts: Doubts::default(),
            layout: None,
            statistics: Arc::default(),
        })
    }

    /// What programs need besides.
    pub fn stubs(&self) -> Stubs {
        let [enter, missing] = self.compiler.stubs();
        // SAFETY: a trampoline was compiled to this signature, and lies there as long as the compiler lives, which this has a share in.
        let enter = unsafe { std::mem::transmute::<*const u8, Trampoline>(enter) };
        Stubs { enter, missing }
    }

    /// What will have been done.
    pub fn statistics(&self) -> Arc<Mutex<Statistics>> {
        Arc::clone(&self.statistics)
    }

    fn count(&self, note: impl FnOnce(&mut Statistics)) {
        // Nobody panics while holding it.
        if let Ok(mut statistics) = self.statistics.lock() {
            note(&mut statistics);
        }
    }

    fn first_tier(&self) -> Tier {
        match self.options.mode {
            Mode::Optimizing => Tier::Optimizing,
            Mode::Tiered if self.options.second_threshold <= self.options.threshold => Tier::Optimizing,
            Mode::Baseline | Mode::Tiered => Tier::Baseline,
        }
    }

    /// The beginning of iterations at which a function has become hot, if control came to the function itself no more than once so far: then it is not likely to come to what stands around that loop again.
    fn loop_at(&self, place: Place, code: &Code<'_>) -> Option<u32> {
        let is_withdrawn = self.functions.get(&place.function).is_some_and(|known| known.was_optimized);
        let begun = if is_withdrawn { LEARNS_AGAIN } else { self.options.threshold };
        let left = code.left(Place { pc: 0, ..place });
        (place.pc != 0 && left > 0 && left + 1 >= begun).then_some(place.pc)
    }

    /// Compiles a function and installs its code.
    fn compile(&mut self, function: u32, tier: Tier, code: &mut Code<'_>) {
        let known = self.functions.entry(function).or_default();
        if known.is_given_up || known.pending.is_some() {
            return;
        }
        known.attempts += 1;
        let tier = if known.attempts > MOST_ATTEMPTS { Tier::Baseline } else { tier };
        let attempts = known.attempts;
        let around = known.around;
        let may_give_up = attempts == 1 || around.is_some();
        let source = &code.functions().functions[function as usize];
        let (length, registers) = (source.code.len(), code.frame_size(function));
        if length > LARGEST || registers > MOST_REGISTERS {
            self.give_up(function, format!("{length} instructions on {registers} registers are too many"));
            return;
        }
        if self
            .options
            .faults
            .is_some_and(|seed| crate::chance(seed, u64::from(function) << 32 | u64::from(attempts), 6))
        {
            self.give_up(function, String::from("its compilation was made to fail"));
            return;
        }
        if may_give_up && !self.options.without.contains(Optimization::Selection) {
            let gain = self.gain(function, around, code, CALLS_FOLLOWED);
            let known = self.functions.entry(function).or_default();
            known.leaves = gain.leaves && around.is_none();
            known.is_for_callers = !gain.is_worth_entering && around.is_none();
            if gain.balance < 0 {
                let Gain { run, stepped, .. } = gain;
                let why = format!("the interpreter would run {stepped} of its {run} instructions that were run");
                self.release(function, code);
                self.give_up(function, why);
                return;
            }
        }
        let mut request = self.request(function, tier, code);
        request.attempt = attempts;
        request.counts = tier == Tier::Baseline && self.options.mode == Mode::Tiered && attempts <= MOST_ATTEMPTS;
        if request.counts {
            code.set_counter(function, u64::from(self.options.second_threshold.max(1)));
        }
        let key = (self.options.reuse && request.faults.is_none()).then(|| Key::of(&request));
        if let Some(made) = key.and_then(cache::find) {
            self.count(|statistics| statistics.reused[made.tier as usize] += 1);
            self.install(function, made, code);
            return;
        }
        match worker::compile(&self.compiler, request, key) {
            Ok(pending) => {
                self.functions.entry(function).or_default().pending = Some(pending);
                self.take_outcome(function, !self.options.background, code);
            }
            Err(problem) => self.give_up(function, problem),
        }
    }

    /// Installs what compiling a function has come to, if that is there; waits for it if `waits`. False if it is still to come.
    fn take_outcome(&mut self, function: u32, waits: bool, code: &mut Code<'_>) -> bool {
        let Some(known) = self.functions.get_mut(&function) else { return true };
        let Some(pending) = &known.pending else { return true };
        let outcome = if waits { pending.wait() } else { pending.poll() };
        let outcome = match outcome {
            Err(TryRecvError::Empty) => return false,
            Err(TryRecvError::Disconnected) => Err(String::from("the thread that compiles is no more")),
            Ok(outcome) => outcome,
        };
        known.pending = None;
        match outcome {
            Ok(made) => {
                self.count(|statistics| {
                    statistics.times[made.tier as usize] += made.time;
                    statistics.instructions[made.tier as usize] += made.instructions as u64;
                });
                self.install(function, made, code);
            }
            Err(problem) => {
                debug_assert!(false, "{problem}");
                self.count(|statistics| statistics.failures.push(problem.clone()));
                self.give_up(function, problem);
            }
        }
        true
    }

    /// Has a function interpreted for good, or its current loop if code is to be made of that alone.
    fn give_up(&mut self, function: u32, why: String) {
        let known = self.functions.entry(function).or_default();
        known.is_given_up = known.around.is_none();
        self.count(|statistics| statistics.given_up.push((function, why)));
    }

    /// What compiling a function, or its loop, is likely to gain; calls are followed so deep into functions of which nothing is decided yet.
    fn gain(&self, function: u32, around: Option<u32>, code: &Code<'_>, depth: u32) -> Gain {
        let leaves = |instruction: RegisterInstruction, seen: &Seen| self.leaves(instruction, seen, code, depth);
        gain::of_function(code.functions(), code.program(), function, code.seen(function), around, leaves)
    }

    /// Whether an instruction that has met this calls what has no native code and will have none, so that native frames are given up.
    fn leaves(&self, instruction: RegisterInstruction, seen: &Seen, code: &Code<'_>, depth: u32) -> bool {
        let program = code.program();
        let Some((callee, guard)) = callee_of(instruction, seen, program) else { return false };
        let is_contract = matches!(guard, Guard::Record(index) if program.types[index as usize].is_contract);
        let is_inlined = !is_contract
            && !self.options.without.contains(Optimization::Inlining)
            && can_be_inlined(&code.functions().functions[callee as usize]);
        if is_inlined {
            return false;
        }
        match self.functions.get(&callee).filter(|known| known.is_given_up || known.attempts > 0) {
            Some(known) => known.is_given_up || known.leaves,
            None if depth == 0 => false,
            // Who calls often becomes hot just before who is called.
            None => {
                let gain = self.gain(callee, None, code, depth - 1);
                gain.balance < 0 || gain.leaves
            }
        }
    }

    fn request(&mut self, function: u32, tier: Tier, code: &Code<'_>) -> Request {
        let functions = Arc::clone(code.functions());
        let [frame_sizes, starts] = self.layout.get_or_insert_with(|| {
            let all = 0..functions.functions.len() as u32;
            let start = |function| code.words_before(Place { function, pc: 0 });
            [all.clone().map(|function| code.frame_size(function) as u32).collect(), all.map(start).collect()]
        });
        let without = self.options.without;
        let inlines = tier == Tier::Optimizing && !without.contains(Optimization::Inlining);
        let doubts = &self.doubts;
        let callee = |call: Call<'_>| inlines.then(|| inlined(&call, doubts, code)).flatten();
        let body = Body::new(function, &Source { code: &functions, frame_sizes, callee: &callee });
        let instructions = &body.function.code;
        let place = |pc: usize| {
            let (function, pc) = body.origin(pc as u32);
            Place { function, pc }
        };
        let places = (0..instructions.len()).map(place);
        let seen: Vec<Seen> = places.clone().map(|place| code.seen(place.function)[place.pc as usize]).collect();
        let types = &code.program().types;
        let field = |(pc, seen): (usize, &Seen)| {
            let instruction = instructions[pc];
            let name = match instruction.op() {
                RegisterOp::GetAttrReg => instruction.c,
                RegisterOp::SetAttrReg => instruction.b,
                _ => return gain::record_shape(code.program(), instruction),
            };
            if matches!(seen.record, 0 | MANY_TYPES) {
                return None;
            }
            let facts = types.get(seen.record as usize - 1)?;
            let is_read = instruction.op() == RegisterOp::GetAttrReg;
            (is_read || !(facts.is_data || facts.is_contract))
                .then(|| facts.fields.get(&u32::from(name)).copied())
                .flatten()
        };
        Request {
            tier,
            function,
            around: self.functions.get(&function).and_then(|known| known.around),
            frame_sizes: Arc::clone(frame_sizes),
            starts: Arc::clone(starts),
            doubts: doubts.within(&body),
            stubs: self.compiler.stub_addresses(),
            steps: places.clone().map(|place| code.step(place)).collect(),
            sites: places.map(|place| code.site(place)).collect(),
            stepped: instructions
                .iter()
                .zip(&seen)
                .map(|(&instruction, seen)| gain::is_stepped(&functions, code.program(), instruction, seen))
                .collect(),
            fields: seen.iter().enumerate().map(field).collect(),
            seen,
            body: Arc::new(body),
            counts_fuel: code.counts_fuel(),
            counts: false,
            attempt: 0,
            faults: self.options.faults,
            without,
            code: functions,
        }
    }

    /// Takes a function's code away, if it has any.
    fn release(&mut self, function: u32, code: &mut Code<'_>) -> bool {
        let Some(unit) = self.functions.get_mut(&function).and_then(|known| known.unit.take()) else { return false };
        for &pc in &unit.made.entries {
            code.release(Place { function, pc });
        }
        true
    }

    /// Takes code that is left too often away. More than what it was left by may be otherwise than it was seen to be, so that is noted again before the function is
    /// compiled anew.
    fn withdraw(&mut self, function: u32, code: &mut Code<'_>) {
        if self.release(function, code) {
            self.functions.entry(function).or_default().was_optimized = true;
            code.count_function(function, LEARNS_AGAIN);
        }
    }

    fn install(&mut self, function: u32, made: Arc<Made>, code: &mut Code<'_>) {
        let unit = match Unit::new(made) {
            Ok(unit) => unit,
            Err(problem) => return self.give_up(function, problem),
        };
        let made = &unit.made;
        let number = made.tier as usize;
        self.count(|statistics| {
            statistics.compilations[number] += 1;
            statistics.bytes[number] += made.code.len() as u64;
            statistics.code.insert(function, Arc::clone(made));
        });
        let entry = unit.code.address();
        let known = self.functions.entry(function).or_default();
        if let Some(last) = known.unit.as_ref().filter(|last| last.made.entries != made.entries) {
            last.made.entries.iter().for_each(|&pc| code.release(Place { function, pc }));
            code.count_loops(function, self.options.threshold);
        }
        let by = if known.is_for_callers { By::NativeCode } else { By::All };
        for (number, &pc) in (0..).zip(&made.entries) {
            // SAFETY: `lower` makes code that keeps the contract. It stays with the unit, and when that is replaced, all of its places are installed anew or released.
            unsafe { code.install(Place { function, pc }, entry, number, made.frame, by) };
        }
        known.taken = vec![0; made.exits.len()];
        known.unit = Some(unit);
    }
}

/// Functions of more instructions are called.
const MOST_INLINED: usize = 24;
/// A body has at most so many instructions of callees.
const MOST_SPLICED: usize = 60;
/// So many calls may be within each other.
const DEEPEST: usize = 2;
/// A function may stand so often within itself: a second time takes fewer instructions still, and more time.
const MOST_RECURSIVE: usize = 1;

/// The function that a call has always called, and how it is known that it is.
fn callee_of(instruction: RegisterInstruction, seen: &Seen, program: &Program) -> Option<(u32, Guard)> {
    let lane = u32::from(instruction.b);
    // For calls by value and by receiver, what was called is kept as types of records are.
    let met = seen.record.checked_sub(1).filter(|_| seen.record != MANY_TYPES);
    match instruction.op() {
        RegisterOp::CallFuncConstReg => Some((lane, Guard::Nothing)),
        RegisterOp::CallTopReg if seen.kinds[1] == kind_bit(Tag::Closure) => Some((met?, Guard::Closure)),
        RegisterOp::CallTopReg if seen.kinds[1] == kind_bit(Tag::Function) => Some((met?, Guard::Function)),
        RegisterOp::CallMethodReg if seen.kinds[0] == kind_bit(Tag::Record) => {
            Some((*program.types[met? as usize].methods.get(&lane)?, Guard::Record(met?)))
        }
        _ => None,
    }
}

/// Whether a function is of those whose code may stand in place of calls.
fn can_be_inlined(function: &Function<Register>) -> bool {
    function.code.len() <= MOST_INLINED && can_be_spliced(function)
}

/// The function whose code is to stand in place of a call, and how it is known that it is called.
fn inlined(call: &Call<'_>, doubts: &Doubts, code: &Code<'_>) -> Option<(u32, Guard)> {
    if call.within.len() > DEEPEST || doubts.has(call.function, call.pc) {
        return None;
    }
    let seen = code.seen(call.function)[call.pc as usize];
    let program = code.program();
    let (callee, guard) = callee_of(call.instruction, &seen, program)?;
    let receivers = match guard {
        Guard::Record(index) if program.types[index as usize].is_contract => return None,
        Guard::Record(_) => 1,
        Guard::Nothing | Guard::Closure | Guard::Function => 0,
    };
    let given = u32::from(call.instruction.c) + receivers;
    let function = &code.functions().functions[callee as usize];
    let fits = call.spliced + function.code.len() <= MOST_SPLICED && u32::from(function.parameters) <= given;
    let times = call.within.iter().filter(|&&other| other == callee).count();
    let was_run = code.seen(callee).iter().any(|seen| *seen != Seen::default());
    (fits && times <= MOST_RECURSIVE && was_run && can_be_inlined(function)).then_some((callee, guard))
}

impl Tiers for Jit {
    fn hot(&mut self, place: Place, code: &mut Code<'_>) {
        let function = place.function;
        if !self.take_outcome(function, false, code) {
            code.wait(place, ASKS_AGAIN);
            return;
        }
        let around = self.loop_at(place, code);
        let known = self.functions.entry(function).or_default();
        if known.unit.as_ref().is_some_and(|unit| unit.made.entries.contains(&place.pc)) {
            return;
        }
        if known.around != around {
            (known.around, known.attempts) = (around, 0);
        }
        let tier = if known.was_optimized { Tier::Optimizing } else { self.first_tier() };
        self.compile(function, tier, code);
        if !self.take_outcome(function, false, code) {
            // Not there yet: the program goes on, and asks again.
            code.wait(place, ASKS_AGAIN);
        }
    }

    fn left_by(&mut self, exit: u64, code: &mut Code<'_>) {
        // No code is replaced while any is running, so it is the function's current code that was left.
        let (function, index) = exit_of(exit);
        let Some(known) = self.functions.get_mut(&function) else { return };
        let Some(unit) = &known.unit else { return };
        let taken = unit.made.exits[index];
        if taken.cause == Cause::Outside {
            return;
        }
        known.taken[index] += 1;
        let times = known.taken[index];
        if taken.cause == Cause::Hot {
            if known.pending.is_none() {
                self.count(|statistics| *statistics.exits.entry((function, taken)).or_default() += 1);
                self.compile(function, Tier::Optimizing, code);
            }
            if !self.take_outcome(function, false, code) {
                code.set_counter(function, u64::from(ASKS_AGAIN));
            }
            return;
        }
        let tier = unit.made.tier;
        let each = EXITS_EACH * u64::from(self.options.threshold) / u64::from(EXITS_FOR);
        let patience = MOST_EXITS + each * unit.made.instructions as u64;
        let is_too_often = taken.cause != Cause::Limit && tier == Tier::Optimizing && times >= patience;
        if is_too_often {
            self.doubts.add(taken, &unit.made.body);
        }
        self.count(|statistics| {
            *statistics.exits.entry((function, taken)).or_default() += 1;
            statistics.recompilations += u64::from(is_too_often);
        });
        if is_too_often {
            self.withdraw(function, code);
        }
    }
}
