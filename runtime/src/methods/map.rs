//! Methods of maps.

use super::{Row, row};
use crate::arguments::{map, optional, plain_map};
use crate::context::Runtime;
use crate::error::Fault;
use crate::objects::{ElementKind, List};
use crate::value::Value;

pub(super) static TABLE: &[Row] = &[
    row(&["get"], (1, 2), get, "get(key[, default]): the value of key; default, or else null, where there is none"),
    row(&["set", "put"], (2, 2), set, "set(key, value): sets the value of key; gives the map"),
    row(&["has", "contains", "includes", "has_key", "hasKey"], (1, 1), has, "has(key): whether it has key"),
    row(&["delete", "remove"], (1, 1), remove, "delete(key): removes key and gives its value; null when there is none"),
    row(&["len", "length", "size", "count"], (0, 0), length, "len(): how many entries it has"),
    row(&["is_empty", "isEmpty"], (0, 0), is_empty, "is_empty(): whether it is {}"),
    row(&["keys"], (0, 0), keys, "keys(): the list of its keys"),
    row(&["values"], (0, 0), values, "values(): the list of its values"),
    row(&["entries", "items"], (0, 0), entries, "entries(): the list of its [key, value] pairs"),
    row(&["clear"], (0, 0), clear, "clear(): removes all entries; gives the map"),
    row(&["update", "extend"], (1, 1), update, "update(other): sets the entries of another map; gives the map"),
    row(&["merge"], (1, 1), merge, "merge(other): a new map of its entries and those of another, which win"),
    row(&["copy", "clone"], (0, 0), copy, "copy(): a new map of the same entries"),
];

/// `map_get(map, key[, default])`; also the method.
pub(crate) fn get(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let found = map("get", arguments[0])?.get(arguments[1]);
    Ok(found.unwrap_or_else(|| optional(arguments, 2)))
}

fn set(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    runtime.set_key(arguments[0], arguments[1], arguments[2])?;
    Ok(arguments[0])
}

/// `has(map, key)`; also the method.
pub(crate) fn has(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    Ok(Value::bool(map("has", arguments[0])?.find(arguments[1]).is_some()))
}

/// `remove(map, key)`; also the method.
pub(crate) fn remove(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    Ok(plain_map("remove", arguments[0])?.remove(&mut runtime.heap, arguments[1]).unwrap_or(Value::NULL))
}

fn length(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    Ok(Value::int(map("len", arguments[0])?.len() as i64))
}

fn is_empty(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    Ok(Value::bool(map("is_empty", arguments[0])?.is_empty()))
}

/// `keys(map)`; also the method.
pub(crate) fn keys(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let map = map("keys", arguments[0])?;
    runtime.heap.reserve(map.len() * size_of::<Value>())?;
    let keys: Vec<Value> = map.iter().map(|(key, _)| key).collect();
    runtime.build_list(&keys)
}

/// `values(map)`; also the method.
pub(crate) fn values(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let map = map("values", arguments[0])?;
    runtime.heap.reserve(map.len() * size_of::<Value>())?;
    let values: Vec<Value> = map.iter().map(|(_, value)| value).collect();
    runtime.build_list(&values)
}

/// `entries(map)`; also the method.
pub(crate) fn entries(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let map = map("entries", arguments[0])?;
    let result = List::with_capacity(&mut runtime.heap, ElementKind::Value, map.len())?;
    if let Some(list) = result.as_list() {
        for (key, value) in map.iter() {
            let pair = runtime.build_list(&[key, value])?;
            list.push(&mut runtime.heap, pair)?;
        }
    }
    Ok(result)
}

fn clear(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    plain_map("clear", arguments[0])?.clear(&mut runtime.heap);
    Ok(arguments[0])
}

fn update(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    plain_map("update", arguments[0])?;
    let other = map("update", arguments[1])?;
    if arguments[0].is_identical(arguments[1]) {
        return Ok(arguments[0]);
    }
    // A map that grows half-way and then no further keeps what it got; setting it again, after a collection, changes nothing more.
    for (key, value) in other.iter() {
        runtime.set_key(arguments[0], key, value)?;
    }
    Ok(arguments[0])
}

pub(super) fn merge(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let other = map("merge", arguments[1])?;
    let additional = other.len();
    let result = map("merge", arguments[0])?.copy(&mut runtime.heap, additional)?;
    let (target, other) = (map("merge", result)?, map("merge", arguments[1])?);
    for (key, value) in other.iter() {
        target.insert(&mut runtime.heap, key, value)?;
    }
    Ok(result)
}

fn copy(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    map("copy", arguments[0])?.copy(&mut runtime.heap, 0)
}
