//! A runtime to test in, and short ways to make and read its values.

use std::io::Write;
use std::sync::{Arc, Mutex};

use isa::module::{
    FieldDefinition, Function, MethodDefinition, Module, ModuleDefinition, Restrictions, Source, Stack, TypeDefinition,
};
use isa::{Constant, StackInstruction, StackOp};
use runtime::objects::{Map, MapKind, Str};
use runtime::{Fault, Limits, Program, RunOptions, Runtime, Tag, Value, builtins, methods};

/// Index of entity `User { name, age = 18 }`.
pub(crate) const USER: u32 = 0;
/// Index of data `Point { x, y = 7 }`.
pub(crate) const POINT: u32 = 1;
/// Index of an entity without fields.
pub(crate) const EMPTY: u32 = 2;
/// Function `greet(name)`.
pub(crate) const GREET: u32 = 1;
/// A lambda of `x` and `y`.
pub(crate) const LAMBDA: u32 = 2;

/// A program that declares some of everything and does nothing.
fn program() -> Arc<Program> {
    let mut module = Module::<Stack>::default();
    let mut names: Vec<std::sync::Arc<str>> = Vec::new();
    let mut name = |text: &str| {
        names.push(text.into());
        names.len() as u32 - 1
    };
    let function = |name: u32, parameters: &[u32]| Function::<Stack> {
        name,
        parameters: parameters.len() as u16,
        locals: parameters.len() as u32,
        local_names: parameters.to_vec(),
        code: vec![StackInstruction::new(StackOp::LoadConst, 0), StackInstruction::new(StackOp::Return, 0)],
        ..Function::default()
    };
    let (x, y, user_name, age, greet) = (name("x"), name("y"), name("name"), name("age"), name("greet"));
    module.functions =
        vec![function(name("<main>"), &[]), function(greet, &[user_name]), function(name("<lambda>"), &[x, y])];
    module.constants = vec![Constant::Null, Constant::Int(18), Constant::Int(7)];
    module.builtins = builtins::names().map(Into::into).collect();
    module.constants.extend((0..module.builtins.len() as u32).map(Constant::Builtin));
    let field = |name, default| FieldDefinition { name, default };
    module.types = vec![
        TypeDefinition {
            name: name("User"),
            fields: vec![field(user_name, 0), field(age, 1)],
            methods: vec![MethodDefinition { name: greet, function: GREET, restrictions: Restrictions::NONE }],
            ..TypeDefinition::default()
        },
        TypeDefinition {
            name: name("Point"),
            fields: vec![field(x, 0), field(y, 2)],
            is_data: true,
            ..TypeDefinition::default()
        },
        TypeDefinition { name: name("Nothing"), ..TypeDefinition::default() },
    ];
    module.modules = vec![ModuleDefinition { name: name("Bank"), function: 0, members: Vec::new() }];
    module.names = names;
    module.sources = vec![Source::default()];
    let verified = isa::verify::stack(module).expect("the test program is valid");
    Program::link(&verified).expect("every builtin is known")
}

/// A runtime with this heap limit.
pub(crate) fn runtime_with_limit(max_heap: usize) -> Runtime {
    let limits = Limits { max_heap, ..Limits::default() };
    Runtime::new(program(), RunOptions { limits, ..RunOptions::default() })
}

/// A runtime.
pub(crate) fn runtime() -> Runtime {
    runtime_with_limit(1 << 30)
}

/// Output that a test can read.
#[derive(Clone, Default)]
pub(crate) struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    /// What was written so far.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("not poisoned")).into_owned()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A runtime with this input and a heap of a megabyte, and what it prints.
pub(crate) fn runtime_with_input(input: &'static [u8]) -> (Runtime, Captured) {
    let output = Captured::default();
    let limits = Limits { max_heap: 1 << 20, ..Limits::default() };
    let options =
        RunOptions { limits, input: Box::new(input), output: Box::new(output.clone()), ..RunOptions::default() };
    (Runtime::new(program(), options), output)
}

