//! Tables of the module that is being assembled, and how text finds their entries.
//!
//! Constants, names, globals and builtins are added when they are first mentioned. Functions, types, enums and modules are declared,
//! and may be mentioned before that; so their names are gathered from all lines before anything is read.

use std::collections::HashMap;
use std::sync::Arc;

use super::cursor::{Cursor, Reference};
use super::error::{ParseError, ParseProblem};
use super::lexer::{Line, Token};
use super::literal::Number;
use crate::module::{Constant, Form, Global, Module};

/// Stands for the index of a name that several entries have.
const SEVERAL: u32 = u32::MAX;

/// Names of what is declared by a directive, in order.
#[derive(Default)]
struct Declared {
    names: Vec<Option<Box<str>>>,
    finder: HashMap<Box<str>, u32>,
}

impl Declared {
    fn add(&mut self, name: Option<&str>) {
        let index = self.names.len() as u32;
        if let Some(name) = name {
            self.finder.entry(name.into()).and_modify(|found| *found = SEVERAL).or_insert(index);
        }
        self.names.push(name.map(Into::into));
    }

    fn find(&self, cursor: &Cursor<'_, '_>, what: &'static str, reference: Reference) -> Result<u32, ParseError> {
        let Reference { text, index, column } = reference;
        let problem = match (text, index) {
            (None, index) => return Ok(index.unwrap_or_default()),
            (Some(text), Some(index)) => match self.names.get(index as usize) {
                Some(Some(name)) if **name == *text => return Ok(index),
                _ => ParseProblem::Mismatch { what, name: text.into(), index },
            },
            (Some(text), None) => match self.finder.get(&*text) {
                None => ParseProblem::Unknown { what, name: text.into() },
                Some(&SEVERAL) => ParseProblem::Ambiguous { what, name: text.into() },
                Some(&index) => return Ok(index),
            },
        };
        Err(cursor.error_at(column, problem))
    }
}

/// The module so far, and how to find things in it.
pub(super) struct Symbols<F: Form> {
    pub(super) module: Module<F>,
    constants: HashMap<Constant, u32>,
    names: HashMap<Arc<str>, u32>,
    globals: HashMap<Arc<str>, u32>,
    builtins: HashMap<Arc<str>, u32>,
    functions: Declared,
    types: Declared,
    enums: Declared,
    modules: Declared,
}

