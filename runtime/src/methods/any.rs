//! Methods of every value, for kinds that have no method of their own by these names.

use super::{Row, row};
use crate::builtins;
use crate::context::Runtime;
use crate::error::Fault;
use crate::operations;
use crate::value::Value;

pub(super) static TABLE: &[Row] = &[
    row(&["toString", "to_string"], (0, 0), builtins::to_string, "toString(): its printed form"),
    row(&["toJSON", "to_json"], (0, 0), builtins::json::stringify, "toJSON(): it as JSON"),
    row(&["equals"], (1, 1), equals, "equals(other): whether it == other"),
];

fn equals(_: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    Ok(Value::bool(operations::equals(arguments[0], arguments[1])))
}
