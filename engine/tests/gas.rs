//! Gas is the same on every engine, at every level and at every limit, and is what the instructions cost that a program comes to.

use std::collections::HashMap;
use std::path::Path;

use engine::{Capture, Compiled, Configuration, Failure, LedgerOutcome, Outcome, Returned, Source, find_executor};
use isa::StackOp;
use runtime::{ErrorKind, RunOptions};

/// What a run shows to the outside.
#[derive(Debug, PartialEq)]
struct Shown {
    output: String,
    result: Result<Returned, Failure>,
    gas_used: Option<u64>,
    /// Root of the state and events.
    ledger: Option<Box<LedgerOutcome>>,
}

fn run(compiled: &Compiled, configuration: &Configuration) -> Shown {
    let executor = find_executor(configuration.vm).unwrap();
    let prepared = executor.prepare(compiled, configuration).unwrap_or_else(|error| panic!("{configuration}: {error}"));
    let capture = Capture::new();
    let Outcome { result, gas_used, ledger, .. } =
        prepared.run(RunOptions { output: capture.writer(), ..configuration.run_options() });
    Shown { output: String::from_utf8(capture.take()).unwrap(), result, gas_used, ledger }
}

/// The oracle, then both machines on code as it was compiled and on optimized code, and hybrid code.
fn configurations(gas: &str) -> Vec<Configuration> {
    let options: [&[(&str, &str)]; 12] = [
        &[("vm", "ast")],
        &[("vm", "stack"), ("opt", "0")],
        &[("vm", "stack"), ("opt", "2")],
        &[("vm", "stack"), ("opt", "3"), ("superinstructions", "on")],
        &[("vm", "register"), ("opt", "0")],
        &[("vm", "register"), ("opt", "2")],
        &[("vm", "register"), ("opt", "3"), ("registers", "8"), ("allocator", "second-chance"), ("dispatch", "match")],
        &[("vm", "register"), ("fuel", "1000000")],
        &[("vm", "hybrid"), ("policy", "arithmetic")],
        &[("vm", "jit"), ("jit", "baseline"), ("jit-threshold", "1"), ("without", "selection")],
        &[("vm", "jit"), ("jit", "optimizing"), ("jit-threshold", "2")],
        &[("vm", "jit"), ("jit-threshold", "1"), ("jit-second-threshold", "2"), ("fuel", "1000000"), ("opt", "3")],
    ];
    let all = options.into_iter().map(|options| {
        let mut configuration = Configuration::default();
        for (axis, value) in options.iter().chain([&("gas", gas)]) {
            configuration.set(axis, value).unwrap();
        }
        configuration
    });
    all.collect()
}

fn compiled(name: &str, text: &str) -> Compiled {
    Compiled::new(&Source::text(name, text)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What all configurations show with so much gas.
fn assert_agree(name: &str, compiled: &Compiled, gas: &str) -> Shown {
    let mut expected = None;
    for configuration in configurations(gas) {
        let shown = run(compiled, &configuration);
        match &expected {
            Some(expected) => assert_eq!(&shown, expected, "{name} on {configuration}"),
            None => expected = Some(shown),
        }
    }
    expected.unwrap()
}

#[test]
fn cases_cost_the_same_everywhere() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut metered = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "zx") {
            continue;
        }
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Ok(compiled) = Compiled::new(&Source::file(&path).unwrap()) else { continue };
        let mut unmetered = Configuration::of("register").unwrap();
        unmetered.limits.gas = None;
        let plain = run(&compiled, &unmetered);
        let shown = assert_agree(&name, &compiled, "unlimited");
        let says_gas = std::fs::read_to_string(&path).unwrap().contains(".gas");
        if !says_gas {
            assert_eq!(
                (&plain.output, &plain.result),
                (&shown.output, &shown.result),
                "{name}: metering changes nothing else"
            );
        }
        // Out of gas half-way.
        let half = shown.gas_used.unwrap() / 2;
        assert_agree(&name, &compiled, &half.to_string());
        metered += 1;
    }
    assert!(metered > 100, "{metered} cases");
}

