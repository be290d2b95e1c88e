//! Printed forms.

use crate::context::Runtime;
use crate::error::Fault;
use crate::value::{Tag, Value};

impl Value {
    /// Name of its type as it stands in error messages.
    pub fn type_title(self) -> &'static str {
        match self.tag() {
            Tag::Int => "INTEGER",
            Tag::Float => "FLOAT",
            Tag::Bool => "BOOLEAN",
            Tag::Null | Tag::Unset => "NULL",
            Tag::Function | Tag::Closure => "FUNCTION",
            Tag::Builtin => "BUILTIN",
            Tag::Type => "TYPE",
            Tag::Module => "MODULE",
            Tag::String => "STRING",
            Tag::List => "LIST",
            Tag::Map => "MAP",
            Tag::Record => "ENTITY",
            Tag::Cell | Tag::Failure => "INTERNAL",
        }
    }
}

impl Runtime {
    /// The printed form of a value.
    pub fn format(&self, value: Value) -> String {
        let mut text = String::new();
        let _ = self.format_into(&mut text, value);
        text
    }

    /// The printed form, refused when it would not fit the heap.
    pub fn format_within_limit(&self, value: Value) -> Result<String, Fault> {
        let mut text = String::new();
        self.format_into(&mut text, value)?;
        Ok(text)
    }

    /// Appends the printed form of a value to `text`.
    pub fn format_into(&self, text: &mut String, value: Value) -> Result<(), Fault> {
        text.push_str(&format!("{value:?}"));
        self.heap.reserve(text.len())
    }
}
