//! Depth, fuel and memory.

use bumpalo::Bump;
use lang::diagnostics::Diagnostic;
use runtime::{ErrorKind, Limits};

use crate::{Files, Outcome, prints, run};

fn with_depth(source: &str, max_depth: usize) -> Outcome {
    run(source, Limits { max_depth, ..Limits::default() })
}

fn with_fuel(source: &str, fuel: u64) -> Outcome {
    run(source, Limits { fuel: Some(fuel), ..Limits::default() })
}

fn with_heap(source: &str, max_heap: usize) -> Outcome {
    run(source, Limits { max_heap, ..Limits::default() })
}

#[track_caller]
fn ends_with(outcome: &Outcome, kind: ErrorKind, message: &str) {
    let failure = outcome.result.as_ref().expect_err("the program fails");
    assert_eq!((failure.kind, &*failure.message), (kind, message));
}

/// The least fuel with which the program ends well.
fn fuel_used(source: &str) -> u64 {
    (0..10_000).find(|&fuel| with_fuel(source, fuel).result.is_ok()).expect("the program ends")
}

const RECURSION: &str = "action d(n) { if n == 0 { return 0 } return 1 + d(n - 1) }\n";

#[test]
fn calls_nest_up_to_the_limit() {
    assert_eq!(with_depth(&format!("{RECURSION}return d(9)"), 10).result, Ok("9".to_string()));
    ends_with(
        &with_depth(&format!("{RECURSION}return d(10)"), 10),
        ErrorKind::Depth,
        "Maximum recursion depth exceeded",
    );
    prints(
        &format!("{RECURSION}try {{ d(10000) }} catch (e) {{ print(e) }}\nprint(d(9999))"),
        &["Maximum recursion depth exceeded", "9999"],
    );
    let failure = with_depth(&format!("{RECURSION}d(3)"), 2).result.expect_err("too deep");
    assert_eq!(failure.trace, ["d main.zx:1:49", "d main.zx:1:49", "<main> main.zx:2:1"]);
}

#[test]
fn deeper_limits_need_no_native_stack() {
    assert_eq!(with_depth(&format!("{RECURSION}return d(150000)"), 200_000).result, Ok("150000".to_string()));
}

#[test]
fn mutual_recursion_through_everything() {
    let source = r#"
        entity Node { next: any, value: any = 1
            action sum() { return this.value + (this.next == null ? 0 : [this.next].map(n => n.sum())[0]) }
        }
        let list = null
        for each i in range(1000) { list = Node(list) }
        print(list.sum())
    "#;
    prints(source, &["1000"]);
}

#[test]
fn constructors_and_modules_count_as_calls() {
    let computed = "entity E { a: any = [] }\n";
    assert!(with_depth(&format!("{computed}E(1)"), 1).result.is_ok());
    ends_with(&with_depth(&format!("{computed}E(1)"), 0), ErrorKind::Depth, "Maximum recursion depth exceeded");
    assert!(with_depth("entity E { a: any = -1 }\nE()\nE{a: 2}", 0).result.is_ok());
    ends_with(&with_depth("module M { }", 0), ErrorKind::Depth, "Maximum recursion depth exceeded");
    assert_eq!(fuel_used(&format!("{computed}E(1)\nE{{a: 2}}\nlet T = E\nT()")), 3);
    assert_eq!(fuel_used("entity E { a: any = 1 }\nE()\nE{a: 2}"), 0);
    assert_eq!(fuel_used("module M { let x = 1 }\nprint(M.x)"), 1);
}

#[test]
fn fuel_counts_calls_and_iterations() {
    assert_eq!(fuel_used("let x = 1 + 2\nprint(len([x]))"), 0);
    assert_eq!(fuel_used("action f() { }\nf()\nf()"), 2);
    assert_eq!(fuel_used("let i = 0\nwhile i < 7 { i += 1 }"), 7);
    assert_eq!(fuel_used("let i = 0\nwhile true { i += 1 if i == 5 { break } }"), 5);
    assert_eq!(fuel_used("for each i in range(4) { }"), 4);
    assert_eq!(fuel_used("for each i in range(4) { continue }"), 4);
    assert_eq!(fuel_used("for each x in [1, 2, 3] { if x == 2 { break } }"), 2);
    assert_eq!(fuel_used("for each k, v in {a: 1, b: 2} { }"), 2);
    assert_eq!(fuel_used("for each x in [] { }\nwhile false { }\nfor each i in range(0) { }"), 0);
    // The library function, its three iterations, and three calls back.
    assert_eq!(fuel_used("[1, 2, 3].map(x => x)"), 7);
}

