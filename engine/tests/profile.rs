//! Profiles tell the truth: figures of small programs are known, figures of large ones agree with each other and between the machines.

use engine::probes::{find_probe, probes};
use engine::profile::{Cell, Table, watched_as};
use engine::workloads::{Size, workloads};
use engine::{Capture, Compiled, Configuration, Outcome, Source, find_executor};
use runtime::probe::{Event, NoProbe, Probe};
use runtime::{RunOptions, Runtime};

const MACHINES: [&str; 3] = ["stack", "register", "hybrid"];

/// A run, plain, and the same run with all probes.
struct Runs {
    plain: (Outcome, Vec<u8>),
    watched: (Outcome, Vec<u8>),
    tables: Vec<Vec<Table>>,
}

fn run(compiled: &Compiled, configuration: &Configuration, argument: &str) -> Runs {
    let configuration = watched_as(configuration);
    let prepared = find_executor(configuration.vm).unwrap().prepare(compiled, &configuration).unwrap();
    let capture = Capture::new();
    let options = || RunOptions {
        limits: configuration.limits,
        arguments: vec![argument.to_string()],
        output: capture.writer(),
        ..RunOptions::default()
    };
    let plain = (prepared.count(options()), capture.take());
    let all: Vec<_> = probes().iter().collect();
    let (outcome, tables) = prepared.profile(options(), &all).unwrap();
    Runs { plain, watched: (outcome, capture.take()), tables }
}

impl Runs {
    fn table(&self, probe: &str, name: &str) -> &Table {
        let at = probes().iter().position(|known| known.name == probe).unwrap();
        self.tables[at].iter().find(|table| table.name == name).unwrap()
    }

    /// The columns of these names, row by row, figures as text.
    fn columns(&self, probe: &str, name: &str, columns: &[&str]) -> Vec<Vec<String>> {
        let table = self.table(probe, name);
        let at = |column: &&str| table.columns.iter().position(|known| known == column).unwrap();
        let places: Vec<usize> = columns.iter().map(at).collect();
        table.rows.iter().map(|row| places.iter().map(|&place| text(&row[place])).collect()).collect()
    }

    fn sum(&self, probe: &str, name: &str, column: &str) -> u64 {
        self.columns(probe, name, &[column]).iter().map(|row| row[0].parse::<u64>().unwrap()).sum()
    }
}

fn text(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.clone(),
        Cell::Count(figure) | Cell::Bytes(figure) => figure.to_string(),
        Cell::Share(figure) | Cell::Ratio(figure) => format!("{figure:.4}"),
        Cell::None => "-".to_string(),
    }
}

fn sorted(mut rows: Vec<Vec<String>>) -> Vec<Vec<String>> {
    rows.sort();
    rows
}

fn on(vm: &str, program: &str) -> Runs {
    let compiled = Compiled::new(&Source::text("test.zx", program)).unwrap();
    let runs = run(&compiled, &Configuration::of(vm).unwrap(), "");
    assert!(runs.watched.0.result.is_ok(), "{:?}", runs.watched.0.result);
    runs
}

/// A probe that is off and must not be told anything.
struct Off;

impl Probe for Off {
    const ENABLED: bool = false;

    fn instruction(&mut self, event: &Event<'_>) {
        panic!("a machine calls a probe that is off: {event:?}");
    }
}

// What is told nothing needs no room either.
const _: () = assert!(!NoProbe::ENABLED && size_of::<NoProbe>() == 0);

/// How many machine instructions that saves is in docs/add-a-probe.md.
#[test]
fn probes_that_are_off_are_not_called() {
    let compiled = Compiled::new(&Source::text("test.zx", "for i in range(3) { print(i) }")).unwrap();
    let code = compiled.stack_code().unwrap();
    let linked = vm_stack::Linked::new(code).unwrap();
    let mut runtime = Runtime::new(linked.program().clone(), RunOptions::default());
    vm_stack::execute(&linked, &mut runtime, &mut Off).unwrap();
    let (code, _) = converter::convert(code, converter::Options::default()).unwrap();
    let linked = vm_register::Linked::new(&code).unwrap();
    let mut runtime = Runtime::new(linked.program().clone(), RunOptions::default());
    vm_register::execute(&linked, &mut runtime, &mut Off).unwrap();
}

