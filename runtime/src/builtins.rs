//! Builtin functions.
//!
//! A builtin is a row of a table: name, arity, code and a line of help. The tables stand in the files of this module, by subject; what a
//! builtin shares with a method is written once, under [`methods`](crate::methods). A builtin does all it can fail at before it changes
//! anything, because an engine runs an instruction again after a collection when the heap's limit stopped it.

mod chain;
mod collections;
mod convert;
mod digest;
mod host;
pub(crate) mod json;
mod numbers;
mod random;
pub(crate) mod sort;
mod text;

use std::sync::LazyLock;

use fxhash::FxHashMap;

use crate::context::Runtime;
use crate::error::Fault;
use crate::gas::Pricing;
use crate::value::Value;

pub(crate) use convert::{char_code, to_float, to_hex, to_int, to_string};
pub(crate) use numbers::{max, min, sum};

pub use host::VIRTUAL_EPOCH;
pub(crate) use host::current_time;

/// Code of a builtin function.
pub type NativeFunction = fn(&mut Runtime, &[Value]) -> Result<Value, Fault>;

/// A builtin function.
#[derive(Debug)]
pub struct Builtin {
    /// Its name in programs.
    pub name: &'static str,
    /// Fewest and most arguments it takes.
    pub arity: (usize, usize),
    /// Its code; it gets between `arity.0` and `arity.1` arguments.
    pub function: NativeFunction,
    /// What a call takes gas for.
    pub pricing: Pricing,
    /// Whether it wants to know how deep calls are nested. Engines that count that by frames say so in [`Runtime::depth`] before.
    pub asks_depth: bool,
    /// How it is called and what it gives, in one line.
    pub help: &'static str,
}

/// Arity of functions that take any number of arguments from `fewest` on.
const fn at_least(fewest: usize) -> (usize, usize) {
    (fewest, usize::MAX)
}

/// A row of a table.
const fn builtin(name: &'static str, arity: (usize, usize), function: NativeFunction, help: &'static str) -> Builtin {
    Builtin { name, arity, function, pricing: Pricing::of(name), asks_depth: false, help }
}

static TABLES: [&[Builtin]; 9] = [
    chain::TABLE,
    convert::TABLE,
    numbers::TABLE,
    random::TABLE,
    text::TABLE,
    collections::TABLE,
    digest::TABLE,
    json::TABLE,
    host::TABLE,
];

/// All builtins, by subject.
pub fn all() -> impl Iterator<Item = &'static Builtin> {
    TABLES.iter().flat_map(|table| table.iter())
}

/// The builtin of this name.
pub fn find(name: &str) -> Option<&'static Builtin> {
    static BY_NAME: LazyLock<FxHashMap<&str, &Builtin>> =
        LazyLock::new(|| all().map(|builtin| (builtin.name, builtin)).collect());
    BY_NAME.get(name).copied()
}

/// Names of all builtins.
pub fn names() -> impl Iterator<Item = &'static str> {
    all().map(|builtin| builtin.name)
}

/// The functions of a standard module (`use "math" as m`): the name of each member and of the builtin it is.
pub fn standard_module(name: &str) -> Option<&'static [(&'static str, &'static str)]> {
    match name {
        "math" => Some(&[
            ("abs", "abs"),
            ("sqrt", "sqrt"),
            ("pow", "pow"),
            ("min", "min"),
            ("max", "max"),
            ("sum", "sum"),
            ("floor", "floor"),
            ("ceil", "ceil"),
            ("round", "round"),
            ("exp", "exp"),
            ("log", "log"),
            ("log2", "log2"),
            ("log10", "log10"),
            ("sin", "sin"),
            ("cos", "cos"),
            ("tan", "tan"),
            ("asin", "asin"),
            ("acos", "acos"),
            ("atan", "atan"),
            ("atan2", "atan2"),
            ("random", "random"),
        ]),
        "json" => Some(&[("parse", "json_parse"), ("stringify", "json_stringify")]),
        "crypto" => Some(&[
            ("hash", "hash"),
            ("sha256", "sha256"),
            ("hash_sha256", "sha256"),
            ("sha512", "sha512"),
            ("hash_sha512", "sha512"),
            ("sha3_256", "sha3_256"),
            ("keccak256", "keccak256"),
            ("hash_keccak256", "keccak256"),
            ("blake3", "blake3"),
            ("to_hex", "to_hex"),
            ("from_hex", "from_hex"),
        ]),
        _ => None,
    }
}

/// The constants of a standard module.
pub fn standard_constants(name: &str) -> &'static [(&'static str, f64)] {
    match name {
        "math" => &[("PI", std::f64::consts::PI), ("E", std::f64::consts::E), ("TAU", std::f64::consts::TAU)],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_and_stands_in_one_row() {
        let mut seen = std::collections::HashSet::new();
        for builtin in all() {
            assert!(seen.insert(builtin.name), "{} is declared twice", builtin.name);
            assert!(find(builtin.name).is_some_and(|found| std::ptr::eq(found, builtin)));
            assert!(builtin.arity.0 <= builtin.arity.1);
        }
        assert!(find("no_such_builtin").is_none());
    }

    #[test]
    fn help_begins_with_what_programs_write() {
        for builtin in all() {
            let call = match builtin.name {
                // What programs write as a plain name is compiled to a call.
                "__TX__" => "TX:".to_string(),
                "__msg__" => "msg:".to_string(),
                "__timer" => "sleep(".to_string(),
                "__task" => "spawn ".to_string(),
                name if name.starts_with("__") => format!("{name}:"),
                name => format!("{name}("),
            };
            assert!(builtin.help.starts_with(&call), "{}", builtin.help);
        }
    }

    #[test]
    fn members_of_standard_modules_exist() {
        for module in ["math", "json", "crypto"] {
            for (member, builtin) in standard_module(module).unwrap_or_default() {
                assert!(find(builtin).is_some(), "{module}.{member} is {builtin}");
            }
        }
        assert!(standard_module("datetime").is_none());
    }
}
