//! What both verifiers demand of a module's tables, and of a function apart from its instructions.

use super::count;
use super::error::{Problem, VerifyError};
use crate::module::{CaptureSource, Constant, Form, Function, Module};

/// Checks all tables.
pub(super) fn check<F: Form>(module: &Module<F>) -> Result<(), VerifyError> {
    Tables { module }.all()
}

/// `index` is below `count`.
pub(super) fn in_range(what: &'static str, index: u32, count: u32) -> Result<(), Problem> {
    if index < count { Ok(()) } else { Err(Problem::OutOfRange { what, index, count }) }
}

struct Tables<'m, F: Form> {
    module: &'m Module<F>,
}

impl<F: Form> Tables<'_, F> {
    fn all(&self) -> Result<(), VerifyError> {
        let module = self.module;
        each("constant", &module.constants, |constant| self.constant(constant))?;
        each("global", &module.globals, |global| self.name(global.name))?;
        for (index, function) in module.functions.iter().enumerate() {
            self.function(function).map_err(|problem| VerifyError::function(module, index, problem))?;
        }
        self.types()?;
        each("enum", &module.enums, |definition| {
            self.name(definition.name)?;
            definition.members.iter().try_for_each(|&(name, _)| self.name(name))
        })?;
        each("module", &module.modules, |definition| {
            self.name(definition.name)?;
            self.runs_alone("its top level", definition.function)?;
            definition.members.iter().try_for_each(|&(name, global)| {
                self.name(name)?;
                in_range("global", global, count(&module.globals))
            })
        })?;
        each("prelude function", &module.prelude, |prelude| {
            self.name(prelude.name)?;
            self.takes_receiver("it", prelude.function)
        })?;
        self.runs_alone("the entry", module.entry).map_err(VerifyError::module)
    }

    fn name(&self, index: u32) -> Result<(), Problem> {
        in_range("name", index, count(&self.module.names))
    }

    fn constant(&self, constant: &Constant) -> Result<(), Problem> {
        let module = self.module;
        match *constant {
            Constant::Null | Constant::Bool(_) | Constant::Int(_) | Constant::Float(_) | Constant::String(_) => Ok(()),
            Constant::Function(index) => self.captures_nothing("it", index),
            Constant::Builtin(index) => in_range("builtin", index, count(&module.builtins)),
            Constant::Type(index) => in_range("type", index, count(&module.types)),
            Constant::Enum(index) => in_range("enum", index, count(&module.enums)),
            Constant::Module(index) => in_range("module", index, count(&module.modules)),
        }
    }

    fn function(&self, function: &Function<F>) -> Result<(), Problem> {
        let module = self.module;
        self.name(function.name)?;
        function.local_names.iter().try_for_each(|&name| self.name(name))?;
        function.captures.iter().try_for_each(|capture| self.name(capture.name))?;
        in_range("source", function.source, count(&module.sources))?;
        if let Some(global) = function.global {
            in_range("global", global, count(&module.globals))?;
        }
        if u32::from(function.parameters) > function.locals {
            return Err(Problem::ParametersBeyondLocals { parameters: function.parameters, locals: function.locals });
        }
        let length = count(&function.code);
        // All entries are looked at: there is nothing to guess for the processor then.
        let (mut last, mut are_in_order) = (0, true);
        for &(first, _) in &function.lines {
            are_in_order &= last <= first;
            last = first;
        }
        if !are_in_order || last > length {
            return Err(wrong_line(&function.lines, length));
        }
        for (index, handler) in function.handlers.iter().enumerate() {
            let (start, end, target) = (handler.start, handler.end, handler.target);
            if start > end || end > length {
                return Err(Problem::HandlerRange { handler: index as u32, start, end, length });
            }
            if target >= length {
                return Err(Problem::HandlerTarget { handler: index as u32, target, length });
            }
            if target < end {
                return Err(Problem::HandlerBack { handler: index as u32, target, end });
            }
        }
        Ok(())
    }

    fn types(&self) -> Result<(), VerifyError> {
        let module = self.module;
        each("type", &module.types, |definition| {
            self.name(definition.name)?;
            if let Some(parent) = definition.parent {
                in_range("type", parent, count(&module.types))?;
            }
            for field in &definition.fields {
                self.name(field.name)?;
                in_range("constant", field.default, count(&module.constants))?;
            }
            for method in &definition.methods {
                self.name(method.name)?;
                self.takes_receiver("a method", method.function)?;
            }
            definition.constructor.map_or(Ok(()), |index| self.captures_nothing("its constructor", index))
        })?;
        self.inheritance()
    }

    /// No type is its own ancestor, and a type's fields begin with its parent's.
    fn inheritance(&self) -> Result<(), VerifyError> {
        let types = &self.module.types;
        // The walk up from each type stops where an earlier walk has been; meeting its own mark closes a cycle.
        let mut walk = vec![0_u32; types.len()];
        for start in 0..types.len() {
            let mark = start as u32 + 1;
            let mut at = start;
            while walk[at] == 0 {
                walk[at] = mark;
                let Some(parent) = types[at].parent else { break };
                at = parent as usize;
                if walk[at] == mark {
                    return Err(VerifyError::table("type", at, Problem::ParentCycle));
                }
            }
        }
        each("type", types, |definition| {
            let Some(parent) = definition.parent else { return Ok(()) };
            let inherited = &types[parent as usize].fields;
            let same = definition.fields.len() >= inherited.len()
                && definition.fields.iter().zip(inherited).all(|(own, inherited)| own.name == inherited.name);
            if same { Ok(()) } else { Err(Problem::ParentFields { parent }) }
        })
    }

    fn captures_nothing(&self, role: &'static str, function: u32) -> Result<(), Problem> {
        captures_nothing(self.module, role, function)
    }

    fn runs_alone(&self, role: &'static str, function: u32) -> Result<(), Problem> {
        self.captures_nothing(role, function)?;
        match self.module.functions[function as usize].parameters {
            0 => Ok(()),
            parameters => Err(Problem::HasParameters { role, function, parameters }),
        }
    }

    fn takes_receiver(&self, role: &'static str, function: u32) -> Result<(), Problem> {
        self.captures_nothing(role, function)?;
        match self.module.functions[function as usize].parameters {
            0 => Err(Problem::NoReceiver { role, function }),
            _ => Ok(()),
        }
    }
}

