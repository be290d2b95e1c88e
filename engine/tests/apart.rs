//! What helpers do for a run is what the run would have done: value, output, error and its place, fuel, gas.

use engine::{Capture, Compiled, Configuration, Failure, Returned, Source, find_executor};
use runtime::{Limits, RunOptions};

#[derive(Debug, PartialEq)]
struct Shown {
    output: String,
    result: Result<Returned, Failure>,
    fuel_used: Option<u64>,
    gas_used: Option<u64>,
}

fn run(compiled: &Compiled, vm: &str, workers: usize, limits: Limits) -> Shown {
    // Short lists are divided, too, so that every part is as small as can be.
    // And native code is made as soon as can be.
    let (jit_threshold, jit_second_threshold) = (2, 4);
    let usual = Configuration::of(vm).unwrap();
    let configuration =
        Configuration { workers, workers_from: 3, limits, jit_threshold, jit_second_threshold, ..usual };
    let prepared = find_executor(configuration.vm).unwrap().prepare(compiled, &configuration).unwrap();
    let capture = Capture::new();
    let outcome = prepared.run(RunOptions { output: capture.writer(), ..configuration.run_options() });
    let output = String::from_utf8(capture.take()).unwrap();
    Shown { output, result: outcome.result, fuel_used: outcome.fuel_used, gas_used: outcome.gas_used }
}

const PROGRAMS: &[&str] = &[
    "let k = 2\nlet by = 3\nprint(map([1, 2, 3, 4, 5, 6, 7], lambda(x) { return x * by + k }))\nprint(filter(range(9), lambda(x) { return x % 2 == 0 }))",
    "action fib(n) { if n < 2 { return n } return fib(n - 1) + fib(n - 2) }\nprint(map(range(12), fib))",
    "action deep(n) { if n == 0 { return 0 } return 1 + deep(n - 1) }\nprint(map([3, 90, 5, 7], deep))\nprint(map([3, 5, 94, 7], deep))\nprint(map([3, 95, 5, 7], deep))",
    "action check(x) { require(x < 5, \"too much\") return x }\nprint(map(range(5), check))\nprint(map(range(9), check))",
    "let said = []\naction say(x) { said.push(x) print(x) return x }\nprint(map(range(6), say), said)",
    "print(map([1.5, 2.5, -0.0, 4.0], lambda(x) { return x / 2 }))\nprint(map([true, false, null, 3], lambda(x) { return x == true }))",
    "action squares(n) { return map(range(n), lambda(x) { return x * x }) }\naction total(n) { let s = 0 for each x in squares(n) { s = s + x } return s }\nprint(map(range(8), total))",
    "action spin(x) { let i = 0 while i < x * 10 { i += 1 } return i }\nlet s = 0\nfor each k in range(6) { for each v in map(range(k + 3), spin) { s += v } }\nprint(s)",
    "print(map([1, 2, 3, 4], lambda(x) { return [x] }))\nprint(map([\"a\", \"b\", \"c\"], lambda(x) { return x + \"!\" }))",
    "print(map([9223372036854775806, 9223372036854775807, 1], lambda(x) { return x + 1 }))",
    "action fib(n) { if n < 2 { return n } return fib(n - 1) + fib(n - 2) }\nlet tasks = []\nfor each n in range(12) { tasks.push(spawn fib(n)) }\nfor each task in tasks { print(await task) }",
    "action deep(n) { if n == 0 { return 0 } return 1 + deep(n - 1) }\nlet tasks = [spawn deep(3), spawn deep(94), spawn deep(95), spawn deep(96), spawn deep(97), spawn deep(2)]\nfor each task in tasks { try { print(await task) } catch (e) { print(e) } }",
    // What a task reads is what it finds when its turn comes.
    "let k = 1\naction times(x) { let s = 0 for each i in range(x) { s = s + k } return s }\naction next() { k = k + 1 return k }\nlet tasks = []\nfor each n in range(8) { tasks.push(spawn times(n)) if n % 3 == 2 { tasks.push(spawn next()) } }\nfor each task in tasks { print(await task) }",
    // The first that fails ends the run, whatever the others would have done.
    "action odd(n) { if n == 5 { throw \"five\" } return n }\nlet tasks = []\nfor each n in range(9) { tasks.push(spawn odd(n)) }\nprint(\"main\")",
    "action add(a, b = 7) { return a + b }\nprint(await spawn add(1), await spawn add(1, 2), await spawn add(1, 2, 3), await spawn add(\"x\"))",
];

#[test]
fn a_run_with_helpers_is_a_run_without() {
    for text in PROGRAMS {
        let compiled = Compiled::new(&Source::text("apart.zx", *text)).unwrap();
        let limited = |fuel, gas| Limits { max_depth: 97, fuel, gas, ..Limits::default() };
        let mut limits = vec![limited(None, None), limited(Some(1 << 40), None), limited(None, Some(1 << 40))];
        let whole = run(&compiled, "register", 1, limited(Some(1 << 40), Some(1 << 40)));
        // At every point where a run may end for want of something, of a number that is spread over all of it.
        let (fuel, gas) = (whole.fuel_used.unwrap(), whole.gas_used.unwrap());
        limits.extend((0..=fuel).step_by((fuel as usize / 40).max(1)).map(|fuel| limited(Some(fuel), None)));
        limits.extend((0..=gas).step_by((gas as usize / 40).max(1)).map(|gas| limited(None, Some(gas))));
        for limits in limits {
            let expected = run(&compiled, "ast", 1, limits);
            for (vm, workers) in
                [("stack", 1), ("stack", 2), ("register", 2), ("register", 5), ("hybrid", 3), ("jit", 1), ("jit", 3)]
            {
                let shown = run(&compiled, vm, workers, limits);
                assert_eq!(shown, expected, "--vm {vm} --workers {workers} {limits:?}\n{text}");
            }
        }
    }
}
