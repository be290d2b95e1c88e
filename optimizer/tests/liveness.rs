//! Liveness against a fixpoint that is computed the slow and plain way.

use std::collections::BTreeSet;

use optimizer::BitMatrix;
use optimizer::liveness::{Liveness, LivenessInput, liveness};

/// A program for this purpose: what blocks read before they write it, what they write, where they go.
#[derive(Clone, Debug, Default)]
struct Program {
    variables: u32,
    uses: Vec<BTreeSet<u32>>,
    definitions: Vec<BTreeSet<u32>>,
    successors: Vec<[Option<u32>; 2]>,
    handlers: Vec<Option<u32>>,
}

impl Program {
    fn solve(&self) -> Liveness {
        let blocks = self.uses.len();
        let matrix = |sets: &[BTreeSet<u32>]| {
            let mut matrix = BitMatrix::new(blocks, self.variables as usize);
            for (block, set) in sets.iter().enumerate() {
                set.iter().for_each(|&variable| matrix.insert(block, variable));
            }
            matrix
        };
        let (uses, definitions) = (matrix(&self.uses), matrix(&self.definitions));
        liveness(&LivenessInput {
            uses: &uses,
            definitions: &definitions,
            successors: &|block| self.successors[block],
            handler: &|block| self.handlers[block],
            blocks,
            variables: self.variables as usize,
        })
    }

    /// Goes over all blocks until nothing changes.
    fn solve_plainly(&self) -> (Vec<BTreeSet<u32>>, Vec<BTreeSet<u32>>) {
        let blocks = self.uses.len();
        let (mut entering, mut leaving) = (vec![BTreeSet::new(); blocks], vec![BTreeSet::new(); blocks]);
        loop {
            let before = (entering.clone(), leaving.clone());
            for block in 0..blocks {
                let handler: BTreeSet<u32> =
                    self.handlers[block].map(|handler| entering[handler as usize].clone()).unwrap_or_default();
                let mut out = handler.clone();
                for successor in self.successors[block].into_iter().flatten() {
                    out.extend(&entering[successor as usize]);
                }
                let mut into: BTreeSet<u32> = out.difference(&self.definitions[block]).copied().collect();
                into.extend(&self.uses[block]);
                into.extend(&handler);
                leaving[block] = out;
                entering[block] = into;
            }
            if before == (entering.clone(), leaving.clone()) {
                return (entering, leaving);
            }
        }
    }

    #[track_caller]
    fn check(&self) {
        let solved = self.solve();
        let (entering, leaving) = self.solve_plainly();
        for block in 0..self.uses.len() {
            assert!(solved.entering.iter(block).eq(entering[block].iter().copied()), "entering {block} of {self:?}");
            assert!(solved.leaving.iter(block).eq(leaving[block].iter().copied()), "leaving {block} of {self:?}");
        }
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed >> 32) * u64::from(bound) >> 32) as u32
    }
}

fn random(seed: u64) -> Program {
    let mut random = Random(seed);
    let blocks = 1 + random.below(20);
    let variables = [1, 5, 64, 65, 150][random.below(5) as usize];
    let mut program = Program { variables, ..Program::default() };
    for _ in 0..blocks {
        let mut some = |most| (0..random.below(most)).map(|_| random.below(variables)).collect::<BTreeSet<u32>>();
        let (uses, definitions) = (some(6), some(6));
        program.uses.push(uses);
        program.definitions.push(definitions);
        let mut maybe = |percent| (random.below(100) < percent).then(|| random.below(blocks));
        program.successors.push([maybe(90), maybe(50)]);
        program.handlers.push(maybe(15));
    }
    program
}

#[test]
fn random_graphs() {
    for seed in 0..3000 {
        random(seed).check();
    }
}

fn set(variables: &[u32]) -> BTreeSet<u32> {
    variables.iter().copied().collect()
}

#[test]
fn a_variable_lives_from_its_definition_to_its_use() {
    // 0 defines a; 1 loops, reading b; 2 reads a.
    let program = Program {
        variables: 2,
        uses: vec![set(&[]), set(&[1]), set(&[0])],
        definitions: vec![set(&[0]), set(&[]), set(&[])],
        successors: vec![[Some(1), None], [Some(1), Some(2)], [None, None]],
        handlers: vec![None; 3],
    };
    program.check();
    let live = program.solve();
    assert_eq!(live.entering.iter(0).collect::<Vec<_>>(), [1]);
    assert_eq!(live.entering.iter(1).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(live.leaving.iter(1).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(live.entering.iter(2).collect::<Vec<_>>(), [0]);
    assert_eq!(live.leaving.iter(2).count(), 0);
}

#[test]
fn a_handler_needs_what_the_variable_was_before_the_block_wrote_it() {
    // 0 defines a, 1 defines it anew and may fail on the way to 3, which reads it.
    let program = Program {
        variables: 1,
        uses: vec![set(&[]), set(&[]), set(&[]), set(&[0])],
        definitions: vec![set(&[0]), set(&[0]), set(&[]), set(&[])],
        successors: vec![[Some(1), None], [Some(2), None], [None, None], [None, None]],
        handlers: vec![None, Some(3), None, None],
    };
    program.check();
    let live = program.solve();
    assert!(live.entering.contains(1, 0), "despite the definition");
    assert!(live.leaving.contains(1, 0), "though no successor reads it");
    assert!(!live.entering.contains(2, 0));
}

#[test]
fn no_variables_and_no_blocks() {
    Program::default().check();
    let program = Program {
        variables: 0,
        uses: vec![set(&[])],
        definitions: vec![set(&[])],
        successors: vec![[Some(0), None]],
        handlers: vec![Some(0)],
    };
    program.check();
}
