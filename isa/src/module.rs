//! The module container: everything a machine needs to run a program, in either form.
//!
//! One [`Module`] holds a whole program: the main file and every file and `module { }` it uses are linked into it, so that globals,
//! functions, types and names are indices everywhere. The two forms share the container and differ in the instruction type of
//! their functions ([`Form`]).

use std::sync::Arc;

use crate::handlers::{HandlerMap, UNGUARDED};
use crate::register::{RegisterInstruction, RegisterOp};
use crate::stack::{StackInstruction, StackOp};

/// A form of the family: [`Stack`] or [`Register`].
pub trait Form: Clone + Copy + std::fmt::Debug + PartialEq + Default + 'static {
    /// Its instruction word.
    type Instruction: Copy + std::fmt::Debug + PartialEq + Eq + Send + Sync + 'static;
    /// `stack` or `register`: its name in files and on the command line.
    const NAME: &'static str;
}

/// An instruction that may take gas.
pub trait Metering {
    /// True for `METER`.
    fn takes_gas(&self) -> bool;
}

impl Metering for StackInstruction {
    fn takes_gas(&self) -> bool {
        self.op() == StackOp::Meter
    }
}

impl Metering for RegisterInstruction {
    fn takes_gas(&self) -> bool {
        self.op() == RegisterOp::MeterReg
    }
}

/// The stack form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Stack;

/// The register form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Register;

impl Form for Stack {
    type Instruction = StackInstruction;
    const NAME: &'static str = "stack";
}

impl Form for Register {
    type Instruction = RegisterInstruction;
    const NAME: &'static str = "register";
}

/// A program in the stack form.
pub type StackCode = Module<Stack>;
/// A program in the register form.
pub type RegCode = Module<Register>;

/// A program in whichever form a file holds.
#[derive(Clone, Debug, PartialEq)]
pub enum AnyModule {
    /// In the stack form.
    Stack(StackCode),
    /// In the register form.
    Register(RegCode),
}

impl AnyModule {
    /// The name of its form.
    pub fn form(&self) -> &'static str {
        match self {
            Self::Stack(_) => Stack::NAME,
            Self::Register(_) => Register::NAME,
        }
    }
}

impl From<StackCode> for AnyModule {
    fn from(module: StackCode) -> Self {
        Self::Stack(module)
    }
}

impl From<RegCode> for AnyModule {
    fn from(module: RegCode) -> Self {
        Self::Register(module)
    }
}

/// A whole program in one form. Its texts are shared with its other forms.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Module<F: Form> {
    /// Constants, without duplicates.
    pub constants: Vec<Constant>,
    /// Names of fields, methods, variables: text that instructions refer to.
    pub names: Vec<Arc<str>>,
    /// Top-level variables that functions share, each with its name (index into `names`).
    pub globals: Vec<Global>,
    /// All functions.
    pub functions: Vec<Function<F>>,
    /// Entity and data types.
    pub types: Vec<TypeDefinition>,
    /// Enums.
    pub enums: Vec<EnumDefinition>,
    /// Modules: files that are used, and `module { }` blocks.
    pub modules: Vec<ModuleDefinition>,
    /// Builtins that the code calls, by name; linked by the engine.
    pub builtins: Vec<Arc<str>>,
    /// Library functions of the language written in the language itself, by name (`map`, `filter`, …), for method calls.
    pub prelude: Vec<PreludeFunction>,
    /// Files the program was compiled from; index 0 is the main file.
    pub sources: Vec<Source>,
    /// The function that runs the program: the main file's top level.
    pub entry: u32,
}

/// A constant.
#[derive(Clone, Debug)]
pub enum Constant {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// 64-bit integer
    Int(i64),
    /// 64-bit float, compared by bits
    Float(f64),
    /// Text
    String(Arc<str>),
    /// Function that captures nothing
    Function(u32),
    /// Builtin as a value: index into [`Module::builtins`]
    Builtin(u32),
    /// Entity or data type
    Type(u32),
    /// Enum
    Enum(u32),
    /// Module as a value
    Module(u32),
}

