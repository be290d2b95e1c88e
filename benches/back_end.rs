//! How many instructions a second are converted, verified, written and read?
//!
//! Over all bundled programs, in stack instructions (in register instructions for what handles register code).

use std::hint::black_box;

use benches::{bundled, short};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use isa::{Function, RegCode, StackCode, Verified};

fn instructions<F: isa::Form>(functions: &[Function<F>]) -> u64 {
    functions.iter().map(|function| function.code.len() as u64).sum()
}

fn back_end(criterion: &mut Criterion) {
    let programs = bundled();
    let codes: Vec<&Verified<StackCode>> =
        programs.iter().map(|program| program.stack_code().expect("compiled from text")).collect();
    let mut group = criterion.benchmark_group("stack code");
    group.throughput(Throughput::Elements(codes.iter().map(|code| instructions(&code.functions)).sum()));
    for registers in [256, 8] {
        group.bench_function(format!("convert to {registers} registers"), |bencher| {
            let options = converter::Options { registers, ..converter::Options::default() };
            bencher.iter(|| {
                for code in &codes {
                    black_box(converter::convert(code, options).expect("bundled programs convert"));
                }
            });
        });
    }
    let stack: Vec<StackCode> = codes.iter().map(|code| (***code).clone()).collect();
    group.bench_function("verify", |bencher| {
        let verify =
            |codes: Vec<StackCode>| codes.into_iter().for_each(|code| drop(black_box(isa::verify::stack(code))));
        bencher.iter_batched(|| stack.clone(), verify, BatchSize::LargeInput);
    });
    group.bench_function("write", |bencher| {
        bencher.iter(|| stack.iter().for_each(|code| drop(black_box(isa::binary::write(code)))));
    });
    let files: Vec<Vec<u8>> = stack.iter().map(isa::binary::write).collect();
    group.bench_function("read", |bencher| {
        bencher.iter(|| files.iter().for_each(|file| drop(black_box(isa::binary::read(file)))));
    });
    group.finish();

    let register: Vec<RegCode> = codes
        .iter()
        .map(|code| {
            converter::convert(code, converter::Options::default()).expect("bundled programs convert").0.into_inner()
        })
        .collect();
    let mut group = criterion.benchmark_group("register code");
    group.throughput(Throughput::Elements(register.iter().map(|code| instructions(&code.functions)).sum()));
    group.bench_function("verify", |bencher| {
        let verify =
            |codes: Vec<RegCode>| codes.into_iter().for_each(|code| drop(black_box(isa::verify::register(code))));
        bencher.iter_batched(|| register.clone(), verify, BatchSize::LargeInput);
    });
    group.finish();
}

criterion_group!(name = benches; config = short(); targets = back_end);
criterion_main!(benches);
