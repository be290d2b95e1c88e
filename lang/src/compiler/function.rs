//! One function: instructions, labels, slots, and the state of the point that the compiler has reached.

use isa::module::{Function as FunctionCode, Handler};
use isa::stack::{MAX_ARGUMENTS, MAX_CALL_INDEX, MAX_OPERAND};
use isa::{Constant, Stack, StackInstruction, StackOp};

use super::meter::Meter;
use super::module::ModuleCompiler;
use crate::ast::{Block, Field, Function, FunctionBody, FunctionId, Name, Span, Statement};
use crate::constant::literal;
use crate::diagnostics::Diagnostic;
use crate::places::Place;
use crate::resolver::{Binding, Declaration, FunctionScope, Storage};

/// A place in the code that jumps name before or after it is placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Label(u32);

const UNPLACED: u32 = u32::MAX;

/// Where code comes from that runs before any statement does, or after all of them.
pub(super) const BEGINNING: u32 = Place::Beginning.mark();

/// What encloses the point that the compiler has reached, innermost last.
#[derive(Clone, Copy)]
pub(super) enum Region<'a> {
    /// A loop: where `break` and `continue` go, and how deep the operand stack is there.
    Loop { end: Label, next: Label, depth: u32 },
    /// A block whose cleanup runs on every way out. `handler` is the index of its guarded ranges' handler.
    Cleanup { block: &'a Block<'a>, guard: usize },
    /// A block guarded by `catch`.
    Guarded { guard: usize },
    /// A transaction, which begins at this offset.
    Transaction { guard: usize, position: u32 },
}

/// A handler whose guarded ranges are still being collected.
pub(super) struct Guard {
    handler: Label,
    landing: u32,
    is_cleanup: bool,
    /// Start of the range that is open.
    open: Option<u32>,
    ranges: Vec<(u32, u32)>,
}

pub(super) struct FunctionCompiler<'a, 'p, 'm> {
    pub(super) module: &'m mut ModuleCompiler<'a, 'p>,
    pub(super) file: usize,
    pub(super) id: FunctionId,
    /// The function's scope; a constructor has none.
    scope: Option<&'p FunctionScope<'a>>,
    code: Vec<StackInstruction>,
    lines: Vec<(u32, u32)>,
    labels: Vec<u32>,
    /// Whether a jump to the label was emitted.
    targeted: Vec<bool>,
    jumps: Vec<(u32, Label)>,
    guards: Vec<Guard>,
    pub(super) regions: Vec<Region<'a>>,
    /// Values on the operand stack.
    pub(super) depth: u32,
    slots: u32,
    slots_in_use: u32,
    assigned: Vec<bool>,
    /// Slots that became assigned, in order, so that a branch can be undone.
    assignment_log: Vec<u32>,
    /// Scratch of [`Self::join_assignments`]: how many ways assign each slot; all zero in between.
    ways_assigning: Vec<u32>,
    /// True after an instruction that never goes on, until a label is placed.
    pub(super) is_dead: bool,
    /// Metered code: its regions.
    pub(super) meter: Option<Meter>,
    /// How many blocks of cleanup code lie around the point.
    pub(super) cleanups: u32,
}

impl<'a, 'p, 'm> FunctionCompiler<'a, 'p, 'm> {
    pub(super) fn new(module: &'m mut ModuleCompiler<'a, 'p>, file: usize, id: FunctionId) -> Self {
        let analysis = module.analysis;
        let scope = analysis.resolved.scope(file, id);
        Self::with_slots(module, file, id, Some(scope), scope.slots)
    }

    /// For a type's constructor, whose parameters are the type's fields.
    pub(super) fn for_constructor(
        module: &'m mut ModuleCompiler<'a, 'p>,
        file: usize,
        fields: u32,
        position: u32,
    ) -> Self {
        let mut compiler = Self::with_slots(module, file, FunctionId(u32::MAX), None, fields);
        compiler.lines.push((0, position));
        compiler.begin_metering(position);
        compiler
    }

