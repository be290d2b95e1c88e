//! Methods of lists.

use super::{Row, row};
use crate::arguments::{int, list, optional};
use crate::builtins;
use crate::context::Runtime;
use crate::error::{Error, Fault};
use crate::methods::string;
use crate::objects::{ElementKind, List};
use crate::operations::{element_position, equals, position_in};
use crate::value::Value;

pub(super) static TABLE: &[Row] = &[
    row(&["push", "append", "add"], (1, 1), push, "push(x): appends x in place; gives the list"),
    row(&["pop"], (0, 0), pop, "pop(): removes and gives the last element; null of an empty list"),
    row(&["get"], (1, 2), get, "get(i[, default]): element i; default, or else null, where there is none"),
    row(&["set"], (2, 2), set, "set(i, x): replaces element i, which must exist; gives the list"),
    row(&["len", "length", "size"], (0, 0), length, "len(): how many elements it has"),
    row(&["count"], (0, 1), count, "count([x]): how many elements it has; how many of them equal x"),
    row(&["is_empty", "isEmpty"], (0, 0), is_empty, "is_empty(): whether it is []"),
    row(&["first"], (0, 0), first, "first(): the first element; null of an empty list"),
    row(&["last"], (0, 0), last, "last(): the last element; null of an empty list"),
    row(&["rest"], (0, 0), rest, "rest(): a new list of all elements but the first"),
    row(&["contains", "includes", "has"], (1, 1), contains, "contains(x): whether an element equals x"),
    row(
        &["index_of", "indexOf"],
        (1, 1),
        index_of,
        "index_of(x): position of the first element that equals x; -1 when none does",
    ),
    row(
        &["insert"],
        (2, 2),
        insert,
        "insert(i, x): puts x before element i, at the end when i is the length; gives the list",
    ),
    row(
        &["remove", "delete", "remove_at", "removeAt"],
        (1, 1),
        remove,
        "remove(i): removes and gives element i, which must exist",
    ),
    row(&["clear"], (0, 0), clear, "clear(): removes all elements; gives the list"),
    row(&["extend"], (1, 1), extend, "extend(other): appends the elements of another list in place; gives the list"),
    row(&["concat"], (1, 1), concat, "concat(other): a new list of its elements and those of another"),
    row(
        &["slice"],
        (1, 2),
        slice,
        "slice(start[, end]): a new list of elements start to before end; negative ones count from the end",
    ),
    row(&["copy", "clone"], (0, 0), copy, "copy(): a new list of the same elements"),
    row(&["reverse"], (0, 0), reverse, "reverse(): a new list in reverse order"),
    row(
        &["sort"],
        (0, 2),
        builtins::sort::sort,
        "sort([field or descending][, descending]): a new list in order, of elements or of a field of theirs",
    ),
    row(
        &["flatten"],
        (0, 0),
        flatten,
        "flatten(): a new list in which the elements of lists stand in place of those lists, one level deep",
    ),
    row(
        &["join"],
        (0, 1),
        string::join_list,
        "join([separator]): the printed forms of the elements, separator between",
    ),
    row(&["sum"], (0, 0), builtins::sum, "sum(): the sum of its numbers"),
    row(&["min"], (0, 0), builtins::min, "min(): the least element; null of an empty list"),
    row(&["max"], (0, 0), builtins::max, "max(): the greatest element; null of an empty list"),
];

#[cold]
fn out_of_range(index: i64, length: usize) -> Fault {
    Error::value_error(format!("Index out of range: {index} in a list of {length}"))
}

/// `append(list, x)`; also the method.
pub(crate) fn push(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    list("append", arguments[0])?.push(&mut runtime.heap, arguments[1])?;
    Ok(arguments[0])
}

/// `pop(list)`; also the method.
pub(crate) fn pop(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    Ok(list("pop", arguments[0])?.pop(&mut runtime.heap).unwrap_or(Value::NULL))
}

fn get(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let (list, index) = (list("get", arguments[0])?, int("get", arguments[1])?);
    let element = element_position(index, list.len()).and_then(|at| list.get(at));
    Ok(element.unwrap_or_else(|| optional(arguments, 2)))
}

fn set(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    runtime.set_index(arguments[0], arguments[1], arguments[2])?;
    Ok(arguments[0])
}

fn length(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    Ok(Value::int(list("len", arguments[0])?.len() as i64))
}