impl PartialEq for Constant {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a.to_bits() == b.to_bits(),
            (Self::String(a), Self::String(b)) => a == b,
            (Self::Function(a), Self::Function(b))
            | (Self::Builtin(a), Self::Builtin(b))
            | (Self::Type(a), Self::Type(b))
            | (Self::Enum(a), Self::Enum(b))
            | (Self::Module(a), Self::Module(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Constant {}

impl std::hash::Hash for Constant {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Self::Null => {}
            Self::Bool(value) => value.hash(state),
            Self::Int(value) => value.hash(state),
            Self::Float(value) => value.to_bits().hash(state),
            Self::String(value) => value.hash(state),
            Self::Function(index)
            | Self::Builtin(index)
            | Self::Type(index)
            | Self::Enum(index)
            | Self::Module(index) => index.hash(state),
        }
    }
}

/// A top-level variable that functions share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Global {
    /// Its name.
    pub name: u32,
}

/// One function.
#[derive(Clone, Debug, PartialEq)]
pub struct Function<F: Form> {
    /// Its name (index into names); `<main>` and `<lambda>` for those without.
    pub name: u32,
    /// How many parameters it has; they are the first locals or registers. A method's first one is `this`.
    pub parameters: u16,
    /// True when a missing argument arrives unset instead of null, because the code then computes its default.
    pub has_defaults: bool,
    /// Stack form: number of local slots, parameters included. Register form: number of registers, windows of calls included: every
    /// register an instruction names is below it.
    pub locals: u32,
    /// Register form: first of the registers that are spill slots. `S[i]` is register `spill_base + i`; only `LOAD_SPILL` and
    /// `STORE_SPILL` may touch those.
    pub spill_base: u32,
    /// Register form: number of spill slots.
    pub spills: u32,
    /// Instructions.
    pub code: Vec<F::Instruction>,
    /// Handlers, innermost first.
    pub handlers: Vec<Handler>,
    /// Where instructions come from: `(first instruction, byte offset in the source)`, ascending; an entry holds up to the next.
    pub lines: Vec<(u32, u32)>,
    /// Metered code: what an error gives back that is raised by instructions that come from an offset: `(byte offset in the source, gas)`, by
    /// offset. It is the cost of what the region's charge covered and is not executed then.
    pub refunds: Vec<(u32, u32)>,
    /// File it comes from.
    pub source: u32,
    /// Variables of enclosing functions it captures.
    pub captures: Vec<Capture>,
    /// Stack form: names of locals, as many as `locals`; compiler temporaries are called `""`. Register form: names of parameters.
    pub local_names: Vec<u32>,
    /// Global that a hoisted declaration is bound to (`STORE_FUNC`).
    pub global: Option<u32>,
}

// Not derived: that would ask for a default instruction.
impl<F: Form> Default for Function<F> {
    fn default() -> Self {
        Self {
            name: 0,
            parameters: 0,
            has_defaults: false,
            locals: 0,
            spill_base: 0,
            spills: 0,
            code: Vec::new(),
            handlers: Vec::new(),
            lines: Vec::new(),
            refunds: Vec::new(),
            source: 0,
            captures: Vec::new(),
            local_names: Vec::new(),
            global: None,
        }
    }
}

impl<F: Form> Function<F> {
    /// Source offset of the instruction at `pc`.
    pub fn position(&self, pc: u32) -> u32 {
        match self.lines.partition_point(|&(first, _)| first <= pc) {
            0 => 0,
            next => self.lines[next - 1].1,
        }
    }

    /// Puts [`Self::refunds`] in order after their offsets changed; of several for one offset the least stays.
    pub fn order_refunds(&mut self) {
        self.refunds.sort_unstable();
        self.refunds.dedup_by_key(|refund| refund.0);
    }

