//! From verified code to the machine's private copy.
//!
//! The copy has a word for each instruction, its lanes in another order ([`Word`]) and some of them in a form that the machine can use
//! better:
//!
//! | instruction | lane | becomes |
//! | --- | --- | --- |
//! | any | a register | twice its number |
//! | `LOAD_REG`, `LOAD_VAR_REG`, `STORE_REG` | the constant or global | bytes from the first one |
//! | `LOAD_SPILL`, `STORE_SPILL` | `b`, a spill slot | the register which that slot is |
//! | `CALL_FUNC_CONST_REG` | `c`, how many arguments are given | how many are missing |
//! | `GET_ATTR_REG`, `SET_ATTR_REG`, `CALL_METHOD_REG` | the name | an access site, which has the name and an inline cache |
//!
//! With [`Options::specialise`], the usual case, some instructions become operations that only this machine has:
//!
//! | instruction | becomes | because |
//! | --- | --- | --- |
//! | `DIV_INT`, `DIV_CONST`, `MOD_INT`, `MOD_CONST` by an integer of 2 or more | a multiplication by a prepared [`Divisor`] | processors divide slowly |
//! | `FOR_LOOP_REG`, `FOR_ITER_REG`, `FOR_PAIR_REG` before a `LOOP_REG` | both in one dispatch; the second word stays and is read | every loop of these kinds has the pair |
//!
//! Islands of stack code ([`Linked::with_islands`]) have none of these.
//!
//! All functions lie in one array behind a halt instruction, which is where the entry function returns to, and another that ends a task. So an instruction's address
//! tells which function it belongs to, and frames need not say.

use std::collections::HashMap;
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::Arc;

use isa::{Constant, Function, RegCode, Register, RegisterInstruction, RegisterOp, Verified};
use runtime::operations::Divisor;
use runtime::{Error, Fault, Program, Value};

use crate::code::{MOST_REGISTERS, Operation, Word};
use crate::{pairs, results};

/// What a call needs to know of the function it enters.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Target {
    /// Its first instruction.
    pub(crate) code: *const Word,
    /// Size of its frame in bytes.
    pub(crate) frame_bytes: u32,
    /// How many parameters it has.
    pub(crate) parameters: u16,
    /// Whether a missing argument arrives unset instead of null.
    pub(crate) has_defaults: bool,
}

const _: () = assert!(size_of::<Target>() == 16);

/// A program linked for this machine: made once, run any number of times, by any number of threads at a time.
pub struct Linked {
    program: Arc<Program>,
    /// [`Word::HALT`] and [`Word::TASK_END`], then the code of all functions in order. `targets` points into it. Never changed, except that of a program
    /// that gets native code, whose run has it to itself ([`crate::native`]).
    code: Words,
    targets: Vec<Target>,
    /// Where in `code` each function begins.
    starts: Vec<u32>,
    /// The functions without their code: handlers, lines, captured variables.
    functions: Vec<Function<Register>>,
    frame_sizes: Vec<u32>,
    largest_frame: usize,
    /// Name of each access site.
    sites: Vec<u32>,
    members: Members,
    /// What specialised divisions divide by.
    divisors: Vec<Divisor>,
    has_inline_caches: bool,
    has_pairs: bool,
}

/// How to link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Options {
    /// Whether instructions become operations of this machine's own where that is faster.
    pub specialise: bool,
    /// Whether instructions find the result of the one before at hand, under a dispatch technique that hands it on.
    pub cache_results: bool,
    /// Whether frequent pairs of instructions are one operation, under a dispatch technique that has such.
    pub pairs: bool,
    /// Whether access sites remember what they found last.
    pub inline_caches: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { specialise: true, cache_results: true, pairs: true, inline_caches: true }
    }
}

// SAFETY: the pointers in `targets` point into `code`, which `Linked` owns and never reallocates, and which is changed only by who has it alone;
// everything else is plain data.
unsafe impl Send for Linked {}
// SAFETY: as above; nothing can be changed through a shared reference.
unsafe impl Sync for Linked {}

