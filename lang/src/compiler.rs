//! From a resolved tree to stack code.
//!
//! One walk over each function emits its code; jumps forward are patched when their label is placed. While it walks, the compiler keeps
//! two facts about the point it has reached: how deep the operand stack is, and which slots have certainly been assigned, so that only
//! reads of the others are checked.
//!
//! # Shapes
//!
//! ```text
//! while c { b }              JUMP Lc; Lb: b; Lc: c; LOOP_IF_TRUE Lb
//! for x in range(a, b, s)    a; b → L[n+1]; s → L[n+2]; FOR_PREPARE n; LOOP Lb; JUMP end; Lb: body; Lc: FOR_LOOP n; LOOP Lb; end:
//! for x in e                 e; ITER_PREPARE → L[n]; 0 → L[n+1]; JUMP Lc; Lb: → x; body; Lc: FOR_ITER n; LOOP Lb; POP
//! ```
//!
//! `finally` and `defer` blocks are compiled once for every way out of the block they guard, as cleanup code; a guarded range
//! of instructions never includes cleanup code that belongs to it.

mod calls;
mod constants;
mod expressions;
mod function;
mod loops;
mod meter;
mod module;
mod patterns;
mod returns;
mod statements;
mod tables;

use isa::StackCode;

use crate::diagnostics::Diagnostic;
use crate::gas::Charges;
use crate::loader::{Analysis, FileDiagnostics, by_file};
use crate::places::Places;
use module::ModuleCompiler;

/// Compiles a program.
///
/// # Errors
/// When the program exceeds a limit of the instruction format, such as the number of arguments of a call.
pub fn compile(analysis: &Analysis<'_>) -> Result<StackCode, Vec<FileDiagnostics>> {
    Ok(compiled(analysis, false)?.finish())
}

/// Compiles a program to code that takes gas, and says what its regions cost.
///
/// # Errors
/// As [`compile`].
pub fn compile_metered(analysis: &Analysis<'_>) -> Result<(StackCode, Charges), Vec<FileDiagnostics>> {
    Ok(compiled(analysis, true)?.finish_metered())
}

/// Compiles a program to portable code: its positions are indices into the [offsets](crate::Places::offsets) of `places`, one for each file,
/// and its sources are empty. None if that cannot be, which tests rule out for programs that were compiled from text.
///
/// # Errors
/// As [`compile`].
pub fn compile_portable(analysis: &Analysis<'_>, places: &[Places]) -> Result<Option<StackCode>, Vec<FileDiagnostics>> {
    Ok(compiled(analysis, false)?.finish_portable(places))
}

fn compiled<'a, 'p>(
    analysis: &'p Analysis<'a>,
    is_metered: bool,
) -> Result<ModuleCompiler<'a, 'p>, Vec<FileDiagnostics>> {
    let mut compiler = ModuleCompiler::new(analysis, is_metered);
    compiler.program();
    let diagnostics: &[(usize, Diagnostic)] = &compiler.diagnostics;
    if diagnostics.is_empty() { Ok(compiler) } else { Err(by_file(&analysis.program, diagnostics)) }
}