#[test]
fn watching_changes_nothing_and_the_machines_agree() {
    for workload in workloads() {
        let compiled = Compiled::new(&Source::text(&workload.file, workload.source())).unwrap();
        let argument = workload.argument(Size::Small);
        let mut of_machines = Vec::new();
        for vm in MACHINES {
            let configuration = Configuration::of(vm).unwrap();
            let runs = run(&compiled, &configuration, argument);
            let name = format!("{} on {vm}", workload.name);
            let ((plain, plain_output), (watched, output)) = (&runs.plain, &runs.watched);
            assert_eq!(plain.result, watched.result, "{name}");
            assert_eq!(plain_output, output, "{name}");
            assert_eq!(plain.heap, watched.heap, "{name}");
            let counted = plain.instructions.as_ref().unwrap().total;
            assert_eq!(runs.sum("opcodes", "opcodes", "count"), counted, "{name}");
            assert_eq!(runs.sum("calls", "functions", "own instructions"), counted, "{name}");
            // The last row is the sum of the others. Lines that end in an error count whole.
            assert!(runs.sum("lines", "lines", "instructions run") >= 2 * counted, "{name}");
            // The program itself is called by nobody, nor is what is spawned.
            let (calls, edges) = (runs.sum("calls", "functions", "calls"), runs.sum("calls", "edges", "calls"));
            match workload.source().contains("spawn ") {
                true => assert!(calls > edges + 1, "{name}"),
                false => assert_eq!(calls, edges + 1, "{name}"),
            }
            of_machines.push(runs);
        }
        let [stack, others @ ..] = &of_machines[..] else { unreachable!("there are machines") };
        for (probe, table, columns) in [
            ("calls", "functions", &["function", "calls"][..]),
            ("calls", "edges", &["caller", "callee", "calls", "line"]),
            ("allocations", "allocations", &["function", "line", "objects", "bytes"]),
            ("types", "sites", &["function", "line", "executed", "met"]),
            ("branches", "loops", &["function", "line", "iterations"]),
        ] {
            let rows = |runs: &Runs| sorted(runs.columns(probe, table, columns));
            for (other, vm) in others.iter().zip(&MACHINES[1..]) {
                assert_eq!(rows(stack), rows(other), "{probe} of {} on {vm}", workload.name);
            }
        }
    }
}

#[test]
fn tasks_that_take_turns_keep_their_calls_apart() {
    let program = "async action count(n) {\n    let i = 0\n    while i < n {\n        await sleep(0)\n        i += 1\n    }\n    \
                   return half(n)\n}\naction half(n) { return n / 2 }\nlet a = count(3)\nlet b = spawn count(5)\n\
                   print(await a, await b)\n";
    for vm in MACHINES {
        let runs = on(vm, program);
        let functions = sorted(runs.columns("calls", "functions", &["function", "calls"]));
        assert_eq!(functions, [["<main>", "1"], ["count", "2"], ["half", "2"], ["sleep", "8"]], "{vm}");
        let edges = sorted(runs.columns("calls", "edges", &["caller", "callee", "calls", "line"]));
        let expected = [
            ["<main>", "count", "1", "test.zx:10"],
            ["count", "half", "2", "test.zx:7"],
            ["count", "sleep", "8", "test.zx:4"],
        ];
        assert_eq!(edges, expected, "{vm}");
        let loops = runs.columns("branches", "loops", &["function", "entered", "iterations"]);
        assert_eq!(loops, [["count", "2", "8"]], "{vm}");
    }
}

#[test]
fn calls_are_counted_with_who_made_them() {
    let program = "action fib(n) {\n    if n < 2 { return n }\n    return fib(n - 1) + fib(n - 2)\n}\nprint(fib(10))\n";
    for vm in MACHINES {
        let runs = on(vm, program);
        let functions = sorted(runs.columns("calls", "functions", &["function", "calls"]));
        assert_eq!(functions, [["<main>", "1"], ["fib", "177"]], "{vm}");
        let edges = sorted(runs.columns("calls", "edges", &["caller", "callee", "calls", "line"]));
        let expected =
            [["<main>", "fib", "1", "test.zx:5"], ["fib", "fib", "88", "test.zx:3"], ["fib", "fib", "88", "test.zx:3"]];
        assert_eq!(edges, expected, "{vm}");
    }
}

#[test]
fn errors_that_leave_calls_end_them() {
    let program = "\
action inner(n) { return 1 / n }
action outer(n) { return inner(n) + 1 }
let caught = 0
let i = 0
while i < 6 {
    try { outer(i % 2) } catch (e) { caught += 1 }
    i += 1
}
print(caught)
";
    for vm in MACHINES {
        let runs = on(vm, program);
        let edges = sorted(runs.columns("calls", "edges", &["caller", "callee", "calls"]));
        assert_eq!(edges, [["<main>", "outer", "6"], ["outer", "inner", "6"]], "{vm}");
        let loops = runs.columns("branches", "loops", &["function", "entered", "iterations"]);
        assert_eq!(loops, [["<main>", "1", "6"]], "{vm}");
    }
}

