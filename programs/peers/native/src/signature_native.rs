//! Ed25519 signatures of two texts, one of which has not been signed.

use std::fmt::{self, Write};
use std::hint::black_box;

use ed25519_dalek::{Signature, VerifyingKey};

const KEY: &str = "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c";
const SIGNATURE: &str = "379f49e82c327458e67525d56ad9aed48a1589b68b86f9fc426076aadebd8838\
                         d3335fdbad00f87994a4d5d0e7bce34e5101973a59783345c9c6c40664862304";
const TEXTS: [&str; 2] = ["Genesis: 5 accounts, 50000 coins", "Genesis: 5 accounts, 90000 coins"];

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    (text.len() == 2 * N).then_some(bytes)
}

/// Whether it is this key's signature of this text. Both are read anew each time, as in the guest program.
fn verify(text: &str, signature: &str, key: &str) -> bool {
    let (Some(signature), Some(key)) = (bytes(signature), bytes(key)) else { return false };
    VerifyingKey::from_bytes(&key)
        .is_ok_and(|key| key.verify_strict(text.as_bytes(), &Signature::from_bytes(&signature)).is_ok())
}

pub(crate) fn run(n: i64, output: &mut String) -> fmt::Result {
    let mut good = 0;
    for i in 0..n {
        good += i64::from(verify(black_box(TEXTS[(i % 2) as usize]), SIGNATURE, KEY));
    }
    writeln!(output, "{n} signatures {good} good")
}
