//! What native tiers do with a program: what they compile, how often native code is entered and left.

use engine::{Compiled, Configuration, Source, find_executor};
use runtime::RunOptions;

/// Runs a program with low thresholds, compiling while it waits. Gives what it printed and what was done.
fn run(text: &str, change: impl Fn(&mut Configuration)) -> (String, jit::Statistics) {
    let compiled = Compiled::new(&Source::text("native.zx", text)).unwrap();
    let mut configuration = Configuration {
        jit_threshold: 20,
        jit_second_threshold: 100,
        jit_background: false,
        jit_reuse: false,
        ..Configuration::of("jit").unwrap()
    };
    change(&mut configuration);
    let prepared = find_executor(configuration.vm).unwrap().prepare(&compiled, &configuration).unwrap();
    let capture = engine::Capture::new();
    let options = RunOptions { output: capture.writer(), ..configuration.run_options() };
    let outcome = prepared.run(options);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    (String::from_utf8(capture.take()).unwrap(), prepared.native().unwrap())
}

fn exits(statistics: &jit::Statistics) -> u64 {
    statistics.exits.iter().filter(|((_, exit), _)| exit.cause != jit::Cause::Hot).map(|(_, taken)| taken).sum()
}

const SUMS: &str = "action sum(n) {\n let s = 0\n let i = 0\n while i < n { s += i i += 1 }\n return s\n}
let t = 0\nlet k = 0\nwhile k < 300 { t += sum(50) k += 1 }\nprint(t)\n";

#[test]
fn hot_functions_get_code_of_both_tiers() {
    let (output, statistics) = run(SUMS, |_| {});
    assert_eq!(output, "367500\n");
    // The loop of the function, the function, and the loop around its calls.
    assert_eq!(statistics.compilations, [3, 3]);
    assert_eq!((statistics.reused, exits(&statistics)), ([0, 0], 0));
    assert!(statistics.entered < 100, "{}", statistics.entered);
    let sum = &statistics.code[&1];
    assert_eq!(sum.tier, jit::Tier::Optimizing);
    assert!(sum.places.iter().filter_map(|&(_, place)| place).max() < Some(sum.instructions as u32));
}

#[test]
fn there_is_no_baseline_code_where_the_second_threshold_is_no_higher() {
    for second in [1, 20] {
        let (output, statistics) = run(SUMS, |configuration| configuration.jit_second_threshold = second);
        assert_eq!((output.as_str(), statistics.compilations), ("367500\n", [0, 2]));
    }
    let (_, statistics) = run(SUMS, |configuration| configuration.jit_second_threshold = 21);
    assert_eq!(statistics.compilations, [3, 3]);
}

#[test]
fn code_is_made_once_for_the_same() {
    run(SUMS, |configuration| configuration.jit_reuse = true);
    let (output, statistics) = run(SUMS, |configuration| configuration.jit_reuse = true);
    assert_eq!(output, "367500\n");
    assert_eq!((statistics.compilations, statistics.reused), ([3, 3], [3, 3]));
    // A program that differs in a constant is another one.
    let (output, statistics) = run(&SUMS.replace("sum(50)", "sum(51)"), |configuration| configuration.jit_reuse = true);
    assert_eq!((output.as_str(), statistics.reused), ("382500\n", [2, 2]));
}

#[test]
fn code_that_meets_other_kinds_is_made_anew_and_not_left_all_the_time() {
    let text = "action least(list) {
  let best = list[0]
  for each x in list { if x < best { best = x } }
  return best
}
let k = 0
while k < 400 { least([3, 1, 2]) least([3, 1, 2]) k += 1 }
let texts = [\"c\", \"a\", \"b\"]
while k < 2000 { least([3, 1, 2]) least(texts) least([2.5, 1.5]) k += 1 }
print(least(texts), least([2, 1]), least([0.5, 1.5]))
";
    let (output, statistics) = run(text, |_| {});
    assert_eq!(output, "a 1 0.5\n");
    assert!((1..=10).contains(&statistics.recompilations), "{}", statistics.recompilations);
    assert!(exits(&statistics) < 120, "{:?}", statistics.exits);
}

#[test]
fn calls_that_take_a_step_stay_in_native_code() {
    let text = "entity P { x\n action area() { return this.x } }
entity Q { y\n action area() { return this.y * 2 } }
entity R extends Q { z\n action area() { return this.y + this.z } }
action total(n) {
  let s = 0
  let all = [P{x: 1}, Q{y: 2}, R{y: 1, z: 2}]
  let i = 0
  while i < n { s += all[i % 3].area() i += 1 }
  return s
}
print(total(30000))
";
    let (output, statistics) = run(text, |_| {});
    assert_eq!(output, "80000\n");
    assert!(statistics.entered < 3000, "{}", statistics.entered);
}

