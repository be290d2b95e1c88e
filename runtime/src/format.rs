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
use crate::extent::{WORTH_MEASURING, least_length};
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
            Tag::Map | Tag::StateMap => "MAP",
            Tag::Record => "ENTITY",
            Tag::Task => "TASK",
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
            Tag::Map | Tag::StateMap => "Map",
            Tag::Record if self.is_contract(value) => "Contract",
            Tag::Record => "EntityInstance",
            Tag::Task => "Task",
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
            Tag::Map | Tag::StateMap => "map",
            Tag::Record if self.is_contract(value) => "contract",
            Tag::Record => "entityinstance",
            Tag::Task => "task",
            Tag::Cell | Tag::Failure => "internal",
        }
    }

    /// True for a contract.
    pub(crate) fn is_contract(&self, value: Value) -> bool {
        value.as_record().is_some_and(|record| self.program.types[record.type_index() as usize].is_contract)
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
        self.write(text, value, Notation::Printed)
    }

    /// A value in JSON, refused when it has no JSON form or would not fit the heap.
    pub fn format_json(&self, value: Value) -> Result<String, Fault> {
        let mut text = String::new();
        self.write(&mut text, value, Notation::Json)?;
        Ok(text)
    }

    fn write(&self, text: &mut String, value: Value, notation: Notation) -> Result<(), Fault> {
        let room = self.heap.limit().saturating_sub(self.heap.bytes());
        let begun = text.len();
        let mut printer = Printer { runtime: self, text, begun, room, notation };
        if printer.simple(value)? { Ok(()) } else { printer.container(value) }
    }
}

/// How values are written. The two notations agree in everything but what [`Printer`] asks about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Notation {
    Printed,
    Json,
}

/// Name of functions that have none.
const LAMBDA: &str = "<lambda>";

/// Characters of the longest integer.
pub const LONGEST_INT: usize = 20;

/// The printed form of an integer, in a buffer of the caller's.
pub fn int_text(value: i64, digits: &mut [u8; LONGEST_INT]) -> &str {
    let mut at = LONGEST_INT;
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
    std::str::from_utf8(&digits[at..]).unwrap_or_default()
}

/// Appends the printed form of an integer.
pub fn write_int(text: &mut String, value: i64) {
    text.push_str(int_text(value, &mut [0; LONGEST_INT]));
}

/// Appends the printed form of a float: the shortest digits that read back as the same float, with `.0` when it is whole, and with an
/// exponent below 1e-4 and from 1e16 on.
pub fn write_float(text: &mut String, value: f64) {
    if value.is_nan() {
        text.push_str("nan");
        return;
    }
    let start = text.len();
    // Writing to a string cannot fail. Rust's debug form has the same limits for exponents and, but for ties, the same digits; it
    // differs in how it writes exponents: `1e17` and `1e-5` instead of `1e+17` and `1e-05`.
    let _ = write!(text, "{value:?}");
    prefer_even_digit(text, start, value);
    let Some(exponent) = text[start..].find('e').map(|at| start + at + 1) else { return };
    if text.as_bytes()[exponent] != b'-' {
        text.insert(exponent, '+');
    }
    if text.len() - exponent == 2 {
        text.insert(exponent + 1, '0');
    }
}

/// Where two shortest forms are equally near to the float, takes the one whose last digit is even, as is done elsewhere; Rust takes the
/// greater. `text` from `start` on is Rust's form of `value`.
fn prefer_even_digit(text: &mut String, start: usize, value: f64) {
    let Some(exact) = exact_digits(value) else { return };
    let end = text[start..].find('e').map_or(text.len(), |at| start + at);
    let digits = text[start..end].bytes().filter(u8::is_ascii_digit);
    let shortest = digits.fold(0u64, |number, digit| number.wrapping_mul(10).wrapping_add(u64::from(digit - b'0')));
    if shortest % 2 == 0 || shortest.checked_mul(10) != Some(exact + 5) {
        return;
    }
    // The digit is odd, so the one below it needs no borrowing. At a power of two the lower form may be another float.
    let mut even = text[start..].to_string();
    even.replace_range(end - 1 - start..end - start, &((shortest - 1) % 10).to_string());
    if even.parse() == Ok(value) {
        text.truncate(start);
        text.push_str(&even);
    }
}

