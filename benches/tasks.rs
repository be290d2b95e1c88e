//! What tasks cost: an `await` of a task that has ended, of one that has not, and ten thousand tasks that wait at once.
//!
//! Execution alone, on a virtual clock. `call` is the same loop as `finished` with a plain call, so the distance is what the task costs;
//! `ping_pong` are two tasks that wait for each other's turns, a million waits in all.

use std::time::Duration;

use benches::short;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use engine::{Compiled, Configuration, Source, find_executor};
use runtime::RunOptions;

/// Name, how many awaits or calls it makes, and the program.
const PROGRAMS: [(&str, u64, &str); 5] = [
    (
        "call",
        1_000_000,
        "action one(x) { return x }
         let sum = 0
         for each i in range(1000000) { sum += one(i) }
         print(sum)",
    ),
    (
        "finished",
        1_000_000,
        "async action one(x) { return x }
         let sum = 0
         for each i in range(1000000) { sum += await one(i) }
         print(sum)",
    ),
    (
        "spawned",
        1_000_000,
        "action one(x) { return x }
         let sum = 0
         for each i in range(1000000) { sum += await spawn one(i) }
         print(sum)",
    ),
    (
        "ping_pong",
        1_000_000,
        "let turns = 0
         action turn() { turns += 1 return turns }
         async action player(n) {
             let last = 0
             for each i in range(n) { last = await spawn turn() }
             return last
         }
         let a = player(500000)
         let b = player(500000)
         print(await a, await b)",
    ),
    (
        "ten_thousand_at_once",
        20_000,
        "async action one(x) { await sleep(x % 7) return x }
         let tasks = []
         for each i in range(10000) { tasks.push(one(i)) }
         let sum = 0
         for each task in tasks { sum += await task }
         print(sum)",
    ),
];

fn tasks(criterion: &mut Criterion) {
    for (name, awaits, text) in PROGRAMS {
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(awaits));
        let compiled = Compiled::new(&Source::text(name, text)).expect("it compiles");
        for vm in ["ast", "stack", "register"] {
            let configuration = Configuration::of(vm).expect("the executor exists");
            let executor = find_executor(vm).expect("the executor exists");
            let prepared = executor.prepare(&compiled, &configuration).expect("it runs everywhere");
            group.bench_function(vm, |bencher| {
                bencher.iter_custom(|runs| {
                    let run = |_| {
                        let outcome = prepared.run(RunOptions::default());
                        assert!(outcome.result.is_ok(), "{name}: {:?}", outcome.result);
                        outcome.time
                    };
                    (0..runs).map(run).sum::<Duration>()
                });
            });
        }
    }
}

criterion_group!(name = benches; config = short().sample_size(10); targets = tasks);
criterion_main!(benches);
