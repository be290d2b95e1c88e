//! The running program: heap, globals, constants, tables, limits and the outside world, in one [`Runtime`] that every engine carries.

use std::io::{BufRead, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fxhash::FxHashMap;
use isa::module::{Form, Module, Restrictions, Source, TypeDefinition};
use isa::{Constant, Function, StackCode, StackInstruction, StackOp, Verified};

use crate::apart::{Apart, Refill};
use crate::builtins::{self, Builtin};
use crate::chain::Chain;
use crate::error::{Error, ErrorKind, Fault, Origin, TraceEntry};
use crate::heap::{Collecting, Heap, Marker, MemoryPolicy};
use crate::host::{Ledger, LedgerHandle, NoLedger};
use crate::methods::{self, NativeMethods};
use crate::objects::{Failure, Map, MapKind, Str};
use crate::tasks::Tasks;
use crate::value::{Tag, Value};

/// Bounds of a run. Each ends the run with the same error in every engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How deep calls may nest.
    pub max_depth: usize,
    /// Bytes the heap may hold.
    pub max_heap: usize,
    /// Loop iterations and calls the run may begin.
    pub fuel: Option<u64>,
    /// Gas that the run may take; none where gas is not metered.
    pub gas: Option<u64>,
}

impl Limits {
    /// What frames may take at least, however small the heap.
    const LEAST_FRAME_BYTES: usize = 64 << 20;

    /// Bytes that an engine's frames, and the values in them, may take: as many as the heap, and at least 64 MiB.
    pub fn frame_bytes(&self) -> usize {
        self.max_heap.max(Self::LEAST_FRAME_BYTES)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_depth: 10_000, max_heap: 1 << 30, fuel: None, gas: None }
    }
}

/// What a run needs from outside.
pub struct RunOptions {
    /// Bounds.
    pub limits: Limits,
    /// `__ARGS__`.
    pub arguments: Vec<String>,
    /// Where `print` goes.
    pub output: Box<dyn Write>,
    /// Where `input()` reads from.
    pub input: Box<dyn BufRead>,
    /// Seed of `random()`.
    pub seed: u64,
    /// True when clocks are virtual and nothing is stored outside the run, so that equal programs do equal things.
    pub deterministic: bool,
    /// When to collect.
    pub collecting: Collecting,
    /// What becomes of objects that are no longer reachable.
    pub memory: MemoryPolicy,
    /// Keep lists of integers, of floats and of bools packed; otherwise all lists hold whole values.
    pub packed_lists: bool,
    /// State, digests and signatures. Engines that know the ledger give runs without one an empty one in memory.
    pub ledger: Option<Box<dyn Ledger>>,
    /// What the run does to the ledger becomes a block of it at the end, with a record of each transaction.
    pub makes_block: bool,
    /// Who makes calls for the program, if anybody does.
    pub apart: Option<Arc<dyn Apart>>,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            arguments: Vec::new(),
            output: Box::new(std::io::sink()),
            input: Box::new(std::io::empty()),
            seed: 0,
            deterministic: true,
            collecting: Collecting::default(),
            memory: MemoryPolicy::default(),
            packed_lists: true,
            ledger: None,
            makes_block: false,
            apart: None,
        }
    }
}

/// What engines and operations need to know about a function.
#[derive(Clone, Debug)]
pub struct FunctionFacts {
    /// Its name.
    pub name: Arc<str>,
    /// Names of its parameters; a method's first one is `this`.
    pub parameters: Vec<Arc<str>>,
    /// See [`isa::Function::has_defaults`].
    pub has_defaults: bool,
    /// How many variables it captures.
    pub captures: usize,
    /// Global that its hoisted declaration is bound to.
    pub global: Option<u32>,
    /// See [`isa::Function::refunds`].
    pub refunds: Arc<[(u32, u32)]>,
}

