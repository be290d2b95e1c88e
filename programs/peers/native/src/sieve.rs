//! The sieve of Eratosthenes over a vector of booleans.

use std::fmt::{self, Write};

fn sieve(top: usize) -> Vec<bool> {
    let mut prime = vec![true; top + 1];
    let mut i = 2;
    while i * i <= top {
        if prime[i] {
            for j in (i * i..=top).step_by(i) {
                prime[j] = false;
            }
        }
        i += 1;
    }
    prime
}

pub(crate) fn run(n: i64, output: &mut String) -> fmt::Result {
    let prime = sieve(n as usize);
    let (mut count, mut sum, mut largest) = (0_i64, 0_i64, 0_i64);
    for i in 2..=n {
        if prime[i as usize] {
            count += 1;
            sum += i;
            largest = i;
        }
    }
    writeln!(output, "primes {count}")?;
    writeln!(output, "sum {sum}")?;
    writeln!(output, "largest {largest}")
}
