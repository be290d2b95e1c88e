//! What is found when: texts, trees, options, used files, memory and disk.

use std::fs;

use cache::{Bounds, Disk, MOST_BYTES};
use engine::cache::{IN_MEMORY, build_identity};
use engine::{Capture, CodeCache, CodeForm, Compiled, Configuration, EngineError, Found, Source, axes, find_executor};

fn register() -> Configuration {
    Configuration::of("register").unwrap()
}

fn text(text: &str) -> Source {
    Source::text("program.zx", text)
}

fn found(cache: &CodeCache, source: &Source, configuration: &Configuration) -> Found {
    cache.compile(source, configuration).unwrap().1
}

fn output(compiled: &Compiled, configuration: &Configuration) -> String {
    let prepared = find_executor(configuration.vm).unwrap().prepare(compiled, configuration).unwrap();
    let capture = Capture::new();
    let outcome = prepared.run(runtime::RunOptions { output: capture.writer(), ..configuration.run_options() });
    format!("{}{:?}", String::from_utf8(capture.take()).unwrap(), outcome.result)
}

#[test]
fn the_ways_to_code() {
    let folder = tempfile::tempdir().unwrap();
    let open = || CodeCache::on_disk(Disk::new(folder.path(), build_identity(), MOST_BYTES), IN_MEMORY);
    let cache = open();
    assert_eq!(found(&cache, &text("print(1)"), &register()), Found::Made);
    assert_eq!(found(&cache, &text("print(1)"), &register()), Found::InMemory);
    assert_eq!(found(&cache, &text("print( 1 ) # one"), &register()), Found::ByTree);
    assert_eq!(found(&cache, &text("print(2)"), &register()), Found::Made);
    let cache = open();
    assert_eq!(found(&cache, &text("print(1)"), &register()), Found::ByText);
    assert_eq!(found(&cache, &text("print( 1 ) # one"), &register()), Found::ByText);
    assert_eq!(found(&cache, &text("print(\n1)"), &register()), Found::ByTree);
    assert_eq!(found(&cache, &text("print(\n1)"), &register()), Found::InMemory);
    let statistics = cache.statistics();
    assert_eq!((statistics.hits, statistics.misses), (4, 0));
    assert!(statistics.made_ns > 0 && statistics.found_ns > 0);
    let named = Source::text("another.zx", "print(1)");
    assert_eq!(found(&cache, &named, &register()), Found::Made, "a program can print its name");
}

#[test]
fn code_of_other_options_is_other_code() {
    let cache = CodeCache::in_memory(IN_MEMORY);
    let with = |vm: &str, axis: &str, value: &str| {
        let mut configuration = Configuration::of(vm).unwrap();
        configuration.set(axis, value).unwrap();
        found(&cache, &text("print(1)"), &configuration)
    };
    assert_eq!(with("register", "registers", "256"), Found::Made);
    assert_eq!(with("register", "dispatch", "match"), Found::InMemory, "the same code, run otherwise");
    assert_eq!(with("register", "registers", "8"), Found::Made);
    assert_eq!(with("register", "allocator", "naive"), Found::Made);
    assert_eq!(with("register", "without", "copies"), Found::Made);
    assert_eq!(with("stack", "superinstructions", "off"), Found::Made);
    assert_eq!(with("stack", "superinstructions", "on"), Found::InMemory);
    assert_eq!(with("hybrid", "policy", "arithmetic"), Found::InMemory, "hybrid code is made of stack code");
    assert_eq!(with("ast", "registers", "256"), Found::Unkept);
    assert_eq!(with("register", "check", "on"), Found::Unkept);
}

/// Whoever adds an axis says whether it shapes code; here is that this is true: where shapes are equal, code is.
#[test]
fn equal_shapes_mean_equal_code() {
    let program = engine::workloads::workload("nbody").unwrap();
    let compiled = Compiled::new(&Source::text(&program.file, program.source())).unwrap();
    let stack = compiled.stack_code().unwrap();
    let base = register();
    let code = |configuration: &Configuration| {
        converter::convert(stack, configuration.converter_options()).unwrap().0.into_inner()
    };
    let expected = code(&base);
    let mut compared = 0;
    for axis in axes().iter().filter(|axis| axis.name != "vm") {
        for choice in (axis.choices)() {
            let mut other = base.clone();
            other.set(axis.name, choice.name).unwrap();
            if other.shape(CodeForm::Register) == base.shape(CodeForm::Register) {
                assert_eq!(code(&other), expected, "{}={}", axis.name, choice.name);
                compared += 1;
            }
        }
    }
    assert!(compared > 10, "{compared} values shape nothing");
}