/// What operations need to know about a type.
#[derive(Clone, Debug)]
pub struct TypeFacts {
    /// Its name.
    pub name: Arc<str>,
    /// What it is called in the ledger: its name, and `#2` and so on behind the names of further types that are called alike.
    pub ledger_name: Arc<str>,
    /// The type it extends.
    pub parent: Option<u32>,
    /// Names of its fields in order.
    pub field_names: Vec<Arc<str>>,
    /// Position of each field by name index.
    pub fields: FxHashMap<u32, u32>,
    /// Constant each field starts as.
    pub defaults: Vec<u32>,
    /// Function of each method by name index.
    pub methods: FxHashMap<u32, u32>,
    /// True for `data`.
    pub is_data: bool,
    /// True for `contract`. Its instances have no fields of their own: see [`Self::state`].
    pub is_contract: bool,
    /// Position of each field that a contract has in the state, by name index.
    pub state: FxHashMap<u32, u32>,
    /// What the modifiers of a contract's actions say, by name index.
    pub restrictions: FxHashMap<u32, Restrictions>,
    /// Function that makes an instance, when that takes more than constants.
    pub constructor: Option<u32>,
}

/// What operations need to know about a module.
#[derive(Clone, Debug)]
pub struct ModuleFacts {
    /// Its name.
    pub name: Arc<str>,
    /// Its top level.
    pub function: u32,
    /// Global of each member by name index, in source order.
    pub members: Vec<(u32, u32)>,
}

/// The unchanging tables of a program, shared by its runs.
#[derive(Debug)]
pub struct Program {
    /// Functions.
    pub functions: Vec<FunctionFacts>,
    /// Types.
    pub types: Vec<TypeFacts>,
    /// Modules.
    pub modules: Vec<ModuleFacts>,
    /// Names.
    pub names: Vec<Arc<str>>,
    /// Name index of each text in `names`.
    pub name_indices: FxHashMap<Arc<str>, u32>,
    /// Name index of each global.
    pub globals: Vec<u32>,
    /// Linked builtins.
    pub builtins: Vec<&'static Builtin>,
    /// For every name, the methods of that name that the runtime has.
    pub native_methods: Vec<NativeMethods>,
    /// For every name, the library function in guest code that is its method.
    pub prelude: FxHashMap<u32, u32>,
    /// Constants as declared.
    pub constants: Vec<Constant>,
    /// Enums: name and members.
    pub enums: Vec<(u32, Vec<(u32, i64)>)>,
    /// The function that runs the program.
    pub entry: u32,
}

impl Program {
    /// A program that does nothing, for runtimes that only lend their operations.
    pub fn empty() -> Arc<Self> {
        let main = Function {
            code: vec![StackInstruction::new(StackOp::LoadConst, 0), StackInstruction::new(StackOp::Return, 0)],
            ..Function::default()
        };
        let module = StackCode {
            constants: vec![Constant::Null],
            names: vec!["<main>".into()],
            functions: vec![main],
            sources: vec![Source::default()],
            ..StackCode::default()
        };
        let verified = isa::verify::stack(module).expect("the program is valid");
        Self::link(&verified).expect("it needs no builtins")
    }

