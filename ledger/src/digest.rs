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

/// Most bytes for which [`sha256_short`] needs no more than its two blocks.
const SHORT: usize = 2 * 64 - 9;

/// SHA-256 of `first` and what follows it. What trees are made of is short, and there hashing itself takes little more time than the
/// general way of feeding it; so the one or two blocks are laid out here, with the padding of FIPS 180-4, section 5.1.1.
#[inline]
pub(crate) fn sha256_short(first: u8, rest: &[u8]) -> Digest {
    /// FIPS 180-4, section 5.3.3.
    const INITIAL: [u32; 8] =
        [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];
    let len = rest.len() + 1;
    if len > SHORT {
        return sha2::Sha256::new().chain_update([first]).chain_update(rest).finalize().into();
    }
    let mut blocks = [[0; 64]; 2];
    let bytes = blocks.as_flattened_mut();
    bytes[0] = first;
    bytes[1..len].copy_from_slice(rest);
    bytes[len] = 0x80;
    let count = if len <= SHORT - 64 { 1 } else { 2 };
    bytes[count * 64 - 8..count * 64].copy_from_slice(&(8 * len as u64).to_be_bytes());
    let mut state = INITIAL;
    sha2::block_api::compress256(&mut state, &blocks[..count]);
    let mut digest = [0; 32];
    for (bytes, word) in digest.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    digest
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_messages_are_hashed_like_all_others() {
        let message: Vec<u8> = (0..200_u8).map(|at| at.wrapping_mul(37)).collect();
        for len in 1..message.len() {
            assert_eq!(sha256_short(message[0], &message[1..len]), sha256(&message[..len]), "{len} bytes");
        }
    }
}
