//! How long does each kernel take on each executor?
//!
//! Small sizes, execution alone. `harness compare` answers the same question in pairs, with intervals and at full size; this is for a
//! quick look at one engine between two edits.

use std::time::Duration;

use benches::short;
use criterion::{Criterion, criterion_group, criterion_main};
use engine::workloads::{Size, workloads};
use engine::{Compiled, Configuration, Source, executors};
use runtime::RunOptions;

fn kernels(criterion: &mut Criterion) {
    for workload in workloads().iter().filter(|workload| workload.kind == "kernel") {
        let mut group = criterion.benchmark_group(&workload.name);
        let compiled =
            Compiled::new(&Source::text(&workload.file, workload.source())).expect("bundled programs compile");
        for executor in executors().iter().filter(|executor| executor.name() != "auto") {
            let configuration = Configuration::of(executor.name()).expect("the executor exists");
            let prepared = executor.prepare(&compiled, &configuration).expect("bundled programs run everywhere");
            let options =
                || RunOptions { arguments: vec![workload.argument(Size::Small).to_string()], ..RunOptions::default() };
            group.bench_function(executor.name(), |bencher| {
                bencher.iter_custom(|runs| {
                    (0..runs)
                        .map(|_| {
                            let outcome = prepared.run(options());
                            assert!(outcome.result.is_ok(), "{}: {:?}", workload.name, outcome.result);
                            outcome.time
                        })
                        .sum::<Duration>()
                });
            });
        }
    }
}

criterion_group!(name = benches; config = short(); targets = kernels);
criterion_main!(benches);
