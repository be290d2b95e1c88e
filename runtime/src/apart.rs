//! Calls that others than the program's own thread make.
//!
//! `map` and `filter` call a function for each element of a list. Where nothing that the calls do can be told from outside them, they can be made in any order, by several threads, each with a runtime of its
//! own, as long as what comes out, what it costs and where it fails is what the program's own thread would have come to. Whoever helps says what it would have cost; where anything goes otherwise than
//! expected, nothing has happened, and the program makes the calls itself.
//!
//! Tasks in the queue are such calls, too: what they come to can be found out ahead of their turn, by which the program has either the outcome or makes the call then.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::Fault;
use crate::value::{Tag, Value};

/// Makes calls for a program.
pub trait Apart: Send + Sync {
    /// Lists of fewer elements are never worth it.
    fn fewest(&self) -> usize;

    /// What a function of the prelude gives for a list, if that was found out.
    fn run(&self, job: &Job<'_>) -> Option<Done>;

    /// Whether it may pay to show somebody a call of this function. Asked for each task, so it should be quick.
    fn wants(&self, function: u32) -> bool;

    /// Has a call made ahead of its turn, if that can be done.
    fn begin(self: Arc<Self>, call: &Call<'_>) -> Option<Box<dyn Ahead>>;
}

/// A call that may be made ahead of its turn. When it is dropped, nobody wants to know any more.
pub trait Ahead: std::fmt::Debug {
    /// Now it is the call's turn, where top-level variables hold this. What it comes to if somebody has begun it, who is waited for; if not, nobody will.
    fn take(self: Box<Self>, globals: &[Value]) -> Option<(Sent, Used)>;
}

/// What the program has where calls are to be made.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'r> {
    /// Top-level variables of the program.
    pub globals: &'r [Value],
    /// How many calls may be nested, that of the function included.
    pub depth: usize,
    /// Fuel that is left, if that is limited.
    pub fuel: Option<u64>,
    /// Gas that is left, if that is limited.
    pub gas: Option<u64>,
}

/// A call of a function that captures nothing.
#[derive(Clone, Copy, Debug)]
pub struct Call<'c> {
    /// The function.
    pub function: u32,
    /// All of them [can be sent](can_be_sent).
    pub arguments: &'c [Value],
    /// Where it is to be made.
    pub surroundings: Surroundings<'c>,
}

/// What is to be done.
#[derive(Debug)]
pub struct Job<'j> {
    /// The function that is called with the list and what is called for each element: `map` or `filter` of the prelude.
    pub function: u32,
    /// What is called for each element.
    pub callee: u32,
    /// What it has captured; all of it [can be sent](can_be_sent).
    pub captures: &'j [Value],
    /// All of them can be sent. Until the job is done the program waits, so that others may read its strings.
    pub elements: &'j [Value],
    /// Where it is to be done.
    pub surroundings: Surroundings<'j>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Done {
    /// The elements of the list that the function gives.
    pub values: Vec<Made>,
    /// The bytes of all strings among them, one after the other.
    pub text: String,
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

/// An element of a list that others have made.
#[derive(Clone, Copy, Debug)]
pub enum Made {
    /// A value that is no object.
    Plain(Value),
    /// A string, which ends there in the text of all of them.
    Text(usize),
}

/// A value on its way from one runtime of the program to another.
#[derive(Clone, Debug)]
pub enum Sent {
    /// One that is no object.
    Plain(Value),
    /// A string.
    Text(Box<str>),
}

impl Sent {
    /// A value to be sent; none if it cannot be.
    pub fn of(value: Value) -> Option<Self> {
        match value.as_string() {
            Some(string) => Some(Self::Text(string.as_str().into())),
            None => is_plain(value).then_some(Self::Plain(value)),
        }
    }

    /// The value in the runtime where it arrives.
    ///
    /// # Errors
    /// When there is no room for it.
    pub fn arrive(&self, runtime: &mut crate::Runtime) -> Result<Value, Fault> {
        match self {
            Self::Plain(value) => Ok(*value),
            Self::Text(text) => runtime.new_string(text),
        }
    }

    /// Whether it is the same as this value.
    pub fn is(&self, value: Value) -> bool {
        match self {
            Self::Plain(sent) => sent.is_identical(value),
            Self::Text(text) => value.as_string().is_some_and(|string| *string.as_str() == **text),
        }
    }
}

