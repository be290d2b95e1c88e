//! What blocks of each shape would take on more workers than this machine has, by the simulator.
//!
//! `cargo run -p scheduler --release --example project -- [TRANSACTIONS] [NANOSECONDS]`, where a transaction takes so many nanoseconds.

use scheduler::Options;
use scheduler::simulator::{Costs, simulate};
use scheduler::workload::Shape;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut argument = |default| arguments.next().map_or(default, |text| text.parse().expect("a number"));
    let (count, execution) = (argument(2000), argument(20_000));
    println!("{count} transactions of {execution} ns");
    println!("shape            workers  bound  speed-up  executions  without hints: speed-up  executions");
    for (name, shape) in Shape::ALL {
        let block = shape.block(count as usize, 0, 1);
        for workers in [2, 4, 10, 16, 64] {
            let [with, without] = [true, false].map(|hints| {
                let options = Options { workers, hints, ..Options::default() };
                let costs = Costs::uniform(count as usize, execution);
                simulate(&block, &|account: &u64| block.initial(*account), || (), &options, &costs)
            });
            println!(
                "{name:16} {workers:>7} {:6.1} {:9.2} {:11.3} {:24.2} {:11.3}",
                with.bound(),
                with.speed_up(),
                with.statistics.executions_per_transaction(),
                without.speed_up(),
                without.statistics.executions_per_transaction(),
            );
        }
    }
}
