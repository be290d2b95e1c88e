//! Used files, `module` blocks, standard modules.

use runtime::ErrorKind;

use crate::{Failure, fails, prints, run_files};

#[track_caller]
fn files_print(files: &'static [(&'static str, &'static str)], lines: &[&str]) {
    let outcome = run_files(files, Default::default());
    assert_eq!(outcome.result, Ok("null".to_string()), "after printing:\n{}", outcome.output);
    assert_eq!(outcome.output.lines().collect::<Vec<_>>(), lines);
}

#[test]
fn modules_are_blocks_with_members() {
    prints(
        r#"
        module Counter {
            let n = 10
            action next() { n += 1 return n }
            entity Box { v: any = next() }
            enum Mode { ON, OFF }
            print("body")
        }
        print(Counter.next(), Counter.n, Counter.next())
        print(Counter.Box().v, Counter.Mode.OFF, Counter.Mode)
        let C = Counter
        print(C.n, C.next())
        "#,
        &["body", "11 11 12", "13 1 {ON: 0, OFF: 1}", "13 14"],
    );
    prints("module M { let a = 1 }\nprint(M.b)", &["null"]);
    fails("module M { let a = 1 }\nM.b()", &[], ErrorKind::Name, "'b' is not exported from M", &["<main> main.zx:2:3"]);
}

#[test]
fn members_exist_once_the_body_has_run() {
    fails(
        "print(M.f())\nM.x\nmodule M { let x = 1 action f() { return \"not yet\" } }",
        &[],
        ErrorKind::Name,
        "Identifier 'f' not found",
        &["<main> main.zx:1:9"],
    );
    fails(
        "module M {\n  action f() { return 1 / 0 }\n  f()\n}",
        &[],
        ErrorKind::Arithmetic,
        "Division by zero",
        &["f main.zx:2:25", "M main.zx:3:3", "<main> main.zx:1:1"],
    );
}

#[test]
fn used_files_run_once() {
    files_print(
        &[
            (
                "main.zx",
                "print(\"main\")\nuse \"./a.zx\"\nuse \"./b.zx\" as b\nuse { shared as s } from \"./a.zx\"\nprint(shared, b.twice(4), s)\nbump()\nprint(s, shared, b.seen())\nprint(__MODULE__, b.name)",
            ),
            ("a.zx", "print(\"a runs\")\nlet shared = 1\naction bump() { shared += 1 }\nlet hidden = 5"),
            (
                "b.zx",
                "use { shared } from \"a.zx\"\nprint(\"b runs\")\nlet name = __MODULE__ + __FILE__\naction twice(x) { return x * 2 }\naction seen() { return shared }",
            ),
        ],
        &["main", "a runs", "b runs", "1 8 1", "2 2 2", "__main__ b.zxb.zx"],
    );
}

#[test]
fn exported_names_alone_come_in() {
    files_print(
        &[
            ("main.zx", "let private = \"own\"\nuse \"lib.zx\"\nprint(public(), private, Kind.A, Item(1))"),
            (
                "lib.zx",
                "let private = \"lib\"\nexport action public() { return private }\nexport enum Kind { A = 3 }\nexport entity Item { v: any, w: any = private + 1 }",
            ),
        ],
        &["lib own 3 Item { v: 1, w: lib1 }"],
    );
}

#[test]
fn errors_name_their_file() {
    let outcome = run_files(
        &[
            ("main.zx", "use \"lib.zx\" as lib\nprint(\"loaded\")\nlib.fail(0)"),
            ("lib.zx", "action fail(x) {\n  return 1 / x\n}"),
        ],
        Default::default(),
    );
    assert_eq!(outcome.output, "loaded\n");
    let trace = vec!["fail lib.zx:2:12".to_string(), "<main> main.zx:3:5".to_string()];
    assert_eq!(
        outcome.result,
        Err(Failure { kind: ErrorKind::Arithmetic, message: "Division by zero".to_string(), trace })
    );
}

#[test]
fn standard_modules_are_builtins() {
    prints(
        r#"
        use "math" as m
        use "json" as json
        use { sqrt } from "math"
        print(m.abs(-3), sqrt(9), m.max(1, 5), json.stringify([1, "a"]), json.parse("{\"a\": [1]}").a)
        let f = m.abs
        print(f(-1))
        "#,
        &["3 3.0 5 [1, \"a\"] [1]", "1"],
    );
}

#[test]
fn a_module_may_return_early() {
    files_print(
        &[
            ("main.zx", "use \"lib.zx\" as lib\nprint(lib.a)\ntry { print(lib.b) } catch (e) { print(e) }"),
            ("lib.zx", "let a = 1\nreturn a\nlet b = 2"),
        ],
        &["1", "Identifier 'b' not found"],
    );
}
