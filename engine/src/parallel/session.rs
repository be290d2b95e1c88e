//! What one worker has for itself: a run of the program whose top level has ended, with its heap, and the arrays of its machine. Transactions are calls in
//! it, one after the other, each on a ledger that it is lent.

use std::sync::Arc;

use fxhash::FxHashMap;
use ledger::Chain;
use runtime::canonical::{Item, Reader};
use runtime::chain::OutsideCall;
use runtime::host::{Key, Ledger, Slot, Status, Stored, Transaction, TransactionOutcome};
use runtime::{Error, ErrorKind, Fault, Runtime, Value};

use super::program::ContractProgram;
use crate::error::EngineError;
use crate::outcome::Failure;
use crate::service::Arena;

/// A run that transactions are executed in.
pub(super) struct Session {
    runtime: Runtime,
    arena: Arena,
    /// Contracts that are in the state for good.
    contracts: FxHashMap<Arc<str>, Value>,
    arguments: Vec<Value>,
    serves: bool,
}

/// What came of a call.
pub(super) struct Executed {
    pub(super) outcome: TransactionOutcome,
    /// What the action returned, or null.
    pub(super) value: Stored,
}

/// Gas that a raw transfer takes: about what code that does the same would.
pub(super) const TRANSFER_GAS: u64 = 100;

impl Session {
    /// Runs the program's top level on a ledger, and gives the session with what the program returned.
    ///
    /// # Errors
    /// When the top level fails, or leaves something that transactions could change.
    pub(super) fn begin(program: &ContractProgram, ledger: &mut dyn Ledger) -> Result<(Self, Stored), EngineError> {
        let mut runtime = program.runtime();
        let mut arena = Arena::default();
        let result = program.machine.call(&mut arena, &mut runtime, ledger, program.program().entry, &[]);
        let returned = result.and_then(|value| Stored::from_value(&runtime, value));
        let returned = returned.map_err(|fault| EngineError::Genesis(Box::new(Failure::new(*fault))))?;
        program.check_unchangeable(&runtime)?;
        let (contracts, arguments) = (FxHashMap::default(), Vec::new());
        Ok((Self { runtime, arena, contracts, arguments, serves: false }, returned))
    }

    /// A session for a ledger on which the top level has run before: here it runs on another, whose contracts are at the same addresses.
    pub(super) fn again(program: &ContractProgram) -> Result<Self, EngineError> {
        Self::begin(program, &mut Chain::in_memory()).map(|(session, _)| session)
    }

    /// Executes a transaction. `is_settled` says of an address whether what is there is there for good.
    pub(super) fn execute(
        &mut self,
        program: &ContractProgram,
        ledger: &mut dyn Ledger,
        transaction: &Transaction,
        index: usize,
        is_settled: impl Fn(&str) -> bool,
    ) -> Executed {
        let gas = transaction.gas_limit.unwrap_or(program.gas());
        if transaction.contract.is_empty() {
            return transfer(ledger, transaction, gas);
        }
        let call = OutsideCall { sender: Arc::clone(&transaction.sender), gas, seed: index as u64, time: index as i64 };
        let result = self.call(program, ledger, transaction, &call, is_settled);
        let gas_used = self.runtime.gas_used().unwrap_or(0);
        // A result that the ledger could not keep is none.
        let result = result.map(|value| Stored::from_value(&self.runtime, value).unwrap_or(Stored::Null));
        ended(result, gas_used)
    }

