//! The command from outside: what it prints where, and how it ends.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::{code, err, out};

/// The command, with a code cache of the tests' own.
fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_harness"));
    command.env("HARNESS_CACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("code-cache"));
    command
}

fn harness(arguments: &[&str]) -> Output {
    command().args(arguments).stdin(Stdio::null()).output().unwrap()
}

fn with_input(arguments: &[&str], input: &str) -> Output {
    let mut child =
        command().args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// A folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn run_prints_the_programs_output_and_nothing_else() {
    for vm in ["auto", "ast", "stack", "register"] {
        let output = harness(&["run", "-e", "print(\"n\", 1 + 2)", "--vm", vm]);
        assert_eq!((out(&output).as_str(), err(&output).as_str(), code(&output)), ("n 3\n", "", 0), "{vm}");
    }
    let output = with_input(&["run", "-"], "print(__ARGS__)");
    assert_eq!(out(&output), "[]\n");
    let output = harness(&["run", "-e", "print(__ARGS__)", "a", "-5", "--", "--b"]);
    assert_eq!(out(&output), "[a, -5, --b]\n");
}

#[test]
fn run_explains_which_engine_it_takes() {
    let explained = |arguments: &[&str]| err(&harness(&[&["run", "--explain", "-e"], arguments].concat()));
    let short = explained(&["print(1)"]);
    assert!(short.contains("engine            ast: it is a short script that runs straight through\n"), "{short}");
    assert!(short.contains("loops             0\n") && short.contains("recursion         no\n"), "{short}");
    let recursive = explained(&["action f(n) { return n < 1 ? 0 : f(n - 1) }\nprint(f(3))"]);
    assert!(recursive.contains("engine            register: it has a function that calls itself\n"), "{recursive}");
    let asked = explained(&["print(1)", "--vm", "stack"]);
    assert_eq!(asked, "engine            stack: asked for by --vm\n");
    let output = harness(&["run", "-e", "print(1)", "--stats=json"]);
    let stats: Value = serde_json::from_str(&err(&output)).unwrap();
    assert_eq!((&stats["engine"], &stats["refused_by"]), (&Value::from("ast"), &Value::Array(Vec::new())));
}

