//! The whole module: functions of every file, types, enums, modules.

use fxhash::FxHashMap;
use isa::module::{
    Capture, CaptureSource, EnumDefinition, FieldDefinition, Function as FunctionCode, Global, MethodDefinition,
    ModuleDefinition, PreludeFunction, Restrictions, Source, TypeDefinition,
};
use isa::{Constant, Module, Stack, StackCode, StackInstruction, StackOp};

use super::constants::{ConstantGlobal, constant_globals};
use super::function::{BEGINNING, FunctionCompiler};
use super::tables::Tables;
use crate::ast::{
    Entity, Expression, Function, FunctionBody, FunctionId, FunctionKind, Label, Module as ModuleBlock, Span, TypeKind,
};
use crate::constant::literal;
use crate::diagnostics::Diagnostic;
use crate::gas::{Charge, Charges, Node};
use crate::loader::Analysis;
use crate::names::Symbol;
use crate::places::{Place, Places};
use crate::program::FileKind;
use crate::resolver::{Binding, CaptureFrom, FunctionScope, ModuleBody, Storage};

pub(super) struct ModuleCompiler<'a, 'p> {
    pub(super) analysis: &'p Analysis<'a>,
    pub(super) tables: Tables<'p>,
    pub(super) diagnostics: Vec<(usize, Diagnostic)>,
    functions: Vec<FunctionCode<Stack>>,
    /// Globals whose literal is known wherever they are set.
    pub(super) constant_globals: FxHashMap<u32, ConstantGlobal<'a>>,
    /// Functions that compute defaults which types inherit from other files, by address of the default.
    pub(super) distant_defaults: FxHashMap<*const Expression<'a>, u32>,
    /// Constructor function of each type that needs one.
    pub(super) constructors: Vec<Option<u32>>,
    entry: u32,
    /// What regions cost by the nodes they begin at, with the file, if code is metered.
    pub(super) charges: Option<NodeCharges>,
}

/// What regions cost by the nodes they begin at, with the file that they are of.
#[derive(Default)]
pub(super) struct NodeCharges {
    pub(super) nodes: FxHashMap<Node, (usize, Charge)>,
}

impl<'a, 'p> ModuleCompiler<'a, 'p> {
    pub(super) fn new(analysis: &'p Analysis<'a>, is_metered: bool) -> Self {
        let resolved = &analysis.resolved;
        let mut compiler = Self {
            analysis,
            tables: Tables::new(&analysis.program.names),
            diagnostics: Vec::new(),
            functions: vec![FunctionCode::default(); resolved.function_count as usize],
            constant_globals: constant_globals(analysis),
            distant_defaults: FxHashMap::default(),
            constructors: vec![None; resolved.types.len()],
            entry: 0,
            charges: is_metered.then(NodeCharges::default),
        };
        for index in 0..resolved.types.len() {
            if let Some(constructor) = resolved.types[index].entity.constructor {
                let first_function = resolved.files[resolved.types[index].file].first_function;
                compiler.constructors[index] = Some(first_function + constructor.id.0);
            } else if resolved.fields(index as u32).iter().any(|field| field.computed_default().is_some()) {
                compiler.constructors[index] = Some(compiler.functions.len() as u32);
                compiler.functions.push(FunctionCode::default());
            }
        }
        for (_, default) in resolved.distant_defaults() {
            compiler.distant_defaults.insert(default, compiler.functions.len() as u32);
            compiler.functions.push(FunctionCode::default());
        }
        compiler
    }

