//! Printed forms, and the names of types.
//!
//! A value has one printed form, whoever asks: `print`, `string()`, `+` with a string, `${}`, error messages. Containers are walked with a
//! list of the open ones instead of native recursion, so nesting costs no native stack; a container met again inside itself prints as
//! `…`. Text grows only up to what the heap could still take, which also ends the walk through structures that share their
//! parts so often that they would print as gigabytes.

use std::fmt::Write;

use fxhash::FxHashSet;

use crate::context::Runtime;
use crate::error::{Error, Fault};
use crate::objects::{MapKind, Str};
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
            Tag::Map if self.is_enum() => "ENUM",
            Tag::Map => "MAP",
            Tag::Record => "ENTITY",
            Tag::Cell | Tag::Failure => "INTERNAL",
        }
    }

    fn is_enum(self) -> bool {
        self.as_map().is_some_and(|map| map.kind() == MapKind::Enum)
    }
}

impl Runtime {
    /// What `type(x)` gives.
    pub fn type_name(&self, value: Value) -> &'static str {
        match value.tag() {
            Tag::Int => "Integer",
            Tag::Float => "Float",
            Tag::Bool => "Boolean",
            Tag::Null | Tag::Unset => "Null",
            Tag::Function | Tag::Closure if self.is_lambda(value) => "LambdaFunction",
            Tag::Function | Tag::Closure => "Action",
            Tag::Builtin => "Builtin",
            Tag::Type => "Type",
            Tag::Module => "Module",
            Tag::String => "String",
            Tag::List => "List",
            Tag::Map if value.is_enum() => "Enum",
            Tag::Map => "Map",
            Tag::Record => "EntityInstance",
            Tag::Cell | Tag::Failure => "Internal",
        }
    }

    /// What `typeof(x)` gives: lower case, and one word for all functions.
    pub fn typeof_name(&self, value: Value) -> &'static str {
        match value.tag() {
            Tag::Int => "integer",
            Tag::Float => "float",
            Tag::Bool => "boolean",
            Tag::Null | Tag::Unset => "null",
            Tag::Function | Tag::Closure | Tag::Builtin => "function",
            Tag::Type => "type",
            Tag::Module => "module",
            Tag::String => "string",
            Tag::List => "list",
            Tag::Map if value.is_enum() => "enum",
            Tag::Map => "map",
            Tag::Record => "entityinstance",
            Tag::Cell | Tag::Failure => "internal",
        }
    }

    fn function_index(value: Value) -> Option<u32> {
        match value.tag() {
            Tag::Function => Some(value.index()),
            _ => value.as_closure().map(|closure| closure.function()),
        }
    }

    fn is_lambda(&self, value: Value) -> bool {
        Self::function_index(value).is_some_and(|index| &*self.program.functions[index as usize].name == LAMBDA)
    }

    /// The printed form of a value, cut off where it would no longer fit the heap.
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
    ///
    /// # Errors
    /// When `text` as a whole would not fit the heap.
    pub fn format_into(&self, text: &mut String, value: Value) -> Result<(), Fault> {
        let room = self.heap.limit().saturating_sub(self.heap.bytes());
        let mut printer = Printer { runtime: self, text, room };
        if printer.simple(value)? { Ok(()) } else { printer.container(value) }
    }
}

/// Name of functions that have none.
const LAMBDA: &str = "<lambda>";

/// Appends the printed form of an integer.
pub fn write_int(text: &mut String, value: i64) {
    const LONGEST: usize = 20;
    let mut digits = [0_u8; LONGEST];
    let mut at = LONGEST;
    let mut rest = value.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        at -= 1;
        digits[at] = b'-';
    }
    text.push_str(std::str::from_utf8(&digits[at..]).unwrap_or_default());
}

/// Appends the printed form of a float: the shortest digits that read back as the same float, with `.0` when it is whole, and with an
/// exponent below 1e-4 and from 1e16 on.
pub fn write_float(text: &mut String, value: f64) {
    if value.is_nan() {
        text.push_str("nan");
        return;
    }
    let start = text.len();
    // Writing to a string cannot fail. Rust's debug form has the same digits and the same limits for exponents; it differs in how it
    // writes them: `1e17` and `1e-5` instead of `1e+17` and `1e-05`.
    let _ = write!(text, "{value:?}");
    let Some(exponent) = text[start..].find('e').map(|at| start + at + 1) else { return };
    if text.as_bytes()[exponent] != b'-' {
        text.insert(exponent, '+');
    }
    if text.len() - exponent == 2 {
        text.insert(exponent + 1, '0');
    }
}

/// A container that is being printed.
struct Open {
    container: Value,
    /// Position of its next element, entry or field.
    next: usize,
    /// True until something was printed inside it.
    is_first: bool,
}

/// The containers that are open, searched for cycles: one by one while they are few, by hash from then on.
#[derive(Default)]
struct Path {
    open: Vec<Open>,
    hashed: Option<FxHashSet<u64>>,
}

impl Path {
    const MOST_SEARCHED: usize = 16;

    fn contains(&self, container: Value) -> bool {
        match &self.hashed {
            Some(hashed) => hashed.contains(&container.payload()),
            None => self.open.iter().any(|open| open.container.payload() == container.payload()),
        }
    }

