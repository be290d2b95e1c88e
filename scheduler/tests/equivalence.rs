//! Whatever the number of workers, a block comes out as its transactions do one after the other.
//!
//! `SCHEDULER_BLOCKS=1000000 cargo test -p scheduler --release --test equivalence` tries more random blocks; `SCHEDULER_SEED` is the first one's seed.

use std::collections::BTreeMap;

use scheduler::workload::{Result, Script, model, random};
use scheduler::{Options, Scheduler};

fn scheduled(scheduler: &mut Scheduler<Script>, block: &Script) -> Result {
    let mut state = BTreeMap::new();
    let mut order = Vec::new();
    let mut contexts = vec![(); scheduler.workers()];
    let initial = |account: &u64| block.initial(*account);
    let outcome = scheduler.run(block, &initial, &mut contexts, |index, output, writes| {
        order.push((index, *output));
        state.extend(writes.iter().map(|(account, value)| (*account, value.copied())));
    });
    assert_eq!(order, outcome.outputs.iter().copied().enumerate().collect::<Vec<_>>(), "commits are in order");
    assert_eq!(outcome.doubt, None, "nothing was in doubt");
    assert_eq!(outcome.statistics.committed, block.transactions.len());
    Result { outputs: outcome.outputs, state }
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

#[test]
fn random_blocks_come_out_as_in_serial_order() {
    let first = setting("SCHEDULER_SEED", 0);
    let mut schedulers: Vec<_> = [1, 2, 3, 4, 8, 16]
        .map(|workers| Scheduler::new(Options { workers, oversubscribe: true, ..Options::default() }))
        .into();
    for seed in first..first + setting("SCHEDULER_BLOCKS", 300) {
        let block = random(seed, if seed % 8 == 0 { 200 } else { 24 });
        let expected = model(&block);
        for scheduler in &mut schedulers {
            let result = scheduled(scheduler, &block);
            assert_eq!(result, expected, "seed {seed}, {} workers", scheduler.workers());
        }
    }
}
