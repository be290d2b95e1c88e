//! In the steady state a transaction allocates nothing in the scheduler.

use std::alloc::System;

use scheduler::workload::Shape;
use scheduler::{Options, Scheduler};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[test]
fn a_block_allocates_as_much_as_a_block_whatever_its_length() {
    for workers in [1, 2] {
        for (name, shape) in Shape::ALL {
            let options = Options { workers, oversubscribe: true, verify: false, ..Options::default() };
            let mut scheduler = Scheduler::new(options);
            let block = shape.block(4000, 0, 1);
            let mut run = || {
                let region = Region::new(ALLOCATOR);
                let initial = |account: &u64| block.initial(*account);
                let outcome = scheduler.run(&block, &initial, &mut [(); 2], |_, _, _| ());
                let allocations = region.change().allocations;
                assert_eq!(outcome.outputs.len(), 4000);
                allocations
            };
            // Buffers grow to the size that they need; how soon depends on who executes what.
            let allocations: Vec<usize> = (0..12).map(|_| run()).collect();
            let least = *allocations.iter().min().unwrap();
            assert!(least < 100, "{name}, {workers} workers, by block: {allocations:?}");
        }
    }
}
