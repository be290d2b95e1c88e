//! Calls from outside: a run whose program has ended serves them one after the other, each with gas, a sender and a ledger of its own. A block of
//! transactions is executed so.
//!
//! What a call leaves is in the ledger and nowhere else: it finds chance, the clock, what is stored, and registered handlers as the program left them. Contracts
//! that the run has met stay known to it, which nobody can see.

use std::sync::Arc;

use fxhash::FxHashMap;

use super::{Instance, TYPE_FIELD};
use crate::context::Runtime;
use crate::error::{Error, Fault};
use crate::host::{Ledger, Stored};
use crate::objects::Record;
use crate::tasks::Tasks;
use crate::value::{Tag, Value};

/// A call from outside, as far as the run must know.
#[derive(Clone, Debug)]
pub struct OutsideCall {
    /// Who calls.
    pub sender: Arc<str>,
    /// Gas it may take, in a program that is metered.
    pub gas: u64,
    /// Seed of `random()`.
    pub seed: u64,
    /// Milliseconds of virtual time that have passed.
    pub time: i64,
}

impl Runtime {
    /// Makes this run, whose program has ended, one that serves calls from outside on another ledger: contracts that it knows are those of that ledger at the same
    /// addresses.
    ///
    /// # Errors
    /// When the ledger cannot have so many contracts.
    pub fn begin_service(&mut self, ledger: &mut dyn Ledger) -> Result<(), Fault> {
        self.chain.lasting_registrations = self.chain.registrations.len();
        let mut by_id = FxHashMap::default();
        for (index, instance) in self.chain.instances.iter_mut().enumerate() {
            let Instance { type_index, id, address, slots, .. } = instance;
            *id = ledger.contract(address)?;
            let names = self.program.types[*type_index as usize].field_names.iter();
            *slots = names.map(|name| ledger.field(*id, name)).collect::<Result<_, _>>()?;
            by_id.insert(*id, index as u32);
        }
        self.chain.by_id = by_id;
        Ok(())
    }

    /// Makes ready for a call from outside: forgets what the last one left.
    pub fn begin_outside_call(&mut self, call: &OutsideCall) {
        debug_assert!(self.chain.calls.is_empty(), "the last call has ended");
        self.chain.outside = Some(Arc::clone(&call.sender));
        self.chain.kept = 0;
        self.chain.failing = None;
        if self.chain.registrations.len() > self.chain.lasting_registrations {
            self.forget_registrations(self.chain.lasting_registrations);
        }
        if self.is_metered() {
            (self.limits.gas, self.gas) = (Some(call.gas), call.gas);
        }
        self.is_charge_refused = false;
        self.host.random = call.seed;
        self.host.virtual_time = call.time;
        self.host.partial_line.clear();
        self.host.persistent.clear();
        if self.tasks.is_used() {
            self.tasks = Tasks::default();
        }
    }

    /// The contract at an address of a ledger; none if there is none of the program's types.
    ///
    /// # Errors
    /// When the ledger cannot say, or has too many.
    pub fn contract_of(&mut self, ledger: &mut dyn Ledger, address: &str) -> Result<Option<Value>, Fault> {
        let id = ledger.contract(address)?;
        let kind = ledger.field(id, TYPE_FIELD)?;
        let type_index = match ledger.read(kind) {
            Stored::Unknown => return Err(Error::stopped()),
            Stored::String(name) => {
                let is_it = |&at: &usize| {
                    let facts = &self.program.types[at];
                    facts.is_contract && *facts.ledger_name == **name
                };
                (0..self.program.types.len()).find(is_it)
            }
            _ => None,
        };
        let Some(type_index) = type_index else { return Ok(None) };
        if let Some(&index) = self.chain.by_id.get(&id) {
            return Ok(Some(self.chain.instances[index as usize].value));
        }
        // SAFETY: making the contract known neither takes the ledger out nor moves the runtime.
        unsafe { self.lend(ledger, |runtime| runtime.contract_at(type_index as u32, address)) }.map(Some)
    }

    /// The function of a contract's action.
    ///
    /// # Errors
    /// When it has none of that name.
    pub fn action(&self, contract: &Record, name: &str) -> Result<u32, Fault> {
        let facts = &self.program.types[contract.type_index() as usize];
        let found = self.program.name_indices.get(name).and_then(|name| facts.methods.get(name));
        found.copied().ok_or_else(|| Error::value_error(format!("Contract {} has no action '{name}'", facts.name)))
    }

    /// Whether all handlers of events that the program has registered are functions without captured variables.
    pub fn has_plain_handlers_only(&self) -> bool {
        self.chain.handlers.values().flatten().all(|handler| handler.tag() != Tag::Closure)
    }

    /// Values that a kept list has, for the arguments of a call.
    ///
    /// # Errors
    /// When they do not fit the heap, or an instance is of a type that the program lacks.
    pub fn arguments_of(&mut self, list: &Stored, arguments: &mut Vec<Value>) -> Result<(), Fault> {
        let list = list.to_value(self)?;
        arguments.extend(list.as_list().into_iter().flat_map(|list| list.iter()));
        Ok(())
    }
}
