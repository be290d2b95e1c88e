//! Merkle trees over lists, as Certificate Transparency has them ([RFC 9162](https://www.rfc-editor.org/rfc/rfc9162), section 2.1).
//!
//! | | hash |
//! | --- | --- |
//! | no leaves | `SHA-256("")` |
//! | a leaf | `SHA-256(00 ‖ its bytes)` |
//! | a node | `SHA-256(01 ‖ left ‖ right)` |
//!
//! Leaves and nodes are hashed in separate domains, so no leaf can pass for a node. Level by level, neighbours are joined in pairs; the last of
//! an odd number goes up as it is. It is not joined with itself, so `root(a, b, c)` and `root(a, b, c, c)` differ. That is the tree
//! of the RFC, which splits `n` leaves at the largest power of two below `n`.

use rayon::prelude::*;
use runtime::host::{Digest, Leaves};

use crate::digest::{sha256, sha256_short};

/// From how many leaves on all cores take part. Measured on two cores (`benches/ledger.rs`): with 1024 leaves that takes longer, with 2048 it makes
/// no difference, with 4096 it takes a fifth less time, with 100,000 nearly half.
pub const PARALLEL_FROM: usize = 4096;

/// Leaves, or pairs of nodes, that one core hashes at a time.
const PIECE: usize = 512;

/// The root without leaves.
pub fn empty() -> Digest {
    sha256(&[])
}

/// Hash of a leaf.
pub fn leaf_hash(leaf: &[u8]) -> Digest {
    sha256_short(0, leaf)
}

/// Hash of a node.
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    sha256_short(1, [*left, *right].as_flattened())
}

/// The root of the tree over these leaves; on all cores where that pays.
pub fn root(leaves: &Leaves) -> Digest {
    root_with(leaves, leaves.len() >= PARALLEL_FROM)
}

/// The root of the tree over these leaves, on all cores or on one.
pub fn root_with(leaves: &Leaves, parallel: bool) -> Digest {
    let hashes = leaf_hashes(leaves, parallel);
    root_of_hashes(hashes, parallel)
}

fn leaf_hashes(leaves: &Leaves, parallel: bool) -> Vec<Digest> {
    let hash = |index| leaf_hash(leaves.get(index));
    match parallel {
        true => (0..leaves.len()).into_par_iter().with_min_len(PIECE).map(hash).collect(),
        false => (0..leaves.len()).map(hash).collect(),
    }
}

fn join(pair: &[Digest]) -> Digest {
    match pair {
        [left, right] => node_hash(left, right),
        // The last of an odd number.
        promoted => promoted.first().copied().unwrap_or_default(),
    }
}

fn next_level(level: &[Digest], parallel: bool) -> Vec<Digest> {
    match parallel && level.len() >= PARALLEL_FROM {
        true => level.par_chunks(2).with_min_len(PIECE).map(join).collect(),
        false => level.chunks(2).map(join).collect(),
    }
}

fn root_of_hashes(mut level: Vec<Digest>, parallel: bool) -> Digest {
    while level.len() > 1 {
        level = next_level(&level, parallel);
    }
    level.first().copied().unwrap_or_else(empty)
}

/// That a leaf is in a tree: the hashes its own is joined with on the way to the root (RFC 9162, section 2.1.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The leaf's number.
    pub index: usize,
    /// How many leaves the tree has.
    pub size: usize,
    /// The hashes, the leaf's neighbour first.
    pub path: Vec<Digest>,
}

/// The proof that leaf `index` is in the tree over these leaves; none if there is no such leaf.
pub fn prove(leaves: &Leaves, index: usize) -> Option<Proof> {
    if index >= leaves.len() {
        return None;
    }
    let parallel = leaves.len() >= PARALLEL_FROM;
    let mut level = leaf_hashes(leaves, parallel);
    let (mut at, mut path) = (index, Vec::new());
    while level.len() > 1 {
        path.extend(level.get(at ^ 1));
        level = next_level(&level, parallel);
        at /= 2;
    }
    Some(Proof { index, size: leaves.len(), path })
}

impl Proof {
    /// Whether it proves that `leaf` is in the tree with this root.
    pub fn check(&self, leaf: &[u8], root: &Digest) -> bool {
        if self.index >= self.size {
            return false;
        }
        let mut path = self.path.iter();
        let (mut hash, mut at, mut last) = (leaf_hash(leaf), self.index, self.size - 1);
        while last > 0 {
            // The last of an odd number goes up as it is.
            if at % 2 == 1 || at < last {
                let Some(neighbour) = path.next() else { return false };
                hash = if at % 2 == 1 { node_hash(neighbour, &hash) } else { node_hash(&hash, neighbour) };
            }
            at /= 2;
            last /= 2;
        }
        path.next().is_none() && hash == *root
    }
}
