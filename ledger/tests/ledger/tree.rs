//! The tree over the state.

use std::collections::BTreeMap;

use ledger::digest::sha256;
use ledger::tree::{Change, StateTree};
use proptest::prelude::*;
use runtime::host::Digest;

/// The definition as it stands in the documentation.
fn by_definition(leaves: &[(Digest, Digest)], depth: usize) -> Digest {
    match leaves {
        [] => [0; 32],
        [(path, value)] => sha256(&[&[2][..], path, value].concat()),
        _ => {
            let bit = |path: &Digest| path[depth / 8] >> (7 - depth % 8) & 1;
            let side = |wanted| -> Vec<(Digest, Digest)> {
                leaves.iter().copied().filter(|(path, _)| bit(path) == wanted).collect()
            };
            let [left, right] = [side(0), side(1)].map(|side| by_definition(&side, depth + 1));
            sha256(&[&[3][..], &left, &right].concat())
        }
    }
}

fn expected(model: &BTreeMap<Digest, Digest>) -> Digest {
    let leaves: Vec<(Digest, Digest)> = model.iter().map(|(&path, &value)| (path, value)).collect();
    by_definition(&leaves, 0)
}

/// Paths that share many bits, so that trees are deep.
fn path() -> impl Strategy<Value = Digest> {
    (0..4_u8, 0..8_usize, any::<u8>()).prop_map(|(first, at, bits)| {
        let mut path = [0; 32];
        path[0] = first << 6;
        path[at * 4 + 3] |= bits;
        path
    })
}

fn batch() -> impl Strategy<Value = Vec<(Digest, Option<u8>)>> {
    prop::collection::vec((path(), prop::option::weighted(0.6, any::<u8>())), 0..20)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn the_root_is_as_defined_whatever_the_changes(batches in prop::collection::vec(batch(), 1..8), absent in path()) {
        let mut tree = StateTree::new();
        let mut model = BTreeMap::new();
        for batch in batches {
            let changes: BTreeMap<Digest, Option<Digest>> =
                batch.into_iter().map(|(path, value)| (path, value.map(|value| [value; 32]))).collect();
            for (&path, &value) in &changes {
                match value {
                    Some(value) => model.insert(path, value),
                    None => model.remove(&path),
                };
            }
            tree.update(changes.into_iter().map(|(path, value)| Change { path, value }).collect());
            prop_assert_eq!(tree.root(), expected(&model));
        }
        let root = tree.root();
        for path in model.keys().chain([&absent]) {
            let value = model.get(path);
            let proof = tree.prove(path);
            prop_assert!(proof.check(path, value, &root));
            prop_assert!(!proof.check(path, Some(&[0xee; 32]), &root) || value == Some(&[0xee; 32]));
            prop_assert!(value.is_none() || !proof.check(path, None, &root));
            for at in (0..proof.siblings.len()).step_by(7) {
                let mut changed = proof.clone();
                changed.siblings[at][31] ^= 1;
                prop_assert!(!changed.check(path, value, &root));
            }
            // Whoever has a proof that one location is absent cannot show with it that another one is.
            for other in model.keys() {
                prop_assert!(!proof.check(other, None, &root));
            }
        }
    }
}

#[test]
fn many_changes_at_once_are_as_many_one_by_one() {
    let changes: Vec<Change> = (0..5000_u32)
        .map(|number| Change { path: sha256(&number.to_le_bytes()), value: Some([number as u8; 32]) })
        .collect();
    let (mut at_once, mut one_by_one) = (StateTree::new(), StateTree::new());
    at_once.update(changes.clone());
    changes.iter().rev().for_each(|&change| one_by_one.update(vec![change]));
    assert_eq!(at_once.root(), one_by_one.root());
    let removed: Vec<Change> = changes.iter().map(|change| Change { value: None, ..*change }).collect();
    one_by_one.update(removed);
    assert_eq!(one_by_one.root(), StateTree::new().root());
}
