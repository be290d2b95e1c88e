//! Tests of the whole scheduler under other schedules than those that a machine happens to choose.

mod closing;
mod faults;
mod loom;
mod platforms;
mod schedules;

use std::collections::BTreeMap;

use crate::fault::Faults;
use crate::options::{Options, Statistics};
use crate::scheduler::{Outcome, Shared};
use crate::sync::Primitives;
use crate::workload::{Result, Script, model};
use platforms::Threads;

/// How a random block is run: everything that changes the way through the scheduler, as small as blocks are here.
fn options(seed: u64) -> Options {
    Options {
        workers: 2 + (seed % 3) as usize,
        oversubscribe: true,
        hints: (seed / 11).is_multiple_of(2),
        patience: [1, 2, 4, 8][(seed / 3 % 4) as usize],
        most_executions: if seed.is_multiple_of(5) { 2 } else { 32 },
        least_parallelism: [0.0, 1.3, 2.5][(seed / 2 % 3) as usize],
        window: 1 + (seed / 7 % 4) as usize,
        portion: 1 + (seed / 13 % 3) as usize,
        leaves_chains: false,
        verify: false,
    }
}

/// Runs a block twice, so that the second run finds what the first left, and compares both with the model.
fn compare<S: Threads, F: Faults>(block: &Script, options: &Options, faults: F) -> Statistics {
    let expected = model(block);
    let mut shared = Shared::<Script, S, F>::new(options.clone(), faults);
    let mut statistics = Statistics::default();
    for _ in 0..2 {
        let (result, outcome) = run(&mut shared, block);
        assert_eq!(result, expected, "the outcome is that of the serial order");
        if options.most_executions > options.patience + 1 {
            assert_eq!(outcome.doubt, None, "nothing is in doubt");
        }
        statistics.add(&outcome.statistics);
    }
    statistics
}

fn run<S: Threads, F: Faults>(shared: &mut Shared<Script, S, F>, block: &Script) -> (Result, Outcome<u64>) {
    let mut result = Result::default();
    let mut contexts = vec![(); shared.workers()];
    let initial = |account: &u64| block.initial(*account);
    let mut on_commit = |index: usize, output: &u64, writes: crate::Writes<'_, u64, u64>| {
        assert_eq!(index, result.outputs.len(), "commits are in order");
        result.outputs.push(*output);
        let writes = writes.iter().map(|(account, value)| (*account, value.copied()));
        result.state.extend(writes.collect::<BTreeMap<_, _>>());
    };
    let outcome = shared.run(block, &initial, &mut contexts, &mut on_commit, |block, contexts, scratches| {
        S::run(contexts.iter_mut().zip(scratches).map(|(context, scratch)| || block.work(context, scratch)));
    });
    assert_eq!(result.outputs, outcome.outputs, "outputs are those that were committed");
    (result, outcome)
}

/// A number from the environment.
fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

/// Primitives are one platform's: what the tests run on must be able to begin threads.
const _: fn() = || {
    fn is_platform<S: Primitives>() {}
    is_platform::<crate::sync::Std>();
    is_platform::<platforms::Shuttle>();
    is_platform::<platforms::Loom>();
};
