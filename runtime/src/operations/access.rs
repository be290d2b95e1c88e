//! Indexing, slices, fields, lengths, and building collections.

use std::sync::Arc;

use crate::context::Runtime;
use crate::error::{Error, ErrorKind, Fault};
use crate::heap::MemoryPolicy;
use crate::objects::{List, Map, MapKind, Record, Str};
use crate::value::{Tag, Value};

/// Position of element `index` in a sequence of `len`: from the end when negative.
#[inline]
pub fn element_position(index: i64, len: usize) -> Option<usize> {
    let position = if index < 0 { index + len as i64 } else { index };
    (position >= 0 && (position as usize) < len).then_some(position as usize)
}

/// A slice bound in `0..=len`: from the end when negative, clamped.
fn slice_bound(bound: Value, len: usize, default: usize) -> Result<usize, Fault> {
    match bound.tag() {
        Tag::Null => Ok(default),
        Tag::Int => {
            let index = bound.int_payload();
            let position = if index < 0 { index.saturating_add(len as i64) } else { index };
            Ok(position.clamp(0, len as i64) as usize)
        }
        _ => Err(Error::type_error(format!("Type error: slice bounds are integers, not {}", bound.type_title()))),
    }
}

impl Runtime {
    /// `object[index]`; null where there is nothing.
    pub fn index(&mut self, object: Value, index: Value) -> Result<Value, Fault> {
        match object.tag() {
            Tag::List | Tag::String => {
                let Some(number) = index.as_int() else {
                    return Err(Error::type_error(format!(
                        "Type error: a {} is indexed by integers, not {}",
                        object.type_title(),
                        index.type_title()
                    )));
                };
                if let Some(list) = object.as_list() {
                    return Ok(element_position(number, list.len()).and_then(|at| list.get(at)).unwrap_or(Value::NULL));
                }
                let Some(string) = object.as_string() else { return Ok(Value::NULL) };
                let Some(at) = element_position(number, string.char_count()) else { return Ok(Value::NULL) };
                if string.is_ascii() {
                    return Ok(self.characters[usize::from(string.as_bytes()[at])]);
                }
                match string.as_str().chars().nth(at) {
                    Some(character) => self.new_string(character.encode_utf8(&mut [0; 4])),
                    None => Ok(Value::NULL),
                }
            }
            Tag::Map => Ok(object.as_map().and_then(|map| map.get(index)).unwrap_or(Value::NULL)),
            Tag::StateMap => self.state_map_get(object, index),
            Tag::Record | Tag::Module => {
                Ok(match index.as_string().and_then(|name| self.program.name_indices.get(name.as_str()).copied()) {
                    Some(name) => self.get_attribute(object, name)?,
                    None => Value::NULL,
                })
            }
            _ => Ok(Value::NULL),
        }
    }

    /// `object[index] = value`.
    pub fn set_index(&mut self, object: Value, index: Value, value: Value) -> Result<(), Fault> {
        match object.tag() {
            Tag::List => {
                let (Some(list), Some(number)) = (object.as_list(), index.as_int()) else {
                    return Err(Error::type_error(format!(
                        "Type error: a LIST is indexed by integers, not {}",
                        index.type_title()
                    )));
                };
                let value = self.plain(value)?;
                let stored = match element_position(number, list.len()) {
                    Some(at) => list.set(&mut self.heap, at, value)?,
                    None => false,
                };
                if stored {
                    Ok(())
                } else {
                    Err(Error::value_error(format!("Index out of range: {number} in a list of {}", list.len()))
                        .with_help("push() adds elements at the end"))
                }
            }
            Tag::Map => {
                let value = self.plain(value)?;
                self.set_key(object, index, value)
            }
            Tag::StateMap => self.state_map_set(object, index, value),
            Tag::Record => {
                match index.as_string().and_then(|name| self.program.name_indices.get(name.as_str()).copied()) {
                    Some(name) => self.set_attribute(object, name, value),
                    None => Err(self.unknown_field(object, &self.format(index))),
                }
            }
            Tag::String => Err(Error::type_error("Type error: strings cannot be changed")
                .with_help("build a new string with slices and +")),
            _ => Err(Error::type_error(format!("Type error: cannot assign to an index of {}", object.type_title()))),
        }
    }

