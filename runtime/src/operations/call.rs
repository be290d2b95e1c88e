//! What a call runs.

use crate::builtins::{Builtin, NativeFunction};
use crate::chain::has_state_map;
use crate::context::Runtime;
use crate::error::{Error, ErrorKind, Fault};
use crate::gas::Pricing;
use crate::methods::NativeMethod;
use crate::value::{Tag, Value};

/// What calling a value runs.
#[derive(Clone, Copy, Debug)]
pub enum Callee {
    /// Guest code: a function's index, and the closure that holds its captured variables if it has any.
    Function(u32, Value),
    /// A builtin.
    Builtin(&'static Builtin),
    /// Makes an instance of this type, all of whose defaults are constants.
    Type(u32),
}

/// What calling a method runs.
#[derive(Clone, Copy, Debug)]
pub enum Method {
    /// Guest code whose parameter 0 is the receiver.
    Guest(u32),
    /// Code of the runtime whose argument 0 is the receiver.
    Native(NativeMethod),
    /// A callable value found in the receiver; it does not get the receiver.
    Value(Value),
}

impl Runtime {
    /// What calling `value` runs.
    pub fn callee(&self, value: Value) -> Result<Callee, Fault> {
        match value.tag() {
            Tag::Function => Ok(Callee::Function(value.index(), Value::NULL)),
            Tag::Closure => match value.as_closure() {
                Some(closure) => Ok(Callee::Function(closure.function(), value)),
                None => Err(not_callable(value)),
            },
            Tag::Builtin => Ok(Callee::Builtin(self.program.builtins[value.index() as usize])),
            Tag::Type => Ok(match self.program.types[value.index() as usize].constructor {
                Some(function) => Callee::Function(function, Value::NULL),
                None => Callee::Type(value.index()),
            }),
            _ => Err(not_callable(value)),
        }
    }

    /// What `receiver.name(…)` runs.
    pub fn method(&mut self, receiver: Value, name: u32) -> Result<Method, Fault> {
        match receiver.tag() {
            Tag::Record => {
                if let Some(record) = receiver.as_record() {
                    let facts = &self.program.types[record.type_index() as usize];
                    if let Some(&function) = facts.methods.get(&name) {
                        return Ok(Method::Guest(function));
                    }
                    if let Some(&at) = facts.fields.get(&name) {
                        return Ok(Method::Value(record.fields()[at as usize]));
                    }
                }
            }
            Tag::Map => {
                // A function kept in a map is called like a method; it wins over the map's own methods.
                let entry = receiver.as_map().and_then(|map| map.get(self.names[name as usize]));
                if let Some(entry) =
                    entry.filter(|entry| matches!(entry.tag(), Tag::Function | Tag::Closure | Tag::Builtin | Tag::Type))
                {
                    return Ok(Method::Value(entry));
                }
            }
            Tag::Module => return self.module_function(receiver, name),
            _ => {}
        }
        let natives = &self.program.native_methods[name as usize];
        let native = if self.is_contract(receiver) { natives.of_any() } else { natives.of(receiver) };
        if let Some(native) = native {
            return Ok(Method::Native(native));
        }
        if receiver.tag() == Tag::List
            && let Some(&function) = self.program.prelude.get(&name)
        {
            return Ok(Method::Guest(function));
        }
        Err(self.no_method(receiver, name))
    }

    /// The member of a module that is called. A name that the module does not have reads null, but calling it is a mistake.
    fn module_function(&mut self, module: Value, name: u32) -> Result<Method, Fault> {
        let facts = &self.program.modules[module.index() as usize];
        if facts.members.iter().any(|member| member.0 == name) {
            return Ok(Method::Value(self.get_attribute(module, name)?));
        }
        let text = &self.program.names[name as usize];
        Err(Error::new(ErrorKind::Name, format!("'{text}' is not exported from {}", facts.name)))
    }

    #[cold]
    fn no_method(&self, receiver: Value, name: u32) -> Fault {
        let name = &*self.program.names[name as usize];
        if self.is_contract(receiver) {
            return self.no_action(receiver, name);
        }
        let fault = Error::new(ErrorKind::Type, format!("Method '{name}' not supported for {}", receiver.type_title()));
        match crate::suggest::nearest(name, crate::methods::names_for(receiver)) {
            Some(nearest) => fault.with_help(format!("did you mean '{nearest}'?")),
            None => fault,
        }
    }

    #[cold]
    fn no_action(&self, contract: Value, name: &str) -> Fault {
        let index = contract.as_record().map_or(0, |record| record.type_index());
        let facts = &self.program.types[index as usize];
        let fault = Error::new(ErrorKind::Type, format!("Action '{name}' not found in contract {}", facts.name));
        let actions = facts.methods.keys().map(|&action| &*self.program.names[action as usize]);
        match crate::suggest::nearest(name, actions) {
            Some(nearest) => fault.with_help(format!("did you mean '{nearest}'?")),
            None => fault,
        }
    }

    /// Calls a builtin.
    #[inline]
    pub fn call_builtin(&mut self, builtin: &'static Builtin, arguments: &[Value]) -> Result<Value, Fault> {
        if arguments.len() < builtin.arity.0 || arguments.len() > builtin.arity.1 {
            return Err(wrong_arity(builtin.name, builtin.arity, arguments.len()));
        }
        if self.is_metered() || has_state_map(arguments) {
            return self.call_paid(builtin.pricing, builtin.function, arguments, 0);
        }
        (builtin.function)(self, arguments)
    }

