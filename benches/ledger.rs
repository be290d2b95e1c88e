//! What the ledger costs: transactions, reads, digests, trees, signatures.
//!
//! State is reached as machines reach builtins, by a pointer to a function of runtime and arguments, so the figures include what a call from a program
//! adds on the ledger's side. What the ledger adds to a digest or signature is the distance to the bare crate in the same group.

use std::hint::black_box;
use std::sync::Arc;

use benches::short;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use ed25519_dalek::{Signer, SigningKey};
use isa::module::{Function, Module, Source, Stack};
use isa::{Constant, StackInstruction, StackOp};
use ledger::merkle::root_with;
use ledger::{Chain, signature};
use runtime::builtins::NativeFunction;
use runtime::host::{Algorithm, Key, Leaves, Ledger, Slot, Stored};
use runtime::{Program, RunOptions, Runtime, Value};
use sha2::Digest;

fn program() -> Arc<Program> {
    let module = Module::<Stack> {
        functions: vec![Function {
            code: vec![StackInstruction::new(StackOp::LoadConst, 0), StackInstruction::new(StackOp::Return, 0)],
            ..Function::default()
        }],
        constants: vec![Constant::Null],
        names: vec!["<main>".into()],
        sources: vec![Source::default()],
        ..Module::default()
    };
    let verified = isa::verify::stack(module).expect("the program is valid");
    Program::link(&verified).expect("it needs no builtins")
}

fn runtime_with(chain: Chain) -> Runtime {
    Runtime::new(program(), RunOptions { ledger: Some(Box::new(chain)), ..RunOptions::default() })
}

/// A runtime whose state has this many keys, 0 and up, all in a block already.
fn runtime_of(keys: i64) -> Runtime {
    let mut chain = Chain::in_memory();
    chain.begin().expect("it can be opened");
    for key in 0..keys {
        chain.write_entry(Slot::GLOBAL, Key::Int(key), Stored::Int(key)).expect("a transaction is open");
    }
    chain.commit().expect("it is open");
    chain.commit_block(0).expect("memory takes it");
    runtime_with(chain)
}

const BEGIN: NativeFunction = |runtime, _| runtime.tx_begin().map(|()| Value::NULL);
const COMMIT: NativeFunction = |runtime, _| runtime.tx_commit().map(|()| Value::NULL);
const REVERT: NativeFunction = |runtime, _| runtime.tx_revert().map(|()| Value::NULL);
const READ: NativeFunction = |runtime, arguments| runtime.state_read(arguments[0]);
const WRITE: NativeFunction =
    |runtime, arguments| runtime.state_write(arguments[0], arguments[1]).map(|()| Value::NULL);

/// Calls as a machine does: through a pointer that is not known when this is compiled.
#[inline]
fn call(function: NativeFunction, runtime: &mut Runtime, arguments: &[Value]) -> Value {
    black_box(function)(runtime, arguments).expect("it does not fail")
}

/// Gives the next key, and moves on.
type NextKey<'k> = &'k dyn Fn(&mut i64) -> Value;

/// Keys in an order in which each is a cache miss in a large state.
fn scattered(at: &mut i64, keys: i64) -> Value {
    *at = (*at + 611_953) % keys;
    Value::int(*at)
}

