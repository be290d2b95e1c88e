//! The checker takes what the converter writes, and refuses it with a fault planted in it.
//!
//! [`FAULTS`] are kinds of faults that a converter may have. Each is planted wherever it can be in the conversions of one program, whose
//! actions are small and need every kind of code (`everything.zx`). A fault is a change: the faulty code differs from the original, and the
//! verifier lets it through. The checker must refuse it. A few changes mean the same, such as reading another register that holds the
//! same; what the checker takes must show the same when it is run, and the snapshot `same` lists it, to be judged by eye.
//!
//! The snapshot `catches` has for each kind how many were caught, how many of those change what the program shows, one of them, and what
//! the checker said of it.

mod edit;
mod faults;
mod run;

use std::fmt::Write;

use converter::{AllocatorKind, Options, Unfaithful, check, convert};
use isa::{RegCode, StackCode, Verified};

use edit::Code;
use faults::{FAULTS, Plant};
use run::{Shown, run};

/// Register counts: as many as programs like, and so few that much is spilled, by every allocator in its way.
const WAYS: [(u16, AllocatorKind); 5] = [
    (256, AllocatorKind::Linear),
    (8, AllocatorKind::Linear),
    (8, AllocatorKind::Graph),
    (8, AllocatorKind::SecondChance),
    (8, AllocatorKind::Naive),
];

/// Stack code of the program.
fn everything() -> Verified<StackCode> {
    let arena = bumpalo::Bump::new();
    let text = include_bytes!("everything.zx");
    let analysis = lang::analyze(&arena, "everything.zx", text, &lang::NoLoader).unwrap();
    isa::verify::stack(lang::compile(&analysis).unwrap()).unwrap()
}

/// A conversion of the program, and what it shows when it is run.
struct Original {
    /// How it was converted.
    way: String,
    code: Verified<RegCode>,
    shown: Shown,
}

fn originals(stack: &Verified<StackCode>) -> Vec<Original> {
    let convert = |(registers, allocator): (u16, AllocatorKind)| {
        let options = Options { registers, allocator, check: true, ..Options::default() };
        let (code, _) = convert(stack, options).unwrap();
        let shown = run(&code);
        // It runs to its end, which is an error, so that places show too.
        assert!(shown.0.contains("Division by zero"), "{shown:?}");
        Original { way: format!("{} {registers}", allocator.about().0), code, shown }
    };
    WAYS.map(convert).into()
}

/// What became of the places where a fault was planted.
#[derive(Default)]
struct Catch {
    caught: usize,
    /// How many of those change what this program shows when it is run.
    visible: usize,
    /// Refused by the verifier already.
    unverified: usize,
    /// One of those caught and what the checker said; a visible one if there is one.
    example: Option<(bool, String)>,
    /// Those that the checker took, and whether they show the same as the original.
    taken: Vec<(bool, String)>,
}

impl Catch {
    fn add(&mut self, stack: &Verified<StackCode>, original: &Original, index: usize, faulty: Code) {
        let function = &original.code.functions[index];
        assert_ne!(*function, faulty, "a fault is a change");
        let place = || {
            let name = original.code.name(function.name);
            format!("{name}, {}: {}", original.way, difference(function, &faulty))
        };
        let mut code = RegCode::clone(&original.code);
        code.functions[index] = faulty.clone();
        let Ok(code) = isa::verify::register(code) else {
            self.unverified += 1;
            return;
        };
        let is_visible = run(&code) != original.shown;
        match check(stack, &code) {
            Err(refusal) => {
                self.caught += 1;
                self.visible += usize::from(is_visible);
                if self.example.as_ref().is_none_or(|(seen, _)| is_visible && !seen) {
                    self.example = Some((is_visible, format!("{}\n      {refusal}", place())));
                }
            }
            Ok(()) => self.taken.push((is_visible, place())),
        }
    }
}

/// The first instruction, handler or line that differs.
fn difference(old: &Code, new: &Code) -> String {
    if let Some(pc) = (0..old.code.len()).find(|&pc| old.code[pc] != new.code[pc]) {
        return format!("{:?} at {pc} is {:?}", old.code[pc], new.code[pc]);
    }
    if old.handlers != new.handlers {
        let show = |code: &Code| {
            let show = |handler: &isa::module::Handler| {
                let kind = if handler.is_cleanup { " for cleanup" } else { "" };
                format!("{}..{} to {} by r{}{kind}", handler.start, handler.end, handler.target, handler.landing)
            };
            code.handlers.iter().map(show).collect::<Vec<_>>().join(", ")
        };
        return format!("handlers {} are {}", show(old), show(new));
    }
    let line = old.lines.iter().zip(&new.lines).find(|(old, new)| old != new);
    line.map_or("there is less of it".to_string(), |(old, new)| format!("line {old:?} is {new:?}"))
}

