#![allow(missing_docs)]
fn main() {
    let mut arguments = std::env::args().skip(1);
    let seed: u64 = arguments.next().unwrap().parse().unwrap();
    let count: u64 = arguments.next().unwrap().parse().unwrap();
    let mut summary = engine::random::Summary::default();
    let checker = match std::env::args().nth(3) { Some(x) if x == "stack" => engine::random::Checker::only("stack"), _ => engine::random::Checker::new() };
    let begun = std::time::Instant::now();
    let mut messages = std::collections::BTreeMap::<String, usize>::new();
    for seed in seed..seed + count {
        let text = engine::random::program(seed).to_program();
        if count == 1 { println!("{text}"); }
        let verdict = checker.check(&text, seed);
        summary.count(&verdict);
        match &verdict {
            engine::random::Verdict::Invalid(reason) => println!("{seed}: {reason}\n{text}"),
            engine::random::Verdict::Disagree(_) if summary.disagreements <= 25 => {
                let small = engine::random::shrink(engine::random::program(seed), 3000, |p| matches!(checker.check(&p.to_program(), seed), engine::random::Verdict::Disagree(_)));
                if let engine::random::Verdict::Disagree(d) = checker.check(&small.to_program(), seed) { println!("{seed}: {d}"); }
            }
            engine::random::Verdict::Agree(o) => { if let Err(f) = &o.result { *messages.entry(f.message.chars().take(40).collect()).or_default() += 1; } }
            _ => {}
        }
    }
    println!("{summary:?} {:?}", begun.elapsed());
    let mut messages: Vec<_> = messages.into_iter().collect();
    messages.sort_by_key(|m| std::cmp::Reverse(m.1));
    for (m, n) in messages.iter().take(40) { println!("{n} {m}"); }
}