impl std::fmt::Debug for Linked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Linked")
            .field("functions", &self.functions.len())
            .field("instructions", &self.instructions())
            .field("sites", &self.sites.len())
            .finish_non_exhaustive()
    }
}

/// Access sites are named by a lane of 16 bits.
const MOST_SITES: usize = 1 << 16;

/// Gives accesses their sites: each its own, or, in a program that has too many, one to all that do the same with the same name.
struct Sites {
    names: Vec<u32>,
    /// What is done there.
    operations: Vec<RegisterOp>,
    /// Sites by operation and name, when they are shared. What a site remembers means something else to each operation.
    shared: Option<HashMap<(RegisterOp, u16), usize>>,
}

impl Sites {
    fn new(code: &Verified<RegCode>) -> Self {
        let instructions = code.functions.iter().flat_map(|function| &function.code);
        let accesses = instructions
            .filter(|i| matches!(i.op(), RegisterOp::GetAttrReg | RegisterOp::SetAttrReg | RegisterOp::CallMethodReg));
        Self { names: Vec::new(), operations: Vec::new(), shared: (accesses.count() > MOST_SITES).then(HashMap::new) }
    }

    fn site(&mut self, op: RegisterOp, name: u16) -> u16 {
        let next = self.names.len();
        let site = match &mut self.shared {
            Some(shared) => *shared.entry((op, name)).or_insert(next),
            None => next,
        };
        if site == next {
            self.names.push(u32::from(name));
            self.operations.push(op);
        }
        // Too many of them are refused in the end.
        site as u16
    }

    /// Their names, and what each finds in records.
    fn finish(self, program: &Program) -> Result<(Vec<u32>, Members), Fault> {
        if self.names.len() > MOST_SITES {
            return Err(too_large("fields and methods that are accessed by name"));
        }
        let members = Members::new(&self, program);
        Ok((self.names, members))
    }
}

/// What access sites find in records, by type: a dispatch table with a row for each operation and name. Sites remember what they found last; this is for those that meet several types.
#[derive(Clone, Debug)]
struct Members {
    /// Rows of as many words as there are types. In the first none has anything.
    table: Vec<u32>,
    /// Where the row of each site begins.
    rows: Vec<u32>,
}

/// Stands in tables of members for what a type does not have.
pub const NO_MEMBER: u32 = u32::MAX;
/// Most words of such a table, which is 256 KiB. Sites without a row of their own have the first.
const MOST_MEMBERS: usize = 1 << 16;

impl Members {
    fn new(sites: &Sites, program: &Program) -> Self {
        let types = &program.types;
        let mut table = vec![NO_MEMBER; types.len()];
        let mut known: HashMap<(RegisterOp, u32), u32> = HashMap::new();
        let mut row = |(&name, &op): (&u32, &RegisterOp)| {
            *known.entry((op, name)).or_insert_with(|| {
                if table.len() + types.len() > MOST_MEMBERS {
                    return 0;
                }
                let row = table.len() as u32;
                table.extend(types.iter().map(|facts| {
                    let found = match op {
                        RegisterOp::CallMethodReg => facts.methods.get(&name),
                        RegisterOp::SetAttrReg if facts.is_data => None,
                        _ => facts.fields.get(&name),
                    };
                    found.copied().unwrap_or(NO_MEMBER)
                }));
                row
            })
        };
        let rows = sites.names.iter().zip(&sites.operations).map(&mut row).collect();
        Self { table, rows }
    }
}

/// The error for a program that the machine's words cannot express.
fn too_large(what: &str) -> Fault {
    Error::value_error(format!("the program has too many {what} for the register machine"))
        .with_help("run it on another engine")
}