fn hunt(stack: &Verified<StackCode>, originals: &[Original], plant: Plant) -> Catch {
    let mut catch = Catch::default();
    for original in originals {
        for (index, function) in original.code.functions.iter().enumerate() {
            for pc in 0..function.code.len() {
                let mut faulty = function.clone();
                if plant(&mut faulty, pc) {
                    catch.add(stack, original, index, faulty);
                }
            }
        }
    }
    catch
}

#[test]
fn planted_faults_are_caught() {
    let stack = everything();
    let originals = originals(&stack);
    let (mut list, mut taken, mut failures) = (String::new(), String::new(), Vec::new());
    let mut sums = [0; 4];
    for &(name, plant) in FAULTS {
        let catch = hunt(&stack, &originals, plant);
        let counts = [catch.caught, catch.visible, catch.taken.len(), catch.unverified];
        sums = std::array::from_fn(|at| sums[at] + counts[at]);
        let [caught, visible, same, unverified] = counts;
        writeln!(list, "{name}: {caught} caught ({visible} show), {same} mean the same, {unverified} unverified")
            .unwrap();
        match catch.example {
            Some((_, example)) => writeln!(list, "   {example}").unwrap(),
            None => failures.push(format!("{name}: not one is caught")),
        }
        if !catch.taken.is_empty() {
            writeln!(taken, "{name}").unwrap();
        }
        for (is_visible, place) in catch.taken {
            if is_visible {
                failures.push(format!("{name} is not caught in {place}"));
            }
            writeln!(taken, "   {place}").unwrap();
        }
    }
    let [caught, visible, same, unverified] = sums;
    let kinds = FAULTS.len();
    writeln!(list, "\n{kinds} kinds: {caught} caught ({visible} show), {same} mean the same, {unverified} unverified")
        .unwrap();
    println!("{list}\nThese mean the same:\n{taken}");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    insta::assert_snapshot!("catches", list);
    insta::assert_snapshot!("same", taken);
}

/// Something wrong with what functions refer to, or with what callers see of one.
type Forge = fn(&mut RegCode);

/// Faults outside the code of functions, and what the checker calls each.
const FORGERIES: [(Forge, &str); 12] = [
    (|code| code.constants.swap(0, 1), "the modules differ in their constants"),
    (|code| code.names.swap(0, 1), "the modules differ in their names"),
    (|code| code.globals.swap(0, 1), "the modules differ in their globals"),
    (|code| code.types.swap(0, 1), "the modules differ in their types"),
    (|code| code.enums[0].name ^= 1, "the modules differ in their enums"),
    (|code| code.builtins.swap(0, 1), "the modules differ in their builtins"),
    (|code| code.prelude.swap(0, 1), "the modules differ in their library functions"),
    (|code| code.sources[0].name = "another".into(), "the modules differ in their sources"),
    (|code| function(code, "defaults").name ^= 1, "the forms of function 'defaults' differ in their names"),
    (
        |code| function(code, "defaults").has_defaults = false,
        "the forms of function 'defaults' differ in their defaults",
    ),
    (|code| function(code, "calls").has_defaults = true, "the forms of function 'calls' differ in their defaults"),
    (
        |code| function(code, "calls").local_names.swap(0, 1),
        "the forms of function 'calls' differ in their names of parameters",
    ),
];

fn function<'c>(code: &'c mut RegCode, name: &str) -> &'c mut Code {
    let index = code.functions.iter().position(|function| code.name(function.name) == name).unwrap();
    &mut code.functions[index]
}

#[test]
fn forged_tables_and_signatures_are_refused() {
    let stack = everything();
    let (original, _) = convert(&stack, Options::default()).unwrap();
    assert_eq!(check(&stack, &original), Ok(()));
    for (forge, expected) in FORGERIES {
        let mut code = RegCode::clone(&original);
        forge(&mut code);
        assert_ne!(code, *original, "{expected}");
        let code = isa::verify::register(code).unwrap_or_else(|error| panic!("{expected}: {error}"));
        let refusal = check(&stack, &code).unwrap_err();
        assert_eq!(refusal.to_string(), expected);
        assert!(matches!(refusal, Unfaithful::Table(_) | Unfaithful::Signature { .. }));
    }
}
