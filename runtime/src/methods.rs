//! Methods of strings, lists, maps and records.
//!
//! A row of a table gives one method in all its spellings. Methods that builtins share are written here, once.

mod any;
pub(crate) mod list;
pub(crate) mod map;
mod record;
mod state_map;
pub(crate) mod string;

use std::sync::LazyLock;

use fxhash::FxHashMap;

use crate::builtins::NativeFunction;
use crate::gas::Pricing;
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
    /// What a call takes gas for.
    pub pricing: Pricing,
}

/// The methods of one name.
#[derive(Clone, Copy, Debug, Default)]
pub struct NativeMethods {
    string: Option<NativeMethod>,
    list: Option<NativeMethod>,
    map: Option<NativeMethod>,
    record: Option<NativeMethod>,
    state_map: Option<NativeMethod>,
    /// For receivers that have none of their own.
    any: Option<NativeMethod>,
}

impl NativeMethods {
    /// The method for this receiver.
    #[inline]
    pub fn of(&self, receiver: Value) -> Option<NativeMethod> {
        let own = match receiver.tag() {
            Tag::String => self.string,
            Tag::List => self.list,
            Tag::Map => self.map,
            Tag::Record => self.record,
            Tag::StateMap => self.state_map,
            Tag::Unset => return None,
            _ => None,
        };
        own.or(self.any)
    }

    /// The method for any receiver: all that contracts have besides their actions.
    #[inline]
    pub fn of_any(&self) -> Option<NativeMethod> {
        self.any
    }
}

/// A method in all its spellings.
#[derive(Debug)]
pub struct Row {
    /// Its names; the first is the one to prefer.
    pub names: &'static [&'static str],
    /// Fewest and most arguments it takes, the receiver not counted.
    pub arity: (usize, usize),
    /// Its code; argument 0 is the receiver.
    pub function: NativeFunction,
    /// How it is called and what it gives, in one line.
    pub help: &'static str,
}

/// A row of a table.
const fn row(
    names: &'static [&'static str],
    arity: (usize, usize),
    function: NativeFunction,
    help: &'static str,
) -> Row {
    Row { names, arity, function, help }
}

/// The methods of one kind of receiver.
#[derive(Debug)]
pub struct Table {
    /// What has them, as in `list`.
    pub receiver: &'static str,
    /// The methods.
    pub rows: &'static [Row],
    slot: fn(&mut NativeMethods) -> &mut Option<NativeMethod>,
}

static TABLES: [Table; 6] = [
    Table { receiver: "string", rows: string::TABLE, slot: |methods| &mut methods.string },
    Table { receiver: "list", rows: list::TABLE, slot: |methods| &mut methods.list },
    Table { receiver: "map", rows: map::TABLE, slot: |methods| &mut methods.map },
    Table { receiver: "entity", rows: record::TABLE, slot: |methods| &mut methods.record },
    Table { receiver: "map of a contract", rows: state_map::TABLE, slot: |methods| &mut methods.state_map },
    Table { receiver: "any value", rows: any::TABLE, slot: |methods| &mut methods.any },
];

/// All methods, by kind of receiver.
pub fn all() -> impl Iterator<Item = &'static Table> {
    TABLES.iter()
}

static BY_NAME: LazyLock<FxHashMap<&str, NativeMethods>> = LazyLock::new(|| {
    let mut by_name: FxHashMap<&str, NativeMethods> = FxHashMap::default();
    for table in all() {
        for row in table.rows {
            for &name in row.names {
                let pricing = Pricing::of(name);
                let method = NativeMethod { name, arity: row.arity, function: row.function, pricing };
                *(table.slot)(by_name.entry(name).or_default()) = Some(method);
            }
        }
    }
    by_name
});

/// The methods of this name.
pub fn find(name: &str) -> NativeMethods {
    BY_NAME.get(name).copied().unwrap_or_default()
}

/// Names of the methods a receiver of this kind has.
pub fn names_for(receiver: Value) -> impl Iterator<Item = &'static str> {
    BY_NAME.iter().filter(move |(_, methods)| methods.of(receiver).is_some()).map(|(&name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_each_spelling_once() {
        for table in all() {
            let mut seen = std::collections::HashSet::new();
            for row in table.rows {
                assert!(row.arity.0 <= row.arity.1);
                assert!(row.help.starts_with(&format!("{}(", row.names[0])), "{}", row.help);
                for name in row.names {
                    assert!(seen.insert(name), "{name} of {} is declared twice", table.receiver);
                }
            }
        }
    }

    #[test]
    fn numbers_and_null_have_the_methods_of_all() {
        assert!(find("toString").of(Value::int(1)).is_some());
        assert!(find("toString").of(Value::NULL).is_some());
        assert!(find("push").of(Value::int(1)).is_none());
        assert_eq!(names_for(Value::NULL).count(), names_for(Value::TRUE).count());
    }
}