    /// Links a verified module: resolves its builtins and indexes its tables.
    pub fn link<F: Form>(module: &Verified<Module<F>>) -> Result<Arc<Self>, Fault> {
        let name = |index: u32| module.names[index as usize].clone();
        let mut linked = Vec::with_capacity(module.builtins.len());
        for builtin in &module.builtins {
            let Some(found) = builtins::find(builtin) else {
                return Err(Error::new(
                    ErrorKind::Name,
                    format!("this program needs the builtin '{builtin}', which this version does not have"),
                )
                .with_help("compile the program again from its source"));
            };
            linked.push(found);
        }
        let mut alike: FxHashMap<u32, u32> = FxHashMap::default();
        let mut ledger_name = |definition: &TypeDefinition| {
            let number = alike.entry(definition.name).or_default();
            *number += 1;
            match *number {
                1 => name(definition.name),
                number => format!("{}#{number}", name(definition.name)).into(),
            }
        };
        Ok(Arc::new(Self {
            functions: module
                .functions
                .iter()
                .map(|function| FunctionFacts {
                    name: name(function.name),
                    parameters: function
                        .local_names
                        .iter()
                        .take(function.parameters as usize)
                        .map(|&local| name(local))
                        .collect(),
                    has_defaults: function.has_defaults,
                    captures: function.captures.len(),
                    global: function.global,
                    refunds: function.refunds.as_slice().into(),
                })
                .collect(),
            types: module
                .types
                .iter()
                .map(|definition| TypeFacts {
                    name: name(definition.name),
                    ledger_name: ledger_name(definition),
                    parent: definition.parent,
                    field_names: definition.fields.iter().map(|field| name(field.name)).collect(),
                    fields: if definition.is_contract { FxHashMap::default() } else { positions(definition) },
                    defaults: definition.fields.iter().map(|field| field.default).collect(),
                    // The first definition of a name wins: own methods stand before inherited ones.
                    methods: definition.methods.iter().rev().map(|method| (method.name, method.function)).collect(),
                    is_data: definition.is_data,
                    is_contract: definition.is_contract,
                    state: if definition.is_contract { positions(definition) } else { FxHashMap::default() },
                    restrictions: definition.methods.iter().map(|method| (method.name, method.restrictions)).collect(),
                    constructor: definition.constructor,
                })
                .collect(),
            modules: module
                .modules
                .iter()
                .map(|definition| ModuleFacts {
                    name: name(definition.name),
                    function: definition.function,
                    members: definition.members.clone(),
                })
                .collect(),
            names: module.names.clone(),
            name_indices: module.names.iter().enumerate().map(|(at, name)| (name.clone(), at as u32)).collect(),
            globals: module.globals.iter().map(|global| global.name).collect(),
            builtins: linked,
            native_methods: module.names.iter().map(|name| methods::find(name)).collect(),
            prelude: module.prelude.iter().map(|function| (function.name, function.function)).collect(),
            constants: module.constants.clone(),
            enums: module.enums.iter().map(|definition| (definition.name, definition.members.clone())).collect(),
            entry: module.entry,
        }))
    }
}

/// Position of each field of a type by name index.
fn positions(definition: &TypeDefinition) -> FxHashMap<u32, u32> {
    definition.fields.iter().enumerate().map(|(at, field)| (field.name, at as u32)).collect()
}

static IDENTITIES: AtomicU64 = AtomicU64::new(0);

/// A running program.
pub struct Runtime {
    /// Objects.
    pub heap: Heap,
    /// Top-level variables that functions share.
    pub globals: Vec<Value>,
    /// Constants as values.
    pub constants: Vec<Value>,
    /// Names as strings.
    pub names: Vec<Value>,
    /// One-character strings for the 128 ASCII characters.
    pub characters: Vec<Value>,
    /// The program's tables.
    pub program: Arc<Program>,
    /// Whether each module's top level has begun to run.
    pub modules_run: Vec<bool>,
    /// Bounds of the run.
    pub limits: Limits,
    /// Fuel left, when it is limited.
    pub fuel: u64,
    /// Gas that is left.
    pub gas: u64,
    /// True while an error travels to its handler that was raised by a charge, which therefore gives nothing back.
    pub(crate) is_charge_refused: bool,
    /// Where `print` goes.
    pub output: Output,
    /// The outside world.
    pub host: Host,
    /// State, digests and signatures. Whoever gave it takes it back when the run has ended.
    pub ledger: LedgerHandle,
    /// Contracts and open transactions.
    pub chain: Chain,
    /// Tasks that have not ended.
    pub tasks: Tasks,
    /// Buffer for encodings that are hashed.
    pub(crate) encoding: Vec<u8>,
    /// Who makes calls for the program.
    pub(crate) apart: Option<Arc<dyn Apart>>,
    /// More fuel than is at hand.
    pub(crate) refill: Refill,
    /// How deep calls were nested when a builtin was called that [asks](crate::builtins::Builtin::asks_depth).
    pub depth: usize,
    /// No other runtime of this process has this number.
    identity: u64,
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime").field("heap", &self.heap).field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// The outside world as builtins see it.
pub struct Host {
    /// `__ARGS__`.
    pub arguments: Vec<String>,
    /// Where `input()` reads from.
    pub input: Box<dyn BufRead>,
    /// A line that `input()` has read but not given to the program yet.
    pub partial_line: Vec<u8>,
    /// State of `random()`.
    pub random: u64,
    /// True when clocks are virtual and nothing is stored outside the run.
    pub deterministic: bool,
    /// Milliseconds of virtual time that passed.
    pub virtual_time: i64,
    /// What `persist_set` stored in a deterministic run: key and JSON text.
    pub persistent: FxHashMap<String, String>,
}

/// Buffered output of `print`.
pub struct Output {
    buffer: Vec<u8>,
    sink: Box<dyn Write>,
}

const OUTPUT_BUFFER: usize = 1 << 16;

impl Output {
    /// Writes text.
    pub fn write(&mut self, text: &str) -> Result<(), Fault> {
        self.buffer.extend_from_slice(text.as_bytes());
        if self.buffer.len() >= OUTPUT_BUFFER { self.flush() } else { Ok(()) }
    }