/// Small programs with every kind of region.
const SMALL: &[&str] = &[
    "print(1 + 2)",
    "let i = 0 while i < 3 { i = i + 1 } print(i)",
    "let i = 0 while i < 4 { i += 1 if i == 2 { continue } if i == 3 { break } print(i) }",
    "let n = 0 while true { n += 1 if n > 2 { break } } print(n)",
    "let a = 1 let b = null while a < 3 && b == null || a == 3 { a += 1 } print(a)",
    "for each x in [1, 2, 3] { if x == 2 { continue } print(x) }",
    "for each k, v in {a: 1, b: 2} { print(k, v) }",
    "for each x in range(1, 6, 2) { print(x) }",
    "action f(n) { if n < 2 { return n } return f(n - 1) + f(n - 2) } print(f(4))",
    "action f(a, b = a + 1, c = b ?? 2) { return a + b + c } print(f(1), f(1, 2), f(1, null, 3))",
    "print(true && false, null ?? 3, 1 > 2 ? \"a\" : \"b\", (1 < 2 && 2 < 3) || false)",
    "action f(x) { return match x { 1 => \"one\", 2 => { return \"two\" } _ => \"many\" } } print(f(1), f(2), f(3))",
    "try { print(1) throw \"a\" print(2) } catch (e) { print(e) } print(3)",
    "action f() { try { return 1 / 0 } finally { print(\"f\") } } try { f() } catch (e) { print(e) }",
    "action f() { defer { print(\"d\") } for each x in [1, 2] { if x == 2 { return x } } } print(f())",
    "action g(x) { require(x > 1, \"small\") return x } try { print(g(2) + g(1) + g(3)) } catch (e) { print(e) }",
    "action f(n) { if n == 0 { throw \"deep\" } return 1 + f(n - 1) * 2 } try { print(f(3) + 1) } catch (e) { print(e) } print(1)",
    "let i = 0 while i < 3 { i += 1 try { if i == 2 { continue } if i == 3 { break } print(i) } finally { print(\"f\") } }",
    "entity P { x: int = 1 + 1, y: int action sum() { return this.x + this.y } } print(P{y: 3}.sum())",
    "let l = [3, 1, 2] print(l.map(x => x + 1), l.contains(2), range(3), l.slice(0, 2))",
    "contract C { state n = 0 action add(x) { require(x > 0, \"no\") this.n = this.n + x emit Added(x) return this.n } } \
     let c = C() print(c.add(2)) try { c.add(0) } catch (e) { print(e) } print(c.n)",
    "let x = 5 let y = x > 3 && x != 4 if (y) { print(\"y\") } elif (x == 1) { print(1) } else { print(2) } print(TX.gas == null)",
    // Operations that are builtins by name cost the same either way.
    "tx { state_write(\"k\", {m: 0}) } print(state_read(\"k\"), ledger_append({m: 0}))",
    "contract C { state s = {m: 0} action put() { state_write(0, s) ledger_append(s) return s.keys() } } print(C().put())",
    "let f = hash_block print(f([1, 2], null) == hash_block([1, 2], null), merkle_root([\"a\", \"b\"]))",
    "let c = 0 let f = x => { c = c + x return c } f(1) f(2) print(c)",
    "print(\"a${1 + 1}b${[1][5] ?? 2}\")",
    // Who waits has paid for what comes after, and gets it back where the wait ends in an error.
    "async action f(n) { await sleep(0) return n * 2 } let a = f(1) let b = spawn f(2) print(await a + await b)",
    "async action f(n) { await null if n == 1 { throw \"one\" } await sleep(1) return 1 / (n - 2) } \
     for each n in [0, 1, 2] { try { print(await f(n) + 1) } catch (e) { print(e) } }",
    "async action f(n) { if n == 0 { await sleep(0) throw \"deep\" } return 1 + await f(n - 1) * 2 } \
     try { print(await f(2) + 1) } catch (e) { print(e) } print(1)",
    "action g(x) { require(x > 1, \"small\") return x * 2 } let t = [1, 2].map(x => spawn g(x)) \
     for each x in t { try { print(1 + await x) } catch (e) { print(e) } }",
    "let l = [] let p = spawn l.push(1) let q = spawn len([1, 2]) let r = spawn int(\"x\") \
     try { print(await q, await p, l, await r) } catch (e) { print(e) }",
    "async action f(t) { return 1 + await t } let a = null a = spawn f(spawn f(2)) \
     async action stuck() { try { return await inner() } finally { print(\"left\") } } \
     let l = [] async action inner() { await sleep(0) return await l[0] } l.push(stuck()) \
     try { print(await l[0]) } catch (e) { print(e) } print(await a)",
    "action f() { try { await sleep(0) defer { print(\"d\") } throw 1 } finally { print(\"f\") } } \
     async action g() { f() } let t = g() print(0) try { await t } catch (e) { print(e) }",
    "contract C { state n = 0 action set(x) { this.n = x require(x < 2, \"large\") return x } } let c = C() \
     let a = spawn c.set(1) let b = spawn c.set(2) print(await a) try { await b } catch (e) { print(e, c.n) } \
     let w = spawn c.set(0) tx { try { await w } catch (e) { print(e) } } print(await w)",
    "let x = 1 watch x => { print(\"x\", x) if x > 2 { throw \"much\" } } x = 2 try { x = 3 } catch (e) { print(e) } print(x)",
    "async action f() { await sleep(0) throw \"alone\" } f() print(1)",
    // A name that has no value is called, in parentheses: the error is at the name.
    "try { q; let v = 0; action f() { let r = (v()) } } finally { f() }",
    "try { q; let v = 0; action f() { return 1 + (v(2)) + (v)() } } catch (e) { try { f() } catch (e) { print(e) } v = x => { return x } print((v(3)), (v)(4)) }",
    // What the variable of a loop holds when an iteration cannot be paid for.
    "action f(x) { return x } action g() { try { for each i in range(3) { \"abc\".replace(\"a\", \"b\") f(i) } } catch (e) { try { f(e) return i } catch (e) { return e } } return 0 } print(g())",
    "action f(x) { return x } action g() { try { for each i in range(5, 0, -2) { \"abc\".replace(\"a\", \"b\") f(i) } } catch (e) { try { f(e) return i } catch (e) { return e } } return 0 } print(g())",
    "action f(x) { return x } action g() { try { for each i in range(3) { \"abc\".replace(\"a\", \"b\") f(i) i = i + 9 } } catch (e) { try { f(e) return i } catch (e) { return e } } return 0 } print(g())",
    "action f(x) { return x } action g() { try { for each i in range(3) { \"abc\".replace(\"a\", \"b\") let g = () => i f(g()) } } catch (e) { try { f(e) return i } catch (e) { return e } } return 0 } print(g())",
    "action f(x) { return x } action g() { try { for each i in [5, 6] { \"abc\".replace(\"a\", \"b\") f(i) } } catch (e) { try { f(e) return i } catch (e) { return e } } return 0 } print(g())",
    "action f(x) { return x } action g() { try { for each j, i in [5, 6] { \"abc\".replace(\"a\", \"b\") f(i) } } catch (e) { try { f(e) return i } catch (e) { return e } } return 0 } print(g())",
    "action f(x) { return x } action g() { try { for each j, i in {a: 1, b: 2} { \"abc\".replace(\"a\", \"b\") f(i) } } catch (e) { try { f(e) return i } catch (e) { return e } } return 0 } print(g())",
    "action f(x) { return x } action g() { try { for each i in \"xy\" { \"abc\".replace(\"a\", \"b\") f(i) } } catch (e) { try { f(e) return i } catch (e) { return e } } return 0 } print(g())",
];

