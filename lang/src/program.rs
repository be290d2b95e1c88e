//! A program before it runs: its files, parsed, and how they use each other.

use crate::ast::File;
use crate::names::Interner;

/// All files of a program. Files stand after the files they use, the main file last.
#[derive(Debug)]
pub struct SourceProgram<'a> {
    /// Names of all files.
    pub names: Interner,
    /// The files.
    pub files: Vec<SourceFile<'a>>,
}

/// One file.
#[derive(Debug)]
pub struct SourceFile<'a> {
    /// Path as the user or the `use` statement gave it, relative to the main file.
    pub name: String,
    /// Its text.
    pub text: &'a str,
    /// Its tree.
    pub file: File<'a>,
    /// What it is.
    pub kind: FileKind,
    /// What each `use` of this file refers to, by offset of its path.
    pub uses: Vec<(u32, Used)>,
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// Run first.
    Main,
    /// Used by others.
    Module,
    /// Library functions of the language written in the language.
    Prelude,
}

/// What a `use` refers to.
#[derive(Clone, Copy, Debug)]
pub enum Used {
    /// A file: index into [`SourceProgram::files`].
    File(usize),
    /// A standard module: its members and the builtins they are.
    Standard(&'static [(&'static str, &'static str)]),
}
