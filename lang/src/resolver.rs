//! Decides, before anything runs, what every name means and where every variable lives.
//!
//! Scope is the function or the file; blocks make none. A name that is assigned without being declared belongs to the enclosing function
//! or file that declares it, and otherwise to the assigning function. Each function is therefore walked twice: once to collect what it
//! declares, without going into nested functions, and once to resolve uses, going into nested functions with its own names in scope.
//!
//! # Where variables live
//!
//! * A variable that no other function uses is a *slot* of its function's frame, at the top level too.
//! * A top-level variable (of a file or a `module` block) that a function uses is a *global*: its frame exists once, so it needs no cell.
//! * A local that nested functions use is *copied* into them if it cannot change after they are made: a parameter that is never assigned,
//!   or a variable assigned once, outside loops, before the text of every function literal that captures it. Otherwise it lives in a *cell*.
//! * A function declared once and never assigned needs no variable at all: its name is the function.
//!
//! # Names of builtins
//!
//! A variable with the name of a builtin or library function means that function until it is set. Where a use certainly comes before
//! every assignment, it is resolved as the function; for all others [`Variable::builtin`] says what an unset variable means.

mod collect;
mod types;
mod walk;

pub use types::TypeField;

use fxhash::{FxHashMap, FxHashSet};

use crate::ast::{Entity, Enum, Function, FunctionId, FunctionKind, Module, Name, NameId, Protocol};
use crate::diagnostics::Diagnostic;
use crate::names::Symbol;
use crate::program::{FileKind, SourceProgram};

/// What an occurrence of a name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Binding {
    /// The occurrence was never resolved: a label, or code that the parser gave up on.
    #[default]
    None,
    /// A variable of the function itself, or of the file's or module's top level: index into that function's variables.
    Variable {
        /// Function that owns it.
        owner: FunctionId,
        /// Which of its variables.
        variable: u32,
    },
    /// A captured variable: index into the function's captures.
    Capture(u32),
    /// A builtin function, or a predefined name such as `__ARGS__`.
    Builtin(Symbol),
    /// A library function: its index in the program.
    Library(u32),
    /// A name that nothing declares: a global that is never set.
    Unknown(u32),
    /// The type that a path names which begins here: in a pattern, or after `extends`.
    Type(u32),
    /// A field or action of the contract around it, which is meant by its bare name: index into [`ResolvedFile::owners`], which says
    /// what `this` is there.
    Member(u32),
}

/// Where a variable lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// Slot of its function's frame.
    Slot(u32),
    /// Slot of its function's frame that holds a cell.
    Cell(u32),
    /// Global.
    Global(u32),
    /// It is this function (index in the program).
    Function(u32),
    /// It is this type.
    Type(u32),
    /// It is this enum.
    Enum(u32),
    /// It is this module.
    Module(u32),
    /// It is this builtin, under another name.
    Builtin(Symbol),
    /// It is a protocol, which exists only before the program runs.
    Protocol,
}

/// What introduced a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Declaration {
    /// `let`, `const`, a loop, `catch`, a pattern, or an assignment.
    Local,
    /// A parameter.
    Parameter,
    /// A function declaration.
    Function(FunctionId),
    /// `entity`, `data`, `enum`, `protocol`, `module`, `use`: the storage is known from the start.
    Fixed(Storage),
}

/// A variable of a function.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// Its name.
    pub symbol: Symbol,
    /// What introduced it.
    pub declaration: Declaration,
    /// Where it lives. Final when resolving has ended.
    pub storage: Storage,
    /// Global that also holds it, when others reach it through a module.
    pub exported: Option<u32>,
    /// What it means until it is set: the builtin or library function of its name.
    pub builtin: Option<Binding>,
    /// How many places write it.
    pub writes: u32,
    /// Offset before which nothing in its own function sets it.
    set_from: u32,
    /// End of the last statement that writes it.
    written_at: u32,
    is_written_in_loop: bool,
    is_constant: bool,
    /// True when functions inside its own use it.
    pub is_captured: bool,
    /// Start of the first function literal that captures it; 0 when a hoisted function does.
    captured_at: u32,
    is_written_by_nested: bool,
    /// True for a hidden variable that has the watchers of another one, or null: it is null from the beginning.
    pub is_watchers: bool,
    /// True when it counts a range loop itself: two slots behind its own then hold the end and the step.
    is_counter: bool,
}