impl Linked {
    /// Links a program.
    ///
    /// # Errors
    /// When it calls a builtin that does not exist, or is too large for this machine: above all, each function must have fewer than 32,768
    /// registers.
    pub fn new(code: &Verified<RegCode>) -> Result<Self, Fault> {
        Self::with_options(code, Options::default())
    }

    /// Links a program.
    ///
    /// # Errors
    /// As for [`Self::new`].
    pub fn with_options(code: &Verified<RegCode>, options: Options) -> Result<Self, Fault> {
        Self::with_islands(code, &[], options)
    }

    /// Links a program of which stretches are islands of stack code: for each function the indices of such instructions, or nothing at
    /// all. An island's instructions stay what they are, one operation each, because those of the stack code do.
    ///
    /// # Errors
    /// As for [`Self::new`].
    pub fn with_islands(
        code: &Verified<RegCode>,
        islands: &[Vec<Range<u32>>],
        options: Options,
    ) -> Result<Self, Fault> {
        let program = Program::link(code)?;
        check_sizes(code)?;
        let mut sites = Sites::new(code);
        let mut words = ENDS.to_vec();
        let mut divisors = Vec::new();
        let mut starts = Vec::with_capacity(code.functions.len());
        for (index, function) in code.functions.iter().enumerate() {
            starts.push(words.len() as u32);
            let first = words.len();
            words.extend(
                function.code.iter().map(|&instruction| Word::new(rewrite(code, function, &mut sites, instruction))),
            );
            let islands = islands.get(index).map_or(&[][..], Vec::as_slice);
            let kept: Vec<Vec<Word>> = islands.iter().map(|island| words[within(first, island)].to_vec()).collect();
            if options.specialise {
                specialise(code, &function.code, &mut words[first..], &mut divisors);
            }
            if options.cache_results {
                results::cache(function, &mut words[first..]);
            }
            if options.pairs {
                pairs::join(&function.code, &mut words[first..]);
            }
            for (island, kept) in islands.iter().zip(kept) {
                words[within(first, island)].copy_from_slice(&kept);
            }
        }
        let frame_sizes: Vec<u32> =
            (0..code.functions.len() as u32).map(|function| code.frame_size(function)).collect();
        let words = Words::new(words);
        let targets = code
            .functions
            .iter()
            .zip(&starts)
            .zip(&frame_sizes)
            .map(|((function, &start), &frame_size)| Target {
                // SAFETY: every function begins in the code.
                code: unsafe { words.first.add(start as usize).as_ptr() },
                frame_bytes: frame_size * size_of::<Value>() as u32,
                parameters: function.parameters,
                has_defaults: function.has_defaults,
            })
            .collect();
        let functions = code
            .functions
            .iter()
            .map(|function| Function {
                code: Vec::new(),
                handlers: function.handlers.clone(),
                lines: function.lines.clone(),
                refunds: Vec::new(),
                captures: function.captures.clone(),
                local_names: Vec::new(),
                ..*function
            })
            .collect();
        let (sites, members) = sites.finish(&program)?;
        Ok(Self {
            program,
            targets,
            starts,
            functions,
            largest_frame: frame_sizes.iter().copied().max().unwrap_or(0) as usize,
            frame_sizes,
            sites,
            members,
            divisors,
            has_inline_caches: options.inline_caches,
            has_pairs: options.pairs,
            code: words,
        })
    }

    /// The same program with words of its own.
    pub(crate) fn copy(&self) -> Self {
        // SAFETY: there are so many words, and nobody changes them meanwhile: who does has them alone.
        let words = unsafe { std::slice::from_raw_parts(self.code.first.as_ptr(), self.code.length) };
        let code = Words::new(words.to_vec());
        let moved = |target: &Target| {
            let at = (target.code as usize - self.code.first.as_ptr() as usize) / size_of::<Word>();
            // SAFETY: it is one of the words.
            Target { code: unsafe { code.first.add(at).as_ptr() }, ..*target }
        };
        Self {
            program: Arc::clone(&self.program),
            targets: self.targets.iter().map(moved).collect(),
            starts: self.starts.clone(),
            functions: self.functions.clone(),
            frame_sizes: self.frame_sizes.clone(),
            sites: self.sites.clone(),
            members: self.members.clone(),
            divisors: self.divisors.clone(),
            code,
            ..*self
        }
    }