    pub(super) fn text(&self, symbol: Symbol) -> &'p str {
        self.analysis.program.names.text(symbol)
    }

    /// Compiles every function of every file.
    pub(super) fn program(&mut self) {
        for (index, source) in self.analysis.program.files.iter().enumerate() {
            let resolved = &self.analysis.resolved.files[index];
            if source.kind == FileKind::Main {
                self.entry = resolved.first_function;
            }
            for (number, scope) in resolved.functions.iter().enumerate() {
                if let Some(function) = scope.function {
                    let code = self.function(index, function, scope);
                    self.functions[resolved.first_function as usize + number] = code;
                }
            }
            let name = if source.kind == FileKind::Main { "<main>" } else { &source.name };
            let mut main = FunctionCompiler::new(self, index, FunctionId(0));
            main.top_level(source.file.statements);
            let mut code = main.finish();
            code.name = self.tables.name_text(name);
            self.functions[resolved.first_function as usize] = code;
        }
        for (index, constructor) in self.constructors.clone().into_iter().enumerate() {
            let is_contract = self.analysis.resolved.types[index].entity.kind == TypeKind::Contract;
            if let Some(function) = constructor.filter(|_| !is_contract) {
                self.functions[function as usize] = self.constructor(index as u32);
            }
        }
        for (owner, default) in self.analysis.resolved.distant_defaults() {
            let function = self.distant_defaults[&std::ptr::from_ref(default)];
            self.functions[function as usize] = self.distant_default(owner, default);
        }
    }

    /// A function that computes a default of the type `owner`, for types of other files that inherit it.
    fn distant_default(&mut self, owner: u32, default: &'a Expression<'a>) -> FunctionCode<Stack> {
        let info = &self.analysis.resolved.types[owner as usize];
        let mut compiler = FunctionCompiler::for_constructor(self, info.file, 0, default.span.start);
        compiler.return_value(default, default.position());
        let mut code = compiler.finish();
        code.name = self.tables.name(info.entity.name.symbol);
        code
    }

    fn function(
        &mut self,
        file: usize,
        function: &'a Function<'a>,
        scope: &'p FunctionScope<'a>,
    ) -> FunctionCode<Stack> {
        if let Some(surplus) = function.parameters.get(usize::from(u16::MAX)) {
            let diagnostic =
                Diagnostic::error(format!("a function has at most {} parameters", u16::MAX), surplus.name.span)
                    .with_help("pass a list or a map instead");
            self.diagnostics.push((file, diagnostic));
            return FunctionCode::default();
        }
        let mut compiler = FunctionCompiler::new(self, file, function.id);
        compiler.function(function);
        let mut code = compiler.finish();
        code.name = match function.name {
            Some(name) => self.tables.name(name.symbol),
            None => self.tables.name_text("<lambda>"),
        };
        code.parameters = function.parameters.len() as u16;
        code.has_defaults = function.parameters.iter().any(|parameter| parameter.default.is_some())
            || function.kind == FunctionKind::Constructor { passes_defaults: true };
        // A literal in a field's default has an enclosing function without a number, and captures nothing.
        let functions = &self.analysis.resolved.files[file].functions;
        let parent = scope.parent.and_then(|parent| functions.get(parent.0 as usize));
        code.captures = scope
            .captures
            .iter()
            .map(|capture| Capture {
                name: self.tables.name(capture.symbol),
                from: match capture.from {
                    CaptureFrom::Capture(index) => CaptureSource::Capture(index),
                    CaptureFrom::Variable(variable) => {
                        match parent.map(|parent| parent.variables[variable as usize].storage) {
                            Some(Storage::Slot(slot) | Storage::Cell(slot)) => CaptureSource::Local(slot),
                            _ => unreachable!("captured variables live in slots of the enclosing function"),
                        }
                    }
                },
                is_cell: capture.is_cell,
            })
            .collect();
        if let (FunctionKind::Declaration, Some(name), Some(parent)) = (function.kind, function.name, parent)
            && let Binding::Variable { variable, .. } = self.analysis.resolved.binding(file, name)
        {
            let variable = parent.variables[variable as usize];
            code.global = match (variable.exported, variable.storage) {
                (Some(global), _) | (None, Storage::Global(global)) if parent.is_top_level => Some(global),
                _ => None,
            };
        }
        code
    }

    /// Labels of a type's fields in order.
    pub(super) fn field_symbols(&self, index: u32) -> Vec<Symbol> {
        self.analysis.resolved.fields(index).iter().map(|field| field.field.name.symbol).collect()
    }

    /// A function that makes an instance from positional arguments, computing what is not given.
    fn constructor(&mut self, index: u32) -> FunctionCode<Stack> {
        let info = &self.analysis.resolved.types[index as usize];
        let (file, entity): (usize, &'a Entity<'a>) = (info.file, info.entity);
        let fields = self.analysis.resolved.fields(index);
        if fields.len() > isa::stack::MAX_ARGUMENTS as usize {
            self.diagnostics.push((
                file,
                Diagnostic::error(
                    format!("a type with computed defaults has at most {} fields", isa::stack::MAX_ARGUMENTS),
                    entity.name.span,
                )
                .with_help("keep some of them in a field that is itself an entity or a map"),
            ));
            return FunctionCode::default();
        }
        let mut compiler = FunctionCompiler::for_constructor(self, file, fields.len() as u32, entity.name.span.start);
        for (slot, field) in fields.iter().enumerate() {
            compiler.field_default(slot as u32, field.file, field.field);
        }
        compiler.constructor_end(index, fields.len() as u32);
        let mut code = compiler.finish();
        code.name = self.tables.name(entity.name.symbol);
        code.parameters = fields.len() as u16;
        code.has_defaults = true;
        for (slot, field) in fields.iter().enumerate() {
            code.local_names[slot] = self.tables.name(field.field.name.symbol);
        }
        code
    }

    fn type_definition(&mut self, index: u32) -> TypeDefinition {
        let info = &self.analysis.resolved.types[index as usize];
        let mut fields = Vec::new();
        for field in self.analysis.resolved.fields(index) {
            let default = field.field.default.and_then(literal).unwrap_or(Constant::Null);
            fields.push(FieldDefinition {
                name: self.tables.name(field.field.name.symbol),
                default: self.tables.constant(default),
            });
        }
        let mut methods: Vec<MethodDefinition> = Vec::new();
        let mut current = Some(index);
        while let Some(at) = current {
            let ancestor = &self.analysis.resolved.types[at as usize];
            let first_function = self.analysis.resolved.files[ancestor.file].first_function;
            // The last of two methods of one name counts, as with other declarations.
            for method in ancestor.entity.methods.iter().rev() {
                if let Some(name) = method.name {
                    let name = self.tables.name(name.symbol);
                    if !methods.iter().any(|known| known.name == name) {
                        let restrictions = match info.entity.kind {
                            TypeKind::Contract => self.restrictions(method.modifiers),
                            TypeKind::Entity | TypeKind::Data => Restrictions::NONE,
                        };
                        methods.push(MethodDefinition { name, function: first_function + method.id.0, restrictions });
                    }
                }
            }
            current = ancestor.parent;
        }
        TypeDefinition {
            name: self.tables.name(info.entity.name.symbol),
            parent: info.parent,
            fields,
            methods,
            is_data: info.entity.kind == TypeKind::Data,
            is_contract: info.entity.kind == TypeKind::Contract,
            constructor: self.constructors[index as usize],
        }
    }

    /// The library function that calls the handlers of an event, if the program can register any.
    pub(super) fn event_dispatcher(&self) -> Option<u32> {
        self.analysis.event_dispatcher()
    }

    /// What the modifiers of a contract's action say.
    fn restrictions(&self, modifiers: &[Label]) -> Restrictions {
        modifiers.iter().fold(Restrictions::NONE, |restrictions, modifier| {
            restrictions.with(match self.text(modifier.symbol) {
                "private" => Restrictions::PRIVATE,
                "view" | "pure" => Restrictions::READ_ONLY,
                "secure" => Restrictions::GUARDED,
                _ => Restrictions::NONE,
            })
        })
    }

    fn module_definition(&mut self, index: usize) -> ModuleDefinition {
        let info = &self.analysis.resolved.modules[index];
        let first_function = self.analysis.resolved.files[info.file].first_function;
        let function = match info.body {
            ModuleBody::File => first_function,
            ModuleBody::Block(block) => {
                let code = self.module_block(info.file, block);
                self.functions[(first_function + block.id.0) as usize] = code;
                first_function + block.id.0
            }
            ModuleBody::Standard(members) => {
                let code = self.standard_module(info.file, &info.name, members, &info.members);
                self.functions.push(code);
                self.functions.len() as u32 - 1
            }
        };
        ModuleDefinition {
            name: self.tables.name_text(&info.name),
            function,
            members: info.members.iter().map(|&(symbol, global)| (self.tables.name(symbol), global)).collect(),
        }
    }

    fn module_block(&mut self, file: usize, block: &'a ModuleBlock<'a>) -> FunctionCode<Stack> {
        let mut compiler = FunctionCompiler::new(self, file, block.id);
        compiler.top_level(block.body.statements);
        let mut code = compiler.finish();
        code.name = self.tables.name(block.name.symbol);
        code
    }

    fn standard_module(
        &mut self,
        file: usize,
        name: &str,
        builtins: &[(&str, &str)],
        members: &[(Symbol, u32)],
    ) -> FunctionCode<Stack> {
        let mut code =
            FunctionCode::<Stack> { name: self.tables.name_text(name), source: file as u32, ..FunctionCode::default() };
        for &(symbol, global) in members {
            let text = self.text(symbol);
            if let Some((_, builtin)) = builtins.iter().find(|(member, _)| *member == text) {
                let builtin = self.tables.builtin_text(builtin);
                let constant = self.tables.constant(Constant::Builtin(builtin));
                code.code.push(StackInstruction::new(StackOp::LoadConst, constant));
                code.code.push(StackInstruction::new(StackOp::StoreName, global));
            }
        }
        let null = self.tables.constant(Constant::Null);
        code.code.push(StackInstruction::new(StackOp::LoadConst, null));
        code.code.push(StackInstruction::new(StackOp::Return, 0));
        code.lines.push((0, BEGINNING));
        code
    }

    /// The place that a mark stands for, as nothing but a place.
    pub(super) fn span_at(&self, file: usize, mark: u32) -> Span {
        let offset = offset(self.analysis, file, mark);
        Span::new(offset, offset)
    }

    /// The finished module.
    pub(super) fn finish(self) -> StackCode {
        self.placed().0
    }

    /// The finished module with offsets, and charges whose positions are still marks.
    fn placed(self) -> (StackCode, Option<NodeCharges>) {
        let analysis = self.analysis;
        let (mut module, charges) = self.tables();
        for function in &mut module.functions {
            let file = function.source as usize;
            function.lines.iter_mut().for_each(|line| line.1 = offset(analysis, file, line.1));
            // Marks that differ may stand for one place.
            function.lines.dedup_by_key(|line| line.1);
            function.refunds.iter_mut().for_each(|refund| refund.0 = offset(analysis, file, refund.0));
            function.order_refunds();
        }
        let files = analysis.program.files.iter();
        module.sources = files.map(|file| Source { name: file.name.as_str().into(), text: file.text.into() }).collect();
        (module, charges)
    }

    /// The finished module, which is metered, and what its regions cost.
    pub(super) fn finish_metered(self) -> (StackCode, Charges) {
        let analysis = self.analysis;
        let (module, charges) = self.placed();
        let nodes = charges.unwrap_or_default().nodes.into_iter();
        let nodes = nodes.map(|(node, (file, charge))| {
            (node, Charge { position: offset(analysis, file, charge.position), ..charge })
        });
        let nodes = nodes.collect();
        let functions = module.functions.iter().map(|function| match function.code.first() {
            Some(first) if first.op() == StackOp::Meter => {
                Charge { gas: first.operand(), position: function.position(0) }
            }
            _ => Charge::default(),
        });
        let functions = functions.collect();
        (module, Charges { nodes, functions })
    }

    /// The finished module in portable form: with numbers of places, and without sources. None if some code comes from a place that is none
    /// of the tree's.
    pub(super) fn finish_portable(self, places: &[Places]) -> Option<StackCode> {
        let (mut module, _) = self.tables();
        for function in &mut module.functions {
            let places = places.get(function.source as usize)?;
            for line in &mut function.lines {
                line.1 = places.number(Place::of_mark(line.1))?;
            }
        }
        module.sources = vec![Source::default(); places.len()];
        Some(module)
    }

    /// The finished module with marks, and without sources.
    fn tables(mut self) -> (StackCode, Option<NodeCharges>) {
        let resolved = &self.analysis.resolved;
        let types = (0..resolved.types.len() as u32).map(|index| self.type_definition(index)).collect();
        let modules = (0..resolved.modules.len()).map(|index| self.module_definition(index)).collect();
        let mut enums = Vec::new();
        for declaration in &resolved.enums {
            let name = self.tables.name(declaration.name.symbol);
            let mut members: Vec<(u32, i64)> = Vec::new();
            for member in declaration.members {
                members.push((self.tables.name(member.name.symbol), member.value));
            }
            enums.push(EnumDefinition { name, members });
        }
        let globals = resolved.globals.iter().map(|&symbol| Global { name: self.tables.name(symbol) }).collect();
        let prelude = resolved
            .library
            .iter()
            .map(|&(symbol, function)| PreludeFunction { name: self.tables.name(symbol), function })
            .collect();
        let module = Module {
            constants: self.tables.constants,
            names: self.tables.names,
            globals,
            functions: self.functions,
            types,
            enums,
            modules,
            builtins: self.tables.builtins,
            prelude,
            sources: Vec::new(),
            entry: self.entry,
        };
        (module, self.charges)
    }
}

/// Offset of the place that a mark stands for.
fn offset(analysis: &Analysis<'_>, file: usize, mark: u32) -> u32 {
    match Place::of_mark(mark) {
        Place::Beginning => 0,
        Place::Token(offset) => offset,
        Place::EndOf(id) => match analysis.resolved.scope(file, id).function.map(|function| function.body) {
            Some(FunctionBody::Block(block)) => block.last_character(),
            _ => 0,
        },
    }
}