    /// Calls a builtin or a method of the runtime, and takes gas for its work if the run is metered.
    ///
    /// The first `receivers` arguments may be maps in the state of a contract; those after them are made plain.
    #[inline(never)]
    fn call_paid(
        &mut self,
        pricing: Pricing,
        function: NativeFunction,
        arguments: &[Value],
        receivers: usize,
    ) -> Result<Value, Fault> {
        let plain = self.all_plain(&arguments[receivers..])?;
        let plain: Option<Vec<Value>> =
            plain.map(|plain| arguments[..receivers].iter().copied().chain(plain.iter().copied()).collect());
        let arguments = plain.as_deref().unwrap_or(arguments);
        let work = self.work(pricing, arguments);
        let result = function(self, arguments)?;
        // Last, because a call that wants more memory is made again.
        self.charge(work + self.work_of_result(pricing, result))?;
        Ok(result)
    }

    /// Calls a method of the runtime; `arguments` begins with the receiver.
    #[inline]
    pub fn call_native(&mut self, method: NativeMethod, arguments: &[Value]) -> Result<Value, Fault> {
        let given = arguments.len() - 1;
        if given < method.arity.0 || given > method.arity.1 {
            return Err(wrong_arity(method.name, method.arity, given));
        }
        if self.is_metered() || has_state_map(&arguments[1..]) {
            return self.call_paid(method.pricing, method.function, arguments, 1);
        }
        (method.function)(self, arguments)
    }

    /// The positional fields of an instance of `type_index` given by name, or by position, in `map`: what [`Self::new_record`] or the type's
    /// constructor takes. A field that is not given is unset.
    pub fn named_fields(&mut self, type_value: Value, map: Value) -> Result<(u32, Vec<Value>), Fault> {
        if type_value.tag() != Tag::Type {
            return Err(takes_no_names(type_value));
        }
        let facts = &self.program.types[type_value.index() as usize];
        if facts.is_contract {
            return contract_arguments(type_value.index(), map);
        }
        let mut fields = Vec::with_capacity(facts.field_names.len());
        for (at, name) in facts.field_names.iter().enumerate() {
            let key = self.program.name_indices.get(name).map(|&name| self.names[name as usize]);
            let given = |key| map.as_map().and_then(|map| map.get(key));
            let value = key.and_then(given).or_else(|| given(Value::int(at as i64)));
            fields.push(value.unwrap_or(Value::UNSET));
        }
        Ok((type_value.index(), fields))
    }

    /// An instance whose unset fields start as declared.
    pub fn record_of_fields(&mut self, type_index: u32, fields: &[Value]) -> Value {
        let facts = &self.program.types[type_index as usize];
        let filled: Vec<Value> = fields
            .iter()
            .zip(&facts.defaults)
            .map(|(&field, &default)| if field.is_unset() { self.constants[default as usize] } else { field })
            .collect();
        self.instance(type_index, &filled)
    }

    /// Whether `value` is an instance of `type_index` or of a type that extends it.
    pub fn is_instance(&self, value: Value, type_index: u32) -> bool {
        let mut current = value.as_record().map(|record| record.type_index());
        while let Some(candidate) = current {
            if candidate == type_index {
                return true;
            }
            current = self.program.types[candidate as usize].parent;
        }
        false
    }
}

/// What `C{…}` passes on to the constructor of contract `C`.
fn contract_arguments(type_index: u32, map: Value) -> Result<(u32, Vec<Value>), Fault> {
    let mut arguments = Vec::new();
    for (key, value) in map.as_map().into_iter().flat_map(|map| map.iter()) {
        if key.as_int().is_none() {
            return Err(Error::type_error("Type error: arguments by name are for entity and data types, not CONTRACT")
                .with_help("give a contract the arguments of its `init` in order, without names"));
        }
        arguments.push(value);
    }
    Ok((type_index, arguments))
}

#[cold]
fn not_callable(value: Value) -> Fault {
    Error::type_error(format!("Not a function: {}", value.type_title()))
}

/// The error for `f(name = value)` where `f` is no type.
#[cold]
fn takes_no_names(value: Value) -> Fault {
    let help = "give an action its arguments in order, without names";
    match value.tag() {
        Tag::Function | Tag::Closure | Tag::Builtin => Error::type_error(format!(
            "Type error: arguments by name are for entity and data types, not {}",
            value.type_title()
        ))
        .with_help(help),
        _ => not_callable(value),
    }
}

#[cold]
fn wrong_arity(name: &str, (fewest, most): (usize, usize), given: usize) -> Fault {
    let expected = match (fewest, most) {
        (0, 0) => "no arguments".to_string(),
        (1, 1) => "1 argument".to_string(),
        _ if fewest == most => format!("{fewest} arguments"),
        (1, usize::MAX) => "at least 1 argument".to_string(),
        _ if most == usize::MAX => format!("at least {fewest} arguments"),
        _ => format!("{fewest} to {most} arguments"),
    };
    Error::value_error(format!("{name}() takes {expected}, {given} given"))
}
