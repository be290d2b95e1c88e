//! Digests of bytes.

use runtime::host::{Algorithm, Digest};
use sha2::Digest as _;

/// The digest of bytes.
#[inline]
pub fn digest(algorithm: Algorithm, bytes: &[u8]) -> Digest {
    match algorithm {
        Algorithm::Sha256 => sha256(bytes),
        Algorithm::Blake3 => *blake3::hash(bytes).as_bytes(),
        Algorithm::Keccak256 => sha3::Keccak256::digest(bytes).into(),
    }
}

/// SHA-256 (FIPS 180-4).
#[inline]
pub fn sha256(bytes: &[u8]) -> Digest {
    sha2::Sha256::digest(bytes).into()
}

/// A digest in lower-case hexadecimal.
pub fn hex(digest: &Digest) -> String {
    use std::fmt::Write;
    digest.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
