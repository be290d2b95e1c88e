//! Reading and assigning what names mean, and making functions with what they capture.

use runtime::objects::{Cell, Closure, Str};
use runtime::{Heap, Tag, Value, builtins};

use super::tables::Place;
use super::{Evaluator, Exit};
use crate::ast::{FunctionId, Name};
use crate::names::Symbol;
use crate::program::{FileKind, SourceFile};
use crate::resolver::PREDEFINED;

impl Evaluator<'_, '_> {
    /// What an occurrence of a name means.
    #[inline]
    pub(super) fn place(&self, name: Name) -> Place {
        self.tables.places[(self.frame.names + name.id.0) as usize]
    }

    /// The value of a name.
    #[inline]
    pub(super) fn read(&mut self, name: Name) -> Result<Value, Exit> {
        let value = match self.place(name) {
            Place::Slot(slot) => self.stack[self.frame.base + slot as usize],
            Place::Cell(slot) => content(self.stack[self.frame.base + slot as usize]),
            Place::Capture(index) => content(self.captured(index)),
            Place::Global(global) => self.runtime.globals[global as usize],
            Place::Member(owner) => return self.member(owner, name),
            fixed => return self.fixed(fixed, name.span.start),
        };
        if value.is_unset() { self.unset(name) } else { Ok(value) }
    }

    /// The value of a variable that certainly has one.
    pub(super) fn value_of(&self, place: Place) -> Value {
        match place {
            Place::Slot(slot) => self.stack[self.frame.base + slot as usize],
            Place::Cell(slot) => content(self.stack[self.frame.base + slot as usize]),
            Place::Capture(index) => content(self.captured(index)),
            _ => Value::NULL,
        }
    }

    /// A parameter as it came, given or not.
    pub(super) fn argument(&self, name: Name) -> Value {
        self.value_of(self.place(name))
    }

    /// A contract's member that is meant by its bare name.
    fn member(&mut self, owner: u32, name: Name) -> Result<Value, Exit> {
        let contract = self.value_of(self.tables.owners[owner as usize]);
        let index = self.name_index(name.symbol);
        self.apply([contract], name.span.start, |runtime, [contract]| runtime.get_attribute(contract, index))
    }

    /// The value of a name that is no variable.
    #[inline(never)]
    fn fixed(&mut self, place: Place, position: u32) -> Result<Value, Exit> {
        Ok(match place {
            Place::Function(index) => Value::indexed(Tag::Function, index),
            Place::Type(index) => Value::indexed(Tag::Type, index),
            Place::Enum(index) => self.tables.enums[index as usize],
            Place::Module(index) => Value::indexed(Tag::Module, index),
            Place::Builtin(index) => self.tables.builtin_value(index),
            Place::Predefined(index) => return self.predefined(PREDEFINED[index as usize], position),
            Place::Slot(_)
            | Place::Cell(_)
            | Place::Capture(_)
            | Place::Global(_)
            | Place::Member(_)
            | Place::Nothing => Value::NULL,
        })
    }

    /// A fact about the file or the run.
    fn predefined(&mut self, name: &str, position: u32) -> Result<Value, Exit> {
        let tables = self.tables;
        let file = tables.functions[self.frame.function as usize].file;
        let source: &SourceFile<'_> = &tables.analysis.program.files[file as usize];
        let text = match name {
            "__FILE__" | "__file__" => &source.name,
            "__DIR__" => source.name.rsplit_once('/').map_or(".", |(directory, _)| directory),
            "__MODULE__" if source.kind == FileKind::Main => "__main__",
            "__MODULE__" => &source.name,
            "__PACKAGE__" => "",
            _ => {
                let builtin = match name {
                    "TX" => "__TX__",
                    "msg" => "__msg__",
                    _ => "__ARGS__",
                };
                let Some(builtin) = builtins::find(builtin) else { return Ok(Value::NULL) };
                return self.apply([], position, |runtime, []| runtime.call_builtin(builtin, &[]));
            }
        };
        Ok(self.literal(text))
    }

    /// What a variable means that has no value: the builtin of its name, or an error. Globals that mean builtins are set from the start.
    #[cold]
    fn unset(&mut self, name: Name) -> Result<Value, Exit> {
        let is_global = matches!(self.place(name), Place::Global(_));
        match self.tables.unset.get(&name.symbol) {
            Some(&builtin) if !is_global => self.fixed(builtin, name.span.start),
            _ => Err(self.unknown(name)),
        }
    }

    #[cold]
    fn unknown(&mut self, name: Name) -> Exit {
        let index = match self.place(name) {
            // What is imported under another name is known by its own.
            Place::Global(global) => self.runtime.program.globals[global as usize],
            _ => self.name_index(name.symbol),
        };
        let fault = self.runtime.unknown_name(index);
        self.raise(fault, name.span.start)
    }

