//! How the printer refers to entries of tables: by what they are, with their index where that alone would not find them again.

use std::collections::HashMap;
use std::fmt::Write;

use super::literal;
use crate::module::{Constant, Form, Function, Module};

/// Which entry a text alone would find.
type Finder<'m> = HashMap<&'m str, u32>;

/// Marks text that several entries have, where the assembler demands an index then.
const SEVERAL: u32 = u32::MAX;

/// What the printer knows of a module's tables.
pub(super) struct References<'m, F: Form> {
    module: &'m Module<F>,
    constants: HashMap<&'m Constant, u32>,
    names: Finder<'m>,
    globals: Finder<'m>,
    builtins: Finder<'m>,
    functions: Finder<'m>,
    types: Finder<'m>,
    enums: Finder<'m>,
    modules: Finder<'m>,
}

/// Tables whose entries the assembler finds by their first occurrence.
fn first<'m>(entries: impl Iterator<Item = Option<&'m str>>) -> Finder<'m> {
    let mut finder = Finder::new();
    for (index, text) in entries.enumerate() {
        if let Some(text) = text {
            finder.entry(text).or_insert(index as u32);
        }
    }
    finder
}

/// Tables whose entries the assembler finds only when their name is the only one.
fn only<'m>(entries: impl Iterator<Item = Option<&'m str>>) -> Finder<'m> {
    let mut finder = Finder::new();
    for (index, text) in entries.enumerate() {
        if let Some(text) = text {
            finder.entry(text).and_modify(|index| *index = SEVERAL).or_insert(index as u32);
        }
    }
    finder
}

impl<'m, F: Form> References<'m, F> {
    pub(super) fn new(module: &'m Module<F>) -> Self {
        let name = |index: u32| module.names.get(index as usize).map(|name| &**name);
        let mut constants = HashMap::new();
        for (index, constant) in module.constants.iter().enumerate() {
            constants.entry(constant).or_insert(index as u32);
        }
        Self {
            module,
            constants,
            names: first(module.names.iter().map(|name| Some(&**name))),
            globals: first(module.globals.iter().map(|global| name(global.name))),
            builtins: first(module.builtins.iter().map(|name| Some(&**name))),
            functions: only(module.functions.iter().map(|function| name(function.name))),
            types: only(module.types.iter().map(|definition| name(definition.name))),
            enums: only(module.enums.iter().map(|definition| name(definition.name))),
            modules: only(module.modules.iter().map(|definition| name(definition.name))),
        }
    }

    /// Names of the locals or parameters of a function, where one slot alone has the name and it cannot be taken for `l3`.
    pub(super) fn locals(&self, function: &Function<F>) -> HashMap<u32, &'m str> {
        self.distinct(function.local_names.iter().copied(), 'l')
    }

    /// Names of the captured variables of a function, likewise.
    pub(super) fn captures(&self, function: &Function<F>) -> HashMap<u32, &'m str> {
        self.distinct(function.captures.iter().map(|capture| capture.name), 'c')
    }

    fn distinct(&self, names: impl Iterator<Item = u32>, letter: char) -> HashMap<u32, &'m str> {
        only(names.map(|name| self.text(name)))
            .into_iter()
            .filter(|&(name, index)| index != SEVERAL && literal::is_word(name) && numbered(name, letter).is_none())
            .map(|(name, index)| (index, name))
            .collect()
    }

    fn text(&self, name: u32) -> Option<&'m str> {
        self.module.names.get(name as usize).map(|name| &**name)
    }

    pub(super) fn name(&self, out: &mut String, index: u32) {
        refer(out, literal::quote, self.text(index), &self.names, index);
    }

    /// A name, without quotes where it is a word.
    pub(super) fn bare_name(&self, out: &mut String, index: u32) {
        refer(out, literal::word, self.text(index), &self.names, index);
    }

    pub(super) fn global(&self, out: &mut String, index: u32) {
        let name = self.module.globals.get(index as usize).and_then(|global| self.text(global.name));
        refer(out, literal::quote, name, &self.globals, index);
    }

    pub(super) fn builtin(&self, out: &mut String, index: u32) {
        let name = self.module.builtins.get(index as usize).map(|name| &**name);
        refer(out, literal::word, name, &self.builtins, index);
    }

    pub(super) fn function(&self, out: &mut String, index: u32) {
        let name = self.module.functions.get(index as usize).and_then(|function| self.text(function.name));
        refer(out, literal::word, name, &self.functions, index);
    }

    pub(super) fn type_(&self, out: &mut String, index: u32) {
        let name = self.module.types.get(index as usize).and_then(|definition| self.text(definition.name));
        refer(out, literal::word, name, &self.types, index);
    }

    pub(super) fn enum_(&self, out: &mut String, index: u32) {
        let name = self.module.enums.get(index as usize).and_then(|definition| self.text(definition.name));
        refer(out, literal::word, name, &self.enums, index);
    }

    pub(super) fn module(&self, out: &mut String, index: u32) {
        let name = self.module.modules.get(index as usize).and_then(|definition| self.text(definition.name));
        refer(out, literal::word, name, &self.modules, index);
    }

    /// A constant by its value.
    pub(super) fn constant(&self, out: &mut String, index: u32) {
        match self.module.constants.get(index as usize) {
            None => index_only(out, index),
            Some(constant) if self.constants[constant] == index => self.value(out, constant),
            // An index after `function f` would be taken for the function's.
            Some(_) => index_only(out, index),
        }
    }

    /// The value of a constant.
    pub(super) fn value(&self, out: &mut String, constant: &Constant) {
        match *constant {
            Constant::Null => out.push_str("null"),
            Constant::Bool(value) => {
                let _ = write!(out, "{value}");
            }
            Constant::Int(value) => {
                let _ = write!(out, "{value}");
            }
            Constant::Float(value) => literal::float(out, value),
            Constant::String(ref text) => literal::quote(out, text),
            Constant::Function(index) => {
                out.push_str("function ");
                self.function(out, index);
            }
            Constant::Builtin(index) => {
                out.push_str("builtin ");
                self.builtin(out, index);
            }
            Constant::Type(index) => {
                out.push_str("type ");
                self.type_(out, index);
            }
            Constant::Enum(index) => {
                out.push_str("enum ");
                self.enum_(out, index);
            }
            Constant::Module(index) => {
                out.push_str("module ");
                self.module(out, index);
            }
        }
    }
}

/// The number of `l3`, `r3` and the like.
pub(super) fn numbered(word: &str, letter: char) -> Option<u32> {
    let digits = word.strip_prefix(letter)?;
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}

fn refer(
    out: &mut String,
    write_text: impl Fn(&mut String, &str),
    text: Option<&str>,
    finder: &Finder<'_>,
    index: u32,
) {
    match text {
        None => index_only(out, index),
        Some(text) => {
            write_text(out, text);
            if finder.get(text) != Some(&index) {
                index_only(out, index);
            }
        }
    }
}

fn index_only(out: &mut String, index: u32) {
    let _ = write!(out, "#{index}");
}
