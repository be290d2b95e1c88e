//! The operations of the family, as engines call them.

use ledger::digest::{digest, hex, sha256};
use ledger::{Chain, merkle};
use runtime::builtins::VIRTUAL_EPOCH;
use runtime::host::{Algorithm, Key, Leaves, Ledger, SignatureCheck, Slot, Stored};
use runtime::{ErrorKind, Program, RunOptions, Runtime, Value};

fn runtime_with(ledger: impl Ledger + 'static) -> Runtime {
    Runtime::new(Program::empty(), RunOptions { ledger: Some(Box::new(ledger)), ..RunOptions::default() })
}

fn runtime() -> Runtime {
    runtime_with(Chain::in_memory())
}

fn text(runtime: &mut Runtime, text: &str) -> Value {
    runtime.new_string(text).unwrap()
}

fn list(runtime: &mut Runtime, texts: &[&str]) -> Value {
    let values: Vec<Value> = texts.iter().map(|each| text(runtime, each)).collect();
    runtime.build_list(&values).unwrap()
}

#[test]
fn hash_block_is_the_digest_of_the_canonical_encoding() {
    let mut runtime = runtime();
    let abc = text(&mut runtime, "abc");
    for algorithm in Algorithm::ALL {
        let result = runtime.hash_block(abc, algorithm).unwrap();
        assert_eq!(runtime.format(result), hex(&digest(algorithm, &[b"\x63abc"])));
        assert_eq!(Algorithm::from_name(&algorithm.name().to_lowercase()).unwrap(), algorithm);
    }
    let result = runtime.hash_block(Value::int(42), Algorithm::Sha256).unwrap();
    assert_eq!(runtime.format(result), hex(&sha256(&[0x18, 42])));
    assert!(Algorithm::from_name("MD5").unwrap_err().message.contains("Supported: SHA256, BLAKE3, KECCAK256"));
}

#[test]
fn equal_maps_have_equal_digests_and_nothing_else_has() {
    let mut runtime = runtime();
    let mut digests = Vec::new();
    for keys in [["a", "b"], ["b", "a"]] {
        let map = runtime.build_map(&[]).unwrap();
        for key in keys {
            let key = text(&mut runtime, key);
            runtime.set_key(map, key, Value::int(1)).unwrap();
        }
        let digest = runtime.hash_block(map, Algorithm::Sha256).unwrap();
        digests.push(runtime.format(digest));
    }
    assert_eq!(digests[0], digests[1]);
    let values = [
        Value::int(1),
        Value::float(1.0),
        Value::TRUE,
        text(&mut runtime, "1"),
        list(&mut runtime, &["1"]),
        list(&mut runtime, &["", "1"]),
        list(&mut runtime, &["1", ""]),
        Value::NULL,
        text(&mut runtime, ""),
        list(&mut runtime, &[]),
    ];
    let mut seen = std::collections::HashSet::new();
    for value in values {
        let digest = runtime.hash_block(value, Algorithm::Sha256).unwrap();
        assert!(seen.insert(runtime.format(digest)), "{value:?}");
    }
}