    /// Tells those that watch the variable `name`, which was just assigned.
    #[inline]
    pub(super) fn notify(&mut self, name: Name) -> Result<(), Exit> {
        if self.tables.notified.is_empty() { Ok(()) } else { self.notify_watchers(name) }
    }

    #[cold]
    fn notify_watchers(&mut self, name: Name) -> Result<(), Exit> {
        let Some(&hidden) = self.tables.notified.get(&(self.frame.names + name.id.0)) else { return Ok(()) };
        let watchers = match hidden {
            Place::Global(global) => self.runtime.globals[global as usize],
            place => self.value_of(place),
        };
        if let Some(notifier) = self.tables.notifier {
            let first = self.stack.len();
            self.push(watchers);
            self.enter(notifier, Value::NULL, first, name.span.start)?;
        }
        Ok(())
    }

    /// Assigns to a name.
    #[inline]
    pub(super) fn store(&mut self, name: Name, value: Value) {
        self.store_place(self.place(name), value);
    }

    #[inline]
    pub(super) fn store_place(&mut self, place: Place, value: Value) {
        match place {
            Place::Slot(slot) => self.stack[self.frame.base + slot as usize] = value,
            Place::Cell(slot) => {
                set_content(&mut self.runtime.heap, self.stack[self.frame.base + slot as usize], value)
            }
            Place::Capture(index) => {
                let variable = self.captured(index);
                set_content(&mut self.runtime.heap, variable, value);
            }
            Place::Global(global) => self.runtime.globals[global as usize] = value,
            // The resolver refused assignments to everything else.
            _ => {}
        }
    }

    /// A captured value or cell.
    #[inline]
    fn captured(&self, index: u32) -> Value {
        let captures = self.frame.closure.as_closure().map_or(&[][..], |closure| closure.captures());
        captures.get(index as usize).copied().unwrap_or(Value::UNSET)
    }

    /// The function `id` of the current file, with what it captures.
    pub(super) fn function_value(&mut self, id: FunctionId, position: u32) -> Result<Value, Exit> {
        let first = self.tables.functions[self.frame.function as usize].first_function;
        self.make_function(first + id.0, position)
    }

    /// A function as a value, with what it captures.
    pub(super) fn make_function(&mut self, function: u32, position: u32) -> Result<Value, Exit> {
        let captures = &self.tables.functions[function as usize].captures;
        if captures.is_empty() {
            return Ok(Value::indexed(Tag::Function, function));
        }
        let value = Closure::create(&mut self.runtime.heap, function, captures.len());
        if let Some(closure) = value.as_closure() {
            for (index, &place) in captures.iter().enumerate() {
                let captured = match place {
                    Place::Slot(slot) | Place::Cell(slot) => self.stack[self.frame.base + slot as usize],
                    Place::Capture(outer) => self.captured(outer),
                    _ => Value::UNSET,
                };
                closure.set_capture(index, captured);
            }
        }
        self.settle(value, position)
    }

    /// Puts a cell around what a slot holds.
    pub(super) fn make_cell(&mut self, slot: u32) {
        let at = self.frame.base + slot as usize;
        self.stack[at] = Cell::create(&mut self.runtime.heap, self.stack[at]);
    }

    /// Index in the program of a field, method or variable name.
    #[inline]
    pub(super) fn name_index(&self, symbol: Symbol) -> u32 {
        self.tables.names[symbol.0 as usize]
    }

    /// The string of a literal, the same one each time.
    #[inline]
    pub(super) fn literal(&mut self, text: &str) -> Value {
        let address = (text.as_ptr() as usize, text.len());
        let known = self.shared.literals.borrow().get(&address).copied();
        match known {
            Some(value) => value,
            None => self.new_literal(address, text),
        }
    }

    #[cold]
    fn new_literal(&mut self, address: (usize, usize), text: &str) -> Value {
        let known = self.tables.strings.get(text).copied();
        let value = known.unwrap_or_else(|| Str::create(&mut self.runtime.heap, text));
        self.shared.literals.borrow_mut().insert(address, value);
        value
    }
}

/// What a variable holds that may live in a cell. Cells never escape into data, so a cell found in a variable is the variable's own.
#[inline]
pub(super) fn content(value: Value) -> Value {
    value.as_cell().map_or(value, |cell| cell.value)
}

fn set_content(heap: &mut Heap, variable: Value, value: Value) {
    if let Some(cell) = variable.as_cell() {
        heap.forget(cell.value);
        cell.value = value;
    }
}