#[test]
fn loops_over_all_collections_stay_in_native_code() {
    let text = "let text = \"abcdef\" * 500\nlet map = {}
let i = 0\nwhile i < 3000 { map[\"k\" + i] = i i += 1 }
action visit(text, map, list) {
  let n = 0
  for each c in text { if c == \"c\" { n += 1 } }
  for each k, v in map { n += v }
  for each x in list { n += x }
  for each x in range(100) { n += x }
  return n
}
print(visit(text, map, [1, 2, 3]))
print(visit(text, map, [1.5, 2, true ? 3 : 4]))
";
    let (output, statistics) = run(text, |_| {});
    assert_eq!(output, "4503956\n4503956.5\n");
    assert!(statistics.entered < 60, "{}", statistics.entered);
}

#[test]
fn small_functions_take_the_place_of_their_calls() {
    let text = "entity Point { x: any action add(n) { return this.x + n } }
action half(n) { return n / 2 }
action both(n) { return half(n) + half(n + 1) }
action counter() { let n = 0 return (by) => { n = n + by return n } }
action drive(times) {
  let point = Point{x: 3}
  let count = counter()
  let total = 0
  let i = 0
  while i < times { total = total + both(i) + point.add(i) + count(1) i += 1 }
  return total
}
let k = 0
while k < 200 { drive(10) k += 1 }
print(drive(10))
";
    let (output, statistics) = run(text, |_| {});
    assert_eq!(output, "175\n");
    assert_eq!(exits(&statistics), 0, "{:?}", statistics.exits);
    let mut spliced: Vec<usize> =
        statistics.code.values().map(|made| made.spliced).filter(|&spliced| spliced > 1).collect();
    spliced.sort_unstable();
    // `both` has two halves. In `drive` there are `both` with these, a method, a closure and what makes it; the loop at the top has `drive` and as much of that as fits.
    assert_eq!(spliced, [2, 5, 6]);
}

#[test]
fn functions_that_the_interpreter_would_run_anyway_stay_interpreted() {
    let text = "contract Counter {
  state count = 0
  action add(n) { this.count = this.count + n return this.count }
}
let counter = Counter()
action work(n) {
  let s = 0
  let i = 0
  while i < n { s += i * 3 % 7 i += 1 }
  return s
}
let i = 0
let sum = 0
while i < 400 { sum += counter.add(1) + work(20) i += 1 }
print(sum)
";
    let (output, statistics) = run(text, |_| {});
    let (all_output, all) = run(text, |configuration| configuration.set("without", "selection").unwrap());
    assert_eq!(output, all_output);
    let given_up: Vec<&str> = statistics.given_up.iter().map(|(_, why)| why.as_str()).collect();
    // Not what changes the state, nor the loop that calls it and does little else: its native code would be left at that call each time.
    assert_eq!(given_up.len(), 2, "{given_up:?}");
    assert!(given_up.iter().all(|why| why.starts_with("the interpreter would run ")), "{given_up:?}");
    assert!(all.given_up.is_empty(), "{:?}", all.given_up);
    assert_eq!(all.code.len(), statistics.code.len() + 2);
    assert_eq!(statistics.code.len(), 1, "the loop of numbers is compiled");
}

#[test]
fn a_loop_with_a_call_that_leaves_it_is_compiled_for_enough_besides() {
    // In each iteration native code is left at the call and entered again behind it.
    let text = |before: &str, behind: &str| {
        format!(
            "contract Counter {{
  state count = 0
  action add(n) {{ this.count = this.count + n return this.count }}
}}
let counter = Counter()
action work(n) {{
  let s = 0
  let i = 0
  while i < n {{
    {before}
    s += counter.add(1)
    {behind}
    i += 1
  }}
  return s
}}
print(work(900), work(900))
"
        )
    };
    let numbers = "s = s * 3 % 1000 + i s = s * 7 % 1000 - i s = s * 5 % 1000 + i s = s * 11 % 1000 - i";
    let given_up = |text: &str| {
        let (output, statistics) = run(text, |_| {});
        let (all_output, _) = run(text, |configuration| configuration.set("without", "selection").unwrap());
        assert_eq!(output, all_output);
        statistics.given_up.len()
    };
    assert_eq!(given_up(&text(numbers, "")), 1, "the action alone");
    assert_eq!(given_up(&text("", numbers)), 1, "the action alone");
    assert_eq!(given_up(&text("", "")), 2, "the loop too");
}

