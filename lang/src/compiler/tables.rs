//! Constants and names of the module being compiled, without duplicates.

use std::sync::Arc;

use fxhash::FxHashMap;
use isa::Constant;

use crate::names::{Interner, Symbol};

/// The constants and names of a module.
#[derive(Debug)]
pub(super) struct Tables<'n> {
    interner: &'n Interner,
    pub(super) constants: Vec<Constant>,
    pub(super) names: Vec<Arc<str>>,
    pub(super) builtins: Vec<Arc<str>>,
    by_symbol: Vec<Option<u32>>,
    by_text: FxHashMap<Arc<str>, u32>,
    builtin_by_symbol: FxHashMap<Symbol, u32>,
    integers: FxHashMap<i64, u32>,
    floats: FxHashMap<u64, u32>,
    strings: FxHashMap<Arc<str>, u32>,
    functions: FxHashMap<u32, u32>,
    null: Option<u32>,
    bools: [Option<u32>; 2],
}

impl<'n> Tables<'n> {
    pub(super) fn new(interner: &'n Interner) -> Self {
        Self {
            interner,
            constants: Vec::new(),
            names: Vec::new(),
            builtins: Vec::new(),
            by_symbol: vec![None; interner.len()],
            by_text: FxHashMap::default(),
            builtin_by_symbol: FxHashMap::default(),
            integers: FxHashMap::default(),
            floats: FxHashMap::default(),
            strings: FxHashMap::default(),
            functions: FxHashMap::default(),
            null: None,
            bools: [None; 2],
        }
    }

    /// Index of a symbol among the names.
    pub(super) fn name(&mut self, symbol: Symbol) -> u32 {
        if let Some(index) = self.by_symbol[symbol.0 as usize] {
            return index;
        }
        let index = self.name_text(self.interner.text(symbol));
        self.by_symbol[symbol.0 as usize] = Some(index);
        index
    }

    /// Index of a text among the names.
    pub(super) fn name_text(&mut self, text: &str) -> u32 {
        if let Some(&index) = self.by_text.get(text) {
            return index;
        }
        let index = self.names.len() as u32;
        let text: Arc<str> = text.into();
        self.names.push(text.clone());
        self.by_text.insert(text, index);
        index
    }

    /// Index of a builtin.
    pub(super) fn builtin(&mut self, symbol: Symbol) -> u32 {
        if let Some(&index) = self.builtin_by_symbol.get(&symbol) {
            return index;
        }
        let index = self.builtin_text(self.interner.text(symbol));
        self.builtin_by_symbol.insert(symbol, index);
        index
    }

    /// Index of a builtin by its text.
    pub(super) fn builtin_text(&mut self, text: &str) -> u32 {
        if let Some(index) = self.builtins.iter().position(|known| &**known == text) {
            return index as u32;
        }
        self.builtins.push(text.into());
        self.builtins.len() as u32 - 1
    }

    /// Index of a constant.
    pub(super) fn constant(&mut self, constant: Constant) -> u32 {
        let next = self.constants.len() as u32;
        let index = match &constant {
            Constant::Null => *self.null.get_or_insert(next),
            Constant::Bool(value) => *self.bools[usize::from(*value)].get_or_insert(next),
            Constant::Int(value) => *self.integers.entry(*value).or_insert(next),
            Constant::Float(value) => *self.floats.entry(value.to_bits()).or_insert(next),
            Constant::Function(function) => *self.functions.entry(*function).or_insert(next),
            Constant::String(text) => match self.strings.get(text) {
                Some(&index) => index,
                None => {
                    self.strings.insert(text.clone(), next);
                    next
                }
            },
            // Few, and few kinds.
            other => self.constants.iter().position(|known| known == other).map_or(next, |at| at as u32),
        };
        if index == next {
            self.constants.push(constant);
        }
        index
    }
}
