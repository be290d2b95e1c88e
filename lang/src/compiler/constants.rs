//! Variables of a top level that are constants in all but name.
//!
//! A variable that is declared once with a literal, never assigned, and used by functions is a global, which is read from memory and checked
//! each time. Its literal can stand in its place wherever the declaration certainly has run: in the rest of the top level, and in
//! functions if none can be called before. So nothing before the declaration may run code of the program. In a file or
//! module that others use, nothing before it may fail either, because who caught the error could call functions of what never ran to its end.

use fxhash::FxHashMap;

use crate::ast::{Expression, ExpressionKind, Statement, StatementKind};
use crate::constant::literal;
use crate::loader::Analysis;
use crate::program::FileKind;
use crate::resolver::{Binding, Declaration, ModuleBody, PREDEFINED, Storage};

/// A global that holds one literal from its declaration on.
#[derive(Clone, Copy, Debug)]
pub(super) struct ConstantGlobal<'a> {
    /// The file that declares it.
    pub(super) file: usize,
    /// Offset of the end of its declaration.
    pub(super) set_at: u32,
    /// The literal.
    pub(super) value: &'a Expression<'a>,
}

/// The constants of all top levels, by global.
pub(super) fn constant_globals<'a>(analysis: &Analysis<'a>) -> FxHashMap<u32, ConstantGlobal<'a>> {
    let mut found = FxHashMap::default();
    for (file, source) in analysis.program.files.iter().enumerate() {
        let is_main = source.kind == FileKind::Main;
        TopLevel { analysis, file, is_main }.constants(source.file.statements, &mut found);
    }
    for module in &analysis.resolved.modules {
        if let ModuleBody::Block(block) = module.body {
            TopLevel { analysis, file: module.file, is_main: false }.constants(block.body.statements, &mut found);
        }
    }
    found
}

/// The statements of a file or module.
struct TopLevel<'p, 'a> {
    analysis: &'p Analysis<'a>,
    file: usize,
    is_main: bool,
}

impl<'a> TopLevel<'_, 'a> {
    /// The constants among the leading statements that run nothing of the program's own.
    fn constants(&self, statements: &'a [Statement<'a>], found: &mut FxHashMap<u32, ConstantGlobal<'a>>) {
        for statement in statements {
            let statement = match statement.kind {
                StatementKind::Export { declaration: Some(declaration), .. } => declaration,
                _ => statement,
            };
            if !self.is_quiet(statement) {
                return;
            }
            if let Some((global, value)) = self.constant(statement) {
                found.insert(global, ConstantGlobal { file: self.file, set_at: statement.span.end, value });
            }
        }
    }

    fn constant(&self, statement: &Statement<'a>) -> Option<(u32, &'a Expression<'a>)> {
        let StatementKind::Let { name, value: Some(value), .. } = statement.kind else { return None };
        literal(value)?;
        let resolved = &self.analysis.resolved;
        let Binding::Variable { owner, variable } = resolved.binding(self.file, name) else { return None };
        let variable = &resolved.scope(self.file, owner).variables[variable as usize];
        match variable.storage {
            Storage::Global(global) if variable.writes == 1 && variable.declaration == Declaration::Local => {
                Some((global, value))
            }
            _ => None,
        }
    }

    /// True when a statement runs no code of the program's own, goes on to the next, and in a used file cannot fail.
    fn is_quiet(&self, statement: &Statement<'a>) -> bool {
        match statement.kind {
            StatementKind::Function(_)
            | StatementKind::Entity(_)
            | StatementKind::Enum(_)
            | StatementKind::Protocol(_)
            | StatementKind::TypeAlias { .. }
            | StatementKind::Export { declaration: None, .. } => true,
            StatementKind::Let { value, .. } => value.is_none_or(|value| self.is_quiet_value(value)),
            StatementKind::LetMap { value, .. }
            | StatementKind::LetList { value, .. }
            | StatementKind::Expression(value)
            | StatementKind::Debug(value) => self.is_main && self.is_quiet_value(value),
            StatementKind::Print(values) => self.is_main && values.iter().all(|value| self.is_quiet_value(value)),
            _ => false,
        }
    }

    fn is_quiet_value(&self, expression: &'a Expression<'a>) -> bool {
        if !self.is_main {
            return literal(expression).is_some() || matches!(expression.kind, ExpressionKind::Function(_));
        }
        let mut pending = vec![expression];
        while let Some(expression) = pending.pop() {
            match expression.kind {
                ExpressionKind::Call { callee, .. } if !self.is_builtin(callee) => return false,
                ExpressionKind::MethodCall { .. } | ExpressionKind::Construct { .. } | ExpressionKind::Match(_) => {
                    return false;
                }
                _ => expression.for_each_child(|child| pending.push(child)),
            }
        }
        true
    }

    /// True for the name of a builtin, none of which calls back into the program.
    fn is_builtin(&self, callee: &Expression<'a>) -> bool {
        let ExpressionKind::Name(name) = callee.kind else { return false };
        match self.analysis.resolved.binding(self.file, name) {
            Binding::Builtin(symbol) => !PREDEFINED.contains(&self.analysis.program.names.text(symbol)),
            _ => false,
        }
    }
}
