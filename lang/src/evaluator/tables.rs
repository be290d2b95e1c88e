//! What the evaluator works out before a run: what each occurrence of a name means, and what each function needs.

use fxhash::FxHashMap;
use isa::Constant;
use runtime::builtins::{self, Builtin};
use runtime::context::Program;
use runtime::{Runtime, Tag, Value};

use crate::ast::{Enum, Expression, Function, FunctionBody, FunctionKind, Statement};
use crate::loader::Analysis;
use crate::names::Symbol;
use crate::program::FileKind;
use crate::resolver::{Binding, CaptureFrom, FunctionScope, ModuleBody, PREDEFINED, Storage};

/// What an occurrence of a name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A slot of the frame.
    Slot(u32),
    /// A slot of the frame that holds a cell.
    Cell(u32),
    /// A captured variable.
    Capture(u32),
    /// A global.
    Global(u32),
    /// A function.
    Function(u32),
    /// A type.
    Type(u32),
    /// An enum.
    Enum(u32),
    /// A module.
    Module(u32),
    /// A builtin: index into [`Tables::builtins`].
    Builtin(u32),
    /// A fact about the file or the run: index into [`PREDEFINED`].
    Predefined(u32),
    /// A member of a contract: index into [`Tables::owners`].
    Member(u32),
    /// Nothing that exists while the program runs.
    Nothing,
}

/// A builtin that the program mentions.
#[derive(Clone, Copy, Debug)]
pub(super) struct BuiltinUse {
    /// The builtin itself.
    pub(super) builtin: &'static Builtin,
    /// Its index among the program's builtins, when the program uses it as a value.
    index: u32,
    /// True for `len` and its synonyms, which with one argument are an operation of their own.
    pub(super) is_length: bool,
    /// True for `range`, which loops count without making a list.
    pub(super) is_range: bool,
}

/// A parameter of a function that has defaults.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parameter<'a> {
    /// Where it is kept.
    pub(super) place: Place,
    /// What it is without an argument.
    pub(super) default: Default<'a>,
}

/// What a parameter is without an argument.
#[derive(Clone, Copy, Debug)]
pub(super) enum Default<'a> {
    /// Null.
    Null,
    /// The value of an expression.
    Expression(&'a Expression<'a>),
    /// What a function gives, which is called at this offset: a field's default that a type inherits from another file.
    Call(u32, u32),
}

impl<'a> Default<'a> {
    fn of(default: Option<&'a Expression<'a>>) -> Self {
        default.map_or(Self::Null, Self::Expression)
    }
}

/// What runs when a function is called.
#[derive(Clone, Debug)]
pub(super) enum Body<'a> {
    /// Statements; falling off their end gives null.
    Statements(&'a [Statement<'a>]),
    /// An expression that gives the result.
    Expression(&'a Expression<'a>),
    /// Making an instance of this type of all slots.
    Constructor(u32),
    /// Setting these globals: a standard module.
    Globals(Box<[(u32, Value)]>),
}

/// A function of the program.
#[derive(Clone, Debug)]
pub(super) struct Code<'a> {
    /// Index of its file.
    pub(super) file: u32,
    /// Where the names of its file begin among [`Tables::places`].
    pub(super) names: u32,
    /// Index of its file's function 0.
    pub(super) first_function: u32,
    /// How many parameters it has: its first slots.
    pub(super) parameters: u32,
    /// Its parameters, if one of them has a default: missing arguments are then unset at first, and computed in order.
    pub(super) defaults: Box<[Parameter<'a>]>,
    /// Whether arguments that are not given are unset, and not null, though no default is computed here.
    pub(super) passes_defaults: bool,
    /// Whether a call of it is a task.
    pub(super) is_async: bool,
    /// How many slots it has.
    pub(super) slots: u32,
    /// Slots that get a cell at the beginning.
    pub(super) cells: Box<[u32]>,
    /// Hidden variables that have the watchers of others: they are null at the beginning.
    pub(super) watchers: Box<[Place]>,
    /// Globals that are set at the beginning: to its types, enums and modules, and to builtins whose names its variables have.
    pub(super) published: Box<[(u32, Value)]>,
    /// Functions that are made at the beginning, and the variables they are kept in.
    pub(super) hoisted: Box<[(Place, u32)]>,
    /// Where the enclosing function has the variables that this one captures: a slot, or a capture of its own.
    pub(super) captures: Box<[Place]>,
    /// What runs then.
    pub(super) body: Body<'a>,
}