/// A captured variable.
#[derive(Clone, Copy, Debug)]
pub struct CaptureInfo {
    /// Its name.
    pub symbol: Symbol,
    /// Where the enclosing function has it: one of its variables, or of its own captures.
    pub from: CaptureFrom,
    owner: FunctionId,
    owner_variable: u32,
    /// True when it is a cell.
    pub is_cell: bool,
}

/// Where the enclosing function has a captured variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureFrom {
    /// One of its variables.
    Variable(u32),
    /// One of its own captures.
    Capture(u32),
}

/// What the resolver found out about a function.
#[derive(Debug, Default)]
pub struct FunctionScope<'a> {
    /// Its variables, parameters first.
    pub variables: Vec<Variable>,
    /// Variables of enclosing functions it uses.
    pub captures: Vec<CaptureInfo>,
    /// Functions declared in it, hoisted to its beginning.
    pub hoisted: Vec<&'a Function<'a>>,
    /// Slots that its variables need, parameters included.
    pub slots: u32,
    /// The function itself; the top level has none.
    pub function: Option<&'a Function<'a>>,
    /// The enclosing function.
    pub parent: Option<FunctionId>,
    /// True for the top level of a file or module.
    pub is_top_level: bool,
}

/// What the resolver found out about a file.
#[derive(Debug, Default)]
pub struct ResolvedFile<'a> {
    /// Meaning of every occurrence of a name, by [`NameId`].
    pub bindings: Vec<Binding>,
    /// Scopes by [`FunctionId`].
    pub functions: Vec<FunctionScope<'a>>,
    /// Index in the program of the file's function 0; the others follow.
    pub first_function: u32,
    /// The file as a module: index into [`Resolved::modules`].
    pub module: Option<u32>,
    /// Variables of range loops whose bodies do not assign them: they can count the loop themselves.
    pub counters: FxHashSet<NameId>,
    /// Where `break` or `continue` stands outside of a loop, and does nothing: offsets of those statements.
    pub idle_jumps: FxHashSet<u32>,
    /// Assignments after which watchers are told: what is assigned, and the hidden variable that has them.
    pub notified: FxHashMap<NameId, Binding>,
    /// The library function that tells them: its index in the program.
    pub notifier: Option<u32>,
    /// What `this` is where members of contracts are meant by their bare names.
    pub owners: Vec<Binding>,
}

/// An entity or data type of the program.
#[derive(Debug)]
pub struct TypeInfo<'a> {
    /// Its declaration.
    pub entity: &'a Entity<'a>,
    /// File it stands in.
    pub file: usize,
    /// The type it extends.
    pub parent: Option<u32>,
    /// Of a contract that lacks an action which a protocol asks for: the error of making one.
    pub unfulfilled: Option<String>,
}

/// A module of the program: a used file, a `module` block, or a standard module.
#[derive(Debug)]
pub struct ModuleInfo<'a> {
    /// Its name.
    pub name: String,
    /// File it stands in.
    pub file: usize,
    /// What runs when it is first used.
    pub body: ModuleBody<'a>,
    /// Members and the globals that hold them.
    pub members: Vec<(Symbol, u32)>,
}

/// What runs when a module is first used.
#[derive(Clone, Copy, Debug)]
pub enum ModuleBody<'a> {
    /// The top level of its file.
    File,
    /// A `module` block.
    Block(&'a Module<'a>),
    /// Each member is set to this builtin.
    Standard(&'static [(&'static str, &'static str)]),
}

