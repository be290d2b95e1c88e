//! Programs that ask for more than there is: every engine ends them alike, within the heap that they are given, and none ends the process.
//!
//! Where the heap is full depends on what an engine keeps on it, so fuel and what was printed by then are not compared, but kind, message and line are.

use engine::{Capture, Compiled, Configuration, Dispatch, EngineError, JitMode, Source, executors, find_executor};
use runtime::RunOptions;
use runtime::heap::MemoryPolicy;

/// How a program ends, on every engine.
enum Ends {
    /// With the error of the heap at this line.
    Full(usize),
    /// With the error of the depth of calls at this line.
    Deep(usize),
    /// Well, and has printed this.
    Printing(&'static str),
    /// With this message at this line.
    With(&'static str, usize),
}

use Ends::{Deep, Full, Printing, With};

/// Programs that grow until something stops them, or are larger than they look.
static BOMBS: &[(&str, Ends, &str)] = &[
    ("a text that doubles", Full(2), "let s = \"x\"\nwhile true { s = s + s }"),
    ("a text that doubles by interpolation", Full(2), "let s = \"x\"\nwhile true { s = \"${s}${s}\" }"),
    ("a text that is appended to", Full(2), "let s = \"\"\nwhile true { s = s + \"0123456789\".repeat(50) }"),
    ("texts that are kept", Full(3), "let all = []\nlet s = \"\"\nwhile true { s = \"0123456789\" + s all.push(s) }"),
    ("a text repeated", Full(1), "let s = \"x\" * 1000000000000"),
    ("a text repeated by a method", Full(1), "let s = \"xy\".repeat(4611686018427387904)"),
    ("a text replaced", Full(2), "let s = \"x\" * 1000\nwhile true { s = s.replace(\"x\", \"xxxxxxxxxxxxxxxx\") }"),
    ("parts that are joined", Full(2), "let s = [\"x\" * 10000] * 10000\nprint(len(s.join(\"y\")))"),
    ("parts of a text", Full(3), "let s = \"x,\".repeat(10000)\nlet all = []\nwhile true { all.push(s.split(\",\")) }"),
    ("a list repeated", Full(1), "let l = [0] * 1000000000000"),
    ("a range", Full(1), "let l = range(1000000000000)"),
    ("a list of integers that grows", Full(3), "let l = []\nlet i = 0\nwhile true { l.push(i) i += 1 }"),
    ("a list of lists that grows", Full(2), "let l = []\nwhile true { l.push([]) }"),
    ("a list that doubles", Full(2), "let l = [1, \"a\"]\nwhile true { l = l + l }"),
    ("a list that is appended to itself", Full(2), "let l = [1, \"a\"]\nwhile true { l.extend(l) }"),
    ("a map of integers that grows", Full(3), "let m = {}\nlet i = 0\nwhile true { m[i] = i i += 1 }"),
    ("a map of texts that grows", Full(3), "let m = {}\nlet i = 0\nwhile true { m[\"key \" + i] = i i += 1 }"),
    ("a map of maps that grows", Full(3), "let m = {}\nlet i = 0\nwhile true { m[i] = {\"a\": i} i += 1 }"),
    ("records in a chain", Full(3), "data Node { next, value }\nlet n = null\nwhile true { n = Node(n, 1) }"),
    (
        "closures",
        Full(2),
        "let all = []\naction make(n) { return action(x) { return x + n } } while true { all.push(make(1)) }",
    ),
    (
        "errors that are caught",
        Printing("30\n"),
        "let i = 0\nwhile i < 30 { try { let s = \"x\" while true { s = s + s } } catch (e) { i += 1 } }\nprint(i)",
    ),
    ("recursion", Deep(1), "action down(n) { return down(n + 1) }\ndown(0)"),
    ("recursion of two", Deep(2), "action a(n) { return 1 + b([n]) }\naction b(n) { return 1 + a([n]) }\na(0)"),
    ("recursion that cleans up", Deep(2), "let e = []\naction f() { try { f() } finally { e = [e, e] } }\nf()"),
    (
        "a list in itself, printed",
        Printing("[1, …]\n{m: …}\n"),
        "let l = [1]\nl.push(l)\nprint(l)\nlet m = {}\nm[\"m\"] = m\nprint(m)",
    ),
    (
        "a list in itself, compared",
        Printing("true true true false\n"),
        "let l = [1]\nl.push(l)\nlet k = [1]\nk.push(k)\nprint(l == k, l == l, k in [l], l < k)",
    ),
    ("a list in itself, hashed", Printing("64\n"), "let l = [1]\nl.push(l)\nprint(len(sha256(l)))"),
    (
        "a list in itself, in JSON",
        With("JSON error: LIST that contains itself has no JSON form", 3),
        "let l = [1]\nl.push(l)\njson_stringify(l)",
    ),
    ("a list shared in itself, printed", Full(3), "let l = [\"lol\"]\nfor i in range(60) { l = [l, l] }\nprint(l)"),
    (
        "a list shared in itself, in JSON",
        Full(3),
        "let l = [\"lol\"]\nfor i in range(60) { l = [l, l] }\njson_stringify(l)",
    ),
    ("a list shared in itself, hashed", Full(3), "let l = [\"lol\"]\nfor i in range(60) { l = [l, l] }\nsha256(l)"),
    (
        "a list shared in itself, compared",
        Printing("true false\n"),
        "let l = [\"lol\"]\nlet k = [\"lol\"]\nfor i in range(60) { l = [l, l] k = [k, k] }\nprint(l == k, l < k)",
    ),
];

/// Tasks without end. The evaluator has a native stack for each, and a process can have so many: no other test of this kind may run beside it.
const TASKS: &str = "let all = [] async action wait() { await sleep(1000000) } while true { all.push(wait()) }";

/// A heap that every one of them fills soon.
const CAP: usize = 8 << 20;

/// Every engine, and what changes how it runs.
fn configurations() -> Vec<Configuration> {
    let mut all: Vec<Configuration> = executors().iter().map(|vm| Configuration::of(vm.name()).unwrap()).collect();
    for dispatch in Dispatch::ALL {
        all.push(Configuration { dispatch: *dispatch, registers: 8, ..Configuration::of("register").unwrap() });
        all.push(Configuration { dispatch: *dispatch, superinstructions: true, ..Configuration::of("stack").unwrap() });
    }
    for jit in [JitMode::Baseline, JitMode::Optimizing] {
        let native = Configuration::of("jit").unwrap();
        all.push(Configuration { jit, jit_threshold: 1, jit_background: false, ..native });
    }
    all
}

/// What is wrong with how a program ends; nothing if all is as it should be.
fn check(name: &str, ends: &Ends, compiled: &Compiled, configuration: &Configuration) -> Option<String> {
    let prepared = find_executor(configuration.vm).unwrap().prepare(compiled, configuration).unwrap();
    let capture = Capture::new();
    let outcome = prepared.run(RunOptions { output: capture.writer(), ..configuration.run_options() });
    let output = String::from_utf8(capture.take()).unwrap();
    let limit = configuration.limits.max_heap;
    let failure = |message: &str, line| Err((message.to_string(), Some(line)));
    let expected = match *ends {
        Printing(expected) => Ok(expected.to_string()),
        Full(line) => failure(&format!("Out of memory: the heap limit is {limit} bytes"), line),
        Deep(line) => failure("Maximum recursion depth exceeded", line),
        With(message, line) => failure(message, line),
    };
    let ended = match outcome.result {
        Ok(_) => Ok(output),
        Err(failure) => {
            let line = failure.place(compiled.sources()).map(|(line, _)| line);
            Err((failure.message, line))
        }
    };
    // What fits a small cell is given without asking, and the next safepoint sees it.
    let is_within = outcome.heap.peak_bytes <= limit + 4096;
    (ended != expected || !is_within)
        .then(|| format!("{name} on {configuration}: {ended:?}, with {} bytes", outcome.heap.peak_bytes))
}

fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} end otherwise\n{}", wrong.len(), wrong.join("\n"));
}

