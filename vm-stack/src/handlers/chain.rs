//! Contracts, transactions, events, and the other operations on the ledger and its state.

use super::access::site;
use super::{handlers, slow_paths};
use crate::machine::Step;

handlers! {
    /// `NEW_CONTRACT t`: → new contract of T[t]
    fn new_contract(_, _, _) { Step::Slow(new_contract_slow) }

    /// `REGISTER_EVENT`: e h → ; h is called whenever event e is emitted
    fn register_event(_, _, _) { Step::Slow(register_event_slow) }

    /// `EMIT_EVENT m`: arguments → handlers to call
    fn emit_event(_, _, _) { Step::Slow(emit_event_slow) }

    /// `HASH_BLOCK`: v a → hex digest
    fn hash_block(_, _, _) { Step::Slow(hash_block_slow) }

    /// `VERIFY_SIGNATURE`: message signature key → whether it is good
    fn verify_signature(_, _, _) { Step::Slow(verify_signature_slow) }

    /// `MERKLE_ROOT`: list → hex root
    fn merkle_root(_, _, _) { Step::Slow(merkle_root_slow) }

    /// `STATE_READ`: key → value
    fn state_read(_, _, _) { Step::Slow(state_read_slow) }

    /// `STATE_WRITE`: key v →
    fn state_write(_, _, _) { Step::Slow(state_write_slow) }

    /// `TX_BEGIN m`: c → ; begin a transaction
    fn tx_begin(_, _, _) { Step::Slow(tx_begin_slow) }

    /// `TX_COMMIT`: v → v; end the innermost transaction
    fn tx_commit(_, _, _) { Step::Slow(tx_commit_slow) }

    /// `TX_REVERT`: undo the innermost transaction
    fn tx_revert(_, _, _) { Step::Slow(tx_revert_slow) }

    /// `GAS_CHARGE`: amount →
    fn gas_charge(_, _, _) { Step::Slow(gas_charge_slow) }

    /// `ADD_ATTR m`: o v → ; o.N[m] := o.N[m] + v
    fn add_attr(_, _, _) { Step::Slow(add_attr_slow) }

    /// `ADD_INDEX`: o i v → ; o[i] := o[i] + v
    fn add_index(_, _, _) { Step::Slow(add_index_slow) }

    /// `METER n`: charge for what follows
    fn meter(_, machine, word) {
        match machine.runtime.gas.checked_sub(word.operand() as u64) {
            Some(left) => {
                machine.runtime.gas = left;
                Step::Next
            }
            None => Step::Slow(meter_slow),
        }
    }

    /// `LEDGER_APPEND`: entry → its index
    fn ledger_append(_, _, _) { Step::Slow(ledger_append_slow) }
}

slow_paths! {
    fn new_contract_slow(machine) {
        let index = machine.word().operand() as u32;
        let result = machine.runtime.new_contract(index);
        machine.replace(0, result)
    }

    fn register_event_slow(machine) {
        let operands = machine.top(2);
        let result = machine.runtime.register_event(operands[0], operands[1]);
        machine.take(2, result)
    }

    fn emit_event_slow(machine) {
        let name = site(machine).name;
        let arguments = machine.top(1)[0];
        let result = machine.runtime.emit_event(name, arguments);
        machine.replace(1, result)
    }

    fn hash_block_slow(machine) {
        let operands = machine.top(2);
        let result = machine.runtime.block_hash(operands[0], operands[1]);
        machine.replace(2, result)
    }

    fn verify_signature_slow(machine) {
        let operands = machine.top(3);
        let result = machine.runtime.has_signed(operands[0], operands[1], operands[2]);
        machine.replace(3, result)
    }

    fn merkle_root_slow(machine) {
        let list = machine.top(1)[0];
        let result = machine.runtime.merkle_root(list);
        machine.replace(1, result)
    }

    fn state_read_slow(machine) {
        let key = machine.top(1)[0];
        let result = machine.runtime.state_read(key);
        machine.replace(1, result)
    }

    fn state_write_slow(machine) {
        let operands = machine.top(2);
        let result = machine.runtime.state_write(operands[0], operands[1]);
        machine.take(2, result)
    }

    fn tx_begin_slow(machine) {
        let action = site(machine).name;
        let contract = machine.top(1)[0];
        let result = machine.runtime.begin_transaction(contract, action);
        machine.take(1, result)
    }

    fn tx_commit_slow(machine) {
        let value = machine.top(1)[0];
        let result = machine.runtime.commit_transaction(value);
        machine.replace(1, result)
    }

    fn tx_revert_slow(machine) {
        let result = machine.runtime.revert_transaction();
        machine.take(0, result)
    }

    fn gas_charge_slow(machine) {
        let amount = machine.top(1)[0];
        let result = machine.runtime.charge_gas(amount);
        machine.take(1, result)
    }

    fn add_attr_slow(machine) {
        let name = site(machine).name;
        let operands = machine.top(2);
        let result = machine.runtime.add_to_attribute(operands[0], name, operands[1]);
        machine.take(2, result)
    }

    fn add_index_slow(machine) {
        let operands = machine.top(3);
        let result = machine.runtime.add_to_index(operands[0], operands[1], operands[2]);
        machine.take(3, result)
    }

    fn meter_slow(machine) {
        let gas = machine.word().operand() as u64;
        let result = machine.runtime.take_gas(gas);
        machine.take(0, result)
    }

    fn ledger_append_slow(machine) {
        let entry = machine.top(1)[0];
        let result = machine.runtime.ledger_append(entry);
        machine.replace(1, result)
    }
}
