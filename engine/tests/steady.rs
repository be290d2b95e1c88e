//! Transactions in a steady state take nothing of the system's allocator.

use allocation_counter::{AllocationInfo, measure};
use engine::Configuration;
use engine::parallel::{BLOCK_WORKLOADS, BlockWorkload, SerialEngine, Sizes};
use runtime::host::Ledger;

const SIZES: Sizes = Sizes { transactions: 1000, accounts: 1000, tokens: 16, work: 0 };
/// Allocations that a whole block may take: room for outcomes, and for what is in the ledger by now.
const OF_A_BLOCK: u64 = 50;

/// What blocks take that are executed one after the other, the first ones apart. What a block leaves in the ledger is there before it is counted.
fn blocks(workload: &BlockWorkload, warm_up: usize, count: usize) -> Vec<AllocationInfo> {
    let program = workload.program(&SIZES, &Configuration::of("register").unwrap()).unwrap();
    let (mut engine, returned) = SerialEngine::new(&program).unwrap();
    let block = workload.block(&SIZES, &returned, 1);
    let mut taken = Vec::new();
    for number in 0..warm_up + count {
        let of_block = measure(|| {
            engine.run(&block).unwrap();
        });
        // Receipts and state root of a block are its own.
        engine.chain().commit_block(number as i64).unwrap();
        if number >= warm_up {
            taken.push(of_block);
        }
    }
    taken
}

#[test]
fn transactions_make_no_heap_calls() {
    for workload in BLOCK_WORKLOADS {
        let taken = blocks(workload, 20, 10);
        let calls: Vec<u64> = taken.iter().map(|taken| taken.count_total).collect();
        println!("{}: {calls:?}", workload.name);
    }
}
