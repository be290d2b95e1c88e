//! Linking: verified code becomes the machine's own copy, with operands as the handlers want them.
//!
//! Opcodes stay what they are, one word for one instruction, so that a program counter means the same in both. Operands change:
//!
//! | operand | becomes | because |
//! | --- | --- | --- |
//! | constant, global, local, captured variable | twice the index | values are 16 bytes and addresses scale by 8 |
//! | jump target | signed distance to the instruction before it | the program counter is a pointer, which the loop then advances |
//! | name in `GET_ATTR`, `SET_ATTR`, `CALL_METHOD` | index of an access site | each has an [inline cache](Site) |
//!
//! With [`Options::superinstructions`], some opcodes change as well ([`crate::superinstructions`]).

use std::sync::Arc;

use isa::stack::{MAX_CALL_INDEX, MAX_OPERAND, MAX_PAIR_INDEX, StackOperand};
use isa::{Constant, Function, Stack, StackCode, StackInstruction, StackOp, Verified};
use runtime::operations::Divisor;
use runtime::{Error, ErrorKind, Fault, Program, Runtime, Value};

use crate::operation::Operation;
use crate::superinstructions;

/// One instruction of the linked code: opcode in the low 8 bits, operand in the high 24.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct Word(u32);

impl Word {
    /// Stands before the first instruction, because a call begins with the program counter one before the callee's first.
    const BEFORE: Self = Self(StackOp::Nop as u32);

    fn new(opcode: u8, operand: u32) -> Self {
        Self(u32::from(opcode) | operand << 8)
    }

    /// Its dense opcode.
    #[inline(always)]
    pub(crate) fn opcode(self) -> u8 {
        self.0 as u8
    }

    /// What it does.
    #[inline(always)]
    pub(crate) fn operation(self) -> Operation {
        const _: () = assert!(size_of::<Operation>() == 1);
        // SAFETY: words are made by `Linker::word`, from instructions, whose opcodes are those of `Operation` too, and changed by
        // `Word::fused`, from an operation.
        unsafe { std::mem::transmute::<u8, Operation>(self.opcode()) }
    }

    /// The same word with another operand.
    fn with_operand(self, operand: u32) -> Self {
        Self(self.0 & 0xff | operand << 8)
    }

    /// The same word with the opcode of a superinstruction.
    fn fused(self, operation: Operation) -> Self {
        Self(self.0 & !0xff | operation as u32)
    }

    /// Its operand: a count, an index that is not scaled, or an access site.
    #[inline(always)]
    pub(crate) fn operand(self) -> usize {
        (self.0 >> 8) as usize
    }

    /// Its operand as the distance in bytes from the first value of a table.
    #[inline(always)]
    pub(crate) fn offset(self) -> usize {
        (self.0 >> 8) as usize * 8
    }

    /// Its operand as the index of a constant, global, local or captured variable.
    #[inline(always)]
    pub(crate) fn index(self) -> usize {
        (self.0 >> 9) as usize
    }

    /// The indices in an instruction that has two.
    #[inline(always)]
    pub(crate) fn indices(self) -> [usize; 2] {
        [(self.0 >> 8 & MAX_PAIR_INDEX) as usize, (self.0 >> 20) as usize]
    }

    /// Its operand as a distance in instructions from the one before the target.
    #[inline(always)]
    pub(crate) fn distance(self) -> isize {
        (self.0 as i32 >> 8) as isize
    }

    /// What a call instruction calls.
    #[inline(always)]
    pub(crate) fn call_index(self) -> usize {
        (self.0 >> 8 & MAX_CALL_INDEX) as usize
    }

    /// How many arguments a call instruction passes.
    #[inline(always)]
    pub(crate) fn call_arguments(self) -> usize {
        (self.0 >> 24) as usize
    }
}

/// What a call needs to know of a function.
#[derive(Debug)]
pub(crate) struct LinkedFunction {
    /// Where the word before its first instruction is in the code.
    pub(crate) before: u32,
    /// Bytes its frame takes: locals and the deepest operand stack.
    pub(crate) frame_bytes: u32,
    /// Bytes its locals take.
    pub(crate) locals_bytes: u32,
    /// Which function it is.
    pub(crate) index: u32,
    /// How many parameters it has.
    pub(crate) parameters: u32,
    /// True when a missing argument arrives unset.
    pub(crate) has_defaults: bool,
}

/// What an access site remembers of its last lookup. Lives as long as a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site {
    /// The name as a map key; the same object for every site of that name.
    pub(crate) key: Value,
    /// The name.
    pub(crate) name: u32,
    /// Type of the record that was looked into.
    pub(crate) type_index: u32,
    /// What was found in records of that type: position of the field or, in a `CALL_METHOD`, the method's function.
    pub(crate) found: u32,
    /// Position of the entry that was found in a map.
    pub(crate) position: u32,
}