#[test]
fn running_out_of_fuel_cannot_be_caught() {
    let source = "try { while true { } } catch (e) { print(\"caught\") } finally { print(\"finally\") }";
    let outcome = with_fuel(source, 100);
    ends_with(&outcome, ErrorKind::Fuel, "Out of fuel");
    assert_eq!(outcome.output, "");
    let outcome = with_fuel("action f() {\n  defer { print(\"deferred\") }\n  for each i in range(5) { }\n}\nf()", 3);
    assert_eq!(outcome.output, "");
    assert_eq!(outcome.result.expect_err("no fuel").trace, ["f main.zx:3:3", "<main> main.zx:5:1"]);
    let failure = with_fuel("action f() { }\nf()\n  f(1)", 1).result.expect_err("no fuel");
    assert_eq!(failure.trace, ["<main> main.zx:3:3"]);
}

#[test]
fn depth_is_checked_before_fuel() {
    let outcome = run("action f() { }\nf()", Limits { max_depth: 0, fuel: Some(0), ..Limits::default() });
    ends_with(&outcome, ErrorKind::Depth, "Maximum recursion depth exceeded");
}

#[test]
fn garbage_does_not_count_against_the_heap() {
    let source = r#"
        let kept = []
        for each i in range(20000) {
            let garbage = [i, "text " + i, {a: i}, () => i]
            if i % 1000 == 0 { kept.push("kept " + i) }
        }
        print(len(kept), kept[19])
        let s = ""
        for each i in range(3000) { s = s + "x" + i }
        print(len(s))
    "#;
    let outcome = with_heap(source, 400_000);
    assert_eq!(outcome.output, "20 kept 19000\n13890\n");
}

#[test]
fn too_much_live_memory_is_an_error() {
    let grow = "let l = []\nwhile true { l.push(\"some text that takes room \" + len(l)) }";
    ends_with(&with_heap(grow, 200_000), ErrorKind::Heap, "Out of memory: the heap limit is 200000 bytes");
    let caught =
        format!("try {{ {grow} }} catch (e) {{ l = null print(e) }}\nlet again = [0] * 1000\nprint(len(again))");
    assert_eq!(with_heap(&caught, 200_000).output, "Out of memory: the heap limit is 200000 bytes\n1000\n");
    let huge = "try { \"x\" * 1000000000 } catch (e) { print(e) }\nprint(len([0] * 100))";
    assert_eq!(with_heap(huge, 200_000).output, "Out of memory: the heap limit is 200000 bytes\n100\n");
}

#[test]
fn an_operation_that_hits_the_limit_runs_again_after_a_collection() {
    let source = r#"
        let keep = [1, 2, 3]
        for each i in range(200) {
            let big = [i] * 3000
            keep = keep[0:3] + [len(big)]
        }
        print(keep)
    "#;
    assert_eq!(with_heap(source, 60_000).output, "[1, 2, 3, 3000]\n");
}

/// What the compiler says of a program that its code cannot hold.
fn refusal(source: &str) -> Diagnostic {
    let arena = Bump::new();
    let analysis = lang::analyze(&arena, "main.zx", source.as_bytes(), &Files(&[])).expect("the text is a program");
    let mut files = lang::compile(&analysis).expect_err("it exceeds a limit");
    files.remove(0).diagnostics.remove(0)
}

#[test]
fn what_code_cannot_hold_is_refused_with_its_place() {
    let list = |count: usize| (0..count).map(|number| format!("p{number}")).collect::<Vec<_>>().join(", ");
    let fields = (0..256).map(|number| format!("f{number}: any = g()\n")).collect::<String>();
    for (source, message, at) in [
        (format!("action f({}) {{ }}", list(65_536)), "a function has at most 65535 parameters", "p65535"),
        (format!("len({})", list(256)), "a call passes at most 255 arguments", "p255"),
        (format!("[].push({})", list(256)), "a call passes at most 255 arguments", "p255"),
        (
            format!("action g() {{ }}\nentity E {{ {fields} }}"),
            "a type with computed defaults has at most 255 fields",
            "E",
        ),
        ("data P { x: any }\nmatch 1 { P(a, b) => 1 }".to_string(), "the type has 1 fields, the pattern 2", "P"),
    ] {
        let diagnostic = refusal(&source);
        assert_eq!(diagnostic.message, message);
        assert_eq!(&source[diagnostic.span.start as usize..diagnostic.span.end as usize], at);
        assert!(diagnostic.help.is_some(), "no hint: {message}");
    }
}
