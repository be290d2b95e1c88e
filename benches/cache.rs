//! What does a hit in the code cache cost, compared with everything it saves?
//!
//! `100 lines` and `1000 lines`: a program from its text to verified code, all of it by the front end (`stack code`) and the converter (`register
//! code`), and by a hit: in memory, on disk, and on disk with a new layout, which is parsed. Figures to reach: in memory 1/28 of everything, on
//! disk 1/5 of compiling 1,000 lines. `lookup` is finding a value in memory by a key that is at hand, 5 million a second; `policies` is how many
//! of the keys of three traces each policy finds, and what it takes for that.

use std::hint::black_box;

use benches::{long_file, short};
use cache::{Bounds, Disk, Key, MOST_BYTES, Memory, Policy};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use engine::cache::{IN_MEMORY, build_identity};
use engine::random::Random;
use engine::{CodeCache, Compiled, Configuration, Found, Source};
use tempfile::TempDir;

fn source(text: &str) -> Source {
    Source::text("bench.zx", text)
}

fn stack_code(source: &Source) -> Compiled {
    Compiled::new(source).expect("the text is a program")
}

fn register_code(source: &Source) {
    let compiled = stack_code(source);
    let stack = compiled.stack_code().expect("it was compiled from text");
    black_box(converter::convert(stack, converter::Options::default()).expect("the program converts"));
}

fn on_disk(folder: &TempDir, in_memory: Bounds) -> CodeCache {
    CodeCache::on_disk(Disk::new(folder.path(), build_identity(), MOST_BYTES), in_memory)
}

/// A hit, which must be of this kind.
fn hit(cache: &CodeCache, source: &Source, configuration: &Configuration, expected: Found) -> Compiled {
    let (compiled, found) = cache.compile(source, configuration).expect("the text is a program");
    assert_eq!(found, expected);
    compiled
}

fn programs(criterion: &mut Criterion) {
    for lines in [100, 1000] {
        let text = long_file(lines);
        let program = source(&text);
        let mut group = criterion.benchmark_group(format!("{lines} lines"));
        group.throughput(Throughput::Elements(text.lines().count() as u64));
        group.bench_function("to stack code", |bencher| bencher.iter(|| stack_code(&program)));
        group.bench_function("to register code", |bencher| bencher.iter(|| register_code(&program)));
        for vm in ["stack", "register"] {
            let configuration = Configuration::of(vm).expect("the executor exists");
            let folder = tempfile::tempdir().expect("there is a place for temporary files");
            let in_memory = on_disk(&folder, IN_MEMORY);
            in_memory.compile(&program, &configuration).expect("the text is a program");
            group.bench_function(format!("{vm} code in memory"), |bencher| {
                bencher.iter(|| hit(&in_memory, &program, &configuration, Found::InMemory));
            });
            let disk_alone = on_disk(&folder, Bounds { entries: 0, bytes: 0 });
            group.bench_function(format!("{vm} code on disk"), |bencher| {
                bencher.iter(|| hit(&disk_alone, &program, &configuration, Found::ByText));
            });
        }
    }
}

fn keys(count: u32) -> Vec<Key> {
    (0..count).map(|number| Key::of(&number.to_le_bytes())).collect()
}

fn lookup(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lookup");
    group.throughput(Throughput::Elements(1));
    for &policy in Policy::ALL {
        let keys = keys(1000);
        let memory = Memory::new(IN_MEMORY, policy);
        keys.iter().for_each(|key| memory.insert(*key, std::sync::Arc::new(7_u32), 100));
        let mut random = Random::new(1);
        group.bench_function(format!("{policy:?}"), |bencher| {
            bencher.iter(|| memory.get(&keys[random.below(1000)]).expect("it is there"));
        });
    }
}

/// Keys in the order in which they are asked for.
fn traces() -> [(&'static str, Vec<usize>); 3] {
    let mut random = Random::new(1);
    let mut skewed = || {
        let (one, other) = (random.below(1000), random.below(1000));
        one * other / 1000
    };
    let often: Vec<usize> = (0..20_000).map(|_| skewed()).collect();
    let with_scans = often.chunks(1000).enumerate().flat_map(|(scan, part)| {
        let once = (0..300).map(move |at| 1000 + scan * 300 + at);
        part.iter().copied().chain(once)
    });
    [
        ("some far more often than others", often.clone()),
        ("the same, with scans between", with_scans.collect()),
        ("a loop that does not fit", (0..20_000).map(|at| at % 300).collect()),
    ]
}

fn policies(criterion: &mut Criterion) {
    let keys = keys(10_000);
    let bounds = Bounds { entries: 200, bytes: usize::MAX };
    for (name, trace) in traces() {
        let run = |policy| {
            let memory = Memory::new(bounds, policy);
            for &at in &trace {
                if memory.get(&keys[at]).is_none() {
                    memory.insert(keys[at], (), 1);
                }
            }
            memory.statistics()
        };
        let mut group = criterion.benchmark_group("policies");
        group.throughput(Throughput::Elements(trace.len() as u64));
        for &policy in Policy::ALL {
            let hits = run(policy).hits as f64 / trace.len() as f64;
            println!("{name}: {policy:?} finds {:.1} %", 100.0 * hits);
            group.bench_function(format!("{policy:?}, {name}"), |bencher| bencher.iter(|| run(policy)));
        }
    }
}

criterion_group!(name = benches; config = short(); targets = programs, lookup, policies);
criterion_main!(benches);