    /// The program's tables, from which a [`runtime::Runtime`] for a run is made.
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// Bytes of code, as the family's words.
    pub fn code_bytes(&self) -> usize {
        self.instructions() * size_of::<RegisterInstruction>()
    }

    fn instructions(&self) -> usize {
        self.code.length - ENDS.len()
    }

    /// How many words there are, those included that stand before all functions.
    pub(crate) fn words(&self) -> usize {
        self.code.length
    }

    /// The first word.
    pub(crate) fn first_word(&self) -> NonNull<Word> {
        self.code.first
    }

    /// Where in the words each function begins.
    pub(crate) fn starts(&self) -> &[u32] {
        &self.starts
    }

    /// Where the entry function returns to.
    pub(crate) fn halt(&self) -> *const Word {
        self.code.first.as_ptr()
    }

    /// Where the function returns to that a task began with.
    pub(crate) fn task_end(&self) -> *const Word {
        // SAFETY: it stands behind the first.
        unsafe { self.code.first.add(1).as_ptr() }
    }

    /// Whether a call that returns there is the first of the program or of a task.
    pub(crate) fn is_end(&self, return_to: *const Word) -> bool {
        return_to == self.halt() || return_to == self.task_end()
    }

    pub(crate) fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// Whether access sites remember what they found last.
    pub(crate) fn has_inline_caches(&self) -> bool {
        self.has_inline_caches
    }

    /// Whether instructions may have been joined in pairs.
    pub(crate) fn has_pairs(&self) -> bool {
        self.has_pairs
    }

    pub(crate) fn divisors(&self) -> &[Divisor] {
        &self.divisors
    }

    pub(crate) fn sites(&self) -> &[u32] {
        &self.sites
    }

    /// What access sites find in records: from where a site's row begins on, a word for each type, with the position of the field or the function of the method, or [`NO_MEMBER`]. For
    /// a site that sets a field, only what can be set.
    pub(crate) fn members(&self) -> &[u32] {
        &self.members.table
    }

    /// Where the row of a site begins; that of a type that has nothing, without inline caches.
    pub(crate) fn row_of(&self, site: usize) -> u32 {
        if self.has_inline_caches { self.members.rows[site] } else { 0 }
    }

    /// Handlers, lines and captured variables of a function.
    pub(crate) fn function(&self, index: u32) -> &Function<Register> {
        &self.functions[index as usize]
    }

    /// Registers in a frame of a function.
    pub(crate) fn frame_size(&self, index: u32) -> usize {
        self.frame_sizes[index as usize] as usize
    }

    /// Registers in the largest frame of all.
    pub(crate) fn largest_frame(&self) -> usize {
        self.largest_frame
    }

    /// The function that an instruction belongs to, and its index there.
    pub(crate) fn place(&self, pc: *const Word) -> (u32, u32) {
        let at = ((pc as usize - self.code.first.as_ptr() as usize) / size_of::<Word>()) as u32;
        let function = self.starts.partition_point(|&start| start <= at) - 1;
        (function as u32, at - self.starts[function])
    }
}

/// Words that do not move, and that whoever has them alone may change through pointers.
struct Words {
    first: NonNull<Word>,
    length: usize,
}

impl Words {
    fn new(words: Vec<Word>) -> Self {
        let words = Box::leak(words.into_boxed_slice());
        Self { length: words.len(), first: NonNull::from(words).cast() }
    }
}

impl Drop for Words {
    fn drop(&mut self) {
        // SAFETY: made by `new` of a box of so many words, and dropped once.
        drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(self.first.as_ptr(), self.length)) });
    }
}