    fn call(
        &mut self,
        program: &ContractProgram,
        ledger: &mut dyn Ledger,
        transaction: &Transaction,
        call: &OutsideCall,
        is_settled: impl Fn(&str) -> bool,
    ) -> Result<Value, Fault> {
        if !self.serves {
            self.runtime.begin_service(ledger)?;
            self.serves = true;
        }
        // Between two transactions there is little to mark.
        if self.runtime.heap.wants_collection() {
            self.runtime.collect(|_| ())?;
        }
        self.runtime.begin_outside_call(call);
        let contract = match self.contracts.get(&transaction.contract) {
            Some(&contract) => contract,
            None => {
                let address = &transaction.contract;
                let Some(contract) = self.runtime.contract_of(ledger, address)? else {
                    return Err(Error::value_error(format!("There is no contract at {address}")));
                };
                if is_settled(address) {
                    self.contracts.insert(Arc::clone(address), contract);
                }
                contract
            }
        };
        let Some(record) = contract.as_record() else { unreachable!("contracts are records") };
        let function = self.runtime.action(record, &transaction.action)?;
        let mut arguments = std::mem::take(&mut self.arguments);
        arguments.clear();
        arguments.push(contract);
        let result = match self.runtime.arguments_of(&transaction.arguments, &mut arguments) {
            Ok(()) => program.machine.call(&mut self.arena, &mut self.runtime, ledger, function, &arguments),
            Err(fault) => Err(fault),
        };
        self.arguments = arguments;
        result
    }
}

fn ended(result: Result<Stored, Fault>, gas_used: u64) -> Executed {
    let (status, error, value) = match result {
        Ok(value) => (Status::Success, None, value),
        Err(fault) => {
            let status = if fault.kind == ErrorKind::Gas { Status::OutOfGas } else { Status::Reverted };
            (status, Some(fault.message), Stored::Null)
        }
    };
    Executed { outcome: TransactionOutcome { status, gas_used, error }, value }
}

/// Moves coins from the sender to who is named by the first argument, as many as the second says. Accounts are entries of the state that belongs to no contract.
fn transfer(ledger: &mut dyn Ledger, transaction: &Transaction, gas: u64) -> Executed {
    if gas < TRANSFER_GAS {
        let message = format!("Out of gas: used 0 of {gas}, and what comes next needs {TRANSFER_GAS}");
        return ended(Err(Error::new(ErrorKind::Gas, message)), 0);
    }
    let Stored::Encoded(arguments) = &transaction.arguments else {
        return ended(Err(Error::type_error("Type error: a transfer has a list of arguments")), TRANSFER_GAS);
    };
    let mut reader = Reader::new(arguments);
    let mut item = || reader.item();
    let (Ok(Item::List(2)), Ok(Item::String(to)), Ok(Item::Int(amount))) = (item(), item(), item()) else {
        return ended(Err(Error::type_error("Type error: a transfer is to an address, of an integer")), TRANSFER_GAS);
    };
    let mut result = ledger.begin();
    if result.is_ok() {
        result = move_coins(ledger, &transaction.sender, to, amount);
        let end = if result.is_ok() { ledger.commit() } else { ledger.revert() };
        result = result.and(end);
    }
    ended(result.map(|()| Stored::Null), TRANSFER_GAS)
}

fn move_coins(ledger: &mut dyn Ledger, from: &str, to: &str, amount: i64) -> Result<(), Fault> {
    let held = |stored: &Stored| match *stored {
        Stored::Unknown => Err(Error::stopped()),
        Stored::Int(held) => Ok(held),
        _ => Ok(0),
    };
    if amount < 0 {
        return Err(Error::value_error("A transfer is of no less than 0"));
    }
    let rest = held(ledger.read_entry(Slot::GLOBAL, Key::String(from)))? - amount;
    if rest < 0 {
        return Err(Error::value_error("Insufficient balance"));
    }
    ledger.write_entry(Slot::GLOBAL, Key::String(from), Stored::Int(rest))?;
    let Some(sum) = held(ledger.read_entry(Slot::GLOBAL, Key::String(to)))?.checked_add(amount) else {
        return Err(Error::new(ErrorKind::Arithmetic, "The receiver has too much"));
    };
    ledger.write_entry(Slot::GLOBAL, Key::String(to), Stored::Int(sum))?;
    Ok(())
}