    /// Sets an entry of a map.
    pub fn set_key(&mut self, object: Value, key: Value, value: Value) -> Result<(), Fault> {
        let Some(map) = object.as_map() else {
            return Err(Error::type_error(format!("Type error: {} is not a map", object.type_title())));
        };
        if map.kind() == MapKind::Enum {
            return Err(Error::type_error("Type error: the members of an enum cannot be changed"));
        }
        if !Map::can_be_key(key) {
            return Err(Error::type_error(format!("Type error: {} cannot be a map key", key.type_title()))
                .with_help("keys are strings, integers or bools"));
        }
        map.insert(&mut self.heap, key, value)
    }

    /// `object[start:end]` of a list or string; negative bounds count from the end, all are clamped, null ones are the ends.
    pub fn slice(&mut self, object: Value, start: Value, end: Value) -> Result<Value, Fault> {
        if let Some(list) = object.as_list() {
            let (start, end) = (slice_bound(start, list.len(), 0)?, slice_bound(end, list.len(), list.len())?);
            return list.slice(&mut self.heap, start, end.max(start));
        }
        if let Some(string) = object.as_string() {
            let chars = string.char_count();
            let (start, end) = (slice_bound(start, chars, 0)?, slice_bound(end, chars, chars)?);
            let end = end.max(start);
            let (from, to) = (string.byte_of_char(start), string.byte_of_char(end));
            return Ok(Str::slice_bytes(&mut self.heap, object, from, to, end - start));
        }
        if object.is_null() {
            return Ok(Value::NULL);
        }
        Err(Error::type_error(format!("Type error: cannot slice {}", object.type_title())))
    }

    /// `object.name`; null where there is nothing.
    pub fn get_attribute(&mut self, object: Value, name: u32) -> Result<Value, Fault> {
        match object.tag() {
            Tag::Record => {
                let Some(record) = object.as_record() else { return Ok(Value::NULL) };
                if self.program.types[record.type_index() as usize].is_contract {
                    return self.contract_attribute(record, name);
                }
                let place = self.field_place(record, name);
                Ok(place.and_then(|at| record.fields().get(at).copied()).unwrap_or(Value::NULL))
            }
            Tag::Map => Ok(object.as_map().and_then(|map| map.get(self.names[name as usize])).unwrap_or(Value::NULL)),
            Tag::StateMap => self.state_map_get(object, self.names[name as usize]),
            Tag::Module => {
                let members = &self.program.modules[object.index() as usize].members;
                match members.iter().find(|member| member.0 == name) {
                    Some(&(_, global)) => self.load_global(global),
                    None => Ok(Value::NULL),
                }
            }
            Tag::List | Tag::String if &*self.program.names[name as usize] == "length" => self.length(object),
            _ => Ok(Value::NULL),
        }
    }

    /// `object.name += value`: what [`Self::get_attribute`], [`Self::add`] and [`Self::set_attribute`] do, only that the ledger need not say what it has where an
    /// integer is added in the state of a contract.
    ///
    /// # Errors
    /// Theirs.
    pub fn add_to_attribute(&mut self, object: Value, name: u32, value: Value) -> Result<(), Fault> {
        if let (Some(record), Some(amount)) = (object.as_record(), value.as_int())
            && self.add_to_contract_attribute(record, name, amount)?
        {
            return Ok(());
        }
        let before = self.get_attribute(object, name)?;
        let sum = self.add(before, value)?;
        self.set_attribute(object, name, sum)
    }

    /// `object[index] += value`, as [`Self::add_to_attribute`].
    ///
    /// # Errors
    /// Those of [`Self::index`], [`Self::add`] and [`Self::set_index`].
    pub fn add_to_index(&mut self, object: Value, index: Value, value: Value) -> Result<(), Fault> {
        if let Some(amount) = value.as_int()
            && object.tag() == Tag::StateMap
            && self.add_to_state_map(object, index, amount)?
        {
            return Ok(());
        }
        let before = self.index(object, index)?;
        let sum = self.add(before, value)?;
        self.set_index(object, index, sum)
    }