    fn with_slots(
        module: &'m mut ModuleCompiler<'a, 'p>,
        file: usize,
        id: FunctionId,
        scope: Option<&'p FunctionScope<'a>>,
        slots: u32,
    ) -> Self {
        Self {
            module,
            file,
            id,
            scope,
            code: Vec::new(),
            lines: Vec::new(),
            labels: Vec::new(),
            targeted: Vec::new(),
            jumps: Vec::new(),
            guards: Vec::new(),
            regions: Vec::new(),
            depth: 0,
            slots,
            slots_in_use: slots,
            assigned: vec![false; slots as usize],
            assignment_log: Vec::new(),
            ways_assigning: Vec::new(),
            is_dead: false,
            meter: None,
            cleanups: 0,
        }
    }

    /// Reports that the program exceeds a limit of the code's form, and what to do about it.
    pub(super) fn exceeds(&mut self, limit: impl Into<String>, help: &str, span: Span) {
        self.module.diagnostics.push((self.file, Diagnostic::error(limit.into(), span).with_help(help)));
    }

    /// Compiles the top level of a file or module.
    pub(super) fn top_level(&mut self, statements: &'a [Statement<'a>]) {
        self.begin_metering(BEGINNING);
        self.entry();
        self.statements(statements);
        self.return_null(BEGINNING);
    }

    /// Compiles a function.
    pub(super) fn function(&mut self, function: &'a Function<'a>) {
        let position = function.span.start;
        self.begin_metering(position);
        if function.is_async {
            self.emit(StackOp::SpawnCall, 0, BEGINNING);
        }
        let has_defaults = function.parameters.iter().any(|parameter| parameter.default.is_some());
        let slot_of = |compiler: &Self, index: usize| match compiler.scope.map(|scope| scope.variables[index].storage) {
            Some(Storage::Slot(slot)) => (slot, false),
            Some(Storage::Cell(slot)) => (slot, true),
            _ => unreachable!("parameters live in slots"),
        };
        // A cell hides whether its parameter was given, so that is noted before cells are made.
        let mut given = vec![None; function.parameters.len()];
        for (index, note) in given.iter_mut().enumerate() {
            let (slot, is_cell) = slot_of(self, index);
            if !has_defaults {
                self.assign_slot(slot);
            } else if is_cell {
                let temporary = self.new_temporary();
                self.emit(StackOp::IsSet, slot, position);
                self.emit(StackOp::StoreLocal, temporary, position);
                *note = Some(temporary);
            }
        }
        self.entry();
        if has_defaults {
            for (index, parameter) in function.parameters.iter().enumerate() {
                let (slot, _) = slot_of(self, index);
                match given[index] {
                    Some(temporary) => self.emit(StackOp::LoadLocal, temporary, position),
                    None => self.emit(StackOp::IsSet, slot, position),
                }
                let end = self.new_label();
                self.jump(StackOp::JumpIfTrue, end, position);
                let mark = self.assignments();
                match parameter.default {
                    Some(default) => self.region_of(default, |compiler| compiler.expression(default)),
                    None => self.constant(Constant::Null, position),
                }
                self.store(parameter.name, position);
                self.place(end);
                // What a default assigns is not assigned where the argument is given.
                self.undo_assignments(mark);
                self.mark_assigned(parameter.name);
            }
        }
        match function.body {
            FunctionBody::Block(ref block) => {
                self.statements(block.statements);
                self.return_null(Place::EndOf(function.id).mark());
            }
            FunctionBody::Expression(expression) => self.return_value(expression, expression.position()),
        }
    }

    /// Makes cells, stores hoisted functions, and publishes what other files see.
    fn entry(&mut self) {
        let Some(scope) = self.scope else { return };
        self.preset_builtins(scope);
        for variable in &scope.variables {
            if let Storage::Cell(slot) = variable.storage {
                self.emit(StackOp::MakeCell, slot, BEGINNING);
            }
        }
        self.preset_watchers(scope);
        for variable in &scope.variables {
            let constant = match (variable.exported, variable.storage) {
                (Some(global), Storage::Type(index)) => Some((global, Constant::Type(index))),
                (Some(global), Storage::Enum(index)) => Some((global, Constant::Enum(index))),
                (Some(global), Storage::Module(index)) => Some((global, Constant::Module(index))),
                _ => None,
            };
            if let Some((global, constant)) = constant {
                self.constant(constant, BEGINNING);
                self.emit(StackOp::StoreName, global, BEGINNING);
            }
        }
        for function in &scope.hoisted {
            let Some(name) = function.name else { continue };
            let index = self.program_function(function.id);
            let position = name.span.start;
            let Binding::Variable { variable, .. } = self.binding(name) else { continue };
            let variable = scope.variables[variable as usize];
            match variable.storage {
                Storage::Function(_) => {
                    if variable.exported.is_some() {
                        self.emit(StackOp::StoreFunc, index, position);
                    }
                }
                Storage::Global(_) => self.emit(StackOp::StoreFunc, index, position),
                _ => {
                    debug_assert!(
                        variable.declaration != Declaration::Parameter || variable.storage != Storage::Protocol
                    );
                    self.function_value(function, position);
                    self.store(name, position);
                }
            }
        }
    }

    /// Sets variables with the names of builtins to those builtins, where others than this function's own code may read them first.
    fn preset_builtins(&mut self, scope: &FunctionScope<'a>) {
        for variable in &scope.variables {
            let Some(builtin) = variable.builtin_until_set() else { continue };
            match variable.storage {
                Storage::Global(global) => {
                    self.builtin_value(builtin, BEGINNING);
                    self.emit(StackOp::StoreName, global, BEGINNING);
                }
                Storage::Slot(slot) | Storage::Cell(slot) if variable.is_captured && !self.is_assigned(slot) => {
                    let past = self.new_label();
                    if variable.declaration == Declaration::Parameter {
                        self.emit(StackOp::IsSet, slot, BEGINNING);
                        self.jump(StackOp::JumpIfTrue, past, BEGINNING);
                    }
                    self.builtin_value(builtin, BEGINNING);
                    self.emit(StackOp::StoreLocal, slot, BEGINNING);
                    self.place(past);
                }
                _ => {}
            }
        }
    }

    /// Pushes a builtin or library function.
    pub(super) fn builtin_value(&mut self, builtin: Binding, position: u32) {
        match builtin {
            Binding::Builtin(symbol) => {
                let builtin = self.module.tables.builtin(symbol);
                self.constant(Constant::Builtin(builtin), position);
            }
            Binding::Library(function) => self.constant(Constant::Function(function), position),
            _ => unreachable!("variables have the names of builtins or library functions"),
        }
    }

    /// The default of a constructor's parameter.
    pub(super) fn field_default(&mut self, slot: u32, file: usize, field: &Field<'a>) {
        // Places in another file mean nothing in this one.
        let is_distant = file != self.file;
        let position = if is_distant { self.lines.first().map_or(0, |line| line.1) } else { field.name.span.start };
        let end = self.new_label();
        self.emit(StackOp::IsSet, slot, position);
        self.jump(StackOp::JumpIfTrue, end, position);
        match field.default {
            Some(default) if literal(default).is_none() && is_distant => {
                let function = self.module.distant_defaults[&std::ptr::from_ref(default)];
                self.call(StackOp::CallFuncConst, function, 0, position);
            }
            Some(default) if literal(default).is_none() => {
                self.region_of(default, |compiler| compiler.expression(default));
            }
            Some(default) => self.constant(literal(default).unwrap_or(Constant::Null), position),
            None => self.constant(Constant::Null, position),
        }
        self.emit(StackOp::StoreLocal, slot, position);
        self.place(end);
    }

    /// Makes the instance from the constructor's parameters.
    pub(super) fn constructor_end(&mut self, type_index: u32, fields: u32) {
        let position = self.lines.first().map_or(0, |line| line.1);
        for slot in 0..fields {
            self.emit(StackOp::LoadLocal, slot, position);
        }
        self.call(StackOp::NewRecord, type_index, fields, position);
        self.emit(StackOp::Return, 0, position);
    }

    fn return_null(&mut self, position: u32) {
        if !self.is_dead {
            self.constant(Constant::Null, position);
            self.emit(StackOp::Return, 0, position);
        }
    }

    /// The finished code; name and signature are the caller's business.
    pub(super) fn finish(mut self) -> FunctionCode<Stack> {
        for &(at, label) in &self.jumps {
            let op = self.code[at as usize].op();
            self.code[at as usize] = StackInstruction::new(op, self.labels[label.0 as usize]);
        }
        if self.code.len() > MAX_OPERAND as usize || self.slots > MAX_OPERAND {
            let begin = self.lines.first().map_or(0, |line| line.1);
            self.exceeds(
                format!("a function has at most {MAX_OPERAND} instructions and variables"),
                "divide it into several, or read large tables from a file",
                self.module.span_at(self.file, begin),
            );
        }
        // Guards were begun outermost first; handlers are listed innermost first.
        let mut handlers = Vec::new();
        for guard in self.guards.iter().rev() {
            for &(start, end) in &guard.ranges {
                if start < end {
                    let target = self.labels[guard.handler.0 as usize];
                    handlers.push(Handler { start, end, target, landing: guard.landing, is_cleanup: guard.is_cleanup });
                }
            }
        }
        let mut code = std::mem::take(&mut self.code);
        let refunds = self.finish_metering(&mut code);
        let unnamed = self.module.tables.name_text("");
        let mut local_names = vec![unnamed; self.slots as usize];
        if let Some(scope) = self.scope {
            for variable in &scope.variables {
                if let Storage::Slot(slot) | Storage::Cell(slot) = variable.storage {
                    local_names[slot as usize] = self.module.tables.name(variable.symbol);
                }
            }
        }
        FunctionCode {
            locals: self.slots,
            code,
            handlers,
            lines: self.lines,
            refunds,
            source: self.file as u32,
            local_names,
            ..FunctionCode::default()
        }
    }

    // Instructions.

    /// Emits `op operand` for the source at `position`. Where control cannot come, nothing is emitted, but the depth of the operand
    /// stack is still kept.
    pub(super) fn emit(&mut self, op: StackOp, operand: u32, position: u32) {
        if operand > MAX_OPERAND {
            self.exceeds(
                format!("a program has at most {MAX_OPERAND} of each kind of thing that instructions name"),
                "divide it into several programs, or read large tables from a file",
                self.module.span_at(self.file, position),
            );
            return;
        }
        self.push(StackInstruction::new(op, operand), position);
    }

    /// Emits a call-like instruction.
    pub(super) fn call(&mut self, op: StackOp, index: u32, arguments: u32, position: u32) {
        if index > MAX_CALL_INDEX {
            self.exceeds(
                format!("a program has at most {MAX_CALL_INDEX} functions, methods and types"),
                "divide it into several programs",
                self.module.span_at(self.file, position),
            );
            return;
        }
        if arguments > MAX_ARGUMENTS {
            self.exceeds(
                format!("a call passes at most {MAX_ARGUMENTS} arguments"),
                "pass a list or a map instead",
                self.module.span_at(self.file, position),
            );
            return;
        }
        self.push(StackInstruction::call(op, index, arguments), position);
    }

    fn push(&mut self, instruction: StackInstruction, position: u32) {
        self.depth = (self.depth + instruction.pushes()).saturating_sub(instruction.pops());
        if self.is_dead {
            return;
        }
        self.count_instruction(instruction.op(), position);
        let at = self.code.len() as u32;
        if self.lines.last().is_none_or(|line| line.1 != position) {
            match self.lines.last_mut() {
                Some(line) if line.0 == at => line.1 = position,
                _ => self.lines.push((at, position)),
            }
        }
        self.is_dead = instruction.op().ends_block();
        self.code.push(instruction);
    }

    /// Index of the instruction that comes next.
    pub(super) fn next_instruction(&self) -> u32 {
        self.code.len() as u32
    }

    /// Emits a jump.
    pub(super) fn jump(&mut self, op: StackOp, label: Label, position: u32) {
        if !self.is_dead {
            self.jumps.push((self.code.len() as u32, label));
            self.targeted[label.0 as usize] = true;
        }
        self.push(StackInstruction::new(op, 0), position);
    }

    /// Emits a constant.
    pub(super) fn constant(&mut self, constant: Constant, position: u32) {
        if self.is_dead {
            self.depth += 1;
            return;
        }
        let index = self.module.tables.constant(constant);
        self.emit(StackOp::LoadConst, index, position);
    }

    /// A label that is not placed yet.
    pub(super) fn new_label(&mut self) -> Label {
        self.labels.push(UNPLACED);
        self.targeted.push(false);
        Label(self.labels.len() as u32 - 1)
    }

    /// Places a label here. Code is reachable again if something jumps to the label or control falls into it.
    pub(super) fn place(&mut self, label: Label) {
        self.labels[label.0 as usize] = self.code.len() as u32;
        self.is_dead &= !self.targeted[label.0 as usize];
    }

    /// True when something that control can come to jumps to the label.
    pub(super) fn is_targeted(&self, label: Label) -> bool {
        self.targeted[label.0 as usize]
    }

    /// Places a label that a later instruction jumps back to.
    pub(super) fn place_loop(&mut self, label: Label) {
        self.labels[label.0 as usize] = self.code.len() as u32;
    }

    // Slots.

    /// A slot for a value of the compiler's own, in use until [`Self::free_temporaries`].
    pub(super) fn new_temporary(&mut self) -> u32 {
        self.new_temporaries(1)
    }

    /// Adjacent slots; the first of them.
    pub(super) fn new_temporaries(&mut self, count: u32) -> u32 {
        let first = self.slots_in_use;
        self.slots_in_use += count;
        self.slots = self.slots.max(self.slots_in_use);
        first
    }

    /// Slots in use, to be given to [`Self::free_temporaries`] later.
    pub(super) fn temporaries(&self) -> u32 {
        self.slots_in_use
    }

    /// Ends the use of temporaries made since.
    pub(super) fn free_temporaries(&mut self, mark: u32) {
        self.slots_in_use = mark;
    }

    // Assigned slots.

    fn assign_slot(&mut self, slot: u32) {
        if let Some(assigned) = self.assigned.get_mut(slot as usize)
            && !*assigned
        {
            *assigned = true;
            self.assignment_log.push(slot);
        }
    }

    /// How many slots are assigned here, to be given to [`Self::undo_assignments`].
    pub(super) fn assignments(&self) -> usize {
        self.assignment_log.len()
    }

    /// Forgets what was assigned since `mark` and returns it.
    pub(super) fn undo_assignments(&mut self, mark: usize) -> Vec<u32> {
        let undone = self.assignment_log.split_off(mark);
        for &slot in &undone {
            self.assigned[slot as usize] = false;
        }
        undone
    }

    /// Slots that are assigned on every one of the ways that meet here; a way that never arrives has no say.
    pub(super) fn join_assignments(&mut self, ways: &[Option<Vec<u32>>]) {
        let arriving = ways.iter().flatten().count() as u32;
        self.ways_assigning.resize(self.assigned.len(), 0);
        for &slot in ways.iter().flatten().flatten() {
            self.ways_assigning[slot as usize] += 1;
        }
        for &slot in ways.iter().flatten().flatten() {
            if std::mem::take(&mut self.ways_assigning[slot as usize]) == arriving {
                self.assign_slot(slot);
            }
        }
    }

    /// True when the variable's slot is certainly assigned here.
    pub(super) fn is_assigned(&self, slot: u32) -> bool {
        self.assigned.get(slot as usize).copied().unwrap_or(true)
    }

    // Variables.

    /// Index in the program of a function of this file.
    pub(super) fn program_function(&self, id: FunctionId) -> u32 {
        self.module.analysis.resolved.files[self.file].first_function + id.0
    }

    /// Where the variable that `name` means lives, unless it is captured or no variable at all.
    pub(super) fn storage(&self, name: Name) -> Option<Storage> {
        self.module.analysis.resolved.storage(self.file, name)
    }

    /// The builtin that the variable `name` of this function means until it is set.
    pub(super) fn builtin_until_set(&self, name: Name) -> Option<Binding> {
        match self.binding(name) {
            Binding::Variable { variable, .. } => self.scope?.variables[variable as usize].builtin_until_set(),
            _ => None,
        }
    }

    pub(super) fn binding(&self, name: Name) -> Binding {
        self.module.analysis.resolved.binding(self.file, name)
    }

    /// Pops the top of the stack into the variable that `name` means.
    pub(super) fn store(&mut self, name: Name, position: u32) {
        match self.binding(name) {
            Binding::Capture(index) => self.emit(StackOp::StoreCaptureCell, index, position),
            Binding::Unknown(global) => self.emit(StackOp::StoreName, global, position),
            _ => match self.storage(name) {
                Some(Storage::Slot(slot)) => {
                    self.emit(StackOp::StoreLocal, slot, position);
                    self.assign_slot(slot);
                }
                Some(Storage::Cell(slot)) => self.emit(StackOp::StoreCell, slot, position),
                Some(Storage::Global(global)) => self.emit(StackOp::StoreName, global, position),
                // The resolver refused assignments to everything else.
                _ => self.emit(StackOp::Pop, 0, position),
            },
        }
    }

    /// Tells those that watch the variable `name`, which was just assigned.
    pub(super) fn notify(&mut self, name: Name) {
        let file = &self.module.analysis.resolved.files[self.file];
        let Some(&hidden) = file.notified.get(&name.id) else { return };
        let Some(notifier) = file.notifier else { return };
        let position = name.span.start;
        self.load_hidden(hidden, position);
        self.call(StackOp::CallFuncConst, notifier, 1, position);
        self.emit(StackOp::Pop, 0, position);
    }

    /// Pushes a variable that the source does not name and that is set; null for what is none.
    pub(super) fn load_hidden(&mut self, hidden: Binding, position: u32) {
        match hidden {
            Binding::Capture(index) => {
                let captures = &self.module.analysis.resolved.scope(self.file, self.id).captures;
                let is_cell = captures[index as usize].is_cell;
                self.emit(if is_cell { StackOp::LoadCaptureCell } else { StackOp::LoadCapture }, index, position);
            }
            Binding::Variable { owner, variable } => {
                match self.module.analysis.resolved.scope(self.file, owner).variables[variable as usize].storage {
                    Storage::Slot(slot) => self.emit(StackOp::LoadLocal, slot, position),
                    Storage::Cell(slot) => self.emit(StackOp::LoadCell, slot, position),
                    Storage::Global(global) => self.emit(StackOp::LoadName, global, position),
                    _ => self.constant(Constant::Null, position),
                }
            }
            _ => self.constant(Constant::Null, position),
        }
    }

    /// Sets the hidden variables that have watchers to null.
    fn preset_watchers(&mut self, scope: &FunctionScope<'a>) {
        for variable in scope.variables.iter().filter(|variable| variable.is_watchers) {
            self.constant(Constant::Null, BEGINNING);
            match variable.storage {
                Storage::Slot(slot) => {
                    self.emit(StackOp::StoreLocal, slot, BEGINNING);
                    self.assign_slot(slot);
                }
                Storage::Cell(slot) => self.emit(StackOp::StoreCell, slot, BEGINNING),
                Storage::Global(global) => self.emit(StackOp::StoreName, global, BEGINNING),
                _ => self.emit(StackOp::Pop, 0, BEGINNING),
            }
        }
    }

    /// Notes that the slot of the variable `name` was assigned by other means than [`Self::store`].
    pub(super) fn mark_assigned(&mut self, name: Name) {
        if let Some(Storage::Slot(slot)) = self.storage(name) {
            self.assign_slot(slot);
        }
    }

    // Guarded ranges.

    /// Begins a guarded range.
    pub(super) fn open_guard(&mut self, is_cleanup: bool) -> usize {
        let handler = self.new_label();
        let start = self.code.len() as u32;
        self.guards.push(Guard { handler, landing: self.depth, is_cleanup, open: Some(start), ranges: Vec::new() });
        self.guards.len() - 1
    }

    /// Ends the open range of a guard.
    pub(super) fn close_guard(&mut self, guard: usize) {
        let end = self.code.len() as u32;
        if let Some(start) = self.guards[guard].open.take() {
            self.guards[guard].ranges.push((start, end));
        }
    }

    /// Begins another range of the same guard.
    pub(super) fn reopen_guard(&mut self, guard: usize) {
        self.guards[guard].open = Some(self.code.len() as u32);
    }

    /// True when a guard covers at least one instruction.
    pub(super) fn guards_something(&self, guard: usize) -> bool {
        self.guards[guard].ranges.iter().any(|&(start, end)| start < end)
    }

    /// Places a guard's handler here: the thrown value is on the stack.
    pub(super) fn place_handler(&mut self, guard: usize) {
        self.labels[self.guards[guard].handler.0 as usize] = self.code.len() as u32;
        self.is_dead = false;
        self.depth = self.guards[guard].landing + 1;
    }
}