#[test]
fn small_programs_agree_at_every_limit() {
    let mut runs = 0;
    for text in SMALL {
        let compiled = compiled("small.zx", text);
        let whole = assert_agree(text, &compiled, "unlimited");
        let total = whole.gas_used.unwrap();
        for limit in 0..total + 2 {
            let shown = assert_agree(text, &compiled, &limit.to_string());
            assert!(shown.gas_used.unwrap() <= limit, "{text} with {limit}");
            let is_out = matches!(&shown.result, Err(failure) if failure.kind == ErrorKind::Gas);
            let was_caught = shown.output.contains("Out of gas");
            // What an error cuts short has to be there before, so a program that fails may need more than it takes.
            if limit >= total && whole.result.is_ok() && !text.contains("catch") && !text.contains("TX.gas") {
                assert_eq!(shown, whole, "{text} with {limit}: what it needs is enough");
            }
            if limit < total {
                assert!(is_out || was_caught || shown.gas_used < Some(total), "{text} with {limit}: {shown:?}");
            }
            runs += configurations("off").len();
        }
    }
    println!("{runs} runs");
}

/// What the instructions cost that the stack machine runs of a program as it was compiled.
fn cost_of_instructions(compiled: &Compiled) -> u64 {
    let mut configuration = Configuration::of("stack").unwrap();
    configuration.set("opt", "0").unwrap();
    let prepared = find_executor("stack").unwrap().prepare(compiled, &configuration).unwrap();
    let tally = prepared.count(configuration.run_options()).instructions.unwrap();
    let costs: HashMap<&str, u64> = StackOp::ALL.iter().map(|op| (op.facts().mnemonic, op.facts().gas)).collect();
    tally.by_operation.iter().map(|&(name, count)| costs[name] * count).sum()
}