/// The tables of a run.
#[derive(Debug)]
pub(super) struct Tables<'a, 't> {
    pub(super) analysis: &'t Analysis<'a>,
    /// Meaning of every occurrence of a name, file by file.
    pub(super) places: Vec<Place>,
    /// Functions by index in the program.
    pub(super) functions: Vec<Code<'a>>,
    /// The main file's top level.
    pub(super) main: u32,
    /// Index in the program of the name of each symbol. A symbol that no code needs as a name has none.
    pub(super) names: Vec<u32>,
    /// Name indices of the fields of each type, in order.
    pub(super) fields: Vec<Box<[u32]>>,
    /// Value of each enum.
    pub(super) enums: Vec<Value>,
    /// Builtins that the program mentions.
    pub(super) builtins: Vec<BuiltinUse>,
    /// What variables with the name of a builtin or library function mean until they are set.
    pub(super) unset: FxHashMap<Symbol, Place>,
    /// String constants of the program by text.
    pub(super) strings: FxHashMap<&'t str, Value>,
    /// What `this` is where members of contracts are meant by their bare names.
    pub(super) owners: Vec<Place>,
    /// The function that calls the handlers of an event, if the program can register any.
    pub(super) event_dispatcher: Option<u32>,
    /// The hidden variables that have the watchers of a variable that is assigned, by the name that is assigned.
    pub(super) notified: FxHashMap<u32, Place>,
    /// The function that tells watchers.
    pub(super) notifier: Option<u32>,
}

/// An index that stands for none.
const NONE: u32 = u32::MAX;

impl<'a, 't> Tables<'a, 't> {
    /// The tables for running the program of `analysis` as `program`.
    pub(super) fn new(analysis: &'t Analysis<'a>, program: &'t Program, runtime: &Runtime) -> Self {
        let resolved = &analysis.resolved;
        let mut tables = Self {
            analysis,
            places: Vec::new(),
            functions: Vec::with_capacity(program.functions.len()),
            main: program.entry,
            names: Vec::new(),
            fields: Vec::new(),
            enums: vec![Value::NULL; resolved.enums.len()],
            builtins: Vec::new(),
            unset: FxHashMap::default(),
            strings: FxHashMap::default(),
            owners: Vec::new(),
            event_dispatcher: analysis.event_dispatcher(),
            notified: FxHashMap::default(),
            notifier: resolved.files.iter().find_map(|file| file.notifier),
        };
        let names = &analysis.program.names;
        let name_index = |symbol: u32| program.name_indices.get(names.text(Symbol(symbol))).copied().unwrap_or(NONE);
        tables.names = (0..names.len() as u32).map(name_index).collect();
        for (constant, &value) in program.constants.iter().zip(&runtime.constants) {
            match constant {
                Constant::String(text) => {
                    tables.strings.insert(text, value);
                }
                Constant::Enum(index) => tables.enums[*index as usize] = value,
                _ => {}
            }
        }
        tables.fields = program
            .types
            .iter()
            .map(|facts| positions(if facts.is_contract { &facts.state } else { &facts.fields }))
            .collect();
        tables.add_files(program);
        tables.add_constructors(program);
        tables.add_standard_modules(program);
        tables
    }