/// A runtime with the real clock and storage.
pub(crate) fn real_runtime() -> Runtime {
    Runtime::new(program(), RunOptions { deterministic: false, ..RunOptions::default() })
}

/// What the tests need of a runtime, in few letters.
pub(crate) trait Make {
    /// A string.
    fn text(&mut self, text: &str) -> Value;
    /// A list.
    fn list(&mut self, values: &[Value]) -> Value;
    /// A list of integers.
    fn ints(&mut self, values: &[i64]) -> Value;
    /// A map with string keys.
    fn map(&mut self, entries: &[(&str, Value)]) -> Value;
    /// An enum.
    fn enumeration(&mut self, members: &[(&str, i64)]) -> Value;
    /// The value of JSON text.
    fn json(&mut self, text: &str) -> Value;
    /// Calls a builtin.
    fn call(&mut self, name: &str, arguments: &[Value]) -> Result<Value, Fault>;
    /// Calls a method.
    fn method_call(&mut self, receiver: Value, name: &str, arguments: &[Value]) -> Result<Value, Fault>;
    /// Calls a builtin and prints what it gives, or the error's message behind `!`.
    fn show(&mut self, name: &str, arguments: &[Value]) -> String;
    /// Calls a method and prints what it gives, or the error's message behind `!`.
    fn show_method(&mut self, receiver: Value, name: &str, arguments: &[Value]) -> String;
}

impl Make for Runtime {
    fn text(&mut self, text: &str) -> Value {
        Str::create(&mut self.heap, text)
    }

    fn list(&mut self, values: &[Value]) -> Value {
        self.build_list(values).expect("room")
    }

    fn ints(&mut self, values: &[i64]) -> Value {
        let values: Vec<Value> = values.iter().map(|&value| Value::int(value)).collect();
        self.list(&values)
    }

    fn map(&mut self, entries: &[(&str, Value)]) -> Value {
        let map = Map::create(&mut self.heap, MapKind::Plain);
        for &(key, value) in entries {
            let key = self.text(key);
            self.set_key(map, key, value).expect("room");
        }
        map
    }

    fn enumeration(&mut self, members: &[(&str, i64)]) -> Value {
        let value = Map::create(&mut self.heap, MapKind::Enum);
        for &(name, number) in members {
            let key = self.text(name);
            value.as_map().expect("a map").insert(&mut self.heap, key, Value::int(number)).expect("room");
        }
        value
    }

    fn json(&mut self, text: &str) -> Value {
        let text = self.text(text);
        self.call("json_parse", &[text]).expect("valid JSON")
    }

    fn call(&mut self, name: &str, arguments: &[Value]) -> Result<Value, Fault> {
        self.call_builtin(builtins::find(name).expect("a builtin"), arguments)
    }

    fn method_call(&mut self, receiver: Value, name: &str, arguments: &[Value]) -> Result<Value, Fault> {
        let method = methods::find(name).of(receiver).unwrap_or_else(|| panic!("{receiver:?} has no method {name}"));
        let arguments: Vec<Value> = std::iter::once(receiver).chain(arguments.iter().copied()).collect();
        self.call_native(method, &arguments)
    }

    fn show(&mut self, name: &str, arguments: &[Value]) -> String {
        let result = self.call(name, arguments);
        shown(self, result)
    }

    fn show_method(&mut self, receiver: Value, name: &str, arguments: &[Value]) -> String {
        let result = self.method_call(receiver, name, arguments);
        shown(self, result)
    }
}

fn shown(runtime: &Runtime, result: Result<Value, Fault>) -> String {
    match result {
        Ok(value) => runtime.format(value),
        Err(fault) => format!("!{}", fault.message),
    }
}

/// A value that points to type, module, function or builtin `index`.
pub(crate) fn indexed(tag: Tag, index: u32) -> Value {
    Value::indexed(tag, index)
}
