//! Gas: what a run has paid, and what it gets back when an error cuts short what was paid in advance.
//!
//! # What costs how much
//!
//! Every instruction of a program's canonical stack code, which is what the compiler writes and no optimizer has touched, costs what its
//! row in the table of operations says. Metered code pays by region: `METER` charges for all instructions that run whenever the first of them
//! does. Optimizers and the converter leave `METER` where it is, so every engine pays the same at the same points, whatever becomes
//! of the instructions in between; the evaluator knows the charges by the nodes of the tree.
//!
//! An error gives back what its region was charged for and did not get to: the cost of what comes after the operation that raised it, in its own function and
//! in every caller that the error leaves or lands in. Functions have a table of that by source offset ([`isa::Function::refunds`]). Thus
//! what a run has paid is, at every error and at its end, the sum over the instructions that it came to.
//!
//! Builtins, and methods of the runtime, whose work grows with their arguments take more gas for that; which do is decided here, by name. Operations on the
//! ledger take more for the bytes that they hash or keep.
//!
//! A charge that is more than what is left takes nothing and raises an error, which may be caught; but what catches it has to be paid too.

use crate::context::Runtime;
use crate::error::{Error, ErrorKind, Fault};
use crate::value::{Tag, Value};

/// Builtins and methods that take the same time however large a collection or text is.
const TAKES_EQUAL_TIME: &[&str] = &[
    "append", "push", "add", "pop", "first", "last", "get", "set", "put", "len", "length", "size", "type", "typeof",
    "is_empty", "isEmpty", "char_at", "charAt", "__apart",
];

/// Methods of maps that do.
const TAKES_EQUAL_TIME_ON_MAPS: &[&str] =
    &["has", "contains", "includes", "has_key", "hasKey", "delete", "remove", "count"];

/// Builtins that are operations where they are called by name: those charge for their work themselves, or have none.
const ARE_OPERATIONS: &[&str] = &[
    "hash_block",
    "verify_signature",
    "merkle_root",
    "state_read",
    "state_write",
    "charge_gas",
    "ledger_append",
    "register_event",
];

/// Those whose result may be much larger than what they are given.
const GROWS: &[&str] = &[
    "range",
    "repeat",
    "pad_start",
    "padStart",
    "pad_end",
    "padEnd",
    "replace",
    "join",
    "str",
    "string",
    "to_string",
    "toString",
];

/// What a call of a builtin or of a method of the runtime takes more gas for than for being called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pricing {
    /// The sizes of what is given to it, if the first of that is no map.
    counts_arguments: bool,
    /// The sizes of what is given to it, if the first of that is a map.
    counts_arguments_with_map: bool,
    /// The size of what it gives.
    counts_result: bool,
}

/// Bytes of text that are as much work as one element of a list.
const BYTES_PER_ELEMENT: usize = 8;

impl Runtime {
    /// `METER`: charges for a region.
    ///
    /// # Errors
    /// When less is left.
    #[inline]
    pub fn take_gas(&mut self, amount: u64) -> Result<(), Fault> {
        let outcome = self.deduct(amount);
        self.is_charge_refused = outcome.is_err();
        outcome
    }

    #[inline]
    fn deduct(&mut self, amount: u64) -> Result<(), Fault> {
        match self.gas.checked_sub(amount) {
            Some(left) => {
                self.gas = left;
                Ok(())
            }
            None => Err(self.out_of_gas(amount)),
        }
    }

    #[cold]
    fn out_of_gas(&self, amount: u64) -> Fault {
        let limit = self.limits.gas.unwrap_or(u64::MAX);
        let used = limit - self.gas;
        Error::new(ErrorKind::Gas, format!("Out of gas: used {used} of {limit}, and what comes next needs {amount}"))
            .with_help("raise the limit with --gas")
    }

    /// True when the run pays gas.
    #[inline]
    pub fn is_metered(&self) -> bool {
        self.limits.gas.is_some()
    }

    /// Gas that was used, if the run is metered.
    pub fn gas_used(&self) -> Option<u64> {
        self.limits.gas.map(|limit| limit - self.gas)
    }

