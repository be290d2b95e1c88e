//! Calls, construction, and members.

use isa::stack::MAX_ARGUMENTS;
use isa::{Constant, StackOp};

use super::function::FunctionCompiler;
use crate::ast::{Expression, ExpressionKind, FieldInitializer, Label, Name, Use};
use crate::names::Symbol;
use crate::program::Used;
use crate::resolver::{Binding, ModuleBody, Storage};

impl<'a> FunctionCompiler<'a, '_, '_> {
    fn arguments(&mut self, arguments: &'a [Expression<'a>]) -> u32 {
        if arguments.len() > MAX_ARGUMENTS as usize {
            self.exceeds(
                format!("a call passes at most {MAX_ARGUMENTS} arguments"),
                "pass a list or a map instead",
                arguments[MAX_ARGUMENTS as usize].span,
            );
            return 0;
        }
        arguments.iter().for_each(|argument| self.expression(argument));
        arguments.len() as u32
    }

    /// `callee(arguments)`.
    pub(super) fn call_expression(
        &mut self,
        callee: &'a Expression<'a>,
        arguments: &'a [Expression<'a>],
        position: u32,
    ) {
        if let ExpressionKind::Name(name) = callee.kind {
            match self.binding(name) {
                Binding::Member(owner) => {
                    self.load_owner(owner, name.span.start);
                    return self.call_member(name.symbol, arguments, name.span.start);
                }
                Binding::Library(function) => return self.call_function(function, arguments, position),
                Binding::Builtin(symbol) => {
                    let text = self.module.text(symbol);
                    if is_length(text) && arguments.len() == 1 {
                        self.expression(&arguments[0]);
                        self.emit(StackOp::GetLength, 0, position);
                        return;
                    }
                    if let Some(operation) = operation_of(text, arguments.len()) {
                        self.arguments(arguments);
                        self.emit(operation, 0, position);
                        if operation.facts().pushes == 0 {
                            self.constant(Constant::Null, position);
                        }
                        return;
                    }
                    if !crate::resolver::PREDEFINED.contains(&text) {
                        let count = self.arguments(arguments);
                        let builtin = self.module.tables.builtin(symbol);
                        self.call(StackOp::CallBuiltin, builtin, count, position);
                        return;
                    }
                }
                _ => match self.storage(name) {
                    Some(Storage::Function(function)) => return self.call_function(function, arguments, position),
                    Some(Storage::Type(index)) => {
                        if let Some(constructor) = self.module.constructors[index as usize] {
                            return self.call_function(constructor, arguments, position);
                        }
                        let count = self.arguments(arguments);
                        self.call(StackOp::NewRecord, index, count, position);
                        return;
                    }
                    // The callee is looked up before the arguments are evaluated, which can be noticed unless they are plain. If it has no value, that is an error at the
                    // name, which need not be where the call is said to be: that may begin with a parenthesis.
                    Some(Storage::Global(global))
                        if position == name.span.start
                            && arguments.iter().all(|argument| self.cannot_fail(argument)) =>
                    {
                        let count = self.arguments(arguments);
                        self.call(StackOp::CallName, global, count, position);
                        return;
                    }
                    _ => {}
                },
            }
        }
        self.expression(callee);
        let count = self.arguments(arguments);
        self.emit(StackOp::CallTop, count, position);
    }

    fn call_function(&mut self, function: u32, arguments: &'a [Expression<'a>], position: u32) {
        let count = self.arguments(arguments);
        self.call(StackOp::CallFuncConst, function, count, position);
    }

    /// `spawn call`.
    pub(super) fn spawn(&mut self, call: &'a Expression<'a>, position: u32) {
        match call.kind {
            ExpressionKind::Call { callee, arguments } => {
                if let ExpressionKind::Name(name) = callee.kind
                    && let Binding::Member(owner) = self.binding(name)
                {
                    self.load_owner(owner, name.span.start);
                    return self.spawn_member(name.symbol, arguments, name.span.start);
                }
                self.expression(callee);
                let count = self.arguments(arguments);
                self.emit(StackOp::Spawn, count, position);
            }
            ExpressionKind::MethodCall { object, name, arguments } => {
                self.expression(object);
                self.spawn_member(name.symbol, arguments, name.span.start);
            }
            _ => {
                self.expression(call);
                let builtin = self.module.tables.builtin_text("__task");
                self.call(StackOp::CallBuiltin, builtin, 1, position);
            }
        }
    }

    /// Spawns a call of a method of the object on the stack.
    fn spawn_member(&mut self, name: Symbol, arguments: &'a [Expression<'a>], position: u32) {
        let count = self.arguments(arguments);
        let index = self.module.tables.name(name);
        self.call(StackOp::SpawnMethod, index, count, position);
    }

    /// `callee{field: value}`. Leading fields have their positions as keys.
    pub(super) fn construct(
        &mut self,
        callee: &'a Expression<'a>,
        leading: &'a [Expression<'a>],
        fields: &'a [FieldInitializer<'a>],
        position: u32,
    ) {
        self.expression(callee);
        for (at, value) in leading.iter().enumerate() {
            self.constant(Constant::Int(at as i64), value.position());
            self.expression(value);
        }
        for field in fields {
            self.constant(Constant::String(self.module.text(field.name.symbol).into()), field.name.span.start);
            self.expression(&field.value);
        }
        self.emit(StackOp::BuildMap, (leading.len() + fields.len()) as u32, position);
        self.emit(StackOp::Construct, 0, position);
    }

    /// `object.name(arguments)`.
    pub(super) fn method_call(&mut self, object: &'a Expression<'a>, name: Label, arguments: &'a [Expression<'a>]) {
        let position = name.span.start;
        if let Some(global) = self.module_member(object, name)
            && arguments.iter().all(|argument| self.cannot_fail(argument))
        {
            let count = self.arguments(arguments);
            self.call(StackOp::CallName, global, count, position);
            return;
        }
        self.expression(object);
        self.call_member(name.symbol, arguments, position);
    }

    /// Calls a method of the object on the stack.
    fn call_member(&mut self, name: Symbol, arguments: &'a [Expression<'a>], position: u32) {
        let count = self.arguments(arguments);
        let index = self.module.tables.name(name);
        self.call(StackOp::CallMethod, index, count, position);
    }

    /// `object.name`.
    pub(super) fn attribute(&mut self, object: &'a Expression<'a>, name: Label) {
        let position = name.span.start;
        if let Some(global) = self.module_member(object, name) {
            self.emit(StackOp::LoadName, global, position);
            return;
        }
        if let ExpressionKind::Name(owner) = object.kind
            && let Some(Storage::Enum(index)) = self.storage(owner)
        {
            let members = self.module.analysis.resolved.enums[index as usize].members;
            // Of two members with one name the last counts, as in a map.
            let member = members.iter().rev().find(|member| member.name.symbol == name.symbol);
            self.constant(member.map_or(Constant::Null, |member| Constant::Int(member.value)), position);
            return;
        }
        self.expression(object);
        let index = self.module.tables.name(name.symbol);
        self.emit(StackOp::GetAttr, index, position);
    }

    /// The global behind `module.name`, when the object plainly is a module that has it.
    fn module_member(&self, object: &Expression<'a>, name: Label) -> Option<u32> {
        let ExpressionKind::Name(owner) = object.kind else { return None };
        let Some(Storage::Module(index)) = self.storage(owner) else { return None };
        let members = &self.module.analysis.resolved.modules[index as usize].members;
        members.iter().find(|member| member.0 == name.symbol).map(|member| member.1)
    }

    /// Runs the module that `name` is, unless it has run.
    pub(super) fn import(&mut self, name: Name, position: u32) {
        if let Some(Storage::Module(index)) = self.storage(name) {
            self.emit(StackOp::Import, index, position);
        }
    }

    /// The module that a `use` refers to.
    pub(super) fn module_of_use(&self, use_: &Use<'a>) -> Option<u32> {
        let analysis = self.module.analysis;
        let uses = &analysis.program.files[self.file].uses;
        let &(_, used) = uses.iter().find(|(offset, _)| *offset == use_.path_span.start)?;
        match used {
            Used::File(file) => analysis.resolved.files[file].module,
            Used::Standard(_) => {
                let is_it = |module: &crate::resolver::ModuleInfo<'_>| {
                    matches!(module.body, ModuleBody::Standard(_)) && module.name == use_.path
                };
                analysis.resolved.modules.iter().position(is_it).map(|index| index as u32)
            }
        }
    }
}

/// The operation that a builtin is, when it is called with so many arguments.
fn operation_of(builtin: &str, arguments: usize) -> Option<StackOp> {
    Some(match (builtin, arguments) {
        ("hash_block", 2) => StackOp::HashBlock,
        ("verify_signature", 3) => StackOp::VerifySignature,
        ("merkle_root", 1) => StackOp::MerkleRoot,
        ("state_read", 1) => StackOp::StateRead,
        ("state_write", 2) => StackOp::StateWrite,
        ("charge_gas", 1) => StackOp::GasCharge,
        ("ledger_append", 1) => StackOp::LedgerAppend,
        ("register_event", 2) => StackOp::RegisterEvent,
        _ => return None,
    })
}

/// True for the builtins that GET_LENGTH stands for.
pub(super) fn is_length(builtin: &str) -> bool {
    matches!(builtin, "len" | "length" | "size")
}