/// No type has this index: a program has fewer than 2^24 of them.
const NO_TYPE: u32 = u32::MAX;

/// How to link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Options {
    /// Whether frequent sequences of instructions run as one.
    pub superinstructions: bool,
    /// Whether access sites remember what they found last.
    pub inline_caches: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { superinstructions: false, inline_caches: true }
    }
}

/// A program made ready for this machine: its unchanging tables and a private copy of its code. Any number of runs share it.
#[derive(Debug)]
pub struct Linked {
    program: Arc<Program>,
    code: Vec<Word>,
    functions: Vec<LinkedFunction>,
    /// The functions as declared, without their code: what errors need to know.
    declarations: Vec<Function<Stack>>,
    /// Names of the access sites.
    sites: Vec<u32>,
    divisors: Vec<Divisor>,
    has_inline_caches: bool,
}

impl Linked {
    /// Links verified code, plainly.
    ///
    /// # Errors
    /// When the program needs a builtin that does not exist, or is larger than the machine can address.
    pub fn new(code: &Verified<StackCode>) -> Result<Self, Fault> {
        Self::with_options(code, Options::default())
    }

    /// Links verified code.
    ///
    /// # Errors
    /// As for [`Self::new`].
    pub fn with_options(code: &Verified<StackCode>, options: Options) -> Result<Self, Fault> {
        let program = Program::link(code)?;
        let mut linker = Linker::new(code);
        let mut functions = Vec::with_capacity(code.functions.len());
        let mut declarations = Vec::with_capacity(code.functions.len());
        for (index, function) in code.functions.iter().enumerate() {
            let frame_size = code.frame_size(index as u32);
            functions.push(LinkedFunction {
                before: u32::try_from(linker.code.len() - 1).map_err(|_| too_large("instructions"))?,
                frame_bytes: frame_size * size_of::<Value>() as u32,
                locals_bytes: function.locals * size_of::<Value>() as u32,
                index: index as u32,
                parameters: u32::from(function.parameters),
                has_defaults: function.has_defaults,
            });
            for (pc, &instruction) in function.code.iter().enumerate() {
                let word = linker.word(pc, instruction)?;
                linker.code.push(word);
            }
            if options.superinstructions {
                linker.fuse(code, &function.code);
            }
            declarations.push(Function { code: Vec::new(), ..function.clone() });
        }
        let Linker { code, sites, divisors, .. } = linker;
        let has_inline_caches = options.inline_caches;
        Ok(Self { program, code, functions, declarations, sites, divisors, has_inline_caches })
    }

    /// Whether access sites remember what they found last.
    pub(crate) fn has_inline_caches(&self) -> bool {
        self.has_inline_caches
    }

    /// What superinstructions divide by.
    pub(crate) fn divisors(&self) -> &[Divisor] {
        &self.divisors
    }

    /// The program's tables. A [`Runtime`] for this code is made of these.
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// Bytes of the canonical code: 4 for each instruction.
    pub fn code_bytes(&self) -> usize {
        (self.code.len() - 1) * size_of::<StackInstruction>()
    }

    /// The code of all functions.
    pub(crate) fn code(&self) -> *const Word {
        self.code.as_ptr()
    }

    /// All functions.
    pub(crate) fn functions(&self) -> &[LinkedFunction] {
        &self.functions
    }

    /// A function as declared, without its code.
    pub(crate) fn declaration(&self, function: u32) -> &Function<Stack> {
        &self.declarations[function as usize]
    }

    /// Access sites that remember nothing yet.
    pub(crate) fn fresh_sites(&self, runtime: &Runtime) -> Vec<Site> {
        self.sites
            .iter()
            .map(|&name| Site {
                key: runtime.names[name as usize],
                name,
                type_index: NO_TYPE,
                found: 0,
                position: u32::MAX,
            })
            .collect()
    }
}

#[cold]
fn too_large(what: &str) -> Fault {
    Error::new(ErrorKind::Value, format!("the program has too many {what} for the stack machine"))
        .with_help("split the program")
}

struct Linker {
    code: Vec<Word>,
    sites: Vec<u32>,
    /// The site of the next method call, when each has its own.
    next_method_site: u32,
    /// The site of each name's method calls, when those of one name share one; otherwise empty.
    shared_method_sites: Vec<u32>,
    divisors: Vec<Divisor>,
}