    /// Names and functions of all files.
    fn add_files(&mut self, program: &Program) {
        let mut builtins = FxHashMap::default();
        for (file, source) in self.analysis.program.files.iter().enumerate() {
            let resolved = &self.analysis.resolved.files[file];
            let names = self.places.len() as u32;
            let first_owner = self.owners.len() as u32;
            let owners: Vec<Place> = resolved.owners.iter().map(|&owner| self.place(file, owner)).collect();
            self.owners.extend(owners);
            for &binding in &resolved.bindings {
                let place = match binding {
                    Binding::Builtin(symbol) => self.builtin_place(symbol, program, &mut builtins),
                    Binding::Member(owner) => Place::Member(first_owner + owner),
                    _ => self.place(file, binding),
                };
                self.places.push(place);
            }
            for (name, &hidden) in &resolved.notified {
                self.notified.insert(names + name.0, self.place(file, hidden));
            }
            for variable in resolved.functions.iter().flat_map(|scope| &scope.variables) {
                if let Some(binding) = variable.builtin_until_set() {
                    let place = match binding {
                        Binding::Builtin(symbol) => self.builtin_place(symbol, program, &mut builtins),
                        _ => self.place(file, binding),
                    };
                    self.unset.insert(variable.symbol, place);
                }
            }
            for scope in &resolved.functions {
                let code = self.code(file, names, scope, source.file.statements);
                self.functions.push(code);
            }
            if source.kind == FileKind::Main {
                self.main = resolved.first_function;
            }
        }
        self.add_module_blocks();
    }

    fn place(&self, file: usize, binding: Binding) -> Place {
        match binding {
            Binding::Variable { owner, variable } => {
                let scope = self.analysis.resolved.scope(file, owner);
                place_of(scope.variables[variable as usize].storage)
            }
            Binding::Capture(index) => Place::Capture(index),
            Binding::Library(function) => Place::Function(function),
            Binding::Unknown(global) => Place::Global(global),
            Binding::Type(index) => Place::Type(index),
            Binding::Builtin(_) | Binding::Member(_) | Binding::None => Place::Nothing,
        }
    }

    fn builtin_place(&mut self, symbol: Symbol, program: &Program, known: &mut FxHashMap<Symbol, Place>) -> Place {
        if let Some(&place) = known.get(&symbol) {
            return place;
        }
        let text = self.analysis.program.names.text(symbol);
        let place = if let Some(index) = PREDEFINED.iter().position(|name| *name == text) {
            Place::Predefined(index as u32)
        } else if let Some(builtin) = builtins::find(text) {
            let index = builtin_index(program, text);
            let is_length = matches!(text, "len" | "length" | "size");
            self.builtins.push(BuiltinUse { builtin, index, is_length, is_range: text == "range" });
            Place::Builtin(self.builtins.len() as u32 - 1)
        } else {
            Place::Nothing
        };
        known.insert(symbol, place);
        place
    }