    /// `object.name = value`.
    pub fn set_attribute(&mut self, object: Value, name: u32, value: Value) -> Result<(), Fault> {
        match object.tag() {
            Tag::Record => {
                let Some(record) = object.as_record() else { return Ok(()) };
                if self.program.types[record.type_index() as usize].is_contract {
                    return self.set_contract_attribute(record, name, value);
                }
                let value = self.plain(value)?;
                let facts = &self.program.types[record.type_index() as usize];
                match facts.fields.get(&name) {
                    Some(_) if facts.is_data => Err(Error::type_error(format!(
                        "Type error: field '{}' of {} cannot be changed",
                        self.program.names[name as usize], facts.name
                    ))
                    .with_help("data records are immutable; make a new one")),
                    Some(&at) => {
                        self.heap.forget(record.fields()[at as usize]);
                        record.fields_mut()[at as usize] = value;
                        Ok(())
                    }
                    None => Err(self.unknown_field(object, &self.program.names[name as usize])),
                }
            }
            Tag::Map => {
                let value = self.plain(value)?;
                self.set_key(object, self.names[name as usize], value)
            }
            Tag::StateMap => self.state_map_set(object, self.names[name as usize], value),
            _ => Err(Error::type_error(format!(
                "Type error: cannot assign to property '{}' of {}",
                self.program.names[name as usize],
                object.type_title()
            ))),
        }
    }

    /// Where a record that is no contract has this field.
    fn field_place(&self, record: &Record, name: u32) -> Option<usize> {
        if self.heap.policy() == MemoryPolicy::Naive {
            return record.place_in_table(self.names[name as usize]);
        }
        self.program.types[record.type_index() as usize].fields.get(&name).map(|&at| at as usize)
    }

    /// A record of a type that is no contract. The fields are those of the type.
    #[inline(always)]
    pub(crate) fn instance(&mut self, type_index: u32, fields: &[Value]) -> Value {
        if self.heap.policy() == MemoryPolicy::Naive {
            return self.tabled_instance(type_index, fields);
        }
        let is_data = self.program.types[type_index as usize].is_data;
        Record::create(&mut self.heap, type_index, is_data, fields)
    }

    /// The same with a table of the fields' names in the record.
    #[cold]
    fn tabled_instance(&mut self, type_index: u32, fields: &[Value]) -> Value {
        let facts = &self.program.types[type_index as usize];
        let place = |name: &Arc<str>| self.names[self.program.name_indices[name] as usize];
        let names: Vec<Value> = facts.field_names.iter().map(place).collect();
        Record::create_with_table(&mut self.heap, type_index, facts.is_data, fields, &names)
    }

    #[cold]
    fn unknown_field(&self, object: Value, field: &str) -> Fault {
        let owner = object.as_record().map_or("?", |record| &*self.program.types[record.type_index() as usize].name);
        Error::value_error(format!("{owner} has no field '{field}'")).with_help("declare the field in the entity")
    }

    /// How many elements, entries or characters a value has.
    pub fn length(&mut self, value: Value) -> Result<Value, Fault> {
        let length = match value.tag() {
            Tag::StateMap => return self.state_map_count(value).map(Value::int),
            Tag::List => value.as_list().map(|list| list.len()),
            Tag::String => value.as_string().map(Str::char_count),
            Tag::Map => value.as_map().map(|map| map.len()),
            _ => None,
        };
        match length {
            Some(length) => Ok(Value::int(length as i64)),
            None => Err(Error::type_error(format!("Type error: len() is not supported for {}", value.type_title()))),
        }
    }

    /// A global's value.
    ///
    /// # Errors
    /// When it was never set.
    pub fn load_global(&mut self, global: u32) -> Result<Value, Fault> {
        let value = self.globals[global as usize];
        if value.is_unset() { Err(self.unknown_name(self.program.globals[global as usize])) } else { Ok(value) }
    }

