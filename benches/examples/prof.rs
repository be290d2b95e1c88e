use converter::{AllocatorKind, Options, convert, Statistics, large};
use isa::{StackCode, Verified};
use std::time::{Duration, Instant};
fn count(code: &StackCode) -> u64 { code.functions.iter().map(|f| f.code.len() as u64).sum() }
fn run(name: &str, codes: &[&Verified<StackCode>], options: Options, times: u32) {
    let n: u64 = codes.iter().map(|c| count(c)).sum();
    let mut best = Duration::MAX; let mut s = Statistics::default();
    for _ in 0..times {
        let t = Instant::now(); let mut sum = Statistics::default();
        for c in codes {
            match convert(c, options) { Ok((_, st)) => {
                sum.times.lift += st.times.lift; sum.times.clean_up += st.times.clean_up; sum.times.live += st.times.live; sum.times.allocate += st.times.allocate; sum.times.emit += st.times.emit; sum.times.verify += st.times.verify;
            } Err(e) => { println!("{name}: {e}"); return; } }
        }
        let e = t.elapsed(); if e < best { best = e; s = sum; }
    }
    let ns = |d: Duration| d.as_nanos() as f64 / n as f64;
    println!("{name:24} {n:8} instr {:7.2} M/s  ns/instr: lift {:.0} clean {:.0} live {:.0} alloc {:.0} emit {:.0} verify {:.0}", n as f64 / best.as_secs_f64() / 1e6, ns(s.times.lift), ns(s.times.clean_up), ns(s.times.live), ns(s.times.allocate), ns(s.times.emit), ns(s.times.verify));
}
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let registers: u16 = args.get(1).map_or(256, |a| a.parse().unwrap());
    let allocator = args.get(2).map_or(AllocatorKind::Linear, |a| AllocatorKind::from_name(a).unwrap());
    let times: u32 = args.get(3).map_or(30, |a| a.parse().unwrap());
    let options = Options { registers, allocator, ..Options::default() };
    let programs = benches::bundled();
    let codes: Vec<_> = programs.iter().map(|p| p.stack_code().unwrap()).collect();
    run("bundled", &codes, options, times);
    if args.get(4).is_some() { return; }
    for l in large::ALL { for size in [l.size, 10 * l.size] {
        let code = isa::verify::stack((l.make)(size)).unwrap();
        run(l.name, &[&code], options, 2);
    } }
}