fn is_plain(value: Value) -> bool {
    matches!(value.tag(), Tag::Int | Tag::Float | Tag::Bool | Tag::Null)
}

/// Whether a value, or a copy of it, means the same in another runtime of the program, and nothing can be called or changed by it.
pub fn can_be_sent(value: Value) -> bool {
    is_plain(value) || value.tag() == Tag::String
}

/// The same value for another runtime than that which has it. The one that has it must not change anything meanwhile.
///
/// # Errors
/// When there is no room for it.
pub fn copy_for(runtime: &mut crate::Runtime, value: Value) -> Result<Value, Fault> {
    match value.as_string() {
        Some(string) => runtime.new_string(string.as_str()),
        None => Ok(value),
    }
}

/// Fuel for a call that its caller may come to want no more: it gets a dose at a time, and none when it is not wanted.
#[derive(Debug)]
struct Reserve {
    left: u64,
    is_unwanted: Arc<AtomicBool>,
}

impl Reserve {
    /// Some milliseconds.
    const DOSE: u64 = 1 << 18;

    fn dose(&mut self) -> u64 {
        let dose = if self.is_unwanted.load(Ordering::Relaxed) { 0 } else { self.left.min(Self::DOSE) };
        self.left -= dose;
        dose
    }
}

/// Where fuel comes from when there is none.
#[derive(Debug, Default)]
pub(crate) struct Refill(Option<Reserve>);

impl crate::Runtime {
    /// Has somebody make calls for the program from now on, or nobody.
    pub fn set_apart(&mut self, apart: Option<Arc<dyn Apart>>) {
        self.apart = apart;
    }

    /// What the program has where so many calls are nested.
    pub(crate) fn surroundings(&self, nested: usize) -> Surroundings<'_> {
        let limits = self.limits;
        Surroundings {
            globals: &self.globals,
            depth: limits.max_depth.saturating_sub(nested),
            fuel: limits.fuel.map(|_| self.fuel),
            gas: limits.gas.map(|_| self.gas),
        }
    }

    /// Calls `work` with so much fuel, which ends early when the work is unwanted. Gives how much was used.
    pub fn with_fuel_while_wanted<T>(
        &mut self,
        fuel: u64,
        is_unwanted: &Arc<AtomicBool>,
        work: impl FnOnce(&mut Self) -> T,
    ) -> (T, u64) {
        let (limit, before) = (self.limits.fuel.replace(fuel), self.fuel);
        self.refill = Refill(Some(Reserve { left: fuel, is_unwanted: Arc::clone(is_unwanted) }));
        self.fuel = 0;
        let result = work(self);
        let left = self.fuel + self.refill.0.take().map_or(0, |reserve| reserve.left);
        (self.limits.fuel, self.fuel) = (limit, before);
        (result, fuel - left)
    }

    /// Takes a unit of fuel where there was none at hand. False if there is none at all.
    #[cold]
    pub fn take_fuel_of_reserve(&mut self) -> bool {
        let dose = self.refill.0.as_mut().map_or(0, Reserve::dose);
        self.fuel = dose.saturating_sub(1);
        dose > 0
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
    if function.tag() != Tag::Function || !captures.iter().all(|&value| can_be_sent(value)) {
        return Ok(Value::NULL);
    }
    let elements: Vec<Value> = list.iter().take_while(|&element| can_be_sent(element)).collect();
    if elements.len() < list.len() {
        return Ok(Value::NULL);
    }
    let surroundings = runtime.surroundings(runtime.depth);
    let job = Job { function: function.index(), callee, captures, elements: &elements, surroundings };
    let Some(Done { values, text, used }) = helpers.run(&job) else { return Ok(Value::NULL) };
    // Where there is no room for the list at once, the program makes it element by element.
    let Ok(result) = list_of(runtime, values, &text) else { return Ok(Value::NULL) };
    Ok(if runtime.take_used(used) { result } else { Value::NULL })
}

fn list_of(runtime: &mut crate::Runtime, made: Vec<Made>, text: &str) -> Result<Value, Fault> {
    let mut start = 0;
    let arrived = made.into_iter().map(|made| match made {
        Made::Plain(value) => Ok(value),
        Made::Text(end) => runtime.new_string(&text[std::mem::replace(&mut start, end)..end]),
    });
    let values: Vec<Value> = arrived.collect::<Result<_, _>>()?;
    crate::objects::List::from_values(&mut runtime.heap, &values)
}
