//! Builds words letter by letter, joins them, then counts the characters.

use std::collections::HashMap;
use std::fmt::{self, Write};

const LETTERS: &[u8; 26] = b"abcdefghijklmnopqrstuvwxyz";

fn build_text(count: i64) -> String {
    let mut words = Vec::new();
    let mut seed = 42_i64;
    for i in 0..count {
        let mut word = String::new();
        for _ in 0..3 + i % 6 {
            seed = (seed * 3877 + 29573) % 139_968;
            word.push(char::from(LETTERS[(seed * 26 / 139_968) as usize]));
        }
        words.push(word);
    }
    words.join(" ")
}

fn count_characters(text: &str) -> HashMap<char, i64> {
    let mut counts = HashMap::new();
    for c in text.chars() {
        *counts.entry(c).or_insert(0) += 1;
    }
    counts
}

pub(crate) fn run(n: i64, output: &mut String) -> fmt::Result {
    let text = build_text(n);
    let counts = count_characters(&text);
    let count = |c| counts.get(&c).copied().unwrap_or(0);
    let mut checksum = 0;
    for (weight, &letter) in (1..).zip(LETTERS) {
        checksum += weight * count(char::from(letter));
    }
    writeln!(output, "characters {}", text.chars().count())?;
    writeln!(output, "spaces {}", count(' '))?;
    writeln!(output, "checksum {checksum}")?;
    writeln!(output, "starts {}", text.chars().take(24).collect::<String>())
}