/// All digits of a float that has a fraction, as one number, if they are few enough for a tie: at most one more than the shortest form
/// ever has.
fn exact_digits(value: f64) -> Option<u64> {
    /// The longest shortest form has 17 digits.
    const LIMIT: u64 = 10u64.pow(18);
    const MANTISSA_BITS: u32 = f64::MANTISSA_DIGITS - 1;
    let bits = value.abs().to_bits();
    let (exponent, fraction) = ((bits >> MANTISSA_BITS) as i32, bits & ((1 << MANTISSA_BITS) - 1));
    if exponent == 0 {
        return None;
    }
    // The float is mantissa / 2^places, so its decimal form has as many places and the digits of mantissa * 5^places.
    let mantissa = fraction | 1 << MANTISSA_BITS;
    let places = 1075 - exponent - mantissa.trailing_zeros() as i32;
    let power = 5u64.checked_pow(u32::try_from(places).ok().filter(|&places| places > 0)?)?;
    (mantissa >> mantissa.trailing_zeros()).checked_mul(power).filter(|&digits| digits < LIMIT)
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
    /// How long the text was before.
    begun: usize,
    /// The most bytes that `text` may have.
    room: usize,
    notation: Notation,
}

/// Bytes that a byte of text takes inside a JSON string.
fn json_width(byte: u8) -> usize {
    match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' => 2,
        0..0x20 => 6,
        _ => 1,
    }
}

#[cold]
fn no_json(value: Value, what: &str) -> Fault {
    Error::type_error(format!("JSON error: {}{what} has no JSON form", value.type_title()))
}