    /// Hands everything to the sink.
    pub fn flush(&mut self) -> Result<(), Fault> {
        let result = self.sink.write_all(&self.buffer).and_then(|()| self.sink.flush());
        self.buffer.clear();
        result.map_err(|error| Error::new(ErrorKind::Output, format!("cannot write output: {error}")))
    }
}

impl Runtime {
    /// A fresh run of `program`.
    pub fn new(program: Arc<Program>, options: RunOptions) -> Self {
        let mut heap = Heap::with_policy(options.memory, options.limits.max_heap);
        let names: Vec<Value> = program.names.iter().map(|name| Str::create(&mut heap, name)).collect();
        let characters =
            (0..128_u8).map(|byte| Str::create(&mut heap, char::from(byte).encode_utf8(&mut [0; 4]))).collect();
        let mut runtime = Self {
            globals: vec![Value::UNSET; program.globals.len()],
            constants: Vec::with_capacity(program.constants.len()),
            names,
            characters,
            modules_run: vec![false; program.modules.len()],
            limits: options.limits,
            fuel: options.limits.fuel.unwrap_or(u64::MAX),
            gas: options.limits.gas.unwrap_or(u64::MAX),
            is_charge_refused: false,
            output: Output { buffer: Vec::new(), sink: options.output },
            host: Host {
                arguments: options.arguments,
                input: options.input,
                partial_line: Vec::new(),
                random: options.seed,
                deterministic: options.deterministic,
                virtual_time: 0,
                persistent: FxHashMap::default(),
            },
            ledger: options.ledger.unwrap_or_else(|| Box::new(NoLedger)).into(),
            chain: Chain::new(options.makes_block),
            tasks: Tasks::default(),
            encoding: Vec::new(),
            apart: options.apart,
            refill: Refill::default(),
            depth: 0,
            identity: IDENTITIES.fetch_add(1, Ordering::Relaxed),
            heap,
            program,
        };
        let program = Arc::clone(&runtime.program);
        for constant in &program.constants {
            let value = runtime.constant(constant);
            runtime.constants.push(value);
        }
        if !options.packed_lists {
            runtime.heap.leave_lists_unpacked();
        }
        runtime.heap.set_collecting(options.collecting);
        runtime
    }

    /// A number that no other runtime of this process has: what an engine keeps for a runtime from one run to the next is good for it alone.
    pub fn identity(&self) -> u64 {
        self.identity
    }

