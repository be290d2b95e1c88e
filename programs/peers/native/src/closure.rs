//! Calls two closures in a loop; each keeps its own running count.

use std::fmt::{self, Write};

fn make_counter(step: i64) -> impl FnMut() -> i64 {
    let mut count = 0;
    move || {
        count += step;
        count
    }
}

pub(crate) fn run(n: i64, output: &mut String) -> fmt::Result {
    let mut threes = make_counter(3);
    let mut fives = make_counter(5);
    let mut acc = 0;
    let mut i = 0;
    while i < n {
        acc = (acc + threes() + fives()) % 1_000_003;
        i += 1;
    }
    writeln!(output, "last {} {}", threes(), fives())?;
    writeln!(output, "closure {acc}")
}
