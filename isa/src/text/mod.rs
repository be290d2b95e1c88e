//! The text form of modules: an assembler, and the printer that is its inverse.
//!
//! `parse(&print(&module))` gives `module` back, every field and every bit, for any module at all: verified or not, whatever its strings
//! and floats. Written by hand the same language is short, because tables fill themselves: a constant, name, global or builtin that
//! an instruction mentions is added when it is not there yet.
//!
//! ```
//! let module = isa::text::parse_form::<isa::Register>(r#"
//!     .function fib parameters 1 registers 4
//!         JUMP_NOT_LT_INT r0, 2, recurse
//!         RETURN_REG r0
//!     recurse:
//!         SUB_INT r1, r0, 1
//!         CALL_FUNC_CONST_REG r1, fib, 1
//!         SUB_INT r2, r0, 2
//!         CALL_FUNC_CONST_REG r2, fib, 1
//!         ADD_REG r0, r1, r2
//!         RETURN_REG r0
//!     .function <main> registers 2
//!         LOAD_REG r0, 20
//!         CALL_FUNC_CONST_REG r0, fib, 1
//!         STORE_REG r0, "x"
//!         RETURN_REG r0
//! "#).unwrap();
//! isa::verify::register(module).unwrap();
//! ```
//!
//! # Lines
//!
//! `;` begins a comment. A line is a directive, or any number of `label:` and then an instruction. An operation and its operands,
//! with commas between these, are written as the table declares them, and operands by what they mean:
//!
//! | operand | written |
//! | --- | --- |
//! | constant | `42`, `1.5`, `"text"`, `null`, `true`, `inf`, `nan`, `function fib`, `builtin len`, `type User`, `enum Color`, `module math` |
//! | global, name | `"x"` |
//! | function, type, module, builtin | `fib`; in quotes when it is no plain word |
//! | local, captured variable | its name if no other has it, else `l3`, `c0` |
//! | register, spill slot | `r3`, `s0` |
//! | jump | a label |
//! | count, integer | `3` |
//! | captured variable of the function just made | `c0` |
//!
//! `#7` is the entry with index 7 of whatever table the operand is of; after a name, as in `f#7`, it tells entries of one name
//! apart. `NOP !5` and `NOP_REG !1, !2, !3` give operands as bare numbers, for instructions that no valid program has.
//!
//! # Directives
//!
//! | directive | meaning |
//! | --- | --- |
//! | `.form stack` | or `register`; may be left out where the reader knows it |
//! | `.names "x" "y"` | entries of the table of names; likewise `.constants 1 "x" null`, `.globals "x"`, `.builtins len` |
//! | `.source "main.zx"` | a file; lines `.text "…"` after it make up its text. `.no_sources`: there is none (otherwise there is an unnamed one) |
//! | `.type User extends Base data constructor make` | a type; then `.field "age" = 18` and `.method "hi" = User.hi` |
//! | `.enum Color` | an enum; then `.member "RED" = 0` |
//! | `.module math = top` | a module and its top level; then `.member "pi" = "pi"`, the second being a global |
//! | `.prelude "map" = map` | a library function |
//! | `.function f parameters 1 locals 3` | a function (`registers` in the register form), then any of `spills 2 at 5`, `defaults`, `source 1`, `binds "f"` |
//! | `.locals n i ""` | in a function: names of its locals; in the register form `.parameters n` |
//! | `.capture "n" = local 2 cell` | in a function: a captured variable; or `capture 0`, and without `cell` |
//! | `.at 120` | the instructions that follow come from this byte of the source |
//! | `.line 3 120` | the same for instructions from the third, out of place |
//! | `.refund 120 7` | in a function of metered code: an error raised at this byte of the source gives 7 gas back |
//! | `.handler 2 6 L3 1` | a handler that `SETUP_TRY` cannot express |
//! | `.entry <main>` | the function that runs; if left out, the function `<main>`, else the first |
//!
//! # Handlers
//!
//! `SETUP_TRY h0, L3, 1` and `POP_TRY h0` (140 and 141 of the family) are no instructions: they open and close the range of handler 0, which
//! goes on at `L3` with 1 value kept on the stack (register form: with the thrown value in a register). `cleanup` at the end of the line
//! marks a handler that throws on. Handlers get their order from the numbers, or, when those are left out, from the `POP_TRY`
//! lines: innermost first.

mod assembler;
mod cursor;
mod error;
mod lexer;
mod literal;
mod operands;
mod printer;
mod references;
mod symbols;

pub use error::{ParseError, ParseProblem};
pub use operands::TextForm;
pub use printer::Printer;

use crate::module::{AnyModule, Module, Register, Stack};

/// A module as text.
pub fn print<F: TextForm>(module: &Module<F>) -> String {
    Printer::new(module).module()
}

/// One function as text for people: indices of instructions, and with `with_source` the source lines they come from.
pub fn listing<F: TextForm>(module: &Module<F>, function: u32, with_source: bool) -> String {
    Printer::new(module).listing(function, with_source)
}

/// Reads a module whose text says its form.
pub fn parse(text: &str) -> Result<AnyModule, ParseError> {
    let lines = lexer::lines(text)?;
    Ok(match assembler::form(&lines)? {
        assembler::DeclaredForm::Stack => AnyModule::Stack(assembler::assemble::<Stack>(&lines)?),
        assembler::DeclaredForm::Register => AnyModule::Register(assembler::assemble::<Register>(&lines)?),
    })
}

/// Reads a module in a form that the caller knows.
pub fn parse_form<F: TextForm>(text: &str) -> Result<Module<F>, ParseError> {
    assembler::assemble(&lexer::lines(text)?)
}
