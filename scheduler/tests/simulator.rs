//! Projections are those of the scheme: bounded by workers and critical path, near the bound where nothing is in the way, the same each time.

use scheduler::Options;
use scheduler::simulator::{Costs, Projection, simulate};
use scheduler::workload::{Script, Shape, random};

fn project(block: &Script, workers: usize, execution: u64, hints: bool) -> Projection {
    let options = Options { workers, hints, verify: true, ..Options::default() };
    let costs = Costs::uniform(block.transactions.len(), execution);
    simulate(block, &|account: &u64| block.initial(*account), || (), &options, &costs)
}

#[test]
fn independent_transactions_are_as_fast_as_there_are_workers() {
    let block = Shape::Independent.block(2000, 0, 1);
    for workers in [2, 4, 8, 16] {
        let projection = project(&block, workers, 20_000, false);
        assert_eq!(projection.critical_path, 20_000);
        assert_eq!(projection.bound(), workers as f64);
        assert!(projection.speed_up() > 0.95 * workers as f64, "{workers} workers: {}", projection.speed_up());
        assert_eq!(projection.statistics.executions, 2000);
    }
}

#[test]
fn a_chain_is_as_fast_as_one_worker_and_no_slower() {
    for shape in [Shape::HotPool, Shape::OneSender] {
        let block = shape.block(2000, 0, 1);
        for workers in [2, 8, 16] {
            let projection = project(&block, workers, 2000, false);
            assert_eq!(projection.critical_path, projection.serial);
            assert_eq!(projection.bound(), 1.0);
            assert!(projection.speed_up() > 0.93, "{shape:?}, {workers} workers: {}", projection.speed_up());
            assert!(projection.statistics.executions_per_transaction() < 1.15, "{:?}", projection.statistics);
        }
    }
}

#[test]
fn a_fee_account_is_in_nobodys_way() {
    let projection = project(&Shape::OneFee.block(2000, 0, 1), 8, 20_000, false);
    assert_eq!(projection.critical_path, 20_000);
    assert!(projection.speed_up() > 7.5, "{}", projection.speed_up());
    assert_eq!(projection.statistics.executions, 2000);
}

#[test]
fn hints_save_executions_among_few_accounts() {
    let block = Shape::Transfers { accounts: 100 }.block(2000, 0, 1);
    let (without, with) = (project(&block, 10, 20_000, false), project(&block, 10, 20_000, true));
    assert!(without.speed_up() > 3.0 && with.speed_up() > without.speed_up(), "{without:?} {with:?}");
    assert!(with.statistics.executions_per_transaction() < 1.05, "{with:?}");
    assert!(without.statistics.executions_per_transaction() < 1.7, "{without:?}");
}

#[test]
fn projections_stay_below_their_bounds_and_are_the_same_each_time() {
    for seed in 0..200 {
        let block = random(seed, 60);
        let workers = 1 + seed as usize % 12;
        let projection = project(&block, workers, 1000 + seed * 37, seed % 2 == 0);
        assert!(projection.speed_up() <= projection.bound() + 1e-9, "seed {seed}: {projection:?}");
        assert_eq!(projection.statistics.committed, block.transactions.len());
        assert_eq!(projection, project(&block, workers, 1000 + seed * 37, seed % 2 == 0));
    }
}
