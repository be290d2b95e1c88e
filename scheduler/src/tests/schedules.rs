//! The whole scheduler under random schedules.
//!
//! `SCHEDULER_SCHEDULES=100000 cargo test -p scheduler --release random_schedules` tries more; a failure names the seed, and
//! `SCHEDULER_SCHEDULE=` with it runs that one alone.

use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::{Config, FailurePersistence, MaxSteps, Runner};

use super::platforms::Shuttle;
use super::{compare, options, setting};
use crate::fault::{Faults, NoFaults};
use crate::workload::random;

/// How many schedules each block is run under.
pub(super) const SCHEDULES_OF_A_BLOCK: usize = 10;

/// Runs one random block under some random schedules. The seed determines all of it.
pub(super) fn try_schedules(seed: u64, faults: impl Faults) {
    let mut config = Config::new();
    config.failure_persistence = FailurePersistence::None;
    // More is a run that does not end.
    config.max_steps = MaxSteps::FailAfter(200_000);
    config.silence_warnings = true;
    let block = random(seed, 7);
    if block.transactions.len() < 2 {
        return;
    }
    let options = options(seed);
    let test = move || {
        compare::<Shuttle, _>(&block, &options, faults);
    };
    // Few changes of thread at well-chosen places find other mistakes than many everywhere.
    if seed.is_multiple_of(2) {
        Runner::new(RandomScheduler::new_from_seed(seed, SCHEDULES_OF_A_BLOCK), config).run(test);
    } else {
        Runner::new(PctScheduler::new_from_seed(seed, 4, SCHEDULES_OF_A_BLOCK), config).run(test);
    }
}

#[test]
fn random_schedules_come_out_as_in_serial_order() {
    let only = std::env::var("SCHEDULER_SCHEDULE").ok().map(|seed| seed.parse().expect("a seed"));
    if let Some(seed) = only {
        return try_schedules(seed, NoFaults);
    }
    for seed in 0..setting("SCHEDULER_SCHEDULES", 3000).div_ceil(SCHEDULES_OF_A_BLOCK) as u64 {
        let outcome = std::panic::catch_unwind(|| try_schedules(seed, NoFaults));
        assert!(outcome.is_ok(), "SCHEDULER_SCHEDULE={seed} shows it again");
    }
}