    /// What a function of a file needs. Top levels run `statements`.
    fn code(&self, file: usize, names: u32, scope: &FunctionScope<'a>, statements: &'a [Statement<'a>]) -> Code<'a> {
        let first_function = self.analysis.resolved.files[file].first_function;
        let variable_of = |symbol: Symbol| scope.variables.iter().find(|variable| variable.symbol == symbol);
        let hoisted = scope.hoisted.iter().filter_map(|function| {
            let variable = variable_of(function.name?.symbol)?;
            let place = match (variable.storage, variable.exported) {
                (Storage::Function(_), None) => return None,
                (Storage::Function(_), Some(global)) => Place::Global(global),
                (storage, _) => place_of(storage),
            };
            Some((place, first_function + function.id.0))
        });
        let published = scope.variables.iter().filter_map(|variable| match variable.storage {
            Storage::Global(global) => {
                variable.builtin_until_set().and_then(|_| Some((global, self.unset_value(variable.symbol)?)))
            }
            storage => Some((variable.exported?, self.fixed_value(storage)?)),
        });
        let cells = scope.variables.iter().filter_map(|variable| match variable.storage {
            Storage::Cell(slot) => Some(slot),
            _ => None,
        });
        let watchers = scope.variables.iter().filter(|variable| variable.is_watchers);
        let watchers = watchers.map(|variable| place_of(variable.storage));
        let captures = scope.captures.iter().map(|capture| match (capture.from, scope.parent) {
            (CaptureFrom::Capture(index), _) => Place::Capture(index),
            (CaptureFrom::Variable(variable), Some(parent)) => {
                self.place(file, Binding::Variable { owner: parent, variable })
            }
            (CaptureFrom::Variable(_), None) => Place::Nothing,
        });
        Code {
            file: file as u32,
            names,
            first_function,
            parameters: scope.function.map_or(0, |function| function.parameters.len() as u32),
            defaults: scope.function.map_or_else(Box::default, |function| parameters(function, scope)),
            passes_defaults: scope
                .function
                .is_some_and(|function| function.kind == FunctionKind::Constructor { passes_defaults: true }),
            is_async: scope.function.is_some_and(|function| function.is_async),
            slots: scope.slots,
            cells: cells.collect(),
            watchers: watchers.collect(),
            published: published.collect(),
            hoisted: hoisted.collect(),
            captures: captures.collect(),
            body: match scope.function.map(|function| function.body) {
                None => Body::Statements(statements),
                Some(FunctionBody::Block(block)) => Body::Statements(block.statements),
                Some(FunctionBody::Expression(expression)) => Body::Expression(expression),
            },
        }
    }

    /// The builtin or library function that a variable of this name means until it is set.
    fn unset_value(&self, symbol: Symbol) -> Option<Value> {
        match *self.unset.get(&symbol)? {
            Place::Builtin(index) => Some(self.builtin_value(index)),
            Place::Function(index) => Some(Value::indexed(Tag::Function, index)),
            _ => None,
        }
    }

    /// The value that a name with this storage always has.
    fn fixed_value(&self, storage: Storage) -> Option<Value> {
        match storage {
            Storage::Type(index) => Some(Value::indexed(Tag::Type, index)),
            Storage::Enum(index) => Some(self.enums[index as usize]),
            Storage::Module(index) => Some(Value::indexed(Tag::Module, index)),
            _ => None,
        }
    }

    /// The functions of `module` blocks run the statements of their block.
    fn add_module_blocks(&mut self) {
        for module in &self.analysis.resolved.modules {
            if let ModuleBody::Block(block) = module.body {
                let function = self.analysis.resolved.files[module.file].first_function + block.id.0;
                self.functions[function as usize].body = Body::Statements(block.body.statements);
            }
        }
    }

    /// The functions that make instances of types with computed defaults. They follow those of the files; behind them come those of
    /// defaults that types inherit from other files.
    fn add_constructors(&mut self, program: &Program) {
        let resolved = &self.analysis.resolved;
        // Those of contracts are functions of their files.
        let constructors =
            program.types.iter().filter(|facts| facts.constructor.is_some() && !facts.is_contract).count() as u32;
        let mut distant = FxHashMap::default();
        for (at, (owner, default)) in resolved.distant_defaults().into_iter().enumerate() {
            let function = resolved.function_count + constructors + at as u32;
            distant.insert(std::ptr::from_ref(default), function);
            let file = resolved.types[owner as usize].file;
            let code = self.bare_code(file, Box::default(), Body::Expression(default));
            self.put(function, code);
        }
        for (index, facts) in program.types.iter().enumerate() {
            if let Some(function) = facts.constructor.filter(|_| !facts.is_contract) {
                let defaults = self.field_defaults(index as u32, &distant);
                let code = self.bare_code(resolved.types[index].file, defaults, Body::Constructor(index as u32));
                self.put(function, code);
            }
        }
    }

    /// Defaults of all fields of a type. `distant` are the functions of defaults that are inherited from other files.
    fn field_defaults(&self, index: u32, distant: &FxHashMap<*const Expression<'a>, u32>) -> Box<[Parameter<'a>]> {
        let info = &self.analysis.resolved.types[index as usize];
        let fields = self.analysis.resolved.fields(index);
        let parameters = fields.iter().enumerate().map(|(slot, field)| {
            let function = field.field.default.and_then(|default| distant.get(&std::ptr::from_ref(default)));
            let default = match function {
                Some(&function) if field.file != info.file => Default::Call(function, info.entity.name.span.start),
                _ => Default::of(field.field.default),
            };
            Parameter { place: Place::Slot(slot as u32), default }
        });
        parameters.collect()
    }

    /// The functions that set the members of standard modules.
    fn add_standard_modules(&mut self, program: &Program) {
        for (index, module) in self.analysis.resolved.modules.iter().enumerate() {
            if let ModuleBody::Standard(builtins) = module.body {
                let value_of = |symbol: Symbol| {
                    let text = self.analysis.program.names.text(symbol);
                    let (_, builtin) = builtins.iter().find(|(member, _)| *member == text)?;
                    Some(Value::indexed(Tag::Builtin, builtin_index(program, builtin)))
                };
                let members = module.members.iter().filter_map(|&(symbol, global)| Some((global, value_of(symbol)?)));
                let code = self.bare_code(module.file, Box::default(), Body::Globals(members.collect()));
                self.put(program.modules[index].function, code);
            }
        }
    }

    /// A function that no source text declares.
    fn bare_code(&self, file: usize, defaults: Box<[Parameter<'a>]>, body: Body<'a>) -> Code<'a> {
        let first_function = self.analysis.resolved.files[file].first_function;
        let count = defaults.len() as u32;
        Code {
            file: file as u32,
            names: self.functions[first_function as usize].names,
            first_function,
            parameters: count,
            defaults,
            passes_defaults: false,
            is_async: false,
            slots: count,
            cells: Box::default(),
            watchers: Box::default(),
            published: Box::default(),
            hoisted: Box::default(),
            captures: Box::default(),
            body,
        }
    }

    fn put(&mut self, function: u32, code: Code<'a>) {
        let function = function as usize;
        if function >= self.functions.len() {
            self.functions.resize(function + 1, code.clone());
        }
        self.functions[function] = code;
    }

    /// Value of an enum's member; of two members with one name the last counts. Null for a name that is none.
    pub(super) fn enum_member(&self, index: u32, name: Symbol) -> Value {
        let declaration: &Enum<'a> = self.analysis.resolved.enums[index as usize];
        let member = declaration.members.iter().rev().find(|member| member.name.symbol == name);
        member.map_or(Value::NULL, |member| Value::int(member.value))
    }

    /// A builtin as a value.
    pub(super) fn builtin_value(&self, index: u32) -> Value {
        Value::indexed(Tag::Builtin, self.builtins[index as usize].index)
    }
}

fn place_of(storage: Storage) -> Place {
    match storage {
        Storage::Slot(slot) => Place::Slot(slot),
        Storage::Cell(slot) => Place::Cell(slot),
        Storage::Global(global) => Place::Global(global),
        Storage::Function(function) => Place::Function(function),
        Storage::Type(index) => Place::Type(index),
        Storage::Enum(index) => Place::Enum(index),
        Storage::Module(index) => Place::Module(index),
        Storage::Builtin(_) | Storage::Protocol => Place::Nothing,
    }
}

/// The parameters of a function, if one of them has a default.
fn parameters<'a>(function: &'a Function<'a>, scope: &FunctionScope<'a>) -> Box<[Parameter<'a>]> {
    if function.parameters.iter().all(|parameter| parameter.default.is_none()) {
        return Box::default();
    }
    let pairs = function.parameters.iter().zip(&scope.variables);
    pairs
        .map(|(parameter, variable)| Parameter {
            place: place_of(variable.storage),
            default: Default::of(parameter.default),
        })
        .collect()
}

/// The keys of a map from names to positions, by position.
fn positions(map: &FxHashMap<u32, u32>) -> Box<[u32]> {
    let mut names = vec![NONE; map.len()];
    for (&name, &position) in map {
        names[position as usize] = name;
    }
    names.into()
}

fn builtin_index(program: &Program, name: &str) -> u32 {
    program.builtins.iter().position(|builtin| builtin.name == name).map_or(NONE, |index| index as u32)
}
