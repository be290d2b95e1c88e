//! Places in a file that code refers to, with and without the file's layout.
//!
//! Instructions come from places in the source. While code is compiled, a place is a *mark*: the offset of a token, the beginning of the
//! file, or the end of a function's body. What a token is called in another layout of the same tree is a question of how many
//! tokens come before it; so [`Places`] numbers all places of a file in an order that layout does not change, and code whose marks were
//! replaced by those numbers is *portable*: with the offsets of any layout of the tree it is the code of that layout.

use crate::ast::FunctionId;

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Where the file begins, whatever stands there.
    Beginning,
    /// Offset of a token.
    Token(u32),
    /// The last character of a function's body. Blocks of both styles have one, though only `}` is a token of its own.
    EndOf(FunctionId),
}

/// Files are smaller than this.
const END_OF: u32 = 1 << 31;

impl Place {
    /// The place as a number, for line tables of code that is being compiled.
    pub(crate) const fn mark(self) -> u32 {
        match self {
            Self::Beginning => u32::MAX,
            Self::Token(offset) => offset,
            Self::EndOf(function) => END_OF | function.0,
        }
    }

    pub(crate) const fn of_mark(mark: u32) -> Self {
        match mark {
            u32::MAX => Self::Beginning,
            END_OF.. => Self::EndOf(FunctionId(mark & !END_OF)),
            offset => Self::Token(offset),
        }
    }
}

/// All places of a file, numbered: its beginning, the tokens at which nodes of the tree begin, in order, and the ends of functions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    offsets: Vec<u32>,
    tokens: usize,
}

impl Places {
    /// From the offsets of tokens, ascending and each one once, and the ends of all functions.
    pub(crate) fn new(tokens: &[u32], ends: &[u32]) -> Self {
        Self { offsets: [&[0], tokens, ends].concat(), tokens: tokens.len() }
    }

    /// The offset of every place, by number.
    pub fn offsets(&self) -> &[u32] {
        &self.offsets
    }

    /// The number of a place; none if it is no place of the tree.
    pub(crate) fn number(&self, place: Place) -> Option<u32> {
        let number = match place {
            Place::Beginning => 0,
            Place::Token(offset) => 1 + self.offsets[1..=self.tokens].binary_search(&offset).ok()?,
            Place::EndOf(function) => 1 + self.tokens + function.0 as usize,
        };
        (number < self.offsets.len()).then_some(number as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::{Place, Places};
    use crate::ast::FunctionId;

    #[test]
    fn marks_are_places() {
        for place in [Place::Beginning, Place::Token(0), Place::Token(1 << 30), Place::EndOf(FunctionId(7))] {
            assert_eq!(Place::of_mark(place.mark()), place);
        }
    }

    #[test]
    fn numbers_lead_to_offsets() {
        let places = Places::new(&[0, 4, 9], &[0, 12]);
        let offset = |place| places.number(place).map(|number| places.offsets()[number as usize]);
        assert_eq!(offset(Place::Beginning), Some(0));
        assert_eq!(offset(Place::Token(9)), Some(9));
        assert_eq!(offset(Place::EndOf(FunctionId(1))), Some(12));
        assert_eq!(offset(Place::Token(5)), None, "no token begins there");
        assert_eq!(offset(Place::EndOf(FunctionId(2))), None, "there is no such function");
        assert_ne!(places.number(Place::Beginning), places.number(Place::Token(0)));
    }
}
