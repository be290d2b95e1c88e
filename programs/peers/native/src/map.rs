//! Fills a map with scattered integer keys, then looks up a second sequence of keys.

use std::collections::HashMap;
use std::fmt::{self, Write};

fn fill(count: i64) -> HashMap<i64, i64> {
    let mut table = HashMap::new();
    for i in 0..count {
        table.insert(i * 7919 % 1_000_003, i);
    }
    table
}

pub(crate) fn run(n: i64, output: &mut String) -> fmt::Result {
    let half = n / 2;
    let table = fill(half);
    let (mut hits, mut sum) = (0_i64, 0);
    for i in 0..half {
        if let Some(found) = table.get(&(i * 15838 % 1_000_003)) {
            hits += 1;
            sum += found;
        }
    }
    writeln!(output, "size {}", table.len())?;
    writeln!(output, "hits {hits}")?;
    writeln!(output, "sum {sum}")
}