impl Linker {
    fn new(code: &StackCode) -> Self {
        let length: usize = code.functions.iter().map(|function| function.code.len()).sum();
        let mut linker = Self {
            code: Vec::with_capacity(length + 1),
            sites: Vec::new(),
            next_method_site: 0,
            shared_method_sites: Vec::new(),
            divisors: Vec::new(),
        };
        linker.code.push(Word::BEFORE);
        linker.number_method_sites(code);
        linker
    }

    /// Gives the lowest sites to method calls, which have only 16 bits for them: one to each call or, when there are too many calls,
    /// one to each name.
    fn number_method_sites(&mut self, code: &StackCode) {
        let instructions = code.functions.iter().flat_map(|function| &function.code);
        let calls = instructions.filter(|instruction| instruction.op() == StackOp::CallMethod);
        let most = MAX_CALL_INDEX as usize + 1;
        let names = calls.map(|call| call.call_index());
        self.sites = names.clone().take(most + 1).collect();
        if self.sites.len() <= most {
            return;
        }
        self.sites.clear();
        self.shared_method_sites = vec![u32::MAX; most];
        for name in names {
            let shared = &mut self.shared_method_sites[name as usize];
            if *shared == u32::MAX {
                *shared = self.sites.len() as u32;
                self.sites.push(name);
            }
        }
    }

    fn method_site(&mut self, name: u32) -> u32 {
        match self.shared_method_sites.get(name as usize) {
            Some(&shared) => shared,
            None => {
                self.next_method_site += 1;
                self.next_method_site - 1
            }
        }
    }

    fn attribute_site(&mut self, name: u32) -> Result<u32, Fault> {
        let site = self.sites.len() as u32;
        self.sites.push(name);
        if site <= MAX_OPERAND { Ok(site) } else { Err(too_large("property accesses")) }
    }

    /// Puts superinstructions into the last function's words.
    fn fuse(&mut self, code: &StackCode, instructions: &[StackInstruction]) {
        let first = self.code.len() - instructions.len();
        for at in 0..instructions.len() {
            let ahead = instructions[at..].iter().map(|instruction| instruction.op());
            let Some(mut operation) = superinstructions::longest(ahead) else { continue };
            if let Some(by_divisor) = operation.by_divisor() {
                let division = at + usize::from(instructions[at].op() == StackOp::LoadLocal) + 1;
                let constant = instructions[division - 1].operand();
                if let Some(index) = self.divisor(&code.constants[constant as usize]) {
                    operation = by_divisor;
                    self.code[first + division] = self.code[first + division].with_operand(index);
                }
            }
            self.code[first + at] = self.code[first + at].fused(operation);
        }
    }

    /// The index of the divisor that a constant is made into, if it can be.
    fn divisor(&mut self, constant: &Constant) -> Option<u32> {
        let Constant::Int(value) = *constant else { return None };
        let divisor = Divisor::new(value)?;
        let index = self.divisors.iter().position(|known| *known == divisor).unwrap_or_else(|| {
            self.divisors.push(divisor);
            self.divisors.len() - 1
        });
        u32::try_from(index).ok().filter(|&index| index <= MAX_OPERAND)
    }

    fn word(&mut self, pc: usize, instruction: StackInstruction) -> Result<Word, Fault> {
        let operand = instruction.operand();
        let operand = match instruction.op().facts().operand {
            StackOperand::None
            | StackOperand::Gas
            | StackOperand::Count
            | StackOperand::Arguments
            | StackOperand::Function
            | StackOperand::Type
            | StackOperand::Module
            | StackOperand::GlobalCall
            | StackOperand::FunctionCall
            | StackOperand::BuiltinCall
            | StackOperand::TypeCall
            | StackOperand::LocalPair
            | StackOperand::LocalConstant => operand,
            StackOperand::Constant => scaled(operand, "constants")?,
            StackOperand::Global => scaled(operand, "global variables")?,
            StackOperand::Local => scaled(operand, "local variables")?,
            StackOperand::Capture => scaled(operand, "captured variables")?,
            StackOperand::Jump => {
                let distance = i64::from(operand) - (pc as i64 + 1);
                if !(-(1 << 23)..1 << 23).contains(&distance) {
                    return Err(too_large("instructions in one function"));
                }
                distance as u32 & MAX_OPERAND
            }
            StackOperand::Name => self.attribute_site(operand)?,
            // A task's method is looked up once.
            StackOperand::MethodCall if instruction.op() == StackOp::SpawnMethod => operand,
            StackOperand::MethodCall => self.method_site(instruction.call_index()) | instruction.call_arguments() << 16,
        };
        Ok(Word::new(instruction.opcode(), operand))
    }
}

/// An index of 16-byte values as an index of 8-byte words.
fn scaled(index: u32, what: &str) -> Result<u32, Fault> {
    if index <= MAX_OPERAND / 2 { Ok(index * 2) } else { Err(too_large(what)) }
}
