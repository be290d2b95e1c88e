//! Blocks on several workers come to what they come to one transaction after the other.
//!
//! The budget is small, for every day. `PARALLEL_BLOCKS` makes it larger, and `harness parallel --verify` runs as many as one likes.

use std::collections::BTreeSet;

use engine::Configuration;
use engine::parallel::check::{WORKERS, check};
use engine::parallel::{BLOCK_WORKLOADS, Costs, Options, ParallelEngine, Sizes};
use runtime::host::Status;
use scheduler::Statistics;

fn budget(usual: u64) -> u64 {
    std::env::var("PARALLEL_BLOCKS").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

#[test]
fn random_blocks_are_as_if_executed_in_order() {
    let configuration = Configuration::of("register").unwrap();
    let mut statistics = Statistics::default();
    let mut statuses = Status::ALL.map(|status| (status, 0));
    let mut errors = BTreeSet::new();
    let checked = check(&configuration, &WORKERS, 0..budget(150), |outcome, of_block| {
        statistics.add(&of_block);
        for outcome in outcome.outcomes {
            statuses.iter_mut().find(|(status, _)| *status == outcome.status).unwrap().1 += 1;
            errors.extend(outcome.error.map(|error| error.chars().take(16).collect::<String>()));
        }
    });
    checked.unwrap_or_else(|difference| panic!("{difference}"));
    // It is no use if nothing happens.
    assert!(statuses.iter().all(|&(_, count)| count > 20), "{statuses:?}");
    assert!(errors.len() > 15, "{errors:?}");
    assert!(statistics.aborts + statistics.stops > 100, "{statistics:?}");
    assert!(statistics.serial > 0 && statistics.fallbacks > 10, "{statistics:?}");
}

#[test]
fn all_machines_come_to_the_same() {
    let outcomes = |configuration: &Configuration| {
        let mut outcomes = Vec::new();
        let blocks = 0..budget(150) / 10;
        check(configuration, &[1, 4], blocks, |outcome, _| outcomes.push((outcome.outcomes, outcome.values)))
            .unwrap_or_else(|difference| panic!("{difference}"));
        outcomes
    };
    let expected = outcomes(&Configuration::of("register").unwrap());
    let native = Configuration::of("jit").unwrap();
    let eager = Configuration { jit_threshold: 2, jit_second_threshold: 5, ..native.clone() };
    for configuration in [Configuration::of("stack").unwrap(), native, eager] {
        assert_eq!(outcomes(&configuration), expected, "{configuration}");
    }
}

#[test]
fn projections_of_all_workloads_keep_to_their_bounds() {
    let configuration = Configuration::of("register").unwrap();
    let sizes = Sizes { transactions: 200, accounts: 50, tokens: 4, work: 0 };
    for workload in BLOCK_WORKLOADS {
        let program = workload.program(&sizes, &configuration).unwrap();
        let (mut engine, returned) =
            ParallelEngine::new(&program, Options { workers: 1, ..Options::default() }).unwrap();
        let block = workload.block(&sizes, &returned, 1);
        for workers in [1, 2, 8, 64] {
            let projection = engine.simulate(&block, workers, &Costs::uniform(block.len(), 2000));
            assert!(projection.speed_up() <= projection.bound() + 1e-9, "{}: {projection:?}", workload.name);
            assert_eq!(projection.statistics.committed, block.len(), "{}", workload.name);
            // Fees are only added to, so they make no chain.
            let is_chain = matches!(workload.name, "hot-pool" | "one-sender");
            assert_eq!(projection.bound() < 1.01, is_chain || workers == 1, "{}: {projection:?}", workload.name);
        }
    }
}
