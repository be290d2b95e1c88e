//! The Merkle tree over the state: a binary trie whose root depends on what the state is and not on how it came about.
//!
//! Every location of the state has a *path* of 256 bits, the SHA-256 of the location's encoding, first bit highest. For a set of locations whose
//! paths agree in their first `d` bits:
//!
//! | locations | hash of the set at depth `d` |
//! | --- | --- |
//! | none | 32 zero bytes |
//! | one | `SHA-256(02 ‖ path ‖ SHA-256(value's encoding))` |
//! | more | `SHA-256(03 ‖ those whose bit d is 0, at d + 1 ‖ those whose bit d is 1, at d + 1)` |
//!
//! The state root is the hash of all locations at depth 0. A location's encoding is the list of the contract's address, the field's name and, for an
//! entry of a map, its key. A value's encoding is `[1, length]` for a field that is a map and `[0, value]` for everything else, in the
//! [canonical encoding](runtime::canonical) with sorted maps. So equal states have equal roots; in which order entries were inserted into maps the
//! ledger knows, and keeps, but it is not part of the root.
//!
//! The tree is kept, and a change hashes only the nodes above what has changed: some twenty for a change in a million locations. Its bytes begin with others than those of
//! [trees over lists](crate::merkle), so that a proof for one is none for the other.

use runtime::host::Digest;

use crate::digest::sha256_short;

/// From how many changes on the two halves of a subtree are updated in parallel.
const PARALLEL_FROM: usize = 256;

/// A location's new leaf, or its removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The location's path.
    pub path: Digest,
    /// SHA-256 of the value's encoding; none to remove the location.
    pub value: Option<Digest>,
}

#[derive(Debug)]
enum Node {
    Leaf { path: Digest, value: Digest, hash: Digest },
    Inner { hash: Digest, children: [Tree; 2] },
}

type Tree = Option<Box<Node>>;

/// The tree over a state.
#[derive(Debug, Default)]
pub struct StateTree {
    root: Tree,
}

fn leaf_hash(path: &Digest, value: &Digest) -> Digest {
    sha256_short(2, [*path, *value].as_flattened())
}

fn node_hash(children: [&Digest; 2]) -> Digest {
    sha256_short(3, children.map(|hash| *hash).as_flattened())
}

const EMPTY: Digest = [0; 32];

fn hash(tree: &Tree) -> &Digest {
    match tree.as_deref() {
        None => &EMPTY,
        Some(Node::Leaf { hash, .. } | Node::Inner { hash, .. }) => hash,
    }
}

/// Bit `depth` of a path.
fn bit(path: &Digest, depth: usize) -> usize {
    usize::from(path[depth / 8] >> (7 - depth % 8) & 1)
}

fn leaf(path: Digest, value: Digest) -> Box<Node> {
    Box::new(Node::Leaf { path, value, hash: leaf_hash(&path, &value) })
}

/// Makes these changes, which are sorted by path and agree in the first `depth` bits. Nodes that stay are changed where they are.
fn update(tree: &mut Tree, depth: usize, changes: &[Change]) {
    match (tree.as_deref_mut(), changes) {
        (_, []) => return,
        (None, &[Change { value: None, .. }]) => return,
        (None, &[Change { path, value: Some(value) }]) => {
            *tree = Some(leaf(path, value));
            return;
        }
        (Some(Node::Leaf { path: old, value: old_value, hash }), &[Change { path, value }]) if *old == path => {
            match value {
                Some(value) => (*old_value, *hash) = (value, leaf_hash(&path, &value)),
                None => *tree = None,
            }
            return;
        }
        (None, _) => *tree = Some(Box::new(Node::Inner { hash: EMPTY, children: [None, None] })),
        (Some(&mut Node::Leaf { path, .. }), _) => {
            let mut children = [None, None];
            children[bit(&path, depth)] = tree.take();
            *tree = Some(Box::new(Node::Inner { hash: EMPTY, children }));
        }
        (Some(Node::Inner { .. }), _) => {}
    }
    let Some(Node::Inner { hash: own, children }) = tree.as_deref_mut() else { unreachable!("made above") };
    let middle = changes.partition_point(|change| bit(&change.path, depth) == 0);
    let (zeros, ones) = changes.split_at(middle);
    let [left, right] = children;
    if changes.len() >= PARALLEL_FROM {
        rayon::join(|| update(left, depth + 1, zeros), || update(right, depth + 1, ones));
    } else {
        update(left, depth + 1, zeros);
        update(right, depth + 1, ones);
    }
    match (left.as_deref(), right.as_deref()) {
        // One location alone stands as high as it can.
        (None, None) | (Some(Node::Leaf { .. }), None) | (None, Some(Node::Leaf { .. })) => {
            *tree = left.take().or(right.take());
        }
        _ => *own = node_hash([hash(left), hash(right)]),
    }
}

impl StateTree {
    /// The tree without locations.
    pub fn new() -> Self {
        Self::default()
    }

    /// The state root.
    pub fn root(&self) -> Digest {
        *hash(&self.root)
    }

    /// Makes changes, each to another location, in any order. Of several to one location the first counts.
    pub fn update(&mut self, mut changes: Vec<Change>) {
        changes.sort_by_key(|change| change.path);
        changes.dedup_by_key(|change| change.path);
        update(&mut self.root, 0, &changes);
    }

    /// What proves that a location has its value, or that the state has no such location.
    pub fn prove(&self, path: &Digest) -> StateProof {
        let (mut at, mut siblings) = (&self.root, Vec::new());
        let end = loop {
            match at.as_deref() {
                None => break None,
                Some(Node::Leaf { path, value, .. }) => break Some((*path, *value)),
                Some(Node::Inner { children, .. }) => {
                    let bit = bit(path, siblings.len());
                    siblings.push(*hash(&children[1 - bit]));
                    at = &children[bit];
                }
            }
        };
        StateProof { siblings, other: end.filter(|(found, _)| found != path) }
    }
}

/// That a location has a value, or that the state has no such location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateProof {
    /// Hashes of the subtrees beside the way from the root to the location, the highest first.
    pub siblings: Vec<Digest>,
    /// Path and digest of the value of another location whose leaf stands where this one's would.
    pub other: Option<(Digest, Digest)>,
}

impl StateProof {
    /// Whether it proves that the location with this path has a value with this digest, or with none, that the state with this
    /// root has no such location.
    pub fn check(&self, path: &Digest, value: Option<&Digest>, root: &Digest) -> bool {
        let depth = self.siblings.len();
        if depth > 256 {
            return false;
        }
        let bottom = match (value, &self.other) {
            (Some(value), None) => leaf_hash(path, value),
            (None, None) => EMPTY,
            // Another leaf stands there only if its path leads there.
            (None, Some((other, value)))
                if other != path && (0..depth).all(|depth| bit(other, depth) == bit(path, depth)) =>
            {
                leaf_hash(other, value)
            }
            _ => return false,
        };
        let top = self.siblings.iter().enumerate().rev().fold(bottom, |hash, (depth, sibling)| {
            node_hash(if bit(path, depth) == 0 { [&hash, sibling] } else { [sibling, &hash] })
        });
        top == *root
    }
}
