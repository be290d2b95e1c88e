//! Calls that others than the program's own thread make.
//!
//! `map` and `filter` call a function for each element of a list. Where nothing that the calls do can be told from outside them, they can be made in any order, by several threads, each with a runtime of its
//! own, as long as what comes out, what it costs and where it fails is what the program's own thread would have come to. Whoever helps says what it would have cost; where anything goes otherwise than
//! expected, nothing has happened, and the program makes the calls itself.

use std::sync::Arc;

use crate::error::Fault;
use crate::value::{Tag, Value};

/// Makes calls for a program.
pub trait Apart: Send + Sync {
    /// Lists of fewer elements are never worth it.
    fn fewest(&self) -> usize;

    /// What a function of the prelude gives for a list, if that was found out.
    fn run(&self, job: &Job<'_>) -> Option<Done>;
}

/// What is to be done.
#[derive(Debug)]
pub struct Job<'j> {
    /// The function that is called with the list and what is called for each element: `map` or `filter` of the prelude.
    pub function: u32,
    /// What is called for each element.
    pub callee: u32,
    /// What it has captured; none of it is an object.
    pub captures: &'j [Value],
    /// None of them is an object.
    pub elements: &'j [Value],
    /// Top-level variables of the program.
    pub globals: &'j [Value],
    /// How many calls may yet be nested within that of the function.
    pub depth: usize,
    /// Fuel that is left, if that is limited.
    pub fuel: Option<u64>,
    /// Gas that is left, if that is limited.
    pub gas: Option<u64>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Done {
    /// The elements of the list that the function gives; none of them is an object.
    pub values: Vec<Value>,
    /// What the program would have used of what is limited, beyond what it uses to ask.
    pub used: Used,
}

/// What a call has used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// Fuel, if that is limited.
    pub fuel: u64,
    /// Gas, if that is limited.
    pub gas: u64,
}

/// Whether a value means the same in another runtime of the program, and nothing can be called or changed by it.
pub fn is_plain(value: Value) -> bool {
    matches!(value.tag(), Tag::Int | Tag::Float | Tag::Bool | Tag::Null)
}

impl crate::Runtime {
    /// Has somebody make calls for the program from now on, or nobody.
    pub fn set_apart(&mut self, apart: Option<Arc<dyn Apart>>) {
        self.apart = apart;
    }

    /// Takes fuel and gas, if both are there.
    pub(crate) fn take_used(&mut self, used: Used) -> bool {
        let (fuel, gas) = (self.fuel.checked_sub(used.fuel), self.gas.checked_sub(used.gas));
        let (Some(fuel), Some(gas)) = (fuel, gas) else { return false };
        (self.fuel, self.gas) = (fuel, gas);
        true
    }
}

/// `__apart(function, list, callee)`
pub(crate) fn apart(runtime: &mut crate::Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let &[function, list, callee] = arguments else { return Ok(Value::NULL) };
    let (Some(helpers), Some(list)) = (&runtime.apart, list.as_list()) else { return Ok(Value::NULL) };
    if list.len() < helpers.fewest() {
        return Ok(Value::NULL);
    }
    let helpers = Arc::clone(helpers);
    let (callee, captures) = match callee.as_closure() {
        Some(closure) => (closure.function(), closure.captures()),
        None if callee.tag() == Tag::Function => (callee.index(), &[][..]),
        None => return Ok(Value::NULL),
    };
    if function.tag() != Tag::Function || !captures.iter().all(|&value| is_plain(value)) {
        return Ok(Value::NULL);
    }
    let elements: Vec<Value> = list.iter().take_while(|&element| is_plain(element)).collect();
    if elements.len() < list.len() {
        return Ok(Value::NULL);
    }
    let limits = runtime.limits;
    let job = Job {
        function: function.index(),
        callee,
        captures,
        elements: &elements,
        globals: &runtime.globals,
        depth: limits.max_depth.saturating_sub(runtime.depth),
        fuel: limits.fuel.map(|_| runtime.fuel),
        gas: limits.gas.map(|_| runtime.gas),
    };
    let Some(Done { values, used }) = helpers.run(&job) else { return Ok(Value::NULL) };
    // Where there is no room for the list at once, the program makes it element by element.
    let Ok(result) = crate::objects::List::from_values(&mut runtime.heap, &values) else { return Ok(Value::NULL) };
    Ok(if runtime.take_used(used) { result } else { Value::NULL })
}
