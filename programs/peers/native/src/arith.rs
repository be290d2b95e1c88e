//! A chain of integer arithmetic in one loop.

use std::fmt::{self, Write};

fn churn(steps: i64) -> i64 {
    let mut acc = 1;
    let mut i = 0;
    while i < steps {
        acc = (acc * 3 + i - i % 7) % 1_000_003;
        i += 1;
    }
    acc
}

pub(crate) fn run(n: i64, output: &mut String) -> fmt::Result {
    writeln!(output, "arith {n} {}", churn(n))
}
