//! Methods of every value, for kinds that have no method of their own by these names.

use super::{Row, row};
use crate::builtins;
use crate::context::Runtime;
use crate::error::Fault;
use crate::value::Value;

pub(super) static TABLE: &[Row] = &[
    row(&["toString", "to_string"], (0, 0), to_string, "toString(): its printed form"),
    row(&["toJSON", "to_json"], (0, 0), to_json, "toJSON(): it as JSON"),
    row(&["equals"], (1, 1), equals, "equals(other): whether it == other"),
];

fn to_string(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let value = runtime.plain(arguments[0])?;
    builtins::to_string(runtime, &[value])
}

fn to_json(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let value = runtime.plain(arguments[0])?;
    builtins::json::stringify(runtime, &[value])
}

fn equals(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    Ok(Value::bool(runtime.equals(arguments[0], arguments[1])))
}