#[test]
fn files_that_are_used_are_looked_at_again() {
    let sources = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (main, used) = (sources.path().join("main.zx"), sources.path().join("used.zx"));
    fs::write(&main, "use \"used.zx\"\nuse \"math\"\nprint(answer(), [1].map(lambda(x): x))\n").unwrap();
    let open = || CodeCache::on_disk(Disk::new(folder.path(), build_identity(), MOST_BYTES), IN_MEMORY);
    let kept = open();
    for cache in [&kept, &open()] {
        for (content, expected) in [
            ("action answer() { return 1 }", "1 [1]\n"),
            ("action answer() { return 2 }", "2 [1]\n"),
            ("# Moved.\naction answer() {\n return 1 / 0 }", "Division by zero"),
        ] {
            fs::write(&used, content).unwrap();
            let source = Source::file(&main).unwrap();
            let plain = output(&Compiled::new(&source).unwrap(), &register());
            assert!(plain.starts_with(expected) || plain.contains(expected), "{plain}");
            for _ in 0..3 {
                let (compiled, _) = cache.compile(&source, &register()).unwrap();
                assert_eq!(output(&compiled, &register()), plain);
            }
            assert_eq!(found(cache, &source, &register()), Found::InMemory);
        }
    }
    fs::remove_file(&used).unwrap();
    let error = kept.compile(&Source::file(&main).unwrap(), &register()).unwrap_err();
    assert!(matches!(&error, EngineError::Diagnostics(_)) && error.to_string().contains("used.zx"), "{error}");
}

#[test]
fn errors_are_those_of_compiling() {
    let cache = CodeCache::in_memory(IN_MEMORY);
    for _ in 0..2 {
        let error = cache.compile(&text("let x = ("), &register()).unwrap_err();
        assert_eq!(error.to_string(), Compiled::new(&text("let x = (")).unwrap_err().to_string());
    }
    assert_eq!(cache.statistics().hits + cache.statistics().misses, 0);
}

/// More variables at once than linking takes, and more than converting takes.
#[test]
fn programs_too_large_for_the_register_machine_still_run() {
    for count in [40_000, 66_000] {
        let variables = 0..count;
        let declared: String = variables.clone().map(|number| format!("let v{number} = seed + {number}\n")).collect();
        let listed: Vec<String> = variables.map(|number| format!("v{number}")).collect();
        let all = listed.join(", ");
        // What calls itself is for the register machine, if that takes it.
        let recursive = "action f(n) { if n > 0 { f(n - 1) } }\nf(1)";
        let declared = format!("{recursive}\nlet seed = len(__ARGS__)\n{declared}");
        let source = text(&format!("{declared}let all = [{all}]\nprint(all[39999])\n"));
        let cache = CodeCache::in_memory(IN_MEMORY);
        let configuration = Configuration::of("auto").unwrap();
        let (compiled, found) = cache.compile(&source, &configuration).unwrap();
        assert_eq!(found, Found::Unkept);
        let output = output(&compiled, &configuration);
        assert!(output.starts_with("39999\n"), "{output}");
    }
}

#[test]
fn what_is_chosen_for_a_program_does_not_depend_on_the_cache() {
    let folder = tempfile::tempdir().unwrap();
    let configuration = Configuration::of("auto").unwrap();
    let programs = [
        ("print(1)", "ast", None),
        ("for each x in [1, 2] { print(x) }", "stack", Some(Found::ByText)),
        ("action f(n) { return n < 2 ? 1 : n * f(n - 1) }\nprint(f(5))", "register", Some(Found::ByText)),
    ];
    for (program, engine, again) in programs {
        let source = text(program);
        let chosen = |compiled: &Compiled| {
            let prepared = find_executor("auto").unwrap().prepare(compiled, &configuration).unwrap();
            prepared.decision().unwrap().clone()
        };
        let expected = chosen(&Compiled::new(&source).unwrap());
        assert_eq!(expected.engine(), engine, "{program}");
        for found in [again.map(|_| Found::Made), again] {
            let disk = Disk::new(folder.path(), build_identity(), MOST_BYTES);
            let cache = CodeCache::on_disk(disk, IN_MEMORY);
            let compiled = cache.compile(&source, &configuration).unwrap();
            assert_eq!((chosen(&compiled.0), compiled.1), (expected.clone(), found.unwrap_or(Found::Unkept)));
            let in_memory = found.map_or(Found::Unkept, |_| Found::InMemory);
            assert_eq!(cache.compile(&source, &configuration).unwrap().1, in_memory);
        }
    }
}

#[test]
fn memory_is_bounded() {
    let cache = CodeCache::in_memory(Bounds { entries: 2, bytes: 1 << 20 });
    let programs = ["print(1)", "print(2)", "print(3)"].map(text);
    programs.iter().for_each(|source| assert_eq!(found(&cache, source, &register()), Found::Made));
    assert_eq!(found(&cache, &programs[2], &register()), Found::InMemory);
    assert_eq!(found(&cache, &programs[0], &register()), Found::Made);
}
