//! What does the optimistic scheduler make of each pattern of conflict, on one, two and eight workers?
//!
//! Blocks of 2,000 transactions that each compute for a microsecond and a half, as a small transfer in a contract does; `independent` also with 20
//! microseconds. `serial` is one worker, which has no versions. Figures to reach
//! on two processors: independent transactions of 20 microseconds at 1/1.85 of serial, small transfers at 1/1.5, tokens at 1/1.4, a hot pool and
//! one sender at serial's time. For processor time and executions see `cargo run -p scheduler --release --example measure`.

use std::hint::black_box;

use benches::short;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use scheduler::workload::{Script, Shape};
use scheduler::{Options, Scheduler};

const TRANSACTIONS: usize = 2000;

fn run(scheduler: &mut Scheduler<Script>, block: &Script) {
    let mut contexts = vec![(); scheduler.workers()];
    let initial = |account: &u64| block.initial(*account);
    let outcome = scheduler.run(block, &initial, &mut contexts, |_, _, writes| {
        black_box(writes);
    });
    assert_eq!(outcome.doubt, None);
    black_box(outcome);
}

fn shape(criterion: &mut Criterion, name: &str, shape: Shape, work: u32) {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(TRANSACTIONS as u64));
    let block = shape.block(TRANSACTIONS, work, 1);
    for (label, workers) in [("serial", 1), ("2 workers", 2), ("8 workers", 8)] {
        let mut scheduler = Scheduler::new(Options { workers, verify: false, ..Options::default() });
        group.bench_function(label, |bencher| bencher.iter(|| run(&mut scheduler, &block)));
    }
    group.finish();
}

fn shapes(criterion: &mut Criterion) {
    for (name, pattern) in Shape::ALL {
        shape(criterion, name, pattern, 1500);
    }
    shape(criterion, "independent, 20 us", Shape::Independent, 20_000);
}

/// The scheduler's own work for a transaction that does nothing but read and write.
fn bookkeeping(criterion: &mut Criterion) {
    shape(criterion, "no work", Shape::Transfers { accounts: 10_000 }, 0);
}

criterion_group!(name = benches; config = short(); targets = shapes, bookkeeping);
criterion_main!(benches);