#[test]
fn branches_and_loops_are_counted() {
    let program = "\
action f(n) {
    let odd = 0
    for each i in range(n) {
        if i % 4 == 1 { odd += 1 }
    }
    return odd
}
print(f(8) + f(4))
";
    for vm in MACHINES {
        let runs = on(vm, program);
        let loops = runs.columns("branches", "loops", &["function", "line", "entered", "iterations", "per entry"]);
        assert_eq!(loops, [["f", "test.zx:3", "2", "12", "6.0000"]], "{vm}");
        let branches = runs.columns("branches", "branches", &["line", "executed", "taken"]);
        // The jump goes over the body of the `if`: 9 of 12 times.
        assert!(branches.contains(&["test.zx:4", "12", "0.7500"].map(str::to_string).to_vec()), "{vm}: {branches:?}");
    }
}

#[test]
fn kinds_of_operands_are_told_apart() {
    let program = "\
entity Dog { name }
entity Cat { name }
action add(a, b) {
    return a + b
}
action called(x) {
    return x.name
}
for each pair in [[1, 2], [1.5, 2], [\"a\", \"b\"], [1, 2]] { add(pair[0], pair[1]) }
for each i in range(3) { called(Dog(\"d\")) }
called(Cat(\"c\"))
";
    for vm in MACHINES {
        let runs = on(vm, program);
        let sites = runs.columns("types", "sites", &["line", "executed", "variety", "met"]);
        let at = |line: &str| sites.iter().filter(|row| row[0] == line).collect::<Vec<_>>();
        let addition = at("test.zx:4");
        assert_eq!(addition[0][1..3], ["4", "polymorphic"], "{vm}: {sites:?}");
        assert_eq!(addition[0][3], "int int 50 %, float int 25 %, string string 25 %", "{vm}");
        let member = at("test.zx:7");
        assert_eq!(member[0][3], "Dog 75 %, Cat 25 %", "{vm}");
        let arithmetic = &runs.table("types", "summary").rows[0];
        assert_eq!(arithmetic[0], Cell::from("arithmetic"));
    }
}

#[test]
fn allocations_are_put_down_to_their_site() {
    let program = "\
action make(n) {
    let all = []
    for each i in range(n) {
        all.push([i, i])
    }
    return all
}
make(100).len()
";
    for vm in MACHINES {
        for argument in [Configuration::default().limits.max_heap, 1 << 20] {
            let compiled = Compiled::new(&Source::text("test.zx", program)).unwrap();
            let mut configuration = Configuration::of(vm).unwrap();
            configuration.limits.max_heap = argument;
            let runs = run(&compiled, &configuration, "");
            let sites = runs.columns("allocations", "allocations", &["line", "operation", "objects", "executed"]);
            let built = sites.iter().find(|row| row[0] == "test.zx:4" && row[1].starts_with("BUILD_LIST")).unwrap();
            assert_eq!(built[2..], ["100", "100"], "{vm}");
            let pushed = sites.iter().find(|row| row[0] == "test.zx:4" && row[1].starts_with("CALL_METHOD")).unwrap();
            assert_eq!(pushed[2..], ["0", "100"], "{vm}: growing a buffer makes no object");
        }
    }
}

#[test]
fn sequences_end_at_calls() {
    let program = "action one() { return 1 }\nlet sum = one() + one()\nprint(sum)\n";
    for vm in MACHINES {
        let runs = on(vm, program);
        let total = runs.plain.0.instructions.as_ref().unwrap().total;
        // Each of the two calls begins a sequence in the callee and one behind the call.
        assert_eq!(runs.sum("ngrams", "pairs", "count"), total - 5, "{vm}");
        let pairs = runs.columns("ngrams", "pairs", &["operations", "adjacent"]);
        assert!(
            !pairs.iter().any(|row| row[0].starts_with("CALL_FUNC_CONST") || row[0].starts_with("RETURN")),
            "{pairs:?}"
        );
        assert!(pairs.iter().all(|row| row[1] == "1.0000"), "{vm}: nothing jumps here: {pairs:?}");
    }
}

#[test]
fn superinstructions_are_operations_of_their_own() {
    let program = "let i = 0\nwhile i < 50 { i = i + 1 }\nprint(i)\n";
    let compiled = Compiled::new(&Source::text("test.zx", program)).unwrap();
    let mut configuration = Configuration::of("stack").unwrap();
    configuration.superinstructions = true;
    let runs = run(&compiled, &configuration, "");
    let operations = runs.columns("opcodes", "opcodes", &["operation"]);
    assert!(operations.iter().any(|row| row[0].contains('+')), "{operations:?}");
    assert!(!find_probe("opcodes").unwrap().needs_plain_code && find_probe("types").unwrap().needs_plain_code);
}

#[test]
fn tables_are_whole() {
    for vm in MACHINES {
        for table in on(vm, "print([1, 2].map(x => x + 1))\n").tables.iter().flatten() {
            assert!(table.rows.iter().all(|row| row.len() == table.columns.len()), "{} on {vm}", table.name);
        }
    }
}