fn state(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("state");
    group.throughput(Throughput::Elements(1));
    for keys in [1, 1000, 1_000_000] {
        let mut runtime = runtime_of(keys);
        let mut at = 0;
        let orders: [(&str, NextKey<'_>); 3] = [
            ("the same one", &|at| Value::int(*at)),
            ("one after another", &|at| {
                *at = (*at + 1) % keys;
                Value::int(*at)
            }),
            ("scattered", &|at| scattered(at, keys)),
        ];
        for (order, next) in orders {
            group.bench_function(format!("begin, write, commit, {keys} keys, {order}"), |bencher| {
                bencher.iter(|| {
                    let key = next(&mut at);
                    call(BEGIN, &mut runtime, &[]);
                    call(WRITE, &mut runtime, &[key, Value::int(7)]);
                    call(COMMIT, &mut runtime, &[]);
                });
            });
            group.bench_function(format!("read, {keys} keys, {order}"), |bencher| {
                bencher.iter(|| {
                    let key = next(&mut at);
                    call(READ, &mut runtime, &[key])
                });
            });
        }
    }
    let mut chain = Chain::in_memory();
    let contract = chain.contract("Bank").expect("there is room");
    let field = chain.field(contract, "total").expect("there is room");
    let mut runtime = runtime_with(chain);
    call(BEGIN, &mut runtime, &[]);
    runtime.set_state_field(field, Value::int(1)).expect("a transaction is open");
    group.bench_function("read, a field by its slot", |bencher| {
        bencher.iter(|| black_box(&mut runtime).state_field(black_box(field)).expect("it does not fail"));
    });
    let text = runtime.new_string("an account's name").expect("there is room");
    call(WRITE, &mut runtime, &[text, Value::int(7)]);
    group.bench_function("read, a key that is text", |bencher| {
        bencher.iter(|| call(READ, &mut runtime, &[text]));
    });
}

fn reverting(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("revert");
    let mut runtime = runtime_of(1_000_000);
    let mut at = 0;
    for writes in [1, 10, 100, 1000] {
        group.throughput(Throughput::Elements(writes));
        let prepared = std::cell::RefCell::new(&mut runtime);
        group.bench_function(format!("{writes} writes"), |bencher| {
            bencher.iter_batched(
                || {
                    let mut runtime = prepared.borrow_mut();
                    call(BEGIN, &mut runtime, &[]);
                    for _ in 0..writes {
                        let key = scattered(&mut at, 1_000_000);
                        call(WRITE, &mut runtime, &[key, Value::int(7)]);
                    }
                },
                |()| call(REVERT, &mut prepared.borrow_mut(), &[]),
                BatchSize::PerIteration,
            );
        });
        group.bench_function(format!("begin, {writes} writes, revert"), |bencher| {
            let mut runtime = prepared.borrow_mut();
            bencher.iter(|| {
                call(BEGIN, &mut runtime, &[]);
                for key in 0..writes as i64 {
                    call(WRITE, &mut runtime, &[Value::int(key), Value::int(7)]);
                }
                call(REVERT, &mut runtime, &[]);
            });
        });
    }
}

fn digests(criterion: &mut Criterion) {
    for size in [64, 4096] {
        let mut group = criterion.benchmark_group(format!("digest of {size} bytes"));
        group.throughput(Throughput::Bytes(size as u64));
        let text = "x".repeat(size);
        group.bench_function("SHA-256, the bare crate", |bencher| {
            bencher.iter(|| sha2::Sha256::digest(black_box(text.as_bytes())));
        });
        let mut runtime = runtime_of(0);
        let value = runtime.new_string(&text).expect("there is room");
        for algorithm in Algorithm::ALL {
            group.bench_function(format!("HASH_BLOCK, {}", algorithm.name()), |bencher| {
                let mut count = 0_u32;
                bencher.iter(|| {
                    // Results are garbage at once; a machine would collect them now and then.
                    count += 1;
                    if count.is_multiple_of(1000) {
                        runtime.collect(|marker| marker.value(value)).expect("nearly all is garbage");
                    }
                    black_box(&mut runtime).hash_block(black_box(value), algorithm).expect("it has an encoding")
                });
            });
        }
    }
}

fn trees(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("merkle root");
    for count in [256, 512, 1024, 2048, 4096, 100_000_u32] {
        let mut leaves = Leaves::new();
        (0..count).for_each(|leaf| leaves.push(&leaf.to_le_bytes()));
        group.throughput(Throughput::Elements(u64::from(count)));
        for (name, parallel) in [("one core", false), ("all cores", true)] {
            group.bench_function(format!("{count} leaves, {name}"), |bencher| {
                bencher.iter(|| root_with(black_box(&leaves), parallel));
            });
        }
    }
    let mut runtime = runtime_of(0);
    let elements: Vec<Value> = (0..100_000).map(Value::int).collect();
    let list = runtime.build_list(&elements).expect("there is room");
    group.bench_function("MERKLE_ROOT of 100000 integers", |bencher| {
        bencher.iter(|| black_box(&mut runtime).merkle_root(black_box(list)).expect("they have encodings"));
    });
}

fn signatures(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("signature");
    let key = SigningKey::from_bytes(&[7; 32]);
    let message = b"transfer 100 from alice to bob";
    let (public, signed) = (key.verifying_key(), key.sign(message));
    group.bench_function("Ed25519, the bare crate", |bencher| {
        // From bytes, as the ledger has to.
        let (public, signed) = (public.to_bytes(), signed.to_bytes());
        bencher.iter(|| {
            let key = ed25519_dalek::VerifyingKey::from_bytes(black_box(&public)).expect("it is a key");
            let signature = ed25519_dalek::Signature::from_bytes(black_box(&signed));
            key.verify_strict(black_box(message), &signature).expect("it is valid");
        });
    });
    group.bench_function("Ed25519, the ledger", |bencher| {
        let (public, signed) = (public.to_bytes(), signed.to_bytes());
        bencher
            .iter(|| assert!(signature::verify(black_box(message), black_box(&signed), black_box(&public)).is_valid()));
    });
    let mut runtime = runtime_of(0);
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let arguments = [
        runtime.new_string(std::str::from_utf8(message).expect("it is text")),
        runtime.new_string(&hex(&signed.to_bytes())),
        runtime.new_string(&hex(&public.to_bytes())),
    ]
    .map(|value| value.expect("there is room"));
    group.bench_function("Ed25519, VERIFY_SIGNATURE", |bencher| {
        let [message, signed, public] = arguments;
        bencher.iter(|| assert!(runtime.verify_signature(message, signed, public).is_ok_and(|check| check.is_valid())));
    });
}

fn blocks(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("block");
    for keys in [1000, 1_000_000] {
        for changes in [1, 1000_i64] {
            let mut runtime = runtime_of(keys);
            let mut at = 0;
            let mut time = 0;
            group.throughput(Throughput::Elements(changes as u64));
            group.bench_function(format!("{changes} changes among {keys} keys"), |bencher| {
                bencher.iter(|| {
                    call(BEGIN, &mut runtime, &[]);
                    time += 1;
                    for _ in 0..changes {
                        let key = scattered(&mut at, keys);
                        call(WRITE, &mut runtime, &[key, Value::int(time)]);
                    }
                    call(COMMIT, &mut runtime, &[]);
                    runtime.ledger.commit_block(time).expect("memory takes it")
                });
            });
        }
    }
}

criterion_group!(name = benches; config = short(); targets = state, reverting, digests, trees, signatures, blocks);
criterion_main!(benches);
