//! The ledger and its state: what is an operation of the family when it is called by name.

use super::{Builtin, builtin};
use crate::chain::OUTSIDE;
use crate::context::Runtime;
use crate::error::Fault;
use crate::value::Value;

pub(super) static TABLE: &[Builtin] = &[
    builtin(
        "hash_block",
        (1, 2),
        hash_block,
        "hash_block(x[, algorithm]): the digest of x's canonical encoding by SHA256 (the default), BLAKE3 or KECCAK256",
    ),
    builtin(
        "verify_signature",
        (3, 3),
        verify_signature,
        "verify_signature(message, signature, key): whether the Ed25519 or secp256k1 signature is good; what is malformed is not",
    ),
    builtin("merkle_root", (1, 1), merkle_root, "merkle_root(list): the Merkle root of the list's elements"),
    builtin("state_read", (1, 1), state_read, "state_read(key): what the state outside contracts has at key, or null"),
    builtin(
        "state_write",
        (2, 2),
        state_write,
        "state_write(key, value): sets the state outside contracts at key; in a transaction only",
    ),
    builtin("charge_gas", (1, 1), charge_gas, "charge_gas(amount): takes so much gas"),
    builtin(
        "ledger_append",
        (1, 1),
        ledger_append,
        "ledger_append(entry): appends an entry to the ledger's log; gives its index",
    ),
    builtin(
        "register_event",
        (2, 2),
        register_event,
        "register_event(name, handler): calls handler with the arguments whenever event name is emitted",
    ),
    builtin(
        "contract_at",
        (2, 2),
        contract_at,
        "contract_at(contract, address): the contract of that type at an address in the ledger; null if there is none",
    ),
    builtin("__TX__", (0, 0), transaction, "TX: a map of who calls and when"),
    builtin("__msg__", (0, 0), message, "msg: a map of who calls and when"),
];

fn hash_block(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    let algorithm = match arguments.get(1) {
        Some(&algorithm) => algorithm,
        None => Value::NULL,
    };
    runtime.block_hash(arguments[0], algorithm)
}

fn verify_signature(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    runtime.has_signed(arguments[0], arguments[1], arguments[2])
}

fn merkle_root(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    runtime.merkle_root(arguments[0])
}

fn state_read(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    runtime.state_read(arguments[0])
}

fn state_write(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    runtime.state_write(arguments[0], arguments[1]).map(|()| Value::NULL)
}

fn charge_gas(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    runtime.charge_gas(arguments[0]).map(|()| Value::NULL)
}

fn ledger_append(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    runtime.ledger_append(arguments[0])
}

fn register_event(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    runtime.register_event(arguments[0], arguments[1]).map(|()| Value::NULL)
}

fn contract_at(runtime: &mut Runtime, arguments: &[Value]) -> Result<Value, Fault> {
    runtime.find_contract(arguments[0], arguments[1])
}

fn transaction(runtime: &mut Runtime, _: &[Value]) -> Result<Value, Fault> {
    runtime.call_facts("system")
}

fn message(runtime: &mut Runtime, _: &[Value]) -> Result<Value, Fault> {
    runtime.call_facts(OUTSIDE)
}