/// What all configurations show of a program, whose gas must be what its instructions cost.
fn assert_costs_its_instructions(text: &str) -> Shown {
    let compiled = compiled("exact.zx", text);
    let shown = assert_agree(text, &compiled, "unlimited");
    assert_eq!(shown.gas_used.unwrap(), cost_of_instructions(&compiled), "{text}");
    shown
}

#[test]
fn a_run_costs_what_its_instructions_do() {
    // Whatever is decided, repeated, or cut short by an error: what was come to is paid for, and nothing else.
    let exact = [
        "let i = 0 let s = 0 while i < 10 { i = i + 1 s = s + i * 2 } let t = s - 1",
        "let i = 0 while i < 10 { if i % 3 == 0 { i = i + 2 } else { i = i + 1 } let j = i }",
        "action f(n) { let r = n if n > 1 { r = f(n - 1) + f(n - 2) } return r } let x = f(9)",
        "let i = 0 let n = 0 while i < 9 { let j = 0 while j < i { j = j + 1 n = n + j } i = i + 1 } let m = n",
        "action f(n) { if n < 2 { return n } return f(n - 1) + f(n - 2) } let x = f(9)",
        "action f(x) { return 1 / x } let i = 3 let n = 0 while i > 0 { i = i - 1 n = n + f(i - 5) * 2 } let m = n",
    ];
    for text in exact {
        assert!(assert_costs_its_instructions(text).result.is_ok(), "{text}");
    }
    // An error that nobody catches: paid up to the instruction that raised it, in every call.
    let failing = [
        "let a = 1 let b = a + 2 let c = a / 0 let d = a + b let e = d * d",
        "action f(x) { let y = x * 2 let z = y / 0 return z + y * 3 } let q = 4 + f(3) * 5 let r = q + 1",
        "let i = 0 while i < 5 { i = i + 1 let q = 10 / (3 - i) let r = q * q }",
        "let l = [1, 2, 3] let i = 0 while i < 5 { i = i + 1 if i > 2 { let x = null + i let y = i * i } let z = i }",
    ];
    for text in failing {
        assert!(assert_costs_its_instructions(text).result.is_err(), "{text}");
    }
}

