//! Methods of strings, lists, maps and records.

use crate::builtins::NativeFunction;
use crate::value::{Tag, Value};

/// A method of the runtime; argument 0 is the receiver.
#[derive(Clone, Copy, Debug)]
pub struct NativeMethod {
    /// Its name in programs.
    pub name: &'static str,
    /// Fewest and most arguments it takes, the receiver not counted.
    pub arity: (usize, usize),
    /// Its code.
    pub function: NativeFunction,
}

/// The methods of one name.
#[derive(Clone, Copy, Debug, Default)]
pub struct NativeMethods {
    string: Option<NativeMethod>,
    list: Option<NativeMethod>,
    map: Option<NativeMethod>,
    record: Option<NativeMethod>,
}

impl NativeMethods {
    /// The method for this receiver.
    #[inline]
    pub fn of(&self, receiver: Value) -> Option<NativeMethod> {
        match receiver.tag() {
            Tag::String => self.string,
            Tag::List => self.list,
            Tag::Map => self.map,
            Tag::Record => self.record,
            _ => None,
        }
    }
}

/// The methods of this name.
pub fn find(_name: &str) -> NativeMethods {
    NativeMethods::default()
}

/// Names of the methods a receiver of this kind has.
pub fn names_for(_receiver: Value) -> impl Iterator<Item = &'static str> {
    std::iter::empty()
}
