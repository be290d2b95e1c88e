//! Digests of the hexadecimal texts of digests.

use std::fmt::{self, Write};

use sha2::{Digest, Sha256};

/// The digest of a text, as a text in the same buffer.
fn hash(text: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digest = Sha256::digest(text.as_bytes());
    text.clear();
    for byte in digest {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

pub(crate) fn run(n: i64, output: &mut String) -> fmt::Result {
    let mut digest = String::new();
    hash(&mut digest);
    for _ in 0..n {
        hash(&mut digest);
    }
    writeln!(output, "{n} digests, the last is {digest}")
}