    /// Gives back what an error leaves undone. `calls` are the calls from the one that raised it to the one that handles it, each with its function and the source
    /// offset of what it was doing.
    #[cold]
    pub fn refund(&mut self, fault: &Error, calls: impl Iterator<Item = (u32, u32)>) {
        // What is thrown on by cleanup code gave back what its function had paid for when it got there.
        // What was awaited gave back what its task had paid for, not what awaits it.
        let is_awaited = std::mem::take(&mut self.tasks.is_rethrown);
        let is_settled = std::mem::take(&mut self.is_charge_refused) | (fault.origin.is_some() && !is_awaited);
        for (function, offset) in calls.skip(usize::from(is_settled)) {
            self.refund_call(function, offset);
        }
    }

    /// Gives back what an error leaves undone in one call of a function, which was at a source offset.
    pub fn refund_call(&mut self, function: u32, offset: u32) {
        let refunds = &self.program.functions[function as usize].refunds;
        if let Ok(index) = refunds.binary_search_by_key(&offset, |refund| refund.0) {
            self.gas += u64::from(refunds[index].1);
        }
    }

    /// `GAS_CHARGE`: takes gas.
    ///
    /// # Errors
    /// When the amount is no integer from 0 up, or more than is left.
    pub fn charge_gas(&mut self, amount: Value) -> Result<(), Fault> {
        match amount.as_int().map(u64::try_from) {
            Some(Ok(amount)) => self.charge(amount),
            _ => Err(Error::type_error("Type error: charge_gas() expects an integer from 0 up")),
        }
    }

    /// Takes gas for an operation under way, if the run is metered.
    ///
    /// # Errors
    /// When less is left.
    pub(crate) fn charge(&mut self, amount: u64) -> Result<(), Fault> {
        if self.is_metered() { self.deduct(amount) } else { Ok(()) }
    }

    /// The same for so many bytes that are hashed or kept.
    ///
    /// # Errors
    /// As [`Self::charge`].
    #[inline]
    pub(crate) fn charge_for_bytes(&mut self, bytes: usize) -> Result<(), Fault> {
        self.charge((bytes / BYTES_PER_ELEMENT) as u64)
    }

    /// What is left of the gas; null where it is not metered.
    pub(crate) fn gas_left(&self) -> Value {
        match self.limits.gas {
            Some(_) => Value::int(i64::try_from(self.gas).unwrap_or(i64::MAX)),
            None => Value::NULL,
        }
    }

    /// How much work a call is beyond what every call of it is: an element of a collection that is given to it counts one, as do so many bytes of
    /// text, unless what it does takes the same time for any.
    #[inline]
    pub(crate) fn work(&self, pricing: Pricing, arguments: &[Value]) -> u64 {
        let is_counted = match arguments.first() {
            Some(first) if matches!(first.tag(), Tag::Map | Tag::StateMap) => pricing.counts_arguments_with_map,
            _ => pricing.counts_arguments,
        };
        if is_counted { arguments.iter().map(|&value| self.size(value)).sum() } else { 0 }
    }

    /// The same for what it gives, where that is not made of what is given to it.
    #[inline]
    pub(crate) fn work_of_result(&self, pricing: Pricing, result: Value) -> u64 {
        if pricing.counts_result { self.size(result) } else { 0 }
    }

    #[inline]
    fn size(&self, value: Value) -> u64 {
        let size = match value.tag() {
            Tag::String => value.as_string().map_or(0, |string| string.len() / BYTES_PER_ELEMENT),
            Tag::List => value.as_list().map_or(0, |list| list.len()),
            Tag::Map => value.as_map().map_or(0, |map| map.len()),
            Tag::StateMap => self.state_map_len(value),
            _ => 0,
        };
        size as u64
    }
}

impl Pricing {
    /// The pricing of the builtin or method of that name.
    pub(crate) const fn of(name: &str) -> Self {
        let counts_arguments = !is_among(name, TAKES_EQUAL_TIME) && !is_among(name, ARE_OPERATIONS);
        Self {
            counts_arguments,
            counts_arguments_with_map: counts_arguments && !is_among(name, TAKES_EQUAL_TIME_ON_MAPS),
            counts_result: is_among(name, GROWS),
        }
    }
}

const fn is_among(name: &str, names: &[&str]) -> bool {
    let mut at = 0;
    while at < names.len() {
        if is_same(name.as_bytes(), names[at].as_bytes()) {
            return true;
        }
        at += 1;
    }
    false
}

const fn is_same(left: &[u8], right: &[u8]) -> bool {
    let mut at = 0;
    while at < left.len() && at < right.len() && left[at] == right[at] {
        at += 1;
    }
    at == left.len() && at == right.len()
}