impl Printer<'_> {
    fn check(&self, additional: usize) -> Result<(), Fault> {
        if self.text.len().saturating_add(additional) <= self.room {
            Ok(())
        } else {
            Err(Error::heap(self.runtime.heap.limit()))
        }
    }

    /// Writes a value that holds no others; false when it is a container.
    fn simple(&mut self, value: Value) -> Result<bool, Fault> {
        match value.tag() {
            Tag::Record if self.runtime.is_contract(value) => match self.notation {
                Notation::Printed => self.named(value),
                Notation::Json => return Err(no_json(value, "")),
            },
            Tag::List | Tag::Map | Tag::Record => return Ok(false),
            Tag::String => {
                self.string(value.as_string().map_or("", Str::as_str))?;
                return Ok(true);
            }
            Tag::Int => write_int(self.text, value.int_payload()),
            Tag::Float if self.notation == Notation::Json && !value.float_payload().is_finite() => {
                return Err(no_json(value, " that is not finite"));
            }
            Tag::Float => write_float(self.text, value.float_payload()),
            Tag::Bool => self.text.push_str(if value.payload() != 0 { "true" } else { "false" }),
            Tag::Null | Tag::Unset => self.text.push_str("null"),
            _ if self.notation == Notation::Json => return Err(no_json(value, "")),
            _ => self.named(value),
        }
        self.check(0)?;
        Ok(true)
    }

    fn string(&mut self, string: &str) -> Result<(), Fault> {
        if self.notation == Notation::Printed {
            self.check(string.len())?;
            self.text.push_str(string);
            return Ok(());
        }
        self.check(string.bytes().map(json_width).sum::<usize>() + 2)?;
        self.text.push('"');
        // All that is escaped is ASCII, so pieces begin and end between characters.
        let mut rest = string;
        while let Some(plain) = rest.bytes().position(|byte| json_width(byte) != 1) {
            self.text.push_str(&rest[..plain]);
            let _ = match rest.as_bytes()[plain] {
                b'\n' => self.text.write_str("\\n"),
                b'\r' => self.text.write_str("\\r"),
                b'\t' => self.text.write_str("\\t"),
                byte @ 0..0x20 => write!(self.text, "\\u{byte:04x}"),
                byte => write!(self.text, "\\{}", char::from(byte)),
            };
            rest = &rest[plain + 1..];
        }
        self.text.push_str(rest);
        self.text.push('"');
        Ok(())
    }

    /// The key of an entry: in JSON always a string.
    fn key(&mut self, key: Value) -> Result<(), Fault> {
        let quote = self.notation == Notation::Json && key.tag() != Tag::String;
        if quote {
            self.text.push('"');
        }
        self.simple(key)?;
        if quote {
            self.text.push('"');
        }
        self.text.push_str(": ");
        Ok(())
    }

    /// Values that print as what they are called.
    fn named(&mut self, value: Value) {
        let program = &self.runtime.program;
        // Writing to a string cannot fail.
        let _ = match value.tag() {
            Tag::Builtin => write!(self.text, "<built-in function: {}>", program.builtins[value.index() as usize].name),
            Tag::Module => write!(self.text, "<module {}>", program.modules[value.index() as usize].name),
            Tag::Type => {
                let facts = &program.types[value.index() as usize];
                let kind = match (facts.is_data, facts.is_contract) {
                    (true, _) => "data",
                    (_, true) => "contract",
                    _ => "entity",
                };
                write!(self.text, "<{kind} {}>", facts.name)
            }
            Tag::Record => {
                let index = value.as_record().map_or(0, |record| record.type_index());
                write!(self.text, "<contract {}>", program.types[index as usize].name)
            }
            Tag::StateMap => self.text.write_str("<map in the state of a contract>"),
            Tag::Task => match value.as_task() {
                Some(task) if task.number() == 0 => self.text.write_str("<timer>"),
                Some(task) => write!(self.text, "<task {} {}>", task.number(), self.runtime.name_of_work(task)),
                None => Ok(()),
            },
            _ => match Runtime::function_index(value).map(|index| &program.functions[index as usize]) {
                Some(facts) if &*facts.name == LAMBDA => write!(self.text, "lambda({})", facts.parameters.join(", ")),
                Some(facts) => write!(self.text, "<action {}>", facts.name),
                None => self.text.write_str("<internal>"),
            },
        };
    }

    fn container(&mut self, root: Value) -> Result<(), Fault> {
        let mut path = Path::default();
        let mut is_measured = false;
        self.begin(&mut path, root)?;
        while let Some(open) = path.open.last_mut() {
            let inner = match open.container.tag() {
                Tag::List => self.list(open)?,
                Tag::Map => self.map(open)?,
                _ => self.record(open)?,
            };
            match inner {
                None => path.pop(),
                Some(inner) if path.contains(inner) => match self.notation {
                    Notation::Printed => self.text.push('…'),
                    Notation::Json => return Err(no_json(inner, " that contains itself")),
                },
                Some(inner) => {
                    if !is_measured && self.text.len() - self.begun > WORTH_MEASURING {
                        is_measured = true;
                        self.check(self.begun.saturating_add(least_length(root)).saturating_sub(self.text.len()))?;
                    }
                    self.begin(&mut path, inner)?;
                }
            }
        }
        self.check(0)
    }

    fn begin(&mut self, path: &mut Path, container: Value) -> Result<(), Fault> {
        if let Some(record) = container.as_record()
            && self.notation == Notation::Printed
        {
            self.text.push_str(&self.runtime.program.types[record.type_index() as usize].name);
            self.text.push(' ');
        }
        self.text.push(if container.tag() == Tag::List { '[' } else { '{' });
        path.push(container);
        // Checked here and with every simple value, so text overshoots by punctuation and one name at most.
        self.check(0)
    }

    fn separate(&mut self, open: &mut Open) {
        if !std::mem::take(&mut open.is_first) {
            self.text.push_str(", ");
        }
    }

    /// Writes elements up to the next container, which it returns, or to the end.
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
                self.key(key)?;
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
        let is_padded = self.notation == Notation::Printed && !record.fields().is_empty();
        while let (Some(&field), Some(name)) = (record.fields().get(open.next), facts.field_names.get(open.next)) {
            if is_padded && open.is_first {
                self.text.push(' ');
            }
            self.separate(open);
            open.next += 1;
            self.string(name)?;
            self.text.push_str(": ");
            if !self.simple(field)? {
                return Ok(Some(field));
            }
        }
        self.text.push_str(if is_padded { " }" } else { "}" });
        Ok(None)
    }
}