/// What every name of a program means.
#[derive(Debug, Default)]
pub struct Resolved<'a> {
    /// Per file.
    pub files: Vec<ResolvedFile<'a>>,
    /// Name of each global.
    pub globals: Vec<Symbol>,
    /// Types.
    pub types: Vec<TypeInfo<'a>>,
    /// All fields of each type.
    type_fields: Vec<Vec<TypeField<'a>>>,
    /// Enums.
    pub enums: Vec<&'a Enum<'a>>,
    /// Modules.
    pub modules: Vec<ModuleInfo<'a>>,
    /// Library functions that are also methods of lists: name and index in the program.
    pub library: Vec<(Symbol, u32)>,
    /// How many functions the files have together.
    pub function_count: u32,
    /// Errors, by file.
    pub diagnostics: Vec<(usize, Diagnostic)>,
}

impl<'a> Resolved<'a> {
    /// Scope of a function.
    pub fn scope(&self, file: usize, function: FunctionId) -> &FunctionScope<'a> {
        &self.files[file].functions[function.0 as usize]
    }

    /// Meaning of an occurrence.
    pub fn binding(&self, file: usize, name: Name) -> Binding {
        self.files[file].bindings[name.id.0 as usize]
    }

    /// Where a variable that an occurrence names lives, when the occurrence names one that is not captured.
    pub fn storage(&self, file: usize, name: Name) -> Option<Storage> {
        match self.binding(file, name) {
            Binding::Variable { owner, variable } => Some(self.scope(file, owner).variables[variable as usize].storage),
            _ => None,
        }
    }
}

/// Resolves a program.
pub fn resolve<'a>(program: &SourceProgram<'a>) -> Resolved<'a> {
    let mut resolver = Resolver {
        program,
        resolved: Resolved::default(),
        current: vec![Entry::NOWHERE; program.names.len()],
        library: FxHashMap::default(),
        unknown: FxHashMap::default(),
        frames: Vec::new(),
        file: 0,
        builtins: vec![None; program.names.len()],
        file_members: Vec::new(),
        fixed_globals: FxHashMap::default(),
        named_types: Vec::new(),
        roots: Vec::new(),
        protocols: FxHashMap::default(),
        this: program.names.find("this"),
        watched: FxHashMap::default(),
        watchers: FxHashSet::default(),
    };
    let mut first_function = 0;
    for (index, source) in program.files.iter().enumerate() {
        resolver.resolved.files.push(ResolvedFile {
            bindings: vec![Binding::None; source.file.name_count as usize],
            functions: (0..source.file.function_count).map(|_| FunctionScope::default()).collect(),
            first_function,
            module: None,
            counters: FxHashSet::default(),
            idle_jumps: FxHashSet::default(),
            notified: FxHashMap::default(),
            notifier: None,
            owners: Vec::new(),
        });
        first_function += source.file.function_count;
        resolver.file = index;
        resolver.watched = source.file.watched.iter().copied().collect();
        resolver.watchers = source.file.watched.iter().map(|&(_, hidden)| hidden).collect();
        let notifier = program.names.find("__notify").and_then(|symbol| resolver.library.get(&symbol).copied());
        resolver.resolved.files[index].notifier = notifier;
        resolver.file(source.kind);
    }
    resolver.resolved.function_count = first_function;
    resolver.resolved.settle_fields();
    resolver.resolved
}

/// Innermost declaration of a symbol while walking.
#[derive(Clone, Copy)]
struct Entry {
    /// Depth of the owning frame plus one; 0 when the symbol is declared nowhere.
    depth: u32,
    variable: u32,
}

impl Entry {
    const NOWHERE: Self = Self { depth: 0, variable: 0 };
}

/// A function being walked.
struct Frame<'a> {
    id: FunctionId,
    scope: FunctionScope<'a>,
    /// Entries that this function's variables hide, restored when it ends.
    hidden: Vec<(Symbol, Entry)>,
    loop_depth: u32,
    /// Loops whose bodies, and not only conditions, are around the point reached.
    breakable_loops: u32,
    /// Names in `export` statements, wherever they stand in the function.
    exports: Vec<Symbol>,
    /// Loops and `defer` blocks around the point reached: what stands there may run after what follows in the text.
    disorder: u32,
    /// Uses, outside of those, of variables with the name of a builtin that nothing before them in the text sets.
    early_uses: Vec<(Name, u32)>,
    /// Where the literal that made this function begins; 0 when it is hoisted.
    made_at: u32,
    /// The numbers of the functions inside this one lie between these two. They need not follow its own: the parser may know of a function only when it has
    /// read some of what belongs to it, as of an arrow behind the defaults of its parameters.
    inside: (FunctionId, FunctionId),
    /// The contract whose action or constructor this function is.
    contract: Option<&'a Entity<'a>>,
}