fn count(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let Some(&wanted) = arguments.get(1) else { return length(runtime, arguments) };
    let matching = list("count", arguments[0])?.iter().filter(|&element| equals(element, wanted)).count();
    Ok(Value::int(matching as i64))
}

fn is_empty(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    Ok(Value::bool(list("is_empty", arguments[0])?.is_empty()))
}

fn first(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    Ok(list("first", arguments[0])?.get(0).unwrap_or(Value::NULL))
}

fn last(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let list = list("last", arguments[0])?;
    Ok(list.len().checked_sub(1).and_then(|at| list.get(at)).unwrap_or(Value::NULL))
}

fn rest(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    runtime.slice(arguments[0], Value::int(1), Value::NULL)
}

fn contains(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    runtime.contains(arguments[1], arguments[0]).map(Value::bool)
}

/// `index_of(list, x)`; also the method.
pub(crate) fn index_of(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let position = position_in(list("index_of", arguments[0])?, arguments[1]);
    Ok(Value::int(position.map_or(-1, |at| at as i64)))
}

/// `insert(list, i, x)`; also the method.
pub(crate) fn insert(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let (list, index) = (list("insert", arguments[0])?, int("insert", arguments[1])?);
    let length = list.len();
    let position = if index == length as i64 { Some(length) } else { element_position(index, length) };
    let Some(position) = position else { return Err(out_of_range(index, length)) };
    list.insert(&mut runtime.heap, position, arguments[2])?;
    Ok(arguments[0])
}

/// `remove(list, i)`; also the method.
pub(crate) fn remove(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let (list, index) = (list("remove", arguments[0])?, int("remove", arguments[1])?);
    let removed = element_position(index, list.len()).and_then(|at| list.remove(&mut runtime.heap, at));
    removed.ok_or_else(|| out_of_range(index, list.len()))
}

fn clear(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    list("clear", arguments[0])?.clear(&mut runtime.heap);
    Ok(arguments[0])
}

/// `extend(list, other)`; also the method.
pub(crate) fn extend(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    list("extend", arguments[1])?;
    list("extend", arguments[0])?.extend(&mut runtime.heap, arguments[1])?;
    Ok(arguments[0])
}

/// A new list of the elements of `source` and then `extra` elements of any of the `kind` that the caller adds.
fn copy_with_room(runtime: &mut Runtime, source: Value, kind: ElementKind, extra: usize) -> Result<Value, Fault> {
    let elements = list("copy", source)?;
    let kind = if elements.is_empty() { kind } else { elements.kind().join(kind) };
    let result = List::with_capacity(&mut runtime.heap, kind, elements.len() + extra)?;
    list("copy", result)?.extend(&mut runtime.heap, source)?;
    Ok(result)
}

/// `push(list, x)`: unlike the method, a new list.
pub(crate) fn pushed(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    list("push", arguments[0])?;
    let result = copy_with_room(runtime, arguments[0], ElementKind::of(arguments[1]), 1)?;
    list("push", result)?.push(&mut runtime.heap, arguments[1])?;
    Ok(result)
}

fn concat(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    list("concat", arguments[1])?;
    runtime.add(arguments[0], arguments[1])
}

fn slice(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    runtime.slice(arguments[0], arguments[1], optional(arguments, 2))
}

fn copy(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let list = list("copy", arguments[0])?;
    list.slice(&mut runtime.heap, 0, list.len())
}

/// `reverse(list)`; also the method.
pub(crate) fn reverse(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let result = copy(runtime, arguments)?;
    list("reverse", result)?.reverse(&mut runtime.heap);
    Ok(result)
}

/// `flatten(list)`; also the method.
pub(crate) fn flatten(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let source = list("flatten", arguments[0])?;
    let mut length = 0;
    let mut kind = None;
    for element in source.iter() {
        let (added, added_kind) = match element.as_list() {
            Some(inner) if inner.is_empty() => continue,
            Some(inner) => (inner.len(), inner.kind()),
            None => (1, ElementKind::of(element)),
        };
        length += added;
        kind = Some(kind.map_or(added_kind, |kind: ElementKind| kind.join(added_kind)));
    }
    let Some(kind) = kind else { return Ok(List::create(&mut runtime.heap)) };
    let result = List::with_capacity(&mut runtime.heap, kind, length)?;
    let target = list("flatten", result)?;
    for element in source.iter() {
        match element.as_list() {
            Some(_) => target.extend(&mut runtime.heap, element)?,
            None => target.push(&mut runtime.heap, element)?,
        }
    }
    Ok(result)
}