    fn constant(&mut self, constant: &Constant) -> Value {
        match *constant {
            Constant::Null => Value::NULL,
            Constant::Bool(value) => Value::bool(value),
            Constant::Int(value) => Value::int(value),
            Constant::Float(value) => Value::float(value),
            // A constant that is also a name shares its object, so that access sites recognise it by address.
            Constant::String(ref text) => match self.program.name_indices.get(text) {
                Some(&name) => self.names[name as usize],
                None => Str::create(&mut self.heap, text),
            },
            Constant::Function(index) => Value::indexed(Tag::Function, index),
            Constant::Builtin(index) => Value::indexed(Tag::Builtin, index),
            Constant::Type(index) => Value::indexed(Tag::Type, index),
            Constant::Module(index) => Value::indexed(Tag::Module, index),
            Constant::Enum(index) => {
                let members = self.program.enums[index as usize].1.clone();
                let value = Map::create(&mut self.heap, MapKind::Enum);
                if let Some(map) = value.as_map() {
                    for (name, number) in members {
                        let key = self.names[name as usize];
                        // Enums are small parts of the source text; they fit any heap that the program itself fits.
                        let _ = map.insert(&mut self.heap, key, Value::int(number));
                    }
                }
                value
            }
        }
    }

    /// Collects. The engine marks the values of its frames; the runtime marks its own.
    ///
    /// # Errors
    /// When more than the limit is still in use afterwards.
    pub fn collect(&mut self, roots: impl FnOnce(&mut Marker<'_>)) -> Result<(), Fault> {
        let Self { heap, globals, constants, names, characters, chain, tasks, .. } = self;
        heap.collect(|marker| {
            marker.values(globals);
            marker.values(constants);
            marker.values(names);
            marker.values(characters);
            chain.trace(marker);
            tasks.trace(marker);
            roots(marker);
        });
        self.heap.reserve(0).and_then(|()| {
            if self.heap.bytes() > self.heap.limit() { Err(Error::heap(self.heap.limit())) } else { Ok(()) }
        })
    }

    /// The value that `catch` binds to an error: what was thrown, or the message of an error of the runtime.
    pub fn landing_value(&mut self, fault: Fault, is_cleanup: bool) -> Value {
        if is_cleanup {
            self.note_failing(&fault);
            return Failure::create(&mut self.heap, fault);
        }
        match fault.value {
            Some(value) => value,
            None => Str::create(&mut self.heap, &fault.message),
        }
    }

    /// The error that `THROW` raises.
    #[cold]
    pub fn throw(&mut self, value: Value) -> Fault {
        match value.as_failure() {
            Some(failure) => failure.fault(),
            None => match self.plain(value) {
                Ok(value) => Error::thrown(value, self.format(value)),
                Err(fault) => fault,
            },
        }
    }

    /// Puts place and trace on an error that has none yet. `calls` gives the active calls, innermost first: function, source, offset.
    #[cold]
    pub fn locate(&self, fault: &mut Error, calls: impl Iterator<Item = (u32, u32, u32)>) {
        /// A trace shows the innermost and outermost calls of a deep recursion.
        const LONGEST_TRACE: usize = 64;
        if fault.origin.is_some() {
            return;
        }
        let trace = calls
            .take(LONGEST_TRACE)
            .map(|(function, source, offset)| TraceEntry {
                function: self.program.functions[function as usize].name.to_string(),
                source,
                offset,
            })
            .collect();
        fault.origin = Some(Arc::new(Origin { trace }));
    }

    /// Takes a unit of fuel.
    ///
    /// # Errors
    /// When none is left.
    #[inline]
    pub fn take_fuel(&mut self) -> Result<(), Fault> {
        match self.fuel.checked_sub(1) {
            Some(left) => {
                self.fuel = left;
                Ok(())
            }
            None if self.take_fuel_of_reserve() => Ok(()),
            None => Err(Error::fuel()),
        }
    }

    /// True when the run counts fuel.
    pub fn has_fuel_limit(&self) -> bool {
        self.limits.fuel.is_some()
    }
}