fn compile(program: &str) -> Compiled {
    Compiled::new(&Source::text("bomb.zx", program)).unwrap()
}

#[test]
fn every_engine_ends_them_alike_within_the_heap() {
    let mut wrong = Vec::new();
    for (name, ends, program) in BOMBS {
        let compiled = compile(program);
        for mut configuration in configurations() {
            configuration.limits.max_heap = CAP;
            wrong.extend(check(name, ends, &compiled, &configuration));
        }
    }
    assert_none(&wrong);
}

#[test]
fn so_they_end_whatever_becomes_of_what_is_not_reachable() {
    let mut wrong = Vec::new();
    for (name, ends, program) in BOMBS {
        // Without a collector a heap that was full stays full.
        let is_arena_for_it = !name.contains("caught");
        let compiled = compile(program);
        for &memory in MemoryPolicy::ALL {
            for vm in ["ast", "stack", "register", "jit"] {
                if memory == MemoryPolicy::Arena && !is_arena_for_it {
                    continue;
                }
                let mut configuration = Configuration { memory, ..Configuration::of(vm).unwrap() };
                configuration.limits.max_heap = CAP;
                wrong.extend(check(name, ends, &compiled, &configuration));
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn tasks_without_end_fill_the_heap() {
    let compiled = compile(TASKS);
    let policies = ["ast", "stack", "register", "jit"].into_iter().flat_map(|vm| {
        let of = |&memory: &MemoryPolicy| Configuration { memory, ..Configuration::of(vm).unwrap() };
        MemoryPolicy::ALL.iter().map(of)
    });
    let mut wrong = Vec::new();
    for mut configuration in configurations().into_iter().chain(policies) {
        configuration.limits.max_heap = CAP;
        wrong.extend(check("tasks", &Full(1), &compiled, &configuration));
    }
    assert_none(&wrong);
}

/// Nothing that walks values recurses with them.
#[test]
fn values_nested_a_million_deep() {
    let program = "
let l = []
let k = []
for i in range(1000000) { l = [l] k = [k] }
print(l == k, len(str(l)))
let text = json_stringify(l)
l = json_parse(text)
print(l == k)
";
    let ends = Printing("true 2000002\ntrue\n");
    let compiled = compile(program);
    for vm in ["ast", "stack", "register", "hybrid", "jit"] {
        assert_eq!(check("nesting", &ends, &compiled, &Configuration::of(vm).unwrap()), None);
    }
}

/// Neither does what reads programs: it refuses what is nested deeper than it is ready for, and takes what is long.
#[test]
fn texts_nested_a_million_deep() {
    let nested = [("[", "]"), ("(", ")"), ("{\"a\": ", "}"), ("-", ""), ("not ", ""), ("str(", ")"), ("2 ** ", "")];
    for (open, close) in nested {
        let program = format!("let l = {}1{}\n", open.repeat(1_000_000), close.repeat(1_000_000));
        assert_refused(open, &program);
    }
    assert_refused("if", &format!("{}print(1){}\n", "if true { ".repeat(1_000_000), "}".repeat(1_000_000)));
    assert_refused("action", &format!("{}print(1){}\n", "action f() { ".repeat(1_000_000), "}".repeat(1_000_000)));
    let length = 50_000;
    let long = [
        ("a sum", Printing("50001\n"), format!("print({}1)\n", "1 + ".repeat(length))),
        ("indices", Printing("null\n"), format!("let l = [1]\nprint(l{})\n", "[0]".repeat(length))),
        (
            "branches",
            Printing("last\n"),
            format!("if false {{ }}{} else {{ print(\"last\") }}\n", " else if false { }".repeat(length)),
        ),
    ];
    for (name, ends, program) in long {
        let compiled = compile(&program);
        for vm in ["ast", "stack", "register", "hybrid", "jit"] {
            assert_eq!(check(name, &ends, &compiled, &Configuration::of(vm).unwrap()), None);
        }
    }
}

fn assert_refused(name: &str, program: &str) {
    let Err(EngineError::Diagnostics(files)) = Compiled::new(&Source::text("nested.zx", program)) else {
        panic!("{name}: nested as deeply as it is, it is refused");
    };
    let message = &files[0].diagnostics[0].message;
    assert!(message.starts_with("nested too deeply"), "{name}: {message}");
}
