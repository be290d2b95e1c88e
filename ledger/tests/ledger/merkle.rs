//! Merkle trees over lists.

use hex_literal::hex;
use ledger::digest::{hex as text, sha256};
use ledger::merkle::{PARALLEL_FROM, Proof, leaf_hash, node_hash, prove, root, root_with};
use proptest::prelude::*;
use runtime::host::{Digest, Leaves};

fn leaves(all: &[&[u8]]) -> Leaves {
    let mut leaves = Leaves::new();
    all.iter().for_each(|leaf| leaves.push(leaf));
    leaves
}

/// The leaves and roots that implementations of Certificate Transparency are tested with.
#[test]
fn roots_are_those_of_certificate_transparency() {
    let all: [&[u8]; 8] = [
        b"",
        &hex!("00"),
        &hex!("10"),
        &hex!("2021"),
        &hex!("3031"),
        &hex!("40414243"),
        &hex!("5051525354555657"),
        &hex!("606162636465666768696a6b6c6d6e6f"),
    ];
    let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    for (count, expected) in roots.into_iter().enumerate() {
        assert_eq!(text(&root(&leaves(&all[..count]))), expected, "{count} leaves");
    }
}

#[test]
fn an_odd_leaf_is_promoted_and_not_joined_with_itself() {
    let three = root(&leaves(&[b"a", b"b", b"c"]));
    assert_ne!(three, root(&leaves(&[b"a", b"b", b"c", b"c"])));
    let left = node_hash(&leaf_hash(b"a"), &leaf_hash(b"b"));
    assert_eq!(three, node_hash(&left, &leaf_hash(b"c")));
}

#[test]
fn leaves_and_nodes_are_hashed_in_separate_domains() {
    let (a, b) = (leaf_hash(b"a"), leaf_hash(b"b"));
    let two = root(&leaves(&[b"a", b"b"]));
    for forged in [[&a[..], &b].concat(), [&[1][..], &a, &b].concat()] {
        assert_ne!(root(&leaves(&[&forged])), two);
    }
    assert_ne!(leaf_hash(b""), sha256(b""));
}

/// The definition of RFC 9162, section 2.1.1, as it stands there.
fn by_definition(leaves: &[Vec<u8>]) -> Digest {
    match leaves {
        [] => sha256(b""),
        [leaf] => leaf_hash(leaf),
        _ => {
            let split = leaves.len().next_power_of_two() / 2;
            node_hash(&by_definition(&leaves[..split]), &by_definition(&leaves[split..]))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn roots_and_proofs_are_as_defined(
        all in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..70),
        other in prop::collection::vec(any::<u8>(), 0..40),
        bit in 0..256_usize,
    ) {
        let slices: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
        let tree = leaves(&slices);
        let top = root(&tree);
        prop_assert_eq!(top, by_definition(&all));
        prop_assert_eq!(prove(&tree, all.len()), None);
        for (index, leaf) in all.iter().enumerate() {
            let proof = prove(&tree, index).unwrap();
            prop_assert!(proof.check(leaf, &top));
            prop_assert_eq!(proof.check(&other, &top), *leaf == other);
            let mut changed = top;
            changed[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!proof.check(leaf, &changed));
            // Every part of the proof is needed, and nothing may be added.
            for at in 0..proof.path.len() {
                let mut changed = proof.clone();
                changed.path[at][bit / 8] ^= 1 << (bit % 8);
                prop_assert!(!changed.check(leaf, &top));
                let mut shorter = proof.clone();
                shorter.path.remove(at);
                prop_assert!(!shorter.check(leaf, &top));
            }
            let mut longer = proof.clone();
            longer.path.push(top);
            prop_assert!(!longer.check(leaf, &top));
        }
    }
}

#[test]
fn proofs_for_leaves_that_are_not_there_do_not_hold() {
    let top = root(&leaves(&[b"a"]));
    for (index, size) in [(0, 0), (1, 1), (usize::MAX, 1), (0, usize::MAX)] {
        assert!(!Proof { index, size, path: Vec::new() }.check(b"a", &top), "{index} of {size}");
    }
}

#[test]
fn all_cores_come_to_the_same_root_as_one() {
    for count in [0, 1, PARALLEL_FROM - 1, PARALLEL_FROM, PARALLEL_FROM + 1, 3 * PARALLEL_FROM + 7, 20_011] {
        let mut tree = Leaves::new();
        for leaf in 0..count {
            tree.push(&leaf.to_le_bytes());
        }
        assert_eq!(root_with(&tree, true), root_with(&tree, false), "{count} leaves");
        if let Some(last) = count.checked_sub(1) {
            let proof = prove(&tree, last).expect("there is such a leaf");
            assert!(proof.check(&last.to_le_bytes(), &root(&tree)), "{count} leaves");
        }
    }
}
