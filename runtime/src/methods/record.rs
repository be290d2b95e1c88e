//! Methods of instances of entity and data types. A type's own methods and fields of these names come first.

use super::{Row, row};
use crate::arguments::expected;
use crate::builtins;
use crate::context::Runtime;
use crate::error::Fault;
use crate::objects::Record;
use crate::value::Value;

pub(super) static TABLE: &[Row] = &[
    row(
        &["toString", "to_string"],
        (0, 0),
        to_string,
        "toString(): of data, as in Point(x=1, y=7); of an entity, its printed form",
    ),
    row(&["clone", "copy"], (0, 0), clone, "clone(): a new instance with the same fields"),
];

fn record<'h>(function: &str, value: Value) -> Result<&'h mut Record, Fault> {
    value.as_record().ok_or_else(|| expected(function, "an entity", value))
}

fn to_string(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let record = record("toString", arguments[0])?;
    if !record.is_data() {
        return builtins::to_string(runtime, arguments);
    }
    let facts = &runtime.program.types[record.type_index() as usize];
    let mut text = format!("{}(", facts.name);
    for (index, (name, &field)) in facts.field_names.iter().zip(record.fields()).enumerate() {
        if index != 0 {
            text.push_str(", ");
        }
        text.push_str(name);
        text.push('=');
        runtime.format_into(&mut text, field)?;
    }
    text.push(')');
    runtime.new_string(&text)
}

fn clone(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let record = record("clone", arguments[0])?;
    runtime.heap.reserve(size_of::<Record>() + size_of_val(record.fields()))?;
    Ok(runtime.instance(record.type_index(), record.fields()))
}