#[test]
fn merkle_root_is_over_the_encodings_of_the_elements() {
    let mut runtime = runtime();
    let mut leaves = Leaves::new();
    leaves.push(b"\x61a");
    leaves.push(b"\x61b");
    leaves.push(b"\x61c");
    let three = list(&mut runtime, &["a", "b", "c"]);
    let root = runtime.merkle_root(three).unwrap();
    assert_eq!(runtime.format(root), hex(&merkle::root(&leaves)));
    let four = list(&mut runtime, &["a", "b", "c", "c"]);
    let other = runtime.merkle_root(four).unwrap();
    assert_ne!(runtime.format(root), runtime.format(other));
    let none = list(&mut runtime, &[]);
    let root = runtime.merkle_root(none).unwrap();
    assert_eq!(runtime.format(root), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(runtime.merkle_root(Value::int(1)).unwrap_err().kind, ErrorKind::Type);
}

#[test]
fn signatures_are_of_texts_or_of_encodings() {
    let mut runtime = runtime();
    // RFC 8032, section 7.1, test 1: the message is empty.
    let key = text(&mut runtime, "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    let signature = text(
        &mut runtime,
        "0xE5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    );
    let empty = text(&mut runtime, "");
    assert_eq!(runtime.verify_signature(empty, signature, key).unwrap(), SignatureCheck::Valid);
    assert!(!runtime.verify_signature(Value::NULL, signature, key).unwrap().is_valid());
    let not_hexadecimal = [text(&mut runtime, "xyz"), text(&mut runtime, "abc"), Value::int(1), Value::NULL];
    let huge = text(&mut runtime, &"ab".repeat(100_000));
    for bad in not_hexadecimal.into_iter().chain([huge]) {
        let check = runtime.verify_signature(empty, bad, key).unwrap();
        assert_eq!(check, SignatureCheck::Invalid { reason: "the signature is not a string of hexadecimal digits" });
        let check = runtime.verify_signature(empty, signature, bad).unwrap();
        assert_eq!(check, SignatureCheck::Invalid { reason: "the public key is not a string of hexadecimal digits" });
    }
}

#[test]
fn state_is_written_in_transactions_only() {
    let mut runtime = runtime();
    let key = text(&mut runtime, "k");
    assert!(runtime.state_read(key).unwrap().is_null());
    let fault = runtime.state_write(key, Value::int(1)).unwrap_err();
    assert_eq!((fault.kind, fault.message.as_str()), (ErrorKind::Ledger, "State write outside a transaction"));
    runtime.tx_begin().unwrap();
    runtime.state_write(key, Value::int(1)).unwrap();
    runtime.tx_begin().unwrap();
    runtime.state_write(key, Value::int(2)).unwrap();
    assert_eq!(runtime.state_read(key).unwrap().as_int(), Some(2));
    runtime.tx_begin().unwrap();
    runtime.state_write(key, Value::int(3)).unwrap();
    runtime.tx_revert().unwrap();
    assert_eq!(runtime.state_read(key).unwrap().as_int(), Some(2));
    runtime.tx_commit().unwrap();
    runtime.tx_commit().unwrap();
    assert_eq!(runtime.state_read(key).unwrap().as_int(), Some(2));
    assert_eq!(runtime.tx_commit().unwrap_err().kind, ErrorKind::Ledger);
    assert_eq!(runtime.tx_revert().unwrap_err().kind, ErrorKind::Ledger);
}

#[test]
fn every_kind_of_value_comes_back_as_it_was() {
    let mut runtime = runtime();
    runtime.tx_begin().unwrap();
    let contract = runtime.ledger.contract("Bank").unwrap();
    let field = runtime.ledger.field(contract, "anything").unwrap();
    let map = runtime.build_map(&[]).unwrap();
    for key in ["z", "a"] {
        let key = text(&mut runtime, key);
        runtime.set_key(map, key, Value::float(0.5)).unwrap();
    }
    let mixed = runtime.build_list(&[Value::int(1), Value::NULL, map]).unwrap();
    let values = [Value::int(-7), Value::float(1.5), Value::TRUE, Value::NULL, text(&mut runtime, "é"), map, mixed];
    for value in values {
        runtime.set_state_field(field, value).unwrap();
        let back = runtime.state_field(field).unwrap();
        assert_eq!(runtime.format(back), runtime.format(value));
        runtime.set_state_entry(Slot::GLOBAL, Value::int(1), value).unwrap();
        let back = runtime.state_entry(Slot::GLOBAL, Value::int(1)).unwrap();
        assert_eq!(runtime.format(back), runtime.format(value));
    }
    // What was kept is a copy.
    runtime.set_state_field(field, mixed).unwrap();
    runtime.list_append(mixed, &[Value::int(9)]).unwrap();
    let back = runtime.state_field(field).unwrap();
    assert_eq!(runtime.format(back), "[1, null, {z: 0.5, a: 0.5}]");
    let fault = runtime.state_write(Value::NULL, Value::int(1)).unwrap_err();
    assert_eq!(fault.kind, ErrorKind::Type, "null is no key");
}

#[test]
fn appended_entries_have_indices_and_virtual_times() {
    let mut runtime = runtime();
    for expected in 0..3 {
        let entry = text(&mut runtime, "entry");
        assert_eq!(runtime.ledger_append(entry).unwrap().as_int(), Some(expected));
    }
    runtime.tx_begin().unwrap();
    assert_eq!(runtime.ledger_append(Value::NULL).unwrap().as_int(), Some(3));
    runtime.tx_revert().unwrap();
    assert_eq!(runtime.ledger_append(Value::TRUE).unwrap().as_int(), Some(3), "the one undone left no gap");
    runtime.ledger.commit_block(VIRTUAL_EPOCH).unwrap();
    assert_eq!(runtime.ledger_append(Value::TRUE).unwrap().as_int(), Some(4));
}

#[test]
fn entries_are_chained_by_hash() {
    let mut chain = Chain::in_memory();
    for number in 0..4 {
        chain.append(Stored::Int(number), number).unwrap();
        if number % 2 == 1 {
            chain.commit_block(number).unwrap();
        }
    }
    let mut last = [0; 32];
    let mut index = 0;
    for height in 1..=2 {
        let block = chain.block(height).unwrap().unwrap();
        for entry in &block.entries {
            last = ledger::block::entry_hash(&last, index, height, entry.time, &entry.value);
            index += 1;
        }
        assert_eq!((block.header.entries, block.header.last_entry), (index, last));
    }
    assert_eq!(index, 4);
}

#[test]
fn a_run_without_a_ledger_says_so() {
    let mut runtime = runtime_with(runtime::host::NoLedger);
    let results = [
        runtime.hash_block(Value::int(1), Algorithm::Sha256).map(drop),
        runtime.tx_begin(),
        runtime.state_write(Value::int(1), Value::int(1)),
        runtime.ledger_append(Value::int(1)).map(drop),
    ];
    for result in results {
        let fault = result.unwrap_err();
        assert_eq!((fault.kind, fault.message.as_str()), (ErrorKind::Ledger, "this run has no ledger"));
    }
    assert!(runtime.state_read(Value::int(1)).unwrap().is_null());
    assert_eq!(runtime.ledger.read_entry(Slot::GLOBAL, Key::Int(1)), &Stored::Absent);
}
