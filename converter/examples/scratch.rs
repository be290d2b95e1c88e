use converter::large::*;
use converter::*;
use std::time::Instant;
fn main() {
    let arg = |n: usize| std::env::args().nth(n).unwrap();
    let (which, n, r): (String, u32, u16) = (arg(1), arg(2).parse().unwrap(), arg(3).parse().unwrap());
    let m = match &which[..] {
        "loops" => loops_in_a_row(n),
        "branches" => branches_over_locals(n),
        "locals" => many_locals(n),
        "elseifs" => else_ifs(n),
        "handlers" => handlers_in_a_row(n),
        "nested" => handlers_nested(n),
        "deep" => deep_stack(n),
        "straight" => straight(n),
        "calls" => nested_calls(n),
        "long" => long_loops(n),
        "window" => wide_window(n),
        "nestedbranches" => nested_branches(n),
        _ => panic!(),
    };
    let code = isa::verify::stack(m).unwrap();
    for &allocator in AllocatorKind::ALL {
        let t = Instant::now();
        let (reg, _) = convert(&code, Options { registers: r, allocator, ..Options::default() }).unwrap();
        let a = t.elapsed();
        let t = Instant::now();
        check(&code, &reg).unwrap();
        println!("{which} {n} {r} {}: convert {:?} check {:?}", allocator.about().0, a, t.elapsed());
    }
}
