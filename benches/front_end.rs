//! How many lines a second go from text to verified stack code?
//!
//! `suite` is all bundled programs one after the other, each a program of its own; `long file` is one file of 20,000 lines of ordinary
//! code. The figure to reach is 500,000 lines a second.

use std::hint::black_box;

use benches::{long_file, short};
use bumpalo::Bump;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use engine::workloads::programs;
use lang::NoLoader;

fn analyze(text: &str) {
    let arena = Bump::new();
    let analysis = lang::analyze(&arena, "bench.zx", text.as_bytes(), &NoLoader).expect("the text is a program");
    black_box(&analysis);
}

fn compile(text: &str) -> isa::StackCode {
    let arena = Bump::new();
    let analysis = lang::analyze(&arena, "bench.zx", text.as_bytes(), &NoLoader).expect("the text is a program");
    lang::compile(&analysis).expect("the program fits the instruction format")
}

fn front_end(criterion: &mut Criterion) {
    let suite: Vec<&str> = programs().map(|workload| workload.source()).collect();
    let long = long_file(20_000);
    for (name, texts) in [("suite", suite.as_slice()), ("long file", &[long.as_str()])] {
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(texts.iter().map(|text| text.lines().count() as u64).sum()));
        group.bench_function("parse and resolve", |bencher| {
            bencher.iter(|| texts.iter().for_each(|text| analyze(text)))
        });
        group.bench_function("to stack code", |bencher| {
            bencher.iter(|| texts.iter().for_each(|text| drop(black_box(compile(text)))));
        });
        group.bench_function("to verified stack code", |bencher| {
            bencher.iter(|| {
                for text in texts {
                    black_box(isa::verify::stack(compile(text)).expect("compiled code verifies"));
                }
            });
        });
        let codes: Vec<isa::StackCode> = texts.iter().map(|text| compile(text)).collect();
        group.bench_function("verify alone", |bencher| {
            let verify = |codes: Vec<isa::StackCode>| {
                for code in codes {
                    black_box(isa::verify::stack(code).expect("compiled code verifies"));
                }
            };
            bencher.iter_batched(|| codes.clone(), verify, BatchSize::LargeInput);
        });
    }
}

criterion_group!(name = benches; config = short(); targets = front_end);
criterion_main!(benches);