    /// What callers see in which two functions differ, whatever their form: the first such thing.
    pub fn differing_signature<G: Form>(&self, other: &Function<G>) -> Option<&'static str> {
        let parameters = usize::from(self.parameters);
        let same = [
            ("names", self.name == other.name),
            ("parameters", self.parameters == other.parameters),
            ("defaults", self.has_defaults == other.has_defaults),
            ("sources", self.source == other.source),
            ("captured variables", self.captures == other.captures),
            ("names of parameters", self.local_names.get(..parameters) == other.local_names.get(..parameters)),
            ("globals", self.global == other.global),
        ];
        same.into_iter().find(|(_, is_same)| !is_same).map(|(what, _)| what)
    }

    /// For each instruction the handler that an error there goes to: the first that guards it.
    pub fn guards(&self) -> Vec<Option<u32>> {
        let mut map = HandlerMap::default();
        map.fill(self.code.len(), &self.handlers, |handler| (handler.start, handler.end));
        let owners = (0..self.code.len()).map(|pc| map.owner(pc));
        owners.map(|handler| (handler != UNGUARDED).then_some(handler)).collect()
    }
}

/// Where an error in a range of instructions goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handler {
    /// First guarded instruction.
    pub start: u32,
    /// First instruction past the guarded ones.
    pub end: u32,
    /// Where to go on.
    pub target: u32,
    /// Stack form: how many values stay on the stack; the thrown value is pushed on them. Register form: the register that takes the
    /// thrown value.
    pub landing: u32,
    /// True for code that runs on the way out (`finally`, `defer`) and then throws on with `THROW`: it receives the whole failure,
    /// kind, place and trace, instead of the thrown value.
    pub is_cleanup: bool,
}

/// One captured variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capture {
    /// Its name.
    pub name: u32,
    /// Where the enclosing function has it.
    pub from: CaptureSource,
    /// True when it is a cell, because it is assigned after it was captured.
    pub is_cell: bool,
}

/// Where the enclosing function keeps a captured variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureSource {
    /// Local slot (of the stack form).
    Local(u32),
    /// One of its own captured variables.
    Capture(u32),
}

/// An entity or data type, inherited members included.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct TypeDefinition {
    /// Its name.
    pub name: u32,
    /// The type it extends.
    pub parent: Option<u32>,
    /// Fields in order, the parent's first.
    pub fields: Vec<FieldDefinition>,
    /// Methods by name, its own before inherited ones of the same name.
    pub methods: Vec<MethodDefinition>,
    /// True for `data`: instances cannot be changed and are equal by value.
    pub is_data: bool,
    /// True for `contract`: fields are in the ledger's state, and instances are made by the constructor.
    pub is_contract: bool,
    /// Function that makes an instance from positional arguments, when some default is more than a constant.
    pub constructor: Option<u32>,
}

/// A field of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldDefinition {
    /// Its name.
    pub name: u32,
    /// Constant it starts as when none is given.
    pub default: u32,
}

/// A method of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MethodDefinition {
    /// Its name.
    pub name: u32,
    /// Its function, whose parameter 0 is `this`.
    pub function: u32,
    /// Who may call it, and what it may do, if it is an action of a contract.
    pub restrictions: Restrictions,
}

/// What the modifiers of a contract's action say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
pub struct Restrictions(u8);

impl Restrictions {
    /// None.
    pub const NONE: Self = Self(0);
    /// Only the contract itself may call it (`private`).
    pub const PRIVATE: Self = Self(1);
    /// It may not change the state (`view`, `pure`).
    pub const READ_ONLY: Self = Self(1 << 1);
    /// It may not be called from outside while a call of the contract is under way (`secure`).
    pub const GUARDED: Self = Self(1 << 2);
    /// Each with its word in the text form.
    pub const WORDS: [(Self, &'static str); 3] =
        [(Self::PRIVATE, "private"), (Self::READ_ONLY, "view"), (Self::GUARDED, "secure")];

    /// Both.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// True when all of `other` are among these.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// As a byte of the binary form.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Those that a byte of the binary form stands for, if it stands for some.
    pub const fn from_bits(bits: u8) -> Option<Self> {
        if bits < 1 << Self::WORDS.len() { Some(Self(bits)) } else { None }
    }
}

/// An enum.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct EnumDefinition {
    /// Its name.
    pub name: u32,
    /// Members: name and value.
    pub members: Vec<(u32, i64)>,
}

/// A used file or a `module { }` block.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ModuleDefinition {
    /// Its name.
    pub name: u32,
    /// Its top level, run once.
    pub function: u32,
    /// Members: name and global.
    pub members: Vec<(u32, u32)>,
}

