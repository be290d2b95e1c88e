//! Second walk over a function: what every use of a name means, nested functions included.

use smallvec::SmallVec;

use super::{Binding, Declaration, Frame, FunctionScope, ModuleBody, ModuleInfo, Resolver, Storage, TypeInfo};
use crate::ast::{
    Block, Entity, Expression, ExpressionKind, Function, FunctionBody, FunctionId, FunctionKind, MatchBody, Module,
    Name, Pattern, Statement, StatementKind, Target, TypeKind, Use,
};
use crate::diagnostics::Diagnostic;
use crate::names::Symbol;
use crate::program::{FileKind, Used};

impl<'a> Resolver<'a, '_> {
    /// Resolves the current file.
    pub(super) fn file(&mut self, kind: FileKind) {
        let statements = self.program.files[self.file].file.statements;
        self.push(FunctionId(0), None, true, 0);
        self.protocols.clear();
        self.collect(statements);
        if kind.exports_everything() {
            let explicit = std::mem::take(&mut self.frame().exports);
            self.export_top_level(&explicit, kind);
        }
        self.statements(statements);
        self.settle_types();
        self.finish();
        self.frames.clear();
    }

    fn push(&mut self, id: FunctionId, function: Option<&'a Function<'a>>, is_top_level: bool, made_at: u32) {
        let parent = self.frames.last().map(|frame| frame.id);
        self.frames.push(Frame {
            id,
            scope: FunctionScope { function, parent, is_top_level, ..FunctionScope::default() },
            hidden: Vec::new(),
            loop_depth: 0,
            breakable_loops: 0,
            exports: Vec::new(),
            disorder: 0,
            early_uses: Vec::new(),
            made_at,
            inside: (id, id),
            contract: None,
        });
    }

    /// Gives every top-level name of a used file a global, so that other files reach it, and makes the file a module.
    fn export_top_level(&mut self, explicit: &[Symbol], kind: FileKind) {
        let symbols: Vec<(usize, Symbol, Declaration)> = self
            .frame()
            .scope
            .variables
            .iter()
            .enumerate()
            .filter(|(_, variable)| !variable.is_watchers)
            .map(|(at, variable)| (at, variable.symbol, variable.declaration))
            .collect();
        let mut members = Vec::new();
        for (at, symbol, declaration) in symbols {
            if kind == FileKind::Prelude {
                if let Declaration::Function(id) = declaration {
                    let function = self.program_function(id);
                    self.library.insert(symbol, function);
                    self.resolved.library.push((symbol, function));
                }
                continue;
            }
            if declaration == Declaration::Fixed(Storage::Protocol) {
                continue;
            }
            let global = match declaration {
                Declaration::Fixed(Storage::Global(global)) => global,
                _ => self.new_global(symbol),
            };
            self.note_fixed_global(global, declaration);
            self.frame().scope.variables[at].exported = Some(global);
            members.push((symbol, global, explicit.contains(&symbol)));
        }
        if kind == FileKind::Module {
            let name = self.program.files[self.file].name.clone();
            let index = self.resolved.modules.len() as u32;
            let pairs = members.iter().map(|&(symbol, global, _)| (symbol, global)).collect();
            self.resolved.modules.push(ModuleInfo { name, file: self.file, body: ModuleBody::File, members: pairs });
            self.resolved.files[self.file].module = Some(index);
        }
        // Files are resolved in order, so the list is as long as the file's index.
        self.file_members.resize(self.file, Vec::new());
        self.file_members.push(members);
    }

    /// The module that a `use` of the current file refers to.
    pub(super) fn module_of_use(&mut self, use_: &Use<'a>) -> Option<u32> {
        let uses = &self.program.files[self.file].uses;
        let used = uses.iter().find(|(offset, _)| *offset == use_.path_span.start).map(|&(_, used)| used)?;
        match used {
            Used::File(file) => self.resolved.files[file].module,
            Used::Standard(members) => {
                let known = self.resolved.modules.iter().position(|module| module.name == use_.path);
                if let Some(known) = known {
                    return Some(known as u32);
                }
                let mut globals = Vec::new();
                for (member, _) in members {
                    // A member that the program never mentions has no symbol and needs none.
                    if let Some(symbol) = self.program.names.find(member) {
                        globals.push((symbol, self.new_global(symbol)));
                    }
                }
                let body = ModuleBody::Standard(members);
                self.resolved.modules.push(ModuleInfo {
                    name: use_.path.to_string(),
                    file: self.file,
                    body,
                    members: globals,
                });
                Some(self.resolved.modules.len() as u32 - 1)
            }
        }
    }

    /// Declares what `use "path"` without names brings in: the exported names, or all where nothing is exported.
    pub(super) fn declare_all_members(&mut self, module: u32, use_: &Use<'a>) {
        let info = &self.resolved.modules[module as usize];
        if matches!(info.body, ModuleBody::Standard(_)) {
            if let Some(symbol) = self.program.names.find(use_.path) {
                self.declare(symbol, Declaration::Fixed(Storage::Module(module)));
            }
            return;
        }
        let members = self.file_members[info.file].clone();
        let any_explicit = members.iter().any(|member| member.2);
        for (symbol, global, is_explicit) in members {
            if (is_explicit || !any_explicit) && self.current[symbol.0 as usize].depth != self.frames.len() as u32 {
                self.declare(symbol, Declaration::Fixed(Storage::Global(global)));
            }
        }
    }

    /// Declares an entity or data type.
    pub(super) fn declare_type(&mut self, entity: &'a Entity<'a>) {
        let index = self.resolved.types.len() as u32;
        self.resolved.types.push(TypeInfo { entity, file: self.file, parent: None, unfulfilled: None });
        self.declare_fixed(entity.name, Storage::Type(index));
    }

    /// Declares a `module` block.
    pub(super) fn declare_module(&mut self, module: &'a Module<'a>) {
        if !self.frame().scope.is_top_level {
            self.error(
                Diagnostic::error("a module stands at the top level of a file or module", module.name.span)
                    .with_help("move it out of the function"),
            );
        }
        let index = self.resolved.modules.len() as u32;
        let name = self.text(module.name.symbol).to_string();
        self.resolved.modules.push(ModuleInfo {
            name,
            file: self.file,
            body: ModuleBody::Block(module),
            members: Vec::new(),
        });
        self.declare_fixed(module.name, Storage::Module(index));
    }

    fn block(&mut self, block: &Block<'a>) {
        self.statements(block.statements);
    }

    fn loop_body(&mut self, block: &Block<'a>) {
        self.enter_loop();
        self.frame().breakable_loops += 1;
        self.block(block);
        self.frame().breakable_loops -= 1;
        self.leave_loop();
    }

    fn enter_loop(&mut self) {
        self.frame().loop_depth += 1;
        self.frame().disorder += 1;
    }

    fn leave_loop(&mut self) {
        self.frame().loop_depth -= 1;
        self.frame().disorder -= 1;
    }

    fn statements(&mut self, statements: &'a [Statement<'a>]) {
        for statement in statements {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &'a Statement<'a>) {
        let mut statement = statement;
        loop {
            let end = statement.span.end;
            match statement.kind {
                StatementKind::Let { name, value, constant, .. } => {
                    if let Some(value) = value {
                        self.expression(value);
                    }
                    self.write(name, end, end, true, constant);
                    self.notify(name);
                }
                StatementKind::LetMap { names, value, constant } => {
                    self.expression(value);
                    for &name in names {
                        self.write(name, end, end, true, constant);
                        self.notify(name);
                    }
                }
                StatementKind::LetList { names, rest, value, constant } => {
                    self.expression(value);
                    for &name in names.iter().chain(rest.as_slice()) {
                        self.write(name, end, end, true, constant);
                        self.notify(name);
                    }
                }
                StatementKind::Expression(expression)
                | StatementKind::Debug(expression)
                | StatementKind::Throw(expression) => {
                    self.expression(expression);
                }
                StatementKind::Print(expressions) => expressions.iter().for_each(|value| self.expression(value)),
                StatementKind::If { condition, ref then, ref otherwise } => {
                    self.expression(condition);
                    self.block(then);
                    match otherwise {
                        Some(Block { statements: [only], .. }) => {
                            statement = only;
                            continue;
                        }
                        Some(block) => self.block(block),
                        None => {}
                    }
                }
                StatementKind::While { condition, ref body } => {
                    self.enter_loop();
                    self.expression(condition);
                    self.loop_body(body);
                    self.leave_loop();
                }
                StatementKind::ForEach { first, second, iterable, ref body } => {
                    let from = body.span.start;
                    self.expression(iterable);
                    self.enter_loop();
                    self.write(first, from, end, true, false);
                    second.into_iter().for_each(|second| self.write(second, from, end, true, false));
                    self.leave_loop();
                    let writes = self.writes(first);
                    self.loop_body(body);
                    if second.is_none() && self.is_range(iterable) && self.writes(first) == writes {
                        self.mark_counter(first);
                    }
                }
                StatementKind::Break | StatementKind::Continue => {
                    if self.frame().breakable_loops == 0 {
                        self.resolved.files[self.file].idle_jumps.insert(statement.span.start);
                    }
                }
                StatementKind::Return(value) | StatementKind::Revert(value) => {
                    if let Some(value) = value {
                        self.expression(value);
                    }
                }
                StatementKind::Try { ref body, ref catch, ref finally } => {
                    self.block(body);
                    if let Some(catch) = catch {
                        let begin = catch.body.span.start;
                        catch.name.into_iter().for_each(|name| self.write(name, begin, begin, true, false));
                        self.block(&catch.body);
                    }
                    if let Some(finally) = finally {
                        self.block(finally);
                    }
                }
                StatementKind::Require { condition, message } => {
                    self.expression(condition);
                    if let Some(message) = message {
                        self.expression(message);
                    }
                }
                StatementKind::Defer(ref block) => {
                    self.frame().disorder += 1;
                    self.block(block);
                    self.frame().disorder -= 1;
                }
                StatementKind::Transaction { contract, ref body, .. } => {
                    contract.into_iter().for_each(|this| self.read(this));
                    self.block(body);
                }
                StatementKind::Emit { arguments, .. } => {
                    arguments.iter().for_each(|argument| self.expression(argument));
                }
                StatementKind::Function(function) => {
                    if let Some(name) = function.name {
                        self.write(name, 0, u32::MAX, true, false);
                    }
                    self.function(function, 0, None);
                }
                StatementKind::Entity(entity) => self.entity(entity),
                StatementKind::Enum(_)
                | StatementKind::Protocol(_)
                | StatementKind::TypeAlias { .. }
                | StatementKind::Use(_) => {}
                StatementKind::Module(module) => self.module(module),
                StatementKind::Export { names, declaration } => {
                    if let Some(declaration) = declaration {
                        statement = declaration;
                        continue;
                    }
                    for &name in names {
                        if matches!(self.lookup(name), Binding::Unknown(_)) {
                            let text = self.text(name.symbol).to_string();
                            self.error(
                                Diagnostic::error(format!("Cannot export undefined: {text}"), name.span)
                                    .with_help("declare it in this file"),
                            );
                        }
                    }
                }
            }
            return;
        }
    }

    /// True for a call of the builtin `range`.
    fn is_range(&self, iterable: &Expression<'a>) -> bool {
        let ExpressionKind::Call { callee: Expression { kind: ExpressionKind::Name(name), .. }, arguments } =
            iterable.kind
        else {
            return false;
        };
        matches!(self.resolved.files[self.file].bindings[name.id.0 as usize], Binding::Builtin(symbol) if self.text(symbol) == "range")
            && (1..=3).contains(&arguments.len())
    }

    /// How often the variable of the innermost function that `name` means was written so far.
    fn writes(&self, name: Name) -> Option<u32> {
        let entry = self.current[name.symbol.0 as usize];
        let frame = self.frames.last()?;
        (entry.depth as usize == self.frames.len()).then(|| frame.scope.variables[entry.variable as usize].writes)
    }

    /// The loop variable `name` counts its range loop itself.
    fn mark_counter(&mut self, name: Name) {
        let entry = self.current[name.symbol.0 as usize];
        let variable = &mut self.frame().scope.variables[entry.variable as usize];
        // A parameter's slot has other parameters behind it.
        if variable.declaration == Declaration::Local {
            variable.is_counter = true;
            self.resolved.files[self.file].counters.insert(name.id);
        }
    }

    fn expression(&mut self, expression: &'a Expression<'a>) {
        if let ExpressionKind::Name(name) = expression.kind {
            self.read(name);
            return;
        }
        let mut pending: SmallVec<[&'a Expression<'a>; 16]> = SmallVec::new();
        pending.push(expression);
        while let Some(expression) = pending.pop() {
            match expression.kind {
                ExpressionKind::Name(name) | ExpressionKind::NewContract(name) | ExpressionKind::Argument(name) => {
                    self.read(name)
                }
                ExpressionKind::This(name) => {
                    if matches!(self.lookup(name), Binding::Unknown(_)) {
                        self.error(
                            Diagnostic::error(
                                "'this' can only be used inside a method of an entity, data type or contract",
                                name.span,
                            )
                            .with_help("pass the object as a parameter"),
                        );
                    }
                }
                ExpressionKind::Function(function) => self.function(function, function.span.start, None),
                ExpressionKind::Assign { target: &Target::Name(name), .. } => {
                    self.write(name, expression.span.end, expression.span.end, false, false);
                    self.notify(name);
                }
                ExpressionKind::Match(matching) => {
                    for arm in matching.arms {
                        self.pattern(&arm.pattern, expression.span.end);
                        if let MatchBody::Block(block) = &arm.body {
                            self.block(block);
                        }
                    }
                }
                _ => {}
            }
            expression.for_each_child(|child| pending.push(child));
        }
    }

    fn pattern(&mut self, pattern: &Pattern<'a>, end: u32) {
        match *pattern {
            Pattern::Wildcard | Pattern::Value(_) => {}
            Pattern::Binding(name) => self.write(name, name.span.start, end, true, false),
            Pattern::Instance { entity, fields } => {
                self.name_type(entity, "a pattern with fields names an entity or data type", None);
                fields.iter().for_each(|field| self.pattern(field, end));
            }
        }
    }

    /// Resolves a nested function. `made_at` is where its literal begins; 0 for a hoisted declaration. `contract` is what it is an action or
    /// the constructor of.
    fn function(&mut self, function: &'a Function<'a>, made_at: u32, contract: Option<&'a Entity<'a>>) {
        self.push(function.id, Some(function), false, made_at);
        self.frame().contract = contract;
        for parameter in function.parameters {
            let known = self.frame().scope.variables.len();
            let variable = self.declare(parameter.name.symbol, Declaration::Parameter);
            if (variable as usize) < known {
                let text = self.text(parameter.name.symbol).to_string();
                self.error(
                    Diagnostic::error(format!("parameter '{text}' is declared twice"), parameter.name.span)
                        .with_help("give one of the two another name"),
                );
            }
            if let Some(default) = parameter.default {
                // Computing the default writes the parameter, which functions made before that must see.
                self.frame().scope.variables[variable as usize].written_at = default.span.end;
            }
        }
        function.parameters.iter().for_each(|parameter| self.declare_watchers(parameter.name.symbol));
        match function.body {
            FunctionBody::Block(block) => self.collect(block.statements),
            FunctionBody::Expression(expression) => self.collect_body_expression(expression),
        }
        for parameter in function.parameters {
            self.lookup(parameter.name);
            if let Some(default) = parameter.default {
                self.collect_body_expression(default);
                self.expression(default);
            }
        }
        match function.body {
            FunctionBody::Block(ref block) => self.block(block),
            FunctionBody::Expression(expression) => self.expression(expression),
        }
        self.finish_inner();
    }

    /// Ends the innermost function, which lies in another one.
    fn finish_inner(&mut self) {
        let (first, last) = self.frame().inside;
        self.finish();
        let inside = &mut self.frame().inside;
        *inside = (FunctionId(inside.0.0.min(first.0)), FunctionId(inside.1.0.max(last.0)));
    }

    fn entity(&mut self, entity: &'a Entity<'a>) {
        let index = match self.lookup(entity.name) {
            Binding::Variable { variable, .. } => match self.frame().scope.variables[variable as usize].declaration {
                Declaration::Fixed(Storage::Type(index)) => index,
                _ => return,
            },
            _ => return,
        };
        if let Some(parent) = entity.parent {
            self.name_type(parent, "'extends' names an entity or data type", Some(index));
        }
        for &protocol in entity.protocols {
            self.lookup(protocol);
        }
        let contract = (entity.kind == TypeKind::Contract).then_some(entity);
        if contract.is_some() {
            self.resolved.types[index as usize].unfulfilled = self.unfulfilled(entity);
        }
        for field in entity.fields.iter().filter(|_| contract.is_none()) {
            if let Some(default) = field.default {
                self.field_default(default);
            }
        }
        for &method in entity.methods.iter().chain(entity.constructor.as_slice()) {
            debug_assert_ne!(method.kind, FunctionKind::Literal);
            self.function(method, 0, contract);
            let scope = &self.resolved.files[self.file].functions[method.id.0 as usize];
            if let Some(capture) = scope.captures.first() {
                let text = self.text(capture.symbol).to_string();
                self.error(
                    Diagnostic::error(
                        format!("a method cannot use '{text}', a variable of the enclosing function"),
                        method.span,
                    )
                    .with_help("move the type to the top level, or keep the value in a field"),
                );
            }
        }
    }

    /// What is said when a contract of this type is made, if it lacks an action that one of its protocols asks for.
    fn unfulfilled(&self, contract: &Entity<'a>) -> Option<String> {
        let has = |action: Symbol| {
            contract.methods.iter().any(|method| method.name.is_some_and(|name| name.symbol == action))
        };
        for name in contract.protocols {
            let Some(protocol) = self.protocols.get(&name.symbol) else { continue };
            if let Some(missing) = protocol.methods.iter().find(|method| !has(method.symbol)) {
                let [contract, protocol, action] =
                    [contract.name.symbol, name.symbol, missing.symbol].map(|symbol| self.text(symbol));
                return Some(format!("Contract {contract} does not implement {protocol}: it has no action '{action}'"));
            }
        }
        None
    }

    /// Resolves the default of a field, which the type's constructor computes: a function without a number of its own.
    fn field_default(&mut self, default: &'a Expression<'a>) {
        self.push(FunctionId(u32::MAX), None, false, 0);
        self.expression(default);
        let frame = self.frames.pop().expect("just pushed");
        if let Some(capture) = frame.scope.captures.first() {
            let text = self.text(capture.symbol).to_string();
            self.error(
                Diagnostic::error(
                    format!("a field's default cannot use '{text}', a variable of the enclosing function"),
                    default.span,
                )
                .with_help("move the type to the top level, or set the field after construction"),
            );
        }
    }

    fn module(&mut self, module: &'a Module<'a>) {
        let index = match self.lookup(module.name) {
            Binding::Variable { variable, .. } => match self.frame().scope.variables[variable as usize].declaration {
                Declaration::Fixed(Storage::Module(index)) => index,
                _ => return,
            },
            _ => return,
        };
        self.push(module.id, None, true, 0);
        self.collect(module.body.statements);
        let mut members = Vec::new();
        for at in 0..self.frame().scope.variables.len() {
            let variable = self.frame().scope.variables[at];
            if variable.declaration == Declaration::Fixed(Storage::Protocol) {
                continue;
            }
            let global = match variable.declaration {
                Declaration::Fixed(Storage::Global(global)) => global,
                _ => self.new_global(variable.symbol),
            };
            self.note_fixed_global(global, variable.declaration);
            self.frame().scope.variables[at].exported = Some(global);
            members.push((variable.symbol, global));
        }
        self.resolved.modules[index as usize].members = members;
        self.statements(module.body.statements);
        self.finish_inner();
    }
}