impl<F: Form> Symbols<F> {
    /// Nothing but the names that `lines` declare.
    pub(super) fn new(lines: &[Line<'_>]) -> Self {
        let mut symbols = Self {
            module: Module::default(),
            constants: HashMap::new(),
            names: HashMap::new(),
            globals: HashMap::new(),
            builtins: HashMap::new(),
            functions: Declared::default(),
            types: Declared::default(),
            enums: Declared::default(),
            modules: Declared::default(),
        };
        for line in lines {
            let table = match line.tokens.first() {
                Some((_, Token::Word(".function"))) => &mut symbols.functions,
                Some((_, Token::Word(".type"))) => &mut symbols.types,
                Some((_, Token::Word(".enum"))) => &mut symbols.enums,
                Some((_, Token::Word(".module"))) => &mut symbols.modules,
                _ => continue,
            };
            table.add(match line.tokens.get(1) {
                Some((_, Token::Word(word))) => Some(word),
                Some((_, Token::Text(text))) => Some(text),
                _ => None,
            });
        }
        symbols
    }

    /// The function with this name, if one has it.
    pub(super) fn function_named(&self, name: &str) -> Option<u32> {
        self.functions.finder.get(name).copied().filter(|&index| index != SEVERAL)
    }

    pub(super) fn function(&self, cursor: &mut Cursor<'_, '_>) -> Result<u32, ParseError> {
        let reference = cursor.reference("a function")?;
        self.functions.find(cursor, "function", reference)
    }

    pub(super) fn type_(&self, cursor: &mut Cursor<'_, '_>) -> Result<u32, ParseError> {
        let reference = cursor.reference("a type")?;
        self.types.find(cursor, "type", reference)
    }

    pub(super) fn enum_(&self, cursor: &mut Cursor<'_, '_>) -> Result<u32, ParseError> {
        let reference = cursor.reference("an enum")?;
        self.enums.find(cursor, "enum", reference)
    }

    pub(super) fn module(&self, cursor: &mut Cursor<'_, '_>) -> Result<u32, ParseError> {
        let reference = cursor.reference("a module")?;
        self.modules.find(cursor, "module", reference)
    }

    /// A new entry of the table of names.
    pub(super) fn add_name(&mut self, name: &str) -> u32 {
        let index = self.module.names.len() as u32;
        self.module.names.push(name.into());
        self.names.entry(name.into()).or_insert(index);
        index
    }

    /// The first name with this text, added if there is none.
    pub(super) fn name_index(&mut self, name: &str) -> u32 {
        match self.names.get(name) {
            Some(&index) => index,
            None => self.add_name(name),
        }
    }

    pub(super) fn name(&mut self, cursor: &mut Cursor<'_, '_>) -> Result<u32, ParseError> {
        let reference = cursor.reference("a name")?;
        let (Some(text), None) = (&reference.text, reference.index) else {
            return indexed(cursor, "name", reference, |index| {
                self.module.names.get(index as usize).map(|name| &**name)
            });
        };
        Ok(self.name_index(text))
    }

    /// A new global with this name.
    pub(super) fn add_global(&mut self, name: u32) -> u32 {
        let index = self.module.globals.len() as u32;
        self.module.globals.push(Global { name });
        if let Some(name) = self.module.names.get(name as usize) {
            self.globals.entry(name.clone()).or_insert(index);
        }
        index
    }

    pub(super) fn global(&mut self, cursor: &mut Cursor<'_, '_>) -> Result<u32, ParseError> {
        let reference = cursor.reference("a global")?;
        let (Some(text), None) = (&reference.text, reference.index) else {
            return indexed(cursor, "global", reference, |index| {
                let global = self.module.globals.get(index as usize)?;
                self.module.names.get(global.name as usize).map(|name| &**name)
            });
        };
        if let Some(&index) = self.globals.get(&**text) {
            return Ok(index);
        }
        let name = self.name_index(text);
        Ok(self.add_global(name))
    }

    /// A new entry of the table of builtins.
    pub(super) fn add_builtin(&mut self, name: &str) -> u32 {
        let index = self.module.builtins.len() as u32;
        self.module.builtins.push(name.into());
        self.builtins.entry(name.into()).or_insert(index);
        index
    }

    pub(super) fn builtin(&mut self, cursor: &mut Cursor<'_, '_>) -> Result<u32, ParseError> {
        let reference = cursor.reference("a builtin")?;
        let (Some(text), None) = (&reference.text, reference.index) else {
            return indexed(cursor, "builtin", reference, |index| {
                self.module.builtins.get(index as usize).map(|name| &**name)
            });
        };
        match self.builtins.get(&**text) {
            Some(&index) => Ok(index),
            None => Ok(self.add_builtin(text)),
        }
    }

    /// A new constant.
    pub(super) fn add_constant(&mut self, value: Constant) -> u32 {
        let index = self.module.constants.len() as u32;
        self.constants.entry(value.clone()).or_insert(index);
        self.module.constants.push(value);
        index
    }

    /// The first constant with a value, added if there is none; or one by index.
    pub(super) fn constant(&mut self, cursor: &mut Cursor<'_, '_>) -> Result<u32, ParseError> {
        if let Some(&Token::Index(index)) = cursor.peek() {
            cursor.advance();
            return Ok(index);
        }
        let value = self.value(cursor)?;
        match self.constants.get(&value) {
            Some(&index) => Ok(index),
            None => Ok(self.add_constant(value)),
        }
    }

    /// The value of a constant.
    pub(super) fn value(&mut self, cursor: &mut Cursor<'_, '_>) -> Result<Constant, ParseError> {
        const EXPECTED: &str =
            "a constant: a number, a string, null, true, false, or function, builtin, type, enum or module and a name";
        match cursor.peek() {
            Some(Token::Number(_)) => Ok(match cursor.number()? {
                Number::Int(value) => Constant::Int(value),
                Number::Float(value) => Constant::Float(value),
            }),
            Some(Token::Text(text)) => {
                cursor.advance();
                Ok(Constant::String(text.as_str().into()))
            }
            Some(&Token::Word(word)) => {
                let constant = match word {
                    "null" => Constant::Null,
                    "true" => Constant::Bool(true),
                    "false" => Constant::Bool(false),
                    "inf" => Constant::Float(f64::INFINITY),
                    "nan" => Constant::Float(f64::NAN),
                    "float" | "function" | "builtin" | "type" | "enum" | "module" => {
                        cursor.advance();
                        return self.value_of(word, cursor);
                    }
                    _ => return Err(cursor.expected(EXPECTED)),
                };
                cursor.advance();
                Ok(constant)
            }
            _ => Err(cursor.expected(EXPECTED)),
        }
    }

    fn value_of(&mut self, kind: &str, cursor: &mut Cursor<'_, '_>) -> Result<Constant, ParseError> {
        Ok(match kind {
            "function" => Constant::Function(self.function(cursor)?),
            "builtin" => Constant::Builtin(self.builtin(cursor)?),
            "type" => Constant::Type(self.type_(cursor)?),
            "enum" => Constant::Enum(self.enum_(cursor)?),
            "module" => Constant::Module(self.module(cursor)?),
            _ => {
                let bits = match cursor.peek() {
                    Some(Token::Number(text)) => {
                        text.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok())
                    }
                    _ => None,
                };
                let bits = bits.ok_or_else(|| cursor.expected("the bits of a float, as in `0x7ff8000000000001`"))?;
                cursor.advance();
                Constant::Float(f64::from_bits(bits))
            }
        })
    }
}

/// An entry named by its index; a text before it must be the entry's.
fn indexed<'n>(
    cursor: &Cursor<'_, '_>,
    what: &'static str,
    reference: Reference,
    name: impl FnOnce(u32) -> Option<&'n str>,
) -> Result<u32, ParseError> {
    let index = reference.index.unwrap_or_default();
    match reference.text {
        Some(text) if name(index) != Some(&text) => {
            let problem = ParseProblem::Mismatch { what, name: text.into(), index };
            Err(cursor.error_at(reference.column, problem))
        }
        _ => Ok(index),
    }
}
