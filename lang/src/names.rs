//! Interned names.

use fxhash::FxHashMap;

/// A name's number in an [`Interner`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Symbol(pub u32);

/// Gives equal texts equal numbers. One interner serves all files of a program.
#[derive(Debug, Default)]
pub struct Interner {
    symbols: FxHashMap<Box<str>, Symbol>,
    texts: Vec<Box<str>>,
}

impl Interner {
    /// An empty interner.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of `text`, a new one if it was not seen before.
    pub fn intern(&mut self, text: &str) -> Symbol {
        if let Some(&symbol) = self.symbols.get(text) {
            return symbol;
        }
        let symbol = Symbol(self.texts.len() as u32);
        self.texts.push(text.into());
        self.symbols.insert(text.into(), symbol);
        symbol
    }

    /// The number of `text` if it has one.
    pub fn find(&self, text: &str) -> Option<Symbol> {
        self.symbols.get(text).copied()
    }

    /// The text of a number that this interner gave out.
    pub fn text(&self, symbol: Symbol) -> &str {
        &self.texts[symbol.0 as usize]
    }

    /// How many names there are; their numbers are `0..len`.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// True when no name was interned.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }
}