    /// The error for a variable that has no value, naming the nearest name the program knows.
    #[cold]
    pub fn unknown_name(&self, name: u32) -> Fault {
        let name = &*self.program.names[name as usize];
        let fault = Error::new(ErrorKind::Name, format!("Identifier '{name}' not found"));
        let builtins = crate::builtins::names().map(|known| -> &str { known });
        let known = builtins.chain(self.program.names.iter().map(|known| &**known));
        match crate::suggest::nearest(name, known) {
            Some(nearest) => fault.with_help(format!("did you mean '{nearest}'?")),
            None => fault.with_help("declare it first with 'let'"),
        }
    }

    /// A list of these values.
    pub fn build_list(&mut self, values: &[Value]) -> Result<Value, Fault> {
        if let Some(values) = self.all_plain(values)? {
            return List::from_values(&mut self.heap, &values);
        }
        List::from_values(&mut self.heap, values)
    }

    /// Appends values to a list in place.
    pub fn list_append(&mut self, list: Value, values: &[Value]) -> Result<Value, Fault> {
        if let Some(values) = self.all_plain(values)? {
            return self.list_append(list, &values);
        }
        if let Some(target) = list.as_list() {
            target.extend_from_values(&mut self.heap, values)?;
        }
        Ok(list)
    }

    /// A map of keys and values in turn.
    pub fn build_map(&mut self, pairs: &[Value]) -> Result<Value, Fault> {
        let map = Map::create(&mut self.heap, MapKind::Plain);
        for pair in pairs.chunks_exact(2) {
            let value = self.plain(pair[1])?;
            self.set_key(map, pair[0], value)?;
        }
        Ok(map)
    }

    /// A list of the distinct values among these, each at its first place.
    pub fn build_set(&mut self, values: &[Value]) -> Result<Value, Fault> {
        let mut distinct: Vec<Value> = Vec::with_capacity(values.len());
        for &value in values {
            if !distinct.iter().any(|&known| super::compare::equals(known, value)) {
                distinct.push(value);
            }
        }
        self.build_list(&distinct)
    }

    /// Printed forms joined.
    pub fn build_string(&mut self, values: &[Value]) -> Result<Value, Fault> {
        if let Some(values) = self.all_plain(values)? {
            return self.build_string(&values);
        }
        let mut text = String::new();
        for &value in values {
            self.format_into(&mut text, value)?;
        }
        self.new_string(&text)
    }

    /// An instance of a type whose leading fields are given; the others start as declared. Extra values are ignored.
    pub fn new_record(&mut self, type_index: u32, given: &[Value]) -> Result<Value, Fault> {
        if let Some(given) = self.all_plain(given)? {
            return self.new_record(type_index, &given);
        }
        let facts = &self.program.types[type_index as usize];
        if facts.is_contract {
            return Err(Error::type_error(format!("Type error: contract {} is made by its constructor", facts.name)));
        }
        let count = facts.defaults.len();
        if given.len() >= count {
            return Ok(self.instance(type_index, &given[..count]));
        }
        let mut fields = given.to_vec();
        fields.extend(facts.defaults[given.len()..].iter().map(|&constant| self.constants[constant as usize]));
        Ok(self.instance(type_index, &fields))
    }

    /// `require`: an error with the message unless the condition holds.
    pub fn require(&mut self, condition: Value, message: Value) -> Result<(), Fault> {
        if self.is_true(condition) {
            return Ok(());
        }
        let message = self.plain(message)?;
        Err(Error::new(ErrorKind::Requirement, format!("Requirement failed: {}", self.format(message))))
    }

    /// Prints values with spaces between and a newline at the end; nothing for no values.
    pub fn print(&mut self, values: &[Value]) -> Result<(), Fault> {
        if values.is_empty() {
            return Ok(());
        }
        if let Some(values) = self.all_plain(values)? {
            return self.print(&values);
        }
        let mut text = String::new();
        for (index, &value) in values.iter().enumerate() {
            if index != 0 {
                text.push(' ');
            }
            self.format_into(&mut text, value)?;
        }
        text.push('\n');
        self.output.write(&text)
    }
}