    fn push(&mut self, container: Value) {
        self.open.push(Open { container, next: 0, is_first: true });
        match &mut self.hashed {
            Some(hashed) => {
                hashed.insert(container.payload());
            }
            None if self.open.len() > Self::MOST_SEARCHED => {
                self.hashed = Some(self.open.iter().map(|open| open.container.payload()).collect());
            }
            None => {}
        }
    }

    fn pop(&mut self) {
        if let (Some(closed), Some(hashed)) = (self.open.pop(), &mut self.hashed) {
            hashed.remove(&closed.container.payload());
        }
    }
}

struct Printer<'a> {
    runtime: &'a Runtime,
    text: &'a mut String,
    /// The most bytes that `text` may have.
    room: usize,
}

impl Printer<'_> {
    fn check(&self, additional: usize) -> Result<(), Fault> {
        if self.text.len().saturating_add(additional) <= self.room {
            Ok(())
        } else {
            Err(Error::heap(self.runtime.heap.limit()))
        }
    }

    /// Prints a value that holds no others; false when it is a container.
    fn simple(&mut self, value: Value) -> Result<bool, Fault> {
        let program = &self.runtime.program;
        match value.tag() {
            Tag::List | Tag::Map | Tag::Record => return Ok(false),
            Tag::String => {
                let string = value.as_string().map_or("", Str::as_str);
                self.check(string.len())?;
                self.text.push_str(string);
                return Ok(true);
            }
            Tag::Int => write_int(self.text, value.int_payload()),
            Tag::Float => write_float(self.text, value.float_payload()),
            Tag::Bool => self.text.push_str(if value.payload() != 0 { "true" } else { "false" }),
            Tag::Null | Tag::Unset => self.text.push_str("null"),
            Tag::Function | Tag::Closure => {
                let Some(index) = Runtime::function_index(value) else { return Ok(true) };
                let facts = &program.functions[index as usize];
                let _ = if &*facts.name == LAMBDA {
                    write!(self.text, "lambda({})", facts.parameters.join(", "))
                } else {
                    write!(self.text, "<action {}>", facts.name)
                };
            }
            Tag::Builtin => {
                let _ = write!(self.text, "<built-in function: {}>", program.builtins[value.index() as usize].name);
            }
            Tag::Type => {
                let facts = &program.types[value.index() as usize];
                let _ = write!(self.text, "<{} {}>", if facts.is_data { "data" } else { "entity" }, facts.name);
            }
            Tag::Module => {
                let _ = write!(self.text, "<module {}>", program.modules[value.index() as usize].name);
            }
            Tag::Cell | Tag::Failure => self.text.push_str("<internal>"),
        }
        self.check(0)?;
        Ok(true)
    }

    fn container(&mut self, root: Value) -> Result<(), Fault> {
        let mut path = Path::default();
        self.begin(&mut path, root);
        while let Some(open) = path.open.last_mut() {
            let inner = match open.container.tag() {
                Tag::List => self.list(open)?,
                Tag::Map => self.map(open)?,
                _ => self.record(open)?,
            };
            match inner {
                None => path.pop(),
                Some(inner) if path.contains(inner) => self.text.push('…'),
                Some(inner) => self.begin(&mut path, inner),
            }
        }
        self.check(0)
    }

    fn begin(&mut self, path: &mut Path, container: Value) {
        match container.as_record() {
            Some(record) => {
                self.text.push_str(&self.runtime.program.types[record.type_index() as usize].name);
                self.text.push_str(" {");
            }
            None => self.text.push(if container.tag() == Tag::List { '[' } else { '{' }),
        }
        path.push(container);
    }

    fn separate(&mut self, open: &mut Open) {
        if !std::mem::take(&mut open.is_first) {
            self.text.push_str(", ");
        }
    }

    /// Prints elements up to the next container, which it returns, or to the end.
    fn list(&mut self, open: &mut Open) -> Result<Option<Value>, Fault> {
        while let Some(element) = open.container.as_list().and_then(|list| list.get(open.next)) {
            self.separate(open);
            open.next += 1;
            if !self.simple(element)? {
                return Ok(Some(element));
            }
        }
        self.text.push(']');
        Ok(None)
    }

    fn map(&mut self, open: &mut Open) -> Result<Option<Value>, Fault> {
        let Some(map) = open.container.as_map() else { return Ok(None) };
        while open.next < map.end() {
            let entry = map.entry_at(open.next);
            open.next += 1;
            if let Some((key, value)) = entry {
                self.separate(open);
                self.simple(key)?;
                self.text.push_str(": ");
                if !self.simple(value)? {
                    return Ok(Some(value));
                }
            }
        }
        self.text.push('}');
        Ok(None)
    }

    fn record(&mut self, open: &mut Open) -> Result<Option<Value>, Fault> {
        let Some(record) = open.container.as_record() else { return Ok(None) };
        let facts = &self.runtime.program.types[record.type_index() as usize];
        while let (Some(&field), Some(name)) = (record.fields().get(open.next), facts.field_names.get(open.next)) {
            if open.is_first {
                self.text.push(' ');
            }
            self.separate(open);
            open.next += 1;
            self.text.push_str(name);
            self.text.push_str(": ");
            if !self.simple(field)? {
                return Ok(Some(field));
            }
        }
        self.text.push_str(if open.is_first { "}" } else { " }" });
        Ok(None)
    }
}