#[test]
fn builtins_cost_by_size() {
    let gas = |text: &str| assert_agree(text, &compiled("sizes.zx", text), "unlimited").gas_used.unwrap();
    let of_size = |call: &str, size: u32| gas(&format!("let l = range({size}) let m = \"a\".repeat({size}) {call}"));
    for call in
        ["l.contains(-1)", "l.reverse()", "sort(l)", "l.slice(0, 1)", "m.upper()", "m.contains(\"b\")", "sha256(m)"]
    {
        let (small, large) = (of_size(call, 1000), of_size(call, 3000));
        let (small_base, large_base) = (of_size("", 1000), of_size("", 3000));
        assert!(large - large_base > small - small_base, "{call}");
    }
    // What is hashed or kept costs by its bytes, however it lies.
    for call in ["hash_block([m])", "merkle_root([m])", "tx { state_write(1, [m]) }", "ledger_append({k: m})"] {
        let (small, large) = (of_size(call, 1000), of_size(call, 3000));
        let grown = (large - of_size("", 3000)) - (small - of_size("", 1000));
        assert_eq!(grown, 2000 / 8, "{call}");
    }
    // Maps in the state too.
    let of_state = |call: &str, size: u32| {
        gas(&format!(
            "contract C {{ state m = {{}} action fill() {{ for each i in range({size}) {{ m[i] = i }} }} action f() {{ {call} }} }} \
             let c = C() c.fill() c.f()"
        ))
    };
    for (call, each) in [("m.keys()", 1), ("m.has(1)", 0), ("m.len()", 0)] {
        let grown = (of_state(call, 90) - of_state("", 90)) - (of_state(call, 60) - of_state("", 60));
        assert_eq!(grown, 30 * each, "{call}");
    }
    for call in ["l.push(1)", "len(l)", "l.first()", "len(m)"] {
        assert_eq!(of_size(call, 3000) - of_size("", 3000), of_size(call, 1000) - of_size("", 1000), "{call}");
    }
}

#[test]
fn charging_by_hand() {
    let compiled = compiled(
        "charge.zx",
        "charge_gas(100) print(\"a\") try { charge_gas(-1) } catch (e) { print(e) } charge_gas(1000)",
    );
    let shown = assert_agree("charge", &compiled, "1000");
    assert_eq!(shown.result.unwrap_err().kind, ErrorKind::Gas);
    assert!(shown.output.starts_with("a\nType error: charge_gas()"), "{}", shown.output);
}

#[test]
fn running_out_undoes_a_call_of_a_contract() {
    let text = "contract C { state n = 0 action spin() { this.n = 7 while true { this.n = this.n + 1 } } action get() { return this.n } } \
                let c = C() try { c.spin() } catch (e) { print(\"caught\") } print(c.get())";
    let compiled = compiled("spin.zx", text);
    // What catches it needs gas too, and there is little left.
    let shown = assert_agree("spin", &compiled, "5000");
    assert!(shown.gas_used.unwrap() <= 5000);
    let message = match &shown.result {
        Err(failure) => failure.message.clone(),
        Ok(_) => shown.output.clone(),
    };
    assert!(message.contains("Out of gas") || message.contains('0'), "{message}");
}

#[test]
fn code_that_takes_no_gas_is_not_metered() {
    let unmetered = compiled("plain.zx", "print(1)");
    let code = isa::binary::write(unmetered.stack_code().unwrap());
    let loaded = Compiled::new(&Source::text("plain.zxc", code)).unwrap();
    let mut configuration = Configuration::of("stack").unwrap();
    configuration.set("gas", "100").unwrap();
    let refused = find_executor("stack").unwrap().prepare(&loaded, &configuration).map(|_| ()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "plain.zxc was compiled to code that takes no gas; give its source text, or compile it with --gas"
    );
    // Metered code is, wherever it comes from.
    let metered = unmetered.metered().unwrap();
    let loaded = Compiled::new(&Source::text("plain.zxc", isa::binary::write(&metered.code))).unwrap();
    for vm in ["stack", "register", "hybrid"] {
        configuration.set("vm", vm).unwrap();
        let shown = run(&loaded, &configuration);
        assert_eq!((shown.output.as_str(), shown.gas_used), ("1\n", run(&unmetered, &configuration).gas_used), "{vm}");
    }
}