struct Resolver<'a, 'p> {
    program: &'p SourceProgram<'a>,
    resolved: Resolved<'a>,
    current: Vec<Entry>,
    library: FxHashMap<Symbol, u32>,
    unknown: FxHashMap<Symbol, u32>,
    frames: Vec<Frame<'a>>,
    file: usize,
    /// Whether each symbol names a builtin, once asked.
    builtins: Vec<Option<bool>>,
    /// Top-level names of each resolved file: symbol, global, whether it is exported explicitly.
    file_members: Vec<Vec<(Symbol, u32, bool)>>,
    /// Types and modules by the globals that hold them for others.
    fixed_globals: FxHashMap<u32, Storage>,
    /// Paths that name types in the current file. They are followed at its end, when all its modules are known.
    named_types: Vec<types::NamedType<'a>>,
    /// For each type an ancestor of it, or itself when it extends nothing.
    roots: Vec<u32>,
    /// Protocols of the current file by name.
    protocols: FxHashMap<Symbol, &'a Protocol<'a>>,
    /// The symbol of `this`, if the program has it.
    this: Option<Symbol>,
    /// Hidden variables by the variables of the current file that are watched.
    watched: FxHashMap<Symbol, Symbol>,
    /// All hidden variables of the current file.
    watchers: FxHashSet<Symbol>,
}

/// Names that stand for facts about the file and the run.
pub const PREDEFINED: [&str; 9] =
    ["TX", "msg", "__ARGS__", "__ARGV__", "__FILE__", "__file__", "__DIR__", "__MODULE__", "__PACKAGE__"];