/// What stands before all functions.
const ENDS: [Word; 2] = [Word::HALT, Word::TASK_END];

/// Where the words of a stretch lie of a function that begins at `first`.
fn within(first: usize, stretch: &Range<u32>) -> Range<usize> {
    first + stretch.start as usize..first + stretch.end as usize
}

/// Refuses what the machine's words cannot name.
fn check_sizes(code: &Verified<RegCode>) -> Result<(), Fault> {
    if let Some(function) = code.functions.iter().find(|function| function.locals >= MOST_REGISTERS) {
        let (name, registers) = (code.name(function.name), function.locals);
        let fault = Error::value_error(format!(
            "'{name}' has {registers} registers, and the register machine takes fewer than {MOST_REGISTERS}"
        ));
        return Err(fault.with_help("run the program on another engine, or split the function"));
    }
    // A wide operand counts bytes.
    let most = u32::MAX as usize / size_of::<Value>();
    if code.constants.len() > most || code.globals.len() > most {
        return Err(too_large("constants or globals"));
    }
    Ok(())
}

/// The instruction with its lanes as the machine wants them.
fn rewrite(
    code: &Verified<RegCode>,
    function: &Function<Register>,
    sites: &mut Sites,
    mut i: RegisterInstruction,
) -> RegisterInstruction {
    match i.op() {
        // Verified: the slots of a function are registers, of which there are at most 2^16.
        RegisterOp::LoadSpill | RegisterOp::StoreSpill => i.b = (function.spill_base + u32::from(i.b)) as u16,
        RegisterOp::CallFuncConstReg => i.c = code.functions[usize::from(i.b)].parameters.saturating_sub(i.c),
        RegisterOp::GetAttrReg => i.c = sites.site(i.op(), i.c),
        RegisterOp::SetAttrReg | RegisterOp::CallMethodReg => i.b = sites.site(i.op(), i.b),
        _ => {}
    }
    i
}

/// Gives instructions of a function operations of this machine's own, where one does the same faster.
fn specialise(
    code: &Verified<RegCode>,
    instructions: &[RegisterInstruction],
    words: &mut [Word],
    divisors: &mut Vec<Divisor>,
) {
    for (at, &instruction) in instructions.iter().enumerate() {
        let divisor = match instruction.op() {
            RegisterOp::DivInt | RegisterOp::ModInt => Divisor::new(i64::from(instruction.c as i16)),
            RegisterOp::DivConst | RegisterOp::ModConst => match code.constants[usize::from(instruction.c)] {
                Constant::Int(value) => Divisor::new(value),
                _ => None,
            },
            _ => None,
        };
        let is_before_loop = instructions.get(at + 1).is_some_and(|next| next.op() == RegisterOp::LoopReg);
        let operation = match instruction.op() {
            RegisterOp::DivInt | RegisterOp::DivConst if divisor.is_some() => Operation::DivDivisor,
            RegisterOp::ModInt | RegisterOp::ModConst if divisor.is_some() => Operation::ModDivisor,
            RegisterOp::ForLoopReg if is_before_loop => Operation::ForLoopAndLoop,
            RegisterOp::ForIterReg if is_before_loop => Operation::ForIterAndLoop,
            RegisterOp::ForPairReg if is_before_loop => Operation::ForPairAndLoop,
            _ => continue,
        };
        words[at] = words[at].with_operation(operation);
        if let Some(divisor) = divisor {
            let known = divisors.iter().position(|known| *known == divisor).unwrap_or(divisors.len());
            let Ok(index) = u16::try_from(known) else {
                words[at] = words[at].with_operation(Operation::of(instruction.op()));
                continue;
            };
            if known == divisors.len() {
                divisors.push(divisor);
            }
            words[at] = words[at].with_c(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_shared<T: Send + Sync>() {}

    #[test]
    fn linked_code_is_shared_between_threads() {
        is_shared::<Linked>();
    }
}