/// A library function in guest code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreludeFunction {
    /// Method name it implements.
    pub name: u32,
    /// Its function; parameter 0 is the receiver.
    pub function: u32,
}

/// A file the program was compiled from.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Source {
    /// Its path as the user gave it.
    pub name: Arc<str>,
    /// Its text.
    pub text: Arc<str>,
}

impl<F: Form> Module<F> {
    /// True when the program takes gas: when its main function is charged for.
    pub fn is_metered(&self) -> bool
    where
        F::Instruction: Metering,
    {
        let entry = self.functions.get(self.entry as usize);
        entry.and_then(|entry| entry.code.first()).is_some_and(|first| first.takes_gas())
    }

    /// The text of a name.
    pub fn name(&self, index: u32) -> &str {
        &self.names[index as usize]
    }

    /// Gives portable code, whose positions are indices into tables of `offsets`, one for each source, the positions and sources of one
    /// layout. False if it does not go with these; the module is then of no use.
    pub fn relocate(&mut self, sources: Vec<Source>, offsets: &[&[u32]]) -> bool {
        if sources.len() != self.sources.len() || offsets.len() != sources.len() {
            return false;
        }
        self.sources = sources;
        self.functions.iter_mut().all(|function| {
            let Some(offsets) = offsets.get(function.source as usize) else { return false };
            let mut lines = function.lines.iter_mut();
            let is_complete = lines.all(|(_, at)| offsets.get(*at as usize).map(|&offset| *at = offset).is_some());
            // Places that differ may have one offset.
            function.lines.dedup_by_key(|line| line.1);
            let mut refunds = function.refunds.iter_mut();
            let is_complete =
                is_complete && refunds.all(|(at, _)| offsets.get(*at as usize).map(|&offset| *at = offset).is_some());
            function.order_refunds();
            is_complete
        })
    }

    /// The first table in which two modules differ, whatever their form. Of the functions only the number counts.
    pub fn differing_table<G: Form>(&self, other: &Module<G>) -> Option<&'static str> {
        // Taken apart, so that no table is forgotten.
        let Self { constants, names, globals, functions, types, enums, modules, builtins, prelude, sources, entry } =
            self;
        let same = [
            ("constants", *constants == other.constants),
            ("names", *names == other.names),
            ("globals", *globals == other.globals),
            ("functions", functions.len() == other.functions.len()),
            ("types", *types == other.types),
            ("enums", *enums == other.enums),
            ("modules", *modules == other.modules),
            ("builtins", *builtins == other.builtins),
            ("library functions", *prelude == other.prelude),
            ("sources", *sources == other.sources),
            ("entry function", *entry == other.entry),
        ];
        same.into_iter().find(|(_, is_same)| !is_same).map(|(what, _)| what)
    }

    /// A module in form `G` with the same tables and these functions.
    pub fn with_functions<G: Form>(&self, functions: Vec<Function<G>>) -> Module<G> {
        Module {
            constants: self.constants.clone(),
            names: self.names.clone(),
            globals: self.globals.clone(),
            functions,
            types: self.types.clone(),
            enums: self.enums.clone(),
            modules: self.modules.clone(),
            builtins: self.builtins.clone(),
            prelude: self.prelude.clone(),
            sources: self.sources.clone(),
            entry: self.entry,
        }
    }
}
