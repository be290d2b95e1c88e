//! Fibonacci numbers by naive double recursion.

use std::fmt::{self, Write};

fn fib(k: i64) -> i64 {
    if k < 2 {
        return k;
    }
    fib(k - 1) + fib(k - 2)
}

pub(crate) fn run(n: i64, output: &mut String) -> fmt::Result {
    writeln!(output, "fib {n} {}", fib(n))
}