#[test]
fn members_of_several_types_are_found_in_native_code() {
    // The interpreter would run every access there, were they not found by a table.
    let text = "entity P { x\n action area() { return this.x } }
entity Q { w\n x\n action area() { return this.x * 2 } }
entity R { v\n w\n x\n action area() { return this.x + this.w } }
action total(all, n) {
  let s = 0
  let i = 0
  while i < n { let shape = all[i % 3] shape.x = shape.x + 1 s += shape.x i += 1 }
  return s
}
let all = [P{x: 1}, Q{w: 0, x: 2}, R{v: 0, w: 0, x: 3}]
print(total(all, 3000), all[0].x, all[1].x, all[2].x)
";
    let (output, statistics) = run(text, |_| {});
    assert_eq!(output, "1507500 1001 1002 1003\n");
    assert!(statistics.given_up.is_empty(), "{:?}", statistics.given_up);
    assert_eq!(exits(&statistics), 0, "{:?}", statistics.exits);
    let (without, _) = run(text, |configuration| configuration.set("without", "inline-caches").unwrap());
    assert_eq!(without, output);
}

#[test]
fn a_loop_that_runs_once_is_compiled_alone() {
    let text = "let a = 1
let b = a + 2
print(a * b, a - b, a / b, a % b)
let i = 0
let s = 0
while i < 3000 { s += i i += 1 }
print(s, \"between\")
let k = 0
while k < 3000 { s -= k if s < 0 { throw \"less than nothing\" } k += 1 }
print(s, a, b, a + b, a * b)
";
    let (output, statistics) = run(text, |_| {});
    assert_eq!(output, "3 -2 0 1\n4498500 between\n0 1 3 4 3\n");
    assert_eq!(statistics.compilations, [2, 2], "two loops by two tiers");
    // Neither loop has more than a dozen instructions; the program has many more.
    assert!(statistics.instructions.iter().sum::<u64>() < 48, "{:?}", statistics.instructions);
    assert_eq!(exits(&statistics), 0, "{:?}", statistics.exits);
}

#[test]
fn elements_that_lists_do_not_have_are_no_reason_to_leave() {
    let text = "action first(list) { let n = 0 for each at in range(4) { n += list[at] ?? 10 } return n }
let s = 0
let i = 0
while i < 2000 { s += first([1, 2]) + first([1, 2, 3, 4]) i += 1 }
print(s)
";
    let (output, statistics) = run(text, |_| {});
    assert_eq!(output, "66000\n");
    assert_eq!(statistics.recompilations, 0, "{:?}", statistics.exits);
    assert!(exits(&statistics) < 20, "{:?}", statistics.exits);
}

#[test]
fn code_is_not_made_anew_for_what_happens_seldom() {
    let text = "action step(x) { return x + 1 }
let s = 0
let i = 0
while i < 20000 { s = step(i % 2000 == 1999 ? 0.5 : i) i += 1 }
print(s)
";
    let usual = engine::Configuration::of("jit").unwrap().jit_threshold;
    let (output, statistics) = run(text, |configuration| configuration.jit_threshold = usual);
    assert_eq!(output, "1.5\n");
    assert_eq!(statistics.recompilations, 0, "{:?}", statistics.exits);
    // Who compiles early also gives up early what was believed.
    let (output, statistics) = run(text, |_| {});
    assert_eq!((output.as_str(), statistics.recompilations > 0), ("1.5\n", true), "{:?}", statistics.exits);
}

#[test]
fn a_loop_that_begins_behind_its_jump_is_compiled_within_its_caller() {
    let text = "action f() { while (1) { return } }\nlet i = 0\nwhile i < 500 { f() i += 1 }\nprint(i)\n";
    let (output, statistics) = run(text, |configuration| {
        configuration.set("opt", "3").unwrap();
        configuration.set("registers", "20").unwrap();
        configuration.set("without", "fuse-branches,split-webs,loop-elements,retarget,cache-results").unwrap();
    });
    assert_eq!((output.as_str(), statistics.given_up), ("500\n", Vec::new()));
}

#[test]
fn loops_check_before_they_begin_that_indices_stay_within_lists() {
    let text = "action find(xs, wanted, top) {
  let i = 0
  while i < top {
    if xs[i] == wanted { return i }
    i += 1
  }
  return -1
}
let xs = [5, 6, 7, 8, 9]
let k = 0
let s = 0
while k < 2000 { s += find(xs, 9, TOP) k += 1 }
print(s)
";
    let by_range = |statistics: &jit::Statistics| -> u64 {
        statistics.exits.iter().filter(|((_, exit), _)| exit.cause == jit::Cause::Range).map(|(_, taken)| taken).sum()
    };
    let (output, statistics) = run(&text.replace("TOP", "5"), |_| {});
    assert_eq!((output.as_str(), by_range(&statistics), statistics.recompilations), ("8000\n", 0, 0));
    // The loop is left before the index leaves the list, so it is compiled again to look at each index.
    let (output, statistics) = run(&text.replace("TOP", "50"), |_| {});
    assert_eq!((output.as_str(), statistics.recompilations), ("8000\n", 1));
    assert!((1..100).contains(&by_range(&statistics)), "{:?}", statistics.exits);
    let (_, statistics) =
        run(&text.replace("TOP", "50"), |configuration| configuration.set("without", "index-ranges").unwrap());
    assert_eq!((by_range(&statistics), statistics.recompilations), (0, 0));
}