/// Which entry of a line table that is wrong is the first to be so: it begins before the one before it, or past the end.
#[cold]
fn wrong_line(lines: &[(u32, u32)], length: u32) -> Problem {
    let mut last = 0;
    let is_wrong = |&(first, _): &(u32, u32)| first < std::mem::replace(&mut last, first) || first > length;
    Problem::Lines { entry: lines.iter().position(is_wrong).unwrap_or(lines.len()) as u32 }
}

/// Runs `check` on every entry of a table and says which one it refused.
fn each<T>(what: &'static str, table: &[T], check: impl Fn(&T) -> Result<(), Problem>) -> Result<(), VerifyError> {
    for (index, entry) in table.iter().enumerate() {
        check(entry).map_err(|problem| VerifyError::table(what, index, problem))?;
    }
    Ok(())
}

/// `function` exists and needs no captured variables.
pub(super) fn captures_nothing<F: Form>(module: &Module<F>, role: &'static str, function: u32) -> Result<(), Problem> {
    in_range("function", function, count(&module.functions))?;
    if module.functions[function as usize].captures.is_empty() {
        Ok(())
    } else {
        Err(Problem::Captures { role, function })
    }
}

/// `maker` has every variable that `function`, which it makes, captures. Whether it has a local (slot, is it a cell) is for `has_local` to
/// say, because only the stack form finds them by slot.
pub(super) fn makes<F: Form>(
    module: &Module<F>,
    maker: &Function<F>,
    function: u32,
    mut has_local: impl FnMut(u32, bool) -> bool,
) -> Result<(), Problem> {
    for (index, capture) in module.functions[function as usize].captures.iter().enumerate() {
        let problem = |what, index_in_maker, has| {
            Err(Problem::CaptureSource { function, capture: index as u32, what, index: index_in_maker, has })
        };
        match capture.from {
            CaptureSource::Local(slot) => {
                if !has_local(slot, capture.is_cell) {
                    return problem("local", slot, "has no such local");
                }
            }
            CaptureSource::Capture(from) => match maker.captures.get(from as usize) {
                None => return problem("captured variable", from, "has no such captured variable"),
                Some(outer) if outer.is_cell != capture.is_cell => {
                    return problem(
                        "captured variable",
                        from,
                        "has it as a cell where this has a value, or the reverse",
                    );
                }
                Some(_) => {}
            },
        }
    }
    Ok(())
}

/// A captured variable is used as what it is.
pub(super) fn capture_kind<F: Form>(function: &Function<F>, capture: u32, is_cell: bool) -> Result<(), Problem> {
    let actual = function.captures[capture as usize].is_cell;
    if actual == is_cell { Ok(()) } else { Err(Problem::CaptureKind { capture, is_cell: actual }) }
}

/// `STORE_FUNC` of this function makes sense.
pub(super) fn hoisted<F: Form>(module: &Module<F>, function: u32) -> Result<(), Problem> {
    captures_nothing(module, "a hoisted function", function)?;
    match module.functions[function as usize].global {
        Some(_) => Ok(()),
        None => Err(Problem::NoGlobal { function }),
    }
}
