//! Transactions in a steady state take nothing of the system's allocator, and leave nothing behind but what they put in the ledger.
//!
//! `STEADY_BLOCKS=1000` makes it a million transactions of each workload.

use allocation_counter::measure;
use engine::Configuration;
use engine::parallel::{BLOCK_WORKLOADS, SerialEngine, Sizes};
use runtime::host::Ledger;

const SIZES: Sizes = Sizes { transactions: 1000, accounts: 1000, tokens: 16, work: 0 };
/// Blocks after which all accounts are there, and buffers are as large as they will be.
const WARM_UP: usize = 20;
/// Allocations that a whole block may take: room for its outcomes, and parts of the heap that the collector had given back.
const OF_A_BLOCK: u64 = 50;

#[test]
fn transactions_make_no_heap_calls_and_leave_nothing_behind() {
    let blocks = std::env::var("STEADY_BLOCKS").ok().and_then(|text| text.parse().ok()).unwrap_or(20);
    for workload in BLOCK_WORKLOADS {
        let program = workload.program(&SIZES, &Configuration::of("register").unwrap()).unwrap();
        let (mut engine, returned) = SerialEngine::new(&program).unwrap();
        let block = workload.block(&SIZES, &returned, 1);
        let (mut calls, mut events) = (0, 0);
        let (mut before, mut last) = (i64::MIN, 0);
        for number in 0..WARM_UP + blocks {
            // What the block came to is dropped while it is counted.
            let taken = measure(|| drop(engine.run(&block).unwrap()));
            if number >= WARM_UP {
                calls += taken.count_total;
                events += engine.chain().events().len();
                last = taken.bytes_current;
                if number < WARM_UP + blocks / 2 {
                    before = before.max(last);
                }
            }
            engine.chain().commit_block(number as i64).unwrap();
        }
        println!("{}: {} transactions, {calls} calls, {events} events, {last} bytes", workload.name, blocks * 1000);
        // An event is kept: where its arguments lie is the only thing that is allocated.
        let most = blocks as u64 * OF_A_BLOCK + events as u64;
        assert!(calls <= most, "{}: {calls} calls in {blocks} blocks with {events} events", workload.name);
        // What a block leaves for the ledger to be made a block of is as much each time: nothing else is left.
        assert!(
            last <= before,
            "{}: at most {before} bytes of one of the first blocks, {last} of the last",
            workload.name
        );
    }
}