impl<'a> Resolver<'a, '_> {
    fn error(&mut self, diagnostic: Diagnostic) {
        self.resolved.diagnostics.push((self.file, diagnostic));
    }

    fn text(&self, symbol: Symbol) -> &str {
        self.program.names.text(symbol)
    }

    fn new_global(&mut self, symbol: Symbol) -> u32 {
        self.resolved.globals.push(symbol);
        self.resolved.globals.len() as u32 - 1
    }

    fn is_builtin(&mut self, symbol: Symbol) -> bool {
        let text = self.program.names.text(symbol);
        *self.builtins[symbol.0 as usize]
            .get_or_insert_with(|| PREDEFINED.contains(&text) || runtime::builtins::find(text).is_some())
    }

    fn frame(&mut self) -> &mut Frame<'a> {
        self.frames.last_mut().expect("a function is being walked")
    }

    fn program_function(&self, id: FunctionId) -> u32 {
        self.resolved.files[self.file].first_function + id.0
    }

    /// Adds a variable to the innermost function and puts its name in scope.
    fn declare(&mut self, symbol: Symbol, declaration: Declaration) -> u32 {
        let depth = self.frames.len() as u32;
        let entry = self.current[symbol.0 as usize];
        let storage = match declaration {
            Declaration::Fixed(storage) => storage,
            _ => Storage::Slot(0),
        };
        if entry.depth == depth {
            let variable = &mut self.frame().scope.variables[entry.variable as usize];
            if variable.declaration == Declaration::Local {
                variable.declaration = declaration;
                if let Declaration::Fixed(storage) = declaration {
                    variable.storage = storage;
                }
            } else if variable.declaration != declaration {
                // Declared in two ways: an ordinary variable that each declaration writes.
                if !matches!(variable.declaration, Declaration::Parameter) {
                    variable.declaration = Declaration::Local;
                }
            }
            return entry.variable;
        }
        let variable = self.frame().scope.variables.len() as u32;
        let builtin = self.builtin_of(symbol);
        let is_watchers = self.watchers.contains(&symbol);
        self.frame().scope.variables.push(Variable {
            symbol,
            declaration,
            storage,
            exported: None,
            builtin,
            writes: 0,
            set_from: u32::MAX,
            written_at: 0,
            is_written_in_loop: false,
            is_constant: false,
            is_captured: false,
            captured_at: u32::MAX,
            is_written_by_nested: false,
            is_watchers,
            is_counter: false,
        });
        self.frame().hidden.push((symbol, entry));
        self.current[symbol.0 as usize] = Entry { depth, variable };
        // Those of parameters come when all parameters are there, whose slots are the first.
        if !matches!(declaration, Declaration::Fixed(_) | Declaration::Parameter) {
            self.declare_watchers(symbol);
        }
        variable
    }

    /// Declares the hidden variable that has the watchers of one, if that is watched.
    fn declare_watchers(&mut self, symbol: Symbol) {
        let Some(&hidden) = self.watched.get(&symbol) else { return };
        let hidden = self.declare(hidden, Declaration::Local);
        let hidden = &mut self.frame().scope.variables[hidden as usize];
        // It is set at the beginning, and may be wherever something is watched.
        hidden.writes += 2;
        hidden.is_written_by_nested = true;
    }

    /// Notes an assignment to a variable that may be watched.
    fn notify(&mut self, name: Name) {
        let Some(&hidden) = self.watched.get(&name.symbol) else { return };
        if matches!(self.resolved.files[self.file].bindings[name.id.0 as usize], Binding::Member(_)) {
            return;
        }
        let binding = self.lookup_symbol(hidden);
        self.resolved.files[self.file].notified.insert(name.id, binding);
    }

    /// Meaning of a use of `name` in the innermost function.
    fn lookup(&mut self, name: Name) -> Binding {
        let binding = match self.owner_of(name.symbol) {
            Some(owner) => Binding::Member(owner),
            None => self.lookup_symbol(name.symbol),
        };
        self.resolved.files[self.file].bindings[name.id.0 as usize] = binding;
        binding
    }

    /// If `symbol` means a member of the contract around the innermost function: which of the file's owners it is a member of.
    fn owner_of(&mut self, symbol: Symbol) -> Option<u32> {
        if !self.is_contract_member(symbol) {
            return None;
        }
        let owner = self.lookup_symbol(self.this?);
        let owners = &mut self.resolved.files[self.file].owners;
        owners.push(owner);
        Some(owners.len() as u32 - 1)
    }

    /// Whether `symbol` means a member of the contract around the innermost function: a field, unless a function inside the contract has a
    /// variable of that name, or an action, where the name would mean nothing else.
    fn is_contract_member(&mut self, symbol: Symbol) -> bool {
        let is_member_function = |frame: &Frame<'a>| {
            let kind = frame.scope.function.map(|function| function.kind);
            matches!(kind, Some(FunctionKind::Method | FunctionKind::Constructor { .. }))
        };
        let Some(at) = self.frames.iter().rposition(is_member_function) else { return false };
        let Some(contract) = self.frames[at].contract else { return false };
        let entry = self.current[symbol.0 as usize];
        if entry.depth as usize > at {
            return false;
        }
        contract.fields.iter().any(|field| field.name.symbol == symbol)
            || (entry.depth == 0
                && contract.methods.iter().any(|action| action.name.is_some_and(|name| name.symbol == symbol))
                && !self.library.contains_key(&symbol)
                && !self.is_builtin(symbol))
    }

    /// Meaning of `symbol` in the innermost function, where it is no contract's member.
    fn lookup_symbol(&mut self, symbol: Symbol) -> Binding {
        let entry = self.current[symbol.0 as usize];
        let depth = self.frames.len() as u32;
        if entry.depth == 0 {
            self.lookup_outside(symbol)
        } else {
            let owner = &self.frames[entry.depth as usize - 1];
            if entry.depth == depth {
                Binding::Variable { owner: owner.id, variable: entry.variable }
            } else {
                let (owner_id, is_top_level) = (owner.id, owner.scope.is_top_level);
                // The function directly inside the owner is the one whose making decides between copy and cell.
                let made_at = self.frames[entry.depth as usize].made_at;
                let variable = &mut self.frames[entry.depth as usize - 1].scope.variables[entry.variable as usize];
                let is_fixed = matches!(variable.declaration, Declaration::Fixed(_));
                if !is_fixed {
                    variable.is_captured = true;
                    variable.captured_at = variable.captured_at.min(made_at);
                }
                if is_top_level || is_fixed {
                    Binding::Variable { owner: owner_id, variable: entry.variable }
                } else {
                    Binding::Capture(self.capture(entry, symbol))
                }
            }
        }
    }

    /// Meaning of a name in an expression.
    fn read(&mut self, name: Name) {
        let binding = self.lookup(name);
        let frame = self.frame();
        if let Binding::Variable { owner, variable } = binding
            && owner == frame.id
            && frame.disorder == 0
            && frame.scope.variables[variable as usize].builtin.is_some()
        {
            frame.early_uses.push((name, variable));
        }
    }

    /// The builtin or library function of this name.
    fn builtin_of(&mut self, symbol: Symbol) -> Option<Binding> {
        if let Some(&function) = self.library.get(&symbol) {
            return Some(Binding::Library(function));
        }
        (self.is_builtin(symbol) && !PREDEFINED.contains(&self.text(symbol))).then_some(Binding::Builtin(symbol))
    }

    fn lookup_outside(&mut self, symbol: Symbol) -> Binding {
        if let Some(&function) = self.library.get(&symbol) {
            return Binding::Library(function);
        }
        if self.is_builtin(symbol) {
            return Binding::Builtin(symbol);
        }
        if let Some(&global) = self.unknown.get(&symbol) {
            return Binding::Unknown(global);
        }
        let global = self.new_global(symbol);
        self.unknown.insert(symbol, global);
        Binding::Unknown(global)
    }

    /// Index of the variable `entry` among the captures of the innermost function, added to every function in between.
    fn capture(&mut self, entry: Entry, symbol: Symbol) -> u32 {
        let owner = self.frames[entry.depth as usize - 1].id;
        let mut from = CaptureFrom::Variable(entry.variable);
        for frame in &mut self.frames[entry.depth as usize..] {
            let captures = &mut frame.scope.captures;
            let known =
                captures.iter().position(|capture| capture.owner == owner && capture.owner_variable == entry.variable);
            let index = known.unwrap_or_else(|| {
                captures.push(CaptureInfo { symbol, from, owner, owner_variable: entry.variable, is_cell: false });
                captures.len() - 1
            });
            from = CaptureFrom::Capture(index as u32);
        }
        match from {
            CaptureFrom::Capture(index) => index,
            CaptureFrom::Variable(_) => unreachable!("a captured variable lies in an enclosing function"),
        }
    }

    /// Records an assignment to `name` by the statement or expression that ends at `end`. From offset `from` on the variable may be set.
    fn write(&mut self, name: Name, from: u32, end: u32, is_declaration: bool, is_constant: bool) {
        let binding = self.lookup(name);
        let entry = self.current[name.symbol.0 as usize];
        if entry.depth == 0 || matches!(binding, Binding::Member(_)) {
            return;
        }
        let is_nested = entry.depth != self.frames.len() as u32;
        let in_loop = self.frame().loop_depth != 0;
        let variable = &mut self.frames[entry.depth as usize - 1].scope.variables[entry.variable as usize];
        let refused = variable.is_constant;
        variable.writes += 1;
        variable.set_from = variable.set_from.min(from);
        variable.written_at = variable.written_at.max(end);
        variable.is_written_in_loop |= in_loop;
        variable.is_written_by_nested |= is_nested;
        variable.is_constant |= is_constant;
        let fixed = match variable.declaration {
            Declaration::Fixed(Storage::Type(_)) => Some("type"),
            Declaration::Fixed(Storage::Enum(_)) => Some("enum"),
            Declaration::Fixed(Storage::Module(_)) => Some("module"),
            Declaration::Fixed(Storage::Protocol) => Some("protocol"),
            Declaration::Fixed(_) => Some("imported name"),
            _ => None,
        };
        let text = self.text(name.symbol).to_string();
        if refused || (is_constant && !is_declaration) {
            self.error(
                Diagnostic::error(format!("Cannot assign to constant '{text}'"), name.span)
                    .with_help("declare it with 'let' if it is meant to change"),
            );
        } else if let Some(kind) = fixed {
            self.error(
                Diagnostic::error(format!("Cannot assign to {kind} '{text}'"), name.span)
                    .with_help("choose another name for the variable"),
            );
        }
    }

    /// Ends the innermost function: decides where its variables live.
    fn finish(&mut self) {
        let mut frame = self.frames.pop().expect("a function is being walked");
        for (symbol, entry) in frame.hidden.drain(..).rev() {
            self.current[symbol.0 as usize] = entry;
        }
        let is_top_level = frame.scope.is_top_level;
        let mut slots = 0;
        for index in 0..frame.scope.variables.len() {
            let variable = frame.scope.variables[index];
            let storage = match variable.declaration {
                Declaration::Fixed(storage) => storage,
                Declaration::Function(id)
                    if variable.writes == 1 && self.is_plain_function(id, is_top_level, variable.is_captured) =>
                {
                    Storage::Function(self.program_function(id))
                }
                _ if is_top_level && (variable.is_captured || variable.exported.is_some()) => {
                    Storage::Global(variable.exported.unwrap_or_else(|| self.new_global(variable.symbol)))
                }
                _ => {
                    let slot = slots;
                    slots += if variable.is_counter { 3 } else { 1 };
                    if variable.is_captured && variable.needs_cell() {
                        Storage::Cell(slot)
                    } else {
                        Storage::Slot(slot)
                    }
                }
            };
            frame.scope.variables[index].storage = storage;
        }
        frame.scope.slots = slots;
        for (name, variable) in frame.early_uses {
            let variable = &frame.scope.variables[variable as usize];
            if variable.declaration == Declaration::Local
                && !variable.is_captured
                && name.span.start < variable.set_from
                && let Some(builtin) = variable.builtin
            {
                self.resolved.files[self.file].bindings[name.id.0 as usize] = builtin;
            }
        }
        let id = frame.id;
        self.resolved.files[self.file].functions[id.0 as usize] = frame.scope;
        self.settle_captures(id, frame.inside);
    }

    /// True when a declared function needs no variable: nothing it captures depends on the frame that declares it.
    fn is_plain_function(&self, id: FunctionId, is_top_level: bool, is_captured: bool) -> bool {
        is_top_level || !is_captured && self.resolved.files[self.file].functions[id.0 as usize].captures.is_empty()
    }

    /// Tells the captures of functions inside `owner`, whose numbers lie between these two, whether its variables are cells.
    fn settle_captures(&mut self, owner: FunctionId, (first, last): (FunctionId, FunctionId)) {
        let functions = &mut self.resolved.files[self.file].functions;
        let scope = &functions[owner.0 as usize];
        if scope.is_top_level || !scope.variables.iter().any(|variable| variable.is_captured) {
            return;
        }
        let cells: Vec<bool> =
            scope.variables.iter().map(|variable| matches!(variable.storage, Storage::Cell(_))).collect();
        for function in &mut functions[first.0 as usize..=last.0 as usize] {
            for capture in &mut function.captures {
                if capture.owner == owner {
                    capture.is_cell = cells[capture.owner_variable as usize];
                }
            }
        }
    }
}

impl Variable {
    /// The builtin that it means as long as it is unset; nothing for what is set from the beginning.
    pub fn builtin_until_set(&self) -> Option<Binding> {
        self.builtin.filter(|_| matches!(self.declaration, Declaration::Local | Declaration::Parameter))
    }

    /// Whether a captured variable can change after a function that captures it was made.
    fn needs_cell(&self) -> bool {
        match self.declaration {
            Declaration::Parameter => self.writes != 0 || self.captured_at < self.written_at,
            Declaration::Local => {
                self.writes != 1
                    || self.is_written_in_loop
                    || self.is_written_by_nested
                    || self.captured_at < self.written_at
            }
            _ => true,
        }
    }
}

/// Numbers that tell the file kinds apart where the resolver asks.
impl FileKind {
    fn exports_everything(self) -> bool {
        self != Self::Main
    }
}
