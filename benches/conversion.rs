//! How many stack instructions a second are converted, and does that depend on the size of the code?
//!
//! First over all bundled programs, with each allocator, at plenty of registers and at few. Then over each kind of large code at three sizes,
//! each twice the one before: where conversion takes time linear in the size, the throughput is the same. The default allocator has plenty of
//! registers and few of them; the others few, because that is where they work. The rate of each phase is what `harness run --stats` shows.

use std::hint::black_box;

use benches::{bundled, short};
use converter::large::{self, Large};
use converter::{AllocatorKind, Converter, Options, convert};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use isa::{StackCode, Verified};

fn instructions(code: &StackCode) -> u64 {
    code.functions.iter().map(|function| function.code.len() as u64).sum()
}

fn programs(criterion: &mut Criterion) {
    let programs = bundled();
    let codes: Vec<&Verified<StackCode>> =
        programs.iter().map(|program| program.stack_code().expect("compiled from text")).collect();
    let mut group = criterion.benchmark_group("bundled programs");
    group.throughput(Throughput::Elements(codes.iter().map(|code| instructions(code)).sum()));
    for &allocator in AllocatorKind::ALL {
        for registers in [256, 8] {
            let options = Options { registers, allocator, ..Options::default() };
            group.bench_function(BenchmarkId::new(allocator.about().0, registers), |bencher| {
                bencher.iter(|| {
                    for code in &codes {
                        black_box(convert(code, options).expect("bundled programs convert"));
                    }
                });
            });
            // The same by one converter, which keeps its tables from program to program.
            let mut converter = Converter::new();
            group.bench_function(
                BenchmarkId::new(format!("{}, kept tables", allocator.about().0), registers),
                |bencher| {
                    bencher.iter(|| {
                        for code in &codes {
                            black_box(converter.convert(code, options).expect("bundled programs convert"));
                        }
                    });
                },
            );
        }
    }
    group.finish();
}

fn sizes(criterion: &mut Criterion) {
    let ways = [
        (AllocatorKind::Linear, 256),
        (AllocatorKind::Linear, 8),
        (AllocatorKind::SecondChance, 8),
        (AllocatorKind::Graph, 8),
        (AllocatorKind::Naive, 8),
    ];
    for &Large { name, make, size } in large::ALL {
        let codes = [size, 2 * size, 4 * size].map(|size| isa::verify::stack(make(size)).expect("large code verifies"));
        for (allocator, registers) in ways {
            let options = Options { registers, allocator, ..Options::default() };
            let mut group = criterion.benchmark_group(format!("{name}, {} {registers}", allocator.about().0));
            for code in &codes {
                group.throughput(Throughput::Elements(instructions(code)));
                group.bench_with_input(BenchmarkId::from_parameter(instructions(code)), code, |bencher, code| {
                    bencher.iter(|| black_box(convert(code, options).expect("large code converts")));
                });
            }
            group.finish();
        }
    }
}

criterion_group!(name = benches; config = short(); targets = programs, sizes);
criterion_main!(benches);
