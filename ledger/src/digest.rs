//! Digests of bytes.

use runtime::host::{Algorithm, Digest};
use sha2::Digest as _;

/// The digest of bytes that lie in parts, to be taken one after the other.
#[inline]
pub fn digest(algorithm: Algorithm, parts: &[&[u8]]) -> Digest {
    match algorithm {
        Algorithm::Sha256 => sha256_of_parts(parts),
        Algorithm::Blake3 => blake3(parts),
        Algorithm::Keccak256 => keccak256(parts),
    }
}

// Not inlined: what these need on the native stack, others would have to make room for.

/// Lengths at which bytes in parts are joined before BLAKE3 takes them. It hashes chunks of 1,024 bytes beside each other, as many as lie together from a multiple of that many
/// chunks on; a short part in front leaves it the first chunk alone, then one, then two. For 4,096 bytes that takes twice the time, for 64 times as much it is lost among the rest.
const JOINED: std::ops::RangeInclusive<usize> = 1025..=256 * 1024;

#[inline(never)]
fn blake3(parts: &[&[u8]]) -> Digest {
    let len: usize = parts.iter().map(|part| part.len()).sum();
    let hash = match parts {
        [bytes] => blake3::hash(bytes),
        _ if JOINED.contains(&len) => blake3::hash(&parts.concat()),
        _ => parts.iter().fold(&mut blake3::Hasher::new(), |hasher, part| hasher.update(part)).finalize(),
    };
    *hash.as_bytes()
}

#[inline(never)]
fn keccak256(parts: &[&[u8]]) -> Digest {
    parts.iter().fold(sha3::Keccak256::new(), |hasher, part| hasher.chain_update(part)).finalize().into()
}

/// SHA-256 (FIPS 180-4).
#[inline]
pub fn sha256(bytes: &[u8]) -> Digest {
    sha256_of_parts(&[bytes])
}

/// SHA-256 of `first` and what follows it.
#[inline]
pub(crate) fn sha256_short(first: u8, rest: &[u8]) -> Digest {
    sha256_of_parts(&[&[first], rest])
}

/// Most bytes that fit two blocks with their padding.
const SHORT: usize = 2 * 64 - 9;

/// SHA-256 of bytes that lie in parts. What trees are made of and what programs hash is mostly short, and there hashing itself takes little more time than the
/// general way of feeding it; so the one or two blocks are laid out here, with the padding of FIPS 180-4, section 5.1.1.
#[inline]
fn sha256_of_parts(parts: &[&[u8]]) -> Digest {
    /// FIPS 180-4, section 5.3.3.
    const INITIAL: [u32; 8] =
        [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];
    let len: usize = parts.iter().map(|part| part.len()).sum();
    if len > SHORT {
        return sha256_long(parts);
    }
    let mut blocks = [[0; 64]; 2];
    let bytes = blocks.as_flattened_mut();
    let mut at = 0;
    for part in parts {
        bytes[at..at + part.len()].copy_from_slice(part);
        at += part.len();
    }
    bytes[len] = 0x80;
    let count = if len <= SHORT - 64 { 1 } else { 2 };
    bytes[count * 64 - 8..count * 64].copy_from_slice(&(8 * len as u64).to_be_bytes());
    let mut state = INITIAL;
    sha2::block_api::compress256(&mut state, &blocks[..count]);
    // By two words, as they are likely to be read.
    let mut digest = [0; 32];
    for (bytes, &[first, second]) in digest.as_chunks_mut::<8>().0.iter_mut().zip(state.as_chunks::<2>().0) {
        *bytes = (u64::from(first) << 32 | u64::from(second)).to_be_bytes();
    }
    digest
}

#[inline(never)]
fn sha256_long(parts: &[&[u8]]) -> Digest {
    parts.iter().fold(sha2::Sha256::new(), |hasher, part| hasher.chain_update(part)).finalize().into()
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
        assert_eq!(sha256(&[]), Digest::from(sha2::Sha256::digest([])));
        for len in 1..message.len() {
            let expected: Digest = sha2::Sha256::digest(&message[..len]).into();
            assert_eq!(sha256_short(message[0], &message[1..len]), expected, "{len} bytes");
            assert_eq!(sha256(&message[..len]), expected, "{len} bytes");
        }
    }

    #[test]
    fn it_does_not_matter_how_bytes_are_divided() {
        let message: Vec<u8> = (0..300_000_u32).map(|at| at.wrapping_mul(37) as u8).collect();
        for len in [0, 1, 66, 119, 120, 200, 1024, 1025, 5000, 300_000] {
            let whole = &message[..len];
            for at in [0, len / 3, len] {
                let parts = [&whole[..at], &whole[at..], &[]];
                for algorithm in Algorithm::ALL {
                    assert_eq!(digest(algorithm, &parts), digest(algorithm, &[whole]), "{algorithm:?}, {at} of {len}");
                }
            }
        }
    }
}
