//! Methods of maps that are in the state of a contract: those of other maps. What looks at single entries asks the ledger for these
//! alone; the others work on a copy.

use super::{Row, map, row};
use crate::arguments::optional;
use crate::context::Runtime;
use crate::error::Fault;
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

fn get(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    if !runtime.state_map_has(arguments[0], arguments[1])? {
        return Ok(optional(arguments, 2));
    }
    runtime.state_map_get(arguments[0], arguments[1])
}

fn set(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    runtime.state_map_set(arguments[0], arguments[1], arguments[2])?;
    Ok(arguments[0])
}

fn has(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    runtime.state_map_has(arguments[0], arguments[1]).map(Value::bool)
}

fn remove(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    runtime.state_map_remove(arguments[0], arguments[1])
}

fn length(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    runtime.state_map_count(arguments[0]).map(Value::int)
}

fn is_empty(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    runtime.state_map_count(arguments[0]).map(|count| Value::bool(count == 0))
}

fn keys(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let copy = runtime.plain(arguments[0])?;
    map::keys(runtime, &[copy])
}

fn values(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let copy = runtime.plain(arguments[0])?;
    map::values(runtime, &[copy])
}

fn entries(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let copy = runtime.plain(arguments[0])?;
    map::entries(runtime, &[copy])
}

fn clear(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    runtime.state_map_clear(arguments[0])?;
    Ok(arguments[0])
}

fn update(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let other = runtime.plain(arguments[1])?;
    for (key, value) in crate::arguments::map("update", other)?.iter() {
        runtime.state_map_set(arguments[0], key, value)?;
    }
    Ok(arguments[0])
}

fn merge(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let copy = runtime.plain(arguments[0])?;
    map::merge(runtime, &[copy, arguments[1]])
}

fn copy(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    runtime.plain(arguments[0])
}
