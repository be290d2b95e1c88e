//! Functions of lists, maps and strings. Most are also methods, and stand there.

use super::sort::sort;
use super::{Builtin, builtin};
use crate::apart::apart;
use crate::arguments::{expected, optional};
use crate::context::Runtime;
use crate::error::{Error, Fault};
use crate::methods::{list, map, string};
use crate::objects::List;
use crate::value::{Tag, Value};

pub(super) static TABLE: &[Builtin] = &[
    Builtin {
        asks_depth: true,
        ..builtin(
            "__apart",
            (3, 3),
            apart,
            "__apart: what map or filter of the prelude gives for a list and a function, if helpers found it out; else null",
        )
    },
    builtin("len", (1, 1), length, "len(x): how many characters, elements or entries x has"),
    builtin("length", (1, 1), length, "length(x): len(x)"),
    builtin("size", (1, 1), length, "size(x): len(x)"),
    builtin(
        "range",
        (1, 3),
        range,
        "range(end) or range(start, end[, step]): the integers from start, or 0, up to but not end",
    ),
    builtin("push", (2, 2), list::pushed, "push(list, x): a new list with x at the end"),
    builtin("append", (2, 2), list::push, "append(list, x): appends x in place; gives the list"),
    builtin(
        "extend",
        (2, 2),
        list::extend,
        "extend(list, other): appends the elements of other in place; gives the list",
    ),
    builtin("pop", (1, 1), list::pop, "pop(list): removes and gives the last element; null of an empty list"),
    builtin("insert", (3, 3), list::insert, "insert(list, i, x): puts x before element i in place; gives the list"),
    builtin(
        "remove",
        (2, 2),
        remove,
        "remove(x, at): removes and gives element `at` of a list or the value of key `at` of a map",
    ),
    builtin("first", (1, 1), first, "first(x): the first element or character; null where there is none"),
    builtin("last", (1, 1), last, "last(x): the last element or character; null where there is none"),
    builtin("rest", (1, 1), rest, "rest(x): all elements or characters but the first"),
    builtin("slice", (2, 3), slice, "slice(x, start[, end]): x[start:end]"),
    builtin("reverse", (1, 1), reverse, "reverse(x): a new list or string in reverse order"),
    builtin(
        "sort",
        (1, 3),
        sort,
        "sort(list[, field or descending][, descending]): a new list in order, of elements or of a field of theirs",
    ),
    builtin(
        "flatten",
        (1, 1),
        list::flatten,
        "flatten(list): a new list in which the elements of lists stand in place of those lists, one level deep",
    ),
    builtin(
        "contains",
        (2, 2),
        contains,
        "contains(x, y): whether list x has element y, map x has key y, or string x has part y",
    ),
    builtin("index_of", (2, 2), index_of, "index_of(x, y): position of y in list or string x; -1 when it is not there"),
    builtin("keys", (1, 1), map::keys, "keys(map): the list of its keys"),
    builtin("values", (1, 1), map::values, "values(map): the list of its values"),
    builtin("entries", (1, 1), map::entries, "entries(map): the list of its [key, value] pairs"),
    builtin("has", (2, 2), map::has, "has(map, key): whether map has key"),
    builtin(
        "map_get",
        (2, 3),
        map::get,
        "map_get(map, key[, default]): the value of key; default, or else null, where there is none",
    ),
];

fn length(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    runtime.length(arguments[0])
}

fn range(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let (start, end, step) = match *arguments {
        [end] => (Value::int(0), end, Value::int(1)),
        [start, end] => (start, end, Value::int(1)),
        [start, end, step, ..] => (start, end, step),
        [] => return Err(Error::value_error("range() needs an end")),
    };
    let (start, end, step) = (runtime.range_bound(start)?, runtime.range_bound(end)?, runtime.range_bound(step)?);
    if !runtime.range_begins(start, end, step)? {
        return Ok(List::create(&mut runtime.heap));
    }
    let (start, end, step) = (start.int_payload(), end.int_payload(), step.int_payload());
    // Differences of integers fit 64 bits without a sign.
    let steps = (end.abs_diff(start) - 1) / step.unsigned_abs();
    let count = usize::try_from(steps).unwrap_or(usize::MAX).saturating_add(1);
    List::from_range(&mut runtime.heap, start, step, count)
}

fn remove(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    match arguments[0].tag() {
        Tag::List => list::remove(runtime, arguments),
        Tag::Map => map::remove(runtime, arguments),
        _ => Err(expected("remove", "a list or a map", arguments[0])),
    }
}

/// Refuses what is neither a list nor a string.
fn sequence(function: &str, value: Value) -> Result<Value, Fault> {
    if matches!(value.tag(), Tag::List | Tag::String) {
        Ok(value)
    } else {
        Err(expected(function, "a list or a string", value))
    }
}

fn first(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    runtime.index(sequence("first", arguments[0])?, Value::int(0))
}

fn last(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    runtime.index(sequence("last", arguments[0])?, Value::int(-1))
}

fn rest(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    runtime.slice(sequence("rest", arguments[0])?, Value::int(1), Value::NULL)
}

fn slice(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    runtime.slice(sequence("slice", arguments[0])?, arguments[1], optional(arguments, 2))
}

fn reverse(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    match sequence("reverse", arguments[0])?.tag() {
        Tag::List => list::reverse(runtime, arguments),
        _ => string::reverse(runtime, arguments),
    }
}

fn contains(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    runtime.contains(arguments[1], arguments[0]).map(Value::bool)
}

fn index_of(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    match sequence("index_of", arguments[0])?.tag() {
        Tag::List => list::index_of(runtime, arguments),
        _ => string::index_of(runtime, arguments),
    }
}