#[test]
fn calibrate_writes_costs_that_engines_are_chosen_by() {
    let costs = folder("calibrate").join("costs.toml");
    let costs = costs.to_str().unwrap();
    let output = harness(&["calibrate", "--quick", "--scripts", "2", "--rounds", "1", "--each", "--out", costs]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let text = out(&output);
    for row in [" fib (small) ", " script ", " always register ", " model, held out ", " best chosen "] {
        assert!(text.contains(row), "{row}: {text}");
    }
    let output = harness(&["run", "-e", "print(1)", "--orchestrator", costs, "--explain"]);
    assert!(err(&output).contains(": it is expected to take least: ast "), "{}", err(&output));
    let output = harness(&["run", "-e", "print(1)", "--orchestrator", "nowhere.toml"]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("rules, a file that `harness calibrate` wrote"), "{}", err(&output));
}

#[test]
fn run_reads_standard_input() {
    let output = with_input(&["run", "-e", "let name = input()\nprint(\"hello \" + name)"], "ann\n");
    assert_eq!(out(&output), "hello ann\n");
}

#[test]
fn failing_programs_end_with_1() {
    let output = harness(&["run", "-e", "print(\"before\")\naction f(n) {\n    return 1 / n\n}\nf(0)"]);
    assert_eq!((out(&output).as_str(), code(&output)), ("before\n", 1));
    let message = err(&output);
    assert!(message.starts_with("error: Division by zero\n  --> <eval>:3:14\n"), "{message}");
    assert!(message.contains("3 |     return 1 / n\n"), "{message}");
    assert!(message.contains("in f at <eval>:3:14") && message.contains("in <main> at <eval>:5:"), "{message}");

    let output = harness(&["run", "-e", "let x = ("]);
    assert_eq!((out(&output).as_str(), code(&output)), ("", 1));
    assert!(err(&output).starts_with("error: "), "{}", err(&output));

    let output = harness(&["run", "-e", "throw {code: 7}"]);
    assert!(err(&output).starts_with("uncaught: {code: 7}\n"), "{}", err(&output));
}

#[test]
fn usage_errors_end_with_2_and_say_what_there_is() {
    let output = harness(&["run", "-e", "1", "--vm", "turbo"]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("auto, ast, stack, register"), "{}", err(&output));
    let output = harness(&["run", "-e", "1", "--registers", "7"]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("from 8 up"), "{}", err(&output));
    let output = harness(&["run", "no/such/file.zx"]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("no/such/file.zx"), "{}", err(&output));
    assert_eq!(code(&harness(&["run"])), 2);
    assert_eq!(code(&harness(&["jump"])), 2);
    assert_eq!(code(&harness(&["compare", "--workload", "nothing"])), 2);
    assert_eq!(code(&harness(&["disasm", "-e", "1", "--function", "nothing"])), 2);
}

#[test]
fn limits_are_options() {
    let endless = "while true { }";
    let output = harness(&["run", "-e", endless, "--fuel", "1000"]);
    assert_eq!(code(&output), 1);
    assert!(err(&output).contains("Out of fuel") && err(&output).contains("--fuel"), "{}", err(&output));
    let output = harness(&["run", "-e", "action f(n) { return f(n + 1) }\nf(0)", "--max-depth", "50"]);
    assert!(err(&output).contains("Maximum recursion depth exceeded"), "{}", err(&output));
    let output = harness(&["run", "-e", "let s = []\nwhile true { s.push(\"xx\" + s.len()) }", "--max-heap", "1M"]);
    assert!(err(&output).contains("Out of memory: the heap limit is 1048576 bytes"), "{}", err(&output));
}

#[test]
fn counters_go_to_standard_error() {
    let output = harness(&["run", "-e", "print(1)", "--stats", "--vm", "register"]);
    assert_eq!(out(&output), "1\n");
    assert!(err(&output).contains("instructions") && err(&output).contains("PRINT"), "{}", err(&output));
    let output = harness(&["run", "-e", "print(1)", "--stats=json", "--vm", "stack"]);
    let stats: Value = serde_json::from_str(&err(&output)).unwrap();
    assert_eq!(stats["configuration"]["vm"], "stack");
    assert!(stats["instructions"].as_u64().unwrap() > 2);
    assert_eq!(stats["operations"]["PRINT"], 1);
}

#[test]
fn a_broken_pipe_is_quiet() {
    let program = "let i = 0\nwhile i < 300000 {\n    print(\"line\", i)\n    i += 1\n}";
    let mut child =
        command().args(["run", "-e", program]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 7];
    child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((&first, err(&output).as_str(), code(&output)), (b"line 0\n", "", 0));
}

#[test]
fn compare_writes_what_the_contract_says() {
    let file = folder("compare").join("results.json");
    let arguments = ["compare", "--quick", "--workload", "fib", "--workload", "roman", "--rounds", "6", "--out"];
    let output = harness(&[&arguments[..], &[file.to_str().unwrap()]].concat());
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert!(out(&output).contains("geomean") && out(&output).contains("yes"), "{}", out(&output));

    let results: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let rows = results["rows"].as_array().unwrap();
    let names: Vec<&str> = rows.iter().map(|row| row["workload"].as_str().unwrap()).collect();
    assert_eq!(names, ["fib", "roman", "geomean"]);
    for row in rows {
        assert_eq!(
            (&row["executor"], &row["against"], &row["agrees"]),
            (&"register".into(), &"stack".into(), &true.into())
        );
        let number = |name: &str| row[name].as_f64().unwrap_or_else(|| panic!("{name} in {row}"));
        assert!(number("ci_low") <= number("speedup") && number("speedup") <= number("ci_high"), "{row}");
        for name in [
            "median_ns",
            "against_median_ns",
            "instructions",
            "against_instructions",
            "code_bytes",
            "against_code_bytes",
        ] {
            assert!(row[name].is_number() || row["unavailable"][name].is_string(), "{name} in {row}");
        }
    }
    let ratio = rows[0]["against_median_ns"].as_f64().unwrap() / rows[0]["median_ns"].as_f64().unwrap();
    assert!((ratio - rows[0]["speedup"].as_f64().unwrap()).abs() < 1e-9);
    assert!(rows[0]["instructions_ratio"].as_f64().unwrap() < 0.7);
    let manifest = &results["manifest"];
    assert_eq!(manifest["command"][1], "compare");
    assert_eq!(manifest["executor"]["vm"], "register");
    assert!(manifest["environment"]["cpu"].is_string() && manifest["environment"]["rustc"].is_string());
}

#[test]
fn compare_has_formats() {
    let arguments = ["compare", "--quick", "--workload", "fib", "--rounds", "6", "--against", "ast", "--format"];
    let csv = harness(&[&arguments[..], &["csv"]].concat());
    let lines: Vec<String> = out(&csv).lines().map(str::to_string).collect();
    assert_eq!(lines.len(), 3, "{}", out(&csv));
    assert!(lines[0].starts_with("workload,executor,against,agrees,verdict,median_ns,"));
    assert!(lines[1].starts_with("fib,register,ast,true,"));
    let columns = lines[0].split(',').count();
    assert!(lines.iter().all(|line| line.split(',').count() == columns));
    let markdown = out(&harness(&[&arguments[..], &["markdown"]].concat()));
    assert!(markdown.starts_with("| workload | register | ast |"), "{markdown}");
    let json: Value = serde_json::from_str(&out(&harness(&[&arguments[..], &["json"]].concat()))).unwrap();
    assert_eq!(json["rows"][0]["against_instructions"], Value::Null);
    assert_eq!(json["rows"][0]["unavailable"]["against_instructions"], "executor 'ast' runs no instructions");
}

#[test]
fn compare_takes_programs_and_axes_of_both_sides() {
    let program = folder("compare-program").join("mine.zx");
    std::fs::write(&program, "let t = 0\nfor each i in range(200) { t += i }\nprint(t)\n").unwrap();
    let file = program.to_str().unwrap();
    let arguments =
        ["compare", "--quick", "--program", file, "--rounds", "6", "--against", "register", "--against-registers", "8"];
    let output = harness(&[&arguments[..], &["--format", "json"]].concat());
    let results: Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(results["rows"][0]["workload"], "mine");
    assert_eq!(results["manifest"]["executor"]["registers"], "256");
    assert_eq!(results["manifest"]["against"]["registers"], "8");
}

#[test]
fn compare_times_peers_and_further_configurations() {
    let arguments = [
        "compare",
        "--quick",
        "--workload",
        "fib",
        "--workload",
        "bank",
        "--rounds",
        "6",
        "--peer",
        "native",
        "--peer",
        "python",
        "--also",
        "register registers=8",
        "--format",
    ];
    let output = harness(&[&arguments[..], &["json"]].concat());
    assert_eq!(code(&output), 0, "{}", err(&output));
    let results: Value = serde_json::from_str(&out(&output)).unwrap();
    let entries = results["manifest"]["peers"].as_array().unwrap();
    let names: Vec<&str> = entries.iter().map(|entry| entry["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["register registers=8", "native", "python"]);
    assert_eq!(entries[0]["configuration"]["registers"], "8");
    assert!(entries[1]["version"].as_str().unwrap().starts_with("rustc "));
    let has_python = entries[2]["unavailable"].is_null();
    for row in results["rows"].as_array().unwrap() {
        let workload = row["workload"].as_str().unwrap();
        for name in names.iter().copied() {
            let is_there = match name {
                "native" => workload != "bank",
                "python" => has_python,
                _ => true,
            };
            let figures = &row["peers"][name];
            if !is_there {
                assert!(
                    figures.is_null() && row["unavailable"][format!("peers.{name}")].is_string(),
                    "{name} in {row}"
                );
                continue;
            }
            let number = |key: &str| figures[key].as_f64().unwrap_or_else(|| panic!("{key} of {name} in {row}"));
            assert!(number("ci_low") <= number("ratio") && number("ratio") <= number("ci_high"), "{name} in {row}");
            assert!(number("against_ci_low") <= number("against_ratio"), "{name} in {row}");
            if workload == "geomean" {
                // A language's mean is over the kernels, and `bank` is none.
                assert_eq!(figures["workloads"], if name.starts_with("register") { 2 } else { 1 });
                continue;
            }
            let ratio = row["median_ns"].as_f64().unwrap() / number("median_ns");
            assert!((ratio - number("ratio")).abs() < 1e-9 * ratio, "{name} in {row}");
            assert_eq!(figures["samples_ns"].as_array().unwrap().len(), 6);
        }
    }
    assert_eq!(results["rows"][1]["unavailable"]["peers.native"], "there is no Rust version of this program");

    let markdown = out(&harness(&[&arguments[..], &["markdown"]].concat()));
    assert!(
        markdown.lines().next().unwrap().ends_with("| / register registers=8 | / native | / python | agrees |"),
        "{markdown}"
    );
    assert!(markdown.contains("native has no figure for bank: there is no Rust version of this program"), "{markdown}");
    let csv = out(&harness(&[&arguments[..], &["csv"]].concat()));
    let columns: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
    assert!(columns.contains(&"native ratio") && columns.contains(&"register registers=8 against_ratio"), "{csv}");
    assert!(csv.lines().all(|line| line.split(',').count() == columns.len()), "{csv}");
}

#[test]
fn operations_are_compared_when_they_are_asked_for() {
    let arguments = ["compare", "--vm", "register", "--quick", "--rounds", "1", "--format", "json"];
    let compare = |more: &[&str]| -> Value {
        serde_json::from_str(&out(&harness(&[&arguments[..], more].concat()))).expect("results are JSON")
    };
    let rows = |results: &Value| -> Vec<(String, String, String)> {
        let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_string();
        let rows = results["rows"].as_array().unwrap().iter();
        rows.map(|row| (text(row, "workload"), text(row, "kind"), text(row, "argument"))).collect()
    };
    let operations = rows(&compare(&["--kind", "operation"]));
    assert!(operations.len() > 10);
    assert!(operations.iter().all(|(name, kind, _)| kind == "operation" || name == "geomean"), "{operations:?}");
    assert!(operations.contains(&("gas_guest".to_string(), "operation".to_string(), "1000".to_string())));
    let both = rows(&compare(&["--kind", "contract", "--workload", "fib"]));
    assert!(both.iter().any(|row| row.0 == "token") && both.iter().any(|row| row.0 == "fib"), "{both:?}");
    let unknown = harness(&["compare", "--kind", "kernels"]);
    assert_eq!(code(&unknown), 2);
    assert!(err(&unknown).contains("there are: contract, kernel, operation, program"), "{}", err(&unknown));
}

#[test]
fn missing_peers_are_reported_with_what_brings_them() {
    let output = command()
        .args(["compare", "--quick", "--workload", "fib", "--rounds", "6", "--peer", "luajit", "--peer", "native"])
        .args(["--format", "json"])
        .env("PATH", folder("no-programs"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(code(&output), 0, "{}", err(&output));
    let reason = "luajit is not installed; the package 'luajit' brings it";
    assert!(err(&output).contains(&format!("luajit is unavailable: {reason}")), "{}", err(&output));
    let results: Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(results["manifest"]["peers"][0]["unavailable"], reason);
    for row in results["rows"].as_array().unwrap() {
        assert_eq!((&row["peers"]["luajit"], &row["unavailable"]["peers.luajit"]), (&Value::Null, &reason.into()));
        assert!(row["peers"]["native"]["ratio"].is_number());
    }
}

#[test]
fn wrong_peers_and_configurations_are_usage_errors() {
    for (arguments, said) in [
        (["--peer", "perl"], "luajit-joff"),
        (["--also", "turbo"], "auto, ast, stack, register"),
        (["--also", "stack registers=7"], "from 8 up"),
        (["--also", "stack registers"], "option=value"),
        (["--also", "stack speed=1"], "max-depth"),
        (["--also", " "], "--also takes"),
    ] {
        let output = harness(&[&["compare", "--quick", "--workload", "fib"], &arguments[..]].concat());
        assert_eq!(code(&output), 2, "{arguments:?}");
        assert!(err(&output).contains(said), "{arguments:?}: {}", err(&output));
    }
    let twice = ["compare", "--quick", "--workload", "fib", "--also", "ast", "--also", "ast"];
    assert_eq!(code(&harness(&twice)), 2);
}

#[test]
fn listings() {
    let all = out(&harness(&["list"]));
    for word in ["fib", "register", "linear", "instructions"] {
        assert!(all.contains(word), "{word} in {all}");
    }
    let executors = out(&harness(&["list", "executors"]));
    assert_eq!(executors.lines().count(), 6);
    assert!(executors.lines().next().unwrap().starts_with("auto"));
    assert!(out(&harness(&["list", "workloads"])).lines().count() >= 35);
    let peers = out(&harness(&["list", "peers"]));
    assert_eq!(peers.lines().count(), 8, "{peers}");
    assert!(peers.starts_with("native ") && peers.contains("rustc "), "{peers}");
    let passes = out(&harness(&["list", "passes"]));
    for pass in ["fold", "copies", "common", "dead", "peephole", "combine", "thread", "strength"] {
        assert!(passes.lines().any(|line| line.starts_with(pass)), "{pass}: {passes}");
    }
}

#[test]
fn code_can_be_shown_in_both_forms() {
    let program = "action double(n) {\n    return n * 2\n}\nprint(double(21))";
    let stack = out(&harness(&["disasm", "-e", program]));
    assert!(stack.contains("MUL\n") && stack.contains("<eval>:2:     return n * 2"), "{stack}");
    let register = out(&harness(&["disasm", "-e", program, "--form", "register", "--function", "double"]));
    assert!(register.contains("MUL_INT") && !register.contains("<main>"), "{register}");
    let both = out(&harness(&["disasm", "-e", program, "--form", "both"]));
    let optimized = out(&harness(&["disasm", "-e", program, "--opt", "2"]));
    assert!(optimized.contains("LOAD_LOCAL_CONST n, 2"), "{optimized}");
    assert!(
        both.lines().any(|line| line.contains("LOAD_LOCAL n") && line.contains("│") && line.contains("MUL_INT")),
        "{both}"
    );
}

#[test]
fn machine_code_stands_under_register_code() {
    let program = "action double(n) {\n    return n * 2\n}\nlet i = 0\nwhile i < 50000 { i += double(1) }";
    // In place of its calls it would not be called often enough.
    let way = ["--form", "native", "--function", "double", "--jit-background", "off", "--without", "inlining"];
    let text = out(&harness(&[&["disasm", "-e", program][..], &way].concat()));
    let head = text.lines().next().unwrap();
    assert!(head.contains("double") && head.contains("optimizing code") && head.contains("bytes"), "{text}");
    let at = text.lines().position(|line| line.contains("MUL_INT")).unwrap();
    // Its machine code follows, each line with where it lies.
    let below = text.lines().nth(at + 1).unwrap();
    assert!(below.starts_with("        ") && !below.contains("RETURN_REG"), "{text}");
    #[cfg(target_arch = "x86_64")]
    assert!(text.lines().skip(at).any(|line| line.ends_with(" ret")), "{text}");
    let output = harness(&["disasm", "-e", "print(1)", "--form", "native"]);
    assert!(err(&output).contains("got no native code"), "{}", err(&output));
}

#[test]
fn live_ranges_stand_beside_register_code() {
    let program = "action f(n) {\n    let a = n * 2\n    let b = a + n\n    return b * a\n}\nprint(f(3))";
    for form in ["register", "both"] {
        let text = out(&harness(&["disasm", "-e", program, "--form", form, "--ranges", "--function", "f"]));
        assert!(text.lines().take(4).any(|line| line.contains("live") && line.contains("r0 r1")), "{text}");
        let written = text.lines().find(|line| line.contains("MUL_INT")).unwrap();
        assert!(written.contains('│') && written.trim_end().ends_with('╷'), "{text}");
        assert!(text.contains("live ranges: virtual register"), "{text}");
    }
    let sums = "(a + b) * (c + d) * ".repeat(3);
    let many = format!("action f(a, b, c, d, e, g, h, i, j) {{\n    return {sums}(e + g + h + i + j)\n}}\nf(1)");
    let spilled = out(&harness(&["disasm", "-e", &many, "--form", "register", "--ranges", "--registers", "8"]));
    assert!(spilled.lines().any(|line| line.contains("live") && line.contains("s0 s1")), "{spilled}");
}

#[test]
fn profiles_show_what_a_run_did() {
    let program = "action f(n) {\n    return n < 1 ? 0 : f(n - 1) + n\n}\nprint(f(9))";
    for vm in ["stack", "register"] {
        let output = harness(&["profile", "-e", program, "--vm", vm]);
        assert_eq!((code(&output), err(&output).as_str()), (0, "45\n"), "{vm}");
        for table in ["opcodes: ", "ngrams: ", "branches: ", "calls: ", "types: ", "allocations: "] {
            assert!(out(&output).contains(table), "{table} in {}", out(&output));
        }
        let output = harness(&["profile", "-e", program, "--vm", vm, "--probe", "calls", "--format", "csv"]);
        let text = out(&output);
        let (functions, edges) = text.split_once("\n\n").unwrap();
        assert!(functions.starts_with("function,begins,calls,own instructions,share,a call\n"), "{functions}");
        assert!(edges.starts_with("caller,callee,calls,share,line,at,source\n") && edges.contains("f,f,9,"), "{edges}");
        let arguments = ["profile", "-e", program, "--vm", vm, "--probe", "opcodes", "--format", "json", "--top", "2"];
        let json: Value = serde_json::from_str(&out(&harness(&arguments))).unwrap();
        assert_eq!(json["configuration"]["vm"], vm);
        let table = &json["probes"]["opcodes"]["opcodes"];
        assert_eq!(table["rows"].as_array().unwrap().len(), 2);
        assert!(table["rows"][0]["count"].as_u64() >= table["rows"][1]["count"].as_u64());
        assert!(table["left_out"].as_u64().unwrap() > 0);
    }
}

#[test]
fn profiles_that_cannot_be_had_are_refused() {
    let refused = |arguments: &[&str], reason: &str| {
        let output = harness(&[&["profile", "-e", "print(1)"], arguments].concat());
        assert_eq!((code(&output), out(&output).as_str()), (2, ""), "{arguments:?}");
        assert!(err(&output).contains(reason), "{}", err(&output));
    };
    refused(&["--probe", "nothing"], "opcodes, ngrams, branches, calls, types, allocations");
    refused(&["--vm", "ast"], "runs no instructions");
    refused(&["--vm", "stack", "--superinstructions", "on", "--probe", "types"], "--superinstructions off");
    // A program that fails is profiled up to there.
    let output = harness(&["profile", "-e", "print(1 / 0)", "--probe", "opcodes"]);
    assert_eq!(code(&output), 1);
    assert!(err(&output).contains("Division by zero") && out(&output).contains("DIV"), "{}", out(&output));
}

/// The counts stored in this repository.
fn stored_counts() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../results/callgrind/baseline.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Checks counts against the stored ones, in a folder of the test's own.
fn check_counts(root: &Path, counts: &Value, arguments: &[&str]) -> Output {
    let results = root.join("results/callgrind");
    std::fs::create_dir_all(&results).unwrap();
    std::fs::write(results.join("baseline.json"), stored_counts().to_string()).unwrap();
    let file = root.join("now.json");
    std::fs::write(&file, counts.to_string()).unwrap();
    let fixed = ["check", "--baseline", "callgrind", "--root", root.to_str().unwrap()];
    harness(&[&fixed[..], &["--counts", file.to_str().unwrap()], arguments].concat())
}

#[test]
fn a_planted_regression_is_found() {
    let root = folder("check-planted");
    let stored = stored_counts();
    let output = check_counts(&root, &stored, &[]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert!(out(&output).contains("0 worse and 0 better"), "{}", out(&output));
    for name in stored["instructions"].as_object().unwrap().keys() {
        let planted = |per_mille: u64| {
            let mut counts = stored.clone();
            let count = &mut counts["instructions"][name];
            *count = (count.as_u64().unwrap() * per_mille / 1000).into();
            counts
        };
        let output = check_counts(&root, &planted(1021), &[]);
        assert_eq!(code(&output), 3, "{name}: {}", err(&output));
        let worse: Vec<String> =
            out(&output).lines().filter(|line| line.contains("WORSE")).map(str::to_string).collect();
        assert!(worse.len() == 1 && worse[0].contains(name.as_str()), "{}", out(&output));
        assert_eq!(code(&check_counts(&root, &planted(1019), &[])), 0, "{name}");
        assert_eq!(code(&check_counts(&root, &planted(1019), &["--tolerance", "1.5"])), 3, "{name}");
    }
}

#[test]
fn what_cannot_be_checked_is_no_success() {
    let root = folder("check-nothing");
    let mut other = stored_counts();
    other["toolchain"]["rustc"] = "rustc 0.1.0".into();
    other["instructions"]["stack/fib"] = u64::from(u32::MAX).into();
    let output = check_counts(&root, &other, &[]);
    assert_eq!(code(&output), 2);
    assert!(
        err(&output).contains("nothing was checked") && err(&output).contains("'rustc 0.1.0' now"),
        "{}",
        err(&output)
    );
    let output = check_counts(&root, &other, &["--force"]);
    assert_eq!(code(&output), 3, "{}", err(&output));
    assert!(err(&output).contains("of another toolchain"), "{}", err(&output));

    let empty = folder("check-empty");
    let output = harness(&["check", "--baseline", "callgrind", "--root", empty.to_str().unwrap()]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("harness check --baseline callgrind --write"), "{}", err(&output));
    let output = harness(&["check", "--baseline", "nothing"]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("there are: callgrind"), "{}", err(&output));

    // Nothing is found on an empty path.
    let mut command = command();
    command.args(["check", "--baseline", "callgrind", "--root", root.to_str().unwrap()]).env("PATH", "");
    let output = command.output().unwrap();
    assert_eq!(code(&output), 2, "{}", err(&output));
    assert!(err(&output).contains("counting needs valgrind"), "{}", err(&output));
}

#[test]
fn the_stored_counts_are_whole() {
    let stored = stored_counts();
    let counts = stored["instructions"].as_object().unwrap();
    for machine in ["stack/", "register/"] {
        assert_eq!(counts.keys().filter(|name| name.starts_with(machine)).count(), 10, "{machine}");
    }
    assert!(counts.keys().any(|name| name.starts_with("converter/")));
    for machine in ["stack", "register"] {
        let [off, on] = ["off", "on"].map(|watched| counts[&format!("watching/{machine}-{watched}")].as_u64().unwrap());
        assert!(
            on > 2 * off,
            "{machine}: counting instructions costs {on} instead of {off}, so what is off must be off"
        );
    }
    assert!(counts.values().all(|count| count.as_u64() > Some(100_000)), "{counts:?}");
    assert!(stored["toolchain"]["rustc"].as_str().unwrap().starts_with("rustc "));
}

#[test]
fn programs_can_be_compiled_to_files() {
    let folder = folder("compile");
    let source = folder.join("square.zx");
    std::fs::write(&source, "let n = int(__ARGS__[0])\nprint(n * n)\n").unwrap();
    for form in ["stack", "register"] {
        let target = folder.join(format!("{form}.zxc"));
        let (source, target) = (source.to_str().unwrap(), target.to_str().unwrap());
        let output = harness(&["compile", source, "-o", target, "--form", form]);
        assert_eq!((out(&output).as_str(), code(&output)), ("", 0), "{}", err(&output));
        let output = harness(&["verify", target]);
        assert_eq!(code(&output), 0, "{}", err(&output));
        assert!(out(&output).contains(&format!("valid, {form} form")), "{}", out(&output));
        let output = harness(&["run", target, "12"]);
        assert_eq!((out(&output).as_str(), code(&output)), ("144\n", 0), "{}", err(&output));
        let output = harness(&["run", target, "12", "--vm", "ast"]);
        assert_eq!(code(&output), 1);
        assert!(err(&output).contains("source text"), "{}", err(&output));
    }
}

#[test]
fn bad_bytecode_is_refused() {
    let folder = folder("bad-bytecode");
    let source = folder.join("hello.zx");
    let good = folder.join("hello.zxc");
    std::fs::write(&source, "print(\"hello\")\n").unwrap();
    harness(&["compile", source.to_str().unwrap(), "-o", good.to_str().unwrap()]);
    let bytes = std::fs::read(&good).unwrap();
    let bad = folder.join("bad.zxc");
    for (name, bytes) in
        [("cut off", bytes[..bytes.len() / 2].to_vec()), ("no bytecode", b"print(1)".to_vec()), ("empty", Vec::new())]
    {
        std::fs::write(&bad, bytes).unwrap();
        let output = harness(&["verify", bad.to_str().unwrap()]);
        assert_eq!((out(&output).as_str(), code(&output)), ("", 1), "{name}");
        assert!(err(&output).contains("not valid bytecode"), "{name}: {}", err(&output));
    }
}

#[test]
fn the_environment_is_shown() {
    assert!(out(&harness(&["env"])).contains("cpu"));
    let environment: Value = serde_json::from_str(&out(&harness(&["env", "--json"]))).unwrap();
    assert!(environment["cores"].as_u64().unwrap() >= 1);
    assert!(environment["clock"].is_string());
}

#[test]
fn the_prompt_keeps_its_state_and_survives_errors() {
    let lines = [
        "let x = 5",
        "x * 2",
        "_ + 1",
        "print(\"shown once\")",
        "action f(n) {",
        "return 100 / n",
        "}",
        "f(0)",
        "let = 3",
        "x = 7",
        "[x, f(4)]",
        ":vm stack",
        "x",
        ":nothing",
        "{a: x}",
    ];
    let output = with_input(&["repl"], &format!("{}\n", lines.join("\n")));
    assert_eq!(code(&output), 0);
    assert_eq!(out(&output), "10\n11\nshown once\n[7, 25]\n7\n{a: 7}\n", "{}", err(&output));
    let message = err(&output);
    assert!(message.contains("Division by zero") && message.contains("<entry "), "{message}");
    assert!(message.contains("<prompt>:1:") && message.contains("':nothing'"), "{message}");
}

#[test]
fn fuzzing_reports_how_much_it_did() {
    let output = harness(&[
        "fuzz",
        "--programs",
        "100",
        "--seed",
        "7",
        "--jobs",
        "2",
        "--save",
        folder("fuzz").to_str().unwrap(),
    ]);
    assert_eq!(code(&output), 0, "{}{}", out(&output), err(&output));
    assert!(
        out(&output).starts_with("100 programs in ") && out(&output).contains("0 disagreements"),
        "{}",
        out(&output)
    );
    let shown = out(&harness(&["fuzz", "--show", "--seed", "7"]));
    assert!(shown.starts_with("# seed 7\n") && shown.lines().count() > 5);
    assert_eq!(shown, out(&harness(&["fuzz", "--show", "--seed", "7"])));
}

#[test]
fn colour_is_never_forced_on_files() {
    for output in [harness(&["run", "-e", "1 / 0"]), harness(&["run", "-e", "let x = ("])] {
        assert!(!err(&output).contains('\u{1b}'));
    }
}

#[test]
fn papers_are_what_their_template_and_data_give() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = harness(&["paper", "--check", "--root", root.to_str().unwrap()]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let output = harness(&["paper", "nothing", "--root", root.to_str().unwrap()]);
    assert_eq!(code(&output), 2);
}

#[test]
fn messages_that_nobody_can_read_end_nothing() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    // Where there is no such device there is nothing to test.
    let Ok(full) = full else { return };
    let status = command()
        .args(["run", "-e", "throw \"x\""])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(full)
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(1));
}

#[test]
fn nothing_is_lost_for_a_path() {
    let folder = folder("paths");
    let source = folder.join("program.zx");
    std::fs::write(&source, "print(1)\n").unwrap();
    let name = source.to_str().unwrap();
    let output = harness(&["compile", name, "-o", name]);
    assert_eq!((code(&output), std::fs::read_to_string(&source).unwrap().as_str()), (2, "print(1)\n"));
    assert!(err(&output).contains("the program itself"), "{}", err(&output));
    let nowhere = folder.join("missing").join("results.json");
    let plan = folder.join("plan.toml");
    std::fs::write(&plan, "programs = [\"fib\"]\n[[axes]]\nname = \"registers\"\nvalues = [8, 256]\n").unwrap();
    let (nowhere, plan) = (nowhere.to_str().unwrap(), plan.to_str().unwrap());
    let compare = ["compare", "--vm", "register", "--workload", "fib", "--quick", "--out", nowhere];
    for arguments in [&compare[..], &["sweep", plan, "--out", nowhere]] {
        let output = harness(arguments);
        assert_eq!((code(&output), out(&output).as_str()), (2, ""), "{arguments:?}");
        assert!(err(&output).contains("cannot write"), "{}", err(&output));
    }
}

#[test]
fn sweep_writes_what_it_counts() {
    let folder = folder("sweep");
    let plan = folder.join("plan.toml");
    std::fs::write(
        &plan,
        "programs = [\"fib\", \"sieve\"]\n[[axes]]\nname = \"allocator\"\nvalues = [\"linear\", \"naive\"]\n[[axes]]\nname = \"registers\"\nvalues = [8, 256]\n",
    )
    .unwrap();
    let (json, csv) = (folder.join("sweep.json"), folder.join("sweep.csv"));
    for file in [&json, &csv] {
        let output = harness(&["sweep", plan.to_str().unwrap(), "--out", file.to_str().unwrap()]);
        assert_eq!(code(&output), 0, "{}", err(&output));
        assert!(out(&output).contains("2 programs at 4 points"), "{}", out(&output));
    }
    let results: Value = serde_json::from_str(&std::fs::read_to_string(&json).unwrap()).unwrap();
    let points = results["points"].as_array().unwrap();
    assert_eq!(points.len(), 4);
    let run = |at: usize| points[at]["figures"]["reloads_run"][1].as_u64().unwrap();
    assert_eq!((points[2]["at"]["allocator"].as_str(), run(3)), (Some("naive"), 0));
    assert!(run(2) > 0);
    let lines = std::fs::read_to_string(&csv).unwrap();
    assert_eq!(lines.lines().count(), 1 + 4 * 2);
    assert!(lines.starts_with("allocator,registers,workload,instructions,"), "{lines}");
}

#[test]
fn warmup_writes_the_time_of_each_iteration_and_tells_its_kind() {
    let file = folder("warmup").join("warmup.json");
    let rounds = ["--iterations", "30", "--invocations", "2"];
    let which = ["--workload", "fib", "--vm", "jit", "--also", "register", "--out", file.to_str().unwrap()];
    let output = harness(&[&["warmup"][..], &rounds, &which].concat());
    assert_eq!(code(&output), 0, "{}", err(&output));
    let results: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let curves = results["curves"].as_array().unwrap();
    let names: Vec<_> = curves.iter().map(|curve| curve["configuration"].as_str().unwrap()).collect();
    assert_eq!(names, ["jit", "register"]);
    for curve in curves {
        assert_eq!(curve["median_ns"].as_array().unwrap().len(), 30);
        let invocations = curve["invocations"].as_array().unwrap();
        assert_eq!(invocations.len(), 2);
        for invocation in invocations {
            assert!(invocation["steady_ns"].as_f64().unwrap() > 0.0);
            assert!(invocation["settled"].as_u64().unwrap() < 30);
            let class = invocation["class"].as_str().unwrap();
            assert!(out(&output).contains(&class.replace("-steady-", " steady ")), "{class}: {}", out(&output));
        }
    }
    for (arguments, problem) in [
        (&["warmup", "--workload", "nothing"][..], "there is no workload 'nothing'"),
        (&["warmup", "--workload", "fib", "--also", "jit"], "'jit' is given twice"),
        (&["warmup", "--workload", "fib", "--iterations", "0"], "0 is not in 1..=5000"),
    ] {
        let output = harness(arguments);
        assert_eq!(code(&output), 2, "{}", err(&output));
        assert!(err(&output).contains(problem), "{}", err(&output));
    }
}

#[test]
fn sweeps_show_where_a_plan_is_wrong() {
    let plan = folder("sweep-wrong").join("plan.toml");
    std::fs::write(&plan, "size = \"small\"\n[[axes]]\nname = \"registers\"\nvalues = [8, 256\n").unwrap();
    let output = harness(&["sweep", plan.to_str().unwrap()]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("line 4"), "{}", err(&output));
}

#[test]
fn profiles_are_shown_though_nobody_reads_the_programs_output() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let Ok(full) = full else { return };
    let output = command()
        .args(["profile", "-e", "print(1)", "--probe", "opcodes"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(full)
        .output()
        .unwrap();
    assert_eq!(code(&output), 0);
    assert!(out(&output).contains("PRINT_REG"), "{}", out(&output));
}

#[test]
fn lines_of_any_width_are_listed() {
    let wide = format!("print(\"{}\")\nprint(1)\n", "x".repeat(70_000));
    for arguments in [&["--form", "both"][..], &["--form", "both", "--ranges"], &["--form", "register", "--ranges"]] {
        let output = with_input(&[&["disasm", "-"], arguments].concat(), &wide);
        assert_eq!(code(&output), 0, "{}", err(&output));
        assert!(out(&output).contains("PRINT") && out(&output).contains('…'), "{arguments:?}");
    }
    // The long text itself is there where nothing stands beside it.
    assert!(out(&with_input(&["disasm", "-"], &wide)).contains(&"x".repeat(70_000)));
    let one_line: String = (0..500).map(|number| format!("action f{number}() {{ return {number} }} ")).collect();
    for form in ["stack", "register", "both"] {
        let text = out(&with_input(&["disasm", "-", "--form", form], &one_line));
        assert!(text.contains("f499") && text.lines().all(|line| line.chars().count() < 250), "{form}");
    }
}

#[test]
fn functions_that_do_not_exist_are_answered_briefly() {
    let many: String = (0..500).map(|number| format!("action f{number}() {{ }}\n")).collect();
    let output = with_input(&["disasm", "-", "--function", "nothing"], &many);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("f0, ") && err(&output).contains("… and 461 more"), "{}", err(&output));
}

#[test]
fn modules_of_a_program_are_not_overwritten() {
    let folder = folder("overwrite");
    let (main, module) = (folder.join("main.zx"), folder.join("part.zx"));
    std::fs::write(&main, "use \"part.zx\" as part\nprint(part.x)\n").unwrap();
    std::fs::write(&module, "export let x = 1\n").unwrap();
    for target in [&main, &module] {
        let output = harness(&["compile", main.to_str().unwrap(), "-o", target.to_str().unwrap()]);
        assert_eq!(code(&output), 2, "{}", err(&output));
        assert!(err(&output).contains("part of the program itself"), "{}", err(&output));
    }
    assert_eq!(std::fs::read_to_string(module).unwrap(), "export let x = 1\n");
}

#[test]
fn bytecode_is_known_by_how_it_begins() {
    let folder = folder("bytecode-names");
    let source = folder.join("hello.zx");
    std::fs::write(&source, "print(\"hello\")\n").unwrap();
    let target = folder.join("hello.bin");
    let (source, target) = (source.to_str().unwrap(), target.to_str().unwrap());
    assert_eq!(code(&harness(&["compile", source, "-o", target])), 0);
    assert_eq!(out(&harness(&["run", target])), "hello\n");
    assert!(out(&harness(&["verify", target])).contains("valid, stack form"));
    let child = command().args(["run", "-"]).stdin(std::fs::File::open(target).unwrap()).output().unwrap();
    assert_eq!(out(&child), "hello\n");
    let output = harness(&["verify", source]);
    assert_eq!(code(&output), 1);
    assert!(err(&output).contains("does not begin as bytecode does"), "{}", err(&output));
}

#[test]
fn the_prompt_loses_nothing_that_is_piped() {
    let run = |input: &[u8]| {
        let mut child =
            command().arg("repl").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        child.wait_with_output().unwrap()
    };
    let unfinished = run(b"1 + 1\n[1,\n2");
    assert_eq!((out(&unfinished).as_str(), code(&unfinished)), ("2\n", 0));
    assert!(err(&unfinished).contains("error: ") && err(&unfinished).contains("[1,"), "{}", err(&unfinished));
    assert_eq!(out(&run(b"1 + 1\n2 + 2")), "2\n4\n");
    let bad = run(b"let x = 5\nlet y = \"\xff\"\nx\n");
    assert_eq!((out(&bad).as_str(), code(&bad)), ("5\n", 0));
    assert!(err(&bad).contains("not UTF-8"), "{}", err(&bad));
}

#[test]
fn threads_of_fuzzing_are_bounded() {
    for jobs in ["0", "100000"] {
        let output = harness(&["fuzz", "--programs", "1", "--jobs", jobs]);
        assert_eq!(code(&output), 2);
        assert!(err(&output).contains("256"), "{}", err(&output));
    }
}

#[test]
fn checks_name_the_file_that_is_wrong() {
    let file = folder("fuzz-check").join("mine.zx");
    std::fs::write(&file, "let x = (\n").unwrap();
    let output = harness(&["fuzz", "--check", file.to_str().unwrap()]);
    assert_eq!(code(&output), 1);
    assert!(err(&output).contains("mine.zx:1:") && !err(&output).contains("random.zx"), "{}", err(&output));
}

#[test]
fn failing_programs_are_not_compared() {
    let folder = folder("compare-failing");
    let (fails, works) = (folder.join("fails.zx"), folder.join("works.zx"));
    std::fs::write(&fails, "print(1)\nprint(1 / 0)\n").unwrap();
    std::fs::write(&works, "print(1)\n").unwrap();
    let arguments = ["compare", "--quick", "--rounds", "1", "--program", fails.to_str().unwrap()];
    let arguments = [&arguments[..], &["--program", works.to_str().unwrap()]].concat();
    let output = harness(&[&arguments[..], &["--format", "json"]].concat());
    assert_eq!(code(&output), 1);
    assert!(
        err(&output).contains("fails fails: arithmetic error: Division by zero, line 2, column"),
        "{}",
        err(&output)
    );
    let results: Value = serde_json::from_str(&out(&output)).unwrap();
    let [fails, works, ..] = results["rows"].as_array().unwrap().as_slice() else { panic!("two rows") };
    assert_eq!((&fails["agrees"], &fails["status"], &fails["speedup"]), (&true.into(), &"fails".into(), &Value::Null));
    assert_eq!((&works["status"], &works["spread"]), (&"timed".into(), &Value::Null));
    assert!(works["unavailable"]["spread"].as_str().unwrap().contains("2 rounds"));
    let output = harness(&arguments);
    assert_eq!(code(&output), 1);
    assert!(out(&output).contains("fails fails: ") && err(&output).is_empty(), "{}", out(&output));
}

#[test]
fn sides_that_cannot_run_a_program_gave_no_wrong_answer() {
    let folder = folder("compare-cannot");
    let (source, target) = (folder.join("a.zx"), folder.join("a.zxc"));
    std::fs::write(&source, "print(1)\n").unwrap();
    harness(&["compile", source.to_str().unwrap(), "-o", target.to_str().unwrap()]);
    let arguments = ["compare", "--quick", "--rounds", "1", "--vm", "ast", "--program", target.to_str().unwrap()];
    let output = harness(&arguments);
    assert_eq!(code(&output), 1);
    let text = out(&output);
    assert!(
        text.contains("a was not compared: executor 'ast' cannot run") && !text.contains("does not agree"),
        "{text}"
    );
}

#[test]
fn rows_are_told_apart() {
    let folder = folder("compare-names");
    let mut arguments =
        vec!["compare".to_string(), "--quick".into(), "--rounds".into(), "1".into(), "--format".into(), "csv".into()];
    for name in ["one/same.zx", "two/same.zx", "geomean.zx"] {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "print(1)\n").unwrap();
        arguments.extend(["--program".to_string(), path.to_str().unwrap().to_string()]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let output = harness(&arguments);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let csv = out(&output);
    let rows: Vec<&str> = csv.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    assert_eq!(rows.len(), 4);
    for (row, end) in rows.iter().zip(["one/same.zx", "two/same.zx", "/geomean.zx", "geomean"]) {
        assert!(row.ends_with(end), "{row} {end}");
    }
    let twice = [&arguments[..], &arguments[6..8]].concat();
    assert_eq!(code(&harness(&twice)), 2);
}

#[test]
fn messages_name_what_was_given() {
    for (arguments, said) in [
        (&["compare", "--against", "nope"][..], "'nope' is no value of --against; there are: auto"),
        (&["compare", "--against-registers", "7"], "'7' is no value of --against-registers"),
        (&["compare", "--vm", "nope"], "'nope' is no value of --vm"),
        (&["run"], "no program was given"),
        (&["disasm"], "no program was given"),
        (&["profile"], "no program was given"),
        (&["compile", "-o", "x.zxc"], "no program was given"),
    ] {
        let output = harness(arguments);
        assert_eq!((code(&output), out(&output).as_str()), (2, ""), "{arguments:?}");
        assert!(err(&output).contains(said), "{arguments:?}: {}", err(&output));
    }
}

#[test]
fn files_that_are_too_large_are_not_read() {
    let file = folder("too-large").join("huge.zx");
    // It has a length and no content, so it takes no room.
    std::fs::File::create(&file).unwrap().set_len((1 << 30) + 1).unwrap();
    let output = harness(&["run", file.to_str().unwrap()]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("huge.zx") && err(&output).contains("larger than 1 GiB"), "{}", err(&output));
    let user = file.with_file_name("user.zx");
    std::fs::write(&user, "use \"huge.zx\" as huge\n").unwrap();
    let output = harness(&["run", user.to_str().unwrap()]);
    assert_eq!(code(&output), 1);
    assert!(err(&output).contains("larger than 1 GiB"), "{}", err(&output));
    std::fs::remove_file(file).unwrap();
}

#[test]
fn checks_that_would_check_nothing_are_refused() {
    for tolerance in ["nan", "inf", "x", "-1"] {
        let output = harness(&["check", "--baseline", "callgrind", &format!("--tolerance={tolerance}")]);
        assert_eq!(code(&output), 2, "{tolerance}");
        assert!(err(&output).contains("a number of per cent"), "{tolerance}: {}", err(&output));
    }
    let folder = folder("check-wrong");
    let baseline = folder.join("results/callgrind/baseline.json");
    std::fs::create_dir_all(baseline.parent().unwrap()).unwrap();
    std::fs::write(&baseline, "{}").unwrap();
    let output = harness(&["check", "--baseline", "callgrind", "--root", folder.to_str().unwrap()]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("is no file of counts"), "{}", err(&output));
}

#[test]
fn listings_show_the_programs_own_functions() {
    let program = "print([1, 2].map(action(x) { return x + 1 }))";
    let output = harness(&["disasm", "-e", program]);
    assert!(out(&output).contains("<main>") && !out(&output).contains("<prelude>"), "{}", out(&output));
    assert!(err(&output).contains("library functions not shown"), "{}", err(&output));
    let output = harness(&["disasm", "-e", program, "--function", "map"]);
    assert!(out(&output).contains("<prelude>") && err(&output).is_empty(), "{}", out(&output));
}

#[test]
fn few_rounds_decide_nothing_and_say_so() {
    let output = harness(&["compare", "--quick", "--workload", "fib", "--rounds", "2"]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert!(out(&output).contains("of 1 it cannot be said: that takes 6 rounds at least"), "{}", out(&output));
}

#[test]
fn compiled_code_takes_gas_if_it_is_told_to() {
    let folder = folder("gas");
    let file = folder.join("metered.zxc");
    for (form, vms) in [("stack", &["stack", "register", "hybrid"][..]), ("register", &["register"])] {
        let written = harness(&[
            "compile",
            "-e",
            "print(1 + 2)",
            "--gas",
            "unlimited",
            "--form",
            form,
            "-o",
            file.to_str().unwrap(),
        ]);
        assert_eq!(code(&written), 0, "{}", err(&written));
        for vm in vms {
            let run = |gas| harness(&["run", "--vm", vm, "--gas", gas, "--stats=json", file.to_str().unwrap()]);
            let enough = run("100");
            assert_eq!(out(&enough), "3\n", "{form} on {vm}: {}", err(&enough));
            let statistics: Value = serde_json::from_str(&err(&enough)).unwrap();
            assert_eq!(statistics["gas_used"], 18, "{form} on {vm}");
            assert!(
                err(&run("17")).contains("Out of gas: used 0 of 17, and what comes next needs 18"),
                "{form} on {vm}"
            );
        }
    }
    let written = harness(&["compile", "-e", "print(1)", "-o", file.to_str().unwrap()]);
    assert_eq!(code(&written), 0, "{}", err(&written));
    let refused = harness(&["run", "--gas", "100", file.to_str().unwrap()]);
    assert!(err(&refused).contains("compile it with --gas"), "{}", err(&refused));
}
