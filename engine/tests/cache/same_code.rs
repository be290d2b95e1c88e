//! Code from the cache is, instruction for instruction and place for place, the code that is compiled without one.

use std::path::Path;

use cache::Bounds;
use engine::random::program;
use engine::workloads::workloads;
use engine::{CodeCache, Compiled, Configuration, EngineError, Found, Source};
use isa::{RegCode, StackCode};

use crate::relayout::relayout;

const BOUNDS: Bounds = Bounds { entries: 1000, bytes: 100 << 20 };

fn configuration(vm: &str, registers: u16) -> Configuration {
    Configuration { registers, ..Configuration::of(vm).unwrap() }
}

/// The code of either form that a configuration runs, without any cache.
fn plain(source: &Source, configuration: &Configuration) -> Result<(Option<StackCode>, Option<RegCode>), EngineError> {
    let compiled = Compiled::new(source)?;
    let stack = &compiled.optimized(configuration)?.unwrap().code;
    Ok(match configuration.vm {
        "stack" => (Some((***stack).clone()), None),
        _ => (None, Some(converter::convert(stack, configuration.converter_options())?.0.into_inner())),
    })
}

fn code(compiled: &Compiled) -> (Option<StackCode>, Option<RegCode>) {
    (compiled.stack_code().map(|code| (**code).clone()), compiled.register_code().map(|code| (**code).clone()))
}

/// Compares a program's code with what caches give at first, again, and from its tree in another layout. False if it has none.
fn check(name: &str, text: &str, seed: u64) -> bool {
    let mut unoptimized = configuration("stack", 256);
    unoptimized.set("opt", "0").unwrap();
    let register = [256, 8].map(|registers| configuration("register", registers));
    for configuration in [configuration("stack", 256), unoptimized].into_iter().chain(register) {
        let cache = CodeCache::in_memory(BOUNDS);
        let source = Source::with_files(name, text);
        let Ok(expected) = plain(&source, &configuration) else { return false };
        let at_first = cache.compile(&source, &configuration).unwrap();
        assert_eq!(at_first.1, Found::Made, "{name}: code of every place can be kept");
        let again = cache.compile(&source, &configuration).unwrap();
        assert_eq!(again.1, Found::InMemory, "{name}");
        for compiled in [at_first.0, again.0] {
            assert_eq!(code(&compiled), expected, "{name}, {configuration}");
        }
        let other = relayout(text, seed);
        assert_ne!(other, text);
        let source = Source::with_files(name, other.as_str());
        let (compiled, found) = cache.compile(&source, &configuration).unwrap();
        assert_eq!(found, Found::ByTree, "{name} has the same tree as\n{other}");
        assert_eq!(code(&compiled), plain(&source, &configuration).unwrap(), "{name}, {configuration}, as\n{other}");
    }
    true
}

#[test]
fn of_bundled_programs() {
    for (seed, workload) in workloads().iter().enumerate() {
        assert!(check(&workload.file, workload.source(), seed as u64), "{}", workload.file);
    }
}

#[test]
fn of_cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut cases = 0;
    for file in std::fs::read_dir(&folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "zx") {
            let text = std::fs::read_to_string(&path).unwrap();
            cases += u64::from(check(path.to_str().unwrap(), &text, cases));
        }
    }
    assert!(cases > 90, "{cases} cases in {}", folder.display());
}

#[test]
fn of_random_programs() {
    for seed in 0..300 {
        assert!(check("random.zx", &program(seed).to_program(), seed), "{seed}");
    }
}
